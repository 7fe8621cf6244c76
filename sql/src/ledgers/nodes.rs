//! The hashes that a proof needs, and the tree's peaks.
//!
//! What holds: stored are the leaves and the complete subtrees of 256, 65,536, … leaves; levels between them are
//! hashed here. No record is read for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use deadpool_postgres::GenericClient;
use ledger::Hash;
use ledger::hash;
use ledger::tree::{Frontier, NodeSource, NodeSpan, root_nodes};
use tokio_postgres::types::ToSql;

use super::list::head;
use crate::db::{Db, hash as digest, query, signed};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::queries::{LEDGERS_LEAF_HASHES, LEDGERS_SUBTREES};
use crate::tile::TILE;

/// Hashes of complete subtrees, fetched for some proofs.
#[derive(Debug, Clone, Default)]
pub struct NodeMap(HashMap<(u8, u64), Hash>);

impl NodeSource for NodeMap {
    type Error = Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Error> {
        self.0
            .get(&(level, index))
            .copied()
            .ok_or_else(|| Error::data(format!("subtree {index} of level {level} is not stored")))
    }
}

/// Fetches the subtrees that some proofs need; levels between the stored ones are hashed here.
///
/// # Errors
///
/// [`Error::Data`] if the ledger does not have them.
pub async fn nodes(db: &Db, ledger: LedgerId, spans: &[NodeSpan]) -> Result<NodeMap, Error> {
    let client = db.client().await?;
    let mut tiles: HashMap<(u8, u64), Vec<Hash>> = HashMap::new();
    let mut map = NodeMap::default();
    for span in spans {
        let stored = span.level / 8 * 8;
        let width = 1usize << (span.level - stored);
        let first = span.index << (span.level - stored);
        let key = (stored, first / TILE);
        let hashes = match tiles.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(tile(&client, ledger, key).await?),
        };
        let from = usize::try_from(first % TILE).unwrap_or(0);
        let part = hashes.get(from..from + width).ok_or_else(|| {
            Error::data(format!("subtree {} of level {} is not stored", span.index, span.level))
        })?;
        map.0.insert((span.level, span.index), fold(part));
    }
    Ok(map)
}

/// One tile: up to 256 hashes of a stored level, those below one subtree of the next stored level.
async fn tile(
    client: &impl GenericClient,
    ledger: LedgerId,
    (level, tile): (u8, u64),
) -> Result<Vec<Hash>, Error> {
    let (from, to) = (signed(tile * TILE)?, signed((tile + 1) * TILE)?);
    let mut hashes = Vec::new();
    if level == 0 {
        for row in query(client, LEDGERS_LEAF_HASHES, &[&ledger.0, &from, &to]).await? {
            for bytes in row.get::<_, &[u8]>(2).chunks_exact(32) {
                hashes.push(digest(bytes)?);
            }
        }
    } else {
        let values: [&(dyn ToSql + Sync); 4] = [&ledger.0, &i16::from(level), &from, &to];
        for row in query(client, LEDGERS_SUBTREES, &values).await? {
            hashes.push(digest(row.get(1))?);
        }
    }
    Ok(hashes)
}

/// The root over a power of two of hashes.
fn fold(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| hash::node(&pair[0], &pair[1])).collect();
    }
    level.first().copied().unwrap_or(Hash::EMPTY)
}

/// The tree's peaks, from the stored subtrees and the last tile; checked against the head's root.
///
/// # Errors
///
/// [`Error::Data`] if they lead to another root than the head's.
pub async fn load_frontier(db: &Db, ledger: LedgerId) -> Result<Frontier, Error> {
    let head = head(db, ledger).await?;
    let spans = root_nodes(head.size);
    let map = nodes(db, ledger, &spans).await?;
    let peaks =
        spans.iter().map(|span| map.node(span.level, span.index)).collect::<Result<Vec<_>, _>>()?;
    let frontier =
        Frontier::from_peaks(head.size, peaks).map_err(|error| Error::data(error.to_string()))?;
    if frontier.root() != head.root {
        return Err(Error::data(format!(
            "ledger {} of {} leaves: got another root than its head's; `chopmark audit` finds the record",
            ledger.0, head.size
        )));
    }
    Ok(frontier)
}
