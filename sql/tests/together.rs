//! What is asked at the same moment by many: each gets what it would get alone, and a bad row is the trouble of whoever asked for it.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use sql::LedgerId;
use sql::scans::{Asker, Mark};
use sql::testing::{TestDb, statements};
use sql::together::{IndexQuestion, LedgersAnswer, LedgersQuestion, ScanQuestion};

/// Items, each with rows of its own.
const ITEMS: i64 = 40;
/// The item whose rows the database's owner spoils.
const BAD: i64 = 17;

/// Item `n` has `n` scans by `n` networks at `n` positions, a finding with its number, and `n % 5` records in each of `n % 4` ledgers.
async fn scene(name: &str) -> TestDb {
    let db = TestDb::migrated(name).await;
    let fill = format!(
        "insert into scans (item_key, item, at, device, device_before, network, network_before, role, place, latitude,
           longitude, uncertainty_km, verdict)
         select i, 'urn:' || i, now() - s * interval '1 minute', int4send(i * 1000 + s), int4send(-1 - i * 1000 - s),
           int4send(i * 1000 + s), int4send(-1 - i * 1000 - s), 'consumer', 'city ' || i, s, i, 20, 'SOLD'
         from generate_series(1, {ITEMS}) as i, generate_series(1, i) as s;
         insert into findings (item_key, item, rule, evidence, opened_at)
         select i, 'urn:' || i, 'many_networks', '{{\"networks\":' || i || '}}', now() from generate_series(1, {ITEMS}) as i;
         insert into ledgers (origin, kind, party, created_at) select 'l' || n, 'site', 'p' || n, now() from generate_series(0, 3) as n;
         insert into item_records (item_key, ledger_id, leaf_index)
         select i, ledger_id, 1000 * i + n from generate_series(1, {ITEMS}) as i, ledgers, generate_series(1, i % 5) as n
         where substring(origin from 2)::integer < i % 4"
    );
    db.execute(&fill).await.expect("filled");
    db
}

fn scan_question(key: i64) -> ScanQuestion {
    let mark = |number: i64| i32::try_from(number).expect("small").to_be_bytes().to_vec();
    let own = 1000 * key + 1;
    ScanQuestion {
        key,
        device: Mark { own: mark(own), before: mark(-1 - own) },
        role: "consumer",
        networks_since: Timestamp::now() - SignedDuration::from_hours(24),
        places_since: Timestamp::now() - SignedDuration::from_hours(23),
    }
}

fn index_question(key: i64) -> IndexQuestion {
    // Some ask for two items.
    let keys = if key % 3 == 0 { vec![key, key - 1] } else { vec![key] };
    IndexQuestion { keys, most: 7 }
}

/// Some ask for a ledger that there is not, some for none, some for the sizes of the hubs.
fn ledgers_question(key: i64) -> LedgersQuestion {
    let last = i32::try_from(key % 6).expect("small");
    LedgersQuestion { ledgers: (1..=last).map(LedgerId).collect(), wants_hubs: key % 2 == 0 }
}

/// What `question` is answered, in an order of its own.
async fn indexed(db: &sql::Db, question: IndexQuestion) -> String {
    let mut answer = sql::together::index(db, question).await.expect("asked");
    if let Some(found) = &mut answer {
        found.sort_unstable_by_key(|one| (one.key, one.ledger, one.index));
    }
    format!("{answer:?}")
}

/// As [`indexed`].
async fn stand(db: &sql::Db, question: LedgersQuestion) -> String {
    let mut answer = sql::together::ledgers(db, question).await.expect("asked");
    answer.states.sort_unstable_by_key(|state| state.row.id);
    format!("{answer:?}")
}

