//! Reading `/proc/PID` on the host's side, whatever `/proc` the reader's mount namespace has.

use super::{Capability, Evidence, IdPath, Ino, MountPoint, NsPid, Signals};
use crate::error::{Context, Error, Result};
use crate::expect::Yes;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::{FileStat, Mode, fstat};
use procfs::FromRead;
use procfs::net::Snmp;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// The kinds of namespaces, by their names in `/proc/PID/ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// Host name.
    Uts,
    /// Process ids.
    Pid,
    /// Mounts.
    Mnt,
    /// Network.
    Net,
    /// System V IPC and POSIX queues.
    Ipc,
    /// Cgroup root.
    Cgroup,
    /// Users.
    User,
}

impl Namespace {
    /// The name in `/proc/PID/ns`.
    pub fn name(self) -> &'static str {
        match self {
            Namespace::Uts => "uts",
            Namespace::Pid => "pid",
            Namespace::Mnt => "mnt",
            Namespace::Net => "net",
            Namespace::Ipc => "ipc",
            Namespace::Cgroup => "cgroup",
            Namespace::User => "user",
        }
    }
}

/// As much as is read of one file.
const LONGEST: u64 = 16 << 20;

/// The procfs of the harness's own PID namespace, held open: it stays readable on a thread that has entered a testbed,
/// and it names processes by the pids that SO_PEERCRED gives the harness.
#[derive(Debug, Clone)]
pub struct HostProc(Arc<OwnedFd>);

