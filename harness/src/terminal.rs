//! A terminal of the testbed, such as a person sits at: a pty whose settings can be compared.

use crate::capture::Capture;
use crate::error::{Context, Result};
use crate::evidence::Evidence;
use nix::pty::openpty;
use nix::sys::termios::{SpecialCharacterIndices, tcgetattr};
use std::os::fd::OwnedFd;

/// Both ends of a pty. It hangs up when dropped.
#[derive(Debug)]
pub struct Terminal {
    near: OwnedFd,
    far: OwnedFd,
}

impl Terminal {
    /// A new one, in the devpts of the testbed when called on its thread.
    pub fn open() -> Result<Terminal> {
        let pty = openpty(None, None).context("openpty")?;
        Ok(Terminal { near: pty.master, far: pty.slave })
    }

    /// The end that a program gets as stdin, stdout and stderr.
    pub(crate) fn far_end(&self) -> Result<OwnedFd> {
        self.far.try_clone().context("dup a terminal")
    }

    /// What arrives at it.
    pub(crate) fn capture(&self) -> Result<Capture> {
        Ok(Capture::of(self.near.try_clone().context("dup a terminal")?))
    }

    /// Its settings, termios(3).
    pub fn settings(&self) -> Result<Evidence<String>> {
        let settings = tcgetattr(&self.far).context("tcgetattr")?;
        let characters =
            [SpecialCharacterIndices::VMIN, SpecialCharacterIndices::VTIME, SpecialCharacterIndices::VINTR]
                .map(|index| settings.control_chars[index as usize]);
        let text = format!(
            "iflag {:#o}, oflag {:#o}, cflag {:#o}, lflag {:#o}, min, time and intr {characters:?}",
            settings.input_flags.bits(),
            settings.output_flags.bits(),
            settings.control_flags.bits(),
            settings.local_flags.bits(),
        );
        Ok(Evidence::plain(text, "tcgetattr of the terminal"))
    }
}
