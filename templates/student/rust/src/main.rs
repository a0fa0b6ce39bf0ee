//! mycontainer run CMD ARGS...
//!
//! It starts the command with rootfs/ as its root, and that is all: the command sees every process, every mount and every network of
//! this machine.

use std::os::unix::fs::chroot;
use std::os::unix::process::ExitStatusExt;
use std::process::{exit, Command};

fn main() {
    let argv: Vec<String> = std::env::args().skip(1).collect();
    match argv.split_first() {
        Some((run, command)) if run == "run" && !command.is_empty() => exit(start(command)),
        _ => {
            eprintln!("usage: mycontainer run CMD ARGS...");
            exit(2);
        }
    }
}

/// Starts the command in the container and waits for it; its exit status becomes ours.
fn start(argv: &[String]) -> i32 {
    if let Err(error) = chroot("rootfs").and_then(|()| std::env::set_current_dir("/")) {
        eprintln!("mycontainer: chroot rootfs: {error}");
        return 1;
    }
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]);

    // Step 2: unshare(CLONE_NEW...), then a child in the new namespaces, with a /proc of its own.
    // Step 3: a cgroup that limits it.
    // Step 4: a veth pair that connects it.

    match command.status() {
        Ok(status) => status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        Err(error) => {
            eprintln!("mycontainer: {}: {error}", argv[0]);
            127
        }
    }
}
