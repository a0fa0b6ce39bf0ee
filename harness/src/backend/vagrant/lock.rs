//! One boxproof at a time in one machine: another would switch it off in the middle of this one's exam.

use super::{Progress, VagrantError};
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::process::Stdio;

/// Held on the directory of the Vagrantfile until it is dropped here and by everybody who got a share.
pub(super) struct Lock(File);

impl Lock {
    /// Waits until nobody else has it, and says so first.
    pub(super) fn of(directory: &Path, say: &dyn Fn(Progress)) -> Result<Lock, VagrantError> {
        let failed = |error: io::Error| VagrantError::Refused {
            command: format!("lock {}", directory.display()),
            detail: error.to_string(),
        };
        let file = File::open(directory).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => say(Progress::AwaitingMachine),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.lock().map_err(failed)?;
        Ok(Lock(file))
    }

    /// A share of it for another process, as one of its streams: flock(2) belongs to the open file, not to who opened it.
    pub(super) fn shared(&self) -> io::Result<Stdio> {
        Ok(Stdio::from(self.0.try_clone()?))
    }
}
