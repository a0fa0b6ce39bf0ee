//! Step 2 of the workshop: namespaces.

use crate::scenario;
use boxproof_harness::container::{Answer, Container};
use boxproof_harness::error::{Context, Error};
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::netlink::Rtnetlink;
use boxproof_harness::result::Tier::{Core, Robust};
use boxproof_harness::scenario::{Exam, Scenario, Trouble};
use std::fs;
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("pid-one", "2-1", Core, &["own-pid-namespace", "is-pid-one"], pid_one),
    scenario("mount-namespace", "2-2", Core, &["own-mount-namespace"], mount_namespace),
    scenario(
        "proc-isolated",
        "2-2",
        Core,
        &["proc-mounted", "proc-of-own-namespace", "host-process-hidden"],
        proc_isolated,
    ),
    scenario("proc-mount-options", "2-2", Robust, &["nosuid-nodev-noexec"], proc_mount_options),
    scenario(
        "hostname-isolated",
        "5-1",
        Core,
        &["own-uts-namespace", "container-renamed", "host-keeps-its-name"],
        hostname_isolated,
    ),
    scenario("lone-loopback", "2-3", Core, &["own-network-namespace", "only-lo"], lone_loopback),
    scenario("loopback-up", "2-3", Robust, &["lo-is-up", "lo-answers"], loopback_up),
    scenario("ipc-namespace", "2", Robust, &["own-ipc-namespace"], ipc_namespace),
    scenario("cgroup-namespace", "2", Robust, &["own-cgroup-namespace"], cgroup_namespace),
];

/// The first process of the container is PID 1.
fn pid_one(exam: &mut Exam) -> Result<(), Trouble> {
    exam.show("echo $$");
    let container = exam.start()?;
    let host = exam.bed.namespace(Namespace::Pid)?.value;
    let own = container.namespace(Namespace::Pid)?;
    // unshare(CLONE_NEWPID) without a fork: only children would be born into the new namespace.
    let unshared = own.value == host && unshared_without_fork(&container, &host);
    let same = own.value == host;
    exam.check("own-pid-namespace", &own, &is_not(host))
        .because_if(unshared, "pid-unshared-without-fork")
        .because("pid-namespace-not-new");
    let first = first_process(exam, &container)?;
    let fatal = first.value.ends_with(FATAL);
    exam.check("is-pid-one", &first, &Expect::that("1", |pid: &String| pid == "1" || pid.starts_with(INIT)))
        .because_if(unshared, "pid-unshared-without-fork")
        .because_if(same, "pid-namespace-not-new")
        .because_if(fatal, "init-ends-with-any-child")
        .because("pid-one-is-no-init");
    Ok(())
}

/// unshare(CLONE_NEWPID) moves nobody: only children will be born into the new namespace. Until one is, the link to it
/// is dangling, pid_namespaces(7).
fn unshared_without_fork(container: &Container, host: &str) -> bool {
    match container.host().link(container.pid(), "ns/pid_for_children") {
        Ok(link) => link.value != host,
        Err(error) => error.errno() == Some(libc::ENOENT),
    }
}

/// How the answer begins where PID 1 is an init of the runtime's own.
const INIT: &str = "1 (an init; the payload is";

/// The payload's own pid. A runtime may keep PID 1 for an init of its own, if that does what an init is there for: it
/// adopts orphans and reaps them. Then the answer is `1 (an init; the payload is 2)`.
fn first_process(exam: &Exam, container: &Container) -> Result<Evidence<String>, Trouble> {
    let nspid = container.nspid()?;
    let pid = nspid.value.innermost();
    // In the host's namespace it is the host's init that adopts: that would be no merit of the runtime's.
    let host = exam.bed.namespace(Namespace::Pid)?.value;
    if pid == 1 || container.namespace(Namespace::Pid)?.value == host {
        return Ok(nspid.map(|pids| pids.innermost().to_string()));
    }
    let before = container.population()?.value;
    // The second orphan tells of an init that the end of the first has ended.
    for _ in 0..2 {
        match orphan(exam, container, &before)? {
            Orphan::Reaped => {}
            Orphan::Zombie => return Ok(nspid.map(|_| format!("{pid} (PID 1 leaves zombies)"))),
            Orphan::Fatal => return Ok(nspid.map(|_| format!("{pid} {FATAL}"))),
        }
    }
    Ok(nspid.map(|_| format!("{INIT} {pid})")))
}

/// How the answer ends where PID 1 takes an orphan's end for the payload's.
const FATAL: &str = "(PID 1 ended with an orphan)";

/// What became of an orphan of the container, and of the container by that.
enum Orphan {
    /// Somebody has reaped it.
    Reaped,
    /// Nobody does.
    Zombie,
    /// The container ended with it.
    Fatal,
}

