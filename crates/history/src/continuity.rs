//! A ledger never shrinks: compares a ledger with what the hub holds of it, and the hub with its last final anchor.
//!
//! The way through: [`of_ledger`] takes the last entry that a hub has of the ledger, [`of_hub`] the last final anchor of
//! the hub, [`with_checkpoint`] a size and root that somebody else holds; they compare size and root with the newest
//! checkpoint, and prove from the stored hashes that it extends what was published (RFC 9162 section 2.1.4).
//!
//! [`of_state`] is [`of_ledger`] for histories, which fetch the rows of many ledgers at once. [`by_evidence`] looks at what
//! was kept of forks that were found earlier.
//!
//! What holds: what was published is read before the ledger's own rows, or with them in one statement, so that a commit in between is never taken for a
//! loss; rows that are missing, altered or contradict one another are a result, not an error. This is the only place
//! that decides it: ingest before it signs, the hub before it takes a checkpoint, histories and the audit ask here.
//!
//! Not here: whether a checkpoint is signed (`ledger::policy`), what to do about it (the callers), whether the chain
//! still holds an anchor (`anchor`).
//!
//! Sources: docs/formats/anchor-v1.md; docs/decisions/0025-ledgers-never-shrink.md.

use std::fmt;

use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::hub::entry_leaf;
use ledger::note::Note;
use ledger::policy::Policy;
use ledger::proof::verify_consistency;
use ledger::tree::{NodeSpan, consistency_nodes, prove_consistency, root_at, root_nodes};
use sql::hub::PublishedEntry;
use sql::ledgers::{LedgerState, NodeMap, StoredCheckpoint, TileName, Tiles};
use sql::{Db, LedgerId};

/// The outcome of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Continuity {
    /// The ledger is, or extends, what was published of it.
    Fits {
        /// Size that was published.
        hub_size: u64,
    },
    /// Nothing was published of it: no hub has an entry of the ledger, or the hub has no final anchor.
    NotInHubYet,
    /// It has less than was published: rows were removed, or an older backup was restored.
    Shrunk {
        /// Size that was published.
        hub_size: u64,
        /// Size that it has now.
        own_size: u64,
    },
    /// It does not extend what was published: another past was written.
    Forked {
        /// Size that was published; 0 if it is not known.
        hub_size: u64,
        /// Size that it has now.
        own_size: u64,
        /// What contradicts what.
        reason: String,
    },
}

impl Continuity {
    /// What is wrong, in one sentence without a full stop; none if the ledger may be signed and shown.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Fits { .. } | Self::NotInHubYet => None,
            Self::Shrunk { hub_size, own_size } => {
                Some(format!("the ledger shrank from {hub_size} to {own_size} records"))
            }
            Self::Forked { reason, .. } => Some(reason.clone()),
        }
    }
}

impl fmt::Display for Continuity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fits { hub_size } => {
                write!(out, "it extends what was published at size {hub_size}")
            }
            Self::NotInHubYet => out.write_str("nothing was published of it yet"),
            Self::Shrunk { .. } | Self::Forked { .. } => {
                out.write_str(&self.problem().unwrap_or_default())
            }
        }
    }
}

/// The outcome, and the two checkpoints that were compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The outcome.
    pub continuity: Continuity,
    /// The note that was published, as it is stored; empty if there is none.
    pub published_note: String,
    /// The newest checkpoint of the ledger; none if it has none.
    pub latest: Option<StoredCheckpoint>,
}

impl Compared {
    /// The newest note of the ledger; empty if it has none.
    #[must_use]
    pub fn own_note(&self) -> &str {
        self.latest.as_ref().map_or("", |latest| &latest.note)
    }
}

/// A size and root that were published.
struct Published {
    size: u64,
    root: Hash,
    note: String,
}

