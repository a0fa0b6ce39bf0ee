//! The few calls that nix does not wrap, and the only `unsafe` of this program.
#![allow(unsafe_code)]

use std::mem;

use nix::errno::Errno;
use nix::libc;
use nix::sched::CloneFlags;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::unistd::Pid;

/// Which side of a fork this is.
pub enum Side {
    /// The process that called, and the child's pid.
    Parent(Pid),
    /// The new process.
    Child,
}

/// `clone3(2)` as a fork: no memory is shared, the parent gets SIGCHLD at the child's end.
///
/// The caller must be single-threaded, so that the child may allocate.
pub fn clone3(namespaces: CloneFlags) -> nix::Result<Side> {
    let arguments = libc::clone_args {
        flags: namespaces.bits() as u64,
        exit_signal: libc::SIGCHLD as u64,
        // SAFETY: clone_args is plain integers, for which all-zero means "not used".
        ..unsafe { mem::zeroed() }
    };
    // SAFETY: the structure is valid for its size and outlives the call; without CLONE_VM the child has its own copy of
    // the stack and memory, just as after fork().
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, mem::size_of::<libc::clone_args>()) };
    match Errno::result(pid)? {
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(Pid::from_raw(pid as i32))),
    }
}

/// `fork(2)`.
pub fn fork() -> nix::Result<Side> {
    clone3(CloneFlags::empty())
}

/// Closes every descriptor from `first` on.
pub fn close_from(first: u32) -> nix::Result<()> {
    close_range(first, 0)
}

/// Marks every descriptor from `first` on to be closed at exec; until then the error pipe among them is still needed.
pub fn close_from_at_exec(first: u32) -> nix::Result<()> {
    close_range(first, libc::CLOSE_RANGE_CLOEXEC)
}

fn close_range(first: u32, flags: u32) -> nix::Result<()> {
    // SAFETY: takes three integers. Whoever still owns one of the descriptors must not use it afterwards: the callers are
    // on their way to exec or exit.
    Errno::result(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, flags) }).map(drop)
}

/// Sets a signal to its default, by its number: the C library's own two (32 and 33) are inherited like all others, but its
/// sigaction() refuses them.
pub fn set_default(number: i32) -> nix::Result<()> {
    // The kernel's struct sigaction: handler, flags, restorer, mask; all zero is SIG_DFL. The mask has 8 bytes.
    let default = [0_u64; 4];
    let nothing = std::ptr::null::<u64>();
    // SAFETY: the kernel reads one sigaction, no larger than `default`; no code of ours becomes a handler.
    let result = unsafe { libc::syscall(libc::SYS_rt_sigaction, number, default.as_ptr(), nothing, 8_usize) };
    Errno::result(result).map(drop)
}

/// Everything about signals that exec passes on, back to what a program expects: nothing ignored, nothing blocked.
///
/// The Rust runtime itself ignores SIGPIPE, and whoever started us may have ignored SIGINT or SIGHUP.
pub fn reset_signals(keep: Option<Signal>) -> nix::Result<()> {
    let fixed = [Signal::SIGKILL as i32, Signal::SIGSTOP as i32];
    for number in (1..=64).filter(|number| !fixed.contains(number) && keep.map(|signal| signal as i32) != Some(*number))
    {
        set_default(number)?;
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
}

/// Sets IFF_UP on `lo`, see netdevice(7).
pub fn loopback_up() -> nix::Result<()> {
    // SAFETY: takes three integers.
    let socket = Errno::result(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: ifreq is plain integers and a union of such.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads an ifreq, which lives until the call returns.
    let result = Errno::result(unsafe { libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request) });
    // SAFETY: the descriptor was opened above and is not used again.
    unsafe { libc::close(socket) };
    result.map(drop)
}

/// Takes every capability but those `kept` out of the bounding set, as far as this kernel has any.
pub fn drop_from_bounding_set(kept: u64) -> nix::Result<()> {
    for number in (0..64).filter(|number| kept & (1 << number) == 0) {
        // SAFETY: takes integers.
        match Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number as libc::c_ulong, 0, 0, 0) }) {
            // Beyond the last.
            Err(Errno::EINVAL) => break,
            other => other?,
        };
    }
    Ok(())
}

/// Reduces what this process may do to `kept`. `inheritable` is what programs with file capabilities take over at exec.
pub fn set_capabilities(kept: u64, inheritable: u64) -> nix::Result<()> {
    /// `_LINUX_CAPABILITY_VERSION_3`: sets of 64 bits, in two halves of effective, permitted, inheritable each.
    const HEADER: [u32; 2] = [0x2008_0522, 0];
    let mut sets = [[0_u32; 3]; 2];
    // SAFETY: both structures are as the kernel reads and writes them, and outlive the call.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, HEADER.as_ptr(), sets.as_mut_ptr()) })?;
    for (half, shift) in sets.iter_mut().zip([0, 32]) {
        // Nobody gets what he has not, not even root: on some machines that has not everything.
        let permitted = half[1] & (kept >> shift) as u32;
        *half = [permitted, permitted, permitted & (inheritable >> shift) as u32];
    }
    // SAFETY: as above.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, HEADER.as_ptr(), sets.as_ptr()) }).map(drop)
}

/// Puts a filter before every call of this process and of those that it becomes.
pub fn filter_calls(program: &[libc::sock_filter]) -> nix::Result<()> {
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel reads the program, which outlives the call, and writes nothing.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
    Errno::result(result).map(drop)
}
