//! Step 4 of the workshop: a cable between host and container.

use crate::scenario;
use boxproof_harness::container::{Answer, Container};
use boxproof_harness::error::{Context, Error, Result};
use boxproof_harness::evidence::Evidence;
use boxproof_harness::expect::{List, Yes, is};
use boxproof_harness::netlink::{Link, NetnsRef, Rtnetlink};
use boxproof_harness::result::Tier::Core;
use boxproof_harness::scenario::{Exam, Scenario, Trouble};
use boxproof_harness::terms::Parameters;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[scenario(
    "veth-netcat",
    "4",
    Core,
    &[
        "peer-left-host",
        "peer-in-container",
        "paired",
        "both-up",
        "line-arrives",
        "packets-crossed",
        "way-back",
        "pair-goes-together",
    ],
    veth_netcat,
)];

/// One end on the host, one in the container, and a line sent with netcat arrives.
fn veth_netcat(exam: &mut Exam) -> Result<(), Trouble> {
    let Parameters { host_address, container_address, prefix, .. } = exam.parameters();
    let container = exam.start()?;
    let host = exam.bed.netlink()?;
    // 4-1: the pair, and one end of it moved into the container.
    exam.own("veth-host");
    exam.own("veth-child");
    host.add_veth("veth-host", "veth-child", None)?;
    let child = find(&host, "veth-child")?;
    host.move_to(child.index, NetnsRef::Pid(container.pid().unsigned_abs()))?;
    let names: List = host.links()?.into_iter().map(|link| link.name).filter(|name| name.starts_with("veth")).collect();
    let names = Evidence::plain(names, "RTM_GETLINK on the host: veth*");
    exam.check("peer-left-host", &names, &is(["veth-host"].into_iter().collect())).because("network-namespace-not-new");

    let inside = container.netlink()?;
    let there = inside.link("veth-child")?;
    let source = format!("RTM_GETLINK in the network namespace of pid {}", container.pid());
    let present = Evidence::plain(Yes(there.is_some()), format!("{source}: veth-child"));
    exam.check("peer-in-container", &present, &is(Yes(true))).because("network-namespace-not-new");
    let Some(there) = there else { return Ok(()) };
    let here = find(&host, "veth-host")?;
    let paired = here.link == Some(there.index) && there.link == Some(here.index);
    let text = format!("host {} ↔ peer {:?}, container {} ↔ peer {:?}", here.index, here.link, there.index, there.link);
    exam.check("paired", &Evidence::read(Yes(paired), "IFLA_LINK on both sides", text), &is(Yes(true)));

    // 4-2 and 4-3: addresses, and up.
    host.add_address(here.index, host_address, prefix)?;
    host.set_up(here.index)?;
    inside.add_address(there.index, container_address, prefix)?;
    inside.set_up(there.index)?;
    if let Some(lo) = inside.link("lo")? {
        inside.set_up(lo.index)?;
    }
    let states = both_up(exam, &host, &inside)?;
    exam.check("both-up", &states, &is("UP, UP".to_owned()));
    if let Ok((_, printed)) = container.run_inside(&["/bin/sh", "-c", "ip addr show veth-child"]) {
        exam.note("ip addr show veth-child", &printed);
    }

    line_arrives(exam, &container, &host)?;
    way_back(exam, &container, "way-back", host_address, container_address)?;

    // The cable is gone when one end is.
    host.delete_link(find(&host, "veth-host")?.index)?;
    let left = inside.link("veth-child")?.is_some();
    exam.check(
        "pair-goes-together",
        &Evidence::plain(Yes(!left), format!("{source}: veth-child is gone")),
        &is(Yes(true)),
    );
    container.finish(0, exam.finish_patience())?;
    Ok(())
}

pub(crate) fn find(netlink: &Rtnetlink, name: &str) -> Result<Link> {
    netlink.link(name)?.ok_or_else(|| Error::new(format!("there is no {name}")))
}

/// The kernel tells the two ends of their carrier one after the other.
fn both_up(exam: &Exam, host: &Rtnetlink, inside: &Rtnetlink) -> Result<Evidence<String>> {
    let mut watch = exam.watch_for(Duration::from_secs(3));
    loop {
        let states = format!("{}, {}", find(host, "veth-host")?.operstate, find(inside, "veth-child")?.operstate);
        if states == "UP, UP" || !watch.again() {
            return Ok(Evidence::plain(states, "IFLA_OPERSTATE of veth-host, veth-child"));
        }
    }
}

