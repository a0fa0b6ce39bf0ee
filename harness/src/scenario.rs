//! What a scenario is, and what it is written with.

mod lifecycle;

pub use lifecycle::Created;

use crate::container::{Container, Held};
use crate::error::{Error, Result};
use crate::evidence::{Evidence, Namespace};
use crate::expect::Expect;
use crate::manifest::{Invocation, Offer, Place};
use crate::oci::Bundle;
use crate::pace::Watch;
use crate::policy::Policy;
use crate::result::{Fact, Flag, Residue, Status, Text, Tier};
use crate::run::{End, Output, Run, Start, await_any};
use crate::seed::Lot;
use crate::terminal::Terminal;
use crate::terms::Parameters;
use crate::testbed::{Inventory, Outer, Testbed, vanishes};
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// One property that a learner can name.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Kebab-case, stable.
    pub id: &'static str,
    /// The workshop's step, `2-1`.
    pub step: &'static str,
    /// How far it reaches.
    pub tier: Tier,
    /// Every check that it will make. A check that is planned and not made is an error of ours, and shows.
    pub checks: &'static [&'static str],
    /// What the machine must have for it.
    pub requires: &'static [Requirement],
    /// The option that the runtime under test must offer for it.
    pub offers: Option<Offer>,
    /// How it is examined.
    pub run: fn(&mut Exam) -> Result<(), Trouble>,
}

/// What a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// A controller of cgroup2.
    Controller(&'static str),
    /// Swap, without which a missing `memory.swap.max` does not show.
    Swap,
    /// A program by which a runtime can masquerade. Runtimes call it, so where there is none nothing of theirs is examined.
    PacketFilter,
}

/// Why a scenario could not go on.
#[derive(Debug)]
pub enum Trouble {
    /// The runtime under test did not get that far. This is scored.
    Runtime(Box<Failure>),
    /// The harness could not do its part. This is not.
    Harness(Error),
}

/// What the runtime under test did instead.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What happened.
    pub message: Text,
    /// The likely cause.
    pub cause: Option<Text>,
    /// What was expected.
    pub expected: String,
    /// What was observed.
    pub observed: String,
    /// What that rests on.
    pub facts: Vec<Fact>,
    /// The policy by which it is meant so, if the runtime declares that.
    pub policy: Option<Policy>,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Harness(error)
    }
}

impl From<crate::netlink::Error> for Trouble {
    fn from(error: crate::netlink::Error) -> Trouble {
        Trouble::Harness(error.into())
    }
}

impl Trouble {
    /// A failure with a cause of the same name as the message.
    pub fn runtime(id: &str, expected: impl Display, observed: impl Display) -> Trouble {
        let text = Text::new(id).with("observed", &observed);
        Trouble::Runtime(Box::new(Failure {
            message: text.clone(),
            cause: Some(text),
            expected: expected.to_string(),
            observed: observed.to_string(),
            facts: Vec::new(),
            policy: None,
        }))
    }

    pub(crate) fn silent(order: &str) -> Trouble {
        Trouble::runtime("container-silent", "an answer", format!("no answer to the order `{order}`"))
    }

    pub(crate) fn refused(order: &str, reason: &str) -> Trouble {
        Trouble::runtime("container-refuses", format!("the order `{}` is carried out", first_word(order)), reason)
    }

    pub(crate) fn gone(order: &str) -> Trouble {
        Trouble::runtime("container-gone", "the container lives", format!("it ended at the order `{order}`"))
    }

    /// Whether it is the failure that goes by this name.
    pub fn is(&self, id: &str) -> bool {
        matches!(self, Trouble::Runtime(failure) if failure.message.id == id)
    }

    /// Whether it is that failure, and no circumstances have named another cause than itself.
    fn is_unexplained(&self, id: &str) -> bool {
        let itself = |failure: &Failure| failure.cause.as_ref().is_none_or(|cause| cause.id == id);
        self.is(id) && matches!(self, Trouble::Runtime(failure) if itself(failure))
    }

    /// The same failure where the circumstances name another cause.
    pub fn because(mut self, cause: &str) -> Trouble {
        if let Trouble::Runtime(failure) = &mut self {
            let text = Text::new(cause).with("observed", &failure.observed).with("expected", &failure.expected);
            failure.cause = Some(text);
        }
        self
    }

    /// The same failure, but a skip for a runtime that declares to do so by design.
    pub fn unless_declared(mut self, policy: Policy) -> Trouble {
        if let Trouble::Runtime(failure) = &mut self {
            failure.policy = Some(policy);
        }
        self
    }

    /// Adds what the failure rests on.
    fn resting_on(mut self, facts: Vec<Fact>) -> Trouble {
        if let Trouble::Runtime(failure) = &mut self {
            failure.facts.extend(facts);
        }
        self
    }
}

fn first_word(order: &str) -> &str {
    order.split(' ').next().unwrap_or(order)
}

/// A check as it was decided.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub id: &'static str,
    pub status: Status,
    pub message: Text,
    pub cause: Option<Text>,
    pub expected: String,
    pub observed: String,
    pub facts: Vec<Fact>,
    /// The policy by which a failure is meant so, if the runtime declares that.
    pub policy: Option<Policy>,
    pub command: String,
    pub stdout: String,
    pub stderr: String,
    pub truncated: bool,
}

/// What is known of the runtime under test across scenarios.
#[derive(Debug, Default)]
pub struct Acquaintance {
    /// A container of it was seen.
    started_once: AtomicBool,
    /// How many times it took all the time there was.
    hangs: AtomicU32,
    /// It ran a command that only the host has.
    runs_on_host: OnceLock<Option<Decoy>>,
}

