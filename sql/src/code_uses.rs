//! The first use of each hidden code.
//!
//! The way through: [`record`] stores a use if it is the first, or says what was there; [`first`] reads it; [`forget`] removes old marks.
//!
//! What holds: of uses of one item's code exactly one is the first, however many come at once; it is never changed or removed, but for
//! the mark of who used it.
//!
//! Not here: whether a code is the item's (`access::hidden_code`), what a use means (`trace-api`).
//!
//! Source: docs/decisions/0094-hidden-codes.md.

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{Db, Transaction, execute, query_opt, system_time, timestamp};
use crate::error::Error;
use crate::queries::{CODE_USES_FIRST, CODE_USES_FORGET, CODE_USES_INSERT};

/// The first use of an item's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUse {
    /// When.
    pub at: Timestamp,
    /// Mark of network and browser; none if the use is old.
    pub device: Option<Vec<u8>>,
}

/// Stores a use; gives the first one if it is not this.
///
/// - `item`: its Digital Link at id.gs1.org.
/// - `device`: mark of network and browser.
///
/// # Errors
///
/// [`Error`].
pub async fn record(
    db: &Db,
    item: &str,
    at: Timestamp,
    device: &[u8],
) -> Result<Option<FirstUse>, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&item, &system_time(at), &device];
    if !db.query_alone("code_uses::insert", CODE_USES_INSERT, &values).await?.is_empty() {
        return Ok(None);
    }
    // Rows are never removed, so what was in the way is there.
    let found = first(db, item).await?;
    found.map(Some).ok_or_else(|| Error::data("the first use of a code was removed"))
}

/// The first use of the code of an item, if it was used.
///
/// # Errors
///
/// [`Error`].
pub async fn first(db: &Db, item: &str) -> Result<Option<FirstUse>, Error> {
    let row = query_opt(&db.client().await?, CODE_USES_FIRST, &[&item]).await?;
    let read = |row: &Row| Ok(FirstUse { at: timestamp(row.get(0))?, device: row.get(1) });
    row.as_ref().map(read).transpose()
}

/// Removes the marks of uses before `before`; gives their number.
///
/// # Errors
///
/// [`Error`].
pub async fn forget(tx: &Transaction<'_>, before: Timestamp) -> Result<u64, Error> {
    execute(tx, CODE_USES_FORGET, &[&system_time(before)]).await
}
