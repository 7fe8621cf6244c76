//! Metrics that several roles have: of the process as a whole, and of a listener with TLS.
//!
//! Not here: a role's own metrics (`metrics.rs` of each).

use prometheus::core::Collector;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// What is counted of a process as a whole. Clones share the counts.
#[derive(Debug, Clone)]
pub struct ProcessMetrics {
    /// Starts of the private PostgreSQL after it died.
    pub database_restarts: IntCounter,
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        let help = "Starts of the private PostgreSQL after it had died.";
        let restarts = IntCounter::new("database_restarts_total", help);
        Self { database_restarts: restarts.expect("the name is well-formed") }
    }
}

impl ProcessMetrics {
    /// Shows them among the metrics of a role.
    ///
    /// # Panics
    ///
    /// Never in practice: no role has metrics of these names.
    pub fn show_in(&self, registry: &Registry) {
        add(registry, self.database_restarts.clone());
    }
}

/// What is counted of the certificates of a listener.
#[derive(Debug, Clone)]
pub struct TlsMetrics {
    /// When it expires, seconds since 1970; 0 without TLS.
    pub expires: IntGauge,
    /// How often its files were read again, by outcome (`replaced`, `kept`: the old one, because the new one is not usable,
    /// `waiting`: the old one until the new one's time comes).
    pub reloads: IntCounterVec,
    /// When the first of the revocation lists of clients ends, seconds since 1970; 0 without one.
    pub lists_end: IntGauge,
}

impl TlsMetrics {
    /// Registers them among the metrics of a role.
    ///
    /// # Panics
    ///
    /// Never in practice: no role has metrics of these names.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        let expires = IntGauge::new(
            "tls_certificate_expires_seconds",
            "When the certificate of the listener expires, seconds since 1970; 0 without TLS.",
        );
        let reloads = Opts::new(
            "tls_certificate_reloads_total",
            "How often certificate and key, or what certificates of clients are checked by, were read again, by outcome.",
        );
        let reloads = IntCounterVec::new(reloads, &["outcome"]);
        let lists_end = IntGauge::new(
            "tls_client_crl_ends_seconds",
            "When the revocation list of clients ends, seconds since 1970; 0 without one.",
        );
        let metrics = Self {
            expires: expires.expect("the name is well-formed"),
            reloads: reloads.expect("names are well-formed"),
            lists_end: lists_end.expect("the name is well-formed"),
        };
        add(registry, metrics.expires.clone());
        add(registry, metrics.reloads.clone());
        add(registry, metrics.lists_end.clone());
        metrics
    }
}

fn add(registry: &Registry, metric: impl Collector + 'static) {
    registry.register(Box::new(metric)).expect("the name is registered once");
}
