//! The one TOML file, as far as `chopmark` itself reads it: which sections there are, where the data lie.
//!
//! Each process reads its own sections with its own types; here only what decides which of them to run.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

/// The file, seen from outside.
#[derive(Debug, Deserialize)]
pub struct File {
    /// Folder that relative paths start from. Default: the folder of the file.
    #[serde(default)]
    data_dir: Option<PathBuf>,
    /// Where the ledgers are kept; the bridge alone needs none.
    #[serde(default)]
    database: Option<ingest::config::Database>,
    /// `[log]`.
    #[serde(default)]
    pub log: Log,
    #[serde(default)]
    ingest: Option<toml::Table>,
    #[serde(default)]
    anchor: Option<toml::Table>,
    #[serde(default)]
    trace_api: Option<toml::Table>,
    #[serde(default)]
    firmware_bridge: Option<toml::Table>,
}

/// `[log]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `text` or `json`. Default: `text`.
    #[serde(default)]
    pub format: Format,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter. Default: `info`.
    #[serde(default)]
    pub level: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For log collectors, one object a line.
    Json,
}

/// A process that `chopmark up` can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Role {
    /// Reader to observation.
    Bridge,
    /// Observation and document to record.
    Ingest,
    /// Ledgers to public chain.
    Anchor,
    /// Ledgers to answers.
    TraceApi,
}

impl File {
    /// Reads the file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        let mut file: Self =
            toml::from_str(&text).with_context(|| format!("{} is not usable", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        file.data_dir = Some(folder.join(file.data_dir.unwrap_or_default()));
        Ok(file)
    }

    /// Folder that relative paths start from.
    pub fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_default()
    }

    /// The roles whose sections stand in the file.
    pub fn roles(&self) -> Vec<Role> {
        [
            (Role::Bridge, self.firmware_bridge.is_some()),
            (Role::Ingest, self.ingest.is_some()),
            (Role::Anchor, self.anchor.is_some()),
            (Role::TraceApi, self.trace_api.is_some()),
        ]
        .into_iter()
        .filter_map(|(role, is_there)| is_there.then_some(role))
        .collect()
    }

    /// The database's URL, and the private cluster if one had to be started for it.
    pub fn open_database(&self) -> anyhow::Result<(String, Option<sql::cluster::Cluster>)> {
        let database = self.database.as_ref().context(
            "the file has no [database]; `url = \"postgresql://…\"` or `embedded = true` would be right",
        )?;
        if let Some(url) = &database.url {
            return Ok((url.clone(), None));
        }
        anyhow::ensure!(
            database.embedded,
            "[database] has neither url nor embedded = true; one of them would be right"
        );
        let cluster = sql::cluster::Cluster::start(&self.data_dir().join("postgres"))?;
        Ok((cluster.url().to_owned(), Some(cluster)))
    }
}
