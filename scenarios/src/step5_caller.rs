//! Step 5 of the workshop, the program seen by whoever calls it: by which name, with which words, at which terminal.

use crate::scenario;
use crate::step5_program::{ends_early, still_runs};
use boxproof_harness::evidence::Evidence;
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::policy::Policy;
use boxproof_harness::result::Residue;
use boxproof_harness::result::Tier::{Hardened, Robust};
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use boxproof_harness::terminal::Terminal;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("called-by-name", "5-1", Robust, &["through-path", "by-relative-path"], called_by_name),
    scenario("inner-verb-harmless", "5-1", Robust, &["host-unchanged"], inner_verb_harmless),
    scenario("unknown-option-refused", "5-1", Robust, &["status", "nothing-started"], unknown_option_refused),
    scenario("exit-status-range", "5-1", Robust, &["one", "above-127", "highest"], exit_status_range),
    scenario("terminal-passed-on", "5-1", Hardened, &["terminal-inside"], terminal_passed_on),
    scenario("terminal-restored", "5-1", Robust, &["settings-as-before"], terminal_restored),
    scenario("closed-stdout", "5-1", Robust, &["status"], closed_stdout),
    scenario("runtime-program-hidden", "5-1", Hardened, &["only-programs-of-the-rootfs"], runtime_program_hidden),
];

/// `mycontainer run ...` works like `/full/path/to/mycontainer run ...`, and like `../mycontainer run ...`.
fn called_by_name(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: by its full path it works.
    drop(exam.start()?);
    let words = exam.words_for_probe()?;
    let program = exam.program().to_owned();
    let directory = program.parent().unwrap_or(Path::new("/")).display().to_string();
    let name = program.file_name().unwrap_or_default().to_owned();
    let path = format!("{directory}:{}", boxproof_harness::run::PATH);
    let mut setup = Setup::new().variable("PATH", &path);
    // Where a template wraps the program in another, that one looks it up.
    if program.as_os_str() == words[0] {
        setup = setup.program(&program);
    }
    let container = exam
        .start_by(calling(&words, &program, name), setup)
        .map_err(|trouble| trouble.because("own-program-not-found"))?;
    let called = container.host().words(container.run.pid(), "cmdline").map(|words| words.value.join(" "));
    drop(container);
    let source = |called: &str| format!("a connection from the probe of `{called}`");
    let started = Evidence::plain(Yes(true), source(called.as_deref().unwrap_or("?")));
    exam.check("through-path", &started, &is(Yes(true)));

    let relative = relative_to(&program, exam.bed.work());
    let words = calling(&exam.words_for_probe()?, &program, relative.clone().into());
    let container =
        exam.start_by(words, Setup::new()).map_err(|trouble| trouble.because("own-program-lost-by-chdir"))?;
    drop(container);
    let started = Evidence::plain(Yes(true), source(&relative.display().to_string()));
    exam.check("by-relative-path", &started, &is(Yes(true)));
    Ok(())
}

/// The words with the program called by another name.
fn calling(words: &[OsString], program: &Path, name: OsString) -> Vec<OsString> {
    words.iter().map(|word| if program.as_os_str() == word { name.clone() } else { word.clone() }).collect()
}

/// `../../submission/mycontainer` for `/submission/mycontainer` in a directory two below the root.
fn relative_to(program: &Path, directory: &Path) -> PathBuf {
    let up = directory.components().filter(|part| matches!(part, Component::Normal(_))).map(|_| "..");
    up.collect::<PathBuf>().join(program.strip_prefix("/").unwrap_or(program))
}

/// Verbs that a program gives itself when it executes itself once more inside the new namespaces, as the workshop's does.
const INNER_VERBS: [&str; 4] = ["child", "init", "setup", "container"];

