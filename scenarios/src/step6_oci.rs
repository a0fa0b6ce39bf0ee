//! A next step of the workshop: the verbs of the OCI runtime specification, and what stands in a `config.json`.

use crate::scenario;
use boxproof_harness::container::Held;
use boxproof_harness::error::{Context, Result};
use boxproof_harness::evidence::{Evidence, IdPath};
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::manifest::Offer;
use boxproof_harness::oci::{Bundle, State, json};
use boxproof_harness::result::Tier::Next;
use boxproof_harness::scenario::{Exam, Finished, Scenario, Trouble};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    offered(scenario(
        "oci-lifecycle",
        "6-3",
        Next,
        &["created-not-running", "state-created", "state-running", "process-in-state", "state-stopped", "nothing-left"],
        oci_lifecycle,
    )),
    offered(scenario(
        "oci-order",
        "6-3",
        Next,
        &["id-taken", "delete-of-running", "start-of-running", "kill-of-stopped", "still-runs"],
        oci_order,
    )),
    offered(scenario("oci-kill", "6-3", Next, &["signal-arrives"], oci_kill)),
    offered(scenario("oci-id", "6-3", Next, &["refused", "nothing-outside"], oci_id)),
    offered(scenario(
        "oci-process",
        "6-3",
        Next,
        &["working-directory", "environment", "user", "groups", "umask"],
        oci_process,
    )),
    offered(scenario(
        "oci-file-systems",
        "6-3",
        Next,
        &["root-beside-the-bundle", "root-read-only", "mount-read-only", "masked", "read-only-path"],
        oci_file_systems,
    )),
    offered(scenario("oci-hooks", "6-3", Next, &["called-with-the-state", "failure-heeded"], oci_hooks)),
    offered(scenario("oci-config", "6-3", Next, &["unknown-property", "terminal-without-console"], oci_config)),
];

const fn offered(scenario: Scenario) -> Scenario {
    Scenario { offers: Some(Offer::Oci), ..scenario }
}

fn status_of(state: Option<&State>) -> String {
    state.map_or("no state".to_owned(), |state| state.status.clone())
}

/// The state as evidence, under the name of its verb.
fn told(state: Option<&State>) -> Evidence<String> {
    Evidence::plain(status_of(state), "state: status")
}

/// `create` prepares everything, `start` executes the command, and `state` says which of the two was last.
fn oci_lifecycle(exam: &mut Exam) -> Result<(), Trouble> {
    let bundle = exam.probe_bundle();
    let created = exam.created(bundle)?;
    // While the runtime answers, a command that runs already has time to show.
    let before = exam.state(&created.bundle)?;
    let payloads = exam.payloads(&created)?;
    let connected = exam.dials_in(Duration::ZERO)?;
    let waits = Evidence::plain(
        Yes(payloads.is_empty() && !connected),
        "no process of the testbed executes the command, nobody has connected, after create",
    );
    exam.check("created-not-running", &waits, &is(Yes(true))).because("create-runs-the-command");
    if connected || !payloads.is_empty() {
        return Ok(());
    }
    exam.check("state-created", &told(before.as_ref()), &is("created".to_owned())).because("state-stale");
    // The twin: after start it runs.
    let held = exam.start_created(&created)?;
    let running = exam.state(&created.bundle)?;
    exam.check("state-running", &told(running.as_ref()), &is("running".to_owned())).because("state-stale");
    // The kernel's list of its pids: the container's own comes last, the one before is the runtime's view.
    let pids = held.nspid()?;
    let seen = pids.value.0.iter().rev().nth(1).copied().map(i64::from);
    let said = running.as_ref().map(|state| format!("{:?} {} {}", state.pid, state.id, state.bundle));
    let directory = created.bundle.directory.display().to_string();
    let expected = format!("{seen:?} {} {directory}", created.bundle.id);
    let said = pids.map(|_| said.unwrap_or_else(|| "no state".to_owned()));
    exam.check("process-in-state", &said, &is(expected)).because("state-of-another");
    held.exit(0)?;
    held.wait_gone(exam.finish_patience())?;
    let stopped = exam.await_status(&created.bundle, "stopped")?;
    exam.check("state-stopped", &told(stopped.as_ref()), &is("stopped".to_owned())).because("state-stale");
    let delete = exam.verb_of("delete", &created.bundle)?;
    let mut left = List(Vec::new());
    if delete.end.shell_status() != 0 {
        left.0.push(format!("delete ended with {}", delete.end));
    }
    if exam.state(&created.bundle)?.is_some() {
        left.0.push("its state".to_owned());
    }
    let id = created.bundle.id.clone();
    let residue = exam.residue(Duration::from_secs(2), |item| matches!(item.kind.as_str(), "cgroup" | "mount"))?;
    left.0.extend(residue.into_iter().map(|item| format!("{}: {}", item.kind, item.after)));
    let known = fs::read_dir(exam.state_directory()).into_iter().flatten().flatten();
    left.0.extend(known.filter(|entry| entry.file_name() == *id).map(|entry| entry.path().display().to_string()));
    let source = format!("state, cgroups, mounts and files after `{}`", delete.command);
    exam.check("nothing-left", &Evidence::plain(left, source), &is(List(Vec::new())))
        .because("delete-leaves-something");
    Ok(())
}

