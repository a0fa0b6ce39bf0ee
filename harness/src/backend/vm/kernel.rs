//! Which kernel the guest runs: one the user names, else the one the machine's package manager offers.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::VmError;
use crate::apt;

/// A kernel with its modules, all readable by this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// The bootable image (vmlinuz).
    pub image: PathBuf,
    /// The directory `lib/modules/RELEASE`. It may be missing for a kernel that has everything built in.
    pub modules: PathBuf,
    /// What `uname -r` will say in the guest.
    pub release: String,
    /// Where it comes from, for the report: `linux-image-6.1.0-56-cloud-amd64 6.1.192-2`, or a path.
    pub origin: String,
}

/// Where to look for the kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum KernelSource {
    /// `BOXPROOF_KERNEL` (a file or a version) or `BOXPROOF_KERNEL_PACKAGE` (a package) when set; else what this distribution
    /// offers for virtual machines; else, without apt, the kernel this machine runs.
    #[default]
    Auto,
    /// This image. Its modules are looked for beside it, then in /lib/modules.
    Image(PathBuf),
    /// This package: a kernel, or one that depends on a kernel.
    Package(String),
    /// The newest kernel of this version that the distribution has: `6.12`.
    Version(String),
}

impl KernelSource {
    /// What a user means: a file, a version, or else a package.
    pub fn named(name: &str) -> Self {
        match name {
            _ if name.contains('/') || Path::new(name).is_file() => Self::Image(name.into()),
            _ if name.starts_with(|letter: char| letter.is_ascii_digit()) => Self::Version(name.to_owned()),
            _ => Self::Package(name.to_owned()),
        }
    }

    /// Finds the kernel, downloading it if neither the machine nor the cache has it.
    pub fn find(&self) -> Result<Kernel, VmError> {
        match self {
            Self::Image(image) => from_image(image),
            Self::Package(package) => from_package(package),
            Self::Version(version) => of_version(version),
            Self::Auto => automatic(),
        }
    }

    /// The package that [`find`](Self::find) would download now, if any.
    pub fn to_download(&self) -> Option<String> {
        let package = match self {
            Self::Image(_) => return None,
            Self::Package(package) => package.clone(),
            Self::Version(version) if apt::is_known(&prefix(version)) => return None,
            Self::Version(version) => return Some(prefix(version)),
            Self::Auto if env::var_os(KERNEL).is_some() => return named_by_environment()?.to_download(),
            Self::Auto => env::var(KERNEL_PACKAGE).unwrap_or_else(|_| default_package(&os_release()).to_owned()),
        };
        (!apt::is_cached(&package)).then_some(package)
    }
}

/// Names an image file, a version or a package.
const KERNEL: &str = "BOXPROOF_KERNEL";
/// Names a package.
const KERNEL_PACKAGE: &str = "BOXPROOF_KERNEL_PACKAGE";

fn automatic() -> Result<Kernel, VmError> {
    if let Some(named) = named_by_environment() {
        return named.find();
    }
    if let Ok(package) = env::var(KERNEL_PACKAGE) {
        return from_package(&package);
    }
    match from_package(default_package(&os_release())) {
        Err(VmError::Apt(error)) => running().ok_or(VmError::Apt(error)),
        found => found,
    }
}

fn os_release() -> String {
    fs::read_to_string("/etc/os-release").unwrap_or_default()
}

/// The kernel package a distribution makes for virtual machines: small, and the same that its cloud images run.
fn default_package(os_release: &str) -> &'static str {
    let ubuntu =
        os_release.lines().any(|line| line == "ID=ubuntu" || line.starts_with("ID_LIKE") && line.contains("ubuntu"));
    match (ubuntu, cfg!(target_arch = "aarch64")) {
        (true, _) => "linux-image-virtual",
        (false, true) => "linux-image-cloud-arm64",
        (false, false) => "linux-image-cloud-amd64",
    }
}

fn named_by_environment() -> Option<KernelSource> {
    let name = env::var_os(KERNEL)?;
    Some(name.to_str().map_or_else(|| KernelSource::Image(name.clone().into()), KernelSource::named))
}

fn prefix(version: &str) -> String {
    format!("linux-image-{version}")
}

/// Of the same make as the one that is taken where nobody names a version.
fn of_version(version: &str) -> Result<Kernel, VmError> {
    let prefix = prefix(version);
    let make = match default_package(&os_release()) {
        "linux-image-virtual" => "generic",
        package => package.trim_start_matches("linux-image-"),
    };
    // 6.1 is not 6.12.
    let wanted = |name: &str| {
        let rest = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(make));
        rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_digit()))
    };
    let (name, package) = apt::fetch_newest(&prefix, wanted)?;
    let image = image_in(&package.tree)
        .ok_or_else(|| VmError::NoKernel { detail: format!("package {name} holds no boot/vmlinuz-*") })?;
    with_modules(&name, &package, image)
}

fn from_package(name: &str) -> Result<Kernel, VmError> {
    let named = apt::fetch(name)?;
    if let Some(image) = image_in(&named.tree) {
        return with_modules(name, &named, image);
    }
    let (real, package) = apt::fetch_dependency(name, |package| package.starts_with("linux-image-"))?;
    let image = image_in(&package.tree).ok_or_else(|| VmError::NoKernel {
        detail: format!("package {real} holds no boot/vmlinuz-*: name another by {KERNEL_PACKAGE}"),
    })?;
    with_modules(&real, &package, image)
}

