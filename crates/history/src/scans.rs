//! Scans of one code that hint at two objects: rules over scans and sales.
//!
//! What holds: pure; without a trusted position a scan takes part in no comparison of places; one device that moves
//! is never compared with itself.
//!
//! Not here: which scans are a consumer's (`trace-api`), what the verdict is ([`crate::verdict`]).

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

/// Speed above which two scans cannot be of one object, in kilometres an hour.
const MAX_SPEED_KMH: f64 = 900.0;
/// Devices that may scan an item within a week after its sale.
const MAX_DEVICES: usize = 3;
/// Time after a sale within which devices are counted.
const AFTER_SALE: SignedDuration = SignedDuration::from_hours(24 * 7);

/// A consumer's scan.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerScan {
    /// When.
    pub at: Timestamp,
    /// Keyed hash of the device.
    pub device: Vec<u8>,
    /// Where, if a trusted source said so.
    pub position: Option<Position>,
}

/// A position on earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// Kilometres by which it may be off.
    pub uncertainty_km: f64,
}

/// Why two objects seem to carry one code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Conflict {
    /// Two devices scanned it too far apart for the time between.
    TwoPlaces {
        /// The speed that one object would have needed.
        speed_kmh: f64,
    },
    /// It was sold more than once.
    SoldTwice {
        /// How often.
        sales: usize,
    },
    /// Many devices scanned it within a week after the first sale.
    ManyDevices {
        /// How many.
        devices: usize,
    },
}

/// The first rule that applies.
///
/// - `sales`: in order of time.
#[must_use]
pub fn find_conflict(scans: &[ConsumerScan], sales: &[Timestamp]) -> Option<Conflict> {
    for (place, one) in scans.iter().enumerate() {
        let mut speeds = scans[place + 1..].iter().filter_map(|other| speed_kmh(one, other));
        if let Some(speed_kmh) = speeds.find(|speed| *speed > MAX_SPEED_KMH) {
            return Some(Conflict::TwoPlaces { speed_kmh });
        }
    }
    if sales.len() > 1 {
        return Some(Conflict::SoldTwice { sales: sales.len() });
    }
    let sale = *sales.first()?;
    let after =
        scans.iter().filter(|scan| scan.at >= sale && scan.at.duration_since(sale) <= AFTER_SALE);
    let devices: HashSet<&[u8]> = after.map(|scan| scan.device.as_slice()).collect();
    let devices = devices.len();
    (devices > MAX_DEVICES).then_some(Conflict::ManyDevices { devices })
}

/// The least speed of one object between two scans of different devices; times closer than a second count as one.
fn speed_kmh(one: &ConsumerScan, other: &ConsumerScan) -> Option<f64> {
    if one.device == other.device {
        return None;
    }
    let (from, to) = (one.position?, other.position?);
    let kilometres = (distance_km(from, to) - from.uncertainty_km - to.uncertainty_km).max(0.0);
    let hours = one.at.duration_since(other.at).as_secs_f64().abs() / 3600.0;
    Some(kilometres / hours.max(1.0 / 3600.0))
}

