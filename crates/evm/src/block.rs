//! Block headers: writes one as the chain hashed it, and reads the members that a proof needs.
//!
//! Header members, in order: the fifteen of Frontier, then those that a fork added, as far as the block has
//! them: `baseFeePerGas` (London, EIP-1559), `withdrawalsRoot` (Shanghai, EIP-4895), `blobGasUsed` and
//! `excessBlobGas` (Cancun, EIP-4844), `parentBeaconBlockRoot` (EIP-4788), `requestsHash` (Prague, EIP-7685),
//! `blockAccessListHash` (Amsterdam, EIP-7928), `slotNumber` (EIP-7843).
//!
//! What holds: Keccak-256 of a header is the block's hash, so a header that was put together wrongly is found out
//! by comparing hashes; a fork that adds a member unknown here gives an error, never a wrong proof.
//!
//! Not here: reading the members from a node's JSON (`anchor`).
//!
//! Source: yellow paper, section 4.4.

use crate::{
    error::EvmError,
    keccak::keccak256,
    rlp::{Rlp, encode_big_number, encode_bytes, encode_list},
};

/// A member of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its name in JSON-RPC.
    pub name: &'static str,
    /// How it is written.
    pub kind: MemberKind,
    /// Whether every block has it; the others came with later forks.
    pub is_required: bool,
}

/// How a header member is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// Bytes as they are.
    Bytes,
    /// A number: big-endian without leading zeros.
    Number,
}

/// All members, in the order in which a header has them.
pub const MEMBERS: [Member; 23] = [
    every_block("parentHash", MemberKind::Bytes),
    every_block("sha3Uncles", MemberKind::Bytes),
    every_block("miner", MemberKind::Bytes),
    every_block("stateRoot", MemberKind::Bytes),
    every_block("transactionsRoot", MemberKind::Bytes),
    every_block("receiptsRoot", MemberKind::Bytes),
    every_block("logsBloom", MemberKind::Bytes),
    every_block("difficulty", MemberKind::Number),
    every_block("number", MemberKind::Number),
    every_block("gasLimit", MemberKind::Number),
    every_block("gasUsed", MemberKind::Number),
    every_block("timestamp", MemberKind::Number),
    every_block("extraData", MemberKind::Bytes),
    every_block("mixHash", MemberKind::Bytes),
    every_block("nonce", MemberKind::Bytes),
    later_fork("baseFeePerGas", MemberKind::Number),
    later_fork("withdrawalsRoot", MemberKind::Bytes),
    later_fork("blobGasUsed", MemberKind::Number),
    later_fork("excessBlobGas", MemberKind::Number),
    later_fork("parentBeaconBlockRoot", MemberKind::Bytes),
    later_fork("requestsHash", MemberKind::Bytes),
    later_fork("blockAccessListHash", MemberKind::Bytes),
    later_fork("slotNumber", MemberKind::Number),
];

/// Places of the members that [`read_header`] takes.
const RECEIPTS_ROOT: usize = 5;
const NUMBER: usize = 8;
const TIMESTAMP: usize = 11;
/// Members that every fork has.
const REQUIRED: usize = 15;

const fn every_block(name: &'static str, kind: MemberKind) -> Member {
    Member { name, kind, is_required: true }
}

const fn later_fork(name: &'static str, kind: MemberKind) -> Member {
    Member { name, kind, is_required: false }
}

/// Writes a header.
///
/// - `members`: each with its bytes (numbers big-endian), in the order of [`MEMBERS`], without those that the
///   block does not have.
#[must_use]
pub fn encode_header(members: &[(MemberKind, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<_> = members
        .iter()
        .map(|(kind, bytes)| match kind {
            MemberKind::Bytes => encode_bytes(bytes),
            MemberKind::Number => encode_big_number(bytes),
        })
        .collect();
    encode_list(&items)
}

/// What is read from a block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockInfo {
    /// Keccak-256 of the header.
    pub hash: [u8; 32],
    /// Number of the block.
    pub number: u64,
    /// Time of the block, seconds since 1970 UTC.
    pub timestamp: u64,
    /// Root of the trie of its receipts.
    pub receipts_root: [u8; 32],
}

/// Reads a block's header.
///
/// # Errors
///
/// [`EvmError`] if it is not a list of at least the 15 members that every fork has.
pub fn read_header(header_rlp: &[u8]) -> Result<BlockInfo, EvmError> {
    const WHAT: &str = "block header";
    let shape = |expected| EvmError::Shape { what: WHAT, expected };
    let header = Rlp::parse(header_rlp).ok_or(EvmError::Rlp(WHAT))?;
    let members = header
        .list()
        .filter(|members| members.len() >= REQUIRED)
        .ok_or(shape("a list of at least 15 members"))?;
    let receipts_root = members[RECEIPTS_ROOT].bytes().and_then(|bytes| bytes.try_into().ok());
    Ok(BlockInfo {
        hash: keccak256(header_rlp),
        number: members[NUMBER].number().ok_or(shape("a number as member 8"))?,
        timestamp: members[TIMESTAMP].number().ok_or(shape("a number as member 11"))?,
        receipts_root: receipts_root.ok_or(shape("32 bytes as member 5"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_that_are_read_are_where_the_table_has_them() {
        for (place, name) in
            [(RECEIPTS_ROOT, "receiptsRoot"), (NUMBER, "number"), (TIMESTAMP, "timestamp")]
        {
            assert_eq!(MEMBERS[place].name, name);
        }
        assert_eq!(MEMBERS.iter().take_while(|member| member.is_required).count(), REQUIRED);
        assert!(MEMBERS[REQUIRED..].iter().all(|member| !member.is_required));
    }

    #[test]
    fn a_written_header_is_read_again() {
        let members: Vec<_> = MEMBERS
            .iter()
            .map(|member| match member.kind {
                MemberKind::Bytes => (member.kind, vec![7; 32]),
                MemberKind::Number => (member.kind, vec![0, 4, 210]),
            })
            .collect();
        for count in REQUIRED..=MEMBERS.len() {
            let header = encode_header(&members[..count]);
            let expected = BlockInfo {
                hash: keccak256(&header),
                number: 1234,
                timestamp: 1234,
                receipts_root: [7; 32],
            };
            assert_eq!(read_header(&header), Ok(expected));
        }
        let short = encode_header(&members[..REQUIRED - 1]);
        assert_eq!(
            read_header(&short).unwrap_err().to_string(),
            "block header has the wrong shape: expected a list of at least 15 members"
        );
    }
}
