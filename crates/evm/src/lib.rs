//! What an Ethereum-like chain hashes and signs: RLP, transactions, block headers, receipts and their tries.
//!
//! The way of a statement through this crate, to a chain and back:
//!
//! ```text
//! registry (call data) -> transaction (signing hash, raw bytes) -> chain
//!                                                                    |
//! proof <- trie (nodes of one receipt) <- receipt, block (bytes) <---+
//! ```
//!
//! | file | what |
//! |---|---|
//! | [`keccak`] | Keccak-256, the one file that names the library |
//! | [`rlp`] | the one writer and the one reader of RLP |
//! | [`address`] | accounts and contracts |
//! | [`abi`] | words and selectors of contract calls |
//! | [`registry`] | calls, answers and the event of our contract `AnchorRegistry` |
//! | [`transaction`] | EIP-1559 transactions and what is signed of them |
//! | [`block`] | block headers |
//! | [`receipt`] | receipts and their events |
//! | [`trie`] | Merkle-Patricia tries |
//! | [`proof`] | a receipt is in a block: made and verified |
//! | [`error`] | why bytes prove nothing |
//!
//! What holds: pure; hashes are `[u8; 32]`, so nothing here depends on `ledger`, which uses this crate; bytes from
//! outside never cause a panic, and each value has exactly one accepted encoding.
//!
//! Not here: private keys, JSON-RPC, fees, waiting for finality (`anchor`); whether a block is on the chain (only
//! the chain can say).
//!
//! Sources: Ethereum yellow paper; EIP-1559, EIP-2718, EIP-658; docs/formats/anchor-v1.md.

pub mod abi;
pub mod address;
pub mod block;
pub mod error;
pub mod keccak;
pub mod proof;
pub mod receipt;
pub mod registry;
pub mod rlp;
pub mod transaction;
pub mod trie;

pub use address::Address;
pub use error::EvmError;
pub use keccak::keccak256;
