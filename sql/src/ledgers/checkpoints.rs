//! The signed checkpoints of a ledger.

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{
    Connection, Db, hash_or_none, query, query_opt, signed, timestamp_within, unsigned_or_none,
};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    LEDGERS_CHECKPOINT_AT, LEDGERS_CHECKPOINTS_AFTER, LEDGERS_LATEST_CHECKPOINT, LEDGERS_LATEST_OF,
};

/// One checkpoint as stored. What nobody could have signed became a size, root or time that fits nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// When it was committed.
    pub recorded_at: Timestamp,
}

impl StoredCheckpoint {
    /// Reads size, root, note and time from the columns from `first` on; none if they are null.
    pub(crate) fn of_row(row: &Row, first: usize) -> Option<Self> {
        let size: Option<i64> = row.get(first);
        size.map(|size| Self {
            size: unsigned_or_none(size),
            root: hash_or_none(row.get(first + 1)),
            note: row.get(first + 2),
            recorded_at: timestamp_within(row.get(first + 3)),
        })
    }
}

fn checkpoint(row: &Row) -> StoredCheckpoint {
    StoredCheckpoint {
        size: unsigned_or_none(row.get(0)),
        root: hash_or_none(row.get(1)),
        note: row.get(2),
        recorded_at: timestamp_within(row.get(3)),
    }
}

/// The latest checkpoint; none for an empty ledger.
///
/// # Errors
///
/// [`Error`].
pub async fn latest_checkpoint(
    db: &Db,
    ledger: LedgerId,
) -> Result<Option<StoredCheckpoint>, Error> {
    let row = query_opt(&db.client().await?, LEDGERS_LATEST_CHECKPOINT, &[&ledger.0]).await?;
    Ok(row.as_ref().map(checkpoint))
}

/// The number of a ledger and its latest checkpoint, by its origin; none if there is no such ledger or it is empty.
///
/// # Errors
///
/// [`Error`].
pub async fn latest_of(
    connection: &Connection,
    origin: &str,
) -> Result<Option<(LedgerId, StoredCheckpoint)>, Error> {
    let row = query_opt(connection.client(), LEDGERS_LATEST_OF, &[&origin]).await?;
    let Some(row) = row else { return Ok(None) };
    let checkpoint = StoredCheckpoint::of_row(&row, 1);
    Ok(checkpoint.map(|checkpoint| (LedgerId(row.get(0)), checkpoint)))
}

/// The first checkpoint that covers `size` leaves.
///
/// # Errors
///
/// [`Error`].
pub async fn checkpoint_at(
    db: &Db,
    ledger: LedgerId,
    size: u64,
) -> Result<Option<StoredCheckpoint>, Error> {
    let row =
        query_opt(&db.client().await?, LEDGERS_CHECKPOINT_AT, &[&ledger.0, &signed(size)?]).await?;
    Ok(row.as_ref().map(checkpoint))
}

/// Up to `most` checkpoints above `size`, in order.
///
/// # Errors
///
/// [`Error`].
pub async fn checkpoints_after(
    db: &Db,
    ledger: LedgerId,
    size: u64,
    most: u32,
) -> Result<Vec<StoredCheckpoint>, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&ledger.0, &signed(size)?, &i64::from(most)];
    let rows = query(&db.client().await?, LEDGERS_CHECKPOINTS_AFTER, &values).await?;
    Ok(rows.iter().map(checkpoint).collect())
}
