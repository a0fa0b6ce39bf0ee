//! The parent's half: what a container needs from outside, in the order in which it must exist, and undone in reverse.

use std::fs;
use std::io::{self, IsTerminal, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{Pid, geteuid, getpgrp, tcgetpgrp, tcsetpgrp};

use crate::cgroup::Cgroup;
use crate::container::{self, Container};
use crate::error::{Context, Error, Result};
use crate::hooks;
use crate::init::{self, Bond, Lines, Surroundings};
use crate::net::{self, Network};
use crate::sys::{self, Ending, Process};

/// The signals that are meant for the container when they are sent to the runtime.
const PASSED_ON: [Signal; 6] =
    [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGUSR2];

/// Runs a container from beginning to end and returns the exit status for the caller.
///
/// Each value below that must be undone is a guard. They are dropped in the reverse order on every way out: the
/// cable, the child (killed and reaped if it still runs), the cgroup.
pub fn run(container: &mut Container, network: &Network) -> Result<u8> {
    if !geteuid().is_root() {
        return Err(Error::new("must be run as root").hint("try sudo"));
    }
    let _claim = container.root.image.check()?;
    let terminal = Terminal::of_stdin();
    // Before there is anything to leave behind: from now on SIGTERM is a message to be read and not the end.
    let signals = block_signals().doing("block signals")?;
    let member = net::join(container, network)?;
    let cgroup = Cgroup::create(&container.limits)?;

    let with = Surroundings { at_terminal: terminal.is_some(), bond: Bond::Parent, console: None };
    let group = cgroup.as_ref().map(Cgroup::as_fd);
    let (mut child, _cable) = launch(container, group, with, |process| {
        net::connect(process, member.as_ref().map_or(network, |(_, cable)| cable))
    })?;
    // The container runs; the time is there to look after those whose runtime was killed.
    cgroup.iter().for_each(Cgroup::remove_stale);
    child.supervise(&signals, terminal.is_some())
}

/// Makes the container's first process and returns when it has become the command, or waits at its gate. `outside` is what
/// has to be done from here, while the child mounts its file systems.
pub fn launch<T>(
    container: &Container,
    cgroup: Option<BorrowedFd<'_>>,
    with: Surroundings,
    outside: impl FnOnce(&Process) -> Result<T>,
) -> Result<(Child, T)> {
    // One call makes the process, its namespaces and its place in the cgroup: there is no moment in which it is
    // unlimited, and no intermediate process to wait for.
    let waits = matches!(with.bond, Bond::Gate(_));
    let way_back = container.namespaces.join()?;
    let steps = |lines: &mut Lines| init::become_command(container, with, lines);
    let (child, mut go, mut report) = begin(container.namespaces.new, cgroup, steps)?;
    way_back.go()?;
    if container.namespaces.user() {
        container.namespaces.map(&child.process)?;
        raise_limits(&container.process, child.process.pid)?;
        release(&mut go);
    }

    // If that cannot be done because the child has failed in the meantime, what it reports is the reason and comes first.
    let made = outside(&child.process);
    if made.is_ok() && !container.hooks.create_runtime.is_empty() {
        await_word(&mut report, init::HOOKS)?;
        let state = hooks::State { pid: child.process.pid.as_raw(), ..container.hooks.state.clone() };
        hooks::run(&container.hooks.create_runtime, &state.to_json("creating"))?;
        release(&mut go);
    }
    if made.is_ok() {
        release(&mut go);
        if waits {
            await_word(&mut report, init::READY)?;
        }
    }
    drop(go);
    read_report(report)?;
    Ok((child, made?))
}

/// Forks into new namespaces. The child goes through `steps`; what comes back is its parent's hold on it, the pipe that
/// lets it go on, and the one over which it reports: nothing, if it has become the command.
pub fn begin(
    namespaces: i32,
    cgroup: Option<BorrowedFd<'_>>,
    steps: impl FnOnce(&mut Lines) -> Result<std::convert::Infallible>,
) -> Result<(Child, PipeWriter, PipeReader)> {
    // Close-on-exec, both: the end of `report` is the moment in which the child has become the command.
    let (go, go_sender) = io::pipe().doing("create a pipe")?;
    let (report, report_sender) = io::pipe().doing("create a pipe")?;
    let Some(process) = sys::clone3(namespaces, cgroup).doing("clone3 into new namespaces")? else {
        // Only the parent may hold these ends: their closing is how its death or failure is seen.
        drop((go_sender, report));
        init::main(&mut Lines::new(go, report_sender), steps);
    };
    Ok((Child { process, reaped: false }, go_sender, report))
}

/// Raises hard limits to where a process is to have them. Root of a user namespace may not, when it comes to that in step 8; soft
/// ones stay until then, as this program has not been written for them.
pub fn raise_limits(process: &container::Process, pid: Pid) -> Result<()> {
    for (resource, _, hard) in &process.rlimits {
        let doing = || format!("raise the limit {resource:?} to {hard}");
        let [soft, now] = sys::limit(pid, *resource, None).doing_with(doing)?;
        if *hard > now {
            sys::limit(pid, *resource, Some([soft, *hard])).doing_with(doing)?;
        }
    }
    Ok(())
}

/// Lets the child go one step further. If nobody reads this any more, `report` says why.
pub fn release(go: &mut PipeWriter) {
    let _ = go.write_all(&[1]);
}

/// Waits until the child says this, unless it has something else to say. That a child says nothing must not be taken for
/// success here: it may have been killed.
fn await_word(report: &mut PipeReader, word: u8) -> Result<()> {
    let mut first = [0];
    match report.read(&mut first).doing("read the child's report")? {
        1 if first[0] == word => Ok(()),
        1 => read_report(io::Cursor::new(first).chain(report)),
        _ => Err(Error::new("the container's first process was killed before it was finished")
            .hint("a memory limit may be too low, or a seccomp profile too strict")),
    }
}

/// SIGTTOU is not for reading: blocked, it lets `Terminal` do its work from the background.
pub fn block_signals() -> nix::Result<SignalFd> {
    let mut set: SigSet = PASSED_ON.into_iter().collect();
    let signals = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC)?;
    set.add(Signal::SIGTTOU);
    set.thread_block()?;
    Ok(signals)
}

