//! The private surroundings of one scenario: a little host of its own, gone afterwards.
//!
//! A testbed is made of kernel objects that vanish by themselves: PID, mount, network, UTS, IPC and cgroup namespaces
//! that live as long as their init (the probe program in its second role, see `probe/src/bed.rs`), and tmpfs mounts in
//! that mount namespace. Only the cgroup directory has to be removed by hand; [`cgroup`] does. The init dies with the
//! thread that made it, so killing the harness leaves nothing but an empty cgroup directory.
//!
//! The scenario runs on that thread, *inside* the testbed's namespaces: `/srv/...` there is the testbed's, and so are
//! `/sys/fs/cgroup` and the interfaces that netlink lists. Only its PID namespace stays the harness's, which keeps the
//! harness out of the reach of what it examines: nobody can name it, so nobody can signal or trace it.

pub mod cgroup;
pub(crate) mod guard;
mod programs;
mod residue;

pub use residue::{Inventory, Outer, vanishes};

use crate::embedded;
use crate::error::{Context, Error, Result};
use crate::evidence::{Evidence, HostProc, Namespace};
use crate::netlink::Rtnetlink;
use crate::pace::Pace;
use crate::run::{Run, Start};
use crate::sys::spawn::{Launch, Program, Started, launch, pidfd_send_signal, reap, writing_programs};
use crate::tree::Tree;
use cgroup::BedCgroup;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, bind, listen, recv, send, socket, socketpair,
};
use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a testbed is made for.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Drawn names.
    pub lot: crate::seed::Lot,
    /// How long to wait for events.
    pub pace: Pace,
    /// Bound on the size of the work directory's file system, in bytes.
    pub room: u64,
    /// Which programs may be executed.
    pub programs: crate::terms::Programs,
}

/// The little host of one scenario.
pub struct Testbed {
    host: HostProc,
    init: Started,
    /// Held, not used: when it closes, the init knows that its harness is gone.
    _control: OwnedFd,
    own_pid_namespace: OwnedFd,
    own_cgroup_namespace: OwnedFd,
    bed_cgroup_namespace: OwnedFd,
    bed_pid_namespace: OwnedFd,
    session: OwnedFd,
    work: PathBuf,
    hostname: String,
    pace: Pace,
    probe: PlacedProbe,
    listener: OwnedFd,
    /// The probe in the rootfs, while a decoy is awaited.
    behind_decoy: Option<(PlacedProbe, OwnedFd)>,
    sentinels: Vec<Started>,
    lot: crate::seed::Lot,
    programs: programs::Programs,
}

/// Where the probe lies, as the testbed sees it and as the container does.
#[derive(Debug, Clone)]
pub struct PlacedProbe {
    /// `/usr/bin/tarenok`
    pub inside: String,
    /// `/srv/.../rootfs/usr/bin/tarenok`
    pub outside: PathBuf,
    /// The socket that it dials, as the testbed sees it.
    pub socket: PathBuf,
    /// Its identity.
    pub ino: crate::evidence::Ino,
}

/// Everything that the kernel is asked to make for a testbed.
const NAMESPACES: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWPID);

