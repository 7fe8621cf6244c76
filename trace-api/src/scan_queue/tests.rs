//! Groups of scans over a real database: stored together, refused alone, answered before the process ends.

use actix_web::rt::spawn;
use jiff::Timestamp;
use sql::Access;
use sql::scans::Mark;
use sql::testing::TestDb;

use super::*;

/// An item whose scan lets the writer panic.
pub const PANICS: &str = "urn:panic";

/// A scan of one device, by its number.
fn scan(device: u8) -> Scan {
    let mark = || Mark { own: vec![device], before: vec![device, 0] };
    Scan {
        item: "urn:x".into(),
        at: Timestamp::UNIX_EPOCH,
        device: mark(),
        network: mark(),
        role: "consumer".into(),
        place: None,
        verdict: "CONSISTENT".into(),
    }
}

async fn queue(name: &str) -> (TestDb, ScanQueue) {
    let db = TestDb::migrated(name).await;
    let queue = ScanQueue::start(db.db_as(Access::TraceApi).await, Metrics::new());
    (db, queue)
}

/// Gives all of them to the queue at once.
async fn store_all(queue: &ScanQueue, scans: Vec<Scan>) -> Vec<Result<(), NotStored>> {
    let stored = scans.into_iter().map(|scan| spawn(queue.slot().unwrap().store(scan)));
    let stored: Vec<_> = stored.collect();
    let mut ended = Vec::new();
    for task in stored {
        ended.push(task.await.unwrap());
    }
    ended
}

async fn count(db: &TestDb) -> usize {
    sql::scans::of_item(db, "urn:x").await.unwrap().len()
}

#[actix_web::test]
async fn scans_that_wait_together_are_one_statement_and_those_of_one_device_are_one_scan() {
    let (db, queue) = queue("queue_group").await;
    let before = sql::testing::statements();
    let scans = (0..100).map(|number| scan(number % 60)).collect();
    let ended = store_all(&queue, scans).await;
    assert_eq!(sql::testing::statements() - before, 1);
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    assert_eq!(count(&db).await, 60);
    assert_eq!(queue.metrics.scans.with_label_values(&["consumer"]).get(), 60);
    assert_eq!(queue.metrics.scan_group.get_sample_count(), 1);
}

#[actix_web::test]
async fn a_scan_whose_value_is_refused_fails_alone() {
    let (db, queue) = queue("queue_refused").await;
    let mut scans: Vec<Scan> = (0..40).map(scan).collect();
    scans[7].role = "nobody".into();
    scans[23].item = "urn:\0".into();
    let ended = store_all(&queue, scans).await;
    for (place, ended) in ended.iter().enumerate() {
        let is_refused = matches!(ended, Err(NotStored::Refused(_)));
        assert_eq!(is_refused, [7, 23].contains(&place), "{place}: {ended:?}");
    }
    assert_eq!(count(&db).await, 38);
    assert_eq!(queue.metrics.unstored_scans.with_label_values(&["refused"]).get(), 2);
}

#[actix_web::test]
async fn a_full_queue_gives_no_slot_until_one_is_free_and_counts_who_was_refused() {
    let db = TestDb::migrated("queue_full").await;
    let queue = ScanQueue::with_slots(db.db(), Metrics::new(), 2);
    let before = sql::testing::statements();
    let (one, other) = (queue.slot().unwrap(), queue.slot().unwrap());
    assert_eq!(queue.slot().err(), Some(NotStored::Full));
    assert_eq!(queue.metrics.unstored_scans.with_label_values(&["full"]).get(), 1);
    assert_eq!(sql::testing::statements(), before);
    drop(one);
    let third = queue.slot().unwrap();
    other.store(scan(1)).await.unwrap();
    third.store(scan(2)).await.unwrap();
    assert_eq!(count(&db).await, 2);
}

#[actix_web::test]
async fn a_queue_that_ends_stores_what_waits_and_takes_no_more() {
    let (db, queue) = queue("queue_ends").await;
    let slots: Vec<Slot> = (0..30).map(|_| queue.slot().unwrap()).collect();
    let late = queue.slot().unwrap();
    let waiting: Vec<_> =
        slots.into_iter().zip(0..).map(|(slot, number)| spawn(slot.store(scan(number)))).collect();
    let late = spawn(async move {
        tokio::task::yield_now().await;
        late.store(scan(77)).await
    });
    queue.finish().await;
    for task in waiting {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert_eq!(late.await.unwrap(), Ok(()), "who has a slot is waited for");
    assert_eq!(count(&db).await, 31);
    assert!(matches!(queue.slot().err(), Some(NotStored::Unavailable(_))));
    queue.finish().await;
}

#[actix_web::test]
async fn without_a_database_each_scan_is_answered_and_the_queue_goes_on() {
    let settings = sql::Settings::new("postgresql://nobody@127.0.0.1:1/none");
    let queue = ScanQueue::start(sql::Db::connect(&settings).await.unwrap(), Metrics::new());
    for _ in 0..2 {
        let ended = store_all(&queue, vec![scan(1), scan(2)]).await;
        assert!(ended.iter().all(|one| matches!(one, Err(NotStored::Unavailable(_)))), "{ended:?}");
    }
    assert_eq!(queue.metrics.unstored_scans.with_label_values(&["unavailable"]).get(), 4);
}

#[actix_web::test]
async fn a_writer_that_panics_answers_its_group_and_stores_the_next() {
    let (db, queue) = queue("queue_panics").await;
    let bad = Scan { item: PANICS.into(), ..scan(1) };
    let ended = store_all(&queue, vec![bad, scan(2)]).await;
    assert!(ended.iter().all(|one| matches!(one, Err(NotStored::Unavailable(_)))), "{ended:?}");
    assert!(queue.is_running());
    assert_eq!(store_all(&queue, vec![scan(3)]).await, [Ok(())]);
    assert_eq!(count(&db).await, 1);
}

#[actix_web::test]
async fn no_request_waits_for_a_writer_that_has_ended() {
    let (_db, queue) = queue("queue_dead").await;
    let (before, after) = (queue.slot().unwrap(), queue.slot().unwrap());
    let waiting = spawn(before.store(scan(1)));
    queue.writer.lock().unwrap().as_ref().unwrap().abort();
    let long = Duration::from_secs(20);
    for ended in [
        timeout(long, waiting).await.unwrap().unwrap(),
        timeout(long, after.store(scan(2))).await.unwrap(),
    ] {
        assert!(matches!(ended, Err(NotStored::Unavailable(_))), "{ended:?}");
    }
    assert!(!queue.is_running());
    assert!(matches!(queue.slot().err(), Some(NotStored::Unavailable(_))));
}
