//! What the roles of the processes may do, tried on a real server: every verb on every table, and the ways around.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ledger::hash;
use ledger::tree::{Frontier, inclusion_nodes};
use sql::anchors::{AnchorEvidence, AnchorState, Attempt, NewAnchor, NewConfirmation};
use sql::captures::NewCapture;
use sql::deliveries::NewDelivery;
use sql::expected::{NewDifference, NewExpected};
use sql::ledgers::{Append, Entry};
use sql::refusals::NewRefusal;
use sql::testing::TestDb;
use sql::{Access, Db, Error, LedgerId, Transaction};
use tokio_postgres::{Client, NoTls};

#[path = "rights/expected.rs"]
mod expected;

use expected::rights;

const PROCESSES: [Access; 4] = [Access::Ingest, Access::Anchor, Access::TraceApi, Access::Desk];
const REFUSED: &str = "42501";
const LATER: &str = "2026-03-02T08:00:00Z";
/// Added to the code where a row policy refuses what the grant allows.
const BY_ROW: &str = " by a row policy";

async fn client(db: &TestDb, access: Access) -> Client {
    let (client, connection) =
        tokio_postgres::connect(&db.url_for(access), NoTls).await.expect("it answers");
    tokio::spawn(connection);
    client
}

/// The SQLSTATE that a statement ends with, `00000` for none; what it did is rolled back.
async fn attempt(client: &Client, statement: &str) -> String {
    let outcome = client.batch_execute(&format!("begin; {statement}")).await;
    client.batch_execute("rollback").await.expect("rolled back");
    match outcome {
        Ok(()) => "00000".to_owned(),
        Err(error) => match error.as_db_error() {
            Some(error) if error.message().contains("row-level security policy") => {
                format!("{}{BY_ROW}", error.code().code())
            }
            Some(error) => error.code().code().to_owned(),
            None => error.to_string(),
        },
    }
}

#[tokio::test]
async fn each_role_has_the_verbs_of_its_process_on_each_table_and_no_other() {
    let db = TestDb::migrated("verbs").await;
    let owner = client(&db, Access::Owner).await;
    let columns = "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid \
                   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f') \
                   and a.attnum > 0 and not a.attisdropped order by 1, 2";
    let columns: Vec<(String, String)> = owner
        .query(columns, &[])
        .await
        .expect("the catalog")
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let tables: BTreeSet<&str> = columns.iter().map(|(table, _)| table.as_str()).collect();
    assert!(tables.len() >= 20, "{tables:?}");
    for access in PROCESSES {
        let role = access.role_name();
        let rights = rights(access);
        let client = client(&db, access).await;
        for table in &tables {
            for (statement, is_allowed) in [
                (format!("select from {table} limit 1"), rights.select.contains(table)),
                (format!("insert into {table} default values"), rights.insert.contains(table)),
                (format!("delete from {table} where false"), false),
                (format!("truncate {table}"), false),
                (format!("lock table {table} in access exclusive mode"), false),
                (format!("alter table {table} disable trigger all"), false),
                (format!("alter table {table} disable row level security"), false),
                (format!("drop table {table}"), false),
            ] {
                let code = attempt(&client, &statement).await;
                // A view cannot be dropped or altered as a table; that is refused for another reason.
                let is_refused =
                    code == REFUSED || (*table == "leaf_hash_chunks" && code == "42809");
                assert_eq!(!is_refused, is_allowed, "{role}: {statement}: {code}");
            }
        }
        for (table, column) in &columns {
            let statement = format!("update {table} set {column} = default where false");
            let code = attempt(&client, &statement).await;
            let is_allowed = rights.update.contains(&(table.as_str(), column.as_str()));
            assert_eq!(code != REFUSED, is_allowed, "{role}: {statement}: {code}");
        }
    }
}

