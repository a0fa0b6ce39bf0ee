//! The agent's lines, and what it means when none comes.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::qemu::{self, Process};
use super::{Ending, VmError};

/// A guest that is being examined is not trusted to end its lines.
pub(super) const LONGEST: usize = 16 << 20;
/// Between the end of the guest's side of the port and QEMU's own end.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The agent's lines; what was read beyond the last one.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Up to here the buffer holds no line's end.
    searched: usize,
}

impl Lines {
    pub(super) fn next(&mut self, process: &mut Process, within: Duration, booted: bool) -> Result<String, VmError> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(line) = self.take() {
                return Ok(line);
            }
            if self.buffer.len() > LONGEST {
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

    /// Bytes that the last line has announced.
    pub(super) fn bytes(&mut self, process: &mut Process, count: usize, within: Duration) -> Result<Vec<u8>, VmError> {
        let deadline = Instant::now() + within;
        while self.buffer.len() < count {
            let time = deadline.saturating_duration_since(Instant::now());
            let ready = qemu::ready(&[(process.port.as_fd(), PollFlags::POLLIN)], time).map_err(VmError::Port)?;
            if ready[0] {
                self.read(process, true)?;
            } else if time.is_zero() {
                return Err(silent(process, within, true));
            }
        }
        self.searched = 0;
        Ok(self.buffer.drain(..count).collect())
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

pub(super) fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

pub(super) fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

pub(super) fn silent(process: &Process, waited: Duration, booted: bool) -> VmError {
    VmError::Silent { waited, booted, console: process.console_tail.text() }
}

/// Judges a guest whose port has closed, which happens when QEMU ends.
pub(super) fn ended(process: &mut Process, booted: bool) -> VmError {
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
