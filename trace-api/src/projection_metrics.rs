//! What is counted of the projection of events.

use prometheus::{IntCounter, IntGauge, Registry};

/// The metrics of the projection, as one trace-api process sees it.
#[derive(Debug, Clone)]
pub struct ProjectionMetrics {
    /// Whether this process projects: 1, or 0 while another one does.
    pub active: IntGauge,
    /// Records that are committed and not projected.
    pub lag_records: IntGauge,
    /// Seconds for which the oldest of them waits.
    pub lag_seconds: IntGauge,
    /// Events that this process projected.
    pub events: IntCounter,
    /// Records that it left out, because they are no events.
    pub skipped: IntCounter,
    /// Batches that could not be written.
    pub failures: IntCounter,
    /// Rows of the projection that do not lead to their record.
    pub faults: IntCounter,
}

impl ProjectionMetrics {
    /// Registers them.
    ///
    /// # Panics
    ///
    /// Never in practice: the names are fixed and distinct.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let gauge = |name: &str, help: &str| {
            let metric = IntGauge::new(name, help).expect("the name is fixed and well-formed");
            registry.register(Box::new(metric.clone())).expect("the name is registered once");
            metric
        };
        let counter = |name: &str, help: &str| {
            let metric = IntCounter::new(name, help).expect("the name is fixed and well-formed");
            registry.register(Box::new(metric.clone())).expect("the name is registered once");
            metric
        };
        Self {
            active: gauge(
                "trace_api_projection_active",
                "1 while this process projects events, 0 while another one does.",
            ),
            lag_records: gauge(
                "trace_api_projection_lag_records",
                "Records of site ledgers that are committed and not projected.",
            ),
            lag_seconds: gauge(
                "trace_api_projection_lag_seconds",
                "Seconds for which the oldest record waits to be projected.",
            ),
            events: counter("trace_api_projection_events_total", "Events projected."),
            skipped: counter(
                "trace_api_projection_skipped_total",
                "Records left out of the projection, because they are no events.",
            ),
            failures: counter(
                "trace_api_projection_failures_total",
                "Batches of events that could not be projected.",
            ),
            faults: counter(
                "trace_api_projection_faults_total",
                "Rows of the projection met that do not lead to their record.",
            ),
        }
    }
}
