//! bpf(2), as far as guards of a cgroup need it: load a program, attach it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// What a program is, and where it is attached (`enum bpf_prog_type`, `enum bpf_attach_type` of linux/bpf.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Asked about every device that is opened or made.
    Device,
    /// Asked about every file below /proc/sys that is read or written.
    Sysctl,
    /// Asked at a hook of the security modules, which is named by its function's number in the kernel's BTF.
    Lsm(u32),
}

impl Kind {
    fn program(self) -> u32 {
        match self {
            Self::Device => 15,
            Self::Sysctl => 23,
            Self::Lsm(_) => 29,
        }
    }

    fn place(self) -> u32 {
        match self {
            Self::Device => 6,
            Self::Sysctl => 18,
            Self::Lsm(_) => 43,
        }
    }
}

/// The part of `union bpf_attr` that BPF_PROG_LOAD reads.
#[repr(C)]
#[derive(Default)]
struct Load {
    program: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    place: u32,
    btf: u32,
    function_size: u32,
    functions: u64,
    function_count: u32,
    line_size: u32,
    lines: u64,
    line_count: u32,
    hook: u32,
    hook_in: u32,
    unused: u32,
}

/// The part that BPF_PROG_ATTACH reads.
#[repr(C)]
struct Attach {
    cgroup: RawFd,
    program: RawFd,
    place: u32,
    flags: u32,
}

fn bpf<T>(command: libc::c_int, attributes: &T) -> io::Result<libc::c_long> {
    let size = std::mem::size_of::<T>();
    // SAFETY: the kernel reads `size` bytes of plain integers; what the addresses among them point to outlives the call.
    let value = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attributes), size) };
    if value < 0 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

/// Gives a program to the kernel, which checks it. It lives as long as the descriptor, or what it is attached to.
pub(crate) fn load(kind: Kind, instructions: &[u64]) -> io::Result<OwnedFd> {
    const BPF_PROG_LOAD: libc::c_int = 5;
    let license = c"Dual MIT/GPL";
    let attributes = Load {
        program: kind.program(),
        place: kind.place(),
        count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: license.as_ptr() as u64,
        hook: if let Kind::Lsm(hook) = kind { hook } else { 0 },
        ..Load::default()
    };
    let fd = bpf(BPF_PROG_LOAD, &attributes)? as RawFd;
    // SAFETY: a new descriptor, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Attaches a program to a cgroup and all below it, beside those that are there.
pub(crate) fn attach(kind: Kind, program: BorrowedFd<'_>, cgroup: BorrowedFd<'_>) -> io::Result<()> {
    const BPF_PROG_ATTACH: libc::c_int = 8;
    const BPF_F_ALLOW_MULTI: u32 = 1 << 1;
    let (cgroup, program) = (cgroup.as_raw_fd(), program.as_raw_fd());
    bpf(BPF_PROG_ATTACH, &Attach { cgroup, program, place: kind.place(), flags: BPF_F_ALLOW_MULTI }).map(drop)
}
