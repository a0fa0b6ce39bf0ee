//! What earns no point: programs that print, do nothing, or run the command on the host.

mod common;

use boxproof_harness::result::{Status, Tier};
use common::{control, exam, explain, is_root, quick_backend};
use rstest::rstest;
use serial_test::file_serial;

/// No check of theirs passes, in any tier, and every core scenario that could be examined fails.
#[rstest]
#[case("prints-everything.sh")]
#[case("does-nothing.sh")]
#[case("always-fails.sh")]
#[case("runs-on-host.sh")]
#[case("binary-noise.sh")]
#[case("prints-without-end.sh")]
#[file_serial(exams)]
fn a_fake_earns_nothing(#[case] name: &str) {
    let report = exam(&control(name), quick_backend(), &[]);
    let passing: Vec<_> = report.checks.iter().filter(|check| check.status == Status::Pass).collect();
    assert!(passing.is_empty(), "{}", explain(&passing));
    assert_eq!(report.score, 0);
    let core: std::collections::BTreeSet<&str> =
        report.checks.iter().filter(|check| check.tier == Tier::Core).map(|check| check.scenario.as_str()).collect();
    for scenario in core {
        let status = report.scenario_status(scenario);
        let no_controller = is_root() && scenario == "memory-oom-kill" && status == Some(Status::Error);
        assert!(status == Some(Status::Fail) || no_controller, "{scenario}: {status:?}");
    }
}

/// A program that hangs is a scored failure, and takes no more of anybody's time than it must.
#[test]
#[file_serial(exams)]
fn a_hang_is_a_failure() {
    let report = exam(&control("hangs.sh"), quick_backend(), &["--only", "pid-one", "--only", "exit-status"]);
    assert_eq!(report.scenario_status("pid-one"), Some(Status::Fail));
    assert_eq!(report.causes.first().map(|cause| cause.id.as_str()), Some("runtime-hangs"));
}

/// A fork bomb, which only the virtual machine is given: the bound on processes holds, and it is a scored failure.
#[test]
#[file_serial(exams)]
fn a_fork_bomb_is_a_failure() {
    let report = exam(&control("fork-bomb.sh"), "vm", &["--only", "pid-one"]);
    assert_eq!(report.scenario_status("pid-one"), Some(Status::Fail));
    assert_eq!(report.causes.first().map(|cause| cause.id.as_str()), Some("too-many-processes"));
}
