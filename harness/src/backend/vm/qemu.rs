//! One QEMU process: its command line, its life, its last words. Everything it is given is an inherited descriptor
//! (the initramfs a memfd, the serial lines socket pairs), so that nothing of it exists in the file system; and it is
//! tied to the life of this program by the kernel, so that it dies with it even by SIGKILL.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::accel::Accel;
use super::guest::{self, Role};
use super::qmp::Control;
use super::{VmError, VmOptions};
use crate::sys::machine;

/// What differs between the architectures a guest can have, which is always the host's.
struct Machine {
    program: &'static str,
    package: &'static str,
    kind: &'static str,
    console: &'static str,
}

const MACHINE: Machine = if cfg!(target_arch = "aarch64") {
    Machine { program: "qemu-system-aarch64", package: "qemu-system-arm", kind: "virt", console: "ttyAMA0" }
} else {
    // Not `microvm`: under software emulation it does not boot everywhere, and a stock kernel need not support it.
    Machine { program: "qemu-system-x86_64", package: "qemu-system-x86", kind: "q35", console: "ttyS0" }
};

/// Finds QEMU in PATH.
pub fn find() -> Result<PathBuf, VmError> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|directory| directory.join(MACHINE.program)).find(|file| file.is_file());
    found.ok_or(VmError::NoQemu { program: MACHINE.program, package: MACHINE.package })
}

/// What a guest begins with.
pub(super) enum Origin<'a> {
    /// Its kernel's first instruction.
    Boot {
        kernel: &'a Path,
        initramfs: OwnedFd,
        /// Where its memory is to lie, if somebody else is to read it. A file of the memory's size.
        memory: Option<OwnedFd>,
    },
    /// The memory of another guest, from which it reads and to which it never writes. The state of that guest's
    /// devices comes over the control line; until then, and until it is told to go on, it stands still.
    Saved { memory: OwnedFd },
}

/// What one start of QEMU needs.
pub(super) struct Launch<'a> {
    pub(super) qemu: &'a Path,
    pub(super) origin: Origin<'a>,
    /// Its only disk, if it has one. It is only ever read, so any number of guests may have the same.
    pub(super) disk: Option<&'a Path>,
    pub(super) accel: Accel,
    pub(super) options: &'a VmOptions,
    /// Whether QEMU confines itself by seccomp; not every build can.
    pub(super) sandbox: bool,
}

/// The QEMU ends of the lines, by descriptor.
struct Lines {
    port: RawFd,
    console: RawFd,
    control: RawFd,
}

