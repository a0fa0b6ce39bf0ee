//! A small synchronous [rtnetlink] client: what `ip link`, `ip address` and `ip route` would say and do, without `ip`.
//!
//! A netlink socket belongs for ever to the network namespace it was opened in. So a thread enters a namespace with
//! `setns`, opens [`Rtnetlink::here`], and the client may then be used from any thread: it goes on talking to that
//! namespace, even when no process is left in it.
//!
//! [rtnetlink]: https://man7.org/linux/man-pages/man7/rtnetlink.7.html

use std::cell::Cell;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{
    DecodeError, ErrorMessage, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_EXCL, NLM_F_REQUEST,
    NetlinkHeader, NetlinkMessage, NetlinkPayload, NlasIterator, parse_string,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, State,
};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::errno::Errno;

/// The largest datagram the kernel sends in a dump is 32 KiB (`netlink_dump` in net/netlink/af_netlink.c).
const DATAGRAM: usize = 64 * 1024;

/// How often a dump is begun again because the tables changed under it (NLM_F_DUMP_INTR).
const DUMP_ATTEMPTS: u32 = 16;

/// `NLMSGERR_ATTR_MSG`: the kernel's own words about an error, from linux/netlink.h.
const NLMSGERR_ATTR_MSG: u16 = 1;

/// A network namespace named by something that stands for it.
#[derive(Clone, Copy, Debug)]
pub enum NetnsRef<'a> {
    /// The namespace of this process or thread, by its pid as the caller's /proc shows it.
    Pid(u32),
    /// An open `/proc/PID/ns/net` or `/run/netns/NAME`.
    Fd(BorrowedFd<'a>),
}

impl fmt::Display for NetnsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pid(pid) => write!(f, "netns of pid {pid}"),
            Self::Fd(fd) => write!(f, "netns at fd {}", fd.as_raw_fd()),
        }
    }
}

/// RFC 2863 operational state of a link: what `ip link` prints after `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperState {
    /// The driver does not say (`lo` is always so).
    Unknown,
    /// A component is missing.
    NotPresent,
    /// Down.
    Down,
    /// The other end, or what lies below, is down.
    LowerLayerDown,
    /// Under test.
    Testing,
    /// Waits for something outside, such as authentication.
    Dormant,
    /// Packets pass.
    Up,
    /// A number this program does not know.
    Other(u8),
}

impl fmt::Display for OperState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("UNKNOWN"),
            Self::NotPresent => f.write_str("NOTPRESENT"),
            Self::Down => f.write_str("DOWN"),
            Self::LowerLayerDown => f.write_str("LOWERLAYERDOWN"),
            Self::Testing => f.write_str("TESTING"),
            Self::Dormant => f.write_str("DORMANT"),
            Self::Up => f.write_str("UP"),
            Self::Other(number) => write!(f, "{number}"),
        }
    }
}

impl From<State> for OperState {
    fn from(state: State) -> Self {
        match state {
            State::Unknown => Self::Unknown,
            State::NotPresent => Self::NotPresent,
            State::Down => Self::Down,
            State::LowerLayerDown => Self::LowerLayerDown,
            State::Testing => Self::Testing,
            State::Dormant => Self::Dormant,
            State::Up => Self::Up,
            other => Self::Other(other.into()),
        }
    }
}

