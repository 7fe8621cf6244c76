//! Keeps the open windows, spools everything before anybody is told it is safe, and closes windows.
//!
//! The way through: lines send [`Input`]s over a bounded channel; [`Keeper::run`] takes what waits (at most
//! `GROUP` inputs), writes it to the spool in one commit, lets the senders acknowledge, and closes the windows
//! that are due: settle, deliveries, close, in one commit.
//!
//! What holds:
//!
//! - an [`Acknowledge`] runs only after the commit that holds what it stands for;
//! - a disk that is full stops the taking, not the bridge: when it can be written, all goes on from what is on it;
//! - a window that was open at a crash is taken up again with all that was in it;
//! - reads keep the order in which they arrived;
//! - a tag that is passing when its window has lasted long enough is settled with the next one, which takes its
//!   reads along in the same commit;
//! - a message that a broker or a device sends again, to the byte and with a time in it, is taken once;
//! - when the spool is full, old messages, dead letters and closed windows are forgotten, in this order; when there
//!   are none, raw reads are dropped and the gap is recorded; observations, readings and deliveries never.
//!
//! Not here: what a window is and what is known when it closes ([`settling::floor`]), what it comes to ([`settling::settle`]), sending ([`crate::deliver`]).

pub(crate) mod notes;
pub mod silence;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use devices::message::Taken;
use jiff::{SignedDuration, Timestamp};
use reads::{Finding, Window, code};
use settling::clock::OwnClock;
use settling::floor::{Floor, Open};
use settling::moment::Moment;
use settling::settings::ReaderSettings;
use settling::settle;

use self::notes::{cut, note, put_setting};
use self::silence::Silence;
use crate::config::Reader;
use crate::deliver::pause;
use crate::metrics::Metrics;
use crate::spool::{self, Batch, Forgotten, RETRY, Spool, SpoolError, Waiting};

/// Most inputs in one commit.
const GROUP: usize = 100;
/// How often windows are looked at when nothing arrives.
const TICK: Duration = Duration::from_millis(20);

/// Tells a sender that what it sent is on disk.
pub type Acknowledge = Box<dyn FnOnce() + Send>;

/// What a line hands in.
pub struct Input {
    /// The reader's place in the configuration.
    pub source: usize,
    /// What it brought.
    pub taken: Taken,
    /// Digest of the message it came in, if the same digest can only mean a repetition.
    pub message: Option<ledger::Hash>,
    /// What to do once it is on disk.
    pub acknowledge: Option<Acknowledge>,
}

impl Input {
    /// What nobody waits for.
    #[must_use]
    pub fn of(source: usize, taken: Taken) -> Self {
        Self { source, taken, message: None, acknowledge: None }
    }

    /// The same, without what to do once it is on disk.
    fn again(&self) -> Self {
        Self {
            source: self.source,
            taken: self.taken.clone(),
            message: self.message,
            acknowledge: None,
        }
    }
}

