//! Where the hub's size and root are published: one file per kind of place behind one trait.
//!
//! | target | file |
//! |---|---|
//! | EVM chain, contract `AnchorRegistry` | [`evm`] |
//!
//! The way of a statement through a target: [`Target::offer`] (build and sign; nothing leaves the machine) ->
//! the caller stores the attempt -> [`Target::send`] -> [`Target::look_for`] until it is deep enough ->
//! [`Target::prove`].
//!
//! What holds: a target keeps no state that a restart would miss; whatever it must remember is in the
//! [`Attempt`]s that the caller stored.
//!
//! Not here: when to do which step (`epoch`, `receipts`).

pub mod evm;

use ledger::Hash;
use sql::anchors::{AnchorEvidence, Attempt};
use thiserror::Error;

use crate::fee::Hold;
use crate::rpc::RpcError;

/// What is published: the hub `hub_id` has `size` entries under `root`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// SHA-256 of the hub's origin.
    pub hub_id: Hash,
    /// Entries of the hub, from 1.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// What a target answers when asked for a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Store this, then send it.
    Attempt(Attempt),
    /// Nothing should be sent now.
    Hold(Hold),
}

/// Where one of the attempts stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// In a block.
    Mined(Mined),
    /// Known to the node, in no block.
    Pending,
    /// Unknown to the node; its nonce is still free.
    Missing,
    /// Unknown to the node, and its nonce was used by another transaction.
    NonceUsed,
}

/// A transaction in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mined {
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

/// The newest statement that a target holds for a hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Entries of the hub.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Why a target did not do what it was asked.
#[derive(Debug, Error)]
pub enum TargetError {
    /// The chain was not reached, or refused.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The chain's answers do not fit together; asking again later may help.
    #[error("the chain's answers do not fit together: {0}")]
    Inconsistent(String),
    /// Nothing will help but a person.
    #[error("{0}")]
    Misconfigured(String),
}

/// A place to publish. Methods block on the network; async callers use `spawn_blocking`.
pub trait Target: Send + Sync {
    /// The chain and contract, for log lines.
    fn name(&self) -> String;

    /// The newest statement for the hub; none if there never was one.
    ///
    /// # Errors
    ///
    /// [`TargetError`]
    fn latest(&self, hub_id: &Hash) -> Result<Option<Published>, TargetError>;

    /// Builds and signs a transaction for the statement; sends nothing.
    ///
    /// - `replaces`: the pending attempt whose nonce it takes over, if any.
    /// - `urgency_permille`: see [`crate::fee::urgency_permille`].
    ///
    /// # Errors
    ///
    /// [`TargetError`], also where the contract would refuse the call.
    fn offer(
        &self,
        statement: &Statement,
        replaces: Option<&Attempt>,
        urgency_permille: u128,
    ) -> Result<Offer, TargetError>;

    /// Sends a stored attempt. One that the chain knows already is sent well.
    ///
    /// # Errors
    ///
    /// [`TargetError`]
    fn send(&self, attempt: &Attempt) -> Result<(), TargetError>;

    /// Looks for the attempts, newest first.
    ///
    /// # Errors
    ///
    /// [`TargetError`]
    fn look_for(&self, attempts: &[Attempt]) -> Result<Sighting, TargetError>;

    /// Collects the proof for a mined statement and checks it.
    ///
    /// # Errors
    ///
    /// [`TargetError`]
    fn prove(&self, statement: &Statement, mined: &Mined) -> Result<AnchorEvidence, TargetError>;

    /// How often an endpoint of the target failed since the start.
    fn failures(&self) -> u64;
}
