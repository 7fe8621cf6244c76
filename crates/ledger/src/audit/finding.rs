//! What an audit says that contradicts.
//!
//! Not here: what of it is kept ([`super::LedgerAudit`]).

use std::fmt;

/// Findings that are kept in full.
pub const MAX_FINDINGS: usize = 1000;

/// One contradiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name of the ledger.
    pub ledger: String,
    /// Index of the row, from 0; none if it concerns no single row.
    pub index: Option<u64>,
    /// What contradicts what.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(out, "{} #{index}: {}", self.ledger, self.what),
            None => write!(out, "{}: {}", self.ledger, self.what),
        }
    }
}
