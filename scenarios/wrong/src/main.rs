//! `wrong-runtime [--defect ID] run [OPTIONS] CMD ARGS...`: a small container runtime that is right, or wrong in exactly
//! one way.
//!
//! It is what boxproof is tried with. Without `--defect` it is a control: every scenario must pass. With one, the scenario
//! for that property must fail, and say why. It works as the workshop's programs do: `rootfs/` in the current directory
//! becomes the root, the command is PID 1, its exit status is the runtime's.

mod bridge;
mod cgroup;
mod defects;
mod failure;
mod inside;
mod layers;
mod net;
mod oci;
mod privileges;
mod run;
mod sys;
mod volume;

use std::ffi::{CString, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use bridge::{Bridge, Port};
use defects::Defect::*;
use defects::{TABLE, activate, defect};
use failure::{Doing, Failure, USAGE};
use net::Network;
use run::Request;
use volume::Volume;

const HELP: &str = "usage: wrong-runtime [--defect ID] run [OPTIONS] [--] CMD [ARGS...]
       wrong-runtime [--defect ID] --root STATE create --bundle DIR [--pid-file FILE] ID
       wrong-runtime [--defect ID] --root STATE start|state|kill|delete [--force] ID [SIGNAL]
       wrong-runtime --list [--json]
options: --hostname NAME, --memory SIZE, --cpus N, --pids N, --network ADDRESS/PREFIX,GATEWAY,
         --bridge NAME,SUBNET/PREFIX, --publish HOST:CONTAINER, --volume FROM:TO[:ro], --cap-drop NAME, --cap-add NAME, --image DIR";

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    match command_line(&words) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            // Not eprintln!, which panics when nobody reads.
            let _ = writeln!(io::stderr(), "wrong-runtime: {}", failure.message);
            ExitCode::from(failure.status)
        }
    }
}

fn command_line(mut words: &[OsString]) -> Result<u8, Failure> {
    if let [option, id, rest @ ..] = words
        && option == "--defect"
    {
        let id = id.to_string_lossy();
        if !activate(&id) {
            return Err(usage(format!("no defect is called {id}; --list shows them all")));
        }
        words = rest;
    }
    if defect(RT25) || defect(RT42) {
        execute_again()?;
    }
    match words {
        [option, root, rest @ ..] if option == "--root" => oci::verb(root.as_ref(), rest),
        [verb, rest @ ..] if verb == "run" => run::run(parse_run(rest)?),
        [verb, rest @ ..] if verb == "child" && defect(RT26) => Err(run::child(parse_run(rest)?)?),
        [option] if option == "--list" => list(false),
        [option, json] if option == "--list" && json == "--json" => list(true),
        [option] if option == "--help" || option == "-h" => print(HELP),
        [] => Err(usage("a verb is missing".into())),
        [word, ..] => Err(usage(format!("unknown verb or option {}", word.to_string_lossy()))),
    }
}

/// Reads what follows `run`. The first word that is no option is the command, and all after it is the command's.
fn parse_run(words: &[OsString]) -> Result<Request, Failure> {
    let mut request = Request::default();
    let mut words = words.iter();
    let mut options = true;
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if options && text == "--" {
            options = false;
        } else if options && text.starts_with('-') {
            let (name, inline) =
                text.split_once('=').map_or((&*text, None), |(name, value)| (name, Some(value.into())));
            let value = || inline.or_else(|| words.next().map(|word| word.to_string_lossy().into_owned()));
            set_option(&mut request, name, value)?;
        } else {
            request.command.push(c_string(word)?);
            options = defect(RT14);
            if !options {
                break;
            }
        }
    }
    for word in words {
        request.command.push(c_string(word)?);
    }
    if request.command.is_empty() && defect(RT28) {
        let first = &request.command[0];
        return Err(Failure::own(format!("{first:?}")));
    }
    if request.command.is_empty() {
        return Err(usage("run: a command is missing".into()));
    }
    Ok(request)
}

