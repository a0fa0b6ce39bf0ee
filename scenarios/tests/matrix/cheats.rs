//! Programs that are out to pass without isolating, or to be left alone: `controls/cheats`. Each fails the scenarios named
//! here, or is flagged for a person; nothing is deducted by suspicion alone.

use crate::common::{checks, control, exam, explain, is_root};
use crate::rows::row;
use boxproof_harness::result::{Report, Status};
use rstest::rstest;
use std::collections::BTreeSet;
use std::path::Path;

/// All of them: the programs in `controls/cheats`.
pub const NAMES: &[&str] = &[
    "by-content.sh",
    "by-environment.sh",
    "by-inode.sh",
    "by-known-commands.sh",
    "by-name.sh",
    "by-parent.sh",
    "by-socket.sh",
    "cached-answer.sh",
    "copies-the-command.sh",
    "enters-from-outside.sh",
    "fake-protocol.py",
    "fills-the-disk.sh",
    "kept-container.sh",
    "kills-the-harness.sh",
    "leaves-a-daemon.sh",
    "prepared-proc.sh",
    "raises-its-limits.sh",
    "reboots-the-host.py",
    "replaces-the-command.sh",
    "runs-outside.sh",
    "shells-out.sh",
    "traces-the-harness.py",
    "writes-the-result.sh",
];

fn fails(report: &Report, scenario: &str) {
    let checks = checks(report, scenario);
    assert!(checks.iter().any(|check| check.status == Status::Fail), "{scenario} is passed: {}", explain(&checks));
    assert!(checks.iter().all(|check| check.status != Status::Error), "{}", explain(&checks));
}

/// The exec log needs a kernel that keeps it, and tools that are not built into busybox's shell: root's own machine has both.
fn flagged(report: &Report, id: &str) {
    let ids: Vec<&str> = report.flags.iter().map(|flag| flag.id.as_str()).collect();
    assert!(ids.contains(&id) || !is_root(), "{ids:?} instead of {id}");
    assert!(report.flags.iter().all(|flag| !flag.reason.is_empty() && !flag.evidence.is_empty()), "{:?}", report.flags);
}

/// Who recognises the probe, or the exam, and is right only then, is found out by what is neither.
#[rstest]
#[case::name("by-name.sh", &["pid-one", "ordinary-command"], None)]
#[case::known_commands("by-known-commands.sh", &["ordinary-command"], Some("knows-the-probe"))]
#[case::environment("by-environment.sh", &["pid-one", "ordinary-command"], None)]
#[case::parent("by-parent.sh", &["pid-one", "ordinary-command"], None)]
#[case::content("by-content.sh", &["ordinary-command"], Some("knows-the-probe"))]
#[case::content_in_the_program("by-content.sh", &["ordinary-command"], Some("names-the-harness"))]
#[case::inode("by-inode.sh", &["ordinary-command"], Some("knows-the-probe"))]
#[case::socket("by-socket.sh", &["ordinary-command"], Some("knows-the-probe"))]
fn noticing_the_exam_is_of_no_use(#[case] name: &str, #[case] must_fail: &[&str], #[case] flag: Option<&str>) {
    let report = row(name).report();
    must_fail.iter().for_each(|scenario| fails(report, scenario));
    flag.into_iter().for_each(|id| flagged(report, id));
}

/// Who does not run the command, or runs it where it has no business, earns no point at all.
#[rstest]
#[case("runs-outside.sh")]
#[case("copies-the-command.sh")]
#[case("replaces-the-command.sh")]
#[case("fake-protocol.py")]
#[case("kills-the-harness.sh")]
#[case("writes-the-result.sh")]
#[case("reboots-the-host.py")]
fn a_pretence_earns_nothing(#[case] name: &str) {
    let scenarios = [
        "pid-one",
        "rootfs-is-root",
        "proc-isolated",
        "exit-status",
        "usage-explained",
        "no-residue",
        "ordinary-command",
    ];
    let report = row(name).report();
    for scenario in scenarios {
        fails(report, scenario);
        let passing: Vec<_> = checks(report, scenario).into_iter().filter(|check| check.score > 0).collect();
        assert!(passing.is_empty(), "{}", explain(&passing));
    }
    assert_eq!(row(name).troubles(), Vec::<&str>::new());
}

/// Who isolates in part, or does more than isolate, fails where that shows.
#[rstest]
#[case("cached-answer.sh", &["exit-status", "two-at-once"], None)]
#[case("kept-container.sh", &["pid-one", "two-at-once", "no-residue"], Some("left-a-process"))]
#[case("enters-from-outside.sh", &["no-residue", "pid-one"], Some("ran-isolation-tools"))]
#[case("prepared-proc.sh", &["pid-one", "proc-isolated"], None)]
#[case("traces-the-harness.py", &["pid-one", "no-residue"], Some("touched-the-harness"))]
#[case("leaves-a-daemon.sh", &["no-residue"], Some("left-a-process"))]
#[case("fills-the-disk.sh", &["no-residue", "rootfs-is-root"], None)]
fn half_a_container_fails(#[case] name: &str, #[case] must_fail: &[&str], #[case] flag: Option<&str>) {
    let report = row(name).report();
    must_fail.iter().for_each(|scenario| fails(report, scenario));
    flag.into_iter().for_each(|id| flagged(report, id));
}

/// Leaving the work to tools is no failure. It is written down, for whoever decides whether it was allowed.
#[test]
fn leaving_the_work_to_others_is_flagged_and_not_deducted() {
    let report = row("shells-out.sh").report();
    for scenario in ["pid-one", "ordinary-command"] {
        let checks = checks(report, scenario);
        assert!(checks.iter().all(|check| check.status == Status::Pass), "{}", explain(&checks));
    }
    let flag =
        if std::path::Path::new("/usr/bin/bwrap").exists() { "ran-another-runtime" } else { "ran-isolation-tools" };
    flagged(report, flag);
}

/// And who does the work himself is not flagged.
#[test]
fn an_honest_program_is_not_flagged() {
    for name in ["mycontainer", "wrong-runtime", "c-minimal"] {
        assert_eq!((name, &row(name).report().flags[..]), (name, &[][..]));
    }
}

/// What only shows where there is a memory controller.
#[test]
fn a_limit_that_is_taken_away_is_missed() {
    fails(row("raises-its-limits.sh").report(), "memory-oom-kill");
}

/// In the virtual machine the verdicts travel over a port that root could open, were it not taken.
#[test]
fn the_port_of_the_verdicts_is_out_of_reach() {
    let report = exam(&control("writes-the-result.sh"), "vm", &["--only", "pid-one"]);
    fails(&report, "pid-one");
    assert_eq!(report.score, 0);
    assert!(report.infrastructure_errors.is_empty(), "{:?}", report.infrastructure_errors);
}

/// A cheat that nobody tries does not slip in.
#[test]
fn every_cheat_is_tried() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("controls/cheats");
    let there: BTreeSet<String> = std::fs::read_dir(directory)
        .expect("list controls/cheats")
        .map(|entry| entry.expect("list controls/cheats").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(there, NAMES.iter().map(|name| (*name).to_owned()).collect());
}
