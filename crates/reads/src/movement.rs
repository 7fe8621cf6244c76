//! Which way a tag went, who else read it, and where it rests.
//!
//! What holds: these are features and steps found by rules that a bridge's configuration names; what they
//! mean for custody is for ingest's site rules to say.
//!
//! Source: docs/decisions/0015-settling.md.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::Observation;
use crate::passage::Passage;

/// Which way a tag went through a read point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the outside to the inside.
    In,
    /// From the inside to the outside.
    Out,
    /// The read point can tell directions, and could not tell this one.
    Unclear,
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

/// Which way an observed tag passed the read point, if it did: enough reads, no neighbour nearer, and a direction
/// that stands out. A tag that stands there without one did not pass.
#[must_use]
pub fn passed(observation: &Observation, min_reads: u32) -> Option<Direction> {
    let asked = Passage { min_reads, ..Passage::default() };
    observation.passed(&asked).ok().flatten()
}

/// What a tag at rest did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovementKind {
    /// It was nowhere that we read, and is here.
    Arrived,
    /// It was at another read point of this bridge.
    Moved,
    /// It was here, and was not read for as long as the preset says.
    Departed,
}

/// One step of a tag between read points where things rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Movement {
    /// EPC bank, uppercase hex.
    pub epc_hex: String,
    /// What it did.
    pub kind: MovementKind,
    /// Where it was, SGLN URI; none for an arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where it is, SGLN URI; none for a departure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When: the first read that spoke for the new place, or the last read at the old one.
    pub at: Timestamp,
}
