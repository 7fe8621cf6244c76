//! What is said to the contract `AnchorRegistry` and what it says back, as bytes.
//!
//! The compiled artefact is embedded; a test of this crate rebuilds it from the source byte for byte.
//!
//! Not here: sending any of it (`target::evm`, `deploy`).
//!
//! Sources: Solidity contract ABI specification; `contracts/AnchorRegistry.sol`.

use ledger::Hash;
use serde_json::Value;

use crate::transaction::{Address, keccak256};

/// The compiled contract: compiler, settings, ABI, bytecode.
pub const ARTEFACT: &str = include_str!("../contracts/AnchorRegistry.json");

/// States that the hub has a size and root; for the publisher alone.
const ANCHOR: &str = "anchor(bytes32,bytes32,uint64)";
/// The newest size stated for a hub, and its block.
const LATEST: &str = "latest(bytes32)";
/// The only account that can anchor.
const PUBLISHER: &str = "publisher()";
/// Whether a leaf is in a tree.
const VERIFY: &str = "verify(bytes32,uint64,uint64,bytes32,bytes32[])";
/// The event of a statement.
const ANCHORED: &str = "Anchored(bytes32,bytes32,uint64)";

/// What the contract remembers of a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latest {
    /// Entries of the hub; zero if nothing was ever stated.
    pub size: u64,
    /// Block in which the event stands.
    pub block_number: u64,
}

fn selector(signature: &str) -> Vec<u8> {
    keccak256(signature.as_bytes())[..4].to_vec()
}

fn word(number: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}

fn number(word: &[u8]) -> Option<u64> {
    let (zeros, digits) = word.split_at_checked(24)?;
    if zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some(u64::from_be_bytes(digits.try_into().ok()?))
}

/// The code that creates the contract, for `publisher`. None if the artefact is damaged.
#[must_use]
pub fn creation_code(publisher: Address) -> Option<Vec<u8>> {
    let artefact: Value = serde_json::from_str(ARTEFACT).ok()?;
    let mut code = hex::decode(artefact.get("bytecode")?.as_str()?.strip_prefix("0x")?).ok()?;
    code.extend([0; 12]);
    code.extend(publisher.0);
    Some(code)
}

/// Calls `anchor`.
#[must_use]
pub fn anchor_call(hub_id: &Hash, root: &Hash, size: u64) -> Vec<u8> {
    let mut data = selector(ANCHOR);
    data.extend(hub_id.0);
    data.extend(root.0);
    data.extend(word(size));
    data
}

/// Calls `latest`.
#[must_use]
pub fn latest_call(hub_id: &Hash) -> Vec<u8> {
    let mut data = selector(LATEST);
    data.extend(hub_id.0);
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

/// Calls `publisher`.
#[must_use]
pub fn publisher_call() -> Vec<u8> {
    selector(PUBLISHER)
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

/// Calls `verify`.
///
/// - `leaf`: hash of the leaf, not the leaf itself.
/// - `path`: sibling hashes from the leaf up.
#[must_use]
pub fn verify_call(root: &Hash, size: u64, index: u64, leaf: &Hash, path: &[Hash]) -> Vec<u8> {
    let mut data = selector(VERIFY);
    data.extend(root.0);
    data.extend(word(size));
    data.extend(word(index));
    data.extend(leaf.0);
    // Where the list begins, counted from the first argument: after five words.
    data.extend(word(5 * 32));
    data.extend(word(path.len() as u64));
    for sibling in path {
        data.extend(sibling.0);
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
    fn the_selectors_are_those_that_the_compiler_names() {
        let artefact: Value = serde_json::from_str(ARTEFACT).unwrap();
        for signature in [ANCHOR, LATEST, PUBLISHER, VERIFY] {
            assert_eq!(
                artefact["methods"][signature].as_str(),
                Some(hex::encode(selector(signature)).as_str()),
                "{signature}"
            );
        }
    }

    #[test]
    fn the_event_has_the_arguments_that_the_compiler_names() {
        let artefact: Value = serde_json::from_str(ARTEFACT).unwrap();
        let event = artefact["abi"]
            .as_array()
            .unwrap()
            .iter()
            .find(|part| part["name"] == "Anchored")
            .unwrap();
        let types: Vec<&str> = event["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|input| input["type"].as_str().unwrap())
            .collect();
        assert_eq!(format!("Anchored({})", types.join(",")), ANCHORED);
    }

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
