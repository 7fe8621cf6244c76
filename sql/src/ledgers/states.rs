//! All that says whether a ledger can be relied on, of several ledgers at once.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::StoredCheckpoint;
use super::list::LedgerRow;
use crate::db::{Connection, query, unsigned_or_none};
use crate::error::Error;
use crate::hub::PublishedEntry;
use crate::ledger_id::LedgerId;
use crate::queries::LEDGERS_STATES;
use crate::row_version::RowVersion;

/// Most forks of one ledger whose notes are read at once. Each note costs two checks of signatures.
pub const MOST_FORKS: u32 = 32;
/// Most forks of one ledger that are counted.
const MOST_COUNTED: u32 = 10_000;

/// A ledger, its newest checkpoint, and what the hub has of it, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerState {
    /// The ledger.
    pub row: LedgerRow,
    /// Leaves by its head; 0 if it has none.
    pub head_size: u64,
    /// Its newest checkpoint; none for an empty ledger.
    pub latest: Option<StoredCheckpoint>,
    /// The entry of its largest checkpoint in any hub.
    pub published: Option<Published>,
    /// Notes that are kept as evidence of forks of it, each once, in order: those of at most [`MOST_FORKS`] forks.
    pub evidence: Vec<String>,
    /// How many more forks are kept whose notes were not read; of very many, at least so many.
    pub forks_left: u64,
}

/// An entry of a hub, by the index, and where its text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// By the index.
    pub entry: PublishedEntry,
    /// The version of the row that has its text ([`crate::items::records`] reads it); none if the hub's ledger does not have it.
    pub row: Option<RowVersion>,
}

fn published(row: &Row) -> Option<Published> {
    let hub = row.get::<_, Option<i32>>(9)?;
    let entry = PublishedEntry {
        hub: LedgerId(hub),
        hub_index: unsigned_or_none(row.get(10)),
        ledger_size: unsigned_or_none(row.get(11)),
    };
    Some(Published { entry, row: RowVersion::of_row(row, 12) })
}

fn state(row: &Row) -> LedgerState {
    let mut evidence: Vec<String> = row.get(14);
    evidence.sort_unstable();
    evidence.dedup();
    LedgerState {
        row: LedgerRow {
            id: LedgerId(row.get(0)),
            origin: row.get(1),
            kind: row.get(2),
            party: row.get(3),
        },
        // A negative one is as good as none.
        head_size: u64::try_from(row.get::<_, i64>(4)).unwrap_or_default(),
        latest: StoredCheckpoint::of_row(row, 5),
        published: published(row),
        evidence,
        forks_left: unsigned_or_none(row.get(15)),
    }
}

/// The ledgers of these numbers, in no order; each once.
///
/// - One query, whatever the number of ledgers.
///
/// # Errors
///
/// [`Error`].
pub async fn states(
    connection: &Connection,
    ledgers: &[LedgerId],
) -> Result<Vec<LedgerState>, Error> {
    let ledgers: Vec<i32> = ledgers.iter().map(|ledger| ledger.0).collect();
    let (most, counted) = (i64::from(MOST_FORKS), i64::from(MOST_COUNTED));
    let parameters: [&(dyn ToSql + Sync); 3] = [&ledgers, &most, &counted];
    let rows = query(connection.client(), LEDGERS_STATES, &parameters).await?;
    Ok(rows.iter().map(state).collect())
}
