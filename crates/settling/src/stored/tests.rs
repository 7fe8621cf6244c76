//! The stored form to the byte, and what is refused.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn tag() -> TagPresence {
    let reads = PlaceReads { last: at(1), count: 3, sum_cdbm: -15_000 };
    TagPresence {
        place: Some("urn:epc:id:sgln:0614141.00001.0".into()),
        last: Some(at(1)),
        reads_by_place: [("urn:epc:id:sgln:0614141.00001.0".into(), vec![reads])].into(),
    }
}

/// A window in which every member has a value.
fn closing() -> Closing {
    let direction = DirectionRule {
        inside_antennas: vec![1],
        outside_antennas: vec![2],
        inside_barrier: Some(3),
        outside_barrier: Some(4),
    };
    let reading = SensorReading {
        sensor: "urn:example:s1".into(),
        kind: reads::SensorKind::Temperature,
        value: "4.5".into(),
        unit: "CEL".into(),
        at: at(0),
        timeless: true,
        stale: false,
        reported: None,
    };
    let neighbour = NeighbourReads {
        reader: "door-2".into(),
        count: 4,
        rssi_mean_cdbm: -6000,
        rssi_top_cdbm: -5500,
    };
    Closing {
        bridge: "dock".into(),
        boot: 3,
        seq: 7,
        reader: "door".into(),
        read_point: "urn:epc:id:sgln:0614141.00001.0".into(),
        antenna_read_points: [(2, "urn:epc:id:sgln:0614141.00001.2".into())].into(),
        opened: at(0),
        closed: at(2),
        settings: Settings {
            direction: Some(direction),
            barrier: Some(5),
            neighbours: vec!["door-2".into()],
            ..Settings::of(Preset::Tunnel)
        },
        suspect_clock: true,
        late: false,
        gaps: vec!["12 reads dropped".into()],
        edges: vec![Edge { port: 5, is_active: true, at: at(1) }],
        sensors: vec![reading],
        neighbour_reads: [("E200".into(), neighbour)].into(),
        residents: ["E201".into()].into(),
        held: ["E202".into()].into(),
        presence: [("E203".into(), tag())].into(),
    }
}

#[test]
fn a_closed_window_is_stored_in_this_form_and_reads_back_equal() {
    let json = window_to_json(&closing());
    assert_eq!(json, include_str!("golden_window.json").trim_end());
    assert_eq!(window_from_json(&json).unwrap(), closing());
}

#[test]
fn a_tag_at_rest_is_stored_in_this_form_and_reads_back_equal() {
    let json = presence_to_json(&tag());
    let golden = r#"{"version":1,"tag":{"place":"urn:epc:id:sgln:0614141.00001.0","last":"2027-01-15T08:00:01Z","reads_by_place":{"urn:epc:id:sgln:0614141.00001.0":[{"last":"2027-01-15T08:00:01Z","count":3,"sum_cdbm":-15000}]}}}"#;
    assert_eq!(json, golden);
    assert_eq!(presence_from_json(&json).unwrap(), tag());
}

#[test]
fn a_missing_or_unknown_version_is_refused_with_its_number() {
    let json = window_to_json(&closing());
    let without = json.replacen("\"version\":1,", "", 1);
    let error = window_from_json(&without).unwrap_err();
    assert_eq!(error.to_string(), "got no version, expected 1");
    let newer = json.replacen("\"version\":1", "\"version\":2", 1);
    let error = window_from_json(&newer).unwrap_err();
    assert_eq!(error.to_string(), "got version 2, expected 1");
    let error = presence_from_json("{\"place\":null}").unwrap_err();
    assert_eq!(error.to_string(), "got no version, expected 1");
}

#[test]
fn a_member_that_the_version_does_not_have_is_refused() {
    let json = window_to_json(&closing()).replacen("\"bridge\"", "\"more\":1,\"bridge\"", 1);
    assert!(matches!(window_from_json(&json), Err(StoredError::Form(_))));
}
