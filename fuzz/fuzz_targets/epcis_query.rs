//! Queries for events: parameters of a URL or JSON, and the event after them.
//!
//! An input is `name=value` lines, an empty line, and an event or the JSON of a query.
#![no_main]

use std::collections::BTreeSet;

use epc::{PrefixTable, thing_key};
use epcis::Event;
use epcis::query::translate::{EpcFormat, translated};
use epcis::query::{
    MOST_TERMS, NoMasterData, Query, QueryProblem, Resource, event_id_of, resources_of, terms_of,
};
use jiff::Timestamp;
use ledger::json::{Json, Limits, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (lines, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let pairs: Vec<(String, String)> = lines
        .lines()
        .map(|line| line.split_once('=').unwrap_or((line, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let json = parse(rest.as_bytes(), &Limits::default()).unwrap_or(Json::Null);
    let event = Event::of_record(json.clone());
    for query in [Query::from_pairs(&pairs), Query::from_json(&json)] {
        match query {
            Ok(query) => check(&query, event.as_ref()),
            Err(problems) => refused(&problems),
        }
    }
    if let Some(event) = &event {
        let terms = terms_of(event);
        assert!(terms.is_sorted() && !terms.is_empty());
        // A thing has its key, its class, its scheme and 7 lengths of its prefix.
        assert!(terms.len() <= MOST_TERMS + rest.len() * 10);
        assert!(!event_id_of(event).is_empty() || event.event_id() == Some(""));
        assert!(!resources_of(event).is_empty());
        for format in EpcFormat::ALL {
            let other = translated(event, format, &PrefixTable::new(["4012345", "061414"]));
            let other = Event::of_record(other.json).expect("an event stays one");
            assert_eq!(things(&other), things(event), "{}", format.name());
        }
    }
});

fn check(query: &Query, event: Option<&Event>) {
    let groups = query.groups(&NoMasterData);
    assert!(groups.iter().all(|group| group.is_sorted()));
    let Some(event) = event else { return };
    let at = Timestamp::UNIX_EPOCH;
    let _ = query.sort_key(event, at);
    if query.matches(event, at, &NoMasterData) {
        let terms = terms_of(event);
        let is_found = groups.iter().all(|group| group.iter().any(|term| terms.contains(term)));
        assert!(is_found, "{query:?} selects what its terms do not find");
        let (from, until) = query.event_time();
        assert!(from.is_none_or(|from| event.event_time() >= from));
        assert!(until.is_none_or(|until| event.event_time() < until));
    }
}

/// What the event names, whatever the spelling.
fn things(event: &Event) -> Vec<(Resource, String)> {
    let all = resources_of(event).into_iter();
    let all: BTreeSet<_> = all.map(|(resource, text)| (resource, thing_key(&text))).collect();
    all.into_iter().collect()
}

fn refused(problems: &[QueryProblem]) {
    assert!((1..=100).contains(&problems.len()));
    for problem in problems {
        assert!(!problem.problem.is_empty() && !problem.expected.is_empty());
        fuzz::contract::reason(&problem.to_string());
    }
}
