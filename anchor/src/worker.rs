//! The worker: compares hub and chain, collects checkpoints, publishes; again and again.
//!
//! The way of one [`Worker::tick`]:
//!
//! ```text
//! lease -> compare hub and chain (once per lease) -> at an epoch: hub::collect -> one step of the open anchor
//!       -> each hour: final anchors are asked for again
//! ```
//!
//! What holds:
//!
//! - one worker per hub: it holds the writer's lease (an advisory lock) and acquires it again when lost;
//! - nothing is signed before the hub was compared with the chain: a database restored from a backup has
//!   less than the chain, and signing on from there would fork the hub. Then the worker stops, with
//!   [`Error::BehindChain`];
//! - while the hub is held ([`sql::holds`]) nothing is signed and nothing is sent; it is asked again with every tick;
//! - failures of the chain do not keep the hub from being signed, once they were compared.
//!
//! Not here: collecting ([`crate::hub`]), the steps of an anchor (`anchoring`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use history::continuity;
use history::directory::{DirectoryCache, effective_policy};
use ledger::policy::Policy;
use process::Context;
use sql::ledgers::WriterLease;
use sql::{Db, LedgerId, Transaction};

use crate::anchoring::{Anchoring, Rounds};
use crate::chain::client::PublishedHead;
use crate::chain::ethereum::EthereumChain;
use crate::config::{Config, Hub};
use crate::error::Error;
use crate::hub;
use crate::metrics::Metrics;
use crate::quorum::Quorum;
use crate::rpc::Rpc;

/// Longest pause after failures in a row.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A hub's worker.
pub struct Worker {
    hub: Hub,
    anchoring: Anchoring,
    /// The directory that the policy pins, loaded again when it has grown.
    directory: DirectoryCache,
    lease: Option<WriterLease>,
    next_epoch: Instant,
    next_recheck: Instant,
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
    pub async fn new(
        config: Config,
        db: Db,
        metrics: Metrics,
        context: Context,
    ) -> Result<Self, Error> {
        let Config { hub, pace, publishing, .. } = config;
        let hub_id = sql::ledgers::create_ledger(&db, &hub.origin, "hub", &hub.party).await?;
        let now = context.clock.instant();
        let rpc = Rpc::new(&publishing.rpc, publishing.chain_id, context.clock.clone());
        let quorum =
            Quorum::new(&publishing.rpc, publishing.chain_id, publishing.quorum, &context.clock);
        let (chain_id, contract) = (publishing.chain_id, publishing.contract);
        let chain =
            EthereumChain::new(rpc, quorum, contract, publishing.wallet, publishing.max_fee_wei);
        let anchoring = Anchoring {
            db,
            chain: Arc::new(chain),
            hub_id,
            origin: hub.origin.clone(),
            pace,
            chain_id,
            contract,
            metrics,
            context,
            final_size: None,
            rounds: Rounds::default(),
        };
        Ok(Self {
            directory: DirectoryCache::new(hub.policy.clone()),
            hub,
            anchoring,
            lease: None,
            next_epoch: now,
            next_recheck: now,
            failures: 0,
            next_step: now,
        })
    }

    /// How long to wait between two ticks.
    #[must_use]
    pub fn poll(&self) -> Duration {
        self.anchoring.pace.poll
    }

    /// Number of the hub in the database.
    #[must_use]
    pub fn hub_id(&self) -> LedgerId {
        self.anchoring.hub_id
    }

    /// Does what is due now.
    ///
    /// # Errors
    ///
    /// [`enum@Error`], on the first thing that failed. After a fatal one ([`Error::is_fatal`]) the worker must not
    /// be used further; after any other the next tick tries again.
    pub async fn tick(&mut self) -> Result<(), Error> {
        let outcome = self.try_tick().await;
        if let Err(error) = &outcome {
            self.anchoring.metrics.failures.with_label_values(&[error.reason()]).inc();
            if matches!(error, Error::Sql(_)) {
                // Another worker may have written meanwhile, or a backup may have been restored.
                self.release();
            }
        }
        let failures = i64::try_from(self.anchoring.chain.failures()).unwrap_or(i64::MAX);
        self.anchoring.metrics.endpoint_failures.set(failures);
        outcome
    }

