//! What `chopmark verify` is given.

use std::path::PathBuf;

/// What to verify, and whom to trust.
#[derive(clap::Args)]
pub struct Arguments {
    /// A bundle, a C2SP tlog-proof or a Sigsum proof
    pub(super) file: PathBuf,
    /// The policy file. For a bundle: one line that pins a directory, or the keys and the contract that you trust. For a
    /// proof of another log: its logs, witnesses and quorum. Without it the outcome is cannot tell
    #[arg(long)]
    pub(super) policy: Option<PathBuf>,
    /// Of a proof of another log: the file that is said to be in the log
    #[arg(long, value_name = "FILE", conflicts_with_all = ["digest", "leaf"])]
    pub(super) data: Option<PathBuf>,
    /// Of a Sigsum proof, in place of --data: the file's SHA-256, 64 hex digits
    #[arg(long, value_name = "SHA256", conflicts_with = "leaf")]
    pub(super) digest: Option<String>,
    /// Of a proof of another log, in place of --data: the hash of the leaf, 64 hex digits
    #[arg(long, value_name = "HASH")]
    pub(super) leaf: Option<String>,
    /// Of a Sigsum proof: a key that may submit the data, as 64 hex digits or `ssh-ed25519 AAAA…`
    #[arg(long, value_name = "KEY", conflicts_with = "leaf")]
    pub(super) submitter: Vec<String>,
    /// A JSON-RPC endpoint of the chain, to check that the anchor's block is on it; name two of different operators,
    /// because one alone can lie. `https`, or plain `http` to this machine
    #[arg(long, value_name = "URL")]
    pub(super) rpc: Vec<String>,
    /// How many endpoints must agree. Default: 2 where two or more are named, else 1
    #[arg(long, value_name = "N", requires = "rpc")]
    pub(super) rpc_quorum: Option<usize>,
    /// Blocks on top of the anchor's block before it counts as final
    #[arg(long, default_value_t = 1)]
    pub(super) confirmations: u64,
    /// Prints the report as JSON
    #[arg(long)]
    pub(super) json: bool,
}
