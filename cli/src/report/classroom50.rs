//! `result.json` of Classroom 50 (`classroom50/result/v1`), whose runner says by variables what is graded.
//!
//! Its top level is closed and its points are integers. It knows no outcome beside points, so where not everything could
//! be examined nothing is written at all: the runner keeps what was there.

use super::json::document;
use super::telling::{name, telling};
use crate::moment::utc;
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use serde_json::{Value, json};
use std::io;

/// The report as JSON; `variable` is the environment.
pub fn classroom50(report: &Report, texts: &Texts, variable: &dyn Fn(&str) -> Option<String>) -> io::Result<String> {
    if report.status == Status::Error {
        return Err(io::Error::other(texts.plain("ui-not-graded")));
    }
    let given = |name: &str| {
        let missing = || io::Error::other(texts.text("ui-classroom50-variable", &super::params([("name", name)])));
        variable(name).filter(|value| !value.is_empty()).ok_or_else(missing)
    };
    let commit = given("COMMIT_URL")?;
    let submitted = report.submission.committed_at.as_deref().unwrap_or(&report.run.started_at);
    document(&json!({
        "schema": "classroom50/result/v1",
        "classroom": given("CLASSROOM")?,
        "assignment": given("ASSIGNMENT")?,
        "assignment_type": variable("ASSIGNMENT_TYPE").filter(|kind| kind == "group").unwrap_or("individual".to_owned()),
        "owner": given("OWNER")?,
        "submission": given("SUBMISSION_TAG")?,
        "commit": commit,
        "release": given("RELEASE_URL")?,
        "review": given("REVIEW_URL").unwrap_or(commit),
        "datetime": utc(submitted),
        "graded_at": utc(&report.run.finished_at),
        "score": report.score,
        "max-score": report.max_score,
        "tests": report.checks.iter().map(|check| test(check, texts)).collect::<Vec<_>>(),
    }))
}

fn test(check: &Check, texts: &Texts) -> Value {
    json!({
        "test-name": name(check),
        "passed": check.status == Status::Pass,
        "score": check.score,
        "max-score": check.max_score,
        "message": check.message.text,
        "output": telling(check, texts),
    })
}
