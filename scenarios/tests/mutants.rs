//! The harness on trial: runtimes with exactly one defect each, and the scenario that must fail them, with the cause that
//! must be named. The ids are those of `wrong-runtime --list`.

mod common;

use boxproof_harness::result::Status;
use common::{checks, exam, explain, quick_backend, workspace_program};
use rstest::rstest;
use serial_test::{file_parallel, file_serial};
use std::path::{Path, PathBuf};

/// A directory with the program and a boxproof.toml that calls it with its defect.
fn mutant(defect: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants").join(defect);
    std::fs::create_dir_all(&directory).expect("a directory for the mutant");
    std::fs::copy(workspace_program("wrong-runtime"), directory.join("wrong-runtime")).expect("copy the mutant");
    let manifest = format!(
        r#"
        [runtime]
        program = "wrong-runtime"
        adapter = "command"
        command = ["{{program}}", "--defect", "{defect}", "run", "{{options}}", "--", "{{argv}}"]
        [offers]
        memory = ["--memory", "{{value}}"]
        cpus = ["--cpus", "{{value}}"]
        pids = ["--pids", "{{value}}"]
        hostname = ["--hostname", "{{value}}"]
        network = ["--network", "{{address}},{{gateway}}"]
        volume = ["--volume", "{{value}}"]
        "#
    );
    std::fs::write(directory.join("boxproof.toml"), manifest).expect("write its manifest");
    directory
}

fn fails_with(defect: &str, backend: &str, scenario: &str, cause: &str) {
    let report = exam(&mutant(defect), backend, &["--only", scenario]);
    let checks = checks(&report, scenario);
    assert!(checks.iter().any(|check| check.status == Status::Fail), "{defect} survives {}", explain(&checks));
    assert!(checks.iter().all(|check| check.status != Status::Error), "{}", explain(&checks));
    let causes: Vec<&str> = report.causes.iter().map(|cause| cause.id.as_str()).collect();
    assert_eq!(causes.first(), Some(&cause), "{defect}: {causes:?}: {}", explain(&checks));
}

