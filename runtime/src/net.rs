//! The network: `lo`, and if asked for a virtual cable (veth(4)) between the container and the host.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::Mode;

use crate::bridge::{Bridge, Member};
use crate::container::Container;
use crate::error::{Context, Error, Result};
use crate::mounts::Contents;
use crate::netlink::{Netlink, Request, ifinfo};
use crate::sys::Process;

/// `VETH_INFO_PEER` of linux/veth.h.
const VETH_INFO_PEER: u16 = 1;
/// The type of link that veth.c registers.
const VETH: &[u8] = b"veth";
/// The first link of a new network namespace, always.
const LOOPBACK: u32 = 1;

/// A cable to the host, as the user describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Veth {
    /// Name of the end on the host.
    pub host: String,
    /// Name of the end in the container.
    pub name: String,
    /// Address of the container.
    pub address: Ipv4Addr,
    /// Bits of the address that name the network.
    pub prefix: u8,
    /// Address of the host's end, or of the bridge: the container's way to everywhere.
    pub gateway: Ipv4Addr,
    /// The bridge into which the host's end is plugged.
    pub bridge: Option<String>,
}

impl Default for Veth {
    fn default() -> Self {
        Veth {
            host: "veth-host".into(),
            name: "veth-child".into(),
            address: Ipv4Addr::new(10, 0, 0, 2),
            prefix: 24,
            gateway: Ipv4Addr::new(10, 0, 0, 1),
            bridge: None,
        }
    }
}

/// What the container can reach.
#[derive(Debug, PartialEq, Eq)]
pub enum Network {
    /// Nothing but itself.
    Loopback,
    /// The host, by a cable of its own.
    Veth(Veth),
    /// The containers on a bridge, the host, and what the host reaches.
    Bridge(Bridge),
}

/// Reads `none` or `veth[,host=NAME][,name=NAME][,address=IP/PREFIX][,gateway=IP]`.
pub fn parse(word: &str) -> Result<Network> {
    let refuse = |why: &str| Error::new(format!("--network {word}: {why}"));
    let mut parts = word.split(',');
    match parts.next() {
        Some("none") if word == "none" => return Ok(Network::Loopback),
        Some("veth") => {}
        Some("bridge") => return parse_bridge(word, parts).map(Network::Bridge),
        _ => return Err(refuse("neither none nor veth[,KEY=VALUE...] nor bridge[,KEY=VALUE...]")),
    }
    let mut veth = Veth::default();
    for part in parts {
        match part.split_once('=') {
            Some(("host", name)) => veth.host = interface(name).ok_or_else(|| refuse("host is no interface name"))?,
            Some(("name", name)) => veth.name = interface(name).ok_or_else(|| refuse("name is no interface name"))?,
            Some(("address", address)) => {
                (veth.address, veth.prefix) =
                    network(address).ok_or_else(|| refuse("address is not of the form 10.0.0.2/24"))?;
            }
            Some(("gateway", gateway)) => {
                veth.gateway = gateway.parse().map_err(|_| refuse("gateway is not of the form 10.0.0.1"))?;
            }
            _ => return Err(refuse("the keys are host, name, address and gateway")),
        }
    }
    if veth.address == veth.gateway || !veth.is_host(veth.address) || !veth.is_host(veth.gateway) {
        let Veth { address, prefix, gateway, .. } = veth;
        return Err(refuse(&format!("{address} and {gateway} are not two hosts of one network with /{prefix}")));
    }
    Ok(Network::Veth(veth))
}

fn parse_bridge<'a>(word: &str, parts: impl Iterator<Item = &'a str>) -> Result<Bridge> {
    let refuse = |why: &str| Error::new(format!("--network {word}: {why}"));
    let mut bridge = Bridge::default();
    for part in parts {
        match part.split_once('=') {
            Some(("name", name)) => bridge.name = interface(name).ok_or_else(|| refuse("name is no interface name"))?,
            Some(("subnet", subnet)) => {
                (bridge.subnet, bridge.prefix) =
                    network(subnet).ok_or_else(|| refuse("subnet is not of the form 10.77.0.0/24"))?;
            }
            _ => return Err(refuse("the keys are name and subnet")),
        }
    }
    // It becomes part of a rule.
    match bridge.name.contains(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')) {
        true => Err(refuse("name has characters other than letters, digits, '-', '_' and '.'")),
        false => Ok(bridge),
    }
}

/// As `dev_valid_name` in the kernel: up to 15 bytes that can be a file name in sysfs. `%` would be a pattern.
fn interface(name: &str) -> Option<String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | ':' | '%');
    let valid = (1..=15).contains(&name.len()) && !matches!(name, "." | ".." | "lo") && !name.contains(bad);
    valid.then(|| name.to_owned())
}

fn network(word: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = word.split_once('/')?;
    let prefix = prefix.parse().ok().filter(|prefix| (1..=30).contains(prefix))?;
    Some((address.parse().ok()?, prefix))
}

