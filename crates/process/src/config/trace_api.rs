//! `[trace_api]`: the process that answers the public.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// `[trace_api]`.
///
/// ```toml
/// [trace_api]
/// public_url = "https://id.example.com"
/// policy = "policy.txt"
/// scan_secret = "keys/scan.secret"
/// hub = "hub.example/1"
/// trusted_proxies = ["127.0.0.1"]
/// place_header = "X-Place"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceApiSection {
    /// Address and port on which the public is answered. Default: `127.0.0.1:8084`.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// File with the certificate to show on `listen`, as `tls_certificate` of `[ingest]`; the operator's address stays
    /// without. Default: none; then a proxy in front has TLS.
    #[serde(default)]
    pub tls_certificate: Option<PathBuf>,
    /// File with its private key, as `tls_key` of `[ingest]`. Default: none; needed with `tls_certificate`.
    #[serde(default)]
    pub tls_key: Option<PathBuf>,
    /// File with the authorities whose certificates clients of `listen` may show, as `tls_client_ca` of `[ingest]`. Default: none; then
    /// clients are not asked.
    #[serde(default)]
    pub tls_client_ca: Option<PathBuf>,
    /// File with their revocation lists, as `tls_client_crl` of `[ingest]`. Default: none.
    #[serde(default)]
    pub tls_client_crl: Option<PathBuf>,
    /// Address and port on which the operator is answered: receipts, whole histories and bundles, readiness, metrics.
    /// On the loopback interface, since nobody is asked who they are. Default: `127.0.0.1:8086`.
    #[serde(default = "default_internal_listen")]
    pub internal_listen: SocketAddr,
    /// Base address under which people reach it, for permanent links: `https://id.example.com`.
    pub public_url: String,
    /// Policy file: the keys that checkpoints must be signed with.
    pub policy: PathBuf,
    /// File with the secret, at least 16 bytes of any text, mode 0600, under which scanning devices are recognised again.
    /// Whoever has it can tell which scans came from one device; with a new one, devices count as new.
    pub scan_secret: PathBuf,
    /// File with the secret, at least 16 bytes of any text, mode 0600, under which `chopmark tags keys import` encrypts keys of chips;
    /// keys that were imported under another one cannot be read. Default: none; then no chip is checked.
    #[serde(default)]
    pub tag_secret: Option<PathBuf>,
    /// Addresses and networks of your own proxies: `127.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`. The client is the last
    /// address in `X-Forwarded-For` that is none of them. Default: none; then that header is not read.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// Header in which a trusted proxy reports where the client is: `name;latitude;longitude;uncertainty in km`, the
    /// name with percent escapes, and behind it `;CN`, the code of the country, if it knows that. The proxy must overwrite what
    /// the client sent under this name; a header that comes twice is not read. Default: none; then scans have no place.
    #[serde(default)]
    pub place_header: Option<String>,
    /// Whether the public sees the names of parties and places. Default: false; then it sees "a company" and cities.
    #[serde(default)]
    pub show_parties: bool,
    /// Whether partners with a key of `chopmark access` or a token of an `[[oidc]]` provider are answered the query interface of
    /// EPCIS 2.0 (`/events`, `/queries` and the other resources of docs/epcis.md) at the public address. Nobody else is. Default:
    /// false; then the public address has none of it.
    #[serde(default)]
    pub serve_queries: bool,
    /// Networks and addresses of your own to which results of subscriptions may be sent, also without TLS: `10.1.0.0/16`. All
    /// others must be public and have TLS. Default: none.
    #[serde(default)]
    pub webhook_networks: Vec<String>,
    /// Days after which scans are deleted, 9 to 3650; findings keep their evidence. Default: 30.
    #[serde(default = "default_keep_scans_days")]
    pub keep_scans_days: u16,
    /// Requests for records that one source (an IPv4 address, an IPv6 network of 64 bits) may send in a minute, 10 to
    /// 1000000. Default: 240.
    #[serde(default = "default_requests_per_minute")]
    pub requests_per_minute: u32,
    /// Codes without a record that one source may ask for in a minute, 1 to 1000000; after these it is refused any code
    /// for a while. A network (24 bits of IPv4, 48 of IPv6) may ask for ten times as many. Default: 30.
    #[serde(default = "default_unknown_per_minute")]
    pub unknown_per_minute: u32,
    /// Requests for records that everybody together may send in a second, 1 to 1000000. Default: 200.
    #[serde(default = "default_requests_per_second")]
    pub requests_per_second: u32,
    /// Origin of the hub. Default: none; then answers do not mention anchors.
    #[serde(default)]
    pub hub: Option<String>,
    /// Origin of the `[[ledger]]` of kind `audit` in which reads of regulators and operators are recorded before they are
    /// answered, and the digests of reports before their receipts are shown. Default: none; then regulators and operators are answered
    /// nothing, and digests are in no log.
    #[serde(default)]
    pub read_log: Option<String>,
    /// Where people reach you about suspicions, a URL or `mailto:`; with `takes_reports` it stands below the form. Default: none.
    #[serde(default)]
    pub report_contact: Option<String>,
    /// Whether people may report a suspicion on a page of ours and follow it by a receipt number; `chopmark report` shows and
    /// answers reports. Default: true.
    #[serde(default = "default_takes_reports")]
    pub takes_reports: bool,
    /// Days after which reports are deleted with their photos, 30 to 3650. Default: 180.
    #[serde(default = "default_keep_reports_days")]
    pub keep_reports_days: u16,
    /// Folder of the npm package `zxing-wasm`, whose reader of codes the start page uses in browsers that have none:
    /// `/usr/share/chopmark/scanner` of the Debian package. A file that is missing or has another SHA-256 than this program pins is
    /// logged, and nothing of the folder is served. Default: none; then the camera is offered where the browser itself reads codes.
    #[serde(default)]
    pub scanner: Option<PathBuf>,
    /// File with the names of products, `[[product]]` with the keys of `[[trace_api.product]]`. It is read again at
    /// SIGHUP: a file with anything wrong changes nothing, and the log says what is wrong with it. Default: none.
    #[serde(default, rename = "products")]
    pub products_file: Option<PathBuf>,
    /// File with the names of places, `[[place]]` with the keys of `[[trace_api.place]]`. It is read again at SIGHUP, all
    /// or nothing together with `products`. Default: none.
    #[serde(default, rename = "places")]
    pub places_file: Option<PathBuf>,
    /// `[[trace_api.product]]`: names of products on pages, besides those in `products`. Read at the start only.
    /// Default: none; then pages show the GTIN.
    #[serde(default, rename = "product")]
    pub products: Vec<ProductSection>,
    /// `[[trace_api.place]]`: names of places on pages, besides those in `places`. Read at the start only.
    /// Default: none; then no place is shown.
    #[serde(default, rename = "place")]
    pub places: Vec<PlaceSection>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8084))
}

