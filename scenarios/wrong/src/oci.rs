//! The verbs of the OCI runtime specification: another door to the same container. `create` stops before the command, `start`
//! lets go of it, and what `state`, `kill` and `delete` have to know lies in a file.

use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, getpid, mkfifo, pipe2};
use serde_json::{Value, json};

use crate::cgroup::Cgroup;
use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure};
use crate::inside::{self, Container, Process, Ties};
use crate::run::{Request, clone_container, describe};
use crate::sys::Side;
use crate::volume::Volume;

/// What the state says the container follows.
const VERSION: &str = "1.0.2";

/// What is known of a container lies in a directory of its own.
struct Kept(PathBuf);

/// Carries out one verb.
pub fn verb(root: &Path, words: &[OsString]) -> Result<u8, Failure> {
    let [verb, rest @ ..] = words else { return Err(Failure::own("a verb is missing")) };
    let (options, plain) = options(rest);
    let id = plain.first().map(|id| id.to_string_lossy().into_owned()).unwrap_or_default();
    if !valid(&id) && !defect(OC04) {
        return Err(Failure::own(format!("{id:?} is no id: letters, digits, '_', '+', '-' and '.' are possible")));
    }
    let kept = Kept(root.join(&id));
    match verb.to_string_lossy().as_ref() {
        "create" => create(&kept, &id, &options),
        "start" => start(&kept),
        "state" => state(&kept),
        "kill" => send(&kept, plain.get(1).copied().unwrap_or("TERM".as_ref())),
        "delete" => delete(&kept, options.iter().any(|(name, _)| *name == "--force")),
        other => Err(Failure::own(format!("unknown verb {other}"))),
    }?;
    Ok(0)
}

type Options<'a> = Vec<(&'a str, &'a OsStr)>;

/// Options with their values, and the words that are neither.
fn options(words: &[OsString]) -> (Options<'_>, Vec<&OsStr>) {
    let (mut options, mut plain) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--force") => options.push(("--force", OsStr::new(""))),
            Some(name) if name.starts_with("--") => {
                options.push((name, words.next().map(OsString::as_os_str).unwrap_or_default()));
            }
            _ => plain.push(word.as_os_str()),
        }
    }
    (options, plain)
}

/// An id becomes the name of a directory.
fn valid(id: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "_+-.".contains(c);
    !id.is_empty() && id != "." && id != ".." && id.chars().all(known)
}

fn create(kept: &Kept, id: &str, options: &Options) -> Result<(), Failure> {
    let option = |name: &str| options.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value));
    let bundle = option("--bundle").unwrap_or_else(|| ".".into());
    let bundle = fs::canonicalize(&bundle).doing(format_args!("find {}", bundle.display()))?;
    let config = read_config(&bundle)?;
    if let Some(parent) = kept.0.parent() {
        fs::create_dir_all(parent).doing(format_args!("mkdir {}", parent.display()))?;
    }
    match fs::create_dir(&kept.0) {
        Err(error) if defect(OC22) && error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.doing(format_args!("mkdir {}", kept.0.display()))?,
    }
    let created = make(kept, id, &bundle, &config, option("--pid-file").as_deref());
    if created.is_err() && !defect(OC22) {
        let _ = Cgroup::remove_lasting(&format!("wrong-runtime-{id}"));
        let _ = fs::remove_dir_all(&kept.0);
    }
    created
}

fn read_config(bundle: &Path) -> Result<Value, Failure> {
    let path = bundle.join("config.json");
    let text = fs::read(&path).doing(format_args!("read {}", path.display()))?;
    let config: Value =
        serde_json::from_slice(&text).map_err(|error| Failure::own(format!("{}: {error}", path.display())))?;
    const KNOWN: [&str; 8] = ["ociVersion", "process", "root", "hostname", "mounts", "linux", "hooks", "annotations"];
    if let (true, Some(object)) = (defect(OC18), config.as_object())
        && let Some(unknown) = object.keys().find(|key| !KNOWN.contains(&key.as_str()))
    {
        return Err(Failure::own(format!("{}: unknown field {unknown}", path.display())));
    }
    if config["process"]["terminal"] == true && !defect(OC17) {
        return Err(Failure::own("process.terminal needs a console socket, which this runtime has not"));
    }
    Ok(config)
}

