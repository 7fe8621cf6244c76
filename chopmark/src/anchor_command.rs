//! `chopmark anchor`: what is done once before anchors can be published: a key, and the contract.
//!
//! Not here: the worker itself, which is `chopmark up --role anchor`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anchor::rpc::{Rpc, UrlError, check_url};
use anchor::wallet::Wallet;
use anyhow::Context as _;
use clap::Subcommand;
use process::config::log::LogSection;
use process::{Clock, Randomness};

use crate::keys::{Sealing, existing_passphrase};
use crate::terminal::out;

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Makes the private key of a publisher, mode 0600, and prints its address
    ///
    /// The account of that address pays for anchors; send it some of the chain's currency before the first
    /// `chopmark anchor deploy`. An existing file is never overwritten.
    ///
    /// Example: chopmark anchor new-key keys/publisher.key
    #[command(verbatim_doc_comment)]
    NewKey {
        /// The file to write; must not exist yet
        path: PathBuf,
        #[command(flatten)]
        sealing: Sealing,
    },
    /// Deploys the contract `AnchorRegistry` and prints its address
    ///
    /// The printed address is `contract` in `[anchor]`, and `chain ID ADDRESS` in the policy of everybody who
    /// verifies. Only the publisher whose key deployed it can publish to it.
    #[command(
        verbatim_doc_comment,
        after_help = "Example: chopmark anchor deploy --rpc https://rpc.example --chain-id 11155111 --key keys/publisher.key"
    )]
    Deploy {
        /// A JSON-RPC endpoint of the chain
        #[arg(long, value_name = "URL")]
        rpc: String,
        /// The chain's id; an endpoint of another chain is refused
        #[arg(long)]
        chain_id: u64,
        /// The publisher's key file; its account pays
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// File with the passphrase of an encrypted key, mode 0600. Default: it is asked for on the terminal
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// Seconds to wait for the block
        #[arg(long, value_name = "SECONDS", default_value_t = 300)]
        patience_s: u64,
    },
}

/// Runs the command.
///
/// # Errors
///
/// If a file cannot be read or written, or the chain refuses.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let _log = process::log::start(&LogSection::default(), "chopmark-anchor")?;
    match command {
        Command::NewKey { path, sealing } => {
            let (wallet, text) = Wallet::make(Randomness::system().source())?;
            sealing.write(path, &text)?;
            out!("{}", wallet.address());
        }
        Command::Deploy { rpc, chain_id, key, passphrase_file, patience_s } => {
            check_url(rpc).with_context(|| format!("--rpc: expected {}", UrlError::EXPECTED))?;
            let rpc = Rpc::new(std::slice::from_ref(rpc), *chain_id, Clock::system());
            let what = format!("passphrase of {}", key.display());
            let passphrase = || existing_passphrase(&what, passphrase_file.as_deref());
            let wallet = Wallet::load_with(key, passphrase)?;
            let patience = Duration::from_secs(*patience_s);
            out!("{}", anchor::deploy::deploy(&rpc, &wallet, patience)?.contract);
        }
    }
    Ok(ExitCode::SUCCESS)
}
