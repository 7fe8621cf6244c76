//! EPCIS documents and events: what is taken has one hash, in the document and out of it, and read event by event, as captures are.
#![no_main]

use epcis::hash::{Dialect, event_hash};
use epcis::{Document, Event, Outline};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Of what is no document, too: whatever can be read of it is read.
    let outline = Outline::read(bytes);
    for place in 0..outline.len() {
        outline.statement(bytes, place).expect("each event has a place");
    }
    let document = match Document::parse(bytes) {
        Ok(document) => document,
        Err(violations) => {
            assert!((1..=100).contains(&violations.len()));
            for violation in violations {
                assert!(!violation.problem.is_empty() && !violation.expected.is_empty());
                assert!(violation.value.chars().count() <= 81, "{violation:?}");
            }
            return;
        }
    };
    assert!(!document.events().is_empty());
    assert!(outline.envelope.is_empty(), "{:?}", outline.envelope);
    let one_by_one = (0..outline.len())
        .filter_map(|place| outline.statement(bytes, place)?.event.ok())
        .collect::<Vec<_>>();
    assert_eq!(hashes(&one_by_one), hashes(document.events()));
    let canonical = document.to_json().canonical();
    let again = Document::parse(canonical.as_bytes()).expect("the same document");
    assert_eq!(hashes(document.events()), hashes(again.events()));
    for event in document.events() {
        let alone =
            Event::from_json(event.json().clone()).expect("an event can leave its document");
        assert_eq!(hashes(&[alone]), hashes(std::slice::from_ref(event)));
    }
});

fn hashes(events: &[Event]) -> Vec<String> {
    let hashes = events.iter().flat_map(|event| {
        Dialect::ALL.map(|dialect| event_hash(event, dialect).expect("each event has a hash"))
    });
    hashes.collect()
}
