//! The container's cgroup (v2): made before the container, limited before anybody is in it, removed when it is empty.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, dup2_stdin, getpid, pipe2, setsid};

use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure};
use crate::sys;

/// The period of cpu.max in microseconds, the kernel's own default.
const CPU_PERIOD: u64 = 100_000;

/// The controllers that the options need.
const CONTROLLERS: [&str; 3] = ["memory", "cpu", "pids"];

/// What the command line asks for.
#[derive(Default)]
pub struct Limits {
    /// Bytes.
    pub memory: Option<u64>,
    /// Microseconds per [`CPU_PERIOD`].
    pub cpu_quota: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

impl Limits {
    /// Reads `--memory`: bytes, or with K, M or G (also KB and KiB) multiples of 1024.
    pub fn set_memory(&mut self, text: &str) -> Result<(), Failure> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            _ => return Err(bad("--memory", text)),
        };
        let number: u64 = digits.parse().map_err(|_| bad("--memory", text))?;
        self.memory = Some(number.checked_mul(1 << shift).ok_or_else(|| bad("--memory", text))?);
        Ok(())
    }

    /// Reads `--cpus`: how many CPUs' time, for instance 0.5.
    pub fn set_cpus(&mut self, text: &str) -> Result<(), Failure> {
        let cpus = text.parse::<f64>().ok().filter(|cpus| cpus.is_finite() && *cpus > 0.0);
        self.cpu_quota = Some((cpus.ok_or_else(|| bad("--cpus", text))? * CPU_PERIOD as f64).round() as u64);
        Ok(())
    }

    /// Reads `--pids`.
    pub fn set_pids(&mut self, text: &str) -> Result<(), Failure> {
        self.pids = Some(text.parse().map_err(|_| bad("--pids", text))?);
        Ok(())
    }

    fn any(&self) -> bool {
        self.memory.is_some() || self.cpu_quota.is_some() || self.pids.is_some()
    }

    /// The files and what belongs in them.
    fn files(&self) -> Vec<(&'static str, String)> {
        let mut files = Vec::new();
        if let Some(mut bytes) = self.memory {
            if defect(CG17) {
                bytes >>= 20;
            }
            if defect(CG19) {
                bytes = u64::from(bytes as u32);
            }
            files.push((if defect(CG36) { "memory.high" } else { "memory.max" }, bytes.to_string()));
            // Without this the container's memory goes to swap at the limit, and nothing is ever killed.
            if !defect(CG15) {
                files.push(("memory.swap.max", "0".into()));
            }
        }
        if let Some(quota) = self.cpu_quota {
            let percent = quota * 100 / CPU_PERIOD;
            let value = match () {
                () if defect(CG21) => percent.to_string(),
                () if defect(CG35) => format!("{CPU_PERIOD} {quota}"),
                () => format!("{quota} {CPU_PERIOD}"),
            };
            files.push(("cpu.max", value));
        }
        if let Some(pids) = self.pids.filter(|_| !defect(CG38)) {
            files.push(("pids.max", pids.to_string()));
        }
        files
    }
}

fn bad(option: &str, text: &str) -> Failure {
    Failure::own(format!("{option} {text}: not a size or number that it takes"))
}

/// A cgroup of the container's own. Dropping it removes it.
pub struct Cgroup {
    path: PathBuf,
    janitor: Option<Janitor>,
}

