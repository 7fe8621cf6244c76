//! `chopmark event hash`: JSON and XML from a file or from standard input, and what it says of anything else.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::scene::{Ran, chopmark};

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
    let mut command = Command::new(env!("CARGO_BIN_EXE_chopmark"));
    command.args(["event", "hash", "-"]).args(more);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses its arguments ends without reading, and then writing to it fails.
    if let Err(error) = child.stdin.take().unwrap().write_all(bytes) {
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{error}");
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let status = output.status.code().unwrap_or(-1);
    Ran { status, out: text(output.stdout), err: text(output.stderr) }
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
