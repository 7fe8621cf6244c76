//! Gathers an item's history from the database and checks every record against its ledger.
//!
//! The way through: [`gather`] opens the latest checkpoint of every site's ledger, follows the item, its containers,
//! its lot and its class ([`Walk`]), proves each record into its ledger's checkpoint, and notes when the hub first had
//! it.
//!
//! What holds: the item index is followed and not trusted, since a record that does not name what was looked up is
//! left out unless its text was altered; a record that does not fit its ledger gets a [`Fault`]; ledgers of parties
//! that can decide something are read before those of others, and a limit that is hit is said.
//!
//! Not here: what the records mean ([`crate::fold`]).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use directory::{PartyId, Rights};
use epc::Epc;
use jiff::Timestamp;
use ledger::policy::Policy;
use ledger::proof::verify_inclusion;
use ledger::record::Record;
use ledger::tree::{inclusion_nodes, prove_inclusion};
use sql::ledgers::{LedgerRow, StoredCheckpoint};
use sql::{Db, LedgerId};

use crate::continuity::{self, Continuity};
use crate::entry::{Fault, HistoryEntry, Relation, StoredText};
use crate::fold::{History, subject_of};
use crate::record_view::RecordView;
use crate::walk::{Lookup, Walk};
use crate::weight::Seal;

/// Records of parties that can decide something, for each thing that is looked up.
const MAX_DECIDING: usize = 20_000;
/// Records of all others, for each thing that is looked up.
const MAX_OTHERS: usize = 1000;

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
    /// Records that were found and not looked at, because there are more than the limits allow.
    pub cut: usize,
}

impl GatheredHistory {
    /// Whether a record names the item itself; one of its class or lot says nothing of a serial.
    #[must_use]
    pub fn names_item(&self) -> bool {
        self.history.entries.iter().any(|entry| entry.relation == Relation::Item)
    }

    /// The ledger of `origin`.
    #[must_use]
    pub fn ledger(&self, origin: &str) -> Option<&LedgerHead> {
        self.ledgers.values().find(|head| &*head.origin == origin)
    }
}

/// Gathers the history of `item`, which then has the name that its records give it ([`History::name`]).
///
/// - `rights`: who may say what about it.
/// - `now`: the seal of records that the hub does not have yet.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn gather(
    db: &Db,
    policy: &Policy,
    rights: &Rights,
    now: Timestamp,
    item: &Epc,
) -> Result<GatheredHistory, sql::Error> {
    let ledgers = load_heads(db, policy).await?;
    let mut finder = Finder::new(db, &ledgers, rights, now, item);
    let mut walk = Walk::new(item.clone(), rights);
    loop {
        while let Some(lookup) = walk.next_lookup() {
            let found = finder.find(&lookup).await?;
            walk.supply(&lookup, found);
        }
        let related = walk.related();
        let more = finder.find_left_out(&related).await?;
        if more.is_empty() {
            break;
        }
        for (lookup, found) in more {
            walk.supply(&lookup, found);
        }
    }
    let (mut history, stays) = walk.finish();
    history.take_name();
    let numbers: HashMap<&str, LedgerId> =
        ledgers.values().map(|head| (&*head.origin, head.id)).collect();
    history
        .entries
        .sort_by_key(|entry| (entry.at, numbers.get(&*entry.origin).copied(), entry.index));
    let decisive = finder.left_out_of_parties() + stays;
    if decisive > 0 {
        history.note_cut(decisive);
    }
    let cut = finder.left_out.len() + stays;
    Ok(GatheredHistory { history, ledgers, cut })
}

/// Finds records by the item index, those that can decide something first.
struct Finder<'a> {
    db: &'a Db,
    ledgers: &'a HashMap<LedgerId, LedgerHead>,
    rights: &'a Rights,
    now: Timestamp,
    /// Parties with a right that concerns the item, at any time, and whoever holds it.
    deciding: BTreeSet<PartyId>,
    /// Records that were not looked at.
    left_out: Vec<(Lookup, LedgerId, u64)>,
}

