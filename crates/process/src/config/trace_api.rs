//! `[trace_api]`: the process that answers the public.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

/// `[trace_api]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceApiSection {
    /// Address and port to listen on. Default: `127.0.0.1:8084`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Base address under which people reach it, for permanent links: `https://id.example.com`.
    pub public_url: String,
    /// Policy file: the keys that checkpoints must be signed with.
    pub policy: PathBuf,
    /// File with the secret, at least 16 bytes, under which devices are recognised again.
    pub scan_secret: PathBuf,
    /// Addresses whose `Chopmark-Place` and `X-Forwarded-For` headers are accepted. Default: none.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
    /// Origin of the hub. Default: none; then answers do not mention anchors.
    #[serde(default)]
    pub hub: Option<String>,
    /// Where people report suspicions, a URL or `mailto:`. Default: none.
    #[serde(default)]
    pub report_contact: Option<String>,
    /// Names of products on pages.
    #[serde(default, rename = "product")]
    pub products: Vec<ProductSection>,
    /// Names of places on pages.
    #[serde(default, rename = "place")]
    pub places: Vec<PlaceSection>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8084))
}

/// `[[trace_api.product]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductSection {
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
pub struct PlaceSection {
    /// SGLN URI.
    pub sgln: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
}
