//! The HTML pages: what they say, and what a course hides from them.

use super::readers::{graded, rendered};
use super::*;
use std::time::Duration;

/// The drawings' evidence, as the scenarios leave it.
fn drawn(killed: Status, arrived: Status) -> Report {
    let with = |id: &str, status, (source, value): (&str, &str)| Check {
        expected: "≠ pid:[1]".into(),
        observed: value.into(),
        evidence: vec![fact("kernel", source, value)],
        ..check(id, Tier::Core, "2", status)
    };
    let curve = "4 MiB → 12 MiB → 49 MiB";
    let checks = vec![
        with("pid-one.own-pid-namespace", Status::Fail, ("readlink /proc/7/ns/pid", "pid:[1]")),
        Check {
            expected: "≠ uts:[1]".into(),
            ..with("hostname-isolated.own-uts-namespace", Status::Pass, ("readlink /proc/7/ns/uts", "uts:[2]"))
        },
        with("memory-oom-kill.limit-is-50-mb", Status::Pass, ("/sys/fs/cgroup/workshop/memory.max", "52428800")),
        with(
            "memory-oom-kill.climbs-to-the-limit",
            Status::Pass,
            ("/sys/fs/cgroup/w/memory.current after each step", curve),
        ),
        with("memory-oom-kill.hog-killed", killed, ("wait(2)", "137")),
        with(
            "memory-oom-kill.oom-kill-counted",
            killed,
            ("/sys/fs/cgroup/w/memory.events: oom_kill", "oom 1\noom_kill 1"),
        ),
        with("veth-netcat.peer-left-host", Status::Pass, ("RTM_GETLINK on the host: veth*", "veth-host")),
        with("veth-netcat.peer-in-container", Status::Pass, ("RTM_GETLINK", "yes")),
        with("veth-netcat.line-arrives", arrived, ("stdout", "Hello")),
        with(
            "veth-netcat.way-back",
            Status::Pass,
            ("accept(2) on 10.7.0.1:4711 on the host", "word from 10.7.0.2, word"),
        ),
    ];
    let mut report = Report { checks, causes: Vec::new(), infrastructure_errors: Vec::new(), ..sample() };
    report.settle();
    report
}

#[test]
fn what_the_kernel_showed_is_drawn() {
    let texts = crate::words::texts(Language::English);
    let page = rendered(Format::Html, &drawn(Status::Pass, Status::Pass), &texts);
    assert_eq!(page.matches("<svg").count(), 3);
    assert!(page.contains("Of its own: uts. Shared with the host: pid."), "{page}");
    assert!(page.contains("Memory climbed to 49 MiB of 50 MiB"));
    assert!(page.contains("The container received what the host sent: “Hello”"));
    assert!(page.contains("10.7.0.1") && page.contains("10.7.0.2"), "the addresses are those of the evidence");
    assert_eq!(page.matches("class=\"kill\"").count(), 1);
    assert_eq!(page.matches("class=\"point\"").count(), 4, "three steps, and the beginning");
}

#[test]
fn what_did_not_happen_is_not_drawn() {
    let texts = crate::words::texts(Language::English);
    let page = rendered(Format::Html, &drawn(Status::Fail, Status::Fail), &texts);
    assert!(page.contains("the kernel did not end the process") && !page.contains("class=\"kill\""));
    assert!(page.contains("did not arrive") && page.contains("cable bad-line"));
    // Inside is the host for whoever shares its network namespace: the other end has gone nowhere.
    let mut report = drawn(Status::Pass, Status::Pass);
    let left = report.checks.iter_mut().find(|check| check.id == "veth-netcat.peer-left-host").expect("that check");
    left.status = Status::Fail;
    let page = rendered(Format::Html, &report, &texts);
    assert!(page.contains("it lies beside the first, on the host") && !page.contains("class=\"cable"), "{page}");
    // Where memory was not examined there is no curve.
    let mut report = drawn(Status::Pass, Status::Pass);
    report.checks.retain(|check| check.scenario != "memory-oom-kill");
    assert_eq!(rendered(Format::Html, &report, &texts).matches("<svg").count(), 2);
}

#[test]
fn the_first_cause_says_what_to_do() {
    for language in Language::ALL {
        let (report, texts) = graded(language);
        let page = rendered(Format::Html, &report, &texts);
        assert!(page.contains(&format!("<html lang=\"{}\">", language.code())));
        let next = page.split("<section").find(|section| section.contains("id=\"next\"")).expect("what to do next");
        assert!(next.contains("CLONE_NEWPID") && next.contains("href=\"#s-pid-one\""), "{next}");
        assert!(next.contains("readlink /proc/self/ns/pid"), "how to see it by hand: {next}");
        assert!(page.contains("id=\"s-pid-one\" open"), "what failed is open");
    }
}

