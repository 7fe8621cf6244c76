//! From a sent transaction to a proof: mined, then final.
//!
//! The way through: [`crate::target::Target::look_for`] says where the attempts are; one that is in a block is
//! watched until enough blocks stand on that block; then the block's header and receipts are fetched, the trie
//! proof made, put before the verifier's own code, and stored.
//!
//! What holds:
//!
//! - a block is believed final only by its depth, and only as long as it is the one that was seen: another
//!   block hash, or no block at all, takes the anchor back to `sent`, and its stored bytes are sent again;
//! - the proof and the state `final` are stored in one transaction.
//!
//! Not here: making transactions ([`crate::epoch`]), reading the chain ([`crate::target::evm`]).

use sql::Transaction;
use sql::anchors::{AnchorState, Attempt, OpenAnchor};

use crate::Error;
use crate::crash;
use crate::target::{Mined, Sighting};
use crate::worker::Worker;

/// Wei in a gwei.
const GWEI: f64 = 1e9;

impl Worker {
    /// Looks where a sent anchor is and does what follows from it.
    ///
    /// - `attempts`: newest first.
    pub(crate) async fn follow(
        &mut self,
        anchor: &OpenAnchor,
        attempts: Vec<Attempt>,
    ) -> Result<(), Error> {
        let Some(newest) = attempts.first().cloned() else {
            // Only by hand could the state be ahead of the attempts; begin again.
            return self.offer(anchor, None).await.map(drop);
        };
        let sighting = self.ask(move |target| target.look_for(&attempts)).await?;
        if let Sighting::Mined(mined) = &sighting
            && mined.has_succeeded
        {
            return self.confirm(anchor, mined).await;
        }
        if anchor.state == AnchorState::Mined {
            self.take_back(anchor, &newest).await?;
        }
        match sighting {
            Sighting::Pending if self.is_stuck(&newest) => {
                self.offer(anchor, Some(newest)).await.map(drop)
            }
            Sighting::Pending => Ok(()),
            Sighting::Missing => {
                let is_replaced =
                    self.is_stuck(&newest) && self.offer(anchor, Some(newest.clone())).await?;
                // If a dearer one is not due or held back, the stored one goes out again.
                if is_replaced { Ok(()) } else { self.send(anchor, newest, "repeat").await }
            }
            Sighting::NonceUsed => {
                tracing::warn!(nonce = newest.nonce, "the nonce was used by another transaction");
                self.offer(anchor, None).await.map(drop)
            }
            Sighting::Mined(mined) => {
                let transaction = hex::encode(mined.tx_hash);
                tracing::error!(transaction, "the contract refused the anchor, or its gas ran out");
                self.metrics.failures.with_label_values(&["reverted"]).inc();
                // Not at once: every failed transaction costs.
                if self.is_stuck(&newest) {
                    self.offer(anchor, None).await?;
                }
                Ok(())
            }
        }
    }

    /// A mined anchor is in no block any more: back to sent.
    async fn take_back(&mut self, anchor: &OpenAnchor, newest: &Attempt) -> Result<(), Error> {
        self.metrics.reorganisations.inc();
        tracing::warn!(
            hub.size = anchor.size,
            "the chain was reorganised; the anchor is sent again"
        );
        self.db
            .run_tx("anchor.take_back", async |tx: &Transaction<'_>| {
                let hash = Some(&newest.tx_hash);
                sql::anchors::set_state(tx, anchor.id, AnchorState::Sent, hash, None).await
            })
            .await?;
        Ok(())
    }

    /// Notes the block, and once it is deep enough collects and stores the proof.
    async fn confirm(&mut self, anchor: &OpenAnchor, mined: &Mined) -> Result<(), Error> {
        let is_same = anchor.block_hash == Some(mined.block_hash);
        if anchor.state != AnchorState::Mined || !is_same {
            if anchor.state == AnchorState::Mined {
                self.metrics.reorganisations.inc();
                tracing::warn!(
                    hub.size = anchor.size,
                    "the anchor is in another block than before"
                );
            }
            self.db
                .run_tx("anchor.mined", async |tx: &Transaction<'_>| {
                    let block = Some((mined.block_number, &mined.block_hash));
                    let hash = Some(&mined.tx_hash);
                    sql::anchors::set_state(tx, anchor.id, AnchorState::Mined, hash, block).await
                })
                .await?;
            crash::point("anchor.mined");
            tracing::info!(
                hub.size = anchor.size,
                chain.block = mined.block_number,
                "anchor mined"
            );
        }
        if mined.confirmations < self.pace.confirmations {
            return Ok(());
        }
        let (statement, seen) = (self.statement(anchor), mined.clone());
        let proof = self.ask(move |target| target.prove(&statement, &seen)).await?;
        crash::point("anchor.before_final");
        self.db
            .run_tx("anchor.final", async |tx: &Transaction<'_>| {
                sql::anchors::insert_proof(tx, anchor.id, &proof).await?;
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
}
