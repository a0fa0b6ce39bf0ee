//! What a runtime does by design, and says so in `boxproof.toml`: policy, about which right runtimes disagree.
//!
//! ```toml
//! [policy]
//! init = true
//! ```
//!
//! A check that fails because of nothing else is then a skip. It earns no point, a flag shows every declaration to whoever
//! reads the report, and no check of tier core gives way to one.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that a runtime may do by design. What other runtimes would rightly be failed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// PID 1 of the container is an init of the runtime's own, which stays: `docker run --init`, bwrap.
    Init,
    /// The caller's open descriptors are the command's: bwrap.
    InheritsDescriptors,
    /// An ordinary user may run containers: bwrap, podman.
    Rootless,
    /// A container goes on when the runtime that started it is killed, and somebody else looks after it: runc, docker.
    OutlivesRuntime,
    /// A signal to the runtime is not passed on to the command: bwrap, unshare.
    KeepsSignals,
    /// A command that cannot be executed gives another status than a shell's 126 and 127: bwrap, runc.
    OwnStatuses,
    /// What sets the container up is done by programs of the image: the workshop's step 2 by hand.
    NeedsImagePrograms,
}

impl Policy {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Init,
        Self::InheritsDescriptors,
        Self::Rootless,
        Self::OutlivesRuntime,
        Self::KeepsSignals,
        Self::OwnStatuses,
        Self::NeedsImagePrograms,
    ];

    /// Its key in `[policy]`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::InheritsDescriptors => "inherits-descriptors",
            Self::Rootless => "rootless",
            Self::OutlivesRuntime => "outlives-runtime",
            Self::KeepsSignals => "keeps-signals",
            Self::OwnStatuses => "own-statuses",
            Self::NeedsImagePrograms => "needs-image-programs",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}
