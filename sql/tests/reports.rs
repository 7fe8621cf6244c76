//! Reports over a real database: stored once, answered once, deleted when they are old, and read by nobody else.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use ledger::Hash;
use sql::reports::{
    Evidence, FIRST_PAGE, LogPlace, MOST_PHOTO, NewReport, Step, Stored, delete_before, evidence,
    insert, newest, of_receipt, set_logged, settle,
};
use sql::testing::TestDb;
use sql::{Access, Db};

static WHOLE: LazyLock<Evidence> =
    LazyLock::new(|| Evidence { document: "{\"photo\":1}".into(), digest: Hash([1; 32]) });
static WITHOUT: LazyLock<Evidence> =
    LazyLock::new(|| Evidence { document: "{}".into(), digest: Hash([2; 32]) });

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
        for_authorities: receipt[0].is_multiple_of(2),
        secret: &[7; 16],
        evidence: &WHOLE,
        without_photo: &WITHOUT,
    }
}

async fn log(db: &Db, id: u64, index: u64) -> Result<bool, sql::Error> {
    let place = LogPlace { origin: "reads.example/1".into(), index };
    let set = async |tx: &sql::Transaction<'_>| set_logged(tx, id, &place).await;
    db.run_tx("test.log", set).await
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
    let stored = insert(&trace, new).await.expect("stored");
    assert!(matches!(stored, Stored::New { with_photo: true, .. }), "{stored:?}");
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
        "select document from report_evidence",
        "select secret from report_evidence",
        "update report_evidence set digest = sha256('x')",
        "delete from report_evidence",
        "update reports set state = 'closed'",
        "delete from reports",
    ] {
        let refused = db.execute_as(Access::TraceApi, statement).await.expect_err(statement);
        assert!(refused.contains("permission denied"), "{refused}");
    }
    for access in [Access::Ingest, Access::Anchor] {
        for table in ["reports", "report_evidence"] {
            let refused = db.execute_as(access, &format!("select report_id from {table}")).await;
            assert!(refused.expect_err("refused").contains("permission denied"));
        }
    }
    for statement in [
        "select receipt_sha256 from reports",
        "update reports set state = 'closed'",
        "update report_evidence set log_origin = 'x', log_index = 0",
        "delete from reports",
    ] {
        let refused = db.execute_as(Access::Desk, statement).await.expect_err(statement);
        assert!(refused.contains("permission denied"), "{refused}");
    }
    db.execute_as(Access::Desk, "select message, photo from reports").await.expect("it shows them");
    for change in [
        "message = ''",
        "for_authorities = true",
        "receipt_sha256 = sha256('x')",
        "photo = '\\xff'",
    ] {
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

#[tokio::test]
async fn what_a_report_rests_on_is_changed_by_nobody_and_goes_with_it() {
    let db = TestDb::migrated("reports_frozen").await;
    let trace = db.db_as(Access::TraceApi).await;
    let old = Timestamp::now() - SignedDuration::from_hours(24 * 40);
    insert(&trace, report(&[1; 32], old, Some(b"a photo"))).await.expect("stored");
    let [one] = &sql::reports::list(&db, 0, false).await.expect("asked")[..] else { panic!() };
    let outcome = of_receipt(&trace, &[1; 32]).await.expect("asked").expect("there");
    assert_eq!((outcome.digest, &outcome.log), (Some(Hash([1; 32])), &None));
    let frozen = evidence(&db, one.id).await.expect("asked").expect("there");
    assert_eq!((&frozen.evidence, &*frozen.secret), (&*WHOLE, &[7; 16][..]));
    assert_eq!(frozen.photo, Some((ledger::hash::sha256(b"a photo"), 7)));
    let not_null = log(&trace, one.id, 3).await.expect("asked");
    assert!(not_null && !log(&trace, one.id, 4).await.expect("asked"), "it is logged once");
    let outcome = of_receipt(&trace, &[1; 32]).await.expect("asked").expect("there");
    assert_eq!(outcome.log.map(|place| place.index), Some(3));
    for change in
        ["document = '{ }'", "secret = substring(digest for 16)", "digest = secret || secret"]
    {
        let refused = db.execute(&format!("update report_evidence set {change}")).await;
        let refused = refused.expect_err("the owner does not change it either");
        assert_eq!(refused, "what a report rests on does not change", "{change}");
    }
    let moved = db.execute("update report_evidence set log_index = 4").await;
    assert_eq!(moved.expect_err("refused"), "what a report rests on does not change");
    let refused = db.execute("delete from report_evidence").await.expect_err("refused");
    assert_eq!(refused, "what a report rests on is deleted with the report only");
    for table in ["report_evidence", "reports cascade"] {
        db.execute(&format!("truncate {table}")).await.expect_err("refused");
    }
    let before = Timestamp::now() - SignedDuration::from_hours(24 * 35);
    let delete = async |tx: &sql::Transaction<'_>| delete_before(tx, before).await;
    assert_eq!(trace.run_tx("test.delete", delete).await.expect("deleted"), 1);
    assert_eq!(evidence(&db, one.id).await.expect("asked"), None);
    assert!(!log(&trace, one.id, 5).await.expect("asked"), "there is nothing to say it of");
}

#[tokio::test]
async fn the_evidence_is_that_of_what_is_stored_and_lists_have_the_newest_first() {
    let db = TestDb::migrated("reports_newest").await;
    let trace = db.db_as(Access::TraceApi).await;
    for number in 1..=4 {
        insert(&trace, report(&[number; 32], Timestamp::now(), None)).await.expect("stored");
    }
    let desk = db.db_as(Access::Desk).await;
    let ids = async |before, also_others, most| {
        let lines = newest(&desk, before, also_others, most).await.expect("asked");
        lines.iter().map(|line| line.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(FIRST_PAGE, true, 10).await, [4, 3, 2, 1]);
    assert_eq!(ids(FIRST_PAGE, false, 10).await, [4, 2], "those for the authorities");
    assert_eq!(ids(4, true, 2).await, [3, 2]);
    let new = report(&[9; 32], Timestamp::now(), Some(b"a photo"));
    let Stored::New { id, with_photo } = insert(&trace, new).await.expect("stored") else {
        panic!()
    };
    assert!(with_photo, "there is room");
    let frozen = evidence(&desk, id).await.expect("asked").expect("there");
    assert_eq!(frozen.evidence, *WHOLE);
}
