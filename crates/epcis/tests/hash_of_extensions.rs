//! What an event says reaches its hash: our own events with the hashes of the reference implementation of 2025, and a
//! change of any one value.
//!
//! The way through: `hash/facts.json` has events of our own; their hashes were computed with version 1.9.3 of the reference
//! implementation (the Python package `epcis_event_hash_generator`), which describes section 8.9 of CBV 2.0.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

use epcis::Event;
use epcis::hash::{Dialect, event_hash, pre_hash};
use ledger::json::{Json, Limits, object, parse};
use proptest::prelude::*;

const FACTS: &str = include_str!("hash/facts.json");

fn json(text: &str) -> Json {
    parse(text.as_bytes(), &Limits::default()).unwrap()
}

fn with_context(mut event: Json) -> Json {
    let prefix = object([("mill", Json::from("https://mill.example/ns/"))]);
    let standard = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";
    event.set("@context", Json::Array(vec![Json::from(standard), prefix]));
    event
}

/// The event, which need not be one that capture takes.
fn event(json: &Json) -> Result<Event, String> {
    let event = Event::of_record(with_context(json.clone()));
    event.ok_or_else(|| format!("no event: {}", json.canonical()))
}

/// The facts: what they show, the event, the hash of 2025.
fn facts() -> Vec<(String, Json, String)> {
    let facts = json(FACTS);
    let text = |fact: &Json, name| fact.get(name).and_then(Json::as_str).unwrap().to_owned();
    facts
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| (text(fact, "what"), fact.get("event").unwrap().clone(), text(fact, "sha256")))
        .collect()
}

#[test]
fn events_of_our_own_have_the_hash_that_the_reference_implementation_gives_them() {
    for (what, json, sha256) in facts() {
        let event = event(&json).unwrap_or_else(|violations| panic!("{what}: {violations}"));
        let text = pre_hash(&event, Dialect::Cbv20_2025).unwrap();
        let found = event_hash(&event, Dialect::Cbv20_2025).unwrap();
        assert_eq!(found, format!("ni:///sha-256;{sha256}?ver=CBV2.0"), "{what}:\n{text}");
    }
}

#[test]
fn each_dialect_has_its_place_for_what_extends_a_standard_field() {
    let json = json(
        r#"{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T08:15:00.0005Z",
        "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9506000.134352.77"],
        "readPoint":{"id":"urn:epc:id:sgln:9506000.00001.0","mill:lane":"4"},
        "bizLocation":{"id":"urn:epc:id:sgln:9506000.00001.0","note":"bare"},
        "sensorElementList":[{"sensorMetadata":{"deviceID":"urn:uuid:1","mill:port":"3"},
          "sensorReport":[{"type":"Mass","value":1.50,"mill:raw":"0x2f"}],"mill:placed":"door"}],
        "ilmd":{"mill:oven":"2"},"mill:x":"1"}"#,
    );
    let event = event(&json).unwrap();
    let start = "eventTimeZoneOffset=+00:00epcListepc=https://id.gs1.org/01/19506000343522/21/77action=OBSERVE";
    let place = "readPointid=https://id.gs1.org/414/9506000000015";
    let location = "bizLocationid=https://id.gs1.org/414/9506000000015";
    let (metadata, report) = ("sensorMetadatadeviceID=urn:uuid:1", "sensorReporttype=https://");
    for (dialect, time, texts) in [
        (
            Dialect::Cbv20_2025,
            "08:15:00.000Z",
            vec![
                place,
                "{ns}lane=4",
                location,
                "sensorElementListsensorElement",
                metadata,
                "{ns}port=3",
                report,
                "gs1.org/voc/Massvalue=1.5{ns}raw=0x2f{ns}placed=door",
                "bizLocationnote=bare",
                "ilmd{ns}oven=2",
                "{ns}x=1",
            ],
        ),
        (
            Dialect::Cbv20_2026,
            "08:15:00.001Z",
            vec![
                place,
                location,
                "sensorElement",
                metadata,
                report,
                "ref.gs1.org/voc/Massvalue=1.5",
                "ilmd{ns}oven=2",
                "readPoint{ns}lane=4",
                "bizLocationnote=bare",
                "sensorElementsensorMetadata{ns}port=3sensorReport{ns}raw=0x2f{ns}placed=door",
                "{ns}x=1",
            ],
        ),
        (
            Dialect::Cbv21Draft,
            "08:15:00.001Z",
            vec![
                place,
                "{ns}lane=4",
                location,
                "note=bare",
                "sensorElementListsensorElement",
                metadata,
                "{ns}port=3",
                report,
                "ref.gs1.org/voc/Massvalue=1.5{ns}raw=0x2f{ns}placed=door",
                "ilmd{ns}oven=2",
                "{ns}x=1",
            ],
        ),
    ] {
        let texts = texts.concat().replace("{ns}", "{https://mill.example/ns/}");
        let wanted = format!("eventType=ObjectEventeventTime=2026-11-20T{time}{start}{texts}");
        assert_eq!(pre_hash(&event, dialect).unwrap(), wanted, "{dialect}");
    }
}

#[test]
fn the_draft_names_its_version_and_every_dialect_is_found_by_its_name() {
    let (_, json, _) = facts().swap_remove(0);
    let hash = event_hash(&event(&json).unwrap(), Dialect::Cbv21Draft).unwrap();
    assert!(hash.ends_with("?ver=CBV2.1"), "{hash}");
    for dialect in Dialect::ALL {
        assert_eq!(dialect.to_string().parse(), Ok(dialect));
    }
    let error = "cbv2.2".parse::<Dialect>().unwrap_err();
    assert!(error.to_string().contains("got dialect `cbv2.2`"), "{error}");
}

