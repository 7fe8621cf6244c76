//! What Silion adds to the protocol: inventory that runs by itself, nested in command AA.
//!
//! A nested command or its answer: the ten letters `Moduletech`, a number of two bytes (AA48 starts, AA49
//! stops), its data, the sum of number and data (one byte), `BB`. A heartbeat: the letters `XTSJ`, then search
//! flags and state. Anything else in a message AA is a tag.
//!
//! The way through: [`nested`] encodes a command; [`Message::parse`] decodes the data of a message AA.
//!
//! What holds: a nested answer counts only if its checksum and its last byte are correct.
//!
//! Not here: the frame around it, tags.
//!
//! Source: Silion's communication protocol, asynchronous inventory.

use super::frame;
use super::tag::Tag;

/// The command that everything here is nested in.
pub const COMMAND: u8 = 0xAA;
/// Number of the nested command that starts.
pub const START: u16 = 0xAA48;
/// Number of the nested command that stops.
pub const STOP: u16 = 0xAA49;
const LETTERS: &[u8; 10] = b"Moduletech";
const HEARTBEAT: &[u8] = b"XTSJ";
const LAST: u8 = 0xBB;

/// The content of a message AA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Answer to the nested command with this number.
    Answer(u16),
    /// The reader runs and sees no tag.
    Heartbeat,
    /// A tag.
    Tag(Tag),
}

impl Message {
    /// Decodes the data of a message AA; none if it is none of the variants.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        if let Some(rest) = data.strip_prefix(LETTERS) {
            let [body @ .., sum_byte, LAST] = rest else { return None };
            let (number, _) = body.split_first_chunk::<2>()?;
            return (sum(body) == *sum_byte).then(|| Self::Answer(u16::from_be_bytes(*number)));
        }
        if data.starts_with(HEARTBEAT) {
            return Some(Self::Heartbeat);
        }
        Tag::in_silion(data).map(Self::Tag)
    }
}

/// A nested command as bytes, with its frame.
#[must_use]
pub fn nested(number: u16, data: &[u8]) -> Vec<u8> {
    let body = [&number.to_be_bytes()[..], data].concat();
    let all = [&LETTERS[..], &body, &[sum(&body), LAST]].concat();
    frame::command(COMMAND, &all)
}

/// The command that starts: all numbers about a read, no selection, with heartbeat (top bit of the search
/// flags).
#[must_use]
pub fn start() -> Vec<u8> {
    nested(START, &[0x00, 0xFF, 0x00, 0x80, 0x00])
}

/// The command that stops.
#[must_use]
pub fn stop() -> Vec<u8> {
    nested(STOP, &[])
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}