/// What is meant for the inside does nothing to the host when somebody types it there.
fn inner_verb_harmless(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: the outer verb makes a container.
    drop(exam.start()?);
    exam.bed.clear()?;
    let mut command = String::new();
    let counts = |item: &Residue| matches!(item.kind.as_str(), "mount" | "sysctl" | "link");
    let mut changed = Vec::new();
    for verb in INNER_VERBS {
        let mut words = exam.words(&["/bin/true".into()])?;
        match words.iter().position(|word| word == "run") {
            Some(at) => words[at] = verb.into(),
            None => words = vec![exam.program().into(), verb.into(), "/bin/true".into()],
        }
        command = exam.run_by(words)?.command;
        // Nothing of this is undone later, so one look is enough.
        changed = exam.residue(Duration::ZERO, counts)?;
        if !changed.is_empty() {
            break;
        }
    }
    let lines: List = changed.iter().map(|item| format!("{}: {} → {}", item.kind, item.before, item.after)).collect();
    let source = format!("mounts, interfaces and settings of the host before and after `{command}`");
    exam.check("host-unchanged", &Evidence::plain(lines, source), &is(List(Vec::new()))).because("inner-verb-callable");
    Ok(())
}

/// A mistyped option is an error, not something to be passed over in silence.
fn unknown_option_refused(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: without the option it works.
    drop(exam.start()?);
    let option = format!("--{}", exam.lot.word(8));
    let probe = OsString::from(exam.bed.probe().inside.clone());
    let mut words = exam.words_for_probe()?;
    let at = words.iter().position(|word| word == "run").map(|at| at + 1);
    let at = at.or_else(|| words.iter().position(|word| *word == probe)).unwrap_or(words.len());
    words.insert(at, option.into());
    let run = exam.call_by(words, Setup::new())?;
    let started = exam.await_any_probe(&run)?;
    let Some(end) = run.wait(exam.finish_patience())? else {
        return Err(Trouble::runtime("runtime-hangs", "the runtime ends", "it waits, with an unknown option"));
    };
    let status = Evidence::plain(end.shell_status(), format!("waitid of `{}`", run.command));
    exam.check("status", &status, &is_not(0))
        .because_if(started, "unknown-option-ignored")
        .because("failure-reported-as-success");
    let started = Evidence::plain(Yes(started), "a connection from the probe");
    exam.check("nothing-started", &started, &is(Yes(false))).because("unknown-option-ignored");
    Ok(())
}

/// Every status from 0 to 255 is the command's own, those above 127 as well.
fn exit_status_range(exam: &mut Exam) -> Result<(), Trouble> {
    let ends_with = |exam: &mut Exam, status: i32| -> Result<Evidence<i32>, Trouble> {
        let container = exam.start()?;
        let end = container.finish(status, exam.finish_patience())?.ok_or_else(still_runs)?;
        Ok(Evidence::plain(end.shell_status(), format!("waitid of `{}`", container.run.command)))
    };
    // The twin: whether a status in the middle comes through tells one mistake from the other.
    let middle = exam.lot.exit_status();
    let lost = ends_with(exam, middle)?.value != middle;
    let early = lost && ends_early(exam)?;
    let above = i32::try_from(exam.lot.number(170..250)).unwrap_or(200);
    for (check, status) in [("one", 1), ("above-127", above), ("highest", 255)] {
        let observed = ends_with(exam, status)?;
        exam.check(check, &observed, &is(status))
            .because_if(early, "container-not-waited-for")
            .because_if(lost, "exit-status-lost")
            .because("exit-status-squeezed");
    }
    Ok(())
}