#[tokio::test]
async fn no_role_finds_a_way_around_its_rights() {
    let db = TestDb::migrated("ways_around").await;
    // Rights on the database as a whole are not cloned from the template.
    db.migrate().await.expect("nothing but those rights");
    for access in PROCESSES {
        let role = access.role_name();
        let client = client(&db, access).await;
        for other in PROCESSES.into_iter().chain([Access::Owner]).filter(|other| *other != access) {
            let statement = format!("set role {}", other.role_name());
            assert!(attempt(&client, &statement).await.starts_with(REFUSED), "{role}: {statement}");
        }
        for statement in [
            "create table own (n int)",
            "create temporary table own (n int)",
            "create schema own",
            "create role own",
            "create function own() returns int language sql as 'select 1'",
            "create trigger own before insert on scans execute function refuse_change()",
            "create or replace function refuse_change() returns trigger language plpgsql as 'begin return null; end'",
            "drop function refuse_change() cascade",
            "drop function delete_scans(timestamptz) cascade",
            "create or replace function delete_scans(before timestamptz) returns bigint language sql as 'select 1::bigint'",
            "drop trigger scans_delete_old_only on scans",
            "drop trigger scans_counted on scans",
            "select count_sighting(1, 1, 1, null)",
            "drop trigger record_chunks_append_only on record_chunks",
            "drop policy record_chunks_read on record_chunks",
            "alter policy record_chunks_read on record_chunks using (true)",
            "create policy own on record_chunks for insert with check (true)",
            "set session_replication_role = replica",
            "set session authorization chopmark",
            "alter role current_user superuser",
            "alter role current_user bypassrls",
            "copy (select 1) to program 'true'",
            "select pg_read_file('/etc/passwd')",
            "select lo_import('/etc/passwd')",
        ] {
            assert!(attempt(&client, statement).await.starts_with(REFUSED), "{role}: {statement}");
        }
        // These two PostgreSQL refuses in every transaction, so they are tried outside.
        for statement in ["create database own", "alter system set fsync = off"] {
            let error = client.batch_execute(statement).await.expect_err(statement);
            let code = error.code().map_or("", |code| code.code());
            assert!(code.starts_with(REFUSED), "{role}: {statement}");
        }
        // Nobody has a right to pass on: PostgreSQL warns of it or refuses, and nothing changes.
        client.batch_execute("grant select on ledgers, ledger_heads to public").await.ok();
        let granted = "select has_table_privilege('pg_monitor', 'ledgers', 'select')";
        let row = client.query_one(granted, &[]).await.expect("asked");
        assert!(!row.get::<_, bool>(0), "{role} passed a right on");
    }
}

/// A ledger of each kind with one committed record, and their numbers.
async fn site_and_hub(db: &Db) -> (LedgerId, LedgerId) {
    let site = sql::ledgers::create_ledger(db, "a.example/x", "site", "A").await.expect("created");
    let hub = sql::ledgers::create_ledger(db, "hub.example/h", "hub", "H").await.expect("created");
    for ledger in [site, hub] {
        append(db, ledger, &Frontier::new(), 1).await.expect("appended");
    }
    (site, hub)
}

async fn append(db: &Db, ledger: LedgerId, before: &Frontier, count: u64) -> Result<(), Error> {
    let leaf_hash = hash::leaf(b"{}");
    let entry = Entry { text: "{}".into(), secret: Some([7; 16]), leaf_hash };
    let old_size = before.size();
    let entries = (0..count).map(|_| entry.clone()).collect();
    let mut append = Append::to(ledger, &mut before.clone(), entries, Timestamp::UNIX_EPOCH);
    append.note = format!("note {}", old_size + count);
    db.run_tx("test.append", async |tx| sql::ledgers::append(tx, &append).await).await
}

#[tokio::test]
async fn ingest_cannot_write_the_hub_and_anchor_cannot_write_a_site() {
    let db = TestDb::migrated("kinds").await;
    let (site, hub) = site_and_hub(&db).await;
    for (access, own, other, kind) in
        [(Access::Ingest, site, hub, "hub"), (Access::Anchor, hub, site, "site")]
    {
        let role = access.role_name();
        let process = db.db_as(access).await;
        let frontier = sql::ledgers::load_frontier(&process, own).await.expect("loaded");
        append(&process, own, &frontier, 300).await.expect("its own ledger");
        let frontier = sql::ledgers::load_frontier(&process, other).await.expect("loaded");
        let error = append(&process, other, &frontier, 1).await.expect_err(role);
        assert!(error.to_string().contains("row-level security"), "{role}: {error}");
        let created = sql::ledgers::create_ledger(&process, "new.example/n", kind, "N").await;
        assert!(created.is_err(), "{role} creates a ledger of kind {kind}");

        let client = client(&db, access).await;
        let id = other.0;
        for statement in [
            format!("insert into ledger_heads values ({id}, 0, decode(repeat('00', 32), 'hex'))"),
            format!(
                "insert into subtree_hashes values ({id}, 8, 9, decode(repeat('00', 32), 'hex'))"
            ),
            format!(
                "insert into checkpoints values ({id}, 9, decode(repeat('00', 32), 'hex'), '', now())"
            ),
            format!(
                "insert into record_chunks values ({id}, 9, 1, decode(repeat('00', 32), 'hex'), '', '', array[0])"
            ),
        ] {
            assert!(attempt(&client, &statement).await.starts_with(REFUSED), "{role}: {statement}");
        }
        let swap = "update ledger_heads set size = size where ledger_id = $1";
        let changed = client.execute(swap, &[&id]).await.expect("no row is visible to update");
        assert_eq!(changed, 0, "{role} moved the head of ledger {id}");
        assert_eq!(client.execute(swap, &[&own.0]).await.expect("its own head"), 1);
        let copy = "copy record_chunks from stdin";
        assert_eq!(attempt(&client, copy).await, "0A000", "{role}: COPY passes no policy");
    }
}

