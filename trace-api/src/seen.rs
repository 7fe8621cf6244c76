//! What is counted of an item's scans, as the rules of findings look at it.
//!
//! What holds: pure; a network is never compared with itself; of each other network at a position the latest scan is
//! taken, because it is the nearest in time.
//!
//! Not here: the rules (`history::scans`), counting (`sql/migrations/0010_scan_counts.sql`), marks ([`crate::marks`]).

use history::scans::{AFTER_SALE, PlacedScan, Position};
use jiff::{SignedDuration, Timestamp};
use sql::scans::{Mark, NetworkSeen, Place, ScanTotals, Seen, Sighting};

use crate::marks::{Marks, week_end};
use crate::scan_queue::REPEATS;

/// The latest scan after `after` at each position by another network than `network`, in no order.
#[must_use]
pub fn elsewhere(sightings: &[Sighting], network: &Mark, after: Timestamp) -> Vec<PlacedScan> {
    let mut latest: Vec<&Sighting> = Vec::new();
    let counts = |one: &&Sighting| one.at > after && !is_one(&one.network, network);
    for sighting in sightings.iter().filter(counts) {
        let there = latest.iter_mut().find(|one| is_one_position(&one.place, &sighting.place));
        match there {
            Some(one) if one.at < sighting.at => *one = sighting,
            Some(_) => {}
            None => latest.push(sighting),
        }
    }
    let is_certain = |one: &Sighting| is_certain(sightings, (&one.place, &one.network), after);
    latest.into_iter().map(|one| placed(one.at, &one.place, is_certain(one))).collect()
}

/// Whether a network was at its place as far as can be told: the place is a town ([`Position::is_town`]), or another network scanned there after
/// `after` ([`Position::is_confirmed_by`]).
#[must_use]
pub fn is_certain(
    sightings: &[Sighting],
    (place, network): (&Place, &Mark),
    after: Timestamp,
) -> bool {
    let own = position(place);
    if own.is_town() {
        return true;
    }
    let is_other = |one: &&Sighting| one.at > after && !is_one(&one.network, network);
    sightings.iter().filter(is_other).any(|one| own.is_confirmed_by(position(&one.place)))
}

/// Whether two places are of one row: their positions were reported alike.
fn is_one_position(one: &Place, other: &Place) -> bool {
    let bits = |place: &Place| (place.latitude.to_bits(), place.longitude.to_bits());
    bits(one) == bits(other)
}

/// Whether two marks of at most seven days apart are one network's or one device's.
fn is_one(one: &Mark, other: &Mark) -> bool {
    one.own == other.own || one.own == other.before || one.before == other.own
}

fn position(place: &Place) -> Position {
    Position {
        latitude: place.latitude,
        longitude: place.longitude,
        uncertainty_km: f64::from(place.uncertainty_km),
    }
}

/// A scan with its position.
///
/// - `is_certain`: [`is_certain`].
#[must_use]
pub fn placed(at: Timestamp, place: &Place, is_certain: bool) -> PlacedScan {
    let position = position(place);
    PlacedScan { at, place: place.name.clone(), position, is_certain }
}

/// One scan of each network after a sale and after an earlier finding was resolved, a scan at `now` included: the first
/// one of the week, or the last one if the week began before the sale.
///
/// - `marks`: of the scan at `now`.
#[must_use]
pub fn networks(
    seen: &[NetworkSeen],
    (sale, resolved_at): (Timestamp, Option<Timestamp>),
    now: Timestamp,
    marks: &Marks,
) -> Vec<Timestamp> {
    let until = sale.checked_add(AFTER_SALE).unwrap_or(Timestamp::MAX);
    if now < sale || now > until {
        return Vec::new();
    }
    let Some(own) = marks.network_in_week_of(sale, now) else { return Vec::new() };
    let after = resolved_at.and_then(|at| at.checked_add(SignedDuration::from_micros(1)).ok());
    let since = after.map_or(sale, |after| after.max(sale));
    let week_end = week_end(sale);
    let mut found: Vec<(&[u8], Timestamp)> = Vec::new();
    for row in seen.iter().filter(|row| row.last_at >= since) {
        let mark = if row.last_at < week_end { &row.network.own } else { &row.network.before };
        let at = if row.first_at >= since { row.first_at } else { row.last_at };
        match found.iter_mut().find(|(known, _)| known == mark) {
            Some((_, first)) => *first = at.min(*first),
            None if mark != own => found.push((mark, at)),
            None => {}
        }
    }
    found.into_iter().map(|(_, at)| at).chain([now]).collect()
}

/// How often consumers scanned the item, a scan at `now` included.
///
/// - `counts`: whether there is one, and it is a consumer's.
#[must_use]
pub fn totals(seen: &Seen, now: Timestamp, counts: bool) -> ScanTotals {
    let is_near = |last: Timestamp| now.duration_since(last).abs() < REPEATS;
    let is_repeat = seen.last_own.is_some_and(is_near);
    let this = u64::from(counts && !is_repeat);
    ScanTotals { all: seen.totals.all + this, own: seen.totals.own + this }
}

#[cfg(test)]
mod tests;
