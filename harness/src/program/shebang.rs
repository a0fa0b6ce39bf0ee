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
/// program that has been checked, or one of the languages that are `brought` to wherever the script will run.
pub(super) fn chain(script: &Path, bytes: &[u8], brought: &[&str]) -> Result<Vec<Interpreter>> {
    let mut interpreters = Vec::new();
    let mut at = script.to_owned();
    let mut bytes = bytes.to_vec();
    while bytes.starts_with(b"#!") {
        if interpreters.len() == DEEPEST {
            return Err(ProgramError::TooManyInterpreters { path: script.to_owned() });
        }
        let interpreter = first_line(&at, &bytes)?;
        if interpreter.is_one_of(brought) {
            interpreters.push(interpreter);
            return Ok(interpreters);
        }
        if !interpreter.path.is_file() {
            return Err(ProgramError::InterpreterMissing { path: at, interpreter: interpreter.path });
        }
        at.clone_from(&interpreter.path);
        bytes = read(&at)?;
        interpreters.push(interpreter);
    }
    super::kind_of(&at, &bytes, brought)?;
    if let Some(wanted) = interpreters.last().and_then(Interpreter::by_env)
        && find(&wanted).is_none()
    {
        return Err(ProgramError::InterpreterMissing { path: script.to_owned(), interpreter: wanted.into() });
    }
    Ok(interpreters)
}

/// Only blanks are trimmed: a carriage return is a part of the name, as it is for the kernel.
fn first_line(path: &Path, bytes: &[u8]) -> Result<Interpreter> {
    let seen = &bytes[..bytes.len().min(SEEN)];
    let line = seen.split(|byte| *byte == b'\n').next().unwrap_or(seen);
    let line = trimmed(line.strip_prefix(b"#!").unwrap_or(line));
    if line.is_empty() {
        return Err(ProgramError::TextWithoutInterpreter { path: path.to_owned() });
    }
    let (name, rest) = line.split_at(line.iter().position(is_blank).unwrap_or(line.len()));
    let rest = trimmed(rest);
    let argument = (!rest.is_empty()).then(|| OsStr::from_bytes(rest).to_owned());
    Ok(Interpreter { path: PathBuf::from(OsStr::from_bytes(name)), argument })
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

impl Interpreter {
    /// Whether it is one of `languages`, by itself or found by `env`, in a place where a distribution has them.
    pub(super) fn is_one_of(&self, languages: &[&str]) -> bool {
        let standard = matches!(self.path.parent().and_then(Path::to_str), Some("/bin" | "/usr/bin"));
        let by_env = self.by_env();
        let name = by_env.as_deref().or(self.path.file_name()).and_then(OsStr::to_str);
        standard && name.is_some_and(|name| languages.contains(&name))
    }

    /// The program that `env` is asked to find: `#!/usr/bin/env python3`, or with `-S` and arguments.
    pub(super) fn by_env(&self) -> Option<OsString> {
        if self.path.file_name() != Some(OsStr::new("env")) {
            return None;
        }
        let argument = self.argument.as_deref()?.as_bytes();
        let mut words = argument.split(is_blank).filter(|word| !word.is_empty());
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
