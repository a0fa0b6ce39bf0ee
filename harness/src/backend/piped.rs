//! A process at the end of two pipes: an agent on this machine, or what leads to one on another.

use crate::error::{Context, Error, Result};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// What came out of it.
pub(super) enum Came {
    /// A line, without its newline.
    Line(String),
    /// Nothing within the time.
    Nothing,
    /// It has ended.
    Ended(ExitStatus),
}

/// The process. Dropping it kills it.
pub(super) struct Piped {
    child: Child,
    lines: Receiver<String>,
}

impl Piped {
    /// Starts `command`; its stderr is as the caller set it. It dies with the calling thread.
    pub(super) fn start(mut command: Command) -> Result<Piped> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        crate::sys::machine::die_with_parent(&mut command);
        let mut child = command.spawn().context(format!("start {}", command.get_program().display()))?;
        let stdout = child.stdout.take().ok_or_else(|| Error::new("the agent has no stdout"))?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Piped { child, lines })
    }

    /// Writes to its stdin.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let stdin = self.child.stdin.as_mut().ok_or_else(|| Error::new("the agent's stdin is closed"))?;
        stdin.write_all(bytes).and_then(|()| stdin.flush()).context("write to the agent")
    }

    /// Waits for its next line.
    pub(super) fn hear(&mut self, patience: Duration) -> Result<Came> {
        Ok(match self.lines.recv_timeout(patience) {
            Ok(line) => Came::Line(line),
            Err(RecvTimeoutError::Timeout) => Came::Nothing,
            Err(RecvTimeoutError::Disconnected) => Came::Ended(self.child.wait().context("wait for the agent")?),
        })
    }

    /// Closes its stdin, and gives it so long to end by itself.
    pub(super) fn finish(&mut self, patience: Duration) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + patience;
        while matches!(self.hear(deadline.saturating_duration_since(Instant::now())), Ok(Came::Line(_))) {}
    }

    /// The process itself, for its stderr.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
