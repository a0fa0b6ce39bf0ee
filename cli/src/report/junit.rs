//! JUnit's XML, for the tools of continuous integration: a scenario is a suite, a check is a case.

use super::{Examined, kernel_facts, scenarios};
use crate::words::{harmless, lines};
use boxproof_harness::result::{Check, Report, Status};
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};
use std::io;
use std::time::Duration;

/// The report as XML.
pub fn junit(report: &Report) -> io::Result<String> {
    let mut document = quick_junit::Report::new("boxproof");
    for scenario in scenarios(report) {
        document.add_test_suite(suite(&scenario));
    }
    document.to_string().map_err(io::Error::other)
}

fn suite(scenario: &Examined) -> TestSuite {
    let mut suite = TestSuite::new(scenario.id);
    suite.set_time(Duration::from_millis(scenario.duration_ms));
    suite.add_property(Property::new("tier", scenario.tier.word()));
    suite.add_property(Property::new("step", scenario.step));
    suite.add_test_cases(scenario.checks.iter().map(|check| case(check)));
    suite
}

fn case(check: &Check) -> TestCase {
    let mut case = TestCase::new(&check.id, status(check));
    case.set_classname(format!("boxproof.{}.{}", check.tier.word(), check.scenario));
    case.set_time(Duration::from_millis(check.duration_ms));
    case.add_property(Property::new("points", check.score.to_string()));
    case.add_property(Property::new("max_points", check.max_score.to_string()));
    if let Some(hint) = &check.hint {
        case.add_property(Property::new("hint", &hint.text));
    }
    case.set_system_out(harmless(&check.stdout));
    case.set_system_err(harmless(&check.stderr));
    case
}

fn status(check: &Check) -> TestCaseStatus {
    let (mut status, kind) = match check.status {
        Status::Pass => return TestCaseStatus::success(),
        Status::Skip => (TestCaseStatus::skipped(), "skip"),
        Status::Fail => (TestCaseStatus::non_success(NonSuccessKind::Failure), "fail"),
        Status::Error | Status::Inconclusive => (TestCaseStatus::non_success(NonSuccessKind::Error), "error"),
    };
    status.set_message(harmless(&check.message.text));
    if check.status != Status::Skip {
        status.set_type(kind);
        status.set_description(description(check));
    }
    status
}

fn description(check: &Check) -> String {
    let mut text = format!("{}\n$ {}\n", check.title, harmless(&check.command));
    text.push_str(&format!("expected: {}\nobserved: {}\n", harmless(&check.expected), harmless(&check.observed)));
    for fact in kernel_facts(check) {
        text.push_str(&format!("{}: {}\n", fact.source, lines(&fact.value, 20).join("\n")));
    }
    if let Some(hint) = &check.hint {
        text.push_str(&hint.text);
    }
    text
}