fn default_internal_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8086))
}

fn default_keep_scans_days() -> u16 {
    30
}

fn default_takes_reports() -> bool {
    true
}

fn default_keep_reports_days() -> u16 {
    180
}

fn default_requests_per_minute() -> u32 {
    240
}

fn default_unknown_per_minute() -> u32 {
    30
}

fn default_requests_per_second() -> u32 {
    200
}

/// `[[trace_api.product]]`.
///
/// ```toml
/// [[trace_api.product]]
/// gtin = "09521141123454"
/// name_zh = "冷泡绿茶 330 毫升"
/// name_en = "Cold-brewed green tea, 330 ml"
/// pack_zh = "瓶盖为墨绿色。"
/// pack_en = "Dark green cap."
/// recall_url = "https://brand.example/recalls"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductSection {
    /// GTIN, 14 digits.
    pub gtin: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// Features of the pack to compare by eye, Chinese; each sentence is one feature.
    pub pack_zh: String,
    /// Features of the pack to compare by eye, English; each sentence is one feature.
    pub pack_en: String,
    /// Name of the brand in Chinese, above the product's. Default: none.
    #[serde(default)]
    pub brand_zh: String,
    /// Name of the brand in English, above the product's. Default: none.
    #[serde(default)]
    pub brand_en: String,
    /// File with a picture: PNG, JPEG, WebP or SVG of at most 100,000 bytes; read again with the names. Default: none.
    #[serde(default)]
    pub picture: Option<PathBuf>,
    /// Where you say what to do about a recall, `https://…`; a recalled item's page leads there. Default: none.
    #[serde(default)]
    pub recall_url: Option<String>,
    /// Countries where it is to be sold, as codes of ISO 3166-1 in two capitals: `["CN", "SG"]`. A scan before the sale from
    /// another one is reported as a hint; scans have a country only with `place_header`. What the commissioning says of an
    /// item (`markets` in its `ilmd`) comes first. Default: none; then nobody asks.
    #[serde(default)]
    pub markets: Vec<String>,
    /// File with a secret of at least 32 bytes of any text, mode 0600, under which `chopmark labels --token-key` makes the token
    /// in the code of each item. With it a serial number alone shows the product and nothing of any item, whether it exists or
    /// not. A code that was printed without a token shows nothing any more. Default: none; then a serial number is enough.
    #[serde(default)]
    pub token_key: Option<PathBuf>,
    /// File with a secret of at least 32 bytes of any text, mode 0600, under which `chopmark labels --code-key` makes the code that is
    /// printed under a scratch layer of each item. With it pages take that code, and say who used it first. Codes that were printed
    /// under another secret are wrong from then on. Default: none; then no code is taken.
    #[serde(default)]
    pub code_key: Option<PathBuf>,
    /// Address of the service that checks the product's UHF tags (docs/formats/tag-check-v1.md): `https://…`, or `http://` with an
    /// address of this machine. With it key sets of `mode: tam1` are not asked. Default: none.
    #[serde(default)]
    pub authenticator: Option<String>,
    /// File with the bearer token for `authenticator`, mode 0600; it is sent to that host only. Default: none; needed with
    /// `authenticator`.
    #[serde(default)]
    pub authenticator_token: Option<PathBuf>,
    /// Number of the key that tags are asked to use, 0 to 255. Default: 0.
    #[serde(default)]
    pub authenticator_key: u8,
    /// File with the authorities that sign the certificate of `authenticator`, and nobody else, PEM. Default: none; then the
    /// public ones.
    #[serde(default)]
    pub authenticator_ca: Option<PathBuf>,
    /// `[[trace_api.product.link]]`: where more is said about the product, by type of link. Default: none.
    #[serde(default, rename = "link")]
    pub links: Vec<LinkSection>,
}

