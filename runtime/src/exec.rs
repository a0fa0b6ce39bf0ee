//! The last step: CMD with its environment, found in the container's PATH, takes the place of this program.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;

use crate::container::Process;
use crate::error::{CANNOT_EXECUTE, Context, Error, NOT_FOUND, Result};

/// Where programs usually are.
pub const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a container's environment begins with when its caller says nothing about it. Nothing of the caller's gets through
/// but TERM, which describes the terminal and not the caller: the rest may hold passwords, and paths that mean nothing in
/// here.
pub fn usual_environment(hostname: &str) -> Vec<OsString> {
    let mut variables = vec![OsString::from(PATH), format!("HOSTNAME={hostname}").into()];
    if let Some(term) = std::env::var_os("TERM") {
        let mut variable = OsString::from("TERM=");
        variable.push(term);
        variables.push(variable);
    }
    variables
}

/// Adds a variable, in place of one with the same name.
pub fn set_variable(variables: &mut Vec<OsString>, variable: OsString) {
    variables.retain(|other| name(other) != name(&variable));
    variables.push(variable);
}

fn name(variable: &OsStr) -> &[u8] {
    variable.as_bytes().split(|&byte| byte == b'=').next().unwrap_or_default()
}

/// Where CMD may be: the word itself if there is a slash in it, else every directory of PATH, in order.
fn candidates(command: &OsStr, environment: &[OsString]) -> Vec<OsString> {
    if command.as_bytes().contains(&b'/') {
        return vec![command.to_owned()];
    }
    if command.is_empty() {
        return Vec::new();
    }
    let path = environment.iter().find_map(|variable| variable.as_bytes().strip_prefix(b"PATH=")).unwrap_or_default();
    path.split(|&byte| byte == b':')
        .map(|directory| if directory.is_empty() { b".".as_slice() } else { directory })
        .map(|directory| Path::new(OsStr::from_bytes(directory)).join(command).into_os_string())
        .collect()
}

/// Is there such a command? Asked when a container is created, so that its creator hears of a misspelt name and not only
/// whoever starts it; what can be told for certain is told by `exec`.
pub fn find(process: &Process) -> Result<()> {
    let Some(command) = process.args.first() else { return Err(Error::new("there is no command to execute")) };
    let mut failure = Errno::ENOENT;
    for file in candidates(command, &process.env) {
        match Path::new(&file).symlink_metadata() {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => failure = Errno::EACCES,
            Err(_) => {}
        }
    }
    Err(not_executed(command, failure))
}

/// Executes CMD and returns only if that cannot be done. The arguments are passed on as they came, the name included.
pub fn exec(process: &Process, home: Option<&str>) -> Result<Infallible> {
    let Some(command) = process.args.first() else { return Err(Error::new("there is no command to execute")) };
    let mut environment = process.env.clone();
    if !environment.iter().any(|variable| name(variable) == b"HOME") {
        let root = process.user.is_root();
        environment.push(format!("HOME={}", home.unwrap_or(if root { "/root" } else { "/" })).into());
    }
    let arguments = process.args.iter().cloned().map(c_string).collect::<Result<Vec<_>>>()?;
    let variables = environment.iter().cloned().map(c_string).collect::<Result<Vec<_>>>()?;
    let mut failure = Errno::ENOENT;
    for file in candidates(command, &environment) {
        let Err(error) = nix::unistd::execve(&c_string(file.clone())?, &arguments, &variables);
        match error {
            // As execvp(3) does: a directory without the file is passed over, a file that may not be executed is
            // remembered in case that no other directory has a better one.
            Errno::ENOENT if Path::new(&file).exists() => return Err(no_interpreter(&file)),
            Errno::ENOENT | Errno::ENOTDIR => {}
            Errno::EACCES => failure = error,
            _ => return Err(error).doing_with(|| execute(&file)).map_err(|error| error.with_status(CANNOT_EXECUTE)),
        }
    }
    Err(not_executed(command, failure))
}

/// None of the candidates was it.
fn not_executed(command: &OsStr, failure: Errno) -> Error {
    let status = if failure == Errno::EACCES { CANNOT_EXECUTE } else { NOT_FOUND };
    Error::new(format!("{}: {failure}", execute(command))).with_status(status)
}

fn execute(command: &OsStr) -> String {
    format!("execute {} in the container", command.display())
}

/// The commonest riddle in a rootfs made by hand: the file is there, and the kernel says that it is not.
fn no_interpreter(file: &OsStr) -> Error {
    Error::new(format!("{}: its interpreter or dynamic loader is not in the rootfs", execute(file)))
        .with_status(NOT_FOUND)
}

fn c_string(word: OsString) -> Result<CString> {
    CString::new(word.into_vec()).map_err(|_| Error::new("a NUL byte in the command line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(command: &str, path: &str) -> Vec<OsString> {
        candidates(command.as_ref(), &[format!("PATH={path}").into()])
    }

    #[test]
    fn a_bare_name_is_looked_up_in_order() {
        assert_eq!(found("ls", "/sbin:/bin"), ["/sbin/ls", "/bin/ls"]);
        assert_eq!(found("ls", ":/bin"), ["./ls", "/bin/ls"]);
        assert_eq!(found("", "/bin"), [""; 0]);
    }

    #[test]
    fn a_path_is_taken_as_it_is() {
        assert_eq!(found("./ls", "/bin"), ["./ls"]);
        assert_eq!(found("/x/ls", "/bin"), ["/x/ls"]);
    }

    #[test]
    fn variables_are_named_by_what_precedes_the_first_sign() {
        assert_eq!(name("A=b=c".as_ref()), b"A");
    }
}
