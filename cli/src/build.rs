//! How a submission becomes a program: in a virtual machine that is thrown away, or on this machine, as the user who asks.

use crate::args::BuildPlace;
use crate::backend::Place;
use crate::bounded;
use crate::outcome::Trouble;
use crate::report::params;
use boxproof_harness::backend::vm::userland::Tools;
use boxproof_harness::backend::vm::{Built, VmAgent, VmOptions};
use boxproof_harness::event::{BuildOrder, Fate};
use boxproof_harness::manifest::Manifest;
use boxproof_harness::program::belongings;
use boxproof_harness::result::Build;
use boxproof_harness::tree::{Content, Kind, Node, Tree};
use boxproof_scenarios::texts::Texts;
use std::io::ErrorKind;
use std::path::{Component, Path};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Where submissions are built, and within which bounds.
pub struct Workshop<'a> {
    /// In a virtual machine or here.
    pub place: BuildPlace,
    /// Where what is built will be examined.
    pub exam: Place,
    /// The longest that it may take.
    pub limit: Duration,
    /// The most bytes that may come of it.
    pub largest: u64,
    /// What virtual machines for exams are like; those for builds have more memory, and compilers.
    pub vm: &'a VmOptions,
    /// Told what is going on.
    pub say: &'a dyn Fn(&str),
}

/// What came of a build.
#[derive(Default)]
pub struct Made {
    /// For the result; none where nothing was built.
    pub about: Option<Build>,
    /// The submission with what was built, where that is not the directory it came from.
    pub place: Option<TempDir>,
}

/// What a compiler needs; an exam has less.
const MEMORY_MIB: u32 = 1024;
/// Of that, what the build may take; the rest is the kernel's and the agent's.
const FOR_BUILD_MIB: u32 = 700;

/// A virtual machine like `vm` in which to build: it has compilers, and holds what is handed in beside what comes of it,
/// each of which may be `largest` bytes.
pub fn machine(vm: &VmOptions, tools: Tools, largest: u64) -> VmOptions {
    VmOptions { tools: Some(tools), memory_mib: memory_mib(largest), ..vm.clone() }
}

/// How much memory it has. Who allows more than a gibibyte does not expect all of it at once.
pub fn memory_mib(largest: u64) -> u32 {
    const MOST_FILES_MIB: u64 = 1 << 10;
    MEMORY_MIB + 2 * (largest >> 20).min(MOST_FILES_MIB) as u32
}

