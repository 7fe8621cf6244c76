//! From a sent transaction to a proof: mined, then final.
//!
//! The way through: [`Chain::find`](crate::chain::client::Chain::find) finds out what became of the attempts; one
//! that is in a block is watched until enough blocks follow that block; then the block's header and receipts are
//! fetched, the trie proof is made, verified with the verifier's own code, and stored.
//!
//! What holds:
//!
//! - a block is final only if the required number of endpoints have it, with the receipt, and its height and time can be
//!   true; one lying endpoint cannot make an anchor final where two must agree;
//! - a block is final only by its depth, and only as long as it is the block stored before: another
//!   block hash, or no block at all, takes the anchor back to `sent`, and its stored bytes are sent again;
//! - the proof and the state `final` are stored in one transaction.
//!
//! Not here: making and sending transactions ([`crate::offer`]), reading the chain ([`crate::chain::ethereum`]).

use sql::Transaction;
use sql::anchors::{AnchorEvidence, AnchorState, Attempt, NewConfirmation, OpenAnchor};

use crate::anchoring::{Anchoring, confirmations_of};
use crate::chain::client::{AttemptStatus, MinedAttempt};
use crate::error::Error;
use crate::on_chain::BlockClaim;
use crate::plausible::{self, Bounds};

/// Wei in a gwei.
const GWEI: f64 = 1e9;

impl Anchoring {
    /// Finds out what became of a sent anchor and does the step that follows.
    ///
    /// - `attempts`: newest first.
    pub(crate) async fn follow(
        &mut self,
        anchor: &OpenAnchor,
        attempts: Vec<Attempt>,
    ) -> Result<(), Error> {
        let Some(newest) = attempts.first().cloned() else {
            // Only a change by hand could put the state ahead of the attempts; start again.
            return self.offer(anchor, None).await.map(drop);
        };
        let status = self.ask(move |chain| chain.find(&attempts)).await?;
        if let AttemptStatus::Mined(mined) = &status
            && mined.has_succeeded
        {
            return self.confirm(anchor, mined).await;
        }
        if anchor.state == AnchorState::Mined {
            self.take_back(anchor, &newest).await?;
        }
        match status {
            AttemptStatus::Pending if self.is_stuck(&newest) => {
                self.chain.prefer_another();
                self.offer(anchor, Some(newest)).await.map(drop)
            }
            AttemptStatus::Pending => Ok(()),
            AttemptStatus::Missing => {
                let is_replaced =
                    self.is_stuck(&newest) && self.offer(anchor, Some(newest.clone())).await?;
                // If a replacement is not due, or its price is too high, the stored one is sent again.
                if is_replaced { Ok(()) } else { self.send(anchor, newest, "repeat").await }
            }
            AttemptStatus::NonceUsed => {
                tracing::warn!(nonce = newest.nonce, "the nonce was used by another transaction");
                self.offer(anchor, None).await.map(drop)
            }
            AttemptStatus::Mined(mined) => {
                let transaction = hex::encode(mined.tx_hash);
                tracing::error!(
                    transaction,
                    "anchor transaction reverted: rejected by the contract, or out of gas"
                );
                self.metrics.failures.with_label_values(&["reverted"]).inc();
                // Not at once: every failed transaction costs gas.
                if self.is_stuck(&newest) {
                    self.offer(anchor, None).await?;
                }
                Ok(())
            }
        }
    }

