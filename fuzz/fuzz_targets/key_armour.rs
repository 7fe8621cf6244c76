//! Encrypted key files: whatever is changed in one, it gives what was sealed or nothing.
#![no_main]

use std::sync::LazyLock;

use fuzz::Choices;
use keystore::Passphrase;
use keystore::armour::{Cost, is_armoured, open, seal};
use ledger::keys::SystemRandom;
use libfuzzer_sys::fuzz_target;

const CONTENT: &str = "chopmark ledger keys v1\nname: factory.example/1\n";

static PASSPHRASE: LazyLock<Passphrase> =
    LazyLock::new(|| Passphrase::new("correct horse battery staple").expect("long enough"));

/// The content, sealed at the least cost.
static SEALED: LazyLock<String> = LazyLock::new(|| {
    let least = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    seal(CONTENT, &PASSPHRASE, least, &SystemRandom::new()).expect("it can be sealed")
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let opened = is_affordable(text).then(|| open(text, &PASSPHRASE));
        if let Some(Err(error)) = opened {
            fuzz::contract::reason(&error.to_string());
        }
    }
    let mut changed = SEALED.clone().into_bytes();
    let mut choices = Choices(bytes);
    while let Some(edit) = choices.part() {
        let (place, with) = edit.split_at(edit.len().min(2));
        let place = place.iter().fold(0, |place, byte| place << 8 | usize::from(*byte));
        let from = place % changed.len();
        let until = (from + with.len()).min(changed.len());
        changed.splice(from..until, with.iter().copied());
    }
    let Ok(text) = String::from_utf8(changed) else { return };
    if !is_affordable(&text) {
        return;
    }
    match open(&text, &PASSPHRASE) {
        Ok(opened) => {
            assert!(is_armoured(&text));
            assert_eq!(opened.as_str(), CONTENT);
        }
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
});

/// A file may ask for a gibibyte and a minute; a fuzzer has neither.
fn is_affordable(text: &str) -> bool {
    text.split([' ', '\n']).all(|word| {
        let most = match word.get(..2) {
            Some("m=") => 1024,
            Some("t=" | "p=") => 2,
            _ => return true,
        };
        word[2..].parse().is_ok_and(|number: u32| number <= most)
    })
}