/// Debian packs a kernel's modules with it, Ubuntu packs them apart.
fn with_modules(name: &str, package: &apt::Unpacked, image: PathBuf) -> Result<Kernel, VmError> {
    let release = release_of(&image)?;
    let modules = match modules_in(&package.tree, &release) {
        Some(modules) => modules,
        None => {
            let tree = apt::unpacked(&format!("linux-modules-{release}"))?;
            modules_in(&tree, &release).ok_or_else(|| VmError::NoKernel {
                detail: format!("package linux-modules-{release} holds no lib/modules/{release}"),
            })?
        }
    };
    Ok(Kernel { image, modules, release, origin: format!("{name} {}", package.version) })
}

fn from_image(image: &Path) -> Result<Kernel, VmError> {
    fs::File::open(image)
        .map_err(|error| VmError::NoKernel { detail: format!("open kernel {}: {error}", image.display()) })?;
    let release = release_of(image)?;
    // boot/vmlinuz-R and lib/modules/R are siblings in an unpacked package, as they are on a machine.
    let beside = image.parent().and_then(Path::parent).and_then(|root| modules_in(root, &release));
    let modules = beside.unwrap_or_else(|| Path::new("/lib/modules").join(&release));
    Ok(Kernel { image: image.to_owned(), modules, release, origin: image.display().to_string() })
}

/// The kernel this machine runs, when its image is readable (Ubuntu's is for root alone, Launchpad bug 759725).
fn running() -> Option<Kernel> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    from_image(&Path::new("/boot").join(format!("vmlinuz-{}", release.trim()))).ok().filter(|k| k.modules.is_dir())
}

/// `boot/vmlinuz-*` in the tree of a package.
fn image_in(tree: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(tree.join("boot")).ok()?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"vmlinuz-")))
}

/// `lib/modules/RELEASE`, or `usr/lib/modules/RELEASE` since the merge of `/lib` into `/usr`.
fn modules_in(tree: &Path, release: &str) -> Option<PathBuf> {
    let places = ["lib/modules", "usr/lib/modules"].map(|place| tree.join(place).join(release));
    places.into_iter().find(|place| place.is_dir())
}

/// The release a kernel image says it is.
fn release_of(image: &Path) -> Result<String, VmError> {
    let bytes = fs::read(image)
        .map_err(|error| VmError::NoKernel { detail: format!("read kernel {}: {error}", image.display()) })?;
    let named = || Some(image.file_name()?.to_str()?.strip_prefix("vmlinuz-")?.to_owned());
    bz_image_release(&bytes).or_else(named).ok_or_else(|| VmError::NoKernel {
        detail: format!("{} is no Linux kernel image, or is not named vmlinuz-RELEASE", image.display()),
    })
}

/// Reads the version out of an x86 boot header: "HdrS" at 0x202, the offset of the string less 0x200 at 0x20e
/// (Documentation/arch/x86/boot.rst). Other architectures have no such thing.
fn bz_image_release(image: &[u8]) -> Option<String> {
    if image.get(0x202..0x206)? != b"HdrS" {
        return None;
    }
    let offset = u16::from_le_bytes(image.get(0x20e..0x210)?.try_into().ok()?);
    let text = image.get(usize::from(offset) + 0x200..)?;
    let end = text.iter().position(|&byte| byte == b' ' || byte == 0)?;
    String::from_utf8(text.get(..end)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_names_a_kernel_in_one_of_three_ways() {
        assert_eq!(KernelSource::named("6.12"), KernelSource::Version("6.12".into()));
        assert_eq!(KernelSource::named("./vmlinuz-6.12"), KernelSource::Image("./vmlinuz-6.12".into()));
        assert_eq!(
            KernelSource::named("linux-image-cloud-amd64"),
            KernelSource::Package("linux-image-cloud-amd64".into())
        );
    }

    #[test]
    fn each_distribution_gets_its_own_kernel_for_virtual_machines() {
        let debian = "ID=debian\nVERSION_ID=\"12\"\n";
        assert!(default_package(debian).starts_with("linux-image-cloud-"));
        assert_eq!(default_package("NAME=Ubuntu\nID=ubuntu\nID_LIKE=debian\n"), "linux-image-virtual");
        assert_eq!(default_package("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), "linux-image-virtual");
    }

    #[test]
    fn the_release_is_read_from_the_boot_header() {
        let mut image = vec![0; 0x400];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x20e..0x210].copy_from_slice(&0x100u16.to_le_bytes());
        image[0x300..0x310].copy_from_slice(b"6.8.0-51-generic");
        assert_eq!(bz_image_release(&image).as_deref(), Some("6.8.0-51-generic"));
        assert_eq!(bz_image_release(&image[..0x208]), None);
        assert_eq!(bz_image_release(b"#!/bin/sh"), None);
    }

    #[test]
    fn an_image_finds_its_modules_beside_it() {
        let root = tempfile::tempdir().expect("temporary directory");
        fs::create_dir_all(root.path().join("usr/lib/modules/6.9.0-x")).expect("modules");
        fs::create_dir_all(root.path().join("boot")).expect("boot");
        let image = root.path().join("boot/vmlinuz-6.9.0-x");
        fs::write(&image, b"not an x86 image").expect("image");
        let kernel = KernelSource::Image(image).find().expect("kernel");
        assert_eq!(kernel.release, "6.9.0-x");
        assert_eq!(kernel.modules, root.path().join("usr/lib/modules/6.9.0-x"));
    }

    #[test]
    fn a_missing_image_is_named() {
        let error = KernelSource::Image("/nonexistent/vmlinuz".into()).find().expect_err("no such file");
        assert!(error.to_string().contains("/nonexistent/vmlinuz"), "{error}");
    }
}