/// How the runtime under test is called.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The call.
    pub invocation: Invocation,
    /// The program, as the testbed sees it.
    pub program: PathBuf,
    /// The numbers that the workshop's commands hold.
    pub parameters: Parameters,
    /// What it did in other scenarios.
    pub acquaintance: Arc<Acquaintance>,
}

/// One scenario being examined: the testbed, the runtime under test, and the checks made so far.
pub struct Exam {
    /// The little host.
    pub bed: Testbed,
    /// Drawn values.
    pub lot: Lot,
    subject: Subject,
    pub(crate) judged: Vec<Judged>,
    /// The last run, for the report: command, stdout, stderr.
    pub(crate) last: Option<(String, crate::capture::Capture, crate::capture::Capture)>,
    printed: Vec<Fact>,
    own: Vec<String>,
    watched: Vec<OwnedFd>,
    before: Inventory,
    pub(crate) flags: Vec<Flag>,
    bundles: Option<Bundles>,
}

/// Where the bundles of a scenario lie, and the state that an OCI runtime keeps of its containers; removed when dropped.
#[derive(Debug)]
struct Bundles(PathBuf);

impl Drop for Bundles {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How a container is to be started.
#[derive(Debug, Default)]
pub struct Setup {
    arguments: Vec<OsString>,
    options: Vec<(Offer, String)>,
    environment: Vec<(String, String)>,
    descriptors: Vec<(OwnedFd, i32)>,
    stdin: bool,
    user: Option<u32>,
    groups: Vec<u32>,
    program: Option<OsString>,
    output: Output,
    umask: Option<u32>,
}

impl Setup {
    /// The plainest start.
    pub fn new() -> Setup {
        Setup::default()
    }

    /// Arguments for the payload.
    pub fn arguments<S: Into<OsString>>(mut self, words: impl IntoIterator<Item = S>) -> Setup {
        self.arguments.extend(words.into_iter().map(Into::into));
        self
    }

    /// An option that the runtime under test offers.
    pub fn option(mut self, offer: Offer, value: impl Into<String>) -> Setup {
        self.options.push((offer, value.into()));
        self
    }

    /// A variable in the runtime's own environment.
    pub fn variable(mut self, name: &str, value: &str) -> Setup {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// An open descriptor that the runtime inherits under `number`.
    pub fn descriptor(mut self, file: File, number: i32) -> Setup {
        self.descriptors.push((file.into(), number));
        self
    }

    /// An ordinary user calls the runtime, not root.
    pub fn user(mut self, uid: u32) -> Setup {
        self.user = Some(uid);
        self
    }

    /// Whoever calls the runtime is a member of these groups.
    pub fn groups(mut self, groups: Vec<u32>) -> Setup {
        self.groups = groups;
        self
    }

    /// A terminal as stdin, stdout and stderr.
    pub fn terminal(mut self, terminal: &Terminal) -> Result<Setup> {
        self.output = Output::Terminal(terminal.far_end()?, terminal.capture()?);
        Ok(self)
    }

    /// A pipe as stdout that nobody reads any more.
    pub fn closed_stdout(mut self) -> Setup {
        self.output = Output::Closed;
        self
    }

    /// Executes this file, whatever the first word is.
    pub fn program(mut self, file: impl Into<OsString>) -> Setup {
        self.program = Some(file.into());
        self
    }

    /// The umask that the runtime inherits.
    pub fn umask(mut self, mask: u32) -> Setup {
        self.umask = Some(mask);
        self
    }

    /// A pipe as stdin.
    pub fn stdin(mut self) -> Setup {
        self.stdin = true;
        self
    }
}

/// How a command ended that the runtime under test was given.
#[derive(Debug)]
pub struct Finished {
    /// How the runtime ended.
    pub end: End,
    /// All that it printed on stdout.
    pub stdout: String,
    /// All that it printed on stderr.
    pub stderr: String,
    /// As one would type it.
    pub command: String,
}

impl Finished {
    /// The runtime's status as evidence.
    pub fn status(&self) -> Evidence<i32> {
        Evidence::read(self.end.shell_status(), format!("waitid of `{}`", self.command), self.end)
    }
}

/// Longest wait for a container, before scaling.
pub(crate) const START: Duration = Duration::from_secs(8);
/// Longest wait for the runtime's end once its container has ended, before scaling.
const FINISH: Duration = Duration::from_secs(6);

impl Exam {
    /// A scenario about to be examined.
    pub(crate) fn new(bed: Testbed, lot: Lot, subject: Subject, before: Inventory) -> Exam {
        Exam {
            bed,
            lot,
            subject,
            judged: Vec::new(),
            last: None,
            printed: Vec::new(),
            own: Vec::new(),
            watched: Vec::new(),
            before,
            flags: Vec::new(),
            bundles: None,
        }
    }

    /// `base`, scaled to this machine.
    pub fn patience(&self, base: Duration) -> Duration {
        self.bed.pace().deadline(base)
    }

    /// Looks again and again for as long as `base`, on this machine.
    pub fn watch_for(&self, base: Duration) -> Watch {
        Watch::lasting(self.patience(base))
    }

    /// The numbers that the workshop's commands hold: its own, unless the course says otherwise.
    pub fn parameters(&self) -> Parameters {
        self.subject.parameters
    }

    /// How long the runtime may take to end after its container.
    pub fn finish_patience(&self) -> Duration {
        self.patience(FINISH)
    }

