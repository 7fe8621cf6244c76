//! What an extension says reaches the event hash.

use epcis::Event;
use epcis::hash::{Dialect, event_hash};
use ledger::json::{Limits, parse};

fn hash(extension: &str, dialect: Dialect) -> String {
    let text = format!(
        r#"{{"@context":{{"mill":"https://mill.example/ns/"}},"type":"ObjectEvent","action":"OBSERVE",
        "bizStep":"inspecting","eventTime":"2026-11-20T16:30:00.25+08:00","eventTimeZoneOffset":"+08:00",
        "epcList":["urn:epc:id:sgtin:9506000.134352.77"],{extension}}}"#
    );
    let json = parse(text.as_bytes(), &Limits::default()).unwrap();
    event_hash(&Event::from_json(json).unwrap(), dialect).unwrap()
}

#[test]
fn two_events_that_differ_only_in_a_bare_member_of_an_extension_have_two_hashes() {
    for dialect in [Dialect::Cbv20_2025, Dialect::Cbv20_2026] {
        for (one, other) in [
            (r#""mill:check":{"grade":1}"#, r#""mill:check":{"grade":2}"#),
            (r#""mill:urgent":"""#, r#""mill:check":"""#),
        ] {
            assert_ne!(hash(one, dialect), hash(other, dialect), "{one}");
        }
    }
}
