//! The first thing a guest is told, whether it has just booted or been restored: what time it is, and randomness of its
//! own. A restored guest has the clock and the random pool of the moment it was saved; two restored from one snapshot
//! would draw the same keys.
//!
//! ```text
//! guest   hello ─┐                        ┌─ awake
//! host           └─ (saved, restored) call┘        order ...
//! ```

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_settime};
use serde::{Deserialize, Serialize};

use crate::sys::machine;

/// What the agent's end answers when it has obeyed.
pub(super) const AWAKE: &str = "awake";
/// As much as the kernel's generator has for a key.
const ENTROPY: usize = 32;

/// The call.
#[derive(Serialize, Deserialize)]
pub(super) struct Call {
    seconds: i64,
    nanoseconds: i64,
    /// Fresh from the host's generator.
    entropy: [u8; ENTROPY],
}

impl Call {
    /// To be sent at once: the time in it is now.
    pub(super) fn now() -> io::Result<Self> {
        let mut entropy = [0; ENTROPY];
        File::open("/dev/urandom")?.read_exact(&mut entropy)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { seconds: now.as_secs().cast_signed(), nanoseconds: now.subsec_nanos().into(), entropy })
    }

    /// As the line to send.
    pub(super) fn line(&self) -> io::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }

    fn obey(&self) -> io::Result<()> {
        let pool = fs::OpenOptions::new().write(true).open("/dev/random")?;
        machine::add_entropy(pool.as_fd(), &self.entropy)?;
        // What is mixed in counts only from the next reseeding on, which comes by itself after a minute or so.
        machine::reseed(pool.as_fd())?;
        clock_settime(ClockId::CLOCK_REALTIME, TimeSpec::new(self.seconds, self.nanoseconds))?;
        Ok(())
    }
}

/// The agent's end of the port. Its first read waits for the call and obeys it; what comes after is the agent's.
pub struct Port {
    input: BufReader<File>,
    output: File,
    awake: bool,
}

impl Port {
    /// Opens the device that leads to the host, which nobody else can do from then on.
    pub fn open(device: &Path) -> io::Result<Self> {
        let output = File::options().read(true).write(true).open(device)?;
        Ok(Self { input: BufReader::new(output.try_clone()?), output, awake: false })
    }

    /// What is written here the host reads.
    pub fn output(&self) -> io::Result<File> {
        self.output.try_clone()
    }

    fn wake(&mut self) -> io::Result<()> {
        let mut line = String::new();
        // A host that ends without a call is an end like any other.
        if !self.awake && self.input.read_line(&mut line)? > 0 {
            let obeyed = serde_json::from_str::<Call>(&line).map_err(io::Error::from).and_then(|call| call.obey());
            match obeyed {
                Ok(()) => writeln!(self.output, "{AWAKE}")?,
                Err(error) => writeln!(self.output, "set the clock and the random pool: {error}")?,
            }
        }
        self.awake = true;
        Ok(())
    }
}

impl Read for Port {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wake()?;
        self.input.read(buffer)
    }
}

impl BufRead for Port {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.wake()?;
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.input.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_survives_its_line_and_differs_from_the_next() {
        let (one, other) = (Call::now().expect("call"), Call::now().expect("call"));
        let line = one.line().expect("line");
        assert!(line.ends_with(b"\n") && line.iter().filter(|&&byte| byte == b'\n').count() == 1);
        let read: Call = serde_json::from_slice(&line).expect("read");
        assert_eq!((read.seconds, read.nanoseconds, read.entropy), (one.seconds, one.nanoseconds, one.entropy));
        assert_ne!(one.entropy, other.entropy);
        assert!(one.seconds > 1_700_000_000, "{}", one.seconds);
    }
}
