//! An OCI runtime asked by its verbs, one at a time.

use super::{Exam, FINISH, Finished, Setup, Trouble};
use crate::container::Held;
use crate::error::{Context, Result};
use crate::oci::{Bundle, State};
use crate::run::Run;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

/// A container that was created, and what was there before it.
#[derive(Debug)]
pub struct Created {
    /// What it was made from.
    pub bundle: Bundle,
    /// How `create` ended.
    pub create: Finished,
    others: Vec<i32>,
}

impl Exam {
    /// A bundle for our probe under a drawn id, to be changed before it is written. It covers no paths: not every kernel
    /// has those that are covered elsewhere, and whether that matters is a question of its own.
    pub fn probe_bundle(&mut self) -> Bundle {
        let (id, probe) = (self.lot.word(9), self.bed.probe().inside.clone());
        let mut bundle = self.bundle(&id, &[probe.into()]);
        bundle.config["linux"]["maskedPaths"] = serde_json::json!([]);
        bundle.config["linux"]["readonlyPaths"] = serde_json::json!([]);
        bundle
    }

    /// Calls one verb with these words, and waits for its end.
    pub fn verb(&mut self, verb: &str, words: &[&OsStr]) -> Result<Finished, Trouble> {
        let run = self.started_verb(verb, words)?;
        self.finished(run)
    }

    /// The same for a verb that takes nothing but an id.
    pub fn verb_of(&mut self, verb: &str, bundle: &Bundle) -> Result<Finished, Trouble> {
        self.verb(verb, &[bundle.id.as_ref()])
    }

    fn started_verb(&mut self, verb: &str, words: &[&OsStr]) -> Result<Run, Trouble> {
        let mut line = self.before_verb();
        line.push(verb.into());
        line.extend(words.iter().map(|word| OsString::from(*word)));
        self.launch(line, Setup::new())
    }

    /// Writes the bundle and calls `create`, however that ends.
    pub fn create(&mut self, bundle: Bundle) -> Result<Created, Trouble> {
        let others = self.bed.processes()?;
        bundle.write()?;
        let words: [&OsStr; 3] = ["--bundle".as_ref(), bundle.directory.as_ref(), bundle.id.as_ref()];
        let run = self.started_verb("create", &words)?;
        let create = self.ended(run, Duration::ZERO)?;
        Ok(Created { bundle, create, others })
    }

    /// The same where it must succeed.
    pub fn created(&mut self, bundle: Bundle) -> Result<Created, Trouble> {
        let created = self.create(bundle)?;
        match created.create.end.shell_status() {
            0 => Ok(created),
            status => Err(Trouble::runtime("create-refused", "create succeeds", format!("status {status}"))),
        }
    }

    /// Calls `start`; our probe is held, and confined to the rootfs.
    pub fn start_created(&mut self, created: &Created) -> Result<Held, Trouble> {
        let run = self.started_verb("start", &[created.bundle.id.as_ref()])?;
        let held = self.await_probe(&run, &created.others)?;
        self.watch(held.pidfd())?;
        let (exe, root, rootfs) = (held.exe()?, held.root()?, self.rootfs_identity()?);
        if exe.value.ino != self.bed.probe().ino {
            return Err(Trouble::runtime("not-the-probe", format!("program {}", self.bed.probe().ino), &exe.value));
        }
        if root.value.ino != rootfs {
            return Err(Trouble::runtime("payload-outside-rootfs", format!("root directory {rootfs}"), &root.value));
        }
        // Its end is part of its work: whoever asks for the state next may rely on it.
        self.ended(run, Duration::from_millis(100))?;
        Ok(held)
    }

    /// Processes that came with the container and execute our probe: none before `start`.
    pub fn payloads(&self, created: &Created) -> Result<Vec<i32>> {
        let (host, probe) = (self.bed.host(), self.bed.probe().ino);
        let is_probe = |pid: &i32| host.place(*pid, "exe").is_ok_and(|exe| exe.value.ino == probe);
        let mut found = self.bed.processes()?;
        found.retain(|pid| !created.others.contains(pid) && is_probe(pid));
        Ok(found)
    }

    /// Whether a probe dials in within `patience`.
    pub fn dials_in(&mut self, patience: Duration) -> Result<bool> {
        crate::run::await_readable(self.bed.listener(), self.patience(patience))
    }

    /// What `state` says; none if it fails, as it must for a container that is not there.
    pub fn state(&mut self, bundle: &Bundle) -> Result<Option<State>, Trouble> {
        let finished = self.verb_of("state", bundle)?;
        if finished.end.shell_status() != 0 {
            return Ok(None);
        }
        match State::parse(&finished.stdout) {
            Some(state) => Ok(Some(state)),
            None => Err(Trouble::runtime("state-unreadable", "JSON with id, status, bundle", finished.stdout.trim())),
        }
    }

    /// Asks for the state until its status is `status`, for as long as a container may take to get there.
    pub fn await_status(&mut self, bundle: &Bundle, status: &str) -> Result<Option<State>, Trouble> {
        const PAUSE: Duration = Duration::from_millis(5);
        let end = std::time::Instant::now() + self.patience(FINISH / 12);
        loop {
            let state = self.state(bundle)?;
            if state.as_ref().is_none_or(|state| state.status == status) || std::time::Instant::now() >= end {
                return Ok(state);
            }
            // Nobody announces a state, and each question is a process.
            std::thread::sleep(self.patience(PAUSE));
        }
    }

    /// Calls `delete --force`, so that nothing of a scenario is left.
    pub fn delete(&mut self, bundle: &Bundle) -> Result<Finished, Trouble> {
        self.verb("delete", &["--force".as_ref(), bundle.id.as_ref()])
    }

    /// A hook that keeps what it is told on its stdin, and ends with `status`. With it comes the file that it writes.
    pub fn hook(&mut self, status: i32) -> Result<(serde_json::Value, std::path::PathBuf)> {
        let file = self.bundles().join(self.lot.word(9));
        let parent = self.bundles();
        std::fs::create_dir_all(&parent).context(format!("mkdir {}", parent.display()))?;
        let line = format!("cat > {}; exit {status}", file.display());
        Ok((serde_json::json!({ "path": "/bin/sh", "args": ["sh", "-c", line] }), file))
    }
}
