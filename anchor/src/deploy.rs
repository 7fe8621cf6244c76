//! Puts the contract on a chain, once per publisher and chain.
//!
//! The way through: creation code with the publisher's address, gas from `eth_estimateGas`, one transaction,
//! its receipt; the address follows from creator and nonce.
//!
//! What holds: nothing is stored here; the operator writes the printed address into `[anchor]`.
//!
//! Sources: `contracts/AnchorRegistry.sol`.

use std::time::Duration;

use evm::Address;
use evm::transaction::Transaction;
use serde_json::{Value, json};
use thiserror::Error;

use crate::artefact;
use crate::quantity::{self, member};
use crate::rpc::{Rpc, RpcError};
use crate::wallet::{SignError, Wallet};

/// Pause between two requests for the receipt.
const POLL: Duration = Duration::from_millis(100);

/// Why there is no contract.
#[derive(Debug, Error)]
pub enum DeployError {
    /// The chain was not reached, or refused.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The transaction could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The embedded artefact is damaged.
    #[error("the embedded artefact AnchorRegistry.json has no bytecode")]
    Artefact,
    /// The transaction failed on the chain.
    #[error("transaction {0} was mined and failed")]
    Failed(String),
    /// No block included the transaction in time.
    #[error("transaction {transaction} is not in a block after {waited_s} s")]
    Late {
        /// Its hash.
        transaction: String,
        /// How long it was waited for, seconds.
        waited_s: u64,
    },
}

/// A contract that is on a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Its address.
    pub contract: Address,
    /// The only account whose statements it accepts.
    pub publisher: Address,
    /// Gas that creating it used.
    pub gas_used: u64,
}

/// Creates the contract with `wallet` as its publisher and waits until a block has it.
///
/// Blocks the thread.
///
/// - `patience`: how long to wait for the block.
///
/// # Errors
///
/// [`DeployError`]
pub fn deploy(rpc: &Rpc, wallet: &Wallet, patience: Duration) -> Result<Deployed, DeployError> {
    let number = |method: &str, params: Value| -> Result<u128, RpcError> {
        let answer = rpc.call(method, &params)?;
        quantity::to_u128("result", &answer).map_err(RpcError::shape(method))
    };
    let publisher = wallet.address();
    let from = publisher.to_string();
    let data = artefact::creation_code(publisher).ok_or(DeployError::Artefact)?;
    let nonce = number("eth_getTransactionCount", json!([from, "pending"]))?;
    let nonce = u64::try_from(nonce).unwrap_or(u64::MAX);
    let call = json!([{"from": from, "data": quantity::from_bytes(&data)}]);
    let gas = number("eth_estimateGas", call)?;
    let gas_limit = u64::try_from(gas + gas / 4).unwrap_or(u64::MAX);
    let price = number("eth_gasPrice", json!([]))?;
    let transaction = Transaction {
        chain_id: rpc.chain_id(),
        nonce,
        max_priority_fee_wei: price / 10,
        max_fee_wei: price * 2,
        gas_limit,
        to: None,
        value_wei: 0,
        data,
    };
    let signed = wallet.sign(&transaction)?;
    let hash = quantity::from_bytes(&signed.hash);
    rpc.call("eth_sendRawTransaction", &json!([quantity::from_bytes(&signed.raw)]))?;
    let receipt = wait_for_receipt(rpc, &hash, patience)?;
    if member(&receipt, "status").as_str() != Some("0x1") {
        return Err(DeployError::Failed(hash));
    }
    let gas_used = quantity::to_u64("gasUsed", member(&receipt, "gasUsed"))
        .map_err(RpcError::shape("eth_getTransactionReceipt"))?;
    Ok(Deployed { contract: Address::of_contract(publisher, nonce), publisher, gas_used })
}

fn wait_for_receipt(rpc: &Rpc, hash: &str, patience: Duration) -> Result<Value, DeployError> {
    let deadline = rpc.clock().instant() + patience;
    loop {
        let receipt = rpc.call("eth_getTransactionReceipt", &json!([hash]))?;
        if !receipt.is_null() {
            return Ok(receipt);
        }
        if rpc.clock().instant() >= deadline {
            let transaction = hash.to_owned();
            return Err(DeployError::Late { transaction, waited_s: patience.as_secs() });
        }
        std::thread::sleep(POLL);
    }
}
