//! What has changed since the results that were there before: who, in which check, and what can have been the reason.

use boxproof_harness::result::{Report, Status};
use serde::{Deserialize, Serialize};

/// One check of one student that ended otherwise than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Who.
    pub student: String,
    /// Which check.
    pub check: String,
    /// How it ended before; none if there was no such check.
    pub before: Option<Status>,
    /// How it ended now; none if there is no such check any more.
    pub after: Option<Status>,
    /// What else is no longer the same: `program`, `grader`, `kernel`. Nothing at all means that attempts disagree.
    pub cause: Vec<String>,
}

/// What differs. Where nothing could be examined this time, nothing is known to.
pub fn changes(student: &str, before: &Report, after: &Report) -> Vec<Change> {
    if after.status == Status::Error {
        return Vec::new();
    }
    let cause = causes(before, after);
    let status =
        |report: &Report, id: &str| report.checks.iter().find(|check| check.id == id).map(|check| check.status);
    let gone = before.checks.iter().filter(|check| status(after, &check.id).is_none());
    let all = after.checks.iter().chain(gone).map(|check| &check.id);
    let change = |id: &String| {
        let (before, after) = (status(before, id), status(after, id));
        let change = || Change { student: student.into(), check: id.clone(), before, after, cause: cause.clone() };
        (before != after).then(change)
    };
    all.filter_map(change).collect()
}

fn causes(before: &Report, after: &Report) -> Vec<String> {
    let program = |report: &Report| {
        let submission = &report.submission;
        submission.content_sha256.clone().unwrap_or_else(|| submission.sha256.clone())
    };
    let grader = |report: &Report| {
        let limit = |name: &str| report.environment.limits.get(name).cloned();
        // An interpreter of another version is another grader.
        let itself = (limit(super::examine::TOOL), limit("userland"));
        (report.tool.clone(), itself, report.scenario_set.sha256.clone(), report.run.seed)
    };
    let kernel = |report: &Report| (report.environment.kernel.clone(), report.environment.isolation.clone());
    let differs = [
        ("program", program(before) != program(after)),
        ("grader", grader(before) != grader(after)),
        ("kernel", kernel(before) != kernel(after)),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}
