//! What the anchor worker must be told, from the one TOML file that all processes share.
//!
//! The way through: [`File`] reads the sections that it needs and passes over those of the other processes by
//! name; [`File::resolve`] loads keys and gives a [`Config`] that holds no path.
//!
//! What holds: an unknown key is an error that names the keys that exist; secrets are never printed; of the
//! sites' keys only the public halves are kept.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ledger::keys::{LedgerKeys, VerifierKey};
use ledger::policy::Policy;
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

use crate::rpc::Rpc;
use crate::target::Target;
use crate::target::evm::Evm;
use crate::transaction::{Address, Wallet, WalletError};

/// Wei in a gwei.
const GWEI: u128 = 1_000_000_000;

/// The TOML file, as far as the anchor worker reads it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Folder that relative paths start from. Default: the folder of the file itself.
    #[serde(default)]
    pub data_dir: Option<PathBuf>,
    /// Where the ledgers are kept.
    pub database: Database,
    /// The ledgers; of those of kind `hub`, the worker writes the one that `[anchor]` names.
    #[serde(default, rename = "ledger")]
    pub ledgers: Vec<LedgerSection>,
    /// The worker's own settings.
    pub anchor: Section,
    #[serde(default, rename = "bridge")]
    _bridges: Option<IgnoredAny>,
    #[serde(default, rename = "partner")]
    _partners: Option<IgnoredAny>,
    #[serde(default, rename = "ingest")]
    _ingest: Option<IgnoredAny>,
    #[serde(default, rename = "trace_api")]
    _trace_api: Option<IgnoredAny>,
    #[serde(default, rename = "firmware_bridge")]
    _firmware_bridge: Option<IgnoredAny>,
    #[serde(default, rename = "log")]
    _log: Option<IgnoredAny>,
}

/// `[database]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgresql://…`. Default: none; then `embedded` must be true.
    #[serde(default)]
    pub url: Option<String>,
    /// Whether `chopmark up` starts a private cluster below `data_dir`. Default: false.
    #[serde(default, rename = "embedded")]
    _embedded: bool,
}

/// `[[ledger]]`, as far as the worker needs it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSection {
    /// Name of the ledger, as its checkpoints carry it.
    pub origin: String,
    /// `site` or `hub`. Default: `site`.
    #[serde(default)]
    pub kind: LedgerKind,
    /// Whose ledger it is.
    pub party: Party,
    /// File with the ledger's signing keys, written by `chopmark keys new`.
    pub keys: PathBuf,
    #[serde(default, rename = "rules")]
    _rules: Option<IgnoredAny>,
}

/// `party` of a ledger.
#[derive(Debug, Clone, Deserialize)]
pub struct Party {
    /// Its name.
    pub name: String,
}

/// What a ledger keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerKind {
    /// Records of one party's site.
    #[default]
    Site,
    /// Checkpoints of all other ledgers.
    Hub,
}

/// `[anchor]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Origin of the hub ledger.
    pub ledger: String,
    /// JSON-RPC endpoints of the chain, in the order of preference.
    pub rpc: Vec<String>,
    /// The chain's id (EIP-155); an endpoint of another chain is not used.
    pub chain_id: u64,
    /// Address of `AnchorRegistry`, as `anchor deploy` printed it.
    pub contract: String,
    /// File with the publisher's private key, mode 0600, as `anchor new-key` wrote it.
    pub key: PathBuf,
    /// Address and port to listen on. Default: `127.0.0.1:8083`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Seconds between two looks for new checkpoints, from 1. Default: 600. Shorter costs more gas.
    #[serde(default = "default_epoch")]
    pub epoch_seconds: u64,
    /// Blocks on top of the anchor's block that make it final. Default: 12. 0 takes the newest block.
    #[serde(default = "default_confirmations")]
    pub confirmations: u64,
    /// Cap of every offer, gwei per gas. Default: 100. Below the base fee, anchors wait.
    #[serde(default = "default_max_fee")]
    pub max_fee_gwei: u64,
    /// Milliseconds between two looks at the chain, from 10. Default: 2000.
    #[serde(default = "default_poll")]
    pub poll_ms: u64,
    /// Seconds after which a transaction that no block took is offered again, dearer. Default: 90.
    #[serde(default = "default_resend")]
    pub resend_after_seconds: u64,
    /// Policy file with the sites' public keys. Default: none; then those of the `[[ledger]]` key files.
    #[serde(default)]
    pub policy: Option<PathBuf>,
}

