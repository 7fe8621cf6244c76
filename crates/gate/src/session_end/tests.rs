//! Sessions that their holders and operators end, and what somebody without the role tries.

use std::sync::Arc;
use std::time::Duration;

use access::{Identity, Means, PREFIX_BYTES, Role, SECRET_BYTES, SessionSecret};
use jiff::SignedDuration;
use ledger::hash::sha256;
use ledger::keys::{LedgerKeys, SystemRandom};
use process::{Clock, Randomness};
use sql::access_keys::StoredKey;
use sql::testing::TestDb;

use super::*;
use crate::read_log;
use crate::settings::{Client, ProviderSettings};

const LOG: &str = "reads.example/log";
const ISSUER: &str = "https://login.example.com";

/// An operator `lee` and a custodian `kim`, each with a key, and a provider at which people log in.
struct Scene {
    db: TestDb,
    clock: Clock,
    gate: Gate,
    log: ReadLog,
    lee: String,
    kim: String,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let clock = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
        let provider = access::Provider {
            issuer: ISSUER.to_owned(),
            audience: "chopmark".to_owned(),
            algorithms: access::Algorithm::ALL.to_vec(),
            rules: vec![],
        };
        let client = Client {
            client_id: "chopmark-desk".to_owned(),
            secret: None,
            scopes: vec!["openid".to_owned()],
            name: "Example".to_owned(),
        };
        let client = Some(client);
        let providers = vec![ProviderSettings { provider, client, authorities: vec![] }];
        let gate = Gate::new(db.db(), clock.clone(), crate::Settings { providers });
        let keys = Arc::new(LedgerKeys::generate(LOG, &SystemRandom::new()).unwrap());
        let settings = read_log::Settings { origin: LOG.into(), party: "Hub".into(), keys };
        let log = ReadLog::start(db.db(), Some(settings), clock.clone());
        let mut scene = Self { db, clock, gate, log, lee: String::new(), kim: String::new() };
        scene.lee = scene.key("lee", Role::Operator, 1).await;
        scene.kim = scene.key("kim", Role::Custodian, 2).await;
        scene
    }

    async fn key(&self, subject: &str, role: Role, number: u8) -> String {
        let key = ApiKey::of([number; PREFIX_BYTES], [number; SECRET_BYTES]);
        let now = self.clock.now();
        let stored = StoredKey {
            prefix: key.prefix().to_owned(),
            key_sha256: key.digest(),
            subject: subject.to_owned(),
            role: role.name().to_owned(),
            products: vec![],
            parties: match role {
                Role::Operator => vec![],
                _ => vec!["urn:epc:id:pgln:9521142.00000".to_owned()],
            },
            jurisdictions: vec![],
            period: (None, None),
            created_at: now,
            expires_at: now + SignedDuration::from_hours(100),
            revoked_at: None,
            last_used_at: None,
        };
        let insert = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &stored).await;
        self.db.db().run_tx("test.key", insert).await.unwrap();
        key.reveal().to_owned()
    }

    async fn with_key(&self, key: &str) -> SessionSecret {
        self.gate.log_in_with_key(key, &Randomness::system()).await.unwrap()
    }

    async fn at_provider(&self, subject: &str) -> SessionSecret {
        let who = Identity { subject: subject.to_owned(), means: Means::Session, grants: vec![] };
        let (login, random) = (sha256(subject.as_bytes()), Randomness::system());
        let begun = self.gate.begin_with_provider(&who, ISSUER, &login, &random).await.unwrap();
        begun.unwrap()
    }

    async fn lasts(&self, secret: &SessionSecret) -> bool {
        self.gate.visit(secret, &Randomness::system()).await.is_ok()
    }

    /// How many sessions were ended, or why none was.
    async fn end(&self, key: &str, chosen: Chosen) -> Result<usize, String> {
        let ended = self.gate.end_sessions(Some(&self.log), key, &chosen, "lost laptop").await;
        ended.map(|ended| ended.len()).map_err(|error| error.to_string())
    }

    /// What the log says was ended.
    async fn recorded(&self) -> Vec<String> {
        let db = self.db.db();
        let Some(row) = sql::ledgers::find(&db, LOG).await.unwrap() else { return Vec::new() };
        let mut asked = Vec::new();
        sql::ledgers::for_each_record(&db, row.id, async |stored| {
            let record = ledger::record::Record::parse(&stored.text).unwrap();
            let text = record.json().get("chopmark:asked").and_then(|json| json.as_str());
            asked.push(text.unwrap().to_owned());
            Ok(())
        })
        .await
        .unwrap();
        asked
    }
}

fn of(subject: &str) -> Chosen {
    Chosen { subject: Some(subject.to_owned()), ..Chosen::default() }
}

