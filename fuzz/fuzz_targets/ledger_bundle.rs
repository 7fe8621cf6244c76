//! Bundles: a file has one form, and none proves anything to a policy that knows nobody.
#![no_main]

use ledger::bundle::{Outcome, parse, verify};
use ledger::policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let parsed = parse(bytes);
    let report = verify(bytes, &Policy::default());
    assert_ne!(report.outcome, Outcome::Proved);
    match parsed {
        Ok(bundle) => {
            assert_eq!(bundle.to_bytes(), bytes);
            assert_eq!(report.item, Some(bundle.item));
        }
        Err(error) => {
            fuzz::contract::reason(&error.to_string());
            let is_other = error.is_of_another_file();
            let expected = if is_other { Outcome::CannotTell } else { Outcome::Refuted };
            assert_eq!(report.outcome, expected);
        }
    }
});
