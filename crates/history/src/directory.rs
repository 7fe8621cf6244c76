//! The directory in the database: loads and replays it, appends to it, and gives everybody the rights in force.
//!
//! The way through: [`load`] fetches the entries of the ledger that the policy pins, replays them, and compares them with
//! the newest signed checkpoint; [`DirectoryCache`] does so again whenever the ledger has grown; [`append`] is for the
//! command, which writes with the owner's connection.
//!
//! What holds: a directory that does not verify gives no rights at all, never those of before; the leaf hashes are
//! computed from the stored texts. A directory that is not, or does not extend, what the hub holds of it gives none
//! either. A ledger that shrank or changed under a cache is refused until the process restarts.
//!
//! Not here: which records are accepted (`directory`), how a ledger is compared with the hub (`continuity`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use directory::record::ActRecord;
use directory::setup::{act_of, sign};
use directory::{Directory, DirectoryError, Problem, Rights};
use jiff::Timestamp;
use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::directory::HolderKey;
use ledger::keys::{KeyError, LedgerKeys, SecureRandom};
use ledger::policy::{DirectoryPin, OpenError, Policy};
use ledger::tree::{Frontier, root};
use sql::directory::{KIND, ProposalState};
use sql::ledgers::{Append, Entry, StoredCheckpoint};
use sql::{Db, LedgerId, Transaction};
use thiserror::Error;

use crate::continuity;

/// The policy under which checkpoints are checked: that of the file, or, if it pins a directory, the keys and contracts
/// that the directory states, narrowed by the file's own lines ([`Policy::narrowed_from`]).
///
/// - `loaded`: the directory; none if it could not be loaded or does not verify, and then no key is trusted.
#[must_use]
pub fn effective_policy(policy: &Policy, loaded: Option<&Loaded>) -> Policy {
    if policy.directory.is_none() {
        return policy.clone();
    }
    let stated = loaded.map(|loaded| loaded.directory.policy()).unwrap_or_default();
    policy.narrowed_from(&stated)
}

/// Why there is no directory to go by.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The policy pins none.
    #[error("the policy has no `directory` line")]
    NotPinned,
    /// The database could not be asked.
    #[error(transparent)]
    Database(#[from] sql::Error),
    /// There is no such ledger.
    #[error("the database has no directory `{0}`")]
    Missing(String),
    /// The ledger is of another kind.
    #[error("the ledger `{origin}` is a {kind}, expected a directory")]
    Kind {
        /// Its name.
        origin: String,
        /// Its kind.
        kind: String,
    },
    /// An entry is not accepted.
    #[error(transparent)]
    Entry(#[from] DirectoryError),
    /// A record to append is not accepted.
    #[error(transparent)]
    Record(#[from] Problem),
    /// The newest checkpoint is not signed by the directory's keys.
    #[error(transparent)]
    Checkpoint(#[from] OpenError),
    /// The entries are not those that were signed.
    #[error(
        "the directory's entries give size {size} and root {root}, signed is size {signed_size} and root {signed_root}"
    )]
    OtherTree {
        /// Number of entries.
        size: u64,
        /// Root over them.
        root: Hash,
        /// Size of the checkpoint.
        signed_size: u64,
        /// Root of the checkpoint.
        signed_root: Hash,
    },
    /// The ledger is no continuation of what this process has seen.
    #[error("the directory had {before} entries and now has {now}, or others: its past changed")]
    Rewritten {
        /// Entries before.
        before: u64,
        /// Entries now.
        now: u64,
    },
    /// It is not what was published of it: records were removed, or another past was written.
    #[error("the directory is not the one that the hub holds: {0}")]
    Published(String),
    /// The new checkpoint could not be signed.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The new state record could not be signed.
    #[error("the state record could not be signed: {0}")]
    State(String),
}

/// A directory as loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Its ledger.
    pub ledger: LedgerId,
    /// Its records, replayed.
    pub directory: Directory,
    /// The checkpoint that covers them all.
    pub checkpoint: StoredCheckpoint,
    /// What it was at earlier sizes, for proofs; the one that was used last is the last.
    older: Arc<Mutex<Vec<Arc<Directory>>>>,
}

/// Most earlier sizes of which a directory is kept: hubs hold one size each, and pages that are open a little older ones.
const MOST_OLDER: usize = 4;

