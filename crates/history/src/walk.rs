//! Which records belong to an item's history: its own, those of its containers while it was inside, those of its
//! lot.
//!
//! The way through: the walk asks and the caller fetches, so that nothing here does I/O.
//!
//! ```text
//! while let Some(lookup) = walk.next_lookup() { walk.supply(&lookup, records that name lookup.uri) }
//! if let Some(lot) = walk.lot()               { walk.supply_lot(records that name lot) }
//! walk.into_entries()
//! ```
//!
//! What holds: a record is taken once, for the first reason that leads to it; a container's record is taken only
//! within the time that the item was in it, nested containers included; a record with a fault moves nothing into or
//! out of a container.
//!
//! Not here: fetching ([`mod@crate::gather`]), what the records mean ([`crate::fold`]).

use std::collections::HashSet;
use std::sync::Arc;

use epc::{Epc, EpcClass};
use jiff::Timestamp;

use crate::entry::{HistoryEntry, Relation};
use crate::record_view::ContainerChange;

/// Containers within containers that are followed.
const MAX_DEPTH: usize = 8;
/// Records followed for one item, those of its lot not counted.
const MAX_RECORDS: usize = 2000;

/// The records of one item, as they are found.
#[derive(Debug)]
pub struct Walk {
    item: Epc,
    /// The next one last.
    pending: Vec<Lookup>,
    entries: Vec<HistoryEntry>,
    taken: HashSet<(Arc<str>, u64)>,
}

/// Whose records are needed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The item or a container.
    pub uri: String,
    is_container: bool,
    /// First and last moment at which the item was in it.
    span: (Timestamp, Timestamp),
    depth: usize,
}

/// A stay in a container.
struct Stay {
    container: String,
    span: (Timestamp, Timestamp),
}

impl Walk {
    /// Begins at `item`.
    #[must_use]
    pub fn new(item: Epc) -> Self {
        let start = Lookup {
            uri: item.to_uri(),
            is_container: false,
            span: (Timestamp::MIN, Timestamp::MAX),
            depth: 0,
        };
        Self { item, pending: vec![start], entries: Vec::new(), taken: HashSet::new() }
    }

    /// Whose records are needed next; none if all are there.
    pub fn next_lookup(&mut self) -> Option<Lookup> {
        self.pending.pop()
    }

    /// Takes the records that name `lookup.uri`.
    pub fn supply(&mut self, lookup: &Lookup, mut found: Vec<HistoryEntry>) {
        found.sort_by_key(|entry| entry.at);
        let stays = stays(&lookup.uri, &found);
        for mut entry in found {
            let is_within = entry.at >= lookup.span.0 && entry.at <= lookup.span.1;
            let is_wanted = !lookup.is_container || is_within;
            if is_wanted && self.entries.len() < MAX_RECORDS && self.take(&entry) {
                if lookup.is_container {
                    entry.relation = Relation::Container(lookup.uri.clone());
                }
                self.entries.push(entry);
            }
        }
        if lookup.depth == MAX_DEPTH {
            return;
        }
        let inner = stays.into_iter().rev().filter_map(|stay| {
            let span = (stay.span.0.max(lookup.span.0), stay.span.1.min(lookup.span.1));
            (span.0 <= span.1).then_some(Lookup {
                uri: stay.container,
                is_container: true,
                span,
                depth: lookup.depth + 1,
            })
        });
        self.pending.extend(inner);
    }

    /// The item's lot, as the first record found that has a usable lot number says.
    #[must_use]
    pub fn lot(&self) -> Option<EpcClass> {
        self.entries
            .iter()
            .find_map(|entry| EpcClass::lot_of(&self.item, entry.view()?.lot_number()?))
    }

    /// Takes the records that name the lot.
    pub fn supply_lot(&mut self, found: Vec<HistoryEntry>) {
        for mut entry in found {
            if self.take(&entry) {
                entry.relation = Relation::Lot;
                self.entries.push(entry);
            }
        }
    }

    /// All records, in the order in which they were found.
    #[must_use]
    pub fn into_entries(self) -> Vec<HistoryEntry> {
        self.entries
    }

    /// Whether `entry` is new.
    fn take(&mut self, entry: &HistoryEntry) -> bool {
        self.taken.insert((entry.origin.clone(), entry.index))
    }
}

