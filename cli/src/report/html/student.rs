//! The page of one student: how it stands, what to do next, what the kernel showed, and every scenario.

use super::drawings::drawings;
use super::{badge, document, escape, section};
use crate::report::telling::by_hand;
use crate::report::{
    Examined, again, by_step, duration, kernel_facts, params, printed_facts, reasons, scenarios, tally, verdict,
};
use crate::words::lines;
use boxproof_harness::result::{CauseReport, Check, Report, Status, Text};
use boxproof_scenarios::texts::{Params, Texts};
use std::fmt::Write;

/// How many lines of a value are shown.
const VALUE_LINES: usize = 30;

/// How many scenarios a cause names before it counts the rest.
const LINKS: usize = 12;

/// The page.
pub fn student_page(report: &Report, texts: &Texts) -> String {
    let page = Page { report, texts, all: scenarios(report) };
    let mut body = page.header();
    body.push_str("<main>\n");
    body.push_str(&page.next());
    body.push_str(&section("shown", &texts.plain("ui-kernel-showed"), &drawings(report, texts)));
    body.push_str(&page.steps());
    body.push_str(&page.gaps());
    body.push_str(&page.residue());
    body.push_str(&page.flags());
    body.push_str("</main>\n");
    body.push_str(&page.footer());
    document(texts, &format!("boxproof: {}", report.submission.id), &body, None)
}

struct Page<'a> {
    report: &'a Report,
    texts: &'a Texts,
    all: Vec<Examined<'a>>,
}

