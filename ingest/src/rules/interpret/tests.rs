//! What the rules conclude, observation by observation; passages, movements and sensors in files of their own.

mod movements;
mod passages;
mod sensors;

use std::path::Path;

use epc::TagEpc;
use jiff::SignedDuration;
use reads::{AntennaCount, CONTRACT, SensorKind, SensorReading};

use super::*;

const STATION: &str = "urn:epc:id:sgln:9521141.00001.101";
const DOOR: &str = "urn:epc:id:sgln:9521142.00001.3";
const STORE: &str = "urn:epc:id:sgln:9521142.00001.7";
const LOT: &str = "urn:epc:class:lgtin:9521141.012345.L1";

fn rules() -> SiteRules {
    let text = format!(
        r#"
version = "7"
company_prefixes = ["9521141"]
time_zone_offset = "+08:00"
location = "urn:epc:id:sgln:9521142.00001.0"
[[rule]]
id = "make"
read_point = "{STATION}"
concludes.commission = {{ things = {{ scheme = "sgtin" }}, lot = "L1", expiry = "2027-05-31" }}
[[rule]]
id = "case"
read_point = "{STATION}"
concludes.pack = {{ container = {{ scheme = "sscc", filter = 2 }}, contents = {{ scheme = "sgtin" }} }}
[[rule]]
id = "pallet"
read_point = "{STATION}"
concludes.pack = {{ container = {{ scheme = "sscc", filter = 6 }}, contents = {{ scheme = "sscc", filter = 2 }} }}
[[rule]]
id = "door"
read_point = "{DOOR}"
min_reads = 5
min_rssi_mean_dbm = -60.0
concludes.receive.things = {{ scheme = "sgtin" }}
[[rule]]
id = "cold"
read_point = "{STORE}"
concludes.excursion = {{ quantity = "temperature", max = "8.0", allowed_s = 10.0, lots = ["{LOT}"] }}
"#
    );
    SiteRules::from_toml(&text, Path::new("rules.toml")).unwrap()
}

fn start() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

fn observation(tag_uri: &str, count: u32, mean_dbm: i32) -> Observation {
    let tag = TagEpc::from_tag_uri(tag_uri).unwrap();
    Observation {
        epc_hex: hex::encode_upper(tag.encode().unwrap()),
        epc: Some(tag.epc.to_uri()),
        tid: None,
        count,
        first: start(),
        last: start() + seconds(2),
        rssi_max_cdbm: mean_dbm * 100 + 500,
        rssi_mean_cdbm: mean_dbm * 100,
        rssi_slope_cdbm_per_s: 0,
        antennas: vec![AntennaCount { antenna: 1, count }],
        direction: None,
        rival: None,
        resident: false,
    }
}

fn item(serial: u32) -> String {
    format!("urn:epc:tag:sgtin-96:1.9521141.012345.{serial}")
}

fn case(number: u32) -> String {
    format!("urn:epc:tag:sscc-96:2.9521141.1{number:09}")
}

fn uri(tag_uri: &str) -> String {
    TagEpc::from_tag_uri(tag_uri).unwrap().epc.to_uri()
}

fn refused(found: &Interpretation) -> Vec<(&'static str, u64)> {
    found.refusals.iter().map(|refusal| (refusal.code, refusal.count)).collect()
}

/// The rules of one read point, written as the members of one rule.
fn one_rule(read_point: &str, members: &str) -> SiteRules {
    let text = format!(
        "version = \"7\"\nlocation = \"urn:epc:id:sgln:9521142.00001.0\"\n\
         [[rule]]\nid = \"one\"\nread_point = \"{read_point}\"\n{members}\n"
    );
    SiteRules::from_toml(&text, Path::new("rules.toml")).unwrap()
}

fn delivery(
    read_point: &str,
    observations: Vec<Observation>,
    sensors: Vec<SensorReading>,
) -> Delivery {
    Delivery {
        contract: CONTRACT.into(),
        bridge: "b1".into(),
        boot: 1,
        seq: 1,
        reader: "r1".into(),
        read_point: read_point.into(),
        opened: start(),
        closed: start() + seconds(3),
        reads: 10,
        window_digest: "0".repeat(64),
        suspect_clock: false,
        late: false,
        gaps: vec![],
        by_barrier: false,
        observations,
        sensors,
        movements: vec![],
    }
}