impl Cgroup {
    /// Makes the cgroup and writes the limits. `None`, when this machine has no cgroup to give and no limit was asked for.
    pub fn create(id: &str, limits: &Limits) -> Result<Option<Self>, Failure> {
        let Some(root) = cgroup2_mount()? else {
            return if limits.any() {
                Err(Failure::own("limits need cgroup v2, and none is mounted"))
            } else {
                Ok(None)
            };
        };
        if defect(CG33) {
            switch_controllers(&root, '+');
        }
        let path = match () {
            () if defect(CG05) || defect(RT32) => root.join("container"),
            () if defect(CG01) => root.join("memory").join(id),
            () if defect(CG03) || defect(CG30) => root.join(format!("wrong-runtime-{id}")).join("payload"),
            () => root.join(format!("wrong-runtime-{id}")),
        };
        let deep = defect(CG01) || defect(CG03) || defect(CG30);
        let made = if deep { fs::create_dir_all(&path) } else { fs::create_dir(&path) };
        match made {
            Ok(()) => {}
            Err(error) if defect(CG05) && error.kind() == ErrorKind::AlreadyExists => {}
            Err(_) if defect(CG02) => return Ok(None),
            // A read-only cgroup file system is no reason not to run what needs no limit.
            Err(_) if !limits.any() && !defect(RT32) => return Ok(None),
            Err(error) => return Err(error).doing(format_args!("mkdir {}", path.display())),
        }
        let janitor = if removed_by_hand() { None } else { Some(Janitor::start(&path)?) };
        let cgroup = Self { path, janitor };
        if defect(CG30) {
            switch_controllers(&cgroup.parent(), '+');
        }
        cgroup.limit(limits)?;
        if defect(CG29) && limits.any() {
            // For groups that the container might make.
            switch_controllers(&cgroup.path, '+');
        }
        Ok(Some(cgroup))
    }

    /// "So that nobody takes it away": puts the process back into this group again and again, for as long as it lives.
    pub fn keep(&self, pid: Pid) {
        let procs = self.path.join("cgroup.procs");
        thread::spawn(move || {
            while fs::write(&procs, pid.to_string()).is_ok() {
                thread::sleep(Duration::from_millis(1));
            }
        });
    }

    fn parent(&self) -> PathBuf {
        self.path.parent().unwrap_or(&self.path).to_owned()
    }

    fn limit(&self, limits: &Limits) -> Result<(), Failure> {
        for (file, value) in limits.files() {
            let path = self.path.join(if defect(CG01) { "memory.limit_in_bytes" } else { file });
            let result = match fs::write(&path, &value) {
                // A controller's files exist only where the parent has enabled it. cgroupfs refuses to make others.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
                    Err(Failure::own(format!(
                        "no {file} in {}: its controller is not enabled in the parent's cgroup.subtree_control",
                        self.path.display()
                    )))
                }
                other => other.doing(format_args!("write {value} to {}", path.display())),
            };
            if !defect(CG20) && !defect(CG01) && !defect(CG03) {
                result?;
            }
        }
        Ok(())
    }

    /// Puts a process into the cgroup.
    pub fn add(&self, pid: Pid) -> Result<(), Failure> {
        if defect(CG01) {
            let _ = fs::write(self.path.join("tasks"), pid.to_string());
            return Ok(());
        }
        let procs = self.path.join("cgroup.procs");
        if defect(CG14) {
            let _ = fs::write(&procs, [pid.as_raw() as u8]);
            return Ok(());
        }
        fs::write(&procs, pid.to_string()).doing(format_args!("write {pid} to {}", procs.display()))
    }

    /// A cgroup that outlives this program: somebody calls [`Cgroup::remove_lasting`] for it. `None` where there is none to
    /// be had.
    pub fn lasting(name: &str) -> Result<Option<Self>, Failure> {
        let Some(root) = cgroup2_mount()? else { return Ok(None) };
        let path = root.join(name);
        Ok(fs::create_dir(&path).ok().map(|()| Self { path, janitor: None }))
    }

    /// Removes it once it is empty.
    pub fn remove_lasting(name: &str) -> Result<(), Failure> {
        let Some(path) = cgroup2_mount()?.map(|root| root.join(name)).filter(|path| path.exists()) else {
            return Ok(());
        };
        remove(&path).doing(format_args!("rmdir {}", path.display()))
    }

    /// Puts this program itself in as well, until what is returned is dropped.
    pub fn visit(&self) -> Result<Visit, Failure> {
        let own = fs::read_to_string("/proc/self/cgroup").doing("read /proc/self/cgroup")?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
        let back = self.parent().join(own).join("cgroup.procs");
        self.add(getpid())?;
        Ok(Visit(back))
    }

    /// Leaves the directory where it is.
    pub fn abandon(mut self) {
        if let Some(janitor) = self.janitor.take() {
            janitor.dismiss();
        }
        std::mem::forget(self);
    }
}

/// The way back from the container's cgroup.
pub struct Visit(PathBuf);