/// Keeps the windows of all readers of one bridge.
pub struct Keeper {
    bridge: String,
    max_spool_bytes: u64,
    keep_windows: SignedDuration,
    boot: u64,
    /// Whether reads were dropped for want of room, and there is still little.
    is_full: bool,
    /// The start, from which [`Moment::up`] counts.
    begun: Instant,
    spool: Spool,
    floor: Floor,
    silences: HashMap<usize, Silence>,
    clock: OwnClock,
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
    /// Opens the spool, takes up the windows that were open, and notes what was configured since.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open(settings: KeeperSettings, metrics: Metrics) -> Result<Self, SpoolError> {
        let now = Moment { at: Timestamp::now(), up: Duration::ZERO };
        let mut spool = Spool::open(&settings.spool)?;
        let boot = spool.new_boot(now.at)?;
        let readers = settings.readers.iter().map(Reader::settling).collect();
        let floor = take_up(&spool, readers, now)?;
        let mut batch = spool.begin()?;
        let mut silences = HashMap::new();
        for (source, reader) in settings.readers.iter().enumerate() {
            for (name, value) in reader.configured() {
                put_setting(&mut batch, &metrics, &reader.id, &name, &value, now.at)?;
            }
            if let Some(after) = reader.silent_after() {
                silences.insert(source, Silence::new(after, reader.sensors(), now));
            }
        }
        batch.commit()?;
        Ok(Self {
            bridge: settings.bridge,
            max_spool_bytes: settings.max_spool_bytes,
            keep_windows: settings.keep_windows,
            boot,
            is_full: false,
            begun: Instant::now(),
            spool,
            floor,
            silences,
            clock: OwnClock::new(now),
            metrics,
        })
    }

    fn now(&self) -> Moment {
        Moment { at: Timestamp::now(), up: self.begun.elapsed() }
    }

    /// Takes inputs until every sender is gone or `stop` is set; then closes what is open and ends.
    ///
    /// # Errors
    ///
    /// [`SpoolError`] if the spool is damaged, or cannot be written when `stop` is set: then nothing more may be
    /// acknowledged.
    pub fn run(mut self, inputs: &Receiver<Input>, stop: &AtomicBool) -> Result<(), SpoolError> {
        let mut tidied = Instant::now();
        let mut looked = Instant::now();
        loop {
            let now = self.now();
            let (mut group, queue) = wait(inputs);
            let is_over = match queue {
                Queue::More => false,
                Queue::Empty => group.is_empty() && stop.load(Ordering::Relaxed),
                Queue::Over => true,
            };
            if !group.is_empty() {
                self.hear_from(&mut group);
                let acknowledgements: Vec<Acknowledge> =
                    group.iter_mut().filter_map(|input| input.acknowledge.take()).collect();
                self.persist(stop, |keeper| keeper.take(group.iter().map(Input::again).collect()))?;
                for acknowledge in acknowledgements {
                    acknowledge();
                }
            }
            if queue != Queue::More {
                self.floor.seen(now);
                if looked.elapsed() > Duration::from_secs(1) {
                    looked = Instant::now();
                    self.persist(stop, |keeper| keeper.look_around(now))?;
                    self.persist(stop, Self::look_for_departures)?;
                }
            }
            self.persist(stop, |keeper| keeper.close_due(is_over))?;
            if is_over {
                return Ok(());
            }
            if tidied.elapsed() > Duration::from_mins(1) {
                tidied = Instant::now();
                self.persist(stop, Self::tidy)?;
            }
        }
    }

    fn tidy(&mut self) -> Result<(), SpoolError> {
        let now = Timestamp::now();
        self.floor.forget(now);
        let mut batch = self.spool.begin()?;
        let forgotten = batch.forget_old(now, self.keep_windows)?;
        batch.commit()?;
        self.metrics.forgot(forgotten);
        Ok(())
    }

    /// Does `work` until the spool takes it.
    fn persist(
        &mut self,
        stop: &AtomicBool,
        mut work: impl FnMut(&mut Self) -> Result<(), SpoolError>,
    ) -> Result<(), SpoolError> {
        loop {
            match work(self) {
                Err(error) if error.passes() => self.outlast(error, stop)?,
                other => return other,
            }
        }
    }

    /// Waits until the spool can be written, and takes up what is in it, as after a restart: what is in memory may
    /// be ahead of a commit that failed.
    fn outlast(&mut self, error: SpoolError, stop: &AtomicBool) -> Result<(), SpoolError> {
        tracing::error!(%error, "the spool cannot be written; nothing is taken until it can");
        self.metrics.spool_writable.set(0);
        let text = format!(
            "the spool could not be written ({error}): nothing was taken meanwhile. Brokers and network readers kept \
             what they had; what serial readers saw is lost. Free the disk that the spool is on, or mend it"
        );
        loop {
            pause(RETRY, stop);
            if stop.load(Ordering::Relaxed) {
                return Err(error);
            }
            match self.resume(&text) {
                Ok(()) => break,
                Err(again) if again.passes() => {}
                other => return other,
            }
        }
        self.metrics.spool_writable.set(1);
        tracing::info!("the spool can be written again");
        Ok(())
    }

    fn resume(&mut self, text: &str) -> Result<(), SpoolError> {
        let now = self.now();
        self.floor = take_up(&self.spool, self.floor.readers().to_vec(), now)?;
        let mut batch = self.spool.begin()?;
        let finding = Finding { code: spool::code::DISK, text: text.to_owned() };
        batch.add_finding(&self.bridge, &finding, now.at)?;
        batch.commit()?;
        self.metrics.findings.with_label_values(&[&self.bridge, finding.code]).inc();
        Ok(())
    }

    /// Tells what should have come and has not, and whether the clock was set.
    fn look_around(&mut self, now: Moment) -> Result<(), SpoolError> {
        let mut told = Vec::new();
        let of = |source, code, text| {
            let findings = vec![Finding { code, text }];
            Input::of(source, Taken { findings, ..Taken::default() })
        };
        if let Some(text) = self.clock.look(now) {
            self.floor.clock_was_set(now.up);
            told.extend(
                (0..self.floor.readers().len()).map(|source| of(source, code::CLOCK, text.clone())),
            );
        }
        for (source, silence) in self.floor.fallen_silent() {
            let text = format!(
                "nothing has come from the reader for {} s; look at its power, its network and the topic it publishes to",
                silence.as_secs()
            );
            told.push(of(source, code::LOST, text));
        }
        for (source, silence) in &mut self.silences {
            let findings = silence.tick(now);
            if !findings.is_empty() {
                told.push(Input::of(*source, Taken { findings, ..Taken::default() }));
            }
        }
        if told.is_empty() { Ok(()) } else { self.take(told) }
    }

    /// Heeds that messages came, whatever is in them, and says it of readers whose silence was told.
    fn hear_from(&mut self, group: &mut Vec<Input>) {
        let up = self.begun.elapsed();
        for place in 0..group.len() {
            let source = group[place].source;
            if group[place].acknowledge.is_some() && self.floor.live(source, up) {
                let text = "messages come from the reader again".to_owned();
                let findings = vec![Finding { code: code::BACK, text }];
                group.push(Input::of(source, Taken { findings, ..Taken::default() }));
            }
        }
    }

    /// Writes a group of inputs to the spool; when this returned, they may be acknowledged.
    fn take(&mut self, group: Vec<Input>) -> Result<(), SpoolError> {
        let now = self.now();
        let is_full = self.make_room()?;
        let mut pieces: HashMap<i64, Window> = HashMap::new();
        let mut batch = self.spool.begin()?;
        for input in group {
            let Input { source, mut taken, message, acknowledge: _ } = input;
            let reader = self.floor.readers()[source].id.clone();
            if let Some(digest) = message
                && !batch.remember_message(&digest.0, now.at)?
            {
                self.metrics.repeated.with_label_values(&[&reader]).inc();
                taken = Taken { findings: std::mem::take(&mut taken.findings), ..Taken::default() };
            }
            for letter in &taken.dead_letters {
                self.metrics.dead_letters.with_label_values(&[&reader]).inc();
                let bytes = letter.payload.len();
                tracing::warn!(reader.id = reader, reason = letter.reason, bytes, "dead letter");
                batch.dead_letter(&reader, &letter.reason, &letter.payload, now.at)?;
            }
            for setting in &taken.settings {
                let (name, value) = (setting.name, &setting.value);
                put_setting(&mut batch, &self.metrics, &reader, name, value, now.at)?;
            }
            if let Some(silence) = self.silences.get_mut(&source) {
                let told = taken.readings.iter().filter(|reading| !reading.stale);
                let over: Vec<Finding> =
                    told.filter_map(|reading| silence.reported(&reading.sensor, now)).collect();
                taken.findings.extend(over);
            }
            for antenna in &taken.antennas {
                self.floor.antenna(source, antenna.port, antenna.is_there, now.up);
            }
            for finding in &taken.findings {
                note(&mut batch, &self.metrics, &reader, finding, now.at)?;
                self.floor.heed(source, finding.code, now.up);
                if finding.code == code::GAP {
                    let window = open_window(&mut self.floor, &mut batch, source, now)?;
                    window.begin(now.up);
                    batch.add_gap(window.window, &cut(&finding.text))?;
                }
            }
            let has_content =
                !taken.reads.is_empty() || !taken.readings.is_empty() || !taken.edges.is_empty();
            if !has_content {
                continue;
            }
            self.metrics.reads.with_label_values(&[&reader]).inc_by(taken.reads.len() as u64);
            self.metrics.readings.with_label_values(&[&reader]).inc_by(taken.readings.len() as u64);
            let window = open_window(&mut self.floor, &mut batch, source, now)?;
            let number = window.window;
            let marks = (window.suspect_clock, window.late);
            for reading in taken.readings {
                batch.add_reading(number, &reading)?;
                window.sensors.push(reading);
            }
            for edge in taken.edges {
                if self.floor.take_edge(source, edge, now.up) {
                    batch.add_edge(number, &edge)?;
                } else {
                    self.metrics.other_events.with_label_values(&[&reader]).inc();
                }
            }
            if is_full && !taken.reads.is_empty() {
                let count = taken.reads.len();
                self.metrics.dropped.with_label_values(&["spool-full"]).inc_by(count as u64);
                batch.add_dropped(number, count as u64)?;
                // Tags that were read and forgotten are not gone.
                self.floor.lose(source);
                continue;
            }
            self.floor.hear(source, now.up);
            let piece = pieces.entry(number).or_default();
            for read in self.floor.take(source, taken.reads, now.up) {
                piece.push(&read);
            }
            if let Some(window) = self.floor.window(source)
                && marks != (window.suspect_clock, window.late)
            {
                batch.mark_window(number, window.suspect_clock, window.late)?;
            }
        }
        for (number, piece) in &pieces {
            batch.add_raw(*number, piece.bytes())?;
        }
        batch.commit()
    }

    /// Whether the spool is full and nothing in it can be forgotten; that it begins or ends to be so is found.
    fn make_room(&mut self) -> Result<bool, SpoolError> {
        let (used, most) = (self.spool.used_bytes()?, self.max_spool_bytes);
        if used > most {
            let mut batch = self.spool.begin()?;
            let forgotten = batch.make_room(Timestamp::now())?;
            batch.commit()?;
            self.metrics.forgot(forgotten);
            let is_full = forgotten == Forgotten::default();
            if is_full && !self.is_full {
                let text = format!(
                    "the spool holds the {most} bytes that max_spool_bytes allows, and nothing in it can be \
                     forgotten: reads are dropped, and their windows say how many. Deliveries wait because ingest \
                     is away, or were refused (`chopmark reader resend --list`): mend that, or allow more"
                );
                self.find(spool::code::FULL, &text)?;
                self.is_full = true;
            }
            return Ok(is_full);
        }
        // Well below the bound, so that it is not told again with every group.
        if self.is_full && used <= most / 10 * 9 {
            self.find(spool::code::ROOM, "there is room in the spool again; reads are kept")?;
            self.is_full = false;
        }
        Ok(false)
    }

    /// Keeps a finding about the bridge itself.
    fn find(&mut self, code: &'static str, text: &str) -> Result<(), SpoolError> {
        let mut batch = self.spool.begin()?;
        let finding = Finding { code, text: text.to_owned() };
        note(&mut batch, &self.metrics, &self.bridge, &finding, Timestamp::now())?;
        batch.commit()
    }

    /// Opens windows for shelves from which tags departed while nothing was read.
    fn look_for_departures(&mut self) -> Result<(), SpoolError> {
        let now = self.now();
        for source in self.floor.left_silently() {
            let mut batch = self.spool.begin()?;
            open_window(&mut self.floor, &mut batch, source, now)?;
            batch.commit()?;
        }
        Ok(())
    }

    /// Closes the windows that are due, or all of them.
    fn close_due(&mut self, all: bool) -> Result<(), SpoolError> {
        for source in self.floor.due(all, self.begun.elapsed()) {
            let Some(window) = self.floor.remove(source) else { continue };
            self.close(source, window, all)?;
        }
        Ok(())
    }

    fn close(&mut self, source: usize, window: Open, all: bool) -> Result<(), SpoolError> {
        let (number, now) = (window.window, self.now());
        let digest = window.raw.digest().to_string();
        let closing = self
            .floor
            .closing(source, window, all, now)
            .map_err(|error| SpoolError::Data(error.to_string()))?;
        let Some((mut closing, reads)) = closing else { return Ok(()) };
        closing.bridge.clone_from(&self.bridge);
        closing.boot = self.boot;
        closing.gaps = self.spool.gaps(number)?;
        let mut batch = self.spool.begin()?;
        closing.seq = batch.last_seq(self.boot)? + 1;
        let came_to = settle::close(&closing, &reads, &digest);
        for delivery in &came_to.deliveries {
            let seq = batch.next_seq(self.boot)?;
            let waiting = Waiting { boot: self.boot, seq, body: delivery.to_bytes() };
            batch.add_delivery(number, &waiting)?;
        }
        for (epc, tag) in &came_to.presence {
            batch.put_tag_at_rest(epc, tag)?;
        }
        batch.close_window(number, &digest, &closing)?;
        let mut carried = Floor::carried(&closing, &reads, now);
        if let Some(window) = &mut carried {
            window.window = batch.open_window(&closing.reader, window.opened)?;
            batch.add_raw(window.window, window.raw.bytes())?;
            batch.mark_window(window.window, window.suspect_clock, window.late)?;
            for edge in &window.edges {
                batch.add_edge(window.window, edge)?;
            }
            for gap in &closing.gaps {
                batch.add_gap(window.window, gap)?;
            }
        }
        batch.commit()?;
        if let Some(window) = carried {
            self.floor.open(source, window);
        }
        self.floor.follow(came_to.presence, now.up);
        let reader = closing.reader;
        self.metrics.windows.with_label_values(&[&reader]).inc();
        self.metrics.observations.inc_by(came_to.observations as u64);
        let movements: usize = came_to.deliveries.iter().map(|one| one.movements.len()).sum();
        self.metrics.movements.inc_by(movements as u64);
        if !came_to.deliveries.is_empty() {
            tracing::info!(
                reader.id = reader,
                reads = reads.len(),
                observations = came_to.observations,
                movements,
                sensors = closing.sensors.len(),
                "window settled"
            );
        }
        Ok(())
    }
}

