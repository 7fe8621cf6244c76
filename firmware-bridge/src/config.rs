//! The configuration of a bridge, from the section `[firmware_bridge]` of the shared TOML file.

mod broker_at;
pub mod device;
mod error;
pub mod settle;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use ledger::keys::SourceKey;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use settling::settings::ReaderSettings;

pub use self::device::Device;
pub use self::error::ConfigError;
use self::error::read;
pub use self::settle::Settle;

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
    /// Hours that raw windows are kept after closing, at most 87600. Default: 72.
    #[serde(default = "default_keep")]
    keep_windows_h: u32,
    /// Bytes of the spool beyond which raw reads are dropped (deliveries never). Default: 1 GiB.
    #[serde(default = "default_max")]
    max_spool_bytes: u64,
    /// The readers and sensors.
    #[serde(default, rename = "reader")]
    readers: Vec<Reader>,
}

impl Section {
    /// Checks what types cannot.
    fn check(&self) -> Result<(), ConfigError> {
        check_name("[firmware_bridge] id", &self.id)?;
        let url = &self.ingest_url;
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(ConfigError::Value(format!(
                "ingest_url: got `{url}`, expected an address like `http://127.0.0.1:8080`"
            )));
        }
        if self.keep_windows_h > MOST_KEPT_H {
            let hours = self.keep_windows_h;
            return Err(ConfigError::Value(format!(
                "keep_windows_h: got {hours}, expected at most {MOST_KEPT_H}"
            )));
        }
        Ok(())
    }
}

/// Hours that windows may be kept: ten years.
const MOST_KEPT_H: u32 = 87_600;

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
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    /// Name of the reader, unique in its bridge.
    pub id: String,
    /// Where it reads, SGLN URI.
    pub read_point: String,
    /// Read points of single antennas, where they differ: SGLN URI by antenna. Default: none.
    #[serde(default)]
    pub antenna_read_points: BTreeMap<u16, String>,
    /// When windows close and how they are settled. Default: a portal.
    #[serde(default)]
    pub settle: Settle,
    /// Seconds after which the silence of a sensor is a gap, at least 1. Default: the time of three questions for a
    /// sensor that is asked, two hours for one that reports by itself. For a tag reader behind a broker it is the
    /// silence after which the reader itself is reported as lost; default: none, but `depart_s` for a shelf at which
    /// tags rest.
    #[serde(default)]
    pub silent_after_s: Option<u64>,
    /// What it is and how it is reached.
    pub device: Device,
}

impl Reader {
    /// Time after which the silence of one of its sensors is a gap.
    #[must_use]
    pub fn silent_after(&self) -> Option<SignedDuration> {
        let seconds = self.silent_after_s.or_else(|| self.device.usual_silence_s())?;
        i64::try_from(seconds).ok().map(SignedDuration::from_secs)
    }

    /// The reader, as far as settling needs to know it.
    #[must_use]
    pub fn settling(&self) -> ReaderSettings {
        ReaderSettings {
            id: self.id.clone(),
            read_point: self.read_point.clone(),
            antenna_read_points: self.antenna_read_points.clone(),
            settings: self.settle.settings(),
            silent_after: self.silent_after_s.map(Duration::from_secs),
            is_behind_broker: self.device.is_behind_broker(),
        }
    }

    /// The sensors that it names.
    #[must_use]
    pub fn sensors(&self) -> Vec<String> {
        self.device.sensors()
    }

