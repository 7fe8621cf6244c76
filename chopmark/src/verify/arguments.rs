//! What `chopmark verify` is given.

use std::path::PathBuf;

/// What to verify, and whom to trust.
#[derive(clap::Args)]
pub struct Arguments {
    /// A bundle, an evidence pack (ZIP), the signature of an export (FILE.sig, beside FILE and FILE.manifest.json), a C2SP tlog-proof or a Sigsum proof; `-` is standard input, here and where a file is named below
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
    /// Prints the report as JSON: `outcome` (`proved`, `refuted`, `cannot tell`), `item`, `checks` (list of `name`, `outcome`,
    /// `detail`), `records` (list of `origin`, `index`, `fields`, whose values are the JSON of the event), `asked` (list of
    /// `endpoint`, `method`, `about`, `answer`). Of another log's proof `proof` and `entry` in place of `item`, `records`, `asked`
    #[arg(long)]
    pub(super) json: bool,
}

impl Arguments {
    /// How many of the files are standard input, which can be read only once.
    pub(super) fn standard_inputs(&self) -> usize {
        let files = [Some(&self.file), self.policy.as_ref(), self.data.as_ref()];
        files.into_iter().flatten().filter(|file| crate::input::is_standard(file)).count()
    }
}