/// The status of a verb as evidence.
fn ended(finished: &Finished) -> Evidence<i32> {
    finished.status()
}

/// A container that is created from our bundle and started; what is in the way of that is another scenario's question.
fn running(exam: &mut Exam, bundle: Bundle) -> Result<(Bundle, Held), Trouble> {
    let created = exam.created(bundle)?;
    let held = exam.start_created(&created)?;
    Ok((created.bundle, held))
}

/// Whoever asks for a verb at the wrong time is told so, and nothing happens.
fn oci_order(exam: &mut Exam) -> Result<(), Trouble> {
    let bundle = exam.probe_bundle();
    // The twin: in their order the verbs are heeded.
    let (bundle, held) = running(exam, bundle)?;
    let again = exam.create(bundle.clone())?;
    if !exam.check("id-taken", &ended(&again.create), &is_not(0)).because("id-used-twice").passed() {
        return Ok(());
    }
    let delete = exam.verb_of("delete", &bundle)?;
    exam.check("delete-of-running", &ended(&delete), &is_not(0)).because("verb-out-of-order");
    let start = exam.verb_of("start", &bundle)?;
    exam.check("start-of-running", &ended(&start), &is_not(0)).because("verb-out-of-order");
    let alive = Evidence::plain(Yes(!held.is_gone()), format!("pidfd of {} after all that", held.pid()));
    exam.check("still-runs", &alive, &is(Yes(true))).because("verb-out-of-order");
    held.exit(0)?;
    held.wait_gone(exam.finish_patience())?;
    exam.await_status(&bundle, "stopped")?;
    let kill = exam.verb("kill", &[bundle.id.as_ref(), "15".as_ref()])?;
    exam.check("kill-of-stopped", &ended(&kill), &is_not(0)).because("verb-out-of-order");
    exam.delete(&bundle)?;
    Ok(())
}

/// `kill` sends the signal that it is told to the container's first process.
fn oci_kill(exam: &mut Exam) -> Result<(), Trouble> {
    let bundle = exam.probe_bundle();
    let (bundle, held) = running(exam, bundle)?;
    held.order(&format!("leave-upon {}", libc::SIGUSR1), b"")?;
    let kill = exam.verb("kill", &[bundle.id.as_ref(), "USR1".as_ref()])?;
    let gone = held.wait_gone(exam.patience(Duration::from_secs(2)))?;
    let source = format!("pidfd of {}, which ends upon SIGUSR1, after `{}`", held.pid(), kill.command);
    exam.check("signal-arrives", &Evidence::plain(Yes(gone), source), &is(Yes(true))).because("kill-misses");
    exam.delete(&bundle)?;
    Ok(())
}

/// An id becomes a part of a path: one with `..` in it must not lead out of the runtime's own directory.
fn oci_id(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: with a plain id it is created.
    let plain = exam.probe_bundle();
    exam.created(plain.clone())?;
    exam.delete(&plain)?;
    let name = exam.lot.word(9);
    let outside = exam.state_directory().with_file_name(&name);
    let mut bundle = exam.probe_bundle();
    bundle.id = format!("../{name}");
    let created = exam.create(bundle)?;
    exam.check("refused", &ended(&created.create), &is_not(0)).because("id-is-a-path");
    let made = Evidence::plain(Yes(outside.exists()), format!("stat {}", outside.display()));
    exam.check("nothing-outside", &made, &is(Yes(false))).because("id-is-a-path");
    exam.delete(&created.bundle)?;
    Ok(())
}

