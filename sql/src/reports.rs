//! What people report of an item, and what was answered.
//!
//! The way through: [`insert`] stores a report under the hash of its receipt; [`of_receipt`] gives whoever has the receipt what came of it;
//! [`list`], [`find`] and [`photo`] are for whoever answers, with [`settle`]; [`delete_before`] removes what is old.
//!
//! What holds: the receipt is not stored, only its hash; a report sent twice is stored once; what was reported never changes; a report is
//! answered once, however many answer at the same time; all photos together have at most [`MOST_PHOTO_BYTES`].
//!
//! Not here: forms, receipts and pictures (`trace-api`), who answers (`chopmark report`).
//!
//! Source: docs/decisions/0093-reports-of-a-suspicion.md.

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{
    Db, Transaction, execute, query, query_opt, signed, system_time, timestamp, unsigned,
};
use crate::error::Error;
use crate::queries::{
    REPORTS_DELETE_BEFORE, REPORTS_FIND, REPORTS_INSERT, REPORTS_LIST, REPORTS_OF_RECEIPT,
    REPORTS_PHOTO, REPORTS_SETTLE,
};

/// Most bytes of one photo, as the table has it.
pub const MOST_PHOTO: usize = 8 * 1024 * 1024;
/// Most bytes of all photos together: 2 GiB.
pub const MOST_PHOTO_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Most reports that [`delete_before`] deletes at once, as `delete_reports` has it.
pub const MOST_DELETED: u64 = 1_000;

/// A report to store.
#[derive(Debug, Clone, Copy)]
pub struct NewReport<'a> {
    /// SHA-256 of the receipt.
    pub receipt: &'a [u8; 32],
    /// When.
    pub at: Timestamp,
    /// Digital Link of the item, or what was typed where one is expected; 1 to 500 bytes.
    pub item: &'a str,
    /// `copy`, `opened`, `seller`, `record` or `other`.
    pub reason: &'a str,
    /// At most 8,000 bytes.
    pub message: &'a str,
    /// Where; at most 800 bytes.
    pub place: &'a str,
    /// `zh` or `en`.
    pub language: &'a str,
    /// At most [`MOST_PHOTO`] bytes.
    pub photo: Option<&'a [u8]>,
}

/// What came of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// URI of the item.
    pub item: String,
    /// As in [`NewReport::reason`].
    pub reason: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Whether a photo was stored with it.
    pub has_photo: bool,
    /// `received`, `taken`, `answered` or `closed`.
    pub state: String,
    /// Empty before it is answered or closed.
    pub answer: String,
    /// When it was answered or closed.
    pub answered_at: Option<Timestamp>,
}

/// A report as whoever answers it reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    /// Its number.
    pub id: u64,
    /// What came of it.
    pub outcome: Outcome,
    /// What was written.
    pub message: String,
    /// Where, as it was written.
    pub place: String,
    /// `zh` or `en`.
    pub language: String,
}

/// What became of a report that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is stored now.
    New {
        /// Whether the photo is with it; false also if there was none.
        with_photo: bool,
    },
    /// It was stored before.
    Before,
}

/// Stores a report, once.
///
/// # Errors
///
/// [`Error`].
pub async fn insert(db: &Db, report: NewReport<'_>) -> Result<Stored, Error> {
    let values: [&(dyn ToSql + Sync); 10] = [
        &&report.receipt[..],
        &system_time(report.at),
        &crate::items::key(report.item),
        &report.item,
        &report.reason,
        &report.message,
        &report.place,
        &report.language,
        &report.photo,
        &signed(MOST_PHOTO_BYTES)?,
    ];
    let stored = db.query_alone("reports::insert", REPORTS_INSERT, &values).await?;
    Ok(stored.first().map_or(Stored::Before, |row| Stored::New { with_photo: row.get(0) }))
}

/// What came of the report with this receipt.
///
/// - `receipt`: its SHA-256.
///
/// # Errors
///
/// [`Error`].
pub async fn of_receipt(db: &Db, receipt: &[u8; 32]) -> Result<Option<Outcome>, Error> {
    let row = query_opt(&db.client().await?, REPORTS_OF_RECEIPT, &[&&receipt[..]]).await?;
    row.as_ref().map(|row| outcome(row, 0)).transpose()
}

/// Reports with numbers above `after`, at most 500, in order.
///
/// - `open_only`: without those that were answered or closed.
///
/// # Errors
///
/// [`Error`].
pub async fn list(db: &Db, after: u64, open_only: bool) -> Result<Vec<StoredReport>, Error> {
    let rows = query(&db.client().await?, REPORTS_LIST, &[&signed(after)?, &open_only]).await?;
    rows.iter().map(stored).collect()
}

/// The report with this number.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, id: u64) -> Result<Option<StoredReport>, Error> {
    let row = query_opt(&db.client().await?, REPORTS_FIND, &[&signed(id)?]).await?;
    row.as_ref().map(stored).transpose()
}

/// The photo of a report, if it has one.
///
/// # Errors
///
/// [`Error`].
pub async fn photo(db: &Db, id: u64) -> Result<Option<Vec<u8>>, Error> {
    let row = query_opt(&db.client().await?, REPORTS_PHOTO, &[&signed(id)?]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// What is done with a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Somebody looks at it.
    Take,
    /// It is answered.
    Answer(&'a str),
    /// It is closed, with the reason.
    Close(&'a str),
}

/// Takes a step; gives whether it was taken: not if the report was answered or closed before, or is taken up already.
///
/// # Errors
///
/// [`Error`].
pub async fn settle(
    tx: &Transaction<'_>,
    id: u64,
    step: Step<'_>,
    at: Timestamp,
) -> Result<bool, Error> {
    let (state, answer, at) = match step {
        Step::Take => ("taken", "", None),
        Step::Answer(text) => ("answered", text, Some(system_time(at))),
        Step::Close(text) => ("closed", text, Some(system_time(at))),
    };
    Ok(execute(tx, REPORTS_SETTLE, &[&signed(id)?, &state, &answer, &at]).await? == 1)
}

/// Deletes the oldest reports before `before`, which must be at least 30 days ago; at most [`MOST_DELETED`]. Gives their number: if it is
/// that, there may be more.
///
/// # Errors
///
/// [`Error`], also if `before` is later.
pub async fn delete_before(tx: &Transaction<'_>, before: Timestamp) -> Result<u64, Error> {
    let row = query_opt(tx, REPORTS_DELETE_BEFORE, &[&system_time(before)]).await?;
    row.map_or(Ok(0), |row| unsigned(row.get(0)))
}

/// Reads an outcome from seven columns that begin at `from`.
fn outcome(row: &Row, from: usize) -> Result<Outcome, Error> {
    let answered_at: Option<std::time::SystemTime> = row.get(from + 6);
    Ok(Outcome {
        item: row.get(from),
        reason: row.get(from + 1),
        received_at: timestamp(row.get(from + 2))?,
        has_photo: row.get(from + 3),
        state: row.get(from + 4),
        answer: row.get(from + 5),
        answered_at: answered_at.map(timestamp).transpose()?,
    })
}

fn stored(row: &Row) -> Result<StoredReport, Error> {
    Ok(StoredReport {
        id: unsigned(row.get(0))?,
        outcome: outcome(row, 1)?,
        message: row.get(8),
        place: row.get(9),
        language: row.get(10),
    })
}
