//! What is stored of a closed window and of a tag at rest: JSON with a version.
//!
//! The way through: [`window_to_json`] when a window closes, [`window_from_json`] when it is settled again;
//! [`presence_to_json`] and [`presence_from_json`] for the tags at rest.
//!
//! What holds: these types are not the ones that settling computes with, nor those of the configuration file, so
//! neither changes what is stored; a version other than [`VERSION`] is refused, never guessed.
//!
//! Not here: raw reads ([`reads::Window`] has their layout), the database that holds them (`firmware-bridge`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use reads::{Edge, SensorReading};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::closing::{Closing, NeighbourReads};
use crate::settings::{DirectionRule, PresenceRule, Preset, Settings};
use crate::settle::presence::{PlaceReads, TagPresence};

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// Why something stored cannot be used.
#[derive(Debug, Error)]
pub enum StoredError {
    /// It is not JSON, or not of the form that its version has.
    #[error("not the stored form: {0}")]
    Form(#[from] serde_json::Error),
    /// It was written by another version of the program.
    #[error("got version {0}, expected {VERSION}")]
    Version(u32),
    /// It does not name its version.
    #[error("got no version, expected {VERSION}")]
    NoVersion,
}

/// A closed window, as it is stored.
#[must_use]
pub fn window_to_json(closing: &Closing) -> String {
    to_json(&StoredWindow::from(closing))
}

/// A closed window, from what is stored of it.
///
/// # Errors
///
/// [`StoredError`].
pub fn window_from_json(text: &str) -> Result<Closing, StoredError> {
    from_json::<StoredWindow>(text).map(Closing::from)
}

/// A tag at rest, as it is stored.
#[must_use]
pub fn presence_to_json(tag: &TagPresence) -> String {
    to_json(&StoredPresence { version: VERSION, tag: StoredTag::from(tag) })
}

/// A tag at rest, from what is stored of it.
///
/// # Errors
///
/// [`StoredError`].
pub fn presence_from_json(text: &str) -> Result<TagPresence, StoredError> {
    from_json::<StoredPresence>(text).map(|stored| TagPresence::from(stored.tag))
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("every member has a JSON form")
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoredError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: Option<u32>,
    }
    match serde_json::from_str::<Versioned>(text)?.version {
        Some(VERSION) => Ok(serde_json::from_str(text)?),
        Some(other) => Err(StoredError::Version(other)),
        None => Err(StoredError::NoVersion),
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredWindow {
    version: u32,
    bridge: String,
    boot: u64,
    seq: u64,
    reader: String,
    read_point: String,
    antenna_read_points: BTreeMap<u16, String>,
    opened: Timestamp,
    closed: Timestamp,
    settings: StoredSettings,
    suspect_clock: bool,
    late: bool,
    gaps: Vec<String>,
    edges: Vec<Edge>,
    sensors: Vec<SensorReading>,
    neighbour_reads: BTreeMap<String, StoredNeighbour>,
    residents: BTreeSet<String>,
    held: BTreeSet<String>,
    presence: BTreeMap<String, StoredTag>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredSettings {
    preset: StoredPreset,
    quiet_ms: u64,
    longest_ms: u64,
    direction: Option<StoredDirection>,
    barrier: Option<u16>,
    neighbours: Vec<String>,
    resident_s: u32,
    presence: StoredPresenceRule,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum StoredPreset {
    Portal,
    Shelf,
    Stocktake,
    Tunnel,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredDirection {
    inside_antennas: Vec<u16>,
    outside_antennas: Vec<u16>,
    inside_barrier: Option<u16>,
    outside_barrier: Option<u16>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredPresenceRule {
    arrive_reads: u32,
    margin_cdb: i32,
    memory_s: u32,
    depart_s: u32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredNeighbour {
    reader: String,
    count: u32,
    rssi_mean_cdbm: i32,
    rssi_top_cdbm: i32,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredPresence {
    version: u32,
    tag: StoredTag,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredTag {
    place: Option<String>,
    last: Option<Timestamp>,
    reads_by_place: BTreeMap<String, Vec<StoredPlaceReads>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredPlaceReads {
    last: Timestamp,
    count: u32,
    sum_cdbm: i64,
}

impl From<&Closing> for StoredWindow {
    fn from(closing: &Closing) -> Self {
        let neighbour_reads = closing.neighbour_reads.iter();
        let presence = closing.presence.iter();
        Self {
            version: VERSION,
            bridge: closing.bridge.clone(),
            boot: closing.boot,
            seq: closing.seq,
            reader: closing.reader.clone(),
            read_point: closing.read_point.clone(),
            antenna_read_points: closing.antenna_read_points.clone(),
            opened: closing.opened,
            closed: closing.closed,
            settings: StoredSettings::from(&closing.settings),
            suspect_clock: closing.suspect_clock,
            late: closing.late,
            gaps: closing.gaps.clone(),
            edges: closing.edges.clone(),
            sensors: closing.sensors.clone(),
            neighbour_reads: neighbour_reads.map(|(epc, one)| (epc.clone(), one.into())).collect(),
            residents: closing.residents.clone(),
            held: closing.held.clone(),
            presence: presence.map(|(epc, tag)| (epc.clone(), tag.into())).collect(),
        }
    }
}

impl From<StoredWindow> for Closing {
    fn from(stored: StoredWindow) -> Self {
        let neighbour_reads = stored.neighbour_reads.into_iter();
        let presence = stored.presence.into_iter();
        Self {
            bridge: stored.bridge,
            boot: stored.boot,
            seq: stored.seq,
            reader: stored.reader,
            read_point: stored.read_point,
            antenna_read_points: stored.antenna_read_points,
            opened: stored.opened,
            closed: stored.closed,
            settings: stored.settings.into(),
            suspect_clock: stored.suspect_clock,
            late: stored.late,
            gaps: stored.gaps,
            edges: stored.edges,
            sensors: stored.sensors,
            neighbour_reads: neighbour_reads.map(|(epc, one)| (epc, one.into())).collect(),
            residents: stored.residents,
            held: stored.held,
            presence: presence.map(|(epc, tag)| (epc, tag.into())).collect(),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<&Settings> for StoredSettings {
    fn from(settings: &Settings) -> Self {
        let rule = settings.presence;
        Self {
            preset: settings.preset.into(),
            quiet_ms: millis(settings.quiet),
            longest_ms: millis(settings.longest),
            direction: settings.direction.as_ref().map(StoredDirection::from),
            barrier: settings.barrier,
            neighbours: settings.neighbours.clone(),
            resident_s: settings.resident_s,
            presence: StoredPresenceRule {
                arrive_reads: rule.arrive_reads,
                margin_cdb: rule.margin_cdb,
                memory_s: rule.memory_s,
                depart_s: rule.depart_s,
            },
        }
    }
}

impl From<StoredSettings> for Settings {
    fn from(stored: StoredSettings) -> Self {
        let rule = stored.presence;
        Self {
            preset: stored.preset.into(),
            quiet: Duration::from_millis(stored.quiet_ms),
            longest: Duration::from_millis(stored.longest_ms),
            direction: stored.direction.map(DirectionRule::from),
            barrier: stored.barrier,
            neighbours: stored.neighbours,
            resident_s: stored.resident_s,
            presence: PresenceRule {
                arrive_reads: rule.arrive_reads,
                margin_cdb: rule.margin_cdb,
                memory_s: rule.memory_s,
                depart_s: rule.depart_s,
            },
        }
    }
}

impl From<Preset> for StoredPreset {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Portal => Self::Portal,
            Preset::Shelf => Self::Shelf,
            Preset::Stocktake => Self::Stocktake,
            Preset::Tunnel => Self::Tunnel,
        }
    }
}

impl From<StoredPreset> for Preset {
    fn from(stored: StoredPreset) -> Self {
        match stored {
            StoredPreset::Portal => Self::Portal,
            StoredPreset::Shelf => Self::Shelf,
            StoredPreset::Stocktake => Self::Stocktake,
            StoredPreset::Tunnel => Self::Tunnel,
        }
    }
}

impl From<&DirectionRule> for StoredDirection {
    fn from(rule: &DirectionRule) -> Self {
        Self {
            inside_antennas: rule.inside_antennas.clone(),
            outside_antennas: rule.outside_antennas.clone(),
            inside_barrier: rule.inside_barrier,
            outside_barrier: rule.outside_barrier,
        }
    }
}

impl From<StoredDirection> for DirectionRule {
    fn from(stored: StoredDirection) -> Self {
        Self {
            inside_antennas: stored.inside_antennas,
            outside_antennas: stored.outside_antennas,
            inside_barrier: stored.inside_barrier,
            outside_barrier: stored.outside_barrier,
        }
    }
}

impl From<&NeighbourReads> for StoredNeighbour {
    fn from(reads: &NeighbourReads) -> Self {
        Self {
            reader: reads.reader.clone(),
            count: reads.count,
            rssi_mean_cdbm: reads.rssi_mean_cdbm,
            rssi_top_cdbm: reads.rssi_top_cdbm,
        }
    }
}

impl From<StoredNeighbour> for NeighbourReads {
    fn from(stored: StoredNeighbour) -> Self {
        Self {
            reader: stored.reader,
            count: stored.count,
            rssi_mean_cdbm: stored.rssi_mean_cdbm,
            rssi_top_cdbm: stored.rssi_top_cdbm,
        }
    }
}

impl From<&TagPresence> for StoredTag {
    fn from(tag: &TagPresence) -> Self {
        let stored = |reads: &PlaceReads| StoredPlaceReads {
            last: reads.last,
            count: reads.count,
            sum_cdbm: reads.sum_cdbm,
        };
        let by_place = tag.reads_by_place.iter();
        Self {
            place: tag.place.clone(),
            last: tag.last,
            reads_by_place: by_place
                .map(|(place, reads)| (place.clone(), reads.iter().map(stored).collect()))
                .collect(),
        }
    }
}

impl From<StoredTag> for TagPresence {
    fn from(stored: StoredTag) -> Self {
        let reads = |stored: StoredPlaceReads| PlaceReads {
            last: stored.last,
            count: stored.count,
            sum_cdbm: stored.sum_cdbm,
        };
        let by_place = stored.reads_by_place.into_iter();
        Self {
            place: stored.place,
            last: stored.last,
            reads_by_place: by_place
                .map(|(place, all)| (place, all.into_iter().map(reads).collect()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
