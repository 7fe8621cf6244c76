//! What is written as XML is read back as it was.

use epcis::hash::{Dialect, event_hash};
use epcis::xml::{Limits, Version, Words, parse, write};
use epcis::{Document, Event};
use ledger::json::{Json, object};
use proptest::prelude::*;

use super::same::canonical;
use super::{ALL_12, ALL_20, json};

fn events(json: &Json) -> Vec<Event> {
    let text = json.canonical();
    let document = Document::parse(text.as_bytes());
    document.unwrap_or_else(|found| panic!("{found:?}\n{text}")).events().to_vec()
}

/// The document after a way through XML, and the XML.
fn through(document: &Json, words: Words) -> (Json, String) {
    let written = write(document, Version::V2_0, words).unwrap();
    assert_eq!(written.left_out, Vec::<String>::new(), "{}", document.canonical());
    let again = parse(written.text.as_bytes(), &Limits::default());
    let again = again.unwrap_or_else(|found| panic!("{found:?}\n{}", written.text));
    (again.json, written.text)
}

fn assert_same(document: &Json) {
    for words in [Words::Urn, Words::Web] {
        let (again, xml) = through(document, words);
        let (before, after) = (events(document), events(&again));
        assert_eq!(before.len(), after.len(), "{xml}");
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(canonical(before), canonical(after), "{xml}");
            for dialect in Dialect::ALL {
                let hashes = [before, after].map(|event| event_hash(event, dialect).unwrap());
                assert_eq!(hashes[0], hashes[1], "{dialect}\n{xml}");
            }
        }
    }
}

#[test]
fn documents_of_both_versions_come_back_from_xml_with_every_member_of_the_document_and_its_events()
{
    for (xml, twin) in [ALL_20, ALL_12] {
        let first = parse(xml.as_bytes(), &Limits::default()).unwrap().json;
        assert_eq!(through(&first, Words::Urn).0.canonical(), first.canonical());
        assert_same(&json(twin));
    }
}

/// A document with `members` in its event.
fn document(members: &str) -> Json {
    json(&format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {{"mill":"https://mill.example/ns/","first":"https://first.example/","epcisq":"https://q.example/"}}],
        "type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T01:00:00Z",
        "epcisBody":{{"eventList":[{{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T00:00:00Z",
        "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9506000.134352.77"]{members}}}]}}}}"#
    ))
}

#[test]
fn what_xml_has_no_form_for_is_carried_through_it() {
    for members in [
        r#","mill:number":12.50,"mill:large":1e3,"mill:yes":true,"mill:no":false"#,
        r#","mill:none":[],"mill:one":["a"],"mill:two":["a","b"],"mill:in":[["a"],[1,true]]"#,
        r#","mill:object":[{"mill:a":"b"}],"mill:empty":{},"mill:text":"","mill:plain":{"grade":"1"}"#,
        r#","mill:white":" a ","mill:control":"a\u0001b","mill:line":"a\r\nb","mill:quote":"<&>\"']]>""#,
        r##","mill:mixed":{"#text":"240","no":"1","mill:at":{"b":"c"}},"mill:alone":{"#text":"a"}"##,
        r#","mill:a/b":"y","mill:p":{"odd name":"x"},"https://mill.example/page":"z","mill:o":{"@id":"urn:x:y","@type":"T"}"#,
        r#","first:a":"b","epcisq:a":"b","mill:extension":"c","mill:d":{"extension":"e","baseExtension":"f"}"#,
        r#","mill:value":"mill:grade","mill:other":"first:place","bizStep":"mill:grinding""#,
        r#","bizLocation":{"id":"mill:place/1"},"sourceList":[{"type":"mill:agent","source":"mill:you"}]"#,
        r#","sensorElementList":[{"sensorMetadata":{"mill:n":7,"mill:s":"x"},"sensorReport":[{"type":"Temperature",
        "value":2.15e1,"uom":"CEL","booleanValue":true,"mill:o":{"mill:a":"b"},"mill:l":["a"]}],"mill:placed":"door"}]"#,
        r#","mill:carried":[["mill:x","first:y","n1:z","undeclared:w",{"mill:a":"epcisq:b","@id":"mill:c"}]]"#,
        r#","epcisq:x":[[{"epcisq:deep":[["first:1",[[[[[[[1]]]]]]]]]}],"n2:x"],"first:x":"n1:1""#,
        r#","bizTransactionList":[],"certificationInfo":["https://a.example/1"],"mill:null":null"#,
    ] {
        assert_same(&document(members));
    }
}

