//! What is there before a scenario and must be there after it: the inventory of a testbed.

use super::Testbed;
use crate::error::Result;
use crate::evidence::MountPoint;
use crate::netlink::Rtnetlink;
use crate::pace::Watch;
use crate::result::Residue;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

/// Everything that a runtime could leave on the host, by kind and name, with a value that changes when the thing does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory(Items);

type Items = BTreeMap<(&'static str, String), Value>;

/// What is compared. An exam takes stock hundreds of times and nearly always finds no difference, so words are made of a
/// value only when it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Words(String),
    File {
        bytes: u64,
        changed: (i64, i64),
    },
    Directory {
        mode: u32,
    },
    Link,
    /// How many of them there are.
    Count(usize),
    Special {
        mode: u32,
    },
    /// That it is there is all there is to say.
    Entry,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Value::Words(words) => f.write_str(words),
            Value::File { bytes, changed: (seconds, nanoseconds) } => {
                write!(f, "{bytes} bytes, changed {seconds}.{nanoseconds:09}")
            }
            Value::Directory { mode } => write!(f, "directory, mode {mode:o}"),
            Value::Link => f.write_str("link"),
            Value::Count(count) => write!(f, "{count}"),
            Value::Special { mode } => write!(f, "special, mode {mode:o}"),
            Value::Entry => Ok(()),
        }
    }
}

/// How the bed is looked at: what belongs to the harness is not residue.
#[derive(Debug, Clone, Copy)]
pub enum Outer {
    /// Containers still run: their processes and cgroups are no residue yet.
    Running,
    /// Everything should be over.
    Over,
}

impl Inventory {
    /// Takes stock of the testbed's host. To be called on the testbed's thread.
    pub fn take(bed: &Testbed, outer: Outer) -> Result<Inventory> {
        let mut items = Items::new();
        for mount in bed.host().mounts(bed.init_pid())? {
            items.insert(("mount", format!("{} #{}", mount.at, mount.id)), Value::Words(describe(&mount)));
        }
        let netlink = Rtnetlink::here()?;
        let links = netlink.links()?;
        for address in netlink.addresses()? {
            // Those of an interface that is gone in between are gone with it.
            let Some(link) = links.iter().find(|link| link.index == address.index) else { continue };
            items.insert(("address", format!("{address} on {}", link.name)), Value::Entry);
        }
        for link in links {
            items.insert(("link", link.name), Value::Words(if link.up { "up".into() } else { "down".into() }));
        }
        for chain in crate::nftables::rules()? {
            // What two rules do is not compared, only how many there are.
            let count = items.entry(("rule", chain)).or_insert(Value::Count(0));
            if let Value::Count(count) = count {
                *count += 1;
            }
        }
        for group in super::cgroup::subgroups(Path::new("/sys/fs/cgroup")) {
            items.insert(("cgroup", group.display().to_string()), Value::Entry);
        }
        let membership = bed.host().text(bed.init_pid(), "cgroup").unwrap_or_default();
        items.insert(("cgroup", "of the host's PID 1".into()), Value::Words(membership.trim().into()));
        if let Outer::Over = outer {
            for pid in bed.processes()? {
                let words = bed.host().words(pid, "cmdline").map(|words| words.value.join(" ")).unwrap_or_default();
                items.insert(("process", format!("pid {pid}")), Value::Words(words));
            }
        }
        for file in SYSCTLS {
            if let Ok(value) = fs::read_to_string(file) {
                items.insert(("sysctl", file.into()), Value::Words(value.trim().to_owned()));
            }
        }
        for top in ["/etc", "/var", "/run", "/tmp", "/dev", "/srv", "/submission"] {
            files(Path::new(top), &mut items);
        }
        // New entries of the root directory itself, which is the testbed's own tmpfs.
        for entry in fs::read_dir("/").into_iter().flatten().flatten() {
            items.insert(("file", entry.path().display().to_string()), Value::Entry);
        }
        Ok(Inventory(items))
    }

    /// What differs in `self` from `before`.
    ///
    /// `own` names what the scenario itself made.
    pub fn since(&self, before: &Inventory, work: &Path, own: &[String]) -> Vec<Residue> {
        let differing = differing(&before.0, &self.0).into_iter();
        differing
            .filter(|((kind, name), ..)| !(belongs(name, own) || *kind == "file" && tolerated(name, work)))
            .map(|(key, old, new)| Residue {
                kind: key.0.to_owned(),
                before: old.map(|value| shown(key, value)).unwrap_or_default(),
                after: new.map(|value| shown(key, value)).unwrap_or_default(),
                scenario: String::new(),
            })
            .collect()
    }

    /// Takes stock until nothing differs from `before`, nothing that differs is `worth` waiting for, or `deadline` passes.
    pub fn settle(
        bed: &Testbed,
        before: &Inventory,
        own: &[String],
        worth: impl Fn(&Residue) -> bool,
        deadline: Duration,
    ) -> Result<Vec<Residue>> {
        let mut watch = Watch::lasting(deadline);
        loop {
            let residue = Inventory::take(bed, Outer::Over)?.since(before, bed.work(), own);
            if !residue.iter().any(&worth) || !watch.again() {
                return Ok(residue);
            }
        }
    }
}

