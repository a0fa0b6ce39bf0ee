//! What is examined, and what was found: one row of the matrix each.

use crate::common::controls::{CONTROLS, Control};
use crate::common::{control, exam, quick_backend, runtime, workspace_program};
use crate::mutants::MUTANTS;
use boxproof_harness::conductor::causes;
use boxproof_harness::result::{Check, Report, Status, Tier};
use boxproof_harness::scenario::Scenario;
use boxproof_scenarios::catalogue;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The same draw each time: one of the cheats goes by what is drawn.
const SEED: [&str; 2] = ["--seed", "20"];

/// The mutants that are about limits: they are examined where limits hold.
const LIMITED: [&str; 14] =
    ["CG01", "CG03", "CG10", "CG14", "CG15", "CG17", "CG19", "CG21", "CG29", "CG33", "CG35", "CG36", "CG38", "CG39"];

/// What is expected of a row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing: no check of it passes.
    Fake,
    /// It is out to deceive: a scenario fails it, or a flag is raised.
    Cheat,
    /// It has exactly one defect: a scenario fails it.
    Mutant,
    /// It is right in its own way: no scenario fails it.
    Control,
}

/// One runtime and its exam.
pub struct Row {
    pub name: String,
    pub kind: Kind,
    program: PathBuf,
    /// Whether it is examined on this machine. (Else: in the virtual machine, and there not in everything.)
    local: bool,
    /// Whether what needs cgroup2's controllers is examined, too: in the virtual machine, where this machine has none.
    limits: bool,
    here: OnceLock<Examined>,
    examined: OnceLock<Examined>,
}

/// What was found, and how long that took.
#[derive(Clone)]
pub struct Examined {
    pub report: Report,
    pub took: Duration,
}

impl Examined {
    fn by(exam: impl FnOnce() -> Report) -> Examined {
        let start = Instant::now();
        Examined { report: exam(), took: start.elapsed() }
    }
}

impl Row {
    fn new(name: impl Into<String>, kind: Kind, program: PathBuf, limits: bool) -> Row {
        Row { name: name.into(), kind, program, local: true, limits, here: OnceLock::new(), examined: OnceLock::new() }
    }

    /// Its exam, which takes place when it is first asked for.
    pub fn examined(&self) -> &Examined {
        self.examined.get_or_init(|| {
            let mut all = self.here().cloned().unwrap_or_else(|| self.in_the_machine(&self.core_and_limits()));
            let missing = self.missing(&all.report);
            if !missing.is_empty() {
                let found = self.in_the_machine(&missing);
                complete(&mut all.report, found.report);
                all.took += found.took;
            }
            all
        })
    }

    /// On this machine.
    fn here(&self) -> Option<&Examined> {
        self.local.then(|| {
            self.here.get_or_init(|| {
                let only = only(&self.home());
                Examined::by(|| exam(&self.program, quick_backend(), &[&SEED[..], &only].concat()))
            })
        })
    }

