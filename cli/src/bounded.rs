//! Foreign commands that are not waited for without end, and of whose output only the end is kept.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How a command ended.
pub struct Ended {
    /// Its status; none if it took too long and was killed.
    pub status: Option<ExitStatus>,
    /// The end of what it printed, errors last.
    pub output: String,
    /// What it took.
    pub took: Duration,
}

impl Ended {
    /// Whether it did what it was to do.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// The most bytes of each stream that are kept.
const KEPT: usize = 16 << 10;

/// Runs it in a process group of its own, which is killed when the time is up, and at the end for what it left behind.
pub fn run(mut command: Command, limit: Duration) -> io::Result<Ended> {
    let start = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let group = Pid::from_raw(child.id() as i32);
    let streams = [child.stdout.take().map(tail), child.stderr.take().map(tail)];
    let (sender, ended) = channel();
    let waiter = std::thread::spawn(move || {
        let _ = sender.send(child.wait());
    });
    let status = match ended.recv_timeout(limit) {
        Ok(status) => Some(status?),
        Err(_) => None,
    };
    // The group exists as long as the child has not been waited for or somebody else is in it.
    let _ = killpg(group, Signal::SIGKILL);
    let _ = waiter.join();
    // Whoever left the group may hold the pipes open; what was printed until now is what counts then.
    let output = streams.into_iter().flatten().map(|stream| stream.recv_timeout(Duration::from_secs(2)));
    let output = output.filter_map(Result::ok).collect::<Vec<_>>().concat();
    Ok(Ended { status, output: String::from_utf8_lossy(&output).into_owned(), took: start.elapsed() })
}

/// The last bytes of a stream, once it has ended.
fn tail(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..length]);
            let surplus = kept.len().saturating_sub(KEPT);
            kept.drain(..surplus);
        }
        let _ = sender.send(kept);
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ended {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, limit).expect("a shell")
    }

    #[test]
    fn what_was_printed_and_how_it_ended() {
        let ended = shell("echo one; echo two >&2; exit 3", Duration::from_secs(60));
        assert_eq!((ended.status.and_then(|status| status.code()), ended.output.as_str()), (Some(3), "one\ntwo\n"));
        assert!(!ended.succeeded());
    }

    #[test]
    fn a_flood_is_kept_in_part() {
        let ended = shell("yes | head -c 1000000; echo end", Duration::from_secs(60));
        assert!(ended.output.ends_with("end\n") && ended.output.len() <= KEPT, "{}", ended.output.len());
    }

    #[test]
    fn who_hangs_is_killed_with_all_that_he_started() {
        let ended = shell("trap '' TERM; echo $$; sleep 1000 & sleep 1000", Duration::from_millis(300));
        assert!(ended.status.is_none());
        let shell = ended.output.trim();
        let end = Instant::now() + Duration::from_secs(20);
        while lives_in(shell) {
            assert!(Instant::now() < end, "somebody is left in the group {shell}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether anybody in this process group has not ended. The dead may wait long for whoever reaps orphans here.
    fn lives_in(group: &str) -> bool {
        let stats = std::fs::read_dir("/proc").expect("/proc").flatten().map(|entry| entry.path().join("stat"));
        let texts = stats.filter_map(|path| std::fs::read_to_string(path).ok());
        texts.into_iter().any(|text| {
            let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
            fields.get(2) == Some(&group) && !matches!(fields[0], "Z" | "X")
        })
    }
}
