//! What a student has handed in: brought here, weighed before anything reads it whole, and known by its contents.
//!
//! Nothing here follows a symbolic link that a student has made, opens anything but regular files, or runs a program of
//! the student's. A repository is cloned by git with a configuration of our own.

use super::roster::{Source, Student};
use crate::bounded;
use crate::outcome::Trouble;
use boxproof_harness::manifest::{FILE_NAME, Manifest};
use boxproof_harness::tree::Tree;
use boxproof_scenarios::texts::Texts;
use nix::errno::Errno;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A submission that lies here, within bounds.
pub struct HandedIn {
    /// The program or directory.
    pub path: PathBuf,
    /// Of all names, modes and contents.
    pub sha256: String,
    /// Its commit, where that is known.
    pub commit: Option<String>,
    /// When that was made.
    pub committed_at: Option<String>,
    /// Where it was put, if it had to be put somewhere.
    _place: Option<TempDir>,
}

/// Directories that are no part of what is handed in, but for the program itself if it lies there.
const NOT_HANDED_IN: [&str; 3] = [".git", "target", "node_modules"];
/// More files than any runtime is made of, its root file system included.
const MOST_FILES: usize = 50_000;

/// Brings it here. `scratch` is where things may be put; `size` the most bytes that are looked at.
///
/// What is wrong with the submission itself is [`Trouble::Usage`]; what keeps us from getting at it [`Trouble::Environment`].
pub fn fetch(
    student: &Student,
    scratch: &Path,
    size: u64,
    limit: Duration,
    texts: &Texts,
) -> Result<HandedIn, Trouble> {
    let (path, place, commit, committed_at) = match &student.source {
        Source::Path(path) => (present(path, texts)?, None, student.commit.clone(), student.committed_at.clone()),
        Source::Git(url) => {
            let clone = Clone::of(url, student.commit.as_deref(), scratch, limit)?;
            let committed_at = student.committed_at.clone().unwrap_or(clone.committed_at);
            (clone.place.path().to_owned(), Some(clone.place), Some(clone.commit), Some(committed_at))
        }
    };
    let program = program(&path);
    let sha256 = contents(&path, &program, size, texts)?;
    let (path, place) = match path.join(FILE_NAME).exists() {
        // It may be built, which changes it; what was handed in stays as it is.
        true if place.is_none() => copied(&path, &program, scratch)?,
        _ => (path, place),
    };
    Ok(HandedIn { path, sha256, commit, committed_at, _place: place })
}

/// The path without the symbolic links that lead to it.
fn present(path: &Path, texts: &Texts) -> Result<PathBuf, Trouble> {
    let named = |id: &str| texts.text(id, &crate::report::params([("path", &path.display().to_string())]));
    path.canonicalize().map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ELOOP) => Trouble::usage(named("class-loop")),
        // Perhaps nothing was handed in, perhaps the roster names the wrong place: that is for the teacher to say.
        Some(Errno::ENOENT) if path.symlink_metadata().is_err() => Trouble::environment(named("class-missing")),
        Some(Errno::ENOENT) => Trouble::usage(named("class-dangling")),
        _ => Trouble::environment(format!("{}: {error}", path.display())),
    })
}

fn copied(path: &Path, program: &Path, scratch: &Path) -> Result<(PathBuf, Option<TempDir>), Trouble> {
    let place = temporary(scratch)?;
    let tree = Tree::read(path).map_err(Trouble::environment)?;
    let mut wanted = Tree::new();
    for (below, node) in tree.entries().filter(|(below, _)| !is_left_out(below, program)) {
        wanted.insert(below, node.clone()).map_err(Trouble::environment)?;
    }
    wanted.write_to(place.path()).map_err(Trouble::environment)?;
    Ok((place.path().to_owned(), Some(place)))
}

fn temporary(scratch: &Path) -> Result<TempDir, Trouble> {
    tempfile::tempdir_in(scratch)
        .map_err(|error| Trouble::environment(format!("make a directory in {}: {error}", scratch.display())))
}

