//! Reads the rows of records and what they say.
//!
//! The way through: [`of_found`] takes what is known of the versions of rows that the index led to; [`read`] reads the others whole, as
//! far as there is room.
//!
//! What holds: what a row says was read from text and secret as they are in the database now, or earlier from the very same
//! version of the row; the number of queries does not depend on that of records.
//!
//! Not here: whether a record fits its ledger ([`mod@crate::gather`]), what is kept ([`crate::cache`]).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::try_join;
use ledger::Hash;
use ledger::record::Secret;
use sql::hub::Seal;
use sql::items::Found;
use sql::{Db, LedgerId};

use crate::cache::Cache;
use crate::known_record::KnownRecord;

/// A record's place: ledger and index.
type Place = (LedgerId, u64);
/// Rows by place.
pub type Rows = HashMap<Place, Row>;
/// When the hub had records, by place.
pub type Seals = HashMap<Place, Seal>;

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

/// The rows of `places` of which it is known what they say, and those whose texts must be read for it.
pub fn of_found(
    cache: &Cache,
    places: &BTreeSet<Place>,
    found: &[Found],
) -> (Rows, BTreeSet<Place>) {
    let (mut rows, mut unknown) = (Rows::new(), BTreeSet::new());
    for hit in found {
        let place = (hit.ledger, hit.index);
        let Some(row) = hit.row.filter(|_| places.contains(&place)) else { continue };
        if rows.contains_key(&place) || unknown.contains(&place) {
            continue;
        }
        match cache.known(place, row.version) {
            Some(known) => {
                // Only what leads to the leaf hash of its row is kept.
                let leaf_hash = known.leaf_hash.unwrap_or(Hash([0; 32]));
                let (secret, seal) = (known.secret, Some(hit.seal));
                rows.insert(place, Row { record: Some(known), secret, leaf_hash, seal });
            }
            None => {
                unknown.insert(place);
            }
        }
    }
    (rows, unknown)
}

/// Reads records and their seals, as far as there is room for their texts.
///
/// - `places`: with the kind of each, its place in `room`.
/// - `seals`: those of the places, if they are known.
/// - Returns the rows, what their texts take, by kind, and those that there was no room for.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn read(
    cache: &Cache,
    db: &Db,
    places: &[(LedgerId, u64, usize)],
    room: &[u64],
    seals: Option<Seals>,
) -> Result<(Rows, Vec<(usize, usize)>, BTreeSet<Place>), sql::Error> {
    let (mut rows, mut taken, mut unread) = (Rows::new(), Vec::new(), BTreeSet::new());
    if places.is_empty() {
        return Ok((rows, taken, unread));
    }
    let kinds: HashMap<Place, usize> =
        places.iter().map(|(ledger, index, kind)| ((*ledger, *index), *kind)).collect();
    let all: Vec<Place> = kinds.keys().copied().collect();
    let connection = db.connection().await?;
    let (stored, seals) =
        try_join!(sql::items::records_within(&connection, places, room), async {
            if let Some(seals) = seals {
                return Ok(seals);
            }
            let found = sql::hub::seals(&connection, &all).await?;
            Ok(found.into_iter().map(|one| ((one.ledger, one.leaf_index), one)).collect())
        })?;
    for one in stored {
        match one {
            Ok((one, version)) => {
                let place = (one.ledger, one.index);
                let secret = one.secret.as_ref().map_or(&[][..], |secret| secret);
                let hashes = (secret, &one.leaf_hash.0[..]);
                taken.push((kinds.get(&place).copied().unwrap_or_default(), one.text.len()));
                let record = cache.read(place, version, one.text.as_bytes(), hashes);
                rows.insert(place, Row::of(record, hashes, seals.get(&place).copied()));
            }
            Err((ledger, index, _)) => {
                unread.insert((ledger, index));
            }
        }
    }
    Ok((rows, taken, unread))
}
