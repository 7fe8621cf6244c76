//! What the caches of verified things hold and how often they helped, as metrics.
//!
//! What holds: the figures are those of the caches at the moment at which `/metrics` is asked.

use history::Cache;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, Registry};

/// The metrics of the caches of one process.
#[derive(Debug)]
pub struct CacheMetrics {
    lookups: IntCounterVec,
    bytes: IntGaugeVec,
}

impl CacheMetrics {
    /// Registers them.
    ///
    /// # Panics
    ///
    /// Never in practice: the names are fixed and distinct.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let lookups = IntCounterVec::new(
            Opts::new("trace_api_cache_lookups_total", "Looks into a cache of verified things."),
            &["cache", "outcome"],
        )
        .expect("the name and labels are fixed and well-formed");
        let bytes = IntGaugeVec::new(
            Opts::new("trace_api_cache_bytes", "Bytes that a cache of verified things holds."),
            &["cache"],
        )
        .expect("the name and labels are fixed and well-formed");
        registry.register(Box::new(lookups.clone())).expect("the name is registered once");
        registry.register(Box::new(bytes.clone())).expect("the name is registered once");
        Self { lookups, bytes }
    }

    /// Takes over what the caches count.
    pub fn update(&self, cache: &Cache) {
        let stats = cache.stats();
        let all = [("records", stats.records), ("tiles", stats.tiles), ("ledgers", stats.ledgers)];
        for (name, usage) in all {
            for (outcome, count) in [("hit", usage.hits), ("miss", usage.misses)] {
                let counter = self.lookups.with_label_values(&[name, outcome]);
                counter.inc_by(count.saturating_sub(counter.get()));
            }
            let bytes = i64::try_from(usage.bytes).unwrap_or(i64::MAX);
            self.bytes.with_label_values(&[name]).set(bytes);
        }
    }
}
