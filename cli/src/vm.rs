//! `boxproof vm`: the virtual machine that runtimes are examined in.

use crate::args::{VmArgs, VmCommand};
use crate::outcome::{Outcome, Trouble};
use boxproof_harness::backend::Agent;
use boxproof_harness::backend::vm::kernel::KernelSource;
use boxproof_harness::backend::vm::userland::Tools;
use boxproof_harness::backend::vm::{self, Vm, VmAgent, VmOptions};

/// Prepares it, opens a shell in it, or removes it.
pub fn run(args: &VmArgs) -> Result<Outcome, Trouble> {
    let say = |progress| anstream::eprintln!("{progress}");
    match &args.command {
        VmCommand::Prepare { kernel, tools } => {
            let options = options(kernel.as_deref());
            let kernel = vm::prepare(&options, &say).map_err(Trouble::environment)?;
            for machine in machines(&options, tools.iter().map(|&tools| tools.into())) {
                // From the snapshot, if there is one already: then it is known to be good.
                drop(Vm::boot(&machine, &say).map_err(Trouble::environment)?);
            }
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

/// Every machine that an exam needs when `tools` are there for builds: one in which to build with each of them, and one for
/// what is linked there or written in a language, which needs a user land as well. An exam of what is handed in built
/// needs none.
fn machines(options: &VmOptions, tools: impl Iterator<Item = Tools>) -> Vec<VmOptions> {
    let mut machines = vec![options.clone()];
    for tools in tools {
        if machines.len() == 1 {
            machines.push(VmOptions { tools: Some(Tools::Scripts), ..options.clone() });
        }
        if tools != Tools::Scripts {
            machines.push(crate::build::machine(options, tools, crate::exam::LARGEST));
        }
    }
    machines
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is prepared is what `boxproof exam` boots: the same memory, or its snapshot would be another.
    #[test]
    fn who_prepares_compilers_prepares_the_exam_of_what_they_link() {
        let of = |tools: &[Tools]| {
            let machines = machines(&VmOptions::default(), tools.iter().copied());
            machines.iter().map(|machine| (machine.tools, machine.memory_mib)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[]), [(None, 512)]);
        assert_eq!(of(&[Tools::Scripts]), [(None, 512), (Some(Tools::Scripts), 512)]);
        let both = of(&[Tools::C, Tools::GoAndRust]);
        assert_eq!(both[1..], [(Some(Tools::Scripts), 512), (Some(Tools::C), 1536), (Some(Tools::GoAndRust), 1536)]);
    }
}
