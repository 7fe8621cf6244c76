//! The facts of the schema and of our own rules as a table: one change to a valid document, and what becomes of it.
//!
//! Sources: JSON schema of EPCIS 2.0 (which members, which forms, which words), CBV 2.0, decision 0035.

use epcis::{Document, Submission, Violation};

use crate::document::{change, json, whole};

/// All that is wrong with a document.
pub fn wrong(text: &str) -> Vec<Violation> {
    let Submission { envelope, statements, .. } = Submission::parse(text.as_bytes());
    let events = statements.into_iter().filter_map(|one| one.event.err()).flatten();
    envelope.into_iter().chain(events).collect()
}

/// The pointer of a row in the document: `/0/bizStep` is a member of the first event, `=/sender` one of the document.
fn full(pointer: &str) -> String {
    match pointer.strip_prefix('=') {
        Some(pointer) => pointer.to_owned(),
        None => format!("/epcisBody/eventList{pointer}"),
    }
}

fn changed(pointer: &str, value: &str) -> String {
    let mut document = whole();
    change(&mut document, &full(pointer), (!value.is_empty()).then(|| json(value)));
    document.canonical()
}

/// Each row: where, the value to put there (nothing: removed).
const TAKEN: &[(&str, &str)] = &[
    // What may be absent.
    ("=/id", ""),
    ("=/sender", ""),
    ("=/epcisHeader", ""),
    ("=/schemaVersion", r#""2.0.1""#),
    // A context that is not read here may declare anything.
    ("=/@context", r#""https://contexts.maker.example/all.jsonld""#),
    ("/0/ilmd", ""),
    ("/0/readPoint", ""),
    ("/0/quantityList/0/uom", ""),
    ("/0/sensorElementList/0/sensorMetadata", ""),
    ("/0/sensorElementList/0/sensorReport/0/value", ""),
    ("/0/persistentDisposition/unset", ""),
    ("/0/errorDeclaration/reason", ""),
    ("/0/bizTransactionList/0/type", ""),
    ("/2/childEPCs", ""),
    ("/2/action", r#""DELETE""#),
    ("/3/parentID", ""),
    ("/4/transformationID", ""),
    ("/4/inputQuantityList", ""),
    ("/4/ilmd", ""),
    // Spellings.
    ("/0/bizStep", r#""https://ref.gs1.org/cbv/BizStep-shipping""#),
    ("/0/bizStep", r#""cbv:BizStep-shipping""#),
    ("/0/bizStep", r#""https://steps.maker.example/polishing""#),
    ("/0/bizStep", r#""maker:polishing""#),
    ("/0/bizStep", r#""urn:maker:polishing""#),
    ("/0/disposition", r#""cbv:Disp-recalled""#),
    ("/0/sensorElementList/0/sensorReport/0/type", r#""gs1:Temperature""#),
    ("/0/sensorElementList/0/sensorReport/0/uom", r#""any unit""#),
    ("/0/certificationInfo", r#""https://certifier.example/8""#),
    ("/0/certificationInfo", "[]"),
    ("/0/eventTime", r#""2026-11-20t08:15:00z""#),
    ("/0/eventTime", r#""2026-11-20T08:15:00.123456789Z""#),
    ("/0/eventTimeZoneOffset", r#""+14:00""#),
    ("/0/quantityList/0/quantity", "0"),
    ("/0/quantityList/0/quantity", "1e3"),
    ("/0/quantityList/-", r#"{"epcClass":"urn:epc:class:lgtin:9521141.012345.L1","quantity":1}"#),
    // Extensions, with a prefix that is declared or a whole URI.
    ("/0/maker:new", r#"[{"a":[1,null]}]"#),
    ("/0/https:~1~1ns.maker.example~1new", "1"),
    ("/0/ilmd/farm:field", r#""north""#),
    ("=/farm:note", "1"),
    // Whoever is named.
    ("/0/epcList/0", r#""urn:epc:id:sgln:9521141.00001.7""#),
    ("/0/epcList/0", r#""urn:epc:id:pgln:9521141.00000""#),
    ("/0/epcList/0", r#""urn:epc:id:gid:1.2.3""#),
    ("/0/epcList/0", r#""urn:uuid:6f0e0000-0000-4000-8000-000000000009""#),
    ("/0/epcList/0", r#""https://maker.example/items/7""#),
    ("/5/parentID", r#""urn:epc:id:sgln:9521141.00001.7""#),
    // The standard's text and its XML schema have it in every event, its JSON schema forgot three of them.
    ("/2/persistentDisposition", r#"{"set":["recalled"]}"#),
];

/// Each row: where, the value to put there (nothing: removed), the pointer of the violation (nothing: the same), a part of
/// what it says.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    // The envelope.
    ("=/@context", "", "", "missing"),
    ("=/@context", "7", "", "not a context"),
    ("=/@context", r#""epcis""#, "", "not a URI"),
    ("=/@context", r#"["https://x.example/c","https://x.example/c"]"#, "=/@context/1", "twice"),
    ("=/type", r#""EPCISDocuments""#, "", "not a type of document"),
    ("=/schemaVersion", "", "", "missing"),
    ("=/schemaVersion", "2.0", "", "not a version"),
    ("=/schemaVersion", r#""1.2""#, "", "version"),
    ("=/schemaVersion", r#""2.x""#, "", "not a version"),
    ("=/creationDate", "", "", "missing"),
    ("=/creationDate", r#""2026-11-20""#, "", "not a time"),
    ("=/id", r#""seven""#, "", "not a URI"),
    ("=/sender", "7", "", "not a text"),
    ("=/remark", "1", "", "not a member of a document"),
    ("=/undeclared:note", "1", "", "no context declares"),
    ("=/epcisHeader", "[]", "", "not an object"),
    ("=/epcisHeader/remark", "1", "", "not a member of a header"),
    ("=/epcisHeader/epcisMasterData/vocabularyList", "{}", "", "not a list"),
    ("=/epcisHeader/epcisMasterData/vocabularyList/0/type", "", "", "missing"),
    (
        "=/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/id",
        "",
        "",
        "missing",
    ),
    (
        "=/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/attributes/0/attribute",
        "true",
        "",
        "text, number or object",
    ),
    (
        "=/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/children/0",
        "1",
        "",
        "not a URI",
    ),
    ("=/epcisBody", "", "", "missing"),
    ("=/epcisBody", "[]", "", "not an object"),
    ("=/epcisBody/eventList", "", "", "missing"),
    ("=/epcisBody/eventList", "{}", "", "not a list"),
    ("=/epcisBody/eventList", "[]", "", "empty"),
    // Events.
    ("/1", "7", "", "not an object"),
    ("/1/type", "", "", "not a type of event"),
    ("/1/type", r#""Happening""#, "", "not a type of event"),
    ("/1/type", r#""maker:WeighingEvent""#, "", "a type of event of its own"),
    ("/1/eventTime", "", "", "missing"),
    ("/1/eventTimeZoneOffset", "", "", "missing"),
    ("/1/action", "", "", "missing"),
    ("/1/action", r#""CREATE""#, "", "not an action"),
    ("/1/remark", "1", "", "not a field"),
    ("/1/bizstep", r#""packing""#, "", "not a field"),
    ("/1/@id", r#""urn:x:y""#, "", "not a field"),
    ("/1/parentID", r#""urn:epc:id:sscc:9521141.0000000001""#, "", "ObjectEvent has no such field"),
    ("/4/action", r#""ADD""#, "", "TransformationEvent has no such field"),
    ("/1/bizStep", "null", "", "not a text"),
    ("/0/certificationInfo", r#"{"agency":"x"}"#, "", "not a URI"),
    ("/0/certificationInfo", r#"[{"agency":"x"}]"#, "/0/certificationInfo/0", "not a URI"),
    ("/0/certificationInfo", r#""certificate 7""#, "", "not a URI"),
    ("/0/eventID", r#""seven""#, "", "not a URI"),
    // Times.
    ("/0/eventTime", r#""2026-11-20 08:15:00Z""#, "", "not a time"),
    ("/0/eventTime", r#""2026-11-20T08:15Z""#, "", "not a time"),
    ("/0/eventTime", r#""2026-11-20T08:15:00""#, "", "not a time"),
    ("/0/eventTime", r#""2026-11-20T08:15:00+08:00[Asia/Shanghai]""#, "", "not a time"),
    ("/0/eventTime", r#""2026-11-20T24:00:00Z""#, "", "not a time"),
    ("/0/eventTime", r#""2026-12-31T23:59:60Z""#, "", "not a time"),
    ("/0/eventTime", r#""2026-02-30T00:00:00Z""#, "", "not a day"),
    ("/0/eventTime", r#""22-07-2026""#, "", "not a time"),
    ("/0/eventTime", "1763600000", "", "not a time"),
    ("/0/eventTime", r#""2026-11-20T08:15:00.1234567890Z""#, "", "more than 9 decimals"),
    ("/0/recordTime", r#""now""#, "", "not a time"),
    ("/0/eventTimeZoneOffset", r#""Z""#, "", "not an offset"),
    ("/0/eventTimeZoneOffset", r#""+14:30""#, "", "not an offset"),
    ("/0/errorDeclaration/declarationTime", r#""2026-11-21""#, "", "not a time"),
    (
        "/0/sensorElementList/0/sensorMetadata/startTime",
        r#""2026-11-20 00:00:00Z""#,
        "",
        "not a time",
    ),
    ("/0/sensorElementList/0/sensorReport/0/time", r#""00:00""#, "", "not a time"),
    // Words.
    ("/0/bizStep", r#""polishing""#, "", "not a word"),
    ("/0/disposition", r#""polished""#, "", "not a word"),
    ("/0/persistentDisposition/set/0", r#""polished""#, "", "not a word"),
    ("/0/bizTransactionList/0/type", r#""order""#, "", "not a word"),
    ("/0/sourceList/0/type", r#""place""#, "", "not a word"),
    ("/0/destinationList/0/type", r#""place""#, "", "not a word"),
    ("/0/errorDeclaration/reason", r#""mistake""#, "", "not a word"),
    ("/0/sensorElementList/0/sensorReport/0/type", r#""Warmth""#, "", "not a word"),
    ("/0/sensorElementList/0/sensorReport/0/exception", r#""ALARM""#, "", "not a word"),
    ("/0/sensorElementList/0/sensorReport/0/component", r#""w""#, "", "not a word"),
    ("/0/bizStep", r#""urn:epcglobal:cbv:bizstep:shipping""#, "", "spelling of XML"),
    ("/0/disposition", r#""urn:epcglobal:cbv:disp:active""#, "", "spelling of XML"),
    (
        "/0/persistentDisposition/unset/0",
        r#""urn:epcglobal:cbv:disp:damaged""#,
        "",
        "spelling of XML",
    ),
    ("/0/bizTransactionList/0/type", r#""urn:epcglobal:cbv:btt:po""#, "", "spelling of XML"),
    ("/0/sourceList/0/type", r#""urn:epcglobal:cbv:sdt:location""#, "", "spelling of XML"),
    (
        "/0/errorDeclaration/reason",
        r#""urn:epcglobal:cbv:er:did_not_occur""#,
        "",
        "spelling of XML",
    ),
    ("/0/bizStep", r#""https://ns.gs1.org/cbv/BizStep-shipping""#, "", "older address"),
    (
        "/0/sensorElementList/0/sensorReport/0/type",
        r#""https://gs1.org/voc/Temperature""#,
        "",
        "older address",
    ),
    ("/0/bizStep", r#""https://ref.gs1.org/cbv/BizStep-polishing""#, "", "not a word"),
    ("/0/bizStep", r#""undeclared:polishing""#, "", "no context declares"),
    ("/0/bizStep", r#""maker: polishing""#, "", "not a URI"),
    // Members that no context explains.
    ("/0/quantityList/0/weight", "3", "", "not a member of a quantity"),
    ("/0/quantityList/0/maker:weight", "3", "", "not a member of a quantity"),
    ("/0/sensorElementList/0/remark", "1", "", "not a member of a sensor element"),
    ("/0/sensorElementList/0/sensorMetadata/remark", "1", "", "not a member of sensor metadata"),
    ("/0/sensorElementList/0/sensorReport/0/remark", "1", "", "not a member of a sensor report"),
    ("/0/sensorElementList/0/sensorReport/0/undeclared:x", "1", "", "no context declares"),
    ("/0/readPoint/name", r#""gate""#, "", "not a member of a place"),
    ("/0/bizLocation/name", r#""gate""#, "", "not a member of a place"),
    ("/0/errorDeclaration/remark", "1", "", "not a member of an error declaration"),
    ("/0/persistentDisposition/keep", "[]", "", "not a member of a persistent disposition"),
    ("/0/bizTransactionList/0/maker:x", "1", "", "not a member of a business transaction"),
    ("/0/sourceList/0/destination", r#""urn:x:y""#, "", "not a member of a source"),
    ("/0/destinationList/0/id", r#""urn:x:y""#, "", "not a member of a destination"),
    ("/0/ilmd/lotNumber", r#""L1""#, "", "not a member of ILMD"),
    ("/0/ilmd/@context", "{}", "", "not a member of ILMD"),
    ("/0/ilmd/undeclared:lot", r#""L1""#, "", "no context declares"),
    (
        "/0/maker:extra",
        r#"{"undeclared:deep":1}"#,
        "/0/maker:extra/undeclared:deep",
        "no context declares",
    ),
    ("/0/undeclared:x", "1", "", "no context declares"),
    ("/0/maker:重量", "1", "", "not a field"),
    // Forms.
    ("/0/ilmd", "[]", "", "not an object"),
    ("/0/epcList", r#""urn:epc:id:sgtin:9521141.012345.1""#, "", "not a list"),
    ("/0/epcList/0", "1", "", "not a URI"),
    ("/0/epcList/0", r#""urn:epc:id:sgtin:9521141.012345.1 2""#, "", "not a URI"),
    ("/0/readPoint/id", "", "", "missing"),
    ("/0/readPoint", r#""urn:epc:id:sgln:9521141.00001.7""#, "", "not an object"),
    ("/0/quantityList/0/epcClass", "", "", "missing"),
    ("/0/quantityList/0/quantity", r#""12.5""#, "", "not a number"),
    ("/0/quantityList/0/uom", r#""kilograms""#, "", "not a unit"),
    ("/0/quantityList/0/uom", r#""kgm""#, "", "not a unit"),
    ("/0/sourceList/0/type", "", "", "missing"),
    ("/0/sourceList/0/source", "", "", "missing"),
    ("/0/bizTransactionList/0/bizTransaction", r#""7""#, "", "not a URI"),
    ("/0/persistentDisposition", "{}", "", "neither"),
    ("/0/persistentDisposition/set", "[]", "", "empty"),
    ("/0/errorDeclaration/declarationTime", "", "", "missing"),
    ("/0/errorDeclaration/correctiveEventIDs/0", r#""7""#, "", "not a URI"),
    ("/0/sensorElementList/0/sensorReport", "", "", "missing"),
    ("/0/sensorElementList/0/sensorReport", "[]", "", "empty"),
    ("/0/sensorElementList/0/sensorReport/0/type", "", "", "missing"),
    ("/0/sensorElementList/0/sensorReport/0/value", r#""-4.5""#, "", "not a number"),
    ("/0/sensorElementList/0/sensorReport/0/booleanValue", r#""true""#, "", "not true or false"),
    ("/0/sensorElementList/0/sensorReport/0/hexBinaryValue", r#""0x1""#, "", "not hexadecimal"),
    ("/0/sensorElementList/0/sensorReport/0/stringValue", "1", "", "not a text"),
    ("/0/sensorElementList/0/sensorReport/0/microorganism", r#""yeast""#, "", "not a URI"),
    ("/0/sensorElementList/0/sensorMetadata/deviceID", r#""probe 7""#, "", "not a URI"),
    // What an event must name.
    ("/1/epcList", "", "", "missing"),
    ("/1/epcList", "[]", "", "names nothing"),
    ("/5/childEPCs", "", "", "missing"),
    ("/2/parentID", "", "", "missing"),
    ("/3/bizTransactionList", "", "", "missing"),
    ("/3/bizTransactionList", "[]", "", "empty"),
    ("/3/epcList", "", "", "missing"),
    ("/5/parentID", "", "", "missing"),
    ("/5/childEPCs", "[]", "", "missing"),
    // ILMD is what is stated when a thing begins.
    ("/0/action", r#""OBSERVE""#, "/0/ilmd", "action ADD"),
    ("/0/action", r#""DELETE""#, "/0/ilmd", "action ADD"),
    // One thing twice, in one spelling or two.
    ("/0/epcList/-", r#""urn:epc:id:sgtin:9521141.012345.1""#, "/0/epcList/2", "twice"),
    ("/0/epcList/-", r#""https://id.gs1.org/01/09521141123454/21/1""#, "/0/epcList/2", "twice"),
    (
        "/2/childEPCs/-",
        r#""https://brand.example/01/09521141123454/21/1""#,
        "/2/childEPCs/1",
        "twice",
    ),
    ("/4/inputEPCList/-", r#""urn:epc:id:sgtin:9521141.012345.1""#, "/4/inputEPCList/1", "twice"),
    ("/4/outputEPCList/-", r#""urn:epc:id:sgtin:9521141.012345.3""#, "/4/outputEPCList/1", "twice"),
    (
        "/0/persistentDisposition/set/-",
        r#""completeness_verified""#,
        "/0/persistentDisposition/set/1",
        "twice",
    ),
    (
        "/0/persistentDisposition/set/-",
        r#""cbv:Disp-completeness_verified""#,
        "/0/persistentDisposition/set/1",
        "twice",
    ),
    // Beyond the schema.
    ("/0/quantityList/0/quantity", "-1", "", "negative"),
    ("/0/quantityList/0/quantity", "1e999", "", "too large"),
    ("/0/sensorElementList/0/sensorReport/0/value", "-1e999", "", "too large"),
    ("/0/quantityList/0/quantity", "", "/0/quantityList/0/uom", "without a quantity"),
    ("/0/epcList/0", r#""https://maker.example/01/09521141123455/21/1""#, "", "check digit"),
    ("/0/readPoint/id", r#""https://maker.example/414/9521141000013""#, "", "check digit"),
    (
        "/0/quantityList/0/epcClass",
        r#""https://maker.example/01/09521141123455""#,
        "",
        "check digit",
    ),
    ("/0/epcList/0", r#""urn:epc:id:sgtin:9521141.0123.1""#, "", "not a valid GS1 key"),
    ("/0/epcList/0", r#""urn:epc:tag:sgtin-96:3.9521141.012345.7""#, "", "what a tag holds"),
    ("/0/epcList/0", r#""URN:EPC:TAG:sgtin-96:3.9521141.012345.7""#, "", "what a tag holds"),
    ("/0/epcList/0", r#""urn:epc:pat:sgtin-96:3.9521141.012345.*""#, "", "what a tag holds"),
    ("/0/epcList/0", r#""urn:epc:raw:96.x3076451FD40C0E4000000001""#, "", "what a tag holds"),
    ("/0/epcList/0", r#""undeclared:item""#, "", "no context declares"),
    ("/0/epcList/0", r#""urn:epc:class:lgtin:9521141.012345.L1""#, "", "names a class"),
    ("/0/epcList/0", r#""https://maker.example/01/09521141123454""#, "", "names a class"),
    ("/2/childEPCs/0", r#""https://maker.example/01/09521141123454/10/L1""#, "", "names a class"),
    ("/4/inputEPCList/0", r#""urn:epc:idpat:sgtin:9521141.012345.*""#, "", "names a class"),
    ("/4/outputEPCList/0", r#""urn:epc:class:lgtin:9521141.012345.L1""#, "", "names a class"),
    ("/2/parentID", r#""https://maker.example/01/09521141123454""#, "", "names a class"),
    ("/0/quantityList/0/epcClass", r#""urn:epc:id:sgtin:9521141.012345.1""#, "", "names one thing"),
    (
        "/2/childQuantityList/0/epcClass",
        r#""https://maker.example/01/09521141123454/21/1""#,
        "",
        "names one thing",
    ),
];

#[test]
fn the_whole_document_is_taken_and_so_is_each_change_that_the_standard_allows() {
    assert_eq!(wrong(&whole().canonical()), []);
    for (pointer, value) in TAKEN {
        let found = wrong(&changed(pointer, value));
        assert!(found.is_empty(), "{pointer} {value}: {found:?}");
    }
}

#[test]
fn each_change_that_is_not_allowed_is_refused_and_the_answer_names_place_value_and_what_was_expected()
 {
    let mut wrongly = Vec::new();
    for (pointer, value, at, words) in REFUSED {
        let at = full(if at.is_empty() { pointer } else { at });
        let found = wrong(&changed(pointer, value));
        let is_named = found.iter().any(|one| {
            one.pointer == at
                && one.problem.contains(words)
                && !one.expected.is_empty()
                && !one.value.is_empty()
        });
        if !is_named {
            wrongly.push(format!("{pointer} {value}: {at} ({words}) in {found:?}"));
        }
    }
    assert!(wrongly.is_empty(), "{} of {}:\n{}", wrongly.len(), REFUSED.len(), wrongly.join("\n"));
}

#[test]
fn a_single_event_is_captured_with_its_context_and_only_then() {
    let event = r#"{"@context":[],"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T08:20:00Z",
        "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sscc:9521141.0000000001"]}"#;
    assert_eq!(wrong(event), []);
    let bare = event.replace("\"@context\":[],", "");
    let found = wrong(&bare);
    assert_eq!((found.len(), found[0].pointer.as_str()), (1, "/@context"), "{found:?}");
    assert!(Document::parse(bare.as_bytes()).is_ok(), "a file with one event needs none");
}

#[test]
fn a_byte_order_mark_is_tolerated_at_the_start_and_nowhere_else() {
    let text = whole().canonical();
    assert_eq!(wrong(&format!("\u{feff}{text}")), []);
    assert!(!wrong(&format!("\u{feff}\u{feff}{text}")).is_empty());
    assert!(!wrong(&format!("{text}\u{feff}")).is_empty());
}

#[test]
fn an_object_event_with_sensors_alone_has_a_read_point_and_one_that_names_nothing_is_refused() {
    let event = |more: &str| {
        format!(
            r#"{{"@context":[],"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T08:20:00Z",
            "eventTimeZoneOffset":"+00:00"{more}}}"#
        )
    };
    let sensors =
        r#","sensorElementList":[{"sensorReport":[{"type":"Temperature","value":4,"uom":"CEL"}]}]"#;
    let place = r#","readPoint":{"id":"urn:epc:id:sgln:9521141.00001.7"}"#;
    let empty = r#","epcList":[]"#;
    for (more, is_taken) in [
        (format!("{sensors}{place}"), true),
        (format!("{sensors}{empty}"), true),
        (sensors.to_owned(), false),
        (format!("{empty}{place}"), false),
        (String::new(), false),
    ] {
        assert_eq!(wrong(&event(&more)).is_empty(), is_taken, "{more}");
    }
}
