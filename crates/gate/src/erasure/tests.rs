//! What is left of a record that two operators erase, and what one of them, strangers and the owner of the database try.

use std::sync::Arc;

use access::{PREFIX_BYTES, SECRET_BYTES};
use history::projected::project_with_document;
use history::testing::{EventDraft, FACTORY, ITEM, TestLedger, object_event};
use jiff::SignedDuration;
use ledger::keys::{LedgerKeys, SystemRandom};
use process::Clock;
use sql::Access;
use sql::access_keys::StoredKey;
use sql::events::{Batch, Move};
use sql::testing::TestDb;

use super::*;
use crate::read_log::{self, ReadLog};

const LOG: &str = "reads.example/log";
const SITE: &str = "shop.example/till";
const RECORDED: &str = "2026-11-22T00:00:00Z";
/// Stands in every part of the record that is erased, and nowhere else.
const MARKER: &str = "zhang-wei-4711";

/// A ledger of three records, of which that with index 1 has the marker, all projected; operators `lee` and `chen`, and `kim`, who is none.
struct Scene {
    db: TestDb,
    clock: Clock,
    gate: Gate,
    log: ReadLog,
    site: TestLedger,
    lee: String,
    chen: String,
    kim: String,
}

fn event(hour: u8, step: &str) -> EventDraft {
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
}

/// An event that says who bought the item, as a document and a delivery brought it.
fn personal() -> EventDraft {
    let text = |text: String| Json::from(text.as_str());
    let window = object([
        ("bridge", Json::from("bridge-1")),
        ("boot", Json::from(7_u64)),
        ("sequence", Json::from(9_u64)),
    ]);
    let digest = sha256(MARKER.as_bytes()).to_string();
    let evidence = object([
        ("window", window),
        ("partner", Json::from("shop")),
        ("document", Json::from(digest.as_str())),
    ]);
    event(2, "retail_selling")
        .with("eventID", text(format!("urn:uuid:{MARKER}")))
        .with("example:buyer", text(MARKER.to_owned()))
        .read_at(&format!("https://id.gs1.org/414/4012345000016/254/{MARKER}"))
        .with("disposition", text(format!("https://example.org/{MARKER}")))
        .with("chopmark:evidence", evidence)
}

