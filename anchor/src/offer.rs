//! Makes a transaction for an anchor, stores it, and sends it.
//!
//! What holds:
//!
//! - a transaction is stored before it is sent, so after a crash its hash is known and it is looked for, not
//!   made again;
//! - a transaction that no block includes is replaced by one with the same nonce and higher fees, so at most one
//!   of them is ever mined.
//!
//! Not here: fees ([`crate::fee`]), what becomes of a transaction that was sent ([`crate::receipts`]).

use sql::Transaction;
use sql::anchors::{AnchorState, Attempt, OpenAnchor};

use crate::anchoring::Anchoring;
use crate::chain::client::Offer;
use crate::error::Error;
use crate::fee::{self, Hold};

impl Anchoring {
    /// Makes, stores and sends a transaction, if its price allows; returns whether it did.
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
        let now = self.context.clock.now();
        let offer =
            self.ask(move |chain| chain.offer(&statement, replaces.as_ref(), urgency, now)).await?;
        let attempt = match offer {
            Offer::Attempt(attempt) => attempt,
            Offer::Hold(hold) => {
                let reason = match hold {
                    Hold::FeeTooHigh { .. } => "too_dear",
                    Hold::CapReached { .. } => "cap_reached",
                };
                self.metrics.holds.with_label_values(&[reason]).inc();
                tracing::debug!(?hold, urgency, "no transaction is sent at this price");
                return Ok(false);
            }
        };
        self.db
            .run_tx("anchor.store_attempt", async |tx: &Transaction<'_>| {
                sql::anchors::insert_attempt(tx, anchor.id, &attempt).await
            })
            .await?;
        self.context.crash.pass("anchor.prepared");
        self.send(anchor, attempt, kind).await?;
        Ok(true)
    }

    /// Sends a stored transaction to the chain.
    pub(crate) async fn send(
        &mut self,
        anchor: &OpenAnchor,
        attempt: Attempt,
        kind: &str,
    ) -> Result<(), Error> {
        let hash = attempt.tx_hash;
        let (nonce, fee_wei) = (attempt.nonce, attempt.max_fee_wei);
        self.ask(move |chain| chain.send(&attempt)).await?;
        self.metrics.transactions.with_label_values(&[kind]).inc();
        self.db
            .run_tx("anchor.sent", async |tx: &Transaction<'_>| {
                sql::anchors::set_state(tx, anchor.id, AnchorState::Sent, Some(&hash), None).await
            })
            .await?;
        self.context.crash.pass("anchor.sent");
        let transaction = hex::encode(hash);
        tracing::info!(hub.size = anchor.size, kind, transaction, nonce, fee_wei, "anchor sent");
        Ok(())
    }
}
