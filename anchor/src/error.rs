//! Why a step of the worker failed, and whether trying again can help.

use crate::chain::client::ChainError;
use crate::plausible::Implausible;

/// Why a step failed, or the worker stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or cannot be reached.
    #[error("database: {0}")]
    Sql(#[from] sql::Error),
    /// The chain cannot be reached, refused, or is not what was configured.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The hub's checkpoint could not be signed.
    #[error("the hub's checkpoint could not be signed")]
    Sign(#[from] ledger::keys::KeyError),
    /// The chain holds a larger or another hub than the database.
    #[error("{0}")]
    BehindChain(String),
    /// The block that an endpoint names cannot hold the anchor.
    #[error("the chain's answer cannot be true: {0}")]
    Implausible(#[from] Implausible),
    /// The directory that the policy pins cannot be used, so nobody's keys are known.
    #[error("the directory cannot be used, so no checkpoint is collected: {0}")]
    Directory(String),
    /// Nothing may be signed for the hub: it was restored from a backup, or closed.
    #[error("{0}")]
    Held(String),
    /// The process is stopping.
    #[error("interrupted: the process is stopping")]
    Interrupted,
    /// The address cannot be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Whether trying again cannot help: a person must decide.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::BehindChain(_) | Self::Listen { .. } | Self::Chain(ChainError::Misconfigured(_))
        )
    }

    /// The label `reason` in the counter of failures.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Sql(error) if error.is_unavailable() => "database_unavailable",
            Self::Sql(error) if error.is_conflict() => "conflict",
            Self::Sql(sql::Error::Held(_)) | Self::Held(_) => "held",
            Self::Sql(_) => "database",
            Self::Chain(ChainError::Rpc(error)) if error.is_unreachable() => "chain_unreachable",
            Self::Chain(_) => "chain",
            Self::Sign(_) => "sign",
            Self::BehindChain(_) => "chain_knows_more",
            Self::Implausible(_) => "implausible",
            Self::Directory(_) => "directory",
            Self::Interrupted | Self::Listen { .. } => "process",
        }
    }
}
