//! The agent, served here and now: scenarios of this file, in real testbeds, under runtimes that are shell scripts.
//!
//! Needs root, as the agent does.

use boxproof_harness::agent::serve;
use boxproof_harness::container::Answer;
use boxproof_harness::error::{Context, Error};
use boxproof_harness::event::{Event, ExamOrder, Order};
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Yes, is};
use boxproof_harness::manifest::Invocation;
use boxproof_harness::plan::Plan;
use boxproof_harness::result::{Check, Status, Tier};
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use boxproof_harness::testbed::cgroup::cgroup2_root;
use boxproof_harness::tree::Tree;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::os::fd::AsRawFd;
use std::path::Path;

/// A runtime that changes the root and nothing else.
const CHROOT: &str = "#!/bin/sh\nshift\nexec chroot rootfs \"$@\"\n";
/// One that does not end with its payload.
const LINGERS: &str = "#!/bin/sh\nshift\nchroot rootfs \"$@\"\nexec sleep 1000\n";

const fn scenario(id: &'static str, run: fn(&mut Exam) -> Result<(), Trouble>) -> Scenario {
    Scenario { id, step: "0", tier: Tier::Core, checks: &["holds"], requires: &[], offers: None, run }
}

static CATALOGUE: &[Scenario] = &[
    scenario("first", holds),
    scenario("panics", |_| panic!("as ordered by the test")),
    scenario("forgets", |_| Ok(())),
    scenario("last", holds),
    scenario("little-host", little_host),
    scenario("stranger-at-the-socket", stranger_at_the_socket),
    scenario("payload-ends", payload_ends),
    scenario("links-in-the-container", links_in_the_container),
    scenario("pipe-in-the-container", pipe_in_the_container),
    scenario("endless-file", endless_file),
    scenario("leaves-a-file", leaves_a_file),
];

/// Decides the one check of a scenario.
fn decide(exam: &mut Exam, holds: bool, source: &str) {
    exam.check("holds", &Evidence::plain(Yes(holds), source), &is(Yes(true)));
}

fn holds(exam: &mut Exam) -> Result<(), Trouble> {
    decide(exam, true, "nothing is looked at");
    Ok(())
}

/// The surroundings are what `design` promises: a host of its own with everything in place.
fn little_host(exam: &mut Exam) -> Result<(), Trouble> {
    let bed = &exam.bed;
    let host = bed.host();
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let mounts = host.mounts(bed.init_pid())?;
    let root = mounts.iter().rfind(|mount| mount.at == "/").ok_or_else(|| Error::new("no mount on /"))?;
    expect(root.propagation.iter().any(|tag| tag.starts_with("shared:")), "/ is shared");
    let usr = mounts.iter().find(|mount| mount.at == "/usr").ok_or_else(|| Error::new("no mount on /usr"))?;
    expect(usr.options.iter().any(|option| option == "ro"), "/usr is read-only");
    expect(fs::write("/usr/boxproof-was-here", "").is_err(), "/usr refuses a file");
    expect(host.nspid(bed.init_pid())?.value.innermost() == 1, "init is PID 1");
    for kind in [Namespace::Pid, Namespace::Mnt, Namespace::Net, Namespace::Uts, Namespace::Ipc, Namespace::Cgroup] {
        let own = fs::read_link(format!("/proc/self/ns/{}", kind.name()));
        // In the testbed's /proc the harness has no number, so that it cannot even be asked for.
        expect(own.is_err(), "the harness is out of sight");
        let of_harness = host.namespace(std::process::id().cast_signed(), kind)?.value;
        expect(bed.namespace(kind)?.value != of_harness, kind.name());
    }
    expect(bed.processes()?.is_empty(), "nobody else is there");
    let root_group = fs::read_to_string("/sys/fs/cgroup/cgroup.procs").context("read cgroup.procs")?;
    expect(root_group.trim().is_empty(), "the root group holds no process");
    expect(bed.netlink()?.links()?.iter().any(|link| link.name == "lo" && link.up), "lo is up");
    let name = fs::read_to_string("/proc/sys/kernel/hostname").context("read the host name")?;
    expect(name.trim() == bed.hostname(), "the host has its name");
    let text = wrong.join(", ");
    let evidence = Evidence::read(Yes(wrong.is_empty()), "the testbed", text);
    exam.check("holds", &evidence, &is(Yes(true)));
    Ok(())
}

/// Whoever connects while the probe's child is awaited is not taken for it.
fn stranger_at_the_socket(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let path = exam.bed.probe().socket.clone();
    let stranger = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).context("socket")?;
    let address = UnixAddr::new(&path).context("the socket's path")?;
    connect(stranger.as_raw_fd(), &address).context("connect as a stranger")?;
    let (inside, child) = exam.fork(&container)?;
    let answer = child.ask("pid", b"")?;
    decide(exam, answer == Answer::Done(inside.to_string(), Vec::new()), "the child's own answer");
    Ok(())
}

/// The runtime lives on, its payload does not: what can no longer be read is the runtime's failure, not our error.
fn payload_ends(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start_anywhere(Setup::new())?;
    container.signal(libc::SIGKILL)?;
    container.wait_gone(exam.finish_patience())?;
    let root = container.root()?;
    decide(exam, true, &root.value.text);
    Ok(())
}

/// A link in the container leads where the container would get to, not where the host would.
fn links_in_the_container(exam: &mut Exam) -> Result<(), Trouble> {
    let rootfs = exam.bed.rootfs();
    std::os::unix::fs::symlink("/var", rootfs.join("elsewhere")).context("make a link in the rootfs")?;
    let canary = exam.plant("seen by the host only\n")?;
    let container = exam.start()?;
    let below = canary.replace("/var/", "/elsewhere/");
    let seen = container.host().sees(container.pid(), &below)?.value;
    decide(exam, seen == Yes(false), &below);
    Ok(())
}

