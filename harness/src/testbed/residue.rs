//! What is there before a scenario and must be there after it: the inventory of a testbed.

use super::Testbed;
use crate::error::Result;
use crate::evidence::MountPoint;
use crate::netlink::Rtnetlink;
use crate::result::Residue;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Everything that a runtime could leave on the host, by kind and name, with a value that changes when the thing does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory(BTreeMap<(String, String), String>);

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
        let mut items = BTreeMap::new();
        for mount in bed.host().mounts(bed.init_pid())? {
            items.insert(("mount".into(), format!("{} #{}", mount.at, mount.id)), describe(&mount));
        }
        let netlink = Rtnetlink::here()?;
        let links = netlink.links()?;
        for address in netlink.addresses()? {
            // Those of an interface that is gone in between are gone with it.
            let Some(link) = links.iter().find(|link| link.index == address.index) else { continue };
            items.insert(("address".into(), format!("{address} on {}", link.name)), String::new());
        }
        for link in links {
            items.insert(("link".into(), link.name), if link.up { "up".into() } else { "down".into() });
        }
        for group in super::cgroup::subgroups(Path::new("/sys/fs/cgroup")) {
            items.insert(("cgroup".into(), group.display().to_string()), String::new());
        }
        let membership = bed.host().text(bed.init_pid(), "cgroup").unwrap_or_default();
        items.insert(("cgroup".into(), "of the host's PID 1".into()), membership.trim().into());
        if let Outer::Over = outer {
            for pid in bed.processes()? {
                let words = bed.host().words(pid, "cmdline").map(|words| words.value.join(" ")).unwrap_or_default();
                items.insert(("process".into(), format!("pid {pid}")), words);
            }
        }
        for file in SYSCTLS {
            if let Ok(value) = fs::read_to_string(file) {
                items.insert(("sysctl".into(), file.into()), value.trim().to_owned());
            }
        }
        for top in ["/etc", "/var", "/run", "/tmp", "/dev", "/srv", "/submission"] {
            files(Path::new(top), &mut items);
        }
        // New entries of the root directory itself, which is the testbed's own tmpfs.
        for entry in fs::read_dir("/").into_iter().flatten().flatten() {
            items.insert(("file".into(), entry.path().display().to_string()), "entry".into());
        }
        Ok(Inventory(items))
    }

    /// What differs in `self` from `before`.
    ///
    /// `own` names what the scenario itself made.
    pub fn since(&self, before: &Inventory, work: &Path, own: &[String]) -> Vec<Residue> {
        let keys = before.0.keys().chain(self.0.keys()).collect::<std::collections::BTreeSet<_>>();
        keys.into_iter()
            .filter(|(kind, name)| !(belongs(name, own) || kind == "file" && tolerated(name, work)))
            .filter_map(|key| {
                let (old, new) = (before.0.get(key), self.0.get(key));
                (old != new).then(|| Residue {
                    kind: key.0.clone(),
                    before: old.map(|value| shown(key, value)).unwrap_or_default(),
                    after: new.map(|value| shown(key, value)).unwrap_or_default(),
                    scenario: String::new(),
                })
            })
            .collect()
    }

    /// Takes stock until nothing differs from `before` or `deadline` passes: the kernel takes network namespaces and
    /// cgroups down asynchronously, so that one look is not enough.
    pub fn settle(
        bed: &Testbed,
        before: &Inventory,
        own: &[String],
        counts: impl Fn(&Residue) -> bool,
        deadline: Duration,
    ) -> Result<Vec<Residue>> {
        let end = Instant::now() + deadline;
        loop {
            let mut residue = Inventory::take(bed, Outer::Over)?.since(before, bed.work(), own);
            residue.retain(&counts);
            if residue.is_empty() || Instant::now() >= end {
                return Ok(residue);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
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

fn shown((kind, name): &(String, String), value: &str) -> String {
    match kind.as_str() {
        "mount" => value.to_owned(),
        "process" => format!("{name}: {value}"),
        "cgroup" if value.is_empty() => name.clone(),
        _ if value.is_empty() || value == "entry" => name.clone(),
        _ => format!("{name}: {value}"),
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
fn files(top: &Path, items: &mut BTreeMap<(String, String), String>) {
    const MOST: usize = 100_000;
    let Ok(own) = fs::symlink_metadata(top) else { return };
    let mut directories = vec![top.to_owned()];
    let entries = std::iter::from_fn(|| {
        let entries: Vec<_> = fs::read_dir(directories.pop()?).into_iter().flatten().flatten().take(MOST).collect();
        directories.extend(
            entries
                .iter()
                .map(fs::DirEntry::path)
                .filter(|path| path.symlink_metadata().is_ok_and(|meta| meta.is_dir() && meta.dev() == own.dev())),
        );
        Some(entries)
    });
    for entry in entries.flatten().take(MOST) {
        let Ok(meta) = entry.path().symlink_metadata() else { continue };
        let value = match meta.file_type() {
            kind if kind.is_file() => {
                format!("{} bytes, changed {}.{:09}", meta.len(), meta.mtime(), meta.mtime_nsec())
            }
            kind if kind.is_dir() => format!("directory, mode {:o}", meta.mode() & 0o7777),
            kind if kind.is_symlink() => "link".into(),
            _ => format!("special, mode {:o}", meta.mode() & 0o7777),
        };
        items.insert(("file".into(), entry.path().display().to_string()), value);
    }
}
