//! The verbs of the Open Container Initiative.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use rstest::rstest;
use serde_json::{Value, json};

use crate::bed::{Bed, MYCONTAINER, stderr};
use crate::limits::root;

/// A bundle in a bed, and the runtime's memory.
struct Bundle {
    bed: Bed,
}

impl Bundle {
    fn new(args: &[&str], change: impl FnOnce(&mut Value)) -> Option<Bundle> {
        let bed = Bed::new()?;
        let mut config = json!({
            "ociVersion": "1.2.0",
            "process": {
                "user": { "uid": 0, "gid": 0 },
                "args": args,
                "env": ["PATH=/bin"],
                "cwd": "/",
            },
            "root": { "path": "rootfs", "readonly": true },
            "hostname": "bundle",
            "mounts": [
                { "destination": "/proc", "type": "proc", "source": "proc" },
                { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] },
            ],
            "linux": {
                "namespaces": [
                    { "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" },
                ],
                "maskedPaths": ["/proc/version", "/proc/absent"],
                "readonlyPaths": ["/proc/sys"],
            },
        });
        change(&mut config);
        fs::write(bed.directory.path().join("config.json"), config.to_string()).unwrap();
        Some(Bundle { bed })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.bed.directory.path().join(name)
    }

    /// A verb's outcome. What the container writes goes to a file, so that nobody waits for its end.
    fn verb(&self, words: &[&str]) -> (Option<i32>, String) {
        let (out, err) = (self.path("stdout"), self.path("stderr"));
        let file = |path| fs::File::options().append(true).create(true).open(path).unwrap();
        fs::remove_file(&err).ok();
        let mut command = self.command(words);
        let status = command.stdin(Stdio::null()).stdout(file(&out)).stderr(file(&err)).status().unwrap();
        (status.code(), fs::read_to_string(err).unwrap())
    }

    fn ok(&self, words: &[&str]) {
        assert_eq!(self.verb(words), (Some(0), String::new()), "{words:?}");
    }

    fn output(&self, words: &[&str]) -> Output {
        self.command(words).stdin(Stdio::null()).output().unwrap()
    }

    /// The runtime in the bundle's directory.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.bed.enter(&["sh", "-c", r#"cd "$0" && exec "$@""#]);
        command.arg(self.bed.directory.path()).args([MYCONTAINER, "--root"]).arg(self.path("state")).args(words);
        command
    }

    fn state(&self) -> Value {
        let output = self.output(&["state", "c"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)))
    }

    fn stdout(&self) -> String {
        fs::read_to_string(self.path("stdout")).unwrap()
    }

    /// Waits for the end of the first process, which is not this one's child.
    fn kill(&self) {
        let pid = self.state()["pid"].as_i64().unwrap();
        self.ok(&["kill", "c", "KILL"]);
        while self.state()["status"] != "stopped" {
            std::thread::yield_now();
        }
        assert!(pid > 0);
    }
}

fn with_user_namespace(config: &mut Value) {
    config["linux"]["namespaces"].as_array_mut().unwrap().push(json!({ "type": "user" }));
    let mappings = json!([{ "containerID": 0, "hostID": 0, "size": 7 }]);
    config["linux"]["uidMappings"] = mappings.clone();
    config["linux"]["gidMappings"] = mappings;
    config["linux"]["maskedPaths"] = json!([]);
}