fn make(kept: &Kept, id: &str, bundle: &Path, config: &Value, pid_file: Option<&Path>) -> Result<(), Failure> {
    let container = container(id, bundle, config)?;
    let cgroup = Cgroup::lasting(&format!("wrong-runtime-{id}"))?;
    let fifo = kept.fifo();
    if !fifo.exists() {
        mkfifo(&fifo, Mode::S_IRUSR | Mode::S_IWUSR).doing(format_args!("mkfifo {}", fifo.display()))?;
    }
    let gate = open_gate(&fifo)?;
    let (go_inside, go) = pipe2(OFlag::O_CLOEXEC).doing("pipe2")?;
    let (report, failure) = pipe2(OFlag::O_CLOEXEC).doing("pipe2")?;
    let pid = match clone_container(&container.program)? {
        Side::Parent(pid) => pid,
        Side::Child => {
            drop((go, report));
            let gate = (!defect(OC01)).then_some(gate);
            inside::become_payload(&container, Ties { go: go_inside, failure, stdout: None, gate })
        }
    };
    drop((go_inside, failure, gate));
    if let Some(cgroup) = &cgroup {
        cgroup.add(pid)?;
    }
    let state = kept.state("creating", pid, id, bundle);
    if let Err(failure) = call_hooks(config, &["prestart", "createRuntime"], &state)
        && !defect(OC31)
    {
        let _ = kill(pid, Signal::SIGKILL);
        return Err(failure);
    }
    fs::File::from(go).write_all(b"g").doing("release the container")?;
    let mut failed = Vec::new();
    fs::File::from(report).read_to_end(&mut failed).doing("read the container's report")?;
    if let Some(failure) = Failure::from_bytes(&failed) {
        return Err(failure);
    }
    // Whoever sent the pid must be the one who is asked for later: getpid() here is the runtime's own.
    let known = if defect(OC21) { getpid() } else { pid };
    kept.write(&kept.state("created", known, id, bundle))?;
    match pid_file {
        Some(path) => fs::write(path, pid.to_string()).doing(format_args!("write {}", path.display())),
        None => Ok(()),
    }
}

/// Opened for both directions, so that neither opening nor its other end's absence is waited for.
fn open_gate(fifo: &Path) -> Result<OwnedFd, Failure> {
    let mut options = fs::File::options();
    options.read(true).write(true).custom_flags(libc::O_CLOEXEC);
    Ok(options.open(fifo).doing(format_args!("open {}", fifo.display()))?.into())
}

/// The same description of a container that `run` makes from its command line.
fn container(id: &str, bundle: &Path, config: &Value) -> Result<Container, Failure> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list = |value: &Value| value.as_array().into_iter().flatten().filter_map(text).collect::<Vec<_>>();
    let c_strings = |value: &Value| list(value).into_iter().filter_map(|word| CString::new(word).ok()).collect();
    let number = |value: &Value| value.as_u64().map(|number| number as u32);
    let process = &config["process"];
    let command: Vec<CString> = c_strings(&process["args"]);
    if command.is_empty() {
        return Err(Failure::own("process.args is empty"));
    }
    let mut request = Request { hostname: text(&config["hostname"]), command, ..Request::default() };
    if process["capabilities"].is_object() {
        request.capabilities.set(&list(&process["capabilities"]["bounding"]))?;
    }
    let mounts = config["mounts"].as_array().cloned().unwrap_or_default();
    for mount in mounts.iter().filter(|mount| mount["type"] == "bind") {
        let (from, to) = (text(&mount["source"]).unwrap_or_default(), text(&mount["destination"]).unwrap_or_default());
        let read_only = list(&mount["options"]).iter().any(|option| option == "ro") && !defect(OC09);
        request.volumes.push(Volume::new(bundle.join(from), to.into(), read_only));
    }
    let root = PathBuf::from(text(&config["root"]["path"]).unwrap_or_else(|| "rootfs".into()));
    let root = if defect(OC16) { root } else { bundle.join(root) };
    request.rootfs = Some(fs::canonicalize(&root).doing(format_args!("find the root {}", root.display()))?);
    let user = &process["user"];
    let numbers = |value: &Value| value.as_array().into_iter().flatten().filter_map(number).collect();
    request.process = Some(Process {
        directory: text(&process["cwd"]).filter(|_| !defect(OC06)).unwrap_or_else(|| "/".into()).into(),
        environment: c_strings(&process["env"]),
        uid: number(&user["uid"]).unwrap_or(0),
        gid: number(&user["gid"]).unwrap_or(0),
        groups: numbers(&user["additionalGids"]),
        umask: number(&user["umask"]).unwrap_or(0o22),
        read_only_root: config["root"]["readonly"] == true,
        masked: list(&config["linux"]["maskedPaths"]),
        read_only: list(&config["linux"]["readonlyPaths"]),
    });
    Ok(describe(id, &request)?.0)
}

/// Calls hooks in their order, each with the state on its stdin. The first that fails ends it.
fn call_hooks(config: &Value, kinds: &[&str], state: &Value) -> Result<(), Failure> {
    if defect(OC13) {
        return Ok(());
    }
    for hook in kinds.iter().flat_map(|kind| config["hooks"][kind].as_array().into_iter().flatten()) {
        let path = hook["path"].as_str().unwrap_or_default();
        let words = hook["args"].as_array().into_iter().flatten().skip(1).filter_map(Value::as_str);
        let mut command = Command::new(path);
        let mut child = command.args(words).stdin(Stdio::piped()).spawn().doing(format_args!("run the hook {path}"))?;
        if let Some(mut stdin) = child.stdin.take().filter(|_| !defect(OC30)) {
            let _ = stdin.write_all(state.to_string().as_bytes());
        }
        let status = child.wait().doing("wait for a hook")?;
        if !status.success() {
            return Err(Failure::own(format!("the hook {path} failed: {status}")));
        }
    }
    Ok(())
}

