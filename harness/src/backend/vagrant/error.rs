//! Why there is no agent in a machine of Vagrant's, and what mends it.

use crate::error::Error;
use crate::result::Text;
use std::fmt;
use std::path::PathBuf;

/// What is wrong with Vagrant or its machine.
#[derive(Debug)]
pub enum VagrantError {
    /// There is no `vagrant`, or it cannot be started.
    NotStarted {
        /// What the kernel says.
        detail: String,
    },
    /// Vagrant would not do what it was told.
    Refused {
        /// What it was told.
        command: String,
        /// What it said.
        detail: String,
    },
    /// A Vagrantfile with several machines.
    Several {
        /// Where it is.
        directory: PathBuf,
        /// Their names.
        names: Vec<String>,
    },
    /// Vagrant knows of a machine that its provider has not any more.
    Inaccessible {
        /// Where its Vagrantfile is.
        directory: PathBuf,
    },
    /// It did not come up.
    NotUp {
        /// Where its Vagrantfile is.
        directory: PathBuf,
        /// Vagrant's last lines.
        detail: String,
    },
    /// It runs, and its ssh does not answer.
    Unreachable {
        /// Where its Vagrantfile is.
        directory: PathBuf,
        /// What ssh said.
        detail: String,
    },
    /// It executes other programs than ours.
    Architecture {
        /// Where its Vagrantfile is.
        directory: PathBuf,
        /// What it is.
        machine: String,
        /// What this program is built for.
        ours: &'static str,
    },
    /// Its user may not become root without a password.
    NoRoot {
        /// Where its Vagrantfile is.
        directory: PathBuf,
    },
    /// provision.sh has not come to its end in it.
    HalfProvisioned {
        /// Where its Vagrantfile is.
        directory: PathBuf,
    },
    /// Its kernel does not offer what the scenarios look at.
    NoControllers {
        /// Where its Vagrantfile is.
        directory: PathBuf,
        /// Those that are missing.
        controllers: String,
    },
    /// The agent could not be brought there.
    Agent(Error),
}

impl VagrantError {
    pub(super) fn not_started(error: &std::io::Error) -> VagrantError {
        VagrantError::NotStarted { detail: error.to_string() }
    }

    /// The same by message id.
    pub fn text(&self) -> Text {
        // Their words are the command line's, and not among the scenarios' messages.
        let said = |id: &str| Text::new(id);
        let of = |id: &str, directory: &PathBuf| said(id).with("directory", directory.display());
        match self {
            Self::NotStarted { detail } => said("vagrant-not-started").with("detail", detail),
            Self::Refused { command, detail } => {
                said("vagrant-refused").with("command", command).with("detail", detail)
            }
            Self::Several { directory, names } => of("vagrant-several", directory).with("names", names.join(", ")),
            Self::Inaccessible { directory } => of("vagrant-inaccessible", directory),
            Self::NotUp { directory, detail } => of("vagrant-not-up", directory).with("detail", detail),
            Self::Unreachable { directory, detail } => of("vagrant-unreachable", directory).with("detail", detail),
            Self::Architecture { directory, machine, ours } => {
                of("vagrant-architecture", directory).with("machine", machine).with("ours", ours)
            }
            Self::NoRoot { directory } => of("vagrant-no-root", directory),
            Self::HalfProvisioned { directory } => of("vagrant-half-provisioned", directory),
            Self::NoControllers { directory, controllers } => {
                of("vagrant-no-controllers", directory).with("controllers", controllers)
            }
            Self::Agent(error) => said("vagrant-agent").with("detail", error),
        }
    }
}

impl fmt::Display for VagrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted { detail } => write!(
                f,
                "vagrant could not be started: {detail}. Install Vagrant and a provider (sudo apt-get install vagrant-libvirt), \
                 or examine without them: --backend vm"
            ),
            Self::Refused { command, detail } => write!(f, "{command}: {detail}"),
            Self::Several { directory, names } => write!(
                f,
                "{}/Vagrantfile defines several machines ({}). boxproof wants one of its own: --vagrant DIR names the directory of \
                 another Vagrantfile",
                directory.display(),
                names.join(", ")
            ),
            Self::Inaccessible { directory } => write!(
                f,
                "the machine of {0} is gone: Vagrant remembers it, and its provider has it no more. Forget it, then examine \
                 again: cd {0} && vagrant destroy -f",
                directory.display()
            ),
            Self::NotUp { directory, detail } => write!(
                f,
                "the machine did not come up. See for yourself: cd {} && vagrant up. Vagrant's last lines:\n{detail}",
                directory.display()
            ),
            Self::Unreachable { directory, detail } => write!(
                f,
                "the machine runs, and its ssh does not answer ({detail}). Start it anew: cd {} && vagrant reload",
                directory.display()
            ),
            Self::Architecture { directory, machine, ours } => write!(
                f,
                "the machine is {machine}, and this boxproof is built for {ours}, as is what it examines. Build and examine inside \
                 the machine: cd {} && vagrant ssh -c 'cd /vagrant && make exam'",
                directory.display()
            ),
            Self::NoRoot { directory } => write!(
                f,
                "the machine's user may not use sudo without a password, as every box for Vagrant allows. See for yourself: \
                 cd {} && vagrant ssh -c 'sudo -n true'",
                directory.display()
            ),
            Self::HalfProvisioned { directory } => write!(
                f,
                "the machine is not ready: provision.sh has not come to its end in it. Let it: cd {} && vagrant provision",
                directory.display()
            ),
            Self::NoControllers { directory, controllers } => write!(
                f,
                "the machine's cgroup v2 has no {controllers}. Take a box whose kernel has them (VM_BOX): cd {} && vagrant destroy",
                directory.display()
            ),
            Self::Agent(error) => write!(f, "bring the agent into the machine: {error}"),
        }
    }
}

impl std::error::Error for VagrantError {}
