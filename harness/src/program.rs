//! The runtime under test, looked at before it is run: is it something this machine's kernel can execute, what kind of
//! program is it, and which files must come along when it is to run in a machine that holds none of its libraries.
//! Nothing foreign is executed for that, not even `ldd`, which would run the program's own loader.

mod belongings;
mod closure;
mod elf;
mod shebang;

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use belongings::belongings;
pub use closure::{Closure, ClosureFile, Source};

/// A program that this machine's kernel would execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it is: absolute, without symbolic links in the directories; the last component is as it was given, because
    /// a program may look at the name it is called by.
    pub path: PathBuf,
    /// What it is.
    pub kind: ProgramKind,
    /// SHA-256 of its bytes, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

/// How the kernel executes a [`Program`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// An ELF program that needs nothing else.
    StaticElf,
    /// An ELF program that is started by a dynamic loader.
    DynamicElf {
        /// The loader it names (PT_INTERP).
        loader: PathBuf,
    },
    /// A text that begins with `#!`.
    Script {
        /// What the kernel executes in its place, then what is executed in that one's place, and so on.
        interpreters: Vec<Interpreter>,
    },
}

/// A program named by the first line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// The program that must be there, by the path it is looked up by.
    pub path: PathBuf,
    /// The rest of the line, which is passed as one word.
    pub argument: Option<OsString>,
}

impl ProgramKind {
    /// Whether it is a script of which every interpreter is one of `languages`, in a place where a distribution has them.
    pub fn is_script_of(&self, languages: &[&str]) -> bool {
        matches!(self, Self::Script { interpreters } if interpreters.iter().all(|it| it.is_one_of(languages)))
    }
}

impl fmt::Display for ProgramKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaticElf => f.write_str("static ELF program"),
            Self::DynamicElf { loader } => write!(f, "dynamic ELF program, loader {}", loader.display()),
            Self::Script { interpreters } => {
                f.write_str("script")?;
                interpreters.iter().try_for_each(|interpreter| write!(f, ", run by {}", interpreter.path.display()))
            }
        }
    }
}

/// Why a file cannot be examined as a runtime. Each message says what is wrong and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProgramError {
    /// There is nothing at this path.
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// It is a directory, and nothing in it says what the program is.
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// It is a pipe, a socket or a device.
    Special {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be looked at.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// It would do, but nobody may execute it.
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
    /// It has no bytes.
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It is text, and no first line says what runs it.
    TextWithoutInterpreter {
        /// The file.
        path: PathBuf,
    },
    /// It is not a format that Linux executes.
    NotAProgram {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        seems: &'static str,
    },
    /// It is a program for another machine.
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is built for.
        built_for: String,
        /// What this machine is.
        machine: String,
    },
    /// It is an ELF file that is cut off or damaged.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The first line names a program that is not there.
    InterpreterMissing {
        /// The script.
        path: PathBuf,
        /// What it names.
        interpreter: PathBuf,
    },
    /// The loader that an ELF program names is not there.
    LoaderMissing {
        /// The program.
        path: PathBuf,
        /// What it names.
        loader: PathBuf,
    },
    /// Scripts that are run by scripts, more deeply than the kernel allows.
    TooManyInterpreters {
        /// The script.
        path: PathBuf,
    },
    /// A library that is needed is in none of the places where the loader would look.
    LibraryMissing {
        /// What is needed.
        library: PathBuf,
        /// By what.
        needed_by: PathBuf,
    },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path } => write!(
                f,
                "{}: there is no such file. Build your runtime first, then give the path of the built program",
                path.display()
            ),
            Self::Directory { path } => write!(
                f,
                "{}: this is a directory without boxproof.toml. Give the path of the program in it, or write a boxproof.toml \
                 whose [runtime] names it: program = \"mycontainer\"",
                path.display()
            ),
            Self::Special { path } => {
                write!(f, "{}: this is not a regular file. Give the path of a program", path.display())
            }
            Self::Unreadable { path, source } => {
                write!(f, "read {}: {}. Make it readable for the user who runs boxproof", path.display(), words(source))
            }
            Self::NotExecutable { path } => {
                write!(f, "{0}: the file has no run bit. Set it: chmod +x {0}", path.display())
            }
            Self::Empty { path } => {
                write!(f, "{}: the file is empty. Did the build fail? Build your runtime again", path.display())
            }
            Self::TextWithoutInterpreter { path } => write!(
                f,
                "{0}: this is a text file without a first line `#!...`, so the kernel cannot run it. If it is a script, \
                 begin it with #!/bin/sh and set its run bit (chmod +x {0}); if it is source code, build it and give the \
                 path of the built program",
                path.display()
            ),
            Self::NotAProgram { path, seems } => write!(
                f,
                "{}: this is {seems}, which Linux does not execute. Give the path of a Linux program",
                path.display()
            ),
            Self::Foreign { path, built_for, machine } => write!(
                f,
                "{}: it is built for {built_for}, this machine is {machine}. Build it on this machine, or for it \
                 (Go: GOOS=linux GOARCH={}; Rust: --target {}-unknown-linux-musl)",
                path.display(),
                elf::go_name(std::env::consts::ARCH),
                std::env::consts::ARCH
            ),
            Self::Corrupt { path, detail } => write!(
                f,
                "{}: the ELF file is damaged: {detail}. Build your runtime again, or copy it again",
                path.display()
            ),
            Self::InterpreterMissing { path, interpreter } => interpreter_missing(f, path, interpreter),
            Self::LoaderMissing { path, loader } => write!(
                f,
                "{}: it is started by the loader {}, which is not on this machine: it was linked on another distribution. \
                 Build it here, or static",
                path.display(),
                loader.display()
            ),
            Self::TooManyInterpreters { path } => write!(
                f,
                "{}: the interpreter of this script is itself a script, more than four deep. Name a program in its first \
                 line",
                path.display()
            ),
            Self::LibraryMissing { library, needed_by } => write!(
                f,
                "{}: it needs the library {}, which is in none of the places where the loader looks. Install the library \
                 or build static",
                needed_by.display(),
                library.display()
            ),
        }
    }
}

