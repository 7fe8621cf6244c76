//! The counters and gauges of the anchor worker, in one struct with a registry of its own.
//!
//! Names follow `anchor_<thing>_<unit|total>`; labels hold kinds, never ids.

use prometheus::core::Collector;
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// The metrics of one anchor worker.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The registry that `/metrics` prints.
    pub registry: Registry,
    /// Checkpoints appended to the hub.
    pub hub_entries: IntCounter,
    /// Entries in the hub.
    pub hub_size: IntGauge,
    /// Ledgers whose newest checkpoint the hub refuses.
    pub ledgers_refused: IntGauge,
    /// Entries of the hub that the newest final anchor covers.
    pub anchored_size: IntGauge,
    /// Age of the oldest hub entry that no final anchor covers; 0 if there is none.
    pub unanchored_age: Gauge,
    /// Transactions sent, by kind (`first`, `replacement`, `repeat`).
    pub transactions: IntCounterVec,
    /// Times that no transaction was sent because of its price, by reason (`too_dear`, `cap_reached`).
    pub holds: IntCounterVec,
    /// Anchors that became final.
    pub finals: IntCounter,
    /// Times that a mined transaction was no longer in a block, or in another one.
    pub reorganisations: IntCounter,
    /// Wei paid for final anchors, in gwei.
    pub fees_paid_gwei: Gauge,
    /// Steps that failed, by reason (`Error::reason`).
    pub failures: IntCounterVec,
    /// Times that endpoints contradicted one another about an anchor's block.
    pub disagreements: IntCounter,
    /// Final anchors that an endpoint contradicted when they were asked for last.
    pub disputed: IntGauge,
    /// Times that a request to a chain endpoint failed.
    pub endpoint_failures: IntGauge,
    /// 1 once the hub was compared with the chain since the start, so that it may be signed, else 0.
    pub may_sign: IntGauge,
}

impl Metrics {
    /// Registers all metrics in a new registry.
    ///
    /// # Panics
    ///
    /// Never in practice: the names are fixed and distinct.
    #[must_use]
    pub fn new() -> Self {
        let new = Registering(Registry::new());
        Self {
            hub_entries: new.counter(
                "anchor_hub_entries_total",
                "Checkpoints of ledgers that were appended to the hub.",
            ),
            hub_size: new.whole("anchor_hub_size_entries", "Entries in the hub."),
            ledgers_refused: new.whole(
                "anchor_refused_ledgers",
                "Ledgers whose newest checkpoint the hub refuses: forked, rolled back or not signed.",
            ),
            anchored_size: new.whole(
                "anchor_anchored_size_entries",
                "Entries of the hub that the newest final anchor covers.",
            ),
            unanchored_age: new.gauge(
                "anchor_oldest_unanchored_age_seconds",
                "Age of the oldest hub checkpoint that no final anchor covers; 0 if there is none.",
            ),
            transactions: new.counters(
                "anchor_transactions_total",
                "Transactions sent, by kind (first, replacement, repeat).",
                "kind",
            ),
            holds: new.counters(
                "anchor_holds_total",
                "Times that no transaction was sent because of its price, by reason.",
                "reason",
            ),
            finals: new.counter("anchor_final_total", "Anchors that became final."),
            reorganisations: new.counter(
                "anchor_reorganisations_total",
                "Times that a mined transaction was no longer in a block, or in another one.",
            ),
            fees_paid_gwei: new.gauge(
                "anchor_fees_paid_gwei",
                "Gwei paid for anchors that became final since the start.",
            ),
            failures: new.counters(
                "anchor_failures_total",
                "Steps that failed and are retried, by reason.",
                "reason",
            ),
            disagreements: new.counter(
                "anchor_endpoint_disagreements_total",
                "Times that chain endpoints contradicted one another about an anchor's block.",
            ),
            disputed: new.whole("anchor_disputed_anchors", "Final anchors that endpoints deny."),
            endpoint_failures: new.whole(
                "anchor_endpoint_failures",
                "Times since the start that a request to a chain endpoint failed.",
            ),
            may_sign: new.whole(
                "anchor_may_sign",
                "1 once the hub was compared with the chain since the start, else 0.",
            ),
            registry: new.0,
        }
    }
}

/// Makes metrics and registers them.
struct Registering(Registry);

impl Registering {
    fn counters(&self, name: &str, help: &str, label: &str) -> IntCounterVec {
        self.register(IntCounterVec::new(Opts::new(name, help), &[label]))
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help))
    }

    fn whole(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help))
    }

    fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.register(Gauge::new(name, help))
    }

    fn register<M: Collector + Clone + 'static>(&self, metric: prometheus::Result<M>) -> M {
        let metric = metric.expect("the name and labels are fixed and well-formed");
        self.0.register(Box::new(metric.clone())).expect("the name is registered once");
        metric
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
