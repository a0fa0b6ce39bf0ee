//! What the container sees as its file system: the rootfs as `/`, and in it /proc, /sys and /dev.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::{Path, PathBuf};

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{Mode, SFlag, fstat, major, minor, mkdirat};
use nix::unistd::{UnlinkatFlags, chdir, fchdir, pivot_root, unlinkat, write};

use crate::cgroup;
use crate::container::Root;
use crate::error::{Context, Error, Result};
use crate::flags::{Flags, change};
use crate::overlay::{self, Image};
use crate::sys::{self, Depth};

/// Neither set-user-ID programs nor devices nor programs at all belong on a file system that the kernel invents.
pub const LOCKED: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV).union(MsFlags::MS_NOEXEC);

/// Doors into the one kernel that all containers share. They may be looked at: what is written there (a core pattern, a
/// SysRq key) reaches every process of the machine.
pub const READ_ONLY: [&str; 5] = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"];

/// The kernel's memory, the keys it holds, the timers of everyone, the machine's hardware: not even to be looked at.
pub const MASKED: [&str; 10] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// Cuts the ties of propagation. A mount namespace begins as a copy of its parent, and where `/` is shared (systemd
/// makes it so) the copies are peers: every mount made below would appear on the host as well, and stay there. `SLAVE`
/// still lets in what the host mounts later.
pub fn cut_ties(propagation: MsFlags) -> Result<()> {
    let inward = MsFlags::MS_SLAVE | MsFlags::MS_SHARED;
    let kind = if propagation.intersects(inward) { MsFlags::MS_SLAVE } else { MsFlags::MS_PRIVATE };
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | kind, None::<&str>).doing("make / private")
}

/// Something that the container finds at a place of its file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where it is in the container.
    pub target: PathBuf,
    pub source: Source,
    pub flags: Flags,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A new file system, with the text that its kind understands (a size, a mode).
    /// With `copy_up` it begins with what the image has at that place.
    New { kind: String, name: String, data: String, copy_up: bool },
    /// A file or directory that the host has.
    Bind { path: PathBuf, depth: Depth },
}

/// What every container has that does not say otherwise: /proc, by a process that is already in the new PID namespace
/// (procfs shows the one of whoever mounts it); /sys read-only, as apart from its network part it is the machine's; /dev in
/// a small tmpfs, so that nothing is written to the image; terminals of its own, numbered from 0; shared memory.
pub fn usual() -> Vec<Mount> {
    let new = |kind: &str, target: &str, set: MsFlags, data: &str| Mount {
        target: target.into(),
        source: Source::New { kind: kind.into(), name: kind.into(), data: data.into(), copy_up: false },
        flags: Flags::of(set),
    };
    let devices = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    vec![
        new("proc", "/proc", LOCKED, ""),
        new("sysfs", "/sys", LOCKED | MsFlags::MS_RDONLY, ""),
        // Without a size a tmpfs may take half of the machine's memory.
        new("tmpfs", "/dev", devices, "mode=755,size=1m"),
        // `ptmxmode` defaults to 0, with which nobody could open a terminal; group 5 is `tty` nearly everywhere.
        new("devpts", "/dev/pts", devices, "newinstance,ptmxmode=0666,mode=0620,gid=5"),
        new("tmpfs", "/dev/shm", LOCKED, "mode=1777,size=64m"),
    ]
}

/// A file of the image that has other contents in the container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    pub path: PathBuf,
    pub contents: Contents,
}

/// Where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    Text(String),
    /// A file of the host, which may go on changing.
    File(PathBuf),
}

/// The future `/`, while the host's `/` is still there: whatever is mounted goes through here.
pub struct Rootfs(OwnedFd);

impl Rootfs {
    /// The image as a mount of its own, because `pivot_root` takes only the root of a mount.
    pub fn open(image: &Image) -> Result<Rootfs> {
        match image {
            Image::Directory(path) => Rootfs::bind(path),
            Image::Layers { lower, kept } => overlay::mount(lower, kept.as_deref()).map(Rootfs),
        }
    }

