//! Keeps the open windows, spools every read before anybody is told it is safe, and closes windows.
//!
//! The way through: readers send [`Input`]s over a bounded channel; [`Keeper::run`] takes what waits (at most
//! `GROUP` inputs), writes it to the spool in one commit, lets the senders acknowledge, and closes windows
//! that were quiet long enough: settle, delivery, close, in one commit.
//!
//! What holds:
//!
//! - an [`Acknowledge`] runs only after the commit that holds its reads;
//! - a window that was open at a crash is taken up again from its raw reads;
//! - reads keep the order in which they arrived;
//! - a message that a broker or a reader sends again, to the byte and with a time in it, is taken once.
//!
//! Not here: sending ([`crate::deliver`]).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use reads::{CONTRACT, Delivery, MAX_OBSERVATIONS, Read, SensorReading, Window};

use crate::config::Reader;
use crate::metrics::Metrics;
use crate::settle::settle;
use crate::spool::{Spool, SpoolError, Waiting};

/// Most inputs in one commit.
const GROUP: usize = 100;
/// How often windows are looked at when nothing arrives.
const TICK: Duration = Duration::from_millis(20);
/// A reader's clock further ahead than this is not believed.
const AHEAD: SignedDuration = SignedDuration::from_secs(5);
/// Reads older than this when they arrive are late; older than an hour, the clock is not believed.
const LATE: SignedDuration = SignedDuration::from_secs(60);
/// Beyond this, a reader's clock is wrong rather than its buffer long.
const BEHIND: SignedDuration = SignedDuration::from_hours(24);

/// Tells a sender that what it sent is on disk.
pub type Acknowledge = Box<dyn FnOnce() + Send>;

/// What readers and sensors hand in; `source` is the reader's place in the configuration.
pub enum Input {
    /// Reads of a reader.
    Reads {
        /// Which reader.
        source: usize,
        /// The reads.
        reads: Vec<Read>,
        /// Digest of the message they came in, if the same message can only be a repetition.
        message: Option<ledger::Hash>,
        /// What to do once they are on disk.
        acknowledge: Option<Acknowledge>,
    },
    /// Readings of a sensor.
    Readings {
        /// Which reader.
        source: usize,
        /// The readings.
        readings: Vec<SensorReading>,
    },
    /// Something that cannot be used.
    DeadLetter {
        /// Which reader.
        source: usize,
        /// Why not.
        reason: String,
        /// What it was.
        payload: Vec<u8>,
        /// What to do once it is kept.
        acknowledge: Option<Acknowledge>,
    },
}

/// An open window in memory; its reads are on disk as well.
struct Open {
    window: i64,
    opened: Timestamp,
    last: Instant,
    since: Instant,
    raw: Window,
    sensors: Vec<SensorReading>,
    suspect_clock: bool,
    late: bool,
}

/// Keeps the windows of all readers of one bridge.
pub struct Keeper {
    bridge: String,
    boot: u64,
    readers: Vec<Reader>,
    spool: Spool,
    max_spool_bytes: u64,
    keep_windows: SignedDuration,
    open: HashMap<usize, Open>,
    metrics: Metrics,
}

/// What a keeper needs to know.
pub struct KeeperSettings {
    /// The bridge's name.
    pub bridge: String,
    /// The spool's file.
    pub spool: PathBuf,
    /// Bytes beyond which raw reads are dropped.
    pub max_spool_bytes: u64,
    /// How long raw windows are kept after closing.
    pub keep_windows: SignedDuration,
    /// The readers.
    pub readers: Vec<Reader>,
}

