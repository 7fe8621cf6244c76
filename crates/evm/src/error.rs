//! Why the bytes of a header, a receipt or a proof prove nothing.

use thiserror::Error;

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvmError {
    /// Bytes are not RLP in its shortest form.
    #[error("{0} is not RLP in its shortest form")]
    Rlp(&'static str),
    /// RLP, but of another shape.
    #[error("{what} has the wrong shape: expected {expected}")]
    Shape {
        /// What was read.
        what: &'static str,
        /// The part that is missing or different.
        expected: &'static str,
    },
    /// The trie's nodes do not lead from the root to the receipt.
    #[error("node {0} of the receipt proof does not lead from the header's root to the receipt")]
    Proof(usize),
    /// The trie holds another receipt at this index.
    #[error("the proof leads to another receipt")]
    OtherReceipt,
    /// The transaction failed.
    #[error("the transaction failed: got status {0}, expected 1")]
    Status(u64),
}
