//! The system calls that neither the standard library nor nix offers: all the `unsafe` of this program, and nothing else.
#![allow(unsafe_code)]

use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::resource::Resource;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// One file or directory.
    Single,
    /// Also what is mounted below it.
    Recursive,
}

/// A bind mount from one open file onto another, by `open_tree(2)` and `move_mount(2)`: what `mount(2)` with MS_BIND does
/// between two paths. With descriptors there is no name that could lead elsewhere. Returns the new mount.
pub fn bind(source: &OwnedFd, target: &OwnedFd, depth: Depth) -> nix::Result<OwnedFd> {
    let (source, here) = (source.as_raw_fd(), c"".as_ptr());
    let recursive = if depth == Depth::Recursive { libc::AT_RECURSIVE } else { 0 };
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | (libc::AT_EMPTY_PATH | recursive) as libc::c_uint;
    // SAFETY: takes integers and an empty, terminated string.
    let mount = Errno::result(unsafe { libc::syscall(libc::SYS_open_tree, source, here, flags) })?;
    // SAFETY: open_tree has returned a new descriptor, which nobody else owns.
    let mount = unsafe { OwnedFd::from_raw_fd(mount as RawFd) };
    attach(&mount, target)?;
    Ok(mount)
}

/// `move_mount(2)`: puts a mount that is not yet anywhere over an open file or directory.
pub fn attach(mount: &OwnedFd, target: &OwnedFd) -> nix::Result<()> {
    let here = c"".as_ptr();
    let (mount, target) = (mount.as_raw_fd(), target.as_raw_fd());
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH | libc::MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: takes integers and empty, terminated strings.
    Errno::result(unsafe { libc::syscall(libc::SYS_move_mount, mount, here, target, here, flags) }).map(drop)
}

/// `mount_setattr(2)`: changes the attributes and the propagation of a mount, and with `Recursive` of all mounts below it.
/// For `mount(2)` that is a second call, as flags beside MS_BIND are ignored, and it would reach the topmost mount alone.
pub fn change_mount(mount: &OwnedFd, set: u64, clear: u64, propagation: u64, depth: Depth) -> nix::Result<()> {
    let attributes = libc::mount_attr { attr_set: set, attr_clr: clear, propagation, userns_fd: 0 };
    let recursive = if depth == Depth::Recursive { libc::AT_RECURSIVE } else { 0 };
    let (here, flags) = (c"".as_ptr(), libc::AT_EMPTY_PATH | recursive);
    let size = mem::size_of_val(&attributes);
    // SAFETY: takes integers, an empty, terminated string and a structure of that size; both outlive the call.
    let result =
        unsafe { libc::syscall(libc::SYS_mount_setattr, mount.as_raw_fd(), here, flags, &raw const attributes, size) };
    Errno::result(result).map(drop)
}

/// `close_range(2)`: closes every descriptor from `first` on, except for this one.
///
/// Only for a child that was made by `clone3`, at its end: what is closed belongs to values of its parent's, which it never
/// drops, since it ends by execve or `exit_at_once`.
pub fn close_from(first: u32, kept: Option<BorrowedFd<'_>>) -> nix::Result<()> {
    let close = |first: u32, last: u32| {
        // SAFETY: takes integers. Nobody uses or closes one of these descriptors again, see above.
        Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }).map(drop)
    };
    let Some(kept) = kept.map(|kept| kept.as_raw_fd() as u32) else { return close(first, u32::MAX) };
    if first < kept {
        close(first, kept - 1)?;
    }
    close(first.max(kept + 1), u32::MAX)
}

/// `keyctl(2)`: leaves the session's keyring, which no namespace divides, for a new one without a name.
pub fn new_session_keyring() -> nix::Result<()> {
    // SAFETY: takes an integer and a null pointer, which stands for no name.
    let result = unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<u8>()) };
    Errno::result(result).map(drop)
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

/// `pidfd_open(2)`: refers to a process. Which one that is has to be checked afterwards, as its number may be a stranger's.
pub fn open_process(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: takes integers.
    let pidfd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })?;
    // SAFETY: pidfd_open has returned a new descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(pidfd as RawFd) })
}

