//! Step 3 of the workshop, done by the runtime itself: limits that it offers as options.

use crate::scenario;
use crate::step3_groups::{Astray, by_group};
use boxproof_harness::container::{Answer, Container};
use boxproof_harness::error::{Context, Result};
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Expect, Yes, is, is_not};
use boxproof_harness::manifest::Offer;
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Requirement, Scenario, Setup, Trouble};
use std::fs;
use std::path::PathBuf;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        requires: &[Requirement::Controller("memory"), Requirement::Swap],
        offers: Some(Offer::Memory),
        ..scenario("memory-option", "3-1", Robust, &["memory-max", "swap-max", "killed-at-the-limit"], memory_option)
    },
    Scenario {
        requires: &[Requirement::Controller("cpu")],
        offers: Some(Offer::Cpus),
        ..scenario("cpus-option", "3-1", Robust, &["cpu-max"], cpus_option)
    },
    Scenario {
        requires: &[Requirement::Controller("pids")],
        offers: Some(Offer::Pids),
        ..scenario("pids-option", "3-1", Robust, &["pids-max", "fork-refused"], pids_option)
    },
    Scenario {
        offers: Some(Offer::Hostname),
        ..scenario("option-is-no-command", "5-1", Robust, &["nothing-executed"], option_is_no_command)
    },
    Scenario {
        offers: Some(Offer::Hostname),
        ..scenario("hostname-option", "5-1", Robust, &["named-as-asked", "host-keeps-its-name"], hostname_option)
    },
];

/// The file of the container's own cgroup, which must not be the one that the runtime was started in.
pub(crate) fn limit(container: &Container, file: &str) -> Result<Evidence<String>> {
    let text = container.host().text(container.pid(), "cgroup")?;
    let path = text.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").to_owned();
    let file = PathBuf::from(format!("/sys/fs/cgroup{path}")).join(file);
    let value = match fs::read_to_string(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "no such file".to_owned(),
        other => other.context(format!("read {}", file.display()))?.trim().to_owned(),
    };
    Ok(Evidence::plain(value, format!("/proc/{}/cgroup, then {}", container.pid(), file.display())))
}

/// `--memory` in bytes: the limit is set, swap is no way around it, and whoever goes beyond is killed.
fn memory_option(exam: &mut Exam) -> Result<(), Trouble> {
    const MIB: u32 = 1 << 20;
    let bytes = exam.lot.number(40..70) * MIB;
    // The twin: without a limit it starts. A payload that does not live through its first page has another unit's limit.
    drop(exam.start()?);
    let started = exam.start_with(Setup::new().option(Offer::Memory, bytes.to_string()));
    let container = started.map_err(|trouble| {
        // SIGKILL is the kernel's answer to a limit below the first page; anything else is the runtime's own failure.
        let ends = ["137", "killed by signal 9"];
        let killed =
            matches!(&trouble, Trouble::Runtime(failure) if ends.iter().any(|end| failure.observed.ends_with(end)));
        trouble.because(if killed { "limit-miscounted" } else { "limit-breaks-the-run" })
    })?;
    let max = limit(&container, "memory.max")?;
    let unlimited = max.value == "max";
    let astray = Astray::look(exam, &container, &max)?;
    let high = limit(&container, "memory.high")?.value == bytes.to_string();
    by_group(exam.check("memory-max", &max, &is(bytes.to_string())), astray)
        .because_if(high, "memory-high-is-no-limit")
        .because_if(unlimited, "limit-not-set")
        .because("limit-miscounted");
    by_group(exam.check("swap-max", &limit(&container, "memory.swap.max")?, &is("0".to_owned())), astray)
        .because("swap-escapes-the-limit");
    let mut taken = 0;
    while taken < bytes * 2 && container.ask(&format!("allocate {}", 4 * MIB), b"")? != Answer::Gone {
        taken += 4 * MIB;
    }
    let mebibytes = taken / MIB;
    let expected = Expect::that(format!("{} … {}", bytes / MIB / 2, bytes / MIB), move |&taken: &u32| {
        (bytes / MIB / 2..=bytes / MIB).contains(&taken)
    });
    let observed = Evidence::plain(mebibytes, "MiB written by the payload before it was killed");
    by_group(exam.check("killed-at-the-limit", &observed, &expected), astray)
        .because_if(unlimited, "limit-not-set")
        .because("swap-escapes-the-limit");
    Ok(())
}

