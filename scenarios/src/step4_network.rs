//! Step 4 of the workshop, done by the runtime itself: the cable to the host that it offers as an option.

use crate::step2_namespaces::{fresh_namespace, names};
use crate::step4_veth::way_back;
use crate::step5_files::{Seen, report};
use crate::{scenario, step5_files};
use boxproof_harness::container::Container;
use boxproof_harness::error::Result;
use boxproof_harness::evidence::{Evidence, Namespace};
use boxproof_harness::expect::{Expect, List, Yes, is, is_not};
use boxproof_harness::manifest::Offer;
use boxproof_harness::netlink::{Address, Link, OperState, Rtnetlink};
use boxproof_harness::result::Tier::Robust;
use boxproof_harness::scenario::{Exam, Scenario, Setup, Trouble};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) const SCENARIOS: &[Scenario] = &[
    offered(scenario(
        "network-option",
        "4",
        Robust,
        &["linked", "end-is-up", "address", "default-route", "host-address", "host-end-is-up", "way-in", "way-back"],
        network_option,
    )),
    offered(scenario("network-ready-at-start", "4", Robust, &["ready-at-first-look"], network_ready_at_start)),
    offered(scenario(
        "networks-apart",
        "4",
        Robust,
        &["addresses-differ", "hardware-addresses-differ", "outlives-the-other", "still-reaches-the-host"],
        networks_apart,
    )),
    offered(scenario(
        "network-no-residue",
        "4",
        Robust,
        &["after-success", "after-failure", "without-rootfs"],
        network_no_residue,
    )),
];

const fn offered(scenario: Scenario) -> Scenario {
    Scenario { offers: Some(Offer::Network), ..scenario }
}

/// What a container's network is asked to be. A runtime that cannot be told chooses by itself.
struct Asked {
    address: String,
    gateway: Ipv4Addr,
    link: String,
}

impl Asked {
    /// Neither the workshop's addresses nor a prefix that anybody would have compiled in.
    fn draw(exam: &mut Exam) -> Asked {
        let [second, third, block] = [1..250, 1..250, 1..15].map(|range| exam.lot.number(range));
        let network = Ipv4Addr::from_bits((10 << 24) | (second << 16) | (third << 8) | (block << 4));
        let host = |number| Ipv4Addr::from_bits(network.to_bits() | number);
        let (own, prefix) = (exam.lot.number(2..14), 28);
        Asked {
            address: format!("{}/{prefix}", host(own)),
            gateway: host(1),
            link: format!("lnk-{}", exam.lot.word(6)),
        }
    }

    fn setup(&self) -> Setup {
        Setup::new().option(Offer::Network, format!("{} {} {}", self.address, self.gateway, self.link))
    }
}

/// A container with that network. Every scenario here has first seen one without: what is in the way is the network.
fn start(exam: &mut Exam, asked: &Asked) -> Result<Container, Trouble> {
    exam.start_with(asked.setup()).map_err(|trouble| trouble.because("network-breaks-the-run"))
}

/// A container's network, as the kernel tells of it.
pub(crate) struct Network {
    /// The first interface that a fresh namespace would not have.
    pub(crate) link: Option<Link>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) source: String,
}

impl Network {
    pub(crate) fn of(container: &Container) -> Result<Network> {
        let netlink = container.netlink()?;
        let fresh = names(&fresh_namespace()?)?;
        let link = netlink.links()?.into_iter().find(|link| !fresh.0.contains(&link.name));
        let index = link.as_ref().map(|link| link.index);
        let addresses = netlink.addresses()?.into_iter().filter(|address| Some(address.index) == index);
        let default = netlink.routes()?.into_iter().find(|route| route.is_default());
        Ok(Network {
            link,
            addresses: addresses.filter(|address| address.address.is_ipv4()).collect(),
            gateway: default.and_then(|route| route.gateway),
            source: format!("in the network namespace of pid {}", container.pid()),
        })
    }

    /// The same once it is complete, if it ever is: whether it is so in time is the question of another scenario.
    pub(crate) fn awaited(exam: &Exam, container: &Container) -> Result<Network> {
        let mut watch = exam.watch_for(Duration::from_secs(2));
        loop {
            let network = Network::of(container)?;
            if network.is_complete() || container.is_gone() || !watch.again() {
                return Ok(network);
            }
        }
    }

    pub(crate) fn name(&self) -> List {
        self.link.iter().map(|link| link.name.clone()).collect()
    }

    pub(crate) fn address(&self) -> List {
        self.addresses.iter().map(Address::to_string).collect()
    }

    pub(crate) fn first_address(&self) -> Option<Ipv4Addr> {
        self.addresses.iter().find_map(|address| match address.address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        })
    }

    fn is_complete(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.up) && !self.addresses.is_empty() && self.gateway.is_some()
    }
}

pub(crate) fn any() -> Expect<List> {
    Expect::that("≠ —", |found: &List| !found.0.is_empty())
}