    async fn try_tick(&mut self) -> Result<(), Error> {
        self.acquire().await?;
        if self.now() >= self.next_epoch {
            self.collect().await?;
            self.next_epoch = self.now() + self.anchoring.pace.epoch;
        }
        let mut outcome = Ok(());
        if self.now() >= self.next_step {
            outcome = self.anchoring.advance().await;
            self.failures = if outcome.is_err() { self.failures.saturating_add(1) } else { 0 };
            let pause = match self.failures {
                0 => Duration::ZERO,
                failures => (self.poll() * 2_u32.pow(failures.min(8))).min(LONGEST_PAUSE),
            };
            self.next_step = self.now() + pause;
        }
        if self.now() >= self.next_recheck {
            self.anchoring.recheck().await?;
            self.next_recheck = self.now() + self.anchoring.pace.recheck;
        }
        let age = self.anchoring.unanchored_age().await?;
        self.anchoring.metrics.unanchored_age.set(age.as_secs_f64());
        let size = self.anchoring.final_size().await?;
        self.anchoring.metrics.anchored_size.set(i64::try_from(size).unwrap_or(i64::MAX));
        outcome
    }

    fn now(&self) -> Instant {
        self.anchoring.context.clock.instant()
    }

    /// Gives the lease back; the next tick acquires it and compares again.
    fn release(&mut self) {
        self.lease = None;
        self.anchoring.final_size = None;
        self.anchoring.metrics.may_sign.set(0);
    }

    /// Holds the lease; whenever it is new, the hub is compared with the chain before anything is signed.
    async fn acquire(&mut self) -> Result<(), Error> {
        if let Some(lease) = &self.lease {
            return Ok(lease.check()?);
        }
        let lease = sql::ledgers::hold_writer(&self.anchoring.db, self.hub_id()).await?;
        self.compare_with_anchors().await?;
        self.compare().await?;
        if let Some(hold) = sql::holds::of_ledger(&self.anchoring.db, self.hub_id()).await? {
            return Err(Error::Held(hold.to_string()));
        }
        self.lease = Some(lease);
        self.anchoring.metrics.may_sign.set(1);
        Ok(())
    }

    /// Compares the hub in the database with its newest statement on the chain.
    async fn compare(&self) -> Result<(), Error> {
        let Anchoring { db, chain, hub_id, origin, .. } = &self.anchoring;
        let chain_hub_id = ledger::hub::hub_id(origin);
        let latest = self.anchoring.ask(move |chain| chain.latest(&chain_hub_id)).await?;
        let Some(PublishedHead { size, root }) = latest else { return Ok(()) };
        let head = sql::ledgers::head(db, *hub_id).await?;
        if size > head.size {
            return Err(Error::BehindChain(format!(
                "{} has {size} entries of the hub `{origin}`, the database has {}: the database was restored from \
                 an older backup; nothing is signed, because that would fork the hub; restore a newer backup, or \
                 start a new hub under another origin",
                chain.name(),
                head.size
            )));
        }
        let ours = sql::ledgers::checkpoint_at(db, *hub_id, size).await?;
        if ours.is_some_and(|ours| ours.size == size && ours.root == root) {
            return Ok(());
        }
        Err(Error::BehindChain(format!(
            "{} has the hub `{origin}` with size {size} and root {root}, the database has no checkpoint of that \
             size and root: it is another hub under the same origin, or it was restored from a backup and written \
             to; nothing is signed",
            chain.name()
        )))
    }

    /// Compares the hub in the database with its last final anchor there; keeps the evidence if it does not fit.
    async fn compare_with_anchors(&self) -> Result<(), Error> {
        let Anchoring { db, hub_id, origin, .. } = &self.anchoring;
        let compared = continuity::of_hub(db, *hub_id, origin).await?;
        let Some(reason) = compared.continuity.problem() else { return Ok(()) };
        db.run_tx("anchor.keep_evidence", async |tx: &Transaction<'_>| {
            let (old, new) = (&compared.published_note, compared.own_note());
            sql::hub::insert_fork(tx, *hub_id, old, new, &reason).await
        })
        .await?;
        Err(Error::BehindChain(format!(
            "the hub `{origin}` does not extend its last final anchor: {reason}; the database was altered or restored \
             from an older backup; nothing is signed"
        )))
    }

    /// The policy under which checkpoints become entries. While a pinned directory cannot be used, nothing is collected: a
    /// refused checkpoint is kept as evidence, and this would be none.
    async fn policy_in_force(&self, db: &Db) -> Result<Policy, Error> {
        let current = self.directory.current(db).await;
        match current.problem {
            Some(problem) => Err(Error::Directory(problem.to_string())),
            None => Ok(effective_policy(&self.hub.policy, current.loaded.as_deref())),
        }
    }

    async fn collect(&self) -> Result<(), Error> {
        let Anchoring { db, hub_id, context, metrics, .. } = &self.anchoring;
        let policy = self.policy_in_force(db).await?;
        let collected = hub::collect(db, &self.hub, &policy, *hub_id, context).await?;
        metrics.hub_entries.inc_by(collected.appended);
        metrics.hub_size.set(i64::try_from(collected.size).unwrap_or(i64::MAX));
        metrics.ledgers_refused.set(i64::try_from(collected.refused).unwrap_or(i64::MAX));
        Ok(())
    }
}
