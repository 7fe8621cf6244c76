//! Which records belong to an item's history: its own, those of its containers while it was inside, those of its
//! lot and class.
//!
//! The way through: the walk asks and the caller fetches, so that nothing here does I/O.
//!
//! ```text
//! loop {
//!     let lookups = walk.next_lookups();               // none: done
//!     for each of them { walk.supply(&lookup, records that name lookup.key) }
//! }
//! walk.finish()
//! ```
//!
//! What holds: a record is taken once, for the first reason that leads to it and holds at the end; only packings that count lead into a
//! container, and its records are taken only within the time that the item was in it, nested containers included; a record whose text
//! was altered has no time of its own, and is taken wherever its seal lets it be; the lot is that of the commissioning that counts.
//!
//! Not here: fetching ([`mod@crate::gather`]), what the records mean ([`crate::fold`]).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use directory::{PartyId, Rights};
use epc::{Epc, EpcClass};
use jiff::{SignedDuration, Timestamp};

use crate::entry::{Fault, HistoryEntry, Relation};
use crate::fold::{History, Stay};
use crate::weight::FUTURE;

/// Things that are looked up for one item: itself, class, lot, stays in containers.
const MAX_LOOKUPS: usize = 100;
/// How often the records of containers are compared with the stays that they lead to.
const MAX_ROUNDS: usize = 8;

/// The records of one item, as they are found.
#[derive(Debug)]
pub struct Walk<'a> {
    item: Epc,
    rights: &'a Rights,
    entries: Vec<HistoryEntry>,
    taken: HashSet<(Arc<str>, u64)>,
    /// By container: its records, also those from before and after the stays that are known.
    containers: HashMap<String, Vec<HistoryEntry>>,
    asked: Vec<Lookup>,
    /// In the order in which their records are taken.
    pending: Vec<Lookup>,
    /// The entries as they are now, weighed; none if some came since.
    weighed: Option<History>,
}

/// Whose records are needed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Key of the thing or class ([`epc::thing_key`]).
    pub key: String,
    /// Why.
    pub kind: Kind,
}

/// Why records are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They may name the item.
    Item,
    /// They may name its lot or its class.
    Class,
    /// They may name a container, in which the item was from the first to the last of these moments.
    Container(Timestamp, Timestamp),
}

impl<'a> Walk<'a> {
    /// Begins at `item`.
    #[must_use]
    pub fn new(item: Epc, rights: &'a Rights) -> Self {
        let class = item.gtin14().map(|gtin| Lookup {
            key: epc::thing_key(&format!("https://id.gs1.org/01/{gtin}")),
            kind: Kind::Class,
        });
        let own = Lookup { key: epc::thing_key(&item.to_uri()), kind: Kind::Item };
        Self {
            item,
            rights,
            entries: Vec::new(),
            taken: HashSet::new(),
            containers: HashMap::new(),
            asked: Vec::new(),
            pending: [own].into_iter().chain(class).collect(),
            weighed: None,
        }
    }

    /// Whose records are needed next: all that can be asked for at once; empty if all are there.
    pub fn next_lookups(&mut self) -> Vec<Lookup> {
        if self.pending.is_empty() {
            self.find_more();
        }
        let next = std::mem::take(&mut self.pending);
        self.asked.extend(next.iter().cloned());
        next
    }

    /// Stays and lot that the records so far lead to, and that were not asked for. Of a container whose records are there
    /// another stay is taken from them.
    fn find_more(&mut self) {
        loop {
            let item = self.item.clone();
            let history = self.weigh();
            let lot = history.lot_number().and_then(|lot| EpcClass::lot_of(&item, lot));
            let lot =
                lot.map(|lot| Lookup { key: epc::thing_key(&lot.to_uri()), kind: Kind::Class });
            let stays: Vec<Lookup> = history.stays().iter().map(lookup_of).collect();
            let wanted = stays.into_iter().chain(lot);
            let mut fresh: Vec<Lookup> = wanted.filter(|one| !self.asked.contains(one)).collect();
            fresh.truncate(MAX_LOOKUPS.saturating_sub(self.asked.len()));
            let (known, unknown): (Vec<_>, Vec<_>) =
                fresh.into_iter().partition(|one| self.containers.contains_key(&one.key));
            for lookup in unknown {
                // One look-up gives all records of a container; which stays they are of is seen by what was asked.
                let is_container = matches!(lookup.kind, Kind::Container(..));
                if is_container && self.pending.iter().any(|one| one.key == lookup.key) {
                    self.asked.push(lookup);
                } else {
                    self.pending.push(lookup);
                }
            }
            if known.is_empty() {
                return;
            }
            for lookup in known {
                self.asked.push(lookup.clone());
                self.take_stays(&lookup.key);
            }
            if !self.pending.is_empty() {
                return;
            }
        }
    }

