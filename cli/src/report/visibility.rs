//! What a student sees: a course may hide checks, and what is hidden is told by nothing, neither by its name nor by a
//! cause.

use boxproof_harness::result::{Check, Report};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Whether a check may be shown before anything is published.
pub fn is_visible(check: &Check) -> bool {
    check.visibility == "visible"
}

/// The result without what is hidden; scores and status stay those of the whole.
pub fn seen_by_student(report: &Report) -> Cow<'_, Report> {
    if report.checks.iter().all(is_visible) {
        return Cow::Borrowed(report);
    }
    let mut seen = report.clone();
    seen.checks.retain(is_visible);
    let checks: BTreeSet<&str> = seen.checks.iter().map(|check| check.id.as_str()).collect();
    let scenarios: BTreeSet<&str> = seen.checks.iter().map(|check| check.scenario.as_str()).collect();
    for cause in &mut seen.causes {
        cause.checks.retain(|id| checks.contains(id.as_str()));
    }
    seen.causes.retain(|cause| !cause.checks.is_empty());
    seen.residue.retain(|left| scenarios.contains(left.scenario.as_str()));
    // What a flag rests on names the scenarios in which it was raised.
    seen.flags.iter_mut().for_each(|flag| flag.evidence.clear());
    Cow::Owned(seen)
}
