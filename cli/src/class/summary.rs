//! The class as a whole: `class.json` and `class.csv`, made from the students' results and nothing else. So parts that were
//! examined elsewhere give the same when they are put together.

use crate::outcome::Trouble;
use boxproof_harness::result::{Check, Report, Shard, Status, Tool, write_atomically};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The value of [`Class::schema`].
pub const SCHEMA: &str = "boxproof/class/v1";
/// The file's name.
pub const JSON: &str = "class.json";
const CSV: &str = "class.csv";

/// A class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// [`SCHEMA`].
    pub schema: String,
    /// The boxproof that examined.
    pub tool: Tool,
    /// By which course.
    pub course: About,
    /// When the first exam began, RFC 3339, UTC.
    pub started_at: String,
    /// When the last one ended.
    pub finished_at: String,
    /// Which part of the class this is.
    pub shard: Shard,
    /// Everybody in this part, in the order of their ids.
    pub students: Vec<Row>,
    /// What became of them together.
    pub stats: Stats,
}

/// A course, as far as a class says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its id.
    pub id: String,
    /// For people.
    pub title: Option<String>,
    /// Of the file.
    pub sha256: String,
    /// What each student's seed comes from, with the student's id.
    pub seed: u64,
}

/// One student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub id: String,
    /// What was handed in.
    pub submission: String,
    /// Its commit.
    pub commit: Option<String>,
    /// When that was made.
    pub committed_at: Option<String>,
    /// Whether that was too late.
    pub late: Option<bool>,
    /// `pass`, `fail` or `error`.
    pub status: Status,
    /// Points got; none where not everything could be examined.
    pub score: Option<u32>,
    /// Points to get.
    pub max_score: u32,
    /// The result, relative to this file.
    pub result_path: String,
    /// Ids of what a person should look at.
    pub flags: Vec<String>,
    /// Why there is no score, or why it was lost before the exam began.
    pub error: Option<String>,
    /// Repeats the exam.
    pub seed: u64,
    /// Of what was handed in.
    pub content_sha256: Option<String>,
    /// `uname -r` where it was examined.
    pub kernel: String,
    /// RFC 3339, UTC.
    pub graded_at: String,
}

/// How many students, by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// By status of the whole.
    pub students: BTreeMap<String, usize>,
    /// Per check, by its status.
    pub per_check: BTreeMap<String, BTreeMap<String, usize>>,
    /// Likely causes, the commonest first.
    pub causes: Vec<Cause>,
}

/// A likely cause, and how many students it stands in the way of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Its id.
    pub id: String,
    /// How many.
    pub students: usize,
}

impl Class {
    /// Of these results.
    pub fn of(course: About, shard: Shard, reports: &[Report]) -> Class {
        let time = |report: &Report| [report.run.started_at.clone(), report.run.finished_at.clone()];
        let times: BTreeSet<String> = reports.iter().flat_map(time).collect();
        Class {
            schema: SCHEMA.into(),
            tool: reports.first().map(|report| report.tool.clone()).unwrap_or_default(),
            course,
            started_at: times.first().cloned().unwrap_or_default(),
            finished_at: times.last().cloned().unwrap_or_default(),
            shard,
            students: reports.iter().map(Row::of).collect(),
            stats: Stats::of(reports),
        }
    }

    /// The class that was written to this directory.
    pub fn read(directory: &Path) -> Result<Class, Trouble> {
        let path = directory.join(JSON);
        let text = std::fs::read(&path).map_err(|error| {
            Trouble::usage(format!("read {}: {error}. Has `boxproof class` come to its end there?", path.display()))
        })?;
        let class: Class =
            serde_json::from_slice(&text).map_err(|error| Trouble::usage(format!("{}: {error}", path.display())))?;
        match class.schema == SCHEMA {
            true => Ok(class),
            false => Err(Trouble::usage(format!("{}: {} instead of {SCHEMA}", path.display(), class.schema))),
        }
    }