fn set_option(request: &mut Request, name: &str, value: impl FnOnce() -> Option<String>) -> Result<(), Failure> {
    const OPTIONS: [&str; 11] = [
        "--hostname",
        "--memory",
        "--cpus",
        "--pids",
        "--network",
        "--bridge",
        "--publish",
        "--volume",
        "--cap-add",
        "--cap-drop",
        "--image",
    ];
    if !OPTIONS.contains(&name) {
        if defect(RT43) {
            return Ok(());
        }
        return Err(usage(format!("run: unknown option {name}")));
    }
    let value = value().ok_or_else(|| usage(format!("run: {name} needs a value")))?;
    match name {
        "--hostname" => request.hostname = Some(value),
        "--memory" => request.limits.set_memory(&value)?,
        "--cpus" => request.limits.set_cpus(&value)?,
        "--network" => request.network = Some(Network::parse(&value)?),
        "--bridge" => request.bridge = Some(Bridge::parse(&value)?),
        "--publish" => request.ports.push(Port::parse(&value)?),
        "--image" => request.layers.push(value.into()),
        "--cap-add" => request.capabilities.add(&value)?,
        "--cap-drop" => request.capabilities.drop(&value)?,
        "--volume" => request.volumes.push(Volume::parse(&value)?),
        _ => request.limits.set_pids(&value)?,
    }
    Ok(())
}

/// A word of a command line holds no NUL: execve could not have passed it.
fn c_string(word: &OsString) -> Result<CString, Failure> {
    CString::new(word.clone().into_vec()).map_err(|_| usage("a NUL byte in an argument".into()))
}

fn usage(message: String) -> Failure {
    Failure { status: USAGE, message: format!("{message}\n{HELP}") }
}

/// Prints the catalogue: one row per line, or one JSON object per line.
fn list(json: bool) -> Result<u8, Failure> {
    let row = |row: &defects::Row| match json {
        true => format!(
            r#"{{"id":"{}","group":"{}","description":"{}"}}"#,
            row.id,
            row.group(),
            row.description.replace('\\', "\\\\").replace('"', "\\\"")
        ),
        false => format!("{} {} {}", row.id, row.group(), row.description),
    };
    print(&TABLE.iter().map(row).collect::<Vec<_>>().join("\n"))
}

fn print(text: &str) -> Result<u8, Failure> {
    writeln!(io::stdout(), "{text}").map(|()| 0).map_err(|error| Failure::own(format!("write to stdout: {error}")))
}

/// Executes this program once more, as those do that get into their namespaces by exec. There for defects alone.
fn execute_again() -> Result<(), Failure> {
    const CALLED_IN: &str = "WRONG_RUNTIME_CALLED_IN";
    if let Some(directory) = std::env::var_os(CALLED_IN) {
        return std::env::set_current_dir(directory).doing("chdir back");
    }
    let directory = std::env::current_dir().doing("getcwd")?;
    let mut words = std::env::args_os();
    let name = words.next().unwrap_or_default();
    if defect(RT42) {
        std::env::set_current_dir("rootfs").doing("chdir rootfs")?;
        let error = Command::new(&name).args(words).env(CALLED_IN, directory).exec();
        return Err(error).doing(format_args!("exec {}", name.to_string_lossy()));
    }
    let set = std::env::vars_os().chain([(CALLED_IN.into(), directory.into())]);
    let environment =
        set.map(|(name, value)| c_string(&[name, value].join("=".as_ref()))).collect::<Result<Vec<_>, _>>()?;
    let arguments = std::env::args_os().map(|word| c_string(&word)).collect::<Result<Vec<_>, _>>()?;
    let Err(errno) = nix::unistd::execve(&c_string(&name)?, &arguments, &environment);
    Err(errno).doing(format_args!("exec {}", name.to_string_lossy()))
}
