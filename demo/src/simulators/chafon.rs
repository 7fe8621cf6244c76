//! A Chafon reader on a pseudo-terminal, in either layout, as its maker's manuals describe it.
//!
//! It answers reader information, set power and inventory, at 57600 baud. An inventory reports every tag in
//! its field once: as many tags as fit in a frame with status 03, then an empty frame with status 01 (288), or
//! all in one frame or several, the last with status 01 (18); with no tag the 18 layout says FB. Ports can be
//! left without an antenna. Faults can be asked for.
//!
//! The way through: [`Chafon::start`] plugs it in; [`Chafon::set_field`] brings tags.
//!
//! What holds: an inventory reports each tag that was in the field when it began exactly once.
//!
//! Source: `UHFReader18` user's manual V2.0; `UHFReader288MP` user's manual V1.14. The bytes here are composed
//! independently of the bridge's driver.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::simulators::wire::{Faults, Field, Line, attach};

const BAUD: u32 = 57_600;
/// The reader's own address.
const ADDRESS: u8 = 0x00;
/// Longest data of an answer.
const MAX_DATA: usize = 240;

/// Which layout the reader has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One antenna, no signal strength.
    Reader18,
    /// Four antennas, one byte of signal strength.
    Reader288,
}

/// What can be set from outside.
#[derive(Debug)]
struct Knobs {
    /// Power as the host set it, dBm.
    power_dbm: AtomicU8,
    /// Ports with an antenna, bit 0 is port 1.
    antennas: AtomicU8,
}

/// A reader that runs.
#[derive(Debug)]
pub struct Chafon {
    /// Path of its port.
    pub path: PathBuf,
    field: Arc<Field>,
    knobs: Arc<Knobs>,
}

impl Chafon {
    /// Plugs a reader in. Its power is 20 dBm and every port has an antenna.
    ///
    /// # Errors
    ///
    /// If no pseudo-terminal can be had.
    pub fn start(seed: u64, faults: Faults, layout: Layout) -> std::io::Result<Self> {
        let field = Arc::new(Field::default());
        let knobs = Arc::new(Knobs { power_dbm: AtomicU8::new(20), antennas: AtomicU8::new(0x0F) });
        let (line, path, host) = attach(BAUD, seed, faults, &field)?;
        let mut device =
            Device { line, layout, field: Arc::clone(&field), knobs: Arc::clone(&knobs) };
        std::thread::spawn(move || device.run(&host));
        Ok(Self { path, field, knobs })
    }

