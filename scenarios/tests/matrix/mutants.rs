//! Runtimes with exactly one defect each, the scenario that must fail them, and the cause that it must name. The ids are those
//! of `wrong-runtime --list`.

use crate::common::{checks, explain, workspace_program};
use crate::rows::row;
use boxproof_harness::result::{Check, Status};
use rstest::rstest;
use std::collections::BTreeSet;

/// A table of mutants, and a case for each.
macro_rules! mutants {
    ($($id:literal $scenario:literal $cause:literal)+) => {
        /// Defect, scenario, cause.
        pub const MUTANTS: &[(&str, &str, &str)] = &[$(($id, $scenario, $cause)),+];

        #[rstest]
        $(#[case($id, $scenario, $cause)])+
        fn its_scenario_fails_and_names_the_cause(#[case] defect: &str, #[case] scenario: &str, #[case] cause: &str) {
            fails_and_names(defect, scenario, cause);
        }
    };
}

fn fails_and_names(defect: &str, scenario: &str, cause: &str) {
    let checks = checks(row(defect).report(), scenario);
    let named = |check: &&&Check| check.hint.as_ref().is_some_and(|hint| hint.id == cause);
    assert!(checks.iter().any(|check| check.status == Status::Fail), "{defect} survives {}", explain(&checks));
    assert!(checks.iter().all(|check| check.status != Status::Error), "{}", explain(&checks));
    assert!(checks.iter().find(named).is_some(), "{defect} is not told {cause}: {}", explain(&checks));
}

mutants! {
    "RF01" "rootfs-is-root" "chdir-forgotten"
    "RF02" "rootfs-is-root" "chdir-forgotten"
    "RF03" "missing-rootfs-refused" "chroot-unchecked"
    "RF04" "rootfs-is-root" "pivot-root-failed-unnoticed"
    "RF06" "rootfs-is-root" "set-up-never-reached"
    "RF07" "old-root-detached" "chroot-without-pivot-root"
    "RF08" "rootfs-is-root" "new-root-is-no-mount-point"
    "RF09" "rootfs-is-root" "pivot-root-while-shared"
    "RF11" "old-root-detached" "old-root-still-mounted"
    "RF12" "no-residue" "host-files-deleted"
    "RF13" "no-residue" "file-left-behind"
    "RF14" "mounts-do-not-leak" "host-mounts-taken-away"
    "RF16" "rootfs-is-root" "rootfs-path-compiled-in"
    "RF17" "no-residue" "file-left-behind"
    "RF18" "no-residue" "file-left-behind"
    "RF19" "no-residue" "file-left-behind"
    "RF20" "devices-usable" "dev-node-is-no-device"
    "RF21" "devices-usable" "dev-node-is-no-device"
    "RF22" "no-residue" "file-left-behind"
    "RF23" "devices-usable" "dev-without-nodes"
    "RF25" "devices-for-everyone" "umask-inherited"
    "RF26" "rootfs-path-odd" "rootfs-path-cut"
    "RF30" "rootfs-is-root" "chdir-forgotten"
    "UT01" "hostname-isolated" "uts-namespace-not-new"
    "UT03" "hostname-length-option" "hostname-error-ignored"
    "UT04" "hostnames-distinct" "hostname-constant"
    "UT05" "hostname-length-option" "hostname-cut"
    "UT30" "hostname-length-option" "hostname-cut"
    "UT31" "hostname-option" "hostname-not-set"
    "PI01" "pid-one" "pid-namespace-not-new"
    "PI02" "pid-one" "pid-unshared-without-fork"
    "PI03" "root-required" "runs-without-isolation"
    "PI04" "signals-forwarded" "init-swallows-signals"
    "PI06" "pid-one" "pid-one-is-no-init"
    "PI07" "daemon-does-not-hold" "init-waits-for-all"
    "PI08" "exit-status" "exit-status-lost"
    "PI10" "signals-forwarded" "signals-not-forwarded"
    "PI11" "dies-with-runtime" "container-orphaned"
    "PI30" "dies-with-runtime" "container-orphaned"
    "PI31" "pid-one" "init-ends-with-any-child"
    "PI32" "exit-status" "container-not-waited-for"
    "MP01" "mount-namespace" "mount-namespace-not-new"
    "MP02" "mounts-do-not-leak" "mount-propagation-shared"
    "MP03" "mounts-do-not-leak" "bind-before-private"
    "MP05" "proc-isolated" "proc-not-mounted"
    "MP06" "proc-isolated" "proc-of-another-namespace"
    "MP08" "mounts-do-not-leak" "proc-over-the-hosts"
    "MP09" "proc-mount-options" "proc-mount-flags"
    "MP13" "proc-masked" "proc-not-masked"
    "MP14" "proc-sys-read-only" "proc-sys-writable"
    "MP15" "sysfs-read-only" "sysfs-writable"
    "MP17" "terminals-work" "terminals-do-not-open"
    "MP18" "dev-is-own" "dev-of-the-host"
    "MP20" "submounts-carried" "bind-not-recursive"
    "MP22" "image-links-stay-inside" "image-link-followed"
    "MP23" "proc-isolated" "proc-not-mounted"
    "MP24" "tmpfs-bounded" "tmpfs-without-size"
    "MP25" "mount-failure-stops" "mount-errors-ignored"
    "MP31" "sysfs-of-own-network" "sysfs-of-another-network"
    "MP32" "terminals-work" "terminals-do-not-open"
    "MP19" "volume-read-only" "volume-read-only-ignored"
    "MP29" "volume-stays-inside" "volume-followed-link"
    "MP26" "volume-submounts" "volume-not-recursive"
    "MP27" "volume-read-only" "volume-option-in-path"
    "MP28" "image-without-programs" "needs-programs-of-the-image"
    "MP36" "devices-usable" "dev-mounted-nodev"
    "OV10" "volume-option" "volume-deleted"
    "OV16" "volume-option" "volume-mode-changed"
    "OV21" "volume-option" "volume-is-a-copy"
    "OV22" "volume-option" "volume-always-read-only"
    "OV23" "volume-option" "volume-breaks-the-run"
    "OV24" "volume-option" "volume-not-mounted"
    "NN01" "lone-loopback" "network-namespace-not-new"
    "NN02" "loopback-up" "loopback-down"
    "NN04" "no-residue" "netns-not-removed"
    "NN05" "two-at-once" "containers-collide"
    "NN09" "no-residue" "host-file-overwritten"
    "NN10" "image-without-programs" "needs-programs-of-the-image"
    "VE01" "network-option" "container-end-down"
    "VE03" "network-option" "default-route-missing"
    "VE04" "networks-apart" "interface-name-fixed"
    "VE05" "networks-apart" "interface-name-fixed"
    "VE06" "networks-apart" "address-not-unique"
    "VE06" "network-option" "address-not-as-asked"
    "VE10" "network-option" "container-end-left-on-host"
    "VE11" "network-ready-at-start" "network-after-start"
    "VE13" "network-no-residue" "link-not-removed"
    "VE14" "networks-apart" "network-of-another-removed"
    "VE16" "networks-apart" "hardware-address-fixed"
    "VE17" "option-is-no-command" "option-run-by-a-shell"
    "VE21" "network-option" "address-missing"
    "VE22" "network-option" "host-end-down"
    "VE23" "network-option" "prefix-not-as-asked"
    "VE24" "network-option" "host-end-without-address"
    "VE26" "network-no-residue" "setting-not-restored"
    "VE27" "network-option" "host-address-on-lo"
    "VE27" "network-no-residue" "host-address-on-lo"
    "VE28" "network-option" "network-breaks-the-run"
    "VE29" "network-option" "network-not-made"
    "CG02" "impossible-limit-refused" "group-error-ignored"
    "CG05" "groups-apart" "containers-share-a-group"
    "CG06" "no-residue" "cgroup-not-removed"
    "CG07" "no-residue" "cgroup-not-removed"
    "CG09" "no-residue" "cgroup-not-removed"
    "CG12" "groups-apart" "runtime-in-the-group"
    "CG13" "no-residue" "host-pid-one-moved"
    "CG20" "impossible-limit-refused" "limit-error-ignored"
    "CG25" "groups-apart" "runtime-in-the-group"
    "CG26" "cgroupfs-read-only" "cgroupfs-writable"
    "CG27" "cgroup-namespace" "cgroup-namespace-not-new"
    "CG30" "no-residue" "cgroup-not-removed"
    "CG01" "pids-option" "group-never-joined"
    "CG14" "memory-option" "group-never-joined"
    "CG03" "pids-option" "controller-not-enabled"
    "CG10" "limited-from-the-start" "group-joined-late"
    "CG15" "memory-option" "swap-escapes-the-limit"
    "CG17" "memory-option" "limit-miscounted"
    "CG19" "memory-option-large" "limit-cut-to-32-bits"
    "CG21" "cpus-option" "cpu-max-malformed"
    "CG29" "pids-option" "limit-breaks-the-run"
    "CG33" "no-residue" "controllers-switched-off"
    "CG35" "cpus-option" "cpu-max-reversed"
    "CG36" "memory-option" "memory-high-is-no-limit"
    "CG38" "pids-option" "limit-not-set"
    "CG39" "memory-oom-kill" "group-left-again"
    "CG39" "cpu-throttled" "group-left-again"
    "CG39" "pids-limited" "group-left-again"
    "CA01" "capabilities-dropped" "capabilities-not-dropped"
    "CA04" "capabilities-dropped" "capabilities-inheritable"
    "CA06" "capabilities-dropped" "bounding-set-kept"
    "CA07" "capabilities-dropped" "newer-capabilities-kept"
    "CA08" "capabilities-dropped" "capabilities-by-denylist"
    "CA10" "no-new-privileges" "no-new-privileges-not-set"
    "CA12" "seccomp-filters" "seccomp-lets-pass"
    "CA13" "seccomp-filters" "seccomp-ignores-architecture"
    "CA14" "seccomp-filters" "seccomp-without-newer-calls"
    "CA31" "capability-option" "capability-option-ignored"
    "CA32" "capability-option" "capability-not-alone"
    "CA33" "groups-cleared" "callers-groups-kept"
    "CA34" "seccomp-filters" "seccomp-missing"
    "RT01" "exit-status" "exit-status-lost"
    "RT02" "exit-status" "exit-status-lost"
    "RT03" "killed-by-signal" "signal-number-raw"
    "RT05" "killed-by-signal" "signal-number-raw"
    "RT06" "command-not-found" "exec-failure-hidden"
    "RT07" "command-lookup" "bare-name-not-found"
    "RT08" "command-lookup" "bare-name-not-found"
    "RT09" "environment-clean" "environment-passed-on"
    "RT11" "arguments-intact" "argv-zero-lost"
    "RT13" "arguments-intact" "arguments-cut"
    "RT14" "arguments-intact" "arguments-eaten"
    "RT15" "stdout-intact" "banner-on-stdout"
    "RT16" "stdin-connected" "stdin-not-connected"
    "RT17" "output-unbuffered" "output-buffered"
    "RT19" "stdout-intact" "container-refuses"
    "RT20" "stderr-apart" "stderr-merged"
    "RT21" "descriptors-closed" "descriptors-inherited"
    "RT23" "rootfs-is-root" "working-directory-kept"
    "RT24" "runtime-program-hidden" "runtime-program-in-container"
    "RT25" "called-by-name" "own-program-not-found"
    "RT26" "inner-verb-harmless" "inner-verb-callable"
    "RT27" "root-required" "failure-reported-as-success"
    "RT28" "usage-explained" "crashes-without-arguments"
    "RT29" "no-residue" "cgroup-not-removed"
    "RT30" "terminal-restored" "terminal-left-changed"
    "RT31" "terminal-passed-on" "terminal-not-passed-on"
    "RT32" "two-at-once" "containers-collide"
    "RT33" "no-residue" "file-left-behind"
    "RT36" "signals-reset" "sigpipe-ignored"
    "RT40" "closed-stdout" "crashes-on-closed-stdout"
    "RT41" "exit-status-range" "exit-status-squeezed"
    "RT42" "called-by-name" "own-program-lost-by-chdir"
    "RT43" "unknown-option-refused" "unknown-option-ignored"
    "RT44" "arguments-intact" "arguments-through-a-shell"
    "RT45" "ordinary-command" "ordinary-commands-unconfined"
}

/// A mutant that nobody tries to kill does not slip in.
#[test]
fn every_mutant_is_tried() {
    let list = std::process::Command::new(workspace_program("wrong-runtime")).arg("--list").output().expect("--list");
    let list = String::from_utf8(list.stdout).expect("UTF-8");
    let ids: BTreeSet<&str> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(ids.len() >= 130, "{} mutants", ids.len());
    assert_eq!(ids, MUTANTS.iter().map(|(id, ..)| *id).collect::<BTreeSet<_>>(), "the table above and `--list`");
}
