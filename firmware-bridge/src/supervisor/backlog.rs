//! What a serial line could not hand over because the rest of the bridge is behind.
//!
//! What holds: nothing here waits; reads that find no room are dropped and counted, and the gap is reported with
//! the next input that finds room. Everything else is kept, up to a limit.

use std::sync::mpsc::TrySendError;

use devices::message::DeviceData;
use reads::{Finding, code};

use crate::sink::{Input, Sink, Stopping};

/// Most settings, findings and edges of one line that wait for room; more of them arrive again or are counted
/// elsewhere.
const MAX_WAITING: usize = 1000;

/// What waits for room in the queue.
#[derive(Default)]
pub(super) struct Backlog {
    /// Reads dropped since something was handed over.
    dropped: u64,
    /// What arrived besides reads; it is little and is not dropped.
    rest: DeviceData,
}

impl Backlog {
    fn gap(&self) -> Option<Finding> {
        let dropped = self.dropped;
        let text = format!("{dropped} reads were dropped because the disk did not keep up");
        (dropped > 0).then_some(Finding { code: code::GAP, text })
    }

    /// What is left when the line ends.
    pub(super) fn into_rest(mut self) -> DeviceData {
        self.rest.findings.extend(self.gap());
        self.rest
    }

    /// Hands over what there is room for, without waiting.
    pub(super) fn offer(&mut self, data: DeviceData, sink: &Sink) -> Result<(), Stopping> {
        let mut all = std::mem::take(&mut self.rest);
        all.reads = data.reads;
        all.settings.extend(data.settings);
        all.findings.extend(data.findings);
        all.edges.extend(data.edges);
        all.findings.extend(self.gap());
        if all.is_empty() {
            return Ok(());
        }
        match sink.inputs.try_send(Input::of(sink.source, all)) {
            Ok(()) => self.dropped = 0,
            Err(TrySendError::Full(input)) => {
                let mut all = input.data;
                if self.dropped > 0 {
                    all.findings.pop();
                }
                let dropped = all.reads.len() as u64;
                sink.metrics.dropped.with_label_values(&["queue-full"]).inc_by(dropped);
                self.dropped += dropped;
                all.reads.clear();
                all.settings.truncate(MAX_WAITING);
                all.findings.truncate(MAX_WAITING);
                all.edges.truncate(MAX_WAITING);
                self.rest = all;
            }
            Err(TrySendError::Disconnected(_)) => return Err(Stopping),
        }
        Ok(())
    }
}
