//! The tree and its proofs against the definition by recursion, against values of others, and against every flipped
//! bit.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

mod known;

use ledger::{
    Hash, hash,
    proof::{ProofError, verify_consistency, verify_inclusion},
    tree::{self, Frontier, LeafHashes, NodeSource, NodeSpan},
};
use proptest::prelude::*;

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| hash::leaf(&index.to_be_bytes())).collect()
}

/// Largest power of two below `width`.
fn half(width: usize) -> usize {
    width.next_power_of_two() / 2
}

/// RFC 9162 section 2.1.1.
fn defined_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => hash::sha256(b""),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(half(more.len()));
            hash::node(&defined_root(left), &defined_root(right))
        }
    }
}

/// RFC 9162 section 2.1.3.1.
fn defined_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let middle = half(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, other) = if index < middle {
        (defined_path(index, left), right)
    } else {
        (defined_path(index - middle, right), left)
    };
    path.push(defined_root(other));
    path
}

/// RFC 9162 section 2.1.4.1, SUBPROOF.
fn defined_subproof(old: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_whole { Vec::new() } else { vec![defined_root(leaves)] };
    }
    let middle = half(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, other) = if old <= middle {
        (defined_subproof(old, left, is_whole), right)
    } else {
        (defined_subproof(old - middle, right, false), left)
    };
    path.push(defined_root(other));
    path
}

/// A store that has only what was announced, as a database after a prefetch.
struct Prefetched<'a>(&'a [Hash], Vec<NodeSpan>);

impl NodeSource for Prefetched<'_> {
    type Error = String;

    fn node(&self, level: u8, index: u64) -> Result<Hash, String> {
        if !self.1.contains(&NodeSpan { level, index }) {
            return Err("not announced".to_owned());
        }
        let (begin, width) = (usize::try_from(index << level).unwrap(), 1 << level);
        let subtree = self.0.get(begin..begin + width).ok_or("not complete in the tree")?;
        Ok(defined_root(subtree))
    }
}

#[test]
fn roots_of_all_sizes_to_300_are_those_of_the_definition() {
    let all = leaves(300);
    let mut frontier = Frontier::new();
    for size in 0..=300 {
        let (seen, wanted) = (&all[..size], defined_root(&all[..size]));
        assert_eq!(tree::root(seen), wanted, "{size}");
        assert_eq!(frontier.root(), wanted, "{size}");
        assert_eq!(frontier.size(), size as u64);
        let again = Frontier::from_peaks(frontier.size(), frontier.peaks().to_vec()).unwrap();
        assert_eq!(again, frontier);
        let spans = tree::root_nodes(size as u64);
        let peaks: Vec<_> = spans
            .iter()
            .map(|span| LeafHashes(seen).node(span.level, span.index).unwrap())
            .collect();
        assert_eq!(peaks, frontier.peaks(), "{size}");
        assert_eq!(tree::root_at(size as u64, &Prefetched(seen, spans)), Ok(wanted));
        if let Some(next) = all.get(size) {
            frontier.append(*next);
        }
    }
    assert!(Frontier::from_peaks(3, vec![Hash::EMPTY]).is_err());
}

#[test]
fn inclusion_paths_are_those_of_the_definition_and_verify() {
    let all = leaves(300);
    for size in (1..=70).chain([127, 128, 129, 255, 256, 257, 300]) {
        let seen = &all[..size];
        let root = defined_root(seen);
        for index in 0..size {
            let (place, width) = (index as u64, size as u64);
            let path = defined_path(index, seen);
            assert_eq!(tree::inclusion_path(place, seen), path, "{index} of {size}");
            let source = Prefetched(seen, tree::inclusion_nodes(place, width));
            assert_eq!(tree::prove_inclusion(place, width, &source).unwrap(), path);
            verify_inclusion(place, &seen[index], width, &path, &root).unwrap();
        }
    }
    assert!(tree::prove_inclusion(3, 3, &LeafHashes(&all[..3])).is_err());
    assert!(
        tree::inclusion_nodes(3, 3).is_empty() && tree::inclusion_path(3, &all[..3]).is_empty()
    );
}

#[test]
fn any_two_sizes_to_100_are_consistent_as_the_definition_says() {
    let all = leaves(100);
    for new in 1..=100_usize {
        let new_root = defined_root(&all[..new]);
        for old in 1..=new {
            let (before, after) = (old as u64, new as u64);
            let path = defined_subproof(old, &all[..new], true);
            let source = Prefetched(&all[..new], tree::consistency_nodes(before, after));
            assert_eq!(tree::prove_consistency(before, after, &source).unwrap(), path);
            let old_root = defined_root(&all[..old]);
            verify_consistency(before, after, &path, &old_root, &new_root).unwrap();
        }
    }
    assert!(tree::prove_consistency(5, 4, &LeafHashes(&all)).is_err());
    assert_eq!(tree::prove_consistency(0, 4, &LeafHashes(&all)), Ok(Vec::new()));
}

