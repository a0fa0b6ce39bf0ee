//! What is remembered of a container between the verbs: a directory with its description, its process and its gate.
//!
//! A lock on the directory keeps two callers from changing a container at once. A process is remembered by its number and
//! its start time: a number may be given to a stranger, both together never are.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::fstat;
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::error::{Context, Error, Result};
use crate::hooks;
use crate::sys::{self, Process};

/// A container that is remembered.
pub struct Store {
    directory: PathBuf,
    /// Held as long as this value lives.
    _lock: Option<File>,
}

/// What is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub id: String,
    pub bundle: PathBuf,
    pub rootfs: PathBuf,
    pub annotations: Value,
    pub pid: i32,
    /// In the kernel's ticks since it was booted.
    pub start_time: u64,
    /// `create` has finished.
    pub complete: bool,
    pub created: String,
    /// Its group, if it has one.
    pub cgroup: Option<PathBuf>,
}

/// A container's place in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Creating,
    Created,
    Running,
    Stopped,
}

impl Status {
    /// As the specification calls it.
    pub fn name(self) -> &'static str {
        match self {
            Status::Creating => "creating",
            Status::Created => "created",
            Status::Running => "running",
            Status::Stopped => "stopped",
        }
    }
}

impl Store {
    /// Takes a name. That two take it at once is settled by the kernel: a directory is made by one of them only.
    pub fn create(root: &Path, id: &str) -> Result<Store> {
        let directory = root.join(id);
        let make = |mode: u32, recursive: bool, path: &Path| {
            fs::DirBuilder::new().mode(mode).recursive(recursive).create(path)
        };
        make(0o711, true, root).doing_with(|| format!("create {}", root.display()))?;
        match make(0o700, false, &directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(present(id)),
            result => result.doing_with(|| format!("create {}", directory.display()))?,
        }
        Store::claim(directory, id)
    }

    /// Claims a directory that was made a moment ago. In that moment `delete` may have taken it for one whose creator died, and
    /// a third may have made it anew: it is his whose the lock is, and that, too, is made by one of them only.
    fn claim(directory: PathBuf, id: &str) -> Result<Store> {
        let deleted = || Error::new(format!("container {id} was deleted while it was being created"));
        let path = directory.join("lock");
        let lock = match File::options().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(present(id)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(deleted()),
            file => file.doing_with(|| format!("create {}", path.display()))?,
        };
        wait_for(&lock).doing_with(|| format!("lock {}", path.display()))?;
        if is_gone(&lock) { Err(deleted()) } else { Ok(Store { directory, _lock: Some(lock) }) }
    }

    /// Finds a container to look at: nobody is kept waiting for that, not even by whoever is just changing it.
    pub fn look(root: &Path, id: &str) -> Result<Store> {
        let directory = root.join(id);
        match fs::metadata(&directory) {
            Ok(_) => Ok(Store { directory, _lock: None }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(absent(id)),
            Err(error) => Err(error).doing_with(|| format!("open {}", directory.display())),
        }
    }

    /// Finds a container to change it, once nobody else does.
    pub fn open(root: &Path, id: &str) -> Result<Store> {
        Store::look(root, id)?.lock(id)
    }

    fn lock(self, id: &str) -> Result<Store> {
        let path = self.directory.join("lock");
        let doing = || format!("lock {}", path.display());
        // Not made: that is its creator's business alone. Without a lock it is half made or half removed.
        let lock = match File::options().write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(absent(id)),
            file => file.doing_with(doing)?,
        };
        wait_for(&lock).doing_with(doing)?;
        // Whoever held the lock before may have deleted it all.
        if is_gone(&lock) { Err(absent(id)) } else { Ok(Store { _lock: Some(lock), ..self }) }
    }

    /// All containers' names.
    pub fn names(root: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Where the finished container waits to be started.
    pub fn gate(&self) -> PathBuf {
        self.directory.join("gate")
    }

    /// The configuration as it was when the container was created.
    pub fn config(&self) -> PathBuf {
        self.directory.join("config.json")
    }

    /// Writes a record, at once or not at all: a reader sees the one before or this one.
    pub fn save(&self, record: &Record) -> Result<()> {
        let draft = self.directory.join("state.json.draft");
        let text = record.to_json().to_string();
        File::create(&draft)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&draft, self.directory.join("state.json")))
            .doing_with(|| format!("write {}", self.directory.join("state.json").display()))
    }

    /// Reads the record. `None`: the container was never finished.
    pub fn load(&self) -> Result<Option<Record>> {
        let path = self.directory.join("state.json");
        let doing = || format!("read {}", path.display());
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => {
                let value: Value =
                    serde_json::from_str(&text.doing_with(doing)?).map_err(io::Error::from).doing_with(doing)?;
                Record::from_json(&value).map(Some).ok_or_else(|| Error::new(format!("{} is damaged", path.display())))
            }
        }
    }

    /// Where in its life the container is. Not what somebody once wrote down, but what its process says.
    pub fn status(&self, record: &Record) -> Status {
        match record.process() {
            None => Status::Stopped,
            Some(_) if !record.complete => Status::Creating,
            Some(_) if self.gate().exists() => Status::Created,
            Some(_) => Status::Running,
        }
    }

    /// Forgets the container. The lock goes last: who dies in here leaves something that can still be deleted.
    pub fn remove(self) -> Result<()> {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            if entry.file_name() != "lock" {
                let _ = fs::remove_file(entry.path());
            }
        }
        fs::remove_dir_all(&self.directory).doing_with(|| format!("remove {}", self.directory.display()))
    }
}

