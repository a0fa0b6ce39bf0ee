//! Every format before a real reader of it, or a validator with the format's rules.

use super::*;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What `program` says about `input`; it must be content with it.
pub(super) fn read_by(program: &str, arguments: &[&str], input: &str) -> String {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{program}: {error}: `make tools-for-tests` installs it"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("its end");
    // A reader that has seen enough says so by its status.
    let _ = writer.join();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{stdout}{stderr}", output.status);
    stdout.into_owned()
}

fn schema(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/schemas").join(name);
    path.to_str().expect("UTF-8").to_owned()
}

/// The interpreter that Debian's modules belong to, whatever else is on the PATH.
pub(super) const PYTHON: &str = "/usr/bin/python3";

/// `document` after the schema has found nothing wrong.
pub(super) fn valid(name: &str, document: &str) -> serde_json::Value {
    const VALIDATE: &str = "import json, jsonschema, sys\n\
        schema = json.load(open(sys.argv[1]))\n\
        jsonschema.Draft202012Validator.check_schema(schema)\n\
        jsonschema.Draft202012Validator(schema).validate(json.load(sys.stdin))";
    read_by(PYTHON, &["-c", VALIDATE, &schema(name)], document);
    serde_json::from_str(document).expect("JSON")
}

/// The sample as if nothing had been lacking: what failed, failed.
pub(super) fn graded(language: Language) -> (Report, Texts) {
    let (mut report, texts) = told(language);
    report.checks.retain(|check| !matches!(check.status, Status::Error | Status::Inconclusive));
    report.infrastructure_errors.clear();
    report.settle();
    assert_eq!((report.status, report.score, report.max_score), (Status::Fail, 1, 6));
    (report, texts)
}

pub(super) fn rendered(format: Format, report: &Report, texts: &Texts) -> String {
    String::from_utf8(format.render(report, texts).expect("a report")).expect("UTF-8")
}

/// What Classroom 50's runner says by variables.
fn runner(name: &str) -> Option<String> {
    let value = match name {
        "CLASSROOM" => "cs-os",
        "ASSIGNMENT" => "runtime",
        "OWNER" => "alice",
        "SUBMISSION_TAG" => "submit/2026-01-01T00-00-00Z-abc1234",
        "COMMIT_URL" => "https://github.com/x/y/commit/abc1234",
        "RELEASE_URL" => "https://github.com/x/y/releases/tag/z",
        _ => return None,
    };
    Some(value.to_owned())
}

#[test]
fn junit_is_what_jenkins_takes() {
    let (report, texts) = told(Language::English);
    let xml = rendered(Format::Junit, &report, &texts);
    read_by("xmllint", &["--noout", "--relaxng", &schema("junit.rng"), "-"], &xml);
    let count = |path: &str| read_by("xmllint", &["--xpath", path, "-"], &xml).trim().to_owned();
    assert_eq!(count("string(/testsuites/@tests)"), "8");
    assert_eq!(count("string(/testsuites/@failures)"), "3");
    assert_eq!(count("string(/testsuites/@errors)"), "2");
    assert_eq!(count("count(//testcase/failure)"), "3");
    assert_eq!(count("count(//testcase/error)"), "2");
    assert_eq!(count("count(//testcase/skipped)"), "2");
    assert_eq!(count("string(//testsuite[@name='pid-one']//property[@name='max_points']/@value)"), "2");
}

/// What TAP::Parser found in each stream: `version plan passed failed skipped errors`, the whole first, then each subtest.
///
/// Debian's TAP::Parser reads version 13, to which a subtest is text that it passes over; so every subtest is read as a
/// stream of its own.
pub(super) fn tap_read(tap: &str) -> Vec<String> {
    const READ: &str = r#"use TAP::Parser; local $/; my $all = <STDIN>;
        for my $tap (split /\x01/, $all) {
            my $p = TAP::Parser->new({ tap => $tap }); $p->run;
            print join(' ', $p->version, $p->plan, map({ scalar $_ } scalar($p->passed), scalar($p->failed), scalar($p->skipped)),
                scalar(grep { !/^Bailout/ } $p->parse_errors)), "\n";
        }"#;
    let (version, rest) = tap.split_once('\n').expect("a version");
    assert_eq!(version, "TAP version 14");
    let mut streams = vec![format!("TAP version 13\n{rest}")];
    for subtest in rest.split("\n# Subtest: ").skip(1) {
        let inside: Vec<&str> = subtest.lines().skip(1).map_while(|line| line.strip_prefix("    ")).collect();
        streams.push(format!("TAP version 13\n{}\n", inside.join("\n")));
    }
    read_by("perl", &["-e", READ], &streams.join("\u{1}")).lines().map(str::to_owned).collect()
}

#[test]
fn tap_is_read_by_perl() {
    let (report, texts) = told(Language::English);
    let read = tap_read(&rendered(Format::Tap, &report, &texts));
    // Six scenarios, of which two failed; three others were skipped or not examined.
    assert_eq!(read[0], "13 1..6 4 2 3 0");
    assert_eq!(read[1], "13 1..2 0 2 0 0", "pid-one");
    assert_eq!(read.len(), 7);
}

