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
    /// Of a stream that is read to its end: as much of its end is kept.
    last: Option<usize>,
}

impl State {
    fn hear(&mut self, heard: &[u8]) {
        self.total += heard.len() as u64;
        match self.last {
            Some(most) => {
                self.bytes.extend_from_slice(heard);
                let over = self.bytes.len().saturating_sub(most);
                self.bytes.drain(..over);
            }
            None => {
                let room = KEPT.saturating_sub(self.bytes.len());
                self.bytes.extend_from_slice(&heard[..heard.len().min(room)]);
            }
        }
        self.ended = heard.is_empty() || (self.last.is_none() && self.total > TOO_MUCH);
    }
}

impl Capture {
    /// Reads `pipe` until its end.
    pub(crate) fn of(pipe: OwnedFd) -> Capture {
        Self::reading(pipe, State::default())
    }

    /// Reads `pipe` until its end, however much comes, and keeps the last `most` bytes: a compiler's errors stand there.
    pub(crate) fn of_the_end(pipe: OwnedFd, most: usize) -> Capture {
        Self::reading(pipe, State { last: Some(most), ..State::default() })
    }

    fn reading(pipe: OwnedFd, state: State) -> Capture {
        let capture = Capture(Arc::new((Mutex::new(state), Condvar::new())));
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
            state.hear(&buffer[..read]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn of_a_build_the_end_is_kept_and_nobody_is_cut_off() {
        let (read, write) = nix::unistd::pipe().expect("a pipe");
        let capture = Capture::of_the_end(read, 16);
        let mut write = File::from(write);
        let line = [b'.'; 1 << 20];
        for _ in 0..10 {
            write.write_all(&line).expect("more than any program may print");
        }
        write.write_all(b"main.c:1: error").expect("the end");
        drop(write);
        assert!(capture.wait_end(Duration::from_secs(60)));
        assert_eq!(capture.tail(16), (".main.c:1: error".to_owned(), true));
    }
}
