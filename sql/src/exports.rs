//! Exports that people ask for at the desk: who, what, why, how far it is, and what came of it.
//!
//! What holds: an export goes from waiting to running to done, and from the first two to failed or cancelled; none goes back, and none ends twice. One
//! whose desk has not said in time that it still has it is failed by whichever desk looks next ([`fail_dead`]). Nobody finds the export of
//! somebody else.
//!
//! Not here: files (`desk`), what is in them (`export`).
//!
//! Source: docs/desk.md, "Exports".

use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{
    Db, Transaction, execute, query, query_opt, signed, system_time, timestamp, unsigned,
};
use crate::error::Error;
use crate::queries::{
    EXPORTS_ALIVE, EXPORTS_BEGIN, EXPORTS_CANCEL, EXPORTS_COUNT_OPEN, EXPORTS_FAIL,
    EXPORTS_FAIL_DEAD, EXPORTS_FIND, EXPORTS_FINISH, EXPORTS_FORGET, EXPORTS_INSERT, EXPORTS_KEPT,
    EXPORTS_OF_SUBJECT,
};

/// An export that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct NewExport<'a> {
    /// Its id: 32 hex digits, random.
    pub id: &'a str,
    /// Who.
    pub subject: &'a str,
    /// When.
    pub asked_at: Timestamp,
    /// What is searched, as the desk reads it.
    pub search: &'a str,
    /// Why; empty if the reader's reads are not recorded.
    pub why: &'a str,
    /// The form, by its name.
    pub format: &'a str,
    /// Whether CSV begins with a byte-order mark.
    pub has_mark: bool,
    /// Tag of the language.
    pub language: &'a str,
    /// When its desk is given up if it has not said that it still has it.
    pub alive_until: Timestamp,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Events that were looked at.
    pub looked_at: u64,
    /// Of so many, if that is known.
    pub total: Option<u64>,
    /// Rows that were written.
    pub rows: u64,
}

/// What came of an export.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// When it was done.
    pub at: Timestamp,
    /// Its manifest.
    pub manifest: &'a str,
    /// The signature; none without a ledger of reads.
    pub signature: Option<&'a str>,
    /// When its file is deleted.
    pub expires_at: Timestamp,
    /// Events that were looked at, and rows that were written.
    pub counts: (u64, u64),
}

/// Where an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits for others.
    Waiting,
    /// It is being written.
    Running,
    /// It can be taken until it expires.
    Done,
    /// It could not be written.
    Failed,
    /// Whoever asked did not want it any more.
    Cancelled,
}

/// An export as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredExport {
    /// Its id.
    pub id: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// What is searched.
    pub search: String,
    /// Why.
    pub why: String,
    /// The form, by its name.
    pub format: String,
    /// Whether CSV begins with a byte-order mark.
    pub has_mark: bool,
    /// Tag of the language.
    pub language: String,
    /// Where it is.
    pub state: State,
    /// How far it is.
    pub progress: Progress,
    /// Why it failed.
    pub problem: Option<String>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its manifest, if it is done; not in lists.
    pub manifest: Option<String>,
    /// The signature; not in lists.
    pub signature: Option<String>,
    /// When its file is deleted.
    pub expires_at: Option<Timestamp>,
}

fn state(text: &str) -> Result<State, Error> {
    Ok(match text {
        "waiting" => State::Waiting,
        "running" => State::Running,
        "done" => State::Done,
        "failed" => State::Failed,
        "cancelled" => State::Cancelled,
        other => return Err(Error::data(format!("`{other}` is no state of an export"))),
    })
}

fn stored(row: &Row) -> Result<StoredExport, Error> {
    let optional =
        |place: usize| row.get::<_, Option<SystemTime>>(place).map(timestamp).transpose();
    Ok(StoredExport {
        id: row.get(0),
        asked_at: timestamp(row.get(1))?,
        search: row.get(2),
        why: row.get(3),
        format: row.get(4),
        has_mark: row.get(5),
        language: row.get(6),
        state: state(row.get(7))?,
        progress: Progress {
            looked_at: unsigned(row.get(8))?,
            total: row.get::<_, Option<i64>>(9).map(unsigned).transpose()?,
            rows: unsigned(row.get(10))?,
        },
        problem: row.get(11),
        ended_at: optional(12)?,
        manifest: row.get(13),
        signature: row.get(14),
        expires_at: optional(15)?,
    })
}

/// Stores an export that waits.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(tx: &Transaction<'_>, new: &NewExport<'_>) -> Result<(), Error> {
    let (asked, alive) = (system_time(new.asked_at), system_time(new.alive_until));
    let values: [&(dyn ToSql + Sync); 9] = [
        &new.id,
        &new.subject,
        &asked,
        &new.search,
        &new.why,
        &new.format,
        &new.has_mark,
        &new.language,
        &alive,
    ];
    execute(tx, EXPORTS_INSERT, &values).await?;
    Ok(())
}

