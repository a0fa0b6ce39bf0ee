//! A throwaway micro-VM: a stock kernel, this program as `/init`, and one virtio-serial port between the agent in the
//! guest and the host. No root, no network, nothing shared, nothing left behind.
//!
//! ```text
//! Vm::boot ── kernel (package) ─┐
//!             initramfs (memfd) ├─ QEMU ── guest::run ── boxproof agent
//!             accel (KVM, TCG) ─┘            port:  JSON lines, both ways
//! ```

pub mod accel;
mod agent;
pub mod guest;
pub mod initramfs;
pub mod kernel;
pub mod modules;
pub mod newc;
pub mod qemu;
mod shell;

pub use agent::VmAgent;
pub use shell::shell;

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::apt::{self, AptError};
use accel::{Accel, Choice};
use guest::Role;
use initramfs::Base;
use kernel::{Kernel, KernelSource};
use qemu::{Launch, Process};

/// What kind of guest to boot. The default is right for an exam.
#[derive(Debug, Clone)]
pub struct VmOptions {
    /// Where the kernel comes from.
    pub kernel: KernelSource,
    /// KVM or software emulation; `None` finds out.
    pub accel: Option<Accel>,
    /// Memory, in MiB. Its own tmpfs file systems and the zram swap live in it.
    pub memory_mib: u32,
    /// Processors.
    pub cpus: u32,
    /// The static program that becomes `/init` and, in there, the agent. Default: the running one.
    pub program: PathBuf,
    /// What the guest is for.
    pub role: Role,
    /// How long it may take to the agent's first line; `None`: 20 s with KVM, ten times that in software.
    pub boot_deadline: Option<Duration>,
    /// Added to the kernel's command line.
    pub kernel_arguments: String,
}

impl Default for VmOptions {
    fn default() -> Self {
        Self {
            kernel: KernelSource::Auto,
            accel: None,
            memory_mib: 512,
            cpus: 2,
            program: PathBuf::from("/proc/self/exe"),
            role: Role::Agent,
            boot_deadline: None,
            kernel_arguments: String::new(),
        }
    }
}

/// What is going on while a guest boots; `Display` gives a line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A package is being downloaded; only ever the first time.
    Downloading {
        /// Its name.
        package: String,
    },
    /// Optional modules that the kernel does not have.
    ModulesAbsent {
        /// Their names.
        names: Vec<String>,
    },
    /// The way of executing the guest's instructions was chosen.
    Accel {
        /// Which.
        accel: Accel,
        /// Why.
        reason: String,
    },
    /// QEMU was started.
    Booting {
        /// The kernel's release.
        kernel: String,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Downloading { package } => write!(f, "downloading {package}"),
            Self::ModulesAbsent { names } => write!(f, "this kernel has no {}", names.join(", ")),
            Self::Accel { accel, reason } => write!(f, "{accel}: {reason}"),
            Self::Booting { kernel } => write!(f, "booting Linux {kernel}"),
        }
    }
}