/// Great-circle distance on a sphere of 6,371 km.
fn distance_km(from: Position, to: Position) -> f64 {
    let (lat1, lat2) = (from.latitude.to_radians(), to.latitude.to_radians());
    let (dlat, dlon) = (lat2 - lat1, (to.longitude - from.longitude).to_radians());
    let half = (dlat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (dlon / 2.0).sin().powi(2);
    2.0 * 6371.0 * half.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHANGHAI: Position =
        Position { latitude: 31.23, longitude: 121.47, uncertainty_km: 20.0 };
    const CHENGDU: Position = Position { latitude: 30.57, longitude: 104.07, uncertainty_km: 20.0 };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
    }

    fn scan(device: u8, minutes: i64, position: Option<Position>) -> ConsumerScan {
        ConsumerScan { at: at(minutes), device: vec![device], position }
    }

    #[test]
    fn two_devices_too_far_apart_for_the_time_between_are_a_conflict() {
        let suburb = Position { latitude: 31.3, longitude: 121.5, uncertainty_km: 20.0 };
        let vague = Position { uncertainty_km: 1700.0, ..CHENGDU };
        for (what, other, is_conflict) in [
            ("another device, 40 minutes later", scan(2, 40, Some(CHENGDU)), true),
            ("another device, 40 minutes before", scan(2, -40, Some(CHENGDU)), true),
            ("another device at the same moment", scan(2, 0, Some(CHENGDU)), true),
            ("the same device", scan(1, 40, Some(CHENGDU)), false),
            ("by air, four hours later", scan(2, 240, Some(CHENGDU)), false),
            ("the same town at the same moment", scan(2, 0, Some(suburb)), false),
            ("a position too vague to tell", scan(2, 1, Some(vague)), false),
            ("no position", scan(2, 1, None), false),
        ] {
            let found = find_conflict(&[scan(1, 0, Some(SHANGHAI)), other], &[]);
            let is_two_places = matches!(found, Some(Conflict::TwoPlaces { .. }));
            assert_eq!((is_two_places, found.is_some()), (is_conflict, is_conflict), "{what}");
        }
    }

    #[test]
    fn any_pair_of_scans_can_be_the_conflict() {
        let scans = [
            scan(1, 0, None),
            scan(2, 10, Some(SHANGHAI)),
            scan(3, 20, None),
            scan(4, 30, Some(CHENGDU)),
        ];
        let Some(Conflict::TwoPlaces { speed_kmh }) = find_conflict(&scans, &[]) else {
            panic!("no conflict");
        };
        // 1,660 km less twice 20, in 20 minutes.
        assert!((4_700.0..5_000.0).contains(&speed_kmh), "{speed_kmh}");
    }

    #[test]
    fn a_second_sale_is_a_conflict() {
        assert_eq!(find_conflict(&[], &[at(0)]), None);
        let found = find_conflict(&[], &[at(0), at(1)]);
        assert_eq!(found, Some(Conflict::SoldTwice { sales: 2 }));
    }

    #[test]
    fn more_than_three_devices_in_the_week_after_the_sale_are_a_conflict() {
        let week = 7 * 24 * 60;
        for (what, times, devices) in [
            ("three devices", vec![(1, 1), (2, 2), (3, 3)], None),
            ("one of them twice", vec![(1, 1), (2, 2), (3, 3), (1, 4)], None),
            ("four devices", vec![(1, 0), (2, 2), (3, 3), (4, week)], Some(4)),
            ("the fourth before the sale", vec![(1, 1), (2, 2), (3, 3), (4, -1)], None),
            ("the fourth after the week", vec![(1, 1), (2, 2), (3, 3), (4, week + 1)], None),
        ] {
            let scans: Vec<_> = times.iter().map(|(d, minutes)| scan(*d, *minutes, None)).collect();
            let expected = devices.map(|devices| Conflict::ManyDevices { devices });
            assert_eq!(find_conflict(&scans, &[at(0)]), expected, "{what}");
            assert_eq!(find_conflict(&scans, &[]), None, "{what}, without a sale");
        }
    }

    #[test]
    fn the_places_decide_before_the_sales_and_the_sales_before_the_devices() {
        let mut scans: Vec<_> = (1..=4).map(|device| scan(device, 1, None)).collect();
        let many = find_conflict(&scans, &[at(0)]);
        assert_eq!(many, Some(Conflict::ManyDevices { devices: 4 }));
        let twice = find_conflict(&scans, &[at(0), at(1)]);
        assert_eq!(twice, Some(Conflict::SoldTwice { sales: 2 }));
        scans.extend([scan(5, 0, Some(SHANGHAI)), scan(6, 1, Some(CHENGDU))]);
        let places = find_conflict(&scans, &[at(0), at(1)]);
        assert!(matches!(places, Some(Conflict::TwoPlaces { .. })));
    }
}
