//! Messages of LLRP: what is decoded encodes to the same bytes, wherever the stream is cut.
#![no_main]

use devices::reader::llrp::message::{Framed, Framer, HEADER, Message, decode_body};
use fuzz::Choices;
use fuzz::dialect::Arrival;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let arrival = Arrival::choose(&mut choices);
    if arrival.is_framed {
        let number = u16::from_be_bytes([choices.byte() & 3, choices.byte()]);
        body(number, choices.0);
    } else {
        stream(arrival, choices.0);
    }
});

fn body(number: u16, bytes: &[u8]) {
    match decode_body(number, bytes) {
        Ok(body) => {
            let message = Message { version: 1, id: 7, body };
            let written = message.to_bytes().expect("what was decoded can be written");
            assert_eq!(written.get(HEADER..), Some(bytes));
        }
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
}

fn stream(arrival: Arrival, stream: &[u8]) {
    let mut framer = Framer::default();
    let whole = framer.feed(stream);
    let mut bytes = stream;
    for framed in &whole {
        let length = match framed {
            Framed::Message(message) => {
                let written = message.to_bytes().expect("what was decoded can be written");
                assert!(bytes.starts_with(&written));
                written.len()
            }
            Framed::Wrong { length, error, .. } => {
                fuzz::contract::reason(&error.to_string());
                *length
            }
            Framed::Broken(error) => {
                fuzz::contract::reason(&error.to_string());
                assert!(framer.is_broken());
                0
            }
        };
        bytes = bytes.get(length..).expect("messages are no longer than the stream");
    }
    let mut cut = Framer::default();
    let pieces: Vec<Framed> = arrival.pieces(stream).flat_map(|piece| cut.feed(piece)).collect();
    assert_eq!(whole, pieces);
    assert_eq!(framer.garbage(), cut.garbage());
}
