//! A tag reader's line while it is open: commands out, frames in.
//!
//! What holds: a reader is connected from its first valid frame on, unless that frame refuses us; when the bridge
//! stops, what the reader still sends is kept.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use devices::message::DeviceData;
use devices::reader::{Dialect, FrameData};
use reads::code;

use super::backlog::Backlog;
use super::connection::{Connection, End};
use crate::back_off::SILENT;
use crate::line::Line;
use crate::sink::Stopping;

/// A reader that was commanded to stop still sends what it has read, some for 0.7 s: silence after which that was all,
/// and the longest wait for it.
const DRAINED: (Duration, Duration) = (Duration::from_millis(150), Duration::from_secs(1));

/// A reader's line while it is open.
pub(super) struct Reading<'a> {
    pub(super) dialect: &'a mut dyn Dialect,
    pub(super) connection: &'a mut Connection,
    /// Whether bytes may wait on the line until there is room in the queue.
    pub(super) may_wait: bool,
    pub(super) backlog: Backlog,
}

impl Reading<'_> {
    /// Serves the line until it is lost or the bridge stops. Gives also whether the reader answered.
    pub(super) fn serve(mut self, line: &mut dyn Line, stop: &AtomicBool) -> (End, bool) {
        let end = self.read(line, stop);
        // A dialect may report something because of elapsed time alone.
        let last = self.feed(&[]);
        // No more bytes arrive, so what is left may wait for room.
        let rest = self.backlog.into_rest();
        let is_stopping = last.is_err() || self.connection.sink.send(rest).is_err();
        (if is_stopping { End::Stopped } else { end }, self.connection.is_connected())
    }

    fn read(&mut self, line: &mut dyn Line, stop: &AtomicBool) -> End {
        let clock = self.connection.sink.clock.clone();
        let opened = clock.instant();
        let mut buffer = [0; 16 * 1024];
        let mut last_frame = opened;
        self.dialect.open();
        loop {
            while let Some(bytes) = self.dialect.poll(clock.instant() - opened) {
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
                Ok(true) => last_frame = clock.instant(),
                Ok(false) => {}
                Err(Stopping) => return End::Stopped,
            }
            if clock.instant() - last_frame > SILENT {
                return End::Lost(silence(bytes));
            }
        }
    }

    /// Tells the reader to stop and keeps what it still sends.
    fn stop(&mut self, line: &mut dyn Line, buffer: &mut [u8]) {
        let clock = self.connection.sink.clock.clone();
        let sent = line.send(&self.dialect.stop());
        let (quiet, longest) = DRAINED;
        let begun = clock.instant();
        let mut last_bytes = begun;
        while sent.is_ok()
            && clock.instant() - last_bytes < quiet
            && clock.instant() - begun < longest
        {
            match line.receive(buffer) {
                Ok([]) => {}
                Ok(bytes) => {
                    last_bytes = clock.instant();
                    if self.feed(bytes).is_err() {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }

    /// Decodes what arrived and hands it over. True if there was a valid frame in it.
    fn feed(&mut self, bytes: &[u8]) -> Result<bool, Stopping> {
        let mut frames = FrameData::default();
        self.dialect.feed(bytes, self.connection.sink.clock.now(), &mut frames);
        let sink = &self.connection.sink;
        let label = [sink.reader.as_str()];
        sink.metrics.bad_frames.with_label_values(&label).inc_by(frames.bad_frames);
        sink.metrics.garbage_bytes.with_label_values(&label).inc_by(frames.garbage_bytes);
        let has_frames = frames.frames > 0;
        // A reader whose only frames refuse the connection does not count as connected.
        if has_frames && !frames.findings.iter().any(|finding| finding.code == code::HELD) {
            frames.findings.extend(self.connection.answered("reader"));
        }
        let data = DeviceData::from(frames);
        let sink = &self.connection.sink;
        if self.may_wait { sink.send(data) } else { self.backlog.offer(data, sink) }?;
        Ok(has_frames)
    }
}

/// Why the line of a reader that sent no valid frame is given up.
///
/// - `bytes`: what arrived last.
fn silence(bytes: &[u8]) -> String {
    let seconds = SILENT.as_secs();
    if bytes.is_empty() {
        format!("the reader sent nothing for {seconds} s; check its power and its cable")
    } else {
        format!(
            "nothing that arrived for {seconds} s is a frame of this reader family; check the baud rate and the kind of reader"
        )
    }
}
