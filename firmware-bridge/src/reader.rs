//! Reader dialects: one file each, behind one trait.
//!
//! The way through: whoever holds the line calls [`Dialect::open`] when it is there, writes what
//! [`Dialect::poll`] gives until it gives nothing, hands every byte that arrives to [`Dialect::feed`], and
//! polls again. When the bridge stops, it writes what [`Dialect::stop`] gives.
//!
//! What holds: a dialect holds no line and no clock; it can be fed a byte at a time or a megabyte; garbage
//! costs at most the frame it stands in; whatever the reader says that somebody should know is a
//! [`Finding`] in plain words.
//!
//! Not here: lines ([`crate::port`]), what becomes of reads ([`crate::windows`]).

pub mod chafon;
pub mod cutter;
pub mod impinj_r700;
pub mod llrp;
pub mod mapped_json;
pub mod mercury;
pub mod r200;
pub mod script;
pub mod told;
pub mod zebra_iotc;

use std::time::Duration;

use jiff::Timestamp;
use reads::Read;

/// What feeding bytes brought to light.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Fed {
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

/// A general purpose input of the reader changed: mostly a light barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Edge {
    /// The input, as the reader numbers it.
    pub port: u16,
    /// Whether it is active now: the barrier is broken.
    pub is_active: bool,
    /// When: the reader's time where that is sane, else the time of arrival.
    pub at: Timestamp,
}

/// A setting as the reader holds it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name with unit, small letters and underscores: `power_cdbm`, `region`, `version`.
    pub name: &'static str,
    /// Its value as text.
    pub value: String,
}

/// Something that somebody should know, with the mend where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Machine word, the same for every maker: see [`code`].
    pub code: &'static str,
    /// What was found and what mends it, in plain words.
    pub text: String,
}

/// The machine words of findings; docs/operations.md says what each means and what to do.
pub mod code {
    /// The reader has no antenna on a port that is to read.
    pub const NO_ANTENNA: &str = "no-antenna";
    /// The reader's region is not set, or is not the one asked for.
    pub const REGION: &str = "region";
    /// The reader refused a command.
    pub const REFUSED: &str = "refused";
    /// The reader did not answer a command that it must answer.
    pub const NO_ANSWER: &str = "no-answer";
    /// What arrives is no frame: mostly a wrong baud rate or another device.
    pub const NOT_THIS_DEVICE: &str = "not-this-device";
    /// Another client holds the reader.
    pub const HELD: &str = "held";
    /// The reader is too hot, or its power is out of range.
    pub const HARDWARE: &str = "hardware";
    /// Reads, messages or readings are missing, as numbering or silence shows.
    pub const GAP: &str = "gap";
    /// The line is lost; it is tried again.
    pub const LOST: &str = "lost";
    /// The line is there again.
    pub const BACK: &str = "back";
    /// A sensor or device that the configuration does not name.
    pub const UNKNOWN_SENSOR: &str = "unknown-sensor";
    /// A value that is no measurement: null, not finite, out of range.
    pub const BAD_VALUE: &str = "bad-value";
    /// The clock of the bridge's machine was set.
    pub const CLOCK: &str = "clock";
    /// A setting is another than it was.
    pub const CHANGED: &str = "changed";
    /// All of them.
    pub const ALL: [&str; 14] = [
        NO_ANTENNA,
        REGION,
        REFUSED,
        NO_ANSWER,
        NOT_THIS_DEVICE,
        HELD,
        HARDWARE,
        GAP,
        LOST,
        BACK,
        UNKNOWN_SENSOR,
        BAD_VALUE,
        CLOCK,
        CHANGED,
    ];
}

/// Stands for a signal strength that the reader does not tell: the weakest that ingest takes, so that such a tag
/// never outranks one that was heard.
pub const UNTOLD_CDBM: i32 = -30_000;

/// A signal strength within what radio can be, in hundredths of a dBm: ingest refuses a delivery with any other,
/// and with it every other read of its window.
pub(crate) fn strength(cdbm: i32) -> i32 {
    cdbm.clamp(UNTOLD_CDBM, 10_000)
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
    fn feed(&mut self, bytes: &[u8], at: Timestamp, fed: &mut Fed);

    /// What ends the reading, in one write.
    fn stop(&mut self) -> Vec<u8>;
}
