//! `boxproof class` and `boxproof merge` from outside, on this machine, with a course that takes a second a student.

use assert_cmd::cargo::cargo_bin;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::Duration;

const COURSE: &str = "[course]\nid = \"small\"\ndeadline = 2026-11-30T23:59:59+09:00\nseed = 7\n\
    [[part]]\nscenarios = [\"pid-one\", \"usage-explained\"]\npoints = 10\n\
    [[part]]\nscenarios = [\"exit-status\"]\npoints = 5\nvisibility = \"hidden\"\n\
    [limits]\nsize = \"1M\"\nbuild = 20\n";

/// Isolates the PID namespace and the root, and hands the status on.
const RIGHT: &str = "#!/bin/sh\n[ \"$1\" = run ] && [ $# -gt 1 ] || { echo \"usage: $0 run CMD ARGS...\" >&2; exit 2; }\n\
    shift\nexec unshare --pid --fork --mount --kill-child chroot rootfs \"$@\"\n";
/// Runs the command in the right root, and isolates nothing.
const WRONG: &str = "#!/bin/sh\n[ \"$1\" = run ] && [ $# -gt 1 ] || { echo \"usage: $0 run CMD ARGS...\" >&2; exit 2; }\n\
    shift\nexec chroot rootfs \"$@\"\n";

/// A folder of submissions, and a course.
struct Class {
    place: tempfile::TempDir,
}

