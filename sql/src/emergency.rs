//! Rights that two operators give together for some hours.
//!
//! What holds: a row is approved once and ended once, and changes in no other way (the database refuses it, also for its owner as long
//! as the trigger is there); rows are never removed.
//!
//! Not here: the rules (`access::Exception`), whose keys were shown (`gate`), the records in the log of reads.
//!
//! Source: decision 0072.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::access_limits::{StoredLimits, optional_time};
use crate::db::{Db, Transaction, execute, query, query_opt, system_time, timestamp, unsigned};
use crate::error::Error;
use crate::queries::{
    EMERGENCY_ACTIVE, EMERGENCY_APPROVE, EMERGENCY_END, EMERGENCY_FIND, EMERGENCY_HELD,
    EMERGENCY_INSERT, EMERGENCY_LIST,
};

/// Longest that a right can last.
const LONGEST: SignedDuration = SignedDuration::from_hours(8);

/// Who took a step, with which key, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who.
    pub by: String,
    /// Prefix of the key that they showed.
    pub key: String,
    /// When.
    pub at: Timestamp,
}

/// A key as it is now, with which somebody took a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepKey {
    /// Whose it is.
    pub subject: String,
    /// Its role.
    pub role: String,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A right of an emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEmergency {
    /// What names it: `emg_` and 8 letters.
    pub id: String,
    /// Who gets it.
    pub subject: String,
    /// Role and limits.
    pub limits: StoredLimits,
    /// For how many hours from its approval on.
    pub hours: i16,
    /// Why.
    pub reason: String,
    /// The first person.
    pub proposed: Step,
    /// The second person.
    pub approved: Option<Step>,
    /// Who ended it before its time.
    pub ended: Option<Step>,
}

/// A right with the keys of its two people as they are now; of the second one if it was approved.
pub type WithKeys = (StoredEmergency, StepKey, Option<StepKey>);

fn step(row: &Row, first: usize) -> Result<Option<Step>, Error> {
    let Some(by) = row.get::<_, Option<String>>(first) else { return Ok(None) };
    Ok(Some(Step { by, key: row.get(first + 1), at: timestamp(row.get(first + 2))? }))
}

fn key(row: &Row, first: usize) -> Result<Option<StepKey>, Error> {
    let Some(subject) = row.get::<_, Option<String>>(first) else { return Ok(None) };
    let (role, revoked_at) = (row.get(first + 1), optional_time(row, first + 2)?);
    Ok(Some(StepKey { subject, role, revoked_at }))
}

fn stored(row: &Row) -> Result<WithKeys, Error> {
    let missing = || Error::data("a right of an emergency has no first person, expected one");
    let emergency = StoredEmergency {
        id: row.get(0),
        subject: row.get(1),
        limits: StoredLimits::of(row, 2)?,
        hours: row.get(8),
        reason: row.get(9),
        proposed: step(row, 10)?.ok_or_else(missing)?,
        approved: step(row, 13)?,
        ended: step(row, 16)?,
    };
    Ok((emergency, key(row, 19)?.ok_or_else(missing)?, key(row, 22)?))
}

/// Stores a proposal; approval and end are not part of it.
///
/// # Errors
///
/// [`Error`], also if its id is taken.
pub async fn insert(tx: &Transaction<'_>, new: &StoredEmergency) -> Result<(), Error> {
    let (times, at) = (new.limits.times(), system_time(new.proposed.at));
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&new.id, &new.subject];
    values.extend(new.limits.parameters(&times));
    let rest: [&(dyn ToSql + Sync); 5] =
        [&new.hours, &new.reason, &new.proposed.by, &new.proposed.key, &at];
    values.extend(rest);
    execute(tx, EMERGENCY_INSERT, &values).await?;
    Ok(())
}

/// The right that an id names.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, id: &str) -> Result<Option<WithKeys>, Error> {
    let row = query_opt(&db.client().await?, EMERGENCY_FIND, &[&id]).await?;
    row.as_ref().map(stored).transpose()
}

/// Up to 500 rights after an id, in order of their ids; from the first with an empty one.
///
/// # Errors
///
/// [`Error`].
pub async fn list(db: &Db, after: &str) -> Result<Vec<WithKeys>, Error> {
    query(&db.client().await?, EMERGENCY_LIST, &[&after]).await?.iter().map(stored).collect()
}

/// What may give somebody something at `now`: what was approved within the longest time and not ended.
///
/// # Errors
///
/// [`Error`].
pub async fn held(db: &Db, subject: &str, now: Timestamp) -> Result<Vec<WithKeys>, Error> {
    let since = system_time(now.checked_sub(LONGEST).unwrap_or(Timestamp::UNIX_EPOCH));
    let rows = query(&db.client().await?, EMERGENCY_HELD, &[&subject, &since]).await?;
    rows.iter().map(stored).collect()
}

/// How many give something at `now`.
///
/// # Errors
///
/// [`Error`].
pub async fn active(db: &Db, now: Timestamp) -> Result<u64, Error> {
    let row = query_opt(&db.client().await?, EMERGENCY_ACTIVE, &[&system_time(now)]).await?;
    row.map_or(Ok(0), |row| unsigned(row.get(0)))
}

/// Approves a right; gives whether it was waiting for that.
///
/// # Errors
///
/// [`Error`], also if the database's own checks refuse it: one person for both, or too late.
pub async fn approve(tx: &Transaction<'_>, id: &str, step: &Step) -> Result<bool, Error> {
    let at = system_time(step.at);
    Ok(execute(tx, EMERGENCY_APPROVE, &[&id, &step.by, &step.key, &at]).await? == 1)
}

/// Ends a right, or takes a proposal back; gives whether it was not ended before.
///
/// # Errors
///
/// [`Error`].
pub async fn end(tx: &Transaction<'_>, id: &str, step: &Step) -> Result<bool, Error> {
    let at = system_time(step.at);
    Ok(execute(tx, EMERGENCY_END, &[&id, &step.by, &step.key, &at]).await? == 1)
}
