//! A ledger never shrinks: compares a ledger with what the hub holds of it, and the hub with its last final anchor.
//!
//! The way through: [`of_ledger`] takes the last entry that a hub has of the ledger, [`of_hub`] the last final anchor of
//! the hub, [`with_checkpoint`] a size and root that somebody else holds; they compare size and root with the newest
//! checkpoint, and prove from the stored hashes that it extends what was published (RFC 9162 section 2.1.4).
//!
//! [`by_evidence`] looks at what was kept of forks that were found earlier.
//!
//! What holds: what was published is read before the ledger's own rows, so that a commit in between is never taken for a
//! loss; rows that are missing, altered or contradict one another are a result, not an error. This is the only place
//! that decides it: ingest before it signs, the hub before it takes a checkpoint, histories and the audit ask here.
//!
//! Not here: whether a checkpoint is signed (`ledger::policy`), what to do about it (the callers), whether the chain
//! still holds an anchor (`anchor`).
//!
//! Sources: docs/formats/anchor-v1.md; docs/decisions/0025-ledgers-never-shrink.md.

use std::collections::BTreeSet;
use std::fmt;

use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::hub::entry_leaf;
use ledger::note::Note;
use ledger::policy::Policy;
use ledger::proof::verify_consistency;
use ledger::tree::{consistency_nodes, prove_consistency, root_at, root_nodes};
use sql::hub::PublishedEntry;
use sql::ledgers::StoredCheckpoint;
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
        return compare(db, id, Err((0, String::new(), reason))).await;
    }
    let Some(entry) = entry else {
        let latest = sql::ledgers::latest_checkpoint(db, id).await?;
        return Ok(Compared {
            continuity: Continuity::NotInHubYet,
            published_note: String::new(),
            latest,
        });
    };
    let (note, read) = read_entry(db, origin, &entry).await?;
    let published = match read {
        Ok(root) => Ok(Published { size: entry.ledger_size, root, note: note.clone() }),
        Err(reason) => Err((entry.ledger_size, note, reason)),
    };
    compare(db, id, published).await
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
    compare(db, id, Ok(published)).await
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
    Ok(compare(db, id, Ok(Published { size, root, note })).await?.continuity)
}

/// The text of an entry, and the root that it states or what is wrong with it.
///
/// Its signatures were checked when it was appended; here its text must lead to the leaf hash that is in the hub's tree.
async fn read_entry(
    db: &Db,
    origin: &str,
    entry: &PublishedEntry,
) -> Result<(String, Result<Hash, String>), sql::Error> {
    let PublishedEntry { hub, hub_index, ledger_size } = *entry;
    let Some(stored) = sql::ledgers::record_at(db, hub, hub_index).await? else {
        return Ok((String::new(), Err(format!("entry {hub_index} of the hub is missing"))));
    };
    let note = stored.text;
    if entry_leaf(&note) != stored.leaf_hash {
        let reason = format!("entry {hub_index} of the hub does not fit its hash");
        return Ok((note, Err(reason)));
    }
    let read = Note::parse(&note)
        .map_err(|error| error.to_string())
        .and_then(|note| Checkpoint::parse_body(&note.text).map_err(|error| error.to_string()))
        .map_err(|error| format!("entry {hub_index} of the hub: {error}"));
    let root = read.and_then(|stated| {
        if stated.origin == origin && stated.size == ledger_size {
            return Ok(stated.root);
        }
        Err(format!(
            "entry {hub_index} of the hub states size {} of `{}`, its index {ledger_size} of `{origin}`",
            stated.size, stated.origin
        ))
    });
    Ok((note, root))
}

