//! The archive format the kernel unpacks into its first root file system: "newc" cpio, uncompressed
//! (Documentation/driver-api/early-userspace/buffer-format.rst).

use std::io::{self, Write};

/// What an entry is; the numbers are those of `st_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file, or a part of the archive that is read from elsewhere.
    File,
    /// A symbolic link; the data is its target.
    Symlink,
    /// A character device.
    CharDevice {
        /// Its major number.
        major: u32,
        /// Its minor number.
        minor: u32,
    },
}

impl Kind {
    fn mode(self) -> u32 {
        match self {
            Self::Directory => libc::S_IFDIR,
            Self::File => libc::S_IFREG,
            Self::Symlink => libc::S_IFLNK,
            Self::CharDevice { .. } => libc::S_IFCHR,
        }
    }
}

/// Writes one entry after the other. Several archives may follow each other, each with its own trailer.
pub struct Writer<W> {
    out: W,
    inode: u32,
}

impl<W: Write> Writer<W> {
    /// Starts an archive at the writer's position, which must be a multiple of four from the beginning of the file.
    pub fn new(out: W) -> Self {
        Self { out, inode: 0 }
    }

    /// A directory that everybody may enter.
    pub fn directory(&mut self, name: &str) -> io::Result<()> {
        self.entry(name, Kind::Directory, 0o755, b"")
    }

    /// A regular file.
    pub fn file(&mut self, name: &str, permissions: u32, data: &[u8]) -> io::Result<()> {
        self.entry(name, Kind::File, permissions, data)
    }

    /// A symbolic link.
    pub fn symlink(&mut self, name: &str, target: &str) -> io::Result<()> {
        self.entry(name, Kind::Symlink, 0o777, target.as_bytes())
    }

    /// Any entry. Parents come before their children; the kernel does not make them.
    pub fn entry(&mut self, name: &str, kind: Kind, permissions: u32, data: &[u8]) -> io::Result<()> {
        let too_large = |_| io::Error::new(io::ErrorKind::FileTooLarge, format!("{name}: over 4 GiB"));
        let size = u32::try_from(data.len()).map_err(too_large)?;
        self.inode += 1;
        self.header(name, kind, permissions, size)?;
        self.out.write_all(data)?;
        self.pad(data.len())
    }

    /// Ends the archive and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.inode = 0;
        self.header("TRAILER!!!", Kind::File, 0, 0)?;
        Ok(self.out)
    }

    /// Thirteen numbers of eight hexadecimal digits, then the name with its NUL, padded.
    fn header(&mut self, name: &str, kind: Kind, permissions: u32, size: u32) -> io::Result<()> {
        let (major, minor) = match kind {
            Kind::CharDevice { major, minor } => (major, minor),
            _ => (0, 0),
        };
        let name_size = name.len() as u32 + 1;
        let (user, group, links, modified, device, checksum) = (0, 0, 1, 0, 0, 0);
        let fields = [
            self.inode,
            kind.mode() | permissions,
            user,
            group,
            links,
            modified,
            size,
            device,
            device,
            major,
            minor,
            name_size,
            checksum,
        ];
        self.out.write_all(b"070701")?;
        for field in fields {
            write!(self.out, "{field:08x}")?;
        }
        self.out.write_all(name.as_bytes())?;
        self.out.write_all(&[0])?;
        self.pad(110 + name.len() + 1)
    }

    /// Fills up to the next multiple of four.
    fn pad(&mut self, written: usize) -> io::Result<()> {
        self.out.write_all(&[0; 3][..written.wrapping_neg() % 4])
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn archive() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        writer.directory("d").expect("directory");
        writer.file("d/f", 0o640, b"hello").expect("file");
        writer.symlink("d/link", "f").expect("symlink");
        writer.entry("console", Kind::CharDevice { major: 5, minor: 1 }, 0o600, b"").expect("device");
        writer.finish().expect("trailer")
    }

    #[test]
    fn the_header_is_as_the_kernel_reads_it() {
        let archive = archive();
        assert_eq!(&archive[..6], b"070701");
        assert_eq!(&archive[14..22], b"000041ed", "mode of the directory");
        let text = String::from_utf8_lossy(&archive);
        assert!(text.contains("0000000500000001"), "device number");
        assert_eq!(archive.len() % 4, 0);
    }

    #[test]
    fn another_program_reads_it() {
        let busybox = crate::backend::vm::initramfs::busybox().expect("busybox");
        let mut cpio = Command::new(busybox)
            .args(["cpio", "-tv"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("busybox cpio");
        cpio.stdin.take().expect("stdin").write_all(&archive()).expect("write");
        let output = cpio.wait_with_output().expect("wait");
        let listing = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{listing}");
        assert!(
            listing.contains("-rw-r-----") && listing.contains("d/link -> f") && listing.contains("crw-------"),
            "{listing}"
        );
    }
}
