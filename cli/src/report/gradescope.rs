//! Gradescope's `results/results.json`.
//!
//! There is no total: Gradescope adds the points of the tests, and a second total could disagree. Student text is always
//! of format `text`. Where not everything could be examined, no test carries points and the score is the one before.

use super::json::document;
use super::telling::{first_cause, name, telling};
use crate::words::harmless;
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use serde_json::{Value, json};
use std::{fs, io};

/// Where Gradescope tells an autograder about the submission.
const METADATA: &str = "/autograder/submission_metadata.json";

/// The score of the last submission that was graded, where this runs in Gradescope's container.
pub fn previous_score() -> Option<f64> {
    previous_score_in(&fs::read_to_string(METADATA).ok()?)
}

/// The score of the latest graded submission in `submission_metadata.json`.
pub fn previous_score_in(metadata: &str) -> Option<f64> {
    let metadata: Value = serde_json::from_str(metadata).ok()?;
    let earlier = metadata["previous_submissions"].as_array()?;
    // Times are RFC 3339 in the course's one time zone: their order is that of the letters.
    let mut graded: Vec<(&str, f64)> = earlier
        .iter()
        .filter(|submission| submission["autograder_error"] != true)
        .filter_map(|submission| Some((submission["submission_time"].as_str()?, number(&submission["score"])?)))
        .collect();
    graded.sort_by(|a, b| a.0.cmp(b.0));
    graded.last().map(|(_, score)| *score)
}

/// Gradescope writes numbers as numbers or as strings.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The report as JSON.
pub fn gradescope(report: &Report, texts: &Texts, previous: Option<f64>) -> io::Result<String> {
    let graded = report.status != Status::Error;
    let took: u64 = super::scenarios(report).iter().map(|scenario| scenario.duration_ms).sum();
    let told = match graded {
        true => first_cause(report, texts).unwrap_or_else(|| texts.plain("ui-result-pass")),
        false => texts.plain("ui-not-graded"),
    };
    let mut results = json!({
        "output": told,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": took.div_ceil(1000),
        "tests": report.checks.iter().enumerate().map(|(at, check)| test(at + 1, check, graded, texts)).collect::<Vec<_>>(),
        "extra_data": { "seed": report.run.seed, "tool_version": report.tool.version, "status": report.status },
    });
    if !graded && let Some(previous) = previous {
        results["score"] = previous.into();
    }
    document(&results)
}

fn test(number: usize, check: &Check, graded: bool, texts: &Texts) -> Value {
    let mut test = json!({
        "name": name(check),
        "name_format": "text",
        "number": number.to_string(),
        "output": harmless(&telling(check, texts)),
        "output_format": "text",
        "visibility": check.visibility,
        "tags": [check.tier.word(), check.scenario],
        "extra_data": { "id": check.id, "status": check.status },
    });
    if graded {
        test["score"] = check.score.into();
        test["max_score"] = check.max_score.into();
    }
    // Without a status Gradescope derives one from the points; what was not examined has neither.
    match check.status {
        Status::Pass => test["status"] = "passed".into(),
        Status::Fail | Status::Skip => test["status"] = "failed".into(),
        Status::Error | Status::Inconclusive => {}
    }
    test
}
