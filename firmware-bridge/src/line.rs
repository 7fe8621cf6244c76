//! A line, whatever it is made of: opened, served, lost, opened again.
//!
//! The way through: [`Supervisor::run`] opens the line, lets a [`Dialect`] or Modbus sensors ([`bus`]) talk on it until
//! it is lost or silent, says so, waits, and begins anew.
//!
//! What holds:
//!
//! - a line that hangs up, falls silent or cannot be opened is noticed within [`SILENT`] and tried again with
//!   growing pauses of at most [`BACK_OFF`], for ever; what was found out is a finding with its mend, told once;
//! - a reader is connected from the first frame on that does not turn us away, a sensor from its first usable
//!   answer on, until the line is lost: an adapter that opens proves nothing about what is behind it;
//! - when the bridge stops, what a reader still sends is kept;
//! - a serial line is always drained: when the rest of the bridge is behind, reads are dropped, counted, and the
//!   gap is reported as soon as there is room, with whatever else came meanwhile; a network line is left to fill up instead.
//!
//! Not here: how a serial port or a connection is opened ([`crate::port`], [`crate::socket`]).

pub mod bus;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};

use devices::message::Taken;
use devices::reader::{Dialect, Fed};
use jiff::Timestamp;
use reads::{Finding, code};

use self::bus::Unit;
use crate::metrics::Metrics;
use crate::windows::Input;

/// Longest wait for bytes before looking around.
pub const PATIENCE: Duration = Duration::from_millis(50);
/// A reader that says nothing for this long is silent; its line is opened anew.
pub const SILENT: Duration = Duration::from_secs(10);
/// First and longest pause before a line is tried again.
pub const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// A reader that was told to stop still sends what it has read, 0.7 s of it with some: silence after which that
/// was all, and the longest wait for it.
const EMPTIED: (Duration, Duration) = (Duration::from_millis(150), Duration::from_secs(1));
/// Most settings, findings and edges of each line that wait for room; more come again or are counted elsewhere.
const MOST_BEHIND: usize = 1000;

/// Bytes to and from a device.
pub trait Line {
    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// Why the line is lost.
    fn send(&mut self, bytes: &[u8]) -> Result<(), String>;

    /// Bytes that arrived within [`PATIENCE`], none if there were none.
    ///
    /// # Errors
    ///
    /// Why the line is lost.
    fn receive<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8], String>;
}

/// Opens a line.
pub trait Opener: Send {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// Why not, and what mends it.
    fn open(&self) -> Result<Box<dyn Line>, String>;

    /// Its name for logs: a path, or host and port.
    fn name(&self) -> &str;

    /// Whether bytes are lost if nobody takes them: a serial line.
    fn must_be_drained(&self) -> bool;
}

/// What talks on a line.
pub enum Talk {
    /// An RFID reader, and where its results go.
    Reader(Box<dyn Dialect>, Box<Sink>),
    /// Modbus sensors, asked in turn.
    Modbus(Vec<Unit>),
}

/// Hands what a line brings to the rest of the bridge.
#[derive(Clone)]
pub struct Sink {
    /// The reader's place in the configuration.
    pub source: usize,
    /// Its name.
    pub reader: String,
    /// Where it goes.
    pub inputs: SyncSender<Input>,
    /// Counters.
    pub metrics: Metrics,
}

/// The bridge is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping;

impl Sink {
    /// Hands it over, waiting for room.
    ///
    /// # Errors
    ///
    /// [`Stopping`].
    pub fn send(&self, taken: Taken) -> Result<(), Stopping> {
        if taken.is_empty() {
            return Ok(());
        }
        self.inputs.send(Input::of(self.source, taken)).map_err(|_| Stopping)
    }

    /// Tells one thing that somebody should know.
    ///
    /// # Errors
    ///
    /// [`Stopping`].
    pub fn tell(&self, code: &'static str, text: String) -> Result<(), Stopping> {
        self.send(Taken { findings: vec![Finding { code, text }], ..Taken::default() })
    }

    fn set_connected(&self, is_connected: bool) {
        let connected = self.metrics.connected.with_label_values(&[&self.reader]);
        connected.set(i64::from(is_connected));
    }
}

/// Keeps one line alive.
pub struct Supervisor {
    /// How it is opened.
    pub opener: Box<dyn Opener>,
    /// What talks on it.
    pub talk: Talk,
}

/// Why serving a line ended.
enum End {
    Stopped,
    Lost(String),
    /// Everything on it was told to be lost already.
    Silent,
}

impl From<Stopping> for End {
    fn from(_: Stopping) -> Self {
        Self::Stopped
    }
}

