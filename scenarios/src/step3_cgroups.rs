//! Step 3 of the workshop: limits by cgroup v2, placed on a running container from the host's side.

use crate::scenario;
use boxproof_harness::container::{Answer, Container};
use boxproof_harness::error::{Context, Error, Result};
use boxproof_harness::evidence::Evidence;
use boxproof_harness::expect::{Expect, Yes, at_least, at_most, is};
use boxproof_harness::pace::Watch;
use boxproof_harness::result::Tier::{Core, Robust};
use boxproof_harness::scenario::{Exam, Requirement, Scenario, Trouble};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        requires: &[Requirement::Controller("memory")],
        ..scenario(
            "memory-oom-kill",
            "3-2",
            Core,
            &[
                "in-the-group",
                "limit-is-50-mb",
                "no-swap",
                "below-the-limit",
                "climbs-to-the-limit",
                "hog-killed",
                "oom-kill-counted",
                "stays-in-the-group",
                "rest-alive",
                "group-removable",
            ],
            memory_oom_kill,
        )
    },
    Scenario {
        requires: &[Requirement::Controller("cpu")],
        ..scenario("cpu-throttled", "3", Robust, &["stays-in-the-group", "throttled", "share-kept"], cpu_throttled)
    },
    Scenario {
        requires: &[Requirement::Controller("pids")],
        ..scenario(
            "pids-limited",
            "3",
            Robust,
            &["stays-in-the-group", "fork-refused", "refusal-counted", "rest-alive"],
            pids_limited,
        )
    },
];

const MIB: usize = 1 << 20;

/// A group that the learner makes with mkdir, beside the container's own.
struct Group(PathBuf);

impl Group {
    fn make(exam: &mut Exam, name: &str) -> Result<Group> {
        let path = PathBuf::from("/sys/fs/cgroup").join(name);
        exam.own(path.display());
        fs::create_dir(&path).context(format!("mkdir {}", path.display()))?;
        Ok(Group(path))
    }

    fn write(&self, file: &str, value: impl ToString) -> Result<()> {
        let path = self.0.join(file);
        let value = value.to_string();
        fs::write(&path, &value).context(format!("echo {value} > {}", path.display()))
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.0.join(file);
        Ok(fs::read_to_string(&path).context(format!("cat {}", path.display()))?.trim().to_owned())
    }

    /// Whether the container, which was put into it, has left it again.
    fn was_left_by(&self, container: &Container) -> bool {
        let name = self.0.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let membership = container.host().text(container.pid(), "cgroup");
        membership.is_ok_and(|text| !text.lines().any(|line| line == format!("0::/{name}")))
    }

    /// `echo PID > cgroup.procs`, and when that was.
    fn take(&self, container: &Container) -> Result<Instant> {
        self.write("cgroup.procs", container.pid())?;
        Ok(Instant::now())
    }

    /// Decides whether the container, taken in at `since`, stays there: whoever moves it may take a moment. True if it does not.
    fn is_left(&self, exam: &mut Exam, container: &Container, since: Instant) -> bool {
        // The kernel tells nobody that a process was moved.
        let mut watch = Watch::until(since + exam.patience(Duration::from_millis(150)));
        let mut left = self.was_left_by(container);
        while !left && watch.again() {
            left = self.was_left_by(container);
        }
        let source =
            format!("/proc/{}/cgroup, after it was written to {}/cgroup.procs", container.pid(), self.0.display());
        exam.check("stays-in-the-group", &Evidence::plain(Yes(!left), source), &is(Yes(true)))
            .because("group-left-again");
        left
    }

    fn evidence(&self, file: &str) -> Result<Evidence<String>> {
        Ok(Evidence::plain(self.read(file)?, self.0.join(file).display()))
    }

    /// A line `KEY VALUE` of a flat-keyed file such as memory.events.
    fn count(&self, file: &str, key: &str) -> Result<Evidence<u64>> {
        let text = self.read(file)?;
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok());
        let source = format!("{}: {key}", self.0.join(file).display());
        Ok(Evidence::read(value.ok_or_else(|| Error::new(format!("{source}: no such line")))?, source, text))
    }

    /// `rmdir`, once the kernel has let go of what was in it.
    fn remove(&self, patience: Duration) -> std::io::Result<()> {
        let mut watch = Watch::lasting(patience);
        loop {
            match fs::remove_dir(&self.0) {
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) && watch.again() => {}
                other => return other,
            }
        }
    }
}

