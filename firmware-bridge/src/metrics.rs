//! What the bridge counts; names follow `bridge_<thing>_<unit|total>`, labels hold readers and kinds.

use prometheus::{Encoder as _, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};
use reads::code;

use crate::spool::Forgotten;

/// The metrics of one bridge.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The registry that `/metrics` prints.
    pub registry: Registry,
    /// Raw reads, by reader.
    pub reads: IntCounterVec,
    /// Sensor readings, by reader.
    pub readings: IntCounterVec,
    /// Events of readers that are no reads, by reader.
    pub other_events: IntCounterVec,
    /// Frames with a wrong checksum or length, by reader.
    pub bad_frames: IntCounterVec,
    /// Bytes that belonged to no frame, by reader.
    pub garbage_bytes: IntCounterVec,
    /// Raw reads dropped, by reason.
    pub dropped: IntCounterVec,
    /// Messages that could not be used, by reader.
    pub dead_letters: IntCounterVec,
    /// Messages that had been taken before, by reader.
    pub repeated: IntCounterVec,
    /// Windows settled, by reader.
    pub windows: IntCounterVec,
    /// Observations settled.
    pub observations: IntCounter,
    /// What was found that somebody should know, by reader and code.
    pub findings: IntCounterVec,
    /// Arrivals, moves and departures at shelves.
    pub movements: IntCounter,
    /// Raw windows that were forgotten before their time to make room.
    pub forgotten_windows: IntCounter,
    /// Dead letters that were forgotten.
    pub forgotten_dead_letters: IntCounter,
    /// Messages that were forgotten before their time to make room; sent again, they would be taken again.
    pub forgotten_messages: IntCounter,
    /// Attempts to deliver, by outcome.
    pub deliveries: IntCounterVec,
    /// Deliveries that wait in the spool.
    pub waiting: IntGauge,
    /// Whether the spool can be written.
    pub spool_writable: IntGauge,
    /// Whether a reader is connected, by reader.
    pub connected: IntGaugeVec,
    /// Times a connection was lost or failed, by reader.
    pub reconnects: IntCounterVec,
}

impl Metrics {
    /// Registers all metrics in a new registry.
    ///
    /// # Panics
    ///
    /// Never in practice: the names are fixed and distinct.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let by = |name: &str, help: &str, label: &str| {
            let metric = IntCounterVec::new(Opts::new(name, help), &[label])
                .expect("the name and label are fixed and well-formed");
            registry.register(Box::new(metric.clone())).expect("the name is registered once");
            metric
        };
        let one = |name: &str, help: &str| {
            let metric = IntCounter::new(name, help).expect("the name is fixed and well-formed");
            registry.register(Box::new(metric.clone())).expect("the name is registered once");
            metric
        };
        let findings = IntCounterVec::new(
            Opts::new("bridge_findings_total", "What was found that somebody should know."),
            &["reader", "code"],
        )
        .expect("the name and labels are fixed and well-formed");
        registry.register(Box::new(findings.clone())).expect("the name is registered once");
        let waiting =
            IntGauge::new("bridge_waiting_deliveries", "Deliveries that wait in the spool.")
                .expect("the name is fixed and well-formed");
        let spool_writable =
            IntGauge::new("bridge_spool_writable", "1 while the spool can be written, else 0.")
                .expect("the name is fixed and well-formed");
        spool_writable.set(1);
        registry.register(Box::new(spool_writable.clone())).expect("the name is registered once");
        let connected = IntGaugeVec::new(
            Opts::new("bridge_connected_readers", "1 while a reader is connected, else 0."),
            &["reader"],
        )
        .expect("the name and label are fixed and well-formed");
        registry.register(Box::new(waiting.clone())).expect("the name is registered once");
        registry.register(Box::new(connected.clone())).expect("the name is registered once");
        let deliveries = by("bridge_deliveries_total", "Attempts to deliver.", "outcome");
        let dropped = by("bridge_dropped_reads_total", "Raw reads dropped.", "reason");
        for outcome in ["recorded", "refused", "later"] {
            deliveries.with_label_values(&[outcome]);
        }
        for reason in ["queue-full", "spool-full"] {
            dropped.with_label_values(&[reason]);
        }
        Self {
            reads: by("bridge_reads_total", "Raw reads.", "reader"),
            readings: by("bridge_readings_total", "Sensor readings.", "reader"),
            other_events: by("bridge_other_events_total", "Events that are no reads.", "reader"),
            bad_frames: by(
                "bridge_bad_frames_total",
                "Frames with a wrong checksum or length.",
                "reader",
            ),
            garbage_bytes: by(
                "bridge_garbage_bytes_total",
                "Bytes that belonged to no frame.",
                "reader",
            ),
            dropped,
            dead_letters: by(
                "bridge_dead_letters_total",
                "Messages that could not be used.",
                "reader",
            ),
            repeated: by(
                "bridge_repeated_messages_total",
                "Messages that had been taken before.",
                "reader",
            ),
            windows: by("bridge_windows_total", "Windows settled.", "reader"),
            deliveries,
            reconnects: by("bridge_reconnects_total", "Connections lost or failed.", "reader"),
            findings,
            forgotten_windows: one(
                "bridge_forgotten_windows_total",
                "Raw windows forgotten before their time to make room.",
            ),
            forgotten_dead_letters: one(
                "bridge_forgotten_dead_letters_total",
                "Dead letters forgotten.",
            ),
            forgotten_messages: one(
                "bridge_forgotten_messages_total",
                "Messages forgotten before their time to make room.",
            ),
            movements: one("bridge_movements_total", "Arrivals, moves and departures at shelves."),
            observations: one("bridge_observations_total", "Observations settled."),
            waiting,
            spool_writable,
            connected,
            registry,
        }
    }

    /// Begins the series of a configured reader at 0: an alert sees neither a reader that was never connected nor
    /// the first finding of a kind in a series that only begins with it.
    pub fn begin(&self, reader: &str) {
        let label = [reader];
        self.connected.with_label_values(&label).set(0);
        for counter in [&self.reads, &self.dead_letters, &self.reconnects, &self.windows] {
            counter.with_label_values(&label);
        }
        for code in code::ALL {
            self.findings.with_label_values(&[reader, code]);
        }
    }

    /// All of them, as Prometheus reads them.
    ///
    /// # Errors
    ///
    /// Never in practice: the text is written into memory.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

impl Metrics {
    /// Counts what the spool forgot.
    pub fn forgot(&self, forgotten: Forgotten) {
        self.forgotten_messages.inc_by(forgotten.messages as u64);
        self.forgotten_dead_letters.inc_by(forgotten.dead_letters as u64);
        self.forgotten_windows.inc_by(forgotten.windows as u64);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
