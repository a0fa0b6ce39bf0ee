//! The user land of a guest that needs more than busybox: shells, Python, compilers, as this machine's distribution packs
//! them. Made once, without root, when the first submission needs it; from then on a read-only disk that all guests share.
//!
//! ```text
//! apt (packages and what they need) ── /usr only ── squashfs ── virtio-blk ── overlay over the guest's own /usr
//! ```

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::{Progress, VmError, squashfs};
use crate::apt::{self, closure};
use crate::tree::{Kind, Node, Tree, TreeError};

/// Changes whenever this file makes another image of the same packages.
const FORMAT: u32 = 1;

/// What a guest has besides busybox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tools {
    /// What scripts are written in and what they call.
    Scripts,
    /// A C compiler and make as well.
    C,
    /// Go as well.
    Go,
    /// Rust as well.
    Rust,
    /// Go and Rust as well.
    GoAndRust,
}

impl Tools {
    /// The languages of scripts that every image can run, by the name of the interpreter. Not sh: busybox has it.
    pub const LANGUAGES: [&str; 5] = ["awk", "bash", "dash", "perl", "python3"];

    /// What a build needs, as far as its command and the files beside it tell: make may call anything.
    pub fn for_build(command: &[String], directory: &Path) -> Self {
        let program = command.first().map(Path::new).and_then(Path::file_name).unwrap_or_default();
        let has = |name: &str| directory.join(name).is_file();
        let go = program == "go" || has("go.mod");
        let rust = program == "cargo" || program == "rustc" || has("Cargo.toml");
        match (go, rust) {
            (false, false) => Self::C,
            (true, false) => Self::Go,
            (false, true) => Self::Rust,
            (true, true) => Self::GoAndRust,
        }
    }

    /// Also the image's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scripts => "scripts",
            Self::C => "c",
            Self::Go => "go",
            Self::Rust => "rust",
            Self::GoAndRust => "go-and-rust",
        }
    }

    /// The packages that are asked for by name; their names are Debian's and Ubuntu's.
    pub fn packages(self) -> Vec<&'static str> {
        const SCRIPTS: [&str; 18] = [
            "bash",
            "coreutils",
            "dash",
            "debianutils",
            "findutils",
            "grep",
            "hostname",
            "iproute2",
            "iptables",
            "libc-bin",
            "libcap2-bin",
            "mount",
            "netcat-openbsd",
            "perl-base",
            "procps",
            "python3",
            "sed",
            "util-linux",
        ];
        const C: [&str; 3] = ["gcc", "libc6-dev", "make"];
        const GO: [&str; 1] = ["golang-go"];
        const RUST: [&str; 2] = ["cargo", "rustc"];
        let added: &[&[&str]] = match self {
            Self::Scripts => &[],
            Self::C => &[&C],
            Self::Go => &[&C, &GO],
            Self::Rust => &[&C, &RUST],
            Self::GoAndRust => &[&C, &GO, &RUST],
        };
        SCRIPTS.iter().chain(added.iter().copied().flatten()).copied().collect()
    }
}

/// An image that is there and is what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Userland {
    /// The file.
    pub image: PathBuf,
    /// Of what is in it, in hexadecimal.
    pub digest: String,
}

/// What is written beside an image, after it: without this there is none.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    /// What it was made from.
    archives: Vec<String>,
    length: u64,
    digest: u64,
}

impl Userland {
    /// Finds the image in the cache, or makes it. One that is damaged is made anew.
    pub fn open(tools: Tools, progress: &dyn Fn(Progress)) -> Result<Self, VmError> {
        let directory = directory()?;
        let place = directory.join(file_name(tools));
        if let Some(found) = Self::found(&place) {
            return Ok(found);
        }
        progress(Progress::MakingUserland { tools: tools.name() });
        let laid = closure::lay(&tools.packages())?;
        // Somebody else may have made it while this waited for the cache.
        if let Some(found) = Self::found(&place) {
            return Ok(found);
        }
        let tree = usr_of(&laid.tree()).map_err(|error| VmError::Userland { detail: error.to_string() })?;
        make(&tree, laid.archives.clone(), &place).map_err(|error| VmError::file("write", &place, error))?;
        Self::found(&place).ok_or_else(|| VmError::file("read", &place, io::ErrorKind::InvalidData.into()))
    }

    /// Whether [`open`](Self::open) would find it.
    pub fn is_there(tools: Tools) -> bool {
        directory().is_ok_and(|directory| Self::found(&directory.join(file_name(tools))).is_some())
    }

    fn found(place: &Path) -> Option<Self> {
        let about: About = serde_json::from_slice(&fs::read(about(place)).ok()?).ok()?;
        let (length, digest) = digest_of(place).ok()?;
        let same = (length, digest) == (about.length, about.digest);
        same.then(|| Self { image: place.to_owned(), digest: format!("{digest:016x}") })
    }
}

fn directory() -> Result<PathBuf, VmError> {
    let directory = apt::cache_dir()?.join("userland");
    apt::create_private(&directory)?;
    Ok(directory)
}

/// Another distribution, another release of it or another list of packages is another image.
fn file_name(tools: Tools) -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let telling = |line: &&str| ["ID=", "VERSION_ID=", "VERSION_CODENAME="].iter().any(|key| line.starts_with(key));
    let release: Vec<&str> = release.lines().filter(telling).collect();
    let key = format!("{FORMAT} {} {} {}", std::env::consts::ARCH, release.join(" "), tools.packages().join(" "));
    format!("{}-{:016x}.squashfs", tools.name(), XxHash3_64::oneshot(key.as_bytes()))
}

