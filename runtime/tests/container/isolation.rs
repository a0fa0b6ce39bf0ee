//! What the container is, and what it cannot see.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use procfs::process::{MountInfo, Process};
use rstest::rstest;

use crate::bed::{Bed, copy_program};

#[test]
fn the_first_process_is_pid_one() {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold(&[], "read line");
    let status = held.payload.status().unwrap();
    assert_eq!(status.nspid, Some(vec![held.payload.pid, 1]));
    assert_eq!(bed.sh("echo $$"), "1\n");
    assert_eq!(held.finish(), Some(1));
}

#[test]
fn every_namespace_is_its_own() {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold(&[], "read line");
    let inodes = |process: &Process| -> BTreeMap<_, _> {
        let namespaces = process.namespaces().unwrap().0;
        namespaces.into_iter().map(|(name, namespace)| (name.into_string().unwrap(), namespace.identifier)).collect()
    };
    let (inside, outside) = (inodes(&held.payload), inodes(&bed.holder()));
    for name in ["uts", "pid", "mnt", "net", "ipc", "cgroup"] {
        assert_ne!(inside[name], outside[name], "{name}");
    }
    assert_eq!(inside["user"], outside["user"], "there is no user namespace yet");
}

#[test]
fn proc_shows_only_the_container() {
    let Some(bed) = Bed::new() else { return };
    assert_eq!(bed.sh("echo /proc/[0-9]*"), "/proc/1\n");
}

#[test]
fn the_root_is_the_rootfs_and_the_host_is_gone() {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold(&[], "read line");
    let place = |path: std::path::PathBuf| path.metadata().map(|data| (data.dev(), data.ino())).unwrap();
    let proc = std::path::PathBuf::from(format!("/proc/{}", held.payload.pid));
    assert_eq!(place(proc.join("root")), place(bed.rootfs()));
    assert_eq!(place(proc.join("cwd")), place(bed.rootfs()));
    // After chroot alone, mounts of the host would still be listed by whoever enters the namespace.
    let own = ["/", "/proc", "/sys", "/dev", "/etc"];
    for mount in held.payload.mountinfo().unwrap() {
        let point = mount.mount_point.to_str().unwrap();
        assert!(own.iter().any(|own| point == *own || point.starts_with(&format!("{own}/"))), "{mount:?}");
        assert!(mount.opt_fields.is_empty(), "tied to other mounts: {mount:?}");
    }
    assert_eq!(bed.sh("cd ..; echo *"), "bin dev etc proc sys tmp usr\n");
}

#[rstest]
#[case("/proc", "proc", &["rw", "nosuid", "nodev", "noexec"])]
#[case("/proc/sys", "proc", &["ro", "nosuid", "nodev", "noexec"])]
#[case("/sys", "sysfs", &["ro", "nosuid", "nodev", "noexec"])]
#[case("/dev", "tmpfs", &["rw", "nosuid", "noexec"])]
#[case("/dev/pts", "devpts", &["rw", "nosuid", "noexec"])]
#[case("/dev/shm", "tmpfs", &["rw", "nosuid", "nodev", "noexec"])]
fn mounts_have_their_flags(#[case] point: &str, #[case] kind: &str, #[case] flags: &[&str]) {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold(&[], "read line");
    let mounts: Vec<MountInfo> = held.payload.mountinfo().unwrap().into_iter().collect();
    let mount = mounts.iter().rfind(|mount| mount.mount_point.to_str() == Some(point)).unwrap();
    assert_eq!(mount.fs_type, kind);
    for flag in flags {
        assert!(mount.mount_options.contains_key(*flag), "{flag} in {mount:?}");
    }
}

#[rstest]
#[case("null", "1:3")]
#[case("zero", "1:5")]
#[case("full", "1:7")]
#[case("random", "1:8")]
#[case("urandom", "1:9")]
#[case("tty", "5:0")]
fn devices_are_devices_and_open_to_all(#[case] name: &str, #[case] number: &str) {
    let Some(bed) = Bed::new() else { return };
    assert_eq!(bed.sh(&format!("stat -c '%F %t:%T %a' /dev/{name}")), format!("character special file {number} 666\n"));
}

#[test]
fn dev_holds_nothing_else() {
    let Some(bed) = Bed::new() else { return };
    let names = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero";
    assert_eq!(bed.sh("cd /dev; echo *"), format!("{names}\n"));
    assert_eq!(bed.sh("cat /dev/ptmx & kill $!; stat -Lc %a /dev/ptmx; stat -c %a /dev/shm"), "666\n1777\n");
}

#[test]
fn the_kernels_switches_cannot_be_thrown() {
    let Some(bed) = Bed::new() else { return };
    let script = "for file in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger; do
        test ! -e $file || ( : >$file ) 2>/dev/null && test -e $file && echo $file; done; true";
    assert_eq!(bed.sh(script), "");
    assert_eq!(bed.sh("cat /proc/keys /proc/timer_list 2>/dev/null | wc -c"), "0\n");
}

#[test]
fn the_hostname_is_the_containers() {
    let Some(bed) = Bed::new() else { return };
    let ours = || nix::unistd::gethostname().unwrap();
    let before = ours();
    let output = bed.run(&["--hostname", "box-7.example", "cat", "/proc/sys/kernel/hostname", "/etc/hostname"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "box-7.example\nbox-7.example\n");
    assert_eq!(ours(), before);
    assert_ne!(bed.sh("cat /proc/sys/kernel/hostname"), bed.sh("cat /proc/sys/kernel/hostname"));
    assert!(bed.sh("cat /etc/hosts; cat /proc/sys/kernel/hostname").lines().count() == 4);
    let image = std::fs::read_to_string(bed.rootfs().join("etc/hosts")).unwrap();
    assert_eq!(image, "the image's\n", "the image's own file is untouched");
}

#[test]
fn the_cgroup_namespace_begins_at_the_container() {
    let Some(bed) = Bed::new() else { return };
    assert!(bed.sh("cat /proc/self/cgroup").lines().all(|line| line.ends_with(":/")));
}

/// The caller's descriptor 7 is the host's `/`. What an image calls `true` is looked up when it is closed already
/// (CVE-2024-21626).
#[test]
fn the_command_is_not_found_through_a_descriptor() {
    let Some(bed) = Bed::new() else { return };
    let outside = bed.directory.path().join("true");
    copy_program("/bin/busybox", &outside);
    let link = bed.rootfs().join("bin/true");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(format!("/proc/self/fd/7{}", outside.display()), &link).unwrap();
    assert_eq!(bed.run(&["true"]).status.code(), Some(127));
}