/// One network interface, as `ip -details -statistics link` would show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Interface index, unique in its namespace.
    pub index: u32,
    /// Interface name.
    pub name: String,
    /// `veth`, `bridge`, ...; none for `lo` and for hardware.
    pub kind: Option<String>,
    /// Somebody has set it up (IFF_UP).
    pub up: bool,
    /// It has been up and its carrier is there (IFF_RUNNING).
    pub running: bool,
    /// The carrier is there: for a veth, the other end is up too (IFF_LOWER_UP).
    pub lower_up: bool,
    /// The loopback interface (IFF_LOOPBACK).
    pub loopback: bool,
    /// Operational state.
    pub operstate: OperState,
    /// Index of the link this one is tied to: for a veth, of its other end, in the namespace that `link_netnsid` names.
    pub link: Option<u32>,
    /// The id by which this namespace knows the one where `link` lives; none when that is this same namespace.
    /// [`Rtnetlink::netns_id`] says which namespace has that id.
    pub link_netnsid: Option<i32>,
    /// Index of the bridge it is enslaved to.
    pub master: Option<u32>,
    /// Hardware address; empty for links without one.
    pub mac: Vec<u8>,
    /// Largest packet.
    pub mtu: u32,
    /// Packets received since the link exists.
    pub rx_packets: u64,
    /// Packets sent since the link exists.
    pub tx_packets: u64,
}

impl Link {
    /// The hardware address as people write it.
    pub fn mac_text(&self) -> String {
        self.mac.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
    }

    fn from_message(message: LinkMessage) -> Self {
        let flags = message.header.flags;
        let mut link = Self {
            index: message.header.index,
            name: String::new(),
            kind: None,
            up: flags.contains(LinkFlags::Up),
            running: flags.contains(LinkFlags::Running),
            lower_up: flags.contains(LinkFlags::LowerUp),
            loopback: flags.contains(LinkFlags::Loopback),
            operstate: OperState::Unknown,
            link: None,
            link_netnsid: None,
            master: None,
            mac: Vec::new(),
            mtu: 0,
            rx_packets: 0,
            tx_packets: 0,
        };
        message.attributes.into_iter().for_each(|attribute| link.learn(attribute));
        link
    }

    fn learn(&mut self, attribute: LinkAttribute) {
        match attribute {
            LinkAttribute::IfName(name) => self.name = name,
            LinkAttribute::Mtu(mtu) => self.mtu = mtu,
            LinkAttribute::Address(mac) => self.mac = mac,
            LinkAttribute::OperState(state) => self.operstate = state.into(),
            LinkAttribute::Link(peer) => self.link = Some(peer),
            LinkAttribute::LinkNetNsId(id) => self.link_netnsid = Some(id),
            LinkAttribute::Controller(master) => self.master = Some(master),
            LinkAttribute::Stats64(stats) => {
                self.rx_packets = stats.rx_packets;
                self.tx_packets = stats.tx_packets;
            }
            LinkAttribute::LinkInfo(infos) => {
                self.kind = infos.into_iter().find_map(|info| match info {
                    LinkInfo::Kind(kind) => Some(kind.to_string()),
                    _ => None,
                });
            }
            _ => {}
        }
    }
}

/// One address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The interface that has it.
    pub index: u32,
    /// The address itself (not the far end's, on a point-to-point link).
    pub address: IpAddr,
    /// Length of the network part.
    pub prefix: u8,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// One unicast route, of any table but `local`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Destination; none for the default route.
    pub destination: Option<IpAddr>,
    /// Length of the destination's network part.
    pub prefix: u8,
    /// Next hop; none for a directly connected network.
    pub gateway: Option<IpAddr>,
    /// The interface it leaves by.
    pub oif: Option<u32>,
    /// The address packets get when the sender did not choose one.
    pub source: Option<IpAddr>,
    /// Routing table: 254 is `main`.
    pub table: u32,
}

impl Route {
    /// Whether this is a default route.
    pub fn is_default(&self) -> bool {
        self.destination.is_none() && self.prefix == 0
    }
}

/// One entry of the neighbour (ARP, NDP) table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The interface it was seen on.
    pub index: u32,
    /// Its IP address.
    pub address: IpAddr,
    /// Its hardware address, once known.
    pub mac: Option<Vec<u8>>,
    /// NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_NOARP or NUD_PERMANENT: packets can be sent to it.
    pub valid: bool,
    /// NUD_FAILED: it was asked for and did not answer.
    pub failed: bool,
}

