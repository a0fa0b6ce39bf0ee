//! The forms in which evidence is compared: each prints as a systems person would write it.

use std::fmt;

/// The pids of one process, outermost PID namespace first: the `NSpid:` line of `/proc/PID/status`, proc_pid_status(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NsPid(pub Vec<i32>);

impl NsPid {
    /// The pid that the process itself sees.
    pub fn innermost(&self) -> i32 {
        *self.0.last().unwrap_or(&0)
    }

    /// How many PID namespaces, from the reader's to its own, know it.
    pub fn depth(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for NsPid {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(i32::to_string).collect();
        write!(f, "{}", numbers.join(" "))
    }
}

/// A file's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ino {
    /// `st_dev`.
    pub dev: u64,
    /// `st_ino`.
    pub ino: u64,
}

impl fmt::Display for Ino {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{} inode {}", libc::major(self.dev), libc::minor(self.dev), self.ino)
    }
}

/// What a `/proc/PID/root` or `/proc/PID/cwd` link leads to: the text and the identity behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPath {
    /// What readlink(2) gives.
    pub text: String,
    /// What stat(2) gives.
    pub ino: Ino,
}

impl fmt::Display for IdPath {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.ino)
    }
}

/// One line of `/proc/PID/mountinfo`, proc_pid_mountinfo(5), as far as scenarios look at it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MountPoint {
    /// Unique until unmounted.
    pub id: i32,
    /// Where, as seen from the root of the process asked.
    pub at: String,
    /// `proc`, `tmpfs`, ...
    pub kind: String,
    /// What was mounted.
    pub source: String,
    /// The directory of the file system that forms this mount's root.
    pub root: String,
    /// Per-mount options: `ro`, `nosuid`, ...
    pub options: Vec<String>,
    /// `shared:N`, `master:N`, ...
    pub propagation: Vec<String>,
    /// `major:minor`.
    pub device: String,
}

impl fmt::Display for MountPoint {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} on {} type {} ({})", self.source, self.at, self.kind, self.options.join(","))
    }
}

impl MountPoint {
    /// Parses one line of mountinfo.
    pub fn parse(line: &str) -> Option<MountPoint> {
        let (left, right) = line.split_once(" - ")?;
        let left: Vec<&str> = left.split(' ').collect();
        let right: Vec<&str> = right.split(' ').collect();
        Some(MountPoint {
            id: left.first()?.parse().ok()?,
            device: (*left.get(2)?).to_owned(),
            root: unescape(left.get(3)?),
            at: unescape(left.get(4)?),
            options: left.get(5)?.split(',').map(str::to_owned).collect(),
            propagation: left[6..].iter().map(|&tag| tag.to_owned()).collect(),
            kind: (*right.first()?).to_owned(),
            source: unescape(right.get(1)?),
        })
    }
}

/// `\040` and its like, as the kernel writes blanks, tabs, newlines and backslashes in paths.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = (byte == b'\\').then(|| tail.get(..3)).flatten();
        match octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = &tail[3..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A set of signals as `/proc/PID/status` writes it (`SigIgn:`), bit n-1 for signal n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals(pub u64);

impl Signals {
    /// Whether signal `number` is in the set.
    pub fn holds(self, number: i32) -> bool {
        self.0 & (1 << (number - 1)) != 0
    }
}

impl fmt::Display for Signals {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A capability set as `/proc/PID/status` writes it (`CapEff:`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability(pub u64);

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mountinfo_line_with_blanks_and_tags() {
        let line = r"36 35 98:0 /mnt1 /mnt\040two rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue";
        let mount = MountPoint::parse(line).expect("the example of proc_pid_mountinfo(5)");
        assert_eq!((mount.id, mount.at.as_str(), mount.kind.as_str()), (36, "/mnt two", "ext3"));
        assert_eq!(mount.propagation, ["shared:1", "master:2"]);
        assert_eq!(mount.root, "/mnt1");
    }

    #[test]
    fn nspid_names_the_innermost_last() {
        let pids = NsPid(vec![4711, 12, 1]);
        assert_eq!((pids.innermost(), pids.depth(), pids.to_string()), (1, 3, "4711 12 1".into()));
    }
}
