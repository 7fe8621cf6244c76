//! What is missing, disputed or only claimed in a journey.
//!
//! What holds: a thing that is at one site cannot be at another without a shipping from the first and a receiving at
//! the second; only statements that count say where it was.
//!
//! Not here: records of the lot, which say nothing about where an item is; which claims there are ([`crate::fold`]).

use std::sync::Arc;

use epcis::{BizStep, Disposition};
use ledger::record::Tombstone;

use crate::authority::Row;
use crate::entry::{HistoryEntry, RecordRef};
use crate::weight::Weight;

/// Something missing or disputed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// A record does not fit its ledger.
    Disputed {
        /// Origin of the ledger.
        origin: Arc<str>,
        /// The record's place in it.
        index: u64,
    },
    /// The content of a record was erased.
    Erased {
        /// Origin of the ledger.
        origin: Arc<str>,
        /// The record's place in it.
        index: u64,
        /// When and why.
        tombstone: Tombstone,
    },
    /// The item was received elsewhere, and no shipping from here was recorded.
    Shipping {
        /// Where it was, a location URI.
        from: String,
    },
    /// The item was handled here, and no receiving here was recorded.
    Receiving {
        /// Where it is, a location URI.
        at: String,
    },
    /// There is no directory, so everybody only claims.
    NoDirectory {
        /// Who says where the item comes from.
        origin: RecordRef,
    },
    /// A party that is not entitled to it states something.
    Claimed {
        /// What kind of statement.
        what: Row,
        /// Which record.
        record: RecordRef,
    },
    /// Somebody received the item, and no shipping to them counts.
    Unbacked {
        /// The receiving.
        record: RecordRef,
    },
    /// The item is on hold.
    OnHold {
        /// Why.
        disposition: Disposition,
        /// The record that says so.
        record: RecordRef,
    },
    /// A statement that counts was recorded long after it is said to have happened.
    BackDated {
        /// Which record.
        record: RecordRef,
    },
    /// There are more records than are looked at.
    Cut {
        /// How many were not looked at.
        left_out: usize,
    },
}

/// What is missing between the places of `entries`, which are in the order in which they count.
#[must_use]
pub fn find_gaps<'a>(entries: impl IntoIterator<Item = &'a HistoryEntry>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut last_place: Option<&str> = None;
    let mut on_the_way = false;
    let moves = |entry: &&HistoryEntry| entry.fits() && entry.weight == Weight::Counts;
    for entry in entries.into_iter().filter(moves) {
        let place = entry.place.as_str();
        let elsewhere = last_place.filter(|last| !is_same_site(last, place));
        match &entry.step {
            Some(BizStep::Shipping | BizStep::Departing | BizStep::Consigning) => on_the_way = true,
            Some(BizStep::Receiving | BizStep::Accepting) => {
                if let Some(from) = elsewhere.filter(|_| !on_the_way) {
                    gaps.push(Gap::Shipping { from: from.to_owned() });
                }
                (on_the_way, last_place) = (false, Some(place));
            }
            _ if place.is_empty() => {}
            _ => {
                if elsewhere.is_some() {
                    gaps.push(Gap::Receiving { at: place.to_owned() });
                    on_the_way = false;
                }
                last_place = Some(place);
            }
        }
    }
    gaps
}

/// Whether two locations are of one site: the same but for the extension, in any spelling.
fn is_same_site(a: &str, b: &str) -> bool {
    epc::site_key(a) == epc::site_key(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Fault, Relation};
    use crate::testing::{CENTRE, EventDraft, FACTORY, SHOP, entries, object_event};

    fn step(word: &str) -> EventDraft {
        object_event("2026-11-20T08:00:00Z", word)
    }

    fn shipping(from: &str) -> Gap {
        Gap::Shipping { from: from.to_owned() }
    }

    fn receiving(at: &str) -> Gap {
        Gap::Receiving { at: at.to_owned() }
    }

    fn counted(events: &[EventDraft]) -> Vec<HistoryEntry> {
        let mut records = entries(events);
        for entry in &mut records {
            entry.weight = Weight::Counts;
        }
        records
    }

    #[test]
    fn every_journey_has_the_gaps_that_it_should() {
        let other_door = "urn:epc:id:sgln:4012345.00001.7";
        let factory_link = "https://brand.example/414/4012345000016/254/dock";
        let (link, other_link) =
            ("https://id.gs1.org/414/4012345000016", "https://id.gs1.org/414/4012345000023");
        let made = || step("commissioning").at(FACTORY);
        for (what, events, gaps) in [
            ("nothing", vec![], vec![]),
            ("one site", vec![made(), step("storing").at(FACTORY)], vec![]),
            ("another door of the site", vec![made(), step("storing").at(other_door)], vec![]),
            ("the site as a link", vec![made(), step("storing").at(factory_link)], vec![]),
            (
                "shipped and received",
                vec![made(), step("shipping").at(FACTORY), step("receiving").at(CENTRE)],
                vec![],
            ),
            ("shipped only", vec![made(), step("shipping").at(FACTORY)], vec![]),
            (
                "received and never shipped",
                vec![made(), step("receiving").at(CENTRE)],
                vec![shipping(FACTORY)],
            ),
            ("received first of all", vec![step("receiving").at(CENTRE)], vec![]),
            ("received where it was", vec![made(), step("receiving").at(FACTORY)], vec![]),
            (
                "shipped and never received",
                vec![made(), step("shipping").at(FACTORY), step("storing").at(CENTRE)],
                vec![receiving(CENTRE)],
            ),
            (
                "handled elsewhere out of nothing",
                vec![made(), step("inspecting").at(SHOP)],
                vec![receiving(SHOP)],
            ),
            (
                "a record without a place",
                vec![made(), step("inspecting"), step("storing").at(FACTORY)],
                vec![],
            ),
            (
                "a shipping counts for one receiving only",
                vec![
                    made(),
                    step("shipping").at(FACTORY),
                    step("receiving").at(CENTRE),
                    step("receiving").at(SHOP),
                ],
                vec![shipping(CENTRE)],
            ),
            (
                "links of two numbers on one host are two sites",
                vec![step("commissioning").at(link), step("storing").at(other_link)],
                vec![receiving(other_link)],
            ),
            (
                "handled at a third site while on the way",
                vec![
                    made(),
                    step("shipping").at(FACTORY),
                    step("storing").at(CENTRE),
                    step("receiving").at(SHOP),
                ],
                vec![receiving(CENTRE), shipping(CENTRE)],
            ),
        ] {
            assert_eq!(find_gaps(&counted(&events)), gaps, "{what}");
        }
    }

    #[test]
    fn a_record_with_a_fault_or_without_weight_says_nothing_about_places() {
        let events = [
            step("commissioning").at(FACTORY),
            step("inspecting").at(SHOP),
            step("shipping").at(FACTORY),
            step("receiving").at(CENTRE),
        ];
        let mut records = counted(&events);
        records[2].fault = Some(Fault::Text);
        assert_eq!(find_gaps(&records), [receiving(SHOP), shipping(SHOP)]);
        records[1].weight = Weight::Claim;
        assert_eq!(find_gaps(&records), [shipping(FACTORY)]);
    }

    #[test]
    fn a_record_of_the_lot_says_nothing_about_where_the_item_is() {
        let mut records =
            counted(&[step("commissioning").at(FACTORY), step("sensor_reporting").at(SHOP)]);
        records[1].relation = Relation::Lot;
        assert_eq!(find_gaps(&records), []);
    }
}