/// Why an operation did not succeed.
#[derive(Debug)]
enum Cause {
    /// The kernel refused; its extended acknowledgement may say more than the number.
    Refused(Errno, Option<String>),
    /// The socket failed.
    Socket(io::Error),
    /// The kernel's answer could not be read.
    Decode(DecodeError),
    /// The tables kept changing while they were listed.
    Unsteady,
}

/// An rtnetlink operation that failed: `create veth veth-host/veth-child: EEXIST: File exists`.
#[derive(Debug)]
pub struct Error {
    what: String,
    cause: Cause,
}

impl Error {
    /// The kernel's error number, when it is one that failed the operation.
    pub fn errno(&self) -> Option<Errno> {
        match &self.cause {
            Cause::Refused(errno, _) => Some(*errno),
            Cause::Socket(error) => error.raw_os_error().map(Errno::from_raw),
            Cause::Decode(_) | Cause::Unsteady => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.what)?;
        match &self.cause {
            Cause::Refused(errno, None) => write!(f, "{errno}"),
            Cause::Refused(errno, Some(words)) => write!(f, "{errno} ({words})"),
            Cause::Socket(error) => match error.raw_os_error() {
                Some(number) => write!(f, "netlink socket: {}", Errno::from_raw(number)),
                None => write!(f, "netlink socket: {error}"),
            },
            Cause::Decode(error) => write!(f, "cannot read the kernel's answer: {error}"),
            Cause::Unsteady => write!(f, "the list changed {DUMP_ATTEMPTS} times while it was read"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Refused(errno, _) => Some(errno),
            Cause::Socket(error) => Some(error),
            Cause::Decode(error) => Some(error),
            Cause::Unsteady => None,
        }
    }
}

type Result<T> = std::result::Result<T, Error>;

/// A connection to the rtnetlink of one network namespace. May be sent to another thread, not shared between two.
#[derive(Debug)]
pub struct Rtnetlink {
    socket: Socket,
    sequence: Cell<u32>,
}

impl Rtnetlink {
    /// Opens a socket in the calling thread's current network namespace, which it keeps whatever the thread does later.
    pub fn here() -> Result<Self> {
        let open = || -> io::Result<Socket> {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            // Extended acknowledgements carry the reason in words. Both options are younger than rtnetlink itself:
            // without them the number alone is reported.
            let _ = socket.set_cap_ack(true);
            let _ = socket.set_ext_ack(true);
            Ok(socket)
        };
        let socket =
            open().map_err(|error| Error { what: "open rtnetlink".to_owned(), cause: Cause::Socket(error) })?;
        Ok(Self { socket, sequence: Cell::new(0) })
    }

    /// Every interface of the namespace, in order of index.
    pub fn links(&self) -> Result<Vec<Link>> {
        let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
        let mut links = self.dump("list links", &request, |answer| match answer {
            RouteNetlinkMessage::NewLink(message) => Some(Link::from_message(message)),
            _ => None,
        })?;
        links.sort_by_key(|link| link.index);
        Ok(links)
    }

    /// The interface of this name, if there is one.
    pub fn link(&self, name: &str) -> Result<Option<Link>> {
        Ok(self.links()?.into_iter().find(|link| link.name == name))
    }

    /// Every address, of every interface, IPv4 and IPv6.
    pub fn addresses(&self) -> Result<Vec<Address>> {
        let request = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        self.dump("list addresses", &request, |answer| match answer {
            RouteNetlinkMessage::NewAddress(message) => address(message),
            _ => None,
        })
    }

    /// Every unicast route outside the `local` table.
    pub fn routes(&self) -> Result<Vec<Route>> {
        let request = RouteNetlinkMessage::GetRoute(RouteMessage::default());
        self.dump("list routes", &request, |answer| match answer {
            RouteNetlinkMessage::NewRoute(message) => route(message),
            _ => None,
        })
    }

