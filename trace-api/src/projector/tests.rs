//! The projector on a real database: what it stores, takes over, survives and makes anew.

use epcis::query::{Direction, Order};
use history::testing::{CASE, EventDraft, ITEM, TestLedger, object_event, packing_event};
use sql::Access;
use sql::events::{Candidates, Search, candidates, lag, skips};
use sql::testing::TestDb;

use super::*;

const AT: &str = "2026-11-20T08:00:00.000+08:00";

async fn catch_up(db: &Db) -> Progress {
    let mut all = Progress::default();
    loop {
        let done = project_once(db, &CrashPoints::none()).await.unwrap();
        if done.records == 0 {
            return all;
        }
        all.records += done.records;
        all.events += done.events;
        all.skipped += done.skipped;
    }
}

async fn everything(db: &Db) -> Candidates {
    let search = Search {
        most: 10_000,
        direction: Direction::Ascending,
        order: Order::Unstated,
        ..Search::default()
    };
    candidates(db, &search).await.unwrap()
}

/// The events of each ledger, in order, by ledger and index.
async fn order_of(db: &Db) -> Vec<(String, u64, String)> {
    let found = everything(db).await.found;
    let mut all: Vec<(String, u64, String)> =
        found.into_iter().map(|(row, _)| (row.origin, row.index, row.event_id)).collect();
    all.sort();
    all
}

fn seen(count: u32) -> Vec<EventDraft> {
    let draft = |number: u32| {
        let epc = format!("urn:epc:id:sgtin:4012345.011111.{number}");
        object_event(AT, "storing").of(&[&*epc])
    };
    (0..count).map(draft).collect()
}

#[tokio::test]
async fn committed_records_of_all_site_ledgers_are_projected_once_in_their_order() {
    let db = TestDb::migrated("projected").await;
    let one = TestLedger::create(&db, "a.example/x", "site", "A").await;
    let two = TestLedger::create(&db, "b.example/y", "site", "B").await;
    let hub = TestLedger::create(&db, "hub.example/1", "hub", "Hub").await;
    one.append(&seen(300), "2026-11-20T00:00:00Z").await;
    two.append(&[packing_event(AT, "ADD", CASE, &[ITEM])], "2026-11-20T00:00:01Z").await;
    hub.append_checkpoint_of(&one, "2026-11-20T00:00:02Z").await;
    let before = lag(&db).await.unwrap();
    assert_eq!((before.position, before.ledgers, before.records), (0, 2, 301));
    assert_eq!(before.seconds("2026-11-20T00:01:00Z".parse().unwrap()), 60);
    // With the rights of the process.
    let own = db.db_as(Access::TraceApi).await;
    assert_eq!(catch_up(&own).await, Progress { records: 301, events: 301, skipped: 0 });
    let after = lag(&db).await.unwrap();
    assert_eq!((after.position, after.records, after.since), (301, 0, None));
    let found = everything(&own).await.found;
    let positions: Vec<u64> = found.iter().map(|(row, _)| row.position).collect();
    assert_eq!(positions, (1..=301).collect::<Vec<_>>());
    for (row, record) in &found {
        history::projected::check(row, record).unwrap();
    }
    two.append(&seen(2), "2026-11-20T00:00:03Z").await;
    assert_eq!(catch_up(&own).await.events, 2);
    assert_eq!(catch_up(&own).await, Progress::default(), "nothing twice");
}

#[tokio::test]
async fn a_record_that_is_no_event_is_left_out_with_its_place_and_holds_up_nobody() {
    let db = TestDb::migrated("skipped").await;
    let site = TestLedger::create(&db, "a.example/x", "site", "A").await;
    let mut drafts = seen(3);
    drafts[1] = drafts[1].clone().with("type", "Note".into());
    site.append(&drafts, "2026-11-20T00:00:00Z").await;
    assert_eq!(catch_up(&db).await, Progress { records: 3, events: 2, skipped: 1 });
    let left_out = skips(&db, None, 10).await.unwrap();
    assert_eq!(left_out.len(), 1);
    assert_eq!((&*left_out[0].origin, left_out[0].index), ("a.example/x", 1));
    assert!(left_out[0].reason.contains("no event"), "{}", left_out[0].reason);
    let behind = skips(&db, Some((left_out[0].ledger, 1)), 10).await.unwrap();
    assert_eq!(behind, []);
}

