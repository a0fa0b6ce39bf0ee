//! What the command gets from whoever called the runtime, and what it does not get.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use rstest::rstest;

use crate::bed::{Bed, stderr};

#[test]
fn no_descriptor_but_the_three() {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold(&[], "read line");
    let mut fds: Vec<_> = held.payload.fd().unwrap().map(|fd| fd.unwrap().fd).collect();
    fds.sort();
    assert_eq!(fds, [0, 1, 2]);
}

#[test]
fn no_variable_but_the_four() {
    let Some(bed) = Bed::new() else { return };
    let command = ["--hostname", "h", "--env", "A=b=c", "--env", "HOME=/tmp", "cat", "/proc/self/environ"];
    let output = bed.command(&command).env("TERM", "vt100").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let variables: BTreeMap<_, _> = text.split_terminator('\0').map(|word| word.split_once('=').unwrap()).collect();
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let expected = [("PATH", path), ("HOME", "/tmp"), ("HOSTNAME", "h"), ("TERM", "vt100"), ("A", "b=c")];
    assert_eq!(variables, BTreeMap::from(expected));
}

#[test]
fn signals_and_umask_are_as_new() {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold_cat(&[]);
    let status = held.payload.status().unwrap();
    assert_eq!((status.sigblk, status.sigign), (0, 0));
    assert_eq!(status.umask, Some(0o022));
}

#[test]
fn a_session_of_its_own_without_terminal() {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold(&[], "read line");
    let stat = held.payload.stat().unwrap();
    assert_eq!((stat.session, stat.tty_nr), (held.payload.pid, 0));
}

#[test]
fn arguments_arrive_as_they_are() {
    let Some(bed) = Bed::new() else { return };
    let mut words: Vec<OsString> = ["cat", "/proc/self/cmdline", "--", "/dev/null", "/dev/null"].map(Into::into).into();
    words.extend((0..100).map(|_| OsString::from("/dev/null")));
    let expected: Vec<u8> = words.iter().flat_map(|word| [word.as_encoded_bytes(), b"\0"].concat()).collect();
    assert_eq!(bed.run(&words).stdout, expected);
    assert_eq!(bed.run(&["echo", "-n", "", "a  b", "--hostname", "*"]).stdout, b" a  b --hostname *");
}

#[test]
fn bytes_pass_through_unchanged() {
    let Some(bed) = Bed::new() else { return };
    let bytes: Vec<u8> = (0..1 << 20).map(|number: u32| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut command = bed.command(&["cat"]);
    let mut runtime = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = runtime.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        let bytes = &bytes;
        scope.spawn(move || stdin.write_all(bytes).unwrap());
        runtime.wait_with_output().unwrap()
    });
    assert!(output.stdout == bytes, "{} bytes came back", output.stdout.len());
    assert_eq!(stderr(&output), "");
}

#[test]
fn stdout_and_stderr_stay_apart() {
    let Some(bed) = Bed::new() else { return };
    let output = bed.run(&["sh", "-c", "echo out; echo err >&2"]);
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
}

#[test]
fn output_is_not_held_back() {
    let Some(bed) = Bed::new() else { return };
    let mut held = bed.hold(&[], "while read line; do echo \"got $line\"; done");
    held.tell("one");
    assert_eq!(held.line(), "got one\n");
    held.tell("two");
    assert_eq!(held.line(), "got two\n");
}

#[test]
fn a_broken_pipe_ends_the_writer() {
    let Some(bed) = Bed::new() else { return };
    assert_eq!(bed.sh("yes | head -1"), "y\n");
}

#[rstest]
#[case(&["--workdir", "/usr/local", "pwd"], "/usr/local\n")]
#[case(&["pwd"], "/\n")]
#[case(&["--", "echo", "x"], "x\n")]
fn options_are_heard(#[case] words: &[&str], #[case] printed: &str) {
    let Some(bed) = Bed::new() else { return };
    assert_eq!(String::from_utf8(bed.run(words).stdout).unwrap(), printed);
}

#[test]
fn bare_names_are_looked_up_in_the_container() {
    let Some(bed) = Bed::new() else { return };
    let tool = bed.rootfs().join("usr/local/bin/only-inside");
    fs::write(&tool, "#!/bin/sh\necho here: \"$0\" $1\n").unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(bed.run(&["only-inside", "x"]).stdout, b"here: /usr/local/bin/only-inside x\n");
    let outside = bed.run(&["only-inside-not"]);
    assert_eq!(outside.status.code(), Some(127));
}

#[rstest]
#[case("absent", None, 127, "ENOENT")]
#[case("/bin/absent", None, 127, "ENOENT")]
#[case("/etc", None, 126, "EACCES")]
#[case("", None, 127, "ENOENT")]
#[case("tool", Some((0o644, "#!/bin/sh\n")), 126, "EACCES")]
#[case("tool", Some((0o755, "no program\n")), 126, "ENOEXEC")]
#[case("tool", Some((0o755, "#!/bin/absent\n")), 127, "interpreter")]
#[case("/bin/sh/x", None, 127, "ENOENT")]
fn commands_that_cannot_be(
    #[case] name: &str,
    #[case] file: Option<(u32, &str)>,
    #[case] code: i32,
    #[case] why: &str,
) {
    let Some(bed) = Bed::new() else { return };
    if let Some((mode, text)) = file {
        let path = bed.rootfs().join("usr/local/bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let output = bed.run(&[name]);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(message.starts_with("mycontainer: execute ") && message.contains(why), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}
