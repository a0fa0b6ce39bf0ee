//! Students × scenarios. The table is whole without the script; what needs the script shows with it.

use super::class::{is_graded, page, student};
use super::{Words, badge, escape};
use crate::report::{Entry, by_step, mark, scenarios};
use boxproof_harness::result::Status;
use boxproof_scenarios::texts::Texts;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Whom the table can be narrowed down to.
const SHOWS: [&str; 6] = ["all", "pass", "fail", "error", "late", "flagged"];

/// A row for each student, a column for each scenario of any result.
pub(super) struct Table<'a> {
    entries: &'a [Entry],
    words: Words<'a>,
    columns: Vec<Column>,
}

/// A scenario, with the step that it belongs to.
struct Column {
    id: String,
    step: String,
}

/// The scenarios of all results, in the workshop's order.
fn columns(entries: &[Entry]) -> Vec<Column> {
    let mut known = BTreeSet::new();
    let mut steps: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for entry in entries {
        let all = scenarios(&entry.report);
        for (step, members) in by_step(&all) {
            for scenario in members.into_iter().filter(|scenario| known.insert(scenario.id.to_owned())) {
                let column = Column { id: scenario.id.to_owned(), step: step.to_owned() };
                steps.entry(step.to_owned()).or_default().push(column);
            }
        }
    }
    steps.into_values().flatten().collect()
}

impl<'a> Table<'a> {
    pub(super) fn of(entries: &'a [Entry], texts: &'a Texts) -> Table<'a> {
        Table { entries, words: Words(texts), columns: columns(entries) }
    }

    /// Controls, legend and table.
    pub(super) fn html(&self) -> String {
        let (controls, legend, head) = (self.controls(), self.legend(), self.head());
        let rows: String = self.entries.iter().map(|entry| self.row(entry)).collect();
        let caption = self.words.say("ui-class-caption");
        format!(
            r#"{controls}{legend}<div class="scroll" tabindex="0" role="region" aria-label="{caption}">
<table id="students">
<caption>{caption}</caption>
<thead>
{head}</thead>
<tbody>
{rows}</tbody>
</table>
</div>
"#
        )
    }

    fn controls(&self) -> String {
        let label = |name: &str| self.words.say(&format!("ui-class-{name}"));
        let show = |kind: &&str| format!("<option value=\"{kind}\">{}</option>", label(&format!("show-{kind}")));
        let shows: String = SHOWS.iter().map(show).collect();
        let scenarios: String =
            self.columns.iter().map(|column| format!("<option>{}</option>", escape(&column.id))).collect();
        let (find, show, failing, any) = (label("find"), label("show"), label("failing"), label("failing-any"));
        let count = self.words.text("ui-class-shown", [("shown", "{shown}"), ("total", "{total}")]);
        format!(
            r#"<form class="controls" id="controls" hidden>
<label>{find} <input type="search" id="find" autocomplete="off"></label>
<label>{show} <select id="show">{shows}</select></label>
<label>{failing} <select id="failing"><option value="">{any}</option>{scenarios}</select></label>
<output id="count" aria-live="polite" data-text="{count}"></output>
</form>
"#
        )
    }

    fn legend(&self) -> String {
        let all = [Status::Pass, Status::Fail, Status::Skip, Status::Error, Status::Inconclusive];
        let badges = all.map(|status| badge(status, self.words.0)).join(" ");
        format!("<p class=\"legend\">{badges}</p>\n")
    }

    /// Two rows: the steps, and below each its scenarios.
    fn head(&self) -> String {
        let mut upper = String::new();
        for key in ["student", "points", "late"] {
            let name = self.words.say(&format!("ui-class-{key}"));
            upper += &format!(r#"<th scope="col" rowspan="2" class="{key}" data-key="{key}">{name}</th>"#);
        }
        for columns in self.columns.chunk_by(|a, b| a.step == b.step) {
            let step = columns.first().map(|column| self.words.say(&format!("step-{}", column.step)));
            let (step, width) = (step.unwrap_or_default(), columns.len());
            upper += &format!(r#"<th scope="colgroup" colspan="{width}" class="step">{step}</th>"#);
        }
        let mut lower = String::new();
        for column in &self.columns {
            let (id, title) = (escape(&column.id), self.words.say(&format!("scenario-{}", column.id)));
            lower += &format!(r#"<th scope="col" class="scenario" title="{title}"><span>{id}</span></th>"#);
        }
        format!("<tr>{upper}</tr>\n<tr>{lower}</tr>\n")
    }

    fn row(&self, entry: &Entry) -> String {
        let report = &entry.report;
        let (status, flagged) = (report.status.word(), u8::from(!report.flags.is_empty()));
        let points = if is_graded(report) { i64::from(report.score) } else { -1 };
        let is_late = entry.is_late() == Some(true);
        let late = entry.late.map_or(u64::from(is_late), |late| late.as_secs());
        let name = escape(&entry.student);
        let mut html = format!(
            r#"<tr data-student="{name}" data-status="{status}" data-points="{points}" data-late="{late}" data-flagged="{flagged}">
"#
        );
        let flag = if flagged == 1 { self.flag() } else { String::new() };
        html += &format!(r#"<th scope="row" class="student">{}{flag}</th>"#, student(entry));
        let points = match is_graded(report) {
            true => format!("{}/{}", report.score, report.max_score),
            false => self.words.say("ui-class-no-points"),
        };
        let late = if is_late { self.lateness(entry.late) } else { String::new() };
        html += &format!(r#"<td class="points">{points}</td><td class="late">{late}</td>"#);
        let all = scenarios(report);
        let statuses: BTreeMap<&str, Status> = all.iter().map(|scenario| (scenario.id, scenario.status)).collect();
        for column in &self.columns {
            html += &match statuses.get(column.id.as_str()) {
                Some(status) => self.cell(entry, &column.id, *status),
                None => "<td></td>\n".to_owned(),
            };
        }
        html + "</tr>\n"
    }

    fn flag(&self) -> String {
        let flagged = self.words.say("ui-class-flagged");
        format!(
            r#" <span title="{flagged}"><span aria-hidden="true">⚑</span><span class="hidden"> {flagged}</span></span>"#
        )
    }

    /// A mark, with its word for those who do not see it; on a failure with the way to what explains it.
    fn cell(&self, entry: &Entry, id: &str, status: Status) -> String {
        let (id, mark) = (escape(id), mark(status));
        let word = self.words.say(&format!("ui-word-{}", status.word()));
        let marked = format!(r#"<span aria-hidden="true">{mark}</span><span class="hidden">{word}</span>"#);
        let marked = match page(entry).filter(|_| status == Status::Fail) {
            Some(page) => format!(r#"<a href="{}#s-{id}">{marked}</a>"#, escape(page)),
            None => marked,
        };
        let status = status.word();
        format!("<td class=\"cell {status}\" data-scenario=\"{id}\" title=\"{id}: {word}\">{marked}</td>\n")
    }

    /// By how much, in the largest unit that is not zero.
    fn lateness(&self, late: Option<Duration>) -> String {
        let minutes = late.unwrap_or_default().as_secs() / 60;
        let (count, unit) = match minutes {
            0 => return self.words.say("ui-class-is-late"),
            1..60 => (minutes, "ui-late-minutes"),
            60..1440 => (minutes / 60, "ui-late-hours"),
            _ => (minutes / 1440, "ui-late-days"),
        };
        self.words.text(unit, [("count", &count.to_string())])
    }
}
