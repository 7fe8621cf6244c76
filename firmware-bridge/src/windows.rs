//! Keeps the open windows, writes everything to the spool before it is acknowledged, and closes windows.
//!
//! The way through: lines send [`Input`]s over a bounded channel; [`Keeper::run`] receives those that wait, of whichever
//! lines (at most `GROUP`), writes them to the spool in one commit (`intake`), lets the senders acknowledge, and closes the windows
//! that are due: settle, deliveries, close, in one commit for some of them.
//!
//! What holds:
//!
//! - an [`Acknowledge`] runs only after the commit that contains its input;
//! - a full disk stops the intake, not the bridge: when the disk can be written again, work goes on from what is on it;
//! - a window that was open at a crash is continued with everything that was in it;
//! - reads keep the order in which they arrived;
//! - of windows that end together no more deliveries are in memory than those of one window, and no commit has more than some MB;
//! - a tag that is passing when its window reaches its longest time is settled with the next window, which receives
//!   its reads in the same commit;
//! - identical timestamped redeliveries of a broker or a device are deduplicated;
//! - when the spool is full, old messages, dead letters and closed windows are deleted, in this order; when there
//!   are none, raw reads are dropped and the gap is recorded; observations, readings and deliveries never.
//!
//! Not here: what a window is and what is known when it closes ([`settling::tracker`]), what it is settled into
//! ([`settling::settle`]), sending ([`crate::deliver`]).

mod intake;
pub(crate) mod notes;
pub mod silence;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use devices::message::DeviceData;
use jiff::SignedDuration;
use process::{Clock, CrashPoints};
use reads::{Finding, Window, code};
use settling::clock::OwnClock;
use settling::closing::Closing;
use settling::moment::Moment;
use settling::settings::ReaderSettings;
use settling::settle;
use settling::tracker::{OpenWindow, WindowTracker};

use self::intake::{Intake, open_window};
use self::notes::{note, put_setting};
use self::silence::SensorSilence;
use crate::config::Reader;
use crate::metrics::Metrics;
use crate::pause::pause;
use crate::sink::{Acknowledge, Input};
use crate::spool::{self, Batch, Forgotten, RETRY, Spool, SpoolError, Waiting};

/// Most inputs in one commit, whichever lines they are of.
const GROUP: usize = 2000;
/// Reads after which no more inputs are added to a commit: some 2 MB, so that no sender waits long for it.
const GROUP_READS: usize = 50_000;
/// How often windows are checked when nothing arrives.
const TICK: Duration = Duration::from_millis(20);
/// Windows that are closed in one commit, at most.
const CLOSED_AT_ONCE: usize = 64;
/// Bytes of deliveries after which no more windows are closed in a commit.
const CLOSED_BYTES: usize = 4 << 20;
/// Most times that something is deleted to make room for one group; each deletes at least 256 windows, if there are as many.
const FORGET_ROUNDS: usize = 64;

/// Keeps the windows of all readers of one bridge.
pub struct Keeper {
    bridge: String,
    max_spool_bytes: u64,
    keep_windows: SignedDuration,
    boot: u64,
    /// Whether the spool was full and there is still little room.
    is_full: bool,
    /// The start, from which [`Moment::up`] counts.
    begun: Instant,
    spool: Spool,
    tracker: WindowTracker,
    silences: HashMap<usize, SensorSilence>,
    clock: Clock,
    clock_check: OwnClock,
    metrics: Metrics,
}

