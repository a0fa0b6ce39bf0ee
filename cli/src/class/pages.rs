//! What people read of a class: a page per student, and one of the class.

use super::store::Store;
use crate::calendar::Moment;
use crate::course::{Course, for_student};
use crate::outcome::Trouble;
use crate::report::Format;
use boxproof_harness::result::Report;
use boxproof_scenarios::texts::Texts;

/// Writes what the student may see beside the student's result.
pub fn student(course: &Course, report: &Report, texts: &Texts, store: &Store) -> Result<(), Trouble> {
    let seen = for_student(course, report, Moment::now());
    let path = store.of_student(&report.submission.id).join("report.md");
    let written = Format::Md.write(&seen, texts, &path);
    written.map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))
}
