//! The hub: the ledger whose entries are the checkpoints of all others.
//!
//! What holds: an entry is the whole signed note, signatures included, so that the hub commits to who signed; on chain
//! the hub is named by the hash of its origin.
//!
//! Not here: which checkpoints become entries (`anchor`), the tree ([`crate::tree`]).
//!
//! Source: docs/formats/checkpoint-v1.md, "Hub".

use crate::hash::{self, Hash};

/// Place of a ledger's checkpoint in the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubEntry {
    /// Its index in the hub, from 0.
    pub index: u64,
    /// Inclusion path in the tree of the hub's checkpoint.
    pub path: Vec<Hash>,
}

/// Leaf hash of a checkpoint's note as an entry of the hub: `H(0x00 ‖ note)`.
#[must_use]
pub fn entry_leaf(note_text: &str) -> Hash {
    hash::leaf(note_text.as_bytes())
}

/// The hub's name on chain: SHA-256 of its origin.
#[must_use]
pub fn hub_id(origin: &str) -> Hash {
    hash::sha256(origin.as_bytes())
}
