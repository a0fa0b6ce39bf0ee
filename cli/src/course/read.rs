//! From the text of a course file to the course, or to everything that is wrong with it.

use super::document::{At, Notes, Table};
use super::{Consequence, Course, Item, Visibility};
use crate::calendar::Moment;
use boxproof_harness::result::{Text, Tier};
use boxproof_harness::scenario::Scenario;
use boxproof_harness::terms::{KINDS, Parameters, Programs, Terms};
use boxproof_scenarios::catalogue;
use boxproof_scenarios::texts::Language;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

const MIB: u64 = 1 << 20;
/// More points would only make sums that nobody reads.
const MOST_POINTS: u64 = 10_000;
const A_DAY: u64 = 24 * 60 * 60;

/// The course, as far as it could be understood, and what is to be said of it. With mistakes it is not to be used.
pub fn read(source: &str) -> (Option<Course>, Notes) {
    let mut notes = Notes::default();
    match Table::parse(source) {
        Ok(document) => (Some(course(document, source, &mut notes)), notes),
        Err(mistake) => {
            notes.mistakes.push(mistake);
            (None, notes)
        }
    }
}

fn course(mut document: Table, source: &str, notes: &mut Notes) -> Course {
    let mut head = document.table("course", notes);
    let id = head.text("id", notes);
    if id.as_ref().is_none_or(|id| id.value.trim().is_empty()) {
        notes.wrong(id.as_ref().map_or(head.at, |id| id.at), Text::new("course-no-id"));
    }
    let title = head.text("title", notes).map(|title| title.value);
    let language = head.choice("language", &Language::ALL.map(|language| (language.code(), language)), notes);
    let deadline = deadline(&mut head, notes);
    let seed = head.number("seed", 0..=(1 << 53) - 1, notes).map(|seed| seed.value);
    head.finish(notes);

    let parts: Vec<Part> = document.tables("part", notes).into_iter().map(|part| Part::read(part, notes)).collect();
    let checks = document.table("checks", notes).numbers(0..=MOST_POINTS, notes);
    let items = items(&parts, checks, notes);
    if parts.is_empty() || items.is_empty() {
        notes.wrong(document.at, Text::new("course-no-part"));
    }

    let parameters = parameters(document.table("parameters", notes), notes);
    let mut limits = document.table("limits", notes);
    let patience = limits.decimal("patience", 0.1..=100.0, notes).unwrap_or(1.0);
    let longest = limits.number("exam", 0..=A_DAY, notes).map_or(900, |seconds| seconds.value);
    let build = limits.number("build", 1..=A_DAY, notes).map_or(300, |seconds| seconds.value);
    let size = size(&mut limits, "size", 1..=16 << 10, 256 * MIB, notes);
    limits.finish(notes);
    let (programs, consequence) = programs(document.table("programs", notes), notes);
    document.finish(notes);
    Course {
        id: id.map(|id| id.value).unwrap_or_default(),
        title,
        language: language.map(|language| language.value),
        deadline,
        seed,
        items,
        terms: Terms { parameters, patience, longest, programs },
        build: Duration::from_secs(build),
        size,
        consequence,
        sha256: crate::digest::hex(source.as_bytes()),
    }
}

fn deadline(head: &mut Table, notes: &mut Notes) -> Option<Moment> {
    let written = head.datetime("deadline", notes)?;
    let moment = Moment::of(&written.value);
    if moment.is_none() {
        notes.wrong(written.at, Text::new("course-deadline"));
    }
    moment
}

/// A `[[part]]`.
struct Part {
    at: usize,
    tiers: Vec<Tier>,
    steps: Vec<At<String>>,
    named: Vec<At<String>>,
    except: Vec<At<String>>,
    points: Option<At<u64>>,
    partial: bool,
    needs: Vec<At<String>>,
    visibility: Visibility,
}

