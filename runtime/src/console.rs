//! A terminal of the container's own (pty(7)): its master goes to whoever listens on the console socket, its other end is
//! the command's stdin, stdout and stderr.

use std::io::IoSlice;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, fchown};

use crate::error::{Context, Result};
use crate::sys::{self, Depth};

/// Inside, after `pivot_root` and `setsid`: makes the terminal of the container's devpts the controlling one.
pub fn open_terminal(socket: UnixStream, size: Option<(u16, u16)>, owner: u32) -> Result<()> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = open("/dev/pts/ptmx", flags, Mode::empty()).doing("open /dev/pts/ptmx in the container")?;
    let (slave, name) = sys::open_slave(&master).doing("open the other end of the terminal")?;
    if let Some((rows, columns)) = size {
        sys::set_window_size(&master, rows, columns).doing("set the size of the terminal")?;
    }
    let group = None;
    fchown(&slave, Some(nix::unistd::Uid::from_raw(owner)), group).doing("give the terminal to its user")?;
    fchmod(&slave, Mode::from_bits_truncate(0o620)).doing("set the mode of the terminal")?;
    become_console(&slave).doing("mount the terminal on /dev/console")?;
    send(&socket, &master, &name).doing("send the terminal to the console socket")?;
    sys::set_controlling_terminal(&slave).doing("make the terminal the controlling one")?;
    dup2_stdin(&slave)
        .and(dup2_stdout(&slave))
        .and(dup2_stderr(&slave))
        .doing("make the terminal stdin, stdout and stderr")
}

/// Only the first process of a container gives it its /dev/console: for those that follow it is there, and may be read-only.
fn become_console(slave: &OwnedFd) -> nix::Result<()> {
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    match open("/dev/console", flags, Mode::from_bits_truncate(0o620)) {
        Ok(place) => sys::bind(slave, &place, Depth::Single).map(drop),
        Err(Errno::EEXIST | Errno::EROFS | Errno::EACCES) => Ok(()),
        Err(error) => Err(error),
    }
}

fn send(socket: &UnixStream, master: &OwnedFd, name: &str) -> nix::Result<()> {
    let rights = [ControlMessage::ScmRights(&[master.as_raw_fd()])];
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(name.as_bytes())], &rights, MsgFlags::empty(), None).map(drop)
}