/// At a terminal, the command has one too: else there is no prompt, no colour, no line editing.
fn terminal_passed_on(exam: &mut Exam) -> Result<(), Trouble> {
    /// Majors of pseudo terminals, devices.txt.
    const UNIX98: std::ops::RangeInclusive<u32> = 136..=143;
    let terminal = Terminal::open()?;
    let container = exam.start_with(Setup::new().terminal(&terminal)?)?;
    let mut without = Vec::new();
    for (number, name) in ["stdin", "stdout", "stderr"].into_iter().enumerate() {
        let stat = container.host().stat(container.pid(), &format!("fd/{number}"));
        let is_terminal = stat.is_ok_and(|stat| {
            stat.st_mode & libc::S_IFMT == libc::S_IFCHR && UNIX98.contains(&libc::major(stat.st_rdev))
        });
        if !is_terminal {
            without.push(name);
        }
    }
    let descriptors = container.host().descriptors(container.pid())?;
    let observed = descriptors.map(|_| without.into_iter().collect::<List>());
    let expected = Expect::that("none of the three is anything else", |without: &List| without.0.is_empty());
    exam.check("terminal-inside", &observed, &expected).because("terminal-not-passed-on");
    container.finish(0, exam.finish_patience())?;
    Ok(())
}

/// The terminal is the caller's: whatever a runtime sets there, it sets back.
fn terminal_restored(exam: &mut Exam) -> Result<(), Trouble> {
    let terminal = Terminal::open()?;
    let before = terminal.settings()?;
    let container = exam.start_with(Setup::new().terminal(&terminal)?)?;
    container.finish(0, exam.finish_patience())?;
    drop(container);
    exam.check("settings-as-before", &terminal.settings()?, &is(before.value)).because("terminal-left-changed");
    Ok(())
}

/// `mycontainer run ... | head -0`: that nobody reads is no reason to crash, neither after a success nor after a failure.
fn closed_stdout(exam: &mut Exam) -> Result<(), Trouble> {
    const STATUSES: [i32; 2] = [0, 3];
    let mut ends = |setup: fn() -> Setup| -> Result<Evidence<String>, Trouble> {
        let (mut words, mut command) = (Vec::new(), String::new());
        for status in STATUSES {
            let container = exam.start_with(setup())?;
            let end = container.finish(status, exam.finish_patience())?;
            words.push(end.map_or("still runs".to_owned(), |end| end.shell_status().to_string()));
            command.clone_from(&container.run.command);
        }
        Ok(Evidence::plain(words.join(", "), format!("waitid of `{command}`, whose stdout is a closed pipe")))
    };
    // The twin: where somebody reads, the statuses are the command's.
    let with_reader = ends(Setup::new)?;
    let without =
        ends(|| Setup::new().closed_stdout()).map_err(|trouble| trouble.because("crashes-on-closed-stdout"))?;
    let expected = STATUSES.map(|status| status.to_string()).join(", ");
    let lost = with_reader.value != expected;
    exam.check("status", &without, &is(expected))
        .because_if(lost, "exit-status-lost")
        .because("crashes-on-closed-stdout");
    Ok(())
}

/// What runs in the container was executed from the rootfs. A process of the runtime's own that stays there offers the
/// runtime's file at /proc/PID/exe to whoever is root inside: CVE-2019-5736.
fn runtime_program_hidden(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let rootfs = exam.rootfs_identity()?.dev;
    let population = container.population()?;
    let mut foreign = Vec::new();
    for &pid in &population.value {
        // One that ends while we look is none that stays.
        if let Ok(exe) = container.host().place(pid, "exe")
            && exe.value.ino.dev != rootfs
        {
            foreign.push(format!("{} (pid {pid})", exe.value.text));
        }
    }
    let host = exam.bed.namespace(boxproof_harness::evidence::Namespace::Pid)?.value;
    let shared = container.namespace(boxproof_harness::evidence::Namespace::Pid)?.value == host;
    let only_init = !shared && foreign.len() == 1 && container.nspid()?.value.innermost() != 1;
    let observed = population.map(|_| List(foreign));
    exam.check("only-programs-of-the-rootfs", &observed, &is(List(Vec::new())))
        .because_if(shared, "pid-namespace-not-new")
        .because("runtime-program-in-container")
        .unless_declared_if(only_init, Policy::Init);
    Ok(())
}