impl Workshop<'_> {
    /// Builds the program as its author says.
    pub fn build(&self, manifest: &Manifest, words: &[String], texts: &Texts) -> Result<Made, Trouble> {
        match self.place {
            BuildPlace::Vm => self.build_in_vm(manifest, words, texts),
            BuildPlace::Here => self.build_here(manifest, words, texts),
        }
    }

    fn build_in_vm(&self, manifest: &Manifest, words: &[String], texts: &Texts) -> Result<Made, Trouble> {
        let program = program_of(manifest)?;
        let submission = belongings(&manifest.directory, &program).map_err(Trouble::usage)?;
        self.within(&submission, texts)?;
        let mut archive = Vec::new();
        submission.archive_with_times(&mut archive).map_err(Trouble::usage)?;
        let tools = Tools::for_build(words, &manifest.directory);
        let order = BuildOrder {
            command: words.to_vec(),
            program: program.clone(),
            seconds: self.limit.as_secs(),
            memory: u64::from(FOR_BUILD_MIB) << 20,
            largest: self.largest,
            submission_bytes: archive.len() as u64,
        };
        (self.say)(&texts.text("ui-building", &params([("command", &words.join(" "))])));
        let options = machine(self.vm, tools, self.largest);
        let mut agent =
            VmAgent::boot(&options, &|progress| (self.say)(&progress.to_string())).map_err(Trouble::environment)?;
        let built = agent.build(order, &archive).map_err(Trouble::environment)?;
        drop(agent);
        self.unpacked(built, words, &program, tools, texts)
    }

    /// Refuses what is too much to send, before it is read.
    fn within(&self, submission: &Tree, texts: &Texts) -> Result<(), Trouble> {
        let length = |node: &Node| match &node.kind {
            Kind::File(Content::Host(file)) => file.symlink_metadata().map_or(0, |metadata| metadata.len()),
            _ => 0,
        };
        if submission.entries().map(|(_, node)| length(node)).sum::<u64>() <= self.largest {
            return Ok(());
        }
        let size = format!("{} MiB", self.largest >> 20);
        Err(Trouble::usage(texts.text("build-from-too-much", &params([("size", &size)]))))
    }

    fn unpacked(
        &self,
        built: Built,
        words: &[String],
        program: &str,
        tools: Tools,
        texts: &Texts,
    ) -> Result<Made, Trouble> {
        let (command, log) = (words.join(" "), built.log.trim_end().to_owned());
        if built.fate != Fate::Done {
            return Err(Trouble::usage(self.failed(built.fate, &command, tools, &log, texts)));
        }
        let place = tempfile::tempdir()
            .map_err(|error| Trouble::environment(format!("make a directory for what was built: {error}")))?;
        // Whoever builds can forge this archive; a tree never leaves the directory it is unpacked in.
        Tree::unpack(built.archive.as_slice(), place.path()).map_err(Trouble::usage)?;
        made_something(place.path(), program, &command, &log, texts)?;
        let duration_ms = built.took.as_millis() as u64;
        let about = Build { command, status: "pass".into(), duration_ms, log: built.log };
        Ok(Made { about: Some(about), place: Some(place) })
    }

    /// How it failed, in the reader's language, and the end of what it printed.
    fn failed(&self, fate: Fate, command: &str, tools: Tools, log: &str, texts: &Texts) -> String {
        let seconds = self.limit.as_secs().to_string();
        let tell = |id: &str, key: &str, value: &str| texts.text(id, &params([("command", command), (key, value)]));
        let how = match fate {
            Fate::Done => String::new(),
            Fate::Failed { status } => tell("build-failed", "status", &status.to_string()),
            Fate::Killed { signal } => tell("build-killed", "signal", &signal.to_string()),
            Fate::OutOfMemory => tell("build-out-of-memory", "memory", &format!("{FOR_BUILD_MIB} MiB")),
            Fate::TimedOut => tell("build-timed-out", "seconds", &seconds),
            Fate::NoProgram => tell("build-no-program", "packages", &tools.packages().join(" ")),
            Fate::TooLarge => tell("build-too-large", "size", &format!("{} MiB", self.largest >> 20)),
        };
        if log.is_empty() { how } else { format!("{how}\n{log}") }
    }

    /// Root builds nothing here for an exam in another machine: those backends promise that nothing foreign runs here as root.
    fn build_here(&self, manifest: &Manifest, words: &[String], texts: &Texts) -> Result<Made, Trouble> {
        let typed = words.join(" ");
        if self.exam != Place::Local && nix::unistd::geteuid().is_root() {
            return match manifest.program.exists() {
                true => Ok(Made::default()),
                // Our rule, not a fault of whoever wrote the program.
                false => Err(Trouble::environment(format!(
                    "{}: it is not built yet, and boxproof builds nothing as root. Build it first: {typed}",
                    manifest.program.display()
                ))),
            };
        }
        let (program, arguments) = words.split_first().ok_or_else(|| Trouble::usage("the build command is empty"))?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&manifest.directory);
        let ended = bounded::run(command, self.limit).map_err(|error| {
            let why = format!("build with `{typed}`: {error}");
            // A compiler that is not installed here is no fault of whoever wrote the program.
            if error.kind() == ErrorKind::NotFound { Trouble::environment(why) } else { Trouble::usage(why) }
        })?;
        let how = match ended.status {
            Some(status) if status.success() => {
                let program = program_of(manifest)?;
                made_something(&manifest.directory, &program, &typed, ended.output.trim_end(), texts)?;
                let duration_ms = ended.took.as_millis() as u64;
                let about = Build { command: typed, status: "pass".into(), duration_ms, log: ended.output };
                return Ok(Made { about: Some(about), place: None });
            }
            Some(status) => format!("ended with {status}"),
            None => format!("was still running after {} s", self.limit.as_secs()),
        };
        Err(Trouble::usage(format!("`{typed}` {how}:\n{}", ended.output.trim_end())))
    }
}

/// Says so when a build that succeeded has made something else.
fn made_something(place: &Path, program: &str, command: &str, log: &str, texts: &Texts) -> Result<(), Trouble> {
    if place.join(program).symlink_metadata().is_ok() {
        return Ok(());
    }
    let why = texts.text("build-made-nothing", &params([("command", command), ("program", program)]));
    Err(Trouble::usage(if log.is_empty() { why } else { format!("{why}\n{log}") }))
}

/// The program's name below the manifest's directory, wherever that will lie. Names travel as JSON, so they must be text.
fn program_of(manifest: &Manifest) -> Result<String, Trouble> {
    let program = &manifest.program;
    let below = program.strip_prefix(&manifest.directory).ok().and_then(Path::to_str);
    let plain = |below: &&str| {
        Path::new(below).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    };
    below.filter(plain).map(str::to_owned).ok_or_else(|| {
        Trouble::usage(format!("{}: the program must lie below {}", program.display(), manifest.directory.display()))
    })
}
