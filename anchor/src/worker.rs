//! The one who does it: compares, collects, publishes, again and again.
//!
//! The way of one [`Worker::tick`]:
//!
//! ```text
//! lease -> compare hub and chain (once per lease) -> at an epoch: hub::collect -> one step of the open anchor
//! ```
//!
//! What holds:
//!
//! - one worker per hub: it holds the writer's lease (an advisory lock) and asks for it anew when lost;
//! - nothing is signed before the hub was compared with the chain: a database restored from a backup knows
//!   less than the chain does, and what it would sign now would be a fork. Then the worker stops, with
//!   [`Error::ChainKnowsMore`];
//! - trouble with the chain does not keep the hub from being signed, once they were compared.
//!
//! Not here: the steps themselves ([`crate::hub`], [`crate::epoch`], [`crate::receipts`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sql::ledgers::WriterLease;
use sql::{Db, LedgerId};

use crate::config::{Config, Hub, Pace};
use crate::metrics::Metrics;
use crate::target::{Published, Target, TargetError};
use crate::transaction::Address;
use crate::{Error, hub};

/// Longest wait after failures in a row.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// A hub's worker.
pub struct Worker {
    pub(crate) db: Db,
    pub(crate) hub: Hub,
    pub(crate) hub_id: LedgerId,
    pub(crate) pace: Pace,
    pub(crate) chain_id: u64,
    pub(crate) contract: Address,
    pub(crate) metrics: Metrics,
    /// Size that the newest final anchor covers; none until looked up.
    pub(crate) final_size: Option<u64>,
    target: Arc<dyn Target>,
    lease: Option<WriterLease>,
    next_epoch: Instant,
    /// Steps of the open anchor that failed, in a row.
    failures: u32,
    next_step: Instant,
}

impl Worker {
    /// Prepares a worker; its hub is created, empty, if there is none of that name.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`]
    pub async fn new(config: Config, db: Db, metrics: Metrics) -> Result<Self, Error> {
        let Config { hub, pace, chain_id, contract, target, .. } = config;
        let hub_id = sql::ledgers::create_ledger(&db, &hub.origin, "hub", &hub.party).await?;
        let now = Instant::now();
        Ok(Self {
            db,
            hub,
            hub_id,
            pace,
            chain_id,
            contract,
            metrics,
            final_size: None,
            target,
            lease: None,
            next_epoch: now,
            failures: 0,
            next_step: now,
        })
    }

    /// How long to wait between two ticks.
    #[must_use]
    pub fn poll(&self) -> Duration {
        self.pace.poll
    }

    /// Number of the hub in the database.
    #[must_use]
    pub fn hub_id(&self) -> LedgerId {
        self.hub_id
    }

    /// Makes the next tick look for new checkpoints and try the chain, whatever the time.
    pub fn hurry(&mut self) {
        self.next_epoch = Instant::now();
        self.next_step = self.next_epoch;
    }

    /// Does what is due now.
    ///
    /// # Errors
    ///
    /// [`Error`], on the first thing that failed. After [`Error::is_fatal`] the worker must not go on; after
    /// any other the next tick tries again.
    pub async fn tick(&mut self) -> Result<(), Error> {
        let outcome = self.try_tick().await;
        if let Err(error) = &outcome {
            self.metrics.failures.with_label_values(&[error.reason()]).inc();
            if matches!(error, Error::Sql(_)) {
                // Whatever it was, another may have written meanwhile, or a backup been restored.
                self.release();
            }
        }
        let failures = i64::try_from(self.target.failures()).unwrap_or(i64::MAX);
        self.metrics.endpoint_failures.set(failures);
        outcome
    }

    async fn try_tick(&mut self) -> Result<(), Error> {
        self.hold().await?;
        if Instant::now() >= self.next_epoch {
            self.collect().await?;
            self.next_epoch = Instant::now() + self.pace.epoch;
        }
        let mut outcome = Ok(());
        if Instant::now() >= self.next_step {
            outcome = self.advance().await;
            self.failures = if outcome.is_err() { self.failures.saturating_add(1) } else { 0 };
            let rest = match self.failures {
                0 => Duration::ZERO,
                failures => (self.pace.poll * 2_u32.pow(failures.min(8))).min(LONGEST_REST),
            };
            self.next_step = Instant::now() + rest;
        }
        let age = self.unanchored_age().await?;
        self.metrics.unanchored_age.set(age.as_secs_f64());
        let size = self.final_size().await?;
        self.metrics.anchored_size.set(i64::try_from(size).unwrap_or(i64::MAX));
        outcome
    }

