//! `[firmware_bridge]`: a bridge, its readers and its sensors.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::device::DeviceSection;
use crate::config::settle::SettleSection;

/// `[firmware_bridge]`.
///
/// ```toml
/// [firmware_bridge]
/// id = "dock-1"
/// key = "keys/bridge.pem"
/// spool = "/var/lib/chopmark/spool.sqlite"
/// ingest_url = "https://ingest.example"
/// ledger = "depot.example/1"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmwareBridgeSection {
    /// Name of the bridge, as ingest knows it: 1 to 256 visible ASCII characters.
    pub id: String,
    /// File with its signing key, as `chopmark keys bridge` wrote it, mode 0600.
    pub key: PathBuf,
    /// File with the passphrase of `key`, mode 0600, if `key` is encrypted. Default: none.
    #[serde(default)]
    pub key_passphrase_file: Option<PathBuf>,
    /// Name of the systemd credential (`LoadCredential=`) that holds the passphrase of `key`. Default: none.
    #[serde(default)]
    pub key_passphrase_credential: Option<String>,
    /// File of its spool. Default: `spool.sqlite`.
    #[serde(default = "default_spool")]
    pub spool: PathBuf,
    /// Base address of ingest: `https://ingest.example`, or `http://127.0.0.1:8081` on the same machine.
    pub ingest_url: String,
    /// Origin of the ledger that the bridge delivers to: the `ledger` of its `[[bridge]]` at ingest. Every delivery is
    /// signed for it and is accepted by no other one.
    pub ledger: String,
    /// File with the certificates, PEM, that may sign the certificate of ingest. Default: the usual public ones.
    #[serde(default)]
    pub ingest_ca: Option<PathBuf>,
    /// Whether `ingest_url` may be `http://` to another machine: deliveries are signed, but then anybody in between can
    /// read them. Default: false.
    #[serde(default)]
    pub ingest_allow_http: bool,
    /// Address and port of liveness, readiness and metrics. Default: `127.0.0.1:8082`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Hours that raw windows are kept after closing, at most 87600 (ten years). Default: 72.
    #[serde(default = "default_keep")]
    pub keep_windows_h: u32,
    /// Bytes of the spool beyond which raw reads are dropped (deliveries never). Default: 1073741824 (1 GiB).
    #[serde(default = "default_max")]
    pub max_spool_bytes: u64,
    /// The readers and sensors. Default: none.
    #[serde(default, rename = "reader")]
    pub readers: Vec<ReaderSection>,
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
///
/// ```toml
/// [[firmware_bridge.reader]]
/// id = "door-3"
/// read_point = "urn:epc:id:sgln:9521142.00001.3"
/// antenna_read_points = { 2 = "urn:epc:id:sgln:9521142.00001.4" }
/// settle = { preset = "portal", neighbours = ["door-4"] }
/// device.llrp = { address = "10.0.0.7:5084" }
/// ```
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderSection {
    /// Name of the reader, unique in its bridge: 1 to 256 visible ASCII characters.
    pub id: String,
    /// Where it reads, SGLN URI.
    pub read_point: String,
    /// Where single antennas read, if that is elsewhere: SGLN URI by antenna. Default: none.
    #[serde(default)]
    pub antenna_read_points: BTreeMap<u16, String>,
    /// When windows close and what is made of them. Default: a portal.
    #[serde(default)]
    pub settle: SettleSection,
    /// Seconds after which the silence of a sensor is a gap, at least 1. Default: three polling intervals for a sensor
    /// that is polled, two hours for one that reports by itself. For a tag reader behind a broker it is the silence
    /// after which the reader itself is reported as lost; default: never, except `depart_s` for a shelf with tags.
    #[serde(default)]
    pub silent_after_s: Option<u64>,
    /// What it is and how it is reached.
    pub device: DeviceSection,
}
