//! An R200 reader on a pseudo-terminal, as its maker's frames describe it.
//!
//! It keeps power, region and query, selects a tag and gives its TID, and after a multi-poll sends a notice per
//! tag read, paced at 115200 baud (11,520 bytes a second), in turn over the tags in its field; with none it
//! says "no tag", as the device does. Faults can be asked for: garbage between frames, wrong checksums, writes cut in pieces.
//!
//! Source: the frame tables named in the bridge's driver; the bytes here are composed independently of it.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::simulators::pty::{self, Pty};
use crate::simulators::seeded::Seeded;

/// Bytes a second at 115200 baud, eight bits, no parity, one stop bit.
const BYTES_PER_S: f64 = 11_520.0;

/// Faults of the line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// One in so many frames is preceded by garbage; 0 for none.
    pub garbage_every: u64,
    /// One in so many frames has a wrong checksum; 0 for none.
    pub bad_checksum_every: u64,
    /// Whether frames are written in pieces.
    pub in_pieces: bool,
}

/// What the reader's two threads share.
#[derive(Debug, Default)]
struct Field {
    tags: Mutex<Vec<Vec<u8>>>,
    polling: AtomicBool,
    /// Rounds over all tags since the field was set.
    rounds: AtomicU64,
    notices: AtomicU64,
    /// Its power failed for a moment.
    has_failed: AtomicBool,
    stop: AtomicBool,
}

/// A reader that runs.
#[derive(Debug)]
pub struct R200 {
    /// Path of its port.
    pub path: PathBuf,
    field: Arc<Field>,
}

impl R200 {
    /// Plugs a reader in.
    ///
    /// # Errors
    ///
    /// If no pseudo-terminal can be had.
    pub fn start(seed: u64, faults: Faults) -> std::io::Result<Self> {
        let pty = Pty::open()?;
        let path = pty.path.clone();
        let field = Arc::new(Field::default());
        let listener = pty.device.try_clone()?;
        let answers = pty.device.try_clone()?;
        let shared = Arc::clone(&field);
        std::thread::spawn(move || listen(listener, answers, &shared));
        let shared = Arc::clone(&field);
        std::thread::spawn(move || send(pty, &shared, Seeded::new(seed), faults));
        Ok(Self { path, field })
    }

    /// Puts these tags, EPC banks, into the field, in place of those there.
    pub fn set_field(&self, tags: Vec<Vec<u8>>) {
        let mut field = self.field.tags.lock().unwrap_or_else(PoisonError::into_inner);
        *field = tags;
        self.field.rounds.store(0, Ordering::SeqCst);
    }

    /// How often every tag of the field was read since it was set.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.field.rounds.load(Ordering::SeqCst)
    }

    /// Notices sent so far.
    #[must_use]
    pub fn notices(&self) -> u64 {
        self.field.notices.load(Ordering::SeqCst)
    }
}

impl R200 {
    /// Takes its power away for a moment: it forgets its settings and stops polling.
    pub fn lose_power(&self) {
        self.field.polling.store(false, Ordering::SeqCst);
        self.field.has_failed.store(true, Ordering::SeqCst);
    }
}

impl Drop for R200 {
    fn drop(&mut self) {
        self.field.stop.store(true, Ordering::SeqCst);
    }
}

fn frame(kind: u8, command: u8, parameters: &[u8]) -> Vec<u8> {
    let length = u16::try_from(parameters.len()).unwrap_or(0).to_be_bytes();
    let body = [&[kind, command, length[0], length[1]], parameters].concat();
    let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    [&[0xBB], &body[..], &[sum, 0x7E]].concat()
}

/// What the reader holds until it loses its power, and which tags are selected.
struct Memory {
    power: [u8; 2],
    region: u8,
    query: [u8; 2],
    /// Beginning of the EPCs that take part in a memory read.
    selected: Vec<u8>,
}

/// Takes commands of the host, one complete frame after the other.
fn listen(mut line: std::fs::File, mut answers: std::fs::File, field: &Field) {
    let mut memory = Memory::of_the_factory();
    let mut pending = Vec::new();
    let mut buffer = [0; 256];
    while !field.stop.load(Ordering::SeqCst) {
        let Ok(bytes) = pty::read(&mut line, &mut buffer) else { return };
        pending.extend_from_slice(bytes);
        if field.has_failed.swap(false, Ordering::SeqCst) {
            memory = Memory::of_the_factory();
        }
        while let Some((command, parameters)) = next_command(&mut pending) {
            let answer = memory.answer(command, &parameters, field);
            if answer.is_some_and(|answer| answers.write_all(&answer).is_err()) {
                return;
            }
        }
    }
}

/// Takes the first whole frame of the host out of what arrived: its command and parameters.
fn next_command(pending: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let head = pending.iter().position(|byte| *byte == 0xBB)?;
    pending.drain(..head);
    let length = usize::from(u16::from_be_bytes([*pending.get(3)?, *pending.get(4)?]));
    if pending.len() < length + 7 {
        return None;
    }
    let frame: Vec<u8> = pending.drain(..length + 7).collect();
    Some((frame[2], frame[5..5 + length].to_vec()))
}

impl Memory {
    fn of_the_factory() -> Self {
        Self { power: [0x07, 0xD0], region: 1, query: [0x10, 0x20], selected: Vec::new() }
    }