    /// The neighbour tables (ARP and NDP).
    pub fn neighbours(&self) -> Result<Vec<Neighbour>> {
        let request = RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default());
        self.dump("list neighbours", &request, |answer| match answer {
            RouteNetlinkMessage::NewNeighbour(message) => neighbour(message),
            _ => None,
        })
    }

    /// The id this namespace has for another one; none when it never needed one. Together with [`Link::link_netnsid`]
    /// it proves in which namespace the other end of a veth is.
    pub fn netns_id(&self, netns: NetnsRef<'_>) -> Result<Option<i32>> {
        let mut message = NsidMessage::default();
        message.attributes.push(match netns {
            NetnsRef::Pid(pid) => NsidAttribute::Pid(pid),
            // File descriptors are not negative; the attribute's type is the kernel's, not ours.
            NetnsRef::Fd(fd) => NsidAttribute::Fd(fd.as_raw_fd().unsigned_abs()),
        });
        let what = format!("get id of {netns}");
        let mut id = None;
        self.exchange(&what, RouteNetlinkMessage::GetNsId(message), NLM_F_REQUEST | NLM_F_ACK, |answer| {
            if let RouteNetlinkMessage::NewNsId(message) = answer {
                id = message.attributes.iter().find_map(|attribute| match attribute {
                    NsidAttribute::Id(id) if *id >= 0 => Some(*id),
                    _ => None,
                });
            }
        })?;
        Ok(id)
    }

    /// `ip link set INDEX up`.
    pub fn set_up(&self, index: u32) -> Result<()> {
        self.set_flags(&format!("set link {index} up"), index, LinkFlags::Up)
    }

    /// `ip link set INDEX down`.
    pub fn set_down(&self, index: u32) -> Result<()> {
        self.set_flags(&format!("set link {index} down"), index, LinkFlags::empty())
    }

