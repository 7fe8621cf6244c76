//! How far an audit came, so that it can continue after an interruption.
//!
//! The way through: [`super::LedgerAudit::standing`] gives a [`Standing`], which the caller stores; [`super::LedgerAudit::resume`] takes it
//! together with the checkpoint that the database has at that size now.
//!
//! What holds: an audit stands only on a checkpoint that the policy accepts and whose root the rows gave; it is continued
//! only if that very note is still there, is accepted by the policy of now, and the stored subtree roots give the signed root. An altered
//! size or an altered root is therefore refused. Findings, and the number of checkpoints, are as good as the place where they
//! were stored.
//!
//! Not here: the file ([`Standing`] has no form of its own), rows below the standing: they are not read again.

use thiserror::Error;

use super::finding::Finding;
use crate::{
    hash::Hash,
    policy::OpenError,
    tree::{Frontier, PeaksError},
};

/// How far an audit of a ledger came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Rows that were recomputed: the size of the checkpoint.
    pub size: u64,
    /// Roots of the complete subtrees of the tree of that size, largest first.
    pub peaks: Vec<Hash>,
    /// SHA-256 of the checkpoint's note.
    pub note: Hash,
    /// Checkpoints so far.
    pub checkpoints: u64,
    /// What contradicted in the rows up to here; each has an index.
    pub of_rows: Vec<Finding>,
    /// What contradicted in the checkpoints up to here.
    pub of_checkpoints: Vec<Finding>,
}

/// Why an audit cannot continue from a standing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StandingError {
    /// The number of subtree roots does not fit the size.
    #[error(transparent)]
    Peaks(#[from] PeaksError),
    /// The database has another checkpoint of that size.
    #[error("the checkpoint of size {0} is another one now")]
    OtherNote(u64),
    /// The policy does not accept the checkpoint.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The checkpoint is signed for another size.
    #[error("got size {stands}, the checkpoint is signed for size {signed}")]
    Size {
        /// Of the standing.
        stands: u64,
        /// Of the checkpoint.
        signed: u64,
    },
    /// The subtree roots give another root than was signed.
    #[error(
        "the stored subtree roots give root {got}, the checkpoint of size {size} was signed with {signed}"
    )]
    Root {
        /// Size of the checkpoint.
        size: u64,
        /// Of the standing.
        got: Hash,
        /// Of the checkpoint.
        signed: Hash,
    },
}

/// The last checkpoint on which an audit can stand.
#[derive(Debug)]
pub(super) struct Good {
    pub(super) frontier: Frontier,
    pub(super) note: Hash,
    pub(super) checkpoints: u64,
    /// Findings of checkpoints up to it.
    pub(super) findings: usize,
}
