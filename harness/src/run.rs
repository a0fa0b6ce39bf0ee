//! One started program of a testbed: the runtime under test, mostly.

use crate::capture::Capture;
use crate::error::{Context, Error, Result};
use crate::oci;
use crate::sys::spawn::{self, Ended, Launch, Program, Started};
use crate::testbed::Testbed;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::pipe2;
use std::cell::Cell;
use std::ffi::{CString, OsString};
use std::fmt;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

/// The PATH of the testbed's host.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What to start, and what it inherits.
#[derive(Debug)]
pub struct Start {
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// Descriptors beyond 0, 1 and 2, with the number they get.
    pub descriptors: Vec<(OwnedFd, RawFd)>,
    /// Whether stdin is a pipe to write to; else it is `/dev/null`.
    pub stdin: bool,
    /// The user it runs as; root if not said.
    pub user: Option<u32>,
    /// Its supplementary groups; the harness's if not said.
    pub groups: Vec<u32>,
    /// Its umask; the harness's if not said.
    pub umask: Option<u32>,
    /// The file that is executed, where the first word is only what it is called by.
    pub program: Option<OsString>,
    /// Where what is printed goes, if not into pipes.
    pub output: Output,
}

/// Where what a program prints goes.
#[derive(Debug, Default)]
pub enum Output {
    /// Into a pipe each for stdout and stderr.
    #[default]
    Pipes,
    /// The same, but nobody reads stdout: its pipe is closed.
    Closed,
    /// To a terminal, which is its stdin as well: the program's end, and what arrives at the other.
    Terminal(OwnedFd, Capture),
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It exited with this status.
    Exited(i32),
    /// This signal ended it.
    Signaled(i32),
}

