use super::super::read;
use super::*;
use boxproof_harness::result::{CauseReport, Flag, Residue, Tier};
use boxproof_scenarios::catalogue;

/// A course with these parts, and what is wrong with it.
fn course(parts: &str) -> Course {
    let (course, notes) = read::read(&format!("[course]\nid = \"test\"\n{parts}"));
    assert_eq!(notes.mistakes, []);
    course.expect("a course")
}

/// What an agent found: these scenarios, in which these checks failed.
fn found(scenarios: &[&str], failed: &[&str]) -> Report {
    let check = |scenario: &str, name: &str| {
        let id = format!("{scenario}.{name}");
        let status = if failed.contains(&id.as_str()) { "fail" } else { "pass" };
        let hint = (status == "fail").then(|| serde_json::json!({"id": format!("because-of-{scenario}")}));
        serde_json::json!({
            "id": id, "scenario": scenario, "tier": "core", "step": "2", "title": "", "status": status,
            "score": u32::from(status == "pass"), "max_score": 1, "needs": [], "visibility": "visible",
            "duration_ms": 1, "timeout_ms": 1, "attempts": [], "command": "", "message": {"id": "check-passed"},
            "hint": hint, "expected": "", "observed": "", "evidence": [], "stdout": "", "stderr": "",
            "truncated": false, "tags": [],
        })
    };
    let known = catalogue().iter().filter(|known| scenarios.contains(&known.id));
    let checks: Vec<Check> = known
        .flat_map(|known| known.checks.iter().map(|name| check(known.id, name)))
        .map(|check| serde_json::from_value(check).expect("a check"))
        .collect();
    let causes = scenarios.iter().map(|scenario| CauseReport {
        id: format!("because-of-{scenario}"),
        params: BTreeMap::new(),
        text: String::new(),
        checks: failed.iter().filter(|id| id.starts_with(scenario)).map(|id| (*id).to_owned()).collect(),
    });
    Report {
        schema: boxproof_harness::result::SCHEMA.into(),
        tool: Default::default(),
        run: Default::default(),
        environment: Default::default(),
        submission: Default::default(),
        scenario_set: Default::default(),
        status: Status::Error,
        score: 0,
        max_score: 0,
        late: None,
        checks,
        causes: causes.filter(|cause| !cause.checks.is_empty()).collect(),
        residue: Vec::new(),
        flags: Vec::new(),
        infrastructure_errors: Vec::new(),
    }
}

fn marked(course: &Course, mut report: Report) -> Report {
    mark(course, &mut report);
    report
}

/// The first check of a scenario.
fn first(scenario: &str) -> String {
    let known = catalogue().iter().find(|known| known.id == scenario).expect("a scenario");
    format!("{scenario}.{}", known.checks[0])
}

fn checks(scenario: &str) -> usize {
    catalogue().iter().find(|known| known.id == scenario).expect("a scenario").checks.len()
}

#[test]
fn the_default_course_is_one_point_for_every_check_and_every_scenario_counts() {
    let (course, notes) = read::read(super::super::DEFAULT);
    let course = course.expect("the default");
    assert_eq!((notes.mistakes, notes.warnings), (vec![], vec![]));
    assert_eq!(course.scenarios().count(), catalogue().len());
    assert!(course.items.iter().flat_map(|item| &item.points).all(|points| *points == 1));
    assert_eq!(course.terms.parameters, Default::default());
    assert_eq!(course.consequence, Consequence::Flag);
}

#[test]
fn what_the_default_says_in_comments_can_be_said() {
    let uncommented = super::super::DEFAULT.replace("#: ", "");
    let (course, notes) = read::read(&uncommented);
    assert_eq!(notes.mistakes, []);
    let course = course.expect("a course");
    assert!(course.deadline.is_some() && course.seed == Some(1) && course.title.is_some());
    assert!(course.items.iter().any(|item| !item.partial && item.needs == ["pid-one"]));
}

#[test]
fn points_are_shared_out_evenly_and_nothing_is_lost() {
    let course = course(
        "[[part]]\nscenarios = [\"memory-oom-kill\", \"pid-one\"]\npoints = 20\n[checks]\n\"memory-oom-kill.no-swap\" = 5\n",
    );
    let item = course.item("memory-oom-kill").expect("chosen");
    assert_eq!(item.worth(), 20);
    assert_eq!(item.points[2], 5, "no-swap: {:?}", item.points);
    let others: Vec<u32> = item.points.iter().copied().enumerate().filter(|(n, _)| *n != 2).map(|(_, p)| p).collect();
    assert_eq!(others.iter().sum::<u32>(), 15);
    assert!(others.iter().all(|points| (1..=2).contains(points)), "{others:?}");
    let report = marked(&course, found(&["pid-one", "memory-oom-kill"], &["memory-oom-kill.no-swap"]));
    assert_eq!((report.status, report.score, report.max_score), (Status::Fail, 35, 40));
    assert_eq!(report.scenario_set.id, "test");
    assert_eq!(report.scenario_set.sha256, course.sha256);
}

#[test]
fn all_points_of_a_scenario_or_none() {
    let course = course("[[part]]\nscenarios = [\"pid-one\"]\npoints = 2\npartial = false\n");
    assert_eq!(marked(&course, found(&["pid-one"], &[])).score, 2);
    assert_eq!(marked(&course, found(&["pid-one"], &[&first("pid-one")])).score, 0);
}

