//! Documents that partners sent, and the answers they got; of long ones also how far they were recorded.

use std::time::SystemTime;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::types::ToSql;

use crate::db::{
    Connection, Db, Transaction, execute, place, query, query_opt, system_time, timestamp,
};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    CAPTURES_FIND, CAPTURES_INSERT, CAPTURES_INSERT_PART, CAPTURES_OUTCOME, CAPTURES_PARTS,
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
