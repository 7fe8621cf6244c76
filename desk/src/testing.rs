//! What the tests of the desk share: a database, a desk with the rights of its role, and a browser that keeps cookies.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use access::{ApiKey, PREFIX_BYTES, SECRET_BYTES};
use actix_web::http::{Method, StatusCode, header::HeaderMap};
use actix_web::test;
use actix_web::web::{self, Data};
use gate::settings::ProviderSettings;
use history::testing::{EventDraft, TestLedger};
use jiff::{SignedDuration, Timestamp};
use ledger::keys::{LedgerKeys, SystemRandom};
use process::{Clock, Randomness};
use sql::Access;
use sql::access_keys::StoredKey;
use sql::testing::TestDb;

use crate::config::{Config, Origin};
use crate::http::application;
use crate::state::{Audience, DeskState};
use crate::visitor::{Posted, Visitor};

/// How browsers reach the desk of the tests.
pub const ORIGIN: &str = "https://desk.example.com";
/// When the tests take place.
pub const NOW: &str = "2026-11-23T08:00:00Z";
/// Another site.
pub const EVIL: &str = "https://evil.example";

/// Origin of the ledger with records.
pub const SITE: &str = "factory.example/packing";
/// Origin of the hub.
pub const HUB: &str = "hub.example/1";
/// Origin of the log of reads.
pub const READS: &str = "reads.example/1";

/// Projects what waits, as the projector does.
async fn project(db: &sql::Db) {
    loop {
        let waiting = sql::events::waiting(db, 1_000).await.unwrap();
        if waiting.is_empty() {
            return;
        }
        let mut batch = sql::events::Batch::default();
        for of_ledger in &waiting {
            let mut to = of_ledger.from;
            for chunk in &of_ledger.chunks {
                for record in chunk.records() {
                    batch.events.push(history::projected::project(&record).unwrap());
                }
                to = chunk.first + chunk.count;
            }
            let (ledger, from) = (of_ledger.ledger, of_ledger.from);
            batch.moves.push(sql::events::Move { ledger, from, to });
        }
        let add = async |tx: &sql::Transaction<'_>| sql::events::apply(tx, &batch).await;
        db.run_tx_once("test.project", add).await.unwrap();
    }
}

/// A database, and the desk that works with it.
pub struct Scene {
    pub db: TestDb,
    pub state: Data<DeskState>,
    pub clock: Clock,
}

/// Limits of a key, and how long it holds.
pub struct Limits<'a> {
    pub products: Vec<&'a str>,
    pub parties: Vec<&'a str>,
    pub places: Vec<&'a str>,
    pub minutes: i64,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        let minutes = 60 * 24 * 90;
        Self { products: Vec::new(), parties: Vec::new(), places: Vec::new(), minutes }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The `Set-Cookie` headers.
    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("Set-Cookie").map(|value| value.to_str().unwrap()).collect()
    }

    /// Checks status and a part of the page.
    #[track_caller]
    pub fn assert(&self, status: u16, part: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert!(self.body.contains(part), "`{part}` is not in: {}", self.body);
    }

    /// Where the page leads by itself.
    pub fn leads_to(&self) -> &str {
        let rest = self.body.split_once("http-equiv=\"refresh\" content=\"0;url=").unwrap().1;
        rest.split('"').next().unwrap()
    }

    /// The token in the forms of the page.
    pub fn csrf(&self) -> String {
        let rest = self.body.split_once("name=\"csrf\" value=\"").unwrap().1;
        rest.split('"').next().unwrap().to_owned()
    }
}

/// A browser: keeps cookies as it is told to, and says where forms come from.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    pub cookies: BTreeMap<String, String>,
}

/// A request that is about to be sent.
pub struct Ask<'a> {
    pub method: Method,
    pub path: &'a str,
    pub headers: Vec<(&'a str, String)>,
    pub form: Option<String>,
    pub peer: &'a str,
}

impl<'a> Ask<'a> {
    pub fn get(path: &'a str) -> Self {
        let host = ORIGIN.strip_prefix("https://").unwrap().to_owned();
        Self {
            method: Method::GET,
            path,
            headers: vec![("Host", host)],
            form: None,
            peer: "203.0.113.7:40000",
        }
    }

