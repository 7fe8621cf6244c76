//! The records of a ledger, as they were appended.

use std::ops::AsyncFnMut;

use ledger::Hash;
use ledger::record::Secret;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{Db, hash_or_none, query, query_opt, signed, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{LEDGERS_CHUNK_WITH, LEDGERS_CHUNKS_AFTER, LEDGERS_EXCEEDS_HEAD};

/// One record as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its ledger.
    pub ledger: LedgerId,
    /// Its index.
    pub index: u64,
    /// Canonical text; for a hub the checkpoint note, for the directory the signed record.
    pub text: String,
    /// The secret of its salts; none in a hub.
    pub secret: Option<Secret>,
    /// The leaf hash that entered the tree.
    pub leaf_hash: Hash,
}

/// The records of one chunk row.
fn records_of(ledger: LedgerId, row: &Row) -> Result<Vec<StoredRecord>, Error> {
    let first = unsigned(row.get(0))?;
    let ends: Vec<i32> = row.get(5);
    Ok(slices_of((ledger, first), &ends, (row.get(2), row.get(3), row.get(4))))
}

/// The records of a chunk from the slices of its columns.
///
/// - `ends`: where each text ends.
/// - the last: leaf hashes, secrets and texts.
pub(crate) fn slices_of(
    (ledger, first): (LedgerId, u64),
    ends: &[i32],
    (hashes, secrets, texts): (&[u8], &[u8], &[u8]),
) -> Vec<StoredRecord> {
    let mut begin = 0;
    let records = ends.iter().enumerate().map(|(place, end)| {
        let end = usize::try_from(*end).unwrap_or(begin);
        let text = texts.get(begin..end).unwrap_or_default();
        begin = end;
        StoredRecord::of_slices(
            (ledger, first + place as u64),
            text,
            secrets.get(place * 16..place * 16 + 16).unwrap_or_default(),
            hashes.get(place * 32..place * 32 + 32).unwrap_or_default(),
        )
    });
    records.collect()
}

impl StoredRecord {
    /// A record of its slices in the tables. Bytes that are not UTF-8 become others, which do not fit the leaf hash; a leaf hash
    /// of another length becomes one that nothing fits.
    pub(crate) fn of_slices(
        (ledger, index): (LedgerId, u64),
        text: &[u8],
        secret: &[u8],
        leaf_hash: &[u8],
    ) -> Self {
        Self {
            ledger,
            index,
            text: String::from_utf8_lossy(text).into_owned(),
            secret: secret.try_into().ok(),
            leaf_hash: hash_or_none(leaf_hash),
        }
    }
}

/// Up to 256 records of one commit, as they came from the database: they are taken apart by whoever has time for it.
#[derive(Debug)]
pub struct Chunk {
    ledger: LedgerId,
    row: Row,
}

impl Chunk {
    /// Index of its first record.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if it is negative.
    pub fn first(&self) -> Result<u64, Error> {
        unsigned(self.row.get(0))
    }

    /// Index behind its last record.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if it is negative, or the chunk has no record: whoever goes on from here would not get on.
    pub fn end(&self) -> Result<u64, Error> {
        let ends: Vec<i32> = self.row.get(5);
        if ends.is_empty() {
            let (ledger, first) = (self.ledger.0, self.first()?);
            return Err(Error::data(format!(
                "the chunk {first} of ledger {ledger} has no ends of texts, expected at least one"
            )));
        }
        Ok(self.first()? + ends.len() as u64)
    }

    /// Bytes of its texts.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.row.get::<_, &[u8]>(4).len()
    }

    /// Its records, in order.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if its place is negative.
    pub fn records(&self) -> Result<Vec<StoredRecord>, Error> {
        records_of(self.ledger, &self.row)
    }
}

/// At most `rows` chunks of a ledger, from the record `first` on, which must be the first of a chunk: chunks begin where commits do and at
/// each multiple of 256.
///
/// # Errors
///
/// [`Error`].
pub async fn chunks(db: &Db, ledger: LedgerId, first: u64, rows: u32) -> Result<Vec<Chunk>, Error> {
    let parameters: [&(dyn ToSql + Sync); 3] = [&ledger.0, &signed(first)?, &i64::from(rows)];
    let rows = query(&db.client().await?, LEDGERS_CHUNKS_AFTER, &parameters).await?;
    Ok(rows.into_iter().map(|row| Chunk { ledger, row }).collect())
}

/// Whether the tables hold records or checkpoints behind the ledger's head: no commit leaves any.
///
/// # Errors
///
/// [`Error`].
pub async fn exceeds_head(db: &Db, ledger: LedgerId) -> Result<bool, Error> {
    let row = query_opt(&db.client().await?, LEDGERS_EXCEEDS_HEAD, &[&ledger.0]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// The record at `index`, if the ledger has it.
///
/// # Errors
///
/// [`Error`].
pub async fn record_at(
    db: &Db,
    ledger: LedgerId,
    index: u64,
) -> Result<Option<StoredRecord>, Error> {
    let row =
        query_opt(&db.client().await?, LEDGERS_CHUNK_WITH, &[&ledger.0, &signed(index)?]).await?;
    find_in_chunk(ledger, index, row.as_ref())
}

fn find_in_chunk(
    ledger: LedgerId,
    index: u64,
    row: Option<&Row>,
) -> Result<Option<StoredRecord>, Error> {
    let Some(row) = row else { return Ok(None) };
    Ok(records_of(ledger, row)?.into_iter().find(|record| record.index == index))
}

/// Gives every record of a ledger to `each`, in order, a few chunks at a time.
///
/// # Errors
///
/// [`Error`].
pub async fn for_each_record(
    db: &Db,
    ledger: LedgerId,
    each: impl AsyncFnMut(StoredRecord) -> Result<(), Error>,
) -> Result<(), Error> {
    records_from(db, ledger, 0, each).await
}

/// As [`for_each_record`], from the record `first` on, which must be the first of a commit.
///
/// # Errors
///
/// [`Error`].
pub async fn records_from(
    db: &Db,
    ledger: LedgerId,
    first: i64,
    mut each: impl AsyncFnMut(StoredRecord) -> Result<(), Error>,
) -> Result<(), Error> {
    const ROWS: i64 = 64;
    let mut next = first;
    loop {
        let client = db.client().await?;
        let rows = query(&client, LEDGERS_CHUNKS_AFTER, &[&ledger.0, &next, &ROWS]).await?;
        drop(client);
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let chunk = Chunk { ledger, row };
            next = signed(chunk.end()?)?;
            for record in chunk.records()? {
                each(record).await?;
            }
        }
    }
}
