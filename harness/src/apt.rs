//! Debian packages without root: downloaded by the machine's own apt, which checks their signatures, and unpacked into
//! a cache. What the cache holds is never asked for again, so everything works offline after the first time.

pub mod closure;
mod newest;

pub use newest::{fetch_newest, is_known};

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::sys::machine;

/// Why a package could not be had. The text says what to do about it.
#[derive(Debug)]
pub enum AptError {
    /// This machine has no apt, or a part of it is missing.
    NoApt {
        /// The program that is missing.
        program: &'static str,
    },
    /// apt's sources know no such package.
    NotFound {
        /// The package's name.
        package: String,
    },
    /// The archive could not be reached.
    NoNetwork {
        /// What was to be fetched.
        package: String,
        /// apt's own words.
        detail: String,
    },
    /// Something else that apt or dpkg reported.
    Failed {
        /// The command as run.
        command: String,
        /// Its standard error.
        detail: String,
    },
    /// A file operation in the cache failed.
    Cache {
        /// What was being done.
        operation: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Neither XDG_CACHE_HOME nor HOME is set.
    NoCacheDirectory,
}

impl std::fmt::Display for AptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoApt { program } => write!(
                f,
                "{program} is not on this machine, so packages cannot be fetched: \
                 use Debian or Ubuntu, or give boxproof files of your own (BOXPROOF_KERNEL=VMLINUZ)"
            ),
            Self::NotFound { package } => write!(
                f,
                "apt knows no package {package}: look at the sources in /etc/apt (`apt-cache policy {package}` shows what they offer)"
            ),
            Self::NoNetwork { package, detail } => write!(
                f,
                "download {package}: the package archive cannot be reached ({detail}); \
                 connect once and run `boxproof vm prepare`, afterwards no network is needed"
            ),
            Self::Failed { command, detail } => write!(f, "{command}: {detail}"),
            Self::Cache { operation, path, source } => write!(f, "{operation} {}: {source}", path.display()),
            Self::NoCacheDirectory => f.write_str("neither XDG_CACHE_HOME nor HOME is set: set one of them"),
        }
    }
}

impl std::error::Error for AptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Cache { source, .. } => Some(source),
            _ => None,
        }
    }
}

type Result<T, E = AptError> = std::result::Result<T, E>;

/// boxproof's cache directory: `boxproof` under XDG_CACHE_HOME or ~/.cache (XDG Base Directory Specification).
/// It is created, readable by this user only, if need be.
pub fn cache_dir() -> Result<PathBuf> {
    let base = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let cache = base.ok_or(AptError::NoCacheDirectory)?.join("boxproof");
    create_private(&cache)?;
    Ok(cache)
}

/// A path from the environment; the specification says that relative ones are to be ignored.
fn absolute(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

pub(crate) fn create_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("create directory", path))
}

fn failed(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AptError {
    let path = path.to_owned();
    move |source| AptError::Cache { operation, path, source }
}

/// A package in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// The directory that holds the package's files as they would lie under `/`.
    pub tree: PathBuf,
    /// The package's version.
    pub version: String,
}

/// The directory that holds the files of `package`, downloaded and unpacked if the cache has it not yet.
pub fn unpacked(package: &str) -> Result<PathBuf> {
    fetch(package).map(|package| package.tree)
}

/// As [`unpacked`], with the version.
pub fn fetch(package: &str) -> Result<Unpacked> {
    let store = Store::open()?;
    match store.get(package) {
        Some(found) => Ok(found),
        None => store.add(package),
    }
}

/// Whether the cache holds `package`, so that [`fetch`] would not touch the network.
pub fn is_cached(package: &str) -> bool {
    Store::open().is_ok_and(|store| store.get(package).is_some())
}

/// The first package that `meta` depends on and whose name satisfies `wanted`, with that name: the versioned kernel
/// behind `linux-image-cloud-amd64`. The name is kept, so that a later run needs neither apt nor network, and stays
/// with the kernel it knows until the cache is removed.
pub fn fetch_dependency(meta: &str, wanted: impl Fn(&str) -> bool) -> Result<(String, Unpacked)> {
    let store = Store::open()?;
    let record = store.root.join(format!("{meta}.resolved"));
    if let Ok(known) = fs::read_to_string(&record) {
        let package = fetch(&known)?;
        return Ok((known, package));
    }
    let mut name = store.resolve(meta, &wanted)?;
    let package = match fetch(&name) {
        // Old lists name what the archive has dropped. By now there are fresh ones.
        Err(AptError::NotFound { .. }) => {
            name = store.resolve(meta, &wanted)?;
            fetch(&name)?
        }
        fetched => fetched?,
    };
    // Only now, so that a recorded name is always one that the cache holds.
    write_atomically(&record, name.as_bytes())?;
    Ok((name, package))
}

