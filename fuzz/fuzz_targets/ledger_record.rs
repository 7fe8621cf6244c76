//! Records and what is shown of them.
#![no_main]

use ledger::json::{Limits, parse};
use ledger::record::{DisclosedRecord, Disclosure, Record, Secret};
use libfuzzer_sys::fuzz_target;

const SECRET: Secret = [7; 16];

fuzz_target!(|text: &str| {
    if let Ok(record) = Record::parse(text) {
        assert_eq!(record.text(), text);
        shown(&record);
    }
    let Ok(json) = parse(text.as_bytes(), &Limits::default()) else { return };
    if let Ok(disclosed) = DisclosedRecord::from_json(&json) {
        assert_eq!(disclosed.to_json().canonical(), json.canonical());
        if let Err(error) = disclosed.leaf_hash() {
            assert!(!error.to_string().is_empty());
        }
        let _ = disclosed.names();
    }
    if let Ok(record) = Record::from_json(json) {
        let again = Record::parse(record.text()).expect("a record's text is a record");
        assert_eq!(again.commitment(&SECRET), record.commitment(&SECRET));
    }
});

/// Whatever is shown of a record leads to its commitment.
fn shown(record: &Record) {
    let names = record.names();
    let some = names.get(..1).unwrap_or_default();
    for what in [Disclosure::All, Disclosure::Items(some), Disclosure::Items(&names)] {
        let disclosed = record.disclose(&SECRET, &what);
        assert_eq!(disclosed.commitment(), Ok(record.commitment(&SECRET)));
        assert_eq!(disclosed.leaf_hash(), Ok(record.leaf_hash(&SECRET)));
        let written = disclosed.to_json();
        assert_eq!(DisclosedRecord::from_json(&written).as_ref(), Ok(&disclosed));
    }
    let all = record.disclose(&SECRET, &Disclosure::All).to_object().expect("all is shown");
    assert_eq!(all.canonical(), record.text());
}
