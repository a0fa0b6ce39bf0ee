//! The files a program needs beside it: its loader and libraries, found where
//! [ld.so(8)](https://man7.org/linux/man-pages/man8/ld.so.8.html) would find them, and its interpreters.
//!
//! What a program opens only while it runs (`dlopen`, name service modules, the modules of Python or Perl) cannot be
//! seen from outside and does not come along.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::elf::Elf;
use super::{Interpreter, Program, ProgramError, ProgramKind, Result, read, shebang};
use crate::tree::{Node, Tree, TreeError};

/// Where programs are looked for when nobody says otherwise.
pub(super) const STANDARD_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Interpreters that are of no use without the library tree of their language.
const WITH_A_TREE: &[&str] = &[
    "python", "pypy", "perl", "ruby", "node", "nodejs", "php", "java", "tclsh", "guile", "escript", "elixir", "julia",
    "Rscript", "racket",
];

/// Everything a program needs on a machine that holds none of it, except what it opens by itself while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The files: the program first, then loaders, libraries and interpreters. Every path is that by which it will be
    /// looked up.
    pub files: Vec<ClosureFile>,
    /// The interpreter that needs a whole tree of modules, which these files do not contain: such a program can be
    /// examined only where that language is installed.
    pub needs_tree: Option<String>,
}

/// One file of a [`Closure`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClosureFile {
    /// The absolute path by which it is looked up.
    pub guest: PathBuf,
    /// What is to be there.
    pub source: Source,
}

/// What is to be at a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The bytes of this file of the machine, executable.
    File(PathBuf),
    /// A symbolic link with this text.
    Symlink(PathBuf),
}

impl Closure {
    /// The files as a tree.
    pub fn tree(&self) -> std::result::Result<Tree, TreeError> {
        let mut tree = Tree::new();
        for file in &self.files {
            match &file.source {
                Source::File(host) => tree.host_file(&file.guest, 0o755, host)?,
                Source::Symlink(target) => tree.insert(&file.guest, Node::symlink(target))?,
            }
        }
        Ok(tree)
    }
}

pub(super) fn of(program: &Program) -> Result<Closure> {
    let mut found = Found::default();
    found.program(&program.path)?;
    if let ProgramKind::Script { interpreters } = &program.kind {
        found.interpreters(interpreters)?;
    }
    Ok(Closure { files: found.files, needs_tree: found.needs_tree })
}

/// An ELF object on its way into memory.
struct Object {
    path: PathBuf,
    elf: Elf,
    /// What made it be loaded, for the inheritance of DT_RPATH.
    loaded_by: Option<usize>,
}

#[derive(Default)]
struct Found {
    files: Vec<ClosureFile>,
    guests: BTreeSet<PathBuf>,
    needs_tree: Option<String>,
}

impl Found {
    fn add(&mut self, guest: &Path, source: Source) {
        let guest = plain(guest);
        if self.guests.insert(guest.clone()) {
            self.files.push(ClosureFile { guest, source });
        }
    }

    /// The runtime under test, kept as the link it may be: it finds what lies beside it by /proc/self/exe.
    fn program(&mut self, path: &Path) -> Result<()> {
        let real = real(path)?;
        if real != path {
            self.add(path, Source::Symlink(real.clone()));
        }
        self.executable(&real)
    }

    fn interpreters(&mut self, interpreters: &[Interpreter]) -> Result<()> {
        for interpreter in interpreters {
            self.executable(&interpreter.path)?;
            if let Some(name) = interpreter.by_env() {
                self.by_path(&name)?;
            }
        }
        Ok(())
    }

    /// What `env` would find, which may be a script with interpreters of its own.
    fn by_path(&mut self, name: &OsStr) -> Result<()> {
        let missing = || ProgramError::InterpreterMissing { path: "env".into(), interpreter: name.into() };
        let path = shebang::find(name).ok_or_else(missing)?;
        if self.guests.contains(&path) {
            return Ok(());
        }
        self.executable(&path)?;
        // The machine it goes to has a PATH of its own, which may not name this directory.
        let known = std::env::split_paths(STANDARD_PATH).any(|directory| Some(directory.as_path()) == path.parent());
        if !known && !name.as_bytes().contains(&b'/') {
            self.add(&Path::new("/usr/local/bin").join(name), Source::Symlink(path.clone()));
        }
        let bytes = read(&path)?;
        if bytes.starts_with(b"#!") { self.interpreters(&shebang::chain(&path, &bytes, &[])?) } else { Ok(()) }
    }

