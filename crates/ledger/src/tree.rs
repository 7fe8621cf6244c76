//! The tree of RFC 9162: its roots, its growing edge, and building proofs from stored subtrees.
//!
//! The way through: [`Frontier`] appends; a store keeps hashes of complete subtrees and offers them as a
//! [`NodeSource`]; [`inclusion_nodes`] and [`consistency_nodes`] list which of them a proof needs, so that a
//! store can fetch them in one query; [`prove_inclusion`] and [`prove_consistency`] put the proof together.
//!
//! What holds: the same root comes from leaves, from the frontier and from any store of subtrees (tested for all
//! sizes up to 300 against the definition); only complete subtrees inside the tree are ever requested.
//!
//! Not here: checking proofs ([`crate::proof`]), where subtrees are kept (`sql`).
//!
//! Sources: RFC 9162 sections 2.1.1, 2.1.3.1 and 2.1.4.1.

use std::convert::Infallible;

use thiserror::Error;

use crate::hash::{self, Hash};

/// Root of the tree over the given leaf hashes; [`Hash::EMPTY`] for none.
///
/// - Cost: one SHA-256 for each leaf; memory for 64 hashes.
#[must_use]
pub fn root(leaf_hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaf_hashes {
        frontier.append(*leaf);
    }
    frontier.root()
}

/// Inclusion path of the leaf at `index`, from the leaf up; empty if there is no such leaf.
///
/// - Cost: one SHA-256 for each leaf.
#[must_use]
pub fn inclusion_path(index: u64, leaf_hashes: &[Hash]) -> Vec<Hash> {
    let size = leaf_hashes.len() as u64;
    prove_inclusion(index, size, &LeafHashes(leaf_hashes)).unwrap_or_default()
}

/// The number of subtree roots is not that of a tree of this size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("got {got} subtree roots for a tree of {size} leaves, expected {want}")]
pub struct PeaksError {
    /// Leaves of the tree.
    pub size: u64,
    /// Roots given.
    pub got: usize,
    /// Roots that the size requires.
    pub want: u32,
}

/// The growing edge of a tree: the roots of its complete subtrees, at most 64 hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Largest subtree first; one for each 1 bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a tree from the roots of its complete subtrees, largest first.
    ///
    /// # Errors
    ///
    /// [`PeaksError`] unless there is one for each 1 bit of `size`.
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Result<Self, PeaksError> {
        let want = size.count_ones();
        if peaks.len() != want as usize {
            return Err(PeaksError { size, got: peaks.len(), want });
        }
        Ok(Self { size, peaks })
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf by its hash.
    pub fn append(&mut self, leaf_hash: Hash) {
        self.append_and_tell(leaf_hash, |_, _| {});
    }

    /// Appends leaves by their hashes, and gives the subtrees of 256, 65,536, … leaves that they complete: those that a
    /// ledger stores.
    pub fn extend(&mut self, leaf_hashes: impl IntoIterator<Item = Hash>) -> Vec<Subtree> {
        let mut completed = Vec::new();
        for leaf_hash in leaf_hashes {
            self.append_and_tell(leaf_hash, |span, hash| {
                if span.level.is_multiple_of(STORED_LEVELS) {
                    completed.push(Subtree { span, hash });
                }
            });
        }
        completed
    }

    /// Appends a leaf, and gives each subtree of two or more leaves that it completes to `tell`.
    fn append_and_tell(&mut self, leaf_hash: Hash, mut tell: impl FnMut(NodeSpan, Hash)) {
        let mut current = leaf_hash;
        // Each trailing 1 bit is a subtree that the new leaf completes into a larger one.
        for below in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                current = hash::node(&left, &current);
                let level = u8::try_from(below + 1).unwrap_or(u8::MAX);
                tell(NodeSpan { level, index: self.size >> level }, current);
            }
        }
        self.peaks.push(current);
        self.size += 1;
    }

    /// Root of the tree; [`Hash::EMPTY`] for none.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_the_right = self.peaks.iter().rev();
        let Some(last) = from_the_right.next() else { return Hash::EMPTY };
        from_the_right.fold(*last, |right, left| hash::node(left, &right))
    }
}

/// A complete subtree: `2^level` leaves from leaf `index * 2^level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeSpan {
    /// Logarithm of the width; 0 is a leaf.
    pub level: u8,
    /// Place among the subtrees of that level, from 0.
    pub index: u64,
}

/// Levels between two stored ones: subtrees of 2^8, 2^16, … leaves are stored.
const STORED_LEVELS: u8 = 8;

/// A complete subtree and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtree {
    /// Which one.
    pub span: NodeSpan,
    /// Its root.
    pub hash: Hash,
}

/// Access to the hashes of complete subtrees.
pub trait NodeSource {
    /// Why the source has no hash.
    type Error;

    /// The hash of the complete subtree `index` of width `2^level`. Only subtrees inside the tree are requested.
    ///
    /// # Errors
    ///
    /// Those of the source.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Leaf hashes in memory as a source of subtrees; those outside are [`Hash::EMPTY`].
pub struct LeafHashes<'a>(pub &'a [Hash]);

