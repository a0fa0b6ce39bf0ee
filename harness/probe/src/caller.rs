//! The caller of an OCI runtime: what conmon is to podman and a shim to containerd.
//!
//! `shim call BUNDLE ID PROGRAM [WORD...]` makes the container of that bundle by the verbs of the runtime specification
//! (create, start, kill, delete), lives as long as the container does, and ends as it ended. So a container of an OCI
//! runtime can be examined by what examines the `run` of any other: whatever is sent to this process is sent on by `kill`.

use crate::sys;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What is meant for the container when it is sent to its caller.
const FORWARDED: [Signal; 6] =
    [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGUSR2];

/// Status of a caller that could not do its own part.
const OWN_FAILURE: i32 = 125;

/// The whole life of a caller.
pub fn run(words: Vec<OsString>) -> i32 {
    let [bundle, id, line @ ..] = words.as_slice() else { return OWN_FAILURE };
    let caller = Caller { bundle: bundle.into(), id, line };
    caller.live().unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "{error}");
        OWN_FAILURE
    })
}

struct Caller<'a> {
    bundle: PathBuf,
    id: &'a OsStr,
    /// The runtime and the words that stand before a verb.
    line: &'a [OsString],
}

impl Caller<'_> {
    fn live(&self) -> io::Result<i32> {
        // Before anything can come: a signal that arrives early is sent on later.
        let mut signals: SigSet = FORWARDED.into_iter().collect();
        signals.add(Signal::SIGCHLD);
        signals.thread_block()?;
        // Whoever ran `create` is gone when the container ends. It is then inherited here, and nobody else is told how.
        set_child_subreaper(true)?;
        let pid_file = self.bundle.join("pid");
        let create: [&OsStr; 5] =
            ["--bundle".as_ref(), self.bundle.as_os_str(), "--pid-file".as_ref(), pid_file.as_os_str(), self.id];
        let created = self.verb("create", &create, Stdio::inherit())?;
        if created != 0 {
            return Ok(created);
        }
        let started = self.verb("start", &[self.id], Stdio::null())?;
        if started != 0 {
            self.verb("delete", &["--force".as_ref(), self.id], Stdio::null())?;
            return Ok(started);
        }
        let text = fs::read_to_string(&pid_file)?;
        let pid = text.trim().parse().map_err(|_| io::Error::other(format!("the pid file holds {text:?}")))?;
        let status = self.wait_for(Pid::from_raw(pid), &signals)?;
        if self.verb("delete", &[self.id], Stdio::null())? != 0 {
            let _ = writeln!(io::stderr(), "delete has failed");
        }
        Ok(status)
    }

    /// Sends signals on until the container's first process has ended.
    fn wait_for(&self, container: Pid, signals: &SigSet) -> io::Result<i32> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG))? {
                WaitStatus::Exited(pid, status) if pid == container => return Ok(status),
                WaitStatus::Signaled(pid, signal, _) if pid == container => return Ok(128 + signal as i32),
                WaitStatus::StillAlive => {}
                _ => continue,
            }
            let signal = signals.wait()?;
            if signal != Signal::SIGCHLD {
                let number = OsString::from((signal as i32).to_string());
                self.verb("kill", &[self.id, &number], Stdio::null())?;
            }
        }
    }

    /// Calls one verb, and gives its status as a shell does.
    fn verb(&self, verb: &str, words: &[&OsStr], stdin: Stdio) -> io::Result<i32> {
        let [program, before @ ..] = self.line else { return Err(io::ErrorKind::InvalidInput.into()) };
        let mut command = Command::new(program);
        command.args(before).arg(verb).args(words).stdin(stdin);
        sys::without_blocked_signals(&mut command);
        let status =
            command.status().map_err(|error| io::Error::other(format!("{}: {error}", program.to_string_lossy())))?;
        Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()))
    }
}
