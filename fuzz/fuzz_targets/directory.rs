//! Entries of a directory and proofs of them: each has one form, and nothing is proved to who pinned something else.
#![no_main]

use directory::record::Record;
use directory::{Directory, replay};
use ledger::directory::{DirectoryProof, Entry, verify_proof};
use ledger::hash::Hash;
use ledger::json::{Limits, parse};
use ledger::policy::DirectoryPin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let pin = DirectoryPin { origin: "who.example/1".to_owned(), version: 1, root: Hash([7; 32]) };
    entry(text, &pin);
    let Ok(json) = parse(text.as_bytes(), &Limits::default()) else { return };
    match DirectoryProof::from_json("", &json) {
        Ok(proof) => {
            let written = proof.to_json();
            let again = DirectoryProof::from_json("", &written).expect("what was written is read");
            assert_eq!(again.to_json().canonical(), written.canonical());
            let error = verify_proof(&proof, &pin).expect_err("nobody has such a root");
            fuzz::contract::reason(&error.to_string());
        }
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
});

fn entry(text: &str, pin: &DirectoryPin) {
    match Entry::parse(text) {
        Ok(entry) => assert_eq!(entry.note.to_string(), text),
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
    match Record::parse(text) {
        Ok(record) => {
            assert_eq!(record.head, record.entry.head().expect("it was read before"));
            let error = replay(&pin.origin, pin, &[text.to_owned()]).expect_err("not the pin's");
            fuzz::contract::reason(&error.to_string());
            let at = "2026-11-10T12:00:00Z".parse().expect("a time");
            let mut directory = Directory::empty(&pin.origin, None);
            if directory.push(text, at).is_ok() {
                assert_eq!(directory.subjects()[0].subject, "root", "only a root comes first");
            }
        }
        Err(problem) => fuzz::contract::reason(&problem.to_string()),
    }
}
