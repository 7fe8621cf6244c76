//! Spellings of one thing or word select the same, and patterns what they contain.

use super::{event, json, query, selects};
use epcis::Event;
use epcis::query::{Resource, event_id_of, resources_of};

fn one(name: &str, value: &str) -> epcis::query::Query {
    query(name, &format!(r#"["{value}"]"#)).unwrap()
}

#[test]
fn a_word_is_the_same_as_bare_word_as_urn_as_web_uri_and_with_its_prefix() {
    let spellings = [
        "shipping",
        "urn:epcglobal:cbv:bizstep:shipping",
        "https://ref.gs1.org/cbv/BizStep-shipping",
        "https://ns.gs1.org/cbv/BizStep-shipping",
        "cbv:BizStep-shipping",
    ];
    for asked in spellings {
        for stated in spellings {
            let event = event(&format!(r#""bizStep":"{stated}""#));
            assert!(selects(&one("EQ_bizStep", asked), &event), "{asked} {stated}");
        }
    }
    let own = event(r#""@context":{"m":"https://maker.example/ns/"},"bizStep":"m:gluing""#);
    for asked in ["ex:gluing", "https://maker.example/ns/gluing"] {
        assert!(selects(&one("EQ_bizStep", asked), &own), "{asked}");
    }
    assert!(!selects(
        &one("EQ_bizStep", "https://other.example/BizStep-shipping"),
        &event(r#""bizStep":"shipping""#)
    ));
}

#[test]
fn a_type_of_transaction_is_the_same_in_each_spelling_and_may_be_somebody_s_own() {
    let list = |kind: &str| {
        event(&format!(r#""bizTransactionList":[{{"type":"{kind}","bizTransaction":"urn:x:1"}}]"#))
    };
    for name in ["po", "cbv:BTT-po", "urn:epcglobal:cbv:btt:po", "https://ref.gs1.org/cbv/BTT-po"] {
        let query = one(&format!("EQ_bizTransaction_{name}"), "urn:x:1");
        assert!(selects(&query, &list("po")), "{name}");
        assert!(selects(&query, &list("https://ref.gs1.org/cbv/BTT-po")), "{name}");
        assert!(!selects(&query, &list("inv")), "{name}");
    }
    assert!(selects(&one("EQ_bizTransaction_ex:permit", "urn:x:1"), &list("ex:permit")));
}

/// URIs of `MATCH_epc` and things in `epcList`, with whether one selects the other.
pub(super) const THINGS: &[(&str, &str, bool)] = &[
    ("urn:epc:id:sgtin:4012345.012345.7", "urn:epc:id:sgtin:401234.0512345.7", true),
    ("https://id.gs1.org/01/04012345123456/21/7", "urn:epc:tag:sgtin-96:1.4012345.012345.7", true),
    (
        "URN:EPC:ID:sgtin:4012345.012345.7",
        "http://x.example/a/01/4012345123456/10/L/21/7?17=271231",
        true,
    ),
    ("urn:epc:id:sgtin:4012345.012345.7", "urn:epc:id:sgtin:4012345.012345.70", false),
    ("urn:epc:idpat:sgtin:4012345.012345.7", "https://id.gs1.org/01/04012345123456/21/7", true),
    ("urn:epc:idpat:sgtin:4012345.012345.*", "https://id.gs1.org/01/04012345123456/21/7", true),
    ("URN:epc:IDPAT:SGTIN:401234.0512345.*", "urn:epc:id:sgtin:4012345.012345.A%2F1", true),
    ("https://id.gs1.org/01/04012345123456", "urn:epc:id:sgtin:4012345.012345.7", true),
    ("https://id.gs1.org/01/04012345123456", "urn:epc:id:upui:4012345.012345.T", true),
    ("urn:epc:idpat:sgtin:4012345.012345.*", "urn:epc:id:upui:4012345.012345.T", false),
    ("urn:epc:idpat:sgtin:4012345.012345.*", "urn:epc:id:sgtin:4012345.112345.7", false),
    ("urn:epc:idpat:sgtin:4012345.*.*", "https://id.gs1.org/01/94012345123459/21/x", true),
    ("urn:epc:idpat:sgtin:4012346.*.*", "urn:epc:id:sgtin:4012345.012345.7", false),
    ("urn:epc:idpat:sgtin:*.*.*", "urn:epc:id:sgtin:4012345.012345.7", true),
    ("urn:epc:idpat:sgtin:*.*.*", "urn:epc:id:sscc:4012345.1234567890", false),
    ("urn:epc:idpat:sscc:4012345.*", "https://id.gs1.org/00/140123452345678902", true),
    ("urn:epc:idpat:sscc:4012346.*", "https://id.gs1.org/00/140123452345678902", false),
    ("urn:epc:idpat:sgln:4012345.11111.*", "urn:epc:id:sgln:4012345.11111.0", true),
    ("urn:epc:idpat:sgln:4012345.11111.*", "urn:epc:id:sgln:4012345.11111.a", true),
    ("urn:epc:idpat:grai:4012345.11111.*", "urn:epc:id:grai:4012345.11111.987", true),
    ("urn:epc:idpat:grai:4012345.*.*", "https://id.gs1.org/8003/04012345111118987", true),
    ("urn:epc:idpat:grai:4012345.11111.*", "urn:epc:id:grai:4012345.22222.987", false),
    ("urn:epc:idpat:giai:4012345.*", "urn:epc:id:giai:4012345.a.b%2Fc", true),
    ("urn:epc:idpat:gdti:4012345.11111.*", "urn:epc:id:gdti:4012345.11111.9", true),
    ("urn:epc:idpat:gsrn:4012345.*", "urn:epc:id:gsrn:4012345.1111111111", true),
    ("urn:epc:idpat:cpi:4012345.5PQ7%2FZ43.*", "urn:epc:id:cpi:4012345.5PQ7%2FZ43.12345", true),
    ("urn:epc:idpat:cpi:4012345.5PQ7.*", "urn:epc:id:cpi:4012345.5PQ7%2FZ43.12345", false),
    ("urn:epc:idpat:itip:4012345.011111.*.*.*", "urn:epc:id:itip:4012345.011111.01.02.987", true),
    ("urn:epc:idpat:itip:4012345.011111.01.02.*", "urn:epc:id:itip:4012345.011111.01.02.987", true),
    (
        "urn:epc:idpat:itip:4012345.011111.02.02.*",
        "urn:epc:id:itip:4012345.011111.01.02.987",
        false,
    ),
    ("urn:epc:idpat:gid:95100000.12345.*", "urn:epc:id:gid:95100000.12345.400", true),
    ("urn:epc:idpat:gid:95100000.1234.*", "urn:epc:id:gid:95100000.12345.400", false),
    ("urn:epc:idpat:gid:*.*.*", "urn:epc:id:gid:95100000.12345.400", true),
    ("urn:epc:id:gid:95100000.12345.400", "urn:epc:id:gid:95100000.12345.400", true),
    ("urn:uuid:0", "urn:uuid:0", true),
    ("urn:uuid:0", "urn:uuid:1", false),
    ("ex:7", "https://maker.example/ns/7", true),
];

#[test]
fn every_spelling_of_a_thing_selects_every_other_and_a_pattern_what_it_contains() {
    for (asked, stated, is_selected) in THINGS {
        let event = event(&format!(r#""epcList":["urn:uuid:9","{stated}"]"#));
        for name in ["MATCH_epc", "MATCH_anyEPC"] {
            assert_eq!(selects(&one(name, asked), &event), *is_selected, "{asked} {stated}");
        }
    }
}

#[test]
fn a_pattern_of_classes_selects_the_class_and_not_its_lots_unless_lots_are_asked_for() {
    for (asked, stated, is_selected) in [
        ("urn:epc:idpat:sgtin:4012345.012345.*", "https://x.example/01/04012345123456", true),
        ("https://x.example/01/04012345123456", "urn:epc:idpat:sgtin:401234.0512345.*", true),
        ("urn:epc:idpat:sgtin:4012345.012345.*", "urn:epc:class:lgtin:4012345.012345.L", false),
        ("urn:epc:idpat:lgtin:4012345.012345.*", "https://x.example/01/04012345123456/10/L", true),
        ("urn:epc:idpat:lgtin:4012345.*.*", "https://x.example/01/04012345123456/10/L", true),
        ("urn:epc:idpat:lgtin:4012345.012345.L", "urn:epc:class:lgtin:4012345.012345.L", true),
        ("urn:epc:class:lgtin:4012345.012345.*", "urn:epc:class:lgtin:4012345.012345.L", false),
        ("urn:epc:idpat:sgtin:4012345.*.*", "urn:epc:idpat:sgtin:4012345.012345.*", true),
        ("urn:epc:idpat:grai:4012345.11111.*", "https://id.gs1.org/8003/04012345111118", true),
        ("urn:epc:idpat:grai:4012345.*.*", "https://id.gs1.org/8003/04012345111118", true),
        ("https://x.example/01/04012345123456", "https://x.example/01/04012345123456/22/V", false),
    ] {
        let event = event(&format!(r#""quantityList":[{{"epcClass":"{stated}"}}]"#));
        for name in ["MATCH_epcClass", "MATCH_anyEPCClass"] {
            assert_eq!(selects(&one(name, asked), &event), is_selected, "{asked} {stated}");
        }
    }
}

#[test]
fn values_of_extension_fields_are_compared_by_what_they_are() {
    for (name, value, stated, is_selected) in [
        ("EQ_ex:f", r#""007""#, r#""7""#, false),
        ("EQ_ex:f", r#""007""#, r#""007""#, true),
        ("EQ_ex:f", "7", r#""007""#, true),
        ("EQ_ex:f", r#""7""#, "7.0", true),
        ("EQ_ex:f", r#""true""#, "true", true),
        ("EQ_ex:f", "true", "true", true),
        ("EQ_ex:f", r#"["a","b"]"#, r#"["x",["b"]]"#, true),
        ("EQ_ex:f", r#""x""#, r##"{"ex:unit":"g","#text":"x"}"##, true),
        ("EQ_ex:f", r#""x""#, r#"{"@value":"x","@type":"xsd:string"}"#, true),
        ("EQ_ex:f", r#""x""#, r#"{"ex:g":"x"}"#, false),
        ("EQ_ex:f", r#""2026-05-05T10:00:00Z""#, r#""2026-05-05T12:00:00.000+02:00""#, true),
        (
            "EQ_ex:f",
            r#""urn:epc:id:sgtin:4012345.012345.7""#,
            r#""https://id.gs1.org/01/04012345123456/21/7""#,
            true,
        ),
        ("GT_ex:f", "7", r#""7.5""#, true),
        ("GT_ex:f", "7", r#""7.5 kg""#, false),
        ("LT_ex:f", r#""2027-02-01""#, r#""2027-01-31""#, true),
        ("LT_ex:f", r#""2027-01-31""#, r#""2027-01-31""#, false),
        ("GE_ex:f", r#""2027-01-31T00:00:00Z""#, r#""2027-01-31""#, true),
        ("GE_ex:f", r#""2027-01-31T00:00:00Z""#, "20270131", false),
        ("EXISTS_ex:f", "null", r#""""#, false),
        ("EXISTS_ex:f", "null", "null", false),
        ("EXISTS_ex:f", "null", "[]", false),
        ("EXISTS_ex:f", "null", "false", true),
    ] {
        let event = event(&format!(r#""ex:f":{stated}"#));
        let found = query(name, value).unwrap();
        assert_eq!(selects(&found, &event), is_selected, "{name} {value} {stated}");
    }
}

#[test]
fn an_event_without_an_id_is_selected_by_its_hash() {
    let plain = event(r#""bizStep":"shipping""#);
    let hash = event_id_of(&plain);
    assert!(hash.starts_with("ni:///sha-256;"), "{hash}");
    assert!(selects(&one("EQ_eventID", &hash), &plain));
    let named = event(r#""bizStep":"shipping","eventID":"urn:uuid:1""#);
    assert_eq!(event_id_of(&named), "urn:uuid:1");
    assert!(!selects(&one("EQ_eventID", &hash), &named));
}

#[test]
fn the_resources_of_an_event_are_its_things_words_and_places() {
    let event = event(
        r#""type":"AggregationEvent","parentID":"urn:epc:id:sscc:4012345.1234567890",
           "childEPCs":["urn:epc:id:sgtin:4012345.012345.7","urn:epc:id:sgtin:4012345.012345.7"],
           "childQuantityList":[{"epcClass":"urn:epc:idpat:sgtin:4012345.012345.*"}],
           "bizStep":"https://ref.gs1.org/cbv/BizStep-packing","disposition":"https://maker.example/d",
           "readPoint":{"id":"urn:epc:id:sgln:4012345.11111.1"},"bizLocation":{"id":"urn:epc:id:sgln:4012345.11111.0"}"#,
    );
    let expected = [
        (Resource::EventType, "AggregationEvent"),
        (Resource::Epc, "urn:epc:id:sscc:4012345.1234567890"),
        (Resource::Epc, "urn:epc:id:sgtin:4012345.012345.7"),
        (Resource::BizStep, "packing"),
        (Resource::Disposition, "https://maker.example/d"),
        (Resource::BizLocation, "urn:epc:id:sgln:4012345.11111.0"),
        (Resource::ReadPoint, "urn:epc:id:sgln:4012345.11111.1"),
    ];
    let expected: Vec<_> = expected.map(|(resource, text)| (resource, text.to_owned())).into();
    assert_eq!(resources_of(&event), expected);
}

#[test]
fn what_is_not_as_the_standard_has_it_selects_nothing_and_never_panics() {
    let odd = json(
        r#"{"type":"ObjectEvent","eventTime":"2026-05-05T12:00:00Z","epcList":"x","action":7,"bizStep":[],
            "sensorElementList":{"a":1},"quantityList":[7,{"quantity":"x"}],"readPoint":"x","ilmd":[1],
            "errorDeclaration":[],"bizTransactionList":[null],"persistentDisposition":{"set":7},"ex:f":[[[{}]]]}"#,
    );
    let odd = Event::of_record(odd).unwrap();
    assert!(!epcis::query::terms_of(&odd).is_empty());
    for (name, value, _, _) in super::table::ROWS {
        let selected = selects(&query(name, value).unwrap(), &odd);
        assert_eq!(selected, ["eventType", "GE_eventTime"].contains(name), "{name}");
    }
}
