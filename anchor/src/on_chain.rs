//! Asks one endpoint whether a block is on its chain, as deep as required, with the receipt that was named.
//!
//! A bundle proves by itself that the anchor's event is in a block with a certain hash. Whether that
//! block is part of the chain, only the chain can say. The request names the block's number, the contract and, if
//! asked for, the transaction, and nothing else.
//!
//! What holds: an answer that differs in anything is not an agreement; what cannot be read is an error, never a guess.
//! Blocks the thread.
//!
//! Not here: how many endpoints must agree ([`crate::quorum`]), everything that needs no network (`ledger::bundle`).

use std::fmt;

use evm::Address;
use serde_json::{Value, json};

use crate::chain::block_json;
use crate::quantity::{self, ShapeError, member};
use crate::rpc::{Rpc, RpcError};

/// What is asked of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockClaim {
    /// Height of the block.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// The contract, which must have code.
    pub contract: Address,
    /// Blocks on top of it that make it final.
    pub confirmations: u64,
    /// A transaction in it and its receipt, as the receipt trie holds it; none if the block's hash is enough.
    pub receipt: Option<([u8; 32], Vec<u8>)>,
}

/// An endpoint's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainAnswer {
    /// The block is on the chain, as deep as was required, with the receipt, and the contract has code.
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
        /// Height that was named.
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
    /// The transaction is not in that block, or has another receipt.
    OtherReceipt {
        /// Height of the block.
        block_number: u64,
        /// Hash of the transaction.
        transaction: [u8; 32],
    },
    /// The contract has no code on the chain.
    NoContract(Address),
}

impl ChainAnswer {
    /// Whether the chain confirms what was claimed.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Final { .. })
    }

    /// Whether the chain contradicts what was claimed.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        matches!(self, Self::OtherBlock { .. } | Self::OtherReceipt { .. } | Self::NoContract(_))
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
                "block {block_number} of the chain has the hash {}, which is not the anchor's",
                hex::encode(found)
            ),
            Self::OtherReceipt { block_number, transaction } => write!(
                formatter,
                "block {block_number} of the chain does not hold transaction {} with this receipt",
                hex::encode(transaction)
            ),
            Self::NoContract(contract) => {
                write!(formatter, "there is no contract at {contract} on the chain")
            }
        }
    }
}

/// One question to an endpoint, and its answer, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The JSON-RPC method: `eth_getBlockByNumber`.
    pub method: &'static str,
    /// What was asked about: `block 1234`; empty if the method says all.
    pub about: String,
    /// What was answered, or why there is no answer.
    pub answer: String,
}

/// `eth_getBlockByNumber, block 1234: hash 5f…`
impl fmt::Display for Exchange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.about.is_empty() { "" } else { ", " };
        write!(out, "{}{separator}{}: {}", self.method, self.about, self.answer)
    }
}

/// Asks an endpoint and keeps what was said.
struct Dialogue<'a> {
    rpc: &'a Rpc,
    said: &'a mut Vec<Exchange>,
}

impl Dialogue<'_> {
    /// Calls a method and reads its result.
    ///
    /// - `words`: the answer in words.
    fn ask<T>(
        &mut self,
        method: &'static str,
        about: &str,
        params: &Value,
        read: impl Fn(&Value) -> Result<T, ShapeError>,
        words: impl Fn(&T) -> String,
    ) -> Result<T, RpcError> {
        let found = self.rpc.call(method, params);
        let found = found.and_then(|value| read(&value).map_err(RpcError::shape(method)));
        let answer = found.as_ref().map_or_else(ToString::to_string, words);
        self.said.push(Exchange { method, about: about.to_owned(), answer });
        found
    }
}

/// Compares a claim with the chain of one endpoint.
///
/// - `rpc`: asked for each part in turn; made for a single endpoint, so that no part comes from another one.
/// - `said`: each question and its answer are added.
///
/// # Errors
///
/// [`RpcError`] if the endpoint is of another chain, does not answer, or answers in another shape.
pub fn ask(
    rpc: &Rpc,
    claim: &BlockClaim,
    said: &mut Vec<Exchange>,
) -> Result<ChainAnswer, RpcError> {
    let block_number = claim.number;
    let height = quantity::from_number(block_number.into());
    let first = said.len();
    let mut dialogue = Dialogue { rpc, said };
    let head = dialogue.ask(
        "eth_blockNumber",
        "",
        &json!([]),
        |value| quantity::to_u64("result", value),
        |head| format!("block {head} is the newest"),
    )?;
    // No endpoint is asked anything before it named the chain.
    let answer = format!("chain {}, as expected", rpc.chain_id());
    let chain = Exchange { method: "eth_chainId", about: String::new(), answer };
    dialogue.said.insert(first, chain);
    let found = dialogue.ask(
        "eth_getBlockByNumber",
        &format!("block {block_number}"),
        &json!([height, false]),
        |block| match block {
            Value::Null => Ok(None),
            block => quantity::to_array::<32>("hash", member(block, "hash")).map(Some),
        },
        |found| {
            found.map_or("no such block".to_owned(), |hash| format!("hash 0x{}", hex::encode(hash)))
        },
    )?;
    let Some(found) = found else {
        return Ok(ChainAnswer::NotThere { block_number, head });
    };
    if found != claim.hash {
        return Ok(ChainAnswer::OtherBlock { block_number, found });
    }
    if let Some((transaction, receipt)) = &claim.receipt
        && !has_receipt(&mut dialogue, claim, transaction, receipt)?
    {
        return Ok(ChainAnswer::OtherReceipt { block_number, transaction: *transaction });
    }
    let code = dialogue.ask(
        "eth_getCode",
        &format!("contract {}", claim.contract),
        &json!([claim.contract.to_string(), "latest"]),
        |code| quantity::to_bytes("result", code),
        |code| format!("{} bytes of code", code.len()),
    )?;
    if code.is_empty() {
        return Ok(ChainAnswer::NoContract(claim.contract));
    }
    let (confirmations, required) = (head.saturating_sub(block_number), claim.confirmations);
    Ok(if confirmations >= required {
        ChainAnswer::Final { block_number, confirmations }
    } else {
        ChainAnswer::NotDeepEnough { block_number, confirmations, required }
    })
}

/// Whether the endpoint has this receipt of the transaction, in the block of the claim.
fn has_receipt(
    dialogue: &mut Dialogue<'_>,
    claim: &BlockClaim,
    transaction: &[u8; 32],
    receipt: &[u8],
) -> Result<bool, RpcError> {
    dialogue.ask(
        "eth_getTransactionReceipt",
        &format!("transaction 0x{}", hex::encode(transaction)),
        &json!([quantity::from_bytes(transaction)]),
        |found| {
            if found.is_null() {
                return Ok(false);
            }
            let block: [u8; 32] = quantity::to_array("blockHash", member(found, "blockHash"))?;
            let bytes = block_json::receipt(found)?;
            Ok(block == claim.hash && bytes == receipt)
        },
        |is_it| {
            if *is_it { "this receipt, in that block" } else { "another receipt, or none" }
                .to_owned()
        },
    )
}
