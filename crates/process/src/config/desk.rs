//! `[desk]`: the process that shows pages to people who log in.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// `[desk]`.
///
/// ```toml
/// [desk]
/// listen = "0.0.0.0:8087"
/// public_url = "https://desk.example.com:8087"
/// tls_certificate = "tls/desk.pem"
/// tls_key = "tls/desk.key"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskSection {
    /// Address and port on which people are answered. Default: `127.0.0.1:8087`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// File with the certificate to show on `listen`, as `tls_certificate` of `[ingest]`. Default: none; then a proxy in front has
    /// TLS.
    #[serde(default)]
    pub tls_certificate: Option<PathBuf>,
    /// File with its private key, as `tls_key` of `[ingest]`. Default: none; needed with `tls_certificate`.
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
    /// Address and port of readiness and metrics, on the loopback interface. Default: `127.0.0.1:8088`.
    #[serde(default = "default_internal_listen")]
    pub internal_listen: SocketAddr,
    /// The address under which browsers reach it, without a path: `https://desk.example.com`. Requests that name another host are
    /// refused. It begins with `https://`; with `http://` only for trying it out on this machine (`http://127.0.0.1:8087`), with
    /// `listen` on the loopback interface: then cookies are sent without TLS, to this machine alone.
    pub public_url: String,
    /// Addresses and networks of your own proxies, as in `[trace_api]`. Default: none.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// Policy file: the keys of the ledgers that are shown, and the directory, as in `[trace_api]`. Default: none; then people log in and
    /// are shown no records.
    #[serde(default)]
    pub policy: Option<PathBuf>,
    /// Origin of the hub. Default: none; then pages do not mention anchors.
    #[serde(default)]
    pub hub: Option<String>,
    /// Origin of the `[[ledger]]` of kind `audit` in which reads of regulators and operators are recorded before they are answered, as in
    /// `[trace_api]`. Default: none; then regulators and operators are shown no records.
    #[serde(default)]
    pub read_log: Option<String>,
    /// Days after which operators see at the desk that a regulator read something, 0 to 366, where the law asks for such a delay; until
    /// then the page of the log counts these reads and names none. Regulators and auditors see all at once, and rights of an emergency are
    /// seen by all of them. It hides nothing from the owner of the database. Default: 0, at once.
    #[serde(default)]
    pub operator_sees_reads_after_days: u32,
    /// Whether people log in with a key of `chopmark access`, pasted into a form. Default: true if no `[[oidc]]` has `[oidc.login]`,
    /// otherwise false.
    #[serde(default)]
    pub key_login: Option<bool>,
    /// Attempts to log in that one source (an IPv4 address, an IPv6 network of 64 bits) may make in a minute, 1 to 1000. Default: 20.
    #[serde(default = "default_logins_per_minute")]
    pub logins_per_minute: u32,
    /// Folder for files that people have exported, for this process alone or shared by all desks of a database. Default: none; then nobody
    /// exports at the desk.
    #[serde(default)]
    pub exports: Option<PathBuf>,
    /// Hours after which such a file is deleted, 1 to 720. Default: 24.
    #[serde(default = "default_export_hours")]
    pub export_hours: u32,
    /// Most megabytes of such a file, 1 to 1,000,000. Default: 4096.
    #[serde(default = "default_export_megabytes")]
    pub export_megabytes: u64,
    /// Address of a page that verifies bundles, which reports carry as a code, at most 120 characters. Default: `/verify` below `public_url`
    /// of `[trace_api]` in the same file, if there is one.
    #[serde(default)]
    pub verifier: Option<String>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8087))
}

fn default_internal_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8088))
}

fn default_logins_per_minute() -> u32 {
    20
}

fn default_export_hours() -> u32 {
    24
}

fn default_export_megabytes() -> u64 {
    4096
}
