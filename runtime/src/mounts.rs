//! What the container sees as its file system: the rootfs as `/`, and in it /proc, /sys and /dev.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, chdir, fchdir, pivot_root, unlinkat, write};

use crate::error::{Context, Result};
use crate::sys::{self, Depth};

/// Neither set-user-ID programs nor devices nor programs at all belong on a file system that the kernel invents.
const LOCKED: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV).union(MsFlags::MS_NOEXEC);

/// Of /proc, doors into the one kernel that all containers share. They may be looked at: what is written there (a core pattern, a
/// SysRq key) reaches every process of the machine.
const READ_ONLY: [&str; 5] = ["sys", "sysrq-trigger", "irq", "bus", "fs"];

/// Of /proc, the kernel's memory, the keys it holds and the timers of everyone: not even to be looked at.
const MASKED: [&str; 3] = ["kcore", "keys", "timer_list"];

/// Cuts the ties of propagation. A mount namespace begins as a copy of its parent, and where `/` is shared (systemd
/// makes it so) the copies are peers: every mount made below would appear on the host as well, and stay there.
pub fn make_private() -> Result<()> {
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>).doing("make / private")
}

/// A directory of the host that the container is to have.
#[derive(Debug, PartialEq, Eq)]
pub struct Volume {
    /// Where it is on the host.
    pub source: PathBuf,
    /// Where it is in the container.
    pub target: PathBuf,
    /// The container may look, and not touch.
    pub read_only: bool,
}

/// The future `/`, while the host's `/` is still there: whatever is mounted goes through here.
pub struct Rootfs(OwnedFd);

impl Rootfs {
    /// Binds the rootfs onto itself, because `pivot_root` takes only the root of a mount, with all that the user has
    /// mounted below it. What is returned refers to the new mount; the directory's own name still means the one beneath.
    pub fn bind(path: &Path) -> Result<Rootfs> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory =
            open(path, flags, Mode::empty()).doing_with(|| format!("open the rootfs {}", path.display()))?;
        let mount = sys::bind(&directory, &directory, Depth::Recursive);
        mount.doing_with(|| format!("bind {} onto itself", path.display())).map(Rootfs)
    }

    /// Finds `path` as it will be found inside. An image may say that its /proc is a symbolic link to /etc, and before
    /// `pivot_root` that would be the host's /etc; RESOLVE_IN_ROOT follows every link as if the rootfs were `/` already.
    fn find<P: ?Sized + NixPath>(&self, path: &P, flags: OFlag) -> nix::Result<OwnedFd> {
        let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC | flags).resolve(ResolveFlag::RESOLVE_IN_ROOT);
        openat2(&self.0, path, how)
    }

    /// Opens a directory, which is created if the image lacks it, as are those above it.
    fn directory(&self, path: &Path) -> Result<OwnedFd> {
        let find = || self.find(path, OFlag::O_DIRECTORY);
        let found = match (find(), path.parent(), path.file_name()) {
            (Err(Errno::ENOENT), Some(parent), Some(name)) => {
                match mkdirat(&self.directory(parent)?, name, Mode::from_bits_truncate(0o755)) {
                    // There is a link, and nothing in the image where it leads: that is for the user to decide.
                    Err(Errno::EEXIST) => {}
                    result => result.doing_with(|| format!("create {} in the rootfs", path.display()))?,
                }
                find()
            }
            (found, ..) => found,
        };
        found.doing_with(|| format!("open {} in the rootfs", path.display()))
    }

    /// Mounts a new file system on a directory, and returns it.
    pub fn mount(&self, kind: &str, path: &str, flags: MsFlags, data: Option<&str>) -> Result<OwnedFd> {
        let directory = self.directory(Path::new(path))?;
        mount_on(&directory, kind, flags, data).doing_with(|| format!("mount {kind} on {path}"))?;
        self.directory(Path::new(path))
    }

    /// /proc, by a process that is already in the new PID namespace: procfs shows the one of whoever mounts it.
    pub fn mount_proc(&self) -> Result<OwnedFd> {
        self.mount("proc", "/proc", LOCKED, None)
    }

    /// /sys, read-only: apart from its network part it is the machine's, not the container's.
    pub fn mount_sys(&self) -> Result<()> {
        self.mount("sysfs", "/sys", LOCKED | MsFlags::MS_RDONLY, None).map(drop)
    }

    /// Lets the container find itself by name: /etc/hostname and /etc/hosts get their own contents, by a mount over the
    /// image's files. Files that the image lacks are not created: the rootfs is the user's, and may serve others.
    pub fn name_itself(&self, dev: &OwnedFd, hostname: &str) -> Result<()> {
        let hosts = format!("127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t{hostname}\n");
        for (path, contents) in [("/etc/hostname", format!("{hostname}\n")), ("/etc/hosts", hosts)] {
            let place = match self.find(path, OFlag::empty()) {
                Err(Errno::ENOENT | Errno::ENOTDIR) => continue,
                place => place.doing_with(|| format!("open {path} in the rootfs"))?,
            };
            cover(&place, dev, contents.as_bytes()).doing_with(|| format!("give {path} its contents"))?;
        }
        Ok(())
    }

    /// Binds a directory of the host into the container, with all that is mounted below it.
    pub fn mount_volume(&self, volume: &Volume) -> Result<()> {
        let Volume { source, target, read_only } = volume;
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(source, flags, Mode::empty()).doing_with(|| format!("open {}", source.display()))?;
        let mount = sys::bind(&directory, &self.directory(target)?, Depth::Recursive)
            .doing_with(|| format!("bind {} on {}", source.display(), target.display()))?;
        if *read_only {
            sys::make_read_only(&mount).doing_with(|| format!("make {} read-only", target.display()))?;
        }
        Ok(())
    }

    /// Makes the rootfs `/` and lets go of the host's file system.
    ///
    /// `chroot` would only move the starting point of paths: the host's mounts would remain in this namespace, within
    /// reach of every process that may call `chroot` again. With "." for both arguments the old root ends up mounted
    /// over the new one, so no directory for it is needed; "." is then the old root, and MNT_DETACH, because this
    /// process still stands in it, takes it away with everything below. See NOTES in pivot_root(2).
    pub fn pivot(self) -> Result<()> {
        fchdir(&self.0).doing("chdir to the rootfs")?;
        pivot_root(".", ".").doing("pivot_root to the rootfs")?;
        umount2(".", MntFlags::MNT_DETACH).doing("unmount the host's root")?;
        chdir("/").doing("chdir to /")
    }
}

