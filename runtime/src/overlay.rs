//! The image: a directory used in place, or layers under a file system that joins them (OverlayFS).
//! See Documentation/filesystems/overlayfs.rst.

use std::fs::{self, File, TryLockError};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::mount::MsFlags;
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::chdir;

use crate::error::{Context, Error, Result};

/// Where the container's `/` comes from.
#[derive(Debug)]
pub enum Image {
    /// One directory. What the container writes stays in it.
    Directory(PathBuf),
    /// Layers, the lowest first. None of them is ever written.
    Layers {
        /// The directories of the image.
        lower: Vec<PathBuf>,
        /// Where what the container writes is kept; `None` keeps it in memory, and throws it away in the end.
        kept: Option<PathBuf>,
    },
}

impl Default for Image {
    fn default() -> Image {
        Image::Directory("rootfs".into())
    }
}

/// Says that this process alone writes to a kept layer: two containers on one are what the kernel calls undefined.
pub struct Claim(#[expect(dead_code, reason = "held open, because closing it lets the lock go")] Option<File>);

impl Image {
    /// Finds the commonest mistakes before anything is made, and claims what is written.
    pub fn check(&self) -> Result<Claim> {
        match self {
            Image::Directory(path) => check_directory("rootfs", path).map(|()| Claim(None)),
            Image::Layers { lower, kept } => {
                lower.iter().try_for_each(|path| check_directory("image", path))?;
                kept.as_deref().map(claim).transpose().map(Claim)
            }
        }
    }
}

fn check_directory(what: &str, path: &Path) -> Result<()> {
    let doing = || format!("open the {what} {}", path.display());
    if fs::metadata(path).doing_with(doing)?.is_dir() { Ok(()) } else { Err(Errno::ENOTDIR).doing_with(doing) }
}

fn claim(path: &Path) -> Result<File> {
    let doing = || format!("open the layer {}", path.display());
    fs::create_dir_all(path).doing_with(doing)?;
    let directory = File::open(path).doing_with(doing)?;
    match directory.try_lock() {
        Ok(()) => Ok(directory),
        Err(TryLockError::WouldBlock) => Err(Error::new(format!("{} is written by another container", path.display()))
            .hint("give every container its own directory with --keep")),
        Err(TryLockError::Error(error)) => Err(error).doing_with(|| format!("lock {}", path.display())),
    }
}

/// Joins the layers and returns the mount, attached in the container's own mount namespace: nothing of it is ever seen
/// on the host, and it goes when the container does.
///
/// The layers are named by their descriptors, as links in /proc/self/fd: in their list no colon, comma or backslash of a path
/// can be misread, five hundred of them (the kernel's limit) fit on the one page that mount(2) takes, and what the container
/// reads in its table of mounts does not tell where on the host they are. The newer way, `lowerdir+` of fsconfig(2), needs
/// Linux 6.5 and does no more.
pub fn mount(lower: &[PathBuf], kept: Option<&Path>) -> Result<OwnedFd> {
    let layers = lower.iter().map(|path| directory(path)).collect::<Result<Vec<_>>>()?;
    let Some(place) = lower.last() else { return Err(Error::new("an image has at least one layer")) };
    let place = std::path::absolute(place).doing_with(|| format!("find the layer {}", place.display()))?;
    let written = match kept {
        Some(path) => directory(path)?,
        None => memory(&place)?,
    };
    // On one mount, and beside each other: the kernel moves files from one to the other.
    let (upper, work) = (subdirectory(&written, "upper")?, subdirectory(&written, "work")?);

    chdir("/proc/self/fd").doing("chdir to /proc/self/fd")?;
    // The uppermost first.
    let names: Vec<String> = layers.iter().rev().map(|layer| layer.as_raw_fd().to_string()).collect();
    let data = format!("lowerdir={},upperdir={},workdir={}", names.join(":"), upper.as_raw_fd(), work.as_raw_fd());
    let kind = Some("overlay");
    nix::mount::mount(kind, &place, kind, MsFlags::empty(), Some(data.as_str())).doing("mount the image's layers")?;
    directory(&place)
}

/// A tmpfs for what is thrown away in the end (without a size: half of the machine's memory or what the container's limit
/// grants is what a disk would be), mounted over a layer's directory: overlayfs wants it to be somewhere.
fn memory(place: &Path) -> Result<OwnedFd> {
    let kind = Some("tmpfs");
    nix::mount::mount(kind, place, kind, MsFlags::MS_NODEV, Some("mode=755"))
        .doing("mount a tmpfs for the upper layer")?;
    directory(place)
}

fn directory(path: &Path) -> Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    open(path, flags, Mode::empty()).doing_with(|| format!("open the layer {}", path.display()))
}

fn subdirectory(parent: &OwnedFd, name: &str) -> Result<OwnedFd> {
    let doing = || format!("create {name} for the upper layer");
    match mkdirat(parent, name, Mode::from_bits_truncate(0o755)) {
        Err(Errno::EEXIST) => {}
        result => result.doing_with(doing)?,
    }
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(parent, name, flags, Mode::empty()).doing_with(doing)
}
