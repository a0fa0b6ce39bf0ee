//! Writes a tree as a squashfs file system, uncompressed: whoever reads it is slower at arithmetic than its disk is, and
//! all its readers share the host's page cache. No root and no foreign program is needed for it, every distribution's
//! kernel can mount it, and the same tree gives the same bytes.
//!
//! ```text
//! superblock │ contents of files │ inodes │ directories │ owner, table of owners
//! ```
//!
//! Format: Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h in the kernel's source.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::tree::{Content, Kind, Node, Tree};

const MAGIC: u32 = 0x7371_7368;
const SUPERBLOCK: usize = 96;
const BLOCK_LOG: u16 = 17;
const BLOCK: u64 = 1 << BLOCK_LOG;
/// Metadata is cut into pieces of this size, each behind two bytes that tell its length.
const PIECE: usize = 8192;
/// In those two bytes: not compressed.
const PLAIN_PIECE: u16 = 1 << 15;
/// In the size of a file's block: not compressed.
const PLAIN_BLOCK: u32 = 1 << 24;
/// zlib, which is never used, but some compressor must be named, and this one every kernel has.
const COMPRESSOR: u16 = 1;
/// Inodes, data and fragments not compressed; no fragments; no extended attributes.
const FLAGS: u16 = 0x0001 | 0x0002 | 0x0008 | 0x0010 | 0x0200;
const NONE: u32 = u32::MAX;
const NO_TABLE: u64 = u64::MAX;
/// make takes a file of 1970 for one that does not exist.
const MODIFIED: u32 = 1_000_000_000;
/// A device's size is counted in these.
const DEVICE_BLOCK: usize = 4096;

const DIRECTORY: u16 = 1;
const FILE: u16 = 2;
const SYMLINK: u16 = 3;
/// A directory with more entries than the plain kind can say.
const LARGE_DIRECTORY: u16 = 8;

/// Writes files, directories and links of `tree` to `to`, all of them root's. Devices and pipes are left out.
pub(super) fn write(tree: &Tree, to: impl Write + Seek) -> io::Result<()> {
    let mut image = Image {
        children: children_of(tree),
        tree,
        to,
        end: SUPERBLOCK as u64,
        inodes: Table::default(),
        directories: Table::default(),
        count: 0,
        files: HashMap::new(),
    };
    image.to.write_all(&[0; SUPERBLOCK])?;
    let root = image.directory(Path::new(""), &Node::directory(0o755), 0)?;
    image.finish(root)
}

/// The names in each directory, in the order in which the kernel searches for them.
fn children_of(tree: &Tree) -> HashMap<&Path, BTreeMap<&OsStr, &Path>> {
    let mut children: HashMap<&Path, BTreeMap<&OsStr, &Path>> = HashMap::new();
    for (path, _) in tree.entries() {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            children.entry(parent).or_default().insert(name, path);
        }
    }
    children
}

/// Metadata on its way to the disk.
#[derive(Default)]
struct Table {
    bytes: Vec<u8>,
}

/// Where something lies in a table: the piece, by its place on the disk, and the byte in it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    piece: u32,
    byte: u16,
}

impl Table {
    /// Where the next thing will lie. Nothing is compressed, so it is known beforehand.
    fn place(&self) -> io::Result<Place> {
        let piece = u32::try_from(self.bytes.len() / PIECE * (PIECE + 2)).map_err(|_| too_large())?;
        Ok(Place { piece, byte: (self.bytes.len() % PIECE) as u16 })
    }

    fn u16(&mut self, number: u16) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn in_pieces(&self) -> Vec<u8> {
        let piece = |bytes: &[u8]| [&(bytes.len() as u16 | PLAIN_PIECE).to_le_bytes(), bytes].concat();
        self.bytes.chunks(PIECE).flat_map(piece).collect()
    }
}

/// An inode that has been written.
#[derive(Clone, Copy)]
struct Inode {
    number: u32,
    place: Place,
    kind: u16,
}

struct Image<'a, W> {
    tree: &'a Tree,
    children: HashMap<&'a Path, BTreeMap<&'a OsStr, &'a Path>>,
    to: W,
    /// How much has been written.
    end: u64,
    inodes: Table,
    directories: Table,
    count: u32,
    /// Regular files by path, for further names of theirs.
    files: HashMap<PathBuf, Inode>,
}

