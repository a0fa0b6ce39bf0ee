//! Everything here happens in network namespaces of its own; the machine's network is never touched.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::geteuid;

use super::*;

/// Runs a test on a thread in a fresh network namespace, which vanishes with the thread. An unprivileged user cannot
/// have one on a thread alone (`unshare(CLONE_NEWUSER)` refuses a process with several threads), so there the test says
/// that it tried nothing.
fn in_new_netns(test: impl FnOnce() + Send + 'static) {
    if !geteuid().is_root() {
        println!("not tried: a network namespace on a thread needs root");
        return;
    }
    thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("unshare network namespace");
        test();
    })
    .join()
    .expect("the test's thread");
}

/// A second namespace, kept alive by its descriptor, and a client in it.
fn second_netns() -> (File, Rtnetlink) {
    thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("unshare network namespace");
        (File::open("/proc/thread-self/ns/net").expect("open netns"), Rtnetlink::here().expect("open rtnetlink"))
    })
    .join()
    .expect("the namespace's thread")
}

fn named(client: &Rtnetlink, name: &str) -> Link {
    client.link(name).expect("list links").unwrap_or_else(|| panic!("no link {name}"))
}

/// The operational state follows the flags asynchronously (net/core/link_watch.c).
fn until_up(client: &Rtnetlink, name: &str) -> Link {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let link = named(client, name);
        if link.operstate == OperState::Up || Instant::now() > deadline {
            return link;
        }
        thread::yield_now();
    }
}

#[test]
fn a_new_namespace_holds_a_lone_loopback_that_is_down() {
    in_new_netns(|| {
        let client = Rtnetlink::here().unwrap();
        let links = client.links().unwrap();
        let lo = links.iter().find(|link| link.loopback).expect("lo");
        assert_eq!((lo.index, lo.name.as_str(), lo.up, lo.mtu), (1, "lo", false, 65536));
        assert_eq!(lo.kind, None);
        assert_eq!(lo.mac_text(), "00:00:00:00:00:00");
        assert!(client.addresses().unwrap().is_empty());
        assert!(client.routes().unwrap().is_empty());

        client.set_up(lo.index).unwrap();
        assert!(named(&client, "lo").up);
        let addresses: Vec<_> = client.addresses().unwrap().iter().map(ToString::to_string).collect();
        assert!(addresses.contains(&"127.0.0.1/8".to_owned()), "{addresses:?}");
        client.set_down(lo.index).unwrap();
        assert!(!named(&client, "lo").up);
    });
}

#[test]
fn a_veth_moved_away_is_known_by_its_index_and_namespace_from_both_sides() {
    in_new_netns(|| {
        let host = Rtnetlink::here().unwrap();
        let (child_ns, child) = second_netns();
        assert_eq!(host.netns_id(NetnsRef::Fd(child_ns.as_fd())).unwrap(), None);

        host.add_veth("veth-host", "veth-child", None).unwrap();
        let near = named(&host, "veth-host");
        let far = named(&host, "veth-child");
        assert_eq!(near.kind.as_deref(), Some("veth"));
        assert_eq!((near.link, near.link_netnsid), (Some(far.index), None));
        assert_eq!(far.link, Some(near.index));

        host.move_to(far.index, NetnsRef::Fd(child_ns.as_fd())).unwrap();
        assert_eq!(host.link("veth-child").unwrap(), None);
        let far = named(&child, "veth-child");
        let near = named(&host, "veth-host");
        assert_eq!((near.link, far.link), (Some(far.index), Some(near.index)));
        assert!(near.link_netnsid.is_some());
        assert_eq!(near.link_netnsid, host.netns_id(NetnsRef::Fd(child_ns.as_fd())).unwrap());

        host.delete_link(near.index).unwrap();
        assert_eq!(child.link("veth-child").unwrap(), None);
    });
}

#[test]
fn a_peer_can_be_born_in_the_namespace_of_a_pid() {
    in_new_netns(|| {
        let host = Rtnetlink::here().unwrap();
        let (stop, stopped) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let other = thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            tell.send((nix::unistd::gettid().as_raw().unsigned_abs(), Rtnetlink::here().unwrap())).unwrap();
            let _ = stopped.recv();
        });
        let (tid, child) = told.recv().unwrap();
        host.add_veth("outer", "inner", Some(NetnsRef::Pid(tid))).unwrap();
        assert_eq!(host.link("inner").unwrap(), None);
        assert_eq!(named(&child, "inner").link, Some(named(&host, "outer").index));
        assert_eq!(host.netns_id(NetnsRef::Pid(tid)).unwrap(), named(&host, "outer").link_netnsid);
        drop(stop);
        other.join().unwrap();
    });
}

