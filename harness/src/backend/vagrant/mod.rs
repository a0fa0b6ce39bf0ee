//! A machine of Vagrant's: brought up if it is not, left as it was found.
//!
//! ```text
//! machine   vagrant status, up, ssh-config: what Vagrant knows of it
//! lock      nobody else's exam in it meanwhile
//! keeper    a process that halts it again, whatever becomes of this one
//! survey    what the exam needs of it, looked at through its ssh
//! ssh       the agent in it
//! ```

mod error;
mod keeper;
mod lock;
mod machine;
mod survey;

pub use error::VagrantError;
pub use machine::find;

use super::piped::Came;
use super::ssh::{Ssh, SshAgent};
use super::{Agent, Heard};
use crate::error::{Context, Result};
use keeper::Keeper;
use lock::Lock;
use machine::{Machine, State};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which machine, and what becomes of it afterwards.
#[derive(Debug, Clone)]
pub struct VagrantOptions {
    /// Where its Vagrantfile is.
    pub directory: PathBuf,
    /// Whether a machine that was brought up stays so.
    pub keep: bool,
    /// What the user is told, with Vagrant's last lines, where the machine cannot be put back. Whatever becomes of this
    /// program then.
    pub regret: String,
}

/// What is going on; for whoever waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Another boxproof has the machine; this one waits.
    AwaitingMachine,
    /// The machine is not running and is brought up; afterwards it is halted or suspended again, or stays.
    BringingUp {
        /// What it was.
        state: String,
        /// Whether it stays.
        keep: bool,
    },
    /// A line of Vagrant's own.
    Vagrant(String),
    /// The agent is brought there.
    Connecting,
}

/// The agent in such a machine.
pub struct VagrantAgent {
    // In this order they are dropped: the agent ends before the machine does.
    agent: SshAgent,
    _config: tempfile::NamedTempFile,
    _keeper: Option<Keeper>,
    _lock: Lock,
    machine: Machine,
    was: State,
}

impl VagrantAgent {
    /// Brings the machine up if it is not, and starts `program agent` in it.
    pub fn start(
        options: &VagrantOptions,
        program: &Path,
        say: &dyn Fn(Progress),
    ) -> Result<VagrantAgent, VagrantError> {
        let machine = Machine::new(&options.directory);
        // Before the machine is looked at: what another one has brought up it switches off again.
        let lock = Lock::of(&options.directory, say)?;
        let was = machine.state()?;
        let mut keeper = None;
        if !was.is_running() {
            say(Progress::BringingUp { state: was.name.clone(), keep: options.keep });
            // Before it runs, so that it does not go on when this program is killed while it comes up.
            let watch = || Keeper::watch(&machine, &was, &lock, &options.regret);
            keeper = (!options.keep).then(watch).transpose()?;
            let up = machine.up(&|line| say(Progress::Vagrant(line)));
            if let (Err(VagrantError::NotUp { detail, .. }), Some(keeper)) = (&up, &mut keeper)
                && detail.contains(machine::BUSY)
            {
                keeper.stand_down();
            }
            up?;
        }
        say(Progress::Connecting);
        let config = machine.ssh_config()?;
        let ssh = Ssh { config: config.path().to_owned(), host: was.target.clone() };
        survey::survey(&ssh, &options.directory)?;
        let agent = ssh.agent(program).map_err(VagrantError::Agent)?;
        Ok(VagrantAgent { agent, _config: config, _keeper: keeper, _lock: lock, machine, was })
    }

    /// What became of a machine whose agent is gone.
    fn obituary(&self, how: &str) -> String {
        match self.machine.state() {
            Ok(state) if state.is_running() => format!("{how}. The machine is still running"),
            Ok(state) => format!("{how}. The machine is not running any more: {}", state.name),
            Err(error) => format!("{how}. {error}"),
        }
    }
}

impl Agent for VagrantAgent {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.agent.send(bytes).context("send to the agent in Vagrant's machine")
    }

    fn hear(&mut self, patience: Duration) -> Result<Heard> {
        Ok(match self.agent.hear(patience)? {
            Came::Line(line) => Heard::Line(line),
            Came::Nothing => Heard::Silence,
            Came::Ended(status) => Heard::Gone(self.obituary(&self.agent.last_words(status))),
        })
    }

    fn isolation(&self) -> &'static str {
        "vm"
    }

    fn limits(&self) -> Vec<(String, String)> {
        vec![("provider".into(), self.was.provider.clone()), ("machine_was".into(), self.was.name.clone())]
    }
}
