//! The child's half: from the first instruction in the new namespaces to the user's command, from top to bottom.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::resource::setrlimit;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{chdir, getpid, sethostname, setsid};

use crate::container::{Container, Process};
use crate::error::{Context, Error, FAILED, Result};
use crate::mounts::{self, Rootfs};
use crate::{console, dev, exec, hooks, namespaces, net, seccomp, sys};

/// What a child gets from its parent beside the description of the container.
pub struct Surroundings {
    /// The user sits at the terminal, and shares it with the container.
    pub at_terminal: bool,
    pub bond: Bond,
    /// Who wants the container's terminal.
    pub console: Option<UnixStream>,
}

/// What becomes of the child when its parent ends.
pub enum Bond {
    /// It ends as well.
    Parent,
    /// Nothing.
    Nobody,
    /// Nothing: it waits, finished, at this gate until somebody starts it.
    Gate(UnixListener),
}

/// The pipes between parent and child.
pub struct Lines {
    /// A byte for every step that the parent has finished.
    go: PipeReader,
    /// What went wrong, or nothing: its end, when the command is executed, is the moment in which the child has become the
    /// command. Nobody listens while it waits at its gate.
    report: Option<File>,
}

impl Lines {
    pub fn new(go: PipeReader, report: PipeWriter) -> Lines {
        Lines { go, report: Some(OwnedFd::from(report).into()) }
    }

    fn say(&mut self, message: &[u8]) -> std::io::Result<()> {
        self.report.as_mut().map_or(Ok(()), |report| report.write_all(message))
    }

    /// Waits for the parent. The end of the pipe without a byte means that it is dead, or has failed and says so itself.
    fn wait(&mut self) {
        if self.go.read_exact(&mut [0]).is_err() {
            sys::exit_at_once(FAILED);
        }
    }
}

/// The first byte of a report that is none: the parent is to run its hooks.
pub const HOOKS: u8 = 0;

/// And another one: the child is finished, and waits at its gate.
pub const READY: u8 = 255;

/// Becomes the command by way of `steps`, or tells the parent over `report` why not and ends. Never returns: what lies above
/// in the stack (guards, buffers) is a copy of the parent's, and only the parent may act on it.
pub fn main(lines: &mut Lines, steps: impl FnOnce(&mut Lines) -> Result<Infallible>) -> ! {
    // A panic has printed its message; it must not unwind into those guards either.
    let error = match catch_unwind(AssertUnwindSafe(|| steps(lines))) {
        Ok(Err(error)) => error,
        Err(_) => Error::new("a defect in mycontainer itself, see above"),
    };
    let message = [&[error.status], error.to_string().as_bytes()].concat();
    let _ = lines.say(&message);
    sys::exit_at_once(FAILED)
}

/// The order is the point: each step relies on those before it, or closes a door that they still needed.
pub fn become_command(container: &Container, with: Surroundings, lines: &mut Lines) -> Result<Infallible> {
    // 1. Die with the runtime, however it dies. Should it be dead by now, step 9 finds out: `go` then ends without a
    //    byte. (getppid cannot tell: the parent is outside this PID namespace, so its number is 0 in either case.)
    //    In a user namespace of its own, become its root first: a change of user forgets that wish.
    if container.namespaces.user() {
        enter_user_namespace(container, lines)?;
    }
    die_with_parent()?;
    if container.namespaces.new & libc::CLONE_NEWPID == 0 {
        hide()?;
    }

    // 2. A session of its own: no terminal to push characters into, no process group shared with strangers. But when
    //    the user sits at the terminal, the container is what the terminal is for: it stays in the session, so that
    //    Ctrl-C, job control and window sizes work.
    if !with.at_terminal {
        setsid().doing("setsid")?;
    }

    // 3. The cgroup namespace, late: its root is the group of whoever creates it. CLONE_NEWCGROUP among the flags of
    //    clone3 would be evaluated for the parent and root it in the *parent's* group; here it is the container's own,
    //    if its limits gave it one, and /proc/self/cgroup says `/`.
    if container.namespaces.cgroup {
        unshare(CloneFlags::CLONE_NEWCGROUP).doing("create a cgroup namespace")?;
    }

    // 4. The name. From here on it is in the UTS namespace of the container, not the host's.
    if let Some(name) = &container.hostname {
        sethostname(name).doing_with(|| format!("set the hostname {name}"))?;
    }
    if let Some(name) = &container.domainname {
        sys::set_domain_name(name).doing_with(|| format!("set the domain name {name}"))?;
    }
    adjust_kernel(container)?;

    // 5. The file systems, built while the host's / is still in reach but cut off from it: private before the first
    //    mount, else it would appear on the host. The caller's umask must not decide who may open /dev/null.
    umask(Mode::empty());
    mounts::cut_ties(container.root.propagation)?;
    let rootfs = Rootfs::open(&container.root.image)?;
    build(container, &rootfs, lines)?;

    // 6. The rootfs becomes /, the host's file system is gone. All paths below mean the container's.
    rootfs.pivot()?;
    mounts::set_propagation(&container.root)?;

    run(container, with.bond, with.console, lines)
}

