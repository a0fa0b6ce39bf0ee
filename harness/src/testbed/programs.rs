//! Which programs the runtime under test executes besides itself and its payload: for a person to look at.

use crate::embedded;
use crate::result::Flag;
use crate::sys::exec_log::{ExecLog, Executed};
use crate::terms::{self, KINDS, Ruling};
use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

/// Container runtimes and sandboxes.
const RUNTIMES: [&str; 27] = [
    "apptainer",
    "buildah",
    "bwrap",
    "ch-run",
    "containerd",
    "crun",
    "ctr",
    "docker",
    "dockerd",
    "firejail",
    "kata-runtime",
    "krun",
    "lxc-attach",
    "lxc-execute",
    "lxc-start",
    "machinectl",
    "minijail0",
    "nerdctl",
    "nsjail",
    "podman",
    "proot",
    "runc",
    "runsc",
    "singularity",
    "systemd-nspawn",
    "systemd-run",
    "youki",
];

/// Tools that do one step of a runtime's work. The workshop's own steps use them.
const TOOLS: [&str; 13] = [
    "capsh",
    "cgclassify",
    "cgcreate",
    "cgexec",
    "cgset",
    "chroot",
    "ip",
    "nsenter",
    "pivot_root",
    "schroot",
    "setpriv",
    "switch_root",
    "unshare",
];

/// The log of a testbed.
#[derive(Debug)]
pub(super) struct Programs {
    /// None where the kernel keeps no such log (CONFIG_CGROUP_PERF, Linux 4.1): then nothing is flagged.
    log: Option<ExecLog>,
    work: PathBuf,
    rootfs: u64,
    /// File systems of the testbed on which no program is, unless somebody puts it there.
    scratch: BTreeSet<u64>,
    /// What the course says of them.
    rules: terms::Programs,
}

impl Programs {
    /// To be called on the testbed's thread, once its file systems are there.
    pub(super) fn watch(cgroup: BorrowedFd, work: &Path, rules: terms::Programs) -> Programs {
        let device = |path: &str| nix::sys::stat::stat(path).ok().map(|stat| stat.st_dev);
        Programs {
            log: ExecLog::of(cgroup).ok(),
            work: work.to_owned(),
            rootfs: nix::sys::stat::stat(work).map_or(0, |stat| stat.st_dev),
            scratch: ["/", "/tmp", "/run", "/dev", "/dev/shm"].into_iter().filter_map(device).collect(),
            rules,
        }
    }

    /// What was executed since the last call, as far as a person should see it.
    pub(super) fn flags(&mut self) -> Vec<Flag> {
        let Some(log) = &mut self.log else { return Vec::new() };
        let (executed, lost) = log.take();
        // Those of each kind, in the order of KINDS, then those that the course forbids.
        let mut seen: [BTreeSet<String>; 4] = Default::default();
        for program in executed.iter().filter(|program| !self.is_expected(program)) {
            let file = program.path.rsplit('/').next().unwrap_or_default();
            let kind = self.kind(program, file);
            let place = match self.rules.ruling(&[&program.name, file], kind.map(|kind| KINDS[kind])) {
                Ruling::Forbidden => Some(KINDS.len()),
                Ruling::Allowed => None,
                Ruling::Unsaid => kind,
            };
            let shown = match program.name == file {
                true => program.path.clone(),
                false => format!("{} ({})", program.name, program.path),
            };
            if let Some(place) = place {
                seen[place].insert(shown);
            }
        }
        let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let [runtimes, tools, unknown, forbidden] = &seen;
        let mut flags = Vec::new();
        if !runtimes.is_empty() {
            flags.push(Flag::raised("ran-another-runtime", list(runtimes)));
        }
        if !tools.is_empty() {
            flags.push(Flag::raised("ran-isolation-tools", list(tools)));
        }
        if !unknown.is_empty() {
            flags.push(Flag::raised("ran-an-unknown-program", list(unknown)));
        }
        if !forbidden.is_empty() {
            flags.push(Flag::raised("ran-a-forbidden-program", list(forbidden)));
        }
        if lost {
            flags.push(Flag::raised("exec-log-incomplete", "records were lost: too many at once"));
        }
        flags
    }

    /// Which of [`KINDS`] it is.
    fn kind(&self, program: &Executed, file: &str) -> Option<usize> {
        let is_one_of = |names: &[&str]| names.iter().any(|name| *name == program.name || *name == file);
        let unknown = self.scratch.contains(&program.device) || program.path.starts_with("/memfd:");
        [is_one_of(&RUNTIMES), is_one_of(&TOOLS), unknown].iter().position(|is| *is)
    }

    /// The payload's commands, seen from within a root that is the rootfs, and the harness's own.
    fn is_expected(&self, program: &Executed) -> bool {
        let payload = program.device == self.rootfs && !Path::new(&program.path).starts_with(&self.work);
        payload || embedded::is_program(program.device, program.inode)
    }
}
