//! Step 2 of the workshop: what of the machine shows through /proc and /sys, and what becomes of a mount that goes wrong.

use crate::scenario;
use boxproof_harness::container::{Answer, Container};
use boxproof_harness::error::{Context, Error};
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::netlink::Rtnetlink;
use boxproof_harness::result::Tier::{Hardened, Robust};
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("mount-failure-stops", "2-2", Robust, &["nothing-started", "status"], mount_failure_stops),
    scenario("image-links-stay-inside", "2-2", Robust, &["mount-lands-inside"], image_links_stay_inside),
    scenario("sysfs-of-own-network", "2-3", Robust, &["host-interface-hidden"], sysfs_of_own_network),
    scenario("proc-masked", "2-2", Hardened, &["nothing-exposed"], proc_masked),
    scenario("proc-sys-read-only", "2-2", Hardened, &["no-writable-setting"], proc_sys_read_only),
];

/// statfs(2)'s magic numbers.
const PROC: i64 = 0x9fa0;
const SYSFS: i64 = 0x6265_6572;

/// Whether the container has a procfs on /proc, as the scenarios here need it.
fn has_proc(container: &Container) -> bool {
    container.host().file_system(container.pid(), "root/proc").is_ok_and(|magic| magic == PROC)
}

/// `rootfs/proc` replaced by something else, until this is dropped.
struct Replaced {
    point: PathBuf,
    aside: PathBuf,
}

impl Replaced {
    fn new(exam: &mut Exam) -> Result<Replaced, Trouble> {
        let point = exam.bed.rootfs().join("proc");
        let aside = exam.bed.rootfs().join(exam.lot.word(9));
        // The mount point itself is as before in the end.
        exam.own(aside.display());
        match fs::rename(&point, &aside) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                let busy = Trouble::runtime("rootfs-stays-mounted", "rootfs/proc is no mount point any more", error);
                return Err(busy.because("mount-propagation-shared"));
            }
            other => other.context(format!("rename {} to {}", point.display(), aside.display()))?,
        }
        Ok(Replaced { point, aside })
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        // Where a wrong runtime holds the name, the testbed is not used again.
        let _ = fs::remove_file(&self.point).or_else(|_| fs::remove_dir(&self.point));
        let _ = fs::rename(&self.aside, &self.point);
    }
}

/// A mount that fails is a reason to stop: a container without its /proc is not the one that was asked for.
fn mount_failure_stops(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: with its directory /proc can be mounted.
    let container = exam.start()?;
    let mounted = has_proc(&container);
    drop(container);
    exam.bed.clear()?;
    let replaced = Replaced::new(exam)?;
    // Not a plain file: busybox' mount takes one called like its device for an image, and looks for a loop device for ever.
    symlink("proc", &replaced.point).context("link rootfs/proc to itself")?;
    let probe = exam.bed.probe().inside.clone();
    let run = exam.call(&[probe.into()], Setup::new())?;
    let started = exam.await_any_probe(&run)?;
    let source = format!("a connection from the probe of `{}` while rootfs/proc is a link to itself", run.command);
    exam.check("nothing-started", &Evidence::plain(Yes(started), source), &is(Yes(false)))
        .because_if(!mounted, "proc-not-mounted")
        .because("mount-errors-ignored");
    let Some(end) = run.wait(exam.finish_patience())? else {
        return Err(Trouble::runtime("runtime-hangs", "the runtime ends", "it waits without a /proc"));
    };
    let status = Evidence::plain(end.shell_status(), format!("waitid of `{}`", run.command));
    exam.check("status", &status, &is_not(0)).because("failure-reported-as-success");
    Ok(())
}

/// An image decides what its files are: a link in the place of a mount point must not lead the mount to a path of the
/// host. Following it inside is right, so is refusing it.
fn image_links_stay_inside(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let mounted = has_proc(&container);
    drop(container);
    exam.bed.clear()?;
    // The same path on the host and in the rootfs: whoever resolves it on the host finds a directory there.
    let target = format!("/{}", exam.lot.word(9));
    for directory in [PathBuf::from(&target), exam.bed.rootfs().join(&target[1..])] {
        exam.own(directory.display());
        fs::create_dir(&directory).context(format!("mkdir {}", directory.display()))?;
    }
    let replaced = Replaced::new(exam)?;
    symlink(&target, &replaced.point).context(format!("link rootfs/proc to {target}"))?;
    let landed = match exam.start() {
        Ok(container) => {
            let (inside, seen) = (has_proc(&container), container.mounts()?);
            seen.map(|_| if inside { "inside" } else { "elsewhere" }.to_owned())
        }
        Err(trouble) if trouble.is("command-not-started") => {
            Evidence::plain("refused".to_owned(), "the runtime ended, and no probe connected")
        }
        Err(trouble) => return Err(trouble),
    };
    let expected = Expect::that("inside, or refused", |landed: &String| landed != "elsewhere");
    exam.check("mount-lands-inside", &landed, &expected)
        .because_if(!mounted, "proc-not-mounted")
        .because("image-link-followed");
    exam.bed.clear()?;
    drop(replaced);
    let _ = fs::remove_dir(exam.bed.rootfs().join(&target[1..]));
    Ok(())
}

