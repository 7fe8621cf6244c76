//! Receipt proofs: built for blocks of any number of transactions, verified, and broken by any change.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

mod scene;

use evm::{
    EvmError,
    block::read_header,
    proof::{receipt_trie_proof, verify_receipt},
    receipt::read_receipt,
};
use scene::{CONTRACT, HUB_ID, ROOT, header, receipt};

#[test]
fn each_receipt_of_blocks_of_any_size_is_proved() {
    for count in [1, 2, 15, 16, 17, 100, 127, 128, 129, 130, 256, 300] {
        let receipts: Vec<_> = (0..count).map(|n| receipt(&[1], n)).collect();
        for index in (0..count).step_by(if count > 20 { 7 } else { 1 }).chain([count - 1]) {
            let (root, nodes) = receipt_trie_proof(&receipts, index);
            let header = header(&root);
            let receipt = &receipts[usize::try_from(index).unwrap()];
            let (block, logs) = verify_receipt(&header, index, receipt, &nodes)
                .unwrap_or_else(|error| panic!("{index} of {count}: {error}"));
            assert_eq!((block.number, block.receipts_root), (1234, root));
            assert!(logs.has_anchored(&CONTRACT, &HUB_ID, &ROOT, index));
            assert!(!logs.has_anchored(&CONTRACT, &HUB_ID, &ROOT, index + 1));
            assert!(!logs.has_anchored(&CONTRACT, &ROOT, &ROOT, index));
            assert!(!logs.has_anchored(&CONTRACT, &HUB_ID, &HUB_ID, index));
            assert!(!logs.has_anchored(&[0; 20], &HUB_ID, &ROOT, index));
            assert!(verify_receipt(&header, index + 1, receipt, &nodes).is_err());
        }
        let (_, none) = receipt_trie_proof(&receipts, count);
        assert!(none.is_empty());
    }
}

#[test]
fn one_flipped_bit_anywhere_breaks_a_receipt_proof() {
    let receipts: Vec<_> = (0..20).map(|n| receipt(&[1], n)).collect();
    let (root, nodes) = receipt_trie_proof(&receipts, 17);
    let (header, receipt) = (header(&root), &receipts[17]);
    let (block, _) = verify_receipt(&header, 17, receipt, &nodes).unwrap();
    for bit in 0..receipt.len() * 8 {
        let mut flipped = receipt.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify_receipt(&header, 17, &flipped, &nodes), Err(EvmError::OtherReceipt));
    }
    for place in 0..nodes.len() {
        for bit in 0..nodes[place].len() * 8 {
            let mut flipped = nodes.clone();
            flipped[place][bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify_receipt(&header, 17, receipt, &flipped), Err(EvmError::Proof(place)));
        }
    }
    for bit in 0..header.len() * 8 {
        let mut flipped = header.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(read_header(&flipped).map_or(true, |other| other.hash != block.hash));
    }
    let longer = [&nodes[..], &nodes[..1]].concat();
    assert!(verify_receipt(&header, 17, receipt, &longer).is_err());
    assert!(verify_receipt(&header, 17, receipt, &nodes[1..]).is_err());
    assert!(verify_receipt(&header, 17, receipt, &[]).is_err());
}

#[test]
fn a_failed_transaction_proves_nothing() {
    assert_eq!(read_receipt(&receipt(&[], 1)), Err(EvmError::Status(0)));
    assert_eq!(read_receipt(b"\x02"), Err(EvmError::Rlp("receipt")));
    assert!(matches!(read_receipt(b"\xc0"), Err(EvmError::Shape { .. })));
    assert!(read_receipt(&receipt(&[1], 1)[1..]).is_ok());
}