    /// `ip link add NAME type veth peer name PEER [netns ...]`: the peer is born in the other namespace, so it never
    /// shows in this one.
    pub fn add_veth(&self, name: &str, peer: &str, peer_netns: Option<NetnsRef<'_>>) -> Result<()> {
        let mut far = LinkMessage::default();
        far.attributes.push(LinkAttribute::IfName(peer.to_owned()));
        far.attributes.extend(peer_netns.map(netns_attribute));
        let mut near = LinkMessage::default();
        near.attributes.push(LinkAttribute::IfName(name.to_owned()));
        near.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(far))),
        ]));
        self.change(
            &format!("create veth {name}/{peer}"),
            RouteNetlinkMessage::NewLink(near),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    /// `ip link add NAME type bridge`.
    pub fn add_bridge(&self, name: &str) -> Result<()> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.to_owned()));
        message.attributes.push(LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge)]));
        self.change(&format!("create bridge {name}"), RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// `ip link set INDEX master BRIDGE`; none takes it out again.
    pub fn set_master(&self, index: u32, master: Option<u32>) -> Result<()> {
        let what = match master {
            Some(bridge) => format!("put link {index} into bridge {bridge}"),
            None => format!("take link {index} out of its bridge"),
        };
        self.set(&what, index, LinkAttribute::Controller(master.unwrap_or(0)))
    }

    /// `ip link set INDEX netns ...`.
    pub fn move_to(&self, index: u32, netns: NetnsRef<'_>) -> Result<()> {
        self.set(&format!("move link {index} to {netns}"), index, netns_attribute(netns))
    }

    /// `ip link set INDEX name NAME`. Kernels before 6.2 refuse it while the link is up (EBUSY).
    pub fn rename(&self, index: u32, name: &str) -> Result<()> {
        self.set(&format!("rename link {index} to {name}"), index, LinkAttribute::IfName(name.to_owned()))
    }

    /// `ip link set INDEX address MAC`.
    pub fn set_mac(&self, index: u32, mac: [u8; 6]) -> Result<()> {
        self.set(&format!("set the hardware address of link {index}"), index, LinkAttribute::Address(mac.to_vec()))
    }

    /// `ip link delete INDEX`; a veth takes its other end with it.
    pub fn delete_link(&self, index: u32) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        self.change(&format!("delete link {index}"), RouteNetlinkMessage::DelLink(message), 0)
    }

    /// `ip address add ADDRESS/PREFIX dev INDEX`.
    pub fn add_address(&self, index: u32, address: Ipv4Addr, prefix: u8) -> Result<()> {
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.prefix_len = prefix;
        message.header.index = index;
        message.attributes.push(AddressAttribute::Local(address.into()));
        message.attributes.push(AddressAttribute::Address(address.into()));
        let what = format!("add address {address}/{prefix} to link {index}");
        self.change(&what, RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// `ip route add default via GATEWAY`.
    pub fn add_default_route(&self, gateway: Ipv4Addr) -> Result<()> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Boot;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unicast;
        message.attributes.push(RouteAttribute::Gateway(RouteAddress::Inet(gateway)));
        let what = format!("add default route via {gateway}");
        self.change(&what, RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    fn set_flags(&self, what: &str, index: u32, flags: LinkFlags) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = flags;
        message.header.change_mask = LinkFlags::Up;
        self.change(what, RouteNetlinkMessage::SetLink(message), 0)
    }

    fn set(&self, what: &str, index: u32, attribute: LinkAttribute) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(attribute);
        self.change(what, RouteNetlinkMessage::SetLink(message), 0)
    }

    fn change(&self, what: &str, message: RouteNetlinkMessage, flags: u16) -> Result<()> {
        self.exchange(what, message, NLM_F_REQUEST | NLM_F_ACK | flags, |_| {}).map(drop)
    }

    /// Lists a table, again from the start when it changed meanwhile: an interrupted dump may miss or repeat entries.
    fn dump<T>(
        &self,
        what: &str,
        request: &RouteNetlinkMessage,
        mut keep: impl FnMut(RouteNetlinkMessage) -> Option<T>,
    ) -> Result<Vec<T>> {
        for _ in 0..DUMP_ATTEMPTS {
            let mut found = Vec::new();
            let steady =
                self.exchange(what, request.clone(), NLM_F_REQUEST | NLM_F_DUMP, |answer| found.extend(keep(answer)))?;
            if steady {
                return Ok(found);
            }
        }
        Err(Error { what: what.to_owned(), cause: Cause::Unsteady })
    }

    /// Sends one request and hands over every message up to the one that ends the answer. False when the kernel says
    /// that the answer is not of one piece.
    fn exchange(
        &self,
        what: &str,
        message: RouteNetlinkMessage,
        flags: u16,
        receive: impl FnMut(RouteNetlinkMessage),
    ) -> Result<bool> {
        self.send(message, flags)
            .and_then(|sequence| self.receive(sequence, receive))
            .map_err(|cause| Error { what: what.to_owned(), cause })
    }

    fn send(&self, message: RouteNetlinkMessage, flags: u16) -> std::result::Result<u32, Cause> {
        let sequence = self.sequence.get().wrapping_add(1);
        self.sequence.set(sequence);
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = sequence;
        let mut packet = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        retried(|| self.socket.send(&bytes, 0)).map_err(Cause::Socket)?;
        Ok(sequence)
    }

    fn receive(
        &self,
        sequence: u32,
        mut hand_over: impl FnMut(RouteNetlinkMessage),
    ) -> std::result::Result<bool, Cause> {
        let mut steady = true;
        loop {
            let mut datagram = Vec::with_capacity(DATAGRAM);
            retried(|| self.socket.recv(&mut datagram, 0)).map_err(Cause::Socket)?;
            let mut rest = datagram.as_slice();
            while !rest.is_empty() {
                let packet = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).map_err(Cause::Decode)?;
                rest = &rest[padded(packet.header.length).min(rest.len())..];
                // What is left of an earlier answer that ended in an error is not ours.
                if packet.header.sequence_number != sequence {
                    continue;
                }
                steady &= packet.header.flags & NLM_F_DUMP_INTR == 0;
                match packet.payload {
                    NetlinkPayload::InnerMessage(message) => hand_over(message),
                    NetlinkPayload::Error(error) => return verdict(&error).map(|()| steady),
                    NetlinkPayload::Done(done) if done.code < 0 => {
                        return Err(Cause::Refused(Errno::from_raw(-done.code), None));
                    }
                    NetlinkPayload::Done(_) => return Ok(steady),
                    _ => {}
                }
            }
        }
    }
}

