//! Gathers an item's history from the database and checks every record against its ledger.
//!
//! The way through: [`gather`] follows the item, its containers, its lot and its class ([`Walk`]). All that can be looked up at
//! once is: index and versions of rows in one round trip; ledgers of them that are not known in a second, texts of versions and seals
//! that are not known in a third, and hashes that are not known in a fourth. The first two are shared with histories of the same moment
//! ([`sql::together`]), so no connection is held meanwhile. Then each record is compared with its hash, and led to the signed root of its ledger.
//!
//! What holds: the number of queries depends neither on the number of ledgers nor on that of records; the item index is
//! followed and not trusted, since a record that does not name what was looked up is left out unless its text was altered; a
//! record that does not fit its ledger gets a [`Fault`], with a [`Cache`] as without; ledgers of parties that can decide
//! something are read before those of others, and a limit that is hit is said; no text is read for which there is no room.
//!
//! Not here: what the records mean ([`crate::fold`]), whether a ledger can be relied on (`known_ledgers.rs`).
//!
//! Sources: docs/decisions/0044-histories-by-a-fixed-number-of-queries.md, 0064-a-record-is-known-by-the-version-of-its-row.md.

mod room;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use directory::{PartyId, Rights};
use epc::Epc;
use jiff::Timestamp;
use ledger::policy::Policy;
use sql::items::Found;
use sql::together::{IndexQuestion, LedgersAnswer, LedgersQuestion};
use sql::{Db, LedgerId};

use self::room::{Room, Whose};
use crate::cache::Cache;
use crate::entry::{Fault, HistoryEntry, Relation};
use crate::fold::{History, subject_of};
use crate::known_ledgers::{KnownLedgers, Leaf, Needs};
use crate::rows::{self, Read, Rows, Wanted};
pub use crate::standing::LedgerHead;
use crate::walk::{Kind, Lookup, Walk};
use crate::weight::Seal;

/// Records of parties that can decide something, for each thing that is looked up.
const MAX_DECIDING: usize = 20_000;
/// Records of all others, for each thing that is looked up.
const MAX_OTHERS: usize = 1000;
/// Most records of which the index gives the rows too. Of more it gives the places first, so that it is known whose they are.
const MAX_AT_ONCE: u32 = 200;
/// Most places of one thing in one ledger: one more than any limit, so that what is left out is seen.
const MAX_PLACES: u32 = 20_001;