fn flips(hash: &Hash) -> impl Iterator<Item = Hash> {
    let bytes = hash.0;
    (0..256).map(move |bit| {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        Hash(flipped)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn one_flipped_bit_anywhere_breaks_an_inclusion_proof(size in 1_u64..300, index: u64) {
        let (index, all) = (index % size, leaves(size));
        let (leaf, root) = (all[usize::try_from(index).unwrap()], defined_root(&all));
        let path = tree::inclusion_path(index, &all);
        let is_proof = |index, leaf: &Hash, size, path: &[Hash], root: &Hash| {
            verify_inclusion(index, leaf, size, path, root).is_ok()
        };
        prop_assert!(is_proof(index, &leaf, size, &path, &root));
        for bit in 0..64 {
            prop_assert!(!is_proof(index ^ (1 << bit), &leaf, size, &path, &root));
        }
        for flipped in flips(&leaf) {
            prop_assert!(!is_proof(index, &flipped, size, &path, &root));
        }
        for flipped in flips(&root) {
            prop_assert!(!is_proof(index, &leaf, size, &path, &flipped));
        }
        for place in 0..path.len() {
            for flipped in flips(&path[place]) {
                let mut other = path.clone();
                other[place] = flipped;
                prop_assert!(!is_proof(index, &leaf, size, &other, &root));
            }
        }
        let longer = [&path[..], &[root]].concat();
        prop_assert!(!is_proof(index, &leaf, size, &longer, &root));
        if let Some((_, shorter)) = path.split_last() {
            prop_assert!(!is_proof(index, &leaf, size, shorter, &root));
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_breaks_a_consistency_proof(new in 2_u64..300, old: u64) {
        let (old, all) = (old % (new - 1) + 1, leaves(new));
        let (old_root, new_root) = (
            defined_root(&all[..usize::try_from(old).unwrap()]),
            defined_root(&all),
        );
        let path = tree::prove_consistency(old, new, &LeafHashes(&all)).unwrap();
        let is_proof = |path: &[Hash], old_root: &Hash, new_root: &Hash| {
            verify_consistency(old, new, path, old_root, new_root).is_ok()
        };
        prop_assert!(is_proof(&path, &old_root, &new_root));
        for flipped in flips(&old_root) {
            prop_assert!(!is_proof(&path, &flipped, &new_root));
        }
        for flipped in flips(&new_root) {
            prop_assert!(!is_proof(&path, &old_root, &flipped));
        }
        for place in 0..path.len() {
            for flipped in flips(&path[place]) {
                let mut other = path.clone();
                other[place] = flipped;
                prop_assert!(!is_proof(&other, &old_root, &new_root));
            }
        }
        let longer = [&path[..], &[new_root]].concat();
        prop_assert!(!is_proof(&longer, &old_root, &new_root));
    }

    #[test]
    fn no_numbers_make_a_verifier_panic(index: u64, size: u64, count in 0_usize..70) {
        let path = vec![Hash::EMPTY; count];
        prop_assert!(verify_inclusion(index, &Hash::EMPTY, size, &path, &Hash([1; 32])).is_err());
        prop_assert!(verify_consistency(index, size, &path, &Hash([1; 32]), &Hash::EMPTY).is_err());
        prop_assert_eq!(tree::inclusion_nodes(index, size).is_empty(), index >= size || size == 1);
        prop_assert_eq!(tree::consistency_nodes(index, size).is_empty(), index == 0 || index >= size);
    }
}

#[test]
fn the_largest_tree_has_paths_of_64_hashes() {
    let path = [Hash::EMPTY; 64];
    let verify = |index, length: usize| {
        verify_inclusion(index, &Hash::EMPTY, u64::MAX, &path[..length], &Hash::EMPTY)
    };
    assert_eq!(verify(0, 64), Err(ProofError::OtherRoot));
    assert_eq!(verify(0, 63), Err(ProofError::WrongLength { got: 63, want: 64 }));
    // 2^64 - 1 leaves: the last one is beside 63 complete subtrees.
    assert_eq!(verify(u64::MAX - 1, 63), Err(ProofError::OtherRoot));
    assert!(matches!(verify(u64::MAX, 64), Err(ProofError::IndexOutOfTree { .. })));
}
