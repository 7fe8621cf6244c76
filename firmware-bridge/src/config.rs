//! What a bridge must be told, from the section `[firmware_bridge]` of the shared TOML file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger::keys::SourceKey;
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

/// The TOML file, as far as the bridge reads it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Folder that relative paths start from. Default: the folder of the file.
    #[serde(default)]
    data_dir: Option<PathBuf>,
    firmware_bridge: Section,
    #[serde(default, rename = "database")]
    _database: Option<IgnoredAny>,
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
    #[serde(default, rename = "trace_api")]
    _trace_api: Option<IgnoredAny>,
    #[serde(default, rename = "log")]
    _log: Option<IgnoredAny>,
}

/// `[firmware_bridge]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// Name of the bridge, as ingest knows it.
    id: String,
    /// File with its signing key, from `chopmark keys bridge`.
    key: PathBuf,
    /// Its spool. Default: `spool.sqlite`.
    #[serde(default = "default_spool")]
    spool: PathBuf,
    /// Base address of ingest.
    ingest_url: String,
    /// Where health and metrics are served. Default: `127.0.0.1:8082`.
    #[serde(default = "default_listen")]
    listen: SocketAddr,
    /// Hours that raw windows are kept after closing. Default: 72.
    #[serde(default = "default_keep")]
    keep_windows_h: u32,
    /// Bytes of the spool beyond which raw reads are dropped (deliveries never). Default: 1 GiB.
    #[serde(default = "default_max")]
    max_spool_bytes: u64,
    /// The readers and sensors.
    #[serde(default, rename = "reader")]
    readers: Vec<Reader>,
}

fn default_spool() -> PathBuf {
    PathBuf::from("spool.sqlite")
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8082))
}

fn default_keep() -> u32 {
    72
}

fn default_max() -> u64 {
    1 << 30
}

/// `[[firmware_bridge.reader]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// Name of the reader, unique in its bridge.
    pub id: String,
    /// Where it reads, SGLN URI.
    pub read_point: String,
    /// When windows close. Default: portal.
    #[serde(default)]
    pub settle: Settle,
    /// What it is and how it is reached.
    pub device: Device,
}

/// When windows close.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// Milliseconds without a read after which a window closes. Default: 1500; public captures of moving tags
    /// show gaps of up to 1.3 s, so less cuts one pass in two.
    #[serde(default = "default_quiet")]
    pub quiet_ms: u64,
    /// Milliseconds after which a window closes in any case. Default: 60000.
    #[serde(default = "default_longest")]
    pub longest_ms: u64,
}

fn default_quiet() -> u64 {
    1500
}

fn default_longest() -> u64 {
    60_000
}

impl Default for Settle {
    fn default() -> Self {
        Self { quiet_ms: default_quiet(), longest_ms: default_longest() }
    }
}

impl Settle {
    /// Time without a read after which a window closes.
    #[must_use]
    pub fn quiet(self) -> Duration {
        Duration::from_millis(self.quiet_ms)
    }

    /// Time after which a window closes in any case.
    #[must_use]
    pub fn longest(self) -> Duration {
        Duration::from_millis(self.longest_ms)
    }
}

/// What a reader is and how it is reached: `device.r200.port = "/dev/serial/by-id/…"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Device {
    /// R200, YRM100, M100 family, serial.
    R200 {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 115200.
        #[serde(default = "r200_baud")]
        baud: u32,
        /// Transmit power in dBm. Default: 20.
        #[serde(default = "r200_power")]
        power_dbm: f64,
    },
    /// Impinj R700, MQTT.
    ImpinjR700 {
        /// Broker, `host:port`.
        broker: String,
        /// Topic that the reader publishes to.
        topic: String,
        /// User name, if the broker asks for one.
        #[serde(default)]
        user: Option<String>,
        /// File with the password.
        #[serde(default)]
        password_file: Option<PathBuf>,
    },
    /// XY-MD02 temperature and humidity sensor, Modbus RTU over serial.
    XyMd02 {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 9600.
        #[serde(default = "modbus_baud")]
        baud: u32,
        /// Modbus address. Default: 1.
        #[serde(default = "modbus_address")]
        address: u8,
        /// Identifier of the sensor, a URI.
        sensor: String,
        /// Milliseconds between questions. Default: 10000.
        #[serde(default = "modbus_every")]
        every_ms: u64,
    },
}

fn r200_baud() -> u32 {
    115_200
}

fn r200_power() -> f64 {
    20.0
}

fn modbus_baud() -> u32 {
    9600
}

fn modbus_address() -> u8 {
    1
}

fn modbus_every() -> u64 {
    10_000
}

/// Everything a bridge needs, loaded and checked.
#[derive(Debug)]
pub struct Config {
    /// Its name.
    pub id: String,
    /// Its signing key.
    pub key: SourceKey,
    /// Its spool.
    pub spool: PathBuf,
    /// Base address of ingest.
    pub ingest_url: String,
    /// Where health and metrics are served.
    pub listen: SocketAddr,
    /// Hours that raw windows are kept.
    pub keep_windows_h: u32,
    /// Bytes beyond which raw reads are dropped.
    pub max_spool_bytes: u64,
    /// Readers and sensors.
    pub readers: Vec<Reader>,
    /// Folder that relative paths start from.
    pub base: PathBuf,
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
    /// The key file is none.
    #[error("key at {path} is not usable")]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: ledger::keys::KeyError,
    },
    /// A value makes no sense.
    #[error("{0}")]
    Value(String),
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

    /// Loads the key and checks the readers.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], naming reader and value.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        let base = self.data_dir.unwrap_or_default();
        let section = self.firmware_bridge;
        let key_path = base.join(&section.key);
        let key = SourceKey::from_pem(&read(&key_path)?)
            .map_err(|source| ConfigError::Key { path: key_path, source })?;
        let mut seen = std::collections::HashSet::new();
        for reader in &section.readers {
            if !seen.insert(&reader.id) {
                return Err(ConfigError::Value(format!("reader `{}` stands twice", reader.id)));
            }
            let is_place = epc::Epc::from_uri(&reader.read_point)
                .is_ok_and(|e| e.scheme() == epc::Scheme::Sgln);
            if !is_place {
                return Err(ConfigError::Value(format!(
                    "read_point `{}` of reader `{}` is no location; `urn:epc:id:sgln:…` would be right",
                    reader.read_point, reader.id
                )));
            }
        }
        Ok(Config {
            id: section.id,
            key,
            spool: base.join(section.spool),
            ingest_url: section.ingest_url,
            listen: section.listen,
            keep_windows_h: section.keep_windows_h,
            max_spool_bytes: section.max_spool_bytes,
            readers: section.readers,
            base,
        })
    }
}

pub(crate) fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}
