//! `boxproof class`: everybody's submission examined, one result each, and what became of the class.
//!
//! Who is examined comes from a [`roster`]; each submission is brought here within bounds ([`handed_in`]), examined by an
//! agent of its own ([`examine`]), and its result put on disk so that no interruption loses or halves it ([`store`],
//! [`journal`]). At the end the class is summed up ([`summary`]), and if there were results before, it is said who changed
//! and why ([`regrade`]).

mod examine;
mod handed_in;
mod journal;
mod merge;
mod pages;
mod progress;
mod regrade;
mod roster;
pub mod shard;
mod store;
mod summary;

pub use merge::run as merge;

use crate::args::{BuildPlace, ClassArgs, language};
use crate::backend::Place;
use crate::course::Course;
use crate::outcome::{Outcome, Trouble};
use crate::report::{mark, params};
use crate::words::line;
use boxproof_harness::backend::vm::userland::{Tools, Userland};
use boxproof_harness::manifest::Manifest;
use boxproof_harness::result::{Report, Status, write_atomically};
use boxproof_harness::rootfs::RootfsSource;
use boxproof_scenarios::texts::Texts;
use examine::{Candidate, Room};
use journal::{Journal, Line, Lock};
use progress::Progress;
use roster::{Source, Student};
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use store::Store;
use summary::{About, Class};

/// Examines a class.
pub fn run(args: &ClassArgs) -> Result<Outcome, Trouble> {
    let out = &args.out;
    fs::create_dir_all(out).map_err(|error| Trouble::environment(format!("mkdir {}: {error}", out.display())))?;
    let _lock = Lock::of(out)?;
    let room = room(args)?;
    let except = [Some(out.as_path()), args.course.as_deref()].map(|path| path.unwrap_or(out));
    let students = shard::part(roster::read(&args.class, &except)?, args.shard);
    let store = Store::of(out);
    // Once before the first student: what is missing here is told at once, and what is made once is not made by all.
    drop(room.place.start_one_of_many(&room.vm, &|line| anstream::eprintln!("{}", crate::words::line(line)))?);
    for tools in tools(&room, &students) {
        // Those who need none are examined all the same.
        if let Err(error) = Userland::open(tools, &|progress| anstream::eprintln!("{progress}")) {
            anstream::eprintln!("{error}");
        }
    }
    let mut journal = Journal::open(out, args.resume)?;

    let jobs = jobs(args, &room);
    examine_all(&room, &students, &store, &mut journal, jobs)?;
    let _ = fs::remove_dir_all(&room.scratch);

    let reports: Vec<Report> = students.iter().filter_map(|student| store.latest(&student.id)).collect();
    let about = About {
        id: room.course.id.clone(),
        title: room.course.title.clone(),
        sha256: room.course.sha256.clone(),
        seed: room.seed,
    };
    let class = Class::of(about, args.shard, &reports);
    class.write(&reports, out)?;
    pages::class(&class, &reports, &room.texts, out)?;
    write_changes(&journal.changes(), out)?;
    crate::words::print(&told(&class, &journal, &room.texts))?;
    Ok(outcome(&class))
}

/// What everybody is examined with.
fn room(args: &ClassArgs) -> Result<Room, Trouble> {
    let mut texts = crate::words::texts(language(args.lang));
    let warn = |line: &str| anstream::eprintln!("{}", crate::words::line(line));
    let course = match &args.course {
        Some(path) => Course::load(path, &texts, &warn)?,
        None => Course::default()?,
    };
    if let (None, Some(language)) = (args.lang, course.language) {
        texts = crate::words::texts(language);
    }
    texts.set_parameters(&course.terms.parameters);
    let beside = args.class.is_dir().then_some(args.class.as_path());
    let rootfs = RootfsSource::find(args.rootfs.as_deref(), beside).and_then(|source| source.tree());
    let itself = fs::File::open("/proc/self/exe").and_then(crate::digest::hex_of);
    let scratch = args.out.join(".scratch");
    // What an interrupted run has left there.
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch)
        .map_err(|error| Trouble::environment(format!("mkdir {}: {error}", scratch.display())))?;
    let place = Place::of_many(args.backend)?;
    Ok(Room {
        seed: args.seed.or(course.seed).unwrap_or_else(|| seed_of_file(&course)),
        course,
        place,
        vm: crate::vm::options(args.kernel.as_deref()),
        builds: place.builds(args.build),
        texts,
        rootfs: rootfs.map_err(Trouble::environment)?,
        scratch: absolute(&scratch)?,
        tool: itself.map_err(|error| Trouble::environment(format!("read this program: {error}")))?,
    })
}