    fn answer(&mut self, command: u8, parameters: &[u8], field: &Field) -> Option<Vec<u8>> {
        let done = Some(frame(1, command, &[0]));
        match (command, parameters) {
            (0x03, _) => Some(frame(1, 0x03, b"\x00M100 26dBm V1.0")),
            (0x07, [region]) => {
                self.region = *region;
                done
            }
            (0x08, _) => Some(frame(1, 0x08, &[self.region])),
            (0x0C, [_, _, _, _, _, bits, _, mask @ ..]) => {
                self.selected = mask[..mask.len().min(usize::from(*bits) / 8)].to_vec();
                done
            }
            (0x0D, _) => Some(frame(1, 0x0D, &self.query)),
            (0x0E, [high, low]) => {
                self.query = [*high, *low];
                done
            }
            (0x12, _) => done,
            (0xB6, [high, low]) => {
                self.power = [*high, *low];
                done
            }
            (0xB7, _) => Some(frame(1, 0xB7, &self.power)),
            (0x22, _) => Some(match tags_of(field).first() {
                Some(epc) => notice(epc, &mut Seeded::new(7)),
                None => frame(1, 0xFF, &[0x15]),
            }),
            (0x27, _) => {
                field.polling.store(true, Ordering::SeqCst);
                None
            }
            (0x28, _) => {
                field.polling.store(false, Ordering::SeqCst);
                done
            }
            (0x39, [_, _, _, _, 2, ..]) => {
                let found = tags_of(field).into_iter().find(|epc| epc.starts_with(&self.selected));
                Some(match found {
                    Some(epc) => frame(1, 0x39, &memory_read(&epc)),
                    None => frame(1, 0xFF, &[0x09]),
                })
            }
            // An unknown command, or a value that it does not take.
            _ => Some(frame(1, 0xFF, &[0x17])),
        }
    }
}

fn tags_of(field: &Field) -> Vec<Vec<u8>> {
    field.tags.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The answer to a read of the TID bank: control word and EPC with their length before, then the bank.
fn memory_read(epc: &[u8]) -> Vec<u8> {
    let words = u8::try_from(epc.len() / 2).unwrap_or(0);
    let length = u8::try_from(epc.len() + 2).unwrap_or(0);
    [&[length, words << 3, 0x00], epc, &tid(epc)].concat()
}

/// The TID bank of the tag with this EPC: class, maker and model, then a serial that follows from the EPC.
#[must_use]
pub fn tid(epc: &[u8]) -> Vec<u8> {
    let serial = epc
        .iter()
        .fold(0x811C_9DC5u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    [&[0xE2, 0x80, 0x11, 0x05, 0x20, 0x00, 0x50, 0x3B], &serial.to_be_bytes()[..]].concat()
}

/// Sends notices while polling, at the line's pace.
fn send(mut pty: Pty, field: &Field, mut numbers: Seeded, faults: Faults) {
    let mut place = 0;
    let mut sent = 0.0;
    let mut begun = Instant::now();
    while !field.stop.load(Ordering::SeqCst) {
        if !field.polling.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(2));
            (sent, begun) = (0.0, Instant::now());
            continue;
        }
        let tag = {
            let tags = field.tags.lock().unwrap_or_else(PoisonError::into_inner);
            if place >= tags.len() {
                place = 0;
            }
            let tag = tags.get(place).cloned();
            place += 1;
            if tag.is_some() && place == tags.len() {
                field.rounds.fetch_add(1, Ordering::SeqCst);
            }
            tag
        };
        let mut bytes = match &tag {
            Some(epc) => {
                field.notices.fetch_add(1, Ordering::SeqCst);
                notice(epc, &mut numbers)
            }
            None => frame(1, 0xFF, &[0x15]),
        };
        let number = field.notices.load(Ordering::SeqCst);
        if faults.bad_checksum_every > 0 && number.is_multiple_of(faults.bad_checksum_every) {
            let at = bytes.len() - 2;
            bytes[at] ^= 0x55;
        }
        if faults.garbage_every > 0 && number.is_multiple_of(faults.garbage_every) {
            bytes.splice(0..0, [0x00, 0x7E, 0xFF, 0x13]);
        }
        #[expect(clippy::cast_precision_loss, reason = "a frame has a few dozen bytes")]
        let length = bytes.len() as f64;
        sent += length;
        let due = begun + Duration::from_secs_f64(sent / BYTES_PER_S);
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        let written = if faults.in_pieces {
            bytes.chunks(5).try_for_each(|piece| pty.device.write_all(piece))
        } else {
            pty.device.write_all(&bytes)
        };
        if written.is_err() {
            return;
        }
        if tag.is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    pty.release();
}

fn notice(epc: &[u8], numbers: &mut Seeded) -> Vec<u8> {
    // RSSI about -45 dBm, the station's reach; scatter 3 dB.
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a signed byte")]
    let rssi = (-45.0 + 3.0 * numbers.normal()).clamp(-90.0, -20.0) as i8;
    let words = u8::try_from(epc.len() / 2).unwrap_or(0);
    let crc = u16::try_from(numbers.below(0x1_0000)).unwrap_or(0).to_be_bytes();
    let mut parameters = rssi.to_be_bytes().to_vec();
    parameters.extend_from_slice(&[words << 3, 0x00]);
    parameters.extend_from_slice(epc);
    parameters.extend_from_slice(&crc);
    frame(2, 0x22, &parameters)
}
