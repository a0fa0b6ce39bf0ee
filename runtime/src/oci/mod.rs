//! The other door: the verbs of the Open Container Initiative's runtime specification, for programs like Podman. Each of them
//! is a program run of its own; what they know of each other lies in the state directory (`state.rs`).

mod config;
mod features;
mod group;
mod join;
mod lifecycle;
mod resources;
mod state;

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use lexopt::{Arg, Parser};
use nix::unistd::geteuid;

use crate::cli::{next, text, unknown, usage, value};
use crate::error::{Error, Result};
use crate::user::{self, User};

/// The version of the specification that is kept to.
pub const VERSION: &str = "1.2.0";

const HELP: &str = "\
Usage: mycontainer [--root DIR] [--log FILE] [--log-format text|json] VERB ...

  create [--bundle DIR] [--console-socket SOCKET] [--pid-file FILE] ID
  start ID
  run --bundle DIR [--detach] [--console-socket SOCKET] [--pid-file FILE] ID
  exec [--detach] [--tty] [--console-socket SOCKET] [--pid-file FILE]
       [--cwd DIR] [--env NAME=VALUE] [--user UID[:GID]] ID CMD [ARG...]
  exec --process FILE [--detach] [...] ID
  state ID
  kill [--all] ID [SIGNAL]
  delete [--force] ID
  list [--format table|json] [--quiet]
  features

See https://github.com/opencontainers/runtime-spec. Containers are remembered in /run/mycontainer, or for users
other than root in $XDG_RUNTIME_DIR/mycontainer. Limits need cgroup v2.
";

/// Options before the verb.
#[derive(Debug, Default)]
pub struct Globals {
    /// Where the state of containers is kept.
    pub root: Option<PathBuf>,
    /// Where errors are written as well.
    pub log: Option<PathBuf>,
    /// As JSON.
    pub json: bool,
}

impl Globals {
    fn root(&self) -> PathBuf {
        let own = || match std::env::var_os("XDG_RUNTIME_DIR") {
            Some(directory) if !geteuid().is_root() => directory.into(),
            _ => PathBuf::from("/run"),
        };
        self.root.clone().unwrap_or_else(|| own().join("mycontainer"))
    }

    /// Whoever drives this program reads its log rather than its stderr. An error while reporting an error is lost.
    fn report(&self, error: &Error) {
        let Some(path) = &self.log else { return };
        if let Ok(mut log) = OpenOptions::new().append(true).create(true).open(path) {
            let time = state::now();
            let line = match self.json {
                true => serde_json::json!({ "level": "error", "msg": error.to_string(), "time": time }).to_string(),
                false => format!("{time} error: {error}"),
            };
            let _ = writeln!(log, "{line}");
        }
    }
}

/// A verb with its options.
#[derive(Debug)]
pub struct Request {
    globals: Globals,
    verb: Verb,
}

#[derive(Debug)]
enum Verb {
    Create(Creation),
    Run(Creation, Manner),
    Start(String),
    Exec(String, Manner, Joiner),
    State(String),
    Kill { id: String, signal: String, all: bool },
    Delete { id: String, force: bool },
    List { json: bool, quiet: bool },
    Features,
    Help,
}

/// What `create` and `run` are told.
#[derive(Debug)]
struct Creation {
    id: String,
    bundle: PathBuf,
    keep_keyring: bool,
    io: Io,
}

/// Where things go.
#[derive(Debug, Default)]
struct Io {
    console_socket: Option<PathBuf>,
    pid_file: Option<PathBuf>,
    /// Descriptors beside 0, 1 and 2 that the command inherits.
    preserved: u32,
}

/// Does the runtime wait for the command's end?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Attached,
    Detached,
}

/// What `exec` is told about the process that joins.
#[derive(Debug, Default)]
struct Joiner {
    process: Option<PathBuf>,
    io: Io,
    terminal: bool,
    cwd: Option<PathBuf>,
    environment: Vec<OsString>,
    user: Option<User>,
    capabilities: Vec<String>,
    no_new_privileges: bool,
    args: Vec<OsString>,
}

/// `run` is a verb of both doors; with a bundle it is this one's. Only the runtime's options tell: what follows the first
/// other word is the command's, which may have a `-b` of its own.
pub fn is_bundle(parser: &Parser) -> bool {
    let mut parser = parser.clone();
    while let Ok(Some(argument)) = parser.next() {
        match argument {
            Arg::Long("bundle") | Arg::Short('b') => return true,
            Arg::Long("detach" | "no-new-keyring") | Arg::Short('d') => {}
            Arg::Long("console-socket" | "pid-file" | "preserve-fds") => drop(parser.value()),
            _ => return false,
        }
    }
    false
}

