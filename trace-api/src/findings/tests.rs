//! Findings over a real database: opened once, kept, resolved by the issuer alone, and no worse for deleted scans.

mod hints;

use std::time::Duration;

use actix_web::web::Data;
use history::findings::note_text;
use history::testing::{GTIN, ITEM, SERIAL, admin_key, rights, signed_note};
use ledger::json::{Json, object};
use ledger::keys::{SourceKey, SystemRandom};
use sql::Access;

use super::*;
use crate::config::Config;
use crate::testing::{JSON, Scene, commissioning, sale};

fn new_key() -> SourceKey {
    SourceKey::generate(&SystemRandom::new()).unwrap()
}

/// The same database and clock, with a directory in which `key` is an admin's of the issuer.
fn with_issuer(mut scene: Scene, key: &SourceKey) -> (Scene, Rights) {
    let mut rights = rights();
    let admins = vec![("ana".to_owned(), admin_key("ana", key))];
    assert!(rights.parties.edit("factory", |issuer| issuer.admins = admins));
    let (config, clock) = (Config::clone(&scene.state.config()), scene.state.clock.clone());
    let state = AppState::new(config, scene.db.db(), clock).with_rights(rights.clone());
    scene.state = Data::new(state);
    (scene, rights)
}

async fn verdict(scene: &Scene, headers: &[(&str, &str)]) -> String {
    let path = format!("/01/{GTIN}/21/{SERIAL}");
    let answer = scene.get(&path, &[&[JSON], headers].concat()).await;
    answer.json()["verdict"].as_str().unwrap_or_default().to_owned()
}

async fn verdict_from(scene: &Scene, network: u8) -> String {
    verdict(scene, &[("X-Forwarded-For", &format!("203.0.{network}.7"))]).await
}

/// So many networks after a sale open a finding.
const MANY: u8 = 9;

/// Scans a sold item from these networks, so that a finding is opened if they are many.
async fn provoke(scene: &Scene, networks: std::ops::Range<u8>) {
    for network in networks {
        verdict_from(scene, network).await;
    }
}

async fn stored(scene: &Scene) -> Vec<StoredFinding> {
    sql::findings::of_item(&scene.db, ITEM).await.unwrap()
}

fn note(id: u64, reason: &str, key: &SourceKey) -> String {
    let name = FindingName { id, item: ITEM };
    signed_note(&note_text(name, reason).unwrap(), "ana", key)
}

#[actix_web::test]
async fn a_finding_is_stored_once_with_its_evidence_and_names_nobody() {
    let scene = Scene::with("finding_evidence", &[commissioning(), sale(11)]).await;
    provoke(&scene, 0..MANY + 4).await;
    let found = stored(&scene).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].rule.as_str(), found[0].item.as_str()), ("many_networks", ITEM));
    let evidence: Value = serde_json::from_str(&found[0].evidence).unwrap();
    assert_eq!(evidence["networks"], MANY);
    assert_eq!(evidence["sale"], "2026-11-22T03:00:00Z");
    assert_eq!(evidence["firstScans"].as_array().map(Vec::len), Some(usize::from(MANY)));
    assert!(!found[0].evidence.contains("203."), "{}", found[0].evidence);
}

#[actix_web::test]
async fn two_places_leave_the_two_scans_as_evidence() {
    let scene = Scene::with("finding_places", &[commissioning()]).await;
    let scene = scene.with_config(|config| config.place_header = Some("x-place".into()));
    let place = |address, place| [("X-Forwarded-For", address), ("X-Place", place)];
    verdict(&scene, &place("203.0.113.8", "Shanghai;31.23;121.47;20")).await;
    scene.state.clock.advance(Duration::from_mins(40));
    let chengdu = place("198.51.100.9", "Chengdu;30.57;104.07;20");
    assert_eq!(verdict(&scene, &chengdu).await, "CONFLICT");
    let found = stored(&scene).await;
    let evidence: Value = serde_json::from_str(&found[0].evidence).unwrap();
    assert_eq!(found[0].rule, "impossible_travel");
    assert_eq!(evidence["speedKmh"], 2430.0);
    assert_eq!(evidence["scans"][0]["place"], "Shanghai");
    assert_eq!(evidence["scans"][1]["at"], "2026-11-23T08:40:00Z");
    // A person without a place, days later, still sees it.
    scene.state.clock.advance(Duration::from_hours(24 * 30));
    assert_eq!(verdict_from(&scene, 1).await, "CONFLICT");
}

#[actix_web::test]
async fn a_robot_opens_no_finding_and_fills_no_window() {
    let scene = Scene::with("finding_robots", &[commissioning(), sale(11)]).await;
    for network in 0..40 {
        let address = format!("203.0.{network}.7");
        let robot = [("X-Forwarded-For", &*address), ("User-Agent", "Googlebot/2.1")];
        assert_eq!(verdict(&scene, &robot).await, "SOLD");
    }
    provoke(&scene, 0..MANY - 1).await;
    assert!(stored(&scene).await.is_empty());
    assert_eq!(verdict_from(&scene, MANY - 1).await, "CONFLICT");
}

