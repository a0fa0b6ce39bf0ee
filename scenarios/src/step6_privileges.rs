//! A next step of the workshop: what root in a container may still do. Capabilities, no_new_privs, seccomp.

use crate::scenario;
use boxproof_harness::container::Container;
use boxproof_harness::error::{Error, Result};
use boxproof_harness::evidence::{Capability, Evidence};
use boxproof_harness::expect::{Expect, List, is};
use boxproof_harness::manifest::Offer;
use boxproof_harness::result::Tier::Next;
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use nix::errno::Errno;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("capabilities-dropped", "6-1", Next, &["bounding", "effective", "not-inherited"], capabilities_dropped),
    Scenario {
        offers: Some(Offer::Capabilities),
        ..scenario("capability-option", "6-1", Next, &["the-one-asked-for", "no-other"], capability_option)
    },
    scenario("no-new-privileges", "6-1", Next, &["set"], no_new_privileges),
    scenario("groups-cleared", "6-1", Next, &["no-group-of-the-caller"], groups_cleared),
    scenario(
        "seccomp-filters",
        "6-1",
        Next,
        &["in-force", "keyring-refused", "keyring-refused-by-its-old-number", "user-namespace-refused"],
        seccomp_filters,
    ),
];

/// capabilities(7) by their numbers.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What docker leaves to root in a container, the most that any engine leaves.
const LEFT: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SYS_CHROOT",
    "MKNOD",
    "AUDIT_WRITE",
    "SETFCAP",
];

/// The first of those that came with Linux 5.8 and 5.9: a list that ends before it is an old one.
const PERFMON: usize = 38;

fn named(set: Capability) -> List {
    (0..64)
        .filter(|number| set.0 & (1 << number) != 0)
        .map(|number| NAMES.get(number).map_or(format!("{number}"), |name| (*name).to_owned()))
        .collect()
}

/// What is in the set beyond docker's.
fn beyond(set: Capability) -> List {
    named(set).0.into_iter().filter(|name| !LEFT.contains(&name.as_str())).collect()
}

fn none() -> Expect<List> {
    is(List(Vec::new()))
}

/// What the runtime itself was given; unless that is more than a container is left, nothing can be seen to be dropped.
fn given(exam: &Exam) -> Result<Capability> {
    let given = exam.bed.host().capabilities(exam.bed.init_pid(), "CapBnd")?.value;
    match beyond(given).0.is_empty() {
        true => Err(Error::new("this machine's root has no more capabilities than a container is left")),
        false => Ok(given),
    }
}

/// Root in the container is not root on the machine: the capabilities that reach past the namespaces are gone, for good.
fn capabilities_dropped(exam: &mut Exam) -> Result<(), Trouble> {
    exam.show("grep Cap /proc/self/status");
    // The twin: the runtime had them to drop.
    let given = given(exam)?;
    let container = exam.start()?;
    let bounding = container.capabilities("CapBnd")?;
    let (untouched, set) = (bounding.value == given, bounding.value);
    // no_new_privs keeps exec from giving root all of the bounding set again.
    let only_bounding = untouched && beyond(container.capabilities("CapEff")?.value).0.is_empty();
    let newer = set.0 >> PERFMON != 0 && beyond(Capability(set.0 & ((1 << PERFMON) - 1))).0.is_empty();
    exam.check("bounding", &bounding.map(beyond), &none())
        .because_if(only_bounding, "bounding-set-kept")
        .because_if(untouched, "capabilities-not-dropped")
        .because_if(newer, "newer-capabilities-kept")
        .because("capabilities-by-denylist");
    let effective = container.capabilities("CapEff")?;
    let permitted = container.capabilities("CapPrm")?;
    let both = effective.with(permitted).map(|(effective, permitted)| beyond(Capability(effective.0 | permitted.0)));
    exam.check("effective", &both, &none())
        .because_if(untouched, "capabilities-not-dropped")
        .because_if(newer, "newer-capabilities-kept")
        .because("capabilities-by-denylist");
    let passed_on = container.capabilities("CapInh")?.with(container.capabilities("CapAmb")?);
    let passed_on = passed_on.map(|(inheritable, ambient)| named(Capability(inheritable.0 | ambient.0)));
    exam.check("not-inherited", &passed_on, &none()).because("capabilities-inheritable");
    container.finish(0, exam.finish_patience())?;
    Ok(())
}

/// Whoever asks for one capability gets that one.
fn capability_option(exam: &mut Exam) -> Result<(), Trouble> {
    // Neither one that every engine leaves, nor one that lets anybody out, nor one that the runtime has not got itself.
    let held = named(given(exam)?).0;
    let choices = ["SYS_NICE", "IPC_LOCK", "NET_BROADCAST", "LEASE"];
    let choices: Vec<&str> = choices.into_iter().filter(|name| held.iter().any(|other| other == name)).collect();
    if choices.is_empty() {
        return Err(Error::new("this machine's root has no capability that a container could be granted").into());
    }
    let asked = exam.lot.choose(&choices);
    // The twin: without the option it is not there. Who drops nothing is told so elsewhere.
    let plain = exam.start()?;
    let before = named(plain.capabilities("CapEff")?.value).0.iter().any(|name| name == asked);
    drop(plain);
    let setup = Setup::new().option(Offer::Capabilities, format!("CAP_{asked}"));
    let container = exam.start_with(setup).map_err(|trouble| trouble.because("capability-breaks-the-run"))?;
    let effective = container.capabilities("CapEff")?.map(named);
    let own: List = effective.value.0.iter().filter(|name| *name == asked).cloned().collect();
    let others: List = effective.value.0.iter().filter(|name| *name != asked).cloned().collect();
    exam.check("the-one-asked-for", &effective.clone().map(|_| own), &is(List(vec![asked.to_owned()])))
        .because("capability-option-ignored");
    exam.check("no-other", &effective.map(|_| others), &none())
        .because_if(before, "capabilities-not-dropped")
        .because("capability-not-alone");
    container.finish(0, exam.finish_patience())?;
    Ok(())
}

