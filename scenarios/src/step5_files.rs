//! Step 5 of the workshop: what is left on the host.

use crate::scenario;
use crate::step3_groups::{callers_group, group, runtimes_group};
use boxproof_harness::container::Container;
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{List, is};
use boxproof_harness::policy::Policy;
use boxproof_harness::result::Residue;
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Scenario, Trouble, Verdict};
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("mounts-do-not-leak", "2-2", Robust, &["while-running", "afterwards"], mounts_do_not_leak),
    scenario("no-residue", "5", Robust, &["after-success", "after-failure", "after-sigkill"], no_residue),
];

/// The kernel takes network namespaces and cgroups down in its own time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The host's `/` is shared, as systemd makes it: a mount in a container shows up on the host unless its propagation was
/// made private first.
fn mounts_do_not_leak(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let unshared = unshared(exam, &container)?;
    let during: Vec<_> = exam.differences()?.into_iter().filter(|item| item.kind == "mount").collect();
    let taken = during.iter().any(|item| item.after.is_empty());
    let during: List = during.iter().map(line).collect();
    let source = format!("/proc/{}/mountinfo of the host, before and while the container runs", exam.bed.init_pid());
    let named = during.0.iter().any(|line| line.contains("type nsfs"));
    let of_rootfs = during.0.iter().any(|line| line.contains("/rootfs type"));
    let over_proc = during.0.iter().any(|line| line.contains(" on /proc type proc"));
    exam.check("while-running", &Evidence::plain(during, source), &is(List(Vec::new())))
        .because_if(!unshared, "mount-namespace-not-new")
        .because_if(taken, "host-mounts-taken-away")
        .because_if(named, "netns-not-removed")
        .because_if(over_proc, "proc-over-the-hosts")
        .because_if(of_rootfs, "bind-before-private")
        .because("mount-propagation-shared");
    container.finish(0, exam.finish_patience())?;
    exam.bed.clear()?;
    let left: List = exam.residue(PATIENCE, |item| item.kind == "mount")?.into_iter().map(|item| line(&item)).collect();
    let named = left.0.iter().any(|line| line.contains("type nsfs"));
    let source = format!("/proc/{}/mountinfo of the host, before and after the container", exam.bed.init_pid());
    exam.check("afterwards", &Evidence::plain(left, source), &is(List(Vec::new())))
        .because_if(!unshared, "mount-namespace-not-new")
        .because_if(taken, "host-mounts-taken-away")
        .because_if(named, "netns-not-removed")
        .because_if(over_proc, "proc-over-the-hosts")
        .because_if(of_rootfs, "bind-before-private")
        .because("mount-propagation-shared");
    Ok(())
}

/// Mounts, interfaces, named network namespaces, cgroups, processes, files and settings: all as before.
fn no_residue(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let seen = Seen::of(exam, &container)?;
    container.finish(0, exam.finish_patience())?;
    let left = exam.residue(PATIENCE, |_| true)?;
    for process in left.iter().filter(|item| item.kind == "process") {
        exam.flag("left-a-process", &process.after);
    }
    report(exam, "after-success", left, seen);

    let missing = format!("/{}", exam.lot.word(9));
    exam.run(&[&missing])?;
    let left = exam.residue(PATIENCE, |_| true)?;
    report(exam, "after-failure", left, seen);

    let container = exam.start()?;
    container.run.signal(libc::SIGKILL)?;
    container.run.wait(exam.finish_patience())?;
    // Nobody is left to remove an empty cgroup; everything else the kernel takes back by itself, if it was asked to.
    let left = exam.residue(PATIENCE, |item| item.kind != "cgroup")?;
    let only_processes = left.iter().all(|item| item.kind == "process");
    report(exam, "after-sigkill", left, seen).unless_declared_if(only_processes, Policy::OutlivesRuntime);
    Ok(())
}

/// What was seen of a container while it ran, and tells why something of it is left.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    /// The runtime sits in the group that it has made for its container: then it cannot remove it.
    seated: bool,
    /// The container's mounts are its own at all.
    unshared: bool,
}

impl Seen {
    pub(crate) fn of(exam: &Exam, container: &Container) -> Result<Seen, Trouble> {
        let (runtime, payload) = (runtimes_group(exam, container)?.value, group(exam, container.pid())?.value);
        Ok(Seen { seated: runtime == payload && payload != callers_group(exam)?, unshared: unshared(exam, container)? })
    }
}

/// Whether the container's mounts are its own at all.
fn unshared(exam: &Exam, container: &Container) -> Result<bool, Trouble> {
    Ok(container.namespace(Namespace::Mnt)?.value != exam.bed.namespace(Namespace::Mnt)?.value)
}

pub(crate) fn report<'a>(exam: &'a mut Exam, check: &'static str, residue: Vec<Residue>, seen: Seen) -> Verdict<'a> {
    let Seen { seated, unshared } = seen;
    let has = |kind: &str| residue.iter().any(|item| item.kind == kind);
    let (mount, process, cgroup, link, file, sysctl) =
        (has("mount"), has("process"), has("cgroup"), has("link"), has("file"), has("sysctl"));
    let rule = has("rule");
    let moved = residue.iter().any(|item| item.kind == "cgroup" && item.before.contains("PID 1"));
    let address = has("address");
    let on_lo = residue.iter().any(|item| item.kind == "address" && item.after.ends_with(" on lo"));
    let controllers = residue.iter().any(|item| item.before.contains("cgroup.subtree_control"));
    let overwritten = residue.iter().any(|item| item.kind == "file" && item.after.starts_with("/etc/"));
    let renamed = residue.iter().any(|item| item.before.contains("kernel/hostname"));
    let named = residue.iter().any(|item| item.after.contains("type nsfs"));
    let bound = residue.iter().any(|item| item.after.contains("/rootfs type"));
    let lost = |kind: &str| residue.iter().any(|item| item.kind == kind && item.after.is_empty());
    let (taken, deleted) = (lost("mount"), lost("file"));
    let over_proc = residue.iter().any(|item| item.after.contains(" on /proc type proc"));
    let left: List = residue.iter().map(line).collect();
    exam.check(check, &Evidence::plain(left, "inventory of the host before and after"), &is(List(Vec::new())))
        .because_if(mount && !unshared, "mount-namespace-not-new")
        .because_if(taken, "host-mounts-taken-away")
        .because_if(deleted, "host-files-deleted")
        .because_if(process, "container-orphaned")
        .because_if(named, "netns-not-removed")
        .because_if(over_proc, "proc-over-the-hosts")
        .because_if(bound, "bind-before-private")
        .because_if(mount, "mount-propagation-shared")
        .because_if(moved, "host-pid-one-moved")
        .because_if(cgroup && seated, "runtime-in-the-group")
        .because_if(cgroup, "cgroup-not-removed")
        .because_if(link, "link-not-removed")
        .because_if(on_lo, "host-address-on-lo")
        .because_if(address, "address-not-removed")
        .because_if(rule, "rule-not-removed")
        .because_if(renamed, "uts-namespace-not-new")
        .because_if(controllers, "controllers-switched-off")
        .because_if(sysctl, "setting-not-restored")
        .because_if(overwritten, "host-file-overwritten")
        .because_if(file, "file-left-behind")
}

pub(crate) fn line(item: &Residue) -> String {
    match (item.before.as_str(), item.after.as_str()) {
        ("", after) => format!("+ {}: {after}", item.kind),
        (before, "") => format!("- {}: {before}", item.kind),
        (before, after) => format!("{}: {before} → {after}", item.kind),
    }
}
