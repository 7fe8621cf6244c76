//! `[firmware_bridge.reader.settle]`: how the reads of a reader are settled.
//!
//! What holds: what is not in the file has the default of [`settling::settings`].

use serde::{Deserialize, Serialize};
use settling::settings;

/// What kind of place a read point is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Things pass, in bulk: a dock door.
    #[default]
    Portal,
    /// Things rest: a shelf, a bin, a cold store.
    Shelf,
    /// Somebody counts with a handheld: one long window.
    Stocktake,
    /// Things pass one after the other on a belt, mostly between light barriers.
    Tunnel,
}

/// `[firmware_bridge.reader.settle]`.
///
/// ```toml
/// [firmware_bridge.reader.settle]
/// preset = "portal"
/// quiet_ms = 1500
/// barrier = 1
/// neighbours = ["door-4"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SettleSection {
    /// What kind of place it is. Default: `portal`.
    #[serde(default)]
    pub preset: Preset,
    /// Milliseconds without a read after which a window closes. Default: the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_ms: Option<u64>,
    /// Milliseconds after which a window closes in any case. Default: the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<u64>,
    /// How directions are determined. Default: they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<DirectionSection>,
    /// Input of a light barrier that opens and closes windows. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barrier: Option<u16>,
    /// Names of readers near enough to read what passes here. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<String>,
    /// Seconds of steady reading after which a tag is a resident and no longer keeps windows open. Default: 30; a
    /// pallet that stops in the door takes 20.
    #[serde(default = "resident_s")]
    pub resident_s: u32,
    /// How presence is decided, for shelves. Default: as in its own section.
    #[serde(default)]
    pub presence: PresenceSection,
}

fn resident_s() -> u32 {
    settings::RESIDENT_S
}

impl Default for SettleSection {
    fn default() -> Self {
        Self {
            preset: Preset::default(),
            quiet_ms: None,
            longest_ms: None,
            direction: None,
            barrier: None,
            neighbours: Vec::new(),
            resident_s: resident_s(),
            presence: PresenceSection::default(),
        }
    }
}

/// `[firmware_bridge.reader.settle.direction]`: how a read point determines directions.
///
/// ```toml
/// [firmware_bridge.reader.settle.direction]
/// inside_antennas = [1, 2]
/// outside_antennas = [3, 4]
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DirectionSection {
    /// Antennas that look at the inside, by number. Default: none.
    #[serde(default)]
    pub inside_antennas: Vec<u16>,
    /// Antennas that look at the outside, by number. Default: none.
    #[serde(default)]
    pub outside_antennas: Vec<u16>,
    /// Input of the light barrier that is nearer to the inside. Default: none.
    #[serde(default)]
    pub inside_barrier: Option<u16>,
    /// Input of the light barrier that is nearer to the outside. Default: none.
    #[serde(default)]
    pub outside_barrier: Option<u16>,
}

/// `[firmware_bridge.reader.settle.presence]`: how presence is decided.
///
/// ```toml
/// [firmware_bridge.reader.settle]
/// preset = "shelf"
/// presence = { arrive_reads = 5, depart_s = 60 }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PresenceSection {
    /// Reads within the memory before a tag has arrived. Default: 3.
    pub arrive_reads: u32,
    /// Hundredths of a dB by which another place must be stronger, however many reads there are. Default: 300.
    pub margin_cdb: i32,
    /// Seconds that reads are remembered for the comparison of places; half of them must speak for a move. Default: 30.
    pub memory_s: u32,
    /// Seconds without a read after which a tag has departed. Default: 30; gaps of 1.3 s are normal for a tag that
    /// is there, and a person who stands before a shelf hides it for longer.
    pub depart_s: u32,
}

impl Default for PresenceSection {
    fn default() -> Self {
        let rule = settings::PresenceRule::default();
        Self {
            arrive_reads: rule.arrive_reads,
            margin_cdb: rule.margin_cdb,
            memory_s: rule.memory_s,
            depart_s: rule.depart_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_without_a_settle_section_is_one_with_an_empty_section() {
        let empty: SettleSection = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, SettleSection::default());
    }
}