/// Lets an orphan be made, which ends at once, and waits until it is reaped. `before` lived before.
fn orphan(exam: &Exam, container: &Container, before: &[i32]) -> Result<Orphan, Trouble> {
    let asked = container.ask("orphan", b"")?;
    let mut watch = exam.watch_for(Duration::from_secs(1));
    loop {
        // Whoever looks at a process that ends in this moment sees ENOENT.
        let population = container.population();
        if asked == Answer::Gone || container.is_gone() {
            return Ok(Orphan::Fatal);
        }
        // The orphan was there when the order was answered, and is until somebody reaps it.
        if population?.value.iter().all(|pid| before.contains(pid)) {
            return Ok(Orphan::Reaped);
        }
        if !watch.again() {
            return Ok(Orphan::Zombie);
        }
    }
}

/// The container has a mount namespace of its own.
fn mount_namespace(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let host = exam.bed.namespace(Namespace::Mnt)?.value;
    exam.check("own-mount-namespace", &container.namespace(Namespace::Mnt)?, &is_not(host))
        .because("mount-namespace-not-new");
    Ok(())
}

/// `/proc` in the container belongs to its own PID namespace, so `ps` sees the container and nothing else.
fn proc_isolated(exam: &mut Exam) -> Result<(), Trouble> {
    exam.show("ps");
    let sentinel = format!("sentinel-{}", exam.lot.word(9));
    let sentinel_pid = exam.bed.sentinel(&sentinel)?;
    let container = exam.start()?;
    let (pid, host) = (container.pid(), container.host().clone());

    const PROC_SUPER_MAGIC: i64 = 0x9fa0;
    let magic = host.file_system(pid, "root/proc").unwrap_or(0);
    let kind = if magic == PROC_SUPER_MAGIC { "proc".to_owned() } else { format!("another file system ({magic:#x})") };
    let mounted = magic == PROC_SUPER_MAGIC;
    exam.check("proc-mounted", &Evidence::plain(kind, format!("statfs /proc/{pid}/root/proc")), &is("proc".to_owned()))
        .because("proc-not-mounted");

    let own = container.namespace(Namespace::Pid)?.value;
    let bed = exam.bed.namespace(Namespace::Pid)?.value;
    let shared = own == bed;
    let unshared = shared && unshared_without_fork(&container, &bed);
    let first = match host.link(pid, "root/proc/1/ns/pid") {
        Ok(link) => link,
        Err(_) => Evidence::plain("—".to_owned(), format!("readlink /proc/{pid}/root/proc/1/ns/pid")),
    };
    let expected = Expect::that(format!("{own} ≠ {bed}"), move |found: &String| *found == own && own != bed);
    exam.check("proc-of-own-namespace", &first, &expected)
        .because_if(!mounted, "proc-not-mounted")
        .because_if(unshared, "pid-unshared-without-fork")
        .because_if(shared, "pid-namespace-not-new")
        .because("proc-of-another-namespace");

    let in_container = processes_named(
        &sentinel,
        |name| host.text(pid, &format!("root/proc/{name}/cmdline")).ok(),
        names_in_proc(&container)?,
    );
    // The twin: the host's own /proc does show it.
    let on_host =
        processes_named(&sentinel, |name| fs::read_to_string(format!("/proc/{name}/cmdline")).ok(), host_names()?);
    if on_host.0.is_empty() {
        let state = exam.bed.host().status(sentinel_pid, "State").map_or("gone".to_owned(), |state| state.value);
        if !state.starts_with(['R', 'S', 'D', 'T', 't']) {
            return Err(Trouble::runtime("host-process-killed", "a process of the host lives on", state));
        }
        return Err(Error::new(format!("the host's /proc does not show {sentinel}")).into());
    }
    let source = format!("/proc/{pid}/root/proc/*/cmdline, searched for {sentinel} (the host has it as PID {on_host})");
    let found = Evidence::plain(in_container, source);
    exam.check("host-process-hidden", &found, &is(List(Vec::new())))
        .because_if(unshared, "pid-unshared-without-fork")
        .because_if(shared, "pid-namespace-not-new")
        .because("proc-of-another-namespace");
    container.finish(0, exam.finish_patience())?;
    Ok(())
}

/// What lists processes in the container; nothing if there is no such directory, which is another check's finding.
fn names_in_proc(container: &Container) -> Result<Vec<String>, Error> {
    match container.host().names(container.pid(), "root/proc") {
        Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::ENOTDIR)) && !container.is_gone() => {
            Ok(Vec::new())
        }
        other => other,
    }
}

fn processes_named(name: &str, cmdline: impl Fn(&str) -> Option<String>, names: Vec<String>) -> List {
    let numeric = names.into_iter().filter(|entry| entry.bytes().all(|byte| byte.is_ascii_digit()));
    numeric.filter(|pid| cmdline(pid).is_some_and(|line| line.split('\0').next() == Some(name))).collect()
}

