//! A line for each student (RFC 4180), for a spreadsheet.
//!
//! `student_id,submission,commit,committed_at,late,status,score,max_score,<check>…,flags,error,tool_version,seed,graded_at`.
//! Whoever could not be examined has no score, not a 0.

use super::Entry;
use crate::words::harmless;
use boxproof_harness::result::Status;
use std::collections::BTreeMap;

/// The table, with its header.
pub fn csv(entries: &[Entry]) -> String {
    let checks = checks(entries);
    let mut table = String::new();
    let header = ["student_id", "submission", "commit", "committed_at", "late", "status", "score", "max_score"];
    let tail = ["flags", "error", "tool_version", "seed", "graded_at"];
    row(&mut table, header.into_iter().chain(checks.iter().copied()).chain(tail).map(str::to_owned));
    entries.iter().for_each(|entry| row(&mut table, cells(entry, &checks).into_iter()));
    table
}

/// Every check that is in any result, in the order of the first that has it.
fn checks(entries: &[Entry]) -> Vec<&str> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for check in entries.iter().flat_map(|entry| &entry.report.checks) {
        let next = places.len();
        places.entry(&check.id).or_insert(next);
    }
    let mut checks: Vec<(&str, usize)> = places.into_iter().collect();
    checks.sort_by_key(|(_, place)| *place);
    checks.into_iter().map(|(id, _)| id).collect()
}

fn cells(entry: &Entry, checks: &[&str]) -> Vec<String> {
    let report = &entry.report;
    let graded = report.status != Status::Error;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let points = |points: u32| if graded { points.to_string() } else { String::new() };
    let status: BTreeMap<&str, Status> = report.checks.iter().map(|check| (check.id.as_str(), check.status)).collect();
    let mut cells = vec![
        entry.student.clone(),
        report.submission.path.clone(),
        text(&report.submission.commit),
        text(&report.submission.committed_at),
        entry.is_late().map_or(String::new(), |late| late.to_string()),
        report.status.word().to_owned(),
        points(report.score),
        points(report.max_score),
    ];
    cells.extend(checks.iter().map(|id| status.get(id).map_or(String::new(), |status| status.word().to_owned())));
    let ids = |ids: Vec<&str>| ids.join(" ");
    cells.push(ids(report.flags.iter().map(|flag| flag.id.as_str()).collect()));
    cells.push(ids(report.infrastructure_errors.iter().map(|error| error.id.as_str()).collect()));
    cells.extend([report.tool.version.clone(), report.run.seed.to_string(), report.run.finished_at.clone()]);
    cells
}

fn row(table: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
    table.push_str(&cells.join(","));
    table.push_str("\r\n");
}

/// A cell that is read as text: of one line, and begun otherwise than a formula, which a spreadsheet would run.
fn quoted(cell: &str) -> String {
    let line = harmless(cell).replace('\n', "\\n");
    let cell = if line.starts_with(['=', '+', '-', '@']) { format!("'{line}") } else { line };
    if cell.contains([',', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}