#[actix_web::test]
async fn the_issuer_resolves_a_finding_and_later_scans_can_open_another() {
    let key = new_key();
    let scene = Scene::with("finding_resolved", &[commissioning(), sale(11)]).await;
    let (scene, rights) = with_issuer(scene, &key);
    provoke(&scene, 0..MANY).await;
    let id = stored(&scene).await[0].id;
    assert_eq!(verdict_from(&scene, 0).await, "CONFLICT");
    scene.state.clock.advance(Duration::from_secs(1));
    let now = scene.state.clock.now();
    let resolution =
        resolve(&scene.db, &rights, &note(id, "a market test", &key), now).await.unwrap();
    assert_eq!((&*resolution.party, &*resolution.reason), ("factory", "a market test"));
    scene.state.clock.advance(Duration::from_mins(11));
    assert_eq!(verdict_from(&scene, 0).await, "SOLD", "the old scans do not count again");
    provoke(&scene, 1..MANY - 1).await;
    assert_eq!(verdict_from(&scene, MANY - 1).await, "CONFLICT", "many networks after it");
    assert_eq!(stored(&scene).await.len(), 2);
    let again = resolve(&scene.db, &rights, &note(id, "another reason", &key), now).await;
    assert!(matches!(again, Err(ResolveError::Resolved(_))), "{again:?}");
    let missing = resolve(&scene.db, &rights, &note(99, "why", &key), now).await;
    assert!(matches!(missing, Err(ResolveError::NotFound(99))), "{missing:?}");
}

#[actix_web::test]
async fn a_resolution_that_the_issuer_did_not_sign_changes_nothing_even_in_the_database() {
    let (key, stranger) = (new_key(), new_key());
    let scene = Scene::with("finding_forged", &[commissioning(), sale(11)]).await;
    let (scene, rights) = with_issuer(scene, &key);
    provoke(&scene, 0..MANY).await;
    let id = stored(&scene).await[0].id;
    let now = scene.state.clock.now();
    let refused = resolve(&scene.db, &rights, &note(id, "why", &stranger), now).await;
    assert!(matches!(refused, Err(ResolveError::Note(NoteProblem::NotTheIssuer { .. }))));
    // The owner of the database writes the row itself.
    let forged = Resolution {
        party: "factory".into(),
        reason: "why".into(),
        resolved_at: now,
        note: note(id, "why", &stranger),
    };
    let store = async |tx: &sql::Transaction<'_>| sql::findings::resolve(tx, id, &forged).await;
    assert!(scene.db.run_tx("test.forge", store).await.unwrap());
    assert_eq!(verdict_from(&scene, 0).await, "CONFLICT");
}

#[actix_web::test]
async fn a_second_sale_is_settled_by_a_correction_and_is_no_finding() {
    let events = [commissioning(), sale(10), sale(11)];
    let scene = Scene::with("finding_sales", &events).await;
    let robot = [("User-Agent", "curl/8.5")];
    assert_eq!(verdict(&scene, &robot).await, "CONFLICT", "whoever asks");
    assert!(stored(&scene).await.is_empty());
    let wrong = object([
        ("declarationTime", Json::from("2026-11-22T05:00:00Z")),
        ("reason", Json::from("did_not_occur")),
    ]);
    let correction = sale(11).with("errorDeclaration", wrong);
    scene.site.append(&[correction], "2026-11-22T05:00:00Z").await;
    assert_eq!(verdict(&scene, &robot).await, "SOLD");
    scene.site.append(&[sale(13)], "2026-11-22T06:00:00Z").await;
    assert_eq!(verdict(&scene, &robot).await, "CONFLICT", "a third one");
    assert!(stored(&scene).await.is_empty());
}

#[actix_web::test]
async fn scans_are_deleted_after_the_configured_days_and_findings_and_proofs_stay() {
    let scene = Scene::with("finding_deleted", &[commissioning(), sale(11)]).await;
    let scene = scene.with_config(|config| config.keep_scans_days = 30);
    // Deleting is measured by the database's clock, so the test takes place in the past of it.
    let shift = scene.state.clock.now().duration_since(Timestamp::now());
    if let Ok(ahead) = Duration::try_from(-shift) {
        scene.state.clock.advance(ahead);
    }
    let sold_at = scene.state.clock.now();
    let old = |days: i64| sold_at - SignedDuration::from_hours(24 * days);
    for (network, days) in [(1, 40), (2, 35), (3, 20), (4, 1)] {
        let request = ScanRequest {
            at: old(days),
            role: ScanRole::Consumer,
            place: None,
            country: None,
            address: std::net::IpAddr::from([203, 0, network, 7]),
            agent: "Phone".into(),
            target: String::new(),
        };
        let scan = request.scan(ITEM, request.marks(ITEM, &scene.state.mark_keys), "SOLD");
        let stored = sql::scans::insert(&scene.db, &[scan], SignedDuration::from_mins(10)).await;
        assert_eq!(stored.unwrap(), [0]);
    }
    let evidence = Evidence::ManyNetworks { sale: old(41), first_scans: vec![old(40); 4] };
    let finding = NewFinding {
        item: ITEM,
        rule: "many_networks",
        evidence: &to_json(&evidence).to_string(),
        opened_at: old(35),
        last_known: 0,
    };
    let open = async |tx: &sql::Transaction<'_>| sql::findings::open(tx, &finding).await;
    assert!(scene.db.run_tx("test.finding", open).await.unwrap());
    // As the process does it, with its own rights.
    let own = scene.db.db_as(Access::TraceApi).await;
    let state = AppState::new(Config::clone(&scene.state.config()), own, scene.state.clock.clone());
    assert_eq!(crate::delete_old_scans(&state).await.unwrap(), 2);
    assert_eq!(crate::delete_old_scans(&state).await.unwrap(), 0);
    assert_eq!(sql::scans::of_item(&scene.db, ITEM).await.unwrap().len(), 2);
    assert_eq!(verdict_from(&scene, 9).await, "CONFLICT");
    assert_eq!(stored(&scene).await[0].evidence, finding.evidence);
    let proof = scene.get(&format!("/items/{ITEM}/bundle"), &[]).await;
    let report = ledger::bundle::verify(proof.body.as_bytes(), &scene.state.config().policy);
    assert_eq!(report.outcome, ledger::bundle::Outcome::Proved, "{report:?}");
}
