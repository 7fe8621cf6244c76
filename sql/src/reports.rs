//! What people report of an item, and what was answered.
//!
//! The way through: [`insert`] stores a report under the hash of its receipt, with what it rests on; [`set_logged`] says which log has its
//! digest; [`of_receipt`] gives whoever has the receipt what came of it; [`list`], [`find`], [`evidence`] and [`photo`] are for whoever
//! answers, with [`settle`]; [`newest`] is for those who read at the desk; [`delete_before`] removes what is old.
//!
//! What holds: the receipt is not stored, only its hash; a report sent twice is stored once; what was reported never changes, and neither
//! does its evidence; a report is answered once, however many answer at the same time; all photos together have at most
//! [`MOST_PHOTO_BYTES`].
//!
//! Not here: forms, receipts and pictures (`trace-api`), what the evidence says (`history::frozen`), who may read what (`access`), who
//! answers (`chopmark report`).
//!
//! Sources: docs/decisions/0093-reports-of-a-suspicion.md, docs/decisions/0102-reports-reach-brand-and-authority.md.

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{
    Db, Transaction, execute, hash, query, query_opt, signed, system_time, timestamp, unsigned,
};
use crate::error::Error;
use crate::queries::{
    REPORTS_DELETE_BEFORE, REPORTS_EVIDENCE, REPORTS_FIND, REPORTS_INSERT, REPORTS_LIST,
    REPORTS_NEWEST, REPORTS_OF_RECEIPT, REPORTS_PHOTO, REPORTS_SET_LOGGED, REPORTS_SETTLE,
};

/// Most bytes of one photo, as the table has it.
pub const MOST_PHOTO: usize = 8 * 1024 * 1024;
/// Most bytes of all photos together: 2 GiB.
pub const MOST_PHOTO_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Most reports that [`delete_before`] deletes at once, as `delete_reports` has it.
pub const MOST_DELETED: u64 = 1_000;

/// Bytes of the secret that a digest is keyed by.
pub const SECRET: usize = 16;
/// The number before which every report is.
pub const FIRST_PAGE: u64 = i64::MAX.unsigned_abs();

/// What a report rests on, and its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// A canonical JSON document.
    pub document: String,
    /// HMAC-SHA256 of it.
    pub digest: Hash,
}

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
    /// Whether inspectors are to read it.
    pub for_authorities: bool,
    /// Key of the digests.
    pub secret: &'a [u8; SECRET],
    /// What it rests on, if the photo is stored or there is none.
    pub evidence: &'a Evidence,
    /// What it rests on, if there is no room for the photo.
    pub without_photo: &'a Evidence,
}

/// An entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    /// Origin of the ledger.
    pub origin: String,
    /// Place in it, from 0.
    pub index: u64,
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
    /// Whether inspectors are to read it.
    pub for_authorities: bool,
    /// Digest of what it rests on; none of reports of earlier versions.
    pub digest: Option<Hash>,
    /// Which log has the digest; none if none has.
    pub log: Option<LogPlace>,
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
        /// Its number.
        id: u64,
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
    let (whole, without) = (report.evidence, report.without_photo);
    let values: [&(dyn ToSql + Sync); 16] = [
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
        &report.for_authorities,
        &&report.secret[..],
        &whole.document,
        &&whole.digest.0[..],
        &without.document,
        &&without.digest.0[..],
    ];
    let stored = db.query_alone("reports::insert", REPORTS_INSERT, &values).await?;
    let Some(row) = stored.first() else { return Ok(Stored::Before) };
    Ok(Stored::New { id: unsigned(row.get(0))?, with_photo: row.get(1) })
}

/// Says which log has the digest of a report; once. Gives whether it was said now.
///
/// # Errors
///
/// [`Error`].
pub async fn set_logged(tx: &Transaction<'_>, id: u64, log: &LogPlace) -> Result<bool, Error> {
    let (id, index) = (signed(id)?, signed(log.index)?);
    Ok(execute(tx, REPORTS_SET_LOGGED, &[&id, &log.origin, &index]).await? == 1)
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
    row.as_ref().map(outcome).transpose()
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

/// A report as lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLine {
    /// Its number.
    pub id: u64,
    /// As in [`NewReport::item`].
    pub item: String,
    /// As in [`NewReport::reason`].
    pub reason: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Whether a photo was stored with it.
    pub has_photo: bool,
    /// As in [`Outcome::state`].
    pub state: String,
    /// Whether inspectors are to read it.
    pub for_authorities: bool,
}

/// Reports with numbers below `before` ([`FIRST_PAGE`] for all), the newest first, at most `most`.
///
/// - `also_others`: also those that are not for the authorities.
///
/// # Errors
///
/// [`Error`].
pub async fn newest(
    db: &Db,
    before: u64,
    also_others: bool,
    most: u32,
) -> Result<Vec<ReportLine>, Error> {
    let before = signed(before.min(FIRST_PAGE))?;
    let values: [&(dyn ToSql + Sync); 3] = [&before, &also_others, &i64::from(most)];
    let rows = query(&db.client().await?, REPORTS_NEWEST, &values).await?;
    let line = |row: &Row| {
        Ok(ReportLine {
            id: unsigned(row.get(0))?,
            item: row.get(1),
            reason: row.get(2),
            received_at: timestamp(row.get(3))?,
            has_photo: row.get(4),
            state: row.get(5),
            for_authorities: row.get(6),
        })
    };
    rows.iter().map(line).collect()
}

/// What was frozen of a report, and what is stored of its photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Document and digest, as they are stored.
    pub evidence: Evidence,
    /// Key of the digest.
    pub secret: Vec<u8>,
    /// SHA-256 and bytes of the photo that is stored; none if there is none.
    pub photo: Option<(Hash, u64)>,
}

/// What was frozen of the report with this number; none if there is no such report, or it is of an earlier version.
///
/// # Errors
///
/// [`Error`].
pub async fn evidence(db: &Db, id: u64) -> Result<Option<Frozen>, Error> {
    let row = query_opt(&db.client().await?, REPORTS_EVIDENCE, &[&signed(id)?]).await?;
    let Some(row) = row else { return Ok(None) };
    let photo: Option<Vec<u8>> = row.get(3);
    let bytes = u64::try_from(row.get::<_, i32>(4)).unwrap_or_default();
    let photo = photo.map(|sha256| Ok::<_, Error>((hash(&sha256)?, bytes))).transpose()?;
    let evidence = Evidence { document: row.get(0), digest: hash(row.get(2))? };
    Ok(Some(Frozen { evidence, secret: row.get(1), photo }))
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

/// Reads an outcome from the first eleven columns.
fn outcome(row: &Row) -> Result<Outcome, Error> {
    let answered_at: Option<std::time::SystemTime> = row.get(6);
    let digest: Option<&[u8]> = row.get(8);
    let log: Option<String> = row.get(9);
    let place =
        |origin| Ok::<_, Error>(LogPlace { origin, index: unsigned(row.get::<_, i64>(10))? });
    Ok(Outcome {
        item: row.get(0),
        reason: row.get(1),
        received_at: timestamp(row.get(2))?,
        has_photo: row.get(3),
        state: row.get(4),
        answer: row.get(5),
        answered_at: answered_at.map(timestamp).transpose()?,
        for_authorities: row.get(7),
        digest: digest.map(hash).transpose()?,
        log: log.map(place).transpose()?,
    })
}

fn stored(row: &Row) -> Result<StoredReport, Error> {
    Ok(StoredReport {
        id: unsigned(row.get(11))?,
        outcome: outcome(row)?,
        message: row.get(12),
        place: row.get(13),
        language: row.get(14),
    })
}
