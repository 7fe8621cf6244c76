//! The item index: which records name an item.
//!
//! What holds: every spelling of a GS1 key has one key here ([`epc::thing_key`]), whatever the length of its company
//! prefix; a key is 8 bytes of a hash, so two items may share one; each look-up checks the record's own text.

use ledger::hash::sha256;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

mod everything;

pub use everything::for_each_entry;

use crate::copy::CopyRows;
use crate::db::{Connection, Db, Transaction, query, signed, unsigned};
use crate::error::Error;
use crate::hub::Seal;
use crate::ledger_id::LedgerId;
use crate::ledgers::StoredRecord;
use crate::queries::{ITEMS_COPY, ITEMS_FOUND, ITEMS_LAST_IN, ITEMS_NAMING, ITEMS_RECORDS};

/// The key of an item: the first 8 bytes of SHA-256 over its thing key ([`epc::thing_key`]), big-endian.
///
/// - `uri`: the item in any spelling; its thing key has the same key.
#[must_use]
pub fn key(uri: &str) -> i64 {
    key_of_thing(&epc::thing_key(uri))
}

/// As [`key`], of a thing key that is known already.
#[must_use]
pub fn key_of_thing(thing: &str) -> i64 {
    let mut head = [0; 8];
    head.copy_from_slice(&sha256(thing.as_bytes()).as_bytes()[..8]);
    i64::from_be_bytes(head)
}

/// The records that may name the item `uri`, in any spelling: ledger and index, in order of both.
///
/// # Errors
///
/// [`Error`].
pub async fn records_naming(db: &Db, uri: &str) -> Result<Vec<(LedgerId, u64)>, Error> {
    let rows = query(&db.client().await?, ITEMS_NAMING, &[&key(uri)]).await?;
    rows.iter().map(|row| Ok((LedgerId(row.get(0)), unsigned(row.get(1))?))).collect()
}

/// An entry of the index, with its record where that was asked for.
#[derive(Debug)]
pub struct Found {
    /// The key that it is an entry of.
    pub key: i64,
    /// The ledger.
    pub ledger: LedgerId,
    /// The record's place in it.
    pub index: u64,
    row: Row,
}

/// A record as it is stored, before it is compared with anything.
#[derive(Debug, Clone, Copy)]
pub struct Slices<'a> {
    /// Its text.
    pub text: Text<'a>,
    /// The secret of its salts, 16 bytes; fewer if it has none.
    pub secret: &'a [u8],
    /// Its leaf hash, 32 bytes; fewer if the row was altered.
    pub leaf_hash: &'a [u8],
}

/// The text of a record.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// The bytes, as a rule UTF-8.
    Whole(&'a [u8]),
    /// SHA-256 of them, 32 bytes, because there are more than were asked for.
    Digest(&'a [u8]),
    /// More than 256 KiB, of which nothing was read.
    Unread,
}

impl Found {
    /// Whether records were read with the index; otherwise there were more than was asked for, and none has any.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.row.get::<_, Option<bool>>(3).unwrap_or_default()
    }

    /// The record; none if it was not read, or the ledger does not have it.
    #[must_use]
    pub fn slices(&self) -> Option<Slices<'_>> {
        let bytes = |column: usize| self.row.get::<_, Option<&[u8]>>(column);
        let text = bytes(4).map(Text::Whole).or_else(|| bytes(5).map(Text::Digest));
        let (secret, leaf_hash) = (bytes(6)?, bytes(7)?);
        Some(Slices { text: text.unwrap_or(Text::Unread), secret, leaf_hash })
    }

    /// Bytes of its text; none if the ledger does not have it, or it was read before.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.row.get::<_, Option<i32>>(11).and_then(|bytes| u64::try_from(bytes).ok())
    }

    /// When the hub first had it.
    #[must_use]
    pub fn seal(&self) -> Seal {
        Seal::of_row(&self.row, (self.ledger, self.index), 8)
    }
}

