//! What a runtime declares to do by design is a skip: never a point, never in tier core, and never for a mistake that only
//! looks like it.

mod common;

use boxproof_harness::policy::Policy;
use boxproof_harness::result::{Report, Status};
use common::{checks, control, exam, explain, quick_backend, workspace_program};
use rstest::rstest;
use std::path::{Path, PathBuf};

/// A runtime with one defect, that declares these policies.
fn declaring(defect: &str, policies: &[Policy]) -> PathBuf {
    let keys: Vec<&str> = policies.iter().map(|policy| policy.key()).collect();
    let name = format!("{defect}-{}", if keys.len() == Policy::ALL.len() { "all".to_owned() } else { keys.join("-") });
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policy").join(name);
    std::fs::create_dir_all(&directory).expect("a directory for the runtime");
    std::fs::copy(workspace_program("wrong-runtime"), directory.join("wrong-runtime")).expect("copy the runtime");
    let lines: String = keys.iter().map(|key| format!("{key} = true\n")).collect();
    let manifest = format!(
        "[runtime]\nprogram = \"wrong-runtime\"\nadapter = \"command\"\n\
         command = [\"{{program}}\", \"--defect\", \"{defect}\", \"run\", \"--\", \"{{argv}}\"]\n[policy]\n{lines}"
    );
    std::fs::write(directory.join("boxproof.toml"), manifest).expect("write its manifest");
    directory
}

fn declared_flag(report: &Report) -> &str {
    let flag = report.flags.iter().find(|flag| flag.id == "declares-policy");
    flag.map_or("", |flag| flag.evidence.as_str())
}

#[rstest]
#[case("PI10", Policy::KeepsSignals, "signals-forwarded", "payload-got-it")]
#[case("PI11", Policy::OutlivesRuntime, "dies-with-runtime", "container-ends")]
fn what_is_declared_is_a_skip_and_no_point(
    #[case] defect: &str,
    #[case] policy: Policy,
    #[case] scenario: &str,
    #[case] check: &str,
) {
    let only = ["--only", scenario];
    let report = exam(&declaring(defect, &[policy]), quick_backend(), &only);
    let found = checks(&report, scenario);
    let declared = found.iter().find(|found| found.id.ends_with(check)).expect("the check is in the result");
    assert_eq!((declared.status, declared.score, declared.max_score), (Status::Skip, 0, 1), "{}", explain(&found));
    assert_eq!(declared.message.id, "policy-declared");
    assert_eq!(declared.message.params["policy"], policy.key());
    assert!(declared.hint.is_none() && report.causes.is_empty(), "{:?}", report.causes);
    assert!(!declared.observed.is_empty(), "what was observed is still told");
    assert!(report.score < report.max_score);
    let lines: Vec<&str> = declared_flag(&report).lines().collect();
    assert_eq!(lines.first(), Some(&policy.key()), "{:?}", report.flags);
    assert!(lines.get(1).is_some_and(|excused| excused.contains(&declared.id)), "{:?}", report.flags);

    // The twin: another declaration excuses nothing of it.
    let other = Policy::ALL.into_iter().find(|other| *other != policy).expect("there is more than one");
    let report = exam(&declaring(defect, &[other]), quick_backend(), &only);
    assert_eq!(report.status, Status::Fail);
    assert_eq!(declared_flag(&report), other.key());
}

/// The caller's descriptors are let through by design; one that the runtime has opened itself and forgotten is not.
#[test]
fn a_policy_excuses_its_own_part_of_a_scenario() {
    let runtime = declaring("RT21", &[Policy::InheritsDescriptors]);
    let report = exam(&runtime, quick_backend(), &["--only", "descriptors-closed"]);
    let found = checks(&report, "descriptors-closed");
    let statuses: Vec<Status> = found.iter().map(|check| check.status).collect();
    assert_eq!(statuses, [Status::Skip, Status::Fail], "{}", explain(&found));
}

/// A scenario that does not even begin for reasons of policy.
#[test]
fn a_command_that_never_starts_is_excused_where_that_is_declared() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policy/manual-step2");
    std::fs::create_dir_all(&directory).expect("a directory for the runtime");
    std::fs::copy(control("manual-step2.sh"), directory.join("manual-step2.sh")).expect("copy the runtime");
    let examined = |policy: &str| {
        let manifest = format!("runtime.program = \"manual-step2.sh\"\n{policy}");
        std::fs::write(directory.join("boxproof.toml"), manifest).expect("write its manifest");
        exam(&directory, quick_backend(), &["--only", "image-without-programs"])
    };
    assert_eq!(examined("").status, Status::Fail);
    let report = examined("policy.needs-image-programs = true");
    let found = checks(&report, "image-without-programs");
    assert!(found.iter().all(|check| check.status == Status::Skip), "{}", explain(&found));
    assert_eq!(report.score, 0);
}

/// Neither what is of tier core nor a mistake beside the policy is excused, whatever is declared.
#[rstest]
#[case("RF01", "rootfs-is-root", "chdir-forgotten")]
#[case("PI01", "pid-one", "pid-namespace-not-new")]
#[case("MP05", "proc-isolated", "proc-not-mounted")]
#[case("NN01", "lone-loopback", "network-namespace-not-new")]
#[case("PI03", "root-required", "runs-without-isolation")]
#[case("RT06", "command-not-found", "exec-failure-hidden")]
#[case("RF13", "no-residue", "file-left-behind")]
#[case("NN10", "image-without-programs", "needs-programs-of-the-image")]
fn declaring_everything_excuses_nothing_else(#[case] defect: &str, #[case] scenario: &str, #[case] cause: &str) {
    let report = exam(&declaring(defect, &Policy::ALL), quick_backend(), &["--only", scenario]);
    let found = checks(&report, scenario);
    assert_eq!(report.status, Status::Fail, "{}", explain(&found));
    assert!(report.causes.iter().any(|known| known.id == cause), "{:?}", report.causes);
}

/// What passes passes, whether it is declared or not; and a declaration never goes unseen.
#[test]
fn a_declaration_that_excuses_nothing_changes_nothing_but_the_flag() {
    let scenarios = ["--only", "descriptors-closed", "--only", "pid-one"];
    let plain = exam(&declaring("RF13", &[]), quick_backend(), &scenarios);
    let declared = exam(&declaring("RF13", &Policy::ALL), quick_backend(), &scenarios);
    let statuses = |report: &Report| report.checks.iter().map(|check| check.status).collect::<Vec<_>>();
    assert_eq!(statuses(&plain), statuses(&declared));
    assert_eq!(plain.score, declared.score);
    assert_eq!(declared_flag(&plain), "");
    assert_eq!(declared_flag(&declared), Policy::ALL.map(Policy::key).join(", "));
}
