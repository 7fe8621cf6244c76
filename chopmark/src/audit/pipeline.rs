//! The rows and checkpoints of one ledger, read in order, recomputed on all cores, given in order.
//!
//! The way through: [`start`] reads a few chunks at a time and passes them to the blocking threads; what they compute arrives
//! in a queue, in the order in which it was read; each batch of rows is followed by the checkpoints that it reaches.
//!
//! What holds: at most [`WAITING`] batches of about [`Pace::bytes`] are in memory, whatever a record's size; who takes results slowly
//! slows the reader.
//!
//! Not here: what the results add up to (`rows`).

use std::collections::VecDeque;
use std::sync::Arc;

use ledger::Hash;
use ledger::audit::{Open, Opened, directory_entry_leaf, hub_entry_leaf, record_leaf};
use ledger::policy::Policy;
use sql::ledgers::{Chunk, LedgerRow, StoredCheckpoint, StoredRecord};
use sql::{Db, Error};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use super::erasures::{OfLedger, unrecorded};
use super::item_index::{Named, Sums};

/// Batches that are read and not yet taken.
const WAITING: usize = 8;
/// Checkpoints of one batch: each costs two signature checks.
const CHECKPOINTS: u32 = 256;
/// Most chunks of one query.
const MOST_CHUNKS: u32 = 64;

/// How much is read at a time.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Bytes of texts in one batch, roughly; one chunk at least.
    pub bytes: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { bytes: 1 << 20 }
    }
}

/// What is to be read.
#[derive(Debug, Clone)]
pub struct Task {
    /// The database.
    pub db: Db,
    /// The ledger.
    pub row: LedgerRow,
    /// The keys that checkpoints must be signed with.
    pub policy: Arc<Policy>,
    /// How checkpoints are opened.
    pub open: Open,
    /// First row.
    pub from: u64,
    /// Checkpoints up to this size are left out.
    pub after: u64,
    /// Rows and checkpoints above this are left out.
    pub until: u64,
    /// How much at a time.
    pub pace: Pace,
    /// Sums over what the records name.
    pub sums: Arc<Sums>,
    /// Records that were erased.
    pub erased: Arc<OfLedger>,
}

/// A row, recomputed.
pub struct Row {
    /// Its index as stored.
    pub index: u64,
    /// Its leaf hash, or what is wrong.
    pub computed: Result<Hash, String>,
    /// The leaf hash that is stored.
    pub stored: Hash,
}

/// What comes next in a ledger.
pub enum Step {
    /// Rows, and what they name.
    Rows(Vec<Row>, Named),
    /// Checkpoints of the rows so far.
    Checkpoints(Vec<Opened>),
}

/// A step that some thread computes; an error of the database ends the queue.
pub type Computing = Result<JoinHandle<Result<Step, Error>>, Error>;

/// Begins reading; the queue ends with the ledger.
pub fn start(task: Task) -> Receiver<Computing> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        if let Err(error) = read(&task, &sender).await {
            sender.send(Err(error)).await.ok();
        }
    });
    receiver
}

async fn read(task: &Task, sender: &Sender<Computing>) -> Result<(), Error> {
    let (mut next, mut rows) = (task.from, 1);
    let mut checkpoints =
        Checkpoints { after: task.after, waiting: VecDeque::new(), is_end: false };
    while next < task.until {
        let mut chunks = sql::ledgers::chunks(&task.db, task.row.id, next, rows).await?;
        let mut bytes = 0;
        let mut kept = 0;
        for chunk in &chunks {
            if chunk.first()? >= task.until {
                break;
            }
            bytes += chunk.text_bytes();
            next = chunk.end()?;
            kept += 1;
        }
        chunks.truncate(kept);
        if chunks.is_empty() {
            break;
        }
        rows = next_rows(task.pace, kept, bytes);
        let (sums, is_directory) = (Arc::clone(&task.sums), task.row.kind == sql::directory::KIND);
        let erased = Arc::clone(&task.erased);
        let computing =
            tokio::task::spawn_blocking(move || compute(&chunks, is_directory, &sums, &erased));
        if sender.send(Ok(computing)).await.is_err()
            || !checkpoints.send(task, next, sender).await?
        {
            return Ok(());
        }
    }
    checkpoints.send(task, task.until, sender).await?;
    Ok(())
}

/// Chunks of the next query, so that their texts have about as many bytes as they should. A size that grows suddenly costs one
/// batch that is larger by as much.
fn next_rows(pace: Pace, chunks: usize, bytes: usize) -> u32 {
    let wanted = (pace.bytes * chunks).checked_div(bytes).unwrap_or(usize::MAX);
    u32::try_from(wanted).unwrap_or(MOST_CHUNKS).clamp(1, MOST_CHUNKS)
}

/// Recomputes the rows of some chunks.
///
/// - `is_directory`: whether rows without a secret are entries of the directory; else they are a hub's.
fn compute(
    chunks: &[Chunk],
    is_directory: bool,
    sums: &Sums,
    erased: &OfLedger,
) -> Result<Step, Error> {
    let (mut rows, mut named) = (Vec::new(), Named::default());
    for chunk in chunks {
        for StoredRecord { index, text, secret, leaf_hash, .. } in chunk.records()? {
            let gone = erased.get(&index);
            let computed = match (&secret, gone) {
                (Some(secret), Some(gone)) => {
                    sums.add_keys(&gone.erasure.item_keys, index, &mut named);
                    gone.leaf(&text, secret, &leaf_hash)
                }
                (Some(secret), None) => record_leaf(&text, secret).and_then(|(leaf, record)| {
                    if let Some(why) = unrecorded(&record).filter(|_| leaf != leaf_hash) {
                        return Err(why);
                    }
                    sums.add(&record, index, &mut named);
                    Ok(leaf)
                }),
                (None, _) if is_directory => directory_entry_leaf(&text),
                (None, _) => hub_entry_leaf(&text),
            };
            rows.push(Row { index, computed, stored: leaf_hash });
        }
    }
    Ok(Step::Rows(rows, named))
}

/// The checkpoints of the ledger, in order of size, each sent once its rows were.
struct Checkpoints {
    /// Size of the last one that was read.
    after: u64,
    /// Those that were read and not yet sent.
    waiting: VecDeque<StoredCheckpoint>,
    is_end: bool,
}

impl Checkpoints {
    /// Sends those up to `size`; gives whether somebody still takes them.
    async fn send(
        &mut self,
        task: &Task,
        size: u64,
        sender: &Sender<Computing>,
    ) -> Result<bool, Error> {
        loop {
            if self.waiting.is_empty() && !self.is_end {
                let read =
                    sql::ledgers::checkpoints_after(&task.db, task.row.id, self.after, CHECKPOINTS);
                self.waiting = read.await?.into();
                self.is_end = self.waiting.is_empty();
            }
            let reached = self.waiting.iter().take_while(|one| one.size <= size.min(task.until));
            let reached = reached.count();
            if reached == 0 {
                return Ok(true);
            }
            let batch: Vec<StoredCheckpoint> = self.waiting.drain(..reached).collect();
            self.after = batch.last().map_or(self.after, |last| last.size);
            let (open, policy) = (task.open, Arc::clone(&task.policy));
            let origin = task.row.origin.clone();
            let computing = tokio::task::spawn_blocking(move || {
                let opened = |one: &StoredCheckpoint| {
                    Opened::new(open, &policy, &origin, one.size, &one.note)
                };
                Ok(Step::Checkpoints(batch.iter().map(opened).collect()))
            });
            if sender.send(Ok(computing)).await.is_err() {
                return Ok(false);
            }
        }
    }
}
