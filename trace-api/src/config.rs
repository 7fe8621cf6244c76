//! What trace-api must be told, from the section `[trace_api]` of the shared TOML file.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ledger::policy::Policy;
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

/// The TOML file, as far as trace-api reads it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Folder that relative paths start from. Default: the folder of the file.
    #[serde(default)]
    data_dir: Option<PathBuf>,
    /// Where the ledgers are kept.
    pub database: Database,
    trace_api: Section,
    #[serde(default, rename = "ledger")]
    _ledger: Option<IgnoredAny>,
    #[serde(default, rename = "ingest")]
    _ingest: Option<IgnoredAny>,
    #[serde(default, rename = "bridge")]
    _bridge: Option<IgnoredAny>,
    #[serde(default, rename = "partner")]
    _partner: Option<IgnoredAny>,
    #[serde(default, rename = "anchor")]
    _anchor: Option<IgnoredAny>,
    #[serde(default, rename = "firmware_bridge")]
    _firmware_bridge: Option<IgnoredAny>,
    #[serde(default, rename = "log")]
    _log: Option<IgnoredAny>,
}

/// `[database]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgresql://…`.
    #[serde(default)]
    pub url: Option<String>,
    /// Whether `chopmark up` starts a private cluster.
    #[serde(default, rename = "embedded")]
    _embedded: bool,
}

/// `[trace_api]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Address and port to listen on. Default: `127.0.0.1:8084`.
    #[serde(default = "default_listen")]
    listen: SocketAddr,
    /// Address that people see, for permanent links.
    public_url: String,
    /// Policy file: the keys that checkpoints must be signed with.
    policy: PathBuf,
    /// File with the secret under which devices are remembered.
    scan_secret: PathBuf,
    /// Addresses whose `Chopmark-Place` and `X-Forwarded-For` are believed. Default: none.
    #[serde(default)]
    trusted_proxies: Vec<IpAddr>,
    /// Origin of the hub. Default: none; then nothing is said of anchors.
    #[serde(default)]
    hub: Option<String>,
    /// Where suspicions are reported, a URL or `mailto:`. Default: none.
    #[serde(default)]
    report_contact: Option<String>,
    /// What pages say of products.
    #[serde(default, rename = "product")]
    products: Vec<Product>,
    /// What pages call places.
    #[serde(default, rename = "place")]
    places: Vec<PlaceName>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8084))
}

/// `[[trace_api.product]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// GTIN, 14 digits.
    pub gtin: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Features of the pack to compare by eye, Chinese.
    pub pack_zh: String,
    /// Features of the pack to compare by eye, English.
    pub pack_en: String,
}

/// `[[trace_api.place]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceName {
    /// SGLN URI.
    pub sgln: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
}

/// Everything trace-api needs, loaded and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Address that people see, without a slash at the end.
    pub public_url: String,
    /// Trust roots.
    pub policy: Policy,
    /// Their text, as `/policy` shows it.
    pub policy_text: String,
    /// Secret under which devices are remembered.
    pub scan_secret: Vec<u8>,
    /// Addresses that are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Origin of the hub.
    pub hub: Option<String>,
    /// Where suspicions are reported.
    pub report_contact: Option<String>,
    /// Products.
    pub products: Vec<Product>,
    /// Places.
    pub places: Vec<PlaceName>,
}

/// Why the configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("could not read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The text is not what the file must be.
    #[error("{path} is not usable: {source}")]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Line, key and what would be right.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The policy is none.
    #[error("policy at {path} is not usable: {problem}")]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Line and what would be right.
        problem: String,
    },
    /// The secret is too short.
    #[error("scan_secret at {0} has fewer than 16 bytes")]
    Secret(PathBuf),
}

impl File {
    /// Reads the file.
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

    /// Loads policy and secret.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn resolve(self) -> Result<Config, ConfigError> {
        let base = self.data_dir.unwrap_or_default();
        let section = self.trace_api;
        let policy_path = base.join(&section.policy);
        let policy_text = read(&policy_path)?;
        let policy = policy_text.parse().map_err(|error: ledger::policy::PolicyError| {
            ConfigError::Policy { path: policy_path, problem: error.to_string() }
        })?;
        let secret_path = base.join(&section.scan_secret);
        let scan_secret = read(&secret_path)?.trim().as_bytes().to_vec();
        if scan_secret.len() < 16 {
            return Err(ConfigError::Secret(secret_path));
        }
        Ok(Config {
            listen: section.listen,
            public_url: section.public_url.trim_end_matches('/').to_owned(),
            policy,
            policy_text,
            scan_secret,
            trusted_proxies: section.trusted_proxies,
            hub: section.hub,
            report_contact: section.report_contact,
            products: section.products,
            places: section.places,
        })
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}
