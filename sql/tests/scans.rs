//! Scans and findings over a real database: what is stored once, what may be deleted, and who may do it.

use jiff::Timestamp;
use sql::findings::{NewFinding, Resolution};
use sql::scans::{Mark, NetworkSpan, Scan};
use sql::testing::TestDb;
use sql::{Access, Db};

fn scan(at: Timestamp) -> Scan {
    Scan {
        item: "urn:x".into(),
        at,
        device: Mark { own: vec![1], before: vec![2] },
        network: Mark { own: vec![3], before: vec![4] },
        role: "consumer".into(),
        place: Some(sql::scans::Place {
            name: "Shanghai".into(),
            latitude: 31.2,
            longitude: 121.5,
            uncertainty_km: 20.0,
        }),
        verdict: "CONSISTENT".into(),
    }
}

async fn store(db: &Db, scan: &Scan) -> bool {
    let since = scan.at - jiff::SignedDuration::from_mins(10);
    db.run_tx("test.scan", async |tx| sql::scans::insert(tx, scan, since).await)
        .await
        .expect("asked")
}

async fn open_finding(db: &Db, last_known: u64) -> bool {
    let finding = NewFinding {
        item: "urn:x",
        rule: "many_networks",
        evidence: "{}",
        opened_at: Timestamp::UNIX_EPOCH,
        last_known,
    };
    db.run_tx("test.finding", async |tx| sql::findings::open(tx, &finding).await)
        .await
        .expect("asked")
}

#[tokio::test]
async fn trace_api_stores_scans_and_findings_once_and_finds_them_again() {
    let db = TestDb::migrated("scans").await;
    let trace = db.db_as(Access::TraceApi).await;
    let scan = scan(Timestamp::UNIX_EPOCH);
    assert!(store(&trace, &scan).await, "stored");
    assert!(!store(&trace, &scan).await, "a repeat is not stored");
    assert_eq!(
        sql::scans::of_item(&trace, "urn:x").await.expect("asked"),
        std::slice::from_ref(&scan)
    );
    let totals = sql::scans::totals(&trace, "urn:x", &scan.device).await.expect("asked");
    assert_eq!((totals.all, totals.own), (1, 1));
    let now = Timestamp::from_second(1).expect("a time");
    let week = NetworkSpan { since: Timestamp::UNIX_EPOCH, until: now, week_end: now };
    let networks = sql::scans::networks(&trace, "urn:x", week, &[9]).await.expect("asked");
    assert_eq!(networks, [Timestamp::UNIX_EPOCH]);
    let others = Mark { own: vec![9], before: vec![8] };
    let second = (Timestamp::UNIX_EPOCH - jiff::SignedDuration::from_secs(1), now);
    let elsewhere = sql::scans::elsewhere(&trace, "urn:x", second, &others).await.expect("asked");
    assert_eq!(elsewhere, [(scan.at, scan.place.expect("a place"))]);
    for (last_known, is_stored) in [(0, true), (0, false)] {
        assert_eq!(open_finding(&trace, last_known).await, is_stored);
    }
    let found = sql::findings::of_item(&trace, "urn:x").await.expect("asked");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(open_finding(&trace, found[0].id).await, "a later one");
}

#[tokio::test]
async fn trace_api_deletes_old_scans_only_and_nobody_else_any() {
    let db = TestDb::migrated("delete_scans").await;
    let trace = db.db_as(Access::TraceApi).await;
    let now = Timestamp::now();
    let days = |days: i64| now - jiff::SignedDuration::from_hours(24 * days);
    for age in [40, 20, 9, 7, 0] {
        assert!(store(&trace, &scan(days(age))).await);
    }
    let delete = async |db: &Db, before: Timestamp| {
        db.run_tx("test.delete", async |tx| sql::scans::delete_before(tx, before).await).await
    };
    for recent in [days(7), days(0), days(-1)] {
        let error = delete(&trace, recent).await.expect_err("too recent").to_string();
        assert!(error.contains("expected a time at least 8 days ago"), "{error}");
    }
    for access in [Access::Ingest, Access::Anchor] {
        let error = delete(&db.db_as(access).await, days(30)).await.expect_err("refused");
        assert!(error.to_string().contains("permission denied"), "{error}");
    }
    assert_eq!(delete(&trace, days(10)).await.expect("old ones"), 2);
    let left = sql::scans::of_item(&trace, "urn:x").await.expect("asked");
    assert_eq!(left.len(), 3);
    // The setting by which the function says that it deletes opens nothing to anybody else.
    let forged = "set local chopmark.delete_scans_before = '2999-01-01'; delete from scans";
    let (client, connection) =
        tokio_postgres::connect(&db.url_for(Access::TraceApi), tokio_postgres::NoTls)
            .await
            .expect("it answers");
    tokio::spawn(connection);
    let refused = client.batch_execute(forged).await.expect_err("no right to delete");
    assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("42501"));
    let refused = db.execute(forged).await.expect_err("recent scans stay, even for the owner");
    assert_eq!(refused, "scans is append-only");
}

#[tokio::test]
async fn only_the_owner_stores_a_resolution_and_only_one_for_a_finding() {
    let db = TestDb::migrated("resolutions").await;
    let trace = db.db_as(Access::TraceApi).await;
    assert!(open_finding(&trace, 0).await);
    let id = sql::findings::list(&trace, 0, true).await.expect("asked")[0].id;
    let resolution = Resolution {
        party: "brand".into(),
        reason: "a market test".into(),
        resolved_at: Timestamp::UNIX_EPOCH,
        note: "note".into(),
    };
    let resolve = async |db: &Db, id| {
        db.run_tx("test.resolve", async |tx| sql::findings::resolve(tx, id, &resolution).await)
            .await
    };
    let refused = resolve(&trace, id).await.expect_err("trace-api resolves nothing");
    assert!(refused.to_string().contains("permission denied"), "{refused}");
    assert!(resolve(&db, id).await.expect("the owner"));
    assert!(!resolve(&db, id).await.expect("once"));
    assert!(resolve(&db, id + 1).await.is_err(), "there is no such finding");
    let found = sql::findings::find(&trace, id).await.expect("asked").expect("there");
    assert_eq!(found.resolution, Some(resolution.clone()));
    assert!(sql::findings::list(&trace, 0, true).await.expect("asked").is_empty());
    assert_eq!(sql::findings::list(&trace, 0, false).await.expect("asked").len(), 1);
}
