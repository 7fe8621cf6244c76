//! What every request handler uses.

use std::sync::{Arc, PoisonError, RwLock};

use actix_web::HttpRequest;
use directory::Rights;
use gate::Gate;
use gate::read_log::ReadLog;
use history::Cache;
use history::directory::{DirectoryCache, Loaded};
use history::projected::CheckedEvents;
use ledger::hash::{HmacKey, hmac_sha256};
use ledger::policy::Policy;
use process::Clock;
use sql::Db;

use crate::config::Config;
use crate::epcis_api::ended_tokens::GivenBack;
use crate::epcis_api::sockets::Sockets;
use crate::epcis_api::token::TokenKey;
use crate::limits::{Admission, Limits, Reached};
use crate::marks::MarkKeys;
use crate::metrics::{CacheMetrics, Metrics};
use crate::names::{Names, Stated};
use crate::problem::Problem;
use crate::projection_metrics::ProjectionMetrics;
use crate::scan::address_of;
use crate::scan_queue::ScanQueue;

/// Longest part of an address that is read; a GS1 serial number has at most 20 characters.
pub const MAX_PART: usize = 200;

/// Most bytes of what was verified and is kept for later answers.
const CACHE_BYTES: usize = 256 << 20;
/// Most bytes of events that are kept for later answers.
const EVENT_BYTES: usize = 128 << 20;

/// Who is answered: one of the two addresses that trace-api listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Anybody: limited, and shown the consumer's view.
    Public,
    /// The operator, on the loopback interface.
    Internal,
}

/// Database, configuration, metrics, limits, clock and the queue of scans of one trace-api process.
pub struct AppState {
    /// The database.
    pub db: Db,
    /// The configuration as it is now: [`Self::config`].
    current: RwLock<Arc<Config>>,
    /// Metrics.
    pub metrics: Metrics,
    /// How much may still be asked.
    pub limits: Limits,
    /// What was verified for earlier answers.
    pub cache: Cache,
    /// How often that helped.
    pub cache_metrics: CacheMetrics,
    /// Events that were recomputed for earlier answers.
    pub checked: CheckedEvents,
    /// What is counted of the projection of events.
    pub projection: ProjectionMetrics,
    /// The time.
    pub clock: Clock,
    /// Stores scans.
    pub scans: ScanQueue,
    /// Identifies callers.
    pub gate: Gate,
    /// Records who read what.
    pub read_log: ReadLog,
    /// Makes marks of scans.
    pub mark_keys: MarkKeys,
    /// Makes and opens the tokens of pages.
    pub page_tokens: TokenKey,
    /// Tokens of pages that were given back.
    pub given_back: GivenBack,
    /// Makes ids of subscriptions.
    pub subscription_ids: HmacKey,
    /// Connections that results are sent over.
    pub sockets: Arc<Sockets>,
    authority: Authority,
}

/// Where the answer to "who may say what?" comes from.
enum Authority {
    /// The directory that the policy pins, replayed when it has grown; without a pin nobody may say anything.
    Directory(Box<DirectoryCache>),
    /// Rights that a test states.
    #[cfg(test)]
    Stated(Arc<Rights>),
}

impl AppState {
    /// The state of a process that has answered nothing yet; scans are stored by the runtime that this is called on.
    #[must_use]
    pub fn new(config: Config, db: Db, clock: Clock) -> Self {
        let limits = Limits::new(config.rates, &config.scan_secret, clock.instant());
        let authority = Authority::Directory(Box::new(DirectoryCache::new(config.policy.clone())));
        let (metrics, cache) = (Metrics::new(), Cache::new(CACHE_BYTES));
        let cache_metrics = CacheMetrics::new(&metrics.registry);
        let projection = ProjectionMetrics::new(&metrics.registry);
        let scans = ScanQueue::start(db.clone(), metrics.clone());
        let read_log = ReadLog::start(db.clone(), config.read_log.clone(), clock.clone());
        let gate = Gate::new(db.clone(), clock.clone(), config.gate.clone());
        let mark_keys = MarkKeys::new(&config.scan_secret);
        let page_tokens = TokenKey::new(&config.scan_secret);
        let of_ids = hmac_sha256(&config.scan_secret, b"chopmark.org/subscription-id@v1\n");
        Self {
            db,
            current: RwLock::new(Arc::new(config)),
            metrics,
            limits,
            cache,
            cache_metrics,
            checked: CheckedEvents::new(EVENT_BYTES),
            projection,
            clock,
            scans,
            gate,
            read_log,
            mark_keys,
            page_tokens,
            given_back: GivenBack::default(),
            subscription_ids: HmacKey::new(&of_ids),
            sockets: Arc::default(),
            authority,
        }
    }

