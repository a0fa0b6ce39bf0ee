//! /dev: the six devices that programs expect, terminals, shared memory. Not the host's /dev, where the disks are.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::mount::MsFlags;
use nix::sys::stat::{Mode, SFlag, makedev, mkdirat, mknodat};
use nix::unistd::symlinkat;

use crate::error::{Context, Result};
use crate::mounts::{self, Rootfs};
use crate::sys::{self, Depth};

/// Name, major and minor number, as in Documentation/admin-guide/devices.txt.
const NODES: [(&str, u64, u64); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// Links that programs and shells take for granted.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// Builds /dev in a small tmpfs of the container's own, so that nothing is written to the image, and returns it. Expects
/// umask 0: a device that only root may open is no /dev/null.
pub fn mount(rootfs: &Rootfs) -> Result<OwnedFd> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    // Without a size a tmpfs may take half of the machine's memory.
    let dev = rootfs.mount("tmpfs", "/dev", flags, Some("mode=755,size=1m"))?;
    for (name, major, minor) in NODES {
        node(&dev, name, makedev(major, minor)).doing_with(|| format!("create /dev/{name}"))?;
    }
    for (name, target) in LINKS {
        symlinkat(target, &dev, name).doing_with(|| format!("create /dev/{name}"))?;
    }
    let pts = directory(&dev, "pts", 0o755).doing("create /dev/pts")?;
    mount_devpts(&pts).doing("mount devpts on /dev/pts")?;
    let shm = directory(&dev, "shm", 0o1777).doing("create /dev/shm")?;
    mounts::mount_on(&shm, "tmpfs", flags | MsFlags::MS_NODEV, Some("mode=1777,size=64m"))
        .doing("mount tmpfs on /dev/shm")?;
    Ok(dev)
}

fn node(dev: &OwnedFd, name: &str, number: u64) -> nix::Result<()> {
    match mknodat(dev, name, SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), number) {
        // Root of a user namespace must not make devices, but may borrow those of the host, whose / is still here.
        Err(Errno::EPERM) => {
            let source = open(format!("/dev/{name}").as_str(), OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
            let flags = OFlag::O_RDONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
            let target = openat(dev, name, flags, Mode::from_bits_truncate(0o666))?;
            sys::bind(&source, &target, Depth::Single).map(drop)
        }
        result => result,
    }
}

fn directory(dev: &OwnedFd, name: &str, mode: u32) -> nix::Result<OwnedFd> {
    mkdirat(dev, name, Mode::from_bits_truncate(mode))?;
    openat(dev, name, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
}

/// An instance of devpts of the container's own, so that terminals are numbered from 0 and the host's are not in it.
/// `ptmxmode` defaults to 0, with which nobody could open a terminal; group 5 is `tty` nearly everywhere.
fn mount_devpts(pts: &OwnedFd) -> nix::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    match mounts::mount_on(pts, "devpts", flags, Some("newinstance,ptmxmode=0666,mode=0620,gid=5")) {
        // A user namespace need not have a group 5.
        Err(Errno::EINVAL) => mounts::mount_on(pts, "devpts", flags, Some("newinstance,ptmxmode=0666,mode=0620")),
        result => result,
    }
}
