//! The metrics of ingest, in one struct; the registry is the process's own.
//!
//! Names follow `ingest_<thing>_<unit|total>`; labels hold kinds, never ids.

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

/// The metrics of one ingest process.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The registry that `/metrics` prints.
    pub registry: Registry,
    /// Deliveries answered, by outcome (`recorded`, `repeated`, `refused`, `unavailable`).
    pub deliveries: IntCounterVec,
    /// Observations admitted.
    pub observations: IntCounter,
    /// Refusals, by kind and code.
    pub refusals: IntCounterVec,
    /// Refusals of senders that are not admitted that were counted and not stored.
    pub unstored_refusals: IntCounter,
    /// Bytes of bodies held in memory.
    pub body_bytes: IntGauge,
    /// Records committed to ledgers.
    pub records: IntCounter,
    /// Documents captured, by outcome.
    pub captures: IntCounterVec,
    /// Seconds that one group commit took.
    pub commit_seconds: Histogram,
    /// Records in one group commit.
    pub commit_records: Histogram,
    /// Group commits that failed, by reason (`unavailable`, `conflict`, `data`).
    pub commit_failures: IntCounterVec,
    /// Records in each ledger, by origin.
    pub ledger_size: IntGaugeVec,
    /// 1 for each ledger for which nothing is signed because it was restored or closed, by origin; 0 for the others.
    pub held: IntGaugeVec,
}

impl Metrics {
    /// Shows whether a ledger is held.
    pub fn show_hold(&self, origin: &str, is_held: bool) {
        self.held.with_label_values(&[origin]).set(i64::from(is_held));
    }
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
        let (unstored_refusals, body_bytes) = pressure(&registry);
        Self {
            deliveries: counters(
                &registry,
                "ingest_deliveries_total",
                "Deliveries of bridges that were answered, by outcome.",
                &["outcome"],
            ),
            observations: counter(
                &registry,
                "ingest_observations_total",
                "Observations in deliveries that were recorded.",
            ),
            refusals: counters(
                &registry,
                "ingest_refusals_total",
                "Observations, deliveries and events refused, by kind and code.",
                &["kind", "code"],
            ),
            unstored_refusals,
            body_bytes,
            records: counter(&registry, "ingest_records_total", "Records committed to ledgers."),
            captures: counters(
                &registry,
                "ingest_captures_total",
                "EPCIS documents that were answered, by outcome.",
                &["outcome"],
            ),
            commit_seconds: histogram(
                &registry,
                "ingest_commit_seconds",
                "Seconds that the transaction of a group commit took; looking up, sequencing and signing come before it.",
                &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0],
            ),
            commit_records: histogram(
                &registry,
                "ingest_commit_size_records",
                "Records in one group commit.",
                &[1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 5000.0],
            ),
            commit_failures: counters(
                &registry,
                "ingest_commit_failures_total",
                "Group commits that failed, by reason.",
                &["reason"],
            ),
            ledger_size: gauges(
                &registry,
                "ingest_ledger_size_records",
                "Records in each ledger.",
                &["origin"],
            ),
            held: held(&registry),
            registry,
        }
    }
}

/// Which ledgers are held.
fn held(registry: &Registry) -> IntGaugeVec {
    gauges(
        registry,
        "ingest_held_ledger",
        "1 for a ledger for which nothing is signed: it was restored from a backup, or closed.",
        &["origin"],
    )
}

/// What shows that senders press: refusals that were not stored, bytes held.
fn pressure(registry: &Registry) -> (IntCounter, IntGauge) {
    let unstored = counter(
        registry,
        "ingest_unstored_refusals_total",
        "Refusals of senders that are not admitted that were counted and not stored.",
    );
    let held = IntGauge::new("ingest_body_held_bytes", "Bytes of bodies held in memory.");
    (unstored, registered(registry, held.expect("the name is fixed and well-formed")))
}

/// Adds `metric` to the registry.
fn registered<M: Collector + Clone + 'static>(registry: &Registry, metric: M) -> M {
    registry.register(Box::new(metric.clone())).expect("the name is registered once");
    metric
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    let metric = IntCounterVec::new(Opts::new(name, help), labels);
    registered(registry, metric.expect("the name and labels are fixed and well-formed"))
}

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    let metric = IntCounter::new(name, help);
    registered(registry, metric.expect("the name is fixed and well-formed"))
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    let metric = IntGaugeVec::new(Opts::new(name, help), labels);
    registered(registry, metric.expect("the name and labels are fixed and well-formed"))
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Histogram {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    let metric = Histogram::with_opts(options);
    registered(registry, metric.expect("the name and buckets are fixed and well-formed"))
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
