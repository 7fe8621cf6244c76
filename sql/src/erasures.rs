//! Erases the content of records, and keeps that it was done.
//!
//! The way through: whoever erases has the act in a log first (`gate::erasure`); [`erase`] then replaces text and secret of the record by a
//! [`Tombstone`], removes what it was received with, and stores an [`Erasure`], in one transaction with the projection's part
//! ([`crate::events::forget()`]). [`find`], [`list`], [`of_event`] and [`of_item`] are for those who show or audit it.
//!
//! What holds: the function `erase_record` of the database is the only way, and only the owner of the tables may call it; the leaf hash
//! stays; the keys of what the record named are kept, so that nobody's history is shorter without saying so.
//!
//! Not here: who may (`gate::erasure`), what copies there are elsewhere (docs/erasing.md).
//!
//! Source: docs/decisions/0108-erasing-a-record.md.

use jiff::Timestamp;
use ledger::Hash;
use ledger::record::Tombstone;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{
    Db, Transaction, hash, query, query_opt, signed, system_time, timestamp, unsigned,
};
use crate::error::Error;
use crate::events::id_key;
use crate::ledger_id::LedgerId;
use crate::ledgers::{StoredRecord, slices_of};
use crate::queries::{
    ERASURES_CASES, ERASURES_ERASE, ERASURES_EXPORTS, ERASURES_FIND, ERASURES_LIST,
    ERASURES_LOGGED, ERASURES_OF_EVENT, ERASURES_OF_ITEM,
};

/// A record that was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its ledger.
    pub ledger: LedgerId,
    /// Its place there.
    pub index: u64,
    /// The leaf hash that is in the tree.
    pub leaf_hash: Hash,
    /// When, to the microsecond.
    pub at: Timestamp,
    /// The two operators.
    pub by: [String; 2],
    /// Why, 3 to 500 characters.
    pub reason: String,
    /// Keys of what it named ([`crate::items::key`]), sorted, each once.
    pub item_keys: Vec<i64>,
    /// The key of the event's id; none if it was no event.
    pub event_key: Option<i64>,
    /// Ledger and index of the record that says the same in the log.
    pub log: (LedgerId, u64),
}

impl Erasure {
    /// What stands in the place of the record's text.
    #[must_use]
    pub fn tombstone(&self) -> Tombstone {
        Tombstone { at: self.at.to_string(), reason: self.reason.clone() }
    }
}

/// What a record was received with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Bridge, boot and number of the delivery in which it was observed.
    pub delivery: Option<(String, i64, i64)>,
    /// Partner and SHA-256 of the document that it came with.
    pub document: Option<(String, Hash)>,
    /// SHA-256 of the event's own id.
    pub event_id: Option<Hash>,
}

/// How many rows were changed or removed with a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Deliveries of bridges whose content is gone.
    pub deliveries: u64,
    /// Documents that were kept as received.
    pub documents: u64,
    /// Answers to senders that had notes.
    pub answers: u64,
    /// Events with an id of their own, whose content's digest is gone.
    pub created: u64,
    /// Despatch advices.
    pub advices: u64,
    /// Differences between advices and receipts.
    pub differences: u64,
}

fn erasure(row: &Row) -> Result<Erasure, Error> {
    Ok(Erasure {
        ledger: LedgerId(row.get(0)),
        index: unsigned(row.get(1))?,
        leaf_hash: hash(row.get(2))?,
        at: timestamp(row.get(3))?,
        by: [row.get(4), row.get(5)],
        reason: row.get(6),
        item_keys: row.get(7),
        event_key: row.get(8),
        log: (LedgerId(row.get(9)), unsigned(row.get(10))?),
    })
}

/// The erasure of a record, if it was erased.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, ledger: LedgerId, index: u64) -> Result<Option<Erasure>, Error> {
    let parameters: [&(dyn ToSql + Sync); 2] = [&ledger.0, &signed(index)?];
    let row = query_opt(&db.client().await?, ERASURES_FIND, &parameters).await?;
    row.as_ref().map(erasure).transpose()
}

/// All erasures, in order of ledger and index.
///
/// # Errors
///
/// [`Error`].
pub async fn list(db: &Db) -> Result<Vec<Erasure>, Error> {
    let rows = query(&db.client().await?, ERASURES_LIST, &[]).await?;
    rows.iter().map(erasure).collect()
}

/// Erasures of events of this id, at most 100.
///
/// # Errors
///
/// [`Error`].
pub async fn of_event(db: &Db, event_id: &str) -> Result<Vec<Erasure>, Error> {
    let rows = query(&db.client().await?, ERASURES_OF_EVENT, &[&id_key(event_id)]).await?;
    rows.iter().map(erasure).collect()
}