/// Places of all values in `json`: names, and numbers of items.
fn leaves(json: &Json, path: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                path.push(name.clone());
                leaves(value, path, all);
                path.pop();
            }
        }
        Json::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                path.push(place.to_string());
                leaves(value, path, all);
                path.pop();
            }
        }
        _ => all.push(path.clone()),
    }
}

fn leaves_of(json: &Json) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    leaves(json, &mut Vec::new(), &mut all);
    all
}

fn at<'a>(json: &'a mut Json, path: &[String]) -> &'a mut Json {
    path.iter().fold(json, |json, step| match json {
        Json::Array(items) => &mut items[step.parse::<usize>().unwrap()],
        other => other.get_mut(step).unwrap(),
    })
}

/// Other values for a leaf. None of them is another spelling of it.
fn others(leaf: &Json) -> Vec<Json> {
    const WORDS: &str = "shipping receiving in_transit damaged po inv location owning_party Temperature Mass x y ALARM_CONDITION ERROR_CONDITION ADD OBSERVE DELETE GRM KGM \
        completeness_verified completeness_inferred did_not_occur AssociationEvent AggregationEvent";
    match leaf {
        Json::Number(digits) => vec![Json::Number(format!("{digits}7"))],
        Json::Bool(value) => vec![Json::Bool(!value)],
        // The query of a link is no part of its key.
        Json::String(text) => {
            let last = if text.contains('?') { text.clone() } else { format!("{text}1") };
            let changed = [
                last,
                text.replacen("2026", "2025", 1),
                text.replacen("+08:00", "+09:00", 1),
                text.replacen("9506000", "9506001", 1),
                text.replacen("77", "78", 1),
            ];
            let words = WORDS.split_whitespace().map(str::to_owned);
            let all = changed.into_iter().chain(words).filter(|other| other != text);
            all.map(Json::String).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether no dialect hashes what is at `path`; `None` if only some do.
fn is_left_out(path: &[String]) -> Option<bool> {
    match path[0].as_str() {
        "certificationInfo" => None,
        "recordTime" | "eventID" | "errorDeclaration" => Some(true),
        _ => Some(path.iter().any(|step| step == "comment" || step == "rdfs:comment")),
    }
}

#[test]
fn a_change_of_any_one_value_changes_the_hash_unless_no_dialect_hashes_it() {
    let mut changed = 0;
    for (what, json, _) in facts() {
        let before = event(&json).unwrap();
        for path in leaves_of(&json) {
            // Whether another type or action is valid depends on the other fields.
            let mut is_changed = path == ["type"] || path == ["action"];
            for other in others(at(&mut json.clone(), &path)) {
                let mut json = json.clone();
                *at(&mut json, &path) = other;
                let Ok(after) = event(&json) else { continue };
                is_changed = true;
                changed += 1;
                for dialect in Dialect::ALL {
                    let is_same = pre_hash(&before, dialect) == pre_hash(&after, dialect);
                    let expected = is_left_out(&path).unwrap_or(dialect != Dialect::Cbv20_2025);
                    assert_eq!(
                        is_same,
                        expected,
                        "{what} {path:?} {dialect}: {}",
                        json.canonical()
                    );
                }
            }
            assert!(is_changed, "{what}: no other value is valid at {path:?}");
        }
    }
    assert!(changed > 200, "only {changed} values were changed");
}

/// Extensions of any shape, lists in lists among them.
fn extension() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        "[a-z]{1,4}".prop_map(Json::from),
        (1..1000_u32).prop_map(|number| Json::Number(number.to_string())),
        any::<bool>().prop_map(Json::Bool),
    ];
    let name = prop_oneof!["[a-f]", "mill:[a-f]", Just("@id".to_owned()), Just("#text".to_owned())];
    leaf.prop_recursive(5, 24, 4, move |inner| {
        let members = proptest::collection::btree_map(name.clone(), inner.clone(), 1..4);
        prop_oneof![
            members.prop_map(object),
            proptest::collection::vec(inner, 1..4).prop_map(Json::Array),
        ]
    })
}

proptest! {
    #[test]
    fn a_change_of_any_one_value_of_any_extension_changes_the_hash(
        extension in extension(), place in any::<prop::sample::Index>(), is_in_ilmd in any::<bool>()
    ) {
        let mut json = json(r#"{"type":"ObjectEvent","action":"ADD","eventTime":"2026-11-20T08:15:00Z",
            "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9506000.134352.77"]}"#);
        let name = if is_in_ilmd { "ilmd" } else { "mill:extension" };
        json.set(name, if is_in_ilmd { object([("mill:a", extension)]) } else { extension });
        let leaves = leaves_of(json.get(name).unwrap());
        let path = [vec![name.to_owned()], leaves[place.index(leaves.len())].clone()].concat();
        let before = event(&json).unwrap();
        let leaf = at(&mut json, &path);
        *leaf = match leaf {
            Json::Bool(value) => Json::Bool(!*value),
            Json::String(text) => Json::String(format!("{text}Z")),
            _ => Json::from("Z"),
        };
        let after = event(&json).unwrap();
        for dialect in Dialect::ALL {
            prop_assert_ne!(pre_hash(&before, dialect), pre_hash(&after, dialect));
        }
    }
}
