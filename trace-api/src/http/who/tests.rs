//! Keys that open a door and those that do not, and that what must be recorded is recorded before it is answered.

use access::{ApiKey, PREFIX_BYTES, Role, SECRET_BYTES};
use actix_web::test::TestRequest;
use gate::read_log;
use jiff::{SignedDuration, Timestamp};
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::policy::Policy;
use sql::access_keys::StoredKey;
use sql::testing::TestDb;
use std::sync::Arc;

use super::*;
use crate::testing::{config, state};

const LOG: &str = "reads.example/log";
const ASKED: (Act, &str) = (Act::QueryEvents, "GET /events");

/// An installation with one key.
struct Scene {
    db: TestDb,
    state: actix_web::web::Data<AppState>,
    keys: Arc<LedgerKeys>,
    key: ApiKey,
}

fn stored(key: &ApiKey, role: Role, now: Timestamp) -> StoredKey {
    StoredKey {
        prefix: key.prefix().to_owned(),
        key_sha256: key.digest(),
        subject: "food-authority/lee".to_owned(),
        role: role.name().to_owned(),
        products: vec!["9521141".to_owned()],
        parties: vec![],
        jurisdictions: vec![],
        period: (None, None),
        created_at: now - SignedDuration::from_hours(1),
        expires_at: now + SignedDuration::from_hours(1),
        revoked_at: None,
        last_used_at: None,
    }
}

