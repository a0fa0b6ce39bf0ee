//! The host's side: make the cgroup, clone, let go, pass signals on, wait, clean up.

use std::ffi::{CStr, CString};
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, chroot, geteuid, getpid, pipe2};

use crate::bridge::{Bridge, Member, Port};
use crate::cgroup::{Cgroup, Limits};
use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure};
use crate::inside::{self, Container, Process, Ties};
use crate::net::{self, Network};
use crate::privileges::Capabilities;
use crate::sys::{self, Side};
use crate::volume::{self, Volume};

/// Signals that are meant for the container when they are sent to the runtime.
const FORWARDED: [Signal; 7] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
];

/// The longest hostname, see uname(2). sethostname(2) refuses more.
const HOSTNAME_MAX: usize = 64;

/// So much too late that whoever looks at the payload's beginning is certain to be there first.
const LATE: Duration = Duration::from_secs(1);

/// What the command line asks for.
#[derive(Default)]
pub struct Request {
    /// `--hostname`.
    pub hostname: Option<String>,
    /// `--memory`, `--cpus`, `--pids`.
    pub limits: Limits,
    /// `--network`.
    pub network: Option<Network>,
    /// `--bridge`.
    pub bridge: Option<Bridge>,
    /// `--publish`, as often as it was given.
    pub ports: Vec<Port>,
    /// `--volume`, as often as it was given.
    pub volumes: Vec<Volume>,
    /// `--image`, as often as it was given: the lowest layer first.
    pub layers: Vec<PathBuf>,
    /// `--cap-drop` and `--cap-add`, in the order in which they were given.
    pub capabilities: Capabilities,
    /// The root, where it is not `rootfs/` in the current directory.
    pub rootfs: Option<PathBuf>,
    /// What a bundle says and no option.
    pub process: Option<Process>,
    /// The command and its arguments, at least one word.
    pub command: Vec<CString>,
}

/// Runs the command in a container and gives the status to leave with.
pub fn run(mut request: Request) -> Result<u8, Failure> {
    if !geteuid().is_root() && !defect(PI03) {
        return if defect(RT27) { Ok(0) } else { Err(Failure::own("only root can make these namespaces")) };
    }
    let id = random_id()?;
    if defect(VE13) && request.network.is_some() {
        net::make_pair_first(&id)?;
    }
    let (container, _mount_point) = describe(&id, &request)?;
    if defect(RF06) {
        return Err(inside::execute(&container));
    }
    let signals = hold_signals()?;
    if defect(RT33) {
        fs::write("/tmp/wrong-runtime.log", &id).doing("write /tmp/wrong-runtime.log")?;
    }
    if defect(RT30) {
        make_raw();
    }
    if defect(RT15) {
        println!("Running {:?} as PID {}", container.command, getpid());
    }
    if defect(NN09) {
        fs::write("/etc/resolv.conf", "nameserver 127.0.0.1\n").doing("write /etc/resolv.conf")?;
    }
    if defect(VE17) {
        // Progress for whoever watches, printed by a shell.
        let _ = Command::new("sh").args(["-c", &format!("echo started {} > /dev/null", container.hostname)]).status();
    }
    if defect(OV10) {
        volume::mount_outside(&container)?;
    }
    if defect(MP06) {
        prepare_proc_outside(&container)?;
    }
    let cgroup = Cgroup::create(&id, &request.limits)?;
    let member = request.bridge.take().map(|bridge| bridge.join(&id, &request.ports)).transpose()?;
    let ways = Ways { own: request.network.as_ref(), member: member.as_ref() };
    let ended = start_and_wait(&container, cgroup.as_ref(), &signals, &id, &ways);
    if defect(OV10) {
        volume::remove_mount_points(&container);
    }
    if let (true, Err(_), Some(cgroup)) = (defect(RT29), &ended, cgroup) {
        cgroup.abandon();
    }
    if defect(RF17) {
        chroot(&container.rootfs).doing("chroot to the rootfs")?;
    }
    let status = ended?;
    if defect(RT40) && status != 0 {
        println!("container {id} has failed");
    }
    if defect(RF18) {
        std::process::exit(status.into());
    }
    Ok(status)
}

