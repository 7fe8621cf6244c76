//! Roots and proofs that others computed, and proofs spoilt in every way that others thought of.
//!
//! The way through: roots and paths over the eight leaves that everyone tests with are tables of hashes; [`SPOILT_INCLUSION`]
//! and [`SPOILT_CONSISTENCY`] name the ways to spoil a proof, each applied to each proof of the tables. Where the foreign
//! data are there, their proofs are judged too.
//!
//! What holds: every hash here was computed by another program than the one tested, and the roots of one, six and eight
//! leaves are in RFC 6962's first implementation.
//!
//! Sources: certificate-transparency (tests of the Merkle tree: leaves, roots, pairs of sizes); transparency-dev/merkle
//! (kinds of spoilt proofs).

use std::fs;
use std::path::{Path, PathBuf};

use ledger::json::{self, Json, Limits};
use ledger::proof::{verify_consistency, verify_inclusion};
use ledger::{Hash, hash, tree};

/// The leaves: contents in hex.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// Roots of the first 0 to 8 leaves.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Place of a leaf, size of the tree, path.
const INCLUSION: [(u64, u64, &[&str]); 5] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

/// Sizes of the older and of the newer tree, path.
const CONSISTENCY: [(u64, u64, &[&str]); 5] = [
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        3,
        7,
        &[
            "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
            "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
        ],
    ),
];

/// A proof that a leaf is in a tree.
#[derive(Clone, PartialEq)]
struct Inclusion {
    index: u64,
    size: u64,
    leaf: Hash,
    path: Vec<Hash>,
    root: Hash,
}

impl Inclusion {
    fn holds(&self) -> bool {
        verify_inclusion(self.index, &self.leaf, self.size, &self.path, &self.root).is_ok()
    }
}

/// A proof that a tree is the beginning of another.
#[derive(Clone, PartialEq)]
struct Consistency {
    old: u64,
    new: u64,
    path: Vec<Hash>,
    old_root: Hash,
    new_root: Hash,
}

impl Consistency {
    fn holds(&self) -> bool {
        verify_consistency(self.old, self.new, &self.path, &self.old_root, &self.new_root).is_ok()
    }
}