#[tokio::test]
async fn anchor_proves_a_site_consistent_without_reading_its_records() {
    let db = TestDb::migrated("records_hidden").await;
    let (site, hub) = site_and_hub(&db).await;
    let anchor = db.db_as(Access::Anchor).await;
    assert_eq!(sql::ledgers::record_at(&anchor, site, 0).await.expect("asked"), None);
    assert!(sql::ledgers::record_at(&anchor, hub, 0).await.expect("asked").is_some());
    sql::ledgers::nodes(&anchor, site, &inclusion_nodes(0, 1))
        .await
        .expect("hashes are not hidden");
    sql::ledgers::latest_checkpoint(&anchor, site).await.expect("asked").expect("a checkpoint");
    let client = client(&db, Access::Anchor).await;
    let count = "select count(*) from record_chunks where ledger_id = $1";
    for (ledger, expected) in [(site, 0_i64), (hub, 1)] {
        let row = client.query_one(count, &[&ledger.0]).await.expect("asked");
        assert_eq!(row.get::<_, i64>(0), expected, "ledger {}", ledger.0);
    }
}

#[tokio::test]
async fn only_the_owner_writes_the_directory_and_every_process_with_ledgers_reads_it() {
    let db = TestDb::migrated("directory_rights").await;
    let who =
        sql::ledgers::create_ledger(&db, "who.example/1", "directory", "W").await.expect("created");
    append(&db, who, &Frontier::new(), 1).await.expect("appended");
    for access in PROCESSES.into_iter().filter(|access| *access != Access::Desk) {
        let role = access.role_name();
        let process = db.db_as(access).await;
        let entries = sql::directory::entries_from(&process, who, 0).await.expect(role);
        assert_eq!(entries, ["{}"], "{role}");
        sql::ledgers::latest_checkpoint(&process, who).await.expect(role).expect("a checkpoint");
        let frontier = sql::ledgers::load_frontier(&process, who).await.expect(role);
        assert!(append(&process, who, &frontier, 1).await.is_err(), "{role} appends");
        let created = sql::ledgers::create_ledger(&process, "x.example/1", "directory", "X").await;
        assert!(created.is_err(), "{role} creates a directory");
        assert!(sql::directory::proposals(&process).await.is_err(), "{role} reads proposals");
    }
}

#[tokio::test]
async fn a_proposal_gathers_signatures_until_it_is_appended_or_withdrawn_and_is_kept() {
    use sql::directory::{
        ProposalState, add_signature, insert_proposal, proposal_for_update, set_state,
    };
    let db = TestDb::migrated("proposals").await;
    let at = Timestamp::UNIX_EPOCH;
    let id = db
        .run_tx("test.propose", async |tx: &Transaction<'_>| {
            let id = insert_proposal(tx, "text", &["one".to_owned()], at).await?;
            add_signature(tx, id, "two").await?;
            Ok(id)
        })
        .await
        .expect("stored");
    let open = sql::directory::proposals(&db).await.expect("asked");
    assert_eq!((open[0].id, open[0].signatures.len()), (id, 2));
    db.run_tx("test.end", async |tx: &Transaction<'_>| {
        set_state(tx, id, ProposalState::Appended).await?;
        assert!(set_state(tx, id, ProposalState::Withdrawn).await.is_err());
        assert!(add_signature(tx, id, "three").await.is_err());
        let kept = proposal_for_update(tx, id).await?.expect("kept");
        assert_eq!((kept.state, kept.signatures.len()), (ProposalState::Appended, 2));
        Ok(())
    })
    .await
    .expect("ended");
    assert!(sql::directory::proposals(&db).await.expect("asked").is_empty());
    assert!(db.execute("delete from directory_proposals").await.is_err(), "kept for ever");
}

