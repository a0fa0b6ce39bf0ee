//! Builds a submission as its author says, in a machine that is thrown away: as a user without rights, within bounds of
//! time, memory and processes, without a network. What comes of it goes back as an archive that nobody trusts.

use crate::capture::Capture;
use crate::error::{Context, Error, Result};
use crate::event::{BuildOrder, Fate};
use crate::program::belongings;
use crate::run::{PATH, await_readable};
use crate::sys::spawn::{Ended, Launch, Program, launch, reap};
use crate::testbed::cgroup::BedCgroup;
use crate::tree::{Content, Kind, Tree};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchownat, pipe2};
use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Whoever builds; nobody else is this user.
const BUILDER: u32 = 1000;
/// More than any compiler starts side by side.
const PROCESSES: u32 = 512;
/// As much of what was printed is kept: errors stand at the end.
const LOG: usize = 16 << 10;

/// How a build ended, and what came of it.
pub(crate) struct Built {
    pub(crate) fate: Fate,
    pub(crate) log: String,
    pub(crate) took: Duration,
    /// The submission with what was built; empty unless it was done.
    pub(crate) archive: Vec<u8>,
}

/// Builds what `archive` holds. An error is ours, never the author's.
pub(crate) fn build(order: &BuildOrder, archive: Vec<u8>) -> Result<Built> {
    let place = tempfile::tempdir().context("make a directory for the build")?;
    let (home, work) = (place.path().join("home"), place.path().join("work"));
    for directory in [&home, &work] {
        fs::create_dir(directory).context(format!("mkdir {}", directory.display()))?;
    }
    Tree::unpack(archive.as_slice(), &work).context("unpack the submission")?;
    // The build needs the memory.
    drop(archive);
    age(&work.join(&order.program))?;
    give_to_builder(place.path())?;

    let start = Instant::now();
    let (fate, log) = match find(&order.command, &work) {
        Some(program) => run(order, &program, &home, &work)?,
        None => (Fate::NoProgram, String::new()),
    };
    let took = start.elapsed();
    let (fate, archive) = match fate {
        Fate::Done => pack(&work, order)?,
        fate => (fate, Vec::new()),
    };
    Ok(Built { fate, log, took, archive })
}

/// What the first word means in the directory of the build.
fn find(command: &[String], work: &Path) -> Option<PathBuf> {
    let name = command.first()?;
    if name.contains('/') {
        return Some(work.join(name)).filter(|path| path.is_file());
    }
    std::env::split_paths(PATH).map(|directory| directory.join(name)).find(|path| path.is_file())
}

/// A program that was handed in, too, counts as older than what it is built from: `make` would take it for up to date where
/// both were checked out at once, and nobody wants the old one examined.
fn age(program: &Path) -> Result<()> {
    let long_ago = TimeSpec::new(1_000_000_000, 0);
    match utimensat(nix::fcntl::AT_FDCWD, program, &long_ago, &long_ago, UtimensatFlags::NoFollowSymlink) {
        Ok(()) | Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Ok(()),
        Err(errno) => Err(errno).context(format!("set the time of {}", program.display())),
    }
}

fn give_to_builder(place: &Path) -> Result<()> {
    let give = |path: &Path| {
        let flags = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
        let (user, group) = (Some(Uid::from_raw(BUILDER)), Some(Gid::from_raw(BUILDER)));
        fchownat(nix::fcntl::AT_FDCWD, path, user, group, flags).context(format!("chown {}", path.display()))
    };
    give(place)?;
    let tree = Tree::read(place).context(format!("read {}", place.display()))?;
    tree.entries().try_for_each(|(path, _)| give(&place.join(path)))
}

/// Nothing may ask for a network: what it lacks it would wait for.
fn environment(home: &Path) -> Vec<String> {
    const OFFLINE: [&str; 6] = [
        "CARGO_NET_OFFLINE=true",
        "GOPROXY=off",
        "GOTOOLCHAIN=local",
        "GOFLAGS=-buildvcs=false",
        "LANG=C.UTF-8",
        "USER=builder",
    ];
    let own = [format!("PATH={PATH}"), format!("HOME={}", home.display())];
    OFFLINE.iter().map(|&word| word.to_owned()).chain(own).collect()
}