/// A sysfs shows the network namespace of whoever mounted it. The host's one, bound in, lists the host's interfaces.
fn sysfs_of_own_network(exam: &mut Exam) -> Result<(), Trouble> {
    let (name, peer) = (format!("c{}", exam.lot.word(8)), format!("d{}", exam.lot.word(8)));
    exam.own(&name);
    exam.own(&peer);
    let host = Rtnetlink::here()?;
    host.add_veth(&name, &peer, None)?;
    // The twin: the host's own sysfs shows it.
    let there = format!("/sys/class/net/{name}");
    fs::symlink_metadata(&there).context(format!("see {there} on the host"))?;
    let container = exam.start()?;
    let pid = container.pid();
    let shared = container.namespace(Namespace::Net)?.value == exam.bed.namespace(Namespace::Net)?.value;
    let sysfs = container.host().file_system(pid, "root/sys").is_ok_and(|magic| magic == SYSFS);
    let names = if sysfs { container.host().names(pid, "root/sys/class/net")? } else { Vec::new() };
    let source = format!("/proc/{pid}/root/sys/class/net, searched for {name} of the host");
    let seen: List = names.iter().filter(|seen| **seen == name).cloned().collect();
    exam.check("host-interface-hidden", &Evidence::read(seen, source, names.join(" ")), &is(List(Vec::new())))
        .because_if(shared, "network-namespace-not-new")
        .because("sysfs-of-another-network");
    if let Some(link) = host.link(&name)? {
        host.delete_link(link.index)?;
    }
    Ok(())
}

/// Parts of /proc are no process's but the whole machine's: its memory, its keys, its timers, its magic keys.
fn proc_masked(exam: &mut Exam) -> Result<(), Trouble> {
    const MACHINE: [(&str, &str); 4] = [("kcore", "r"), ("keys", "r"), ("timer_list", "r"), ("sysrq-trigger", "w")];
    // The twin: on the host they are there. Opening alone reads and triggers nothing.
    let there: Vec<_> = MACHINE.into_iter().filter(|(name, _)| Path::new("/proc").join(name).exists()).collect();
    if there.is_empty() {
        return Err(Error::new("this kernel has none of the files that are to be masked").into());
    }
    let container = exam.start()?;
    let (pid, host, proc) = (container.pid(), container.host(), has_proc(&container));
    let mut exposed = List(if proc { Vec::new() } else { vec!["no /proc".to_owned()] });
    for (name, how) in there {
        // Something mounted over it is another file system, and shows what that holds.
        let bare = host.file_system(pid, &format!("root/proc/{name}")).is_ok_and(|magic| magic == PROC);
        if bare && container.ask(&format!("open {how}"), format!("/proc/{name}").as_bytes())?.errno() == Some(0) {
            exposed.0.push(format!("{name} ({how})"));
        }
    }
    let source = format!("statfs /proc/{pid}/root/proc/*, open(2) of each in the container");
    exam.check("nothing-exposed", &Evidence::plain(exposed, source), &is(List(Vec::new())))
        .because_if(!proc, "proc-not-mounted")
        .because("proc-not-masked");
    Ok(())
}

/// Most settings in /proc/sys are the machine's, whoever sets them: a core pattern is a program that the host runs.
fn proc_sys_read_only(exam: &mut Exam) -> Result<(), Trouble> {
    const SETTINGS: [&str; 3] = ["kernel/core_pattern", "kernel/modprobe", "vm/drop_caches"];
    let there = |name: &&str| Path::new("/proc/sys").join(name).exists();
    let settings: Vec<_> = SETTINGS.into_iter().filter(there).collect();
    // The twin: the host may open it for writing. Nothing is written.
    let first = settings.first().ok_or_else(|| Error::new("/proc/sys has none of the settings that are looked at"))?;
    File::options().write(true).open(format!("/proc/sys/{first}")).context(format!("open /proc/sys/{first}"))?;
    let container = exam.start()?;
    let proc = has_proc(&container);
    let mut writable = List(if proc { Vec::new() } else { vec!["no /proc".to_owned()] });
    for name in settings {
        if let Answer::Done(..) = container.ask("open w", format!("/proc/sys/{name}").as_bytes())? {
            writable.0.push(name.to_owned());
        }
    }
    let mounts = container.mounts()?;
    let below = mounts.value.iter().filter(|mount| mount.at.starts_with("/proc")).map(ToString::to_string);
    let text = below.collect::<Vec<_>>().join("\n");
    let source = format!("open(2) for writing in the container; /proc/{}/mountinfo", container.pid());
    exam.check("no-writable-setting", &Evidence::read(writable, source, text), &is(List(Vec::new())))
        .because_if(!proc, "proc-not-mounted")
        .because("proc-sys-writable");
    Ok(())
}