#[tokio::test]
async fn ingest_can_do_all_that_recording_needs() {
    let db = TestDb::migrated("ingest_needs").await;
    let ingest = db.db_as(Access::Ingest).await;
    ingest.check_schema().await.expect("the version");
    let site =
        sql::ledgers::create_ledger(&ingest, "a.example/x", "site", "A").await.expect("created");
    let lease = sql::ledgers::hold_writer(&ingest, site).await.expect("the lease");
    lease.check().expect("held");
    append(&ingest, site, &Frontier::new(), 300).await.expect("appended");
    let (at, digest) = (Timestamp::UNIX_EPOCH, hash::sha256(b""));
    let delivery = NewDelivery {
        bridge: "b",
        boot: 1,
        seq: 1,
        body: "{}",
        signature: "",
        outcome: "{}",
        received_at: at,
    };
    let capture = NewCapture {
        capture_id: "c",
        party: "A",
        document_sha256: &digest,
        outcome: "{}",
        received_at: at,
    };
    let refusal = NewRefusal {
        at,
        source: "s",
        kind: "delivery",
        code: "c",
        detail: "d",
        body_sha256: &digest,
        excerpt: b"",
        count: 1,
    };
    let key = ("r".to_owned(), "k".to_owned());
    let epcs = ["urn:x".to_owned()];
    let expected = NewExpected {
        ledger: site,
        despatch_advice: "1",
        shipped_by: "A",
        epcs: &epcs,
        recorded_in: site,
        leaf_index: 0,
    };
    let difference = NewDifference {
        ledger: site,
        leaf_index: 0,
        despatch_advice: "1",
        shipped_by: "A",
        announced: 1,
        received: 0,
        missing: &epcs,
        unexpected: &[],
        at,
    };
    ingest
        .run_tx("test.needs", async |tx: &Transaction<'_>| {
            sql::deliveries::insert(tx, site, &[delivery]).await?;
            sql::captures::insert(tx, site, &[capture]).await?;
            sql::refusals::insert(tx, &[refusal]).await?;
            sql::rules::set_states(tx, site, &[(&key, "1")]).await?;
            sql::rules::set_states(tx, site, &[(&key, "2")]).await?;
            sql::expected::insert(tx, &expected).await?;
            sql::expected::insert(tx, &expected).await?;
            sql::expected::insert_difference(tx, &difference).await?;
            Ok(())
        })
        .await
        .expect("everything");
    let asked = &ingest.connection().await.expect("connected");
    let answers = sql::deliveries::outcomes(asked, &[("b", 1, 2), ("b", 1, 1)]).await;
    assert_eq!(answers.expect("asked").iter().map(|one| one.place).collect::<Vec<_>>(), [1]);
    let answers = sql::captures::outcomes(asked, &[("A", &digest)]).await;
    assert_eq!(answers.expect("asked").len(), 1);
    let states = sql::rules::states(asked, site, &[&key]).await;
    assert_eq!(states.expect("asked"), [(key.clone(), "2".to_owned())]);
    assert_eq!(sql::expected::overlapping(asked, site, &epcs).await.expect("asked").len(), 1);
    let announced = sql::expected::announced(asked, site, "A", "1", site).await;
    assert_eq!(announced.expect("asked").len(), 1);
    sql::items::last_records(asked, site, &[1]).await.expect("asked");
    assert_eq!(sql::items::records(asked, &[(site, 299)]).await.expect("asked").len(), 1);
    sql::hub::last_of_ledger(&ingest, site).await.expect("asked");
    sql::ledgers::latest_checkpoint(&ingest, site).await.expect("asked").expect("there");
    let keep = ingest.run_tx("test.keep", async |tx: &Transaction<'_>| {
        sql::hub::insert_fork(tx, site, "old", "new", "why").await
    });
    keep.await.expect("the evidence is kept");
    sql::captures::find(&ingest, "A", "c").await.expect("asked").expect("there");
}