/// Turns the child's message into an error. An empty one is success.
pub fn read_report(mut report: impl Read) -> Result<()> {
    let mut message = Vec::new();
    report.read_to_end(&mut message).doing("read the child's report")?;
    match message.split_first() {
        // It asked for its hooks, in vain: the parent knows why.
        None | Some((&init::HOOKS, _)) => Ok(()),
        Some((&status, text)) => Err(Error::new(String::from_utf8_lossy(text)).with_status(status)),
    }
}

/// The terminal at which the user sits. The container shares it, and a shell in there makes itself its foreground;
/// dropping this gives the foreground back.
pub struct Terminal;

impl Terminal {
    /// Only if this program is in the foreground: a background job must not take the terminal from anyone.
    pub fn of_stdin() -> Option<Terminal> {
        let stdin = io::stdin();
        let foreground = stdin.is_terminal() && tcgetpgrp(stdin.as_fd()).is_ok_and(|group| group == getpgrp());
        foreground.then_some(Terminal)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = tcsetpgrp(io::stdin().as_fd(), getpgrp());
    }
}

/// The container's first process. Dropping it ends the container: with PID 1 the kernel kills its whole namespace.
pub struct Child {
    pub process: Process,
    reaped: bool,
}

impl Child {
    /// Passes signals on until the command ends, and returns its status as a shell would give it.
    pub fn supervise(&mut self, signals: &SignalFd, at_terminal: bool) -> Result<u8> {
        let mut fatal = None;
        loop {
            let mut events = [
                PollFd::new(self.process.pidfd.as_fd(), PollFlags::POLLIN),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut events, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                result => result.doing("wait for the container")?,
            };
            let ended = events[0].any() == Some(true);
            if ended {
                return self.reap(fatal);
            }
            if let Some(signal) = signals.read_signal().doing("read a signal")? {
                let number = signal.ssi_signo as i32;
                // Ctrl-C is sent by the kernel to everyone at the terminal: the command has got this one already.
                let delivered = at_terminal && signal.ssi_code == libc::SI_KERNEL;
                if self.pass_on(number, delivered).doing("send the container a signal")? {
                    fatal.get_or_insert(number);
                }
            }
        }
    }

    /// Lets go of a container that lives on without this program.
    pub fn release(mut self) {
        self.reaped = true;
    }

    /// Passes a signal on; says whether that means the end of the container.
    ///
    /// The kernel protects PID 1 from signals for which it has no handler, even from those of the parent namespace,
    /// SIGKILL and SIGSTOP apart (pid_namespaces(7)): `sleep` as PID 1 would outlive every SIGTERM. Whoever ends the
    /// runtime wants the container ended, so where any other process would be ended by the signal, SIGKILL does it.
    fn pass_on(&self, signal: i32, delivered: bool) -> nix::Result<bool> {
        let fatal = !self.expects(signal);
        match (fatal, delivered) {
            (true, _) => self.send(libc::SIGKILL)?,
            (false, false) => self.send(signal)?,
            (false, true) => {}
        }
        Ok(fatal)
    }

    /// A process that has just ended (ESRCH) needs no signal; the pidfd is about to say so.
    fn send(&self, signal: i32) -> nix::Result<()> {
        match sys::send_signal(&self.process, signal) {
            Err(Errno::ESRCH) => Ok(()),
            result => result,
        }
    }

    /// Does the command catch, ignore or (for sigwait or signalfd) block the signal? See proc_pid_status(5).
    fn expects(&self, signal: i32) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.pid)).unwrap_or_default();
        let masks = status.lines().filter_map(|line| {
            let (name, mask) = line.split_once(':')?;
            matches!(name, "SigBlk" | "SigIgn" | "SigCgt").then(|| u64::from_str_radix(mask.trim(), 16).ok())?
        });
        masks.fold(0, |all, mask| all | mask) & (1 << (signal - 1)) != 0
    }

    fn reap(&mut self, fatal: Option<i32>) -> Result<u8> {
        let ending = sys::wait(&self.process).doing("reap the container")?;
        self.reaped = true;
        Ok(match (ending, fatal) {
            (Ending::Exited(status), _) => status as u8,
            // Our SIGKILL stood for another signal.
            (Ending::Signalled(libc::SIGKILL), Some(signal)) => 128 + signal as u8,
            (Ending::Signalled(signal), _) => 128 + signal as u8,
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.send(libc::SIGKILL);
            let _ = sys::wait(&self.process);
        }
    }
}