/// `prlimit(2)`: the limit of a process, soft and hard, and a new one if it is to have that.
pub fn limit(process: Pid, resource: Resource, new: Option<[u64; 2]>) -> nix::Result<[u64; 2]> {
    let (pid, resource) = (process.as_raw(), resource as libc::c_int);
    let new = new.as_ref().map_or(std::ptr::null(), |new| new.as_ptr());
    let mut old = [0_u64; 2];
    // SAFETY: `new`, if there is one, and `old` are the kernel's `struct rlimit64`, and outlive the call.
    Errno::result(unsafe { libc::syscall(libc::SYS_prlimit64, pid, resource, new, old.as_mut_ptr()) })?;
    Ok(old)
}

/// `capset(2)`. Takes the sets in halves of 32, for historical reasons.
pub fn set_capabilities(effective: u64, permitted: u64, inheritable: u64) -> nix::Result<()> {
    const VERSION_3: u32 = 0x2008_0522;
    // Where the kernel does not know that version it writes here which one it does know.
    let mut header = [VERSION_3, 0];
    let half = |shift: u32| [effective, permitted, inheritable].map(|mask| (mask >> shift) as u32);
    let data = [half(0), half(32)];
    // SAFETY: `header` and `data` are laid out as the call wants them and outlive it.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, header.as_mut_ptr(), data.as_ptr()) }).map(drop)
}

/// Does the kernel know a capability of this number?
pub fn is_capability(number: u32) -> bool {
    prctl(libc::PR_CAPBSET_READ, number.into(), 0).is_ok()
}

/// Takes a capability out of the bounding set, from which there is no way back.
pub fn drop_from_bounding_set(number: u32) -> nix::Result<()> {
    prctl(libc::PR_CAPBSET_DROP, number.into(), 0)
}

/// Empties the ambient set.
pub fn clear_ambient_set() -> nix::Result<()> {
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as u64, 0)
}

/// Puts a capability into the ambient set; it must be permitted and inheritable.
pub fn raise_ambient(number: u32) -> nix::Result<()> {
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE as u64, number.into())
}

fn prctl(operation: libc::c_int, first: u64, second: u64) -> nix::Result<()> {
    // SAFETY: the operations used here take integers.
    Errno::result(unsafe { libc::prctl(operation, first, second, 0, 0) }).map(drop)
}

/// `seccomp(2)`. Not the function of seccompiler, which sets no_new_privs unasked.
pub fn install_filter(filter: &[seccompiler::sock_filter]) -> nix::Result<()> {
    let length = filter.len().try_into().map_err(|_| Errno::EINVAL)?;
    let program = libc::sock_fprog { len: length, filter: filter.as_ptr().cast_mut().cast() };
    // SAFETY: `program` describes `filter`, whose elements are the kernel's `struct sock_filter`; the kernel copies it.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    Errno::result(result).map(drop)
}

/// The end of a terminal that belongs to this master, opened by the master itself (no path could lead elsewhere), and its name.
pub fn open_slave(master: &OwnedFd) -> nix::Result<(OwnedFd, String)> {
    let (mut number, mut locked) = (0_u32, 0_i32);
    let fd = master.as_raw_fd();
    // SAFETY: both take a pointer to an integer, which outlives the call.
    unsafe {
        Errno::result(libc::ioctl(fd, libc::TIOCSPTLCK, &raw mut locked))?;
        Errno::result(libc::ioctl(fd, libc::TIOCGPTN, &raw mut number))?;
    }
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: takes an integer.
    let slave = Errno::result(unsafe { libc::ioctl(fd, libc::TIOCGPTPEER, flags) })?;
    // SAFETY: TIOCGPTPEER has returned a new descriptor, which nobody else owns.
    Ok((unsafe { OwnedFd::from_raw_fd(slave) }, format!("/dev/pts/{number}")))
}

/// Sets how many characters a terminal shows.
pub fn set_window_size(terminal: &OwnedFd, rows: u16, columns: u16) -> nix::Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: takes a pointer to the structure, which outlives the call.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) }).map(drop)
}

/// Gives this session, which must not have one, its controlling terminal.
pub fn set_controlling_terminal(terminal: &OwnedFd) -> nix::Result<()> {
    // SAFETY: takes integers.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY, 0) }).map(drop)
}

/// `setdomainname(2)`.
pub fn set_domain_name(name: &str) -> nix::Result<()> {
    // SAFETY: takes a pointer and the length of what it points to.
    Errno::result(unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) }).map(drop)
}
