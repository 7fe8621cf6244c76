//! JSON of The Things Stack.
#![no_main]

use devices::sensor::things_stack::ThingsStack;
use fuzz::Choices;
use fuzz::format::{hear, readings};
use libfuzzer_sys::fuzz_target;

const TOPIC: &str = "v3/a@t/devices/d/up";

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let is_retained = choices.byte() & 1 != 0;
    hear(|| Box::new(ThingsStack::new("a@t", readings(&["d"]))), TOPIC, is_retained, choices.0);
});
