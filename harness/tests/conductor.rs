//! The near side against agents that lie, break off or fall silent: whatever they do, every planned check is in the
//! result, and what was not heard of is an `error`.

use boxproof_harness::backend::{Agent, Heard};
use boxproof_harness::conductor::{Parcel, conduct};
use boxproof_harness::error::{Error, Result};
use boxproof_harness::event::{Event, PROTOCOL};
use boxproof_harness::manifest::Invocation;
use boxproof_harness::plan::Plan;
use boxproof_harness::result::{Check, Flag, Report, Residue, Status, Submission, Tier};
use boxproof_harness::scenario::Scenario;
use boxproof_harness::tree::Tree;
use std::collections::VecDeque;
use std::time::Duration;

const CATALOGUE: &[Scenario] = &[scenario("one", &["a", "b"]), scenario("two", &["a"])];

const fn scenario(id: &'static str, checks: &'static [&'static str]) -> Scenario {
    Scenario { id, step: "0", tier: Tier::Core, checks, requires: &[], offers: None, run: |_| Ok(()) }
}

/// An agent that says what it was given to say.
struct Scripted {
    lines: VecDeque<Heard>,
    takes_orders: bool,
}

impl Agent for Scripted {
    fn send(&mut self, _: &[u8]) -> Result<()> {
        if self.takes_orders { Ok(()) } else { Err(Error::new("write to the agent: EPIPE")) }
    }

    fn hear(&mut self, _: Duration) -> Result<Heard> {
        Ok(self.lines.pop_front().unwrap_or(Heard::Gone("the agent exited with 0".into())))
    }

    fn isolation(&self) -> &'static str {
        "host"
    }
}

fn say(event: &Event) -> Heard {
    Heard::Line(serde_json::to_string(event).expect("JSON"))
}

fn hello(protocol: u32) -> Heard {
    say(&Event::Hello { protocol, version: "9.9.9".into(), kernel: "6.8".into() })
}

fn passed(scenario: &str, id: &str) -> Heard {
    let check = serde_json::json!({
        "id": id, "scenario": scenario, "tier": "core", "step": "0", "title": "", "status": "pass", "score": 1,
        "max_score": 1, "needs": [], "visibility": "visible", "duration_ms": 1, "timeout_ms": 1, "attempts": [],
        "command": "", "message": {"id": "as-expected"}, "hint": null, "expected": "", "observed": "", "evidence": [],
        "stdout": "", "stderr": "", "truncated": false, "tags": [],
    });
    let check: Check = serde_json::from_value(check).expect("a check");
    say(&Event::Check(Box::new(check)))
}

fn report(lines: Vec<Heard>) -> Report {
    report_of(Scripted { lines: lines.into(), takes_orders: true })
}

fn report_of(mut agent: Scripted) -> Report {
    let plan = Plan {
        seed: 1,
        scenarios: vec!["one".into(), "two".into()],
        invocation: Invocation::workshop(),
        program: "runtime".into(),
        jobs: 1,
        disposable: false,
        terms: Default::default(),
    };
    let parcel =
        Parcel { plan, rootfs: Tree::new(), submission: Tree::new(), extra: Tree::new(), about: Submission::default() };
    let report = conduct(CATALOGUE, &mut agent, &parcel, &mut |_| {});
    let ids: Vec<&str> = report.checks.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(ids, ["one.a", "one.b", "two.a"], "every planned check appears, in order");
    report
}

fn statuses(report: &Report) -> Vec<Status> {
    report.checks.iter().map(|check| check.status).collect()
}

fn trouble(report: &Report) -> String {
    report.infrastructure_errors.iter().map(|error| error.text.as_str()).collect::<Vec<_>>().join("; ")
}

fn everything() -> Vec<Heard> {
    vec![hello(PROTOCOL), passed("one", "one.a"), passed("one", "one.b"), passed("two", "two.a")]
}

