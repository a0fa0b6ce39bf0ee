//! The matrix as something to read: a grid for the snapshot, a page for `docs/`.

use crate::mutants::MUTANTS;
use crate::rows::{Kind, Row};
use boxproof_harness::result::Status;
use boxproof_scenarios::catalogue;
use std::collections::BTreeMap;
use std::fmt::Write;

/// One line a runtime, one letter a scenario.
pub fn grid(rows: &[Row]) -> String {
    let mut grid = String::from(
        "x fails   . passes   - does not apply   _ not examined: this row is about something else   ! error\n\n",
    );
    for (at, scenario) in catalogue().iter().enumerate() {
        let _ = writeln!(grid, "{:>3} {}", at + 1, scenario.id);
    }
    let tens: String = (1..=catalogue().len()).map(|at| if at % 10 == 0 { '|' } else { ' ' }).collect();
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let _ = writeln!(grid, "\n{:width$} {}", "", tens.trim_end());
    for row in rows {
        let letters: String = catalogue().iter().map(|scenario| letter(row.status(scenario.id))).collect();
        let cause = row.first_cause().unwrap_or("-");
        let flags: String = row.flags().into_iter().map(|flag| format!(" +{flag}")).collect();
        let _ = writeln!(grid, "{:width$} {letters} {cause}{flags}", row.name);
    }
    grid
}

fn letter(status: Option<Status>) -> char {
    match status {
        Some(Status::Fail) => 'x',
        Some(Status::Pass) => '.',
        Some(Status::Skip) => '-',
        None => '_',
        Some(_) => '!',
    }
}

/// Whether the cause that was named first is the one of the mutant's row.
pub fn rightly_named(row: &Row) -> bool {
    MUTANTS.iter().any(|(id, _, cause)| *id == row.name && row.first_cause() == Some(*cause))
}

/// `docs/kill-matrix.md`.
pub fn page(rows: &[Row]) -> String {
    let of = |kind: Kind| rows.iter().filter(move |row| row.kind == kind);
    let (mutants, killed) = (of(Kind::Mutant).count(), of(Kind::Mutant).filter(|row| !row.failed().is_empty()).count());
    let rightly = of(Kind::Mutant).filter(|row| rightly_named(row)).count();
    let caught = of(Kind::Cheat).filter(|row| !(row.failed().is_empty() && row.flags().is_empty())).count();
    let mut page = String::from(
        "# The kill matrix\n\nWritten by `make matrix`; do not edit. Every deliberately wrong runtime (`scenarios/wrong`), every \
         cheat and fake, and right\nruntimes (`scenarios/controls`) against the whole catalogue. CI examines them all anew and fails \
         when a mutant survives, a\ncontrol fails, a scenario kills no mutant, or a line of this page changes. A mutant of one of the next \
         steps is examined in that step\nand in tier core, any other in everything but the next steps.\n\n",
    );
    let _ = writeln!(page, "- {killed} of {mutants} mutants are killed.");
    let share = rightly as f64 * 100.0 / mutants.max(1) as f64;
    let _ = writeln!(page, "- For {rightly} of them ({share:.1} %) the cause that is named first is the right one.");
    let _ = writeln!(page, "- {caught} of {} cheats fail or are flagged.", of(Kind::Cheat).count());
    let _ = writeln!(page, "- No check of the {} fakes passes.", of(Kind::Fake).count());
    let _ = writeln!(page, "- {} right runtimes, and no scenario fails one of them.", of(Kind::Control).count());
    for (kind, heading) in
        [(Kind::Mutant, "Mutants"), (Kind::Cheat, "Cheats"), (Kind::Fake, "Fakes"), (Kind::Control, "Controls")]
    {
        let _ = write!(page, "\n## {heading}\n\n| runtime | fails | cause named first | flags |\n|---|---|---|---|\n");
        for row in of(kind) {
            let failed = match row.failed() {
                none if none.is_empty() => "—".to_owned(),
                many if many.len() > 12 => format!("{} of {} scenarios", many.len(), catalogue().len()),
                failed => failed.join(", "),
            };
            let cause = row.first_cause().unwrap_or("—");
            let right = row.kind != Kind::Mutant || rightly_named(row);
            let instead = if right { String::new() } else { format!(" (not {})", expected(&row.name)) };
            let flags = row.flags().into_iter().collect::<Vec<_>>().join(", ");
            let _ = writeln!(page, "| {} | {failed} | {cause}{instead} | {flags} |", row.name);
        }
    }
    page += "\n## Scenarios\n\n| scenario | mutants that it fails | those that only it fails |\n|---|---|---|\n";
    let failed: BTreeMap<&str, Vec<&str>> = of(Kind::Mutant).map(|row| (row.name.as_str(), row.failed())).collect();
    for scenario in catalogue() {
        let killed = failed.values().filter(|ids| ids.contains(&scenario.id)).count();
        let alone = failed.iter().filter(|(_, ids)| **ids == [scenario.id]).map(|(name, _)| *name);
        let _ = writeln!(page, "| {} | {killed} | {} |", scenario.id, alone.collect::<Vec<_>>().join(", "));
    }
    page
}

fn expected(mutant: &str) -> &'static str {
    MUTANTS.iter().find(|(id, ..)| *id == mutant).map_or("", |(_, _, cause)| cause)
}