/// Compares the ledger's own rows with what was published: size, note and what is wrong with it if it cannot be read.
async fn compare(
    db: &Db,
    id: LedgerId,
    published: Result<Published, (u64, String, String)>,
) -> Result<Compared, sql::Error> {
    let head = sql::ledgers::head(db, id).await?;
    let latest = sql::ledgers::latest_checkpoint(db, id).await?;
    let own_size = latest.as_ref().map_or(0, |latest| latest.size).min(head.size);
    let published = match published {
        Ok(published) => published,
        Err((hub_size, published_note, reason)) => {
            let continuity = Continuity::Forked { hub_size, own_size, reason };
            return Ok(Compared { continuity, published_note, latest });
        }
    };
    let hub_size = published.size;
    let continuity = match &latest {
        Some(latest) if own_size >= hub_size => {
            match extension_problem(db, id, &published, latest).await? {
                Some(reason) => Continuity::Forked { hub_size, own_size, reason },
                None => Continuity::Fits { hub_size },
            }
        }
        _ => Continuity::Shrunk { hub_size, own_size },
    };
    Ok(Compared { continuity, published_note: published.note, latest })
}

/// Why the checkpoint does not extend what was published; none if it does.
async fn extension_problem(
    db: &Db,
    id: LedgerId,
    published: &Published,
    latest: &StoredCheckpoint,
) -> Result<Option<String>, sql::Error> {
    let (old, new) = (published.size, latest.size);
    if old == new {
        // Signing the same tree twice is not a fork: RSA-PSS is salted.
        let is_same = published.root == latest.root;
        let reason = || format!("two different roots are signed for size {new}");
        return Ok((!is_same).then(reason));
    }
    if let Some(reason) = root_problem(db, id, latest).await? {
        return Ok(Some(reason));
    }
    let nodes = match sql::ledgers::nodes(db, id, &consistency_nodes(old, new)).await {
        Ok(nodes) => nodes,
        Err(sql::Error::Data(reason)) => return Ok(Some(reason)),
        Err(error) => return Err(error),
    };
    let proved =
        prove_consistency(old, new, &nodes).map_err(|error| error.to_string()).and_then(|path| {
            verify_consistency(old, new, &path, &published.root, &latest.root)
                .map_err(|error| error.to_string())
        });
    Ok(proved.err().map(|error| {
        format!("size {new} does not extend the size {old} that the hub has: {error}")
    }))
}

/// Looks among notes that are kept as evidence of a fork for one that was signed and is not of the ledger's past.
///
/// A note that does not open under `policy` shows nothing: anybody who can write a row could have made it up. One that
/// the ledger extends, as after a backup was restored and grew again, is no other past.
///
/// - `latest`: the newest checkpoint of the ledger.
/// - Cost: a query for each note that opens.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn by_evidence(
    db: &Db,
    policy: &Policy,
    (id, origin): (LedgerId, &str),
    latest: &StoredCheckpoint,
    notes: &BTreeSet<&str>,
) -> Result<Option<Continuity>, sql::Error> {
    let own_size = latest.size;
    for note in notes {
        let Ok(opened) = policy.open_checkpoint(origin, note) else { continue };
        let hub_size = opened.size;
        if hub_size > own_size {
            return Ok(Some(Continuity::Shrunk { hub_size, own_size }));
        }
        let kept = StoredCheckpoint {
            size: hub_size,
            root: opened.root,
            note: (*note).to_owned(),
            recorded_at: latest.recorded_at,
        };
        if root_problem(db, id, &kept).await?.is_some() {
            let reason = format!("another root is signed for size {hub_size}");
            return Ok(Some(Continuity::Forked { hub_size, own_size, reason }));
        }
    }
    Ok(None)
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
    let nodes = match sql::ledgers::nodes(db, id, &root_nodes(checkpoint.size)).await {
        Ok(nodes) => nodes,
        Err(sql::Error::Data(reason)) => return Ok(Some(reason)),
        Err(error) => return Err(error),
    };
    Ok(match root_at(checkpoint.size, &nodes) {
        Ok(root) if root == checkpoint.root => None,
        Ok(root) => Some(format!(
            "the stored hashes lead to the root {root}, signed is {} for size {}",
            checkpoint.root, checkpoint.size
        )),
        Err(error) => Some(error.to_string()),
    })
}

#[cfg(test)]
mod tests;
