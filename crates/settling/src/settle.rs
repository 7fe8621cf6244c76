//! Settles the reads of a window into observations and movements, and packs them into deliveries.
//!
//! The way through:
//!
//! ```text
//! raw window + Closing (what else was known when it closed) -> bursts -> features -> direction, rival -> deliveries
//!                                                          \-> presence -> movements
//! ```
//!
//! What holds: [`close`] is pure, and a [`Closing`] is stored with its window; settling both again gives the same
//! bytes. Nothing is concluded here about custody. A window of a shelf delivers only the tags that moved, every
//! other window all of them.
//!
//! Not here: when a window opens and closes ([`crate::tracker`]), what it means (`ingest`).
//!
//! Source: docs/decisions/0015-settling.md, docs/formats/observation-v1.md.

pub(crate) mod burst;
pub mod direction;
pub mod features;
mod parts;
pub mod presence;

use std::collections::{BTreeMap, BTreeSet};

use reads::time_belief::AHEAD;
use reads::{CONTRACT, Delivery, Direction, Movement, Observation, Read, Rival};

use self::burst::Burst;
use self::features::ByTag;
pub use self::features::settle;
use self::presence::{PlaceReads, TagPresence};
use crate::closing::Closing;
use crate::settings::{DirectionRule, Preset};

/// The result of settling a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The deliveries, one after the other in the boot's sequence; none if nothing changed at a shelf.
    pub deliveries: Vec<Delivery>,
    /// Observations settled, delivered or not.
    pub observations: usize,
    /// Presence after the window, by EPC; an entry without a last read is to be deleted.
    pub presence: BTreeMap<String, TagPresence>,
}

/// Settles a window.
///
/// - `reads`: the window's reads, in order of arrival.
/// - `digest`: the window's digest, hex.
#[must_use]
pub fn close(closing: &Closing, reads: &[Read], digest: &str) -> Closed {
    let mut presence = closing.presence.clone();
    if closing.settings.preset == Preset::Shelf {
        let movements = follow(closing, reads, &mut presence);
        let moved: BTreeSet<&str> = movements.iter().map(|step| step.epc_hex.as_str()).collect();
        let mut observations = observe(closing, reads);
        let settled = observations.len();
        observations.retain(|observation| moved.contains(observation.epc_hex.as_str()));
        let burst = Burst::whole(closing, reads);
        let deliveries = pack(closing, digest, vec![(burst, observations)], movements);
        return Closed { deliveries, observations: settled, presence };
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
    Closed { deliveries, observations, presence }
}

/// The observations of some of a window's reads, with direction, rivals and residents.
fn observe(closing: &Closing, reads: &[Read]) -> Vec<Observation> {
    let held = closing.held_banks();
    let by_tag = ByTag::new(reads);
    let own = by_tag
        .iter()
        .filter(|reads| reads.first().is_some_and(|first| !held.contains(first.epc.as_slice())));
    own.filter_map(|reads| observe_tag(closing, reads)).collect()
}

/// The observation of one tag.
fn observe_tag(closing: &Closing, reads: &[&Read]) -> Option<Observation> {
    let mut observation = features::observation(reads)?;
    observation.resident = closing.residents.contains(&observation.epc_hex);
    let rule = closing.settings.direction.as_ref();
    let ruled = rule.map(|rule| by_rule(rule, closing, reads, observation.resident));
    observation.direction = direction::together(direction::stated(reads), ruled);
    if let Some(neighbour) = closing.neighbour_reads.get(&observation.epc_hex) {
        let mut strengths: Vec<i32> = reads.iter().map(|read| read.rssi_cdbm).collect();
        observation.rival = Some(Rival {
            reader: neighbour.reader.clone(),
            count: neighbour.count,
            rssi_mean_cdbm: neighbour.rssi_mean_cdbm,
            rssi_top_cdbm: neighbour.rssi_top_cdbm,
            own_top_cdbm: features::top(&mut strengths),
        });
    }
    Some(observation)
}

/// The direction by the rule of the read point.
fn by_rule(
    rule: &DirectionRule,
    closing: &Closing,
    reads: &[&Read],
    is_resident: bool,
) -> Direction {
    // Barriers show that something passed; antennas show it for each tag and take precedence.
    let by_barriers = direction::by_barriers(rule, &closing.edges, reads);
    match (direction::by_antennas(rule, reads, is_resident), by_barriers) {
        (Direction::Unclear, Some(direction)) if !is_resident => direction,
        (direction, _) => direction,
    }
}

/// Updates the presence of every tag of a shelf's window, and of those that were not read for too long.
fn follow(
    closing: &Closing,
    reads: &[Read],
    presence: &mut BTreeMap<String, TagPresence>,
) -> Vec<Movement> {
    let rule = closing.settings.presence;
    let by_tag: BTreeMap<String, BTreeMap<String, PlaceReads>> = ByTag::new(reads)
        .iter()
        .filter_map(|reads| {
            Some((hex::encode_upper(&reads.first()?.epc), by_place(closing, reads)))
        })
        .collect();
    let mut movements = Vec::new();
    for (epc_hex, tag) in presence.iter_mut() {
        if !by_tag.contains_key(epc_hex) {
            movements.extend(presence::depart(tag, epc_hex));
        }
    }
    for (epc_hex, places) in by_tag {
        let tag = presence.entry(epc_hex.clone()).or_default();
        tag.forget_after(closing.closed + AHEAD);
        movements.extend(presence::step(tag, &epc_hex, places, rule));
    }
    movements.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.epc_hex.cmp(&b.epc_hex)));
    movements
}

/// The reads of one tag, by the place of their antennas.
fn by_place(closing: &Closing, reads: &[&Read]) -> BTreeMap<String, PlaceReads> {
    let mut places: BTreeMap<&str, PlaceReads> = BTreeMap::new();
    for read in reads {
        let place = closing.antenna_read_points.get(&read.antenna).unwrap_or(&closing.read_point);
        let none = PlaceReads { last: read.at, count: 0, sum_cdbm: 0 };
        let found = places.entry(place).or_insert(none);
        found.last = found.last.max(read.at);
        found.count += 1;
        found.sum_cdbm += i64::from(read.rssi_cdbm);
    }
    places.into_iter().map(|(place, reads)| (place.to_owned(), reads)).collect()
}

/// The deliveries of a window: one for each burst that has something to report, more where one is too small.
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
        // What belongs to no passage goes with the last burst.
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