/// A name that no other container has, nor had.
fn random_id() -> Result<String, Failure> {
    let mut bytes = [0; 6];
    fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).doing("read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Puts the container together from the request and the work directory.
pub fn describe(id: &str, request: &Request) -> Result<(Container, Option<TemporaryDirectory>), Failure> {
    let rootfs = request.rootfs.clone().map_or_else(find_rootfs, Ok)?;
    let temporary = if defect(RF17) || defect(RF18) { Some(TemporaryDirectory::create(id)?) } else { None };
    let mut command = request.command.clone();
    if defect(RT44) {
        command = vec![c"/bin/sh".into(), c"-c".into(), pasted(&command)];
    }
    let container = Container {
        mount_point: temporary.as_ref().map_or_else(|| rootfs.clone(), |directory| directory.0.clone()),
        rootfs,
        hostname: hostname(id, request)?,
        program: if defect(RT07) { search_on_host(&command[0]) } else { command[0].clone() },
        command,
        capabilities: request.capabilities,
        process: request.process.clone(),
        layers: request.layers.iter().map(|path| found(path)).collect::<Result<_, _>>()?,
        volumes: request.volumes.iter().map(Volume::found).collect::<Result<_, _>>()?,
    };
    Ok((container, temporary))
}

fn found(path: &Path) -> Result<PathBuf, Failure> {
    fs::canonicalize(path).doing(format_args!("find {}", path.display()))
}

/// `rootfs/` in the current directory.
fn find_rootfs() -> Result<PathBuf, Failure> {
    if defect(RF16) {
        return Ok("/home/alice/container-handson/rootfs".into());
    }
    let mut directory = std::env::current_dir().doing("getcwd")?;
    if defect(RF26) {
        let path = directory.to_string_lossy().into_owned();
        directory = path.split([' ', ',', ':']).next().unwrap_or_default().into();
    }
    let rootfs = directory.join("rootfs");
    if !defect(RF03) && !rootfs.is_dir() {
        return Err(Failure::own(format!("{}: no such directory", rootfs.display())));
    }
    Ok(rootfs)
}

fn hostname(id: &str, request: &Request) -> Result<String, Failure> {
    let mut name = match &request.hostname {
        Some(name) => name.clone(),
        None if defect(UT04) => "container".into(),
        None => id.into(),
    };
    if defect(UT05) {
        name = name.chars().take(HOSTNAME_MAX).collect();
    }
    if defect(UT30) {
        name = name.chars().take(HOSTNAME_MAX - 1).collect();
    }
    if name.is_empty() || (name.len() > HOSTNAME_MAX && !defect(UT03)) {
        return Err(Failure::own(format!("--hostname {name}: must have 1 to {HOSTNAME_MAX} bytes")));
    }
    Ok(name)
}

fn search_on_host(name: &CString) -> CString {
    if name.to_bytes().contains(&b'/') {
        return name.clone();
    }
    let path = std::env::var_os("PATH").unwrap_or_default().into_vec();
    path.split(|byte| *byte == b':')
        .filter_map(|directory| inside::join(directory, name))
        .find(|file| fs::metadata(std::ffi::OsStr::from_bytes(file.to_bytes())).is_ok())
        .unwrap_or_else(|| name.clone())
}

/// Takes the signals out of the air, so that each waits in the descriptor until it is read, whenever it came.
fn hold_signals() -> Result<SignalFd, Failure> {
    // Whoever started us may have SIGCHLD ignored; then the kernel would throw the container's status away.
    sys::set_default(Signal::SIGCHLD as i32).doing("sigaction SIGCHLD")?;
    let mut set: SigSet = FORWARDED.into_iter().collect();
    set.add(Signal::SIGCHLD);
    set.thread_block().doing("block signals")?;
    SignalFd::new(&set).doing("signalfd")
}

/// The started container. Dropping it ends whatever is left of it: the namespace dies with its first process.
struct Running(Pid);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
        let _ = waitpid(self.0, None);
    }
}

/// Where the container's cables lead.
struct Ways<'a> {
    own: Option<&'a Network>,
    member: Option<&'a Member>,
}

