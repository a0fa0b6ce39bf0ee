//! Where the container's root file system comes from.
//!
//! In this order: the directory somebody named, `rootfs/` beside the program (as in the workshop), an alpine image that
//! podman or docker already have, and otherwise one made from a static busybox. Nothing is ever pulled from a registry.

mod busybox;
mod image;

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::apt::AptError;
use crate::tree::{Tree, TreeError};
use busybox::Busybox;
use image::Image;

/// The commands that the workshop uses inside a container.
const WANTED: [&str; 4] = ["sh", "ps", "ip", "nc"];

/// Where [`WANTED`] are looked for, as a shell without PATH would.
const COMMANDS: [&str; 4] = ["bin", "sbin", "usr/bin", "usr/sbin"];

/// A root file system that can be had.
#[derive(Clone, Debug)]
pub struct RootfsSource(Origin);

#[derive(Clone, Debug)]
enum Origin {
    Directory(PathBuf),
    Image(Image),
    Busybox(Busybox),
}

/// Why there is no root file system.
#[derive(Debug)]
#[non_exhaustive]
pub enum RootfsError {
    /// The directory that was named will not do.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// podman or docker have the image but do not hand it out.
    Image {
        /// The command that failed.
        command: String,
        /// What it said.
        detail: String,
    },
    /// A busybox could not be asked for its commands.
    Busybox {
        /// The program.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
    /// This machine has no static busybox, and none could be fetched.
    Apt(AptError),
    /// A file of it cannot be read.
    Tree(TreeError),
}

impl fmt::Display for RootfsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { path, reason } => write!(
                f,
                "rootfs {}: {reason}. Give a directory that holds a root file system (--rootfs DIR), or none, and boxproof \
                 makes one from busybox",
                path.display()
            ),
            Self::Image { command, detail } => {
                write!(f, "{command}: {detail}. Unpack the image yourself and give it with --rootfs DIR")
            }
            Self::Busybox { path, detail } => write!(
                f,
                "{}: {detail}. Install busybox-static, or give a root file system with --rootfs DIR",
                path.display()
            ),
            Self::Apt(error) => write!(
                f,
                "no root file system, and no static busybox to make one from: {error}. Install busybox-static, or give one \
                 with --rootfs DIR"
            ),
            Self::Tree(error) => write!(f, "root file system: {error}"),
        }
    }
}

impl std::error::Error for RootfsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Apt(error) => Some(error),
            Self::Tree(error) => Some(error),
            _ => None,
        }
    }
}

type Result<T> = std::result::Result<T, RootfsError>;

impl RootfsSource {
    /// The root file system for a runtime: `explicit` is what the user named, `beside` the directory of the program.
    pub fn find(explicit: Option<&Path>, beside: Option<&Path>) -> Result<Self> {
        if let Some(directory) = explicit {
            return Self::directory(directory);
        }
        let beside = beside.map(|directory| directory.join("rootfs")).filter(|directory| holds_something(directory));
        if let Some(directory) = beside {
            return Self::directory(&directory);
        }
        match image::local() {
            Some(image) => Ok(Self(Origin::Image(image))),
            None => Self::busybox(),
        }
    }

    /// This directory, checked.
    pub fn directory(directory: &Path) -> Result<Self> {
        let unfit = |reason: String| RootfsError::Directory { path: directory.to_owned(), reason };
        let words = |error: &io::Error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such directory".to_owned(),
            io::ErrorKind::NotADirectory => "it is not a directory".to_owned(),
            _ => error.raw_os_error().map_or_else(|| error.to_string(), |number| Errno::from_raw(number).to_string()),
        };
        let mut entries = fs::read_dir(directory).map_err(|error| unfit(words(&error)))?;
        if entries.next().is_none() {
            return Err(unfit("it is empty".to_owned()));
        }
        let absolute = directory.canonicalize().map_err(|error| unfit(words(&error)))?;
        Ok(Self(Origin::Directory(absolute)))
    }

    /// One made from a static busybox: the machine's own, or else the package's, unpacked into the cache.
    pub fn busybox() -> Result<Self> {
        Busybox::find().map(|busybox| Self(Origin::Busybox(busybox)))
    }

    /// What a report says about it: `busybox 1.35.0 (static), Debian 1:1.35.0-4`.
    pub fn description(&self) -> String {
        match &self.0 {
            Origin::Directory(directory) => format!("directory {}", directory.display()),
            Origin::Image(image) => image.description(),
            Origin::Busybox(busybox) => busybox.description(),
        }
    }

    /// Its files. An image is exported anew by every call.
    pub fn tree(&self) -> Result<Tree> {
        match &self.0 {
            Origin::Directory(directory) => Tree::read(directory).map_err(RootfsError::Tree),
            Origin::Image(image) => image.tree(),
            Origin::Busybox(busybox) => busybox.tree(),
        }
    }
}

/// Which of the commands that the workshop uses inside a container (`sh`, `ps`, `ip`, `nc`) a root file system lacks.
pub fn lacking(tree: &Tree) -> Vec<&'static str> {
    let has = |name: &str| COMMANDS.iter().any(|place| tree.resolve(Path::new(place).join(name)).is_some());
    WANTED.into_iter().filter(|name| !has(name)).collect()
}

fn holds_something(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some())
}

/// The last line that is not empty: where programs put what matters.
fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no message").to_owned()
}

/// A command as somebody would type it.
fn typed(program: &OsStr, arguments: &[&str]) -> String {
    let program = program.to_string_lossy();
    std::iter::once(program.as_ref()).chain(arguments.iter().copied()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