    /// A form of ours.
    pub fn post(path: &'a str, fields: &[(&str, &str)]) -> Self {
        let field = |(name, value): &(&str, &str)| {
            let value =
                percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            format!("{name}={value}")
        };
        let form = fields.iter().map(field).collect::<Vec<_>>().join("&");
        let mut ask = Self::get(path).with("Origin", ORIGIN);
        (ask.method, ask.form) = (Method::POST, Some(form));
        ask
    }

    /// With this header instead of the one of its name.
    pub fn with(mut self, name: &'a str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }
}

impl Browser {
    pub async fn get(&mut self, scene: &Scene, path: &str) -> Answer {
        self.send(scene, Ask::get(path)).await
    }

    pub async fn post(&mut self, scene: &Scene, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(scene, Ask::post(path, fields)).await
    }

    /// Sends a request with the cookies that the browser has, and keeps those that it is given.
    pub async fn send(&mut self, scene: &Scene, ask: Ask<'_>) -> Answer {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let pairs = pairs.collect::<Vec<_>>().join("; ");
        let answer = send(scene, &ask, &pairs).await;
        for cookie in answer.cookies() {
            let (pair, flags) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if flags.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// The value of the session's cookie.
    pub fn session(&self) -> Option<&str> {
        self.cookies.get("__Host-chopmark-session").map(String::as_str)
    }

    /// Logs in with a key.
    pub async fn log_in(&mut self, scene: &Scene, key: &ApiKey) -> Answer {
        self.post(scene, "/login/key", &[("key", key.reveal()), ("to", "/")]).await
    }
}

#[derive(serde::Deserialize)]
struct Fields {
    amount: u32,
}

/// A change as a page of the desk makes one.
async fn change(posted: Posted<Fields>) -> String {
    format!("{} changed {}", posted.visitor.identity.subject, posted.form.amount)
}

/// A change that forgot about forms.
async fn forgetful(visitor: Visitor) -> String {
    format!("{} changed something", visitor.identity.subject)
}

async fn send(scene: &Scene, ask: &Ask<'_>, cookies: &str) -> Answer {
    let app = application(scene.state.clone(), Audience::People)
        .route("/test/change", web::post().to(change))
        .route("/test/forgetful", web::post().to(forgetful));
    let app = test::init_service(app).await;
    let peer: SocketAddr = ask.peer.parse().unwrap();
    let mut request =
        test::TestRequest::with_uri(ask.path).method(ask.method.clone()).peer_addr(peer);
    for (name, value) in &ask.headers {
        request = request.append_header((*name, value.as_str()));
    }
    if !cookies.is_empty() {
        request = request.append_header(("Cookie", cookies));
    }
    if let Some(form) = &ask.form {
        if !ask.headers.iter().any(|(name, _)| *name == "Content-Type") {
            request = request.append_header(("Content-Type", "application/x-www-form-urlencoded"));
        }
        request = request.set_payload(form.clone());
    }
    let answer = test::call_service(&app, request.to_request()).await;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = String::from_utf8_lossy(&test::read_body(answer).await).into_owned();
    Answer { status, headers, body }
}

impl Scene {
    /// A desk at which people log in with keys.
    pub async fn new(name: &str) -> Self {
        Self::with(name, Vec::new()).await
    }

    /// A desk at which people log in with keys, and at these providers.
    pub async fn with(name: &str, providers: Vec<ProviderSettings>) -> Self {
        let db = TestDb::migrated(name).await;
        let clock = Clock::manual(NOW.parse().unwrap());
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            tls: None,
            internal_listen: "127.0.0.1:0".parse().unwrap(),
            origin: Origin::parse(ORIGIN).unwrap(),
            trusted_proxies: Vec::new(),
            key_login: true,
            logins_per_minute: 100,
            gate: gate::Settings { providers },
            policy: None,
            hub: None,
            read_log: None,
            read_delay: jiff::SignedDuration::ZERO,
            exports: None,
        };
        let own = db.db_as(Access::Desk).await;
        let state = DeskState::new(config, own, clock.clone(), Randomness::system());
        Self { db, state: Data::new(state), clock }
    }

    /// The same desk with records to show, in a ledger [`SITE`] that the hub has, and a log of reads.
    pub async fn with_records(name: &str, events: &[EventDraft]) -> Self {
        let scene = Self::new(name).await;
        let site = TestLedger::create(&scene.db, SITE, "site", "Bamboo Spring").await;
        let hub = TestLedger::create(&scene.db, HUB, "hub", "Chopmark").await;
        site.append(events, "2026-11-22T03:30:00Z").await;
        hub.append_checkpoint_of(&site, "2026-11-22T03:31:00Z").await;
        project(&scene.db).await;
        let policy = site.policy_lines("log") + &hub.policy_lines("hub");
        let keys = LedgerKeys::generate(READS, &SystemRandom::new()).unwrap();
        let reads = gate::read_log::Settings {
            origin: READS.to_owned(),
            party: "Authority".to_owned(),
            keys: std::sync::Arc::new(keys),
        };
        let config = Config {
            policy: Some(policy.parse().unwrap()),
            hub: Some(HUB.to_owned()),
            read_log: Some(reads),
            ..scene.state.config.clone()
        };
        let own = scene.db.db_as(Access::Desk).await;
        let state = DeskState::new(config, own, scene.clock.clone(), Randomness::system());
        Self { state: Data::new(state), ..scene }
    }

    /// The records of the log of reads, the oldest first.
    pub async fn reads(&self) -> Vec<serde_json::Value> {
        let Some(ledger) = sql::ledgers::find(&self.db, READS).await.unwrap() else {
            return Vec::new();
        };
        let mut reads = Vec::new();
        for chunk in sql::ledgers::chunks(&self.db, ledger.id, 0, 1_000).await.unwrap() {
            for record in chunk.records().unwrap() {
                reads.push(serde_json::from_str(&record.text).unwrap());
            }
        }
        reads
    }

    /// How many records the log of reads has, readable or not.
    pub async fn reads_count(&self) -> u64 {
        let ledger = sql::ledgers::find(&self.db, READS).await.unwrap().unwrap();
        sql::ledgers::head(&self.db, ledger.id).await.unwrap().size
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stores a key for an inspector.
    pub async fn key(&self, number: u8) -> ApiKey {
        self.key_for(number, "regulator", ("9521141", Some("9521142"))).await
    }

    /// Stores a key with a role, for a product and perhaps a place.
    pub async fn key_for(
        &self,
        number: u8,
        role: &str,
        (product, jurisdiction): (&str, Option<&str>),
    ) -> ApiKey {
        let places = jurisdiction.into_iter().collect();
        self.limited_key(
            number,
            role,
            Limits { products: vec![product], places, ..Limits::default() },
        )
        .await
    }

    /// Stores a key with a role within limits.
    pub async fn limited_key(&self, number: u8, role: &str, limits: Limits<'_>) -> ApiKey {
        let key = ApiKey::of([number; PREFIX_BYTES], [number; SECRET_BYTES]);
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        let stored = StoredKey {
            prefix: key.prefix().to_owned(),
            key_sha256: key.digest(),
            subject: format!("food-authority/{number}"),
            role: role.to_owned(),
            products: owned(limits.products),
            parties: owned(limits.parties),
            jurisdictions: owned(limits.places),
            period: (Some("2026-10-01T00:00:00Z".parse().unwrap()), None),
            created_at: self.now(),
            expires_at: self.now() + SignedDuration::from_mins(limits.minutes),
            revoked_at: None,
            last_used_at: None,
        };
        let store = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &stored).await;
        self.db.run_tx("test.key", store).await.unwrap();
        key
    }

    pub async fn revoke(&self, key: &ApiKey) {
        let now = self.now();
        let revoke =
            async |tx: &sql::Transaction<'_>| sql::access_keys::revoke(tx, key.prefix(), now).await;
        assert!(self.db.run_tx("test.revoke", revoke).await.unwrap());
    }

    /// The number of sessions for which a condition holds.
    pub async fn sessions(&self, condition: &str) -> i64 {
        let count = format!("select count(*) from sessions where {condition}");
        self.db.session().await.query_one(&count, &[]).await.unwrap().get(0)
    }
}
