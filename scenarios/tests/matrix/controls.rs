//! Runtimes known to be right, each in its own way, against every scenario.

use crate::common::controls::{CONTROLS, Control, control_named};
use crate::common::{checks, explain, full_exam, runtime};
use crate::rows::row;
use boxproof_harness::result::{Check, Report, Status, Tier};
use boxproof_scenarios::catalogue;
use rstest::rstest;
use std::collections::BTreeSet;

/// What a right runtime passes: everything that it offers.
#[rstest]
fn a_right_runtime_passes(
    #[values("mycontainer", "wrong-runtime", "c-minimal")] name: &str,
    #[values(
        "rootfs-is-root",
        "old-root-detached",
        "missing-rootfs-refused",
        "rootfs-path-odd",
        "submounts-carried",
        "image-without-programs",
        "devices-usable",
        "sysfs-read-only",
        "pid-one",
        "mount-namespace",
        "proc-isolated",
        "proc-mount-options",
        "hostname-isolated",
        "lone-loopback",
        "loopback-up",
        "ipc-namespace",
        "cgroup-namespace",
        "devices-for-everyone",
        "dev-is-own",
        "terminals-work",
        "tmpfs-bounded",
        "mount-failure-stops",
        "image-links-stay-inside",
        "sysfs-of-own-network",
        "proc-masked",
        "proc-sys-read-only",
        "volume-option",
        "volume-read-only",
        "volume-submounts",
        "volume-stays-inside",
        "memory-oom-kill",
        "cpu-throttled",
        "pids-limited",
        "memory-option",
        "cpus-option",
        "pids-option",
        "option-is-no-command",
        "hostname-option",
        "groups-apart",
        "limited-from-the-start",
        "impossible-limit-refused",
        "memory-option-large",
        "cgroupfs-read-only",
        "veth-netcat",
        "daemon-does-not-hold",
        "hostnames-distinct",
        "hostname-length-option",
        "network-option",
        "network-ready-at-start",
        "networks-apart",
        "network-no-residue",
        "exit-status",
        "killed-by-signal",
        "command-not-found",
        "command-lookup",
        "arguments-intact",
        "environment-clean",
        "descriptors-closed",
        "signals-reset",
        "signals-forwarded",
        "dies-with-runtime",
        "two-at-once",
        "usage-explained",
        "root-required",
        "stdin-connected",
        "stdout-intact",
        "stderr-apart",
        "output-unbuffered",
        "mounts-do-not-leak",
        "no-residue",
        "ordinary-command",
        "called-by-name",
        "inner-verb-harmless",
        "unknown-option-refused",
        "exit-status-range",
        "terminal-passed-on",
        "terminal-restored",
        "closed-stdout",
        "runtime-program-hidden"
    )]
    scenario: &str,
) {
    let special = catalogue().iter().any(|known| known.id == scenario && known.offers.is_some());
    passes(name, scenario, name != "c-minimal" || !special);
}

/// The next steps of the workshop, which the minimal programs do not take.
#[rstest]
fn a_right_runtime_takes_the_next_steps(
    #[values("mycontainer", "wrong-runtime")] name: &str,
    #[values(
        "capabilities-dropped",
        "capability-option",
        "no-new-privileges",
        "groups-cleared",
        "seccomp-filters",
        "layers-stacked",
        "layers-unchanged",
        "layers-apart",
        "layers-paths-odd",
        "layers-many",
        "bridge-option",
        "bridge-neighbours",
        "bridge-many-at-once",
        "bridge-way-out",
        "bridge-outlives-the-first",
        "bridges-apart",
        "bridge-no-residue",
        "bridge-clash",
        "bridge-filter-fails",
        "bridge-publish",
        "oci-lifecycle",
        "oci-order",
        "oci-kill",
        "oci-id",
        "oci-process",
        "oci-file-systems",
        "oci-hooks",
        "oci-config"
    )]
    scenario: &str,
) {
    passes(name, scenario, true);
}

/// Every check of the scenario passes, or is skipped where the runtime does not offer what it is about.
fn passes(name: &str, scenario: &str, offered: bool) {
    let checks = checks(row(name).report(), scenario);
    let expected = if offered { Status::Pass } else { Status::Skip };
    assert!(checks.iter().all(|check| check.status == expected), "{}", explain(&checks));
}

/// The lists above are the catalogue: a new scenario that nobody tries a right runtime on does not slip in.
#[test]
fn every_scenario_is_tried_on_right_runtimes() {
    let source = include_str!("controls.rs");
    let missing: Vec<&str> =
        catalogue().iter().map(|scenario| scenario.id).filter(|id| !source.contains(&format!("\"{id}\""))).collect();
    assert!(missing.is_empty(), "add to the values above: {missing:?}");
}

/// Checks that a control fails, or that are skipped or not examined for a reason that is not one of these: it does not
/// offer the option, it declares a policy, the machine has no controller.
fn wrongly_judged<'a>(control: &Control, report: &'a Report) -> Vec<&'a Check> {
    const REASONS: [(Status, &str); 4] = [
        (Status::Skip, "not-offered"),
        (Status::Skip, "policy-declared"),
        (Status::Error, "no-controller"),
        (Status::Error, "no-swap"),
    ];
    let explained = |check: &Check| {
        let excepted = control.except.iter().any(|(scenario, _)| *scenario == check.scenario);
        excepted || REASONS.contains(&(check.status, &check.message.id))
    };
    let judged = report.checks.iter().filter(|check| control.tiers.contains(&check.tier));
    judged.filter(|check| check.status != Status::Pass && !explained(check)).collect()
}

