//! History roots: one hash over all records of a ledger that name one item.
//!
//! What holds: the order is the ledger's; one record left out, added or moved gives another root.
//!
//! Not here: that nothing was left out of a history (no map from item to root is kept yet).
//!
//! Source: docs/formats/bundle-v2.md.

use crate::{hash::Hash, tree};

/// The history root: the tree's root over the leaf hashes of the records, in ledger order; [`Hash::EMPTY`] for none.
#[must_use]
pub fn root(leaf_hashes: &[Hash]) -> Hash {
    tree::root(leaf_hashes)
}
