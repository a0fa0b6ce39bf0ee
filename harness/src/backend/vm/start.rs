//! Starting a guest on what was prepared, by KVM if that works, else in software.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;
use nix::sys::memfd::{MFdFlags, memfd_create};

use super::accel::{self, Accel, Choice};
use super::initramfs::Base;
use super::kernel::Kernel;
use super::lines::{ended, silent};
use super::qemu::{self, Launch, Origin, Process};
use super::userland::Userland;
use super::{Progress, VmError, VmOptions};

/// A silent console for so long means that KVM does not execute anything; a guest that it does execute has reached
/// user space by then.
const KVM_TRIAL: Duration = Duration::from_secs(3);

/// Everything a boot stands on, whatever executes it.
pub(super) struct Ground {
    pub(super) qemu: PathBuf,
    pub(super) kernel: Kernel,
    pub(super) base: Base,
    pub(super) userland: Option<Userland>,
}

/// What came of a start, how it was done, and how long it took.
pub(super) struct Started<T> {
    pub(super) result: T,
    pub(super) choice: Choice,
    /// Spent on trying KVM in vain.
    pub(super) trial: Duration,
    /// Spent on the start that succeeded.
    pub(super) time: Duration,
}

/// A guest whose kernel cannot read the disk would come up without its tools, and whoever needs them would be blamed.
fn can_have_a_disk(absent: &[String]) -> Result<(), VmError> {
    match absent.iter().find(|name| matches!(name.as_str(), "virtio_blk" | "squashfs")) {
        None => Ok(()),
        Some(name) => Err(VmError::Userland {
            detail: format!(
                "it is a disk of the guest's, and this kernel has no {name}. Take another kernel (--kernel)"
            ),
        }),
    }
}

impl Ground {
    /// Finds or fetches everything; nothing that comes after needs a network.
    pub(super) fn prepare(options: &VmOptions, progress: &dyn Fn(Progress)) -> Result<Self, VmError> {
        let qemu = qemu::find()?;
        if let Some(package) = options.kernel.to_download() {
            progress(Progress::Downloading { package });
        }
        let kernel = options.kernel.find()?;
        let base = Base::open(&kernel)?;
        if !base.absent_modules.is_empty() {
            progress(Progress::ModulesAbsent { names: base.absent_modules.clone() });
        }
        if options.tools.is_some() {
            can_have_a_disk(&base.absent_modules)?;
        }
        let userland = options.tools.map(|tools| Userland::open(tools, progress)).transpose()?;
        Ok(Self { qemu, kernel, base, userland })
    }

    /// Starts QEMU and does `then` with it.
    pub(super) fn start<'a, T>(
        &'a self,
        accel: Accel,
        options: &VmOptions,
        origin: impl Fn() -> Result<Origin<'a>, VmError>,
        then: impl Fn(Process) -> Result<T, VmError>,
    ) -> Result<T, VmError> {
        let attempt = |sandbox| {
            let disk = self.userland.as_ref().map(|userland| userland.image.as_path());
            let launch = Launch { qemu: &self.qemu, origin: origin()?, disk, accel, options, sandbox };
            then(Process::start(launch).map_err(|error| VmError::file("start", &self.qemu, error))?)
        };
        match attempt(true) {
            // A QEMU that was built without seccomp says so and ends.
            Err(VmError::NotStarted { stderr, .. }) if stderr.contains("sandbox") => attempt(false),
            outcome => outcome,
        }
    }

    /// Boots a guest, one that can be saved if need be, and does `then` with it: by KVM or, if KVM is on trial and
    /// fails, in software.
    pub(super) fn boot_somehow<T>(
        &self,
        options: &VmOptions,
        savable: bool,
        progress: &dyn Fn(Progress),
        then: impl Fn(Process, &Choice) -> Result<T, VmError>,
    ) -> Result<Started<T>, VmError> {
        let start = Instant::now();
        let choice = accel::choose(options.accel, &self.qemu)?;
        match self.boot(&choice, options, savable, progress, &then) {
            Err(error) if choice.trial && error.is_of_the_guest() => {
                let trial = start.elapsed();
                let choice = Choice { accel: Accel::Tcg, reason: verdict_on_kvm(&error), trial: false };
                let result = self.boot(&choice, options, savable, progress, &then)?;
                // Only now is it certain that KVM was to blame.
                accel::remember(choice.accel, &choice.reason, &self.qemu);
                Ok(Started { result, choice, trial, time: start.elapsed() - trial })
            }
            outcome => {
                let result = outcome?;
                if choice.trial {
                    accel::remember(choice.accel, "it boots here", &self.qemu);
                }
                Ok(Started { result, choice, trial: Duration::ZERO, time: start.elapsed() })
            }
        }
    }

    fn boot<T>(
        &self,
        choice: &Choice,
        options: &VmOptions,
        savable: bool,
        progress: &dyn Fn(Progress),
        then: impl Fn(Process, &Choice) -> Result<T, VmError>,
    ) -> Result<T, VmError> {
        progress(Progress::Accel { accel: choice.accel, reason: choice.reason.clone() });
        progress(Progress::Booting { kernel: self.kernel.release.clone() });
        let origin = || {
            let initramfs = self.base.with_init(&options.program)?;
            let memory = if savable { Some(memory(options)?) } else { None };
            Ok(Origin::Boot { kernel: &self.kernel.image, initramfs, memory })
        };
        self.start(choice.accel, options, origin, |mut process| {
            if choice.trial {
                wait_for_a_sign_of_life(&mut process)?;
            }
            then(process, choice)
        })
    }
}

/// A file for a guest's memory that is in memory itself.
fn memory(options: &VmOptions) -> Result<OwnedFd, VmError> {
    let make = || {
        let file = File::from(memfd_create(c"boxproof-memory", MFdFlags::MFD_CLOEXEC)?);
        file.set_len(u64::from(options.memory_mib) << 20)?;
        Ok(file.into())
    };
    make().map_err(|error| VmError::file("make", Path::new("the guest's memory"), error))
}

/// Why KVM was given up, for the user.
fn verdict_on_kvm(error: &VmError) -> String {
    match error {
        VmError::Silent { waited, .. } => {
            format!("KVM is offered but executes nothing (silent for {:.0} s)", waited.as_secs_f32())
        }
        error => format!("KVM is offered but fails: {}", error.to_string().lines().next().unwrap_or_default()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_without_disks_gets_no_tools() {
        let absent = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(can_have_a_disk(&absent(&["lzo_rle", "nft_masq"])).is_ok());
        let error = can_have_a_disk(&absent(&["lzo_rle", "virtio_blk"])).expect_err("no disk").to_string();
        assert!(error.contains("this kernel has no virtio_blk"), "{error}");
    }
}