    /// Takes an anchor that is no longer in a block back to sent.
    async fn take_back(&mut self, anchor: &OpenAnchor, newest: &Attempt) -> Result<(), Error> {
        self.metrics.reorganisations.inc();
        tracing::warn!(
            hub.size = anchor.size,
            "chain reorganised: the anchor is no longer in a block and is sent again"
        );
        self.db
            .run_tx("anchor.take_back", async |tx: &Transaction<'_>| {
                let hash = Some(&newest.tx_hash);
                sql::anchors::set_state(tx, anchor.id, AnchorState::Sent, hash, None).await
            })
            .await?;
        Ok(())
    }

    /// Stores the block, and once it is deep enough collects and stores the proof.
    async fn confirm(&mut self, anchor: &OpenAnchor, mined: &MinedAttempt) -> Result<(), Error> {
        let is_same = anchor.block_hash == Some(mined.block_hash);
        if anchor.state != AnchorState::Mined || !is_same {
            self.store_block(anchor, mined).await?;
        }
        if mined.confirmations < self.pace.confirmations {
            return Ok(());
        }
        let (statement, in_block) = (self.statement(anchor), mined.clone());
        let proof = self.ask(move |chain| chain.prove(&statement, &in_block)).await?;
        if let Err(error) = self.check_plausible(anchor, &proof).await {
            self.chain.prefer_another();
            return Err(error);
        }
        let Some(said) = self.agreed(anchor, mined, &proof).await? else { return Ok(()) };
        let at = self.context.clock.now();
        self.context.crash.pass("anchor.before_final");
        self.db
            .run_tx("anchor.final", async |tx: &Transaction<'_>| {
                sql::anchors::insert_proof(tx, anchor.id, &proof).await?;
                sql::anchors::insert_confirmations(tx, anchor.id, &said, at).await?;
                let block = Some((mined.block_number, &mined.block_hash));
                let hash = Some(&mined.tx_hash);
                sql::anchors::set_state(tx, anchor.id, AnchorState::Final, hash, block).await
            })
            .await?;
        self.metrics.finals.inc();
        #[expect(clippy::cast_precision_loss, reason = "a sum for people, not for accounts")]
        self.metrics.fees_paid_gwei.add(mined.cost_wei as f64 / GWEI);
        self.final_size = Some(anchor.size);
        tracing::info!(hub.size = anchor.size, chain.block = mined.block_number, "anchor final");
        Ok(())
    }

    /// Whether height and time of the block can be true.
    async fn check_plausible(
        &self,
        anchor: &OpenAnchor,
        proof: &AnchorEvidence,
    ) -> Result<(), Error> {
        let last = sql::anchors::last_final(&self.db, self.hub_id).await?;
        let same_chain = last
            .filter(|last| last.chain_id == self.chain_id && last.contract == self.contract.0)
            .map(|last| (last.evidence.block_number, last.evidence.block_time));
        let bounds = Bounds {
            prepared_at: anchor.created_at,
            now: self.context.clock.now(),
            slack: self.pace.clock_slack,
            earlier: same_chain,
        };
        Ok(plausible::check(proof.block_number, proof.block_time, &bounds)?)
    }

    /// Asks every endpoint for block and receipt; returns what they said if enough of them agree.
    async fn agreed(
        &self,
        anchor: &OpenAnchor,
        mined: &MinedAttempt,
        proof: &AnchorEvidence,
    ) -> Result<Option<Vec<NewConfirmation>>, Error> {
        let claim = BlockClaim {
            number: proof.block_number,
            hash: proof.block_hash,
            contract: self.contract,
            confirmations: self.pace.confirmations,
            receipt: Some((mined.tx_hash, proof.receipt.clone())),
        };
        let confirmation = self.ask(move |chain| Ok(chain.confirm(&claim))).await?;
        let said = confirmation.to_string();
        if confirmation.contradicting() > 0 {
            self.metrics.disagreements.inc();
            tracing::error!(hub.size = anchor.size, said, "endpoints contradict one another");
        }
        if confirmation.is_final() {
            return Ok(Some(confirmations_of(&confirmation)));
        }
        // Which endpoint is right is not known here; asking another one first shows its view of the transaction, and gives
        // it the transaction if the others kept it for themselves.
        self.chain.prefer_another();
        tracing::info!(hub.size = anchor.size, said, "not final yet");
        Ok(None)
    }

    /// Stores in which block the anchor is.
    async fn store_block(&self, anchor: &OpenAnchor, mined: &MinedAttempt) -> Result<(), Error> {
        if anchor.state == AnchorState::Mined {
            self.metrics.reorganisations.inc();
            tracing::warn!(
                hub.size = anchor.size,
                "chain reorganised: the anchor is in another block than before"
            );
        }
        self.db
            .run_tx("anchor.mined", async |tx: &Transaction<'_>| {
                let block = Some((mined.block_number, &mined.block_hash));
                let hash = Some(&mined.tx_hash);
                sql::anchors::set_state(tx, anchor.id, AnchorState::Mined, hash, block).await
            })
            .await?;
        self.context.crash.pass("anchor.mined");
        tracing::info!(hub.size = anchor.size, chain.block = mined.block_number, "anchor mined");
        Ok(())
    }
}
