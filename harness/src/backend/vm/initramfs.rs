//! What the guest starts from: modules, busybox and a little of `/etc`, which are kept in the cache as one archive, and
//! the running program itself as `/init`, which is added afresh for every boot and therefore never stale.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufWriter, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::kernel::Kernel;
use super::newc::{Kind, Writer};
use super::{VmError, guest, modules};
use crate::apt;

/// Changes whenever this file writes another layout, so that old archives are not used.
const LAYOUT: u32 = 2;

/// The distribution package that brings the guest's shell and tools.
const BUSYBOX_PACKAGE: &str = "busybox-static";

/// The archive that does not change from boot to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Where it lies in the cache.
    pub path: PathBuf,
    /// Optional modules that this kernel does not have.
    pub absent_modules: Vec<String>,
}

impl Base {
    /// Finds the archive for this kernel in the cache, or builds it.
    pub fn open(kernel: &Kernel) -> Result<Self, VmError> {
        let busybox = busybox()?;
        let directory = apt::cache_dir()?.join("initramfs");
        apt::create_private(&directory)?;
        let path = directory.join(format!("{}-{:016x}.cpio", kernel.release, key(kernel, &busybox)?));
        let notes = path.with_extension("absent");
        if !(path.exists() && notes.exists()) {
            let plan = modules::plan(&kernel.modules, modules::NEEDED, modules::OPTIONAL)?;
            let archive = build(&plan, &busybox).map_err(|error| VmError::file("build", &path, error))?;
            apt::write_atomically(&notes, plan.absent.join("\n").as_bytes())?;
            apt::write_atomically(&path, &archive)?;
        }
        let absent = fs::read_to_string(&notes).map_err(|error| VmError::file("read", &notes, error))?;
        Ok(Self { path, absent_modules: absent.lines().map(str::to_owned).collect() })
    }

    /// The whole initramfs in memory, where no crash can leave it behind: the archive, then `program` as `/init`.
    pub fn with_init(&self, program: &Path) -> Result<OwnedFd, VmError> {
        let whole = || -> io::Result<OwnedFd> {
            let mut memory = File::from(memfd_create(c"boxproof-initramfs", MFdFlags::MFD_CLOEXEC)?);
            io::copy(&mut File::open(&self.path)?, &mut memory)?;
            let mut archive = Writer::new(memory);
            archive.file("init", 0o755, &fs::read(program)?)?;
            let mut memory = archive.finish()?;
            memory.rewind()?;
            Ok(memory.into())
        };
        whole().map_err(|error| VmError::file("make initramfs of", program, error))
    }
}

/// Whether [`Base::open`] would touch the network.
pub(super) fn needs_download() -> bool {
    !apt::is_cached(BUSYBOX_PACKAGE)
}

/// A static busybox, unpacked.
pub(super) fn busybox() -> Result<PathBuf, VmError> {
    let tree = apt::unpacked(BUSYBOX_PACKAGE)?;
    let places = ["bin/busybox", "usr/bin/busybox"].map(|place| tree.join(place));
    let found = places.into_iter().find(|place| place.is_file());
    found.ok_or_else(|| VmError::file("find bin/busybox in", &tree, io::ErrorKind::NotFound.into()))
}

/// Tells apart everything the archive is made of.
fn key(kernel: &Kernel, busybox: &Path) -> Result<u64, VmError> {
    let mut hasher = DefaultHasher::new();
    (LAYOUT, modules::NEEDED, modules::OPTIONAL, &kernel.origin, &kernel.modules).hash(&mut hasher);
    for file in [kernel.image.as_path(), busybox] {
        let metadata = fs::metadata(file).map_err(|error| VmError::file("stat", file, error))?;
        (file, metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn build(plan: &modules::Plan, busybox: &Path) -> io::Result<Vec<u8>> {
    let mut archive = Writer::new(BufWriter::new(Vec::new()));
    skeleton(&mut archive)?;
    tools(&mut archive, busybox)?;
    load_list(&mut archive, plan)?;
    archive.finish()?.into_inner().map_err(io::IntoInnerError::into_error)
}

/// The directories of a merged-/usr system, as Ubuntu 24.04 is one, and files that programs under test look into.
fn skeleton(archive: &mut Writer<impl Write>) -> io::Result<()> {
    const DIRECTORIES: &[&str] = &[
        "dev",
        "etc",
        "home",
        "mnt",
        "opt",
        "proc",
        "root",
        "run",
        "srv",
        "sys",
        "tmp",
        "usr",
        "usr/bin",
        "usr/lib",
        "usr/lib64",
        "usr/local",
        "usr/local/bin",
        "usr/sbin",
        "usr/share",
        "var",
        "var/lib",
        "var/log",
        "var/tmp",
    ];
    const LINKS: &[(&str, &str)] = &[
        ("bin", "usr/bin"),
        ("lib", "usr/lib"),
        ("lib64", "usr/lib64"),
        ("sbin", "usr/sbin"),
        ("var/run", "/run"),
        ("etc/mtab", "../proc/self/mounts"),
    ];
    const FILES: &[(&str, &str)] = &[
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"),
        ("etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"),
        ("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 ubuntu2404-boxproof\n::1 ip6-localhost ip6-loopback\n"),
        ("etc/hostname", "ubuntu2404-boxproof\n"),
        ("etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n"),
        ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
        ("etc/shells", "/bin/sh\n"),
    ];
    for name in DIRECTORIES {
        archive.directory(name)?;
    }
    for (name, target) in LINKS {
        archive.symlink(name, target)?;
    }
    for (name, text) in FILES {
        archive.file(name, 0o644, text.as_bytes())?;
    }
    // The kernel opens it for /init's standard streams before /init can mount anything.
    archive.entry("dev/console", Kind::CharDevice { major: 5, minor: 1 }, 0o600, b"")
}

/// busybox, and the names under which it is several hundred programs.
fn tools(archive: &mut Writer<impl Write>, busybox: &Path) -> io::Result<()> {
    archive.file("usr/bin/busybox", 0o755, &fs::read(busybox)?)?;
    let output = Command::new(busybox).arg("--list-full").output()?;
    let listing = String::from_utf8_lossy(&output.stdout).into_owned();
    for place in listing.lines().filter(|place| !place.ends_with("/busybox") && *place != "linuxrc") {
        let merged = if place.starts_with("usr/") { place.to_owned() } else { format!("usr/{place}") };
        archive.symlink(&merged, "/usr/bin/busybox")?;
    }
    Ok(())
}

/// The modules, and the list by which the guest loads them.
fn load_list(archive: &mut Writer<impl Write>, plan: &modules::Plan) -> io::Result<()> {
    archive.directory(guest::MODULES.trim_start_matches('/'))?;
    let place = |name: &str| format!("{}/{name}", guest::MODULES.trim_start_matches('/'));
    let mut list = String::new();
    for module in &plan.load {
        archive.file(&place(&format!("{}.ko", module.name)), 0o600, &module.object)?;
        list += &format!("{} {}\n", if module.optional { guest::OPTIONAL } else { guest::NEEDED }, module.name);
    }
    archive.file(&place(guest::MODULE_LIST), 0o600, list.as_bytes())
}