/// The keys whose values differ, in order, with both: found in one walk along both, for they nearly always are the same.
fn differing<'a, K: Ord, V: PartialEq>(
    old: &'a BTreeMap<K, V>,
    new: &'a BTreeMap<K, V>,
) -> Vec<(&'a K, Option<&'a V>, Option<&'a V>)> {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    let mut differing = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some((before, _)), Some((after, _))) => before.cmp(after),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return differing,
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        let Some((key, _)) = before.or(after) else { return differing };
        let (before, after) = (before.map(|(_, value)| value), after.map(|(_, value)| value));
        if before != after {
            differing.push((key, before, after));
        }
    }
}

/// Whether the kernel takes such a thing down by itself, some time after the last process that held it has ended.
pub fn vanishes(residue: &Residue) -> bool {
    matches!(residue.kind.as_str(), "link" | "address" | "cgroup" | "process")
}

/// Settings of the host that a runtime might touch. They are the testbed's own, by its namespaces, where they can be.
const SYSCTLS: [&str; 4] = [
    "/proc/sys/kernel/hostname",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/kernel/core_pattern",
    "/sys/fs/cgroup/cgroup.subtree_control",
];

/// Whether `name` is one of `own` or lies below one.
fn belongs(name: &str, own: &[String]) -> bool {
    own.iter().any(|own| name.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn describe(mount: &MountPoint) -> String {
    let namespace = if mount.kind == "nsfs" { format!(" {}", mount.root) } else { String::new() };
    format!("{} on {} type {}{namespace}", mount.source, mount.at, mount.kind)
}

fn shown((kind, name): &(&'static str, String), value: &Value) -> String {
    match (*kind, value.to_string()) {
        ("mount", mount) => mount,
        ("process", words) => format!("{name}: {words}"),
        (_, words) if words.is_empty() => name.clone(),
        (_, words) => format!("{name}: {words}"),
    }
}

/// Directories that a runtime makes in a rootfs to have something to mount on are what every runtime makes. What mount(8)
/// notes for itself is there on every host on which somebody has ever called it.
fn tolerated(name: &str, work: &Path) -> bool {
    const OF_MOUNT: [&str; 3] = ["/run/mount", "/run/mount/utab", "/run/mount/utab.lock"];
    const MOUNT_POINTS: [&str; 9] =
        ["", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/proc", "/sys", "/tmp", "/run"];
    let rootfs = work.join("rootfs").display().to_string();
    OF_MOUNT.contains(&name) || name.strip_prefix(&rootfs).is_some_and(|inside| MOUNT_POINTS.contains(&inside))
}

/// Regular files by size and time of change, others by their kind; mounts below are followed only where they are the
/// testbed's own. Neither depth nor number is ours to choose, so this does not recurse, and ends.
fn files(top: &Path, items: &mut Items) {
    const MOST: usize = 100_000;
    let Ok(own) = fs::symlink_metadata(top) else { return };
    let mut directories = vec![top.to_owned()];
    let mut known = BTreeMap::new();
    let mut left = MOST;
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten().take(left) {
            left -= 1;
            let Some(value) = value(&entry, &mut known) else { continue };
            let path = entry.path();
            let name = path.display().to_string();
            let ours = || entry.metadata().is_ok_and(|meta| meta.dev() == own.dev());
            if matches!(value, Value::Directory { .. }) && ours() {
                directories.push(path);
            }
            items.insert(("file", name), value);
        }
    }
}

/// A symbolic link is known by its directory entry alone, and so is another name of a file that was looked at: busybox has
/// four hundred.
fn value(entry: &fs::DirEntry, known: &mut BTreeMap<u64, Value>) -> Option<Value> {
    if entry.file_type().ok()?.is_symlink() {
        return Some(Value::Link);
    }
    if let Some(value) = known.get(&entry.ino()) {
        return Some(value.clone());
    }
    let meta = entry.metadata().ok()?;
    let mode = meta.mode() & 0o7777;
    Some(match meta.file_type() {
        kind if kind.is_file() => {
            let value = Value::File { bytes: meta.len(), changed: (meta.mtime(), meta.mtime_nsec()) };
            if meta.nlink() > 1 {
                known.insert(entry.ino(), value.clone());
            }
            value
        }
        kind if kind.is_dir() => Value::Directory { mode },
        kind if kind.is_symlink() => Value::Link,
        _ => Value::Special { mode },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_new_or_changed_differs() {
        let map = |pairs: &[(&'static str, u8)]| pairs.iter().copied().collect::<BTreeMap<_, _>>();
        let (old, new) =
            (map(&[("a", 1), ("b", 1), ("c", 1), ("e", 1)]), map(&[("b", 1), ("c", 2), ("d", 1), ("f", 1)]));
        let found: Vec<_> =
            differing(&old, &new).into_iter().map(|(key, b, a)| (*key, b.copied(), a.copied())).collect();
        let expected = [
            ("a", Some(1), None),
            ("c", Some(1), Some(2)),
            ("d", None, Some(1)),
            ("e", Some(1), None),
            ("f", None, Some(1)),
        ];
        assert_eq!(found, expected);
        assert!(differing(&old, &old).is_empty());
    }
}
