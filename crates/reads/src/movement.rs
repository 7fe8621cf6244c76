//! Steps of a tag between read points where things rest.
//!
//! What holds: steps are found by rules that a bridge's configuration names; what they mean for custody is decided by
//! ingest's site rules.
//!
//! Source: docs/decisions/0015-settling.md.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a tag at rest did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MovementKind {
    /// It was at none of the read points, and is here.
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
    /// When: the time of the last read at the new place when it was decided, or of the last read anywhere for a
    /// departure.
    pub at: Timestamp,
}
