//! Step 3 of the workshop, done by the runtime itself: the group that it makes, who is in it, and what it does when it
//! cannot make one.

use crate::scenario;
use crate::step3_options::limit;
use boxproof_harness::container::{Container, Held};
use boxproof_harness::error::{Context, Result};
use boxproof_harness::evidence::Evidence;
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::manifest::Offer;
use boxproof_harness::result::Tier::{Hardened, Robust};
use boxproof_harness::scenario::{Exam, Requirement, Scenario, Setup, Trouble, Verdict};
use nix::mount::{MsFlags, mount};
use std::fs;
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("groups-apart", "3-1", Robust, &["runtime-stays-outside", "one-group-each"], groups_apart),
    Scenario {
        requires: &[Requirement::Controller("pids")],
        offers: Some(Offer::Pids),
        ..scenario("limited-from-the-start", "3-1", Robust, &["in-a-group-of-its-own"], limited_from_the_start)
    },
    Scenario {
        offers: Some(Offer::Pids),
        ..scenario(
            "impossible-limit-refused",
            "3-1",
            Robust,
            &["limit-that-fails", "status", "group-that-fails"],
            impossible_limit_refused,
        )
    },
    Scenario {
        requires: &[Requirement::Controller("memory")],
        offers: Some(Offer::Memory),
        ..scenario("memory-option-large", "3-1", Robust, &["memory-max"], memory_option_large)
    },
    scenario("cgroupfs-read-only", "3", Hardened, &["no-writable-cgroupfs"], cgroupfs_read_only),
];

/// The group of a process in cgroup v2, as the host's side names it.
pub(crate) fn group(exam: &Exam, pid: i32) -> Result<Evidence<String>> {
    let text = exam.bed.host().text(pid, "cgroup")?;
    let path = text.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("—").to_owned();
    Ok(Evidence::plain(path, format!("/proc/{pid}/cgroup")))
}

/// The group of the runtime itself. Whoever has ended, container or no container, is in none.
pub(crate) fn runtimes_group(exam: &Exam, container: &Container) -> Result<Evidence<String>> {
    let pid = container.run.pid();
    match group(exam, pid) {
        Err(_) if container.run.wait(Duration::ZERO)?.is_some() => {
            Ok(Evidence::plain("—".to_owned(), format!("waitid: pid {pid}, the runtime, has ended")))
        }
        found => found,
    }
}

/// The group that the runtime under test is started in: that of the testbed's own init.
pub(crate) fn callers_group(exam: &Exam) -> Result<String> {
    Ok(group(exam, exam.bed.init_pid())?.value)
}

/// What is wrong with a container's group, where no limit of its own can be read there.
#[derive(Clone, Copy)]
pub(crate) enum Astray {
    /// It stands in the one that the runtime was started in, and is moved when its command has long been running.
    Late,
    /// It stays in the one that the runtime was started in.
    Outside,
    /// Its group was not given the controller.
    WithoutController,
}

impl Astray {
    /// `limit` is what was read of the container's group.
    pub(crate) fn look(exam: &Exam, container: &Container, limit: &Evidence<String>) -> Result<Option<Astray>> {
        let own = group(exam, container.pid())?.value;
        let outside = Astray::outside(exam, container, &own, &callers_group(exam)?)?;
        Ok(outside.or((limit.value == "no such file").then_some(Astray::WithoutController)))
    }

    /// `own` is the container's group.
    fn outside(exam: &Exam, container: &Held, own: &str, caller: &str) -> Result<Option<Astray>> {
        Ok(match own == caller {
            true if joins_later(exam, container, caller)? => Some(Astray::Late),
            true => Some(Astray::Outside),
            false => None,
        })
    }
}