/// Whether what is on a line shows that it lives, and what was told of that.
struct Presence {
    /// Name of the line.
    line: String,
    sink: Sink,
    /// The loss that was told, if it did not show itself since.
    told: Option<String>,
    is_there: bool,
}

impl Presence {
    /// It shows that it lives. Gives what is to be told, if it was lost before.
    ///
    /// - `who`: what it is, for people: `reader`.
    fn sign(&mut self, who: &str) -> Option<Finding> {
        if std::mem::replace(&mut self.is_there, true) {
            return None;
        }
        self.sink.set_connected(true);
        // The next loss is news even for the same reason.
        self.told.take()?;
        Some(Finding { code: code::BACK, text: format!("the {who} is there again") })
    }

    /// It is gone, whether that is told or not.
    fn leave(&mut self) {
        self.is_there = false;
        self.sink.set_connected(false);
    }

    /// It is lost for this reason, which is told unless it was told last.
    fn lose(&mut self, reason: &str) -> Result<(), Stopping> {
        self.leave();
        if self.told.as_deref() == Some(reason) {
            return Ok(());
        }
        self.told = Some(reason.to_owned());
        let text = format!("{}: {reason}; it is tried again", self.line);
        self.sink.tell(code::LOST, text)
    }
}

impl Talk {
    /// Where results go.
    fn sinks(&self) -> Vec<&Sink> {
        match self {
            Self::Reader(_, sink) => vec![sink],
            Self::Modbus(units) => units.iter().map(|unit| &unit.sink).collect(),
        }
    }
}

impl Supervisor {
    /// Serves the line until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
        let mut wait = BACK_OFF.0;
        let name = self.opener.name().to_owned();
        let begin = |sink: &Sink| Presence {
            line: name.clone(),
            sink: sink.clone(),
            told: None,
            is_there: false,
        };
        let mut presences: Vec<Presence> = self.talk.sinks().into_iter().map(begin).collect();
        presences.iter_mut().for_each(Presence::leave);
        while !stop.load(Ordering::Relaxed) {
            let opened = Instant::now();
            let end = match self.opener.open() {
                Ok(mut line) => {
                    for Presence { sink, .. } in &presences {
                        tracing::info!(reader.id = sink.reader, line = name, "line is open");
                    }
                    let (end, has_lived) = self.serve(line.as_mut(), &mut presences, stop);
                    // A line that served for a while begins its pauses anew; one that is lost at once waits longer.
                    if has_lived && opened.elapsed() > SILENT {
                        wait = BACK_OFF.0;
                    }
                    end
                }
                Err(reason) => End::Lost(reason),
            };
            for presence in &mut presences {
                let told = match &end {
                    End::Lost(reason) => presence.lose(reason),
                    End::Stopped | End::Silent => {
                        presence.leave();
                        Ok(())
                    }
                };
                if told.is_err() {
                    return;
                }
            }
            if let End::Stopped = end {
                return;
            }
            for Presence { sink, .. } in &presences {
                sink.metrics.reconnects.with_label_values(&[&sink.reader]).inc();
            }
            let until = Instant::now() + wait;
            while Instant::now() < until && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(PATIENCE);
            }
            wait = (wait * 2).min(BACK_OFF.1);
        }
    }

    /// Serves the line while it is open; gives also whether anything on it showed that it lives.
    fn serve(
        &mut self,
        line: &mut dyn Line,
        presences: &mut [Presence],
        stop: &AtomicBool,
    ) -> (End, bool) {
        let may_wait = !self.opener.must_be_drained();
        match (&mut self.talk, presences) {
            (Talk::Reader(dialect, _), [presence]) => {
                let dialect = dialect.as_mut();
                Reading { dialect, presence, may_wait, backlog: Backlog::default() }
                    .serve(line, stop)
            }
            (Talk::Reader(..), _) => (End::Stopped, false),
            (Talk::Modbus(units), presences) => bus::serve(units, presences, line, stop),
        }
    }
}

/// A reader's line while it is served.
struct Reading<'a> {
    dialect: &'a mut dyn Dialect,
    presence: &'a mut Presence,
    /// Whether bytes may wait on the line until there is room.
    may_wait: bool,
    backlog: Backlog,
}

