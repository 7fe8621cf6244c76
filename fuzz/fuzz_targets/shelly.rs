//! JSON of Shelly devices.
#![no_main]

use devices::sensor::shelly::Shelly;
use fuzz::Choices;
use fuzz::format::{hear, readings};
use libfuzzer_sys::fuzz_target;

const TOPIC: &str = "s/events/rpc";

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let is_retained = choices.byte() & 1 != 0;
    hear(|| Box::new(Shelly::new(readings(&["s", "s/100"]))), TOPIC, is_retained, choices.0);
});
