//! The page of a class: who stands where, which causes are commonest, and students × scenarios as a heat map.

use super::{badge, document, escape, section};
use crate::report::{Entry, by_step, mark, params, scenarios};
use crate::words::shortened;
use boxproof_harness::result::{Report, Status};
use boxproof_scenarios::texts::Texts;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

const SCRIPT: &str = include_str!("class.js");

/// How many students a cause names before it counts the rest.
const NAMED: usize = 12;

/// How many causes are shown before the rest is folded away.
const CAUSES: usize = 5;

/// How long a cause may be, in letters: what one student's program did stands on that student's page.
const LONGEST: usize = 240;

/// The page. The order of the entries is that of the rows.
pub fn class_page(entries: &[Entry], texts: &Texts) -> String {
    let page = Page { entries, texts, columns: columns(entries) };
    let mut body = page.header();
    body.push_str("<main>\n");
    body.push_str(&page.ungraded());
    body.push_str(&section("causes", &texts.plain("ui-class-causes"), &page.causes()));
    body.push_str(&section("map", &texts.plain("ui-class-map"), &page.map()));
    body.push_str(&section("hardest", &texts.plain("ui-class-hardest"), &page.hardest()));
    body.push_str("</main>\n");
    document(texts, &texts.plain("ui-class-title"), &body, Some(SCRIPT))
}

/// A scenario of any result, with the step that it belongs to.
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

struct Page<'a> {
    entries: &'a [Entry],
    texts: &'a Texts,
    columns: Vec<Column>,
}