/// A history and the ledgers that it may come from.
#[derive(Debug, Clone)]
pub struct GatheredHistory {
    /// The records.
    pub history: History,
    /// The sites' ledgers that the item index leads to, by number.
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
/// - `cache`: what this process verified before.
/// - `rights`: who may say what about it.
/// - `now`: the seal of records that the hub does not have yet.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn gather(
    db: &Db,
    cache: &Cache,
    policy: &Arc<Policy>,
    rights: &Rights,
    now: Timestamp,
    item: &Epc,
) -> Result<GatheredHistory, sql::Error> {
    let ledgers = KnownLedgers::new(db, cache, policy);
    let mut finder = Finder::new(db, cache, ledgers, rights, now, item);
    let mut walk = Walk::new(item.clone(), rights);
    loop {
        loop {
            let lookups = walk.next_lookups();
            if lookups.is_empty() {
                break;
            }
            for (lookup, found) in finder.find(lookups).await? {
                walk.supply(&lookup, found);
            }
        }
        if finder.left_out.is_empty() {
            break;
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
    let heads = finder.ledgers.all().map(|known| (known.head.id, known.head.clone()));
    let ledgers: HashMap<LedgerId, LedgerHead> = heads.collect();
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

/// An entry of the item index: key, ledger and index.
type Hit = (i64, LedgerId, u64);

/// Records that are to be read because of one look-up.
type Group = (Lookup, Vec<(LedgerId, u64)>);

/// The places of all records of some look-ups, each once.
fn places_of(groups: &[Group]) -> BTreeSet<(LedgerId, u64)> {
    groups.iter().flat_map(|(_, places)| places).copied().collect()
}

/// Finds records by the item index, those that can decide something first.
struct Finder<'a> {
    db: &'a Db,
    cache: &'a Cache,
    ledgers: KnownLedgers<'a>,
    rights: &'a Rights,
    now: Timestamp,
    /// Whether the sizes of the hubs are known.
    has_hubs: bool,
    /// Parties with a right that concerns the item, at any time, and whoever holds it.
    deciding: BTreeSet<PartyId>,
    /// Records that were not looked at.
    left_out: Vec<(Lookup, LedgerId, u64)>,
    /// Records that were read.
    rows: Rows,
    room: Room,
}

impl<'a> Finder<'a> {
    fn new(
        db: &'a Db,
        cache: &'a Cache,
        ledgers: KnownLedgers<'a>,
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
        let (has_hubs, left_out, rows, room) = (false, Vec::new(), Rows::new(), Room::new());
        Self { db, cache, ledgers, rights, now, has_hubs, deciding, left_out, rows, room }
    }

    fn party(&self, ledger: LedgerId, index: u64) -> Option<&PartyId> {
        self.rights.speaker(&self.ledgers.get(ledger)?.head.origin, index)
    }

    fn decides(&self, ledger: LedgerId, index: u64) -> bool {
        self.party(ledger, index).is_some_and(|party| self.deciding.contains(party))
    }

    /// The records that name what is looked up: all of those who decide, some of the others, the newest first.
    async fn find(
        &mut self,
        lookups: Vec<Lookup>,
    ) -> Result<Vec<(Lookup, Vec<HistoryEntry>)>, sql::Error> {
        let mut keys: Vec<i64> =
            lookups.iter().map(|lookup| sql::items::key_of_thing(&lookup.key)).collect();
        keys.sort_unstable();
        keys.dedup();
        let question = IndexQuestion { keys: keys.clone(), most: MAX_AT_ONCE };
        let found = sql::together::index(self.db, question).await?;
        let hits: Vec<Hit> = match &found {
            Some(found) => found.iter().map(|hit| (hit.key, hit.ledger, hit.index)).collect(),
            None => sql::items::places(&self.db.connection().await?, &keys, MAX_PLACES).await?,
        };
        let needs = self.ledgers_of(&hits).await?;
        let mut chosen = self.choose(&needs, lookups, &hits);
        let mut places = places_of(&chosen);
        places.retain(|place| !self.rows.contains_key(place));
        match found {
            Some(found) => self.take_found(&needs, &mut chosen, (places, &found)).await?,
            None => self.read_rows(&needs, &mut chosen, &places).await?,
        }
        self.check(needs, chosen).await
    }

    /// The ledgers of some places, as they are after the places were found, as far as they are not known.
    async fn ledgers_of(&mut self, hits: &[Hit]) -> Result<Needs, sql::Error> {
        self.ledgers.forget_outgrown(hits.iter().map(|(_, ledger, index)| (*ledger, *index)));
        let known = self.ledgers.numbers();
        let mut ledgers: Vec<LedgerId> = hits.iter().map(|(_, ledger, _)| *ledger).collect();
        ledgers.retain(|ledger| !known.contains(ledger));
        ledgers.sort_unstable();
        ledgers.dedup();
        let mut needs = Needs::default();
        if ledgers.is_empty() {
            return Ok(needs);
        }
        let question = LedgersQuestion { ledgers, wants_hubs: !self.has_hubs };
        let LedgersAnswer { states, hubs } = sql::together::ledgers(self.db, question).await?;
        if let Some(hubs) = hubs {
            self.ledgers.take_hubs(hubs);
            self.has_hubs = true;
        }
        needs.of_states(&mut self.ledgers, states);
        Ok(needs)
    }

    /// Takes the rows that the index led to: those that are known, and the others as they are read.
    async fn take_found(
        &mut self,
        needs: &Needs,
        chosen: &mut [Group],
        (mut places, found): (BTreeSet<(LedgerId, u64)>, &[Found]),
    ) -> Result<(), sql::Error> {
        let bytes: BTreeMap<(LedgerId, u64), u64> = found
            .iter()
            .filter_map(|hit| Some(((hit.ledger, hit.index), hit.row?.bytes)))
            .filter(|(place, _)| places.contains(place))
            .collect();
        let texts = bytes.iter().map(|(place, bytes)| {
            let kind = self.whose(needs, *place).kind();
            (kind, *bytes, *place)
        });
        let texts = texts.collect();
        let without_room = self.room.admit(texts);
        self.leave_out(chosen, &without_room);
        places.retain(|place| !without_room.contains(place));
        let hubs = self.ledgers.hubs().clone();
        let (rows, wanted) = rows::of_found(self.cache, &hubs, &places, found);
        self.rows.extend(rows);
        // What grew since its bytes were counted is not read either.
        let bytes_of = |(ledger, index, _): &(LedgerId, u64, usize)| bytes.get(&(*ledger, *index));
        let room = wanted.texts.iter().filter_map(bytes_of).sum();
        let read = rows::read(self.cache, self.db, &hubs, &wanted, &[room]).await?;
        self.take_read(chosen, read);
        Ok(())
    }

    /// Takes what was read; records for which there was no room are left out of `groups`.
    fn take_read(&mut self, groups: &mut [Group], read: Read) {
        self.rows.extend(read.rows);
        for seal in read.seals {
            if let Some(row) = self.rows.get_mut(&(seal.ledger, seal.leaf_index)) {
                row.seal = Some(seal);
            }
        }
        self.leave_out(groups, &read.unread);
    }

    /// Divides what was found among the look-ups, and leaves out what is too much.
    fn choose(&mut self, needs: &Needs, lookups: Vec<Lookup>, all: &[Hit]) -> Vec<Group> {
        lookups
            .into_iter()
            .map(|lookup| {
                let key = sql::items::key_of_thing(&lookup.key);
                let own = all.iter().filter(|(hit, ..)| *hit == key);
                let mut hits: Vec<(LedgerId, u64)> =
                    own.map(|(_, ledger, index)| (*ledger, *index)).collect();
                hits.retain(|(ledger, _)| {
                    self.ledgers.get(*ledger).is_some() || needs.has(*ledger)
                });
                hits.sort_unstable_by_key(|(ledger, index)| (*index, *ledger));
                hits.dedup();
                hits.reverse();
                let kept = self.limit(needs, &lookup, hits);
                (lookup, kept)
            })
            .collect()
    }

    fn limit(
        &mut self,
        needs: &Needs,
        lookup: &Lookup,
        hits: Vec<(LedgerId, u64)>,
    ) -> Vec<(LedgerId, u64)> {
        let (mut deciding, mut registered, mut strangers) = (Vec::new(), Vec::new(), Vec::new());
        for place in hits {
            match self.whose(needs, place) {
                Whose::Deciding => deciding.push(place),
                Whose::Registered => registered.push(place),
                Whose::Strangers => strangers.push(place),
            }
        }
        for (list, most) in [
            (&mut deciding, MAX_DECIDING),
            (&mut registered, MAX_OTHERS),
            (&mut strangers, MAX_OTHERS),
        ] {
            let beyond = list.split_off(list.len().min(most));
            let beyond = beyond.into_iter().map(|(ledger, index)| (lookup.clone(), ledger, index));
            self.left_out.extend(beyond);
        }
        [deciding, registered, strangers].concat()
    }

    /// Whose a record is.
    fn whose(&self, needs: &Needs, (ledger, index): (LedgerId, u64)) -> Whose {
        let party = match needs.origin(ledger) {
            Some(origin) => self.rights.speaker(origin, index),
            None => self.party(ledger, index),
        };
        match party {
            Some(party) if self.deciding.contains(party) => Whose::Deciding,
            Some(_) => Whose::Registered,
            None => Whose::Strangers,
        }
    }

    /// Reads the rows of `places`; those for which there is no room are left out of `groups`.
    async fn read_rows(
        &mut self,
        needs: &Needs,
        groups: &mut [Group],
        places: &BTreeSet<(LedgerId, u64)>,
    ) -> Result<(), sql::Error> {
        let texts = places.iter().map(|place| (place.0, place.1, self.whose(needs, *place).kind()));
        let wanted = Wanted { texts: texts.collect(), seals: places.iter().copied().collect() };
        let hubs = self.ledgers.hubs().clone();
        let read = rows::read(self.cache, self.db, &hubs, &wanted, self.room.left()).await?;
        for (kind, bytes) in &read.taken {
            self.room.take(*kind, *bytes as u64);
        }
        self.take_read(groups, read);
        Ok(())
    }

    fn leave_out(&mut self, groups: &mut [Group], unread: &BTreeSet<(LedgerId, u64)>) {
        for (lookup, places) in groups {
            let beyond = places.extract_if(.., |place| unread.contains(place));
            self.left_out.extend(beyond.map(|(ledger, index)| (lookup.clone(), ledger, index)));
        }
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
        let mut groups: Vec<Group> = Vec::new();
        for (lookup, ledger, index) in wanted {
            match groups.iter_mut().find(|(known, _)| *known == lookup) {
                Some((_, hits)) => hits.push((ledger, index)),
                None => groups.push((lookup, vec![(ledger, index)])),
            }
        }
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let (needs, places) = (Needs::default(), places_of(&groups));
        self.read_rows(&needs, &mut groups, &places).await?;
        self.check(needs, groups).await
    }

    /// Records left out whose parties could change something; without a directory, all of them. About a class or a lot only those who
    /// decide about it can; whoever else speaks of one speaks of no item.
    fn left_out_of_parties(&self) -> usize {
        let counts = |(lookup, ledger, index): &&(Lookup, LedgerId, u64)| {
            let has_say = match lookup.kind {
                Kind::Class => self.decides(*ledger, *index),
                Kind::Item | Kind::Container(..) => self.party(*ledger, *index).is_some(),
            };
            !self.rights.has_directory || has_say
        };
        self.left_out.iter().filter(counts).count()
    }

    /// Reads the records of some look-ups and compares them with their ledgers.
    async fn check(
        &mut self,
        mut needs: Needs,
        groups: Vec<Group>,
    ) -> Result<Vec<(Lookup, Vec<HistoryEntry>)>, sql::Error> {
        let mut read: Vec<(Lookup, Vec<(LedgerId, HistoryEntry)>)> = Vec::new();
        let mut leaves: HashMap<Leaf, Option<Fault>> = HashMap::new();
        for (lookup, places) in groups {
            let mut entries = Vec::new();
            for place in places {
                let entry = self.entry(&needs, place);
                // A key of the index is 8 bytes of a hash: a whole record that names other things is a collision.
                let is_named = |entry: &HistoryEntry| {
                    let record = entry.record.as_deref();
                    record.is_some_and(|record| record.names_key(&lookup.key))
                };
                if let Some(entry) = entry.filter(|it| it.fault.is_some() || is_named(it)) {
                    let leaf = (place.0, place.1, entry.leaf_hash);
                    if entry.fault.is_none() && leaves.insert(leaf, None).is_none() {
                        needs.of_leaf(&self.ledgers, leaf);
                    }
                    entries.push((place.0, entry));
                }
            }
            read.push((lookup, entries));
        }
        self.ledgers.prove(needs, &mut leaves).await?;
        let found = read.into_iter().map(|(lookup, entries)| {
            let proved = entries.into_iter().map(|(ledger, mut entry)| {
                if entry.fault.is_none() {
                    let leaf = (ledger, entry.index, entry.leaf_hash);
                    entry.fault = leaves.get(&leaf).cloned().flatten();
                }
                entry
            });
            (lookup, proved.collect())
        });
        Ok(found.collect())
    }

    /// A record as an entry, compared with its own leaf hash; none if its ledger does not have it.
    fn entry(&self, needs: &Needs, place: (LedgerId, u64)) -> Option<HistoryEntry> {
        let (ledger, index) = place;
        let names = match self.ledgers.get(ledger) {
            Some(known) => Some((known.head.origin.clone(), known.head.party.clone())),
            None => needs.names(ledger),
        };
        let ((origin, party), row) = names.zip(self.rows.get(&place))?;
        let stored = (row.secret, row.leaf_hash);
        let mut entry = HistoryEntry::of(origin, party, index, row.record.clone(), stored);
        // An altered text says nothing, not even when it was captured.
        let own = row.record.as_ref().filter(|_| entry.fault.is_none());
        let captured = own.and_then(|record| record.captured_at);
        let seal = row.seal;
        let committed = seal.and_then(|seal| seal.committed).unwrap_or(self.now);
        entry.seal = match seal.and_then(|seal| seal.in_hub) {
            // The hub's time is a row of the database; the record's own time was signed with it, and the hub
            // cannot have had a record before.
            Some((place, at)) => {
                let at = captured.map_or(at, |captured| at.max(captured));
                Seal { place: Some(place), at, committed }
            }
            None => Seal::pending(self.now, committed),
        };
        if entry.erased().is_some() {
            // It stands where its ledger had it.
            entry.at = committed;
        }
        Some(entry)
    }
}

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod forks;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod warm;
