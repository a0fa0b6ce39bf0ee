//! The page of one student: how it stands, what to do next, what the kernel showed, and every scenario.

use super::drawings::drawings;
use super::scenario::{Scenarios, failure, never_started, row, shell};
use super::{Words, badge, document, escape, gauge, prose, section};
use crate::report::telling::by_hand;
use crate::report::{Examined, again, by_step, reasons, scenarios, tally, verdict};
use crate::words::lines;
use boxproof_harness::result::{CauseReport, Report, Status};
use boxproof_scenarios::texts::Texts;
use std::slice::from_ref;

/// How many scenarios a cause names before it counts the rest.
const LINKS: usize = 12;

/// The page.
pub fn student_page(report: &Report, texts: &Texts) -> String {
    let page = Page { report, words: Words(texts), all: scenarios(report) };
    let mut body = page.header();
    body += "<main>\n";
    body += &section("next", &texts.plain("ui-next"), &page.next());
    body += &section("shown", &texts.plain("ui-kernel-showed"), &drawings(report, texts));
    body += &page.steps();
    body += &section("gaps", &texts.plain("ui-gaps"), &page.gaps());
    body += &section("residue", &texts.plain("ui-residue"), &page.residue());
    body += &section("flags", &texts.plain("ui-flags"), &page.flags());
    body += "</main>\n";
    body += &page.footer();
    document(texts, &format!("boxproof: {}", report.submission.id), &body, None)
}

struct Page<'a> {
    report: &'a Report,
    words: Words<'a>,
    all: Vec<Examined<'a>>,
}

