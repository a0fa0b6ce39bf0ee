//! What people read of a class: a page per student, and one of the class.

use super::store::Store;
use super::summary::{Class, Row};
use crate::calendar::Moment;
use crate::course::{Course, for_student};
use crate::outcome::Trouble;
use crate::report::{Format, mark};
use crate::words::line;
use boxproof_harness::result::{Report, write_atomically};
use boxproof_scenarios::texts::Texts;
use std::fmt::Write;
use std::path::Path;

/// Writes what the student may see beside the student's result.
pub fn student(course: &Course, report: &Report, texts: &Texts, store: &Store) -> Result<(), Trouble> {
    let seen = for_student(course, report, Moment::now());
    let path = store.of_student(&report.submission.id).join("report.md");
    let written = Format::Md.write(&seen, texts, &path);
    written.map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))
}

/// Writes the page of the class: a line each, for the teacher.
pub fn class(class: &Class, texts: &Texts, out: &Path) -> Result<(), Trouble> {
    let mut page = format!("# {}\n\n", cell(class.course.title.as_deref().unwrap_or(&class.course.id)));
    let _ = writeln!(page, "{}\n\n| | | | | |\n|---|---|--:|---|---|", super::counted(class, texts));
    class.students.iter().for_each(|student| row(&mut page, student, texts));
    let path = out.join("class.md");
    let written = write_atomically(&path, page.as_bytes());
    written.map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))
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
