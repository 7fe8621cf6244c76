//! What ingest counts and times, in one struct; the registry is the process's own.
//!
//! Names follow `ingest_<thing>_<unit|total>`; labels hold kinds, never ids.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
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
    /// Things refused, by kind and code.
    pub refusals: IntCounterVec,
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
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let metric = IntCounterVec::new(Opts::new(name, help), labels)
                .expect("the name and labels are fixed and well-formed");
            registry.register(Box::new(metric.clone())).expect("the name is registered once");
            metric
        };
        let counter = |name: &str, help: &str| {
            let metric = IntCounter::new(name, help).expect("the name is fixed and well-formed");
            registry.register(Box::new(metric.clone())).expect("the name is registered once");
            metric
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| {
            let metric = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))
                .expect("the name and buckets are fixed and well-formed");
            registry.register(Box::new(metric.clone())).expect("the name is registered once");
            metric
        };
        let ledger_size = IntGaugeVec::new(
            Opts::new("ingest_ledger_size_records", "Records in each ledger."),
            &["origin"],
        )
        .expect("the name and labels are fixed and well-formed");
        registry.register(Box::new(ledger_size.clone())).expect("the name is registered once");
        Self {
            deliveries: counters(
                "ingest_deliveries_total",
                "Deliveries of bridges that were answered, by outcome.",
                &["outcome"],
            ),
            observations: counter(
                "ingest_observations_total",
                "Observations in deliveries that were recorded.",
            ),
            refusals: counters(
                "ingest_refusals_total",
                "Things refused and stored with their reason, by kind and code.",
                &["kind", "code"],
            ),
            records: counter("ingest_records_total", "Records committed to ledgers."),
            captures: counters(
                "ingest_captures_total",
                "EPCIS documents that were answered, by outcome.",
                &["outcome"],
            ),
            commit_seconds: histogram(
                "ingest_commit_seconds",
                "Seconds from the first job of a group commit to its durability.",
                vec![0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0],
            ),
            commit_records: histogram(
                "ingest_commit_size_records",
                "Records in one group commit.",
                vec![1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 5000.0],
            ),
            commit_failures: counters(
                "ingest_commit_failures_total",
                "Group commits that failed, by reason.",
                &["reason"],
            ),
            ledger_size,
            registry,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