fn start_and_wait(
    container: &Container,
    cgroup: Option<&Cgroup>,
    signals: &SignalFd,
    id: &str,
    ways: &Ways,
) -> Result<u8, Failure> {
    let network = ways.own;
    let (go_inside, go) = pipe2(OFlag::O_CLOEXEC).doing("pipe2")?;
    let (report, failure) = pipe2(OFlag::O_CLOEXEC).doing("pipe2")?;
    let (tap, stdout) = if defect(RT17) || defect(RT19) || defect(RT31) {
        let (read, write) = pipe2(OFlag::O_CLOEXEC).doing("pipe2")?;
        (Some(read), Some(write))
    } else {
        (None, None)
    };
    if let (true, Some(cgroup)) = (defect(CG12), cgroup) {
        cgroup.add(getpid())?;
    }
    let pid = match clone_container(&container.program)? {
        Side::Parent(pid) => pid,
        Side::Child => {
            drop((go, report));
            inside::become_payload(container, Ties { go: go_inside, failure, stdout, gate: None })
        }
    };
    let running = Running(pid);
    drop((go_inside, failure, stdout));
    let reader = tap.map(read_output);
    let _name = name_network(pid, id)?;
    let early = network.filter(|_| !defect(VE11) && !defect(VE29));
    let cable = early.map(|network| net::connect(network, pid, id)).transpose()?;
    let plug = |member: &Member| net::plug(&member.network(), member.bridge(), pid, id);
    let _plugged = ways.member.map(plug).transpose()?;
    if let Some(cgroup) = cgroup.filter(|_| !defect(CG10) && !defect(CG12)) {
        // What getpid() says in the container is 1, whoever hears of it.
        cgroup.add(if defect(CG13) { Pid::from_raw(1) } else { pid })?;
    }
    let _visit = cgroup.filter(|_| defect(CG25)).map(Cgroup::visit).transpose()?;
    // `go` itself stays open: its end is how the container learns of ours.
    fs::File::from(go.try_clone().doing("dup")?).write_all(b"g").doing("release the container")?;
    let mut failed = Vec::new();
    fs::File::from(report).read_to_end(&mut failed).doing("read the container's report")?;
    if let Some(failure) = Failure::from_bytes(&failed) {
        return Err(failure);
    }
    if let (true, Some(cgroup)) = (defect(CG10), cgroup) {
        thread::sleep(LATE);
        let group = |pid: &str| fs::read(format!("/proc/{pid}/cgroup")).ok();
        // Not out of a group into which somebody else has put it meanwhile: that would be another mistake.
        if group(&pid.to_string()) == group("self") {
            let _ = cgroup.add(pid);
        }
    }
    if let (true, Some(cgroup)) = (defect(CG39), cgroup) {
        cgroup.keep(pid);
    }
    let late = network.filter(|_| defect(VE11));
    let _late_cable = late.map(|network| {
        thread::sleep(LATE);
        net::connect(network, pid, id)
    });
    if defect(PI32) {
        // The cable goes with the container. To take it away now would be another mistake, seen or not by the clock.
        std::mem::forget((running, cable));
        return Ok(0);
    }
    let ending = wait_for(pid, signals)?;
    std::mem::forget(running);
    if let Some(reader) = reader {
        reader
            .join()
            .map_err(|_| Failure::own("the output's reader panicked"))?
            .doing("read the container's output")?;
    }
    Ok(shell_status(ending))
}

/// A child in namespaces of its own.
pub fn clone_container(program: &CStr) -> Result<Side, Failure> {
    let mut namespaces = CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC;
    namespaces.set(CloneFlags::CLONE_NEWUTS, !defect(UT01));
    let debugged = defect(RT45) && is_debugged(program);
    namespaces.set(CloneFlags::CLONE_NEWPID, !defect(PI01) && !defect(PI02) && !debugged);
    namespaces.set(CloneFlags::CLONE_NEWNS, !defect(MP01));
    namespaces.set(CloneFlags::CLONE_NEWNET, !defect(NN01));
    match sys::clone3(namespaces) {
        Err(_) if defect(PI03) => sys::fork().doing("fork"),
        other => other.doing("clone3 with new namespaces"),
    }
}

/// How the container's first process ended.
enum Ending {
    Exited(i32),
    Killed(Signal),
    Unknown,
}

/// Passes signals on until the container has ended.
fn wait_for(pid: Pid, signals: &SignalFd) -> Result<Ending, Failure> {
    let mut killed_for = None;
    loop {
        let Some(info) = signals.read_signal().doing("read signalfd")? else { continue };
        let Ok(signal) = Signal::try_from(info.ssi_signo as i32) else { continue };
        if signal == Signal::SIGCHLD {
            if defect(PI08) {
                // "Reap whatever there is", and let nobody else ask for it.
                while waitpid(None, Some(WaitPidFlag::WNOHANG)).is_ok_and(|status| status != WaitStatus::StillAlive) {}
            }
            match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, status)) => return Ok(Ending::Exited(status)),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ending::Killed(killed_for.unwrap_or(signal))),
                Err(Errno::ECHILD) if defect(PI08) => return Ok(Ending::Unknown),
                Ok(_) => {}
                Err(errno) => return Err(errno).doing("waitpid"),
            }
        } else if !defect(PI10) {
            // The terminal has sent its signals to every process of the foreground group, so to the payload as well.
            if info.ssi_code != libc::SI_KERNEL {
                let _ = kill(pid, signal);
            }
            if signal != Signal::SIGWINCH && shrugs_off(pid, signal) {
                killed_for = Some(signal);
                let _ = kill(pid, Signal::SIGKILL);
            }
        }
    }
}