/// How many exports of somebody, asked for after a time, wait or run; counts to `most`.
///
/// # Errors
///
/// [`Error`].
pub async fn count_open(db: &Db, subject: &str, after: Timestamp, most: u16) -> Result<u64, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&subject, &system_time(after), &i64::from(most)];
    let row = query_opt(&db.client().await?, EXPORTS_COUNT_OPEN, &values).await?;
    row.map_or(Ok(0), |row| unsigned(row.get(0)))
}

/// A waiting export begins to run; gives whether it still waited.
///
/// # Errors
///
/// [`Error`].
pub async fn begin(tx: &Transaction<'_>, id: &str) -> Result<bool, Error> {
    Ok(execute(tx, EXPORTS_BEGIN, &[&id]).await? == 1)
}

/// Says that a desk still has an export, and how far it is; gives whether it is still wanted.
///
/// # Errors
///
/// [`Error`].
pub async fn alive(
    tx: &Transaction<'_>,
    id: &str,
    until: Timestamp,
    progress: Progress,
) -> Result<bool, Error> {
    let Progress { looked_at, total, rows } = progress;
    let total = total.map(signed).transpose()?;
    let values: [&(dyn ToSql + Sync); 5] =
        [&id, &system_time(until), &signed(looked_at)?, &total, &signed(rows)?];
    Ok(execute(tx, EXPORTS_ALIVE, &values).await? == 1)
}

/// A running export is done; gives whether it was still wanted.
///
/// # Errors
///
/// [`Error`].
pub async fn finish(tx: &Transaction<'_>, id: &str, outcome: &Outcome<'_>) -> Result<bool, Error> {
    let (looked_at, rows) = outcome.counts;
    let values: [&(dyn ToSql + Sync); 7] = [
        &id,
        &system_time(outcome.at),
        &outcome.manifest,
        &outcome.signature,
        &system_time(outcome.expires_at),
        &signed(looked_at)?,
        &signed(rows)?,
    ];
    Ok(execute(tx, EXPORTS_FINISH, &values).await? == 1)
}

/// An export could not be written.
///
/// # Errors
///
/// [`Error`].
pub async fn fail(
    tx: &Transaction<'_>,
    id: &str,
    at: Timestamp,
    problem: &str,
) -> Result<(), Error> {
    execute(tx, EXPORTS_FAIL, &[&id, &system_time(at), &problem]).await?;
    Ok(())
}

/// Fails the exports whose desk has not said in time that it still has them; gives their number.
///
/// # Errors
///
/// [`Error`].
pub async fn fail_dead(tx: &Transaction<'_>, now: Timestamp, problem: &str) -> Result<u64, Error> {
    execute(tx, EXPORTS_FAIL_DEAD, &[&system_time(now), &problem]).await
}

/// Whoever asked does not want it any more; gives whether it waited or ran.
///
/// # Errors
///
/// [`Error`].
pub async fn cancel(
    tx: &Transaction<'_>,
    id: &str,
    subject: &str,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(execute(tx, EXPORTS_CANCEL, &[&id, &subject, &system_time(at)]).await? == 1)
}

/// Whoever asked has its file deleted; gives whether there was one.
///
/// # Errors
///
/// [`Error`].
pub async fn forget(
    tx: &Transaction<'_>,
    id: &str,
    subject: &str,
    at: Timestamp,
) -> Result<bool, Error> {
    Ok(execute(tx, EXPORTS_FORGET, &[&id, &subject, &system_time(at)]).await? == 1)
}

/// An export of somebody.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, id: &str, subject: &str) -> Result<Option<StoredExport>, Error> {
    let row = query_opt(&db.client().await?, EXPORTS_FIND, &[&id, &subject]).await?;
    row.as_ref().map(stored).transpose()
}

/// The exports of somebody, the newest first, without manifests and signatures.
///
/// - `before`: only those that were asked for earlier.
///
/// # Errors
///
/// [`Error`].
pub async fn of_subject(
    db: &Db,
    subject: &str,
    before: Timestamp,
    most: u16,
) -> Result<Vec<StoredExport>, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&subject, &system_time(before), &i64::from(most)];
    let rows = query(&db.client().await?, EXPORTS_OF_SUBJECT, &values).await?;
    rows.iter().map(stored).collect()
}

/// Of some ids those whose files are still needed.
///
/// # Errors
///
/// [`Error`].
pub async fn kept(db: &Db, ids: &[String], now: Timestamp) -> Result<Vec<String>, Error> {
    let rows = query(&db.client().await?, EXPORTS_KEPT, &[&ids, &system_time(now)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
