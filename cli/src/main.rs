//! boxproof, the command. The same program is the command line, the agent that examines, and the `/init` of the virtual
//! machine in which it does so.

mod args;
mod backend;
mod bounded;
mod build;
mod calendar;
mod class;
mod convert;
mod course;
mod digest;
mod doctor;
mod exam;
mod explain;
mod list;
mod moment;
mod near;
mod outcome;
mod progress;
mod report;
mod subject;
mod vagrant;
mod vm;
mod words;

use args::{AgentArgs, Cli, Command};
use boxproof_harness::backend::vm::{Port, guest};
use boxproof_scenarios::catalogue;
use clap::Parser;
use outcome::Trouble;
use std::process::ExitCode;

fn main() -> ExitCode {
    if guest::is_guest_init() {
        guest::run();
    }
    let ended = match Cli::parse().command {
        Command::Exam(args) => exam::run(&args),
        Command::Report(args) => convert::run(&args),
        Command::Class(args) => class::run(&args),
        Command::Merge(args) => class::merge(&args),
        Command::List(args) => list::run(&args),
        Command::Course(args) => course::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Vm(args) => vm::run(&args),
        Command::Agent(args) => agent(&args),
    };
    ended.map_or_else(|trouble| trouble.tell(), ExitCode::from)
}

/// Examines on behalf of a command line at the other end of a pipe or of a virtual machine's port.
fn agent(args: &AgentArgs) -> Result<outcome::Outcome, Trouble> {
    let served = match &args.port {
        None => boxproof_harness::agent::serve(catalogue(), std::io::stdin().lock(), std::io::stdout()),
        Some(path) => {
            let open = || Port::open(path).and_then(|port| Ok((port.output()?, port)));
            let (output, port) =
                open().map_err(|error| Trouble::environment(format!("open {}: {error}", path.display())))?;
            boxproof_harness::agent::serve(catalogue(), port, output)
        }
    };
    served.map(|()| outcome::Outcome::Passed).map_err(Trouble::environment)
}