/// Settings of a keeper.
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
    /// Opens the spool, continues the windows that were open, and records settings that were configured since.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open(
        settings: KeeperSettings,
        metrics: Metrics,
        clock: &Clock,
        crash: &CrashPoints,
    ) -> Result<Self, SpoolError> {
        let begun = clock.instant();
        let now = Moment { at: clock.now(), up: Duration::ZERO };
        let mut spool = Spool::open(&settings.spool)?.with_crash_points(crash.clone());
        let boot = spool.new_boot(now.at)?;
        let readers = settings.readers.iter().map(Reader::settling).collect();
        let tracker = resume(&spool, readers, now)?;
        let mut batch = spool.begin()?;
        let mut silences = HashMap::new();
        for (source, reader) in settings.readers.iter().enumerate() {
            for (name, value) in reader.configured() {
                put_setting(&mut batch, &metrics, &reader.id, &name, &value, now.at)?;
            }
            if let Some(after) = reader.silent_after() {
                silences.insert(source, SensorSilence::new(after, reader.sensors(), now));
            }
        }
        batch.commit()?;
        Ok(Self {
            bridge: settings.bridge,
            max_spool_bytes: settings.max_spool_bytes,
            keep_windows: settings.keep_windows,
            boot,
            is_full: false,
            begun,
            spool,
            tracker,
            silences,
            clock: clock.clone(),
            clock_check: OwnClock::new(now),
            metrics,
        })
    }

    fn now(&self) -> Moment {
        Moment { at: self.clock.now(), up: self.up() }
    }

    /// Time since the start.
    fn up(&self) -> Duration {
        self.clock.instant() - self.begun
    }

    /// Receives inputs until every sender is gone or `stop` is set; then closes the open windows and ends.
    ///
    /// # Errors
    ///
    /// [`SpoolError`] if the spool is damaged, or cannot be written when `stop` is set: then nothing more may be
    /// acknowledged.
    pub fn run(mut self, inputs: &Receiver<Input>, stop: &AtomicBool) -> Result<(), SpoolError> {
        let mut last_tidy = self.clock.instant();
        let mut last_check = last_tidy;
        loop {
            let now = self.now();
            let (mut group, queue) = wait(inputs);
            let is_over = match queue {
                Queue::More => false,
                Queue::Empty => group.is_empty() && stop.load(Ordering::Relaxed),
                Queue::Over => true,
            };
            if !group.is_empty() {
                self.note_messages(&mut group);
                let acknowledgements: Vec<Acknowledge> =
                    group.iter_mut().filter_map(|input| input.acknowledge.take()).collect();
                self.persist(stop, |keeper| keeper.take(&group))?;
                for acknowledge in acknowledgements {
                    acknowledge();
                }
            }
            if queue != Queue::More {
                self.tracker.caught_up(now);
                if self.clock.instant() - last_check > Duration::from_secs(1) {
                    last_check = self.clock.instant();
                    self.persist(stop, |keeper| keeper.check_silence_and_clock(now))?;
                    self.persist(stop, Self::open_for_departures)?;
                }
            }
            self.persist(stop, |keeper| keeper.close_due(is_over))?;
            if is_over {
                return Ok(());
            }
            if self.clock.instant() - last_tidy > Duration::from_mins(1) {
                last_tidy = self.clock.instant();
                self.persist(stop, Self::tidy)?;
            }
        }
    }

    fn tidy(&mut self) -> Result<(), SpoolError> {
        let now = self.clock.now();
        self.tracker.forget_residents(now);
        let mut batch = self.spool.begin()?;
        let forgotten = batch.forget_old(now, self.keep_windows)?;
        batch.commit()?;
        self.metrics.forgot(forgotten);
        Ok(())
    }

    /// Repeats `work` until the spool can be written.
    fn persist(
        &mut self,
        stop: &AtomicBool,
        mut work: impl FnMut(&mut Self) -> Result<(), SpoolError>,
    ) -> Result<(), SpoolError> {
        loop {
            match work(self) {
                Err(error) if error.passes() => self.wait_for_spool(error, stop)?,
                other => return other,
            }
        }
    }

    /// Waits until the spool can be written, and continues from what is in it, as after a restart: the state in memory
    /// may be ahead of a commit that failed.
    fn wait_for_spool(&mut self, error: SpoolError, stop: &AtomicBool) -> Result<(), SpoolError> {
        tracing::error!(%error, "the spool cannot be written; nothing is accepted until it can");
        self.metrics.spool_writable.set(0);
        let text = format!(
            "the spool could not be written ({error}): nothing was accepted meanwhile. Brokers and network readers \
             buffered their data; reads of serial readers are lost. Free space on the spool's disk, or repair it"
        );
        loop {
            pause(&self.clock, RETRY, stop);
            if stop.load(Ordering::Relaxed) {
                return Err(error);
            }
            match self.continue_after_outage(&text) {
                Ok(()) => break,
                Err(again) if again.passes() => {}
                other => return other,
            }
        }
        self.metrics.spool_writable.set(1);
        tracing::info!("the spool can be written again");
        Ok(())
    }

    fn continue_after_outage(&mut self, text: &str) -> Result<(), SpoolError> {
        let now = self.now();
        self.tracker = resume(&self.spool, self.tracker.readers().to_vec(), now)?;
        let mut batch = self.spool.begin()?;
        let finding = Finding { code: spool::code::DISK, text: text.to_owned() };
        batch.add_finding(&self.bridge, &finding, now.at)?;
        batch.commit()?;
        self.metrics.findings.with_label_values(&[&self.bridge, finding.code]).inc();
        Ok(())
    }

    /// Reports readers and sensors that became silent, and whether the machine's clock was set.
    fn check_silence_and_clock(&mut self, now: Moment) -> Result<(), SpoolError> {
        let mut inputs = Vec::new();
        let of = |source, code, text| finding_of(source, Finding { code, text });
        if let Some(text) = self.clock_check.look(now) {
            self.tracker.clock_was_set(now.up);
            inputs.extend(
                (0..self.tracker.readers().len())
                    .map(|source| of(source, code::CLOCK, text.clone())),
            );
        }
        for (source, silence) in self.tracker.newly_silent() {
            let text = format!(
                "no message from the reader for {} s; check its power, its network and the topic it publishes to",
                silence.as_secs()
            );
            inputs.push(of(source, code::LOST, text));
        }
        for (source, silence) in &mut self.silences {
            inputs.extend(silence.tick(now).into_iter().map(|found| finding_of(*source, found)));
        }
        if inputs.is_empty() { Ok(()) } else { self.take(&inputs) }
    }

    /// Counts messages as signs of life, whatever is in them, and reports readers whose silence ended.
    fn note_messages(&mut self, group: &mut Vec<Input>) {
        let up = self.up();
        for place in 0..group.len() {
            let source = group[place].source;
            if group[place].acknowledge.is_some() && self.tracker.message_arrived(source, up) {
                let text = "the reader sends messages again".to_owned();
                group.push(finding_of(source, Finding { code: code::BACK, text }));
            }
        }
    }

    /// Writes a group of inputs to the spool; when this returned, they may be acknowledged.
    fn take(&mut self, group: &[Input]) -> Result<(), SpoolError> {
        let now = self.now();
        let is_full = self.make_room()?;
        let mut intake = Intake {
            batch: self.spool.begin()?,
            tracker: &mut self.tracker,
            silences: &mut self.silences,
            metrics: &self.metrics,
            now,
            is_full,
            raw: HashMap::new(),
        };
        for input in group {
            intake.add(input)?;
        }
        intake.commit()
    }

    /// Whether the spool is full and nothing in it can be deleted; reports when that begins and ends.
    fn make_room(&mut self) -> Result<bool, SpoolError> {
        let most = self.max_spool_bytes;
        if self.spool.used_bytes()? > most {
            let is_full = self.forget_until(most)?;
            if is_full && !self.is_full {
                let text = format!(
                    "the spool has reached max_spool_bytes ({most} bytes) and nothing in it can be deleted: reads are \
                     dropped and counted in their windows. Deliveries wait because ingest does not answer, or were \
                     refused (`chopmark reader resend --list`): fix that, or allow more bytes"
                );
                self.find(spool::code::FULL, &text)?;
                self.is_full = true;
            }
            return Ok(is_full);
        }
        // Well below the limit, so that it is not reported again with every group.
        if self.is_full && self.spool.used_bytes()? <= most / 10 * 9 {
            self.find(spool::code::ROOM, "the spool has room again; reads are kept")?;
            self.is_full = false;
        }
        Ok(false)
    }

    /// Deletes what is needed least until the spool is at most `most` bytes; gives whether there was nothing to delete.
    ///
    /// One group may add more than is deleted at once, so this is repeated, but not without end: others wait.
    fn forget_until(&mut self, most: u64) -> Result<bool, SpoolError> {
        let now = self.clock.now();
        for round in 0..FORGET_ROUNDS {
            let mut batch = self.spool.begin()?;
            let forgotten = batch.make_room(now)?;
            batch.commit()?;
            self.metrics.forgot(forgotten);
            if forgotten == Forgotten::default() {
                // If room was made before, this group is kept.
                return Ok(round == 0);
            }
            if self.spool.used_bytes()? <= most {
                break;
            }
        }
        Ok(false)
    }

    /// Stores a finding about the bridge itself.
    fn find(&mut self, code: &'static str, text: &str) -> Result<(), SpoolError> {
        let mut batch = self.spool.begin()?;
        let finding = Finding { code, text: text.to_owned() };
        note(&mut batch, &self.metrics, &self.bridge, &finding, self.clock.now())?;
        batch.commit()
    }

    /// Opens windows for shelves from which tags departed while nothing was read there.
    fn open_for_departures(&mut self) -> Result<(), SpoolError> {
        let now = self.now();
        for source in self.tracker.shelves_with_departures() {
            let mut batch = self.spool.begin()?;
            open_window(&mut self.tracker, &mut batch, source, now)?;
            batch.commit()?;
        }
        Ok(())
    }

    /// Closes the windows that are due, or all of them.
    fn close_due(&mut self, all: bool) -> Result<(), SpoolError> {
        let due = self.tracker.due(all, self.up());
        if due.is_empty() { Ok(()) } else { self.close(&due, all) }
    }

    /// Closes the windows of these readers, some in each commit. The tracker is ahead of the spool until then; if the commit
    /// fails, the tracker is built again from the spool.
    fn close(&mut self, due: &[usize], all: bool) -> Result<(), SpoolError> {
        let mut left = due.iter();
        while !left.as_slice().is_empty() {
            self.close_some(&mut left, all)?;
        }
        Ok(())
    }

    /// Closes windows in one commit.
    fn close_some(
        &mut self,
        left: &mut std::slice::Iter<'_, usize>,
        all: bool,
    ) -> Result<(), SpoolError> {
        let now = self.now();
        let mut batch = self.spool.begin()?;
        let mut settled: Vec<Settled> = Vec::new();
        let mut bytes = 0;
        while settled.len() < CLOSED_AT_ONCE && bytes < CLOSED_BYTES {
            let Some(source) = left.next().copied() else { break };
            let Some(window) = self.tracker.remove(source) else { continue };
            let close = Close { bridge: &self.bridge, boot: self.boot, source, all, now };
            let one = close.window(&mut batch, &mut self.tracker, window)?;
            bytes += one.as_ref().map_or(0, |one| one.bytes);
            settled.extend(one);
        }
        batch.commit()?;
        for one in settled {
            self.count_settled(&one);
        }
        Ok(())
    }

    fn count_settled(&self, settled: &Settled) {
        let Settled { reader, reads, observations, movements, sensors, .. } = settled;
        self.metrics.windows.with_label_values(&[reader]).inc();
        self.metrics.observations.inc_by(*observations as u64);
        self.metrics.movements.inc_by(*movements as u64);
        if settled.bytes > 0 {
            tracing::info!(
                reader.id = reader,
                reads,
                observations,
                movements,
                sensors,
                "window settled"
            );
        }
    }
}

