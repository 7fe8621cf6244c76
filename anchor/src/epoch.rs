//! From a signed hub checkpoint to a transaction on its way: prepared, then sent.
//!
//! ```text
//! hub head --> prepared --------> sent --------> mined --------> final
//!              the anchor's row   raw bytes      block known     proof stored
//!              raw bytes stored   handed over       |
//!                    ^               ^              | reorganisation
//!                    |               +--------------+
//!                    +-- a crash anywhere continues from the state stored last
//! ```
//!
//! What holds:
//!
//! - a transaction is stored before it is sent, so after a crash its hash is known and it is looked for, not
//!   made anew;
//! - one anchor is open at a time; while the chain is away the hub goes on, and the next anchor takes its
//!   newest head, which proves all before it;
//! - a transaction that no block takes is offered again with the same nonce and higher fees, so at most one
//!   of them is ever mined.
//!
//! Not here: what happens to a sent one ([`crate::receipts`]), fees ([`crate::fee`]).

use jiff::Timestamp;
use sql::Transaction;
use sql::anchors::{AnchorState, Attempt, NewAnchor, OpenAnchor};

use crate::Error;
use crate::crash;
use crate::fee::{self, Hold};
use crate::target::{Offer, Statement};
use crate::worker::Worker;

impl Worker {
    /// Does the next step of the open anchor; prepares one for the hub's head if none is open.
    pub(crate) async fn advance(&mut self) -> Result<(), Error> {
        let open = sql::anchors::open(&self.db).await?;
        let ours = open.into_iter().find(|anchor| {
            anchor.hub == self.hub_id
                && anchor.chain_id == self.chain_id
                && anchor.contract == self.contract.0
        });
        match ours {
            Some(anchor) => self.step(&anchor).await,
            None => self.prepare().await,
        }
    }

    /// Stores an anchor for the hub's head, unless the head is anchored.
    async fn prepare(&mut self) -> Result<(), Error> {
        let head = sql::ledgers::head(&self.db, self.hub_id).await?;
        let anchored =
            sql::anchors::latest(&self.db, self.hub_id).await?.map_or(0, |(size, _)| size);
        if head.size <= anchored {
            return Ok(());
        }
        let new = NewAnchor {
            hub: self.hub_id,
            size: head.size,
            root: &head.root,
            chain_id: self.chain_id,
            contract: &self.contract.0,
        };
        self.db
            .run_tx("anchor.prepare", async |tx: &Transaction<'_>| {
                sql::anchors::insert(tx, &new).await
            })
            .await?;
        tracing::info!(hub.size = head.size, "anchor prepared");
        Ok(())
    }

    async fn step(&mut self, anchor: &OpenAnchor) -> Result<(), Error> {
        let attempts = sql::anchors::attempts(&self.db, anchor.id).await?;
        match (anchor.state, attempts.first()) {
            (AnchorState::Prepared, None) => self.offer(anchor, None).await.map(drop),
            // Stored, and a crash or the chain kept it from being sent.
            (AnchorState::Prepared, Some(attempt)) => {
                self.send(anchor, attempt.clone(), "first").await
            }
            _ => self.follow(anchor, attempts).await,
        }
    }

    /// Makes, stores and sends a transaction, if its price allows; says whether it did.
    ///
    /// - `replaces`: the pending attempt whose nonce it takes over.
    pub(crate) async fn offer(
        &mut self,
        anchor: &OpenAnchor,
        replaces: Option<Attempt>,
    ) -> Result<bool, Error> {
        let kind = if replaces.is_some() { "replacement" } else { "first" };
        let statement = self.statement(anchor);
        let urgency = fee::urgency_permille(self.unanchored_age().await?, self.pace.epoch);
        let offer =
            self.ask(move |target| target.offer(&statement, replaces.as_ref(), urgency)).await?;
        let attempt = match offer {
            Offer::Attempt(attempt) => attempt,
            Offer::Hold(hold) => {
                let reason = match hold {
                    Hold::TooDear { .. } => "too_dear",
                    Hold::CapReached { .. } => "cap_reached",
                };
                self.metrics.holds.with_label_values(&[reason]).inc();
                tracing::debug!(?hold, urgency, "nothing is offered now");
                return Ok(false);
            }
        };
        self.db
            .run_tx("anchor.store_attempt", async |tx: &Transaction<'_>| {
                sql::anchors::insert_attempt(tx, anchor.id, &attempt).await
            })
            .await?;
        crash::point("anchor.prepared");
        self.send(anchor, attempt, kind).await?;
        Ok(true)
    }

    /// Hands a stored transaction to the chain.
    pub(crate) async fn send(
        &mut self,
        anchor: &OpenAnchor,
        attempt: Attempt,
        kind: &str,
    ) -> Result<(), Error> {
        let hash = attempt.tx_hash;
        let (nonce, fee_wei) = (attempt.nonce, attempt.max_fee_wei);
        self.ask(move |target| target.send(&attempt)).await?;
        self.metrics.transactions.with_label_values(&[kind]).inc();
        self.db
            .run_tx("anchor.sent", async |tx: &Transaction<'_>| {
                sql::anchors::set_state(tx, anchor.id, AnchorState::Sent, Some(&hash), None).await
            })
            .await?;
        crash::point("anchor.sent");
        let transaction = hex::encode(hash);
        tracing::info!(hub.size = anchor.size, kind, transaction, nonce, fee_wei, "anchor sent");
        Ok(())
    }

    /// What `anchor` says about the hub.
    pub(crate) fn statement(&self, anchor: &OpenAnchor) -> Statement {
        let hub_id = ledger::hub::hub_id(&self.hub.origin);
        Statement { hub_id, size: anchor.size, root: anchor.root }
    }

    /// Whether the last attempt has waited long enough for a dearer one.
    pub(crate) fn is_stuck(&self, attempt: &Attempt) -> bool {
        let waited = Timestamp::now().duration_since(attempt.created_at);
        waited.unsigned_abs() >= self.pace.resend_after
    }
}
