//! Step 5 of the workshop, the program itself: how it starts, ends, and hands on what ends it.

use crate::scenario;
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::policy::Policy;
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Finished, Scenario, Setup, Trouble};
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("exit-status", "5-1", Robust, &["zero", "drawn"], exit_status),
    scenario("killed-by-signal", "5-1", Robust, &["status-is-137"], killed_by_signal),
    scenario("command-not-found", "5-1", Robust, &["status-is-127", "directory-is-126"], command_not_found),
    scenario("command-lookup", "5-1", Robust, &["bare-name-found"], command_lookup),
    scenario("arguments-intact", "5-1", Robust, &["argv"], arguments_intact),
    scenario("environment-clean", "5-1", Robust, &["variable-kept-out", "path-set"], environment_clean),
    scenario(
        "descriptors-closed",
        "5-1",
        Robust,
        &["descriptor-kept-out", "only-standard-streams"],
        descriptors_closed,
    ),
    scenario("signals-reset", "5-1", Robust, &["none-ignored", "none-blocked"], signals_reset),
    scenario("signals-forwarded", "5-1", Robust, &["payload-got-it", "status-comes-through"], signals_forwarded),
    scenario("dies-with-runtime", "5-1", Robust, &["container-ends"], dies_with_runtime),
    scenario("two-at-once", "5-2", Robust, &["both-run", "apart", "both-end-well"], two_at_once),
    scenario("usage-explained", "5-1", Robust, &["status", "no-crash"], usage_explained),
    scenario("root-required", "5-1", Robust, &["status", "nothing-started"], root_required),
];

/// `$?` after the container is the command's exit status.
fn exit_status(exam: &mut Exam) -> Result<(), Trouble> {
    for (check, status) in [("zero", 0), ("drawn", exam.lot.exit_status())] {
        let container = exam.start()?;
        let end = container.finish(status, exam.finish_patience())?.ok_or_else(still_runs)?;
        let observed = Evidence::plain(end.shell_status(), format!("waitid of `{}`", container.run.command));
        let early = observed.value != status && ends_early(exam)?;
        exam.check(check, &observed, &is(status))
            .because_if(early, "container-not-waited-for")
            .because("exit-status-lost");
    }
    Ok(())
}

/// Whether the runtime ends before its container: a status that comes before the command's end cannot be the command's.
pub(crate) fn ends_early(exam: &mut Exam) -> Result<bool, Trouble> {
    let held = exam.start()?;
    Ok(held.run.wait(exam.patience(Duration::from_secs(1)))?.is_some())
}

pub(crate) fn still_runs() -> Trouble {
    Trouble::runtime("runtime-outlives-container", "the runtime ends with its container", "it still runs")
}

/// A command that a signal ended counts as 128 + the signal's number, as a shell has it.
fn killed_by_signal(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let abandoned = container.is_abandoned()?;
    // From the host's side, since PID 1 of a namespace cannot kill itself.
    container.signal(libc::SIGKILL)?;
    let end = container.run.wait(exam.finish_patience())?.ok_or_else(still_runs)?;
    let observed = Evidence::plain(
        end.shell_status(),
        format!("waitid of `{}` after SIGKILL to its payload", container.run.command),
    );
    let (zero, raw) = (observed.value == 0, matches!(observed.value, 9 | 255));
    exam.check("status-is-137", &observed, &is(137))
        .because_if(abandoned, "container-not-waited-for")
        .because_if(raw, "signal-number-raw")
        .because_if(zero, "exit-status-lost")
        .because("signal-status-lost");
    Ok(())
}

/// A command that is not there, or cannot be executed, is told apart from one that failed.
fn command_not_found(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: a command that is there.
    drop(exam.start()?);
    let missing = format!("/{}", exam.lot.word(9));
    let status = exam.run(&[&missing])?.status();
    exam.check("status-is-127", &status, &is(127))
        .because_if(status.value == 0, "exec-failure-hidden")
        .because("exec-status-not-127")
        .unless_declared_if(status.value != 0, Policy::OwnStatuses);
    let directory = exam.run(&["/etc"])?.status();
    exam.check("directory-is-126", &directory, &is(126))
        .because_if(directory.value == 0, "exec-failure-hidden")
        .because("exec-status-not-126")
        .unless_declared_if(directory.value != 0, Policy::OwnStatuses);
    Ok(())
}