impl Part {
    fn read(mut table: Table, notes: &mut Notes) -> Part {
        table.text("title", notes);
        let tiers = table.texts("tiers", notes);
        let steps = table.texts("steps", notes);
        let [named, except, needs] = ["scenarios", "except", "needs"].map(|key| table.texts(key, notes));
        for id in named.iter().chain(&except).chain(&needs) {
            if scenario(&id.value).is_none() {
                notes.unknown("course-no-scenario", id, catalogue().iter().map(|known| known.id));
            }
        }
        for step in steps.iter().filter(|step| !catalogue().iter().any(|known| is_of_step(known, &step.value))) {
            notes.unknown("course-no-step", step, catalogue().iter().map(|known| known.step));
        }
        let part = Part {
            at: table.at,
            tiers: tiers.iter().filter_map(|word| tier(word, notes)).collect(),
            steps,
            named,
            except,
            points: table.number("points", 0..=MOST_POINTS, notes),
            partial: table.boolean("partial", notes).unwrap_or(true),
            needs,
            visibility: table
                .choice("visibility", &Visibility::WORDS, notes)
                .map_or(Visibility::Visible, |visibility| visibility.value),
        };
        table.finish(notes);
        part
    }

    /// Whether its tiers and steps choose this scenario.
    fn rules_in(&self, scenario: &Scenario) -> bool {
        let by_rule = !self.tiers.is_empty() || !self.steps.is_empty();
        let tier = self.tiers.is_empty() || self.tiers.contains(&scenario.tier);
        let step = self.steps.is_empty() || self.steps.iter().any(|step| is_of_step(scenario, &step.value));
        by_rule && tier && step && !self.except.iter().any(|id| id.value == scenario.id)
    }
}

fn scenario(id: &str) -> Option<&'static Scenario> {
    catalogue().iter().find(|known| known.id == id)
}

fn is_of_step(scenario: &Scenario, step: &str) -> bool {
    scenario.step == step || scenario.step.strip_prefix(step).is_some_and(|rest| rest.starts_with('-'))
}

fn tier(word: &At<String>, notes: &mut Notes) -> Option<Tier> {
    const ALL: [Tier; 4] = [Tier::Core, Tier::Robust, Tier::Next, Tier::Hardened];
    let found = ALL.into_iter().find(|tier| tier.word() == word.value);
    if found.is_none() {
        let known = ALL.map(|tier| format!("\"{}\"", tier.word())).join(", ");
        notes.wrong(word.at, Text::new("course-wants-choice").with("word", &word.value).with("known", known));
    }
    found
}

/// What counts: each scenario once, by the part that names it, else by the first whose tiers and steps choose it.
fn items(parts: &[Part], checks: Vec<(At<String>, u64)>, notes: &mut Notes) -> Vec<Item> {
    let mut by_check = known_checks(checks, notes);
    let mut chosen: Vec<(&Part, Item, usize)> = Vec::new();
    for scenario in catalogue() {
        let named = parts.iter().flat_map(|part| part.named.iter().map(move |id| (part, id)));
        let named = named.filter(|(_, id)| id.value == scenario.id).map(|(part, id)| (part, id.at));
        let mut claims: Vec<(&Part, usize)> = named.collect();
        if claims.is_empty() {
            claims = parts.iter().filter(|part| part.rules_in(scenario)).map(|part| (part, part.at)).collect();
        }
        for (_, again) in claims.iter().skip(1) {
            notes.doubt(*again, Text::new("course-counted-twice").with("scenario", scenario.id));
        }
        let Some(&(part, at)) = claims.first() else { continue };
        let item = Item {
            id: scenario.id,
            points: points(scenario, part, at, &mut by_check, notes),
            partial: part.partial,
            needs: part.needs.iter().map(|id| id.value.clone()).filter(|id| id != scenario.id).collect(),
            visibility: part.visibility,
        };
        if item.worth() == 0 {
            notes.doubt(at, Text::new("course-worth-nothing").with("scenario", scenario.id));
        }
        chosen.push((part, item, at));
    }
    for part in parts.iter().filter(|part| !chosen.iter().any(|(by, _, _)| std::ptr::eq(*by, *part))) {
        notes.doubt(part.at, Text::new("course-part-empty"));
    }
    for (id, (at, _)) in by_check {
        notes.wrong(at, Text::new("course-check-not-chosen").with("check", id));
    }
    let items: Vec<Item> = chosen.iter().map(|(_, item, _)| item.clone()).collect();
    needs(parts, &items, notes);
    items
}

