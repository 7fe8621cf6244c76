//! Publishes on an EVM chain through the contract `AnchorRegistry`.
//!
//! The way through: fees from `eth_feeHistory` and [`fee::offer`], gas from `eth_estimateGas`, nonce from the
//! account's count of mined transactions, signature, `eth_sendRawTransaction`; then receipts, the block's
//! header and all its receipts, of which `ledger::evm` builds the trie proof.
//!
//! What holds: the account is used by this worker alone, one statement at a time, so the next nonce is the
//! number of its mined transactions; a transaction is never changed after it was stored; a proof is returned
//! only after the verifier's own code accepted it.
//!
//! Sources: Ethereum execution APIs (JSON-RPC); EIP-1559; `contracts/AnchorRegistry.sol`.

pub mod block;

use std::sync::Arc;

use jiff::Timestamp;
use ledger::Hash;
use serde_json::{Value, json};

use sql::anchors::{AnchorEvidence, Attempt};

use super::{Mined, Offer, Published, Sighting, Statement, Target, TargetError};
use crate::fee::{self, Fees, Market};
use crate::quantity::{self, member};
use crate::registry;
use crate::rpc::{Rpc, RpcError};
use crate::transaction::{Address, Transaction, Wallet};

/// Blocks of fee history that are looked at.
const HISTORY_BLOCKS: u64 = 10;
/// A chain without demand reports no priority fee; a proposer may still want something: 0.001 gwei.
const LEAST_PRIORITY_FEE_WEI: u128 = 1_000_000;

/// One chain, one contract, one account.
pub struct Evm {
    rpc: Arc<Rpc>,
    contract: Address,
    wallet: Wallet,
    max_fee_wei: u128,
}

impl Evm {
    /// Knows where and as whom to publish; asks nothing yet.
    ///
    /// - `max_fee_wei`: cap of every offer, wei per gas.
    #[must_use]
    pub fn new(rpc: Arc<Rpc>, contract: Address, wallet: Wallet, max_fee_wei: u128) -> Self {
        Self { rpc, contract, wallet, max_fee_wei }
    }

    /// Checks that the contract is there and that this account is its publisher.
    ///
    /// # Errors
    ///
    /// [`TargetError::Misconfigured`] if not.
    pub fn check(&self) -> Result<(), TargetError> {
        let answer = self.read(&registry::publisher_call())?;
        let Some(publisher) = registry::publisher_answer(&answer) else {
            return Err(TargetError::Misconfigured(format!(
                "there is no AnchorRegistry at {} on chain {}",
                self.contract,
                self.rpc.chain_id()
            )));
        };
        if publisher == self.wallet.address() {
            return Ok(());
        }
        Err(TargetError::Misconfigured(format!(
            "the contract {} takes statements from {publisher} alone; the configured key is that of {}",
            self.contract,
            self.wallet.address()
        )))
    }

    /// Calls the contract without a transaction.
    fn read(&self, data: &[u8]) -> Result<Vec<u8>, RpcError> {
        let call = json!([
            {"to": self.contract.to_string(), "data": quantity::from_bytes(data)}, "latest"
        ]);
        let answer = self.rpc.call("eth_call", &call)?;
        quantity::to_bytes("result", &answer).map_err(RpcError::shape("eth_call"))
    }

