//! A micro-VM as an agent: orders go in at the port, events come out of it.

use super::{Progress, Vm, VmError, VmOptions};
use crate::backend::{Agent, Heard};
use crate::error::{Context, Error, Result};
use crate::event::{BuildOrder, Event, Fate, Order};
use std::time::{Duration, Instant};

/// A booted guest, seen as the agent in it.
pub struct VmAgent {
    vm: Vm,
    /// The agent's first line, which booting waited for; heard once more by whoever talks to the agent.
    hello: Option<String>,
}

/// Longest time that a guest may take to swallow an order with its archives. Under software emulation the port carries
/// some 20 MB a second.
const SWALLOW: Duration = Duration::from_secs(120);

/// Longest time that a guest which hangs may take to print where.
const TO_ANSWER: Duration = Duration::from_secs(10);

impl VmAgent {
    /// Boots a guest. See [`Vm::boot`].
    pub fn boot(options: &VmOptions, progress: &dyn Fn(Progress)) -> Result<VmAgent, VmError> {
        let vm = Vm::boot(options, progress)?;
        let hello = Some(vm.hello().to_owned());
        Ok(VmAgent { vm, hello })
    }
}

/// What came of a build in a guest. Nothing of it is to be trusted.
#[derive(Debug)]
pub struct Built {
    /// How it ended.
    pub fate: Fate,
    /// The end of what it printed.
    pub log: String,
    /// How long it took in there.
    pub took: Duration,
    /// A newc archive; empty unless it was done.
    pub archive: Vec<u8>,
}

impl VmAgent {
    /// Has the agent build the submission in `archive`. An error is ours; how a build fails is told by its fate.
    pub fn build(&mut self, order: BuildOrder, archive: &[u8]) -> Result<Built> {
        /// Between two beats of a guest in which a build takes every processor.
        const SILENCE: Duration = Duration::from_secs(60);
        self.hello = None;
        let (largest, patience) = (order.largest, Duration::from_secs(order.seconds) + SWALLOW);
        let mut line = serde_json::to_vec(&Order::Build(order)).context("write the order as JSON")?;
        line.push(b'\n');
        self.send(&line)?;
        self.send(archive)?;
        let start = Instant::now();
        // The agent keeps the time; that somebody in there has taken its place would show by this.
        while start.elapsed() < patience {
            let line = self.vm.wait_line(SILENCE).context("build in the virtual machine")?;
            match serde_json::from_str(&line).context(format!("understand the agent's line {line:?}"))? {
                Event::Built { fate, log, duration_ms, bytes } => {
                    let archive = self.receive(bytes, largest)?;
                    return Ok(Built { fate, log, took: Duration::from_millis(duration_ms), archive });
                }
                Event::Trouble { text, .. } => return Err(Error::new(text)),
                _ => {}
            }
        }
        Err(Error::new(format!("the build in the virtual machine was broken off after {} s", patience.as_secs())))
    }

    /// An archive is somewhat longer than the files in it.
    fn receive(&mut self, bytes: u64, largest: u64) -> Result<Vec<u8>> {
        const HEADERS: u64 = 32 << 20;
        let length = usize::try_from(bytes).ok().filter(|_| bytes <= largest.saturating_add(HEADERS));
        let length = length.ok_or_else(|| Error::new(format!("the agent announced {bytes} bytes")))?;
        self.vm.wait_bytes(length, SWALLOW).context("receive what was built")
    }
}

impl Agent for VmAgent {
    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.vm.send(bytes, SWALLOW).context("send to the agent in the virtual machine")
    }

    fn hear(&mut self, patience: Duration) -> Result<Heard> {
        if let Some(hello) = self.hello.take() {
            return Ok(Heard::Line(hello));
        }
        Ok(match self.vm.wait_line(patience) {
            Ok(line) => Heard::Line(line),
            Err(mut error) => {
                if let VmError::Silent { console, .. } = &mut error {
                    self.vm.interrogate(TO_ANSWER);
                    *console = self.vm.console();
                }
                // It says how the guest ended, or that it is silent, with the end of its console.
                Heard::Gone(error.to_string())
            }
        })
    }

    fn isolation(&self) -> &'static str {
        "microvm"
    }

    fn limits(&self) -> Vec<(String, String)> {
        let (times, choice) = (self.vm.times(), self.vm.accel());
        let mut limits = vec![
            ("accelerator".into(), choice.accel.name().into()),
            ("accelerator_reason".into(), choice.reason.clone()),
            ("boot_ms".into(), times.boot.as_millis().to_string()),
            ("start".into(), if times.restored { "snapshot" } else { "boot" }.into()),
        ];
        limits.extend(self.vm.userland().map(|userland| ("userland".to_owned(), userland.to_owned())));
        limits
    }
}