fn start(kept: &Kept) -> Result<(), Failure> {
    let state = kept.read()?;
    if status(&state, kept) != "created" {
        return if defect(OC23) { Ok(()) } else { Err(Failure::own("it is not in the state created")) };
    }
    let fifo = kept.fifo();
    let mut gate = fs::File::options();
    gate.write(true).custom_flags(libc::O_NONBLOCK);
    gate.open(&fifo).and_then(|mut gate| gate.write_all(b"s")).doing(format_args!("write to {}", fifo.display()))?;
    // What is gone cannot be started again, and says that it was.
    fs::remove_file(&fifo).doing(format_args!("rm {}", fifo.display()))
}

fn state(kept: &Kept) -> Result<(), Failure> {
    let mut state = kept.read()?;
    state["status"] = status(&state, kept).into();
    if let Some(object) = state.as_object_mut() {
        object.remove("born");
    }
    writeln!(io::stdout(), "{state:#}").doing("write to stdout")
}

/// What the process itself says, not what was true when the file was written.
fn status(state: &Value, kept: &Kept) -> &'static str {
    match () {
        () if defect(OC03) && !kept.fifo().exists() => "running",
        () if defect(OC21) => {
            if kept.fifo().exists() {
                "created"
            } else {
                "running"
            }
        }
        () if !is_alive(state) => "stopped",
        () if kept.fifo().exists() => "created",
        () => "running",
    }
}

fn pid_in(state: &Value) -> Pid {
    Pid::from_raw(state["pid"].as_i64().unwrap_or(0) as i32)
}

/// Whether its process lives: one with that pid that was born when it was. Pids are used again.
fn is_alive(state: &Value) -> bool {
    born(pid_in(state)).is_some_and(|born| state["born"] == born)
}

/// When a process that is no zombie was born, in ticks since boot: field 22 of proc_pid_stat(5), where field 3 is its state.
fn born(pid: Pid) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn send(kept: &Kept, name: &OsStr) -> Result<(), Failure> {
    let state = kept.read()?;
    if status(&state, kept) == "stopped" {
        return if defect(OC24) { Ok(()) } else { Err(Failure::own("it is stopped")) };
    }
    let signal = if defect(OC32) { Signal::SIGTERM } else { signal(&name.to_string_lossy())? };
    kill(pid_in(&state), signal).doing(format_args!("send {signal}"))
}

/// `9`, `KILL` or `SIGKILL`.
fn signal(name: &str) -> Result<Signal, Failure> {
    let by_number = name.parse::<i32>().ok().and_then(|number| Signal::try_from(number).ok());
    let by_name = || format!("SIG{}", name.trim_start_matches("SIG")).parse().ok();
    by_number.or_else(by_name).ok_or_else(|| Failure::own(format!("no signal is called {name}")))
}

fn delete(kept: &Kept, force: bool) -> Result<(), Failure> {
    let state = match kept.read() {
        Err(_) if force => return Ok(()),
        state => state?,
    };
    let alive = status(&state, kept) != "stopped";
    if alive && !force && !defect(OC02) {
        return Err(Failure::own("it is not stopped; --force ends it"));
    }
    if alive {
        end(&state)?;
    }
    if !defect(OC25) {
        let id = state["id"].as_str().unwrap_or_default();
        Cgroup::remove_lasting(&format!("wrong-runtime-{id}"))?;
    }
    if defect(OC05) {
        return Ok(());
    }
    fs::remove_dir_all(&kept.0).doing(format_args!("rm -r {}", kept.0.display()))
}

/// SIGKILL, and its effect.
fn end(state: &Value) -> Result<(), Failure> {
    const PATIENCE: Duration = Duration::from_secs(5);
    match kill(pid_in(state), Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => return Err(errno).doing("send SIGKILL"),
    }
    let deadline = Instant::now() + PATIENCE;
    while is_alive(state) {
        if Instant::now() >= deadline {
            return Err(Failure::own("it does not end by SIGKILL"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

impl Kept {
    /// Where the container waits to be started; gone once it was.
    fn fifo(&self) -> PathBuf {
        self.0.join("start")
    }

    fn state(&self, status: &str, pid: Pid, id: &str, bundle: &Path) -> Value {
        let bundle = bundle.to_string_lossy();
        json!({ "ociVersion": VERSION, "id": id, "status": status, "pid": pid.as_raw(), "bundle": bundle,
                "born": born(pid) })
    }

    fn write(&self, state: &Value) -> Result<(), Failure> {
        let path = self.0.join("state.json");
        fs::write(&path, state.to_string()).doing(format_args!("write {}", path.display()))
    }

    fn read(&self) -> Result<Value, Failure> {
        let path = self.0.join("state.json");
        let text = fs::read(&path).doing(format_args!("read {}", path.display()))?;
        serde_json::from_slice(&text).map_err(|error| Failure::own(format!("{}: {error}", path.display())))
    }
}
