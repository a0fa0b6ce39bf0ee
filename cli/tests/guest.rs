//! What virtual machines have besides a kernel and busybox, and the kernels they can have. It downloads packages and boots
//! machines, which takes minutes the first time: `make guest`.

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use rstest::rstest;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const COURSE: &str = "[course]\nid = \"guest\"\n[[part]]\nscenarios = [\"pid-one\", \"rootfs-is-root\"]\n\
    [limits]\nsize = \"16M\"\nbuild = 90\n";
/// The workshop in a language that needs more than sh: util-linux's unshare, which knows --kill-child.
const BASH: &str = "#!/bin/bash\nset -o pipefail\nshift\n\
    exec unshare --pid --fork --mount --kill-child chroot rootfs \"$@\"\n";

fn controls() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/controls")
}

fn boxproof() -> Command {
    let mut command = Command::new(cargo_bin("boxproof"));
    for name in ["LC_ALL", "LC_MESSAGES", "LANG", "BOXPROOF_BACKEND", "BOXPROOF_KERNEL", "BOXPROOF_KERNEL_PACKAGE"] {
        command.env_remove(name);
    }
    command
}

/// A submission that builds itself: its files, and the command.
fn submission(class: &Path, student: &str, sources: &[(&str, PathBuf)], build: &[&str]) {
    let place = class.join(student);
    fs::create_dir_all(&place).expect("mkdir");
    for (name, from) in sources {
        fs::copy(from, place.join(name)).expect("copy");
    }
    let manifest = format!("[build]\ncommand = {build:?}\n[runtime]\nprogram = \"mycontainer\"\n");
    fs::write(place.join("boxproof.toml"), manifest).expect("write boxproof.toml");
}

/// One class of good and bad builds, and of programs that need what they are not linked with.
#[test]
fn whoever_builds_well_passes_and_whoever_does_not_is_told_why() {
    let place = tempfile::tempdir().expect("a directory");
    let class = place.path().join("class");
    let c = [("mycontainer.c", controls().join("c-minimal/mycontainer.c"))];
    let go = ["go.mod", "main.go"].map(|name| (name, controls().join("go-minimal").join(name)));
    submission(&class, "c", &c, &["cc", "-o", "mycontainer", "mycontainer.c"]);
    submission(&class, "go", &go, &["go", "build", "-o", "mycontainer", "."]);
    // What was handed in with its sources, and is no older than they are as far as a copy tells.
    submission(&class, "stale", &c, &["make", "CFLAGS=-O1", "mycontainer"]);
    fs::write(class.join("stale/mycontainer"), "#!/bin/sh\nexit 1\n").expect("write");
    submission(&class, "no-compiler", &c, &["zig", "build"]);
    submission(&class, "wrong", &c, &["cc", "-o", "mycontainer", "nothing.c"]);
    submission(&class, "hungry", &c, &["perl", "-e", "my @all; push @all, 'x' x 1e7 while 1"]);
    submission(&class, "idle", &c, &["sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000"]);
    submission(&class, "elsewhere", &c, &["cc", "-o", "other", "mycontainer.c"]);
    let scripts = [("python", fs::read_to_string(controls().join("python-minimal/mycontainer.py")).expect("read"))];
    for (student, text) in scripts.into_iter().chain([("bash", BASH.to_owned())]) {
        fs::write(class.join(student), text).expect("write");
        fs::set_permissions(class.join(student), fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    fs::write(place.path().join("course.toml"), COURSE).expect("write the course");

    let out = place.path().join("out");
    let mut command = boxproof();
    command.arg("class").arg(&class).arg("--course").arg(place.path().join("course.toml")).arg("-o").arg(&out);
    command.args(["--backend", "vm"]).assert().code(0);

    let of = |student: &str| -> Value {
        let text = fs::read(out.join(student).join("result.json")).expect("a result");
        serde_json::from_slice(&text).expect("JSON")
    };
    for student in ["c", "go", "stale", "python", "bash"] {
        assert_eq!(of(student)["status"], "pass", "{student}: {:#}", of(student)["checks"]);
    }
    assert_eq!(of("go")["submission"]["build"]["status"], "pass");
    for (student, why) in [
        ("no-compiler", "there is no such program in the virtual machine"),
        ("wrong", "nothing.c"),
        ("hungry", "took all the memory"),
        ("idle", "was still running after 90 s"),
        ("elsewhere", "there is no mycontainer"),
    ] {
        let report = of(student);
        assert_eq!((&report["status"], &report["score"]), (&"fail".into(), &0.into()), "{student}");
        let observed = report["checks"][0]["observed"].as_str().unwrap_or_default();
        assert!(observed.contains(why), "{student}: {observed}");
    }
}

/// The two kernels of Debian's that stand before and after Ubuntu 24.04's.
#[rstest]
#[case::bookworm("6.1")]
#[case::trixie("6.12")]
fn the_reference_runtime_passes_on(#[case] kernel: &str) {
    let only = ["pid-one", "rootfs-is-root", "hostname-isolated", "memory-oom-kill", "veth-netcat", "exit-status"];
    let program = cargo_bin("boxproof").with_file_name("mycontainer");
    let mut command = boxproof();
    command.args(["exam", "--backend", "vm", "--json", "--kernel", kernel]).arg(program);
    for id in only {
        command.args(["--only", id]);
    }
    let output = command.assert().code(0).get_output().stdout.clone();
    let report: Value = serde_json::from_slice(&output).expect("JSON");
    assert_eq!(report["status"], "pass", "{report:#}");
    let running = report["environment"]["kernel"].as_str().unwrap_or_default();
    assert!(running.starts_with(&format!("{kernel}.")), "{running}");
}
