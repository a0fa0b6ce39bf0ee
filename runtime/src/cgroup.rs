//! Limits: one cgroup (version 2) per container that has any, made before it and removed after it.
//! See Documentation/admin-guide/cgroup-v2.rst.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};

use crate::error::{Context, Error, Result};

/// Groups of this program are called `mycontainer-NUMBER`.
const PREFIX: &str = "mycontainer-";

/// One limit: a file of the group and what is written there. `None` is as much as there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The controller that offers the file.
    pub controller: String,
    pub file: String,
    pub value: String,
}

impl Setting {
    /// A file is called after its controller.
    pub fn new(file: &str, value: impl ToString) -> Setting {
        let controller = file.split('.').next().unwrap_or_default();
        Setting { controller: controller.into(), file: file.into(), value: value.to_string() }
    }
}

/// The settings for a limit of memory in bytes. Without the second the kernel moves what exceeds the limit to swap, and
/// nothing is ever killed; and a container that has lost one process at random is worse than one that has ended.
pub fn memory(bytes: u64) -> Vec<Setting> {
    vec![Setting::new("memory.max", bytes), Setting::new("memory.swap.max", 0), Setting::new("memory.oom.group", 1)]
}

pub fn controllers(settings: &[Setting]) -> Vec<String> {
    // `cgroup` is not a controller but what every group has.
    let mut names: Vec<String> = settings.iter().map(|setting| setting.controller.clone()).collect();
    names.retain(|name| name != "cgroup");
    names.sort();
    names.dedup();
    names
}

/// A group of the container's own. Dropping it ends what still runs in it and removes it.
pub struct Cgroup {
    path: PathBuf,
    /// The open directory, locked as long as this process lives: that is how others tell a group in use from one whose
    /// runtime was killed. A pid in the name would not do: it may be given to a stranger, a lock never is.
    directory: File,
    /// Declared last, so dropped after the group is gone.
    controllers: Controllers,
}

impl Cgroup {
    /// Makes a group with its limits in force. Without limits there is nothing for a group to do: none is made, the
    /// container stays in its caller's, and no machine needs to have cgroup v2 for that.
    pub fn create(limits: &[Setting]) -> Result<Option<Cgroup>> {
        let wanted = controllers(limits);
        if wanted.is_empty() {
            return Ok(None);
        }
        let root = mount_point()?;
        let lock = lock(&root)?;
        let controllers = Controllers::enable(&root, &wanted)?;
        let made = make_directory(&root);
        // The new group is locked itself by now, so that no other runtime takes it for a stale one. Whoever undoes what
        // follows needs this lock again.
        drop(lock);
        let (path, directory) = made?;
        let group = Cgroup { path, directory, controllers };
        apply(&group.path, limits)?;
        Ok(Some(group))
    }

    /// Removes what runtimes left that were killed with SIGKILL: groups of ours that nobody holds locked. Their processes
    /// have died with them; should one still be dying, the group is busy and left for the next time.
    pub fn remove_stale(&self) {
        let root = &self.controllers.root;
        // Tidying up after others is no reason to fail.
        let (Ok(Some(_lock)), Ok(children)) = (lock(root), children(root)) else { return };
        for path in children {
            let ours = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
            if ours && File::open(&path).is_ok_and(|directory| directory.try_lock().is_ok()) {
                let _ = remove_tree(&path);
            }
        }
    }

    /// For CLONE_INTO_CGROUP: the first process is in the group from its first page on.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            error.print();
        }
    }
}

/// Ends whatever runs in a group, and removes it and the groups that were made in it.
pub fn remove(path: &Path) -> Result<()> {
    let attempt = || match remove_tree(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            // Somebody is left. The kernel kills all at once, but they leave one after the other, and it says when.
            write(&path.join("cgroup.kill"), "1")?;
            wait_until_empty(path)?;
            remove_tree(path)
        }
        result => result,
    };
    attempt().doing_with(|| format!("remove {}", path.display()))
}

