//! `chopmark event hash`: JSON and XML from a file or from standard input, and what it says of anything else.

use crate::scene::{Ran, chopmark, chopmark_reading};

const JSON: &str = r#"{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    "type":"ObjectEvent","action":"OBSERVE","bizStep":"shipping","eventTime":"2026-11-20T08:15:00+08:00",
    "eventTimeZoneOffset":"+08:00","epcList":["urn:epc:id:sgtin:9506000.134352.77"]}"#;
const XML: &str = "<?xml version='1.0'?>
<epcis:EPCISDocument xmlns:epcis='urn:epcglobal:epcis:xsd:1' schemaVersion='1.2' creationDate='2026-11-20T01:00:00Z'>
  <EPCISBody><EventList>
    <ObjectEvent>
      <eventTime>2026-11-20T08:15:00+08:00</eventTime><eventTimeZoneOffset>+08:00</eventTimeZoneOffset>
      <epcList><epc>https://id.gs1.org/01/19506000343522/21/77</epc></epcList><action>OBSERVE</action>
      <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep>
    </ObjectEvent>
  </EventList></EPCISBody>
</epcis:EPCISDocument>";
/// Its text is `eventType=ObjectEventeventTime=2026-11-20T00:15:00.000Z…`.
const HASH: &str =
    "ni:///sha-256;97736b6a98e6ca38d71abfee7d90f6786d5fe613a2d870e646fc78e98fd4bd96?ver=CBV2.0\n";

fn from_file(bytes: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("document");
    std::fs::write(&path, bytes).unwrap();
    chopmark(&["event", "hash", path.to_str().unwrap()])
}

fn from_standard_input(bytes: &[u8], more: &[&str]) -> Ran {
    chopmark_reading(&[&["event", "hash", "-"], more].concat(), bytes)
}

#[test]
fn json_and_xml_from_a_file_and_from_standard_input_have_one_hash() {
    for text in [JSON, XML] {
        for bytes in [text.as_bytes().to_owned(), [b"\xef\xbb\xbf", text.as_bytes()].concat()] {
            // A serializer may take the namespace away that is not there.
            let text =
                String::from_utf8_lossy(&bytes).replace("<EPCISBody>", "<EPCISBody xmlns=\"\">");
            for ran in
                [from_file(text.as_bytes()), from_file(&bytes), from_standard_input(&bytes, &[])]
            {
                assert_eq!((ran.status, &*ran.out), (0, HASH), "{}", ran.err);
            }
        }
    }
}

#[test]
fn each_dialect_is_a_choice_and_the_text_is_shown_on_request() {
    for (dialect, version) in
        [("cbv2.0-2026", "CBV2.0"), ("cbv2.0-2025", "CBV2.0"), ("cbv2.1-draft", "CBV2.1")]
    {
        let ran = from_standard_input(XML.as_bytes(), &["--dialect", dialect, "--pre-hash"]);
        assert!(ran.out.starts_with("eventType=ObjectEventeventTime=2026-11-20T00:15:00.000Z"));
        assert!(ran.out.ends_with(&format!("?ver={version}\n")), "{}", ran.out);
    }
    let ran = from_standard_input(XML.as_bytes(), &["--dialect", "cbv2.2"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("expected cbv2.0-2026, cbv2.0-2025 or cbv2.1-draft"), "{}", ran.err);
}

#[test]
fn a_file_that_is_neither_json_nor_xml_is_told_what_was_expected() {
    for (bytes, got) in [
        (&b"PK\x03\x04"[..], "is neither JSON nor XML, got `PK"),
        (b"", "is empty"),
        (b"eventTime,action\n", "is neither JSON nor XML, got `eventTime,action"),
        (b"\xff\xfe{\0}\0", "is UTF-16"),
    ] {
        for ran in [from_file(bytes), from_standard_input(bytes, &[])] {
            assert_eq!((ran.status, &*ran.out), (1, ""));
            assert!(ran.err.contains(got), "{}", ran.err);
            assert!(ran.err.contains("expected UTF-8 that starts with `{` (JSON) or `<` (XML)"));
        }
    }
}

#[test]
fn what_is_wrong_in_xml_is_told_with_its_line() {
    let ran = from_file(XML.replace("shipping", "grinding").as_bytes());
    assert_eq!((ran.status, ran.out.starts_with("ni:///sha-256;")), (0, true), "{}", ran.out);
    assert!(ran.err.contains("capture would refuse them"), "{}", ran.err);
    let place = "/epcisBody/eventList/0/bizStep (event from line 4 on): ";
    assert!(ran.err.contains(place), "{}", ran.err);
    let ran = from_file(XML.replace("<action>", "lost<action>").as_bytes());
    let place = "/EPCISDocument/EPCISBody/EventList/ObjectEvent: line 4: has text beside";
    assert!(ran.err.contains(place), "{}", ran.err);
    let ran = from_file(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>");
    assert!(ran.err.contains("line 1: has a DTD"), "{}", ran.err);
}

#[test]
fn what_the_json_form_has_no_place_for_is_named_and_the_hash_is_the_same() {
    let with_location = XML.replace(
        "schemaVersion=",
        "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='urn:a b.xsd' schemaVersion=",
    );
    let ran = from_standard_input(with_location.as_bytes(), &[]);
    assert_eq!((ran.status, &*ran.out), (0, HASH), "{}", ran.err);
    assert!(ran.err.contains("left out"), "{}", ran.err);
    assert!(ran.err.contains("xsi:schemaLocation"), "{}", ran.err);
    let ran = from_standard_input(with_location.as_bytes(), &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["left_out"], serde_json::json!(["xsi:schemaLocation"]));
    assert_eq!(json["events"][0]["hash"], HASH.trim());
    assert_eq!(ran.err, "");
}

#[test]
fn violations_are_members_of_the_json_with_their_line() {
    let ran = from_standard_input(XML.replace("shipping", "grinding").as_bytes(), &["--json"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let violation = &json["violations"][0];
    assert_eq!(
        (violation["pointer"].as_str(), violation["line"].as_u64()),
        (Some("/epcisBody/eventList/0/bizStep"), Some(4)),
        "{json}"
    );
    let ran = from_standard_input(b"", &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.status, json["events"].as_array().map(Vec::len)), (1, Some(0)), "{json}");
}

#[test]
fn a_container_with_a_wrong_check_digit_is_noted_and_hashed() {
    let event = JSON.replace("urn:epc:id:sgtin:9506000.134352.77", "urn:epc:id:bic:CSQU3054384");
    let ran = from_standard_input(event.as_bytes(), &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.contains("got check digit `4`, expected `3`"), "{}", ran.err);
    let right = from_standard_input(event.replace("3054384", "3054383").as_bytes(), &[]);
    assert_eq!((right.status, &*right.err), (0, ""));
}