/// A pipe in place of a file: opening it for reading waits for a writer, who never comes.
fn pipe_in_the_container(exam: &mut Exam) -> Result<(), Trouble> {
    let pipe = exam.bed.rootfs().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).context("mkfifo")?;
    let container = exam.start()?;
    let read = container.host().bytes(container.pid(), "root/pipe");
    decide(exam, read.is_ok_and(|bytes| bytes.is_empty()), "what is in a pipe that nobody writes to");
    Ok(())
}

/// A file without an end must not fill the harness's memory.
fn endless_file(exam: &mut Exam) -> Result<(), Trouble> {
    let file = fs::File::create(exam.bed.rootfs().join("endless")).context("create")?;
    file.set_len(1 << 32).context("a sparse file of 4 GiB")?;
    let container = exam.start()?;
    decide(exam, container.host().bytes(container.pid(), "root/endless").is_err(), "a file of 4 GiB");
    Ok(())
}

/// Directory in directory in directory, as a runtime might leave them.
fn leaves_a_file(exam: &mut Exam) -> Result<(), Trouble> {
    let mut path = String::from("/tmp");
    for _ in 0..300 {
        path.push_str("/d");
        fs::create_dir(&path).context("mkdir deep below /tmp")?;
    }
    decide(exam, !exam.differences()?.is_empty(), "the inventory");
    Ok(())
}

/// Examines `ids` with `runtime`; gives every event, and the checks by id.
fn examine(runtime: &str, ids: &[&str]) -> (Vec<Event>, BTreeMap<String, Check>) {
    let mut rootfs = Tree::new();
    rootfs.directory("var", 0o755).expect("a directory");
    let mut submission = Tree::new();
    submission.file("runtime", 0o755, runtime).expect("a file");
    let pack = |tree: &Tree| {
        let mut bytes = Vec::new();
        tree.archive(&mut bytes).expect("an archive");
        bytes
    };
    let (rootfs, submission) = (pack(&rootfs), pack(&submission));
    let order = ExamOrder {
        plan: Plan {
            seed: 7,
            scenarios: ids.iter().map(|id| (*id).to_owned()).collect(),
            invocation: Invocation::workshop(),
            program: "runtime".into(),
            jobs: 1,
            disposable: false,
            terms: Default::default(),
        },
        rootfs_bytes: rootfs.len() as u64,
        submission_bytes: submission.len() as u64,
        extra_bytes: 0,
    };
    let mut input = serde_json::to_vec(&Order::Exam(Box::new(order))).expect("JSON");
    input.push(b'\n');
    input.extend([rootfs, submission].concat());
    let mut output = Vec::new();
    serve(CATALOGUE, Cursor::new(input), &mut output).expect("the agent serves");
    let events: Vec<Event> =
        output.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let checks = events.iter().filter_map(|event| match event {
        Event::Check(check) => Some((check.scenario.clone(), (**check).clone())),
        _ => None,
    });
    let checks: BTreeMap<String, Check> = checks.collect();
    assert_eq!(events.last(), Some(&Event::End { checks: checks.len() }), "every check is counted");
    (events, checks)
}

/// Says so when the test cannot be tried.
fn root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("not tried: a testbed takes root");
    }
    root
}

fn statuses(checks: &BTreeMap<String, Check>) -> Vec<(&str, Status)> {
    checks.iter().map(|(id, check)| (id.as_str(), check.status)).collect()
}

/// What of this process is left in the cgroup tree.
fn own_groups() -> Vec<String> {
    let root = cgroup2_root().expect("cgroup2 is mounted");
    let own = format!(".{}.", std::process::id());
    let entries = fs::read_dir(root).expect("list the cgroup root").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("boxproof.") && name.contains(&own)).collect()
}

// One test, one process-wide order of things: what is left behind can only be told when nothing else runs.
#[test]
fn the_agent_keeps_its_word() {
    if !root() {
        return;
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mountinfo");

    // A scenario of ours that breaks is an error of its own, and of no other.
    let (_, checks) = examine(CHROOT, &["first", "panics", "forgets", "last"]);
    let expected =
        [("first", Status::Pass), ("forgets", Status::Error), ("last", Status::Pass), ("panics", Status::Error)];
    assert_eq!(statuses(&checks), expected);
    assert_eq!(checks["forgets"].message.id, "check-lost");
    assert_eq!(checks["panics"].message.id, "harness-error");

    let ids = [
        "little-host",
        "stranger-at-the-socket",
        "links-in-the-container",
        "pipe-in-the-container",
        "endless-file",
        "leaves-a-file",
    ];
    let (events, checks) = examine(CHROOT, &ids);
    for (id, check) in &checks {
        assert_eq!(check.status, Status::Pass, "{id}: {check:#?}");
    }
    let left = events.iter().any(
        |event| matches!(event, Event::Verdict { id, residue, .. } if id == "leaves-a-file" && !residue.is_empty()),
    );
    assert!(left, "what a scenario leaves is told: {events:?}");

    let (_, checks) = examine(LINGERS, &["payload-ends"]);
    let check = &checks["payload-ends"];
    assert_eq!((check.status, check.message.id.as_str()), (Status::Fail, "container-gone"), "{check:#?}");

    assert_eq!(own_groups(), Vec::<String>::new(), "cgroups are removed");
    assert_eq!(fs::read_to_string("/proc/self/mountinfo").expect("mountinfo"), mounts, "mounts are as before");
    assert!(!Path::new("/usr/boxproof-was-here").exists());
}