/// What came of a window.
struct Settled {
    reader: String,
    reads: usize,
    observations: usize,
    movements: usize,
    sensors: usize,
    /// Of its deliveries; 0 without any.
    bytes: usize,
}

/// What one window is closed with.
struct Close<'a> {
    bridge: &'a str,
    boot: u64,
    source: usize,
    /// Whether nothing is open afterwards.
    all: bool,
    now: Moment,
}

impl Close<'_> {
    /// Settles a window, and writes its deliveries and its end.
    fn window(
        &self,
        batch: &mut Batch<'_>,
        tracker: &mut WindowTracker,
        window: OpenWindow,
    ) -> Result<Option<Settled>, SpoolError> {
        let number = window.window;
        let digest = window.raw.digest().to_string();
        let closing = tracker
            .closing(self.source, window, self.all, self.now)
            .map_err(|error| SpoolError::Data(error.to_string()))?;
        let Some((mut closing, reads)) = closing else { return Ok(None) };
        self.bridge.clone_into(&mut closing.bridge);
        closing.boot = self.boot;
        closing.gaps = batch.gaps(number)?;
        closing.seq = batch.last_seq(self.boot)? + 1;
        let closed = settle::close(&closing, &reads, &digest);
        let mut settled = Settled {
            reader: closing.reader.clone(),
            reads: reads.len(),
            observations: closed.observations,
            movements: 0,
            sensors: closing.sensors.len(),
            bytes: 0,
        };
        for delivery in &closed.deliveries {
            let seq = batch.next_seq(self.boot)?;
            let waiting = Waiting { boot: self.boot, seq, body: delivery.to_bytes() };
            batch.add_delivery(number, &waiting)?;
            settled.movements += delivery.movements.len();
            settled.bytes += waiting.body.len();
        }
        for (epc, tag) in &closed.presence {
            batch.put_tag_at_rest(epc, tag)?;
        }
        batch.close_window(number, &digest, &closing)?;
        if let Some(carried) = WindowTracker::carry_over(&closing, &reads, self.now) {
            let carried = store_carried(batch, carried, &closing)?;
            tracker.open(self.source, carried);
        }
        // The next window that is closed may be of a shelf that these tags moved to.
        tracker.update_presence(closed.presence, self.now.up);
        Ok(Some(settled))
    }
}