/// `run NAME` finds the command in the container's PATH, as every shell would.
fn command_lookup(exam: &mut Exam) -> Result<(), Trouble> {
    let (name, status) = (exam.lot.word(8), exam.lot.exit_status());
    // Only the container has this command, so a look into the host's directories finds nothing.
    exam.script(&format!("/bin/{name}"), &format!("#!/bin/sh\nexit {status}\n"))?;
    // The twin: a command by its path.
    drop(exam.start()?);
    let by_path = exam.run(&[&format!("/bin/{name}")])?;
    let works_by_path = by_path.end.shell_status() != 126 && by_path.end.shell_status() != 127;
    let observed = exam.run(&[&name])?.status();
    exam.check("bare-name-found", &observed, &is(status))
        .because_if(works_by_path && matches!(observed.value, 1 | 2), "bare-name-not-found")
        .because_if(observed.value == 127, "bare-name-not-found")
        .because("exit-status-lost");
    Ok(())
}

/// Every argument arrives as it was given: blanks, quotes, nothing at all, options that look like the runtime's own.
fn arguments_intact(exam: &mut Exam) -> Result<(), Trouble> {
    let mut given: Vec<String> = [
        "two words",
        "",
        "-l",
        "-b",
        "-d",
        "--bundle",
        "--",
        "--help",
        "'quoted'",
        "\"double\"",
        "$HOME",
        "*",
        "ねこ",
        "a\\b",
        "tab\there",
    ]
    .map(str::to_owned)
    .to_vec();
    given.extend((0..exam.lot.number(90..120)).map(|n| format!("{n}-{}", exam.lot.word(3))));
    // The twin: without arguments it starts.
    drop(exam.start()?);
    let started = exam.start_with(Setup::new().arguments(given.clone()));
    let container = started.map_err(|trouble| trouble.because("arguments-eaten"))?;
    let cmdline = container.host().words(container.pid(), "cmdline")?;
    let expected: Vec<String> = std::iter::once(exam.bed.probe().inside.clone()).chain(given).collect();
    let (cut, no_name) = (cmdline.value.len() < expected.len(), cmdline.value.first() != expected.first());
    let shown = |words: &[String]| format!("{} words, {:?} … {:?}", words.len(), words.first(), words.last());
    let words = shown(&expected);
    let has = |word: &str| cmdline.value.iter().any(|found| found == word);
    let expanded = has("quoted") && has("double") && !has("$HOME");
    let same = cmdline.value == expected;
    let observed = cmdline.map(|words| if same { shown(&words) } else { first_difference(&words, &expected) });
    exam.check("argv", &observed, &is(words))
        .because_if(no_name, "argv-zero-lost")
        .because_if(expanded, "arguments-through-a-shell")
        .because_if(cut, "arguments-cut")
        .because("arguments-changed");
    Ok(())
}

fn first_difference(found: &[String], expected: &[String]) -> String {
    let at = found.iter().zip(expected).position(|(a, b)| a != b).unwrap_or(found.len().min(expected.len()));
    format!("{} words; word {at} is {:?} instead of {:?}", found.len(), found.get(at), expected.get(at))
}

/// The host's environment holds secrets: the container gets a clean one, with a PATH.
fn environment_clean(exam: &mut Exam) -> Result<(), Trouble> {
    let (name, value) = (format!("TOKEN_{}", exam.lot.word(6).to_uppercase()), exam.lot.word(16));
    let container = exam.start_with(Setup::new().variable(&name, &value))?;
    // The twin: the runtime itself was given it, unless it has executed something with another environment meanwhile.
    let whole = |line: &String| line.starts_with("HOME=") || line.starts_with("SHELL=");
    let given = container
        .host()
        .words(container.run.pid(), "environ")
        .map(|words| words.value.contains(&format!("{name}={value}")) || !words.value.iter().any(whole));
    if !given.unwrap_or(true) {
        return Err(boxproof_harness::error::Error::new("the runtime was not given the variable").into());
    }
    let environ = container.host().words(container.pid(), "environ")?;
    let leaked: List = environ.value.iter().filter(|line| line.starts_with(&name)).cloned().collect();
    let path = environ.value.iter().any(|line| line.starts_with("PATH=/"));
    exam.check("variable-kept-out", &environ.clone().map(|_| leaked), &is(List(Vec::new())))
        .because("environment-passed-on");
    exam.check("path-set", &environ.map(|_| Yes(path)), &is(Yes(true))).because("path-missing");
    Ok(())
}

