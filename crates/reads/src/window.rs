//! One read, and the raw window: every read between opening and closing, byte for byte.
//!
//! The layout of a read in a window, all numbers big-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | time of the read, microseconds since 1970 UTC, signed |
//! | 8 | the reader's own time, the same unit; the smallest number if it gave none |
//! | 2 | antenna |
//! | 4 | RSSI in hundredths of a dBm, signed |
//! | 1 | length of the EPC bank's bytes, 0 to 62 |
//! | n | the EPC bank's bytes |
//! | 1 | lower six bits: length of the TID bank's bytes, 0 if it was not read; upper two: the direction that the reader states, 0 none, 1 in, 2 out, 3 unclear |
//! | m | the TID bank's bytes |
//!
//! The window's digest is SHA-256 over its reads in order of arrival. The same window always settles into
//! the same observations, so a stored window can be checked against its deliveries.

use jiff::Timestamp;
use ledger::Hash;
use thiserror::Error;

use crate::bank::Bank;
use crate::direction::Direction;

/// Longest EPC or TID bank: 496 bits, the most that a Gen2 protocol control word can announce.
const MAX_BANK: usize = 62;
/// Stands for "the reader gave no time".
const NO_TIME: i64 = i64::MIN;
/// Bytes of a read before its EPC: both times, antenna, strength, length of the EPC.
const HEAD: usize = 23;
/// Bytes of a read with an EPC of 96 bits and no TID.
const USUAL: usize = HEAD + 12 + 1;

/// One report of one tag by one antenna.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// EPC bank as reported, 0 to 62 bytes.
    pub epc: Bank,
    /// TID bank, if the reader reads it along, 1 to 62 bytes.
    pub tid: Option<Bank>,
    /// Antenna port as the reader numbers it; 0 if it has none.
    pub antenna: u16,
    /// Signal strength in hundredths of a dBm.
    pub rssi_cdbm: i32,
    /// When it happened: the reader's time where that is plausible, else the time of arrival.
    pub at: Timestamp,
    /// The reader's own time, if it gave one.
    pub reader_time: Option<Timestamp>,
    /// Which way the tag went, where the reader itself determines that and states it with the tag.
    pub direction: Option<Direction>,
}

/// Why bytes are not a window.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WindowError {
    /// The bytes end within a read.
    #[error("window ends within the read that begins at byte {0}")]
    Truncated(usize),
    /// A bank is longer than any tag's.
    #[error("got a bank of {0} bytes in a window, expected at most 62")]
    Bank(usize),
    /// A time is out of range.
    #[error("time {0} microseconds is outside the years -9999 to 9999")]
    Time(i64),
}

/// The reads between opening and closing, in order of arrival, as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    bytes: Vec<u8>,
    reads: u64,
}

impl Window {
    /// Adds a read. Banks are cut at 62 bytes, which no tag exceeds.
    pub fn push(&mut self, read: &Read) {
        self.push_at(read, read.at);
    }

    /// Adds a read as of another time: the one that is believed.
    pub fn push_at(&mut self, read: &Read, at: Timestamp) {
        let reader_time = read.reader_time.map_or(NO_TIME, Timestamp::as_microsecond);
        let (epc, tid) = (cut(&read.epc), read.tid.as_deref().map_or(&[][..], cut));
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&at.as_microsecond().to_be_bytes());
        head[8..16].copy_from_slice(&reader_time.to_be_bytes());
        head[16..18].copy_from_slice(&read.antenna.to_be_bytes());
        head[18..22].copy_from_slice(&read.rssi_cdbm.to_be_bytes());
        head[22] = length_of(epc);
        self.bytes.reserve(HEAD + epc.len() + 1 + tid.len());
        self.bytes.extend_from_slice(&head);
        self.bytes.extend_from_slice(epc);
        self.bytes.push(length_of(tid) | direction_bits(read.direction));
        self.bytes.extend_from_slice(tid);
        self.reads += 1;
    }

    /// The bytes so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many reads.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.reads
    }

    /// Whether it has no reads.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reads == 0
    }

    /// SHA-256 over the bytes.
    #[must_use]
    pub fn digest(&self) -> Hash {
        ledger::hash::sha256(&self.bytes)
    }

    /// Parses the bytes of a window.
    ///
    /// # Errors
    ///
    /// [`WindowError`], with the place.
    pub fn parse(bytes: &[u8]) -> Result<Vec<Read>, WindowError> {
        let mut reads = Vec::with_capacity(bytes.len() / USUAL);
        let mut rest = bytes;
        while !rest.is_empty() {
            let place = bytes.len() - rest.len();
            let (head, epc, marked, tid, behind) =
                one(rest).ok_or(WindowError::Truncated(place))?;
            if let Some(bank) = [epc, tid].into_iter().find(|bank| bank.len() > MAX_BANK) {
                return Err(WindowError::Bank(bank.len()));
            }
            let [at @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *head;
            let [_, _, _, _, _, _, _, _, reader_time @ .., _, _, _, _, _, _, _] = *head;
            let [.., a1, a0, r3, r2, r1, r0, _] = *head;
            let time = |micros: i64| {
                Timestamp::from_microsecond(micros).map_err(|_| WindowError::Time(micros))
            };
            let reader_time = i64::from_be_bytes(reader_time);
            reads.push(Read {
                epc: Bank::from(epc),
                tid: (!tid.is_empty()).then(|| Bank::from(tid)),
                antenna: u16::from_be_bytes([a1, a0]),
                rssi_cdbm: i32::from_be_bytes([r3, r2, r1, r0]),
                at: time(i64::from_be_bytes(at))?,
                reader_time: if reader_time == NO_TIME { None } else { Some(time(reader_time)?) },
                direction: direction_of(marked),
            });
            rest = behind;
        }
        Ok(reads)
    }
}

