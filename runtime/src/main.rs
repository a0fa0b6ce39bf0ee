//! `mycontainer`: a container runtime that can be read in one sitting.
//!
//! `mycontainer run CMD` starts CMD as PID 1 of its own namespaces with `rootfs` as its `/`. README.md walks through the
//! files in reading order; `run.rs` and `init.rs` are the two halves of the story.

mod bridge;
mod caps;
mod cgroup;
mod cli;
mod console;
mod container;
mod dev;
mod error;
mod exec;
mod flags;
mod hooks;
mod init;
mod mounts;
mod namespaces;
mod net;
mod netlink;
mod oci;
mod overlay;
mod run;
mod seccomp;
mod sys;
mod user;
mod values;

use std::io::Write;
use std::process::ExitCode;

use cli::Request;

/// Returns instead of calling `process::exit`: what guards own (cgroup, veth, child) is undone when they are dropped,
/// and `process::exit` drops nothing.
fn main() -> ExitCode {
    let status = cli::parse(std::env::args_os()).and_then(|request| match request {
        Request::Run(mut container, network) => run::run(&mut container, &network),
        Request::Oci(request) => oci::execute(*request),
        Request::Print(text) => {
            // A reader that has gone away (`mycontainer --help | head -1`) is no reason to panic, as `println!` would.
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(0)
        }
    });
    ExitCode::from(status.unwrap_or_else(|error| {
        error.print();
        error.status
    }))
}
