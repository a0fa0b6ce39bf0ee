//! The life of a container: created, started, looked at, killed, deleted.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use serde_json::{Value, json};

use super::group::{self, Named};
use super::state::{self, Record, Status, Store};
use super::{Creation, Io, Manner, config};
use crate::cgroup;
use crate::container::Container;
use crate::error::{Context, Error, Result};
use crate::hooks;
use crate::init::{Bond, Surroundings};
use crate::net::{self, Network};
use crate::run::{self, Child, block_signals};
use crate::sys::{self, Process};

/// Makes a container that waits to be started. This program's end leaves it alone.
pub fn create(root: &Path, creation: &Creation) -> Result<()> {
    prepare(root, creation).map(|(_, child)| child.release())
}

/// All of a container's life in one, or its beginning.
pub fn run(root: &Path, creation: &Creation, manner: Manner) -> Result<u8> {
    let signals = block_signals().doing("block signals")?;
    let (store, mut child) = prepare(root, creation)?;
    let record = finished(&store, &creation.id)?;
    let started = begin(&store, &record);
    drop(store);
    if started.is_ok() && manner == Manner::Detached {
        child.release();
        return Ok(0);
    }
    let status = started.and_then(|()| child.supervise(&signals, false));
    // Should it be there still, it has not been started.
    drop(child);
    // What the caller waits for is the command's status, whatever becomes of the rest.
    if let Err(error) = clear_up(root, &record) {
        error.print();
    }
    status
}

/// Deletes a container that has ended here, unless somebody else has: the name may be another's by now.
fn clear_up(root: &Path, record: &Record) -> Result<()> {
    match Store::open(root, &record.id) {
        Err(_) if !root.join(&record.id).exists() => Ok(()),
        store => match store? {
            store if store.load()?.as_ref() == Some(record) => forget(store, true),
            _ => Ok(()),
        },
    }
}

fn prepare(root: &Path, creation: &Creation) -> Result<(Store, Child)> {
    let Creation { id, bundle, io, .. } = creation;
    let bundle = fs::canonicalize(bundle).doing_with(|| format!("open the bundle {}", bundle.display()))?;
    let file = bundle.join("config.json");
    let (spec, text) = config::read_with_text(&file)?;
    let mut container = config::container(id, &bundle, &spec)?;
    container.process.preserved = io.preserved;
    container.process.keep_keyring = creation.keep_keyring;
    if !geteuid().is_root() && !container.namespaces.user() {
        return Err(Error::new("must be run as root, or with a user namespace in config.json"));
    }
    container.root.image.check()?;
    let console = io.connect(container.process.terminal)?;
    let group = group_name(id, &spec, &container);

    let store = Store::create(root, id)?;
    let mut record = Record {
        id: id.clone(),
        rootfs: spec.root().as_ref().map(|root| bundle.join(root.path())).unwrap_or_default(),
        annotations: config::annotations(&spec),
        created: state::now(),
        bundle,
        ..Record::default()
    };
    let made = fs::write(store.config(), text)
        .doing_with(|| format!("write {}", store.config().display()))
        .and_then(|()| make(&container, group, console, &store, &mut record))
        .and_then(|child| io.write_pid(record.pid).map(|()| child));
    match made {
        Ok(child) => Ok((store, child)),
        Err(error) => {
            // The child is dead by now. What was made for it goes too, and so does what its hooks made, if there was somebody
            // they were run for; the reason is what its creator wants to hear.
            record.cgroup.iter().for_each(|path| drop(cgroup::remove(path)));
            let _ = store.remove();
            if record.pid != 0 {
                hooks::run_regardless(&container.hooks.poststop, &container.hooks.state.to_json("stopped"));
            }
            Err(error)
        }
    }
}

/// A group is made if the configuration names one, or needs one: for limits, or to find all processes where not even a PID
/// namespace holds them together.
fn group_name(id: &str, spec: &oci_spec::runtime::Spec, container: &Container) -> Option<PathBuf> {
    let named =
        spec.linux().as_ref().and_then(|linux| linux.cgroups_path().clone()).filter(|path| path != Path::new(""));
    let needed = !container.limits.is_empty() || container.namespaces.new & libc::CLONE_NEWPID == 0;
    named.or_else(|| needed.then(|| PathBuf::from(format!("mycontainer.{id}"))))
}