impl<'a> Finder<'a> {
    fn new(
        db: &'a Db,
        ledgers: &'a HashMap<LedgerId, LedgerHead>,
        rights: &'a Rights,
        now: Timestamp,
        item: &Epc,
    ) -> Self {
        let digits = subject_of(item).digits;
        let licences = rights.licences_of(&digits).map(|(_, licences)| licences);
        let licensees = licences.unwrap_or_default().iter().map(|licence| &licence.party);
        let mut deciding: BTreeSet<PartyId> = licensees.cloned().collect();
        let lent = rights.grants.iter().filter(|grant| deciding.contains(&grant.from));
        let lent: Vec<PartyId> = lent.map(|grant| grant.to.clone()).collect();
        deciding.extend(lent);
        deciding.extend(rights.powers.iter().map(|power| power.party.clone()));
        Self { db, ledgers, rights, now, deciding, left_out: Vec::new() }
    }

    fn party(&self, ledger: LedgerId, index: u64) -> Option<&PartyId> {
        self.rights.speaker(&self.ledgers.get(&ledger)?.origin, index)
    }

    fn decides(&self, ledger: LedgerId, index: u64) -> bool {
        self.party(ledger, index).is_some_and(|party| self.deciding.contains(party))
    }

    /// The records that name what is looked up: all of those who decide, some of the others, the newest first.
    async fn find(&mut self, lookup: &Lookup) -> Result<Vec<HistoryEntry>, sql::Error> {
        let mut hits = sql::items::records_naming(self.db, &lookup.key).await?;
        hits.retain(|(ledger, _)| self.ledgers.contains_key(ledger));
        hits.sort_by_key(|(ledger, index)| (*index, *ledger));
        hits.reverse();
        let (mut deciding, others): (Vec<_>, Vec<_>) =
            hits.into_iter().partition(|(ledger, index)| self.decides(*ledger, *index));
        let (mut registered, mut strangers): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|(ledger, index)| self.party(*ledger, *index).is_some());
        for (list, most) in [
            (&mut deciding, MAX_DECIDING),
            (&mut registered, MAX_OTHERS),
            (&mut strangers, MAX_OTHERS),
        ] {
            let beyond = list.split_off(list.len().min(most));
            let beyond = beyond.into_iter().map(|(ledger, index)| (lookup.clone(), ledger, index));
            self.left_out.extend(beyond);
        }
        self.read(lookup, [deciding, registered, strangers].concat()).await
    }

    /// Records that were left out before it was known that their parties hold the item.
    async fn find_left_out(
        &mut self,
        related: &[PartyId],
    ) -> Result<Vec<(Lookup, Vec<HistoryEntry>)>, sql::Error> {
        let new: Vec<PartyId> =
            related.iter().filter(|party| !self.deciding.contains(*party)).cloned().collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        self.deciding.extend(new);
        let left_out = std::mem::take(&mut self.left_out);
        let (wanted, kept): (Vec<_>, Vec<_>) =
            left_out.into_iter().partition(|(_, ledger, index)| self.decides(*ledger, *index));
        self.left_out = kept;
        let mut found: Vec<(Lookup, Vec<HistoryEntry>)> = Vec::new();
        let mut groups: Vec<(Lookup, Vec<(LedgerId, u64)>)> = Vec::new();
        for (lookup, ledger, index) in wanted {
            match groups.iter_mut().find(|(known, _)| *known == lookup) {
                Some((_, hits)) => hits.push((ledger, index)),
                None => groups.push((lookup, vec![(ledger, index)])),
            }
        }
        for (lookup, hits) in groups {
            let entries = self.read(&lookup, hits).await?;
            found.push((lookup, entries));
        }
        Ok(found)
    }

    /// Records left out whose parties could change something; without a directory, all of them.
    fn left_out_of_parties(&self) -> usize {
        let counts = |(_, ledger, index): &&(Lookup, LedgerId, u64)| {
            !self.rights.has_directory || self.party(*ledger, *index).is_some()
        };
        self.left_out.iter().filter(counts).count()
    }

    /// Reads and checks records.
    async fn read(
        &self,
        lookup: &Lookup,
        hits: Vec<(LedgerId, u64)>,
    ) -> Result<Vec<HistoryEntry>, sql::Error> {
        let mut by_ledger: HashMap<LedgerId, Vec<u64>> = HashMap::new();
        for (ledger, index) in hits {
            by_ledger.entry(ledger).or_default().push(index);
        }
        let mut found = Vec::new();
        for (ledger, indexes) in by_ledger {
            let Some(head) = self.ledgers.get(&ledger) else { continue };
            let mut entries = Vec::new();
            let connection = self.db.connection().await?;
            let places: Vec<_> = indexes.into_iter().map(|index| (ledger, index)).collect();
            for stored in sql::items::records(&connection, &places).await? {
                let text = StoredText {
                    text: stored.text,
                    secret: stored.secret,
                    leaf_hash: stored.leaf_hash,
                };
                let (origin, party) = (head.origin.clone(), head.party.clone());
                let entry = HistoryEntry::read(origin, party, stored.index, &text);
                let names = entry.record.as_ref().map(Record::names).unwrap_or_default();
                // A key of the index is 8 bytes of a hash: a whole record that names other things is a collision.
                let is_named = names.iter().any(|name| epc::thing_key(name) == lookup.key);
                if entry.fault.is_some() || is_named {
                    entries.push(entry);
                }
            }
            check_inclusion(self.db, head, &mut entries).await?;
            self.seal(ledger, &mut entries).await?;
            found.append(&mut entries);
        }
        Ok(found)
    }

    /// Notes when the hub first had each entry.
    async fn seal(&self, ledger: LedgerId, entries: &mut [HistoryEntry]) -> Result<(), sql::Error> {
        let indexes: Vec<u64> = entries.iter().map(|entry| entry.index).collect();
        let seals: HashMap<u64, sql::hub::Seal> = sql::hub::seals(self.db, ledger, &indexes)
            .await?
            .into_iter()
            .map(|seal| (seal.leaf_index, seal))
            .collect();
        for entry in entries {
            let stored = seals.get(&entry.index);
            let committed = stored.and_then(|seal| seal.committed).unwrap_or(self.now);
            entry.seal = match stored.and_then(|seal| seal.in_hub) {
                // The hub's time is a row of the database; the record's own time was signed with it, and the hub
                // cannot have had a record before.
                Some((place, at)) => {
                    let captured = entry.view().and_then(RecordView::captured_at);
                    let at = captured.map_or(at, |captured| at.max(captured));
                    Seal { place: Some(place), at, committed }
                }
                None => Seal::pending(self.now, committed),
            };
        }
        Ok(())
    }
}