impl Page<'_> {
    /// Verdict, points, and how far each tier is.
    fn header(&self) -> String {
        let report = self.report;
        let (name, status) = (escape(&report.submission.id), report.status.word());
        let (badge, verdict) = (badge(report.status, self.words.0), self.words.say(verdict(report)));
        let mut points = String::new();
        if report.status != Status::Error {
            let (score, max) = (report.score.to_string(), report.max_score.to_string());
            let told = self.words.text("ui-points", [("score", &score), ("max", &max)]);
            points = format!("<p class=\"points\">{told}</p>\n");
        }
        let mut tiers = String::new();
        for (tier, passed, planned) in tally(&self.all) {
            let tier = self.words.say(&format!("ui-tier-{}", tier.word()));
            let gauge = gauge(passed, planned);
            tiers += &format!("<div><dt>{tier}</dt><dd>{gauge} {passed}/{planned}</dd></div>\n");
        }
        format!(
            r#"<header>
<p class="kicker">boxproof</p>
<h1>{name}</h1>
<p class="verdict {status}">{badge} {verdict}</p>
{points}<dl class="tiers">
{tiers}</dl>
</header>
"#
        )
    }

    /// The first cause, with how to see it; the others behind it; and what is ours to mend.
    fn next(&self) -> String {
        let mut html = match self.report.causes.split_first() {
            Some((first, others)) => self.first_cause(first) + &self.other_causes(others),
            None if self.report.status == Status::Pass => format!("<p>{}</p>\n", self.words.say("ui-next-nothing")),
            None => String::new(),
        };
        for error in &self.report.infrastructure_errors {
            html += &format!("<p class=\"notice error\">{}</p>\n", prose(&error.text));
        }
        html
    }

    fn first_cause(&self, cause: &CauseReport) -> String {
        let texts = self.words.0;
        let mut html = format!("<div class=\"cause\">\n<p class=\"first\">{}</p>\n", prose(&cause.text));
        if let Some(why) = texts.find(&format!("cause-{}.why", cause.id), &cause.params) {
            html += &format!("<p>{}</p>\n", prose(&why));
        }
        html += &format!("<p>{}: {}</p>\n", self.words.say("ui-explained-by-this"), links(&cause.checks));
        let check = cause.checks.iter().find_map(|id| self.report.checks.iter().find(|check| check.id == *id));
        if let Some(check) = check {
            html += &failure(check, &self.words);
        }
        // Whatever never starts is not seen by what the scenario would have looked at.
        let started = check.filter(|check| !never_started(check));
        if let Some(hand) = started.and_then(|check| by_hand(check, texts)) {
            html += &format!("<h3>{}</h3>\n{}", self.words.say("ui-hand"), shell(&hand));
        }
        let (more, command) = (self.words.say("ui-more"), escape(&format!("boxproof explain {}", cause.id)));
        html + &format!("<p class=\"more\">{more} <code>{command}</code></p>\n</div>\n")
    }

    fn other_causes(&self, causes: &[CauseReport]) -> String {
        let item = |cause: &CauseReport| told_of(&cause.text, &cause.checks);
        let items: String = causes.iter().map(item).collect();
        match items.is_empty() {
            true => items,
            false => {
                let then = self.words.say("ui-then");
                format!("<h3>{then}</h3>\n<ol class=\"causes\" start=\"2\">\n{items}</ol>\n")
            }
        }
    }

    fn steps(&self) -> String {
        let page = Scenarios { words: &self.words, all: &self.all };
        let mut html = String::new();
        for (step, members) in by_step(&self.all) {
            let of_step: String = members.into_iter().map(|scenario| page.html(scenario)).collect();
            let heading = self.words.0.plain(&format!("step-{step}"));
            html += &section(&format!("step-{}", escape(step)), &heading, &of_step);
        }
        html
    }

    /// What was not examined, and why. What a failure kept from being reached is told by the failure.
    fn gaps(&self) -> String {
        let mut html = String::new();
        let groups = [
            (Status::Error, "ui-not-examined"),
            (Status::Inconclusive, "ui-inconclusive"),
            (Status::Skip, "ui-skipped"),
        ];
        for (status, heading) in groups {
            let mut told: Vec<(&str, Vec<String>)> = Vec::new();
            let whole = self.all.iter().filter(|scenario| scenario.status == status);
            for (reason, ids) in whole.flat_map(|scenario| reasons(from_ref(scenario), status)) {
                let ids = ids.into_iter().map(str::to_owned);
                match told.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, known)) => known.extend(ids),
                    None => told.push((reason, ids.collect())),
                }
            }
            let items: String = told.iter().map(|(reason, ids)| told_of(reason, ids)).collect();
            if !items.is_empty() {
                html += &format!("<h3>{}</h3>\n<ul>\n{items}</ul>\n", self.words.say(heading));
            }
        }
        html
    }

    /// What was left behind, where that is part of a failure.
    fn residue(&self) -> String {
        let failed = |id: &str| self.report.scenario_status(id) == Some(Status::Fail);
        let mut items = String::new();
        for left in self.report.residue.iter().filter(|left| failed(&left.scenario)) {
            let what = escape(if left.after.is_empty() { &left.before } else { &left.after });
            let (kind, scenario) = (escape(&left.kind), escape(&left.scenario));
            items += &format!("<li>{kind} <code>{what}</code> <small>{scenario}</small></li>\n");
        }
        list(&items)
    }

    /// What a person should look at.
    fn flags(&self) -> String {
        let mut items = String::new();
        for flag in &self.report.flags {
            let (reason, evidence) = (escape(&flag.reason), escape(&lines(&flag.evidence, 12).join("\n")));
            items += &format!("<li><span aria-hidden=\"true\">⚑</span> {reason}<pre>{evidence}</pre></li>\n");
        }
        list(&items)
    }

    /// What was examined, where and with what, and the command that repeats it.
    fn footer(&self) -> String {
        let (report, place) = (self.report, &self.report.environment);
        let submission = &report.submission;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let isolation = if place.isolation.is_empty() { "none" } else { &place.isolation };
        let isolation = self.words.0.plain(&format!("ui-isolation-{isolation}"));
        let build = submission.build.as_ref();
        let build = build.map(|build| format!("$ {}\n{}: {}", build.command, build.status, build.log));
        let facts = [
            ("ui-about-program", submission.path.clone()),
            ("ui-about-commit", text(&submission.commit)),
            ("ui-about-committed", text(&submission.committed_at)),
            ("ui-about-sha256", submission.sha256.clone()),
            ("ui-about-build", text(&build)),
            ("ui-about-when", format!("{} – {}", report.run.started_at, report.run.finished_at)),
            ("ui-about-where", format!("{isolation}: Linux {} ({}) {}", place.kernel, place.arch, place.distro)),
            ("ui-about-with", format!("{} {}, seed {}", report.tool.name, report.tool.version, report.run.seed)),
        ];
        let rows: String = facts.iter().map(|(name, value)| row(name, value, &self.words)).collect();
        let (heading, again) = (self.words.say("ui-about"), escape(&again(report)));
        let once_more = self.words.say("ui-about-again");
        format!(
            r#"<footer>
<h2>{heading}</h2>
<dl class="facts">
{rows}<div><dt>{once_more}</dt><dd><pre>{again}</pre></dd></div>
</dl>
</footer>
"#
        )
    }
}

/// A sentence, with the scenarios that it is about.
fn told_of(text: &str, checks: &[String]) -> String {
    format!("<li>{} <small>{}</small></li>\n", prose(text), links(checks))
}

fn list(items: &str) -> String {
    if items.is_empty() { String::new() } else { format!("<ul>\n{items}</ul>\n") }
}

/// The scenarios of checks, each with the way to it.
fn links(checks: &[String]) -> String {
    let mut scenarios: Vec<&str> = checks.iter().map(|id| id.split('.').next().unwrap_or(id)).collect();
    scenarios.dedup();
    let link = |id: &&str| format!("<a href=\"#s-{0}\"><code>{0}</code></a>", escape(id));
    let links = scenarios.iter().take(LINKS).map(link).collect::<Vec<_>>().join(", ");
    let more = scenarios.len().saturating_sub(LINKS);
    if more > 0 { format!("{links} … +{more}") } else { links }
}
