//! Receipt proofs: built for blocks of any number of transactions, verified, and broken by any change.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

#[path = "bundle/scene.rs"]
#[expect(
    dead_code,
    reason = "the scene belongs to the bundle's tests; this needs its receipts only"
)]
mod scene;

use ledger::{
    Hash,
    checkpoint::Checkpoint,
    evm::{EvmError, keccak256, read_header, read_receipt, receipt_trie_proof, verify_receipt},
    hub,
};

fn published(size: u64) -> Checkpoint {
    Checkpoint { origin: scene::HUB.into(), size, root: Hash([9; 32]) }
}

#[test]
fn keccak_gives_its_well_known_values() {
    let empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    assert_eq!(keccak256(b"").to_string(), empty);
    let transfer = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
    assert_eq!(keccak256(b"Transfer(address,address,uint256)").to_string(), transfer);
}

#[test]
fn each_receipt_of_blocks_of_any_size_is_proved() {
    for count in [1, 2, 15, 16, 17, 100, 127, 128, 129, 130, 256, 300] {
        let receipts: Vec<_> = (0..count).map(|n| scene::receipt(&[1], &published(n))).collect();
        for index in (0..count).step_by(if count > 20 { 7 } else { 1 }).chain([count - 1]) {
            let (root, nodes) = receipt_trie_proof(&receipts, index);
            let header = scene::header(&root);
            let receipt = &receipts[usize::try_from(index).unwrap()];
            let (block, logs) = verify_receipt(&header, index, receipt, &nodes)
                .unwrap_or_else(|error| panic!("{index} of {count}: {error}"));
            assert_eq!((block.number, block.receipts_root), (1234, root));
            let Checkpoint { root, .. } = published(0);
            assert!(logs.has_anchored(&scene::CONTRACT, &hub::hub_id(scene::HUB), &root, index));
            assert!(!logs.has_anchored(
                &scene::CONTRACT,
                &hub::hub_id(scene::HUB),
                &root,
                index + 1
            ));
            assert!(!logs.has_anchored(&[0; 20], &hub::hub_id(scene::HUB), &root, index));
            assert!(verify_receipt(&header, index + 1, receipt, &nodes).is_err());
        }
        let (_, none) = receipt_trie_proof(&receipts, count);
        assert!(none.is_empty());
    }
}

#[test]
fn one_flipped_bit_anywhere_breaks_a_receipt_proof() {
    let receipts: Vec<_> = (0..20).map(|n| scene::receipt(&[1], &published(n))).collect();
    let (root, nodes) = receipt_trie_proof(&receipts, 17);
    let (header, receipt) = (scene::header(&root), &receipts[17]);
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
    assert_eq!(read_receipt(&scene::receipt(&[], &published(1))), Err(EvmError::Status(0)));
    assert_eq!(read_receipt(b"\x02"), Err(EvmError::Rlp("receipt")));
    assert!(matches!(read_receipt(b"\xc0"), Err(EvmError::Shape { .. })));
    assert!(read_receipt(&scene::receipt(&[1], &published(1))[1..]).is_ok());
}
