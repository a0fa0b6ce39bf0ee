//! How orders and answers travel: one `SOCK_SEQPACKET` packet each, so that no length has to be written down.
//!
//! A packet is a line of words, and after the first newline any bytes: `stdout\n<bytes>`. An answer begins with `ok` or
//! with `err ERRNO`. [`MAX_PACKET`] bounds both; it stays well below the kernel's default send buffer (212992 bytes).

use nix::sys::socket::{MsgFlags, recv, send};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// The longest packet, in bytes.
pub const MAX_PACKET: usize = 96 * 1024;

/// One order, taken apart.
pub struct Packet {
    head: String,
    /// What follows the first newline.
    pub body: Vec<u8>,
}

impl Packet {
    /// The words of the first line.
    pub fn words(&self) -> Vec<&str> {
        self.head.split(' ').collect()
    }
}

/// The next packet, or `None` when the other side is gone.
pub fn receive(socket: &OwnedFd) -> io::Result<Option<Packet>> {
    let mut buffer = vec![0; MAX_PACKET];
    let length = loop {
        match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Err(nix::errno::Errno::EINTR) => continue,
            other => break other?,
        }
    };
    if length == 0 {
        return Ok(None);
    }
    buffer.truncate(length);
    let split = buffer.iter().position(|&byte| byte == b'\n').unwrap_or(length);
    let body = buffer.get(split + 1..).unwrap_or_default().to_vec();
    Ok(Some(Packet { head: String::from_utf8_lossy(&buffer[..split]).into_owned(), body }))
}

/// Sends `ok WORDS\n BODY`.
pub fn answer(socket: &OwnedFd, words: &str, body: &[u8]) -> io::Result<()> {
    let mut packet = if words.is_empty() { b"ok\n".to_vec() } else { format!("ok {words}\n").into_bytes() };
    packet.extend_from_slice(&body[..body.len().min(MAX_PACKET - packet.len())]);
    transmit(socket, &packet)
}

/// Sends `err ERRNO\n` and what was being done.
pub fn refuse(socket: &OwnedFd, what: &str, error: &io::Error) -> io::Result<()> {
    transmit(socket, format!("err {}\n{what}: {error}", error.raw_os_error().unwrap_or(0)).as_bytes())
}

fn transmit(socket: &OwnedFd, packet: &[u8]) -> io::Result<()> {
    send(socket.as_raw_fd(), packet, MsgFlags::MSG_NOSIGNAL)?;
    Ok(())
}
