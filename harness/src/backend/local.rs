//! The agent as a process of this machine. It needs root, and it runs a foreign program as root: asked for by name only.

use super::piped::{Came, Piped};
use super::{Agent, Heard};
use crate::error::{Error, Result};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// An agent process at the end of two pipes.
pub struct Local {
    /// Always there until it is dropped.
    process: Option<Piped>,
}

impl Local {
    /// Starts `program agent`, which must call [`crate::agent::serve`] on its stdin and stdout.
    ///
    /// The agent dies with the calling thread, which must therefore outlive the exam.
    pub fn start(program: &Path) -> Result<Local> {
        if !nix::unistd::geteuid().is_root() {
            return Err(Error::new(
                "the local backend needs root: it makes namespaces and cgroups on this machine. \
                 Use `--backend vm`, which needs none, or sudo",
            ));
        }
        let mut command = Command::new(program);
        // Out of the terminal's reach: Ctrl-C is for the command line, whose end then ends the agent.
        command.arg("agent").stderr(Stdio::inherit()).process_group(0);
        Piped::start(command).map(|process| Local { process: Some(process) })
    }

    fn process(&mut self) -> Result<&mut Piped> {
        self.process.as_mut().ok_or_else(|| Error::new("the agent was ended"))
    }
}

impl Agent for Local {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.process()?.send(bytes)
    }

    fn hear(&mut self, patience: Duration) -> Result<Heard> {
        Ok(match self.process()?.hear(patience)? {
            Came::Line(line) => Heard::Line(line),
            Came::Nothing => Heard::Silence,
            Came::Ended(status) => Heard::Gone(match status.signal() {
                Some(signal) => format!("the agent was ended by signal {signal}"),
                None => format!("the agent exited with {}", status.code().unwrap_or(-1)),
            }),
        })
    }

    fn isolation(&self) -> &'static str {
        "host"
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // An agent in the middle of an exam is ended, and with it its testbeds.
        drop(self.process.take());
        // What its death leaves is an empty cgroup directory per testbed that was alive.
        let _ = crate::testbed::cgroup::remove_leftovers();
    }
}