#[test]
fn tap_does_not_end_as_if_all_were_well_when_it_is_not() {
    let (report, texts) = told(Language::English);
    assert!(rendered(Format::Tap, &report, &texts).lines().last().is_some_and(|line| line.starts_with("Bail out! ")));
    let (report, texts) = graded(Language::English);
    assert!(!rendered(Format::Tap, &report, &texts).contains("Bail out!"));
}

#[test]
fn ctrf_is_valid_and_its_numbers_agree() {
    for language in Language::ALL {
        let (report, texts) = told(language);
        let ctrf = valid("ctrf.schema.json", &rendered(Format::Ctrf, &report, &texts));
        let summary = &ctrf["results"]["summary"];
        let counts = ["tests", "passed", "failed", "skipped", "pending", "other"].map(|name| summary[name].as_u64());
        assert_eq!(counts, [8, 1, 3, 2, 0, 2].map(Some));
        assert_eq!(
            summary["stop"].as_u64().zip(summary["start"].as_u64()).map(|(stop, start)| stop - start),
            Some(2000)
        );
        let labels = &ctrf["results"]["tests"][0]["labels"];
        assert_eq!((&labels["tier"], &labels["step"]), (&"core".into(), &"2-1".into()));
    }
}

#[test]
fn gradescope_adds_the_points_itself() {
    let (report, texts) = graded(Language::English);
    let results = valid("gradescope.schema.json", &rendered(Format::Gradescope, &report, &texts));
    assert_eq!(results.get("score"), None, "a second total could disagree");
    let tests = results["tests"].as_array().expect("tests");
    let sum = |name: &str| tests.iter().filter_map(|test| test[name].as_u64()).sum::<u64>();
    assert_eq!((sum("score"), sum("max_score")), (1, 6));
    assert!(tests[0]["output"].as_str().is_some_and(|output| output.contains("CLONE_NEWPID")), "{}", tests[0]);
}

#[test]
fn gradescope_keeps_the_score_before_an_error() {
    let (report, texts) = told(Language::English);
    let results = gradescope::gradescope(&report, &texts, Some(7.5)).expect("JSON");
    let results = valid("gradescope.schema.json", &results);
    assert_eq!(results["score"], 7.5);
    assert!(results["tests"].as_array().is_some_and(|tests| tests.iter().all(|test| test.get("score").is_none())));
    let first = valid("gradescope.schema.json", &gradescope::gradescope(&report, &texts, None).expect("JSON"));
    assert_eq!(first.get("score"), None, "an error is no 0");
}

