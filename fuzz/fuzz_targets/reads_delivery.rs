//! What a bridge sends to ingest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reads::Delivery;

fuzz_target!(|bytes: &[u8]| {
    match Delivery::parse(bytes) {
        Ok(delivery) => {
            let written = delivery.to_bytes();
            assert_eq!(Delivery::parse(&written).expect("what was written can be read"), delivery);
        }
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
});
