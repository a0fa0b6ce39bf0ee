//! A look around in the guest: the console's shell on this terminal.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::PollFlags;
use nix::sys::termios::{self, SetArg, Termios};

use super::guest::Role;
use super::lines::ended;
use super::qemu::{self, Process};
use super::start::Ground;
use super::{Ending, Progress, VmError, VmOptions};

/// What a terminal sends for "no more input".
const END_OF_INPUT: &[u8] = b"\x04";

/// Boots a guest that runs a shell on its console, and connects that to this program's terminal until the shell ends.
pub fn shell(options: &VmOptions, progress: &dyn Fn(Progress)) -> Result<(), VmError> {
    let options = VmOptions { role: Role::Shell, ..options.clone() };
    let ground = Ground::prepare(&options, progress)?;
    let started = ground.boot_somehow(&options, false, progress, |process, _| Ok(process))?;
    attach(started.result)
}

fn attach(mut process: Process) -> Result<(), VmError> {
    let mut stdin = io::stdin().lock();
    let raw = RawTerminal::enter();
    let mut open = true;
    while !process.ends_within(Duration::ZERO) {
        let mut watched = vec![(process.pidfd().as_fd(), PollFlags::POLLIN)];
        if open {
            watched.push((stdin.as_fd(), PollFlags::POLLIN));
        }
        let ready = qemu::ready(&watched, Duration::from_secs(3600)).map_err(VmError::Port)?;
        if ready.get(1) == Some(&true) {
            let mut typed = [0; 1024];
            let count = stdin.read(&mut typed).map_err(VmError::Port)?;
            open = count > 0;
            let typed = if open { &typed[..count] } else { END_OF_INPUT };
            // A guest that has just ended takes no more; the next turn of the loop sees it.
            let _ = process.console.write_all(typed);
        }
    }
    let outcome = ended(&mut process, true);
    drop(raw);
    match outcome {
        VmError::Ended { ending: Ending::PowerOff, .. } => Ok(()),
        error => Err(error),
    }
}

/// The terminal hands every key to the guest, Ctrl-C included, until this is dropped.
struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    /// Nothing to do when standard input is no terminal.
    fn enter() -> Option<Self> {
        let before = termios::tcgetattr(io::stdin()).ok()?;
        let mut raw = before.clone();
        termios::cfmakeraw(&mut raw);
        termios::tcsetattr(io::stdin(), SetArg::TCSANOW, &raw).ok()?;
        Some(Self { before })
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // The terminal may have gone away; then there is nothing to restore.
        let _ = termios::tcsetattr(io::stdin(), SetArg::TCSANOW, &self.before);
    }
}