/// The `Depends:` lines of `apt-cache depends`.
fn dependencies(listing: &str) -> impl Iterator<Item = &str> {
    listing.lines().filter_map(|line| line.trim_start_matches([' ', '|']).strip_prefix("Depends: ")).map(str::trim)
}

/// Writes a file in the cache so that a reader sees all of it or nothing, whenever the writer is killed.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let _lock = lock(&cache_dir()?)?;
    let directory = path.parent().unwrap_or(Path::new("."));
    sweep(directory)?;
    let write = || {
        let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(directory)?;
        io::Write::write_all(&mut file, content)?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(failed("write", path))
}

/// Whoever changes the cache holds this until the file is dropped, or the process dies. It must not be taken twice.
fn lock(cache: &Path) -> Result<File> {
    let path = cache.join("lock");
    let file = File::create(&path).map_err(failed("create", &path))?;
    file.lock().map_err(failed("lock", &path))?;
    Ok(file)
}

/// Removes what killed runs left in a directory. Only the holder of the lock may.
pub(crate) fn sweep(directory: &Path) -> Result<()> {
    let entries = fs::read_dir(directory).map_err(failed("read directory", directory))?;
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(PARTIAL.as_bytes()) {
            let path = entry.path();
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(failed("remove", &path))?;
        }
    }
    Ok(())
}

/// `packages/` in the cache: one directory per package, which appears by a rename when it is complete.
struct Store {
    cache: PathBuf,
    root: PathBuf,
}

impl Store {
    fn open() -> Result<Self> {
        let cache = cache_dir()?;
        let root = cache.join("packages");
        create_private(&root)?;
        Ok(Self { cache, root })
    }

    fn get(&self, package: &str) -> Option<Unpacked> {
        let home = self.root.join(package);
        let version = fs::read_to_string(home.join("version")).ok()?;
        Some(Unpacked { tree: home.join("tree"), version })
    }

    fn add(&self, package: &str) -> Result<Unpacked> {
        self.add_from(package, |directory| self.with_lists(|apt| apt.download(package, directory)))
    }

    /// Downloads and unpacks. One process at a time does so; the others wait and find the result.
    fn add_from(&self, package: &str, download: impl Fn(&Path) -> Result<PathBuf>) -> Result<Unpacked> {
        let _lock = lock(&self.cache)?;
        if let Some(found) = self.get(package) {
            return Ok(found);
        }
        sweep(&self.root)?;
        // A fresh name each time: should an orphan of a killed run still write, it writes into a directory of its own.
        let work = tempfile::Builder::new()
            .prefix(PARTIAL)
            .tempdir_in(&self.root)
            .map_err(failed("create directory in", &self.root))?;
        let deb = download(work.path())?;
        let home = work.path().join("done");
        let tree = home.join("tree");
        create_private(&home)?;
        run("dpkg-deb", [OsStr::new("-x"), deb.as_os_str(), tree.as_os_str()], None)?;
        let version = run("dpkg-deb", [OsStr::new("-f"), deb.as_os_str(), OsStr::new("Version")], None)?;
        let record = home.join("version");
        fs::write(&record, version.trim()).map_err(failed("write", &record))?;
        let place = self.root.join(package);
        fs::rename(&home, &place).map_err(failed("rename into place", &place))?;
        self.get(package).ok_or_else(|| failed("read", &place)(io::ErrorKind::NotFound.into()))
    }

    fn resolve(&self, meta: &str, wanted: &impl Fn(&str) -> bool) -> Result<String> {
        let not_found = || AptError::NotFound { package: meta.to_owned() };
        self.with_lists(|apt| {
            let listing = apt.run("apt-cache", ["depends", "--important", meta], None).map_err(|e| explain(e, meta))?;
            dependencies(&listing).find(|name| wanted(name)).map(str::to_owned).ok_or_else(not_found)
        })
    }

    /// With the package lists that there are: our own, or at first the machine's.
    fn apt_at_hand(&self) -> Apt {
        let state = self.cache.join("apt");
        match holds_lists(&state.join("lists")) {
            true => Apt::with_lists_of_our_own(&state),
            false => Apt::with_lists_of_the_machine(&state),
        }
    }

    /// Asks with the package lists that there are: our own, or at first the machine's. They may be absent (a fresh
    /// container image) or so old that the archive has dropped what they name; then fetches lists of our own, which
    /// needs no root, and asks again.
    fn with_lists<T>(&self, ask: impl Fn(&Apt) -> Result<T>) -> Result<T> {
        let state = self.cache.join("apt");
        let lists = state.join("lists");
        create_private(&state.join("cache/archives/partial"))?;
        let own = Apt::with_lists_of_our_own(&state);
        let error = match ask(&self.apt_at_hand()) {
            Err(error @ (AptError::NotFound { .. } | AptError::NoNetwork { .. } | AptError::Failed { .. })) => error,
            settled => return settled,
        };
        create_private(&lists.join("partial"))?;
        // Neither success nor failure means much: `update` fails when any of the machine's sources does, and succeeds
        // without a network. What counts is what it brought.
        match own.run("apt-get", ["update"], None) {
            Err(missing @ AptError::NoApt { .. }) => Err(missing),
            _ if holds_lists(&lists) => ask(&own),
            _ => Err(match error {
                AptError::NotFound { package } => AptError::NoNetwork { package, detail: NO_LISTS.to_owned() },
                error => error,
            }),
        }
    }
}

