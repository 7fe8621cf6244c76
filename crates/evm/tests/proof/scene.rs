//! Receipts and headers, written by an RLP writer of this file's own, so that the crate's writer is not tested by
//! itself.

use evm::{keccak256, registry::ANCHORED};

pub const CONTRACT: [u8; 20] = [0x5f; 20];
pub const HUB_ID: [u8; 32] = [8; 32];
pub const ROOT: [u8; 32] = [9; 32];

fn rlp_bytes(bytes: &[u8]) -> Vec<u8> {
    match bytes.len() {
        1 if bytes[0] < 0x80 => bytes.to_vec(),
        length => [rlp_head(0x80, length), bytes.to_vec()].concat(),
    }
}

fn rlp_list(items: &[Vec<u8>]) -> Vec<u8> {
    let content = items.concat();
    [rlp_head(0xc0, content.len()), content].concat()
}

fn rlp_head(base: u8, length: usize) -> Vec<u8> {
    match length {
        0..=55 => vec![base + u8::try_from(length).unwrap()],
        56..=255 => vec![base + 56, u8::try_from(length).unwrap()],
        _ => [&[base + 57][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    }
}

/// A receipt of type 2 with one event, as EIP-1559 transactions have it.
pub fn receipt(status: &[u8], size: u64) -> Vec<u8> {
    let topics = [keccak256(ANCHORED.as_bytes()), HUB_ID, ROOT];
    let mut data = [0; 32];
    data[24..].copy_from_slice(&size.to_be_bytes());
    let log = rlp_list(&[
        rlp_bytes(&CONTRACT),
        rlp_list(&topics.map(|topic| rlp_bytes(&topic))),
        rlp_bytes(&data),
    ]);
    let body =
        [rlp_bytes(status), rlp_bytes(&[0x5f, 0x50]), rlp_bytes(&[0; 256]), rlp_list(&[log])];
    [vec![2], rlp_list(&body)].concat()
}

/// A header of 16 members: number 1234, time 2026-03-02 00:16:40 UTC.
pub fn header(receipts_root: &[u8; 32]) -> Vec<u8> {
    let mut members = vec![rlp_bytes(&[7; 32]); 16];
    members[5] = rlp_bytes(receipts_root);
    members[8] = rlp_bytes(&[0x04, 0xd2]);
    members[11] = rlp_bytes(&1_772_410_600_u32.to_be_bytes());
    rlp_list(&members)
}
