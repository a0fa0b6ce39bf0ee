//! `boxproof course` and `boxproof exam --course` from outside.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use rstest::rstest;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn boxproof() -> Command {
    let mut command = Command::cargo_bin("boxproof").expect("the program under test");
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "CLICOLOR_FORCE", "BOXPROOF_BACKEND"] {
        command.env_remove(name);
    }
    command
}

fn written(directory: &Path, text: &str) -> PathBuf {
    let path = directory.join("course.toml");
    fs::write(&path, text).expect("write a course");
    path
}

#[test]
fn the_default_is_printed_and_has_no_fault() {
    let printed = boxproof().args(["course", "--print-default"]).assert().success().get_output().stdout.clone();
    let place = tempfile::tempdir().expect("a directory");
    let path = written(place.path(), &String::from_utf8(printed).expect("text"));
    let amounts = predicates::str::is_match(r"\n\d+ points for \d+ scenarios\n$").expect("a pattern");
    boxproof().args(["course", "check"]).arg(path).assert().success().stdout(amounts).stderr("");
}

#[test]
fn without_a_word_it_shows_how_it_is_called() {
    boxproof().arg("course").assert().code(2).stderr(contains("--print-default"));
    boxproof().args(["course", "check", "/nonexistent.toml"]).assert().code(2).stderr(contains("/nonexistent.toml"));
}

const GOOD: &str = "[course]\nid = \"x\"\n[[part]]\nscenarios = [\"pid-one\"]\n";

#[rstest]
#[case::syntax("[course]\nid = \n", ":2:", "no TOML")]
#[case::key("[course]\nid = \"x\"\n[[part]]\nscenarois = [\"pid-one\"]\n", ":4:1:", "Did you mean scenarios?")]
#[case::table("[course]\nid = \"x\"\n[[part]]\ntiers = [\"core\"]\n[limit]\n", ":5:2:", "Did you mean limits?")]
#[case::scenario("[course]\nid = \"x\"\n[[part]]\nscenarios = [\"pid-won\"]\n", ":4:14:", "Did you mean pid-one")]
#[case::check(&format!("{GOOD}[checks]\n\"pid-one.is-pid-two\" = 1\n"), ":6:1:", "pid-one.is-pid-one")]
#[case::dotted_check(&format!("{GOOD}[checks]\npid-one.is-pid-two = 1\n"), ":6:9:", "pid-one.is-pid-one")]
#[case::not_chosen(&format!("{GOOD}[checks]\n\"exit-status.status\" = 1\n"), ":6:1:", "exit-status.")]
#[case::negative(&format!("{GOOD}points = -1\n"), ":5:10:", "between 0 and 10000")]
#[case::half(&format!("{GOOD}points = 1.5\n"), ":5:10:", "whole number")]
#[case::step(&format!("{GOOD}[[part]]\nsteps = [\"9\"]\n"), ":6:10:", "no step `9`")]
#[case::tier(&format!("{GOOD}[[part]]\ntiers = [\"corr\"]\n"), ":6:10:", "\"core\"")]
#[case::visibility(&format!("{GOOD}visibility = \"secret\"\n"), ":5:14:", "after_due_date")]
#[case::need(&format!("{GOOD}needs = [\"exit-status\"]\n"), ":5:10:", "does not choose it")]
#[case::points(&format!("{GOOD}points = 1\n[checks]\n\"pid-one.is-pid-one\" = 5\n"), ":7:1:", "5 points, the scenario 1")]
#[case::memory(&format!("{GOOD}[parameters]\nmemory = \"1G\"\n"), ":6:10:", "from 20 to 128")]
#[case::address(&format!("{GOOD}[parameters]\ncontainer = \"10.0.0.2\"\n"), ":6:13:", "10.0.0.2/24")]
#[case::network(&format!("{GOOD}[parameters]\nhost = \"10.1.0.1\"\n"), ":5:", "one network")]
#[case::port(&format!("{GOOD}[parameters]\nport = 70000\n"), ":6:8:", "between 1 and 65535")]
#[case::patience(&format!("{GOOD}[limits]\npatience = 0\n"), ":6:12:", "between 0.1 and 100")]
#[case::deadline("[course]\nid = \"x\"\ndeadline = 2026-11-30\n[[part]]\ntiers = [\"core\"]\n", ":3:12:", "UTC")]
#[case::program(&format!("{GOOD}[programs]\nforbid = [\"/bin/sh\"]\n"), ":6:11:", "without a path")]
#[case::both(&format!("{GOOD}[programs]\nallow = [\"ip\"]\nforbid = [\"ip\"]\n"), ":7:11:", "allowed and forbidden")]
#[case::nothing("[course]\nid = \"x\"\n", ":1:1:", "chooses no scenario")]
#[case::nameless("[[part]]\ntiers = [\"core\"]\n", ":1:1:", "needs a name")]
fn a_mistake_is_named_at_its_place(#[case] text: &str, #[case] place: &str, #[case] said: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = written(directory.path(), text);
    let named = contains(format!("{}{place}", path.display())).and(contains(said));
    boxproof().args(["course", "check"]).arg(&path).assert().code(2).stdout("").stderr(named);
}

