//! Who has been examined already, so that an interrupted run can go on.
//!
//! A line is written when a result is complete on disk and before it takes its place (see [`super::store`]), so that a run
//! that ends at any moment can be resumed: who has a line is done, who has none is not.

use crate::outcome::Trouble;
use boxproof_harness::result::write_atomically;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file's name, in the output directory.
const NAME: &str = "journal.jsonl";

/// One student is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Who.
    pub student: String,
    /// Of what was handed in, by which course it was examined, and with what.
    pub key: String,
    /// What differs from the result that was there before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<super::regrade::Change>,
}

/// The journal of a run.
pub struct Journal {
    path: PathBuf,
    file: File,
    done: BTreeMap<String, Line>,
}

impl Journal {
    /// Goes on with the one in `directory` if `resume`, else begins a new one.
    pub fn open(directory: &Path, resume: bool) -> Result<Journal, Trouble> {
        let path = directory.join(NAME);
        let failed =
            |what: &str, error: std::io::Error| Trouble::environment(format!("{what} {}: {error}", path.display()));
        let done = match resume {
            true => read(&path),
            false => BTreeMap::new(),
        };
        // Written anew: without lines that a crash has cut short, and without those that a later one replaces.
        let mut lines = Vec::new();
        for line in done.values() {
            serde_json::to_writer(&mut lines, line).map_err(Trouble::environment)?;
            lines.push(b'\n');
        }
        write_atomically(&path, &lines).map_err(|error| failed("write", error))?;
        let file = OpenOptions::new().append(true).open(&path).map_err(|error| failed("open", error))?;
        Ok(Journal { path, file, done })
    }

    /// The line of a student who is done with exactly this.
    pub fn done(&self, student: &str, key: &str) -> Option<&Line> {
        self.done.get(student).filter(|line| line.key == key)
    }

    /// One more is done. It is on disk when this returns.
    pub fn add(&mut self, line: Line) -> Result<(), Trouble> {
        let mut text = serde_json::to_vec(&line).map_err(Trouble::environment)?;
        text.push(b'\n');
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        written.map_err(|error| Trouble::environment(format!("write {}: {error}", self.path.display())))?;
        self.done.insert(line.student.clone(), line);
        Ok(())
    }

    /// Everybody's changes, in the order of their ids.
    pub fn changes(&self) -> Vec<super::regrade::Change> {
        self.done.values().flat_map(|line| line.changes.clone()).collect()
    }
}

/// The lines that are whole; of several of one student the last.
fn read(path: &Path) -> BTreeMap<String, Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.map(|line| (line.student.clone(), line)).collect()
}

/// Keeps others out of an output directory for as long as it lives.
pub struct Lock(#[allow(dead_code)] File);

impl Lock {
    /// Of this directory.
    pub fn of(directory: &Path) -> Result<Lock, Trouble> {
        let path = directory.join(".lock");
        let open = || OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open().map_err(|error| Trouble::environment(format!("open {}: {error}", path.display())))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(Trouble::environment(format!(
                "{}: another boxproof is writing to this directory. Wait for it, or give another with -o",
                directory.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Trouble::environment(format!("lock {}: {error}", path.display()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(student: &str, key: &str) -> Line {
        Line { student: student.into(), key: key.into(), changes: Vec::new() }
    }

    fn open(directory: &Path, resume: bool) -> Journal {
        Journal::open(directory, resume).map_err(|_| ()).expect("a journal")
    }

    #[test]
    fn what_was_cut_short_does_not_count() {
        let place = tempfile::tempdir().expect("a directory");
        let mut journal = open(place.path(), false);
        for one in [line("a", "1"), line("b", "1"), line("a", "2")] {
            journal.add(one).map_err(|_| ()).expect("written");
        }
        let path = place.path().join(NAME);
        let whole = std::fs::read(&path).expect("the journal");
        std::fs::write(&path, &whole[..whole.len() - 5]).expect("cut it");
        let journal = open(place.path(), true);
        assert!(journal.done("a", "1").is_some() && journal.done("b", "1").is_some());
        assert!(journal.done("a", "2").is_none() && journal.done("b", "2").is_none());
        assert!(open(place.path(), false).done("a", "1").is_none(), "a new run begins anew");
    }

    #[test]
    fn two_runs_do_not_share_a_directory() {
        let place = tempfile::tempdir().expect("a directory");
        let first = Lock::of(place.path());
        assert!(first.is_ok() && Lock::of(place.path()).is_err());
        drop(first);
        assert!(Lock::of(place.path()).is_ok());
    }
}
