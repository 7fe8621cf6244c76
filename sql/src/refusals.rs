//! Refused deliveries, observations and documents, with their reasons.

use jiff::Timestamp;
use ledger::Hash;

use crate::db::{Db, Transaction, execute, query, signed, system_time, unsigned};
use crate::error::Error;
use crate::queries::{REFUSALS_INSERT, REFUSALS_TOTALS};

/// A refusal to store.
#[derive(Debug, Clone, Copy)]
pub struct NewRefusal<'a> {
    /// When.
    pub at: Timestamp,
    /// Who sent it; as claimed, if the sender is unknown.
    pub source: &'a str,
    /// `delivery`, `observation` or `capture`.
    pub kind: &'a str,
    /// Machine-readable code of the reason.
    pub code: &'a str,
    /// The reason for people.
    pub detail: &'a str,
    /// SHA-256 of the whole body.
    pub body_sha256: &'a Hash,
    /// Its first 4 KiB.
    pub excerpt: &'a [u8],
    /// How many observations, deliveries or events.
    pub count: u64,
}

/// Stores a refusal.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, new: &NewRefusal<'_>) -> Result<(), Error> {
    // PostgreSQL's text cannot contain NUL; input from outside may.
    let (source, detail) =
        (new.source.replace('\0', "\u{fffd}"), new.detail.replace('\0', "\u{fffd}"));
    let count = signed(new.count)?;
    execute(
        tx,
        REFUSALS_INSERT,
        &[
            &system_time(new.at),
            &source,
            &new.kind,
            &new.code,
            &detail,
            &&new.body_sha256.0[..],
            &new.excerpt,
            &count,
        ],
    )
    .await?;
    Ok(())
}

/// How much was refused, by kind and code.
///
/// # Errors
///
/// [`Error`].
pub async fn totals(db: &Db) -> Result<Vec<(String, String, u64)>, Error> {
    let rows = query(&db.client().await?, REFUSALS_TOTALS, &[]).await?;
    rows.iter().map(|row| Ok((row.get(0), row.get(1), unsigned(row.get(2))?))).collect()
}
