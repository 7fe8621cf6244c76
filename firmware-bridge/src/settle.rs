//! Settles the reads of a window into observations and movements, and packs them into deliveries.
//!
//! The way through:
//!
//! ```text
//! raw window + Closing (what else was known when it closed) -> bursts -> features -> direction, rival -> deliveries
//!                                                          \-> presence -> movements
//! ```
//!
//! What holds: [`close`] is pure, and a [`Closing`] is kept with its window; whoever has both makes the same
//! bytes of them, to the last. Nothing is concluded here about custody; a window of a shelf delivers only the
//! tags that moved, every other window all of them.
//!
//! Not here: when a window opens and closes ([`crate::windows`]), what it means (`ingest`).
//!
//! Source: docs/decisions/0015-settling.md, docs/formats/observation-v1.md.

mod burst;
pub mod direction;
pub mod features;
mod parts;
pub mod presence;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use reads::{CONTRACT, Delivery, Movement, Observation, Read, Rival, SensorReading};
use serde::{Deserialize, Serialize};

use self::burst::Burst;
pub(crate) use self::burst::carried;
pub use self::direction::DirectionRule;
pub use self::features::settle;
pub use self::presence::{PresenceRule, Whereabouts};
use crate::clock::AHEAD;
use crate::reader::Edge;

/// What kind of place a read point is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Things pass, in bulk: a dock door.
    #[default]
    Portal,
    /// Things rest: a shelf, a bin, a cold store. Windows follow one another; what moved is delivered.
    Shelf,
    /// Somebody counts with a handheld: one long window.
    Stocktake,
    /// Things pass one after the other on a belt, mostly between light barriers.
    Tunnel,
}

impl Preset {
    /// Milliseconds without a read after which a window closes, and after which it closes in any case.
    #[must_use]
    pub fn times(self) -> (u64, u64) {
        match self {
            // Public captures of moving tags show gaps of up to 1.3 s, so less cuts one pass in two.
            Self::Portal => (1500, 60_000),
            Self::Shelf => (2000, 2000),
            Self::Stocktake => (10_000, 600_000),
            // Boxes on a belt follow one another within a second.
            Self::Tunnel => (300, 5000),
        }
    }
}

/// How the reads of a reader are settled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// What kind of place it is. Default: portal.
    #[serde(default)]
    pub preset: Preset,
    /// Milliseconds without a read after which a window closes. Default: the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_ms: Option<u64>,
    /// Milliseconds after which a window closes in any case. Default: the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<u64>,
    /// How the place tells directions. Default: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<DirectionRule>,
    /// Input of a light barrier that opens and closes windows. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barrier: Option<u16>,
    /// Names of readers near enough to read what passes here. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<String>,
    /// Seconds of steady reading after which a tag stands here, and no longer keeps windows open. Default: 30; a pallet
    /// that stops in the door takes 20.
    #[serde(default = "resident_s")]
    pub resident_s: u32,
    /// How presence is decided, for shelves.
    #[serde(default)]
    pub presence: PresenceRule,
}

fn resident_s() -> u32 {
    30
}

impl Default for Settle {
    fn default() -> Self {
        Self {
            preset: Preset::default(),
            quiet_ms: None,
            longest_ms: None,
            direction: None,
            barrier: None,
            neighbours: Vec::new(),
            resident_s: resident_s(),
            presence: PresenceRule::default(),
        }
    }
}

impl Settle {
    /// Time without a read after which a window closes.
    #[must_use]
    pub fn quiet(&self) -> Duration {
        Duration::from_millis(self.quiet_ms.unwrap_or(self.preset.times().0))
    }

    /// Time after which a window closes in any case.
    #[must_use]
    pub fn longest(&self) -> Duration {
        Duration::from_millis(self.longest_ms.unwrap_or(self.preset.times().1))
    }

    /// Whether an edge on `port` opens and closes windows.
    #[must_use]
    pub fn is_barrier(&self, port: u16) -> bool {
        self.barrier == Some(port)
            || self.direction.as_ref().is_some_and(|rule| rule.has_barrier(port))
    }

    /// Checks that the parts fit.
    ///
    /// # Errors
    ///
    /// What does not, and what would be right.
    pub fn check(&self) -> Result<(), String> {
        if let Some(rule) = &self.direction {
            rule.check()?;
        }
        if self.quiet().is_zero() || self.longest().is_zero() {
            return Err("quiet_ms and longest_ms: both above 0 would be right".into());
        }
        if self.presence.depart_s < 2 {
            return Err("presence.depart_s below 2: a tag that is there has gaps of 1.3 s".into());
        }
        if self.presence.memory_s < 10 {
            return Err("presence.memory_s below 10: strengths are correlated for seconds".into());
        }
        Ok(())
    }
}