/// A descriptor of the host in the container is a door: CVE-2024-21626 walked through one.
fn descriptors_closed(exam: &mut Exam) -> Result<(), Trouble> {
    let path = exam.plant("seen by the host only\n")?;
    let number = i32::try_from(exam.lot.number(12..60)).unwrap_or(12);
    let file = std::fs::File::open(&path);
    let file = boxproof_harness::error::Context::context(file, format!("open {path}"))?;
    let container = exam.start_with(Setup::new().descriptor(file, number))?;
    let host = container.host();
    let leads_there = |fds: &[(i32, String)]| fds.iter().any(|(_, target)| *target == path);
    // The twin: the runtime itself has it, unless it has closed it already.
    let found = host.descriptors(container.pid())?;
    let leaked = found.clone().map(|fds| Yes(leads_there(&fds)));
    // One socket is the probe's own connection; the kernel does not say which.
    let sockets = found.value.iter().filter(|(number, target)| *number > 2 && target.starts_with("socket:")).count();
    let extra: List = found
        .value
        .iter()
        .filter(|(number, target)| *number > 2 && (sockets > 1 || !target.starts_with("socket:")))
        .map(|(number, target)| format!("{number} -> {target}"))
        .collect();
    // What the runtime itself has opened and forgotten is nobody's design.
    let callers = extra.0.iter().all(|fd| fd.ends_with(&format!("-> {path}")));
    exam.check("descriptor-kept-out", &leaked, &is(Yes(false)))
        .because("descriptors-inherited")
        .unless_declared(Policy::InheritsDescriptors);
    exam.check("only-standard-streams", &found.map(|_| extra), &is(List(Vec::new())))
        .because("descriptors-inherited")
        .unless_declared_if(callers, Policy::InheritsDescriptors);
    Ok(())
}

/// A language's runtime may ignore SIGPIPE; passed on, `yes | head` never ends.
fn signals_reset(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let ignored = container.signals("SigIgn")?;
    let pipe = ignored.value.holds(libc::SIGPIPE);
    let none = || Expect::that("0000000000000000", |set: &boxproof_harness::evidence::Signals| set.0 == 0);
    exam.check("none-ignored", &ignored, &none()).because_if(pipe, "sigpipe-ignored").because("signals-ignored");
    exam.check("none-blocked", &container.signals("SigBlk")?, &none()).because("signals-blocked");
    Ok(())
}

/// `kill` on the runtime is meant for the container: the payload gets the signal and ends in its own way.
fn signals_forwarded(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    // With an init between the two, the signal goes to that.
    let host = exam.bed.namespace(Namespace::Pid)?.value;
    let own_init = container.nspid()?.value.innermost() != 1 && container.namespace(Namespace::Pid)?.value != host;
    container.order(&format!("leave-upon {}", libc::SIGTERM), b"")?;
    let abandoned = container.is_abandoned()?;
    exam.settle(&container.run);
    container.run.signal(libc::SIGTERM)?;
    let ended = container.wait_gone(exam.patience(Duration::from_secs(2)))?;
    let end = container.run.wait(exam.patience(Duration::from_secs(2)))?;
    let observed = Evidence::plain(Yes(ended), format!("pidfd of {} after SIGTERM to the runtime", container.pid()));
    exam.check("payload-got-it", &observed, &is(Yes(true)))
        .because_if(abandoned, "container-not-waited-for")
        .because("signals-not-forwarded")
        .unless_declared_if(!abandoned, Policy::KeepsSignals);
    // The payload's handler exits with 100 + 15.
    let status = end.map_or("still runs".to_owned(), |end| end.shell_status().to_string());
    let source = format!("waitid of `{}`", container.run.command);
    exam.check("status-comes-through", &Evidence::plain(status, source), &is("115".to_owned()))
        .because_if(abandoned, "container-not-waited-for")
        .because_if(!ended, "signals-not-forwarded")
        .because_if(own_init, "init-swallows-signals")
        .because("signal-kills-instead")
        .unless_declared_if(!abandoned, Policy::KeepsSignals);
    Ok(())
}

