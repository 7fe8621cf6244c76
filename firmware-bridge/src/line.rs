//! A line to a device: bytes in and out, whatever it is made of.
//!
//! Not here: serial ports ([`crate::port`]), TCP connections ([`crate::socket`]), reconnecting
//! ([`crate::supervisor`]).

use std::time::Duration;

/// Longest time that [`Line::receive`] waits for bytes.
pub const PATIENCE: Duration = Duration::from_millis(50);

/// Bytes to and from a device.
pub trait Line {
    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// Why the line is lost.
    fn send(&mut self, bytes: &[u8]) -> Result<(), String>;

    /// Bytes that arrived within [`PATIENCE`], none if there were none.
    ///
    /// # Errors
    ///
    /// Why the line is lost.
    fn receive<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8], String>;
}

/// Opens a line.
pub trait Opener: Send {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// Why it cannot be opened, and how to fix that.
    fn open(&self) -> Result<Box<dyn Line>, String>;

    /// Its name for logs: a path, or host and port.
    fn name(&self) -> &str;

    /// Whether bytes are lost if nobody reads them in time: a serial line.
    fn must_be_drained(&self) -> bool;
}
