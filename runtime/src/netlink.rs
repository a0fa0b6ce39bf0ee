//! rtnetlink(7), as much of it as a container needs: requests with nested attributes, answered by an error number.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

/// `struct nlmsghdr`: length, type, flags, sequence number, sender.
const HEADER: usize = 16;
/// `struct ifinfomsg`: family, type, index, flags, mask of flags to change.
const IFINFO: usize = 16;

/// A request under construction. Everything in it is in the machine's byte order and aligned to four bytes.
pub struct Request(Vec<u8>);

impl Request {
    /// Begins a request with the fixed part that its type prescribes.
    pub fn new(kind: u16, flags: i32, body: &[u8]) -> Request {
        let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        bytes.extend_from_slice(body);
        Request(bytes)
    }

    /// Appends an attribute: its length, its type, its value.
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Request {
        self.0.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// Appends a name, which the kernel wants with its final NUL.
    pub fn name(self, kind: u16, name: &str) -> Request {
        self.attribute(kind, format!("{name}\0").as_bytes())
    }

    /// Appends an attribute that consists of `prefix` and further attributes.
    pub fn nested(mut self, kind: u16, prefix: &[u8], inner: impl FnOnce(Request) -> Request) -> Request {
        let start = self.0.len();
        self = inner(self.attribute(kind, prefix));
        let length = (self.0.len() - start) as u16;
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }
}

/// The fixed part of requests about links.
pub fn ifinfo(index: u32, flags: i32) -> [u8; IFINFO] {
    let mut body = [0; IFINFO];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..16].copy_from_slice(&flags.to_ne_bytes());
    body
}

/// What is of interest here about a link.
pub struct Link {
    /// Its number in its network namespace.
    pub index: u32,
    /// Ready to carry packets (IF_OPER_UP), which takes the kernel a moment after both ends are switched on.
    pub operational: bool,
}

/// A socket to the kernel. It belongs for ever to the network namespace in which it was opened.
pub struct Netlink(OwnedFd);

impl Netlink {
    /// Opens a socket for requests.
    pub fn open() -> nix::Result<Netlink> {
        Netlink::subscribed(0)
    }

    /// Opens a socket that hears of every change of a link.
    pub fn monitor() -> nix::Result<Netlink> {
        Netlink::subscribed(libc::RTMGRP_LINK as u32)
    }

    fn subscribed(groups: u32) -> nix::Result<Netlink> {
        let protocol = SockProtocol::NetlinkRoute;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(Netlink(socket))
    }

    /// Sends a request and waits until the kernel has carried it out.
    pub fn execute(&self, request: Request) -> nix::Result<()> {
        self.exchange(request).map(drop)
    }

    /// Looks up a link by name.
    pub fn link(&self, name: &str) -> nix::Result<Link> {
        let request = Request::new(libc::RTM_GETLINK, 0, &ifinfo(0, 0)).name(libc::IFLA_IFNAME, name);
        let answer = self.exchange(request)?;
        let index = answer.get(4..8).map(|bytes| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        // One byte among the attributes; 6 is IF_OPER_UP (linux/if.h).
        let operational = attributes(answer.get(IFINFO..).unwrap_or_default())
            .any(|(kind, value)| kind == libc::IFLA_OPERSTATE && value.first() == Some(&6));
        index.map(|index| Link { index, operational }).ok_or(Errno::EPROTO)
    }

    /// Waits for news on a monitor and forgets them: they only say when to look again.
    pub fn wait_for_news(&self) -> nix::Result<()> {
        let mut poller = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        if poll(&mut poller, PollTimeout::from(10_000_u16))? == 0 {
            return Err(Errno::ETIMEDOUT);
        }
        recv(self.0.as_raw_fd(), &mut [0; 16384], MsgFlags::empty()).map(drop)
    }

    /// Sends a request and returns the body of the answer, which is empty if there was none but "done".
    fn exchange(&self, Request(mut message): Request) -> nix::Result<Vec<u8>> {
        let length = message.len() as u32;
        message[..4].copy_from_slice(&length.to_ne_bytes());
        send(self.0.as_raw_fd(), &message, MsgFlags::empty())?;
        let mut body = Vec::new();
        let mut buffer = [0; 16384];
        loop {
            let length = recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
            let answer = &buffer[..length];
            let (Some(kind), Some(rest)) = (answer.get(4..6), answer.get(HEADER..)) else {
                return Err(Errno::EPROTO);
            };
            if i32::from(u16::from_ne_bytes([kind[0], kind[1]])) != libc::NLMSG_ERROR {
                body = rest.to_vec();
                continue;
            }
            // NLM_F_ACK makes the kernel end every exchange with an error message, whose number is 0 for success.
            let number = rest.get(..4).ok_or(Errno::EPROTO)?;
            return match i32::from_ne_bytes([number[0], number[1], number[2], number[3]]) {
                0 => Ok(body),
                error => Err(Errno::from_raw(-error)),
            };
        }
    }
}

/// Walks through a row of attributes.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes([*bytes.first()?, *bytes.get(1)?]));
        let kind = u16::from_ne_bytes([*bytes.get(2)?, *bytes.get(3)?]);
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_written_as_they_are_read() {
        let request = Request::new(0, 0, &[]).name(3, "lo").nested(18, &[], |link| link.name(1, "veth"));
        let read: Vec<_> = attributes(&request.0[HEADER..]).collect();
        assert_eq!(read, [(3, b"lo\0".as_slice()), (18, b"\x09\0\x01\0veth\0\0\0\0")]);
    }

    #[test]
    fn a_cut_answer_ends_the_walk() {
        assert_eq!(attributes(&[8, 0, 1, 0, 7]).count(), 0);
        assert_eq!(attributes(&[1, 0, 1]).count(), 0);
    }
}