/// When the runtime is killed, nobody is left to look after the container: it must end too.
fn dies_with_runtime(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let abandoned = container.is_abandoned()?;
    container.run.signal(libc::SIGKILL)?;
    let ended = container.wait_gone(exam.patience(Duration::from_secs(2)))?;
    let source = format!("pidfd of {} after SIGKILL to the runtime", container.pid());
    exam.check("container-ends", &Evidence::plain(Yes(ended), source), &is(Yes(true)))
        .because_if(abandoned, "container-not-waited-for")
        .because("container-orphaned")
        .unless_declared_if(!abandoned, Policy::OutlivesRuntime);
    Ok(())
}

/// Two containers side by side: neither sees, stops or breaks the other.
fn two_at_once(exam: &mut Exam) -> Result<(), Trouble> {
    let first = exam.start()?;
    let second = exam.start().map_err(|trouble| trouble.because("containers-collide"))?;
    let both = Yes(!first.is_gone() && !second.is_gone());
    let pids = format!("pidfds of {} and {}", first.pid(), second.pid());
    exam.check("both-run", &Evidence::plain(both, pids), &is(Yes(true))).because("containers-collide");
    let (a, b) = (first.namespace(Namespace::Pid)?, second.namespace(Namespace::Pid)?);
    let other = b.value.clone();
    exam.check("apart", &a.with(b).map(|(a, _)| a), &is_not(other)).because("containers-share-namespaces");
    let wanted = [exam.lot.exit_status(), exam.lot.exit_status()];
    let mut ends = Vec::new();
    for (container, status) in [(&second, wanted[1]), (&first, wanted[0])] {
        let end = container.finish(status, exam.finish_patience())?.ok_or_else(still_runs)?;
        ends.push((status, end.shell_status()));
    }
    // Whether the status itself comes through is another scenario's question: here, that each ended at its own order.
    let well = Yes(ends.iter().all(|&(_, end)| end != 0));
    let observed = Evidence::read(well, "waitid of both runtimes (ordered, got)", format!("{ends:?}"));
    exam.check("both-end-well", &observed, &is(Yes(true))).because("containers-collide");
    Ok(())
}

fn crashed(finished: &Finished) -> bool {
    const TRACES: [&str; 5] =
        ["panicked at", "goroutine 1 [", "Traceback (most recent call last)", "core dumped", "Segmentation fault"];
    let printed = format!("{}{}", finished.stdout, finished.stderr);
    matches!(finished.end, boxproof_harness::run::End::Signaled(_))
        || TRACES.iter().any(|trace| printed.contains(trace))
}

/// Called with nothing, a program says how it is called.
fn usage_explained(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: called rightly, it works.
    drop(exam.start()?);
    let finished = exam.run_bare(&[])?;
    let status = finished.status();
    exam.check("status", &status, &is_not(0)).because("failure-reported-as-success");
    let crash = Evidence::read(Yes(crashed(&finished)), format!("`{}`", finished.command), &finished.stderr);
    exam.check("no-crash", &crash, &is(Yes(false))).because("crashes-without-arguments");
    Ok(())
}

/// Without root there are no namespaces to be had: an error, and nothing half done.
fn root_required(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: as root it works.
    drop(exam.start()?);
    let probe = exam.bed.probe().inside.clone();
    let run = exam.call(&[probe.into()], Setup::new().user(1000))?;
    let mut started = exam.await_any_probe(&run)?;
    let Some(end) = run.wait(exam.finish_patience())? else {
        return Err(Trouble::runtime("runtime-hangs", "the runtime ends", "it waits, without root"));
    };
    let status = Evidence::plain(end.shell_status(), format!("waitid of `{}` as uid 1000", run.command));
    let in_rootfs = started;
    // Whoever runs the command where the caller is does not find one that only the rootfs has.
    if !started {
        let decoy = exam.decoy()?;
        let run = exam.call(&[decoy.into()], Setup::new().user(1000))?;
        started = exam.await_any_probe(&run)?;
    }
    exam.check("status", &status, &is_not(0)).because("failure-reported-as-success");
    let started = Evidence::plain(Yes(started), "a connection from the probe");
    exam.check("nothing-started", &started, &is(Yes(false)))
        .because("runs-without-isolation")
        .unless_declared_if(in_rootfs, Policy::Rootless);
    Ok(())
}
