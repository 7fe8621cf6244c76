//! Ledgers: their records, their tree, their checkpoints.
//!
//! The way through: a writer takes the lease ([`hold_writer`]), loads the [`Frontier`], and appends
//! ([`append`]); readers ask for records ([`record_at`]), checkpoints, and the nodes of a proof ([`nodes`]).
//!
//! What holds: [`append`] compares the size before it writes, so of two writers one fails; chunks never
//! cross a multiple of 256, so the leaves of a tile are a range; complete subtrees are written once.

use std::collections::HashMap;
use std::ops::AsyncFnMut;

use jiff::Timestamp;
use ledger::Hash;
use ledger::hash;
use ledger::record::Secret;
use ledger::tree::{Frontier, NodeSource, NodeSpan, root_nodes};
use tokio_postgres::Row;

use crate::copy::CopyRows;
use crate::db::{
    Db, Transaction, execute, hash as digest, query, query_opt, signed, system_time, timestamp,
    unsigned,
};
use crate::error::Error;
use crate::queries::{
    LEDGERS_CHECKPOINT_AT, LEDGERS_CHECKPOINTS_AFTER, LEDGERS_CHUNK_WITH, LEDGERS_CHUNKS_AFTER,
    LEDGERS_COPY_CHUNKS, LEDGERS_FIND, LEDGERS_HEAD, LEDGERS_INSERT, LEDGERS_INSERT_CHECKPOINT,
    LEDGERS_INSERT_HEAD, LEDGERS_INSERT_SUBTREE, LEDGERS_LATEST_CHECKPOINT, LEDGERS_LEAF_HASHES,
    LEDGERS_LIST, LEDGERS_SUBTREES, LEDGERS_SWAP_HEAD, LEDGERS_TRY_LOCK,
};

/// Leaves of a tile, and most entries of a chunk: C2SP tlog-tiles has 256.
const TILE: u64 = 256;

/// A ledger's number in this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LedgerId(pub i32);

/// A ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its number.
    pub id: LedgerId,
    /// Its name.
    pub origin: String,
    /// `site` or `hub`.
    pub kind: String,
    /// Whose it is.
    pub party: String,
}

/// Size and root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// One record as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its ledger.
    pub ledger: LedgerId,
    /// Its place.
    pub index: u64,
    /// Canonical text; for a hub the checkpoint note.
    pub text: String,
    /// The secret of its salts; none in a hub.
    pub secret: Option<Secret>,
    /// The leaf hash that entered the tree.
    pub leaf_hash: Hash,
}

/// One checkpoint as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// The signed note.
    pub note: String,
    /// When it was committed.
    pub recorded_at: Timestamp,
}

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
    /// Things named and the places of the records that name them.
    pub item_keys: Vec<(i64, u64)>,
    /// The signed checkpoint over the new size.
    pub note: String,
    /// When.
    pub recorded_at: Timestamp,
}

/// The right to write a ledger, as long as its connection lives.
#[derive(Debug)]
pub struct WriterLease {
    client: tokio_postgres::Client,
}

impl WriterLease {
    /// Whether the right is still held.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the connection, and with it the lock, is gone.
    pub fn check(&self) -> Result<(), Error> {
        if self.client.is_closed() {
            return Err(Error::Unavailable("the writer's connection is gone".into()));
        }
        Ok(())
    }
}

/// Takes the right to write `ledger`; it ends when the lease is dropped or its connection breaks.
///
/// # Errors
///
/// [`Error::Unavailable`] while another process holds it.
pub async fn hold_writer(db: &Db, ledger: LedgerId) -> Result<WriterLease, Error> {
    let client = db.own_client().await?;
    let row = client.query_one(LEDGERS_TRY_LOCK, &[&ledger.0]).await?;
    if row.get::<_, bool>(0) {
        return Ok(WriterLease { client });
    }
    Err(Error::Unavailable(format!("another process writes ledger {}", ledger.0)))
}

/// Creates a ledger, empty, unless there is one of that name.
///
/// # Errors
///
/// [`Error::Data`] if there is one of another kind.
pub async fn create_ledger(
    db: &Db,
    origin: &str,
    kind: &str,
    party: &str,
) -> Result<LedgerId, Error> {
    db.run_tx("ledgers.create", async |tx: &Transaction<'_>| {
        execute(tx, LEDGERS_INSERT, &[&origin, &kind, &party]).await?;
        execute(tx, LEDGERS_INSERT_HEAD, &[&origin, &&Hash::EMPTY.0[..]]).await?;
        let row = query_opt(tx, LEDGERS_FIND, &[&origin])
            .await?
            .ok_or_else(|| Error::data(format!("ledger `{origin}` was not created")))?;
        let found = ledger_row(&row);
        if found.kind != kind {
            return Err(Error::data(format!(
                "ledger `{origin}` is a {}, not a {kind}",
                found.kind
            )));
        }
        Ok(found.id)
    })
    .await
}

