//! How a mount is: what may be done on it, and how mounts travel from it and to it. Said in the flags of `mount(2)`, done with
//! `mount_setattr(2)`.

use std::os::fd::OwnedFd;

use nix::mount::MsFlags;

use crate::sys::{self, Depth};

/// How it is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    pub set: MsFlags,
    pub clear: MsFlags,
    /// For binds: the same for all mounts below.
    pub set_below: MsFlags,
    pub clear_below: MsFlags,
    /// `MS_SLAVE` and the like, with `MS_REC` for all mounts below; empty leaves it as it is.
    pub propagation: MsFlags,
}

impl Flags {
    /// Nothing but these.
    pub const fn of(set: MsFlags) -> Flags {
        let none = MsFlags::empty();
        Flags { set, clear: none, set_below: none, clear_below: none, propagation: none }
    }

    /// The directory and all that is mounted below it may be looked at, and not touched.
    pub const READ_ONLY: Flags = Flags { set_below: MsFlags::MS_RDONLY, ..Flags::of(MsFlags::empty()) };
}

/// Changes a finished mount, and those below it if that is asked for.
pub fn change(mount: &OwnedFd, flags: &Flags) -> nix::Result<()> {
    let Flags { set, clear, set_below, clear_below, propagation } = *flags;
    let (recursive, kind) = (propagation.contains(MsFlags::MS_REC), (propagation - MsFlags::MS_REC).bits());
    let steps = [(set, clear, 0, Depth::Single), (set_below, clear_below, 0, Depth::Recursive)];
    let none = MsFlags::empty();
    let ties = (none, none, kind, if recursive { Depth::Recursive } else { Depth::Single });
    for (set, clear, propagation, depth) in steps.into_iter().chain([ties]) {
        if !(set | clear).is_empty() || propagation != 0 {
            sys::change_mount(mount, attributes(set), cleared(set, clear), propagation, depth)?;
        }
    }
    Ok(())
}

/// The flags of `mount(2)` as attributes of `mount_setattr(2)`.
fn attributes(flags: MsFlags) -> u64 {
    const NO_SYMLINKS: MsFlags = MsFlags::from_bits_retain(256);
    let table = [
        (MsFlags::MS_RDONLY, libc::MOUNT_ATTR_RDONLY),
        (MsFlags::MS_NOSUID, libc::MOUNT_ATTR_NOSUID),
        (MsFlags::MS_NODEV, libc::MOUNT_ATTR_NODEV),
        (MsFlags::MS_NOEXEC, libc::MOUNT_ATTR_NOEXEC),
        (MsFlags::MS_NOATIME, libc::MOUNT_ATTR_NOATIME),
        (MsFlags::MS_STRICTATIME, libc::MOUNT_ATTR_STRICTATIME),
        (MsFlags::MS_NODIRATIME, libc::MOUNT_ATTR_NODIRATIME),
        (NO_SYMLINKS, libc::MOUNT_ATTR_NOSYMFOLLOW),
    ];
    table.into_iter().filter(|(flag, _)| flags.contains(*flag)).fold(0, |sum, (_, attribute)| sum | attribute)
}

/// The three ways of keeping access times are one field: whoever sets one clears them all.
fn cleared(set: MsFlags, clear: MsFlags) -> u64 {
    let times = MsFlags::MS_NOATIME | MsFlags::MS_STRICTATIME | MsFlags::MS_RELATIME;
    let clear_times = if (set | clear).intersects(times) { libc::MOUNT_ATTR__ATIME } else { 0 };
    attributes(clear - times) | clear_times
}

/// The flags of `rootfsPropagation` and of mount options, by their names there.
pub fn propagation(word: &str) -> Option<MsFlags> {
    let (recursive, kind) = match word.strip_prefix('r') {
        Some(kind) => (MsFlags::MS_REC, kind),
        None => (MsFlags::empty(), word),
    };
    let kind = match kind {
        "private" => MsFlags::MS_PRIVATE,
        "shared" => MsFlags::MS_SHARED,
        "slave" => MsFlags::MS_SLAVE,
        "unbindable" => MsFlags::MS_UNBINDABLE,
        _ => return None,
    };
    Some(kind | recursive)
}
