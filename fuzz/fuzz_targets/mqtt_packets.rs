//! Packets of a broker: those within the limit pass byte for byte, and nothing above it passes.
#![no_main]

use std::cell::RefCell;

use firmware_bridge::broker::packets::{EXCERPT, Marker, Packets};
use fuzz::Choices;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

const MARKER: Marker = Marker([7; 16]);

thread_local! {
    static RUNTIME: RefCell<Runtime> =
        RefCell::new(Builder::new_current_thread().build().expect("a runtime without I/O"));
}

/// What passes, and whether the connection ended well.
fn passed(bytes: &[u8], limit: u64) -> (bool, Vec<u8>) {
    let mut to = Vec::new();
    let mut packets = Packets { from: bytes, to: &mut to, limit, marker: MARKER };
    let outcome = RUNTIME.with(|runtime| runtime.borrow_mut().block_on(packets.pass()));
    if let Err(error) = &outcome {
        fuzz::contract::reason(&error.to_string());
    }
    (outcome.is_ok(), to)
}

/// Kind, head and content of each whole packet.
fn packets(mut bytes: &[u8]) -> Vec<(u8, usize, &[u8])> {
    let mut found = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        let Some(last) = rest.iter().take(4).position(|byte| byte & 0x80 == 0) else { break };
        let length = rest[..=last]
            .iter()
            .rev()
            .fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
        let Some(content) = rest.get(last + 1..last + 1 + length) else { break };
        found.push((first >> 4, last + 2, content));
        bytes = &rest[last + 1 + length..];
    }
    found
}

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let limit = u64::from(choices.byte());
    let bytes = choices.0;
    let (is_whole, out) = passed(bytes, limit);
    let given = packets(bytes);
    let sent = packets(&out);
    for (place, (kind, head, content)) in sent.iter().enumerate() {
        let (given_kind, given_head, given_content) = given[place];
        assert_eq!(*kind, given_kind);
        if (given_head + given_content.len()) as u64 <= limit {
            assert_eq!((*head, *content), (given_head, given_content), "within the limit");
            continue;
        }
        assert_eq!(*kind, 3, "only messages pass without their content");
        let topic = usize::from(u16::from_be_bytes([content[0], content[1]]));
        assert!(content.len() <= 2 + topic + 2 + 24 + usize::try_from(EXCERPT).unwrap_or(0));
        assert!(content.windows(16).any(|part| part == MARKER.0), "it says what it stands for");
    }
    if is_whole {
        assert_eq!(sent.len(), given.len(), "no packet is lost");
        let again = passed(&out, u64::MAX);
        assert_eq!(again, (true, out), "what passed are packets");
    }
    if given.iter().all(|(_, head, content)| (head + content.len()) as u64 <= limit) {
        assert!(bytes.starts_with(&passed(bytes, limit).1), "nothing is changed");
    }
});
