//! A reader with the Mercury protocol, or a Silion module, on a pseudo-terminal, as recorded traffic shows it.
//!
//! It answers version, run phase, region, protocol, ports, power, start and stop at 115200 baud. While it reads
//! it reports the tags of its field in turn and sends a keep-alive every second, which the reads' milliseconds
//! count from. After a stop some reads still come, then a keep-alive, then the answer. Faults can be asked for.
//!
//! The way through: [`Mercury::start`] plugs it in; [`Mercury::set_field`] brings tags.
//!
//! What holds: tags are reported in turn, and the turn begins anew with every field.
//!
//! Source: `SparkFun`'s communication logs of the M6E Nano; Silion's communication protocol. The bytes here are
//! composed independently of the bridge's driver.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::simulators::wire::{Faults, Field, Line, attach};

const BAUD: u32 = 115_200;
/// Reads that still come after a stop.
const LATE: u32 = 8;

/// What kind of reader it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// An M6E Nano that is ready.
    Nano,
    /// The same, waiting in its bootloader.
    NanoInBootloader,
    /// A Silion module, which does not know command 2F.
    Silion,
}

#[derive(Debug, Default)]
struct Knobs {
    /// No antenna is connected.
    has_no_antenna: AtomicBool,
    /// No region is allowed.
    has_no_region: AtomicBool,
    /// It hangs: nothing is sent and nothing answered.
    hangs: AtomicBool,
    /// How often reading was started, and how often that was refused.
    starts: AtomicU64,
    refusals: AtomicU64,
    is_reading: AtomicBool,
    /// Bytes to send while it reads, in place of the field's tags, a piece at a time.
    tape: Mutex<VecDeque<Vec<u8>>>,
}

/// A reader that runs.
#[derive(Debug)]
pub struct Mercury {
    /// Path of its port.
    pub path: PathBuf,
    field: Arc<Field>,
    knobs: Arc<Knobs>,
}

impl Mercury {
    /// Plugs an M6E Nano in.
    ///
    /// # Errors
    ///
    /// If no pseudo-terminal can be had.
    pub fn start(seed: u64, faults: Faults) -> std::io::Result<Self> {
        Self::start_model(seed, faults, Model::Nano)
    }

    /// Plugs a reader of this kind in.
    ///
    /// # Errors
    ///
    /// If no pseudo-terminal can be had.
    pub fn start_model(seed: u64, faults: Faults, model: Model) -> std::io::Result<Self> {
        let field = Arc::new(Field::default());
        let knobs = Arc::new(Knobs::default());
        let (line, path, host) = attach(BAUD, seed, faults, &field)?;
        let mut device = Device {
            line,
            model,
            field: Arc::clone(&field),
            knobs: Arc::clone(&knobs),
            is_in_bootloader: model == Model::NanoInBootloader,
            has_region: false,
            port: 1,
            number: 0,
            place: 0,
            stream: None,
            late: 0,
        };
        std::thread::spawn(move || device.run(&host));
        Ok(Self { path, field, knobs })
    }

    /// Puts these tags, EPC banks, into the field, in place of those there.
    pub fn set_field(&self, tags: Vec<Vec<u8>>) {
        self.field.set(tags);
    }

    /// Sends these bytes when it reads, piece by piece and once, before it turns to its field: recorded traffic.
    pub fn play(&self, pieces: Vec<Vec<u8>>) {
        let mut tape = self.knobs.tape.lock().unwrap_or_else(PoisonError::into_inner);
        *tape = pieces.into();
    }