#[test]
fn a_circle_of_prerequisites_is_shown_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = written(
        directory.path(),
        "[course]\nid = \"x\"\n[[part]]\nscenarios = [\"pid-one\"]\nneeds = [\"exit-status\"]\n\
         [[part]]\nscenarios = [\"exit-status\"]\nneeds = [\"pid-one\"]\n",
    );
    let said = contains("course.toml:8:10:").and(contains("pid-one → exit-status → pid-one"));
    boxproof().args(["course", "check"]).arg(&path).assert().code(2).stderr(said);
}

#[test]
fn all_mistakes_are_told_at_once_and_in_the_readers_language() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = written(directory.path(), "[course]\nid = \"x\"\n[[part]]\nscenarios = [\"pid-on\"]\npoints = -3\n");
    let both = contains(":4:14: `pid-on` というシナリオはありません。 pid-one のことですか。")
        .and(contains(":5:10: `points` は 0 から 10000 までにしてください"));
    boxproof().args(["course", "check", "--lang", "ja"]).arg(&path).assert().code(2).stderr(both);
}

#[rstest]
#[case::twice(&format!("{GOOD}[[part]]\nscenarios = [\"exit-status\", \"pid-one\"]\n"), ":6:29:", "chosen twice")]
#[case::nothing(&format!("{GOOD}points = 0\n"), ":4:14:", "`pid-one` is worth nothing")]
#[case::empty_part(&format!("{GOOD}[[part]]\npoints = 2\n"), ":5:", "chooses no scenario")]
#[case::few(
    "[course]\nid = \"x\"\n[[part]]\nscenarios = [\"memory-oom-kill\"]\npoints = 4\n",
    ":5:10:",
    "6 of them are worth nothing"
)]
fn what_is_hardly_meant_is_warned_of(#[case] text: &str, #[case] place: &str, #[case] said: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = written(directory.path(), text);
    let named = contains(format!("{}{place}", path.display())).and(contains(said));
    boxproof().args(["course", "check"]).arg(&path).assert().success().stderr(named);
}

/// The result of an exam by this course on this machine.
fn examined(runtime: &Path, course: &Path, code: i32) -> Value {
    assert!(nix::unistd::geteuid().is_root(), "this test runs `boxproof exam --backend local` and needs root");
    let mut command = boxproof();
    command.args(["exam", "--backend", "local", "--json", "--seed", "3", "--course"]).arg(course).arg(runtime);
    let output = command.assert().code(code).get_output().stdout.clone();
    serde_json::from_slice(&output).expect("result/v1")
}

fn runtime(directory: &Path, script: &str) -> PathBuf {
    let path = directory.join("mycontainer");
    fs::write(&path, script).expect("write a program");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    path
}

/// A right enough runtime that leaves the work to a tool.
const BY_UNSHARE: &str = "#!/bin/sh\n[ \"$1\" = run ] || { echo \"usage: $0 run CMD\" >&2; exit 2; }\nshift\nexec unshare --pid --fork --mount chroot rootfs \"$@\"\n";

