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

/// Deliveries like `empty`, filled one after the other; at least one.
pub(super) fn fill(
    empty: &Delivery,
    observations: Vec<Observation>,
    movements: Vec<Movement>,
    sensors: Vec<SensorReading>,
) -> Vec<Delivery> {
    let weighs = observations.len() + movements.len() + sensors.len() > LIGHT;
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
