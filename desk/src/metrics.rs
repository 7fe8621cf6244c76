//! What the desk counts; names follow `desk_<thing>_<unit|total>`.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// The metrics of one desk.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The registry that `/metrics` prints.
    pub registry: Registry,
    /// Logins by means (`key`, `provider`) and outcome (`done`, `refused`, `limited`, `unavailable`).
    pub logins: IntCounterVec,
    /// Requests that were not answered with what they asked for, by reason.
    pub refused: IntCounterVec,
    /// Sessions deleted because they were old.
    pub deleted_sessions: IntCounter,
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
        let by = |name: &str, help: &str, labels: &[&str]| {
            let metric = IntCounterVec::new(Opts::new(name, help), labels)
                .expect("the name and labels are fixed and well-formed");
            registry.register(Box::new(metric.clone())).expect("the name is registered once");
            metric
        };
        let logins = by(
            "desk_logins_total",
            "Attempts to log in, by means and outcome.",
            &["means", "outcome"],
        );
        let refused =
            by("desk_refused_total", "Requests that were refused, by reason.", &["reason"]);
        let deleted_sessions = IntCounter::new(
            "desk_deleted_sessions_total",
            "Sessions deleted because they were old.",
        )
        .expect("the name is well-formed");
        registry.register(Box::new(deleted_sessions.clone())).expect("the name is registered once");
        Self { registry, logins, refused, deleted_sessions }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
