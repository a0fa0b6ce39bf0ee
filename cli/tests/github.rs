//! What GitHub's runner executes, executed as it does: the scripts of the action with the runner's files and variables, the starters of
//! `templates/`, and the autograders.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A step of a job on a runner.
struct Runner {
    place: tempfile::TempDir,
}

impl Runner {
    fn new() -> Runner {
        let place = tempfile::tempdir().expect("a temporary directory");
        for name in ["output", "env", "path", "summary"] {
            fs::write(place.path().join(name), "").expect("a file of the runner's");
        }
        Runner { place }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn step(&self, script: &str) -> Command {
        assert!(nix::unistd::geteuid().is_root(), "this test runs `boxproof exam --backend local` and needs root");
        let mut command = Command::new("bash");
        command.arg(repository(".github/scripts").join(script)).current_dir(self.place.path());
        let bin = assert_cmd::cargo::cargo_bin("boxproof");
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", bin.parent().expect("a directory").display()));
        for (name, file) in [
            ("GITHUB_OUTPUT", "output"),
            ("GITHUB_ENV", "env"),
            ("GITHUB_PATH", "path"),
            ("GITHUB_STEP_SUMMARY", "summary"),
        ] {
            command.env(name, self.at(file));
        }
        command.env("RUNNER_TEMP", self.place.path()).env("BACKEND", "local").env("ONLY", "pid-one");
        command.env_remove("BOXPROOF_BACKEND").env_remove("CARGO_TARGET_DIR");
        command
    }

    fn examine(&self, runtime: &Path) -> Command {
        let mut command = self.step("examine.sh");
        command.env("RUNTIME", runtime);
        command
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).expect("a file of the runner's")
    }

