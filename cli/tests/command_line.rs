//! The command line from outside: exit statuses, messages, and what goes to which stream.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// boxproof with nothing of the caller's environment that could change what it says.
fn boxproof() -> Command {
    let mut command = Command::cargo_bin("boxproof").expect("the program under test");
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "CLICOLOR_FORCE", "BOXPROOF_BACKEND"] {
        command.env_remove(name);
    }
    command
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn file(directory: &Path, name: &str, mode: u32, bytes: &[u8]) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, bytes).expect("write a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
    path
}

/// These tests start the local backend, which needs root. Skipping them in silence would be a pass that nobody earned.
fn need_root() {
    assert!(
        nix::unistd::geteuid().is_root(),
        "this test runs `boxproof exam --backend local` and needs root: sudo -E cargo test -p boxproof, \
         or leave it out with `-- --skip as_root`"
    );
}

/// An exam of one cheap scenario on this machine.
fn local_exam(runtime: &Path) -> Command {
    need_root();
    let mut command = boxproof();
    command.args(["exam", "--backend", "local", "--only", "usage-explained", "--seed", "1"]).arg(runtime);
    command
}

#[test]
fn without_a_command_it_shows_how_it_is_called() {
    boxproof().assert().code(2).stderr(contains("Usage: boxproof"));
    boxproof().arg("--version").assert().success().stdout(contains("boxproof "));
    boxproof().args(["exam", "--help"]).assert().success().stdout(contains("Exit status:"));
}

#[test]
fn wrong_usage_is_2() {
    boxproof().args(["exam", "--backend", "cloud"]).assert().code(2).stderr(contains("cloud"));
    boxproof().args(["exam", "--report", "pdf=x"]).assert().code(2).stderr(contains("junit"));
    boxproof().args(["exam", "--seed", "x"]).assert().code(2);
    boxproof()
        .env("BOXPROOF_BACKEND", "moon")
        .args(["exam", "x"])
        .assert()
        .code(2)
        .stderr(contains("BOXPROOF_BACKEND=moon"));
}

#[test]
fn an_unknown_scenario_is_2_and_near_ones_are_named() {
    let unknown = contains("there is no scenario `pid-on`").and(contains("pid-one"));
    boxproof().args(["exam", "--only", "pid-on", "/bin/true"]).assert().code(2).stdout("").stderr(unknown);
}

#[test]
fn no_such_file() {
    let message =
        contains("/nonexistent/mycontainer").and(contains("no such file")).and(contains("Build your runtime"));
    boxproof().args(["exam", "/nonexistent/mycontainer"]).assert().code(2).stdout("").stderr(message);
    let japanese = contains("/nonexistent/mycontainer: そのファイルはありません");
    boxproof().args(["exam", "--lang", "ja", "/nonexistent/mycontainer"]).assert().code(2).stderr(japanese);
}

#[test]
fn a_directory_without_a_manifest() {
    let empty = directory();
    let message = contains("boxproof.toml").and(contains("program = \"mycontainer\""));
    boxproof().arg("exam").arg(empty.path()).assert().code(2).stdout("").stderr(message);
    let message = contains("boxproof.toml in the current directory").and(contains("boxproof exam ./mycontainer"));
    boxproof().arg("exam").current_dir(empty.path()).assert().code(2).stdout("").stderr(message);
}

#[test]
fn a_manifest_with_a_mistake_names_line_and_column() {
    let place = directory();
    file(place.path(), "boxproof.toml", 0o644, b"[runtime]\nprogramm = \"x\"\n");
    boxproof().arg("exam").arg(place.path()).assert().code(2).stderr(contains("boxproof.toml:2:1"));
}

#[test]
fn a_file_that_cannot_be_run() {
    let place = directory();
    let cases = [
        (file(place.path(), "text", 0o644, b"hello\n"), "text file"),
        (file(place.path(), "script", 0o644, b"#!/bin/sh\nexit 0\n"), "chmod +x"),
        (file(place.path(), "empty", 0o755, b""), "empty"),
        (file(place.path(), "windows", 0o755, b"MZ\x90\0"), "a Windows program"),
        (file(place.path(), "lost", 0o755, b"#!/no/such/interpreter\n"), "/no/such/interpreter"),
        (file(place.path(), "foreign", 0o755, &foreign_elf()), "this machine is"),
    ];
    for (path, message) in cases {
        let name = path.display().to_string();
        boxproof().arg("exam").arg(path).assert().code(2).stdout("").stderr(contains(message).and(contains(name)));
    }
}

