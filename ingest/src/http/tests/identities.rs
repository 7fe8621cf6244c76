//! Who may state documents and see what became of them, by keys of `chopmark access`: for a party of theirs, and for no other.

use access::{
    Act, ApiKey, Grant, Identity, Means, PREFIX_BYTES, Role, SECRET_BYTES, Scope, decide,
};
use sql::access_keys::StoredKey;

use super::capture::{document, post};
use super::*;

/// The party whose ledger the scene writes, in another spelling than the configuration's.
const OWN: &str = "https://id.gs1.org/417/9521142000013";
const OTHER: &str = "urn:epc:id:pgln:9521143.00001";
const OTHER_ORIGIN: &str = "other.example/1";

async fn key(scene: &Scene, number: u8, role: Role, parties: &[&str]) -> ApiKey {
    let key = ApiKey::of([number; PREFIX_BYTES], [number; SECRET_BYTES]);
    let products = match role {
        Role::BrandOwner | Role::Regulator => vec!["9521141".to_owned()],
        _ => Vec::new(),
    };
    let stored = StoredKey {
        prefix: key.prefix().to_owned(),
        key_sha256: key.digest(),
        subject: "maker".to_owned(),
        role: role.name().to_owned(),
        products,
        parties: parties.iter().map(|&party| party.to_owned()).collect(),
        jurisdictions: Vec::new(),
        period: (None, None),
        created_at: start() - SignedDuration::from_hours(1),
        expires_at: start() + SignedDuration::from_hours(1),
        revoked_at: None,
        last_used_at: None,
    };
    let insert = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &stored).await;
    scene.db.db().run_tx("test.key", insert).await.unwrap();
    key
}

fn get(key: &str, path: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header(("Authorization", format!("Bearer {key}")))
}

async fn status(scene: &Scene, request: TestRequest) -> (u16, String) {
    let (status, _, body) = scene.send(request).await;
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[actix_web::test]
async fn a_key_captures_for_its_party_and_sees_its_own_jobs_only() {
    let scene = Scene::new("gate_capture").await;
    let key = key(&scene, 1, Role::Custodian, &[OWN]).await;
    let (status, headers, body) = scene.send(post(key.reveal(), &document(""))).await;
    assert_eq!(status, 202, "{body:?}");
    assert_eq!(scene.size().await, 1);
    let location = headers.get("Location").unwrap().to_str().unwrap();
    assert_eq!(scene.send(get(key.reveal(), location)).await.0, 200);
    // A partner of the configuration has the same name, and not the same jobs.
    assert_eq!(scene.send(get("maker-token", location)).await.0, 404);
    let stored = sql::access_keys::find(&scene.db.db(), key.prefix()).await.unwrap().unwrap();
    assert_eq!(stored.last_used_at, Some(start()));
}

#[actix_web::test]
async fn nobody_captures_for_a_party_of_another() {
    let scene = Scene::new("gate_other").await;
    let other = key(&scene, 1, Role::Custodian, &[OTHER]).await;
    let brand = key(&scene, 2, Role::BrandOwner, &[]).await;
    let own = key(&scene, 3, Role::Custodian, &[OWN]).await;
    for key in [&other, &brand] {
        let (status, why) = status(&scene, post(key.reveal(), &document(""))).await;
        assert_eq!(status, 403, "{why}");
        assert!(why.contains("was given no party whose ledger is written here"), "{why}");
    }
    let elsewhere =
        post(own.reveal(), &document("")).insert_header(("Chopmark-Ledger", OTHER_ORIGIN));
    let (code, why) = status(&scene, elsewhere).await;
    assert_eq!(code, 403, "{why}");
    let twice = post(own.reveal(), &document(""))
        .append_header(("Chopmark-Ledger", ORIGIN))
        .append_header(("Chopmark-Ledger", OTHER_ORIGIN));
    assert_eq!(status(&scene, twice).await.0, 400);
    assert_eq!(scene.size().await, 0);
    let named = post(own.reveal(), &document("")).insert_header(("Chopmark-Ledger", ORIGIN));
    assert_eq!(status(&scene, named).await.0, 202);
}

#[actix_web::test]
async fn a_revoked_expired_or_forged_key_is_a_stranger() {
    let scene = Scene::new("gate_ended").await;
    let revoked = key(&scene, 1, Role::Custodian, &[OWN]).await;
    let revoke = async |tx: &sql::Transaction<'_>| {
        sql::access_keys::revoke(tx, revoked.prefix(), start()).await
    };
    scene.db.db().run_tx("test.revoke", revoke).await.unwrap();
    let good = key(&scene, 2, Role::Custodian, &[OWN]).await;
    let forged = ApiKey::of([2; PREFIX_BYTES], [9; SECRET_BYTES]);
    for (key, words) in
        [(revoked.reveal(), "was revoked"), (forged.reveal(), "not known"), ("a.b.c", "no key")]
    {
        let (status, why) = status(&scene, post(key, &document(""))).await;
        assert_eq!(status, 401, "{why}");
        assert!(why.contains(words), "{words}: {why}");
    }
    let both = post(good.reveal(), &document("")).append_header(("Authorization", "Bearer x"));
    assert_eq!(status(&scene, both).await.0, 401, "two proofs");
    scene.state.clock.advance(std::time::Duration::from_hours(1));
    let (code, why) = status(&scene, post(good.reveal(), &document(""))).await;
    assert_eq!(code, 401, "{why}");
    assert!(why.contains("expired"), "{why}");
    assert_eq!(scene.size().await, 0);
    assert_eq!(scene.refused("capture", "not-admitted").await, 5);
}