    fn outputs(&self) -> BTreeMap<String, String> {
        let text = self.read("output");
        let pairs = text.lines().map(|line| line.split_once('=').unwrap_or_else(|| panic!("no output: {line}")));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// Every command in what a step prints that the runner would obey.
fn obeyed(printed: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(printed).into_owned();
    let mut deaf: Option<String> = None;
    let mut obeyed = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        match &deaf {
            Some(token) if line == format!("::{token}::") => deaf = None,
            Some(_) => {}
            None => match line.strip_prefix("::stop-commands::") {
                Some(token) => deaf = Some(token.to_owned()),
                None if line.starts_with("::") || line.contains("##[") => obeyed.push(line.to_owned()),
                None => {}
            },
        }
    }
    assert_eq!(deaf, None, "the runner hears again at the end");
    obeyed
}

#[test]
fn as_root_a_right_runtime_is_green_and_its_score_an_output() {
    let runner = Runner::new();
    let step = runner.examine(&repository("scenarios/controls/python-minimal/mycontainer.py")).assert().success();
    assert_eq!(obeyed(&step.get_output().stdout), Vec::<String>::new());
    let outputs = runner.outputs();
    assert_eq!(outputs["status"], "pass");
    assert_eq!(outputs["score"], outputs["max-score"]);
    for name in ["result", "junit", "page"] {
        assert!(fs::metadata(&outputs[name]).is_ok_and(|file| file.len() > 0), "{name}");
    }
    assert!(runner.read("summary").contains("pid-one"));
}

/// Builds, prints and writes wherever it might be obeyed.
#[test]
fn as_root_a_hostile_student_commands_nobody() {
    let runner = Runner::new();
    let student = runner.at("student");
    fs::create_dir(&student).expect("a directory");
    let nasty = "echo '::error::owned'; echo '::add-mask::pass'; echo '##[set-env name=PATH]owned'; \
                 for file in \"$GITHUB_OUTPUT\" \"$GITHUB_ENV\" \"$GITHUB_PATH\" \"$GITHUB_STEP_SUMMARY\"; do \
                 [ -z \"$file\" ] || echo 'score=1000' >> \"$file\"; done";
    let program = format!("#!/bin/sh\n{nasty} 2>&1\nprintf '::stop-commands::x\\n::error::owned\\n' >&2\nexit 1\n");
    fs::write(student.join("runtime.sh"), program).expect("write");
    fs::set_permissions(student.join("runtime.sh"), fs::Permissions::from_mode(0o755)).expect("chmod");
    let manifest = format!("build.command = ['sh', '-c', {nasty:?}]\nruntime.program = 'runtime.sh'\n");
    fs::write(student.join("boxproof.toml"), manifest).expect("write");

    let step = runner.examine(&student).assert().code(1);
    let obeyed = obeyed(&step.get_output().stdout);
    assert!(!obeyed.is_empty() && obeyed.iter().all(|line| line.starts_with("::error title=")), "{obeyed:?}");
    assert!(obeyed.iter().all(|line| !line.ends_with("::owned")), "{obeyed:?}");
    let outputs = runner.outputs();
    assert_eq!((outputs["status"].as_str(), outputs["score"].as_str()), ("fail", "0"));
    assert_eq!((runner.read("env").as_str(), runner.read("path").as_str()), ("", ""));
    assert!(runner.read("summary").lines().all(|line| !line.trim_start().starts_with("::") && line != "score=1000"));
}

#[test]
fn as_root_what_cannot_be_examined_is_an_error_and_no_score() {
    let runner = Runner::new();
    runner.examine(Path::new("/nonexistent")).assert().code(2).stdout(contains("::error title=boxproof::nothing"));
    assert_eq!(runner.outputs(), BTreeMap::from([("status".to_owned(), "error".to_owned())]));
}

/// Each starter builds, runs a command, and fails the first scenario for the reason that a learner begins with.
#[test]
fn as_root_every_starter_begins_red() {
    for language in ["go", "rust", "c", "python"] {
        let runner = Runner::new();
        let student = runner.at("mycontainer");
        let starter = repository("templates/student").join(language);
        let copied = std::process::Command::new("cp").arg("-r").arg(starter).arg(&student).status().expect("cp");
        assert!(copied.success());
        runner.examine(&student).env("FAIL_ON", "error").assert().success().stdout(contains("::error title=pid-one"));
        assert_eq!(runner.outputs()["status"], "fail", "{language}");
        let result = fs::read(&runner.outputs()["result"]).expect("the result");
        let result: serde_json::Value = serde_json::from_slice(&result).expect("JSON");
        assert_eq!(result["causes"][0]["id"], "pid-namespace-not-new", "{language}");
    }
}

/// Classroom 50 says by the environment whose submission it is.
#[test]
fn as_root_classroom_50_gets_a_grade_or_nothing() {
    let runner = Runner::new();
    fs::copy(repository("templates/classroom50/autograder.py"), runner.at("autograder.py")).expect("copy");
    let course = "course.id = 'os'\n[[part]]\ntitle = 'first'\nscenarios = ['pid-one', 'usage-explained']\n";
    fs::write(runner.at("course.toml"), course).expect("write");
    let grade = |submission: &Path| {
        let mut command = runner.step("examine.sh");
        let path =
            command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).map(ToOwned::to_owned);
        command = Command::new("python3");
        command.arg(runner.at("autograder.py")).arg(submission).current_dir(runner.place.path());
        command.env("PATH", path.expect("a PATH")).env("BOXPROOF_BACKEND", "local");
        for (name, value) in [
            ("CLASSROOM", "os"),
            ("ASSIGNMENT", "container"),
            ("ASSIGNMENT_TYPE", "individual"),
            ("OWNER", "ada"),
            ("SUBMISSION_TAG", "submit/1"),
            ("COMMIT_URL", "https://example.org/c/0123456789abcdef0123456789abcdef01234567"),
            ("RELEASE_URL", "https://example.org/r"),
            ("REVIEW_URL", "https://example.org/v"),
        ] {
            command.env(name, value);
        }
        command
    };
    grade(&repository("scenarios/controls/fakes/does-nothing.sh")).assert().success();
    let result: serde_json::Value = serde_json::from_str(&runner.read("result.json")).expect("JSON");
    assert_eq!((result["schema"].as_str(), result["owner"].as_str()), (Some("classroom50/result/v1"), Some("ada")));
    grade(Path::new("/nonexistent")).assert().code(2);
    assert!(!runner.at("result.json").exists(), "no grade of an earlier time stays");
}

