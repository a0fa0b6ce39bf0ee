//! `boxproof/result/v1`: the one canonical result. Every report is derived from it.
//!
//! Every check of every scenario that was planned appears, whatever became of it. Scores are integers. Texts travel as
//! id and parameters; [`Text::text`] is filled in by whoever knows the reader's language.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

/// The value of [`Report::schema`].
pub const SCHEMA: &str = "boxproof/result/v1";

/// What became of a check, a scenario or an exam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The kernel shows what was expected.
    Pass,
    /// A prerequisite failed, or the runtime does not offer this.
    Skip,
    /// Attempts disagree.
    Inconclusive,
    /// We could not examine it. It costs nobody points.
    Error,
    /// The kernel shows something else.
    Fail,
}

impl Status {
    /// The status of a whole whose parts ended so: a failure outweighs an error, an error outweighs a pass.
    pub fn of(parts: impl IntoIterator<Item = Status>) -> Status {
        let mut whole = None;
        for part in parts {
            whole = Some(whole.map_or(part, |so_far: Status| so_far.max(part)));
        }
        whole.unwrap_or(Status::Skip)
    }

    /// The word used in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Skip => "skip",
            Status::Inconclusive => "inconclusive",
            Status::Error => "error",
            Status::Fail => "fail",
        }
    }
}

/// How far a scenario reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The workshop's steps 2 to 5.
    Core,
    /// What a user would expect.
    Robust,
    /// The workshop's next steps.
    Next,
    /// What a hostile payload would try.
    Hardened,
}

impl Tier {
    /// The word used on the command line and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Tier::Core => "core",
            Tier::Robust => "robust",
            Tier::Next => "next",
            Tier::Hardened => "hardened",
        }
    }
}

/// A message by id, with what goes into it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The id in `scenarios/texts/*.ftl`.
    pub id: String,
    /// Values for its placeables.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// The text in the reader's language; empty until it is known.
    #[serde(default)]
    pub text: String,
}

impl Text {
    /// A message without parameters.
    pub fn new(id: impl Into<String>) -> Text {
        Text { id: id.into(), ..Text::default() }
    }

    /// The same message with `name` set.
    pub fn with(mut self, name: &str, value: impl ToString) -> Text {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }
}

/// A fact read from the kernel, or a line that was printed, with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// `kernel` for what a check rests on; `printed` for what a learner sees beside it.
    pub kind: String,
    /// `/proc/4711/status: NSpid`.
    pub source: String,
    /// What stood there.
    pub value: String,
}

/// One attempt at a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counted from 1.
    pub n: u32,
    /// The seed it drew from.
    pub seed: u64,
    /// How it ended.
    pub status: Status,
    /// Milliseconds.
    pub duration_ms: u64,
}

/// One check: expected, observed, and the evidence it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// `SCENARIO.CHECK`, unique in a result.
    pub id: String,
    /// The scenario it belongs to.
    pub scenario: String,
    /// The scenario's tier.
    pub tier: Tier,
    /// The workshop's step, `2-1`.
    pub step: String,
    /// What it says in the reader's language; empty until that is known.
    pub title: String,
    /// What became of it.
    pub status: Status,
    /// Points got.
    pub score: u32,
    /// Points to get.
    pub max_score: u32,
    /// Scenarios that must pass first.
    pub needs: Vec<String>,
    /// Who may see it.
    pub visibility: String,
    /// Milliseconds that its scenario took.
    pub duration_ms: u64,
    /// The longest that its scenario would have waited for one event.
    pub timeout_ms: u64,
    /// Each attempt.
    pub attempts: Vec<Attempt>,
    /// The command that was run, as a learner would type it in the work directory.
    pub command: String,
    /// What happened.
    pub message: Text,
    /// The likely cause, named from the evidence; only on a failure.
    pub hint: Option<Text>,
    /// What was expected.
    pub expected: String,
    /// What was observed.
    pub observed: String,
    /// What the observation rests on.
    pub evidence: Vec<Fact>,
    /// The end of what the runtime under test printed.
    pub stdout: String,
    /// The end of what it printed on stderr.
    pub stderr: String,
    /// Whether it printed more than is kept here.
    pub truncated: bool,
    /// Free words.
    pub tags: Vec<String>,
}

/// The boxproof that examined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `boxproof`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from, if that was known.
    pub commit: Option<String>,
}

/// Which part of a sharded run this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Counted from 1.
    pub index: u32,
    /// How many there are.
    pub total: u32,
}

impl Default for Shard {
    fn default() -> Self {
        Shard { index: 1, total: 1 }
    }
}

/// When and with what it ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Unique per run.
    pub id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Repeats the run exactly with `--seed`.
    pub seed: u64,
    /// How often each scenario was run.
    pub attempts: u32,
    /// The language of the texts.
    pub locale: String,
    /// Which part this is.
    pub shard: Shard,
}

/// Where it ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// `uname -r`.
    pub kernel: String,
    /// `PRETTY_NAME` of os-release.
    pub distro: String,
    /// `x86_64`.
    pub arch: String,
    /// 2 if cgroup2 has the memory controller, else 1 (or 0 for none).
    pub cgroup_version: u32,
    /// `microvm`, `vm` or `host`.
    pub isolation: String,
    /// Controllers, slowness, accelerator and the like.
    pub limits: BTreeMap<String, String>,
}