impl End {
    /// The status as a shell shows it in `$?`: 128 + n for signal n.
    pub fn shell_status(self) -> i32 {
        match self {
            End::Exited(status) => status,
            End::Signaled(signal) => 128 + signal,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            End::Exited(status) => write!(f, "{status}"),
            End::Signaled(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// A program that was started, with what it prints. Dropping it kills and reaps it.
#[derive(Debug)]
pub struct Run {
    started: Started,
    end: Cell<Option<End>>,
    stdin: Option<File>,
    /// What it printed on stdout.
    pub stdout: Capture,
    /// What it printed on stderr.
    pub stderr: Capture,
    /// What a learner would type for this, in the work directory.
    pub command: String,
}

impl Run {
    pub(crate) fn start(bed: &Testbed, start: &Start) -> Result<Run> {
        let argv = c_strings(start.words.iter().cloned())?;
        let envp = c_strings(start.environment.iter().map(|(name, value)| OsString::from(format!("{name}={value}"))))?;
        let directory = c_string(bed.work().as_os_str().to_owned())?;
        let (stdin, stdin_writer) = if start.stdin {
            let (reader, writer) = pipe2(OFlag::O_CLOEXEC).context("pipe for stdin")?;
            (reader, Some(File::from(writer)))
        } else {
            (File::open("/dev/null").context("open /dev/null")?.into(), None)
        };
        let (out_reader, mut out_writer) = pipe2(OFlag::O_CLOEXEC).context("pipe for stdout")?;
        let (err_reader, mut err_writer) = pipe2(OFlag::O_CLOEXEC).context("pipe for stderr")?;
        let (mut stdin, mut stdout) = (stdin, Capture::of(out_reader));
        match &start.output {
            Output::Pipes => {}
            Output::Closed => {
                let (reader, writer) = pipe2(OFlag::O_CLOEXEC).context("pipe for stdout")?;
                drop(reader);
                out_writer = writer;
            }
            Output::Terminal(terminal, capture) => {
                let again = || terminal.try_clone().context("dup a terminal");
                (stdin, out_writer, err_writer, stdout) = (again()?, again()?, again()?, capture.clone());
            }
        }
        let mut descriptors = vec![(stdin.as_raw_fd(), 0), (out_writer.as_raw_fd(), 1), (err_writer.as_raw_fd(), 2)];
        descriptors.extend(start.descriptors.iter().map(|(fd, number)| (fd.as_raw_fd(), *number)));
        let first = start.words.first().ok_or_else(|| Error::new("nothing to start"))?;
        let caller = start.program.is_none() && first == oci::CALLER;
        let path = match caller {
            true => None,
            false => Some(c_string(found(start.program.as_ref().unwrap_or(first))?)?),
        };
        let program = match &path {
            Some(path) => Program::Path(path),
            None => Program::Open(crate::embedded::program()?),
        };
        let started = bed
            .launch(&Launch {
                program,
                argv: &argv,
                envp: &envp,
                directory: Some(&directory),
                namespaces: 0,
                cgroup: Some(bed.session().as_fd()),
                enters: Some(bed.cgroup_namespace().as_fd()),
                descriptors: &descriptors,
                session: true,
                user: start.user,
                groups: &start.groups,
                umask: start.umask,
            })
            .context(format!("start {}", path.as_deref().unwrap_or_default().to_string_lossy()))?;
        Ok(Run {
            started,
            end: Cell::new(None),
            stdin: stdin_writer,
            stdout,
            stderr: Capture::of(err_reader),
            command: if caller { oci::typed(&start.words) } else { shell_line(&start.words) },
        })
    }

    /// Its pid, as the harness sees it.
    pub fn pid(&self) -> i32 {
        self.started.pid
    }

    /// Readable when it has ended.
    pub(crate) fn pidfd(&self) -> &OwnedFd {
        &self.started.pidfd
    }

    /// The writing end of its stdin; taken, it closes when dropped.
    pub fn take_stdin(&mut self) -> Option<File> {
        self.stdin.take()
    }

    /// Sends a signal to this very process; nobody gets it if that is known to have ended.
    pub fn signal(&self, signal: i32) -> Result<()> {
        if self.end.get().is_some() {
            return Ok(());
        }
        spawn::pidfd_send_signal(&self.started.pidfd, signal)
            .context(format!("send signal {signal} to {}", self.command))
    }

    /// Waits for its end; `None` if it lives on after `deadline`.
    pub fn wait(&self, deadline: Duration) -> Result<Option<End>> {
        if let Some(end) = self.end.get() {
            return Ok(Some(end));
        }
        if !await_readable(&self.started.pidfd, deadline)? {
            return Ok(None);
        }
        self.reap().map(Some)
    }

    fn reap(&self) -> Result<End> {
        let end = match spawn::reap(&self.started.pidfd).context(format!("wait for {}", self.command))? {
            Ended::Exited(status) => End::Exited(status),
            Ended::Signaled(signal) => End::Signaled(signal),
        };
        self.end.set(Some(end));
        Ok(end)
    }

    /// Ends it by SIGKILL, if it still runs.
    pub fn kill(&self) -> Result<End> {
        match self.end.get() {
            Some(end) => Ok(end),
            None => {
                // It may end by itself at this moment: the signal then finds nobody, and that is as well.
                let _ = spawn::pidfd_send_signal(&self.started.pidfd, libc::SIGKILL);
                self.reap()
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Waits until `fd` is readable; false when `deadline` passes first.
pub(crate) fn await_readable(fd: &OwnedFd, deadline: Duration) -> Result<bool> {
    Ok(await_any(&[fd], deadline)?.is_some())
}

/// Waits until one of `fds` is readable or at its end; the index of the first that is.
pub(crate) fn await_any(fds: &[&OwnedFd], deadline: Duration) -> Result<Option<usize>> {
    let end = Instant::now() + deadline;
    loop {
        let mut set: Vec<PollFd> = fds.iter().map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN)).collect();
        let left = end.saturating_duration_since(Instant::now());
        // Rounded up: polling with 0 ms for the last fraction would spin.
        let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        match poll(&mut set, timeout) {
            Ok(0) | Err(nix::errno::Errno::EINTR) if Instant::now() >= end => return Ok(None),
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) => return Ok(set.iter().position(|fd| fd.any().unwrap_or(true))),
            Err(errno) => return Err(errno).context("poll"),
        }
    }
}

/// A name without a slash is looked for where a shell would: `command` templates call runc by its name.
fn found(name: &OsString) -> Result<OsString> {
    if name.to_string_lossy().contains('/') {
        return Ok(name.clone());
    }
    let mut places = PATH.split(':').map(|directory| std::path::Path::new(directory).join(name));
    places
        .find(|path| path.is_file())
        .map(Into::into)
        .ok_or_else(|| Error::new(format!("there is no {} in {PATH}", name.to_string_lossy())))
}

fn c_string(text: OsString) -> Result<CString> {
    CString::new(text.into_vec()).map_err(|error| Error::new(format!("{error}: a word of a command cannot hold NUL")))
}

fn c_strings(words: impl Iterator<Item = OsString>) -> Result<Vec<CString>> {
    words.map(c_string).collect()
}

/// The words as one would type them: quoted where a shell needs it.
pub fn shell_line(words: &[OsString]) -> String {
    let quoted = words.iter().map(|word| {
        let text = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+{}".contains(c);
        if !text.is_empty() && text.chars().all(plain) {
            text.into_owned()
        } else {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let words = ["./mycontainer", "run", "/bin/sh", "-c", "echo $$; it's"].map(OsString::from);
        assert_eq!(shell_line(&words), r"./mycontainer run /bin/sh -c 'echo $$; it'\''s'");
        assert_eq!(shell_line(&[OsString::new()]), "''");
    }

    #[test]
    fn a_signal_is_128_and_its_number_to_a_shell() {
        assert_eq!((End::Exited(7).shell_status(), End::Signaled(9).shell_status()), (7, 137));
    }
}