#[test]
fn an_event_of_many_namespaces_or_members_of_a_report_comes_back_and_one_of_too_many_is_named() {
    let with = |count: usize| {
        let listed =
            |one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().concat();
        let prefixes = listed(&|n| format!(r#","p{n}":"urn:p{n}:""#));
        let members = listed(&|n| format!(r#","p{n}:x":"1""#));
        let report = format!(
            r#","sensorElementList":[{{"sensorReport":[{{"type":"Temperature","value":1,"uom":"CEL"{members}}}]}}]"#
        );
        let own = document(&report).canonical();
        let text = own.replace(
            r#""first":"https://first.example/""#,
            &format!(r#""first":"https://f.example/"{prefixes}"#),
        );
        json(&text)
    };
    assert_same(&with(99));
    let written = write(&with(130), Version::V2_0, Words::Kept).unwrap();
    assert_eq!(
        written.left_out,
        ["/epcisBody/eventList/0: is an event with more than 100 namespaces"]
    );
}

#[test]
fn carried_json_that_is_too_deep_is_refused() {
    let deep = |levels: usize| {
        let text = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let more = format!(
            "<m:a xmlns:m='https://m.example/' xmlns:j='urn:chopmark:json' j:value='true'>{text}</m:a>"
        );
        parse(super::document("", &more).as_bytes(), &Limits::default())
    };
    assert!(deep(40).is_ok());
    assert!(deep(62).unwrap_err()[0].problem.contains("nested too deep"));
    assert!(deep(2000).is_err());
}

#[test]
fn of_two_members_that_mean_the_same_one_is_written_and_the_other_is_named() {
    let own =
        document(r#","mill:a":"1","mill:in":[["x",{"mill:b":"1","again:b":"2"}]],"again:a":"2""#);
    let text = own.canonical().replace(
        r#""mill":"https://mill.example/ns/""#,
        r#""mill":"https://mill.example/ns/","again":"https://mill.example/ns/""#,
    );
    let written = write(&json(&text), Version::V2_0, Words::Urn).unwrap();
    let event = "/epcisBody/eventList/0";
    let why = "means the same as a member before it";
    let mut found = written.left_out.clone();
    found.sort();
    // Which of two is the first is the order of the members.
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|one| one.starts_with(event) && one.ends_with(why)), "{found:?}");
    let again = parse(written.text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(events(&again.json).len(), 1);
}

#[test]
fn the_address_of_a_context_of_others_stays_with_each_event() {
    let own = document(r#","other:thing":"x""#);
    let text = own.canonical().replacen(
        "\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\"",
        "\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\",\"https://other.example/context\"",
        1,
    );
    let (again, xml) = through(&json(&text), Words::Urn);
    let event = &events(&again)[0];
    assert!(
        event.json().get("@context").unwrap().canonical().contains("https://other.example/context"),
        "{xml}"
    );
    assert_eq!(event.json().get("other:thing"), Some(&Json::from("x")));
}

#[test]
fn a_single_event_and_a_query_document_come_back_too() {
    let whole = document(r#","mill:note":"x""#);
    let event = events(&whole)[0].json().clone();
    let (again, _) = through(&event, Words::Urn);
    assert_eq!(canonical(&events(&again)[0]), canonical(&events(&whole)[0]));
    let query = json(&format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type":"EPCISQueryDocument","schemaVersion":"2.0","creationDate":"2026-11-20T01:00:00Z",
        "epcisBody":{{"queryResults":{{"queryName":"all","subscriptionID":"s1","resultsBody":{{"eventList":[{}]}}}}}}}}"#,
        event.canonical()
    ));
    let (again, _) = through(&query, Words::Urn);
    assert_same(&query);
    let names = |json: &Json| {
        let results = json.get("epcisBody").unwrap().get("queryResults").unwrap().clone();
        (results.get("queryName").cloned(), results.get("subscriptionID").cloned())
    };
    assert_eq!(names(&again), names(&query));
}

#[test]
fn version_1_2_wraps_what_came_after_1_0_and_names_what_it_does_not_have() {
    let first = parse(ALL_20.0.as_bytes(), &Limits::default()).unwrap().json;
    let written = write(&first, Version::V1_2, Words::Urn).unwrap();
    for part in [
        "xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\"",
        "schemaVersion=\"1.2\"",
        "<baseExtension><eventID>",
    ] {
        assert!(written.text.contains(part), "{}", written.text);
    }
    assert!(
        written.text.contains("</bizTransactionList><extension><quantityList>"),
        "{}",
        written.text
    );
    let places: Vec<&str> =
        written.left_out.iter().map(|one| one.split(':').next().unwrap()).collect();
    let event = "/epcisBody/eventList/0";
    assert_eq!(
        places,
        ["certificationInfo", "persistentDisposition", "sensorElementList"]
            .map(|name| format!("{event}/{name}"))
    );
    let mut wanted = events(&first)[0].json().clone();
    for name in ["certificationInfo", "persistentDisposition", "sensorElementList"] {
        wanted.remove(name).unwrap();
    }
    let again = parse(written.text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(again.version, "1.2");
    let found = events(&again.json);
    assert_eq!(canonical(&found[0]), canonical(&Event::from_json(wanted).unwrap()));

    let first = parse(ALL_12.0.as_bytes(), &Limits::default()).unwrap().json;
    let written = write(&first, Version::V1_2, Words::Urn).unwrap();
    assert!(written.text.contains("<extension><TransformationEvent"), "{}", written.text);
    assert!(
        written
            .left_out
            .iter()
            .any(|one| one.starts_with("/epcisBody/eventList/2: is an event of the type Assoc"))
    );
    let event = &first.get("epcisBody").unwrap().get("eventList").unwrap().as_array().unwrap()[2];
    assert_eq!(write(event, Version::V1_2, Words::Urn), None);
    assert_eq!(write(&json(r#"{"type":"EPCISCaptureJob"}"#), Version::V2_0, Words::Urn), None);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        Just("mill:x".to_owned()),
        Just("n1:x".to_owned()),
        Just("gs1:x".to_owned()),
        "[\\x00-\\x20]{0,3}"
    ]
}

/// Values of extensions.
fn extension() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        text().prop_map(Json::String),
        any::<bool>().prop_map(Json::Bool),
        any::<i32>().prop_map(|number| Json::Number(number.to_string())),
        Just(Json::Number("1.50e2".to_owned())),
    ];
    let name = prop_oneof![
        "mill:[a-z]{1,4}",
        "epcisq:[a-z]{1,2}",
        "other:[A-Z0-9.-]{1,3}",
        "[a-z]{1,5}",
        Just("#text".to_owned()),
        Just("@id".to_owned()),
        Just("id".to_owned()),
    ];
    leaf.prop_recursive(4, 20, 4, move |inner| {
        prop_oneof![
            proptest::collection::btree_map(name.clone(), inner.clone(), 0..4).prop_map(object),
            proptest::collection::vec(inner, 0..3).prop_map(Json::Array),
        ]
    })
}

/// Members of an event that every type has.
fn event() -> impl Strategy<Value = Json> {
    const KINDS: [&str; 5] = [
        r#"{"type":"ObjectEvent","action":"ADD","epcList":["urn:epc:id:sgtin:9506000.134352.77"]}"#,
        r#"{"type":"AggregationEvent","action":"ADD","parentID":"urn:epc:id:sscc:9506000.1234567890","childEPCs":["urn:epc:id:sgtin:9506000.134352.7"]}"#,
        r#"{"type":"TransactionEvent","action":"OBSERVE","bizTransactionList":[{"type":"po","bizTransaction":"urn:x:1"}],"epcList":["urn:epc:id:sgtin:9506000.134352.7"]}"#,
        r#"{"type":"TransformationEvent","inputEPCList":["urn:epc:id:sgtin:9506000.134352.7"],"outputEPCList":["urn:epc:id:sgtin:9506000.134353.8"]}"#,
        r#"{"type":"AssociationEvent","action":"DELETE","parentID":"urn:epc:id:grai:9506000.00003.1","childQuantityList":[{"epcClass":"urn:epc:class:lgtin:9506000.134352.L7","quantity":1.5e1,"uom":"KGM"}]}"#,
    ];
    let members = proptest::collection::btree_map("(mill|other):[a-z]{1,3}", extension(), 0..4);
    (prop::sample::select(&KINDS[..]), members, any::<u8>()).prop_map(|(kind, extensions, parts)| {
        let mut event = json(kind);
        event.set("eventTime", Json::from("2026-11-20T08:15:00.125+08:00"));
        event.set("eventTimeZoneOffset", Json::from("+08:00"));
        let more = [
            ("bizStep", r#""shipping""#),
            ("disposition", r#""https://ref.gs1.org/cbv/Disp-in_transit""#),
            ("readPoint", r#"{"id":"https://id.gs1.org/414/9506000134352","mill:lane":["4"]}"#),
            ("sourceList", r#"[{"type":"owning_party","source":"urn:epc:id:pgln:9506000.00001"}]"#),
            ("persistentDisposition", r#"{"set":["completeness_verified"],"unset":["completeness_inferred"]}"#),
            ("errorDeclaration", r#"{"declarationTime":"2026-11-20T01:00:00Z","reason":"incorrect_data","other:by":{"a":"b"}}"#),
            ("eventID", r#""urn:uuid:6f0e4d3c-0000-4000-8000-000000000001""#),
            ("sensorElementList", r#"[{"sensorReport":[{"type":"RelativeHumidity","uom":"P1","value":-0.50,"component":"x"}]}]"#),
        ];
        for (place, (name, value)) in more.into_iter().enumerate() {
            if parts & (1 << place) != 0 {
                event.set(name, json(value));
            }
        }
        for (name, value) in extensions {
            event.set(name, value);
        }
        event
    })
}

proptest! {
    #[test]
    fn any_valid_event_comes_back_whole_from_xml_with_its_hash(event in event()) {
        let whole = object([
            ("@context", json(r#"["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                {"mill":"https://mill.example/ns/","other":"https://other.example/#","epcisq":"https://q.example/"}]"#)),
            ("type", Json::from("EPCISDocument")),
            ("schemaVersion", Json::from("2.0")),
            ("creationDate", Json::from("2026-11-20T01:00:00Z")),
            ("epcisBody", object([("eventList", Json::Array(vec![event]))])),
        ]);
        let parsed = Document::parse(whole.canonical().as_bytes());
        prop_assert!(parsed.is_ok(), "{parsed:?}");
        assert_same(&whole);
        let old = write(&whole, Version::V1_2, Words::Web).unwrap();
        prop_assert!(parse(old.text.as_bytes(), &Limits::default()).is_ok(), "{}", old.text);
    }
}
