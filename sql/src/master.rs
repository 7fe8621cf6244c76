//! Master data: what parties say of parties, places, products and lots.
//!
//! The way through: [`state`] stores what one party says at one time; [`of_elements`], [`with_attributes`] and [`history`] read it;
//! [`waiting`] gives the documents whose master data were not taken yet, [`taken`] notes that they were.
//!
//! What holds: a statement is never changed; the next one of the same party about the same attribute ends it, and both stay. What is
//! said again is stored once.
//!
//! Not here: which statements count (`trace-api`), what stands in a document (`epcis::master_data`).
//!
//! Source: docs/decisions/0066-master-data.md.

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{Db, Transaction, execute, hash, query, signed, system_time, timestamp, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{
    MASTER_END_CHANGED, MASTER_END_RETRACTED, MASTER_HISTORY, MASTER_INSERT,
    MASTER_INSERT_DOCUMENT, MASTER_KEYS, MASTER_NEWEST, MASTER_OF_ELEMENTS, MASTER_WAITING,
    MASTER_WITH_ATTRIBUTES,
};

/// The attribute whose values are what lies within an element.
pub const CHILD: &str = "urn:chopmark:mda:child";

/// A value that is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewValue {
    /// Number of the kind, from 1.
    pub kind: i16,
    /// Key of the element ([`epc::thing_key`]).
    pub key: String,
    /// The element as it was stated.
    pub element: String,
    /// Its vocabulary.
    pub vocabulary: String,
    /// Whole name of the attribute, or [`CHILD`].
    pub attribute: String,
    /// Place among several values of the attribute.
    pub place: i32,
    /// Language; empty if none was stated.
    pub language: String,
    /// The value.
    pub value: String,
}

/// Who states it, when, and where that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Key of the party; empty for the operator.
    pub by: &'a str,
    /// SHA-256 of the document or the file.
    pub document: &'a Hash,
    /// The record that names the document; none for a file.
    pub record: Option<(LedgerId, u64)>,
    /// Since when.
    pub at: Timestamp,
}

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredValue {
    /// What was stated.
    pub value: NewValue,
    /// Key of the party; empty for the operator.
    pub by: String,
    /// SHA-256 of the document or the file.
    pub document: Hash,
    /// The record that names the document; none for a file.
    pub record: Option<(LedgerId, u64)>,
    /// Since when.
    pub since: Timestamp,
    /// When it was replaced or retracted.
    pub ended_at: Option<Timestamp>,
    /// Its number.
    pub id: u64,
}

fn stored(row: &Row) -> Result<StoredValue, Error> {
    let record = match (row.get::<_, Option<i32>>(11), row.get::<_, Option<i64>>(12)) {
        (Some(ledger), Some(index)) => Some((LedgerId(ledger), unsigned(index)?)),
        _ => None,
    };
    Ok(StoredValue {
        value: NewValue {
            kind: row.get(0),
            key: row.get(1),
            element: row.get(2),
            vocabulary: row.get(3),
            attribute: row.get(4),
            place: row.get(5),
            language: row.get(6),
            value: row.get(7),
        },
        by: row.get(8),
        document: hash(row.get(10))?,
        record,
        since: timestamp(row.get(13))?,
        ended_at: row.get::<_, Option<std::time::SystemTime>>(14).map(timestamp).transpose()?,
        id: unsigned(row.get(15))?,
    })
}

/// Stores what a party says: of each attribute that is named, all that it says now. Gives how many values are new.
///
/// # Errors
///
/// [`Error`].
pub async fn state(
    tx: &Transaction<'_>,
    statement: &Statement<'_>,
    values: &[NewValue],
) -> Result<u64, Error> {
    if values.is_empty() {
        return Ok(0);
    }
    let texts = |of: fn(&NewValue) -> &str| values.iter().map(of).collect::<Vec<&str>>();
    let (keys, attributes) = (texts(|one| &one.key), texts(|one| &one.attribute));
    let (languages, own) = (texts(|one| &one.language), texts(|one| &one.value));
    let (elements, vocabularies) = (texts(|one| &one.element), texts(|one| &one.vocabulary));
    let kinds: Vec<i16> = values.iter().map(|one| one.kind).collect();
    let places: Vec<i32> = values.iter().map(|one| one.place).collect();
    let at = system_time(statement.at);
    let ended: [&(dyn ToSql + Sync); 7] =
        [&at, &statement.by, &keys, &attributes, &places, &languages, &own];
    execute(tx, MASTER_END_CHANGED, &ended).await?;
    let source: i16 = if statement.record.is_some() { 1 } else { 2 };
    let ledger = statement.record.map(|(ledger, _)| ledger.0);
    let index = statement.record.map(|(_, index)| signed(index)).transpose()?;
    let document = &statement.document.0[..];
    let new: [&(dyn ToSql + Sync); 14] = [
        &statement.by,
        &source,
        &document,
        &ledger,
        &index,
        &at,
        &kinds,
        &keys,
        &elements,
        &vocabularies,
        &attributes,
        &places,
        &languages,
        &own,
    ];
    execute(tx, MASTER_INSERT, &new).await
}

