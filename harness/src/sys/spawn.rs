//! Starting a process with the flags and descriptors that only clone3(2) takes.

use nix::errno::Errno;
use std::ffi::{CString, c_char};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// What to execute, and how the new process differs from this one.
pub(crate) struct Launch<'a> {
    /// The program, by descriptor (execveat with AT_EMPTY_PATH) or by path.
    pub program: Program<'a>,
    /// argv, argv[0] included.
    pub argv: &'a [CString],
    /// The whole environment, `K=V`.
    pub envp: &'a [CString],
    /// The working directory, if it changes.
    pub directory: Option<&'a CString>,
    /// Namespaces to make, `CLONE_NEW*`.
    pub namespaces: u64,
    /// The cgroup to start in (CLONE_INTO_CGROUP, Linux 5.7): a directory of cgroup2.
    pub cgroup: Option<BorrowedFd<'a>>,
    /// A namespace that the new process enters by itself before it executes the program.
    pub enters: Option<BorrowedFd<'a>>,
    /// `(from, to)`: descriptors the process gets. All others are closed.
    pub descriptors: &'a [(RawFd, RawFd)],
    /// Whether it leads a session of its own.
    pub session: bool,
    /// The user and group it becomes, if not the caller's.
    pub user: Option<u32>,
    /// Its supplementary groups; of another user, none.
    pub groups: &'a [u32],
    /// Its umask, if not the caller's.
    pub umask: Option<u32>,
}

/// How the program is named.
pub(crate) enum Program<'a> {
    Open(BorrowedFd<'a>),
    Path(&'a CString),
}

/// A started process: its pid as this process sees it, and its pidfd.
#[derive(Debug)]
pub(crate) struct Started {
    pub pid: i32,
    pub pidfd: OwnedFd,
}

/// clone_args of linux/sched.h, up to CLONE_INTO_CGROUP.
#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Held for reading while a file that will be executed is written, for writing while a process is started: between clone
/// and exec a child holds a copy of every descriptor, and a file that anybody has open for writing cannot be executed
/// (ETXTBSY, execve(2)).
static PROGRAMS: RwLock<()> = RwLock::new(());

/// To be held while writing a file that will be executed.
pub(crate) fn writing_programs() -> RwLockReadGuard<'static, ()> {
    PROGRAMS.read().unwrap_or_else(PoisonError::into_inner)
}

/// Starts `launch`. What fails between clone and exec comes back here as the errno of the failing call, over a pipe that
/// closes at exec.
pub(crate) fn launch(launch: &Launch) -> io::Result<Started> {
    let _nobody_writes = PROGRAMS.write().unwrap_or_else(PoisonError::into_inner);
    let argv = pointers(launch.argv);
    let envp = pointers(launch.envp);
    let (failure, report) = io::pipe()?;
    let mut pidfd: RawFd = -1;
    let mut args = CloneArgs {
        flags: launch.namespaces | libc::CLONE_PIDFD as u64,
        pidfd: &raw mut pidfd as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArgs::default()
    };
    if let Some(cgroup) = launch.cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: no CLONE_VM, so the child has a copy of this memory and returns here on a copy of this stack. Other
    // threads may hold locks in that copy: the child only makes system calls on memory prepared above.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<CloneArgs>()) };
    match Errno::result(pid)? {
        0 => child(launch, &argv, &envp, report.as_raw_fd()),
        pid => {
            drop(report);
            // SAFETY: clone3 stored a new descriptor there (CLONE_PIDFD).
            let started = Started { pid: pid as i32, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } };
            let mut errno = [0; 4];
            match io::Read::read_exact(&mut &failure, &mut errno) {
                Err(_) => Ok(started),
                Ok(()) => {
                    reap(&started.pidfd)?;
                    Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)))
                }
            }
        }
    }
}

const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

fn pointers(words: &[CString]) -> Vec<*const c_char> {
    words.iter().map(|word| word.as_ptr()).chain([std::ptr::null()]).collect()
}