impl Page<'_> {
    fn say(&self, id: &str) -> String {
        escape(&self.texts.plain(id))
    }

    /// Verdict, points, and how far each tier is.
    fn header(&self) -> String {
        let report = self.report;
        let mut html =
            format!("<header>\n<p class=\"kicker\">boxproof</p>\n<h1>{}</h1>\n", escape(&report.submission.id));
        let _ = writeln!(
            html,
            "<p class=\"verdict {0}\">{1} {2}</p>",
            report.status.word(),
            badge(report.status, self.texts),
            self.say(verdict(report))
        );
        if report.status != Status::Error {
            let (score, max) = (report.score.to_string(), report.max_score.to_string());
            let points = self.texts.text("ui-points", &params([("score", &score), ("max", &max)]));
            let _ = writeln!(html, "<p class=\"points\">{}</p>", escape(&points));
        }
        html.push_str("<dl class=\"tiers\">\n");
        for (tier, passed, planned) in tally(&self.all) {
            let tier = self.say(&format!("ui-tier-{}", tier.word()));
            let _ = writeln!(
                html,
                "<div><dt>{tier}</dt><dd><meter min=\"0\" max=\"{planned}\" value=\"{passed}\" aria-hidden=\"true\"></meter> {passed}/{planned}</dd></div>"
            );
        }
        html.push_str("</dl>\n</header>\n");
        html
    }

    /// The first cause, with how to see it; the others behind it.
    fn next(&self) -> String {
        let mut html = String::new();
        match self.report.causes.split_first() {
            Some((first, others)) => {
                html.push_str(&self.first_cause(first));
                html.push_str(&self.other_causes(others));
            }
            None if self.report.status == Status::Pass => {
                let _ = writeln!(html, "<p>{}</p>", self.say("ui-next-nothing"));
            }
            None => {}
        }
        for error in &self.report.infrastructure_errors {
            let _ = writeln!(html, "<p class=\"notice error\">{}</p>", escape(&error.text));
        }
        section("next", &self.texts.plain("ui-next"), &html)
    }

    fn first_cause(&self, cause: &CauseReport) -> String {
        let mut html = format!("<div class=\"cause\">\n<p class=\"first\">{}</p>\n", escape(&cause.text));
        if let Some(why) = self.texts.find(&format!("cause-{}.why", cause.id), &cause.params) {
            let _ = writeln!(html, "<p>{}</p>", escape(&why));
        }
        let _ = writeln!(html, "<p>{}: {}</p>", self.say("ui-explained-by-this"), self.links(&cause.checks));
        let check = cause.checks.iter().find_map(|id| self.report.checks.iter().find(|check| check.id == *id));
        if let Some(check) = check {
            html.push_str(&self.failure(check));
        }
        // Whatever never starts is not seen by what the scenario would have looked at.
        let started = check.filter(|check| !never_started(check));
        if let Some(hand) = started.and_then(|check| by_hand(check, self.texts)) {
            let _ = writeln!(html, "<h3>{}</h3>\n{}", self.say("ui-hand"), block(&hand));
        }
        let more = format!("boxproof explain {}", cause.id);
        let _ = writeln!(html, "<p class=\"more\">{} <code>{}</code></p>\n</div>", self.say("ui-more"), escape(&more));
        html
    }

    fn other_causes(&self, causes: &[CauseReport]) -> String {
        if causes.is_empty() {
            return String::new();
        }
        let mut html = format!("<h3>{}</h3>\n<ol class=\"causes\" start=\"2\">\n", self.say("ui-then"));
        for cause in causes {
            let _ = writeln!(html, "<li>{} <small>{}</small></li>", escape(&cause.text), self.links(&cause.checks));
        }
        html.push_str("</ol>\n");
        html
    }

    /// The scenarios of checks, each with the way to it.
    fn links(&self, checks: &[String]) -> String {
        let mut scenarios: Vec<&str> = checks.iter().map(|id| id.split('.').next().unwrap_or(id)).collect();
        scenarios.dedup();
        let link = |id: &&str| format!("<a href=\"#s-{0}\"><code>{0}</code></a>", escape(id));
        let links = scenarios.iter().take(LINKS).map(link).collect::<Vec<_>>().join(", ");
        let more = scenarios.len().saturating_sub(LINKS);
        if more > 0 { format!("{links} … +{more}") } else { links }
    }

    fn steps(&self) -> String {
        let mut html = String::new();
        for (step, members) in by_step(&self.all) {
            let of_step: String = members.into_iter().map(|scenario| self.scenario(scenario)).collect();
            html.push_str(&section(
                &format!("step-{}", escape(step)),
                &self.texts.plain(&format!("step-{step}")),
                &of_step,
            ));
        }
        html
    }

    /// One scenario: closed where nothing is to be done.
    fn scenario(&self, scenario: &Examined) -> String {
        // What failed is open, but not everything that failed for the one reason that nothing starts.
        let again = self.told_by(scenario);
        let open = if scenario.status == Status::Fail && again.is_none() { " open" } else { "" };
        let mut html = format!(
            "<details class=\"scenario {0}\" id=\"s-{1}\"{open}>\n<summary>{2} <span class=\"title\">{3}</span> <span class=\"meta\"><code>{1}</code> · {4} · {5}</span></summary>\n",
            scenario.status.word(),
            escape(scenario.id),
            badge(scenario.status, self.texts),
            escape(&scenario.title(self.texts)),
            escape(scenario.tier.word()),
            duration(scenario.duration_ms),
        );
        if let Some(what) = self.texts.find(&format!("scenario-{}.what", scenario.id), &Params::new()) {
            let _ = writeln!(html, "<p class=\"what\">{}</p>", escape(&what));
        }
        match scenario.status {
            Status::Pass => self.foundation(&mut html, scenario),
            Status::Fail => {
                if let Some(first) = again {
                    let again = self.texts.text("ui-hint-again", &params([("scenario", first)]));
                    let _ = writeln!(html, "<p>{}</p>", escape(&again));
                }
                self.failures(&mut html, scenario);
            }
            status => {
                for (reason, _) in reasons(&[Examined { checks: scenario.checks.clone(), ..*scenario }], status) {
                    let _ = writeln!(html, "<p>{}</p>", escape(reason));
                }
            }
        }
        html.push_str("</details>\n");
        html
    }

    /// The scenario before this one that did not start for the same reason.
    fn told_by(&self, scenario: &Examined) -> Option<&str> {
        let reason = |scenario: &Examined| {
            let unstarted = scenario.with(Status::Fail).find(|check| never_started(check))?;
            Some(unstarted.message.id.clone())
        };
        let why = reason(scenario)?;
        let in_order = by_step(&self.all).into_iter().flat_map(|(_, members)| members);
        let first = in_order.filter(|other| reason(other).as_ref() == Some(&why)).map(|other| other.id).next()?;
        Some(first).filter(|first| *first != scenario.id)
    }

    /// What a passed scenario rests on.
    fn foundation(&self, html: &mut String, scenario: &Examined) {
        if let Some(check) = scenario.checks.first() {
            let _ = writeln!(html, "<dl class=\"facts\">{}</dl>", self.row("ui-command", &check.command));
        }
        html.push_str("<ul class=\"checks\">\n");
        for check in &scenario.checks {
            let _ = writeln!(
                html,
                "<li>{} {}{}</li>",
                badge(check.status, self.texts),
                escape(&check.title),
                self.facts(check)
            );
        }
        html.push_str("</ul>\n");
    }

    fn failures(&self, html: &mut String, scenario: &Examined) {
        let mut hints: Vec<&Text> = Vec::new();
        for check in &scenario.checks {
            let _ = writeln!(
                html,
                "<div class=\"check {}\">\n<h3>{} {}</h3>",
                check.status.word(),
                badge(check.status, self.texts),
                escape(&check.title)
            );
            if check.status == Status::Fail {
                html.push_str(&self.failure(check));
            }
            html.push_str("</div>\n");
            if let Some(hint) = check.hint.as_ref().filter(|hint| !hints.iter().any(|known| known.id == hint.id)) {
                hints.push(hint);
            }
        }
        for hint in hints {
            let _ =
                writeln!(html, "<p class=\"hint\"><strong>{}</strong> {}</p>", self.say("ui-hint"), escape(&hint.text));
        }
        let failed = scenario.with(Status::Fail).next();
        if let Some(hand) = failed.and_then(|check| by_hand(check, self.texts)) {
            let _ = writeln!(html, "<h3>{}</h3>\n{}", self.say("ui-hand"), block(&hand));
        }
    }

    /// What was run, expected and observed, and where that comes from.
    fn failure(&self, check: &Check) -> String {
        let mut html = String::from("<dl class=\"facts\">\n");
        if check.expected.is_empty() && check.observed.is_empty() {
            html.push_str(&self.row("ui-observed", &check.message.text));
        }
        html.push_str(&self.row("ui-command", &check.command));
        html.push_str(&self.row("ui-expected", &check.expected));
        html.push_str(&self.row("ui-observed", &check.observed));
        html.push_str("</dl>\n");
        html.push_str(&self.facts(check));
        if printed_facts(check).next().is_none() && !check.stderr.trim().is_empty() {
            let _ = writeln!(html, "<dl class=\"facts\">{}</dl>", self.row("ui-stderr", &check.stderr));
        }
        html
    }

    /// Evidence, and what a learner sees.
    fn facts(&self, check: &Check) -> String {
        let mut rows = String::new();
        for fact in kernel_facts(check) {
            rows.push_str(&self.row("ui-evidence", &format!("{}: {}", fact.source, fact.value)));
        }
        for fact in printed_facts(check) {
            rows.push_str(&self.row("ui-printed", &format!("$ {}\n{}", fact.source, fact.value)));
        }
        if rows.is_empty() { rows } else { format!("<dl class=\"facts\">\n{rows}</dl>\n") }
    }

    fn row(&self, name: &str, value: &str) -> String {
        let value = lines(value, VALUE_LINES);
        if value.is_empty() {
            return String::new();
        }
        format!("<div><dt>{}</dt><dd><pre>{}</pre></dd></div>\n", self.say(name), escape(&value.join("\n")))
    }

    /// What was not examined, and why.
    fn gaps(&self) -> String {
        let mut html = String::new();
        let groups = [
            (Status::Error, "ui-not-examined"),
            (Status::Inconclusive, "ui-inconclusive"),
            (Status::Skip, "ui-skipped"),
        ];
        for (status, heading) in groups {
            // What a failure kept from being reached is told by the failure.
            let whole = self.all.iter().filter(|scenario| scenario.status == status);
            let reasons: Vec<_> = whole.flat_map(|scenario| reasons(std::slice::from_ref(scenario), status)).collect();
            if reasons.is_empty() {
                continue;
            }
            let _ = writeln!(html, "<h3>{}</h3>\n<ul>", self.say(heading));
            let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
            for (reason, ids) in reasons {
                match told.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, known)) => known.extend(ids),
                    None => told.push((reason, ids)),
                }
            }
            for (reason, ids) in told {
                let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
                let _ = writeln!(html, "<li>{} <small>{}</small></li>", escape(reason), self.links(&ids));
            }
            html.push_str("</ul>\n");
        }
        section("gaps", &self.texts.plain("ui-gaps"), &html)
    }

    /// What was left behind, where that is part of a failure.
    fn residue(&self) -> String {
        let mut html = String::new();
        let failed = |id: &str| self.report.scenario_status(id) == Some(Status::Fail);
        for left in self.report.residue.iter().filter(|left| failed(&left.scenario)) {
            let what = if left.after.is_empty() { &left.before } else { &left.after };
            let _ = writeln!(
                html,
                "<li>{} <code>{}</code> <small>{}</small></li>",
                escape(&left.kind),
                escape(what),
                escape(&left.scenario)
            );
        }
        if !html.is_empty() {
            html = format!("<ul>\n{html}</ul>\n");
        }
        section("residue", &self.texts.plain("ui-residue"), &html)
    }

    /// What a person should look at.
    fn flags(&self) -> String {
        let mut html = String::new();
        for flag in &self.report.flags {
            let evidence = lines(&flag.evidence, 12).join("\n");
            let evidence =
                if evidence.is_empty() { String::new() } else { format!("<pre>{}</pre>", escape(&evidence)) };
            let _ = writeln!(html, "<li><span aria-hidden=\"true\">⚑</span> {}{evidence}</li>", escape(&flag.reason));
        }
        if !html.is_empty() {
            html = format!("<ul>\n{html}</ul>\n");
        }
        section("flags", &self.texts.plain("ui-flags"), &html)
    }

    /// What was examined, where and with what, and the command that repeats it.
    fn footer(&self) -> String {
        let (report, place) = (self.report, &self.report.environment);
        let mut html = format!("<footer>\n<h2>{}</h2>\n<dl class=\"facts\">\n", self.say("ui-about"));
        let isolation = if place.isolation.is_empty() { "none" } else { &place.isolation };
        let where_ = self.texts.plain(&format!("ui-isolation-{isolation}"));
        let kernel = format!("{where_}: Linux {} ({}) {}", place.kernel, place.arch, place.distro);
        let build = report
            .submission
            .build
            .as_ref()
            .map(|build| format!("$ {}\n{}: {}", build.command, build.status, build.log));
        let rows = [
            ("ui-about-program", report.submission.path.clone()),
            ("ui-about-commit", report.submission.commit.clone().unwrap_or_default()),
            ("ui-about-committed", report.submission.committed_at.clone().unwrap_or_default()),
            ("ui-about-sha256", report.submission.sha256.clone()),
            ("ui-about-build", build.unwrap_or_default()),
            ("ui-about-when", format!("{} – {}", report.run.started_at, report.run.finished_at)),
            ("ui-about-where", kernel),
            ("ui-about-with", format!("{} {}, seed {}", report.tool.name, report.tool.version, report.run.seed)),
            ("ui-about-again", again(report)),
        ];
        rows.iter().for_each(|(name, value)| html.push_str(&self.row(name, value)));
        html.push_str("</dl>\n</footer>\n");
        html
    }
}

/// Whether the cause is that nothing began which could have been examined.
fn never_started(check: &Check) -> bool {
    check.hint.as_ref().is_some_and(|hint| hint.id == check.message.id)
}

/// Lines to be typed.
fn block(text: &str) -> String {
    format!("<pre class=\"shell\">{}</pre>", escape(&lines(text, 50).join("\n")))
}
