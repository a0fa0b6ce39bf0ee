//! What the micro-VM needs: children tied to the life of their parent's thread, pidfds, KVM probing; and, inside the
//! guest, modules, swap and the loopback interface.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::errno::Errno;

/// Turns the C convention (-1 and errno) into a `Result`.
fn check(value: libc::c_long) -> io::Result<libc::c_long> {
    if value < 0 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

/// Makes the kernel kill the child with SIGKILL when the *thread* that spawns it ends (`PR_SET_PDEATHSIG`, prctl(2)),
/// so that the child cannot survive this program however it dies. Spawn from a thread that outlives the child.
pub(crate) fn die_with_parent(command: &mut Command) -> &mut Command {
    let parent = std::process::id();
    let hook = move || {
        // SAFETY: prctl and getppid are async-signal-safe and take plain integers.
        let (status, ppid) =
            unsafe { (libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL), libc::getppid().cast_unsigned()) };
        check(status.into())?;
        // The parent may have died before prctl took effect: then no signal will ever come.
        if ppid == parent { Ok(()) } else { Err(Errno::ESRCH.into()) }
    };
    // SAFETY: between fork and exec the hook makes two system calls and allocates nothing.
    unsafe { command.pre_exec(hook) }
}

/// Lets the child inherit `fds` under the numbers they have here. The flag is cleared in the child only, so that no
/// other child spawned at the same moment gets them. The caller keeps the descriptors open until the spawn is done.
pub(crate) fn inherit(command: &mut Command, fds: Vec<RawFd>) -> &mut Command {
    let hook = move || {
        for &fd in &fds {
            // SAFETY: fcntl on a number; a stale one gives EBADF.
            check(unsafe { libc::fcntl(fd, libc::F_SETFD, 0) }.into())?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec the hook makes system calls only and allocates nothing.
    unsafe { command.pre_exec(hook) }
}

/// A descriptor that names the process itself, not its number, and becomes readable when it ends (pidfd_open(2)).
pub(crate) fn pidfd_open(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: two integers; the result is checked, and is a new descriptor that nobody else owns.
    unsafe { Ok(OwnedFd::from_raw_fd(check(libc::syscall(libc::SYS_pidfd_open, pid, 0))? as RawFd)) }
}

/// Kills the process a pidfd names; a process that has ended already is no error.
pub(crate) fn pidfd_kill(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    let no_info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a NULL siginfo is allowed (pidfd_send_signal(2)); the rest are integers.
    let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), libc::SIGKILL, no_info, 0) };
    match check(sent) {
        Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error),
        _ => Ok(()),
    }
}

/// Creates a virtual machine on an open /dev/kvm and drops it at once
/// (`KVM_CREATE_VM`, Documentation/virt/kvm/api.rst).
pub(crate) fn kvm_create_vm(kvm: &File) -> io::Result<()> {
    const KVM_CREATE_VM: libc::Ioctl = 0xae01;
    let default_machine: libc::c_ulong = 0;
    // SAFETY: the argument is an integer; the result is checked, and is a new descriptor that nobody else owns.
    unsafe {
        let vm = check(libc::ioctl(kvm.as_raw_fd(), KVM_CREATE_VM, default_machine).into())?;
        drop(OwnedFd::from_raw_fd(vm as RawFd));
    }
    Ok(())
}

/// Loads the kernel module in `file` (finit_module(2)).
pub(crate) fn finit_module(file: &File, parameters: &CStr) -> io::Result<()> {
    // SAFETY: `parameters` is NUL-terminated and outlives the call.
    check(unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), parameters.as_ptr(), 0) }).map(drop)
}

/// Begins to swap to `device`, which carries a swap signature (swapon(2)).
pub(crate) fn swapon(device: &CStr) -> io::Result<()> {
    // SAFETY: `device` is NUL-terminated and outlives the call.
    check(unsafe { libc::swapon(device.as_ptr(), 0) }.into()).map(drop)
}

/// Sets the loopback interface of this network namespace up (`SIOCSIFFLAGS`, netdevice(7)).
pub(crate) fn loopback_up() -> io::Result<()> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
    // SAFETY: all-zero bytes are a valid ifreq: an empty name and no flags.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: SIOCSIFFLAGS reads the ifreq, which outlives the call.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as libc::Ioctl, &request) }.into()).map(drop)
}

/// Mixes bytes into the kernel's random pool and counts every bit of them as unknown (`RNDADDENTROPY`, random(4)).
pub(crate) fn add_entropy(pool: BorrowedFd<'_>, bytes: &[u8; 32]) -> io::Result<()> {
    /// `struct rand_pool_info` of linux/random.h.
    #[repr(C)]
    struct Info {
        bits: libc::c_int,
        bytes: libc::c_int,
        content: [u8; 32],
    }
    const RNDADDENTROPY: libc::Ioctl = 0x4008_5203;
    let info = Info { bits: 256, bytes: 32, content: *bytes };
    // SAFETY: the kernel reads the two counts and as many bytes as the second says, all of which outlive the call.
    check(unsafe { libc::ioctl(pool.as_raw_fd(), RNDADDENTROPY, &info) }.into()).map(drop)
}

/// Makes the kernel's generator take a new key from its pool, on every processor (`RNDRESEEDCRNG`, random(4)).
pub(crate) fn reseed(pool: BorrowedFd<'_>) -> io::Result<()> {
    const RNDRESEEDCRNG: libc::Ioctl = 0x5207;
    // SAFETY: the request takes no argument.
    check(unsafe { libc::ioctl(pool.as_raw_fd(), RNDRESEEDCRNG) }.into()).map(drop)
}
