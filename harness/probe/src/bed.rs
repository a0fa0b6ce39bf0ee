//! PID 1 of a testbed: builds the little host on which the runtime under test lives, then reaps.
//!
//! The harness starts it by clone3(2) in new mount, network, UTS, IPC and PID namespaces, inside the testbed's cgroup,
//! with one end of a `SOCK_SEQPACKET` pair as descriptor 3. What it gets there is a packet of `key value` lines; what
//! it answers is `ok` or `err ERRNO\n what failed`. When the other end closes, or the harness's thread dies
//! (PR_SET_PDEATHSIG), this process ends, and with it the kernel ends everything in its PID namespace.
//!
//! Why each part of the little host is as it is:
//! - its root is a small tmpfs, and the machine's own directories are mounted into it read-only: a program that deletes
//!   what it takes for its old root hurts nobody, and what it writes where it should not is seen by comparing one tmpfs;
//! - `/` is shared, as systemd makes it: a runtime that forgets mount propagation shows it;
//! - the cgroup namespace's root holds no process and has every controller enabled, as on a host under systemd;
//!   the program starts in a group beside those that it will make.

use crate::{sys, wire};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, SFlag, makedev, mknod, umask};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{chdir, pivot_root, sethostname};
use std::ffi::CString;
use std::fmt::Display;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The descriptor on which the harness talks to this process.
const CONTROL: i32 = 3;

/// Where the new root is put together. Any directory that every machine has; it is covered only in this mount namespace.
const NEW_ROOT: &str = "/tmp";

type Failure = (String, io::Error);

/// The whole life of a testbed's init.
pub fn run() -> i32 {
    let harness = sys::inherited(CONTROL);
    if nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).is_err() {
        return 1;
    }
    // A harness that died before the line above sends no signal any more, but its end of the socket is closed.
    let Ok(Some(order)) = wire::receive(&harness) else { return 1 };
    let reply = match build(&String::from_utf8_lossy(&order.body)) {
        Ok(()) => wire::answer(&harness, "", b""),
        Err((what, error)) => wire::refuse(&harness, &what, &error),
    };
    match reply {
        Ok(()) => reap_until_alone(&harness),
        Err(_) => 1,
    }
}

/// Reaps whatever is left to PID 1, until the harness closes its end.
fn reap_until_alone(harness: &OwnedFd) -> i32 {
    // With SIGCHLD ignored the kernel reaps by itself, wait(2); what ended before this line is collected by hand.
    sys::ignore(libc::SIGCHLD);
    while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status.pid().is_some()) {}
    while let Ok(Some(_)) = wire::receive(harness) {}
    0
}

fn build(settings: &str) -> Result<(), Failure> {
    let setting = |key: &str| {
        settings.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).unwrap_or_default().to_owned()
    };
    umask(Mode::empty());
    // Whoever exhausts the testbed's memory is not to end its PID 1 in his stead. (Nothing else is a child of it.) On a machine
    // whose root lacks CAP_SYS_RESOURCE this is refused, and the testbed is as good in everything else.
    let _ = fs::write("/proc/self/oom_score_adj", "-1000");
    mount_at("none", "/", "", MsFlags::MS_REC | MsFlags::MS_PRIVATE, "")?;
    mount_at("tmpfs", NEW_ROOT, "tmpfs", MsFlags::empty(), "mode=0755,size=64m")?;
    machine_directories()?;
    own_directories(&setting("work"), &setting("size"))?;
    devices()?;
    kernel_file_systems(setting("cgroup") == "yes")?;
    enter()?;
    if setting("cgroup") == "yes" {
        settle_in_cgroup()?;
    }
    sethostname(setting("hostname")).map_err(failed("sethostname"))?;
    // A new network namespace takes this over from the machine, where docker or libvirt may have switched it on; a runtime
    // that does so shows it only where it was off.
    fs::write(IP_FORWARD, "0").map_err(failed(format!("write {IP_FORWARD}")))?;
    sys::loopback_up().map_err(|error| ("set lo up".to_owned(), error))
}

