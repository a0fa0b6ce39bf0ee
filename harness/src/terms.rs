//! What a course asks for in place of what the workshop does: its numbers, more patience, and a say in which programs may
//! be executed. The default is the workshop itself.

use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// The terms of one exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// The numbers that the workshop's commands hold.
    pub parameters: Parameters,
    /// Every deadline is so many times as long.
    pub patience: f64,
    /// After so many seconds the exam is broken off: what was not examined by then is an error. 0 for no bound.
    pub longest: u64,
    /// What may be executed.
    pub programs: Programs,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms { parameters: Parameters::default(), patience: 1.0, longest: 0, programs: Programs::default() }
    }
}

/// The numbers that the workshop's commands hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// `memory.max` of step 3, in bytes; whole MiB.
    pub memory_limit: u64,
    /// The host's end of step 4's cable.
    pub host_address: Ipv4Addr,
    /// The container's end.
    pub container_address: Ipv4Addr,
    /// The prefix length of both.
    pub prefix: u8,
    /// Where netcat listens in step 4.
    pub port: u16,
}

impl Default for Parameters {
    fn default() -> Parameters {
        Parameters {
            memory_limit: 50 << 20,
            host_address: Ipv4Addr::new(10, 0, 0, 1),
            container_address: Ipv4Addr::new(10, 0, 0, 2),
            prefix: 24,
            port: 8080,
        }
    }
}

/// Which programs the runtime under test may execute besides itself and its payload.
///
/// Names of files (`unshare`), or of one of [`KINDS`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Programs {
    /// Raise the flag `ran-a-forbidden-program`.
    pub forbid: Vec<String>,
    /// Raise no flag.
    pub allow: Vec<String>,
}

/// Container runtimes and sandboxes; tools that do one step of their work; programs that nobody has installed.
pub const KINDS: [&str; 3] = ["other-runtimes", "isolation-tools", "unknown-programs"];

/// What a course has said about a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It may be executed, and nobody need look at it.
    Allowed,
    /// It may not.
    Forbidden,
    /// Nothing was said.
    Unsaid,
}

impl Programs {
    /// What was said of a program that goes by any of these names and is of this kind. A name goes before a kind, and of
    /// two that are equally exact the stricter one.
    pub fn ruling(&self, names: &[&str], kind: Option<&str>) -> Ruling {
        let holds = |list: &[String], names: &[&str]| list.iter().any(|said| names.contains(&said.as_str()));
        let kind: Vec<&str> = kind.into_iter().collect();
        for names in [names, &kind] {
            if holds(&self.forbid, names) {
                return Ruling::Forbidden;
            }
            if holds(&self.allow, names) {
                return Ruling::Allowed;
            }
        }
        Ruling::Unsaid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_before_a_kind() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let rules = Programs { forbid: list(&["isolation-tools", "python3"]), allow: list(&["ip", "other-runtimes"]) };
        assert_eq!(rules.ruling(&["ip"], Some("isolation-tools")), Ruling::Allowed);
        assert_eq!(rules.ruling(&["unshare"], Some("isolation-tools")), Ruling::Forbidden);
        assert_eq!(rules.ruling(&["runc"], Some("other-runtimes")), Ruling::Allowed);
        assert_eq!(rules.ruling(&["script", "python3"], None), Ruling::Forbidden);
        assert_eq!(rules.ruling(&["x"], Some("unknown-programs")), Ruling::Unsaid);
        assert_eq!(Programs::default().ruling(&["runc"], Some("other-runtimes")), Ruling::Unsaid);
    }
}