#[test]
fn what_needs_a_failed_scenario_is_skipped_along_the_whole_chain() {
    let course = course(
        "[[part]]\nscenarios = [\"pid-one\"]\n[[part]]\nscenarios = [\"proc-isolated\"]\nneeds = [\"pid-one\"]\n\
         [[part]]\nscenarios = [\"exit-status\"]\nneeds = [\"proc-isolated\"]\n[[part]]\nscenarios = [\"lone-loopback\"]\n",
    );
    let all = ["pid-one", "proc-isolated", "exit-status", "lone-loopback"];
    let report = marked(&course, found(&all, &[&first("pid-one"), &first("exit-status")]));
    let status = |id| report.scenario_status(id);
    assert_eq!(status("pid-one"), Some(Status::Fail));
    assert_eq!(status("proc-isolated"), Some(Status::Skip));
    assert_eq!(status("exit-status"), Some(Status::Skip));
    assert_eq!(status("lone-loopback"), Some(Status::Pass));
    assert_eq!(report.score as usize, checks("pid-one") - 1 + checks("lone-loopback"));
    assert_eq!(report.max_score as usize, all.iter().map(|id| checks(id)).sum::<usize>());
    let skipped = report.checks.iter().find(|check| check.scenario == "proc-isolated").expect("it is listed");
    assert_eq!(
        (skipped.message.id.as_str(), skipped.needs.as_slice()),
        ("prerequisite-failed", &["pid-one".into()][..])
    );
    let causes: Vec<&str> = report.causes.iter().map(|cause| cause.id.as_str()).collect();
    assert_eq!(causes, ["because-of-pid-one"], "what does not count is no cause");
}

#[test]
fn what_could_not_be_examined_is_not_held_against_what_needs_it() {
    let course =
        course("[[part]]\nscenarios = [\"pid-one\"]\n[[part]]\nscenarios = [\"exit-status\"]\nneeds = [\"pid-one\"]\n");
    let mut report = found(&["pid-one", "exit-status"], &[]);
    report.checks[0].status = Status::Error;
    let report = marked(&course, report);
    assert_eq!(report.status, Status::Error);
    assert_eq!(report.scenario_status("exit-status"), Some(Status::Pass));
}

#[test]
fn a_forbidden_program_has_the_consequence_that_the_course_gives_it_and_is_recorded_in_any_case() {
    let ran = |consequence: &str| {
        let course = course(&format!(
            "[[part]]\nscenarios = [\"pid-one\", \"exit-status\"]\n[programs]\nforbid = [\"runc\"]\nconsequence = \"{consequence}\"\n"
        ));
        let mut report = found(&["pid-one", "exit-status"], &[]);
        let flag = Flag { scenarios: vec!["pid-one".into()], ..Flag::raised(FORBIDDEN, "/usr/bin/runc") };
        report.flags.push(flag);
        let report = marked(&course, report);
        let tagged = report.checks.iter().filter(|check| check.tags == [TAG]).count();
        assert_eq!((tagged, report.flags.len()), (checks("pid-one"), 1));
        report.score as usize
    };
    assert_eq!(ran("flag"), checks("pid-one") + checks("exit-status"));
    assert_eq!(ran("scenario"), checks("exit-status"));
    assert_eq!(ran("exam"), 0);
}

#[test]
fn a_student_sees_nothing_of_what_is_hidden_but_the_sum() {
    let course = course(
        "deadline = 2026-11-30T23:59:59Z\n[[part]]\nscenarios = [\"pid-one\"]\n[[part]]\nscenarios = [\"exit-status\"]\n\
         visibility = \"hidden\"\n[[part]]\nscenarios = [\"lone-loopback\"]\nvisibility = \"after_due_date\"\n",
    );
    let mut report = found(&["pid-one", "exit-status", "lone-loopback"], &[&first("exit-status")]);
    report.flags.push(Flag::raised("ran-isolation-tools", "ip"));
    let left = |scenario: &str| Residue {
        kind: "mount".into(),
        before: String::new(),
        after: "x".into(),
        scenario: scenario.into(),
    };
    report.residue = vec![left("pid-one"), left("exit-status")];
    let report = marked(&course, report);
    let seen = |now| for_student(&course, &report, Moment::parse(now).expect("a moment"));
    let before = seen("2026-11-30T12:00:00Z");
    let text = serde_json::to_string(&before).expect("JSON");
    assert!(!text.contains("exit-status") && !text.contains("lone-loopback"), "{text}");
    assert_eq!((before.score, before.max_score, before.flags.len()), (report.score, report.max_score, 0));
    let scenario = |report: &Report, id: &str| report.checks.iter().any(|check| check.scenario == id);
    let after = seen("2026-12-01T12:00:00Z");
    assert!(scenario(&after, "lone-loopback") && !scenario(&after, "exit-status"));
    assert!(scenario(&report, "exit-status"), "the teacher's own stays whole");
}

#[test]
fn tiers_and_steps_are_the_catalogues() {
    let course = course("[[part]]\ntiers = [\"core\"]\nsteps = [\"2\"]\nexcept = [\"pid-one\"]\n");
    assert!(!course.counts("pid-one") && course.counts("proc-isolated"));
    let of_part =
        |known: &&boxproof_harness::scenario::Scenario| known.tier == Tier::Core && known.step.starts_with('2');
    assert_eq!(course.items.len() + 1, catalogue().iter().filter(of_part).count());
}
