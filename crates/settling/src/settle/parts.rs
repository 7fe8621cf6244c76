//! Distributes the content of a window over as many deliveries as it needs.
//!
//! What holds: everything is in exactly one of them, in its order; none has more observations,
//! movements, readings or bytes than the contract allows.

use reads::{
    Delivery, MAX_BYTES, MAX_OBSERVATIONS, MAX_READINGS, Movement, Observation, SensorReading,
};
use serde::Serialize;

/// Bytes of one delivery's observations, movements and readings together; the rest is for its other members,
/// of which the gaps are the largest: 100 of 1024 bytes, each of them escaped at worst.
const MOST_BYTES: usize = MAX_BYTES - 1024 * 1024;
/// Up to this many items never have too many bytes, however long their names are, so they are not measured.
const LIGHT: usize = 1000;
/// Bytes of an observation without its texts and antennas, at most: 13 members with their names, times and numbers.
const NUMBERS: usize = 400;
/// Bytes of `{"antenna":65535,"count":4294967295},`.
const ANTENNA: usize = 37;
/// Bytes of a character in JSON, at most.
const ESCAPED: usize = 6;
/// Bytes of a movement or a reading, at most: four names of 256 bytes, escaped, and the rest.
const HEAVIEST: usize = 8192;

/// Deliveries like `empty`, filled one after the other; at least one.
pub(super) fn fill(
    empty: &Delivery,
    observations: Vec<Observation>,
    movements: Vec<Movement>,
    sensors: Vec<SensorReading>,
) -> Vec<Delivery> {
    let may_be_heavy = || {
        let observed: usize = observations.iter().map(most_bytes).sum();
        observed + (movements.len() + sensors.len()) * HEAVIEST > MOST_BYTES
    };
    let weighs = observations.len() + movements.len() + sensors.len() > LIGHT && may_be_heavy();
    let mut filler = Filler { empty, full: Vec::new(), open: empty.clone(), bytes: 0, weighs };
    for observation in observations {
        let is_full = filler.open.observations.len() >= MAX_OBSERVATIONS;
        filler.make_room(&observation, is_full);
        filler.open.observations.push(observation);
    }
    for movement in movements {
        let is_full = filler.open.movements.len() >= MAX_OBSERVATIONS;
        filler.make_room(&movement, is_full);
        filler.open.movements.push(movement);
    }
    for reading in sensors {
        let is_full = filler.open.sensors.len() >= MAX_READINGS;
        filler.make_room(&reading, is_full);
        filler.open.sensors.push(reading);
    }
    filler.full.push(filler.open);
    filler.full
}

/// No fewer bytes than an observation has as JSON: the names of its members, its numbers and times, and its texts,
/// escaped at worst.
fn most_bytes(observation: &Observation) -> usize {
    let texts = [Some(&observation.epc_hex), observation.epc.as_ref(), observation.tid.as_ref()];
    let rival =
        observation.rival.as_ref().map_or(0, |rival| NUMBERS + rival.reader.len() * ESCAPED);
    let texts: usize = texts.into_iter().flatten().map(|text| text.len() * ESCAPED).sum();
    NUMBERS + texts + rival + observation.antennas.len() * ANTENNA
}

struct Filler<'a> {
    empty: &'a Delivery,
    full: Vec<Delivery>,
    open: Delivery,
    bytes: usize,
    weighs: bool,
}

impl Filler<'_> {
    /// Starts the next delivery if `item` does not fit into the open one.
    fn make_room(&mut self, item: &impl Serialize, is_full: bool) {
        let bytes =
            if self.weighs { serde_json::to_vec(item).map_or(0, |text| text.len() + 1) } else { 0 };
        if is_full || self.bytes + bytes > MOST_BYTES {
            self.full.push(std::mem::replace(&mut self.open, self.empty.clone()));
            self.bytes = 0;
        }
        self.bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use reads::{AntennaCount, Direction, Rival};

    use super::*;

    #[test]
    fn no_observation_has_more_bytes_than_it_is_held_for() {
        let time = Timestamp::MIN;
        for text in ["A".repeat(124), "\u{1}".repeat(512), String::new()] {
            let observation = Observation {
                epc_hex: text.clone(),
                epc: Some(text.clone()),
                tid: Some(text.clone()),
                count: u32::MAX,
                first: time,
                last: time,
                rssi_max_cdbm: i32::MIN,
                rssi_mean_cdbm: i32::MIN,
                rssi_slope_cdbm_per_s: i32::MIN,
                antennas: vec![AntennaCount { antenna: u16::MAX, count: u32::MAX }; 16],
                direction: Some(Direction::Unclear),
                rival: Some(Rival {
                    reader: text,
                    count: u32::MAX,
                    rssi_mean_cdbm: i32::MIN,
                    rssi_top_cdbm: i32::MIN,
                    own_top_cdbm: i32::MIN,
                }),
                resident: true,
            };
            let bytes = serde_json::to_vec(&observation).unwrap().len();
            assert!(bytes < most_bytes(&observation), "{bytes}");
        }
    }
}
