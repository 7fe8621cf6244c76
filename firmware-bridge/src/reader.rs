//! Reader dialects on serial lines: one file each, behind one trait.
//!
//! The way through: a thread opens the port, sends what [`Dialect::start`] says, feeds every byte to
//! [`Dialect::feed`], and asks [`Dialect::idle`] what to do when the line is silent.
//!
//! What holds: a dialect holds no port and no clock; it can be fed a byte at a time or a megabyte; garbage
//! costs at most the frame it stands in.

pub mod impinj_r700;
pub mod r200;

use std::time::Duration;

use jiff::Timestamp;
use reads::Read;

/// What feeding bytes brought to light besides reads.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Fed {
    /// Whole frames understood.
    pub frames: u64,
    /// Frames whose checksum or length was wrong.
    pub bad_frames: u64,
    /// Bytes that belonged to no frame.
    pub garbage_bytes: u64,
}

/// How one family of readers talks.
pub trait Dialect: Send {
    /// Commands that bring a reader of unknown state to reading, in order.
    fn start(&mut self) -> Vec<Vec<u8>>;

    /// Takes bytes that arrived at `at`; adds the reads in them to `reads`.
    fn feed(&mut self, bytes: &[u8], at: Timestamp, reads: &mut Vec<Read>) -> Fed;

    /// What to send after the line was silent for `silent`; nothing if that is normal.
    fn idle(&mut self, silent: Duration) -> Option<Vec<u8>>;

    /// What ends the reading.
    fn stop(&self) -> Vec<u8>;

    /// What the reader said of itself.
    fn version(&self) -> Option<&str>;
}
