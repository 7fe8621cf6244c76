//! Gathers an item's history from the database and checks every record against its ledger.
//!
//! The way through: [`gather`] opens the latest checkpoint of every site's ledger, follows the item, its containers
//! and its lot ([`Walk`]), and proves each record into its ledger's checkpoint.
//!
//! What holds: the item index is followed and not trusted, since a record that does not name what was looked up is
//! left out unless its text was altered; a record that does not fit its ledger gets a [`Fault`].
//!
//! Not here: what the records mean ([`crate::fold`]).

use std::collections::HashMap;
use std::sync::Arc;

use epc::Epc;
use ledger::policy::Policy;
use ledger::proof::verify_inclusion;
use ledger::tree::{inclusion_nodes, prove_inclusion};
use sql::ledgers::{StoredCheckpoint, StoredRecord};
use sql::{Db, LedgerId};

use crate::continuity::{self, Continuity};
use crate::entry::{Fault, HistoryEntry, StoredText};
use crate::fold::History;
use crate::walk::Walk;

/// A site's ledger and its latest checkpoint.
#[derive(Debug, Clone)]
pub struct LedgerHead {
    /// Its number.
    pub id: LedgerId,
    /// Its origin.
    pub origin: Arc<str>,
    /// The party that keeps it.
    pub party: Arc<str>,
    /// Its latest checkpoint.
    pub checkpoint: StoredCheckpoint,
    /// Why that checkpoint cannot be relied on.
    pub fault: Option<Fault>,
}

/// A history and the ledgers that it may come from.
#[derive(Debug, Clone)]
pub struct GatheredHistory {
    /// The records.
    pub history: History,
    /// Every site's ledger, by number.
    pub ledgers: HashMap<LedgerId, LedgerHead>,
}

impl GatheredHistory {
    /// The ledger of `origin`.
    #[must_use]
    pub fn ledger(&self, origin: &str) -> Option<&LedgerHead> {
        self.ledgers.values().find(|head| &*head.origin == origin)
    }
}

/// Gathers the history of `item`.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn gather(db: &Db, policy: &Policy, item: &Epc) -> Result<GatheredHistory, sql::Error> {
    let ledgers = load_heads(db, policy).await?;
    let mut walk = Walk::new(item.clone());
    while let Some(lookup) = walk.next_lookup() {
        let found = records_naming(db, &ledgers, &lookup.uri).await?;
        walk.supply(&lookup, found);
    }
    if let Some(lot) = walk.lot() {
        walk.supply_lot(records_naming(db, &ledgers, &lot.to_uri()).await?);
    }
    let mut entries = walk.into_entries();
    for head in ledgers.values() {
        check_inclusion(db, head, &mut entries).await?;
    }
    let numbers: HashMap<&str, LedgerId> =
        ledgers.values().map(|head| (&*head.origin, head.id)).collect();
    entries.sort_by_key(|entry| (entry.at, numbers.get(&*entry.origin).copied(), entry.index));
    Ok(GatheredHistory { history: History { item: item.clone(), entries }, ledgers })
}

/// The latest checkpoint of every site's ledger that has one.
async fn load_heads(db: &Db, policy: &Policy) -> Result<HashMap<LedgerId, LedgerHead>, sql::Error> {
    let mut heads = HashMap::new();
    let rows = sql::ledgers::list_ledgers(db).await?;
    for row in rows.into_iter().filter(|row| row.kind == "site") {
        let Some(checkpoint) = sql::ledgers::latest_checkpoint(db, row.id).await? else { continue };
        let fault = match checkpoint_fault(policy, &row.origin, &checkpoint) {
            None => continuity_fault(db, row.id, &row.origin).await?,
            fault => fault,
        };
        heads.insert(
            row.id,
            LedgerHead {
                id: row.id,
                origin: row.origin.into(),
                party: row.party.into(),
                checkpoint,
                fault,
            },
        );
    }
    Ok(heads)
}

/// Why a stored checkpoint cannot be relied on.
fn checkpoint_fault(policy: &Policy, origin: &str, stored: &StoredCheckpoint) -> Option<Fault> {
    match policy.open_checkpoint(origin, &stored.note) {
        Ok(opened) if opened.size == stored.size && opened.root == stored.root => None,
        Ok(opened) => Some(Fault::CheckpointRow { size: opened.size }),
        Err(error) => Some(Fault::Checkpoint(error)),
    }
}

/// Why a ledger cannot be relied on that the hub holds more of, or something else.
async fn continuity_fault(
    db: &Db,
    ledger: LedgerId,
    origin: &str,
) -> Result<Option<Fault>, sql::Error> {
    Ok(match continuity::of_ledger(db, ledger, origin).await?.continuity {
        Continuity::Fits { .. } | Continuity::NotInHubYet => None,
        Continuity::Shrunk { hub_size, own_size } => Some(Fault::Shrunk { hub_size, own_size }),
        Continuity::Forked { reason, .. } => Some(Fault::Forked(reason)),
    })
}

/// Records that name `uri`, and those that the index gives for it whose text does not fit.
async fn records_naming(
    db: &Db,
    ledgers: &HashMap<LedgerId, LedgerHead>,
    uri: &str,
) -> Result<Vec<HistoryEntry>, sql::Error> {
    let mut found = Vec::new();
    for (ledger, index) in sql::items::records_naming(db, uri).await? {
        let Some(head) = ledgers.get(&ledger) else { continue };
        let Some(stored) = sql::ledgers::record_at(db, ledger, index).await? else { continue };
        let StoredRecord { text, secret, leaf_hash, .. } = stored;
        let stored = StoredText { text, secret, leaf_hash };
        let entry = HistoryEntry::read(head.origin.clone(), head.party.clone(), index, &stored);
        let names = entry.record.as_ref().map(ledger::record::Record::names).unwrap_or_default();
        // A key of the index is 8 bytes of a hash: a whole record that names other things is a collision.
        if entry.fault.is_some() || names.iter().any(|name| name == uri) {
            found.push(entry);
        }
    }
    Ok(found)
}

/// Proves the entries of one ledger into its latest checkpoint.
async fn check_inclusion(
    db: &Db,
    head: &LedgerHead,
    entries: &mut [HistoryEntry],
) -> Result<(), sql::Error> {
    let size = head.checkpoint.size;
    let mut own: Vec<&mut HistoryEntry> = entries
        .iter_mut()
        .filter(|entry| entry.origin == head.origin && entry.fault.is_none())
        .collect();
    if own.is_empty() {
        return Ok(());
    }
    let spans: Vec<_> = own.iter().flat_map(|entry| inclusion_nodes(entry.index, size)).collect();
    let nodes = sql::ledgers::nodes(db, head.id, &spans).await?;
    for entry in &mut own {
        let fits = prove_inclusion(entry.index, size, &nodes).is_ok_and(|path| {
            let root = &head.checkpoint.root;
            verify_inclusion(entry.index, &entry.leaf_hash, size, &path, root).is_ok()
        });
        entry.fault = if fits { head.fault.clone() } else { Some(Fault::Tree) };
    }
    Ok(())
}

#[cfg(test)]
mod tests;