/// Gradescope reads one file, and takes its absence for a failure of ours.
#[test]
fn as_root_gradescope_gets_results_or_nothing() {
    let runner = Runner::new();
    let submission = runner.at("submission");
    for directory in [&submission, &runner.at("source")] {
        fs::create_dir(directory).expect("a directory");
    }
    let course = "course.id = 'os'\n[[part]]\ntitle = 'first'\nscenarios = ['pid-one', 'usage-explained']\n";
    fs::write(runner.at("source/course.toml"), course).expect("write");
    let grade = |manifest: &str, backend: &str| {
        fs::write(submission.join("boxproof.toml"), manifest).expect("write");
        let mut command = runner.step("examine.sh");
        let path =
            command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).map(ToOwned::to_owned);
        command = Command::new("bash");
        command.arg(repository("templates/gradescope/run_autograder")).env("AUTOGRADER", runner.place.path());
        command.env("PATH", path.expect("a PATH")).env("BOXPROOF_BACKEND", backend).env("BUILDER", "root");
        command
    };
    let results = || -> serde_json::Value { serde_json::from_str(&runner.read("results/results.json")).expect("JSON") };
    fs::copy(repository("scenarios/controls/fakes/does-nothing.sh"), submission.join("source")).expect("copy");

    let builds = "build.command = ['cp', 'source', 'mycontainer']\nruntime.program = 'mycontainer'\n";
    grade(builds, "local").assert().success();
    assert!(results()["tests"].as_array().is_some_and(|tests| !tests.is_empty()), "{}", results());
    assert!(!submission.join("mycontainer").exists(), "what was handed in stays as it is");

    let breaks = builds.replace("'cp', 'source', 'mycontainer'", "'sh', '-c', 'echo no such function; exit 1'");
    grade(&breaks, "local").assert().success();
    assert_eq!(results()["score"], 0);
    assert!(results()["output"].as_str().is_some_and(|output| output.contains("no such function")), "{}", results());

    fs::remove_file(runner.at("results/results.json")).expect("remove");
    // Nothing is built as root for an exam elsewhere: our failure, not the student's.
    grade(builds, "vagrant").assert().failure().stdout(contains("builds nothing as root"));
    assert!(!runner.at("results/results.json").exists());
}

#[test]
fn a_release_has_notes_of_its_version_or_is_none() {
    let notes = |version: &str| {
        let mut command = Command::new("bash");
        command.arg(repository(".github/scripts/release-notes.sh")).arg(version);
        command
    };
    notes("v99.0.0").assert().code(1).stdout(is_empty()).stderr(contains("says nothing of 99.0.0"));
}

/// A release as release.yml publishes it, and the same after somebody has changed it.
#[test]
fn as_root_a_release_is_taken_only_if_it_is_what_its_checksums_say() {
    let runner = Runner::new();
    let version = env!("CARGO_PKG_VERSION");
    let release = runner.at(&format!("server/of/boxproof/releases/download/v{version}"));
    let publish = format!(
        "set -e; mkdir -p {0}; cd {0}; printf '#!/bin/sh\\necho the released one\\n' > boxproof; chmod 755 boxproof; \
         name=boxproof-$(uname -m)-linux.tar.gz; tar -czf $name boxproof; sha256sum $name > SHA256SUMS",
        release.display()
    );
    Command::new("bash").args(["-c", &publish]).assert().success();
    let get = || {
        let mut command = runner.step("get.sh");
        command.env("GITHUB_SERVER_URL", format!("file://{}", runner.at("server").display()));
        command.env("BOXPROOF_REPOSITORY", "of/boxproof").env("BOXPROOF_REF", "v0");
        command
    };
    get().assert().success().stdout(contains("OK").and(contains("the released one")));
    assert_eq!(runner.read("path").trim_end(), runner.at("boxproof-bin").display().to_string());

    Command::new("bash").args(["-c", &format!("echo >> {}/*.tar.gz", release.display())]).assert().success();
    get().assert().code(1).stdout(contains("FAILED"));
}

