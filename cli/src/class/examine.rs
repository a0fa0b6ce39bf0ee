//! One student's exam, from what was handed in to the result. Whatever is wrong, there is a result: with the submission,
//! it is a failure without points; with us, an error without a score.

use super::handed_in::{self, HandedIn};
use super::roster::Student;
use crate::args::BuildPlace;
use crate::backend::Place;
use crate::build::Workshop;
use crate::calendar::Moment;
use crate::course::{Course, mark};
use crate::outcome::Trouble;
use crate::subject::Subject;
use boxproof_harness::backend::vm::VmOptions;
use boxproof_harness::conductor::{Parcel, conduct, not_examined};
use boxproof_harness::manifest::Invocation;
use boxproof_harness::plan::Plan;
use boxproof_harness::result::{Infrastructure, Report, Status, Submission, Text};
use boxproof_harness::rootfs::RootfsSource;
use boxproof_harness::tree::Tree;
use boxproof_scenarios::catalogue;
use boxproof_scenarios::texts::Texts;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Where the result says which boxproof it was, to the byte.
pub const TOOL: &str = "boxproof_sha256";

/// The message of the checks of a submission that could not be examined, by its own fault.
pub const UNUSABLE: &str = "submission-unusable";

/// What everybody is examined with.
pub struct Room {
    /// The course.
    pub course: Course,
    /// Drawn values come from this and the student's id.
    pub seed: u64,
    /// Where exams take place.
    pub place: Place,
    /// What the virtual machines are like.
    pub vm: VmOptions,
    /// Where programs are built.
    pub builds: BuildPlace,
    /// The reports' language.
    pub texts: Texts,
    /// The root file system of those who bring none.
    pub rootfs: Tree,
    /// Where things may be put.
    pub scratch: PathBuf,
    /// Of this program.
    pub tool: String,
}

/// What a student has handed in, and what the result depends on besides.
pub struct Candidate<'a> {
    student: &'a Student,
    handed_in: Result<HandedIn, Trouble>,
    /// The same key, the same result.
    pub key: String,
}