/// The parts of the first read: head, EPC, direction, TID, and what follows; none if the bytes end within it.
type Parts<'a> = (&'a [u8; HEAD], &'a [u8], u8, &'a [u8], &'a [u8]);

fn one(bytes: &[u8]) -> Option<Parts<'_>> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let (epc, rest) = rest.split_at_checked(usize::from(head[HEAD - 1]))?;
    let (marked, rest) = rest.split_first()?;
    let (tid, rest) = rest.split_at_checked(usize::from(marked & LENGTH_BITS))?;
    Some((head, epc, *marked, tid, rest))
}

/// A bank as it is stored.
fn cut(bank: &[u8]) -> &[u8] {
    &bank[..bank.len().min(MAX_BANK)]
}

fn length_of(bank: &[u8]) -> u8 {
    u8::try_from(bank.len()).unwrap_or(0)
}

/// The bits of a length that are not a direction.
const LENGTH_BITS: u8 = 0x3F;

fn direction_bits(direction: Option<Direction>) -> u8 {
    match direction {
        None => 0x00,
        Some(Direction::In) => 0x40,
        Some(Direction::Out) => 0x80,
        Some(Direction::Unclear) => 0xC0,
    }
}

fn direction_of(marked: u8) -> Option<Direction> {
    match marked & !LENGTH_BITS {
        0x40 => Some(Direction::In),
        0x80 => Some(Direction::Out),
        0xC0 => Some(Direction::Unclear),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn a_read() -> impl Strategy<Value = Read> {
        (
            proptest::collection::vec(any::<u8>(), 0..=62),
            proptest::option::of(proptest::collection::vec(any::<u8>(), 1..=62)),
            any::<u16>(),
            any::<i32>(),
            0i64..4_000_000_000_000_000,
            proptest::option::of(0i64..4_000_000_000_000_000),
            proptest::option::of(proptest::sample::select(vec![
                Direction::In,
                Direction::Out,
                Direction::Unclear,
            ])),
        )
            .prop_map(|(epc, tid, antenna, rssi_cdbm, at, reader_time, direction)| Read {
                epc: epc.into(),
                tid: tid.map(Bank::from),
                antenna,
                rssi_cdbm,
                at: Timestamp::from_microsecond(at).unwrap(),
                reader_time: reader_time.map(|t| Timestamp::from_microsecond(t).unwrap()),
                direction,
            })
    }

    #[test]
    fn a_direction_is_two_bits_of_the_length_of_the_tid_and_without_one_nothing_changes() {
        let read = |direction| Read {
            epc: [0x30].into(),
            tid: Some(vec![0xE2; 62].into()),
            antenna: 1,
            rssi_cdbm: -5000,
            at: Timestamp::UNIX_EPOCH,
            reader_time: None,
            direction,
        };
        for (direction, marked) in [
            (None, 0x3E),
            (Some(Direction::In), 0x7E),
            (Some(Direction::Out), 0xBE),
            (Some(Direction::Unclear), 0xFE),
        ] {
            let mut window = Window::default();
            window.push(&read(direction));
            assert_eq!(window.bytes()[24], marked);
            assert_eq!(Window::parse(window.bytes()).unwrap(), [read(direction)]);
        }
        let mut window = Window::default();
        window.push(&read(None));
        window.bytes[24] = 63;
        window.bytes.push(0);
        assert_eq!(Window::parse(window.bytes()), Err(WindowError::Bank(63)));
    }

    proptest! {
        #[test]
        fn a_window_reads_back_as_it_was_written(reads in proptest::collection::vec(a_read(), 0..20)) {
            let mut window = Window::default();
            for read in &reads {
                window.push(read);
            }
            prop_assert_eq!(Window::parse(window.bytes()).unwrap(), reads);
        }

        #[test]
        fn a_cut_window_is_refused_unless_cut_between_reads(read in a_read(), cut in 1usize..24) {
            let mut window = Window::default();
            window.push(&read);
            let bytes = &window.bytes()[..window.bytes().len() - cut.min(window.bytes().len() - 1)];
            prop_assert_eq!(Window::parse(bytes), Err(WindowError::Truncated(0)));
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Window::parse(&bytes);
        }
    }
}
