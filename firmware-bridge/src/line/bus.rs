//! Modbus sensors on one line, asked one after another.
//!
//! The way through: `serve` takes the sensor that is due first, waits for its time and for a silent line, asks, and
//! hands over what it answers, until the line is lost or nobody answers any more.
//!
//! What holds:
//!
//! - a sensor that does not answer takes `ANSWER` from the others each `RETRY`; it alone is told to be lost after
//!   [`SILENT`] and to be back when it answers; the line is opened anew only once every sensor is lost;
//! - before a question the line was silent for [`PATIENCE`], which is more than the 3.5 characters between two frames
//!   (32 ms at 1200 baud), and what a sensor answered too late is let go: it is no answer to the next question.
//!
//! Not here: what questions and answers are ([`devices::sensor::modbus`]).
//!
//! Source: Modbus over Serial Line 1.02 sections 2.4.1 and 2.5.1.1.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use devices::reader::Fed;
use devices::reader::told::Told;
use devices::sensor::modbus;
use jiff::Timestamp;
use reads::code;

use super::{End, Line, PATIENCE, Presence, SILENT, Sink};

/// Time a sensor has to answer, and a line to fall silent.
const ANSWER: Duration = Duration::from_millis(500);
/// Time after which a sensor is asked again that did not answer.
const RETRY: Duration = Duration::from_secs(2);
/// Unusable answers in a row that are told.
const TOLD: u32 = 3;
/// Longest time between questions to a sensor: one that is asked once an hour must be missed within half a minute all
/// the same.
const ALIVE: Duration = Duration::from_secs(15);

/// A Modbus sensor on a line.
pub struct Unit {
    /// How it is asked.
    pub sensor: modbus::Sensor,
    /// Time between its readings.
    pub every: Duration,
    /// Where they go.
    pub sink: Sink,
}

/// What is known of a sensor since its line was opened.
struct Asked<'a> {
    unit: &'a Unit,
    presence: &'a mut Presence,
    /// Time after which it is asked again when it did not answer.
    retry: Duration,
    /// When it is asked next.
    due: Instant,
    /// Failures in a row, and since when; one alone may be a disturbance of the line.
    failures: u32,
    failing: Option<Instant>,
    /// It was told to be lost, and has not answered since.
    is_lost: bool,
    /// When it was asked for the reading that was handed over last.
    reported: Option<Instant>,
    told: Told,
}

/// Asks the sensors of a line until it is lost or the bridge stops; gives also whether any of them answered.
pub(super) fn serve(
    units: &[Unit],
    presences: &mut [Presence],
    line: &mut dyn Line,
    stop: &AtomicBool,
) -> (End, bool) {
    let due = Instant::now();
    let is_alone = units.len() == 1;
    let mut all: Vec<Asked<'_>> = units
        .iter()
        .zip(presences)
        .map(|(unit, presence)| Asked {
            unit,
            presence,
            retry: if is_alone { RETRY.min(unit.every) } else { RETRY },
            due,
            failures: 0,
            failing: None,
            is_lost: false,
            reported: None,
            told: Told::default(),
        })
        .collect();
    let end = loop {
        if all.iter().all(|one| one.is_lost) {
            break End::Silent;
        }
        let Some(next) = all.iter_mut().min_by_key(|one| one.due) else { break End::Silent };
        if let Err(end) = wait(next.due, line, stop).and_then(|()| next.ask(line)) {
            break end;
        }
    };
    (end, all.iter().any(|one| one.reported.is_some()))
}

/// Waits until `due` has come and the line is silent; a line that hangs up is noticed here.
fn wait(due: Instant, line: &mut dyn Line, stop: &AtomicBool) -> Result<(), End> {
    let mut buffer = [0; 512];
    // A line that never falls silent is asked all the same: what is wrong with it is told by what it answers.
    let latest = due.max(Instant::now()) + ANSWER;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(End::Stopped);
        }
        let begun = Instant::now();
        let is_silent = line.receive(&mut buffer).map_err(End::Lost)?.is_empty();
        let now = Instant::now();
        if now >= latest || is_silent && now >= due {
            return Ok(());
        }
        if !is_silent {
            std::thread::sleep(PATIENCE.saturating_sub(begun.elapsed()));
        }
    }
}

impl Asked<'_> {
    /// Asks it once and hands over what it answers.
    fn ask(&mut self, line: &mut dyn Line) -> Result<(), End> {
        let Unit { sensor, every, sink } = self.unit;
        let asked = Instant::now();
        line.send(&sensor.question()).map_err(End::Lost)?;
        let mut buffer = [0; 512];
        let mut answer = Vec::new();
        while !sensor.is_whole(&answer) && asked.elapsed() < ANSWER {
            answer.extend_from_slice(line.receive(&mut buffer).map_err(End::Lost)?);
        }
        let at = Timestamp::now();
        match sensor.answer(&answer, at) {
            Ok(mut taken) => {
                (self.failures, self.failing, self.is_lost) = (0, None, false);
                // Asked in between only to know that it is there.
                let is_due =
                    self.reported.is_none_or(|at| asked.duration_since(at) + PATIENCE >= *every);
                if is_due {
                    self.reported = Some(asked);
                } else {
                    taken.readings.clear();
                }
                let mut fed = Fed::default();
                for finding in taken.findings.drain(..) {
                    self.told.tell(finding, at, &mut fed);
                }
                taken.findings = fed.findings;
                taken.findings.extend(self.presence.sign("sensor"));
                sink.send(taken)?;
            }
            Err(found) => {
                sink.metrics.bad_frames.with_label_values(&[&sink.reader]).inc();
                self.failures += 1;
                if self.failures == TOLD && !answer.is_empty() {
                    sink.tell(code::REFUSED, format!("sensor {}: {found}", sensor.sensor))?;
                }
                if self.failing.get_or_insert(asked).elapsed() > SILENT {
                    // From here on anew: after as long again it is told once more if the words are others.
                    self.failing = None;
                    self.is_lost = true;
                    let seconds = SILENT.as_secs();
                    self.presence.lose(&format!(
                        "the sensor gave no usable answer for {seconds} s: {found}"
                    ))?;
                }
            }
        }
        let due_in =
            self.reported.map_or(*every, |at| every.saturating_sub(asked.duration_since(at)));
        self.due = asked + if self.failures > 0 { self.retry } else { due_in.min(ALIVE) };
        Ok(())
    }
}