/// The container has the address that was asked for, is reached from the host, and reaches it.
fn network_option(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: without the option it starts.
    drop(exam.start()?);
    let host = exam.bed.netlink()?;
    let before = names(&host)?;
    let asked = Asked::draw(exam);
    let container = start(exam, &asked)?;
    let network = Network::awaited(exam, &container)?;
    let new: List = names(&host)?.0.into_iter().filter(|name| !before.0.contains(name)).collect();
    let shared = container.namespace(Namespace::Net)?.value == exam.bed.namespace(Namespace::Net)?.value;
    let links = Evidence::read(network.name(), format!("RTM_GETLINK {}", network.source), &new);
    exam.check("linked", &links, &any())
        .because_if(shared, "network-namespace-not-new")
        .because_if(new.0.len() > 1, "container-end-left-on-host")
        .because("network-not-made");
    let Some(link) = &network.link else { return Ok(()) };

    let up = Evidence::plain(Yes(link.up), format!("RTM_GETLINK {} {}: IFF_UP", link.name, network.source));
    exam.check("end-is-up", &up, &is(Yes(true))).because("container-end-down");

    let address = Evidence::plain(network.address(), format!("RTM_GETADDR {} {}", link.name, network.source));
    let expected = if exam.takes(Offer::Network, "address") { is(List(vec![asked.address.clone()])) } else { any() };
    let same = address.value.0.iter().any(|found| found.split('/').next() == asked.address.split('/').next());
    exam.check("address", &address, &expected)
        .because_if(address.value.0.is_empty(), "address-missing")
        .because_if(same, "prefix-not-as-asked")
        .because("address-not-as-asked");

    let gateway: List = network.gateway.iter().map(IpAddr::to_string).collect();
    let expected =
        if exam.takes(Offer::Network, "gateway") { is(List(vec![asked.gateway.to_string()])) } else { any() };
    let missing = gateway.0.is_empty();
    let gateway = Evidence::plain(gateway, format!("RTM_GETROUTE {}: default via", network.source));
    exam.check("default-route", &gateway, &expected)
        .because_if(missing, "default-route-missing")
        .because("default-route-elsewhere");

    let (Some(IpAddr::V4(gateway)), Some(own)) = (network.gateway, network.first_address()) else { return Ok(()) };
    let holder = host.addresses()?.into_iter().find(|address| address.address == IpAddr::V4(gateway));
    let source = format!("RTM_GETADDR on the host: {gateway}");
    exam.check("host-address", &Evidence::plain(Yes(holder.is_some()), source), &is(Yes(true)))
        .because("host-end-without-address");
    let Some(holder) = holder else { return Ok(()) };
    let ends: Vec<Link> = host.links()?.into_iter().filter(|link| link.index == holder.index).collect();
    let up = Evidence::plain(Yes(ends.iter().all(|end| end.up)), format!("RTM_GETLINK on the host, {gateway}: IFF_UP"));
    let up = exam.check("host-end-is-up", &up, &is(Yes(true))).because("host-end-down").passed();
    if !up {
        return Ok(());
    }

    await_carrier(exam, &container.netlink()?, link.index)?;
    let astray = ends.iter().any(|end| end.loopback);
    if !way_in(exam, &container, own, astray)? {
        return Ok(());
    }
    way_back(exam, &container, "way-back", gateway, own)?;
    container.finish(0, exam.finish_patience())?;
    Ok(())
}

/// Until the kernel has noticed that both ends are up it drops packets, and TCP waits a second before it tries again.
pub(crate) fn await_carrier(exam: &Exam, netlink: &Rtnetlink, index: u32) -> Result<()> {
    let mut watch = exam.watch_for(Duration::from_secs(2));
    let ready = |link: &Link| link.index == index && link.operstate == OperState::Up;
    while !netlink.links()?.iter().any(ready) && watch.again() {}
    Ok(())
}

/// Nobody listens there: a host that is reached refuses, and has received the packet that it refuses.
pub(crate) fn way_in(exam: &mut Exam, container: &Container, address: Ipv4Addr, astray: bool) -> Result<bool, Trouble> {
    let before = container.host().tcp_segments(container.pid())?;
    let target = SocketAddr::from((address, exam.lot.port()));
    let refusal = TcpStream::connect_timeout(&target, exam.patience(Duration::from_secs(5))).err();
    let refusal = refusal.map_or("connected".to_owned(), |error| format!("{:?}", error.kind()));
    let arrived = container.host().tcp_segments(container.pid())? > before;
    let observed = format!("{refusal}, {}", if arrived { "by the container" } else { "not by the container" });
    let source = format!("connect(2) from the host to {target}, and Tcp: InSegs of /proc/{}/net/snmp", container.pid());
    let verdict = exam
        .check("way-in", &Evidence::plain(observed, source), &is("ConnectionRefused, by the container".to_owned()))
        .because_if(astray, "host-address-on-lo")
        .because("no-way-in");
    Ok(verdict.passed())
}