#[test]
fn what_is_heard_counts() {
    let report =
        report([everything(), vec![say(&Event::Beat), say(&Event::End { checks: 3 })]].into_iter().flatten().collect());
    assert_eq!((report.status, report.score, report.max_score), (Status::Pass, 3, 3));
    assert_eq!(trouble(&report), "");
}

#[test]
fn a_wrong_count_is_an_error_even_if_all_passed() {
    let report = report([everything(), vec![say(&Event::End { checks: 2 })]].into_iter().flatten().collect());
    assert_eq!(report.status, Status::Error);
    assert!(trouble(&report).contains("said 2 checks, 3 arrived"), "{}", trouble(&report));
}

#[test]
fn a_lost_check_is_an_error_and_costs_nothing_else() {
    let report = report(vec![hello(PROTOCOL), passed("one", "one.a"), say(&Event::End { checks: 1 })]);
    assert_eq!(statuses(&report), [Status::Pass, Status::Error, Status::Error]);
    assert_eq!(report.checks[1].message.id, "not-examined");
    assert_eq!(report.status, Status::Error);
}

#[test]
fn what_was_not_planned_does_not_count() {
    let mut lines = everything();
    lines.extend([passed("three", "three.a"), say(&Event::End { checks: 4 })]);
    let report = report(lines);
    assert_eq!((report.score, report.max_score), (3, 3));
}

#[test]
fn a_check_said_twice_is_an_error() {
    let mut lines = everything();
    lines.extend([passed("one", "one.a"), say(&Event::End { checks: 4 })]);
    let report = report(lines);
    assert_eq!(report.status, Status::Error, "{}", trouble(&report));
}

#[test]
fn another_protocol_is_refused_by_name() {
    let report = report(vec![hello(PROTOCOL + 1)]);
    assert_eq!(statuses(&report), [Status::Error; 3]);
    let refused = format!("boxproof 9.9.9 with protocol {}, not {PROTOCOL}", PROTOCOL + 1);
    assert!(trouble(&report).contains(&refused), "{}", trouble(&report));
}

#[test]
fn talk_before_hello_garbage_silence_and_death_are_errors() {
    for (lines, words) in [
        (vec![say(&Event::Beat)], "before hello"),
        (vec![hello(PROTOCOL), Heard::Line("{\"event\":\"check\"".into())], "understand the agent's line"),
        (vec![hello(PROTOCOL), Heard::Silence], "silent for 60 s"),
        (vec![hello(PROTOCOL)], "exited with 0"),
        (vec![], "exited with 0"),
    ] {
        let report = report(lines);
        assert_eq!(statuses(&report), [Status::Error; 3], "{words}");
        assert_eq!((report.status, report.score), (Status::Error, 0));
        assert!(trouble(&report).contains(words), "{}", trouble(&report));
    }
}

#[test]
fn an_agent_that_takes_no_orders_is_an_error() {
    let report = report_of(Scripted { lines: everything().into(), takes_orders: false });
    assert_eq!(statuses(&report), [Status::Error; 3]);
    assert!(trouble(&report).contains("EPIPE"), "{}", trouble(&report));
}

#[test]
fn residue_and_flags_carry_their_scenario_and_trouble_is_passed_on() {
    let residue =
        vec![Residue { kind: "file".into(), before: String::new(), after: "/tmp/x".into(), scenario: String::new() }];
    let flags = vec![Flag::raised("left-a-process", "pid 7"), Flag::raised("left-a-process", "pid 8")];
    let mut lines = everything();
    lines.extend([
        say(&Event::Verdict { id: "two".into(), status: Status::Pass, duration_ms: 1, residue, flags }),
        say(&Event::Trouble { id: "agent".into(), text: "no room".into() }),
        say(&Event::End { checks: 3 }),
    ]);
    let report = report(lines);
    assert_eq!(report.residue[0].scenario, "two");
    let gathered = Flag::raised("left-a-process", "pid 7 (two)\npid 8 (two)");
    assert_eq!(report.flags, [Flag { scenarios: vec!["two".into()], ..gathered }]);
    assert_eq!((report.status, trouble(&report).as_str()), (Status::Error, "no room"));
}