impl fmt::Debug for Section {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Endpoints may carry a provider's key.
        formatter
            .debug_struct("Section")
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

fn default_max_fee() -> u64 {
    100
}

fn default_poll() -> u64 {
    2_000
}

fn default_resend() -> u64 {
    90
}

/// The hub and what may enter it.
#[derive(Debug)]
pub struct Hub {
    /// Name of the hub.
    pub origin: String,
    /// Whose hub it is.
    pub party: String,
    /// Its signing keys.
    pub keys: LedgerKeys,
    /// Public keys of the ledgers that may enter, by origin.
    pub sites: HashMap<String, Vec<VerifierKey>>,
}

/// When the worker does what.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Between two looks for new checkpoints.
    pub epoch: Duration,
    /// Between two looks at the chain.
    pub poll: Duration,
    /// After which a transaction that no block took is offered again, dearer.
    pub resend_after: Duration,
    /// Blocks on top that make an anchor final.
    pub confirmations: u64,
}

/// Everything the worker needs, loaded and checked.
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The hub.
    pub hub: Hub,
    /// When to do what.
    pub pace: Pace,
    /// The chain's id.
    pub chain_id: u64,
    /// The contract.
    pub contract: Address,
    /// Where to publish.
    pub target: Arc<dyn Target>,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("hub", &self.hub.origin)
            .field("target", &self.target.name())
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("could not read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The text is not what the file must be.
    #[error("{path} is not usable: {source}")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Line, key and what would be right.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A key file is not one.
    #[error("keys at {path} are not usable")]
    Keys {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ledger::keys::KeyError,
    },
    /// The publisher's key is not usable.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// A value is not usable, or two parts of the file contradict each other.
    #[error("{0}")]
    Contradiction(String),
}

impl File {
    /// Reads the file at `path`; relative paths in it start from `data_dir`, or from the file's folder.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with line and key.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        let mut file: Self = toml::from_str(&text).map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        file.data_dir = Some(folder.join(file.data_dir.unwrap_or_default()));
        Ok(file)
    }

    /// Loads keys and checks that the parts fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], naming file and value.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        let base = self.data_dir.clone().unwrap_or_default();
        let section = &self.anchor;
        let Some(hub) = self
            .ledgers
            .iter()
            .find(|ledger| ledger.kind == LedgerKind::Hub && ledger.origin == section.ledger)
        else {
            return Err(ConfigError::Contradiction(format!(
                "[anchor] names the ledger `{}`, but there is no [[ledger]] of that origin with kind = \"hub\"",
                section.ledger
            )));
        };
        if section.rpc.is_empty() {
            let problem = "[anchor] rpc is empty; at least one endpoint would be right";
            return Err(ConfigError::Contradiction(problem.to_owned()));
        }
        let contract: Address = section
            .contract
            .parse()
            .map_err(|error| ConfigError::Contradiction(format!("[anchor] contract: {error}")))?;
        let rpc = Arc::new(Rpc::new(&section.rpc, section.chain_id));
        let wallet = Wallet::load(&base.join(&section.key))?;
        let max_fee_wei = u128::from(section.max_fee_gwei) * GWEI;
        Ok(Config {
            listen: section.listen,
            hub: Hub {
                origin: hub.origin.clone(),
                party: hub.party.name.clone(),
                keys: load_keys(&base, hub)?,
                sites: self.site_keys(&base)?,
            },
            pace: Pace {
                epoch: Duration::from_secs(section.epoch_seconds.max(1)),
                poll: Duration::from_millis(section.poll_ms.max(10)),
                resend_after: Duration::from_secs(section.resend_after_seconds),
                confirmations: section.confirmations,
            },
            chain_id: section.chain_id,
            contract,
            target: Arc::new(Evm::new(rpc, contract, wallet, max_fee_wei)),
        })
    }

    fn site_keys(&self, base: &Path) -> Result<HashMap<String, Vec<VerifierKey>>, ConfigError> {
        let mut sites: HashMap<String, Vec<VerifierKey>> = HashMap::new();
        if let Some(path) = &self.anchor.policy {
            let path = base.join(path);
            let policy: Policy = read(&path)?.parse().map_err(|error| {
                ConfigError::Contradiction(format!("policy {}: {error}", path.display()))
            })?;
            for ledger::policy::TrustedKey { key, .. } in policy.logs {
                sites.entry(key.name().to_owned()).or_default().push(key);
            }
            return Ok(sites);
        }
        for site in self.ledgers.iter().filter(|ledger| ledger.kind == LedgerKind::Site) {
            sites.insert(site.origin.clone(), load_keys(base, site)?.verifier_keys());
        }
        Ok(sites)
    }
}

fn load_keys(base: &Path, section: &LedgerSection) -> Result<LedgerKeys, ConfigError> {
    let path = base.join(&section.keys);
    let keys = LedgerKeys::from_pem_file(&read(&path)?)
        .map_err(|source| ConfigError::Keys { path: path.clone(), source })?;
    if keys.origin() == section.origin {
        return Ok(keys);
    }
    Err(ConfigError::Contradiction(format!(
        "keys at {} sign for `{}`, not for `{}`",
        path.display(),
        keys.origin(),
        section.origin
    )))
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}