impl Reading<'_> {
    /// Serves the line until it is lost or the bridge stops; gives also whether the reader showed that it lives.
    fn serve(mut self, line: &mut dyn Line, stop: &AtomicBool) -> (End, bool) {
        let end = self.read(line, stop);
        // A dialect may have found something by waiting alone.
        let last = self.feed(&[]);
        // Nothing arrives any more, so what is left may wait for room.
        let is_stopping = last.is_err() || self.presence.sink.send(self.backlog.left()).is_err();
        (if is_stopping { End::Stopped } else { end }, self.presence.is_there)
    }

    fn read(&mut self, line: &mut dyn Line, stop: &AtomicBool) -> End {
        let opened = Instant::now();
        let mut buffer = [0; 16 * 1024];
        let mut last_life = opened;
        self.dialect.open();
        loop {
            while let Some(bytes) = self.dialect.poll(opened.elapsed()) {
                if let Err(reason) = line.send(&bytes) {
                    return End::Lost(reason);
                }
            }
            if stop.load(Ordering::Relaxed) {
                self.stop(line, &mut buffer);
                return End::Stopped;
            }
            let bytes = match line.receive(&mut buffer) {
                Ok(bytes) => bytes,
                Err(reason) => return End::Lost(reason),
            };
            match self.feed(bytes) {
                Ok(true) => last_life = Instant::now(),
                Ok(false) => {}
                Err(Stopping) => return End::Stopped,
            }
            if last_life.elapsed() > SILENT {
                let seconds = SILENT.as_secs();
                return End::Lost(if bytes.is_empty() {
                    format!(
                        "the reader said nothing for {seconds} s; look at its power and its cable"
                    )
                } else {
                    format!(
                        "nothing that arrived for {seconds} s is of this family; look at the baud rate and the kind of reader"
                    )
                });
            }
        }
    }

    /// Tells the reader to stop and keeps what it still sends.
    fn stop(&mut self, line: &mut dyn Line, buffer: &mut [u8]) {
        let told = line.send(&self.dialect.stop());
        let (quiet, longest) = EMPTIED;
        let begun = Instant::now();
        let mut heard = begun;
        while told.is_ok() && heard.elapsed() < quiet && begun.elapsed() < longest {
            match line.receive(buffer) {
                Ok([]) => {}
                Ok(bytes) => {
                    heard = Instant::now();
                    if self.feed(bytes).is_err() {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }

    /// Feeds what arrived and hands over what comes of it; true if there was a whole frame in it.
    fn feed(&mut self, bytes: &[u8]) -> Result<bool, Stopping> {
        let mut fed = Fed::default();
        self.dialect.feed(bytes, Timestamp::now(), &mut fed);
        let sink = &self.presence.sink;
        let label = [sink.reader.as_str()];
        sink.metrics.bad_frames.with_label_values(&label).inc_by(fed.bad_frames);
        sink.metrics.garbage_bytes.with_label_values(&label).inc_by(fed.garbage_bytes);
        let has_frames = fed.frames > 0;
        // A reader that speaks only to turn us away is not there.
        if has_frames && !fed.findings.iter().any(|finding| finding.code == code::HELD) {
            fed.findings.extend(self.presence.sign("reader"));
        }
        let taken = Taken::from(fed);
        let sink = &self.presence.sink;
        if self.may_wait { sink.send(taken) } else { self.backlog.offer(taken, sink) }?;
        Ok(has_frames)
    }
}

/// What a serial line could not hand over, because the rest of the bridge is behind.
#[derive(Default)]
struct Backlog {
    /// Reads dropped since something was handed over.
    missed: u64,
    /// What else came with them, which is little and is not dropped.
    rest: Taken,
}

impl Backlog {
    fn gap(&self) -> Option<Finding> {
        let missed = self.missed;
        let text = format!("{missed} reads were dropped because the disk did not keep up");
        (missed > 0).then_some(Finding { code: code::GAP, text })
    }

    /// What is left when the line ends.
    fn left(mut self) -> Taken {
        self.rest.findings.extend(self.gap());
        self.rest
    }

    /// Hands over what there is room for, without waiting.
    fn offer(&mut self, taken: Taken, sink: &Sink) -> Result<(), Stopping> {
        let mut all = std::mem::take(&mut self.rest);
        all.reads = taken.reads;
        all.settings.extend(taken.settings);
        all.findings.extend(taken.findings);
        all.edges.extend(taken.edges);
        all.findings.extend(self.gap());
        if all.is_empty() {
            return Ok(());
        }
        match sink.inputs.try_send(Input::of(sink.source, all)) {
            Ok(()) => self.missed = 0,
            Err(TrySendError::Full(input)) => {
                let mut all = input.taken;
                if self.missed > 0 {
                    all.findings.pop();
                }
                let dropped = all.reads.len() as u64;
                sink.metrics.dropped.with_label_values(&["queue-full"]).inc_by(dropped);
                self.missed += dropped;
                all.reads.clear();
                all.settings.truncate(MOST_BEHIND);
                all.findings.truncate(MOST_BEHIND);
                all.edges.truncate(MOST_BEHIND);
                self.rest = all;
            }
            Err(TrySendError::Disconnected(_)) => return Err(Stopping),
        }
        Ok(())
    }
}