    /// Takes the records that name `lookup.key`.
    pub fn supply(&mut self, lookup: &Lookup, mut found: Vec<HistoryEntry>) {
        found.sort_by_key(|entry| entry.at);
        if let Kind::Container(..) = lookup.kind {
            self.containers.entry(lookup.key.clone()).or_default().extend(found);
            self.take_stays(&lookup.key);
            return;
        }
        for mut entry in found {
            if lookup.kind == Kind::Class {
                entry.relation = Relation::Lot;
            }
            self.take(entry);
        }
    }

    /// Takes the records of a container that are of a time in which the item was in it, as far as that was asked for.
    fn take_stays(&mut self, container: &str) {
        let spans: Vec<(Timestamp, Timestamp)> = self
            .asked
            .iter()
            .filter(|lookup| lookup.key == container)
            .filter_map(|lookup| match lookup.kind {
                Kind::Container(from, to) => Some((from, to)),
                Kind::Item | Kind::Class => None,
            })
            .collect();
        self.take_during(container, &spans);
    }

    /// Takes the records of a container that are of a time within one of `spans`.
    fn take_during(&mut self, container: &str, spans: &[(Timestamp, Timestamp)]) {
        let (taken, late) = (&self.taken, self.late());
        let is_wanted = |entry: &&HistoryEntry| {
            spans.iter().any(|span| is_during(entry, *span, late))
                && !taken.contains(&(entry.origin.clone(), entry.index))
        };
        let all = self.containers.get(container).map(Vec::as_slice).unwrap_or_default();
        let during: Vec<HistoryEntry> = all.iter().filter(is_wanted).cloned().collect();
        for mut entry in during {
            entry.relation = Relation::Container(spelling(&entry, container));
            self.take(entry);
        }
    }

    fn take(&mut self, entry: HistoryEntry) {
        if self.taken.insert((entry.origin.clone(), entry.index)) {
            self.entries.push(entry);
            self.weighed = None;
        }
    }

    /// Whoever holds the item by the records so far, or did, or was to.
    pub fn related(&mut self) -> Vec<PartyId> {
        self.weigh().related().iter().cloned().collect()
    }

    /// The history, and how many look-ups, or records of containers, were left out.
    #[must_use]
    pub fn finish(mut self) -> (History, usize) {
        let unsettled = self.settle();
        self.weigh();
        let weighed = self.weighed.take();
        let history =
            weighed.unwrap_or_else(|| History::weigh(self.item.clone(), Vec::new(), self.rights));
        let stays = history.stays().iter().map(lookup_of);
        // Of a container whose records are there, those of every stay were taken.
        let is_left_out =
            |stay: &Lookup| !self.asked.contains(stay) && !self.containers.contains_key(&stay.key);
        let left_out = stays.filter(is_left_out).count();
        (history, left_out + unsettled)
    }

    /// How old an event may be when the hub gets its record.
    fn late(&self) -> SignedDuration {
        if self.rights.has_directory { self.rights.late } else { SignedDuration::MAX }
    }

    /// Compares the records of containers with the stays, of which more is known than when they were taken, until nothing changes:
    /// each belongs to a container that the item was in at that time, or to none. Gives how many did not settle.
    fn settle(&mut self) -> usize {
        let is_of_container =
            |entry: &HistoryEntry| matches!(entry.relation, Relation::Container(_));
        if !self.entries.iter().any(is_of_container) {
            return 0;
        }
        let mut changed = 0;
        for _ in 0..MAX_ROUNDS {
            let stays = self.weigh().stays().to_vec();
            changed = self.relate(&stays);
            let before = self.entries.len();
            for stay in &stays {
                self.take_during(&stay.container, &[stay.span]);
            }
            changed += self.entries.len() - before;
            if changed == 0 {
                return 0;
            }
            self.weighed = None;
        }
        let stays = self.weigh().stays().to_vec();
        self.relate(&stays);
        self.weighed = None;
        changed
    }

    /// Relates each record of a container to one that it names and that the item was in at that time, if possible to the one that it
    /// has; leaves out those of which there is none. Gives how many changed.
    fn relate(&mut self, stays: &[Stay]) -> usize {
        let (late, mut changed) = (self.late(), 0);
        let taken = &mut self.taken;
        self.entries.retain_mut(|entry| {
            let Relation::Container(uri) = &entry.relation else { return true };
            let key = epc::thing_key(uri);
            let of_now = |stay: &&Stay| is_during(entry, stay.span, late);
            if stays.iter().filter(of_now).any(|stay| stay.container == key) {
                return true;
            }
            changed += 1;
            let record = entry.record.as_deref();
            let is_named = |stay: &&Stay| record.is_some_and(|it| it.names_key(&stay.container));
            let Some(stay) = stays.iter().filter(of_now).find(is_named) else {
                taken.remove(&(entry.origin.clone(), entry.index));
                return false;
            };
            entry.relation = Relation::Container(spelling(entry, &stay.container));
            true
        });
        changed
    }

