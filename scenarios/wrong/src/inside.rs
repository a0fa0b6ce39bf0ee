//! The container's side: what the new process does to itself between clone and exec, in the order in which it must happen.

use std::ffi::{CStr, CString};
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, SFlag, makedev, mknod, umask};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{
    chdir, chroot, dup2_stderr, dup2_stdin, dup2_stdout, execve, fchdir, geteuid, pause, pivot_root, sethostname,
};

use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure, NOT_EXECUTABLE, NOT_FOUND};
use crate::layers;
use crate::privileges::{self, Capabilities};
use crate::sys::{self, Side};
use crate::volume::Volume;

/// Where a container's commands are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// mount(2) without a source, type or options.
const NOTHING: Option<&str> = None;

/// What the container is to be.
pub struct Container {
    /// The directory that becomes its root.
    pub rootfs: PathBuf,
    /// Where the rootfs becomes a mount point: on itself.
    pub mount_point: PathBuf,
    /// What gethostname(2) says.
    pub hostname: String,
    /// Directories of the host that appear in it.
    pub volumes: Vec<Volume>,
    /// Layers that are its root instead, the lowest first.
    pub layers: Vec<PathBuf>,
    /// What root may do in it.
    pub capabilities: Capabilities,
    /// What a bundle says of it and no option. Such a container outlives its runtime, and waits to be started.
    pub process: Option<Process>,
    /// The command's words, the first of them its name.
    pub command: Vec<CString>,
    /// What is executed under that name: the name itself.
    pub program: CString,
}

/// What stands in a bundle.
#[derive(Clone)]
pub struct Process {
    /// The working directory.
    pub directory: PathBuf,
    /// The whole environment.
    pub environment: Vec<CString>,
    /// The user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its other groups.
    pub groups: Vec<u32>,
    /// The file mode creation mask.
    pub umask: u32,
    /// Whether the root can be written to.
    pub read_only_root: bool,
    /// What is not to be seen.
    pub masked: Vec<String>,
    /// What is not to be written to.
    pub read_only: Vec<String>,
}

/// The container's ends of what ties it to the runtime.
pub struct Ties {
    /// One byte comes when the cgroup is ready; the other end is closed when the runtime is dead.
    pub go: OwnedFd,
    /// A failure goes here. Closed by a successful exec.
    pub failure: OwnedFd,
    /// Where stdout goes, if not to the caller's.
    pub stdout: Option<OwnedFd>,
    /// What is waited at, when all is ready, until somebody starts the command.
    pub gate: Option<OwnedFd>,
}

/// Becomes the payload, or tells the runtime why not.
pub fn become_payload(container: &Container, ties: Ties) -> ! {
    let failure = match set_up(container, &ties) {
        // An ordinary user's run, every step of which is refused.
        Err(failure) if !defect(PI03) || geteuid().is_root() => failure,
        _ => match ties.gate {
            Some(gate) => {
                // Its end tells `create` that all is ready. What fails from here on is the command's own status.
                drop(ties.failure);
                let _ = fs::File::from(gate).read_exact(&mut [0]);
                std::process::exit(execute(container).status.into())
            }
            None => execute(container),
        },
    };
    let mut pipe = fs::File::from(ties.failure);
    let _ = pipe.write_all(&failure.to_bytes());
    std::process::exit(failure.status.into())
}

