//! What is counted of an item's scans, as the database counts it, in memory.
//!
//! What holds: the same as `sql/migrations/0010_scan_counts.sql` and `sql/src/queries/scans/seen.sql`: a row for each network
//! and week, the latest scan at each position and the latest one there by another network, and the same bounds.
//!
//! Not here: what the rules make of it (`trace_api::seen`).

use jiff::Timestamp;
use sql::scans::{Mark, NetworkSeen, Place, Seen, Sighting};
use trace_api::marks::Marks;
use trace_api::scan_queue::REPEATS;

/// Most rows of networks that are read.
const MOST_NETWORKS: usize = 34;
/// Most positions that are read.
const MOST_POSITIONS: usize = 64;

/// The scans at one position.
struct Position {
    latest: Sighting,
    other: Option<Sighting>,
}

/// What is counted of one item.
#[derive(Default)]
pub struct Counted {
    devices: Vec<(Mark, Timestamp)>,
    networks: Vec<NetworkSeen>,
    positions: Vec<Position>,
}

fn is_one(one: &Mark, other: &Mark) -> bool {
    one.own == other.own || one.own == other.before || one.before == other.own
}

impl Counted {
    /// Counts a scan, unless the same device has just scanned.
    pub fn add(&mut self, at: Timestamp, marks: &Marks, place: Option<&Place>) {
        let known = self.devices.iter_mut().find(|(device, _)| is_one(device, &marks.device));
        match known {
            Some((_, last)) if at.duration_since(*last).abs() < REPEATS => return,
            Some((device, last)) => (*device, *last) = (marks.device.clone(), at),
            None => self.devices.push((marks.device.clone(), at)),
        }
        let network = &marks.network;
        match self.networks.iter_mut().find(|row| row.network.own == network.own) {
            Some(row) => (row.first_at, row.last_at) = (row.first_at.min(at), row.last_at.max(at)),
            None => self.networks.push(NetworkSeen {
                network: network.clone(),
                first_at: at,
                last_at: at,
            }),
        }
        if let Some(place) = place {
            self.sight(Sighting { at, place: place.clone(), network: network.clone() });
        }
    }

    fn sight(&mut self, seen: Sighting) {
        let bits = |place: &Place| (place.latitude.to_bits(), place.longitude.to_bits());
        let here = |row: &&mut Position| bits(&row.latest.place) == bits(&seen.place);
        let Some(row) = self.positions.iter_mut().find(here) else {
            self.positions.push(Position { latest: seen, other: None });
            return;
        };
        // Scans come in order of time.
        if !is_one(&row.latest.network, &seen.network) {
            row.other = Some(row.latest.clone());
        }
        row.latest = seen;
    }

    /// What a scan finds.
    pub fn seen(&self) -> Seen {
        let mut networks = self.networks.clone();
        networks.sort_by_key(|row| std::cmp::Reverse(row.last_at));
        networks.truncate(MOST_NETWORKS);
        let mut positions: Vec<&Position> = self.positions.iter().collect();
        positions.sort_by_key(|row| std::cmp::Reverse(row.latest.at));
        let latest = positions.into_iter().take(MOST_POSITIONS);
        let sightings = latest.flat_map(|row| [Some(&row.latest), row.other.as_ref()]).flatten();
        Seen { networks, sightings: sightings.cloned().collect(), ..Seen::default() }
    }
}
