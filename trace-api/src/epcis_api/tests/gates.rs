//! Every route with every role: what is answered is what `access::decide` says, and nothing else.
//!
//! What holds: a route that no line below says an act, or a reason, for fails the test.

use access::{Act, Decision, Grant, Identity, Means, PREFIX_BYTES, SECRET_BYTES, Scope, decide};

use super::*;
use crate::config::Rates;
use crate::epcis_api::PATHS;

const FACTORY: &str = "urn:epc:id:pgln:4012345.00000";
const PRODUCT: &str = "4012345";

/// What a path of the query interface lets somebody do.
fn act_of(path: &str) -> Act {
    match path {
        "/queries/{queryName}/subscriptions"
        | "/queries/{queryName}/subscriptions/{subscriptionID}" => Act::Subscribe,
        "/queries" | "/queries/{queryName}" => Act::ManageQueries,
        "/trace" => Act::Trace,
        "/master-data/{kind}" | "/master-data/{kind}/{id}" => Act::ReadMasterData,
        "/events"
        | "/events/{eventID}"
        | "/queries/{queryName}/events"
        | "/nextPageToken/{token}" => Act::QueryEvents,
        _ if [
            "/eventTypes",
            "/epcs",
            "/bizSteps",
            "/bizLocations",
            "/readPoints",
            "/dispositions",
        ]
        .iter()
        .any(|family| path.starts_with(family)) =>
        {
            Act::QueryEvents
        }
        _ => panic!("nothing says what {path} lets somebody do"),
    }
}

/// Why a path that is not of the query interface asks nobody who they are.
fn reason_of(path: &str) -> &'static str {
    match path {
        "/" | "/verify" | "/policy" | "/openapi.json" => "pages about the service itself",
        "/healthz" | "/readyz" | "/metrics" | "/deliveries" => {
            "no events, or the operator's address only"
        }
        "/.well-known/gs1resolver" => "what the resolver is",
        "/find" => "where a typed code leads, which asks no database",
        "/code" => "whose code was used first, to who has it, and no events",
        "/own" | "/own/item" | "/own/take" | "/own/passport" => {
            "whose an item is, to who has its code or a code of the owner, and no events"
        }
        "/tag-challenges" | "/tag-challenges/{id}" => {
            "the consumer's view of an item whose tag somebody holds before a reader"
        }
        "/report" | "/report/{receipt}" => {
            "what somebody wrote themselves, by their receipt, and no events"
        }
        "/{key}/{value}" | "/{compressed}" => "the consumer's view of whatever a code names",
        _ if path.starts_with("/01/") || path.starts_with("/items/") => {
            "the consumer's view of a thing that somebody holds in the hand"
        }
        _ if path.starts_with("/ledgers") => "proofs and checkpoints, which have no events",
        _ if path.starts_with("/assets/") => "scripts of the pages",
        _ => panic!("nothing says why {path} asks nobody who they are"),
    }
}

fn limits(role: Role) -> [Vec<String>; 3] {
    let texts = |text: &str| vec![text.to_owned()];
    match role {
        Role::Custodian => [vec![], texts(FACTORY), vec![]],
        Role::BrandOwner | Role::Regulator => [texts(PRODUCT), vec![], vec![]],
        Role::Operator | Role::Auditor => [vec![], vec![], vec![]],
    }
}

/// A key of the number with the role; stored, and revoked if that is asked for.
async fn key(scene: &Scene, number: u8, role: Role, (hours, is_revoked): (i64, bool)) -> String {
    let key = ApiKey::of([number; PREFIX_BYTES], [number; SECRET_BYTES]);
    let now = scene.state.clock.now();
    let [products, parties, jurisdictions] = limits(role);
    let stored = StoredKey {
        prefix: key.prefix().to_owned(),
        key_sha256: key.digest(),
        subject: format!("{}-{number}", role.name()),
        role: role.name().to_owned(),
        products,
        parties,
        jurisdictions,
        period: (None, None),
        created_at: now - SignedDuration::from_hours(48),
        expires_at: now + SignedDuration::from_hours(hours),
        revoked_at: None,
        last_used_at: None,
    };
    let store = async |tx: &sql::Transaction<'_>| {
        sql::access_keys::insert(tx, &stored).await?;
        if is_revoked {
            sql::access_keys::revoke(tx, &stored.prefix, now).await?;
        }
        Ok(())
    };
    scene.db.db().run_tx("test.key", store).await.expect("a key is stored");
    format!("Bearer {}", key.reveal())
}

