//! Documents: the envelope, its header and its list of events, or a single event.
//!
//! Sources: EPCIS 1.2 section 9.3 and EPCIS 2.0 section 9.3 (XML), EPCIS 2.0 section 10 (JSON).

use ledger::json::{Json, object};

use super::event::event;
use super::header::{header, vocabulary_list};
use super::reading::{Members, Node, Reading, elements, is_standard};
use crate::event_kind::EventKind;

/// The address of the standard context, which every converted document names.
const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";

/// The JSON form of a whole document, and the version that it names.
pub(super) fn document(reading: &mut Reading, root: Node<'_>) -> (Json, String) {
    const EXPECTED: &str = "EPCISDocument, EPCISQueryDocument or a type of event";
    let name = root.tag_name().name();
    let is_event = EventKind::from_name(name).is_some();
    let (json, version) = match name {
        _ if !is_standard(root) => (Json::Null, String::new()),
        "EPCISDocument" | "EPCISQueryDocument" | "EPCISMasterDataDocument" => {
            envelope(reading, root)
        }
        _ if is_event => (single(reading, root), String::new()),
        _ => (Json::Null, String::new()),
    };
    let Json::Object(members) = json else {
        reading.problem(root, name, "is no document of events", EXPECTED);
        return (Json::Null, String::new());
    };
    let own = reading.names.own();
    let mut context = vec![Json::from(CONTEXT)];
    if !own.is_empty() {
        let prefixes = own.into_iter().map(|(prefix, namespace)| (prefix, Json::from(namespace)));
        context.push(object(prefixes));
    }
    let first = ("@context".to_owned(), Json::Array(context));
    (object(std::iter::once(first).chain(members)), version)
}

/// An event without a document. Some senders give it the attributes of one.
fn single(reading: &mut Reading, root: Node<'_>) -> Json {
    let mut json = event(reading, root);
    for name in ["schemaVersion", "creationDate"] {
        if json.remove(name).is_some() {
            reading.leave_out(name);
        }
    }
    json
}

fn envelope(reading: &mut Reading, root: Node<'_>) -> (Json, String) {
    let mut members = Members::default();
    members.add("type", Json::from(root.tag_name().name()));
    members.add("schemaVersion", Json::from("2.0"));
    let mut version = String::new();
    for (name, text, _) in reading.attributes(root) {
        if name == "schemaVersion" {
            version = text;
        } else {
            members.add(&name, Json::String(text));
        }
    }
    // 1.2 and its predecessors write `1`, `1.0`, `1.1` or `1.2`.
    if !matches!(version.split('.').next(), Some("1" | "2")) {
        let got = if version.is_empty() { "nothing" } else { &version };
        reading.problem(root, got, "not a supported schemaVersion", "1.0, 1.1, 1.2 or 2.0");
    }
    reading.fill(root, &mut members, &mut |reading, child, members| {
        match child.tag_name().name() {
            "EPCISHeader" => header(reading, child, members),
            "EPCISBody" => {
                let body = body(reading, child);
                members.add("epcisBody", body);
            }
            _ => return false,
        }
        true
    });
    (members.into_json(), version)
}

fn body(reading: &mut Reading, node: Node<'_>) -> Json {
    let mut members = Members::default();
    reading.fill_attributes(node, &mut members, |_, _, text| Json::from(text));
    reading.fill(node, &mut members, &mut |reading, child, members| {
        match child.tag_name().name() {
            "EventList" => {
                let events = events(reading, child);
                members.add("eventList", Json::Array(events));
            }
            "QueryResults" => {
                let results = query_results(reading, child);
                members.add("queryResults", results);
            }
            "VocabularyList" => {
                let list = vocabulary_list(reading, child);
                members.add("vocabularyList", list);
            }
            found => {
                reading.problem(child, found, "is no list of events", "EventList or QueryResults");
            }
        }
        true
    });
    members.into_json()
}

fn query_results(reading: &mut Reading, node: Node<'_>) -> Json {
    let mut members = Members::default();
    reading.fill(node, &mut members, &mut |reading, child, members| {
        let name = child.tag_name().name();
        match name {
            "queryName" | "subscriptionID" => {
                let text = reading.leaf(child);
                members.add(name, Json::String(text));
            }
            "resultsBody" => {
                let body = results_body(reading, child);
                members.add(name, body);
            }
            _ => return false,
        }
        true
    });
    members.into_json()
}

fn results_body(reading: &mut Reading, node: Node<'_>) -> Json {
    let mut members = Members::default();
    reading.fill(node, &mut members, &mut |reading, child, members| {
        match child.tag_name().name() {
            "EventList" => {
                let events = events(reading, child);
                members.add("eventList", Json::Array(events));
            }
            "VocabularyList" => {
                let list = vocabulary_list(reading, child);
                members.add("vocabularyList", list);
            }
            _ => return false,
        }
        true
    });
    members.into_json()
}

/// The events of a list. 1.2 wraps the types of events that came after 1.0.
fn events(reading: &mut Reading, list: Node<'_>) -> Vec<Json> {
    reading.no_text(list);
    reading.no_attributes(list);
    let mut all = Vec::new();
    for child in elements(list) {
        if is_standard(child) && child.tag_name().name() == "extension" {
            all.extend(events(reading, child));
        } else {
            all.push(event(reading, child));
        }
    }
    all
}