/// Compares a site's ledger with the last entry that any hub of the database has of it.
///
/// - Cost: about nine queries, whatever the size of the ledger; for one that no hub knows, a look at all entries.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn of_ledger(db: &Db, id: LedgerId, origin: &str) -> Result<Compared, sql::Error> {
    let entry = sql::hub::last_of_ledger(db, id).await?;
    // A row of the index that was removed, or a ledger that was created again under its name, would hide an entry.
    if (entry.is_none() || !sql::hub::is_indexed(db).await?)
        && let Some(place) = sql::hub::unindexed_entry(db, id, origin).await?
    {
        let reason = format!(
            "entry {place} of the hub is a checkpoint of `{origin}`, the index of entries says otherwise"
        );
        return compare_stored(db, id, Err((0, String::new(), reason))).await;
    }
    let Some(entry) = entry else {
        let latest = sql::ledgers::latest_checkpoint(db, id).await?;
        return Ok(Compared {
            continuity: Continuity::NotInHubYet,
            published_note: String::new(),
            latest,
        });
    };
    let stored = sql::ledgers::record_at(db, entry.hub, entry.hub_index).await?;
    let stored = stored.as_ref().map(|stored| (stored.text.as_str(), stored.leaf_hash));
    let published = read_entry(origin, &entry, stored);
    compare_stored(db, id, published).await
}

/// As [`of_ledger`], from rows and hashes that were fetched already: for many ledgers at once. That every entry of every
/// hub is in the index of entries is for the caller to find out.
///
/// - `stored`: text and leaf hash of the hub's entry; none if the hub's ledger does not have it.
/// - `tiles`: with those of [`spans`].
#[must_use]
pub fn of_state(state: &LedgerState, stored: Option<(&str, Hash)>, tiles: &Tiles) -> Continuity {
    let Some(read) = read_published(state, stored) else { return Continuity::NotInHubYet };
    let own_size = own_size(state.head_size, state.latest.as_ref());
    judge(own_size, read.as_ref(), state.latest.as_ref(), |spans| tiles.nodes(state.row.id, spans))
}

/// What the hub's entry of a ledger states, by the rows that were fetched already; none if no hub has one.
fn read_published(state: &LedgerState, stored: Option<(&str, Hash)>) -> Option<Read> {
    let published = state.published.as_ref()?;
    Some(read_entry(&state.row.origin, &published.entry, stored))
}

/// Compares a ledger with a checkpoint of it that was signed and seen in a hub, from rows and hashes that were fetched already.
///
/// - `tiles`: with those of [`seen_spans`].
#[must_use]
pub fn of_seen(state: &LedgerState, (size, root): (u64, Hash), tiles: &Tiles) -> Continuity {
    let seen = Published { size, root, note: String::new() };
    let own_size = own_size(state.head_size, state.latest.as_ref());
    judge(own_size, Ok(&seen), state.latest.as_ref(), |spans| tiles.nodes(state.row.id, spans))
}

/// Size and root that were published, if the rows can be read. That the ledger has them in its past is what [`of_state`] finds out.
#[must_use]
pub fn published_place(state: &LedgerState, stored: Option<(&str, Hash)>) -> Option<(u64, Hash)> {
    let published = read_published(state, stored)?.ok()?;
    Some((published.size, published.root))
}

/// The subtrees that [`of_state`] will ask for.
#[must_use]
pub fn spans(state: &LedgerState) -> Vec<NodeSpan> {
    let published = state.published.as_ref().map(|published| published.entry.ledger_size);
    published.map_or_else(Vec::new, |size| seen_spans(state, size))
}

/// The subtrees that [`of_seen`] will ask for, of a checkpoint of so many leaves.
#[must_use]
pub fn seen_spans(state: &LedgerState, old: u64) -> Vec<NodeSpan> {
    match &state.latest {
        Some(latest) if old < latest.size => {
            [root_nodes(latest.size), consistency_nodes(old, latest.size)].concat()
        }
        _ => Vec::new(),
    }
}

/// Compares a hub with its last final anchor.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn of_hub(db: &Db, id: LedgerId, origin: &str) -> Result<Compared, sql::Error> {
    let Some(anchor) = sql::anchors::last_final(db, id).await? else {
        let latest = sql::ledgers::latest_checkpoint(db, id).await?;
        return Ok(Compared {
            continuity: Continuity::NotInHubYet,
            published_note: String::new(),
            latest,
        });
    };
    // The chain publishes size and root only; the text is that of a checkpoint without its signatures.
    let body = Checkpoint { origin: origin.to_owned(), size: anchor.size, root: anchor.root };
    let published = Published { size: anchor.size, root: anchor.root, note: body.body() };
    compare_stored(db, id, Ok(published)).await
}

