//! How a command ends: the four exit statuses, and the one line that goes with the bad ones.

use std::fmt::Display;
use std::process::ExitCode;

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 0: everything examined passed.
    Passed,
    /// 1: something failed.
    Failed,
    /// 3: not everything could be examined here.
    Unexamined,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(match outcome {
            Outcome::Passed => 0,
            Outcome::Failed => 1,
            Outcome::Unexamined => 3,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// 2: what was asked for cannot be done.
    Usage(String),
    /// 3: this machine cannot do it.
    Environment(String),
}

impl Trouble {
    /// What was asked for cannot be done.
    pub fn usage(why: impl Display) -> Trouble {
        Trouble::Usage(why.to_string())
    }

    /// This machine cannot do it.
    pub fn environment(why: impl Display) -> Trouble {
        Trouble::Environment(why.to_string())
    }

    /// In words.
    pub fn why(&self) -> &str {
        match self {
            Trouble::Usage(why) | Trouble::Environment(why) => why,
        }
    }

    /// Says so on stderr.
    pub fn tell(self) -> ExitCode {
        let (why, status) = match self {
            Trouble::Usage(why) => (why, 2),
            Trouble::Environment(why) => (why, 3),
        };
        anstream::eprintln!("boxproof: {}", crate::words::harmless(&why));
        ExitCode::from(status)
    }
}