    /// Decides a check: is what the kernel says what was expected?
    pub fn check<T: Display>(&mut self, id: &'static str, observed: &Evidence<T>, expected: &Expect<T>) -> Verdict<'_> {
        let pass = expected.met_by(&observed.value);
        let observed_words = observed.value.to_string();
        let message = Text::new(if pass { "check-passed" } else { "check-failed" })
            .with("expected", expected.words())
            .with("observed", &observed_words);
        let (command, stdout, stderr, truncated) = self.last_run();
        let mut facts = observed.facts.clone();
        facts.append(&mut self.printed);
        self.judged.push(Judged {
            id,
            status: if pass { Status::Pass } else { Status::Fail },
            message,
            cause: None,
            expected: expected.words().to_owned(),
            observed: observed_words,
            facts,
            policy: None,
            command,
            stdout,
            stderr,
            truncated,
        });
        Verdict(self.judged.last_mut().expect("just pushed"))
    }

    pub(crate) fn last_run(&self) -> (String, String, String, bool) {
        const SHOWN: usize = 4096;
        let Some((command, stdout, stderr)) = &self.last else { return Default::default() };
        let ((out, more_out), (err, more_err)) = (stdout.tail(SHOWN), stderr.tail(SHOWN));
        (command.clone(), out, err, more_out || more_err)
    }

    /// Something that a person should look at. It decides nothing.
    pub fn flag(&mut self, id: &str, evidence: impl Display) {
        self.flags.push(Flag::raised(id, evidence));
    }

    /// Starts a container whose payload is our probe, held, and confined to the rootfs: without that nothing that it
    /// says of itself would be worth asking.
    pub fn start(&mut self) -> Result<Container, Trouble> {
        self.start_with(Setup::new())
    }

    /// The same with more to it.
    pub fn start_with(&mut self, setup: Setup) -> Result<Container, Trouble> {
        // Looked at first: a runtime may take the directory away from the host.
        let rootfs = self.rootfs_identity()?;
        let container = self.start_anywhere(setup)?;
        self.in_rootfs(container, rootfs)
    }

    /// The same by words of the scenario's own.
    pub fn start_by(&mut self, words: Vec<OsString>, setup: Setup) -> Result<Container, Trouble> {
        let (others, rootfs) = (self.bed.processes()?, self.rootfs_identity()?);
        let run = self.launch(words, setup)?;
        let container = self.held(run, &others)?;
        self.in_rootfs(container, rootfs)
    }

    fn in_rootfs(&self, container: Container, rootfs: crate::evidence::Ino) -> Result<Container, Trouble> {
        let root = container.root()?;
        if root.value.ino != rootfs {
            let failure = Trouble::runtime("payload-outside-rootfs", format!("root directory {rootfs}"), &root.value);
            return Err(failure.resting_on(root.facts));
        }
        Ok(container)
    }

    /// Identity of `rootfs/`, as the testbed sees it.
    pub fn rootfs_identity(&self) -> Result<crate::evidence::Ino> {
        use crate::error::Context;
        let path = self.bed.rootfs();
        let stat = nix::sys::stat::stat(&path).context(format!("stat {}", path.display()))?;
        Ok(crate::evidence::Ino { dev: stat.st_dev, ino: stat.st_ino })
    }

    /// Starts a container whose payload is our probe, wherever that finds itself.
    pub fn start_anywhere(&mut self, setup: Setup) -> Result<Container, Trouble> {
        let probe = self.bed.probe().inside.clone();
        let others = self.bed.processes()?;
        let run = self.call(&[OsString::from(probe)], setup)?;
        self.held(run, &others)
    }

    /// The container of a run that was started with our probe as the command.
    fn held(&mut self, run: Run, others: &[i32]) -> Result<Container, Trouble> {
        let first = match self.await_probe(&run, others) {
            Err(trouble) if trouble.is("command-not-started") => return Err(self.explained(trouble, &run)?),
            other => other?,
        };
        self.look_for_meddling();
        self.subject.acquaintance.started_once.store(true, Ordering::Relaxed);
        self.watch(first.pidfd())?;
        let exe = first.exe()?;
        let placed = self.bed.probe().ino;
        if exe.value.ino != placed {
            let failure = Trouble::runtime("not-the-probe", format!("program {placed}"), &exe.value);
            return Err(failure.resting_on(exe.facts));
        }
        Ok(Container { run, first })
    }

    /// Another process of a container: the probe forks, and the child dials in. With it comes its pid in the container.
    pub fn fork(&mut self, parent: &Held) -> Result<(i32, Held), Trouble> {
        let (pid, _) = parent.order("fork", b"")?;
        let pid = pid.parse().map_err(|_| Trouble::silent("fork"))?;
        let deadline = self.patience(START);
        let end = Instant::now() + deadline;
        loop {
            if let Some(held) = Held::accept(self.bed.listener(), self.bed.host(), self.patience(FINISH))? {
                // Anybody in the container may connect. A stranger could have ended before it was looked at.
                if held.is_child(parent, pid).or_else(|error| if held.is_gone() { Ok(false) } else { Err(error) })? {
                    return Ok((pid, held));
                }
                continue;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Trouble::silent("fork"));
            }
            await_any(&[self.bed.listener()], left)?;
        }
    }

    /// Calls the runtime under test with `argv` as the command, and waits for its end.
    pub fn run(&mut self, argv: &[&str]) -> Result<Finished, Trouble> {
        self.run_with(argv, Setup::new())
    }

    /// The same with more to it; the payload's arguments in `setup` come after `argv`.
    pub fn run_with(&mut self, argv: &[&str], setup: Setup) -> Result<Finished, Trouble> {
        let words: Vec<OsString> = argv.iter().map(OsString::from).collect();
        let run = self.call(&words, setup)?;
        self.finished(run)
    }