/// Compares a ledger with a checkpoint that somebody else holds of it.
///
/// - `size`, `root`: of that checkpoint; size 0 is always extended.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn with_checkpoint(
    db: &Db,
    id: LedgerId,
    origin: &str,
    size: u64,
    root: Hash,
) -> Result<Continuity, sql::Error> {
    if size == 0 {
        return Ok(Continuity::NotInHubYet);
    }
    let note = Checkpoint { origin: origin.to_owned(), size, root }.body();
    Ok(compare_stored(db, id, Ok(Published { size, root, note })).await?.continuity)
}

/// A size and root that were published; or, if they cannot be read: size, note and what is wrong with it.
type Read = Result<Published, (u64, String, String)>;

/// What an entry states of a ledger.
///
/// Its signatures were checked when it was appended; here its text must lead to the leaf hash that is in the hub's tree.
///
/// - `stored`: text and leaf hash of the entry; none if the hub's ledger does not have it.
fn read_entry(origin: &str, entry: &PublishedEntry, stored: Option<(&str, Hash)>) -> Read {
    let PublishedEntry { hub_index, ledger_size, .. } = *entry;
    let Some((note, leaf_hash)) = stored else {
        let reason = format!("entry {hub_index} of the hub is missing");
        return Err((ledger_size, String::new(), reason));
    };
    let bad = |reason: String| (ledger_size, note.to_owned(), reason);
    if entry_leaf(note) != leaf_hash {
        return Err(bad(format!("entry {hub_index} of the hub does not fit its hash")));
    }
    let stated = Note::parse(note)
        .map_err(|error| error.to_string())
        .and_then(|note| Checkpoint::parse_body(&note.text).map_err(|error| error.to_string()))
        .map_err(|error| bad(format!("entry {hub_index} of the hub: {error}")))?;
    if stated.origin == origin && stated.size == ledger_size {
        return Ok(Published { size: ledger_size, root: stated.root, note: note.to_owned() });
    }
    Err(bad(format!(
        "entry {hub_index} of the hub states size {} of `{}`, its index {ledger_size} of `{origin}`",
        stated.size, stated.origin
    )))
}

/// Leaves that a ledger has, by its head and by its newest checkpoint.
fn own_size(head_size: u64, latest: Option<&StoredCheckpoint>) -> u64 {
    latest.map_or(0, |latest| latest.size).min(head_size)
}

/// Compares the ledger's own rows with what was published.
async fn compare_stored(db: &Db, id: LedgerId, published: Read) -> Result<Compared, sql::Error> {
    let head = sql::ledgers::head(db, id).await?;
    let latest = sql::ledgers::latest_checkpoint(db, id).await?;
    let own_size = own_size(head.size, latest.as_ref());
    let sizes = (published.as_ref().ok().map(|one| one.size)).zip(latest.as_ref());
    let spans = sizes.filter(|(old, latest)| *old < latest.size).map(|(old, latest)| {
        [root_nodes(latest.size), consistency_nodes(old, latest.size)].concat()
    });
    let names = spans.iter().flatten().map(|span| TileName::with(id, *span)).collect();
    let tiles = sql::ledgers::tiles(&db.connection().await?, &names).await?;
    let continuity =
        judge(own_size, published.as_ref(), latest.as_ref(), |spans| tiles.nodes(id, spans));
    let published_note = match published {
        Ok(published) => published.note,
        Err((_, note, _)) => note,
    };
    Ok(Compared { continuity, published_note, latest })
}

/// Compares a ledger with what was published of it.
///
/// - `nodes`: gives hashes of its tree.
fn judge(
    own_size: u64,
    published: Result<&Published, &(u64, String, String)>,
    latest: Option<&StoredCheckpoint>,
    nodes: impl Fn(&[NodeSpan]) -> Result<NodeMap, sql::Error>,
) -> Continuity {
    let published = match published {
        Ok(published) => published,
        Err((hub_size, _, reason)) => {
            return Continuity::Forked { hub_size: *hub_size, own_size, reason: reason.clone() };
        }
    };
    let hub_size = published.size;
    match latest {
        Some(latest) if own_size >= hub_size => match extension_problem(published, latest, nodes) {
            Some(reason) => Continuity::Forked { hub_size, own_size, reason },
            None => Continuity::Fits { hub_size },
        },
        _ => Continuity::Shrunk { hub_size, own_size },
    }
}

