//! The surroundings of one test: a rootfs, and a mount and a network namespace that stand for the host's. Its `/` is
//! shared, as systemd makes it; the caller leaks a descriptor and a variable, and has an inconvenient umask.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use procfs::process::Process;
use tempfile::TempDir;

/// The program under test.
pub const MYCONTAINER: &str = env!("CARGO_BIN_EXE_mycontainer");
const BUSYBOX: &str = "/bin/busybox";

/// See the module. Dropping it ends the process that holds the namespaces.
pub struct Bed {
    pub directory: TempDir,
    holder: Child,
}

impl Bed {
    /// Nothing if this is not root, which it says.
    pub fn new() -> Option<Bed> {
        if !geteuid().is_root() {
            let test = std::thread::current().name().unwrap_or_default().to_owned();
            eprintln!("{test}: not tried, because it needs root: sudo -E cargo test -p mycontainer");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        make_rootfs(&directory.path().join("rootfs"));
        // Private before shared: made shared at once, the mounts would be peers of the machine's own.
        let script = "/bin/busybox mount --make-rshared / && echo ready && exec cat";
        let mut holder = Command::new("unshare")
            .args(["--mount", "--net", "--propagation", "private", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare (of util-linux) starts");
        let mut line = String::new();
        BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the surroundings could not be made");
        Some(Bed { directory, holder })
    }

    pub fn rootfs(&self) -> PathBuf {
        self.directory.path().join("rootfs")
    }

    /// `mycontainer run ...` within these surroundings, in the directory that holds `rootfs`.
    pub fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = self.enter(&["sh", "-c", r#"umask 077; cd "$0" && exec 7</ && exec "$@""#]);
        command.arg(self.directory.path()).args([MYCONTAINER, "run"]).args(words).env("CANARY", "secret");
        command
    }

    /// Any program within these surroundings.
    pub fn enter<S: AsRef<OsStr>>(&self, words: &[S]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--net", "--target"]).arg(self.holder.id().to_string()).arg("--").args(words);
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, words: &[S]) -> Output {
        self.command(words).stdin(Stdio::null()).output().unwrap()
    }

    /// What a shell script in a container prints.
    pub fn sh(&self, script: &str) -> String {
        let output = self.run(&["sh", "-c", script]);
        assert!(output.status.success(), "{}: {}", output.status, stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a container and waits until `script` has printed a line, which it does first.
    pub fn hold(&self, options: &[&str], script: &str) -> Held {
        let script = format!("echo ready; {script}");
        let words = [options, &["sh", "-c", &script]].concat();
        Held::start(self.command(&words).stdin(Stdio::piped()).stdout(Stdio::piped()))
    }

    /// Starts `cat` in a container, which unlike a shell has no opinion about signals, and waits until it is there.
    pub fn hold_cat(&self, options: &[&str]) -> Held {
        let mut held = self.hold(options, "exec cat");
        held.tell("on");
        assert_eq!(held.line(), "on\n");
        held
    }

    pub fn holder(&self) -> Process {
        Process::new(self.holder.id() as i32).unwrap()
    }

    /// The names of all links in the host's place.
    pub fn links(&self) -> Vec<String> {
        let mut names: Vec<String> = self.holder().dev_status().unwrap().into_keys().collect();
        names.sort();
        names
    }

    /// All that a container could leave behind on the host: mounts, links, files.
    pub fn traces(&self) -> (Vec<(i32, PathBuf)>, Vec<String>, Vec<PathBuf>) {
        let mounts = self.holder().mountinfo().unwrap();
        let mounts = mounts.into_iter().map(|mount| (mount.mnt_id, mount.mount_point)).collect();
        (mounts, self.links(), files(self.directory.path()))
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.holder.kill().unwrap();
        self.holder.wait().unwrap();
    }
}

/// A container that stands still until `finish`.
pub struct Held {
    pub runtime: Child,
    pub stdin: Option<ChildStdin>,
    pub stdout: BufReader<ChildStdout>,
    /// Its first process, as the host sees it.
    pub payload: Process,
}

impl Held {
    fn start(command: &mut Command) -> Held {
        let mut runtime = command.spawn().unwrap();
        let mut stdout = BufReader::new(runtime.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let task = Process::new(runtime.id() as i32).unwrap().task_main_thread().unwrap();
        let children = task.children().unwrap();
        assert_eq!(children.len(), 1, "the runtime's one child is the container: {children:?}");
        let payload = Process::new(children[0] as i32).unwrap();
        Held { stdin: runtime.stdin.take(), runtime, stdout, payload }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.runtime.id() as i32), signal).unwrap();
    }

    pub fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// Closes its stdin, and waits for its end and its status.
    pub fn finish(mut self) -> Option<i32> {
        drop(self.stdin.take());
        self.wait()
    }

    pub fn wait(&mut self) -> Option<i32> {
        // The end of its output: nobody in the container is left.
        self.stdout.read_to_end(&mut Vec::new()).unwrap();
        self.runtime.wait().unwrap().code()
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below a directory, not following links.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        found.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        }
    }
    found.sort();
    found
}

/// Copies a program that is about to be executed. Not by `fs::copy`: a process that another test forks meanwhile would
/// hold the file open for writing until its own exec, and until then nobody can execute it (ETXTBSY).
pub fn copy_program(from: &str, to: &Path) {
    let status = Command::new("cp").arg(from).arg(to).status().unwrap();
    assert!(status.success(), "cp {from} {}: {status}", to.display());
}

/// A small image: busybox under all the names that the tests use.
pub fn make_rootfs(rootfs: &Path) {
    assert!(Path::new(BUSYBOX).exists(), "{BUSYBOX} is missing: apt-get install busybox-static");
    for directory in ["bin", "etc", "proc", "sys", "dev", "tmp", "usr/local/bin"] {
        fs::create_dir_all(rootfs.join(directory)).unwrap();
    }
    copy_program(BUSYBOX, &rootfs.join("bin/busybox"));
    for name in
        ["sh", "cat", "echo", "env", "ls", "nc", "ping", "ps", "pwd", "sleep", "stat", "true", "wc", "yes", "head"]
    {
        symlink("busybox", rootfs.join("bin").join(name)).unwrap();
    }
    for name in ["etc/hosts", "etc/hostname"] {
        fs::write(rootfs.join(name), "the image's\n").unwrap();
    }
}
