//! Every route over HTTP, on a real PostgreSQL, with the rights of ingest's own role.

mod batches;
mod capture;
mod health;
mod identities;
mod interface;
mod long;
mod observations_post;
mod pressure;
mod problems;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{Bytes, Data};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use directory::Rights;
use epc::TagEpc;
use jiff::{SignedDuration, Timestamp};
use ledger::keys::{LedgerKeys, SourceKey, SourceVerifier, SystemRandom};
use process::{Clock, Context, CrashPoints, Randomness};
use reads::{AntennaCount, CONTRACT, Delivery, Observation};
use serde_json::Value;
use sql::testing::TestDb;
use sql::{Access, LedgerId};
use tokio::sync::watch;

use super::{State, application};
use crate::compose::Party;
use crate::config::{Bridge, BridgeKey, Config, Partner, Settings, Site};
use crate::metrics::Metrics;
use crate::read_points::ReadPoints;
use crate::rules::SiteRules;
use crate::terms::{CurrentRights, Terms};
use crate::writer::{SiteLedger, Writer};

const ORIGIN: &str = "site.example/1";
const DOOR: &str = "urn:epc:id:sgln:9521142.00001.3";
const STORE: &str = "urn:epc:id:sgln:9521142.00001.4";
const MAX_BODY: usize = 10_000;
const MAX_EVENTS: usize = 1_000_000;

fn start() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

/// A site with a door, a bridge, and two partners whose tokens are `maker-token` and `shop-token`.
struct Scene {
    db: TestDb,
    ledger: LedgerId,
    bridge: SourceKey,
    state: Data<State>,
    /// What the directory says.
    rights: watch::Sender<Arc<Rights>>,
}

impl Scene {
    async fn new(name: &str) -> Self {
        Self::with(name, 30).await
    }

    async fn with(name: &str, answer_within_s: u64) -> Self {
        let bridge = SourceKey::generate(&SystemRandom::new()).unwrap();
        let keys = vec![bridge.verifier()];
        Self::of(name, ORIGIN, bridge, keys, answer_within_s).await
    }

    /// The site `origin`, which admits the bridge `b1` with any of `keys`.
    async fn of(
        name: &str,
        origin: &str,
        bridge: SourceKey,
        keys: Vec<SourceVerifier>,
        answer_within_s: u64,
    ) -> Self {
        Self::sized(name, origin, bridge, keys, (answer_within_s, MAX_BODY)).await
    }

    /// The same, with the largest body that is accepted.
    async fn sized(
        name: &str,
        origin: &str,
        bridge: SourceKey,
        keys: Vec<SourceVerifier>,
        (answer_within_s, max_body_bytes): (u64, usize),
    ) -> Self {
        let db = TestDb::migrated(name).await;
        let rules = format!(
            "version = \"7\"\ncompany_prefixes = [\"9521141\"]\n\
             location = \"urn:epc:id:sgln:9521142.00001.0\"\n\
             [[rule]]\nid = \"door\"\nread_point = \"{DOOR}\"\n\
             concludes.receive.things = {{ scheme = \"sgtin\" }}\n\
             [[rule]]\nid = \"store\"\nread_point = \"{STORE}\"\n\
             concludes.excursion = {{ quantity = \"temperature\", max = \"8.0\", allowed_s = 10, \
             lots = [\"urn:epc:class:lgtin:9521141.012345.L1\"] }}\n"
        );
        let party = Party { name: "Shop".into(), pgln: "urn:epc:id:pgln:9521142.00001".into() };
        let site = Site {
            origin: origin.into(),
            party,
            keys: LedgerKeys::generate(origin, &SystemRandom::new()).unwrap(),
            rules: Some(SiteRules::from_toml(&rules, Path::new("rules.toml")).unwrap()),
        };
        let partner = |name: &str| {
            let token = ledger::hash::sha256(format!("{name}-token").as_bytes()).to_string();
            (token, Partner { name: name.into(), ledger: origin.into() })
        };
        let read_points = ReadPoints::default();
        let keys = keys.into_iter().map(BridgeKey::from).collect();
        let own_bridge = Bridge { keys, ledger: origin.into(), read_points };
        let config = Config {
            settings: Settings {
                listen: ([127, 0, 0, 1], 0).into(),
                tls: None,
                max_body_bytes,
                max_events: MAX_EVENTS,
                body_memory_bytes: 48 * 1024 * 1024,
                body_within_s: 30,
                bodies_per_address: 64,
                strangers_per_minute: 600,
                stored_refusals_per_minute: 20,
                require_licence: false,
                group_commit_max_jobs: 256,
                answer_within_s,
            },
            policy: ledger::policy::Policy::default(),
            sites: Vec::new(),
            bridges: [("b1".into(), own_bridge)].into(),
            partners: [partner("maker"), partner("shop")].into(),
            parties: crate::config::parties(std::slice::from_ref(&site)),
            gate: gate::Settings::default(),
        };
        let (rights, current) = watch::channel(Arc::default());
        let (ledger, state) = serve(db.db_as(Access::Ingest).await, config, site, current).await;
        Self { db, ledger, bridge, state, rights }
    }

