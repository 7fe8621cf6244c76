//! One group of inputs on its way into the spool and the open windows.
//!
//! The way through: [`Intake::add`] for each input, [`Intake::commit`] at the end.
//!
//! What holds: nothing of a group is on disk before [`Intake::commit`] returned, everything after; reads keep the
//! order in which they arrived.

use std::collections::HashMap;

use devices::message::DeviceData;
use reads::{Edge, Finding, Read, SensorReading, code};
use settling::moment::Moment;
use settling::tracker::{OpenWindow, WindowTracker};

use super::notes::{cut, note, put_setting};
use super::silence::SensorSilence;
use crate::metrics::Metrics;
use crate::sink::Input;
use crate::spool::{Batch, SpoolError};

/// A group of inputs that is written in one commit.
pub(super) struct Intake<'a> {
    pub(super) batch: Batch<'a>,
    pub(super) tracker: &'a mut WindowTracker,
    pub(super) silences: &'a mut HashMap<usize, SensorSilence>,
    pub(super) metrics: &'a Metrics,
    pub(super) now: Moment,
    /// Whether the spool is full, so that reads are dropped.
    pub(super) is_full: bool,
    /// Raw bytes to be written, by window.
    pub(super) raw: HashMap<i64, Vec<u8>>,
}

impl Intake<'_> {
    /// Adds one input.
    pub(super) fn add(&mut self, input: &Input) -> Result<(), SpoolError> {
        let Input { source, data, message, acknowledge: _ } = input;
        let source = *source;
        let reader = self.tracker.readers()[source].id.clone();
        if let Some(digest) = message
            && !self.batch.remember_message(&digest.0, self.now.at)?
        {
            self.metrics.repeated.with_label_values(&[&reader]).inc();
            return self.add_findings(source, &reader, &data.findings);
        }
        self.add_notes(source, &reader, data)?;
        let has_content =
            !data.reads.is_empty() || !data.readings.is_empty() || !data.edges.is_empty();
        if !has_content {
            return Ok(());
        }
        let label = [reader.as_str()];
        self.metrics.reads.with_label_values(&label).inc_by(data.reads.len() as u64);
        self.metrics.readings.with_label_values(&label).inc_by(data.readings.len() as u64);
        self.add_readings(source, &data.readings)?;
        self.add_edges(source, &reader, &data.edges)?;
        self.add_reads(source, &data.reads)
    }

    /// Writes what is not part of a window: dead letters, settings, findings; applies them to the tracker.
    fn add_notes(
        &mut self,
        source: usize,
        reader: &str,
        data: &DeviceData,
    ) -> Result<(), SpoolError> {
        let now = self.now;
        for letter in &data.dead_letters {
            self.metrics.dead_letters.with_label_values(&[reader]).inc();
            let bytes = letter.payload.len();
            tracing::warn!(reader.id = reader, reason = letter.reason, bytes, "dead letter");
            self.batch.dead_letter(reader, &letter.reason, &letter.payload, now.at)?;
        }
        for setting in &data.settings {
            let (name, value) = (setting.name, &setting.value);
            put_setting(&mut self.batch, self.metrics, reader, name, value, now.at)?;
        }
        let mut ended = Vec::new();
        if let Some(silence) = self.silences.get_mut(&source) {
            let fresh = data.readings.iter().filter(|reading| !reading.stale);
            ended.extend(fresh.filter_map(|reading| silence.reported(&reading.sensor, now)));
        }
        for antenna in &data.antennas {
            self.tracker.antenna(source, antenna.port, antenna.is_there, now.up);
        }
        self.add_findings(source, reader, &data.findings)?;
        self.add_findings(source, reader, &ended)
    }

    fn add_findings(
        &mut self,
        source: usize,
        reader: &str,
        findings: &[Finding],
    ) -> Result<(), SpoolError> {
        let now = self.now;
        for finding in findings {
            note(&mut self.batch, self.metrics, reader, finding, now.at)?;
            self.tracker.apply_finding(source, finding.code, now.up);
            if finding.code == code::GAP {
                let window = open_window(self.tracker, &mut self.batch, source, now)?;
                window.begin(now.up);
                self.batch.add_gap(window.window, &cut(&finding.text))?;
            }
        }
        Ok(())
    }

    fn add_readings(
        &mut self,
        source: usize,
        readings: &[SensorReading],
    ) -> Result<(), SpoolError> {
        let window = open_window(self.tracker, &mut self.batch, source, self.now)?;
        for reading in readings {
            self.batch.add_reading(window.window, reading)?;
            window.sensors.push(reading.clone());
        }
        Ok(())
    }

    fn add_edges(&mut self, source: usize, reader: &str, edges: &[Edge]) -> Result<(), SpoolError> {
        let number = open_window(self.tracker, &mut self.batch, source, self.now)?.window;
        for edge in edges {
            if self.tracker.add_edge(source, *edge, self.now.up) {
                self.batch.add_edge(number, edge)?;
            } else {
                self.metrics.other_events.with_label_values(&[reader]).inc();
            }
        }
        Ok(())
    }

    fn add_reads(&mut self, source: usize, reads: &[Read]) -> Result<(), SpoolError> {
        let window = open_window(self.tracker, &mut self.batch, source, self.now)?;
        let number = window.window;
        let marks = (window.suspect_clock, window.late);
        if self.is_full && !reads.is_empty() {
            let count = reads.len() as u64;
            self.metrics.dropped.with_label_values(&["spool-full"]).inc_by(count);
            self.batch.add_dropped(number, count)?;
            // Tags whose reads were dropped must not count as departed.
            self.tracker.stops_reading(source);
            return Ok(());
        }
        self.tracker.reads_again(source, self.now.up);
        let added = self.tracker.add_reads(source, reads, self.now.up);
        self.raw.entry(number).or_default().extend_from_slice(added);
        if let Some(window) = self.tracker.window(source)
            && marks != (window.suspect_clock, window.late)
        {
            self.batch.mark_window(number, window.suspect_clock, window.late)?;
        }
        Ok(())
    }

    /// Writes the group; when this returned, its inputs may be acknowledged.
    pub(super) fn commit(mut self) -> Result<(), SpoolError> {
        for (number, raw) in &self.raw {
            self.batch.add_raw(*number, raw)?;
        }
        self.batch.commit()
    }
}

/// The reader's open window; one is opened if there is none.
pub(super) fn open_window<'a>(
    tracker: &'a mut WindowTracker,
    batch: &mut Batch<'_>,
    source: usize,
    now: Moment,
) -> Result<&'a mut OpenWindow, SpoolError> {
    if tracker.window(source).is_none() {
        let number = batch.open_window(&tracker.readers()[source].id, now.at)?;
        tracker.open(source, OpenWindow::new(number, now));
    }
    tracker.window(source).ok_or_else(|| SpoolError::Data(format!("no window of source {source}")))
}
