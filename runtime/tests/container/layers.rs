//! Images of several layers, and what lies over them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use rstest::rstest;

use crate::bed::{Bed, stderr};

/// A layer above the rootfs, with these files.
fn layer(bed: &Bed, name: &str, files: &[(&str, &str)]) -> PathBuf {
    let layer = bed.directory.path().join(name);
    for (path, contents) in files {
        let path = layer.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    fs::create_dir_all(&layer).unwrap();
    layer
}

fn run(bed: &Bed, layers: &[&Path], options: &[&str], script: &str) -> Output {
    let mut words = vec!["--image".to_owned(), "rootfs".into()];
    words.extend(layers.iter().flat_map(|layer| ["--image".to_owned(), layer.to_str().unwrap().into()]));
    words.extend(options.iter().map(|word| (*word).to_owned()));
    words.extend(["sh".into(), "-c".into(), script.into()]);
    bed.run(&words)
}

fn printed(output: &Output) -> String {
    assert_eq!(stderr(output), "");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn upper_layers_hide_lower_ones() {
    let Some(bed) = Bed::new() else { return };
    let first = layer(&bed, "first", &[("x", "1"), ("y", "1"), ("gone", "1")]);
    let second = layer(&bed, "second", &[("y", "2")]);
    mknod(&second.join("gone"), SFlag::S_IFCHR, Mode::empty(), makedev(0, 0)).unwrap();
    let output = run(&bed, &[&first, &second], &[], "cat /x /y; ls / | busybox grep -c gone; true");
    assert_eq!(printed(&output), "120\n");
}

#[test]
fn what_is_written_is_thrown_away_and_never_reaches_a_layer() {
    let Some(bed) = Bed::new() else { return };
    let first = layer(&bed, "first", &[("x", "1")]);
    let before = bed.traces();
    assert_eq!(printed(&run(&bed, &[&first], &[], "echo 2 >/x; echo new >/new; cat /x /new")), "2\nnew\n");
    assert_eq!(bed.traces(), before);
    assert_eq!(fs::read_to_string(first.join("x")).unwrap(), "1");
    assert_eq!(printed(&run(&bed, &[&first], &[], "cat /x; ls / | busybox grep -c new; true")), "10\n");
}

#[test]
fn what_is_written_can_be_kept() {
    let Some(bed) = Bed::new() else { return };
    let options = ["--keep", "kept"];
    assert_eq!(printed(&run(&bed, &[], &options, "echo here >/note; busybox rm /bin/yes")), "");
    assert_eq!(printed(&run(&bed, &[], &options, "cat /note; ls /bin | busybox grep -c yes; true")), "here\n0\n");
    assert!(bed.rootfs().join("bin/yes").is_symlink());
    let held = bed.hold(&["--image", "rootfs", "--keep", "kept"], "read line");
    let output = run(&bed, &[], &options, "true");
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains("kept is written by another container"), "{}", stderr(&output));
    held.finish();
}

#[rstest]
fn any_name_will_do(#[values("a b", "a:b,c", "back\\slash", "quo\"te", "層")] name: &str) {
    let Some(bed) = Bed::new() else { return };
    let odd = layer(&bed, name, &[("x", "1")]);
    let keep = format!("--keep={name} kept");
    assert_eq!(
        printed(&run(&bed, &[&odd], &[&keep], "cat /x; busybox grep -c rootfs /proc/self/mountinfo; true")),
        "10\n"
    );
}

#[test]
fn there_may_be_many() {
    let Some(bed) = Bed::new() else { return };
    let layers: Vec<PathBuf> =
        (0..200).map(|n| layer(&bed, &format!("a layer with a long name, {n}"), &[("x", &n.to_string())])).collect();
    let layers: Vec<&Path> = layers.iter().map(PathBuf::as_path).collect();
    assert_eq!(printed(&run(&bed, &layers, &[], "cat /x")), "199");
}

#[test]
fn the_root_can_be_read_only_and_have_places_that_are_not() {
    let Some(bed) = Bed::new() else { return };
    let script = "echo 1 >/x; echo 2 >/tmp/x; cat /tmp/x; stat -fc '%b' /tmp";
    let output = bed.run(&["--read-only", "--tmpfs", "/tmp:4M", "sh", "-c", script]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2\n1024\n");
    assert!(stderr(&output).contains("Read-only file system"), "{}", stderr(&output));
    assert!(!bed.rootfs().join("x").exists());
}
