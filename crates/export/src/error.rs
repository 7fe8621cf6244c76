//! Why an export is not made.

use thiserror::Error;

/// Why an export is not made. What was written until then is no export.
#[derive(Debug, Error)]
pub enum Error {
    /// The database cannot be asked.
    #[error(transparent)]
    Database(#[from] sql::Error),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Sink(#[from] std::io::Error),
    /// The request is not one that can be exported.
    #[error("{0}")]
    Request(String),
    /// The projection has not reached the sizes.
    #[error(
        "{origin}: got {projected} projected records, expected {size}: they are projected while trace-api runs; try again when \
         `chopmark projection status` says that nothing waits"
    )]
    Behind {
        /// The ledger.
        origin: String,
        /// Records that are projected.
        projected: u64,
        /// Records that the export must hold.
        size: u64,
    },
    /// A ledger is not what it was.
    #[error("{origin} at size {size}: got {got}, expected {expected}")]
    Ledger {
        /// The ledger.
        origin: String,
        /// The size that was asked for.
        size: u64,
        /// What it is now.
        got: String,
        /// What it was.
        expected: String,
    },
    /// The projection was begun anew meanwhile.
    #[error("the projection was begun anew while the export was written; start it again")]
    Outdated,
    /// There is more than one file can hold.
    #[error("{what}: got {got}, expected at most {most}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much there is, at least.
        got: u64,
        /// How much goes in.
        most: u64,
    },
    /// Whoever asked does not want it any more.
    #[error("the export was cancelled")]
    Cancelled,
}
