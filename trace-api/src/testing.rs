//! What the tests of the request handlers share: a database with a short history, and requests against all routes.

#[cfg(test)]
pub mod chip;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test;
use actix_web::web::Data;
use history::testing::{
    CASE, CENTRE, EventDraft, FACTORY, GTIN, ITEM, PALLET, SHOP, TestLedger, excursion_event,
    object_event, packing_event, rights,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use process::Clock;
use sql::testing::TestDb;

use crate::config::{Config, Rates};
use crate::names::{Names, Product, Source};
use crate::places::{PlaceName, Places};
use crate::state::{AppState, Audience};

/// Origin of the ledger that has the history.
pub const SITE: &str = "factory.example/packing";
/// The same in an address.
pub const SITE_IN_PATH: &str = "factory.example%2Fpacking";
/// Origin of the hub.
pub const HUB: &str = "hub.example/1";
/// A phone's browser.
pub const PHONE: &str = "Mozilla/5.0 (Linux; Android 14) Mobile";
/// What a client that wants JSON sends.
pub const JSON: (&str, &str) = ("Accept", "application/json");
/// When the tests take place.
pub const NOW: &str = "2026-11-23T08:00:00Z";

/// Ledgers in a database, and the state that answers from them.
pub struct Scene {
    pub db: TestDb,
    pub site: TestLedger,
    pub hub: TestLedger,
    pub state: Data<AppState>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Bytes of the body as it was sent.
    pub bytes: usize,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Checks that this is a problem document with that status and code.
    pub fn assert_problem(&self, status: u16, code: &str, detail: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let document = self.json();
        assert_eq!(document["type"], format!("urn:chopmark:problem:{code}"));
        assert_eq!(document["status"], status);
        assert_eq!(document["detail"], detail);
    }
}

/// A commissioning of the item with lot and expiry date, by a reader.
pub fn commissioning() -> EventDraft {
    object_event("2026-11-20T08:00:00.000+08:00", "commissioning")
        .with("action", "ADD".into())
        .at(FACTORY)
        .disposition("active")
        .lot("L1", "2099-12-31")
        .sensed()
}

/// A sale of the item on 22 November, at that hour of Beijing.
pub fn sale(hour: u8) -> EventDraft {
    object_event(&format!("2026-11-22T{hour:02}:00:00.000+08:00"), "retail_selling").at(SHOP)
}

/// The journey of [`ITEM`] to the shop's shelf, without a gap.
pub fn journey() -> Vec<EventDraft> {
    let shipping = "https://ref.gs1.org/cbv/BizStep-shipping";
    let receiving = "urn:epcglobal:cbv:bizstep:receiving";
    vec![
        commissioning(),
        packing_event("2026-11-20T09:00:00.000+08:00", "ADD", CASE, &[ITEM])
            .at(FACTORY)
            .disposition("in_progress")
            .sensed(),
        packing_event("2026-11-20T10:00:00.000+08:00", "ADD", PALLET, &[CASE]).at(FACTORY),
        object_event("2026-11-20T11:00:00.000+08:00", shipping)
            .of(&[PALLET])
            .disposition("in_transit")
            .read_at(FACTORY),
        object_event("2026-11-21T08:00:00.000+08:00", receiving).of(&[PALLET]).at(CENTRE).sensed(),
        packing_event("2026-11-21T09:00:00.000+08:00", "DELETE", PALLET, &[CASE]).at(CENTRE),
        excursion_event("2026-11-21T02:00:00.000Z", "2026-11-21T02:10:00.000Z", "9.2").at(CENTRE),
        object_event("2026-11-21T12:00:00.000+08:00", "shipping").of(&[CASE]).at(CENTRE),
        object_event("2026-11-22T08:00:00.000+08:00", "receiving").of(&[CASE]).at(SHOP),
        packing_event("2026-11-22T09:00:00.000+08:00", "DELETE", CASE, &[ITEM]).at(SHOP),
        object_event("2026-11-22T10:00:00.000+08:00", "stocking_shelves").at(SHOP),
    ]
}

/// A configuration that trusts 127.0.0.1 as a proxy.
pub fn config(policy_text: String) -> Config {
    Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        tls: None,
        public_url: "https://trace.example".into(),
        policy: policy_text.parse().expect("a policy of the test"),
        policy_text,
        scan_secret: b"0123456789abcdef".to_vec(),
        tag_key: None,
        internal_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        trusted_proxies: vec!["127.0.0.1".parse().expect("an address")],
        place_header: None,
        show_parties: false,
        serve_queries: false,
        webhook_networks: Vec::new(),
        keep_scans_days: 30,
        rates: Rates { requests_per_minute: 240, unknown_per_minute: 30, requests_per_second: 200 },
        hub: Some(HUB.into()),
        read_log: None,
        gate: gate::Settings::default(),
        report_contact: Some("mailto:care@factory.example".into()),
        takes_reports: true,
        keep_reports_days: 180,
        names: Arc::new(names(Some("https://factory.example/recall?lot=1&x=2"))),
        scanner: crate::scanner::Found::default(),
        names_source: Source::default(),
    }
}

