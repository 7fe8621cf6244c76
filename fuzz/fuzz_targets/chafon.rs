//! Bytes of a Chafon reader, of both layouts.
#![no_main]

use devices::reader::chafon::{BROADCAST, Chafon, Layout, Settings};
use fuzz::dialect::{Arrival, talk};
use fuzz::{Choices, framed};
use libfuzzer_sys::fuzz_target;

/// CRC-16 of Chafon: polynomial 1021 reflected, begins with all ones.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0x8408 } else { crc >> 1 }
            },
        )
    })
}

/// Content of an answer: address, command, status, data.
fn answer(content: &[u8]) -> Vec<u8> {
    let content = content.get(..253).unwrap_or(content);
    let mut bytes = vec![u8::try_from(content.len() + 2).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(content);
    bytes.extend_from_slice(&crc(&bytes).to_le_bytes());
    bytes
}

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let arrival = Arrival::choose(&mut choices);
    let which = choices.byte();
    let stream = if arrival.is_framed { framed(choices.0, answer) } else { choices.0.to_vec() };
    let settings = Settings {
        layout: if which & 1 == 0 { Layout::Reader18 } else { Layout::Reader288 },
        power_dbm: 26,
        address: if which & 2 == 0 { 0 } else { BROADCAST },
        antennas: if which & 4 == 0 { vec![1] } else { vec![1, 2, 3, 4] },
    };
    talk(|| Box::new(Chafon::new(settings.clone())), arrival, &stream);
});