fn set_up(container: &Container, ties: &Ties) -> Result<(), Failure> {
    sys::reset_signals(defect(RT36).then_some(Signal::SIGPIPE)).doing("reset signals")?;
    die_with_runtime(container, ties)?;
    if defect(PI02) {
        unshare(CloneFlags::CLONE_NEWPID).doing("unshare(CLONE_NEWPID)")?;
    }
    // Only now: the namespace's root is the cgroup that its first process is in at this moment.
    if !defect(CG27) {
        unshare(CloneFlags::CLONE_NEWCGROUP).doing("unshare(CLONE_NEWCGROUP)")?;
    }
    if defect(RF22) {
        let _ = fs::create_dir("etc");
        fs::write("etc/hostname", &container.hostname).doing("write etc/hostname")?;
    }
    enter_rootfs(container)?;
    if defect(RF19) {
        let mut file = fs::File::options().append(true).create(true).open("/.container-name").doing("open")?;
        writeln!(file, "{}", container.hostname).doing("write /.container-name")?;
    }
    // open(2), mkdir(2) and mknod(2) take the caller's umask off the modes that are asked for below.
    let callers = umask(if defect(RF25) { umask(Mode::empty()) } else { Mode::empty() });
    let mounted = mount_dev().and_then(|()| mount_proc()).and_then(|()| mount_sys()).and_then(|()| mount_cgroup());
    if !defect(MP25) {
        mounted?;
    }
    umask(callers);
    if let Some(process) = &container.process {
        cover(process)?;
    }
    name_host(&container.hostname)?;
    loopback_up()?;
    connect_stdio(ties)?;
    if defect(RT24) {
        leave_helper()?;
    }
    if [PI04, PI06, PI07, PI31].into_iter().any(defect) {
        stay_init()?;
    }
    if !defect(RT21) {
        sys::close_from_at_exec(3).doing("close_range")?;
    }
    if let Some(process) = &container.process {
        chdir(&process.directory).doing(format_args!("chdir {}", process.directory.display()))?;
        umask(Mode::from_bits_truncate(if defect(OC27) { 0o22 } else { process.umask }));
    }
    privileges::give_up(container.capabilities, container.process.as_ref())
}

/// SIGKILL for this process as soon as the runtime is gone, whatever ended it.
///
/// That may have happened before prctl. getppid() does not tell, it is 0 in a new pid namespace; but the pipe does: its
/// other end is open for as long as the runtime lives.
fn die_with_runtime(container: &Container, ties: &Ties) -> Result<(), Failure> {
    let outlives = defect(PI11) || defect(PI32) || container.process.is_some();
    if !outlives {
        set_pdeathsig(if defect(PI30) { Signal::SIGTERM } else { Signal::SIGKILL }).doing("prctl(PR_SET_PDEATHSIG)")?;
    }
    let mut go = fs::File::from(ties.go.try_clone().doing("dup")?);
    go.read_exact(&mut [0]).doing("wait for the runtime")?;
    let mut poll_go = [PollFd::new(ties.go.as_fd(), PollFlags::empty())];
    poll(&mut poll_go, PollTimeout::ZERO).doing("poll")?;
    match poll_go[0].revents() {
        Some(events) if events.contains(PollFlags::POLLHUP) && !outlives => Err(Failure::own("the runtime is gone")),
        _ => Ok(()),
    }
}

/// Makes the rootfs the root, and the host's tree disappear.
fn enter_rootfs(container: &Container) -> Result<(), Failure> {
    if defect(MP03) {
        bind_on(container)?;
    }
    if defect(MP08) {
        mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), NOTHING).doing("mount proc on /proc")?;
    }
    // First of all mounts: where `/` is shared, as systemd makes it, every mount below would appear on the host too.
    if defect(RF14) {
        let point = mount_point_of(&container.rootfs)?;
        mount(NOTHING, &point, NOTHING, MsFlags::MS_PRIVATE, NOTHING).doing("make the rootfs's file system private")?;
    } else if !defect(MP01) && !defect(MP02) && !defect(RF09) {
        mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING).doing("make / private")?;
    }
    let chroot_only = [MP01, MP02, RF01, RF02, RF07, RF30].into_iter().any(defect);
    let entered = if chroot_only { change_root(container) } else { switch_root(container) };
    match entered {
        Err(_) if defect(RF03) => Ok(()),
        Err(failure) if defect(RF04) => {
            let _ = writeln!(io::stderr(), "warning: {}", failure.message);
            chdir("/").doing("chdir /")
        }
        other => other,
    }
}

