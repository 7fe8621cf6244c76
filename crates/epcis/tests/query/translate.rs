//! Identifiers of an event as URNs and as links.

use epc::{PrefixTable, thing_key};
use epcis::query::translate::{EpcFormat, Kept, translated};

use super::event;

/// URN and link of one thing, with the list that it stands in.
const PAIRS: &[(&str, &str)] = &[
    ("urn:epc:id:sgtin:4012345.012345.A%2F1", "https://id.gs1.org/01/04012345123456/21/A%2F1"),
    ("urn:epc:id:sscc:4012345.1234567890", "https://id.gs1.org/00/140123452345678902"),
    ("urn:epc:id:sgln:4012345.11111.0", "https://id.gs1.org/414/4012345111118"),
    ("urn:epc:id:sgln:4012345.11111.7", "https://id.gs1.org/414/4012345111118/254/7"),
    ("urn:epc:id:pgln:4012345.11111", "https://id.gs1.org/417/4012345111118"),
    ("urn:epc:id:grai:4012345.11111.987", "https://id.gs1.org/8003/04012345111118987"),
    ("urn:epc:id:giai:4012345.77a", "https://id.gs1.org/8004/401234577a"),
    ("urn:epc:id:gdti:4012345.11111.1", "https://id.gs1.org/253/40123451111181"),
    (
        "urn:epc:id:itip:4012345.011111.01.02.987",
        "https://id.gs1.org/8006/040123451111180102/21/987",
    ),
    ("urn:epc:class:lgtin:4012345.012345.L1", "https://id.gs1.org/01/04012345123456/10/L1"),
    ("urn:epc:idpat:sgtin:4012345.012345.*", "https://id.gs1.org/01/04012345123456"),
    ("urn:epc:idpat:grai:4012345.11111.*", "https://id.gs1.org/8003/04012345111118"),
];

/// An event with `uri` in each place that has an identifier.
fn everywhere(uri: &str) -> epcis::Event {
    event(&format!(
        r#""epcList":["{uri}"],"childEPCs":["{uri}"],"parentID":"{uri}","inputEPCList":["{uri}"],"outputEPCList":["{uri}"],
           "transformationID":"{uri}","readPoint":{{"id":"{uri}"}},"bizLocation":{{"id":"{uri}"}},
           "quantityList":[{{"epcClass":"{uri}"}}],"childQuantityList":[{{"epcClass":"{uri}"}}],
           "inputQuantityList":[{{"epcClass":"{uri}"}}],"outputQuantityList":[{{"epcClass":"{uri}"}}],
           "bizTransactionList":[{{"type":"po","bizTransaction":"{uri}"}}],
           "sourceList":[{{"type":"location","source":"{uri}"}}],"destinationList":[{{"type":"location","destination":"{uri}"}}],
           "sensorElementList":[{{"sensorMetadata":{{"deviceID":"{uri}"}},"sensorReport":[{{"deviceID":"{uri}","uriValue":"urn:x:1"}}]}}],
           "ex:f":"https://maker.example/01/04012345123456""#
    ))
}

#[test]
fn every_identifier_is_translated_both_ways_in_every_place() {
    let table = PrefixTable::new(["4012345"]);
    for (urn, link) in PAIRS {
        assert_eq!(thing_key(urn), thing_key(link), "{urn}");
        let (as_urn, as_link) = (everywhere(urn), everywhere(link));
        let linked = translated(&as_urn, EpcFormat::AlwaysDigitalLink, &table);
        assert_eq!((&linked.json, &linked.kept), (as_link.json(), &vec![]), "{urn}");
        let back = translated(&as_link, EpcFormat::AlwaysUrn, &table);
        assert_eq!((&back.json, &back.kept), (as_urn.json(), &vec![]), "{link}");
        for format in [EpcFormat::NoPreference, EpcFormat::NeverTranslates] {
            assert_eq!(&translated(&as_urn, format, &table).json, as_urn.json());
        }
        for (event, format) in
            [(&as_urn, EpcFormat::AlwaysUrn), (&as_link, EpcFormat::AlwaysDigitalLink)]
        {
            assert_eq!(&translated(event, format, &table).json, event.json());
        }
    }
}

#[test]
fn a_link_has_a_urn_only_where_the_length_of_its_prefix_is_known_or_stated_in_the_event() {
    let none = PrefixTable::default();
    let unknown = event(r#""epcList":["https://x.example/01/04012345123456/21/7"]"#);
    let answer = translated(&unknown, EpcFormat::AlwaysUrn, &none);
    let why = "the length of its company prefix is not known";
    let (pointer, uri) = ("/epcList/0", "https://x.example/01/04012345123456/21/7");
    let kept = Kept { pointer: pointer.to_owned(), uri: uri.to_owned(), why };
    assert_eq!((&answer.json, answer.kept), (unknown.json(), vec![kept]));
    let stated = event(
        r#""epcList":["https://x.example/01/04012345123456/21/7"],"readPoint":{"id":"urn:epc:id:sgln:4012345.11111.0"}"#,
    );
    let answer = translated(&stated, EpcFormat::AlwaysUrn, &none);
    assert_eq!(answer.kept, []);
    let first = answer.json.get("epcList").and_then(|list| list.as_array()?[0].as_str());
    assert_eq!(first, Some("urn:epc:id:sgtin:4012345.012345.7"));
}

#[test]
fn what_a_urn_cannot_say_stays_a_link_and_what_has_no_key_stays_what_it_is() {
    let table = PrefixTable::new(["4012345"]);
    for (uri, format, why) in [
        (
            "https://x.example/01/04012345123456/10/L/21/7",
            EpcFormat::AlwaysUrn,
            "says more than a URN can",
        ),
        (
            "https://x.example/01/04012345123456/21/7?17=271231",
            EpcFormat::AlwaysUrn,
            "says more than a URN can",
        ),
        ("https://x.example/01/04012345123456/22/V", EpcFormat::AlwaysUrn, "has no URN"),
        ("https://x.example/8013/4012345ABC4T", EpcFormat::AlwaysUrn, ""),
        ("urn:epc:id:gid:95100000.12345.400", EpcFormat::AlwaysDigitalLink, "has no GS1 key"),
        ("urn:uuid:0", EpcFormat::AlwaysDigitalLink, ""),
        ("https://maker.example/page", EpcFormat::AlwaysUrn, ""),
    ] {
        let event = event(&format!(r#""epcList":["{uri}"]"#));
        let answer = translated(&event, format, &table);
        assert_eq!(&answer.json, event.json(), "{uri}");
        if why.is_empty() {
            assert!(answer.kept.iter().all(|kept| kept.why.starts_with("has no")), "{uri}");
        } else {
            let whys: Vec<&str> = answer.kept.iter().map(|kept| kept.why).collect();
            assert_eq!(whys, [why], "{uri}");
        }
    }
    for format in EpcFormat::ALL {
        assert_eq!(EpcFormat::from_header(format.name()), Some(format));
    }
    assert_eq!(EpcFormat::from_header("always_epc_urn"), None);
}
