//! The tree and its proofs against the definition by recursion, against values of others, and against every flipped
//! bit.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

use std::{fs, path::Path};

use ledger::{
    Hash, hash,
    json::{self, Json, Limits},
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

/// Roots of the eight test leaves of RFC 6962's first implementation (certificate-transparency, merkle tree test):
/// "", 00, 10, 2021, 3031, 40414243, 5051…57, 6061…6f.
#[test]
fn the_eight_leaves_that_everyone_tests_with_have_their_roots() {
    let data = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let leaves: Vec<_> = data.iter().map(|data| hash::leaf(&hex::decode(data).unwrap())).collect();
    for (size, root) in [
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ] {
        assert_eq!(tree::root(&leaves[..size]).to_string(), root, "{size}");
    }
}

/// Proofs of transparency-dev/merkle, good and spoilt, where the folder is there.
#[test]
fn proofs_of_another_implementation_are_accepted_and_refused_alike() {
    let folder =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/merkle-testdata"));
    if !folder.is_dir() {
        println!("skipped: the folder shared/vectors/merkle-testdata is not beside the project");
        return;
    }
    let (mut good, mut bad) = (0, 0);
    for (kind, verify) in
        [("inclusion", inclusion as fn(&Json) -> bool), ("consistency", consistency)]
    {
        for file in files_below(&folder.join(kind)) {
            let json = json::parse(&fs::read(&file).unwrap(), &Limits::default()).unwrap();
            let wants_error = json.get("wantErr").unwrap().as_bool().unwrap();
            assert_eq!(verify(&json), !wants_error, "{}", file.display());
            if wants_error { bad += 1 } else { good += 1 }
        }
    }
    assert!(good >= 10 && bad >= 100, "{good} good and {bad} bad proofs");
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn number(json: &Json, name: &str) -> u64 {
    json.get(name).unwrap().as_number().unwrap().parse().unwrap()
}

fn hash_of(json: Option<&Json>) -> Option<Hash> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    Hash::from_slice(&STANDARD.decode(json?.as_str()?).ok()?)
}

/// A root; some of the files have a few words instead of it, which any other hash may replace.
fn root_of(json: &Json, name: &str) -> Option<Hash> {
    let text = json.get(name)?.as_str()?;
    Some(hash_of(json.get(name)).unwrap_or_else(|| hash::sha256(text.as_bytes())))
}

fn path_of(json: &Json) -> Option<Vec<Hash>> {
    let path = json.get("proof").and_then(Json::as_array).unwrap_or_default();
    path.iter().map(|hash| hash_of(Some(hash))).collect()
}

fn inclusion(json: &Json) -> bool {
    let check = || {
        let (leaf, root) = (hash_of(json.get("leafHash"))?, root_of(json, "root")?);
        let (index, size) = (number(json, "leafIdx"), number(json, "treeSize"));
        verify_inclusion(index, &leaf, size, &path_of(json)?, &root).ok()
    };
    check().is_some()
}

fn consistency(json: &Json) -> bool {
    let check = || {
        let (old_root, new_root) = (root_of(json, "root1")?, root_of(json, "root2")?);
        let (old, new) = (number(json, "size1"), number(json, "size2"));
        verify_consistency(old, new, &path_of(json)?, &old_root, &new_root).ok()
    };
    check().is_some()
}
