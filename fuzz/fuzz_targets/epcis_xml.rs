//! EPCIS documents in XML: any bytes give JSON or bounded violations; what is valid has one hash, however often it is
//! converted.
#![no_main]

use epcis::Submission;
use epcis::hash::{Dialect, event_hash};
use epcis::xml::{Limits, parse};
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
        for dialect in Dialect::ALL {
            event_hash(&event, dialect).expect("each event has a hash");
        }
    }
});
