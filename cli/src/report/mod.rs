//! Reports: every one is made from `boxproof/result/v1`, and only from it.

mod autolab;
pub mod class;
mod classroom50;
mod csv;
mod ctrf;
mod github;
mod gradescope;
mod html;
mod json;
mod junit;
mod markdown;
mod prairielearn;
mod tap;
mod telling;
mod terminal;
mod visibility;

pub use class::Entry;
pub use json::json;
pub use terminal::{mark, terminal};

use boxproof_harness::result::{Check, Fact, Report, Status, Tier, write_atomically};
use boxproof_scenarios::catalogue;
use boxproof_scenarios::texts::{Params, Texts};
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// A format that a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// boxproof/result/v1 itself
    Json,
    /// What the terminal shows, without colours
    Text,
    /// Markdown, as for a GitHub job summary
    Md,
    /// Annotations: commands for GitHub's runner, to be printed in a step
    Github,
    /// One page that needs nothing else; of several results, a page of the class
    Html,
    /// JUnit XML
    Junit,
    /// Test Anything Protocol, version 14
    Tap,
    /// Common Test Report Format
    Ctrf,
    /// results.json of a Gradescope autograder
    Gradescope,
    /// result.json of Classroom 50
    Classroom50,
    /// results.json of a PrairieLearn external grader
    Prairielearn,
    /// The last two lines that an Autolab autograder prints
    Autolab,
    /// A line for each result
    Csv,
}

impl Format {
    /// One result, as the bytes of a file. What a course hides is left out where students may read it.
    pub fn render(self, report: &Report, texts: &Texts) -> io::Result<Vec<u8>> {
        let seen = || visibility::seen_by_student(report);
        let variable = |name: &str| std::env::var(name).ok();
        Ok(match self {
            Format::Json => json(report)?,
            Format::Text => anstream::adapter::strip_str(&terminal(report, texts)).to_string(),
            Format::Md => markdown::markdown(&seen(), texts),
            Format::Github => github::github(&seen(), texts),
            Format::Html => html::student_page(&seen(), texts),
            Format::Junit => junit::junit(&seen(), texts),
            Format::Tap => tap::tap(&seen(), texts),
            Format::Ctrf => ctrf::ctrf(&seen(), texts)?,
            Format::Gradescope => gradescope::gradescope(report, texts, gradescope::previous_score())?,
            Format::Classroom50 => classroom50::classroom50(&seen(), texts, &variable)?,
            Format::Prairielearn => prairielearn::prairielearn(&seen(), texts)?,
            Format::Autolab => autolab::autolab(&seen(), texts)?,
            Format::Csv => csv::csv(&[Entry::of(report.clone())]),
        }
        .into_bytes())
    }

    /// Several results, as one file; none where the format knows no more than one.
    pub fn render_class(self, entries: &[Entry], texts: &Texts) -> Option<Vec<u8>> {
        match self {
            Format::Html => Some(html::class_page(entries, texts).into_bytes()),
            Format::Csv => Some(csv::csv(entries).into_bytes()),
            _ => None,
        }
    }

    /// Writes it to `path`, whole or not at all.
    pub fn write(self, report: &Report, texts: &Texts, path: &Path) -> io::Result<()> {
        write_atomically(path, &self.render(report, texts)?)
    }
}

/// The checks of one scenario.
pub struct Examined<'a> {
    pub id: &'a str,
    pub step: &'a str,
    pub tier: Tier,
    pub status: Status,
    pub duration_ms: u64,
    pub checks: Vec<&'a Check>,
}

impl<'a> Examined<'a> {
    /// The checks that ended so.
    pub fn with(&self, status: Status) -> impl Iterator<Item = &'a Check> + '_ {
        self.checks.iter().copied().filter(move |check| check.status == status)
    }

    /// What the scenario says in the reader's language.
    pub fn title(&self, texts: &Texts) -> String {
        texts.plain(&format!("scenario-{}", self.id))
    }
}

/// The scenarios of a result, in its order.
pub fn scenarios(report: &Report) -> Vec<Examined<'_>> {
    let mut all: Vec<Examined> = Vec::new();
    for check in &report.checks {
        match all.iter_mut().find(|known| known.id == check.scenario) {
            Some(known) => known.checks.push(check),
            None => all.push(Examined {
                id: &check.scenario,
                step: &check.step,
                tier: check.tier,
                status: check.status,
                duration_ms: 0,
                checks: vec![check],
            }),
        }
    }
    for scenario in &mut all {
        scenario.status = Status::of(scenario.checks.iter().map(|check| check.status));
        scenario.duration_ms = scenario.checks.iter().map(|check| check.duration_ms).max().unwrap_or(0);
    }
    all
}

