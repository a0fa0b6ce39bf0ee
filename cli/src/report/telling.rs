//! A check in plain words, for the formats that hold text: what was run, expected and observed, where that comes from,
//! and what is the likely cause.

use super::{kernel_facts, printed_facts};
use crate::words::{harmless, line, lines};
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::{Params, Texts};

/// How many lines of a value are told.
const VALUE_LINES: usize = 20;

/// What became of a check: of a failure everything that explains it, of others the reason in a line.
pub fn telling(check: &Check, texts: &Texts) -> String {
    if check.status != Status::Fail {
        return harmless(&check.message.text);
    }
    let mut told = String::new();
    let mut field = |name: &str, value: &str| {
        let value = lines(value, VALUE_LINES);
        if !value.is_empty() {
            told.push_str(&format!("{}: {}\n", texts.plain(name), value.join("\n    ")));
        }
    };
    if check.expected.is_empty() && check.observed.is_empty() {
        field("ui-observed", &check.message.text);
    }
    field("ui-command", &check.command);
    field("ui-expected", &check.expected);
    field("ui-observed", &check.observed);
    for fact in kernel_facts(check) {
        field("ui-evidence", &format!("{}: {}", fact.source, fact.value));
    }
    for fact in printed_facts(check) {
        field("ui-printed", &format!("$ {}\n{}", fact.source, fact.value));
    }
    field("ui-stderr", &check.stderr);
    if let Some(hint) = &check.hint {
        field("ui-hint", &hint.text);
    }
    if let Some(hand) = by_hand(check, texts) {
        field("ui-hand", &hand);
    }
    told.truncate(told.trim_end().len());
    told
}

/// How a learner sees the same by hand: as the cause says, else as the scenario does.
pub fn by_hand(check: &Check, texts: &Texts) -> Option<String> {
    let of_cause = check.hint.as_ref().and_then(|hint| texts.find(&format!("cause-{}.hand", hint.id), &hint.params));
    of_cause.or_else(|| texts.find(&format!("scenario-{}.hand", check.scenario), &Params::new()))
}

/// `pid-one.is-pid-one: The first process counts itself as PID 1`, in one line.
pub fn name(check: &Check) -> String {
    match check.title.is_empty() {
        true => check.id.clone(),
        false => line(&format!("{}: {}", check.id, check.title)),
    }
}

/// The first cause, and how many there are more.
pub fn first_cause(report: &Report, texts: &Texts) -> Option<String> {
    let (first, more) = report.causes.split_first()?;
    let more = match more.len() {
        0 => String::new(),
        more => format!(" {}", texts.text("ui-more-causes", &super::params([("count", &more.to_string())]))),
    };
    Some(format!("{}{more}", harmless(&first.text)))
}
