//! Steps 1 and 2-2 of the workshop: a root file system, and living in it.

use crate::scenario;
use boxproof_harness::container::Container;
use boxproof_harness::error::{Context, Error};
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::policy::Policy;
use boxproof_harness::result::Tier::{Core, Robust};
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use std::fs;
use std::path::PathBuf;

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario(
        "rootfs-is-root",
        "2-2",
        Core,
        &["root-directory", "working-directory", "host-files-hidden"],
        rootfs_is_root,
    ),
    scenario("old-root-detached", "2-2", Robust, &["namespace-without-host-files"], old_root_detached),
    scenario("missing-rootfs-refused", "1", Robust, &["nothing-started", "status"], missing_rootfs_refused),
    scenario("rootfs-path-odd", "1", Robust, &["root-directory"], rootfs_path_odd),
    scenario("submounts-carried", "2-2", Robust, &["seen-inside", "still-mounted"], submounts_carried),
    scenario("image-without-programs", "1", Robust, &["loopback-as-before", "proc-as-before"], image_without_programs),
    scenario("devices-usable", "2-2", Robust, &["device-numbers", "null-swallows"], devices_usable),
    scenario("sysfs-read-only", "2-2", Robust, &["no-writable-sysfs"], sysfs_read_only),
];

/// The container's root directory is rootfs/, it works inside, and the host's files are out of sight.
fn rootfs_is_root(exam: &mut Exam) -> Result<(), Trouble> {
    exam.show("ls /");
    let canary = exam.plant("seen by the host only\n")?;
    let rootfs = exam.rootfs_identity()?;
    let host_root = exam.bed.host().place(exam.bed.init_pid(), "root")?.value.ino;
    let container = exam.start_anywhere(Setup::new())?;
    let root = container.root()?;
    let on_host_root = root.value.ino == host_root;
    let at_rootfs =
        Expect::that(rootfs.to_string(), move |place: &boxproof_harness::evidence::IdPath| place.ino == rootfs);
    exam.check("root-directory", &root, &at_rootfs)
        .because_if(on_host_root, "root-not-changed")
        .because("root-elsewhere");
    let inside = container.host().works_below(container.pid(), root.value.ino)?;
    let pivoted = root.value.text == "/";
    exam.check("working-directory", &inside, &is(Yes(true)))
        .because_if(on_host_root, "root-not-changed")
        .because_if(pivoted, "working-directory-kept")
        .because("chdir-forgotten");
    let sees = container.host().sees(container.pid(), &canary)?;
    exam.check("host-files-hidden", &sees, &is(Yes(false))).because("root-not-changed");
    container.finish(0, exam.finish_patience())?;
    Ok(())
}

/// chroot only changes where a process starts looking; the host's tree stays in its mount namespace. pivot_root and
/// detaching the old root take it away for good.
fn old_root_detached(exam: &mut Exam) -> Result<(), Trouble> {
    let canary = exam.plant("seen by the host only\n")?;
    let container = exam.start()?;
    let (looked_for, host) = (canary.clone(), container.host().clone());
    // From the namespace's own root, and below every mount point: a pivoted root that was never let go lies somewhere.
    let seen = container.inside(Namespace::Mnt, move || {
        let mounts = host.own_mounts()?;
        let places = std::iter::once(String::new()).chain(mounts.into_iter().map(|mount| mount.at));
        Ok::<List, Error>(
            places
                .map(|at| format!("{}{looked_for}", at.trim_end_matches('/')))
                .filter(|path| fs::metadata(path).is_ok())
                .collect(),
        )
    })??;
    let same = container.namespace(Namespace::Mnt)?.value == exam.bed.namespace(Namespace::Mnt)?.value;
    let chrooted = container.host().link(container.pid(), "root")?.value != "/";
    let source = format!("stat {canary} below each mount after setns to /proc/{}/ns/mnt", container.pid());
    let found = seen.0.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<List>();
    exam.check("namespace-without-host-files", &Evidence::plain(found, source), &is(List(Vec::new())))
        .because_if(same, "mount-namespace-not-new")
        .because_if(chrooted, "chroot-without-pivot-root")
        .because("old-root-still-mounted");
    Ok(())
}