/// `[[trace_api.product.link]]`; a client that asks for the type is led there.
///
/// ```toml
/// [[trace_api.product]]
/// gtin = "09521141123454"
/// name_zh = "冷泡绿茶 330 毫升"
/// name_en = "Cold-brewed green tea, 330 ml"
/// pack_zh = "瓶盖为墨绿色。"
/// pack_en = "Dark green cap."
///
/// [[trace_api.product.link]]
/// type = "gs1:pip"
/// href = "https://brand.example/tea"
/// title = "Cold-brewed green tea"
/// lang = "en"
/// media = "text/html"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSection {
    /// Type: a name of GS1's vocabulary, `gs1:pip`, or a URI of another one.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it leads, `https://…`.
    pub href: String,
    /// For people.
    pub title: String,
    /// Language of what is there: `zh`. Default: none; then it is for readers of any language.
    #[serde(default)]
    pub lang: Option<String>,
    /// Media type of what is there: `text/html`. Default: none.
    #[serde(default)]
    pub media: Option<String>,
}

/// `[[trace_api.place]]`.
///
/// ```toml
/// [[trace_api.place]]
/// sgln = "urn:epc:id:sgln:9521142.00001.0"
/// name_zh = "南方仓库，上海"
/// name_en = "South Depot, Shanghai"
/// city_zh = "上海"
/// city_en = "Shanghai"
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceSection {
    /// SGLN URI.
    pub sgln: String,
    /// Name in Chinese; shown where `show_parties` is true.
    pub name_zh: String,
    /// Name in English; shown where `show_parties` is true.
    pub name_en: String,
    /// City in Chinese, for everybody. Default: none; then no place is shown.
    #[serde(default)]
    pub city_zh: String,
    /// City in English, for everybody. Default: none; then no place is shown.
    #[serde(default)]
    pub city_en: String,
}
