//! The reports of one fixed result that holds every outcome, and a program that prints nasty things.

use super::*;
use boxproof_harness::result::{
    Attempt, CauseReport, Environment, Flag, Infrastructure, Residue, Run, SCHEMA, ScenarioSet, Submission, Text, Tool,
};
use boxproof_scenarios::texts::Language;

mod browser;
mod hostile;
mod pages;
mod readers;

fn check(id: &str, tier: Tier, step: &str, status: Status) -> Check {
    let (scenario, _) = id.split_once('.').expect("SCENARIO.CHECK");
    let message = if status == Status::Pass { "check-passed" } else { "check-failed" };
    Check {
        id: id.into(),
        scenario: scenario.into(),
        tier,
        step: step.into(),
        title: String::new(),
        status,
        score: u32::from(status == Status::Pass),
        max_score: 1,
        needs: Vec::new(),
        visibility: "visible".into(),
        duration_ms: 120,
        timeout_ms: 8000,
        attempts: vec![Attempt { n: 1, seed: 42, status, duration_ms: 120 }],
        command: "./mycontainer run /probe-abc".into(),
        message: Text::new(message).with("expected", "1").with("observed", "4711"),
        hint: None,
        expected: "1".into(),
        observed: "4711".into(),
        evidence: Vec::new(),
        stdout: String::new(),
        stderr: String::new(),
        truncated: false,
        tags: Vec::new(),
    }
}

fn fact(kind: &str, source: &str, value: &str) -> Fact {
    Fact { kind: kind.into(), source: source.into(), value: value.into() }
}

/// PID namespace forgotten, one scenario passed, one not examinable, one skipped, one unclear.
fn sample() -> Report {
    let hint = || Some(Text::new("pid-namespace-not-new").with("observed", "4711").with("expected", "1"));
    let own = Check {
        hint: hint(),
        expected: "not pid:[4026531836]".into(),
        observed: "pid:[4026531836]".into(),
        evidence: vec![fact("kernel", "readlink /proc/4711/ns/pid", "pid:[4026531836]")],
        ..check("pid-one.own-pid-namespace", Tier::Core, "2-1", Status::Fail)
    };
    let first = Check {
        hint: hint(),
        evidence: vec![
            fact("kernel", "/proc/4711/status: NSpid", "4711"),
            fact("printed", "./mycontainer run /bin/sh -c 'echo $$'", "4711\n\u{1b}[2J\u{1b}[31mowned"),
        ],
        stderr: "Running [/bin/sh] as PID 4710\n".into(),
        ..check("pid-one.is-pid-one", Tier::Core, "2-1", Status::Fail)
    };
    let bare = Check {
        message: Text::new("runtime-hangs").with("observed", "it still runs after 8.0s"),
        hint: Some(Text::new("runtime-hangs").with("observed", "it still runs after 8.0s")),
        expected: "/probe-abc runs in the container".into(),
        observed: "it still runs after 8.0s".into(),
        stderr: format!("{}\n", "flood ".repeat(100)),
        duration_ms: 8123,
        ..check("exit-status.zero", Tier::Robust, "5-1", Status::Fail)
    };
    let passed = Check {
        evidence: vec![fact("kernel", "readlink /proc/4711/ns/mnt", "mnt:[4026532185]")],
        ..check("mount-namespace.own-mount-namespace", Tier::Core, "2-2", Status::Pass)
    };
    let unexamined = Check {
        message: Text::new("no-controller").with("controller", "memory"),
        ..check("memory-oom-kill.hog-killed", Tier::Core, "3-2", Status::Error)
    };
    let skipped = Check {
        message: Text::new("not-offered").with("option", "pids"),
        ..check("pids-limited.fork-refused", Tier::Robust, "3", Status::Skip)
    };
    let unclear = check("two-at-once.both-run", Tier::Robust, "5-2", Status::Inconclusive);
    let not_reached =
        Check { message: Text::new("not-reached"), ..check("exit-status.drawn", Tier::Robust, "5-1", Status::Skip) };
    let residue = Residue {
        kind: "mount".into(),
        before: String::new(),
        after: "proc on /work/rootfs/proc".into(),
        scenario: "exit-status".into(),
    };
    let cause = |id: &str, checks: &[&str]| CauseReport {
        id: id.into(),
        params: [("observed", "it still runs after 8.0s"), ("expected", "1")].map(|(a, b)| (a.into(), b.into())).into(),
        text: String::new(),
        checks: checks.iter().map(|id| (*id).to_owned()).collect(),
    };
    let mut report = Report {
        schema: SCHEMA.into(),
        tool: Tool { name: "boxproof".into(), version: "0.1.0".into(), commit: None },
        run: Run {
            id: "000000000000002a".into(),
            started_at: "2026-01-01T00:00:00Z".into(),
            finished_at: "2026-01-01T00:00:02Z".into(),
            seed: 42,
            attempts: 1,
            ..Run::default()
        },
        environment: Environment {
            kernel: "6.1.0-56-cloud-amd64".into(),
            distro: "Debian GNU/Linux 12 (bookworm)".into(),
            arch: "x86_64".into(),
            cgroup_version: 2,
            isolation: "microvm".into(),
            limits: [("accelerator", "tcg"), ("slowness", "2.4")].map(|(a, b)| (a.into(), b.into())).into(),
        },
        submission: Submission { id: "mycontainer".into(), path: "./my container".into(), ..Submission::default() },
        scenario_set: ScenarioSet { id: "workshop".into(), version: "0.1.0".into(), sha256: String::new() },
        status: Status::Error,
        score: 0,
        max_score: 0,
        late: None,
        checks: vec![own, first, passed, unexamined, skipped, bare, not_reached, unclear],
        causes: vec![
            cause("pid-namespace-not-new", &["pid-one.own-pid-namespace", "pid-one.is-pid-one"]),
            cause("runtime-hangs", &["exit-status.zero"]),
        ],
        residue: vec![residue],
        flags: vec![Flag::raised(
            "ran-isolation-tools",
            "/usr/bin/unshare (pid-one)\n/usr/sbin/chroot\u{1b}[2J (exit-status)",
        )],
        infrastructure_errors: vec![Infrastructure { id: "no-controller:memory".into(), text: "no memory".into() }],
    };
    report.settle();
    report
}

