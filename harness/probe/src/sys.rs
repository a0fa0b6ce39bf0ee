//! The only `unsafe` of this program.
#![allow(unsafe_code)]

use nix::errno::Errno;
use std::ffi::CStr;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// The bytes of `slot` as they are in memory now, whatever the initialiser says.
pub fn read_slot(slot: &[u8; 128]) -> [u8; 128] {
    // SAFETY: a reference is always valid to read from; volatile only forbids constant folding.
    unsafe { std::ptr::read_volatile(slot) }
}

/// Which side of a fork this is.
pub enum Fork {
    /// The new process.
    Child,
    /// The old one, with the child's pid.
    Parent(i32),
}

/// `fork(2)`. Sound because this program never starts a thread.
pub fn fork() -> io::Result<Fork> {
    // SAFETY: single-threaded, so the child may do whatever the parent could.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Child => Ok(Fork::Child),
        nix::unistd::ForkResult::Parent { child } => Ok(Fork::Parent(child.as_raw())),
    }
}

/// Sleeps until a signal ends the process.
pub fn sleep_for_ever() -> ! {
    loop {
        // SAFETY: pause(2) has no arguments.
        unsafe { libc::pause() };
    }
}

/// Ends the process without running destructors: in a forked child they belong to the parent.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: _exit(2) does not return.
    unsafe { libc::_exit(status) }
}

/// Takes descriptor `number`, which the harness handed down and nobody else uses.
pub fn inherited(number: i32) -> OwnedFd {
    // SAFETY: called once per number, at the start of the role that owns it.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Makes the mount at `path` and everything below it read-only, mount_setattr(2), Linux 5.12.
pub fn read_only_recursively(path: &CStr) -> io::Result<()> {
    let attributes = libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the path ends in NUL and the structure outlives the call, which only reads it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result)?;
    Ok(())
}

/// Sets `IFF_UP` on the interface `lo` of this network namespace, netdevice(7).
pub fn loopback_up() -> io::Result<()> {
    // SAFETY: an ifreq of zero bytes is a valid value; name and flags are set before use.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo\0") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: plain socket(2); the descriptor is owned from here on.
    let socket = unsafe {
        OwnedFd::from_raw_fd(Errno::result(libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?)
    };
    // SAFETY: SIOCSIFFLAGS reads one ifreq.
    Errno::result(unsafe {
        libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&socket), libc::SIOCSIFFLAGS, &raw const request)
    })?;
    Ok(())
}

/// Unlocks the terminal whose near end is `near`, and gives its number: unlockpt(3) and ptsname(3) without the C library's
/// look into /dev/pts.
pub fn unlock_terminal(near: &impl std::os::fd::AsRawFd) -> io::Result<u32> {
    let (near, unlocked, mut number) = (near.as_raw_fd(), 0_i32, 0_u32);
    // SAFETY: TIOCSPTLCK reads an int.
    Errno::result(unsafe { libc::ioctl(near, libc::TIOCSPTLCK, &raw const unlocked) })?;
    // SAFETY: TIOCGPTN writes an unsigned int.
    Errno::result(unsafe { libc::ioctl(near, libc::TIOCGPTN, &raw mut number) })?;
    Ok(number)
}

/// Ignores a signal.
pub fn ignore(signal: i32) {
    // SAFETY: SIG_IGN runs no code of ours.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

extern "C" fn leave(signal: i32) {
    exit_now(100 + signal);
}

/// Installs a handler that ends the process with 100 + the signal's number.
pub fn leave_upon(signal: i32) {
    // SAFETY: the handler only calls _exit(2), which is async-signal-safe.
    unsafe { libc::signal(signal, leave as *const () as libc::sighandler_t) };
}

/// Whoever is started finds no signal blocked, whatever this process holds back.
pub fn without_blocked_signals(command: &mut std::process::Command) {
    let unblock = || Ok(nix::sys::signal::SigSet::empty().thread_set_mask()?);
    // SAFETY: the closure runs between fork and exec and only calls sigprocmask(2), which is async-signal-safe.
    unsafe { std::os::unix::process::CommandExt::pre_exec(command, unblock) };
}

/// A call by its name. It gives the errno, 0 if the kernel has done it.
pub type Filtered = (&'static str, fn() -> i32);

/// Calls that a container does not need.
pub const FILTERED: [Filtered; 5] = [
    ("keyctl", keyctl),
    ("keyctl-i386", keyctl_i386),
    ("unshare", unshare_user),
    ("clone", clone_user),
    ("clone3", clone3_user),
];

/// KEYCTL_GET_KEYRING_ID of KEY_SPEC_SESSION_KEYRING, keyctl(2): asks, and changes nothing.
const KEYRING: (i64, i64) = (0, -3);

fn errno_of(result: i64) -> i32 {
    if result < 0 { Errno::last_raw() } else { 0 }
}

fn keyctl() -> i32 {
    // SAFETY: takes integers.
    errno_of(unsafe { libc::syscall(libc::SYS_keyctl, KEYRING.0, KEYRING.1, 0) })
}

/// The same by the number that a 32-bit program uses: a filter that does not look at the architecture takes it for another.
#[cfg(target_arch = "x86_64")]
fn keyctl_i386() -> i32 {
    const KEYCTL: i64 = 288;
    let result: i64;
    // SAFETY: the kernel takes integers from the registers and changes rax alone; rbx, which the compiler keeps for itself,
    // is put back. A kernel without 32-bit calls ends this process, which is one of its own.
    unsafe {
        std::arch::asm!(
            "push rbx", "mov rbx, {operation}", "int 0x80", "pop rbx",
            operation = in(reg) KEYRING.0,
            inlateout("rax") KEYCTL => result,
            in("rcx") KEYRING.1, in("rdx") 0_i64,
        );
    }
    // 32 bits of it are the answer.
    let result = result as i32;
    if (-4095..0).contains(&result) { -result } else { 0 }
}

#[cfg(not(target_arch = "x86_64"))]
fn keyctl_i386() -> i32 {
    libc::ENOSYS
}

fn unshare_user() -> i32 {
    // SAFETY: takes an integer.
    errno_of(unsafe { libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER) })
}

fn clone_user() -> i32 {
    let flags = i64::from(libc::CLONE_NEWUSER | libc::SIGCHLD);
    // SAFETY: without CLONE_VM this is a fork; the child ends at once.
    ended_child(unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) })
}

fn clone3_user() -> i32 {
    // SAFETY: clone_args is plain integers, for which all-zero means "not used".
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    (arguments.flags, arguments.exit_signal) = (libc::CLONE_NEWUSER as u64, libc::SIGCHLD as u64);
    // SAFETY: the structure outlives the call; without CLONE_VM this is a fork, and the child ends at once.
    ended_child(unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of::<libc::clone_args>()) })
}

fn ended_child(result: i64) -> i32 {
    if result == 0 {
        exit_now(0);
    }
    errno_of(result)
}
