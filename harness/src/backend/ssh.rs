//! An agent on another machine, at the far end of an ssh connection. This program is brought there first, through the same
//! connection, and is gone from there when that ends, however it ends.

use super::piped::{Came, Piped};
use crate::capture::Capture;
use crate::error::{Context, Result};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

/// Between the agent's end and that of the connection it had.
const TO_PART: Duration = Duration::from_secs(20);
/// As much of what ssh and the far side complain of as fits a message.
const COMPLAINT: usize = 2000;

/// How a machine is reached: `ssh -F FILE HOST`.
#[derive(Debug, Clone)]
pub struct Ssh {
    /// An ssh_config(5) that knows the host: address, port, user, key.
    pub config: PathBuf,
    /// The host's name in it.
    pub host: String,
}

impl Ssh {
    /// ssh there, with nothing that would ask anybody, and which notices a machine that has vanished.
    fn command(&self, script: &str) -> Command {
        let mut command = Command::new("ssh");
        command.arg("-F").arg(&self.config).args(["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30"]);
        command.args(["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6"]);
        command.args([&self.host, "--", script]);
        command
    }

    /// What a script prints there.
    pub fn run(&self, script: &str) -> Result<Output> {
        self.command(script).stdin(Stdio::null()).output().context("start ssh")
    }

    /// Brings `program` there and starts it as root's agent.
    pub(super) fn agent(&self, program: &std::path::Path) -> Result<SshAgent> {
        let program = fs::read(program).context(format!("read {}", program.display()))?;
        let mut command = self.command(&carried(program.len()));
        // Out of the terminal's reach, as the local agent.
        command.stderr(Stdio::piped()).process_group(0);
        let mut process = Piped::start(command)?;
        let complaints = process.child().stderr.take().map(|stderr| Capture::of(stderr.into()));
        // An ssh that has ended takes nothing; why is told by whoever hears it next.
        let _ = process.send(&program);
        Ok(SshAgent { process, complaints })
    }
}

/// The far side's shell: takes so many bytes as a program, runs it, and removes it. When the connection breaks, the agent ends at
/// its next beat, and this then, too.
fn carried(bytes: usize) -> String {
    format!(
        "umask 077; place=$(mktemp -d) || exit; trap 'rm -rf \"$place\"' EXIT; trap 'exit 1' HUP INT TERM PIPE; \
         head -c {bytes} > \"$place/boxproof\" && chmod 700 \"$place/boxproof\" && sudo -n \"$place/boxproof\" agent"
    )
}

/// The agent there. Dropping it ends it.
pub(super) struct SshAgent {
    process: Piped,
    complaints: Option<Capture>,
}

impl SshAgent {
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.process.send(bytes)
    }

    pub(super) fn hear(&mut self, patience: Duration) -> Result<Came> {
        self.process.hear(patience)
    }

    /// How ssh ended, and what was complained of.
    pub(super) fn last_words(&self, status: ExitStatus) -> String {
        let complaint = self.complaints.as_ref().map(|complaints| {
            complaints.wait_end(Duration::from_secs(1));
            complaints.tail(COMPLAINT).0
        });
        let complaint = complaint.unwrap_or_default();
        match (status.code(), complaint.trim()) {
            (Some(255), "") => "the connection broke".to_owned(),
            (Some(255), complaint) => format!("the connection broke: {complaint}"),
            (_, "") => format!("the agent ended with {status}"),
            (_, complaint) => format!("the agent ended with {status}: {complaint}"),
        }
    }
}

impl Drop for SshAgent {
    fn drop(&mut self) {
        // An agent that awaits orders ends when there can be none. One in the middle of an exam is cut off.
        self.process.finish(TO_PART);
    }
}
