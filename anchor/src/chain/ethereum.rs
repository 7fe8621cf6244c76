//! Publishes on an EVM chain through the contract `AnchorRegistry`.
//!
//! The way through: fees from `eth_feeHistory` and [`fee::offer`], gas from `eth_estimateGas`, nonce from the
//! account's count of mined transactions, signature, `eth_sendRawTransaction`; then receipts, the block's
//! header and all its receipts, from which `evm::proof` builds the trie proof.
//!
//! What holds: the account is used by this worker alone, one statement at a time, so the next nonce is the
//! number of its mined transactions; a transaction is never changed after it was stored; a proof is returned
//! only after the verifier's own code accepted it.
//!
//! Sources: Ethereum execution APIs (JSON-RPC); EIP-1559; `contracts/AnchorRegistry.sol`.

use evm::Address;
use evm::proof::{receipt_trie_proof, verify_receipt};
use evm::registry;
use evm::transaction::Transaction;
use jiff::Timestamp;
use ledger::Hash;
use serde_json::{Value, json};
use sql::anchors::{AnchorEvidence, Attempt};

use crate::chain::block_json;
use crate::chain::client::{
    AttemptStatus, Chain, ChainError, MinedAttempt, Offer, PublishedHead, Statement,
};
use crate::fee::{self, Fees, Market};
use crate::on_chain::BlockClaim;
use crate::quantity::{self, member};
use crate::quorum::{Confirmation, Quorum};
use crate::rpc::{Rpc, RpcError};
use crate::wallet::Wallet;

/// Blocks of fee history that are read.
const HISTORY_BLOCKS: u64 = 10;
/// A chain without demand reports no priority fee; a proposer may still ask for one: 0.001 gwei.
const LEAST_PRIORITY_FEE_WEI: u128 = 1_000_000;

/// One chain, one contract, one account.
pub struct EthereumChain {
    rpc: Rpc,
    quorum: Quorum,
    contract: Address,
    wallet: Wallet,
    max_fee_wei: u128,
}

impl EthereumChain {
    /// A client that publishes through `contract` from `wallet`'s account; sends no request yet.
    ///
    /// - `rpc`: asked for everything that needs one answer.
    /// - `quorum`: asked for what one endpoint could lie about.
    /// - `max_fee_wei`: cap of every offer, wei per gas.
    #[must_use]
    pub fn new(
        rpc: Rpc,
        quorum: Quorum,
        contract: Address,
        wallet: Wallet,
        max_fee_wei: u128,
    ) -> Self {
        Self { rpc, quorum, contract, wallet, max_fee_wei }
    }

    /// Checks that the contract exists and that this account is its publisher.
    fn check(&self, rpc: &Rpc) -> Result<(), ChainError> {
        let answer = self.read(rpc, &registry::publisher_call())?;
        let Some(publisher) = registry::publisher_answer(&answer) else {
            return Err(ChainError::Misconfigured(format!(
                "there is no AnchorRegistry at {} on chain {}",
                self.contract,
                self.rpc.chain_id()
            )));
        };
        if publisher == self.wallet.address() {
            return Ok(());
        }
        Err(ChainError::Misconfigured(format!(
            "the contract {} accepts statements from {publisher} only; the configured key is that of {}",
            self.contract,
            self.wallet.address()
        )))
    }

    /// Calls the contract without a transaction.
    fn read(&self, rpc: &Rpc, data: &[u8]) -> Result<Vec<u8>, RpcError> {
        let call = json!([
            {"to": self.contract.to_string(), "data": quantity::from_bytes(data)}, "latest"
        ]);
        let answer = rpc.call("eth_call", &call)?;
        quantity::to_bytes("result", &answer).map_err(RpcError::shape("eth_call"))
    }

