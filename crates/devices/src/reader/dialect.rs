//! What all byte dialects of readers have in common: the trait, and the data of decoded frames.

use std::time::Duration;

use jiff::Timestamp;
use reads::{Edge, Finding, Read};

/// The data of the frames in fed bytes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FrameData {
    /// Reads, in order of arrival.
    pub reads: Vec<Read>,
    /// Valid frames; each shows that the reader is alive.
    pub frames: u64,
    /// Frames whose checksum, length or content was wrong.
    pub bad_frames: u64,
    /// Bytes that belonged to no frame.
    pub garbage_bytes: u64,
    /// Settings that the reader reported.
    pub settings: Vec<Setting>,
    /// What an operator should know.
    pub findings: Vec<Finding>,
    /// Light barriers and other inputs that changed.
    pub edges: Vec<Edge>,
    /// Antennas that the reader reported as connected or not connected.
    pub antennas: Vec<Antenna>,
}

/// State of an antenna, as the reader reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Antenna {
    /// Its port.
    pub port: u16,
    /// Whether one is connected.
    pub is_there: bool,
}

/// A setting as the reader has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name with unit, small letters and underscores: `power_cdbm`, `region`, `version`.
    pub name: &'static str,
    /// Its value as text.
    pub value: String,
}

/// Used for the signal strength where the reader gives none: the weakest that the contract allows, so that such a tag
/// never outranks one with a measured strength.
pub const NO_RSSI_CDBM: i32 = -30_000;

/// A signal strength limited to what the contract allows, in hundredths of a dBm: ingest would refuse the whole
/// delivery with any other.
pub(crate) fn strength(cdbm: i32) -> i32 {
    cdbm.clamp(NO_RSSI_CDBM, 10_000)
}

/// The protocol of one family of readers.
pub trait Dialect: Send {
    /// The line is open: the state of an earlier connection is discarded, the handshake begins.
    fn open(&mut self);

    /// The next bytes to write, if any. Called after opening, after every feed, and every 50 ms.
    ///
    /// - `now`: time since the line was opened, never less than at the previous call.
    fn poll(&mut self, now: Duration) -> Option<Vec<u8>>;

    /// Decodes bytes that arrived at `at`, and adds the data to `fed`.
    fn feed(&mut self, bytes: &[u8], at: Timestamp, fed: &mut FrameData);

    /// The bytes that stop the reading, in one write.
    fn stop(&mut self) -> Vec<u8>;
}