#[tokio::test]
async fn an_operator_ends_the_sessions_of_a_name_or_a_provider_and_each_end_is_recorded() {
    let scene = Scene::new("session_end_operator").await;
    let (kim, lee) = (scene.with_key(&scene.kim).await, scene.with_key(&scene.lee).await);
    let (chen, wang) = (scene.at_provider("chen").await, scene.at_provider("wang").await);
    assert_eq!(scene.end(&scene.lee, of("kim")).await, Ok(1));
    assert!(!scene.lasts(&kim).await && scene.lasts(&chen).await && scene.lasts(&lee).await);
    let issuer = Chosen { issuer: Some(ISSUER.to_owned()), ..Chosen::default() };
    assert_eq!(scene.end(&scene.lee, issuer.clone()).await, Ok(2));
    assert!(!scene.lasts(&chen).await && !scene.lasts(&wang).await && scene.lasts(&lee).await);
    assert_eq!(scene.end(&scene.lee, issuer).await, Ok(0), "they have ended");
    let recorded = scene.recorded().await;
    assert_eq!(recorded.len(), 3, "{recorded:?}");
    assert!(recorded[0].contains("of kim, who logged in with the key chm_"), "{recorded:?}");
    assert!(recorded[1].contains(&format!("of chen, who logged in at {ISSUER}")), "{recorded:?}");
    // Whoever logged in once does not log in again with what is left of it.
    let who = Identity { subject: "chen".to_owned(), means: Means::Session, grants: vec![] };
    let (login, random) = (sha256(b"chen"), Randomness::system());
    let again = scene.gate.begin_with_provider(&who, ISSUER, &login, &random).await;
    assert!(again.unwrap().is_none());
}

#[tokio::test]
async fn whoever_is_no_operator_ends_their_own_sessions_and_no_others() {
    let scene = Scene::new("session_end_own").await;
    let (first, second) = (scene.with_key(&scene.kim).await, scene.with_key(&scene.kim).await);
    let lee = scene.with_key(&scene.lee).await;
    let all = lasting(&scene.db.db(), scene.clock.now()).await.unwrap();
    let ids: Vec<i64> = all.iter().map(|session| session.id).collect();
    let issuer = Chosen { issuer: Some(ISSUER.to_owned()), ..Chosen::default() };
    scene.at_provider("chen").await;
    for chosen in [of("lee"), issuer, Chosen { ids: ids.clone(), ..Chosen::default() }] {
        let refused = scene.end(&scene.kim, chosen).await.unwrap_err();
        assert!(refused.contains("`kim` may not end sessions as custodian"), "{refused}");
    }
    assert!(scene.lasts(&first).await && scene.lasts(&second).await && scene.lasts(&lee).await);
    assert_eq!(scene.recorded().await, [] as [String; 0], "nothing was ended");
    let one = Chosen { ids: vec![ids[0]], ..Chosen::default() };
    assert_eq!(scene.end(&scene.kim, one).await, Ok(1));
    assert!(!scene.lasts(&first).await && scene.lasts(&second).await);
    assert_eq!(scene.end(&scene.kim, Chosen::default()).await, Ok(1));
    assert!(!scene.lasts(&second).await && scene.lasts(&lee).await);
    for (key, words) in [("", "got no key"), ("chm_AAAAAAAA", "got no key")] {
        let refused = scene.end(key, Chosen::default()).await.unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
}

#[tokio::test]
async fn a_session_whose_end_cannot_be_recorded_lasts_and_without_a_log_it_ends() {
    let scene = Scene::new("session_end_log").await;
    let kim = scene.with_key(&scene.kim).await;
    let broken = ReadLog::start(scene.db.db(), None, scene.clock.clone());
    let ended = scene.gate.end_sessions(Some(&broken), &scene.lee, &of("kim"), "lost laptop").await;
    assert!(matches!(ended, Err(NotEnded::NotRecorded { .. })), "{ended:?}");
    assert!(scene.lasts(&kim).await);
    let ended = scene.gate.end_sessions(None, &scene.lee, &of("kim"), "x\ny").await;
    assert!(matches!(ended, Err(NotEnded::Wrong(_))), "{ended:?}");
    let ended = scene.gate.end_sessions(None, &scene.lee, &of("kim"), "lost laptop").await;
    assert_eq!(ended.unwrap().len(), 1);
    assert!(!scene.lasts(&kim).await);
    // What is over by itself is not listed.
    scene.with_key(&scene.kim).await;
    let count = async || lasting(&scene.db.db(), scene.clock.now()).await.unwrap().len();
    assert_eq!(count().await, 1);
    scene.clock.advance(Duration::from_mins(30));
    assert_eq!(count().await, 0);
}