/// Nothing that it claims to be right in is failed, and nothing is left open but for a good reason.
#[rstest]
fn a_control_is_right_in_its_tiers(
    #[values(
        "mycontainer",
        "wrong-runtime",
        "c-minimal",
        "go-minimal",
        "python-minimal.py",
        "sh-minimal",
        "bwrap",
        "runc",
        "crun",
        "podman",
        "unshare-chroot",
        "manual-step2.sh",
        "go-workshop"
    )]
    name: &str,
) {
    let (control, report) = (control_named(name), row(name).report());
    let wrong = wrongly_judged(control, report);
    assert!(wrong.is_empty(), "{}", explain(&wrong));
    let passed = report.checks.iter().filter(|check| check.status == Status::Pass);
    let tiers: BTreeSet<Tier> = passed.map(|check| check.tier).collect();
    let examined = |tier: &&Tier| report.checks.iter().any(|check| check.tier == **tier);
    assert!(control.tiers.iter().filter(examined).all(|tier| tiers.contains(tier)), "nothing of some tier: {tiers:?}");
    for (scenario, reason) in control.except.iter().filter(|(scenario, _)| row(name).status(scenario).is_some()) {
        assert_eq!(row(name).status(scenario), Some(Status::Fail), "{name}: no exception any more: {reason}");
    }
}

/// The cases above are the list.
#[test]
fn every_control_is_examined() {
    let source = include_str!("controls.rs");
    let (_, cases) = source.split_once("fn a_control_is_right_in_its_tiers").expect("the test above");
    let names: BTreeSet<&str> = CONTROLS.iter().map(|control| control.name).collect();
    assert_eq!(names.len(), CONTROLS.len(), "a name twice");
    let missing: Vec<&&str> = names.iter().filter(|name| !cases.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "add to the values above: {missing:?}");
}

/// In the virtual machine, where `/` is shared, a limit holds and there is swap: everything. Only nft is not there, nor what
/// needs it.
#[test]
fn mycontainer_is_right_in_the_machine() {
    let report = full_exam("mycontainer", || runtime("mycontainer"));
    let lacking = |check: &Check| check.status == Status::Skip && check.message.id == "no-packet-filter";
    let other: Vec<&Check> =
        report.checks.iter().filter(|check| check.status != Status::Pass && !lacking(check)).collect();
    assert!(other.is_empty(), "{}", explain(&other));
}

/// Step 5's program does what the workshop says: every core scenario passes.
#[rstest]
fn the_workshops_go_program_passes_core(
    #[values(
        "rootfs-is-root",
        "pid-one",
        "mount-namespace",
        "proc-isolated",
        "hostname-isolated",
        "lone-loopback",
        "memory-oom-kill",
        "veth-netcat"
    )]
    scenario: &str,
) {
    let report = row("go-workshop").report();
    let checks = checks(report, scenario);
    assert!(
        checks.iter().all(|check| check.status == Status::Pass && check.tier == Tier::Core),
        "{}",
        explain(&checks)
    );
}

/// And it has the defects that the workshop's program has; each is named.
#[rstest]
#[case("mounts-do-not-leak", "mount-propagation-shared")]
#[case("no-residue", "mount-propagation-shared")]
#[case("exit-status", "exit-status-lost")]
#[case("environment-clean", "environment-passed-on")]
#[case("descriptors-closed", "descriptors-inherited")]
#[case("dies-with-runtime", "container-orphaned")]
#[case("signals-forwarded", "signals-not-forwarded")]
#[case("loopback-up", "loopback-down")]
#[case("command-lookup", "bare-name-not-found")]
#[case("old-root-detached", "chroot-without-pivot-root")]
fn the_workshops_go_program_is_told_what_it_lacks(#[case] scenario: &str, #[case] cause: &str) {
    let report = row("go-workshop").report();
    let checks = checks(report, scenario);
    let named = |check: &&&boxproof_harness::result::Check| check.hint.as_ref().is_some_and(|hint| hint.id == cause);
    assert!(checks.iter().any(|check| check.status == Status::Fail), "{}", explain(&checks));
    assert!(checks.iter().find(named).is_some(), "{}", explain(&checks));
    assert!(report.causes.iter().any(|known| known.id == cause), "{:?}", report.causes);
}

/// Step 2 by hand, with unshare and chroot.
#[rstest]
fn the_manual_procedure_isolates(
    #[values(
        "rootfs-is-root",
        "pid-one",
        "mount-namespace",
        "proc-isolated",
        "lone-loopback",
        "veth-netcat",
        "memory-oom-kill"
    )]
    scenario: &str,
) {
    let checks = checks(row("manual-step2.sh").report(), scenario);
    assert!(checks.iter().all(|check| check.status == Status::Pass), "{}", explain(&checks));
}

/// The kill leaves its trace in the result: the curve, the counter, the status.
#[test]
fn the_oom_kill_is_told_with_its_evidence() {
    let report = full_exam("mycontainer", || runtime("mycontainer"));
    let checks = checks(&report, "memory-oom-kill");
    let check = |id: &str| *checks.iter().find(|check| check.id.ends_with(id)).expect(id);
    let events = check("oom-kill-counted");
    assert_eq!(events.observed, "1");
    assert!(
        events
            .evidence
            .iter()
            .any(|fact| fact.source.ends_with("memory.events: oom_kill") && fact.value.contains("oom_kill 1"))
    );
    assert!(check("climbs-to-the-limit").evidence.iter().any(|fact| fact.value.contains("MiB →")));
    assert_eq!(check("hog-killed").observed, "137");
}
