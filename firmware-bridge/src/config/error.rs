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
    /// The text is not what the file must be.
    #[error("{path} is not usable")]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Line, key and what would be right.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// There is no key file, or it may not be read.
    #[error("could not read the bridge's key; `chopmark keys bridge --out {path}` makes one")]
    NoKey {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The key file is none.
    #[error("key at {path} is not usable")]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: ledger::keys::KeyError,
    },
    /// A value makes no sense.
    #[error("{0}")]
    Value(String),
}

impl ConfigError {
    /// The same of a reader.
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
