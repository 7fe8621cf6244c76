//! What the worker needs of a chain.
//!
//! The way of a statement: [`Chain::offer`] (build and sign; nothing leaves the machine) -> the caller stores the
//! attempt -> [`Chain::send`] -> [`Chain::find`] until it is deep enough -> [`Chain::prove`].
//!
//! What holds: a chain client keeps no state that a restart would lose; everything it must remember is in the
//! [`Attempt`]s that the caller stored.
//!
//! Not here: when to do which step (`epoch`, `offer`, `receipts`).

use jiff::Timestamp;
use ledger::Hash;
use sql::anchors::{AnchorEvidence, Attempt};
use thiserror::Error;

use crate::fee::Hold;
use crate::on_chain::BlockClaim;
use crate::quorum::Confirmation;
use crate::rpc::RpcError;

/// A statement to publish: the hub `hub_id` has `size` entries under `root`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// SHA-256 of the hub's origin.
    pub hub_id: Hash,
    /// Entries of the hub, from 1.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// The answer to a request for a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Store this, then send it.
    Attempt(Attempt),
    /// Nothing should be sent now.
    Hold(Hold),
}

/// What became of the attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptStatus {
    /// One of them is in a block.
    Mined(MinedAttempt),
    /// Known to the node, not in a block yet.
    Pending,
    /// Unknown to the node; its nonce is still free.
    Missing,
    /// Unknown to the node, and its nonce was used by another transaction.
    NonceUsed,
}

/// An attempt that is in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinedAttempt {
    /// Which attempt it is.
    pub tx_hash: [u8; 32],
    /// Height of the block.
    pub block_number: u64,
    /// Hash of the block.
    pub block_hash: [u8; 32],
    /// Blocks on top of it.
    pub confirmations: u64,
    /// Whether the contract accepted the call.
    pub has_succeeded: bool,
    /// Wei that it cost.
    pub cost_wei: u128,
}

/// The hub's size and root in the newest statement on a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedHead {
    /// Entries of the hub.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Why a request to the chain failed.
#[derive(Debug, Error)]
pub enum ChainError {
    /// The chain was not reached, or refused.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The chain's answers contradict each other; asking again later may help.
    #[error("inconsistent answers from the chain: {0}")]
    Inconsistent(String),
    /// Trying again cannot help; a person must change the configuration.
    #[error("{0}")]
    Misconfigured(String),
}

/// A chain to publish on. Methods block on the network; async callers use `spawn_blocking`.
pub trait Chain: Send + Sync {
    /// The chain and contract, for log lines.
    fn name(&self) -> String;

    /// The newest statement for the hub, as the required number of endpoints say; none if they say that there is none.
    ///
    /// # Errors
    ///
    /// [`ChainError`]
    fn latest(&self, hub_id: &Hash) -> Result<Option<PublishedHead>, ChainError>;

    /// Builds and signs a transaction for the statement; sends nothing.
    ///
    /// - `replaces`: the pending attempt whose nonce it takes over, if any.
    /// - `urgency_permille`: see [`crate::fee::urgency_permille`].
    /// - `now`: when the attempt is made.
    ///
    /// # Errors
    ///
    /// [`ChainError`], also where the contract would refuse the call.
    fn offer(
        &self,
        statement: &Statement,
        replaces: Option<&Attempt>,
        urgency_permille: u128,
        now: Timestamp,
    ) -> Result<Offer, ChainError>;

    /// Sends a stored attempt. Sending one that the chain already knows succeeds.
    ///
    /// # Errors
    ///
    /// [`ChainError`]
    fn send(&self, attempt: &Attempt) -> Result<(), ChainError>;

    /// Finds out what became of the attempts.
    ///
    /// - `attempts`: newest first.
    ///
    /// # Errors
    ///
    /// [`ChainError`]
    fn find(&self, attempts: &[Attempt]) -> Result<AttemptStatus, ChainError>;

    /// Collects the proof for a mined statement and checks it.
    ///
    /// # Errors
    ///
    /// [`ChainError`]
    fn prove(
        &self,
        statement: &Statement,
        mined: &MinedAttempt,
    ) -> Result<AnchorEvidence, ChainError>;

    /// Asks every endpoint by itself whether it has a block, and counts how many agree.
    fn confirm(&self, claim: &BlockClaim) -> Confirmation;

    /// From now on another endpoint is asked first, if there is one.
    fn prefer_another(&self);

    /// How often an endpoint failed since the start.
    fn failures(&self) -> u64;
}
