//! Challenges of UHF tags whose answer came in.
//!
//! The way through: [`take`] uses a challenge up; [`delete_before`] removes those that ended long ago.
//!
//! What holds: of answers to one challenge exactly one takes it, however many come at once and whichever process they reach.
//!
//! Not here: which challenges are ours and when they end (`trace-api`), so a challenge that waits for its answer is in no table.
//!
//! Source: docs/decisions/0100-uhf-tags-answer-a-challenge-of-ours.md.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use crate::db::{Db, Transaction, query, system_time, unsigned};
use crate::error::Error;
use crate::queries::{TAG_CHALLENGES_DELETE_BEFORE, TAG_CHALLENGES_INSERT};

/// Bytes of a challenge.
pub const CHALLENGE: usize = 10;

/// Uses a challenge up; gives whether it was not used before.
///
/// # Errors
///
/// [`Error`].
pub async fn take(
    db: &Db,
    challenge: &[u8; CHALLENGE],
    expires_at: Timestamp,
) -> Result<bool, Error> {
    let values: [&(dyn ToSql + Sync); 2] = [&&challenge[..], &system_time(expires_at)];
    let taken = db.query_alone("tag_challenges::insert", TAG_CHALLENGES_INSERT, &values).await?;
    Ok(!taken.is_empty())
}

/// Deletes challenges that ended before `before`, which must be at least five minutes ago; at most 1,000. Gives their number.
///
/// # Errors
///
/// [`Error`].
pub async fn delete_before(tx: &Transaction<'_>, before: Timestamp) -> Result<u64, Error> {
    let rows = query(tx, TAG_CHALLENGES_DELETE_BEFORE, &[&system_time(before)]).await?;
    rows.first().map_or(Ok(0), |row| unsigned(row.get(0)))
}