/// At its first instruction the command has its network: a server that cannot bind, or a client that cannot connect,
/// does not try again.
fn network_ready_at_start(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: without the option it starts.
    drop(exam.start()?);
    let asked = Asked::draw(exam);
    let container = start(exam, &asked)?;
    let network = Network::of(&container)?;
    let ready = network.is_complete();
    let told = |network: &Network| {
        let up = network.link.as_ref().is_some_and(|link| link.up);
        format!("{} up {}, {}, default via {:?}", network.name(), Yes(up), network.address(), network.gateway)
    };
    let observed = Evidence::read(Yes(ready), format!("rtnetlink {}", network.source), told(&network));
    let later = Network::awaited(exam, &container)?.is_complete();
    exam.check("ready-at-first-look", &observed, &is(Yes(true)))
        .because_if(later, "network-after-start")
        .because("network-not-made");
    Ok(())
}

/// Two containers have two cables, and the end of one is not the end of the other.
fn networks_apart(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: without a network two run side by side.
    let alone = exam.start()?;
    drop(exam.start().map_err(|trouble| trouble.because("containers-collide"))?);
    drop(alone);
    let (one, two) = (Asked::draw(exam), Asked::draw(exam));
    let first = start(exam, &one)?;
    let second = exam.start_with(two.setup()).map_err(|trouble| trouble.because("interface-name-fixed"))?;
    let (here, there) = (Network::awaited(exam, &first)?, Network::awaited(exam, &second)?);
    let source = format!("RTM_GETADDR {}, and of pid {}", here.source, second.pid());
    let both = Evidence::read(here.address(), source, format!("{}; {}", here.address(), there.address()));
    let unlinked = here.link.is_none() || there.link.is_none();
    exam.check("addresses-differ", &both, &is_not(there.address()))
        .because_if(unlinked, "network-not-made")
        .because_if(here.addresses.is_empty(), "address-missing")
        .because("address-not-unique");
    let mac = |network: &Network| network.link.as_ref().map(Link::mac_text).unwrap_or_default();
    let (here_mac, there_mac) = (mac(&here), mac(&there));
    let source = format!("RTM_GETLINK {}, and of pid {}", here.source, second.pid());
    let both = Evidence::read(here_mac.clone(), source, format!("{here_mac}; {there_mac}"));
    exam.check("hardware-addresses-differ", &both, &is_not(there_mac))
        .because_if(unlinked, "network-not-made")
        .because("hardware-address-fixed");

    second.finish(0, exam.finish_patience())?;
    second.wait_gone(exam.finish_patience())?;
    let after = Network::of(&first)?;
    let (had, has) = (here.name(), after.name());
    let source = format!("RTM_GETLINK {}, after the other container has ended", here.source);
    let kept = exam
        .check("outlives-the-other", &Evidence::plain(has, source), &is(had))
        .because("network-of-another-removed")
        .passed();
    if !kept {
        return Ok(());
    }
    let held = exam.bed.netlink()?.addresses()?;
    let gateway = after.gateway.filter(|gateway| held.iter().any(|address| address.address == *gateway));
    let (Some(IpAddr::V4(gateway)), Some(own)) = (gateway, after.first_address()) else {
        let down = after.link.as_ref().is_some_and(|link| !link.up);
        let observed = format!("default via {:?}, which the host has: {}", after.gateway, Yes(gateway.is_some()));
        exam.check("still-reaches-the-host", &Evidence::plain(observed, after.source), &is("an answer".to_owned()))
            .because_if(down, "container-end-down")
            .because_if(after.gateway.is_some(), "host-end-without-address")
            .because("default-route-missing");
        return Ok(());
    };
    way_back(exam, &first, "still-reaches-the-host", gateway, own)
}

/// Interfaces, settings, files: all as before, whatever the end was.
fn network_no_residue(exam: &mut Exam) -> Result<(), Trouble> {
    // The twin: without the option it starts.
    drop(exam.start()?);
    let asked = Asked::draw(exam);
    let container = start(exam, &asked)?;
    let seen = Seen::of(exam, &container)?;
    container.finish(0, exam.finish_patience())?;
    // Our end of the probe's socket holds the other, and that one its network namespace, which a cable may be left to.
    drop(container);
    let left = exam.residue(step5_files::PATIENCE, |_| true)?;
    report(exam, "after-success", left, seen);

    let missing = format!("/{}", exam.lot.word(9));
    let asked = Asked::draw(exam);
    exam.run_with(&[&missing], asked.setup())?;
    let left = exam.residue(step5_files::PATIENCE, |_| true)?;
    report(exam, "after-failure", left, seen);

    let decoy = exam.hide_rootfs()?;
    let asked = Asked::draw(exam);
    let run = exam.call(&[decoy.into()], asked.setup())?;
    exam.await_any_probe(&run)?;
    run.wait(exam.finish_patience())?;
    let left = exam.residue(step5_files::PATIENCE, |item| matches!(item.kind.as_str(), "link" | "address"))?;
    report(exam, "without-rootfs", left, seen);
    Ok(())
}