fn reading(value: &str, at: i64) -> SensorReading {
    SensorReading {
        sensor: "urn:epc:id:giai:9521142.T7".into(),
        kind: SensorKind::Temperature,
        value: value.into(),
        unit: "CEL".into(),
        at: start() + seconds(at),
        timeless: false,
        stale: false,
        reported: None,
    }
}

fn member<'a>(event: &'a Concluded, name: &str) -> &'a str {
    event.event.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn list(event: &Concluded, name: &str) -> Vec<String> {
    let items = event.event.get(name).and_then(Json::as_array).unwrap_or_default();
    items.iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn is_event(concluded: &Concluded) {
    epcis::Event::from_json(concluded.event.clone()).unwrap();
}

#[test]
fn new_items_observed_with_a_case_are_commissioned_and_packed_into_it() {
    let observations = vec![
        observation(&item(1), 3, -40),
        observation(&case(1), 3, -40),
        observation(&item(2), 3, -40),
    ];
    let found = interpret(&rules(), &delivery(STATION, observations, vec![]), &Facts::default());
    let [made, packed] = &found.events[..] else { panic!("{found:?}") };
    assert_eq!((made.rule.as_str(), member(made, "action")), ("make", "ADD"));
    assert_eq!(list(made, "epcList"), [uri(&item(1)), uri(&item(2))]);
    let lot = made.event.get("ilmd").and_then(|ilmd| ilmd.get("cbvmda:lotNumber"));
    assert_eq!(lot.and_then(Json::as_str), Some("L1"));
    assert_eq!(member(packed, "parentID"), uri(&case(1)));
    assert_eq!(list(packed, "childEPCs"), [uri(&item(1)), uri(&item(2))]);
    assert_eq!(member(packed, "eventTime"), "2026-11-20T08:00:02.000+08:00");
    assert_eq!(found.refusals, []);
    found.events.iter().for_each(is_event);
}

#[test]
fn cases_observed_with_a_pallet_label_build_the_pallet() {
    let pallet = "urn:epc:tag:sscc-96:6.9521141.2000000001";
    let observations = vec![
        observation(&case(1), 3, -40),
        observation(&case(2), 3, -40),
        observation(pallet, 3, -40),
    ];
    let found = interpret(&rules(), &delivery(STATION, observations, vec![]), &Facts::default());
    let [built] = &found.events[..] else { panic!("{found:?}") };
    assert_eq!(built.rule, "pallet");
    assert_eq!(list(built, "childEPCs").len(), 2);
    assert_eq!(found.refusals, []);
}

#[test]
fn contents_without_a_container_are_reported_and_not_packed() {
    let found = interpret(
        &rules(),
        &delivery(STATION, vec![observation(&item(1), 3, -40)], vec![]),
        &Facts::default(),
    );
    assert_eq!(found.events.len(), 1);
    assert_eq!(found.refusals[0].code, "no-container");
    let two = vec![
        observation(&item(2), 3, -40),
        observation(&case(1), 3, -40),
        observation(&case(2), 3, -40),
    ];
    let found = interpret(&rules(), &delivery(STATION, two, vec![]), &Facts::default());
    assert!(found.refusals.iter().any(|refusal| refusal.code == "several-containers"));
}

#[test]
fn an_item_is_commissioned_once() {
    let facts = Facts {
        last_records: [(epc::thing_key(&uri(&item(1))), LastRecord { at: start(), rule: None })]
            .into(),
        ..Facts::default()
    };
    let observations = vec![
        observation(&item(1), 3, -40),
        observation(&item(2), 3, -40),
        observation(&case(1), 3, -40),
    ];
    let found = interpret(&rules(), &delivery(STATION, observations, vec![]), &facts);
    assert_eq!(list(&found.events[0], "epcList"), [uri(&item(2))]);
    // The known item is still packed: that is another event.
    assert_eq!(list(&found.events[1], "childEPCs").len(), 2);
}

#[test]
fn strays_foreign_tags_and_repeats_never_become_stock() {
    let mut foreign = observation(&item(9), 20, -40);
    foreign.epc_hex = "E2801190A5021F80055817CA".into();
    let observations = vec![
        observation(&item(1), 20, -50),
        observation(&item(2), 4, -50),
        observation(&item(3), 20, -61),
        observation(&item(4), 20, -50),
        observation(&case(1), 20, -50),
        foreign,
    ];
    let repeat = LastRecord { at: start() - seconds(60), rule: Some("door".into()) };
    let facts = Facts {
        last_records: [(epc::thing_key(&uri(&item(4))), repeat)].into(),
        ..Facts::default()
    };
    let found = interpret(&rules(), &delivery(DOOR, observations, vec![]), &facts);
    assert_eq!(found.events.len(), 1);
    assert_eq!(list(&found.events[0], "epcList"), [uri(&item(1))]);
    let mut codes: Vec<&str> = found.refusals.iter().map(|refusal| refusal.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["no-rule", "not-gs1", "repeat", "stray-few-reads", "stray-weak"]);
    assert_eq!(found.refusals.iter().map(|refusal| refusal.tags.len()).sum::<usize>(), 5);
}

#[test]
fn what_was_received_long_ago_can_come_back() {
    let old = LastRecord { at: start() - seconds(REPEAT_WINDOW_S + 60), rule: Some("door".into()) };
    let facts =
        Facts { last_records: [(epc::thing_key(&uri(&item(1))), old)].into(), ..Facts::default() };
    let found =
        interpret(&rules(), &delivery(DOOR, vec![observation(&item(1), 9, -50)], vec![]), &facts);
    assert_eq!(found.events.len(), 1);
}

#[test]
fn a_receipt_is_compared_with_the_announcement_it_fits_best() {
    let advice = |reference: &str, items: &[u32]| Advice {
        reference: reference.into(),
        shipped_by: "Maker".into(),
        epcs: items.iter().map(|n| uri(&item(*n))).collect(),
    };
    let facts = Facts {
        advices: vec![advice("urn:other", &[1, 70, 71]), advice("urn:right", &[1, 2, 3])],
        ..Facts::default()
    };
    let observations = vec![
        observation(&item(1), 9, -50),
        observation(&item(2), 9, -50),
        observation(&item(8), 9, -50),
    ];
    let found = interpret(&rules(), &delivery(DOOR, observations, vec![]), &facts);
    let difference = found.events[0].difference.clone().unwrap();
    assert_eq!(difference.despatch_advice, "urn:right");
    assert_eq!((difference.announced, difference.received), (3, 3));
    assert_eq!(difference.missing, [uri(&item(3))]);
    assert_eq!(difference.unexpected, [uri(&item(8))]);
    is_event(&found.events[0]);
}

#[test]
fn a_receipt_that_nobody_announced_is_a_blind_one() {
    let found = interpret(
        &rules(),
        &delivery(DOOR, vec![observation(&item(1), 9, -50)], vec![]),
        &Facts::default(),
    );
    assert_eq!(found.events[0].difference, None);
    assert_eq!(found.events[0].event.get("bizTransactionList"), None);
}

#[test]
fn an_empty_window_concludes_nothing() {
    let found = interpret(&rules(), &delivery(DOOR, vec![], vec![]), &Facts::default());
    assert_eq!(found, Interpretation::default());
}

#[test]
fn a_read_point_without_rules_refuses_everything_observed() {
    let elsewhere = "urn:epc:id:sgln:9521142.00001.9";
    let observations = vec![observation(&item(1), 9, -50)];
    let found = interpret(
        &rules(),
        &delivery(elsewhere, observations, vec![reading("5", 0)]),
        &Facts::default(),
    );
    assert_eq!(found.events, []);
    assert_eq!(found.refusals.len(), 2);
}
