//! What is refused: with one line that says why, status 125, and nothing left behind. These hold for any user.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use assert_cmd::Command;
use nix::unistd::geteuid;
use predicates::prelude::*;
use rstest::rstest;

use crate::bed::{Bed, MYCONTAINER, copy_program};

fn mycontainer() -> Command {
    Command::new(MYCONTAINER)
}

fn one_line(text: &str) -> impl Predicate<str> {
    predicate::str::starts_with("mycontainer: ")
        .and(predicate::str::contains(text))
        .and(predicate::function(|text: &str| text.ends_with('\n') && text.lines().count() == 1))
}

#[rstest]
#[case(&[], "no command given")]
#[case(&["fly"], "no command \"fly\"")]
#[case(&["start"], "exactly one container")]
#[case(&["run"], "no CMD given")]
#[case(&["run", "--rootfs"], "missing argument")]
#[case(&["run", "--memory", "50", "true"], "for example 50M")]
#[case(&["run", "--memory", "0M", "true"], "less than 1 MiB")]
#[case(&["run", "--memory", "much", "true"], "not a size")]
#[case(&["run", "--memory", "99999999999G", "true"], "too large")]
#[case(&["run", "--cpus", "none", "true"], "for example 0.5")]
#[case(&["run", "--pids", "0", "true"], "from 1 upwards")]
#[case(&["run", "--hostname", "a b", "true"], "64 letters")]
#[case(&["run", "--network", "moon", "true"], "neither none nor veth")]
#[case(&["run", "--env", "A", "true"], "NAME=VALUE")]
#[case(&["run", "--workdir", "tmp", "true"], "absolute")]
#[case(&["run", "--fast", "true"], "--fast")]
fn what_makes_no_sense(#[case] words: &[&str], #[case] why: &str) {
    mycontainer().args(words).assert().code(125).stdout("").stderr(one_line(why));
}

#[test]
fn who_is_not_root() {
    // A copy where everybody finds it: the clone may lie below /root.
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    let copy = directory.path().join("mycontainer");
    copy_program(MYCONTAINER, &copy);
    let mut command = std::process::Command::new(copy);
    command.args(["run", "true"]).current_dir(&directory);
    if geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    Command::from_std(command).assert().code(125).stdout("").stderr(one_line("must be run as root"));
}

#[rstest]
#[case("absent", "open the rootfs absent: ENOENT")]
#[case("file", "open the rootfs file: ENOTDIR")]
fn where_there_is_no_rootfs(#[case] name: &str, #[case] why: &str) {
    let Some(bed) = Bed::new() else { return };
    std::fs::write(bed.directory.path().join("file"), "").unwrap();
    let before = bed.traces();
    Command::from_std(bed.command(&["--rootfs", name, "true"])).assert().code(125).stdout("").stderr(one_line(why));
    assert_eq!(bed.traces(), before);
}

#[test]
fn help_is_no_refusal() {
    mycontainer().arg("--help").assert().success().stdout(predicate::str::contains("--network")).stderr("");
    mycontainer().args(["run", "--help"]).assert().success().stdout(predicate::str::contains("Exit status"));
    mycontainer().arg("--version").assert().success().stdout(predicate::str::starts_with("mycontainer "));
}

#[test]
fn a_closed_output_is_no_disaster() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(MYCONTAINER);
    let output = command.arg("--help").stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
