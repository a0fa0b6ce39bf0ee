//! The harness's near side: sends an order to an agent, hears its events, and makes the result of them.
//!
//! Whatever happens to the agent or its machine, the result holds every planned check: what was not heard of is an
//! `error`, never a pass and never a fail.

use crate::backend::{Agent, Heard};
use crate::error::{Context, Error, Result};
use crate::event::{Event, ExamOrder, Order, PROTOCOL};
use crate::plan::Plan;
use crate::policy::Policy;
use crate::result::{
    CauseReport, Check, Flag, Infrastructure, Report, Run, SCHEMA, ScenarioSet, Status, Submission, Text, Tool,
};
use crate::scenario::Scenario;
use crate::tree::{Content, Kind, Tree};
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

/// What is examined, ready to be sent.
pub struct Parcel {
    /// What to examine and how.
    pub plan: Plan,
    /// Becomes `rootfs/`.
    pub rootfs: Tree,
    /// Becomes `/submission`.
    pub submission: Tree,
    /// Files that a bare machine lacks: the libraries of a dynamic program. Used only where the machine is disposable.
    pub extra: Tree,
    /// Says of the submission what the result will say.
    pub about: Submission,
}

/// How long an agent may be silent: it beats each second.
const SILENCE: Duration = Duration::from_secs(60);

/// Examines one parcel. `watch` hears each event as it comes, for the progress display.
pub fn conduct(
    catalogue: &[Scenario],
    agent: &mut dyn Agent,
    parcel: &Parcel,
    watch: &mut dyn FnMut(&Event),
) -> Report {
    let started_at = now();
    let mut score = Score::new(catalogue, parcel);
    if let Err(error) = score.play(agent, parcel, watch) {
        score.report.infrastructure_errors.push(Infrastructure { id: "agent".into(), text: error.to_string() });
    }
    let mut report = score.finish();
    report.flags.extend(names_the_harness(parcel));
    report.flags.extend(declares_policy(&parcel.plan, &report.checks));
    report.flags.sort_by(|a, b| a.id.cmp(&b.id));
    report.run.started_at = started_at;
    report.run.finished_at = now();
    report.environment.isolation = agent.isolation().into();
    report.environment.limits.extend(agent.limits());
    report
}

/// The result of a parcel that was never sent: every planned check an error, and why.
pub fn not_examined(catalogue: &[Scenario], parcel: &Parcel, why: Infrastructure) -> Report {
    let mut score = Score::new(catalogue, parcel);
    score.report.infrastructure_errors.push(why);
    let mut report = score.finish();
    report.run.started_at = now();
    report.run.finished_at.clone_from(&report.run.started_at);
    report
}

/// Words that no runtime needs, and that only somebody writes who has an exam in mind.
const OURS: [&str; 4] = ["boxproof-socket-slot", "/submission", "virtio-ports", "/dev/vport"];

/// Whether the program under test holds words of ours.
fn names_the_harness(parcel: &Parcel) -> Option<Flag> {
    let program = match &parcel.submission.resolve(&parcel.plan.program)?.kind {
        Kind::File(Content::Bytes(bytes)) => bytes.clone(),
        Kind::File(Content::Host(path)) => std::fs::read(path).ok()?,
        _ => return None,
    };
    let holds = |word: &&&str| memmem::find(&program, word.as_bytes()).is_some();
    let found: Vec<&str> = OURS.iter().filter(holds).copied().collect();
    let evidence = format!("{} holds: {}", parcel.plan.program, found.join(", "));
    (!found.is_empty()).then(|| Flag::raised("names-the-harness", evidence))
}

/// What the runtime under test declares to do by design, and in a second line which checks are not judged for it. Who sets
/// the task decides whether he agrees.
fn declares_policy(plan: &Plan, checks: &[Check]) -> Option<Flag> {
    let declared: Vec<&str> = plan.invocation.declared().map(Policy::key).collect();
    let excused = checks.iter().filter(|check| check.message.id == "policy-declared");
    let excused: Vec<&str> = excused.map(|check| check.id.as_str()).collect();
    let not_judged = if excused.is_empty() { String::new() } else { format!("\n{}", excused.join(", ")) };
    let evidence = format!("{}{not_judged}", declared.join(", "));
    (!declared.is_empty()).then(|| Flag::raised("declares-policy", evidence))
}

fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The result as it grows.
struct Score<'a> {
    catalogue: &'a [Scenario],
    plan: &'a Plan,
    report: Report,
    heard: BTreeMap<String, Check>,
    flags: BTreeMap<Flag, BTreeSet<String>>,
}

impl<'a> Score<'a> {
    fn new(catalogue: &'a [Scenario], parcel: &'a Parcel) -> Score<'a> {
        let plan = &parcel.plan;
        let report = Report {
            schema: SCHEMA.into(),
            tool: Tool {
                name: "boxproof".into(),
                version: env!("CARGO_PKG_VERSION").into(),
                commit: option_env!("BOXPROOF_COMMIT").map(str::to_owned),
            },
            run: Run { id: format!("{:016x}", plan.seed), seed: plan.seed, attempts: 1, ..Run::default() },
            environment: Default::default(),
            submission: parcel.about.clone(),
            scenario_set: ScenarioSet {
                id: "workshop".into(),
                version: env!("CARGO_PKG_VERSION").into(),
                sha256: sha256_hex(plan.scenarios.join("\n").as_bytes()),
            },
            status: Status::Error,
            score: 0,
            max_score: 0,
            late: None,
            checks: Vec::new(),
            causes: Vec::new(),
            residue: Vec::new(),
            flags: Vec::new(),
            infrastructure_errors: Vec::new(),
        };
        Score { catalogue, plan, report, heard: BTreeMap::new(), flags: BTreeMap::new() }
    }

    fn play(&mut self, agent: &mut dyn Agent, parcel: &Parcel, watch: &mut dyn FnMut(&Event)) -> Result<()> {
        match next(agent)? {
            Event::Hello { protocol: PROTOCOL, .. } => {}
            Event::Hello { protocol, version, .. } => {
                return Err(Error::new(format!(
                    "the agent is boxproof {version} with protocol {protocol}, not {PROTOCOL}"
                )));
            }
            other => return Err(Error::new(format!("the agent said {other:?} before hello"))),
        }
        send(agent, parcel)?;
        let longest = Some(self.plan.terms.longest).filter(|seconds| *seconds > 0).map(Duration::from_secs);
        let start = Instant::now();
        let mut checks = 0;
        loop {
            let event = next(agent)?;
            if let Some(longest) = longest.filter(|longest| start.elapsed() > *longest) {
                return Err(Error::new(format!("the exam was broken off after {} s", longest.as_secs())));
            }
            watch(&event);
            match event {
                Event::Ready { environment, .. } => self.report.environment = environment,
                Event::Check(check) => {
                    checks += 1;
                    let id = check.id.clone();
                    if self.heard.insert(id.clone(), *check).is_some() {
                        return Err(Error::new(format!("the agent said {id} twice")));
                    }
                }
                Event::Verdict { id, residue, flags, .. } => {
                    for flag in flags {
                        self.flags.entry(flag).or_default().insert(id.clone());
                    }
                    let named = residue.into_iter().map(|mut item| {
                        item.scenario.clone_from(&id);
                        item
                    });
                    self.report.residue.extend(named);
                }
                Event::Trouble { id, text } => self.report.infrastructure_errors.push(Infrastructure { id, text }),
                Event::End { checks: said } if said == checks => return Ok(()),
                Event::End { checks: said } => {
                    return Err(Error::new(format!("the agent said {said} checks, {checks} arrived")));
                }
                Event::Built { .. } => return Err(Error::new("the agent built something that it was not told to")),
                Event::Hello { .. } | Event::Scenario { .. } | Event::Beat => {}
            }
        }
    }

    /// Every planned check in the plan's order, heard or not.
    fn finish(mut self) -> Report {
        for id in &self.plan.scenarios {
            let Some(scenario) = self.catalogue.iter().find(|known| known.id == id) else { continue };
            for check in scenario.checks {
                let id = format!("{}.{check}", scenario.id);
                let heard = self.heard.remove(&id);
                self.report.checks.push(heard.unwrap_or_else(|| unheard(scenario, &id, self.plan.seed)));
            }
        }
        for check in &self.report.checks {
            if check.status == Status::Error && matches!(check.message.id.as_str(), "no-controller" | "no-swap") {
                let text = check.message.params.get("controller").cloned().unwrap_or_else(|| "swap".into());
                let id = format!("{}:{text}", check.message.id);
                if !self.report.infrastructure_errors.iter().any(|known| known.id == id) {
                    let text = format!("this machine has no {text} for cgroup2: what needs it was not examined");
                    self.report.infrastructure_errors.push(Infrastructure { id, text });
                }
            }
        }
        self.report.residue.sort();
        self.report.flags = Flag::gather(self.flags);
        self.report.causes = causes(&self.report.checks);
        self.report.settle();
        self.report
    }
}