    /// The only scenarios that a mutant is examined in whose mistake is in one of the next steps: that step's, and what is of
    /// tier core. Each of these steps is code of its own behind an option or a verb. Any other mutant is examined in
    /// everything but them, and whatever is no mutant in everything.
    fn home(&self) -> BTreeSet<&'static str> {
        let known = |id: &str| catalogue().iter().find(|scenario| scenario.id == id);
        let own: Vec<&Scenario> =
            MUTANTS.iter().filter(|(id, ..)| *id == self.name).filter_map(|(_, scenario, _)| known(scenario)).collect();
        let next = |scenario: &Scenario| scenario.tier == Tier::Next;
        let near = |scenario: &&Scenario| match own.iter().find(|own| next(own)) {
            Some(own) => scenario.step == own.step || scenario.tier == Tier::Core,
            None => self.kind != Kind::Mutant || !next(scenario),
        };
        catalogue().iter().filter(near).map(|scenario| scenario.id).collect()
    }

    /// What this machine lacks the controllers for, if this row is about limits. With it comes the scenario that is there for
    /// the mutant: causes are weighed against each other.
    fn missing(&self, report: &Report) -> BTreeSet<&'static str> {
        if !self.limits {
            return BTreeSet::new();
        }
        let lacking = |check: &Check| needs_a_controller(check) && self.is_about(check.tier);
        let of_these = |id: &&str| report.checks.iter().any(|check| check.scenario == *id && lacking(check));
        let mut missing: BTreeSet<_> = catalogue().iter().map(|scenario| scenario.id).filter(of_these).collect();
        if !missing.is_empty() {
            missing.extend(MUTANTS.iter().filter(|(id, ..)| *id == self.name).map(|(_, scenario, _)| scenario));
        }
        missing
    }

    fn core_and_limits(&self) -> BTreeSet<&'static str> {
        let limit = |scenario: &Scenario| scenario.offers.is_none() && !scenario.requires.is_empty();
        let of_these = |scenario: &&Scenario| scenario.tier == Tier::Core || limit(scenario);
        catalogue().iter().filter(of_these).map(|scenario| scenario.id).collect()
    }

    /// Whether it claims to be right in this tier; what claims nothing is examined in all.
    fn is_about(&self, tier: Tier) -> bool {
        self.control().is_none_or(|control| control.tiers.contains(&tier))
    }

    /// What it is, if it is right.
    pub fn control(&self) -> Option<&'static Control> {
        CONTROLS.iter().find(|control| control.name == self.name)
    }

    pub fn report(&self) -> &Report {
        &self.examined().report
    }

    /// In a virtual machine of its own.
    fn in_the_machine(&self, scenarios: &BTreeSet<&str>) -> Examined {
        Examined::by(|| exam(&self.program, "vm", &[&SEED[..], &only(scenarios)].concat()))
    }

    /// `None`: not examined, because it needs a controller of cgroup2 and this row is not about limits, or because it is far
    /// from the mutant's mistake.
    pub fn status(&self, scenario: &str) -> Option<Status> {
        let lacking = self.report().checks.iter().any(|check| check.scenario == scenario && needs_a_controller(check));
        if lacking { None } else { self.report().scenario_status(scenario) }
    }

    /// What went wrong with the exam itself, beyond the lack of a controller.
    pub fn troubles(&self) -> Vec<&str> {
        let lack = |id: &str| id.starts_with("no-controller:") || id.starts_with("no-swap:");
        let errors = &self.report().infrastructure_errors;
        errors.iter().filter(|error| !lack(&error.id)).map(|error| error.text.as_str()).collect()
    }

    pub fn failed(&self) -> Vec<&'static str> {
        self.with(Status::Fail)
    }

    pub fn with(&self, status: Status) -> Vec<&'static str> {
        catalogue().iter().map(|scenario| scenario.id).filter(|id| self.status(id) == Some(status)).collect()
    }

    pub fn first_cause(&self) -> Option<&str> {
        self.report().causes.first().map(|cause| cause.id.as_str())
    }

    pub fn flags(&self) -> BTreeSet<&str> {
        self.report().flags.iter().map(|flag| flag.id.as_str()).collect()
    }
}

fn needs_a_controller(check: &Check) -> bool {
    check.status == Status::Error && matches!(check.message.id.as_str(), "no-controller" | "no-swap")
}

/// Puts what was found in the virtual machine in the place of what was found here, where limits could not be looked at.
fn complete(report: &mut Report, machine: Report) {
    let mut found: BTreeMap<String, Check> =
        machine.checks.into_iter().map(|check| (check.id.clone(), check)).collect();
    for check in &mut report.checks {
        if let Some(better) = found.remove(&check.id) {
            *check = better;
        }
    }
    report.causes = causes(&report.checks);
    report
        .infrastructure_errors
        .retain(|error| !error.id.starts_with("no-controller:") && !error.id.starts_with("no-swap:"));
    report.infrastructure_errors.extend(machine.infrastructure_errors);
}

