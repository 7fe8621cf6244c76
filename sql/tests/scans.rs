//! Scans and findings over a real database: what is stored once, what may be deleted, and who may do it.

use jiff::{SignedDuration, Timestamp};
use sql::findings::{NewFinding, Resolution};
use sql::scans::{Asker, Mark, NetworkSeen, Scan, ScanTotals, Seen, Sighting};
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

const TEN_MINUTES: SignedDuration = SignedDuration::from_mins(10);

async fn store(db: &Db, scan: &Scan) -> bool {
    let stored = sql::scans::insert(db, std::slice::from_ref(scan), TEN_MINUTES).await;
    stored.expect("asked") == [0]
}

/// What is counted of `urn:x`, for somebody with these marks.
async fn seen(db: &Db, device: &Mark) -> Seen {
    let asker = Asker { device, role: "consumer" };
    let since = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH - TEN_MINUTES);
    let connection = db.connection().await.expect("connected");
    sql::scans::seen(&connection, sql::items::key("urn:x"), asker, since).await.expect("asked")
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
    let found = seen(&trace, &scan.device).await;
    assert_eq!((found.totals.all, found.totals.own, found.last_own), (1, 1, Some(scan.at)));
    let network =
        NetworkSeen { network: scan.network.clone(), first_at: scan.at, last_at: scan.at };
    assert_eq!(found.networks, [network]);
    let place = scan.place.clone().expect("a place");
    let sighting = Sighting { at: scan.at, place, network: scan.network.clone() };
    assert_eq!(found.sightings, [sighting]);
    let others = Mark { own: vec![9], before: vec![8] };
    assert_eq!(seen(&trace, &others).await.totals, ScanTotals { all: 1, own: 0 });
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
    let counted = seen(&trace, &left[0].device).await;
    assert_eq!((counted.totals.all, counted.totals.own), (3, 3), "deleted ones are not counted");
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

#[tokio::test]
async fn a_group_is_one_statement_and_a_device_is_in_it_once_also_across_a_weeks_end() {
    let db = TestDb::migrated("scan_group").await;
    let trace = db.db_as(Access::TraceApi).await;
    let mark = |own: u8, before: u8| Mark { own: vec![own], before: vec![before] };
    let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
    let of = |minutes, device: Mark| Scan { device, ..scan(at(minutes)) };
    // The second one is scanned by the first one's device in the next week; the fourth one later, the last one is another item.
    let other_item = Scan { item: "urn:y".into(), ..of(2, mark(1, 0)) };
    let robot = Scan { role: "robot".into(), ..of(2, mark(1, 0)) };
    let group = [
        of(0, mark(1, 0)),
        of(1, mark(2, 1)),
        of(2, mark(7, 6)),
        of(11, mark(2, 1)),
        robot,
        other_item,
    ];
    let before = sql::testing::statements();
    let stored = sql::scans::insert(&trace, &group, TEN_MINUTES).await.expect("stored");
    assert_eq!(stored, [0, 2, 3, 4, 5]);
    assert_eq!(sql::testing::statements() - before, 1);
    let again = sql::scans::insert(&trace, &group, TEN_MINUTES).await.expect("asked");
    assert!(again.is_empty(), "all of them are repeats: {again:?}");
    let later = of(22, mark(2, 1));
    let earlier = of(-9, mark(1, 0));
    let stored = sql::scans::insert(&trace, &[earlier, later], TEN_MINUTES).await.expect("stored");
    assert_eq!(stored, [1], "the clock of another process may be behind");
    assert_eq!(seen(&trace, &mark(2, 1)).await.totals, ScanTotals { all: 4, own: 3 });
}

#[tokio::test]
async fn a_refused_value_is_told_from_other_failures_and_leaves_nothing_of_its_group() {
    let db = TestDb::migrated("scan_refused").await;
    let trace = db.db_as(Access::TraceApi).await;
    for bad in [
        Scan { role: "nobody".into(), ..scan(Timestamp::UNIX_EPOCH) },
        Scan { verdict: "\0".into(), ..scan(Timestamp::UNIX_EPOCH) },
    ] {
        let group = [scan(Timestamp::from_second(5000).expect("a time")), bad];
        let error = sql::scans::insert(&trace, &group, TEN_MINUTES).await.expect_err("refused");
        assert!(error.is_of_a_value(), "{error}");
    }
    assert!(sql::scans::of_item(&trace, "urn:x").await.expect("asked").is_empty());
    assert_eq!(seen(&trace, &Mark::default()).await, Seen::default());
}

