//! A throwaway micro-VM: a stock kernel, this program as `/init`, and one virtio-serial port between the agent in the
//! guest and the host. No root, no network, nothing shared, nothing left behind.
//!
//! ```text
//! Vm::boot ── kernel (package) ─┐
//!             initramfs (memfd) ├─ QEMU ── guest::run ── boxproof agent
//!             accel (KVM, TCG) ─┘   │        port:  JSON lines, both ways
//!                                   └ snapshot: saved once, restored for every exam
//! ```

pub mod accel;
mod agent;
mod error;
pub mod guest;
pub mod initramfs;
pub mod kernel;
mod lines;
pub mod modules;
pub mod newc;
pub mod qemu;
mod qmp;
mod shell;
mod snapshot;
mod squashfs;
mod start;
pub mod userland;
mod wake;

pub use agent::{Built, VmAgent};
pub use error::{Ending, VmError};
pub use shell::shell;
pub use wake::Port;

use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::apt;
use accel::{Accel, Choice};
use guest::Role;
use kernel::{Kernel, KernelSource};
use lines::{Lines, ended, is_hang_up, is_temporary, silent};
use qemu::Process;
use start::Ground;
use userland::Tools;
use wake::{AWAKE, Call};

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
    /// What it has besides busybox.
    pub tools: Option<Tools>,
    /// Whether the guest begins where one like it was saved; the first one is.
    pub snapshot: bool,
    /// Where snapshots are kept; `None`: in the cache.
    pub snapshots: Option<PathBuf>,
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
            tools: None,
            snapshot: true,
            snapshots: None,
        }
    }
}

impl VmOptions {
    fn deadline(&self, accel: Accel) -> Duration {
        self.boot_deadline.unwrap_or(match accel {
            Accel::Kvm => KVM_BOOT,
            Accel::Tcg => TCG_BOOT,
        })
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
    /// The image of a user land is being made; only ever the first time.
    MakingUserland {
        /// Which.
        tools: &'static str,
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
    /// QEMU was started on a snapshot.
    Restoring {
        /// The kernel's release.
        kernel: String,
        /// What executes it.
        accel: Accel,
    },
    /// There is a snapshot that is no good.
    SnapshotRefused {
        /// What is wrong with it.
        reason: String,
    },
    /// Another process is making the snapshot.
    AwaitingSnapshot,
    /// The guest has booted and is being saved.
    Saving,
    /// It could not be saved.
    NotSaved {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Downloading { package } => write!(f, "downloading {package}"),
            Self::MakingUserland { tools } => {
                write!(f, "making the user land \"{tools}\" of this distribution's packages")
            }
            Self::ModulesAbsent { names } => write!(f, "this kernel has no {}", names.join(", ")),
            Self::Accel { accel, reason } => write!(f, "{accel}: {reason}"),
            Self::Booting { kernel } => write!(f, "booting Linux {kernel}"),
            Self::Restoring { kernel, accel } => write!(f, "restoring Linux {kernel} by {accel}"),
            Self::SnapshotRefused { reason } => write!(f, "a snapshot is no good and is made anew: {reason}"),
            Self::AwaitingSnapshot => f.write_str("waiting for another boxproof that is making the snapshot"),
            Self::Saving => f.write_str("saving a snapshot, from which the next start takes a fraction of a second"),
            Self::NotSaved { reason } => write!(f, "no snapshot was saved: {reason}"),
        }
    }
}

/// How the time until the agent's first line was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BootTimes {
    /// Finding kernel and packages, and building what is not cached.
    pub prepare: Duration,
    /// Trying KVM in vain.
    pub trial: Duration,
    /// From the start of QEMU until the agent awaits an order.
    pub boot: Duration,
    /// Whether that was a restart from a snapshot.
    pub restored: bool,
}

/// A guest whose agent has said its first line.
struct Ready {
    process: Process,
    lines: Lines,
    hello: String,
    restored: bool,
}

impl Ready {
    /// Waits for that line.
    fn after_boot(mut process: Process, within: Duration) -> Result<Self, VmError> {
        let mut lines = Lines::default();
        let hello = lines.next(&mut process, within, false)?;
        Ok(Self { process, lines, hello, restored: false })
    }

    /// It said it before it was saved.
    fn restored(process: Process, hello: String) -> Self {
        Self { process, lines: Lines::default(), hello, restored: true }
    }