#[tokio::test]
async fn many_who_ask_at_once_get_each_what_they_get_alone_and_share_the_statements() {
    let db = scene("shared_many").await;
    let connection = db.connection().await.expect("connected");
    let mut scans = Vec::new();
    let mut index = Vec::new();
    let mut ledgers = Vec::new();
    for key in 0..=ITEMS {
        let one = scan_question(key);
        let asker = Asker { device: &one.device, role: one.role };
        let since = (one.networks_since, one.places_since);
        let seen = sql::scans::seen(&connection, key, asker, since).await.expect("asked");
        let findings = sql::findings::of_key(&connection, key).await.expect("asked");
        assert_eq!(seen.totals.all, u64::try_from(key).expect("positive"));
        scans.push((one, (seen, findings)));
        let question = index_question(key);
        let found = sql::items::found(&connection, &question.keys, question.most).await;
        let mut found = found.expect("asked");
        if let Some(found) = &mut found {
            found.sort_unstable_by_key(|one| (one.key, one.ledger, one.index));
        }
        index.push((question, format!("{found:?}")));
        let question = ledgers_question(key);
        let states = sql::ledgers::states(&connection, &question.ledgers).await;
        let mut states = states.expect("asked");
        assert_eq!(states.len(), question.ledgers.len().min(4), "there are four");
        states.sort_unstable_by_key(|state| state.row.id);
        let hubs = question.wants_hubs.then(Vec::new);
        let alone = LedgersAnswer { states, hubs };
        ledgers.push((question, format!("{alone:?}")));
    }
    assert!(index.iter().any(|(_, alone)| alone == "None"), "some have too many");
    drop(connection);
    let before = statements();
    let together =
        join_all(scans.iter().map(|(one, _)| sql::together::scans(&db, one.clone()))).await;
    let both = join_all(index.iter().map(|(one, _)| indexed(&db, one.clone()))).await;
    let standing = join_all(ledgers.iter().map(|(one, _)| stand(&db, one.clone()))).await;
    let asked = statements() - before;
    for ((question, alone), together) in ledgers.iter().zip(standing) {
        assert_eq!(together, *alone, "{question:?}");
    }
    for ((one, alone), together) in scans.iter().zip(together) {
        assert_eq!(together.expect("asked"), *alone, "item {}", one.key);
    }
    for ((question, alone), together) in index.iter().zip(both) {
        assert_eq!(together, *alone, "{question:?}");
    }
    let alone = u64::try_from(ITEMS).expect("positive") * 4;
    assert!(asked * 5 < alone, "{asked} statements, alone more than {alone}");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_an_error_of_its_item_and_of_no_other_that_is_asked_with_it() {
    let db = scene("shared_bad").await;
    for (spoilt, why) in [
        ("update scan_totals set consumers = -1", "a count that is none"),
        ("update scan_networks set first_at = 'infinity'", "a time that is none"),
        (
            "update scan_places set latest = row((latest).at, 'x', 1, null, null)::scan_sighting",
            "a mark that is missing",
        ),
    ] {
        db.execute(&format!("begin; {spoilt} where item_key = {BAD}; commit")).await.expect(why);
        let asked = (1..=ITEMS).map(|key| sql::together::scans(&db, scan_question(key)));
        for (key, answer) in (1..=ITEMS).zip(join_all(asked).await) {
            match answer {
                Ok((seen, findings)) => {
                    assert_ne!(key, BAD, "{why}");
                    assert_eq!(seen.totals.all, u64::try_from(key).expect("positive"), "{why}");
                    assert_eq!(findings.len(), 1);
                    assert_eq!(findings[0].item, format!("urn:{key}"));
                    let own = |name: &str| name == format!("city {key}");
                    assert!(seen.sightings.iter().all(|one| own(&one.place.name)), "{why}");
                }
                Err(error) => assert_eq!(key, BAD, "{why}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn an_item_with_very_many_entries_takes_no_room_from_others_that_are_asked_with_it() {
    let db = scene("shared_room").await;
    let many = format!(
        "insert into item_records select {BAD}, ledger_id, 100000 + n from ledgers, generate_series(1, 5000) as n"
    );
    db.execute(&many).await.expect("filled");
    let asked = (1..=ITEMS)
        .map(|key| sql::together::index(&db, IndexQuestion { keys: vec![key], most: 20 }));
    for (key, answer) in (1..=ITEMS).zip(join_all(asked).await) {
        match answer.expect("asked") {
            Some(found) => {
                assert_ne!(key, BAD);
                let count = usize::try_from((key % 5) * (key % 4)).expect("positive");
                assert_eq!(found.len(), count, "item {key}");
                assert!(found.iter().all(|one| one.key == key), "{found:?}");
            }
            None => assert_eq!(key, BAD),
        }
    }
}
