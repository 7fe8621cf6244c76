//! Calls of the contract `AnchorRegistry`, its answers and its event, as bytes.
//!
//! Not here: the compiled contract (`anchor/src/artefact.rs`, which compares the signatures here with those that the
//! compiler names), sending any of it.
//!
//! Sources: Solidity contract ABI specification; docs/formats/anchor-v1.md.

use crate::{
    abi::{number, selector, word},
    address::Address,
    keccak::keccak256,
};

/// States that the hub has a size and root; only the publisher can call it.
pub const ANCHOR: &str = "anchor(bytes32,bytes32,uint64)";
/// The newest size stated for a hub, and its block.
pub const LATEST: &str = "latest(bytes32)";
/// The only account that can anchor.
pub const PUBLISHER: &str = "publisher()";
/// Whether a leaf is in a tree.
pub const VERIFY: &str = "verify(bytes32,uint64,uint64,bytes32,bytes32[])";
/// The event of a statement.
pub const ANCHORED: &str = "Anchored(bytes32,bytes32,uint64)";

/// What the contract stores of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latest {
    /// Entries of the hub; zero if there is no statement.
    pub size: u64,
    /// Block that holds the event.
    pub block_number: u64,
}

/// The data of a call of `anchor`.
#[must_use]
pub fn anchor_call(hub_id: &[u8; 32], root: &[u8; 32], size: u64) -> Vec<u8> {
    let mut data = selector(ANCHOR).to_vec();
    data.extend(hub_id);
    data.extend(root);
    data.extend(word(size));
    data
}

/// The data of a call of `latest`.
#[must_use]
pub fn latest_call(hub_id: &[u8; 32]) -> Vec<u8> {
    let mut data = selector(LATEST).to_vec();
    data.extend(hub_id);
    data
}

/// Reads what `latest` returned. None if it is not two words with numbers of 64 bits.
#[must_use]
pub fn latest_answer(data: &[u8]) -> Option<Latest> {
    if data.len() != 64 {
        return None;
    }
    Some(Latest { size: number(&data[..32])?, block_number: number(&data[32..])? })
}

/// The data of a call of `publisher`.
#[must_use]
pub fn publisher_call() -> Vec<u8> {
    selector(PUBLISHER).to_vec()
}

/// Reads what `publisher` returned. None if it is not an address.
#[must_use]
pub fn publisher_answer(data: &[u8]) -> Option<Address> {
    let (zeros, address) = data.split_at_checked(12)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some(Address(address.try_into().ok()?))
}

/// The data of a call of `verify`.
///
/// - `leaf`: hash of the leaf, not the leaf itself.
/// - `path`: sibling hashes from the leaf up.
#[must_use]
pub fn verify_call(
    root: &[u8; 32],
    size: u64,
    index: u64,
    leaf: &[u8; 32],
    path: &[[u8; 32]],
) -> Vec<u8> {
    let mut data = selector(VERIFY).to_vec();
    data.extend(root);
    data.extend(word(size));
    data.extend(word(index));
    data.extend(leaf);
    // Where the list begins, counted from the first argument: behind five words.
    data.extend(word(5 * 32));
    data.extend(word(path.len() as u64));
    for sibling in path {
        data.extend(sibling);
    }
    data
}

/// First topic of the event `Anchored`; hub id and root follow as topics, the size is its data.
#[must_use]
pub fn anchored_topic() -> [u8; 32] {
    keccak256(ANCHORED.as_bytes())
}

/// Reads the size from the data of an `Anchored` event.
#[must_use]
pub fn anchored_size(data: &[u8]) -> Option<u64> {
    if data.len() == 32 { number(data) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_another_shape_are_refused() {
        assert_eq!(latest_answer(&[0; 63]), None);
        assert_eq!(latest_answer(&[1; 64]), None);
        assert_eq!(latest_answer(&[0; 64]), Some(Latest { size: 0, block_number: 0 }));
        assert_eq!(publisher_answer(&[0; 31]), None);
        assert_eq!(publisher_answer(&[1; 32]), None);
        assert_eq!(anchored_size(&[]), None);
    }
}
