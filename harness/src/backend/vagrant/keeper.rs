//! Whoever brings a machine up takes it down again, even if he is killed: a process of its own waits for his end.

use super::VagrantError;
use super::machine::{Machine, State};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

/// Waits for the end of its input, which is that of this process at the latest. While a `vagrant up` that was broken off
/// still holds the machine, Vagrant refuses; then it tries again.
const SCRIPT: &str = r#"
cat > /dev/null
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    vagrant "$1" > /dev/null 2>&1 && exit
    sleep 3
done
"#;

/// Dropping it puts the machine back into the state in which it was found, and waits until it is there.
pub(super) struct Keeper {
    child: Child,
}

impl Keeper {
    /// Watches over `machine`, which `was` something else than running.
    pub(super) fn watch(machine: &Machine, was: &State) -> Result<Keeper, VagrantError> {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", SCRIPT, "boxproof-keeper", was.restored_by()]);
        command.current_dir(&machine.directory).env("VAGRANT_CWD", &machine.directory);
        // Ctrl-C at the terminal is not for it.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn().map_err(|error| VagrantError::not_started(&error))?;
        Ok(Keeper { child })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
