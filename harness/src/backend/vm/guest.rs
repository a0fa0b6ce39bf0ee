//! Inside the guest: this program as PID 1. It makes the machine look as systemd leaves an Ubuntu 24.04, because
//! verdicts must not depend on where an exam was held: a real root file system, everything shared, all cgroup
//! controllers, swap. Then it starts the agent, reaps orphans, and switches the machine off when the agent has ended.

use std::convert::Infallible;
use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{Pid, chdir, chroot, sethostname, setsid, sync};

use crate::sys::machine;

/// Where the initramfs carries its modules.
pub(super) const MODULES: &str = "/usr/lib/boxproof";
/// The file in [`MODULES`] that says what to load: a line `needed NAME` or `optional NAME` each, in order.
pub(super) const MODULE_LIST: &str = "modules";
/// A module without which the guest gives up.
pub(super) const NEEDED: &str = "needed";
/// A module without which it goes on.
pub(super) const OPTIONAL: &str = "optional";
/// The name of the virtio-serial port that leads to the host.
pub(super) const PORT_NAME: &str = "boxproof.0";
/// On the kernel's command line; a parameter that the kernel does not know, and that has no dot, it passes to `/init`
/// in the environment (Documentation/admin-guide/kernel-parameters.rst).
pub(super) const MARKER: &str = "BOXPROOF_GUEST";
/// Before every line of ours on the console.
const PREFIX: &str = "boxproof-init:";
/// Where this program lies in the guest's root file system.
const PROGRAM: &str = "/usr/bin/boxproof";

/// The guest's only disk.
const USERLAND: &str = "/dev/vda";
const PYTHON: &str = "/usr/bin/python3";
const HOSTNAME: &str = "ubuntu2404-boxproof";
const SWAP_SIZE: u64 = 128 << 20;
const NO_EXEC: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV).union(MsFlags::MS_NOEXEC);
const NO_DEV: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);

/// What the guest is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs this program again, as `boxproof agent --port DEVICE`.
    Agent,
    /// Runs an interactive shell on the console.
    Shell,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Shell => "shell",
        }
    }
}

/// Whether this process is the `/init` of a guest that boxproof started. `main` asks this before anything else, and
/// if so calls [`run`].
pub fn is_guest_init() -> bool {
    std::process::id() == 1 && std::env::var_os(MARKER).is_some()
}

/// Sets the guest up, runs the agent (this program again, with the arguments `agent --port DEVICE`), switches off.
pub fn run() -> ! {
    let shell = std::env::var(MARKER).is_ok_and(|role| role == Role::Shell.name());
    let role = if shell { Role::Shell } else { Role::Agent };
    // The first sign of life, by which the host knows that the kernel runs.
    eprintln!("{PREFIX} setting up for {}", role.name());
    let ended = set_up().and_then(|()| start(role)).and_then(reap_until_end);
    match ended {
        Ok(status) => eprintln!("{PREFIX} {} ended: {status:?}", role.name()),
        Err(error) => eprintln!("{PREFIX} {error}"),
    }
    switch_off()
}

/// An operation, its object, and why it failed.
#[derive(Debug)]
struct GuestError {
    operation: String,
    source: io::Error,
}

impl std::fmt::Display for GuestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.operation, self.source)
    }
}

type Result<T> = std::result::Result<T, GuestError>;

