//! What must hold of the matrix as a whole. These tests come first, so that all rows are examined several at a time.

use crate::page::{grid, page, rightly_named};
use crate::rows::{Kind, Row, examined, rows};
use boxproof_harness::result::Status;
use boxproof_scenarios::catalogue;
use std::collections::BTreeMap;
use std::path::Path;

fn of(kind: Kind) -> impl Iterator<Item = &'static Row> {
    examined().iter().filter(move |row| row.kind == kind)
}

fn of_all(kind: Kind) -> usize {
    rows().iter().filter(|row| row.kind == kind).count()
}

/// What a right runtime fails of that which it claims to be right in, but for what the list of controls excepts.
fn unexpectedly_failed(row: &Row) -> Vec<&'static str> {
    let control = row.control().expect("a control");
    let claimed = |id: &&str| catalogue().iter().any(|known| known.id == *id && control.tiers.contains(&known.tier));
    let excepted = |id: &&str| control.except.iter().any(|(scenario, _)| scenario == id);
    row.failed().into_iter().filter(claimed).filter(|id| !excepted(id)).collect()
}

/// `make matrix` writes both; everybody else compares.
#[test]
fn as_written_down() {
    let rows = examined();
    spent(rows);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/kill-matrix.md");
    if std::env::var_os("BOXPROOF_WRITE_MATRIX").is_some() {
        std::fs::write(&path, page(rows)).expect("write docs/kill-matrix.md");
    }
    insta::assert_snapshot!("kill-matrix", grid(rows));
    let written = std::fs::read_to_string(&path).expect("read docs/kill-matrix.md");
    assert!(
        written == page(rows),
        "docs/kill-matrix.md is not what was found: run `make matrix` and look at the difference"
    );
}

#[test]
fn controls_fail_nothing() {
    let failing: Vec<_> =
        of(Kind::Control).map(|row| (&row.name, unexpectedly_failed(row))).filter(|(_, ids)| !ids.is_empty()).collect();
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn cheats_fail_or_are_flagged() {
    let unnoticed: Vec<_> =
        of(Kind::Cheat).filter(|row| row.failed().is_empty() && row.flags().is_empty()).map(|row| &row.name).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

#[test]
fn mutants_are_killed() {
    let survivors: Vec<_> = of(Kind::Mutant).filter(|row| row.failed().is_empty()).map(|row| &row.name).collect();
    assert!(survivors.is_empty(), "{survivors:?}");
}

#[test]
fn mutants_are_told_the_right_cause_first() {
    let wrong: Vec<_> =
        of(Kind::Mutant).filter(|row| !rightly_named(row)).map(|row| (&row.name, row.first_cause())).collect();
    let all = of(Kind::Mutant).count();
    assert!((all - wrong.len()) * 100 >= all * 95, "{} of {all} are told another cause first: {wrong:?}", wrong.len());
}

#[test]
fn the_readmes_say_how_many() {
    let (mutants, cheats) = (of_all(Kind::Mutant), of_all(Kind::Cheat));
    let english = include_str!("../../../README.md");
    let japanese = include_str!("../../../README.ja.md");
    assert!(english.contains(&format!("exactly one of {mutants} defects")), "README.md, not {mutants}");
    assert!(english.contains(&format!("{cheats} cheats")), "README.md, not {cheats}");
    assert!(japanese.contains(&format!("{mutants} の欠陥")) && japanese.contains(&format!("{cheats} のごまかし")));
}

/// A scenario that no mutant fails is not known to be able to fail.
#[test]
fn scenarios_each_kill_a_mutant() {
    let kills = |id: &str| of(Kind::Mutant).any(|row| row.status(id) == Some(Status::Fail));
    let idle: Vec<&str> = catalogue().iter().map(|scenario| scenario.id).filter(|id| !kills(id)).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

/// Nothing is left undecided, whatever the runtime does.
#[test]
fn verdicts_are_verdicts() {
    let undecided = |row: &'static Row| [row.with(Status::Error), row.with(Status::Inconclusive)].concat();
    let with_reasons = |row: &'static Row| (&row.name, undecided(row), row.troubles());
    let rows: Vec<_> = examined().iter().map(with_reasons).filter(|(_, ids, _)| !ids.is_empty()).collect();
    assert!(rows.is_empty(), "{rows:?}");
}

/// What the time goes into, for whoever wants it shorter: `cargo test --test matrix -- --nocapture`.
fn spent(rows: &[Row]) {
    let mut slow: Vec<(u64, String)> =
        rows.iter().map(|row| (row.examined().took.as_millis() as u64, row.name.clone())).collect();
    slow.sort_by(|a, b| b.cmp(a));
    let sum: u64 = slow.iter().map(|(time, _)| time).sum();
    let mut scenarios: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows {
        for scenario in catalogue() {
            let check = row.report().checks.iter().find(|check| check.scenario == scenario.id);
            *scenarios.entry(scenario.id).or_default() += check.map_or(0, |check| check.duration_ms);
        }
    }
    let mut scenarios: Vec<(u64, &str)> = scenarios.into_iter().map(|(id, time)| (time, id)).collect();
    scenarios.sort_by(|a, b| b.cmp(a));
    eprintln!("{} rows, {:.0} s of exams; the longest:", rows.len(), sum as f64 / 1e3);
    slow.iter().take(15).for_each(|(time, name)| eprintln!("{:8.1} s {name}", *time as f64 / 1e3));
    eprintln!("by scenario:");
    scenarios.iter().take(15).for_each(|(time, id)| eprintln!("{:8.1} s {id}", *time as f64 / 1e3));
}