impl Launch<'_> {
    fn command(&self, lines: &Lines) -> Command {
        let Lines { port, console, control } = lines;
        let mut command = Command::new(self.qemu);
        command
            .args(["-nodefaults", "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot"])
            .args(["-accel", self.accel.name(), "-cpu", self.processor()])
            .args(["-m", &format!("{}M", self.options.memory_mib), "-smp", &self.options.cpus.to_string()])
            .args(["-chardev", &format!("socket,id=console,fd={console}"), "-serial", "chardev:console"])
            .args(["-chardev", &format!("socket,id=control,fd={control}"), "-mon", "chardev=control,mode=control"])
            .args(["-chardev", &format!("socket,id=port,fd={port}"), "-device", "virtio-serial-pci"])
            .args(["-device", &format!("virtserialport,chardev=port,name={}", guest::PORT_NAME)]);
        if let Some(disk) = self.disk {
            // In this option a comma ends the name of the file; two are a comma.
            let name = disk.display().to_string().replace(',', ",,");
            command
                .args(["-drive", &format!("if=none,id=userland,format=raw,readonly=on,file={name}")])
                .args(["-device", "virtio-blk-pci,drive=userland"]);
        }
        if self.sandbox {
            command.args(["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]);
        }
        let mut inherited = vec![*port, *console, *control];
        inherited.extend(self.origin.descriptors());
        self.begin(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Ctrl-C is for this program, which then ends QEMU in order.
        command.process_group(0);
        machine::inherit(&mut command, inherited);
        machine::die_with_parent(&mut command);
        command
    }

    /// All that there is; but not cmpxchg16b in software, which in QEMU 7.2 leaves garbage in the flags: Linux 6.12, whose
    /// allocator goes by them, ends in a double fault. Without it the allocator takes a lock.
    fn processor(&self) -> &'static str {
        match self.accel {
            Accel::Tcg if cfg!(target_arch = "x86_64") => "max,-cx16",
            _ => "max",
        }
    }

    /// How the guest begins.
    fn begin(&self, command: &mut Command) {
        let path = |fd: &OwnedFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
        let memory = match &self.origin {
            Origin::Boot { kernel, initramfs, memory } => {
                command.arg("-kernel").arg(kernel);
                command.args(["-initrd", &path(initramfs), "-append", &self.kernel_command_line()]);
                memory.as_ref().map(|memory| (memory, "on"))
            }
            Origin::Saved { memory } => {
                command.args(["-S", "-incoming", "defer"]);
                Some((memory, "off"))
            }
        };
        match memory {
            None => command.args(["-machine", MACHINE.kind]),
            // A file that is not shared is mapped privately: what the guest writes goes to copies of the pages.
            Some((file, share)) => {
                let (size, file) = (self.options.memory_mib, path(file));
                let backend = format!("memory-backend-file,id=memory,size={size}M,mem-path={file},share={share}");
                command.args(["-machine", &format!("{},memory-backend=memory", MACHINE.kind), "-object", &backend])
            }
        };
    }

    /// A panic or an oops ends the guest at once instead of hanging, and so does an interrupt from us when it does hang.
    /// `panic_on_oom` stays off: the exam provokes out-of-memory kills. The self-tests of the kernel's cryptography take a fifth of the boot and test nothing
    /// that an exam needs. Nor does it help to test whether timer interrupts arrive: on a busy host they come too late
    /// for the test, and the kernel gives up. Hierarchies of cgroup v1 have programs that the kernel starts for them
    /// (`release_agent`); there are none, as on a host under systemd. Of the security modules those are on that the
    /// guards of testbeds need, which not every distribution turns on by itself.
    fn kernel_command_line(&self) -> String {
        // 0x40: with the call trace of each processor.
        const ON_INTERRUPT: &str = "unknown_nmi_panic panic_print=0x40";
        const GUARDED: &str = "cgroup_no_v1=all,named lsm=landlock,lockdown,yama,apparmor,bpf";
        const NO_SELF_TESTS: &str = "cryptomgr.notests initcall_blacklist=crypto_kdf108_init no_timer_check";
        format!(
            "console={} loglevel=4 panic=-1 oops=panic {ON_INTERRUPT} rdinit=/init {NO_SELF_TESTS} {GUARDED} {}={} {}",
            MACHINE.console,
            guest::MARKER,
            self.options.role.name(),
            self.options.kernel_arguments
        )
    }
}

impl Origin<'_> {
    fn descriptors(&self) -> Vec<RawFd> {
        match self {
            Self::Boot { initramfs, memory, .. } => memory.iter().chain([initramfs]).map(AsRawFd::as_raw_fd).collect(),
            Self::Saved { memory } => vec![memory.as_raw_fd()],
        }
    }

    fn memory_to_read(&self) -> io::Result<Option<File>> {
        match self {
            Self::Boot { memory: Some(memory), .. } => Ok(Some(memory.try_clone()?.into())),
            _ => Ok(None),
        }
    }

    /// To be closed when QEMU has them.
    fn into_descriptors(self) -> Vec<OwnedFd> {
        match self {
            Self::Boot { initramfs, memory, .. } => memory.into_iter().chain([initramfs]).collect(),
            Self::Saved { memory } => vec![memory],
        }
    }
}

