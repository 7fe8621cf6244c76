//! Rules that the schema itself must keep, whoever connects to it.

use jiff::Timestamp;
use ledger::hash;
use ledger::proof::{verify_consistency, verify_inclusion};
use ledger::tree::{
    Frontier, consistency_nodes, inclusion_nodes, prove_consistency, prove_inclusion,
};
use sql::ledgers::{Append, Entry};
use sql::testing::TestDb;
use sql::{Access, Error, LedgerId, QUERIES};

/// Appends `count` entries in one commit.
async fn append(
    db: &TestDb,
    ledger: LedgerId,
    before: &Frontier,
    count: u64,
) -> Result<Frontier, Error> {
    let mut after = before.clone();
    let mut entries = Vec::new();
    let mut item_keys = Vec::new();
    for index in before.size()..before.size() + count {
        let text = format!("{{\"n\":{index}}}");
        let leaf_hash = hash::leaf(text.as_bytes());
        item_keys.push((sql::items::key(&format!("urn:n:{}", index % 10)), index));
        entries.push(Entry { text: text.into(), secret: Some([7; 16]), leaf_hash });
    }
    let mut append = Append::to(ledger, &mut after, entries, Timestamp::now());
    append.item_keys = item_keys;
    append.note = format!("note {}", append.size());
    db.run_tx("test.append", async |tx| sql::ledgers::append(tx, &append).await).await?;
    Ok(after)
}

async fn ledger(db: &TestDb) -> LedgerId {
    sql::ledgers::create_ledger(db, "a.example/x", "site", "A").await.expect("created")
}