#[rstest]
#[case("RF01", "rootfs-is-root", "chdir-forgotten")]
#[case("RF02", "rootfs-is-root", "chdir-forgotten")]
#[case("RF03", "missing-rootfs-refused", "chroot-unchecked")]
#[case("RF04", "rootfs-is-root", "pivot-root-failed-unnoticed")]
#[case("RF06", "rootfs-is-root", "set-up-never-reached")]
#[case("RF07", "old-root-detached", "chroot-without-pivot-root")]
#[case("RF08", "rootfs-is-root", "new-root-is-no-mount-point")]
#[case("RF09", "rootfs-is-root", "pivot-root-while-shared")]
#[case("RF11", "old-root-detached", "old-root-still-mounted")]
#[case("RF12", "no-residue", "host-files-deleted")]
#[case("RF13", "no-residue", "file-left-behind")]
#[case("RF14", "mounts-do-not-leak", "host-mounts-taken-away")]
#[case("RF16", "rootfs-is-root", "rootfs-path-compiled-in")]
#[case("RF17", "no-residue", "file-left-behind")]
#[case("RF18", "no-residue", "file-left-behind")]
#[case("RF19", "no-residue", "file-left-behind")]
#[case("RF20", "devices-usable", "dev-node-is-no-device")]
#[case("RF21", "devices-usable", "dev-node-is-no-device")]
#[case("RF22", "no-residue", "file-left-behind")]
#[case("RF23", "devices-usable", "dev-without-nodes")]
#[case("RF25", "devices-for-everyone", "umask-inherited")]
#[case("RF26", "rootfs-path-odd", "rootfs-path-cut")]
#[case("RF30", "rootfs-is-root", "chdir-forgotten")]
#[case("UT01", "hostname-isolated", "uts-namespace-not-new")]
#[case("UT03", "hostname-length-option", "hostname-error-ignored")]
#[case("UT04", "hostnames-distinct", "hostname-constant")]
#[case("UT05", "hostname-length-option", "hostname-cut")]
#[case("UT30", "hostname-length-option", "hostname-cut")]
#[case("UT31", "hostname-option", "hostname-not-set")]
#[case("PI01", "pid-one", "pid-namespace-not-new")]
#[case("PI02", "pid-one", "pid-unshared-without-fork")]
#[case("PI03", "root-required", "runs-without-isolation")]
#[case("PI04", "signals-forwarded", "init-swallows-signals")]
#[case("PI06", "pid-one", "pid-one-is-no-init")]
#[case("PI07", "daemon-does-not-hold", "init-waits-for-all")]
#[case("PI08", "exit-status", "exit-status-lost")]
#[case("PI10", "signals-forwarded", "signals-not-forwarded")]
#[case("PI11", "dies-with-runtime", "container-orphaned")]
#[case("PI30", "dies-with-runtime", "container-orphaned")]
#[case("PI31", "pid-one", "init-ends-with-any-child")]
#[case("PI32", "exit-status", "container-not-waited-for")]
#[case("MP01", "mount-namespace", "mount-namespace-not-new")]
#[case("MP02", "mounts-do-not-leak", "mount-propagation-shared")]
#[case("MP03", "mounts-do-not-leak", "bind-before-private")]
#[case("MP05", "proc-isolated", "proc-not-mounted")]
#[case("MP06", "proc-isolated", "proc-of-another-namespace")]
#[case("MP08", "mounts-do-not-leak", "proc-over-the-hosts")]
#[case("MP09", "proc-mount-options", "proc-mount-flags")]
#[case("MP13", "proc-masked", "proc-not-masked")]
#[case("MP14", "proc-sys-read-only", "proc-sys-writable")]
#[case("MP15", "sysfs-read-only", "sysfs-writable")]
#[case("MP17", "terminals-work", "terminals-do-not-open")]
#[case("MP18", "dev-is-own", "dev-of-the-host")]
#[case("MP20", "submounts-carried", "bind-not-recursive")]
#[case("MP22", "image-links-stay-inside", "image-link-followed")]
#[case("MP23", "proc-isolated", "proc-not-mounted")]
#[case("MP24", "tmpfs-bounded", "tmpfs-without-size")]
#[case("MP25", "mount-failure-stops", "mount-errors-ignored")]
#[case("MP31", "sysfs-of-own-network", "sysfs-of-another-network")]
#[case("MP32", "terminals-work", "terminals-do-not-open")]
#[case("MP19", "volume-read-only", "volume-read-only-ignored")]
#[case("MP29", "volume-stays-inside", "volume-followed-link")]
#[case("MP26", "volume-submounts", "volume-not-recursive")]
#[case("MP27", "volume-read-only", "volume-option-in-path")]
#[case("MP28", "image-without-programs", "needs-programs-of-the-image")]
#[case("OV10", "volume-option", "volume-deleted")]
#[case("OV16", "volume-option", "volume-mode-changed")]
#[case("OV21", "volume-option", "volume-is-a-copy")]
#[case("OV22", "volume-option", "volume-always-read-only")]
#[case("OV23", "volume-option", "volume-breaks-the-run")]
#[case("OV24", "volume-option", "volume-not-mounted")]
#[case("MP36", "devices-usable", "dev-mounted-nodev")]
#[case("NN01", "lone-loopback", "network-namespace-not-new")]
#[case("NN02", "loopback-up", "loopback-down")]
#[case("NN04", "no-residue", "netns-not-removed")]
#[case("NN05", "two-at-once", "containers-collide")]
#[case("NN09", "no-residue", "host-file-overwritten")]
#[case("NN10", "image-without-programs", "needs-programs-of-the-image")]
#[case("VE01", "network-option", "container-end-down")]
#[case("VE03", "network-option", "default-route-missing")]
#[case("VE04", "networks-apart", "interface-name-fixed")]
#[case("VE05", "networks-apart", "interface-name-fixed")]
#[case("VE06", "networks-apart", "address-not-unique")]
#[case("VE06", "network-option", "address-not-as-asked")]
#[case("VE10", "network-option", "container-end-left-on-host")]
#[case("VE11", "network-ready-at-start", "network-after-start")]
#[case("VE13", "network-no-residue", "link-not-removed")]
#[case("VE14", "networks-apart", "network-of-another-removed")]
#[case("VE16", "networks-apart", "hardware-address-fixed")]
#[case("VE17", "option-is-no-command", "option-run-by-a-shell")]
#[case("VE21", "network-option", "address-missing")]
#[case("VE22", "network-option", "host-end-down")]
#[case("VE23", "network-option", "prefix-not-as-asked")]
#[case("VE24", "network-option", "host-end-without-address")]
#[case("VE26", "network-no-residue", "setting-not-restored")]
#[case("VE27", "network-option", "host-address-on-lo")]
#[case("VE27", "network-no-residue", "host-address-on-lo")]
#[case("VE28", "network-option", "network-breaks-the-run")]
#[case("VE29", "network-option", "network-not-made")]
#[case("CG02", "impossible-limit-refused", "group-error-ignored")]
#[case("CG05", "groups-apart", "containers-share-a-group")]
#[case("CG06", "no-residue", "cgroup-not-removed")]
#[case("CG07", "no-residue", "cgroup-not-removed")]
#[case("CG09", "no-residue", "cgroup-not-removed")]
#[case("CG12", "groups-apart", "runtime-in-the-group")]
#[case("CG13", "no-residue", "host-pid-one-moved")]
#[case("CG20", "impossible-limit-refused", "limit-error-ignored")]
#[case("CG25", "groups-apart", "runtime-in-the-group")]
#[case("CG26", "cgroupfs-read-only", "cgroupfs-writable")]
#[case("CG27", "cgroup-namespace", "cgroup-namespace-not-new")]
#[case("CG30", "no-residue", "cgroup-not-removed")]
#[case("RT01", "exit-status", "exit-status-lost")]
#[case("RT02", "exit-status", "exit-status-lost")]
#[case("RT03", "killed-by-signal", "signal-number-raw")]
#[case("RT05", "killed-by-signal", "signal-number-raw")]
#[case("RT06", "command-not-found", "exec-failure-hidden")]
#[case("RT07", "command-lookup", "bare-name-not-found")]
#[case("RT08", "command-lookup", "bare-name-not-found")]
#[case("RT09", "environment-clean", "environment-passed-on")]
#[case("RT11", "arguments-intact", "argv-zero-lost")]
#[case("RT13", "arguments-intact", "arguments-cut")]
#[case("RT14", "arguments-intact", "arguments-eaten")]
#[case("RT15", "stdout-intact", "banner-on-stdout")]
#[case("RT16", "stdin-connected", "stdin-not-connected")]
#[case("RT17", "output-unbuffered", "output-buffered")]
#[case("RT19", "stdout-intact", "container-refuses")]
#[case("RT20", "stderr-apart", "stderr-merged")]
#[case("RT21", "descriptors-closed", "descriptors-inherited")]
#[case("RT23", "rootfs-is-root", "working-directory-kept")]
#[case("RT24", "runtime-program-hidden", "runtime-program-in-container")]
#[case("RT25", "called-by-name", "own-program-not-found")]
#[case("RT26", "inner-verb-harmless", "inner-verb-callable")]
#[case("RT27", "root-required", "failure-reported-as-success")]
#[case("RT28", "usage-explained", "crashes-without-arguments")]
#[case("RT29", "no-residue", "cgroup-not-removed")]
#[case("RT30", "terminal-restored", "terminal-left-changed")]
#[case("RT31", "terminal-passed-on", "terminal-not-passed-on")]
#[case("RT32", "two-at-once", "containers-collide")]
#[case("RT33", "no-residue", "file-left-behind")]
#[case("RT36", "signals-reset", "sigpipe-ignored")]
#[case("RT40", "closed-stdout", "crashes-on-closed-stdout")]
#[case("RT41", "exit-status-range", "exit-status-squeezed")]
#[case("RT42", "called-by-name", "own-program-lost-by-chdir")]
#[case("RT43", "unknown-option-refused", "unknown-option-ignored")]
#[case("RT44", "arguments-intact", "arguments-through-a-shell")]
#[case("RT45", "ordinary-command", "ordinary-commands-unconfined")]
#[file_parallel(exams)]
fn a_mutant_fails_its_scenario(#[case] defect: &str, #[case] scenario: &str, #[case] cause: &str) {
    fails_with(defect, quick_backend(), scenario, cause);
}