fn make(
    container: &Container,
    group: Option<PathBuf>,
    console: Option<UnixStream>,
    store: &Store,
    record: &mut Record,
) -> Result<Child> {
    let cgroup = group.map(|name| Named::create(&name, &container.limits)).transpose()?.flatten();
    record.cgroup = cgroup.as_ref().map(|group| group.path.clone());
    let gate = store.within(UnixListener::bind).doing("make the gate")?;
    let with = Surroundings { at_terminal: false, bond: Bond::Gate(gate), console };
    let (child, ()) = run::launch(container, cgroup.as_ref().map(Named::as_fd), with, |process| {
        // From here on others can find it.
        record.pid = process.pid.as_raw();
        record.start_time = state::start_time(process.pid).unwrap_or_default();
        store.save(record)?;
        let own_network = container.namespaces.new & libc::CLONE_NEWNET != 0 && !container.namespaces.user();
        if own_network { net::connect(process, &Network::Loopback).map(drop) } else { Ok(()) }
    })?;
    record.complete = true;
    store.save(record)?;
    Ok(child)
}

impl Io {
    /// A terminal needs somebody who takes it, and nobody is to wait for one that does not come.
    pub fn connect(&self, terminal: bool) -> Result<Option<UnixStream>> {
        match (&self.console_socket, terminal) {
            (Some(path), true) => UnixStream::connect(path)
                .map(Some)
                .doing_with(|| format!("connect to the console socket {}", path.display())),
            (None, true) => Err(Error::new("process.terminal needs --console-socket")),
            (Some(_), false) => Err(Error::new("--console-socket needs process.terminal")),
            (None, false) => Ok(None),
        }
    }

    /// At once or not at all: whoever waits for the file reads a whole number.
    pub fn write_pid(&self, pid: i32) -> Result<()> {
        let Some(path) = &self.pid_file else { return Ok(()) };
        let name = path.file_name().unwrap_or(OsStr::new("pid")).to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.draft"));
        let written = fs::write(&draft, pid.to_string()).and_then(|()| fs::rename(&draft, path));
        written.doing_with(|| format!("write {}", path.display()))
    }
}

/// Lets the command begin, and returns when it has.
pub fn start(root: &Path, id: &str) -> Result<()> {
    let store = Store::open(root, id)?;
    let record = finished(&store, id)?;
    begin(&store, &record)
}

fn begin(store: &Store, record: &Record) -> Result<()> {
    let (id, status) = (&record.id, store.status(record));
    if status != Status::Created {
        return Err(Error::new(format!("cannot start container {id}: it is {}, not created", status.name())));
    }
    let gate = store.within(UnixStream::connect).doing("knock at the gate")?;
    // At once: should this program be killed now, nobody takes the container for one that waits still.
    fs::remove_file(store.gate()).doing("remove the gate")?;
    // The end of the connection is the moment in which the command has begun.
    run::read_report(gate)?;
    let hooks = config::hooks(id, &record.bundle, &config::read(&store.config())?)?;
    hooks::run_regardless(&hooks.poststart, &record.hook_state().to_json("running"));
    Ok(())
}

/// What is known of a container, as JSON.
pub fn state(root: &Path, id: &str) -> Result<String> {
    let store = Store::look(root, id)?;
    let record = finished(&store, id)?;
    Ok(format!("{:#}", describe(&store, &record)))
}

fn describe(store: &Store, record: &Record) -> Value {
    let status = store.status(record);
    json!({
        "ociVersion": super::VERSION,
        "id": record.id,
        "status": status.name(),
        // The number of a dead process may be another's by now.
        "pid": if status == Status::Stopped { 0 } else { record.pid },
        "bundle": record.bundle,
        "rootfs": record.rootfs,
        "created": record.created,
        "annotations": record.annotations,
    })
}

fn finished(store: &Store, id: &str) -> Result<Record> {
    let unfinished = || Error::new(format!("container {id} was never finished")).hint("delete --force removes it");
    store.load()?.ok_or_else(unfinished)
}

/// Sends a signal to the first process, or to all.
pub fn kill(root: &Path, id: &str, signal: &str, all: bool) -> Result<()> {
    let store = Store::look(root, id)?;
    let record = finished(&store, id)?;
    let number = signal_number(signal)?;
    match (record.process(), &record.cgroup) {
        (_, Some(path)) if all => {
            for pid in group::processes(path)? {
                let process = sys::open_process(nix::unistd::Pid::from_raw(pid));
                let process = process.map(|pidfd| Process { pid: nix::unistd::Pid::from_raw(pid), pidfd });
                // Some end while others are being killed.
                let _ = process.and_then(|process| sys::send_signal(&process, number));
            }
            Ok(())
        }
        (Some(process), _) => {
            sys::send_signal(&process, number).doing_with(|| format!("send signal {signal} to container {id}"))
        }
        // Podman and others look for these words.
        (None, _) => Err(Error::new(format!("cannot kill container {id}: container not running"))),
    }
}

