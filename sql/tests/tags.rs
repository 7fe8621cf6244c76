//! Keys of chips and their taps over a real database: what is kept, who may read it, and who wins of many at once.

use jiff::{SignedDuration, Timestamp};
use sql::tag_keys::NewKeySet;
use sql::tag_taps::{CHIP, LastTap, NewTap, advance};
use sql::testing::TestDb;
use sql::{Access, Db};

const KEPT: &str = "the counter of a chip only rises";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).expect("a time")
}

async fn import(db: &Db, name: &str, products: &[&str]) -> Option<u64> {
    let products: Vec<String> = products.iter().map(|&digits| digits.to_owned()).collect();
    let new = NewKeySet {
        name,
        products: &products,
        algorithm: "aes",
        check_value: "66E94B",
        wrapped: name.as_bytes(),
        imported_at: at(0),
    };
    let insert = async |tx: &sql::Transaction<'_>| sql::tag_keys::insert(tx, &new).await;
    db.run_tx("test.import", insert).await.expect("asked")
}

async fn names(db: &Db, gtin: &str) -> Vec<String> {
    let found = sql::tag_keys::of_product(db, gtin).await.expect("asked");
    found.into_iter().map(|set| set.name).collect()
}

#[tokio::test]
async fn key_sets_are_found_by_product_until_they_are_retired_and_stay_listed() {
    let db = TestDb::migrated("tag_keys").await;
    let trace = db.db_as(Access::TraceApi).await;
    let tea = import(&db, "tea", &["09521141", "09521142000017"]).await.expect("stored");
    assert_eq!(import(&db, "tea", &["09521141"]).await, None, "one of this name holds");
    let all = import(&db, "all", &["0952"]).await.expect("stored");
    assert!(tea < all);
    assert_eq!(names(&trace, "09521141123454").await, ["tea", "all"]);
    assert_eq!(names(&trace, "09521142000017").await, ["tea", "all"]);
    assert_eq!(names(&trace, "09521142000024").await, ["all"]);
    assert!(names(&trace, "19521141123454").await.is_empty());
    let retire = async |id| {
        let retire = async |tx: &sql::Transaction<'_>| sql::tag_keys::retire(tx, id, at(9)).await;
        db.run_tx("test.retire", retire).await.expect("asked")
    };
    assert!(retire(tea).await && !retire(tea).await && !retire(99).await);
    assert_eq!(names(&trace, "09521141123454").await, ["all"]);
    assert!(import(&db, "tea", &["09521141"]).await.is_some(), "the name is free again");
    let listed = sql::tag_keys::list(&db, 0).await.expect("asked");
    let listed: Vec<_> = listed.iter().map(|set| (set.name.as_str(), set.retired_at)).collect();
    assert_eq!(listed, [("tea", Some(at(9))), ("all", None), ("tea", None)]);
    for change in ["name = 'x'", "wrapped = 'x'", "retired_at = null", "products = '{0952}'"] {
        let refused = db.execute(&format!("update tag_key_sets set {change}")).await;
        let text = "a key set is retired once; nothing else of it changes";
        assert_eq!(refused.expect_err(change), text, "{change}");
    }
}

#[tokio::test]
async fn a_process_reads_the_key_sets_that_hold_and_nothing_else_of_them() {
    let db = TestDb::migrated("tag_keys_rights").await;
    let id = import(&db, "tea", &["0952"]).await.expect("stored");
    let allowed = "select name, products, algorithm, wrapped from tag_key_sets";
    db.execute_as(Access::TraceApi, allowed).await.expect("what a check needs");
    for column in ["check_value", "imported_at", "*"] {
        let asked = format!("select {column} from tag_key_sets");
        let refused = db.execute_as(Access::TraceApi, &asked).await.expect_err(&asked);
        assert!(refused.contains("permission denied"), "{refused}");
    }
    for access in [Access::Ingest, Access::Anchor, Access::Desk] {
        let refused = db.execute_as(access, "select name from tag_key_sets").await;
        assert!(refused.expect_err("refused").contains("permission denied"));
    }
    let retire = async |tx: &sql::Transaction<'_>| sql::tag_keys::retire(tx, id, at(1)).await;
    assert!(db.run_tx("test.retire", retire).await.expect("asked"));
    let divide = "select 1 / count(*) from tag_key_sets where retired_at is not null";
    db.execute(divide).await.expect("the owner sees it");
    let none = db.execute_as(Access::TraceApi, divide).await.expect_err("no row is there");
    assert!(none.contains("division by zero"), "{none}");
}