/// What neighbours read of one tag while we read it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Elsewhere {
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The bridge.
    pub bridge: String,
    /// The boot in which the window closed.
    pub boot: u64,
    /// The first delivery's place in the boot's sequence.
    pub seq: u64,
    /// The reader.
    pub reader: String,
    /// Its read point.
    pub read_point: String,
    /// Read points of single antennas, where they differ.
    #[serde(default)]
    pub antenna_read_points: BTreeMap<u16, String>,
    /// When the window opened.
    pub opened: Timestamp,
    /// When it closed.
    pub closed: Timestamp,
    /// How it was settled.
    pub settle: Settle,
    /// Whether the reader's clock was not believed.
    pub suspect_clock: bool,
    /// Whether the reads came late.
    pub late: bool,
    /// What is known to be missing.
    pub gaps: Vec<String>,
    /// Inputs that changed.
    pub edges: Vec<Edge>,
    /// Sensor readings, in order of arrival.
    pub sensors: Vec<SensorReading>,
    /// What neighbours read meanwhile, by EPC.
    pub elsewhere: BTreeMap<String, Elsewhere>,
    /// EPCs that stood here when it closed.
    pub residents: BTreeSet<String>,
    /// EPCs that were passing when it closed: their reads are in the next window too, and are settled there.
    #[serde(default)]
    pub held: BTreeSet<String>,
    /// Whereabouts before the window, of its tags and of those that fell silent, by EPC. Shelves only.
    pub whereabouts: BTreeMap<String, Whereabouts>,
}

/// What a closing window comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The deliveries, one after the other in the boot's sequence; none if a shelf has nothing to say.
    pub deliveries: Vec<Delivery>,
    /// Observations settled, delivered or not.
    pub observations: usize,
    /// Whereabouts after the window, by EPC; an empty one is to be forgotten.
    pub whereabouts: BTreeMap<String, Whereabouts>,
}

/// Settles a window.
///
/// - `reads`: the window's reads, in order of arrival.
/// - `digest`: the window's digest, hex.
#[must_use]
pub fn close(closing: &Closing, reads: &[Read], digest: &str) -> Closed {
    let mut whereabouts = closing.whereabouts.clone();
    if closing.settle.preset == Preset::Shelf {
        let movements = follow(closing, reads, &mut whereabouts);
        let moved: BTreeSet<&str> = movements.iter().map(|step| step.epc_hex.as_str()).collect();
        let mut observations = observe(closing, reads);
        let settled = observations.len();
        observations.retain(|observation| moved.contains(observation.epc_hex.as_str()));
        let burst = Burst::whole(closing, reads);
        let deliveries = pack(closing, digest, vec![(burst, observations)], movements);
        return Closed { deliveries, observations: settled, whereabouts };
    }
    let bursts = burst::split(closing, reads);
    let settled: Vec<_> = bursts
        .into_iter()
        .map(|burst| {
            let observations = observe(closing, &burst.reads);
            (burst, observations)
        })
        .collect();
    let observations = settled.iter().map(|(_, observations)| observations.len()).sum();
    let deliveries = pack(closing, digest, settled, Vec::new());
    Closed { deliveries, observations, whereabouts }
}

/// What is settled of some of a window's reads, with all that its surroundings say.
fn observe(closing: &Closing, reads: &[Read]) -> Vec<Observation> {
    let mut observations = features::settle(reads);
    observations.retain(|observation| !closing.held.contains(&observation.epc_hex));
    add_direction(closing, reads, &mut observations);
    add_rivals(closing, reads, &mut observations);
    observations
}

fn add_direction(closing: &Closing, reads: &[Read], observations: &mut [Observation]) {
    for observation in observations.iter_mut() {
        observation.resident = closing.residents.contains(&observation.epc_hex);
    }
    let Some(rule) = &closing.settle.direction else { return };
    let mut by_tag: HashMap<&[u8], Vec<&Read>> = HashMap::new();
    for read in reads {
        by_tag.entry(&read.epc).or_default().push(read);
    }
    for observation in observations {
        let epc = hex::decode(&observation.epc_hex).unwrap_or_default();
        let reads = by_tag.get(epc.as_slice()).map_or(&[][..], Vec::as_slice);
        // Barriers tell that something went through; antennas tell it of each tag, and come first.
        let by_barriers = direction::by_barriers(rule, &closing.edges, reads);
        let by_antennas = direction::by_antennas(rule, reads, observation.resident);
        observation.direction = Some(match (by_antennas, by_barriers) {
            (reads::Direction::Unclear, Some(told)) if !observation.resident => told,
            (told, _) => told,
        });
    }
}

