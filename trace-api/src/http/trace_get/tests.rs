//! Traces over HTTP: what is answered, page by page, and what is refused.

use actix_web::http::Method;
use history::testing::{CASE, EventDraft, ITEM, LOT, PALLET, object_event, packing_event};
use process::CrashPoints;
use serde_json::Value;

use crate::projector::project_once;
use crate::state::Audience;
use crate::testing::{SITE, Scene, ask};

async fn projected(name: &str) -> Scene {
    let scene = Scene::journey(name).await;
    while project_once(&scene.db, &CrashPoints::none()).await.unwrap().records > 0 {}
    scene
}

async fn traced(scene: &Scene, query: &str) -> Value {
    let answer = scene.get_as_operator(&format!("/trace?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn lines(document: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let links = document["links"].as_array().unwrap().iter();
    links
        .map(|link| (text(&link["from"]), text(&link["to"]), link["depth"].as_u64().unwrap()))
        .collect()
}

#[actix_web::test]
async fn a_lot_is_followed_to_its_items_their_cases_and_pallets_and_back_again() {
    let scene = projected("trace_lot").await;
    let forward = traced(&scene, &format!("lot={LOT}")).await;
    let own = |text: &str| text.to_owned();
    let expected =
        [(own(LOT), own(ITEM), 1), (own(ITEM), own(CASE), 2), (own(CASE), own(PALLET), 3)];
    assert_eq!(lines(&forward), expected);
    assert_eq!(forward["things"], 3);
    assert_eq!((forward["hidden"].as_u64(), forward["isCut"].as_bool()), (Some(0), Some(false)));
    let stay = &forward["links"][1];
    assert_eq!(stay["kind"], "containment");
    assert_eq!(stay["since"], "2026-11-20T01:00:00Z");
    assert_eq!(stay["until"], "2026-11-22T01:00:00Z");
    assert_eq!((&stay["begunBy"]["ledger"], &stay["begunBy"]["index"]), (&SITE.into(), &1.into()));
    assert_eq!(stay["endedBy"]["index"], 9);
    let back = traced(&scene, &format!("epc={PALLET}&direction=back")).await;
    assert_eq!(lines(&back).len(), 3);
    let around = traced(&scene, &format!("epc={CASE}&direction=neighbourhood")).await;
    assert_eq!(lines(&around).len(), 2, "one level without saying so");
    let near = traced(&scene, &format!("lot={LOT}&depth=2")).await;
    assert_eq!((lines(&near).len(), near["isCut"].as_bool()), (2, Some(false)));
}

#[actix_web::test]
async fn pages_give_every_line_once_and_stay_as_they_are() {
    let scene = projected("trace_pages").await;
    let whole = lines(&traced(&scene, &format!("lot={LOT}")).await);
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = traced(&scene, &format!("lot={LOT}&perPage=1{token}")).await;
        all.extend(lines(&page));
        let Some(next) = page["nextPageToken"].as_str() else { break };
        token = format!("&nextPageToken={next}");
    }
    assert_eq!(all, whole);
    // After the projection was begun anew a page of before cannot be gone on with.
    scene.db.run_tx("test.clear", async |tx| sql::events::clear(tx).await).await.unwrap();
    let answer = scene.get_as_operator(&format!("/trace?lot={LOT}{token}")).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}

#[actix_web::test]
async fn a_record_that_was_altered_is_not_shown_and_is_counted() {
    let scene = projected("trace_altered").await;
    let altered = sql::testing::alter_record_as_owner(&scene.db, SITE, 2, CASE, ITEM).await;
    altered.unwrap();
    let forward = traced(&scene, &format!("lot={LOT}")).await;
    assert_eq!(lines(&forward).len(), 2, "the case is nowhere: {forward}");
    assert_eq!(scene.state.projection.faults.get(), 1);
}

#[actix_web::test]
async fn what_is_asked_for_wrongly_is_named_and_the_public_is_not_answered() {
    let scene = projected("trace_problems").await;
    for (query, part) in [
        ("", "got neither `epc` nor `lot`"),
        ("epc=urn:x&lot=urn:y", "got `epc` and `lot`"),
        ("lot=urn:epc:id:sgtin:4012345.011111.1", "expected the class of a lot"),
        ("epc=7", "expected a URI"),
        ("epc=urn:x&epc=urn:y", "`epc` more than once"),
        ("epc=urn:x&depth=1&depth=1", "`depth` more than once"),
        ("epc=urn:x&depth=99999999999999999999", "expected a whole number from 1 to 20"),
        ("epc=urn:x&direction=up", "got `up`, expected back, forward or neighbourhood"),
        ("epc=urn:x&depth=0", "got `0`, expected a whole number from 1 to 20"),
        ("epc=urn:x&perPage=+1", "expected a whole number from 1 to 100000"),
        ("epc=urn:x&nextPageToken=1.2", "expected one that an answer gave"),
        ("epc=urn:x&nextPageToken=1.2.99999999999999999999", "expected one that an answer gave"),
    ] {
        let answer = scene.get_as_operator(&format!("/trace?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{query}: {detail}");
    }
    let unknown = traced(&scene, "epc=urn:epc:id:sgtin:4012345.011111.404").await;
    assert_eq!((lines(&unknown).len(), unknown["things"].as_u64()), (0, Some(0)));
    let public = ask(&scene.state, Audience::Public, &Method::GET, "/trace?epc=urn:x", &[]).await;
    assert_eq!(public.status, 404);
}

/// Events of a lot of 100,000 items: made by thousands, packed into cases of 2,000, these onto pallets of 10.
fn large_lot() -> Vec<EventDraft> {
    let item = |number: usize| format!("urn:epc:id:sgtin:4012345.011111.{number}");
    let case = |number: usize| format!("urn:epc:id:sscc:4012345.3{number:09}");
    let named = |all: std::ops::Range<usize>, name: &dyn Fn(usize) -> String| -> Vec<String> {
        all.map(name).collect()
    };
    let mut drafts = Vec::new();
    for part in 0..100 {
        let items = named(part * 1_000..(part + 1) * 1_000, &item);
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        let made = object_event("2026-11-20T08:00:00Z", "commissioning").of(&items);
        drafts.push(made.lot("L1", "2099-12-31"));
    }
    for part in 0..50 {
        let items = named(part * 2_000..(part + 1) * 2_000, &item);
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        drafts.push(packing_event("2026-11-20T09:00:00Z", "ADD", &case(part), &items));
    }
    for part in 0..5 {
        let cases = named(part * 10..(part + 1) * 10, &case);
        let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
        let pallet = format!("urn:epc:id:sscc:4012345.4{part:09}");
        drafts.push(packing_event("2026-11-20T10:00:00Z", "ADD", &pallet, &cases));
    }
    drafts
}

#[actix_web::test]
async fn a_lot_of_a_hundred_thousand_items_is_followed_whole() {
    let scene = Scene::with("trace_large", &large_lot()).await;
    let begun = std::time::Instant::now();
    while project_once(&scene.db, &CrashPoints::none()).await.unwrap().records > 0 {}
    let projected = begun.elapsed();
    let begun = std::time::Instant::now();
    let page = traced(&scene, &format!("lot={LOT}&perPage=10")).await;
    // How long it takes is measured by the bench; here it is only said.
    let (took, lines) = (begun.elapsed(), &page["lines"]);
    eprintln!("projected in {projected:?}; {lines} lines in {took:?}");
    assert_eq!(page["things"], 100_000 + 50 + 5);
    assert_eq!((page["lines"].as_u64(), page["isCut"].as_bool()), (Some(200_050), Some(false)));
}
