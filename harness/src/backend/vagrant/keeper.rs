//! Whoever brings a machine up takes it down again, even if he is killed: a process of its own waits for his end.

use super::VagrantError;
use super::lock::Lock;
use super::machine::{Machine, State};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

/// Waits for the end of its input, which is that of this process at the latest; a word in it says that there is nothing to put
/// back. A `vagrant up` whose boxproof was killed goes on, and until it has come to its end Vagrant refuses: for that this
/// waits, for up to an hour. Any other refusal it takes three times. Its output is our lock on the machine, which it holds
/// until it is done.
const SCRIPT: &str = r#"
[ -z "$(cat)" ] || exit 0
said=$(mktemp) || exit
trap 'rm -f "$said"' EXIT
tries=0 end=$(($(date +%s) + 3600))
until vagrant "$1" > "$said" 2>&1; do
    if grep -q "$3" "$said"; then
        sleep 3
        [ "$(date +%s)" -lt $end ]
    else
        sleep 1
        tries=$((tries + 1))
        [ $tries -lt 3 ]
    fi || {
        { echo "$2"; tail -n 12 "$said"; } >&2
        exit 1
    }
done
"#;

/// Dropping it puts the machine back into the state in which it was found, and waits until it is there.
pub(super) struct Keeper {
    child: Child,
}

impl Keeper {
    /// Watches over `machine`, which `was` something else than running. What it says where it cannot put the machine back
    /// is `regret`, with Vagrant's last lines.
    pub(super) fn watch(machine: &Machine, was: &State, lock: &Lock, regret: &str) -> Result<Keeper, VagrantError> {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", SCRIPT, "boxproof-keeper", was.restored_by(), regret, super::machine::BUSY]);
        command.current_dir(&machine.directory).env("VAGRANT_CWD", &machine.directory).env("LC_ALL", "C.UTF-8");
        let held = lock.shared().map_err(|error| VagrantError::not_started(&error))?;
        // Ctrl-C at the terminal is not for it. Whoever reads our complaints reads its own, too, even when we were killed.
        command.stdin(Stdio::piped()).stdout(held).stderr(Stdio::inherit()).process_group(0);
        let child = command.spawn().map_err(|error| VagrantError::not_started(&error))?;
        Ok(Keeper { child })
    }

    /// The machine is somebody else's, who was bringing it up at the same time.
    pub(super) fn stand_down(&mut self) {
        // One that is gone has nothing to put back either.
        let _ = self.child.stdin.as_mut().map(|input| input.write_all(b"nothing\n"));
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // What it could not do it has said itself.
        let _ = self.child.wait();
    }
}