/// A program that is setuid, or has capabilities in its file, gives nobody more than he has.
fn no_new_privileges(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: on the host it is not set.
    if exam.bed.host().status(exam.bed.init_pid(), "NoNewPrivs")?.value != "0" {
        return Err(Error::new("no_new_privs is set on this machine already").into());
    }
    let container = exam.start()?;
    let set = container.host().status(container.pid(), "NoNewPrivs")?;
    exam.check("set", &set, &is("1".to_owned())).because("no-new-privileges-not-set");
    Ok(())
}

/// The caller's groups open the caller's files: docker, say, or disk.
fn groups_cleared(exam: &mut Exam) -> Result<(), Trouble> {
    let group = exam.lot.number(2000..60_000);
    let container = exam.start_with(Setup::new().groups(vec![group]))?;
    // The twin: the runtime itself was given the group, or it would not have been started (setgroups(2) was heeded).
    let groups = container.host().status(container.pid(), "Groups")?;
    let kept = groups.map(|text| text.split_whitespace().filter(|word| *word == group.to_string()).collect::<List>());
    exam.check("no-group-of-the-caller", &kept, &none()).because("callers-groups-kept");
    Ok(())
}

/// What the payload is told when it calls the kernel so.
fn attempt(container: &Container, call: &str) -> Result<Evidence<String>, Trouble> {
    let (errno, _) = container.order(&format!("attempt {call}"), b"")?;
    let errno: i32 = errno.parse().unwrap_or(-1);
    let told = match errno {
        0 => "0".to_owned(),
        1..128 => format!("{:?}", Errno::from_raw(errno)),
        _ => "killed".to_owned(),
    };
    Ok(Evidence::plain(told, format!("{call} in the container")))
}

/// As seccomp filters refuse: by an error of their own, as if the kernel were older, or for good.
fn refused() -> Expect<String> {
    const REFUSALS: [&str; 4] = ["EPERM", "ENOSYS", "EACCES", "killed"];
    Expect::that("EPERM or ENOSYS", |told: &String| REFUSALS.contains(&told.as_str()))
}

/// Most of the kernel's calls are needed by nobody in a container, and each is a way in: those at least that need no
/// capability and know no namespace are refused, under whatever number.
fn seccomp_filters(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: on the host nothing filters.
    let host = exam.bed.host();
    if host.status(exam.bed.init_pid(), "Seccomp")?.value != "0" || !std::path::Path::new("/proc/keys").exists() {
        return Err(Error::new("on this machine calls are filtered already, or the kernel has no keyrings").into());
    }
    // And what is refused to everybody here is not refused by a filter: calls of 32-bit programs, which this file comes with,
    // and user namespaces, of which there may be none.
    if !std::path::Path::new("/proc/sys/abi/vsyscall32").exists() {
        return Err(Error::new("this machine's kernel knows no calls of 32-bit programs").into());
    }
    if std::fs::read_to_string("/proc/sys/user/max_user_namespaces").is_ok_and(|most| most.trim() == "0") {
        return Err(Error::new("on this machine nobody may make a user namespace").into());
    }
    let container = exam.start()?;
    let mode = container.host().status(container.pid(), "Seccomp")?;
    let filtered = exam.check("in-force", &mode, &is("2".to_owned())).because("seccomp-missing").passed();
    if !filtered {
        return Ok(());
    }
    let keyring = attempt(&container, "keyctl")?;
    let pretended = keyring.value == "0";
    exam.check("keyring-refused", &keyring, &refused())
        .because_if(pretended, "seccomp-lets-pass")
        .because("seccomp-refuses-otherwise");
    exam.check("keyring-refused-by-its-old-number", &attempt(&container, "keyctl-i386")?, &refused())
        .because_if(pretended, "seccomp-lets-pass")
        .because("seccomp-ignores-architecture");
    let ways = ["unshare", "clone", "clone3"];
    let mut open = Vec::new();
    for way in ways {
        if attempt(&container, way)?.value == "0" {
            open.push(way);
        }
    }
    let newer = open == ["clone3"];
    let source = format!("{} with CLONE_NEWUSER in the container, those that succeed", ways.join(", "));
    exam.check("user-namespace-refused", &Evidence::plain(open.into_iter().collect::<List>(), source), &none())
        .because_if(newer, "seccomp-without-newer-calls")
        .because("seccomp-lets-pass");
    Ok(())
}
