//! A class: what is known of one student.

use boxproof_harness::result::Report;
use std::time::Duration;

/// One student of a class, and what became of what was handed in.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The student's id, as the roster has it.
    pub student: String,
    /// The result.
    pub report: Report,
    /// By how much it came too late, where that is known; whether it did, the result says too.
    pub late: Option<Duration>,
    /// The student's own page, relative to the page of the class.
    pub page: Option<String>,
}

impl Entry {
    /// An entry of which nothing is known but its result.
    pub fn of(report: Report) -> Entry {
        Entry { student: report.submission.id.clone(), report, late: None, page: None }
    }

    /// Whether it came too late; none where nobody asked.
    pub fn is_late(&self) -> Option<bool> {
        self.late.map(|late| !late.is_zero()).or(self.report.late)
    }
}
