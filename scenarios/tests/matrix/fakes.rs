//! What earns no point: programs that print, do nothing, or run the command on the host.

use crate::common::{control, exam, explain, is_root, quick_backend};
use crate::rows::row;
use boxproof_harness::result::{Status, Tier};
use rstest::rstest;
use std::collections::BTreeSet;

/// Those that are examined in whole. (What hangs, or multiplies, is tried below on a few scenarios.)
pub const NAMES: &[&str] = &[
    "does-nothing.sh",
    "always-fails.sh",
    "runs-on-host.sh",
    "prints-everything.sh",
    "binary-noise.sh",
    "prints-without-end.sh",
];

/// No check of theirs passes, in any tier, and every core scenario that could be examined fails.
#[rstest]
fn a_fake_earns_nothing(
    #[values(
        "does-nothing.sh",
        "always-fails.sh",
        "runs-on-host.sh",
        "prints-everything.sh",
        "binary-noise.sh",
        "prints-without-end.sh"
    )]
    name: &str,
) {
    let report = row(name).report();
    let passing: Vec<_> = report.checks.iter().filter(|check| check.status == Status::Pass).collect();
    assert!(passing.is_empty(), "{}", explain(&passing));
    assert_eq!(report.score, 0);
    let core: BTreeSet<&str> =
        report.checks.iter().filter(|check| check.tier == Tier::Core).map(|check| check.scenario.as_str()).collect();
    for scenario in core {
        let status = row(name).status(scenario);
        assert!(matches!(status, Some(Status::Fail) | None), "{scenario}: {status:?}");
        assert!(status.is_some() || is_root() && scenario == "memory-oom-kill", "{scenario} was not examined");
    }
}

/// A program that hangs is a scored failure, and takes no more of anybody's time than it must.
#[test]
fn a_hang_is_a_failure() {
    let report = exam(&control("hangs.sh"), quick_backend(), &["--only", "pid-one", "--only", "exit-status"]);
    assert_eq!(report.scenario_status("pid-one"), Some(Status::Fail));
    assert_eq!(report.causes.first().map(|cause| cause.id.as_str()), Some("runtime-hangs"));
}

/// A fork bomb, which only the virtual machine is given: the bound on processes holds, and it is a scored failure.
#[test]
fn a_fork_bomb_is_a_failure() {
    let report = exam(&control("fork-bomb.sh"), "vm", &["--only", "pid-one"]);
    assert_eq!(report.scenario_status("pid-one"), Some(Status::Fail));
    assert_eq!(report.causes.first().map(|cause| cause.id.as_str()), Some("too-many-processes"));
}
