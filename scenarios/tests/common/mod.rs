//! Exams as a user would start them: the `boxproof` binary, a runtime, and result/v1 read back from its stdout.

#![allow(dead_code)] // Each test program uses its part of this.

pub mod controls;

use boxproof_harness::result::{Check, Report, Status};
use controls::{Control, control_named};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A program of this workspace, which `cargo test --workspace` has built beside the tests.
pub fn workspace_program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("a test knows its own path");
    let directory = tests.ancestors().nth(2).expect("target/.../deps/test");
    let program = directory.join(name);
    assert!(program.exists(), "{} is not built: run `cargo test --workspace` or `make test`", program.display());
    program
}

/// A control or fake that `scenarios/controls/build.sh` has put into a directory.
pub fn control(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| match std::env::var_os("BOXPROOF_CONTROLS") {
        Some(directory) => directory.into(),
        None => {
            let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("controls");
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("controls/build.sh");
            let built = Command::new(script).arg(&directory).status().expect("run controls/build.sh");
            assert!(built.success(), "controls/build.sh failed: it says above what is missing");
            directory
        }
    });
    directory.join(name)
}

/// What to examine of a control: the program, or the directory whose boxproof.toml says which options it offers.
pub fn runtime(name: &str) -> PathBuf {
    let Control { name, manifest, .. } = control_named(name);
    let Some(manifest) = manifest else { return control(name) };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).expect("a directory for the runtime");
    std::fs::copy(workspace_program(name), directory.join(name)).expect("copy the runtime");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest);
    std::fs::copy(manifest, directory.join("boxproof.toml")).expect("copy its manifest");
    directory
}

/// Whether scenarios can make namespaces on this machine; else everything goes through the virtual machine.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

/// `local` for root, who then needs no boot; what needs a controller asks for `vm` itself.
pub fn quick_backend() -> &'static str {
    if is_root() { "local" } else { "vm" }
}

/// One exam. The exit status must be the one that goes with the result.
pub fn exam(runtime: &Path, backend: &str, arguments: &[&str]) -> Report {
    let output = Command::new(workspace_program("boxproof"))
        .args(["exam", "--json", "--lang", "en", "--backend", backend])
        .args(arguments)
        .arg(runtime)
        .stdin(Stdio::null())
        .output()
        .expect("start boxproof");
    let report: Report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("no result/v1 on stdout ({error}); stderr: {}", String::from_utf8_lossy(&output.stderr))
    });
    let expected = match report.status {
        Status::Pass => 0,
        Status::Fail => 1,
        _ => 3,
    };
    assert_eq!(output.status.code(), Some(expected), "exit status for {:?}", report.status);
    report
}

/// The whole exam of a runtime in the virtual machine, once per test program and one at a time.
pub fn full_exam(name: &str, runtime: impl FnOnce() -> PathBuf) -> Arc<Report> {
    static DONE: Mutex<BTreeMap<String, Arc<Report>>> = Mutex::new(BTreeMap::new());
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    done.entry(name.to_owned()).or_insert_with(|| Arc::new(exam(&runtime(), "vm", &[]))).clone()
}

/// The checks of one scenario; there must be some.
pub fn checks<'a>(report: &'a Report, scenario: &str) -> Vec<&'a Check> {
    let checks: Vec<&Check> = report.checks.iter().filter(|check| check.scenario == scenario).collect();
    assert!(!checks.is_empty(), "{scenario} is not in the result");
    checks
}

/// What to read when a verdict is not the expected one.
pub fn explain(checks: &[&Check]) -> String {
    let line = |check: &&Check| {
        let cause = check.hint.as_ref().map_or("-", |hint| hint.id.as_str());
        format!(
            "\n{} {}: expected {}, observed {}, cause {cause}, {} {:?}\n  stderr: {}",
            check.status.word(),
            check.id,
            check.expected,
            check.observed,
            check.message.id,
            check.message.params.get("error"),
            check.stderr.trim()
        )
    };
    checks.iter().map(line).collect()
}
