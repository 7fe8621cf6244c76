//! Where readers and sensors hand in what they report: a bounded queue to the keeper.
//!
//! What holds: [`Acknowledge`] runs only after the keeper committed its input.
//!
//! Not here: what the keeper does with it ([`crate::windows`]).

use std::sync::mpsc::SyncSender;

use devices::message::DeviceData;
use process::Clock;
use reads::Finding;

use crate::metrics::Metrics;

/// Tells a sender that what it sent is on disk.
pub type Acknowledge = Box<dyn FnOnce() + Send>;

/// What a reader or sensor reported, on its way to the keeper.
pub struct Input {
    /// The reader's index in the configuration.
    pub source: usize,
    /// What it reported.
    pub data: DeviceData,
    /// Digest of the message it came in, if an equal digest can only mean a redelivery.
    pub message: Option<ledger::Hash>,
    /// Runs once it is on disk.
    pub acknowledge: Option<Acknowledge>,
}

impl Input {
    /// An input that nobody waits for.
    #[must_use]
    pub fn of(source: usize, data: DeviceData) -> Self {
        Self { source, data, message: None, acknowledge: None }
    }
}

/// Hands what one reader reports to the rest of the bridge.
#[derive(Clone)]
pub struct Sink {
    /// The reader's index in the configuration.
    pub source: usize,
    /// Its name.
    pub reader: String,
    /// The keeper's queue.
    pub inputs: SyncSender<Input>,
    /// Counters.
    pub metrics: Metrics,
    /// Gives the time of arrival.
    pub clock: Clock,
}

/// The bridge is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping;

impl Sink {
    /// Queues `data`, waiting for room.
    ///
    /// # Errors
    ///
    /// [`Stopping`].
    pub fn send(&self, data: DeviceData) -> Result<(), Stopping> {
        if data.is_empty() {
            return Ok(());
        }
        self.inputs.send(Input::of(self.source, data)).map_err(|_| Stopping)
    }

    /// Queues one finding.
    ///
    /// # Errors
    ///
    /// [`Stopping`].
    pub fn report(&self, code: &'static str, text: String) -> Result<(), Stopping> {
        self.send(DeviceData { findings: vec![Finding { code, text }], ..DeviceData::default() })
    }

    /// Sets the gauge that says whether the reader is connected.
    pub(crate) fn set_connected(&self, is_connected: bool) {
        let connected = self.metrics.connected.with_label_values(&[&self.reader]);
        connected.set(i64::from(is_connected));
    }
}
