//! What a learner reads: the workshop's steps, a mark per scenario, and for each failure what was run, expected and
//! observed, where that comes from, how to see it by hand, and what is the likely cause.

use super::{
    Examined, again, by_step, duration, kernel_facts, params, printed_facts, reasons, scenarios, tally, verdict,
};
use crate::words::{harmless, line, lines, prose};
use anstyle::{AnsiColor, Style};
use boxproof_harness::result::{Check, Fact, Report, Residue, Status, Text, Tier};
use boxproof_scenarios::texts::{Params, Texts};
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const HINT: Style = AnsiColor::Cyan.on_default();

/// How many lines of a value are shown.
const VALUE_LINES: usize = 8;

/// A mark that means the same without colour.
pub fn mark(status: Status) -> char {
    match status {
        Status::Pass => '✓',
        Status::Fail => '✗',
        Status::Skip => '–',
        Status::Error => '!',
        Status::Inconclusive => '?',
    }
}

fn style(status: Status) -> Style {
    match status {
        Status::Pass => AnsiColor::Green.on_default(),
        Status::Fail => AnsiColor::Red.on_default().bold(),
        Status::Skip => FAINT,
        Status::Error | Status::Inconclusive => AnsiColor::Yellow.on_default().bold(),
    }
}

/// The whole report, with colours that the stream may take out.
pub fn terminal(report: &Report, texts: &Texts) -> String {
    let mut page = Page { text: String::new(), texts, told: BTreeMap::new() };
    let all = scenarios(report);
    page.title(report);
    let widest = all.iter().map(|scenario| scenario.id.width()).max().unwrap_or(0);
    for (step, members) in by_step(&all) {
        page.line(0, &styled(BOLD, &texts.plain(&format!("step-{step}"))));
        for scenario in members {
            page.scenario(scenario, widest);
        }
        page.blank();
    }
    page.summary(report, &all);
    page.text
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// `text` in `width` columns: Japanese letters are two columns wide.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

struct Page<'a> {
    text: String,
    texts: &'a Texts,
    /// Ways of not even starting that were told already, each with its first scenario: a runtime that starts nothing
    /// fails everything for the same reason.
    told: BTreeMap<String, String>,
}

