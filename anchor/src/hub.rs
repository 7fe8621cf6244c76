//! The hub: the newest checkpoint of every site's ledger becomes an entry of the ledger of ledgers.
//!
//! The way through: [`collect`] decides about every ledger of kind `site` (`decide`); each new checkpoint that
//! fits is appended, and the hub's signed checkpoint over them committed, in one transaction.
//!
//! A checkpoint must pass these checks before it becomes an entry:
//!
//! 1. its note names this ledger and is signed as the policy file asks ([`Policy::open_checkpoint`]);
//! 2. the hashes stored for the ledger lead to the root that was signed;
//! 3. it extends the ledger's last checkpoint in the hub (RFC 9162 consistency proof, made from the stored
//!    hashes and verified by the same code that verifies proofs of other parties).
//!
//! What holds: a ledger that forked or shrank is refused and the evidence, both notes, is kept; the others
//! continue. An unchanged ledger is not repeated. A crash before the commit leaves nothing; after it, everything.
//!
//! Not here: publishing (`epoch`), tree arithmetic (`ledger::tree`).
//!
//! Sources: docs/formats/anchor-v1.md; RFC 9162 section 2.1.4; C2SP signed-note.

use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::hub::entry_leaf;
use ledger::note::Note;
use ledger::policy::Policy;
use ledger::tree::{consistency_nodes, prove_consistency, root_at, root_nodes};
use process::Context;
use sql::ledgers::{Append, Entry, LedgerRow, NodeMap};
use sql::{Db, LedgerId, Transaction};

use crate::config::Hub;
use crate::error::Error;

/// The outcome of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collected {
    /// Checkpoints that became entries.
    pub appended: u64,
    /// Ledgers that were refused.
    pub refused: u64,
    /// Entries of the hub now.
    pub size: u64,
}

/// A checkpoint that becomes an entry.
struct NewEntry {
    ledger: LedgerId,
    size: u64,
    note: String,
}

/// What to do with a ledger's newest checkpoint.
enum Decision {
    /// Nothing: the hub has it already, or the ledger is empty.
    Skip,
    /// It becomes an entry.
    Append { size: u64, note: String },
    /// It does not fit; the note that the hub has and the ledger's note are kept.
    Refuse { old_note: String, new_note: String, reason: String },
}

/// Why a checkpoint does not become an entry.
enum Obstacle {
    /// It does not fit, for this reason.
    Misfit(String),
    /// It could not be checked.
    Failed(Error),
}

impl From<sql::Error> for Obstacle {
    fn from(error: sql::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Appends every new checkpoint that fits to the hub and signs the hub's checkpoint.
///
/// The caller holds the writer's lease of `hub_id`.
///
/// # Errors
///
/// [`enum@Error`], if the database or signing fails; a ledger that does not fit is not an error.
pub async fn collect(
    db: &Db,
    hub: &Hub,
    hub_id: LedgerId,
    context: &Context,
) -> Result<Collected, Error> {
    let (mut new, mut refused) = (Vec::new(), 0);
    for row in sql::ledgers::list_ledgers(db).await? {
        if row.kind != "site" {
            continue;
        }
        match decide(db, &hub.policy, hub_id, &row).await? {
            Decision::Skip => {}
            Decision::Append { size, note } => new.push(NewEntry { ledger: row.id, size, note }),
            Decision::Refuse { old_note, new_note, reason } => {
                tracing::error!(
                    ledger.origin = row.origin,
                    reason,
                    "checkpoint refused by the hub"
                );
                db.run_tx("anchor.keep_evidence", async |tx: &Transaction<'_>| {
                    sql::hub::insert_fork(tx, row.id, &old_note, &new_note, &reason).await
                })
                .await?;
                refused += 1;
            }
        }
    }
    let appended = new.len() as u64;
    let size = append(db, hub, hub_id, context, &new).await?;
    Ok(Collected { appended, refused, size })
}

/// Appends the entries and the hub's signed checkpoint over them, if there are any; returns the hub's size.
async fn append(
    db: &Db,
    hub: &Hub,
    hub_id: LedgerId,
    context: &Context,
    new: &[NewEntry],
) -> Result<u64, Error> {
    let frontier = sql::ledgers::load_frontier(db, hub_id).await?;
    let old_size = frontier.size();
    if new.is_empty() {
        return Ok(old_size);
    }
    let mut after = frontier.clone();
    let mut entries = Vec::new();
    for NewEntry { note, .. } in new {
        let leaf_hash = entry_leaf(note);
        after.append(leaf_hash);
        entries.push(Entry { leaf_hash, text: note.clone(), secret: None });
    }
    let checkpoint =
        Checkpoint { origin: hub.origin.clone(), size: after.size(), root: after.root() };
    let append = Append {
        ledger: hub_id,
        old_size,
        frontier,
        entries,
        item_keys: Vec::new(),
        note: hub.keys.sign_checkpoint(&checkpoint, context.random.source())?,
        recorded_at: context.clock.now(),
    };
    db.run_tx("anchor.append_hub", async |tx: &Transaction<'_>| {
        sql::ledgers::append(tx, &append).await?;
        for (hub_index, entry) in (old_size..).zip(new) {
            sql::hub::insert_entry(tx, hub_id, hub_index, entry.ledger, entry.size).await?;
        }
        context.crash.pass("hub.before_commit");
        Ok(())
    })
    .await?;
    context.crash.pass("hub.after_commit");
    tracing::info!(hub.size = after.size(), appended = new.len(), "hub checkpoint signed");
    Ok(after.size())
}

