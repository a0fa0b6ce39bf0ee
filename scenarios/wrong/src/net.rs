//! The network of `--network`: a virtual cable (veth(4)) from the host into the container, with an address at each end.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::{fs, io};

use nix::errno::Errno;
use nix::libc;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};
use nix::unistd::Pid;

use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure};

/// What the container calls its end.
const INSIDE: &str = "eth0";

/// What the host's ends begin with.
const PREFIX: &str = "wr-";

/// What the command line asks for.
pub struct Network {
    address: Ipv4Addr,
    prefix: u8,
    gateway: Ipv4Addr,
}

impl Network {
    /// A cable of this address and this way to everywhere.
    pub fn new(address: Ipv4Addr, prefix: u8, gateway: Ipv4Addr) -> Self {
        Self { address, prefix, gateway }
    }

    /// Reads `10.0.0.2/24,10.0.0.1`: the container's address, and the host's, which is its way to everywhere.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let parts = || {
            let (address, gateway) = text.split_once(',')?;
            let (address, prefix) = address.split_once('/')?;
            let prefix = prefix.parse().ok().filter(|prefix| (1..=30).contains(prefix))?;
            Some(Self { address: address.parse().ok()?, prefix, gateway: gateway.parse().ok()? })
        };
        parts().ok_or_else(|| Failure::own(format!("--network {text}: not of the form 10.0.0.2/24,10.0.0.1")))
    }
}

/// A cable that lies. Dropping it removes both ends.
pub struct Cable {
    host: Netlink,
    name: String,
}

impl Drop for Cable {
    fn drop(&mut self) {
        if defect(VE14) {
            // "Clean up": every cable of this program, whoever uses it.
            remove_all();
        }
        // ENODEV: the kernel was faster, with the container's network namespace.
        let _ = self.host.delete(&self.name);
    }
}

/// Lays the cable, before the command starts.
pub fn connect(network: &Network, container: Pid, id: &str) -> Result<Cable, Failure> {
    let (address, prefix, gateway) = match network {
        _ if defect(VE06) => (Ipv4Addr::new(10, 0, 0, 2), 24, Ipv4Addr::new(10, 0, 0, 1)),
        Network { address, gateway, .. } if defect(VE23) => (*address, 24, *gateway),
        Network { address, prefix, gateway } => (*address, *prefix, *gateway),
    };
    let name = host_name(id);
    let host = Netlink::open().doing("open a netlink socket")?;
    // What getpid() says in the container is 1, whoever hears of it: here that is the host's own init.
    let owner = if defect(VE10) { Pid::from_raw(1) } else { container };
    if defect(VE13) {
        host.give(INSIDE, owner).doing("move the container's end")?;
    } else {
        host.add_veth(&name, owner).doing(format_args!("create the veth pair {name}"))?;
    }
    let cable = Cable { host, name };
    if !defect(VE24) {
        let end = if defect(VE27) { "lo" } else { &cable.name };
        cable.host.add_address(end, gateway, prefix).doing(format_args!("give {} its address", cable.name))?;
    }
    if !defect(VE22) {
        cable.host.set_up(&cable.name).doing(format_args!("set {} up", cable.name))?;
    }
    let connected = connect_inside(container, address, prefix, gateway);
    // These go on whatever happens: nobody looks at the results.
    if ![VE01, VE10, VE21].into_iter().any(defect) {
        connected?;
    }
    if defect(VE26) {
        fs::write("/proc/sys/net/ipv4/ip_forward", "1").doing("write ip_forward")?;
    }
    Ok(cable)
}

/// Lays a cable whose end is plugged into a bridge: the gateway's address is the bridge's.
pub fn plug(network: &Network, bridge: &str, container: Pid, id: &str) -> Result<Cable, Failure> {
    let name = host_name(id);
    let host = Netlink::open().doing("open a netlink socket")?;
    host.add_veth(&name, container).doing(format_args!("create the veth pair {name}"))?;
    let cable = Cable { host, name };
    if !defect(BR34) {
        cable.host.set_master(&cable.name, bridge).doing(format_args!("plug {} into {bridge}", cable.name))?;
    }
    cable.host.set_up(&cable.name).doing(format_args!("set {} up", cable.name))?;
    connect_inside(container, network.address, network.prefix, network.gateway)?;
    Ok(cable)
}

