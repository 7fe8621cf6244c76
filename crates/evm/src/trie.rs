//! Merkle-Patricia tries: looks a key up along a proof, and builds the trie of a block's receipts.
//!
//! The way through: [`look_up`] goes from the root's hash down the nodes of a proof; [`build_with_path`] builds
//! the trie of a block's receipts and collects the nodes on the way to one of them.
//!
//! What holds: each node is bound to its parent by hash (or is embedded in it when shorter than 32 bytes), and every
//! node of a proof is used.
//!
//! Sources: yellow paper, appendices C (hex prefix) and D (tries).

use std::collections::BTreeMap;

use crate::{
    error::EvmError,
    keccak::keccak256,
    rlp::{Rlp, encode_bytes, encode_list, encode_number},
};

/// Value of `key` in the trie whose root is `root`.
///
/// - `nodes`: those that are referred to by hash, from the root down, all of them and no other.
///
/// # Errors
///
/// [`EvmError::Proof`] with the index of the first node that does not fit.
pub fn look_up(root: &[u8; 32], key: &[u8], nodes: &[Vec<u8>]) -> Result<Vec<u8>, EvmError> {
    let path = nibbles(key);
    let (mut rest, mut expected) = (&path[..], root.to_vec());
    for (place, node) in nodes.iter().enumerate() {
        let failed = || EvmError::Proof(place);
        if keccak256(node)[..] != expected[..] {
            return Err(failed());
        }
        let parsed = Rlp::parse(node).ok_or_else(failed)?;
        match walk(&parsed, &mut rest).ok_or_else(failed)? {
            Step::Node(hash) => expected = hash,
            Step::Value(value) if place + 1 == nodes.len() => return Ok(value),
            Step::Value(_) => return Err(EvmError::Proof(place + 1)),
        }
    }
    Err(EvmError::Proof(nodes.len()))
}

/// Where the path leads next.
enum Step {
    /// To the node of this hash.
    Node(Vec<u8>),
    /// To the end.
    Value(Vec<u8>),
}

/// Goes down from a node, through those that are embedded in it, to a node by hash or to the value.
fn walk(node: &Rlp<'_>, rest: &mut &[u8]) -> Option<Step> {
    match node.list()? {
        [path, next] => {
            let (is_leaf, shared) = read_path(path.bytes()?)?;
            *rest = rest.strip_prefix(&shared[..])?;
            match is_leaf {
                true if rest.is_empty() => Some(Step::Value(next.bytes()?.to_vec())),
                true => None,
                false => follow(next, rest),
            }
        }
        branch if branch.len() == 17 => match rest.split_first() {
            Some((nibble, remaining)) => {
                *rest = remaining;
                follow(&branch[usize::from(*nibble)], rest)
            }
            None => Some(Step::Value(branch[16].bytes()?.to_vec())),
        },
        _ => None,
    }
}

fn follow(next: &Rlp<'_>, rest: &mut &[u8]) -> Option<Step> {
    match next {
        Rlp::Bytes(hash) => (hash.len() == 32).then(|| Step::Node(hash.to_vec())),
        Rlp::List(_, encoded) => (encoded.len() < 32).then(|| walk(next, rest))?,
    }
}

fn nibbles(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect()
}

/// Reads a hex-prefix path: whether it is a leaf's, and the nibbles.
fn read_path(encoded: &[u8]) -> Option<(bool, Vec<u8>)> {
    let all = nibbles(encoded);
    let (flags, is_odd) = (*all.first()?, all[0] & 1 == 1);
    if flags > 3 || (!is_odd && all[1] != 0) {
        return None;
    }
    Some((flags & 2 != 0, all[if is_odd { 1 } else { 2 }..].to_vec()))
}

