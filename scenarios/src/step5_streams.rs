//! Step 5 of the workshop: stdin, stdout and stderr belong to the command.

use crate::scenario;
use boxproof_harness::container::Answer;
use boxproof_harness::evidence::Evidence;
use boxproof_harness::expect::{Yes, is};
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use std::io::Write;
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("stdin-connected", "5-1", Robust, &["every-byte-arrives"], stdin_connected),
    scenario("stdout-intact", "5-1", Robust, &["every-byte-and-no-other"], stdout_intact),
    scenario("stderr-apart", "5-1", Robust, &["on-stderr", "not-on-stdout"], stderr_apart),
    scenario("output-unbuffered", "5-1", Robust, &["seen-while-running"], output_unbuffered),
];

/// FNV-1a, as the probe reckons it.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// What is typed reaches the command, every byte of it, and its end too.
fn stdin_connected(exam: &mut Exam) -> Result<(), Trouble> {
    let mut container = exam.start_with(Setup::new().stdin())?;
    let bytes = exam.lot.bytes(200_000);
    let expected = format!("{} {:016x}", bytes.len(), hash(&bytes));
    container.send("drain", b"")?;
    let stdin = container.run.take_stdin();
    // A runtime that never reads must not hold us: the writer is a thread of its own, and ends when the pipe breaks.
    std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&bytes)));
    let observed = match container.answer(exam.patience(Duration::from_secs(5)))? {
        Some(Answer::Done(line, _)) => line,
        Some(Answer::Refused(_, reason)) => reason,
        Some(Answer::Gone) => "the payload ended".to_owned(),
        None => "the end of stdin never came".to_owned(),
    };
    let source = "count and FNV-1a hash of what the payload read from stdin";
    exam.check("every-byte-arrives", &Evidence::plain(observed, source), &is(expected)).because("stdin-not-connected");
    Ok(())
}

/// `mycontainer run cat FILE > COPY` must make a copy: no banner, no byte lost or changed.
fn stdout_intact(exam: &mut Exam) -> Result<(), Trouble> {
    const BYTES: usize = 1 << 20;
    let container = exam.start()?;
    container.order(&format!("fill stdout {BYTES}"), b"")?;
    container.finish(0, exam.finish_patience())?;
    container.run.stdout.wait_end(exam.finish_patience());
    let printed = container.run.stdout.bytes();
    let expected: Vec<u8> = (0..=255).cycle().take(BYTES).collect();
    let banner = printed.len() > expected.len() && contains(&printed, &expected[..4096]);
    let describe = |bytes: &[u8]| format!("{} bytes, hash {:016x}", bytes.len(), hash(bytes));
    let source = format!("stdout of `{}`", container.run.command);
    exam.check("every-byte-and-no-other", &Evidence::plain(describe(&printed), source), &is(describe(&expected)))
        .because_if(banner, "banner-on-stdout")
        .because("stdout-changed");
    Ok(())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Errors go to stderr and stay apart from the output.
fn stderr_apart(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let word = exam.lot.word(24);
    container.order("stderr", word.as_bytes())?;
    container.finish(0, exam.finish_patience())?;
    container.run.stderr.wait_end(exam.finish_patience());
    container.run.stdout.wait_end(exam.finish_patience());
    let command = &container.run.command;
    let (err, out) = (container.run.stderr.bytes(), container.run.stdout.bytes());
    let on_err = Evidence::plain(Yes(contains(&err, word.as_bytes())), format!("stderr of `{command}` holds {word}"));
    let on_out = Evidence::plain(Yes(contains(&out, word.as_bytes())), format!("stdout of `{command}` holds {word}"));
    exam.check("on-stderr", &on_err, &is(Yes(true))).because_if(on_out.value.0, "stderr-merged").because("stderr-lost");
    exam.check("not-on-stdout", &on_out, &is(Yes(false))).because("stderr-merged");
    Ok(())
}

/// What the command prints is there at once, not when it ends.
fn output_unbuffered(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let word = exam.lot.word(12);
    container.order("stdout", word.as_bytes())?;
    // The payload is held, so whatever arrives now arrived while it runs.
    let wanted = word.clone();
    let patience = exam.patience(Duration::from_secs(2));
    let seen = container.run.stdout.wait_until(patience, move |bytes| contains(bytes, wanted.as_bytes()));
    let source = format!("stdout of `{}` holds {word} while the payload is held", container.run.command);
    exam.check("seen-while-running", &Evidence::plain(Yes(seen), source), &is(Yes(true))).because("output-buffered");
    Ok(())
}