/// Decides about the newest checkpoint of one ledger.
async fn decide(
    db: &Db,
    policy: &Policy,
    hub_id: LedgerId,
    row: &LedgerRow,
) -> Result<Decision, Error> {
    let old_note = match sql::hub::last_entry(db, hub_id, row.id).await? {
        Some(entry) => sql::ledgers::record_at(db, hub_id, entry.hub_index)
            .await?
            .map(|record| record.text)
            .ok_or_else(|| sql::Error::data(format!("hub entry {} is missing", entry.hub_index)))?,
        None => String::new(),
    };
    let Some(latest) = sql::ledgers::latest_checkpoint(db, row.id).await? else {
        return Ok(if old_note.is_empty() {
            Decision::Skip
        } else {
            let reason = "the ledger had a checkpoint and now has none".to_owned();
            Decision::Refuse { old_note, new_note: String::new(), reason }
        });
    };
    let note = latest.note;
    if note == old_note {
        return Ok(Decision::Skip);
    }
    let opened = policy.open_checkpoint(&row.origin, &note);
    let opened = opened.map_err(|error| error.to_string()).and_then(|new| {
        if (new.size, new.root) == (latest.size, latest.root) {
            Ok(new)
        } else {
            Err(format!("the note states size {}, its row {}", new.size, latest.size))
        }
    });
    let checked = match opened {
        Ok(new) => check_extension(db, row, &old_note, &new).await,
        Err(reason) => Err(Obstacle::Misfit(reason)),
    };
    match checked {
        Ok(Some(size)) => Ok(Decision::Append { size, note }),
        Ok(None) => Ok(Decision::Skip),
        Err(Obstacle::Misfit(reason)) => Ok(Decision::Refuse { old_note, new_note: note, reason }),
        Err(Obstacle::Failed(error)) => Err(error),
    }
}

/// Checks that `new` extends the checkpoint that the hub has; returns the size to append, none if both state the
/// same.
async fn check_extension(
    db: &Db,
    row: &LedgerRow,
    old_note: &str,
    new: &Checkpoint,
) -> Result<Option<u64>, Obstacle> {
    let mut spans = root_nodes(new.size);
    let old = if old_note.is_empty() { None } else { Some(read_entry(row, old_note)?) };
    if let Some(old) = &old {
        if new.size < old.size {
            return Err(Obstacle::Misfit(format!(
                "the ledger shrank from {} to {} records",
                old.size, new.size
            )));
        }
        if new.size == old.size {
            // Signing the same tree twice is not a fork: RSA-PSS is salted.
            return if new.root == old.root {
                Ok(None)
            } else {
                let reason = format!("two different roots are signed for size {}", new.size);
                Err(Obstacle::Misfit(reason))
            };
        }
        spans.extend(consistency_nodes(old.size, new.size));
    }
    let nodes = match sql::ledgers::nodes(db, row.id, &spans).await {
        Ok(nodes) => nodes,
        Err(sql::Error::Data(reason)) => return Err(Obstacle::Misfit(reason)),
        Err(error) => return Err(error.into()),
    };
    check_hashes(old.as_ref(), new, &nodes).map_err(Obstacle::Misfit)?;
    Ok(Some(new.size))
}

/// Reads the checkpoint of an entry. Its signatures were checked when it was appended, and the hub's tree commits to
/// its bytes.
fn read_entry(row: &LedgerRow, note: &str) -> Result<Checkpoint, sql::Error> {
    Note::parse(note)
        .map_err(|error| error.to_string())
        .and_then(|note| Checkpoint::parse_body(&note.text).map_err(|error| error.to_string()))
        .map_err(|error| sql::Error::data(format!("hub entry of {}: {error}", row.origin)))
}

/// Checks that the stored hashes lead to `new`'s root, and that `new` extends `old`.
fn check_hashes(old: Option<&Checkpoint>, new: &Checkpoint, nodes: &NodeMap) -> Result<(), String> {
    let stored: Hash = root_at(new.size, nodes).map_err(|error| error.to_string())?;
    if stored != new.root {
        return Err(format!(
            "the stored hashes lead to the root {stored}, signed is {} for size {}",
            new.root, new.size
        ));
    }
    let Some(old) = old else { return Ok(()) };
    let path = prove_consistency(old.size, new.size, nodes).map_err(|error| error.to_string())?;
    ledger::proof::verify_consistency(old.size, new.size, &path, &old.root, &new.root).map_err(
        |error| {
            format!(
                "size {} does not extend the size {} that the hub has: {error}",
                new.size, old.size
            )
        },
    )
}
