//! A database that an old program wrote, brought to the schema of now by the command that operators type.

use sql::Access;
use sql::testing::TestDb;

use crate::scene::{Scene, chopmark};

/// Last migration of the old program: texts of records were still an array, and had an index by hash.
const OLD: i32 = 7;

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_an_old_program_wrote_are_migrated_and_audited_clean() {
    let scene = Scene::new("upgrade_rows").await;
    let old = TestDb::at_version("upgrade_old", OLD).await;
    let (from, to) = (scene.db.session().await, old.session().await);
    let rows_of = async |query: &str| -> String {
        let all = format!("select coalesce(json_agg(t), '[]')::text from ({query}) t");
        from.query_one(&all, &[]).await.unwrap().get(0)
    };
    let put = async |table: &str, rows: String| {
        let insert = format!(
            "insert into {table} overriding system value \
             select * from json_populate_recordset(null::{table}, $1::text::json)"
        );
        to.execute(&insert, &[&rows]).await.unwrap_or_else(|error| panic!("{table}: {error:?}"));
    };
    // The tables whose columns were the same.
    for table in ["ledgers", "ledger_heads", "subtree_hashes", "checkpoints", "item_records"] {
        put(table, rows_of(&format!("select * from {table}")).await).await;
    }
    put("hub_entries", rows_of("select * from hub_entries").await).await;
    // One array of texts for each chunk, as it was.
    let chunks = "select ledger_id, first_leaf, leaf_count, leaf_hashes, secrets, (
                    select array_agg(convert_from(substring(texts from begins + 1 for ends - begins), 'UTF8') order by place)
                    from (select place, ends, coalesce(lag(ends) over (order by place), 0) as begins
                          from unnest(text_ends) with ordinality as u (ends, place)) as cut
                  ) as records from record_chunks";
    let chunks = rows_of(chunks).await;
    assert!(chunks.contains("commissioning"), "{chunks}");
    put("record_chunks", chunks).await;

    let config = scene
        .file("owner.toml", &format!("[database]\nurl = \"{}\"\n", old.url_for(Access::Owner)));
    let migrate = ["migrate", "--config", config.to_str().unwrap()];
    let plan = chopmark(&[&migrate[..], &["--plan"]].concat());
    assert_eq!(plan.status, 0, "{}", plan.err);
    assert!(plan.out.starts_with("from version 7 to "), "{}", plan.out);
    assert!(plan.out.contains("0008_record_slices"), "{}", plan.out);
    let ran = chopmark(&migrate);
    assert_eq!((ran.status, &*ran.out), (0, "the schema is current\n"), "{}", ran.err);

    let policy = scene.path("policy.txt");
    let url = old.url_for(Access::Owner);
    let audit = ["audit", "--database", &url, "--policy", policy.to_str().unwrap()];
    let audited = chopmark(&audit);
    assert_eq!(audited.status, 0, "{}{}", audited.out, audited.err);
    assert!(
        audited.out.contains("whole  factory.example/packing  4 records, 2 checkpoints"),
        "{}",
        audited.out
    );
    assert_eq!(audited.out, scene.audit(&[]).out, "as if this program had written them");
}
