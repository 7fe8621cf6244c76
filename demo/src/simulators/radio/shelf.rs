//! Two shelf places side by side, and tags that come, rest near the border, are moved across it, and go.
//!
//! What holds: the middles of the places are 1 m apart and the border is at x = 0.5; no tag rests nearer to it
//! than 0.2 m. The truth has a step for each tag that was put down, moved across or taken away, and no other.

use jiff::Timestamp;
use reads::Read;

use super::{Antenna, Station, Tag, between, epc, play, time};
use crate::simulators::seeded::Seeded;

/// What happened to a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its EPC bank.
    pub epc: Vec<u8>,
    /// The place it left, 0 or 1.
    pub from: Option<usize>,
    /// The place it was put to, 0 or 1.
    pub to: Option<usize>,
    /// When it was put down, or was taken away.
    pub at: Timestamp,
}

/// What is reported, and what happened.
#[derive(Debug, Clone)]
pub struct Resting {
    /// Reads by reader: two readers with an antenna each, or one with two; in order of time.
    pub reads: Vec<Vec<Read>>,
    /// What happened, in order of time.
    pub steps: Vec<Step>,
    /// Seconds after the begin at which everything is over.
    pub ends_s: f64,
}

/// How the places are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wiring {
    /// A reader for each place.
    TwoReaders,
    /// One reader, whose ports 1 and 2 are the places.
    TwoAntennas,
}

fn antenna(port: u16, x: f64) -> Antenna {
    // Near the antenna its lobe is wide: places differ by distance, hardly by angle.
    Antenna { port, at: [x, 0.0], looks: [0.0, 1.0], blind_db: 2.0 }
}

/// The readers.
#[must_use]
pub fn stations(wiring: Wiring) -> Vec<Station> {
    let (left, right) = (antenna(1, 0.0), antenna(2, 1.0));
    // So near, the direct path outweighs all others: tags differ less than at a door.
    let (less_db, offset_db) = (8.0, 1.0);
    match wiring {
        Wiring::TwoAntennas => vec![Station { antennas: vec![left, right], less_db, offset_db }],
        Wiring::TwoReaders => [left, right]
            .map(|antenna| Station {
                antennas: vec![Antenna { port: 1, ..antenna }],
                less_db,
                offset_db,
            })
            .to_vec(),
    }
}

/// The traffic of a seed with so many tags.
///
/// - `hidden_s`: longest spell in which a person hides a tag from all antennas.
#[must_use]
pub fn traffic(seed: u64, wiring: Wiring, tags: usize, hidden_s: f64) -> Resting {
    let mut random = Seeded::new(seed);
    let mut steps = Vec::new();
    let mut ways: Vec<Tag> = Vec::new();
    let mut ends_s: f64 = 0.0;
    for number in 0..tags {
        let random = &mut random;
        let epc = epc(seed, number);
        let mut place = usize::try_from(random.below(2)).unwrap_or(0);
        let mut now = between(random, 40.0, 160.0);
        let mut spot = spot(random, place);
        let mut path = vec![[now - 3.0, spot[0], 6.0], [now, spot[0], spot[1]]];
        steps.push(Step { epc: epc.clone(), from: None, to: Some(place), at: time(now) });
        let mut hidden = Vec::new();
        for _ in 0..random.below(3) {
            rest(random, &mut now, &mut hidden, hidden_s);
            path.push([now, spot[0], spot[1]]);
            let other = 1 - place;
            spot = self::spot(random, other);
            now += between(random, 0.8, 2.0);
            path.push([now, spot[0], spot[1]]);
            let (from, to) = (Some(place), Some(other));
            steps.push(Step { epc: epc.clone(), from, to, at: time(now) });
            place = other;
        }
        rest(random, &mut now, &mut hidden, hidden_s);
        path.push([now, spot[0], spot[1]]);
        steps.push(Step { epc: epc.clone(), from: Some(place), to: None, at: time(now) });
        path.push([now + 3.0, spot[0], 6.0]);
        ends_s = ends_s.max(now + 3.0);
        ways.push(Tag { epc, path, hidden });
    }
    steps.sort_by_key(|step| step.at);
    Resting { reads: play(seed, &stations(wiring), &ways), steps, ends_s }
}

/// A spot at a place, 0.2 to 0.5 m from the border.
fn spot(random: &mut Seeded, place: usize) -> [f64; 2] {
    let away = between(random, 0.2, 0.5);
    let x = if place == 0 { 0.5 - away } else { 0.5 + away };
    [x, between(random, 0.3, 0.7)]
}

/// Minutes of rest, in which somebody stands before the tag now and then.
fn rest(random: &mut Seeded, now: &mut f64, hidden: &mut Vec<[f64; 2]>, hidden_s: f64) {
    let ends = *now + between(random, 90.0, 240.0);
    let mut at = *now;
    loop {
        at += between(random, 20.0, 90.0);
        let lasts = between(random, 0.5, hidden_s);
        if at + lasts > ends - 10.0 {
            break;
        }
        hidden.push([at, at + lasts]);
        at += lasts;
    }
    *now = ends;
}
