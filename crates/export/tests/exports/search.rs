//! Exports of what a search at the desk finds.

use export::pack::Outcome;
use export::request::{scope_of, still_sees};
use export::{Format, Options, Request};
use history::testing::ITEM;
use inquiry::read;
use jiff::tz::TimeZone;

use crate::pack::{checked, failures, forged};
use crate::scene::{SHOP_PARTY, Scene, everything, of_party};

/// The request for what was typed.
fn request(text: &str, format: Format) -> Request {
    let asked = read(text, &TimeZone::UTC).unwrap();
    let options = Options::default();
    Request::of_search(&asked.readings[0], asked.window, everything(), format, options).unwrap()
}

#[tokio::test]
async fn a_search_is_exported_with_its_days_and_states_itself() {
    let scene = Scene::journey("search_export").await;
    let count = async |text: &str| {
        let found = scene.export_at(&request(text, Format::EventsCsv), None).await.unwrap();
        found.1.counts.events
    };
    let item = format!("item:{}", epc::thing_key(ITEM));
    let all = count(&item).await;
    assert!((2..11).contains(&all), "{all}");
    assert!(count(&format!("{item} from:2026-11-22")).await < all);
    assert_eq!(count("place:9999999000003").await, 0);
    assert_eq!(count("all: from:2026-11-01").await, 11);
    let one = request(&item, Format::EventsCsv).to_json().canonical();
    assert!(one.contains(&item) && one.contains("\"query\":[]"), "{one}");
    assert_ne!(
        one,
        request(&format!("{item} from:2026-11-22"), Format::EventsCsv).to_json().canonical()
    );
}

#[tokio::test]
async fn a_pack_of_a_search_is_proved_and_an_event_that_the_search_does_not_find_refutes_it() {
    let scene = Scene::journey("search_pack").await;
    let item = format!("item:{}", epc::thing_key(ITEM));
    let (bytes, _) = scene.export_at(&request(&item, Format::Pack), None).await.unwrap();
    let report = checked(&bytes, &scene.policy_text);
    assert_eq!(report.outcome, Outcome::Proved, "{:#?}", report.checks);
    let other = forged(&bytes, |_, manifest| {
        let mut request = manifest.get("request").unwrap().clone();
        let mut search = request.get("search").unwrap().clone();
        let other = read("place:4099999000005", &TimeZone::UTC).unwrap().readings[0].text();
        search.set("for", other.as_str().into());
        request.set("search", search);
        let id = export::manifest::id_of(&request, manifest).to_string();
        manifest.set("request", request);
        manifest.set("id", id.as_str().into());
    });
    let report = checked(&other, &scene.policy_text);
    assert_eq!(report.outcome, Outcome::Refuted, "{:#?}", report.checks);
    assert!(failures(&report).contains("does not match the request"), "{}", failures(&report));
}

#[test]
fn whoever_lost_a_limit_does_not_see_what_was_exported_under_it() {
    // As a manifest that was stored is read again.
    let own = scope_of(&of_party(SHOP_PARTY)).canonical();
    let own = ledger::json::parse(own.as_bytes(), &ledger::json::Limits::default()).unwrap();
    assert!(still_sees(&of_party(SHOP_PARTY), &own) && still_sees(&everything(), &own));
    assert!(!still_sees(&of_party("urn:epc:id:pgln:4012345.00000"), &own));
    assert!(!still_sees(&of_party(SHOP_PARTY), &scope_of(&everything())));
    assert!(!still_sees(&of_party(SHOP_PARTY), &ledger::json::Json::Null));
}