fn write_path(path: &[u8], is_leaf: bool) -> Vec<u8> {
    let flags = if is_leaf { 2 } else { 0 };
    let mut all = if path.len() % 2 == 1 { vec![flags + 1] } else { vec![flags, 0] };
    all.extend_from_slice(path);
    all.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Builds the trie of a list, as a block keeps its receipts: the key of a value is the RLP of its index.
///
/// - `values`: all of them, in order.
/// - `index`: the value whose path is collected; an index beyond the last collects nothing.
/// - Returns the root's hash, and the nodes on the path from the root down, for [`look_up`].
/// - Cost: a few Keccak-256 for each value.
#[must_use]
pub fn build_with_path(values: &[Vec<u8>], index: u64) -> ([u8; 32], Vec<Vec<u8>>) {
    let entries: BTreeMap<Vec<u8>, &[u8]> = values
        .iter()
        .enumerate()
        .map(|(place, value)| (nibbles(&encode_number(place as u128)), &value[..]))
        .collect();
    let entries: Vec<(&[u8], &[u8])> =
        entries.iter().map(|(key, value)| (&key[..], *value)).collect();
    let key = nibbles(&encode_number(index.into()));
    let is_there = index < values.len() as u64;
    let mut nodes = Vec::new();
    let root = build(&entries, 0, is_there.then_some(&key[..]), &mut nodes);
    if is_there {
        // The root is referred to by its hash, however short it is.
        if root.len() < 32 {
            nodes.push(root.clone());
        }
        nodes.reverse();
    }
    (keccak256(&root), nodes)
}

/// Encodes the subtrie of `entries`, whose keys agree up to `depth`.
///
/// - `wanted`: the key whose path is collected.
/// - `nodes`: receives the nodes on that path that are 32 bytes or longer, deepest first.
fn build(
    entries: &[(&[u8], &[u8])],
    depth: usize,
    wanted: Option<&[u8]>,
    nodes: &mut Vec<Vec<u8>>,
) -> Vec<u8> {
    let encoded = match entries {
        [] => return encode_bytes(b""),
        [(key, value)] => {
            encode_list(&[encode_bytes(&write_path(&key[depth..], true)), encode_bytes(value)])
        }
        [(first, _), .., (last, _)] => {
            // The entries are sorted: the nibbles that first and last share, all share.
            let shared =
                first[depth..].iter().zip(&last[depth..]).take_while(|(a, b)| a == b).count();
            if shared > 0 {
                let below = build(entries, depth + shared, wanted, nodes);
                let path = write_path(&first[depth..depth + shared], false);
                encode_list(&[encode_bytes(&path), refer(below)])
            } else {
                build_branch(entries, depth, wanted, nodes)
            }
        }
    };
    let is_on_path = wanted.is_some_and(|key| entries.iter().any(|(entry, _)| *entry == key));
    if is_on_path && encoded.len() >= 32 {
        nodes.push(encoded.clone());
    }
    encoded
}

fn build_branch(
    entries: &[(&[u8], &[u8])],
    depth: usize,
    wanted: Option<&[u8]>,
    nodes: &mut Vec<Vec<u8>>,
) -> Vec<u8> {
    let mut items: Vec<Vec<u8>> = Vec::with_capacity(17);
    for nibble in 0..16 {
        let below: Vec<_> =
            entries.iter().filter(|(key, _)| key.get(depth) == Some(&nibble)).copied().collect();
        items.push(refer(build(&below, depth + 1, wanted, nodes)));
    }
    let here = entries.iter().find(|(key, _)| key.len() == depth).map_or(&b""[..], |entry| entry.1);
    items.push(encode_bytes(here));
    encode_list(&items)
}

/// How a parent refers to a node: by its hash, or by the node itself when it is shorter than a hash.
fn refer(node: Vec<u8>) -> Vec<u8> {
    if node.len() < 32 { node } else { encode_bytes(&keccak256(&node)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_of(entries: &[(&str, &str)]) -> String {
        let keys: Vec<_> = entries.iter().map(|(key, _)| nibbles(key.as_bytes())).collect();
        let entries: Vec<_> = keys
            .iter()
            .zip(entries)
            .map(|(key, (_, value))| (&key[..], value.as_bytes()))
            .collect();
        hex::encode(keccak256(&build(&entries, 0, None, &mut Vec::new())))
    }

    /// The empty trie of the yellow paper, and the test "dogs" of the Ethereum test suite.
    #[test]
    fn the_well_known_tries_have_their_well_known_roots() {
        assert_eq!(
            root_of(&[]),
            "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
        );
        assert_eq!(
            root_of(&[("do", "verb"), ("dog", "puppy"), ("doge", "coin"), ("horse", "stallion")]),
            "5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84"
        );
    }
}