#[test]
fn a_life_has_its_order() {
    let Some(bundle) = Bundle::new(&["sh", "-c", "echo begun; exec sleep 1000"], |_| {}) else { return };
    bundle.ok(&["create", "--pid-file", "pid", "c"]);
    let state = bundle.state();
    assert_eq!((&state["status"], &state["id"]), (&json!("created"), &json!("c")));
    assert_eq!(state["pid"].to_string(), fs::read_to_string(bundle.path("pid")).unwrap());
    assert_eq!(bundle.stdout(), "", "the command has not begun");
    assert!(bundle.verb(&["create", "c"]).1.contains("there is a container c already"));
    assert!(bundle.verb(&["delete", "c"]).1.contains("it is created, not stopped"));

    bundle.ok(&["start", "c"]);
    assert_eq!(bundle.state()["status"], "running");
    assert!(bundle.verb(&["start", "c"]).1.contains("it is running, not created"));
    assert!(bundle.verb(&["delete", "c"]).1.contains("it is running, not stopped"));
    assert_eq!(String::from_utf8_lossy(&bundle.output(&["list", "-q"]).stdout), "c\n");

    bundle.kill();
    assert_eq!(bundle.stdout(), "begun\n");
    assert!(bundle.verb(&["kill", "c"]).1.contains("container not running"));
    assert!(bundle.verb(&["start", "c"]).1.contains("it is stopped, not created"));
    bundle.ok(&["delete", "c"]);
    assert!(bundle.verb(&["state", "c"]).1.contains("container c does not exist"));
    assert_eq!(fs::read_dir(bundle.path("state")).unwrap().count(), 0);
}

/// What counts later is what was read when the container was made, and not what has taken its place meanwhile.
#[test]
fn config_json_is_read_once() {
    let Some(bundle) = Bundle::new(&["true"], |_| {}) else { return };
    let (file, other) = (bundle.path("config.json"), bundle.path("other.json"));
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    mkfifo(&file, Mode::S_IRWXU).unwrap();
    let mut command = bundle.command(&["create", "c"]);
    let mut creator = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Opened by both or by none: from here on the runtime waits for the text.
    let mut pipe = fs::File::options().write(true).open(&file).unwrap();
    fs::write(&other, "{}").unwrap();
    fs::rename(&other, &file).unwrap();
    pipe.write_all(text.as_bytes()).unwrap();
    drop(pipe);
    assert_eq!(creator.wait().unwrap().code(), Some(0));
    let kept = fs::read_to_string(bundle.path("state/c/config.json")).unwrap();
    bundle.ok(&["delete", "--force", "c"]);
    assert_eq!(kept, text);
}

#[rstest]
#[case(&["sh", "-c", "exit 42"], Some(42))]
#[case(&["sh", "-c", "kill -9 $$; exit 1"], Some(1))]
#[case(&["absent"], Some(127))]
fn run_returns_the_commands_status(#[case] args: &[&str], #[case] status: Option<i32>) {
    let Some(bundle) = Bundle::new(args, |_| {}) else { return };
    assert_eq!(bundle.verb(&["run", "--bundle", ".", "c"]).0, status);
    assert_eq!(fs::read_dir(bundle.path("state")).unwrap().count(), 0);
}

/// A command that may not even be looked for is not said to be absent.
#[test]
fn a_closed_directory_is_not_an_empty_one() {
    let Some(bundle) = Bundle::new(&["/closed/command"], |config| config["process"]["user"]["uid"] = json!(7)) else {
        return;
    };
    let closed = bundle.bed.rootfs().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let (status, said) = bundle.verb(&["create", "c"]);
    assert_eq!(status, Some(126), "{said}");
    assert!(said.contains("execute /closed/command in the container: EACCES: Permission denied"), "{said}");
}