impl Testbed {
    /// Makes a testbed and moves the calling thread into it, for good: the thread must end with the testbed.
    ///
    /// The archive `rootfs` becomes `rootfs/` in the work directory, the archive `submission` becomes `/submission`.
    pub fn enter(cgroup: &BedCgroup, settings: &mut Settings, rootfs: &[u8], submission: &[u8]) -> Result<Testbed> {
        let lot = &mut settings.lot;
        let host = HostProc::open()?;
        let work = PathBuf::from(format!("/srv/{}", lot.word(9)));
        let hostname = format!("host-{}", lot.word(6));
        let own_pid_namespace = fs::File::open("/proc/self/ns/pid").context("open /proc/self/ns/pid")?.into();
        let own_cgroup_namespace = fs::File::open("/proc/self/ns/cgroup").context("open /proc/self/ns/cgroup")?.into();
        let (control, far) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .context("socketpair for the testbed's init")?;

        // Not the agent's own: whoever is root in the testbed can write to what its PID 1 has open (/proc/1/fd/1), and the
        // agent's stdout is where the verdicts go.
        let null = null()?;
        let init = launch(&Launch {
            program: Program::Open(embedded::program()?),
            argv: &[c"init".into(), c"bed".into()],
            envp: &[],
            directory: None,
            namespaces: NAMESPACES.bits() as u64,
            cgroup: Some(cgroup.directory().as_fd()),
            enters: None,
            descriptors: &[(null.as_raw_fd(), 0), (null.as_raw_fd(), 1), (null.as_raw_fd(), 2), (far.as_raw_fd(), 3)],
            session: true,
            user: None,
            groups: &[],
            umask: None,
        })
        .context("clone3 the testbed's init")?;
        drop(far);
        let init = Init(Some(init));
        cgroup.bound_v1(init.pid())?;

        let order = format!("build\nwork {}\nhostname {hostname}\nsize {}\ncgroup yes", work.display(), settings.room);
        send(control.as_raw_fd(), order.as_bytes(), MsgFlags::MSG_NOSIGNAL).context("order the testbed")?;
        await_answer(&control, settings.pace.deadline(Duration::from_secs(20)))?;

        let bed_cgroup_namespace = host.namespace_fd(init.pid(), Namespace::Cgroup)?;
        let bed_pid_namespace = host.namespace_fd(init.pid(), Namespace::Pid)?;
        // A thread that shares its root and working directory with others may not change its mount namespace.
        unshare(CloneFlags::CLONE_FS).context("unshare this thread's root and working directory")?;
        for kind in [Namespace::Net, Namespace::Uts, Namespace::Ipc, Namespace::Cgroup, Namespace::Mnt] {
            setns(host.namespace_fd(init.pid(), kind)?, CloneFlags::empty())
                .context(format!("setns to the testbed's {} namespace", kind.name()))?;
        }

        let path_flags = nix::fcntl::OFlag::O_RDONLY | nix::fcntl::OFlag::O_DIRECTORY | nix::fcntl::OFlag::O_CLOEXEC;
        let session = nix::fcntl::open("/sys/fs/cgroup/session.scope", path_flags, nix::sys::stat::Mode::empty())
            .context("open /sys/fs/cgroup/session.scope")?;
        let writing = writing_programs();
        let root = work.join("rootfs");
        fs::create_dir(&root).context(format!("mkdir {}", root.display()))?;
        Tree::unpack(rootfs, &root).context(format!("write {}", root.display()))?;
        Tree::unpack(submission, Path::new("/submission")).context("write /submission")?;
        let (probe, listener) = place_probe(&root, lot)?;
        drop(writing);
        let programs = programs::Programs::watch(cgroup.directory().as_fd(), &work, settings.programs.clone());
        let init = init.keep();
        Ok(Testbed {
            host,
            init,
            _control: control,
            own_pid_namespace,
            own_cgroup_namespace,
            bed_cgroup_namespace,
            bed_pid_namespace,
            session,
            work,
            hostname,
            pace: settings.pace,
            probe,
            listener,
            behind_decoy: None,
            sentinels: Vec::new(),
            lot: lot.clone(),
            programs,
        })
    }

    /// The work directory, which holds `rootfs/`.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// `rootfs/` in the work directory.
    pub fn rootfs(&self) -> PathBuf {
        self.work.join("rootfs")
    }

    /// The name that the testbed's host has.
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// The probe in the rootfs.
    pub fn probe(&self) -> &PlacedProbe {
        &self.probe
    }

    /// Ready for another scenario: under other names, where nothing of the last one is left.
    pub(crate) fn refresh(&mut self, lot: &mut crate::seed::Lot) -> Result<()> {
        for sentinel in self.sentinels.drain(..) {
            let _ = pidfd_send_signal(&sentinel.pidfd, libc::SIGKILL);
            let _ = reap(&sentinel.pidfd);
        }
        self.take_decoy_away()?;
        self.take_probe_away()?;
        self.lot = lot.clone();
        self.place_probe().map(drop)
    }

    /// Places another probe in the rootfs as it is now.
    pub(crate) fn place_probe(&mut self) -> Result<PlacedProbe> {
        let writing = writing_programs();
        (self.probe, self.listener) = place_probe(&self.rootfs(), &mut self.lot)?;
        drop(writing);
        Ok(self.probe.clone())
    }