/// Not flock(2): that lock would be the container's as well, which inherits its creator's descriptors and waits. This one
/// belongs to a process, and no child of its gets it.
fn wait_for(lock: &File) -> nix::Result<()> {
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(lock, FcntlArg::F_SETLKW(&whole)).map(drop)
}

fn is_gone(lock: &File) -> bool {
    fstat(lock).is_ok_and(|status| status.st_nlink == 0)
}

fn present(id: &str) -> Error {
    Error::new(format!("there is a container {id} already")).hint("delete it, or choose another name")
}

fn absent(id: &str) -> Error {
    // Podman and others look for these words.
    Error::new(format!("container {id} does not exist"))
}

impl Record {
    /// The first process, if it still lives.
    pub fn process(&self) -> Option<Process> {
        let pid = Pid::from_raw(self.pid);
        let pidfd = sys::open_process(pid).ok()?;
        // In this order: what the number means cannot change while the process, which the descriptor holds, is not reaped.
        let ours = start_time(pid).is_some_and(|time| time == self.start_time);
        let mut poller = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        let ended = poll(&mut poller, PollTimeout::ZERO).is_ok_and(|number| number > 0);
        (ours && !ended).then_some(Process { pid, pidfd })
    }

    /// As hooks read it, and `state` prints it.
    pub fn hook_state(&self) -> hooks::State {
        let Record { id, bundle, annotations, .. } = self.clone();
        hooks::State { id, bundle, annotations, pid: self.pid }
    }

    fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "bundle": self.bundle,
            "rootfs": self.rootfs,
            "annotations": self.annotations,
            "pid": self.pid,
            "startTime": self.start_time,
            "complete": self.complete,
            "created": self.created,
            "cgroup": self.cgroup,
        })
    }

    fn from_json(value: &Value) -> Option<Record> {
        let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
        Some(Record {
            id: text("id")?,
            bundle: text("bundle")?.into(),
            rootfs: text("rootfs")?.into(),
            annotations: value.get("annotations")?.clone(),
            pid: value.get("pid")?.as_i64()? as i32,
            start_time: value.get("startTime")?.as_u64()?,
            complete: value.get("complete")?.as_bool()?,
            created: text("created")?,
            cgroup: text("cgroup").map(PathBuf::from),
        })
    }
}

/// See proc_pid_stat(5): field 22, counted from behind the name, in which there may be anything.
pub fn start_time(pid: Pid) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// The time, as RFC 3339 wants it.
pub fn now() -> String {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date(time.as_secs())
}

/// Days are counted from a first of March, so that the day which not every year has is a year's last.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(date(1_795_600_799), "2026-11-25T09:59:59Z");
    }

    #[test]
    fn records_are_read_as_they_are_written() {
        let record = Record { id: "a".into(), pid: 7, start_time: 9, cgroup: Some("/x".into()), ..Record::default() };
        assert_eq!(Record::from_json(&record.to_json()), Some(record));
        assert_eq!(Record::from_json(&json!({ "id": "a" })), None);
    }

    /// A creator makes the directory; it is deleted and made anew by another, who has got as far as the lock.
    #[test]
    fn a_directory_is_his_who_makes_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let error = |result: Result<Store>| result.err().unwrap().to_string();
        let store = Store::create(root.path(), "c").unwrap();
        assert!(error(Store::claim(root.path().join("c"), "c")).contains("there is a container c already"));
        assert!(error(Store::create(root.path(), "c")).contains("there is a container c already"));
        let found = Store::look(root.path(), "c").unwrap();
        // Half removed: a lock in it would be taken away with the rest, and not keep others from making it anew.
        fs::remove_file(root.path().join("c/lock")).unwrap();
        assert!(error(Store::open(root.path(), "c")).contains("container c does not exist"));
        store.remove().unwrap();
        assert!(error(Store::claim(root.path().join("c"), "c")).contains("was deleted while"));
        assert!(error(found.lock("c")).contains("container c does not exist"));
    }

    #[test]
    fn a_stranger_with_the_same_number_is_not_taken_for_it() {
        let own = Pid::this();
        let record = |start_time| Record { pid: own.as_raw(), start_time, ..Record::default() };
        let start_time = start_time(own).unwrap();
        assert!(record(start_time).process().is_some());
        assert!(record(start_time + 1).process().is_none());
    }
}