/// Scenarios by the workshop's steps, in the workshop's order.
pub fn by_step<'a>(scenarios: &'a [Examined<'a>]) -> Vec<(&'a str, Vec<&'a Examined<'a>>)> {
    let mut steps: Vec<(&str, Vec<&Examined>)> = Vec::new();
    for scenario in scenarios {
        let step = scenario.step.split('-').next().unwrap_or_default();
        match steps.iter_mut().find(|(known, _)| *known == step) {
            Some((_, members)) => members.push(scenario),
            None => steps.push((step, vec![scenario])),
        }
    }
    steps.sort_by_key(|(step, _)| *step);
    for (_, members) in &mut steps {
        members.sort_by_key(|scenario| within_step(scenario.step));
    }
    steps
}

/// The order within a step: what belongs to no part of it comes after its parts.
pub fn within_step(step: &str) -> &str {
    step.split_once('-').map_or("~", |(_, part)| part)
}

/// How many scenarios of each tier passed, of how many.
pub fn tally(scenarios: &[Examined]) -> Vec<(Tier, usize, usize)> {
    let tiers = [Tier::Core, Tier::Robust, Tier::Next, Tier::Hardened];
    let count = |tier| {
        let of_tier = scenarios.iter().filter(|scenario| scenario.tier == tier);
        let passed = of_tier.clone().filter(|scenario| scenario.status == Status::Pass).count();
        (tier, passed, of_tier.count())
    };
    tiers.into_iter().map(count).filter(|(_, _, planned)| *planned > 0).collect()
}

/// The id of the sentence that says how the whole ended.
pub fn verdict(report: &Report) -> &'static str {
    let failed = report.checks.iter().any(|check| check.status == Status::Fail);
    match report.status {
        Status::Pass | Status::Skip => "ui-result-pass",
        Status::Fail => "ui-result-fail",
        Status::Error | Status::Inconclusive if failed => "ui-result-both",
        Status::Error | Status::Inconclusive => "ui-result-error",
    }
}

/// What a check rests on.
pub fn kernel_facts(check: &Check) -> impl Iterator<Item = &Fact> {
    check.evidence.iter().filter(|fact| fact.kind != "printed")
}

/// What a learner sees beside it.
pub fn printed_facts(check: &Check) -> impl Iterator<Item = &Fact> {
    check.evidence.iter().filter(|fact| fact.kind == "printed")
}

/// Reasons why scenarios ended with `status`, each with the scenarios it holds for.
pub fn reasons<'a>(scenarios: &[Examined<'a>], status: Status) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for scenario in scenarios {
        for check in scenario.with(status) {
            let text = check.message.text.as_str();
            match reasons.iter_mut().find(|(known, _)| *known == text) {
                Some((_, ids)) if ids.contains(&scenario.id) => {}
                Some((_, ids)) => ids.push(scenario.id),
                None => reasons.push((text, vec![scenario.id])),
            }
        }
    }
    reasons
}

/// The command that repeats this run exactly: what is drawn depends on the seed and the scenario alone.
pub fn again(report: &Report) -> String {
    let backend = match report.environment.isolation.as_str() {
        "host" => " --backend local",
        "vm" => " --backend vagrant",
        _ => "",
    };
    let (path, seed) = (shell_word(&report.submission.path), report.run.seed);
    format!("boxproof exam {path}{backend}{} --seed {seed}", selection(report))
}

/// The options that choose this result's scenarios out of the catalogue.
fn selection(report: &Report) -> String {
    let chosen = scenarios(report);
    if chosen.len() >= catalogue().len() {
        return String::new();
    }
    let tiers: BTreeSet<Tier> = chosen.iter().map(|scenario| scenario.tier).collect();
    let of_tiers = catalogue().iter().filter(|scenario| tiers.contains(&scenario.tier)).count();
    match of_tiers == chosen.len() {
        true => tiers.iter().map(|tier| format!(" --tier {}", tier.word())).collect(),
        false => chosen.iter().map(|scenario| format!(" --only {}", scenario.id)).collect(),
    }
}

/// A word as a shell would need it.
fn shell_word(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Milliseconds as people say them.
pub fn duration(ms: u64) -> String {
    if ms < 1000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1000, ms % 1000 / 100) }
}

/// Values for a text.
pub fn params<const N: usize>(pairs: [(&str, &str); N]) -> Params {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests;