impl Veth {
    /// Is this a host of the container's network: not its name, not its broadcast address?
    fn is_host(&self, address: Ipv4Addr) -> bool {
        let mask = u32::MAX >> self.prefix;
        let (host, network) = (address.to_bits() & mask, address.to_bits() & !mask);
        network == self.address.to_bits() & !mask && host != 0 && host != mask
    }
}

/// The host's end of a cable. Dropping it removes both ends.
pub struct Cable {
    host: Netlink,
    index: u32,
}

impl Drop for Cable {
    /// With the container's last process the kernel takes down its network too, but in its own time: until then the
    /// name of the host's end would be taken. ENODEV says that it was faster.
    fn drop(&mut self) {
        let _ = self.host.execute(Request::new(libc::RTM_DELLINK, 0, &ifinfo(self.index, 0)));
    }
}

/// What has to be there before the container: its place on a bridge, with the names of its neighbours for its hosts file.
/// Returns that place and the cable that leads there.
pub fn join(container: &mut Container, network: &Network) -> Result<Option<(Member, Network)>> {
    let Network::Bridge(bridge) = network else { return Ok(None) };
    let member = bridge.join(container.hostname.as_deref().unwrap_or_default())?;
    for cover in container.covers.iter_mut().filter(|cover| cover.path == Path::new("/etc/hosts")) {
        cover.contents = Contents::File(member.hosts());
    }
    let cable = Network::Veth(member.cable());
    Ok(Some((member, cable)))
}

/// Makes the container's network ready, to its last detail, before the command starts.
pub fn connect(container: &Process, network: &Network) -> Result<Option<Cable>> {
    let inside = open_inside(container).doing("open a netlink socket in the container")?;
    // A new network namespace has a loopback interface, but nobody has switched it on.
    switch_on(&inside, LOOPBACK).doing("switch on lo in the container")?;
    match network {
        Network::Loopback => Ok(None),
        Network::Veth(veth) => lay(veth, container, inside).map(Some),
        // Its container has become a member by now, and that a cable.
        Network::Bridge(bridge) => Err(Error::new(format!("there is no cable to {}", bridge.name))),
    }
}

/// Switches on `lo` of the caller's own network.
pub fn switch_on_loopback() -> Result<()> {
    let own = Netlink::open().doing("open a netlink socket in the container")?;
    switch_on(&own, LOOPBACK).doing("switch on lo in the container")
}

fn lay(veth: &Veth, container: &Process, inside: Netlink) -> Result<Cable> {
    let host = Netlink::open().doing("open a netlink socket")?;
    let master = match &veth.bridge {
        Some(bridge) => Some(host.link(bridge).doing_with(|| format!("look up {bridge}"))?.index),
        None => None,
    };
    let created = create(&host, veth, container, master);
    let hint = match created {
        Err(Errno::EEXIST) => Some("choose another name with --network veth,host=NAME"),
        Err(Errno::EOPNOTSUPP) => Some("this kernel has no veth, or cannot load it: modprobe veth"),
        _ => None,
    };
    created.doing_with(|| format!("create {}", veth.host)).map_err(|error| match hint {
        Some(hint) => error.hint(hint),
        None => error,
    })?;
    let index = host.link(&veth.host).doing_with(|| format!("look up {}", veth.host))?.index;
    let cable = Cable { host, index };
    let (monitor_host, monitor_inside) = (Netlink::monitor(), within(container, Netlink::monitor));

    if master.is_none() {
        set_address(&cable.host, index, veth.gateway, veth.prefix)
            .doing_with(|| format!("give {} the address {}/{}", veth.host, veth.gateway, veth.prefix))?;
    }
    switch_on(&cable.host, index).doing_with(|| format!("switch on {}", veth.host))?;

    let child = inside.link(&veth.name).doing_with(|| format!("look up {} in the container", veth.name))?.index;
    set_address(&inside, child, veth.address, veth.prefix)
        .doing_with(|| format!("give {} the address {}/{}", veth.name, veth.address, veth.prefix))?;
    switch_on(&inside, child).doing_with(|| format!("switch on {} in the container", veth.name))?;
    set_gateway(&inside, veth.gateway).doing_with(|| format!("set the default route to {}", veth.gateway))?;

    // Until the kernel has noticed the carrier, it drops packets: the first connection would take a second longer.
    await_carrier(&cable.host, &monitor_host.doing("watch links")?, &veth.host)?;
    await_carrier(&inside, &monitor_inside.doing("watch links in the container")?, &veth.name)?;
    Ok(cable)
}

