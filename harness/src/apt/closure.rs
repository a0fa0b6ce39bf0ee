//! Packages with everything that they depend on, for a machine that has nothing yet. They are laid out in a directory and
//! never configured: no script of theirs is run.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{Apt, AptError, PARTIAL, Result, Store, create_private, explain, failed, lock, run, sweep};

/// Packages whose files lie in a directory, until it is dropped. Until then nobody else changes the cache.
#[derive(Debug)]
pub struct Laid {
    directory: tempfile::TempDir,
    /// The archives that were unpacked: `gcc-12_12.2.0-14+deb12u1_amd64`.
    pub archives: Vec<String>,
    /// Whoever has it may sweep, and would sweep this away.
    _lock: File,
}

impl Laid {
    /// Where the files lie as they would under `/`, all of them this user's.
    pub fn tree(&self) -> PathBuf {
        self.directory.path().join("tree")
    }
}

/// Downloads and unpacks `packages` and what they need. Nothing of it is kept but by the caller.
pub fn lay(packages: &[&str]) -> Result<Laid> {
    let store = Store::open()?;
    let lock = lock(&store.cache)?;
    sweep(&store.root)?;
    let directory = tempfile::Builder::new()
        .prefix(PARTIAL)
        .tempdir_in(&store.root)
        .map_err(failed("create directory in", &store.root))?;
    let cache = directory.path().join("cache");
    create_private(&cache.join("archives/partial"))?;
    // With this for its record of what is installed, apt takes the machine for an empty one.
    let status = directory.path().join("status");
    fs::write(&status, "").map_err(failed("write", &status))?;
    store.with_lists(|apt| download(apt, packages, &cache, &status))?;

    let tree = directory.path().join("tree");
    create_private(&tree)?;
    let mut archives = Vec::new();
    let laid = archives_in(&cache.join("archives"))?;
    if laid.is_empty() {
        return Err(AptError::NotFound { package: packages.join(" ") });
    }
    for archive in laid {
        run("dpkg-deb", [OsStr::new("-x"), archive.as_os_str(), tree.as_os_str()], None)?;
        archives.extend(archive.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    Ok(Laid { directory, archives, _lock: lock })
}

fn download(apt: &Apt, packages: &[&str], cache: &Path, status: &Path) -> Result<()> {
    let mut options = apt.options.clone();
    options.push(format!("-oDir::Cache={}", cache.display()));
    // A machine's own setting of this one may be absolute.
    options.push(format!("-oDir::Cache::archives={}", cache.join("archives").display()));
    options.push(format!("-oDir::State::status={}", status.display()));
    // The lock would be the machine's, which is root's; ours is held.
    options.extend(["-oDebug::NoLocking=1", "-oAPT::Install-Recommends=0", "-y"].map(str::to_owned));
    options.extend(["--download-only", "install"].map(str::to_owned));
    let words = options.iter().map(String::as_str).chain(packages.iter().copied());
    run("apt-get", words, None).map(drop).map_err(|error: AptError| explain(error, &packages.join(" ")))
}

fn archives_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).map_err(failed("read directory", directory))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut archives: Vec<_> = paths.filter(|path| path.extension() == Some("deb".as_ref())).collect();
    archives.sort();
    Ok(archives)
}
