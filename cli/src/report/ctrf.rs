//! CTRF, the Common Test Report Format. It is strict: what it has no name for goes into `extra`.

use super::json::document;
use super::telling::{name, telling};
use super::{kernel_facts, scenarios};
use crate::moment::milliseconds;
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use serde_json::{Map, Value, json};
use std::io;

/// The version of the specification that this follows.
const SPEC: &str = "0.0.0";

/// The report as JSON.
pub fn ctrf(report: &Report, texts: &Texts) -> io::Result<String> {
    let (start, stop) = (milliseconds(&report.run.started_at), milliseconds(&report.run.finished_at));
    let count = |wanted: &[&str]| report.checks.iter().filter(|check| wanted.contains(&status(check.status))).count();
    let tool = json!({ "name": report.tool.name, "version": report.tool.version });
    let generator = format!("{} {}", report.tool.name, report.tool.version);
    document(&json!({
        "reportFormat": "CTRF",
        "specVersion": SPEC,
        "runId": report.run.id,
        "timestamp": report.run.finished_at,
        "generatedBy": generator,
        "results": {
            "tool": tool,
            "summary": {
                "tests": report.checks.len(),
                "passed": count(&["passed"]),
                "failed": count(&["failed"]),
                "skipped": count(&["skipped"]),
                "pending": 0,
                "other": count(&["other"]),
                "suites": scenarios(report).len(),
                "start": start,
                "stop": stop,
                "duration": stop.saturating_sub(start),
                "extra": { "score": report.score, "max_score": report.max_score, "status": report.status },
            },
            "tests": report.checks.iter().map(|check| test(check, texts)).collect::<Vec<_>>(),
            "environment": environment(report),
        },
    }))
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Pass => "passed",
        Status::Fail => "failed",
        Status::Skip => "skipped",
        Status::Error | Status::Inconclusive => "other",
    }
}

fn test(check: &Check, texts: &Texts) -> Value {
    let mut test = json!({
        "testId": check.id,
        "name": name(check),
        "status": status(check.status),
        "rawStatus": check.status.word(),
        "duration": check.duration_ms,
        "suite": ["boxproof", check.scenario],
        "message": check.message.text,
        "tags": check.tags,
        "labels": { "tier": check.tier.word(), "step": check.step },
        "extra": extra(check),
    });
    if check.status == Status::Fail {
        test["trace"] = telling(check, texts).into();
    }
    for (name, text) in [("stdout", &check.stdout), ("stderr", &check.stderr)] {
        if !text.is_empty() {
            test[name] = text.lines().collect::<Vec<_>>().into();
        }
    }
    if let [_, again @ ..] = check.attempts.as_slice()
        && !again.is_empty()
    {
        test["retries"] = again.len().into();
        test["flaky"] = (check.status == Status::Inconclusive).into();
    }
    test
}

/// What CTRF has no name for.
fn extra(check: &Check) -> Value {
    let evidence: Vec<Value> =
        kernel_facts(check).map(|fact| json!({ "source": fact.source, "value": fact.value })).collect();
    let mut extra = json!({
        "score": check.score,
        "max_score": check.max_score,
        "expected": check.expected,
        "observed": check.observed,
        "evidence": evidence,
    });
    if let Some(hint) = &check.hint {
        extra["hint"] = json!({ "id": hint.id, "text": hint.text });
    }
    extra
}

fn environment(report: &Report) -> Value {
    let mut place = Map::new();
    let mut say = |name: &str, value: &str| {
        if !value.is_empty() {
            place.insert(name.to_owned(), value.into());
        }
    };
    say("appName", &report.submission.id);
    say("commit", report.submission.commit.as_deref().unwrap_or_default());
    say("osPlatform", "linux");
    say("osRelease", &report.environment.kernel);
    say("osVersion", &report.environment.distro);
    say("testEnvironment", &report.environment.isolation);
    if report.run.shard.total > 1 {
        say("shardId", &format!("{}/{}", report.run.shard.index, report.run.shard.total));
    }
    place.insert("extra".to_owned(), json!({ "seed": report.run.seed, "sha256": report.submission.sha256 }));
    place.into()
}