fn ledger_row(row: &Row) -> LedgerRow {
    LedgerRow { id: LedgerId(row.get(0)), origin: row.get(1), kind: row.get(2), party: row.get(3) }
}

/// The ledger of that name.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, origin: &str) -> Result<Option<LedgerRow>, Error> {
    let row = query_opt(&db.client().await?, LEDGERS_FIND, &[&origin]).await?;
    Ok(row.as_ref().map(ledger_row))
}

/// All ledgers.
///
/// # Errors
///
/// [`Error`].
pub async fn list_ledgers(db: &Db) -> Result<Vec<LedgerRow>, Error> {
    Ok(query(&db.client().await?, LEDGERS_LIST, &[]).await?.iter().map(ledger_row).collect())
}

/// Size and root as committed.
///
/// # Errors
///
/// [`Error::Data`] if there is no such ledger.
pub async fn head(db: &Db, ledger: LedgerId) -> Result<Head, Error> {
    let row = query_opt(&db.client().await?, LEDGERS_HEAD, &[&ledger.0])
        .await?
        .ok_or_else(|| Error::data(format!("there is no ledger {}", ledger.0)))?;
    Ok(Head { size: unsigned(row.get(0))?, root: digest(row.get(1))? })
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
            "ledger {} of {} leaves has another root than its head says; `chopmark audit` names the place",
            ledger.0, head.size
        )));
    }
    Ok(frontier)
}

/// Appends entries, the checkpoint over them, and the new head, within `tx`.
///
/// # Errors
///
/// [`Error::Conflict`] if the ledger has another size by now.
pub async fn append(tx: &Transaction<'_>, append: &Append) -> Result<(), Error> {
    let mut frontier = append.frontier.clone();
    let mut rows = CopyRows::new();
    let mut rest = &append.entries[..];
    let mut first = append.old_size;
    while !rest.is_empty() {
        let room = usize::try_from(TILE - first % TILE).unwrap_or(1).min(rest.len());
        let (chunk, more) = rest.split_at(room);
        put_chunk(&mut rows, append.ledger, first, chunk)?;
        first += chunk.len() as u64;
        rest = more;
    }
    rows.send(tx, LEDGERS_COPY_CHUNKS).await?;
    let mut peaks = frontier.peaks().to_vec();
    for entry in &append.entries {
        let size = frontier.size();
        frontier.append(entry.leaf_hash);
        for (level, position, hash) in complete(size, &mut peaks, entry.leaf_hash) {
            let level = i16::from(level);
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&append.ledger.0, &level, &signed(position)?, &&hash.0[..]];
            execute(tx, LEDGERS_INSERT_SUBTREE, &values).await?;
        }
    }
    crate::items::copy(tx, append.ledger, &append.item_keys).await?;
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
    Err(Error::Conflict(format!("ledger {} has no longer {old_size} leaves", append.ledger.0)))
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

fn put_chunk(
    rows: &mut CopyRows,
    ledger: LedgerId,
    first: u64,
    chunk: &[Entry],
) -> Result<(), Error> {
    let hashes: Vec<u8> = chunk.iter().flat_map(|entry| entry.leaf_hash.0).collect();
    let secrets: Vec<u8> = chunk.iter().filter_map(|entry| entry.secret).flatten().collect();
    let texts: Vec<&str> = chunk.iter().map(|entry| entry.text.as_str()).collect();
    rows.row(6);
    rows.int4(ledger.0);
    rows.int8(signed(first)?);
    rows.int2(i16::try_from(chunk.len()).unwrap_or(i16::MAX));
    rows.bytes(&hashes)?;
    rows.bytes(&secrets)?;
    rows.texts(&texts)
}

