//! Appends entries to a ledger, in the caller's transaction.
//!
//! What holds: the size is compared before the head is written, so of two writers one fails; chunks never cross a
//! multiple of 256, so the leaves of a tile are a range; the statements are sent together, so their number costs no
//! round trips. Only the COPY goes before them, alone: sent into a transaction that has failed, it would confuse the
//! connection.
//!
//! Not here: the tree and its hashes ([`ledger::tree::Frontier`]), making and signing the checkpoint (the caller does).

use std::sync::Arc;

use futures::future::join_all;
use futures::join;
use jiff::Timestamp;
use ledger::Hash;
use ledger::record::Secret;
use ledger::tree::{Frontier, Subtree};
use tokio_postgres::types::ToSql;

use crate::db::{Transaction, execute, signed, system_time};
use crate::error::Error;
use crate::items;
use crate::ledger_id::LedgerId;
use crate::queries::{
    LEDGERS_INSERT_CHECKPOINT, LEDGERS_INSERT_CHUNK, LEDGERS_INSERT_SUBTREES, LEDGERS_SWAP_HEAD,
};
use crate::tile::TILE;

/// An entry to append.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Canonical text, or a note.
    pub text: Arc<str>,
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
    /// Its root after.
    pub root: Hash,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// The complete subtrees that the entries add: [`Frontier::extend`].
    pub subtrees: Vec<Subtree>,
    /// Item keys, and the indexes of the records that name the items.
    pub item_keys: Vec<(i64, u64)>,
    /// The signed checkpoint over the new size.
    pub note: String,
    /// When.
    pub recorded_at: Timestamp,
}

impl Append {
    /// What `entries` add to a ledger whose tree is `frontier`, and makes it the tree after them. Without item keys and
    /// checkpoint.
    #[must_use]
    pub fn to(
        ledger: LedgerId,
        frontier: &mut Frontier,
        entries: Vec<Entry>,
        recorded_at: Timestamp,
    ) -> Self {
        let old_size = frontier.size();
        let subtrees = frontier.extend(entries.iter().map(|entry| entry.leaf_hash));
        Self {
            ledger,
            old_size,
            root: frontier.root(),
            entries,
            subtrees,
            item_keys: Vec::new(),
            note: String::new(),
            recorded_at,
        }
    }

    /// Its size after.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.old_size + self.entries.len() as u64
    }
}

/// Appends entries, the checkpoint over them, and the new head, within `tx`.
///
/// # Errors
///
/// [`Error::Conflict`] if the ledger no longer has the old size.
pub async fn append(tx: &Transaction<'_>, append: &Append) -> Result<(), Error> {
    let mut rest = &append.entries[..];
    let mut first = append.old_size;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let room = usize::try_from(TILE - first % TILE).unwrap_or(1).min(rest.len());
        let (chunk, more) = rest.split_at(room);
        chunks.push(insert_chunk(tx, append.ledger, first, chunk));
        first += chunk.len() as u64;
        rest = more;
    }
    let (old_size, size) = (signed(append.old_size)?, signed(append.size())?);
    let root = append.root;
    let at = system_time(append.recorded_at);
    let (ledger, root) = (append.ledger.0, &root.0[..]);
    let checkpoint: [&(dyn ToSql + Sync); 5] = [&ledger, &size, &root, &append.note, &at];
    let head: [&(dyn ToSql + Sync); 4] = [&ledger, &old_size, &size, &root];
    items::copy(tx, append.ledger, &append.item_keys).await?;
    let (mut results, subtrees, noted, swapped) = join!(
        join_all(chunks),
        insert_subtrees(tx, append),
        execute(tx, LEDGERS_INSERT_CHECKPOINT, &checkpoint),
        execute(tx, LEDGERS_SWAP_HEAD, &head),
    );
    let swapped = swapped.and_then(|rows| match rows {
        1 => Ok(()),
        _ => Err(Error::Conflict(format!("ledger {ledger} no longer has {old_size} leaves"))),
    });
    results
        .extend([subtrees, noted.map(|_| ()), swapped].map(|one| one.map_err(Error::of_our_own)));
    Error::first_cause(results)
}

/// Writes the subtrees that the new leaves complete.
async fn insert_subtrees(tx: &Transaction<'_>, append: &Append) -> Result<(), Error> {
    if append.subtrees.is_empty() {
        return Ok(());
    }
    let spans = append.subtrees.iter().map(|subtree| subtree.span);
    let levels: Vec<i16> = spans.clone().map(|span| i16::from(span.level)).collect();
    let positions = spans.map(|span| signed(span.index)).collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<&[u8]> = append.subtrees.iter().map(|subtree| &subtree.hash.0[..]).collect();
    let values: [&(dyn ToSql + Sync); 4] = [&append.ledger.0, &levels, &positions, &hashes];
    execute(tx, LEDGERS_INSERT_SUBTREES, &values).await?;
    Ok(())
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
    let mut texts = Vec::with_capacity(chunk.iter().map(|entry| entry.text.len()).sum());
    let mut ends = Vec::with_capacity(chunk.len());
    for entry in chunk {
        texts.extend_from_slice(entry.text.as_bytes());
        let end = i32::try_from(texts.len());
        ends.push(end.map_err(|_| Error::data("a chunk of records is larger than 2 GiB"))?);
    }
    let (first, count) = (signed(first)?, i16::try_from(chunk.len()).unwrap_or(i16::MAX));
    let values: [&(dyn ToSql + Sync); 7] =
        [&ledger.0, &first, &count, &hashes, &secrets, &texts, &ends];
    execute(tx, LEDGERS_INSERT_CHUNK, &values).await?;
    Ok(())
}
