//! The testbed's cgroup: a directory of cgroup2, named after its owner so that the next start can tell a leftover.

use crate::error::{Context, Error, Result};
use crate::evidence::MountPoint;
use crate::pace::Watch;
use crate::testbed::guard::guards;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use std::fs;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What every directory made here begins with.
const PREFIX: &str = "boxproof";

/// One testbed's subtree of cgroup2, removed with everything below it when dropped.
#[derive(Debug)]
pub struct BedCgroup {
    directory: OwnedFd,
    path: PathBuf,
    /// A directory in the v1 `pids` hierarchy, where cgroup2 does not have that controller: it bounds fork bombs.
    v1_pids: Option<PathBuf>,
}

/// Where cgroup2 is mounted in this mount namespace.
pub fn cgroup2_root() -> Result<PathBuf> {
    let text = fs::read_to_string("/proc/self/mountinfo").context("read /proc/self/mountinfo")?;
    text.lines()
        .filter_map(MountPoint::parse)
        .find(|mount| mount.kind == "cgroup2")
        .map(|mount| PathBuf::from(mount.at))
        .ok_or_else(|| Error::new("cgroup2 is mounted nowhere (mount -t cgroup2 none /sys/fs/cgroup)"))
}

/// The controllers that cgroup2 offers here: `memory`, `cpu`, `pids`, ...
pub fn controllers() -> Result<Vec<String>> {
    let file = cgroup2_root()?.join("cgroup.controllers");
    let text = fs::read_to_string(&file).context(format!("read {}", file.display()))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

impl BedCgroup {
    /// Makes `boxproof.PIDNS.PID.START.TAG` directly below the root, with a bound on processes and memory.
    pub fn create(tag: &str, processes: u32, memory: u64) -> Result<BedCgroup> {
        let root = cgroup2_root()?;
        enable_controllers(&root);
        let name = format!("{}.{tag}", owner_name()?);
        let path = root.join(&name);
        fs::create_dir(&path).context(format!("mkdir {}", path.display()))?;
        // From here on the guard removes it, whatever fails next.
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = match open(&path, flags, Mode::empty()) {
            Ok(directory) => directory,
            Err(errno) => {
                let _ = fs::remove_dir(&path);
                return Err(errno).context(format!("open {}", path.display()));
            }
        };
        let mut cgroup = BedCgroup { directory, path, v1_pids: None };
        guards().set_over(cgroup.directory.as_fd())?;
        cgroup.bound("memory.max", memory)?;
        if !cgroup.bound("pids.max", u64::from(processes))? {
            cgroup.v1_pids = v1_pids(&name, processes);
        }
        Ok(cgroup)
    }

    /// Writes a bound if the controller is there; says whether it was.
    fn bound(&self, file: &str, value: u64) -> Result<bool> {
        let path = self.path.join(file);
        match fs::write(&path, value.to_string()) {
            Ok(()) => Ok(true),
            // Without the controller the file does not exist, and cgroupfs refuses to make one with EACCES.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
                Ok(false)
            }
            Err(error) => Err(error).context(format!("write {value} to {}", path.display())),
        }
    }

    /// What it may take is memory alone.
    pub(crate) fn without_swap(&self) -> Result<()> {
        self.bound("memory.swap.max", 0).map(drop)
    }

    /// The directory, for CLONE_INTO_CGROUP and for reading.
    pub fn directory(&self) -> &OwnedFd {
        &self.directory
    }

    /// Puts `pid` under the v1 bound, if there is one.
    pub fn bound_v1(&self, pid: i32) -> Result<()> {
        match &self.v1_pids {
            Some(path) => {
                fs::write(path.join("cgroup.procs"), pid.to_string()).context(format!("join {}", path.display()))
            }
            None => Ok(()),
        }
    }

    /// Kills what is left, waits until the kernel says that nobody is there, and removes the subtree.
    fn remove(&self) -> Result<()> {
        destroy(&self.path, Duration::from_secs(20))?;
        match &self.v1_pids {
            Some(path) => retry_rmdir(path, Duration::from_secs(5)),
            None => Ok(()),
        }
    }
}

impl Drop for BedCgroup {
    fn drop(&mut self) {
        // A subtree that cannot be removed now carries its owner's name: the next start removes it.
        let _ = self.remove();
    }
}

/// Best effort: on a host under systemd most are enabled already, and a controller that v1 has taken is refused.
fn enable_controllers(root: &Path) {
    let Ok(available) = fs::read_to_string(root.join("cgroup.controllers")) else { return };
    let enabled = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
    for controller in available.split_whitespace().filter(|name| !enabled.split_whitespace().any(|on| on == *name)) {
        let _ = fs::write(root.join("cgroup.subtree_control"), format!("+{controller}"));
    }
}

fn v1_pids(name: &str, processes: u32) -> Option<PathBuf> {
    let text = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mount = text
        .lines()
        .filter(|line| line.rsplit(' ').next().is_some_and(|options| options.split(',').any(|option| option == "pids")))
        .find_map(MountPoint::parse)
        .filter(|mount| mount.kind == "cgroup")?;
    let path = Path::new(&mount.at).join(name);
    fs::create_dir(&path).ok()?;
    if fs::write(path.join("pids.max"), processes.to_string()).is_err() {
        let _ = fs::remove_dir(&path);
        return None;
    }
    Some(path)
}