    /// Calls the program with nothing but these words: not by the adapter, as someone who mistypes would.
    pub fn run_bare(&mut self, arguments: &[&str]) -> Result<Finished, Trouble> {
        let mut words = match self.subject.invocation.adapter() {
            "workshop" => vec![self.subject.program.clone().into_os_string()],
            // A template is part of how the program is called.
            "command" => self.line("none", &[], &[])?,
            // Whether runtimes explain themselves without a verb is theirs to decide; a verb without a container is a mistake.
            _ => self.before_verb().into_iter().chain(["create".into()]).collect(),
        };
        words.extend(arguments.iter().map(OsString::from));
        let run = self.launch(words, Setup::new())?;
        self.finished(run)
    }

    fn finished(&mut self, run: Run) -> Result<Finished, Trouble> {
        // What a container left running holds the pipes open; what was printed by the runtime itself is there.
        self.ended(run, Duration::from_millis(300))
    }

    /// The same, giving what was printed as long as `output` to arrive.
    fn ended(&mut self, run: Run, output: Duration) -> Result<Finished, Trouble> {
        let deadline = self.start_patience();
        let Some(end) = run.wait(deadline)? else {
            self.subject.acquaintance.hangs.fetch_add(1, Ordering::Relaxed);
            return Err(Trouble::runtime(
                "runtime-hangs",
                "the runtime ends",
                format!("it still runs after {deadline:.1?}"),
            ));
        };
        run.stdout.wait_end(self.patience(output));
        run.stderr.wait_end(self.patience(output / 3));
        Ok(Finished { end, stdout: run.stdout.text(), stderr: run.stderr.text(), command: run.command.clone() })
    }

    /// Whether the runtime under test can be told this with an option, or chooses it itself.
    pub fn takes(&self, offer: Offer, placeholder: &str) -> bool {
        self.subject.invocation.takes(offer, placeholder)
    }

    /// What a learner sees when typing this in a container. Kept beside the evidence of the next check; decides nothing.
    pub fn show(&mut self, line: &str) {
        let before = self.last.take();
        if let Ok(finished) = self.run(&["/bin/sh", "-c", line]) {
            let value = format!("{}{}", finished.stdout, finished.stderr);
            self.printed.push(Fact {
                kind: "printed".into(),
                source: finished.command,
                value: value.trim_end().to_owned(),
            });
        }
        self.last = before;
    }

    /// Keeps what a command printed beside the evidence of the next check.
    pub fn note(&mut self, command: &str, printed: &str) {
        let value = printed.trim_end().to_owned();
        self.printed.push(Fact { kind: "printed".into(), source: command.into(), value });
    }