#[tokio::test]
async fn anchor_can_do_all_that_anchoring_needs() {
    let db = TestDb::migrated("anchor_needs").await;
    let site = sql::ledgers::create_ledger(&db, "a.example/x", "site", "A").await.expect("created");
    append(&db, site, &Frontier::new(), 3).await.expect("appended");
    let anchor = db.db_as(Access::Anchor).await;
    anchor.check_schema().await.expect("the version");
    let hub =
        sql::ledgers::create_ledger(&anchor, "hub.example/h", "hub", "H").await.expect("created");
    let _lease = sql::ledgers::hold_writer(&anchor, hub).await.expect("the lease");
    assert_eq!(sql::ledgers::list_ledgers(&anchor).await.expect("asked").len(), 2);
    sql::ledgers::head(&anchor, site).await.expect("the head");
    append(&anchor, hub, &Frontier::new(), 1).await.expect("appended");
    let (root, contract) = (hash::sha256(b""), [1; 20]);
    let new = NewAnchor { hub, size: 1, root: &root, chain_id: 1, contract: &contract };
    let attempt = Attempt {
        tx_hash: [2; 32],
        nonce: 0,
        max_fee_wei: 1,
        priority_wei: 1,
        raw: vec![1],
        created_at: Timestamp::UNIX_EPOCH,
    };
    let evidence = AnchorEvidence {
        block_number: 1,
        block_hash: [3; 32],
        block_time: Timestamp::UNIX_EPOCH,
        header: vec![],
        transaction_index: 0,
        receipt: vec![],
        proof: vec![],
    };
    let id = anchor
        .run_tx("test.needs", async |tx: &Transaction<'_>| {
            sql::hub::insert_entry(tx, hub, 0, site, 3).await?;
            sql::hub::insert_fork(tx, site, "old", "new", "why").await?;
            let id = sql::anchors::insert(tx, &new).await?;
            sql::anchors::insert_attempt(tx, id, &attempt).await?;
            sql::anchors::insert_attempt(tx, id, &attempt).await?;
            sql::anchors::set_state(
                tx,
                id,
                AnchorState::Mined,
                Some(&[2; 32]),
                Some((1, &[3; 32])),
            )
            .await?;
            sql::anchors::insert_proof(tx, id, &evidence).await?;
            let said = [true, false].map(|agreed| NewConfirmation {
                endpoint_host: format!("{agreed}.example"),
                agreed,
                answer: "a block".into(),
            });
            sql::anchors::insert_confirmations(tx, id, &said[..1], Timestamp::UNIX_EPOCH).await?;
            sql::anchors::insert_confirmations(tx, id, &said, LATER.parse().expect("a time"))
                .await?;
            Ok(id)
        })
        .await
        .expect("everything");
    sql::hub::last_entry(&anchor, hub, site).await.expect("asked").expect("there");
    assert_eq!(sql::anchors::open(&anchor).await.expect("asked").len(), 1);
    assert_eq!(sql::anchors::attempts(&anchor, id).await.expect("asked").len(), 1);
    sql::anchors::latest(&anchor, hub).await.expect("asked").expect("there");
    assert_eq!(
        sql::anchors::last_final(&anchor, hub).await.expect("asked").map(|last| last.id),
        Some(id)
    );
    let confirmed = sql::anchors::last_confirmation(&anchor, id).await.expect("asked");
    let confirmed = confirmed.expect("two rounds");
    assert_eq!((confirmed.asked, confirmed.agreed), (2, 1), "the last round alone counts");
    let connection = anchor.connection().await.expect("connected");
    let covering = sql::anchors::covering_whole(&connection, hub, 1).await.expect("asked");
    let covering = covering.expect("there");
    assert_eq!(covering.anchor.id, id);
    assert_eq!(covering.confirmed.map(|one| (one.asked, one.agreed)), Some((2, 1)));
    assert!(covering.checkpoint.is_some());
    drop(connection);
    sql::ledgers::checkpoint_at(&anchor, hub, 1).await.expect("asked").expect("there");
}

