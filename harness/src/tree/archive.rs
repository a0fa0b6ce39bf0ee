//! The `newc` cpio format: what the kernel unpacks as an initramfs
//! (<https://docs.kernel.org/driver-api/early-userspace/buffer-format.html>).

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::write::{Writer, set_time};
use super::{Content, Kind, Node, Result, Tree, TreeError, failed, open_host};

const MAGIC: &[u8; 6] = b"070701";
const TRAILER: &str = "TRAILER!!!";
/// PATH_MAX: no longer name could be created anyway.
const LONGEST: u32 = 4096;

const S_IFMT: u32 = libc::S_IFMT;

/// The thirteen numbers of a member's header, eight hexadecimal digits each.
#[derive(Default)]
pub(super) struct Header {
    pub(super) ino: u32,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) nlink: u32,
    /// Seconds since 1970; 0 where it does not matter.
    pub(super) mtime: u32,
    pub(super) size: u32,
    pub(super) rdev: (u32, u32),
    pub(super) name: u32,
}

impl Header {
    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(MAGIC)?;
        let (device, check) = ((0, 0), 0);
        let numbers = [
            self.ino,
            self.mode,
            self.uid,
            self.gid,
            self.nlink,
            self.mtime,
            self.size,
            device.0,
            device.1,
            self.rdev.0,
            self.rdev.1,
            self.name,
            check,
        ];
        numbers.iter().try_for_each(|number| write!(to, "{number:08x}"))
    }

    fn read(from: &mut impl Read) -> Result<Self> {
        let mut bytes = [0; 6 + 13 * 8];
        from.read_exact(&mut bytes).map_err(failed("read", Path::new("archive")))?;
        let (magic, digits) = bytes.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(malformed("a member does not begin with 070701"));
        }
        let mut numbers = [0; 13];
        for (number, digits) in numbers.iter_mut().zip(digits.chunks_exact(8)) {
            *number = hexadecimal(digits).ok_or_else(|| malformed("a header holds something that is not a number"))?;
        }
        let [ino, mode, uid, gid, nlink, mtime, size, _, _, major, minor, name, _] = numbers;
        Ok(Self { ino, mode, uid, gid, nlink, mtime, size, rdev: (major, minor), name })
    }
}

/// Only digits: `from_str_radix` alone would take a sign as well.
fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(text, 16).ok()
}

fn malformed(rule: &str) -> TreeError {
    TreeError::new("read", Path::new("archive"), rule)
}

/// Whether files keep the time of their last change, by which `make` knows what it has to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Those of files of the machine.
    Kept,
    /// The same tree gives the same bytes.
    None,
}

pub(super) fn write(tree: &Tree, times: Times, to: impl Write) -> Result<()> {
    let mut out = Counted { to, count: 0 };
    let mut names: HashMap<&Path, u32> = HashMap::new();
    for (_, node) in tree.entries() {
        if let Kind::HardLink(target) = &node.kind {
            *names.entry(target).or_insert(1) += 1;
        }
    }
    let mut inodes: HashMap<&Path, u32> = HashMap::new();
    for (number, (path, node)) in (1..).zip(tree.links_last()) {
        let first = if let Kind::HardLink(target) = &node.kind { target } else { path };
        let ino = *inodes.entry(first).or_insert(number);
        let nlink = names.get(first).copied().unwrap_or(1);
        member(&mut out, path, node, times, (ino, nlink))?;
    }
    trailer(&mut out).map_err(failed("write", Path::new("archive")))
}

fn member(
    out: &mut Counted<impl Write>,
    path: &Path,
    node: &Node,
    times: Times,
    (ino, nlink): (u32, u32),
) -> Result<()> {
    let nothing = || -> (u64, Box<dyn Read>) { (0, Box::new(io::empty())) };
    let mut mtime = 0;
    let (kind, rdev, (size, body)) = match &node.kind {
        Kind::Directory => (libc::S_IFDIR, (0, 0), nothing()),
        Kind::HardLink(_) => (libc::S_IFREG, (0, 0), nothing()),
        Kind::Fifo => (libc::S_IFIFO, (0, 0), nothing()),
        Kind::Char { major, minor } => (libc::S_IFCHR, (*major, *minor), nothing()),
        Kind::Block { major, minor } => (libc::S_IFBLK, (*major, *minor), nothing()),
        Kind::Symlink(target) => (libc::S_IFLNK, (0, 0), from_memory(target.as_os_str().as_bytes())),
        Kind::File(Content::Bytes(bytes)) => (libc::S_IFREG, (0, 0), from_memory(bytes)),
        Kind::File(Content::Host(from)) => {
            let (file, metadata) = open_host(from)?;
            if times == Times::Kept {
                mtime = u32::try_from(metadata.mtime()).unwrap_or_default();
            }
            (libc::S_IFREG, (0, 0), (metadata.len(), Box::new(file) as Box<dyn Read>))
        }
    };
    let too_large = |_| TreeError::new("archive", path, "a cpio archive holds files of less than 4 GiB");
    let name = path.as_os_str().as_bytes();
    let header = Header {
        ino,
        mode: kind | node.mode & 0o7777,
        uid: node.uid,
        gid: node.gid,
        nlink,
        mtime,
        size: u32::try_from(size).map_err(too_large)?,
        rdev,
        name: u32::try_from(name.len() + 1).map_err(too_large)?,
    };
    match send(out, &header, name, size, body) {
        Ok(copied) if copied == size => Ok(()),
        Ok(_) => Err(TreeError::new("archive", path, "it became shorter while it was read")),
        Err(error) => Err(failed("archive", path)(error)),
    }
}