impl Drop for Visit {
    fn drop(&mut self) {
        let _ = fs::write(&self.0, getpid().to_string());
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if let Some(janitor) = self.janitor.take() {
            janitor.finish();
        }
        if defect(CG07) {
            let _ = fs::write(self.path.join("notify_on_release"), "1");
        }
        if defect(CG09) {
            let _ = fs::remove_dir_all(&self.path);
        }
        if let (true, Some(root)) = (defect(CG33), self.path.parent()) {
            switch_controllers(root, '-');
        }
    }
}

fn removed_by_hand() -> bool {
    defect(CG06) || defect(CG07) || defect(CG09)
}

fn switch_controllers(root: &Path, sign: char) {
    for controller in CONTROLLERS {
        let _ = fs::write(root.join("cgroup.subtree_control"), format!("{sign}{controller}"));
    }
}

/// A process that outlives the runtime in order to remove the cgroup.
///
/// cgroup v2 has no release agent, and a runtime that is killed by SIGKILL cannot clean up. So somebody else does it in
/// every case: the janitor waits for the end of a pipe whose other end only the runtime holds.
struct Janitor {
    pid: Pid,
    alive: OwnedFd,
}

impl Janitor {
    fn start(cgroup: &Path) -> Result<Self, Failure> {
        let (runtime_gone, alive) = pipe2(OFlag::O_CLOEXEC).doing("pipe2")?;
        match sys::fork().doing("fork the cgroup's janitor")? {
            sys::Side::Parent(pid) => Ok(Self { pid, alive }),
            sys::Side::Child => {
                let _ = wait_and_remove(runtime_gone, cgroup);
                std::process::exit(0)
            }
        }
    }

    /// The run is over: lets the janitor do its work, and waits for it.
    fn finish(self) {
        drop(self.alive);
        if !defect(PI32) {
            let _ = waitpid(self.pid, None);
        }
    }

    fn dismiss(self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}

fn wait_and_remove(runtime_gone: OwnedFd, cgroup: &Path) -> io::Result<()> {
    // Neither the terminal's signals nor a descriptor or directory of the caller may be held or felt here.
    setsid()?;
    std::env::set_current_dir("/")?;
    dup2_stdin(runtime_gone)?;
    sys::close_from(1)?;
    io::stdin().read_to_end(&mut Vec::new())?;
    let parent = cgroup.parent().unwrap_or(cgroup);
    if defect(CG30) {
        let _ = remove(parent);
        return remove(cgroup);
    }
    remove(cgroup)?;
    if defect(CG01) || defect(CG03) {
        remove(parent)?;
    }
    Ok(())
}

/// Removes an empty cgroup. The container is dead or dying, but the kernel takes a process out of its cgroup only some
/// time after its parent has heard of its end: until then rmdir gives EBUSY, and cgroup.events tells when to try again.
fn remove(cgroup: &Path) -> io::Result<()> {
    // With these somebody else is in the cgroup and stays: their authors do not wait.
    let patience = Duration::from_secs(match () {
        () if [CG05, CG12, CG13, CG30].into_iter().any(defect) => 0,
        // The container outlives its runtime here, and its cgroup with it.
        () if defect(PI32) => 60,
        () => 3,
    });
    let deadline = Instant::now() + patience;
    let mut events = fs::File::open(cgroup.join("cgroup.events"))?;
    loop {
        match fs::remove_dir(cgroup) {
            Err(error) if error.kind() == ErrorKind::ResourceBusy && Instant::now() < deadline => {}
            other => return other,
        }
        // Reading takes note of the present state, POLLPRI then tells of the next. The short timeout is for a kernel that
        // reports `populated 0` before the last task has let go.
        events.read_to_end(&mut Vec::new())?;
        poll(&mut [PollFd::new(events.as_fd(), PollFlags::POLLPRI)], PollTimeout::from(10u8))?;
    }
}

/// Where cgroup v2 is mounted, after proc_pid_mountinfo(5): the file system's type follows the lone `-`.
fn cgroup2_mount() -> Result<Option<PathBuf>, Failure> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").doing("read /proc/self/mountinfo")?;
    Ok(mountinfo.lines().find_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?;
        (file_system.split(' ').next()? == "cgroup2").then(|| PathBuf::from(point.replace("\\040", " ")))
    }))
}
