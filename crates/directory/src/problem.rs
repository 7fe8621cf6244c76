//! Why a record is not accepted.

use ledger::directory::{EntryError, FieldError, RootError, SignerError};
use thiserror::Error;

/// Why a record is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// It is no entry of a directory.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A member is not accepted.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// It is no root that may follow.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A signature does not verify.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// It is not the next record of its subject.
    #[error("`{subject}`: got record {got}, expected record {expected}")]
    Seq {
        /// Its subject.
        subject: String,
        /// Its place.
        got: u64,
        /// The next place.
        expected: u64,
    },
    /// It follows another record than the subject's last one.
    #[error("`{subject}`: got `prev` {got}, expected {expected}, the subject's last record")]
    Prev {
        /// Its subject.
        subject: String,
        /// What it follows.
        got: String,
        /// The subject's last record.
        expected: String,
    },
    /// Approvals are missing.
    #[error("`{subject}` needs signatures of {needed}; got {got}")]
    Approval {
        /// Its subject.
        subject: String,
        /// Whose, and how many.
        needed: String,
        /// Those that count.
        got: String,
    },
    /// It contradicts other records.
    #[error("`{subject}`: {problem}")]
    Rule {
        /// Its subject.
        subject: String,
        /// What is wrong and what was expected.
        problem: String,
    },
}

impl Problem {
    /// Whether it only lacks approvals and has some that count.
    pub(crate) fn is_partly_approved(&self) -> bool {
        matches!(self, Self::Approval { got, .. } if got != "none")
    }
}

/// An entry that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("entry {index} of the directory: {problem}")]
pub struct DirectoryError {
    /// Its index, from 0.
    pub index: u64,
    /// Why.
    pub problem: Problem,
}