fn told(language: Language) -> (Report, Texts) {
    let texts = crate::words::texts(language);
    let mut report = sample();
    texts.fill(&mut report);
    (report, texts)
}

fn page(language: Language) -> String {
    let (report, texts) = told(language);
    String::from_utf8(Format::Text.render(&report, &texts).expect("a report")).expect("UTF-8")
}

#[test]
fn the_terminal_report_in_english() {
    insta::assert_snapshot!(page(Language::English));
}

#[test]
fn the_terminal_report_in_japanese() {
    insta::assert_snapshot!(page(Language::Japanese));
}

#[test]
fn colours_are_ours_and_nothing_else_is_obeyed() {
    let (report, texts) = told(Language::English);
    let page = terminal(&report, &texts);
    let commands = page.split('\u{1b}').skip(1);
    for command in commands {
        let end = command.find(|letter: char| letter.is_ascii_alphabetic()).expect("a final letter");
        assert_eq!(&command[end..=end], "m", "only colours: {command:?}");
    }
    assert!(page.contains("\\u{1b}[2J"), "a student's bytes are shown, not obeyed");
}

#[test]
fn markdown_has_nothing_foreign_in_it() {
    let (mut report, texts) = told(Language::English);
    report.checks[0].observed = "<script>`|\n# heading".into();
    let page = markdown::markdown(&report, &texts);
    assert!(!page.contains("<script>"), "{page}");
    assert!(!page.lines().any(|line| line == "# heading"), "{page}");
    assert!(page.contains("leaves steps of its work to system tools"), "{page}");
    assert!(page.contains("- `/usr/bin/unshare (pid-one)`\n"), "{page}");
}

#[test]
fn junit_tells_failures_errors_and_skips_apart() {
    let (report, texts) = told(Language::English);
    let xml = junit::junit(&report, &texts);
    assert_eq!(xml.matches("<failure ").count(), 3, "{xml}");
    assert_eq!(xml.matches("<error ").count(), 2, "{xml}");
    assert_eq!(xml.matches("<skipped ").count(), 2, "{xml}");
    assert!(xml.contains("name=\"pid-one.is-pid-one\""), "{xml}");
    assert!(!xml.contains('\u{1b}'), "{xml}");
}

#[test]
fn json_is_the_whole_result() {
    let (report, _) = told(Language::Japanese);
    let again: Report = serde_json::from_str(&json(&report).expect("JSON")).expect("the same schema");
    assert_eq!(again, report);
    assert_eq!(again.run.locale, "ja");
    assert!(again.checks.iter().all(|check| !check.title.is_empty() && !check.message.text.is_empty()));
}

#[test]
fn tallies_and_steps() {
    let report = sample();
    let all = scenarios(&report);
    assert_eq!(tally(&all), [(Tier::Core, 1, 3), (Tier::Robust, 0, 3)]);
    let steps: Vec<_> = by_step(&all).into_iter().map(|(step, members)| (step, members.len())).collect();
    assert_eq!(steps, [("2", 2), ("3", 2), ("5", 2)]);
    let again = again(&report);
    assert!(again.starts_with("boxproof exam './my container' --only pid-one --only mount-namespace "), "{again}");
    assert!(again.ends_with(" --seed 42"), "{again}");
}

#[test]
fn what_repeats_is_said_once() {
    let never = |id| Check {
        message: Text::new("command-not-started").with("observed", "the runtime ended: 1"),
        hint: Some(Text::new("command-not-started").with("observed", "the runtime ended: 1")),
        ..check(id, Tier::Core, "2-1", Status::Fail)
    };
    let mut report = Report { checks: Vec::new(), causes: Vec::new(), residue: Vec::new(), ..sample() };
    report.checks = vec![never("pid-one.is-pid-one"), never("mount-namespace.own-mount-namespace")];
    let texts = crate::words::texts(Language::English);
    texts.fill(&mut report);
    let page = terminal(&report, &texts);
    assert_eq!(page.matches("ended before the command started").count(), 1, "{page}");
    assert_eq!(page.matches("the same as in pid-one above").count(), 1, "{page}");
    assert_eq!(page.matches("observed").count(), 2, "each failure still says what was observed: {page}");
}
