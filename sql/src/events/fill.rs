//! What a projector needs: the right to project, the records that wait, and an empty projection to begin with.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{Db, Transaction, execute, query, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::ledgers::{StoredRecord, slices_of};
use crate::queries::{EVENTS_BEGIN_ANEW, EVENTS_TRY_LOCK, EVENTS_WAITING};

/// Most bytes of texts that are read at once; one chunk may have more.
const MOST_BYTES: i64 = 16 << 20;
/// Most chunks of one ledger that are read at once.
const MOST_CHUNKS: i64 = 64;

/// The right to project, for as long as its connection is open.
#[derive(Debug)]
pub struct ProjectorLease {
    client: tokio_postgres::Client,
}

impl ProjectorLease {
    /// Checks that the right is still held.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the connection, and with it the lock, is lost.
    pub fn check(&self) -> Result<(), Error> {
        if self.client.is_closed() {
            return Err(Error::Unavailable("the projector's connection is lost".into()));
        }
        Ok(())
    }
}

/// Takes the right to project; it ends when the lease is dropped or its connection breaks. None while another process has it.
///
/// # Errors
///
/// [`Error::Unavailable`].
pub async fn hold_projector(db: &Db) -> Result<Option<ProjectorLease>, Error> {
    let client = db.own_client().await?;
    let row = client.query_one(EVENTS_TRY_LOCK, &[]).await?;
    Ok(row.get::<_, bool>(0).then_some(ProjectorLease { client }))
}

/// A chunk of records that is not projected.
#[derive(Debug)]
pub struct WaitingChunk {
    /// Its ledger.
    pub ledger: LedgerId,
    /// Index of its first record.
    pub first: u64,
    /// Records that it says it has.
    pub count: u64,
    row: Row,
}

impl WaitingChunk {
    /// Its records, in order; fewer than it says if its row was altered.
    #[must_use]
    pub fn records(&self) -> Vec<StoredRecord> {
        let bytes = |column: usize| self.row.get::<_, &[u8]>(column);
        let ends: Vec<i32> = self.row.get(7);
        slices_of((self.ledger, self.first), &ends, (bytes(4), bytes(5), bytes(6)))
    }
}

/// What waits of one ledger.
#[derive(Debug)]
pub struct Waiting {
    /// The ledger.
    pub ledger: LedgerId,
    /// The first record that was not looked at.
    pub from: u64,
    /// Its next chunks, in order.
    pub chunks: Vec<WaitingChunk>,
}

/// Records of site ledgers that are committed and not projected: the first of each ledger, all in turn.
///
/// - `most`: about so many records; one chunk at least.
/// - One query, whatever the number of ledgers.
///
/// # Errors
///
/// [`Error`].
pub async fn waiting(db: &Db, most: u32) -> Result<Vec<Waiting>, Error> {
    let parameters: [&(dyn ToSql + Sync); 3] = [&MOST_CHUNKS, &i64::from(most), &MOST_BYTES];
    let rows = query(&db.client().await?, EVENTS_WAITING, &parameters).await?;
    let mut all: Vec<Waiting> = Vec::new();
    for row in rows {
        let (ledger, from) = (LedgerId(row.get(0)), unsigned(row.get(1))?);
        let (first, count) = (unsigned(row.get(2))?, row.get::<_, i16>(3));
        let count = u64::try_from(count).unwrap_or_default();
        let chunk = WaitingChunk { ledger, first, count, row };
        match all.last_mut().filter(|last| last.ledger == ledger) {
            Some(last) => last.chunks.push(chunk),
            None => all.push(Waiting { ledger, from, chunks: vec![chunk] }),
        }
    }
    Ok(all)
}

/// Empties the projection and begins it anew; places of before are refused from now on. Only the owner of the tables can.
///
/// # Errors
///
/// [`Error`].
pub async fn clear(tx: &Transaction<'_>) -> Result<(), Error> {
    // The head is locked first, as by a projector: whoever adds events ends before, or finds its ledgers moved back.
    execute(tx, EVENTS_BEGIN_ANEW, &[]).await?;
    let empty = "truncate events, event_blocks, event_postings, event_values, trace_links, projection_positions, projection_skips";
    Ok(tx.batch_execute(empty).await?)
}
