//! `boxproof list`: the scenarios.

use crate::args::{ListArgs, language};
use crate::outcome::{Outcome, Trouble};
use crate::report::within_step;
use boxproof_harness::scenario::{Requirement, Scenario};
use boxproof_scenarios::catalogue;
use boxproof_scenarios::texts::Texts;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Prints the catalogue.
pub fn run(args: &ListArgs) -> Result<Outcome, Trouble> {
    let texts = crate::words::texts(language(args.lang));
    let text = match (args.json, args.markdown) {
        (true, _) => json(&texts).map_err(Trouble::environment)?,
        (_, true) => markdown(&texts),
        _ => plain(&texts),
    };
    crate::words::print(&text)
}

/// One scenario as other programs read it.
#[derive(Serialize)]
struct Entry {
    id: &'static str,
    step: &'static str,
    tier: &'static str,
    title: String,
    checks: Vec<String>,
    max_score: usize,
    requires: Vec<String>,
    offers: Option<&'static str>,
}

impl Entry {
    fn of(scenario: &Scenario, texts: &Texts) -> Entry {
        let requirement = |requirement: &Requirement| match requirement {
            Requirement::Controller(name) => format!("controller {name}"),
            Requirement::Swap => "swap".to_owned(),
            Requirement::PacketFilter => "packet filter".to_owned(),
        };
        Entry {
            id: scenario.id,
            step: scenario.step,
            tier: scenario.tier.word(),
            title: title(scenario, texts),
            checks: scenario.checks.iter().map(|check| format!("{}.{check}", scenario.id)).collect(),
            max_score: scenario.checks.len(),
            requires: scenario.requires.iter().map(requirement).collect(),
            offers: scenario.offers.map(|offer| offer.key()),
        }
    }
}

#[derive(Serialize)]
struct List {
    schema: &'static str,
    version: &'static str,
    scenarios: Vec<Entry>,
}

fn json(texts: &Texts) -> serde_json::Result<String> {
    let scenarios = catalogue().iter().map(|scenario| Entry::of(scenario, texts)).collect();
    let list = List { schema: "boxproof/list/v1", version: env!("CARGO_PKG_VERSION"), scenarios };
    serde_json::to_string_pretty(&list).map(|text| text + "\n")
}

fn title(scenario: &Scenario, texts: &Texts) -> String {
    texts.plain(&format!("scenario-{}", scenario.id))
}

/// The catalogue by the workshop's steps.
fn steps() -> BTreeMap<&'static str, Vec<&'static Scenario>> {
    let mut steps: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut all: Vec<&Scenario> = catalogue().iter().collect();
    all.sort_by_key(|scenario| within_step(scenario.step));
    for scenario in all {
        steps.entry(scenario.step.split('-').next().unwrap_or_default()).or_default().push(scenario);
    }
    steps
}

fn plain(texts: &Texts) -> String {
    let widest = catalogue().iter().map(|scenario| scenario.id.len()).max().unwrap_or(0);
    let mut page = String::new();
    for (step, scenarios) in steps() {
        let gap = if page.is_empty() { "" } else { "\n" };
        let _ = writeln!(page, "{gap}{}", texts.plain(&format!("step-{step}")));
        for scenario in scenarios {
            let (id, tier) = (scenario.id, scenario.tier.word());
            let _ = writeln!(page, "  {id:widest$}  {tier:8}  {}", title(scenario, texts));
        }
    }
    page
}

fn markdown(texts: &Texts) -> String {
    let mut page = format!("# {}\n\n{}\n", texts.plain("ui-list-title"), texts.plain("ui-list-made"));
    for (step, scenarios) in steps() {
        let _ = writeln!(page, "\n## {}", texts.plain(&format!("step-{step}")));
        for scenario in scenarios {
            let (id, tier, step) = (scenario.id, scenario.tier.word(), scenario.step);
            let what = texts.plain(&format!("scenario-{id}.what"));
            let _ = writeln!(page, "\n### `{id}`: {}\n\n{tier}, {step}. {what}\n", title(scenario, texts));
            for check in scenario.checks {
                let _ = writeln!(page, "- `{check}`: {}", texts.plain(&format!("check-{id}-{check}")));
            }
        }
    }
    page
}