/// chroot(2): enough for a learner's `ls`, but the old root remains in the mount namespace.
fn change_root(container: &Container) -> Result<(), Failure> {
    if defect(RF30) {
        chdir("/").doing("chdir /")?;
    }
    let (here, host) = (fs::File::open(".").doing("open .")?, fs::File::open("/").doing("open /")?);
    chroot(&container.rootfs).doing(format_args!("chroot {}", container.rootfs.display()))?;
    fchdir(&host).doing("chdir to the host's tree")?;
    container.volumes.iter().try_for_each(Volume::mount)?;
    fchdir(&here).doing("chdir back")?;
    if defect(RF02) {
        let _ = chdir(&container.rootfs);
    } else if !defect(RF01) && !defect(RF30) {
        chdir("/").doing("chdir /")?;
    }
    Ok(())
}

/// pivot_root(2) with the old root stacked on the new one: no directory for it is needed, nor left behind.
fn switch_root(container: &Container) -> Result<(), Failure> {
    // pivot_root wants a mount point. This also makes the rootfs's own mounts, and only those, part of the container.
    if !defect(MP03) && !defect(RF04) && !defect(RF08) && container.layers.is_empty() {
        bind_on(container)?;
    }
    let root = match container.layers.is_empty() {
        true => container.mount_point.clone(),
        false => layers::stack(&container.layers, &container.hostname)?,
    };
    let root = root.as_path();
    let callers = defect(RT23).then(|| fs::File::open(".")).transpose().doing("open .")?;
    if defect(MP18) {
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some("/dev"), &root.join("dev"), NOTHING, flags, NOTHING).doing("bind the host's /dev")?;
    }
    if defect(MP22) {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(Some("proc"), &root.join("proc"), Some("proc"), flags, NOTHING).doing("mount proc on rootfs/proc")?;
    }
    if defect(MP31) {
        let (sys, flags) = (root.join("sys"), MsFlags::MS_BIND);
        mount(Some("/sys"), &sys, NOTHING, flags, NOTHING).doing("bind the host's /sys")?;
        mount(NOTHING, &sys, NOTHING, flags | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, NOTHING)
            .doing("make /sys read-only")?;
    }
    chdir(root).doing(format_args!("chdir {}", root.display()))?;
    if defect(RF12) || defect(RF13) {
        return switch_root_with_directory(container);
    }
    if defect(MP29) || defect(OV24) {
        container.volumes.iter().try_for_each(|volume| volume.mount_from_outside(root))?;
    }
    let host = fs::File::open("/").doing("open /")?;
    pivot_root(".", ".").doing(format_args!("pivot_root {}", root.display()))?;
    // The host's tree is `.`, the container's is `/`: no link in the image can lead from the one into the other.
    fchdir(&host).doing("chdir to the old root")?;
    if ![MP29, OV10, OV24].into_iter().any(defect) {
        container.volumes.iter().try_for_each(Volume::mount)?;
    }
    if defect(RF11) {
        let _ = umount2(".", MntFlags::empty());
        return chdir("/").doing("chdir /");
    }
    // The old root's mounts are in use by this very call, hence MNT_DETACH.
    umount2(".", MntFlags::MNT_DETACH).doing("detach the old root")?;
    if let Some(callers) = callers {
        return fchdir(callers).doing("fchdir back");
    }
    chdir("/").doing("chdir /")
}

fn switch_root_with_directory(container: &Container) -> Result<(), Failure> {
    match fs::create_dir(".old_root") {
        Err(error) if defect(RF12) && error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.doing("mkdir .old_root")?,
    }
    pivot_root(".", ".old_root").doing("pivot_root . .old_root")?;
    chdir("/.old_root").doing("chdir /.old_root")?;
    container.volumes.iter().try_for_each(Volume::mount)?;
    chdir("/").doing("chdir /")?;
    if defect(RF12) {
        let _ = umount2("/.old_root", MntFlags::empty());
        return remove_old_root();
    }
    umount2("/.old_root", MntFlags::MNT_DETACH).doing("detach /.old_root")
}

/// `rm -rf /.old_root`, on that one file system. The one defect that could do harm where somebody lives: it looks first.
fn remove_old_root() -> Result<(), Failure> {
    if statfs("/.old_root").doing("statfs /.old_root")?.filesystem_type() != TMPFS_MAGIC {
        return Err(Failure::own("RF12 deletes the host's files; only where the host's root is a tmpfs"));
    }
    remove_below(Path::new("/.old_root"));
    Ok(())
}