/// The new process, from clone to exec: system calls only.
fn child(launch: &Launch, argv: &[*const c_char], envp: &[*const c_char], report: RawFd) -> ! {
    // SAFETY: every pointer was prepared before the clone and is NUL-terminated; no call allocates or locks.
    unsafe {
        // Out of the way of the numbers that the caller asks for.
        const HIGH: RawFd = 500;
        let report = libc::fcntl(report, libc::F_DUPFD_CLOEXEC, HIGH);
        let give_up = || -> ! {
            let errno = (*libc::__errno_location()).to_ne_bytes();
            libc::write(report, errno.as_ptr().cast(), errno.len());
            libc::_exit(127)
        };
        if launch.session {
            libc::setsid();
        }
        if let Some(namespace) = launch.enters
            && libc::setns(namespace.as_raw_fd(), 0) != 0
        {
            give_up();
        }
        // The raw call: glibc's signal(3) refuses 32 and 33, which a caller may have ignored all the same. All zero is
        // SIG_DFL with no flags and no mask.
        const KERNEL_SIGACTION: [u64; 4] = [0; 4];
        for signal in 1..=64 {
            libc::syscall(libc::SYS_rt_sigaction, signal, KERNEL_SIGACTION.as_ptr(), std::ptr::null::<u64>(), 8);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        if let Some(mask) = launch.umask {
            libc::umask(mask);
        }
        if let Some(directory) = launch.directory
            && libc::chdir(directory.as_ptr()) != 0
        {
            give_up();
        }
        // Everything closes at exec but what is wanted. Sources may stand where targets go, so they first move up.
        let program = match launch.program {
            Program::Open(fd) => libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, HIGH),
            Program::Path(_) => -1,
        };
        let mut sources = [0; 16];
        for (slot, &(from, _)) in sources.iter_mut().zip(launch.descriptors) {
            *slot = libc::fcntl(from, libc::F_DUPFD_CLOEXEC, HIGH);
            if *slot < 0 {
                give_up();
            }
        }
        libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
        for (slot, &(_, to)) in sources.iter().zip(launch.descriptors) {
            if libc::dup2(*slot, to) < 0 {
                give_up();
            }
        }
        // The raw calls: glibc's would signal other threads, of which this copy has none.
        if !launch.groups.is_empty()
            && libc::syscall(libc::SYS_setgroups, launch.groups.len(), launch.groups.as_ptr()) != 0
        {
            give_up();
        }
        if let Some(user) = launch.user
            && (libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()) != 0
                || libc::syscall(libc::SYS_setresgid, user, user, user) != 0
                || libc::syscall(libc::SYS_setresuid, user, user, user) != 0)
        {
            give_up();
        }
        match launch.program {
            Program::Open(_) => {
                libc::syscall(
                    libc::SYS_execveat,
                    program,
                    c"".as_ptr(),
                    argv.as_ptr(),
                    envp.as_ptr(),
                    libc::AT_EMPTY_PATH,
                );
            }
            Program::Path(path) => {
                libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr());
            }
        }
        give_up()
    }
}

/// How a process ended, waitid(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Exited(i32),
    Signaled(i32),
}

/// Waits for the child behind `pidfd` and reaps it.
pub(crate) fn reap(pidfd: &OwnedFd) -> io::Result<Ended> {
    loop {
        // SAFETY: an all-zero siginfo_t is valid, and waitid writes only to it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: as above; P_PIDFD (Linux 5.4) takes the descriptor as id.
        let result =
            unsafe { libc::waitid(libc::P_PIDFD, pidfd.as_raw_fd() as libc::id_t, &raw mut info, libc::WEXITED) };
        match Errno::result(result) {
            Err(Errno::EINTR) => continue,
            other => other?,
        };
        // SAFETY: waitid succeeded, so the SIGCHLD fields are the valid ones.
        let status = unsafe { info.si_status() };
        return Ok(if info.si_code == libc::CLD_EXITED { Ended::Exited(status) } else { Ended::Signaled(status) });
    }
}

/// pidfd_open(2).
pub(crate) fn pidfd_open(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: takes two integers, returns a new descriptor.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: just returned, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// pidfd_send_signal(2): cannot hit a stranger that got the same pid.
pub(crate) fn pidfd_send_signal(pidfd: &OwnedFd, signal: i32) -> io::Result<()> {
    // SAFETY: no siginfo is passed.
    let result = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, std::ptr::null::<libc::siginfo_t>(), 0)
    };
    Errno::result(result)?;
    Ok(())
}

/// Makes this process the reaper of orphans among its descendants, PR_SET_CHILD_SUBREAPER(2const).
pub(crate) fn become_subreaper() -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(true)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// Whoever calls boxproof may have ignored any signal, those that glibc keeps for itself as well.
    #[test]
    fn a_started_program_ignores_no_signal() {
        const OF_GLIBC: i32 = 32;
        let set = |handler: usize| {
            let action = [handler as u64, 0, 0, 0];
            // SAFETY: the kernel reads 32 bytes, which are there, and writes nothing.
            let result =
                unsafe { libc::syscall(libc::SYS_rt_sigaction, OF_GLIBC, action.as_ptr(), std::ptr::null::<u64>(), 8) };
            assert_eq!(result, 0, "{}", io::Error::last_os_error());
        };
        set(libc::SIG_IGN);
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let started = launch(&Launch {
            program: Program::Path(&c"/bin/grep".into()),
            argv: &[c"grep".into(), c"SigIgn".into(), c"/proc/self/status".into()],
            envp: &[],
            directory: None,
            namespaces: 0,
            cgroup: None,
            enters: None,
            descriptors: &[(writer.as_raw_fd(), 1)],
            session: false,
            user: None,
            groups: &[],
            umask: None,
        });
        set(libc::SIG_DFL);
        drop(writer);
        let mut printed = String::new();
        reader.read_to_string(&mut printed).expect("what grep printed");
        reap(&started.expect("grep starts").pidfd).expect("grep ends");
        assert_eq!(printed, "SigIgn:\t0000000000000000\n");
    }
}