/// Whatever fails of a limit fails because of the group first.
pub(crate) fn by_group(verdict: Verdict<'_>, astray: Option<Astray>) -> Verdict<'_> {
    match astray {
        Some(Astray::Late) => verdict.because("group-joined-late"),
        Some(Astray::Outside) => verdict.because("group-never-joined"),
        Some(Astray::WithoutController) => verdict.because("controller-not-enabled"),
        None => verdict,
    }
}

/// Whether it leaves the caller's group after all, when its command has long been running.
fn joins_later(exam: &Exam, container: &Held, caller: &str) -> Result<bool> {
    let mut watch = exam.watch_for(Duration::from_millis(1500));
    while !container.is_gone() && watch.again() {
        if group(exam, container.pid())?.value != caller {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_controller(name: &str) -> Result<bool> {
    const FILE: &str = "/sys/fs/cgroup/cgroup.controllers";
    Ok(fs::read_to_string(FILE).context(format!("read {FILE}"))?.split_whitespace().any(|found| found == name))
}

/// With a limit, where there can be one: some make a group only then.
fn limited() -> Result<Setup> {
    Ok(if has_controller("pids")? { Setup::new().option(Offer::Pids, "100") } else { Setup::new() })
}

/// A group that is made for a container holds that container: not the runtime, and not another container.
fn groups_apart(exam: &mut Exam) -> Result<(), Trouble> {
    let first = exam.start_with(limited()?)?;
    let second = exam.start_with(limited()?).map_err(|trouble| trouble.because("containers-collide"))?;
    let caller = callers_group(exam)?;
    // Whoever makes no group leaves everybody in the caller's, and mixes up nothing.
    let apart = |other: &str| {
        let (caller, other) = (caller.clone(), other.to_owned());
        let words = if caller == other { caller.clone() } else { format!("≠ {other}") };
        Expect::that(words, move |group: &String| *group == caller || *group != other)
    };
    let payload = group(exam, first.pid())?;
    let runtime = runtimes_group(exam, &first)?;
    let expected = apart(&payload.value);
    exam.check("runtime-stays-outside", &runtime.with(payload.clone()).map(|(runtime, _)| runtime), &expected)
        .because("runtime-in-the-group");
    let other = group(exam, second.pid())?;
    let expected = apart(&payload.value);
    exam.check("one-group-each", &other.with(payload).map(|(other, _)| other), &expected)
        .because("containers-share-a-group");
    Ok(())
}

/// What a process takes before it is in the group is charged to somebody else, and stays so.
fn limited_from_the_start(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: without a limit it starts.
    drop(exam.start()?);
    let most = exam.lot.number(30..60);
    let started = exam.start_with(Setup::new().option(Offer::Pids, most.to_string()));
    let container = started.map_err(|trouble| trouble.because("limit-breaks-the-run"))?;
    let own = group(exam, container.pid())?;
    let caller = callers_group(exam)?;
    let astray = Astray::outside(exam, &container, &own.value, &caller)?;
    by_group(exam.check("in-a-group-of-its-own", &own, &is_not(caller)), astray);
    Ok(())
}

/// A limit that cannot be set ends the run: whoever asks for it relies on it.
fn impossible_limit_refused(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: without the option the same command starts.
    drop(exam.start()?);
    // Above PID_MAX_LIMIT the kernel gives EINVAL. Without the controller no number can be set.
    let value = if has_controller("pids")? { "99999999" } else { "20" };
    let (started, status) = starts_with_limit(exam, value)?;
    exam.check("limit-that-fails", &started, &is(Yes(false))).because("limit-error-ignored");
    exam.check("status", &status, &is_not(0)).because("failure-reported-as-success");
    let unwritable = Unwritable::make()?;
    let (started, _) = starts_with_limit(exam, "20")?;
    drop(unwritable);
    exam.check("group-that-fails", &started, &is(Yes(false))).because("group-error-ignored");
    Ok(())
}

/// Whether the command starts with this limit, and how the runtime ends.
fn starts_with_limit(exam: &mut Exam, value: &str) -> Result<(Evidence<Yes>, Evidence<i32>), Trouble> {
    let probe = exam.bed.probe().inside.clone();
    let run = exam.call(&[probe.into()], Setup::new().option(Offer::Pids, value))?;
    let started = Evidence::plain(Yes(exam.await_any_probe(&run)?), format!("a probe connects: `{}`", run.command));
    let Some(end) = run.wait(exam.finish_patience())? else {
        return Err(Trouble::runtime("runtime-hangs", "the runtime ends", "it still runs"));
    };
    exam.bed.clear()?;
    Ok((started, Evidence::plain(end.shell_status(), format!("waitid of `{}`", run.command))))
}

/// The host's cgroup file system read-only, as it is in many containers, until this is dropped.
struct Unwritable;

impl Unwritable {
    fn make() -> Result<Unwritable> {
        remount(MsFlags::MS_RDONLY).context("make /sys/fs/cgroup read-only")?;
        Ok(Unwritable)
    }
}

impl Drop for Unwritable {
    fn drop(&mut self) {
        let _ = remount(MsFlags::empty());
    }
}

fn remount(flags: MsFlags) -> nix::Result<()> {
    let kept = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    mount(None::<&str>, "/sys/fs/cgroup", None::<&str>, kept | flags, None::<&str>)
}

/// More than 32 bits hold.
fn memory_option_large(exam: &mut Exam) -> Result<(), Trouble> {
    let bytes = (4 << 30) + (u64::from(exam.lot.number(64..256)) << 20);
    // The twin: without a limit it starts.
    drop(exam.start()?);
    let started = exam.start_with(Setup::new().option(Offer::Memory, bytes.to_string()));
    let container = started.map_err(|trouble| trouble.because("limit-breaks-the-run"))?;
    let max = limit(&container, "memory.max")?;
    let astray = Astray::look(exam, &container, &max)?;
    let cut = max.value == (bytes & u64::from(u32::MAX)).to_string();
    by_group(exam.check("memory-max", &max, &is(bytes.to_string())), astray)
        .because_if(cut, "limit-cut-to-32-bits")
        .because("limit-not-set");
    Ok(())
}

/// Who can write to his own group's files raises his own limits.
fn cgroupfs_read_only(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let writable = container.mounts()?.map(|mounts| {
        let cgroups = mounts.into_iter().filter(|mount| mount.kind.starts_with("cgroup"));
        let writable = cgroups.filter(|mount| mount.options.iter().any(|option| option == "rw"));
        writable.map(|mount| mount.at).collect::<List>()
    });
    exam.check("no-writable-cgroupfs", &writable, &is(List(Vec::new()))).because("cgroupfs-writable");
    Ok(())
}
