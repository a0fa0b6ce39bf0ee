use std::process::Command;

use tempfile::tempdir;

use super::*;
use crate::tree::Kind;

#[test]
fn a_named_directory_is_checked() {
    let directory = tempdir().unwrap();
    let reason = |path: &Path| RootfsSource::find(Some(path), None).unwrap_err().to_string();
    assert!(reason(&directory.path().join("gone")).contains("there is no such directory"));
    assert!(reason(directory.path()).contains("it is empty"));
    let file = directory.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(reason(&file).contains("it is not a directory. Give a directory"));
    let source = RootfsSource::find(Some(directory.path()), None).unwrap();
    assert_eq!(source.description(), format!("directory {}", directory.path().canonicalize().unwrap().display()));
    assert_eq!(source.tree().unwrap().len(), 1);
}

#[test]
fn rootfs_beside_the_program_comes_before_anything_else_unless_empty() {
    let directory = tempdir().unwrap();
    fs::create_dir(directory.path().join("rootfs")).unwrap();
    let empty = RootfsSource::find(None, Some(directory.path())).unwrap();
    assert!(!empty.description().starts_with("directory "), "{}", empty.description());
    fs::write(directory.path().join("rootfs/marker"), "x").unwrap();
    let source = RootfsSource::find(None, Some(directory.path())).unwrap();
    assert!(source.description().ends_with("/rootfs"), "{}", source.description());
}

#[test]
fn busybox_makes_what_the_workshop_needs() {
    let source = RootfsSource::busybox().unwrap();
    assert!(source.description().starts_with("busybox 1."), "{}", source.description());
    let tree = source.tree().unwrap();
    assert_eq!(lacking(&tree), Vec::<&str>::new());
    assert_eq!(tree.get("tmp").unwrap().mode, 0o1777);
    assert!(matches!(tree.resolve("/bin/sh").unwrap().kind, Kind::File(_)));
    for path in ["proc", "sys", "dev", "run", "var/tmp", "root", "home", "mnt", "usr/bin", "etc/os-release"] {
        assert!(tree.get(path).is_some(), "{path}");
    }
    assert!(tree.get("linuxrc").is_none() && tree.get("sbin/init").is_none());
}

#[test]
fn what_is_missing_is_said() {
    let mut tree = Tree::new();
    tree.file("usr/sbin/ip", 0o755, "").unwrap();
    tree.symlink("bin/sh", "/bin/busybox").unwrap();
    assert_eq!(lacking(&tree), ["sh", "ps", "nc"]);
}

/// The workshop's own commands, in the root file system itself and in a network of its own.
#[test]
fn the_workshops_commands_run_in_it() {
    if !nix::unistd::geteuid().is_root() {
        println!("not tried: chroot needs root");
        return;
    }
    let root = tempdir().unwrap();
    RootfsSource::busybox().unwrap().tree().unwrap().write_to(root.path()).unwrap();
    let script = r#"
        set -e
        mount -t proc proc /proc
        [ -c /dev/null ] || echo "no devices"
        mknod /dev/null c 1 3 # for the shell's background commands
        echo "pid $$"
        ps | grep -q ' sh -c' && echo ps
        ip link | grep -q 'lo: <LOOPBACK>' && echo ip
        ip link set lo up
        nc -l -p 8080 > /tmp/received &
        until grep -q ':1F90 .* 0A ' /proc/net/tcp /proc/net/tcp6; do :; done
        echo "Hello to Container inside Namespace!" | nc 127.0.0.1 8080
        wait; cat /tmp/received
        awk 'BEGIN { print "awk" }'; seq 3 | tail -n 1
    "#;
    let output = Command::new("timeout")
        .args(["60", "unshare", "--net", "--pid", "--fork", "--mount", "--kill-child", "chroot"])
        .arg(root.path())
        .args(["/bin/sh", "-c", script])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        ["no devices", "pid 1", "ps", "ip", "Hello to Container inside Namespace!", "awk", "3"],
        "{output:?}"
    );
}

/// Nothing is pulled: a client that has no image is passed over.
#[test]
fn an_image_is_used_when_a_client_has_one() {
    match image::local() {
        None => println!("not tried: neither podman nor docker have alpine here"),
        Some(image) => {
            let tree = image.tree().unwrap();
            assert_eq!(lacking(&tree), Vec::<&str>::new(), "{}", image.description());
        }
    }
}