    fn market(&self) -> Result<Market, TargetError> {
        const METHOD: &str = "eth_feeHistory";
        let blocks = quantity::from_number(HISTORY_BLOCKS.into());
        let history = self.rpc.call(METHOD, &json!([blocks, "latest", [50.0]]))?;
        // One entry more than blocks: the last is what the next block will ask.
        let next = member(&history, "baseFeePerGas").as_array().and_then(|fees| fees.last());
        let base_fee_wei = quantity::to_u128("baseFeePerGas", next.unwrap_or(&Value::Null))
            .map_err(RpcError::shape(METHOD))?;
        let mut rewards: Vec<u128> = member(&history, "reward")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|block| quantity::to_u128("reward", block.get(0)?).ok())
            .collect();
        rewards.sort_unstable();
        let median = rewards.get(rewards.len() / 2).copied().unwrap_or_default();
        Ok(Market { base_fee_wei, priority_fee_wei: median.max(LEAST_PRIORITY_FEE_WEI) })
    }

    /// Transactions of the account that are in blocks.
    fn mined_nonce(&self) -> Result<u64, RpcError> {
        const METHOD: &str = "eth_getTransactionCount";
        let address = self.wallet.address().to_string();
        let count = self.rpc.call(METHOD, &json!([address, "latest"]))?;
        quantity::to_u64("result", &count).map_err(RpcError::shape(METHOD))
    }

    fn head(&self) -> Result<u64, RpcError> {
        const METHOD: &str = "eth_blockNumber";
        let number = self.rpc.call(METHOD, &json!([]))?;
        quantity::to_u64("result", &number).map_err(RpcError::shape(METHOD))
    }

    /// All receipts of a block, by its hash, so that a reorganisation cannot mix two blocks.
    fn block_receipts(&self, block: &Value, hash: &[u8; 32]) -> Result<Vec<Value>, TargetError> {
        let by_block = json!([quantity::from_bytes(hash)]);
        if let Ok(Value::Array(receipts)) = self.rpc.call("eth_getBlockReceipts", &by_block) {
            return Ok(receipts);
        }
        // Some providers know no receipts by block; one by one, all know.
        let mut receipts = Vec::new();
        for hash in member(block, "transactions").as_array().into_iter().flatten() {
            receipts.push(self.rpc.call("eth_getTransactionReceipt", &json!([hash]))?);
        }
        Ok(receipts)
    }

    fn mined(&self, receipt: &Value) -> Result<Mined, TargetError> {
        let shape = RpcError::shape("eth_getTransactionReceipt");
        let block_number =
            quantity::to_u64("blockNumber", member(receipt, "blockNumber")).map_err(&shape)?;
        let gas = quantity::to_u128("gasUsed", member(receipt, "gasUsed")).map_err(&shape)?;
        let price = quantity::to_u128("effectiveGasPrice", member(receipt, "effectiveGasPrice"))
            .unwrap_or_default();
        Ok(Mined {
            tx_hash: quantity::to_array("transactionHash", member(receipt, "transactionHash"))
                .map_err(&shape)?,
            block_hash: quantity::to_array("blockHash", member(receipt, "blockHash"))
                .map_err(&shape)?,
            block_number,
            confirmations: self.head()?.saturating_sub(block_number),
            has_succeeded: member(receipt, "status").as_str() == Some("0x1"),
            cost_wei: gas.saturating_mul(price),
        })
    }

    /// Builds the trie proof and puts it before the verifier's own code.
    fn assemble(
        &self,
        statement: &Statement,
        header: Vec<u8>,
        mut receipts: Vec<Vec<u8>>,
        place: usize,
    ) -> Result<AnchorEvidence, TargetError> {
        let transaction_index = place as u64;
        let (_, proof) = ledger::evm::receipt_trie_proof(&receipts, transaction_index);
        let receipt = receipts.swap_remove(place);
        let (block, read) =
            ledger::evm::verify_receipt(&header, transaction_index, &receipt, &proof)
                .map_err(|error| TargetError::Inconsistent(error.to_string()))?;
        let Statement { hub_id, root, size } = statement;
        if !read.has_anchored(&self.contract.0, hub_id, root, *size) {
            return Err(TargetError::Inconsistent(format!(
                "the receipt in block {} does not state size {size} under root {root}",
                block.number
            )));
        }
        let block_time = i64::try_from(block.timestamp)
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or_else(|| {
                TargetError::Inconsistent(format!("block time {} is no time", block.timestamp))
            })?;
        Ok(AnchorEvidence {
            block_number: block.number,
            block_hash: block.hash.0,
            block_time,
            header,
            transaction_index,
            receipt,
            proof,
        })
    }
}

impl Target for Evm {
    fn name(&self) -> String {
        format!("chain {}, contract {}", self.rpc.chain_id(), self.contract)
    }

    fn latest(&self, hub_id: &Hash) -> Result<Option<Published>, TargetError> {
        self.check()?;
        let answer = self.read(&registry::latest_call(hub_id))?;
        let latest = registry::latest_answer(&answer).ok_or_else(|| {
            TargetError::Inconsistent(format!("latest() answered {}", hex::encode(&answer)))
        })?;
        if latest.size == 0 {
            return Ok(None);
        }
        // The contract keeps the block, so the event is found without searching the whole chain.
        let block = quantity::from_number(latest.block_number.into());
        let filter = json!([{
            "address": self.contract.to_string(),
            "fromBlock": block,
            "toBlock": block,
            "topics": [quantity::from_bytes(&registry::anchored_topic()), quantity::from_bytes(&hub_id.0)],
        }]);
        let logs = self.rpc.call("eth_getLogs", &filter)?;
        for log in logs.as_array().into_iter().flatten() {
            let size = quantity::to_bytes("data", member(log, "data"))
                .ok()
                .and_then(|data| registry::anchored_size(&data));
            let root = member(log, "topics").get(2);
            if let (Some(size), Some(root)) = (size, root)
                && size == latest.size
            {
                let root =
                    quantity::to_array("topics", root).map_err(RpcError::shape("eth_getLogs"))?;
                return Ok(Some(Published { size, root: Hash(root) }));
            }
        }
        Err(TargetError::Inconsistent(format!(
            "the contract names size {} in block {}, whose logs do not show it",
            latest.size, latest.block_number
        )))
    }