    fn weigh(&mut self) -> &History {
        let (item, entries, rights) = (&self.item, &mut self.entries, self.rights);
        self.weighed.get_or_insert_with(|| {
            entries.sort_by(|one, other| {
                (one.at, &one.origin, one.index).cmp(&(other.at, &other.origin, other.index))
            });
            History::weigh(item.clone(), entries.clone(), rights)
        })
    }
}

fn lookup_of(stay: &Stay) -> Lookup {
    Lookup { key: stay.container.clone(), kind: Kind::Container(stay.span.0, stay.span.1) }
}

/// Whether a record is of a moment within `span`. What an altered text says of its time counts for nothing: the record is of a time at which
/// one with its seal is neither of the future nor back-dated.
///
/// - `late`: how old an event may be when the hub gets its record.
fn is_during(
    entry: &HistoryEntry,
    (from, to): (Timestamp, Timestamp),
    late: SignedDuration,
) -> bool {
    if !entry.fault.as_ref().is_some_and(Fault::is_of_text) {
        return (from..=to).contains(&entry.at);
    }
    let seal = if entry.seal.place.is_some() { entry.seal.at } else { entry.seal.committed };
    let first = seal.checked_sub(late).unwrap_or(Timestamp::MIN);
    let last = seal.checked_add(FUTURE).unwrap_or(Timestamp::MAX);
    from <= last && first <= to
}

