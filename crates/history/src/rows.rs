//! Reads the rows of records and what they say.
//!
//! The way through: [`of_found`] takes what was read with the index; of a large text that is a digest, and only if no record
//! of this digest is known is the text asked for. [`read`] asks for whole rows.
//!
//! What holds: what a row says was read from text and secret as they are in the database now, or earlier from the very same
//! bytes; at most two queries, whatever the number of records.
//!
//! Not here: whether a record fits its ledger ([`mod@crate::gather`]), what is kept ([`crate::cache`]).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::try_join;
use ledger::Hash;
use ledger::hash::sha256;
use ledger::record::Secret;
use sql::hub::Seal;
use sql::items::{Found, Text};
use sql::ledgers::StoredRecord;
use sql::{Connection, LedgerId};

use crate::cache::Cache;
use crate::known_record::KnownRecord;

/// Bytes of the largest text that is read with the index, known or not. Of a container of 1,700 it costs less to ask
/// whether it changed.
pub const LARGEST: i32 = 16 * 1024;

/// A record's place: ledger and index.
type Place = (LedgerId, u64);
/// Rows by place.
pub type Rows = HashMap<Place, Row>;

/// A row of a record that is to be compared with its ledger.
#[derive(Debug)]
pub struct Row {
    /// What it says; none if its text is no record.
    pub record: Option<Arc<KnownRecord>>,
    /// The secret of its salts.
    pub secret: Option<Secret>,
    /// The leaf hash that is in the tree. One of another length was altered, and fits nothing.
    pub leaf_hash: Hash,
    /// When the hub had it.
    pub seal: Option<Seal>,
}

impl Row {
    fn of(
        record: Option<Arc<KnownRecord>>,
        (secret, leaf_hash): (&[u8], &[u8]),
        seal: Option<Seal>,
    ) -> Self {
        let leaf_hash = Hash(leaf_hash.try_into().unwrap_or_default());
        Self { record, secret: secret.try_into().ok(), leaf_hash, seal }
    }
}

/// The rows of `places` as they were found with the index; of large records that are not known the texts are read.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn of_found(
    cache: &Cache,
    connection: &Connection,
    places: &BTreeSet<Place>,
    found: &[Found],
) -> Result<Rows, sql::Error> {
    let (mut rows, mut unknown) = (Rows::new(), Vec::new());
    for hit in found {
        let place = (hit.ledger, hit.index);
        let Some(slices) = hit.slices().filter(|_| places.contains(&place)) else { continue };
        if rows.contains_key(&place) {
            continue;
        }
        let hashes = (slices.secret, slices.leaf_hash);
        let record = match slices.text {
            Text::Whole(text) => record(cache, place, text, hashes),
            Text::Digest(digest) => {
                let digest = Hash(digest.try_into().unwrap_or_default());
                let known = cache.known(place, &digest, slices.secret);
                if known.is_none() {
                    unknown.push(place);
                }
                known
            }
        };
        rows.insert(place, Row::of(record, hashes, Some(hit.seal())));
    }
    for one in sql::items::records(connection, &unknown).await? {
        let (place, hashes) = ((one.ledger, one.index), hashes_of(&one));
        if let Some(row) = rows.get_mut(&place) {
            *row = Row::of(cache.read(place, one.text.as_bytes(), hashes), hashes, row.seal);
        }
    }
    Ok(rows)
}

/// Reads records and their seals, whatever the number of look-ups.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn read(
    cache: &Cache,
    connection: &Connection,
    places: &BTreeSet<Place>,
) -> Result<Rows, sql::Error> {
    let places: Vec<Place> = places.iter().copied().collect();
    let (stored, seals) =
        try_join!(sql::items::records(connection, &places), sql::hub::seals(connection, &places))?;
    let seals: HashMap<Place, Seal> =
        seals.into_iter().map(|one| ((one.ledger, one.leaf_index), one)).collect();
    let row = |one: StoredRecord| {
        let (place, hashes) = ((one.ledger, one.index), hashes_of(&one));
        let record = record(cache, place, one.text.as_bytes(), hashes);
        (place, Row::of(record, hashes, seals.get(&place).copied()))
    };
    Ok(stored.into_iter().map(row).collect())
}

fn hashes_of(one: &StoredRecord) -> (&[u8], &[u8]) {
    (one.secret.as_ref().map_or(&[][..], |secret| secret), &one.leaf_hash.0)
}

/// What a text says, read unless these very bytes are known.
fn record(
    cache: &Cache,
    place: Place,
    text: &[u8],
    hashes: (&[u8], &[u8]),
) -> Option<Arc<KnownRecord>> {
    let known = cache.known(place, &sha256(text), hashes.0);
    known.or_else(|| cache.read(place, text, hashes))
}