/// As the command line is told.
fn only<'a>(scenarios: &BTreeSet<&'a str>) -> Vec<&'a str> {
    scenarios.iter().flat_map(|id| ["--only", id]).collect()
}

/// Every row, in the matrix's order.
pub fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut rows: Vec<Row> = Vec::new();
        rows.extend(crate::fakes::NAMES.iter().map(|name| Row::new(*name, Kind::Fake, control(name), false)));
        rows.extend(
            crate::cheats::NAMES
                .iter()
                .map(|name| Row::new(*name, Kind::Cheat, control(name), *name == "raises-its-limits.sh")),
        );
        let mutants: BTreeSet<&str> = MUTANTS.iter().map(|(id, ..)| *id).collect();
        rows.extend(mutants.into_iter().map(|id| Row::new(id, Kind::Mutant, mutant(id), LIMITED.contains(&id))));
        rows.extend(CONTROLS.iter().map(|control| Row {
            local: control.local,
            ..Row::new(control.name, Kind::Control, runtime(control.name), control.machine)
        }));
        rows
    })
}

/// The row of this name.
pub fn row(name: &str) -> &'static Row {
    rows().iter().find(|row| row.name == name).unwrap_or_else(|| panic!("the matrix has no row {name}"))
}

/// Every row, examined: several at a time, for an exam waits more than it works.
pub fn examined() -> &'static [Row] {
    const AT_ONCE: usize = 5;
    const MACHINES: usize = 2;
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        // What goes on into the virtual machine comes first, then whatever takes long: the mutants are quick, and many.
        let mut order: Vec<&Row> = rows().iter().collect();
        order.sort_by_key(|row| (!row.limits, row.kind == Kind::Mutant));
        let limited: Vec<&Row> = order.iter().copied().filter(|row| row.limits || !row.local).collect();
        let (next, next_limited) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| take_turns(&order, &next, |row| _ = row.here()));
            }
            for _ in 0..MACHINES {
                scope.spawn(|| take_turns(&limited, &next_limited, |row| _ = row.examined()));
            }
        });
        rows().iter().for_each(|row| _ = row.examined());
    });
    rows()
}

fn take_turns(rows: &[&Row], next: &AtomicUsize, work: impl Fn(&Row)) {
    while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
        work(row);
    }
}

/// A directory with the program and a boxproof.toml that calls it with its defect.
fn mutant(defect: &str) -> PathBuf {
    let call = format!(
        "adapter = \"command\"\ncommand = [\"{{program}}\", \"--defect\", \"{defect}\", \"run\", \"{{options}}\", \"--\", \"{{argv}}\"]\n"
    );
    let manifest = include_str!("../../wrong/boxproof.toml").replace("[offers]", &format!("{call}\n[offers]"));
    directory(&format!("mutants/{defect}"), "wrong-runtime", &manifest)
}

/// The program without what is in it for a debugger: nearly all of its 7 MB, and every testbed writes its own copy.
fn stripped(program: &str) -> PathBuf {
    static STRIPPED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut done = STRIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{program}.stripped"));
    if done.insert(program.to_owned()) {
        let mut strip = Command::new("strip");
        let status = strip.arg("-o").arg(&copy).arg(workspace_program(program)).status().expect("strip, of binutils");
        assert!(status.success(), "strip {program} failed");
    }
    copy
}

fn directory(name: &str, program: &str, manifest: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).expect("a directory for the runtime");
    let copy = directory.join(program);
    let _ = fs::remove_file(&copy);
    // The programs are 7 MB each, nearly all of it for a debugger, and every testbed writes its copy.
    fs::hard_link(stripped(program), &copy).expect("link the runtime");
    fs::write(directory.join("boxproof.toml"), manifest).expect("write its manifest");
    directory
}