#[tokio::test]
async fn every_query_file_prepares_against_the_migrated_schema() {
    let db = TestDb::migrated("prepares").await;
    let (client, connection) =
        tokio_postgres::connect(&db.url_for(Access::Owner), tokio_postgres::NoTls)
            .await
            .expect("it answers");
    tokio::spawn(connection);
    for (name, text) in QUERIES {
        client.prepare(text).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}

#[tokio::test]
async fn what_was_recorded_is_never_changed_or_removed() {
    let db = TestDb::migrated("append_only").await;
    let id = ledger(&db).await;
    append(&db, id, &Frontier::new(), 3).await.expect("appended");
    for table in [
        "ledgers",
        "record_chunks",
        "subtree_hashes",
        "checkpoints",
        "item_records",
        "deliveries",
        "captures",
        "capture_parts",
        "received_documents",
        "created_events",
        "refusals",
        "expected_deliveries",
        "differences",
        "hub_entries",
        "forks",
        "anchors",
        "anchor_attempts",
        "anchor_proofs",
        "anchor_confirmations",
        "scans",
        "findings",
        "finding_resolutions",
        "ledger_holds",
        "hold_releases",
        "tag_key_sets",
        "tag_taps",
        "code_uses",
        "owners",
        "case_inbox",
    ] {
        for change in [format!("delete from {table}"), format!("truncate {table} cascade")] {
            let refused = db.execute(&change).await.expect_err(&change);
            assert!(refused.ends_with("is append-only"), "{change}: {refused}");
        }
    }
    let refused = db.execute("update record_chunks set leaf_count = 1").await.expect_err("refused");
    assert_eq!(refused, "record_chunks is append-only");
}

#[tokio::test]
async fn batches_of_any_size_keep_the_tree_and_every_proof_from_the_tables_verifies() {
    let db = TestDb::migrated("batches").await;
    let id = ledger(&db).await;
    let mut frontier = Frontier::new();
    let mut roots = vec![(0, frontier.root())];
    for count in [1, 255, 1, 256, 257, 1000, 3] {
        frontier = append(&db, id, &frontier, count).await.expect("appended");
        roots.push((frontier.size(), frontier.root()));
        let loaded = sql::ledgers::load_frontier(&db, id).await.expect("loaded");
        assert_eq!(loaded, frontier, "the frontier loads as it was");
        assert_eq!(sql::ledgers::head(&db, id).await.expect("a head").root, frontier.root());
    }
    let (size, root) = (frontier.size(), frontier.root());
    for index in [0, 1, 254, 255, 256, 257, 511, 512, 513, 1000, 1535, size - 1] {
        let nodes =
            sql::ledgers::nodes(&db, id, &inclusion_nodes(index, size)).await.expect("nodes");
        let path = prove_inclusion(index, size, &nodes).expect("a proof");
        let stored = sql::ledgers::record_at(&db, id, index).await.expect("asked").expect("there");
        assert_eq!(stored.text, format!("{{\"n\":{index}}}"));
        verify_inclusion(index, &stored.leaf_hash, size, &path, &root).expect("it verifies");
    }
    for (old, old_root) in &roots[1..] {
        let nodes =
            sql::ledgers::nodes(&db, id, &consistency_nodes(*old, size)).await.expect("nodes");
        let path = prove_consistency(*old, size, &nodes).expect("a proof");
        verify_consistency(*old, size, &path, old_root, &root).expect("it verifies");
    }
    let mut count = 0;
    sql::ledgers::for_each_record(&db, id, async |record| {
        assert_eq!(record.index, count);
        count += 1;
        Ok(())
    })
    .await
    .expect("read");
    assert_eq!(count, size);
    let places = [size - 1, 0, 300, size].map(|index| (id, index));
    let some = sql::items::records(&db.connection().await.expect("connected"), &places)
        .await
        .expect("asked");
    assert_eq!(some.len(), 3, "the ledger has no record {size}");
    for record in some {
        let whole = sql::ledgers::record_at(&db, id, record.index).await.expect("asked");
        let whole = whole.expect("there");
        assert_eq!((record.text, record.secret), (whole.text, whole.secret));
        assert_eq!(record.leaf_hash, whole.leaf_hash);
    }
    let naming = sql::items::records_naming(&db, "urn:n:3").await.expect("asked");
    assert!(naming.iter().all(|(_, index)| index % 10 == 3) && naming.len() as u64 >= size / 10);
}

#[tokio::test]
async fn of_two_writers_with_the_same_view_one_fails() {
    let db = TestDb::migrated("two_writers").await;
    let id = ledger(&db).await;
    let empty = Frontier::new();
    append(&db, id, &empty, 2).await.expect("the first");
    let second = append(&db, id, &empty, 1).await.expect_err("the second");
    assert!(second.is_conflict(), "{second}");
    let lease = sql::ledgers::hold_writer(&db, id).await.expect("the lease");
    assert!(sql::ledgers::hold_writer(&db, id).await.is_err(), "one writer at a time");
    drop(lease);
}

#[tokio::test]
async fn a_ledger_is_created_once_and_keeps_its_kind() {
    let db = TestDb::migrated("created_once").await;
    assert_eq!(ledger(&db).await, ledger(&db).await);
    assert!(sql::ledgers::create_ledger(&db, "a.example/x", "hub", "A").await.is_err());
}

/// Text of a file below the crate's folder.
fn file(path: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Leaves `db` as the program of the first version would, before there were roles.
async fn migrate_to_first_version(db: &TestDb) {
    let first = file("migrations/0001_ledgers.sql");
    let digest = hash::sha256(first.as_bytes());
    let applied = format!(
        "create table schema_migrations (version integer primary key, name text not null, \
         sha256 text not null, applied_at timestamptz not null default now()); \
         insert into schema_migrations values (1, '0001_ledgers', '{digest}')"
    );
    for step in [first, applied, file("samples/0001_ledgers.sql")] {
        db.execute(&step).await.expect("the first version");
    }
}

#[tokio::test]
async fn migrations_apply_on_top_of_the_rows_of_earlier_versions_and_refuse_a_changed_past() {
    // Another test's database creates the roles, so that both orders occur.
    let db = TestDb::empty("samples").await;
    migrate_to_first_version(&db).await;
    let advice = "insert into expected_deliveries (ledger_id, despatch_advice, shipped_by, epcs, recorded_in, leaf_index) \
                  select ledger_id, 'DA', 'Maker', '{urn:x}', ledger_id, 0 from ledgers limit 1";
    let difference = "insert into differences (ledger_id, leaf_index, despatch_advice, announced, received, missing, \
                      unexpected, at) select ledger_id, 7, 'DA', 1, 0, '{urn:x}', '{}', now() from ledgers limit 1";
    for row in [advice, difference] {
        db.execute(row).await.expect("a row of the first version");
    }
    db.migrate().await.expect("the later migrations");
    let differences = sql::expected::differences(&db, Some("DA")).await.expect("asked");
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].shipped_by, "Maker", "taken over from the advice");
    db.migrate().await.expect("nothing to do");
    db.check_schema().await.expect("the version of this program");
    for sample in [
        "samples/0002_roles.sql",
        "samples/0003_directory.sql",
        "samples/0004_despatch_advices.sql",
        "samples/0005_findings.sql",
        "samples/0006_confirmations.sql",
        "samples/0007_fork_evidence.sql",
        "samples/0008_record_slices.sql",
        "samples/0009_item_index.sql",
        "samples/0010_scan_counts.sql",
        "samples/0011_histories.sql",
        "samples/0012_capture_parts.sql",
        "samples/0013_ledger_holds.sql",
        "samples/0015_events.sql",
        "samples/0017_received_documents.sql",
        "samples/0020_sessions.sql",
        "samples/0021_emergency_rights.sql",
        "samples/0022_access_certificates.sql",
        "samples/0023_inquiry.sql",
        "samples/0024_tag_keys.sql",
        "samples/0025_hints.sql",
        "samples/0026_exports.sql",
        "samples/0027_reports.sql",
        "samples/0028_hidden_codes.sql",
        "samples/0029_owners.sql",
        "samples/0030_case_inbox.sql",
        "samples/0031_block_times.sql",
        "samples/0032_tag_challenges.sql",
        "samples/0033_report_evidence.sql",
        "samples/0035_erasures.sql",
    ] {
        db.execute(&file(sample)).await.expect(sample);
    }
    db.execute("update schema_migrations set sha256 = 'other'").await.expect("changed");
    assert!(db.migrate().await.is_err(), "a migration applied with another text is refused");
}

