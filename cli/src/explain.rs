//! `boxproof explain`: what a scenario or a cause means, why it matters, and how to see it by hand.

use crate::args::{ExplainArgs, language};
use crate::exam::unknown;
use crate::outcome::{Outcome, Trouble};
use anstyle::Style;
use boxproof_harness::scenario::Scenario;
use boxproof_scenarios::catalogue;
use boxproof_scenarios::texts::{Params, Texts};
use std::fmt::Write;

const BOLD: Style = Style::new().bold();

/// Explains a scenario, a check (by its scenario) or a cause.
pub fn run(args: &ExplainArgs) -> Result<Outcome, Trouble> {
    let texts = crate::words::texts(language(args.lang));
    let id = args.id.split('.').next().unwrap_or_default();
    let page = if let Some(scenario) = catalogue().iter().find(|known| known.id == id) {
        scenario_page(scenario, &texts)
    } else if texts.causes().any(|known| known == id) {
        cause_page(id, &texts)
    } else {
        let known = catalogue().iter().map(|known| known.id).chain(texts.causes());
        return Err(unknown(&texts.plain("ui-scenario-or-cause"), &args.id, known));
    };
    crate::words::print(&page)
}

fn scenario_page(scenario: &Scenario, texts: &Texts) -> String {
    let key = format!("scenario-{}", scenario.id);
    let mut page = heading(scenario.id, &texts.plain(&key));
    let step = texts.plain(&format!("step-{}", scenario.step));
    let _ = writeln!(page, "{step} · {}", scenario.tier.word());
    paragraph(&mut page, None, texts.find(&format!("{key}.what"), &Params::new()));
    let mut checks = String::new();
    for check in scenario.checks {
        let _ = writeln!(checks, "{check}: {}", texts.plain(&format!("check-{}-{check}", scenario.id)));
    }
    paragraph(&mut page, Some(texts.plain("ui-checks")), Some(checks));
    rest(&mut page, &key, texts);
    page
}

fn cause_page(id: &str, texts: &Texts) -> String {
    let key = format!("cause-{id}");
    // Without an exam there is nothing that was expected or observed.
    let nothing = crate::report::params([("observed", "…"), ("expected", "…")]);
    let mut page = heading(id, &texts.text(&key, &nothing));
    rest(&mut page, &key, texts);
    page
}

fn heading(id: &str, title: &str) -> String {
    format!("{BOLD}{id}{BOLD:#}\n{title}\n")
}

fn rest(page: &mut String, key: &str, texts: &Texts) {
    for attribute in ["why", "hand", "man"] {
        let text = texts.find(&format!("{key}.{attribute}"), &Params::new());
        paragraph(page, Some(texts.plain(&format!("ui-explain-{attribute}"))), text);
    }
}

fn paragraph(page: &mut String, name: Option<String>, text: Option<String>) {
    let Some(text) = text else { return };
    page.push('\n');
    if let Some(name) = name {
        let _ = writeln!(page, "{BOLD}{name}{BOLD:#}");
    }
    for line in text.trim_end().lines() {
        let _ = writeln!(page, "  {line}");
    }
}