/// Writes limits to the files of a group.
pub fn apply(group: &Path, settings: &[Setting]) -> Result<()> {
    for Setting { file, value, .. } in settings {
        let path = group.join(file);
        match write(&path, value) {
            // Kernels without swap accounting lack it, and then there is no swap to forbid.
            Err(error) if error.kind() == io::ErrorKind::NotFound && file == "memory.swap.max" => {}
            result => result.doing_with(|| format!("write {value} to {}", path.display()))?,
        }
    }
    Ok(())
}

/// Where cgroup2 is mounted. There are two places where systemd mounts it, the second on a machine that still has
/// version 1 as well; the kernel's list of mounts, which can be long, is for the others.
pub fn mount_point() -> Result<PathBuf> {
    for usual in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
        if statfs(usual).is_ok_and(|file_system| file_system.filesystem_type() == CGROUP2_SUPER_MAGIC) {
            return Ok(usual.into());
        }
    }
    let table = fs::read_to_string("/proc/self/mountinfo").doing("read /proc/self/mountinfo")?;
    find_cgroup2(&table).ok_or_else(|| Error::new("cgroup v2 is not mounted on this machine, so no limit can be set"))
}

/// Reads proc_pid_mountinfo(5): five fields up to the mount point, and the type after a lone dash.
fn find_cgroup2(table: &str) -> Option<PathBuf> {
    let line = table.lines().find(|line| line.split_once(" - ").is_some_and(|(_, fs)| fs.starts_with("cgroup2 ")))?;
    let mut rest = line.split(' ').nth(4)?.bytes();
    let mut path = Vec::new();
    while let Some(byte) = rest.next() {
        // Blanks and the like are written as a backslash and three octal digits.
        path.push(match byte {
            b'\\' => rest.by_ref().take(3).fold(0, |value: u8, digit| value.wrapping_mul(8).wrapping_add(digit & 7)),
            byte => byte,
        });
    }
    Some(OsString::from_vec(path).into())
}

/// Controllers that had to be switched on for the children of the root group. Dropping this switches them off again.
pub struct Controllers {
    root: PathBuf,
    enabled: Vec<String>,
    /// The other groups that were there before: they cannot rely on what was off.
    neighbours: Vec<PathBuf>,
}

impl Controllers {
    pub fn enable(root: &Path, wanted: &[String]) -> Result<Controllers> {
        let mut controllers = Controllers { root: root.into(), enabled: Vec::new(), neighbours: Vec::new() };
        let available = read_words(&root.join("cgroup.controllers"))?;
        if let Some(missing) = wanted.iter().find(|name| !available.contains(name)) {
            return Err(Error::new(format!(
                "this machine's cgroup v2 ({}) has no {missing} controller",
                root.display()
            ))
            .hint("cgroup v1 may hold it: boot with systemd.unified_cgroup_hierarchy=1"));
        }
        let control = root.join("cgroup.subtree_control");
        let active = read_words(&control)?;
        let missing: Vec<_> = wanted.iter().filter(|name| !active.contains(name)).cloned().collect();
        if !missing.is_empty() {
            controllers.neighbours = children(root)?;
            let order = orders('+', &missing);
            write(&control, &order).doing_with(|| format!("write {order} to {}", control.display()))?;
            controllers.enabled = missing;
        }
        Ok(controllers)
    }
}

impl Drop for Controllers {
    /// Leaves the machine as it was found, unless a group that came later may count on the controllers by now: its
    /// limits would vanish without a word. The lock keeps another runtime from beginning just now.
    fn drop(&mut self) {
        if self.enabled.is_empty() {
            return;
        }
        if let (Ok(Some(_lock)), Ok(children)) = (lock(&self.root), children(&self.root))
            && children.iter().all(|child| self.neighbours.contains(child))
        {
            // Refused with EBUSY while a neighbour passes a controller on to its own children; then it stays on.
            let _ = write(&self.root.join("cgroup.subtree_control"), &orders('-', &self.enabled));
        }
    }
}