    /// Changes the settings.
    fn change(&mut self, change: impl FnOnce(&mut Settings)) {
        let clock = self.state.clock.clone();
        let parts = State::new(
            (*self.db).clone(),
            Config {
                settings: self.state.config.settings.clone(),
                policy: ledger::policy::Policy::default(),
                sites: Vec::new(),
                bridges: HashMap::default(),
                partners: HashMap::default(),
                parties: Vec::new(),
                gate: gate::Settings::default(),
            },
            HashMap::default(),
            self.state.metrics.clone(),
            Terms { clock, ..self.state.terms.clone() },
        );
        let state = std::mem::replace(&mut self.state, Data::new(parts)).into_inner();
        let State { db, mut config, writers, metrics, terms, .. } = Arc::into_inner(state).unwrap();
        change(&mut config.settings);
        self.state = Data::new(State::new(db, config, writers, metrics, terms));
    }

    /// Sends a request and gives status, headers and body.
    async fn send(&self, request: TestRequest) -> (u16, HeaderMap, Bytes) {
        let app = init_service(application(self.state.clone())).await;
        let answer = call_service(&app, request.to_request()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, read_body(answer).await)
    }

    /// Delivers `body` as bridge `b1`, signed, and gives status and answer.
    async fn deliver(&self, boot: u64, seq: u64, body: &[u8]) -> (u16, Value) {
        let signed = reads::signing_bytes(ORIGIN, "b1", boot, seq, body);
        let signature = STANDARD.encode(self.bridge.sign(&signed));
        let (status, _, answer) = self.send(delivery_of("b1", boot, seq, &signature, body)).await;
        (status, serde_json::from_slice(&answer).unwrap())
    }

    async fn size(&self) -> u64 {
        sql::ledgers::head(&self.db, self.ledger).await.unwrap().size
    }

    /// How often a kind and code of refusal was stored.
    async fn refused(&self, kind: &str, code: &str) -> u64 {
        let totals = sql::refusals::totals(&self.db).await.unwrap();
        let total = totals.into_iter().find(|(k, c, _)| k == kind && c == code);
        total.map_or(0, |(.., count)| count)
    }
}

/// Creates the site's ledger, starts its writer, and gives what the handlers need.
async fn serve(
    db: sql::Db,
    config: Config,
    site: Site,
    rights: CurrentRights,
) -> (LedgerId, Data<State>) {
    let id = sql::ledgers::create_ledger(&db, &site.origin, "site", "Shop").await.unwrap();
    let clock = Clock::manual(start());
    let (_, shutdown) = watch::channel(false);
    let context = Context {
        clock: clock.clone(),
        random: Randomness::system(),
        crash: CrashPoints::none(),
        shutdown,
        reloads: process::Reloads::default(),
        metrics: process::ProcessMetrics::default(),
        service: process::Service::default(),
        one_address: None,
    };
    let metrics = Metrics::new();
    let origin = site.origin.clone();
    // The site receives its own deliveries.
    let location = site.rules.as_ref().map(|rules| epc::thing_key(&rules.location)).unwrap();
    let terms = Terms { clock, rights, require_licence: config.settings.require_licence };
    let site_ledger = SiteLedger {
        id,
        site: Arc::new(site),
        destinations: Arc::new([(location, id)].into()),
        terms: terms.clone(),
        context,
    };
    let (writer, _thread) = Writer::start(db.clone(), site_ledger, metrics.clone(), 256);
    let writers = HashMap::from([(origin, writer)]);
    (id, Data::new(State::new(db, config, writers, metrics, terms)))
}

fn delivery_of(bridge: &str, boot: u64, seq: u64, signature: &str, body: &[u8]) -> TestRequest {
    TestRequest::post()
        .uri("/observations")
        .insert_header(("Chopmark-Bridge", bridge))
        .insert_header(("Chopmark-Boot", boot.to_string()))
        .insert_header(("Chopmark-Sequence", seq.to_string()))
        .insert_header(("Chopmark-Signature", signature))
        .set_payload(body.to_vec())
}

/// A window at the door in which the item `serial` was read.
fn window(seq: u64, serial: u32) -> Vec<u8> {
    let tag = format!("urn:epc:tag:sgtin-96:1.9521141.012345.{serial}");
    let tag = TagEpc::from_tag_uri(&tag).unwrap();
    let observation = Observation {
        epc_hex: hex::encode_upper(tag.encode().unwrap()),
        epc: Some(tag.epc.to_uri()),
        tid: None,
        count: 9,
        first: start(),
        last: start() + SignedDuration::from_secs(2),
        rssi_max_cdbm: -4500,
        rssi_mean_cdbm: -5000,
        rssi_slope_cdbm_per_s: 0,
        antennas: vec![AntennaCount { antenna: 1, count: 9 }],
        direction: None,
        rival: None,
        resident: false,
    };
    let delivery = Delivery {
        contract: CONTRACT.into(),
        bridge: "b1".into(),
        boot: 1,
        seq,
        reader: "r1".into(),
        read_point: DOOR.into(),
        opened: start(),
        closed: start() + SignedDuration::from_secs(3),
        reads: 9,
        window_digest: "0".repeat(64),
        suspect_clock: false,
        late: false,
        gaps: vec![],
        by_barrier: false,
        observations: vec![observation],
        sensors: vec![],
        movements: vec![],
    };
    delivery.to_bytes()
}
