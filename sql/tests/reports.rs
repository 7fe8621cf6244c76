//! Reports over a real database: stored once, answered once, deleted when they are old, and read by nobody else.

use jiff::{SignedDuration, Timestamp};
use sql::reports::{
    MOST_PHOTO, NewReport, Step, Stored, delete_before, insert, of_receipt, settle,
};
use sql::testing::TestDb;
use sql::{Access, Db};

fn report<'a>(receipt: &'a [u8; 32], at: Timestamp, photo: Option<&'a [u8]>) -> NewReport<'a> {
    NewReport {
        receipt,
        at,
        item: "urn:epc:id:sgtin:9521141.012345.7",
        reason: "copy",
        message: "the cap is loose",
        place: "a market",
        language: "en",
        photo,
    }
}

async fn take(db: &Db, id: u64, step: Step<'_>) -> bool {
    let at = Timestamp::now();
    let settle = async |tx: &sql::Transaction<'_>| settle(tx, id, step, at).await;
    db.run_tx("test.settle", settle).await.expect("asked")
}

#[tokio::test]
async fn a_report_is_stored_once_and_read_by_its_receipt_and_answered_once() {
    let db = TestDb::migrated("reports").await;
    let trace = db.db_as(Access::TraceApi).await;
    let now = Timestamp::now();
    let new = report(&[1; 32], now, Some(b"a photo"));
    assert_eq!(insert(&trace, new).await.expect("stored"), Stored::New { with_photo: true });
    assert_eq!(insert(&trace, new).await.expect("asked"), Stored::Before);
    let found = of_receipt(&trace, &[1; 32]).await.expect("asked").expect("there");
    assert_eq!((&*found.state, &*found.answer, found.has_photo), ("received", "", true));
    assert_eq!(of_receipt(&trace, &[2; 32]).await.expect("asked"), None);
    let listed = sql::reports::list(&db, 0, true).await.expect("asked");
    assert_eq!(listed.len(), 1);
    let id = listed[0].id;
    assert_eq!((&*listed[0].message, &*listed[0].place), ("the cap is loose", "a market"));
    assert_eq!(
        sql::reports::photo(&db, id).await.expect("asked").as_deref(),
        Some(&b"a photo"[..])
    );
    assert!(take(&db, id, Step::Take).await && !take(&db, id, Step::Take).await);
    let answers = ["one", "two", "three"].map(|text| take(&db, id, Step::Answer(text)));
    let answers = futures::future::join_all(answers).await;
    assert_eq!(answers.iter().filter(|is_first| **is_first).count(), 1, "{answers:?}");
    assert!(!take(&db, id, Step::Close("late")).await);
    let found = of_receipt(&trace, &[1; 32]).await.expect("asked").expect("there");
    assert_eq!(found.state, "answered");
    assert!(["one", "two", "three"].contains(&&*found.answer) && found.answered_at.is_some());
    assert_eq!(sql::reports::list(&db, 0, true).await.expect("asked"), []);
    let all = sql::reports::list(&db, 0, false).await.expect("asked");
    assert_eq!(all.first(), sql::reports::find(&db, id).await.expect("asked").as_ref());
}

#[tokio::test]
async fn the_process_that_receives_reports_reads_neither_words_nor_pictures_and_changes_none() {
    let db = TestDb::migrated("reports_rights").await;
    let trace = db.db_as(Access::TraceApi).await;
    insert(&trace, report(&[1; 32], Timestamp::now(), None)).await.expect("stored");
    for statement in [
        "select message from reports",
        "select place from reports",
        "select photo from reports",
        "update reports set state = 'closed'",
        "delete from reports",
    ] {
        let refused = db.execute_as(Access::TraceApi, statement).await.expect_err(statement);
        assert!(refused.contains("permission denied"), "{refused}");
    }
    for access in [Access::Ingest, Access::Anchor, Access::Desk] {
        let refused = db.execute_as(access, "select item from reports").await;
        assert!(refused.expect_err("refused").contains("permission denied"));
    }
    for change in ["message = ''", "receipt_sha256 = sha256('x')", "photo = '\\xff'"] {
        let refused = db.execute(&format!("update reports set {change}")).await;
        let refused = refused.expect_err("the owner does not change it either");
        assert_eq!(refused, "a report is answered once; nothing else of it changes");
    }
    let large = vec![0; MOST_PHOTO + 1];
    let refused = insert(&trace, report(&[2; 32], Timestamp::now(), Some(&large))).await;
    assert!(refused.is_err(), "more than a photo may have");
}

#[tokio::test]
async fn old_reports_are_deleted_whole_and_recent_ones_by_nobody() {
    let db = TestDb::migrated("reports_old").await;
    let trace = db.db_as(Access::TraceApi).await;
    let now = Timestamp::now();
    let days = |days: i64| now - SignedDuration::from_hours(24 * days);
    for age in [200_u8, 40, 31, 29, 0] {
        let (receipt, at) = ([age; 32], days(age.into()));
        insert(&trace, report(&receipt, at, Some(b"x"))).await.expect("stored");
    }
    let delete = async |before| {
        let delete = async |tx: &sql::Transaction<'_>| delete_before(tx, before).await;
        trace.run_tx("test.delete", delete).await
    };
    let refused = delete(days(29)).await.expect_err("too recent").to_string();
    assert!(refused.contains("expected a time at least 30 days ago"), "{refused}");
    assert_eq!(delete(days(35)).await.expect("deleted"), 2);
    assert_eq!(delete(days(35)).await.expect("none is left"), 0);
    assert_eq!(sql::reports::list(&db, 0, false).await.expect("asked").len(), 3);
    assert_eq!(of_receipt(&trace, &[200; 32]).await.expect("asked"), None);
}