#[tokio::test]
async fn two_processes_that_store_scans_of_the_same_items_count_every_one() {
    let db = TestDb::migrated("scan_processes").await;
    let at = Timestamp::UNIX_EPOCH;
    let group = move |process: u8, round: u8| -> Vec<Scan> {
        let of = |number: u8| {
            let own = vec![process, round, number];
            let mark = || Mark { own: own.clone(), before: [&own[..], &[0]].concat() };
            let item = format!("urn:{}", number % 5);
            Scan { item, device: mark(), network: mark(), ..scan(at) }
        };
        (0..20).map(of).collect()
    };
    let mut tasks = tokio::task::JoinSet::new();
    for process in 0..4 {
        let trace = db.db_as(Access::TraceApi).await;
        tasks.spawn(async move {
            for round in 0..10 {
                let mut scans = group(process, round);
                if process % 2 == 0 {
                    scans.reverse();
                }
                sql::scans::insert(&trace, &scans, TEN_MINUTES).await.expect("stored");
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic");
    }
    let connection = db.connection().await.expect("connected");
    let nobody = Mark::default();
    for item in 0..5 {
        let asker = Asker { device: &nobody, role: "consumer" };
        let key = sql::items::key(&format!("urn:{item}"));
        let seen = sql::scans::seen(&connection, key, asker, (at, at)).await.expect("asked");
        assert_eq!(seen.totals.all, 4 * 10 * 4);
    }
}

/// Pages that a statement read, and rows that it gave, as `explain` says.
async fn price(client: &tokio_postgres::Client, statement: &str) -> (u64, u64) {
    let explain = format!("explain (analyze, buffers, format json) {statement}");
    let row = client.query_one(&explain, &[]).await.expect(statement);
    let plan: String = row.get::<_, serde_json_text::Text>(0).0;
    let number = |name: &str| -> u64 {
        let rest = plan.split(&format!("\"{name}\": ")).nth(1).expect(name);
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect(name)
    };
    (number("Shared Hit Blocks") + number("Shared Read Blocks"), number("Actual Rows"))
}

mod serde_json_text {
    //! A value of the type `json`, as text.

    use tokio_postgres::types::{FromSql, Type};

    pub struct Text(pub String);

    impl<'a> FromSql<'a> for Text {
        fn from_sql(
            _: &Type,
            raw: &'a [u8],
        ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
            Ok(Self(std::str::from_utf8(raw)?.to_owned()))
        }

        fn accepts(kind: &Type) -> bool {
            *kind == Type::JSON
        }
    }
}

/// A query of ours with values in place of its parameters.
fn with_values(name: &str, values: &[&str]) -> String {
    let (_, text) = sql::QUERIES.iter().find(|(known, _)| *known == name).expect(name);
    values.iter().enumerate().rev().fold((*text).to_owned(), |text, (place, value)| {
        text.replace(&format!("${}", place + 1), value)
    })
}

#[tokio::test]
async fn an_item_that_was_scanned_very_often_costs_what_one_costs_that_was_scanned_twice() {
    const OFTEN: u32 = 50_000;
    let db = TestDb::migrated("scan_price").await;
    let (client, connection) =
        tokio_postgres::connect(&db.url_for(Access::Owner), tokio_postgres::NoTls)
            .await
            .expect("it answers");
    tokio::spawn(connection);
    // Each by another device and network, at another position.
    let many = "insert into scans (item_key, item, at, device, device_before, network, network_before, role, place, \
                latitude, longitude, uncertainty_km, verdict) \
                select {key}, 'urn:x', now() - n * interval '1 second', int4send(n), int4send(-n), int4send(n), \
                int4send(-n), 'consumer', 'there', n % 90, n / 90, 20, 'SOLD' from generate_series(1, {count}) as s (n)";
    for (key, count) in [(1, OFTEN), (2, 2), (3, 1000)] {
        let many = many.replace("{key}", &key.to_string()).replace("{count}", &count.to_string());
        client.batch_execute(&many).await.expect("stored");
    }
    for analyzed in [false, true] {
        if analyzed {
            client.batch_execute("analyze").await.expect("analyzed");
        }
        let mut prices = Vec::new();
        for key in ["1::bigint", "2::bigint"] {
            let one = |value: &str, kind: &str| format!("array[{value}]::{kind}[]");
            let asked = [
                one(key, "bigint"),
                one("int4send(1)", "bytea"),
                one("int4send(-1)", "bytea"),
                one("'consumer'", "text"),
                one("now() - interval '7 days'", "timestamptz"),
                one("now() - interval '23 hours'", "timestamptz"),
            ];
            let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
            let (pages, rows) = price(&client, &with_values("scans/seen", &asked)).await;
            assert!(rows <= 1 + 2 + 34 + 2 * 64, "{rows} rows");
            let scan = [
                one(key, "bigint"),
                one("'urn:x'", "text"),
                one("now()", "timestamptz"),
                one("int4send(70000)", "bytea"),
                one("int4send(70001)", "bytea"),
                one("int4send(70000)", "bytea"),
                one("int4send(70001)", "bytea"),
                one("'robot'", "text"),
                one("null", "text"),
                one("null", "double precision"),
                one("null", "double precision"),
                one("null", "real"),
                one("'SOLD'", "text"),
                one("0", "integer"),
                "600".to_owned(),
            ];
            let scan: Vec<&str> = scan.iter().map(String::as_str).collect();
            let (stored, _) = price(&client, &with_values("scans/insert", &scan)).await;
            prices.push((pages, rows, stored));
        }
        let [(often, rows, store_often), (twice, few, store_twice)] = prices[..] else {
            panic!("{prices:?}");
        };
        assert!(rows > few && often <= twice + 5 * (rows + 40), "analyzed {analyzed}: {prices:?}");
        assert!(store_often <= store_twice + 20, "analyzed {analyzed}: {prices:?}");
    }
}
