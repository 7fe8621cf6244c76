//! What is missing or disputed between the records of a journey.
//!
//! What holds: a thing that is at one site cannot be at another without a shipping from the first and a receiving at
//! the second; a record with a fault is a dispute; what is reported first is what is disputed, then what is missing
//! in order of time.
//!
//! Not here: records of the lot, which say nothing about where an item is.

use std::sync::Arc;

use epcis::BizStep;

use crate::entry::HistoryEntry;

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
}

/// The gaps in `entries`, which are in order of time.
#[must_use]
pub fn find_gaps(entries: &[HistoryEntry]) -> Vec<Gap> {
    let disputed = entries.iter().filter(|entry| entry.fault.is_some());
    let mut gaps: Vec<Gap> = disputed
        .map(|entry| Gap::Disputed { origin: entry.origin.clone(), index: entry.index })
        .collect();
    let mut last_place: Option<&str> = None;
    let mut on_the_way = false;
    for entry in entries.iter().filter(|entry| entry.counts()) {
        let place = entry.place.as_str();
        let elsewhere = last_place.filter(|last| !is_same_site(last, place));
        match &entry.step {
            Some(BizStep::Shipping) => on_the_way = true,
            Some(BizStep::Receiving) => {
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

/// Whether two locations are of one site: the same but for the extension.
fn is_same_site(a: &str, b: &str) -> bool {
    let site = |uri: &str| uri.rsplit_once('.').map(|(site, _)| site.to_owned());
    site(a) == site(b)
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

    #[test]
    fn every_journey_has_the_gaps_that_it_should() {
        let other_door = "urn:epc:id:sgln:4012345.00001.7";
        let made = || step("commissioning").at(FACTORY);
        for (what, events, gaps) in [
            ("nothing", vec![], vec![]),
            ("one site", vec![made(), step("storing").at(FACTORY)], vec![]),
            ("another door of the site", vec![made(), step("storing").at(other_door)], vec![]),
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
            assert_eq!(find_gaps(&entries(&events)), gaps, "{what}");
        }
    }

    #[test]
    fn a_record_with_a_fault_is_disputed_first_and_counts_for_nothing() {
        let events = [
            step("commissioning").at(FACTORY),
            step("inspecting").at(SHOP),
            step("shipping").at(FACTORY),
            step("receiving").at(CENTRE),
        ];
        let mut records = entries(&events);
        records[2].fault = Some(Fault::Text);
        let disputed = Gap::Disputed { origin: records[2].origin.clone(), index: 2 };
        assert_eq!(find_gaps(&records), [disputed, receiving(SHOP), shipping(SHOP)]);
    }

    #[test]
    fn a_record_of_the_lot_says_nothing_about_where_the_item_is() {
        let mut records =
            entries(&[step("commissioning").at(FACTORY), step("sensor_reporting").at(SHOP)]);
        records[1].relation = Relation::Lot;
        assert_eq!(find_gaps(&records), []);
    }
}