/// Who the command runs as, where, and with what: as the bundle says.
fn oci_process(exam: &mut Exam) -> Result<(), Trouble> {
    let (user, group, extra) =
        (exam.lot.number(1000..9000), exam.lot.number(1000..9000), exam.lot.number(10_000..60_000));
    let (directory, variable) = (format!("/{}", exam.lot.word(8)), format!("TOKEN={}", exam.lot.word(12)));
    let place = exam.bed.rootfs().join(&directory[1..]);
    exam.own(place.display());
    fs::create_dir(&place).context(format!("mkdir {}", place.display()))?;
    let mut bundle = exam.probe_bundle();
    let process = &mut bundle.config["process"];
    process["cwd"] = directory.clone().into();
    process["env"] = json!(["HOME=/", "PATH=/bin", variable.clone()]);
    process["user"] = json!({ "uid": user, "gid": group, "additionalGids": [extra], "umask": 0o27 });
    let (bundle, held) = match running(exam, bundle.clone()) {
        Err(trouble) if trouble.is("create-refused") => {
            // With the group that it has already, nothing is asked for that another user than root may not.
            let mut other = exam.probe_bundle();
            other.config["process"] = bundle.config["process"].clone();
            other.config["process"]["user"]["gid"] = 0.into();
            let created = exam.create(other)?;
            let only_then = created.create.end.shell_status() == 0;
            exam.delete(&created.bundle)?;
            return Err(if only_then { trouble.because("user-before-group") } else { trouble });
        }
        other => other?,
    };
    let (host, pid) = (held.host().clone(), held.pid());
    exam.check("working-directory", &host.link(pid, "cwd")?, &is(directory)).because("process-cwd-ignored");
    // In no order: environ(7) has none, and a runtime may keep its variables as it likes.
    let sorted = |mut words: Vec<String>| {
        words.sort();
        List(words)
    };
    let environment = host.words(pid, "environ")?.map(sorted);
    let whole = is(sorted(vec!["HOME=/".to_owned(), "PATH=/bin".to_owned(), variable]));
    exam.check("environment", &environment, &whole).because("process-env-ignored");
    let ids = host.status(pid, "Uid")?.with(host.status(pid, "Gid")?);
    let ids = ids.map(|(uid, gid)| format!("{uid}; {gid}").replace('\t', " "));
    let all = |id: u32| [id; 4].map(|id| id.to_string()).join(" ");
    exam.check("user", &ids, &is(format!("{}; {}", all(user), all(group)))).because("process-user-ignored");
    let groups = host.status(pid, "Groups")?;
    let just = Expect::that(extra.to_string(), move |groups: &String| {
        let mut words = groups.split_whitespace().filter(|word| *word != group.to_string());
        words.next() == Some(&extra.to_string()) && words.next().is_none()
    });
    exam.check("groups", &groups, &just).because("process-groups-ignored");
    exam.check("umask", &host.status(pid, "Umask")?, &is("0027".to_owned())).because("process-umask-ignored");
    held.exit(0)?;
    exam.delete(&bundle)?;
    Ok(())
}

/// A directory bound somewhere else, until this is dropped.
struct Bound(PathBuf);

impl Bound {
    fn new(from: PathBuf, to: PathBuf) -> Result<Bound> {
        let none = None::<&str>;
        fs::create_dir_all(&to).context(format!("mkdir {}", to.display()))?;
        nix::mount::mount(Some(&from), &to, none, nix::mount::MsFlags::MS_BIND, none).context(format!(
            "bind {} on {}",
            from.display(),
            to.display()
        ))?;
        Ok(Bound(to))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(&self.0, nix::mount::MntFlags::MNT_DETACH);
        let _ = fs::remove_dir(&self.0);
    }
}

