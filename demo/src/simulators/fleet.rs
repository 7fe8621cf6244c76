//! Many serial readers at once, each on a pseudo-terminal, all served by one thread.
//!
//! They speak as the R200 family does, at a steady rate, and turn over a fixed number of tags, so that whoever
//! took the reads can tell from the serials alone whether one is missing or out of order.
//!
//! What holds: a reader sends only after it was asked to poll, and reads are counted before they are written.
//!
//! Source: as in [`crate::simulators::r200`].

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::simulators::pty::Pty;

/// Tags that each reader turns over.
pub const TAGS: u64 = 200;

/// Readers that run.
#[derive(Debug)]
pub struct Fleet {
    /// Path of each reader's port.
    pub paths: Vec<PathBuf>,
    sent: Arc<Vec<AtomicU64>>,
    has_tags: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

/// One reader.
struct One {
    pty: Pty,
    is_polling: bool,
    pending: Vec<u8>,
    /// Notices of the tags, in turn.
    notices: Vec<Vec<u8>>,
}

/// The EPC bank of the tag that reader `reader` reports at place `place` of its turn.
#[must_use]
pub fn epc(reader: usize, place: u64) -> Vec<u8> {
    let serial = reader as u64 * TAGS + place % TAGS;
    epc::TagEpc::from_tag_uri(&format!("urn:epc:tag:sgtin-96:1.9521141.012345.{serial}"))
        .and_then(|tag| tag.encode())
        .unwrap_or_default()
}

impl Fleet {
    /// Plugs `count` readers in, each of which sends `reads_per_s` while it is polled.
    ///
    /// # Errors
    ///
    /// If no pseudo-terminals can be had.
    pub fn start(count: usize, reads_per_s: u64) -> std::io::Result<Self> {
        let mut readers = Vec::new();
        let mut paths = Vec::new();
        for number in 0..count {
            let pty = Pty::open()?;
            let flags = OFlag::from_bits_truncate(fcntl(&pty.device, FcntlArg::F_GETFL)?);
            fcntl(&pty.device, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
            paths.push(pty.path.clone());
            let notices = (0..TAGS).map(|place| notice(&epc(number, place))).collect();
            readers.push(One { pty, is_polling: false, pending: Vec::new(), notices });
        }
        let sent: Arc<Vec<AtomicU64>> = Arc::new((0..count).map(|_| AtomicU64::new(0)).collect());
        let fleet = Self {
            paths,
            sent: Arc::clone(&sent),
            has_tags: Arc::new(AtomicBool::new(true)),
            stop: Arc::default(),
        };
        let (stop, has_tags) = (Arc::clone(&fleet.stop), Arc::clone(&fleet.has_tags));
        std::thread::spawn(move || run(readers, reads_per_s, &sent, &has_tags, &stop));
        Ok(fleet)
    }

    /// Reads that each reader sent so far.
    #[must_use]
    pub fn sent(&self) -> Vec<u64> {
        self.sent.iter().map(|sent| sent.load(Ordering::SeqCst)).collect()
    }

    /// Takes all tags out of the field: from now on the readers say that there is none.
    pub fn clear(&self) {
        self.has_tags.store(false, Ordering::SeqCst);
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn frame(kind: u8, command: u8, parameters: &[u8]) -> Vec<u8> {
    let length = u16::try_from(parameters.len()).unwrap_or(0).to_be_bytes();
    let body = [&[kind, command, length[0], length[1]], parameters].concat();
    let sum = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    [&[0xBB], &body[..], &[sum, 0x7E]].concat()
}

fn notice(epc: &[u8]) -> Vec<u8> {
    // -50 dBm, 96 bits of EPC, any tag CRC.
    frame(2, 0x22, &[&[0xCE, 0x30, 0x00], epc, &[0xBE, 0xEF]].concat())
}

fn run(
    mut readers: Vec<One>,
    reads_per_s: u64,
    sent: &[AtomicU64],
    has_tags: &AtomicBool,
    stop: &AtomicBool,
) {
    let turn = Duration::from_micros(1_000_000 / reads_per_s.max(1));
    let mut next = Instant::now();
    let mut turns = 0u64;
    while !stop.load(Ordering::SeqCst) {
        turns += 1;
        let has_tags = has_tags.load(Ordering::SeqCst);
        for (reader, sent) in readers.iter_mut().zip(sent) {
            reader.listen();
            if !reader.is_polling {
                continue;
            }
            if has_tags {
                let place = sent.fetch_add(1, Ordering::SeqCst) % TAGS;
                let place = usize::try_from(place).unwrap_or(0);
                let notice = reader.notices[place].clone();
                reader.write(&notice, stop);
            } else if turns.is_multiple_of(20) {
                reader.write(&frame(1, 0xFF, &[0x15]), stop);
            }
        }
        next += turn;
        if let Some(wait) = next.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
    }
}

impl One {
    /// Takes the host's commands and answers them.
    fn listen(&mut self) {
        let mut buffer = [0; 256];
        while let Ok(count @ 1..) = self.pty.device.read(&mut buffer) {
            self.pending.extend_from_slice(&buffer[..count]);
        }
        while let Some(end) = self.pending.iter().position(|byte| *byte == 0x7E) {
            let command: Vec<u8> = self.pending.drain(..=end).collect();
            let answer = match command.get(2) {
                Some(0x03) => frame(1, 0x03, b"\x00M100 26dBm V1.0"),
                Some(0x08) => frame(1, 0x08, &[3]),
                Some(0xB7) => frame(1, 0xB7, &[0x07, 0xD0]),
                Some(0x0D) => frame(1, 0x0D, &[0x10, 0x20]),
                Some(0x27) => {
                    self.is_polling = true;
                    continue;
                }
                Some(0x28) => {
                    self.is_polling = false;
                    frame(1, 0x28, &[0])
                }
                Some(other) => frame(1, *other, &[0]),
                None => continue,
            };
            self.pty.device.write_all(&answer).ok();
        }
    }

    /// Writes all of it, waiting for room: a real line has no room to wait for, but a reader that is not drained
    /// must show as a slow one here, not as lost bytes that nobody can account for.
    fn write(&mut self, mut bytes: &[u8], stop: &AtomicBool) {
        while !bytes.is_empty() && !stop.load(Ordering::SeqCst) {
            match self.pty.device.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_micros(200));
                }
                Err(_) => return,
            }
        }
    }
}
