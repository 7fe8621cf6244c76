//! Checks that a transaction's receipt is in a block of an Ethereum-like chain, and finds our event in it.
//!
//! The way through: [`verify_receipt`] hashes the header, takes the receipt root from it and walks the receipt trie;
//! [`ReceiptLogs::has_anchored`] looks for the event of the registry contract. [`receipt_trie_proof`] builds the
//! proof from all receipts of a block.
//!
//! What holds: every byte of header, receipt and proof nodes is hashed, no node is left over, and RLP is taken in its
//! shortest form only; so no byte can be changed unseen.
//!
//! Not here: whether the block is on the chain (`anchor` asks an endpoint); making transactions.
//!
//! Sources: Ethereum yellow paper appendices B (RLP) and D (trie), EIP-2718 (typed receipts), EIP-658 (status).

mod rlp;
mod trie;

use sha3::{Digest as _, Keccak256};
use thiserror::Error;

use crate::Hash;
use rlp::Rlp;
pub use trie::receipt_trie_proof;

/// Signature of the contract's event.
pub const ANCHORED: &str = "Anchored(bytes32,bytes32,uint64)";

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EvmError {
    /// Bytes are no RLP in its shortest form.
    #[error("{0} is not RLP in its shortest form")]
    Rlp(&'static str),
    /// RLP, but of another shape.
    #[error("{what} has another shape; {wanted} would be right")]
    Shape {
        /// What was read.
        what: &'static str,
        /// What would be right.
        wanted: &'static str,
    },
    /// The trie's nodes do not lead from the root to the receipt.
    #[error("node {0} of the receipt proof does not lead from the header's root to the receipt")]
    Proof(usize),
    /// The trie holds another receipt there.
    #[error("the proof leads to another receipt")]
    OtherReceipt,
    /// The transaction failed.
    #[error("the transaction failed: status {0}, 1 would be right")]
    Status(u64),
}

/// What is read from a block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockInfo {
    /// Keccak-256 of the header.
    pub hash: Hash,
    /// Number of the block.
    pub number: u64,
    /// Time of the block, seconds since 1970 UTC.
    pub timestamp: u64,
    /// Root of the trie of its receipts.
    pub receipts_root: Hash,
}

/// One event of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The contract that emitted it.
    pub address: [u8; 20],
    /// The event's signature hash and its indexed parameters, at most four.
    pub topics: Vec<Hash>,
    /// The other parameters.
    pub data: Vec<u8>,
}

/// The events of a receipt whose transaction succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLogs(pub Vec<Log>);

impl ReceiptLogs {
    /// Whether `contract` emitted `Anchored(hub_id, root, size)`, the first two indexed.
    #[must_use]
    pub fn has_anchored(&self, contract: &[u8; 20], hub_id: &Hash, root: &Hash, size: u64) -> bool {
        let topics = [keccak256(ANCHORED.as_bytes()), *hub_id, *root];
        let mut data = [0; 32];
        data[24..].copy_from_slice(&size.to_be_bytes());
        self.0
            .iter()
            .any(|log| log.address == *contract && log.topics == topics && log.data == data)
    }
}

/// Keccak-256 of `data`.
#[must_use]
pub fn keccak256(data: &[u8]) -> Hash {
    Hash(Keccak256::digest(data).into())
}

/// Reads a block's header.
///
/// # Errors
///
/// [`EvmError`] if it is no list of at least the 15 fields that every fork has.
pub fn read_header(header_rlp: &[u8]) -> Result<BlockInfo, EvmError> {
    const WHAT: &str = "block header";
    let shape = |wanted| EvmError::Shape { what: WHAT, wanted };
    let header = Rlp::parse(header_rlp).ok_or(EvmError::Rlp(WHAT))?;
    let fields =
        header.list().filter(|fields| fields.len() >= 15).ok_or(shape("a list of fields"))?;
    let receipts_root = fields[5].bytes().and_then(Hash::from_slice);
    Ok(BlockInfo {
        hash: keccak256(header_rlp),
        number: fields[8].number().ok_or(shape("a number as field 8"))?,
        timestamp: fields[11].number().ok_or(shape("a number as field 11"))?,
        receipts_root: receipts_root.ok_or(shape("32 bytes as field 5"))?,
    })
}

/// Checks that `receipt` is that of transaction `tx_index` in the block of the header.
///
/// - `header_rlp`: the header as its hash is taken.
/// - `receipt`: as it stands in the trie: RLP, with the type byte before it where the transaction has a type.
/// - `nodes`: nodes of the trie that are referred to by hash, from the root down, all of them and no other.
///
/// # Errors
///
/// [`EvmError`], on the first thing found wrong; also if the transaction failed.
pub fn verify_receipt(
    header_rlp: &[u8],
    tx_index: u64,
    receipt: &[u8],
    nodes: &[Vec<u8>],
) -> Result<(BlockInfo, ReceiptLogs), EvmError> {
    let block = read_header(header_rlp)?;
    let found = trie::look_up(&block.receipts_root, &rlp::encode_number(tx_index), nodes)?;
    if found != receipt {
        return Err(EvmError::OtherReceipt);
    }
    Ok((block, read_receipt(receipt)?))
}

/// Reads a receipt: its events, if the transaction succeeded.
///
/// # Errors
///
/// [`EvmError`] if it is no receipt or says that the transaction failed.
pub fn read_receipt(receipt: &[u8]) -> Result<ReceiptLogs, EvmError> {
    const WHAT: &str = "receipt";
    let shape = |wanted| EvmError::Shape { what: WHAT, wanted };
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
            .map(|topic| Hash::from_slice(topic.bytes()?))
            .collect::<Option<_>>()?,
        data: data.bytes()?.to_vec(),
    })
}
