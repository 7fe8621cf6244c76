//! Terms: whatever a query selects has a term of each of its groups.

use std::cell::Cell;

use ledger::json::{Json, object};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::families::all_rows;
use super::spellings::THINGS;
use super::{NAMESPACE, Store, event, is_found, json, query, recorded};
use epcis::Event;
use epcis::query::{MOST_TERMS, MasterData, NoMasterData, Query, Term, terms_of};

/// Members of events, of which some are put together to one.
fn members() -> Vec<String> {
    let rows = all_rows();
    let mut members: Vec<String> =
        rows.iter().flat_map(|row| [row.2.clone(), row.3.clone()]).collect();
    for list in ["epcList", "childEPCs", "inputEPCList", "outputEPCList"] {
        members.extend(THINGS.iter().map(|(_, stated, _)| format!(r#""{list}":["{stated}"]"#)));
    }
    members.extend(THINGS.iter().map(|(asked, _, _)| {
        format!(r#""quantityList":[{{"epcClass":"{asked}","quantity":5,"uom":"CEL"}}]"#)
    }));
    members.extend(THINGS.iter().map(|(_, stated, _)| format!(r#""ex:f":"{stated}""#)));
    members.retain(|text| !text.is_empty());
    members
}

/// Parameters with their values.
fn parameters() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = all_rows().into_iter().map(|row| (row.0, row.1)).collect();
    for name in ["MATCH_epc", "MATCH_anyEPC", "MATCH_outputEPC", "MATCH_anyEPCClass"] {
        let of = |asked: &str| (name.to_owned(), format!(r#"["urn:x:1","{asked}"]"#));
        all.extend(THINGS.iter().map(|(asked, _, _)| of(asked)));
    }
    all.extend(THINGS.iter().map(|(asked, _, _)| ("EQ_ex:f".to_owned(), format!(r#""{asked}""#))));
    all
}

fn put_together(parts: &[String]) -> Event {
    let mut whole = event("").into_json();
    for part in parts {
        for (name, value) in json(&format!("{{{part}}}")).as_object().unwrap() {
            whole.set(name.as_str(), value.clone());
        }
    }
    Event::of_record(whole).unwrap()
}

fn asked(parameters: &[(String, String)]) -> Option<Query> {
    let context = ("@context".to_owned(), object([("ex", Json::from(NAMESPACE))]));
    let mut members = vec![context];
    for (name, value) in parameters {
        if members.iter().all(|(known, _)| known != name) {
            members.push((name.clone(), json(value)));
        }
    }
    // Two names of one parameter are refused.
    Query::from_json(&Json::Object(members)).ok()
}

#[test]
fn whatever_a_query_selects_is_found_by_its_terms_and_times() {
    let events = proptest::collection::vec(select(members()), 1..8);
    let queries = proptest::collection::vec(select(parameters()), 1..3);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config { cases: 6000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let (selected, narrowed) = (Cell::new(0), Cell::new(0));
    runner
        .run(&(events, queries), |(parts, parameters)| {
            let (event, query) = (put_together(&parts), asked(&parameters));
            let Some(query) = query else { return Ok(()) };
            let is_candidate = is_found(&query, &event);
            if query.matches(&event, recorded(), &Store) {
                selected.set(selected.get() + 1);
                prop_assert!(is_candidate, "{:?} {}", parameters, event.json().canonical());
            } else if !is_candidate {
                narrowed.set(narrowed.get() + 1);
            }
            Ok(())
        })
        .unwrap();
    // Otherwise the property would say nothing.
    assert!(selected.get() > 150, "{} selected", selected.get());
    assert!(narrowed.get() > 4000, "{} kept away by terms", narrowed.get());
}

#[test]
fn every_row_of_the_table_is_found_by_its_terms() {
    for (name, value, selected, _) in all_rows() {
        let query = query(&name, &value).unwrap();
        assert!(is_found(&query, &event(&selected)), "{name}");
    }
}

#[test]
fn an_event_with_very_many_fields_has_few_terms_and_is_found_by_each_of_its_fields() {
    let fields = (0..1000).map(|n| format!(r#""ex:f{n}":{{"ex:g{n}":"v{n}"}},"ex:h{n}":{n},"#));
    let more = (0..300).map(|n| format!(r#""ex:t{n}":"urn:x:{n}","#));
    let text: String = fields.chain(more).collect();
    let pairs: Vec<String> =
        (0..300).map(|n| format!(r#"{{"type":"po","bizTransaction":"urn:x:{n}"}}"#)).collect();
    let large = event(&format!(r#"{text}"bizTransactionList":[{}]"#, pairs.join(",")));
    let terms = terms_of(&large);
    assert!(terms.len() <= MOST_TERMS, "{} terms", terms.len());
    for n in [0, 1, 150, 299] {
        for (name, value) in [
            (format!("EXISTS_ex:f{n}"), "1".to_owned()),
            (format!("EQ_INNER_ex:g{n}"), format!(r#""v{n}""#)),
            (format!("GE_ex:h{n}"), n.to_string()),
            ("EQ_bizTransaction_po".to_owned(), format!(r#""urn:x:{n}""#)),
        ] {
            let query = query(&name, &value).unwrap();
            assert!(query.matches(&large, recorded(), &Store), "{name}");
            assert!(is_found(&query, &large), "{name}");
        }
    }
    let shipping = query("EQ_bizStep", r#""shipping""#).unwrap();
    assert!(!is_found(&shipping, &large), "a bizStep is not one of the bounded terms");
}

#[test]
fn the_terms_of_things_grow_with_what_is_new_in_each() {
    let things = |count: usize, of: &dyn Fn(usize) -> String| {
        let list: Vec<String> = (0..count).map(|n| format!(r#""{}""#, of(n))).collect();
        terms_of(&event(&format!(r#""epcList":[{}]"#, list.join(",")))).len()
    };
    let one_class = |n: usize| format!("urn:epc:id:sgtin:4012345.012345.{n}");
    assert_eq!(things(1700, &one_class) - things(1, &one_class), 1699);
    let classes = |n: usize| format!("urn:epc:id:sgtin:4012345.0{n:05}.1");
    assert!(things(100, &classes) - things(1, &classes) <= 99 * 7);
}

#[test]
fn terms_are_sorted_and_each_is_there_once_and_their_values_never_change() {
    let terms = terms_of(&event(
        r#""bizStep":"shipping","epcList":["urn:epc:id:sgtin:4012345.012345.1","urn:epc:id:sgtin:4012345.012345.2"]"#,
    ));
    assert!(terms.is_sorted());
    let mut once = terms.clone();
    once.dedup();
    assert_eq!(once, terms);
    // SHA-256 of `bizStep`, a zero byte and the web URI: an index that is stored depends on it.
    let text = "bizStep\0https://ref.gs1.org/cbv/BizStep-shipping";
    let hash = ledger::hash::sha256(text.as_bytes());
    let term = Term(u64::from_be_bytes(*hash.as_bytes().first_chunk().unwrap()));
    assert!(terms.contains(&term));
    assert_eq!(query("EQ_bizStep", r#""shipping""#).unwrap().groups(&NoMasterData), [[term]]);
}

#[test]
fn the_groups_that_narrow_furthest_come_first_and_one_that_nothing_can_have_is_empty() {
    let query = Query::from_pairs(
        &[
            ("eventType", "ObjectEvent"),
            ("EQ_bizStep", "shipping"),
            ("EQ_readPoint", "urn:epc:id:sgln:4012345.11111.1"),
            ("GT_value_CEL", "5"),
            ("LT_value_CEL", "8"),
            ("MATCH_epc", "urn:epc:id:sgtin:4012345.012345.1|urn:epc:id:sgtin:4012345.012345.2"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let groups = query.unwrap().groups(&NoMasterData);
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 1, 1, 1, 1], "both values of a sensor ask for one group");
    let own = super::query("eventType", r#"["https://maker.example/OwnEvent"]"#).unwrap();
    assert_eq!(own.groups(&NoMasterData), [Vec::<Term>::new()]);
    assert!(!own.matches(&event(""), recorded(), &NoMasterData));
}

/// Master data with very many places in one.
struct Wide;

impl MasterData for Wide {
    fn is_within(&self, _place: &str, _ancestor: &str) -> bool {
        true
    }

    fn descendants(&self, _place: &str) -> Vec<String> {
        (0..5000).map(|n| format!("urn:x:{n}")).collect()
    }

    fn attribute(&self, _of: &str, _name: &str) -> Option<String> {
        None
    }
}

#[test]
fn a_place_with_too_many_places_in_it_is_not_asked_for_by_terms() {
    let query = query("WD_readPoint", r#"["urn:x:all"]"#).unwrap();
    assert_eq!(query.groups(&Wide), Vec::<Vec<Term>>::new());
    let inside = event(r#""readPoint":{"id":"urn:x:4999"}"#);
    assert!(query.matches(&inside, recorded(), &Wide));
}

#[test]
fn members_that_only_a_ledger_writes_have_no_terms_and_can_be_asked_for() {
    let plain = event(r#""bizStep":"shipping""#);
    let recorded = event(r#""bizStep":"shipping","chopmark:evidence":"sha256:00""#);
    let without_id = |event: &Event| {
        let id = query("EQ_eventID", &format!(r#""{}""#, epcis::query::event_id_of(event)));
        let id = id.unwrap().groups(&NoMasterData).remove(0);
        terms_of(event).into_iter().filter(|term| !id.contains(term)).collect::<Vec<_>>()
    };
    assert_eq!(without_id(&plain), without_id(&recorded));
    let asked = query("EQ_chopmark:evidence", r#""sha256:00""#).unwrap();
    assert_eq!(asked.groups(&NoMasterData), Vec::<Vec<Term>>::new());
    assert!(super::selects(&asked, &recorded) && !super::selects(&asked, &plain));
    // A document may call its own namespace so.
    let own = event(r#""@context":{"chopmark":"https://maker.example/ns/"},"chopmark:f":"x""#);
    assert!(super::selects(&query("EQ_ex:f", r#""x""#).unwrap(), &own));
}