#[test]
fn what_never_starts_is_told_once() {
    let texts = crate::words::texts(Language::English);
    let never = |id| Check {
        message: Text::new("command-not-started").with("observed", "the runtime ended: 1"),
        hint: Some(Text::new("command-not-started").with("observed", "the runtime ended: 1")),
        ..check(id, Tier::Core, "2-1", Status::Fail)
    };
    let checks = vec![never("pid-one.is-pid-one"), never("mount-namespace.own-mount-namespace")];
    let mut report = Report { checks, causes: Vec::new(), ..sample() };
    texts.fill(&mut report);
    let page = rendered(Format::Html, &report, &texts);
    assert!(page.contains("id=\"s-pid-one\" open") && page.contains("id=\"s-mount-namespace\">"), "{page}");
    assert_eq!(page.matches("the same as in pid-one above").count(), 1);
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let (report, texts) = told(Language::English);
    let page = rendered(Format::Html, &report, &texts);
    for elsewhere in ["src=", "<link", "url(", "@import"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    assert!(page.contains("default-src 'none'") && !page.contains("script-src"), "no script is allowed at all");
}

#[test]
fn what_a_course_hides_is_told_by_nothing() {
    let (mut report, texts) = graded(Language::English);
    for check in report.checks.iter_mut().filter(|check| check.scenario == "pid-one") {
        check.visibility = "hidden".into();
    }
    for format in
        [Format::Html, Format::Md, Format::Junit, Format::Tap, Format::Ctrf, Format::Prairielearn, Format::Autolab]
    {
        let seen = rendered(format, &report, &texts);
        let told = seen.replace(&again(&report), "");
        assert!(!told.contains("CLONE_NEWPID") && !told.contains("counts itself as PID 1"), "{format:?}: {told}");
    }
    let html = rendered(Format::Html, &report, &texts);
    assert!(html.contains("points 1/6"), "the points are those of the whole");
    let gradescope = rendered(Format::Gradescope, &report, &texts);
    assert_eq!(gradescope.matches("\"visibility\": \"hidden\"").count(), 2, "Gradescope hides them itself");
}

/// Four students: all well, the sample, the same and late, and one whom we could not grade.
pub(super) fn class() -> Vec<Entry> {
    let (failed, _) = graded(Language::English);
    let mut passed = failed.clone();
    passed.checks.retain(|check| check.status == Status::Pass);
    passed.causes.clear();
    passed.flags.clear();
    passed.settle();
    let (ungraded, _) = told(Language::English);
    let entry = |student: &str, report: &Report| Entry {
        student: student.into(),
        page: Some(format!("students/{student}.html")),
        ..Entry::of(report.clone())
    };
    vec![
        entry("chen", &failed),
        entry("aoki", &passed),
        Entry { late: Some(Duration::from_secs(3 * 3600)), ..entry("diallo", &failed) },
        entry("bianchi", &ungraded),
    ]
}

#[test]
fn a_class_is_told_without_a_script() {
    let texts = crate::words::texts(Language::English);
    let page = html::class_page(&class(), &texts);
    assert!(page.contains("The class: 4 students"));
    assert!(page.contains("1 passed everything") && page.contains("2 not yet") && page.contains("1 not graded"));
    let causes = page.split("<section").find(|section| section.contains("id=\"causes\"")).expect("causes");
    assert!(causes.find("pid-namespace-not-new") < causes.find("runtime-hangs"));
    assert!(causes.contains("3 of 4"), "{causes}");
    assert!(page.contains("<a href=\"students/chen.html\">chen</a>"));
    let rows: Vec<&str> = page.split("<tr data-student=").skip(1).collect();
    assert_eq!(rows.len(), 4);
    assert!(rows[2].contains("3 h"), "by how much it was late: {}", rows[2]);
    assert!(
        rows[3].contains(">none<") && !rows[3].contains("1/8"),
        "no points where not all was examined: {}",
        rows[3]
    );
    assert!(rows[0].contains("<span aria-hidden=\"true\">✗</span><span class=\"hidden\">FAIL</span>"), "{}", rows[0]);
    assert!(
        rows[0].contains("href=\"students/chen.html#s-pid-one\""),
        "from a failure to what explains it: {}",
        rows[0]
    );
}