fn is_left_out(below: &Path, program: &Path) -> bool {
    !program.starts_with(below)
        && below.iter().next().is_some_and(|first| NOT_HANDED_IN.iter().any(|name| *name == first))
}

/// The program's name below the directory, as far as the manifest can be read: who inspects it says what is wrong with it.
fn program(path: &Path) -> PathBuf {
    let manifest = Manifest::beside(path).ok().flatten();
    let program = manifest.and_then(|manifest| Some(manifest.program.strip_prefix(path).ok()?.to_owned()));
    program.unwrap_or_default()
}

/// A digest of everything in it: the file's own where it is one file.
fn contents(path: &Path, program: &Path, size: u64, texts: &Texts) -> Result<String, Trouble> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| Trouble::environment(format!("read {path}: {error}"))
    };
    let kind = fs::symlink_metadata(path).map_err(failed(path))?;
    if kind.is_file() {
        within(path, kind.len(), size, texts)?;
        return digest(path, size).map_err(failed(path));
    }
    if !kind.is_dir() {
        // Whoever inspects the program says what it is.
        return Ok(crate::digest::hex(b"neither a file nor a directory"));
    }
    let mut bytes = 0;
    let mut lines = BTreeMap::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(below) = pending.pop() {
        let here = path.join(&below);
        for entry in fs::read_dir(&here).map_err(failed(&here))? {
            let entry = entry.map_err(failed(&here))?;
            let (name, full) = (below.join(entry.file_name()), entry.path());
            if is_left_out(&name, program) {
                continue;
            }
            let kind = fs::symlink_metadata(&full).map_err(failed(&full))?;
            let mode = kind.permissions().mode() & 0o7777;
            let what = if kind.is_dir() {
                pending.push(name.clone());
                "directory".to_owned()
            } else if kind.is_symlink() {
                format!("link {}", fs::read_link(&full).map_err(failed(&full))?.display())
            } else if kind.is_file() {
                bytes += kind.len();
                within(path, bytes, size, texts)?;
                // The length now; the contents only once it is known that there is not too much of them.
                format!("file {}", kind.len())
            } else {
                "special".to_owned()
            };
            lines.insert(name, format!("{mode:o} {what}"));
            if lines.len() > MOST_FILES {
                let values = crate::report::params([("most", &MOST_FILES.to_string())]);
                return Err(Trouble::usage(texts.text("class-too-many", &values)));
            }
        }
    }
    let mut listing = String::new();
    for (name, line) in lines {
        let sum = if line.contains(" file ") {
            digest(&path.join(&name), size).map_err(failed(&name))?
        } else {
            String::new()
        };
        listing.push_str(&format!("{:?} {line} {sum}\n", name.as_os_str()));
    }
    Ok(crate::digest::hex(listing.as_bytes()))
}

fn within(path: &Path, bytes: u64, size: u64, texts: &Texts) -> Result<(), Trouble> {
    if bytes <= size {
        return Ok(());
    }
    let (path, most) = (path.display().to_string(), (size >> 20).to_string());
    Err(Trouble::usage(texts.text("class-too-large", &crate::report::params([("path", &path), ("most", &most)]))))
}

/// Of a regular file, whatever has become of its name in the meantime.
fn digest(path: &Path, most: u64) -> io::Result<String> {
    use std::io::Read;
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    crate::digest::hex_of(file.take(most))
}

/// A repository of a student's, checked out.
struct Clone {
    place: TempDir,
    commit: String,
    committed_at: String,
}

impl Clone {
    fn of(url: &str, commit: Option<&str>, scratch: &Path, limit: Duration) -> Result<Clone, Trouble> {
        let place = temporary(scratch)?;
        git(scratch, &["clone", "--quiet", "--no-checkout", "--", url, &place.path().display().to_string()], limit)?;
        let wanted = commit.unwrap_or("HEAD");
        git(place.path(), &["checkout", "--quiet", "--force", "--detach", "--end-of-options", wanted], limit)?;
        let commit = git(place.path(), &["rev-parse", "HEAD"], limit)?;
        let committed_at = git(place.path(), &["log", "-1", "--format=%cI"], limit)?;
        Ok(Clone { place, commit, committed_at })
    }
}