fn orders(sign: char, controllers: &[String]) -> String {
    controllers.iter().map(|controller| format!("{sign}{controller}")).collect::<Vec<_>>().join(" ")
}

/// Claims the hierarchy for a moment, so that runtimes which begin and end at once do not remove each other's groups
/// or controllers. Gives up after a second and says so with `None`: whoever holds the lock that long is not one of us
/// (any user may lock a directory), and then none of us removes anything.
fn lock(root: &Path) -> Result<Option<File>> {
    let doing = || format!("lock {}", root.display());
    let directory = File::open(root).doing_with(doing)?;
    let deadline = Instant::now() + Duration::from_secs(1);
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(Some(directory)),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Ok(None),
            // flock(2) cannot wait for a limited time.
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
            Err(TryLockError::Error(error)) => return Err(error).doing_with(doing),
        }
    }
}

fn make_directory(root: &Path) -> Result<(PathBuf, File)> {
    // Runtimes in different PID namespaces may have the same pid: then the next free number will do.
    for number in std::process::id().. {
        let path = root.join(format!("{PREFIX}{number}"));
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            result => result.doing_with(|| format!("create {}", path.display()))?,
        }
        let locked = File::open(&path).and_then(|file| file.try_lock().map(|()| file).map_err(Into::into));
        if locked.is_err() {
            let _ = fs::remove_dir(&path);
        }
        return locked.doing_with(|| format!("lock {}", path.display())).map(|file| (path, file));
    }
    Err(Error::new(format!("no free name for a group in {}", root.display())))
}

/// Removes a group and the groups that were made in it, innermost first. Not `remove_dir_all`: the files of a group
/// cannot be removed, and need not be.
fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
        result => return result,
    }
    for child in list(path)? {
        remove_tree(&child)?;
    }
    fs::remove_dir(path)
}

fn wait_until_empty(group: &Path) -> io::Result<()> {
    let path = group.join("cgroup.events");
    let events = File::open(&path)?;
    while fs::read_to_string(&path)?.contains("populated 1") {
        // The kernel reports a change of the file as an urgent event. A process in uninterruptible sleep can make it
        // wait for long; then the group stays, and the next start tries again.
        let mut poller = [PollFd::new(events.as_fd(), PollFlags::POLLPRI)];
        if poll(&mut poller, PollTimeout::from(10_000_u16)).or_else(ignore_interruption)? == 0 {
            return Err(Errno::EBUSY.into());
        }
    }
    Ok(())
}

fn ignore_interruption(error: Errno) -> nix::Result<i32> {
    if error == Errno::EINTR { Ok(1) } else { Err(error) }
}

pub fn children(path: &Path) -> Result<Vec<PathBuf>> {
    list(path).doing_with(|| format!("list {}", path.display()))
}

fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path)?.filter_map(|entry| entry.ok());
    Ok(entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect())
}

fn read_words(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).doing_with(|| format!("read {}", path.display()))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// Writes to a file that exists. `fs::write` would try to create it, and what is missing would come out as EACCES.
fn write(path: &Path, value: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cgroup2_is_found_by_its_type() {
        let table = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                     40 31 0:37 / /cgroup2 rw,relatime - cgroup cgroup2 rw,name=systemd\n\
                     41 31 0:38 / /mnt/my\\040groups rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
        assert_eq!(find_cgroup2(table), Some("/mnt/my groups".into()));
        assert_eq!(find_cgroup2("31 23 0:28 / / rw - tmpfs tmpfs rw\n"), None);
    }

    #[test]
    fn only_the_controllers_of_given_limits_are_wanted() {
        assert!(controllers(&[]).is_empty());
        let settings = [memory(1 << 20), vec![Setting::new("pids.max", 3), Setting::new("cgroup.freeze", 0)]].concat();
        assert_eq!(controllers(&settings), ["memory", "pids"]);
    }

    #[test]
    fn orders_are_signed() {
        assert_eq!(orders('+', &["memory".into(), "cpu".into()]), "+memory +cpu");
    }
}