/// `--cpus 0.5` is half of each period, whatever the period.
fn cpus_option(exam: &mut Exam) -> Result<(), Trouble> {
    let hundredths = exam.lot.number(20..80);
    let asked = format!("0.{hundredths}");
    // The twin: without a limit it starts.
    drop(exam.start()?);
    let started = exam.start_with(Setup::new().option(Offer::Cpus, asked.clone()));
    let container = started.map_err(|trouble| trouble.because("cpu-max-malformed"))?;
    let max = limit(&container, "cpu.max")?;
    let astray = Astray::look(exam, &container, &max)?;
    let max = max.map(|text| {
        let mut numbers = text.split(' ').filter_map(|word| word.parse::<f64>().ok());
        match (numbers.next(), numbers.next()) {
            (Some(quota), Some(period)) => format!("{:.2}", quota / period),
            _ => text,
        }
    });
    let reversed = max.value == format!("{:.2}", 100.0 / f64::from(hundredths));
    by_group(exam.check("cpu-max", &max, &is(format!("{:.2}", f64::from(hundredths) / 100.0))), astray)
        .because_if(reversed, "cpu-max-reversed")
        .because("limit-not-set");
    Ok(())
}

/// `--pids N`: the container never holds more than N processes.
fn pids_option(exam: &mut Exam) -> Result<(), Trouble> {
    let most = exam.lot.number(12..30);
    // The twin: without a limit it starts.
    drop(exam.start()?);
    let started = exam.start_with(Setup::new().option(Offer::Pids, most.to_string()));
    let container = started.map_err(|trouble| trouble.because("limit-breaks-the-run"))?;
    let max = limit(&container, "pids.max")?;
    let astray = Astray::look(exam, &container, &max)?;
    by_group(exam.check("pids-max", &max, &is(most.to_string())), astray).because("limit-not-set");
    let (answer, _) = container.order("crowd 200", b"")?;
    let errno = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let refused = Evidence::read(errno, "errno of fork(2) in the container", answer);
    by_group(exam.check("fork-refused", &refused, &is(libc::EAGAIN.to_string())), astray).because("limit-not-set");
    Ok(())
}

/// `--hostname NAME` names the container, and nobody else.
fn hostname_option(exam: &mut Exam) -> Result<(), Trouble> {
    let name = format!("box-{}", exam.lot.word(8));
    let container = exam.start_with(Setup::new().option(Offer::Hostname, name.clone()))?;
    let inside = container.inside(Namespace::Uts, || nix::unistd::gethostname().context("gethostname"))??;
    let inside = Evidence::plain(
        inside.to_string_lossy().into_owned(),
        "gethostname(2) after setns to the container's uts namespace",
    );
    exam.check("named-as-asked", &inside, &is(name.clone())).because("hostname-not-set");
    let host = fs::read_to_string("/proc/sys/kernel/hostname").context("read /proc/sys/kernel/hostname")?;
    let host = Evidence::plain(host.trim().to_owned(), "/proc/sys/kernel/hostname on the host");
    exam.check("host-keeps-its-name", &host, &is_not(name)).because("uts-namespace-not-new");
    Ok(())
}

/// A value is data. Pasted into a line for a shell, a part of it is a command, run as root on the host.
fn option_is_no_command(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: under a name without such signs it starts.
    let plain = exam.lot.word(8);
    drop(exam.start_with(Setup::new().option(Offer::Hostname, plain))?);
    let path = format!("/tmp/{}", exam.lot.word(7));
    exam.own(&path);
    // And a file of that name is seen.
    fs::write(&path, "").context(format!("write {path}"))?;
    fs::metadata(&path).context(format!("see {path}"))?;
    fs::remove_file(&path).context(format!("rm {path}"))?;
    // Whether it is pasted bare, in single quotes or in double ones.
    let name = format!("x';>{path};'\";>{path};\"$(>{path})");
    match exam.start_with(Setup::new().option(Offer::Hostname, name)) {
        Ok(container) => {
            container.finish(0, exam.finish_patience())?;
        }
        // Such a name may be refused.
        Err(Trouble::Runtime(_)) => exam.bed.clear()?,
        Err(trouble) => return Err(trouble),
    }
    let made = Evidence::plain(Yes(fs::metadata(&path).is_ok()), format!("stat {path} on the host"));
    exam.check("nothing-executed", &made, &is(Yes(false))).because("option-run-by-a-shell");
    Ok(())
}