    /// The environment that the runtime itself is started with: a learner's, not the harness's. Drawn, so that no two
    /// scenarios have all of it in common, and nobody can tell an exam by it.
    fn environment(&mut self) -> Vec<(String, String)> {
        let lot = &mut self.lot;
        let terminal = lot.choose(&["xterm", "xterm-256color", "linux", "screen", "tmux-256color", "vt100", "dumb"]);
        let language = lot.choose(&["C", "C.UTF-8", "POSIX", "en_US.UTF-8", "ja_JP.UTF-8"]);
        let mut environment = vec![
            ("PATH", crate::run::PATH.to_owned()),
            ("HOME", "/root".to_owned()),
            ("USER", "root".to_owned()),
            ("SHELL", lot.choose(&["/bin/sh", "/bin/bash"]).to_owned()),
            ("TERM", terminal.to_owned()),
            ("LANG", language.to_owned()),
        ];
        if lot.choose(&[true, false]) {
            environment.push(("LOGNAME", "root".to_owned()));
        }
        if lot.choose(&[true, false]) {
            environment.push(("SUDO_USER", lot.name()));
            environment.push(("SUDO_UID", "1000".to_owned()));
        }
        environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// How the runtime under test is called, and what it declares.
    pub(crate) fn invocation(&self) -> &Invocation {
        &self.subject.invocation
    }

    /// The program under test, as it stands among the words by which it is called.
    pub fn program(&self) -> &Path {
        &self.subject.program
    }

    /// The words by which the runtime under test is called so that it runs `argv`, the program's own path first.
    pub fn words(&mut self, argv: &[OsString]) -> Result<Vec<OsString>> {
        let id = self.lot.word(7);
        self.line(&id, &[], argv)
    }

    /// The words by which it is called so that it runs our probe.
    pub fn words_for_probe(&mut self) -> Result<Vec<OsString>> {
        let probe = self.bed.probe().inside.clone();
        self.words(&[probe.into()])
    }

    /// The words by which it is called. An OCI runtime is called by its caller, and a bundle is written for it.
    fn line(&mut self, id: &str, options: &[(Offer, &str)], argv: &[OsString]) -> Result<Vec<OsString>> {
        if self.subject.invocation.is_oci() {
            let bundle = self.bundle(id, argv).with_options(options)?;
            bundle.write()?;
            return Ok(bundle.called(self.before_verb()));
        }
        Ok(self.at_place(id, |invocation, place| invocation.words(place, options, argv)))
    }

    /// The runtime under test with the words that stand before a verb of the OCI runtime specification.
    pub fn before_verb(&mut self) -> Vec<OsString> {
        self.at_place("", |invocation, place| invocation.before_verb(place))
    }

    fn at_place(&mut self, id: &str, words: impl Fn(&Invocation, &Place) -> Vec<OsString>) -> Vec<OsString> {
        let state = if self.invocation().offers(Offer::Oci) { self.state_directory() } else { PathBuf::new() };
        let (subject, rootfs) = (&self.subject, self.bed.rootfs());
        let place = Place { program: &subject.program, rootfs: &rootfs, workdir: self.bed.work(), state: &state, id };
        words(&subject.invocation, &place)
    }

    /// A bundle for the container `id`, to be changed and written: its root is `rootfs/`, its command `argv`.
    pub fn bundle(&mut self, id: &str, argv: &[OsString]) -> Bundle {
        Bundle::new(self.bundles().join(id), id, &self.bed.rootfs(), argv)
    }

    /// Where the OCI runtime under test keeps what it knows of its containers.
    pub fn state_directory(&mut self) -> PathBuf {
        self.bundles().join("state")
    }

    /// Not in the work directory, which a scenario may move.
    fn bundles(&mut self) -> PathBuf {
        if let Some(bundles) = &self.bundles {
            return bundles.0.clone();
        }
        let path = PathBuf::from(format!("/run/{}", self.lot.word(8)));
        self.own(path.display());
        self.bundles = Some(Bundles(path.clone()));
        path
    }

    /// Starts the runtime under test by words of the scenario's own.
    pub fn call_by(&mut self, words: Vec<OsString>, setup: Setup) -> Result<Run, Trouble> {
        self.launch(words, setup)
    }

    /// The same, and waits for its end.
    pub fn run_by(&mut self, words: Vec<OsString>) -> Result<Finished, Trouble> {
        let run = self.launch(words, Setup::new())?;
        self.finished(run)
    }

    /// Starts the runtime under test so that it runs `argv` and the payload's arguments in `setup`.
    pub fn call(&mut self, argv: &[OsString], mut setup: Setup) -> Result<Run, Trouble> {
        let id = self.lot.word(7);
        let argv = [argv, &std::mem::take(&mut setup.arguments)].concat();
        let options: Vec<(Offer, &str)> = setup.options.iter().map(|(offer, value)| (*offer, value.as_str())).collect();
        let words = self.line(&id, &options, &argv)?;
        self.launch(words, setup)
    }

    fn launch(&mut self, words: Vec<OsString>, setup: Setup) -> Result<Run, Trouble> {
        let mut environment = self.environment();
        environment.retain(|(name, _)| !setup.environment.iter().any(|(own, _)| own == name));
        environment.extend(setup.environment);
        let Setup { descriptors, stdin, user, groups, program, output, umask, .. } = setup;
        let start = Start { words, environment, descriptors, stdin, user, groups, program, output, umask };
        let run = match self.bed.start(&start) {
            Ok(run) => run,
            // The program was inspected beforehand, so what the kernel refuses now is worth a line to its author.
            Err(error) if matches!(error.errno(), Some(libc::ENOEXEC | libc::EACCES | libc::ENOENT)) => {
                return Err(Trouble::runtime("runtime-not-executable", "the program starts", error));
            }
            // The bound on the testbed's processes, reached by what earlier runs left.
            Err(error) if error.errno() == Some(libc::EAGAIN) && self.crowded()? => {
                return Err(Trouble::runtime("too-many-processes", "the program starts", error));
            }
            Err(error) => return Err(error.into()),
        };
        self.last = Some((run.command.clone(), run.stdout.clone(), run.stderr.clone()));
        self.watch(run.pidfd())?;
        Ok(run)
    }

    /// Whether the runtime under test has made more processes than any of the scenarios asks for.
    fn crowded(&self) -> Result<bool> {
        const MANY: usize = 100;
        Ok(self.bed.processes()?.len() > MANY)
    }

    /// Remembers a process whose end explains what cannot be read any more.
    fn watch(&mut self, pidfd: &OwnedFd) -> Result<()> {
        use crate::error::Context;
        self.watched.push(pidfd.try_clone().context("dup a pidfd")?);
        Ok(())
    }

    /// Full patience with a program that worked before; less with one that has only ever hung, and ever less: an exam
    /// holds some forty scenarios, and its reader waits for it.
    fn start_patience(&self) -> Duration {
        let known = &self.subject.acquaintance;
        self.patience(match known.hangs.load(Ordering::Relaxed) {
            _ if known.started_once.load(Ordering::Relaxed) => START,
            0 => START,
            1..4 => START / 8,
            _ => START / 40,
        })
    }

    /// Waits until a probe dials in, or it is certain that none will.
    /// `others` ran before and are not waited for.
    fn await_probe(&mut self, run: &Run, others: &[i32]) -> Result<Held, Trouble> {
        let deadline = self.start_patience();
        let mut end = Instant::now() + deadline;
        loop {
            if let Some(held) = Held::accept(self.bed.listener(), self.bed.host(), self.patience(FINISH))? {
                return Ok(held);
            }
            let left = end.saturating_duration_since(Instant::now());
            let crowded = self.crowded()?;
            if left.is_zero() || crowded {
                self.subject.acquaintance.hangs.fetch_add(1, Ordering::Relaxed);
                let observed = format!("nothing happened within {deadline:.1?}");
                return Err(match crowded {
                    true => self.never_started(run, "more and more processes", "too-many-processes"),
                    false => self.never_started(run, &observed, "runtime-hangs"),
                });
            }
            if run.wait(Duration::ZERO)?.is_none() {
                // Whoever makes processes without end is not given all the time there is.
                await_any(&[self.bed.listener(), run.pidfd()], left.min(self.patience(START / 16)))?;
            } else if self.bed.processes()?.iter().all(|pid| others.contains(pid)) {
                // Over, and nobody is left who could still dial in, but for one that did so just before.
                if let Some(held) = Held::accept(self.bed.listener(), self.bed.host(), self.patience(FINISH))? {
                    return Ok(held);
                }
                let end = run.wait(Duration::ZERO)?.map(|end| end.to_string()).unwrap_or_default();
                let id =
                    if run.stdout.cut_off() || run.stderr.cut_off() { "runtime-floods" } else { "command-not-started" };
                return Err(self.never_started(run, &format!("the runtime ended: {end}"), id));
            } else {
                // The runtime is gone, something of it is not: it may be about to dial in, and has no reason to wait.
                end = end.min(Instant::now() + self.patience(START / 8));
                await_any(&[self.bed.listener()], left.min(Duration::from_millis(10)))?;
            }
        }
    }

    /// Waits until one of the testbed's processes, other than those in `others`, is a command with just these words: a
    /// command of the rootfs that knows nothing of us, found in the testbed's cgroup.
    pub fn await_command(&mut self, run: &Run, others: &[i32], words: &[&str]) -> Result<i32, Trouble> {
        let deadline = self.start_patience();
        let mut watch = Watch::lasting(deadline);
        loop {
            let processes = self.bed.processes()?;
            let is_it = |pid: &i32| {
                let found = self.bed.host().words(*pid, "cmdline");
                !others.contains(pid) && found.is_ok_and(|found| found.value == words)
            };
            if let Some(pid) = processes.iter().copied().find(is_it) {
                self.subject.acquaintance.started_once.store(true, Ordering::Relaxed);
                return Ok(pid);
            }
            let over = run.wait(Duration::ZERO)?.filter(|_| processes.iter().all(|pid| others.contains(pid)));
            if let Some(end) = over {
                return Err(self.not_seen(run, words[0], &format!("the runtime ended: {end}"), "command-not-started"));
            }
            // The kernel announces no exec.
            if !watch.again() {
                self.subject.acquaintance.hangs.fetch_add(1, Ordering::Relaxed);
                return Err(self.not_seen(run, words[0], &format!("not seen within {deadline:.1?}"), "runtime-hangs"));
            }
        }
    }

    /// Takes the probe and its socket out of the rootfs, in which nothing is ours from then on. A probe that already runs
    /// is not disturbed; another can not be started in this scenario.
    pub fn remove_probe(&mut self) -> Result<()> {
        let probe = self.bed.probe().clone();
        self.own(probe.outside.display());
        self.own(probe.socket.display());
        self.bed.take_probe_away()
    }

    /// Another probe in the rootfs as it is now, in place of the one that was removed.
    pub fn place_probe(&mut self) -> Result<()> {
        let probe = self.bed.place_probe()?;
        self.own(probe.outside.display());
        self.own(probe.socket.display());
        Ok(())
    }

    fn never_started(&self, run: &Run, observed: &str, id: &str) -> Trouble {
        self.not_seen(run, &self.bed.probe().inside, observed, id)
    }

    fn not_seen(&self, run: &Run, command: &str, observed: &str, id: &str) -> Trouble {
        let said = run.stderr.tail(600).0;
        let said = if said.trim().is_empty() { run.stdout.tail(600).0 } else { said };
        let fact = Fact { kind: "printed".into(), source: run.command.clone(), value: said.trim().to_owned() };
        let expected = format!("{command} runs in the container");
        Trouble::runtime(id, expected, observed).resting_on(vec![fact])
    }

    /// A command that was never started, with the likely cause, where there is evidence of one.
    fn explained(&mut self, trouble: Trouble, run: &Run) -> Result<Trouble, Trouble> {
        if !self.bed.probe().outside.exists() {
            return Ok(trouble.because("host-files-deleted"));
        }
        for printed in [&run.stdout, &run.stderr] {
            printed.wait_end(self.patience(Duration::from_millis(100)));
        }
        let words = format!("{} {}", run.stdout.text(), run.stderr.text()).to_lowercase();
        let pivot = words.contains("pivot_root") || words.contains("pivotroot");
        if let Some(decoy) = self.runs_on_host()? {
            return Ok(match decoy {
                _ if pivot => trouble.because("pivot-root-failed-unnoticed"),
                Decoy { unshared: false } => trouble.because("set-up-never-reached"),
                Decoy { unshared: true } => trouble.because("root-not-changed"),
            });
        }
        if pivot && (words.contains("einval") || words.contains("invalid argument")) {
            // A mount of the container's that reached the host shows that propagation was still on.
            let leaked = self.differences()?.iter().any(|item| item.after.contains("/rootfs type"));
            return Ok(match leaked {
                true => trouble.because("pivot-root-while-shared"),
                false => trouble.because("new-root-is-no-mount-point"),
            });
        }
        let work = self.bed.work().display().to_string().to_lowercase();
        let separators = |c: char| c.is_whitespace() || "\"'`,:;()[]".contains(c);
        let foreign = words.split(separators).any(|word| {
            word.starts_with('/')
                && word.contains("/rootfs")
                && !word.starts_with(&work)
                && !PathBuf::from(word).exists()
        });
        Ok(if foreign { trouble.because("rootfs-path-compiled-in") } else { trouble })
    }

    /// Whether the runtime under test runs a command that only the host has. Asked once: a program that does so in one
    /// scenario does so in all.
    fn runs_on_host(&mut self) -> Result<Option<Decoy>, Trouble> {
        let known = self.subject.acquaintance.clone();
        if let Some(answer) = known.runs_on_host.get() {
            return Ok(*answer);
        }
        let before = self.last.take();
        let answer = self.try_decoy();
        self.take_decoy_away()?;
        self.last = before;
        Ok(*known.runs_on_host.get_or_init(|| answer.unwrap_or(None)))
    }

    fn try_decoy(&mut self) -> Result<Option<Decoy>, Trouble> {
        let decoy = self.decoy()?;
        let run = self.call(&[decoy.into()], Setup::new())?;
        let held = match self.await_probe(&run, &[]) {
            Ok(held) => held,
            Err(Trouble::Runtime(_)) => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let mut unshared = false;
        for kind in [Namespace::Mnt, Namespace::Pid, Namespace::Uts, Namespace::Net] {
            unshared |= held.namespace(kind)?.value != self.bed.namespace(kind)?.value;
        }
        held.exit(0)?;
        run.wait(self.patience(FINISH))?;
        Ok(Some(Decoy { unshared }))
    }

    /// A command that the host has and the rootfs has not: a probe on the host's own root, which is the one that is
    /// awaited until [`Exam::take_decoy_away`]. Whoever starts it has left the host's root where it was.
    pub fn decoy(&mut self) -> Result<String> {
        let decoy = self.bed.place_decoy()?;
        self.own(decoy.outside.display());
        self.own(decoy.socket.display());
        Ok(decoy.inside)
    }

    /// The probe in the rootfs is awaited again.
    pub fn take_decoy_away(&mut self) -> Result<()> {
        self.bed.take_decoy_away()
    }

    /// The work directory under another name, until it is moved back to the one that is returned.
    pub fn move_work(&mut self, name: &str) -> Result<PathBuf> {
        let old = self.bed.work().to_owned();
        let new = old.with_file_name(name);
        self.own(old.display());
        self.own(new.display());
        self.bed.move_work(new)?;
        Ok(old)
    }

    /// A file system mounted at `path`, which is made for it, with one file in it. It goes with the guard.
    pub fn mounted(&mut self, path: PathBuf, file: &str) -> Result<Mounted> {
        use crate::error::Context;
        self.own(path.display());
        std::fs::create_dir(&path).context(format!("mkdir {}", path.display()))?;
        let flags = nix::mount::MsFlags::empty();
        nix::mount::mount(Some("tmpfs"), &path, Some("tmpfs"), flags, Some("size=1m"))
            .context(format!("mount tmpfs on {}", path.display()))?;
        let mounted = Mounted(path);
        std::fs::write(mounted.0.join(file), "mounted\n")
            .context(format!("write {file} in {}", mounted.0.display()))?;
        Ok(mounted)
    }

    /// A device of the host that no container may see. Its twin: the host does see it. Nobody has its driver.
    pub fn plant_device(&mut self) -> Result<String> {
        use crate::error::Context;
        use nix::sys::stat::{Mode, SFlag, makedev, mknod};
        let path = format!("/dev/{}", self.lot.word(10));
        self.own(&path);
        mknod(path.as_str(), SFlag::S_IFBLK, Mode::from_bits_truncate(0o600), makedev(240, 0))
            .context(format!("mknod {path}"))?;
        std::fs::metadata(&path).context(format!("see {path} from the host"))?;
        Ok(path)
    }

    /// What differs on the host from how it was before the scenario, once the kernel has had `deadline` to clean up;
    /// only what `counts`.
    pub fn residue(&mut self, deadline: Duration, counts: impl Fn(&Residue) -> bool) -> Result<Vec<Residue>> {
        let deadline = self.bed.pace().deadline(deadline);
        let mut residue = Inventory::settle(&self.bed, &self.before, &self.own, &counts, deadline)?;
        residue.retain(counts);
        Ok(residue)
    }

    /// What differs on the host when everything in the testbed has ended.
    pub(crate) fn left(&self, deadline: Duration) -> Result<Vec<Residue>> {
        Inventory::settle(&self.bed, &self.before, &self.own, vanishes, self.bed.pace().deadline(deadline))
    }

    /// What differs on the host now, while containers run.
    pub fn differences(&self) -> Result<Vec<Residue>> {
        Ok(Inventory::take(&self.bed, Outer::Running)?.since(&self.before, self.bed.work(), &self.own))
    }

    /// Something on the host that is the scenario's own doing: not residue of the runtime under test.
    pub fn own(&mut self, name: impl Display) {
        self.own.push(name.to_string());
    }

    /// Takes back what the scenario itself made on the host. Whether nothing of it is left: then the testbed, in which there
    /// was no residue, is as it was.
    pub(crate) fn tidy(&mut self) -> bool {
        drop(self.bundles.take());
        if self.own.is_empty() {
            return true;
        }
        let mut own: Vec<&String> = self.own.iter().filter(|name| name.starts_with('/')).collect();
        // What lies in a directory goes before it.
        own.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for name in own {
            let _ = std::fs::remove_file(name);
            let _ = std::fs::remove_dir(name);
        }
        let own = std::mem::take(&mut self.own);
        let clean = self.differences().is_ok_and(|left| left.is_empty());
        self.own = own;
        clean
    }

    /// A file of the host that no container may see. Its twin: the host does see it.
    pub fn plant(&mut self, content: &str) -> Result<String> {
        use crate::error::Context;
        let path = format!("/var/{}", self.lot.word(10));
        std::fs::write(&path, content).context(format!("write {path}"))?;
        std::fs::metadata(&path).context(format!("see {path} from the host"))?;
        self.own(&path);
        Ok(path)
    }

    /// Takes `rootfs/` away, and puts a probe where a program that ends up on the host's own root would find it: the path
    /// that is returned.
    pub fn hide_rootfs(&mut self) -> Result<String, Trouble> {
        self.own(self.bed.rootfs().display());
        let (moved_to, probe) = match self.bed.hide_rootfs() {
            Err(error) if error.errno() == Some(libc::EBUSY) => {
                let busy = Trouble::runtime("rootfs-stays-mounted", "rootfs/ is no mount point any more", error);
                return Err(busy.because("bind-before-private"));
            }
            other => other?,
        };
        self.own(moved_to.display());
        self.own(&probe);
        let socket = self.bed.probe().socket.clone();
        self.own(socket.display());
        Ok(probe)
    }

    /// An executable script in the rootfs, at `path` as the container sees it.
    pub fn script(&mut self, path: &str, text: &str) -> Result<()> {
        let outside = self.bed.rootfs().join(path.trim_start_matches('/'));
        self.own(outside.display());
        self.bed.script(&outside, text)
    }

    /// Whether a probe dials in before the run and everything that it started is over.
    pub fn await_any_probe(&mut self, run: &Run) -> Result<bool, Trouble> {
        match self.await_probe(run, &[]) {
            Ok(_) => Ok(true),
            Err(Trouble::Runtime(_)) => Ok(false),
            Err(trouble) => Err(trouble),
        }
    }

    /// Waits until the runtime has nothing to do: when its container's first process runs, it may still be setting up what
    /// it needs to look after that. What is then sent to it is not sent too early.
    pub fn settle(&self, run: &Run) {
        const PAUSE: Duration = Duration::from_millis(10);
        const STILL: u32 = 3;
        let end = Instant::now() + self.patience(Duration::from_millis(500));
        let (mut turns, mut still) = (None, 0);
        while still < STILL && Instant::now() < end {
            // Whoever has ended is at rest.
            let Ok(now) = self.bed.host().turns(run.pid()) else { return };
            still = if turns.replace(now) == Some(now) { still + 1 } else { 0 };
            // The kernel does not announce that somebody has nothing to do.
            std::thread::sleep(self.patience(PAUSE));
        }
    }

    /// Whether somebody stops, traces or has ended the processes of ours that the runtime under test can see.
    pub(crate) fn look_for_meddling(&mut self) {
        for what in self.bed.meddled_with() {
            let flag = Flag::raised("touched-the-harness", what);
            if !self.flags.contains(&flag) {
                self.flags.push(flag);
            }
        }
    }

    /// Whether the runtime under test has run at all.
    pub(crate) fn something_ran(&self) -> bool {
        !self.watched.is_empty()
    }

    /// The same trouble where the host itself has suffered: what cannot be seen or started any more is then a consequence.
    pub(crate) fn blamed(&self, trouble: Trouble) -> Trouble {
        let consequence = ["container-gone", "runtime-not-executable", "command-not-started"];
        let Ok(differences) = self.differences() else { return trouble };
        let lost = |kind: &str| differences.iter().any(|item| item.kind == kind && item.after.is_empty());
        match trouble {
            other if !consequence.iter().any(|id| other.is(id)) => other,
            trouble if lost("mount") => trouble.because("host-mounts-taken-away"),
            trouble if lost("file") => trouble.because("host-files-deleted"),
            // What the scenario itself knows of the circumstances goes before a guess by what was printed.
            trouble if trouble.is_unexplained("command-not-started") && self.stumbles(&differences) => {
                trouble.because("file-left-behind")
            }
            trouble if differences.iter().any(|item| item.after.contains(" on /proc type proc")) => {
                trouble.because("proc-over-the-hosts")
            }
            other => other,
        }
    }

    /// Whether the last run says that something exists already which an earlier one has left.
    fn stumbles(&self, differences: &[Residue]) -> bool {
        let (_, out, err, _) = self.last_run();
        let words = format!("{out} {err}");
        let exists = ["EEXIST", "exists"].iter().any(|word| words.contains(word));
        let left = differences.iter().filter(|item| item.kind == "file" && item.before.is_empty());
        let name = |item: &Residue| item.after.split(": ").next()?.rsplit('/').next().map(str::to_owned);
        exists && left.filter_map(name).any(|name| !name.is_empty() && words.contains(&name))
    }

    /// Whether a run of the runtime under test, or the payload of one, has ended.
    pub(crate) fn something_ended(&self) -> bool {
        self.watched.iter().any(|pidfd| crate::run::await_readable(pidfd, Duration::ZERO).unwrap_or(true))
    }
}

/// What is known of a command that ran on the host's own root.
#[derive(Debug, Clone, Copy)]
struct Decoy {
    /// In at least one namespace of its own.
    unshared: bool,
}

/// A file system that a scenario has mounted; unmounted when dropped.
#[derive(Debug)]
pub struct Mounted(PathBuf);

impl Mounted {
    /// Whether it is still mounted there, as the host sees it.
    pub fn is_mounted(&self, file: &str) -> bool {
        self.0.join(file).exists()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(&self.0, nix::mount::MntFlags::MNT_DETACH);
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// A check just decided, to which a likely cause can be given.
pub struct Verdict<'a>(&'a mut Judged);

impl Verdict<'_> {
    /// Names the likely cause if the check failed and no cause is named yet.
    pub fn because(self, cause: &str) -> Self {
        self.because_if(true, cause)
    }

    /// The same where `evidence` speaks for that cause. The first that fits is kept.
    pub fn because_if(self, evidence: bool, cause: &str) -> Self {
        if evidence && self.0.status == Status::Fail && self.0.cause.is_none() {
            let cause = Text::new(cause).with("observed", &self.0.observed).with("expected", &self.0.expected);
            self.0.cause = Some(cause);
        }
        self
    }

    /// A failure of which nothing but a policy is the reason: a skip for a runtime that declares it, outside of tier core.
    pub fn unless_declared(self, policy: Policy) -> Self {
        self.unless_declared_if(true, policy)
    }

    /// The same where `evidence` speaks for that policy, and not for a mistake that looks like it.
    pub fn unless_declared_if(self, evidence: bool, policy: Policy) -> Self {
        if evidence && self.0.status == Status::Fail {
            self.0.policy = Some(policy);
        }
        self
    }

    /// Whether it passed.
    pub fn passed(&self) -> bool {
        self.0.status == Status::Pass
    }
}
