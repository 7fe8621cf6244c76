//! The hub: the newest checkpoint of every site's ledger, and of the directory, becomes an entry of the ledger of ledgers.
//!
//! The way through: [`collect`] decides about every ledger but hubs (`decide`): sites and the directory; each new checkpoint that
//! fits is appended, and the hub's signed checkpoint over them committed, in one transaction.
//!
//! A checkpoint must pass these checks before it becomes an entry:
//!
//! 1. it extends the ledger's last checkpoint in the hub ([`continuity::of_ledger`]);
//! 2. its note names this ledger and is signed as the policy file asks ([`Policy::open_checkpoint`]);
//! 3. the hashes stored for the ledger lead to the root that was signed.
//!
//! What holds: a ledger that forked or shrank is refused and the evidence, both notes, is kept; the others
//! continue. An unchanged ledger is not repeated. A crash before the commit leaves nothing; after it, everything.
//!
//! Not here: publishing (`epoch`), tree arithmetic (`ledger::tree`).
//!
//! Sources: docs/formats/anchor-v1.md; RFC 9162 section 2.1.4; C2SP signed-note.

use history::continuity::{self, Compared, Continuity};
use ledger::checkpoint::Checkpoint;
use ledger::hub::entry_leaf;
use ledger::policy::Policy;
use process::Context;
use sql::ledgers::{Append, Entry, LedgerRow, StoredCheckpoint};
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

/// Appends every new checkpoint that fits to the hub and signs the hub's checkpoint.
///
/// The caller holds the writer's lease of `hub_id`.
///
/// - `policy`: whose checkpoints are accepted, by the directory as it is now.
///
/// # Errors
///
/// [`enum@Error`], if the database or signing fails; a ledger that does not fit is not an error.
pub async fn collect(
    db: &Db,
    hub: &Hub,
    policy: &Policy,
    hub_id: LedgerId,
    context: &Context,
) -> Result<Collected, Error> {
    let (mut new, mut refused) = (Vec::new(), 0);
    let held = sql::holds::open(db).await?;
    for row in sql::ledgers::list_ledgers(db).await? {
        // What a held ledger signed last may be older than what others saw of it; it waits until that is decided.
        if row.kind == "hub" || held.iter().any(|hold| hold.ledger == row.id) {
            continue;
        }
        match decide(db, policy, &row).await? {
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
    let entries = new.iter().map(|NewEntry { note, .. }| Entry {
        leaf_hash: entry_leaf(note),
        text: note.as_str().into(),
        secret: None,
    });
    let mut after = frontier;
    let mut append = Append::to(hub_id, &mut after, entries.collect(), context.clock.now());
    let checkpoint =
        Checkpoint { origin: hub.origin.clone(), size: after.size(), root: after.root() };
    append.note = hub.keys.sign_checkpoint(&checkpoint, context.random.source())?;
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
async fn decide(db: &Db, policy: &Policy, row: &LedgerRow) -> Result<Decision, Error> {
    let compared = continuity::of_ledger(db, row.id, &row.origin).await?;
    let problem = compared.continuity.problem();
    let Compared { continuity, published_note: old_note, latest } = compared;
    let (new_note, refusal) = match (problem, latest) {
        (Some(reason), latest) => (latest.map_or_else(String::new, |latest| latest.note), reason),
        (None, None) => return Ok(Decision::Skip),
        // Signing the same tree twice makes no new entry.
        (None, Some(latest)) if continuity == (Continuity::Fits { hub_size: latest.size }) => {
            return Ok(Decision::Skip);
        }
        (None, Some(latest)) => match checkpoint_problem(db, policy, row, &latest).await? {
            None => return Ok(Decision::Append { size: latest.size, note: latest.note }),
            Some(reason) => (latest.note, reason),
        },
    };
    Ok(Decision::Refuse { old_note, new_note, reason: refusal })
}

/// Why a checkpoint that extends the last one does not become an entry; none if it does.
async fn checkpoint_problem(
    db: &Db,
    policy: &Policy,
    row: &LedgerRow,
    latest: &StoredCheckpoint,
) -> Result<Option<String>, Error> {
    Ok(match policy.open_checkpoint(&row.origin, &latest.note) {
        Err(error) => Some(error.to_string()),
        Ok(signed) if (signed.size, signed.root) != (latest.size, latest.root) => Some(format!(
            "the note states size {} and root {}, its row {} and {}",
            signed.size, signed.root, latest.size, latest.root
        )),
        Ok(_) => continuity::root_problem(db, row.id, latest).await?,
    })
}
