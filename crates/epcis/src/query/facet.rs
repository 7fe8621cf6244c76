//! What people search events by without knowing which member of an event has it: a place, a party, a document, a hash.
//!
//! The way through: [`Facet::terms`] is what an index is asked for, [`Facet::is_in`] whether an event has it. The terms of an event are
//! among its [`super::terms_of`]; those of its record ([`Facet::StatedBy`], [`Facet::Hash`]) are added by whoever reads the record.
//!
//! What holds: an event that has a facet has one of the facet's terms; every spelling of a place, a party or a document is the same
//! facet.
//!
//! Not here: the parameters of the standard's query language (`criterion.rs`), what a person typed (`inquiry`).
//!
//! Source: docs/decisions/0076-searching-at-the-desk.md.

use super::criterion::{any_pair, uris};
use super::key;
use super::name::{PairField, UriField};
use super::term::{Term, TermField};
use crate::event::Event;

/// Beginning of the identifiers of documents that belong to a location: `urn:epcglobal:cbv:bt:GLN:NUMBER`.
const DOCUMENT: &str = "urn:epcglobal:cbv:bt:";

/// Something that people search by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// The key of a place, or of a site, which has all its places: read point or business location.
    Place(String),
    /// The key of a party or place that a source or destination names, of any type.
    Party(String),
    /// A business transaction of any type: its key, or the number at the end of `urn:epcglobal:cbv:bt:GLN:NUMBER`.
    Document(String),
    /// The key of the party that the ledger says stated the event.
    StatedBy(String),
    /// The event hash, also of an event that has an id of its own.
    Hash(String),
}

impl Facet {
    /// A place or site, in any spelling.
    #[must_use]
    pub fn place(uri: &str) -> Self {
        Self::Place(epc::thing_key(uri))
    }

    /// A party among sources and destinations, in any spelling.
    #[must_use]
    pub fn party(uri: &str) -> Self {
        Self::Party(epc::thing_key(uri))
    }

    /// A document, in any spelling.
    #[must_use]
    pub fn document(text: &str) -> Self {
        Self::Document(epc::thing_key(text))
    }

    /// The party that stated an event, in any spelling.
    #[must_use]
    pub fn stated_by(pgln: &str) -> Self {
        Self::StatedBy(epc::thing_key(pgln))
    }

    /// The terms of which an event that has this has one.
    #[must_use]
    pub fn terms(&self) -> Vec<Term> {
        let more = || Term::of(TermField::More, "");
        match self {
            Self::Place(key) => vec![Term::of(TermField::Site, &epc::site_key(key))],
            Self::Party(key) => vec![Term::of(TermField::Party, key), more()],
            Self::Document(key) => vec![Term::of(TermField::Document, key), more()],
            Self::StatedBy(key) => vec![Term::of(TermField::StatedBy, key)],
            Self::Hash(hash) => vec![Term::of(TermField::Hash, hash)],
        }
    }

    /// Whether `event` has it. What only a record says ([`Facet::StatedBy`], [`Facet::Hash`]) no event has.
    #[must_use]
    pub fn is_in(&self, event: &Event) -> bool {
        let any = |lists: &[PairField], is: &mut dyn FnMut(&str) -> bool| {
            lists.iter().any(|list| any_pair(*list, event, &mut |_, value| is(value)))
        };
        match self {
            Self::Place(wanted) => {
                let is_site = !wanted.contains("/254/");
                places(event).any(|own| own == *wanted || is_site && epc::site_key(&own) == *wanted)
            }
            Self::Party(wanted) => {
                any(&[PairField::Source, PairField::Destination], &mut |own| own == wanted)
            }
            Self::Document(wanted) => any(&[PairField::BizTransaction], &mut |own| {
                own == wanted || number_of(own) == Some(wanted)
            }),
            Self::StatedBy(_) | Self::Hash(_) => false,
        }
    }
}

/// Read point and business location, by key.
fn places(event: &Event) -> impl Iterator<Item = String> {
    let fields = [UriField::ReadPoint, UriField::BizLocation];
    fields
        .into_iter()
        .flat_map(|field| uris(field, event))
        .map(|text| key::uri(text, event.context()))
}