/// Why the checkpoint does not extend what was published; none if it does.
fn extension_problem(
    published: &Published,
    latest: &StoredCheckpoint,
    nodes: impl Fn(&[NodeSpan]) -> Result<NodeMap, sql::Error>,
) -> Option<String> {
    let (old, new) = (published.size, latest.size);
    if old == new {
        // Signing the same tree twice is not a fork: RSA-PSS is salted.
        let is_same = published.root == latest.root;
        return (!is_same).then(|| format!("two different roots are signed for size {new}"));
    }
    if let Some(reason) = root_problem_in(latest, &nodes) {
        return Some(reason);
    }
    let nodes = match nodes(&consistency_nodes(old, new)) {
        Ok(nodes) => nodes,
        Err(error) => return Some(plain(error)),
    };
    let proved =
        prove_consistency(old, new, &nodes).map_err(|error| error.to_string()).and_then(|path| {
            verify_consistency(old, new, &path, &published.root, &latest.root)
                .map_err(|error| error.to_string())
        });
    proved
        .err()
        .map(|error| format!("size {new} does not extend the size {old} that the hub has: {error}"))
}

/// What is wrong with rows, without the words that an error of the database has before it.
fn plain(error: sql::Error) -> String {
    match error {
        sql::Error::Data(reason) => reason,
        other => other.to_string(),
    }
}

/// Looks among notes that are kept as evidence of a fork for one that was signed and is not of the ledger's past.
///
/// A note that does not open under `policy` shows nothing: anybody who can write a row could have made it up. One that
/// the ledger extends, as after a backup was restored and grew again, is no other past.
///
/// - `latest`: the newest checkpoint of the ledger.
/// - `tiles`: with those of [`Evidence::spans`].
#[must_use]
pub fn by_evidence(
    id: LedgerId,
    latest: &StoredCheckpoint,
    evidence: &Evidence,
    tiles: &Tiles,
) -> Option<Continuity> {
    let own_size = latest.size;
    evidence.0.iter().find_map(|opened| {
        let hub_size = opened.size;
        if hub_size > own_size {
            return Some(Continuity::Shrunk { hub_size, own_size });
        }
        let kept = StoredCheckpoint {
            size: hub_size,
            root: opened.root,
            note: String::new(),
            recorded_at: latest.recorded_at,
        };
        root_problem_in(&kept, |spans| tiles.nodes(id, spans)).map(|_| {
            let reason = format!("another root is signed for size {hub_size}");
            Continuity::Forked { hub_size, own_size, reason }
        })
    })
}

/// Checkpoints of one ledger that were signed and are kept as evidence of forks.
#[derive(Debug, Clone, Default)]
pub struct Evidence(Vec<Checkpoint>);

impl Evidence {
    /// Those of `notes` that open under `policy` as checkpoints of `origin`.
    #[must_use]
    pub fn open(policy: &Policy, origin: &str, notes: &[String]) -> Self {
        Self(notes.iter().filter_map(|note| policy.open_checkpoint(origin, note).ok()).collect())
    }

    /// The subtrees that [`by_evidence`] will ask for.
    #[must_use]
    pub fn spans(&self, latest: &StoredCheckpoint) -> Vec<NodeSpan> {
        let within = self.0.iter().filter(|opened| opened.size <= latest.size);
        within.flat_map(|opened| root_nodes(opened.size)).collect()
    }
}

/// Why the stored hashes do not lead to the root of a checkpoint; none if they do.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn root_problem(
    db: &Db,
    id: LedgerId,
    checkpoint: &StoredCheckpoint,
) -> Result<Option<String>, sql::Error> {
    let spans = root_nodes(checkpoint.size);
    let names = spans.iter().map(|span| TileName::with(id, *span)).collect();
    let tiles = sql::ledgers::tiles(&db.connection().await?, &names).await?;
    Ok(root_problem_in(checkpoint, |spans| tiles.nodes(id, spans)))
}

/// As [`root_problem`].
///
/// - `nodes`: gives hashes of the ledger's tree.
pub fn root_problem_in(
    checkpoint: &StoredCheckpoint,
    nodes: impl Fn(&[NodeSpan]) -> Result<NodeMap, sql::Error>,
) -> Option<String> {
    let nodes = match nodes(&root_nodes(checkpoint.size)) {
        Ok(nodes) => nodes,
        Err(error) => return Some(plain(error)),
    };
    match root_at(checkpoint.size, &nodes) {
        Ok(root) if root == checkpoint.root => None,
        Ok(root) => Some(format!(
            "the stored hashes lead to the root {root}, signed is {} for size {}",
            checkpoint.root, checkpoint.size
        )),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