#[test]
fn others_join() {
    let Some(bundle) = Bundle::new(&["sleep", "1000"], |_| {}) else { return };
    bundle.ok(&["run", "--bundle", ".", "--detach", "c"]);
    let exec = |script: &str| bundle.output(&["exec", "c", "sh", "-c", script]);
    assert_eq!(exec("exit 255").status.code(), Some(255));
    assert_eq!(bundle.output(&["exec", "c", "absent"]).status.code(), Some(127));
    let output = exec("cat /proc/sys/kernel/hostname; cat /proc/1/cmdline; echo; cat /proc/self/status");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("bundle\nsleep\u{0}1000\u{0}\n"), "{text}");
    assert!(text.contains("CapBnd:\t0000000000000000\n"), "{text}");
    fs::write(bundle.path("process.json"), json!({
        "user": { "uid": 7, "gid": 8, "additionalGids": [9] }, "args": ["cat", "/proc/self/status", "/proc/self/oom_score_adj"], "oomScoreAdj": 77, "cwd": "/", "env": ["PATH=/bin"],
    }).to_string()).unwrap();
    let file = bundle.path("process.json");
    let output = bundle.output(&["exec", "--process", file.to_str().unwrap(), "c"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Uid:\t7\t7\t7\t7\n") && text.contains("Groups:\t9 \n"), "{text}");
    assert!(text.ends_with("\n77\n"), "{text}");
    // What its file asks for and this runtime has not is refused here, too.
    let labelled = fs::read_to_string(&file).unwrap().replacen('{', r#"{"apparmorProfile":"some","#, 1);
    fs::write(&file, labelled).unwrap();
    let output = bundle.output(&["exec", "--process", file.to_str().unwrap(), "c"]);
    assert!(stderr(&output).contains("apparmorProfile is not supported"), "{}", stderr(&output));
    bundle.ok(&["delete", "--force", "c"]);
    bundle.ok(&["delete", "--force", "c"]);
    // Of a creator that died at once.
    fs::create_dir(bundle.path("state/c")).unwrap();
    bundle.ok(&["delete", "--force", "c"]);
    assert!(!bundle.path("state/c").exists());
}

/// A number in a state file proves nothing: here it is that of a living process which is not the container's.
#[test]
fn a_strangers_pid_is_not_taken_for_the_containers() {
    let Some(bundle) = Bundle::new(&["sleep", "1000"], |_| {}) else { return };
    bundle.ok(&["run", "--bundle", ".", "--detach", "c"]);
    bundle.kill();
    let mut stranger = bundle.bed.enter(&["sleep", "1000"]).spawn().unwrap();
    let file = bundle.path("state/c/state.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    record["pid"] = stranger.id().into();
    fs::write(&file, record.to_string()).unwrap();
    assert_eq!(bundle.state()["status"], "stopped");
    assert_eq!(bundle.verb(&["kill", "c", "KILL"]).0, Some(125));
    bundle.ok(&["delete", "--force", "c"]);
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger lives");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn of_two_who_start_at_once_one_does() {
    let Some(bundle) = Bundle::new(&["sleep", "1000"], |_| {}) else { return };
    bundle.ok(&["create", "c"]);
    let start = || bundle.command(&["start", "c"]).stderr(Stdio::null()).spawn().unwrap();
    let both = [start(), start()];
    let mut codes = both.map(|mut child| child.wait().unwrap().code());
    codes.sort();
    assert_eq!(codes, [Some(0), Some(125)]);
    bundle.ok(&["delete", "--force", "c"]);
}

/// While `run` waits, its container is deleted, and its name given to another.
#[test]
fn run_deletes_its_own_container_and_no_other() {
    let Some(bundle) = Bundle::new(&["sleep", "1000"], |_| {}) else { return };
    let mut command = bundle.command(&["run", "--bundle", ".", "--pid-file", "pid", "c"]);
    let mut runtime = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !bundle.path("pid").exists() || bundle.state()["status"] != "running" {
        assert_eq!(runtime.try_wait().unwrap(), None);
        std::thread::yield_now();
    }
    let signal = |signal| kill(Pid::from_raw(runtime.id() as i32), signal).unwrap();
    // It is not to notice before both has happened.
    signal(Signal::SIGSTOP);
    bundle.ok(&["delete", "--force", "c"]);
    bundle.ok(&["create", "c"]);
    signal(Signal::SIGCONT);
    assert_eq!(runtime.wait().unwrap().code(), Some(137));
    assert_eq!(bundle.state()["status"], "created");
    bundle.ok(&["delete", "--force", "c"]);
}

#[test]
fn hooks_run_in_their_places_with_the_state() {
    let note = |path: &str, name: &str| json!([{ "path": path, "args": ["sh", "-c", format!("read state; echo {name} $state >>@/notes")] }]);
    let Some(bundle) = Bundle::new(&["true"], |config| {
        config["hooks"] = json!({
            "prestart": note("/bin/sh", "prestart"), "createRuntime": note("/bin/sh", "createRuntime"),
            "poststart": note("/bin/sh", "poststart"), "poststop": note("/bin/sh", "poststop"),
        });
        config["annotations"] = json!({ "colour": "green" });
    }) else {
        return;
    };
    let file = bundle.path("config.json");
    let text = fs::read_to_string(&file).unwrap().replace("@/notes", bundle.path("notes").to_str().unwrap());
    fs::write(&file, text).unwrap();
    bundle.ok(&["run", "--bundle", ".", "c"]);
    let notes = fs::read_to_string(bundle.path("notes")).unwrap();
    let lines: Vec<(&str, Value)> = notes
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, state)| (name, serde_json::from_str(state).unwrap()))
        .collect();
    let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["prestart", "createRuntime", "poststart", "poststop"]);
    assert!(
        lines.iter().all(|(_, state)| state["id"] == "c" && state["annotations"]["colour"] == "green"),
        "{lines:?}"
    );
    assert!(lines[0].1["pid"].as_i64().is_some_and(|pid| pid > 0));
}

