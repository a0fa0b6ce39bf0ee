//! The system calls that neither the standard library nor nix offers: all the `unsafe` of this program, and nothing else.
#![allow(unsafe_code)]

use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::unistd::Pid;

/// From linux/sched.h. The constant of the same name in `libc` is an `int`, in which this bit has no place.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// A new process as its parent sees it.
pub struct Process {
    /// Its number here. Ours to use until it is reaped; only netlink needs it.
    pub pid: Pid,
    /// The process itself: a pid may be given to a stranger, a pidfd never is.
    pub pidfd: OwnedFd,
}

/// `clone3(2)`: forks into new namespaces and, when `cgroup` is given, into that group. Returns `None` in the child.
///
/// Only for a program with one thread, as this one is: the child is a copy of the calling thread alone.
pub fn clone3(namespaces: i32, cgroup: Option<BorrowedFd<'_>>) -> nix::Result<Option<Process>> {
    let mut pidfd: RawFd = -1;
    // SAFETY: `clone_args` is a plain structure of integers for which zero means "not used".
    let mut args: libc::clone_args = unsafe { mem::zeroed() };
    args.flags = (namespaces | libc::CLONE_PIDFD) as u64;
    args.pidfd = &raw mut pidfd as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: `args` and `pidfd` outlive the call. Without CLONE_VM and with no stack given this is fork(2): the child
    // goes on here with its own copy of the memory, and with one thread no lock can be held by anyone else.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, mem::size_of_val(&args)) };
    match Errno::result(pid)? {
        0 => Ok(None),
        // SAFETY: CLONE_PIDFD has stored a new descriptor in `pidfd`, which nobody else owns.
        pid => Ok(Some(Process { pid: Pid::from_raw(pid as i32), pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } })),
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It called `exit` with this status.
    Exited(i32),
    /// This signal ended it. A bare number: real-time signals have no name.
    Signalled(i32),
}

/// `waitid(2)`: waits for the process's end and reaps it.
pub fn wait(process: &Process) -> nix::Result<Ending> {
    loop {
        // SAFETY: `siginfo_t` is a plain structure which the kernel fills; zeroes are a valid value of it.
        let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
        let id = process.pidfd.as_raw_fd() as libc::id_t;
        // SAFETY: `info` outlives the call.
        match Errno::result(unsafe { libc::waitid(libc::P_PIDFD, id, &mut info, libc::WEXITED) }) {
            Err(Errno::EINTR) => continue,
            result => result?,
        };
        // SAFETY: after a successful waitid the union holds the SIGCHLD fields.
        let status = unsafe { info.si_status() };
        return Ok(if info.si_code == libc::CLD_EXITED { Ending::Exited(status) } else { Ending::Signalled(status) });
    }
}

/// `pidfd_send_signal(2)`.
pub fn send_signal(process: &Process, signal: i32) -> nix::Result<()> {
    let pidfd = process.pidfd.as_fd().as_raw_fd();
    // SAFETY: takes integers and a null pointer, which stands for the information that kill(2) would give.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, std::ptr::null::<()>(), 0) };
    Errno::result(result).map(drop)
}

/// What a bind mount takes along.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// One file or directory.
    Single,
    /// Also what is mounted below it.
    Recursive,
}

/// A bind mount from one open file onto another, by `open_tree(2)` and `move_mount(2)`: what `mount(2)` with MS_BIND does
/// between two paths. With descriptors there is no name that could lead elsewhere. Returns the new mount.
pub fn bind(source: &OwnedFd, target: &OwnedFd, depth: Depth) -> nix::Result<OwnedFd> {
    let (source, target, here) = (source.as_raw_fd(), target.as_raw_fd(), c"".as_ptr());
    let recursive = if depth == Depth::Recursive { libc::AT_RECURSIVE } else { 0 };
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | (libc::AT_EMPTY_PATH | recursive) as libc::c_uint;
    // SAFETY: takes integers and an empty, terminated string.
    let mount = Errno::result(unsafe { libc::syscall(libc::SYS_open_tree, source, here, flags) })?;
    // SAFETY: open_tree has returned a new descriptor, which nobody else owns.
    let mount = unsafe { OwnedFd::from_raw_fd(mount as RawFd) };
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH | libc::MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: as above.
    Errno::result(unsafe { libc::syscall(libc::SYS_move_mount, mount.as_raw_fd(), here, target, here, flags) })?;
    Ok(mount)
}

/// `mount_setattr(2)`: makes a mount read-only, and all mounts below it. For `mount(2)` that is a second call, as MS_RDONLY
/// beside MS_BIND is ignored, and it would reach the topmost mount alone.
pub fn make_read_only(mount: &OwnedFd) -> nix::Result<()> {
    let attributes = libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let (here, flags) = (c"".as_ptr(), libc::AT_EMPTY_PATH | libc::AT_RECURSIVE);
    let size = mem::size_of_val(&attributes);
    // SAFETY: takes integers, an empty, terminated string and a structure of that size; both outlive the call.
    let result =
        unsafe { libc::syscall(libc::SYS_mount_setattr, mount.as_raw_fd(), here, flags, &raw const attributes, size) };
    Errno::result(result).map(drop)
}

/// `close_range(2)` with CLOSE_RANGE_CLOEXEC: every descriptor from `first` on closes itself at the next execve.
pub fn close_on_exec_from(first: RawFd) -> nix::Result<()> {
    let (last, flags) = (libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
    // SAFETY: takes integers, and closes nothing now: every owned descriptor stays valid.
    Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) }).map(drop)
}

/// Gives every signal its default action. `execve` does so for handlers, but keeps what is ignored.
///
/// Asks the kernel directly, because libc refuses to touch the two real-time signals that its threads use, and these
/// may be ignored by inheritance like any other.
pub fn reset_signal_actions() {
    const SIGNALS: libc::c_int = 64;
    // The kernel's `struct sigaction` is a handler (SIG_DFL is 0), flags, a restorer and a set of signals.
    let default = [0_u64; 4];
    for signal in 1..=SIGNALS {
        let (action, former, set_size) = (default.as_ptr(), std::ptr::null_mut::<u64>(), mem::size_of::<u64>());
        // SAFETY: `default` outlives the call and is as long as the structure; no code of ours is installed as a
        // handler. SIGKILL and SIGSTOP are refused with EINVAL, which is as it should be.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, action, former, set_size) };
    }
}

/// `_exit(2)`: ends a child that was made by `clone3` without running what belongs to its parent (destructors, buffers).
pub fn exit_at_once(status: u8) -> ! {
    // SAFETY: takes an integer and does not return.
    unsafe { libc::_exit(status.into()) }
}