/// What only shows with cgroup v2's controllers, and with swap.
#[rstest]
#[case("CG01", "pids-option", "group-never-joined")]
#[case("CG14", "memory-option", "group-never-joined")]
#[case("CG03", "pids-option", "controller-not-enabled")]
#[case("CG10", "limited-from-the-start", "group-joined-late")]
#[case("CG15", "memory-option", "swap-escapes-the-limit")]
#[case("CG17", "memory-option", "limit-miscounted")]
#[case("CG19", "memory-option-large", "limit-cut-to-32-bits")]
#[case("CG21", "cpus-option", "cpu-max-malformed")]
#[case("CG29", "pids-option", "limit-breaks-the-run")]
#[case("CG33", "no-residue", "controllers-switched-off")]
#[case("CG35", "cpus-option", "cpu-max-reversed")]
#[case("CG36", "memory-option", "memory-high-is-no-limit")]
#[case("CG38", "pids-option", "limit-not-set")]
#[file_serial(exams)]
fn a_mutant_fails_its_scenario_in_the_machine(#[case] defect: &str, #[case] scenario: &str, #[case] cause: &str) {
    fails_with(defect, "vm", scenario, cause);
}

/// A mutant that nobody tries to kill does not slip in.
#[test]
fn every_mutant_is_tried() {
    let list = std::process::Command::new(workspace_program("wrong-runtime")).arg("--list").output().expect("--list");
    let source = include_str!("mutants.rs");
    let list = String::from_utf8(list.stdout).expect("UTF-8");
    let ids: Vec<&str> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(ids.len() >= 130, "{} mutants", ids.len());
    let missing: Vec<&&str> = ids.iter().filter(|id| !source.contains(&format!("case(\"{id}\""))).collect();
    assert!(missing.is_empty(), "add a case for {missing:?}");
}