/// What a method of a path lets somebody do; none if nobody is asked who they are.
fn act_of(method: &str, path: &str) -> Option<Act> {
    match (method, path) {
        ("post", "/capture" | "/events") => Some(Act::Capture),
        ("get", "/capture" | "/capture/{captureID}" | "/capture/{captureID}/document") => {
            Some(Act::ReadCaptures)
        }
        // What can be done here, what the process says of itself to its operator, and what bridges sign.
        ("options", _)
        | ("get", "/openapi.json" | "/healthz" | "/readyz" | "/metrics")
        | ("post", "/observations") => None,
        _ => panic!("nothing says what {method} {path} lets somebody do"),
    }
}

/// Every method of every path that is described, which `interface.rs` compares with what is answered.
fn routes() -> Vec<(String, String, Act)> {
    let described: serde_json::Value =
        serde_json::from_str(crate::http::INTERFACE.openapi).expect("JSON");
    let paths = described["paths"].as_object().expect("an object");
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("an object").keys();
        methods.filter_map(move |method| {
            let act = act_of(method, path)?;
            Some((method.to_uppercase(), path.replace(['{', '}'], "x"), act))
        })
    });
    all.collect()
}

#[actix_web::test]
async fn every_route_answers_every_role_as_the_one_decision_says() {
    let scene = Scene::new("gate_roles").await;
    for (number, role) in (1..).zip(Role::ALL) {
        let key = key(&scene, number, role, &[OWN]).await;
        let scope = Scope::default().with_party(OWN).unwrap().with_product("9521141").unwrap();
        let grants = vec![Grant::new(role, scope, None).unwrap()];
        let who = Identity { subject: "x".to_owned(), means: Means::ApiKey, grants };
        for (method, path, act) in &routes() {
            let may = matches!(decide(Some(&who), *act, start()), access::Decision::Allowed(_));
            // What must be recorded is not answered where there is no log of reads.
            let may = may && !role.is_recorded();
            let request = get(key.reveal(), path).method(method.parse().unwrap());
            let (status, body) = status(&scene, request.set_payload("{}")).await;
            assert_eq!(status == 403, !may, "{method} {path} as {}: {status} {body}", role.name());
            assert_ne!(status, 401, "{method} {path}: {body}");
        }
    }
}
