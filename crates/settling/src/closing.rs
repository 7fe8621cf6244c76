//! A window that closes, with everything besides its raw reads that its deliveries are made of.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use reads::{Edge, SensorReading};

use crate::settings::Settings;
use crate::settle::presence::TagPresence;

/// What neighbours read of one tag while we read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighbourReads {
    /// The neighbour's name.
    pub reader: String,
    /// Its reads.
    pub count: u32,
    /// Their mean, hundredths of a dBm.
    pub rssi_mean_cdbm: i32,
    /// The mean of their strongest quarter.
    pub rssi_top_cdbm: i32,
}

/// Everything besides the raw reads that a delivery is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The bridge.
    pub bridge: String,
    /// The boot in which the window closed.
    pub boot: u64,
    /// Sequence number of the first delivery, within the boot.
    pub seq: u64,
    /// The reader.
    pub reader: String,
    /// Its read point.
    pub read_point: String,
    /// Read points of single antennas, where they differ.
    pub antenna_read_points: BTreeMap<u16, String>,
    /// When the window opened.
    pub opened: Timestamp,
    /// When it closed.
    pub closed: Timestamp,
    /// How it was settled.
    pub settings: Settings,
    /// Whether the reader's clock was not believed.
    pub suspect_clock: bool,
    /// Whether the reads arrived late.
    pub late: bool,
    /// What is known to be missing.
    pub gaps: Vec<String>,
    /// Inputs that changed.
    pub edges: Vec<Edge>,
    /// Sensor readings, in order of arrival.
    pub sensors: Vec<SensorReading>,
    /// What neighbours read during the window, by EPC.
    pub neighbour_reads: BTreeMap<String, NeighbourReads>,
    /// EPCs of residents when it closed.
    pub residents: BTreeSet<String>,
    /// EPCs that were passing when it closed: their reads are also in the next window and are settled there.
    pub held: BTreeSet<String>,
    /// Presence before the window, of its tags and of those that were not read for too long, by EPC. Shelves only.
    pub presence: BTreeMap<String, TagPresence>,
}

impl Closing {
    /// A window of a reader of which nothing is known but its reads, settled as a portal's.
    #[must_use]
    pub fn of_reads(reader: &str, read_point: &str, opened: Timestamp, closed: Timestamp) -> Self {
        Self {
            bridge: String::new(),
            boot: 1,
            seq: 1,
            reader: reader.to_owned(),
            read_point: read_point.to_owned(),
            antenna_read_points: BTreeMap::new(),
            opened,
            closed,
            settings: Settings::default(),
            suspect_clock: false,
            late: false,
            gaps: Vec::new(),
            edges: Vec::new(),
            sensors: Vec::new(),
            neighbour_reads: BTreeMap::new(),
            residents: BTreeSet::new(),
            held: BTreeSet::new(),
            presence: BTreeMap::new(),
        }
    }

    /// The EPC banks of [`Closing::held`].
    #[must_use]
    pub fn held_banks(&self) -> HashSet<Vec<u8>> {
        self.held.iter().filter_map(|epc| hex::decode(epc).ok()).collect()
    }
}
