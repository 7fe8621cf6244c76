//! Checks proofs: that a leaf is in a tree, that a tree is the beginning of a later one.
//!
//! What holds: a path of the wrong length is refused before anything is hashed; `Ok(())` is the only outcome
//! that proves anything; no allocation, at most 64 hashes for each path.
//!
//! Not here: making proofs ([`crate::tree`]).
//!
//! Sources: RFC 9162 sections 2.1.3.2 and 2.1.4.2.

use thiserror::Error;

use crate::hash::{self, Hash};

/// Why a proof is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The leaf cannot be in the tree.
    #[error("leaf index {index} is not in a tree of {size} leaves")]
    IndexOutOfTree {
        /// Index of the leaf.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The older tree cannot be the beginning of the newer one.
    #[error("got an older tree of {old} leaves, expected 1 to {new}, the size of the newer one")]
    NotOlder {
        /// Leaves of the older tree.
        old: u64,
        /// Leaves of the newer tree.
        new: u64,
    },
    /// Too many or too few hashes.
    #[error("got a path of {got} hashes, expected {want}")]
    WrongLength {
        /// Hashes in the path.
        got: usize,
        /// Hashes that the sizes require.
        want: usize,
    },
    /// The hashes lead to another root.
    #[error("the path leads to another root than the one given")]
    OtherRoot,
    /// Hashes stand there that the path before it ends with.
    #[error("the path repeats hashes of the path before it, expected each once")]
    Repeated,
    /// The hashes lead to another root of the older tree.
    #[error("the path leads to another root of the older tree than the one given")]
    OtherOldRoot,
}

/// Number of hashes in an inclusion path; `index < size`.
pub(crate) fn path_len(index: u64, size: u64) -> usize {
    // Below the level at which the way to the leaf parts from the way to the last leaf, every level has a
    // sibling; above it only those levels where the way turns right.
    let inner = 64 - (index ^ (size - 1)).leading_zeros();
    let above = if inner == 64 { 0 } else { (index >> inner).count_ones() };
    (inner + above) as usize
}

/// The hashes of `path` without those at its end with which `before` ends too.
#[must_use]
pub fn shorten<'a>(path: &'a [Hash], before: &[Hash]) -> &'a [Hash] {
    let same = path.iter().rev().zip(before.iter().rev()).take_while(|(one, other)| one == other);
    &path[..path.len() - same.count()]
}

/// The whole inclusion path of which [`shorten`] left `own`.
///
/// - `index`, `size`: place of the leaf, and leaves of the tree; they say how many hashes are missing.
/// - `before`: the whole path that it was shortened by.
///
/// # Errors
///
/// [`ProofError`] if `own` is too long, or too short for what `before` has, or repeats a hash of it.
pub fn whole_path(
    own: &[Hash],
    before: &[Hash],
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutOfTree { index, size });
    }
    let want = path_len(index, size);
    let missing = want.checked_sub(own.len()).filter(|missing| *missing <= before.len());
    let Some(missing) = missing else {
        return Err(ProofError::WrongLength { got: own.len(), want });
    };
    let (left, shared) = before.split_at(before.len() - missing);
    if !own.is_empty() && own.last() == left.last() {
        return Err(ProofError::Repeated);
    }
    Ok([own, shared].concat())
}

/// Climbs from a leaf along its path; `index < size` and the path has the right length.
///
/// - Returns the root that the path leads to.
pub(crate) fn climb(index: u64, leaf: &Hash, size: u64, path: &[Hash]) -> Hash {
    // Once on the right edge (`place == last`), every further sibling is to the left; the RFC's inner loop there
    // only serves its closing length check, which is done before.
    let (mut place, mut last, mut current) = (index, size - 1, *leaf);
    for sibling in path {
        let sibling_is_left = place % 2 == 1 || place == last;
        current = if sibling_is_left {
            hash::node(sibling, &current)
        } else {
            hash::node(&current, sibling)
        };
        (place, last) = (place / 2, last / 2);
    }
    current
}

/// Returns the root that an inclusion path leads to.
///
/// - Parameters and cost as for [`verify_inclusion`].
///
/// # Errors
///
/// [`ProofError`] if the index is not below the size or the path has the wrong length.
pub fn root_of_path(index: u64, leaf: &Hash, size: u64, path: &[Hash]) -> Result<Hash, ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutOfTree { index, size });
    }
    let want = path_len(index, size);
    if path.len() != want {
        return Err(ProofError::WrongLength { got: path.len(), want });
    }
    Ok(climb(index, leaf, size, path))
}

/// Checks that `leaf` is at `index` in the tree of `size` leaves whose root is `root`.
///
/// - `index`: place of the leaf, from 0; `index < size`.
/// - `leaf`: hash of the leaf ([`hash::leaf`]), 32 bytes, not the leaf itself.
/// - `path`: sibling hashes from the leaf up, at most 64.
/// - Cost: one SHA-256 for each hash in `path`.
///
/// # Errors
///
/// [`ProofError`] for the first condition that does not hold.
///
/// # Source
///
/// RFC 9162 section 2.1.3.2.
pub fn verify_inclusion(
    index: u64,
    leaf: &Hash,
    size: u64,
    path: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if root_of_path(index, leaf, size, path)? == *root {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}

/// Checks that the tree of `old` leaves with `old_root` is the beginning of that of `new` leaves with `new_root`.
///
/// - `old`: at least 1 (every tree extends the empty one, so there is nothing to check) and at most `new`.
/// - `path`: as RFC 9162 section 2.1.4.1 gives it; empty if the sizes are equal.
///
/// # Errors
///
/// [`ProofError`] for the first condition that does not hold.
///
/// # Source
///
/// RFC 9162 section 2.1.4.2.
pub fn verify_consistency(
    old: u64,
    new: u64,
    path: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old == 0 || old > new {
        return Err(ProofError::NotOlder { old, new });
    }
    if old == new {
        if !path.is_empty() {
            return Err(ProofError::WrongLength { got: path.len(), want: 0 });
        }
        return if old_root == new_root { Ok(()) } else { Err(ProofError::OtherRoot) };
    }
    // The proof starts at the last complete subtree of the old tree that ends it: `old` without its trailing
    // zero bits. If that is the whole old tree, its root is known and left out of the path.
    let level = old.trailing_zeros();
    let (mut place, mut last) = ((old >> level) - 1, (new - 1) >> level);
    let whole = old.is_power_of_two();
    let want = path_len(place, last + 1) + usize::from(!whole);
    if path.len() != want {
        return Err(ProofError::WrongLength { got: path.len(), want });
    }
    let (start, rest) = match path.split_first() {
        Some((first, rest)) if !whole => (*first, rest),
        _ => (*old_root, path),
    };
    let (mut old_current, mut new_current) = (start, start);
    for sibling in rest {
        if place % 2 == 1 || place == last {
            old_current = hash::node(sibling, &old_current);
            new_current = hash::node(sibling, &new_current);
        } else {
            // To the right of the old tree's edge: only the new tree has it.
            new_current = hash::node(&new_current, sibling);
        }
        (place, last) = (place / 2, last / 2);
    }
    if old_current != *old_root {
        return Err(ProofError::OtherOldRoot);
    }
    if new_current != *new_root {
        return Err(ProofError::OtherRoot);
    }
    Ok(())
}
