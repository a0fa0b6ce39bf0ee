//! The agent: as root, in a Linux, examines one runtime under test at a time.
//!
//! It reads an [`Order`] and the archives that follow it, runs each scenario in a testbed of its own (several side by
//! side, one thread each), and says what it finds as JSON lines. It never decides by what the runtime prints.

use crate::error::{Context, Error, Result};
use crate::event::{BuildOrder, Event, ExamOrder, Order, PROTOCOL};
use crate::manifest::Invocation;
use crate::pace::Pace;
use crate::policy::Policy;
use crate::result::{Attempt, Check, Environment, Flag, Residue, Status, Text, Tier};
use crate::scenario::{Exam, Failure, Judged, Requirement, Scenario, Subject, Trouble};
use crate::seed::Lot;
use crate::terms::Programs;
use crate::testbed::cgroup::{self, BedCgroup};
use crate::testbed::guard::guards;
use crate::testbed::{Inventory, Outer, Settings, Testbed};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Serves orders from `input` until its end; every event goes to `output` as one line.
pub fn serve<O: Write + Send>(catalogue: &'static [Scenario], mut input: impl BufRead, output: O) -> Result<()> {
    crate::sys::spawn::become_subreaper().context("become the reaper of orphans")?;
    // Before the first word, so that a machine that is saved then has them.
    guards();
    let voice = Voice { output: Mutex::new(output), checks: AtomicUsize::new(0) };
    voice.say(&Event::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").into(),
        kernel: kernel_release(),
    })?;
    let mut line = String::new();
    while input.read_line(&mut line).context("read an order")? > 0 {
        let order: Order = serde_json::from_str(&line).context("understand an order")?;
        voice.checks.store(0, Ordering::Relaxed);
        let obeyed = match &order {
            Order::Exam(order) => obey(catalogue, order, &mut input, &voice),
            Order::Build(order) => build(order, &mut input, &voice),
        };
        if let Err(error) = obeyed {
            voice.say(&Event::Trouble { id: "agent".into(), text: error.to_string() })?;
        }
        voice.say(&Event::End { checks: voice.checks.load(Ordering::Relaxed) })?;
        line.clear();
    }
    Ok(())
}

/// The way back, shared by the workers. A line is written whole, and checks are counted as they are said.
struct Voice<O> {
    output: Mutex<O>,
    checks: AtomicUsize,
}

impl<O: Write> Voice<O> {
    fn say(&self, event: &Event) -> Result<()> {
        let mut line = serde_json::to_vec(event).context("write an event as JSON")?;
        line.push(b'\n');
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_all(&line).and_then(|()| output.flush()).context("send an event")?;
        if matches!(event, Event::Check(_)) {
            self.checks.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Bytes that the line before them has announced.
    fn give(&self, bytes: &[u8]) -> Result<()> {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_all(bytes).and_then(|()| output.flush()).context("send an archive")
    }
}

/// Runs `job` while the other side hears each second that this one lives.
fn beating<T, O: Write + Send>(voice: &Voice<O>, job: impl FnOnce() -> T) -> T {
    let (stop, stopped) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(Duration::from_secs(1)) {
                if voice.say(&Event::Beat).is_err() {
                    // Nobody hears it any more: a connection broke, or a command line was killed. The testbeds end with
                    // the agent; workers would only notice when they next have something to say.
                    std::process::exit(1);
                }
            }
        });
        let done = job();
        drop::<Sender<()>>(stop);
        done
    })
}

fn build<O: Write + Send>(order: &BuildOrder, input: &mut impl BufRead, voice: &Voice<O>) -> Result<()> {
    let submission = receive(input, order.submission_bytes, "the submission")?;
    let built = beating(voice, || crate::builder::build(order, submission))?;
    let (duration_ms, bytes) = (built.took.as_millis() as u64, built.archive.len() as u64);
    voice.say(&Event::Built { fate: built.fate, log: built.log, duration_ms, bytes })?;
    voice.give(&built.archive)
}

/// What the scenarios of one exam share.
struct Material {
    seed: u64,
    pace: Pace,
    subject: Subject,
    rootfs: Vec<u8>,
    submission: Vec<u8>,
    controllers: Vec<String>,
    swap: bool,
    room: u64,
    memory: u64,
    programs: Programs,
}