/// The latest checkpoint of every site's ledger that has one.
async fn load_heads(db: &Db, policy: &Policy) -> Result<HashMap<LedgerId, LedgerHead>, sql::Error> {
    let mut heads = HashMap::new();
    let rows = sql::ledgers::list_ledgers(db).await?;
    let forks = sql::hub::forks(db).await?;
    // The kind in the row is the database owner's word: a ledger that the policy has keys of is a site's whatever it says.
    let is_site = |row: &LedgerRow| {
        row.kind == "site" || policy.logs.iter().any(|log| log.key.name() == row.origin)
    };
    for row in rows.into_iter().filter(is_site) {
        let Some(checkpoint) = sql::ledgers::latest_checkpoint(db, row.id).await? else { continue };
        let fault = match checkpoint_fault(policy, &row.origin, &checkpoint) {
            None => {
                let own = forks.iter().filter(|fork| fork.ledger == row.id);
                let notes = own.flat_map(|fork| [&*fork.old_note, &*fork.new_note]).collect();
                let ledger = (row.id, &*row.origin);
                continuity_fault(db, policy, ledger, &checkpoint, &notes).await?
            }
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

/// Why a ledger cannot be relied on that the hub holds more of, or something else, or of which another past was signed.
///
/// - `notes`: kept as evidence of forks of it.
async fn continuity_fault(
    db: &Db,
    policy: &Policy,
    (ledger, origin): (LedgerId, &str),
    latest: &StoredCheckpoint,
    notes: &BTreeSet<&str>,
) -> Result<Option<Fault>, sql::Error> {
    let mut found = continuity::of_ledger(db, ledger, origin).await?.continuity;
    if found.problem().is_none()
        && let Some(other) =
            continuity::by_evidence(db, policy, (ledger, origin), latest, notes).await?
    {
        found = other;
    }
    Ok(match found {
        Continuity::Fits { .. } | Continuity::NotInHubYet => None,
        Continuity::Shrunk { hub_size, own_size } => Some(Fault::Shrunk { hub_size, own_size }),
        Continuity::Forked { reason, .. } => Some(Fault::Forked(reason)),
    })
}

/// Proves the entries of one ledger into its latest checkpoint.
async fn check_inclusion(
    db: &Db,
    head: &LedgerHead,
    entries: &mut [HistoryEntry],
) -> Result<(), sql::Error> {
    let size = head.checkpoint.size;
    let mut own: Vec<&mut HistoryEntry> =
        entries.iter_mut().filter(|entry| entry.fault.is_none()).collect();
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
mod forks;
#[cfg(test)]
mod tests;