impl Loaded {
    /// The directory as it was when it had `size` entries.
    ///
    /// # Errors
    ///
    /// [`sql::Error`] if the database cannot be asked, or its entries are not accepted.
    pub async fn at(
        &self,
        db: &Db,
        pin: &DirectoryPin,
        size: u64,
    ) -> Result<Arc<Directory>, sql::Error> {
        if let Some(kept) = self.kept(size) {
            return Ok(kept);
        }
        let entries = sql::directory::entries_from(db, self.ledger, 0).await?;
        let count = usize::try_from(size).unwrap_or(usize::MAX).min(entries.len());
        let older = directory::replay(&pin.origin, pin, &entries[..count])
            .map_err(|error| sql::Error::data(error.to_string()))?;
        let older = Arc::new(older);
        self.keep(older.clone());
        Ok(older)
    }

    /// The directory of a size, if it is kept.
    fn kept(&self, size: u64) -> Option<Arc<Directory>> {
        let mut older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        let place = older.iter().position(|kept| kept.size() == size)?;
        older[place..].rotate_left(1);
        older.last().cloned()
    }

    fn keep(&self, directory: Arc<Directory>) {
        let mut older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
        older.retain(|kept| kept.size() != directory.size());
        if older.len() >= MOST_OLDER {
            older.remove(0);
        }
        older.push(directory);
    }
}

/// Loads the directory that `policy` pins, and checks all of it.
///
/// - Cost: one signature check for each approval of each record; use [`DirectoryCache`] for more than one answer.
///
/// # Errors
///
/// [`LoadError`] with the first thing that does not hold.
pub async fn load(db: &Db, policy: &Policy) -> Result<Loaded, LoadError> {
    let pin = policy.directory.as_ref().ok_or(LoadError::NotPinned)?;
    let ledger = find(db, pin).await?;
    let checkpoint = newest(db, ledger, pin).await?;
    let entries = sql::directory::entries_from(db, ledger, 0).await?;
    let covered = usize::try_from(checkpoint.size).unwrap_or(usize::MAX).min(entries.len());
    let directory = directory::replay(&pin.origin, pin, &entries[..covered])?;
    check_signed(&directory, &checkpoint)?;
    Ok(Loaded { ledger, directory, checkpoint, older: Arc::default() })
}

async fn find(db: &Db, pin: &DirectoryPin) -> Result<LedgerId, LoadError> {
    let row = sql::ledgers::find(db, &pin.origin).await?;
    let row = row.ok_or_else(|| LoadError::Missing(pin.origin.clone()))?;
    if row.kind == KIND {
        return Ok(row.id);
    }
    Err(LoadError::Kind { origin: row.origin, kind: row.kind })
}

/// The newest checkpoint, compared with what the hub holds of the directory.
async fn newest(
    db: &Db,
    ledger: LedgerId,
    pin: &DirectoryPin,
) -> Result<StoredCheckpoint, LoadError> {
    let compared = continuity::of_ledger(db, ledger, &pin.origin).await?;
    if let Some(problem) = compared.continuity.problem() {
        return Err(LoadError::Published(problem));
    }
    compared.latest.ok_or_else(|| LoadError::Missing(pin.origin.clone()))
}

/// The checkpoint is signed by the keys that the root states, and its root is that of the replayed entries.
fn check_signed(directory: &Directory, stored: &StoredCheckpoint) -> Result<(), LoadError> {
    let policy = directory.policy();
    let signed = policy.open_checkpoint(directory.origin(), &stored.note)?;
    let (size, root) = (directory.size(), root(directory.leaves()));
    if (signed.size, signed.root) == (size, root) {
        return Ok(());
    }
    let (signed_size, signed_root) = (signed.size, signed.root);
    Err(LoadError::OtherTree { size, root, signed_size, signed_root })
}

/// With what a directory is written.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// The directory's keys.
    pub keys: &'a LedgerKeys,
    /// Random bytes, for the salt of signatures.
    pub rng: &'a dyn SecureRandom,
    /// Now.
    pub at: Timestamp,
    /// Until when the new state tells what holds today.
    pub state_until: Timestamp,
}

/// Appends records, the state record after them, and a signed checkpoint, in one transaction.
///
/// - `directory`: as it is now; empty for a new one.
/// - `proposal`: the proposal that becomes an entry by this.
/// - Returns the directory after it.
///
/// # Errors
///
/// [`LoadError`]: a record is not accepted, or somebody else wrote meanwhile; then nothing is written.
pub async fn append(
    db: &Db,
    directory: &Directory,
    notes: &[String],
    writer: Writer<'_>,
    proposal: Option<i64>,
) -> Result<Directory, LoadError> {
    let at = Timestamp::from_second(writer.at.as_second()).unwrap_or(writer.at);
    let mut grown = directory.clone();
    for note in notes {
        grown.push(note, at)?;
    }
    let state = directory::setup::seal(&grown, at, writer.state_until, writer.keys, writer.rng);
    let state = state.map_err(LoadError::State)?;
    grown.push(&state, at)?;
    let texts: Vec<String> = notes.iter().cloned().chain([state]).collect();
    write(db, directory, &grown, texts, writer, proposal).await?;
    Ok(grown)
}