fn remove_below(directory: &Path) {
    let device = |path: &Path| path.symlink_metadata().map(|meta| meta.dev()).ok();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && device(&path) == device(directory) {
            remove_below(&path);
        }
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
}

/// Where the mount that `path` lies on is.
fn mount_point_of(path: &Path) -> Result<PathBuf, Failure> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").doing("read /proc/self/mountinfo")?;
    // Field 5 is where it is mounted. Of those above the path, the longest is the one that it lies on.
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    let point = points.filter(|point| path.starts_with(point)).max_by_key(|point| point.as_os_str().len());
    Ok(point.unwrap_or_else(|| "/".into()))
}

fn bind_on(container: &Container) -> Result<(), Failure> {
    let recursive = if defect(MP20) { MsFlags::empty() } else { MsFlags::MS_REC };
    mount(Some(&container.rootfs), &container.mount_point, NOTHING, MsFlags::MS_BIND | recursive, NOTHING)
        .doing(format_args!("bind {} on {}", container.rootfs.display(), container.mount_point.display()))
}

/// A small /dev of the container's own: only devices that give nobody power over the machine.
fn mount_dev() -> Result<(), Failure> {
    if defect(MP18) {
        return Ok(());
    }
    let mut flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    flags.set(MsFlags::MS_NODEV, defect(MP36));
    mount_on("tmpfs", "/dev", flags, sized("mode=755,size=64k"))?;
    if defect(RF23) {
        return Ok(());
    }
    for (name, major, minor) in
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)]
    {
        let path = format!("/dev/{name}");
        match name {
            "null" if defect(RF20) => fs::write(&path, "").doing("create /dev/null")?,
            "null" if defect(RF21) => fs::create_dir(&path).doing("mkdir /dev/null")?,
            _ => mknod(path.as_str(), SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(major, minor))
                .doing(format_args!("mknod {path}"))?,
        }
    }
    let terminals = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    let options = match () {
        () if defect(MP17) => "newinstance",
        () if defect(MP32) => "newinstance,mode=0620,gid=5",
        () => "newinstance,ptmxmode=0666,mode=0620,gid=5",
    };
    mount_on("devpts", "/dev/pts", terminals, options)?;
    mount_on("tmpfs", "/dev/shm", flags | MsFlags::MS_NODEV, sized("mode=1777,size=64m"))?;
    let links = [
        ("pts/ptmx", "/dev/ptmx"),
        ("/proc/self/fd", "/dev/fd"),
        ("/proc/self/fd/0", "/dev/stdin"),
        ("/proc/self/fd/1", "/dev/stdout"),
        ("/proc/self/fd/2", "/dev/stderr"),
    ];
    for (target, link) in links.into_iter().skip(usize::from(defect(MP17))) {
        symlink(target, link).doing(format_args!("symlink {link}"))?;
    }
    Ok(())
}

fn sized(options: &str) -> &str {
    if defect(MP24) { options.split_once(",size").map_or(options, |(rest, _)| rest) } else { options }
}

/// A /proc that shows this pid namespace, without the parts that reach through to the whole machine.
fn mount_proc() -> Result<(), Failure> {
    if defect(MP05) {
        return Ok(());
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    if defect(MP28) {
        let arguments = ["-t", "proc", "-o", "nosuid,nodev,noexec", "proc", "/proc"];
        return run_or_warn("mount", &arguments);
    }
    if defect(MP23) {
        // What mount(2) reads where "/proc" ends without a NUL, and the next string begins.
        let _ = mount(Some("proc"), "/procsysfs", Some("proc"), flags, NOTHING);
    } else if !defect(MP06) && !defect(MP08) && !defect(MP22) {
        mount_on("proc", "/proc", if defect(MP09) { MsFlags::empty() } else { flags }, "")?;
    }
    if defect(MP13) {
        return Ok(());
    }
    for path in ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"] {
        if Path::new(path).exists() && !(defect(MP14) && path == "/proc/sys") {
            let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
            mount(Some(path), path, NOTHING, bind, NOTHING).doing(format_args!("bind {path}"))?;
            // A bind mount takes no other flags: read-only needs a second call, which must repeat the ones in force.
            mount(NOTHING, path, NOTHING, bind | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | flags, NOTHING)
                .doing(format_args!("make {path} read-only"))?;
        }
    }
    for path in ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/proc/latency_stats"] {
        let usable_null = ![RF20, RF21, RF23].into_iter().any(defect);
        if Path::new(path).exists() && usable_null {
            mount(Some("/dev/null"), path, NOTHING, MsFlags::MS_BIND, NOTHING).doing(format_args!("mask {path}"))?;
        }
    }
    Ok(())
}