    /// A program by the path it is looked up by, with what it needs to be started.
    fn executable(&mut self, path: &Path) -> Result<()> {
        let host = real(path)?;
        self.add(path, Source::File(host.clone()));
        self.note_language(path);
        let bytes = read(&host)?;
        if bytes.starts_with(b"\x7fELF") {
            self.libraries(host, Elf::parse(path, &bytes)?)?;
        }
        Ok(())
    }

    fn note_language(&mut self, path: &Path) {
        let Some(name) = path.file_name().and_then(OsStr::to_str) else { return };
        // python3.11 is python.
        let language = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
        if WITH_A_TREE.contains(&language) && self.files.len() > 1 {
            self.needs_tree.get_or_insert_with(|| name.to_owned());
        }
    }

    /// Breadth first, as the loader goes: a name that was found once is never looked for again.
    fn libraries(&mut self, program: PathBuf, elf: Elf) -> Result<()> {
        let Some(loader) = elf.loader.clone() else { return Ok(()) };
        if !loader.exists() {
            return Err(ProgramError::LoaderMissing { path: program, loader });
        }
        let host = real(&loader)?;
        self.add(&loader, Source::File(host));
        let search = Search::for_loader(&loader);
        let mut known = BTreeSet::from_iter(loader.file_name().map(OsStr::to_owned));
        let mut objects = vec![Object { path: program, elf, loaded_by: None }];
        let mut next = 0;
        while next < objects.len() {
            for name in objects[next].elf.needed.clone() {
                if search.is_loader_itself(&name) || !known.insert(name.clone()) {
                    continue;
                }
                let (path, elf, by_configuration) = search.find(&name, &objects, next)?;
                self.add(&path, Source::File(real(&path)?));
                if by_configuration {
                    self.configuration(&search);
                }
                objects.push(Object { path, elf, loaded_by: Some(next) });
            }
            next += 1;
        }
        Ok(())
    }

    /// The loader will find the library only by what it was found by here.
    fn configuration(&mut self, search: &Search) {
        if search.configuration.is_file() {
            self.add(&search.configuration, Source::File(search.configuration.clone()));
        }
    }
}

/// Where one loader looks, beside the paths written into programs.
struct Search {
    musl: bool,
    /// What the loader itself reads to know its configured directories.
    configuration: PathBuf,
    configured: Vec<PathBuf>,
    built_in: Vec<PathBuf>,
}

impl Search {
    fn for_loader(loader: &Path) -> Self {
        let name = loader.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match name.strip_prefix("ld-musl-").and_then(|rest| rest.strip_suffix(".so.1")) {
            Some(architecture) => Self::musl(architecture),
            None => Self::glibc(),
        }
    }

    fn glibc() -> Self {
        let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
        let built_in =
            [&format!("/lib/{triplet}"), &format!("/usr/lib/{triplet}"), "/lib64", "/usr/lib64", "/lib", "/usr/lib"];
        let mut configured = Vec::new();
        configured_directories(Path::new("/etc/ld.so.conf"), &mut configured, 8);
        Self {
            musl: false,
            configuration: "/etc/ld.so.cache".into(),
            configured,
            built_in: built_in.map(PathBuf::from).to_vec(),
        }
    }

    fn musl(architecture: &str) -> Self {
        let configuration = PathBuf::from(format!("/etc/ld-musl-{architecture}.path"));
        let configured = fs::read_to_string(&configuration).unwrap_or_default();
        let configured = configured.split([':', '\n']).filter(|path| !path.is_empty()).map(PathBuf::from).collect();
        let built_in = ["/lib", "/usr/local/lib", "/usr/lib"].map(PathBuf::from).to_vec();
        Self { musl: true, configuration, configured, built_in }
    }

    /// musl's loader is its C library under every name it has.
    fn is_loader_itself(&self, name: &OsStr) -> bool {
        self.musl && name.as_bytes().starts_with(b"libc.")
    }