/// The records of one chunk row.
fn records_of(ledger: LedgerId, row: &Row) -> Result<Vec<StoredRecord>, Error> {
    let first = unsigned(row.get(0))?;
    let hashes: &[u8] = row.get(2);
    let secrets: &[u8] = row.get(3);
    let texts: Vec<String> = row.get(4);
    texts
        .into_iter()
        .enumerate()
        .map(|(place, text)| {
            let hash = hashes.get(place * 32..place * 32 + 32).unwrap_or_default();
            let secret = secrets.get(place * 16..place * 16 + 16);
            Ok(StoredRecord {
                ledger,
                index: first + place as u64,
                text,
                secret: secret.and_then(|bytes| bytes.try_into().ok()),
                leaf_hash: digest(hash)?,
            })
        })
        .collect()
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

/// The text of the record at `index`, within a transaction.
///
/// # Errors
///
/// [`Error`].
pub async fn record_text(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    index: u64,
) -> Result<Option<String>, Error> {
    let row = query_opt(tx, LEDGERS_CHUNK_WITH, &[&ledger.0, &signed(index)?]).await?;
    Ok(find_in_chunk(ledger, index, row.as_ref())?.map(|record| record.text))
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
    mut each: impl AsyncFnMut(StoredRecord) -> Result<(), Error>,
) -> Result<(), Error> {
    const ROWS: i64 = 64;
    let mut next = 0;
    loop {
        let client = db.client().await?;
        let rows =
            query(&client, LEDGERS_CHUNKS_AFTER, &[&ledger.0, &signed(next)?, &ROWS]).await?;
        drop(client);
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            for record in records_of(ledger, row)? {
                next = record.index + 1;
                each(record).await?;
            }
        }
    }
}

fn checkpoint(row: &Row) -> Result<StoredCheckpoint, Error> {
    Ok(StoredCheckpoint {
        size: unsigned(row.get(0))?,
        root: digest(row.get(1))?,
        note: row.get(2),
        recorded_at: timestamp(row.get(3))?,
    })
}

/// The latest checkpoint; none for an empty ledger.
///
/// # Errors
///
/// [`Error`].
pub async fn latest_checkpoint(
    db: &Db,
    ledger: LedgerId,
) -> Result<Option<StoredCheckpoint>, Error> {
    let row = query_opt(&db.client().await?, LEDGERS_LATEST_CHECKPOINT, &[&ledger.0]).await?;
    row.as_ref().map(checkpoint).transpose()
}

/// The first checkpoint that covers `size` leaves.
///
/// # Errors
///
/// [`Error`].
pub async fn checkpoint_at(
    db: &Db,
    ledger: LedgerId,
    size: u64,
) -> Result<Option<StoredCheckpoint>, Error> {
    let row =
        query_opt(&db.client().await?, LEDGERS_CHECKPOINT_AT, &[&ledger.0, &signed(size)?]).await?;
    row.as_ref().map(checkpoint).transpose()
}

/// Up to `most` checkpoints above `size`, in order.
///
/// # Errors
///
/// [`Error`].
pub async fn checkpoints_after(
    db: &Db,
    ledger: LedgerId,
    size: u64,
    most: u32,
) -> Result<Vec<StoredCheckpoint>, Error> {
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&ledger.0, &signed(size)?, &i64::from(most)];
    let rows = query(&db.client().await?, LEDGERS_CHECKPOINTS_AFTER, &values).await?;
    rows.iter().map(checkpoint).collect()
}

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
/// [`Error::Data`] if the ledger has not got them.
pub async fn nodes(db: &Db, ledger: LedgerId, spans: &[NodeSpan]) -> Result<NodeMap, Error> {
    let client = db.client().await?;
    // One fetch per tile: the 256 hashes below a subtree of the next stored level.
    let mut tiles: HashMap<(u8, u64), Vec<Hash>> = HashMap::new();
    for span in spans {
        let stored = span.level / 8 * 8;
        let tile = (span.index << (span.level - stored)) / TILE;
        if tiles.contains_key(&(stored, tile)) {
            continue;
        }
        let (from, to) = (signed(tile * TILE)?, signed((tile + 1) * TILE)?);
        let mut hashes = Vec::new();
        if stored == 0 {
            for row in query(&client, LEDGERS_LEAF_HASHES, &[&ledger.0, &from, &to]).await? {
                for bytes in row.get::<_, &[u8]>(2).chunks_exact(32) {
                    hashes.push(digest(bytes)?);
                }
            }
        } else {
            let level = i16::from(stored);
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&ledger.0, &level, &from, &to];
            for row in query(&client, LEDGERS_SUBTREES, &values).await? {
                hashes.push(digest(row.get(1))?);
            }
        }
        tiles.insert((stored, tile), hashes);
    }
    let mut map = NodeMap::default();
    for span in spans {
        let stored = span.level / 8 * 8;
        let width = 1usize << (span.level - stored);
        let first = span.index << (span.level - stored);
        let hashes = tiles.get(&(stored, first / TILE)).map_or(&[][..], Vec::as_slice);
        let from = usize::try_from(first % TILE).unwrap_or(0);
        let part = hashes.get(from..from + width).ok_or_else(|| {
            Error::data(format!("subtree {} of level {} is not stored", span.index, span.level))
        })?;
        map.0.insert((span.level, span.index), fold(part));
    }
    Ok(map)
}

/// The root over a power of two of hashes.
fn fold(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| hash::node(&pair[0], &pair[1])).collect();
    }
    level.first().copied().unwrap_or(Hash::EMPTY)
}
