//! What a record says of what it rests on.

use reads::{CONTRACT, Delivery};

use super::*;

fn event(more: &[(&str, Json)]) -> Event {
    let mut members = vec![
        ("type", Json::from("ObjectEvent")),
        ("eventTime", Json::from("2026-11-20T08:00:02.000+08:00")),
        ("eventTimeZoneOffset", Json::from("+08:00")),
        ("action", Json::from("OBSERVE")),
        ("epcList", Json::Array(vec![Json::from("urn:epc:id:sgtin:9521141.012345.1")])),
    ];
    members.extend(more.iter().cloned());
    Event::from_json(object(members)).unwrap()
}

fn delivery() -> Delivery {
    Delivery {
        contract: CONTRACT.into(),
        bridge: "b1".into(),
        boot: 1,
        seq: 4,
        reader: "r1".into(),
        read_point: "urn:epc:id:sgln:9521142.00001.3".into(),
        opened: Timestamp::UNIX_EPOCH,
        closed: Timestamp::UNIX_EPOCH,
        reads: 10,
        window_digest: "0".repeat(64),
        suspect_clock: false,
        late: false,
        gaps: vec![],
        by_barrier: false,
        observations: vec![],
        sensors: vec![],
        movements: vec![],
    }
}

fn party() -> Party {
    Party { name: "Shop".into(), pgln: "urn:epc:id:pgln:9521142.00001".into() }
}

fn observed(event: &Event, delivery: &Delivery) -> Result<Record, ComposeError> {
    let source = Source::Observed {
        rule: "door",
        version: "7",
        delivery,
        body_sha256: "00",
        signature: "AA==",
        bridge_key: "0123456789abcdef",
    };
    compose(event.clone(), &party(), Timestamp::UNIX_EPOCH, &source)
}

fn stated(event: &Event) -> Result<Record, ComposeError> {
    let source = Source::Stated { partner: "maker", document_sha256: "00", approvals: &[] };
    compose(event.clone(), &party(), Timestamp::UNIX_EPOCH, &source)
}

fn window_of(record: &Record) -> Json {
    record.json().get("chopmark:evidence").and_then(|found| found.get("window")).unwrap().clone()
}

#[test]
fn a_complete_window_is_recorded_without_doubts() {
    let record = observed(&event(&[]), &delivery()).unwrap();
    let window = window_of(&record);
    let names: Vec<&str> =
        window.as_object().unwrap().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["bridge", "boot", "sequence", "reader", "reads", "digest"]);
}

#[test]
fn every_doubt_about_a_window_is_in_the_record() {
    type Set = fn(&mut Delivery);
    let cases: [(&str, Set, &str); 4] = [
        ("suspectClock", |delivery| delivery.suspect_clock = true, "true"),
        ("late", |delivery| delivery.late = true, "true"),
        ("byBarrier", |delivery| delivery.by_barrier = true, "true"),
        ("gaps", |delivery| delivery.gaps = vec!["3 reads lost".into()], "[\"3 reads lost\"]"),
    ];
    for (name, set, want) in cases {
        let mut delivery = delivery();
        set(&mut delivery);
        let window = window_of(&observed(&event(&[]), &delivery).unwrap());
        assert_eq!(window.get(name).map(Json::canonical).as_deref(), Some(want), "{name}");
        for (other, _, _) in cases.iter().filter(|(other, _, _)| *other != name) {
            assert_eq!(window.get(other), None, "{other} beside {name}");
        }
    }
}

#[test]
fn a_sender_cannot_speak_in_the_ledgers_name_at_any_depth() {
    let ours = || object([("chopmark:reported", Json::from("x"))]);
    let inner = object([("type", Json::from("Temperature")), ("chopmark:reported", ours())]);
    let report = object([("sensorReport", Json::Array(vec![inner]))]);
    for more in [
        ("chopmark:by", Json::from("someone")),
        ("readPoint", object([("id", Json::from("urn:x:y")), ("chopmark:reported", ours())])),
        ("sensorElementList", Json::Array(vec![report])),
    ] {
        let found = stated(&event(std::slice::from_ref(&more)));
        assert!(matches!(found, Err(ComposeError::ReservedMember(_))), "{more:?}: {found:?}");
    }
    assert!(stated(&event(&[])).is_ok());
}

#[test]
fn a_concluded_event_may_carry_what_a_sensor_reported_but_not_speak_at_the_top() {
    let report = object([
        ("type", Json::from("Temperature")),
        ("value", Json::Number("20".into())),
        ("chopmark:reported", object([("uom", Json::from("FAH"))])),
    ]);
    let element = object([("sensorReport", Json::Array(vec![report]))]);
    let carried = event(&[("sensorElementList", Json::Array(vec![element]))]);
    let record = observed(&carried, &delivery()).unwrap();
    assert!(record.text().contains("chopmark:reported"));
    assert!(observed(&event(&[("chopmark:by", Json::from("x"))]), &delivery()).is_err());
}
