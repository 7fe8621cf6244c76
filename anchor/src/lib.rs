//! Ledgers to public chain: the hub, the contract, epochs, receipts.
//!
//! The way through:
//!
//! ```text
//! site ledgers --(checkpoints, checked)--> hub --(size, root)--> AnchorRegistry --(receipts)--> proof
//!              hub.rs                            epoch.rs, offer.rs               receipts.rs
//! ```
//!
//! | file | what |
//! |---|---|
//! | [`run`](mod@run), [`worker`] | the process; one tick of its work |
//! | [`hub`] | checkpoints of the sites become entries of the hub |
//! | `anchoring`, `epoch`, `offer`, `receipts` | an anchor from prepared to final |
//! | [`fee`] | how much to offer |
//! | [`chain`] | what the worker needs of a chain, and the EVM chain that provides it |
//! | [`rpc`], [`quantity`] | JSON-RPC |
//! | [`wallet`], [`artefact`], [`deploy`] | the publisher's key, the compiled contract, putting it on a chain |
//! | [`on_chain`], [`quorum`], [`plausible`] | asks each endpoint for a block; how many must agree; which times can be true |
//! | `recheck` | final anchors are asked for again |
//! | [`published`] | asks what the chain holds of a hub, without signing |
//! | [`config`], `http`, [`metrics`], [`error`] | settings, health endpoints, counters, errors |
//! | [`anvil`] | a local chain for demo and tests |
//!
//! What holds:
//!
//! - anchoring never blocks recording: this worker only reads the sites' ledgers;
//! - every step is durable before the next, so the process may be killed at any point;
//! - a ledger or hub that is shorter than what was signed or published of it before is refused with an error, and
//!   nothing is signed for it;
//! - the only private keys here are the hub's and the publisher's; the sites' public keys come from a policy file.
//!
//! Not here: what a checkpoint is (`ledger`), what a chain hashes (`evm`), tables (`sql`), handing proofs out
//! (`trace-api`).
//!
//! Sources: docs/formats/anchor-v1.md; docs/decisions/0011-chain-client.md.

mod anchoring;
#[cfg(feature = "devchain")]
pub mod anvil;
pub mod artefact;
pub mod chain;
pub mod config;
pub mod deploy;
#[cfg(feature = "devchain")]
pub mod endpoint;
mod epoch;
pub mod error;
pub mod fee;
mod http;
pub mod hub;
pub mod metrics;
mod offer;
pub mod on_chain;
pub mod plausible;
pub mod published;
pub mod quantity;
pub mod quorum;
mod receipts;
mod recheck;
pub mod rpc;
pub mod run;
pub mod wallet;
pub mod worker;

pub use crate::config::Config;
pub use crate::error::Error;
pub use crate::on_chain::ChainAnswer;
pub use crate::quorum::{Confirmation, check_on_chain};
pub use crate::run::run;
