//! How the guest's instructions are executed: by KVM where it truly works, else in software. `/dev/kvm` may exist, open
//! and create a machine, and still never boot one (nested hosts), so a trial decides and the outcome is remembered.

use std::env;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::VmError;
use crate::apt;
use crate::sys::machine;

/// A way to execute the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accel {
    /// The processor's own virtualisation.
    Kvm,
    /// QEMU's software emulation: ten times slower, works everywhere.
    Tcg,
}

impl Accel {
    /// The name QEMU and `BOXPROOF_ACCEL` know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

impl fmt::Display for Accel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kvm => "KVM",
            Self::Tcg => "software emulation (TCG)",
        })
    }
}

/// What to use, and why; the reason is for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What to use.
    pub accel: Accel,
    /// Why.
    pub reason: String,
    /// Whether this is yet to be proved: should the guest stay silent, software emulation follows.
    pub trial: bool,
}

/// Forces the choice: `kvm` or `tcg`.
const ACCEL: &str = "BOXPROOF_ACCEL";
/// Hosts change: nested virtualisation may begin to work after an update of the machine below.
const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Chooses: what the caller or the environment demands, else what was learnt on this machine, else what KVM promises.
pub fn choose(forced: Option<Accel>, qemu: &Path) -> Result<Choice, VmError> {
    let settled = |accel, reason: String| Choice { accel, reason, trial: false };
    if let Some(accel) = forced {
        return Ok(settled(accel, "asked for".to_owned()));
    }
    match env::var(ACCEL).as_deref() {
        Ok("kvm") => return Ok(settled(Accel::Kvm, format!("{ACCEL}=kvm"))),
        Ok("tcg") => return Ok(settled(Accel::Tcg, format!("{ACCEL}=tcg"))),
        Ok("auto" | "") | Err(_) => {}
        Ok(other) => return Err(VmError::BadAccel { value: other.to_owned() }),
    }
    if let Err(reason) = probe() {
        return Ok(settled(Accel::Tcg, reason));
    }
    if let Some(known) = Memory::load().filter(|memory| memory.holds_for(qemu)) {
        return Ok(settled(known.accel, format!("{} (remembered)", known.reason)));
    }
    Ok(Choice { accel: Accel::Kvm, reason: "/dev/kvm is offered".to_owned(), trial: true })
}

/// Whether KVM offers itself; if not, the reason in words for the user.
fn probe() -> Result<(), String> {
    let kvm = OpenOptions::new().read(true).write(true).open("/dev/kvm").map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "this machine has no /dev/kvm".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "no permission to open /dev/kvm (`sudo usermod -aG kvm $USER`, then log in again)".to_owned()
        }
        _ => format!("open /dev/kvm: {error}"),
    })?;
    machine::kvm_create_vm(&kvm).map_err(|error| format!("create a machine by /dev/kvm: {error}"))
}

/// Keeps the outcome of a trial. Not being able to is no reason to fail: the next start tries again.
pub fn remember(accel: Accel, reason: &str, qemu: &Path) {
    let memory = Memory { accel, reason: reason.to_owned(), boot_id: boot_id(), qemu: identity(qemu), at: now() };
    if let (Ok(path), Ok(text)) = (Memory::path(), serde_json::to_vec(&memory)) {
        let _ = apt::write_atomically(&path, &text);
    }
}

/// The outcome of a trial, and for which boot of the host and which QEMU it holds.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    accel: Accel,
    reason: String,
    boot_id: String,
    qemu: String,
    at: u64,
}

impl Memory {
    fn path() -> Result<PathBuf, apt::AptError> {
        Ok(apt::cache_dir()?.join("accel.json"))
    }

    fn load() -> Option<Self> {
        serde_json::from_slice(&fs::read(Self::path().ok()?).ok()?).ok()
    }

    fn holds_for(&self, qemu: &Path) -> bool {
        let age = now().checked_sub(self.at);
        self.boot_id == boot_id()
            && self.qemu == identity(qemu)
            && age.is_some_and(|age| age < REMEMBERED_FOR.as_secs())
    }
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// A file by its size and date: another version of a program differs in one of them.
pub(super) fn identity(file: &Path) -> String {
    let described = fs::metadata(file).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
    let (size, modified) = described.unwrap_or((0, UNIX_EPOCH));
    let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{} {size} {}", file.display(), modified.as_secs())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_holds_for_this_boot_this_qemu_and_a_week() {
        let qemu = Path::new("/proc/self/exe");
        let fresh =
            || Memory { accel: Accel::Tcg, reason: String::new(), boot_id: boot_id(), qemu: identity(qemu), at: now() };
        assert!(fresh().holds_for(qemu));
        assert!(!Memory { boot_id: "another".into(), ..fresh() }.holds_for(qemu));
        assert!(!fresh().holds_for(Path::new("/dev/null")));
        assert!(!Memory { at: now() - REMEMBERED_FOR.as_secs() - 1, ..fresh() }.holds_for(qemu));
        assert!(!Memory { at: now() + 60, ..fresh() }.holds_for(qemu), "a clock that was set back");
    }

    #[test]
    fn what_the_caller_demands_needs_no_trial() {
        let choice = choose(Some(Accel::Tcg), Path::new("/nonexistent")).expect("choice");
        assert_eq!((choice.accel, choice.trial), (Accel::Tcg, false));
    }
}