impl Page<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// An empty line, but never two.
    fn blank(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn say(&self, id: &str) -> String {
        self.texts.plain(id)
    }

    /// The word for a status, as wide as the widest of them.
    fn word(&self, status: Status) -> String {
        let all = [Status::Pass, Status::Fail, Status::Skip, Status::Error, Status::Inconclusive];
        let word = |status: Status| self.say(&format!("ui-word-{}", status.word()));
        let widest = all.into_iter().map(|status| word(status).width()).max().unwrap_or(0);
        padded(&word(status), widest)
    }

    fn title(&mut self, report: &Report) {
        let about = format!("boxproof {}  {}", line(&report.tool.version), line(&report.submission.path));
        self.line(0, &styled(BOLD, &about));
        self.blank();
    }

    fn scenario(&mut self, scenario: &Examined, widest: usize) {
        let style = style(scenario.status);
        let mark = styled(style, &format!("{} {}", mark(scenario.status), self.word(scenario.status)));
        let took = styled(FAINT, &format!("{} · {}", scenario.tier.word(), duration(scenario.duration_ms)));
        let id = padded(scenario.id, widest);
        self.line(2, &format!("{mark}  {id}  {}  {took}", scenario.title(self.texts)));
        match scenario.status {
            Status::Pass => self.foundation(scenario),
            Status::Skip | Status::Error | Status::Inconclusive => self.unexamined(scenario),
            Status::Fail => self.failures(scenario),
        }
    }

    /// What a passed scenario rests on: in tier core each fact, elsewhere the last.
    fn foundation(&mut self, scenario: &Examined) {
        let mut facts: Vec<&Fact> = scenario.checks.iter().filter_map(|check| kernel_facts(check).next()).collect();
        facts.dedup();
        let shown = if scenario.tier == Tier::Core { 0 } else { facts.len().saturating_sub(1) };
        for fact in &facts[shown..] {
            let value = fact.value.trim().replace('\n', " · ");
            self.line(4, &styled(FAINT, &line(&format!("{}: {value}", fact.source))));
        }
    }

    fn unexamined(&mut self, scenario: &Examined) {
        for (reason, _) in reasons(&[Examined { checks: scenario.checks.clone(), ..*scenario }], scenario.status) {
            for text in prose(reason, VALUE_LINES) {
                self.line(4, &styled(FAINT, &text));
            }
        }
    }

    fn failures(&mut self, scenario: &Examined) {
        for check in scenario.with(Status::Fail) {
            self.failure(check);
        }
        let mut hints: Vec<&Text> = Vec::new();
        for check in scenario.with(Status::Fail) {
            let Some(hint) = &check.hint else { continue };
            let never_started = check.message.id == hint.id;
            if let Some(first) = self.told.get(&hint.id).filter(|_| never_started) {
                let again = self.texts.text("ui-hint-again", &params([("scenario", first)]));
                self.field("ui-hint", &[again], HINT);
                return self.blank();
            }
            if never_started {
                self.told.insert(hint.id.clone(), scenario.id.to_owned());
            }
            if !hints.iter().any(|known| known.id == hint.id) {
                hints.push(hint);
            }
        }
        for hint in hints {
            self.hint(hint, scenario.step);
        }
        if let Some(hand) = self.texts.find(&format!("scenario-{}.hand", scenario.id), &Params::new()) {
            self.field("ui-hand", &lines(&hand, 40), Style::new());
        }
        self.blank();
    }

    /// What was run, expected, observed, and where that comes from.
    fn failure(&mut self, check: &Check) {
        self.line(4, &format!("{} {}", styled(style(Status::Fail), "✗"), harmless(&check.title)));
        let plain = Style::new();
        if check.expected.is_empty() && check.observed.is_empty() {
            self.line(6, &line(&check.message.text));
        }
        self.field("ui-command", &lines(&check.command, 3), plain);
        self.field("ui-expected", &lines(&check.expected, VALUE_LINES), plain);
        self.field("ui-observed", &lines(&check.observed, VALUE_LINES), style(Status::Fail));
        for fact in kernel_facts(check) {
            self.field("ui-evidence", &source_and_value(&fact.source, &fact.value), plain);
        }
        for fact in printed_facts(check) {
            self.field("ui-printed", &source_and_value(&format!("$ {}", fact.source), &fact.value), FAINT);
        }
        if printed_facts(check).next().is_none() && !check.stderr.trim().is_empty() {
            self.field("ui-stderr", &lines(&check.stderr, VALUE_LINES), FAINT);
        }
    }

    fn hint(&mut self, hint: &Text, step: &str) {
        let explain = format!("boxproof explain {}", hint.id);
        let more = self.texts.text("ui-hint-more", &params([("step", step), ("command", &explain)]));
        let text = prose(&hint.text, VALUE_LINES).into_iter().chain([more]).collect::<Vec<_>>();
        self.field("ui-hint", &text, HINT);
    }

    /// A name and its lines beside it.
    fn field(&mut self, name: &str, lines: &[String], style: Style) {
        const NAMES: [&str; 8] = [
            "ui-command",
            "ui-expected",
            "ui-observed",
            "ui-evidence",
            "ui-printed",
            "ui-stderr",
            "ui-hint",
            "ui-hand",
        ];
        let widest = NAMES.iter().map(|name| self.say(name).width()).max().unwrap_or(0);
        let mut name = self.say(name);
        for text in lines {
            self.line(6, &format!("{}  {}", styled(FAINT, &padded(&name, widest)), styled(style, text)));
            name.clear();
        }
    }

    fn summary(&mut self, report: &Report, all: &[Examined]) {
        let verdict = self.say(verdict(report));
        self.line(0, &styled(style(report.status), &verdict));
        let tiers: Vec<String> = tally(all)
            .into_iter()
            .map(|(tier, passed, planned)| {
                let (passed, planned) = (passed.to_string(), planned.to_string());
                let name = self.say(&format!("ui-tier-{}", tier.word()));
                self.texts.text("ui-tally", &params([("tier", &name), ("passed", &passed), ("planned", &planned)]))
            })
            .collect();
        let points = [("score", report.score.to_string()), ("max", report.max_score.to_string())];
        let points =
            self.texts.text("ui-points", &params(points.each_ref().map(|(name, value)| (*name, value.as_str()))));
        self.line(2, &format!("{}  {points}", tiers.join("  ")));
        self.causes(report);
        self.gaps(report, all);
        self.residue(report);
        self.flags(report);
        self.blank();
        self.line(0, &harmless(&self.texts.text("ui-again", &params([("command", &again(report))]))));
        for text in prose(&self.surroundings(report), 4) {
            self.line(0, &styled(FAINT, &text));
        }
    }

    fn causes(&mut self, report: &Report) {
        if report.causes.is_empty() {
            return;
        }
        self.blank();
        self.line(0, &styled(BOLD, &self.say("ui-causes")));
        for (number, cause) in report.causes.iter().enumerate() {
            let mut explained: Vec<&str> = cause.checks.iter().map(|id| id.split('.').next().unwrap_or(id)).collect();
            explained.dedup();
            for (at, text) in prose(&cause.text, VALUE_LINES).iter().enumerate() {
                let number = if at == 0 { format!("{}.", number + 1) } else { String::new() };
                self.line(2, &format!("{number:<3} {text}"));
            }
            let (scenarios, command) = (explained.join(", "), format!("boxproof explain {}", cause.id));
            let explains = params([("scenarios", &scenarios), ("command", &command)]);
            for text in prose(&self.texts.text("ui-explains", &explains), 20) {
                self.line(6, &styled(FAINT, &text));
            }
        }
    }

    /// What was not examined, and why.
    fn gaps(&mut self, report: &Report, all: &[Examined]) {
        for (status, heading) in [
            (Status::Error, "ui-not-examined"),
            (Status::Inconclusive, "ui-inconclusive"),
            (Status::Skip, "ui-skipped"),
        ] {
            let ours: &[_] = if status == Status::Error { &report.infrastructure_errors } else { &[] };
            // What a failure kept from being reached is told by the failure.
            let told =
                |reason: &(&str, Vec<&str>)| status != Status::Skip || reason.1.iter().any(|id| skipped(all, id));
            let reasons: Vec<_> = reasons(all, status).into_iter().filter(told).collect();
            // What the machine lacks is said once, with what to do about it.
            let lacks = |id: &str| lacks(all, id);
            let reasons: Vec<_> =
                reasons.into_iter().filter(|(_, ids)| ours.is_empty() || !ids.iter().any(|id| lacks(id))).collect();
            if reasons.is_empty() && ours.is_empty() {
                continue;
            }
            self.blank();
            self.line(0, &styled(style(status), &self.say(heading)));
            for error in ours {
                self.item(status, &error.text);
            }
            for (reason, ids) in reasons {
                self.item(status, &format!("{}: {reason}", ids.join(", ")));
            }
        }
    }

    fn item(&mut self, status: Status, text: &str) {
        for (at, text) in prose(text, 20).iter().enumerate() {
            let mark = if at == 0 { mark(status) } else { ' ' };
            self.line(2, &format!("{mark} {text}"));
        }
    }

    /// What was left behind, where that is part of a failure: an empty cgroup after SIGKILL is nobody's fault.
    fn residue(&mut self, report: &Report) {
        let failed = |id: &str| report.scenario_status(id) == Some(Status::Fail);
        let residue: Vec<_> = report.residue.iter().filter(|left| failed(&left.scenario)).collect();
        if residue.is_empty() {
            return;
        }
        self.blank();
        self.line(0, &styled(BOLD, &self.say("ui-residue")));
        let mut kinds: BTreeMap<&str, Vec<&Residue>> = BTreeMap::new();
        residue.into_iter().for_each(|left| kinds.entry(&left.kind).or_default().push(left));
        for (kind, left) in kinds {
            let Some(first) = left.first() else { continue };
            let what = if first.after.is_empty() { &first.before } else { &first.after };
            self.line(2, &line(&format!("{kind} × {}: {what} ({})", left.len(), first.scenario)));
        }
    }

    /// What a person should look at.
    fn flags(&mut self, report: &Report) {
        if report.flags.is_empty() {
            return;
        }
        self.blank();
        self.line(0, &styled(BOLD, &self.say("ui-flags")));
        for flag in &report.flags {
            for (at, text) in prose(&flag.reason, VALUE_LINES).iter().enumerate() {
                let id = if at == 0 { "⚑" } else { " " };
                self.line(2, &format!("{id} {text}"));
            }
            for text in lines(&flag.evidence, 3) {
                self.line(4, &styled(FAINT, &text));
            }
        }
    }

    /// Kernel, machine and speed in one line.
    fn surroundings(&self, report: &Report) -> String {
        let place = &report.environment;
        let isolation =
            self.say(&format!("ui-isolation-{}", if place.isolation.is_empty() { "none" } else { &place.isolation }));
        let mut words = vec![isolation];
        if !place.kernel.is_empty() {
            words.push(format!("Linux {} ({})", place.kernel, place.arch));
        }
        if !place.distro.is_empty() {
            words.push(place.distro.clone());
        }
        // Why that accelerator was said when the machine was started, and stands in the result.
        let limits = place.limits.iter().filter(|(name, _)| *name != "accelerator_reason");
        words.extend(limits.map(|(name, value)| format!("{name} {value}")));
        words.join(", ")
    }
}

/// Whether scenario `id` was not examined because the machine lacks something.
fn lacks(all: &[Examined], id: &str) -> bool {
    let lack = |check: &&Check| matches!(check.message.id.as_str(), "no-controller" | "no-swap");
    all.iter().any(|scenario| scenario.id == id && scenario.checks.iter().all(lack))
}

/// Whether all of scenario `id` was skipped.
fn skipped(all: &[Examined], id: &str) -> bool {
    all.iter().any(|scenario| scenario.id == id && scenario.status == Status::Skip)
}

/// `source: value`, the lines of a longer value below its source.
fn source_and_value(source: &str, value: &str) -> Vec<String> {
    let mut value = lines(value, VALUE_LINES);
    let source = line(source);
    if value.len() <= 1 {
        return vec![line(&format!("{source}: {}", value.pop().unwrap_or_default()))];
    }
    std::iter::once(format!("{source}:")).chain(value.into_iter().map(|line| format!("  {line}"))).collect()
}
