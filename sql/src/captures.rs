//! Documents that partners sent, and the answers they got; of long ones also how far they were recorded, and those in XML
//! as they were received.

use std::time::SystemTime;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::types::ToSql;

use crate::db::{
    Connection, Db, Transaction, execute, hash, place, query, query_opt, system_time, timestamp,
};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    CAPTURES_CREATED, CAPTURES_DOCUMENT, CAPTURES_FIND, CAPTURES_INSERT, CAPTURES_INSERT_CREATED,
    CAPTURES_INSERT_DOCUMENT, CAPTURES_INSERT_PART, CAPTURES_LIST, CAPTURES_OUTCOME,
    CAPTURES_PARTS,
};

/// A document to store the answer of.
#[derive(Debug, Clone, Copy)]
pub struct NewCapture<'a> {
    /// Capture id.
    pub capture_id: &'a str,
    /// The partner.
    pub party: &'a str,
    /// SHA-256 of the document.
    pub document_sha256: &'a Hash,
    /// The answer, JSON.
    pub outcome: &'a str,
    /// When.
    pub received_at: Timestamp,
}

/// Events of a long document to store the outcome of, while further events of it follow.
#[derive(Debug, Clone, Copy)]
pub struct NewPart<'a> {
    /// Capture id.
    pub capture_id: &'a str,
    /// The partner.
    pub party: &'a str,
    /// SHA-256 of the document.
    pub document_sha256: &'a Hash,
    /// Place of the first of these events in the document.
    pub first_event: usize,
    /// How many events, from 1.
    pub events: usize,
    /// How many events the document has.
    pub of_events: usize,
    /// What became of these events, JSON.
    pub outcome: &'a str,
    /// When.
    pub received_at: Timestamp,
}

/// Events of a long document whose outcome is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Where they are recorded.
    pub ledger: LedgerId,
    /// Place of the first of these events in the document.
    pub first_event: usize,
    /// How many events.
    pub events: usize,
    /// How many events the document has.
    pub of_events: usize,
    /// What became of these events, JSON.
    pub outcome: String,
    /// When.
    pub received_at: Timestamp,
}

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCapture {
    /// The answer, JSON.
    pub outcome: String,
    /// When.
    pub received_at: Timestamp,
}

/// A capture job in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCapture {
    /// Capture id.
    pub capture_id: String,
    /// The answer, JSON; of a job that is not finished, that to its first part.
    pub outcome: String,
    /// When it was stored; of a job that is not finished, when its first part was.
    pub received_at: Timestamp,
    /// Whether its document is recorded to the end.
    pub is_finished: bool,
    /// When its first part was stored; [`Self::received_at`] where there are no parts.
    pub begun_at: Timestamp,
}

/// An event that a partner created under an id of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedEvent {
    /// SHA-256 of its id.
    pub id: Hash,
    /// SHA-256 of its canonical JSON.
    pub event: Hash,
}

/// The digest of the event that a partner created under an id; none if it created none.
///
/// - `id`: SHA-256 of the id.
///
/// # Errors
///
/// [`Error`].
pub async fn created(db: &Db, party: &str, id: &Hash) -> Result<Option<Hash>, Error> {
    let row = query_opt(&db.client().await?, CAPTURES_CREATED, &[&party, &&id.0[..]]).await?;
    row.map(|row| hash(row.get(0))).transpose()
}

/// Keeps the id of an event that a partner created; one that is kept already stays.
///
/// # Errors
///
/// [`Error`].
pub async fn insert_created(
    tx: &Transaction<'_>,
    party: &str,
    created: &CreatedEvent,
) -> Result<(), Error> {
    let (id, event) = (&created.id.0[..], &created.event.0[..]);
    execute(tx, CAPTURES_INSERT_CREATED, &[&party, &id, &event]).await?;
    Ok(())
}

/// Capture jobs of a partner of which something is recorded, newest first.
///
/// - `after`: time and id of the last one of the page before;
/// - `most`: how many, from 1.
///
/// # Errors
///
/// [`Error`].
pub async fn list(
    db: &Db,
    party: &str,
    after: Option<(Timestamp, &str)>,
    most: i64,
) -> Result<Vec<ListedCapture>, Error> {
    let before = after.map(|(at, _)| system_time(at));
    let id = after.map_or("", |(_, id)| id);
    let rows = query(&db.client().await?, CAPTURES_LIST, &[&party, &before, &id, &most]).await?;
    rows.iter()
        .map(|row| {
            Ok(ListedCapture {
                capture_id: row.get(0),
                outcome: row.get(1),
                received_at: timestamp(row.get(2))?,
                is_finished: row.get(3),
                begun_at: timestamp(row.get(4))?,
            })
        })
        .collect()
}