/// Records an administrative act in the directory.
///
/// - `directory`: as it is now.
/// - `people`: who signs: an admin of the act's party or a registrar; two admins for a deletion.
/// - Returns the directory after it.
///
/// # Errors
///
/// [`LoadError`]: approvals are missing, the party is not admitted, or somebody else wrote meanwhile.
pub async fn record_act(
    db: &Db,
    directory: &Directory,
    act: &ActRecord,
    people: &[&HolderKey],
    writer: Writer<'_>,
) -> Result<Directory, LoadError> {
    let note = sign(&act_of(act, directory), people);
    append(db, directory, &[note], writer, None).await
}

/// What the directory knows of a ledger's past and the ledger's rows contradict; none if they agree.
///
/// - The last checkpoint under earlier keys (`after`), and the last good one of revoked keys (`last_good`), are
///   checkpoints that the ledger must extend: whoever stole the keys cannot sign another past below them.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn known_past_problem(
    db: &Db,
    directory: &Directory,
    ledger: LedgerId,
    origin: &str,
) -> Result<Option<String>, sql::Error> {
    let known = directory.keysets(origin).iter();
    for place in known.flat_map(|keyset| [keyset.after, keyset.last_good]).flatten() {
        let compared = continuity::with_checkpoint(db, ledger, origin, place.size, place.root);
        if let Some(problem) = compared.await?.problem() {
            return Ok(Some(format!(
                "the directory names its checkpoint of size {}: {problem}",
                place.size
            )));
        }
    }
    Ok(None)
}

/// Writes a whole new directory: the entries of `directory::setup`, which end with a state record.
///
/// # Errors
///
/// [`LoadError`]; also if the ledger has entries already.
pub async fn begin(
    db: &Db,
    entries: &[String],
    writer: Writer<'_>,
) -> Result<Directory, LoadError> {
    let pin = directory::setup::pin_of(entries)?;
    let directory = directory::replay(&pin.origin, &pin, entries)?;
    let empty = Directory::empty(&pin.origin, None);
    write(db, &empty, &directory, entries.to_vec(), writer, None).await?;
    Ok(directory)
}

async fn write(
    db: &Db,
    before: &Directory,
    after: &Directory,
    texts: Vec<String>,
    writer: Writer<'_>,
    proposal: Option<i64>,
) -> Result<(), LoadError> {
    let origin = after.origin();
    let ledger = sql::ledgers::create_ledger(db, origin, KIND, origin).await?;
    let mut frontier = Frontier::new();
    before.leaves().iter().for_each(|leaf| frontier.append(*leaf));
    let new = &after.leaves()[before.leaves().len()..];
    let checkpoint =
        Checkpoint { origin: origin.to_owned(), size: after.size(), root: root(after.leaves()) };
    let entries = texts.into_iter().zip(new).map(|(text, leaf)| Entry {
        text: text.into(),
        secret: None,
        leaf_hash: *leaf,
    });
    let mut append = Append::to(ledger, &mut frontier, entries.collect(), writer.at);
    append.note = writer.keys.sign_checkpoint(&checkpoint, writer.rng)?;
    let _lease = sql::ledgers::hold_writer(db, ledger).await?;
    // The peaks are computed here, so the stored head must have their root: else a checkpoint would fork the ledger.
    let head = sql::ledgers::head(db, ledger).await?;
    if (head.size, head.root) != (before.size(), root(before.leaves())) {
        return Err(LoadError::Rewritten { before: before.size(), now: head.size });
    }
    db.run_tx("directory.append", async |tx: &Transaction<'_>| {
        sql::ledgers::append(tx, &append).await?;
        match proposal {
            Some(id) => sql::directory::set_state(tx, id, ProposalState::Appended).await,
            None => Ok(()),
        }
    })
    .await?;
    Ok(())
}

/// The rights in force, and why there are none.
#[derive(Debug, Clone, Default)]
pub struct Current {
    /// The rights; [`Rights::default`] without a directory that verifies.
    pub rights: Arc<Rights>,
    /// The policy under which checkpoints are checked ([`effective_policy`]); the same one as long as the directory is.
    pub policy: Arc<Policy>,
    /// The directory itself, for proofs.
    pub loaded: Option<Arc<Loaded>>,
    /// Why there is no directory; none if none is pinned.
    pub problem: Option<Arc<str>>,
}

/// The directory of a process: loaded once, and again when its ledger has grown.
#[derive(Debug)]
pub struct DirectoryCache {
    policy: Arc<Policy>,
    known: Mutex<Option<Known>>,
    /// Held while it is loaded: whoever comes meanwhile waits for that instead of doing the same. Why the last attempt failed, if it did,
    /// and which attempt that was.
    loading: futures::lock::Mutex<Option<(u64, Arc<LoadError>)>>,
    /// Attempts that have ended.
    attempts: AtomicU64,
}