/// Runs `action` in the container's network namespace. What it opens stays there, the caller comes back.
fn within(container: &Process, action: fn() -> nix::Result<Netlink>) -> nix::Result<Netlink> {
    let own: OwnedFd = open("/proc/self/ns/net", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    setns(&container.pidfd, CloneFlags::CLONE_NEWNET)?;
    let result = action();
    setns(&own, CloneFlags::CLONE_NEWNET)?;
    result
}

fn open_inside(container: &Process) -> nix::Result<Netlink> {
    within(container, Netlink::open)
}

/// Creates both ends, the container's directly in its namespace: on the host its name is never seen, nor in the way.
/// The pid is safe to use: it is our child's, and nobody has reaped it.
fn create(host: &Netlink, veth: &Veth, container: &Process, master: Option<u32>) -> nix::Result<()> {
    let pid = container.pid.as_raw().to_ne_bytes();
    let request = Request::new(libc::RTM_NEWLINK, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &ifinfo(0, 0))
        .name(libc::IFLA_IFNAME, &veth.host)
        .nested(libc::IFLA_LINKINFO, &[], |link| {
            link.attribute(libc::IFLA_INFO_KIND, VETH).nested(libc::IFLA_INFO_DATA, &[], |data| {
                data.nested(VETH_INFO_PEER, &ifinfo(0, 0), |peer| {
                    peer.name(libc::IFLA_IFNAME, &veth.name).attribute(libc::IFLA_NET_NS_PID, &pid)
                })
            })
        });
    host.execute(match master {
        Some(bridge) => request.attribute(libc::IFLA_MASTER, &bridge.to_ne_bytes()),
        None => request,
    })
}

pub fn switch_on(netlink: &Netlink, index: u32) -> nix::Result<()> {
    netlink.execute(Request::new(libc::RTM_NEWLINK, 0, &ifinfo(index, libc::IFF_UP)))
}

pub fn set_address(netlink: &Netlink, index: u32, address: Ipv4Addr, prefix: u8) -> nix::Result<()> {
    // struct ifaddrmsg: family, prefix length, flags, scope, index.
    let mut body = [libc::AF_INET as u8, prefix, 0, 0, 0, 0, 0, 0];
    body[4..].copy_from_slice(&index.to_ne_bytes());
    let broadcast = Ipv4Addr::from_bits(address.to_bits() | (u32::MAX >> prefix));
    let request = Request::new(libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &body)
        .attribute(libc::IFA_LOCAL, &address.octets())
        .attribute(libc::IFA_ADDRESS, &address.octets())
        .attribute(libc::IFA_BROADCAST, &broadcast.octets());
    netlink.execute(request)
}

fn set_gateway(netlink: &Netlink, gateway: Ipv4Addr) -> nix::Result<()> {
    // struct rtmsg: family, lengths of destination and source (0: any), type of service, table, who sets the route,
    // how far it reaches, its type; flags.
    let (table, scope) = (libc::RT_TABLE_MAIN, libc::RT_SCOPE_UNIVERSE);
    let body = [libc::AF_INET as u8, 0, 0, 0, table, libc::RTPROT_BOOT, scope, libc::RTN_UNICAST, 0, 0, 0, 0];
    let request = Request::new(libc::RTM_NEWROUTE, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &body)
        .attribute(libc::RTA_GATEWAY, &gateway.octets());
    netlink.execute(request)
}

fn await_carrier(netlink: &Netlink, monitor: &Netlink, name: &str) -> Result<()> {
    let doing = || format!("wait for the carrier of {name}");
    while !netlink.link(name).doing_with(doing)?.operational {
        monitor.wait_for_news().doing_with(doing)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn the_defaults_are_those_of_the_workshop() {
        assert_eq!(parse("veth").unwrap(), Network::Veth(Veth::default()));
        assert_eq!(parse("none").unwrap(), Network::Loopback);
    }

    #[test]
    fn every_key_is_heard() {
        let word = "veth,host=h0,name=eth0,address=192.168.7.9/28,gateway=192.168.7.14";
        let Ok(Network::Veth(veth)) = parse(word) else { panic!("{word}") };
        assert_eq!((veth.host.as_str(), veth.name.as_str(), veth.prefix), ("h0", "eth0", 28));
        assert_eq!((veth.address, veth.gateway), (Ipv4Addr::new(192, 168, 7, 9), Ipv4Addr::new(192, 168, 7, 14)));
    }

    #[rstest]
    #[case("")]
    #[case("bridge,mtu=9")]
    #[case("bridge,name=a/b")]
    #[case("bridge,name=a\"b")]
    #[case("bridge,subnet=10.0.0.0")]
    #[case("none,host=x")]
    #[case("veth,")]
    #[case("veth,host")]
    #[case("veth,mtu=9000")]
    #[case("veth,host=")]
    #[case("veth,host=sixteen-letters-")]
    #[case("veth,host=a/b")]
    #[case("veth,host=x%d")]
    #[case("veth,name=lo")]
    #[case("veth,address=10.0.0.2")]
    #[case("veth,address=10.0.0.2/33")]
    #[case("veth,address=10.0.0.256/24")]
    #[case("veth,address=10.0.0.1/24")]
    #[case("veth,address=10.0.0.0/24")]
    #[case("veth,address=10.0.0.255/24")]
    #[case("veth,address=10.1.0.2/24")]
    #[case("veth,gateway=10.0.1.1")]
    #[case("veth,gateway=::1")]
    fn refused(#[case] word: &str) {
        assert!(parse(word).unwrap_err().to_string().starts_with(&format!("--network {word}: ")));
    }
}
