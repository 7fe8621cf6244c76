//! No plan depends on how large a table was when it was made, or on what was known of it then.
//!
//! Every query is prepared as the processes prepare it (once a connection), on an empty database, on tables that were analyzed when they
//! had one row, and on tables of 100,000 rows that nobody analyzed. No plan may read a growing table whole, or through an index of which
//! it uses only what all rows share.

use serde_json::Value;
use sql::QUERIES;
use sql::testing::TestDb;
use tokio_postgres::{Client, NoTls};

/// Tables that grow with what an installation does, and the columns of which an index condition must name one: each leaves a few rows.
const GROWING: &[(&str, &[&str])] = &[
    ("record_chunks", &["first_leaf"]),
    ("subtree_hashes", &["position"]),
    ("checkpoints", &["size"]),
    ("item_records", &["item_key"]),
    ("deliveries", &["seq"]),
    ("captures", &["document_sha256", "capture_id"]),
    ("refusals", &["refusal_id"]),
    ("rule_states", &["state_key"]),
    ("expected_deliveries", &["things", "epcs", "despatch_advice"]),
    ("differences", &["leaf_index"]),
    ("hub_entries", &["hub_index", "ledger_size"]),
    ("anchors", &["anchor_id", "hub_size"]),
    ("anchor_attempts", &["anchor_id"]),
    ("anchor_proofs", &["anchor_id"]),
    ("anchor_states", &["anchor_id"]),
    ("anchor_confirmations", &["anchor_id"]),
    ("scans", &["item_key"]),
    ("findings", &["finding_id", "item_key"]),
    ("finding_resolutions", &["finding_id"]),
    ("events", &["position", "event_time", "record_time", "event_key", "leaf_index"]),
    ("event_blocks", &["block"]),
    ("event_postings", &["term"]),
    ("event_values", &["value"]),
    ("trace_links", &["thing_key"]),
    ("projection_skips", &["leaf_index"]),
    ("named_queries", &["name", "subject"]),
    ("subscriptions", &["subscription_id", "subject", "due_at"]),
    ("master_data", &["element_key", "attribute", "statement_id"]),
    ("master_data_documents", &["document_sha256"]),
    ("received_documents", &["document_sha256"]),
    ("cases", &["case_id"]),
    ("case_acts", &["case_id"]),
    ("case_members", &["subject", "case_id"]),
    ("case_inbox", &["party"]),
    ("saved_searches", &["subject"]),
    ("export_jobs", &["export_id", "subject", "alive_until"]),
    ("sessions", &["session_id", "secret_sha256", "previous_sha256", "login_sha256"]),
    ("tag_taps", &["chip", "tapped_at"]),
    ("tag_challenges", &["challenge", "expires_at"]),
    ("code_uses", &["item", "used_at"]),
    ("owners", &["item", "secret_sha256"]),
    ("owner_links", &["item", "token_sha256"]),
    ("reports", &["report_id", "receipt_sha256", "received_at", "photo_bytes"]),
    ("report_evidence", &["report_id"]),
];

/// Queries that read a growing table whole, and why they may. None of them is part of recording an event.
const WHOLE: &[(&str, &str)] = &[
    ("deliveries/list", "a test and a person ask for all deliveries"),
    ("refusals/totals", "a sum over all refusals, for a person"),
    (
        "expected/differences",
        "the newest 1,000 by time, for a person; one row for a goods receipt that differs",
    ),
    (
        "findings/list",
        "pages of 500 in order of number, for a person and the audit; resolutions are looked up beside them",
    ),
    ("erasures/logged", "the logs of reads, for the audit, which reads them whole beside it"),
    ("erasures/cases", "cases whose evidence is a record, for two people who erase it"),
    ("erasures/exports", "exports that may hold a record, for two people who erase it"),
    ("hub/entries", "the audit compares every entry"),
    ("hub/unindexed_entry", "only after entries of the index were found missing"),
    (
        "ledgers/all_subtrees",
        "all stored subtrees of one ledger: one for each 256 records, read when a writer starts",
    ),
    ("anchors/open", "the partial index has the open ones only"),
    ("stored/given_up", "one count in a while for the metrics; a subject has 100 at most"),
];

/// Rows of the loaded tables.
const ROWS: u32 = 100_000;