/// Our own ELF header with the machine changed to one that nobody has here (EM_S390).
fn foreign_elf() -> Vec<u8> {
    let mut bytes = fs::read(assert_cmd::cargo::cargo_bin("boxproof")).expect("our own program");
    bytes.truncate(1 << 20);
    bytes[18..20].copy_from_slice(&22_u16.to_le_bytes());
    bytes
}

#[test]
fn the_command_adapter_needs_a_manifest() {
    boxproof().args(["exam", "--adapter", "command", "/bin/true"]).assert().code(2).stderr(contains("boxproof.toml"));
}

#[test]
fn a_rootfs_that_is_none_is_2() {
    let message = contains("/nonexistent/rootfs").and(contains("no such directory"));
    boxproof().args(["exam", "--rootfs", "/nonexistent/rootfs", "/bin/true"]).assert().code(2).stderr(message);
}

#[test]
fn a_report_with_no_place_to_go_is_2_before_anything_runs() {
    let message = contains("no such directory to write it in");
    boxproof().args(["exam", "--report", "json=/nonexistent/x.json", "/bin/true"]).assert().code(2).stderr(message);
}

#[test]
fn list_json_is_json() {
    let output = boxproof().args(["list", "--json"]).assert().success().get_output().stdout.clone();
    let list: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let ids: Vec<&str> =
        list["scenarios"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    let fixed = [
        "pid-one",
        "proc-isolated",
        "rootfs-is-root",
        "hostname-isolated",
        "lone-loopback",
        "memory-oom-kill",
        "veth-netcat",
        "exit-status",
        "mounts-do-not-leak",
        "no-residue",
    ];
    for id in fixed {
        assert!(ids.contains(&id), "{id}");
    }
}

#[test]
fn the_documentation_is_what_list_says() {
    for (language, name) in [("en", "scenarios.md"), ("ja", "scenarios.ja.md")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
        let written = fs::read_to_string(&path).expect("the documentation");
        let said = boxproof().args(["list", "--markdown", "--lang", language]).assert().success();
        let said = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
        assert!(written == said, "docs/{name} is not what the catalogue says: make docs");
    }
}

#[test]
fn list_and_explain_speak_the_locale() {
    let japanese = contains("名前空間");
    boxproof().env("LANG", "ja_JP.UTF-8").arg("list").assert().success().stdout(japanese.clone());
    boxproof()
        .env("LANG", "ja_JP.UTF-8")
        .env("LC_ALL", "C")
        .arg("list")
        .assert()
        .success()
        .stdout(japanese.clone().not());
    boxproof().env("LC_MESSAGES", "ja").args(["explain", "pid-one"]).assert().success().stdout(japanese.clone());
    boxproof().env("LANG", "ja_JP.UTF-8").args(["list", "--lang", "en"]).assert().success().stdout(japanese.not());
}

#[test]
fn explain_knows_scenarios_checks_and_causes() {
    for id in ["pid-one", "pid-one.is-pid-one"] {
        let by_hand = contains("readlink /proc/self/ns/pid").and(contains("pid_namespaces(7)"));
        boxproof().args(["explain", id]).assert().success().stdout(by_hand);
    }
    boxproof().args(["explain", "mount-propagation-shared"]).assert().success().stdout(contains("MS_PRIVATE"));
    let unknown = contains("there is no scenario or cause `pidone`").and(contains("pid-one"));
    boxproof().args(["explain", "pidone"]).assert().code(2).stdout("").stderr(unknown);
}

#[test]
fn doctor_says_of_everything_whether_it_is_there() {
    let cache = directory();
    let output =
        boxproof().env("XDG_CACHE_HOME", cache.path()).args(["doctor", "--json"]).output().expect("doctor runs");
    let diagnosis: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = diagnosis["findings"].as_array().expect("findings");
    assert!(findings.len() >= 10, "{diagnosis}");
    for finding in findings {
        let lacking = finding["state"] == "lacking";
        assert!(!lacking || finding["mend"].is_string(), "nothing is said that mends {finding}");
    }
    let usable = diagnosis["vm"] == true || diagnosis["local"] == true;
    assert_eq!(output.status.code(), Some(if usable { 0 } else { 3 }), "{diagnosis}");
}

#[test]
fn without_qemu_the_default_backend_is_3_and_says_what_to_install() {
    let (cache, empty) = (directory(), directory());
    let mut command = boxproof();
    command.env("XDG_CACHE_HOME", cache.path()).env("PATH", empty.path());
    // With a rootfs given, nothing else is looked for.
    fs::create_dir_all(empty.path().join("rootfs/bin")).expect("a rootfs");
    command.args(["exam", "--rootfs"]).arg(empty.path().join("rootfs")).arg(assert_cmd::cargo::cargo_bin("boxproof"));
    command.assert().code(3).stdout("").stderr(contains("apt-get install").and(contains("qemu-system")));
}

#[test]
fn vagrant_that_is_not_there_is_told_apart() {
    let place = directory();
    let runtime = file(place.path(), "mycontainer", 0o755, b"#!/bin/sh\nexit 0\n");
    fs::create_dir_all(place.path().join("rootfs/bin")).expect("a rootfs");
    let exam = |language: &str| {
        let mut command = boxproof();
        command
            .args(["exam", "--backend", "vagrant", "--only", "pid-one", "--lang", language, "--rootfs", "rootfs"])
            .arg(&runtime);
        command.current_dir(place.path()).env_remove("VAGRANT_CWD");
        command
    };
    exam("en").assert().code(2).stdout("").stderr(contains("there is no Vagrantfile").and(contains("--vagrant DIR")));
    exam("ja").assert().code(2).stderr(contains("Vagrantfile がありません"));
    file(place.path(), "Vagrantfile", 0o644, b"");
    let without = exam("en").env("PATH", "/nonexistent").assert().code(3).stdout("");
    without.stderr(contains("vagrant could not be started").and(contains("--backend vm")));
    boxproof()
        .args(["class", "--backend", "vagrant", "-o", "out", "."])
        .current_dir(place.path())
        .assert()
        .code(2)
        .stderr(contains("a class is not examined in one machine"));
}

/// Runs its command as it is, isolated from nothing, and says nothing when it is called wrongly.
const BARE: &str = "#!/bin/sh\n[ $# -ge 2 ] || exit 2\nshift\nexec \"$@\"\n";
/// Its payload has a root of its own, and every namespace of the host.
const CHROOT: &str = "#!/bin/sh\nshift\nexec chroot rootfs \"$@\"\n";

#[test]
fn as_root_json_is_alone_on_stdout() {
    let place = directory();
    let runtime = file(place.path(), "bare", 0o755, BARE.as_bytes());
    let output = local_exam(&runtime).arg("--json").output().expect("an exam");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("nothing but JSON on stdout");
    assert_eq!(result["schema"], "boxproof/result/v1");
    assert_eq!(result["run"]["seed"], 1);
    assert_eq!(output.status.code(), Some(1), "it never confines its payload");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("usage-explained"), "progress is on stderr: {stderr}");
    for check in result["checks"].as_array().expect("checks") {
        assert_ne!(check["title"], "", "texts are filled in: {check}");
    }
}

