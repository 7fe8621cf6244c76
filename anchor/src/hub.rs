//! The hub: the newest checkpoint of every site's ledger becomes an entry of the ledger of ledgers.
//!
//! The way through: [`collect`] looks at every ledger of kind `site` (`inspect`); whatever is new and fits
//! is appended, and the hub's signed checkpoint over it committed, in one transaction.
//!
//! What a checkpoint must pass before it becomes an entry:
//!
//! 1. its note is signed by the ledger's known keys, and names this ledger;
//! 2. the hashes stored for the ledger lead to the root that was signed;
//! 3. it extends the ledger's last checkpoint in the hub (RFC 9162 consistency proof, made from the stored
//!    hashes and verified like a stranger's).
//!
//! What holds: a ledger that forked or shrank is refused and the evidence, both notes, is kept; the others go
//! on. An unchanged ledger is not repeated. A crash before the commit leaves nothing; after it, everything.
//!
//! Not here: publishing (`epoch`), tree arithmetic (`ledger::tree`).
//!
//! Sources: docs/formats/anchor-v1.md; RFC 9162 section 2.1.4; C2SP signed-note.

use jiff::Timestamp;
use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::hub::entry_leaf;
use ledger::keys::{SystemRandom, VerifierKey};
use ledger::note::Note;
use ledger::tree::{consistency_nodes, prove_consistency, root_at, root_nodes};
use sql::ledgers::{Append, Entry, LedgerRow};
use sql::{Db, LedgerId, Transaction};

use crate::Error;
use crate::config::Hub;
use crate::crash;

/// What an epoch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collected {
    /// Checkpoints that became entries.
    pub taken: u64,
    /// Ledgers that were refused: origin and reason.
    pub refused: Vec<(String, String)>,
    /// Entries of the hub now.
    pub size: u64,
}

/// What becomes of a ledger's newest checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// The hub has it already, or the ledger is empty.
    Nothing,
    /// It becomes an entry.
    Take { size: u64, note: String },
    /// It does not fit; what the hub had and what is there now is kept.
    Refuse { old_note: String, new_note: String, reason: String },
}

/// Takes every new checkpoint that fits into the hub and signs the hub's checkpoint.
///
/// The caller holds the writer's lease of `hub_id`.
///
/// # Errors
///
/// [`Error`], if the database or signing fails; a ledger that does not fit is no error.
pub async fn collect(db: &Db, hub: &Hub, hub_id: LedgerId) -> Result<Collected, Error> {
    let mut entries = Vec::new();
    let mut sources = Vec::new();
    let mut refused = Vec::new();
    for row in sql::ledgers::list_ledgers(db).await? {
        if row.kind != "site" {
            continue;
        }
        match inspect(db, hub, hub_id, &row).await? {
            Finding::Nothing => {}
            Finding::Take { size, note } => {
                entries.push(Entry { leaf_hash: entry_leaf(&note), text: note, secret: None });
                sources.push((row.id, size));
            }
            Finding::Refuse { old_note, new_note, reason } => {
                tracing::error!(
                    ledger.origin = row.origin,
                    reason,
                    "checkpoint refused by the hub"
                );
                db.run_tx("anchor.keep_evidence", async |tx: &Transaction<'_>| {
                    sql::hub::insert_fork(tx, row.id, &old_note, &new_note, &reason).await
                })
                .await?;
                refused.push((row.origin, reason));
            }
        }
    }
    let before = sql::ledgers::load_frontier(db, hub_id).await?;
    let mut after = before.clone();
    for entry in &entries {
        after.append(entry.leaf_hash);
    }
    let taken = entries.len() as u64;
    if taken > 0 {
        let origin = hub.origin.clone();
        let checkpoint = Checkpoint { origin, size: after.size(), root: after.root() };
        let append = Append {
            ledger: hub_id,
            old_size: before.size(),
            frontier: before.clone(),
            entries,
            item_keys: Vec::new(),
            note: hub.keys.sign_checkpoint(&checkpoint, &SystemRandom::new())?,
            recorded_at: Timestamp::now(),
        };
        db.run_tx("anchor.append_hub", async |tx: &Transaction<'_>| {
            sql::ledgers::append(tx, &append).await?;
            for (hub_index, (ledger, size)) in (before.size()..).zip(&sources) {
                sql::hub::insert_entry(tx, hub_id, hub_index, *ledger, *size).await?;
            }
            crash::point("hub.before_commit");
            Ok(())
        })
        .await?;
        crash::point("hub.after_commit");
        tracing::info!(hub.size = after.size(), taken, "hub checkpoint signed");
    }
    Ok(Collected { taken, refused, size: after.size() })
}