/// Why there is no guest, or no more. None of these is the fault of the program under test until somebody proves it.
#[derive(Debug)]
pub enum VmError {
    /// QEMU is not installed.
    NoQemu {
        /// The program that was looked for.
        program: &'static str,
        /// Debian's package that has it.
        package: &'static str,
    },
    /// A package could not be had.
    Apt(AptError),
    /// No usable kernel.
    NoKernel {
        /// What is wrong.
        detail: String,
    },
    /// The kernel lacks a module that the guest needs.
    NoModule {
        /// Its name.
        name: String,
    },
    /// `BOXPROOF_ACCEL` is neither `kvm` nor `tcg`.
    BadAccel {
        /// What it is.
        value: String,
    },
    /// A file operation failed.
    File {
        /// What was being done.
        operation: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// QEMU refused its arguments or could not run them.
    NotStarted {
        /// How it ended.
        status: Option<ExitStatus>,
        /// Its standard error.
        stderr: String,
    },
    /// The guest ended though it should not have.
    Ended {
        /// How.
        ending: Ending,
        /// Whether the agent had written its first line.
        booted: bool,
        /// The end of the guest's console.
        console: String,
    },
    /// The guest runs but says nothing: it hangs.
    Silent {
        /// How long it was waited for.
        waited: Duration,
        /// Whether the agent had written its first line.
        booted: bool,
        /// The end of the guest's console.
        console: String,
    },
    /// The agent's line is longer than anything it has to say.
    LineTooLong,
    /// The port failed on our side.
    Port(io::Error),
}

/// How a guest came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The kernel panicked; its own line.
    Panic(String),
    /// Reset, without a panic on the console.
    Reset,
    /// Switched off: the agent ended, or somebody in the guest did it.
    PowerOff,
    /// QEMU itself crashed or was killed.
    Qemu {
        /// How it ended.
        status: String,
        /// Its standard error.
        stderr: String,
    },
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic(line) => write!(f, "the guest's kernel panicked: {line}"),
            Self::Reset => f.write_str("the guest was reset"),
            Self::PowerOff => f.write_str("the guest switched itself off"),
            Self::Qemu { status, stderr } => write!(f, "QEMU ended ({status}): {}", stderr.trim()),
        }
    }
}

impl fmt::Display for VmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoQemu { program, package } => {
                write!(f, "{program} is not installed: sudo apt-get install --no-install-recommends {package}")
            }
            Self::Apt(error) => error.fmt(f),
            Self::NoKernel { detail } => f.write_str(detail),
            Self::NoModule { name } => write!(
                f,
                "the kernel has no module {name}, which the guest needs: \
                 choose another by BOXPROOF_KERNEL_PACKAGE=PACKAGE or BOXPROOF_KERNEL=VMLINUZ"
            ),
            Self::BadAccel { value } => write!(f, "BOXPROOF_ACCEL={value}: must be kvm, tcg or auto"),
            Self::File { operation, path, source } => write!(f, "{operation} {}: {source}", path.display()),
            Self::NotStarted { status, stderr } => {
                let status = status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
                write!(f, "QEMU did not start ({status}): {}", stderr.trim())
            }
            Self::Ended { ending, booted, console } => {
                let when = if *booted { "before the exam's end" } else { "before the agent was ready" };
                write!(f, "{ending}, {when}\n{}", Quoted(console))
            }
            Self::Silent { waited, booted, console } => {
                let whom = if *booted { "the agent" } else { "the booting guest" };
                write!(f, "{whom} hangs: nothing heard for {:.0} s\n{}", waited.as_secs_f32(), Quoted(console))
            }
            Self::LineTooLong => write!(f, "the agent sent a line of more than {} MiB", LONGEST_LINE >> 20),
            Self::Port(error) => write!(f, "the guest's port: {error}"),
        }
    }
}

/// The last lines of a console, marked as such: they are the guest's words, not ours.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LINES: usize = 20;
        let lines: Vec<_> = self.0.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            return f.write_str("  (nothing on the guest's console)");
        }
        f.write_str("the end of the guest's console:")?;
        lines[lines.len().saturating_sub(LINES)..].iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

impl std::error::Error for VmError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Port(source) => Some(source),
            _ => None,
        }
    }
}

impl From<AptError> for VmError {
    fn from(error: AptError) -> Self {
        Self::Apt(error)
    }
}

impl VmError {
    fn file(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { operation, path: path.to_owned(), source }
    }
}

/// How the time until the agent's first line was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BootTimes {
    /// Finding kernel and packages, and building what is not cached.
    pub prepare: Duration,
    /// Trying KVM in vain.
    pub trial: Duration,
    /// From the start of QEMU to the agent's first line.
    pub boot: Duration,
}

/// A booted guest whose agent has spoken. Dropping it kills it.
pub struct Vm {
    process: Process,
    lines: Lines,
    hello: String,
    kernel: Kernel,
    choice: Choice,
    times: BootTimes,
}

