//! The packet filter's rules in this network namespace, as the kernel lists them: those of nft(8), and of iptables(8) where
//! that is a front end of it.

use crate::error::{Context, Result};
use netlink_sys::protocols::NETLINK_NETFILTER;
use netlink_sys::{Socket, SocketAddr};

/// `struct nlmsghdr`: length, type, flags, number, sender.
const HEADER: usize = 16;
/// `struct nfgenmsg`, which stands before the attributes: family, version, resource.
const GENERAL: usize = 4;
/// NFNL_SUBSYS_NFTABLES, and of linux/netfilter/nf_tables.h NFT_MSG_NEWRULE, NFT_MSG_GETRULE, NFTA_RULE_TABLE and -CHAIN.
const SUBSYSTEM: u16 = 10 << 8;
const NEW_RULE: u16 = SUBSYSTEM | 6;
const GET_RULE: u16 = SUBSYSTEM | 7;
const TABLE: u16 = 1;
const CHAIN: u16 = 2;

/// The chain of each rule, as `TABLE CHAIN`. A kernel without nf_tables has no rules.
pub(crate) fn rules() -> Result<Vec<String>> {
    let mut socket = match Socket::new(NETLINK_NETFILTER) {
        Err(error) if error.raw_os_error() == Some(libc::EPROTONOSUPPORT) => return Ok(Vec::new()),
        socket => socket.context("open nfnetlink")?,
    };
    socket.bind_auto().context("bind nfnetlink")?;
    socket.connect(&SocketAddr::new(0, 0)).context("connect nfnetlink")?;
    let mut request = ((HEADER + GENERAL) as u32).to_ne_bytes().to_vec();
    request.extend(GET_RULE.to_ne_bytes());
    request.extend(((libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16).to_ne_bytes());
    request.extend([0; 8 + GENERAL]);
    socket.send(&request, 0).context("ask for the rules of nf_tables")?;
    let mut found = Vec::new();
    loop {
        let (packet, _) = socket.recv_from_full().context("read the rules of nf_tables")?;
        let mut rest = &packet[..];
        while let Some((length, kind)) = head(rest) {
            let message = &rest[..length];
            match kind {
                NEW_RULE => found.extend(chain(message.get(HEADER + GENERAL..).unwrap_or_default())),
                // A subsystem that is not there is told as an error.
                kind if [libc::NLMSG_DONE, libc::NLMSG_ERROR].contains(&i32::from(kind)) => return Ok(found),
                _ => {}
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

/// Length and type of the message that this begins with.
fn head(bytes: &[u8]) -> Option<(usize, u16)> {
    let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    (HEADER..=bytes.len()).contains(&length).then_some((length, kind))
}

fn chain(mut attributes: &[u8]) -> Option<String> {
    let (mut table, mut chain) = (None, None);
    while let Some(length) = attributes.get(..2) {
        let length = usize::from(u16::from_ne_bytes(length.try_into().ok()?));
        let kind = u16::from_ne_bytes(attributes.get(2..4)?.try_into().ok()?);
        let value = attributes.get(4..length)?;
        let name = || String::from_utf8_lossy(value).trim_end_matches('\0').to_owned();
        match kind {
            TABLE => table = Some(name()),
            CHAIN => chain = Some(name()),
            _ => {}
        }
        attributes = attributes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(format!("{} {}", table?, chain?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((4 + value.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn a_rule_is_known_by_its_chain() {
        let rule = [attribute(TABLE, b"nat\0"), attribute(CHAIN, b"POSTROUTING\0"), attribute(3, &[0; 8])].concat();
        assert_eq!(chain(&rule).as_deref(), Some("nat POSTROUTING"));
    }

    #[test]
    fn what_is_cut_is_none() {
        let rule = attribute(TABLE, b"nat\0");
        assert_eq!(chain(&rule), None);
        assert_eq!(chain(&rule[..5]), None);
        assert_eq!(head(&[20, 0, 0, 0, 6, 10]), None);
    }
}
