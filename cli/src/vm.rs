//! `boxproof vm`: the virtual machine that runtimes are examined in.

use crate::args::{VmArgs, VmCommand};
use crate::outcome::{Outcome, Trouble};
use boxproof_harness::backend::Agent;
use boxproof_harness::backend::vm::kernel::KernelSource;
use boxproof_harness::backend::vm::userland::Userland;
use boxproof_harness::backend::vm::{self, Vm, VmAgent, VmOptions};

/// Prepares it, opens a shell in it, or removes it.
pub fn run(args: &VmArgs) -> Result<Outcome, Trouble> {
    let say = |progress| anstream::eprintln!("{progress}");
    match &args.command {
        VmCommand::Prepare { kernel, tools } => {
            let options = options(kernel.as_deref());
            for &tools in tools {
                Userland::open(tools.into(), &say).map_err(Trouble::environment)?;
            }
            let kernel = vm::prepare(&options, &say).map_err(Trouble::environment)?;
            // From the snapshot, if there is one already: then it is known to be good.
            drop(Vm::boot(&options, &say).map_err(Trouble::environment)?);
            crate::words::print(&format!("Linux {} ({})\n", kernel.release, kernel.origin))
        }
        VmCommand::Shell => {
            vm::shell(&VmOptions::default(), &say).map(|()| Outcome::Passed).map_err(Trouble::environment)
        }
        VmCommand::Clean => {
            let removed = vm::clean().map_err(Trouble::environment)?;
            crate::words::print(&format!("{}\n", removed.display()))
        }
    }
}

/// One with the kernel that was asked for.
pub fn options(kernel: Option<&str>) -> VmOptions {
    VmOptions { kernel: kernel.map(KernelSource::named).unwrap_or_default(), ..VmOptions::default() }
}

/// Starts one with an agent in it. `say` gets a line for whoever waits.
pub fn agent(options: &VmOptions, say: &dyn Fn(&str)) -> Result<Box<dyn Agent>, Trouble> {
    let booted = VmAgent::boot(options, &|progress| say(&progress.to_string()));
    booted.map(|agent| Box::new(agent) as Box<dyn Agent>).map_err(Trouble::environment)
}