/// The bytes of a document that is kept as it was received; none if this partner sent no such document, or one that is not
/// kept.
///
/// # Errors
///
/// [`Error`].
pub async fn document(
    db: &Db,
    party: &str,
    document_sha256: &Hash,
) -> Result<Option<Vec<u8>>, Error> {
    let digest = &document_sha256.0[..];
    let row = query_opt(&db.client().await?, CAPTURES_DOCUMENT, &[&party, &digest]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Keeps a document as it was received; one that is kept already stays.
///
/// # Errors
///
/// [`Error`].
pub async fn insert_document(
    tx: &Transaction<'_>,
    party: &str,
    document_sha256: &Hash,
    body: &[u8],
    received_at: Timestamp,
) -> Result<(), Error> {
    let (digest, at) = (&document_sha256.0[..], system_time(received_at));
    execute(tx, CAPTURES_INSERT_DOCUMENT, &[&party, &digest, &body, &at]).await?;
    Ok(())
}

/// The answers that were given to documents, as far as they were recorded before: place in `documents`, answer.
///
/// - `documents`: who sent it, and its digest.
///
/// # Errors
///
/// [`Error`].
pub async fn outcomes(
    connection: &Connection,
    documents: &[(&str, &Hash)],
) -> Result<Vec<(usize, String)>, Error> {
    if documents.is_empty() {
        return Ok(Vec::new());
    }
    let parties: Vec<&str> = documents.iter().map(|(party, _)| *party).collect();
    let digests: Vec<&[u8]> = documents.iter().map(|(_, digest)| &digest.0[..]).collect();
    let rows = query(connection.client(), CAPTURES_OUTCOME, &[&parties, &digests]).await?;
    rows.iter().map(|row| Ok((place(row)?, row.get(1)))).collect()
}

/// The capture job of that id, if it is this partner's.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, party: &str, capture: &str) -> Result<Option<StoredCapture>, Error> {
    let row = query_opt(&db.client().await?, CAPTURES_FIND, &[&party, &capture]).await?;
    row.map(|row| Ok(StoredCapture { outcome: row.get(0), received_at: timestamp(row.get(1))? }))
        .transpose()
}

/// Stores the answers of documents that went to `ledger`.
///
/// # Errors
///
/// [`Error::Conflict`] if a concurrent transaction stored one of them.
pub async fn insert(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    new: &[NewCapture<'_>],
) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let captures: Vec<&str> = new.iter().map(|one| one.capture_id).collect();
    let parties: Vec<&str> = new.iter().map(|one| one.party).collect();
    let digests: Vec<&[u8]> = new.iter().map(|one| &one.document_sha256.0[..]).collect();
    let outcomes: Vec<&str> = new.iter().map(|one| one.outcome).collect();
    let times: Vec<SystemTime> = new.iter().map(|one| system_time(one.received_at)).collect();
    let values: [&(dyn ToSql + Sync); 6] =
        [&ledger.0, &captures, &parties, &digests, &outcomes, &times];
    execute(tx, CAPTURES_INSERT, &values).await?;
    Ok(())
}

/// The parts of a document that are recorded, in their order.
///
/// - `document_sha256`: its digest, 32 bytes.
///
/// # Errors
///
/// [`Error`].
pub async fn parts(db: &Db, party: &str, document_sha256: &Hash) -> Result<Vec<StoredPart>, Error> {
    let digest = &document_sha256.0[..];
    let rows = query(&db.client().await?, CAPTURES_PARTS, &[&party, &digest]).await?;
    let count = |number: i32| {
        usize::try_from(number).map_err(|_| Error::data(format!("{number} is no number of events")))
    };
    rows.iter()
        .map(|row| {
            Ok(StoredPart {
                ledger: LedgerId(row.get(0)),
                first_event: count(row.get(1))?,
                events: count(row.get(2))?,
                of_events: count(row.get(3))?,
                outcome: row.get(4),
                received_at: timestamp(row.get(5))?,
            })
        })
        .collect()
}

/// Stores the outcome of a part of a document that goes to `ledger`.
///
/// # Errors
///
/// [`Error::Conflict`] if a concurrent transaction stored it.
pub async fn insert_part(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    new: &NewPart<'_>,
) -> Result<(), Error> {
    let count = |number: usize| {
        i32::try_from(number).map_err(|_| Error::data(format!("{number} events are too many")))
    };
    let (first, events) = (count(new.first_event)?, count(new.events)?);
    let (of_events, digest) = (count(new.of_events)?, &new.document_sha256.0[..]);
    let at = system_time(new.received_at);
    let values: [&(dyn ToSql + Sync); 9] = [
        &new.capture_id,
        &new.party,
        &ledger.0,
        &digest,
        &first,
        &events,
        &of_events,
        &new.outcome,
        &at,
    ];
    execute(tx, CAPTURES_INSERT_PART, &values).await?;
    Ok(())
}