/// Without a rootfs there is nothing to run in: the program must say so, not run the command on the host.
fn missing_rootfs_refused(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: with its rootfs the same command starts.
    drop(exam.start()?);
    exam.bed.clear()?;
    let decoy = exam.hide_rootfs()?;
    let run = exam.call(&[decoy.into()], Setup::new())?;
    let started = exam.await_any_probe(&run)?;
    let started = Evidence::plain(Yes(started), "a connection to the socket on the host's root");
    exam.check("nothing-started", &started, &is(Yes(false))).because("chroot-unchecked");
    let Some(end) = run.wait(exam.finish_patience())? else {
        return Err(Trouble::runtime("runtime-hangs", "the runtime ends", "it waits without a rootfs"));
    };
    let status = Evidence::plain(end.shell_status(), format!("waitid of `{}`", run.command));
    exam.check("status", &status, &is_not(0)).because("failure-reported-as-success");
    Ok(())
}

/// A directory may be called anything: blanks, commas and colons mean something to shells and to mount options only.
fn rootfs_path_odd(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: under a plain name it works.
    drop(exam.start()?);
    exam.bed.clear()?;
    let name = format!("my {},{}:{}", exam.lot.word(4), exam.lot.word(4), exam.lot.word(4));
    let plain = exam.move_work(&name)?;
    let rootfs = exam.rootfs_identity()?;
    let container = exam.start_anywhere(Setup::new()).map_err(|trouble| trouble.because("rootfs-path-cut"))?;
    let at_rootfs =
        Expect::that(rootfs.to_string(), move |place: &boxproof_harness::evidence::IdPath| place.ino == rootfs);
    exam.check("root-directory", &container.root()?, &at_rootfs).because("rootfs-path-cut");
    drop(container);
    exam.bed.clear()?;
    if let Some(name) = plain.file_name() {
        exam.move_work(&name.to_string_lossy())?;
    }
    Ok(())
}

/// What is mounted below rootfs/, a volume for instance, is part of the container; and stays the host's afterwards.
fn submounts_carried(exam: &mut Exam) -> Result<(), Trouble> {
    let (name, file) = (exam.lot.word(8), exam.lot.word(8));
    let volume = exam.mounted(exam.bed.rootfs().join(&name), &file)?;
    let container = exam.start()?;
    let sees = container.host().sees(container.pid(), &format!("/{name}/{file}"))?;
    exam.check("seen-inside", &sees, &is(Yes(true))).because("bind-not-recursive");
    container.finish(0, exam.finish_patience())?;
    exam.bed.clear()?;
    let source = format!("stat rootfs/{name}/{file} on the host, after the container");
    let there = Evidence::plain(Yes(volume.is_mounted(&file)), source);
    exam.check("still-mounted", &there, &is(Yes(true))).because("host-mounts-taken-away");
    Ok(())
}

/// Directories of the image, taken out of it until this is dropped.
struct TakenOut {
    image: PathBuf,
    away: PathBuf,
    names: Vec<&'static str>,
}

impl TakenOut {
    fn programs(exam: &mut Exam) -> Result<TakenOut, Error> {
        const PROGRAMS: [&str; 5] = ["bin", "sbin", "usr", "lib", "lib64"];
        let image = exam.bed.rootfs();
        // Beside them: a runtime that leaves a mount on the image parts it from everything else.
        let away = image.join(exam.lot.word(9));
        exam.own(away.display());
        exam.remove_probe()?;
        fs::create_dir(&away).context(format!("mkdir {}", away.display()))?;
        let mut taken = TakenOut { image, away, names: Vec::new() };
        for name in PROGRAMS {
            match fs::rename(taken.image.join(name), taken.away.join(name)) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                other => {
                    other.context(format!("take {name} out of the image"))?;
                    taken.names.push(name);
                }
            }
        }
        // The command itself lies where programs do.
        exam.place_probe()?;
        Ok(taken)
    }
}

impl Drop for TakenOut {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = fs::rename(self.away.join(name), self.image.join(name));
        }
        let _ = fs::remove_dir(&self.away);
    }
}