/// Takes up from the spool what the last life left: where tags are, and the windows that were open.
fn take_up(spool: &Spool, readers: Vec<ReaderSettings>, now: Moment) -> Result<Floor, SpoolError> {
    let mut floor = Floor::new(readers, spool.tags_at_rest()?, now);
    for left in spool.open_windows()? {
        let Some(source) = floor.readers().iter().position(|r| r.id == left.source) else {
            tracing::warn!(
                reader.id = left.source,
                "an open window belongs to no configured reader"
            );
            continue;
        };
        let bytes = spool.raw(left.window)?;
        let reads = Window::parse(&bytes).map_err(|error| SpoolError::Data(error.to_string()))?;
        let mut window = Open::new(left.window, now);
        window.opened = left.opened;
        for read in &reads {
            window.raw.push(read);
        }
        window.sensors = spool.readings(left.window)?;
        window.edges = spool.edges(left.window)?;
        (window.suspect_clock, window.late) = (left.suspect, left.late);
        window.begin(now.up);
        floor.restore(source, &reads, &window.edges);
        floor.open(source, window);
    }
    Ok(floor)
}

/// What is left of the inputs after a group was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Queue {
    More,
    Empty,
    Over,
}

/// Waits for inputs, a [`TICK`] at most, and takes those that wait, a [`GROUP`] at most.
fn wait(inputs: &Receiver<Input>) -> (Vec<Input>, Queue) {
    let mut group = match inputs.recv_timeout(TICK) {
        Ok(input) => vec![input],
        Err(RecvTimeoutError::Timeout) => return (Vec::new(), Queue::Empty),
        Err(RecvTimeoutError::Disconnected) => return (Vec::new(), Queue::Over),
    };
    while group.len() < GROUP {
        match inputs.try_recv() {
            Ok(input) => group.push(input),
            // If it is over, the next call says so.
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return (group, Queue::Empty),
        }
    }
    (group, Queue::More)
}

/// The reader's open window; one is opened if there is none.
fn open_window<'a>(
    floor: &'a mut Floor,
    batch: &mut Batch<'_>,
    source: usize,
    now: Moment,
) -> Result<&'a mut Open, SpoolError> {
    if floor.window(source).is_none() {
        let number = batch.open_window(&floor.readers()[source].id, now.at)?;
        floor.open(source, Open::new(number, now));
    }
    floor.window(source).ok_or_else(|| SpoolError::Data(format!("no window of source {source}")))
}

#[cfg(test)]
mod tests;
