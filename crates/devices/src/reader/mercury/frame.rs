//! Mercury's frames: how a stream of bytes is cut into messages, and how a command is put together.
//!
//! A command: `FF`, length of data, command, data, CRC (high byte first). A message of the reader has a status
//! of two bytes after the command, which the length does not count.
//!
//! The way through: [`command`] encodes a command; [`Messages`] recognises messages.
//!
//! What holds: `FF` may occur in an EPC, so a position counts as a beginning only if command and status are possible,
//! and as a message only if the CRC is correct. A message has at most 262 bytes.
//!
//! Not here: cutting ([`crate::reader::cutter`]), what messages mean.
//!
//! Source: `ThingMagic` Mercury serial protocol as `SparkFun`'s communication logs of the M6E Nano show it;
//! Silion's communication protocol, packet format.

use super::super::cutter::{FrameFormat, Inspection};

const HEAD: u8 = 0xFF;
/// Bytes of a message besides its data.
const FRAME: usize = 7;

/// One message of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The command that it answers, or 22 and AA for unsolicited messages.
    pub command: u8,
    /// How it went, 0 if well.
    pub status: u16,
    /// What follows the status, 0 to 255 bytes.
    pub data: &'a [u8],
}

/// The checksum: polynomial 1021, begins with FFFF, bits are shifted in at the low end and no zeros are
/// appended, so it is not one of the catalogued CRC-16. From length to the last byte of data.
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (crc << 8 | u16::from(*byte)) ^ SHIFTED_OUT[usize::from(crc >> 8)]
    })
}

/// What the upper eight bits of the checksum do to the others while they are shifted out.
const SHIFTED_OUT: [u16; 256] = {
    let mut table = [0; 256];
    let mut high: u16 = 0;
    while high < 256 {
        let mut crc = high << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
            bit += 1;
        }
        table[high as usize] = crc;
        high += 1;
    }
    table
};

/// A command as bytes. Data over 255 bytes are cut, no command here is that long.
#[must_use]
pub fn command(command: u8, data: &[u8]) -> Vec<u8> {
    let data = data.get(..255).unwrap_or(data);
    let mut bytes = vec![u8::try_from(data.len()).unwrap_or(u8::MAX), command];
    bytes.extend_from_slice(data);
    let sum = crc(&bytes);
    bytes.insert(0, HEAD);
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes
}

/// Messages of a reader.
#[derive(Debug, Default)]
pub struct Messages;

impl FrameFormat for Messages {
    type Frame<'a> = Frame<'a>;

    fn inspect<'a>(&self, rest: &'a [u8]) -> Inspection<Frame<'a>> {
        let can_be = |place: usize, is_right: fn(u8) -> bool| {
            rest.get(place).is_none_or(|byte| is_right(*byte))
        };
        let is_possible = can_be(0, |head| head == HEAD)
            && can_be(
                2,
                |command| matches!(command, 0x01..=0x10 | 0x21..=0x2F | 0x60..=0x73 | 0x91..=0x9F | 0xAA),
            )
            && can_be(3, |status| matches!(status, 0x00..=0x08 | 0x7F));
        if !is_possible {
            return Inspection::Garbage;
        }
        let Some(length) = rest.get(1).map(|length| usize::from(*length) + FRAME) else {
            return Inspection::Incomplete;
        };
        let Some(whole) = rest.get(..length) else { return Inspection::Incomplete };
        let Some((body, sum)) = whole.split_last_chunk::<2>() else { return Inspection::Bad };
        let [_, checked @ ..] = body else { return Inspection::Bad };
        let [_, command, high, low, data @ ..] = checked else { return Inspection::Bad };
        if crc(checked) != u16::from_be_bytes(*sum) {
            return Inspection::Bad;
        }
        let status = u16::from_be_bytes([*high, *low]);
        Inspection::Frame(Frame { command: *command, status, data }, length)
    }
}
