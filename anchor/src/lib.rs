//! tmp
#[cfg(feature = "devchain")]
pub mod anvil;
pub mod config;
pub mod crash;
pub mod deploy;
pub mod fee;
pub mod metrics;
pub mod quantity;
pub mod registry;
pub mod rlp;
pub mod rpc;
pub mod target;
pub mod transaction;
