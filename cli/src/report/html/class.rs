//! The page of a class: who stands where, which causes are commonest, and students × scenarios as a heat map.

use super::table::Table;
use super::{Words, badge, document, escape, gauge, prose, section};
use crate::report::{Entry, mark, scenarios};
use crate::words::shortened;
use boxproof_harness::result::{Report, Status};
use boxproof_scenarios::texts::Texts;
use std::cmp::Reverse;
use std::collections::BTreeMap;

const SCRIPT: &str = include_str!("class.js");

/// How many students a cause names before it counts the rest.
const NAMED: usize = 12;

/// How many causes are shown before the rest is folded away.
const CAUSES: usize = 5;

/// How long a cause may be, in letters: what one student's program did stands on that student's page.
const LONGEST: usize = 240;

/// The page. The order of the entries is that of the rows.
pub fn class_page(entries: &[Entry], texts: &Texts) -> String {
    let page = Page { entries, words: Words(texts) };
    let mut body = page.header();
    body += "<main>\n";
    body += &page.ungraded();
    body += &section("causes", &texts.plain("ui-class-causes"), &page.causes());
    body += &section("map", &texts.plain("ui-class-map"), &Table::of(entries, texts).html());
    body += &section("hardest", &texts.plain("ui-class-hardest"), &page.hardest());
    body += "</main>\n";
    document(texts, &texts.plain("ui-class-title"), &body, Some(SCRIPT))
}

struct Page<'a> {
    entries: &'a [Entry],
    words: Words<'a>,
}