    /// All configured values by name: `configured.device.r200.power_dbm`, `20.0`.
    #[must_use]
    pub fn configured(&self) -> Vec<(String, String)> {
        let value = serde_json::to_value(self).unwrap_or_default();
        let mut out = Vec::new();
        flatten("configured", &value, &mut out);
        out
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`], naming reader and value.
    fn check(&self, all: &[Reader]) -> Result<(), ConfigError> {
        let wrong = |what: String| ConfigError::Value(format!("reader `{}`: {what}", self.id));
        check_name("[[firmware_bridge.reader]] id", &self.id)?;
        for sensor in self.sensors() {
            check_name("sensor", &sensor).map_err(|error| error.of(&self.id))?;
        }
        for place in self.antenna_read_points.values().chain([&self.read_point]) {
            let is_place = epc::Epc::from_uri(place).is_ok_and(|e| e.scheme() == epc::Scheme::Sgln);
            if !is_place {
                return Err(wrong(format!(
                    "read point: got `{place}`, expected a location like `urn:epc:id:sgln:…`"
                )));
            }
        }
        if self.silent_after_s == Some(0) {
            return Err(wrong("silent_after_s: got 0, expected at least 1".into()));
        }
        self.settle.settings().check().map_err(wrong)?;
        for neighbour in &self.settle.neighbours {
            if *neighbour == self.id || !all.iter().any(|other| other.id == *neighbour) {
                return Err(wrong(format!(
                    "neighbours: got `{neighbour}`, expected another reader of this bridge"
                )));
            }
        }
        Ok(())
    }
}

/// Checks a name against the contract: ingest refuses a delivery with any other.
fn check_name(key: &str, name: &str) -> Result<(), ConfigError> {
    if reads::is_name(name) {
        return Ok(());
    }
    Err(ConfigError::Value(format!(
        "{key}: got `{name}`, expected 1 to 256 visible ASCII characters without spaces, like `door-3`"
    )))
}

fn flatten(name: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(members) => {
            for (member, value) in members {
                flatten(&format!("{name}.{member}"), value, out);
            }
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => out.push((name.to_owned(), text.clone())),
        other => out.push((name.to_owned(), other.to_string())),
    }
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

    /// Where the spool is.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.base().join(&self.firmware_bridge.spool)
    }

    /// Folder that relative paths start from.
    #[must_use]
    pub fn base(&self) -> &Path {
        self.data_dir.as_deref().unwrap_or(Path::new(""))
    }

    /// The readers and sensors, unchecked.
    #[must_use]
    pub fn readers(&self) -> &[Reader] {
        &self.firmware_bridge.readers
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
        let text = std::fs::read_to_string(&key_path)
            .map_err(|source| ConfigError::NoKey { path: key_path.clone(), source })?;
        let key = SourceKey::from_pem(&text)
            .map_err(|source| ConfigError::Key { path: key_path, source })?;
        section.check()?;
        let mut seen = std::collections::HashSet::new();
        for reader in &section.readers {
            if !seen.insert(&reader.id) {
                return Err(ConfigError::Value(format!("two readers have the id `{}`", reader.id)));
            }
            reader.check(&section.readers)?;
            reader.device.reach(&base, "").map_err(|error| error.of(&reader.id))?;
        }
        check_ports(&section.readers)?;
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

/// Refuses two readers on one serial port, unless both are Modbus sensors that can share a line.
fn check_ports(readers: &[Reader]) -> Result<(), ConfigError> {
    for (place, reader) in readers.iter().enumerate() {
        let Some(port) = reader.device.port() else { continue };
        for other in &readers[..place] {
            if other.device.port() != Some(port) {
                continue;
            }
            let what = match (other.device.modbus(), reader.device.modbus()) {
                (Some((one, _)), Some((two, _))) if one != two => format!(
                    "but baud rates {one} and {two}; set both sensors and their `baud` to the same"
                ),
                (Some((_, one)), Some((_, two))) if one == two => format!(
                    "and the same address {one}; give each sensor on the line its own address"
                ),
                (Some(_), Some(_)) => continue,
                _ => {
                    "but only Modbus sensors can share one; give every other device its own adapter"
                        .into()
                }
            };
            let (other, own) = (&other.id, &reader.id);
            return Err(ConfigError::Value(format!(
                "readers `{other}` and `{own}` have the same port `{port}`, {what}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
