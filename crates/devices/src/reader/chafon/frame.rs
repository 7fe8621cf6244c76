//! Chafon's frames: how a stream of bytes is cut into answers, and how a command is put together.
//!
//! A command: length, address, command, data, CRC (low byte first). An answer has a status after the command.
//! The length counts every byte after itself, at least 4 in a command and 5 in an answer.
//!
//! The way through: [`command`] encodes a command; [`Answers`] recognises answers.
//!
//! What holds: a frame has no start byte, so a position counts as its beginning only if length, address and command are
//! possible, and as a frame only if the CRC is correct. A frame has at most 256 bytes.
//!
//! Not here: cutting ([`crate::reader::cutter`]), what answers mean.
//!
//! Source: `UHFReader18` user's manual V2.0, sections 3 and 4; `UHFReader288MP` user's manual V1.14, section 3.

use super::super::cutter::{FrameFormat, Inspection};

/// The address that every reader listens to.
pub const BROADCAST: u8 = 0xFF;
/// Inventory.
pub const INVENTORY: u8 = 0x01;
/// Reader information.
pub const INFORMATION: u8 = 0x21;
/// Set power.
pub const POWER: u8 = 0x2F;
/// Sent by a reader that is set to read by itself.
pub const BY_ITSELF: u8 = 0xEE;
/// Sent in place of a command that the reader does not know.
const UNKNOWN: u8 = 0x00;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Address of the reader.
    pub address: u8,
    /// The command that is answered.
    pub command: u8,
    /// Status of the command.
    pub status: u8,
    /// What follows the status, 0 to 250 bytes.
    pub data: &'a [u8],
}

/// CRC-16/MCRF4XX: polynomial 1021 reflected, begins with FFFF, no final change.
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        let [low, high] = crc.to_le_bytes();
        u16::from(high) ^ SHIFTED_OUT[usize::from(low ^ byte)]
    })
}

/// What the lower eight bits of the checksum do to the others while they are shifted out.
const SHIFTED_OUT: [u16; 256] = {
    let mut table = [0; 256];
    let mut low: u16 = 0;
    while low < 256 {
        let mut crc = low;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x8408 } else { crc >> 1 };
            bit += 1;
        }
        table[low as usize] = crc;
        low += 1;
    }
    table
};

/// A command as bytes. Data over 251 bytes are cut; no command here is that long.
#[must_use]
pub fn command(address: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let data = data.get(..251).unwrap_or(data);
    let length = u8::try_from(data.len() + 4).unwrap_or(u8::MAX);
    let mut bytes = vec![length, address, command];
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(&crc(&bytes).to_le_bytes());
    bytes
}

/// Answers of the reader with this address; of any reader with [`BROADCAST`].
#[derive(Debug, Default)]
pub struct Answers(pub u8);

impl FrameFormat for Answers {
    type Frame<'a> = Frame<'a>;

    fn inspect<'a>(&self, rest: &'a [u8]) -> Inspection<Frame<'a>> {
        let can_be = |place: usize, is_right: &dyn Fn(u8) -> bool| {
            rest.get(place).is_none_or(|byte| is_right(*byte))
        };
        let is_possible = can_be(0, &|length| length >= 5)
            && can_be(1, &|address| self.0 == BROADCAST || self.0 == address)
            && can_be(2, &|command| {
                [INVENTORY, INFORMATION, POWER, BY_ITSELF, UNKNOWN].contains(&command)
            });
        if !is_possible {
            return Inspection::Garbage;
        }
        let whole = rest.first().and_then(|length| rest.get(..=usize::from(*length)));
        let Some(whole) = whole else { return Inspection::Incomplete };
        let Some((body, sum)) = whole.split_last_chunk::<2>() else { return Inspection::Bad };
        let [_, address, command, status, data @ ..] = body else { return Inspection::Bad };
        if crc(body) != u16::from_le_bytes(*sum) {
            return Inspection::Bad;
        }
        let frame = Frame { address: *address, command: *command, status: *status, data };
        Inspection::Frame(frame, whole.len())
    }
}
