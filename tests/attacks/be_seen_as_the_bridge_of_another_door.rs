//! A bridge reports for a read point that is not its own.

use crate::town::{BRAND, RIVAL_PLACE, Town};

/// A delivery of the bridge `b1` with these sensor readings.
pub fn delivery(
    boot: u64,
    seq: u64,
    read_point: &str,
    sensors: &[reads::SensorReading],
) -> Vec<u8> {
    let now = jiff::Timestamp::now();
    let empty = tests::stage::empty_delivery((boot, seq), read_point, now);
    reads::Delivery { sensors: sensors.to_vec(), ..empty }.to_bytes()
}

#[test]
fn a_delivery_for_anothers_read_point_is_refused_and_the_refusal_is_stored() {
    let town = Town::shared();
    let (status, text) = town.deliver(BRAND, 901, 1, &delivery(901, 1, RIVAL_PLACE, &[]));
    assert_eq!(status, 422, "{text}");
    assert!(text.contains(RIVAL_PLACE) && text.contains("read_points"), "{text}");
    let stored = town.psql("select count(*) from refusals where code = 'foreign-read-point'");
    assert_ne!(stored, "0");
}
