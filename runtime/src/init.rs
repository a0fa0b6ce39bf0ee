//! The child's half: from the first instruction in the new namespaces to the user's command, from top to bottom.

use std::convert::Infallible;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{chdir, sethostname, setsid};

use crate::cli::Options;
use crate::error::{Context, Error, FAILED, Result};
use crate::mounts::{self, Rootfs};
use crate::{dev, exec, sys};

/// Becomes the user's command, or tells the parent over `report` why not and ends. Never returns: what lies above in the
/// stack (guards, buffers) is a copy of the parent's, and only the parent may act on it.
pub fn main(options: &Options, at_terminal: bool, go: PipeReader, mut report: PipeWriter) -> ! {
    // A panic has printed its message; it must not unwind into those guards either.
    let error = match catch_unwind(AssertUnwindSafe(|| become_command(options, at_terminal, go))) {
        Ok(Err(error)) => error,
        Err(_) => Error::new("a defect in mycontainer itself, see above"),
    };
    let message = [&[error.status], error.to_string().as_bytes()].concat();
    let _ = report.write_all(&message);
    sys::exit_at_once(FAILED)
}

/// The order is the point: each step relies on those before it, or closes a door that they still needed.
fn become_command(options: &Options, at_terminal: bool, mut go: PipeReader) -> Result<Infallible> {
    // 1. Die with the runtime, however it dies. Should it be dead by now, step 9 finds out: `go` then ends without a
    //    byte. (getppid cannot tell: the parent is outside this PID namespace, so its number is 0 in either case.)
    prctl::set_pdeathsig(Signal::SIGKILL).doing("ask for a parent-death signal")?;

    // 2. A session of its own: no terminal to push characters into, no process group shared with strangers. But when
    //    the user sits at the terminal, the container is what the terminal is for: it stays in the session, so that
    //    Ctrl-C, job control and window sizes work. (A runtime with `--tty` would offer a terminal of its own.)
    if !at_terminal {
        setsid().doing("setsid")?;
    }

    // 3. The cgroup namespace, late: its root is the group of whoever creates it. CLONE_NEWCGROUP among the flags of
    //    clone3 would be evaluated for the parent and root it in the *parent's* group; here it is the container's own,
    //    if its limits gave it one, and /proc/self/cgroup says `/`.
    unshare(CloneFlags::CLONE_NEWCGROUP).doing("create a cgroup namespace")?;

    // 4. The name. From here on it is in the UTS namespace of the container, not the host's.
    sethostname(&options.hostname).doing_with(|| format!("set the hostname {}", options.hostname))?;

    // 5. The file systems, built while the host's / is still in reach but cut off from it: private before the first
    //    mount, else it would appear on the host. The caller's umask must not decide who may open /dev/null.
    umask(Mode::empty());
    mounts::make_private()?;
    let rootfs = Rootfs::bind(&options.rootfs)?;
    let proc = rootfs.mount_proc()?;
    rootfs.mount_sys()?;
    let dev = dev::mount(&rootfs)?;
    mounts::protect_proc(&proc, &dev)?;
    rootfs.name_itself(&dev, &options.hostname)?;
    options.volumes.iter().try_for_each(|volume| rootfs.mount_volume(volume))?;

    // 6. The rootfs becomes /, the host's file system is gone. All paths below mean the container's.
    rootfs.pivot()?;
    chdir(&options.workdir).doing_with(|| format!("chdir to {} in the container", options.workdir.display()))?;
    umask(Mode::from_bits_truncate(0o022));

    // 7. Nothing of the runtime's or the caller's reaches the command: no descriptor but 0, 1 and 2 (a directory of
    //    the host among them would be a way out), no ignored signal (Rust ignores SIGPIPE), no blocked one (the parent
    //    blocks those that it passes on).
    //    Marked rather than closed: `report` is one of them, and its closing by execve is the news of success.
    sys::close_on_exec_from(3).doing("mark descriptors close-on-exec")?;
    sys::reset_signal_actions();
    SigSet::empty().thread_set_mask().doing("unblock signals")?;

    // 8. Here, when nothing privileged remains to be done, is the place of no_new_privs, the dropping of capabilities
    //    and a seccomp filter, in this order. This runtime does not do that yet: its root is the host's root.

    // 9. Wait until the parent has connected the network: the command must not find it half made. The end of the pipe
    //    without a byte means that the parent is dead, or has failed and says so itself.
    if go.read_exact(&mut [0]).is_err() {
        sys::exit_at_once(FAILED);
    }

    // 10. From now on this process is the command: PID 1, who must reap what it adopts as any init must.
    exec::exec(options)
}