fn absolute(path: &Path) -> Result<PathBuf, Trouble> {
    path.canonicalize().map_err(|error| Trouble::environment(format!("{}: {error}", path.display())))
}

/// The seed of a course that names none: the same wherever the same file is.
fn seed_of_file(course: &Course) -> u64 {
    u64::from_str_radix(&course.sha256[..12], 16).unwrap_or_default()
}

/// The user lands that are needed in the virtual machines, as far as can be told before anybody is examined: a repository that
/// is not cloned yet says nothing.
fn tools(room: &Room, students: &[Student]) -> BTreeSet<Tools> {
    let mut needed = BTreeSet::new();
    for student in students.iter().filter(|_| room.place == Place::Vm) {
        let Source::Path(path) = &student.source else { continue };
        // Who has written a bad manifest is told so in his own report.
        let build = Manifest::beside(path).ok().flatten().and_then(|manifest| manifest.build);
        if let Some(command) = build.filter(|_| room.builds == BuildPlace::Vm) {
            needed.extend([Tools::for_build(&command, path), Tools::Scripts]);
        } else if is_script(path) {
            needed.insert(Tools::Scripts);
        }
    }
    needed
}

/// Whether its first line names one of the languages that a user land brings.
fn is_script(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = |head: &mut Vec<u8>| fs::File::open(path).and_then(|file| file.take(256).read_to_end(head));
    let regular = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let line = (regular && read(&mut head).is_ok()).then(|| head.split(|&byte| byte == b'\n').next()).flatten();
    let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    line.starts_with("#!") && Tools::LANGUAGES.iter().any(|language| line.contains(language))
}

/// How many are examined side by side: as many as there are processors, and memory for their machines.
fn jobs(args: &ClassArgs, room: &Room) -> usize {
    /// What QEMU itself needs.
    const QEMU_MIB: u32 = 176;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let machine = u64::from(crate::build::memory_mib(room.course.size) + QEMU_MIB) << 20;
    let by_memory = match room.place {
        Place::Local => usize::MAX,
        Place::Vm | Place::Vagrant => memory_available().map_or(1, |bytes| (bytes / machine) as usize),
    };
    args.jobs.map_or(processors.min(by_memory), |jobs| jobs as usize).max(1)
}

/// What this machine has left, or what the container's group allows where that is less: a pod has its own limit, and sees
/// the memory of the whole node.
fn memory_available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let machine = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)?;
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    Some(machine.min(limit.unwrap_or(u64::MAX)))
}

/// Somebody is done.
struct Done<'a> {
    student: &'a Student,
    key: String,
    report: Report,
    /// Now, not in an interrupted run.
    examined: bool,
}

/// Examines those who are not done yet. Results are put on disk by this thread alone, one after the other.
fn examine_all(
    room: &Room,
    students: &[Student],
    store: &Store,
    journal: &mut Journal,
    jobs: usize,
) -> Result<(), Trouble> {
    let (queue, stop) = (Mutex::new(students.iter().collect::<VecDeque<_>>()), AtomicBool::new(false));
    let shared = Mutex::new(&mut *journal);
    let mut progress = Progress::new(&room.texts, students.len());
    let (sender, finished) = channel();
    let outcome = std::thread::scope(|scope| {
        for _ in 0..jobs.min(students.len()) {
            let (sender, queue, stop, shared) = (sender.clone(), &queue, &stop, &shared);
            scope.spawn(move || work(room, queue, stop, shared, store, &sender));
        }
        drop(sender);
        let put = |done: Done| {
            keep(room, &done, store, &shared)?;
            progress.done(&done.student.id, &done.report, done.examined);
            Ok(())
        };
        let outcome = finished.into_iter().try_for_each(put);
        stop.store(true, Ordering::Relaxed);
        outcome
    });
    progress.finish();
    outcome
}