/// Ends what the operator says of an element, or of one of its attributes; gives how many values.
///
/// # Errors
///
/// [`Error`].
pub async fn retract(
    tx: &Transaction<'_>,
    key: &str,
    attribute: Option<&str>,
    at: Timestamp,
) -> Result<u64, Error> {
    execute(tx, MASTER_END_RETRACTED, &[&system_time(at), &key, &attribute]).await
}

/// What holds now of these elements, in order of element, attribute, party, place and language.
///
/// - `attribute`: only this one; all if there is none.
///
/// # Errors
///
/// [`Error`].
pub async fn of_elements(
    db: &Db,
    keys: &[&str],
    attribute: Option<&str>,
    most: i64,
) -> Result<Vec<StoredValue>, Error> {
    let rows = query(&db.client().await?, MASTER_OF_ELEMENTS, &[&keys, &attribute, &most]).await?;
    rows.iter().map(stored).collect()
}

/// All that was ever said of an element, in the order in which it was stored.
///
/// - `after`: number of the last one of the page before; 0 for the first page.
///
/// # Errors
///
/// [`Error`].
pub async fn history(db: &Db, key: &str, after: u64, most: i64) -> Result<Vec<StoredValue>, Error> {
    let rows = query(&db.client().await?, MASTER_HISTORY, &[&key, &signed(after)?, &most]).await?;
    rows.iter().map(stored).collect()
}

/// What holds now of all elements that have one of these attributes, in no order.
///
/// # Errors
///
/// [`Error`].
pub async fn with_attributes(
    db: &Db,
    attributes: &[&str],
    most: i64,
) -> Result<Vec<StoredValue>, Error> {
    let rows = query(&db.client().await?, MASTER_WITH_ATTRIBUTES, &[&attributes, &most]).await?;
    rows.iter().map(stored).collect()
}

/// Keys of elements of a kind of which anything is said now, in order.
///
/// # Errors
///
/// [`Error`].
pub async fn keys(db: &Db, kind: i16, after: &str, most: i64) -> Result<Vec<String>, Error> {
    let rows = query(&db.client().await?, MASTER_KEYS, &[&kind, &after, &most]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What changes whenever a statement is added or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Newest {
    /// Number of the newest statement.
    pub statement: u64,
    /// When the last one was ended.
    pub ended_at: Option<Timestamp>,
}

/// How new the master data are.
///
/// # Errors
///
/// [`Error`].
pub async fn newest(db: &Db) -> Result<Newest, Error> {
    let rows = query(&db.client().await?, MASTER_NEWEST, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::data("no answer to how new master data are"))?;
    let ended_at = row.get::<_, Option<std::time::SystemTime>>(1).map(timestamp).transpose()?;
    Ok(Newest { statement: unsigned(row.get(0))?, ended_at })
}

/// A document that is kept and whose master data were not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDocument {
    /// The partner that sent it.
    pub party: String,
    /// SHA-256.
    pub document: Hash,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// Those of `documents` (partner, digest) that are kept and whose master data were not taken.
///
/// # Errors
///
/// [`Error`].
pub async fn waiting(db: &Db, documents: &[(String, Hash)]) -> Result<Vec<WaitingDocument>, Error> {
    if documents.is_empty() {
        return Ok(Vec::new());
    }
    let parties: Vec<&str> = documents.iter().map(|(party, _)| party.as_str()).collect();
    let digests: Vec<&[u8]> = documents.iter().map(|(_, digest)| &digest.0[..]).collect();
    let rows = query(&db.client().await?, MASTER_WAITING, &[&parties, &digests]).await?;
    let waiting = |row: &Row| {
        Ok(WaitingDocument { party: row.get(0), document: hash(row.get(1))?, body: row.get(2) })
    };
    rows.iter().map(waiting).collect()
}

/// Notes that the master data of a document were taken.
///
/// - `problem`: what was left out, for people, at most 4,096 bytes; empty if nothing.
///
/// # Errors
///
/// [`Error`].
pub async fn taken(
    tx: &Transaction<'_>,
    (party, document): (&str, &Hash),
    statements: u64,
    problem: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let count = i32::try_from(statements).unwrap_or(i32::MAX);
    let (digest, at) = (&document.0[..], system_time(at));
    execute(tx, MASTER_INSERT_DOCUMENT, &[&party, &digest, &count, &problem, &at]).await?;
    Ok(())
}