    fn offer(
        &self,
        statement: &Statement,
        replaces: Option<&Attempt>,
        urgency_permille: u128,
    ) -> Result<Offer, TargetError> {
        let data = registry::anchor_call(&statement.hub_id, &statement.root, statement.size);
        let market = self.market()?;
        let pending = replaces.map(|attempt| Fees {
            max_fee_wei: attempt.max_fee_wei,
            max_priority_fee_wei: attempt.priority_wei,
        });
        let fees = match fee::offer(market, self.max_fee_wei, urgency_permille, pending) {
            Ok(fees) => fees,
            Err(hold) => return Ok(Offer::Hold(hold)),
        };
        let nonce = match replaces {
            Some(attempt) => attempt.nonce,
            None => self.mined_nonce()?,
        };
        // Also the first check that the contract would accept the call.
        let estimate = self.rpc.call(
            "eth_estimateGas",
            &json!([{
                "from": self.wallet.address().to_string(),
                "to": self.contract.to_string(),
                "data": quantity::from_bytes(&data),
            // Not on top of pending transactions: the one to be replaced would make this one fail.
            }, "latest"]),
        )?;
        let gas =
            quantity::to_u64("result", &estimate).map_err(RpcError::shape("eth_estimateGas"))?;
        let transaction = Transaction {
            chain_id: self.rpc.chain_id(),
            nonce,
            max_priority_fee_wei: fees.max_priority_fee_wei,
            max_fee_wei: fees.max_fee_wei,
            gas_limit: gas.saturating_add(gas / 4),
            to: Some(self.contract),
            value_wei: 0,
            data,
        };
        let signed = transaction
            .sign(&self.wallet)
            .map_err(|error| TargetError::Misconfigured(error.to_string()))?;
        Ok(Offer::Attempt(Attempt {
            tx_hash: signed.hash,
            nonce,
            max_fee_wei: fees.max_fee_wei,
            priority_wei: fees.max_priority_fee_wei,
            raw: signed.raw,
            created_at: Timestamp::now(),
        }))
    }

    fn send(&self, attempt: &Attempt) -> Result<(), TargetError> {
        let raw = json!([quantity::from_bytes(&attempt.raw)]);
        match self.rpc.call("eth_sendRawTransaction", &raw) {
            Ok(_) => Ok(()),
            // Nodes word it differently: "already known", "already imported", "nonce too low".
            // In each case the next look says where it is.
            Err(RpcError::Refused { message, .. })
                if message.to_lowercase().contains("already")
                    || message.to_lowercase().contains("nonce too low") =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn look_for(&self, attempts: &[Attempt]) -> Result<Sighting, TargetError> {
        let mut reverted = None;
        for attempt in attempts {
            let hash = json!([quantity::from_bytes(&attempt.tx_hash)]);
            let receipt = self.rpc.call("eth_getTransactionReceipt", &hash)?;
            if receipt.is_null() {
                continue;
            }
            let mined = self.mined(&receipt)?;
            if mined.has_succeeded {
                return Ok(Sighting::Mined(mined));
            }
            reverted.get_or_insert(mined);
        }
        let Some(newest) = attempts.first() else { return Ok(Sighting::Missing) };
        if let Some(mined) = reverted
            && mined.tx_hash == newest.tx_hash
        {
            return Ok(Sighting::Mined(mined));
        }
        for attempt in attempts {
            let hash = json!([quantity::from_bytes(&attempt.tx_hash)]);
            if !self.rpc.call("eth_getTransactionByHash", &hash)?.is_null() {
                return Ok(Sighting::Pending);
            }
        }
        let is_used = self.mined_nonce()? > newest.nonce;
        Ok(if is_used { Sighting::NonceUsed } else { Sighting::Missing })
    }

    fn prove(&self, statement: &Statement, mined: &Mined) -> Result<AnchorEvidence, TargetError> {
        let inconsistent = TargetError::Inconsistent;
        let number = quantity::from_number(mined.block_number.into());
        let block = self.rpc.call("eth_getBlockByNumber", &json!([number, false]))?;
        let header = block::header(&block).map_err(inconsistent)?;
        let block_hash: [u8; 32] = quantity::to_array("hash", member(&block, "hash"))
            .map_err(RpcError::shape("eth_getBlockByNumber"))?;
        if block_hash != mined.block_hash {
            return Err(TargetError::Inconsistent(format!(
                "block {} is {}, the receipt names {}",
                mined.block_number,
                hex::encode(block_hash),
                hex::encode(mined.block_hash)
            )));
        }
        let mut receipts = Vec::new();
        let mut place = None;
        for (index, receipt) in self.block_receipts(&block, &block_hash)?.iter().enumerate() {
            let shape = RpcError::shape("eth_getBlockReceipts");
            let hash: [u8; 32] =
                quantity::to_array("transactionHash", member(receipt, "transactionHash"))
                    .map_err(&shape)?;
            if hash == mined.tx_hash {
                place = Some(index);
            }
            receipts.push(block::receipt(receipt).map_err(&shape)?);
        }
        let Some(place) = place else {
            return Err(TargetError::Inconsistent(format!(
                "block {} has no receipt of {}",
                mined.block_number,
                hex::encode(mined.tx_hash)
            )));
        };
        self.assemble(statement, header, receipts, place)
    }

    fn failures(&self) -> u64 {
        self.rpc.failures()
    }
}
