//! `[database]`: where the ledgers are kept, and as whom each process connects.
//!
//! A URL is `postgresql://user:password@host:port/database`. TLS is chosen by its parameters: `sslmode=disable`,
//! `prefer`, `require`, `verify-ca` or `verify-full`, and `sslrootcert=FILE` for the authority that signs the
//! server's certificate.

use std::fmt;

use serde::Deserialize;

/// `[database]`.
///
/// A URL is `postgresql://user:password@host:port/database`. `sslmode` is `disable`, `prefer`, `require`, `verify-ca` or
/// `verify-full`, as in libpq; `sslrootcert=FILE` names the authority that signs the server's certificate. Give each
/// process its own URL only; the owner's belongs to `chopmark migrate`.
///
/// ```toml
/// [database]
/// ingest_url = "postgresql://chopmark_ingest:…@db.example/custody?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem"
/// connections = 12
/// ```
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSection {
    /// URL of the owner of the schema, who runs migrations. Default: none; then nothing is migrated by this
    /// file, unless `embedded` is true. A role without a URL of its own connects with this one.
    #[serde(default)]
    pub url: Option<String>,
    /// URL with which ingest connects. Default: `url`.
    #[serde(default)]
    pub ingest_url: Option<String>,
    /// URL with which the anchor worker connects. Default: `url`.
    #[serde(default)]
    pub anchor_url: Option<String>,
    /// URL with which trace-api connects. Default: `url`.
    #[serde(default)]
    pub trace_api_url: Option<String>,
    /// URL with which the desk connects. Default: `url`.
    #[serde(default)]
    pub desk_url: Option<String>,
    /// Whether `chopmark up` starts a private cluster below `data_dir` and derives every URL. Default: false.
    /// A `url` takes precedence.
    #[serde(default)]
    pub embedded: bool,
    /// Connections of each role, 2 to 200. Default: 12. With fewer, requests wait for one another; the sum over
    /// all roles must stay below the server's `max_connections`.
    #[serde(default = "default_connections")]
    pub connections: usize,
}

fn default_connections() -> usize {
    12
}

/// Passwords are not shown.
impl fmt::Debug for DatabaseSection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DatabaseSection")
            .field("embedded", &self.embedded)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
