//! A pseudo-terminal: one end for the simulated device, a path for whoever opens the port.
//!
//! What holds: once every copy of the device's end is closed and the line is let go, the other side sees a hang-up,
//! as when a cable is pulled; [`read`] waits only for a moment, so that no thread keeps a copy longer.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
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

/// Bytes that the host wrote, none if it wrote none within 20 ms.
///
/// # Errors
///
/// If the line is gone.
pub fn read<'a>(device: &mut File, buffer: &'a mut [u8]) -> std::io::Result<&'a [u8]> {
    let mut waited = [PollFd::new(device.as_fd(), PollFlags::POLLIN)];
    if poll(&mut waited, PollTimeout::from(20_u8))? == 0 {
        return Ok(&[]);
    }
    match device.read(buffer)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        count => Ok(&buffer[..count]),
    }
}
