//! Namespaces: which are made, which are joined, and who is who across the border of a user namespace.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, geteuid, setresgid, setresuid};

use crate::error::{Context, Result};
use crate::sys::Process;

/// The namespaces of one container.
#[derive(Debug, Default)]
pub struct Namespaces {
    /// Flags of clone3.
    pub new: i32,
    /// The cgroup namespace comes later than the others, see `init.rs`.
    pub cgroup: bool,
    /// Those that exist already, by their kind and a path to them.
    pub joined: Vec<(CloneFlags, PathBuf)>,
    pub users: Vec<Mapping>,
    pub groups: Vec<Mapping>,
}

/// `size` ids from `inside` on are those from `outside` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub inside: u32,
    pub outside: u32,
    pub size: u32,
}

impl Namespaces {
    /// Is there a user namespace, in which root is only called so?
    pub fn user(&self) -> bool {
        self.new & libc::CLONE_NEWUSER != 0
    }

    /// Does the container have a namespace of this kind, of its own or one that it joins? A path may well lead to the one in
    /// which it would be anyway.
    pub fn has(&self, kind: CloneFlags) -> bool {
        let elsewhere = |path: &PathBuf| match (fs::metadata(path), fs::metadata(own(kind))) {
            (Ok(there), Ok(here)) => (there.dev(), there.ino()) != (here.dev(), here.ino()),
            // Whoever joins it will say why not.
            _ => true,
        };
        self.new & kind.bits() != 0 || self.joined.iter().any(|(joined, path)| *joined == kind && elsewhere(path))
    }

    /// Joins what exists, and returns the way back. It is the parent who goes there, for a moment: a child that begins in
    /// a user namespace of its own may not enter what belongs to the machine.
    pub fn join(&self) -> Result<WayBack> {
        let mut way = WayBack(Vec::new());
        for (kind, path) in &self.joined {
            let doing = || format!("join the namespace {}", path.display());
            let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
            let there = open(path, flags, Mode::empty()).doing_with(doing)?;
            let here = open(own(*kind), flags, Mode::empty()).doing_with(doing)?;
            setns(&there, *kind).doing_with(doing)?;
            way.0.push((*kind, here));
        }
        Ok(way)
    }

    /// Tells the kernel who is who, from outside: a process cannot give itself more than its own id. Nobody may then
    /// change groups unless the caller is root, who could always do so.
    pub fn map(&self, process: &Process) -> Result<()> {
        let file = |name: &str| format!("/proc/{}/{name}", process.pid);
        let write = |name: &str, text: &str| fs::write(file(name), text).doing_with(|| format!("write {}", file(name)));
        if !geteuid().is_root() {
            write("setgroups", "deny")?;
        }
        write("gid_map", &table(&self.groups))?;
        write("uid_map", &table(&self.users))
    }
}

fn table(mappings: &[Mapping]) -> String {
    mappings.iter().map(|Mapping { inside, outside, size }| format!("{inside} {outside} {size}\n")).collect()
}

fn own(kind: CloneFlags) -> &'static str {
    match kind {
        CloneFlags::CLONE_NEWUTS => "/proc/self/ns/uts",
        CloneFlags::CLONE_NEWIPC => "/proc/self/ns/ipc",
        CloneFlags::CLONE_NEWPID => "/proc/self/ns/pid",
        CloneFlags::CLONE_NEWCGROUP => "/proc/self/ns/cgroup",
        _ => "/proc/self/ns/net",
    }
}

/// Leads back to the namespaces that were left.
#[must_use]
pub struct WayBack(Vec<(CloneFlags, OwnedFd)>);

impl WayBack {
    /// Goes it.
    pub fn go(self) -> Result<()> {
        self.0.iter().try_for_each(|(kind, here)| setns(here, *kind)).doing("return to the runtime's own namespaces")
    }
}

/// Once the ids are mapped: becomes root of the user namespace. Until then this process is nobody there.
pub fn become_root() -> Result<()> {
    let (uid, gid) = (Uid::from_raw(0), Gid::from_raw(0));
    setresgid(gid, gid, gid).doing("become group 0 of the user namespace")?;
    setresuid(uid, uid, uid).doing("become root of the user namespace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_lines_of_three() {
        let mapping = |inside, outside, size| Mapping { inside, outside, size };
        assert_eq!(table(&[mapping(0, 1000, 1), mapping(1, 100_000, 65_536)]), "0 1000 1\n1 100000 65536\n");
    }
}
