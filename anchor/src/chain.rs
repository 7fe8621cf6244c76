//! Where the hub's size and root are published: one file per kind of chain behind one trait.
//!
//! | file | what |
//! |---|---|
//! | [`client`] | the trait [`client::Chain`] and what passes through it |
//! | [`ethereum`] | EVM chains, through the contract `AnchorRegistry` |
//! | `block_json` | a node's JSON back to the bytes that the chain hashed |
//!
//! Not here: when to do which step (`epoch`, `offer`, `receipts`).

pub(crate) mod block_json;
pub mod client;
pub mod ethereum;