/// What was found at a head of the ledger.
#[derive(Debug, Clone)]
struct Known {
    ledger: LedgerId,
    size: u64,
    root: Hash,
    current: Current,
    /// The last directory that verified, from which the next one must continue.
    sound: Option<Arc<Loaded>>,
}

impl DirectoryCache {
    /// A cache of the directory that `policy` pins.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy: Arc::new(policy),
            known: Mutex::new(None),
            loading: futures::lock::Mutex::new(None),
            attempts: AtomicU64::new(0),
        }
    }

    /// The rights in force; [`Self::current`] has the reason if there are none.
    pub async fn rights(&self, db: &Db) -> Arc<Rights> {
        self.current(db).await.rights
    }

    /// The rights in force, the directory, and why there is none.
    ///
    /// - Cost: one query while the ledger is as it was.
    pub async fn current(&self, db: &Db) -> Current {
        if self.policy.directory.is_none() {
            return Current { policy: self.policy.clone(), ..Current::default() };
        }
        self.refreshed(db).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the directory cannot be used; nobody has any right");
            self.without(&error)
        })
    }

    async fn refreshed(&self, db: &Db) -> Result<Current, Arc<LoadError>> {
        let before = self.attempts.load(Ordering::Relaxed);
        let pin = self.policy.directory.as_ref().ok_or(LoadError::NotPinned)?;
        let ledger = match self.known() {
            Some(known) => known.ledger,
            None => find(db, pin).await?,
        };
        let head = sql::together::head(db, ledger).await.map_err(LoadError::from)?;
        let is_same = |known: &Known| (known.size, known.root) == (head.size, head.root);
        if let Some(known) = self.known().filter(is_same) {
            return Ok(known.current);
        }
        let mut loading = self.loading.lock().await;
        let known = self.known();
        if let Some(known) = known.clone().filter(is_same) {
            return Ok(known.current);
        }
        // Whoever came before an attempt that failed has tried.
        if let Some((_, error)) = loading.as_ref().filter(|(number, _)| *number > before) {
            return Err(error.clone());
        }
        let sound = known.and_then(|known| known.sound);
        let found = match &sound {
            Some(before) => self.grown(db, before).await,
            None => load(db, &self.policy).await,
        };
        let (current, sound) = match found {
            Ok(loaded) => {
                let loaded = Arc::new(loaded);
                let rights = Arc::new(loaded.directory.rights());
                let policy = Arc::new(effective_policy(&self.policy, Some(&loaded)));
                let current =
                    Current { rights, policy, loaded: Some(loaded.clone()), problem: None };
                (current, Some(loaded))
            }
            // Whether the database answers again is to be seen at the next call.
            Err(error @ LoadError::Database(_)) => {
                let number = self.attempts.fetch_add(1, Ordering::Relaxed) + 1;
                let error = Arc::new(error);
                *loading = Some((number, error.clone()));
                return Err(error);
            }
            Err(error) => {
                tracing::error!(%error, "the directory cannot be used; nobody has any right");
                (self.without(&error), sound)
            }
        };
        let (size, root) = (head.size, head.root);
        let known = Known { ledger, size, root, current: current.clone(), sound };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(current)
    }

    fn known(&self) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replays what was appended since `before`, and checks the whole tree.
    async fn grown(&self, db: &Db, before: &Loaded) -> Result<Loaded, LoadError> {
        let pin = self.policy.directory.as_ref().ok_or(LoadError::NotPinned)?;
        let checkpoint = newest(db, before.ledger, pin).await?;
        let size = before.directory.size();
        let rewritten = || LoadError::Rewritten { before: size, now: checkpoint.size };
        if checkpoint.size < size {
            return Err(rewritten());
        }
        let entries = sql::directory::entries_from(db, before.ledger, size).await?;
        let new = usize::try_from(checkpoint.size - size).unwrap_or(usize::MAX).min(entries.len());
        let mut directory = before.directory.clone();
        directory.extend(&entries[..new])?;
        match check_signed(&directory, &checkpoint) {
            Ok(()) => {
                let (ledger, older) = (before.ledger, Arc::default());
                Ok(Loaded { ledger, directory, checkpoint, older })
            }
            Err(LoadError::OtherTree { .. }) => Err(rewritten()),
            Err(error) => Err(error),
        }
    }

    fn without(&self, error: &LoadError) -> Current {
        let policy = Arc::new(effective_policy(&self.policy, None));
        Current { policy, problem: Some(error.to_string().into()), ..Current::default() }
    }
}
