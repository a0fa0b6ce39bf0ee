//! Laying a tree out in a directory, without ever leaving it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{FchmodatFlags, Mode, SFlag, fchmod, fchmodat, futimens, makedev, mkdirat, mknodat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchown, fchownat, getegid, geteuid, linkat, symlinkat};

use super::{Content, Kind, Node, Result, Tree, failed, name_of, open_host};

pub(super) fn lay_out(tree: &Tree, directory: &Path) -> Result<()> {
    let mut writer = Writer::open(directory)?;
    for (path, node) in tree.links_last() {
        writer.put(path, node, |to| match &node.kind {
            Kind::File(Content::Bytes(bytes)) => to.write_all(bytes).map_err(failed("write", path)),
            Kind::File(Content::Host(from)) => {
                let (mut file, metadata) = open_host(from)?;
                io::copy(&mut file, to).map_err(failed("copy", from))?;
                set_time(to, metadata.mtime(), metadata.mtime_nsec()).map_err(failed("set the time of", path))
            }
            _ => Ok(()),
        })?;
    }
    writer.finish()
}

/// A copy is as old as what it is a copy of: `make` would take it for newer than what is made from it, or for older.
pub(super) fn set_time(file: &File, seconds: i64, nanoseconds: i64) -> nix::Result<()> {
    futimens(file, &TimeSpec::UTIME_OMIT, &TimeSpec::new(seconds, nanoseconds))
}

/// Creates files below one directory. Every path is resolved by the kernel with RESOLVE_BENEATH and
/// RESOLVE_NO_SYMLINKS ([openat2(2)](https://man7.org/linux/man-pages/man2/openat2.2.html)), and files are only ever
/// created, never opened: a link planted in a tree leads nowhere.
pub(super) struct Writer {
    root: OwnedFd,
    /// Only root can give files away.
    give_away: bool,
    /// New directories, which get owner and mode when they are full: one that is read-only could not be filled.
    new: Vec<(PathBuf, Node)>,
    /// The directory of the last file, since the next one is mostly its neighbour.
    parent: Option<(PathBuf, OwnedFd)>,
}

