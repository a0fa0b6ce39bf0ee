//! What an agent says while it examines, as JSON lines, and what it is told.
//!
//! The same lines come out of a local agent's pipe and a virtual machine's serial port: `hello`, then per scenario
//! `scenario` and, when it is over, its `check`s and `verdict`, and `end` with a count, so that a lost line shows.

use crate::result::{Check, Environment, Flag, Residue, Status};
use serde::{Deserialize, Serialize};

/// The protocol's version; an agent of another one is refused.
pub const PROTOCOL: u32 = 2;

/// One line from the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The agent is ready.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
        /// boxproof's version.
        version: String,
        /// `uname -r`.
        kernel: String,
    },
    /// The order was understood; this is where it will run.
    Ready {
        /// Kernel, controllers, slowness.
        environment: Environment,
        /// The scenarios to come, in order.
        scenarios: Vec<String>,
    },
    /// A scenario begins.
    Scenario {
        /// Its id.
        id: String,
    },
    /// A check was decided.
    Check(Box<Check>),
    /// A scenario is over.
    Verdict {
        /// Its id.
        id: String,
        /// Its status.
        status: Status,
        /// Milliseconds.
        duration_ms: u64,
        /// What it left behind in its testbed.
        residue: Vec<Residue>,
        /// What a person should look at.
        #[serde(default)]
        flags: Vec<Flag>,
    },
    /// The agent lives; sent each second.
    Beat,
    /// The agent could not do what it was told.
    Trouble {
        /// Stable id.
        id: String,
        /// In plain words.
        text: String,
    },
    /// A build has ended; `bytes` of archive follow the line.
    Built {
        /// How.
        fate: Fate,
        /// The end of what it printed.
        log: String,
        /// Milliseconds.
        duration_ms: u64,
        /// Length of the newc archive with the submission as it is now; 0 unless it was done.
        bytes: u64,
    },
    /// Everything was said.
    End {
        /// How many `check` lines there were.
        checks: usize,
    },
}

/// One order to the agent; `bytes` of archive follow it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Examine a runtime.
    Exam(Box<ExamOrder>),
    /// Build one.
    Build(BuildOrder),
}

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildOrder {
    /// The command, run where the submission lies.
    pub command: Vec<String>,
    /// What comes of it, relative to the submission.
    pub program: String,
    /// The longest that it may take.
    pub seconds: u64,
    /// The most bytes of memory that it may take, the files that it writes included.
    pub memory: u64,
    /// The most bytes that may come of it.
    pub largest: u64,
    /// Length of the archive with the submission.
    pub submission_bytes: u64,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It did what it was to do.
    Done,
    /// With a status that is not 0.
    Failed {
        /// Which.
        status: i32,
    },
    /// By a signal.
    Killed {
        /// Which.
        signal: i32,
    },
    /// It took all the memory that it may have.
    OutOfMemory,
    /// It took too long.
    TimedOut,
    /// There is no such program, or none that can be executed.
    NoProgram,
    /// More came of it than is looked at.
    TooLarge,
}

/// What to examine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExamOrder {
    /// What to examine and how.
    pub plan: crate::plan::Plan,
    /// Length of the newc archive with the rootfs that follows this line.
    pub rootfs_bytes: u64,
    /// Length of the archive with the submission that follows the rootfs.
    pub submission_bytes: u64,
    /// Length of the archive with files that the machine lacks (libraries of a dynamic program).
    pub extra_bytes: u64,
}