/// Reads what follows a verb.
pub fn parse(verb: &OsStr, parser: Parser, globals: Globals) -> Result<crate::cli::Request> {
    let verb = match verb.to_str() {
        Some("create") => creation(parser).map(|(creation, _)| Verb::Create(creation)),
        Some("run") => creation(parser).map(|(creation, manner)| Verb::Run(creation, manner)),
        Some("exec") => exec(parser),
        Some("oci" | "help") => Ok(Verb::Help),
        Some(name @ ("start" | "state" | "kill" | "delete" | "list" | "features")) => simple(name, parser),
        _ => Err(usage(format!("there is no command {verb:?}"))),
    };
    Ok(crate::cli::Request::Oci(Box::new(Request { globals, verb: verb? })))
}

fn creation(mut parser: Parser) -> Result<(Creation, Manner)> {
    let (mut bundle, mut io, mut ids, mut manner) = (PathBuf::from("."), Io::default(), Vec::new(), Manner::Attached);
    let mut keep_keyring = false;
    while let Some(argument) = next(&mut parser)? {
        match argument {
            Arg::Long("bundle") | Arg::Short('b') => bundle = value(&mut parser)?.into(),
            Arg::Long("detach") | Arg::Short('d') => manner = Manner::Detached,
            Arg::Long("no-new-keyring") => keep_keyring = true,
            Arg::Value(word) => ids.push(word),
            other => common(other.into_owned_name(), &mut parser, &mut io)?,
        }
    }
    Ok((Creation { id: the_only(ids)?, bundle, keep_keyring, io }, manner))
}

/// The options that `create`, `run` and `exec` share.
fn common(name: String, parser: &mut Parser, io: &mut Io) -> Result<()> {
    match name.as_str() {
        "--console-socket" => io.console_socket = Some(value(parser)?.into()),
        "--pid-file" => io.pid_file = Some(value(parser)?.into()),
        "--preserve-fds" => {
            io.preserved = text(parser)?.parse().map_err(|_| usage("--preserve-fds: not a number".into()))?;
        }
        _ => return Err(usage(format!("invalid option '{name}'"))),
    }
    Ok(())
}

fn exec(mut parser: Parser) -> Result<Verb> {
    let (mut joiner, mut manner) = (Joiner::default(), Manner::Attached);
    let mut id = None;
    while let Some(argument) = next(&mut parser)? {
        match argument {
            Arg::Long("process") | Arg::Short('p') => joiner.process = Some(value(&mut parser)?.into()),
            Arg::Long("detach") | Arg::Short('d') => manner = Manner::Detached,
            Arg::Long("tty") | Arg::Short('t') => joiner.terminal = true,
            Arg::Long("cwd") => joiner.cwd = Some(value(&mut parser)?.into()),
            Arg::Long("env") | Arg::Short('e') => joiner.environment.push(value(&mut parser)?),
            Arg::Long("cap") | Arg::Short('c') => joiner.capabilities.push(text(&mut parser)?),
            Arg::Long("no-new-privs") => joiner.no_new_privileges = true,
            Arg::Long("user") | Arg::Short('u') => {
                let word = text(&mut parser)?;
                joiner.user = Some(user::parse(&word).ok_or_else(|| usage(format!("--user {word}: not UID[:GID]")))?);
            }
            Arg::Value(word) => {
                id = Some(word);
                joiner.args.extend(parser.raw_args().map_err(|error| usage(error.to_string()))?);
                break;
            }
            other => common(other.into_owned_name(), &mut parser, &mut joiner.io)?,
        }
    }
    let id = the_only(id.into_iter().collect())?;
    if joiner.args.first().is_some_and(|word| word == "--") {
        joiner.args.remove(0);
    }
    match (joiner.process.is_some(), joiner.args.is_empty()) {
        (false, true) => Err(usage("exec: no CMD given".into())),
        (true, false) => Err(usage("exec: --process and CMD exclude each other".into())),
        _ => Ok(Verb::Exec(id, manner, joiner)),
    }
}