/// A running QEMU. Dropping it kills it.
pub(super) struct Process {
    /// Our end of the virtio-serial port.
    pub(super) port: UnixStream,
    /// Our end of the serial console.
    pub(super) console: UnixStream,
    /// The last of what the guest wrote on its console.
    pub(super) console_tail: Tail,
    /// The line on which it takes orders.
    pub(super) control: Control,
    /// Its memory, if it was started with one that others may read.
    pub(super) memory: Option<File>,
    stderr_tail: Tail,
    pub(super) pid: u32,
    pidfd: OwnedFd,
    keeper: Option<JoinHandle<io::Result<ExitStatus>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    pub(super) fn start(launch: Launch<'_>) -> io::Result<Self> {
        let (port, qemu_port) = UnixStream::pair()?;
        let (console, qemu_console) = UnixStream::pair()?;
        let (control, qemu_control) = UnixStream::pair()?;
        let lines =
            Lines { port: qemu_port.as_raw_fd(), console: qemu_console.as_raw_fd(), control: qemu_control.as_raw_fd() };
        let memory = launch.origin.memory_to_read()?;
        let command = launch.command(&lines);
        let given = (qemu_port, qemu_console, qemu_control, launch.origin.into_descriptors());
        let (keeper, started) = keep(command, given)?;
        let (pid, pidfd, stderr) = started.recv().map_err(io::Error::other)??;

        let (console_tail, stderr_tail) = (Tail::default(), Tail::default());
        let (control, listener) = Control::open(control)?;
        let echo = launch.options.role == Role::Shell;
        let readers = vec![
            console_tail.fill("console", console.try_clone()?, echo)?,
            stderr_tail.fill("stderr", stderr, false)?,
            listener,
        ];
        let process = Self {
            port,
            console,
            console_tail,
            control,
            memory,
            stderr_tail,
            pid,
            pidfd,
            keeper: Some(keeper),
            readers,
        };
        // Events come only after the capabilities are settled (QEMU's qmp-spec). A QEMU that ended already says why
        // on its standard error; nobody needs this one too.
        let _ = process.control.order("qmp_capabilities");
        Ok(process)
    }

    /// Readable once QEMU has ended.
    pub(super) fn pidfd(&self) -> &OwnedFd {
        &self.pidfd
    }

    /// Waits for QEMU to end by itself; whether it did.
    pub(super) fn ends_within(&self, time: Duration) -> bool {
        ready(&[(self.pidfd.as_fd(), PollFlags::POLLIN)], time).is_ok_and(|ready| ready[0])
    }

    /// Asks QEMU to end, then makes it.
    pub(super) fn stop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        let asked = self.control.order("quit").is_ok();
        if !(asked && self.ends_within(PATIENCE)) {
            self.kill();
        }
        self.reap();
    }

    fn kill(&self) {
        // It fails only for a process that is not ours, which a pidfd rules out.
        let _ = machine::pidfd_kill(self.pidfd.as_fd());
    }

    /// Collects the ended process, and everything that was still on its lines.
    fn reap(&mut self) -> Option<io::Result<ExitStatus>> {
        let status = self.keeper.take().and_then(|keeper| keeper.join().ok());
        for reader in self.readers.drain(..) {
            // A reader that panicked has lost its line's tail; the rest is still worth telling.
            let _ = reader.join();
        }
        status
    }

    /// What is known about a QEMU that has ended.
    pub(super) fn post_mortem(&mut self) -> PostMortem {
        let status = self.reap().and_then(Result::ok);
        PostMortem {
            status,
            stderr: self.stderr_tail.text(),
            console: self.console_tail.text(),
            reason: self.control.shutdown_reason(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.keeper.is_some() {
            self.kill();
            self.reap();
        }
    }
}

/// What a QEMU that has ended leaves to be judged.
pub(super) struct PostMortem {
    pub(super) status: Option<ExitStatus>,
    pub(super) stderr: String,
    pub(super) console: String,
    /// QEMU's own word for it (`SHUTDOWN` event): `guest-shutdown`, `guest-reset`, ...
    pub(super) reason: Option<String>,
}

type Started = mpsc::Receiver<io::Result<(u32, OwnedFd, std::process::ChildStderr)>>;
type Keeper = JoinHandle<io::Result<ExitStatus>>;

/// Spawns `command` in a thread that then waits for it: the parent-death signal follows the spawning thread, so that
/// thread must live as long as the child. `given` is closed here as soon as the child has it.
fn keep<T: Send + 'static>(mut command: Command, given: T) -> io::Result<(Keeper, Started)> {
    let (tell, started) = mpsc::channel();
    let keeper = thread::Builder::new().name("qemu".to_owned()).spawn(move || {
        let spawned = command.spawn();
        drop(given);
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                let _ = tell.send(Err(io::Error::new(error.kind(), error.to_string())));
                return Err(error);
            }
        };
        let stderr = child.stderr.take().ok_or_else(|| io::Error::other("no standard error"));
        let told = tell.send(machine::pidfd_open(child.id()).and_then(|pidfd| Ok((child.id(), pidfd, stderr?))));
        if told.is_err() {
            child.kill()?;
        }
        child.wait()
    })?;
    Ok((keeper, started))
}