#[tokio::test]
async fn of_two_projectors_one_adds_a_batch_and_the_other_finds_it_done() {
    let db = TestDb::migrated("two_projectors").await;
    let site = TestLedger::create(&db, "a.example/x", "site", "A").await;
    site.append(&seen(40), "2026-11-20T00:00:00Z").await;
    let waiting = sql::events::waiting(&db, MOST).await.unwrap();
    let (batch, _) = batch_of(&waiting);
    assert_eq!(catch_up(&db).await.events, 40);
    let late = db.run_tx_once("test.late", async |tx| sql::events::apply(tx, &batch).await).await;
    assert!(late.unwrap_err().is_conflict());
    assert_eq!(order_of(&db).await.len(), 40);
    let first = sql::events::hold_projector(&db).await.unwrap().expect("the first has it");
    assert!(sql::events::hold_projector(&db).await.unwrap().is_none(), "the second waits");
    drop(first);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    // PostgreSQL lets go of the lock when it has seen the end of the connection.
    while sql::events::hold_projector(&db).await.unwrap().is_none() {
        assert!(tokio::time::Instant::now() < deadline, "the second takes over");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_projection_that_is_begun_anew_has_the_same_events_in_the_same_order_of_each_ledger() {
    let db = TestDb::migrated("rebuilt").await;
    let one = TestLedger::create(&db, "a.example/x", "site", "A").await;
    let two = TestLedger::create(&db, "b.example/y", "site", "B").await;
    for part in 0..4 {
        one.append(&seen(20 + part), "2026-11-20T00:00:00Z").await;
        catch_up(&db).await;
        two.append(&seen(7), "2026-11-20T00:00:01Z").await;
    }
    catch_up(&db).await;
    let (live, place) = (order_of(&db).await, everything(&db).await);
    let mut rebuilt = Vec::new();
    for _ in 0..2 {
        db.run_tx("test.clear", async |tx| sql::events::clear(tx).await).await.unwrap();
        assert_eq!(lag(&db).await.unwrap().position, 0);
        catch_up(&db).await;
        rebuilt.push(everything(&db).await.found);
    }
    assert_eq!(rebuilt[0], rebuilt[1], "two rebuilds are the same, positions too");
    assert_eq!(order_of(&db).await, live);
    // A place of before means nothing now, and says so.
    let generation = place.generation;
    let after = Some(sql::events::Place { generation, at: 0, position: 3 });
    let outdated = candidates(&db, &Search { most: 10, after, ..Search::default() }).await.unwrap();
    assert!(outdated.is_outdated && outdated.found.is_empty());
}

#[tokio::test]
async fn a_session_that_is_killed_before_its_commit_leaves_nothing() {
    let db = TestDb::migrated("uncommitted").await;
    let site = TestLedger::create(&db, "a.example/x", "site", "A").await;
    site.append(&seen(30), "2026-11-20T00:00:00Z").await;
    let (batch, _) = batch_of(&sql::events::waiting(&db, MOST).await.unwrap());
    // The server ends the session between the last statement and the commit.
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity \
                where application_name = 'test.killed' and datname = current_database()";
    let killed = db.run_tx_once("test.killed", async |tx: &Transaction<'_>| {
        let position = sql::events::apply(tx, &batch).await?;
        assert_eq!(position, 30);
        db.execute(kill).await.unwrap();
        Ok(())
    });
    assert!(killed.await.is_err());
    // The session that was ended may not be known to be yet: another process begins with its own.
    let other = db.db_as(Access::TraceApi).await;
    assert_eq!(lag(&other).await.unwrap().position, 0);
    assert_eq!(everything(&other).await.found, []);
    assert_eq!(catch_up(&other).await.events, 30);
}

#[tokio::test]
async fn whoever_may_write_the_projection_cannot_make_it_show_what_no_ledger_holds() {
    let db = TestDb::migrated("forged").await;
    let site = TestLedger::create(&db, "a.example/x", "site", "A").await;
    site.append(&seen(3), "2026-11-20T00:00:00Z").await;
    let own = db.db_as(Access::TraceApi).await;
    catch_up(&own).await;
    let forge = async |statement: &str| db.execute_as(Access::TraceApi, statement).await;
    // A row that names a record a second time, or moves one, is refused by the database.
    let twice = "insert into events select 99, ledger_id, leaf_index, 0, 0, 7, 'urn:x' from events where position = 1";
    assert!(forge(twice).await.is_err());
    assert!(forge("update events set event_id = 'urn:x'").await.is_err());
    assert!(forge("delete from events").await.is_err());
    // A row of a record that does not exist, and of a record that is another event.
    forge("insert into events select 4, ledger_id, 77, 0, 0, 7, 'urn:x' from events where position = 1")
        .await
        .unwrap();
    forge("update projection_head set position = 4").await.unwrap();
    let found = everything(&own).await;
    assert_eq!((found.found.len(), found.faults), (3, 1));
    // A posting that leads to an event without that term: the event is a candidate, and says itself what it is.
    let posting = "insert into event_postings values (12345, 0, '\\x0001')";
    forge(posting).await.unwrap();
    let groups = [vec![epcis::query::Term(12345)]];
    let search = Search { groups: &groups, most: 10, ..Search::default() };
    let candidate = candidates(&own, &search).await.unwrap().found.remove(0);
    let event = history::projected::check(&candidate.0, &candidate.1).unwrap().event;
    let terms = epcis::query::terms_of(&event);
    assert!(
        !terms.contains(&epcis::query::Term(12345)),
        "the matcher sees that it is not asked for"
    );
}

#[actix_web::test]
async fn while_one_process_projects_the_other_waits_and_takes_over_when_it_ends() {
    let db = TestDb::migrated("taken_over").await;
    let site = TestLedger::create(&db, "a.example/x", "site", "A").await;
    let metrics = [(); 2].map(|()| ProjectionMetrics::new(&prometheus::Registry::new()));
    let start = async |metrics: &ProjectionMetrics| {
        let own = db.db_as(Access::TraceApi).await;
        let (clock, crash) = (Clock::system(), CrashPoints::none());
        let task = tokio::task::spawn_local(run(own, (metrics.clone(), scans()), clock, crash));
        task.abort_handle()
    };
    let until = async |what: &str, is_so: &dyn Fn() -> bool| {
        let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
        while !is_so() {
            assert!(tokio::time::Instant::now() < deadline, "{what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let first = start(&metrics[0]).await;
    until("the first projects", &|| metrics[0].active.get() == 1).await;
    let second = start(&metrics[1]).await;
    site.append(&seen(20), "2026-11-20T00:00:00Z").await;
    until("it is projected", &|| metrics[0].events.get() == 20).await;
    assert_eq!((metrics[1].active.get(), metrics[1].events.get()), (0, 0));
    first.abort();
    site.append(&seen(5), "2026-11-20T00:00:01Z").await;
    until("the second takes over", &|| metrics[1].events.get() == 5).await;
    until("nothing waits", &|| metrics[1].lag_records.get() == 0).await;
    assert_eq!(order_of(&db).await.len(), 25);
    second.abort();
}

/// Scans that nobody makes.
fn scans() -> prometheus::Histogram {
    prometheus::Histogram::with_opts(prometheus::HistogramOpts::new("scans", "Scans")).unwrap()
}

#[test]
fn projecting_rests_as_long_as_it_worked_while_scans_are_answered_and_gathers_what_is_little() {
    let ms = Duration::from_millis;
    let full = u64::from(MOST);
    for (records, took, is_answering, expected) in [
        (full, ms(80), false, ms(0)),
        (full, ms(80), true, ms(80)),
        (full, ms(9000), true, REST),
        (1, ms(80), false, GATHER),
        (1, ms(80), true, GATHER),
    ] {
        let found = rest(records, took, is_answering);
        assert_eq!(found, expected, "{records} records in {took:?}, {is_answering}");
    }
}
