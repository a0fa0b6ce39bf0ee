//! How a container ends, and that it ends with its runtime.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;
use rstest::rstest;

use crate::bed::Bed;
use crate::limits::offered;

#[rstest]
fn the_exit_status_is_the_commands(#[values(0, 1, 37, 125, 255)] status: i32) {
    let Some(bed) = Bed::new() else { return };
    assert_eq!(bed.run(&["sh", "-c", &format!("exit {status}")]).status.code(), Some(status));
}

#[rstest]
fn a_signal_from_outside_shows_in_the_status(#[values(Signal::SIGKILL, Signal::SIGSEGV)] signal: Signal) {
    let Some(bed) = Bed::new() else { return };
    // Only SIGKILL reaches a PID 1; a fault of its own does too, and comes from the kernel.
    let mut held = bed.hold(&[], "read line");
    let payload = nix::unistd::Pid::from_raw(held.payload.pid);
    nix::sys::signal::kill(payload, signal).unwrap();
    let expected = if signal == Signal::SIGKILL { 137 } else { 1 };
    drop(held.stdin.take());
    assert_eq!(held.wait(), Some(expected));
}

/// PID 1 without a handler is deaf to all signals but SIGKILL; the runtime ends it all the same.
#[rstest]
#[case(Signal::SIGTERM, 143)]
#[case(Signal::SIGINT, 130)]
#[case(Signal::SIGHUP, 129)]
#[case(Signal::SIGQUIT, 131)]
#[case(Signal::SIGUSR1, 138)]
#[case(Signal::SIGUSR2, 140)]
fn a_signal_to_the_runtime_ends_the_container(#[case] signal: Signal, #[case] status: i32) {
    let Some(bed) = Bed::new() else { return };
    let before = bed.traces();
    let mut held = bed.hold_cat(&[]);
    held.signal(signal);
    assert_eq!(held.wait(), Some(status));
    assert_eq!(bed.traces(), before);
}

#[test]
fn a_handler_gets_the_signal() {
    let Some(bed) = Bed::new() else { return };
    let mut held = bed.hold(&[], "trap 'echo caught; exit 9' TERM; echo set; while :; do read line; done");
    assert_eq!(held.line(), "set\n");
    held.signal(Signal::SIGTERM);
    assert_eq!(held.line(), "caught\n");
    assert_eq!(held.wait(), Some(9));
}

#[test]
fn an_ignored_signal_is_ignored() {
    let Some(bed) = Bed::new() else { return };
    let mut held = bed.hold(&[], "trap '' HUP; echo set; read line; echo got $line; exit 4");
    assert_eq!(held.line(), "set\n");
    held.signal(Signal::SIGHUP);
    held.tell("on");
    assert_eq!(held.line(), "got on\n");
    assert_eq!(held.wait(), Some(4));
}

#[test]
fn the_container_dies_with_the_runtime() {
    let Some(bed) = Bed::new() else { return };
    let before = bed.traces();
    let mut held = bed.hold(&[], "sleep 1000 & exec sleep 1000");
    held.signal(Signal::SIGKILL);
    // Returns when the last process of the container has let go of its output.
    assert_eq!(held.wait(), None);
    assert_eq!(bed.traces(), before);
}

#[test]
fn what_a_killed_runtime_left_is_removed_by_the_next() {
    let Some(bed) = Bed::new() else { return };
    // Only a container with a limit has a group, and not every machine can limit.
    if !offered("pids") {
        return;
    }
    let mut held = bed.hold(&["--pids", "17"], "read line");
    let groups = held.payload.cgroups().unwrap();
    let Some(group) = groups.into_iter().find(|group| group.hierarchy == 0) else { return };
    let places = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(|root| format!("{root}{}", group.pathname));
    assert!(group.pathname.contains("/mycontainer-"), "{group:?}");
    held.signal(Signal::SIGKILL);
    held.wait();
    assert!(bed.run(&["--pids", "17", "true"]).status.success());
    assert!(places.iter().all(|place| !std::path::Path::new(place).exists()));
}

#[test]
fn the_rest_of_the_container_ends_with_its_first_process() {
    let Some(bed) = Bed::new() else { return };
    // Returns at once: nobody waits for the daemon, and nobody is left who could hold the output open.
    assert_eq!(bed.sh("sleep 1000 & echo done"), "done\n");
}

/// A container whose caller sits at a terminal.
struct AtTerminal {
    runtime: Child,
    terminal: File,
}

impl AtTerminal {
    fn start(bed: &Bed, words: &[&str]) -> AtTerminal {
        let pty = nix::pty::openpty(None, None).unwrap();
        let run = bed.command(words);
        // setsid gives the runtime the terminal, as a login does, and becomes it.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(run.get_program()).args(run.get_args());
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        let runtime = command.stdin(slave()).stdout(slave()).stderr(slave()).spawn().unwrap();
        AtTerminal { runtime, terminal: File::from(pty.master) }
    }

    fn type_in(&mut self, text: &str) {
        self.terminal.write_all(text.as_bytes()).unwrap();
    }

    fn read_until(&mut self, text: &str) {
        let (mut seen, mut buffer) = (String::new(), [0; 1024]);
        while !seen.contains(text) {
            let length = self.terminal.read(&mut buffer).unwrap();
            assert_ne!(length, 0, "the terminal was closed after {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }

    fn status(mut self) -> Option<i32> {
        self.runtime.wait().unwrap().code()
    }
}

#[test]
fn control_c_ends_a_command_that_does_not_expect_it() {
    let Some(bed) = Bed::new() else { return };
    let mut user = AtTerminal::start(&bed, &["cat"]);
    // Once from the terminal's echo and once from cat.
    user.type_in("on\n");
    user.read_until("on\r\non\r\n");
    user.type_in("\x03");
    assert_eq!(user.status(), Some(130));
}

#[test]
fn control_c_reaches_a_handler_once() {
    let Some(bed) = Bed::new() else { return };
    let script = "trap 'echo caught' INT; echo rea''dy; read line; read line; exit 7";
    let mut user = AtTerminal::start(&bed, &["sh", "-c", script]);
    user.read_until("ready");
    user.type_in("\x03");
    user.read_until("caught");
    user.type_in("one\ntwo\n");
    assert_eq!(user.status(), Some(7));
}

/// A shell makes its job the terminal's foreground: Ctrl-C ends the job, and neither the shell nor the runtime.
#[test]
fn a_shell_at_a_terminal_has_job_control() {
    let Some(bed) = Bed::new() else { return };
    let mut user = AtTerminal::start(&bed, &["sh", "-mc", "trap : INT; cat; echo ov''er; exit 5"]);
    user.type_in("on\n");
    user.read_until("on\r\non\r\n");
    user.type_in("\x03");
    user.read_until("over");
    assert_eq!(user.status(), Some(5));
}
