//! A block's header and its receipts, from a node's JSON back to the bytes that the chain hashed.
//!
//! The way through: [`header`] puts the members of `eth_getBlockByNumber` into RLP and compares Keccak-256
//! with the hash that the node names; [`receipt`] does the same for one receipt, which the trie root in the
//! header checks later.
//!
//! What holds: everything that a hash can check is checked. A fork that adds a header member unknown to
//! `evm::block` gives an error, never a wrong proof.
//!
//! Sources: Ethereum execution APIs (JSON-RPC); `evm::block`, `evm::receipt` for the bytes.

use evm::block::{MEMBERS, MemberKind, encode_header};
use evm::keccak256;
use evm::receipt::{Log, Outcome, Receipt};
use serde_json::Value;

use crate::quantity::{self, ShapeError, member};

/// The header of `block` as RLP.
///
/// # Errors
///
/// The first member of the wrong shape, or a hash that differs from Keccak-256 of the result.
pub fn header(block: &Value) -> Result<Vec<u8>, String> {
    let mut members = Vec::new();
    for known in MEMBERS {
        let value = member(block, known.name);
        if value.is_null() && !known.is_required {
            continue;
        }
        let bytes = match known.kind {
            MemberKind::Bytes => quantity::to_bytes(known.name, value),
            MemberKind::Number => quantity::to_big(known.name, value),
        };
        members.push((known.kind, bytes.map_err(|error| error.to_string())?));
    }
    let header = encode_header(&members);
    let expected: [u8; 32] =
        quantity::to_array("hash", member(block, "hash")).map_err(|error| error.to_string())?;
    let hash = keccak256(&header);
    if hash != expected {
        return Err(format!(
            "the header put together from its members has the hash {}, expected {} as the node names it; the chain \
             may have a fork whose header member is unknown here",
            hex::encode(hash),
            hex::encode(expected)
        ));
    }
    Ok(header)
}

/// A receipt as the receipt trie holds it: type byte (none for legacy) and RLP.
///
/// # Errors
///
/// [`ShapeError`], naming the member.
pub fn receipt(receipt: &Value) -> Result<Vec<u8>, ShapeError> {
    let logs = member(receipt, "logs").as_array().map_or(&[][..], Vec::as_slice);
    // Before Byzantium a receipt held a state root in place of the status.
    let outcome = match member(receipt, "root") {
        root if root.is_string() => Outcome::StateRoot(quantity::to_array("root", root)?),
        _ => Outcome::Status(quantity::to_big("status", member(receipt, "status"))?),
    };
    let kind = match member(receipt, "type") {
        Value::Null => None,
        kind => kind_byte(kind)?,
    };
    let receipt = Receipt {
        kind,
        outcome,
        cumulative_gas: quantity::to_big(
            "cumulativeGasUsed",
            member(receipt, "cumulativeGasUsed"),
        )?,
        bloom: quantity::to_array("logsBloom", member(receipt, "logsBloom"))?,
        logs: logs.iter().map(log).collect::<Result<_, _>>()?,
    };
    Ok(receipt.encode())
}

/// The EIP-2718 type; none for type 0, legacy, which is written without it.
fn kind_byte(kind: &Value) -> Result<Option<u8>, ShapeError> {
    let number = quantity::to_u64("type", kind)?;
    let byte = u8::try_from(number).ok().filter(|byte| *byte <= 0x7f);
    let byte = byte.ok_or_else(|| quantity::wrong("type", kind, "0x0 to 0x7f"))?;
    Ok((byte != 0).then_some(byte))
}

fn log(log: &Value) -> Result<Log, ShapeError> {
    let topics = member(log, "topics").as_array().map_or(&[][..], Vec::as_slice);
    Ok(Log {
        address: quantity::to_array("address", member(log, "address"))?,
        topics: topics
            .iter()
            .map(|topic| quantity::to_array("topics", topic))
            .collect::<Result<_, _>>()?,
        data: quantity::to_bytes("data", member(log, "data"))?,
    })
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
        assert!(error.contains("expected 0000"), "{error}");
        block["nonce"] = json!(7);
        assert_eq!(
            header(&block).unwrap_err(),
            "`nonce`: got 7, expected 0x and an even number of hex digits"
        );
    }

    #[test]
    fn a_receipt_without_bloom_is_refused_by_name() {
        let error = receipt(&json!({"status": "0x1", "cumulativeGasUsed": "0x1"})).unwrap_err();
        assert_eq!(error.member, "logsBloom");
    }

    #[test]
    fn the_type_of_a_receipt_is_one_byte_and_that_of_legacy_none() {
        let mut json = json!({
            "status": "0x1", "cumulativeGasUsed": "0x1", "logsBloom": quantity::from_bytes(&[0; 256]),
            "type": "0x2",
        });
        assert_eq!(receipt(&json).unwrap()[0], 2);
        json["type"] = json!("0x0");
        assert!(receipt(&json).unwrap()[0] >= 0xc0);
        json["type"] = json!("0x80");
        assert_eq!(
            receipt(&json).unwrap_err().to_string(),
            "`type`: got \"0x80\", expected 0x0 to 0x7f"
        );
    }
}