fn run(order: &BuildOrder, program: &Path, home: &Path, work: &Path) -> Result<(Fate, String)> {
    let c_string = |bytes: &[u8]| CString::new(bytes).map_err(|error| Error::new(format!("a word with NUL: {error}")));
    let strings = |words: &[String]| words.iter().map(|word| c_string(word.as_bytes())).collect::<Result<Vec<_>>>();
    let cgroup = BedCgroup::create("build", PROCESSES, order.memory)?;
    cgroup.without_swap()?;
    let nothing = File::open("/dev/null").context("open /dev/null")?;
    let (read, write) = pipe2(OFlag::O_CLOEXEC).context("make a pipe")?;
    let started = launch(&Launch {
        program: Program::Path(&c_string(program.as_os_str().as_bytes())?),
        argv: &strings(&order.command)?,
        envp: &strings(&environment(home))?,
        directory: Some(&c_string(work.as_os_str().as_bytes())?),
        namespaces: 0,
        cgroup: Some(cgroup.directory().as_fd()),
        enters: None,
        descriptors: &[(nothing.as_raw_fd(), 0), (write.as_raw_fd(), 1), (write.as_raw_fd(), 2)],
        session: true,
        user: Some(BUILDER),
        groups: &[],
        umask: Some(0o022),
    });
    drop(write);
    let started = match started {
        Ok(started) => started,
        // No fault of the author's.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::ENOMEM)) => {
            return Err(error).context(format!("start {}", program.display()));
        }
        Err(error) => return Ok((Fate::NoProgram, format!("{}: {error}", program.display()))),
    };
    let _spared = Spared::now();
    let output = Capture::of_the_end(read, LOG);
    let in_time = await_readable(&started.pidfd, Duration::from_secs(order.seconds))?;
    let starved = killed_for_memory(&cgroup);
    // All of them, wherever they are in it: from here on nobody writes any more.
    drop(cgroup);
    let ended = reap(&started.pidfd).context("wait for the build")?;
    output.wait_end(Duration::from_secs(5));
    let fate = match ended {
        _ if !in_time => Fate::TimedOut,
        Ended::Exited(0) => Fate::Done,
        _ if starved => Fate::OutOfMemory,
        Ended::Exited(status) => Fate::Failed { status },
        Ended::Signaled(signal) => Fate::Killed { signal },
    };
    Ok((fate, output.tail(LOG).0))
}

/// The agent, whom the kernel is not to choose when a build has taken the machine's memory. Not before the build is started:
/// that would inherit it.
struct Spared {
    before: String,
}

impl Spared {
    const FILE: &str = "/proc/self/oom_score_adj";

    fn now() -> Spared {
        let before = fs::read_to_string(Self::FILE).unwrap_or_default();
        // Only root may; whoever is not has no machine to lose.
        let _ = fs::write(Self::FILE, "-1000");
        Spared { before }
    }
}

impl Drop for Spared {
    fn drop(&mut self) {
        let _ = fs::write(Self::FILE, self.before.trim());
    }
}

/// Whether the kernel has killed anybody in it for want of memory.
fn killed_for_memory(cgroup: &BedCgroup) -> bool {
    let events = format!("/proc/self/fd/{}/memory.events", cgroup.directory().as_raw_fd());
    let text = fs::read_to_string(events).unwrap_or_default();
    text.lines().any(|line| line.strip_prefix("oom_kill ").is_some_and(|count| count != "0"))
}

/// What belongs to the program, all of it root's again.
fn pack(work: &Path, order: &BuildOrder) -> Result<(Fate, Vec<u8>)> {
    let read = belongings(work, &order.program).context("read what was built")?;
    let (mut tree, mut size) = (Tree::new(), 0);
    for (path, node) in read.entries() {
        if let Kind::File(Content::Host(host)) = &node.kind {
            size += fs::symlink_metadata(host).map_or(0, |metadata| metadata.len());
        }
        let node = crate::tree::Node { uid: 0, gid: 0, ..node.clone() };
        tree.insert(path, node).context("read what was built")?;
    }
    if size > order.largest {
        return Ok((Fate::TooLarge, Vec::new()));
    }
    let mut archive = Vec::new();
    tree.archive(&mut archive).context("pack what was built")?;
    Ok((Fate::Done, archive))
}