fn obey<O: Write + Send>(
    catalogue: &'static [Scenario],
    order: &ExamOrder,
    input: &mut impl BufRead,
    voice: &Voice<O>,
) -> Result<()> {
    let plan = &order.plan;
    let rootfs = receive(input, order.rootfs_bytes, "the rootfs")?;
    let submission = receive(input, order.submission_bytes, "the submission")?;
    let extra = receive(input, order.extra_bytes, "the libraries")?;
    if plan.disposable && !extra.is_empty() {
        crate::libraries::lay(&extra, Path::new("/"))?;
    }
    let scenarios: Vec<&'static Scenario> = plan
        .scenarios
        .iter()
        .map(|id| catalogue.iter().find(|known| known.id == id).ok_or_else(|| Error::new(format!("no scenario {id}"))))
        .collect::<Result<_>>()?;
    let _ = cgroup::remove_leftovers();
    let pace = Pace::measure()?.with_patience(plan.terms.patience);
    let memory = memory_total()?;
    let material = Material {
        seed: plan.seed,
        pace,
        subject: Subject {
            invocation: plan.invocation.clone(),
            program: PathBuf::from("/submission").join(&plan.program),
            parameters: plan.terms.parameters,
            acquaintance: std::sync::Arc::default(),
        },
        room: (rootfs.len() as u64 + submission.len() as u64) * 2 + (128 << 20),
        rootfs,
        submission,
        controllers: cgroup::controllers().unwrap_or_default(),
        swap: fs::read_to_string("/proc/swaps").is_ok_and(|text| text.lines().count() > 1),
        // What a testbed fills is taken from the machine that the agent needs, too: in the virtual one all of it is 512 MiB.
        memory: memory / 2,
        programs: plan.terms.programs.clone(),
    };
    voice.say(&Event::Ready { environment: environment(&material), scenarios: plan.scenarios.clone() })?;
    examine_all(&scenarios, &material, plan.jobs, voice)
}

fn receive(input: &mut impl BufRead, length: u64, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = input.take(length).read_to_end(&mut bytes).context(format!("receive {what}"))?;
    if read as u64 == length { Ok(bytes) } else { Err(Error::new(format!("{what} arrived only in part"))) }
}

/// Examines every scenario. An error is one of talking, not of examining.
fn examine_all<O: Write + Send>(
    scenarios: &[&'static Scenario],
    material: &Material,
    jobs: usize,
    voice: &Voice<O>,
) -> Result<()> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = if jobs == 0 { processors } else { jobs }.min(scenarios.len()).max(1);
    let examine = || {
        std::thread::scope(|scope| {
            // Dealt out, not taken by whoever is free: the same seed gives the same testbeds the same scenarios.
            let workers: Vec<_> = (0..workers)
                .map(|worker| {
                    let hand = scenarios.iter().copied().skip(worker).step_by(workers).collect();
                    scope.spawn(move || play(worker, hand, material, voice))
                })
                .collect();
            let ends: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
            ends.into_iter()
                .try_for_each(|end| end.unwrap_or_else(|_| Err(Error::new("a worker of the agent panicked"))))
        })
    };
    beating(voice, examine)
}

/// One worker's scenarios, in as few testbeds as can be.
fn play<O: Write + Send>(
    worker: usize,
    mut hand: VecDeque<&'static Scenario>,
    material: &Material,
    voice: &Voice<O>,
) -> Result<()> {
    for bed in 0.. {
        let Some(&next) = hand.front() else { break };
        match unmet(next, material) {
            // What needs no testbed needs none to be made.
            Some(unmet) => {
                hand.pop_front();
                voice.say(&Event::Scenario { id: next.id.into() })?;
                tell(next, Examined::without(next, unmet), Duration::ZERO, material, voice)?;
            }
            None => in_one_testbed(&format!("{worker}-{bed}"), &mut hand, material, voice)?,
        }
    }
    Ok(())
}

