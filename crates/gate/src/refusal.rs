//! Why a request is not answered.
//!
//! What holds: who was not identified, who may not, and what cannot be checked now are told apart.

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The caller did not show who they are (401).
    #[error("{0}")]
    NotIdentified(String),
    /// The caller may not do this (403).
    #[error("{0}")]
    NotAllowed(String),
    /// It cannot be checked now (503): the database or the provider does not answer.
    #[error("who asks cannot be checked at the moment: {0}")]
    Unavailable(String),
    /// Something stored cannot be understood (500).
    #[error("{0}")]
    Internal(String),
}

impl From<sql::Error> for Refusal {
    fn from(error: sql::Error) -> Self {
        if error.is_unavailable() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Internal(format!("{error:?}"))
        }
    }
}