    /// Takes the probe and its socket out of the rootfs: from then on nothing in it is the harness's.
    pub(crate) fn take_probe_away(&self) -> Result<()> {
        for old in [&self.probe.outside, &self.probe.socket] {
            match fs::remove_file(old) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).context(format!("rm {}", old.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes `rootfs/` away, and puts a probe where a program that ends up on the host's own root would find it.
    /// Returns that probe's path.
    pub(crate) fn hide_rootfs(&mut self) -> Result<(PathBuf, String)> {
        let (from, to) = (self.rootfs(), self.work.join("elsewhere"));
        fs::rename(&from, &to).context(format!("rename {} to {}", from.display(), to.display()))?;
        let writing = writing_programs();
        let (probe, listener) = place_probe(Path::new("/"), &mut self.lot)?;
        drop(writing);
        self.listener = listener;
        self.probe = probe;
        Ok((to, self.probe.inside.clone()))
    }

    /// Another probe, where only a program that is on the host's own root finds it. It is the one that is awaited, until it
    /// is taken away.
    pub(crate) fn place_decoy(&mut self) -> Result<PlacedProbe> {
        self.take_decoy_away()?;
        let writing = writing_programs();
        let (decoy, listener) = place_probe(Path::new("/"), &mut self.lot)?;
        drop(writing);
        let probe = std::mem::replace(&mut self.probe, decoy);
        let listener = std::mem::replace(&mut self.listener, listener);
        self.behind_decoy = Some((probe, listener));
        Ok(self.probe.clone())
    }

    /// The probe in the rootfs again.
    pub(crate) fn take_decoy_away(&mut self) -> Result<()> {
        let Some((probe, listener)) = self.behind_decoy.take() else { return Ok(()) };
        let decoy = std::mem::replace(&mut self.probe, probe);
        self.listener = listener;
        for path in [decoy.outside, decoy.socket] {
            match fs::remove_file(&path) {
                // Whoever came here by mistake may have removed it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                other => other.context(format!("rm {}", path.display()))?,
            }
        }
        Ok(())
    }

    /// The work directory under another name.
    pub(crate) fn move_work(&mut self, to: PathBuf) -> Result<()> {
        fs::rename(&self.work, &to).context(format!("rename {} to {}", self.work.display(), to.display()))?;
        if let Ok(below) = self.probe.outside.strip_prefix(&self.work) {
            self.probe.outside = to.join(below);
        }
        if let Ok(below) = self.probe.socket.strip_prefix(&self.work) {
            self.probe.socket = to.join(below);
        }
        self.work = to;
        Ok(())
    }

    /// An executable script of the scenario's own.
    pub(crate) fn script(&self, path: &Path, text: &str) -> Result<()> {
        let _writing = writing_programs();
        fs::write(path, text).context(format!("write {}", path.display()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).context(format!("chmod {}", path.display()))
    }

    /// Where the probe dials in.
    pub(crate) fn listener(&self) -> &OwnedFd {
        &self.listener
    }

    /// `/proc` by the harness's pids.
    pub fn host(&self) -> &HostProc {
        &self.host
    }

    /// How long to wait here.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// The testbed's init, as the harness sees it.
    pub fn init_pid(&self) -> i32 {
        self.init.pid
    }

    /// The testbed's own namespace of `kind`: the "host's", as far as the runtime under test can tell.
    pub fn namespace(&self, kind: Namespace) -> Result<Evidence<String>> {
        self.host.namespace(self.init.pid, kind)
    }

    /// Netlink in the testbed's network namespace.
    pub fn netlink(&self) -> Result<Rtnetlink> {
        Rtnetlink::here().context("open a netlink socket in the testbed")
    }

    /// Starts a process in the testbed, beside the harness's own things: in the session's cgroup and in the testbed's
    /// PID namespace.
    pub(crate) fn launch(&self, what: &Launch) -> std::io::Result<Started> {
        // Which PID namespace children are born into is a property of the thread; while it differs from the thread's
        // own, the thread could not start threads.
        let _pid = Visit::to(&self.bed_pid_namespace, CloneFlags::CLONE_NEWPID, &self.own_pid_namespace)?;
        // Where cgroup2 is mounted with nsdelegate, nobody moves a process across the root of his cgroup namespace, and
        // the harness's own group lies outside of the testbed's: the child enters that namespace once it is inside.
        let _cgroup = Visit::to(&self.own_cgroup_namespace, CloneFlags::CLONE_NEWCGROUP, &self.bed_cgroup_namespace)?;
        launch(what)
    }

    /// The testbed's cgroup namespace: what is started in the testbed enters it.
    pub(crate) fn cgroup_namespace(&self) -> &OwnedFd {
        &self.bed_cgroup_namespace
    }

    /// The cgroup that processes of the testbed start in.
    pub(crate) fn session(&self) -> &OwnedFd {
        &self.session
    }

    /// Starts the runtime under test, or any other program of the testbed.
    pub fn start(&self, start: &Start) -> Result<Run> {
        Run::start(self, start)
    }

    /// A process of the host that no container may see, with `name` as its command line.
    pub fn sentinel(&mut self, name: &str) -> Result<i32> {
        let name = CString::new(name).map_err(|_| Error::new("a sentinel's name holds a NUL"))?;
        let null = null()?;
        let started = self
            .launch(&Launch {
                program: Program::Open(embedded::program()?),
                argv: &[name, c"sentinel".into()],
                envp: &[],
                directory: None,
                namespaces: 0,
                cgroup: Some(self.session.as_fd()),
                enters: Some(self.bed_cgroup_namespace.as_fd()),
                descriptors: &[(null.as_raw_fd(), 0), (null.as_raw_fd(), 1), (null.as_raw_fd(), 2)],
                session: true,
                user: None,
                groups: &[],
                umask: None,
            })
            .context("start a sentinel")?;
        let pid = started.pid;
        self.sentinels.push(started);
        Ok(pid)
    }

    /// What was executed in the testbed since the last call and is worth a person's look.
    pub(crate) fn flags(&mut self) -> Vec<crate::result::Flag> {
        self.programs.flags()
    }

    /// Whether its init has ended, and with it everything else, or is about to: it must first see its last child reaped,
    /// which may be one of ours, but has given up its namespaces by then.
    pub(crate) fn is_down(&self) -> bool {
        let doomed =
            |set| self.host.signals(self.init.pid, set).is_ok_and(|pending| pending.value.holds(libc::SIGKILL));
        let gone = || crate::run::await_readable(&self.init.pidfd, Duration::ZERO).unwrap_or(true);
        self.host.mounts(self.init.pid).is_err() || doomed("SigPnd") || doomed("ShdPnd") || gone()
    }

    /// Which of the harness's own processes in the testbed are stopped, traced or dead.
    pub(crate) fn meddled_with(&self) -> Vec<String> {
        let sentinels = self.sentinels.iter().map(|sentinel| ("a process of the host", sentinel.pid));
        std::iter::once(("the host's PID 1", self.init.pid))
            .chain(sentinels)
            .filter_map(|(name, pid)| {
                let state = self.host.status(pid, "State").map_or("gone".to_owned(), |state| state.value);
                let tracer = self.host.status(pid, "TracerPid").map_or("0".to_owned(), |tracer| tracer.value);
                match (state.chars().next(), tracer.as_str()) {
                    (Some('T'), "0") => Some(format!("{name} was stopped")),
                    (Some('Z' | 'X' | 'g'), _) => Some(format!("{name} was killed")),
                    (_, "0") => None,
                    _ => Some(format!("{name} is traced")),
                }
            })
            .collect()
    }

    /// The harness's pids of every process in the testbed but its init and the sentinels.
    pub fn processes(&self) -> Result<Vec<i32>> {
        let mut found = Vec::new();
        for pid in self.cgroup_members()? {
            let ours = pid == self.init.pid || self.sentinels.iter().any(|sentinel| sentinel.pid == pid);
            if !ours && self.host.namespace(pid, Namespace::Pid).is_ok() {
                found.push(pid);
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Ends one process of the testbed by SIGKILL.
    pub fn end(&self, pid: i32) -> Result<()> {
        // A pid that was given to another process meanwhile is still one of the testbed's, or is not touched.
        let Ok(pidfd) = crate::sys::spawn::pidfd_open(pid) else { return Ok(()) };
        if self.processes()?.contains(&pid) {
            let _ = pidfd_send_signal(&pidfd, libc::SIGKILL);
        }
        Ok(())
    }

    /// Ends every process of the testbed but its init and the sentinels.
    pub fn clear(&self) -> Result<()> {
        let end = std::time::Instant::now() + self.pace.deadline(Duration::from_secs(5));
        loop {
            let left = self.processes()?;
            if left.is_empty() {
                return Ok(());
            }
            for pid in left {
                if let Ok(pidfd) = crate::sys::spawn::pidfd_open(pid) {
                    let _ = pidfd_send_signal(&pidfd, libc::SIGKILL);
                }
            }
            if std::time::Instant::now() >= end {
                return Err(Error::new("processes of the testbed do not end"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Members of all groups below the testbed's. The pids are the reader's, cgroup.procs says: the harness's.
    fn cgroup_members(&self) -> Result<Vec<i32>> {
        let root = Path::new("/sys/fs/cgroup");
        let mut found = Vec::new();
        for group in cgroup::subgroups(root).iter().map(PathBuf::as_path).chain([root]) {
            let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
            found.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()));
        }
        Ok(found)
    }
}

impl Drop for Testbed {
    fn drop(&mut self) {
        for sentinel in &self.sentinels {
            let _ = pidfd_send_signal(&sentinel.pidfd, libc::SIGKILL);
            let _ = reap(&sentinel.pidfd);
        }
        // The end of a PID namespace's init is the end of all in it; reaping it waits for that.
        let _ = pidfd_send_signal(&self.init.pidfd, libc::SIGKILL);
        let _ = reap(&self.init.pidfd);
    }
}

/// The calling thread in another namespace, until this is dropped.
struct Visit<'a>(CloneFlags, &'a OwnedFd);

impl<'a> Visit<'a> {
    fn to(there: &OwnedFd, kind: CloneFlags, back: &'a OwnedFd) -> nix::Result<Visit<'a>> {
        setns(there, kind)?;
        Ok(Visit(kind, back))
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        // It has been there before, so there is nothing that the kernel could refuse.
        let _ = setns(self.1, self.0);
    }
}

/// The init while the testbed is not complete: an error on the way must not leave it.
struct Init(Option<Started>);

impl Init {
    fn pid(&self) -> i32 {
        self.0.as_ref().map_or(0, |init| init.pid)
    }

    fn keep(mut self) -> Started {
        self.0.take().expect("kept once")
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        if let Some(init) = &self.0 {
            let _ = pidfd_send_signal(&init.pidfd, libc::SIGKILL);
            let _ = reap(&init.pidfd);
        }
    }
}

fn null() -> Result<fs::File> {
    fs::File::options().read(true).write(true).open("/dev/null").context("open /dev/null")
}

fn await_answer(control: &OwnedFd, deadline: Duration) -> Result<()> {
    crate::run::await_readable(control, deadline)
        .and_then(|ready| if ready { Ok(()) } else { Err(Error::new("the testbed's init does not answer")) })?;
    let mut buffer = [0; 4096];
    let length = recv(control.as_raw_fd(), &mut buffer, MsgFlags::empty()).context("hear from the testbed's init")?;
    let text = String::from_utf8_lossy(&buffer[..length]);
    match text.split_once('\n') {
        Some((head, _)) if head.starts_with("ok") => Ok(()),
        Some((_, reason)) => Err(Error::new(format!("make the testbed: {reason}"))),
        None => Err(Error::new("the testbed's init ended at once")),
    }
}

/// Where programs lie, in a rootfs that has these directories.
const PROGRAMS: [&str; 6] = ["bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "opt"];
/// Where other files lie that no runtime covers with a mount of its own: not /tmp, /run or /dev.
const FILES: [&str; 6] = ["etc", "usr/lib", "usr/share", "var/lib", "opt", "lib"];

/// Puts a probe and its socket into the rootfs, under names drawn for this scenario.
///
/// Nothing in these names and places says what it is: a runtime that isolates what looks like an exam, and only that, must
/// not be able to tell a probe from a learner's own command.
fn place_probe(root: &Path, lot: &mut crate::seed::Lot) -> Result<(PlacedProbe, OwnedFd)> {
    let (inside, socket_inside) = (free_path(root, &PROGRAMS, lot), free_path(root, &FILES, lot));
    let outside = root.join(&inside[1..]);
    fs::write(&outside, embedded::probe_dialling(&socket_inside)?).context(format!("write {}", outside.display()))?;
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o755)).context(format!("chmod {}", outside.display()))?;
    let stat = nix::sys::stat::stat(&outside).context(format!("stat {}", outside.display()))?;

    let path = root.join(&socket_inside[1..]);
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let listener = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None).context("socket for the probe")?;
    let address = UnixAddr::new(&path).context(format!("name {}", path.display()))?;
    bind(listener.as_raw_fd(), &address).context(format!("bind {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).context(format!("chmod {}", path.display()))?;
    listen(&listener, Backlog::new(64).context("backlog of 64")?).context(format!("listen at {}", path.display()))?;
    let ino = crate::evidence::Ino { dev: stat.st_dev, ino: stat.st_ino };
    Ok((PlacedProbe { inside, outside, socket: path, ino }, listener))
}

/// A path as seen below `root` at which there is nothing yet, in one of `directories` that is really there: not by way of a
/// link, which leads elsewhere from within, and not on another file system, which a runtime need not bring along.
fn free_path(root: &Path, directories: &[&str], lot: &mut crate::seed::Lot) -> String {
    let device = fs::symlink_metadata(root).map_or(0, |meta| meta.dev());
    let real = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir() && meta.dev() == device);
    let above = |directory: &str| Path::new(directory).ancestors().all(|part| real(&root.join(part)));
    let there: Vec<&str> = directories.iter().copied().filter(|directory| above(directory)).collect();
    loop {
        let directory = if there.is_empty() { String::new() } else { format!("/{}", lot.choose(&there)) };
        let path = format!("{directory}/{}", lot.name());
        if fs::symlink_metadata(root.join(&path[1..])).is_err() {
            return path;
        }
    }
}