/// The container's end: address, up, default route.
fn connect_inside(container: Pid, address: Ipv4Addr, prefix: u8, gateway: Ipv4Addr) -> Result<(), Failure> {
    let inside = within(container, Netlink::open).doing("open a netlink socket in the container")?;
    if !defect(VE21) {
        inside.add_address(INSIDE, address, prefix).doing(format_args!("give {INSIDE} its address"))?;
    }
    if defect(VE16) {
        inside.set_mac(INSIDE, [2, 0, 0, 0, 0, 2]).doing("set the hardware address")?;
    }
    if !defect(VE01) {
        inside.set_up(INSIDE).doing(format_args!("set {INSIDE} up"))?;
    }
    if !defect(VE03) {
        inside.add_default_route(gateway).doing(format_args!("set the default route to {gateway}"))?;
    }
    Ok(())
}

/// A name has at most 15 bytes (IFNAMSIZ, with its NUL), and no other cable may have it.
fn host_name(id: &str) -> String {
    match () {
        () if defect(VE04) => "veth0".into(),
        () if defect(VE28) => format!("wrong-runtime-veth-{id}"),
        // Cut where the id has not even begun.
        () if defect(VE05) => format!("wrong-runtime-veth-{id}").chars().take(15).collect(),
        () => format!("{PREFIX}{id}"),
    }
}

/// Runs `action` in the container's network namespace, and comes back. What it opens stays there.
fn within(container: Pid, action: fn() -> io::Result<Netlink>) -> io::Result<Netlink> {
    let own = fs::File::open("/proc/self/ns/net")?;
    setns(fs::File::open(format!("/proc/{container}/ns/net"))?, CloneFlags::CLONE_NEWNET)?;
    let result = action();
    setns(own, CloneFlags::CLONE_NEWNET)?;
    result
}

/// A conversation with rtnetlink(7), which belongs to the network namespace that it was opened in.
pub struct Netlink(OwnedFd);

impl Netlink {
    /// In the network namespace of the caller.
    pub fn open() -> io::Result<Self> {
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        Ok(Self(socket))
    }

    /// `ip link add NAME type veth peer name eth0 netns OWNER`.
    fn add_veth(&self, name: &str, owner: Pid) -> nix::Result<()> {
        /// VETH_INFO_PEER of linux/veth.h.
        const PEER: u16 = 1;
        let peer = [
            &link(0, 0)[..],
            &attribute(libc::IFLA_IFNAME, &terminated(INSIDE)),
            &attribute(libc::IFLA_NET_NS_PID, &owner.as_raw().to_ne_bytes()),
        ]
        .concat();
        let data = attribute(libc::IFLA_INFO_DATA, &attribute(PEER, &peer));
        let info = [attribute(libc::IFLA_INFO_KIND, b"veth"), data].concat();
        let body =
            [&link(0, 0)[..], &attribute(libc::IFLA_IFNAME, &terminated(name)), &attribute(libc::IFLA_LINKINFO, &info)];
        self.order(libc::RTM_NEWLINK, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &body.concat())
    }

    /// `ip link add NAME address MAC type bridge`. Without an address of its own a bridge takes the lowest of its ports'.
    pub fn add_bridge(&self, name: &str, mac: Option<[u8; 6]>) -> nix::Result<()> {
        let info = attribute(libc::IFLA_LINKINFO, &attribute(libc::IFLA_INFO_KIND, b"bridge"));
        let mac = mac.map(|mac| attribute(libc::IFLA_ADDRESS, &mac)).unwrap_or_default();
        let body = [&link(0, 0)[..], &named(name), &mac, &info].concat();
        self.order(libc::RTM_NEWLINK, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &body)
    }

    fn set_master(&self, name: &str, bridge: &str) -> nix::Result<()> {
        let master = attribute(libc::IFLA_MASTER, &self.index(bridge)?.to_ne_bytes());
        self.order(libc::RTM_NEWLINK, 0, &[&link(0, 0)[..], &named(name), &master].concat())
    }

    /// `ip link set NAME up`.
    pub fn set_up(&self, name: &str) -> nix::Result<()> {
        self.order(libc::RTM_NEWLINK, 0, &[&link(0, libc::IFF_UP)[..], &named(name)].concat())
    }

    fn set_mac(&self, name: &str, mac: [u8; 6]) -> nix::Result<()> {
        let mac = attribute(libc::IFLA_ADDRESS, &mac);
        self.order(libc::RTM_NEWLINK, 0, &[&link(0, 0)[..], &named(name), &mac].concat())
    }

    fn give(&self, name: &str, owner: Pid) -> nix::Result<()> {
        let owner = attribute(libc::IFLA_NET_NS_PID, &owner.as_raw().to_ne_bytes());
        self.order(libc::RTM_NEWLINK, 0, &[&link(0, 0)[..], &named(name), &owner].concat())
    }

