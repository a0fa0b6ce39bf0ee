//! /dev: the six devices that programs expect and the links that shells take for granted. Not the host's /dev, where the
//! disks are.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstatat, makedev, mknodat};
use nix::unistd::{Gid, Uid, fchownat, symlinkat};

use crate::error::{Context, Error, Result};
use crate::mounts::Rootfs;
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

/// A device node, or a pipe with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub path: PathBuf,
    pub kind: SFlag,
    pub number: u64,
    pub mode: u32,
    pub owner: u32,
    pub group: u32,
}

/// The six.
pub fn usual() -> Vec<Device> {
    let device = |(name, major, minor): (&str, u64, u64)| Device {
        path: Path::new("/dev").join(name),
        kind: SFlag::S_IFCHR,
        number: makedev(major, minor),
        // A device that only root may open is no /dev/null.
        mode: 0o666,
        owner: 0,
        group: 0,
    };
    NODES.into_iter().map(device).collect()
}

/// Makes nodes and links. Expects umask 0.
pub fn populate(rootfs: &Rootfs, devices: &[Device]) -> Result<()> {
    for device in devices {
        let (Some(parent), Some(name)) = (device.path.parent(), device.path.file_name()) else {
            return Err(Error::new(format!("{} is no place for a device", device.path.display())));
        };
        let directory = rootfs.directory(parent)?;
        node(&directory, Path::new(name), device).doing_with(|| format!("create {}", device.path.display()))?;
    }
    let dev = rootfs.directory(Path::new("/dev"))?;
    for (name, target) in LINKS {
        match symlinkat(target, &dev, name) {
            // The image has its own.
            Err(Errno::EEXIST) => {}
            result => result.doing_with(|| format!("create /dev/{name}"))?,
        }
    }
    Ok(())
}

fn node(directory: &OwnedFd, name: &Path, device: &Device) -> nix::Result<()> {
    match mknodat(directory, name, device.kind, Mode::from_bits_truncate(device.mode), device.number) {
        // Root of a user namespace must not make devices, but may borrow those of the host, whose / is still here.
        Err(Errno::EPERM) => {
            let source = open(&device.path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
            let flags = OFlag::O_RDONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
            let target = openat(directory, name, flags, Mode::from_bits_truncate(0o666))?;
            sys::bind(&source, &target, Depth::Single).map(drop)
        }
        // The image's own will do if it is this device, and not a file that is only called so.
        Err(Errno::EEXIST) => {
            let found = fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
            let same = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == device.kind
                && (device.kind == SFlag::S_IFIFO || found.st_rdev == device.number);
            if same { Ok(()) } else { Err(Errno::EEXIST) }
        }
        Ok(()) if (device.owner, device.group) == (0, 0) => Ok(()),
        Ok(()) => {
            let (owner, group) = (Uid::from_raw(device.owner), Gid::from_raw(device.group));
            fchownat(directory, name, Some(owner), Some(group), AtFlags::AT_SYMLINK_NOFOLLOW)
        }
        result => result,
    }
}