/// An input that carries one finding of the bridge about a reader.
fn finding_of(source: usize, finding: Finding) -> Input {
    Input::of(source, DeviceData { findings: vec![finding], ..DeviceData::default() })
}

/// Stores the window that continues with the tags that `closing` held over, and gives it its number.
fn store_carried(
    batch: &mut Batch<'_>,
    mut window: OpenWindow,
    closing: &Closing,
) -> Result<OpenWindow, SpoolError> {
    window.window = batch.open_window(&closing.reader, window.opened)?;
    batch.add_raw(window.window, window.raw.bytes())?;
    batch.mark_window(window.window, window.suspect_clock, window.late)?;
    for edge in &window.edges {
        batch.add_edge(window.window, edge)?;
    }
    for gap in &closing.gaps {
        batch.add_gap(window.window, gap)?;
    }
    Ok(window)
}

/// Continues from what the spool holds: where tags are, and the windows that were open.
fn resume(
    spool: &Spool,
    readers: Vec<ReaderSettings>,
    now: Moment,
) -> Result<WindowTracker, SpoolError> {
    let mut tracker = WindowTracker::new(readers, spool.tags_at_rest()?, now);
    for unclosed in spool.open_windows()? {
        let Some(source) = tracker.readers().iter().position(|r| r.id == unclosed.source) else {
            tracing::warn!(
                reader.id = unclosed.source,
                "an open window belongs to a reader that is not configured"
            );
            continue;
        };
        let bytes = spool.raw(unclosed.window)?;
        let reads = Window::parse(&bytes).map_err(|error| SpoolError::Data(error.to_string()))?;
        let mut window = OpenWindow::new(unclosed.window, now);
        window.opened = unclosed.opened;
        for read in &reads {
            window.raw.push(read);
        }
        window.sensors = spool.readings(unclosed.window)?;
        window.edges = spool.edges(unclosed.window)?;
        (window.suspect_clock, window.late) = (unclosed.suspect, unclosed.late);
        window.begin(now.up);
        tracker.restore(source, &reads, &window.edges);
        tracker.open(source, window);
    }
    Ok(tracker)
}

/// What is left in the queue after a group was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Queue {
    More,
    Empty,
    Over,
}

/// Waits for inputs, for a [`TICK`] at most, and receives those that wait, a group at most.
fn wait(inputs: &Receiver<Input>) -> (Vec<Input>, Queue) {
    let mut group = match inputs.recv_timeout(TICK) {
        Ok(input) => vec![input],
        Err(RecvTimeoutError::Timeout) => return (Vec::new(), Queue::Empty),
        Err(RecvTimeoutError::Disconnected) => return (Vec::new(), Queue::Over),
    };
    let mut reads = group.iter().map(|input| input.data.reads.len()).sum::<usize>();
    while group.len() < GROUP && reads < GROUP_READS {
        match inputs.try_recv() {
            Ok(input) => {
                reads += input.data.reads.len();
                group.push(input);
            }
            // If every sender is gone, the next call finds out.
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return (group, Queue::Empty),
        }
    }
    (group, Queue::More)
}

#[cfg(test)]
mod tests;
