//! JSON of `ChirpStack`.
#![no_main]

use devices::sensor::chirpstack::ChirpStack;
use fuzz::Choices;
use fuzz::format::{hear, readings};
use libfuzzer_sys::fuzz_target;

const TOPIC: &str = "application/1/device/d/event/up";

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let is_retained = choices.byte() & 1 != 0;
    hear(|| Box::new(ChirpStack::new("+", readings(&["d"]))), TOPIC, is_retained, choices.0);
});