#[tokio::test]
async fn of_equal_taps_at_once_one_raises_the_counter_and_a_lower_one_never_does() {
    let db = TestDb::migrated("tag_taps").await;
    let trace = db.db_as(Access::TraceApi).await;
    let chip = [1; CHIP];
    let tap = |counter, device| NewTap { chip: &chip, counter, device, at: at(i64::from(counter)) };
    let devices: Vec<[u8; 1]> = (0..16).map(|number| [number]).collect();
    for counter in [7, 8, 0x00ff_ffff] {
        let taps = devices.iter().map(|device| advance(&trace, tap(counter, device)));
        let outcomes = futures::future::join_all(taps).await;
        let raised = outcomes.iter().filter(|outcome| matches!(outcome, Ok(None))).count();
        assert_eq!(raised, 1, "{counter}: {outcomes:?}");
    }
    let last = advance(&trace, tap(8, &[99])).await.expect("asked").expect("it is not the last");
    assert_eq!((last.counter, last.at), (0x00ff_ffff, at(0x00ff_ffff)));
    assert!(last.device.is_some_and(|device| device != [99]), "what is refused leaves no mark");
    let other = NewTap { chip: &[2; CHIP], ..tap(0, &[1]) };
    assert_eq!(advance(&trace, other).await.expect("asked"), None, "each chip has its own");
}

#[tokio::test]
async fn the_table_refuses_a_lower_counter_and_only_an_owner_who_removes_the_rule_lowers_it() {
    let db = TestDb::migrated("tag_taps_rule").await;
    let tap = NewTap { chip: &[1; CHIP], counter: 9, device: &[5], at: at(0) };
    assert_eq!(advance(&db, tap).await.expect("asked"), None);
    for change in ["counter = 8", "chip = decode(repeat('02', 16), 'hex')", "device = '\\x06'"] {
        let change = format!("update tag_taps set {change}");
        assert_eq!(db.execute(&change).await.expect_err(&change), KEPT);
        assert!(db.execute_as(Access::TraceApi, &change).await.is_err(), "{change}");
    }
    let forget = async |before| {
        let forget = async |tx: &sql::Transaction<'_>| sql::tag_taps::forget(tx, before).await;
        db.run_tx("test.forget", forget).await.expect("asked")
    };
    assert_eq!((forget(at(0)).await, forget(at(1)).await, forget(at(1)).await), (0, 1, 0));
    let found = advance(&db, tap).await.expect("asked");
    assert_eq!(found, Some(LastTap { counter: 9, device: None, at: at(0) }));
    let later = NewTap { counter: 10, at: at(0) + SignedDuration::from_secs(1), ..tap };
    assert_eq!(advance(&db, later).await.expect("asked"), None, "a forgotten mark stops no tap");
    // What docs/threat-model.md says that the owner can do.
    db.execute("alter table tag_taps disable trigger tag_taps_rise").await.expect("the owner may");
    db.execute("update tag_taps set counter = 1").await.expect("no rule is left");
    assert_eq!(advance(&db, tap).await.expect("asked"), None, "an old tap is new again");
}

#[tokio::test]
async fn a_challenge_is_taken_once_of_many_at_once_and_is_deleted_when_it_has_ended() {
    let db = TestDb::migrated("tag_challenges").await;
    let trace = db.db_as(Access::TraceApi).await;
    let (challenge, other) = ([1; sql::tag_challenges::CHALLENGE], [2; 10]);
    let attempts = (0..16).map(|_| sql::tag_challenges::take(&trace, &challenge, at(60)));
    let taken = futures::future::join_all(attempts).await;
    assert_eq!(taken.iter().filter(|one| matches!(one, Ok(true))).count(), 1, "{taken:?}");
    assert_eq!(taken.iter().filter(|one| matches!(one, Ok(false))).count(), 15, "{taken:?}");
    assert!(sql::tag_challenges::take(&trace, &other, at(90)).await.expect("asked"));
    for access in [Access::Ingest, Access::Anchor, Access::Desk] {
        let refused = db.execute_as(access, "select challenge from tag_challenges").await;
        assert!(refused.expect_err("refused").contains("permission denied"));
    }
    for change in ["update tag_challenges set expires_at = now()", "delete from tag_challenges"] {
        let refused = db.execute_as(Access::TraceApi, change).await;
        assert!(refused.expect_err(change).contains("permission denied"));
    }
    let early = "select delete_tag_challenges(now() - interval '4 minutes')";
    let refused = db.execute_as(Access::TraceApi, early).await.expect_err("refused");
    assert!(refused.contains("at least 5 minutes ago"), "{refused}");
    let delete =
        async |tx: &sql::Transaction<'_>| sql::tag_challenges::delete_before(tx, at(61)).await;
    let deleted = trace.run_tx("test.delete", delete).await.expect("deleted");
    let is_past = at(61) < Timestamp::now() - SignedDuration::from_mins(5);
    assert_eq!((deleted, is_past), (1, true));
}
