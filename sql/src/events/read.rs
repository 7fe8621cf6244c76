//! Reads events of the projection with their records.
//!
//! What holds: the text is the ledger's, not the projection's; how many bytes are read at once is bounded.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::apply::id_key;
use super::place::{Projected, time};
use crate::db::{Connection, Db, query, signed, unsigned, unsigned_or_none};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::ledgers::StoredRecord;
use crate::queries::{EVENTS_BY_ID, EVENTS_READ};

/// Most bytes of texts that one call reads; one text may have more.
pub const MOST_BYTES: u64 = 32 << 20;
/// Most events of one id that are given.
const MOST_OF_AN_ID: i64 = 1_000;

/// An event that was asked for by its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// It, and the record that it names, as its ledger has it.
    Found(Projected, StoredRecord),
    /// Its ledger has no such record: somebody altered the projection.
    Missing(Projected),
    /// There was no room for it.
    Unread(Projected),
}

fn read_row(row: &Row) -> Read {
    let projected = Projected {
        position: unsigned_or_none(row.get(1)),
        ledger: LedgerId(row.get(2)),
        origin: row.get(3),
        index: unsigned_or_none(row.get(4)),
        event_time: time(row.get(5)),
        record_time: time(row.get(6)),
        event_id: row.get(7),
    };
    let (is_there, is_read): (bool, Option<bool>) = (row.get(8), row.get(9));
    if !is_there {
        return Read::Missing(projected);
    }
    let bytes = |column: usize| row.get::<_, Option<&[u8]>>(column).unwrap_or_default();
    if is_read != Some(true) {
        return Read::Unread(projected);
    }
    let place = (projected.ledger, projected.index);
    let record = StoredRecord::of_slices(place, bytes(10), bytes(11), bytes(12));
    Read::Found(projected, record)
}

/// The events at some positions, in the order in which these are given; a position that has none is left out.
///
/// - Texts are read in this order, as far as there is room: at most [`MOST_BYTES`]. One query.
///
/// # Errors
///
/// [`Error`].
pub async fn read(connection: &Connection, positions: &[u64]) -> Result<Vec<Read>, Error> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let positions =
        positions.iter().map(|position| signed(*position)).collect::<Result<Vec<_>, _>>()?;
    let parameters: [&(dyn ToSql + Sync); 2] = [&positions, &signed(MOST_BYTES)?];
    let rows = query(connection.client(), EVENTS_READ, &parameters).await?;
    Ok(rows.iter().map(read_row).collect())
}

/// The events that have this id, in order of position: a correction has the id of what it corrects, and two ledgers may
/// record one event. Those whose record is missing, or that another id leads to, are left out.
///
/// # Errors
///
/// [`Error`].
pub async fn by_event_id(db: &Db, event_id: &str) -> Result<Vec<(Projected, StoredRecord)>, Error> {
    let connection = db.connection().await?;
    let parameters: [&(dyn ToSql + Sync); 2] = [&id_key(event_id), &MOST_OF_AN_ID];
    let rows = query(connection.client(), EVENTS_BY_ID, &parameters).await?;
    let positions = rows.iter().map(|row| unsigned(row.get(0))).collect::<Result<Vec<_>, _>>()?;
    let read = read(&connection, &positions).await?;
    let found = read.into_iter().filter_map(|read| match read {
        Read::Found(projected, record) if projected.event_id == event_id => {
            Some((projected, record))
        }
        Read::Found(..) | Read::Missing(_) | Read::Unread(_) => None,
    });
    Ok(found.collect())
}
