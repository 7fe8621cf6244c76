//! The item index: which records name an item.
//!
//! What holds: every spelling of a GS1 key has one key here ([`epc::thing_key`]), whatever the length of its company
//! prefix; a key is 8 bytes of a hash, so two items may share one; each look-up checks the record's own text.

use ledger::hash::sha256;
use tokio_postgres::types::ToSql;

mod everything;
mod found;

pub use everything::for_each_entry;
pub(crate) use found::found_of_all;
pub use found::{Found, FoundRow, found, places};

use crate::copy::CopyRows;
use crate::db::{Connection, Db, Transaction, query, signed, unsigned};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::ledgers::StoredRecord;
use crate::queries::{ITEMS_COPY, ITEMS_LAST_IN, ITEMS_NAMING, ITEMS_RECORDS};
use crate::row_version::RowVersion;

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
    Ok(read.into_iter().filter_map(|one| Some(one.ok()?.0)).collect())
}

/// A record that is not read: its ledger, its index, and its kind.
pub type Unread = (LedgerId, u64, usize);

/// Records of any ledgers, as far as they have them and there is room for their texts; in no order.
///
/// - `places`: ledger and index of each, and its kind: its place in `room`.
/// - `room`: for each kind the most bytes of texts. The shortest records are read; no text of another is.
/// - Returns each with the version of the row that it was read from.
///
/// # Errors
///
/// [`Error`].
pub async fn records_within(
    connection: &Connection,
    places: &[(LedgerId, u64, usize)],
    room: &[u64],
) -> Result<Vec<Result<(StoredRecord, RowVersion), Unread>>, Error> {
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
            let Some(text) = row.get::<_, Option<&[u8]>>(3) else {
                return Ok(Err((ledger, index, kind)));
            };
            let record = StoredRecord::of_slices((ledger, index), text, row.get(4), row.get(5));
            Ok(Ok((record, RowVersion::of_row(row, 6).unwrap_or_default())))
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