/// Messages in a datagram begin at multiples of four bytes (NLMSG_ALIGN).
fn padded(length: u32) -> usize {
    (length as usize).next_multiple_of(4)
}

fn retried<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// NLMSG_ERROR is also how success is told: with the number 0.
fn verdict(answer: &ErrorMessage) -> std::result::Result<(), Cause> {
    match answer.code {
        None => Ok(()),
        Some(code) => Err(Cause::Refused(
            Errno::from_raw(code.get().saturating_neg()),
            words(&answer.header).filter(|w| !w.is_empty()),
        )),
    }
}

/// With NETLINK_CAP_ACK the refused request's header (16 bytes) is followed directly by the kernel's explanation.
fn words(payload: &[u8]) -> Option<String> {
    NlasIterator::new(payload.get(16..)?)
        .filter_map(std::result::Result::ok)
        .find(|nla| nla.kind() == NLMSGERR_ATTR_MSG)
        .and_then(|nla| parse_string(nla.value()).ok())
}

fn netns_attribute(netns: NetnsRef<'_>) -> LinkAttribute {
    match netns {
        NetnsRef::Pid(pid) => LinkAttribute::NetNsPid(pid),
        NetnsRef::Fd(fd) => LinkAttribute::NetNsFd(fd.as_raw_fd()),
    }
}

fn address(message: AddressMessage) -> Option<Address> {
    let mut local = None;
    let mut remote = None;
    for attribute in message.attributes {
        match attribute {
            AddressAttribute::Local(address) => local = Some(address),
            AddressAttribute::Address(address) => remote = Some(address),
            _ => {}
        }
    }
    // IPv6 has no IFA_LOCAL unless the link is point-to-point.
    let address = local.or(remote)?;
    Some(Address { index: message.header.index, address, prefix: message.header.prefix_len })
}

fn route(message: RouteMessage) -> Option<Route> {
    if message.header.kind != RouteType::Unicast {
        return None;
    }
    let mut route = Route {
        destination: None,
        prefix: message.header.destination_prefix_length,
        gateway: None,
        oif: None,
        source: None,
        table: message.header.table.into(),
    };
    for attribute in message.attributes {
        match attribute {
            RouteAttribute::Destination(to) => route.destination = route_ip(&to),
            RouteAttribute::Gateway(by) => route.gateway = route_ip(&by),
            RouteAttribute::PrefSource(from) => route.source = route_ip(&from),
            RouteAttribute::Oif(index) => route.oif = Some(index),
            RouteAttribute::Table(table) => route.table = table,
            _ => {}
        }
    }
    Some(route)
}

fn route_ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some((*v4).into()),
        RouteAddress::Inet6(v6) => Some((*v6).into()),
        _ => None,
    }
}

fn neighbour(message: NeighbourMessage) -> Option<Neighbour> {
    use NeighbourState::{Delay, Failed, Noarp, Permanent, Probe, Reachable, Stale};
    let state = message.header.state;
    let mut address = None;
    let mut mac = None;
    for attribute in message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => address = Some(v4.into()),
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => address = Some(v6.into()),
            NeighbourAttribute::LinkLayerAddress(bytes) => mac = Some(bytes),
            _ => {}
        }
    }
    Some(Neighbour {
        index: message.header.ifindex,
        address: address?,
        mac,
        valid: matches!(state, Reachable | Stale | Delay | Probe | Noarp | Permanent),
        failed: state == Failed,
    })
}

#[cfg(test)]
mod tests;