impl Room {
    /// Looks at what was handed in.
    pub fn admit<'a>(&self, student: &'a Student) -> Candidate<'a> {
        let (size, limit) = (self.course.size, self.course.build);
        let fetch = || handed_in::fetch(student, &self.scratch, size, limit, &self.texts);
        let handed_in = catch_unwind(AssertUnwindSafe(fetch)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        let contents = handed_in.as_ref().map_or_else(|trouble| trouble.why().to_owned(), |it| it.sha256.clone());
        let commit = |it: &HandedIn| format!("{:?} {:?}", it.commit, it.committed_at);
        let key = [
            contents,
            handed_in.as_ref().map(commit).unwrap_or_default(),
            self.course.sha256.clone(),
            self.tool.clone(),
            format!(
                "{:?} {:?} {:?} {} {}",
                self.place,
                self.vm.kernel,
                self.builds,
                self.seed_of(&student.id),
                self.texts.language().code()
            ),
        ];
        Candidate { student, handed_in, key: crate::digest::hex(key.join("\n").as_bytes()) }
    }

    /// What is drawn for this student, wherever and in whichever order the class is examined.
    pub fn seed_of(&self, student: &str) -> u64 {
        let digest = crate::digest::hex(format!("{}\n{student}", self.seed).as_bytes());
        // As short as those that nobody chose.
        u64::from_str_radix(&digest[..12], 16).unwrap_or_default() % 1_000_000_000
    }

    /// The result, marked by the course.
    pub fn examine(&self, candidate: &Candidate) -> Report {
        let student = candidate.student;
        let examined = match &candidate.handed_in {
            Ok(handed_in) => catch_unwind(AssertUnwindSafe(|| self.exam(student, handed_in)))
                .unwrap_or_else(|panic| Err(panicked(panic.as_ref()))),
            Err(trouble) => Err(trouble.clone()),
        };
        let mut report = examined.unwrap_or_else(|trouble| self.without_exam(student, trouble));
        let handed_in = candidate.handed_in.as_ref().ok();
        report.submission.id.clone_from(&student.id);
        report.submission.path = student.source.written();
        report.submission.commit = handed_in.map_or_else(|| student.commit.clone(), |it| it.commit.clone());
        report.submission.committed_at =
            handed_in.map_or_else(|| student.committed_at.clone(), |it| it.committed_at.clone());
        report.submission.content_sha256 = handed_in.map(|it| it.sha256.clone());
        report.environment.limits.insert(TOOL.to_owned(), self.tool.clone());
        report.late = self.late(report.submission.committed_at.as_deref());
        mark(&self.course, &mut report);
        self.texts.fill(&mut report);
        report
    }

    fn late(&self, committed_at: Option<&str>) -> Option<bool> {
        Some(Moment::parse(committed_at?)? > self.course.deadline?)
    }

    fn exam(&self, student: &Student, handed_in: &HandedIn) -> Result<Report, Trouble> {
        let workshop = Workshop {
            place: self.builds,
            exam: self.place,
            limit: self.course.build,
            largest: self.course.size,
            vm: &self.vm,
            say: &|_| {},
        };
        let subject = Subject::find(Some(&handed_in.path), None, &workshop, &self.texts)?;
        let vm = VmOptions { tools: subject.tools, ..self.vm.clone() };
        let parcel = Parcel {
            plan: self.plan(student, subject.invocation, subject.program),
            rootfs: self.rootfs_for(&handed_in.path)?,
            submission: subject.submission,
            extra: subject.libraries,
            about: subject.about,
        };
        let mut agent = self.place.start_one_of_many(&vm, &|_| {})?;
        Ok(conduct(catalogue(), agent.as_mut(), &parcel, &mut |_| {}))
    }

    fn plan(&self, student: &Student, invocation: Invocation, program: String) -> Plan {
        Plan {
            seed: self.seed_of(&student.id),
            scenarios: self.course.scenarios().map(|scenario| scenario.id.to_owned()).collect(),
            invocation,
            program,
            // One on this machine, since others are examined beside; in a virtual machine as many as it has processors.
            // Never as many as this machine has: then another machine's results would be other results.
            jobs: if self.place == Place::Local { 1 } else { 0 },
            disposable: self.place.is_disposable(),
            terms: self.course.terms.clone(),
        }
    }

    /// The root file system that the student brings, if it is one: a link to the teacher's own root is none.
    fn rootfs_for(&self, path: &Path) -> Result<Tree, Trouble> {
        let own = path.join("rootfs");
        match own.symlink_metadata().is_ok_and(|kind| kind.is_dir()) {
            true => RootfsSource::directory(&own).and_then(|source| source.tree()).map_err(Trouble::usage),
            false => Ok(self.rootfs.clone()),
        }
    }

    /// The result of an exam that did not take place.
    fn without_exam(&self, student: &Student, trouble: Trouble) -> Report {
        let parcel = Parcel {
            plan: self.plan(student, Invocation::workshop(), String::new()),
            rootfs: Tree::new(),
            submission: Tree::new(),
            extra: Tree::new(),
            about: Submission::default(),
        };
        let id = if matches!(trouble, Trouble::Usage(_)) { UNUSABLE } else { "not-examined-here" };
        let why = Infrastructure { id: id.into(), text: trouble.why().to_owned() };
        let mut report = not_examined(catalogue(), &parcel, why);
        if let Trouble::Usage(why) = &trouble {
            report.infrastructure_errors.clear();
            fail(&mut report, why);
        }
        report
    }
}

/// Nothing works in a program that cannot be examined: the first check of every scenario fails, the others are not reached.
fn fail(report: &mut Report, why: &str) {
    let mut last = String::new();
    for check in &mut report.checks {
        let first = check.scenario != last;
        last.clone_from(&check.scenario);
        check.status = if first { Status::Fail } else { Status::Skip };
        check.message = match first {
            true => Text::new(UNUSABLE).with("reason", why),
            false => Text::new("not-reached"),
        };
        check.attempts.clear();
        if first {
            why.clone_into(&mut check.observed);
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Trouble {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Trouble::environment(format!("a defect of boxproof: {}", said.unwrap_or("it panicked")))
}