    /// Writes both files.
    pub fn write(&self, reports: &[Report], directory: &Path) -> Result<(), Trouble> {
        let mut json = serde_json::to_vec_pretty(self).map_err(Trouble::environment)?;
        json.push(b'\n');
        let csv = self.csv(reports).map_err(Trouble::environment)?;
        for (name, bytes) in [(CSV, csv), (JSON, json)] {
            let path = directory.join(name);
            write_atomically(&path, &bytes)
                .map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))?;
        }
        Ok(())
    }

    fn csv(&self, reports: &[Report]) -> csv::Result<Vec<u8>> {
        let mut checks: Vec<&str> = Vec::new();
        for check in reports.iter().flat_map(|report| &report.checks) {
            if !checks.contains(&check.id.as_str()) {
                checks.push(&check.id);
            }
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        let before = ["student_id", "submission", "commit", "committed_at", "late", "status", "score", "max_score"];
        let after = ["flags", "error", "tool_version", "seed", "graded_at"];
        writer.write_record(before.iter().chain(&checks).chain(&after))?;
        for (row, report) in self.students.iter().zip(reports) {
            let status = |id: &&str| report.checks.iter().find(|check| check.id == *id).map_or("", word).to_owned();
            let mut cells = vec![
                row.id.clone(),
                inert(&row.submission),
                row.commit.clone().unwrap_or_default(),
                row.committed_at.clone().unwrap_or_default(),
                row.late.map(|late| late.to_string()).unwrap_or_default(),
                row.status.word().to_owned(),
                row.score.map(|score| score.to_string()).unwrap_or_default(),
                row.max_score.to_string(),
            ];
            cells.extend(checks.iter().map(status));
            cells.extend([
                row.flags.join(" "),
                inert(row.error.as_deref().unwrap_or_default()),
                report.tool.version.clone(),
                row.seed.to_string(),
                row.graded_at.clone(),
            ]);
            writer.write_record(cells)?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

fn word(check: &Check) -> &'static str {
    check.status.word()
}

/// A cell that no spreadsheet takes for a formula.
fn inert(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

impl Row {
    /// Of one result.
    pub fn of(report: &Report) -> Row {
        let graded = report.status != Status::Error;
        let ours = || report.infrastructure_errors.first().map(|error| error.text.clone());
        let error = if graded { unusable(report) } else { ours().or_else(|| Some(unexamined(report))) };
        let submission = &report.submission;
        Row {
            id: submission.id.clone(),
            submission: submission.path.clone(),
            commit: submission.commit.clone(),
            committed_at: submission.committed_at.clone(),
            late: report.late,
            status: report.status,
            score: graded.then_some(report.score),
            max_score: report.max_score,
            result_path: format!("{}/result.json", submission.id),
            flags: report.flags.iter().map(|flag| flag.id.clone()).collect(),
            error,
            seed: report.run.seed,
            content_sha256: submission.content_sha256.clone(),
            kernel: report.environment.kernel.clone(),
            graded_at: report.run.finished_at.clone(),
        }
    }
}

/// What was wrong with a submission that could not be examined, by its own fault.
fn unusable(report: &Report) -> Option<String> {
    let message = &report.checks.first()?.message;
    (message.id == super::examine::UNUSABLE).then(|| message.params.get("reason").cloned()).flatten()
}

/// The first thing that could not be examined.
fn unexamined(report: &Report) -> String {
    let unsure = |check: &&Check| matches!(check.status, Status::Error | Status::Inconclusive);
    let check = report.checks.iter().find(unsure);
    check.map(|check| format!("{}: {}", check.id, check.message.text)).unwrap_or_default()
}

impl Stats {
    fn of(reports: &[Report]) -> Stats {
        let mut stats = Stats::default();
        let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
        for report in reports {
            *stats.students.entry(report.status.word().to_owned()).or_default() += 1;
            for check in &report.checks {
                let by_status = stats.per_check.entry(check.id.clone()).or_default();
                *by_status.entry(check.status.word().to_owned()).or_default() += 1;
            }
            report.causes.iter().for_each(|cause| *causes.entry(&cause.id).or_default() += 1);
        }
        stats.causes = causes.into_iter().map(|(id, students)| Cause { id: id.to_owned(), students }).collect();
        stats.causes.sort_by_key(|cause| std::cmp::Reverse(cause.students));
        stats
    }
}