/// What the one decision says of a role and an act.
fn is_allowed(role: Role, act: Act, scene: &Scene) -> bool {
    let scope = Scope::of_lists(limits(role).each_ref().map(Vec::as_slice), (None, None)).unwrap();
    let grants = vec![Grant::new(role, scope, None).unwrap()];
    let identity = Identity { subject: "x".to_owned(), means: Means::ApiKey, grants };
    matches!(decide(Some(&identity), act, scene.state.clock.now()), Decision::Allowed(_))
}

/// Every path with its methods.
fn routes() -> Vec<(&'static str, &'static str, Act)> {
    let trace = [("/trace", "GET, HEAD")];
    let all = PATHS.into_iter().chain(trace);
    all.map(|(path, methods)| (path, methods, act_of(path))).collect()
}

async fn scene(name: &str) -> Scene {
    let scene = Scene::with(name, &[]).await;
    scene.with_config(|config| {
        config.serve_queries = true;
        let (requests_per_minute, requests_per_second) = (1_000_000, 1_000_000);
        let unknown_per_minute = 1_000_000;
        config.rates = Rates { requests_per_minute, unknown_per_minute, requests_per_second };
    })
}

#[actix_web::test]
async fn every_route_answers_every_role_as_the_one_decision_says() {
    let scene = scene("gates_roles").await;
    let mut keys = Vec::new();
    for (number, role) in (10..).zip(Role::ALL) {
        keys.push((role, key(&scene, number, role, (1, false)).await));
    }
    let json = ("Content-Type", "application/json");
    let mut wrong = Vec::new();
    for (path, methods, act) in routes() {
        for method in methods.split(", ").filter(|method| *method != "OPTIONS") {
            for (role, header) in &keys {
                let (header, method) =
                    (("Authorization", header.as_str()), method.parse().unwrap());
                let path = path.replace(['{', '}'], "x");
                let answer =
                    ask(&scene.state, Audience::Public, &method, &path, &[header, json]).await;
                let status = answer.status.as_u16();
                let is_refused = status == 403;
                let is_right = status != 401 && is_refused != is_allowed(*role, act, &scene);
                if !is_right {
                    wrong.push(format!("{method} {path} as {}: {status}", role.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[actix_web::test]
async fn no_route_answers_a_key_that_expired_or_was_revoked_or_never_was() {
    let scene = scene("gates_ended").await;
    let expired = key(&scene, 20, Role::Auditor, (-1, false)).await;
    let revoked = key(&scene, 21, Role::Auditor, (1, true)).await;
    let never = ApiKey::of([22; PREFIX_BYTES], [22; SECRET_BYTES]);
    let never = format!("Bearer {}", never.reveal());
    for (path, methods, _) in routes() {
        for method in methods.split(", ").filter(|method| *method != "OPTIONS") {
            for header in [&expired, &revoked, &never, &"Bearer a.b.c".to_owned()] {
                let headers =
                    [("Authorization", header.as_str()), ("Content-Type", "application/json")];
                let (method, path) = (method.parse().unwrap(), path.replace(['{', '}'], "x"));
                let answer = ask(&scene.state, Audience::Public, &method, &path, &headers).await;
                assert_eq!(answer.status, 401, "{method} {path} {header}: {}", answer.body);
            }
        }
    }
}

#[test]
fn every_other_path_has_a_reason_why_nobody_is_asked() {
    for (path, _) in crate::http::PATHS.into_iter().filter(|(path, _)| *path != "/trace") {
        assert!(!reason_of(path).is_empty());
    }
}
