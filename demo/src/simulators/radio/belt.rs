//! Things that pass one after the other: boxes on a belt through a tunnel, and racks along which somebody walks
//! with a handheld.
//!
//! What holds: every tag passes once; on the belt, in order and at even distances.

use reads::{Direction, Read};

use super::doors::{Beam, Passage};
use super::{Antenna, Station, Tag, between, epc, play, time};
use crate::simulators::seeded::Seeded;

/// Reads in order of time, the light barriers of a belt, and who passed when.
#[derive(Debug, Clone)]
pub struct Line {
    /// What the reader reports.
    pub reads: Vec<Read>,
    /// Edges of the belt's light barriers; inside is behind the tunnel.
    pub beams: Vec<Beam>,
    /// The tags, in order of their passing.
    pub passed: Vec<Passage>,
}

fn antenna(port: u16, at: [f64; 2], looks: [f64; 2], blind_db: f64) -> Antenna {
    Antenna { port, at, looks, blind_db }
}

/// Boxes with a tag each through a tunnel with an antenna on either side, at so many metres a second.
#[must_use]
pub fn boxes(seed: u64, count: usize, apart_s: f64, metres_per_s: f64) -> Line {
    let mut random = Seeded::new(seed);
    // Low power and absorbing walls: what is a metre away is not read.
    let tunnel = Station {
        antennas: vec![
            antenna(1, [0.0, 0.4], [0.0, -1.0], 12.0),
            antenna(2, [0.0, -0.4], [0.0, 1.0], 12.0),
        ],
        less_db: 13.0,
        offset_db: 2.0,
    };
    let (mut tags, mut passed, mut beams) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = 5.0;
    for number in 0..count {
        let (dx, y) = (between(&mut random, -0.1, 0.1), between(&mut random, -0.15, 0.15));
        let away = 4.0 / metres_per_s;
        let path = vec![[at - away, -4.0 + dx, y], [at + away, 4.0 + dx, y]];
        let epc = epc(seed, number);
        let crossed = time(at - dx / metres_per_s);
        passed.push(Passage { epc: epc.clone(), door: 0, direction: Direction::In, at: crossed });
        tags.push(Tag { epc, path, hidden: Vec::new() });
        // A box is 0.4 m long; the barriers stand 0.3 m before and behind the middle.
        for (is_inside, beam) in [(false, -0.3), (true, 0.3)] {
            for (is_broken, end) in [(true, -0.2), (false, 0.2)] {
                let at = time(at + (beam + end) / metres_per_s);
                beams.push(Beam { door: 0, is_inside, is_broken, at });
            }
        }
        at += apart_s;
    }
    beams.sort_by_key(|beam| beam.at);
    let reads = play(seed, &[tunnel], &tags).pop().unwrap_or_default();
    Line { reads, beams, passed }
}

/// Racks of tags along which somebody walks at 0.5 m a second, sweeping a handheld from side to side.
#[must_use]
pub fn racks(seed: u64, count: usize) -> Line {
    let mut random = Seeded::new(seed);
    let handheld = Station {
        antennas: vec![
            antenna(0, [0.0, 0.0], [0.5, 0.866_025_4], 9.0),
            antenna(0, [0.0, 0.0], [-0.5, 0.866_025_4], 9.0),
        ],
        less_db: 0.0,
        offset_db: 2.0,
    };
    let (mut tags, mut passed) = (Vec::new(), Vec::new());
    for number in 0..count {
        // Seen from the hand, the racks go by.
        let along = f64::from(u32::try_from(number).unwrap_or(0)) * 0.1;
        let at = 20.0 + along / 0.5;
        let y = between(&mut random, 0.6, 2.0);
        let path = vec![[at - 12.0, -6.0, y], [at + 12.0, 6.0, y]];
        let epc = epc(seed, number);
        passed.push(Passage { epc: epc.clone(), door: 0, direction: Direction::In, at: time(at) });
        tags.push(Tag { epc, path, hidden: Vec::new() });
    }
    let reads = play(seed, &[handheld], &tags).pop().unwrap_or_default();
    Line { reads, beams: Vec::new(), passed }
}
