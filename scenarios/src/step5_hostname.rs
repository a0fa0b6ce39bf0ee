//! Step 5 of the workshop: the container's name.

use crate::scenario;
use boxproof_harness::container::Container;
use boxproof_harness::error::{Context, Result};
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Expect, is};
use boxproof_harness::manifest::Offer;
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("hostnames-distinct", "5-1", Robust, &["apart"], hostnames_distinct),
    Scenario {
        offers: Some(Offer::Hostname),
        ..scenario("hostname-length-option", "5-1", Robust, &["longest-fits", "too-long-refused"], hostname_length)
    },
];

fn name(container: &Container) -> Result<Evidence<String>> {
    let name = container.inside(Namespace::Uts, || nix::unistd::gethostname().context("gethostname"))??;
    let source = format!("gethostname(2) after setns to /proc/{}/ns/uts", container.pid());
    Ok(Evidence::plain(name.to_string_lossy().into_owned(), source))
}

/// A runtime that names its containers gives each a name of its own. One that names none leaves the host's: the workshop's
/// own program does.
fn hostnames_distinct(exam: &mut Exam) -> Result<(), Trouble> {
    let first = exam.start()?;
    let second = exam.start().map_err(|trouble| trouble.because("containers-collide"))?;
    let host = exam.bed.hostname().to_owned();
    let names = name(&first)?.with(name(&second)?).map(|(one, other)| format!("{one}, {other}"));
    let unnamed = format!("{host}, {host}");
    let expected = Expect::that("two names, or the host's", move |names: &String| {
        *names == unnamed || names.split_once(", ").is_some_and(|(one, other)| one != other)
    });
    exam.check("apart", &names, &expected).because("hostname-constant");
    Ok(())
}

/// The kernel takes 64 bytes, uname(2). What is longer can only be refused: cut, it is another name.
fn hostname_length(exam: &mut Exam) -> Result<(), Trouble> {
    const LONGEST: usize = 64;
    // The twin: without a name it starts.
    drop(exam.start()?);
    for (check, length) in [("longest-fits", LONGEST), ("too-long-refused", LONGEST + 1)] {
        let asked = exam.lot.word(length);
        let found = match exam.start_with(Setup::new().option(Offer::Hostname, asked.clone())) {
            Ok(container) => name(&container)?,
            Err(trouble) if trouble.is("command-not-started") => {
                Evidence::plain("refused".to_owned(), "the runtime ended, and no probe connected")
            }
            Err(trouble) => return Err(trouble),
        };
        let cut = asked.starts_with(&found.value);
        // A runtime may draw the line earlier, as DNS does; it may not give another name.
        let expected = match length {
            LONGEST => Expect::that(asked.clone(), move |found: &String| *found == asked || found == "refused"),
            _ => is("refused".to_owned()),
        };
        exam.check(check, &found, &expected).because_if(cut, "hostname-cut").because("hostname-error-ignored");
    }
    Ok(())
}
