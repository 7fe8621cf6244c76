//! What all byte dialects of readers have in common: the trait, and what feeding bytes yields.

use std::time::Duration;

use jiff::Timestamp;
use reads::{Edge, Finding, Read};

/// What feeding bytes brought to light.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FrameData {
    /// Reads, in order of arrival.
    pub reads: Vec<Read>,
    /// Whole frames understood; each is a sign of life.
    pub frames: u64,
    /// Frames whose checksum, length or content was wrong.
    pub bad_frames: u64,
    /// Bytes that belonged to no frame.
    pub garbage_bytes: u64,
    /// What the reader said of its settings.
    pub settings: Vec<Setting>,
    /// What somebody should know.
    pub findings: Vec<Finding>,
    /// Light barriers and other inputs that changed.
    pub edges: Vec<Edge>,
    /// Antennas of which the reader said that they are gone or there.
    pub antennas: Vec<Antenna>,
}

/// An antenna as the reader finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Antenna {
    /// Its port.
    pub port: u16,
    /// Whether one is connected.
    pub is_there: bool,
}

/// A setting as the reader holds it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name with unit, small letters and underscores: `power_cdbm`, `region`, `version`.
    pub name: &'static str,
    /// Its value as text.
    pub value: String,
}

/// Stands for a signal strength that the reader does not tell: the weakest that ingest takes, so that such a tag
/// never outranks one that was heard.
pub const NO_RSSI_CDBM: i32 = -30_000;

/// A signal strength within what radio can be, in hundredths of a dBm: ingest refuses a delivery with any other,
/// and with it every other read of its window.
pub(crate) fn strength(cdbm: i32) -> i32 {
    cdbm.clamp(NO_RSSI_CDBM, 10_000)
}

/// How one family of readers talks.
pub trait Dialect: Send {
    /// The line is open: whatever was known of an earlier connection is forgotten, the handshake begins.
    fn open(&mut self);

    /// The next thing to write, if any. Asked after opening, after every feed, and every 50 ms.
    ///
    /// - `now`: time since the line was opened, never less than at the call before.
    fn poll(&mut self, now: Duration) -> Option<Vec<u8>>;

    /// Takes bytes that arrived at `at`, and adds what they bring to `fed`.
    fn feed(&mut self, bytes: &[u8], at: Timestamp, fed: &mut FrameData);

    /// What ends the reading, in one write.
    fn stop(&mut self) -> Vec<u8>;
}
