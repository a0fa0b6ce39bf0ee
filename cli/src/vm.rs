//! `boxproof vm`: the virtual machine that runtimes are examined in.

use crate::args::{VmArgs, VmCommand};
use crate::outcome::{Outcome, Trouble};
use boxproof_harness::backend::Agent;
use boxproof_harness::backend::vm::{self, Vm, VmAgent, VmOptions};

/// Prepares it, opens a shell in it, or removes it.
pub fn run(args: &VmArgs) -> Result<Outcome, Trouble> {
    let (options, say) = (VmOptions::default(), |progress| anstream::eprintln!("{progress}"));
    match args.command {
        VmCommand::Prepare => {
            let kernel = vm::prepare(&options, &say).map_err(Trouble::environment)?;
            // From the snapshot, if there is one already: then it is known to be good.
            drop(Vm::boot(&options, &say).map_err(Trouble::environment)?);
            crate::words::print(&format!("Linux {} ({})\n", kernel.release, kernel.origin))
        }
        VmCommand::Shell => vm::shell(&options, &say).map(|()| Outcome::Passed).map_err(Trouble::environment),
        VmCommand::Clean => {
            let removed = vm::clean().map_err(Trouble::environment)?;
            crate::words::print(&format!("{}\n", removed.display()))
        }
    }
}

/// Starts one with an agent in it, from its `snapshot` or by a boot. `say` gets a line for whoever waits.
pub fn agent(snapshot: bool, say: &dyn Fn(&str)) -> Result<Box<dyn Agent>, Trouble> {
    let options = VmOptions { snapshot, ..VmOptions::default() };
    let booted = VmAgent::boot(&options, &|progress| say(&progress.to_string()));
    booted.map(|agent| Box::new(agent) as Box<dyn Agent>).map_err(Trouble::environment)
}
