//! How far the projection is, how far it is behind the ledgers, and what it left out.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::links::Head;
use crate::db::{Db, query, query_opt, signed, timestamp_within, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{EVENTS_LAG, EVENTS_REACHED, EVENTS_SIZES, EVENTS_SKIPS};

/// How far the projection is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// Position of the newest event; 0 if there is none.
    pub position: u64,
    /// How often the projection was begun anew.
    pub generation: u64,
    /// Ledgers with records that are committed and not projected.
    pub ledgers: u64,
    /// Such records.
    pub records: u64,
    /// When the oldest of them was committed; none if none waits.
    pub since: Option<Timestamp>,
}

impl Lag {
    /// Whole seconds for which the oldest record waits at `now`; 0 if none does.
    #[must_use]
    pub fn seconds(&self, now: Timestamp) -> u64 {
        let waits = self.since.map_or(0, |since| now.duration_since(since).as_secs());
        u64::try_from(waits).unwrap_or_default()
    }
}

/// How far the projection is behind, at one moment.
///
/// # Errors
///
/// [`Error`].
pub async fn lag(db: &Db) -> Result<Lag, Error> {
    let row = query_opt(&db.client().await?, EVENTS_LAG, &[]).await?;
    let row = row.ok_or_else(|| Error::data("the projection has no head, expected one row"))?;
    Ok(Lag {
        position: unsigned(row.get(0))?,
        generation: unsigned(row.get(1))?,
        ledgers: unsigned(row.get(2))?,
        records: unsigned(row.get(3))?,
        since: row.get::<_, Option<std::time::SystemTime>>(4).map(timestamp_within),
    })
}

/// How many records of each of these ledgers were looked at; a ledger of which none was is not there.
///
/// # Errors
///
/// [`Error`].
pub async fn reached(db: &Db, ledgers: &[LedgerId]) -> Result<Vec<(LedgerId, u64)>, Error> {
    let ledgers: Vec<i32> = ledgers.iter().map(|ledger| ledger.0).collect();
    let rows = query(&db.client().await?, EVENTS_REACHED, &[&ledgers]).await?;
    rows.iter().map(|row| Ok((LedgerId(row.get(0)), unsigned(row.get(1))?))).collect()
}

/// How far the projection has read the ledgers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// Where it is itself.
    pub head: Head,
    /// Each ledger of which it has read something, by its origin, with the number of records that were read; in no order.
    pub sizes: Vec<(String, u64)>,
}

/// How far the projection has read the ledgers, at one moment.
///
/// # Errors
///
/// [`Error`].
pub async fn sizes(db: &Db) -> Result<Sizes, Error> {
    let rows = query(&db.client().await?, EVENTS_SIZES, &[]).await?;
    let first = rows.first();
    let first = first.ok_or_else(|| Error::data("the projection has no head, expected one row"))?;
    let head = Head { position: unsigned(first.get(0))?, generation: unsigned(first.get(1))? };
    let mut sizes = Vec::with_capacity(rows.len());
    for row in &rows {
        let (origin, next): (Option<String>, Option<i64>) = (row.get(2), row.get(3));
        if let Some((origin, next)) = origin.zip(next) {
            sizes.push((origin, unsigned(next)?));
        }
    }
    Ok(Sizes { head, sizes })
}

/// A record that the projection left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Its ledger.
    pub ledger: LedgerId,
    /// That ledger's origin.
    pub origin: String,
    /// Its place there.
    pub index: u64,
    /// Why, for people.
    pub reason: String,
}

/// Records that were left out, in order of ledger and place.
///
/// - `after`: only those behind this one.
///
/// # Errors
///
/// [`Error`].
pub async fn skips(db: &Db, after: Option<(LedgerId, u64)>, most: u32) -> Result<Vec<Skip>, Error> {
    let (ledger, index) = match after {
        Some((ledger, index)) => (ledger.0, signed(index)?),
        None => (i32::MIN, -1),
    };
    let parameters: [&(dyn ToSql + Sync); 3] = [&ledger, &index, &i64::from(most)];
    let rows = query(&db.client().await?, EVENTS_SKIPS, &parameters).await?;
    rows.iter()
        .map(|row| {
            let (ledger, index) = (LedgerId(row.get(0)), unsigned(row.get(2))?);
            Ok(Skip { ledger, origin: row.get(1), index, reason: row.get(3) })
        })
        .collect()
}
