//! A tag as Mercury and Silion readers report it: numbers about the read, then the tag's memory.
//!
//! A word of flags gives which numbers follow, in the order of their bits:
//!
//! | flag | bytes | what |
//! |---|---|---|
//! | 0001 | 1 | how often read |
//! | 0002 | 1 | RSSI, dBm, signed |
//! | 0004 | 1 | antenna: transmitting port in the upper half, receiving port in the lower |
//! | 0008 | 3 | frequency, kHz |
//! | 0010 | 4 | milliseconds since the last keep-alive (Mercury) or since the start (Silion) |
//! | 0020 | 2 | phase |
//! | 0040 | 1 | protocol, 5 for Gen2 |
//! | 0080 | 2 + n | bits of memory read along, and that memory |
//! | 0100 | 1 | input pins |
//!
//! Then the length of what the tag sent: in bits, two bytes; Silion's modules were seen to send one byte that
//! counts bytes. Then control word, extended control word if the control word announces one, EPC, the tag's CRC.
//!
//! The way through: [`Tag::in_stream`] for Mercury's notices, [`Tag::in_silion`] for Silion's.
//!
//! What holds: everything must fit to the last byte and the EPC must have the length that the control word
//! says; otherwise there is no tag.
//!
//! Not here: what time the milliseconds make.
//!
//! Source: `SparkFun`'s log "Tag ID Packet Decoding"; Silion's communication protocol, metadata flags; GS1
//! EPC Gen2v2, section 6.3.2.1.2.2 (control words).

use reads::Bank;

use crate::reader::dialect::strength;

/// Longest EPC or TID, bytes.
const MAX_BANK: usize = 62;
/// Flags whose fields are known.
const KNOWN: u16 = 0x01FF;

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// EPC, 0 to 62 bytes.
    pub epc: Bank,
    /// Memory read along, 1 to 62 bytes: the TID, the only one ever asked for.
    pub tid: Option<Bank>,
    /// Transmitting port, from 1; 0 if the reader does not report it.
    pub antenna: u16,
    /// Signal strength in hundredths of a dBm; 0 if the reader does not report it.
    pub rssi_cdbm: i32,
    /// Milliseconds since the reader's point of reference.
    pub millis: Option<u32>,
}

/// What a notice of the stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A tag.
    Tag(Tag),
    /// Something about the reader, which is a sign of life.
    Status,
}

/// Reads bytes from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn number(&mut self, count: usize) -> Option<u32> {
        self.take(count).map(|bytes| bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
    }
}

impl Tag {
    /// The notice in the data of a message 22; none if it does not fit.
    #[must_use]
    pub fn in_stream(data: &[u8]) -> Option<Notice> {
        let mut bytes = Bytes(data);
        // Option and search flags are repeated from the command.
        bytes.take(3)?;
        let flags = u16::try_from(bytes.number(2)?).ok()?;
        match bytes.number(1)? {
            1 => Self::one(flags, bytes).map(Notice::Tag),
            _ => Some(Notice::Status),
        }
    }

    /// The tag in the data of a Silion message AA: flags, then the tag.
    #[must_use]
    pub fn in_silion(data: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(data);
        let flags = u16::try_from(bytes.number(2)?).ok()?;
        Self::one(flags, bytes)
    }

    fn one(flags: u16, mut bytes: Bytes<'_>) -> Option<Self> {
        if flags & !KNOWN != 0 {
            return None;
        }
        let mut number = |flag: u16, count: usize| {
            if flags & flag == 0 { Some(None) } else { bytes.number(count).map(Some) }
        };
        number(0x0001, 1)?;
        let rssi = number(0x0002, 1)?;
        let antenna = number(0x0004, 1)?;
        number(0x0008, 3)?;
        let millis = number(0x0010, 4)?;
        number(0x0020, 2)?;
        number(0x0040, 1)?;
        let bits = number(0x0080, 2)?.unwrap_or(0);
        let memory = bytes.take(usize::try_from((bits & 0x7FFF).div_ceil(8)).ok()?)?;
        if flags & 0x0100 != 0 {
            bytes.take(1)?;
        }
        // The top bit means that reading the memory failed and an error code is in its place.
        let has_memory = bits & 0x8000 == 0 && !memory.is_empty() && memory.len() <= MAX_BANK;
        Some(Self {
            epc: epc(bytes.0)?,
            tid: has_memory.then(|| memory.into()),
            antenna: antenna.map_or(0, port),
            rssi_cdbm: rssi.and_then(|byte| u8::try_from(byte).ok()).map_or(0, cdbm),
            millis,
        })
    }
}

/// The transmitting port; the reader writes 16 as 0, and a Silion module the port alone.
fn port(byte: u32) -> u16 {
    let (transmits, receives) = (byte >> 4 & 0x0F, byte & 0x0F);
    let port = match (transmits, receives) {
        (0, 0) => 16,
        (0, receives) => receives,
        (transmits, _) => transmits,
    };
    u16::try_from(port).unwrap_or(0)
}

fn cdbm(byte: u8) -> i32 {
    strength(i32::from(i8::from_be_bytes([byte])) * 100)
}

/// The EPC in length, control word, EPC and CRC.
fn epc(data: &[u8]) -> Option<Bank> {
    let in_bits = data.split_first_chunk::<2>().and_then(|(bits, rest)| {
        let bits = usize::from(u16::from_be_bytes(*bits));
        (bits % 8 == 0 && bits / 8 == rest.len()).then_some(rest)
    });
    let in_bytes =
        || data.split_first().and_then(|(n, rest)| (usize::from(*n) == rest.len()).then_some(rest));
    let sent = in_bits.or_else(in_bytes)?;
    let (control, rest) = sent.split_first_chunk::<2>()?;
    let (memory, _) = rest.split_last_chunk::<2>()?;
    let control = u16::from_be_bytes(*control);
    let epc = if control & 0x0200 == 0 {
        let words = usize::from(control >> 11);
        (memory.len() == words * 2).then_some(memory)?
    } else {
        let (extended, rest) = memory.split_first_chunk::<2>()?;
        // The top bit means that a second extended word follows.
        if extended[0] & 0x80 == 0 { rest } else { rest.get(2..)? }
    };
    (epc.len() <= MAX_BANK && epc.len() % 2 == 0).then(|| epc.into())
}
