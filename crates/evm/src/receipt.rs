//! Receipts of transactions: writes one as the chain hashed it, and reads the events of one that succeeded.
//!
//! What holds: [`read_receipt`] accepts what [`Receipt::encode`] writes, in its one encoding.
//!
//! Not here: that a receipt is in a block ([`crate::proof`]); reading it from a node's JSON (`anchor`).
//!
//! Sources: yellow paper, section 4.4.1; EIP-2718 (type byte), EIP-658 (status).

use crate::{
    abi,
    error::EvmError,
    keccak::keccak256,
    registry::ANCHORED,
    rlp::{Rlp, encode_big_number, encode_bytes, encode_list},
};

/// A receipt, with the parts that are hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// EIP-2718 type of the transaction, 1 to 127; none for legacy.
    pub kind: Option<u8>,
    /// How the transaction ended.
    pub outcome: Outcome,
    /// Gas used by this transaction and those before it in the block, big-endian.
    pub cumulative_gas: Vec<u8>,
    /// Bloom filter over the logs.
    pub bloom: [u8; 256],
    /// The events.
    pub logs: Vec<Log>,
}

/// The first member of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 1 for success, 0 for failure; big-endian.
    Status(Vec<u8>),
    /// Before Byzantium: root of the state after the transaction.
    StateRoot([u8; 32]),
}

/// One event of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The contract that emitted it.
    pub address: [u8; 20],
    /// The event's signature hash and its indexed parameters, at most four.
    pub topics: Vec<[u8; 32]>,
    /// The other parameters.
    pub data: Vec<u8>,
}

/// The events of a receipt whose transaction succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLogs(pub Vec<Log>);

impl Receipt {
    /// The receipt as the receipt trie holds it: type byte, where there is one, and RLP.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let outcome = match &self.outcome {
            Outcome::Status(status) => encode_big_number(status),
            Outcome::StateRoot(root) => encode_bytes(root),
        };
        let logs: Vec<_> = self.logs.iter().map(Log::encode).collect();
        let body = encode_list(&[
            outcome,
            encode_big_number(&self.cumulative_gas),
            encode_bytes(&self.bloom),
            encode_list(&logs),
        ]);
        self.kind.into_iter().chain(body).collect()
    }
}

impl Log {
    fn encode(&self) -> Vec<u8> {
        let topics: Vec<_> = self.topics.iter().map(|topic| encode_bytes(topic)).collect();
        encode_list(&[encode_bytes(&self.address), encode_list(&topics), encode_bytes(&self.data)])
    }
}

impl ReceiptLogs {
    /// Whether `contract` emitted `Anchored(hub_id, root, size)`, the first two indexed.
    #[must_use]
    pub fn has_anchored(
        &self,
        contract: &[u8; 20],
        hub_id: &[u8; 32],
        root: &[u8; 32],
        size: u64,
    ) -> bool {
        let topics = [keccak256(ANCHORED.as_bytes()), *hub_id, *root];
        let data = abi::word(size);
        self.0
            .iter()
            .any(|log| log.address == *contract && log.topics == topics && log.data == data)
    }
}

/// Reads a receipt: its events, if the transaction succeeded.
///
/// # Errors
///
/// [`EvmError`] if the bytes are not a receipt, or the transaction failed.
pub fn read_receipt(receipt: &[u8]) -> Result<ReceiptLogs, EvmError> {
    const WHAT: &str = "receipt";
    let shape = |expected| EvmError::Shape { what: WHAT, expected };
    // EIP-2718: a first byte up to 0x7f is a type; a list begins with 0xc0 or more.
    let body = match receipt.split_first() {
        Some((0..=0x7f, body)) => body,
        _ => receipt,
    };
    let body = Rlp::parse(body).ok_or(EvmError::Rlp(WHAT))?;
    let Some([status, _gas, _bloom, logs]) = body.list() else {
        return Err(shape("status, gas, bloom and logs"));
    };
    match status.number() {
        Some(1) => {}
        Some(other) => return Err(EvmError::Status(other)),
        None => return Err(shape("a number as status")),
    }
    let logs = logs.list().ok_or(shape("a list of logs"))?;
    logs.iter()
        .map(|log| read_log(log).ok_or(shape("address, topics and data in each log")))
        .collect::<Result<_, _>>()
        .map(ReceiptLogs)
}

fn read_log(log: &Rlp<'_>) -> Option<Log> {
    let [address, topics, data] = log.list()? else { return None };
    Some(Log {
        address: address.bytes()?.try_into().ok()?,
        topics: topics
            .list()?
            .iter()
            .map(|topic| topic.bytes()?.try_into().ok())
            .collect::<Option<_>>()?,
        data: data.bytes()?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(kind: Option<u8>, status: u8) -> Receipt {
        let log = Log { address: [0x5f; 20], topics: vec![[1; 32], [2; 32]], data: vec![3; 32] };
        Receipt {
            kind,
            outcome: Outcome::Status(vec![status]),
            cumulative_gas: vec![0, 0x5f, 0x50],
            bloom: [0; 256],
            logs: vec![log],
        }
    }

    #[test]
    fn the_events_of_a_written_receipt_are_read_again_with_and_without_type() {
        for kind in [None, Some(1), Some(2), Some(3)] {
            let receipt = receipt(kind, 1);
            assert_eq!(read_receipt(&receipt.encode()), Ok(ReceiptLogs(receipt.logs)), "{kind:?}");
        }
    }

    #[test]
    fn a_failed_transaction_proves_nothing() {
        assert_eq!(read_receipt(&receipt(Some(2), 0).encode()), Err(EvmError::Status(0)));
    }

    #[test]
    fn a_receipt_with_a_state_root_says_nothing_of_success() {
        let old = Receipt { outcome: Outcome::StateRoot([7; 32]), ..receipt(None, 1) };
        let expected = EvmError::Shape { what: "receipt", expected: "a number as status" };
        assert_eq!(read_receipt(&old.encode()), Err(expected));
    }
}
