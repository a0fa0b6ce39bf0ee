//! Markdown, for job summaries and course pages.

use super::{Examined, again, by_step, duration, kernel_facts, params, scenarios, tally};
use crate::words::{harmless, line, lines};
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use std::fmt::Write;

/// The report as Markdown.
pub fn markdown(report: &Report, texts: &Texts) -> String {
    let all = scenarios(report);
    let mut page = format!("# boxproof: {}\n\n", code(&report.submission.path));
    let _ = writeln!(page, "**{}**\n", texts.plain(&format!("ui-result-{}", report.status.word())));
    for (tier, passed, planned) in tally(&all) {
        let _ = writeln!(page, "- {}: {passed}/{planned}", texts.plain(&format!("ui-tier-{}", tier.word())));
    }
    for (step, members) in by_step(&all) {
        let _ = writeln!(page, "\n## {}\n", texts.plain(&format!("step-{step}")));
        page.push_str("| | | | |\n|---|---|---|---|\n");
        for scenario in &members {
            row(&mut page, scenario, texts);
        }
        for scenario in &members {
            scenario.with(Status::Fail).for_each(|check| failure(&mut page, check, texts));
        }
    }
    if !report.causes.is_empty() {
        let _ = writeln!(page, "\n## {}\n", texts.plain("ui-causes"));
        for cause in &report.causes {
            let _ = writeln!(page, "1. {} ({})", escape(&cause.text), code(&cause.id));
        }
    }
    if !report.flags.is_empty() {
        let _ = writeln!(page, "\n## {}\n", texts.plain("ui-flags"));
        for flag in &report.flags {
            let _ = writeln!(page, "- {} ({})", escape(&flag.reason), code(&flag.id));
            for text in lines(&flag.evidence, 12) {
                let _ = writeln!(page, "  - {}", code(&text));
            }
        }
    }
    let _ = writeln!(page, "\n{}", texts.text("ui-again", &params([("command", &code(&again(report)))])));
    page
}

fn row(page: &mut String, scenario: &Examined, texts: &Texts) {
    let word = texts.plain(&format!("ui-word-{}", scenario.status.word()));
    let title = escape(&scenario.title(texts));
    let took = duration(scenario.duration_ms);
    let _ =
        writeln!(page, "| {} {word} | `{}` | {title} | {took} |", super::terminal::mark(scenario.status), scenario.id);
}

fn failure(page: &mut String, check: &Check, texts: &Texts) {
    let _ = writeln!(page, "\n### ✗ `{}`: {}\n", check.id, escape(&check.title));
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(page, "- {}: {value}", texts.plain(name));
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
    let hand = texts.find(&format!("scenario-{}.hand", check.scenario), &Default::default());
    if let Some(hand) = hand {
        let _ = writeln!(page, "\n```sh\n{}\n```", lines(&hand, 50).join("\n"));
    }
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

fn escape(text: &str) -> String {
    harmless(text).chars().fold(String::new(), |mut safe, letter| {
        match letter {
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            '\n' => safe.push(' '),
            '|' | '`' | '*' | '_' | '[' | ']' | '#' => safe.extend(['\\', letter]),
            letter => safe.push(letter),
        }
        safe
    })
}
