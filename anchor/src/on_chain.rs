//! Asks a chain whether the block that a bundle names is on it.
//!
//! A bundle proves by itself that the anchor's event is in a block with a certain hash. Whether that
//! block is part of the chain, only the chain can say. The request names the block's number and the contract, and
//! nothing else of the bundle.
//!
//! Blocks the thread.
//!
//! Not here: everything that needs no network (`ledger::bundle`).

use std::fmt;

use evm::Address;
use ledger::bundle::AnchorClaim;
use process::Clock;
use serde_json::json;

use crate::quantity::{self, member};
use crate::rpc::{Rpc, RpcError};

/// The chain's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainAnswer {
    /// The block is on the chain, as deep as was required, and the contract has code.
    Final {
        /// Height of the block.
        block_number: u64,
        /// Blocks on top of it.
        confirmations: u64,
    },
    /// The block is on the chain, but not as deep as was required.
    NotDeepEnough {
        /// Height of the block.
        block_number: u64,
        /// Blocks on top of it.
        confirmations: u64,
        /// How many were required.
        required: u64,
    },
    /// The chain has not reached that height.
    NotThere {
        /// Height that the bundle names.
        block_number: u64,
        /// Height of the chain.
        head: u64,
    },
    /// Another block is at that height.
    OtherBlock {
        /// Height of both.
        block_number: u64,
        /// Hash that the chain names.
        found: [u8; 32],
    },
    /// The contract has no code on the chain.
    NoContract(Address),
}

impl ChainAnswer {
    /// Whether the chain confirms the anchor.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Final { .. })
    }

    /// Whether the chain contradicts the bundle.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        matches!(self, Self::OtherBlock { .. } | Self::NoContract(_))
    }
}

impl fmt::Display for ChainAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final { block_number, confirmations } => write!(
                formatter,
                "block {block_number} is on the chain with {confirmations} blocks on top of it"
            ),
            Self::NotDeepEnough { block_number, confirmations, required } => write!(
                formatter,
                "block {block_number} has {confirmations} blocks on top of it, expected at least {required}"
            ),
            Self::NotThere { block_number, head } => {
                write!(
                    formatter,
                    "the endpoint's chain ends at block {head}, before {block_number}"
                )
            }
            Self::OtherBlock { block_number, found } => write!(
                formatter,
                "block {block_number} of the chain has the hash {}, which is not the bundle's",
                hex::encode(found)
            ),
            Self::NoContract(contract) => {
                write!(formatter, "there is no contract at {contract} on the chain")
            }
        }
    }
}

/// Compares a bundle's claim with a chain.
///
/// - `rpc_urls`: endpoints in the order of preference; one of another chain than the claim's is not used.
/// - `confirmations`: blocks on top of the anchor's block that make it final.
/// - `clock`: measures the pauses of endpoints that failed.
///
/// # Errors
///
/// [`RpcError`] if no endpoint of that chain answered.
pub fn check_on_chain(
    rpc_urls: &[String],
    claim: &AnchorClaim,
    confirmations: u64,
    clock: &Clock,
) -> Result<ChainAnswer, RpcError> {
    let rpc = Rpc::new(rpc_urls, claim.chain_id, clock.clone());
    let block_number = claim.block_number;
    let height = quantity::from_number(block_number.into());
    let head = rpc.call("eth_blockNumber", &json!([]))?;
    let head = quantity::to_u64("result", &head).map_err(RpcError::shape("eth_blockNumber"))?;
    let block = rpc.call("eth_getBlockByNumber", &json!([height, false]))?;
    if block.is_null() {
        return Ok(ChainAnswer::NotThere { block_number, head });
    }
    let found: [u8; 32] = quantity::to_array("hash", member(&block, "hash"))
        .map_err(RpcError::shape("eth_getBlockByNumber"))?;
    if found != claim.block_hash.0 {
        return Ok(ChainAnswer::OtherBlock { block_number, found });
    }
    let contract = Address(claim.contract);
    let code = rpc.call("eth_getCode", &json!([contract.to_string(), "latest"]))?;
    let code = quantity::to_bytes("result", &code).map_err(RpcError::shape("eth_getCode"))?;
    if code.is_empty() {
        return Ok(ChainAnswer::NoContract(contract));
    }
    let on_top = head.saturating_sub(block_number);
    Ok(if on_top >= confirmations {
        ChainAnswer::Final { block_number, confirmations: on_top }
    } else {
        ChainAnswer::NotDeepEnough { block_number, confirmations: on_top, required: confirmations }
    })
}