/// One worker: takes whoever is next, until there is nobody left.
fn work<'a>(
    room: &Room,
    queue: &Mutex<VecDeque<&'a Student>>,
    stop: &AtomicBool,
    journal: &Mutex<&mut Journal>,
    store: &Store,
    finished: &Sender<Done<'a>>,
) {
    while !stop.load(Ordering::Relaxed) {
        let Some(student) = locked(queue).pop_front() else { return };
        let candidate = room.admit(student);
        let known = known(&candidate, student, journal, store);
        let examined = known.is_none();
        let report = known.unwrap_or_else(|| room.examine(&candidate));
        if finished.send(Done { student, key: candidate.key, report, examined }).is_err() {
            return;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The result that an interrupted run has left, if it is of the same submission by the same course, and has a score.
fn known(candidate: &Candidate, student: &Student, journal: &Mutex<&mut Journal>, store: &Store) -> Option<Report> {
    if locked(journal).done(&student.id, &candidate.key).is_none() {
        store.discard(&student.id);
        return None;
    }
    store.settle(&student.id).ok()?;
    store.latest(&student.id).filter(|report| report.status != Status::Error)
}

/// Puts a result on disk so that at every moment it is known whether it is there.
fn keep(room: &Room, done: &Done, store: &Store, journal: &Mutex<&mut Journal>) -> Result<(), Trouble> {
    let Done { student, key, report, .. } = done;
    let mut journal = locked(journal);
    if done.examined {
        let before = store.graded(&student.id);
        let changes = before.map(|before| regrade::changes(&student.id, &before, report)).unwrap_or_default();
        store.stage(&student.id, report)?;
        journal.add(Line { student: student.id.clone(), key: key.clone(), changes })?;
        store.settle(&student.id)?;
    }
    pages::student(&room.course, report, &room.texts, store)
}

fn write_changes(changes: &[regrade::Change], out: &Path) -> Result<(), Trouble> {
    let path = out.join("regrade-diff.json");
    let text = serde_json::json!({"schema": "boxproof/regrade-diff/v1", "changes": changes});
    let mut bytes = serde_json::to_vec_pretty(&text).map_err(Trouble::environment)?;
    bytes.push(b'\n');
    write_atomically(&path, &bytes).map_err(|error| Trouble::environment(format!("write {}: {error}", path.display())))
}

/// 0 when everybody was graded, whatever the scores.
fn outcome(class: &Class) -> Outcome {
    match class.students.iter().all(|row| row.score.is_some()) {
        true => Outcome::Passed,
        false => Outcome::Unexamined,
    }
}

/// The class on the terminal: a line each, who could not be examined, and what has changed.
fn told(class: &Class, journal: &Journal, texts: &Texts) -> String {
    let mut page = told_rows(class, texts);
    let changes = journal.changes();
    if !changes.is_empty() {
        let _ = writeln!(page, "\n{}", texts.plain("class-changes"));
    }
    let word = |status: Option<Status>| match status {
        Some(status) => texts.plain(&format!("ui-word-{}", status.word())),
        None => "–".to_owned(),
    };
    for change in &changes {
        let causes: Vec<String> =
            change.cause.iter().map(|cause| texts.plain(&format!("class-cause-{cause}"))).collect();
        let causes = if causes.is_empty() { texts.plain("class-cause-nothing") } else { causes.join(", ") };
        let (student, check) = (line(&change.student), line(&change.check));
        let _ = writeln!(page, "  {student}  {check}  {} → {}  ({causes})", word(change.before), word(change.after));
    }
    page
}

fn told_rows(class: &Class, texts: &Texts) -> String {
    let mut page = String::new();
    let widest = class.students.iter().map(|row| row.id.chars().count()).max().unwrap_or(0);
    for row in &class.students {
        let points = row.score.map_or("–".to_owned(), |score| format!("{score}/{}", row.max_score));
        let late = if row.late == Some(true) { texts.plain("class-late") } else { String::new() };
        let said = row.error.as_deref().map_or_else(|| row.flags.join(" "), |error| error.to_owned());
        let text = format!("{} {:widest$}  {points:>9}  {late} {}", mark(row.status), line(&row.id), line(&said));
        let _ = writeln!(page, "{}", text.trim_end());
    }
    let _ = writeln!(page, "{}", counted(class, texts));
    page
}

/// How many were graded.
fn counted(class: &Class, texts: &Texts) -> String {
    let graded = class.students.iter().filter(|row| row.score.is_some()).count();
    let (graded, ungraded) = (graded.to_string(), (class.students.len() - graded).to_string());
    texts.text("class-graded", &params([("graded", &graded), ("ungraded", &ungraded)]))
}