impl Page<'_> {
    fn say(&self, id: &str) -> String {
        escape(&self.texts.plain(id))
    }

    fn text<const N: usize>(&self, id: &str, values: [(&str, &str); N]) -> String {
        escape(&self.texts.text(id, &params(values)))
    }

    /// How many there are, and how many of them passed, failed and could not be graded.
    fn header(&self) -> String {
        let count = self.entries.len().to_string();
        let heading = self.text("ui-class-heading", [("count", &count)]);
        let mut html =
            format!("<header>\n<p class=\"kicker\">boxproof</p>\n<h1>{heading}</h1>\n<ul class=\"totals\">\n");
        for status in [Status::Pass, Status::Fail, Status::Error] {
            let count = self.entries.iter().filter(|entry| entry.report.status == status).count().to_string();
            let told = self.text(&format!("ui-class-{}", status.word()), [("count", &count)]);
            let _ = writeln!(
                html,
                "<li class=\"{}\"><span aria-hidden=\"true\">{}</span> {told}</li>",
                status.word(),
                mark(status)
            );
        }
        if let Some(median) = self.median() {
            let _ = writeln!(html, "<li>{}</li>", self.text("ui-class-median", [("points", &median)]));
        }
        html.push_str("</ul>\n</header>\n");
        html
    }

    /// The points in the middle, of those who have any.
    fn median(&self) -> Option<String> {
        let graded = self.entries.iter().filter(|entry| is_graded(&entry.report));
        let mut points: Vec<(u32, u32)> = graded.map(|entry| (entry.report.score, entry.report.max_score)).collect();
        points.sort_unstable();
        points.get(points.len() / 2).map(|(score, max)| format!("{score}/{max}"))
    }

    /// Whom we could not grade stands first: it is ours to mend.
    fn ungraded(&self) -> String {
        let mut items = String::new();
        for entry in self.entries.iter().filter(|entry| !is_graded(&entry.report)) {
            let reason = entry.report.infrastructure_errors.first().map(|error| error.text.clone());
            let reason = reason.unwrap_or_else(|| self.texts.plain("ui-result-error"));
            let _ = writeln!(items, "<li>{}: {}</li>", self.student(entry), escape(&reason));
        }
        if items.is_empty() {
            return items;
        }
        let count = self.entries.iter().filter(|entry| !is_graded(&entry.report)).count().to_string();
        let told = self.text("ui-class-ungraded", [("count", &count)]);
        format!(
            "<details class=\"notice error\">\n<summary>{} {told}</summary>\n<ul>\n{items}</ul>\n</details>\n",
            badge(Status::Error, self.texts)
        )
    }

    /// A student, with the way to the page of that student.
    fn student(&self, entry: &Entry) -> String {
        let name = escape(&entry.student);
        match page(entry) {
            Some(page) => format!("<a href=\"{}\">{name}</a>", escape(page)),
            None => name,
        }
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
        causes.sort_by_key(|(id, (_, students))| (std::cmp::Reverse(students.len()), *id));
        if causes.is_empty() {
            return String::new();
        }
        let items: Vec<String> = causes.iter().map(|(id, (text, students))| self.cause(id, text, students)).collect();
        let (first, rest) = items.split_at(items.len().min(CAUSES));
        let mut html = format!("<ol class=\"causes\">\n{}</ol>\n", first.concat());
        if !rest.is_empty() {
            let more = self.text("ui-class-more", [("count", &rest.len().to_string())]);
            let (start, rest) = (CAUSES + 1, rest.concat());
            let _ = writeln!(
                html,
                "<details>\n<summary>{more}</summary>\n<ol class=\"causes\" start=\"{start}\">\n{rest}</ol>\n</details>"
            );
        }
        html
    }

    fn cause(&self, id: &str, text: &str, students: &[&Entry]) -> String {
        let (count, total) = (students.len(), self.entries.len());
        let told = self.text("ui-class-of", [("count", &count.to_string()), ("total", &total.to_string())]);
        let named: Vec<String> = students.iter().take(NAMED).map(|entry| self.student(entry)).collect();
        let more = count.saturating_sub(NAMED);
        let more = if more > 0 { format!(" … +{more}") } else { String::new() };
        format!(
            "<li data-cause=\"{}\"><meter min=\"0\" max=\"{total}\" value=\"{count}\" aria-hidden=\"true\"></meter> \
             <strong>{told}</strong> {}<br><small>{}{more}</small></li>\n",
            escape(id),
            escape(&shortened(text, LONGEST)),
            named.join(", "),
        )
    }

    /// Students × scenarios. The table is whole without the script; what needs the script shows with it.
    fn map(&self) -> String {
        let mut html = self.controls();
        html.push_str(&self.legend());
        let caption = self.say("ui-class-caption");
        let _ = writeln!(
            html,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n<table id=\"students\">\n<caption>{caption}</caption>\n<thead>"
        );
        html.push_str(&self.head());
        html.push_str("</thead>\n<tbody>\n");
        self.entries.iter().for_each(|entry| html.push_str(&self.row(entry)));
        html.push_str("</tbody>\n</table>\n</div>\n");
        html
    }

    fn controls(&self) -> String {
        let mut html = String::from("<form class=\"controls\" id=\"controls\" hidden>\n");
        let _ = writeln!(
            html,
            "<label>{} <input type=\"search\" id=\"find\" autocomplete=\"off\"></label>",
            self.say("ui-class-find")
        );
        let _ = writeln!(html, "<label>{} <select id=\"show\">", self.say("ui-class-show"));
        for kind in ["all", "pass", "fail", "error", "late", "flagged"] {
            let _ = writeln!(html, "<option value=\"{kind}\">{}</option>", self.say(&format!("ui-class-show-{kind}")));
        }
        let _ = writeln!(
            html,
            "</select></label>\n<label>{} <select id=\"failing\">\n<option value=\"\">{}</option>",
            self.say("ui-class-failing"),
            self.say("ui-class-failing-any")
        );
        for column in &self.columns {
            let _ = writeln!(html, "<option>{}</option>", escape(&column.id));
        }
        let _ = writeln!(
            html,
            "</select></label>\n<output id=\"count\" aria-live=\"polite\" data-text=\"{}\"></output>\n</form>",
            self.text("ui-class-shown", [("shown", "{shown}"), ("total", "{total}")])
        );
        html
    }

    fn legend(&self) -> String {
        let all = [Status::Pass, Status::Fail, Status::Skip, Status::Error, Status::Inconclusive];
        let badges: Vec<String> = all.into_iter().map(|status| badge(status, self.texts)).collect();
        format!("<p class=\"legend\">{}</p>\n", badges.join(" "))
    }

    /// Two rows: the steps, and below each its scenarios.
    fn head(&self) -> String {
        let mut html = String::from("<tr>\n");
        for (key, name) in [("student", "ui-class-student"), ("points", "ui-class-points"), ("late", "ui-class-late")] {
            let name = self.say(name);
            let _ = writeln!(html, "<th scope=\"col\" rowspan=\"2\" class=\"{key}\" data-key=\"{key}\">{name}</th>");
        }
        let mut steps: Vec<(&str, usize)> = Vec::new();
        for column in &self.columns {
            match steps.last_mut().filter(|(step, _)| *step == column.step) {
                Some((_, width)) => *width += 1,
                None => steps.push((&column.step, 1)),
            }
        }
        for (step, width) in steps {
            let _ = writeln!(
                html,
                "<th scope=\"colgroup\" colspan=\"{width}\" class=\"step\">{}</th>",
                self.say(&format!("step-{step}"))
            );
        }
        html.push_str("</tr>\n<tr>\n");
        for column in &self.columns {
            let _ = writeln!(
                html,
                "<th scope=\"col\" class=\"scenario\" title=\"{}\"><span>{}</span></th>",
                self.say(&format!("scenario-{}", column.id)),
                escape(&column.id)
            );
        }
        html.push_str("</tr>\n");
        html
    }

    fn row(&self, entry: &Entry) -> String {
        let report = &entry.report;
        let late = entry.is_late() == Some(true);
        let graded = is_graded(report);
        let mut html = format!(
            "<tr data-student=\"{}\" data-status=\"{}\" data-points=\"{}\" data-late=\"{}\" data-flagged=\"{}\">\n",
            escape(&entry.student),
            report.status.word(),
            if graded { i64::from(report.score) } else { -1 },
            entry.late.map_or(u64::from(late), |late| late.as_secs()),
            u8::from(!report.flags.is_empty()),
        );
        let flag = if report.flags.is_empty() {
            String::new()
        } else {
            format!(
                " <span class=\"flag\" title=\"{0}\">⚑<span class=\"hidden\"> {0}</span></span>",
                self.say("ui-class-flagged")
            )
        };
        let _ = writeln!(html, "<th scope=\"row\" class=\"student\">{}{flag}</th>", self.student(entry));
        let points =
            if graded { format!("{}/{}", report.score, report.max_score) } else { self.say("ui-class-no-points") };
        let _ = writeln!(
            html,
            "<td class=\"points\">{points}</td><td class=\"late\">{}</td>",
            if late { self.lateness(entry.late) } else { String::new() }
        );
        let statuses: BTreeMap<&str, Status> =
            scenarios(report).iter().map(|scenario| (scenario.id, scenario.status)).collect();
        for column in &self.columns {
            html.push_str(&self.cell(entry, column, statuses.get(column.id.as_str()).copied()));
        }
        html.push_str("</tr>\n");
        html
    }

    /// A mark with its word for those who do not see it; where there is something to read, the way to it.
    fn cell(&self, entry: &Entry, column: &Column, status: Option<Status>) -> String {
        let Some(status) = status else { return "<td></td>\n".to_owned() };
        let (id, word) = (escape(&column.id), self.say(&format!("ui-word-{}", status.word())));
        let mark = mark(status);
        let mark = format!("<span aria-hidden=\"true\">{mark}</span><span class=\"hidden\">{word}</span>");
        let mark = match page(entry).filter(|_| status == Status::Fail) {
            Some(page) => format!("<a href=\"{}#s-{id}\">{mark}</a>", escape(page)),
            None => mark,
        };
        let status = status.word();
        format!("<td class=\"cell {status}\" data-scenario=\"{id}\" title=\"{id}: {word}\">{mark}</td>\n")
    }

    /// By how much, in the largest unit that is not zero.
    fn lateness(&self, late: Option<Duration>) -> String {
        let minutes = late.unwrap_or_default().as_secs() / 60;
        let (count, unit) = match minutes {
            0 => return self.say("ui-class-is-late"),
            1..60 => (minutes, "ui-late-minutes"),
            60..1440 => (minutes / 60, "ui-late-hours"),
            _ => (minutes / 1440, "ui-late-days"),
        };
        self.text(unit, [("count", &count.to_string())])
    }

    /// Every scenario with how many passed it, hardest first.
    fn hardest(&self) -> String {
        let mut tallies: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for scenario in self.entries.iter().flat_map(|entry| {
            scenarios(&entry.report)
                .into_iter()
                .map(|scenario| (scenario.id.to_owned(), scenario.status))
                .collect::<Vec<_>>()
        }) {
            let decided = matches!(scenario.1, Status::Pass | Status::Fail);
            let (passed, of) = tallies.entry(scenario.0).or_default();
            *passed += usize::from(scenario.1 == Status::Pass);
            *of += usize::from(decided);
        }
        let mut hardest: Vec<(&String, usize, usize)> = tallies
            .iter()
            .filter(|(_, (passed, of))| passed < of)
            .map(|(id, (passed, of))| (id, *passed, *of))
            .collect();
        hardest.sort_by(|a, b| (a.1 * b.2).cmp(&(b.1 * a.2)).then(a.0.cmp(b.0)));
        let mut html = String::new();
        for (id, passed, of) in hardest {
            let told = self.text("ui-class-passed-of", [("count", &passed.to_string()), ("total", &of.to_string())]);
            let _ = writeln!(
                html,
                "<li><meter min=\"0\" max=\"{of}\" value=\"{passed}\" aria-hidden=\"true\"></meter> <strong>{told}</strong> <code>{}</code> {}</li>",
                escape(id),
                self.say(&format!("scenario-{id}"))
            );
        }
        if html.is_empty() { html } else { format!("<ol class=\"causes\">\n{html}</ol>\n") }
    }
}

/// A result with points: everything that was planned was examined.
fn is_graded(report: &Report) -> bool {
    !matches!(report.status, Status::Error | Status::Inconclusive)
}

/// Where the student's own page is: a path below this page, not an address elsewhere nor a script.
fn page(entry: &Entry) -> Option<&str> {
    let path = entry.page.as_deref()?;
    let before_slash = path.split('/').next().unwrap_or_default();
    Some(path).filter(|path| !path.starts_with('/') && !before_slash.contains(':'))
}