/// A box is the image with two files more, and only if the image is what was published.
#[test]
fn a_box_is_made_of_a_checked_image() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let script = format!(
        "set -e; export PATH=$PATH:/usr/sbin:/sbin; cd {0}; truncate -s 16M disk.raw; \
         printf 'label: gpt\\nstart=2048, size=2048\\nstart=4096\\n' | sfdisk -q disk.raw; mkdir -p root/var/lib; \
         mkfs.ext4 -q -d root -E offset=$((4096 * 512)) disk.raw 12M",
        place.path().display()
    );
    Command::new("bash").args(["-c", &script]).assert().success();
    let make_box = |sha256: &str| {
        let mut command = Command::new("bash");
        command.arg(repository("vagrant/make-box.sh")).current_dir(place.path());
        command.args(["--image", "disk.raw", "--size", "1", "--sha256", sha256, "my.box"]);
        command
    };
    make_box("0").assert().code(1).stderr(contains("disk.raw is not what was published").and(contains("expected 0")));
    let sum = Command::new("sha256sum").arg(place.path().join("disk.raw")).output().expect("sha256sum").stdout;
    make_box(&String::from_utf8_lossy(&sum[..64])).assert().success();
    let look = "tar -xf my.box && grep -q '\"virtual_size\": 1,' metadata.json && qemu-img convert -O raw box.img back.raw && \
                PATH=$PATH:/sbin:/usr/sbin debugfs -R 'cat /var/lib/cloud/seed/nocloud/user-data' 'back.raw?offset=2097152'";
    let seed = Command::new("bash").args(["-c", look]).current_dir(place.path()).assert().success();
    seed.stdout(contains("name: vagrant").and(contains("vagrant insecure public key")));
}

/// Two shards as class.yml has them, and the summary of the last job. Names of students are foreign, too.
#[test]
fn as_root_a_class_in_shards_comes_together() {
    let runner = Runner::new();
    let students = runner.at("class");
    fs::create_dir(&students).expect("a directory");
    for (student, runtime) in [
        ("ada", "python-minimal/mycontainer.py"),
        ("e`vil\"<img>", "fakes/binary-noise.sh"),
        ("bob", "fakes/does-nothing.sh"),
    ] {
        fs::copy(repository("scenarios/controls").join(runtime), students.join(student)).expect("copy");
    }
    let course = "course.id = 'os'\n[[part]]\ntitle = 'first'\nscenarios = ['pid-one']\n";
    fs::write(runner.at("course.toml"), course).expect("write");
    let shard = |arguments: &[&str]| {
        let mut command = runner.step("shard.sh");
        command.args(arguments).env("BOXPROOF_BACKEND", "local");
        command.assert().success();
    };
    shard(&["examine", "class", "course.toml", "1/2", "part-1"]);
    shard(&["examine", "class", "course.toml", "2/2", "part-2"]);
    shard(&["merge", "results", "part-1.tar", "part-2.tar"]);
    let class: serde_json::Value = serde_json::from_str(&runner.read("results/class.json")).expect("JSON");
    assert_eq!(class["students"].as_array().map(Vec::len), Some(3));
    let summary = runner.read("summary");
    assert!(summary.contains("ada") && !summary.contains("<img>"), "{summary}");
    Command::new("tar")
        .arg("-tzf")
        .arg(runner.at("results.tar.gz"))
        .assert()
        .success()
        .stdout(contains("ada/report.md"));
}