    /// Puts these tags, EPC banks, into the field, in place of those there.
    pub fn set_field(&self, tags: Vec<Vec<u8>>) {
        self.field.set(tags);
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

    /// Power as it is set now, dBm.
    #[must_use]
    pub fn power_dbm(&self) -> u8 {
        self.knobs.power_dbm.load(Ordering::SeqCst)
    }

    /// Leaves antennas only at these ports; bit 0 is port 1.
    pub fn set_antennas(&self, ports: u8) {
        self.knobs.antennas.store(ports, Ordering::SeqCst);
    }
}

impl Drop for Chafon {
    fn drop(&mut self) {
        self.field.end();
    }
}

struct Device {
    line: Line,
    layout: Layout,
    field: Arc<Field>,
    knobs: Arc<Knobs>,
}

impl Device {
    fn run(&mut self, host: &Receiver<Vec<u8>>) {
        let mut pending: Vec<u8> = Vec::new();
        while !self.field.is_ended() {
            match host.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => pending.extend(bytes),
                Err(RecvTimeoutError::Timeout) => {
                    // A command that stops halfway is dropped, as the device does.
                    pending.clear();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Some(command) = next_command(&mut pending) {
                if self.obey(&command).is_err() {
                    return;
                }
            }
        }
    }

    fn obey(&mut self, command: &[u8]) -> std::io::Result<()> {
        let [address, number, data @ ..] = command else { return Ok(()) };
        if *address != 0xFF && *address != ADDRESS {
            return Ok(());
        }
        match (*number, data) {
            (0x21, []) => {
                let kind = if self.layout == Layout::Reader18 { 0x09 } else { 0x20 };
                let power = self.knobs.power_dbm.load(Ordering::SeqCst);
                // Version 3.01, protocol Gen2, Europe: channels 14 to 0, scan time 1 s.
                self.answer(0x21, 0x00, &[0x03, 0x01, kind, 0x02, 0x4E, 0x00, power, 0x0A])
            }
            (0x2F, [power]) if *power <= 30 => {
                self.knobs.power_dbm.store(*power, Ordering::SeqCst);
                self.answer(0x2F, 0x00, &[])
            }
            (0x2F, [_]) => self.answer(0x2F, 0xFF, &[]),
            (0x01, data) => self.inventory(data),
            // A command that it does not know.
            _ => self.answer(0x00, 0xFE, &[]),
        }
    }

    fn answer(&mut self, command: u8, status: u8, data: &[u8]) -> std::io::Result<()> {
        let length = u8::try_from(data.len() + 5).unwrap_or(u8::MAX);
        let mut bytes = vec![length, ADDRESS, command, status];
        bytes.extend_from_slice(data);
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        self.line.send(&bytes)
    }

    fn inventory(&mut self, data: &[u8]) -> std::io::Result<()> {
        let mask = match (self.layout, data) {
            (Layout::Reader18, []) => 0,
            // Q, session, mask memory, mask address, mask length 0, target, antenna, scan time.
            (Layout::Reader288, [_, _, _, _, _, 0, _, antenna @ 0x80..=0x83, _]) => {
                1u8 << (antenna & 0x03)
            }
            _ => return self.answer(0x01, 0xFD, &[]),
        };
        if mask & !self.knobs.antennas.load(Ordering::SeqCst) != 0 {
            return self.answer(0x01, 0xF8, &[]);
        }
        // Time in the air: some slots, and one more per tag.
        let tags = self.field.tags();
        let slots = 10 + u64::try_from(tags.epcs.len()).unwrap_or(0);
        std::thread::sleep(Duration::from_millis(slots));
        let mut reports: Vec<(u8, Vec<u8>)> = Vec::new();
        for tag in &tags.epcs {
            let report = self.report(tag);
            match reports.last_mut() {
                Some((count, data)) if data.len() + report.len() <= MAX_DATA => {
                    *count += 1;
                    data.extend(report);
                }
                _ => reports.push((1, report)),
            }
        }
        let last = reports.len().saturating_sub(1);
        let is_18 = self.layout == Layout::Reader18;
        if is_18 && reports.is_empty() {
            return self.answer(0x01, 0xFB, &[]);
        }
        for (place, (count, report)) in reports.into_iter().enumerate() {
            let head = if is_18 { vec![count] } else { vec![mask, count] };
            let status = if is_18 && place == last { 0x01 } else { 0x03 };
            self.answer(0x01, status, &[head, report].concat())?;
            (0..count).for_each(|_| self.field.count_notice());
        }
        if !tags.epcs.is_empty() {
            self.field.end_round(tags.number);
        }
        if is_18 { Ok(()) } else { self.answer(0x01, 0x01, &[mask, 0]) }
    }

    fn report(&mut self, epc: &[u8]) -> Vec<u8> {
        let mut report = vec![u8::try_from(epc.len()).unwrap_or(0)];
        report.extend_from_slice(epc);
        if self.layout == Layout::Reader288 {
            // About the middle of what such readers give; scatter 3.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to a byte"
            )]
            let strength = (85.0 + 3.0 * self.line.numbers.normal()).clamp(0.0, 255.0) as u8;
            report.push(strength);
        }
        report
    }
}

/// Takes the next command with a right checksum off the front, without length and checksum.
fn next_command(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    while let Some(length) = pending.first().map(|length| usize::from(*length)) {
        let Some(whole) = pending.get(..=length).filter(|whole| whole.len() >= 5) else {
            if length >= 4 {
                return None;
            }
            pending.remove(0);
            continue;
        };
        let (body, sum) = whole.split_at(length - 1);
        if checksum(body) == *sum {
            let command = body.get(1..).unwrap_or_default().to_vec();
            pending.drain(..=length);
            return Some(command);
        }
        pending.remove(0);
    }
    None
}

/// The checksum, low byte first, a nibble at a time.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let mut sum = 0xFFFFu16;
    for byte in bytes {
        for nibble in [byte & 0x0F, byte >> 4] {
            let mut step = (sum ^ u16::from(nibble)) & 0x0F;
            for _ in 0..4 {
                step = (step >> 1) ^ (0x8408 * (step & 1));
            }
            sum = (sum >> 4) ^ step;
        }
    }
    sum.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_published_frames() {
        let frame = [0x07, 0x00, 0x01, 0x01, 0x01, 0x00, 0x1E, 0x4B];
        assert_eq!(checksum(&frame[..6]), [0x1E, 0x4B]);
        assert_eq!(checksum(b"123456789"), [0x91, 0x6F]);
    }

    #[test]
    fn a_command_is_found_behind_garbage_and_one_without_its_end_waits() {
        let mut command = vec![0x04, 0xFF, 0x21];
        command.extend(checksum(&[0x04, 0xFF, 0x21]));
        let mut pending = [&[0x00, 0x03][..], &command, &command[..3]].concat();
        assert_eq!(next_command(&mut pending), Some(vec![0xFF, 0x21]));
        assert_eq!(next_command(&mut pending), None);
        assert_eq!(pending.len(), 3);
    }
}
