//! Addresses of taps and key sets of operators: no input panics, and without the keys no address passes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tag_auth::key_set::KeySet;
use tag_auth::tap::{check, is_tap};

/// Keys that no input knows.
const KEYS: &str =
    "meta_key: 8f1d0c6b5a4e3f2d1c0b9a8877665544\nfile_key: 13579bdf02468ace13579bdf02468ace\n";

fuzz_target!(|text: &str| {
    for mode in ["aes", "lrp"] {
        for from in ["path", "p", "e"] {
            let lines = format!(
                "name: t\nproducts: 0952\nmode: {mode}\npicc: p\nenc: e\nseal: 0\ncmac: c\ncmac_from: {from}\n{KEYS}"
            );
            let set = KeySet::parse(&lines).expect("a key set");
            assert!(check(&set, text).is_err());
            let _ = is_tap(&set, text);
        }
    }
    if let Err(error) = KeySet::parse(text) {
        fuzz::contract::reason(&error.to_string());
    }
});
