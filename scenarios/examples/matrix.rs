//! `make matrix`: every wrong runtime, every cheat and every control against the whole catalogue, as a page of Markdown.
//!
//!     matrix BOXPROOF WRONG_RUNTIME CONTROLS_DIRECTORY > docs/kill-matrix.md
//!
//! Needs root: the exams take place on this machine, two at a time. What this machine lacks (the controllers of cgroup v2)
//! is not examined, and the page says so.

use boxproof_harness::result::{Report, Status};
use boxproof_scenarios::catalogue;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;

/// One row of the matrix.
struct Row {
    name: String,
    kind: Kind,
    program: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Exactly one defect: some scenario must fail it.
    Mutant,
    /// A runtime that means to deceive: some scenario must fail it, or a flag must be raised.
    Cheat,
    /// Right in its own way: no scenario may fail it.
    Control,
}

/// What an exam said of it.
struct Verdict {
    failed: Vec<String>,
    unexamined: BTreeSet<String>,
    first_cause: Option<String>,
    flags: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [boxproof, wrong_runtime, controls] = &arguments[..] else {
        eprintln!("usage: matrix BOXPROOF WRONG_RUNTIME CONTROLS_DIRECTORY");
        return ExitCode::from(2);
    };
    match matrix(boxproof, wrong_runtime, controls) {
        Ok(page) => {
            print!("{page}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("matrix: {error}");
            ExitCode::FAILURE
        }
    }
}

fn matrix(boxproof: &Path, wrong_runtime: &Path, controls: &Path) -> Result<String, String> {
    let place = tempfile::tempdir().map_err(|error| format!("make a temporary directory: {error}"))?;
    let mut rows = mutants(wrong_runtime, place.path())?;
    rows.extend(cheats(controls)?);
    let right = Row { name: "wrong-runtime".into(), kind: Kind::Control, program: right(wrong_runtime, place.path())? };
    rows.extend([right, Row { name: "c-minimal".into(), kind: Kind::Control, program: controls.join("c-minimal") }]);
    let todo = Mutex::new(rows.iter());
    let verdicts = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while let Some(row) = next(&todo) {
                        let verdict = examine(boxproof, row)?;
                        eprintln!("{} {}", row.name, verdict.failed.join(" "));
                        lock(&verdicts).insert(row.name.clone(), verdict);
                    }
                    Ok::<(), String>(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked".to_owned())?)
    })?;
    let verdicts = verdicts.into_inner().map_err(|_| "a worker panicked".to_owned())?;
    Ok(page(&rows, &verdicts))
}

fn next<'a>(todo: &Mutex<std::slice::Iter<'a, Row>>) -> Option<&'a Row> {
    lock(todo).next()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A directory for each defect, with the program and a boxproof.toml that calls it with that defect.
fn mutants(wrong_runtime: &Path, place: &Path) -> Result<Vec<Row>, String> {
    let list = Command::new(wrong_runtime).arg("--list").output();
    let list = list.map_err(|error| format!("start {}: {error}", wrong_runtime.display()))?;
    let ids = String::from_utf8_lossy(&list.stdout).into_owned();
    let ids = ids.lines().filter_map(|line| line.split(' ').next());
    ids.map(|id| {
        let directory = place.join(id);
        let manifest = include_str!("../wrong/boxproof.toml")
            .replace("[offers]", &format!("adapter = \"command\"\ncommand = {CALL}\n[offers]").replace("ID", id));
        lay(&directory, wrong_runtime, &manifest)?;
        Ok(Row { name: id.to_owned(), kind: Kind::Mutant, program: directory })
    })
    .collect()
}

/// How a mutant is called.
const CALL: &str = r#"["{program}", "--defect", "ID", "run", "{options}", "--", "{argv}"]"#;

fn right(wrong_runtime: &Path, place: &Path) -> Result<PathBuf, String> {
    let directory = place.join("right");
    lay(&directory, wrong_runtime, include_str!("../wrong/boxproof.toml"))?;
    Ok(directory)
}