/// It is the container's first process that runs these, and without a PID namespace SIGPIPE ends it.
#[test]
fn a_hook_need_not_read_its_state() {
    let Some(bundle) = Bundle::new(&["sh", "-c", "exit 42"], |config| {
        config["linux"]["namespaces"].as_array_mut().unwrap().remove(0);
        config["hooks"] = json!({ "startContainer": [{ "path": "/bin/true" }] });
        config["annotations"] = json!({ "long": "x".repeat(100_000) });
    }) else {
        return;
    };
    // It gets a group, of this name.
    let id = format!("hook-{}", std::process::id());
    assert_eq!(bundle.verb(&["run", "--bundle", ".", &id]), (Some(42), String::new()));
}

#[test]
fn a_failing_hook_ends_it_all() {
    let Some(bundle) = Bundle::new(&["true"], |config| {
        config["hooks"] = json!({
            "createRuntime": [{ "path": "/bin/false" }],
            "poststop": [{ "path": "/bin/sh", "args": ["sh", "-c", "cat >&2"] }],
        });
    }) else {
        return;
    };
    let (status, said) = bundle.verb(&["create", "c"]);
    assert_eq!(status, Some(125));
    assert!(said.contains("run the hook /bin/false"), "{said}");
    assert!(said.contains(r#""status":"stopped""#), "what the first hooks made is undone by the last: {said}");
    assert_eq!(fs::read_dir(bundle.path("state")).unwrap().count(), 0);
}

#[rstest]
#[case("/process/terminal", json!(true), "process.terminal needs --console-socket")]
#[case("/process/apparmorProfile", json!("some"), "apparmorProfile is not supported")]
#[case("/process/args", json!([]), "process.args is empty")]
#[case("/root/path", json!("absent"), "absent: ENOENT")]
#[case("/linux/sysctl", json!({ "kernel.core_pattern": "x" }), "sysctl kernel.core_pattern")]
#[case("/linux/sysctl", json!({ "net.ipv4.absent": "1" }), "write /proc/sys/net/ipv4/absent: ENOENT")]
#[case("/linux/cgroupsPath", json!("/"), "the root of all groups")]
#[case("/linux/cgroupsPath", json!("../../x"), "leads out of its place")]
#[case("/linux/resources", json!({ "memory": { "swappiness": 5 } }), "cgroup v2 has nothing for")]
fn what_cannot_be_done_is_refused(#[case] place: &str, #[case] value: Value, #[case] why: &str) {
    let Some(bundle) = Bundle::new(&["true"], |config| {
        let (parent, key) = place.rsplit_once('/').unwrap();
        config.pointer_mut(parent).unwrap()[key] = value;
    }) else {
        return;
    };
    let (status, said) = bundle.verb(&["create", "c"]);
    assert_eq!(status, Some(125));
    assert!(said.contains(why), "{said}");
    assert!(bundle.output(&["list", "-q"]).stdout.iter().all(|byte| *byte == b'\n'));
}

/// What a container's sysctls change is the network that it joins, and that must not be the one of whoever calls the runtime.
#[test]
fn sysctls_are_for_a_network_that_is_another() {
    let Some(bundle) = Bundle::new(&["cat", "/proc/sys/net/ipv4/ip_default_ttl"], |config| {
        config["linux"]["sysctl"] = json!({ "net.ipv4.ip_default_ttl": "77" });
        config["linux"]["namespaces"][1]["path"] = "@".into();
    }) else {
        return;
    };
    let mut other = Command::new("unshare").args(["--net", "cat"]).stdin(Stdio::piped()).spawn().unwrap();
    let network = |pid: &dyn std::fmt::Display| fs::read_link(format!("/proc/{pid}/ns/net")).unwrap();
    while network(&other.id()) == network(&"self") {
        std::thread::yield_now();
    }
    let file = bundle.path("config.json");
    let text = fs::read_to_string(&file).unwrap();
    let run = |path: &str| {
        fs::write(&file, text.replace('@', path)).unwrap();
        bundle.verb(&["run", "--bundle", ".", "c"])
    };
    assert!(run("/proc/self/ns/net").1.contains("sysctl net.ipv4.ip_default_ttl is not of a namespace"));
    assert_eq!(run(&format!("/proc/{}/ns/net", other.id())), (Some(0), String::new()));
    assert_eq!(bundle.stdout(), "77\n");
    drop(other.stdin.take());
    other.wait().unwrap();
}

#[rstest]
fn names_lead_nowhere(#[values("../x", "a/b", ".")] id: &str) {
    let Some(bundle) = Bundle::new(&["true"], |_| {}) else { return };
    for verb in ["create", "start", "state", "delete", "kill"] {
        assert!(bundle.verb(&[verb, id]).1.contains("is no name for a container"), "{verb} {id}");
    }
    assert!(!bundle.path("x").exists());
}

#[test]
fn what_is_masked_and_read_only_is() {
    let script = "wc -c </proc/version; (: >/proc/sys/kernel/hostname); (: >/file)";
    let Some(bundle) = Bundle::new(&["sh", "-c", script], |_| {}) else { return };
    let said = bundle.verb(&["run", "--bundle", ".", "c"]).1;
    assert_eq!(bundle.stdout(), "0\n");
    assert_eq!(said.matches("Read-only file system").count(), 2, "{said}");
}

#[test]
fn a_masked_directory_has_no_room() {
    let Some(bundle) = Bundle::new(&["stat", "-fc", "%b %c", "/tmp"], |config| {
        config["linux"]["maskedPaths"] = json!(["/tmp"]);
    }) else {
        return;
    };
    assert_eq!(bundle.verb(&["run", "--bundle", ".", "c"]), (Some(0), String::new()));
    assert_eq!(bundle.stdout(), "1 1\n");
}

/// Where no /proc is mounted, what lies in its place is the image's word.
#[test]
fn the_image_does_not_say_how_many_capabilities_there_are() {
    let Some(bundle) =
        Bundle::new(&["sh", "-c", "busybox mount -t proc proc /proc && cat /proc/self/status"], |config| {
            config["mounts"].as_array_mut().unwrap().remove(0);
            let sets = json!(["CAP_SYS_ADMIN"]);
            config["process"]["capabilities"] = json!({ "bounding": sets, "effective": sets, "permitted": sets });
            config["linux"]["maskedPaths"] = json!([]);
            config["linux"]["readonlyPaths"] = json!([]);
        })
    else {
        return;
    };
    let kernel = bundle.bed.rootfs().join("proc/sys/kernel");
    fs::create_dir_all(&kernel).unwrap();
    fs::write(kernel.join("cap_last_cap"), "0\n").unwrap();
    assert_eq!(bundle.verb(&["run", "--bundle", ".", "c"]), (Some(0), String::new()));
    assert!(bundle.stdout().contains("CapBnd:\t0000000000200000\n"), "{}", bundle.stdout());
}

#[test]
fn a_file_is_no_device() {
    let Some(bundle) = Bundle::new(&["true"], |config| drop(config["mounts"].as_array_mut().unwrap().remove(1))) else {
        return;
    };
    fs::write(bundle.bed.rootfs().join("dev/null"), "").unwrap();
    let (status, said) = bundle.verb(&["create", "c"]);
    assert_eq!(status, Some(125));
    assert!(said.contains("create /dev/null: EEXIST"), "{said}");
}

/// Its filter kills it at the first call that follows.
#[test]
fn who_was_killed_was_not_created() {
    let Some(bundle) = Bundle::new(&["true"], |config| {
        let syscalls = json!([{ "names": ["capset"], "action": "SCMP_ACT_KILL_PROCESS" }]);
        config["linux"]["seccomp"] = json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": syscalls });
    }) else {
        return;
    };
    let (status, said) = bundle.verb(&["create", "c"]);
    assert_eq!(status, Some(125));
    assert!(said.contains("was killed before it was finished"), "{said}");
    assert_eq!(fs::read_dir(bundle.path("state")).unwrap().count(), 0);
}

/// Who may not mount cgroup2 gets that of the host to look at, and nothing beside it or below it that could be written.
#[test]
fn the_hosts_groups_are_looked_at_only() {
    let Some(bundle) = Bundle::new(&["cat", "/proc/self/mountinfo"], |config| {
        with_user_namespace(config);
        let options = json!(["ro", "nosuid"]);
        let groups =
            json!({ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": options });
        config["mounts"].as_array_mut().unwrap().push(groups);
    }) else {
        return;
    };
    if root().is_none() {
        eprintln!("not tried, because cgroup v2 is not mounted");
        return;
    }
    assert_eq!(bundle.verb(&["run", "--bundle", ".", "c"]), (Some(0), String::new()));
    let text = bundle.stdout();
    let mounts = text.lines().filter(|line| line.split(' ').nth(4).unwrap().starts_with("/sys/fs/cgroup"));
    let mounts: Vec<&str> = mounts.collect();
    assert!(!mounts.is_empty(), "{text}");
    for line in mounts {
        assert!(line.contains(" ro,nosuid") && line.contains(" - cgroup2 "), "{line}");
    }
}

/// The runtime's own hard limit of this kind is lower, and the container's root may not raise it. Nor may the runtime on a
/// machine without the capability SYS_RESOURCE; then it is the runtime that says so.
#[test]
fn limits_of_processes_are_set_from_outside() {
    let Some(bundle) = Bundle::new(&["sleep", "1000"], |config| {
        with_user_namespace(config);
        config["process"]["rlimits"] = json!([{ "type": "RLIMIT_RTPRIO", "soft": 3, "hard": 98 }]);
    }) else {
        return;
    };
    if !Command::new("prlimit").args(["--rtprio=3:98", "true"]).output().unwrap().status.success() {
        let refused = "mycontainer: raise the limit RLIMIT_RTPRIO to 98: EPERM: Operation not permitted\n";
        assert_eq!(bundle.verb(&["create", "c"]), (Some(125), refused.into()));
        return;
    }
    bundle.ok(&["run", "--bundle", ".", "--detach", "c"]);
    for who in ["1", "self"] {
        let output = bundle.output(&["exec", "c", "cat", &format!("/proc/{who}/limits")]);
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find(|line| line.starts_with("Max realtime priority")).unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().skip(3).collect();
        assert_eq!(words, ["3", "98"], "{who}: {}", stderr(&output));
    }
    bundle.ok(&["delete", "--force", "c"]);
}

#[test]
fn ids_are_mapped() {
    let Some(bundle) = Bundle::new(&["sh", "-c", "cat /proc/self/uid_map; stat -c %u /bin/busybox"], |config| {
        with_user_namespace(config)
    }) else {
        return;
    };
    assert_eq!(bundle.verb(&["run", "--bundle", ".", "c"]), (Some(0), String::new()));
    assert_eq!(bundle.stdout().split_whitespace().collect::<Vec<_>>(), ["0", "0", "7", "0"]);
}