/// Names what was being done when something fails.
trait While<T> {
    fn while_(self, operation: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<io::Error>> While<T> for std::result::Result<T, E> {
    fn while_(self, operation: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| GuestError { operation: operation(), source: error.into() })
    }
}

/// The order matters: devices before modules that make some, the real root before anything is mounted on it, sharing
/// before the mounts that are to be shared, modules before swap and the port.
fn set_up() -> Result<()> {
    umask(Mode::from_bits_truncate(0o022));
    setsid()
        .or_else(|error| if error == Errno::EPERM { Ok(Pid::this()) } else { Err(error) })
        .while_(|| "setsid".into())?;
    attach("devtmpfs", "/dev", MsFlags::MS_NOSUID, "mode=755")?;
    attach("proc", "/proc", NO_EXEC, "")?;
    attach("sysfs", "/sys", NO_EXEC, "")?;
    load_modules()?;
    enter_real_root()?;
    userland()?;
    share_everything()?;
    attach("devpts", "/dev/pts", MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, "gid=5,mode=620,ptmxmode=000")?;
    device_links()?;
    attach("tmpfs", "/dev/shm", NO_DEV, "mode=1777,size=50%")?;
    attach("mqueue", "/dev/mqueue", NO_EXEC, "")?;
    attach("tmpfs", "/run", NO_EXEC, "mode=755,size=20%")?;
    attach("tmpfs", "/run/lock", NO_EXEC, "mode=1777,size=5120k")?;
    attach("tmpfs", "/tmp", NO_DEV, "mode=1777,size=75%")?;
    cgroups()?;
    swap()?;
    sethostname(HOSTNAME).while_(|| "set hostname".into())?;
    machine::loopback_up().while_(|| "set lo up".into())?;
    settings();
    warm_up();
    lock_down();
    // What systemd gives every service and session.
    setrlimit(Resource::RLIMIT_NOFILE, 1024, 524_288).while_(|| "set the limit of open files".into())
}

/// Mounts, making the mount point if need be.
fn attach(kind: &str, target: &str, flags: MsFlags, options: &str) -> Result<()> {
    let fail = || format!("mount {kind} on {target}");
    fs::create_dir_all(target).while_(fail)?;
    let options = (!options.is_empty()).then_some(options);
    mount(Some(kind), target, Some(kind), flags, options).while_(fail)
}

/// The names in /dev that the kernel leaves to user space, and that every shell script takes for granted.
fn device_links() -> Result<()> {
    const LINKS: [(&str, &str); 4] = [
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ];
    for (link, target) in LINKS {
        symlink(target, link).while_(|| format!("create link {link}"))?;
    }
    Ok(())
}

fn load_modules() -> Result<()> {
    let list = Path::new(MODULES).join(MODULE_LIST);
    let text = fs::read_to_string(&list).while_(|| format!("read {}", list.display()))?;
    for (class, name) in text.lines().filter_map(|line| line.split_once(' ')) {
        let path = Path::new(MODULES).join(format!("{name}.ko"));
        let loaded = File::open(&path).and_then(|file| machine::finit_module(&file, c""));
        match loaded {
            Err(error) if error.raw_os_error() == Some(libc::EEXIST) => {}
            Err(error) if class == OPTIONAL => eprintln!("{PREFIX} load module {name}: {error}"),
            loaded => loaded.while_(|| format!("load module {name}"))?,
        }
    }
    Ok(())
}

/// The kernel's first root file system is none that a program could leave: pivot_root(2) fails on it (up to Linux 7.0).
/// So everything moves to a tmpfs, as it would to a disk on a real machine.
fn enter_real_root() -> Result<()> {
    let new_root = Path::new("/new-root");
    attach("tmpfs", "/new-root", MsFlags::empty(), "mode=755,size=75%")?;
    let device = fs::metadata("/").while_(|| "stat /".into())?.dev();
    move_tree(Path::new("/"), new_root, device)?;
    for name in ["dev", "proc", "sys"] {
        let (from, to) = (Path::new("/").join(name), new_root.join(name));
        let fail = || format!("move {} to {}", from.display(), to.display());
        fs::create_dir_all(&to).while_(fail)?;
        mount(Some(&from), &to, None::<&str>, MsFlags::MS_MOVE, None::<&str>).while_(fail)?;
    }
    let program = new_root.join(PROGRAM.trim_start_matches('/'));
    fs::rename(new_root.join("init"), &program).while_(|| format!("rename /init to {}", program.display()))?;
    chdir(new_root).while_(|| "enter /new-root".into())?;
    mount(Some("."), "/", None::<&str>, MsFlags::MS_MOVE, None::<&str>).while_(|| "move /new-root to /".into())?;
    chroot(".").while_(|| "chroot to /new-root".into())?;
    chdir("/").while_(|| "enter /".into())
}

/// Moves a directory's content; what is mounted in it (another device) stays. The source is removed file by file, for
/// its memory would never come back.
fn move_tree(from: &Path, to: &Path, device: u64) -> Result<()> {
    fn fail(what: &str, path: &Path) -> impl FnOnce() -> String {
        move || format!("{what} {}", path.display())
    }
    for entry in fs::read_dir(from).while_(fail("read directory", from))? {
        let entry = entry.while_(fail("read directory", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let metadata = entry.metadata().while_(fail("stat", &source))?;
        if metadata.dev() != device || source == Path::new(MODULES) {
            continue;
        }
        if metadata.is_dir() {
            fs::create_dir_all(&target).while_(fail("create directory", &target))?;
            move_tree(&source, &target, device)?;
        } else if metadata.is_symlink() {
            let link = fs::read_link(&source).while_(fail("read link", &source))?;
            symlink(link, &target).while_(fail("create link", &target))?;
        } else if metadata.is_file() {
            fs::copy(&source, &target).while_(fail("copy to", &target))?;
            fs::remove_file(&source).while_(fail("remove", &source))?;
        }
    }
    Ok(())
}

/// The disk with the distribution's user land, if there is one, over our own `/usr`: what it lacks busybox has, and what is
/// written stays in memory. Only `/usr`: the root stays the file system that it is without a disk.
fn userland() -> Result<()> {
    const LAYERS: &str = "/var/lib/userland";
    if !Path::new(USERLAND).exists() {
        return Ok(());
    }
    let layer = |name: &str| format!("{LAYERS}/{name}");
    fs::create_dir_all(layer("new")).while_(|| format!("create directory {LAYERS}"))?;
    fs::create_dir_all(layer("work")).while_(|| format!("create directory {LAYERS}"))?;
    let image = layer("image");
    let fail = || format!("mount {USERLAND} on {image}");
    fs::create_dir_all(&image).while_(fail)?;
    mount(Some(USERLAND), image.as_str(), Some("squashfs"), MsFlags::MS_RDONLY, None::<&str>).while_(fail)?;
    let options = format!("lowerdir={image}/usr:/usr,upperdir={},workdir={}", layer("new"), layer("work"));
    attach("overlay", "/usr", MsFlags::empty(), &options)
}

/// Python compiles every module that it has not compiled before, which no package brings compiled, and under software
/// emulation that takes a second for each start. Done once it is done for every guest of this one's snapshot.
fn warm_up() {
    const MODULES: &str =
        "import argparse, ctypes, json, os, pathlib, shutil, signal, socket, struct, subprocess, sys, tempfile";
    if !Path::new(USERLAND).exists() || !Path::new(PYTHON).exists() {
        return;
    }
    // A python that does not start is the student's to find.
    match Command::new(PYTHON).args(["-c", MODULES]).env_clear().status() {
        Ok(status) if status.success() => {}
        ended => eprintln!("{PREFIX} {PYTHON} -c {MODULES:?}: {ended:?}"),
    }
}

/// systemd does so at boot, and it is what a runtime that forgets `MS_PRIVATE` must meet. What is mounted on a shared
/// mount later is shared too (mount_namespaces(7)).
fn share_everything() -> Result<()> {
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SHARED, None::<&str>)
        .while_(|| "make / shared".into())
}

/// cgroup v2 as systemd mounts it, with every controller handed down. `favordynmods` (since 6.0) makes moving a process
/// into a cgroup a matter of microseconds; where the kernel does not know it, nothing else changes.
fn cgroups() -> Result<()> {
    const ROOT: &str = "/sys/fs/cgroup";
    const OPTIONS: &str = "nsdelegate,memory_recursiveprot";
    attach("cgroup2", ROOT, NO_EXEC, &format!("{OPTIONS},favordynmods"))
        .or_else(|_| attach("cgroup2", ROOT, NO_EXEC, OPTIONS))?;
    let offered =
        fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").while_(|| "read cgroup.controllers".into())?;
    let orders = offered.split_whitespace().map(|controller| format!("+{controller}")).collect::<Vec<_>>().join(" ");
    fs::write("/sys/fs/cgroup/cgroup.subtree_control", &orders)
        .while_(|| format!("write \"{orders}\" to cgroup.subtree_control"))
}

/// Swap in compressed memory, so that a memory limit without a swap limit shows itself as the mistake it is.
fn swap() -> Result<()> {
    const DEVICE: &str = "/dev/zram0";
    const C_DEVICE: &CStr = c"/dev/zram0";
    fs::write("/sys/block/zram0/disksize", SWAP_SIZE.to_string()).while_(|| "set the size of zram0".into())?;
    let device = OpenOptions::new().write(true).open(DEVICE).while_(|| format!("open {DEVICE}"))?;
    device.write_all_at(&swap_header(SWAP_SIZE), 0).while_(|| format!("write swap signature to {DEVICE}"))?;
    drop(device);
    machine::swapon(C_DEVICE).while_(|| format!("swap on {DEVICE}"))
}

/// The first page of a swap area, version 1 (`union swap_header` in include/linux/swap.h).
fn swap_header(size: u64) -> Vec<u8> {
    const PAGE: usize = 4096;
    const SIGNATURE: &[u8] = b"SWAPSPACE2";
    let last_page = u32::try_from(size / PAGE as u64 - 1).unwrap_or(u32::MAX);
    let mut page = vec![0; PAGE];
    page[1024..1028].copy_from_slice(&1u32.to_ne_bytes());
    page[1028..1032].copy_from_slice(&last_page.to_ne_bytes());
    page[PAGE - SIGNATURE.len()..].copy_from_slice(SIGNATURE);
    page
}

/// What Ubuntu 24.04 sets in /usr/lib/sysctl.d and /etc/sysctl.d, so far as a container can notice it. A kernel that
/// lacks one of these is none the worse for an exam.
fn settings() {
    const SETTINGS: &[(&str, &str)] = &[
        ("fs/protected_fifos", "1"),
        ("fs/protected_hardlinks", "1"),
        ("fs/protected_regular", "2"),
        ("fs/protected_symlinks", "1"),
        ("kernel/kptr_restrict", "1"),
        ("kernel/pid_max", "4194304"),
        ("kernel/yama/ptrace_scope", "1"),
        ("net/ipv4/conf/all/rp_filter", "2"),
        ("net/ipv4/conf/default/rp_filter", "2"),
        ("net/ipv4/ping_group_range", "0 2147483647"),
        ("vm/max_map_count", "1048576"),
    ];
    set(SETTINGS);
}

fn set(settings: &[(&str, &str)]) {
    for (name, value) in settings {
        match fs::write(Path::new("/proc/sys").join(name), value) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => eprintln!("{PREFIX} set {name}: {error}"),
            _ => {}
        }
    }
}

/// Closes the ways by which root changes the kernel itself, until the machine ends: its memory, its ports, modules, another
/// kernel, programs that the kernel starts. Nothing of it is a runtime's business. A kernel that cannot do one of these
/// still has the guards of the testbeds.
fn lock_down() {
    const SECURITY: &str = "/sys/kernel/security";
    // It stays mounted, as systemd leaves it.
    let locked = attach("securityfs", SECURITY, NO_EXEC, "").and_then(|()| {
        let switch = Path::new(SECURITY).join("lockdown");
        fs::write(&switch, "integrity").while_(|| format!("write integrity to {}", switch.display()))
    });
    if let Err(error) = locked {
        eprintln!("{PREFIX} {error}");
    }
    const SWITCHES: [(&str, &str); 5] = [
        ("kernel/modules_disabled", "1"),
        ("kernel/kexec_load_disabled", "1"),
        ("kernel/sysrq", "0"),
        // No capability for what the kernel starts by itself, as for a core pattern.
        ("kernel/usermodehelper/bset", "0 0"),
        ("kernel/usermodehelper/inheritable", "0 0"),
    ];
    set(&SWITCHES);
}

fn start(role: Role) -> Result<Child> {
    let mut command = match role {
        Role::Agent => {
            let mut agent = Command::new(PROGRAM);
            agent.args(["agent", "--port"]).arg(port()?);
            agent
        }
        Role::Shell => {
            // A session of its own with the console as its terminal, or there would be no job control.
            let mut shell = Command::new("/bin/busybox");
            shell.args(["setsid", "cttyhack", "sh", "-l"]);
            shell
        }
    };
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    command.env_clear().envs([("PATH", path), ("HOME", "/root"), ("LANG", "C.UTF-8"), ("TERM", "linux")]);
    command.current_dir("/root").spawn().while_(|| format!("start {command:?}"))
}

/// The device of the port that leads to the host. The driver makes it when the host has told it the name, which is
/// after the module is loaded, and nothing but looking tells when.
fn port() -> Result<PathBuf> {
    const PORTS: &str = "/sys/class/virtio-ports";
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let ports = fs::read_dir(PORTS).while_(|| format!("read directory {PORTS}"))?;
        let ours = |port: &Path| fs::read_to_string(port.join("name")).is_ok_and(|name| name.trim() == PORT_NAME);
        let found = ports.flatten().map(|entry| entry.path()).find(|port| ours(port));
        let device = found.and_then(|port| Some(Path::new("/dev").join(port.file_name()?)));
        match device {
            Some(device) if device.exists() => return Ok(device),
            _ if Instant::now() > deadline => {
                return Err(Errno::ETIMEDOUT).while_(|| format!("wait for the virtio port {PORT_NAME}"));
            }
            _ => thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// As PID 1 we inherit every orphan; each must be waited for, or it stays a zombie.
fn reap_until_end(child: Child) -> Result<WaitStatus> {
    let child = Pid::from_raw(child.id().cast_signed());
    loop {
        match wait() {
            Ok(status) if status.pid() == Some(child) => return Ok(status),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error).while_(|| "wait for the agent".into()),
        }
    }
}

/// PID 1 must not return: the kernel would take it for a crash. Should the machine refuse to be switched off, it stays
/// silent, and the host's deadline ends it.
fn switch_off() -> ! {
    // Closes what the rest hold open; there may be nobody left.
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    let _ = io::stderr().flush();
    sync();
    let refused: nix::Result<Infallible> = reboot(RebootMode::RB_POWER_OFF);
    eprintln!("{PREFIX} switch off: {refused:?}");
    loop {
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_swap_header_counts_pages_without_the_first() {
        let page = swap_header(128 << 20);
        assert_eq!(page.len(), 4096);
        assert_eq!(&page[4086..], b"SWAPSPACE2");
        assert_eq!(page[1028..1032], 32767u32.to_ne_bytes());
    }

    #[test]
    fn nobody_but_the_guests_first_process_is_its_init() {
        assert!(!is_guest_init());
    }
}
