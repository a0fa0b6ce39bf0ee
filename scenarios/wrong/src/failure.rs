//! What went wrong: the operation and its object, the errno, and the status to leave with.

use std::fmt;
use std::io;

use nix::errno::Errno;

/// The runtime's own failure, as `docker run` and `env` report theirs.
pub const OWN_FAILURE: u8 = 125;
/// The command exists and cannot be executed.
pub const NOT_EXECUTABLE: u8 = 126;
/// There is no such command.
pub const NOT_FOUND: u8 = 127;
/// The command line makes no sense.
pub const USAGE: u8 = 2;

/// A failure that ends the run.
pub struct Failure {
    /// The exit status.
    pub status: u8,
    /// One line, without the program's name.
    pub message: String,
}

impl Failure {
    /// A failure of the runtime itself.
    pub fn own(message: impl Into<String>) -> Self {
        Self { status: OWN_FAILURE, message: message.into() }
    }

    /// The form in which the container's side hands its failure to the host's side: the status, then the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&[self.status], self.message.as_bytes()].concat()
    }

    /// Reads what [`Failure::to_bytes`] wrote. Nothing was written when the command was executed.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&status, message) = bytes.split_first()?;
        Some(Self { status, message: String::from_utf8_lossy(message).into_owned() })
    }
}

/// Names the operation and the object of a call that failed: `.doing("mount proc on /proc")?`.
pub trait Doing<T> {
    /// Turns the error into `WHAT: ERRNO: DESCRIPTION`.
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T> Doing<T> for nix::Result<T> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|errno| Failure::own(format!("{what}: {errno}")))
    }
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| match error.raw_os_error() {
            Some(number) => Failure::own(format!("{what}: {}", Errno::from_raw(number))),
            None => Failure::own(format!("{what}: {error}")),
        })
    }
}