/// How the program was built, where boxproof built it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The command.
    pub command: String,
    /// How it ended.
    pub status: String,
    /// Milliseconds.
    pub duration_ms: u64,
    /// The end of what it printed.
    pub log: String,
}

/// The runtime under test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// A name for it.
    pub id: String,
    /// Where it was found.
    pub path: String,
    /// Its commit, if it has one.
    pub commit: Option<String>,
    /// When that was made.
    pub committed_at: Option<String>,
    /// Of the program file.
    pub sha256: String,
    /// Of everything that was handed in, where it was handed in to a class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
    /// How it was built.
    pub build: Option<Build>,
}

/// What it was examined with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioSet {
    /// `workshop`.
    pub id: String,
    /// boxproof's version.
    pub version: String,
    /// Of the ids planned.
    pub sha256: String,
}

/// A likely cause, with the checks that it explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseReport {
    /// Stable id.
    pub id: String,
    /// Values in its text.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// In the reader's language.
    #[serde(default)]
    pub text: String,
    /// Ids of the checks.
    pub checks: Vec<String>,
}

/// Something that was not there before a scenario and is there after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Residue {
    /// `mount`, `link`, `address`, `netns`, `cgroup`, `process`, `file`, `sysctl`.
    pub kind: String,
    /// What stood there before, or nothing.
    pub before: String,
    /// What stands there now, or nothing.
    pub after: String,
    /// The scenario after which it was found.
    #[serde(default)]
    pub scenario: String,
}

/// Something a person should look at. Never deducts points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flag {
    /// Stable id.
    pub id: String,
    /// In plain words.
    pub reason: String,
    /// What it rests on.
    pub evidence: String,
    /// The scenarios in which it was raised; none if it is about the program as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
}

impl Flag {
    /// A flag whose reason is filled in by whoever knows the reader's language.
    pub fn raised(id: &str, evidence: impl ToString) -> Flag {
        Flag { id: id.to_owned(), reason: String::new(), evidence: evidence.to_string(), scenarios: Vec::new() }
    }

    /// One flag per id out of all that were raised, each with the scenarios in which it was: what it rests on, a line each.
    pub fn gather(raised: BTreeMap<Flag, BTreeSet<String>>) -> Vec<Flag> {
        const SHOWN: usize = 3;
        let mut flags: Vec<Flag> = Vec::new();
        for (flag, scenarios) in raised {
            let shown: Vec<&str> = scenarios.iter().take(SHOWN).map(String::as_str).collect();
            let more = scenarios.len() - shown.len();
            let more = if more > 0 { format!(", … +{more}") } else { String::new() };
            let line = format!("{} ({}{more})", flag.evidence, shown.join(", "));
            match flags.last_mut().filter(|known| known.id == flag.id) {
                Some(known) => {
                    known.evidence = format!("{}\n{line}", known.evidence);
                    known.scenarios.extend(scenarios);
                    known.scenarios.sort();
                    known.scenarios.dedup();
                }
                None => flags.push(Flag { evidence: line, scenarios: scenarios.into_iter().collect(), ..flag }),
            }
        }
        flags
    }
}

/// Something that was wrong with us, not with the runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Infrastructure {
    /// Stable id.
    pub id: String,
    /// In plain words, with what to do about it.
    pub text: String,
}

/// The whole result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The boxproof that examined.
    pub tool: Tool,
    /// When and with what.
    pub run: Run,
    /// Where.
    pub environment: Environment,
    /// What.
    pub submission: Submission,
    /// With which scenarios.
    pub scenario_set: ScenarioSet,
    /// `pass`, `fail` or `error`.
    pub status: Status,
    /// Points got.
    pub score: u32,
    /// Points to get.
    pub max_score: u32,
    /// Whether it came too late, where that is known.
    pub late: Option<bool>,
    /// Every planned check.
    pub checks: Vec<Check>,
    /// Likely causes, most likely first.
    pub causes: Vec<CauseReport>,
    /// What was left behind.
    pub residue: Vec<Residue>,
    /// For a person to look at.
    pub flags: Vec<Flag>,
    /// What was wrong with us.
    pub infrastructure_errors: Vec<Infrastructure>,
}

impl Report {
    /// The status of scenario `id`, if it was planned.
    pub fn scenario_status(&self, id: &str) -> Option<Status> {
        let mut statuses = self.checks.iter().filter(|check| check.scenario == id).map(|check| check.status).peekable();
        statuses.peek()?;
        Some(Status::of(statuses))
    }

    /// Recomputes status and scores from the checks.
    pub fn settle(&mut self) {
        let failed = self.checks.iter().any(|check| check.status == Status::Fail);
        let unexamined = self.checks.iter().any(|check| matches!(check.status, Status::Error | Status::Inconclusive));
        self.status = match (failed, unexamined || !self.infrastructure_errors.is_empty()) {
            (_, true) => Status::Error,
            (true, false) => Status::Fail,
            (false, false) => Status::Pass,
        };
        self.score = self.checks.iter().map(|check| check.score).sum();
        self.max_score = self.checks.iter().map(|check| check.max_score).sum();
    }

    /// Writes the report to `path` in one step: a reader sees the old file or the new one, never half of one.
    pub fn write_atomically(&self, path: &Path) -> io::Result<()> {
        write_atomically(path, &serde_json::to_vec_pretty(self)?)
    }
}

/// Writes `bytes` to a temporary file beside `path`, then renames it.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    // A temporary file is private (0600); a report is for others to read.
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