/// The root, mounts, and what of them is covered: as the bundle says.
fn oci_file_systems(exam: &mut Exam) -> Result<(), Trouble> {
    let (secret, volume) = (exam.lot.word(8), format!("/{}", exam.lot.word(8)));
    let masked = exam.bed.rootfs().join(&secret);
    exam.own(masked.display());
    fs::write(&masked, "not to be seen\n").context(format!("write {}", masked.display()))?;
    let kept = format!("/{}", exam.lot.word(8));
    for directory in [&volume, &kept] {
        let path = exam.bed.rootfs().join(&directory[1..]);
        exam.own(path.display());
        fs::create_dir(&path).context(format!("mkdir {}", path.display()))?;
    }
    let mut bundle = exam.probe_bundle();
    // Beside config.json, and not in the directory that the runtime is called in.
    let name = exam.lot.word(8);
    let bound = Bound::new(exam.bed.rootfs(), bundle.directory.join(&name))?;
    bundle.config["root"] = json!({ "path": name, "readonly": true });
    let source = exam.state_directory().with_file_name(exam.lot.word(8));
    fs::create_dir_all(&source).context(format!("mkdir {}", source.display()))?;
    bundle.mount(json!({ "destination": volume, "type": "bind", "source": source, "options": ["rbind", "ro"] }));
    let linux = &mut bundle.config["linux"];
    // One that is not there is nothing to fail of.
    linux["maskedPaths"] = json!([format!("/{secret}"), "/no/such/path", "/proc/kcore"]);
    linux["readonlyPaths"] = json!([kept, "/no/such/path"]);
    let created = match exam.created(bundle.clone()) {
        Err(trouble) => {
            let mut other = exam.probe_bundle();
            other.config["linux"] = bundle.config["linux"].clone();
            let created = exam.create(other)?;
            let only_then = created.create.end.shell_status() == 0;
            exam.delete(&created.bundle)?;
            return Err(match only_then {
                true => trouble.because("root-not-beside-the-bundle"),
                false => trouble.because("missing-path-not-passed-over"),
            });
        }
        created => created?,
    };
    let held = exam.start_created(&created)?;
    let rootfs = exam.rootfs_identity()?;
    let there = Expect::that(rootfs.to_string(), move |place: &IdPath| place.ino == rootfs);
    exam.check("root-beside-the-bundle", &held.root()?, &there).because("root-not-beside-the-bundle");
    let mounts = held.mounts()?;
    let options = |at: &str| {
        let mount = mounts.value.iter().rfind(|mount| mount.at == at);
        mount.map_or("no mount".to_owned(), |mount| mount.options.first().cloned().unwrap_or_default())
    };
    let seen = |at: &str| Evidence::plain(options(at), format!("/proc/{}/mountinfo: {at}", held.pid()));
    exam.check("root-read-only", &seen("/"), &is("ro".to_owned())).because("root-not-read-only");
    exam.check("mount-read-only", &seen(&volume), &is("ro".to_owned())).because("mount-options-ignored");
    let stat = held.host().stat(held.pid(), &format!("root/{secret}"))?;
    let null = stat.st_mode & libc::S_IFMT == libc::S_IFCHR;
    let shown = format!("size {}, {}", stat.st_size, if null { "a device" } else { "the file" });
    let source = format!("stat /proc/{}/root/{secret}", held.pid());
    let covered =
        Expect::that("not the file", |shown: &String| !shown.ends_with("the file") || shown.starts_with("size 0,"));
    exam.check("masked", &Evidence::plain(shown, source), &covered).because("masked-path-visible");
    exam.check("read-only-path", &seen(&kept), &is("ro".to_owned())).because("read-only-path-ignored");
    held.exit(0)?;
    held.wait_gone(exam.finish_patience())?;
    exam.delete(&created.bundle)?;
    drop(bound);
    Ok(())
}

/// Hooks are called with the container's state on their stdin, and what they fail in is not started.
fn oci_hooks(exam: &mut Exam) -> Result<(), Trouble> {
    let mut bundle = exam.probe_bundle();
    let (hook, file) = exam.hook(0)?;
    bundle.config["hooks"] = json!({ "createRuntime": [hook] });
    let created = exam.created(bundle)?;
    let text = fs::read_to_string(&file).unwrap_or_default();
    let called = file.exists();
    let state = State::parse(&text).map_or("no state".to_owned(), |state| state.id);
    let source = format!("what the createRuntime hook of `{}` found on its stdin: id", created.create.command);
    exam.check("called-with-the-state", &Evidence::read(state, source, &text), &is(created.bundle.id.clone()))
        .because_if(!called, "hooks-not-called")
        .because("hook-without-state");
    exam.delete(&created.bundle)?;
    let mut bundle = exam.probe_bundle();
    let (hook, _) = exam.hook(7)?;
    bundle.config["hooks"] = json!({ "createRuntime": [hook] });
    let created = exam.create(bundle)?;
    exam.check("failure-heeded", &ended(&created.create), &is_not(0))
        .because_if(!called, "hooks-not-called")
        .because("hook-failure-ignored");
    exam.delete(&created.bundle)?;
    Ok(())
}

/// What a runtime does not know it passes over, as the specification says; what it cannot do it refuses.
fn oci_config(exam: &mut Exam) -> Result<(), Trouble> {
    let mut bundle = exam.probe_bundle();
    bundle.config["org.example.unknown"] = json!({ "some": ["thing"] });
    bundle.config["annotations"] = json!({ "org.example.note": "of no consequence" });
    let created = exam.create(bundle)?;
    exam.check("unknown-property", &ended(&created.create), &is(0)).because("unknown-property-refused");
    exam.delete(&created.bundle)?;
    let mut bundle = exam.probe_bundle();
    bundle.config["process"]["terminal"] = true.into();
    let created = exam.create(bundle)?;
    exam.check("terminal-without-console", &ended(&created.create), &is_not(0)).because("terminal-without-console");
    exam.delete(&created.bundle)?;
    Ok(())
}
