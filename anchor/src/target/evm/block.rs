//! A block's header and its receipts, from JSON back to the bytes that the chain hashed.
//!
//! The way through: [`header`] puts the members of `eth_getBlockByNumber` into RLP and compares keccak-256
//! with the hash that the node names; [`receipt`] does the same for one receipt, which the trie root in the
//! header checks later.
//!
//! What holds: nothing is believed that a hash can check. A fork that adds a header member unknown here gives
//! an error, never a wrong proof.
//!
//! Header members, in order: the fifteen of Frontier, then those that a fork added, as far as the block has
//! them: `baseFeePerGas` (London, EIP-1559), `withdrawalsRoot` (Shanghai, EIP-4895), `blobGasUsed` and
//! `excessBlobGas` (Cancun, EIP-4844), `parentBeaconBlockRoot` (EIP-4788), `requestsHash` (Prague, EIP-7685),
//! `blockAccessListHash` (Amsterdam, EIP-7928), `slotNumber` (EIP-7843).
//!
//! Sources: Yellow Paper section 4.4; EIP-2718 for typed receipts.

use serde_json::Value;

use crate::quantity::{self, ShapeError, member};
use crate::rlp::Item;
use crate::transaction::keccak256;

/// How a header member is written.
#[derive(Clone, Copy)]
enum Kind {
    Bytes,
    Number,
}

/// Every block has these.
const FRONTIER: [(&str, Kind); 15] = [
    ("parentHash", Kind::Bytes),
    ("sha3Uncles", Kind::Bytes),
    ("miner", Kind::Bytes),
    ("stateRoot", Kind::Bytes),
    ("transactionsRoot", Kind::Bytes),
    ("receiptsRoot", Kind::Bytes),
    ("logsBloom", Kind::Bytes),
    ("difficulty", Kind::Number),
    ("number", Kind::Number),
    ("gasLimit", Kind::Number),
    ("gasUsed", Kind::Number),
    ("timestamp", Kind::Number),
    ("extraData", Kind::Bytes),
    ("mixHash", Kind::Bytes),
    ("nonce", Kind::Bytes),
];

/// Blocks of later forks have these as well, in this order.
const LATER: [(&str, Kind); 8] = [
    ("baseFeePerGas", Kind::Number),
    ("withdrawalsRoot", Kind::Bytes),
    ("blobGasUsed", Kind::Number),
    ("excessBlobGas", Kind::Number),
    ("parentBeaconBlockRoot", Kind::Bytes),
    ("requestsHash", Kind::Bytes),
    ("blockAccessListHash", Kind::Bytes),
    ("slotNumber", Kind::Number),
];

fn item(block: &Value, name: &str, kind: Kind) -> Result<Item, ShapeError> {
    let value = member(block, name);
    Ok(match kind {
        Kind::Bytes => Item::bytes(quantity::to_bytes(name, value)?),
        Kind::Number => Item::Bytes(quantity::to_big(name, value)?),
    })
}

/// The header of `block` as RLP.
///
/// # Errors
///
/// What does not fit: a member of the wrong shape, or a hash that differs from keccak-256 of the result.
pub fn header(block: &Value) -> Result<Vec<u8>, String> {
    let mut fields = Vec::new();
    for (name, kind) in FRONTIER {
        fields.push(item(block, name, kind).map_err(|error| error.to_string())?);
    }
    for (name, kind) in LATER {
        if member(block, name).is_null() {
            continue;
        }
        fields.push(item(block, name, kind).map_err(|error| error.to_string())?);
    }
    let header = Item::List(fields).encode();
    let named: [u8; 32] =
        quantity::to_array("hash", member(block, "hash")).map_err(|error| error.to_string())?;
    let found = keccak256(&header);
    if found != named {
        return Err(format!(
            "the header rebuilt from its members hashes to {}, the node names {}; a header member of a \
             fork that is not known here would explain it",
            hex::encode(found),
            hex::encode(named)
        ));
    }
    Ok(header)
}

/// A receipt as it stands in the receipt trie: type byte (none for legacy) and RLP.
///
/// # Errors
///
/// [`ShapeError`], naming the member.
pub fn receipt(receipt: &Value) -> Result<Vec<u8>, ShapeError> {
    let mut logs = Vec::new();
    for log in member(receipt, "logs").as_array().map_or(&[][..], Vec::as_slice) {
        let mut topics = Vec::new();
        for topic in member(log, "topics").as_array().map_or(&[][..], Vec::as_slice) {
            topics.push(Item::bytes(quantity::to_array::<32>("topics", topic)?));
        }
        logs.push(Item::List(vec![
            Item::bytes(quantity::to_array::<20>("address", member(log, "address"))?),
            Item::List(topics),
            Item::bytes(quantity::to_bytes("data", member(log, "data"))?),
        ]));
    }
    // Before Byzantium a receipt held a state root in place of the status.
    let status = match member(receipt, "root") {
        root if root.is_string() => Item::bytes(quantity::to_array::<32>("root", root)?),
        _ => Item::Bytes(quantity::to_big("status", member(receipt, "status"))?),
    };
    let gas = quantity::to_big("cumulativeGasUsed", member(receipt, "cumulativeGasUsed"))?;
    let bloom = quantity::to_array::<256>("logsBloom", member(receipt, "logsBloom"))?;
    let body = Item::List(vec![status, Item::Bytes(gas), Item::bytes(bloom), Item::List(logs)]);
    let mut bytes = match member(receipt, "type") {
        Value::Null => Vec::new(),
        kind => quantity::to_big("type", kind)?,
    };
    bytes.extend(body.encode());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_block_whose_members_were_changed_is_refused() {
        let zeros = |bytes: usize| quantity::from_bytes(&vec![0; bytes]);
        let mut block = json!({
            "parentHash": zeros(32), "sha3Uncles": zeros(32), "miner": zeros(20),
            "stateRoot": zeros(32), "transactionsRoot": zeros(32), "receiptsRoot": zeros(32),
            "logsBloom": zeros(256), "difficulty": "0x0", "number": "0x7", "gasLimit": "0x1",
            "gasUsed": "0x0", "timestamp": "0x1", "extraData": "0x", "mixHash": zeros(32),
            "nonce": zeros(8), "hash": zeros(32),
        });
        let error = header(&block).unwrap_err();
        assert!(error.contains("the node names 0000"), "{error}");
        block["nonce"] = json!(7);
        assert_eq!(
            header(&block).unwrap_err(),
            "`nonce` is 7; 0x and an even number of hex digits would be right"
        );
    }

    #[test]
    fn a_receipt_without_bloom_is_refused_by_name() {
        let error = receipt(&json!({"status": "0x1", "cumulativeGasUsed": "0x1"})).unwrap_err();
        assert_eq!(error.member, "logsBloom");
    }
}
