//! `chopmark keys`: makes and shows the keys of ledgers, bridges and partners.
//!
//! What holds: a secret is written to a file that only its owner can read; it is never printed and never overwritten.
//! What is printed is public, with one exception: a partner's token, which is printed once for its holder.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use ledger::keys::{LedgerKeys, SourceKey};
use process::Randomness;

/// Subcommands of `chopmark keys`.
#[derive(Subcommand)]
pub enum Command {
    /// Makes the signing keys of a ledger (Ed25519 and RSA-PSS-3072) and prints its public keys
    ///
    /// The printed lines go into the policy of everybody who verifies: `log KEY` for a site's ledger, `hub KEY` for the
    /// hub. The file is `keys` of `[[ledger]]`.
    ///
    /// Example: chopmark keys ledger --origin factory.example/line-1 --out keys/factory.pem
    Ledger {
        /// Name of the ledger, for example `factory.example/line-1`
        #[arg(long)]
        origin: String,
        /// File for the secret keys; must not exist yet
        #[arg(long)]
        out: PathBuf,
    },
    /// Makes the signing key of a bridge and prints its public key
    ///
    /// The printed key is `public_key` of `[[bridge]]` at ingest; the file is `key` of `[firmware_bridge]`.
    ///
    /// Example: chopmark keys bridge --out keys/bridge.pem
    Bridge {
        /// File for the secret key; must not exist yet
        #[arg(long)]
        out: PathBuf,
    },
    /// Makes a bearer token for a partner and prints it once, with the SHA-256 for the configuration
    ///
    /// Example: chopmark keys partner
    Partner,
    /// Prints the public keys of a key file
    ///
    /// Example: chopmark keys show keys/factory.pem
    Show {
        /// A file that `keys ledger` or `keys bridge` wrote
        file: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
///
/// If a file exists already, cannot be written, or is no key file.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Ledger { origin, out } => {
            for key in new_ledger(origin, out)?.verifier_keys() {
                println!("{key}");
            }
            eprintln!("secret keys written to {}", out.display());
        }
        Command::Bridge { out } => {
            println!("{}", new_bridge(out)?.public_base64());
            eprintln!("secret key written to {}", out.display());
        }
        Command::Partner => {
            let (token, digest) = new_token()?;
            println!("token         {token}");
            println!("token_sha256  {digest}");
            eprintln!("give the token to the partner; the configuration needs only token_sha256");
        }
        Command::Show { file } => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("could not read {}", file.display()))?;
            if let Ok(keys) = LedgerKeys::from_pem_file(&text) {
                for key in keys.verifier_keys() {
                    println!("{key}");
                }
            } else {
                let key = SourceKey::from_pem(&text).with_context(|| {
                    format!("{} is not a key file of `chopmark keys`", file.display())
                })?;
                println!("{}", key.public_base64());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a ledger's keys in a new file.
pub fn new_ledger(origin: &str, out: &Path) -> anyhow::Result<LedgerKeys> {
    let mut file = create_secret(out)?;
    let keys = LedgerKeys::generate(origin, Randomness::system().source())?;
    file.write_all(keys.to_pem_file().as_bytes())?;
    file.sync_all()?;
    Ok(keys)
}

/// Makes a bridge's key in a new file.
pub fn new_bridge(out: &Path) -> anyhow::Result<SourceKey> {
    let mut file = create_secret(out)?;
    let key = SourceKey::generate(Randomness::system().source())?;
    file.write_all(key.to_pem().as_bytes())?;
    file.sync_all()?;
    Ok(key)
}

/// A new token and its SHA-256, both hex.
pub fn new_token() -> anyhow::Result<(String, String)> {
    let mut bytes = [0; 32];
    Randomness::system()
        .source()
        .fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the operating system gave no random bytes"))?;
    let token = hex::encode(bytes);
    let digest = ledger::hash::sha256(token.as_bytes()).to_string();
    Ok((token, digest))
}

/// Creates a file for a secret: mode 0600, never over an existing one.
pub fn create_secret(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(|| {
        format!("could not create {} (an existing key is never overwritten)", path.display())
    })
}
