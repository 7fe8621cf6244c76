//! The hashes that a proof needs, and the tree's peaks.
//!
//! What holds: stored are the leaves and the complete subtrees of 256, 65,536, … leaves; levels between them are
//! hashed here. No record is read for it, and any number of proofs in any number of ledgers takes two queries.

use std::collections::{BTreeSet, HashMap};

use futures::join;
use ledger::Hash;
use ledger::hash;
use ledger::tree::{Frontier, NodeSource, NodeSpan, root_nodes};
use tokio_postgres::types::ToSql;

use super::list::head;
use crate::db::{Connection, Db, hash as digest, query, signed, unsigned};
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
        self.0.get(&(level, index)).copied().ok_or_else(|| not_stored(NodeSpan { level, index }))
    }
}

fn not_stored(span: NodeSpan) -> Error {
    Error::data(format!("subtree {} of level {} is not stored", span.index, span.level))
}

/// Up to 256 neighbouring hashes of a stored level: those below one subtree of the next stored level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileName {
    /// The ledger.
    pub ledger: LedgerId,
    /// 0 for leaves, 8 for subtrees of 256 leaves, and so on.
    pub level: u8,
    /// Its place among the tiles of that level.
    pub tile: u64,
}

impl TileName {
    /// The tile from which the hash of a subtree is computed.
    #[must_use]
    pub fn with(ledger: LedgerId, span: NodeSpan) -> Self {
        let (stored, first) = first_stored(span);
        Self { ledger, level: stored, tile: first / TILE }
    }
}

/// The stored level below a subtree, and the first of its hashes there.
fn first_stored(span: NodeSpan) -> (u8, u64) {
    let stored = span.level / 8 * 8;
    (stored, span.index << (span.level - stored))
}

/// Tiles as they are stored.
#[derive(Debug, Clone, Default)]
pub struct Tiles(HashMap<TileName, Vec<Hash>>);

impl Tiles {
    /// The hashes of a tile: as many as the ledger has; none if it was not fetched.
    #[must_use]
    pub fn get(&self, name: &TileName) -> Option<&[Hash]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The hashes of some subtrees of a ledger.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the tiles of one were not fetched or do not have it.
    pub fn nodes(&self, ledger: LedgerId, spans: &[NodeSpan]) -> Result<NodeMap, Error> {
        let mut map = NodeMap::default();
        for span in spans {
            let (stored, first) = first_stored(*span);
            let width = 1usize << (span.level - stored);
            let from = usize::try_from(first % TILE).unwrap_or(0);
            let tile = self.get(&TileName::with(ledger, *span)).unwrap_or_default();
            let part = tile.get(from..from + width).ok_or_else(|| not_stored(*span))?;
            map.0.insert((span.level, span.index), fold(part));
        }
        Ok(map)
    }
}

/// Fetches tiles of any ledgers.
///
/// # Errors
///
/// [`Error`]; a tile that the ledger does not have is empty.
pub async fn tiles(connection: &Connection, names: &BTreeSet<TileName>) -> Result<Tiles, Error> {
    let of_leaves: Vec<&TileName> = names.iter().filter(|name| name.level == 0).collect();
    let of_subtrees: Vec<&TileName> = names.iter().filter(|name| name.level > 0).collect();
    let (leaves, subtrees) =
        join!(leaf_hashes(connection, &of_leaves), subtree_hashes(connection, &of_subtrees));
    let mut found: HashMap<TileName, Vec<Hash>> =
        names.iter().map(|name| (*name, Vec::new())).collect();
    for (name, hash) in leaves?.into_iter().chain(subtrees?) {
        found.entry(name).or_default().push(hash);
    }
    Ok(Tiles(found))
}

fn columns(names: &[&TileName]) -> Result<(Vec<i32>, Vec<i64>), Error> {
    let ledgers = names.iter().map(|name| name.ledger.0).collect();
    let first = names.iter().map(|name| signed(name.tile * TILE)).collect::<Result<_, _>>()?;
    Ok((ledgers, first))
}

async fn leaf_hashes(
    connection: &Connection,
    names: &[&TileName],
) -> Result<Vec<(TileName, Hash)>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (ledgers, first) = columns(names)?;
    let mut found = Vec::new();
    for row in query(connection.client(), LEDGERS_LEAF_HASHES, &[&ledgers, &first]).await? {
        let tile = unsigned(row.get(1))? / TILE;
        let name = TileName { ledger: LedgerId(row.get(0)), level: 0, tile };
        for bytes in row.get::<_, &[u8]>(2).chunks_exact(32) {
            found.push((name, digest(bytes)?));
        }
    }
    Ok(found)
}

async fn subtree_hashes(
    connection: &Connection,
    names: &[&TileName],
) -> Result<Vec<(TileName, Hash)>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (ledgers, first) = columns(names)?;
    let levels: Vec<i16> = names.iter().map(|name| i16::from(name.level)).collect();
    let values: [&(dyn ToSql + Sync); 3] = [&ledgers, &levels, &first];
    let mut found = Vec::new();
    for row in query(connection.client(), LEDGERS_SUBTREES, &values).await? {
        let level = u8::try_from(row.get::<_, i16>(1)).unwrap_or(u8::MAX);
        let tile = unsigned(row.get(2))? / TILE;
        found.push((TileName { ledger: LedgerId(row.get(0)), level, tile }, digest(row.get(3))?));
    }
    Ok(found)
}

/// Fetches the subtrees that some proofs need; levels between the stored ones are hashed here.
///
/// # Errors
///
/// [`Error::Data`] if the ledger does not have them.
pub async fn nodes(db: &Db, ledger: LedgerId, spans: &[NodeSpan]) -> Result<NodeMap, Error> {
    let names = spans.iter().map(|span| TileName::with(ledger, *span)).collect();
    tiles(&db.connection().await?, &names).await?.nodes(ledger, spans)
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