impl NodeSource for LeafHashes<'_> {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let span = || {
            let begin =
                usize::try_from(index.checked_mul(1_u64.checked_shl(level.into())?)?).ok()?;
            let end = begin.checked_add(1_usize.checked_shl(level.into())?)?;
            self.0.get(begin..end)
        };
        Ok(span().map_or(Hash::EMPTY, root))
    }
}

/// Why a proof cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProveError<E> {
    /// There is no such leaf.
    #[error("leaf index {index} is not in a tree of {size} leaves")]
    IndexOutOfTree {
        /// Index of the leaf.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The older tree is larger than the newer.
    #[error("a tree of {old} leaves cannot grow into one of {new}")]
    NotOlder {
        /// Leaves of the older tree.
        old: u64,
        /// Leaves of the newer tree.
        new: u64,
    },
    /// The source has no hash for a subtree.
    #[error("the source has no hash of subtree {} of level {}", .span.index, .span.level)]
    Source {
        /// Which.
        span: NodeSpan,
        /// Why.
        source: E,
    },
}

/// Leaves `begin..end`, as RFC 9162 cuts them.
type Range = (u64, u64);

/// Largest power of two below `width`; `width >= 2`.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// Ranges whose roots are the inclusion path, from the leaf up; `index < size`.
fn inclusion_ranges(index: u64, size: u64) -> Vec<Range> {
    let (mut begin, mut end, mut ranges) = (0, size, Vec::new());
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((begin, middle));
            begin = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// Ranges whose roots are the consistency path; `0 < old < new`.
fn consistency_ranges(old: u64, new: u64) -> Vec<Range> {
    let (mut begin, mut end, mut ranges) = (0, new, Vec::new());
    while old < end {
        let middle = begin + split(end - begin);
        if old <= middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((begin, middle));
            begin = middle;
        }
    }
    if begin > 0 {
        ranges.push((begin, end));
    }
    ranges.reverse();
    ranges
}

/// The complete subtrees that make up a range, largest first.
fn spans(range: Range, into: &mut Vec<NodeSpan>) {
    let (mut begin, end) = range;
    while begin < end {
        let level = (end - begin).ilog2();
        into.push(NodeSpan { level: u8::try_from(level).unwrap_or(63), index: begin >> level });
        begin += 1 << level;
    }
}

fn range_root<S: NodeSource>(range: Range, source: &S) -> Result<Hash, ProveError<S::Error>> {
    let mut parts = Vec::new();
    spans(range, &mut parts);
    let mut current = None;
    for span in parts.into_iter().rev() {
        let left = source
            .node(span.level, span.index)
            .map_err(|source| ProveError::Source { span, source })?;
        current = Some(current.map_or(left, |right| hash::node(&left, &right)));
    }
    Ok(current.unwrap_or(Hash::EMPTY))
}

fn spans_of(ranges: Vec<Range>) -> Vec<NodeSpan> {
    let mut all = Vec::new();
    for range in ranges {
        spans(range, &mut all);
    }
    all
}

/// The complete subtrees that [`prove_inclusion`] will request; none if there is no such leaf.
#[must_use]
pub fn inclusion_nodes(index: u64, size: u64) -> Vec<NodeSpan> {
    if index < size { spans_of(inclusion_ranges(index, size)) } else { Vec::new() }
}

/// The complete subtrees that [`prove_consistency`] will request; none if there is nothing to prove.
#[must_use]
pub fn consistency_nodes(old: u64, new: u64) -> Vec<NodeSpan> {
    if 0 < old && old < new { spans_of(consistency_ranges(old, new)) } else { Vec::new() }
}

/// The complete subtrees that [`root_at`] will request, largest first: the peaks of the [`Frontier`].
#[must_use]
pub fn root_nodes(size: u64) -> Vec<NodeSpan> {
    spans_of(vec![(0, size)])
}

/// Inclusion path of leaf `index` in the tree of `size` leaves, from the leaf up.
///
/// # Errors
///
/// [`ProveError`] if there is no such leaf or the source fails.
pub fn prove_inclusion<S: NodeSource>(
    index: u64,
    size: u64,
    source: &S,
) -> Result<Vec<Hash>, ProveError<S::Error>> {
    if index >= size {
        return Err(ProveError::IndexOutOfTree { index, size });
    }
    inclusion_ranges(index, size).into_iter().map(|range| range_root(range, source)).collect()
}

/// Proof that the tree of `old` leaves is the beginning of that of `new`; empty for `old == 0` and `old == new`.
///
/// # Errors
///
/// [`ProveError`] if `old > new` or the source fails.
pub fn prove_consistency<S: NodeSource>(
    old: u64,
    new: u64,
    source: &S,
) -> Result<Vec<Hash>, ProveError<S::Error>> {
    if old > new {
        return Err(ProveError::NotOlder { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    consistency_ranges(old, new).into_iter().map(|range| range_root(range, source)).collect()
}

/// Root of the tree of the first `size` leaves; [`Hash::EMPTY`] for none.
///
/// # Errors
///
/// [`ProveError`] if the source fails.
pub fn root_at<S: NodeSource>(size: u64, source: &S) -> Result<Hash, ProveError<S::Error>> {
    range_root((0, size), source)
}
