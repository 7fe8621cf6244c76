//! `chopmark keys`: makes, shows, encrypts and decrypts the keys of ledgers, bridges and partners.
//!
//! What holds: a secret is written to a file that only its owner can read; it is never printed and never overwritten by
//! another one. What is printed is public, with one exception: a partner's token, which is printed once for its holder.
//!
//! Not here: reading and encrypting key files, keys in a token (`keystore`).
//!
//! Source: docs/formats/key-file-v1.md.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anchor::wallet::Wallet;
use anyhow::Context as _;
use clap::Subcommand;
use keystore::source::{Source, SourceError};
use keystore::uri::TokenUri;
use keystore::{Passphrase, armour, private, prompt, token};
use ledger::json::{Json, object};
use ledger::keys::{LedgerKeys, SourceKey, VerifierKey};
use process::Randomness;

use crate::terminal::{self, out, problem};

/// Subcommands of `chopmark keys`.
#[derive(Subcommand)]
pub enum Command {
    /// Makes the signing keys of a ledger (Ed25519 and RSA-PSS-3072) and prints its public keys
    ///
    /// The printed lines go into the policy of everybody who verifies: `log KEY` for a site's ledger, `hub KEY` for the
    /// hub. The file, or the address of the token, is `keys` of `[[ledger]]`.
    ///
    /// With --json one object, that of `keys show`: `kind` (`ledger`), `encrypted`, `origin`, `verifier_keys` (a list).
    ///
    /// Example: chopmark keys ledger --origin factory.example/line-1 --out keys/factory.pem --encrypt
    ///
    /// Example: chopmark keys ledger --origin factory.example/line-1
    /// --pkcs11 'pkcs11:token=site;object=factory?module-path=/usr/lib/softhsm/libsofthsm2.so'
    Ledger {
        /// Name of the ledger, for example `factory.example/line-1`
        #[arg(long)]
        origin: String,
        /// File for the secret keys; must not exist yet
        #[arg(long, required_unless_present = "pkcs11")]
        out: Option<PathBuf>,
        /// Makes the keys in a token (HSM) instead, which they never leave: its address, RFC 7512
        #[arg(long, value_name = "URI", conflicts_with_all = ["out", "encrypt"])]
        pkcs11: Option<String>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        sealing: Sealing,
    },
    /// Makes the signing key of a bridge and prints its public key
    ///
    /// The printed key is `public_key` of `[[bridge]]` at ingest, or one of `public_keys` while it is changed; the file
    /// is `key` of `[firmware_bridge]`.
    ///
    /// With --json one object, that of `keys show`: `kind` (`source`), `encrypted`, `public_key`.
    ///
    /// Example: chopmark keys bridge --out keys/bridge.pem
    Bridge {
        /// File for the secret key; must not exist yet
        #[arg(long)]
        out: PathBuf,
        /// Prints JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        sealing: Sealing,
    },
    /// Makes a bearer token for a partner and prints it once, with the SHA-256 for the configuration
    ///
    /// With --json one object: `token`, `token_sha256`.
    ///
    /// Example: chopmark keys partner
    Partner {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the public keys of a key file; of a publisher's key, its address
    ///
    /// With --json one object: `kind` (`ledger`, `source`, `publisher`), `encrypted`, and of a ledger `origin` and `verifier_keys` (a
    /// list), of a source (a bridge) `public_key`, of a publisher `address`.
    ///
    /// Example: chopmark keys show keys/factory.pem
    Show {
        /// Prints JSON
        #[arg(long)]
        json: bool,
        /// A file that `keys ledger`, `keys bridge` or `anchor new-key` wrote
        file: PathBuf,
        /// File with the passphrase, mode 0600. Default: it is asked for on the terminal
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Encrypts a key file with a passphrase, in its place
    ///
    /// What the disk held before may still be found on it by who has the disk: make keys with `--encrypt` where that
    /// matters.
    ///
    /// Example: chopmark keys encrypt keys/factory.pem
    Encrypt {
        /// A file that `keys ledger`, `keys bridge` or `anchor new-key` wrote
        file: PathBuf,
        /// File with the passphrase, mode 0600. Default: it is asked for on the terminal
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Decrypts a key file, in its place
    ///
    /// Example: chopmark keys decrypt keys/factory.pem
    Decrypt {
        /// A file that `keys encrypt` wrote, or a command with `--encrypt`
        file: PathBuf,
        /// File with the passphrase, mode 0600. Default: it is asked for on the terminal
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
}

/// Whether a new key file is encrypted, and with what.
#[derive(clap::Args)]
pub struct Sealing {
    /// Encrypts the file with a passphrase
    #[arg(long)]
    pub encrypt: bool,
    /// File with the passphrase, or the PIN of the token, mode 0600. Default: it is asked for on the terminal
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl Sealing {
    /// Writes a new key file, encrypted if that was asked for.
    ///
    /// # Errors
    ///
    /// If the file exists or cannot be written, or there is no passphrase.
    pub fn write(&self, out: &Path, text: &str) -> anyhow::Result<()> {
        if self.encrypt {
            let passphrase = new_passphrase(out, self.passphrase_file.as_deref())?;
            return Ok(private::create(out, &sealed(text, &passphrase)?)?);
        }
        Ok(private::create(out, text)?)
    }
}

/// Runs the command.
///
/// # Errors
///
/// If a file exists already, cannot be written, or is no key file.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Ledger { origin, out, pkcs11, json, sealing } => {
            let keys = new_ledger(origin, out.as_deref(), pkcs11.as_deref(), sealing)?;
            PublicKeys::Ledger(keys).print(sealing.encrypt, *json);
            match out {
                Some(out) => problem!("secret keys written to {}", out.display()),
                None => problem!("the secret keys are in the token and cannot leave it"),
            }
        }
        Command::Bridge { out, json, sealing } => {
            let key = SourceKey::generate(Randomness::system().source())?;
            sealing.write(out, &key.to_pem())?;
            PublicKeys::Source(key.public_base64()).print(sealing.encrypt, *json);
            problem!("secret key written to {}", out.display());
        }
        Command::Partner { json } => {
            let (token, digest) = new_token()?;
            if *json {
                let members = [("token", Json::from(token)), ("token_sha256", Json::from(digest))];
                terminal::json(&object(members).canonical());
            } else {
                out!("token         {token}");
                out!("token_sha256  {digest}");
            }
            problem!("give the token to the partner; the configuration needs only token_sha256");
        }
        Command::Show { json, file, passphrase_file } => {
            show(file, passphrase_file.as_deref(), *json)?;
        }
        Command::Encrypt { file, passphrase_file } => {
            let text = private::read(file)?;
            anyhow::ensure!(!armour::is_armoured(&text), "{} is encrypted already", file.display());
            public_keys(&text, file)?;
            let passphrase = new_passphrase(file, passphrase_file.as_deref())?;
            private::replace(file, &sealed(&text, &passphrase)?)?;
            problem!("{} is encrypted now", file.display());
        }
        Command::Decrypt { file, passphrase_file } => {
            let opened = open(file, passphrase_file.as_deref())?;
            anyhow::ensure!(opened.was_encrypted, "{} is not encrypted", file.display());
            private::replace(file, &opened.text)?;
            problem!("{} is not encrypted any more", file.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a ledger's keys, in a file or in a token; gives the public ones.
fn new_ledger(
    origin: &str,
    out: Option<&Path>,
    pkcs11: Option<&str>,
    sealing: &Sealing,
) -> anyhow::Result<Vec<VerifierKey>> {
    let keys = if let Some(uri) = pkcs11 {
        let uri: TokenUri = uri.parse()?;
        let file = sealing.passphrase_file.as_deref().or(uri.pin_file());
        let pin = existing_passphrase(&format!("PIN of {uri}"), file)?;
        token::generate(&uri, origin, &pin)?
    } else {
        let keys = LedgerKeys::generate(origin, Randomness::system().source())?;
        let out = out.context("got no --out, expected the file for the secret keys")?;
        sealing.write(out, &keys.to_pem_file())?;
        keys
    };
    Ok(keys.verifier_keys())
}

fn show(file: &Path, passphrase_file: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let opened = open(file, passphrase_file)?;
    public_keys(&opened.text, file)?.print(opened.was_encrypted, json);
    Ok(())
}

/// What others may know of the keys in a file.
enum PublicKeys {
    /// Verifier keys of a ledger, Ed25519 first.
    Ledger(Vec<VerifierKey>),
    /// Address of a publisher.
    Publisher(String),
    /// Public key of a bridge, base64.
    Source(String),
}

impl PublicKeys {
    /// Prints them, one a line or as one JSON object.
    ///
    /// - `is_encrypted`: whether the file of the secret ones is.
    fn print(&self, is_encrypted: bool, json: bool) {
        if json {
            let members = [("encrypted", Json::from(is_encrypted))].into_iter();
            return terminal::json(&object(members.chain(self.to_json())).canonical());
        }
        for key in self.lines() {
            out!("{key}");
        }
    }

    /// One line each.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Ledger(keys) => keys.iter().map(ToString::to_string).collect(),
            Self::Publisher(text) | Self::Source(text) => vec![text.clone()],
        }
    }

    /// Members of the object.
    fn to_json(&self) -> Vec<(&'static str, Json)> {
        match self {
            Self::Ledger(keys) => {
                let origin = keys.first().map_or(Json::Null, |key| Json::from(key.name()));
                let texts = self.lines().into_iter().map(Json::from).collect();
                vec![
                    ("kind", Json::from("ledger")),
                    ("origin", origin),
                    ("verifier_keys", Json::Array(texts)),
                ]
            }
            Self::Publisher(address) => {
                vec![("kind", Json::from("publisher")), ("address", Json::from(address.as_str()))]
            }
            Self::Source(key) => {
                vec![("kind", Json::from("source")), ("public_key", Json::from(key.as_str()))]
            }
        }
    }
}

/// What others may know of the keys in `text`.
fn public_keys(text: &str, file: &Path) -> anyhow::Result<PublicKeys> {
    if let Ok(keys) = LedgerKeys::from_pem_file(text) {
        return Ok(PublicKeys::Ledger(keys.verifier_keys()));
    }
    if let Ok(wallet) = Wallet::from_hex(text, "") {
        return Ok(PublicKeys::Publisher(wallet.address().to_string()));
    }
    let key = SourceKey::from_pem(text).with_context(|| {
        format!("{} is not a key file of `chopmark keys` or `chopmark anchor`", file.display())
    })?;
    Ok(PublicKeys::Source(key.public_base64()))
}

/// Opens a key file; the passphrase of an encrypted one is asked for if no file has it.
///
/// # Errors
///
/// If it cannot be read, others could use it, or the passphrase is wrong.
pub fn open(file: &Path, passphrase_file: Option<&Path>) -> anyhow::Result<keystore::file::Opened> {
    let passphrase = || existing_passphrase(&question(file), passphrase_file);
    Ok(keystore::file::open(file, passphrase)?)
}

fn question(file: &Path) -> String {
    format!("passphrase of {}", file.display())
}

/// The passphrase of something that exists: from the file, or from the person at the terminal.
///
/// # Errors
///
/// [`SourceError`].
pub fn existing_passphrase(what: &str, file: Option<&Path>) -> Result<Passphrase, SourceError> {
    match file {
        Some(_) => Source { file, credential: None }.read(None),
        None => prompt::ask(what),
    }
}

fn new_passphrase(out: &Path, file: Option<&Path>) -> Result<Passphrase, SourceError> {
    match file {
        Some(_) => Ok(Source { file, credential: None }.read(None)?.for_encrypting()?),
        None => prompt::ask_twice(&question(out)),
    }
}

/// The text of a key file, encrypted.
///
/// # Errors
///
/// If the operating system gives no random bytes.
pub fn sealed(text: &str, passphrase: &Passphrase) -> anyhow::Result<String> {
    Ok(armour::seal(text, passphrase, armour::USUAL, Randomness::system().source())?)
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
