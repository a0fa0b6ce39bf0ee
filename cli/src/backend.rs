//! Where the exam takes place.

use crate::args::{Backend, BuildPlace};
use crate::outcome::Trouble;
use boxproof_harness::backend::Agent;
use boxproof_harness::backend::local::Local;
use boxproof_harness::backend::vm::VmOptions;
use clap::ValueEnum;
use std::path::Path;

/// Says where, in a machine that is itself disposable.
const BACKEND: &str = "BOXPROOF_BACKEND";

/// A backend that can be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A throwaway virtual machine.
    Vm,
    /// This machine.
    Local,
}

impl Place {
    /// What was asked for. `auto` never runs a foreign program on this machine unless the environment says that this
    /// machine is there for it.
    pub fn of(asked: Backend) -> Result<Place, Trouble> {
        match asked {
            Backend::Vm => Ok(Place::Vm),
            Backend::Local => Ok(Place::Local),
            Backend::Auto => match std::env::var(BACKEND) {
                Err(_) => Ok(Place::Vm),
                Ok(named) if named.is_empty() => Ok(Place::Vm),
                Ok(named) => match Backend::from_str(&named, false) {
                    Ok(Backend::Vm | Backend::Auto) => Ok(Place::Vm),
                    Ok(Backend::Local) => Ok(Place::Local),
                    Err(_) => Err(Trouble::usage(format!("{BACKEND}={named}: must be vm, local or auto"))),
                },
            },
        }
    }

    /// Whether the machine is thrown away afterwards.
    pub fn is_disposable(self) -> bool {
        self == Place::Vm
    }

    /// Where to build: what nobody vouches for is built where it is examined.
    pub fn builds(self, asked: Option<BuildPlace>) -> BuildPlace {
        asked.unwrap_or(if self.is_disposable() { BuildPlace::Vm } else { BuildPlace::Here })
    }

    /// Starts an agent there, in such a virtual machine if it is one. `say` gets a line for whoever waits.
    pub fn start(self, vm: &VmOptions, say: &dyn Fn(&str)) -> Result<Box<dyn Agent>, Trouble> {
        match self {
            // This program, whatever became of its file since it was started.
            Place::Local => match Local::start(Path::new("/proc/self/exe")) {
                Ok(agent) => Ok(Box::new(agent)),
                Err(error) => Err(Trouble::environment(error)),
            },
            Place::Vm => crate::vm::agent(vm, say),
        }
    }
}
