//! Why the configuration cannot be used.

use std::path::{Path, PathBuf};

use thiserror::Error;

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
    /// The text is not valid.
    #[error("{path} is not usable")]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Line, key and what is expected.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The key file does not exist, or may not be read.
    #[error("could not read the bridge's key; `chopmark keys bridge --out {path}` creates one")]
    NoKey {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file does not contain a key.
    #[error("key at {path} is not usable")]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: ledger::keys::KeyError,
    },
    /// A value is not usable.
    #[error("{0}")]
    Value(String),
}

impl ConfigError {
    /// The same error, with the reader it is about.
    pub(super) fn of(self, reader: &str) -> Self {
        match self {
            Self::Value(what) => Self::Value(format!("reader `{reader}`: {what}")),
            other => other,
        }
    }
}

pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}
