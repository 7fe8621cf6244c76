//! A database that was set back, and what ingest does with it: it refuses to start and to sign, and keeps the evidence.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

use std::collections::HashMap;
use std::sync::Arc;

use history::testing::{FACTORY, TestLedger, object_event};
use ingest::compose::Party;
use ingest::config::{Config, Settings, Site};
use ingest::document::StatedDocument;
use ingest::metrics::Metrics;
use ingest::problem::Problem;
use ingest::statement::ErrorBehaviour;
use ingest::terms::Terms;
use ingest::writer::{SiteLedger, Work, Writer};
use ledger::keys::LedgerKeys;
use process::{Clock, Context, CrashPoints, Randomness};
use sql::Access;
use sql::testing::{TestDb, roll_back_as_owner};

const SITE: &str = "factory.example/packing";
const DOCUMENT: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    "type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00.000Z",
    "epcisBody":{"eventList":[{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T00:00:00.000Z",
    "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9521141.012345.1"]}]}}"#;
const RECORDED: &str = "2026-11-22T00:00:00Z";

fn site(ledger: &TestLedger) -> Site {
    Site {
        origin: SITE.into(),
        party: Party { name: "Factory".into(), pgln: "urn:epc:id:pgln:4012345.00001".into() },
        keys: LedgerKeys::from_pem_file(&ledger.keys.to_pem_file()).unwrap(),
        rules: None,
    }
}

fn context() -> Context {
    Context {
        clock: Clock::manual(RECORDED.parse().unwrap()),
        random: Randomness::system(),
        crash: CrashPoints::none(),
        shutdown: tokio::sync::watch::channel(true).1,
        reloads: process::Reloads::default(),
        metrics: process::ProcessMetrics::default(),
        service: process::Service::default(),
        one_address: None,
    }
}

/// A ledger whose checkpoint of 4 records is in the hub.
async fn published(name: &str) -> (TestDb, TestLedger) {
    let db = TestDb::migrated(name).await;
    let ledger = TestLedger::create(&db, SITE, "site", "Factory").await;
    let hub = TestLedger::create(&db, "hub.example/1", "hub", "Hub").await;
    let event = object_event("2026-11-20T01:00:00Z", "storing").at(FACTORY);
    ledger.append(&[event.clone(), event.clone()], RECORDED).await;
    ledger.append(&[event.clone(), event], RECORDED).await;
    hub.append_checkpoint_of(&ledger, RECORDED).await;
    (db, ledger)
}

async fn start(db: &TestDb, ledger: &TestLedger) -> Result<(), ingest::Error> {
    let config = Config {
        settings: Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            tls: None,
            max_body_bytes: 1000,
            max_events: 100,
            body_memory_bytes: 1000,
            body_within_s: 5,
            bodies_per_address: 1,
            strangers_per_minute: 1,
            stored_refusals_per_minute: 1,
            require_licence: false,
            group_commit_max_jobs: 1,
            answer_within_s: 5,
        },
        policy: ledger::policy::Policy::default(),
        sites: vec![site(ledger)],
        bridges: HashMap::new(),
        partners: HashMap::new(),
        parties: Vec::new(),
        gate: gate::Settings::default(),
    };
    ingest::run(config, db.db_as(Access::Ingest).await, context()).await
}

#[tokio::test]
async fn ingest_starts_on_a_whole_ledger_and_refuses_one_that_was_rolled_back() {
    let (db, ledger) = published("ingest_start").await;
    start(&db, &ledger).await.unwrap();

    roll_back_as_owner(&db, SITE, 2).await.unwrap();
    let error = start(&db, &ledger).await.unwrap_err().to_string();

    let says =
        "ledger `factory.example/packing` is not signed: the ledger shrank from 4 to 2 records";
    assert!(error.starts_with(says), "{error}");
    let forks = sql::hub::forks(&db).await.unwrap();
    assert_eq!(forks.len(), 1, "{forks:?}");
    assert!(forks[0].old_note.starts_with("factory.example/packing\n4\n"), "{forks:?}");
    assert!(forks[0].new_note.starts_with("factory.example/packing\n2\n"), "{forks:?}");
    start(&db, &ledger).await.unwrap_err();
    assert_eq!(sql::hub::forks(&db).await.unwrap().len(), 1, "the same evidence is kept once");
}

#[tokio::test]
async fn a_writer_that_takes_the_ledger_again_does_not_sign_on_a_rolled_back_one() {
    let (db, ledger) = published("ingest_writer").await;
    roll_back_as_owner(&db, SITE, 2).await.unwrap();
    let site_ledger = SiteLedger {
        id: ledger.id,
        site: Arc::new(site(&ledger)),
        destinations: Arc::default(),
        terms: Terms {
            clock: context().clock,
            rights: tokio::sync::watch::channel(Arc::default()).1,
            require_licence: false,
        },
        context: context(),
    };
    let db_of_ingest = db.db_as(Access::Ingest).await;
    let (writer, _thread) = Writer::start(db_of_ingest, site_ledger, Metrics::new(), 1);
    let work = Work::Capture {
        capture: "c1".into(),
        partner: "maker".into(),
        document_sha256: ledger::hash::sha256(b"a document"),
        document: Arc::new(StatedDocument::read(Box::new(DOCUMENT), 100).ok().unwrap()),
        behaviour: ErrorBehaviour::Rollback,
    };

    let problem = writer.submit(writer.prepare(work)).await.unwrap_err();

    assert!(matches!(&problem, Problem::Internal(why) if why.contains("shrank")), "{problem:?}");
    assert_eq!(sql::ledgers::head(&db, ledger.id).await.unwrap().size, 2);
    assert_eq!(sql::hub::forks(&db).await.unwrap().len(), 1);
}
