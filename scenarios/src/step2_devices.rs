//! Step 2 of the workshop: /dev, terminals, and file systems in memory.

use crate::scenario;
use boxproof_harness::container::Answer;
use boxproof_harness::error::{Context, Error};
use boxproof_harness::evidence::Evidence;
use boxproof_harness::expect::{Expect, List, Yes, is};
use boxproof_harness::result::Tier::{Hardened, Robust};
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use std::fs;
use std::os::unix::fs::MetadataExt;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("devices-for-everyone", "2-2", Robust, &["modes"], devices_for_everyone),
    scenario("dev-is-own", "2-2", Robust, &["host-device-hidden"], dev_is_own),
    scenario("terminals-work", "2-2", Robust, &["opens", "for-everyone", "not-the-hosts"], terminals_work),
    scenario("tmpfs-bounded", "2-2", Hardened, &["every-tmpfs-has-a-size"], tmpfs_bounded),
];

/// What a runtime makes in /dev is for every user of the container, whatever umask its caller has.
fn devices_for_everyone(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: the usual umask.
    drop(exam.start()?);
    let container = exam.start_with(Setup::new().umask(0o077))?;
    let (pid, host) = (container.pid(), container.host());
    let mode = |name: &str| host.stat(pid, &format!("root/dev/{name}")).map(|stat| stat.st_mode).unwrap_or(0);
    let kind = |mode: u32| mode & libc::S_IFMT;
    let nodes = ["null", "zero", "full", "random", "urandom", "tty"].map(|name| (name, libc::S_IFCHR, 0o666));
    let directories = ["", "pts", "shm"].map(|name| (name, libc::S_IFDIR, 0o005));
    // What is not there, or is something else, is another scenario's finding.
    let closed: List = nodes
        .into_iter()
        .chain(directories)
        .map(|(name, expected, bits)| (name, mode(name), expected, bits))
        .filter(|&(_, mode, expected, bits)| kind(mode) == expected && mode & bits != bits)
        .map(|(name, mode, ..)| format!("/dev/{name} {:o}", mode & 0o7777))
        .collect();
    let source = format!("stat /proc/{pid}/root/dev/*, the runtime started with umask 077");
    exam.check("modes", &Evidence::plain(closed, source), &is(List(Vec::new()))).because("umask-inherited");
    Ok(())
}

/// The host's /dev holds its disks: in the container it would give the whole machine away.
fn dev_is_own(exam: &mut Exam) -> Result<(), Trouble> {
    let device = exam.plant_device()?;
    let container = exam.start()?;
    let sees = container.host().sees(container.pid(), &device)?;
    exam.check("host-device-hidden", &sees, &is(Yes(false))).because("dev-of-the-host");
    Ok(())
}

/// A runtime that offers terminals (a devpts, or /dev/ptmx) offers ones that open, to everybody, and not the host's.
fn terminals_work(exam: &mut Exam) -> Result<(), Trouble> {
    const DEVPTS: i64 = 0x1cd1;
    const NONE: &str = "none offered";
    let on_host = fs::metadata("/dev/pts").context("stat /dev/pts")?.dev();
    let container = exam.start()?;
    let (pid, host) = (container.pid(), container.host());
    let devpts = host.file_system(pid, "root/dev/pts").is_ok_and(|magic| magic == DEVPTS);
    let ptmx = host.stat(pid, "root/dev/ptmx");
    let offered = devpts || ptmx.is_ok();
    let opened = if offered { Some(container.ask("terminal", b"")?) } else { None };
    let opens = match opened {
        None => NONE.to_owned(),
        Some(Answer::Done(..)) => "opens".to_owned(),
        Some(Answer::Refused(errno, _)) => format!("{:?}", nix::errno::Errno::from_raw(errno)),
        Some(Answer::Gone) => return Err(Error::new("the probe ended while opening a terminal").into()),
    };
    let source = "open(2) of /dev/ptmx and of the terminal in the container";
    let expected = Expect::that("opens", |opens: &String| opens == "opens" || opens == NONE);
    exam.check("opens", &Evidence::plain(opens, source), &expected).because("terminals-do-not-open");
    let mode = match host.stat(pid, if ptmx.is_ok() { "root/dev/ptmx" } else { "root/dev/pts/ptmx" }) {
        Ok(stat) => format!("{:o}", stat.st_mode & 0o777),
        Err(_) => NONE.to_owned(),
    };
    let source = format!("stat /proc/{pid}/root/dev/ptmx");
    let expected = Expect::that("666", |mode: &String| mode == "666" || mode == NONE);
    exam.check("for-everyone", &Evidence::plain(mode, source), &expected).because("terminals-do-not-open");
    let shared = devpts && host.stat(pid, "root/dev/pts")?.st_dev == on_host;
    let source = format!("stat /proc/{pid}/root/dev/pts and /dev/pts of the host: st_dev");
    exam.check("not-the-hosts", &Evidence::plain(Yes(shared), source), &is(Yes(false))).because("dev-of-the-host");
    Ok(())
}

/// A tmpfs without a size may take half of the machine's memory, and no limit of a shell session stops that.
fn tmpfs_bounded(exam: &mut Exam) -> Result<(), Trouble> {
    let meminfo = fs::read_to_string("/proc/meminfo").context("read /proc/meminfo")?;
    let total =
        meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    let total: u64 = total.ok_or_else(|| Error::new("/proc/meminfo has no MemTotal"))?;
    // Half of the memory is the default; a little less, because the kernel may have given pages away since boot.
    let bound = total * 1024 / 100 * 45;
    let container = exam.start()?;
    let (pid, host) = (container.pid(), container.host().clone());
    let unbounded = container.mounts()?.map(|mounts| {
        // The root is the image's, and what is read-only cannot be filled.
        let own = mounts.into_iter().filter(|mount| mount.kind == "tmpfs" && mount.at != "/");
        let writable = own.filter(|mount| !mount.options.iter().any(|option| option == "ro"));
        // No limit at all shows as no blocks at all.
        let open = |at: &str| host.capacity(pid, &format!("root{at}")).is_ok_and(|size| size == 0 || size >= bound);
        writable.map(|mount| mount.at).filter(|at| open(at)).collect::<List>()
    });
    exam.check("every-tmpfs-has-a-size", &unbounded, &is(List(Vec::new()))).because("tmpfs-without-size");
    Ok(())
}