fn add_rivals(closing: &Closing, reads: &[Read], observations: &mut [Observation]) {
    if closing.elsewhere.is_empty() {
        return;
    }
    let mut strengths: HashMap<String, Vec<i32>> = HashMap::new();
    for read in reads {
        let hex = hex::encode_upper(&read.epc);
        if closing.elsewhere.contains_key(&hex) {
            strengths.entry(hex).or_default().push(read.rssi_cdbm);
        }
    }
    for observation in observations {
        let Some(elsewhere) = closing.elsewhere.get(&observation.epc_hex) else { continue };
        let own =
            strengths.get_mut(&observation.epc_hex).map_or(i32::MIN, |own| features::top(own));
        observation.rival = Some(Rival {
            reader: elsewhere.reader.clone(),
            count: elsewhere.count,
            rssi_mean_cdbm: elsewhere.rssi_mean_cdbm,
            rssi_top_cdbm: elsewhere.rssi_top_cdbm,
            own_top_cdbm: own,
        });
    }
}

/// Follows every tag of a shelf's window, and those that fell silent.
fn follow(
    closing: &Closing,
    reads: &[Read],
    whereabouts: &mut BTreeMap<String, Whereabouts>,
) -> Vec<Movement> {
    let rule = closing.settle.presence;
    let mut seen: BTreeMap<String, BTreeMap<String, presence::Seen>> = BTreeMap::new();
    for read in reads {
        let place = closing.antenna_read_points.get(&read.antenna).unwrap_or(&closing.read_point);
        let places = seen.entry(hex::encode_upper(&read.epc)).or_default();
        let found = places.entry(place.clone()).or_insert_with(|| presence::Seen {
            last: read.at,
            count: 0,
            sum_cdbm: 0,
        });
        found.last = found.last.max(read.at);
        found.count += 1;
        found.sum_cdbm += i64::from(read.rssi_cdbm);
    }
    let mut movements = Vec::new();
    for (epc_hex, tag) in whereabouts.iter_mut() {
        if !seen.contains_key(epc_hex) {
            movements.extend(presence::depart(tag, epc_hex));
        }
    }
    for (epc_hex, places) in seen {
        let tag = whereabouts.entry(epc_hex.clone()).or_default();
        tag.forget_after(closing.closed + AHEAD);
        movements.extend(presence::step(tag, &epc_hex, places, rule));
    }
    movements.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.epc_hex.cmp(&b.epc_hex)));
    movements
}

/// The deliveries of a window: one for each of its bursts that says something, more where one does not hold it.
fn pack(
    closing: &Closing,
    digest: &str,
    bursts: Vec<(Burst<'_>, Vec<Observation>)>,
    mut movements: Vec<Movement>,
) -> Vec<Delivery> {
    let mut out: Vec<Delivery> = Vec::new();
    let last = bursts.len().saturating_sub(1);
    for (place, (burst, observations)) in bursts.into_iter().enumerate() {
        let empty = Delivery {
            contract: CONTRACT.to_owned(),
            bridge: closing.bridge.clone(),
            boot: closing.boot,
            seq: 0,
            reader: closing.reader.clone(),
            read_point: closing.read_point.clone(),
            opened: burst.opened,
            closed: burst.closed,
            reads: burst.reads.len() as u64,
            window_digest: digest.to_owned(),
            suspect_clock: closing.suspect_clock,
            late: burst.is_late,
            gaps: closing.gaps.clone(),
            by_barrier: burst.by_barrier,
            observations: Vec::new(),
            sensors: Vec::new(),
            movements: Vec::new(),
        };
        // What belongs to no passage goes with the last.
        let is_last = place == last;
        let movements = if is_last { std::mem::take(&mut movements) } else { Vec::new() };
        let sensors = if is_last { closing.sensors.clone() } else { Vec::new() };
        let is_silent = observations.is_empty() && movements.is_empty() && sensors.is_empty();
        if is_silent && !burst.by_barrier && (closing.gaps.is_empty() || !is_last) {
            continue;
        }
        out.extend(parts::fill(&empty, observations, movements, sensors));
    }
    for (delivery, seq) in out.iter_mut().zip(closing.seq..) {
        delivery.seq = seq;
    }
    out
}

#[cfg(test)]
mod tests;
