//! A tree of files as a value: a root file system, a program with its libraries, a submission. It is read from a
//! directory or put together, laid out in another directory, or sent somewhere as a cpio archive.
//!
//! Trees come from people who are not trusted and are laid out by root, so no operation here ever follows a symbolic
//! link or leaves the directory it was given.

mod archive;
mod write;

use archive::Times;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::{major, minor};

/// A tree of files, each under its path relative to the tree's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Sorted by path components, so that a directory always comes before what it holds.
    nodes: BTreeMap<PathBuf, Node>,
}

/// One file, directory or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Permission bits with set-user-id, set-group-id and sticky bit (`07777`). A symbolic link has none of its own.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// What a [`Node`] is. Sockets are not kept: without the process that listens they mean nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link, with the text it holds.
    Symlink(PathBuf),
    /// A further name of the regular file at this path of the same tree.
    HardLink(PathBuf),
    /// A named pipe.
    Fifo,
    /// A character device.
    Char {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    Block {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

/// What a regular file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The bytes of this file of the machine, read when the tree is laid out or archived.
    Host(PathBuf),
}

impl Node {
    /// A directory of root's.
    pub fn directory(mode: u32) -> Self {
        Self::of_root(Kind::Directory, mode)
    }

    /// A regular file of root's.
    pub fn file(mode: u32, content: Content) -> Self {
        Self::of_root(Kind::File(content), mode)
    }

    /// A symbolic link of root's.
    pub fn symlink(target: impl Into<PathBuf>) -> Self {
        Self::of_root(Kind::Symlink(target.into()), 0o777)
    }

    fn of_root(kind: Kind, mode: u32) -> Self {
        Self { kind, mode, uid: 0, gid: 0 }
    }

    /// Whether this is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything below a directory of this machine, with owners, modes and hard links; contents are read later.
    pub fn read(directory: &Path) -> Result<Self> {
        let mut tree = Self::new();
        let mut names = HashMap::new();
        let mut pending = vec![PathBuf::new()];
        while let Some(below) = pending.pop() {
            let here = directory.join(&below);
            for entry in fs::read_dir(&here).map_err(failed("read directory", &here))? {
                let entry = entry.map_err(failed("read directory", &here))?;
                let path = below.join(entry.file_name());
                let metadata = entry.metadata().map_err(failed("stat", &entry.path()))?;
                let Some(node) = node_of(&entry.path(), &path, &metadata, &mut names)? else { continue };
                if node.is_directory() {
                    pending.push(path.clone());
                }
                tree.nodes.insert(path, node);
            }
        }
        Ok(tree)
    }

    /// Puts a node at a path, instead of what was there; directories above it that are missing are made (0755, root).
    /// A leading `/` means the tree's root.
    pub fn insert(&mut self, path: impl AsRef<Path>, node: Node) -> Result<()> {
        let path = relative(path.as_ref())?;
        self.make_parents(&path)?;
        if !node.is_directory() && self.has_children(&path) {
            return Err(TreeError::new("replace directory", &path, "it is not empty"));
        }
        self.nodes.insert(path, node);
        Ok(())
    }

    /// Makes a directory, or changes the mode of one that is there.
    pub fn directory(&mut self, path: impl AsRef<Path>, mode: u32) -> Result<()> {
        self.insert(path, Node::directory(mode))
    }

    /// Makes a regular file that holds `bytes`.
    pub fn file(&mut self, path: impl AsRef<Path>, mode: u32, bytes: impl Into<Vec<u8>>) -> Result<()> {
        self.insert(path, Node::file(mode, Content::Bytes(bytes.into())))
    }

    /// Makes a regular file that holds what the machine's file `from` holds: a name that we were given, not one found in
    /// a tree, so that it may be a link.
    pub fn host_file(&mut self, path: impl AsRef<Path>, mode: u32, from: impl AsRef<Path>) -> Result<()> {
        let from = from.as_ref().canonicalize().map_err(failed("open", from.as_ref()))?;
        self.insert(path, Node::file(mode, Content::Host(from)))
    }

    /// Makes a symbolic link.
    pub fn symlink(&mut self, path: impl AsRef<Path>, target: impl Into<PathBuf>) -> Result<()> {
        self.insert(path, Node::symlink(target))
    }

    /// Adds another tree below `prefix`. Directories that are in both stay as they are here; of everything else the
    /// newcomer wins.
    pub fn graft(&mut self, prefix: impl AsRef<Path>, other: Tree) -> Result<()> {
        let prefix = relative_or_root(prefix.as_ref())?;
        for (path, mut node) in other.nodes {
            let path = prefix.join(path);
            if node.is_directory() && self.nodes.get(&path).is_some_and(Node::is_directory) {
                continue;
            }
            if let Kind::HardLink(target) = &mut node.kind {
                *target = prefix.join(&target);
            }
            self.insert(path, node)?;
        }
        Ok(())
    }

    /// The node at exactly this path.
    pub fn get(&self, path: impl AsRef<Path>) -> Option<&Node> {
        self.nodes.get(&relative(path.as_ref()).ok()?)
    }

    /// The node a process that has this tree as `/` would reach by `path`, symbolic links followed.
    pub fn resolve(&self, path: impl AsRef<Path>) -> Option<&Node> {
        // Linux gives up after forty links as well (path_resolution(7)).
        let mut links = 40;
        let mut rest: Vec<PathBuf> = Vec::new();
        push_components(&mut rest, path.as_ref());
        let mut at = PathBuf::new();
        while let Some(name) = rest.pop() {
            if name == Path::new("/") {
                at = PathBuf::new();
            } else if name == Path::new("..") {
                at.pop();
            } else if let Kind::Symlink(target) = &self.nodes.get(&at.join(&name))?.kind {
                links -= 1;
                if links == 0 {
                    return None;
                }
                push_components(&mut rest, target);
            } else {
                at.push(name);
            }
        }
        match self.nodes.get(&at)? {
            Node { kind: Kind::HardLink(target), .. } => self.nodes.get(target),
            node => Some(node),
        }
    }

    /// Every path with its node; a directory comes before what it holds.
    pub fn entries(&self) -> impl Iterator<Item = (&Path, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_path(), node))
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Lays the tree out in an existing directory. Directories that are there already stay as they are; anything else
    /// in the way is an error, and so is a symbolic link where a directory should be. Owners are set when root does it.
    pub fn write_to(&self, directory: &Path) -> Result<()> {
        write::lay_out(self, directory)
    }

    /// Writes the tree as an uncompressed newc cpio archive, which the kernel understands too. The same tree gives the same
    /// bytes, so files have no time in it.
    pub fn archive(&self, to: impl Write) -> Result<()> {
        archive::write(self, Times::None, to)
    }

    /// The same for what will be built from: files of the machine keep the time of their last change, to the second.
    pub fn archive_with_times(&self, to: impl Write) -> Result<()> {
        archive::write(self, Times::Kept, to)
    }

    /// Lays out an archive in an existing directory, by the rules of [`Tree::write_to`]. Absolute names and `..` are
    /// refused.
    pub fn unpack(from: impl Read, directory: &Path) -> Result<()> {
        archive::unpack(from, directory)
    }

    fn make_parents(&mut self, path: &Path) -> Result<()> {
        for parent in path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
            match self.nodes.entry(parent.to_owned()) {
                Entry::Occupied(there) if there.get().is_directory() => return Ok(()),
                Entry::Occupied(_) => {
                    return Err(TreeError::new("insert", path, "what is above it is not a directory"));
                }
                Entry::Vacant(place) => {
                    place.insert(Node::directory(0o755));
                }
            }
        }
        Ok(())
    }

    fn has_children(&self, path: &Path) -> bool {
        self.nodes.range(path.to_owned()..).nth(1).is_some_and(|(next, _)| next.starts_with(path))
            && self.nodes.contains_key(path)
    }

    /// Hard links after everything else, so that what they are links to is there.
    fn links_last(&self) -> impl Iterator<Item = (&Path, &Node)> {
        let is_link = |node: &Node| matches!(node.kind, Kind::HardLink(_));
        let first = self.entries().filter(move |(_, node)| !is_link(node));
        first.chain(self.entries().filter(move |(_, node)| is_link(node)))
    }
}