impl HostProc {
    /// Opens `/proc`. To be called before the thread enters a testbed.
    pub fn open() -> Result<HostProc> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = nix::fcntl::open("/proc", flags, Mode::empty()).context("open /proc")?;
        Ok(HostProc(Arc::new(fd)))
    }

    /// How often the threads of a process have given a processor back so far (proc_pid_status(5), `*_ctxt_switches`). Twice the
    /// same: it did nothing in between, or has not paused.
    pub fn turns(&self, pid: i32) -> Result<u64> {
        let mut turns = 0;
        for thread in self.names(pid, "task")? {
            // Threads end while they are being counted.
            let status = self.text(pid, &format!("task/{thread}/status")).unwrap_or_default();
            let counts = status.lines().filter_map(|line| line.split_once("_ctxt_switches:"));
            turns += counts.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum::<u64>();
        }
        Ok(turns)
    }

    /// How many TCP segments the process's network namespace has received so far: `Tcp: InSegs` of `/proc/PID/net/snmp`
    /// (tcpInSegs, RFC 4022). What an interface counts would not do: it counts the kernel's own IPv6 multicasts, too.
    pub fn tcp_segments(&self, pid: i32) -> Result<u64> {
        let text = self.bytes(pid, "net/snmp")?;
        let snmp = Snmp::from_read(text.as_slice());
        Ok(snmp.map_err(|error| Error::new(format!("read /proc/{pid}/net/snmp: {error}")))?.tcp_in_segs)
    }

    /// The content of `/proc/PID/NAME`.
    pub fn bytes(&self, pid: i32, name: &str) -> Result<Vec<u8>> {
        let path = format!("{pid}/{name}");
        let mut content = Vec::new();
        // What lies in a container may be anything: a pipe must not hold us, nor a file without an end fill our memory.
        let file = File::from(self.at(&path, OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY)?);
        file.take(LONGEST + 1).read_to_end(&mut content).context(format!("read /proc/{path}"))?;
        if content.len() as u64 > LONGEST {
            return Err(Error::new(format!("/proc/{path} is longer than {LONGEST} bytes")));
        }
        Ok(content)
    }

    /// The same as text.
    pub fn text(&self, pid: i32, name: &str) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes(pid, name)?).into_owned())
    }

    /// Opens `/proc/PATH`. What lies below `PID/root/` is resolved as the process itself would: an absolute link there
    /// must not lead to the root of the thread that looks (RESOLVE_IN_ROOT, openat2(2)).
    fn at(&self, path: &str, flags: OFlag) -> Result<OwnedFd> {
        let what = || format!("open /proc/{path}");
        let Some((process, below)) = path.split_once("/root/") else {
            return openat(&*self.0, path, flags | OFlag::O_CLOEXEC, Mode::empty()).context(what());
        };
        let directory = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let root = openat(&*self.0, format!("{process}/root").as_str(), directory, Mode::empty()).context(what())?;
        let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_IN_ROOT);
        openat2(&root, below, how).context(what())
    }

    /// A descriptor of the namespace itself, for setns(2).
    pub fn namespace_fd(&self, pid: i32, kind: Namespace) -> Result<OwnedFd> {
        self.at(&format!("{pid}/ns/{}", kind.name()), OFlag::O_RDONLY)
    }

    /// Runs `job` on a thread that has entered one of the namespaces of `pid`.
    pub fn inside<T: Send + 'static>(
        &self,
        pid: i32,
        kind: Namespace,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let namespace = self.namespace_fd(pid, kind)?;
        let name = kind.name();
        let thread = std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_FS).context("unshare a thread's root and working directory")?;
            setns(namespace, CloneFlags::empty()).context(format!("setns to the container's {name} namespace"))?;
            Ok(job())
        });
        thread.join().unwrap_or_else(|_| Err(Error::new(format!("the look into the {name} namespace panicked"))))
    }

    /// What `/proc/PID/NAME` links to.
    pub fn link(&self, pid: i32, name: &str) -> Result<Evidence<String>> {
        let path = format!("{pid}/{name}");
        let link = self.at(&path, OFlag::O_PATH | OFlag::O_NOFOLLOW)?;
        let target = readlinkat(&link, "").context(format!("readlink /proc/{path}"))?;
        Ok(Evidence::plain(target.to_string_lossy().into_owned(), format!("readlink /proc/{path}")))
    }

    /// The namespace `/proc/PID/ns/KIND`, as the kernel writes it: `pid:[4026531836]`.
    pub fn namespace(&self, pid: i32, kind: Namespace) -> Result<Evidence<String>> {
        self.link(pid, &format!("ns/{}", kind.name()))
    }

    /// stat(2) of what is behind `/proc/PID/NAME`.
    pub fn stat(&self, pid: i32, name: &str) -> Result<FileStat> {
        let path = format!("{pid}/{name}");
        fstat(self.at(&path, OFlag::O_PATH)?).context(format!("stat /proc/{path}"))
    }

    /// Whether something is at `PATH` as process `pid` sees the file system: `/proc/PID/root/PATH`.
    pub fn sees(&self, pid: i32, path: &str) -> Result<Evidence<Yes>> {
        let name = format!("root{path}");
        let source = format!("stat /proc/{pid}/{name}");
        match self.stat(pid, &name) {
            Ok(stat) => Ok(Evidence::read(Yes(true), source, format!("inode {}", stat.st_ino))),
            Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::ENOTDIR)) => {
                Ok(Evidence::read(Yes(false), source, "ENOENT"))
            }
            Err(error) => Err(error),
        }
    }

    /// The magic number of the file system at `/proc/PID/NAME`, statfs(2).
    pub fn file_system(&self, pid: i32, name: &str) -> Result<i64> {
        let fd = self.at(&format!("{pid}/{name}"), OFlag::O_PATH)?;
        let stat = nix::sys::statfs::fstatfs(&fd).context(format!("statfs /proc/{pid}/{name}"))?;
        Ok(stat.filesystem_type().0 as i64)
    }

    /// How many bytes the file system at `/proc/PID/NAME` holds at most, statfs(2).
    pub fn capacity(&self, pid: i32, name: &str) -> Result<u64> {
        let fd = self.at(&format!("{pid}/{name}"), OFlag::O_PATH)?;
        let stat = nix::sys::statfs::fstatfs(&fd).context(format!("statfs /proc/{pid}/{name}"))?;
        Ok(stat.blocks() * stat.block_size() as u64)
    }

    /// The names in the directory `/proc/PID/NAME`.
    pub fn names(&self, pid: i32, name: &str) -> Result<Vec<String>> {
        let path = format!("{pid}/{name}");
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut dir = nix::dir::Dir::from_fd(self.at(&path, flags)?).context(format!("open /proc/{path}"))?;
        let mut names = Vec::new();
        for entry in dir.iter() {
            names.push(entry.context(format!("list /proc/{path}"))?.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }

    /// Whether the working directory of `pid` is `directory` or below it, by walking up through `..`.
    pub fn works_below(&self, pid: i32, directory: Ino) -> Result<Evidence<Yes>> {
        let place = self.place(pid, "cwd")?;
        let mut at = self.at(&format!("{pid}/cwd"), OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        let mut ino = place.value.ino;
        loop {
            if ino == directory {
                return Ok(place.map(|_| Yes(true)));
            }
            at = openat(&at, "..", OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
                .context(format!("walk up from /proc/{pid}/cwd"))?;
            let stat = nix::sys::stat::fstat(&at).context(format!("walk up from /proc/{pid}/cwd"))?;
            let above = Ino { dev: stat.st_dev, ino: stat.st_ino };
            if above == ino {
                return Ok(place.map(|_| Yes(false)));
            }
            ino = above;
        }
    }

    /// Link text and identity of `/proc/PID/NAME` (`root`, `cwd`, `exe`).
    pub fn place(&self, pid: i32, name: &str) -> Result<Evidence<IdPath>> {
        let stat = self.stat(pid, name)?;
        let link = self.link(pid, name)?;
        let ino = Ino { dev: stat.st_dev, ino: stat.st_ino };
        let source = format!("/proc/{pid}/{name}");
        let text = format!("{} (device {}, {ino})", link.value, stat.st_dev);
        Ok(Evidence::read(IdPath { text: link.value, ino }, source, text))
    }

    /// The field `NAME:` of `/proc/PID/status`.
    pub fn status(&self, pid: i32, name: &str) -> Result<Evidence<String>> {
        let text = self.text(pid, "status")?;
        let source = format!("/proc/{pid}/status: {name}");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let value = line.ok_or_else(|| Error::new(format!("{source}: no such line")))?.trim().to_owned();
        Ok(Evidence::plain(value, source))
    }

    /// The pids of the process in every PID namespace from the harness's down.
    pub fn nspid(&self, pid: i32) -> Result<Evidence<NsPid>> {
        let line = self.status(pid, "NSpid")?;
        Ok(line.map(|text| NsPid(text.split_whitespace().filter_map(|word| word.parse().ok()).collect())))
    }

    /// A signal set of `/proc/PID/status`: `SigIgn`, `SigBlk`, `SigCgt`.
    pub fn signals(&self, pid: i32, name: &str) -> Result<Evidence<Signals>> {
        Ok(self.status(pid, name)?.map(|text| Signals(u64::from_str_radix(&text, 16).unwrap_or(u64::MAX))))
    }

    /// A capability set of `/proc/PID/status`: `CapEff`, `CapBnd`, ...
    pub fn capabilities(&self, pid: i32, name: &str) -> Result<Evidence<Capability>> {
        Ok(self.status(pid, name)?.map(|text| Capability(u64::from_str_radix(&text, 16).unwrap_or(u64::MAX))))
    }

    /// The mounts that process `pid` sees from its root. Mind evidence that chroot hides: a chrooted process sees one line.
    pub fn mounts(&self, pid: i32) -> Result<Vec<MountPoint>> {
        Ok(self.text(pid, "mountinfo")?.lines().filter_map(MountPoint::parse).collect())
    }

    /// The mounts of the calling thread's mount namespace, seen from its root.
    pub fn own_mounts(&self) -> Result<Vec<MountPoint>> {
        let mut text = String::new();
        let file = self.at("thread-self/mountinfo", OFlag::O_RDONLY)?;
        File::from(file).read_to_string(&mut text).context("read /proc/thread-self/mountinfo")?;
        Ok(text.lines().filter_map(MountPoint::parse).collect())
    }

    /// The words of `/proc/PID/cmdline` or `/proc/PID/environ`, which end in NUL each.
    pub fn words(&self, pid: i32, name: &str) -> Result<Evidence<Vec<String>>> {
        let bytes = self.bytes(pid, name)?;
        let words: Vec<String> = bytes
            .strip_suffix(b"\0")
            .unwrap_or(&bytes)
            .split(|&byte| byte == 0)
            .filter(|_| !bytes.is_empty())
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        let shown = format!("{words:?}");
        Ok(Evidence::read(words, format!("/proc/{pid}/{name}"), shown))
    }

    /// Open descriptors and what they lead to.
    pub fn descriptors(&self, pid: i32) -> Result<Evidence<Vec<(i32, String)>>> {
        let numbers = self.names(pid, "fd")?;
        let mut found: Vec<(i32, String)> = numbers
            .iter()
            .filter_map(|name| name.parse().ok())
            .map(|number: i32| (number, self.link(pid, &format!("fd/{number}")).map_or("?".into(), |link| link.value)))
            .collect();
        found.sort();
        let shown = found.iter().map(|(number, target)| format!("{number} -> {target}")).collect::<Vec<_>>().join("\n");
        Ok(Evidence::read(found, format!("/proc/{pid}/fd"), shown))
    }

    /// Every pid of the harness's PID namespace whose `/proc/PID/ns/KIND` is `namespace`.
    pub fn population(&self, kind: Namespace, namespace: &str) -> Result<Vec<i32>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut dir = nix::dir::Dir::openat(&*self.0, ".", flags, Mode::empty()).context("open /proc")?;
        let entries = dir.iter().filter_map(|entry| entry.ok()?.file_name().to_str().ok()?.parse::<i32>().ok());
        // A process may end between the listing and the look; then it is not in the population.
        let mut found: Vec<i32> =
            entries.filter(|&pid| self.namespace(pid, kind).is_ok_and(|found| found.value == namespace)).collect();
        found.sort_unstable();
        Ok(found)
    }
}