/// A silent console for so long means that KVM does not execute anything; a guest that it does execute has reached
/// user space by then.
const KVM_TRIAL: Duration = Duration::from_secs(3);
const KVM_BOOT: Duration = Duration::from_secs(20);
const TCG_BOOT: Duration = Duration::from_secs(200);
/// Between the end of the guest's side of the port and QEMU's own end.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// A guest that is being examined is not trusted to end its lines.
const LONGEST_LINE: usize = 16 << 20;

impl Vm {
    /// Boots a guest and waits for its agent's first line. Tries KVM first where it is offered, and falls back to
    /// software emulation by itself.
    pub fn boot(options: &VmOptions, progress: &dyn Fn(Progress)) -> Result<Self, VmError> {
        let start = Instant::now();
        let ground = Ground::prepare(options, progress)?;
        let prepare = start.elapsed();
        let started = ground.start_somehow(options, progress, |mut process, choice| {
            let deadline = options.boot_deadline.unwrap_or(match choice.accel {
                Accel::Kvm => KVM_BOOT,
                Accel::Tcg => TCG_BOOT,
            });
            let mut lines = Lines::default();
            let hello = lines.next(&mut process, deadline, false)?;
            Ok((process, lines, hello))
        })?;
        let times = BootTimes { prepare, trial: started.trial, boot: started.time };
        let (process, lines, hello) = started.result;
        Ok(Self { process, lines, hello, kernel: ground.kernel, choice: started.choice, times })
    }

    /// The agent's first line.
    pub fn hello(&self) -> &str {
        &self.hello
    }

    /// How the guest's instructions are executed, and why so.
    pub fn accel(&self) -> &Choice {
        &self.choice
    }

    /// The guest's kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// What `uname -r` says in the guest.
    pub fn kernel_release(&self) -> &str {
        &self.kernel.release
    }

    /// How the time until now was spent.
    pub fn times(&self) -> BootTimes {
        self.times
    }

    /// The last 64 KiB of the guest's console.
    pub fn console(&self) -> String {
        self.process.console_tail.text()
    }

    /// Another handle to the stream that ends in the agent's port. Lines that [`wait_line`](Self::wait_line) has read
    /// ahead are not in it.
    pub fn port(&self) -> Result<UnixStream, VmError> {
        self.process.port.try_clone().map_err(VmError::Port)
    }

    /// Sends bytes to the agent, which must take them in time.
    pub fn send(&mut self, bytes: &[u8], within: Duration) -> Result<(), VmError> {
        let deadline = Instant::now() + within;
        let mut rest = bytes;
        while !rest.is_empty() {
            let time = deadline.saturating_duration_since(Instant::now());
            if time.is_zero() {
                return Err(silent(&self.process, within, true));
            }
            // A write timeout of zero would mean none.
            let written = self.process.port.set_write_timeout(Some(time)).and_then(|()| self.process.port.write(rest));
            match written {
                Ok(count) => rest = &rest[count..],
                Err(error) if is_temporary(&error) => {}
                Err(error) if is_hang_up(&error) => return Err(ended(&mut self.process, true)),
                Err(error) => return Err(VmError::Port(error)),
            }
        }
        Ok(())
    }

    /// The agent's next line, without its end. What happened instead is told by the error: the guest's end and its
    /// kind, or its silence.
    pub fn wait_line(&mut self, within: Duration) -> Result<String, VmError> {
        self.lines.next(&mut self.process, within, true)
    }

    /// Lets the guest switch itself off, which it does when the agent ends; makes it if it does not in time. Whether
    /// it did so by itself.
    pub fn shutdown(mut self, within: Duration) -> bool {
        let by_itself = self.process.ends_within(within);
        if !by_itself {
            self.process.stop();
        }
        by_itself
    }
}

/// Everything a boot stands on, whatever executes it.
struct Ground {
    qemu: PathBuf,
    kernel: Kernel,
    base: Base,
}