/// An operation on a tree that failed: `create symlink lib/x: EEXIST: File exists`.
#[derive(Debug)]
pub struct TreeError {
    operation: &'static str,
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Io(io::Error),
    Rule(String),
}

impl TreeError {
    fn new(operation: &'static str, path: &Path, rule: impl Into<String>) -> Self {
        Self { operation, path: path.to_owned(), cause: Cause::Rule(rule.into()) }
    }

    /// An archive of another format, on its way to be a tree, could not be read.
    pub(crate) fn of_archive(operation: &'static str, error: io::Error) -> Self {
        Self { operation, path: PathBuf::new(), cause: Cause::Io(error) }
    }

    /// The kernel's error number, if it was the kernel that refused.
    pub fn errno(&self) -> Option<Errno> {
        match &self.cause {
            Cause::Io(error) => error.raw_os_error().map(Errno::from_raw),
            Cause::Rule(_) => None,
        }
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if !self.path.as_os_str().is_empty() {
            write!(f, " {}", self.path.display())?;
        }
        f.write_str(": ")?;
        match (&self.cause, self.errno()) {
            (_, Some(errno)) => write!(f, "{errno}"),
            (Cause::Io(error), None) => write!(f, "{error}"),
            (Cause::Rule(rule), None) => f.write_str(rule),
        }
    }
}

