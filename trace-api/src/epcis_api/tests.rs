//! What a partner gets from the query interface, and what nobody gets, over the product's own projector and a real database.

mod answers;
mod erased;
mod gates;
mod master_data;
mod paging;
mod socket;
mod stored;
mod subscriptions;
mod xml;

use access::{ApiKey, Role};
use actix_web::http::Method;
use actix_web::web::Data;
use history::testing::{EventDraft, object_event, rights};
use jiff::SignedDuration;
use process::CrashPoints;
use serde_json::Value;
use sql::access_keys::StoredKey;

use crate::config::Config;
use crate::state::{AppState, Audience};
use crate::testing::{Answer, Scene, ask, journey};

/// Somebody who sees everything and changes nothing.
pub const AUDITOR: (&str, &str) =
    ("Authorization", "Bearer chm_AQEBAQEB_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE");
/// The party that states all events of the tests.
pub const FACTORY_KEY: (&str, &str) =
    ("Authorization", "Bearer chm_AgICAgIC_AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI");
/// A party that no event names.
pub const STRANGER: (&str, &str) =
    ("Authorization", "Bearer chm_AwMDAwMD_AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM");
/// Somebody whose reads must be recorded.
pub const REGULATOR: (&str, &str) =
    ("Authorization", "Bearer chm_BAQEBAQE_BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ");

/// Another key with an auditor's rights.
pub const AUDITOR_2: (&str, &str) =
    ("Authorization", "Bearer chm_BQUFBQUF_BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU");

/// Stores the keys of those who ask in the tests.
async fn store_keys(scene: &Scene) {
    let (factory, other) = ("urn:epc:id:pgln:4012345.00000", "urn:epc:id:pgln:4055555.00000");
    let now = scene.state.clock.now();
    for (header, subject, role, party) in [
        (AUDITOR, "auditor", Role::Auditor, None),
        (AUDITOR_2, "auditor2", Role::Auditor, None),
        (FACTORY_KEY, "factory", Role::Custodian, Some(factory)),
        (STRANGER, "stranger", Role::Custodian, Some(other)),
        (REGULATOR, "regulator", Role::Regulator, Some(factory)),
    ] {
        let key = ApiKey::parse(header.1.trim_start_matches("Bearer ")).expect("a key");
        let stored = StoredKey {
            prefix: key.prefix().to_owned(),
            key_sha256: key.digest(),
            subject: subject.to_owned(),
            role: role.name().to_owned(),
            products: vec![],
            parties: party.map(str::to_owned).into_iter().collect(),
            jurisdictions: vec![],
            period: (None, None),
            created_at: now - SignedDuration::from_hours(1),
            expires_at: now + SignedDuration::from_hours(24 * 365),
            revoked_at: None,
            last_used_at: None,
        };
        let insert = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &stored).await;
        scene.db.db().run_tx("test.key", insert).await.expect("a key is stored");
    }
}

/// The journey of the tests, projected, with queries served at the public address.
pub async fn partner_scene(name: &str) -> Scene {
    let scene = Scene::with(name, &with_ids(journey())).await;
    let mut config = Config::clone(&scene.state.config());
    config.serve_queries = true;
    config.webhook_networks = vec!["127.0.0.1".parse().expect("an address")];
    let state =
        AppState::new(config, scene.db.db(), scene.state.clock.clone()).with_rights(rights());
    store_keys(&scene).await;
    let scene = Scene { state: Data::new(state), ..scene };
    project(&scene).await;
    scene
}

/// The events with an id and the members that the standard's schema needs.
pub fn with_ids(events: Vec<EventDraft>) -> Vec<EventDraft> {
    let events = events.into_iter().enumerate();
    let events = events.map(|(number, event)| {
        complete(event, &format!("urn:uuid:00000000-0000-4000-8000-{number:012}"))
    });
    events.collect()
}

/// An event with an id, an offset, and who stated it.
pub fn complete(event: EventDraft, id: &str) -> EventDraft {
    let by = ledger::json::object(
        [("name", "Factory"), ("pgln", "urn:epc:id:pgln:4012345.00000")]
            .map(|(n, v)| (n, v.into())),
    );
    event
        .with("eventID", id.into())
        .with("eventTimeZoneOffset", "+08:00".into())
        .with("chopmark:by", by)
}

/// A further event of the item.
pub fn further(number: usize) -> EventDraft {
    let at = format!("2026-11-22T12:{:02}:{:02}.000+08:00", number / 60, number % 60);
    complete(
        object_event(&at, "storing"),
        &format!("urn:uuid:10000000-0000-4000-8000-{number:012}"),
    )
}

/// Projects what is committed.
pub async fn project(scene: &Scene) {
    let crash = CrashPoints::default();
    while crate::projector::project_once(&scene.db, &crash).await.expect("projected").records > 0 {}
}

/// Asks as somebody.
pub async fn get_as(scene: &Scene, who: (&str, &str), path: &str) -> Answer {
    ask(&scene.state, Audience::Public, &Method::GET, path, &[who]).await
}

/// The events of an answer.
pub fn events_of(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let document = answer.json();
    document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        .as_array()
        .expect("a list")
        .clone()
}

/// The ids of the events of an answer.
pub fn ids_of(answer: &Answer) -> Vec<String> {
    events_of(answer)
        .iter()
        .map(|event| event["eventID"].as_str().expect("an id").to_owned())
        .collect()
}

/// The path of the next page.
pub fn next_of(answer: &Answer) -> Option<String> {
    let link = answer.header("link");
    let url = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    assert!(!answer.header("gs1-next-page-token-expires").is_empty());
    url.strip_prefix("https://trace.example").map(str::to_owned)
}