/// The number of a document that belongs to a location.
fn number_of(document: &str) -> Option<&str> {
    let (location, number) = document.strip_prefix(DOCUMENT)?.split_once(':')?;
    (!location.is_empty() && !number.is_empty()).then_some(number)
}

/// The terms of the places of an event.
pub(super) fn site_terms(event: &Event) -> impl Iterator<Item = Term> {
    places(event).map(|place| Term::of(TermField::Site, &epc::site_key(&place)))
}

/// The terms of a value of one of the lists of pairs, whatever its type.
pub(super) fn pair_facets(list: PairField, value: &str) -> Vec<Term> {
    match list {
        PairField::Source | PairField::Destination => vec![Term::of(TermField::Party, value)],
        PairField::BizTransaction => [Some(value), number_of(value)]
            .into_iter()
            .flatten()
            .map(|text| Term::of(TermField::Document, text))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::terms_of;

    fn event() -> Event {
        let json = r#"{"type":"ObjectEvent","eventTime":"2026-11-20T08:00:00Z","eventTimeZoneOffset":"+00:00",
            "action":"OBSERVE","epcList":["urn:epc:id:sgtin:4012345.011111.9876"],
            "readPoint":{"id":"urn:epc:id:sgln:4012345.00001.7"},
            "bizLocation":{"id":"https://id.gs1.org/414/4012345000023"},
            "bizTransactionList":[{"type":"po","bizTransaction":"urn:epcglobal:cbv:bt:4012345000016:4500018812"},
              {"bizTransaction":"urn:epc:id:gdti:4012345.11111.987"}],
            "sourceList":[{"type":"owning_party","source":"urn:epc:id:pgln:4012345.00000"}],
            "destinationList":[{"type":"location","destination":"urn:epc:id:sgln:4055555.00001.0"}]}"#;
        let limits = ledger::json::Limits { max_bytes: 10_000, max_depth: 8 };
        Event::of_record(ledger::json::parse(json.as_bytes(), &limits).unwrap()).unwrap()
    }

    #[test]
    fn an_event_has_a_facet_in_every_spelling_and_has_its_terms() {
        let event = event();
        let terms = terms_of(&event);
        let gln = format!("https://brand.example/414/{}", "4012345000016");
        for facet in [
            Facet::place("urn:epc:id:sgln:4012345.00001.7"),
            Facet::place(&gln),
            Facet::place("urn:epc:id:sgln:401234.500002.0"),
            Facet::party("https://x.example/417/4012345000009"),
            Facet::party("urn:epc:id:sgln:4055555.00001.0"),
            Facet::document("4500018812"),
            Facet::document("urn:epcglobal:cbv:bt:4012345000016:4500018812"),
            Facet::document("https://x.example/253/4012345111118987"),
        ] {
            assert!(facet.is_in(&event), "{facet:?}");
            assert!(facet.terms().iter().any(|term| terms.contains(term)), "{facet:?}");
        }
    }

    #[test]
    fn a_place_beside_it_another_party_and_a_part_of_a_number_are_not_in_it() {
        let event = event();
        for facet in [
            Facet::place("urn:epc:id:sgln:4012345.00001.8"),
            Facet::place("urn:epc:id:sgln:4012345.00003.0"),
            Facet::place("urn:epc:id:pgln:4012345.00000"),
            Facet::party("urn:epc:id:pgln:4012345.00001"),
            Facet::document("450001881"),
            Facet::document("4012345000016:4500018812"),
            Facet::stated_by("urn:epc:id:pgln:4012345.00000"),
            Facet::Hash("ni:///sha-256;00?ver=CBV2.0".to_owned()),
        ] {
            assert!(!facet.is_in(&event), "{facet:?}");
        }
    }

    #[test]
    fn more_transactions_than_an_index_keeps_are_found_all_the_same() {
        let mut json = event().into_json();
        let list = (0..400).map(|number| {
            ledger::json::object([("bizTransaction", format!("urn:doc:{number}").as_str().into())])
        });
        json.set("bizTransactionList", ledger::json::Json::Array(list.collect()));
        let event = Event::of_record(json).unwrap();
        let terms = terms_of(&event);
        for number in [0, 7, 399] {
            let facet = Facet::document(&format!("urn:doc:{number}"));
            assert!(facet.is_in(&event));
            assert!(facet.terms().iter().any(|term| terms.contains(term)), "{number}");
        }
    }
}