/// The stays of `uri` in containers, by `entries` in order of time; one that was not ended lasts.
fn stays(uri: &str, entries: &[HistoryEntry]) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.fault.is_none()) {
        match entry.view().and_then(|view| view.container_change(uri)) {
            Some(ContainerChange::Entered(container)) => stays
                .push(Stay { container: container.to_owned(), span: (entry.at, Timestamp::MAX) }),
            Some(ContainerChange::Left(container)) => {
                let open = stays
                    .iter_mut()
                    .find(|stay| stay.container == container && stay.span.1 == Timestamp::MAX);
                if let Some(stay) = open {
                    stay.span.1 = entry.at;
                }
            }
            None => {}
        }
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Fault;
    use crate::testing::{
        CASE, EventDraft, FACTORY, ITEM, LOT, PALLET, entries, excursion_event, object_event,
        packing_event,
    };

    /// Walks over records kept in memory; gives index and relation, in the order found.
    fn walk(records: &[HistoryEntry]) -> Vec<(u64, Relation)> {
        let naming = |uri: &str| -> Vec<HistoryEntry> {
            let names = |entry: &&HistoryEntry| {
                entry.record.as_ref().is_some_and(|record| record.names().iter().any(|n| n == uri))
            };
            records.iter().filter(names).cloned().collect()
        };
        let mut walk = Walk::new(ITEM.parse().unwrap());
        let mut lookups = 0;
        while let Some(lookup) = walk.next_lookup() {
            lookups += 1;
            assert!(lookups < 1000, "the walk does not end");
            walk.supply(&lookup, naming(&lookup.uri));
        }
        if let Some(lot) = walk.lot() {
            walk.supply_lot(naming(&lot.to_uri()));
        }
        walk.into_entries().into_iter().map(|entry| (entry.index, entry.relation)).collect()
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

    #[test]
    fn a_containers_records_are_taken_from_packing_to_unpacking() {
        let found = walk(&entries(&[
            event(1, CASE),
            pack(2, "ADD", CASE, ITEM),
            event(3, CASE),
            pack(4, "DELETE", CASE, ITEM),
            event(5, CASE),
        ]));
        assert_eq!(found, [(1, Relation::Item), (3, Relation::Item), (2, via(CASE))]);
    }

    #[test]
    fn a_stay_that_was_not_ended_lasts() {
        let found = walk(&entries(&[pack(2, "ADD", CASE, ITEM), event(9, CASE)]));
        assert_eq!(found, [(0, Relation::Item), (1, via(CASE))]);
    }

    #[test]
    fn a_second_stay_in_the_same_container_is_a_stay_of_its_own() {
        let found = walk(&entries(&[
            pack(1, "ADD", CASE, ITEM),
            pack(2, "DELETE", CASE, ITEM),
            event(3, CASE),
            pack(4, "ADD", CASE, ITEM),
            event(5, CASE),
        ]));
        let indexes: Vec<u64> = found.iter().map(|(index, _)| *index).collect();
        assert_eq!(indexes, [0, 1, 3, 4]);
    }

    #[test]
    fn an_outer_containers_records_are_taken_while_both_stays_last() {
        let found = walk(&entries(&[
            pack(1, "ADD", PALLET, CASE),
            event(2, PALLET),
            pack(3, "ADD", CASE, ITEM),
            event(4, PALLET),
            pack(5, "DELETE", CASE, ITEM),
            event(6, PALLET),
            pack(7, "DELETE", PALLET, CASE),
        ]));
        assert_eq!(found, [(2, Relation::Item), (4, Relation::Item), (3, via(PALLET))]);
    }

    #[test]
    fn a_container_that_contains_itself_ends_the_walk() {
        let found = walk(&entries(&[
            pack(1, "ADD", CASE, ITEM),
            pack(2, "ADD", PALLET, CASE),
            pack(3, "ADD", CASE, PALLET),
        ]));
        assert_eq!(found, [(0, Relation::Item), (1, via(CASE)), (2, via(CASE))]);
    }

    #[test]
    fn a_record_with_a_fault_moves_nothing_into_or_out_of_a_container() {
        let all = [
            pack(1, "ADD", CASE, ITEM),
            event(2, CASE),
            pack(3, "DELETE", CASE, ITEM),
            event(4, CASE),
        ];
        let with_fault = |index: usize| {
            let mut records = entries(&all);
            records[index].fault = Some(Fault::Text);
            let found = walk(&records);
            found.into_iter().map(|(index, _)| index).collect::<Vec<_>>()
        };
        assert_eq!(with_fault(0), [0, 2]);
        assert_eq!(with_fault(2), [0, 2, 1, 3]);
    }

    #[test]
    fn the_lots_records_are_taken_once_and_are_marked() {
        let flag = excursion_event(&at(3), &at(4), "9.2");
        let made = object_event(&at(1), "commissioning").lot("L1", "2027-01-01");
        let found = walk(&entries(&[made.clone(), flag.clone()]));
        assert_eq!(found, [(0, Relation::Item), (1, Relation::Lot)]);
        assert_eq!(walk(&entries(&[event(1, ITEM), flag.clone()])), [(0, Relation::Item)]);
        // A record that names item and lot is the item's.
        let both = flag.of(&[ITEM]);
        let found = walk(&entries(&[made, both]));
        assert_eq!(found, [(0, Relation::Item), (1, Relation::Item)]);
    }

    #[test]
    fn a_lot_number_that_no_class_can_have_is_passed_over() {
        let malformed = object_event(&at(1), "commissioning").lot(&"9".repeat(21), "2027-01-01");
        let mut walk = Walk::new(ITEM.parse().unwrap());
        let lookup = walk.next_lookup().unwrap();
        let again = object_event(&at(2), "inspecting").lot("L1", "2027-01-01");
        walk.supply(&lookup, entries(&[malformed, again]));
        assert_eq!(walk.lot().map(|lot| lot.to_uri()).as_deref(), Some(LOT));
    }

    #[test]
    fn no_more_than_the_most_records_are_followed() {
        let many: Vec<EventDraft> = (0..MAX_RECORDS + 5).map(|_| event(1, ITEM)).collect();
        assert_eq!(walk(&entries(&many)).len(), MAX_RECORDS);
    }
}