    /// Gives the lease back; the next tick asks for it and compares again.
    fn release(&mut self) {
        self.lease = None;
        self.final_size = None;
        self.metrics.may_sign.set(0);
    }

    /// Holds the lease; whenever it is new, the hub is compared with the chain before anything is signed.
    async fn hold(&mut self) -> Result<(), Error> {
        if let Some(lease) = &self.lease {
            return Ok(lease.check()?);
        }
        let lease = sql::ledgers::hold_writer(&self.db, self.hub_id).await?;
        self.compare().await?;
        self.lease = Some(lease);
        self.metrics.may_sign.set(1);
        Ok(())
    }

    /// Compares the hub with what the chain knows of it.
    async fn compare(&self) -> Result<(), Error> {
        let hub_id = ledger::hub::hub_id(&self.hub.origin);
        let Some(Published { size, root }) = self.ask(move |target| target.latest(&hub_id)).await?
        else {
            return Ok(());
        };
        let head = sql::ledgers::head(&self.db, self.hub_id).await?;
        if size > head.size {
            return Err(Error::ChainKnowsMore(format!(
                "{} knows {size} entries of the hub `{}`, the database {}: it was restored from an older \
                 backup. Nothing is signed, for that would fork the hub; restore a newer backup, or begin \
                 a new hub under another origin",
                self.target.name(),
                self.hub.origin,
                head.size
            )));
        }
        let ours = sql::ledgers::checkpoint_at(&self.db, self.hub_id, size).await?;
        if ours.is_some_and(|ours| ours.size == size && ours.root == root) {
            return Ok(());
        }
        Err(Error::ChainKnowsMore(format!(
            "{} knows the hub `{}` of size {size} under the root {root}, the database has no checkpoint of \
             that size and root: it is another hub under the same origin, or was restored and went on. \
             Nothing is signed",
            self.target.name(),
            self.hub.origin
        )))
    }

    async fn collect(&self) -> Result<(), Error> {
        let collected = hub::collect(&self.db, &self.hub, self.hub_id).await?;
        self.metrics.hub_entries.inc_by(collected.taken);
        self.metrics.hub_size.set(i64::try_from(collected.size).unwrap_or(i64::MAX));
        let refused = i64::try_from(collected.refused.len()).unwrap_or(i64::MAX);
        self.metrics.ledgers_refused.set(refused);
        Ok(())
    }

    /// Asks the target on a thread where blocking is allowed.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Target) -> Result<T, TargetError> + Send + 'static,
    ) -> Result<T, Error> {
        let target = Arc::clone(&self.target);
        let answer = tokio::task::spawn_blocking(move || question(&*target)).await;
        Ok(answer.map_err(|_| Error::Interrupted)??)
    }

    /// Entries of the hub that the newest final anchor covers.
    async fn final_size(&mut self) -> Result<u64, Error> {
        if let Some(size) = self.final_size {
            return Ok(size);
        }
        // Sizes up to the answer are covered, sizes above are not: halve the range.
        let (mut covered, mut bound) = (0, sql::ledgers::head(&self.db, self.hub_id).await?.size);
        while covered < bound {
            let middle = covered + (bound - covered).div_ceil(2);
            match sql::anchors::covering(&self.db, self.hub_id, middle).await? {
                Some(anchor) => covered = middle.max(anchor.size),
                None => bound = middle - 1,
            }
        }
        self.final_size = Some(covered);
        Ok(covered)
    }

    /// Age of the oldest hub checkpoint that no final anchor covers; zero if there is none.
    pub(crate) async fn unanchored_age(&mut self) -> Result<Duration, Error> {
        let covered = self.final_size().await?;
        let oldest = sql::ledgers::checkpoint_at(&self.db, self.hub_id, covered + 1).await?;
        Ok(oldest.map_or(Duration::ZERO, |checkpoint| {
            let age = Timestamp::now().duration_since(checkpoint.recorded_at);
            Duration::try_from(age).unwrap_or_default()
        }))
    }
}