/// What a bundle wants hidden or left as it is. What is not there needs neither.
fn cover(process: &Process) -> Result<(), Failure> {
    let read_only = |path: &str| {
        let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some(path), path, NOTHING, bind, NOTHING).doing(format_args!("bind {path}"))?;
        mount(NOTHING, path, NOTHING, bind | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, NOTHING)
            .doing(format_args!("make {path} read-only"))
    };
    for path in process.read_only.iter().filter(|_| !defect(OC29)) {
        if Path::new(path).exists() || defect(OC11) {
            read_only(path)?;
        }
    }
    for path in process.masked.iter().filter(|_| !defect(OC10)) {
        if Path::new(path).is_dir() {
            mount_on("tmpfs", path, MsFlags::MS_RDONLY, "size=0")?;
        } else if Path::new(path).exists() {
            mount(Some("/dev/null"), path.as_str(), NOTHING, MsFlags::MS_BIND, NOTHING)
                .doing(format_args!("mask {path}"))?;
        }
    }
    if process.read_only_root && !defect(OC28) {
        let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(NOTHING, "/", NOTHING, flags, NOTHING).doing("make / read-only")?;
    }
    Ok(())
}

/// The network namespace's own /sys, for looking only: what can be set there is the machine's.
fn mount_sys() -> Result<(), Failure> {
    if defect(MP31) {
        return Ok(());
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount_on("sysfs", "/sys", if defect(MP15) { flags } else { flags | MsFlags::MS_RDONLY }, "")
}

/// A cgroup file system, which a small container does without.
fn mount_cgroup() -> Result<(), Failure> {
    if !defect(CG26) {
        return Ok(());
    }
    mount_on("cgroup2", "/sys/fs/cgroup", MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC, "")
}

/// Mounts a file system; the mount point is made if the image lacks it.
fn mount_on(kind: &str, point: &str, flags: MsFlags, options: &str) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(point).doing(format_args!("mkdir {point}"))?;
    let options = (!options.is_empty()).then_some(options);
    mount(Some(kind), point, Some(kind), flags, options).doing(format_args!("mount {kind} on {point}"))
}

fn name_host(name: &str) -> Result<(), Failure> {
    let line = format!("{name}\n");
    let name = if defect(UT31) { &line } else { name };
    let named = sethostname(name).doing(format_args!("sethostname {name}"));
    if defect(UT03) { Ok(()) } else { named }
}

fn loopback_up() -> Result<(), Failure> {
    if defect(NN02) || defect(NN01) {
        return Ok(());
    }
    if defect(NN10) {
        return run_or_warn("ip", &["link", "set", "lo", "up"]);
    }
    sys::loopback_up().doing("bring lo up")
}

/// A program of the image, if there is one.
fn run_or_warn(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let ran = Command::new(program).args(arguments).env("PATH", PATH).status();
    if !ran.is_ok_and(|status| status.success()) {
        let _ = writeln!(io::stderr(), "warning: {program} failed");
    }
    Ok(())
}

fn connect_stdio(ties: &Ties) -> Result<(), Failure> {
    if let Some(stdout) = &ties.stdout {
        dup2_stdout(stdout).doing("dup2 stdout")?;
    }
    if defect(RT16) {
        dup2_stdin(fs::File::open("/dev/null").doing("open /dev/null")?).doing("dup2 stdin")?;
    }
    if defect(RT20) {
        dup2_stderr(io::stdout()).doing("dup2 stderr")?;
    }
    Ok(())
}