#[tokio::test]
async fn a_schema_of_another_version_is_named_with_what_to_do() {
    let db = TestDb::empty("versions").await;
    let problem = async || db.check_schema().await.expect_err("another version").to_string();
    let none = "schema is at version 0, this program expects 35; run `chopmark migrate`; `chopmark migrate --plan` says what it would do";
    assert_eq!(problem().await, none);
    migrate_to_first_version(&db).await;
    let older = "schema is at version 1, this program expects 35; run `chopmark migrate`; `chopmark migrate --plan` says what it would do";
    assert_eq!(problem().await, older);
    db.migrate().await.expect("migrated");
    db.check_schema().await.expect("the version of this program");
    let next = "insert into schema_migrations values (99, '0099_next', '')";
    db.execute(next).await.expect("a newer program migrated");
    let newer = "schema is at version 99, this program expects 35; a newer program migrated it: use that program, or a newer \
                 one, or restore the backup made before the upgrade (docs/backup.md)";
    assert_eq!(problem().await, newer);
    assert_eq!(db.migrate().await.expect_err("refused").to_string(), newer);
}

#[tokio::test]
async fn a_plan_says_what_would_be_applied_and_how_much_it_reads_and_changes_nothing() {
    let db = TestDb::empty("plan").await;
    let plan = db.plan_migration().await.expect("planned");
    assert_eq!((plan.from, plan.to, plan.steps.len()), (0, 35, 34));
    db.migrate_to(7).await.expect("the seventh version");
    let plan = db.plan_migration().await.expect("planned");
    assert_eq!((plan.from, plan.steps.len()), (7, 27));
    assert_eq!(plan.steps[0].name, "0008_record_slices");
    let tables: Vec<&str> = plan.steps[0].tables.iter().map(|(name, ..)| name.as_str()).collect();
    assert!(tables.contains(&"record_chunks") && !tables.contains(&"scans"), "{tables:?}");
    assert!(db.check_schema().await.is_err(), "nothing was applied");
    db.migrate().await.expect("migrated");
    assert_eq!(db.plan_migration().await.expect("planned").steps, []);
    db.check_schema().await.expect("the version of this program");
}

#[tokio::test]
async fn nothing_is_signed_for_a_held_ledger_until_it_is_released() {
    let db = TestDb::migrated("held").await;
    let id = ledger(&db).await;
    let before = append(&db, id, &Frontier::new(), 3).await.expect("appended");
    let now = Timestamp::now();
    let hold = async |cause| {
        db.run_tx("test.hold", async |tx| sql::holds::hold_all(tx, cause, now, now).await).await
    };
    assert_eq!(hold(sql::holds::Cause::Restored).await.expect("held"), 1);
    assert_eq!(hold(sql::holds::Cause::Restored).await.expect("held"), 0, "it is held already");
    let refused = append(&db, id, &before, 1).await.expect_err("held");
    assert!(matches!(refused, Error::Held(_)), "{refused:?}");
    let found = sql::holds::of_ledger(&db, id).await.expect("asked").expect("held");
    assert_eq!((found.size, found.root), (3, before.root()));
    // Whoever is released once is not released of a hold of another cause.
    assert_eq!(hold(sql::holds::Cause::Closed).await.expect("held"), 1);
    let release = async |number| {
        db.run_tx("test.release", async |tx| {
            sql::holds::release(tx, number, "a test", "none", now).await
        })
        .await
    };
    release(found.id).await.expect("released");
    assert!(matches!(append(&db, id, &before, 1).await, Err(Error::Held(_))));
    let closed = sql::holds::of_ledger(&db, id).await.expect("asked").expect("closed");
    release(closed.id).await.expect("released");
    assert!(release(closed.id).await.is_err(), "it was released already");
    append(&db, id, &before, 1).await.expect("appended");
}

#[tokio::test]
async fn a_database_that_was_restored_in_part_is_refused_until_the_restore_is_done_again() {
    let db = TestDb::empty("in_part").await;
    let restoring = sql::backup::prepare(&db).await.expect("it is empty");
    let text = sql::backup::prepare(&db).await.expect_err("one at a time").to_string();
    assert!(text.contains("another restore"), "{text}");
    drop(restoring);
    for refused in [db.check_schema().await, db.migrate().await] {
        let text = refused.expect_err("refused").to_string();
        assert!(text.contains("restored in part"), "{text}");
    }
    sql::backup::prepare(&db).await.expect("what is left is removed");
    assert!(sql::backup::refuse_newer(35).is_ok());
    let text = sql::backup::refuse_newer(99).expect_err("a newer schema").to_string();
    assert!(text.contains("version 99, this program knows 35"), "{text}");
    let full = TestDb::migrated("in_use").await;
    ledger(&full).await;
    let text = sql::backup::prepare(&full).await.expect_err("it has a ledger").to_string();
    assert!(text.contains("`a.example/x`"), "{text}");
}
