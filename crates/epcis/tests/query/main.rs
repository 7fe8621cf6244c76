//! Tests of the query language: what each parameter selects, what is refused, and the terms of an index.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

mod decimal;
mod families;
mod order;
mod problems;
mod samples;
mod spellings;
mod table;
mod terms;
mod translate;

use jiff::Timestamp;
use ledger::json::{Json, Limits, object, parse};

use epcis::Event;
use epcis::query::{MasterData, Query, QueryProblem, extensions, terms_of};

/// The namespace of the prefix `ex` in the events of these tests.
const NAMESPACE: &str = "https://maker.example/ns/";

fn json(text: &str) -> Json {
    parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// An event that observes nothing in particular, with `members` in addition or instead.
///
/// - `members`: JSON members without braces.
fn event(members: &str) -> Event {
    let mut all = json(
        r#"{"@context":{"ex":"https://maker.example/ns/"},"type":"ObjectEvent","action":"OBSERVE",
            "eventTime":"2026-05-05T12:00:00.000+02:00","eventTimeZoneOffset":"+02:00","epcList":[]}"#,
    );
    for (name, value) in json(&format!("{{{members}}}")).as_object().unwrap() {
        all.set(name.as_str(), value.clone());
    }
    Event::of_record(all).unwrap()
}

/// A query of one parameter in JSON, with the prefix `ex`.
fn query(name: &str, value: &str) -> Result<Query, Vec<QueryProblem>> {
    Query::from_json(&object([
        ("@context".to_owned(), object([("ex", Json::from(NAMESPACE))])),
        (name.to_owned(), json(value)),
    ]))
}

/// The same as a URL has it: lists between `|`, without quotes.
fn from_url(name: &str, value: &str) -> Result<Query, Vec<QueryProblem>> {
    let plain = |json: &Json| match json {
        Json::String(text) => text.clone(),
        other => other.canonical(),
    };
    let value = json(value);
    let text = match &value {
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join("|"),
        other => plain(other),
    };
    let context = extensions(&format!("ex={NAMESPACE}"))?;
    Query::from_pairs_within(&[(name.to_owned(), text)], &context)
}

/// When the events of these tests are recorded.
fn recorded() -> Timestamp {
    "2026-05-05T11:00:00Z".parse().unwrap()
}

/// A store with two doors, and attributes of some things.
struct Store;

const STORE: &str = "https://id.gs1.org/414/4012345111118";
const DOORS: [&str; 2] =
    ["https://id.gs1.org/414/4012345111118/254/1", "https://id.gs1.org/414/4012345111118/254/2"];

impl MasterData for Store {
    fn is_within(&self, place: &str, ancestor: &str) -> bool {
        ancestor == STORE && DOORS.contains(&place)
    }

    fn descendants(&self, place: &str) -> Vec<String> {
        if place == STORE { DOORS.map(str::to_owned).to_vec() } else { Vec::new() }
    }

    fn attribute(&self, of: &str, name: &str) -> Option<String> {
        let value = match (of, name) {
            (STORE, "urn:epcglobal:cbv:mda:countryCode") => "CN",
            ("https://id.gs1.org/01/04012345123456", "colour") => "red",
            ("https://maker.example/ns/hall", "colour") => "blue",
            _ => return None,
        };
        Some(value.to_owned())
    }
}

fn selects(query: &Query, event: &Event) -> bool {
    let does = query.matches(event, recorded(), &Store);
    if does {
        assert!(
            is_found(query, event),
            "not found by its terms: {query:?} {}",
            event.json().canonical()
        );
    }
    does
}

/// Whether an index would find `event` among the candidates of `query`.
fn is_found(query: &Query, event: &Event) -> bool {
    let own = terms_of(event);
    let is_in = |from: Option<Timestamp>, until: Option<Timestamp>, time: Timestamp| {
        from.is_none_or(|from| time >= from) && until.is_none_or(|until| time < until)
    };
    let (from, until) = query.event_time();
    let (since, before) = query.record_time();
    query.groups(&Store).iter().all(|group| group.iter().any(|term| own.contains(term)))
        && is_in(from, until, event.event_time())
        && is_in(since, before, recorded())
}
