//! `[anchor]`: the worker that writes the hub and publishes it on a public chain.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

/// `[anchor]`.
///
/// ```toml
/// [anchor]
/// ledger = "hub.example/1"
/// rpc = ["https://rpc.one.example", "https://rpc.two.example"]
/// chain_id = 11155111
/// contract = "0x5fbdb2315678afecb367f032d93f642f64180aa3"
/// key = "keys/publisher.key"
/// policy = "policy.txt"
/// ```
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorSection {
    /// Origin of the hub, one of the `[[ledger]]` of kind `hub`.
    pub ledger: String,
    /// JSON-RPC endpoints of the chain, in order of preference: one address, or a list of them. `https://…`; plain
    /// `http://…` only to this machine. Name two of different operators: one alone can lie.
    #[serde(deserialize_with = "one_or_more")]
    pub rpc: Vec<String>,
    /// How many endpoints must agree on block, receipt and depth before an anchor is final. Default: 2 where `rpc` has
    /// two or more, else 1.
    #[serde(default)]
    pub rpc_quorum: Option<usize>,
    /// The chain's id (EIP-155); an endpoint of another chain is not used.
    pub chain_id: u64,
    /// Address of `AnchorRegistry`, as `chopmark anchor deploy` printed it.
    pub contract: String,
    /// File with the publisher's private key, mode 0600, as `chopmark anchor new-key` wrote it.
    pub key: PathBuf,
    /// File with the passphrase of `key`, mode 0600, if `key` is encrypted. Default: none.
    #[serde(default)]
    pub key_passphrase_file: Option<PathBuf>,
    /// Name of the systemd credential (`LoadCredential=`) that holds the passphrase of `key`. Default: none.
    #[serde(default)]
    pub key_passphrase_credential: Option<String>,
    /// Address and port to listen on. Default: `127.0.0.1:8083`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Seconds between two collections of new checkpoints, from 1 (0 counts as 1). Default: 600. Shorter costs
    /// more gas.
    #[serde(default = "default_epoch")]
    pub epoch_seconds: u64,
    /// Blocks on top of the anchor's block that make it final. Default: 12. 0 accepts the newest block.
    #[serde(default = "default_confirmations")]
    pub confirmations: u64,
    /// Seconds between two rounds in which final anchors are asked for again, from 10 (less counts as 10). Default: 3600.
    #[serde(default = "default_recheck")]
    pub recheck_seconds: u64,
    /// Seconds that the clocks of this machine, the database and the chain may differ. Default: 300. A block that is
    /// older than its anchor by more, or in the future by more, is refused.
    #[serde(default = "default_slack")]
    pub clock_slack_seconds: u64,
    /// Cap of every fee offer, gwei per gas. Default: 100. Below the base fee, anchors wait.
    #[serde(default = "default_max_fee")]
    pub max_fee_gwei: u64,
    /// Milliseconds between two requests for the state of the chain, from 10 (less counts as 10). Default: 2000.
    #[serde(default = "default_poll")]
    pub poll_ms: u64,
    /// Seconds after which a transaction that no block included is sent again with a higher fee. Default: 90.
    #[serde(default = "default_resend")]
    pub resend_after_seconds: u64,
    /// Policy file that says whose checkpoints enter the hub: the `directory` line, or a line `log KEY` for each key of a
    /// site. Default: none, which is refused with how to write one.
    #[serde(default)]
    pub policy: Option<PathBuf>,
}

/// Endpoints may carry a provider's key; they are not shown.
impl fmt::Debug for AnchorSection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AnchorSection")
            .field("ledger", &self.ledger)
            .field("chain_id", &self.chain_id)
            .field("contract", &self.contract)
            .finish_non_exhaustive()
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8083))
}

fn default_epoch() -> u64 {
    600
}

fn default_confirmations() -> u64 {
    12
}

fn default_recheck() -> u64 {
    3_600
}

fn default_slack() -> u64 {
    300
}

/// One text, or a list of texts.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected an address or a list of addresses")]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }
    Ok(match OneOrMore::deserialize(from)? {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(more) => more,
    })
}

fn default_max_fee() -> u64 {
    100
}

fn default_poll() -> u64 {
    2_000
}

fn default_resend() -> u64 {
    90
}