fn about(place: &Path) -> PathBuf {
    place.with_extension("json")
}

fn digest_of(file: &Path) -> io::Result<(u64, u64)> {
    let (mut file, mut hasher) = (File::open(file)?, XxHash3_64::new());
    let (mut length, mut chunk) = (0, vec![0; 1 << 20]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((length, std::hash::Hasher::finish(&hasher))),
            count => {
                std::hash::Hasher::write(&mut hasher, &chunk[..count]);
                length += count as u64;
            }
        }
    }
}

/// Called by whoever may change the cache. The image is in its place before the note that vouches for it.
fn make(tree: &Tree, archives: Vec<String>, place: &Path) -> io::Result<()> {
    let directory = place.parent().unwrap_or(Path::new("."));
    apt::sweep(directory).map_err(io::Error::other)?;
    let new = || tempfile::Builder::new().prefix(apt::PARTIAL).tempfile_in(directory);
    let mut image = new()?;
    squashfs::write(tree, io::BufWriter::with_capacity(1 << 20, image.as_file_mut()))?;
    let (length, digest) = digest_of(image.path())?;
    image.persist(place)?;
    let mut note = new()?;
    serde_json::to_writer_pretty(note.as_file_mut(), &About { archives, length, digest })?;
    note.persist(about(place))?;
    Ok(())
}

/// What packages lay below `/usr`, and below the names in `/` that lead there on a merged system, whichever they use.
fn usr_of(unpacked: &Path) -> Result<Tree, TreeError> {
    /// Read by people, and nobody reads them here.
    const TEXTS: [&str; 6] =
        ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/bug"];
    let mut usr = Tree::new();
    for (path, node) in Tree::read(unpacked)?.entries() {
        let Some(place) = merged(path) else { continue };
        // The links that make a system a merged one; what they lead to is there.
        let is_link_to_usr = path.components().count() == 1 && !node.is_directory();
        if is_link_to_usr || TEXTS.iter().any(|texts| place.starts_with(texts)) {
            continue;
        }
        if node.is_directory() && usr.get(&place).is_some() {
            continue;
        }
        let mut node = Node { uid: 0, gid: 0, ..node.clone() };
        if let Kind::HardLink(target) = &mut node.kind {
            *target = merged(target).unwrap_or_else(|| target.clone());
        }
        usr.insert(place, node)?;
    }
    for (name, target) in ALTERNATIVES {
        let (name, beside) = (Path::new(name), Path::new(name).with_file_name(target));
        if usr.get(name).is_none() && usr.get(beside).is_some() {
            usr.symlink(name, target)?;
        }
    }
    Ok(usr)
}

/// The links that a package's script would have made.
const ALTERNATIVES: [(&str, &str); 6] = [
    ("usr/bin/awk", "mawk"),
    ("usr/bin/cc", "gcc"),
    ("usr/bin/nc", "nc.openbsd"),
    ("usr/bin/which", "which.debianutils"),
    ("usr/sbin/iptables", "iptables-nft"),
    ("usr/sbin/ip6tables", "ip6tables-nft"),
];

fn merged(path: &Path) -> Option<PathBuf> {
    const INTO_USR: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];
    match path.iter().next()?.to_str()? {
        "usr" => Some(path.to_owned()),
        name if INTO_USR.contains(&name) => Some(Path::new("usr").join(path)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_gets_what_its_files_tell_of() {
        let directory = tempfile::tempdir().expect("a directory");
        let tools = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            Tools::for_build(&words, directory.path())
        };
        assert_eq!(tools(&["cc", "-o", "x", "x.c"]), Tools::C);
        assert_eq!(tools(&["/usr/bin/go", "build"]), Tools::Go);
        assert_eq!(tools(&["cargo", "build"]), Tools::Rust);
        fs::write(directory.path().join("go.mod"), "").expect("go.mod");
        assert_eq!(tools(&["make"]), Tools::Go);
        assert_eq!(tools(&["cargo", "build"]), Tools::GoAndRust);
    }

    #[test]
    fn both_ways_of_packing_come_to_one_place() {
        let unpacked = tempfile::tempdir().expect("a directory");
        let mut packed = Tree::new();
        packed.file("bin/tool", 0o4755, "tool").expect("a file");
        packed.file("usr/bin/gcc", 0o755, "gcc").expect("a file");
        packed.file("usr/share/doc/gcc/README", 0o644, "text").expect("a file");
        packed.file("etc/tool.conf", 0o644, "text").expect("a file");
        packed.symlink("lib64", "usr/lib64").expect("a link");
        packed.file("usr/lib64/ld.so", 0o755, "loader").expect("a file");
        packed.write_to(unpacked.path()).expect("laid out");
        let usr = usr_of(unpacked.path()).expect("read");
        let files = usr.entries().filter(|(_, node)| !node.is_directory()).map(|(path, _)| path.display().to_string());
        assert_eq!(files.collect::<Vec<_>>(), ["usr/bin/cc", "usr/bin/gcc", "usr/bin/tool", "usr/lib64/ld.so"]);
        assert_eq!(usr.get("usr/bin/tool").map(|node| node.mode), Some(0o4755));
    }

    #[test]
    fn a_damaged_image_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().join("c-0.squashfs");
        let mut tree = Tree::new();
        tree.file("usr/bin/tool", 0o755, "tool").expect("a file");
        make(&tree, vec!["tool_1_amd64".to_owned()], &place).expect("made");
        assert!(Userland::found(&place).is_some());
        let mut bytes = fs::read(&place).expect("read");
        bytes[97] ^= 1;
        fs::write(&place, bytes).expect("damaged");
        assert_eq!(Userland::found(&place), None);
    }
}