/// The last 64 KiB of a stream, kept by a thread that reads it, so that its writer never blocks.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Tail {
    const KEPT: usize = 64 << 10;

    fn fill(&self, name: &str, mut from: impl Read + Send + 'static, echo: bool) -> io::Result<JoinHandle<()>> {
        let tail = self.clone();
        thread::Builder::new().name(format!("qemu-{name}")).spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                match from.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(count) => tail.push(&buffer[..count], echo),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // The other end died with unread bytes in its queue: an end like any other.
                    Err(_) => return,
                }
            }
        })
    }

    fn push(&self, new: &[u8], echo: bool) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(new);
        let surplus = bytes.len().saturating_sub(Self::KEPT);
        bytes.drain(..surplus);
        if echo {
            let mut stdout = io::stdout().lock();
            // Without a terminal to show it on, the console is still kept.
            let _ = stdout.write_all(new).and_then(|()| stdout.flush());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// As text that does nothing to the terminal it is shown on: the guest may have been taken over.
    pub(super) fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        text.split_inclusive(is_dangerous).fold(String::with_capacity(text.len()), |shown, piece| {
            match piece.strip_suffix(is_dangerous) {
                Some(plain) => shown + plain + &piece[plain.len()..].escape_debug().to_string(),
                None => shown + piece,
            }
        })
    }
}

fn is_dangerous(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
}

/// Waits until one of the descriptors is ready; which are. Nothing is ready when the time is over.
pub(super) fn ready(watched: &[(std::os::fd::BorrowedFd<'_>, PollFlags)], time: Duration) -> io::Result<Vec<bool>> {
    let mut fds: Vec<PollFd<'_>> = watched.iter().map(|(fd, events)| PollFd::new(*fd, *events)).collect();
    // Rounded up: a wait of half a millisecond must not become a busy loop.
    let timeout = PollTimeout::try_from(time + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
    match poll(&mut fds, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(fds.iter().map(|fd| fd.any().unwrap_or(true)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_does_nothing_to_the_terminal() {
        let tail = Tail::default();
        tail.push(b"a\x1b[2Jb\r\n\tc\x07\xff", false);
        assert_eq!(tail.text(), "a\\u{1b}[2Jb\n\tc\\u{7}\u{fffd}");
    }

    #[test]
    fn a_tail_keeps_the_end() {
        let tail = Tail::default();
        assert!(tail.is_empty());
        tail.push(&vec![b'a'; Tail::KEPT], false);
        tail.push(b"the end\r\n", false);
        let text = tail.text();
        assert!(text.ends_with("the end\n") && text.len() < Tail::KEPT, "{}", text.len());
    }
}
