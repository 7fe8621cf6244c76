//! `[ingest]`, `[[bridge]]` and `[[partner]]`: the process that records, and who may send to it.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// `[ingest]`.
///
/// ```toml
/// [ingest]
/// listen = "127.0.0.1:8081"
/// policy = "policy.txt"
/// require_licence = true
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestSection {
    /// Address and port to listen on. The same as `listen` of `[trace_api]`, where one process runs both roles: then both are answered there, with
    /// the same certificate. Default: `127.0.0.1:8081`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// File with the certificate to show, PEM: its own first, then those that lead to the authority. Then clients connect
    /// with `https://` (TLS 1.2 or 1.3). It is read again on SIGHUP and when it has changed; one that is not valid yet
    /// waits for its time. Default: none; then a proxy in front has TLS.
    #[serde(default)]
    pub tls_certificate: Option<PathBuf>,
    /// File with its private key, PEM, readable by nobody else (mode 0600). Default: none; needed with
    /// `tls_certificate`.
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
    /// File with the authorities whose certificates clients may show, PEM. Then `chopmark access certificate` says whose they are; a client
    /// without one is served as before, and one with a certificate of another authority is not served. It is read again on SIGHUP and
    /// when it has changed. Default: none; then clients are not asked. Needs `tls_certificate`.
    #[serde(default)]
    pub tls_client_ca: Option<PathBuf>,
    /// File with revocation lists (CRL) of the authorities of `tls_client_ca`, PEM, or one list in DER; one for each authority of a chain. A
    /// client whose certificate is on a list, or has no list that is still valid, is refused with its next connection. It is read
    /// again as `tls_client_ca` is. Default: none; then `chopmark access certificate revoke` alone revokes.
    #[serde(default)]
    pub tls_client_crl: Option<PathBuf>,
    /// Largest body of a request that is accepted, in bytes. Default: 16777216 (16 MiB). A delivery has at most 4 MiB.
    #[serde(default = "default_max_body")]
    pub max_body_bytes: usize,
    /// Most events of one document that partners capture, from 1 to 1000000. Default: 1000000. A document with more is refused
    /// with 413.
    #[serde(default = "default_max_events")]
    pub max_events: usize,
    /// Most bytes of all bodies together that are held in memory, at least `max_body_bytes`. Default: 50331648
    /// (48 MiB). A sender that finds it full is asked to try again.
    #[serde(default = "default_body_memory")]
    pub body_memory_bytes: usize,
    /// Seconds within which a body must have arrived, from 1. Default: 30.
    #[serde(default = "default_body_within")]
    pub body_within_s: u64,
    /// Most bodies that one address (IPv6: one /64) may be sending at the same time, from 1. Default: 64. Behind a
    /// proxy all senders have its address.
    #[serde(default = "default_bodies")]
    pub bodies_per_address: u32,
    /// Requests of one address a minute that may fail admission, from 1; further ones get 429. Default: 600. Those that
    /// are admitted are not limited by it.
    #[serde(default = "default_strangers")]
    pub strangers_per_minute: u32,
    /// Refusals a minute of senders that are not admitted that are stored; the others are only counted. Default: 20.
    #[serde(default = "default_stored")]
    pub stored_refusals_per_minute: u32,
    /// Policy file. With a `directory` line, company prefixes of stated events must be split as that directory licenses
    /// them. Default: none; then they are not compared.
    #[serde(default)]
    pub policy: Option<PathBuf>,
    /// Whether a stated thing must be under a company prefix that the directory licenses. Default: no; what is under no
    /// licence is then judged when somebody asks for it.
    #[serde(default)]
    pub require_licence: bool,
    /// Most jobs that share one commit, from 1. Default: 256. More wait for the next commit.
    #[serde(default = "default_group")]
    pub group_commit_max_jobs: usize,
    /// Seconds that a request waits for the ledger before its sender is asked to try again. Default: 30.
    #[serde(default = "default_wait")]
    pub answer_within_s: u64,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8081))
}

fn default_max_body() -> usize {
    16 * 1024 * 1024
}

fn default_max_events() -> usize {
    1_000_000
}

fn default_body_memory() -> usize {
    48 * 1024 * 1024
}

fn default_body_within() -> u64 {
    30
}

fn default_bodies() -> u32 {
    64
}

fn default_strangers() -> u32 {
    600
}

fn default_stored() -> u32 {
    20
}

fn default_group() -> usize {
    256
}

fn default_wait() -> u64 {
    30
}

/// `[[bridge]]`.
///
/// ```toml
/// [[bridge]]
/// id = "dock-1"
/// public_key = "3q2+7w6Hh5Jr0ZBv7mQh2v1N8lP9sKcXoYtUeWaRbDg="
/// ledger = "depot.example/1"
/// read_points = ["urn:epc:id:sgln:9521142.00001.3"]
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeSection {
    /// Name of the bridge: the `id` of its `[firmware_bridge]`. Each bridge has its own.
    pub id: String,
    /// Its Ed25519 public key, base64, as `chopmark keys bridge` prints it. Either this or `public_keys`.
    /// Default: none.
    #[serde(default)]
    pub public_key: Option<String>,
    /// While its key is changed: the old and the new public key, at most two. A delivery that is signed by either is
    /// accepted. Default: none.
    #[serde(default)]
    pub public_keys: Vec<String>,
    /// Origin of the ledger that its observations go to.
    pub ledger: String,
    /// SGLN URIs of the read points that it speaks for: its readers' and the places of its shelves. Default: those that
    /// the rules of its ledger name and no other bridge of the ledger lists.
    #[serde(default)]
    pub read_points: Option<Vec<String>>,
}

/// `[[partner]]`.
///
/// ```toml
/// [[partner]]
/// name = "erp"
/// token_sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
/// ledger = "depot.example/1"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerSection {
    /// Name of the partner.
    pub name: String,
    /// SHA-256 of its bearer token, 64 hex digits, as `chopmark keys partner` prints it. The token itself is not
    /// in the file.
    pub token_sha256: String,
    /// Origin of the ledger that its documents go to.
    pub ledger: String,
}
