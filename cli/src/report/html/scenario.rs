//! One scenario on a student's page: closed where nothing is to be done, open where something failed.

use super::{Words, badge, escape, prose};
use crate::report::telling::by_hand;
use crate::report::{Examined, by_step, duration, kernel_facts, printed_facts, reasons};
use crate::words::lines;
use boxproof_harness::result::{Check, Status, Text};
use boxproof_scenarios::texts::Params;
use std::slice::from_ref;

/// How many lines of a value are shown.
const VALUE_LINES: usize = 30;

/// The scenarios of a page, of which each may refer to one before it.
pub(super) struct Scenarios<'a> {
    pub(super) words: &'a Words<'a>,
    pub(super) all: &'a [Examined<'a>],
}

impl Scenarios<'_> {
    pub(super) fn html(&self, scenario: &Examined) -> String {
        // What failed is open, but not everything that failed for the one reason that nothing starts.
        let first = self.told_by(scenario);
        let open = if scenario.status == Status::Fail && first.is_none() { " open" } else { "" };
        let (status, badge) = (scenario.status.word(), badge(scenario.status, self.words.0));
        let (id, title) = (escape(scenario.id), escape(&scenario.title(self.words.0)));
        let (tier, took) = (scenario.tier.word(), duration(scenario.duration_ms));
        let what = self.words.0.find(&format!("scenario-{}.what", scenario.id), &Params::new());
        let what = what.map(|what| format!("<p class=\"what\">{}</p>\n", prose(&what))).unwrap_or_default();
        let told = match scenario.status {
            Status::Pass => self.foundation(scenario),
            Status::Fail => self.again(first) + &self.failures(scenario),
            status => self.unexamined(scenario, status),
        };
        format!(
            r#"<details class="scenario {status}" id="s-{id}"{open}>
<summary>{badge} <span class="title">{title}</span> <span class="meta"><code>{id}</code> · {tier} · {took}</span></summary>
{what}{told}</details>
"#
        )
    }

    /// The scenario before this one that did not start for the same reason.
    fn told_by(&self, scenario: &Examined) -> Option<&str> {
        let reason = |scenario: &Examined| {
            let unstarted = scenario.with(Status::Fail).find(|check| never_started(check));
            unstarted.map(|check| check.message.id.clone())
        };
        let why = reason(scenario)?;
        let mut in_order = by_step(self.all).into_iter().flat_map(|(_, members)| members);
        let first = in_order.find(|other| reason(other).as_ref() == Some(&why))?;
        Some(first.id).filter(|first| *first != scenario.id)
    }

    fn again(&self, first: Option<&str>) -> String {
        let told = first.map(|first| self.words.text("ui-hint-again", [("scenario", first)]));
        told.map(|told| format!("<p>{told}</p>\n")).unwrap_or_default()
    }

    /// What a passed scenario rests on.
    fn foundation(&self, scenario: &Examined) -> String {
        let command = scenario.checks.first().map(|check| row("ui-command", &check.command, self.words));
        let mut items = String::new();
        for check in &scenario.checks {
            let (badge, title) = (badge(check.status, self.words.0), escape(&check.title));
            items += &format!("<li>{badge} {title}{}</li>\n", facts(check, self.words));
        }
        format!("{}<ul class=\"checks\">\n{items}</ul>\n", table(&command.unwrap_or_default()))
    }

    fn unexamined(&self, scenario: &Examined, status: Status) -> String {
        let reasons = reasons(from_ref(scenario), status).into_iter();
        reasons.map(|(reason, _)| format!("<p>{}</p>\n", prose(reason))).collect()
    }

    /// Each check, what explains it, and how to see it by hand.
    fn failures(&self, scenario: &Examined) -> String {
        let mut html = String::new();
        let mut hints: Vec<&Text> = Vec::new();
        for check in &scenario.checks {
            let (badge, title) = (badge(check.status, self.words.0), escape(&check.title));
            let told = if check.status == Status::Fail { failure(check, self.words) } else { String::new() };
            let status = check.status.word();
            html += &format!("<div class=\"check {status}\">\n<h3>{badge} {title}</h3>\n{told}</div>\n");
            hints.extend(check.hint.as_ref().filter(|hint| !hints.iter().any(|known| known.id == hint.id)));
        }
        for hint in hints {
            let (name, text) = (self.words.say("ui-hint"), prose(&hint.text));
            html += &format!("<p class=\"hint\"><strong>{name}</strong> {text}</p>\n");
        }
        let failed = scenario.with(Status::Fail).next();
        if let Some(hand) = failed.and_then(|check| by_hand(check, self.words.0)) {
            html += &format!("<h3>{}</h3>\n{}", self.words.say("ui-hand"), shell(&hand));
        }
        html
    }
}

/// Whether the cause is that nothing began which could have been examined.
pub(super) fn never_started(check: &Check) -> bool {
    check.hint.as_ref().is_some_and(|hint| hint.id == check.message.id)
}

/// What was run, expected and observed, and where that comes from.
pub(super) fn failure(check: &Check, words: &Words) -> String {
    let mut rows = String::new();
    if check.expected.is_empty() && check.observed.is_empty() {
        rows += &row("ui-observed", &check.message.text, words);
    }
    rows += &row("ui-command", &check.command, words);
    rows += &row("ui-expected", &check.expected, words);
    rows += &row("ui-observed", &check.observed, words);
    let mut html = table(&rows) + &facts(check, words);
    if printed_facts(check).next().is_none() {
        html += &table(&row("ui-stderr", &check.stderr, words));
    }
    html
}

/// Evidence, and what a learner sees.
fn facts(check: &Check, words: &Words) -> String {
    let evidence =
        kernel_facts(check).map(|fact| row("ui-evidence", &format!("{}: {}", fact.source, fact.value), words));
    let printed =
        printed_facts(check).map(|fact| row("ui-printed", &format!("$ {}\n{}", fact.source, fact.value), words));
    table(&evidence.chain(printed).collect::<String>())
}

fn table(rows: &str) -> String {
    if rows.is_empty() { String::new() } else { format!("<dl class=\"facts\">\n{rows}</dl>\n") }
}

/// A name and a foreign value; nothing where there is no value.
pub(super) fn row(name: &str, value: &str, words: &Words) -> String {
    let value = lines(value, VALUE_LINES);
    if value.is_empty() {
        return String::new();
    }
    format!("<div><dt>{}</dt><dd><pre>{}</pre></dd></div>\n", words.say(name), escape(&value.join("\n")))
}

/// Lines to be typed.
pub(super) fn shell(text: &str) -> String {
    format!("<pre class=\"shell\">{}</pre>\n", escape(&lines(text, 50).join("\n")))
}
