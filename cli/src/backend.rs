//! Where the exam takes place.

use crate::args::{Backend, BuildPlace, ExamArgs};
use crate::outcome::Trouble;
use boxproof_harness::backend::Agent;
use boxproof_harness::backend::local::Local;
use boxproof_harness::backend::vm::VmOptions;
use boxproof_scenarios::texts::Texts;
use clap::ValueEnum;
use std::path::Path;

/// Says where, in a machine that is itself disposable.
const BACKEND: &str = "BOXPROOF_BACKEND";
/// This program, whatever became of its file since it was started.
pub const OURSELVES: &str = "/proc/self/exe";

/// A backend that can be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A throwaway virtual machine.
    Vm,
    /// This machine.
    Local,
    /// A machine of Vagrant's.
    Vagrant,
}

impl Place {
    /// What was asked for. `auto` never runs a foreign program on this machine unless the environment says that this
    /// machine is there for it.
    pub fn of(asked: Backend) -> Result<Place, Trouble> {
        match asked {
            Backend::Vm => Ok(Place::Vm),
            Backend::Local => Ok(Place::Local),
            Backend::Vagrant => Ok(Place::Vagrant),
            Backend::Auto => match std::env::var(BACKEND) {
                Err(_) => Ok(Place::Vm),
                Ok(named) if named.is_empty() => Ok(Place::Vm),
                Ok(named) => match Backend::from_str(&named, false) {
                    Ok(Backend::Auto) => Ok(Place::Vm),
                    Ok(backend) => Place::of(backend),
                    Err(_) => Err(Trouble::usage(format!("{BACKEND}={named}: must be vm, local, vagrant or auto"))),
                },
            },
        }
    }

    /// The same for a class, of whom nobody may meet what another left.
    pub fn of_many(asked: Backend) -> Result<Place, Trouble> {
        match Place::of(asked)? {
            Place::Vagrant => {
                Err(Trouble::usage("a class is not examined in one machine of Vagrant's: --backend vm, or local"))
            }
            place => Ok(place),
        }
    }

    /// Whether the machine is thrown away afterwards. Such a one has nothing but what is brought there (no interpreter, no
    /// library), and any other gets nothing: it must be afterwards as it was.
    pub fn is_disposable(self) -> bool {
        self == Place::Vm
    }

    /// Where to build: what nobody vouches for is built where it is examined. A machine of Vagrant's is no place for
    /// builds; what is examined there was always built by its author.
    pub fn builds(self, asked: Option<BuildPlace>) -> BuildPlace {
        asked.unwrap_or(if self == Place::Vm { BuildPlace::Vm } else { BuildPlace::Here })
    }

    /// Starts an agent there, in such a virtual machine if it is one. `say` gets a line for whoever waits.
    pub fn start(
        self,
        args: &ExamArgs,
        vm: &VmOptions,
        texts: &Texts,
        say: &dyn Fn(&str),
    ) -> Result<Box<dyn Agent>, Trouble> {
        match self {
            Place::Local => local(),
            Place::Vm => crate::vm::agent(vm, say),
            Place::Vagrant => crate::vagrant::agent(args.vagrant.as_deref(), args.keep, texts, say),
        }
    }

    /// The same for one of many exams.
    pub fn start_one_of_many(self, vm: &VmOptions, say: &dyn Fn(&str)) -> Result<Box<dyn Agent>, Trouble> {
        match self {
            Place::Local => local(),
            Place::Vm => crate::vm::agent(vm, say),
            Place::Vagrant => Err(Trouble::environment("a machine of Vagrant's is for one exam")),
        }
    }
}

fn local() -> Result<Box<dyn Agent>, Trouble> {
    match Local::start(Path::new(OURSELVES)) {
        Ok(agent) => Ok(Box::new(agent)),
        Err(error) => Err(Trouble::environment(error)),
    }
}