/// Mounts a file with these contents over `place`. It lives in the /dev tmpfs, without a name as soon as it is bound.
fn cover(place: &OwnedFd, dev: &OwnedFd, contents: &[u8]) -> nix::Result<()> {
    const DRAFT: &str = ".draft";
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
    let file = openat(dev, DRAFT, flags, Mode::from_bits_truncate(0o644))?;
    write(&file, contents)?;
    sys::bind(&file, place, Depth::Single)?;
    unlinkat(dev, DRAFT, UnlinkatFlags::NoRemoveDir)
}

/// Mounts a new file system over an open directory, by way of the working directory: no path is looked up that an
/// image or a mount could have redirected in the meantime.
pub fn mount_on(directory: &OwnedFd, kind: &str, flags: MsFlags, data: Option<&str>) -> nix::Result<()> {
    fchdir(directory)?;
    mount(Some(kind), ".", Some(kind), flags, data)
}

/// Closes the dangerous parts of /proc, the latter with the container's /dev/null. What this kernel does not have needs
/// no closing. Nothing in procfs is the image's, so that plain names are safe here.
pub fn protect_proc(proc: &OwnedFd, dev: &OwnedFd) -> Result<()> {
    fchdir(proc).doing("chdir to /proc")?;
    for name in READ_ONLY {
        match mount(Some(name), name, None::<&str>, MsFlags::MS_BIND, None::<&str>) {
            Err(Errno::ENOENT) => continue,
            result => result.doing_with(|| format!("bind /proc/{name} onto itself"))?,
        }
        // A bind ignores MS_RDONLY when it is made; only a remount of the finished bind heeds it.
        let flags = LOCKED | MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(None::<&str>, name, None::<&str>, flags, None::<&str>)
            .doing_with(|| format!("make /proc/{name} read-only"))?;
    }
    let null = open_path(dev, "null").doing("open /dev/null")?;
    for name in MASKED {
        match open_path(proc, name) {
            Err(Errno::ENOENT) => {}
            file => {
                let file = file.doing_with(|| format!("open /proc/{name}"))?;
                sys::bind(&null, &file, Depth::Single).doing_with(|| format!("mask /proc/{name}"))?;
            }
        }
    }
    Ok(())
}

/// Refers to a file of the kernel's own file systems without opening it.
fn open_path(directory: &OwnedFd, name: &str) -> nix::Result<OwnedFd> {
    openat(directory, name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())
}
