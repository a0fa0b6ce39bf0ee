//! One error for the whole program: what was being done, to which object, and what the kernel said.

use std::fmt;
use std::io::{self, Write};

use nix::errno::Errno;

/// The runtime itself failed: a wrong option, a missing rootfs, a refused system call.
pub const FAILED: u8 = 125;
/// The command exists in the container and cannot be executed.
pub const CANNOT_EXECUTE: u8 = 126;
/// The command does not exist in the container.
pub const NOT_FOUND: u8 = 127;

/// A failure, as the one line the user reads and the exit status the caller sees.
#[derive(Debug)]
pub struct Error {
    /// Exit status of the runtime, as a shell or Docker would choose it.
    pub status: u8,
    text: String,
}

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure that no system call reported.
    pub fn new(text: impl Into<String>) -> Self {
        Error { status: FAILED, text: text.into() }
    }

    /// The same failure with another exit status.
    pub fn with_status(self, status: u8) -> Self {
        Error { status, ..self }
    }

    /// Says it on stderr. That nobody may be reading there is no reason to panic.
    pub fn print(&self) {
        let _ = writeln!(io::stderr(), "mycontainer: {self}");
    }

    /// The same failure followed by what the user can do about it.
    pub fn hint(self, hint: &str) -> Self {
        Error { text: format!("{} ({hint})", self.text), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Names the operation that failed: `.doing("mount proc on /proc")` gives `mount proc on /proc: EPERM: Operation not
/// permitted`.
pub trait Context<T> {
    /// Uses a text that is known beforehand.
    fn doing(self, what: &str) -> Result<T>;

    /// Builds the text only when it is needed: nothing is allocated on the way that goes well.
    fn doing_with(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for std::result::Result<T, E> {
    fn doing(self, what: &str) -> Result<T> {
        self.doing_with(|| what.to_owned())
    }

    fn doing_with(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let error = error.into();
            let reason = match error.raw_os_error() {
                Some(number) => Errno::from_raw(number).to_string(),
                None => error.to_string(),
            };
            Error::new(format!("{}: {reason}", what()))
        })
    }
}