/// Scenarios of `hand` in one testbed, for as long as it is as new: at least the first, which must need one.
///
/// A testbed costs more than what happens in it, above all under software emulation. One in which nothing is different
/// from how it was before the runtime under test ran (mounts, interfaces, processes, cgroups, files, settings) is as
/// good as a new one.
fn in_one_testbed<O: Write + Send>(
    tag: &str,
    hand: &mut VecDeque<&'static Scenario>,
    material: &Material,
    voice: &Voice<O>,
) -> Result<()> {
    let outcome = with_testbed_thread(tag, material, |cgroup| {
        let mut start = Instant::now();
        let mut settings = Settings {
            lot: Lot::new(material.seed, tag),
            pace: material.pace,
            room: material.room,
            programs: material.programs.clone(),
        };
        let mut bed = Testbed::enter(cgroup, &mut settings, &material.rootfs, &material.submission)?;
        // A scenario leaves the hand when it has been told, so that one which is cut short is still at its front.
        while let Some(&scenario) = hand.front().filter(|scenario| unmet(scenario, material).is_none()) {
            voice.say(&Event::Scenario { id: scenario.id.into() })?;
            let (examined, left) = examine(scenario, material, bed)?;
            tell(scenario, examined, start.elapsed(), material, voice)?;
            hand.pop_front();
            let Some(as_new) = left else { break };
            bed = as_new;
            start = Instant::now();
            bed.refresh(&mut settings.lot)?;
        }
        Ok(())
    });
    // The testbed could not be made or made ready, or the scenario could not be brought to its end: that one suffers.
    if let Err(error) = outcome
        && let Some(scenario) = hand.pop_front()
    {
        voice.say(&Event::Scenario { id: scenario.id.into() })?;
        tell(scenario, Examined::trouble(scenario, &error), Duration::ZERO, material, voice)?;
    }
    Ok(())
}

/// Says what was found in one scenario.
fn tell<O: Write>(
    scenario: &Scenario,
    examined: Examined,
    took: Duration,
    material: &Material,
    voice: &Voice<O>,
) -> Result<()> {
    let duration_ms = took.as_millis() as u64;
    let status = Status::of(examined.judged.iter().map(|judged| judged.status));
    for judged in examined.judged {
        voice.say(&Event::Check(Box::new(report(scenario, judged, material, duration_ms))))?;
    }
    let id = scenario.id.to_owned();
    voice.say(&Event::Verdict { id, status, duration_ms, residue: examined.residue, flags: examined.flags })
}

/// Why a scenario cannot be examined here, or need not be.
fn unmet(scenario: &Scenario, material: &Material) -> Option<(Status, Text)> {
    for requirement in scenario.requires {
        let text = match requirement {
            Requirement::Controller(name) if !material.controllers.iter().any(|has| has == name) => {
                Text::new("no-controller").with("controller", name)
            }
            Requirement::Swap if !material.swap => Text::new("no-swap"),
            _ => continue,
        };
        return Some((Status::Error, text));
    }
    let offer = scenario.offers?;
    if !material.subject.invocation.offers(offer) {
        return Some((Status::Skip, Text::new("not-offered").with("option", offer)));
    }
    // What is missing is not ours, and not the runtime's either: it is told to whoever installs it.
    let filtered = scenario.requires.contains(&Requirement::PacketFilter);
    (filtered && !has_packet_filter()).then(|| (Status::Skip, Text::new("no-packet-filter")))
}

/// Whether a runtime finds a program by which it can masquerade.
fn has_packet_filter() -> bool {
    let directories = || crate::run::PATH.split(':').map(std::path::Path::new);
    ["nft", "iptables"].iter().any(|name| directories().any(|directory| directory.join(name).exists()))
}

struct Examined {
    judged: Vec<Judged>,
    residue: Vec<Residue>,
    flags: Vec<Flag>,
}

impl Examined {
    /// Every check with the same fate.
    fn without(scenario: &Scenario, (status, message): (Status, Text)) -> Examined {
        let judged = scenario.checks.iter().map(|id| undecided(id, status, message.clone())).collect();
        Examined { judged, residue: Vec::new(), flags: Vec::new() }
    }

    fn trouble(scenario: &Scenario, error: &Error) -> Examined {
        Examined::without(scenario, (Status::Error, Text::new("harness-error").with("error", error)))
    }
}

/// Runs `job` on a thread of its own, which may enter a testbed and ends with it. The cgroup is made and removed out
/// here, where its path is the machine's.
fn with_testbed_thread<T: Send>(
    tag: &str,
    material: &Material,
    job: impl FnOnce(&BedCgroup) -> Result<T> + Send,
) -> Result<T> {
    const PROCESSES: u32 = 700;
    let name = Lot::new(material.seed ^ u64::from(std::process::id()), tag).word(10);
    let cgroup = BedCgroup::create(&name, PROCESSES, material.memory)?;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(format!("testbed {tag}"));
        match thread.spawn_scoped(scope, || job(&cgroup)) {
            Ok(thread) => {
                thread.join().unwrap_or_else(|_| Err(Error::new("a scenario panicked: a defect of boxproof")))
            }
            Err(error) => Err(error).context("start a thread for a testbed"),
        }
    })
}

