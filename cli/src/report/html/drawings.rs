//! What the kernel showed, drawn: which namespaces the container has of its own, the memory climbing to its limit, the
//! cable between host and container. Everything in a drawing is read from the evidence of checks; of what was not examined
//! there is no drawing.
//!
//! They are drawn 360 units wide, which is a phone's width, so that letters stay as large as the text around them.

use super::escape;
use crate::report::{kernel_facts, mark, params};
use boxproof_harness::result::{Check, Report, Status};
use boxproof_scenarios::texts::Texts;
use std::fmt::Write;

/// Every drawing that this result has evidence for.
pub fn drawings(report: &Report, texts: &Texts) -> String {
    let drawn = [namespaces(report, texts), memory(report, texts), cable(report, texts)];
    let drawn: String = drawn.into_iter().flatten().collect();
    if drawn.is_empty() { drawn } else { format!("<div class=\"drawings\">\n{drawn}</div>\n") }
}

fn figure(name: &str, height: u32, told: &str, drawing: &str, texts: &Texts) -> String {
    let heading = escape(&texts.plain(&format!("ui-drawing-{name}")));
    let told = escape(told);
    format!(
        "<figure class=\"drawing\">\n<figcaption>{heading}</figcaption>\n\
         <svg viewBox=\"0 0 360 {height}\" role=\"img\" aria-label=\"{told}\">\n{drawing}</svg>\n\
         <p>{told}</p>\n</figure>\n"
    )
}

fn text(svg: &mut String, class: &str, x: u32, y: u32, words: &str) {
    let _ = writeln!(svg, r#"<text class="{class}" x="{x}" y="{y}">{}</text>"#, escape(words));
}

fn rectangle(svg: &mut String, class: &str, [x, y, width, height]: [u32; 4]) {
    let _ = writeln!(svg, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>"#);
}

/// A namespace as the checks `own-…-namespace` found it.
struct Namespace {
    /// `pid:[4026531836]`
    host: String,
    container: String,
}

impl Namespace {
    /// From `expected: ≠ pid:[1]`, `observed: pid:[2]`, `evidence: readlink /proc/4711/ns/pid`.
    fn of(check: &Check) -> Option<Namespace> {
        let (_, name) = check.id.split_once('.')?;
        let looked =
            kernel_facts(check).any(|fact| fact.source.starts_with("readlink /proc/") && fact.source.contains("/ns/"));
        let own = name.strip_prefix("own-")?.ends_with("-namespace");
        let host = check.expected.strip_prefix("≠ ").filter(|_| own && looked)?;
        Some(Namespace { host: host.to_owned(), container: check.observed.clone() })
    }

    fn is_own(&self) -> bool {
        self.host != self.container
    }

    /// `pid`
    fn kind(&self) -> &str {
        self.host.split(':').next().unwrap_or_default()
    }
}

/// A row for each kind: two boxes where the container has its own, one that reaches across where it shares the host's.
fn namespaces(report: &Report, texts: &Texts) -> Option<String> {
    let found: Vec<Namespace> = report.checks.iter().filter_map(Namespace::of).collect();
    if found.is_empty() {
        return None;
    }
    let height = 48 + 36 * u32::try_from(found.len()).ok()?;
    let mut svg = String::new();
    rectangle(&mut svg, "outer", [1, 1, 358, height + 10]);
    rectangle(&mut svg, "inner", [186, 26, 166, height - 22]);
    text(&mut svg, "label", 12, 19, &texts.plain("ui-host"));
    text(&mut svg, "label", 196, 43, &texts.plain("ui-container"));
    for (row, namespace) in (0_u32..).zip(&found) {
        let y = 52 + 36 * row;
        if namespace.is_own() {
            rectangle(&mut svg, "plain", [10, y, 160, 28]);
            rectangle(&mut svg, "good", [194, y, 150, 28]);
            text(&mut svg, "value", 18, y + 18, &namespace.host);
            text(&mut svg, "value", 200, y + 18, &format!("{} {}", mark(Status::Pass), namespace.container));
        } else {
            rectangle(&mut svg, "bad", [10, y, 334, 28]);
            text(&mut svg, "value", 18, y + 18, &namespace.host);
            let shared = format!("{} {}", mark(Status::Fail), texts.plain("ui-shared"));
            text(&mut svg, "strong", 190, y + 18, &shared);
        }
    }
    let kinds = |own: bool| {
        let kinds: Vec<&str> =
            found.iter().filter(|namespace| namespace.is_own() == own).map(Namespace::kind).collect();
        if kinds.is_empty() { texts.plain("ui-none") } else { kinds.join(", ") }
    };
    let told = texts.text("ui-namespaces-told", &params([("own", &kinds(true)), ("shared", &kinds(false))]));
    Some(figure("namespaces", height + 12, &told, &svg, texts))
}

/// The check `SCENARIO.NAME`, if it was decided.
fn decided<'a>(report: &'a Report, id: &str) -> Option<&'a Check> {
    report.checks.iter().find(|check| check.id == id && matches!(check.status, Status::Pass | Status::Fail))
}

