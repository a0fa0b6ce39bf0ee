//! A container that is held: its payload is our probe, which connected and waits for orders.

use crate::error::{Context, Error, Result};
use crate::evidence::{Capability, Evidence, HostProc, IdPath, MountPoint, Namespace, NsPid, Signals};
use crate::netlink::Rtnetlink;
use crate::run::{End, Run, await_readable};
use crate::scenario::Trouble;
use crate::sys::spawn;
use nix::sys::socket::{MsgFlags, SockFlag, accept4, getsockopt, recv, send, sockopt::PeerCredentials};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// The longest packet, as in the probe's `wire.rs`.
const MAX_PACKET: usize = 96 * 1024;

/// What a probe answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done, with a line and bytes.
    Done(String, Vec<u8>),
    /// Refused with this errno while doing that.
    Refused(i32, String),
    /// It is gone: the connection is closed.
    Gone,
}

impl Answer {
    /// The errno, 0 for success; `None` if the probe is gone.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Answer::Done(..) => Some(0),
            Answer::Refused(errno, _) => Some(*errno),
            Answer::Gone => None,
        }
    }
}

/// One held process in a container, named by the kernel.
#[derive(Debug)]
pub struct Held {
    pid: i32,
    pidfd: OwnedFd,
    link: OwnedFd,
    host: HostProc,
    patience: Duration,
}