/// The product of the tests, with where its issuer says what to do about a recall, and the one place that has a name.
pub fn names(recall_url: Option<&str>) -> Names {
    let product = Product {
        gtin: GTIN.into(),
        name_zh: "春竹茶".into(),
        name_en: "Bamboo spring tea".into(),
        pack_zh: "盒盖有竹叶压纹".into(),
        pack_en: "a bamboo leaf embossed on the lid".into(),
        brand_zh: "春竹".into(),
        brand_en: "Spring Bamboo".into(),
        picture: None,
        recall_url: recall_url.map(str::to_owned),
        links: Vec::new(),
        markets: Vec::new(),
        token_key: None,
        code_key: None,
        authenticator: None,
    };
    let places = Places::new(vec![PlaceName {
        sgln: FACTORY.into(),
        name_zh: "工厂".into(),
        name_en: "Factory".into(),
        city_zh: "杭州".into(),
        city_en: "Hangzhou".into(),
    }]);
    Names::new(vec![product], places)
}

/// The product of the tests with this picture.
pub fn names_with(picture: Option<crate::pictures::Picture>) -> Names {
    let product = names(None).product(GTIN).cloned().expect("the product of the tests");
    Names::new(vec![Product { picture, ..product }], Places::default())
}

/// A state whose clock is at [`NOW`], with the directory [`rights`].
pub fn state(db: sql::Db, config: Config) -> Data<AppState> {
    let clock = Clock::manual(NOW.parse().expect("a time of the test"));
    Data::new(AppState::new(config, db, clock).with_rights(rights()))
}

/// A state whose database does not answer.
pub async fn state_without_database() -> Data<AppState> {
    let settings = sql::Settings::new("postgresql://nobody@127.0.0.1:1/none");
    let db = sql::Db::connect(&settings).await;
    state(db.expect("a pool connects when it is first used"), config(String::new()))
}

impl Scene {
    /// A ledger with `events`, whose checkpoint is in the hub.
    pub async fn with(name: &str, events: &[EventDraft]) -> Self {
        let db = TestDb::migrated(name).await;
        let site = TestLedger::create(&db, SITE, "site", "Bamboo Spring").await;
        let hub = TestLedger::create(&db, HUB, "hub", "Chopmark").await;
        site.append(events, "2026-11-22T03:30:00Z").await;
        hub.append_checkpoint_of(&site, "2026-11-22T03:31:00Z").await;
        let policy = site.policy_lines("log") + &hub.policy_lines("hub");
        let state = state(db.db(), config(policy));
        Self { db, site, hub, state }
    }

    /// A ledger with the [`journey`].
    pub async fn journey(name: &str) -> Self {
        Self::with(name, &journey()).await
    }

    /// Requests `path` as a phone behind the proxy does.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        get(&self.state, path, headers).await
    }

    /// Requests `path` as the operator.
    pub async fn get_as_operator(&self, path: &str) -> Answer {
        ask(&self.state, Audience::Internal, &Method::GET, path, &[]).await
    }

    /// The same database and clock with another configuration.
    pub fn with_config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::clone(&self.state.config());
        change(&mut config);
        self.state = state(self.db.db(), config);
        self
    }

    /// The same without a directory.
    pub fn without_directory(mut self) -> Self {
        let (config, clock) = (Config::clone(&self.state.config()), self.state.clock.clone());
        self.state = Data::new(AppState::new(config, self.db.db(), clock));
        self
    }
}

/// Requests `path` from the public routes over `state`.
pub async fn get(state: &Data<AppState>, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(state, Audience::Public, &Method::GET, path, headers).await
}

/// Requests `path` from the routes of an audience over `state`; a header that `headers` has twice is sent twice.
pub async fn ask(
    state: &Data<AppState>,
    audience: Audience,
    method: &Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let service = test::init_service(crate::http::application(state.clone(), audience)).await;
    let mut request = test::TestRequest::with_uri(path)
        .method(method.clone())
        .peer_addr(SocketAddr::from(([127, 0, 0, 1], 40000)));
    if !headers.iter().any(|(name, _)| *name == "User-Agent") {
        request = request.insert_header(("User-Agent", PHONE));
    }
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    read(test::call_service(&service, request.to_request()).await).await
}

/// Sends a form to `path` of the public routes over `state`.
pub async fn post_form(
    state: &Data<AppState>,
    path: &str,
    body: String,
    headers: &[(&str, &str)],
) -> Answer {
    let application = crate::http::application(state.clone(), Audience::Public);
    let service = test::init_service(application).await;
    let mut request = test::TestRequest::post()
        .uri(path)
        .peer_addr(SocketAddr::from(([127, 0, 0, 1], 40000)))
        .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
        .set_payload(body);
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    read(test::call_service(&service, request.to_request()).await).await
}

/// Fields of a form, as a browser sends them.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let text = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", text(value)));
    pairs.collect::<Vec<_>>().join("&")
}

async fn read<B: MessageBody>(response: ServiceResponse<B>) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = test::read_body(response).await;
    let bytes = body.len();
    Answer { status, headers, bytes, body: String::from_utf8_lossy(&body).into_owned() }
}
