//! The projector of events as a real process: killed within a batch and after it, and taken over by another.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use history::testing::{TestLedger, object_event};
use sql::Access;
use sql::testing::TestDb;

use crate::running::{Up, free_address};

/// Longest wait for events to be projected.
const PATIENCE: Duration = Duration::from_mins(1);

/// Writes the configuration of a trace-api; gives its folder and the operator's address.
fn configure(db: &TestDb, policy: &str, folder: &Path) -> (PathBuf, SocketAddr) {
    std::fs::create_dir_all(folder).unwrap();
    let (public, internal) = (free_address(), free_address());
    let url = db.url_for(Access::TraceApi);
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
    };
    file("scan.secret", "0123456789abcdef\n");
    file("policy.txt", policy);
    file(
        "chopmark.toml",
        &format!(
            "[database]\ntrace_api_url = \"{url}\"\n[trace_api]\nlisten = \"{public}\"\ninternal_listen = \"{internal}\"\n\
             public_url = \"http://{public}\"\npolicy = \"policy.txt\"\nscan_secret = \"scan.secret\"\n"
        ),
    );
    (folder.to_owned(), internal)
}

/// A ledger, and the policy that knows it and a hub.
async fn ledger(db: &TestDb) -> (TestLedger, String) {
    let ledger = TestLedger::create(db, "a.example/x", "site", "A").await;
    let hub = TestLedger::create(db, "hub.example/1", "hub", "Hub").await;
    let policy = ledger.policy_lines("log") + &hub.policy_lines("hub");
    (ledger, policy)
}

/// Records so many events, each of another item.
async fn record(ledger: &TestLedger, numbers: std::ops::Range<u32>) {
    let event = |number: u32| {
        let item = format!("urn:epc:id:sgtin:4012345.011111.{number}");
        object_event("2026-11-20T08:00:00.000+08:00", "storing").of(&[&*item])
    };
    let events: Vec<_> = numbers.map(event).collect();
    ledger.append(&events, "2026-11-20T00:00:00Z").await;
}

/// Events, different records among them, and the head of the projection.
async fn projected(db: &TestDb) -> (i64, i64, i64) {
    let text = "select count(*), count(distinct (ledger_id, leaf_index)), (select position from projection_head) from events";
    let row = db.session().await.query_one(text, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// Waits until so many events are projected, and checks that each is there once.
async fn wait_for_all(db: &TestDb, count: i64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = projected(db).await;
        if found == (count, count, count) {
            return;
        }
        assert!(found.0 <= count && Instant::now() < deadline, "{found:?}, expected {count}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_that_is_killed_within_a_batch_or_after_it_finds_every_event_once() {
    for (place, name, durable) in [
        ("projection.before_commit", "projecting_before", 0),
        ("projection.after_commit", "projecting_after", 40),
    ] {
        let db = TestDb::migrated(name).await;
        let (ledger, policy) = ledger(&db).await;
        record(&ledger, 0..40).await;
        let temporary = tempfile::tempdir().unwrap();
        let (folder, _) = configure(&db, &policy, temporary.path());
        let up = Up::start_with(&folder, &[], &[("CHOPMARK_CRASH_AT", place)]);
        tokio::task::spawn_blocking(move || up.wait_until_killed()).await.unwrap();
        assert_eq!(projected(&db).await, (durable, durable, durable), "{place}");
        record(&ledger, 40..50).await;
        let up = Up::start(&folder, &[]);
        wait_for_all(&db, 50).await;
        tokio::task::spawn_blocking(move || up.stop()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_the_other_takes_over_when_the_one_that_projects_is_killed() {
    let db = TestDb::migrated("projecting_taken_over").await;
    let (ledger, policy) = ledger(&db).await;
    let temporary = tempfile::tempdir().unwrap();
    let (first, _) = configure(&db, &policy, &temporary.path().join("first"));
    let (second, internal) = configure(&db, &policy, &temporary.path().join("second"));
    let first = Up::start(&first, &[]);
    record(&ledger, 0..10).await;
    wait_for_all(&db, 10).await;
    let mut second = Up::start(&second, &[]);
    let second = tokio::task::spawn_blocking(move || {
        second.wait_until_ready(internal, "/readyz");
        first.kill();
        second
    });
    let second = second.await.unwrap();
    record(&ledger, 10..30).await;
    wait_for_all(&db, 30).await;
    tokio::task::spawn_blocking(move || second.stop()).await.unwrap();
}
