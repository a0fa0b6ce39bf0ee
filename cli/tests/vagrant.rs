//! `boxproof exam --backend vagrant` beside a Vagrant that is a script: which machine is brought up and put back, when two want
//! it, when Vagrant is busy, and when boxproof is killed. The real one is shown by `make vagrant-proof`.

use assert_cmd::cargo::cargo_bin;
use predicates::str::contains;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Writes down what it is told. `up` and `halt` do what stands in files of their names, `state` holds what the machine is.
const VAGRANT: &str = r#"#!/bin/sh
echo "$1" >> log
case $1 in
    status) printf '1,default,provider-name,libvirt\n1,default,state,%s\n' "$(cat state)" ;;
    up | halt) . ./$1 ;;
    *) exit 1 ;;
esac
"#;
/// As Vagrant 2.3.4 says it.
const BUSY: &str = "echo 'machine. Please wait until the other Vagrant process finishes modifying this'; exit 1\n";
const RUNS: &str = "echo running > state\n";
const ENDS: &str = "echo shutoff > state\n";

struct Place(tempfile::TempDir);

impl Place {
    fn new(up: &str, halt: &str) -> Place {
        let place = Place(tempfile::tempdir().expect("a directory"));
        let program = "#!/bin/sh\n";
        let files = [("Vagrantfile", ""), ("state", "shutoff\n"), ("log", ""), ("up", up), ("halt", halt)];
        for (name, text) in files.into_iter().chain([("vagrant", VAGRANT), ("mycontainer", program)]) {
            fs::write(place.at(name), text).expect("write");
        }
        for name in ["vagrant", "mycontainer"] {
            fs::set_permissions(place.at(name), fs::Permissions::from_mode(0o755)).expect("chmod");
        }
        fs::create_dir_all(place.at("root/bin")).expect("mkdir");
        fs::copy("/bin/sh", place.at("root/bin/sh")).expect("a root file system");
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn exam(&self) -> Command {
        let mut exam = Command::new(cargo_bin("boxproof"));
        for name in ["LC_ALL", "LC_MESSAGES", "LANG", "VAGRANT_CWD"] {
            exam.env_remove(name);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        exam.env("PATH", format!("{}:{path}", self.0.path().display()));
        exam.args(["exam", "--backend", "vagrant", "--only", "pid-one", "--vagrant"]).arg(self.0.path());
        exam.arg("--rootfs").arg(self.at("root")).arg(self.at("mycontainer"));
        exam
    }

    /// There is no ssh in it, so that no exam goes further than this.
    fn fails(&self) -> assert_cmd::assert::Assert {
        assert_cmd::Command::from_std(self.exam()).assert().code(3)
    }

    fn starts(&self) -> Child {
        self.exam().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("boxproof")
    }

    fn log(&self) -> Vec<String> {
        fs::read_to_string(self.at("log")).expect("the log").lines().map(str::to_owned).collect()
    }

    fn await_in_log(&self, wanted: &[&str]) {
        let end = Instant::now() + Duration::from_secs(60);
        while self.log() != wanted {
            assert!(Instant::now() < end, "{:?}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn what_it_brings_up_it_puts_back() {
    let place = Place::new(RUNS, ENDS);
    place.fails();
    assert_eq!(place.log(), ["status", "up", "ssh-config", "halt"]);
    fs::write(place.at("state"), "running\n").expect("write");
    place.fails();
    assert_eq!(place.log()[4..], ["status", "ssh-config"], "what ran before goes on");
}

#[test]
fn what_somebody_else_brings_up_stays() {
    let place = Place::new(BUSY, ENDS);
    place.fails().stderr(contains("the other Vagrant process"));
    assert_eq!(place.log(), ["status", "up"]);
}

#[test]
fn a_machine_that_cannot_be_put_back_is_told_of() {
    let place = Place::new(RUNS, "echo no power >&2; exit 1\n");
    let said = format!("cd {} && vagrant halt. Vagrant's last lines:\nno power", place.0.path().display());
    place.fails().stderr(contains(said));
}

/// The second looks at the machine only when the first has put it back.
#[test]
fn one_exam_at_a_time() {
    let place = Place::new("echo running > state; until [ -e go ]; do sleep 0.02; done\n", ENDS);
    let mut first = place.starts();
    place.await_in_log(&["status", "up"]);
    let second = std::thread::scope(|scope| {
        let second = scope.spawn(|| place.exam().output().expect("boxproof"));
        let mut waiting = place.exam();
        waiting.stderr(Stdio::piped()).stdout(Stdio::null());
        let mut waiting = waiting.spawn().expect("boxproof");
        let mut line = String::new();
        let mut lines = std::io::BufReader::new(waiting.stderr.take().expect("a pipe"));
        while !line.contains("another boxproof") {
            line.clear();
            assert!(std::io::BufRead::read_line(&mut lines, &mut line).expect("read") > 0, "it does not wait");
        }
        waiting.kill().and_then(|()| waiting.wait()).expect("ended");
        assert_eq!(place.log(), ["status", "up"]);
        fs::write(place.at("go"), "").expect("write");
        second.join().expect("an exam")
    });
    first.wait().expect("ended");
    assert_eq!(second.status.code(), Some(3));
    assert_eq!(place.log(), ["status", "up", "ssh-config", "halt"].repeat(2));
}

/// Killed while Vagrant brings the machine up: Vagrant goes on and is busy, and the machine is put back all the same.
#[test]
fn a_machine_is_put_back_even_when_boxproof_was_killed_while_it_came_up() {
    let up = "until [ -e go ]; do sleep 0.02; done; echo running > state; touch up-is-done\n";
    let place = Place::new(up, &format!("[ -e up-is-done ] || {{ touch go; {BUSY} }}\n{ENDS}"));
    let mut exam = place.starts();
    place.await_in_log(&["status", "up"]);
    exam.kill().and_then(|()| exam.wait()).expect("killed");
    place.await_in_log(&["status", "up", "halt", "halt"]);
    let next = fs::File::open(place.0.path()).expect("open");
    next.lock().expect("until the keeper is done");
    assert_eq!(fs::read_to_string(place.at("state")).expect("read"), "shutoff\n");
}