/// Reads `TERM`, `SIGTERM`, `sigterm` or `15`.
fn signal_number(word: &str) -> Result<i32> {
    let unknown = || Error::new(format!("there is no signal {word}"));
    match word.parse::<i32>() {
        Ok(number @ 0..=64) => Ok(number),
        Ok(_) => Err(unknown()),
        Err(_) => {
            let name = word.to_ascii_uppercase();
            let name = name.strip_prefix("SIG").unwrap_or(&name);
            Signal::from_str(&format!("SIG{name}")).map(|signal| signal as i32).map_err(|_| unknown())
        }
    }
}

/// Forgets a container that has ended; with `force` any container, which is ended first.
pub fn delete(root: &Path, id: &str, force: bool) -> Result<()> {
    if force
        && let Ok(store) = Store::look(root, id)
        && let Ok(Some(record)) = store.load()
        && let Some(process) = record.process()
    {
        // Somebody else's verb may hold the lock and wait for this very process, for ever.
        end(&process).doing_with(|| format!("end container {id}"))?;
    }
    let store = match Store::open(root, id) {
        // Somebody else has deleted it, or its creator has died before there was a lock in it.
        Err(error) if force => {
            return match fs::remove_dir(root.join(id)) {
                Err(other) if other.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        store => store?,
    };
    forget(store, force)
}

fn forget(store: Store, force: bool) -> Result<()> {
    // Without a record, and with nobody who holds its lock, its creator has died.
    let Some(record) = store.load()? else { return store.remove() };
    let id = &record.id;
    if let Some(process) = record.process() {
        if !force {
            let status = store.status(&record).name();
            return Err(Error::new(format!("cannot delete container {id}: it is {status}, not stopped"))
                .hint("kill it first, or delete --force"));
        }
        end(&process).doing_with(|| format!("end container {id}"))?;
    }
    record.cgroup.as_deref().map(cgroup::remove).transpose()?;
    let hooks = config::read(&store.config()).and_then(|spec| config::hooks(id, &record.bundle, &spec));
    store.remove()?;
    let state = hooks::State { pid: 0, ..record.hook_state() };
    hooks::run_regardless(&hooks?.poststop, &state.to_json("stopped"));
    Ok(())
}

fn end(process: &Process) -> nix::Result<()> {
    match sys::send_signal(process, libc::SIGKILL) {
        Err(Errno::ESRCH) => return Ok(()),
        result => result?,
    }
    // A process in uninterruptible sleep can take for ever; nobody is made to wait that long.
    let mut poller = [PollFd::new(process.pidfd.as_fd(), PollFlags::POLLIN)];
    match poll(&mut poller, PollTimeout::from(10_000_u16))? {
        0 => Err(Errno::EBUSY),
        _ => Ok(()),
    }
}

/// All containers, as a table or as JSON.
pub fn list(root: &Path, json: bool, quiet: bool) -> Result<String> {
    let mut entries = Vec::new();
    for name in Store::names(root) {
        // Some may be deleted meanwhile, or not yet be finished.
        if let Ok(store) = Store::look(root, &name)
            && let Ok(Some(record)) = store.load()
        {
            entries.push(describe(&store, &record));
        }
    }
    if json {
        return Ok(Value::Array(entries).to_string());
    }
    let text = |entry: &Value, key: &str| entry[key].as_str().map_or_else(|| entry[key].to_string(), str::to_owned);
    let line = |entry: &Value| {
        let [id, pid, status, bundle, created] =
            ["id", "pid", "status", "bundle", "created"].map(|key| text(entry, key));
        if quiet { id } else { format!("{id:<20} {pid:<8} {status:<9} {created:<21} {bundle}") }
    };
    let heading = (!quiet).then(|| format!("{:<20} {:<8} {:<9} {:<21} BUNDLE", "ID", "PID", "STATUS", "CREATED"));
    Ok(heading.into_iter().chain(entries.iter().map(line)).collect::<Vec<_>>().join("\n"))
}

impl Store {
    /// Does something with the gate's name, which for a socket has to be short: by way of the directory's descriptor.
    fn within<T>(&self, action: fn(PathBuf) -> std::io::Result<T>) -> std::io::Result<T> {
        let directory = fs::File::open(self.gate().parent().ok_or(ErrorKind::NotFound)?)?;
        action(format!("/proc/self/fd/{}/gate", std::os::fd::AsRawFd::as_raw_fd(&directory)).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("TERM", 15)]
    #[case("SIGKILL", 9)]
    #[case("sigint", 2)]
    #[case("34", 34)]
    fn signals_have_names_and_numbers(#[case] word: &str, #[case] number: i32) {
        assert_eq!(signal_number(word).unwrap(), number);
    }

    #[rstest]
    fn no_signals(#[values("", "SIG", "65", "-1", "HELLO")] word: &str) {
        assert!(signal_number(word).is_err());
    }
}