/// What came of a start, how it was done, and how long it took.
struct Started<T> {
    result: T,
    choice: Choice,
    /// Spent on trying KVM in vain.
    trial: Duration,
    /// Spent on the start that succeeded.
    time: Duration,
}

impl Ground {
    fn prepare(options: &VmOptions, progress: &dyn Fn(Progress)) -> Result<Self, VmError> {
        let qemu = qemu::find()?;
        if let Some(package) = options.kernel.to_download() {
            progress(Progress::Downloading { package });
        }
        let kernel = options.kernel.find()?;
        let base = Base::open(&kernel)?;
        if !base.absent_modules.is_empty() {
            progress(Progress::ModulesAbsent { names: base.absent_modules.clone() });
        }
        Ok(Self { qemu, kernel, base })
    }

    fn start(&self, accel: Accel, options: &VmOptions, sandbox: bool) -> Result<Process, VmError> {
        let initramfs = self.base.with_init(&options.program)?;
        let (qemu, kernel) = (self.qemu.as_path(), self.kernel.image.as_path());
        Process::start(Launch { qemu, kernel, initramfs, accel, options, sandbox })
            .map_err(|error| VmError::file("start", &self.qemu, error))
    }

    /// Starts a guest and does `then` with it, by KVM or, if KVM is on trial and fails, in software.
    fn start_somehow<T>(
        &self,
        options: &VmOptions,
        progress: &dyn Fn(Progress),
        then: impl Fn(Process, &Choice) -> Result<T, VmError>,
    ) -> Result<Started<T>, VmError> {
        let start = Instant::now();
        let choice = accel::choose(options.accel, &self.qemu)?;
        match self.start_with(&choice, options, progress, &then) {
            Ok(result) => {
                if choice.trial {
                    accel::remember(choice.accel, "it boots here", &self.qemu);
                }
                Ok(Started { result, choice, trial: Duration::ZERO, time: start.elapsed() })
            }
            Err(error) if choice.trial && error.is_of_the_guest() => {
                let trial = start.elapsed();
                let choice = self.fall_back(&error);
                let result = self.start_with(&choice, options, progress, &then)?;
                Ok(Started { result, choice, trial, time: start.elapsed() - trial })
            }
            Err(error) => Err(error),
        }
    }

    fn start_with<T>(
        &self,
        choice: &Choice,
        options: &VmOptions,
        progress: &dyn Fn(Progress),
        then: impl Fn(Process, &Choice) -> Result<T, VmError>,
    ) -> Result<T, VmError> {
        progress(Progress::Accel { accel: choice.accel, reason: choice.reason.clone() });
        progress(Progress::Booting { kernel: self.kernel.release.clone() });
        let attempt = |sandbox| {
            let mut process = self.start(choice.accel, options, sandbox)?;
            if choice.trial {
                wait_for_a_sign_of_life(&mut process)?;
            }
            then(process, choice)
        };
        match attempt(true) {
            // A QEMU that was built without seccomp says so and ends.
            Err(VmError::NotStarted { stderr, .. }) if stderr.contains("sandbox") => attempt(false),
            outcome => outcome,
        }
    }

    fn fall_back(&self, error: &VmError) -> Choice {
        let reason = match error {
            VmError::Silent { waited, .. } => {
                format!("KVM is offered but executes nothing (silent for {:.0} s)", waited.as_secs_f32())
            }
            error => format!("KVM is offered but fails: {}", error.to_string().lines().next().unwrap_or_default()),
        };
        accel::remember(Accel::Tcg, &reason, &self.qemu);
        Choice { accel: Accel::Tcg, reason, trial: false }
    }
}

/// A guest on trial must have written something, on its port or on its console, when the trial is over.
fn wait_for_a_sign_of_life(process: &mut Process) -> Result<(), VmError> {
    let watched = [(process.port.as_fd(), PollFlags::POLLIN), (process.pidfd().as_fd(), PollFlags::POLLIN)];
    let ready = qemu::ready(&watched, KVM_TRIAL).map_err(VmError::Port)?;
    match ready[..] {
        [_, true] => Err(ended(process, false)),
        [true, _] => Ok(()),
        _ if process.console_tail.is_empty() => Err(silent(process, KVM_TRIAL, false)),
        _ => Ok(()),
    }
}

