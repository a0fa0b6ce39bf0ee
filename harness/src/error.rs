//! Errors of ours: what was being done, to what, and what the kernel said.

use std::fmt;

/// An operation of the harness that failed: `mount proc on /proc: EPERM: Operation not permitted`.
#[derive(Debug)]
pub struct Error {
    what: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What functions of the harness return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that has no cause below it.
    pub fn new(what: impl Into<String>) -> Error {
        Error { what: what.into(), source: None }
    }

    /// The errno at the bottom, if there is one.
    pub fn errno(&self) -> Option<i32> {
        let mut source = self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static));
        while let Some(error) = source {
            if let Some(io) = error.downcast_ref::<std::io::Error>() {
                return io.raw_os_error();
            }
            if let Some(errno) = error.downcast_ref::<nix::errno::Errno>() {
                return Some(*errno as i32);
            }
            source = error.source();
        }
        None
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Names the operation of an error on its way up.
pub trait Context<T> {
    /// `what` names operation and object: `mkdir /sys/fs/cgroup/workshop`.
    fn context(self, what: impl Into<String>) -> Result<T>;
}

impl<T, E: std::error::Error + Send + Sync + 'static> Context<T> for Result<T, E> {
    fn context(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error { what: what.into(), source: Some(Box::new(source)) })
    }
}

impl From<crate::netlink::Error> for Error {
    fn from(error: crate::netlink::Error) -> Error {
        // A netlink error names its operation and object itself.
        Error { what: "netlink".into(), source: Some(Box::new(error)) }
    }
}
