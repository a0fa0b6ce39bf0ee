//! A result by a course: points, prerequisites, what may be seen, and what becomes of forbidden programs.
//!
//! The agent examines every scenario whatever its prerequisites became of; the course decides afterwards. So the same
//! result can be marked by another course, and no order of examination changes a mark.

use super::{Consequence, Course, Item, Visibility};
use crate::calendar::Moment;
use boxproof_harness::result::{Check, Report, ScenarioSet, Status, Text};
use std::collections::{BTreeMap, BTreeSet};

/// The flag that the course's consequence is about.
const FORBIDDEN: &str = "ran-a-forbidden-program";
/// Tag of the checks that it was raised in.
const TAG: &str = "forbidden-program";

/// Gives the points, and takes note of by which course.
pub fn mark(course: &Course, report: &mut Report) {
    let unmet = unmet(course, report);
    let fates: BTreeMap<String, Status> = scenario_fates(report, &unmet);
    let forbidden = forbidden_in(report);
    for check in &mut report.checks {
        let Some(item) = course.item(&check.scenario) else { continue };
        let name = check.id.rsplit('.').next().unwrap_or_default();
        let number = catalogue_place(item, name);
        check.max_score = number.and_then(|number| item.points.get(number)).copied().unwrap_or(0);
        check.needs.clone_from(&item.needs);
        check.visibility = item.visibility.word().to_owned();
        if let Some(need) = unmet.get(check.scenario.as_str()) {
            skip(check, need);
        }
        let whole = item.partial || fates.get(&check.scenario) == Some(&Status::Pass);
        check.score = if check.status == Status::Pass && whole { check.max_score } else { 0 };
        if forbidden.as_ref().is_some_and(|scenarios| scenarios.contains(&check.scenario)) {
            check.tags.push(TAG.to_owned());
        }
        let punished = match course.consequence {
            Consequence::Flag => false,
            Consequence::Scenario => check.tags.iter().any(|tag| tag == TAG),
            Consequence::Exam => forbidden.is_some(),
        };
        if punished {
            check.score = 0;
        }
    }
    keep_causes_of_failures(report);
    report.scenario_set = ScenarioSet {
        id: course.id.clone(),
        version: report.scenario_set.version.clone(),
        sha256: course.sha256.clone(),
    };
    report.settle();
}

/// Which of the scenario's checks goes by this name.
fn catalogue_place(item: &Item, name: &str) -> Option<usize> {
    let scenario = boxproof_scenarios::catalogue().iter().find(|known| known.id == item.id)?;
    scenario.checks.iter().position(|check| *check == name)
}

/// Scenarios for which something is needed that did not pass, with what that is. What could not be examined is not held
/// against what needs it: then nobody gets a score anyway.
fn unmet(course: &Course, report: &Report) -> BTreeMap<String, String> {
    let mut unmet = BTreeMap::new();
    // At most one more link of a chain becomes known in each round.
    for _ in 0..course.items.len() {
        let known = unmet.len();
        for item in &course.items {
            let failed = |need: &&String| {
                let status = report.scenario_status(need);
                unmet.contains_key(*need) || matches!(status, Some(Status::Fail | Status::Skip))
            };
            if let Some(need) = item.needs.iter().find(failed).cloned() {
                unmet.insert(item.id.to_owned(), need);
            }
        }
        if unmet.len() == known {
            break;
        }
    }
    unmet
}

fn scenario_fates(report: &Report, unmet: &BTreeMap<String, String>) -> BTreeMap<String, Status> {
    let ids: BTreeSet<&String> = report.checks.iter().map(|check| &check.scenario).collect();
    let fate = |id: &String| match unmet.contains_key(id) {
        true => Status::Skip,
        false => report.scenario_status(id).unwrap_or(Status::Skip),
    };
    ids.into_iter().map(|id| (id.clone(), fate(id))).collect()
}

/// The scenarios in which a forbidden program was executed; none at all if it never was.
fn forbidden_in(report: &Report) -> Option<BTreeSet<String>> {
    let mut flags = report.flags.iter().filter(|flag| flag.id == FORBIDDEN).peekable();
    flags.peek()?;
    Some(flags.flat_map(|flag| flag.scenarios.iter().cloned()).collect())
}

fn skip(check: &mut Check, need: &str) {
    if matches!(check.status, Status::Error | Status::Inconclusive) {
        return;
    }
    check.status = Status::Skip;
    check.hint = None;
    check.message = Text::new("prerequisite-failed").with("scenario", need);
}

fn keep_causes_of_failures(report: &mut Report) {
    let failed: BTreeSet<&String> =
        report.checks.iter().filter(|check| check.status == Status::Fail).map(|check| &check.id).collect();
    for cause in &mut report.causes {
        cause.checks.retain(|id| failed.contains(id));
    }
    report.causes.retain(|cause| !cause.checks.is_empty());
    report.causes.sort_by_key(|cause| std::cmp::Reverse(cause.checks.len()));
}

/// What the student may see at this moment: nothing of hidden checks but their points in the sum, and no flags, which are
/// for the teacher to look at.
pub fn for_student(course: &Course, report: &Report, now: Moment) -> Report {
    let over = course.deadline.is_none_or(|deadline| now > deadline);
    let shown = |check: &Check| match course.item(&check.scenario).map(|item| item.visibility) {
        None | Some(Visibility::Visible) => true,
        Some(Visibility::AfterDueDate) => over,
        Some(Visibility::AfterPublished | Visibility::Hidden) => false,
    };
    let mut seen = report.clone();
    seen.checks.retain(&shown);
    // What is shown is shown in every format, also in those that ask the check itself.
    seen.checks.iter_mut().for_each(|check| check.visibility = Visibility::Visible.word().into());
    let ids: BTreeSet<&str> = seen.checks.iter().map(|check| check.id.as_str()).collect();
    let scenarios: BTreeSet<&str> = seen.checks.iter().map(|check| check.scenario.as_str()).collect();
    for cause in &mut seen.causes {
        cause.checks.retain(|id| ids.contains(id.as_str()));
    }
    seen.causes.retain(|cause| !cause.checks.is_empty());
    seen.residue.retain(|left| scenarios.contains(left.scenario.as_str()));
    seen.flags.clear();
    seen
}

#[cfg(test)]
mod tests;