/// `boxproof.PIDNS.PID.START`: names a process for good, also across PID namespaces and reuse of pids.
fn owner_name() -> Result<String> {
    let pid = std::process::id();
    Ok(format!("{PREFIX}.{}.{pid}.{}", pid_namespace()?, start_time(pid)?))
}

fn pid_namespace() -> Result<String> {
    let link = fs::read_link("/proc/self/ns/pid").context("readlink /proc/self/ns/pid")?;
    Ok(link.to_string_lossy().chars().filter(char::is_ascii_digit).collect())
}

/// When a process was started, in clock ticks after boot (field 22 of `/proc/PID/stat`).
fn start_time(pid: u32) -> Result<String> {
    let stat = stat(pid)?;
    let found = stat.split_whitespace().nth(19).map(str::to_owned);
    found.ok_or_else(|| Error::new(format!("/proc/{pid}/stat is short")))
}

/// `/proc/PID/stat` from field 3 on, which is behind the name in parentheses. Field 3 is the state.
fn stat(pid: u32) -> Result<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).context(format!("read /proc/{pid}/stat"))?;
    Ok(text.rsplit_once(')').map_or("", |(_, rest)| rest).trim_start().to_owned())
}

/// Whether the process with that pid is the one that was started then, and still lives. One that nobody has reaped yet
/// has a pid and a start time, and does nothing any more.
fn lives(pid: u32, started: &str) -> bool {
    stat(pid).is_ok_and(|stat| !stat.starts_with(['Z', 'X'])) && start_time(pid).is_ok_and(|time| time == started)
}

/// Removes the subtrees of boxproof processes that no longer live. Returns what was removed.
pub fn remove_leftovers() -> Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    let root = cgroup2_root()?;
    let v1 = fs::read_dir("/sys/fs/cgroup/pids").into_iter().flatten().flatten().map(|entry| entry.path());
    let v2 = fs::read_dir(&root).context(format!("list {}", root.display()))?.flatten().map(|entry| entry.path());
    for path in v2.chain(v1).filter(|path| is_leftover(path)) {
        if destroy(&path, Duration::from_secs(5)).is_ok() {
            removed.push(path);
        }
    }
    Ok(removed)
}

fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let parts: Vec<&str> = name.split('.').collect();
    let [PREFIX, namespace, pid, start, _tag] = parts[..] else { return false };
    // Of a PID namespace that is not ours nothing can be said about the owner: it may well be alive.
    let ours = pid_namespace().is_ok_and(|own| own == namespace);
    let alive = pid.parse().is_ok_and(|pid| lives(pid, start));
    ours && !alive
}

/// `cgroup.kill` (Linux 5.14), then rmdir from the leaves up.
fn destroy(path: &Path, deadline: Duration) -> Result<()> {
    let _ = fs::write(path.join("cgroup.kill"), "1");
    wait_empty(path, deadline)?;
    for child in subgroups(path).into_iter().rev() {
        retry_rmdir(&child, deadline)?;
    }
    retry_rmdir(path, deadline)
}

/// Waits for `populated 0` in cgroup.events, which the kernel announces by POLLPRI.
fn wait_empty(path: &Path, deadline: Duration) -> Result<()> {
    // v1 has no such file; its rmdir is tried until it succeeds.
    let Ok(mut events) = fs::File::open(path.join("cgroup.events")) else { return Ok(()) };
    let end = Instant::now() + deadline;
    loop {
        let mut text = String::new();
        events
            .rewind()
            .and_then(|()| events.read_to_string(&mut text))
            .context(format!("read cgroup.events of {}", path.display()))?;
        if text.contains("populated 0") {
            return Ok(());
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::new(format!("{} still holds processes after cgroup.kill", path.display())));
        }
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut [PollFd::new(events.as_fd(), PollFlags::POLLPRI)], timeout);
    }
}

/// Every group below `path`, parents before children.
pub(crate) fn subgroups(path: &Path) -> Vec<PathBuf> {
    // No recursion: how deep the tree is was decided by the runtime under test.
    let mut found = vec![path.to_owned()];
    let mut next = 0;
    while let Some(group) = found.get(next) {
        let entries = fs::read_dir(group).into_iter().flatten().flatten();
        let below: Vec<_> = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).collect();
        found.extend(below.iter().map(fs::DirEntry::path));
        next += 1;
    }
    found.split_off(1)
}

/// A group that just lost its last process can be busy for a moment: the kernel frees the process asynchronously.
fn retry_rmdir(path: &Path, deadline: Duration) -> Result<()> {
    let mut watch = Watch::lasting(deadline);
    loop {
        match fs::remove_dir(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) && watch.again() => {}
            Err(error) => return Err(error).context(format!("rmdir {}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::wait::{Id, WaitPidFlag, waitid};

    #[test]
    fn a_process_that_nobody_has_reaped_does_not_live() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().expect("sleep starts");
        let started = start_time(child.id()).expect("its start time");
        assert!(lives(child.id(), &started) && !lives(child.id(), "0"));
        child.kill().expect("kill");
        let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
        waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).expect("it ends");
        assert!(!lives(child.id(), &started), "a zombie");
        child.wait().expect("reap");
    }
}
