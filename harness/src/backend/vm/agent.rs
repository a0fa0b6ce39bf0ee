//! A micro-VM as an agent: orders go in at the port, events come out of it.

use super::{Progress, Vm, VmError, VmOptions};
use crate::backend::{Agent, Heard};
use crate::error::{Context, Result};
use std::time::Duration;

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
        vec![
            ("accelerator".into(), choice.accel.name().into()),
            ("accelerator_reason".into(), choice.reason.clone()),
            ("boot_ms".into(), times.boot.as_millis().to_string()),
            ("start".into(), if times.restored { "snapshot" } else { "boot" }.into()),
        ]
    }
}