#[test]
fn as_root_a_failure_is_1_with_the_six_things() {
    let place = directory();
    let runtime = file(place.path(), "chrooted", 0o755, CHROOT.as_bytes());
    let six = ["command", "expected", "observed", "evidence", "hint", "by hand"];
    let assert = local_exam(&runtime).args(["--only", "pid-one"]).assert().code(1);
    let page = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for name in six {
        assert!(page.contains(&format!("      {name}")), "no {name} in:\n{page}");
    }
    assert!(page.contains("CLONE_NEWPID"), "the likely cause: {page}");
    assert!(page.contains("--seed 1"), "how to repeat it: {page}");
}

#[test]
fn as_root_nothing_moves_the_cursor_where_there_is_no_terminal() {
    let place = directory();
    let runtime = file(place.path(), "bare", 0o755, BARE.as_bytes());
    let assert = local_exam(&runtime).assert();
    let output = assert.get_output();
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
    let forced = local_exam(&runtime).env("CLICOLOR_FORCE", "1").assert();
    assert!(forced.get_output().stdout.contains(&0x1b), "colours where they are asked for");
    let none = local_exam(&runtime).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "0").assert();
    assert!(!none.get_output().stdout.contains(&0x1b), "none with NO_COLOR");
}

#[test]
fn as_root_reports_are_written_in_every_format() {
    let place = directory();
    let runtime = file(place.path(), "bare", 0o755, BARE.as_bytes());
    let mut command = local_exam(&runtime);
    for format in ["json", "text", "md", "junit"] {
        command.arg("--report").arg(format!("{format}={}", place.path().join(format).display()));
    }
    command.env("LANG", "ja_JP.UTF-8").assert().code(1).stdout(contains("不合格"));
    let read = |name: &str| fs::read_to_string(place.path().join(name)).expect("a report");
    let result: serde_json::Value = serde_json::from_str(&read("json")).expect("JSON");
    assert_eq!(result["run"]["locale"], "ja");
    assert!(read("text").contains("不合格") && !read("text").contains('\u{1b}'));
    assert!(read("md").starts_with("# boxproof"));
    assert!(read("junit").contains("<testsuites"));
}

