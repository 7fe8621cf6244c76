//! What every request handler uses.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use process::Clock;
use sql::Db;

use crate::config::Config;
use crate::metrics::Metrics;

/// Longest part of an address that is read; a GS1 serial number has at most 20 characters.
pub const MAX_PART: usize = 200;
/// Unknown codes that one address may ask for in a minute.
pub const UNKNOWN_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("thirty is not zero");

/// Database, configuration, metrics, limits and clock of one trace-api process.
pub struct AppState {
    /// The database.
    pub db: Db,
    /// Configuration.
    pub config: Config,
    /// Metrics.
    pub metrics: Metrics,
    /// Requests for unknown codes, by address.
    pub unknown_codes: DefaultKeyedRateLimiter<IpAddr>,
    /// The time.
    pub clock: Clock,
}

impl AppState {
    /// The state of a process that has answered nothing yet.
    #[must_use]
    pub fn new(config: Config, db: Db, clock: Clock) -> Self {
        Self {
            db,
            config,
            metrics: Metrics::new(),
            unknown_codes: RateLimiter::keyed(Quota::per_minute(UNKNOWN_PER_MINUTE)),
            clock,
        }
    }
}
