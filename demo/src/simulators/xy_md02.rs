//! XY-MD02 sensors on a pseudo-terminal: Modbus RTU slaves, one or several on a line, that answer one question.
//!
//! What holds: a question that follows other bytes by less than 3.5 characters is none, as on a real line, and is counted.
//!
//! Faults can be asked for: a humidity that no air has, as with a broken probe; a refusal; an adapter that hears what
//! it sends; a sensor whose wire is off; one that answers too late.
//!
//! Sources: the sensor's register table: input register 1 temperature, 2 relative humidity, both in tenths; Modbus over
//! Serial Line 1.02 section 2.5.1.1.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::simulators::pty::{self, Pty};

/// A sensor that runs.
#[derive(Debug)]
pub struct XyMd02 {
    /// Path of its port.
    pub path: PathBuf,
    knobs: Arc<Knobs>,
}

#[derive(Debug)]
struct Knobs {
    address: u8,
    /// Temperature and humidity as the registers hold them.
    registers: [AtomicU16; 2],
    refuses: AtomicBool,
    has_echo: AtomicBool,
    is_unplugged: AtomicBool,
    late_ms: AtomicU64,
    questions: AtomicU64,
    /// Questions on its line without silence before them.
    crowded: AtomicU64,
    is_ended: AtomicBool,
}

/// Silence between two frames: 3.5 characters at 9600 baud.
const SILENCE: Duration = Duration::from_millis(4);

impl XyMd02 {
    /// Plugs a sensor in, at Modbus address 1, measuring `tenths` of a degree.
    ///
    /// # Errors
    ///
    /// If no pseudo-terminal can be had.
    pub fn start(tenths: i16) -> std::io::Result<Self> {
        let [sensor] = Self::start_on_one_line([(1, tenths)])?;
        Ok(sensor)
    }

    /// Plugs sensors into one line, each with its Modbus address and what it measures in tenths of a degree. The line
    /// is gone once all of them are dropped.
    ///
    /// # Errors
    ///
    /// If no pseudo-terminal can be had.
    pub fn start_on_one_line<const N: usize>(units: [(u8, i16); N]) -> std::io::Result<[Self; N]> {
        let pty = Pty::open()?;
        let path = pty.path.clone();
        let all = units.map(|(address, tenths)| {
            Arc::new(Knobs {
                address,
                registers: [AtomicU16::new(tenths.cast_unsigned()), AtomicU16::new(0x0222)],
                refuses: AtomicBool::new(false),
                has_echo: AtomicBool::new(false),
                is_unplugged: AtomicBool::new(false),
                late_ms: AtomicU64::new(0),
                questions: AtomicU64::new(0),
                crowded: AtomicU64::new(0),
                is_ended: AtomicBool::new(false),
            })
        });
        let own = all.clone();
        std::thread::spawn(move || serve(pty, &own));
        Ok(all.map(|knobs| Self { path: path.clone(), knobs }))
    }

    /// Lets it measure another temperature, in tenths of a degree Celsius.
    pub fn set_tenths(&self, tenths: i16) {
        self.knobs.registers[0].store(tenths.cast_unsigned(), Ordering::SeqCst);
    }

    /// Lets it measure another humidity, in tenths of a per cent.
    pub fn set_humidity(&self, tenths: u16) {
        self.knobs.registers[1].store(tenths, Ordering::SeqCst);
    }

    /// Makes it refuse every question, as one without these registers does, or answer again.
    pub fn refuse(&self, refuses: bool) {
        self.knobs.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Makes its adapter hear what it sends, and a stray byte when it turns to listening; or not any more.
    pub fn echo(&self, has_echo: bool) {
        self.knobs.has_echo.store(has_echo, Ordering::SeqCst);
    }

    /// Takes its wire off the line, or puts it on again; the others stay.
    pub fn unplug(&self, is_unplugged: bool) {
        self.knobs.is_unplugged.store(is_unplugged, Ordering::SeqCst);
    }

    /// Makes it answer so many milliseconds after the question.
    pub fn answer_after(&self, late_ms: u64) {
        self.knobs.late_ms.store(late_ms, Ordering::SeqCst);
    }

    /// Questions to it so far, answered or not.
    #[must_use]
    pub fn questions(&self) -> u64 {
        self.knobs.questions.load(Ordering::SeqCst)
    }

    /// Questions to it so far that were not heard because the line was not silent before them.
    #[must_use]
    pub fn crowded(&self) -> u64 {
        self.knobs.crowded.load(Ordering::SeqCst)
    }
}

/// Answers as the sensors of the line do, until all of them are gone.
fn serve(mut pty: Pty, all: &[Arc<Knobs>]) {
    let mut pending = Vec::new();
    let mut buffer = [0; 64];
    let mut last_byte: Option<Instant> = None;
    let mut late: Vec<(Instant, Vec<u8>)> = Vec::new();
    while all.iter().any(|one| !one.is_ended.load(Ordering::SeqCst)) {
        for (_, answer) in late.extract_if(.., |(due, _)| *due <= Instant::now()) {
            if pty.device.write_all(&answer).is_err() {
                return;
            }
            last_byte = Some(Instant::now());
        }
        let Ok(bytes) = pty::read(&mut pty.device, &mut buffer) else { return };
        pending.extend_from_slice(bytes);
        while pending.len() >= 8 {
            let question: Vec<u8> = pending.drain(..8).collect();
            let is_heard = last_byte.is_none_or(|at| at.elapsed() >= SILENCE);
            last_byte = Some(Instant::now());
            if question[1..6] != [4, 0, 1, 0, 2] {
                pending.clear();
                continue;
            }
            let is_on = |one: &&Arc<Knobs>| {
                one.address == question[0] && !one.is_ended.load(Ordering::SeqCst)
            };
            let Some(own) = all.iter().find(is_on) else { continue };
            own.questions.fetch_add(1, Ordering::SeqCst);
            if !is_heard {
                own.crowded.fetch_add(1, Ordering::SeqCst);
            } else if !own.is_unplugged.load(Ordering::SeqCst) {
                let after = Duration::from_millis(own.late_ms.load(Ordering::SeqCst));
                late.push((Instant::now() + after, own.answer(&question)));
            }
        }
    }
}

impl Knobs {
    fn answer(&self, question: &[u8]) -> Vec<u8> {
        let mut answer = vec![self.address, 4, 4];
        if self.refuses.load(Ordering::SeqCst) {
            answer = vec![self.address, 0x84, 2];
        } else {
            for register in &self.registers {
                answer.extend(register.load(Ordering::SeqCst).to_be_bytes());
            }
        }
        let crc = crc(&answer);
        answer.extend_from_slice(&crc.to_le_bytes());
        if self.has_echo.load(Ordering::SeqCst) {
            [question, &[0], &answer].concat()
        } else {
            answer
        }
    }
}

impl Drop for XyMd02 {
    fn drop(&mut self) {
        self.knobs.is_ended.store(true, Ordering::SeqCst);
    }
}

/// CRC-16 of Modbus, bit by bit.
fn crc(bytes: &[u8]) -> u16 {
    let mut crc = 0xFFFFu16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1 == 1;
            crc >>= 1;
            if carry {
                crc ^= 0xA001;
            }
        }
    }
    crc
}
