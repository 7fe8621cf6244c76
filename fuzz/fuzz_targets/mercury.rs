//! Bytes of a Mercury reader or of a Silion one.
#![no_main]

use devices::reader::mercury::{Mercury, Region, Settings};
use fuzz::dialect::{Arrival, talk};
use fuzz::{Choices, framed};
use libfuzzer_sys::fuzz_target;

/// The checksum: polynomial 1021, begins with all ones, shifts bits in at the low end.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).rev().fold(crc, |crc, bit| {
            let shifted = crc << 1 | u16::from(byte >> bit & 1);
            if crc & 0x8000 == 0 { shifted } else { shifted ^ 0x1021 }
        })
    })
}

/// Content of a message: command, status of two bytes, data.
fn message(content: &[u8]) -> Vec<u8> {
    let length = content.len().saturating_sub(3);
    let mut bytes = vec![u8::try_from(length).unwrap_or(u8::MAX)];
    bytes.extend_from_slice(content);
    let sum = crc(&bytes);
    bytes.insert(0, 0xFF);
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes
}

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let arrival = Arrival::choose(&mut choices);
    let stream = if arrival.is_framed { framed(choices.0, message) } else { choices.0.to_vec() };
    let settings = Settings { power_cdbm: 2700, region: Region::Europe, antennas: vec![1, 2] };
    talk(|| Box::new(Mercury::new(settings.clone())), arrival, &stream);
});
