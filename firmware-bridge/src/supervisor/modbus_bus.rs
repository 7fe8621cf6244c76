//! Modbus sensors on one line, asked one after another.
//!
//! The way through: `serve` takes the sensor that is due first, waits for its time and for a silent line, asks, and
//! hands over the answer, until the line is lost or no sensor answers any more.
//!
//! What holds:
//!
//! - a sensor that does not answer delays the others by `ANSWER` every `RETRY`; it alone is reported as lost after
//!   `SILENT` and as back when it answers; the line is opened again only when every sensor is lost;
//! - before a question the line was silent for [`PATIENCE`], which is more than the 3.5 characters between two frames
//!   (32 ms at 1200 baud), and an answer that arrives too late is discarded: it does not answer the next question.
//!
//! Not here: what questions and answers are ([`devices::sensor::modbus`]).
//!
//! Source: Modbus over Serial Line 1.02 sections 2.4.1 and 2.5.1.1.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use devices::message::DeviceData;
use devices::reader::FrameData;
use devices::reader::repeat_filter::RepeatFilter;
use devices::sensor::modbus;
use jiff::Timestamp;
use process::Clock;
use reads::code;

use super::connection::{Connection, End};
use crate::back_off::SILENT;
use crate::line::{Line, PATIENCE};
use crate::sink::Sink;

/// Time a sensor has to answer, and a line to become silent.
const ANSWER: Duration = Duration::from_millis(500);
/// Time after which a sensor that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(2);
/// Unusable answers in a row that are reported.
const UNUSABLE: u32 = 3;
/// Longest time between questions to a sensor: the loss of one that is read once an hour must be noticed within half a
/// minute as well.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// A Modbus sensor on a line.
pub struct Unit {
    /// How it is asked.
    pub sensor: modbus::Sensor,
    /// Time between its readings.
    pub every: Duration,
    /// Where they go.
    pub sink: Sink,
}

/// A sensor since its line was opened.
struct Polled<'a> {
    unit: &'a Unit,
    connection: &'a mut Connection,
    /// Time after which it is asked again when it did not answer.
    retry: Duration,
    /// When it is asked next.
    due: Instant,
    /// Failures in a row, and since when; a single one may be a disturbance of the line.
    failures: u32,
    failing_since: Option<Instant>,
    /// Whether it was reported as lost and has not answered since.
    is_lost: bool,
    /// When it was asked for the reading that was handed over last.
    last_reading: Option<Instant>,
    repeats: RepeatFilter,
}

/// Asks the sensors of a line until it is lost or the bridge stops. Gives also whether any of them answered.
pub(super) fn serve(
    units: &[Unit],
    connections: &mut [Connection],
    line: &mut dyn Line,
    stop: &AtomicBool,
) -> (End, bool) {
    let Some(clock) = units.first().map(|unit| unit.sink.clock.clone()) else {
        return (End::Silent, false);
    };
    let due = clock.instant();
    let is_alone = units.len() == 1;
    let mut all: Vec<Polled<'_>> = units
        .iter()
        .zip(connections)
        .map(|(unit, connection)| Polled {
            unit,
            connection,
            retry: if is_alone { RETRY.min(unit.every) } else { RETRY },
            due,
            failures: 0,
            failing_since: None,
            is_lost: false,
            last_reading: None,
            repeats: RepeatFilter::default(),
        })
        .collect();
    let end = loop {
        if all.iter().all(|one| one.is_lost) {
            break End::Silent;
        }
        let Some(next) = all.iter_mut().min_by_key(|one| one.due) else { break End::Silent };
        if let Err(end) = wait(&clock, next.due, line, stop).and_then(|()| next.ask(&clock, line)) {
            break end;
        }
    };
    (end, all.iter().any(|one| one.last_reading.is_some()))
}

/// Waits until `due` is reached and the line is silent; a line that hangs up is noticed here.
fn wait(clock: &Clock, due: Instant, line: &mut dyn Line, stop: &AtomicBool) -> Result<(), End> {
    let mut buffer = [0; 512];
    // A line that never becomes silent is asked all the same: its answers show what is wrong with it.
    let latest = due.max(clock.instant()) + ANSWER;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(End::Stopped);
        }
        let begun = clock.instant();
        let is_silent = line.receive(&mut buffer).map_err(End::Lost)?.is_empty();
        let now = clock.instant();
        if now >= latest || is_silent && now >= due {
            return Ok(());
        }
        if !is_silent {
            std::thread::sleep(PATIENCE.saturating_sub(now - begun));
        }
    }
}

impl Polled<'_> {
    /// Asks it once and hands over its answer.
    fn ask(&mut self, clock: &Clock, line: &mut dyn Line) -> Result<(), End> {
        let Unit { sensor, every, sink } = self.unit;
        let asked = clock.instant();
        line.send(&sensor.question()).map_err(End::Lost)?;
        let mut buffer = [0; 512];
        let mut answer = Vec::new();
        while !sensor.is_whole(&answer) && clock.instant() - asked < ANSWER {
            answer.extend_from_slice(line.receive(&mut buffer).map_err(End::Lost)?);
        }
        let at = clock.now();
        match sensor.answer(&answer, at) {
            Ok(data) => self.answered(data, asked, at)?,
            Err(reason) => {
                sink.metrics.bad_frames.with_label_values(&[&sink.reader]).inc();
                self.failures += 1;
                if self.failures == UNUSABLE && !answer.is_empty() {
                    sink.report(code::REFUSED, format!("sensor {}: {reason}", sensor.sensor))?;
                }
                self.failed(&reason, asked, clock.instant())?;
            }
        }
        let due_in =
            self.last_reading.map_or(*every, |at| every.saturating_sub(asked.duration_since(at)));
        self.due = asked + if self.failures > 0 { self.retry } else { due_in.min(KEEPALIVE) };
        Ok(())
    }

    /// Hands over a usable answer, which arrived `at`.
    fn answered(&mut self, mut data: DeviceData, asked: Instant, at: Timestamp) -> Result<(), End> {
        (self.failures, self.failing_since, self.is_lost) = (0, None, false);
        let every = self.unit.every;
        // A question in between only checks that the sensor is there.
        let is_due =
            self.last_reading.is_none_or(|last| asked.duration_since(last) + PATIENCE >= every);
        if is_due {
            self.last_reading = Some(asked);
        } else {
            data.readings.clear();
        }
        let mut frames = FrameData::default();
        for finding in data.findings.drain(..) {
            self.repeats.report(finding, at, &mut frames);
        }
        data.findings = frames.findings;
        data.findings.extend(self.connection.answered("sensor"));
        self.unit.sink.send(data)?;
        Ok(())
    }

    /// Counts a question without a usable answer.
    fn failed(&mut self, reason: &str, asked: Instant, now: Instant) -> Result<(), End> {
        if now - *self.failing_since.get_or_insert(asked) <= SILENT {
            return Ok(());
        }
        // Counted from zero again: after as long again it is reported once more if the reason is another.
        self.failing_since = None;
        self.is_lost = true;
        let seconds = SILENT.as_secs();
        let text = format!("the sensor gave no usable answer for {seconds} s: {reason}");
        self.connection.lost(&text)?;
        Ok(())
    }
}