fn from_memory(bytes: &[u8]) -> (u64, Box<dyn Read + '_>) {
    (bytes.len() as u64, Box::new(bytes))
}

pub(super) fn send(
    out: &mut Counted<impl Write>,
    header: &Header,
    name: &[u8],
    size: u64,
    body: impl Read,
) -> io::Result<u64> {
    header.write(out)?;
    out.write_all(name)?;
    out.write_all(&[0])?;
    out.pad()?;
    let copied = io::copy(&mut body.take(size), out)?;
    out.pad()?;
    Ok(copied)
}

fn trailer(out: &mut Counted<impl Write>) -> io::Result<()> {
    let header = Header { nlink: 1, name: TRAILER.len() as u32 + 1, ..Header::default() };
    send(out, &header, TRAILER.as_bytes(), 0, io::empty())?;
    out.flush()
}

pub(super) fn unpack(from: impl Read, directory: &Path) -> Result<()> {
    let mut from = Counted { to: from, count: 0 };
    let mut writer = Writer::open(directory)?;
    let mut files: HashMap<u32, PathBuf> = HashMap::new();
    loop {
        let header = Header::read(&mut from)?;
        let name = member_name(&mut from, header.name)?;
        if name == TRAILER {
            return writer.finish();
        }
        let path = safe(&name)?;
        let kind = kind_of(&mut from, &header, &path, &mut files)?;
        let node = Node { kind, mode: header.mode & 0o7777, uid: header.uid, gid: header.gid };
        // The tree's root is the directory itself, which is there.
        if path.as_os_str().is_empty() && node.is_directory() {
            continue;
        }
        if path.as_os_str().is_empty() {
            return Err(malformed("the root is not a directory"));
        }
        writer.put(&path, &node, |to| {
            let copied = io::copy(&mut (&mut from).take(header.size.into()), to).map_err(failed("unpack", &path))?;
            if copied < header.size.into() {
                return Err(malformed("it ends in the middle of a file"));
            }
            match header.mtime {
                0 => Ok(()),
                seconds => set_time(to, i64::from(seconds), 0).map_err(failed("set the time of", &path)),
            }
        })?;
        if matches!(node.kind, Kind::File(_)) {
            from.skip_padding().map_err(failed("read", Path::new("archive")))?;
        }
    }
}

fn member_name(from: &mut Counted<impl Read>, length: u32) -> Result<OsString> {
    if !(2..=LONGEST).contains(&length) {
        return Err(malformed("a name is empty or longer than a path can be"));
    }
    let mut name = text(from, length)?;
    if name.pop() != Some(0) || name.contains(&0) {
        return Err(malformed("a name does not end with its only zero byte"));
    }
    Ok(OsString::from_vec(name))
}

fn text(from: &mut Counted<impl Read>, length: u32) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes).and_then(|()| from.skip_padding()).map_err(failed("read", Path::new("archive")))?;
    Ok(bytes)
}

/// The path below the directory; empty for `.`, the tree's root.
fn safe(name: &OsString) -> Result<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return Err(TreeError::new("unpack", Path::new(name), "absolute names and `..` are refused")),
        }
    }
    Ok(path)
}

fn kind_of(
    from: &mut Counted<impl Read>,
    header: &Header,
    path: &Path,
    files: &mut HashMap<u32, PathBuf>,
) -> Result<Kind> {
    let (major, minor) = header.rdev;
    let kind = match header.mode & S_IFMT {
        libc::S_IFREG if header.nlink > 1 => match files.get(&header.ino) {
            Some(first) => Kind::HardLink(first.clone()),
            None => {
                files.insert(header.ino, path.to_owned());
                Kind::File(Content::Bytes(Vec::new()))
            }
        },
        libc::S_IFREG => Kind::File(Content::Bytes(Vec::new())),
        libc::S_IFLNK if !(1..LONGEST).contains(&header.size) => {
            return Err(TreeError::new("unpack", path, "a symbolic link of this length is refused"));
        }
        libc::S_IFLNK => return Ok(Kind::Symlink(OsString::from_vec(text(from, header.size)?).into())),
        libc::S_IFDIR => Kind::Directory,
        libc::S_IFIFO => Kind::Fifo,
        libc::S_IFCHR => Kind::Char { major, minor },
        libc::S_IFBLK => Kind::Block { major, minor },
        _ => return Err(TreeError::new("unpack", path, "it is of a kind that is refused")),
    };
    if header.size > 0 && !matches!(kind, Kind::File(_)) {
        return Err(TreeError::new("unpack", path, "only a regular file's first name carries data"));
    }
    Ok(kind)
}

/// Members, names and bodies begin at multiples of four bytes, so somebody must count.
pub(super) struct Counted<T> {
    pub(super) to: T,
    pub(super) count: u64,
}

impl<T> Counted<T> {
    fn padding(&self) -> usize {
        (self.count.next_multiple_of(4) - self.count) as usize
    }
}

impl<T: Write> Counted<T> {
    fn pad(&mut self) -> io::Result<()> {
        let padding = self.padding();
        self.write_all(&[0; 3][..padding])
    }
}

impl<T: Read> Counted<T> {
    fn skip_padding(&mut self) -> io::Result<()> {
        let padding = self.padding();
        self.read_exact(&mut [0; 3][..padding])
    }
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.to.read(bytes)?;
        self.count += read as u64;
        Ok(read)
    }
}
