//! What trace-api counts and times; names follow `trace_api_<thing>_<unit|total>`.

use history::Cache;
use history::cache::Usage;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

const MESSAGES: &str = "Messages of subscriptions, by what came of them.";
const EMERGENCY_RIGHTS: &str = "Rights of an emergency that hold.";
const TAPS: &str =
    "Taps of chips, by what came of them; `unreadable`: key sets that could not be read.";
const TAG_CHALLENGES: &str =
    "Challenges of UHF tags that were given out and answered, by what came of them.";
const GIVEN_UP: &str = "Subscriptions that were given up within the last seven days.";
const REFUSED: &str = "Requests refused before the database was asked, by limit.";
const BROKEN_RECORDS: &str = "Records met that do not fit their signed ledger.";
const HIDDEN_CODES: &str = "Hidden codes that were entered, by what came of them.";
const OWNERS: &str = "Requests of owners and of who wants to be one, by what came of them.";
const REPORTS: &str = "Reports of a suspicion that were sent, by what became of them.";
const NAME_RELOADS: &str = "Readings of the files of products and places after SIGHUP, by outcome.";

/// The metrics of one trace-api process.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The registry that `/metrics` prints.
    pub registry: Registry,
    /// Scans answered, by verdict.
    pub verdicts: IntCounterVec,
    /// Taps of chips, by what came of them ([`crate::taps::code`]); `unreadable`: key sets that could not be read.
    pub taps: IntCounterVec,
    /// Challenges of UHF tags: `given`, `no_keys`; answers by what came of them ([`crate::taps::code`]), `not_checked`, `no_challenge`.
    pub tag_challenges: IntCounterVec,
    /// Scans, by role.
    pub scans: IntCounterVec,
    /// Scans that could not be stored, by reason: `full`, `unavailable`, `refused`.
    pub unstored_scans: IntCounterVec,
    /// Scans that were stored by one statement, repeats included.
    pub scan_group: Histogram,
    /// Requests whose scan is not stored yet, when the last group was taken.
    pub scans_under_way: IntGauge,
    /// Seconds to gather, judge and answer one scan.
    pub answer_seconds: Histogram,
    /// Requests refused before the database was asked, by the limit that was reached.
    pub refused: IntCounterVec,
    /// Messages of subscriptions, by what came of them: `taken`, `halved`, `failed`, `given_up`.
    pub messages: IntCounterVec,
    /// Findings opened, by rule.
    pub findings: IntCounterVec,
    /// Readings of the files of names while the process runs, by outcome: `done`, `refused`.
    pub name_reloads: IntCounterVec,
    /// Reports of a suspicion that were sent, by what became of them ([`crate::http::report`]).
    pub reports: IntCounterVec,
    /// Hidden codes that were entered, by what came of them ([`crate::words::code::Entered::outcome`]); `other_site`: another site's form.
    pub hidden_codes: IntCounterVec,
    /// Requests of owners and of who wants to be one, by what came of them ([`crate::http::own`]).
    pub owners: IntCounterVec,
    /// Scans deleted because they were old.
    pub deleted_scans: IntCounter,
    /// Bundles given out, by whether they are anchored.
    pub bundles: IntCounterVec,
    /// Records met that do not fit their ledger.
    pub broken_records: IntCounter,
    /// Rights of an emergency that hold.
    pub emergency_rights: IntGauge,
    /// Subscriptions that were given up within the last seven days.
    pub given_up: IntGauge,
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
        let answer_seconds = histogram(
            &registry,
            "trace_api_answer_seconds",
            "Seconds to answer one scan.",
            &[0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0],
        );
        let scan_group = histogram(
            &registry,
            "trace_api_scan_group_size",
            "Scans stored by one statement.",
            &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0],
        );
        let scans_under_way = gauge(
            &registry,
            "trace_api_scans_under_way",
            "Requests whose scan is not stored yet, at most 1024.",
        );
        let broken_records = counter(&registry, "trace_api_broken_records_total", BROKEN_RECORDS);
        let deleted_scans = counter(
            &registry,
            "trace_api_deleted_scans_total",
            "Scans deleted because they were older than keep_scans_days.",
        );
        Self {
            verdicts: by("trace_api_verdicts_total", "Scans answered, by verdict.", "verdict"),
            taps: by("trace_api_taps_total", TAPS, "outcome"),
            scans: by("trace_api_scans_total", "Scans, by role.", "role"),
            refused: by("trace_api_refused_requests_total", REFUSED, "limit"),
            unstored_scans: by(
                "trace_api_unstored_scans_total",
                "Scans that could not be stored, by reason; their requests were refused.",
                "reason",
            ),
            scan_group,
            scans_under_way,
            name_reloads: by("trace_api_name_reloads_total", NAME_RELOADS, "outcome"),
            messages: by("trace_api_subscription_messages_total", MESSAGES, "outcome"),
            findings: by("trace_api_findings_total", "Findings opened, by rule.", "rule"),
            reports: by("trace_api_reports_total", REPORTS, "outcome"),
            tag_challenges: by("trace_api_tag_challenges_total", TAG_CHALLENGES, "outcome"),
            hidden_codes: by("trace_api_hidden_codes_total", HIDDEN_CODES, "outcome"),
            owners: by("trace_api_owners_total", OWNERS, "outcome"),
            deleted_scans,
            bundles: by("trace_api_bundles_total", "Bundles given out.", "anchored"),
            answer_seconds,
            broken_records,
            emergency_rights: gauge(&registry, "trace_api_emergency_rights", EMERGENCY_RIGHTS),
            given_up: gauge(&registry, "trace_api_subscriptions_given_up", GIVEN_UP),
            registry,
        }
    }
}

fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Histogram {
    let metric = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))
        .expect("the name and buckets are fixed and well-formed");
    registry.register(Box::new(metric.clone())).expect("the name is registered once");
    metric
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    let metric = IntGauge::new(name, help).expect("the name is fixed and well-formed");
    registry.register(Box::new(metric.clone())).expect("the name is registered once");
    metric
}

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    let metric = IntCounter::new(name, help).expect("the name is fixed and well-formed");
    registry.register(Box::new(metric.clone())).expect("the name is registered once");
    metric
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// What the caches of verified things hold and how often they helped, as of the moment at which `/metrics` is asked.
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
    pub fn update(&self, cache: &Cache, events: Usage) {
        let stats = cache.stats();
        let all = [
            ("records", stats.records),
            ("tiles", stats.tiles),
            ("ledgers", stats.ledgers),
            ("events", events),
        ];
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