impl Scene {
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let clock = Clock::manual("2026-11-24T12:00:00Z".parse().unwrap());
        let gate = Gate::new(db.db(), clock.clone(), crate::Settings::default());
        let keys = Arc::new(LedgerKeys::generate(LOG, &SystemRandom::new()).unwrap());
        let settings = read_log::Settings { origin: LOG.into(), party: "Hub".into(), keys };
        let log = ReadLog::start(db.db(), Some(settings), clock.clone());
        let site = TestLedger::create(&db, SITE, "site", "Shop").await;
        let events = [event(1, "commissioning"), personal(), event(3, "storing")];
        site.append(&events, RECORDED).await;
        let (lee, chen, kim) = (String::new(), String::new(), String::new());
        let mut scene = Self { db, clock, gate, log, site, lee, chen, kim };
        scene.lee = scene.key("lee", Role::Operator, 1).await;
        scene.chen = scene.key("chen", Role::Operator, 2).await;
        scene.kim = scene.key("kim", Role::Custodian, 3).await;
        scene.received().await;
        scene
    }

    async fn key(&self, subject: &str, role: Role, number: u8) -> String {
        let key = ApiKey::of([number; PREFIX_BYTES], [number; SECRET_BYTES]);
        let now = self.clock.now();
        let stored = StoredKey {
            prefix: key.prefix().to_owned(),
            key_sha256: key.digest(),
            subject: subject.to_owned(),
            role: role.name().to_owned(),
            products: vec![],
            parties: match role {
                Role::Operator => vec![],
                _ => vec!["urn:epc:id:pgln:9521142.00000".to_owned()],
            },
            jurisdictions: vec![],
            period: (None, None),
            created_at: now,
            expires_at: now + SignedDuration::from_hours(100),
            revoked_at: None,
            last_used_at: None,
        };
        let insert = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &stored).await;
        self.db.db().run_tx("test.key", insert).await.unwrap();
        key.reveal().to_owned()
    }

    /// Rows of what the record was received with, and of what was made of it.
    async fn received(&self) {
        let id = self.site.id.0;
        self.db
            .execute(&format!(
                "insert into deliveries values ('bridge-1', 7, 9, {id}, '{{\"buyer\":\"{MARKER}\"}}', '{MARKER}',
                   '{{\"outcome\":\"recorded\",\"notes\":[\"{MARKER}\"]}}', now());
                 insert into received_documents values ('shop', sha256('{MARKER}'), '{MARKER}', now());
                 insert into captures values ('c1', 'shop', {id}, sha256('{MARKER}'), '{{\"notes\":[\"{MARKER}\"]}}', now());
                 insert into created_events values ('shop', sha256('urn:uuid:{MARKER}'), sha256('{MARKER}'));
                 insert into expected_deliveries values ({id}, '{MARKER}', 'shop', '{{{MARKER}}}', {id}, 1, '{{{MARKER}}}');
                 insert into differences values ({id}, 2, '{MARKER}', 1, 0, '{{{MARKER}}}', '{{}}', now(), 'shop')"
            ))
            .await
            .unwrap();
    }

    /// Projects all records that wait, as trace-api does.
    async fn project(&self) {
        let waiting = sql::events::waiting(&self.db, 1000).await.unwrap();
        let mut batch = Batch::default();
        for of_ledger in &waiting {
            let mut next = of_ledger.from;
            for record in of_ledger.chunks.iter().flat_map(sql::events::WaitingChunk::records) {
                next = record.index + 1;
                match project_with_document(&record) {
                    Ok((event, _)) => batch.events.push(event),
                    Err(skipped) => batch.skipped.push(skipped),
                }
            }
            batch.moves.push(Move { ledger: of_ledger.ledger, from: of_ledger.from, to: next });
        }
        let apply = async |tx: &sql::Transaction<'_>| sql::events::apply(tx, &batch).await;
        self.db.run_tx("test.project", apply).await.unwrap();
    }

    async fn erase(&self, keys: [&str; 2], wanted: &Wanted) -> Result<Done, String> {
        self.gate.erase(&self.log, keys, wanted).await.map_err(|error| error.to_string())
    }

    /// Erases the record of this index as both operators.
    async fn erased(&self, index: u64) -> Result<Done, String> {
        self.erase([&self.lee, &self.chen], &wanted(index)).await
    }

    /// What every column of every table says, by table; of columns of bytes also as text.
    async fn everything(&self) -> Vec<(String, String)> {
        let session = self.db.session().await;
        let tables = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'm', 'p') order by 1";
        let mut all = Vec::new();
        for row in session.query(tables, &[]).await.unwrap() {
            let table: String = row.get(0);
            let columns = "select attname, format_type(atttypid, null) from pg_attribute \
                           where attrelid = $1::text::regclass and attnum > 0 and not attisdropped";
            for column in session.query(columns, &[&table]).await.unwrap() {
                let (name, kind): (String, String) = (column.get(0), column.get(1));
                let text = match kind.as_str() {
                    "bytea" => format!("encode({name}, 'escape')"),
                    "bytea[]" => format!(
                        "(select string_agg(encode(one, 'escape'), ' ') from unnest({name}) as u (one))"
                    ),
                    _ => format!("{name}::text"),
                };
                let query = format!("select coalesce(string_agg({text}, ' '), '') from {table}");
                let found = session.query_one(&query, &[]).await.unwrap().get(0);
                all.push((format!("{table}.{name}"), found));
            }
        }
        assert!(all.len() > 200, "{}", all.len());
        all
    }

    /// Where the marker stands.
    async fn places_of_marker(&self) -> Vec<String> {
        let everything = self.everything().await;
        everything.into_iter().filter(|(_, text)| text.contains(MARKER)).map(|(at, _)| at).collect()
    }

    /// All rows of the projection but its head, and the places in it of each term.
    async fn projection(&self, with_positions: bool) -> Vec<String> {
        let tables: &[&str] = if with_positions {
            &[
                "events",
                "event_blocks",
                "event_postings",
                "event_values",
                "trace_links",
                "projection_skips",
            ]
        } else {
            &["event_values", "projection_skips"]
        };
        let session = self.db.session().await;
        let mut all = Vec::new();
        for table in tables {
            let query = format!("select t::text from {table} t order by 1");
            all.extend(
                session
                    .query(&query, &[])
                    .await
                    .unwrap()
                    .iter()
                    .map(|row| format!("{table} {}", row.get::<_, String>(0))),
            );
        }
        let events = "select concat_ws(' ', ledger_id, leaf_index, event_time, record_time, event_key, event_id) from events order by position";
        all.extend(session.query(events, &[]).await.unwrap().iter().map(|row| row.get(0)));
        all
    }

    async fn rebuild(&self) {
        let clear = async |tx: &sql::Transaction<'_>| sql::events::clear(tx).await;
        self.db.run_tx("test.clear", clear).await.unwrap();
        self.project().await;
    }

    async fn text(&self, index: u64) -> String {
        sql::ledgers::record_at(&self.db, self.site.id, index).await.unwrap().unwrap().text
    }

    async fn records_of_log(&self) -> usize {
        match sql::ledgers::find(&self.db, LOG).await.unwrap() {
            Some(row) => {
                usize::try_from(sql::ledgers::head(&self.db, row.id).await.unwrap().size).unwrap()
            }
            None => 0,
        }
    }
}

