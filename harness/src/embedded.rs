//! The probe program that this crate carries (see `build.rs`).

use crate::error::{Context, Error, Result};
use memchr::memmem;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

static PROBE: &[u8] = include_bytes!(env!("BOXPROOF_PROBE"));

/// The mark of the slot in the program that takes the socket's path (see the probe's `main.rs`). In two parts, so that
/// this program does not hold the mark as well.
const MARK: [&[u8]; 2] = [b"boxproof-socket-", b"slot:"];
/// The length of the slot, mark included.
const SLOT: usize = 128;

/// A copy of the probe that dials `socket`, a path as seen inside the container.
pub(crate) fn probe_dialling(socket: &str) -> Result<Vec<u8>> {
    static START: OnceLock<Option<usize>> = OnceLock::new();
    let mark = MARK.concat();
    let find = || Some(memmem::find(PROBE, &mark)? + mark.len());
    let start =
        START.get_or_init(find).ok_or_else(|| Error::new("the embedded probe has no slot for its socket's path"))?;
    if mark.len() + socket.len() >= SLOT {
        return Err(Error::new(format!("the socket's path {socket} is too long for the probe")));
    }
    let mut program = PROBE.to_vec();
    program[start..start + socket.len()].copy_from_slice(socket.as_bytes());
    Ok(program)
}

/// The program itself, executable without a place in any file system.
pub(crate) fn program() -> Result<BorrowedFd<'static>> {
    static PROGRAM: OnceLock<OwnedFd> = OnceLock::new();
    if let Some(program) = PROGRAM.get() {
        return Ok(program.as_fd());
    }
    let made = open_program()?;
    Ok(PROGRAM.get_or_init(|| made).as_fd())
}

/// Whether that is what this device and inode number stand for.
pub(crate) fn is_program(device: u64, inode: u64) -> bool {
    let stat = program().ok().and_then(|program| nix::sys::stat::fstat(program).ok());
    stat.is_some_and(|stat| stat.st_dev == device && stat.st_ino == inode)
}

fn open_program() -> Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = File::from(memfd_create(c"init", flags).context("memfd_create for the testbed's init")?);
    file.write_all(PROBE).context("write the testbed's init")?;
    // All testbeds execute this one file, and root in any of them finds it at /proc/1/exe (as in CVE-2019-5736).
    let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals)).context("seal the testbed's init")?;
    // Opened again read-only: a file that is open for writing cannot be executed (ETXTBSY).
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(File::open(path).context("reopen the testbed's init")?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn nobody_changes_the_program_that_all_testbeds_execute() {
        let path = format!("/proc/self/fd/{}", program().expect("a memfd").as_raw_fd());
        let attempt = File::options().write(true).open(path).and_then(|file| file.write_at(b"#!/bin/sh", 0));
        assert!(attempt.is_err(), "{attempt:?}");
    }

    #[test]
    fn a_path_that_does_not_fit_is_refused() {
        assert!(probe_dialling("/sock").is_ok());
        assert!(probe_dialling(&"x".repeat(SLOT)).is_err());
    }
}
