//! The only `unsafe` of this crate: system calls that neither std nor nix offers, each wrapped so that nothing outside
//! this folder has to reason about memory. One file per caller's need.
#![allow(unsafe_code)]

pub(crate) mod machine;
pub(crate) mod spawn;

/// Takes ownership of a descriptor that a call of nix has just returned as a bare number (`accept4`).
pub(crate) fn own(fd: std::os::fd::RawFd) -> std::os::fd::OwnedFd {
    // SAFETY: callers pass what the kernel has just returned to them, so nobody else owns it.
    unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) }
}

/// Makes what `command` starts receive `signal` when the calling thread ends (PR_SET_PDEATHSIG(2const): the thread, not
/// the process).
pub(crate) fn die_with_parent(command: &mut std::process::Command, signal: nix::sys::signal::Signal) {
    let parent = nix::unistd::getpid();
    let hook = move || {
        nix::sys::prctl::set_pdeathsig(signal)?;
        // A parent that died before the line above sends no signal any more.
        if nix::unistd::getppid() == parent { Ok(()) } else { Err(std::io::Error::from_raw_os_error(libc::ESRCH)) }
    };
    // SAFETY: between fork and exec the hook makes two system calls and allocates nothing.
    unsafe { std::os::unix::process::CommandExt::pre_exec(command, hook) };
}