fn lay(directory: &Path, program: &Path, manifest: &str) -> Result<(), String> {
    fs::create_dir(directory)
        .and_then(|()| fs::copy(program, directory.join("wrong-runtime")))
        .and_then(|_| fs::write(directory.join("boxproof.toml"), manifest))
        .map_err(|error| format!("{}: {error}", directory.display()))
}

fn cheats(controls: &Path) -> Result<Vec<Row>, String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("controls/cheats");
    let entries = fs::read_dir(&directory).map_err(|error| format!("list {}: {error}", directory.display()))?;
    let mut rows: Vec<Row> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .map(|name| Row { program: controls.join(&name), name, kind: Kind::Cheat })
        .collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rows)
}

fn examine(boxproof: &Path, row: &Row) -> Result<Verdict, String> {
    let mut command = Command::new(boxproof);
    command.args(["exam", "--backend", "local", "--seed", "1", "--json"]).arg(&row.program);
    let output = command.stderr(Stdio::null()).output().map_err(|error| format!("start boxproof: {error}"))?;
    let report: Report =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("the result of {}: {error}", row.name))?;
    let with = |status: Status| {
        let of = |id: &str| report.checks.iter().any(|check| check.scenario == id && check.status == status);
        catalogue().iter().map(|scenario| scenario.id).filter(|id| of(id)).map(str::to_owned).collect::<Vec<_>>()
    };
    Ok(Verdict {
        failed: with(Status::Fail),
        unexamined: with(Status::Error).into_iter().collect(),
        first_cause: report.causes.first().map(|cause| cause.id.clone()),
        flags: report.flags.iter().map(|flag| flag.id.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
    })
}

fn page(rows: &[Row], verdicts: &BTreeMap<String, Verdict>) -> String {
    let mut page = String::from(
        "# The kill matrix\n\nWritten by `make matrix`; do not edit. Every deliberately wrong runtime (`scenarios/wrong`), every \
         cheat and some right runtimes\n(`scenarios/controls`) against the whole catalogue, with `--backend local --seed 1`.\n",
    );
    let unexamined: BTreeSet<&str> =
        verdicts.values().flat_map(|verdict| verdict.unexamined.iter().map(String::as_str)).collect();
    if !unexamined.is_empty() {
        let list: Vec<&str> = unexamined.into_iter().collect();
        page +=
            &format!("\nNot everything can be examined on the machine where this was written: {}.\n", list.join(", "));
    }
    for (kind, heading) in [(Kind::Mutant, "Mutants"), (Kind::Cheat, "Cheats"), (Kind::Control, "Controls")] {
        page += &format!("\n## {heading}\n\n| runtime | fails | cause named first | flags |\n|---|---|---|---|\n");
        for row in rows.iter().filter(|row| row.kind == kind) {
            let Some(verdict) = verdicts.get(&row.name) else { continue };
            let all = catalogue().len();
            let failed = match verdict.failed.len() {
                0 => "—".to_owned(),
                many if many > 12 => format!("{many} of {all} scenarios"),
                _ => verdict.failed.join(", "),
            };
            let cause = verdict.first_cause.as_deref().unwrap_or("—");
            page += &format!("| {} | {failed} | {cause} | {} |\n", row.name, verdict.flags.join(", "));
        }
    }
    page += "\n## Scenarios\n\n| scenario | mutants that it fails | those that only it fails |\n|---|---|---|\n";
    let mutants: Vec<(&str, &Verdict)> = rows
        .iter()
        .filter(|row| row.kind == Kind::Mutant)
        .filter_map(|row| Some((row.name.as_str(), verdicts.get(&row.name)?)))
        .collect();
    for scenario in catalogue() {
        let killed: Vec<&str> = mutants
            .iter()
            .filter(|(_, verdict)| verdict.failed.iter().any(|id| id == scenario.id))
            .map(|(name, _)| *name)
            .collect();
        let alone: Vec<&str> =
            mutants.iter().filter(|(_, verdict)| verdict.failed == [scenario.id]).map(|(name, _)| *name).collect();
        page += &format!("| {} | {} | {} |\n", scenario.id, killed.len(), alone.join(", "));
    }
    page
}
