//! Refused deliveries, observations and documents, with their reasons.

use std::time::SystemTime;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::types::ToSql;

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

/// Stores refusals.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, new: &[NewRefusal<'_>]) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    // PostgreSQL's text cannot contain NUL; input from outside may.
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    let times: Vec<SystemTime> = new.iter().map(|one| system_time(one.at)).collect();
    let sources: Vec<String> = new.iter().map(|one| clean(one.source)).collect();
    let kinds: Vec<&str> = new.iter().map(|one| one.kind).collect();
    let codes: Vec<&str> = new.iter().map(|one| one.code).collect();
    let details: Vec<String> = new.iter().map(|one| clean(one.detail)).collect();
    let digests: Vec<&[u8]> = new.iter().map(|one| &one.body_sha256.0[..]).collect();
    let excerpts: Vec<&[u8]> = new.iter().map(|one| one.excerpt).collect();
    let counts = new.iter().map(|one| signed(one.count)).collect::<Result<Vec<_>, _>>()?;
    let values: [&(dyn ToSql + Sync); 8] =
        [&times, &sources, &kinds, &codes, &details, &digests, &excerpts, &counts];
    execute(tx, REFUSALS_INSERT, &values).await?;
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
