//! What the bridge counts; names follow `bridge_<thing>_<unit|total>`, labels hold readers and kinds.

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use reads::code;

use crate::spool::Forgotten;

const MOVEMENTS: &str = "Arrivals, moves and departures at shelves.";
const FORGOTTEN_WINDOWS: &str = "Raw windows deleted before their time to make room.";
const FORGOTTEN_MESSAGES: &str = "Message digests deleted before their time to make room.";
const SPOOL_WRITABLE: &str = "1 while the spool can be written, else 0.";

/// The metrics of one bridge.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The registry that `/metrics` prints.
    pub registry: Registry,
    /// Raw reads, by reader.
    pub reads: IntCounterVec,
    /// Sensor readings, by reader.
    pub readings: IntCounterVec,
    /// Events of readers that contain no reads, by reader.
    pub other_events: IntCounterVec,
    /// Frames with a wrong checksum or length, by reader.
    pub bad_frames: IntCounterVec,
    /// Bytes that belonged to no frame, by reader.
    pub garbage_bytes: IntCounterVec,
    /// Raw reads dropped, by reason.
    pub dropped: IntCounterVec,
    /// Messages that could not be used, by reader.
    pub dead_letters: IntCounterVec,
    /// Redeliveries that were deduplicated, by reader.
    pub repeated: IntCounterVec,
    /// Windows settled, by reader.
    pub windows: IntCounterVec,
    /// Observations settled.
    pub observations: IntCounter,
    /// Findings, by reader and code.
    pub findings: IntCounterVec,
    /// Arrivals, moves and departures at shelves.
    pub movements: IntCounter,
    /// Raw windows that were deleted before their time to make room.
    pub forgotten_windows: IntCounter,
    /// Dead letters that were deleted.
    pub forgotten_dead_letters: IntCounter,
    /// Message digests that were deleted before their time to make room; a redelivery would no longer be recognised.
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
        let to = Registering(Registry::new());
        let metrics = Self {
            reads: to.by("bridge_reads_total", "Raw reads.", &["reader"]),
            readings: to.by("bridge_readings_total", "Sensor readings.", &["reader"]),
            other_events: to.by("bridge_other_events_total", "Events without reads.", &["reader"]),
            bad_frames: to.by(
                "bridge_bad_frames_total",
                "Frames with a wrong checksum or length.",
                &["reader"],
            ),
            garbage_bytes: to.by(
                "bridge_garbage_bytes_total",
                "Bytes that belonged to no frame.",
                &["reader"],
            ),
            dropped: to.by("bridge_dropped_reads_total", "Raw reads dropped.", &["reason"]),
            dead_letters: to.by(
                "bridge_dead_letters_total",
                "Messages that could not be used.",
                &["reader"],
            ),
            repeated: to.by(
                "bridge_repeated_messages_total",
                "Redeliveries that were deduplicated.",
                &["reader"],
            ),
            windows: to.by("bridge_windows_total", "Windows settled.", &["reader"]),
            observations: to.counter("bridge_observations_total", "Observations settled."),
            findings: to.by("bridge_findings_total", "Findings.", &["reader", "code"]),
            movements: to.counter("bridge_movements_total", MOVEMENTS),
            forgotten_windows: to.counter("bridge_forgotten_windows_total", FORGOTTEN_WINDOWS),
            forgotten_dead_letters: to
                .counter("bridge_forgotten_dead_letters_total", "Dead letters deleted."),
            forgotten_messages: to.counter("bridge_forgotten_messages_total", FORGOTTEN_MESSAGES),
            deliveries: to.by("bridge_deliveries_total", "Attempts to deliver.", &["outcome"]),
            waiting: to.gauge("bridge_waiting_deliveries", "Deliveries that wait in the spool."),
            spool_writable: to.gauge("bridge_spool_writable", SPOOL_WRITABLE),
            connected: to.connected(),
            reconnects: to.by(
                "bridge_reconnects_total",
                "Connections lost or failed.",
                &["reader"],
            ),
            registry: to.0,
        };
        metrics.spool_writable.set(1);
        for outcome in ["recorded", "refused", "later"] {
            metrics.deliveries.with_label_values(&[outcome]);
        }
        for reason in ["queue-full", "spool-full"] {
            metrics.dropped.with_label_values(&[reason]);
        }
        metrics
    }

    /// Starts the series of a configured reader at 0. Without it, an alert would miss a reader that was never
    /// connected, and the first finding of a kind.
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

    /// All metrics in the text format of Prometheus.
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
    /// Counts what the spool deleted.
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

/// Makes metrics and registers them. The names are fixed and distinct, so nothing here fails.
struct Registering(Registry);

impl Registering {
    fn register<M: Collector + Clone + 'static>(&self, metric: M) -> M {
        self.0.register(Box::new(metric.clone())).expect("the name is registered once");
        metric
    }

    fn by(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        let metric = IntCounterVec::new(Opts::new(name, help), labels);
        self.register(metric.expect("the name and labels are fixed and well-formed"))
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help).expect("the name is fixed and well-formed"))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help).expect("the name is fixed and well-formed"))
    }

    fn connected(&self) -> IntGaugeVec {
        let help = "1 while a reader is connected, else 0.";
        let metric = IntGaugeVec::new(Opts::new("bridge_connected_readers", help), &["reader"]);
        self.register(metric.expect("the name and label are fixed and well-formed"))
    }
}
