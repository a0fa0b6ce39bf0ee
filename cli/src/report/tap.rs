//! TAP 14, the Test Anything Protocol: a subtest for each scenario, a point for each check, and a YAML block beside what
//! did not pass.

use super::json::inline;
use super::telling::by_hand;
use super::{Examined, kernel_facts, scenarios};
use crate::words::{harmless, line};
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use std::fmt::Write;

/// The report as TAP.
pub fn tap(report: &Report, texts: &Texts) -> String {
    let all = scenarios(report);
    let mut tap = format!("TAP version 14\n1..{}\n", all.len());
    for (number, scenario) in all.iter().enumerate() {
        subtest(&mut tap, number + 1, scenario, texts);
    }
    // Whoever reads on must not take the rest for a pass: what we could not examine is not the runtime's success.
    if report.status == Status::Error {
        let reason = report.infrastructure_errors.first().map(|error| error.text.as_str());
        let reason = reason.map_or_else(|| texts.plain("ui-result-error"), harmless).replace('\n', " ");
        let _ = writeln!(tap, "Bail out! {}", description(&reason));
    }
    tap
}

fn subtest(tap: &mut String, number: usize, scenario: &Examined, texts: &Texts) {
    let title = description(&format!("{}: {}", scenario.id, scenario.title(texts)));
    let _ = writeln!(tap, "# Subtest: {title}\n    1..{}", scenario.checks.len());
    for (number, check) in scenario.checks.iter().enumerate() {
        let about = description(&super::telling::name(check));
        let _ = writeln!(tap, "    {} {} - {about}{}", ok(check.status), number + 1, directive(check.status, check));
        if check.status != Status::Pass {
            block(tap, check, texts);
        }
    }
    // A subtest with a failure in it is one; a scenario that nothing was examined of is skipped as a whole.
    let directive = match scenario.status {
        Status::Pass | Status::Fail => String::new(),
        status => scenario.with(status).next().map(|check| self::directive(status, check)).unwrap_or_default(),
    };
    let _ = writeln!(tap, "{} {number} - {title}{directive}", ok(scenario.status));
}

/// TAP knows two outcomes. What was not examined is not a failure.
fn ok(status: Status) -> &'static str {
    if status == Status::Fail { "not ok" } else { "ok" }
}

fn directive(status: Status, check: &Check) -> String {
    match status {
        Status::Pass | Status::Fail => String::new(),
        Status::Skip => format!(" # SKIP {}", description(&line(&check.message.text))),
        status => format!(" # SKIP {}: {}", status.word(), description(&line(&check.message.text))),
    }
}

/// What explains a point, as YAML. Strings are written as JSON writes them, which YAML reads.
fn block(tap: &mut String, check: &Check, texts: &Texts) {
    let string = |text: &str| inline(&text.into());
    tap.push_str("      ---\n");
    let mut field = |name: &str, value: String| {
        let _ = writeln!(tap, "      {name}: {value}");
    };
    field("id", string(&check.id));
    field("status", string(check.status.word()));
    field("score", check.score.to_string());
    field("max_score", check.max_score.to_string());
    field("message", string(&check.message.text));
    if check.status == Status::Fail {
        field("command", string(&check.command));
        field("expected", string(&check.expected));
        field("observed", string(&check.observed));
        let facts: Vec<String> = kernel_facts(check).map(|fact| format!("{}: {}", fact.source, fact.value)).collect();
        field("evidence", inline(&facts.into()));
        if let Some(hint) = &check.hint {
            field("hint", string(&hint.text));
        }
        if let Some(hand) = by_hand(check, texts) {
            field("hand", string(&hand));
        }
    }
    tap.push_str("      ...\n");
}

/// Text in which `#` begins no directive.
fn description(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}