impl ProgramError {
    /// The same as `Display` says in English, by message id, for a reader of any language.
    pub fn text(&self) -> crate::result::Text {
        use crate::result::Text;
        let of = |id: &str, path: &Path| Text::new(id).with("path", path.display());
        match self {
            Self::NotFound { path } => of("program-not-found", path),
            Self::Directory { path } => of("program-is-a-directory", path),
            Self::Special { path } => of("program-is-special", path),
            Self::Unreadable { path, source } => of("program-unreadable", path).with("error", words(source)),
            Self::NotExecutable { path } => of("program-without-run-bit", path),
            Self::Empty { path } => of("program-is-empty", path),
            Self::TextWithoutInterpreter { path } => of("program-is-text", path),
            Self::NotAProgram { path, seems } => of("program-is-none", path).with("seems", seems),
            Self::Foreign { path, built_for, machine } => of("program-is-foreign", path)
                .with("builtFor", built_for)
                .with("machine", machine)
                .with("goarch", elf::go_name(std::env::consts::ARCH))
                .with("arch", std::env::consts::ARCH),
            Self::Corrupt { path, detail } => of("program-is-damaged", path).with("detail", detail),
            Self::InterpreterMissing { path, interpreter } if ends_in_return(interpreter) => {
                of("program-with-windows-line-ends", path)
            }
            Self::InterpreterMissing { path, interpreter } => {
                of("program-interpreter-missing", path).with("interpreter", interpreter.display())
            }
            Self::LoaderMissing { path, loader } => of("program-loader-missing", path).with("loader", loader.display()),
            Self::TooManyInterpreters { path } => of("program-interpreters-too-deep", path),
            Self::LibraryMissing { library, needed_by } => {
                of("program-library-missing", needed_by).with("library", library.display())
            }
        }
    }
}

fn ends_in_return(interpreter: &Path) -> bool {
    interpreter.as_os_str().as_bytes().ends_with(b"\r")
}

impl std::error::Error for ProgramError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } => Some(source),
            _ => None,
        }
    }
}

fn interpreter_missing(f: &mut fmt::Formatter<'_>, path: &Path, interpreter: &Path) -> fmt::Result {
    if ends_in_return(interpreter) {
        return write!(
            f,
            "{0}: its first line ends in a carriage return (a Windows line end), which the kernel takes for a part of the \
             interpreter's name. Remove it: sed -i 's/\\r$//' {0}",
            path.display()
        );
    }
    write!(
        f,
        "{}: its first line names {}, which is not on this machine. Install it or correct the line",
        path.display(),
        interpreter.display()
    )
}

