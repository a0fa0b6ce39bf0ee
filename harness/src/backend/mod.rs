//! Where testbeds live.
//!
//! Every backend comes down to an [`Agent`]: something that takes bytes and says lines. A local one is a process at the
//! end of two pipes, one in a micro-VM sits behind a serial port, one in a machine of Vagrant's at the far end of its ssh.

pub mod local;
mod piped;
pub mod ssh;
pub mod vagrant;
pub mod vm;

use crate::error::Result;
use std::time::Duration;

/// What an agent was heard to say.
#[derive(Debug)]
pub enum Heard {
    /// A line, without its newline.
    Line(String),
    /// Nothing within the time.
    Silence,
    /// It is gone, and this is what is known of how.
    Gone(String),
}

/// An agent, wherever it runs. Dropping it ends it and whatever it runs in.
pub trait Agent {
    /// Sends it bytes.
    fn send(&mut self, bytes: &[u8]) -> Result<()>;

    /// Waits for its next line.
    fn hear(&mut self, patience: Duration) -> Result<Heard>;

    /// `microvm`, `vm` or `host`: what stands between the runtime under test and the machine.
    fn isolation(&self) -> &'static str;

    /// What the result should say of the surroundings: accelerator, kernel package, boot time.
    fn limits(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}