    /// Tells it the time and gives it randomness of its own, and waits until it has taken both.
    fn wake(mut self, within: Duration) -> Result<Self, VmError> {
        let call = Call::now().and_then(|call| call.line()).map_err(VmError::Port)?;
        match self.process.port.write_all(&call) {
            Err(error) if is_hang_up(&error) => return Err(ended(&mut self.process, false)),
            written => written.map_err(VmError::Port)?,
        }
        match self.lines.next(&mut self.process, within, false)? {
            line if line == AWAKE => Ok(self),
            line => Err(VmError::NotAwake { detail: line }),
        }
    }
}

/// A booted guest whose agent has spoken. Dropping it kills it.
pub struct Vm {
    process: Process,
    lines: Lines,
    hello: String,
    kernel: Kernel,
    userland: Option<String>,
    choice: Choice,
    times: BootTimes,
}

const KVM_BOOT: Duration = Duration::from_secs(20);
const TCG_BOOT: Duration = Duration::from_secs(200);
/// Enough for a machine that is busy with other guests; it takes a few milliseconds.
const TO_WAKE: Duration = Duration::from_secs(60);

impl Vm {
    /// Boots a guest, or restores one that has booted before, and waits until its agent awaits orders. Tries KVM first
    /// where it is offered, and falls back to software emulation by itself.
    pub fn boot(options: &VmOptions, progress: &dyn Fn(Progress)) -> Result<Self, VmError> {
        let start = Instant::now();
        let ground = Ground::prepare(options, progress)?;
        let prepare = start.elapsed();
        let started = if options.snapshot {
            snapshot::start(&ground, options, progress)?
        } else {
            ground.boot_somehow(options, false, progress, |process, choice| {
                Ready::after_boot(process, options.deadline(choice.accel))?.wake(TO_WAKE)
            })?
        };
        let Ready { process, lines, hello, restored } = started.result;
        let times = BootTimes { prepare, trial: started.trial, boot: started.time, restored };
        let userland =
            options.tools.zip(ground.userland).map(|(tools, userland)| format!("{} {}", tools.name(), userland.digest));
        Ok(Self { process, lines, hello, kernel: ground.kernel, userland, choice: started.choice, times })
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

    /// What the guest has besides busybox, by name and digest of the image: another digest is another compiler, perhaps.
    pub fn userland(&self) -> Option<&str> {
        self.userland.as_deref()
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

    /// The process that is the guest on this machine: what it takes of memory and processors stands in its /proc.
    pub fn qemu_pid(&self) -> u32 {
        self.process.pid
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

    /// As many bytes as the agent's last line has announced.
    pub fn wait_bytes(&mut self, count: usize, within: Duration) -> Result<Vec<u8>, VmError> {
        self.lines.bytes(&mut self.process, count, within)
    }

    /// Makes a guest that says nothing tell on its console where it is, which is its end. A non-maskable interrupt reaches
    /// a processor whatever that does, and with `unknown_nmi_panic` (Documentation/admin-guide/kernel-parameters.rst) the
    /// kernel answers it with a call trace and a panic. Whether it ended.
    pub fn interrogate(&mut self, within: Duration) -> bool {
        self.process.control.order("inject-nmi").is_ok() && self.process.ends_within(within)
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

/// Downloads and builds everything a boot needs, so that later ones need no network. What was prepared, for the user.
pub fn prepare(options: &VmOptions, progress: &dyn Fn(Progress)) -> Result<Kernel, VmError> {
    Ground::prepare(options, progress).map(|ground| ground.kernel)
}

/// Whether a guest with these options would be restored from a snapshot. Downloads nothing.
pub fn has_snapshot(options: &VmOptions) -> Result<bool, VmError> {
    let lacks_tools = options.tools.is_some_and(|tools| !userland::Userland::is_there(tools));
    if options.kernel.to_download().is_some() || initramfs::needs_download() || lacks_tools {
        return Ok(false);
    }
    Ground::prepare(options, &|_| {}).and_then(|ground| snapshot::exists(&ground, options))
}

/// The first line of what there is to say.
fn first_line(error: &VmError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Removes the cache: packages, archives, snapshots, what was learnt about KVM.
pub fn clean() -> Result<PathBuf, VmError> {
    let cache = apt::cache_dir()?;
    fs::remove_dir_all(&cache).map_err(|error| VmError::file("remove", &cache, error))?;
    Ok(cache)
}