fn host_names() -> Result<Vec<String>, Error> {
    let entries = fs::read_dir("/proc").context("list the host's /proc")?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// Nothing in `/proc` is a device or a program to execute; every distribution mounts it so.
fn proc_mount_options(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let options = container.mounts()?.map(|mounts| {
        let proc = mounts.into_iter().rfind(|mount| mount.at == "/proc" && mount.kind == "proc");
        let wanted = ["nosuid", "nodev", "noexec"];
        match proc {
            Some(proc) => proc.options.into_iter().filter(|option| wanted.contains(&option.as_str())).collect(),
            None => List(vec!["no proc on /proc".into()]),
        }
    });
    let missing = options.value.0.iter().any(|item| item.starts_with("no proc"));
    exam.check("nosuid-nodev-noexec", &options, &is(["nosuid", "nodev", "noexec"].into_iter().collect()))
        .because_if(missing, "proc-not-mounted")
        .because("proc-mount-flags");
    Ok(())
}

/// A name set in the container stays in the container.
fn hostname_isolated(exam: &mut Exam) -> Result<(), Trouble> {
    exam.show("hostname");
    let container = exam.start()?;
    let bed = exam.bed.namespace(Namespace::Uts)?.value;
    exam.check("own-uts-namespace", &container.namespace(Namespace::Uts)?, &is_not(bed))
        .because("uts-namespace-not-new");
    // Set from outside in the container's namespace: whether the payload itself may do it is another question.
    let name = format!("box-{}", exam.lot.word(7));
    let (set, read) = (name.clone(), "/proc/sys/kernel/hostname");
    let inside = container.inside(Namespace::Uts, move || {
        nix::unistd::sethostname(&set).context(format!("sethostname {set}"))?;
        nix::unistd::gethostname().context("gethostname")
    })??;
    let inside = Evidence::plain(
        inside.to_string_lossy().into_owned(),
        "sethostname, gethostname after setns to the container's uts namespace",
    );
    exam.check("container-renamed", &inside, &is(name));
    let host = fs::read_to_string(read).context(format!("read {read}"))?.trim().to_owned();
    let expected = exam.bed.hostname().to_owned();
    exam.check("host-keeps-its-name", &Evidence::plain(host, format!("{read} on the host")), &is(expected))
        .because("uts-namespace-not-new");
    Ok(())
}

/// A fresh network namespace holds `lo` and nothing else.
fn lone_loopback(exam: &mut Exam) -> Result<(), Trouble> {
    exam.show("ip link");
    let container = exam.start()?;
    let host = exam.bed.namespace(Namespace::Net)?.value;
    let own = container.namespace(Namespace::Net)?;
    let same = own.value == host;
    exam.check("own-network-namespace", &own, &is_not(host)).because("network-namespace-not-new");
    // Where a tunnel module is loaded the kernel puts a device of it into every new namespace: a fresh one is the measure.
    let fresh = names(&fresh_namespace()?)?;
    let links = names(&container.netlink()?)?;
    let links = Evidence::plain(links, format!("RTM_GETLINK in the network namespace of pid {}", container.pid()));
    exam.check("only-lo", &links, &is(fresh)).because_if(same, "network-namespace-not-new").because("extra-interfaces");
    Ok(())
}

pub(crate) fn names(netlink: &Rtnetlink) -> Result<List, Error> {
    Ok(netlink.links()?.into_iter().map(|link| link.name).collect())
}

pub(crate) fn fresh_namespace() -> Result<Rtnetlink, Error> {
    in_a_fresh_network(|| Ok(Rtnetlink::here()?))
}

/// Runs `job` on a thread that is alone in a network namespace.
pub(crate) fn in_a_fresh_network<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let thread = std::thread::spawn(|| {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).context("unshare a fresh network namespace")?;
        job()
    });
    thread.join().unwrap_or_else(|_| Err(Error::new("the look into a fresh network namespace panicked")))
}

/// `lo` starts down; a program that talks to 127.0.0.1 needs it up.
fn loopback_up(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let lo = container.netlink()?.links()?.into_iter().find(|link| link.name == "lo");
    let up = Evidence::plain(Yes(lo.is_some_and(|lo| lo.up)), "RTM_GETLINK lo: IFF_UP");
    exam.check("lo-is-up", &up, &is(Yes(true))).because("loopback-down");
    // Nobody listens there: a loopback that works refuses, one that is down is unreachable.
    let port = exam.lot.port();
    let errno = container.ask(&format!("tcp 127.0.0.1 {port}"), b"")?.errno().unwrap_or(-1);
    let observed = Evidence::plain(errno_name(errno), format!("connect(2) to 127.0.0.1:{port} in the container"));
    exam.check("lo-answers", &observed, &is("ECONNREFUSED".to_owned())).because("loopback-down");
    Ok(())
}

fn errno_name(errno: i32) -> String {
    format!("{:?}", nix::errno::Errno::from_raw(errno))
}

/// System V queues and shared memory of the host stay the host's.
fn ipc_namespace(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let host = exam.bed.namespace(Namespace::Ipc)?.value;
    exam.check("own-ipc-namespace", &container.namespace(Namespace::Ipc)?, &is_not(host))
        .because("ipc-namespace-not-new");
    Ok(())
}

/// Without one, `/proc/self/cgroup` tells the container where on the host it stands.
fn cgroup_namespace(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let host = exam.bed.namespace(Namespace::Cgroup)?.value;
    exam.check("own-cgroup-namespace", &container.namespace(Namespace::Cgroup)?, &is_not(host))
        .because("cgroup-namespace-not-new");
    Ok(())
}