#[test]
fn gradescope_says_what_came_before() {
    let submission = |time: &str, error: bool, score: &str| {
        format!(r#"{{"submission_time":"{time}","autograder_error":{error},"score":{score},"results":{{}}}}"#)
    };
    let metadata = |submissions: &[String]| format!(r#"{{"previous_submissions":[{}]}}"#, submissions.join(","));
    let earlier = [
        submission("2026-01-03T00:00:00.000000-08:00", true, "0.0"),
        submission("2026-01-02T00:00:00.000000-08:00", false, "\"12.0\""),
        submission("2026-01-01T00:00:00.000000-08:00", false, "3.0"),
    ];
    assert_eq!(gradescope::previous_score_in(&metadata(&earlier)), Some(12.0));
    assert_eq!(gradescope::previous_score_in(&metadata(&[])), None);
    assert_eq!(gradescope::previous_score_in("nonsense"), None);
}

#[test]
fn classroom50_is_valid_and_integers() {
    let (mut report, texts) = graded(Language::Japanese);
    report.submission.committed_at = Some("2026-01-01T08:00:00+09:00".into());
    let document = classroom50::classroom50(&report, &texts, &runner).expect("a result");
    let result = valid("classroom50.schema.json", &document);
    assert_eq!((&result["score"], &result["max-score"]), (&1.into(), &6.into()));
    assert_eq!(result["datetime"], "2025-12-31T23:00:00Z", "the commit's time, whenever it is graded");
    assert_eq!(result["review"], result["commit"]);
}

#[test]
fn classroom50_writes_nothing_rather_than_a_wrong_score() {
    let (report, texts) = told(Language::English);
    let refused = classroom50::classroom50(&report, &texts, &runner).expect_err("an error is no score");
    assert!(refused.to_string().contains("graded again"), "{refused}");
    let (report, texts) = graded(Language::English);
    let outside = classroom50::classroom50(&report, &texts, &|_| None).expect_err("no runner");
    assert!(outside.to_string().contains("COMMIT_URL"), "{outside}");
}

#[test]
fn prairielearn_is_valid_and_below_its_limit() {
    let (mut report, texts) = graded(Language::English);
    let results = valid("prairielearn.schema.json", &rendered(Format::Prairielearn, &report, &texts));
    assert_eq!(results["score"], 1.0 / 6.0);
    assert!(results["tests"][0]["message"].as_str().is_some_and(|told| told.contains("CLONE_NEWPID")));
    flood(&mut report);
    let full = rendered(Format::Prairielearn, &report, &texts);
    assert!(full.len() < 1_000_000, "{}", full.len());
    let results = valid("prairielearn.schema.json", &full);
    assert!(results["output"].as_str().is_some_and(|told| told.contains("left out")));
}

/// As many failures as make more than any reader takes.
fn flood(report: &mut Report) {
    let pattern = report.checks[0].clone();
    report.checks = (0..2000)
        .map(|number| Check {
            id: format!("pid-one.check-{number}"),
            expected: "line of many\n".repeat(40),
            observed: "0123456789\n".repeat(40),
            ..pattern.clone()
        })
        .collect();
    report.settle();
}

#[test]
fn what_was_not_examined_costs_nobody_anything() {
    let (report, texts) = told(Language::English);
    let prairielearn = valid("prairielearn.schema.json", &rendered(Format::Prairielearn, &report, &texts));
    assert_eq!(prairielearn["gradable"], false);
    let autolab = autolab_lines(&rendered(Format::Autolab, &report, &texts));
    assert_eq!(autolab[1], serde_json::json!({ "scores": {} }));
    let csv = csv_read(&rendered(Format::Csv, &report, &texts));
    assert_eq!((csv[0]["status"].as_str(), csv[0]["score"].as_str()), (Some("error"), Some("")));
}

/// The two lines, which are valid, as an array.
fn autolab_lines(text: &str) -> serde_json::Value {
    assert_eq!(text.lines().count(), 2, "{text}");
    valid("autolab.schema.json", &format!("[{}]", text.lines().collect::<Vec<_>>().join(",")))
}

#[test]
fn autolab_gets_feedback_and_scores() {
    let (report, texts) = graded(Language::English);
    let lines = autolab_lines(&rendered(Format::Autolab, &report, &texts));
    assert_eq!(lines[1], serde_json::json!({ "scores": { "core": 1, "robust": 0 }, "scoreboard": [1] }));
    let stages: Vec<&str> =
        lines[0]["stages"].as_array().expect("stages").iter().filter_map(|stage| stage.as_str()).collect();
    let named = stages.iter().filter(|stage| lines[0][*stage].is_object()).count();
    assert_eq!(named, 3, "{stages:?}");
}

/// The rows by column name, as Python's csv module reads them.
pub(super) fn csv_read(table: &str) -> Vec<serde_json::Value> {
    const READ: &str = "import csv, io, json, sys\n\
        text = sys.stdin.buffer.read().decode()\n\
        rows = list(csv.DictReader(io.StringIO(text, newline=''), strict=True))\n\
        assert all(None not in row and None not in row.values() for row in rows), 'ragged rows'\n\
        print(json.dumps(rows))";
    let rows: serde_json::Value = serde_json::from_str(&read_by(PYTHON, &["-c", READ], table)).expect("JSON");
    rows.as_array().expect("rows").clone()
}

#[test]
fn csv_is_a_table_and_runs_nothing() {
    let (report, _) = graded(Language::English);
    let mut other = report.clone();
    other.checks.truncate(1);
    let entries = [
        Entry {
            student: "=HYPERLINK(\"x\")".into(),
            late: Some(std::time::Duration::from_secs(60)),
            ..Entry::of(report)
        },
        Entry { student: "Ōno, \"Taro\"".into(), ..Entry::of(other) },
    ];
    let rows = csv_read(&csv::csv(&entries));
    assert_eq!(rows[0]["student_id"], "'=HYPERLINK(\"x\")");
    assert_eq!(rows[1]["student_id"], "Ōno, \"Taro\"");
    assert_eq!((&rows[0]["late"], &rows[1]["late"]), (&"true".into(), &"".into()));
    assert_eq!((&rows[0]["pid-one.is-pid-one"], &rows[1]["pid-one.is-pid-one"]), (&"fail".into(), &"".into()));
    assert_eq!(rows[0]["flags"], "ran-isolation-tools");
}

#[test]
fn markdown_never_exceeds_what_github_takes() {
    let (mut report, texts) = graded(Language::Japanese);
    let page = rendered(Format::Md, &report, &texts);
    assert!(!page.contains("1 MiB"), "{page}");
    flood(&mut report);
    let page = rendered(Format::Md, &report, &texts);
    assert!(page.len() < 1 << 20, "{}", page.len());
    assert!(page.lines().last().is_some_and(|line| line.contains("1 MiB")), "it says what is missing");
    assert!(page.contains("CLONE\\_NEWPID"), "the cause comes first");
}

#[test]
fn markdown_is_read_as_it_is_meant() {
    let (report, texts) = told(Language::English);
    let page = rendered(Format::Md, &report, &texts);
    let html = read_by("cmark-gfm", &["-e", "table", "-e", "autolink", "--unsafe"], &page);
    assert_eq!(html.matches("<h1>").count(), 1);
    assert_eq!(html.matches("<table>").count(), 3, "a table for each step");
    assert_eq!(html.matches("<h3>").count(), 3, "a heading for each failure");
    assert!(html.contains("<code>/usr/sbin/chroot\\u{1b}[2J (exit-status)</code>"), "{html}");
}
