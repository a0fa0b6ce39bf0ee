//! What can go wrong with a guest, and how it is told.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::apt::AptError;

/// Why there is no guest, or no more. None of these is the fault of the program under test until somebody proves it.
#[derive(Debug)]
pub enum VmError {
    /// QEMU is not installed.
    NoQemu {
        /// The program that was looked for.
        program: &'static str,
        /// Debian's package that has it.
        package: &'static str,
    },
    /// A package could not be had.
    Apt(AptError),
    /// No usable kernel.
    NoKernel {
        /// What is wrong.
        detail: String,
    },
    /// The kernel lacks a module that the guest needs.
    NoModule {
        /// Its name.
        name: String,
    },
    /// `BOXPROOF_ACCEL` is neither `kvm` nor `tcg`.
    BadAccel {
        /// What it is.
        value: String,
    },
    /// The user land cannot be put together.
    Userland {
        /// Why.
        detail: String,
    },
    /// A file operation failed.
    File {
        /// What was being done.
        operation: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// QEMU refused its arguments or could not run them.
    NotStarted {
        /// How it ended.
        status: Option<ExitStatus>,
        /// Its standard error.
        stderr: String,
    },
    /// The guest ended though it should not have.
    Ended {
        /// How.
        ending: Ending,
        /// Whether the agent had written its first line.
        booted: bool,
        /// The end of the guest's console.
        console: String,
    },
    /// The guest runs but says nothing: it hangs.
    Silent {
        /// How long it was waited for.
        waited: Duration,
        /// Whether the agent had written its first line.
        booted: bool,
        /// The end of the guest's console.
        console: String,
    },
    /// The agent could not set its clock or its random pool when it was told to.
    NotAwake {
        /// What it said instead.
        detail: String,
    },
    /// A snapshot cannot be saved or used. Nothing is lost by it but time.
    Snapshot {
        /// Which, and why.
        detail: String,
    },
    /// The agent's line is longer than anything it has to say.
    LineTooLong,
    /// The port failed on our side.
    Port(io::Error),
}

/// How a guest came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The kernel panicked; its own line.
    Panic(String),
    /// Reset, without a panic on the console.
    Reset,
    /// Switched off: the agent ended, or somebody in the guest did it.
    PowerOff,
    /// QEMU itself crashed or was killed.
    Qemu {
        /// How it ended.
        status: String,
        /// Its standard error.
        stderr: String,
    },
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(line) => write!(f, "the guest's kernel panicked: {line}"),
            Self::Reset => f.write_str("the guest was reset"),
            Self::PowerOff => f.write_str("the guest switched itself off"),
            Self::Qemu { status, stderr } => write!(f, "QEMU ended ({status}): {}", stderr.trim()),
        }
    }
}

impl fmt::Display for VmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoQemu { program, package } => {
                write!(f, "{program} is not installed: sudo apt-get install --no-install-recommends {package}")
            }
            Self::Apt(error) => error.fmt(f),
            Self::NoKernel { detail } => f.write_str(detail),
            Self::NoModule { name } => write!(
                f,
                "the kernel has no module {name}, which the guest needs: \
                 choose another by BOXPROOF_KERNEL_PACKAGE=PACKAGE or BOXPROOF_KERNEL=VMLINUZ"
            ),
            Self::BadAccel { value } => write!(f, "BOXPROOF_ACCEL={value}: must be kvm, tcg or auto"),
            Self::Userland { detail } => write!(f, "put the guest's user land together: {detail}"),
            Self::File { operation, path, source } => write!(f, "{operation} {}: {source}", path.display()),
            Self::NotStarted { status, stderr } => {
                let status = status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
                write!(f, "QEMU did not start ({status}): {}", stderr.trim())
            }
            Self::Ended { ending, booted, console } => {
                let when = if *booted { "before the exam's end" } else { "before the agent was ready" };
                write!(f, "{ending}, {when}\n{}", Quoted(console))
            }
            Self::Silent { waited, booted, console } => {
                let whom = if *booted { "the agent" } else { "the booting guest" };
                write!(f, "{whom} hangs: nothing heard for {:.0} s\n{}", waited.as_secs_f32(), Quoted(console))
            }
            Self::NotAwake { detail } => write!(f, "the agent does not wake up: {detail}"),
            Self::Snapshot { detail } => write!(f, "snapshot: {detail}"),
            Self::LineTooLong => write!(f, "the agent sent a line of more than {} MiB", super::lines::LONGEST >> 20),
            Self::Port(error) => write!(f, "the guest's port: {error}"),
        }
    }
}

/// The last lines of a console, marked as such: they are the guest's words, not ours.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LINES: usize = 60;
        let lines: Vec<_> = self.0.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            return f.write_str("  (nothing on the guest's console)");
        }
        f.write_str("the end of the guest's console:")?;
        lines[lines.len().saturating_sub(LINES)..].iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

impl std::error::Error for VmError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Port(source) => Some(source),
            _ => None,
        }
    }
}

impl From<AptError> for VmError {
    fn from(error: AptError) -> Self {
        Self::Apt(error)
    }
}

impl VmError {
    pub(super) fn file(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { operation, path: path.to_owned(), source }
    }

    /// Whether this came of running a guest, so that running it otherwise may help.
    pub(super) fn is_of_the_guest(&self) -> bool {
        matches!(self, Self::NotStarted { .. } | Self::Ended { .. } | Self::Silent { .. })
    }
}
