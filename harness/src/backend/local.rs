//! The agent as a process of this machine. It needs root, and it runs a foreign program as root: asked for by name only.

use super::{Agent, Heard};
use crate::error::{Context, Error, Result};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// An agent process at the end of two pipes.
pub struct Local {
    child: Child,
    lines: Receiver<String>,
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
        command.arg("agent").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        // Out of the terminal's reach: Ctrl-C is for the command line, whose end then ends the agent.
        command.process_group(0);
        crate::sys::machine::die_with_parent(&mut command);
        let mut child = command.spawn().context(format!("start {} agent", program.display()))?;
        let stdout = child.stdout.take().ok_or_else(|| Error::new("the agent has no stdout"))?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Local { child, lines })
    }
}

impl Agent for Local {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let stdin = self.child.stdin.as_mut().ok_or_else(|| Error::new("the agent's stdin is closed"))?;
        stdin.write_all(bytes).and_then(|()| stdin.flush()).context("write to the agent")
    }

    fn hear(&mut self, patience: Duration) -> Result<Heard> {
        Ok(match self.lines.recv_timeout(patience) {
            Ok(line) => Heard::Line(line),
            Err(RecvTimeoutError::Timeout) => Heard::Silence,
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait().context("wait for the agent")?;
                Heard::Gone(match status.signal() {
                    Some(signal) => format!("the agent was ended by signal {signal}"),
                    None => format!("the agent exited with {}", status.code().unwrap_or(-1)),
                })
            }
        })
    }

    fn isolation(&self) -> &'static str {
        "host"
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // Closing stdin lets it end by itself; an agent in the middle of an exam is ended, and with it its testbeds.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
        // What its death leaves is an empty cgroup directory per testbed that was alive.
        let _ = crate::testbed::cgroup::remove_leftovers();
    }
}
