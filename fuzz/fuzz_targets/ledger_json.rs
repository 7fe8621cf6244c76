//! JSON of everything that is signed, beside another parser.
#![no_main]

use ledger::json::{JsonError, Limits, parse};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::de::from_slice;

fuzz_target!(|bytes: &[u8]| {
    match parse(bytes, &Limits { max_bytes: 1 << 20, max_depth: 32 }) {
        Ok(json) => {
            let canonical = json.canonical();
            let again = parse(canonical.as_bytes(), &Limits::default()).expect("canonical is JSON");
            assert_eq!(again.canonical(), canonical);
            from_slice::<IgnoredAny>(bytes).expect("JSON to both parsers");
            if let (Ok(one), Ok(other)) =
                (from_slice::<Value>(bytes), from_slice::<Value>(canonical.as_bytes()))
            {
                assert_eq!(one, other, "the canonical text says another thing");
            }
        }
        Err(error) => {
            fuzz::contract::reason(&error.to_string());
            let is_stricter =
                matches!(error, JsonError::DuplicateMember { .. } | JsonError::TooDeep { .. });
            assert!(is_stricter || from_slice::<Value>(bytes).is_err(), "{error}");
        }
    }
});