impl<W: Write + Seek> Image<'_, W> {
    fn number(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    /// What every inode begins with. `numbered`: its own number.
    fn inode(&mut self, kind: u16, mode: u32, numbered: u32) -> io::Result<Inode> {
        let place = self.inodes.place()?;
        self.inodes.u16(kind);
        self.inodes.u16((mode & 0o7777) as u16);
        // The first, and only, in the tables of users and groups: root.
        self.inodes.u16(0);
        self.inodes.u16(0);
        self.inodes.u32(MODIFIED);
        self.inodes.u32(numbered);
        Ok(Inode { number: numbered, place, kind })
    }

    /// A directory after everything in it, but with a number before theirs, since they name it.
    fn directory(&mut self, path: &Path, node: &Node, parent: u32) -> io::Result<Inode> {
        let number = self.number();
        let names = self.children.remove(path).unwrap_or_default();
        let mut entries = Vec::new();
        let mut below = 0;
        for (name, path) in names {
            let Some(node) = self.tree.get(path) else { continue };
            if let Some(inode) = self.any(path, node, number)? {
                below += u32::from(inode.kind == DIRECTORY);
                entries.push((name, inode));
            }
        }
        let (start, length) = self.list(&entries)?;
        // The kernel counts the entries `.` and `..`, which are not written, as three bytes.
        let (size, links) = (length + 3, below + 2);
        // At the root the parent is a number that nobody has.
        let parent = if parent == 0 { self.tree.len() as u32 + 2 } else { parent };
        match u16::try_from(size) {
            Ok(size) => {
                let inode = self.inode(DIRECTORY, node.mode, number)?;
                self.inodes.u32(start.piece);
                self.inodes.u32(links);
                self.inodes.u16(size);
                self.inodes.u16(start.byte);
                self.inodes.u32(parent);
                Ok(inode)
            }
            Err(_) => {
                let inode = self.inode(LARGE_DIRECTORY, node.mode, number)?;
                self.inodes.u32(links);
                self.inodes.u32(size);
                self.inodes.u32(start.piece);
                self.inodes.u32(parent);
                // No index into it.
                self.inodes.u16(0);
                self.inodes.u16(start.byte);
                self.inodes.u32(NONE);
                // In its parent's list it is a directory like any other.
                Ok(Inode { kind: DIRECTORY, ..inode })
            }
        }
    }

    /// The list of a directory's entries: in runs, of which each lies in one piece of the inode table, holds 256 at most and
    /// counts inodes from its first one.
    fn list(&mut self, entries: &[(&OsStr, Inode)]) -> io::Result<(Place, u32)> {
        const LONGEST: usize = 256;
        let start = self.directories.place()?;
        let before = self.directories.bytes.len();
        let mut rest = entries;
        while let Some((_, first)) = rest.first() {
            let away = |inode: &Inode| i16::try_from(i64::from(inode.number) - i64::from(first.number)).ok();
            let fits = |(_, inode): &&(&OsStr, Inode)| inode.place.piece == first.place.piece && away(inode).is_some();
            let (run, after) = rest.split_at(rest.iter().take(LONGEST).take_while(fits).count());
            self.directories.u32(run.len() as u32 - 1);
            self.directories.u32(first.place.piece);
            self.directories.u32(first.number);
            for (name, inode) in run {
                self.directories.u16(inode.place.byte);
                self.directories.u16(away(inode).unwrap_or_default().cast_unsigned());
                self.directories.u16(inode.kind);
                self.directories.u16(name.len() as u16 - 1);
                self.directories.bytes.extend(name.as_bytes());
            }
            rest = after;
        }
        Ok((start, (self.directories.bytes.len() - before) as u32))
    }

    fn any(&mut self, path: &Path, node: &Node, parent: u32) -> io::Result<Option<Inode>> {
        Ok(match &node.kind {
            Kind::Directory => Some(self.directory(path, node, parent)?),
            Kind::File(content) => Some(self.file(path, node, content)?),
            Kind::HardLink(target) => match self.tree.get(target).map(|node| (node, &node.kind)) {
                Some((node, Kind::File(content))) => Some(self.file(target, node, content)?),
                _ => None,
            },
            Kind::Symlink(target) => Some(self.symlink(node, target)?),
            Kind::Fifo | Kind::Char { .. } | Kind::Block { .. } => None,
        })
    }

    fn file(&mut self, path: &Path, node: &Node, content: &Content) -> io::Result<Inode> {
        if let Some(inode) = self.files.get(path) {
            return Ok(*inode);
        }
        let start = u32::try_from(self.end).map_err(|_| too_large())?;
        let length = match content {
            Content::Bytes(bytes) => self.copy(&mut bytes.as_slice())?,
            Content::Host(host) => self.copy(&mut File::open(host)?)?,
        };
        let size = u32::try_from(length).map_err(|_| too_large())?;
        let number = self.number();
        let inode = self.inode(FILE, node.mode, number)?;
        self.inodes.u32(start);
        self.inodes.u32(NONE);
        self.inodes.u32(0);
        self.inodes.u32(size);
        for block in 0..length.div_ceil(BLOCK) {
            self.inodes.u32(PLAIN_BLOCK | (length - block * BLOCK).min(BLOCK) as u32);
        }
        self.files.insert(path.to_owned(), inode);
        Ok(inode)
    }

    fn copy(&mut self, from: &mut impl Read) -> io::Result<u64> {
        let length = io::copy(from, &mut self.to)?;
        self.end += length;
        Ok(length)
    }

    fn symlink(&mut self, node: &Node, target: &Path) -> io::Result<Inode> {
        let text = target.as_os_str().as_bytes();
        let number = self.number();
        let inode = self.inode(SYMLINK, node.mode, number)?;
        self.inodes.u32(1);
        self.inodes.u32(text.len() as u32);
        self.inodes.bytes.extend(text);
        Ok(inode)
    }

    /// The tables, then what tells where they lie.
    fn finish(mut self, root: Inode) -> io::Result<()> {
        let (inodes, directories) = (self.inodes.in_pieces(), self.directories.in_pieces());
        let inode_table = self.end;
        let directory_table = inode_table + inodes.len() as u64;
        let owner = directory_table + directories.len() as u64;
        let owners = Table { bytes: 0u32.to_le_bytes().to_vec() }.in_pieces();
        let owner_table = owner + owners.len() as u64;
        let end = owner_table + size_of::<u64>() as u64;
        let padding = vec![0; end.next_multiple_of(DEVICE_BLOCK as u64) as usize - end as usize];
        for part in [&inodes, &directories, &owners, &owner.to_le_bytes().to_vec(), &padding] {
            self.to.write_all(part)?;
        }

        let mut superblock = Table::default();
        superblock.u32(MAGIC);
        superblock.u32(self.count);
        superblock.u32(MODIFIED);
        superblock.u32(BLOCK as u32);
        // Fragments.
        superblock.u32(0);
        for number in [COMPRESSOR, BLOCK_LOG, FLAGS, 1, 4, 0] {
            superblock.u16(number);
        }
        let root = u64::from(root.place.piece) << 16 | u64::from(root.place.byte);
        for number in [root, end, owner_table, NO_TABLE, inode_table, directory_table, NO_TABLE, NO_TABLE] {
            superblock.bytes.extend(number.to_le_bytes());
        }
        self.to.seek(SeekFrom::Start(0))?;
        self.to.write_all(&superblock.bytes)?;
        self.to.flush()
    }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "a file system of more than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn written(tree: &Tree) -> Vec<u8> {
        let mut image = Cursor::new(Vec::new());
        write(tree, &mut image).expect("written");
        image.into_inner()
    }

    /// What a kernel makes of it is seen by the tests in the virtual machine; here, that the numbers it would reject are right.
    #[test]
    fn the_tables_lie_where_the_superblock_says() {
        let mut tree = Tree::new();
        tree.file("usr/bin/tool", 0o755, vec![7; BLOCK as usize + 1]).expect("a file");
        // More than one run, more than one piece, and a list that is too long for a plain directory.
        for number in 0..3000 {
            tree.symlink(format!("usr/lib/a-rather-long-name-{number:04}"), "../bin/tool").expect("a link");
        }
        let image = written(&tree);
        assert_eq!(image.len() % DEVICE_BLOCK, 0);
        let number = |at: usize| u64::from_le_bytes(image[at..at + 8].try_into().expect("eight bytes")) as usize;
        let (end, owner_table, inodes, directories) = (number(40), number(48), number(64), number(72));
        assert_eq!(inodes, SUPERBLOCK + BLOCK as usize + 1);
        assert!(inodes < directories && directories < number(owner_table) && number(owner_table) < owner_table);
        assert_eq!((owner_table + 8, u32::from_le_bytes(image[4..8].try_into().expect("four"))), (end, 3005));
        let piece = u16::from_le_bytes([image[inodes], image[inodes + 1]]);
        assert_eq!(piece, PIECE as u16 | PLAIN_PIECE);
        assert_eq!(image, written(&tree), "the same tree, the same bytes");
    }
}