/// Steps 7 to 11 are those of every process of a container, of the first and of those that join it (`oci/join.rs`).
pub fn run(container: &Container, bond: Bond, console: Option<UnixStream>, lines: &mut Lines) -> Result<Infallible> {
    let process = &container.process;
    let account = process.user.look_up()?;
    if let Some(socket) = console {
        console::open_terminal(socket, process.console_size, account.uid)?;
    }
    enter_directory(process)?;
    umask(Mode::from_bits_truncate(process.user.umask.unwrap_or(0o022)));

    // 7. No signal of the caller's or the runtime's reaches the command ignored (Rust ignores SIGPIPE) or blocked (the
    //    parent blocks those that it passes on).
    sys::reset_signal_actions();
    SigSet::empty().thread_set_mask().doing("unblock signals")?;

    //    Nor does a key of theirs. Where nobody may use keys there are none to be reached.
    if !process.keep_keyring {
        match sys::new_session_keyring() {
            Err(Errno::ENOSYS | Errno::EPERM | Errno::EACCES) => {}
            result => result.doing("make a session keyring")?,
        }
    }

    // 8. Power is given up when nothing privileged remains to be done, and in this order: limits that only root may raise;
    //    the bounding set, which needs SETPCAP; groups before the user, who may no longer change them; then what is left of
    //    the capabilities, and the wish of step 1 once more. A filter comes last, as late as it can: whoever sets
    //    no_new_privs may install it at any time, everybody else only before the capabilities are gone.
    for (resource, soft, hard) in &process.rlimits {
        setrlimit(*resource, *soft, *hard).doing_with(|| format!("set the limit {resource:?} to {soft}:{hard}"))?;
    }
    if !process.no_new_privileges {
        seccomp::install(&process.seccomp).doing("install the seccomp filter")?;
    }
    if let Some(sets) = &process.capabilities {
        sets.drop_bounding()?;
    }
    account.assume()?;
    if let Some(sets) = &process.capabilities {
        sets.assume()?;
    }
    die_with_parent()?;
    if process.no_new_privileges {
        prctl::set_no_new_privs().doing("set no_new_privs")?;
    }

    // 9. Wait until the parent has done its part (the network, say): the command must not find it half made. A container
    //    that is only created now lets go of its parent, and waits at its gate for whoever starts it; from there on that is
    //    who hears what goes wrong.
    if !matches!(bond, Bond::Parent) {
        exec::find(process)?;
    }
    lines.wait();
    untie(bond, lines)?;

    // 10. Nor does a descriptor but 0, 1 and 2. They are closed before the kernel looks for the command and not by execve: a
    //    directory of the host among them would be a way out for an image whose /bin/sh is a link to /proc/self/fd/7/../..
    //    What is left is `report`, no directory, and its closing by execve is the news of success.
    let first = process.preserved.saturating_add(3);
    sys::close_from(first, lines.report.as_ref().map(File::as_fd)).doing("close the runtime's descriptors")?;
    hooks::run(&container.hooks.start_container, &own_state(container).to_json("created"))?;
    if process.no_new_privileges {
        seccomp::install(&process.seccomp).doing("install the seccomp filter")?;
    }

    // 11. From now on this process is the command: PID 1, who must reap what it adopts as any init must.
    exec::exec(process, account.home.as_deref())
}

