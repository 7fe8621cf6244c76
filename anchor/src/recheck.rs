//! Final anchors are asked for again: at the start of the worker and at intervals.
//!
//! The way through: each round asks every endpoint for the newest final anchor and for one older one, in turn, so that
//! every anchor is asked for again at some time; what each said is stored, and a contradiction is a finding.
//!
//! What holds: a final anchor stays final here, since its proof is stored; what changes is how many endpoints confirm it,
//! which pages show, and the gauge `anchor_disputed_anchors`, which alerts. A round in which no endpoint answers says
//! nothing and is not stored.
//!
//! Not here: becoming final (`receipts`).

use evm::Address;
use sql::Transaction;
use sql::anchors::FinalAnchor;

use crate::anchoring::{Anchoring, confirmations_of};
use crate::error::Error;
use crate::on_chain::BlockClaim;

impl Anchoring {
    /// Does one round.
    pub(crate) async fn recheck(&mut self) -> Result<(), Error> {
        let Some(newest) = sql::anchors::last_final(&self.db, self.hub_id).await? else {
            return Ok(());
        };
        let size = self.rounds.next_size.max(1);
        let older = sql::anchors::covering(&self.db, self.hub_id, size).await?;
        self.rounds.next_size = match &older {
            Some(older) if older.size < newest.size => older.size + 1,
            _ => 0,
        };
        let older = older.filter(|older| older.size < newest.size);
        for anchor in [Some(newest), older].into_iter().flatten() {
            self.recheck_one(&anchor).await?;
        }
        let disputed = i64::try_from(self.rounds.disputed.len()).unwrap_or(i64::MAX);
        self.metrics.disputed.set(disputed);
        Ok(())
    }

    async fn recheck_one(&mut self, anchor: &FinalAnchor) -> Result<(), Error> {
        if anchor.chain_id != self.chain_id || anchor.contract != self.contract.0 {
            return Ok(());
        }
        let claim = BlockClaim {
            number: anchor.evidence.block_number,
            hash: anchor.evidence.block_hash,
            contract: Address(anchor.contract),
            confirmations: self.pace.confirmations,
            // The block's hash covers its receipts.
            receipt: None,
        };
        let confirmation = self.ask(move |chain| Ok(chain.confirm(&claim))).await?;
        if confirmation.answered() == 0 {
            tracing::warn!(
                hub.size = anchor.size,
                "no endpoint confirmed or denied a final anchor"
            );
            return Ok(());
        }
        let (said, at) = (confirmations_of(&confirmation), self.context.clock.now());
        self.db
            .run_tx("anchor.rechecked", async |tx: &Transaction<'_>| {
                sql::anchors::insert_confirmations(tx, anchor.id, &said, at).await
            })
            .await?;
        if confirmation.contradicting() > 0 {
            self.metrics.disagreements.inc();
            self.rounds.disputed.insert(anchor.size);
            let said = confirmation.to_string();
            tracing::error!(
                hub.size = anchor.size,
                chain.block = anchor.evidence.block_number,
                said,
                "an endpoint contradicts a final anchor"
            );
        } else {
            self.rounds.disputed.remove(&anchor.size);
        }
        Ok(())
    }
}
