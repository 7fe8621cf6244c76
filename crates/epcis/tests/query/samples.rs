//! Events that GS1 published: each is selected by what it states.

use std::path::Path;

use epcis::query::{Query, Resource, event_id_of, resources_of};
use epcis::{Document, Event};
use ledger::json::{Json, Limits, object, parse};

use super::selects;

fn documents(folder: &Path, found: &mut Vec<Json>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "jsonld") {
            found.extend(parse(&std::fs::read(&path).unwrap(), &Limits::default()).ok());
        }
    }
}

/// Queries for what `event` states.
fn queries(event: &Event) -> Vec<(String, String)> {
    let mut queries = vec![("EQ_eventID".to_owned(), event_id_of(event))];
    for (resource, value) in resources_of(event) {
        let name = match resource {
            Resource::EventType => "eventType",
            Resource::Epc => "MATCH_anyEPC",
            Resource::BizStep => "EQ_bizStep",
            Resource::BizLocation => "EQ_bizLocation",
            Resource::ReadPoint => "EQ_readPoint",
            Resource::Disposition => "EQ_disposition",
        };
        queries.push((name.to_owned(), value));
    }
    for (list, pairs) in [
        ("bizTransaction", event.biz_transactions()),
        ("source", event.sources().into_iter().map(|(kind, value)| (Some(kind), value)).collect()),
        (
            "destination",
            event.destinations().into_iter().map(|(kind, value)| (Some(kind), value)).collect(),
        ),
    ] {
        for (kind, value) in pairs {
            queries.extend(kind.map(|kind| (format!("EQ_{list}_{kind}"), value)));
        }
    }
    let classes = event.quantity_list().into_iter();
    queries.extend(classes.map(|(class, _, _)| ("MATCH_epcClass".to_owned(), class)));
    let members = event.json().as_object().unwrap().iter();
    let extensions = members.filter(|(name, value)| {
        let is_filled = !["null", r#""""#, "[]", "{}"].contains(&value.canonical().as_str());
        event.context().split(name).is_some() && is_filled
    });
    queries.extend(extensions.map(|(name, _)| (format!("EXISTS_{name}"), String::new())));
    queries
}

#[test]
fn each_published_event_is_selected_by_each_thing_that_it_states() {
    let Some(folder) =
        foreign::folder("gs1-EPCIS", "published events, each found by what it states")
    else {
        return;
    };
    let mut found = Vec::new();
    documents(&folder.join("JSON"), &mut found);
    let (mut events, mut asked) = (0, 0);
    for event in
        found.into_iter().filter_map(Document::unchecked).flat_map(|one| one.events().to_vec())
    {
        events += 1;
        // `cbvmda` is the standard's own, whatever the document says that it is.
        let own = event.context().own().filter(|(prefix, _)| *prefix != "cbvmda");
        let prefixes = object(own.map(|(prefix, namespace)| (prefix, Json::from(namespace))));
        for (name, value) in queries(&event) {
            let context = ("@context".to_owned(), prefixes.canonical());
            let query = Query::from_pairs(&[context, (name.clone(), value.clone())]);
            // Some published identifiers have a wrong check digit.
            let Ok(query) = query.map_err(|problems| {
                assert!(problems.iter().all(|one| one.problem.contains("GS1 key")), "{problems:?}");
            }) else {
                continue;
            };
            assert!(selects(&query, &event), "{name}={value} {}", event.json().canonical());
            asked += 1;
        }
    }
    assert!(events > 50 && asked > 400, "{events} events, {asked} queries");
}