fn git(directory: &Path, words: &[&str], limit: Duration) -> Result<String, Trouble> {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "advice.detachedHead=false"])
        .args(words)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_LFS_SKIP_SMUDGE", "1");
    let typed = format!("git {}", words.join(" "));
    let ended =
        bounded::run(command, limit).map_err(|error| Trouble::environment(format!("start `{typed}`: {error}")))?;
    match ended.succeeded() {
        true => Ok(ended.output.trim().to_owned()),
        false => Err(Trouble::environment(format!("`{typed}` failed: {}", ended.output.trim()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxproof_scenarios::texts::Language;
    use std::os::unix::fs::symlink;

    const MIB: u64 = 1 << 20;

    fn fetched(path: &Path) -> Result<HandedIn, Trouble> {
        let scratch = tempfile::tempdir().expect("a directory").keep();
        let student = Student { id: "s".into(), source: Source::Path(path.into()), commit: None, committed_at: None };
        let texts = crate::words::texts(Language::English);
        let fetched = fetch(&student, &scratch, MIB, Duration::from_secs(60), &texts);
        let _ = fs::remove_dir_all(scratch);
        fetched
    }

    fn why(path: &Path) -> (bool, String) {
        match fetched(path).map(|_| ()) {
            Err(Trouble::Usage(why)) => (true, why),
            Err(Trouble::Environment(why)) => (false, why),
            Ok(()) => panic!("{} was taken", path.display()),
        }
    }

    #[test]
    fn what_cannot_be_a_submission_is_refused_before_it_is_read() {
        let place = tempfile::tempdir().expect("a directory");
        let at = |name: &str| place.path().join(name);
        let (students_fault, said) = why(&at("nothing"));
        assert!(!students_fault && said.contains("there is nothing"), "{said}");
        symlink("b", at("a")).and_then(|()| symlink("a", at("b"))).expect("a circle of links");
        assert!(why(&at("a")).0 && why(&at("a")).1.contains("circle"));
        symlink("nowhere", at("c")).expect("a link");
        assert!(why(&at("c")).0);
        // Ten thousand million bytes that take no room.
        fs::File::create(at("huge")).and_then(|file| file.set_len(10_000 * MIB)).expect("a sparse file");
        assert!(why(&at("huge")).0 && why(&at("huge")).1.contains("1 MiB"));
        fs::create_dir(at("folder")).expect("mkdir");
        fs::rename(at("huge"), at("folder/huge")).expect("rename");
        assert!(why(&at("folder")).0);
    }

    #[test]
    fn it_is_known_by_its_contents() {
        let place = tempfile::tempdir().expect("a directory");
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        for directory in [&one, &other] {
            fs::create_dir_all(directory.join("target")).expect("mkdir");
            fs::write(directory.join("program"), "same").expect("write");
            fs::write(directory.join("target/built"), directory.as_os_str().as_encoded_bytes()).expect("write");
            symlink("/etc/passwd", directory.join("link")).expect("a link");
        }
        let built = "[runtime]\nprogram = \"target/built\"\n";
        let sum = |path: &Path| fetched(path).map(|it| it.sha256).map_err(|_| ()).expect("within bounds");
        assert_eq!(sum(&one), sum(&other));
        fs::set_permissions(other.join("program"), fs::Permissions::from_mode(0o755)).expect("chmod");
        assert_ne!(sum(&one), sum(&other));
        assert_eq!(sum(&one.join("program")), crate::digest::hex(b"same"));
        fs::set_permissions(other.join("program"), fs::Permissions::from_mode(0o644)).expect("chmod");
        for directory in [&one, &other] {
            fs::write(directory.join(FILE_NAME), built).expect("write");
        }
        assert_ne!(sum(&one), sum(&other), "the program counts wherever it lies");
    }
}