    /// The library, and whether only the loader's configuration leads to it.
    fn find(&self, name: &OsStr, objects: &[Object], wanted_by: usize) -> Result<(PathBuf, Elf, bool)> {
        let missing =
            || ProgramError::LibraryMissing { library: name.into(), needed_by: objects[wanted_by].path.clone() };
        if name.as_bytes().contains(&b'/') {
            return usable(Path::new(name)).map(|elf| (name.into(), elf, false)).ok_or_else(missing);
        }
        let first_in = |directories: &mut dyn Iterator<Item = PathBuf>| {
            directories.map(|directory| directory.join(name)).find_map(|path| usable(&path).map(|elf| (path, elf)))
        };
        let written = first_in(&mut written_paths(objects, wanted_by).into_iter());
        let built_in = || first_in(&mut self.built_in.iter().cloned());
        let configured = || first_in(&mut self.configured.iter().cloned());
        if let Some((path, elf)) = written.or_else(built_in) {
            return Ok((path, elf, false));
        }
        configured().map(|(path, elf)| (path, elf, true)).ok_or_else(missing)
    }
}

/// DT_RPATH of the object and of everything that led to it, unless it has a DT_RUNPATH, which counts instead.
fn written_paths(objects: &[Object], wanted_by: usize) -> Vec<PathBuf> {
    let object = &objects[wanted_by];
    if !object.elf.runpath.is_empty() {
        return object.elf.runpath.iter().map(|entry| expanded(entry, &object.path)).collect();
    }
    let mut paths = Vec::new();
    let mut at = Some(wanted_by);
    while let Some(index) = at {
        let object = &objects[index];
        if object.elf.runpath.is_empty() {
            paths.extend(object.elf.rpath.iter().map(|entry| expanded(entry, &object.path)));
        }
        at = object.loaded_by;
    }
    paths
}

/// $ORIGIN is the directory of the object that says it, $LIB and $PLATFORM are the machine's.
fn expanded(entry: &OsStr, object: &Path) -> PathBuf {
    let origin = object.parent().unwrap_or(Path::new("/")).to_string_lossy().into_owned();
    let mut text = entry.to_string_lossy().into_owned();
    for (name, value) in [("ORIGIN", origin.as_str()), ("LIB", "lib64"), ("PLATFORM", std::env::consts::ARCH)] {
        text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
    }
    PathBuf::from(text)
}

/// A library for another machine is passed over, as the loader does.
fn usable(path: &Path) -> Option<Elf> {
    let bytes = path.is_file().then(|| fs::read(path).ok())??;
    bytes.starts_with(b"\x7fELF").then(|| Elf::parse(path, &bytes).ok())?
}

/// /etc/ld.so.conf names directories and, by `include`, further files with patterns such as `/etc/ld.so.conf.d/*.conf`.
fn configured_directories(file: &Path, into: &mut Vec<PathBuf>, depth: u32) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for line in fs::read_to_string(file).unwrap_or_default().lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        match line.split_once(char::is_whitespace) {
            Some(("include", pattern)) => {
                included(file, pattern.trim()).iter().for_each(|file| configured_directories(file, into, depth));
            }
            _ if line.starts_with('/') => into.push(line.into()),
            _ => {}
        }
    }
}

/// The files a pattern stands for. Only a `*` in the last component is understood: no distribution uses more.
fn included(from: &Path, pattern: &str) -> Vec<PathBuf> {
    let pattern = from.parent().unwrap_or(Path::new("/etc")).join(pattern);
    let (Some(directory), Some(name)) = (pattern.parent(), pattern.file_name().and_then(OsStr::to_str)) else {
        return Vec::new();
    };
    let Some((before, after)) = name.split_once('*') else { return vec![pattern.clone()] };
    let names = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let matches = |name: &OsString| {
        let name = name.as_bytes();
        name.len() >= before.len() + after.len()
            && name.starts_with(before.as_bytes())
            && name.ends_with(after.as_bytes())
    };
    let mut files: Vec<_> = names.filter(matches).map(|name| directory.join(name)).collect();
    files.sort();
    files
}

/// `/opt/app/bin/../lib/x` without the detour: the directory `bin` need not exist where the file goes.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

fn real(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|source| ProgramError::Unreadable { path: path.to_owned(), source })
}