fn wanted(index: u64) -> Wanted {
    let (origin, reason, log) = (SITE.to_owned(), "request 12".to_owned(), LOG.to_owned());
    Wanted { origin, index, reason, restated: None, log }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_an_erased_record_are_gone_from_every_table_and_its_neighbours_stay() {
    let scene = Scene::new("erase_words").await;
    scene.project().await;
    let before = scene.places_of_marker().await;
    for place in [
        "record_chunks.texts",
        "deliveries.body",
        "deliveries.signature",
        "deliveries.outcome",
        "captures.outcome",
        "received_documents.body",
        "events.event_id",
        "event_values.value",
        "expected_deliveries.epcs",
        "differences.missing",
    ] {
        assert!(before.iter().any(|one| one == place), "{place}: {before:?}");
    }
    let others = [scene.text(0).await, scene.text(2).await];
    let digest = "select sha256(convert_to(body, 'UTF8')) from deliveries";
    let session = scene.db.session().await;
    let digest: Vec<u8> = session.query_one(digest, &[]).await.unwrap().get(0);
    let secret = sql::ledgers::record_at(&scene.db, scene.site.id, 1).await.unwrap().unwrap();
    let done = scene.erased(1).await.unwrap();
    assert_eq!(scene.places_of_marker().await, Vec::<String>::new());
    let removed =
        Removed { deliveries: 1, documents: 1, answers: 1, created: 1, advices: 1, differences: 1 };
    assert_eq!(done.removed, Some(removed));
    assert_eq!([scene.text(0).await, scene.text(2).await], others);
    let stored = sql::ledgers::record_at(&scene.db, scene.site.id, 1).await.unwrap().unwrap();
    assert_eq!(stored.text, done.erasure.tombstone().text());
    assert_eq!((stored.secret, stored.leaf_hash), (Some([0; 16]), secret.leaf_hash));
    assert_ne!(secret.secret, stored.secret);
    let known = [("bridge-1".to_owned(), 7_u64, 9_u64)];
    let row = session
        .query_one("select decode(substring(body from 8), 'hex') from deliveries", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, Vec<u8>>(0), digest, "sent again it is known: {known:?}");
    let created: Vec<u8> =
        session.query_one("select event_sha256 from created_events", &[]).await.unwrap().get(0);
    assert_eq!(created, [0; 32]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_is_made_anew_is_as_the_one_that_was_there() {
    let scene = Scene::new("erase_rebuild").await;
    let session = scene.db.session().await;
    // The last record is the only one of its kind, so positions are the same again.
    scene.site.append(&[personal().with("eventID", Json::from("urn:uuid:other"))], RECORDED).await;
    scene.project().await;
    let found = sql::events::by_event_id(&scene.db, "urn:uuid:other").await.unwrap();
    assert_eq!(found.len(), 1);
    scene.erased(3).await.unwrap();
    assert!(sql::events::by_event_id(&scene.db, "urn:uuid:other").await.unwrap().is_empty());
    let there = scene.projection(true).await;
    scene.rebuild().await;
    assert_eq!(scene.projection(true).await, there);
    // One in the middle: everything but positions.
    scene.erased(1).await.unwrap();
    let there = scene.projection(false).await;
    let links = "select count(*) from trace_links l where not exists (select from events e where e.position = l.position)";
    assert_eq!(session.query_one(links, &[]).await.unwrap().get::<_, i64>(0), 0);
    scene.rebuild().await;
    assert_eq!(scene.projection(false).await, there);
    assert!(there.iter().any(|row| row.contains("its content was erased")), "{there:?}");
    assert_eq!(sql::erasures::of_item(&scene.db, sql::items::key(ITEM)).await.unwrap().len(), 2);
    let of_event = sql::erasures::of_event(&scene.db, "urn:uuid:other").await.unwrap();
    assert_eq!(of_event.iter().map(|one| one.index).collect::<Vec<_>>(), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_different_operators_are_needed_and_nothing_is_erased_that_is_not_recorded() {
    let scene = Scene::new("erase_people").await;
    scene.project().await;
    let before = scene.everything().await;
    let of = |table: &str, all: &[(String, String)]| -> Vec<(String, String)> {
        all.iter().filter(|(at, _)| at.starts_with(table)).cloned().collect()
    };
    let (lee, chen, kim) = (&scene.lee, &scene.chen, &scene.kim);
    for (keys, why) in [
        ([lee, lee], "expected two people"),
        ([lee, kim], "`kim` is no operator"),
        ([kim, chen], "`kim` is no operator"),
        ([lee, &"nothing".to_owned()], "got no key"),
    ] {
        let refused = scene.erase([keys[0], keys[1]], &wanted(1)).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let short = Wanted { reason: " x ".to_owned(), ..wanted(1) };
    assert!(scene.erase([lee, chen], &short).await.unwrap_err().contains("3 to 500"));
    let none = Wanted { origin: LOG.to_owned(), ..wanted(1) };
    assert!(scene.erase([lee, chen], &none).await.unwrap_err().contains("expected one of a site"));
    assert!(scene.erased(9).await.unwrap_err().contains("no record 9"));
    let log = ReadLog::start(scene.db.db(), None, scene.clock.clone());
    let refused = scene.gate.erase(&log, [lee, chen], &wanted(1)).await.unwrap_err();
    assert!(refused.to_string().contains("was not recorded, so nothing was erased"), "{refused}");
    assert_eq!(scene.records_of_log().await, 0);
    let after = scene.everything().await;
    assert_eq!(of("record_chunks", &after), of("record_chunks", &before));
    let done = scene.erased(1).await.unwrap();
    assert_eq!(done.erasure.by, ["lee", "chen"]);
    let log = sql::ledgers::record_at(&scene.db, done.erasure.log.0, done.erasure.log.1).await;
    let said = logged(&log.unwrap().unwrap()).unwrap();
    assert_eq!((said.index, said.leaf_hash), (1, Some(done.erasure.leaf_hash)));
    assert_eq!(said.said.canonical(), recorded(SITE, &done.erasure).canonical());
    // Again: nothing is done and nothing recorded.
    let again = scene.erased(1).await.unwrap();
    assert_eq!((again.erasure, again.removed), (done.erasure, None));
    assert_eq!(scene.records_of_log().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_interrupted_after_it_was_recorded_is_ended_by_the_next_run() {
    let scene = Scene::new("erase_interrupted").await;
    // A projector that has read the record and not stored it: it would store what is erased meanwhile.
    let lease = sql::events::hold_projector(&scene.db).await.unwrap().unwrap();
    let refused = scene.erased(1).await.unwrap_err();
    assert!(refused.contains("run the command again"), "{refused}");
    assert_eq!(scene.records_of_log().await, 1, "it is recorded");
    assert!(scene.text(1).await.contains(MARKER), "and nothing is erased");
    assert_eq!(sql::erasures::list(&scene.db).await.unwrap(), []);
    drop(lease);
    scene.project().await;
    let done = scene.erased(1).await.unwrap();
    assert_eq!(done.erasure.log.1, 1, "the second record of the log");
    assert_eq!(scene.places_of_marker().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_weighs_against_an_item_is_erased_only_after_another_record_says_the_same() {
    let scene = Scene::new("erase_recall").await;
    let recall = |hour| event(hour, "holding").disposition("recalled");
    let more = [recall(4).with("example:who", Json::from("lee")), event(5, "storing"), recall(6)];
    scene.site.append(&more, RECORDED).await;
    scene.project().await;
    let refused = scene.erased(3).await.unwrap_err();
    assert!(refused.contains("--restated"), "{refused}");
    for (restated, why) in
        [(4, "does not say the same"), (3, "does not say the same"), (99, "no record 99")]
    {
        let wanted = Wanted { restated: Some(restated), ..wanted(3) };
        let refused = scene.erase([&scene.lee, &scene.chen], &wanted).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(scene.records_of_log().await, 0);
    let wanted = Wanted { restated: Some(5), ..wanted(3) };
    scene.erase([&scene.lee, &scene.chen], &wanted).await.unwrap();
    // That which says it again cannot go without a third one.
    let refused = scene.erased(5).await.unwrap_err();
    assert!(refused.contains("--restated"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_record_is_not_erased_and_nobody_erases_past_the_function() {
    let scene = Scene::new("erase_past").await;
    scene.project().await;
    sql::testing::alter_record_as_owner(&scene.db, SITE, 0, "commissioning", "inspecting")
        .await
        .unwrap();
    assert!(scene.erased(0).await.unwrap_err().contains("it was altered"));
    let done = scene.erased(1).await.unwrap();
    let call = format!(
        "select erase_record({}, 2, '\\x{}', now(), 'a', 'b', 'why', '{{}}', null, {}, 0, 'x', null, null, null, null, null, null)",
        scene.site.id.0, done.erasure.leaf_hash, done.erasure.log.0.0
    );
    for access in [Access::Ingest, Access::Anchor, Access::TraceApi, Access::Desk] {
        let refused = scene.db.execute_as(access, &call).await.unwrap_err();
        assert!(refused.contains("permission denied"), "{access:?}: {refused}");
    }
    let id = scene.site.id.0;
    for (statement, why) in [
        (call, "another leaf hash"),
        (
            format!(
                "select erase_record({id}, 1, '\\x{}', now(), 'a', 'a', 'why', '{{}}', null, {}, 0, 'x', null, null, null, null, null, null)",
                done.erasure.leaf_hash, done.erasure.log.0.0
            ),
            "erasures_",
        ),
        (
            format!(
                "select erase_record({id}, 1, '\\x{}', now(), 'a', 'b', 'why', '{{}}', null, {id}, 0, 'x', null, null, null, null, null, null)",
                done.erasure.leaf_hash
            ),
            "kind audit",
        ),
        ("update record_chunks set secrets = secrets".to_owned(), "append-only"),
        ("delete from record_chunks".to_owned(), "append-only"),
        (
            "set chopmark.erasing = 'x'; update record_chunks set secrets = secrets".to_owned(),
            "append-only",
        ),
        (
            format!(
                "set chopmark.erasing = '{id}/1'; update record_chunks set texts = texts || 'x' where ledger_id = {id}"
            ),
            "one record only",
        ),
        (
            format!(
                "set chopmark.erasing = '{id}/1'; update record_chunks set leaf_hashes = overlay(leaf_hashes placing '\\x00' from 1 for 1) where ledger_id = {id}"
            ),
            "one record only",
        ),
        ("update erasures set reason = 'other'".to_owned(), "append-only"),
        ("delete from erasures".to_owned(), "append-only"),
        ("update deliveries set body = 'x'".to_owned(), "append-only"),
        ("truncate received_documents".to_owned(), "append-only"),
    ] {
        let refused = scene.db.execute(&statement).await.unwrap_err();
        assert!(refused.contains(why), "{statement}: {refused}");
    }
}