#[test]
fn as_root_what_the_machine_lacks_is_3() {
    need_root();
    let has_memory = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").is_ok_and(|text| text.contains("memory"));
    let place = directory();
    let runtime = file(place.path(), "bare", 0o755, BARE.as_bytes());
    let mut command = boxproof();
    command.args(["exam", "--backend", "local", "--only", "memory-oom-kill"]).arg(runtime);
    if has_memory {
        // The controller is there: what fails is the runtime.
        command.assert().code(1);
    } else {
        command.assert().code(3).stdout(contains("memory controller").and(contains("--backend vm")));
    }
}

/// A saved result, as a teacher has many of.
fn saved_result(place: &Path, name: &str) -> PathBuf {
    let runtime = file(place, "runtime", 0o755, b"#!/bin/sh\necho '<img src=x>' >&2\nexit 3\n");
    let exam = local_exam(&runtime).args(["--json", "--lang", "en"]).output().expect("an exam");
    file(place, name, 0o644, &exam.stdout)
}

#[test]
fn a_saved_result_is_turned_into_any_format_as_root() {
    let place = directory();
    let (one, two) = (saved_result(place.path(), "one.json"), saved_result(place.path(), "two.json"));
    let begins = [
        ("json", "{"),
        ("text", "boxproof "),
        ("md", "# boxproof: "),
        ("html", "<!doctype html>"),
        ("junit", "<?xml "),
        ("tap", "TAP version 14"),
        ("ctrf", "{"),
        ("gradescope", "{"),
        ("prairielearn", "{"),
        ("autolab", "{"),
        ("csv", "student_id,"),
    ];
    for (format, beginning) in begins {
        let starts = predicate::str::starts_with(beginning);
        boxproof().args(["report", format]).arg(&one).assert().success().stdout(starts).stderr("");
    }
    let page = place.path().join("class.html");
    boxproof().args(["report", "html", "--lang", "ja", "-o"]).args([&page, &one, &two]).assert().success().stdout("");
    let page = fs::read_to_string(page).expect("a page");
    assert!(
        page.contains("クラス全体: 2 人") && page.contains("data-student=\"two\""),
        "students are called as the files"
    );
    boxproof().args(["report", "csv"]).args([&one, &two]).assert().success().stdout(contains("\r\ntwo,"));
    boxproof().args(["report", "tap"]).args([&one, &two]).assert().code(2).stderr(contains("html or csv"));
}

#[test]
fn what_is_no_result_is_refused() {
    let place = directory();
    let id = r#"{"schema":"boxproof/result/v1","checks":[]}"#;
    for (name, content) in [("text", "hello"), ("other", "{}"), ("half", id)] {
        let path = file(place.path(), name, 0o644, content.as_bytes());
        let message = contains("is no boxproof/result/v1").and(contains(name));
        boxproof().args(["report", "html"]).arg(path).assert().code(2).stdout("").stderr(message);
    }
    boxproof().args(["report", "html", "/nonexistent.json"]).assert().code(2).stderr(contains("/nonexistent.json"));
    boxproof().args(["report", "pdf", "x"]).assert().code(2).stderr(contains("prairielearn"));
}
