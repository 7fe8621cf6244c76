//! Reads the rows of records and what they say.
//!
//! The way through: [`of_found`] takes what is known of the versions of rows that the index led to; [`read`] reads the others whole, as
//! far as there is room, and seals that are not known.
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
use crate::standing::HubSizes;

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

/// What must be read of some records.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Records whose texts must be read, each with its kind: its place in the room.
    pub texts: Vec<(LedgerId, u64, usize)>,
    /// Records whose seals must be read.
    pub seals: Vec<Place>,
}

/// What was read of some records.
#[derive(Debug, Default)]
pub struct Read {
    /// The rows whose texts were read, without their seals.
    pub rows: Rows,
    /// Kind and bytes of each text.
    pub taken: Vec<(usize, usize)>,
    /// Records for whose texts there was no room.
    pub unread: BTreeSet<Place>,
    /// The seals that were read.
    pub seals: Vec<Seal>,
}

/// The rows of `places` of which it is known what they say, and what must be read of those and of the others.
///
/// - `hubs`: what the hubs have, as it was asked after the rows were found.
pub fn of_found(
    cache: &Cache,
    hubs: &HubSizes,
    places: &BTreeSet<Place>,
    found: &[Found],
) -> (Rows, Wanted) {
    let (mut rows, mut wanted, mut unknown) = (Rows::new(), Wanted::default(), BTreeSet::new());
    for hit in found {
        let place = (hit.ledger, hit.index);
        let Some(row) = hit.row.filter(|_| places.contains(&place)) else { continue };
        if rows.contains_key(&place) || unknown.contains(&place) {
            continue;
        }
        let Some((known, seal)) = cache.known(place, row.version, hubs) else {
            unknown.insert(place);
            continue;
        };
        if seal.is_none() {
            wanted.seals.push(place);
        }
        // Only what leads to the leaf hash of its row is kept.
        let (leaf_hash, secret) = (known.leaf_hash.unwrap_or(Hash([0; 32])), known.secret);
        rows.insert(place, Row { record: Some(known), secret, leaf_hash, seal });
    }
    wanted.texts = unknown.iter().map(|place| (place.0, place.1, 0)).collect();
    wanted.seals.extend(unknown);
    (rows, wanted)
}

/// Reads records, as far as there is room for their texts, and seals: one round trip.
///
/// - `room`: for each kind the most bytes of texts.
/// - `hubs`: what the hubs had before; empty if it was not asked.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn read(
    cache: &Cache,
    db: &Db,
    hubs: &HubSizes,
    wanted: &Wanted,
    room: &[u64],
) -> Result<Read, sql::Error> {
    let mut read = Read::default();
    if wanted.texts.is_empty() && wanted.seals.is_empty() {
        return Ok(read);
    }
    let kinds: HashMap<Place, usize> =
        wanted.texts.iter().map(|(ledger, index, kind)| ((*ledger, *index), *kind)).collect();
    let connection = db.connection().await?;
    let (stored, seals) = try_join!(
        sql::items::records_within(&connection, &wanted.texts, room),
        sql::hub::seals(&connection, &wanted.seals)
    )?;
    for one in stored {
        match one {
            Ok((one, version)) => {
                let place = (one.ledger, one.index);
                let kind = kinds.get(&place).copied().unwrap_or_default();
                read.taken.push((kind, one.text.len()));
                let secret = one.secret.as_ref().map_or(&[][..], |secret| secret);
                let hashes = (secret, &one.leaf_hash.0[..]);
                let record = cache.read(place, version, one.text.as_bytes(), hashes);
                let (secret, leaf_hash) = (one.secret, one.leaf_hash);
                read.rows.insert(place, Row { record, secret, leaf_hash, seal: None });
            }
            Err((ledger, index, _)) => {
                read.unread.insert((ledger, index));
            }
        }
    }
    cache.keep_seals(seals.iter(), hubs);
    read.seals = seals;
    Ok(read)
}