fn unheard(scenario: &Scenario, id: &str, seed: u64) -> Check {
    Check {
        id: id.into(),
        scenario: scenario.id.into(),
        tier: scenario.tier,
        step: scenario.step.into(),
        title: String::new(),
        status: Status::Error,
        score: 0,
        max_score: 1,
        needs: Vec::new(),
        visibility: "visible".into(),
        duration_ms: 0,
        timeout_ms: 0,
        attempts: vec![crate::result::Attempt { n: 1, seed, status: Status::Error, duration_ms: 0 }],
        command: String::new(),
        message: Text::new("not-examined"),
        hint: None,
        expected: String::new(),
        observed: String::new(),
        evidence: Vec::new(),
        stdout: String::new(),
        stderr: String::new(),
        truncated: false,
        tags: Vec::new(),
    }
}

fn send(agent: &mut dyn Agent, parcel: &Parcel) -> Result<()> {
    let archive = |tree: &Tree, what: &str| {
        let mut bytes = Vec::new();
        if !tree.is_empty() {
            tree.archive(&mut bytes).context(format!("pack {what}"))?;
        }
        Ok::<_, Error>(bytes)
    };
    let rootfs = archive(&parcel.rootfs, "the rootfs")?;
    let submission = archive(&parcel.submission, "the submission")?;
    let extra = if parcel.plan.disposable { archive(&parcel.extra, "the libraries")? } else { Vec::new() };
    let order = ExamOrder {
        plan: parcel.plan.clone(),
        rootfs_bytes: rootfs.len() as u64,
        submission_bytes: submission.len() as u64,
        extra_bytes: extra.len() as u64,
    };
    let mut line = serde_json::to_vec(&Order::Exam(Box::new(order))).context("write the order as JSON")?;
    line.push(b'\n');
    for bytes in [&line, &rootfs, &submission, &extra] {
        agent.send(bytes)?;
    }
    Ok(())
}

fn next(agent: &mut dyn Agent) -> Result<Event> {
    match agent.hear(SILENCE)? {
        Heard::Line(line) => serde_json::from_str(&line).context(format!("understand the agent's line {line:?}")),
        Heard::Silence => Err(Error::new(format!("the agent has been silent for {} s", SILENCE.as_secs()))),
        Heard::Gone(how) => Err(Error::new(how)),
    }
}

/// Causes with the checks that they explain: those that explain most come first, then those that came first.
pub fn causes(checks: &[Check]) -> Vec<CauseReport> {
    let mut causes: Vec<CauseReport> = Vec::new();
    for check in checks {
        let Some(hint) = &check.hint else { continue };
        match causes.iter_mut().find(|cause| cause.id == hint.id) {
            Some(cause) => cause.checks.push(check.id.clone()),
            None => causes.push(CauseReport {
                id: hint.id.clone(),
                params: hint.params.clone(),
                text: String::new(),
                checks: vec![check.id.clone()],
            }),
        }
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.checks.len()));
    causes
}

fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
