//! Bytes of a public chain: RLP, headers, receipts, nodes of the trie.
#![no_main]

use evm::block::read_header;
use evm::keccak256;
use evm::proof::verify_receipt;
use evm::receipt::read_receipt;
use evm::rlp::{Rlp, encode_bytes, encode_list};
use fuzz::{Choices, contract};
use libfuzzer_sys::fuzz_target;

/// A header of 15 fields and this root of receipts.
fn header(root: &[u8; 32]) -> Vec<u8> {
    let mut fields = vec![0x80; 5];
    fields.push(0xA0);
    fields.extend_from_slice(root);
    fields.extend_from_slice(&[0x80; 9]);
    let length = u8::try_from(fields.len()).unwrap_or(u8::MAX);
    [&[0xF8, length], &fields[..]].concat()
}

/// Writes a value that was read.
fn write(value: &Rlp<'_>) -> Vec<u8> {
    match value {
        Rlp::Bytes(bytes) => encode_bytes(bytes),
        Rlp::List(items, encoded) => {
            let written = encode_list(&items.iter().map(write).collect::<Vec<_>>());
            assert_eq!(written, *encoded);
            written
        }
    }
}

fuzz_target!(|input: &[u8]| {
    if let Some(value) = Rlp::parse(input) {
        assert_eq!(write(&value), input, "a value has one encoding");
    }
    match read_header(input) {
        Ok(block) => assert_eq!(block.hash, keccak256(input)),
        Err(error) => contract::reason(&error.to_string()),
    }
    if let Err(error) = read_receipt(input) {
        contract::reason(&error.to_string());
    }
    let mut choices = Choices(input);
    let index = choices.byte().into();
    let mut nodes = Vec::new();
    while let Some(node) = choices.part() {
        nodes.push(node.to_vec());
    }
    // Behind any root but the hash of the first node, nothing would be reached.
    let root = keccak256(nodes.first().map_or(&[], Vec::as_slice));
    let receipt = nodes.last().cloned().unwrap_or_default();
    match verify_receipt(&header(&root), index, &receipt, &nodes) {
        Ok((block, _)) => {
            assert_eq!(block.receipts_root, root);
            assert!(read_receipt(&receipt).is_ok());
        }
        Err(error) => contract::reason(&error.to_string()),
    }
});
