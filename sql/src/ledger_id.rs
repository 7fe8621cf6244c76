//! The number of a ledger in this database, as every table names it.

/// A ledger's number in this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerId(pub i32);
