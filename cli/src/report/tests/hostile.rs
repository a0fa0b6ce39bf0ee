//! A program that prints whatever might be taken for something else, wherever a report may show it.

use super::readers::{PYTHON, csv_read, graded, read_by, rendered, tap_read, valid};
use super::*;
use serde_json::Value;

/// Markup, Markdown, commands of GitHub's runner, points of TAP, bytes that XML has no way of writing, and bidi controls.
const NASTY: &str = "<img src=x onerror=owned()><script>owned()</script>\"'></pre></details></svg>]]>&lt;\n\
    ::error file=a::owned\n  ::stop-commands::owned\n##[set-env name=PATH]owned\n\
    ok 99 - owned\nnot ok 98\nBail out! owned\n1..500\n# Subtest: owned\n  ---\n  ...\n\
    # owned\n|a|b|\n|---|---|\n```\n~~~\n[owned](javascript:owned())\n@everyone https://owned.example $x$ **b** `c` \\`d\\`\n\
    \u{0}\u{7}\u{b}\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{ffff}\u{fffe}\u{202e}\u{feff}=1+1,\"\r\n\tend";

/// Keys whose values are ours: ids, enumerations and times. A saved result with an id that is none is refused.
const OURS: [&str; 12] = [
    "schema",
    "id",
    "scenario",
    "step",
    "tier",
    "status",
    "visibility",
    "kind",
    "locale",
    "started_at",
    "finished_at",
    "isolation",
];

/// Puts [`NASTY`] in the place of every text.
fn poison(value: &mut Value) {
    match value {
        Value::String(text) => *text = format!("{text} {NASTY}"),
        // What is a list of texts is a list of ids.
        Value::Array(items) => items.iter_mut().filter(|item| !item.is_string()).for_each(poison),
        Value::Object(fields) => {
            fields.iter_mut().filter(|(key, _)| !OURS.contains(&key.as_str())).for_each(|(_, value)| poison(value));
        }
        _ => {}
    }
}

/// A result in which every text is hostile.
pub(super) fn hostile(report: &Report) -> Report {
    let mut value = serde_json::to_value(report).expect("JSON");
    poison(&mut value);
    serde_json::from_value(value).expect("still a result")
}

#[test]
fn no_format_is_taken_over() {
    let (report, texts) = graded(Language::English);
    let report = hostile(&report);
    // Classroom 50 has a test of its own, and so have annotations, which are commands.
    let others = |format: &&Format| ![Format::Classroom50, Format::Github].contains(format);
    for format in Format::value_variants().iter().filter(others) {
        let text = rendered(*format, &report, &texts);
        let commands: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("::")).collect();
        assert!(commands.is_empty(), "{format:?}: {commands:?}");
        assert!(!text.contains("##["), "{format:?}");
        assert!(!text.contains('\u{1b}'), "{format:?}");
    }
}

/// Each line is one command, and one of ours: nothing foreign ends it or begins another.
#[test]
fn annotations_stay_ours() {
    let (report, texts) = told(Language::English);
    let text = rendered(Format::Github, &hostile(&report), &texts);
    let kinds = ["::error title=", "::warning title="];
    for line in text.lines() {
        assert!(kinds.iter().any(|kind| line.starts_with(kind)), "{line}");
        let (_, rest) = line[2..].split_once("::").expect("a message");
        let title = &line[2..line.len() - rest.len() - 2];
        assert!(!title.contains(',') && title.matches('=').count() >= 1 && !title.contains(':'), "{title}");
        assert!(!rest.contains("##[") && !rest.contains('\r'), "{rest}");
    }
    for kind in kinds {
        let count = text.lines().filter(|line| line.starts_with(kind)).count();
        assert!((1..=10).contains(&count), "{kind}: {count}");
    }
}

#[test]
fn html_stays_ours() {
    let (report, texts) = graded(Language::Japanese);
    let report = hostile(&report);
    let page = rendered(Format::Html, &report, &texts);
    for foreign in ["<img", "<script", "</pre></details>", "javascript:owned()\""] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let class = html::class_page(&[Entry { page: Some("javascript:owned()".into()), ..Entry::of(report) }], &texts);
    assert_eq!(class.matches("<script").count(), 1, "ours");
    assert!(!class.contains("<img"));
    assert!(!class.contains("href=\"javascript"));
}

#[test]
fn xml_stays_xml() {
    let (report, texts) = told(Language::English);
    let xml = rendered(Format::Junit, &hostile(&report), &texts);
    let cases = read_by("xmllint", &["--xpath", "count(//testcase)", "-"], &xml);
    assert_eq!(cases.trim(), "8");
}

#[test]
fn tap_gets_no_points_that_are_not_ours() {
    let (report, texts) = told(Language::English);
    let plain: Vec<String> = tap_read(&rendered(Format::Tap, &report, &texts));
    let poisoned = tap_read(&rendered(Format::Tap, &hostile(&report), &texts));
    assert_eq!(poisoned, plain);
}

#[test]
fn markdown_gets_no_markup_that_is_not_ours() {
    let (report, texts) = graded(Language::English);
    let page = rendered(Format::Md, &hostile(&report), &texts);
    let extensions = ["table", "autolink", "strikethrough"].iter().flat_map(|name| ["-e", name]);
    let arguments: Vec<&str> = extensions.chain(["--unsafe"]).collect();
    let html = read_by("cmark-gfm", &arguments, &page);
    assert_eq!(html.matches("<h1>").count(), 1);
    for foreign in ["<img", "<script", "<strong>b", "<del>", "href=\"javascript"] {
        assert!(!html.contains(foreign), "{foreign}: {html}");
    }
    let tables = report_steps(&report);
    assert_eq!(html.matches("<table>").count(), tables);
}

fn report_steps(report: &Report) -> usize {
    by_step(&scenarios(report)).len()
}

#[test]
fn json_formats_stay_valid() {
    let (report, texts) = graded(Language::English);
    let report = hostile(&report);
    valid("ctrf.schema.json", &rendered(Format::Ctrf, &report, &texts).replace("\\u0000", ""));
    valid("prairielearn.schema.json", &rendered(Format::Prairielearn, &report, &texts));
    valid("gradescope.schema.json", &rendered(Format::Gradescope, &report, &texts));
    assert_eq!(csv_read(&rendered(Format::Csv, &report, &texts)).len(), 1);
    read_by(PYTHON, &["-m", "json.tool"], &rendered(Format::Json, &report, &texts));
}
