//! What people read of a class: a page per student, and one of the class.

use super::store::Store;
use super::summary::{Class, Row};
use crate::calendar::Moment;
use crate::course::{Course, for_student};
use crate::outcome::Trouble;
use crate::report::{Entry, Format, mark};
use crate::words::line;
use boxproof_harness::result::{Report, write_atomically};
use boxproof_scenarios::texts::Texts;
use std::fmt::Write;
use std::path::Path;

/// A student's page, in the student's directory.
const PAGE: &str = "report.html";

/// Writes what the student may see beside the student's result.
pub fn student(course: &Course, report: &Report, texts: &Texts, store: &Store) -> Result<(), Trouble> {
    let seen = for_student(course, report, Moment::now());
    let directory = store.of_student(&report.submission.id);
    for (format, name) in [(Format::Md, "report.md"), (Format::Html, PAGE)] {
        let path = directory.join(name);
        let written = format.write(&seen, texts, &path);
        written.map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))?;
    }
    Ok(())
}

/// Writes the pages of the class for the teacher: a line each in Markdown, the heat map in HTML.
pub fn class(class: &Class, reports: &[Report], texts: &Texts, out: &Path) -> Result<(), Trouble> {
    let mut page = format!("# {}\n\n", cell(class.course.title.as_deref().unwrap_or(&class.course.id)));
    let _ = writeln!(page, "{}\n\n| | | | | |\n|---|---|--:|---|---|", super::counted(class, texts));
    class.students.iter().for_each(|student| row(&mut page, student, texts));
    let entries: Vec<Entry> = reports.iter().cloned().map(entry).collect();
    let map = Format::Html.render_class(&entries, texts).unwrap_or_default();
    for (name, content) in [("class.md", page.as_bytes()), ("class.html", &map)] {
        let path = out.join(name);
        let written = write_atomically(&path, content);
        written.map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))?;
    }
    Ok(())
}

fn entry(report: Report) -> Entry {
    let page = format!("{}/{PAGE}", report.submission.id);
    Entry { page: Some(page), ..Entry::of(report) }
}

fn row(page: &mut String, row: &Row, texts: &Texts) {
    let points = row.score.map_or("–".to_owned(), |score| format!("{score}/{}", row.max_score));
    let late = if row.late == Some(true) { texts.plain("class-late") } else { String::new() };
    let said = row.error.as_deref().map_or_else(|| row.flags.join(" "), str::to_owned);
    let (mark, id, said) = (mark(row.status), cell(&row.id), cell(&said));
    let _ = writeln!(page, "| {mark} | {id} | {points} | {late} | {said} |");
}

/// Foreign text in a table of Markdown: one line, and nothing that means something there.
fn cell(text: &str) -> String {
    line(text).chars().fold(String::new(), |mut safe, letter| {
        match letter {
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '#' | '\\' => safe.extend(['\\', letter]),
            letter => safe.push(letter),
        }
        safe
    })
}