    /// How often every tag of the field was read since it was set.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.field.rounds()
    }

    /// Tags reported so far.
    #[must_use]
    pub fn notices(&self) -> u64 {
        self.field.notices()
    }

    /// How often reading was started.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.knobs.starts.load(Ordering::SeqCst)
    }

    /// How often it refused to start, for want of a region or an antenna.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.knobs.refusals.load(Ordering::SeqCst)
    }

    /// Whether it reads.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.knobs.is_reading.load(Ordering::SeqCst)
    }

    /// Takes the antenna away, or puts it back.
    pub fn take_antenna(&self, is_taken: bool) {
        self.knobs.has_no_antenna.store(is_taken, Ordering::SeqCst);
    }

    /// Makes it refuse every region, or take them again.
    pub fn refuse_region(&self, is_refused: bool) {
        self.knobs.has_no_region.store(is_refused, Ordering::SeqCst);
    }

    /// Makes it hang, or come back with its reading stopped.
    pub fn hang(&self, hangs: bool) {
        self.knobs.hangs.store(hangs, Ordering::SeqCst);
    }
}

impl Drop for Mercury {
    fn drop(&mut self) {
        self.field.end();
    }
}

struct Device {
    line: Line,
    model: Model,
    field: Arc<Field>,
    knobs: Arc<Knobs>,
    is_in_bootloader: bool,
    has_region: bool,
    port: u8,
    /// Number of the field, and place of the next tag in it.
    number: u64,
    place: usize,
    /// It reads; reads count from the first time, the second is that of the last keep-alive.
    stream: Option<(Instant, Instant)>,
    /// Reads that are still to come before a stop is answered; 0 if no stop waits.
    late: u32,
}