/// One row, or many, in the tables that are written for each event, scan or checkpoint.
fn load(first: u32, last: u32) -> String {
    let rows = format!("generate_series({first}, {last}) as n");
    let site = "(select min(ledger_id) from ledgers)";
    let hash_of_case = "sha256(case_id::text::bytea)";
    let (hash, hub) = ("sha256(n::text::bytea)", "(select max(ledger_id) from ledgers)");
    format!(
        "insert into captures select n::text, 'p' || n % 5, {site}, {hash}, '', now() from {rows};
         insert into deliveries select 'b' || n % 5, 1, n, {site}, '', '', '', now() from {rows};
         insert into item_records select n, {site}, n from {rows};
         insert into checkpoints select {site}, n, {hash}, '', now() from {rows};
         insert into subtree_hashes select {site}, 8, n, {hash} from {rows};
         insert into record_chunks select {site}, n, 1, {hash}, '', 'x', '{{1}}' from {rows};
         insert into rule_states select {site}, 'r', n::text, '' from {rows};
         insert into refusals (at, source, kind, code, detail, body_sha256, excerpt, count)
           select now(), '', 'capture', 'c' || n % 9, '', {hash}, '', 1 from {rows};
         insert into expected_deliveries select {site}, 'd' || n, 's', array['e' || n], {site}, n, array['t' || n] from {rows};
         insert into differences select {site}, n, 'd' || n, 1, 1, '{{}}', '{{}}', now(), 's' from {rows};
         insert into hub_entries select {hub}, n, {site}, n from {rows};
         insert into scans (item_key, item, at, device, role, verdict, network)
           select n, '', now(), '', 'consumer', '', '' from {rows};
         insert into findings (item_key, item, rule, evidence, opened_at)
           select n, '', 'sold_twice', '', now() from {rows};
         insert into events select n, {site}, n, n, n, n, '' from {rows};
         insert into event_blocks select n, n, n, n, n from {rows};
         insert into event_postings select n, 0, '\\x0001' from {rows};
         insert into event_values select 2, n::text from {rows};
         insert into trace_links select n, n, 1 from {rows};
         insert into projection_skips select {site}, n, '' from {rows};
         insert into named_queries select 's' || n, 'q', '{{}}', now() from {rows};
         insert into subscriptions (subscription_id, subject, name, key_prefix, dest, controls, created_at, initial_record_time,
                                    is_stream, generation, position, due_at, most)
           select n::text, 's' || n, 'q', '', '', '', now(), now(), true, 0, 0, now(), 1 from {rows};
         insert into master_data (kind, element_key, element, vocabulary, attribute, place, language, value, stated_by, source,
                                  document_sha256, since)
           select 3, 'k' || n, '', '', 'a' || n, 0, '', '', '', 2, {hash}, now() from {rows};
         insert into master_data_documents select 'p' || n % 5, {hash}, 1, '', now() from {rows};
         insert into cases (opened_by, opened_at) select 's' || n, now() from {rows};
         insert into case_acts select case_id, 1, 's', 'open', '', {hash_of_case} from cases on conflict do nothing;
         insert into case_members select opened_by, case_id from cases on conflict do nothing;
         insert into case_inbox select 'p' || case_id, case_id, number from case_acts on conflict do nothing;
         insert into saved_searches select 's' || n, 'tea', 'x', now() from {rows};
         insert into export_jobs select md5(n::text), 's' || n, now(), '', '', '', false, '', 'failed', 'infinity', 0, null, 0, '', now() from {rows};
         insert into sessions (secret_sha256, previous_sha256, login_sha256, issuer, subject, grants, began_at, secret_made_at, used_at)
           select {hash}, sha256(('before' || n)::bytea), {hash}, 'i', 's' || n, '[]', now(), now(), now() from {rows};
         insert into tag_taps select substring({hash} for 16), n, '', now() from {rows};
         insert into tag_challenges select substring({hash} for 10), now() from {rows};
         insert into code_uses select 'i' || n, now(), '' from {rows};
         insert into owners select 'i' || n, 1, {hash}, now(), 'code' from {rows};
         insert into owner_links select 'i' || n, 'transfer', 1, {hash}, now() from {rows};
         insert into reports (receipt_sha256, received_at, item_key, item, reason, message, place, language, photo)
           select {hash}, now(), n, 'i', 'copy', '', '', 'en', case when n % 50 = 0 then '\\x00'::bytea end from {rows};
         insert into report_evidence (report_id, document, secret, digest)
           select report_id, '{{}}', substring(receipt_sha256 for 16), receipt_sha256 from reports on conflict do nothing;"
    )
}

