//! What ingest must be told, from the one TOML file that all processes share.
//!
//! The way through: [`File`] reads the sections that ingest needs and passes over those of the other
//! processes by name; [`File::resolve`] loads keys and rules and gives a [`Config`] that holds no path.
//!
//! What holds: an unknown key is an error that names the keys that exist; secrets are never printed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ledger::keys::{LedgerKeys, SourceVerifier};
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

use crate::compose::Party;
use crate::rules::{RulesError, SiteRules};

/// The TOML file, as far as ingest reads it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Folder that relative paths start from. Default: the folder of the file itself.
    #[serde(default)]
    pub data_dir: Option<PathBuf>,
    /// Where the ledgers are kept.
    pub database: Database,
    /// The ledgers; ingest writes those of kind `site`.
    #[serde(default, rename = "ledger")]
    pub ledgers: Vec<LedgerSection>,
    /// Ingest's own settings.
    pub ingest: Section,
    /// Bridges that may deliver.
    #[serde(default, rename = "bridge")]
    pub bridges: Vec<BridgeSection>,
    /// Partners that may send documents.
    #[serde(default, rename = "partner")]
    pub partners: Vec<PartnerSection>,
    #[serde(default, rename = "anchor")]
    _anchor: Option<IgnoredAny>,
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
    #[serde(default)]
    pub embedded: bool,
}

/// `[[ledger]]`.
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
    /// File with the site's rules. Default: none; then only documents are taken, no observations.
    #[serde(default)]
    pub rules: Option<PathBuf>,
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

/// `[ingest]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Address and port to listen on. Default: `127.0.0.1:8081`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Largest body taken, in bytes. Default: 16777216 (16 MiB).
    #[serde(default = "default_max_body")]
    pub max_body_bytes: usize,
    /// Most jobs that share one commit. Default: 256. More waits for the next commit.
    #[serde(default = "default_group")]
    pub group_commit_max_jobs: usize,
    /// Seconds that a sender waits for the ledger before it is told to try again. Default: 30.
    #[serde(default = "default_wait")]
    pub answer_within_s: u64,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8081))
}

fn default_max_body() -> usize {
    16 * 1024 * 1024
}

fn default_group() -> usize {
    256
}

fn default_wait() -> u64 {
    30
}

/// `[[bridge]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeSection {
    /// Name of the bridge, as it calls itself.
    pub id: String,
    /// Its Ed25519 public key, base64, as `chopmark keys` prints it.
    pub public_key: String,
    /// Origin of the ledger that its observations go to.
    pub ledger: String,
}

/// `[[partner]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerSection {
    /// Name of the partner.
    pub name: String,
    /// SHA-256 of its bearer token, 64 hex digits. The token itself is nowhere in the file.
    pub token_sha256: String,
    /// Origin of the ledger that its documents go to.
    pub ledger: String,
}

/// A ledger that ingest writes, with everything loaded.
#[derive(Debug)]
pub struct Site {
    /// Name of the ledger.
    pub origin: String,
    /// Whose ledger it is.
    pub party: Party,
    /// Its signing keys.
    pub keys: LedgerKeys,
    /// Its rules, if observations are taken.
    pub rules: Option<SiteRules>,
}

/// A bridge that may deliver.
#[derive(Debug)]
pub struct Bridge {
    /// Its public key.
    pub key: SourceVerifier,
    /// Origin of its ledger.
    pub ledger: String,
}

/// A partner that may send documents.
#[derive(Debug)]
pub struct Partner {
    /// Its name.
    pub name: String,
    /// Origin of its ledger.
    pub ledger: String,
}

/// Everything ingest needs, loaded and checked.
#[derive(Debug)]
pub struct Config {
    /// Its own settings.
    pub settings: Section,
    /// The ledgers it writes.
    pub sites: Vec<Site>,
    /// Bridges by id.
    pub bridges: HashMap<String, Bridge>,
    /// Partners by the SHA-256 of their token, lowercase hex.
    pub partners: HashMap<String, Partner>,
}

/// Why the configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file could not be read.
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
    /// The rules of a site are not usable.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Two parts of the file contradict each other.
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

    /// Loads keys and rules and checks that the parts fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], naming file and value.
    pub fn resolve(&self) -> Result<Config, ConfigError> {
        let base = self.data_dir.clone().unwrap_or_default();
        let mut sites = Vec::new();
        for section in self.ledgers.iter().filter(|ledger| ledger.kind == LedgerKind::Site) {
            let keys_path = base.join(&section.keys);
            let keys = LedgerKeys::from_pem_file(&read(&keys_path)?)
                .map_err(|source| ConfigError::Keys { path: keys_path.clone(), source })?;
            if keys.origin() != section.origin {
                return Err(ConfigError::Contradiction(format!(
                    "keys at {} sign for `{}`, not for `{}`",
                    keys_path.display(),
                    keys.origin(),
                    section.origin
                )));
            }
            let rules = section.rules.as_ref().map(|path| SiteRules::load(&base.join(path)));
            sites.push(Site {
                origin: section.origin.clone(),
                party: section.party.clone(),
                keys,
                rules: rules.transpose()?,
            });
        }
        let known = |ledger: &str, who: &str| {
            if sites.iter().any(|site| site.origin == ledger) {
                return Ok(());
            }
            let names: Vec<&str> = sites.iter().map(|site| site.origin.as_str()).collect();
            Err(ConfigError::Contradiction(format!(
                "{who} names the ledger `{ledger}`, which is none of: {}",
                names.join(", ")
            )))
        };
        let mut bridges = HashMap::new();
        for bridge in &self.bridges {
            known(&bridge.ledger, &format!("bridge `{}`", bridge.id))?;
            let key = SourceVerifier::from_base64(&bridge.public_key).map_err(|error| {
                ConfigError::Contradiction(format!("public_key of bridge `{}`: {error}", bridge.id))
            })?;
            let entry = Bridge { key, ledger: bridge.ledger.clone() };
            if bridges.insert(bridge.id.clone(), entry).is_some() {
                return Err(ConfigError::Contradiction(format!(
                    "bridge `{}` stands twice",
                    bridge.id
                )));
            }
        }
        let mut partners = HashMap::new();
        for partner in &self.partners {
            known(&partner.ledger, &format!("partner `{}`", partner.name))?;
            let token = partner.token_sha256.to_lowercase();
            if token.len() != 64 || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(ConfigError::Contradiction(format!(
                    "token_sha256 of partner `{}` is not 64 hex digits",
                    partner.name
                )));
            }
            let entry = Partner { name: partner.name.clone(), ledger: partner.ledger.clone() };
            partners.insert(token, entry);
        }
        Ok(Config { settings: self.ingest.clone(), sites, bridges, partners })
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}