/// One scenario, from the first look to the verdict. The testbed comes back if it is as it was.
fn examine(scenario: &Scenario, material: &Material, bed: Testbed) -> Result<(Examined, Option<Testbed>)> {
    let before = Inventory::take(&bed, Outer::Over)?;
    let mut exam = Exam::new(bed, Lot::new(material.seed, scenario.id), material.subject.clone(), before);
    let outcome = (scenario.run)(&mut exam);
    exam.look_for_meddling();
    let ended = exam.bed.clear().is_ok();
    let residue = if ended { exam.left(Duration::from_millis(200)) } else { Ok(Vec::new()) };
    // Root on the little host can take it down, by reboot(2) for instance. That must not pass for a failure of ours.
    let down = exam.something_ran() && exam.bed.is_down();
    let (outcome, residue) = match down {
        true => (Err(Trouble::runtime("host-taken-down", "the host lives on", "its PID 1 has ended")), Vec::new()),
        false => (outcome, residue?),
    };
    let reusable = ended && !down && !matches!(outcome, Err(Trouble::Harness(_))) && residue.is_empty() && exam.tidy();
    let mut flags = std::mem::take(&mut exam.flags);
    flags.extend(exam.bed.flags());
    // Whoever looked for meddling may have come before the kernel was done with it.
    let killed = Flag::raised("touched-the-harness", "the host's PID 1 was killed");
    if down && !flags.contains(&killed) {
        flags.push(killed);
    }
    let (judged, bed) = complete(scenario, exam, outcome);
    Ok((Examined { judged, residue, flags }, reusable.then_some(bed)))
}

/// Every planned check, in the plan's order: those made, and for each that was not made, why.
fn complete(scenario: &Scenario, exam: Exam, outcome: Result<(), Trouble>) -> (Vec<Judged>, Testbed) {
    let outcome = match outcome {
        // What could not be read because what should be there had ended is not our trouble.
        Err(Trouble::Harness(error))
            if matches!(error.errno(), Some(libc::ENOENT | libc::ESRCH)) && exam.something_ended() =>
        {
            Err(Trouble::runtime("container-gone", "the container lives", error))
        }
        // The testbed's file systems were roomy enough before the runtime under test ran.
        Err(Trouble::Harness(error)) if error.errno() == Some(libc::ENOSPC) && exam.something_ran() => {
            Err(Trouble::runtime("disk-filled", "room on the host's file systems", error))
        }
        other => other,
    };
    let outcome = outcome.map_err(|trouble| exam.blamed(trouble));
    let (command, stdout, stderr, truncated) = exam.last_run();
    let respected = respected(scenario.tier, exam.invocation());
    let (mut made, bed) = (exam.judged, exam.bed);
    let mut blamed = false;
    let unwell = made.iter().any(|judged| judged.status == Status::Fail);
    let judged = scenario
        .checks
        .iter()
        .map(|&id| {
            if let Some(at) = made.iter().position(|judged| judged.id == id) {
                return excused(made.swap_remove(at), &respected);
            }
            let mut judged = match &outcome {
                // Where one check fails, what builds on it has nothing to look at.
                Ok(()) if unwell => undecided(id, Status::Skip, Text::new("not-reached")),
                Ok(()) => undecided(id, Status::Error, Text::new("check-lost")),
                Err(Trouble::Harness(error)) => {
                    undecided(id, Status::Error, Text::new("harness-error").with("error", error))
                }
                Err(Trouble::Runtime(_)) if blamed => undecided(id, Status::Skip, Text::new("not-reached")),
                Err(Trouble::Runtime(failure)) => {
                    blamed = true;
                    failed(id, failure)
                }
            };
            judged.command.clone_from(&command);
            judged.stdout.clone_from(&stdout);
            judged.stderr.clone_from(&stderr);
            judged.truncated = truncated;
            excused(judged, &respected)
        })
        .collect();
    (judged, bed)
}

/// Which policies count, and whose they are: in tier core none, it is what the workshop is about.
fn respected(tier: Tier, invocation: &Invocation) -> BTreeMap<Policy, &'static str> {
    let whose = |policy: Policy| match policy {
        _ if tier == Tier::Core => None,
        declared if invocation.declares(declared) => Some((declared, "manifest")),
        implied if invocation.implies(implied) => Some((implied, "adapter")),
        _ => None,
    };
    Policy::ALL.into_iter().filter_map(whose).collect()
}

/// A failure that is nothing but what the runtime declares to do by design is not judged. What was observed stays.
fn excused(judged: Judged, respected: &BTreeMap<Policy, &'static str>) -> Judged {
    let policy = judged.policy.filter(|_| judged.status == Status::Fail);
    match policy.and_then(|policy| Some((policy, respected.get(&policy)?))) {
        Some((policy, by)) => {
            let message = Text::new("policy-declared").with("policy", policy).with("by", by);
            Judged { status: Status::Skip, message, cause: None, ..judged }
        }
        None => judged,
    }
}

