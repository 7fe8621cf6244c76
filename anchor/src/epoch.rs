//! From a signed hub checkpoint to the next step of its anchor.
//!
//! ```text
//! hub head --> prepared --------> sent --------> mined --------> final
//!              the anchor's row   transaction    block known     proof stored
//!              transaction stored sent              |
//!                    ^               ^              | reorganisation
//!                    |               +--------------+
//!                    +-- after a crash anywhere, the step of the state stored last is done again
//! ```
//!
//! What holds: one anchor is open at a time; while the chain is unreachable the hub grows on, and the next anchor
//! is for its newest head, which covers everything before.
//!
//! Not here: making and sending transactions ([`crate::offer`]), following them ([`crate::receipts`]).

use sql::Transaction;
use sql::anchors::{AnchorState, NewAnchor, OpenAnchor};

use crate::anchoring::Anchoring;
use crate::error::Error;

impl Anchoring {
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
            // Stored but not sent, because of a crash or a failure of the chain.
            (AnchorState::Prepared, Some(attempt)) => {
                self.send(anchor, attempt.clone(), "first").await
            }
            _ => self.follow(anchor, attempts).await,
        }
    }
}