    /// `ip link delete NAME`.
    pub fn delete(&self, name: &str) -> nix::Result<()> {
        self.order(libc::RTM_DELLINK, 0, &[&link(0, 0)[..], &named(name)].concat())
    }

    /// `ip address add ADDRESS/PREFIX dev NAME`.
    pub fn add_address(&self, name: &str, address: Ipv4Addr, prefix: u8) -> nix::Result<()> {
        // struct ifaddrmsg: family, length of the prefix, flags, scope, the link's index.
        let head = [libc::AF_INET as u8, prefix, 0, 0];
        let index = self.index(name)?.to_ne_bytes();
        let body = [
            &head[..],
            &index,
            &attribute(libc::IFA_LOCAL, &address.octets()),
            &attribute(libc::IFA_ADDRESS, &address.octets()),
        ];
        self.order(libc::RTM_NEWADDR, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &body.concat())
    }

    fn add_default_route(&self, gateway: Ipv4Addr) -> nix::Result<()> {
        // struct rtmsg: family, lengths of destination and source (0: any), type of service, table, who sets it, scope,
        // type; flags.
        let (table, scope) = (libc::RT_TABLE_MAIN, libc::RT_SCOPE_UNIVERSE);
        let head = [libc::AF_INET as u8, 0, 0, 0, table, libc::RTPROT_BOOT, scope, libc::RTN_UNICAST, 0, 0, 0, 0];
        let body = [&head[..], &attribute(libc::RTA_GATEWAY, &gateway.octets())].concat();
        self.order(libc::RTM_NEWROUTE, libc::NLM_F_CREATE | libc::NLM_F_EXCL, &body)
    }

    /// A link's number: `struct ifinfomsg`, which begins the answer, has it after four bytes.
    fn index(&self, name: &str) -> nix::Result<u32> {
        let answer = self.exchange(libc::RTM_GETLINK, 0, &[&link(0, 0)[..], &named(name)].concat())?;
        let bytes = answer.get(4..8).and_then(|bytes| bytes.try_into().ok()).ok_or(Errno::EPROTO)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn order(&self, kind: u16, flags: i32, body: &[u8]) -> nix::Result<()> {
        self.exchange(kind, flags, body).map(drop)
    }

    /// Sends a request and waits for the kernel's verdict; what it says before that is the answer.
    fn exchange(&self, kind: u16, flags: i32, body: &[u8]) -> nix::Result<Vec<u8>> {
        /// struct nlmsghdr: length, type, flags, number, sender.
        const HEADER: usize = 16;
        let mut request = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        request.extend(kind.to_ne_bytes());
        request.extend(((flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16).to_ne_bytes());
        request.extend([0; 8]);
        request.extend(body);
        send(self.0.as_raw_fd(), &request, MsgFlags::empty())?;
        let mut answer = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
            let (head, rest) = buffer[..length].split_at_checked(HEADER).ok_or(Errno::EPROTO)?;
            if i32::from(u16::from_ne_bytes([head[4], head[5]])) != libc::NLMSG_ERROR {
                answer = rest.to_vec();
                continue;
            }
            let number = rest.get(..4).and_then(|bytes| bytes.try_into().ok()).ok_or(Errno::EPROTO)?;
            return match i32::from_ne_bytes(number) {
                0 => Ok(answer),
                error => Err(Errno::from_raw(-error)),
            };
        }
    }
}

/// struct ifinfomsg: family, type, index, flags, which of the flags to change.
fn link(index: i32, flags: i32) -> [u8; 16] {
    let mut body = [0; 16];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..].copy_from_slice(&flags.to_ne_bytes());
    body
}

/// Length, type, value, and bytes up to the next multiple of four.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = (4 + value.len() as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn named(name: &str) -> Vec<u8> {
    attribute(libc::IFLA_IFNAME, &terminated(name))
}

fn terminated(name: &str) -> Vec<u8> {
    [name.as_bytes(), b"\0"].concat()
}

// What follows is there for defects alone.

fn remove_all() {
    let Ok(host) = Netlink::open() else { return };
    let links = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    for name in links.lines().filter_map(|line| line.split(':').next()).map(str::trim) {
        if name.starts_with(PREFIX) {
            let _ = host.delete(name);
        }
    }
}

/// The pair before anything else, with both ends on the host: whatever fails next leaves it there.
pub fn make_pair_first(id: &str) -> Result<(), Failure> {
    let host = Netlink::open().doing("open a netlink socket")?;
    host.add_veth(&host_name(id), nix::unistd::getpid()).doing("create the veth pair")
}