    /// The newest statement for the hub, as one endpoint says.
    fn latest_at(&self, rpc: &Rpc, hub_id: &Hash) -> Result<Option<PublishedHead>, ChainError> {
        self.check(rpc)?;
        let answer = self.read(rpc, &registry::latest_call(&hub_id.0))?;
        let latest = registry::latest_answer(&answer).ok_or_else(|| {
            ChainError::Inconsistent(format!(
                "latest() answered {}, expected two words",
                hex::encode(&answer)
            ))
        })?;
        if latest.size == 0 {
            return Ok(None);
        }
        // The contract stores the block number, so the event is found without searching the whole chain.
        let block = quantity::from_number(latest.block_number.into());
        let filter = json!([{
            "address": self.contract.to_string(),
            "fromBlock": block,
            "toBlock": block,
            "topics": [quantity::from_bytes(&registry::anchored_topic()), quantity::from_bytes(&hub_id.0)],
        }]);
        let logs = rpc.call("eth_getLogs", &filter)?;
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
                return Ok(Some(PublishedHead { size, root: Hash(root) }));
            }
        }
        Err(ChainError::Inconsistent(format!(
            "the contract states size {} in block {}, whose logs do not contain it",
            latest.size, latest.block_number
        )))
    }

    fn market(&self) -> Result<Market, ChainError> {
        const METHOD: &str = "eth_feeHistory";
        let blocks = quantity::from_number(HISTORY_BLOCKS.into());
        let history = self.rpc.call(METHOD, &json!([blocks, "latest", [50.0]]))?;
        // One entry more than blocks: the last is the base fee of the next block.
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

    /// Gas that a call of the contract takes; an error if the contract would refuse it.
    fn estimate_gas(&self, data: &[u8]) -> Result<u64, RpcError> {
        const METHOD: &str = "eth_estimateGas";
        let call = json!({
            "from": self.wallet.address().to_string(),
            "to": self.contract.to_string(),
            "data": quantity::from_bytes(data),
        });
        // Not on top of pending transactions: the one to be replaced would make this one fail.
        let estimate = self.rpc.call(METHOD, &json!([call, "latest"]))?;
        quantity::to_u64("result", &estimate).map_err(RpcError::shape(METHOD))
    }

    fn head(&self) -> Result<u64, RpcError> {
        const METHOD: &str = "eth_blockNumber";
        let number = self.rpc.call(METHOD, &json!([]))?;
        quantity::to_u64("result", &number).map_err(RpcError::shape(METHOD))
    }

    /// All receipts of a block, by its hash, so that a reorganisation cannot mix two blocks.
    fn block_receipts(&self, block: &Value, hash: &[u8; 32]) -> Result<Vec<Value>, ChainError> {
        let by_block = json!([quantity::from_bytes(hash)]);
        if let Ok(Value::Array(receipts)) = self.rpc.call("eth_getBlockReceipts", &by_block) {
            return Ok(receipts);
        }
        // Some providers do not offer receipts by block; all offer them one by one.
        let mut receipts = Vec::new();
        for hash in member(block, "transactions").as_array().into_iter().flatten() {
            receipts.push(self.rpc.call("eth_getTransactionReceipt", &json!([hash]))?);
        }
        Ok(receipts)
    }

    fn mined(&self, receipt: &Value) -> Result<MinedAttempt, ChainError> {
        let shape = RpcError::shape("eth_getTransactionReceipt");
        let block_number =
            quantity::to_u64("blockNumber", member(receipt, "blockNumber")).map_err(&shape)?;
        let gas = quantity::to_u128("gasUsed", member(receipt, "gasUsed")).map_err(&shape)?;
        let price = quantity::to_u128("effectiveGasPrice", member(receipt, "effectiveGasPrice"))
            .unwrap_or_default();
        Ok(MinedAttempt {
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

    /// Builds the trie proof and verifies it with the verifier's own code.
    fn assemble(
        &self,
        statement: &Statement,
        header: Vec<u8>,
        mut receipts: Vec<Vec<u8>>,
        place: usize,
    ) -> Result<AnchorEvidence, ChainError> {
        let transaction_index = place as u64;
        let (_, proof) = receipt_trie_proof(&receipts, transaction_index);
        let receipt = receipts.swap_remove(place);
        let (block, logs) = verify_receipt(&header, transaction_index, &receipt, &proof)
            .map_err(|error| ChainError::Inconsistent(error.to_string()))?;
        let Statement { hub_id, root, size } = statement;
        if !logs.has_anchored(&self.contract.0, &hub_id.0, &root.0, *size) {
            return Err(ChainError::Inconsistent(format!(
                "the receipt in block {} does not hold the event with size {size} and root {root}",
                block.number
            )));
        }
        let block_time = i64::try_from(block.timestamp)
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or_else(|| {
                ChainError::Inconsistent(format!(
                    "block time {} is outside the range of times",
                    block.timestamp
                ))
            })?;
        Ok(AnchorEvidence {
            block_number: block.number,
            block_hash: block.hash,
            block_time,
            header,
            transaction_index,
            receipt,
            proof,
        })
    }
}

impl Chain for EthereumChain {
    fn name(&self) -> String {
        format!("chain {}, contract {}", self.rpc.chain_id(), self.contract)
    }

    fn latest(&self, hub_id: &Hash) -> Result<Option<PublishedHead>, ChainError> {
        let said = match self.quorum.agree_on(|rpc| self.latest_at(rpc, hub_id)) {
            Ok(latest) => return Ok(latest),
            Err(said) => said,
        };
        let needed = self.quorum.needed();
        let answered = said.iter().filter(|(_, answer)| answer.is_ok()).count();
        let is_misconfigured = |error: &ChainError| matches!(error, ChainError::Misconfigured(_));
        let shown = said.iter().map(|(host, answer)| match answer {
            Ok(Some(head)) => format!("{host}: size {} and root {}", head.size, head.root),
            Ok(None) => format!("{host}: nothing published"),
            Err(error) => format!("{host}: {error}"),
        });
        let shown = shown.collect::<Vec<_>>().join("; ");
        let errors: Vec<ChainError> = said.into_iter().filter_map(|(_, said)| said.err()).collect();
        // A lying endpoint alone cannot stop the worker for good.
        let refusing = errors.iter().filter(|error| is_misconfigured(error)).count();
        if (refusing >= needed || answered == 0)
            && let Some(error) =
                errors.into_iter().find(|error| refusing == 0 || is_misconfigured(error))
        {
            return Err(error);
        }
        Err(ChainError::Inconsistent(format!(
            "{needed} endpoints must agree on the hub's newest statement: {shown}"
        )))
    }

    fn confirm(&self, claim: &BlockClaim) -> Confirmation {
        self.quorum.confirm(claim)
    }

    fn prefer_another(&self) {
        self.rpc.prefer_another();
    }

    fn offer(
        &self,
        statement: &Statement,
        replaces: Option<&Attempt>,
        urgency_permille: u128,
        now: Timestamp,
    ) -> Result<Offer, ChainError> {
        let data = registry::anchor_call(&statement.hub_id.0, &statement.root.0, statement.size);
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
        let gas = self.estimate_gas(&data)?;
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
        let signed = self
            .wallet
            .sign(&transaction)
            .map_err(|error| ChainError::Misconfigured(error.to_string()))?;
        Ok(Offer::Attempt(Attempt {
            tx_hash: signed.hash,
            nonce,
            max_fee_wei: fees.max_fee_wei,
            priority_wei: fees.max_priority_fee_wei,
            raw: signed.raw,
            created_at: now,
        }))
    }

    fn send(&self, attempt: &Attempt) -> Result<(), ChainError> {
        let raw = json!([quantity::from_bytes(&attempt.raw)]);
        match self.rpc.call("eth_sendRawTransaction", &raw) {
            Ok(_) => Ok(()),
            // Nodes word it differently: "already known", "already imported", "nonce too low".
            // In each case the next call of `find` tells what became of it.
            Err(RpcError::Refused { message, .. })
                if message.to_lowercase().contains("already")
                    || message.to_lowercase().contains("nonce too low") =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn find(&self, attempts: &[Attempt]) -> Result<AttemptStatus, ChainError> {
        let mut reverted = None;
        for attempt in attempts {
            let hash = json!([quantity::from_bytes(&attempt.tx_hash)]);
            let receipt = self.rpc.call("eth_getTransactionReceipt", &hash)?;
            if receipt.is_null() {
                continue;
            }
            let mined = self.mined(&receipt)?;
            if mined.has_succeeded {
                return Ok(AttemptStatus::Mined(mined));
            }
            reverted.get_or_insert(mined);
        }
        let Some(newest) = attempts.first() else { return Ok(AttemptStatus::Missing) };
        if let Some(mined) = reverted
            && mined.tx_hash == newest.tx_hash
        {
            return Ok(AttemptStatus::Mined(mined));
        }
        for attempt in attempts {
            let hash = json!([quantity::from_bytes(&attempt.tx_hash)]);
            if !self.rpc.call("eth_getTransactionByHash", &hash)?.is_null() {
                return Ok(AttemptStatus::Pending);
            }
        }
        let is_used = self.mined_nonce()? > newest.nonce;
        Ok(if is_used { AttemptStatus::NonceUsed } else { AttemptStatus::Missing })
    }

    fn prove(
        &self,
        statement: &Statement,
        mined: &MinedAttempt,
    ) -> Result<AnchorEvidence, ChainError> {
        let number = quantity::from_number(mined.block_number.into());
        let block = self.rpc.call("eth_getBlockByNumber", &json!([number, false]))?;
        let header = block_json::header(&block).map_err(ChainError::Inconsistent)?;
        let block_hash: [u8; 32] = quantity::to_array("hash", member(&block, "hash"))
            .map_err(RpcError::shape("eth_getBlockByNumber"))?;
        if block_hash != mined.block_hash {
            return Err(ChainError::Inconsistent(format!(
                "block {} has the hash {}, the receipt names {}",
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
            receipts.push(block_json::receipt(receipt).map_err(&shape)?);
        }
        let Some(place) = place else {
            return Err(ChainError::Inconsistent(format!(
                "block {} has no receipt of {}",
                mined.block_number,
                hex::encode(mined.tx_hash)
            )));
        };
        self.assemble(statement, header, receipts, place)
    }

    fn failures(&self) -> u64 {
        self.rpc.failures() + self.quorum.failures()
    }
}
