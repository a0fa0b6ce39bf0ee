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
        // Vagrant's own setting is so quiet that a refused connection has no reason.
        command.args(["-o", "LogLevel=ERROR"]);
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
        "umask 077; root=; [ \"$(id -u)\" = 0 ] || root='sudo -n'; place=$(mktemp -d) || exit; trap 'rm -rf \"$place\"' EXIT; trap 'exit 1' HUP INT TERM PIPE; \
         head -c {bytes} > \"$place/boxproof\" && chmod 700 \"$place/boxproof\" && $root \"$place/boxproof\" agent"
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

/// They need sshd, which would listen on whatever machine it is installed on: `make vagrant-proof`.
#[cfg(all(test, feature = "sshd"))]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::Instant;

    /// A real sshd for one connection, at the other end of a pipe: `sshd -i`. No port, no network.
    fn machine(place: &Path) -> Ssh {
        let at = |name: &str| place.join(name).display().to_string();
        for key in ["host", "user"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)]).status();
            assert!(made.is_ok_and(|status| status.success()), "ssh-keygen");
        }
        fs::create_dir_all("/run/sshd").expect("sshd's own directory");
        let sshd = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nLogLevel QUIET\n\
             SetEnv TMPDIR={}\n",
            at("host"),
            at("user.pub"),
            at("tmp")
        );
        fs::create_dir(place.join("tmp")).expect("a place for what is brought");
        fs::write(place.join("sshd"), sshd).expect("write");
        let config = format!(
            "Host machine\n  User root\n  IdentityFile {}\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  \
             UserKnownHostsFile /dev/null\n  LogLevel ERROR\n  ProxyCommand /usr/sbin/sshd -i -f {}\n",
            at("user"),
            at("sshd")
        );
        fs::write(place.join("config"), config).expect("write");
        Ssh { config: place.join("config"), host: "machine".into() }
    }

    /// Says where it lies, then what it is told, until nobody says anything more or nobody listens.
    const AGENT: &str = "#!/bin/sh\necho \"$0 $1\"\nwhile read -r line; do echo \"heard $line\"; done\n";

    fn brought(place: &Path) -> usize {
        fs::read_dir(place.join("tmp")).expect("the far side's TMPDIR").count()
    }

    fn vanishes(place: &Path) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while brought(place) > 0 {
            assert!(Instant::now() < deadline, "what was brought is still there");
            std::thread::yield_now();
        }
    }

    fn line(agent: &mut SshAgent) -> String {
        match agent.hear(Duration::from_secs(60)).expect("hear") {
            Came::Line(line) => line,
            Came::Nothing => panic!("silence"),
            Came::Ended(status) => panic!("{}", agent.last_words(status)),
        }
    }

    #[test]
    fn as_root_an_agent_is_brought_there_heard_and_gone() {
        assert!(nix::unistd::geteuid().is_root(), "sshd wants root");
        let place = tempfile::tempdir().expect("a directory");
        let ssh = machine(place.path());
        let program = place.path().join("program");
        fs::write(&program, AGENT).expect("write");

        let mut agent = ssh.agent(&program).expect("an agent");
        let first = line(&mut agent);
        assert!(
            first.starts_with(&place.path().join("tmp").display().to_string()) && first.ends_with(" agent"),
            "{first}"
        );
        agent.send(b"an order\n").expect("send");
        assert_eq!(line(&mut agent), "heard an order");
        assert_eq!(brought(place.path()), 1);
        drop(agent);
        vanishes(place.path());
    }

    /// The connection is gone as when somebody pulls a cable: what is left there must go by itself.
    #[test]
    fn as_root_a_broken_connection_leaves_nothing_there() {
        assert!(nix::unistd::geteuid().is_root(), "sshd wants root");
        let place = tempfile::tempdir().expect("a directory");
        let ssh = machine(place.path());
        let program = place.path().join("program");
        fs::write(&program, AGENT).expect("write");
        let mut agent = ssh.agent(&program).expect("an agent");
        line(&mut agent);
        agent.process.child().kill().expect("kill ssh");
        let Came::Ended(status) = agent.hear(Duration::from_secs(60)).expect("hear") else { panic!("it goes on") };
        assert!(!agent.last_words(status).is_empty());
        vanishes(place.path());
    }

    #[test]
    fn as_root_a_program_that_cannot_run_there_says_why() {
        assert!(nix::unistd::geteuid().is_root(), "sshd wants root");
        let place = tempfile::tempdir().expect("a directory");
        let ssh = machine(place.path());
        let program = place.path().join("program");
        fs::write(&program, "#!/no/such/interpreter\n").expect("write");
        let mut agent = ssh.agent(&program).expect("a connection");
        let Came::Ended(status) = agent.hear(Duration::from_secs(60)).expect("hear") else { panic!("it runs") };
        let said = agent.last_words(status);
        assert!(said.contains("boxproof") && said.contains("not found"), "{said}");
        vanishes(place.path());
        let output = ssh.run("echo $((6 * 7)); exit 3").expect("ssh");
        assert_eq!((output.stdout.as_slice(), output.status.code()), (b"42\n".as_slice(), Some(3)));
    }
}
