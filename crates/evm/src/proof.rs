//! That a receipt is in a block: the proof is made from all receipts of the block, and verified from its header.
//!
//! The way through: [`verify_receipt`] hashes the header, takes the receipt root from it and walks the receipt trie
//! down to the receipt, whose events it returns. [`receipt_trie_proof`] builds the trie and collects those nodes.
//!
//! What holds: every byte of header, receipt and proof nodes is hashed, no node is left over, and RLP is accepted in
//! its shortest form only; so no byte can be changed without being noticed.
//!
//! Not here: whether the block is on the chain (`anchor` asks an endpoint).

use crate::{
    block::{BlockInfo, read_header},
    error::EvmError,
    receipt::{ReceiptLogs, read_receipt},
    rlp::encode_number,
    trie,
};

/// Builds the receipt trie of a block and the proof of one receipt.
///
/// - `receipts`: all receipts of the block in order, as the trie holds them (type byte first where there is one).
/// - `index`: which one is to be proved; an index beyond the last gives no nodes.
/// - Returns the root and the nodes from the root down, for [`verify_receipt`].
/// - Cost: a few Keccak-256 for each receipt.
#[must_use]
pub fn receipt_trie_proof(receipts: &[Vec<u8>], index: u64) -> ([u8; 32], Vec<Vec<u8>>) {
    trie::build_with_path(receipts, index)
}

/// Checks that `receipt` is that of transaction `tx_index` in the block of the header.
///
/// - `header_rlp`: the header as its hash is taken.
/// - `receipt`: as the trie holds it: RLP, with the type byte before it where the transaction has a type.
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
    let found = trie::look_up(&block.receipts_root, &encode_number(tx_index.into()), nodes)?;
    if found != receipt {
        return Err(EvmError::OtherReceipt);
    }
    Ok((block, read_receipt(receipt)?))
}
