//! A pseudo-terminal: one end for the simulated device, a path for whoever opens the port.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::pty::openpty;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::ttyname;

/// A pseudo-terminal.
#[derive(Debug)]
pub struct Pty {
    /// The device's end.
    pub device: File,
    /// Path of the other end.
    pub path: PathBuf,
    /// Keeps the line up while nobody has the path open.
    line: Option<OwnedFd>,
}

impl Pty {
    /// Opens a pseudo-terminal in raw mode.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn open() -> std::io::Result<Self> {
        let pair = openpty(None, None)?;
        let mut settings = tcgetattr(&pair.slave)?;
        cfmakeraw(&mut settings);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &settings)?;
        let path = ttyname(&pair.slave)?;
        Ok(Self { device: File::from(pair.master), path, line: Some(pair.slave) })
    }

    /// Lets go of the line; with the device's end closed too, the other side sees a hang-up.
    pub fn release(&mut self) {
        self.line = None;
    }
}