fn undecided(id: &'static str, status: Status, message: Text) -> Judged {
    Judged {
        id,
        status,
        message,
        cause: None,
        expected: String::new(),
        observed: String::new(),
        facts: Vec::new(),
        policy: None,
        command: String::new(),
        stdout: String::new(),
        stderr: String::new(),
        truncated: false,
    }
}

fn failed(id: &'static str, failure: &Failure) -> Judged {
    Judged {
        cause: failure.cause.clone(),
        expected: failure.expected.clone(),
        observed: failure.observed.clone(),
        facts: failure.facts.clone(),
        policy: failure.policy,
        ..undecided(id, Status::Fail, failure.message.clone())
    }
}

fn report(scenario: &Scenario, judged: Judged, material: &Material, duration_ms: u64) -> Check {
    Check {
        id: format!("{}.{}", scenario.id, judged.id),
        scenario: scenario.id.into(),
        tier: scenario.tier,
        step: scenario.step.into(),
        title: String::new(),
        status: judged.status,
        score: u32::from(judged.status == Status::Pass),
        max_score: 1,
        needs: Vec::new(),
        visibility: "visible".into(),
        duration_ms,
        timeout_ms: material.pace.deadline(crate::scenario::START).as_millis() as u64,
        attempts: vec![Attempt { n: 1, seed: material.seed, status: judged.status, duration_ms }],
        command: judged.command,
        message: judged.message,
        hint: judged.cause,
        expected: judged.expected,
        observed: judged.observed,
        evidence: judged.facts,
        stdout: judged.stdout,
        stderr: judged.stderr,
        truncated: judged.truncated,
        tags: Vec::new(),
    }
}

fn environment(material: &Material) -> Environment {
    let has_memory = material.controllers.iter().any(|name| name == "memory");
    let mut limits = BTreeMap::from([
        ("controllers".to_owned(), material.controllers.join(" ")),
        ("swap".to_owned(), if material.swap { "yes" } else { "no" }.to_owned()),
        ("slowness".to_owned(), format!("{:.1}", material.pace.slowness())),
        ("guards".to_owned(), guards().names()),
    ]);
    // Without it nothing is flagged, which must not be read as "nothing was executed".
    if !keeps_exec_log() {
        limits.insert("exec_log".to_owned(), "none".to_owned());
    }
    Environment {
        kernel: kernel_release(),
        distro: distribution(),
        arch: std::env::consts::ARCH.into(),
        cgroup_version: if has_memory { 2 } else { 1 },
        isolation: String::new(),
        limits,
    }
}

/// Whether the kernel notes what is executed in a cgroup.
fn keeps_exec_log() -> bool {
    let root = cgroup::cgroup2_root().ok().and_then(|root| fs::File::open(root).ok());
    root.is_some_and(|root| crate::sys::exec_log::ExecLog::of(root.as_fd()).is_ok())
}

/// `uname -r`.
pub fn kernel_release() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// `PRETTY_NAME` of os-release(5).
pub fn distribution() -> String {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    line.unwrap_or_default().trim_matches('"').to_owned()
}

fn memory_total() -> Result<u64> {
    let text = fs::read_to_string("/proc/meminfo").context("read /proc/meminfo")?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    Ok(kib.ok_or_else(|| Error::new("/proc/meminfo has no MemTotal"))? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn failed_by(policy: Policy) -> Judged {
        let failure = Trouble::runtime("container-gone", "it lives", "it ended").unless_declared(policy);
        match failure {
            Trouble::Runtime(failure) => failed("check", &failure),
            Trouble::Harness(error) => panic!("{error}"),
        }
    }

    /// A scenario that were moved to tier core with its policy would judge everybody alike.
    #[test]
    fn no_declaration_counts_in_tier_core() {
        let text = "runtime.program = 'p'\npolicy.init = true";
        let invocation = Manifest::parse(text, Path::new("boxproof.toml")).expect("a manifest").invocation;
        let status = |tier, policy| excused(failed_by(policy), &respected(tier, &invocation)).status;
        assert_eq!(status(Tier::Robust, Policy::Init), Status::Skip);
        assert_eq!(status(Tier::Hardened, Policy::Init), Status::Skip);
        assert_eq!(status(Tier::Core, Policy::Init), Status::Fail);
        assert_eq!(status(Tier::Robust, Policy::Rootless), Status::Fail);
    }
}