/// Whether apt has put package lists into this directory.
fn holds_lists(directory: &Path) -> bool {
    let is_list = |name: &OsStr| name.to_string_lossy().contains("_Packages");
    fs::read_dir(directory).is_ok_and(|entries| entries.flatten().any(|entry| is_list(&entry.file_name())))
}

/// How the names of unfinished things in the cache begin.
pub(crate) const PARTIAL: &str = ".partial-";
const NO_LISTS: &str = "this machine's package lists do not name it, and newer ones could not be fetched";

/// How apt is called: with its caches in a directory of ours, because the machine's belong to root.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    fn with_lists_of_the_machine(state: &Path) -> Self {
        // As root, apt would download as the user _apt, who has no access to our cache.
        let mut apt = Self { options: vec!["-q".to_owned(), "-oAPT::Sandbox::User=root".to_owned()] };
        apt.set("Dir::Cache", &state.join("cache"));
        apt
    }

    fn with_lists_of_our_own(state: &Path) -> Self {
        let mut apt = Self::with_lists_of_the_machine(state);
        apt.set("Dir::State::lists", &state.join("lists"));
        apt
    }

    fn set(&mut self, option: &str, path: &Path) {
        self.options.push(format!("-o{option}={}", path.display()));
    }

    fn run<const N: usize>(
        &self,
        program: &'static str,
        arguments: [&str; N],
        directory: Option<&Path>,
    ) -> Result<String> {
        run(program, self.options.iter().map(String::as_str).chain(arguments), directory)
    }

    /// Downloads a package into `directory`; returns the file.
    fn download(&self, package: &str, directory: &Path) -> Result<PathBuf> {
        self.run("apt-get", ["download", package], Some(directory)).map_err(|error| explain(error, package))?;
        let mut entries = fs::read_dir(directory).map_err(failed("read directory", directory))?;
        entries
            .find_map(|entry| {
                entry.ok().map(|entry| entry.path()).filter(|path| path.extension() == Some("deb".as_ref()))
            })
            .ok_or_else(|| AptError::NotFound { package: package.to_owned() })
    }
}

/// Tells the two mistakes a user can mend from the rest, by apt's own (untranslated) words.
fn explain(error: AptError, package: &str) -> AptError {
    let AptError::Failed { command, detail } = error else { return error };
    let package = package.to_owned();
    let says = |words: &[&str]| words.iter().any(|word| detail.contains(word));
    const UNKNOWN: [&str; 4] =
        ["Unable to locate package", "Can't find a source", "No packages found", "no installation candidate"];
    // What the lists name and the archive has not is as unknown as what the lists do not name.
    const DROPPED: &str = " 404 ";
    if says(&UNKNOWN) || says(&[DROPPED]) {
        AptError::NotFound { package }
    } else if says(&["Failed to fetch", "Could not resolve", "Could not connect", "Temporary failure"]) {
        AptError::NoNetwork { package, detail }
    } else {
        AptError::Failed { command, detail }
    }
}

/// Runs a program to its end; its standard output, or an error with the last line of its standard error.
fn run(
    program: &'static str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    directory: Option<&Path>,
) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    // This thread waits for the child, so the child's end with the thread is its end with the program.
    let output = machine::die_with_parent(&mut command).output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => AptError::NoApt { program },
        _ => failed("run", Path::new(program))(error),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let detail = words.lines().rfind(|line| line.starts_with("E:")).or(words.lines().last()).unwrap_or("no message");
    Err(AptError::Failed { command: shown(&command), detail: format!("{detail} ({})", output.status) })
}

/// The command line as a person would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_from_the_listing() {
        let listing = "linux-image-virtual\n  Depends: linux-image-6.8.0-51-generic\n |Depends: a\n  Recommends: b\n";
        assert_eq!(dependencies(listing).collect::<Vec<_>>(), ["linux-image-6.8.0-51-generic", "a"]);
    }

    #[test]
    fn a_package_nobody_offers_is_told_from_an_archive_nobody_reaches() {
        let failed = |detail: &str| AptError::Failed { command: "apt-get".into(), detail: detail.into() };
        let unknown = explain(failed("E: Unable to locate package nosuch (exit status: 100)"), "nosuch");
        assert!(matches!(unknown, AptError::NotFound { package } if package == "nosuch"));
        let offline = explain(failed("E: Failed to fetch http://deb.debian.org/x.deb"), "x");
        assert!(offline.to_string().contains("boxproof vm prepare"), "{offline}");
    }
}
