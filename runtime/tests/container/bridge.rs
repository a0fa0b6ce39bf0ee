//! Containers on one bridge. These need nft(8); without it they say so.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::bed::{Bed, stderr};

fn bed() -> Option<Bed> {
    if Command::new("nft").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("not tried, because it needs nft: apt-get install nftables");
        return None;
    }
    let bed = Bed::new()?;
    let up = bed.enter(&["ip", "link", "set", "lo", "up"]).status().unwrap();
    assert!(up.success());
    Some(bed)
}

/// All that a bridge could leave: links, rules, and whether packets are forwarded.
fn network(bed: &Bed) -> (Vec<String>, String, String) {
    let print = |words: &[&str]| String::from_utf8(bed.enter(words).output().unwrap().stdout).unwrap();
    (bed.links(), print(&["nft", "list", "ruleset"]), print(&["cat", "/proc/sys/net/ipv4/ip_forward"]))
}

#[test]
fn neighbours_find_each_other_by_name() {
    let Some(bed) = bed() else { return };
    let before = network(&bed);
    let first = bed.hold(&["--network", "bridge", "--hostname", "first"], "read line");
    let words = ["--network", "bridge", "--hostname", "second", "sh", "-c"];
    let script = "ping -c1 -W5 first && ping -c1 -W5 10.77.0.1 && cat /etc/hosts";
    let output = bed.run(&[&words[..], &[script]].concat());
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("10.77.0.2\tfirst\n10.77.0.3\tsecond\n"), "{printed}");
    first.finish();
    assert_eq!(network(&bed), before);
}

#[test]
fn a_published_port_leads_in() {
    let Some(bed) = bed() else { return };
    let options = ["--network", "bridge,name=br7,subnet=10.99.0.0/28", "--publish", "8080:80"];
    let server = bed.hold(&options, "echo answer | nc -l -p 80; read line");
    let ask = "until /bin/busybox nc -w 5 10.99.0.1 8080; do /bin/busybox usleep 10000; done";
    let mut client = bed.enter(&["/bin/busybox", "timeout", "20", "sh", "-c", ask]);
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // Held open: nc at the other end would leave at the end of it, with or without having answered.
    let stdin = client.stdin.take();
    let output = client.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "answer\n");
    let taken = ["--network", "bridge,name=br7,subnet=10.99.0.0/28", "--publish", "8080:81", "true"];
    assert!(stderr(&bed.run(&taken)).contains("has that name or that port already"));
    server.finish();
}

/// Two networks would both have rules for it.
#[test]
fn a_port_of_the_hosts_leads_to_one_network() {
    let Some(bed) = bed() else { return };
    let before = network(&bed);
    let first = bed.hold(&["--network", "bridge,name=br1,subnet=10.98.0.0/28", "--publish", "8080:80"], "read line");
    let second = |publish| bed.run(&["--network", "bridge,name=br2,subnet=10.98.1.0/28", "--publish", publish, "true"]);
    let output = second("8080:81");
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains("tcp port 8080 leads to 10.98.0.2 already"), "{}", stderr(&output));
    assert_eq!(second("8080:81/udp").status.code(), Some(0));
    first.finish();
    assert_eq!(network(&bed), before);
}

/// With more rules than a pipe holds.
#[test]
fn what_nft_says_is_passed_on() {
    let Some(bed) = bed() else { return };
    let bin = bed.directory.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("nft"), "#!/bin/sh\necho enough >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(bin.join("nft"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut words = vec!["--network".to_owned(), "bridge,name=br3,subnet=10.98.2.0/28".into()];
    words.extend((1..800).flat_map(|port| ["--publish".to_owned(), format!("{port}:{port}")]));
    words.push("true".into());
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = bed.command(&words).env("PATH", path).stdin(Stdio::null()).output().unwrap();
    assert!(stderr(&output).contains("nft has refused the rules: enough"), "{}", stderr(&output));
}

/// Forwarding is a matter of all networks.
#[test]
fn who_ends_first_does_not_cut_off_the_others() {
    let Some(bed) = bed() else { return };
    let forwarding = "/proc/sys/net/ipv4/ip_forward";
    assert!(bed.enter(&["sh", "-c", &format!("echo 0 >{forwarding}")]).status().unwrap().success());
    let before = network(&bed);
    let first = bed.hold(&["--network", "bridge,name=br1,subnet=10.98.0.0/28"], "read line");
    let second = bed.hold(&["--network", "bridge,name=br2,subnet=10.98.1.0/28"], "read line");
    first.finish();
    assert_eq!(network(&bed).2, "1\n");
    second.finish();
    assert_eq!(network(&bed), before);
}

#[test]
fn many_come_and_go_at_once() {
    let Some(bed) = bed() else { return };
    let before = network(&bed);
    let script = "busybox ip -4 -o addr show eth0 | busybox awk '{print $4}'; read line";
    let words = ["--network", "bridge", "sh", "-c", script];
    let start = |_| bed.command(&words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let runtimes: Vec<_> = (0..12).map(start).collect();
    let mut addresses: Vec<String> = runtimes
        .into_iter()
        .map(|mut runtime| {
            use std::io::{BufRead, BufReader};
            let mut line = String::new();
            BufReader::new(runtime.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
            (runtime, line)
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(mut runtime, line)| {
            drop(runtime.stdin.take());
            runtime.wait().unwrap();
            line
        })
        .collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 12, "{addresses:?}");
    assert_eq!(network(&bed), before);
}

#[test]
fn what_belongs_to_others_is_left_alone() {
    let Some(bed) = bed() else { return };
    let made = bed.enter(&["ip", "link", "add", "mycontainer0", "type", "bridge"]).status().unwrap();
    assert!(made.success());
    let before = network(&bed);
    let output = bed.run(&["--network", "bridge", "true"]);
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains("it is not mycontainer's"), "{}", stderr(&output));
    assert!(stderr(&bed.run(&["--network", "bridge,name=br1,subnet=127.0.0.0/8", "true"])).contains("clashes with"));
    assert_eq!(network(&bed), before);
}