/// Whether it is prepared by `prepare`; COPY is not.
fn is_planned(text: &str) -> bool {
    !text.lines().any(|line| line.starts_with("copy "))
}

/// Prepares every query of a session under its file's name.
async fn prepare_all(session: &Client) {
    for (name, text) in QUERIES.iter().filter(|(_, text)| is_planned(text)) {
        let prepare = format!("prepare \"{name}\" as {text}");
        session.batch_execute(&prepare).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        // Makes the plan that the connection keeps.
        plan(session, name).await;
    }
}

/// The plan that a session has for a query: for any parameters, so that none need be chosen.
async fn plan(session: &Client, name: &str) -> Value {
    let count =
        "select cardinality(parameter_types)::int8 from pg_prepared_statements where name = $1";
    let count: i64 = session.query_one(count, &[&name]).await.expect("it is prepared").get(0);
    let nulls: Vec<&str> = (0..count).map(|_| "null").collect();
    let parameters =
        if nulls.is_empty() { String::new() } else { format!("({})", nulls.join(", ")) };
    let explain = format!("explain (format json, costs off) execute \"{name}\"{parameters}");
    let rows =
        session.simple_query(&explain).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let text: String = rows
        .iter()
        .filter_map(|row| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    serde_json::from_str::<Value>(&text).expect("JSON")[0]["Plan"].take()
}

/// The scans of growing tables in a plan that do not find a few rows by an index.
///
/// - `is_limited`: whether the node gives rows in the order of its index to a limit.
fn wide_scans(node: &Value, is_limited: bool, found: &mut Vec<String>) {
    let text = |member: &str| node[member].as_str().unwrap_or_default();
    let kind = text("Node Type");
    let relation = GROWING.iter().find(|(table, _)| *table == text("Relation Name"));
    if let Some((table, columns)) = relation
        && !matches!(kind, "ModifyTable" | "Bitmap Heap Scan")
    {
        let condition = text("Index Cond");
        let is_narrow = columns.iter().any(|column| condition.contains(column));
        let is_first = is_limited && !condition.is_empty();
        if !kind.starts_with("Index") || !(is_narrow || is_first) {
            found.push(format!("{kind} on {table} where `{condition}`"));
        }
    }
    if kind == "Bitmap Heap Scan"
        && let Some((table, columns)) = relation
        && !columns.iter().any(|column| text("Recheck Cond").contains(column))
    {
        found.push(format!("{kind} on {table} where `{}`", text("Recheck Cond")));
    }
    let is_limited =
        kind == "Limit" || (is_limited && !matches!(kind, "Sort" | "Aggregate" | "Hash"));
    for below in node["Plans"].as_array().into_iter().flatten() {
        wide_scans(below, is_limited, found);
    }
}

/// Every query of which a session's plan reads a growing table whole.
async fn wide(session: &Client) -> Vec<(&'static str, Vec<String>)> {
    let mut wide = Vec::new();
    for (name, _) in QUERIES.iter().filter(|(_, text)| is_planned(text)) {
        let mut found = Vec::new();
        wide_scans(&plan(session, name).await, false, &mut found);
        if !found.is_empty() {
            wide.push((*name, found));
        }
    }
    wide
}

fn allowed(wide: &[(&'static str, Vec<String>)], when: &str) {
    let refused: Vec<_> =
        wide.iter().filter(|(name, _)| !WHOLE.iter().any(|(allowed, _)| allowed == name)).collect();
    assert!(refused.is_empty(), "{when}: {refused:#?}");
}

#[tokio::test]
async fn no_plan_reads_a_growing_table_whole_however_young_the_table_was_when_it_was_made() {
    let db = TestDb::migrated("young_tables").await;
    sql::ledgers::create_ledger(&db, "a.example/x", "site", "A").await.expect("created");
    sql::ledgers::create_ledger(&db, "hub.example/1", "hub", "Hub").await.expect("created");
    // Nobody but this test analyzes.
    for (table, _) in GROWING {
        let off = format!("alter table {table} set (autovacuum_enabled = off)");
        db.execute(&off).await.expect("no autovacuum");
    }
    // A session without our settings, so that it is seen what they are for.
    let url = db.url_for(sql::Access::Owner);
    let (plain, connection) = tokio_postgres::connect(&url, NoTls).await.expect("it answers");
    tokio::spawn(connection);
    plain.batch_execute("set plan_cache_mode = force_generic_plan").await.expect("set");

    let empty = db.session().await;
    prepare_all(&empty).await;
    prepare_all(&plain).await;
    allowed(&wide(&empty).await, "prepared while the tables were empty");

    db.execute(&load(1, 1)).await.expect("one row");
    db.execute("analyze").await.expect("analyzed");
    let one = db.session().await;
    prepare_all(&one).await;
    allowed(&wide(&one).await, "prepared when the tables had been analyzed with one row");
    let young = wide(&plain).await;
    assert!(
        young.iter().any(|(name, _)| *name == "captures/outcome"),
        "without our settings the repeat look-up reads all captures: {young:?}"
    );

    db.execute(&load(2, ROWS)).await.expect("many rows");
    for (session, when) in [(&empty, "empty"), (&one, "with one row")] {
        allowed(&wide(session).await, &format!("prepared {when}, with {ROWS} rows now"));
    }
    let many = db.session().await;
    prepare_all(&many).await;
    let wide = wide(&many).await;
    allowed(&wide, "prepared with many rows of which nothing is known");
    let idle: Vec<_> =
        WHOLE.iter().filter(|(name, _)| !wide.iter().any(|(found, _)| found == name)).collect();
    assert!(idle.is_empty(), "these read no growing table whole and need no permission: {idle:?}");
}

#[tokio::test]
async fn an_item_that_every_record_names_makes_no_look_up_or_write_longer() {
    let db = TestDb::migrated("one_key").await;
    let id = sql::ledgers::create_ledger(&db, "a.example/x", "site", "A").await.expect("created");
    let other =
        sql::ledgers::create_ledger(&db, "b.example/y", "site", "B").await.expect("created");
    let key = sql::items::key("urn:epc:id:sgtin:9521141.012345.1");
    let fill = format!(
        "insert into item_records select {key}, {}, n from generate_series(0, {ROWS} - 1) as n;
         insert into item_records select {key}, {}, n from generate_series(0, {ROWS} - 1) as n",
        id.0, other.0
    );
    db.execute(&fill).await.expect("filled");
    let connection = db.connection().await.expect("connected");
    let last = sql::items::last_records(&connection, id, &[key, 5]).await.expect("asked");
    assert_eq!(last, [(key, u64::from(ROWS) - 1)]);

    // What the statement touches, counted in pages of the index and the table.
    let session = db.session().await;
    let (_, text) = QUERIES.iter().find(|(name, _)| *name == "items/last_in").expect("there");
    session.batch_execute(&format!("prepare last_in as {text}")).await.expect("prepared");
    let explain =
        format!("explain (analyze, buffers, format json) execute last_in({}, array[{key}])", id.0);
    let rows = session.simple_query(&explain).await.expect("explained");
    let text: String = rows
        .iter()
        .filter_map(|row| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    let plan = &serde_json::from_str::<Value>(&text).expect("JSON")[0]["Plan"];
    let pages = ["Shared Hit Blocks", "Shared Read Blocks"].map(|kind| plan[kind].as_u64());
    let pages: u64 = pages.into_iter().flatten().sum();
    assert!((1..20).contains(&pages), "{pages} pages: {text}");
}

#[tokio::test]
async fn migrations_have_no_limit_of_time_and_may_read_whole_tables() {
    let db = TestDb::empty("long_migration").await;
    let watch = "create table seen (timeout text, scan text);
                 create function see() returns event_trigger language plpgsql as $$ begin
                   insert into public.seen values (current_setting('statement_timeout'), current_setting('enable_seqscan'));
                 end $$;
                 create event trigger see on ddl_command_end when tag in ('CREATE INDEX') execute function see()";
    db.execute(watch).await.expect("watching");
    db.migrate().await.expect("migrated");
    let session = db.session().await;
    let seen = session.query("select distinct timeout, scan from seen", &[]).await.expect("asked");
    let seen: Vec<(String, String)> = seen.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(seen, [("0".to_owned(), "on".to_owned())]);
    let own = session.query_one("show statement_timeout", &[]).await.expect("asked");
    assert_eq!(own.get::<_, String>(0), "30s", "as every session");
}
