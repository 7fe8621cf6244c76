//! The last tap of each chip.
//!
//! The way through: [`advance`] raises a chip's counter in one statement, or says what was there; [`forget`] removes old marks.
//!
//! What holds: of taps of one chip with one counter exactly one raises it, however many come at once; a counter never sinks, and the
//! table refuses it whoever writes; a chip is known by a code of its own key, so that nobody without that key names its row.
//!
//! Not here: whether a code is the chip's (`tag_auth`), what a tap that raised nothing means (`trace-api`).
//!
//! Source: docs/decisions/0081-taps-are-checked-once.md.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use crate::db::{Db, Transaction, execute, query_opt, system_time, timestamp};
use crate::error::Error;
use crate::queries::{TAG_TAPS_ADVANCE, TAG_TAPS_FORGET, TAG_TAPS_LAST};

/// Bytes by which a chip is known.
pub const CHIP: usize = 16;

/// A tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTap<'a> {
    /// Which chip.
    pub chip: &'a [u8; CHIP],
    /// Its counter, 0 to 16,777,215.
    pub counter: u32,
    /// Mark of network and browser.
    pub device: &'a [u8],
    /// When.
    pub at: Timestamp,
}

/// The last tap of a chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastTap {
    /// The chip's counter.
    pub counter: u32,
    /// Mark of network and browser; none if the tap is old.
    pub device: Option<Vec<u8>>,
    /// When.
    pub at: Timestamp,
}

/// Raises the counter of a chip; gives the last tap if it is not below this one, and none if this one is the last now.
///
/// - Cost: one statement, and one more if nothing was raised.
///
/// # Errors
///
/// [`Error`].
pub async fn advance(db: &Db, tap: NewTap<'_>) -> Result<Option<LastTap>, Error> {
    let values: [&(dyn ToSql + Sync); 4] =
        [&&tap.chip[..], &counter(tap.counter)?, &tap.device, &system_time(tap.at)];
    let raised = db.query_alone("tag_taps::advance", TAG_TAPS_ADVANCE, &values).await?;
    if !raised.is_empty() {
        return Ok(None);
    }
    let row = query_opt(&db.client().await?, TAG_TAPS_LAST, &[&&tap.chip[..]]).await?;
    // Rows are never removed, so what was in the way is there.
    let row = row.ok_or_else(|| Error::data("the last tap of a chip was removed"))?;
    let found: i32 = row.get(0);
    let counter = u32::try_from(found);
    let counter = counter.map_err(|_| Error::data(format!("{found} is no counter of a chip")))?;
    Ok(Some(LastTap { counter, device: row.get(1), at: timestamp(row.get(2))? }))
}

fn counter(counter: u32) -> Result<i32, Error> {
    i32::try_from(counter).map_err(|_| Error::data(format!("{counter} is no counter of a chip")))
}

/// Removes the marks of taps before `before`; gives their number.
///
/// # Errors
///
/// [`Error`].
pub async fn forget(tx: &Transaction<'_>, before: Timestamp) -> Result<u64, Error> {
    execute(tx, TAG_TAPS_FORGET, &[&system_time(before)]).await
}