/// The value of the fact whose source ends so.
fn value<'a>(report: &'a Report, scenario: &str, source: &str) -> Option<&'a str> {
    let checks = report.checks.iter().filter(|check| check.scenario == scenario);
    checks.flat_map(kernel_facts).find(|fact| fact.source.ends_with(source)).map(|fact| fact.value.as_str())
}

const MIB: f64 = 1_048_576.0;

/// memory.current after each step, the limit, and what became of the process that took it.
fn memory(report: &Report, texts: &Texts) -> Option<String> {
    let scenario = "memory-oom-kill";
    let limit = value(report, scenario, "/memory.max")?.trim().parse::<f64>().ok()? / MIB;
    let curve: Vec<f64> = value(report, scenario, "/memory.current after each step")?
        .split(" → ")
        .filter_map(|step| step.strip_suffix(" MiB")?.parse().ok())
        .collect();
    let highest = curve.iter().copied().fold(0.0, f64::max);
    let killed = decided(report, "memory-oom-kill.hog-killed")?.status == Status::Pass;
    let counted = value(report, scenario, "/memory.events: oom_kill").unwrap_or_default();
    let counted = counted.lines().find_map(|line| line.strip_prefix("oom_kill ")).unwrap_or("0");

    // Zero lies at the bottom left; the last point is a step before the end, where the kill stands.
    let steps = curve.len().max(1) as f64;
    let x = |step: f64| 44.0 + step * 270.0 / steps;
    let y = |mib: f64| 170.0 - mib * 130.0 / (limit.max(highest) * 1.12).max(1.0);
    let mut svg = String::new();
    let _ = writeln!(svg, r#"<path class="axis" d="M44 24V170H352"/>"#);
    for share in [0.0, 0.5, 1.0] {
        let mib = limit * share;
        let _ = writeln!(svg, r#"<text class="tick" x="38" y="{:.1}">{mib:.0}</text>"#, y(mib) + 4.0);
    }
    text(&mut svg, "label", 8, 16, "MiB");
    let _ = writeln!(svg, r#"<path class="limit" d="M44 {0:.1}H352"/>"#, y(limit));
    let _ = writeln!(svg, r#"<text class="value" x="50" y="{:.1}">memory.max {limit:.0} MiB</text>"#, y(limit) - 6.0);
    let points = std::iter::once(0.0).chain(curve.iter().copied());
    let points: Vec<String> =
        (0..).zip(points).map(|(step, mib)| format!("{:.1} {:.1}", x(f64::from(step)), y(mib))).collect();
    let _ = writeln!(svg, r#"<path class="curve" d="M{}"/>"#, points.join("L"));
    for point in &points {
        let (cx, cy) = point.split_once(' ')?;
        let _ = writeln!(svg, r#"<circle class="point" cx="{cx}" cy="{cy}" r="3"/>"#);
    }
    let (end_x, end_y) = (x(steps), y(curve.last().copied().unwrap_or(0.0)));
    if killed {
        // The process falls away: its memory is free again.
        let _ = writeln!(svg, r#"<path class="fall" d="M{end_x:.1} {end_y:.1}L{:.1} 170"/>"#, end_x + 16.0);
        let _ =
            writeln!(svg, r#"<path class="kill" d="M{0:.1} {1:.1}l12 12m0 -12l-12 12"/>"#, end_x - 6.0, end_y - 6.0);
        let _ =
            writeln!(svg, r#"<text class="value end" x="{:.1}" y="{:.1}">SIGKILL</text>"#, end_x - 10.0, end_y + 30.0);
    }
    text(&mut svg, "label end", 352, 188, &texts.plain("ui-memory-steps"));
    let outcome = if killed { "ui-memory-told" } else { "ui-memory-not-killed" };
    let (limit, highest) = (format!("{limit:.0}"), format!("{highest:.0}"));
    let told = texts.text(outcome, &params([("limit", &limit), ("highest", &highest), ("counted", counted)]));
    Some(figure("memory", 194, &told, &svg, texts))
}

/// How the two ends are called in the workshop.
const ENDS: [&str; 2] = ["veth-host", "veth-child"];

/// Two boxes and the cable between them, whole or cut.
fn cable(report: &Report, texts: &Texts) -> Option<String> {
    let scenario = "veth-netcat";
    // Whoever shares the host's network namespace finds the other end "inside", because inside is the host.
    let passed = |id: &str| decided(report, id).map(|check| check.status == Status::Pass);
    let moved = passed("veth-netcat.peer-in-container")? && passed("veth-netcat.peer-left-host")?;
    let arrived = decided(report, "veth-netcat.line-arrives").map(|check| check.status);
    let up = decided(report, "veth-netcat.both-up").map(|check| check.observed.clone()).unwrap_or_default();
    let mut states = up.split(", ").map(str::to_owned);
    let (host, child) = addresses(report);
    let mut svg = String::new();
    rectangle(&mut svg, "outer", [1, 1, 358, 138]);
    rectangle(&mut svg, "inner", [222, 26, 130, 104]);
    text(&mut svg, "label", 12, 19, &texts.plain("ui-host"));
    text(&mut svg, "label", 232, 43, &texts.plain("ui-container"));
    end(&mut svg, 10, ENDS[0], &host, &states.next().unwrap_or_default());
    if !moved {
        // The other end never left: it lies beside the first, in the host's network namespace.
        text(&mut svg, "value", 18, 132, &format!("{} {}", mark(Status::Fail), ENDS[1]));
        text(&mut svg, "value", 236, 92, "?");
    } else {
        end(&mut svg, 232, ENDS[1], &child, &states.next().unwrap_or_default());
    }
    let (class, sign) = match arrived {
        Some(Status::Pass) => ("cable good-line", mark(Status::Pass)),
        Some(_) => ("cable bad-line", mark(Status::Fail)),
        None => ("cable", '?'),
    };
    if moved {
        let _ = writeln!(svg, r#"<path class="{class}" d="M120 84H232"/>"#);
        text(&mut svg, "sign", 171, 72, &sign.to_string());
        if let Some(counters) = value(report, scenario, "IFLA_STATS64 of veth-host") {
            for (line, counter) in (0_u32..).zip(counters.split(", ")) {
                text(&mut svg, "small middle", 171, 102 + 14 * line, counter);
            }
        }
    }
    let outcome = match (moved, arrived) {
        (false, _) => "ui-cable-not-moved",
        (true, Some(Status::Pass)) => "ui-cable-told",
        (true, _) => "ui-cable-cut",
    };
    let line = decided(report, "veth-netcat.line-arrives").map(|check| check.observed.as_str()).unwrap_or_default();
    let told = texts.text(outcome, &params([("line", &crate::words::line(line))]));
    Some(figure("cable", 140, &told, &svg, texts))
}

fn end(svg: &mut String, x: u32, name: &str, address: &str, state: &str) {
    rectangle(svg, "plain", [x, 54, 110, 60]);
    text(svg, "value", x + 8, 72, name);
    text(svg, "value", x + 8, 89, address);
    text(svg, "value", x + 8, 106, state);
}

/// The addresses that the evidence names: `accept(2) on 10.0.0.1:38391 on the host`, `… from 10.0.0.2, …`.
fn addresses(report: &Report) -> (String, String) {
    let way_back = report.checks.iter().find(|check| check.id == "veth-netcat.way-back");
    let host = way_back.into_iter().flat_map(kernel_facts).find_map(|fact| {
        let (address, _) = fact.source.strip_prefix("accept(2) on ")?.split_once(':')?;
        Some(address.to_owned())
    });
    let child = way_back.and_then(|check| Some(check.observed.split_once(" from ")?.1.split(',').next()?.to_owned()));
    (host.unwrap_or_default(), child.unwrap_or_default())
}