/// The container as `entry` spells it.
fn spelling(entry: &HistoryEntry, key: &str) -> String {
    let spelled = entry.record.as_deref().and_then(|record| record.spellings(key).next());
    spelled.map_or_else(|| key.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Fault;
    use crate::testing::{
        CASE, EventDraft, FACTORY, ITEM, PALLET, entries, excursion_event, object_event,
        packing_event, rights,
    };

    /// Walks over records kept in memory; gives index and relation, in the order of time.
    fn walk(records: &[HistoryEntry]) -> Vec<(u64, Relation)> {
        walk_under(records, &rights())
    }

    fn walk_under(records: &[HistoryEntry], rights: &Rights) -> Vec<(u64, Relation)> {
        let naming = |key: &str| -> Vec<HistoryEntry> {
            let names = |entry: &&HistoryEntry| {
                entry.record.as_ref().is_some_and(|record| record.names_key(key))
            };
            records.iter().filter(names).cloned().collect()
        };
        let mut walk = Walk::new(ITEM.parse().unwrap(), rights);
        let mut lookups = 0;
        loop {
            let wanted = walk.next_lookups();
            if wanted.is_empty() {
                break;
            }
            lookups += wanted.len();
            assert!(lookups < 1000, "the walk does not end");
            for lookup in wanted {
                walk.supply(&lookup, naming(&lookup.key));
            }
        }
        let (history, left_out) = walk.finish();
        assert_eq!(left_out, 0);
        history.entries.into_iter().map(|entry| (entry.index, entry.relation)).collect()
    }

    fn via(uri: &str) -> Relation {
        Relation::Container(uri.to_owned())
    }

    fn at(hour: u8) -> String {
        format!("2026-11-20T{hour:02}:00:00Z")
    }

    fn event(hour: u8, uri: &str) -> EventDraft {
        object_event(&at(hour), "storing").of(&[uri]).at(FACTORY)
    }

    fn pack(hour: u8, action: &str, container: &str, content: &str) -> EventDraft {
        packing_event(&at(hour), action, container, &[content])
    }

    /// The records after a commissioning of the item, which is record 0.
    fn made(then: &[EventDraft]) -> Vec<HistoryEntry> {
        let made = object_event(&at(0), "commissioning").lot("L1", "2099-01-01");
        entries(&[vec![made], then.to_vec()].concat())
    }

    fn indexes(records: &[HistoryEntry]) -> Vec<u64> {
        walk(records).into_iter().map(|(index, _)| index).collect()
    }

    #[test]
    fn a_containers_records_are_taken_from_packing_to_unpacking() {
        let found = walk(&made(&[
            event(1, CASE),
            pack(2, "ADD", CASE, ITEM),
            event(3, CASE),
            pack(4, "DELETE", CASE, ITEM),
            event(5, CASE),
        ]));
        let own = |index| (index, Relation::Item);
        assert_eq!(found, [own(0), own(2), (3, via(CASE)), own(4)]);
    }

    #[test]
    fn a_stay_lasts_until_it_is_ended_also_by_emptying_the_container() {
        let packed = [pack(2, "ADD", CASE, ITEM), event(9, CASE)];
        assert_eq!(indexes(&made(&packed)), [0, 1, 2]);
        let emptied = packing_event(&at(4), "DELETE", CASE, &[]);
        let found = walk(&made(&[pack(2, "ADD", CASE, ITEM), emptied, event(9, CASE)]));
        assert_eq!(found, [(0, Relation::Item), (1, Relation::Item), (2, via(CASE))]);
    }

    #[test]
    fn a_second_stay_in_the_same_container_is_a_stay_of_its_own() {
        let found = indexes(&made(&[
            pack(1, "ADD", CASE, ITEM),
            pack(2, "DELETE", CASE, ITEM),
            event(3, CASE),
            pack(4, "ADD", CASE, ITEM),
            event(5, CASE),
        ]));
        assert_eq!(found, [0, 1, 2, 4, 5]);
    }

    #[test]
    fn an_outer_containers_records_are_taken_while_both_stays_last() {
        let found = walk(&made(&[
            pack(1, "ADD", CASE, ITEM),
            pack(2, "ADD", PALLET, CASE),
            event(3, PALLET),
            pack(4, "DELETE", CASE, ITEM),
            event(5, PALLET),
            pack(6, "DELETE", PALLET, CASE),
        ]));
        let own = |index| (index, Relation::Item);
        assert_eq!(found, [own(0), own(1), (2, via(CASE)), (3, via(PALLET)), own(4)]);
    }

    #[test]
    fn a_container_that_contains_itself_ends_the_walk() {
        let found = indexes(&made(&[
            pack(1, "ADD", CASE, ITEM),
            pack(2, "ADD", PALLET, CASE),
            pack(3, "ADD", CASE, PALLET),
        ]));
        assert_eq!(found, [0, 1, 2, 3]);
    }

    #[test]
    fn a_record_with_a_fault_or_of_a_stranger_moves_nothing_into_or_out_of_a_container() {
        let all = [
            pack(1, "ADD", CASE, ITEM),
            event(2, CASE),
            pack(3, "DELETE", CASE, ITEM),
            event(4, CASE),
        ];
        for spoil in [
            |entry: &mut HistoryEntry| entry.fault = Some(Fault::Text),
            |entry: &mut HistoryEntry| entry.origin = "stranger.example/1".into(),
        ] {
            let spoilt = |index: usize| {
                let mut records = made(&all);
                spoil(&mut records[index]);
                indexes(&records)
            };
            assert_eq!(spoilt(1), [0, 1, 3]);
            assert_eq!(spoilt(3), [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn the_records_of_lot_and_class_are_taken_once_and_are_marked() {
        let flag = excursion_event(&at(3), &at(4), "9.2");
        let class = event(5, "urn:epc:idpat:sgtin:4012345.011111.*");
        let found = walk(&made(&[flag.clone(), class.clone()]));
        assert_eq!(found, [(0, Relation::Item), (1, Relation::Lot), (2, Relation::Lot)]);
        assert_eq!(indexes(&entries(&[event(1, ITEM), flag.clone()])), [0], "no lot is known");
        // A record that names item and lot is the item's.
        let found = walk(&made(&[flag.of(&[ITEM])]));
        assert_eq!(found, [(0, Relation::Item), (1, Relation::Item)]);
    }

    #[test]
    fn every_spelling_of_the_item_leads_to_its_records_and_a_strangers_lot_leads_nowhere() {
        let other_split = event(1, "urn:epc:id:sgtin:401234.0511111.9876");
        let link = event(2, "https://brand.example/01/04012345111118/21/9876?17=271231");
        assert_eq!(indexes(&made(&[other_split, link])), [0, 1, 2]);
        let early = object_event(&at(0), "commissioning").lot("L2", "2027-01-01");
        let mut records = entries(&[early, excursion_event(&at(3), &at(4), "9.2")]);
        records[0].origin = "stranger.example/1".into();
        assert_eq!(indexes(&records), [0]);
    }

    #[test]
    fn without_a_directory_containers_and_lot_are_followed_as_they_are_told() {
        let events =
            [pack(1, "ADD", CASE, ITEM), event(2, CASE), excursion_event(&at(3), &at(4), "9.2")];
        assert_eq!(walk_under(&made(&events), &Rights::default()).len(), 4);
    }
}