impl Writer {
    pub(super) fn open(directory: &Path) -> Result<Self> {
        let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC);
        let root = openat2(AT_FDCWD, directory, how).map_err(failed("open directory", directory))?;
        Ok(Self { root, give_away: geteuid().is_root(), new: Vec::new(), parent: None })
    }

    /// Creates `node`; `fill` is called with the new file when it is a regular one.
    pub(super) fn put(&mut self, path: &Path, node: &Node, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
        match &node.kind {
            Kind::Directory => return self.directory(path, node),
            Kind::HardLink(target) => return self.link(path, target),
            _ => {}
        }
        let parent = self.parent_of(path)?;
        let name = name_of(path);
        match &node.kind {
            Kind::File(_) => {
                let how = OpenHow::new()
                    .flags(OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC)
                    .mode(Mode::from_bits_truncate(0o600))
                    .resolve(BENEATH);
                let mut file = File::from(openat2(parent, name, how).map_err(failed("create", path))?);
                fill(&mut file)?;
                return self.finish_file(&file, node).map_err(failed("set owner and mode of", path));
            }
            Kind::Symlink(target) => symlinkat(target, parent, name).map_err(failed("create symlink", path))?,
            Kind::Fifo => special(parent, path, SFlag::S_IFIFO, node.mode, 0)?,
            Kind::Char { major, minor } => special(parent, path, SFlag::S_IFCHR, node.mode, device(*major, *minor))?,
            Kind::Block { major, minor } => special(parent, path, SFlag::S_IFBLK, node.mode, device(*major, *minor))?,
            Kind::Directory | Kind::HardLink(_) => {}
        }
        self.finish_name(path, node)
    }

    /// Gives the new directories their owners and modes, innermost first.
    pub(super) fn finish(mut self) -> Result<()> {
        self.parent = None;
        while let Some((path, node)) = self.new.pop() {
            let how = OpenHow::new().flags(OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC).resolve(BENEATH);
            let file = File::from(openat2(&self.root, &path, how).map_err(failed("open directory", &path))?);
            self.finish_file(&file, &node).map_err(failed("set owner and mode of", &path))?;
        }
        Ok(())
    }

    fn directory(&mut self, path: &Path, node: &Node) -> Result<()> {
        let made = mkdirat(self.parent_of(path)?, name_of(path), Mode::S_IRWXU);
        match made {
            Ok(()) => self.new.push((path.to_owned(), node.clone())),
            // It may be a link to a directory, which will not do.
            Err(Errno::EEXIST) => drop(open_directory(&self.root, path).map_err(failed("use directory", path))?),
            Err(errno) => return Err(failed("create directory", path)(errno)),
        }
        Ok(())
    }

    fn link(&mut self, path: &Path, target: &Path) -> Result<()> {
        let from = open_parent(&self.root, target).map_err(failed("open directory of", target))?;
        let parent = self.parent_of(path)?;
        linkat(&from, name_of(target), parent, name_of(path), AtFlags::empty())
            .map_err(failed("create hard link", path))
    }

    /// The open directory that holds `path`, made with everything above it when it is missing.
    fn parent_of(&mut self, path: &Path) -> Result<&OwnedFd> {
        let above = path.parent().unwrap_or(Path::new(""));
        if self.parent.as_ref().is_none_or(|(known, _)| known != above) {
            let opened = match open_parent(&self.root, path) {
                Err(Errno::ENOENT) if !above.as_os_str().is_empty() => {
                    self.directory(above, &Node::directory(0o755))?;
                    open_parent(&self.root, path)
                }
                result => result,
            };
            self.parent = Some((above.to_owned(), opened.map_err(failed("open directory of", path))?));
        }
        match &self.parent {
            Some((_, directory)) => Ok(directory),
            None => Ok(&self.root),
        }
    }

    /// Owner before mode: chown clears the set-user-id bit.
    fn finish_file(&self, file: &File, node: &Node) -> io::Result<()> {
        if self.must_give_away(node) {
            fchown(file, Some(Uid::from_raw(node.uid)), Some(Gid::from_raw(node.gid)))?;
        }
        Ok(fchmod(file, Mode::from_bits_truncate(node.mode))?)
    }

    /// The same for what must not be opened.
    fn finish_name(&mut self, path: &Path, node: &Node) -> Result<()> {
        if self.must_give_away(node) {
            let (uid, gid) = (Uid::from_raw(node.uid), Gid::from_raw(node.gid));
            let parent = self.parent_of(path)?;
            fchownat(parent, name_of(path), Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)
                .map_err(failed("set owner of", path))?;
        }
        Ok(())
    }

    fn must_give_away(&self, node: &Node) -> bool {
        self.give_away && (node.uid, node.gid) != (geteuid().as_raw(), getegid().as_raw())
    }
}

const BENEATH: ResolveFlag = ResolveFlag::RESOLVE_BENEATH.union(ResolveFlag::RESOLVE_NO_SYMLINKS);

fn open_directory(root: &OwnedFd, path: &Path) -> nix::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC).resolve(BENEATH);
    openat2(root, path, how)
}

fn open_parent(root: &OwnedFd, path: &Path) -> nix::Result<OwnedFd> {
    open_directory(root, path.parent().unwrap_or(Path::new("")))
}

fn special(parent: &OwnedFd, path: &Path, kind: SFlag, mode: u32, device: u64) -> Result<()> {
    let (name, mode) = (name_of(path), Mode::from_bits_truncate(mode));
    // mknod honours the umask, so the mode is set once more.
    mknodat(parent, name, kind, mode, device)
        .and_then(|()| fchmodat(parent, name, mode, FchmodatFlags::FollowSymlink))
        .map_err(failed("create special file", path))
}

fn device(major: u32, minor: u32) -> u64 {
    makedev(major.into(), minor.into())
}