fn simple(verb: &str, mut parser: Parser) -> Result<Verb> {
    let (mut words, mut all, mut force, mut json, mut quiet) = (Vec::new(), false, false, false, false);
    while let Some(argument) = next(&mut parser)? {
        match (verb, argument) {
            ("kill", Arg::Long("all") | Arg::Short('a')) => all = true,
            ("delete", Arg::Long("force") | Arg::Short('f')) => force = true,
            ("list", Arg::Long("quiet") | Arg::Short('q')) => quiet = true,
            ("list", Arg::Long("format") | Arg::Short('f')) => json = text(&mut parser)? == "json",
            (_, Arg::Value(word)) => words.push(word),
            (_, other) => return Err(unknown(other)),
        }
    }
    let signal = if verb == "kill" && words.len() > 1 { words.pop() } else { None };
    Ok(match verb {
        "list" | "features" if !words.is_empty() => return Err(usage(format!("{verb} takes no container"))),
        "list" => Verb::List { json, quiet },
        "features" => Verb::Features,
        "start" => Verb::Start(the_only(words)?),
        "state" => Verb::State(the_only(words)?),
        "delete" => Verb::Delete { id: the_only(words)?, force },
        _ => {
            let signal = signal.map_or_else(|| "TERM".into(), |word| word.to_string_lossy().into_owned());
            Verb::Kill { id: the_only(words)?, signal, all }
        }
    })
}

/// One word, which becomes the name of a directory: what could lead out of its parent is no name.
fn the_only(words: Vec<OsString>) -> Result<String> {
    let [word] = &words[..] else { return Err(usage("exactly one container is to be named".into())) };
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-' | '.');
    match word.to_str() {
        Some(id) if id.chars().all(valid) && !matches!(id, "" | "." | "..") && id.len() <= 255 => Ok(id.to_owned()),
        _ => Err(Error::new(format!(
            "{word:?} is no name for a container: letters, digits, '_', '+', '-' and '.' are possible"
        ))),
    }
}

/// The name of an option, for a second look at it.
trait IntoOwnedName {
    fn into_owned_name(self) -> String;
}

impl IntoOwnedName for Arg<'_> {
    fn into_owned_name(self) -> String {
        match self {
            Arg::Long(name) => format!("--{name}"),
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Value(word) => word.to_string_lossy().into_owned(),
        }
    }
}

/// Does what was asked for, and returns the status for the caller.
pub fn execute(Request { globals, verb }: Request) -> Result<u8> {
    let result = dispatch(&globals, verb);
    if let Err(error) = &result {
        globals.report(error);
    }
    result
}

fn dispatch(globals: &Globals, verb: Verb) -> Result<u8> {
    let root = globals.root();
    match verb {
        Verb::Create(creation) => lifecycle::create(&root, &creation).map(|()| 0),
        Verb::Run(creation, manner) => lifecycle::run(&root, &creation, manner),
        Verb::Start(id) => lifecycle::start(&root, &id).map(|()| 0),
        Verb::Exec(id, manner, joiner) => join::exec(&root, &id, manner, joiner),
        Verb::State(id) => print(&lifecycle::state(&root, &id)?),
        Verb::Kill { id, signal, all } => lifecycle::kill(&root, &id, &signal, all).map(|()| 0),
        Verb::Delete { id, force } => lifecycle::delete(&root, &id, force).map(|()| 0),
        Verb::List { json, quiet } => print(&lifecycle::list(&root, json, quiet)?),
        Verb::Features => print(&features::describe()),
        Verb::Help => print(HELP.trim_end()),
    }
}

fn print(text: &str) -> Result<u8> {
    // A reader that has gone away is no reason to panic, as `println!` would.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    fn names_stay_in_their_directory(#[values("../x", "a/b", "", ".", "..", "a b", "a\n")] word: &str) {
        assert!(the_only(vec![word.into()]).is_err());
    }

    #[rstest]
    #[case(&["--bundle", ".", "c"], true)]
    #[case(&["--bundle=.", "c"], true)]
    #[case(&["--pid-file", "cat", "-d", "-b", ".", "c"], true)]
    #[case(&["cat", "-b", "x"], false)]
    #[case(&["--hostname", "x", "ls", "--bundle"], false)]
    #[case(&["--", "-b"], false)]
    fn a_bundle_is_named_before_the_command(#[case] words: &[&str], #[case] bundle: bool) {
        assert_eq!(is_bundle(&Parser::from_args(words)), bundle);
    }

    #[test]
    fn other_names_are_taken() {
        assert_eq!(the_only(vec!["a_B+1-2.3".into()]).unwrap(), "a_B+1-2.3");
        assert!(the_only(vec!["a".into(), "b".into()]).is_err());
    }
}