#[tokio::test]
async fn trace_api_can_read_what_it_shows() {
    let db = TestDb::migrated("trace_needs").await;
    let (site, hub) = site_and_hub(&db).await;
    let trace = db.db_as(Access::TraceApi).await;
    trace.check_schema().await.expect("the version");
    assert_eq!(sql::ledgers::list_ledgers(&trace).await.expect("asked").len(), 2);
    sql::ledgers::find(&trace, "a.example/x").await.expect("asked").expect("there");
    sql::ledgers::head(&trace, site).await.expect("the head");
    sql::ledgers::latest_checkpoint(&trace, site).await.expect("asked").expect("there");
    sql::ledgers::checkpoint_at(&trace, hub, 1).await.expect("asked").expect("there");
    sql::ledgers::record_at(&trace, site, 0).await.expect("asked").expect("there");
    sql::ledgers::nodes(&trace, site, &inclusion_nodes(0, 1)).await.expect("nodes");
    sql::items::records_naming(&trace, "urn:x").await.expect("asked");
    let connection = trace.connection().await.expect("connected");
    let read = sql::items::records(&connection, &[(site, 0), (site, 9)]).await.expect("asked");
    assert_eq!(read.len(), 1);
    assert_eq!(sql::hub::seals(&connection, &[(site, 0)]).await.expect("asked").len(), 1);
    sql::items::found(&connection, &[1], 9).await.expect("asked");
    sql::items::places(&connection, &[1], 9).await.expect("asked");
    sql::ledgers::states(&connection, &[site]).await.expect("asked");
    let hubs = sql::hub::heads(&connection).await.expect("asked");
    assert_eq!(hubs.first().map(|(id, _)| *id), Some(hub));
    let all = sql::hub::Stretch { hub, from: 0, to: 9 };
    sql::hub::indexed(&connection, &[all]).await.expect("asked");
    sql::hub::unindexed(&connection, &hubs, &[(site, "a.example/x")]).await.expect("asked");
    sql::hub::covering(&connection, "a.example/hub", &[(site, 1)]).await.expect("asked");
    sql::hub::newest(&connection, (hub, 9), (site, 9)).await.expect("asked");
    sql::ledgers::latest_of(&connection, "a.example/hub").await.expect("asked");
    sql::anchors::covering_whole(&connection, hub, 1).await.expect("asked");
    drop(connection);
    sql::expected::differences(&trace, None).await.expect("asked");
    sql::hub::entry_for(&trace, hub, site, 1).await.expect("asked");
    sql::anchors::latest(&trace, hub).await.expect("asked");
    sql::anchors::last_confirmation(&trace, 1).await.expect("asked");
}

#[tokio::test]
async fn the_owners_url_with_a_role_has_the_rights_of_that_role_only() {
    let db = TestDb::migrated("owner_with_role").await;
    let settings = sql::Settings {
        role: Some(Access::TraceApi),
        ..sql::Settings::new(db.url_for(Access::Owner))
    };
    let reader = Db::connect(&settings).await.expect("settings");
    reader.check_schema().await.expect("granted");
    assert!(sql::ledgers::list_ledgers(&reader).await.expect("granted").is_empty());
    let error = sql::ledgers::create_ledger(&reader, "a.example/x", "site", "A").await;
    let error = error.expect_err("trace-api writes ledgers of reads only").to_string();
    assert!(error.contains("row-level security"), "{error}");
    sql::ledgers::create_ledger(&reader, "a.example/reads", "audit", "A").await.expect("granted");
    let writer = sql::Settings { role: Some(Access::Ingest), ..settings };
    let writer = Db::connect(&writer).await.expect("settings");
    sql::ledgers::create_ledger(&writer, "a.example/x", "site", "A").await.expect("granted");
}

#[tokio::test]
async fn old_sessions_are_deleted_by_the_desk_alone_and_young_ones_by_nobody() {
    let db = TestDb::migrated("old_sessions").await;
    let rows = "insert into sessions (secret_sha256, key_prefix, subject, grants, began_at, secret_made_at, used_at)
                select sha256(n::text::bytea), 'chm_AAAAAAAA', 's', '[]', t, t, t
                from (values (1, now() - interval '25 hours'), (2, now() - interval '23 hours')) as v (n, t)";
    db.execute(rows).await.expect("two sessions");
    let young = "select delete_sessions(now() - interval '23 hours')";
    let old = "select delete_sessions(now() - interval '24 hours')";
    for access in PROCESSES {
        let client = client(&db, access).await;
        let is_desk = access == Access::Desk;
        let role = access.role_name();
        let code = if is_desk { "22023" } else { REFUSED };
        assert_eq!(attempt(&client, young).await, code, "{role}");
        assert_eq!(attempt(&client, old).await, if is_desk { "00000" } else { REFUSED }, "{role}");
    }
    let desk = client(&db, Access::Desk).await;
    let deleted = desk.query_one(old, &[]).await.expect("deleted");
    assert_eq!(deleted.get::<_, i64>(0), 1);
    for changed in ["subject = 'x'", "grants = '[]'", "began_at = now()", "issuer = 'x'"] {
        let statement = format!("update sessions set {changed}");
        assert_eq!(attempt(&desk, &statement).await, REFUSED, "{statement}");
    }
}
