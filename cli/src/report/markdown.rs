//! Markdown, for job summaries and course pages.
//!
//! GitHub throws a summary of more than 1 MiB away, so what is most important comes first, and what no longer fits is left
//! out and said to be.

use super::telling::by_hand;
use super::{Examined, again, by_step, duration, kernel_facts, params, scenarios, tally};
use crate::words::{harmless, line, lines};
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use std::fmt::Write;

/// GitHub's limit for one step.
const MOST: usize = 1 << 20;

/// The report as Markdown, always below [`MOST`] bytes.
pub fn markdown(report: &Report, texts: &Texts) -> String {
    let all = scenarios(report);
    let mut page = Page { text: String::new(), left_out: 0 };
    page.add(&verdict(report, &all, texts));
    page.add(&causes(report, texts));
    page.add(&format!("\n{}\n", texts.text("ui-again", &params([("command", &code(&again(report)))]))));
    page.add(&flags(report, texts));
    for (step, members) in by_step(&all) {
        page.add(&table(step, &members, texts));
    }
    for scenario in &all {
        scenario.with(Status::Fail).for_each(|check| page.add(&failure(check, texts)));
    }
    page.end(texts)
}

/// A page that does not grow beyond what its reader takes.
struct Page {
    text: String,
    left_out: usize,
}

impl Page {
    /// Adds a block whole or not at all; after the first that does not fit, none.
    fn add(&mut self, block: &str) {
        // Room for the sentence that says what is missing.
        let room = MOST - 1024;
        if self.left_out > 0 || self.text.len() + block.len() > room {
            self.left_out += 1;
        } else {
            self.text.push_str(block);
        }
    }

    fn end(mut self, texts: &Texts) -> String {
        if self.left_out > 0 {
            let left_out = texts.text("ui-left-out", &params([("count", &self.left_out.to_string())]));
            let _ = writeln!(self.text, "\n> {left_out}");
        }
        self.text
    }
}

fn verdict(report: &Report, all: &[Examined], texts: &Texts) -> String {
    let mut block = format!("# boxproof: {}\n\n", code(&report.submission.path));
    let _ = writeln!(block, "**{}**\n", texts.plain(super::verdict(report)));
    for (tier, passed, planned) in tally(all) {
        let _ = writeln!(block, "- {}: {passed}/{planned}", texts.plain(&format!("ui-tier-{}", tier.word())));
    }
    block
}

fn causes(report: &Report, texts: &Texts) -> String {
    let mut block = String::new();
    if !report.causes.is_empty() {
        let _ = writeln!(block, "\n## {}\n", texts.plain("ui-causes"));
    }
    for cause in &report.causes {
        let _ = writeln!(block, "1. {} ({})", escape(&cause.text), code(&cause.id));
    }
    block
}

fn flags(report: &Report, texts: &Texts) -> String {
    let mut block = String::new();
    if !report.flags.is_empty() {
        let _ = writeln!(block, "\n## {}\n", texts.plain("ui-flags"));
    }
    for flag in &report.flags {
        let _ = writeln!(block, "- {} ({})", escape(&flag.reason), code(&flag.id));
        for text in lines(&flag.evidence, 12) {
            let _ = writeln!(block, "  - {}", code(&text));
        }
    }
    block
}

fn table(step: &str, members: &[&Examined], texts: &Texts) -> String {
    let mut block = format!("\n## {}\n\n", texts.plain(&format!("step-{step}")));
    let heads = ["ui-head-result", "ui-head-scenario", "ui-head-what", "ui-head-took"].map(|head| texts.plain(head));
    let _ = writeln!(block, "| {} |\n|---|---|---|--:|", heads.join(" | "));
    members.iter().for_each(|scenario| row(&mut block, scenario, texts));
    block
}

fn row(block: &mut String, scenario: &Examined, texts: &Texts) {
    let word = texts.plain(&format!("ui-word-{}", scenario.status.word()));
    let title = escape(&scenario.title(texts));
    let took = duration(scenario.duration_ms);
    let _ =
        writeln!(block, "| {} {word} | `{}` | {title} | {took} |", super::terminal::mark(scenario.status), scenario.id);
}

fn failure(check: &Check, texts: &Texts) -> String {
    let mut block = format!("\n### ✗ `{}`: {}\n\n", check.id, escape(&check.title));
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(block, "- {}: {value}", texts.plain(name));
        }
    };
    field("ui-command", code(&check.command));
    field("ui-expected", code(&check.expected));
    field("ui-observed", code(&check.observed));
    for fact in kernel_facts(check) {
        field("ui-evidence", format!("{}: {}", escape(&fact.source), code(&fact.value)));
    }
    if let Some(hint) = &check.hint {
        field("ui-hint", escape(&hint.text));
    }
    if let Some(hand) = by_hand(check, texts) {
        // A fence longer than any in it: what a cause says may quote the program.
        let fence = "`".repeat(hand.split(|letter| letter != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
        let _ = writeln!(block, "\n{fence}sh\n{}\n{fence}", lines(&hand, 50).join("\n"));
    }
    block
}

/// Foreign text as a code span: nothing in it is Markdown or HTML, and it stays one line.
fn code(text: &str) -> String {
    let text = line(text);
    match text.is_empty() {
        true => String::new(),
        false if text.contains('`') || text.contains('|') => format!("<code>{}</code>", escape(&text)),
        false => format!("`{text}`"),
    }
}

/// Foreign text within a line: nothing in it is Markdown, HTML, a formula or a mention of somebody.
fn escape(text: &str) -> String {
    harmless(text).chars().fold(String::new(), |mut safe, letter| {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '@' => safe.push_str("&#64;"),
            '\n' => safe.push(' '),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '$' => safe.extend(['\\', letter]),
            letter => safe.push(letter),
        }
        safe
    })
}