/// `[checks]`, without what there is no check of.
fn known_checks(checks: Vec<(At<String>, u64)>, notes: &mut Notes) -> BTreeMap<String, (usize, u64)> {
    let of = |scenario: &Scenario| -> Vec<String> {
        scenario.checks.iter().map(|check| format!("{}.{check}", scenario.id)).collect()
    };
    let all: Vec<String> = catalogue().iter().flat_map(of).collect();
    let mut known = BTreeMap::new();
    for (id, points) in checks {
        match all.contains(&id.value) {
            true => drop(known.insert(id.value, (id.at, points))),
            false => notes.unknown("course-no-check", &id, all.iter().map(String::as_str)),
        }
    }
    known
}

/// Points of each check: those that are given to it by name, and an even share of the rest.
fn points(
    scenario: &Scenario,
    part: &Part,
    at: usize,
    by_check: &mut BTreeMap<String, (usize, u64)>,
    notes: &mut Notes,
) -> Vec<u32> {
    let given: Vec<Option<(usize, u64)>> =
        scenario.checks.iter().map(|check| by_check.remove(&format!("{}.{check}", scenario.id))).collect();
    let Some(whole) = &part.points else {
        return given.iter().map(|given| given.map_or(1, |(_, points)| points as u32)).collect();
    };
    let sum: u64 = given.iter().flatten().map(|(_, points)| points).sum();
    let others = given.iter().filter(|given| given.is_none()).count() as u64;
    if sum > whole.value || (others == 0 && sum != whole.value) {
        let at = given.iter().flatten().map(|(at, _)| *at).next().unwrap_or(at);
        let text = Text::new("course-points-disagree").with("scenario", scenario.id);
        notes.wrong(at, text.with("sum", sum).with("points", whole.value));
        return vec![0; scenario.checks.len()];
    }
    let rest = whole.value - sum;
    if part.partial && rest > 0 && rest < others {
        let text = Text::new("course-too-few-points").with("scenario", scenario.id);
        notes.doubt(whole.at, text.with("points", rest).with("checks", others).with("without", others - rest));
    }
    let mut shares = (0..others).map(|n| rest / others + u64::from(n < rest % others));
    given.iter().map(|given| given.map_or_else(|| shares.next().unwrap_or(0), |(_, points)| points) as u32).collect()
}

/// What is needed must be chosen, and nothing may need itself in the end.
fn needs(parts: &[Part], items: &[Item], notes: &mut Notes) {
    let place = |id: &str| parts.iter().flat_map(|part| &part.needs).find(|need| need.value == id);
    for need in parts.iter().flat_map(|part| &part.needs) {
        if scenario(&need.value).is_some() && !items.iter().any(|item| item.id == need.value) {
            notes.wrong(need.at, Text::new("course-need-not-chosen").with("scenario", &need.value));
        }
    }
    let mut told: Vec<&str> = Vec::new();
    for item in items.iter().filter(|item| !item.needs.is_empty()) {
        let Some(circle) = circle(item, items) else { continue };
        if !circle.iter().any(|id| told.contains(id)) {
            let at = place(circle[0]).map_or(0, |need| need.at);
            let mut words = circle.clone();
            words.push(circle[0]);
            notes.wrong(at, Text::new("course-needs-circle").with("circle", words.join(" → ")));
        }
        told.extend(circle);
    }
}