#[test]
fn as_root_points_needs_and_visibility_follow_the_course() {
    let place = tempfile::tempdir().expect("a directory");
    let program = runtime(place.path(), "#!/bin/sh\n[ \"$1\" = run ] || exit 0\nexit 0\n");
    let course = written(
        place.path(),
        "[course]\nid = \"small\"\nlanguage = \"ja\"\n[[part]]\nscenarios = [\"pid-one\"]\npoints = 12\n\
         [[part]]\nscenarios = [\"exit-status\"]\nneeds = [\"pid-one\"]\nvisibility = \"hidden\"\n",
    );
    let result = examined(&program, &course, 1);
    assert_eq!(result["scenario_set"]["id"], "small");
    assert_eq!(result["run"]["locale"], "ja");
    let checks = result["checks"].as_array().expect("checks");
    let of = |scenario: &str| checks.iter().filter(|check| check["scenario"] == scenario).collect::<Vec<_>>();
    assert_eq!(of("pid-one").iter().filter_map(|check| check["max_score"].as_u64()).sum::<u64>(), 12);
    assert!(of("exit-status").iter().all(|check| check["status"] == "skip"
        && check["message"]["id"] == "prerequisite-failed"
        && check["needs"][0] == "pid-one"
        && check["visibility"] == "hidden"));
    assert_eq!(checks.len(), of("pid-one").len() + of("exit-status").len(), "nothing but what the course chooses");
    assert_eq!(result["score"], 0);
}

#[test]
fn as_root_a_forbidden_program_is_seen_by_the_kernel_and_punished_by_the_course() {
    let place = tempfile::tempdir().expect("a directory");
    let program = runtime(place.path(), BY_UNSHARE);
    let by = |rules: &str| {
        let text = format!("[course]\nid = \"x\"\n[[part]]\nscenarios = [\"pid-one\"]\n[programs]\n{rules}\n");
        examined(&program, &written(place.path(), &text), 0)
    };
    let flags = |result: &Value| -> Vec<String> {
        let all = result["flags"].as_array().expect("flags").iter();
        all.map(|flag| flag["id"].as_str().expect("an id").to_owned()).collect()
    };
    let unsaid = by("");
    assert_eq!(flags(&unsaid), ["ran-isolation-tools"]);
    assert!(unsaid["score"].as_u64() > Some(0));
    assert_eq!(flags(&by("allow = [\"isolation-tools\"]")), [""; 0]);
    let forbidden = by("forbid = [\"unshare\"]\nallow = [\"chroot\"]\nconsequence = \"scenario\"");
    assert_eq!(flags(&forbidden), ["ran-a-forbidden-program"]);
    assert_eq!((&forbidden["score"], &forbidden["status"]), (&Value::from(0), &Value::from("pass")));
    assert_eq!(forbidden["flags"][0]["scenarios"][0], "pid-one");
    let noted = by("forbid = [\"isolation-tools\"]");
    assert_eq!(flags(&noted), ["ran-a-forbidden-program"]);
    assert_eq!(noted["score"], noted["max_score"], "a flag alone deducts nothing");
}

#[test]
fn as_root_the_numbers_in_the_workshops_commands_are_the_courses() {
    let place = tempfile::tempdir().expect("a directory");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/controls/manual-step2.sh");
    let text = "[course]\nid = \"x\"\n[[part]]\nscenarios = [\"veth-netcat\"]\n[parameters]\nhost = \"192.168.77.1\"\n\
                container = \"192.168.77.9/28\"\nport = 7007\n";
    let result = examined(&program, &written(place.path(), text), 0);
    assert_eq!(result["status"], "pass");
    let way_back =
        result["checks"].as_array().expect("checks").iter().find(|check| check["id"] == "veth-netcat.way-back");
    let observed = way_back.expect("the check")["observed"].as_str().expect("a text");
    assert!(observed.contains("from 192.168.77.9"), "{observed}");
}
