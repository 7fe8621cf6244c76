//! The frames of the R200 family, and its commands byte for byte.
//!
//! A frame: `BB`, type (00 host, 01 response, 02 notice), command, length of parameters (two bytes), the
//! parameters, checksum (sum of type to last parameter, modulo 256), `7E`.
//!
//! What holds: parsed by length, not by end mark, since `7E` may occur in an EPC. A frame has at most 607 bytes.
//!
//! Not here: cutting ([`crate::reader::cutter`]), what frames mean.
//!
//! Source: `M5Stack`'s documentation of the UHF unit (JRD-4035), command tables of the YRM100 development kit.

use super::super::cutter::{FrameFormat, Inspection};

const HEAD: u8 = 0xBB;
const END: u8 = 0x7E;
/// Longest parameters: the longest documented response is a memory read of 255 words.
const MAX_PARAMETERS: usize = 600;

/// Commands, by their byte.
pub mod command {
    /// Hardware version.
    pub const VERSION: u8 = 0x03;
    /// Region, set.
    pub const SET_REGION: u8 = 0x07;
    /// Region, get.
    pub const GET_REGION: u8 = 0x08;
    /// Select parameters, set.
    pub const SET_SELECT: u8 = 0x0C;
    /// Query parameters, get.
    pub const GET_QUERY: u8 = 0x0D;
    /// Query parameters, set.
    pub const SET_QUERY: u8 = 0x0E;
    /// When select is sent.
    pub const SELECT_MODE: u8 = 0x12;
    /// One round.
    pub const SINGLE_POLL: u8 = 0x22;
    /// Many rounds.
    pub const MULTI_POLL: u8 = 0x27;
    /// End of many rounds.
    pub const STOP: u8 = 0x28;
    /// Memory of a tag, read.
    pub const READ: u8 = 0x39;
    /// Power, set.
    pub const SET_POWER: u8 = 0xB6;
    /// Power, get.
    pub const GET_POWER: u8 = 0xB7;
    /// An error, as a response.
    pub const ERROR: u8 = 0xFF;
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// 0 host, 1 response, 2 notice.
    pub kind: u8,
    /// Command.
    pub command: u8,
    /// Parameters.
    pub parameters: Vec<u8>,
}

impl Frame {
    /// The frame as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = u16::try_from(self.parameters.len()).unwrap_or(u16::MAX).to_be_bytes();
        let mut out = vec![HEAD, self.kind, self.command, length[0], length[1]];
        out.extend_from_slice(&self.parameters);
        out.push(checksum(&out[1..]));
        out.push(END);
        out
    }

    /// A command of the host.
    #[must_use]
    pub fn host(command: u8, parameters: &[u8]) -> Self {
        Self { kind: 0, command, parameters: parameters.to_vec() }
    }

    /// Many rounds: 0x2710 of them, the most that the command takes.
    #[must_use]
    pub fn multi_poll() -> Self {
        Self::host(command::MULTI_POLL, &[0x22, 0x27, 0x10])
    }

    /// Selects tags whose EPC begins with `prefix`, 1 to 31 bytes.
    #[must_use]
    pub fn select(prefix: &[u8]) -> Self {
        let prefix = prefix.get(..31).unwrap_or(prefix);
        let bits = u8::try_from(prefix.len() * 8).unwrap_or(u8::MAX);
        // Target S0, action 0, bank EPC; from bit 0x20 on, where the EPC begins; not truncated.
        let head = [0x01, 0x00, 0x00, 0x00, 0x20, bits, 0x00];
        Self::host(command::SET_SELECT, &[&head, prefix].concat())
    }

    /// Reads `words` words of the TID bank from its beginning, with access password zero.
    #[must_use]
    pub fn read_tid(words: u8) -> Self {
        Self::host(command::READ, &[0, 0, 0, 0, 0x02, 0, 0, 0, words])
    }
}

/// A frame that arrived, in the bytes that it was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received<'a> {
    /// 0 host, 1 response, 2 notice.
    pub kind: u8,
    /// Command.
    pub command: u8,
    /// Parameters.
    pub parameters: &'a [u8],
}

pub(super) fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Frames of a reader.
#[derive(Debug, Default)]
pub struct Frames;

impl FrameFormat for Frames {
    type Frame<'a> = Received<'a>;

    fn inspect<'a>(&self, rest: &'a [u8]) -> Inspection<Received<'a>> {
        if rest.first() != Some(&HEAD) || rest.get(1).is_some_and(|kind| *kind > 2) {
            return Inspection::Garbage;
        }
        let [_, kind, command, high, low, ..] = rest else { return Inspection::Incomplete };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length > MAX_PARAMETERS {
            return Inspection::Bad;
        }
        let Some(frame) = rest.get(..length + 7) else { return Inspection::Incomplete };
        let is_right =
            frame[length + 5] == checksum(&frame[1..length + 5]) && frame[length + 6] == END;
        if !is_right {
            return Inspection::Bad;
        }
        let parameters = &frame[5..length + 5];
        Inspection::Frame(Received { kind: *kind, command: *command, parameters }, length + 7)
    }
}
