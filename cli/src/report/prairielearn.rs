//! `results.json` of a PrairieLearn external grader, which takes no more than a megabyte.

use super::json::document;
use super::telling::{first_cause, telling};
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use serde_json::{Value, json};
use std::io;

/// PrairieLearn refuses 1 MiB; what stands around the texts of the tests is well below the difference.
const MOST: usize = 900 << 10;

/// The report as JSON.
pub fn prairielearn(report: &Report, texts: &Texts) -> io::Result<String> {
    let full = document(&results(report, texts, true))?;
    // Names, points and the first cause always have room; the long explanations are what a flood of output fills.
    if full.len() <= MOST { Ok(full) } else { document(&results(report, texts, false)) }
}

fn results(report: &Report, texts: &Texts, explained: bool) -> Value {
    // What we could not examine is no student's fault: PrairieLearn then counts no attempt and shows the message.
    if report.status == Status::Error {
        return json!({ "gradable": false, "message": texts.plain("ui-not-graded"), "format_errors": [] });
    }
    let message = first_cause(report, texts).unwrap_or_else(|| texts.plain("ui-result-pass"));
    let omitted = if explained { String::new() } else { texts.plain("ui-explanations-omitted") };
    json!({
        "gradable": true,
        "score": f64::from(report.score) / f64::from(report.max_score.max(1)),
        "message": message,
        "output": omitted,
        "tests": report.checks.iter().map(|check| test(check, texts, explained)).collect::<Vec<_>>(),
    })
}

fn test(check: &Check, texts: &Texts, explained: bool) -> Value {
    json!({
        "name": check.id,
        "description": check.title,
        "points": check.score,
        "max_points": check.max_score,
        "message": if explained { telling(check, texts) } else { String::new() },
    })
}
