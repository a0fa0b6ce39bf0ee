//! `boxproof report`: saved results in another format.

use crate::args::{ReportArgs, language};
use crate::outcome::{Outcome, Trouble};
use crate::report::{Entry, params};
use boxproof_harness::result::{Report, SCHEMA, write_atomically};
use boxproof_scenarios::texts::{Language, Texts};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Reads the results, writes the report.
pub fn run(args: &ReportArgs) -> Result<Outcome, Trouble> {
    let complaints = crate::words::texts(language(args.lang));
    let mut reports = Vec::new();
    for path in &args.results {
        reports.push(read(path, &complaints)?);
    }
    let written_in = reports.first().map_or(Language::English, |report| Language::of_locale(&report.run.locale));
    let texts = crate::words::texts(args.lang.map_or(written_in, |asked| language(Some(asked))));
    for report in &mut reports {
        // A result of another boxproof may hold texts that this one has no ids of: they stay unless another language is
        // asked for.
        if report.run.locale != texts.language().code() {
            texts.fill(report);
        }
    }
    let bytes = match reports.as_slice() {
        [report] => args.format.render(report, &texts).map_err(Trouble::environment)?,
        _ => {
            let one = || Trouble::usage(complaints.plain("ui-one-result"));
            args.format.render_class(&entries(reports, &args.results), &texts).ok_or_else(one)?
        }
    };
    match &args.output {
        Some(path) => write_atomically(path, &bytes)
            .map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))?,
        None => {
            crate::words::print_bytes(&bytes)?;
        }
    }
    Ok(Outcome::Passed)
}

/// A saved result, or why it is none.
fn read(path: &Path, texts: &Texts) -> Result<Report, Trouble> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| Trouble::usage(format!("read {name}: {error}")))?;
    let report: Result<Report, _> = serde_json::from_slice(&bytes);
    let no_result = |why: String| {
        let about = params([("path", name.as_str()), ("schema", SCHEMA), ("error", why.as_str())]);
        Trouble::usage(texts.text("ui-no-result", &about))
    };
    let report = report.map_err(|error| no_result(error.to_string()))?;
    if report.schema != SCHEMA {
        return Err(no_result(format!("schema {}", report.schema)));
    }
    let stranger = ids(&report).find(|id| !is_id(id)).map(|id| format!("id {id:?}"));
    stranger.map_or(Ok(report), |id| Err(no_result(id)))
}

/// Every id in a result. Reports rely on them for structure, where all other text is foreign to them.
fn ids(report: &Report) -> impl Iterator<Item = &str> {
    let of_checks = report.checks.iter().flat_map(|check| {
        let hint = check.hint.as_ref().map(|hint| hint.id.as_str());
        [&check.id, &check.scenario, &check.step, &check.message.id].map(String::as_str).into_iter().chain(hint)
    });
    let of_causes = report.causes.iter().flat_map(|cause| std::iter::once(&cause.id).chain(&cause.checks));
    let others = report.flags.iter().map(|flag| &flag.id);
    of_checks.chain(of_causes.chain(others).map(String::as_str))
}

fn is_id(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.:".contains(letter))
}

/// The results of a class. Students are called as their results say; where that is the same for two of them, as it is
/// when everybody's program has the same name, as the files are.
fn entries(reports: Vec<Report>, paths: &[std::path::PathBuf]) -> Vec<Entry> {
    let ids: BTreeSet<&str> = reports.iter().map(|report| report.submission.id.as_str()).collect();
    let distinct = ids.len() == reports.len();
    let named = reports.into_iter().zip(paths).map(|(report, path)| {
        let entry = Entry::of(report);
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        match stem.filter(|_| !distinct) {
            Some(student) => Entry { student, ..entry },
            None => entry,
        }
    });
    named.collect()
}