    /// The configuration as it is now. An answer takes it once, so that all of it has the same names.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on products and places have these names; answers that were begun keep theirs.
    pub fn rename(&self, names: &Names) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let names = names.clone().with_stated(current.names.stated().clone());
        *current = Arc::new(Config { names: Arc::new(names), ..Config::clone(&current) });
    }

    /// From now on products and places that the configuration does not name have these names of master data.
    pub fn tell(&self, stated: Arc<Stated>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let names = Names::clone(&current.names).with_stated(stated);
        *current = Arc::new(Config { names: Arc::new(names), ..Config::clone(&current) });
    }

    /// The same with rights that no directory states.
    #[cfg(test)]
    #[must_use]
    pub fn with_rights(self, rights: Rights) -> Self {
        Self { authority: Authority::Stated(Arc::new(rights)), ..self }
    }

    /// Who may say what, by the directory as it is now; without one that verifies, everything is a claim.
    pub async fn rights(&self) -> Arc<Rights> {
        match &self.authority {
            Authority::Directory(cache) => cache.rights(&self.db).await,
            #[cfg(test)]
            Authority::Stated(rights) => rights.clone(),
        }
    }

    /// Who may say what, and the policy under which checkpoints are checked ([`history::directory::effective_policy`]), both
    /// by one look at the directory.
    pub async fn rights_and_policy(&self) -> (Arc<Rights>, Arc<Policy>) {
        match &self.authority {
            Authority::Directory(cache) => {
                let current = cache.current(&self.db).await;
                (current.rights, current.policy)
            }
            #[cfg(test)]
            Authority::Stated(rights) => (rights.clone(), Arc::new(self.config().policy.clone())),
        }
    }

    /// The directory as it is now, for proofs; none if none is pinned or it does not verify.
    pub async fn directory(&self) -> Option<Arc<Loaded>> {
        match &self.authority {
            Authority::Directory(cache) => cache.current(&self.db).await.loaded,
            #[cfg(test)]
            Authority::Stated(_) => None,
        }
    }

    /// Admits a request that needs the database.
    ///
    /// # Errors
    ///
    /// [`Problem::TooMany`].
    pub fn admit(&self, request: &HttpRequest) -> Result<(), Problem> {
        if audience(request) == Audience::Internal {
            return Ok(());
        }
        let address = address_of(request, &self.config());
        let admitted = self.limits.admit(address, self.clock.instant());
        admitted.map_err(|reached| self.refused(reached))
    }

    /// Admits a request for a code; none for the operator, who is not limited.
    ///
    /// # Errors
    ///
    /// [`Problem::TooMany`].
    pub fn admit_code(&self, request: &HttpRequest) -> Result<Option<Admission<'_>>, Problem> {
        if audience(request) == Audience::Internal {
            return Ok(None);
        }
        let address = address_of(request, &self.config());
        let admitted = self.limits.admit_code(address, self.clock.instant());
        admitted.map(Some).map_err(|reached| self.refused(reached))
    }

    /// Admits a report that somebody sends.
    ///
    /// # Errors
    ///
    /// [`Problem::TooMany`].
    pub fn admit_report(&self, request: &HttpRequest) -> Result<(), Problem> {
        let address = address_of(request, &self.config());
        let admitted = self.limits.admit_report(address, self.clock.instant());
        admitted.map_err(|reached| self.refused(reached))
    }

    fn refused(&self, reached: Reached) -> Problem {
        self.metrics.refused.with_label_values(&[reached.code()]).inc();
        Problem::TooMany
    }
}

/// Who sent a request; the public if nothing says otherwise.
#[must_use]
pub fn audience(request: &HttpRequest) -> Audience {
    request.app_data::<Audience>().copied().unwrap_or(Audience::Public)
}