impl std::error::Error for TreeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Io(error) => Some(error),
            Cause::Rule(_) => None,
        }
    }
}

type Result<T> = std::result::Result<T, TreeError>;

fn failed<E: Into<io::Error>>(operation: &'static str, path: &Path) -> impl FnOnce(E) -> TreeError {
    let path = path.to_owned();
    move |error| TreeError { operation, path, cause: Cause::Io(error.into()) }
}

/// The path inside the tree; never empty, never upwards.
fn relative(path: &Path) -> Result<PathBuf> {
    let inside = relative_or_root(path)?;
    if inside.as_os_str().is_empty() {
        return Err(TreeError::new("use path", path, "it names the tree's root itself"));
    }
    Ok(inside)
}

fn relative_or_root(path: &Path) -> Result<PathBuf> {
    let mut inside = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => inside.push(name),
            Component::RootDir | Component::CurDir => {}
            _ => return Err(TreeError::new("use path", path, "`..` could lead out of the tree")),
        }
    }
    Ok(inside)
}

/// Last component first, as a stack to pop from.
fn push_components(stack: &mut Vec<PathBuf>, path: &Path) {
    let names = path.components().filter(|component| *component != Component::CurDir);
    stack.extend(names.map(|component| PathBuf::from(component.as_os_str())).rev());
}

/// The node for one directory entry; none for a socket. `names` remembers the files that have several names.
fn node_of(
    host: &Path,
    path: &Path,
    metadata: &Metadata,
    names: &mut HashMap<(u64, u64), PathBuf>,
) -> Result<Option<Node>> {
    let of_type = metadata.file_type();
    let kind = if of_type.is_dir() {
        Kind::Directory
    } else if of_type.is_symlink() {
        Kind::Symlink(fs::read_link(host).map_err(failed("read symlink", host))?)
    } else if of_type.is_file() {
        file_or_link(host, path, metadata, names)
    } else if of_type.is_fifo() {
        Kind::Fifo
    } else if of_type.is_char_device() {
        let (major, minor) = device(metadata);
        Kind::Char { major, minor }
    } else if of_type.is_block_device() {
        let (major, minor) = device(metadata);
        Kind::Block { major, minor }
    } else {
        return Ok(None);
    };
    Ok(Some(Node { kind, mode: metadata.mode() & 0o7777, uid: metadata.uid(), gid: metadata.gid() }))
}

fn file_or_link(host: &Path, path: &Path, metadata: &Metadata, names: &mut HashMap<(u64, u64), PathBuf>) -> Kind {
    if metadata.nlink() > 1 {
        let identity = (metadata.dev(), metadata.ino());
        if let Some(first) = names.get(&identity) {
            return Kind::HardLink(first.clone());
        }
        names.insert(identity, path.to_owned());
    }
    Kind::File(Content::Host(host.to_owned()))
}

/// Linux has 12 bits for the major and 20 for the minor number, so nothing is cut off.
fn device(metadata: &Metadata) -> (u32, u32) {
    (major(metadata.rdev()) as u32, minor(metadata.rdev()) as u32)
}

/// Opens a file of the machine that is to be copied, with its size and times. Somebody may have put a link or a pipe in its place
/// since the tree was read: O_NOFOLLOW keeps us from leaving the tree, O_NONBLOCK from waiting for a writer for ever.
fn open_host(path: &Path) -> Result<(File, Metadata)> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let open = fs::OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = open.map_err(failed("open", path))?;
    let metadata = file.metadata().map_err(failed("stat", path))?;
    if !metadata.is_file() {
        return Err(TreeError::new("read", path, "it is not a regular file"));
    }
    Ok((file, metadata))
}

/// The last component. Every path in a tree has one.
fn name_of(path: &Path) -> &OsStr {
    path.file_name().unwrap_or(path.as_os_str())
}

#[cfg(test)]
mod tests;
