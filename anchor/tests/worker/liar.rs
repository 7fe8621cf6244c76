//! A proxy before a chain's endpoint that lies: what one endpoint can do that somebody else operates, or that somebody
//! between the machines answers for.
//!
//! The way through: [`Liar::start`] listens on a free port of the loopback address and passes requests on; [`Liar::lie`]
//! sets what it lies about.

use std::sync::{Arc, Mutex};

use anchor::anvil::CHAIN_ID;
use anchor::endpoint::Endpoint;
use anchor::quantity::from_bytes;
use anchor::rpc::Rpc;
use evm::block::{MEMBERS, MemberKind, encode_header};
use evm::proof::receipt_trie_proof;
use evm::receipt::{Log, Outcome, Receipt};
use evm::{keccak256, registry};
use process::Clock;
use serde_json::{Value, json};

/// What it lies about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    None,
    /// It swallows what is sent and invents a final block of that time, seconds since 1970, with a valid proof.
    ForgedAnchor { time: u64 },
    /// It has other blocks at every height.
    OtherBlocks,
}

/// The invented block, of one transaction.
#[derive(Clone)]
struct Forged {
    transaction: [u8; 32],
    block: Value,
    receipt: Value,
}

struct State {
    honest: String,
    lie: Lie,
    forged: Option<Forged>,
}

/// A running proxy; it ends with the process.
pub struct Liar {
    state: Arc<Mutex<State>>,
    url: String,
}

/// Height of the invented block.
pub const FORGED_HEIGHT: u64 = 5_000;

impl Liar {
    /// Starts a proxy before the endpoint `honest`.
    pub fn start(honest: &str, lie: Lie) -> Self {
        let state = State { honest: honest.to_owned(), lie, forged: None };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let url = Endpoint::start(move |request| answer(request, &shared)).unwrap().url();
        Self { state, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lies about something else from now on.
    pub fn lie(&self, lie: Lie) {
        self.state.lock().unwrap().lie = lie;
    }

    /// Whether it has invented a block.
    pub fn has_forged(&self) -> bool {
        self.state.lock().unwrap().forged.is_some()
    }
}

fn answer(request: &Value, state: &Mutex<State>) -> Value {
    let method = request["method"].as_str().unwrap_or_default();
    let params = &request["params"];
    let (honest, lie, forged) = {
        let mut state = state.lock().unwrap();
        if let (Lie::ForgedAnchor { time }, "eth_sendRawTransaction") = (state.lie, method) {
            let raw = hex::decode(params[0].as_str().unwrap_or_default().trim_start_matches("0x"));
            state.forged = Some(forge(&raw.unwrap(), time));
        }
        (state.honest.clone(), state.lie, state.forged.clone())
    };
    let invented = match lie {
        Lie::ForgedAnchor { .. } => forged.and_then(|forged| lie_about(&forged, method, params)),
        Lie::None | Lie::OtherBlocks => None,
    };
    if let Some(result) = invented {
        return json!({"jsonrpc": "2.0", "id": 1, "result": result});
    }
    let rpc = Rpc::new(&[honest], CHAIN_ID, Clock::system());
    match rpc.call(method, params) {
        Ok(mut result) => {
            if lie == Lie::OtherBlocks && method == "eth_getBlockByNumber" && result.is_object() {
                result["hash"] = json!(from_bytes(&[0xee; 32]));
            }
            json!({"jsonrpc": "2.0", "id": 1, "result": result})
        }
        Err(error) => {
            let error = json!({"code": -32000, "message": error.to_string()});
            json!({"jsonrpc": "2.0", "id": 1, "error": error})
        }
    }
}

/// The invented answer to a request; none for what is passed on.
fn lie_about(forged: &Forged, method: &str, params: &Value) -> Option<Value> {
    let height = json!(format!("{FORGED_HEIGHT:#x}"));
    let transaction = json!(from_bytes(&forged.transaction));
    match method {
        "eth_sendRawTransaction" => Some(transaction),
        "eth_blockNumber" => Some(json!(format!("{:#x}", FORGED_HEIGHT + 1_000))),
        "eth_getTransactionReceipt" if params[0] == transaction => Some(forged.receipt.clone()),
        "eth_getBlockByNumber" if params[0] == height => Some(forged.block.clone()),
        "eth_getBlockReceipts" => Some(json!([forged.receipt])),
        _ => None,
    }
}

/// Invents a block with the event that a signed call of `anchor` would cause.
fn forge(raw: &[u8], time: u64) -> Forged {
    let call = registry::anchor_call(&[0; 32], &[0; 32], 0);
    let at = raw.windows(4).position(|bytes| bytes == &call[..4]).unwrap();
    let word = |place: usize| -> [u8; 32] {
        raw[at + 4 + 32 * place..at + 36 + 32 * place].try_into().unwrap()
    };
    // The contract stands before the value (0) and the data (its length in two bytes).
    let contract: [u8; 20] = raw[at - 23..at - 3].try_into().unwrap();
    let topics = vec![registry::anchored_topic(), word(0), word(1)];
    let log = Log { address: contract, topics, data: word(2).to_vec() };
    let receipt = Receipt {
        kind: Some(2),
        outcome: Outcome::Status(vec![1]),
        cumulative_gas: vec![0x75, 0x30],
        bloom: [0; 256],
        logs: vec![log.clone()],
    };
    let (root, _) = receipt_trie_proof(&[receipt.encode()], 0);
    let mut block = json!({});
    let mut members = Vec::new();
    for member in
        MEMBERS.iter().filter(|member| member.is_required || member.name == "baseFeePerGas")
    {
        let bytes = match member.name {
            "receiptsRoot" => root.to_vec(),
            "number" => FORGED_HEIGHT.to_be_bytes().to_vec(),
            "timestamp" => time.to_be_bytes().to_vec(),
            "logsBloom" => vec![0; 256],
            "miner" => vec![7; 20],
            "nonce" => vec![0; 8],
            "extraData" => Vec::new(),
            _ if member.kind == MemberKind::Number => vec![1],
            _ => vec![7; 32],
        };
        block[member.name] = match member.kind {
            MemberKind::Bytes => json!(from_bytes(&bytes)),
            MemberKind::Number => {
                let digits = hex::encode(&bytes);
                json!(format!("0x{}", digits.trim_start_matches('0')))
            }
        };
        members.push((member.kind, bytes));
    }
    let hash = keccak256(&encode_header(&members));
    let transaction = keccak256(raw);
    block["hash"] = json!(from_bytes(&hash));
    block["transactions"] = json!([from_bytes(&transaction)]);
    let receipt = json!({
        "transactionHash": from_bytes(&transaction), "blockHash": from_bytes(&hash),
        "blockNumber": format!("{FORGED_HEIGHT:#x}"), "gasUsed": "0x7530", "cumulativeGasUsed": "0x7530",
        "effectiveGasPrice": "0x1", "status": "0x1", "type": "0x2", "logsBloom": from_bytes(&[0; 256]),
        "logs": [{
            "address": from_bytes(&contract), "data": from_bytes(&log.data),
            "topics": log.topics.iter().map(|topic| from_bytes(topic)).collect::<Vec<_>>(),
        }],
    });
    Forged { transaction, block, receipt }
}
