//! Step 5 of the workshop: when a container is over, and what its other processes have to do with that.

use crate::scenario;
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Yes, is};
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Scenario, Trouble};
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] =
    &[scenario("daemon-does-not-hold", "5-1", Robust, &["runtime-ends", "daemon-ended"], daemon_does_not_hold)];

/// The container is over when its command is, whoever else still runs in it; and then nobody does.
fn daemon_does_not_hold(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let (_, daemon) = exam.fork(&container)?;
    let shared = container.namespace(Namespace::Pid)?.value == exam.bed.namespace(Namespace::Pid)?.value;
    let status = exam.lot.exit_status();
    let ended = container.finish(status, exam.patience(Duration::from_secs(2)))?.is_some();
    let source = format!(
        "waitid of `{}`, its command ended and a child of that ({}) alive",
        container.run.command,
        daemon.pid()
    );
    exam.check("runtime-ends", &Evidence::plain(Yes(ended), source), &is(Yes(true))).because("init-waits-for-all");
    let gone = daemon.wait_gone(exam.patience(Duration::from_secs(if ended { 2 } else { 0 })))?;
    let source = format!("pidfd of {}, a child of the command", daemon.pid());
    exam.check("daemon-ended", &Evidence::plain(Yes(gone), source), &is(Yes(true)))
        .because_if(!ended, "init-waits-for-all")
        .because_if(shared, "pid-namespace-not-new")
        .because("daemon-outlives-container");
    daemon.signal(libc::SIGKILL).or_else(|error| if daemon.is_gone() { Ok(()) } else { Err(error) })?;
    Ok(())
}
