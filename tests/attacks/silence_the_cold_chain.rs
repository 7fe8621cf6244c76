//! One reading from the future keeps later alarms of a sensor from ever being raised.

use crate::be_seen_as_the_bridge_of_another_door::delivery;
use crate::town::{BRAND, COLD_STORE, Town};

const SENSOR: &str = "urn:epc:id:giai:9521141.COLD1";

fn reading(at: jiff::Timestamp, celsius: &str) -> reads::SensorReading {
    reads::SensorReading {
        sensor: SENSOR.into(),
        at,
        kind: reads::SensorKind::Temperature,
        value: celsius.into(),
        unit: "CEL".into(),
        timeless: false,
        stale: false,
        reported: None,
    }
}

#[test]
fn a_reading_dated_2199_is_refused_and_the_next_excursion_is_still_recorded() {
    let town = Town::shared();
    let now = jiff::Timestamp::now();
    let future: jiff::Timestamp = "2199-01-01T00:00:00Z".parse().expect("a time");
    let (status, text) =
        town.deliver(BRAND, 902, 1, &delivery(902, 1, COLD_STORE, &[reading(future, "4.0")]));
    assert!(status == 201 || (400..500).contains(&status), "{status}: {text}");
    let stored = town.psql("select count(*) from refusals where code = 'future-time'");
    assert_ne!(stored, "0", "{text}");
    let before: u64 = town.size(BRAND);
    let warm: Vec<reads::SensorReading> = (0..4)
        .map(|step| reading(now - jiff::SignedDuration::from_secs(8 - 2 * step), "9.2"))
        .collect();
    let (status, text) = town.deliver(BRAND, 902, 2, &delivery(902, 2, COLD_STORE, &warm));
    assert_eq!(status, 201, "{text}");
    assert!(town.size(BRAND) > before, "the excursion is a record: {text}");
}
