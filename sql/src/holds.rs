//! Ledgers for which nothing is signed: they were restored from a backup, or closed for a last one.
//!
//! The way through: [`hold_all`] when a backup was restored, or the ledgers are closed; [`of_ledger`] before a writer signs;
//! [`open`] for people; [`release`] when it was shown, or accepted by a person, that nothing newer exists.
//!
//! What holds: a trigger (`migrations/0013_ledger_holds.sql`) refuses every checkpoint of a held ledger, whichever program would store
//! it, and the error is [`Error::Held`]; a hold is a row, so no restart loses it; a release is a row with its reason and
//! is never taken back.
//!
//! Not here: what shows that nothing newer exists (`chopmark restore release`).

use std::fmt;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;

use crate::db::{Db, Transaction, execute, query, query_opt, system_time, timestamp, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{HOLDS_INSERT_ALL, HOLDS_OF_LEDGER, HOLDS_OPEN, HOLDS_RELEASE};

/// Why a ledger is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its rows were restored from a backup.
    Restored,
    /// It was closed for a last backup, from which it is to go on elsewhere.
    Closed,
}

impl Cause {
    fn word(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Closed => "closed",
        }
    }
}

/// A hold that was not released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub id: i64,
    /// The ledger.
    pub ledger: LedgerId,
    /// Its origin.
    pub origin: String,
    /// Whether it is a hub.
    pub is_hub: bool,
    /// Why.
    pub cause: Cause,
    /// Leaves of the ledger when it was held.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// When its rows were read for the backup, or it was closed.
    pub made_at: Timestamp,
    /// When it was held.
    pub held_at: Timestamp,
}

impl fmt::Display for Hold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, made_at, .. } = self;
        match self.cause {
            Cause::Restored => write!(
                out,
                "ledger `{origin}` is held at {size} records: it was restored from a backup of {made_at}, and it is not shown \
                 that nothing newer was given out; nothing is signed, because other records at the same places would be a fork; \
                 `chopmark restore check` says what is known, docs/backup.md what to do"
            ),
            Cause::Closed => write!(
                out,
                "ledger `{origin}` is held at {size} records: it was closed at {made_at} for a last backup and goes on where that \
                 is restored; to go on here instead: `chopmark restore release` (docs/backup.md)"
            ),
        }
    }
}

fn hold(row: &Row) -> Result<Hold, Error> {
    let root: &[u8] = row.get(6);
    Ok(Hold {
        id: row.get(0),
        ledger: LedgerId(row.get(1)),
        origin: row.get(2),
        is_hub: row.get::<_, &str>(3) == "hub",
        cause: if row.get::<_, &str>(4) == "closed" { Cause::Closed } else { Cause::Restored },
        size: unsigned(row.get(5))?,
        root: Hash::from_slice(root).ok_or_else(|| Error::data("a root has 32 bytes"))?,
        made_at: timestamp(row.get(7))?,
        held_at: timestamp(row.get(8))?,
    })
}

/// All holds that were not released, the oldest first.
///
/// # Errors
///
/// [`Error`].
pub async fn open(db: &Db) -> Result<Vec<Hold>, Error> {
    query(&db.client().await?, HOLDS_OPEN, &[]).await?.iter().map(hold).collect()
}

/// Why nothing may be signed for a ledger; none if it is not held.
///
/// # Errors
///
/// [`Error`].
pub async fn of_ledger(db: &Db, ledger: LedgerId) -> Result<Option<Hold>, Error> {
    query_opt(&db.client().await?, HOLDS_OF_LEDGER, &[&ledger.0])
        .await?
        .as_ref()
        .map(hold)
        .transpose()
}

/// Holds every ledger, also an empty one, which may have had records later; gives how many were not held for this cause before.
///
/// - `made_at`: when the rows were read for the backup.
///
/// A commit that is under way is waited for, and every later one is refused.
///
/// # Errors
///
/// [`Error`]; only the owner may.
pub async fn hold_all(
    tx: &Transaction<'_>,
    cause: Cause,
    made_at: Timestamp,
    now: Timestamp,
) -> Result<u64, Error> {
    // Without it a commit that is under way would not see the hold.
    tx.batch_execute("lock table checkpoints in share row exclusive mode").await?;
    let (made_at, now) = (system_time(made_at), system_time(now));
    execute(tx, HOLDS_INSERT_ALL, &[&cause.word(), &made_at, &now]).await
}

/// Releases a hold: the ledger may be signed again.
///
/// - `reason`: why, in a sentence; not empty.
/// - `evidence`: what was asked before, and what it knew.
///
/// # Errors
///
/// [`Error`], also if it was released already; only the owner may.
pub async fn release(
    tx: &Transaction<'_>,
    hold: i64,
    reason: &str,
    evidence: &str,
    now: Timestamp,
) -> Result<(), Error> {
    execute(tx, HOLDS_RELEASE, &[&hold, &reason, &evidence, &system_time(now)]).await.map(drop)
}