#[test]
fn packets_pass_and_are_counted_once_both_ends_are_up() {
    in_new_netns(|| {
        let host = Rtnetlink::here().unwrap();
        let (child_ns, child) = second_netns();
        host.add_veth("veth-host", "veth-child", Some(NetnsRef::Fd(child_ns.as_fd()))).unwrap();
        let near = named(&host, "veth-host");
        let far = named(&child, "veth-child");
        assert_eq!(near.operstate, OperState::Down);
        host.add_address(near.index, Ipv4Addr::new(10, 0, 0, 1), 24).unwrap();
        child.add_address(far.index, Ipv4Addr::new(10, 0, 0, 2), 24).unwrap();
        host.set_up(near.index).unwrap();
        assert!(!named(&host, "veth-host").lower_up, "the other end is still down");
        child.set_up(far.index).unwrap();
        child.add_default_route(Ipv4Addr::new(10, 0, 0, 1)).unwrap();

        let up = until_up(&host, "veth-host");
        assert!(up.up && up.lower_up && up.running, "{up:?}");
        assert_eq!(until_up(&child, "veth-child").operstate.to_string(), "UP");
        let routes = child.routes().unwrap();
        let default = routes.iter().find(|route| route.is_default()).expect("default route");
        assert_eq!(default.gateway, Some(Ipv4Addr::new(10, 0, 0, 1).into()));
        assert_eq!((default.oif, default.table), (Some(far.index), 254));
        assert!(
            routes.iter().any(|route| route.prefix == 24 && route.source == Some(Ipv4Addr::new(10, 0, 0, 2).into()))
        );

        let listener = thread::spawn(move || {
            setns(&child_ns, CloneFlags::CLONE_NEWNET).unwrap();
            TcpListener::bind((Ipv4Addr::new(10, 0, 0, 2), 0)).unwrap()
        })
        .join()
        .unwrap();
        TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let after = named(&host, "veth-host");
        assert!(after.tx_packets > near.tx_packets && after.rx_packets > near.rx_packets, "{after:?}");
        let neighbours = host.neighbours().unwrap();
        let seen = neighbours.iter().find(|entry| entry.address == Ipv4Addr::new(10, 0, 0, 2)).expect("ARP entry");
        assert!(seen.valid && !seen.failed);
        assert_eq!(seen.mac.as_ref(), Some(&far.mac));
    });
}

#[test]
fn a_bridge_is_the_master_of_its_ports() {
    in_new_netns(|| {
        let client = Rtnetlink::here().unwrap();
        if let Err(error) = client.add_bridge("br0") {
            assert_eq!(error.errno(), Some(Errno::EOPNOTSUPP), "{error}");
            println!("not tried: this kernel has no bridges ({error})");
            return;
        }
        client.add_veth("a", "b", None).unwrap();
        let (bridge, port) = (named(&client, "br0"), named(&client, "a"));
        assert_eq!(bridge.kind.as_deref(), Some("bridge"));
        client.set_master(port.index, Some(bridge.index)).unwrap();
        assert_eq!(named(&client, "a").master, Some(bridge.index));
        client.set_master(port.index, None).unwrap();
        assert_eq!(named(&client, "a").master, None);
    });
}

#[test]
fn a_link_can_be_renamed() {
    in_new_netns(|| {
        let client = Rtnetlink::here().unwrap();
        client.add_veth("before", "peer", None).unwrap();
        let index = named(&client, "before").index;
        client.rename(index, "after").unwrap();
        assert_eq!(named(&client, "after").index, index);
    });
}

#[test]
fn hundreds_of_links_are_listed_across_datagrams() {
    in_new_netns(|| {
        let client = Rtnetlink::here().unwrap();
        let before = client.links().unwrap().len();
        for number in 0..150 {
            client.add_veth(&format!("a{number}"), &format!("b{number}"), None).unwrap();
        }
        assert_eq!(client.links().unwrap().len(), before + 300);
    });
}

#[test]
fn errors_name_operation_object_and_number() {
    in_new_netns(|| {
        let client = Rtnetlink::here().unwrap();
        client.add_veth("veth-host", "veth-child", None).unwrap();
        let again = client.add_veth("veth-host", "veth-child", None).unwrap_err();
        assert_eq!(again.errno(), Some(Errno::EEXIST));
        assert_eq!(again.to_string(), "create veth veth-host/veth-child: EEXIST: File exists");
        assert_eq!(client.set_up(4711).unwrap_err().to_string(), "set link 4711 up: ENODEV: No such device");
        let gone = client.move_to(1, NetnsRef::Pid(u32::MAX >> 2)).unwrap_err();
        assert_eq!(gone.errno(), Some(Errno::ESRCH), "{gone}");
        let unreachable = client.add_default_route(Ipv4Addr::new(10, 0, 0, 1)).unwrap_err();
        assert_eq!(unreachable.errno(), Some(Errno::ENETUNREACH));
        assert_eq!(
            unreachable.to_string(),
            "add default route via 10.0.0.1: ENETUNREACH: Network is unreachable (Nexthop has invalid gateway)"
        );
        // After a refusal the client goes on as before.
        assert!(client.link("veth-host").unwrap().is_some());
    });
}

#[test]
fn the_client_keeps_its_namespace_and_moves_between_threads() {
    in_new_netns(|| {
        let client = Rtnetlink::here().unwrap();
        client.add_veth("mine", "yours", None).unwrap();
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        assert_eq!(Rtnetlink::here().unwrap().link("mine").unwrap(), None);
        thread::spawn(move || assert!(client.link("mine").unwrap().is_some())).join().unwrap();
    });
}