/// All entries of the index under some keys, in no order, and the records and their seals if there are not more than `most`.
///
/// - One query, whatever the number of keys, ledgers and records.
/// - `largest`: bytes of the largest text that is given whole; of larger ones the database gives the digest, since whoever
///   knows the record needs no more.
/// - `read`: records that were read before; they are found again without a text.
///
/// # Errors
///
/// [`Error`].
pub async fn found(
    connection: &Connection,
    keys: &[i64],
    (most, largest): (u32, i32),
    read: &[(LedgerId, u64)],
) -> Result<Vec<Found>, Error> {
    let ledgers: Vec<i32> = read.iter().map(|(ledger, _)| ledger.0).collect();
    let indexes = read.iter().map(|(_, index)| signed(*index)).collect::<Result<Vec<_>, _>>()?;
    let most = i64::from(most);
    let values: [&(dyn ToSql + Sync); 5] = [&keys, &most, &largest, &ledgers, &indexes];
    let rows = query(connection.client(), ITEMS_FOUND, &values).await?;
    let found = rows.into_iter().filter_map(|row| {
        let (key, ledger) = (row.get(0), LedgerId(row.get(1)));
        // No ledger has a record at a negative place.
        let index = u64::try_from(row.get::<_, i64>(2)).ok()?;
        Some(Found { key, ledger, index, row })
    });
    Ok(found.collect())
}

/// Records of any ledgers, as far as they have them; in no order.
///
/// - `places`: ledger and index of each.
///
/// # Errors
///
/// [`Error`].
pub async fn records(
    connection: &Connection,
    places: &[(LedgerId, u64)],
) -> Result<Vec<StoredRecord>, Error> {
    let places: Vec<(LedgerId, u64, usize)> =
        places.iter().map(|(ledger, index)| (*ledger, *index, 0)).collect();
    let read = records_within(connection, &places, &[u64::MAX]).await?;
    Ok(read.into_iter().filter_map(Result::ok).collect())
}

/// A record that is not read: its ledger, its index, and its kind.
pub type Unread = (LedgerId, u64, usize);

/// Records of any ledgers, as far as they have them and there is room for their texts; in no order.
///
/// - `places`: ledger and index of each, and its kind: its place in `room`.
/// - `room`: for each kind the most bytes of texts. The shortest records are read; no text of another is.
///
/// # Errors
///
/// [`Error`].
pub async fn records_within(
    connection: &Connection,
    places: &[(LedgerId, u64, usize)],
    room: &[u64],
) -> Result<Vec<Result<StoredRecord, Unread>>, Error> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let ledgers: Vec<i32> = places.iter().map(|(ledger, ..)| ledger.0).collect();
    let indexes =
        places.iter().map(|(_, index, _)| signed(*index)).collect::<Result<Vec<_>, _>>()?;
    let number = |kind: usize| i32::try_from(kind + 1).unwrap_or_default();
    let kinds: Vec<i32> = places.iter().map(|(.., kind)| number(*kind)).collect();
    let room: Vec<i64> =
        room.iter().map(|bytes| i64::try_from(*bytes).unwrap_or(i64::MAX)).collect();
    let parameters: [&(dyn ToSql + Sync); 4] = [&ledgers, &indexes, &kinds, &room];
    let rows = query(connection.client(), ITEMS_RECORDS, &parameters).await?;
    rows.iter()
        .map(|row| {
            let (ledger, index) = (LedgerId(row.get(0)), unsigned(row.get(1))?);
            let kind = usize::try_from(row.get::<_, i32>(2) - 1).unwrap_or_default();
            Ok(row
                .get::<_, Option<&[u8]>>(3)
                .ok_or((ledger, index, kind))
                .map(|text| StoredRecord::of_slices((ledger, index), text, row.get(4), row.get(5))))
        })
        .collect()
}

/// For each of `keys` in the index of `ledger`, the last record that may name it.
///
/// # Errors
///
/// [`Error`].
pub async fn last_records(
    connection: &Connection,
    ledger: LedgerId,
    keys: &[i64],
) -> Result<Vec<(i64, u64)>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = query(connection.client(), ITEMS_LAST_IN, &[&ledger.0, &keys]).await?;
    rows.iter().map(|row| Ok((row.get(0), unsigned(row.get(1))?))).collect()
}

/// Adds entries: key and record index; each once. Sorted, so that the index is entered in its own order.
pub(crate) async fn copy(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    entries: &[(i64, u64)],
) -> Result<(), Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut sorted = entries.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut rows = CopyRows::new();
    for (key, index) in sorted {
        rows.row(3);
        rows.int8(key);
        rows.int4(ledger.0);
        rows.int8(signed(index)?);
    }
    rows.send(tx, ITEMS_COPY).await
}
