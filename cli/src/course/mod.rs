//! The course file: which scenarios count, for how much, and on what terms.

mod command;
mod document;
mod mark;
mod read;

pub use command::run;
pub use mark::{for_student, mark};

use crate::calendar::Moment;
use crate::outcome::Trouble;
use boxproof_harness::scenario::Scenario;
use boxproof_harness::terms::Terms;
use boxproof_scenarios::catalogue;
use boxproof_scenarios::texts::{Language, Texts};
use document::Note;
use std::path::Path;
use std::time::Duration;

/// What counts where nothing else is said. Also what a teacher begins with.
pub const DEFAULT: &str = include_str!("default.toml");

/// A course.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Names it in every result.
    pub id: String,
    /// For people.
    pub title: Option<String>,
    /// Of the reports.
    pub language: Option<Language>,
    /// Whoever commits later is late.
    pub deadline: Option<Moment>,
    /// What is drawn for a student comes from this and the student's id.
    pub seed: Option<u64>,
    /// What counts, in the catalogue's order.
    pub items: Vec<Item>,
    /// What the agent is told.
    pub terms: Terms,
    /// The longest that a build may take.
    pub build: Duration,
    /// The most bytes that may be handed in.
    pub size: u64,
    /// What becomes of those who execute a forbidden program.
    pub consequence: Consequence,
    /// Of the file.
    pub sha256: String,
}

/// One scenario of a course.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The scenario's id.
    pub id: &'static str,
    /// Points of each of its checks.
    pub points: Vec<u32>,
    /// Whether some of the points can be had without the others.
    pub partial: bool,
    /// What must pass first.
    pub needs: Vec<String>,
    /// Who may see it.
    pub visibility: Visibility,
}

impl Item {
    /// Points to get.
    pub fn worth(&self) -> u32 {
        self.points.iter().sum()
    }
}

/// Who may see what became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    Visible,
    /// The student, once the deadline is over.
    AfterDueDate,
    /// The student, once the teacher has published it elsewhere.
    AfterPublished,
    /// The teacher.
    Hidden,
}

impl Visibility {
    /// The word used in the course file and in JSON.
    pub const WORDS: [(&'static str, Visibility); 4] = [
        ("visible", Visibility::Visible),
        ("after_due_date", Visibility::AfterDueDate),
        ("after_published", Visibility::AfterPublished),
        ("hidden", Visibility::Hidden),
    ];

    /// The word used in JSON.
    pub fn word(self) -> &'static str {
        Visibility::WORDS.iter().find(|(_, known)| *known == self).map_or("hidden", |(word, _)| word)
    }
}

/// What becomes of those who execute a forbidden program. It is flagged in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// No more than that.
    Flag,
    /// No points for the scenarios in which it happened.
    Scenario,
    /// No points at all.
    Exam,
}

impl Course {
    /// The course in this file. Warnings go to `warn`.
    pub fn load(path: &Path, texts: &Texts, warn: &dyn Fn(&str)) -> Result<Course, Trouble> {
        let source = std::fs::read_to_string(path)
            .map_err(|error| Trouble::usage(format!("read the course {}: {error}", path.display())))?;
        let (course, notes) = read::read(&source);
        let line = |note: &Note, kind: &str| {
            let (line, column) = position(&source, note.at);
            let near = note.text.params.get("near").filter(|near| !near.is_empty());
            let near = near.map(|near| texts.text("course-near", &[("near".to_owned(), near.clone())].into()));
            let said = texts.text(&note.text.id, &note.text.params);
            let near = near.map(|near| format!(" {near}")).unwrap_or_default();
            format!("{}:{line}:{column}: {kind}{said}{near}", path.display())
        };
        notes.warnings.iter().for_each(|note| warn(&line(note, &texts.plain("course-warning"))));
        match course.filter(|_| notes.mistakes.is_empty()) {
            Some(course) => Ok(course),
            None => {
                let mut mistakes = notes.mistakes;
                mistakes.sort_by_key(|note| note.at);
                let lines: Vec<String> = mistakes.iter().map(|note| line(note, "")).collect();
                Err(Trouble::usage(lines.join("\n")))
            }
        }
    }

    /// The course of those who have none. That it has no mistake is tested.
    pub fn default() -> Result<Course, Trouble> {
        read::read(DEFAULT).0.ok_or_else(|| Trouble::usage("the default course is broken: a defect of boxproof"))
    }

    /// Its scenarios, in the catalogue's order.
    pub fn scenarios(&self) -> impl Iterator<Item = &'static Scenario> {
        catalogue().iter().filter(|scenario| self.counts(scenario.id))
    }

    /// Whether it chooses this scenario.
    pub fn counts(&self, id: &str) -> bool {
        self.item(id).is_some()
    }

    fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }
}

/// Line and column of a byte, counted from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
}
