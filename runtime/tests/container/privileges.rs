//! What the command may do: little, unless it is asked for.

use rstest::rstest;

use crate::bed::{Bed, stderr};

/// Capabilities that Docker leaves, in bits.
const DEFAULT: &str = "00000000a80425fb";
const NONE: &str = "0000000000000000";

fn status(bed: &Bed, options: &[&str], field: &str) -> String {
    let output = bed.run(&[options, &["cat", "/proc/self/status"]].concat());
    assert_eq!(stderr(&output), "");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{field}:")));
    line.unwrap_or_else(|| panic!("{field} in {text}")).split_once(':').unwrap().1.trim().to_owned()
}

#[rstest]
#[case("CapBnd", DEFAULT)]
#[case("CapEff", DEFAULT)]
#[case("CapPrm", DEFAULT)]
#[case("CapInh", NONE)]
#[case("CapAmb", NONE)]
#[case("NoNewPrivs", "1")]
#[case("Groups", "")]
#[case("Seccomp", "2")]
fn little_is_granted(#[case] field: &str, #[case] value: &str) {
    let Some(bed) = Bed::new() else { return };
    assert_eq!(status(&bed, &[], field), value);
}

#[rstest]
#[case(&["--cap-drop", "ALL"], NONE)]
#[case(&["--cap-drop", "ALL", "--cap-add", "NET_RAW"], "0000000000002000")]
#[case(&["--cap-drop", "cap_net_raw"], "00000000a80405fb")]
#[case(&["--cap-add", "SYS_TIME"], "00000000aa0425fb")]
fn sets_can_be_chosen(#[case] options: &[&str], #[case] value: &str) {
    let Some(bed) = Bed::new() else { return };
    for field in ["CapBnd", "CapEff", "CapPrm"] {
        assert_eq!(status(&bed, options, field), value, "{field}");
    }
}

#[test]
fn a_user_is_the_images_and_holds_nothing() {
    let Some(bed) = Bed::new() else { return };
    // Not every name in the world is written in UTF-8.
    std::fs::write(bed.rootfs().join("etc/passwd"), b"jos:x:6:6:Jos\xe9::\nann:x:7:8::/home/ann:/bin/sh\n").unwrap();
    assert_eq!(status(&bed, &["--user", "ann"], "Uid"), "7\t7\t7\t7");
    assert_eq!(status(&bed, &["--user", "ann"], "Gid"), "8\t8\t8\t8");
    assert_eq!(status(&bed, &["--user", "1234:99"], "Gid"), "99\t99\t99\t99");
    assert_eq!(status(&bed, &["--user", "ann"], "CapEff"), NONE);
    let output = bed.run(&["--user", "ann", "sh", "-c", "echo $HOME"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "/home/ann\n");
    // The host has such a user, the image has not.
    let output = bed.run(&["--user", "root:daemon", "true"]);
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains("in the image's /etc/"), "{}", stderr(&output));
}

/// With the capability that the kernel asks for it is the filter alone that refuses; without a filter nothing does.
#[rstest]
#[case("busybox unshare -m true")]
#[case("busybox mount -t tmpfs x /tmp")]
fn calls_are_filtered(#[case] script: &str) {
    let Some(bed) = Bed::new() else { return };
    assert_ne!(bed.run(&["sh", "-c", script]).status.code(), Some(0));
    let free = ["--cap-add", "SYS_ADMIN", "--seccomp", "unconfined", "sh", "-c", script];
    let output = bed.run(&free);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(status(&bed, &["--seccomp", "unconfined"], "Seccomp"), "0");
}

#[test]
fn limits_are_set() {
    let Some(bed) = Bed::new() else { return };
    let output = bed.run(&["--rlimit", "nofile=64:128", "sh", "-c", "ulimit -n; ulimit -Hn"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "64\n128\n");
}
