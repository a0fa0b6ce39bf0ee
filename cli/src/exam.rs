//! `boxproof exam`: from the command line to the report.

use crate::args::{ExamArgs, language};
use crate::backend::Place;
use crate::build::Workshop;
use crate::course::Course;
use crate::near::near;
use crate::outcome::{Outcome, Trouble};
use crate::progress::Progress;
use crate::report;
use crate::subject::Subject;
use boxproof_harness::backend::vm::VmOptions;
use boxproof_harness::conductor::{Parcel, conduct};
use boxproof_harness::plan::Plan;
use boxproof_harness::result::{Report, Status, Tier};
use boxproof_harness::rootfs::{self, RootfsSource};
use boxproof_harness::scenario::Scenario;
use boxproof_scenarios::catalogue;
use boxproof_scenarios::texts::Texts;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;
use std::time::Duration;

/// The longest that a build may take where no course says otherwise.
const BUILD: Duration = Duration::from_secs(3600);

/// The most bytes that may be handed in, and that may come of it, likewise; as much as a course allows that says nothing.
pub const LARGEST: u64 = 256 << 20;

/// Examines one runtime.
pub fn run(args: &ExamArgs) -> Result<Outcome, Trouble> {
    let mut texts = crate::words::texts(language(args.lang));
    let place = Place::of(args.backend)?;
    let course = course(args, &mut texts)?;
    let scenarios = chosen(args, course.as_ref())?;
    args.report.iter().try_for_each(|(_, path)| writable(path))?;
    let build_limit = course.as_ref().map_or(BUILD, |course| course.build);
    let mut vm = VmOptions { snapshot: !args.no_snapshot, ..crate::vm::options(args.kernel.as_deref()) };
    let workshop = Workshop {
        place: place.builds(args.build),
        exam: place,
        limit: build_limit,
        largest: course.as_ref().map_or(LARGEST, |course| course.size),
        vm: &vm,
        say: &|line| anstream::eprintln!("{}", crate::words::line(line)),
    };
    let subject = Subject::find(args.runtime.as_deref(), args.adapter, &workshop, &texts)?;
    vm.tools = subject.tools;
    let source = RootfsSource::find(args.rootfs.as_deref(), Some(&subject.directory));
    let source = source
        .map_err(|error| if args.rootfs.is_some() { Trouble::usage(error) } else { Trouble::environment(error) })?;

    let seed = args.seed.unwrap_or_else(drawn);
    let mut progress = Progress::new(&texts, scenarios.len());
    progress
        .say(&texts.text("ui-seed", &report::params([("seed", &seed.to_string()), ("rootfs", &source.description())])));
    let files = source.tree().map_err(Trouble::environment)?;
    let lacking = rootfs::lacking(&files);
    if !lacking.is_empty() {
        progress.say(&texts.text("ui-rootfs-lacks", &report::params([("commands", &lacking.join(", "))])));
    }
    let parcel = Parcel {
        plan: Plan {
            seed,
            scenarios: scenarios.iter().map(|scenario| scenario.id.to_owned()).collect(),
            invocation: subject.invocation,
            program: subject.program,
            jobs: 0,
            disposable: place.is_disposable(),
            terms: course.as_ref().map(|course| course.terms.clone()).unwrap_or_default(),
        },
        rootfs: files,
        submission: subject.submission,
        extra: subject.libraries,
        about: subject.about,
    };
    let mut agent = place.start(args, &vm, &texts, &|line| progress.say(line))?;
    let mut result = conduct(catalogue(), agent.as_mut(), &parcel, &mut |event| progress.hear(event));
    drop(agent);
    progress.finish();
    if let Some(course) = &course {
        crate::course::mark(course, &mut result);
    }

    texts.fill(&mut result);
    for (format, path) in &args.report {
        let written = format.write(&result, &texts, path);
        written.map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))?;
    }
    if args.json {
        crate::words::print_exactly(&report::json(&result).map_err(Trouble::environment)?)?;
    } else {
        crate::words::print(&report::terminal(&result, &texts))?;
    }
    Ok(outcome(&result))
}

fn outcome(report: &Report) -> Outcome {
    match report.status {
        Status::Pass | Status::Skip => Outcome::Passed,
        Status::Fail => Outcome::Failed,
        Status::Error | Status::Inconclusive => Outcome::Unexamined,
    }
}

/// The course, and the reader's texts in its language unless another was asked for.
fn course(args: &ExamArgs, texts: &mut Texts) -> Result<Option<Course>, Trouble> {
    let Some(path) = &args.course else { return Ok(None) };
    let course = Course::load(path, texts, &|line| anstream::eprintln!("{}", crate::words::line(line)))?;
    if let (None, Some(language)) = (args.lang, course.language) {
        *texts = crate::words::texts(language);
    }
    texts.set_parameters(&course.terms.parameters);
    Ok(Some(course))
}

/// The scenarios asked for, in the catalogue's order.
fn chosen(args: &ExamArgs, course: Option<&Course>) -> Result<Vec<&'static Scenario>, Trouble> {
    for id in &args.only {
        if !catalogue().iter().any(|known| known.id == id) {
            return Err(unknown("scenario", id, catalogue().iter().map(|known| known.id)));
        }
    }
    let tiers: Vec<Tier> = args.tier.iter().copied().map(Tier::from).collect();
    let wanted = |scenario: &&Scenario| {
        course.is_none_or(|course| course.counts(scenario.id))
            && (tiers.is_empty() || tiers.contains(&scenario.tier))
            && (args.only.is_empty() || args.only.iter().any(|id| id == scenario.id))
    };
    let chosen: Vec<_> = catalogue().iter().filter(wanted).collect();
    if chosen.is_empty() {
        return Err(Trouble::usage("no such scenario is left over by --tier, --only and --course: see boxproof list"));
    }
    Ok(chosen)
}

/// Says that there is no such thing, and what may have been meant.
pub fn unknown<'a>(kind: &str, id: &str, known: impl IntoIterator<Item = &'a str>) -> Trouble {
    let near = near(id, known);
    let meant = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(", ")) };
    Trouble::usage(format!("there is no {kind} `{id}`.{meant} All of them: boxproof list"))
}

/// Says before the exam, not after it, that there is no place for a report.
fn writable(path: &Path) -> Result<(), Trouble> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match directory.is_dir() && !path.is_dir() {
        true => Ok(()),
        false => Err(Trouble::usage(format!("--report {}: there is no such directory to write it in", path.display()))),
    }
}

/// A seed that nobody chose. Small enough to be typed, and exact in every JSON reader (below 2⁵³).
fn drawn() -> u64 {
    RandomState::new().hash_one(std::process::id()) % 1_000_000_000
}