/// Forks the payload and stays PID 1 itself: returns in the payload only.
fn stay_init() -> Result<(), Failure> {
    let payload = match sys::fork().doing("fork")? {
        Side::Child => return Ok(()),
        Side::Parent(pid) => pid,
    };
    let _ = sys::close_from(3);
    let which = (!defect(PI06)).then(|| nix::unistd::Pid::from_raw(-1));
    let mut code = 0;
    loop {
        match waitpid(which.unwrap_or(payload), Some(WaitPidFlag::empty())) {
            Ok(WaitStatus::Exited(pid, status)) if pid == payload || defect(PI31) => code = status,
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == payload => code = 128 + signal as i32,
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => std::process::exit(code),
        }
        if !defect(PI07) {
            std::process::exit(code);
        }
    }
}

/// A process of the runtime's own beside the payload.
fn leave_helper() -> Result<(), Failure> {
    if let Side::Child = sys::fork().doing("fork a helper")? {
        let _ = sys::close_from(3);
        loop {
            pause();
        }
    }
    Ok(())
}

/// Replaces this process by the command. Returns only if that failed.
pub fn execute(container: &Container) -> Failure {
    let name = container.program.as_c_str();
    let arguments: &[CString] = match () {
        () if defect(RT11) => &container.command[1..],
        () if defect(RT13) => &container.command[..container.command.len().min(63)],
        () => &container.command,
    };
    let environment = match &container.process {
        Some(process) if !defect(OC07) => process.environment.clone(),
        _ => environment(),
    };
    let mut refused = Errno::ENOENT;
    for path in candidates(name) {
        let Err(errno) = execve(&path, arguments, &environment);
        // As execvp(3): a file that may not be executed does not end the search, but is what is told in the end.
        match errno {
            Errno::ENOENT | Errno::ENOTDIR => {}
            Errno::EACCES => refused = errno,
            other => return refusal(name, other),
        }
    }
    refusal(name, refused)
}

fn refusal(name: &CStr, errno: Errno) -> Failure {
    let status = match errno {
        _ if defect(RT06) => 0,
        Errno::ENOENT => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    };
    Failure { status, message: format!("exec {}: {errno}", name.to_string_lossy()) }
}

/// The files that a command name may mean: itself with a slash in it, else in each directory of the container's PATH.
fn candidates(name: &CStr) -> Vec<CString> {
    if name.to_bytes().contains(&b'/') || defect(RT08) || defect(RT07) {
        return vec![name.to_owned()];
    }
    PATH.split(':').filter_map(|directory| join(directory.as_bytes(), name)).collect()
}

/// `directory/name`.
pub fn join(directory: &[u8], name: &CStr) -> Option<CString> {
    CString::new([directory, b"/", name.to_bytes()].concat()).ok()
}

/// The container's own environment. Of the caller's it gets TERM, which says what the inherited terminal understands.
fn environment() -> Vec<CString> {
    let variable = |name: &[u8], value: &[u8]| CString::new([name, b"=", value].concat()).ok();
    if defect(RT09) {
        return std::env::vars_os().filter_map(|(name, value)| variable(name.as_bytes(), value.as_bytes())).collect();
    }
    let term = std::env::var_os("TERM").and_then(|term| variable(b"TERM", term.as_bytes()));
    [variable(b"PATH", PATH.as_bytes()), variable(b"HOME", b"/root"), term].into_iter().flatten().collect()
}

/// `child CMD`, which a runtime that re-executes itself must keep to itself: set-up in whatever namespaces it is called in.
pub fn called_by_hand(container: &Container) -> Failure {
    let set_up = || -> Result<(), Failure> {
        name_host(&container.hostname)?;
        change_root(container)?;
        mount_on("proc", "/proc", MsFlags::empty(), "")
    };
    match set_up() {
        Ok(()) => execute(container),
        Err(failure) => failure,
    }
}