impl Device {
    fn run(&mut self, host: &Receiver<Vec<u8>>) {
        let mut pending: Vec<u8> = Vec::new();
        while !self.field.is_ended() {
            let wait = Duration::from_millis(if self.stream.is_some() { 0 } else { 10 });
            match host.recv_timeout(wait) {
                Ok(bytes) => pending.extend(bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.knobs.hangs.load(Ordering::SeqCst) {
                pending.clear();
                self.set_stream(None);
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
            // A stop is answered when the reads before it are out; what comes behind it waits.
            let mut result = Ok(());
            while self.late == 0
                && result.is_ok()
                && let Some(command) = next_command(&mut pending)
            {
                result = self.obey(&command);
            }
            if result.and_then(|()| self.stream()).is_err() {
                return;
            }
        }
    }

    fn set_stream(&mut self, stream: Option<(Instant, Instant)>) {
        self.stream = stream;
        self.knobs.is_reading.store(stream.is_some(), Ordering::SeqCst);
    }

    fn answer(&mut self, command: u8, status: u16, data: &[u8]) -> std::io::Result<()> {
        let mut body = vec![u8::try_from(data.len()).unwrap_or(u8::MAX), command];
        body.extend_from_slice(&status.to_be_bytes());
        body.extend_from_slice(data);
        let sum = checksum(&body);
        self.line.send(&[&[0xFF], &body[..], &sum].concat())
    }

    fn obey(&mut self, command: &[u8]) -> std::io::Result<()> {
        let [number, data @ ..] = command else { return Ok(()) };
        let is_silion = self.model == Model::Silion;
        let is_stop = matches!(data, [.., 0xAA, 0x49, 0xF3, 0xBB]);
        if is_silion && self.stream.is_some() && !is_stop {
            // While it reads, a Silion module hears nothing but its stop.
            return Ok(());
        }
        match (*number, data) {
            (0x03, []) => self.answer(
                0x03,
                0,
                &[
                    0x14, 0x12, 0x08, 0x00, 0x30, 0x00, 0x00, 0x02, 0x20, 0x15, 0x03, 0x10, 0x01,
                    0x03, 0x01, 0x47, 0x00, 0x00, 0x00, 0x10,
                ],
            ),
            (0x0C, []) => {
                let phase = match (self.is_in_bootloader, is_silion) {
                    (true, _) => 0x11,
                    (false, true) => 0x12,
                    (false, false) => 0x52,
                };
                self.answer(0x0C, 0, &[phase])
            }
            (0x04, []) => {
                self.is_in_bootloader = false;
                std::thread::sleep(Duration::from_millis(300));
                self.answer(0x04, 0, &[])
            }
            (number, _) if self.is_in_bootloader => self.answer(number, 0x0101, &[]),
            (0x97, [_]) if self.knobs.has_no_region.load(Ordering::SeqCst) => {
                self.answer(0x97, 0x010B, &[])
            }
            (0x97, [_]) => {
                self.has_region = true;
                self.answer(0x97, 0, &[])
            }
            (0x93, [0x00, 0x05]) => self.answer(0x93, 0, &[]),
            (0x91, [0x02, transmits, receives, ..]) if transmits == receives => {
                self.port = *transmits;
                self.answer(0x91, 0, &[])
            }
            (0x92, [high, low]) => {
                let is_too_much = u16::from_be_bytes([*high, *low]) > 2700;
                self.answer(0x92, if is_too_much { 0x0103 } else { 0 }, &[])
            }
            (0x2F, _) if is_silion => self.answer(0x2F, 0x0101, &[]),
            (0x2F, [0, 0, 1, 0x22, 0, 0, 5, 7, 0x22, 0x10, 0, 0x1B, ..]) => {
                self.begin(0x2F, &[0x01, 0x22, 0x00, 0x00])
            }
            (0x2F, [0, 0, 2]) => self.end(),
            (
                0xAA,
                [b'M', b'o', b'd', b'u', b'l', b'e', b't', b'e', b'c', b'h', 0xAA, 0x48, ..],
            ) if is_silion => self.begin(0xAA, b"Moduletech\xAA\x48\xF2\xBB"),
            (0xAA, _) if is_silion && is_stop => self.end(),
            (number, _) => self.answer(number, 0x0105, &[]),
        }
    }

    fn begin(&mut self, command: u8, data: &[u8]) -> std::io::Result<()> {
        let refusal = match self.knobs.has_no_antenna.load(Ordering::SeqCst) {
            _ if !self.has_region => Some(0x0405),
            has_no_antenna => has_no_antenna.then_some(0x0503),
        };
        if let Some(status) = refusal {
            self.knobs.refusals.fetch_add(1, Ordering::SeqCst);
            return self.answer(command, status, &[]);
        }
        self.answer(command, 0, data)?;
        self.knobs.starts.fetch_add(1, Ordering::SeqCst);
        let now = Instant::now();
        self.set_stream(Some((now, now)));
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        if self.stream.is_some() {
            self.late = LATE;
            return Ok(());
        }
        self.answer_end()
    }

    fn answer_end(&mut self) -> std::io::Result<()> {
        if self.model == Model::Silion {
            self.answer(0xAA, 0, b"Moduletech\xAA\x49\xF3\xBB")
        } else {
            self.answer(0x2F, 0, &[0x02])
        }
    }

    /// Sends what is due while reading: a keep-alive, or the next tag.
    fn stream(&mut self) -> std::io::Result<()> {
        let Some((begun, kept)) = self.stream else { return Ok(()) };
        let piece = self.knobs.tape.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(piece) = piece {
            return self.line.play(&piece);
        }
        if self.late == 1 {
            self.late = 0;
            self.keep_alive()?;
            self.set_stream(None);
            return self.answer_end();
        }
        self.late = self.late.saturating_sub(1);
        if kept.elapsed() >= Duration::from_secs(1) {
            self.keep_alive()?;
            let now = Instant::now();
            // A Silion module counts from the start on.
            let begun = if self.model == Model::Silion { begun } else { now };
            self.set_stream(Some((begun, now)));
        }
        let tags = self.field.tags();
        if tags.number != self.number {
            (self.number, self.place) = (tags.number, 0);
        }
        let Some(tag) = tags.epcs.get(self.place) else {
            std::thread::sleep(Duration::from_millis(5));
            return Ok(());
        };
        self.report(tag, begun)?;
        self.field.count_notice();
        self.place += 1;
        if self.place == tags.epcs.len() {
            self.place = 0;
            self.field.end_round(tags.number);
        }
        Ok(())
    }

    fn keep_alive(&mut self) -> std::io::Result<()> {
        if self.model == Model::Silion {
            self.answer(0xAA, 0, b"XTSJ\x80\x00")
        } else {
            self.answer(0x22, 0x0400, &[])
        }
    }

    fn report(&mut self, epc: &[u8], begun: Instant) -> std::io::Result<()> {
        // RSSI about -50 dBm, scatter 4 dB; a channel between 902.75 and 927.25 MHz.
        #[expect(clippy::cast_possible_truncation, reason = "clamped to a signed byte")]
        let strength = (-50.0 + 4.0 * self.line.numbers.normal()).clamp(-90.0, -20.0) as i8;
        let channel = 902_750 + 500 * u32::try_from(self.line.numbers.below(50)).unwrap_or(0);
        let millis = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        let words = u8::try_from(epc.len() / 2).unwrap_or(0);
        let crc = u16::try_from(self.line.numbers.below(0x1_0000)).unwrap_or(0).to_be_bytes();
        let tag = [&[words << 3, 0x00], epc, &crc].concat();
        let mut data = Vec::new();
        if self.model == Model::Silion {
            data.extend([0x00, 0xFF]);
        } else {
            data.extend([0x10, 0x00, 0x1B, 0x01, 0xFF, 0x01]);
        }
        data.push(0x01);
        data.extend(strength.to_be_bytes());
        data.push(self.port << 4 | self.port & 0x0F);
        data.extend(channel.to_be_bytes().into_iter().skip(1));
        data.extend(millis.to_be_bytes());
        // Phase, Gen2, nothing read along.
        data.extend([0x00, 0x00, 0x05, 0x00, 0x00]);
        if self.model == Model::Silion {
            data.push(u8::try_from(tag.len()).unwrap_or(0));
        } else {
            data.push(0x0F);
            data.extend(u16::try_from(tag.len() * 8).unwrap_or(0).to_be_bytes());
        }
        data.extend(tag);
        let command = if self.model == Model::Silion { 0xAA } else { 0x22 };
        self.answer(command, 0, &data)
    }
}

/// Takes the next command with a right checksum off the front, without head, length and checksum.
fn next_command(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    while let Some(head) = pending.first() {
        if *head == 0xFF {
            let length = usize::from(*pending.get(1)?);
            let whole = pending.get(..length + 5)?;
            let (body, sum) = whole.split_at(length + 3);
            let body = body.get(1..).unwrap_or_default();
            if checksum(body) == *sum {
                let command = body.get(1..).unwrap_or_default().to_vec();
                pending.drain(..length + 5);
                return Some(command);
            }
        }
        pending.remove(0);
    }
    None
}

/// The checksum, high byte first, a nibble at a time.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let mut sum = 0xFFFFu16;
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0x0F] {
            let out = sum >> 12;
            sum = (sum << 4 | u16::from(nibble)) ^ (out << 12 ^ out << 5 ^ out);
        }
    }
    sum.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_recorded_frames() {
        assert_eq!(checksum(&[0x00, 0x03]), [0x1D, 0x0C]);
        assert_eq!(checksum(&[0x00, 0x22, 0x04, 0x00]), [0x84, 0xE0]);
        assert_eq!(checksum(&[0x01, 0x0C, 0x00, 0x00, 0x12]), [0x63, 0x43]);
    }

    #[test]
    fn a_command_is_found_behind_garbage_and_one_without_its_end_waits() {
        let command = [0xFF, 0x00, 0x03, 0x1D, 0x0C];
        let mut pending = [&[0x00, 0x03][..], &command, &command[..3]].concat();
        assert_eq!(next_command(&mut pending), Some(vec![0x03]));
        assert_eq!(next_command(&mut pending), None);
        assert_eq!(pending.len(), 3);
    }
}
