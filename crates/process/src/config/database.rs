//! `[database]`: where the ledgers are kept, and as whom each process connects.
//!
//! A URL is `postgresql://user:password@host:port/database`. TLS is chosen by its parameters: `sslmode=disable`,
//! `prefer`, `require`, `verify-ca` or `verify-full`, and `sslrootcert=FILE` for the authority that signs the
//! server's certificate.

use std::fmt;
use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::config::problem::Problem;

/// Connections that one process may have.
pub const CONNECTIONS: RangeInclusive<usize> = 2..=200;

/// `[database]`.
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
    /// Whether `chopmark up` starts a private cluster below `data_dir` and derives every URL. Default: false.
    /// A `url` takes precedence.
    #[serde(default)]
    pub embedded: bool,
    /// Connections of each process, 2 to 200. Default: 12. With fewer, requests wait for one another; the sum over
    /// all processes must stay below the server's `max_connections`.
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

impl DatabaseSection {
    /// What is wrong with the values themselves.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !CONNECTIONS.contains(&self.connections) {
            let (least, most) = (CONNECTIONS.start(), CONNECTIONS.end());
            let expected = format!("{least} to {most}");
            problems.push(Problem::value("[database]", "connections", self.connections, expected));
        }
        for (key, url) in [
            ("url", &self.url),
            ("ingest_url", &self.ingest_url),
            ("anchor_url", &self.anchor_url),
            ("trace_api_url", &self.trace_api_url),
        ] {
            let is_url = |url: &&String| {
                url.starts_with("postgresql://") || url.starts_with("postgres://")
            };
            if url.as_ref().is_some_and(|url| !is_url(&url)) {
                // Not the value: it may be a password.
                let expected = "`postgresql://user@host/database`";
                problems.push(Problem::value("[database]", key, "another scheme or none", expected));
            }
        }
        problems
    }
}
