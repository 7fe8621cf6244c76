//! Signed notes, checkpoints, keys and policies: each has one spelling.
#![no_main]

use ledger::checkpoint::Checkpoint;
use ledger::keys::{SourceVerifier, VerifierKey};
use ledger::note::Note;
use ledger::policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Note::parse(text) {
        Ok(note) => {
            assert_eq!(note.to_string(), text);
            checkpoint(&note.text);
        }
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
    checkpoint(text);
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
        assert!(key.verify(b"message", &[0; 64]).is_err());
    }
    if let Ok(key) = SourceVerifier::from_base64(text) {
        assert_eq!(key.to_base64(), text);
        assert!(key.verify(b"message", &[1; 64]).is_err());
    }
    match text.parse::<Policy>() {
        Ok(policy) => {
            let written = policy.to_string();
            let again: Policy = written.parse().expect("what was written can be read");
            assert_eq!(again.to_string(), written);
        }
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
});

fn checkpoint(text: &str) {
    match Checkpoint::parse_body(text) {
        Ok(checkpoint) => assert_eq!(checkpoint.body(), text),
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
}
