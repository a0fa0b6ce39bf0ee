//! Step 5 of the workshop: what holds for our payload holds for everybody's.

use crate::scenario;
use boxproof_harness::error::Error;
use boxproof_harness::evidence::{Evidence, HostProc, Namespace};
use boxproof_harness::expect::{List, is};
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use std::collections::BTreeSet;

pub(crate) const SCENARIOS: &[Scenario] =
    &[scenario("ordinary-command", "5-1", Robust, &["confined", "as-the-probe"], ordinary_command)];

/// Without these a command is not in a container at all.
const LEAST: [&str; 3] = [ROOT, "own pid namespace", "own mnt namespace"];
const ROOT: &str = "rootfs/ as its root";

/// The workshop's own commands, started when nothing of the harness is left in the rootfs, are isolated as our probe is. Whoever
/// recognises the probe by its name, its place, its content or its socket, and isolates nothing else, is seen here.
fn ordinary_command(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let of_probe = isolation(exam, container.pid())?;
    exam.remove_probe()?;
    drop(container);

    let seconds = exam.lot.number(10_000..90_000).to_string();
    let line = format!("sleep {seconds}; exit");
    let mut facts = Vec::new();
    let (mut lacking, mut different) = (Vec::new(), Vec::new());
    for words in [&["/bin/sleep", &seconds][..], &["/bin/sh", "-c", &line][..]] {
        let others = exam.bed.processes()?;
        let argv: Vec<_> = words.iter().map(Into::into).collect();
        let run = exam.call(&argv, Setup::new())?;
        // The first has arrived: the second differs from it in words that hold blanks and signs of the shell's.
        let pid = exam.await_command(&run, &others, words).map_err(|trouble| match words {
            [_, _, line] if trouble.is("command-not-started") && line.contains(' ') => {
                trouble.because("arguments-through-a-shell")
            }
            _ => trouble,
        })?;
        let found = isolation(exam, pid)?;
        exam.bed.end(pid)?;
        run.wait(exam.finish_patience())?;
        lacking.extend(
            LEAST
                .iter()
                .filter(|item| !found.value.contains(**item))
                .map(|item| format!("{} without {item}", words[0])),
        );
        let missing = of_probe.value.difference(&found.value).map(|item| format!("{} without {item}", words[0]));
        let extra = found.value.difference(&of_probe.value).map(|item| format!("{} with {item}", words[0]));
        different.extend(missing.chain(extra));
        facts.extend(found.facts);
    }
    let probe_has = |item: &str| of_probe.value.contains(item);
    let singled_out = LEAST.iter().all(|item| probe_has(item));
    let (no_pid, no_mount) = (!probe_has(LEAST[1]), !probe_has(LEAST[2]));
    let lacking = Evidence { value: List(lacking), facts: facts.clone() };
    exam.check("confined", &lacking, &is(List(Vec::new())))
        .because_if(singled_out, "ordinary-commands-unconfined")
        .because_if(no_pid, "pid-namespace-not-new")
        .because_if(no_mount, "mount-namespace-not-new");
    if singled_out && !different.is_empty() {
        exam.flag("knows-the-probe", List(different.clone()));
    }
    facts.extend(of_probe.facts);
    exam.check("as-the-probe", &Evidence { value: List(different), facts }, &is(List(Vec::new())))
        .because("ordinary-commands-unconfined");
    Ok(())
}

/// What sets a process apart from the host, as the kernel tells it.
fn isolation(exam: &Exam, pid: i32) -> Result<Evidence<BTreeSet<String>>, Error> {
    let host: &HostProc = exam.bed.host();
    let mut found = BTreeSet::new();
    if host.place(pid, "root")?.value.ino == exam.rootfs_identity()? {
        found.insert(ROOT.to_owned());
    }
    const KINDS: [Namespace; 7] = [
        Namespace::Pid,
        Namespace::Mnt,
        Namespace::Net,
        Namespace::Uts,
        Namespace::Ipc,
        Namespace::Cgroup,
        Namespace::User,
    ];
    for kind in KINDS {
        if host.namespace(pid, kind)?.value != exam.bed.namespace(kind)?.value {
            found.insert(format!("own {} namespace", kind.name()));
        }
    }
    for name in ["CapEff", "NoNewPrivs", "Seccomp"] {
        found.insert(format!("{name} {}", host.status(pid, name)?.value));
    }
    let text = found.iter().cloned().collect::<Vec<_>>().join(", ");
    Ok(Evidence::read(found, format!("/proc/{pid}/root, ns/*, status"), text))
}