/// Erasures of records that named this thing, at most 100.
///
/// - `key`: [`crate::items::key`].
///
/// # Errors
///
/// [`Error`].
pub async fn of_item(db: &Db, key: i64) -> Result<Vec<Erasure>, Error> {
    let rows = query(&db.client().await?, ERASURES_OF_ITEM, &[&key]).await?;
    rows.iter().map(erasure).collect()
}

/// Erases a record, as its log says already. The caller takes it out of the projection in the same transaction.
///
/// # Errors
///
/// [`Error`]: the record is not there or has another leaf hash, it was erased before, or the caller is not the owner of the tables.
pub async fn erase(
    tx: &Transaction<'_>,
    erasure: &Erasure,
    source: &Source,
) -> Result<Removed, Error> {
    let Erasure { ledger, index, leaf_hash, at, by, reason, item_keys, event_key, log } = erasure;
    let delivery = source.delivery.as_ref();
    let (bridge, boot, seq) = (
        delivery.map(|(bridge, ..)| bridge.as_str()),
        delivery.map(|(_, boot, _)| *boot),
        delivery.map(|(.., seq)| *seq),
    );
    let party = source.document.as_ref().map(|(party, _)| party.as_str());
    let document = source.document.as_ref().map(|(_, digest)| &digest.0[..]);
    let id = source.event_id.as_ref().map(|id| &id.0[..]);
    let (index, in_log, at) = (signed(*index)?, signed(log.1)?, system_time(*at));
    let (leaf_hash, tombstone) = (&leaf_hash.0[..], erasure.tombstone().text());
    let values: [&(dyn ToSql + Sync); 18] = [
        &ledger.0, &index, &leaf_hash, &at, &by[0], &by[1], reason, item_keys, event_key, &log.0.0,
        &in_log, &tombstone, &bridge, &boot, &seq, &party, &document, &id,
    ];
    let row = query_opt(tx, ERASURES_ERASE, &values).await?;
    let counts: Vec<i64> = row.map(|row| row.get(0)).unwrap_or_default();
    let count = |place: usize| unsigned(counts.get(place).copied().unwrap_or_default());
    Ok(Removed {
        deliveries: count(0)?,
        documents: count(1)?,
        answers: count(2)?,
        created: count(3)?,
        advices: count(4)?,
        differences: count(5)?,
    })
}

/// Records of logs that are in chunks with this word, in order; not each of them has it.
///
/// # Errors
///
/// [`Error`].
pub async fn logged(db: &Db, word: &str) -> Result<Vec<StoredRecord>, Error> {
    let rows = query(&db.client().await?, ERASURES_LOGGED, &[&word]).await?;
    let mut records = Vec::new();
    for row in &rows {
        let place = (LedgerId(row.get(0)), unsigned(row.get(1))?);
        let ends: Vec<i32> = row.get(6);
        records.extend(slices_of(place, &ends, (row.get(3), row.get(4), row.get(5))));
    }
    Ok(records)
}

/// Exports whose files are there still: id, whose, and until when. Each may hold copies of any event.
///
/// # Errors
///
/// [`Error`].
pub async fn exports(db: &Db, now: Timestamp) -> Result<Vec<(String, String, Timestamp)>, Error> {
    let rows = query(&db.client().await?, ERASURES_EXPORTS, &[&system_time(now)]).await?;
    rows.iter().map(|row| Ok((row.get(0), row.get(1), timestamp(row.get(2))?))).collect()
}

/// Numbers of the cases that have a record as evidence.
///
/// # Errors
///
/// [`Error`].
pub async fn cases(db: &Db, leaf_hash: &Hash) -> Result<Vec<i64>, Error> {
    let rows = query(&db.client().await?, ERASURES_CASES, &[&leaf_hash.to_string()]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Gives the room of old versions of rows back, so that what was erased is overwritten sooner. What PostgreSQL wrote to its log stays there.
///
/// # Errors
///
/// [`Error`].
pub async fn vacuum(db: &Db) -> Result<(), Error> {
    let client = db.own_client().await?;
    let tables = "record_chunks, deliveries, received_documents, captures, capture_parts, created_events, expected_deliveries, differences, \
                  events, event_postings, event_values, event_blocks, trace_links";
    client.batch_execute("set statement_timeout = 0").await?;
    Ok(client.batch_execute(&format!("vacuum {tables}")).await?)
}
