//! EPCIS documents in XML: any bytes give JSON or bounded violations; what is valid has one hash, however often it is
//! converted; and what was taken can be written as XML, in both versions, and read again as the same events.
#![no_main]

use epcis::hash::{Dialect, event_hash};
use epcis::xml::{Limits, Version, Words, parse, write};
use epcis::{Document, Event, Submission};
use ledger::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let converted = match parse(bytes, &Limits::default()) {
        Ok(converted) => converted,
        Err(violations) => {
            assert!((1..=100).contains(&violations.len()));
            for violation in violations {
                assert!(!violation.problem.is_empty() && !violation.expected.is_empty());
                assert!(violation.value.chars().count() <= 81, "{violation:?}");
            }
            return;
        }
    };
    assert_eq!(parse(bytes, &Limits::default()).expect("the same bytes"), converted);
    let text = converted.json.canonical();
    json::parse(text.as_bytes(), &json::Limits::default()).expect("JSON within its own limits");
    let document = Submission::parse(text.as_bytes());
    if document.envelope.is_empty() {
        assert_eq!(document.statements.len(), converted.event_lines.len());
    }
    for event in document.statements.into_iter().filter_map(|statement| statement.event.ok()) {
        hashes(&event);
    }
    if let Ok(document) = Document::parse(text.as_bytes()) {
        for words in [Words::Kept, Words::Urn, Words::Web] {
            written(&converted.json, &document, Version::V2_0, words);
            written(&converted.json, &document, Version::V1_2, words);
        }
    }
});

fn hashes(event: &Event) -> Vec<String> {
    let of = |dialect| event_hash(event, dialect).expect("each event has a hash");
    Dialect::ALL.into_iter().map(of).collect()
}

/// Writes what was taken; what names no loss has the same events.
fn written(json: &json::Json, document: &Document, version: Version, words: Words) {
    let Some(written) = write(json, version, words) else {
        assert_eq!(version, Version::V1_2, "2.0 has all types of events");
        return;
    };
    if written.text.len() > Limits::default().max_bytes {
        return;
    }
    let again = parse(written.text.as_bytes(), &Limits::default()).expect("it can be read");
    if !written.left_out.is_empty() {
        return;
    }
    let again = Document::parse(again.json.canonical().as_bytes()).expect("it is valid again");
    assert_eq!(document.events().len(), again.events().len());
    for (one, other) in document.events().iter().zip(again.events()) {
        assert_eq!(hashes(one), hashes(other), "{}", written.text);
    }
}
