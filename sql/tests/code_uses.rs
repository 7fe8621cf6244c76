//! First uses of hidden codes over a real database: one of many at once is the first, and it stays.

use jiff::{SignedDuration, Timestamp};
use sql::Access;
use sql::code_uses::{FirstUse, first, forget, record};
use sql::testing::TestDb;

const ITEM: &str = "https://id.gs1.org/01/04012345111118/21/9876";

#[tokio::test]
async fn of_uses_at_once_one_is_the_first_and_nobody_changes_or_removes_it() {
    let db = TestDb::migrated("code_uses").await;
    let trace = db.db_as(Access::TraceApi).await;
    let at: Timestamp = "2026-11-20T08:00:00Z".parse().expect("a time");
    assert_eq!(first(&trace, ITEM).await.expect("asked"), None);
    let devices: Vec<[u8; 1]> = (0..16).map(|number| [number]).collect();
    let uses = devices.iter().map(|device| record(&trace, ITEM, at, device));
    let uses = futures::future::join_all(uses).await;
    let firsts: Vec<usize> = (0..16).filter(|place| matches!(uses[*place], Ok(None))).collect();
    let [winner] = firsts[..] else { panic!("one is the first: {uses:?}") };
    let stored = FirstUse { at, device: Some(devices[winner].to_vec()) };
    let others = uses.iter().filter(|one| matches!(one, Ok(Some(found)) if *found == stored));
    assert_eq!(others.count(), 15, "{uses:?}");
    for change in ["item = 'x'", "used_at = now()", "device = '\\x09'"] {
        let change = format!("update code_uses set {change}");
        let refused = db.execute(&change).await.expect_err(&change);
        assert_eq!(refused, "the first use of a hidden code stays as it is");
    }
    let removed = db.execute("delete from code_uses").await.expect_err("kept");
    assert!(removed.ends_with("is append-only"), "{removed}");
    for access in [Access::Ingest, Access::Anchor, Access::Desk] {
        let refused = db.execute_as(access, "select item from code_uses").await;
        assert!(refused.expect_err("refused").contains("permission denied"));
    }
    let later = at + SignedDuration::from_secs(1);
    let forget = async |tx: &sql::Transaction<'_>| forget(tx, later).await;
    assert_eq!(trace.run_tx("test.forget", forget).await.expect("asked"), 1);
    assert_eq!(first(&trace, ITEM).await.expect("asked"), Some(FirstUse { at, device: None }));
}