/// The scenarios by which this one needs itself, in order.
fn circle<'a>(start: &'a Item, items: &'a [Item]) -> Option<Vec<&'a str>> {
    fn walk<'a>(item: &'a Item, start: &str, items: &'a [Item], path: &mut Vec<&'a str>) -> bool {
        path.push(item.id);
        for need in &item.needs {
            if need == start {
                return true;
            }
            let next = items.iter().find(|known| known.id == need && !path.contains(&known.id));
            if next.is_some_and(|next| walk(next, start, items, path)) {
                return true;
            }
        }
        path.pop();
        false
    }
    let mut path = Vec::new();
    walk(start, start.id, items, &mut path).then_some(path)
}

/// `50M`, `1G` or a number of bytes, in whole MiB.
fn size(
    table: &mut Table,
    key: &'static str,
    mib: std::ops::RangeInclusive<u64>,
    otherwise: u64,
    notes: &mut Notes,
) -> u64 {
    let Some(written) = table.text(key, notes) else { return otherwise };
    let number = |digits: &str, unit: u64| digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let bytes = match written.value.trim() {
        text if text.ends_with('M') => number(text.trim_end_matches('M'), MIB),
        text if text.ends_with('G') => number(text.trim_end_matches('G'), MIB << 10),
        text => number(text, 1),
    };
    match bytes.filter(|bytes| bytes % MIB == 0 && mib.contains(&(bytes / MIB))) {
        Some(bytes) => bytes,
        None => {
            let text = Text::new("course-wants-size").with("key", key).with("least", mib.start());
            notes.wrong(written.at, text.with("most", mib.end()));
            otherwise
        }
    }
}

fn parameters(mut table: Table, notes: &mut Notes) -> Parameters {
    let mut parameters = Parameters::default();
    parameters.memory_limit = size(&mut table, "memory", 20..=128, parameters.memory_limit, notes);
    if let Some(host) = table.text("host", notes) {
        match host.value.parse() {
            Ok(address) => parameters.host_address = address,
            Err(_) => notes.wrong(host.at, Text::new("course-wants-address").with("example", "10.0.0.1")),
        }
    }
    if let Some(container) = table.text("container", notes) {
        match address_and_prefix(&container.value) {
            Some((address, prefix)) => (parameters.container_address, parameters.prefix) = (address, prefix),
            None => notes.wrong(container.at, Text::new("course-wants-address").with("example", "10.0.0.2/24")),
        }
    }
    let network = |address: Ipv4Addr| u32::from(address) >> (32 - u32::from(parameters.prefix));
    let (host, container) = (parameters.host_address, parameters.container_address);
    if host == container || network(host) != network(container) {
        notes.wrong(table.at, Text::new("course-two-networks").with("host", host).with("container", container));
    }
    parameters.port = table.number("port", 1..=65_535, notes).map_or(parameters.port, |port| port.value as u16);
    table.finish(notes);
    parameters
}

fn address_and_prefix(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    let prefix = prefix.parse().ok().filter(|prefix| (1..=30).contains(prefix))?;
    Some((address.parse().ok()?, prefix))
}

fn programs(mut table: Table, notes: &mut Notes) -> (Programs, Consequence) {
    const CONSEQUENCES: [(&str, Consequence); 3] =
        [("flag", Consequence::Flag), ("scenario", Consequence::Scenario), ("exam", Consequence::Exam)];
    let [allow, forbid] = ["allow", "forbid"].map(|key| table.texts(key, notes));
    for name in allow.iter().chain(&forbid) {
        if name.value.is_empty() || name.value.contains('/') {
            notes.wrong(name.at, Text::new("course-wants-program").with("kinds", KINDS.join(", ")));
        }
    }
    for both in forbid.iter().filter(|name| allow.iter().any(|allowed| allowed.value == name.value)) {
        notes.wrong(both.at, Text::new("course-program-twice").with("program", &both.value));
    }
    let consequence = table.choice("consequence", &CONSEQUENCES, notes);
    table.finish(notes);
    let words = |list: Vec<At<String>>| list.into_iter().map(|name| name.value).collect();
    let rules = Programs { forbid: words(forbid), allow: words(allow) };
    (rules, consequence.map_or(Consequence::Flag, |consequence| consequence.value))
}
