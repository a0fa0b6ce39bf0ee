//! What a process prints, kept while it runs.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// As much as is kept of one stream.
const KEPT: usize = 4 << 20;
/// A program that prints more than this is cut off: its pipe is closed, so it gets SIGPIPE or EPIPE.
/// No scenario asks for more than 1 MiB, and under software emulation every megabyte takes its time.
const TOO_MUCH: u64 = 8 << 20;

/// One stream of a process, read by a thread of its own so that the process never blocks on a full pipe.
#[derive(Debug, Clone)]
pub struct Capture(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    total: u64,
    ended: bool,
}

impl Capture {
    /// Reads `pipe` until its end.
    pub(crate) fn of(pipe: OwnedFd) -> Capture {
        let capture = Capture(Arc::default());
        let writer = capture.clone();
        std::thread::spawn(move || writer.pump(File::from(pipe)));
        capture
    }

    fn pump(&self, mut pipe: File) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match pipe.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => 0,
            };
            let mut state = self.lock();
            state.total += read as u64;
            state.ended = read == 0 || state.total > TOO_MUCH;
            let room = KEPT.saturating_sub(state.bytes.len());
            state.bytes.extend_from_slice(&buffer[..read.min(room)]);
            let ended = state.ended;
            self.0.1.notify_all();
            if ended {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was printed so far, as far as it is kept.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// The same as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock().bytes).into_owned()
    }

    /// How many bytes were printed, kept or not.
    pub fn total(&self) -> u64 {
        self.lock().total
    }

    /// Whether it printed so much that it was cut off.
    pub fn cut_off(&self) -> bool {
        self.lock().total > TOO_MUCH
    }

    /// Waits until `enough` holds for the bytes so far, or the stream ends, or `deadline` passes; says whether it holds.
    pub fn wait_until(&self, deadline: Duration, enough: impl Fn(&[u8]) -> bool) -> bool {
        let end = Instant::now() + deadline;
        let mut state = self.lock();
        loop {
            if enough(&state.bytes) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                return false;
            }
            state = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the stream's end: every holder of the pipe has closed it.
    pub fn wait_end(&self, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        let mut state = self.lock();
        while !state.ended {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The last `most` bytes as text, and whether there was more.
    pub fn tail(&self, most: usize) -> (String, bool) {
        let state = self.lock();
        let start = state.bytes.len().saturating_sub(most);
        (
            String::from_utf8_lossy(&state.bytes[start..]).into_owned(),
            start > 0 || state.total > state.bytes.len() as u64,
        )
    }
}