impl Held {
    /// Takes the next connection at `listener` and asks the kernel who it is (SO_PEERCRED, unix(7)). `None` if nobody waits.
    pub(crate) fn accept(listener: &OwnedFd, host: &HostProc, patience: Duration) -> Result<Option<Held>> {
        let fd = match accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC) {
            Ok(fd) => fd,
            Err(nix::errno::Errno::EAGAIN) => return Ok(None),
            Err(errno) => return Err(errno).context("accept a probe"),
        };
        let link = crate::sys::own(fd);
        let pid = getsockopt(&link, PeerCredentials).context("SO_PEERCRED of a probe")?.pid();
        let pidfd = match spawn::pidfd_open(pid) {
            Ok(pidfd) => pidfd,
            // It has ended and was reaped: nobody waits any more.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(None),
            Err(error) => return Err(error).context(format!("pidfd_open {pid}")),
        };
        // The pid could have been reused between the two calls, but only if the probe is dead: then its end is closed.
        let mut byte = [0];
        match recv(link.as_raw_fd(), &mut byte, MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT) {
            Err(nix::errno::Errno::EAGAIN) => Ok(Some(Held { pid, pidfd, link, host: host.clone(), patience })),
            _ => Ok(None),
        }
    }

    /// Its pid, as the harness sees it.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Readable when it has ended.
    pub(crate) fn pidfd(&self) -> &OwnedFd {
        &self.pidfd
    }

    /// Whether this is the child of `parent` that the container knows as `inside`, by what the kernel says of it.
    pub(crate) fn is_child(&self, parent: &Held, inside: i32) -> Result<bool> {
        let above = self.host.status(self.pid, "PPid")?.value;
        let program = self.exe()?.value.ino;
        Ok(above == parent.pid.to_string()
            && self.nspid()?.value.innermost() == inside
            && program == parent.exe()?.value.ino)
    }

    /// `/proc/PID` on the harness's side.
    pub fn host(&self) -> &HostProc {
        &self.host
    }

    /// Whether it has ended.
    pub fn is_gone(&self) -> bool {
        self.wait_gone(Duration::ZERO).unwrap_or(true)
    }

    /// Waits for its end; false if it outlives `deadline`.
    pub fn wait_gone(&self, deadline: Duration) -> Result<bool> {
        await_readable(&self.pidfd, deadline)
    }

    /// Sends it a signal from the host's side: the only one that PID 1 of a namespace cannot ignore comes from there.
    pub fn signal(&self, signal: i32) -> Result<()> {
        spawn::pidfd_send_signal(&self.pidfd, signal).context(format!("send signal {signal} to pid {}", self.pid))
    }

    /// Sends an order; the answer is read by [`Held::answer`].
    pub fn send(&self, words: &str, body: &[u8]) -> Result<()> {
        let mut packet = format!("{words}\n").into_bytes();
        packet.extend_from_slice(body);
        if packet.len() > MAX_PACKET {
            return Err(Error::new(format!("the order {words} is too long")));
        }
        // Never blocking: whoever does not read what it is told stays silent, and that shows when the answer is due.
        match send(self.link.as_raw_fd(), &packet, MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT) {
            Ok(_) | Err(nix::errno::Errno::EPIPE | nix::errno::Errno::ECONNRESET | nix::errno::Errno::EAGAIN) => Ok(()),
            Err(errno) => Err(errno).context(format!("order {words}")),
        }
    }

    /// Reads the answer to an order; `None` if there is none within `deadline`.
    pub fn answer(&self, deadline: Duration) -> Result<Option<Answer>> {
        if !await_readable(&self.link, deadline)? {
            return Ok(None);
        }
        let mut buffer = vec![0; MAX_PACKET];
        let length = match recv(self.link.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Ok(0) | Err(nix::errno::Errno::ECONNRESET) => return Ok(Some(Answer::Gone)),
            other => other.context("read a probe's answer")?,
        };
        buffer.truncate(length);
        let split = buffer.iter().position(|&byte| byte == b'\n').unwrap_or(length);
        let head = String::from_utf8_lossy(&buffer[..split]).into_owned();
        let body = buffer.get(split + 1..).unwrap_or_default().to_vec();
        Ok(Some(match head.split_once(' ').unwrap_or((&head, "")) {
            ("err", errno) => Answer::Refused(errno.parse().unwrap_or(-1), String::from_utf8_lossy(&body).into_owned()),
            (_, words) => Answer::Done(words.to_owned(), body),
        }))
    }

    /// Order and answer. A probe that neither answers nor ends is trouble with the runtime under test.
    pub fn ask(&self, words: &str, body: &[u8]) -> Result<Answer, Trouble> {
        self.send(words, body)?;
        self.answer(self.patience)?.ok_or_else(|| Trouble::silent(words))
    }

    /// Order and answer, where anything but success means that the scenario cannot go on.
    pub fn order(&self, words: &str, body: &[u8]) -> Result<(String, Vec<u8>), Trouble> {
        match self.ask(words, body)? {
            Answer::Done(line, body) => Ok((line, body)),
            Answer::Refused(_, reason) => Err(Trouble::refused(words, &reason)),
            Answer::Gone => Err(Trouble::gone(words)),
        }
    }

    /// Runs a command inside the container; its status and what it printed.
    pub fn run_inside(&self, words: &[&str]) -> Result<(i32, String), Trouble> {
        let (status, output) = self.order("run", words.join("\0").as_bytes())?;
        Ok((status.parse().unwrap_or(-1), String::from_utf8_lossy(&output).into_owned()))
    }

    /// Tells it to exit with `status`. It does not answer.
    pub fn exit(&self, status: i32) -> Result<()> {
        self.send(&format!("exit {status}"), b"")
    }

    /// The namespace it is in: `net:[4026532281]`.
    pub fn namespace(&self, kind: Namespace) -> Result<Evidence<String>> {
        self.host.namespace(self.pid, kind)
    }

    /// Its pids, outermost first.
    pub fn nspid(&self) -> Result<Evidence<NsPid>> {
        self.host.nspid(self.pid)
    }

    /// Its root directory.
    pub fn root(&self) -> Result<Evidence<IdPath>> {
        self.host.place(self.pid, "root")
    }

    /// Its working directory.
    pub fn cwd(&self) -> Result<Evidence<IdPath>> {
        self.host.place(self.pid, "cwd")
    }

    /// Its program.
    pub fn exe(&self) -> Result<Evidence<IdPath>> {
        self.host.place(self.pid, "exe")
    }

    /// A signal set: `SigIgn`, `SigBlk`.
    pub fn signals(&self, name: &str) -> Result<Evidence<Signals>> {
        self.host.signals(self.pid, name)
    }

    /// A capability set: `CapEff`, ...
    pub fn capabilities(&self, name: &str) -> Result<Evidence<Capability>> {
        self.host.capabilities(self.pid, name)
    }

    /// Every process that shares its PID namespace, by the harness's pids.
    pub fn population(&self) -> Result<Evidence<Vec<i32>>> {
        let namespace = self.namespace(Namespace::Pid)?;
        let pids = self.host.population(Namespace::Pid, &namespace.value)?;
        let text = pids.iter().map(i32::to_string).collect::<Vec<_>>().join(" ");
        Ok(Evidence::read(pids, format!("readlink /proc/*/ns/pid = {}", namespace.value), text))
    }

    /// All mounts of its mount namespace, also those that chroot hides from it.
    pub fn all_mounts(&self) -> Result<Evidence<Vec<MountPoint>>> {
        let host = self.host.clone();
        let mounts = self.inside(Namespace::Mnt, move || host.own_mounts())??;
        let text = mounts.iter().map(MountPoint::to_string).collect::<Vec<_>>().join("\n");
        Ok(Evidence::read(mounts, format!("mountinfo after setns to /proc/{}/ns/mnt", self.pid), text))
    }

    /// The mounts as it sees them itself.
    pub fn mounts(&self) -> Result<Evidence<Vec<MountPoint>>> {
        let mounts = self.host.mounts(self.pid)?;
        let text = mounts.iter().map(MountPoint::to_string).collect::<Vec<_>>().join("\n");
        Ok(Evidence::read(mounts, format!("/proc/{}/mountinfo", self.pid), text))
    }

    /// Netlink in its network namespace.
    pub fn netlink(&self) -> Result<Rtnetlink> {
        self.inside(Namespace::Net, || Rtnetlink::here().context("open a netlink socket in the container"))?
    }

    /// Runs `job` on a thread that has entered one of its namespaces.
    pub fn inside<T: Send + 'static>(&self, kind: Namespace, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.host.inside(self.pid, kind, job)
    }
}

/// The runtime under test with the container that it made.
#[derive(Debug)]
pub struct Container {
    /// The runtime under test.
    pub run: Run,
    /// The first process of the container: our probe.
    pub first: Held,
}

impl Container {
    /// Whether the runtime has ended while its container still runs.
    pub fn is_abandoned(&self) -> Result<bool> {
        Ok(self.run.wait(Duration::ZERO)?.is_some() && !self.first.is_gone())
    }

    /// Tells the payload to exit with `status` and waits for the runtime's end.
    pub fn finish(&self, status: i32, deadline: Duration) -> Result<Option<End>> {
        self.first.exit(status)?;
        self.run.wait(deadline)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // A runtime that is killed cannot clean up, and what it then leaves would be our doing.
        let _ = self.first.exit(0);
        let _ = self.run.wait(self.first.patience);
    }
}

impl std::ops::Deref for Container {
    type Target = Held;

    fn deref(&self) -> &Held {
        &self.first
    }
}
