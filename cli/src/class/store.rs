//! One student's results on disk. At every moment there is the old one or the new one, never half of one, and an error
//! never takes the place of a score.

use crate::outcome::Trouble;
use boxproof_harness::result::{Report, Status};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What was found.
const RESULT: &str = "result.json";
/// What could not be examined, while an earlier result keeps its place.
const UNEXAMINED: &str = "unexamined.json";
/// What is complete, but not yet in the journal.
const NEXT: &str = ".next.json";

/// The output directory.
pub struct Store<'a> {
    directory: &'a Path,
}

impl<'a> Store<'a> {
    /// In this directory.
    pub fn of(directory: &'a Path) -> Store<'a> {
        Store { directory }
    }

    /// The directory of one student.
    pub fn of_student(&self, id: &str) -> PathBuf {
        self.directory.join(id)
    }

    /// The result that has a score.
    pub fn graded(&self, id: &str) -> Option<Report> {
        read(&self.of_student(id).join(RESULT)).filter(|report| report.status != Status::Error)
    }

    /// What was found last, be it that nothing could be examined.
    pub fn latest(&self, id: &str) -> Option<Report> {
        let directory = self.of_student(id);
        read(&directory.join(UNEXAMINED)).or_else(|| read(&directory.join(RESULT)))
    }

    /// Writes a result that does not count yet.
    pub fn stage(&self, id: &str, report: &Report) -> Result<(), Trouble> {
        let directory = self.of_student(id);
        let written = fs::create_dir_all(&directory).and_then(|()| report.write_atomically(&directory.join(NEXT)));
        written.map_err(|error| Trouble::environment(format!("write {}: {error}", directory.join(NEXT).display())))
    }

    /// Puts the staged result, if there is one, in its place: now it counts.
    pub fn settle(&self, id: &str) -> Result<(), Trouble> {
        let directory = self.of_student(id);
        let next = directory.join(NEXT);
        let Some(report) = read(&next) else { return Ok(()) };
        let keeps = report.status == Status::Error && self.graded(id).is_some();
        let (place, other) = if keeps { (UNEXAMINED, None) } else { (RESULT, Some(directory.join(UNEXAMINED))) };
        let moved =
            fs::rename(&next, directory.join(place)).and_then(|()| other.map_or(Ok(()), |other| removed(&other)));
        moved.map_err(|error| Trouble::environment(format!("rename {}: {error}", next.display())))
    }

    /// Drops the staged result: the run was interrupted before it counted.
    pub fn discard(&self, id: &str) {
        let _ = removed(&self.of_student(id).join(NEXT));
    }
}

fn read(path: &Path) -> Option<Report> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
