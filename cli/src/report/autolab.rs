//! The last two lines that an Autolab autograder prints: feedback in its `semantic` form, and the scores.
//!
//! The workshop's steps are the stages, the scenarios the tests, the tiers Autolab's problems. Where not everything could
//! be examined, no problem is named, so no score is overwritten.

use super::json::document_line;
use super::{by_step, scenarios};
use crate::words::{harmless, shortened};
use boxproof_harness::result::{Report, Status, Tier};
use boxproof_scenarios::texts::Texts;
use serde_json::{Map, Value, json};
use std::io;

/// How long a hint may be, in letters: Autolab shows it in a table.
const HINT: usize = 500;

/// The two lines.
pub fn autolab(report: &Report, texts: &Texts) -> io::Result<String> {
    Ok(format!("{}{}", document_line(&feedback(report, texts))?, document_line(&scores(report))?))
}

fn feedback(report: &Report, texts: &Texts) -> Value {
    let all = scenarios(report);
    let mut stages: Vec<String> = Vec::new();
    let mut tests = Map::new();
    for (step, members) in by_step(&all) {
        let stage = texts.plain(&format!("step-{step}"));
        let mut of_stage = Map::new();
        for scenario in members {
            let told = scenario.with(scenario.status).next();
            let hint = told.and_then(|check| check.hint.as_ref()).map(|hint| hint.text.as_str());
            let reason = hint.or(told.map(|check| check.message.text.as_str())).unwrap_or_default();
            let passed = scenario.status == Status::Pass;
            let test = match passed {
                true => json!({ "passed": true }),
                false => json!({ "passed": false, "hint": shortened(&harmless(reason), HINT) }),
            };
            of_stage.insert(scenario.id.to_owned(), test);
        }
        stages.push(stage.clone());
        tests.insert(stage, of_stage.into());
    }
    let mut feedback = json!({ "_presentation": "semantic", "stages": stages });
    if let Some(feedback) = feedback.as_object_mut() {
        feedback.append(&mut tests);
    }
    feedback
}

fn scores(report: &Report) -> Value {
    if report.status == Status::Error {
        return json!({ "scores": {} });
    }
    let mut problems = Map::new();
    for tier in [Tier::Core, Tier::Robust, Tier::Next, Tier::Hardened] {
        let mut of_tier = report.checks.iter().filter(|check| check.tier == tier).peekable();
        if of_tier.peek().is_some() {
            problems.insert(tier.word().to_owned(), of_tier.map(|check| check.score).sum::<u32>().into());
        }
    }
    json!({ "scores": problems, "scoreboard": [report.score] })
}
