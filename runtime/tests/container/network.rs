//! `lo`, and the cable to the host.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};

use nix::sched::{CloneFlags, setns};
use rstest::rstest;

use crate::bed::{Bed, stderr};

/// Does something in the host's place: a thread may be in another network namespace than its process.
fn on_the_host<T: Send>(bed: &Bed, action: impl FnOnce() -> T + Send) -> T {
    let namespace = File::open(format!("/proc/{}/ns/net", bed.holder().pid)).unwrap();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            action()
        });
        thread.join().unwrap()
    })
}

#[test]
fn a_lone_loopback_which_works() {
    let Some(bed) = Bed::new() else { return };
    let held = bed.hold(&[], "read line");
    assert_eq!(held.payload.dev_status().unwrap().into_keys().collect::<Vec<_>>(), ["lo"]);
    assert!(bed.sh("ping -c 1 127.0.0.1").contains("1 packets received"));
}

#[test]
fn a_cable_carries_both_ways_from_the_first_packet() {
    let Some(bed) = Bed::new() else { return };
    let nonce = format!("nonce {}", std::process::id());
    let options = ["--network", "veth,host=cable-host,name=cable-in,address=172.16.9.2/28,gateway=172.16.9.14"];
    let script = "read line; echo $line | nc 172.16.9.14 8099; nc -l -p 8098 -e echo back";
    let mut held = bed.hold(&options, script);
    assert_eq!(bed.links(), ["cable-host", "lo"]);
    let mut inside: Vec<_> = held.payload.dev_status().unwrap().into_keys().collect();
    inside.sort();
    assert_eq!(inside, ["cable-in", "lo"]);

    let listener = on_the_host(&bed, || TcpListener::bind("172.16.9.14:8099").unwrap());
    held.tell(&nonce);
    let (stream, from) = listener.accept().unwrap();
    assert_eq!(from.ip().to_string(), "172.16.9.2");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert_eq!(line.trim_end(), nonce);

    // Until nc listens, the container refuses.
    let stream =
        on_the_host(&bed, || std::iter::repeat_with(|| TcpStream::connect("172.16.9.2:8098")).find_map(Result::ok));
    let mut line = String::new();
    BufReader::new(stream.unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "back\n");
    held.finish();
    assert_eq!(bed.links(), ["lo"]);
}

#[test]
fn the_default_route_leads_to_the_host() {
    let Some(bed) = Bed::new() else { return };
    let output = bed.run(&["--network", "veth", "cat", "/proc/net/route"]);
    let text = String::from_utf8(output.stdout).unwrap();
    // Destination 0.0.0.0 by 10.0.0.1, in the kernel's byte order.
    assert!(text.lines().any(|line| line.starts_with("veth-child\t00000000\t0100000A\t")), "{text}");
}

#[test]
fn the_cable_is_ready_when_the_command_starts() {
    let Some(bed) = Bed::new() else { return };
    for _ in 0..10 {
        let output = bed.run(&["--network", "veth", "ping", "-c", "1", "-W", "1", "10.0.0.1"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[rstest]
#[case(&["absent"], 127)]
#[case(&["--workdir", "/absent", "true"], 125)]
#[case(&["true"], 0)]
#[case(&["sh", "-c", "exit 3"], 3)]
fn no_end_of_the_cable_is_left(#[case] command: &[&str], #[case] status: i32) {
    let Some(bed) = Bed::new() else { return };
    let before = bed.traces();
    let output = bed.run(&[&["--network", "veth"], command].concat());
    assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
    assert_eq!(bed.traces(), before);
}

#[test]
fn a_name_that_is_taken_is_left_alone() {
    let Some(bed) = Bed::new() else { return };
    let first = bed.hold(&["--network", "veth"], "read line");
    let before = bed.traces();
    let second = bed.run(&["--network", "veth", "true"]);
    let message = stderr(&second);
    assert_eq!(second.status.code(), Some(125));
    assert!(message.contains("create veth-host: EEXIST") && message.contains("host=NAME"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert_eq!(bed.traces(), before);
    let third = ["--network", "veth,host=veth-2,address=10.0.1.2/24,gateway=10.0.1.1", "ping", "-c", "1", "10.0.1.1"];
    assert!(bed.run(&third).status.success());
    first.finish();
    assert_eq!(bed.links(), ["lo"]);
}
