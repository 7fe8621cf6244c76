//! What an LLRP reader answers: the driver.
#![no_main]

use devices::reader::llrp::{Llrp, Settings};
use fuzz::dialect::{Arrival, talk};
use fuzz::{Choices, framed};
use libfuzzer_sys::fuzz_target;

/// Content of a message: type in the last ten bits of two bytes, then everything after the header.
fn message(content: &[u8]) -> Vec<u8> {
    let [high, low, body @ ..] = content else { return Vec::new() };
    let length = u32::try_from(body.len() + 10).unwrap_or(u32::MAX);
    [&[4 | high & 3, *low], &length.to_be_bytes()[..], &[0, 0, 0, 1], body].concat()
}

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let arrival = Arrival::choose(&mut choices);
    let which = choices.byte();
    let stream = if arrival.is_framed { framed(choices.0, message) } else { choices.0.to_vec() };
    let settings = Settings {
        power_dbm: 27.5,
        antennas: if which & 1 == 0 { Vec::new() } else { vec![1, 2, 40] },
        session: which >> 1 & 3,
        read_tid: which & 8 != 0,
        active_low: vec![1],
    };
    talk(|| Box::new(Llrp::new(settings.clone())), arrival, &stream);
});
