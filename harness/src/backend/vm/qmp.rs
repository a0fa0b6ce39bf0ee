//! QEMU's control line: orders go in, answers and events come out, one JSON object a line (QEMU's
//! docs/interop/qmp-spec).

use std::io::{self, BufRead, BufReader, IoSlice, Write};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};
use serde_json::{Value, json};

/// Our end of the line.
pub(super) struct Control {
    stream: UnixStream,
    heard: Arc<Ear>,
}

#[derive(Default)]
struct Ear {
    heard: Mutex<Heard>,
    news: Condvar,
}

/// What QEMU said that somebody may want to know later.
#[derive(Default)]
struct Heard {
    /// Its own word for why the guest ended (`SHUTDOWN`): `guest-shutdown`, `guest-reset`, ...
    shutdown: Option<String>,
    /// Where a migration stands (`MIGRATION`): `setup`, `active`, `completed`, `failed`.
    migration: Option<String>,
    /// The first order it refused, in its words.
    refusal: Option<String>,
    /// It says nothing any more.
    closed: bool,
}

impl Control {
    /// Listens on the line, in a thread that ends with it.
    pub(super) fn open(stream: UnixStream) -> io::Result<(Self, JoinHandle<()>)> {
        let heard = Arc::new(Ear::default());
        let (far, ear) = (stream.try_clone()?, Arc::clone(&heard));
        let listener = thread::Builder::new().name("qemu-control".to_owned()).spawn(move || ear.listen(far))?;
        Ok((Self { stream, heard }, listener))
    }

    /// Gives an order that takes no arguments. A refusal comes later, by [`await_migration`](Self::await_migration).
    pub(super) fn order(&self, command: &str) -> io::Result<()> {
        self.write(&json!({ "execute": command }))
    }

    /// Gives an order.
    pub(super) fn order_with(&self, command: &str, arguments: &Value) -> io::Result<()> {
        self.write(&json!({ "execute": command, "arguments": arguments }))
    }

    fn write(&self, message: &Value) -> io::Result<()> {
        (&self.stream).write_all(format!("{message}\n").as_bytes())
    }

    /// Gives QEMU a descriptor, to be known there by `name`.
    pub(super) fn hand_over(&self, name: &str, fd: BorrowedFd<'_>) -> io::Result<()> {
        let message = format!("{}\n", json!({ "execute": "getfd", "arguments": { "fdname": name } }));
        let fds = [fd.as_raw_fd()];
        let passed = [ControlMessage::ScmRights(&fds)];
        let text = [IoSlice::new(message.as_bytes())];
        // So short a message is taken whole or not at all.
        sendmsg::<UnixAddr>(self.stream.as_raw_fd(), &text, &passed, MsgFlags::MSG_NOSIGNAL, None)?;
        Ok(())
    }

    /// Waits for the end of a migration, in or out. The error is QEMU's word, or says that it had none.
    pub(super) fn await_migration(&self, within: Duration) -> Result<(), String> {
        let deadline = Instant::now() + within;
        let mut heard = self.heard.lock();
        loop {
            match heard.migration.as_deref() {
                Some("completed") => return Ok(()),
                // Why is said on standard error only.
                Some("failed") => return Err("QEMU: the migration failed".to_owned()),
                _ => {}
            }
            if let Some(refusal) = &heard.refusal {
                return Err(format!("QEMU: {refusal}"));
            }
            let time = deadline.saturating_duration_since(Instant::now());
            if heard.closed || time.is_zero() {
                return Err(if heard.closed { "QEMU has ended" } else { "QEMU does not come to an end" }.to_owned());
            }
            heard = self.heard.news.wait_timeout(heard, time).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// QEMU's own word for why the guest ended.
    pub(super) fn shutdown_reason(&self) -> Option<String> {
        self.heard.lock().shutdown.clone()
    }
}

impl Ear {
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, far: UnixStream) {
        for line in BufReader::new(far).lines().map_while(Result::ok) {
            if let Ok(message) = serde_json::from_str(&line) {
                self.lock().note(&message);
                self.news.notify_all();
            }
        }
        self.lock().closed = true;
        self.news.notify_all();
    }
}

impl Heard {
    fn note(&mut self, message: &Value) {
        let word = |value: &Value| value.as_str().map(str::to_owned);
        match message["event"].as_str() {
            Some("SHUTDOWN") if self.shutdown.is_none() => self.shutdown = word(&message["data"]["reason"]),
            Some("MIGRATION") => self.migration = word(&message["data"]["status"]),
            _ => {}
        }
        if self.refusal.is_none() {
            self.refusal = word(&message["error"]["desc"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> (Control, UnixStream) {
        let (near, far) = UnixStream::pair().expect("socket pair");
        (Control::open(near).expect("listener").0, far)
    }

    #[test]
    fn a_migration_ends_well_or_by_a_refusal_or_with_qemu() {
        const SOON: Duration = Duration::from_secs(20);
        let (control, mut far) = line();
        writeln!(far, r#"{{"event":"MIGRATION","data":{{"status":"active"}}}}"#).expect("write");
        writeln!(far, r#"{{"event":"MIGRATION","data":{{"status":"completed"}}}}"#).expect("write");
        assert_eq!(control.await_migration(SOON), Ok(()));

        let (control, mut far) = line();
        writeln!(far, r#"{{"error":{{"class":"GenericError","desc":"no such thing"}}}}"#).expect("write");
        assert_eq!(control.await_migration(SOON), Err("QEMU: no such thing".to_owned()));

        let (control, far) = line();
        drop(far);
        assert_eq!(control.await_migration(SOON), Err("QEMU has ended".to_owned()));
    }

    #[test]
    fn the_first_reason_of_an_end_is_kept() {
        let mut heard = Heard::default();
        for reason in ["guest-reset", "host-signal"] {
            heard.note(&json!({ "event": "SHUTDOWN", "data": { "reason": reason } }));
        }
        assert_eq!(heard.shutdown.as_deref(), Some("guest-reset"));
    }
}