impl VmError {
    /// Whether this came of running a guest, so that running it otherwise may help.
    fn is_of_the_guest(&self) -> bool {
        matches!(self, Self::NotStarted { .. } | Self::Ended { .. } | Self::Silent { .. })
    }
}

/// The agent's lines; what was read beyond the last one.
#[derive(Default)]
struct Lines {
    buffer: Vec<u8>,
    /// Up to here the buffer holds no line's end.
    searched: usize,
}

impl Lines {
    fn next(&mut self, process: &mut Process, within: Duration, booted: bool) -> Result<String, VmError> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(line) = self.take() {
                return Ok(line);
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err(VmError::LineTooLong);
            }
            let time = deadline.saturating_duration_since(Instant::now());
            let ready = qemu::ready(&[(process.port.as_fd(), PollFlags::POLLIN)], time).map_err(VmError::Port)?;
            if ready[0] {
                self.read(process, booted)?;
            } else if time.is_zero() {
                return Err(silent(process, within, booted));
            }
        }
    }

    fn take(&mut self) -> Option<String> {
        let end = self.buffer[self.searched..].iter().position(|&byte| byte == b'\n');
        let Some(end) = end.map(|end| self.searched + end) else {
            self.searched = self.buffer.len();
            return None;
        };
        let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..=end);
        self.searched = 0;
        Some(line)
    }

    fn read(&mut self, process: &mut Process, booted: bool) -> Result<(), VmError> {
        let mut chunk = [0; 16 << 10];
        match process.port.read(&mut chunk) {
            Ok(0) => Err(ended(process, booted)),
            Ok(count) => {
                self.buffer.extend_from_slice(&chunk[..count]);
                Ok(())
            }
            Err(error) if is_temporary(&error) => Ok(()),
            Err(error) if is_hang_up(&error) => Err(ended(process, booted)),
            Err(error) => Err(VmError::Port(error)),
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

fn silent(process: &Process, waited: Duration, booted: bool) -> VmError {
    VmError::Silent { waited, booted, console: process.console_tail.text() }
}

/// Judges a guest whose port has closed, which happens when QEMU ends.
fn ended(process: &mut Process, booted: bool) -> VmError {
    if !process.ends_within(LAST_WORDS) {
        process.stop();
    }
    let last = process.post_mortem();
    let panic = last.console.lines().find_map(|line| Some(line[line.find("Kernel panic")?..].to_owned()));
    let clean = last.status.is_some_and(|status| status.success());
    let ending = match (panic, last.reason.as_deref()) {
        (Some(line), _) => Ending::Panic(line),
        (None, Some("guest-reset")) if clean => Ending::Reset,
        (None, Some(_)) if clean => Ending::PowerOff,
        // It ended before it executed anything: a matter of its arguments.
        _ if last.console.is_empty() && !booted => {
            return VmError::NotStarted { status: last.status, stderr: last.stderr };
        }
        _ => {
            let status = last.status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
            Ending::Qemu { status, stderr: last.stderr }
        }
    };
    VmError::Ended { ending, booted, console: last.console }
}

/// Downloads and builds everything a boot needs, so that later ones need no network. What was prepared, for the user.
pub fn prepare(options: &VmOptions, progress: &dyn Fn(Progress)) -> Result<Kernel, VmError> {
    Ground::prepare(options, progress).map(|ground| ground.kernel)
}

/// Removes the cache: packages, archives, what was learnt about KVM.
pub fn clean() -> Result<PathBuf, VmError> {
    let cache = apt::cache_dir()?;
    fs::remove_dir_all(&cache).map_err(|error| VmError::file("remove", &cache, error))?;
    Ok(cache)
}
