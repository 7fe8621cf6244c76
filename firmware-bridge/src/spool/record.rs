//! What the spool stores and gives back, row by row.

use jiff::Timestamp;
use serde::Serialize;
use settling::closing::Closing;

/// A window that was open when the bridge stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnclosedWindow {
    /// Its number.
    pub window: i64,
    /// The reader it belongs to.
    pub source: String,
    /// When it opened.
    pub opened: Timestamp,
    /// Whether the reader's clock was not believed.
    pub suspect: bool,
    /// Whether reads arrived late.
    pub late: bool,
}

/// A finding as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFinding {
    /// The reader.
    pub source: String,
    /// Its code.
    pub code: String,
    /// What was found and how to fix it.
    pub text: String,
    /// When it was found first.
    pub at: String,
    /// When it was found last.
    pub last: String,
    /// How often.
    pub count: i64,
}

/// A setting that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When it was noticed.
    pub at: String,
    /// The reader.
    pub source: String,
    /// The setting.
    pub name: String,
    /// What it was.
    pub old: String,
    /// What it is.
    pub new: String,
}

/// A window with everything that its deliveries were made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWindow {
    /// Its number.
    pub window: i64,
    /// Its raw bytes.
    pub raw: Vec<u8>,
    /// What else was known when it closed.
    pub closing: Closing,
    /// SHA-256 of each delivery made of it, by sequence number.
    pub delivered: Vec<(u64, String)>,
}

/// A delivery waiting to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Boot it was made in.
    pub boot: u64,
    /// Sequence number within the boot.
    pub seq: u64,
    /// The body.
    pub body: Vec<u8>,
}
