//! What every request handler uses.

use std::fmt;
use std::net::IpAddr;

use actix_web::HttpRequest;
use gate::Gate;
use gate::read_log::ReadLog;
use history::Cache;
use history::directory::{Current, DirectoryCache};
use process::health::{NotReady, Probe};
use process::network::client_address;
use process::{Clock, Randomness};
use prometheus::Registry;
use sql::Db;

use crate::attempts::Attempts;
use crate::config::Config;
use crate::jobs::Jobs;
use crate::metrics::Metrics;

/// Who is answered: one of the two addresses that the desk listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// People with a browser.
    People,
    /// The operator's programs, on the loopback interface.
    Operator,
}
/// Most bytes of what was verified and is kept for later answers.
const CACHE_BYTES: usize = 128 << 20;

/// Database, configuration, metrics, clock and gate of one desk.
pub struct DeskState {
    /// The database, with the rights of the desk.
    pub db: Db,
    /// The configuration.
    pub config: Config,
    /// Metrics.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// Random bytes.
    pub random: Randomness,
    /// Finds out who asks.
    pub gate: Gate,
    /// Attempts to log in.
    pub attempts: Attempts,
    /// Records who read what.
    pub read_log: ReadLog,
    /// What was verified for earlier answers.
    pub cache: Cache,
    /// Who may say what; none without a policy.
    directory: Option<DirectoryCache>,
    /// Exports that are written here.
    pub jobs: Jobs,
}

impl fmt::Debug for DeskState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DeskState").field("config", &self.config).finish_non_exhaustive()
    }
}

impl DeskState {
    /// The state of a process that has answered nothing yet; reads are recorded by the runtime that this is called on.
    #[must_use]
    pub fn new(config: Config, db: Db, clock: Clock, random: Randomness) -> Self {
        let gate = Gate::new(db.clone(), clock.clone(), config.gate.clone());
        let attempts = Attempts::new(config.logins_per_minute);
        let read_log = ReadLog::start(db.clone(), config.read_log.clone(), clock.clone());
        let directory = config.policy.clone().map(DirectoryCache::new);
        let (metrics, cache) = (Metrics::new(), Cache::new(CACHE_BYTES));
        Self {
            db,
            config,
            metrics,
            clock,
            random,
            gate,
            attempts,
            read_log,
            cache,
            directory,
            jobs: Jobs::default(),
        }
    }

    /// Who may say what by the directory as it is now, and the policy under which checkpoints are opened; none if the desk shows no
    /// records.
    pub async fn authority(&self) -> Option<Current> {
        Some(self.directory.as_ref()?.current(&self.db).await)
    }

    /// Where a request comes from, behind the proxies that are trusted.
    #[must_use]
    pub fn address_of(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip());
        let forwarded = request.headers().get_all("X-Forwarded-For");
        let forwarded: Vec<&str> =
            forwarded.map(|value| value.to_str().unwrap_or_default()).collect();
        client_address(peer, &forwarded, &self.config.trusted_proxies)
    }
}

impl Probe for DeskState {
    type NotReady = NotReady;

    async fn ready(&self) -> Result<(), NotReady> {
        self.db.ping().await.map_err(|_| NotReady("the database does not answer".into()))
    }

    fn registry(&self) -> &Registry {
        &self.metrics.registry
    }
}