impl Class {
    fn new() -> Class {
        assert!(nix::unistd::geteuid().is_root(), "these tests run `--backend local` and need root");
        let class = Class { place: tempfile::tempdir().expect("a directory") };
        fs::create_dir(class.at("class")).expect("mkdir");
        fs::write(class.at("course.toml"), COURSE).expect("write the course");
        class
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn hands_in(&self, student: &str, script: &str) {
        self.program(&format!("class/{student}"), script);
    }

    fn program(&self, name: &str, script: &str) {
        fs::write(self.at(name), script).expect("write a program");
        fs::set_permissions(self.at(name), fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    fn command(&self, of: &str, out: &str, more: &[&str]) -> Process {
        let mut command = Process::new(cargo_bin("boxproof"));
        for name in ["LC_ALL", "LC_MESSAGES", "LANG", "BOXPROOF_BACKEND"] {
            command.env_remove(name);
        }
        command.arg("class").arg(self.at(of)).arg("--course").arg(self.at("course.toml")).arg("-o").arg(self.at(out));
        command.args(["--backend", "local", "--jobs", "2"]).args(more);
        command
    }

    fn examine(&self, of: &str, out: &str, more: &[&str], code: i32) -> assert_cmd::assert::Assert {
        assert_cmd::Command::from_std(self.command(of, out, more)).assert().code(code)
    }

    fn json(&self, path: &str) -> Value {
        let text = fs::read(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_slice(&text).expect("JSON")
    }

    fn rows(&self, out: &str) -> BTreeMap<String, Value> {
        let class = self.json(&format!("{out}/class.json"));
        let rows = class["students"].as_array().expect("students").iter();
        rows.map(|row| (row["id"].as_str().expect("an id").to_owned(), row.clone())).collect()
    }

    /// class.json and class.csv without times.
    fn timeless(&self, out: &str) -> (String, String) {
        let mut class = self.json(&format!("{out}/class.json"));
        for key in ["started_at", "finished_at"] {
            class[key] = Value::Null;
        }
        for row in class["students"].as_array_mut().expect("students") {
            row["graded_at"] = Value::Null;
        }
        let csv = fs::read_to_string(self.at(&format!("{out}/class.csv"))).expect("class.csv");
        let csv = csv.lines().map(|line| line.rsplit_once(',').map_or(line, |(before, _)| before)).collect::<Vec<_>>();
        (serde_json::to_string_pretty(&class).expect("JSON"), csv.join("\n"))
    }

    /// How each check of a student's ended, from the student's own result.
    fn verdicts(&self, out: &str, student: &str) -> BTreeMap<String, String> {
        verdicts(&self.json(&format!("{out}/{student}/result.json")))
    }
}

fn verdicts(result: &Value) -> BTreeMap<String, String> {
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    result["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .map(|check| (word(&check["id"]), word(&check["status"])))
        .collect()
}

#[test]
fn as_root_one_result_and_one_page_each_whatever_was_handed_in() {
    let class = Class::new();
    class.hands_in("right", RIGHT);
    class.hands_in("wrong", WRONG);
    class.hands_in("picture", "\u{89}PNG no program at all");
    fs::create_dir(class.at("class/empty")).expect("mkdir");
    symlink("circle", class.at("class/circle")).expect("a link to itself");
    fs::File::create(class.at("class/huge")).and_then(|file| file.set_len(10 << 30)).expect("a sparse file");
    nix::unistd::mkfifo(&class.at("class/pipe"), nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
    class.examine("class", "out", &[], 0).stdout(contains("7 graded, 0 not examined"));

    let rows = class.rows("out");
    let score = |student: &str| (rows[student]["status"].clone(), rows[student]["score"].clone());
    assert_eq!(score("right"), ("pass".into(), 25.into()));
    for broken in ["picture", "empty", "circle", "huge", "pipe"] {
        assert_eq!(score(broken), ("fail".into(), 0.into()), "{broken}: {}", rows[broken]);
        let result = class.json(&format!("out/{broken}/result.json"));
        assert_eq!(result["checks"][0]["message"]["id"], "submission-unusable");
        assert!(rows[broken]["error"].is_string(), "the teacher sees why: {}", rows[broken]);
        assert_eq!(result["max_score"], 25, "every listed check appears");
    }
    let wrong = rows["wrong"]["score"].as_u64().expect("a score");
    assert!((1..25).contains(&wrong), "partial credit: {wrong}");
    assert_eq!(class.verdicts("out", "wrong")["pid-one.is-pid-one"], "fail");
    let page = fs::read_to_string(class.at("out/wrong/report.md")).expect("a page");
    assert!(page.contains("pid-one") && !page.contains("exit-status"), "what is hidden is not on the student's page");

    let csv = fs::read_to_string(class.at("out/class.csv")).expect("class.csv");
    let header = csv.lines().next().expect("a header");
    assert!(header.starts_with("student_id,submission,commit,committed_at,late,status,score,max_score,"), "{header}");
    assert!(header.contains(",pid-one.is-pid-one,") && header.ends_with(",flags,error,tool_version,seed,graded_at"));
    assert_eq!(csv.lines().count(), 8);
    assert_eq!(class.json("out/class.json")["stats"]["per_check"]["pid-one.is-pid-one"]["pass"], 1);
}

#[test]
fn as_root_the_class_says_what_one_exam_after_the_other_says() {
    let class = Class::new();
    class.hands_in("right", RIGHT);
    class.hands_in("wrong", WRONG);
    class.examine("class", "out", &[], 0);
    for student in ["right", "wrong"] {
        let seed = class.rows("out")[student]["seed"].to_string();
        let mut exam = assert_cmd::Command::new(cargo_bin("boxproof"));
        exam.args(["exam", "--backend", "local", "--json", "--seed", &seed, "--course"]).arg(class.at("course.toml"));
        let output = exam.arg(class.at(&format!("class/{student}"))).output().expect("an exam");
        let alone: Value = serde_json::from_slice(&output.stdout).expect("result/v1");
        assert_eq!(verdicts(&alone), class.verdicts("out", student), "{student}");
        assert_eq!(alone["score"], class.rows("out")[student]["score"]);
    }
}

#[test]
fn as_root_who_is_late_and_who_cannot_be_examined() {
    let class = Class::new();
    class.hands_in("a", RIGHT);
    class.hands_in("b", RIGHT);
    let roster = "student_id,path,commit,committed_at\nearly,class/a,,2026-11-30T14:59:59Z\n\
                  late,class/b,abc,2026-12-01T00:00:00+09:00\nnobody,class/nothing,,\n";
    fs::write(class.at("roster.csv"), roster).expect("write the roster");
    class.examine("roster.csv", "out", &[], 3).stdout(contains("2 graded, 1 not examined"));
    let rows = class.rows("out");
    assert_eq!((&rows["early"]["late"], &rows["late"]["late"]), (&false.into(), &true.into()));
    assert_eq!(rows["late"]["score"], rows["early"]["score"], "lateness deducts nothing: that is policy");
    assert_eq!(rows["late"]["commit"], "abc");
    assert_eq!((&rows["nobody"]["status"], &rows["nobody"]["score"]), (&"error".into(), &Value::Null));
    assert!(rows["nobody"]["error"].as_str().is_some_and(|error| error.contains("there is nothing at")));
    let csv = fs::read_to_string(class.at("out/class.csv")).expect("class.csv");
    let line = csv.lines().find(|line| line.starts_with("nobody,")).expect("a line");
    assert!(line.contains(",error,,25,"), "no score, not even a zero: {line}");
}

#[test]
fn as_root_a_repository_at_a_commit() {
    let class = Class::new();
    let repository = class.at("work.git");
    let git = |words: &[&str]| {
        let mut git = Process::new("git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]);
        git.env("GIT_COMMITTER_DATE", "2026-11-30T10:00:00+09:00").current_dir(&repository).args(words);
        let output = git.output().expect("git");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    fs::create_dir(&repository).expect("mkdir");
    git(&["init", "--quiet"]);
    fs::write(repository.join("boxproof.toml"), "[runtime]\nprogram = \"mycontainer\"\n").expect("write");
    class.program("work.git/mycontainer", RIGHT);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "right"]);
    let right = git(&["rev-parse", "HEAD"]);
    class.program("work.git/mycontainer", WRONG);
    git(&["commit", "--quiet", "-am", "wrong"]);
    let url = format!("file://{}", repository.display());
    let roster = format!("student_id,git,commit\nthen,{url},{right}\nnow,{url},\ngone,{url},0123456789abcdef\n");
    fs::write(class.at("roster.csv"), roster).expect("write the roster");
    class.examine("roster.csv", "out", &[], 3);
    let rows = class.rows("out");
    assert_eq!((&rows["then"]["status"], &rows["now"]["status"]), (&"pass".into(), &"fail".into()));
    assert_eq!(rows["then"]["commit"], right.as_str());
    assert_eq!(
        (&rows["then"]["committed_at"], &rows["then"]["late"]),
        (&"2026-11-30T10:00:00+09:00".into(), &false.into())
    );
    assert_eq!(rows["gone"]["status"], "error");
    assert!(!class.at("out/.scratch").exists(), "nothing is left lying about");
}

#[test]
fn as_root_builds_are_bounded_and_change_nothing_that_was_handed_in() {
    let class = Class::new();
    let with_build = |student: &str, build: &str| {
        fs::create_dir(class.at(&format!("class/{student}"))).expect("mkdir");
        let manifest =
            format!("[build]\ncommand = [\"/bin/sh\", \"-c\", \"{build}\"]\n[runtime]\nprogram = \"built\"\n");
        fs::write(class.at(&format!("class/{student}/boxproof.toml")), manifest).expect("write");
        class.program(&format!("class/{student}/source"), RIGHT);
    };
    with_build("builds", "cp source built");
    with_build("breaks", "echo no such function; exit 1");
    with_build("hangs", "trap : TERM; while :; do sleep 1000; done");
    let course = fs::read_to_string(class.at("course.toml")).expect("the course").replace("build = 20", "build = 1");
    fs::write(class.at("course.toml"), course).expect("write");
    class.examine("class", "out", &[], 0);
    let rows = class.rows("out");
    let status = |student: &str| rows[student]["status"].as_str().expect("a word").to_owned();
    assert_eq!([status("builds"), status("breaks"), status("hangs")], ["pass", "fail", "fail"]);
    assert_eq!(class.json("out/builds/result.json")["submission"]["build"]["status"], "pass");
    let said = class.json("out/breaks/result.json")["checks"][0]["message"]["text"].to_string();
    assert!(said.contains("no such function"), "{said}");
    assert!(!class.at("class/builds/built").exists());
    class.examine("class", "out", &["--resume"], 0);
    assert_eq!(class.rows("out")["builds"], rows["builds"], "built or not, it is the same submission");
}

/// Whatever a student plants, what lies beside the class is the teacher's.
#[test]
fn as_root_no_link_leads_out_of_a_submission() {
    let class = Class::new();
    class.program("solution", "#!/bin/sh\necho solution-of-the-teacher >&2\nexit 1\n");
    fs::write(class.at("notes"), "solution-of-the-teacher = 1\n").expect("write");
    let hands_in = |student: &str, program: &str, link: &str, to: &str| {
        let place = class.at(&format!("class/{student}"));
        fs::create_dir_all(place.join("target")).expect("mkdir");
        fs::write(place.join("boxproof.toml"), format!("[runtime]\nprogram = \"{program}\"\n")).expect("write");
        let _ = fs::remove_file(place.join(link));
        symlink(class.at(to), place.join(link)).expect("a link");
    };
    hands_in("file", "target/solution", "target/solution", "solution");
    hands_in("directory", "node_modules/solution", "node_modules", "");
    hands_in("manifest", "mycontainer", "boxproof.toml", "notes");
    class.examine("class", "out", &[], 0);
    for (student, why) in [("file", "leads out of"), ("directory", "must lie below"), ("manifest", "no link to one")] {
        let row = &class.rows("out")[student];
        assert_eq!((&row["status"], &row["score"]), (&"fail".into(), &0.into()), "{row}");
        assert!(row["error"].as_str().is_some_and(|error| error.contains(why)), "{row}");
        for name in ["result.json", "report.md", "report.html"] {
            let text = fs::read_to_string(class.at(&format!("out/{student}/{name}"))).expect(name);
            assert!(!text.contains("solution-of-the-teacher"), "{student}/{name}");
        }
    }
}

#[test]
fn as_root_an_error_never_takes_the_place_of_a_score() {
    let class = Class::new();
    class.hands_in("s", RIGHT);
    class.examine("class", "out", &[], 0);
    let before = fs::read(class.at("out/s/result.json")).expect("a result");
    fs::rename(class.at("class/s"), class.at("s")).expect("rename");
    fs::write(class.at("roster.csv"), "student_id,path\ns,class/s\n").expect("write the roster");
    class.examine("roster.csv", "out", &[], 3);
    assert_eq!(fs::read(class.at("out/s/result.json")).expect("a result"), before);
    assert_eq!(class.rows("out")["s"]["score"], Value::Null);
    fs::rename(class.at("s"), class.at("class/s")).expect("rename");
    class.examine("roster.csv", "out", &["--resume"], 0);
    assert_eq!(class.rows("out")["s"]["score"], 25);
}

#[test]
fn as_root_a_regrade_says_who_changed_in_which_check_and_why() {
    let class = Class::new();
    class.hands_in("same", RIGHT);
    class.hands_in("worse", RIGHT);
    class.examine("class", "out", &[], 0).stdout(contains("Changed since").not());
    class.hands_in("worse", WRONG);
    let said =
        contains("worse  pid-one.is-pid-one  pass → FAIL  (the program changed)").and(contains("same  pid").not());
    class.examine("class", "out", &[], 0).stdout(said);
    let diff = class.json("out/regrade-diff.json");
    let changes = diff["changes"].as_array().expect("changes");
    assert!(changes.iter().all(|change| change["student"] == "worse" && change["cause"][0] == "program"), "{diff}");
    // Another course: what changes now is the grader's doing.
    let course =
        COURSE.replace("scenarios = [\"exit-status\"]", "scenarios = [\"exit-status\"]\nneeds = [\"pid-one\"]");
    fs::write(class.at("course.toml"), course).expect("write");
    let said = contains("worse  exit-status.").and(contains("→ skip  (boxproof, the course or the seed changed)"));
    class.examine("class", "out", &[], 0).stdout(said);
}

#[test]
fn as_root_killed_at_any_moment_and_resumed_is_the_same_as_uninterrupted() {
    let class = Class::new();
    for number in 0..8 {
        class.hands_in(&format!("s{number}"), if number % 3 == 0 { WRONG } else { RIGHT });
    }
    class.examine("class", "whole", &[], 0);
    // Moments spread over the whole run; it is killed once more than it could survive if it began anew each time.
    for moment in [40, 350, 700, 1100, 1500] {
        let mut run = class
            .command("class", "out", &["--resume"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("boxproof");
        std::thread::sleep(Duration::from_millis(moment));
        let _ = run.kill();
        let _ = run.wait();
    }
    class.examine("class", "out", &["--resume"], 0);
    assert_eq!(class.timeless("out"), class.timeless("whole"));
    for number in 0..8 {
        let student = format!("s{number}");
        assert_eq!(class.verdicts("out", &student), class.verdicts("whole", &student));
        assert!(!class.at(&format!("out/{student}/.next.json")).exists());
    }
    let done = fs::read_to_string(class.at("out/journal.jsonl")).expect("the journal").lines().count();
    assert_eq!(done, 8);
    let before = class.timeless("out");
    class.hands_in("s1", WRONG);
    class.examine("class", "out", &["--resume"], 0).stdout(contains("s1  pid-one.is-pid-one  pass → FAIL"));
    assert_ne!(class.timeless("out"), before, "who has handed in anew is examined again");
}

#[test]
fn as_root_parts_merged_are_the_whole() {
    let class = Class::new();
    for number in 0..5 {
        class.hands_in(&format!("s{number}"), if number % 2 == 0 { WRONG } else { RIGHT });
    }
    class.examine("class", "whole", &[], 0);
    let parts: Vec<PathBuf> = (1..=3).map(|part| class.at(&format!("part{part}"))).collect();
    for part in 1..=3 {
        class.examine("class", &format!("part{part}"), &["--shard", &format!("{part}/3")], 0);
    }
    let merge = |parts: &[&PathBuf], out: &str| {
        let mut merge = assert_cmd::Command::new(cargo_bin("boxproof"));
        merge.arg("merge").args(parts).arg("-o").arg(class.at(out)).assert()
    };
    merge(&[&parts[0], &parts[2]], "some").code(2).stderr(contains("2/3"));
    merge(&[&parts[0], &parts[1], &parts[2], &parts[1]], "twice").code(2).stderr(contains("who is right?"));
    merge(&[&parts[2], &parts[0], &parts[1]], "merged").code(0);
    assert_eq!(class.timeless("merged"), class.timeless("whole"));
    for number in 0..5 {
        let student = format!("s{number}");
        assert_eq!(class.verdicts("merged", &student), class.verdicts("whole", &student));
        assert!(class.at(&format!("merged/{student}/report.md")).exists());
        assert!(class.at(&format!("merged/{student}/report.html")).exists());
    }
    // The parts of one and the same run, byte for byte.
    merge(&[&class.at("whole")], "again").code(0);
    for name in ["class.json", "class.csv", "s0/result.json", "s1/report.md"] {
        let read = |out: &str| fs::read(class.at(&format!("{out}/{name}"))).expect(name);
        assert!(read("again") == read("whole"), "{name}");
    }
    fs::write(class.at("course.toml"), COURSE.replace("points = 5", "points = 6")).expect("write");
    class.examine("class", "other", &["--shard", "1/3"], 0);
    merge(&[&class.at("other"), &parts[1], &parts[2]], "mixed").code(2).stderr(contains("another course"));
}

#[test]
fn wrong_usage_is_2() {
    let place = tempfile::tempdir().expect("a directory");
    let boxproof = |words: &[&str]| {
        let mut command = assert_cmd::Command::new(cargo_bin("boxproof"));
        command.current_dir(place.path()).arg("class").args(words).assert()
    };
    boxproof(&["nothing", "-o", "out"]).code(2).stderr(contains("nothing"));
    boxproof(&[".", "-o", "out", "--shard", "5/4"]).code(2).stderr(contains("K/N"));
    boxproof(&["."]).code(2).stderr(contains("--out"));
    fs::write(place.path().join("bad.toml"), "[course]\nid = 3\n").expect("write");
    boxproof(&[".", "-o", "out", "--course", "bad.toml"]).code(2).stderr(contains("bad.toml:2:6"));
}

/// The student's id is the name of a directory, and nothing else.
#[test]
fn an_id_that_leads_elsewhere_is_refused() {
    let place = tempfile::tempdir().expect("a directory");
    fs::write(place.path().join("roster.csv"), "student_id,path\n../../x,y\n").expect("write");
    let mut command = assert_cmd::Command::new(cargo_bin("boxproof"));
    command.current_dir(place.path()).args(["class", "roster.csv", "-o", "out", "--backend", "local"]);
    command.assert().code(2).stderr(contains("roster.csv:2:"));
    assert!(!Path::new("/x").exists());
}

/// What the ready-made Job runs in each pod, with its paths and its number of shards put in.
fn script_of_the_job(class: &Class, shards: u32) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/kubernetes/class.yaml");
    let yaml = fs::read_to_string(path).expect("the template");
    let block = yaml.split_once("- |\n").expect("a script").1;
    let lines: Vec<&str> = block.lines().take_while(|line| line.starts_with("              ")).collect();
    let place = |name: &str| class.at(name).display().to_string();
    format!("SHARDS={shards}\n{}\n", lines.join("\n"))
        .replace("/class/course.toml", &place("course.toml"))
        .replace("/class/roster.csv", &place("class"))
        .replace("/results", &place(""))
}

#[test]
fn as_root_the_kubernetes_job_examines_everybody_once() {
    let class = Class::new();
    for student in ["a", "b", "c"] {
        class.hands_in(student, RIGHT);
    }
    let script = script_of_the_job(&class, 2);
    let bin = cargo_bin("boxproof").parent().expect("a directory").display().to_string();
    for index in 0..2 {
        let mut pod = assert_cmd::Command::new("/bin/sh");
        pod.args(["-c", &script]).env("JOB_COMPLETION_INDEX", index.to_string()).env("BOXPROOF_BACKEND", "local");
        pod.env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap_or_default())).assert().success();
    }
    let mut merge = assert_cmd::Command::new(cargo_bin("boxproof"));
    merge
        .arg("merge")
        .arg(class.at("part-0"))
        .arg(class.at("part-1"))
        .arg("-o")
        .arg(class.at("whole"))
        .assert()
        .success();
    let rows = class.rows("whole");
    assert!(rows.len() == 3 && rows.values().all(|row| row["status"] == "pass"), "{rows:?}");
}
