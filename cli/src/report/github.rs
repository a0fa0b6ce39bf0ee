//! Commands for GitHub's runner: what failed becomes annotations of the run. The runner takes ten of each kind from a step and
//! drops the rest without a word, so the last one says how many there are more.

use super::{Examined, params, scenarios, telling};
use crate::words::{harmless, shortened};
use boxproof_harness::result::{Report, Status};
use boxproof_scenarios::texts::Texts;
use std::fmt::Write;

/// Annotations of one kind that a step may make.
const MOST: usize = 10;
/// Letters of a message: more is not read in a list.
const LETTERS: usize = 1000;

/// What failed as errors, the likely causes first; what we could not examine as warnings.
pub fn github(report: &Report, texts: &Texts) -> String {
    let all = scenarios(report);
    let mut commands = String::new();
    annotate(&mut commands, "error", &failures(report, &all, texts), texts);
    annotate(&mut commands, "warning", &unexamined(report, &all), texts);
    commands
}

struct Annotation {
    title: String,
    message: String,
}

/// A failure for each cause, since one mistake fails many scenarios; then the scenarios that no cause was named for.
fn failures(report: &Report, all: &[Examined], texts: &Texts) -> Vec<Annotation> {
    let mut failures: Vec<Annotation> = report
        .causes
        .iter()
        .map(|cause| {
            let scenarios: Vec<&str> = all
                .iter()
                .filter(|scenario| scenario.checks.iter().any(|check| cause.checks.contains(&check.id)))
                .map(|scenario| scenario.id)
                .collect();
            Annotation { title: scenarios.join(", "), message: cause.text.clone() }
        })
        .collect();
    let explained = |id: &String| report.causes.iter().any(|cause| cause.checks.contains(id));
    for scenario in all {
        let Some(check) = scenario.with(Status::Fail).next() else { continue };
        if !scenario.with(Status::Fail).any(|check| explained(&check.id)) {
            failures.push(Annotation {
                title: format!("{}: {}", scenario.id, scenario.title(texts)),
                message: telling::telling(check, texts),
            });
        }
    }
    failures
}

fn unexamined(report: &Report, all: &[Examined]) -> Vec<Annotation> {
    let ours = report.infrastructure_errors.iter();
    let ours = ours.map(|error| Annotation { title: error.id.clone(), message: error.text.clone() });
    let unclear = all.iter().filter_map(|scenario| {
        let check = scenario.with(Status::Inconclusive).next()?;
        Some(Annotation { title: scenario.id.to_owned(), message: check.message.text.clone() })
    });
    ours.chain(unclear).collect()
}

fn annotate(commands: &mut String, kind: &str, annotations: &[Annotation], texts: &Texts) {
    let shown = if annotations.len() > MOST { MOST - 1 } else { annotations.len() };
    for annotation in &annotations[..shown] {
        let (title, message) = (property(&annotation.title), data(&annotation.message));
        let _ = writeln!(commands, "::{kind} title={title}::{message}");
    }
    let more = annotations.len() - shown;
    if more > 0 {
        let text = texts.text("ui-github-more", &params([("count", &more.to_string())]));
        let _ = writeln!(commands, "::{kind} title=boxproof::{}", data(&text));
    }
}

/// Foreign text as a command's data: one line, whose escapes the runner takes back.
fn data(text: &str) -> String {
    let text = shortened(&harmless(text), LETTERS);
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same as a property's value, which a colon or a comma would end.
fn property(text: &str) -> String {
    data(&shortened(text, 200)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_ends_a_command_or_begins_one() {
        assert_eq!(data("50 %\n::error::x\r"), "50 %25%0A\\::error%3A%3Ax".replace("%3A%3A", "::"));
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }

    #[test]
    fn of_many_the_last_says_how_many_more() {
        let texts = crate::words::texts(boxproof_scenarios::texts::Language::English);
        let many: Vec<_> = (0..25).map(|n| Annotation { title: format!("s{n}"), message: "m".into() }).collect();
        let told = |many: &[Annotation]| {
            let mut commands = String::new();
            annotate(&mut commands, "error", many, &texts);
            commands
        };
        let commands = told(&many);
        assert_eq!(commands.lines().count(), MOST);
        assert!(commands.lines().last().is_some_and(|last| last.contains("16")), "{commands}");
        assert_eq!(told(&many[..MOST]).lines().count(), MOST);
        assert_eq!(told(&[]), "");
    }
}
