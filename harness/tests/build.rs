//! Builds, served here and now as in the virtual machine: what comes of them, and what a hostile one gets.
//!
//! Needs root, as the agent does.

use boxproof_harness::agent::serve;
use boxproof_harness::event::{BuildOrder, Event, Fate, Order};
use boxproof_harness::tree::Tree;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// How it ended, the end of what it printed, and a directory with what came of it.
struct Built {
    fate: Fate,
    log: String,
    place: TempDir,
}

impl Built {
    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.place.path().join(name)).ok()
    }

    fn holds(&self, name: &str) -> bool {
        self.place.path().join(name).symlink_metadata().is_ok()
    }
}

/// An agent builds one submission at a time; its cgroup has the process's name.
static AGENT: Mutex<()> = Mutex::new(());

/// Has the agent build `program` of `source` and of a `program` that was handed in with it.
fn build(program: &str, script: &str) -> Built {
    let mut submission = Tree::new();
    submission.file(program, 0o755, "old").expect("a file");
    submission.file("source", 0o644, "new").expect("a file");
    let mut archive = Vec::new();
    submission.archive(&mut archive).expect("an archive");
    let order = BuildOrder {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        program: program.into(),
        seconds: 2,
        memory: 256 << 20,
        largest: 1 << 20,
        submission_bytes: archive.len() as u64,
    };
    let mut input = serde_json::to_vec(&Order::Build(order)).expect("JSON");
    input.push(b'\n');
    input.extend(archive);
    let mut output = Vec::new();
    let _agent = AGENT.lock().unwrap_or_else(PoisonError::into_inner);
    serve(&[], Cursor::new(input), &mut output).expect("the agent serves");
    outcome(&output)
}

fn outcome(output: &[u8]) -> Built {
    let mut rest = output;
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let (line, behind) = (&rest[..end], &rest[end + 1..]);
        match serde_json::from_slice(line).expect("an event") {
            Event::Built { fate, log, bytes, .. } => {
                let place = tempfile::tempdir().expect("a directory");
                if bytes > 0 {
                    Tree::unpack(&behind[..bytes as usize], place.path()).expect("a good archive");
                }
                return Built { fate, log, place };
            }
            Event::Trouble { text, .. } => panic!("{text}"),
            _ => rest = behind,
        }
    }
    panic!("nothing was built: {}", String::from_utf8_lossy(output));
}

/// Says so when the test cannot be tried.
fn root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("not tried: the builder becomes another user, which takes root");
    }
    root
}

/// As `make` sees it: the program is older than its source, whichever of them was unpacked first.
#[test]
fn what_was_edited_is_built_anew() {
    if !root() {
        return;
    }
    for program in ["a-program", "z-program", "target/program"] {
        let built = build(program, &format!("[ source -nt {program} ] && cp source {program} && id -u"));
        assert_eq!((built.fate, built.log.as_str()), (Fate::Done, "1000\n"), "{program}");
        assert_eq!(built.text(program).as_deref(), Some("new"), "{program}");
    }
}

#[test]
fn a_link_brings_nothing_from_outside() {
    if !root() {
        return;
    }
    let built = build("target/program", "rm target/program && ln -s /etc/passwd target/program");
    assert_eq!((built.fate, built.holds("target/program")), (Fate::Done, false));
    let built = build("target/program", "rm -r target && ln -s /etc target && ln -s /etc/passwd beside");
    assert_eq!((built.fate, built.holds("target")), (Fate::Done, false));
    assert_eq!(fs::read_link(built.place.path().join("beside")).ok().as_deref(), Some(Path::new("/etc/passwd")));
}

#[test]
fn bounds_are_told_from_failures() {
    if !root() {
        return;
    }
    assert_eq!(build("built", "sleep 1000 & sleep 1000").fate, Fate::TimedOut);
    assert_eq!(build("built", "head -c 2000000 /dev/zero > built").fate, Fate::TooLarge);
    assert_eq!(build("built", "kill -9 $$").fate, Fate::Killed { signal: 9 });
    let talkative = build("built", "head -c 9000000 /dev/zero; echo main.c:1: error >&2; exit 3");
    assert_eq!(talkative.fate, Fate::Failed { status: 3 });
    assert!(talkative.log.ends_with("main.c:1: error\n"), "the end of what it printed");
}