impl Scene {
    async fn with(name: &str, role: Role) -> Self {
        let db = TestDb::migrated(name).await;
        let keys = Arc::new(LedgerKeys::generate(LOG, &SystemRandom::new()).unwrap());
        let mut config = config(String::new());
        let party = "Food Authority".to_owned();
        config.read_log =
            Some(read_log::Settings { origin: LOG.to_owned(), party, keys: keys.clone() });
        let state = state(db.db(), config);
        let key = ApiKey::of([1; PREFIX_BYTES], [2; SECRET_BYTES]);
        let stored = stored(&key, role, state.clock.now());
        let insert = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &stored).await;
        db.db().run_tx("test.key", insert).await.unwrap();
        Self { db, state, keys, key }
    }

    fn request(&self) -> TestRequest {
        let value = format!("Bearer {}", self.key.reveal());
        TestRequest::get().insert_header(("Authorization", value))
    }

    /// The records of the log, each proved to be in its signed checkpoint.
    async fn log(&self) -> Vec<ledger::json::Json> {
        let db = self.db.db();
        let Some(row) = sql::ledgers::find(&db, LOG).await.unwrap() else { return Vec::new() };
        let keys = self.keys.verifier_keys();
        let lines: Vec<String> = keys.iter().map(|key| format!("log {key}")).collect();
        let policy: Policy = lines.join("\n").parse().unwrap();
        let latest = sql::ledgers::latest_checkpoint(&db, row.id).await.unwrap().unwrap();
        let opened = policy.open_checkpoint(LOG, &latest.note).unwrap();
        let mut tree = ledger::tree::Frontier::default();
        let mut records = Vec::new();
        sql::ledgers::for_each_record(&db, row.id, async |stored| {
            let record = ledger::record::Record::parse(&stored.text).unwrap();
            let leaf = record.leaf_hash(&stored.secret.unwrap());
            tree.extend([leaf]);
            records.push(record.json().clone());
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!((tree.size(), tree.root()), (opened.size, opened.root));
        records
    }
}

async fn refusal(scene: &Scene, request: TestRequest) -> String {
    match identify(&scene.state, &request.to_http_request()).await {
        Err(Problem::NotIdentified(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn a_key_identifies_its_holder_within_its_limits_and_its_use_is_noted() {
    let scene = Scene::with("who_key", Role::BrandOwner).await;
    let request = scene.request().to_http_request();
    let (identity, sight) = allowed(&scene.state, &request, Act::QueryEvents).await.unwrap();
    assert_eq!(identity.subject, "food-authority/lee");
    assert!(!sight.is_recorded());
    let stored = sql::access_keys::find(&scene.db.db(), scene.key.prefix()).await.unwrap().unwrap();
    assert_eq!(stored.last_used_at, Some(scene.state.clock.now()));
    let refused = allowed(&scene.state, &request, Act::ReadAccessLog).await;
    let Err(Problem::NotAllowed(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("may not read the log of reads as brand-owner"), "{why}");
}

#[actix_web::test]
async fn whatever_is_not_a_whole_valid_key_is_refused() {
    let scene = Scene::with("who_refused", Role::Auditor).await;
    let header = |value: &str| TestRequest::get().insert_header(("Authorization", value));
    let wrong_secret = ApiKey::of([1; PREFIX_BYTES], [3; SECRET_BYTES]);
    let unknown = ApiKey::of([9; PREFIX_BYTES], [2; SECRET_BYTES]);
    assert!(refusal(&scene, TestRequest::get()).await.contains("got no key"));
    for value in ["", "Bearer", "Bearer chm_", scene.key.reveal(), "Basic Y2htXw=="] {
        let why = refusal(&scene, header(value)).await;
        assert!(why.contains("that is no key"), "{value}: {why}");
    }
    // A wrong secret part and a key that never was are answered alike.
    for key in [&wrong_secret, &unknown] {
        let why = refusal(&scene, header(&format!("Bearer {}", key.reveal()))).await;
        assert!(why.contains("got a key that is not known"), "{why}");
    }
    let twice = scene.request().append_header(("Authorization", "Bearer x"));
    assert!(refusal(&scene, twice).await.contains("more than one"));
    let stored = sql::access_keys::find(&scene.db.db(), scene.key.prefix()).await.unwrap().unwrap();
    assert_eq!(stored.last_used_at, None, "a refused request is no use of the key");
}

#[actix_web::test]
async fn a_revoked_key_ends_at_once_and_an_expired_one_at_its_time() {
    let scene = Scene::with("who_ended", Role::Auditor).await;
    scene.state.clock.advance(std::time::Duration::from_hours(1));
    assert!(refusal(&scene, scene.request()).await.contains("which expired at"));
    let now = scene.state.clock.now();
    let prefix = scene.key.prefix();
    let revoke = async |tx: &sql::Transaction<'_>| sql::access_keys::revoke(tx, prefix, now).await;
    assert!(scene.db.db().run_tx("test.revoke", revoke).await.unwrap());
    assert!(!scene.db.db().run_tx("test.revoke", revoke).await.unwrap(), "it stays as it was");
    assert!(refusal(&scene, scene.request()).await.contains("which was revoked at"));
}

#[actix_web::test]
async fn a_key_whose_row_was_widened_to_no_limit_gives_nothing() {
    let scene = Scene::with("who_widened", Role::Regulator).await;
    let widen = "update access_keys set products = '{}'";
    scene.db.session().await.batch_execute(widen).await.unwrap();
    let refused = identify(&scene.state, &scene.request().to_http_request()).await;
    let Err(Problem::Internal(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("a regulator without"), "{why}");
}

#[actix_web::test]
async fn a_regulators_read_is_in_a_signed_checkpoint_before_it_is_answered() {
    let scene = Scene::with("who_recorded", Role::Regulator).await;
    let state = &scene.state;
    let plain = scene.request().to_http_request();
    let none = Outcome::default();
    let (who, sight) = allowed(state, &plain, Act::QueryEvents).await.unwrap();
    let asked = "GET /events?MATCH_epc=urn:epc:id:sgtin:9521141.012345.602";
    for reason in [None, Some(""), Some("x"), Some("two%0Alines"), Some("%ff%fe%fd")] {
        let request = reason
            .into_iter()
            .fold(scene.request(), |request, reason| request.insert_header((REASON, reason)));
        let request = request.to_http_request();
        let refused =
            record(state, &request, (&who, &sight), (Act::QueryEvents, asked), &none).await;
        assert!(matches!(refused, Err(Problem::Malformed(_))), "{reason:?}: {refused:?}");
    }
    assert_eq!(scene.log().await.len(), 0);
    let request = scene.request().insert_header((REASON, "recall%20case%207%EF%BC%9A%E8%8C%B6"));
    let request = request.to_http_request();
    for reads in 1..=3 {
        record(state, &request, (&who, &sight), (Act::QueryEvents, asked), &none).await.unwrap();
        assert_eq!(scene.log().await.len(), reads);
    }
    let log = scene.log().await;
    let text = |name: &str| log[0].get(name).and_then(ledger::json::Json::as_str).unwrap();
    assert_eq!(text("chopmark:subject"), "food-authority/lee");
    assert_eq!(text("chopmark:asked"), asked);
    assert_eq!(text("chopmark:reason"), "recall case 7：茶");
}

#[actix_web::test]
async fn reads_that_come_together_are_all_recorded_also_by_two_processes() {
    let scene = Scene::with("who_together", Role::Operator).await;
    let mut config = (*scene.state.config()).clone();
    config.scan_secret = b"another process!".to_vec();
    let other = state(scene.db.db(), config);
    let request = scene.request().insert_header((REASON, "nightly check")).to_http_request();
    let none = Outcome::default();
    let (who, sight) = allowed(&scene.state, &request, Act::QueryEvents).await.unwrap();
    let reads = (0..40).map(|n| {
        let state = if n % 2 == 0 { &scene.state } else { &other };
        record(state, &request, (&who, &sight), ASKED, &none)
    });
    for outcome in futures::future::join_all(reads).await {
        outcome.unwrap();
    }
    assert_eq!(scene.log().await.len(), 40);
}

#[actix_web::test]
async fn what_cannot_be_recorded_is_not_answered() {
    let scene = Scene::with("who_no_log", Role::Operator).await;
    let request = scene.request().insert_header((REASON, "nightly check")).to_http_request();
    let none = Outcome::default();
    let (who, sight) = allowed(&scene.state, &request, Act::QueryEvents).await.unwrap();
    let without = state(scene.db.db(), config(String::new()));
    let refused = record(&without, &request, (&who, &sight), ASKED, &none).await;
    assert!(matches!(refused, Err(Problem::Unavailable)), "{refused:?}");
    // A ledger that was restored and is held is not written.
    record(&scene.state, &request, (&who, &sight), ASKED, &none).await.unwrap();
    let session = scene.db.session().await;
    let hold = "insert into ledger_holds (ledger_id, cause, size, root, made_at, held_at)
                select ledger_id, 'restored', size, root, now(), now() from ledger_heads";
    session.batch_execute(hold).await.unwrap();
    let refused = record(&scene.state, &request, (&who, &sight), ASKED, &none).await;
    assert!(matches!(refused, Err(Problem::Unavailable)), "{refused:?}");
    assert_eq!(scene.log().await.len(), 1);
}

#[actix_web::test]
async fn a_record_says_from_which_state_it_was_answered_and_how_much_was_shown_and_hidden() {
    let scene = Scene::with("who_outcome", Role::Operator).await;
    let state = &scene.state;
    let request = scene.request().insert_header((REASON, "nightly check")).to_http_request();
    let (who, sight) = allowed(state, &request, Act::QueryEvents).await.unwrap();
    let session = scene.db.session().await;
    let read = "insert into ledgers (origin, kind, party, created_at)
                  values ('b.example/1', 'site', 'B', now()), ('a.example/1', 'site', 'A', now());
                insert into projection_positions select ledger_id, 10
                  from ledgers where kind = 'site';
                update projection_head set position = 7";
    session.batch_execute(read).await.unwrap();
    let basis = basis(state, &sight).await.unwrap().expect("an operator's reads are recorded");
    let (counts, generation) = (Some((3, 2)), basis.generation);
    for basis in [basis.clone(), basis.at(basis.generation, 6)] {
        let outcome = Outcome { basis: Some(basis), counts };
        record(state, &request, (&who, &sight), ASKED, &outcome).await.unwrap();
    }
    let sizes = ledger::hash::sha256(b"a.example/1 10\nb.example/1 10\n");
    let expected = [
        format!(
            "{{\"generation\":{generation},\"ledgers\":2,\"position\":7,\"sizes\":\"sha256:{sizes}\"}}"
        ),
        format!("{{\"generation\":{generation},\"position\":6}}"),
    ];
    for (record, expected) in scene.log().await.iter().zip(expected) {
        let member = |name: &str| record.get(name).map(ledger::json::Json::canonical);
        assert_eq!(member("chopmark:projection"), Some(expected));
        assert_eq!(member("chopmark:shown").as_deref(), Some("3"));
        assert_eq!(member("chopmark:hidden").as_deref(), Some("2"));
        assert_eq!(
            member("chopmark:emergency"),
            None,
            "it was read under no right of an emergency"
        );
    }
    assert_eq!(scene.log().await.len(), 2);
}