const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";

/// The machine's own top-level directories, read-only; links as they are (`/bin -> usr/bin`).
fn machine_directories() -> Result<(), Failure> {
    /// Made anew, or nobody's business.
    const OWN: [&str; 11] =
        ["proc", "sys", "dev", "run", "tmp", "var", "etc", "srv", "submission", "lost+found", "init"];
    for entry in fs::read_dir("/").map_err(failed("list /"))? {
        let entry = entry.map_err(failed("list /"))?;
        let name = entry.file_name();
        if OWN.iter().any(|own| name == *own) {
            continue;
        }
        let (from, to) = (Path::new("/").join(&name), Path::new(NEW_ROOT).join(&name));
        let kind = entry.file_type().map_err(failed(from.display()))?;
        if kind.is_symlink() {
            let target = fs::read_link(&from).map_err(failed(from.display()))?;
            symlink(target, &to).map_err(failed(to.display()))?;
        } else if kind.is_dir() {
            fs::create_dir(&to).map_err(failed(to.display()))?;
            mount(Some(&from), &to, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
                .map_err(failed(format!("bind {} on {}", from.display(), to.display())))?;
            let path = CString::new(to.as_os_str().as_bytes()).expect("a directory entry holds no NUL");
            sys::read_only_recursively(&path).map_err(failed(format!("make {} read-only", to.display())))?;
        }
    }
    Ok(())
}

/// What a program may write to: `/etc` as a copy of the few files that libraries look for, `/tmp`, `/run`, `/var`, and
/// the work directory on a file system of its own.
fn own_directories(work: &str, size: &str) -> Result<(), Failure> {
    let at = |path: &str| format!("{NEW_ROOT}{path}");
    for directory in
        ["/etc", "/proc", "/sys", "/dev", "/run", "/tmp", "/var", "/var/lib", "/var/log", "/var/cache", "/srv"]
    {
        directory_at(&at(directory), 0o755)?;
    }
    for directory in ["/var/tmp", "/submission"] {
        directory_at(&at(directory), if directory == "/submission" { 0o755 } else { 0o1777 })?;
    }
    symlink("/run", at("/var/run")).map_err(failed("link /var/run"))?;
    mount_at("tmpfs", &at("/run"), "tmpfs", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=0755,size=64m")?;
    mount_at("tmpfs", &at("/tmp"), "tmpfs", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=1777,size=128m")?;
    mount_at("tmpfs", &at("/submission"), "tmpfs", MsFlags::empty(), &format!("mode=0755,size={size}"))?;
    mount_at("tmpfs", &at("/srv"), "tmpfs", MsFlags::empty(), &format!("mode=0755,size={size}"))?;
    directory_at(&at(work), 0o755)?;
    for name in FROM_ETC {
        copy(Path::new("/etc").join(name).as_path(), Path::new(&at("/etc")).join(name).as_path());
    }
    Ok(())
}

/// What the C library, the dynamic linker and common tools read, and the links behind Debian's alternatives.
const FROM_ETC: [&str; 12] = [
    "passwd",
    "group",
    "hosts",
    "resolv.conf",
    "nsswitch.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "os-release",
    "protocols",
    "alternatives",
];

/// Copies what is there; a machine without one of these files is no reason to stop.
fn copy(from: &Path, to: &Path) {
    if let Ok(target) = fs::read_link(from) {
        let _ = symlink(target, to);
    } else if from.is_dir() {
        let _ = fs::create_dir(to);
        for entry in fs::read_dir(from).into_iter().flatten().flatten() {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        let _ = fs::copy(from, to);
    }
}

/// The devices of a host, as few as a runtime needs: it copies or binds some of them into its container.
fn devices() -> Result<(), Failure> {
    let dev = format!("{NEW_ROOT}/dev");
    mount_at("tmpfs", &dev, "tmpfs", MsFlags::MS_NOSUID, "mode=0755,size=1m")?;
    for (name, major, minor) in [
        ("null", 1, 3),
        ("zero", 1, 5),
        ("full", 1, 7),
        ("random", 1, 8),
        ("urandom", 1, 9),
        ("tty", 5, 0),
        ("fuse", 10, 229),
    ] {
        let path = format!("{dev}/{name}");
        mknod(path.as_str(), SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(major, minor))
            .map_err(failed(format!("mknod {path}")))?;
    }
    for (link, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ] {
        symlink(target, format!("{dev}/{link}")).map_err(failed(format!("link /dev/{link}")))?;
    }
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    directory_at(&format!("{dev}/pts"), 0o755)?;
    mount_at("devpts", &format!("{dev}/pts"), "devpts", quiet, "newinstance,ptmxmode=0666,mode=0620,gid=5")?;
    directory_at(&format!("{dev}/shm"), 0o1777)?;
    mount_at("tmpfs", &format!("{dev}/shm"), "tmpfs", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=1777,size=64m")
}

fn kernel_file_systems(cgroup: bool) -> Result<(), Failure> {
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount_at("proc", &format!("{NEW_ROOT}/proc"), "proc", quiet, "")?;
    mount_at("sysfs", &format!("{NEW_ROOT}/sys"), "sysfs", quiet, "")?;
    if cgroup {
        // Now, while this process sits in the testbed's own group: that becomes the root of what can be seen.
        unshare(CloneFlags::CLONE_NEWCGROUP).map_err(failed("unshare the cgroup namespace"))?;
        mount_at("cgroup2", &format!("{NEW_ROOT}/sys/fs/cgroup"), "cgroup2", quiet, "")?;
    }
    Ok(())
}

/// pivot_root(2) with `.` twice: the old root lands on top of the new one and is detached from there.
fn enter() -> Result<(), Failure> {
    chdir(NEW_ROOT).map_err(failed("chdir to the new root"))?;
    pivot_root(".", ".").map_err(failed("pivot_root"))?;
    umount2(".", MntFlags::MNT_DETACH).map_err(failed("detach the old root"))?;
    chdir("/").map_err(failed("chdir /"))?;
    mount_at("none", "/", "", MsFlags::MS_REC | MsFlags::MS_SHARED, "")
}

/// Leaves the root group empty of processes, so that its controllers can be enabled (cgroup-v2, "No Internal Process
/// Constraint").
fn settle_in_cgroup() -> Result<(), Failure> {
    let session = "/sys/fs/cgroup/session.scope";
    fs::create_dir(session).map_err(failed(format!("mkdir {session}")))?;
    fs::write(format!("{session}/cgroup.procs"), "0").map_err(failed(format!("join {session}")))?;
    let controllers =
        fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").map_err(failed("read cgroup.controllers"))?;
    for controller in controllers.split_whitespace() {
        fs::write("/sys/fs/cgroup/cgroup.subtree_control", format!("+{controller}"))
            .map_err(failed(format!("enable {controller} in cgroup.subtree_control")))?;
    }
    Ok(())
}

fn directory_at(path: &str, mode: u32) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(failed(format!("mkdir {path}")))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed(format!("chmod {path}")))
}

fn mount_at(source: &str, target: &str, kind: &str, flags: MsFlags, data: &str) -> Result<(), Failure> {
    let data = (!data.is_empty()).then_some(data);
    let kind = (!kind.is_empty()).then_some(kind);
    mount(Some(source), target, kind, flags, data).map_err(failed(format!("mount {source} on {target}")))
}

/// Names the operation of whatever error comes.
fn failed<E: Into<io::Error>>(what: impl Display) -> impl FnOnce(E) -> Failure {
    move |error| (what.to_string(), error.into())
}
