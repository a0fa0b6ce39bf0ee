//! cgroup v2. What is tried depends on the machine, as what is offered does: with its controllers the limits are read
//! back from the kernel, without them the refusal is.

use std::fs;
use std::path::{Path, PathBuf};

use rstest::rstest;

use crate::bed::{Bed, stderr};

pub fn root() -> Option<PathBuf> {
    let places = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(PathBuf::from);
    places.into_iter().find(|place| place.join("cgroup.controllers").exists())
}

/// Can this machine limit by `controller`?
pub fn offered(controller: &str) -> bool {
    let words = root().and_then(|root| fs::read_to_string(root.join("cgroup.controllers")).ok()).unwrap_or_default();
    words.split_whitespace().any(|word| word == controller)
}

#[rstest]
#[case("memory", &["--memory", "52M"], &[("memory.max", "54525952"), ("memory.oom.group", "1")])]
#[case("cpu", &["--cpus", "0.25"], &[("cpu.max", "25000 100000")])]
#[case("pids", &["--pids", "17"], &[("pids.max", "17")])]
fn limits_are_in_force_or_refused(#[case] controller: &str, #[case] option: &[&str], #[case] files: &[(&str, &str)]) {
    let Some(bed) = Bed::new() else { return };
    let before = bed.traces();
    if !offered(controller) {
        let output = bed.run(&[option, &["true"]].concat());
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(125), "{message}");
        assert!(message.contains("cgroup v2") && message.lines().count() == 1, "{message}");
        assert_eq!(bed.traces(), before);
        return;
    }
    let held = bed.hold(option, "read line");
    let group = group_of(held.payload.pid);
    for (file, value) in files {
        assert_eq!(fs::read_to_string(group.join(file)).unwrap().trim(), *value, "{file}");
    }
    if controller == "memory" && group.join("memory.swap.max").exists() {
        assert_eq!(fs::read_to_string(group.join("memory.swap.max")).unwrap().trim(), "0");
    }
    held.finish();
    assert!(!group.exists());
}

#[test]
fn without_a_limit_there_is_no_group() {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold(&[], "read line");
    let [own, container] = ["self".to_owned(), held.payload.pid.to_string()]
        .map(|pid| fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap());
    assert_eq!(container, own, "the container stays where its caller is");
    held.finish();
}

#[test]
fn every_limited_container_has_a_group_that_goes_with_it() {
    let Some(bed) = Bed::new() else { return };
    if !offered("pids") {
        return;
    }
    let [one, two] = [(); 2].map(|()| bed.hold(&["--pids", "17"], "read line"));
    let groups = [&one, &two].map(|held| group_of(held.payload.pid));
    assert_ne!(groups[0], groups[1]);
    for (held, group) in [one, two].into_iter().zip(groups) {
        let members = fs::read_to_string(group.join("cgroup.procs")).unwrap();
        assert_eq!(members, format!("{}\n", held.payload.pid), "the container's processes and nobody else");
        held.finish();
        assert!(!group.exists());
    }
}

fn group_of(pid: i32) -> PathBuf {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let path = text.lines().find_map(|line| line.strip_prefix("0::/")).unwrap();
    Path::new(&root().unwrap()).join(path)
}
