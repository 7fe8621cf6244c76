//! Why a device cannot be used as it is configured.

use std::path::PathBuf;

use thiserror::Error;

/// Why a device cannot be used as it is configured.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file that the configuration names could not be read.
    #[error("could not read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A value is not usable; the text has it and what was expected.
    #[error("{0}")]
    Value(String),
}
