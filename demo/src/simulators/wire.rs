//! What simulated serial readers have in common: the field of tags, and a line with a pace and faults.
//!
//! The way through: a simulated reader makes a [`Field`] and calls [`attach`], which gives the [`Line`] that it answers
//! on and the bytes of the host.
//!
//! What holds: a line writes no faster than its baud rate, and the same seed makes the same faults.
//!
//! Not here: any maker's bytes.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::simulators::pty::{self, Pty};
use crate::simulators::seeded::Seeded;

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

/// Tags in a field, and which field it is: the number grows with every one that is set.
#[derive(Debug, Default, Clone)]
pub struct Tags {
    /// Number of the field.
    pub number: u64,
    /// EPC banks.
    pub epcs: Vec<Vec<u8>>,
}

/// What a reader's thread shares with whoever holds the reader.
#[derive(Debug, Default)]
pub struct Field {
    tags: Mutex<Tags>,
    rounds: AtomicU64,
    notices: AtomicU64,
    stop: AtomicBool,
}

impl Field {
    /// Puts these tags, EPC banks, into the field, in place of those there; rounds count from 0 again.
    pub fn set(&self, epcs: Vec<Vec<u8>>) {
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        *tags = Tags { number: tags.number + 1, epcs };
        self.rounds.store(0, Ordering::SeqCst);
    }

    /// The tags.
    #[must_use]
    pub fn tags(&self) -> Tags {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every tag of field `number` was read once more; counts only if that field is still there.
    pub fn end_round(&self, number: u64) {
        let tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        if tags.number == number {
            self.rounds.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// How often every tag of the field was read since it was set.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::SeqCst)
    }

    /// A tag was reported.
    pub fn count_notice(&self) {
        self.notices.fetch_add(1, Ordering::SeqCst);
    }

    /// Tags reported so far.
    #[must_use]
    pub fn notices(&self) -> u64 {
        self.notices.load(Ordering::SeqCst)
    }

    /// Ends the reader.
    pub fn end(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Whether the reader was ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// The reader's end of a line.
#[derive(Debug)]
pub struct Line {
    pty: Pty,
    /// Makes what looks like chance in the reader.
    pub numbers: Seeded,
    faults: Faults,
    bytes_per_s: f64,
    frames: u64,
    due: Instant,
}

impl Line {
    /// Writes one frame at the line's pace, with the faults asked for. The last byte belongs to the checksum.
    ///
    /// # Errors
    ///
    /// If the other end is gone.
    pub fn send(&mut self, frame: &[u8]) -> std::io::Result<()> {
        self.frames += 1;
        let mut bytes = frame.to_vec();
        let is_hit = |every: u64| every > 0 && self.frames.is_multiple_of(every);
        if is_hit(self.faults.bad_checksum_every)
            && let Some(last) = bytes.last_mut()
        {
            *last ^= 0x55;
        }
        if is_hit(self.faults.garbage_every) {
            bytes.splice(0..0, [0x13, 0xFF, 0x00, 0x80, 0x7E]);
        }
        self.pace(bytes.len());
        if self.faults.in_pieces {
            bytes.chunks(5).try_for_each(|piece| self.pty.device.write_all(piece))
        } else {
            self.pty.device.write_all(&bytes)
        }
    }

    /// Writes bytes as they are at the line's pace.
    ///
    /// # Errors
    ///
    /// If the other end is gone.
    pub fn play(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.pace(bytes.len());
        self.pty.device.write_all(bytes)
    }

    /// Waits until so many bytes may have passed.
    fn pace(&mut self, count: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a piece has at most a few thousand bytes")]
        let time = Duration::from_secs_f64(count as f64 / self.bytes_per_s);
        self.due = self.due.max(Instant::now()) + time;
        std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.pty.release();
    }
}

/// A line of this many baud (8 bits, no parity, 1 stop bit), its path, and what the host writes on it.
///
/// # Errors
///
/// If no pseudo-terminal can be had.
pub fn attach(
    baud: u32,
    seed: u64,
    faults: Faults,
    field: &Arc<Field>,
) -> std::io::Result<(Line, PathBuf, Receiver<Vec<u8>>)> {
    let pty = Pty::open()?;
    let path = pty.path.clone();
    let mut device = pty.device.try_clone()?;
    let (sender, receiver) = channel();
    let field = Arc::clone(field);
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        while !field.is_ended() {
            let Ok(bytes) = pty::read(&mut device, &mut buffer) else { return };
            if !bytes.is_empty() && sender.send(bytes.to_vec()).is_err() {
                return;
            }
        }
    });
    let line = Line {
        pty,
        numbers: Seeded::new(seed),
        faults,
        bytes_per_s: f64::from(baud) / 10.0,
        frames: 0,
        due: Instant::now(),
    };
    Ok((line, path, receiver))
}
