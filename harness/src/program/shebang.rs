//! The first line of a script, read as the kernel reads it (fs/binfmt_script.c, execve(2)).

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Interpreter, ProgramError, Result, read};

/// BINPRM_BUF_SIZE: what lies beyond is not looked at.
const SEEN: usize = 256;

/// How many interpreters may stand behind one another (`exec_binprm` in fs/exec.c).
const DEEPEST: usize = 4;

/// The interpreter of a script, the interpreter of that one when it is a script too, and so on. The last one is a
/// program that has been checked.
pub(super) fn chain(script: &Path, bytes: &[u8]) -> Result<Vec<Interpreter>> {
    let mut interpreters = Vec::new();
    let mut at = script.to_owned();
    let mut line = first_line(&at, bytes)?;
    while let Some(interpreter) = line {
        if interpreters.len() == DEEPEST {
            return Err(ProgramError::TooManyInterpreters { path: script.to_owned() });
        }
        if !interpreter.path.is_file() {
            return Err(ProgramError::InterpreterMissing { path: at, interpreter: interpreter.path });
        }
        at.clone_from(&interpreter.path);
        let bytes = read(&at)?;
        line = if bytes.starts_with(b"#!") {
            first_line(&at, &bytes)?
        } else {
            super::kind_of(&at, &bytes)?;
            None
        };
        interpreters.push(interpreter);
    }
    if let Some(wanted) = interpreters.last().and_then(Interpreter::by_env) {
        find(&wanted)
            .ok_or_else(|| ProgramError::InterpreterMissing { path: script.to_owned(), interpreter: wanted.into() })?;
    }
    Ok(interpreters)
}

/// None when there is nothing behind the `#!`, which the kernel refuses.
fn first_line(path: &Path, bytes: &[u8]) -> Result<Option<Interpreter>> {
    let seen = &bytes[..bytes.len().min(SEEN)];
    let line = seen.split(|byte| *byte == b'\n').next().unwrap_or(seen);
    let line = line.strip_prefix(b"#!").unwrap_or(line).trim_ascii();
    // Trimming must not hide a carriage return, which the kernel takes for a part of the name.
    let carriage_return =
        seen.contains(&b'\n') && seen.split(|b| *b == b'\n').next().is_some_and(|l| l.ends_with(b"\r"));
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() {
        return Err(ProgramError::TextWithoutInterpreter { path: path.to_owned() });
    }
    let rest = rest.trim_ascii();
    let mut name = name.to_vec();
    if carriage_return && rest.is_empty() {
        name.push(b'\r');
    }
    let argument = (!rest.is_empty()).then(|| OsStr::from_bytes(rest).to_owned());
    Ok(Some(Interpreter { path: PathBuf::from(OsStr::from_bytes(&name)), argument }))
}

impl Interpreter {
    /// The program that `env` is asked to find: `#!/usr/bin/env python3`, or with `-S` and arguments.
    pub(super) fn by_env(&self) -> Option<OsString> {
        if self.path.file_name() != Some(OsStr::new("env")) {
            return None;
        }
        let argument = self.argument.as_deref()?.as_bytes();
        let mut words = argument.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let program = words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='))?;
        Some(OsStr::from_bytes(program).to_owned())
    }
}

/// Where a program of this name is, by PATH.
pub(super) fn find(name: &OsStr) -> Option<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| super::closure::STANDARD_PATH.into());
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file())
}
