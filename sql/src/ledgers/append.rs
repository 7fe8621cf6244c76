//! Appends entries to a ledger, in the caller's transaction.
//!
//! What holds: the size is compared before the head is written, so of two writers one fails; chunks never cross a
//! multiple of 256, so the leaves of a tile are a range; complete subtrees are written once.
//!
//! Not here: making and signing the checkpoint (the caller does).

use jiff::Timestamp;
use ledger::Hash;
use ledger::hash;
use ledger::record::Secret;
use ledger::tree::Frontier;
use tokio_postgres::types::ToSql;

use crate::db::{Transaction, execute, signed, system_time};
use crate::error::Error;
use crate::items;
use crate::ledger_id::LedgerId;
use crate::queries::{
    LEDGERS_INSERT_CHECKPOINT, LEDGERS_INSERT_CHUNK, LEDGERS_INSERT_SUBTREE, LEDGERS_SWAP_HEAD,
};
use crate::tile::TILE;

/// An entry to append.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Canonical text, or a note.
    pub text: String,
    /// The secret of its salts; none in a hub.
    pub secret: Option<Secret>,
    /// Its leaf hash.
    pub leaf_hash: Hash,
}

/// What one commit adds to a ledger.
#[derive(Debug, Clone)]
pub struct Append {
    /// The ledger.
    pub ledger: LedgerId,
    /// Its size before.
    pub old_size: u64,
    /// The tree before.
    pub frontier: Frontier,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Item keys, and the indexes of the records that name the items.
    pub item_keys: Vec<(i64, u64)>,
    /// The signed checkpoint over the new size.
    pub note: String,
    /// When.
    pub recorded_at: Timestamp,
}

/// Appends entries, the checkpoint over them, and the new head, within `tx`.
///
/// # Errors
///
/// [`Error::Conflict`] if the ledger no longer has the old size.
pub async fn append(tx: &Transaction<'_>, append: &Append) -> Result<(), Error> {
    let mut rest = &append.entries[..];
    let mut first = append.old_size;
    while !rest.is_empty() {
        let room = usize::try_from(TILE - first % TILE).unwrap_or(1).min(rest.len());
        let (chunk, more) = rest.split_at(room);
        insert_chunk(tx, append.ledger, first, chunk).await?;
        first += chunk.len() as u64;
        rest = more;
    }
    let frontier = insert_subtrees(tx, append).await?;
    items::copy(tx, append.ledger, &append.item_keys).await?;
    let (old_size, size) = (signed(append.old_size)?, signed(frontier.size())?);
    let root = frontier.root();
    let at = system_time(append.recorded_at);
    execute(
        tx,
        LEDGERS_INSERT_CHECKPOINT,
        &[&append.ledger.0, &size, &&root.0[..], &append.note, &at],
    )
    .await?;
    let swapped =
        execute(tx, LEDGERS_SWAP_HEAD, &[&append.ledger.0, &old_size, &size, &&root.0[..]]).await?;
    if swapped == 1 {
        return Ok(());
    }
    Err(Error::Conflict(format!("ledger {} no longer has {old_size} leaves", append.ledger.0)))
}

/// Writes the subtrees that the new leaves complete, and gives the tree after them.
async fn insert_subtrees(tx: &Transaction<'_>, append: &Append) -> Result<Frontier, Error> {
    let mut frontier = append.frontier.clone();
    let mut peaks = frontier.peaks().to_vec();
    for entry in &append.entries {
        let size = frontier.size();
        frontier.append(entry.leaf_hash);
        for (level, position, hash) in complete(size, &mut peaks, entry.leaf_hash) {
            let level = i16::from(level);
            let values: [&(dyn ToSql + Sync); 4] =
                [&append.ledger.0, &level, &signed(position)?, &&hash.0[..]];
            execute(tx, LEDGERS_INSERT_SUBTREE, &values).await?;
        }
    }
    Ok(frontier)
}

/// Adds a leaf to `peaks` of a tree of `size` leaves and gives the subtrees of 256, 65,536, … leaves that it
/// completed; `peaks` are merged as [`Frontier`] merges them.
fn complete(size: u64, peaks: &mut Vec<Hash>, leaf: Hash) -> Vec<(u8, u64, Hash)> {
    let mut grown = leaf;
    let mut completed = Vec::new();
    for below in 0..size.trailing_ones() {
        let Some(left) = peaks.pop() else { break };
        grown = hash::node(&left, &grown);
        let level = below + 1;
        if level.is_multiple_of(8) {
            completed.push((u8::try_from(level).unwrap_or(u8::MAX), size >> level, grown));
        }
    }
    peaks.push(grown);
    completed
}

/// Writes one chunk. Not by COPY, which PostgreSQL does not have together with row-level security.
async fn insert_chunk(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    first: u64,
    chunk: &[Entry],
) -> Result<(), Error> {
    let hashes: Vec<u8> = chunk.iter().flat_map(|entry| entry.leaf_hash.0).collect();
    let secrets: Vec<u8> = chunk.iter().filter_map(|entry| entry.secret).flatten().collect();
    let texts: Vec<&str> = chunk.iter().map(|entry| entry.text.as_str()).collect();
    let (first, count) = (signed(first)?, i16::try_from(chunk.len()).unwrap_or(i16::MAX));
    let values: [&(dyn ToSql + Sync); 6] = [&ledger.0, &first, &count, &hashes, &secrets, &texts];
    execute(tx, LEDGERS_INSERT_CHUNK, &values).await?;
    Ok(())
}