impl Page<'_> {
    /// How many there are, and how many of them passed, failed and could not be graded.
    fn header(&self) -> String {
        let count = self.entries.len().to_string();
        let heading = self.words.text("ui-class-heading", [("count", &count)]);
        let mut totals = String::new();
        for status in [Status::Pass, Status::Fail, Status::Error] {
            let count = self.entries.iter().filter(|entry| entry.report.status == status).count().to_string();
            let (word, mark) = (status.word(), mark(status));
            let told = self.words.text(&format!("ui-class-{word}"), [("count", &count)]);
            totals += &format!(r#"<li class="{word}"><span aria-hidden="true">{mark}</span> {told}</li>"#);
        }
        if let Some(median) = self.median() {
            totals += &format!("<li>{}</li>", self.words.text("ui-class-median", [("points", &median)]));
        }
        format!(
            r#"<header>
<p class="kicker">boxproof</p>
<h1>{heading}</h1>
<ul class="totals">{totals}</ul>
</header>
"#
        )
    }

    /// The points in the middle, of those who have any.
    fn median(&self) -> Option<String> {
        let graded = self.entries.iter().map(|entry| &entry.report).filter(|report| is_graded(report));
        let mut points: Vec<(u32, u32)> = graded.map(|report| (report.score, report.max_score)).collect();
        points.sort_unstable();
        points.get(points.len() / 2).map(|(score, max)| format!("{score}/{max}"))
    }

    /// Whom we could not grade stands first: it is ours to mend.
    fn ungraded(&self) -> String {
        let ungraded: Vec<&Entry> = self.entries.iter().filter(|entry| !is_graded(&entry.report)).collect();
        if ungraded.is_empty() {
            return String::new();
        }
        let mut items = String::new();
        for entry in &ungraded {
            let reason = entry.report.infrastructure_errors.first().map(|error| prose(&error.text));
            let reason = reason.unwrap_or_else(|| self.words.say("ui-result-error"));
            items += &format!("<li>{}: {reason}</li>\n", student(entry));
        }
        let badge = badge(Status::Error, self.words.0);
        let told = self.words.text("ui-class-ungraded", [("count", &ungraded.len().to_string())]);
        format!(
            r#"<details class="notice error">
<summary>{badge} {told}</summary>
<ul>
{items}</ul>
</details>
"#
        )
    }

    /// Each cause with how many it keeps back, commonest first.
    fn causes(&self) -> String {
        let mut causes: BTreeMap<&str, (&str, Vec<&Entry>)> = BTreeMap::new();
        for entry in self.entries {
            for cause in &entry.report.causes {
                causes.entry(&cause.id).or_insert((&cause.text, Vec::new())).1.push(entry);
            }
        }
        let mut causes: Vec<_> = causes.into_iter().collect();
        causes.sort_by_key(|(id, (_, students))| (Reverse(students.len()), *id));
        let items: Vec<String> = causes.iter().map(|(id, (text, students))| self.cause(id, text, students)).collect();
        let (first, rest) = items.split_at(items.len().min(CAUSES));
        let mut html = list(&first.concat(), 1);
        if !rest.is_empty() {
            let more = self.words.text("ui-class-more", [("count", &rest.len().to_string())]);
            let rest = list(&rest.concat(), CAUSES + 1);
            html += &format!("<details>\n<summary>{more}</summary>\n{rest}</details>\n");
        }
        html
    }

    fn cause(&self, id: &str, text: &str, students: &[&Entry]) -> String {
        let (id, text) = (escape(id), prose(&shortened(text, LONGEST)));
        let gauge = gauge(students.len(), self.entries.len());
        let (count, total) = (students.len().to_string(), self.entries.len().to_string());
        let told = self.words.text("ui-class-of", [("count", &count), ("total", &total)]);
        let mut named = students.iter().take(NAMED).map(|entry| student(entry)).collect::<Vec<_>>().join(", ");
        if students.len() > NAMED {
            named += &format!(" … +{}", students.len() - NAMED);
        }
        format!("<li data-cause=\"{id}\">{gauge} <strong>{told}</strong> {text}<br><small>{named}</small></li>\n")
    }

    /// Every scenario that not everybody passed, with how many did, hardest first.
    fn hardest(&self) -> String {
        let mut decided: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for entry in self.entries {
            for scenario in scenarios(&entry.report) {
                if matches!(scenario.status, Status::Pass | Status::Fail) {
                    let (passed, of) = decided.entry(scenario.id.to_owned()).or_default();
                    *passed += usize::from(scenario.status == Status::Pass);
                    *of += 1;
                }
            }
        }
        let mut hardest: Vec<_> = decided.into_iter().filter(|(_, (passed, of))| passed < of).collect();
        // By the share that passed: p/o < q/r as p·r < q·o.
        hardest.sort_by(|(id, (p, o)), (other, (q, r))| (p * r).cmp(&(q * o)).then_with(|| id.cmp(other)));
        let mut items = String::new();
        for (id, (passed, of)) in hardest {
            let gauge = gauge(passed, of);
            let counts = (passed.to_string(), of.to_string());
            let told = self.words.text("ui-class-passed-of", [("count", &counts.0), ("total", &counts.1)]);
            let (title, id) = (self.words.say(&format!("scenario-{id}")), escape(&id));
            items += &format!("<li>{gauge} <strong>{told}</strong> <code>{id}</code> {title}</li>\n");
        }
        list(&items, 1)
    }
}

fn list(items: &str, start: usize) -> String {
    match items.is_empty() {
        true => String::new(),
        false => format!("<ol class=\"causes\" start=\"{start}\">\n{items}</ol>\n"),
    }
}

/// A student, with the way to the page of that student.
pub(super) fn student(entry: &Entry) -> String {
    let name = escape(&entry.student);
    match page(entry) {
        Some(page) => format!("<a href=\"{}\">{name}</a>", escape(page)),
        None => name,
    }
}

/// A result with points: everything that was planned was examined.
pub(super) fn is_graded(report: &Report) -> bool {
    !matches!(report.status, Status::Error | Status::Inconclusive)
}

/// Where the student's own page is: a path below this page, not an address elsewhere nor a script.
pub(super) fn page(entry: &Entry) -> Option<&str> {
    let path = entry.page.as_deref()?;
    let before_slash = path.split('/').next().unwrap_or_default();
    Some(path).filter(|path| !path.starts_with('/') && !before_slash.contains(':'))
}
