//! An XY-MD02 sensor on a pseudo-terminal: a Modbus RTU slave that answers one question.
//!
//! Source: the sensor's register table: input register 1 temperature, 2 relative humidity, both in tenths.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use crate::pty::{self, Pty};

/// A sensor that runs.
#[derive(Debug)]
pub struct XyMd02 {
    /// Path of its port.
    pub path: PathBuf,
    tenths: Arc<AtomicI32>,
    is_ended: Arc<AtomicBool>,
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
        let shared = Arc::new(AtomicI32::new(i32::from(tenths)));
        let own = Arc::clone(&shared);
        let is_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&is_ended);
        std::thread::spawn(move || {
            // The whole of it, the line that keeps the terminal up included.
            let mut pty = pty;
            let mut pending = Vec::new();
            let mut buffer = [0; 64];
            while !ended.load(Ordering::SeqCst) {
                let Ok(bytes) = pty::read(&mut pty.device, &mut buffer) else { return };
                pending.extend_from_slice(bytes);
                while pending.len() >= 8 {
                    let question: Vec<u8> = pending.drain(..8).collect();
                    if question[..6] != [1, 4, 0, 1, 0, 2] {
                        pending.clear();
                        continue;
                    }
                    let value =
                        i16::try_from(own.load(Ordering::SeqCst)).unwrap_or(0).to_be_bytes();
                    let mut answer = vec![1, 4, 4, value[0], value[1], 0x02, 0x22];
                    let crc = crc(&answer);
                    answer.extend_from_slice(&crc.to_le_bytes());
                    if pty.device.write_all(&answer).is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self { path, tenths: shared, is_ended })
    }

    /// Lets it measure another temperature, in tenths of a degree Celsius.
    pub fn set_tenths(&self, tenths: i16) {
        self.tenths.store(i32::from(tenths), Ordering::SeqCst);
    }
}

impl Drop for XyMd02 {
    fn drop(&mut self) {
        self.is_ended.store(true, Ordering::SeqCst);
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