/// An image need not hold more than the command: what sets the container up comes with the runtime.
fn image_without_programs(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: what there is with the whole image.
    let before = surroundings(&exam.start()?)?;
    exam.bed.clear()?;
    let taken = TakenOut::programs(exam)?;
    let needed = |trouble: Trouble| match trouble.is("command-not-started") {
        true => trouble.because("needs-programs-of-the-image").unless_declared(Policy::NeedsImagePrograms),
        false => trouble.because("needs-programs-of-the-image"),
    };
    let container = exam.start().map_err(needed)?;
    let after = surroundings(&container)?;
    let source = format!("RTM_GETLINK in the network namespace of pid {}", container.pid());
    exam.check("loopback-as-before", &Evidence::plain(after.0, source), &is(before.0))
        .because("needs-programs-of-the-image");
    let source = format!("/proc/{}/mountinfo", container.pid());
    exam.check("proc-as-before", &Evidence::plain(after.1, source), &is(before.1))
        .because("needs-programs-of-the-image");
    container.finish(0, exam.finish_patience())?;
    drop((container, taken));
    Ok(())
}

/// How lo is, and what is mounted on /proc.
fn surroundings(container: &Container) -> Result<(String, String), Error> {
    let lo = container.netlink()?.link("lo")?;
    let up = if lo.is_some_and(|lo| lo.up) { "lo is up" } else { "lo is down" };
    let proc = container.mounts()?.value.into_iter().rfind(|mount| mount.at == "/proc").map(|mount| mount.kind);
    Ok((up.to_owned(), proc.unwrap_or_else(|| "nothing".to_owned())))
}

/// Programs expect a few devices: a `/dev/null` that is a plain file grows, and keeps what it should forget.
fn devices_usable(exam: &mut Exam) -> Result<(), Trouble> {
    const EXPECTED: [(&str, u64, u64); 5] =
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9)];
    let container = exam.start()?;
    let host = container.host();
    let found: List = EXPECTED
        .iter()
        .map(|(name, ..)| match host.stat(container.pid(), &format!("root/dev/{name}")) {
            Ok(stat) if stat.st_mode & libc::S_IFMT == libc::S_IFCHR => {
                format!("{name} {}:{}", libc::major(stat.st_rdev), libc::minor(stat.st_rdev))
            }
            Ok(stat) => format!("{name} is no device (mode {:o})", stat.st_mode),
            Err(_) => format!("{name} is missing"),
        })
        .collect();
    let missing = found.0.iter().any(|item| item.ends_with("missing"));
    let expected: List = EXPECTED.iter().map(|(name, major, minor)| format!("{name} {major}:{minor}")).collect();
    let source = format!("stat /proc/{}/root/dev/*", container.pid());
    exam.check("device-numbers", &Evidence::plain(found, source), &is(expected))
        .because_if(missing, "dev-without-nodes")
        .because("dev-node-is-no-device");
    exam.own(exam.bed.rootfs().join("dev/null").display());
    let (errno, size) = match container.ask("write", b"/dev/null\0swallowed")? {
        boxproof_harness::container::Answer::Done(..) => (0, host.stat(container.pid(), "root/dev/null")?.st_size),
        boxproof_harness::container::Answer::Refused(errno, _) => (errno, 0),
        boxproof_harness::container::Answer::Gone => return Err(Error::new("the probe ended while writing").into()),
    };
    let forbidden = errno == libc::EACCES;
    let written = format!("errno {errno}, size {size}");
    let source = format!("write to /dev/null, then stat /proc/{}/root/dev/null", container.pid());
    exam.check("null-swallows", &Evidence::plain(written, source), &is("errno 0, size 0".to_owned()))
        .because_if(forbidden && !missing, "dev-mounted-nodev")
        .because("dev-node-is-no-device");
    Ok(())
}

/// A sysfs in the container shows the machine's own devices: it must not be writable.
fn sysfs_read_only(exam: &mut Exam) -> Result<(), Trouble> {
    let container = exam.start()?;
    let mounts = container.mounts()?;
    let writable = mounts.map(|mounts| {
        let sysfs = mounts
            .into_iter()
            .filter(|mount| mount.kind == "sysfs" && mount.options.iter().any(|option| option == "rw"));
        sysfs.map(|mount| mount.at).collect::<List>()
    });
    exam.check("no-writable-sysfs", &writable, &is(List(Vec::new()))).because("sysfs-writable");
    Ok(())
}
