//! The image: a directory used in place, or layers under a file system that joins them (OverlayFS).
//! See Documentation/filesystems/overlayfs.rst.

use std::fs::{self, File, TryLockError};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};

use crate::error::{Context, Error, Result};
use crate::sys::{self, FileSystem};

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
        Err(TryLockError::WouldBlock) => {
            Err(Error::new(format!("{} is written by another container", path.display()))
                .hint("give every container its own directory with --keep"))
        }
        Err(TryLockError::Error(error)) => Err(error).doing_with(|| format!("lock {}", path.display())),
    }
}

/// Joins the layers and returns the mount, attached in the container's own mount namespace: nothing of it is ever seen
/// on the host, and it goes when the container does.
///
/// The new mount API takes one layer at a time, so there is no list in which a colon or comma would end a name, and no
/// page that many layers could overflow. And the layers are named by descriptor, in /proc: what the container reads in
/// its table of mounts does not tell where on the host they are.
pub fn mount(lower: &[PathBuf], kept: Option<&Path>) -> Result<OwnedFd> {
    let layers = lower.iter().map(|path| directory(path)).collect::<Result<Vec<_>>>()?;
    let Some(place) = layers.last() else { return Err(Error::new("an image has at least one layer")) };
    let written = match kept {
        Some(path) => directory(path)?,
        None => memory(place)?,
    };
    // On one mount, and beside each other: the kernel moves files from one to the other.
    let (upper, work) = (subdirectory(&written, "upper")?, subdirectory(&written, "work")?);

    let overlay = FileSystem::open(c"overlay").doing("open the overlay file system")?;
    // The uppermost first.
    for (layer, path) in layers.iter().zip(lower).rev() {
        overlay.set(c"lowerdir+", &name(layer)).map_err(explain).doing_with(|| format!("add the layer {}", path.display()))?;
    }
    overlay.set(c"upperdir", &name(&upper)).doing("set the upper layer")?;
    overlay.set(c"workdir", &name(&work)).doing("set the work directory of the upper layer")?;
    let mount = overlay.mount(0).doing("mount the image's layers")?;
    sys::attach(&mount, place).doing("attach the image's layers")?;
    Ok(mount)
}

/// Kernels before 6.5 do not know `lowerdir+`, and say only that something is invalid.
fn explain(error: Errno) -> std::io::Error {
    match error {
        Errno::EINVAL => std::io::Error::other("EINVAL: layers need Linux 6.5, and directories on a file system that overlayfs takes"),
        error => error.into(),
    }
}

/// A tmpfs for what is thrown away in the end, attached over a layer's directory: overlayfs wants it to be somewhere.
fn memory(place: &OwnedFd) -> Result<OwnedFd> {
    let tmpfs = FileSystem::open(c"tmpfs").doing("open tmpfs")?;
    tmpfs.set(c"mode", "0755").doing("set the mode of the upper layer")?;
    let mount = tmpfs.mount(libc::MOUNT_ATTR_NODEV).doing("mount a tmpfs for the upper layer")?;
    sys::attach(&mount, place).doing("attach the upper layer")?;
    Ok(mount)
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

fn name(directory: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", directory.as_raw_fd())
}