/// The workshop's limit is 50 MB: below it all is well, at it the hog is killed, and only the hog.
fn memory_oom_kill(exam: &mut Exam) -> Result<(), Trouble> {
    let limit = exam.parameters().memory_limit as usize;
    // What a process may take without coming near the limit, and what it must have taken before the kernel kills it.
    let (harmless, near) = (limit / (5 * MIB) * (4 * MIB), limit / 10 * 9);
    let container = exam.start()?;
    let group = Group::make(exam, "workshop")?;
    group.write("memory.max", limit)?;
    group.write("memory.swap.max", 0)?;
    let since = group.take(&container)?;

    let member = container.host().text(container.pid(), "cgroup")?.trim().to_owned();
    let source = format!("/proc/{}/cgroup", container.pid());
    let member = Evidence::plain(member, source);
    let there = Expect::that("0::/workshop", |line: &String| line.lines().any(|line| line == "0::/workshop"));
    if !exam.check("in-the-group", &member, &there).because("group-left-again").passed() {
        // What is not in the group is not limited by it.
        return Ok(());
    }
    exam.check("limit-is-50-mb", &group.evidence("memory.max")?, &is(limit.to_string()));
    exam.check("no-swap", &group.evidence("memory.swap.max")?, &is("0".to_owned()));

    // The shell's child in the workshop: born in the group, since its parent is in it.
    let (child, hog) = exam.fork(&container)?;
    let mut curve = Vec::new();
    let mut taken = 0;
    while taken < harmless {
        if hog.ask(&format!("allocate {}", 4 * MIB), b"")? == Answer::Gone {
            break;
        }
        taken += 4 * MIB;
        curve.push(current(&group)?);
    }
    let below = Evidence::plain(taken / MIB, "MiB written by the process before the limit");
    exam.check("below-the-limit", &below, &is(harmless / MIB)).because("killed-below-the-limit");
    // One MiB at a time from here, as the workshop does, to see the last value before the kill.
    while taken < 2 * limit {
        if hog.ask(&format!("allocate {MIB}"), b"")? == Answer::Gone {
            break;
        }
        taken += MIB;
        curve.push(current(&group)?);
    }
    let highest = curve.iter().copied().max().unwrap_or(0);
    let drawn = thinned(&curve).iter().map(|bytes| format!("{} MiB", bytes / MIB)).collect::<Vec<_>>().join(" → ");
    let source = format!("{} after each step", group.0.join("memory.current").display());
    let climbed = Evidence::read(highest, source, drawn);
    exam.check(
        "climbs-to-the-limit",
        &climbed,
        &Expect::that(format!("{near} … {limit}"), move |bytes: &usize| (near..=limit).contains(bytes)),
    )
    .because_if(group.was_left_by(&container), "group-left-again")
    .because("memory-charged-elsewhere");

    let (status, _) = container.order(&format!("wait {child}"), b"")?;
    let status = Evidence::plain(status, "wait(2) for the process in the container");
    let left = group.was_left_by(&container);
    exam.check("hog-killed", &status, &is("137".to_owned()))
        .because_if(left, "group-left-again")
        .because("no-oom-kill");
    exam.check("oom-kill-counted", &group.count("memory.events", "oom_kill")?, &is(1))
        .because_if(left, "group-left-again")
        .because("no-oom-kill");
    // Its child may have been born before the container was moved.
    group.is_left(exam, &container, since);
    let alive = Evidence::plain(Yes(!container.is_gone()), format!("pidfd of {}", container.pid()));
    exam.check("rest-alive", &alive, &is(Yes(true))).because("oom-took-the-container");

    finish(exam, &container)?;
    let removed = group.remove(exam.patience(Duration::from_secs(3)));
    let errno = removed.err().and_then(|error| error.raw_os_error()).unwrap_or(0);
    let observed = Evidence::plain(errno, format!("errno of rmdir {}", group.0.display()));
    exam.check("group-removable", &observed, &is(0)).because("processes-left-in-group");
    Ok(())
}

/// A curve short enough for one line: a point for every 8 MiB, and the last.
fn thinned(curve: &[usize]) -> Vec<usize> {
    let mut drawn: Vec<usize> = Vec::new();
    for (at, &bytes) in curve.iter().enumerate() {
        if at + 1 == curve.len() || drawn.last().is_none_or(|last| bytes >= last + 8 * MIB) {
            drawn.push(bytes);
        }
    }
    drawn
}

fn current(group: &Group) -> Result<usize> {
    group.read("memory.current")?.parse().context("read memory.current as a number")
}

fn finish(exam: &Exam, container: &Container) -> Result<()> {
    container.finish(0, exam.finish_patience())?;
    container.wait_gone(exam.finish_patience())?;
    Ok(())
}

/// A fifth of a processor: whoever spins is stopped for the rest of each period.
fn cpu_throttled(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let name = exam.lot.word(8);
    let group = Group::make(exam, &name)?;
    group.write("cpu.max", "20000 100000")?;
    let since = group.take(&container)?;
    let before = group.count("cpu.stat", "usage_usec")?.value;
    let start = Instant::now();
    container.order("spin 500", b"")?;
    let wall = start.elapsed();
    let used = group.count("cpu.stat", "usage_usec")?.map(|usage| usage - before);
    let left = group.is_left(exam, &container, since);
    exam.check("throttled", &group.count("cpu.stat", "nr_throttled")?, &at_least(1))
        .because_if(left, "group-left-again")
        .because("cpu-charged-elsewhere");
    // Twice the share: the first period may be used up whole, and the scheduler hands out slices.
    let most = (wall.as_micros() as u64 / 100 * 40).max(40_000);
    exam.check("share-kept", &used, &at_most(most))
        .because_if(left, "group-left-again")
        .because("cpu-charged-elsewhere");
    finish(exam, &container)?;
    Ok(())
}

/// A fork bomb ends at `pids.max`, and does not take its neighbours with it.
fn pids_limited(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let name = exam.lot.word(8);
    let group = Group::make(exam, &name)?;
    let limit = exam.lot.number(8..20);
    group.write("pids.max", limit)?;
    let since = group.take(&container)?;
    let (answer, _) = container.order("crowd 200", b"")?;
    let source = format!("fork(2) in the container until it is refused, pids.max {limit}");
    // The group holds the payload itself as well.
    let expected = format!("{} {}", limit - 1, libc::EAGAIN);
    let left = group.is_left(exam, &container, since);
    exam.check("fork-refused", &Evidence::plain(answer, source), &is(expected))
        .because_if(left, "group-left-again")
        .because("processes-counted-elsewhere");
    exam.check("refusal-counted", &group.count("pids.events", "max")?, &at_least(1))
        .because_if(left, "group-left-again")
        .because("processes-counted-elsewhere");
    let alive = Evidence::plain(Yes(!container.is_gone()), format!("pidfd of {}", container.pid()));
    exam.check("rest-alive", &alive, &is(Yes(true)));
    finish(exam, &container)?;
    Ok(())
}
