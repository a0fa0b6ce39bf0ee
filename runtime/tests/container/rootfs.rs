//! Images as they come: with odd names, with links in awkward places, with things missing.

use std::fs;
use std::os::unix::fs::symlink;

use rstest::rstest;

use crate::bed::{Bed, make_rootfs, stderr};

#[rstest]
#[case("root fs")]
#[case("a:b,c=d")]
#[case("quote\"s'\\040")]
#[case("容器")]
#[case("--rootfs")]
fn any_name_will_do(#[case] name: &str) {
    let Some(bed) = Bed::new() else { return };
    fs::rename(bed.rootfs(), bed.directory.path().join(name)).unwrap();
    let output = bed.run(&[&format!("--rootfs=./{name}"), "echo", "inside"]);
    assert_eq!((output.stdout.as_slice(), stderr(&output).as_str()), (&b"inside\n"[..], ""));
}

#[test]
fn a_link_to_the_rootfs_will_do() {
    let Some(bed) = Bed::new() else { return };
    fs::rename(bed.rootfs(), bed.directory.path().join("image")).unwrap();
    symlink("image", bed.rootfs()).unwrap();
    assert_eq!(bed.sh("echo inside"), "inside\n");
}

#[test]
fn what_is_mounted_in_the_rootfs_comes_along() {
    let Some(bed) = Bed::new() else { return };
    let volume = bed.rootfs().join("tmp");
    let mount = ["/bin/busybox", "mount", "-t", "tmpfs", "volume", volume.to_str().unwrap()];
    assert!(bed.enter(&mount).status().unwrap().success());
    assert_eq!(bed.sh("stat -fc %T /tmp"), "tmpfs\n");
}

/// Links of the image mean places in the image. Followed on the host, the mounts would land on the host's directories.
#[rstest]
fn links_in_place_of_mount_points_stay_inside(#[values("proc", "sys", "dev")] name: &str) {
    let Some(bed) = Bed::new() else { return };
    let outside = bed.directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir(bed.rootfs().join(name)).unwrap();
    symlink(&outside, bed.rootfs().join(name)).unwrap();
    let before = bed.traces();
    // There is no such directory in the image.
    let output = bed.run(&["true"]);
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains(&format!("/{name} in the rootfs: ENOENT")), "{}", stderr(&output));
    assert_eq!(bed.traces(), before);
    // Now there is, and it is the one that is used.
    let inside = bed.rootfs().join(outside.strip_prefix("/").unwrap());
    fs::create_dir_all(&inside).unwrap();
    assert!(bed.sh(&format!("echo /{name}/*")).split(' ').count() > 5);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn links_upwards_end_at_the_root() {
    let Some(bed) = Bed::new() else { return };
    fs::remove_dir(bed.rootfs().join("proc")).unwrap();
    symlink("../../../../usr/local", bed.rootfs().join("proc")).unwrap();
    assert_eq!(bed.sh("cat /usr/local/1/comm"), "cat\n");
}

#[test]
fn missing_mount_points_are_made_and_nothing_else() {
    let Some(bed) = Bed::new() else { return };
    for name in ["proc", "sys", "dev", "etc/hosts", "etc/hostname"] {
        let path = bed.rootfs().join(name);
        if path.is_dir() { fs::remove_dir(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    assert_eq!(bed.sh("test -e /proc/1 && test -c /dev/null && test -d /sys/class && echo all"), "all\n");
    assert_eq!(fs::read_dir(bed.rootfs().join("etc")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(bed.rootfs().join("dev")).unwrap().count(), 0);
}

#[test]
fn a_container_leaves_the_host_as_it_was() {
    let Some(bed) = Bed::new() else { return };
    let before = bed.traces();
    bed.sh("ps");
    bed.run(&["absent"]);
    bed.run(&["--workdir", "/absent", "true"]);
    assert_eq!(bed.traces(), before);
}

#[test]
fn a_volume_is_the_hosts_directory() {
    let Some(bed) = Bed::new() else { return };
    let volume = bed.directory.path().join("volume");
    fs::create_dir_all(volume.join("below")).unwrap();
    fs::write(volume.join("file"), "from the host\n").unwrap();
    let below = volume.join("below");
    let mount = ["/bin/busybox", "mount", "-t", "tmpfs", "below", below.to_str().unwrap()];
    assert!(bed.enter(&mount).status().unwrap().success());
    let source = volume.to_str().unwrap();
    let script = "cat /deep/down/file; echo back > /deep/down/other; stat -fc %T /deep/down/below";
    let output = bed.run(&["--volume", &format!("{source}:/deep/down"), "sh", "-c", script]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "from the host\ntmpfs\n", "{}", stderr(&output));
    assert_eq!(fs::read_to_string(volume.join("other")).unwrap(), "back\n");
    // Read-only is read-only down to the last mount.
    let script = "for file in /v/file /v/new /v/below/new; do (echo changed > $file) 2> /dev/null && echo $file; done";
    let output = bed.run(&["--volume", &format!("{source}:/v:ro"), "sh", "-c", script]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{}", stderr(&output));
}

/// A link of the image means a place in the image, for a volume too.
#[test]
fn a_volume_does_not_follow_a_link_out_of_the_image() {
    let Some(bed) = Bed::new() else { return };
    let (volume, outside) = (bed.directory.path().join("volume"), bed.directory.path().join("outside"));
    fs::create_dir(&volume).unwrap();
    fs::write(volume.join("file"), "").unwrap();
    fs::create_dir(&outside).unwrap();
    symlink(&outside, bed.rootfs().join("data")).unwrap();
    let before = bed.traces();
    let option = format!("{}:/data", volume.display());
    let output = bed.run(&["--volume", &option, "true"]);
    assert!(stderr(&output).contains("/data in the rootfs: ENOENT"), "{}", stderr(&output));
    assert_eq!(bed.traces(), before);
    fs::create_dir_all(bed.rootfs().join(outside.strip_prefix("/").unwrap())).unwrap();
    assert_eq!(bed.run(&["--volume", &option, "ls", "/data"]).stdout, b"file\n");
}

#[test]
fn many_at_once_do_not_meet() {
    let Some(bed) = Bed::new() else { return };
    let before = bed.traces();
    let held: Vec<_> = (0..8).map(|_| bed.hold(&[], "read line; exit 6")).collect();
    let pids: std::collections::BTreeSet<_> = held.iter().map(|held| held.payload.pid).collect();
    assert_eq!(pids.len(), 8);
    for held in held {
        assert_eq!(held.finish(), Some(6));
    }
    assert_eq!(bed.traces(), before);
}

#[test]
fn a_second_image_is_another_container() {
    let Some(bed) = Bed::new() else { return };
    let second = bed.directory.path().join("second");
    make_rootfs(&second);
    fs::write(second.join("tmp/mark"), "two").unwrap();
    let output = bed.run(&["--rootfs", second.to_str().unwrap(), "cat", "/tmp/mark"]);
    assert_eq!(output.stdout, b"two");
}