impl Keeper {
    /// Opens the spool and takes up the windows that were open.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open(settings: KeeperSettings, metrics: Metrics) -> Result<Self, SpoolError> {
        let mut spool = Spool::open(&settings.spool)?;
        let boot = spool.new_boot(Timestamp::now())?;
        let mut open = HashMap::new();
        for left in spool.open_windows()? {
            let Some(source) = settings.readers.iter().position(|r| r.id == left.source) else {
                tracing::warn!(
                    reader.id = left.source,
                    "an open window belongs to no configured reader"
                );
                continue;
            };
            let bytes = spool.raw(left.window)?;
            let reads =
                Window::parse(&bytes).map_err(|error| SpoolError::Data(error.to_string()))?;
            let mut raw = Window::default();
            for read in &reads {
                raw.push(read);
            }
            let now = Instant::now();
            open.insert(
                source,
                Open {
                    window: left.window,
                    opened: left.opened,
                    last: now,
                    since: now,
                    raw,
                    sensors: Vec::new(),
                    suspect_clock: false,
                    late: false,
                },
            );
        }
        Ok(Self {
            bridge: settings.bridge,
            boot,
            readers: settings.readers,
            spool,
            max_spool_bytes: settings.max_spool_bytes,
            keep_windows: settings.keep_windows,
            open,
            metrics,
        })
    }

    /// Takes inputs until every sender is gone or `stop` is set; then closes what is open and ends.
    ///
    /// # Errors
    ///
    /// [`SpoolError`] if the disk fails: then nothing more may be acknowledged.
    pub fn run(
        mut self,
        inputs: &Receiver<Input>,
        stop: &Arc<AtomicBool>,
    ) -> Result<(), SpoolError> {
        let mut forgotten = Instant::now();
        loop {
            let mut group = Vec::new();
            let is_over = match inputs.recv_timeout(TICK) {
                Ok(input) => {
                    group.push(input);
                    while group.len() < GROUP {
                        match inputs.try_recv() {
                            Ok(input) => group.push(input),
                            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                        }
                    }
                    false
                }
                Err(RecvTimeoutError::Timeout) => stop.load(Ordering::Relaxed),
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if !group.is_empty() {
                self.take(group)?;
            }
            self.close_quiet(is_over)?;
            if is_over {
                return Ok(());
            }
            if forgotten.elapsed() > Duration::from_mins(1) {
                forgotten = Instant::now();
                let before = Timestamp::now() - self.keep_windows;
                let mut batch = self.spool.begin()?;
                batch.forget_windows(before)?;
                batch.commit()?;
            }
        }
    }

    /// Writes a group of inputs to the spool, then acknowledges them.
    fn take(&mut self, group: Vec<Input>) -> Result<(), SpoolError> {
        let now = Timestamp::now();
        let is_full = self.spool.used_bytes()? > self.max_spool_bytes;
        let mut acknowledgements = Vec::new();
        let mut batch = self.spool.begin()?;
        let mut pieces: HashMap<usize, Window> = HashMap::new();
        for input in group {
            match input {
                Input::Reads { source, reads, message, acknowledge } => {
                    acknowledgements.extend(acknowledge);
                    if let Some(digest) = message
                        && !batch.remember_message(&digest.0, now)?
                    {
                        let reader = &self.readers[source].id;
                        self.metrics.repeated.with_label_values(&[reader]).inc();
                        continue;
                    }
                    self.metrics
                        .reads
                        .with_label_values(&[&self.readers[source].id])
                        .inc_by(reads.len() as u64);
                    let window =
                        open_window(&mut self.open, &mut batch, &self.readers, source, now)?;
                    if is_full && !reads.is_empty() {
                        self.metrics
                            .dropped
                            .with_label_values(&["spool-full"])
                            .inc_by(reads.len() as u64);
                        batch.add_gap(
                            window.window,
                            &format!("{} reads dropped, spool full", reads.len()),
                        )?;
                        continue;
                    }
                    let piece = pieces.entry(source).or_default();
                    for mut read in reads {
                        judge_clock(&mut read, window);
                        piece.push(&read);
                        window.raw.push(&read);
                    }
                }
                Input::Readings { source, readings } => {
                    let reader = &self.readers[source].id;
                    self.metrics
                        .readings
                        .with_label_values(&[reader])
                        .inc_by(readings.len() as u64);
                    let window =
                        open_window(&mut self.open, &mut batch, &self.readers, source, now)?;
                    window.sensors.extend(readings);
                }
                Input::DeadLetter { source, reason, payload, acknowledge } => {
                    acknowledgements.extend(acknowledge);
                    let reader = &self.readers[source].id;
                    self.metrics.dead_letters.with_label_values(&[reader]).inc();
                    tracing::warn!(
                        reader.id = reader,
                        reason,
                        bytes = payload.len(),
                        "dead letter"
                    );
                    batch.dead_letter(reader, &reason, &payload, now)?;
                }
            }
        }
        for (source, piece) in &pieces {
            if let Some(window) = self.open.get(source) {
                batch.add_raw(window.window, piece.bytes())?;
            }
        }
        batch.commit()?;
        for acknowledge in acknowledgements {
            acknowledge();
        }
        Ok(())
    }

    /// Closes windows that were quiet or open long enough, or all of them.
    fn close_quiet(&mut self, all: bool) -> Result<(), SpoolError> {
        let due: Vec<usize> = self
            .open
            .iter()
            .filter(|(source, window)| {
                let settle = &self.readers[**source].settle;
                all || window.last.elapsed() >= settle.quiet()
                    || window.since.elapsed() >= settle.longest()
                    || window.sensors.len() >= MAX_OBSERVATIONS
            })
            .map(|(source, _)| *source)
            .collect();
        for source in due {
            let Some(window) = self.open.remove(&source) else { continue };
            self.close(source, &window)?;
        }
        Ok(())
    }

    fn close(&mut self, source: usize, window: &Open) -> Result<(), SpoolError> {
        let reader = &self.readers[source];
        let closed = Timestamp::now();
        let reads = Window::parse(window.raw.bytes())
            .map_err(|error| SpoolError::Data(error.to_string()))?;
        let observations = settle(&reads);
        let digest = window.raw.digest().to_string();
        let gaps = self.spool.gaps(window.window)?;
        let mut batch = self.spool.begin()?;
        // A window with more tags than one delivery takes becomes several; all name the same window.
        let mut parts: Vec<&[reads::Observation]> = observations.chunks(MAX_OBSERVATIONS).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        for (place, part) in parts.into_iter().enumerate() {
            let seq = batch.next_seq(self.boot)?;
            let delivery = Delivery {
                contract: CONTRACT.to_owned(),
                bridge: self.bridge.clone(),
                boot: self.boot,
                seq,
                reader: reader.id.clone(),
                read_point: reader.read_point.clone(),
                opened: window.opened,
                closed: closed.max(window.opened),
                reads: window.raw.len(),
                window_digest: digest.clone(),
                suspect_clock: window.suspect_clock,
                late: window.late,
                gaps: gaps.clone(),
                observations: part.to_vec(),
                sensors: if place == 0 { window.sensors.clone() } else { Vec::new() },
            };
            batch.add_delivery(&Waiting { boot: self.boot, seq, body: delivery.to_bytes() })?;
        }
        batch.close_window(window.window, &digest, closed)?;
        batch.commit()?;
        self.metrics.windows.with_label_values(&[&reader.id]).inc();
        self.metrics.observations.inc_by(observations.len() as u64);
        tracing::info!(
            reader.id,
            reads = window.raw.len(),
            observations = observations.len(),
            sensors = window.sensors.len(),
            "window settled"
        );
        Ok(())
    }
}

fn open_window<'a>(
    open: &'a mut HashMap<usize, Open>,
    batch: &mut crate::spool::Batch<'_>,
    readers: &[Reader],
    source: usize,
    now: Timestamp,
) -> Result<&'a mut Open, SpoolError> {
    use std::collections::hash_map::Entry;
    let window = match open.entry(source) {
        Entry::Occupied(found) => found.into_mut(),
        Entry::Vacant(place) => {
            let window = batch.open_window(&readers[source].id, now)?;
            place.insert(Open {
                window,
                opened: now,
                last: Instant::now(),
                since: Instant::now(),
                raw: Window::default(),
                sensors: Vec::new(),
                suspect_clock: false,
                late: false,
            })
        }
    };
    window.last = Instant::now();
    Ok(window)
}

/// Takes the reader's time where it is sane, else the time of arrival, and notes what was found.
fn judge_clock(read: &mut Read, window: &mut Open) {
    let Some(told) = read.reader_time else { return };
    let age = read.at.duration_since(told);
    if age < -AHEAD || age > BEHIND {
        window.suspect_clock = true;
        return;
    }
    window.late |= age > LATE;
    read.at = told;
}
