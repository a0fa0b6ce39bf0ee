//! JUnit's XML, for the tools of continuous integration: a scenario is a suite, a check is a case.
//!
//! There is no one schema. This is what all readers take: the elements and attributes of the Jenkins project's
//! `junit-10.xsd`, which is the strictest of them, and in its order. It knows no properties of a case, so the points are
//! properties of the suite.

use super::telling::telling;
use super::{Examined, scenarios};
use crate::words::harmless;
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use std::fmt::Write;

/// The report as XML.
pub fn junit(report: &Report, texts: &Texts) -> String {
    let all = scenarios(report);
    let took: u64 = all.iter().map(|scenario| scenario.duration_ms).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = Count::of(report.checks.iter());
    let Count { tests, failures, errors, .. } = count;
    let time = seconds(took);
    let _ = writeln!(
        xml,
        r#"<testsuites name="boxproof" tests="{tests}" failures="{failures}" errors="{errors}" time="{time}">"#
    );
    for scenario in &all {
        suite(&mut xml, scenario, report, texts);
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// How many checks ended how, in JUnit's words.
struct Count {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Count {
    fn of<'a>(checks: impl Iterator<Item = &'a Check> + Clone) -> Count {
        let with = |wanted: &[Status]| checks.clone().filter(|check| wanted.contains(&check.status)).count();
        Count {
            tests: checks.clone().count(),
            failures: with(&[Status::Fail]),
            errors: with(&[Status::Error, Status::Inconclusive]),
            skipped: with(&[Status::Skip]),
        }
    }
}

fn suite(xml: &mut String, scenario: &Examined, report: &Report, texts: &Texts) {
    let Count { tests, failures, errors, skipped } = Count::of(scenario.checks.iter().copied());
    let (name, time) = (attribute(scenario.id), seconds(scenario.duration_ms));
    let timestamp = attribute(report.run.started_at.trim_end_matches('Z'));
    let _ = writeln!(
        xml,
        r#"  <testsuite name="{name}" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{time}" timestamp="{timestamp}">"#
    );
    let points: u32 = scenario.checks.iter().map(|check| check.score).sum();
    let most: u32 = scenario.checks.iter().map(|check| check.max_score).sum();
    let properties = [
        ("tier", scenario.tier.word().to_owned()),
        ("step", scenario.step.to_owned()),
        ("points", points.to_string()),
        ("max_points", most.to_string()),
    ];
    xml.push_str("    <properties>\n");
    for (name, value) in properties {
        let _ = writeln!(xml, r#"      <property name="{name}" value="{}"/>"#, attribute(&value));
    }
    xml.push_str("    </properties>\n");
    scenario.checks.iter().for_each(|check| case(xml, check, texts));
    xml.push_str("  </testsuite>\n");
}

fn case(xml: &mut String, check: &Check, texts: &Texts) {
    let class = attribute(&format!("boxproof.{}.{}", check.tier.word(), check.scenario));
    let (name, time) = (attribute(&check.id), seconds(check.duration_ms));
    let _ = writeln!(xml, r#"    <testcase name="{name}" classname="{class}" time="{time}">"#);
    let message = attribute(&check.message.text);
    let element = match check.status {
        Status::Pass => None,
        Status::Skip => Some("skipped"),
        Status::Fail => Some("failure"),
        Status::Error | Status::Inconclusive => Some("error"),
    };
    if let Some(element) = element {
        let description = content(&format!("{}\n{}", check.title, telling(check, texts)));
        let _ = writeln!(
            xml,
            r#"      <{element} type="{}" message="{message}">{description}</{element}>"#,
            check.status.word()
        );
    }
    for (element, text) in [("system-out", &check.stdout), ("system-err", &check.stderr)] {
        if !text.is_empty() {
            let _ = writeln!(xml, "      <{element}>{}</{element}>", content(text));
        }
    }
    xml.push_str("    </testcase>\n");
}

/// Milliseconds as JUnit's seconds.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// Text between tags. What XML 1.0 has no way of writing, not even as a reference, is shown as an escape.
fn content(text: &str) -> String {
    harmless(text).chars().fold(String::with_capacity(text.len()), |mut xml, letter| {
        match letter {
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '&' => xml.push_str("&amp;"),
            '"' => xml.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => xml.extend(letter.escape_default()),
            letter => xml.push(letter),
        }
        xml
    })
}

/// A value between quotes, where a line end would be read as a blank.
fn attribute(text: &str) -> String {
    content(text).replace('\n', "&#10;")
}
