//! What the steps of an anchor share: the hub's name and number, the chain, the database, counters and clock.
//!
//! The steps are methods of [`Anchoring`], one file each, from the last to the first:
//!
//! ```text
//! epoch.rs (prepare, or the next step) -> receipts.rs (sent -> mined -> final) -> offer.rs (make, store, send)
//! ```
//!
//! Not here: when a step is due, the writer's lease, collecting checkpoints ([`crate::worker`]).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use process::Context;
use sql::anchors::{Attempt, NewConfirmation, OpenAnchor};
use sql::{Db, LedgerId};

use crate::chain::client::{Chain, ChainError, Statement};
use crate::config::Pace;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::on_chain::ChainAnswer;
use crate::quorum::Confirmation;

/// Publishes one hub on one chain.
pub(crate) struct Anchoring {
    pub(crate) db: Db,
    pub(crate) chain: Arc<dyn Chain>,
    /// Number of the hub in the database.
    pub(crate) hub_id: LedgerId,
    /// Name of the hub.
    pub(crate) origin: String,
    pub(crate) pace: Pace,
    pub(crate) chain_id: u64,
    pub(crate) contract: evm::Address,
    pub(crate) metrics: Metrics,
    pub(crate) context: Context,
    /// Size that the newest final anchor covers; none until looked up.
    pub(crate) final_size: Option<u64>,
    /// Where the rounds over the final anchors are.
    pub(crate) rounds: Rounds,
}

/// Where the rounds over the final anchors are.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    /// The next older anchor is the first that covers this size.
    pub(crate) next_size: u64,
    /// Sizes of anchors that an endpoint contradicted when they were asked for last.
    pub(crate) disputed: BTreeSet<u64>,
}

/// What the endpoints said, as it is stored.
pub(crate) fn confirmations_of(confirmation: &Confirmation) -> Vec<NewConfirmation> {
    let stored = |one: &crate::quorum::EndpointAnswer| NewConfirmation {
        endpoint_host: one.host.clone(),
        agreed: one.answer.as_ref().is_ok_and(ChainAnswer::is_final),
        answer: match &one.answer {
            Ok(answer) => answer.to_string(),
            Err(error) => error.to_string(),
        },
    };
    confirmation.answers.iter().map(stored).collect()
}

impl Anchoring {
    /// Runs a request to the chain on a thread where blocking is allowed.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        request: impl FnOnce(&dyn Chain) -> Result<T, ChainError> + Send + 'static,
    ) -> Result<T, Error> {
        let chain = Arc::clone(&self.chain);
        let answer = tokio::task::spawn_blocking(move || request(&*chain)).await;
        Ok(answer.map_err(|_| Error::Interrupted)??)
    }

    /// The statement that `anchor` publishes.
    pub(crate) fn statement(&self, anchor: &OpenAnchor) -> Statement {
        let hub_id = ledger::hub::hub_id(&self.origin);
        Statement { hub_id, size: anchor.size, root: anchor.root }
    }

    /// Whether the attempt has waited long enough to be replaced by one with higher fees.
    pub(crate) fn is_stuck(&self, attempt: &Attempt) -> bool {
        let waited = self.context.clock.now().duration_since(attempt.created_at);
        waited.unsigned_abs() >= self.pace.resend_after
    }

    /// Entries of the hub that the newest final anchor covers.
    pub(crate) async fn final_size(&mut self) -> Result<u64, Error> {
        if let Some(size) = self.final_size {
            return Ok(size);
        }
        // Sizes up to the result are covered, sizes above are not: halve the range.
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
            let age = self.context.clock.now().duration_since(checkpoint.recorded_at);
            Duration::try_from(age).unwrap_or_default()
        }))
    }
}
