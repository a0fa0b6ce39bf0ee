//! The only `unsafe` of this crate: system calls that neither std nor nix offers, each wrapped so that nothing outside
//! this folder has to reason about memory. One file per caller's need.
#![allow(unsafe_code)]

pub(crate) mod bpf;
pub(crate) mod exec_log;
pub(crate) mod machine;
pub(crate) mod spawn;

/// Takes ownership of a descriptor that a call of nix has just returned as a bare number (`accept4`).
pub(crate) fn own(fd: std::os::fd::RawFd) -> std::os::fd::OwnedFd {
    // SAFETY: callers pass what the kernel has just returned to them, so nobody else owns it.
    unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) }
}