/// A name, and what it does to a proof.
type Spoilt<T> = (&'static str, fn(&mut T));

const SPOILT_INCLUSION: &[Spoilt<Inclusion>] = &[
    ("the leaf after it", |proof| proof.index += 1),
    ("the leaf before it", |proof| proof.index = proof.index.wrapping_sub(1)),
    ("another leaf of the same half", |proof| proof.index ^= 2),
    ("a tree twice as large", |proof| proof.size *= 2),
    ("a tree half as large", |proof| proof.size /= 2),
    ("no tree", |proof| proof.size = 0),
    ("another leaf hash", |proof| proof.leaf = other()),
    ("the hash of an empty string as root", |proof| proof.root = Hash::EMPTY),
    ("another root", |proof| proof.root = other()),
    ("another root and leaf hash", |proof| {
        (proof.root, proof.leaf) = (other(), hash::sha256(b"another"));
    }),
    ("the root before the path", |proof| proof.path.insert(0, proof.root)),
    ("the root behind the path", |proof| proof.path.push(proof.root)),
    ("another hash before the path", |proof| proof.path.insert(0, other())),
    ("another hash behind the path", |proof| proof.path.push(other())),
    ("another hash in the path", |proof| proof.path.insert(proof.path.len() / 2, other())),
    ("the first hash missing", |proof| drop(proof.path.drain(..1.min(proof.path.len())))),
    ("the last hash missing", |proof| proof.path.truncate(proof.path.len().saturating_sub(1))),
    ("no path", |proof| proof.path.clear()),
    ("the path backwards", |proof| proof.path.reverse()),
    ("a bit of the first hash", |proof| flip(proof.path.first_mut())),
    ("a bit of the second hash", |proof| flip(proof.path.get_mut(1))),
    ("a bit of the last hash", |proof| flip(proof.path.last_mut())),
];

const SPOILT_CONSISTENCY: &[Spoilt<Consistency>] = &[
    ("an older tree of one more", |proof| proof.old += 1),
    ("an older tree of one less", |proof| proof.old -= 1),
    ("an older tree of another size", |proof| proof.old ^= 2),
    ("no older tree", |proof| proof.old = 0),
    ("a newer tree twice as large", |proof| proof.new *= 2),
    ("a newer tree half as large", |proof| proof.new /= 2),
    ("no newer tree", |proof| proof.new = 0),
    ("the sizes exchanged", |proof| (proof.old, proof.new) = (proof.new, proof.old)),
    ("the roots exchanged", |proof| {
        (proof.old_root, proof.new_root) = (proof.new_root, proof.old_root);
    }),
    ("another older root", |proof| proof.old_root = other()),
    ("another newer root", |proof| proof.new_root = other()),
    ("the older root before the path", |proof| proof.path.insert(0, proof.old_root)),
    ("the newer root before the path", |proof| proof.path.insert(0, proof.new_root)),
    ("the older root behind the path", |proof| proof.path.push(proof.old_root)),
    ("the newer root behind the path", |proof| proof.path.push(proof.new_root)),
    ("the first hash twice", |proof| proof.path.insert(0, proof.path[0])),
    ("another hash before the path", |proof| proof.path.insert(0, other())),
    ("another hash behind the path", |proof| proof.path.push(other())),
    ("the last hash missing", |proof| proof.path.truncate(proof.path.len().saturating_sub(1))),
    ("no path", |proof| proof.path.clear()),
    ("the path backwards", |proof| proof.path.reverse()),
    ("a bit of the first hash", |proof| flip(proof.path.first_mut())),
    ("a bit of the second hash", |proof| flip(proof.path.get_mut(1))),
    ("a bit of the last hash", |proof| flip(proof.path.last_mut())),
];

/// A hash that is in no tree of these tests.
fn other() -> Hash {
    hash::sha256(b"in no tree")
}

fn flip(hash: Option<&mut Hash>) {
    if let Some(hash) = hash {
        hash.0[0] ^= 8;
    }
}

fn hashed(text: &str) -> Hash {
    text.parse().unwrap()
}

fn leaf(index: usize) -> Hash {
    hash::leaf(&hex::decode(LEAVES[index]).unwrap())
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn inclusions() -> Vec<Inclusion> {
    let proof = |(index, size, path): &(u64, u64, &[&str])| Inclusion {
        index: *index,
        size: *size,
        leaf: leaf(place(*index)),
        path: path.iter().map(|hash| hashed(hash)).collect(),
        root: hashed(ROOTS[place(*size)]),
    };
    INCLUSION.iter().map(proof).collect()
}

fn consistencies() -> Vec<Consistency> {
    let proof = |(old, new, path): &(u64, u64, &[&str])| Consistency {
        old: *old,
        new: *new,
        path: path.iter().map(|hash| hashed(hash)).collect(),
        old_root: hashed(ROOTS[place(*old)]),
        new_root: hashed(ROOTS[place(*new)]),
    };
    CONSISTENCY.iter().map(proof).collect()
}

#[test]
fn the_eight_leaves_that_everyone_tests_with_have_their_roots_and_paths() {
    let leaves: Vec<Hash> = (0..8).map(leaf).collect();
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(tree::root(&leaves[..size]).to_string(), *root, "{size}");
    }
    for proof in inclusions() {
        let path = tree::inclusion_path(proof.index, &leaves[..place(proof.size)]);
        assert_eq!(path, proof.path, "{} of {}", proof.index, proof.size);
        assert!(proof.holds(), "{} of {}", proof.index, proof.size);
    }
    for proof in consistencies() {
        let seen = tree::LeafHashes(&leaves[..place(proof.new)]);
        let path = tree::prove_consistency(proof.old, proof.new, &seen).unwrap();
        assert_eq!(path, proof.path, "{} to {}", proof.old, proof.new);
        assert!(proof.holds(), "{} to {}", proof.old, proof.new);
    }
}

#[test]
fn a_proof_spoilt_in_any_known_way_is_refused() {
    let mut refused = 0;
    for good in inclusions() {
        for (name, spoil) in SPOILT_INCLUSION {
            let mut bad = good.clone();
            spoil(&mut bad);
            // A path of one hash or none has no other order, and nothing to lose.
            if bad != good {
                assert!(!bad.holds(), "{name}: {} of {}", good.index, good.size);
                refused += 1;
            }
        }
    }
    for good in consistencies() {
        for (name, spoil) in SPOILT_CONSISTENCY {
            let mut bad = good.clone();
            spoil(&mut bad);
            if bad != good {
                assert!(!bad.holds(), "{name}: {} to {}", good.old, good.new);
                refused += 1;
            }
        }
    }
    assert!(refused >= 200, "{refused} spoilt proofs");
}

#[test]
fn a_tree_of_one_leaf_or_none_proves_only_itself() {
    let (one, empty) = (leaf(0), Hash::EMPTY);
    let none: &[Hash] = &[];
    assert!(verify_inclusion(0, &one, 1, none, &one).is_ok());
    for (index, size, root) in [
        (0, 1, empty),
        (0, 1, other()),
        (0, 0, one),
        (0, 0, empty),
        (1, 0, one),
        (1, 1, one),
        (2, 1, one),
    ] {
        assert!(verify_inclusion(index, &one, size, none, &root).is_err(), "{index} of {size}");
    }
    assert!(verify_inclusion(0, &empty, 0, none, &empty).is_err());
    // A tree is the beginning of itself; the empty one proves nothing, so no proof begins with it.
    assert!(verify_consistency(1, 1, none, &one, &one).is_ok());
    assert!(verify_consistency(1, 1, none, &other(), &other()).is_ok());
    for (old, new, path, old_root, new_root) in [
        (1, 1, none, one, other()),
        (1, 1, &[one][..], one, one),
        (0, 0, none, empty, empty),
        (0, 0, none, empty, other()),
        (0, 0, &[empty][..], empty, empty),
        (0, 1, none, empty, one),
        (0, 1, &[one][..], empty, one),
        (1, 0, none, one, empty),
        (2, 1, none, one, one),
        (1, 2, none, one, other()),
    ] {
        let found = verify_consistency(old, new, path, &old_root, &new_root);
        assert!(found.is_err(), "{old} to {new}");
    }
}

#[test]
fn proofs_of_another_implementation_are_accepted_and_refused_alike() {
    let adds = "proofs of transparency-dev/merkle, good and spoilt, judged as their authors do";
    let Some(folder) = foreign::folder("merkle-testdata", adds) else { return };
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

fn files_below(folder: &Path) -> Vec<PathBuf> {
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
