//! An XY-MD02 sensor on a pseudo-terminal: a Modbus RTU slave that answers one question.
//!
//! Faults can be asked for: a humidity that no air has, as with a broken probe; a refusal; an adapter that hears what
//! it sends.
//!
//! Source: the sensor's register table: input register 1 temperature, 2 relative humidity, both in tenths.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use crate::pty::{self, Pty};

/// A sensor that runs.
#[derive(Debug)]
pub struct XyMd02 {
    /// Path of its port.
    pub path: PathBuf,
    knobs: Arc<Knobs>,
}

#[derive(Debug)]
struct Knobs {
    /// Temperature and humidity as the registers hold them.
    registers: [AtomicU16; 2],
    refuses: AtomicBool,
    has_echo: AtomicBool,
    is_ended: AtomicBool,
}

impl XyMd02 {
    /// Plugs a sensor in, at Modbus address 1, measuring `tenths` of a degree.
    ///
    /// # Errors
    ///
    /// If no pseudo-terminal can be had.
    pub fn start(tenths: i16) -> std::io::Result<Self> {
        let pty = Pty::open()?;
        let path = pty.path.clone();
        let knobs = Arc::new(Knobs {
            registers: [AtomicU16::new(tenths.cast_unsigned()), AtomicU16::new(0x0222)],
            refuses: AtomicBool::new(false),
            has_echo: AtomicBool::new(false),
            is_ended: AtomicBool::new(false),
        });
        let own = Arc::clone(&knobs);
        std::thread::spawn(move || {
            // The whole of it, the line that keeps the terminal up included.
            let mut pty = pty;
            let mut pending = Vec::new();
            let mut buffer = [0; 64];
            while !own.is_ended.load(Ordering::SeqCst) {
                let Ok(bytes) = pty::read(&mut pty.device, &mut buffer) else { return };
                pending.extend_from_slice(bytes);
                while pending.len() >= 8 {
                    let question: Vec<u8> = pending.drain(..8).collect();
                    if question[..6] != [1, 4, 0, 1, 0, 2] {
                        pending.clear();
                        continue;
                    }
                    if pty.device.write_all(&own.answer(&question)).is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self { path, knobs })
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
}

impl Knobs {
    fn answer(&self, question: &[u8]) -> Vec<u8> {
        let mut answer = vec![1, 4, 4];
        if self.refuses.load(Ordering::SeqCst) {
            answer = vec![1, 0x84, 2];
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