/// Decides about the newest checkpoint of one ledger.
async fn inspect(db: &Db, hub: &Hub, hub_id: LedgerId, row: &LedgerRow) -> Result<Finding, Error> {
    let last = sql::hub::last_entry(db, hub_id, row.id).await?;
    let old_note = match last {
        Some(entry) => sql::ledgers::record_at(db, hub_id, entry.hub_index)
            .await?
            .map(|record| record.text)
            .ok_or_else(|| sql::Error::data(format!("hub entry {} is gone", entry.hub_index)))?,
        None => String::new(),
    };
    let Some(latest) = sql::ledgers::latest_checkpoint(db, row.id).await? else {
        return Ok(if old_note.is_empty() {
            Finding::Nothing
        } else {
            let reason = "the ledger has no checkpoint any more".to_owned();
            Finding::Refuse { old_note, new_note: String::new(), reason }
        });
    };
    if latest.note == old_note {
        return Ok(Finding::Nothing);
    }
    let note = latest.note;
    let keys = hub.sites.get(&row.origin).map_or(&[][..], Vec::as_slice);
    let judged = match read_checkpoint(&row.origin, &note, keys) {
        Ok(new) if (new.size, new.root) != (latest.size, latest.root) => {
            Err(format!("the note states size {}, its row {}", new.size, latest.size))
        }
        Ok(new) => judge(db, row, &old_note, &new).await?,
        Err(reason) => Err(reason),
    };
    Ok(match judged {
        Ok(Some(size)) => Finding::Take { size, note },
        Ok(None) => Finding::Nothing,
        Err(reason) => Finding::Refuse { old_note, new_note: note, reason },
    })
}

/// Whether `new` extends what the hub had; the size to take, none if it says the same again.
async fn judge(
    db: &Db,
    row: &LedgerRow,
    old_note: &str,
    new: &Checkpoint,
) -> Result<Result<Option<u64>, String>, Error> {
    let mut spans = root_nodes(new.size);
    let old = if old_note.is_empty() {
        None
    } else {
        // It was signed and checked when it entered; the hub's tree keeps it as it was.
        let old = Note::parse(old_note)
            .map_err(|error| error.to_string())
            .and_then(|note| Checkpoint::parse_body(&note.text).map_err(|error| error.to_string()))
            .map_err(|error| sql::Error::data(format!("hub entry of {}: {error}", row.origin)))?;
        if new.size < old.size {
            return Ok(Err(format!("the ledger shrank from {} to {} records", old.size, new.size)));
        }
        if new.size == old.size {
            // Signed twice over the same tree is no fork: RSA-PSS is salted.
            return Ok(if new.root == old.root {
                Ok(None)
            } else {
                Err(format!("two different roots are signed for size {}", new.size))
            });
        }
        spans.extend(consistency_nodes(old.size, new.size));
        Some(old)
    };
    let nodes = match sql::ledgers::nodes(db, row.id, &spans).await {
        Ok(nodes) => nodes,
        Err(sql::Error::Data(reason)) => return Ok(Err(reason)),
        Err(error) => return Err(error.into()),
    };
    Ok(fits(old.as_ref(), new, &nodes).map(|()| Some(new.size)))
}

/// Whether the stored hashes lead to `new`'s root, and `new` extends `old`.
fn fits(
    old: Option<&Checkpoint>,
    new: &Checkpoint,
    nodes: &sql::ledgers::NodeMap,
) -> Result<(), String> {
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

/// Reads a checkpoint note and checks its signature lines.
///
/// - `origin`: the ledger that it must name.
/// - `keys`: the ledger's public keys. Every line under the ledger's name must be of one of them and verify,
///   and there must be at least one; lines of others (witnesses) are passed over.
///
/// # Errors
///
/// What does not fit, in words.
pub fn read_checkpoint(
    origin: &str,
    note: &str,
    keys: &[VerifierKey],
) -> Result<Checkpoint, String> {
    let note = Note::parse(note).map_err(|error| error.to_string())?;
    let checkpoint = Checkpoint::parse_body(&note.text).map_err(|error| error.to_string())?;
    if checkpoint.origin != origin {
        return Err(format!(
            "the checkpoint is of `{}`; one of `{origin}` would be right",
            checkpoint.origin
        ));
    }
    let mut verified = 0;
    for line in note.signatures.iter().filter(|line| line.name == origin) {
        let id = hex::encode(line.key_id);
        let key = keys
            .iter()
            .find(|key| key.name() == origin && key.key_id() == line.key_id)
            .ok_or_else(|| format!("no key {id} of `{origin}` is known"))?;
        key.verify(note.text.as_bytes(), &line.bytes)
            .map_err(|error| format!("signature line of key {id}: {error}"))?;
        verified += 1;
    }
    if verified == 0 {
        return Err(format!("the checkpoint bears no signature line of `{origin}`"));
    }
    Ok(checkpoint)
}