    /// Binds a directory onto itself, with all that the user has mounted below it. What is returned refers to the new mount;
    /// the directory's own name still means the one beneath.
    fn bind(path: &Path) -> Result<Rootfs> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory =
            open(path, flags, Mode::empty()).doing_with(|| format!("open the rootfs {}", path.display()))?;
        let mount = sys::bind(&directory, &directory, Depth::Recursive);
        mount.doing_with(|| format!("bind {} onto itself", path.display())).map(Rootfs)
    }

    /// Finds `path` as it will be found inside. An image may say that its /proc is a symbolic link to /etc, and before
    /// `pivot_root` that would be the host's /etc; RESOLVE_IN_ROOT follows every link as if the rootfs were `/` already.
    pub fn find<P: ?Sized + NixPath>(&self, path: &P, flags: OFlag) -> nix::Result<OwnedFd> {
        let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC | flags).resolve(ResolveFlag::RESOLVE_IN_ROOT);
        // A path with `..` in it may be looked up while somebody on the machine mounts or renames something: then the kernel
        // cannot be sure that it stays in the root, and wants to be asked again.
        for _ in 0..128 {
            match openat2(&self.0, path, how) {
                Err(Errno::EAGAIN) => {}
                result => return result,
            }
        }
        Err(Errno::EAGAIN)
    }

    /// Opens a directory, which is created if the image lacks it, as are those above it.
    pub fn directory(&self, path: &Path) -> Result<OwnedFd> {
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

    /// Opens a file, which is created, empty, if the image lacks it.
    fn file(&self, path: &Path) -> Result<OwnedFd> {
        let doing = || format!("create {} in the rootfs", path.display());
        match (self.find(path, OFlag::empty()), path.parent(), path.file_name()) {
            (Err(Errno::ENOENT), Some(parent), Some(name)) => {
                let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
                openat(&self.directory(parent)?, name, flags, Mode::from_bits_truncate(0o644)).doing_with(doing)
            }
            (found, ..) => found.doing_with(doing),
        }
    }

    /// Mounts what the container is to have at one place.
    pub fn mount(&self, item: &Mount) -> Result<()> {
        let target = &item.target;
        match &item.source {
            Source::New { kind, name, data, copy_up } => {
                let doing = || format!("mount {kind} on {}", target.display());
                let beneath = self.directory(target)?;
                match mount_on(&beneath, kind, name, item.flags.set, data) {
                    // Root of a user namespace must not, but may look at that of the host, whose / is still here. The flags
                    // are for all that is mounted below it, too.
                    Err(error @ (Errno::EPERM | Errno::EBUSY)) if kind == "cgroup2" => {
                        let Ok(path) = cgroup::mount_point() else { return Err(error).doing_with(doing) };
                        let source = Source::Bind { path, depth: Depth::Recursive };
                        let flags = Flags { set_below: item.flags.set, ..item.flags };
                        return self.mount(&Mount { source, flags, target: target.clone() });
                    }
                    result => result.doing_with(doing)?,
                }
                if *copy_up {
                    copy(&by_name(&beneath), &by_name(&self.directory(target)?))
                        .doing_with(|| format!("copy the image's {}", target.display()))?;
                }
                if !item.flags.propagation.is_empty() {
                    change(&self.directory(target)?, &item.flags).doing_with(doing)?;
                }
                Ok(())
            }
            Source::Bind { path, depth } => {
                let doing = || format!("bind {} on {}", path.display(), target.display());
                let source = open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
                    .doing_with(|| format!("open {}", path.display()))?;
                let place = if is(&source, SFlag::S_IFDIR) { self.directory(target)? } else { self.file(target)? };
                let mount = sys::bind(&source, &place, *depth).doing_with(doing)?;
                change(&mount, &item.flags).doing_with(|| format!("set the flags of {}", target.display()))
            }
        }
    }

    /// Gives a file of the image other contents. Files that the image lacks are not created: the rootfs is the user's, and
    /// may serve others.
    pub fn cover(&self, cover: &Cover) -> Result<()> {
        let doing = || format!("give {} its contents", cover.path.display());
        let place = match self.find(&cover.path, OFlag::empty()) {
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
            place => place.doing_with(|| format!("open {} in the rootfs", cover.path.display()))?,
        };
        match &cover.contents {
            Contents::Text(text) => self.draft(&place, text.as_bytes()).doing_with(doing),
            Contents::File(path) => {
                let file = open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).doing_with(doing)?;
                let mount = sys::bind(&file, &place, Depth::Single).doing_with(doing)?;
                // Others read it too.
                change(&mount, &Flags::READ_ONLY).doing_with(doing)
            }
        }
    }

    /// Mounts a file with these contents over `place`. It lives in /dev, without a name as soon as it is bound.
    fn draft(&self, place: &OwnedFd, contents: &[u8]) -> nix::Result<()> {
        const DRAFT: &str = ".draft";
        let dev = self.find("/dev", OFlag::O_DIRECTORY)?;
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        let file = openat(&dev, DRAFT, flags, Mode::from_bits_truncate(0o644))?;
        write(&file, contents)?;
        sys::bind(&file, place, Depth::Single)?;
        unlinkat(&dev, DRAFT, UnlinkatFlags::NoRemoveDir)
    }

    /// Makes a path read-only by a mount of it onto itself. What there is not needs no closing.
    pub fn protect(&self, path: &Path) -> Result<()> {
        let doing = || format!("make {} read-only", path.display());
        match self.find(path, OFlag::empty()) {
            Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(()),
            place => {
                let place = place.doing_with(doing)?;
                let mount = sys::bind(&place, &place, Depth::Recursive).doing_with(doing)?;
                change(&mount, &Flags::READ_ONLY).doing_with(doing)
            }
        }
    }

    /// Hides a path: a file under the container's /dev/null, a directory under an empty one.
    pub fn mask(&self, path: &Path) -> Result<()> {
        let doing = || format!("mask {}", path.display());
        match self.find(path, OFlag::empty()) {
            Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(()),
            place => {
                let place = place.doing_with(doing)?;
                if is(&place, SFlag::S_IFDIR) {
                    // As small as can be: 0 would be no limit at all.
                    return mount_on(&place, "tmpfs", "tmpfs", LOCKED | MsFlags::MS_RDONLY, "nr_blocks=1,nr_inodes=1")
                        .doing_with(doing);
                }
                sys::bind(&self.null()?, &place, Depth::Single).map(drop).doing_with(doing)
            }
        }
    }

    /// The container's /dev/null, and nothing that only is called so: an image's link would be masked instead.
    fn null(&self) -> Result<OwnedFd> {
        let null = self.find("/dev/null", OFlag::O_NOFOLLOW).doing("open /dev/null in the rootfs")?;
        let status = fstat(&null).doing("look at /dev/null in the rootfs")?;
        let genuine = is(&null, SFlag::S_IFCHR) && (major(status.st_rdev), minor(status.st_rdev)) == (1, 3);
        if genuine { Ok(null) } else { Err(Error::new("/dev/null in the rootfs is not the null device")) }
    }

    /// The last step of building: from now on the container's `/` itself cannot be written.
    pub fn make_read_only(&self) -> Result<()> {
        change(&self.0, &Flags::of(MsFlags::MS_RDONLY)).doing("make the rootfs read-only")
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

/// Mounts a new file system over an open directory, by way of the working directory: no path is looked up that an
/// image or a mount could have redirected in the meantime.
fn mount_on(directory: &OwnedFd, kind: &str, name: &str, flags: MsFlags, data: &str) -> nix::Result<()> {
    fchdir(directory)?;
    let attempt = |data: &str| mount(Some(name), ".", Some(kind), flags, (!data.is_empty()).then_some(data));
    match attempt(data) {
        // A user namespace need not have a group 5.
        Err(Errno::EINVAL) if kind == "devpts" && data.contains(",gid=5") => attempt(&data.replace(",gid=5", "")),
        result => result,
    }
}

/// An open file by way of the host's /proc, for what takes only names.
fn by_name(file: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Copies what is in a directory: files, links and directories, with their owners and modes. By their names: whoever changes
/// the rootfs at this moment, another container in it, could put a link in a directory's place.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to, status) = (entry.path(), to.join(entry.file_name()), entry.metadata()?);
        if status.is_symlink() {
            symlink(fs::read_link(&from)?, &to)?;
        } else if status.is_dir() {
            fs::create_dir(&to)?;
            copy(&from, &to)?;
        } else if status.is_file() {
            fs::copy(&from, &to)?;
        } else {
            continue;
        }
        lchown(&to, Some(status.uid()), Some(status.gid()))?;
        if !status.is_symlink() {
            fs::set_permissions(&to, status.permissions())?;
        }
    }
    Ok(())
}

fn is(file: &OwnedFd, kind: SFlag) -> bool {
    fstat(file).is_ok_and(|status| SFlag::from_bits_truncate(status.st_mode & SFlag::S_IFMT.bits()) == kind)
}

/// Sets how mounts under the container's `/` travel, once it is `/`.
pub fn set_propagation(root: &Root) -> Result<()> {
    if root.propagation.is_empty() {
        return Ok(());
    }
    mount(None::<&str>, "/", None::<&str>, root.propagation, None::<&str>).doing("set the propagation of /")
}
