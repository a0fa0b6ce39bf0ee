//! Programs that are out to break the machine they run on: `controls/hostile`, and those among the fakes and cheats that do
//! it any harm. Each is examined in a virtual machine of its own: it gets its verdict, or its exam alone gets none; whoever
//! comes next is examined as if it had never been, and so is left the machine that all of them run on.

mod common;

use boxproof_harness::result::Status;
use common::{control, exam, explain, workspace_program};
use rstest::rstest;
use serial_test::{file_parallel, file_serial};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Once;
use std::time::SystemTime;

/// All there are.
const GUARDS: &str = "devices sysctls clock sysrq programs";

const BRIEFLY: [&str; 2] = ["--course", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile.toml")];

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// All that it tries is refused, and it is a right runtime otherwise.
    Passes,
    /// What it does to itself is its own failure.
    Fails,
    /// Whether it comes to its senses in time depends on the machine: a verdict either way.
    Either,
}

#[rstest]
#[case::kill_all("kills-the-harness.sh", Fate::Fails)]
#[case::fork_bomb("fork-bomb.sh", Fate::Fails)]
#[case::remove_all("removes-everything.sh", Fate::Fails)]
#[case::fill_disk("fills-the-disk.sh", Fate::Fails)]
#[case::fill_memory("fills-memory.sh", Fate::Either)]
#[case::hang("hangs.sh", Fate::Fails)]
#[case::endless_output("prints-without-end.sh", Fate::Fails)]
#[case::ptrace("traces-the-agent", Fate::Passes)]
#[case::port("opens-the-port.sh", Fate::Passes)]
#[case::core_pattern("core-pattern.sh", Fate::Passes)]
#[case::release_agent("release-agent.sh", Fate::Passes)]
#[case::sysrq("magic-keys.sh", Fate::Passes)]
#[case::reboot("switches-off.sh", Fate::Fails)]
#[case::remount("remounts.sh", Fate::Passes)]
#[case::raw_disk("raw-disk.sh", Fate::Passes)]
#[case::clock("sets-the-clock-back.sh", Fate::Passes)]
#[case::kernel("calls-the-kernel", Fate::Passes)]
#[case::starve("starves.sh", Fate::Fails)]
#[file_parallel(exams)]
fn it_harms_nobody_but_itself(#[case] name: &str, #[case] fate: Fate) {
    // Whichever exam is the first makes the snapshot, or finds it made by another test.
    static FIRST: Once = Once::new();
    FIRST.call_once(|| drop(exam(&workspace_program("mycontainer"), "vm", &BRIEFLY)));
    let before = Host::now();
    let report = exam(&control(name), "vm", &BRIEFLY);
    let checks: Vec<_> = report.checks.iter().collect();
    assert!(checks.iter().all(|check| !check.stderr.contains("BREACH")), "{}", explain(&checks));
    let expected: &[Status] = match fate {
        Fate::Passes => &[Status::Pass],
        Fate::Fails => &[Status::Fail],
        Fate::Either => &[Status::Pass, Status::Fail],
    };
    assert!(expected.contains(&report.status), "{:?}: {}", report.status, explain(&checks));
    assert!(report.infrastructure_errors.is_empty(), "{:?}", report.infrastructure_errors);
    assert_eq!(report.environment.limits.get("guards").map(String::as_str), Some(GUARDS));

    before.must_be_as_it_was();
    // It began where the one before it had begun, however that one went on.
    assert_eq!(report.environment.limits.get("start").map(String::as_str), Some("snapshot"));
}

#[test]
#[file_serial(exams)]
fn whoever_comes_next_is_examined_as_if_it_had_never_been() {
    let before = exam(&control("removes-everything.sh"), "vm", &BRIEFLY);
    assert_eq!(before.status, Status::Fail);
    let next = exam(&workspace_program("mycontainer"), "vm", &BRIEFLY);
    assert_eq!(next.status, Status::Pass, "{}", explain(&next.checks.iter().collect::<Vec<_>>()));
    assert_eq!(next.environment.limits.get("start").map(String::as_str), Some("snapshot"));
}

/// What root in a virtual machine must not change of the machine that this is.
#[derive(Debug, PartialEq, Eq)]
struct Host {
    name: String,
    core_pattern: String,
    mounts: BTreeSet<String>,
    /// Every file of every snapshot, and when it was last written; but that one was used is written down.
    snapshots: BTreeMap<PathBuf, SystemTime>,
}

impl Host {
    fn now() -> Host {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_else(|error| panic!("read {path}: {error}"));
        Host {
            name: read("/proc/sys/kernel/hostname"),
            core_pattern: read("/proc/sys/kernel/core_pattern"),
            mounts: read("/proc/self/mounts").lines().map(str::to_owned).collect(),
            snapshots: snapshots(),
        }
    }

    /// Whoever else works on this machine may mount something or boot another machine meanwhile; what was there stays.
    fn must_be_as_it_was(self) {
        let mut now = Host::now();
        now.mounts.retain(|mount| self.mounts.contains(mount));
        now.snapshots.retain(|file, _| self.snapshots.contains_key(file));
        assert_eq!(now, self);
    }
}

fn snapshots() -> BTreeMap<PathBuf, SystemTime> {
    let directory = boxproof_harness::apt::cache_dir().expect("a cache").join("snapshots");
    let places = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let files = places.flat_map(|place| ["memory", "state"].map(|name| place.join(name)));
    files
        .filter_map(|file| Some((fs::metadata(&file).ok()?.modified().ok()?, file)))
        .map(|(at, file)| (file, at))
        .collect()
}