/// `EACCES: Permission denied`, as everywhere else.
fn words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).to_string(),
        None => error.to_string(),
    }
}

type Result<T> = std::result::Result<T, ProgramError>;

impl Program {
    /// Looks at a file without running it.
    pub fn inspect(path: &Path) -> Result<Self> {
        Self::inspect_for(path, &[])
    }

    /// The same for a machine to which these languages are `brought`: whether this one has them does not matter.
    pub fn inspect_for(path: &Path, brought: &[&str]) -> Result<Self> {
        let metadata = regular(path)?;
        let bytes = read(path)?;
        let absolute = absolute(path)?;
        let kind = kind_of(path, &bytes, brought)?;
        if metadata.mode() & 0o111 == 0 {
            return Err(ProgramError::NotExecutable { path: path.to_owned() });
        }
        Ok(Self { path: absolute, kind, sha256: hexadecimal(&Sha256::digest(&bytes)), size: bytes.len() as u64 })
    }

    /// The files that it needs on a machine that has none of them.
    pub fn closure(&self) -> Result<Closure> {
        closure::of(self)
    }
}

fn regular(path: &Path) -> Result<Metadata> {
    let metadata = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ProgramError::NotFound { path: path.to_owned() },
        _ => ProgramError::Unreadable { path: path.to_owned(), source },
    })?;
    match metadata.file_type() {
        kind if kind.is_dir() => Err(ProgramError::Directory { path: path.to_owned() }),
        kind if kind.is_file() => Ok(metadata),
        _ => Err(ProgramError::Special { path: path.to_owned() }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| ProgramError::Unreadable { path: path.to_owned(), source })
}

/// Absolute and without links in the directories, so that it means the same from every working directory.
fn absolute(path: &Path) -> Result<PathBuf> {
    let unreadable = |source| ProgramError::Unreadable { path: path.to_owned(), source };
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return path.canonicalize().map_err(unreadable);
    };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    Ok(directory.canonicalize().map_err(unreadable)?.join(name))
}

/// Judges by the first bytes, as the kernel's binary formats do.
fn kind_of(path: &Path, bytes: &[u8], brought: &[&str]) -> Result<ProgramKind> {
    if bytes.is_empty() {
        return Err(ProgramError::Empty { path: path.to_owned() });
    }
    if bytes.starts_with(b"#!") {
        let interpreters = shebang::chain(path, bytes, brought)?;
        return Ok(ProgramKind::Script { interpreters });
    }
    if bytes.starts_with(b"\x7fELF") {
        return match elf::Elf::parse(path, bytes)?.loader {
            None => Ok(ProgramKind::StaticElf),
            Some(loader) if loader.exists() => Ok(ProgramKind::DynamicElf { loader }),
            Some(loader) => Err(ProgramError::LoaderMissing { path: path.to_owned(), loader }),
        };
    }
    match format_of(bytes) {
        Some(seems) => Err(ProgramError::NotAProgram { path: path.to_owned(), seems }),
        None => Err(ProgramError::TextWithoutInterpreter { path: path.to_owned() }),
    }
}

/// What a file that is no program seems to be; none for text.
fn format_of(bytes: &[u8]) -> Option<&'static str> {
    const FORMATS: &[(&[u8], &str)] = &[
        (b"MZ", "a Windows program"),
        (b"\xcf\xfa\xed\xfe", "a macOS program"),
        (b"\xce\xfa\xed\xfe", "a macOS program"),
        (b"\xca\xfe\xba\xbe", "a macOS program or a Java class"),
        (b"PK\x03\x04", "a zip or Java archive"),
        (b"\x1f\x8b", "a compressed file"),
        (b"!<arch>", "a static library"),
        (b"\0asm", "a WebAssembly module"),
    ];
    let known = FORMATS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name);
    // Shells tell text from data the same way: no zero byte near the beginning.
    known.or_else(|| bytes[..bytes.len().min(1024)].contains(&0).then_some("a file of an unknown binary format"))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