/// Once the parent has said who is who: root of it, who may do here what needs no other root.
fn enter_user_namespace(container: &Container, lines: &mut Lines) -> Result<()> {
    lines.wait();
    namespaces::become_root()?;
    // For the parent, who does this elsewhere, there would be no way back from that network.
    if container.namespaces.new & libc::CLONE_NEWNET != 0 { net::switch_on_loopback() } else { Ok(()) }
}

fn die_with_parent() -> Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL).doing("ask for a parent-death signal")
}

/// From here until it becomes the command nobody but root of the machine may look into this process, which soon is no
/// mightier than the container's own and holds open what is the runtime's (CVE-2016-9962). For wherever others are in its
/// PID namespace already, or may come.
pub fn hide() -> Result<()> {
    prctl::set_dumpable(false).doing("hide from ptrace")
}

/// What the kernel is told by files of the host's /proc, which show the namespaces of whoever opens them.
pub fn adjust_kernel(container: &Container) -> Result<()> {
    if let Some(score) = container.process.oom_score_adj {
        fs::write("/proc/self/oom_score_adj", score.to_string()).doing("write /proc/self/oom_score_adj")?;
    }
    for (name, value) in &container.sysctls {
        fs::write(format!("/proc/sys/{name}"), value).doing_with(|| format!("write /proc/sys/{name}"))?;
    }
    Ok(())
}

/// Everything that is mounted or made in the rootfs, and what closes parts of it again.
fn build(container: &Container, rootfs: &Rootfs, lines: &mut Lines) -> Result<()> {
    container.mounts.iter().try_for_each(|mount| rootfs.mount(mount))?;
    if let Some(devices) = &container.devices {
        dev::populate(rootfs, devices)?;
    }
    container.covers.iter().try_for_each(|cover| rootfs.cover(cover))?;
    if container.process.create_cwd {
        rootfs.directory(&container.process.cwd)?;
    }

    // Hooks of the runtime run in its namespaces, hooks of the container in these.
    if !container.hooks.create_runtime.is_empty() {
        lines.say(&[HOOKS]).doing("ask for the hooks")?;
        lines.wait();
    }
    hooks::run(&container.hooks.create_container, &own_state(container).to_json("creating"))?;

    container.read_only.iter().try_for_each(|path| rootfs.protect(path))?;
    container.masked.iter().try_for_each(|path| rootfs.mask(path))?;
    if container.root.read_only { rootfs.make_read_only() } else { Ok(()) }
}

/// The state for hooks that run in the container's namespaces: the first process has the number by which they know it.
fn own_state(container: &Container) -> hooks::State {
    hooks::State { pid: getpid().as_raw(), ..container.hooks.state.clone() }
}

/// A working directory may be a link, and among the runtime's descriptors, which /proc shows as links, there are directories
/// of the host until step 10: the kernel knows no path from / to those.
fn enter_directory(process: &Process) -> Result<()> {
    let doing = || format!("chdir to {} in the container", process.cwd.display());
    chdir(&process.cwd).doing_with(doing)?;
    match std::env::current_dir() {
        Ok(path) if path.is_absolute() => Ok(()),
        _ => Err(Errno::EXDEV).doing_with(doing),
    }
}

/// Lets the runtime end without this process. At a gate it then waits for the next one, and others may join it meanwhile.
fn untie(bond: Bond, lines: &mut Lines) -> Result<()> {
    if matches!(bond, Bond::Parent) {
        return Ok(());
    }
    prctl::set_pdeathsig(None).doing("outlive the runtime")?;
    if let Bond::Gate(gate) = bond {
        hide()?;
        lines.say(&[READY]).doing("report to be ready")?;
        lines.report = None;
        let (starter, _) = gate.accept().doing("wait to be started")?;
        lines.report = Some(OwnedFd::from(starter).into());
    }
    Ok(())
}
