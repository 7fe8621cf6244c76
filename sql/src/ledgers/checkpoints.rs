//! The signed checkpoints of a ledger.

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{Db, hash, query, query_opt, signed, timestamp, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{LEDGERS_CHECKPOINT_AT, LEDGERS_CHECKPOINTS_AFTER, LEDGERS_LATEST_CHECKPOINT};

/// One checkpoint as stored.
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

fn checkpoint(row: &Row) -> Result<StoredCheckpoint, Error> {
    Ok(StoredCheckpoint {
        size: unsigned(row.get(0))?,
        root: hash(row.get(1))?,
        note: row.get(2),
        recorded_at: timestamp(row.get(3))?,
    })
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
    row.as_ref().map(checkpoint).transpose()
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
    row.as_ref().map(checkpoint).transpose()
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
    rows.iter().map(checkpoint).collect()
}
