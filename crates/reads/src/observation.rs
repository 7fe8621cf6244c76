//! The reads of one tag at one read point, settled over a window.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::direction::Direction;
use crate::skip::is_false;

/// Reads of one antenna.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AntennaCount {
    /// Antenna port.
    pub antenna: u16,
    /// Reads by it, at least 1.
    pub count: u32,
}

/// The reads of one tag at one read point, settled over a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Observation {
    /// EPC bank, uppercase hex, 0 to 62 bytes.
    pub epc_hex: String,
    /// Pure identity URI, if the bank holds a GS1 EPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epc: Option<String>,
    /// TID bank, uppercase hex, if it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<String>,
    /// Reads in the window, at least 1.
    pub count: u32,
    /// Time of the first read.
    pub first: Timestamp,
    /// Time of the last read; not before the first.
    pub last: Timestamp,
    /// Strongest read, hundredths of a dBm.
    pub rssi_max_cdbm: i32,
    /// Mean over all reads, hundredths of a dBm.
    pub rssi_mean_cdbm: i32,
    /// Slope of a straight line through the reads, hundredths of a dBm per second; 0 for one read.
    pub rssi_slope_cdbm_per_s: i32,
    /// Reads per antenna, in order of antenna.
    pub antennas: Vec<AntennaCount>,
    /// Which way the tag went, where the read point can tell; see [`Direction`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The neighbouring reader that read the same tag best at the same time, if any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rival: Option<Rival>,
    /// Whether the tag was read steadily for so long that it stands here rather than passes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub resident: bool,
}

/// A neighbouring reader that read the same tag at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rival {
    /// Its name.
    pub reader: String,
    /// Its reads of the tag while ours were made, at least 1.
    pub count: u32,
    /// Their mean, hundredths of a dBm.
    pub rssi_mean_cdbm: i32,
    /// The mean of their strongest quarter, hundredths of a dBm: what the tag had when it was nearest.
    pub rssi_top_cdbm: i32,
    /// The same of our own reads, so that both can be compared.
    pub own_top_cdbm: i32,
}

impl Rival {
    /// Whether the tag was nearer to the neighbour.
    #[must_use]
    pub fn is_nearer(&self) -> bool {
        self.rssi_top_cdbm > self.own_top_cdbm
    }
}