/// `nc -l -p 8080` in the container, `echo LINE | nc 10.0.0.2 8080` on the host.
fn line_arrives(exam: &mut Exam, container: &Container, host: &Rtnetlink) -> Result<(), Trouble> {
    let Parameters { container_address, port, .. } = exam.parameters();
    let line = format!("Hello {} inside Namespace!", exam.lot.word(12));
    match container.ask("spawn", ["/bin/sh", "-c", &format!("exec nc -l -p {port}")].join("\0").as_bytes())? {
        Answer::Done(..) => {}
        Answer::Refused(libc::ENOENT, reason) => {
            return Err(Error::new(format!("the rootfs has no /bin/sh: {reason}")).into());
        }
        Answer::Refused(_, reason) => {
            return Err(Trouble::runtime("container-refuses", "nc starts in the container", reason));
        }
        Answer::Gone => {
            return Err(Trouble::runtime("container-gone", "the container lives", "it ended when nc was started"));
        }
    }
    if !listens(exam, container, port)? {
        let why = format!("nc in the container does not listen on port {port}: has the rootfs an nc that takes -l -p?");
        return Err(Error::new(why).into());
    }
    let segments = || container.host().tcp_segments(container.pid());
    let (before, segments_before) = (find(host, "veth-host")?, segments()?);
    let patience = exam.patience(Duration::from_secs(5));
    let sent =
        TcpStream::connect_timeout(&SocketAddr::from((container_address, port)), patience).and_then(|mut stream| {
            stream.write_all(format!("{line}\n").as_bytes())?;
            stream.shutdown(std::net::Shutdown::Write)
        });
    let wanted = line.clone();
    let arrived = container
        .run
        .stdout
        .wait_until(patience, move |bytes| bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes()));
    let observed = match (arrived, sent) {
        (true, _) => line.clone(),
        (false, Ok(())) => "nothing".to_owned(),
        (false, Err(error)) => error.to_string(),
    };
    let source = format!("stdout of `{}`, where nc in the container writes what it receives", container.run.command);
    // Something in between keeps what is printed: the payload's stdout is not the runtime's.
    let stdout = |pid: i32| container.host().link(pid, "fd/1").map(|link| link.value).ok();
    let between =
        stdout(container.pid()).is_some_and(|inside| stdout(container.run.pid()).is_some_and(|own| own != inside));
    let kept = observed == "nothing" && between;
    exam.check("line-arrives", &Evidence::plain(observed, source), &is(line))
        .because_if(kept, "output-buffered")
        .because("line-not-printed");
    let (after, segments_after) = (find(host, "veth-host")?, segments()?);
    // The kernel's own IPv6 multicasts are packets, too; the container's TCP is sent nothing else.
    let crossed = after.tx_packets > before.tx_packets
        && after.rx_packets > before.rx_packets
        && segments_after > segments_before;
    let source = format!("IFLA_STATS64 of veth-host, and Tcp: InSegs of /proc/{}/net/snmp", container.pid());
    let text = format!(
        "tx {} → {}, rx {} → {}, InSegs {segments_before} → {segments_after}",
        before.tx_packets, after.tx_packets, before.rx_packets, after.rx_packets
    );
    exam.check("packets-crossed", &Evidence::read(Yes(crossed), source, text), &is(Yes(true)));
    Ok(())
}

/// Whether a socket listens on `port` in the container's network namespace.
fn listens(exam: &Exam, container: &Container, port: u16) -> Result<bool> {
    let mut watch = exam.watch_for(Duration::from_secs(3));
    let listening = |table: &str| {
        // `local_address` is hexadecimal ADDRESS:PORT, `st` 0A is TCP_LISTEN.
        table.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.get(1).is_some_and(|local| local.ends_with(&format!(":{port:04X}"))) && words.get(3) == Some(&"0A")
        })
    };
    loop {
        let tables =
            ["net/tcp", "net/tcp6"].map(|name| container.host().text(container.pid(), name).unwrap_or_default());
        if tables.iter().any(|table| listening(table)) {
            return Ok(true);
        }
        if !watch.again() {
            return Ok(false);
        }
    }
}

/// The container calls, the host answers: the host sees the container's address and nobody else's.
pub(crate) fn way_back(
    exam: &mut Exam,
    container: &Container,
    check: &'static str,
    host: Ipv4Addr,
    own: Ipv4Addr,
) -> Result<(), Trouble> {
    let patience = exam.patience(Duration::from_secs(5));
    let (question, answer) = (exam.lot.word(16), exam.lot.word(16));
    let listener = TcpListener::bind((host, 0)).context(format!("listen on {host}"))?;
    let port = listener.local_addr().context("the port of a listening socket")?.port();
    let reply = answer.clone();
    let server = std::thread::spawn(move || {
        let (mut stream, peer) = listener.accept()?;
        stream.set_read_timeout(Some(patience))?;
        let mut heard = String::new();
        stream.read_to_string(&mut heard)?;
        stream.write_all(reply.as_bytes())?;
        Ok::<_, std::io::Error>((heard, peer.ip()))
    });
    let returned = container.ask(&format!("tcp {host} {port}"), question.as_bytes())?;
    let observed = match returned {
        Answer::Done(_, back) => match server.join() {
            Ok(Ok((heard, peer))) => format!("{heard} from {peer}, {}", String::from_utf8_lossy(&back)),
            _ => "the host heard nothing".to_owned(),
        },
        // The server still waits in accept; one connection of our own lets its thread end.
        Answer::Refused(_, reason) => {
            drop(TcpStream::connect_timeout(&SocketAddr::V4(SocketAddrV4::new(host, port)), patience));
            reason
        }
        Answer::Gone => {
            return Err(Trouble::runtime("container-gone", "the container lives", "it ended while calling the host"));
        }
    };
    let source = format!("accept(2) on {host}:{port} on the host, and what the container got back");
    exam.check(check, &Evidence::plain(observed, source), &is(format!("{question} from {own}, {answer}")))
        .because("no-way-back");
    Ok(())
}