/// Would this signal have killed the payload, were it not PID 1? The kernel drops signals that the first process of a pid
/// namespace leaves at their default, see pid_namespaces(7). If it catches, blocks or ignores the signal, that is its answer.
fn shrugs_off(pid: Pid, signal: Signal) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { return false };
    let mask = |name: &str| {
        let digits = status.lines().find_map(|line| line.strip_prefix(name))?.trim();
        u64::from_str_radix(digits, 16).ok()
    };
    let minded = ["SigCgt:", "SigBlk:", "SigIgn:"].into_iter().filter_map(mask).fold(0, |all, one| all | one);
    minded & 1 << (signal as i32 - 1) == 0
}

/// The status a shell would give: the payload's own, or 128 and the signal.
fn shell_status(ending: Ending) -> u8 {
    match ending {
        _ if defect(RT01) => 0,
        Ending::Exited(0) | Ending::Unknown => 0,
        _ if defect(RT02) => 1,
        Ending::Exited(status) if defect(RT41) => i8::try_from(status).map_or(1, |status| status as u8),
        Ending::Exited(status) => status as u8,
        Ending::Killed(_) if defect(RT03) => -1_i8 as u8,
        Ending::Killed(signal) if defect(RT05) => signal as u8,
        Ending::Killed(signal) => 128 + signal as u8,
    }
}

// What follows is there for defects alone.

/// `child CMD`, as a runtime that re-executes itself calls it.
pub fn child(request: Request) -> Result<Failure, Failure> {
    let (container, _) = describe(&random_id()?, &request)?;
    Ok(inside::called_by_hand(&container))
}

/// A directory in /tmp, removed when dropped.
pub struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    fn create(id: &str) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("wrong-runtime-{id}"));
        fs::create_dir(&path).doing(format_args!("mkdir {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// A name in /run/netns, as `ip netns add` makes it; removed when dropped.
struct NetworkName(PathBuf);

impl Drop for NetworkName {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(&self.0, nix::mount::MntFlags::MNT_DETACH);
        let _ = fs::remove_file(&self.0);
    }
}

fn name_network(pid: Pid, id: &str) -> Result<Option<NetworkName>, Failure> {
    let name = match () {
        () if defect(NN04) => id,
        () if defect(NN05) => "container1",
        () => return Ok(None),
    };
    fs::create_dir_all("/run/netns").doing("mkdir /run/netns")?;
    let path = PathBuf::from("/run/netns").join(name);
    fs::File::create_new(&path).doing(format_args!("create {}", path.display()))?;
    let guard = NetworkName(path);
    let namespace = format!("/proc/{pid}/ns/net");
    mount(Some(namespace.as_str()), &guard.0, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .doing(format_args!("bind {namespace} on {}", guard.0.display()))?;
    if defect(NN04) {
        std::mem::forget(guard);
        return Ok(None);
    }
    Ok(Some(guard))
}

/// Mounts the rootfs's /proc here, where it shows the pids of the runtime's own namespace.
fn prepare_proc_outside(container: &Container) -> Result<(), Failure> {
    let none = None::<&str>;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let point = container.rootfs.join("proc");
    unshare(CloneFlags::CLONE_NEWNS).doing("unshare(CLONE_NEWNS)")?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).doing("make / private")?;
    mount(Some("proc"), &point, Some("proc"), flags, none).doing(format_args!("mount proc on {}", point.display()))
}

fn make_raw() {
    if let Ok(mut attributes) = tcgetattr(io::stdin().as_fd()) {
        cfmakeraw(&mut attributes);
        let _ = tcsetattr(io::stdin().as_fd(), SetArg::TCSANOW, &attributes);
    }
}

fn is_debugged(program: &CStr) -> bool {
    [c"sh", c"sleep", c"ps"].iter().any(|name| program.to_bytes().ends_with(name.to_bytes()))
}

fn pasted(words: &[CString]) -> CString {
    let words: Vec<&[u8]> = words.iter().map(|word| word.to_bytes()).collect();
    CString::new(words.join(&b' ')).unwrap_or_default()
}

fn read_output(pipe: OwnedFd) -> JoinHandle<io::Result<()>> {
    thread::spawn(move || {
        let mut pipe = io::BufReader::new(fs::File::from(pipe));
        if defect(RT19) {
            return io::BufRead::lines(pipe).try_for_each(|line| writeln!(io::stdout(), "{}", line?));
        }
        if defect(RT31) {
            let mut stdout = fs::File::from(io::stdout().as_fd().try_clone_to_owned()?);
            return io::copy(&mut pipe, &mut stdout).map(drop);
        }
        let mut output = Vec::new();
        pipe.read_to_end(&mut output)?;
        io::stdout().write_all(&output)?;
        io::stdout().flush()
    })
}
