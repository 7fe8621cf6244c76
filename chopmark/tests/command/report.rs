//! Reports as an operator lists, reads and answers them.

use std::fs;

use gate::read_log::{ReadLog, Settings};
use history::frozen::{self, Shown, Statement};
use ledger::hash::sha256;
use ledger::keys::{LedgerKeys, SystemRandom};
use process::Clock;
use serde_json::Value;
use sql::Access;
use sql::reports::{Evidence, LogPlace, NewReport, insert, set_logged};
use sql::testing::TestDb;

use crate::scene::{Ran, chopmark};

const LOG: &str = "reads.example/log";

struct Operator {
    db: TestDb,
    folder: tempfile::TempDir,
}

impl Operator {
    async fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("chopmark.toml"), "").unwrap();
        Self { db: TestDb::migrated(name).await, folder }
    }

    async fn send(&self, number: u8, message: &str, photo: Option<&[u8]>) {
        let statement = Statement {
            received_at: "2026-11-20T08:00:00Z".parse().unwrap(),
            item: "urn:epc:id:sgtin:9521141.012345.7",
            reason: "copy",
            message,
            place: "a market",
            language: "en",
            for_authorities: false,
            photo: photo.map(|photo| (sha256(photo), photo.len() as u64)),
        };
        let (secret, document) = ([number; 16], frozen::document(&statement, &Shown::NoItem));
        let evidence = Evidence { digest: frozen::digest(&secret, &document), document };
        let new = NewReport {
            receipt: &[number; 32],
            at: statement.received_at,
            item: statement.item,
            reason: statement.reason,
            message,
            place: statement.place,
            language: statement.language,
            photo,
            for_authorities: statement.for_authorities,
            secret: &secret,
            evidence: &evidence,
            without_photo: &evidence,
        };
        let trace = self.db.db_as(Access::TraceApi).await;
        insert(&trace, new).await.expect("stored");
    }

    /// Has the digest of report 1 in a log of reads.
    async fn log_first(&self) {
        let keys = LedgerKeys::generate(LOG, &SystemRandom::new()).unwrap();
        let (origin, party) = (LOG.to_owned(), "Authority".to_owned());
        let settings = Settings { origin, party, keys: std::sync::Arc::new(keys) };
        let log = ReadLog::start(self.db.db(), Some(settings), Clock::system());
        let digest = self.first_digest().parse().unwrap();
        let place: LogPlace = log.record_report((1, &digest)).await.unwrap();
        let set = async |tx: &sql::Transaction<'_>| set_logged(tx, 1, &place).await;
        assert!(self.db.run_tx("test.log", set).await.unwrap());
    }

    fn first_digest(&self) -> String {
        self.shown(1).1["digest"].as_str().unwrap().to_owned()
    }

    /// Exit status and JSON of a report.
    fn shown(&self, number: u64) -> (i32, Value) {
        let ran = self.run(&["show", &number.to_string(), "--json"]);
        (ran.status, serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err)))
    }

    /// Changes rows as the owner of the database who switches off what keeps them.
    async fn alter(&self, statement: &str) {
        let switch = |on: &str, table: &str, trigger: &str| {
            format!("alter table {table} {on} trigger {trigger}")
        };
        let all =
            [("reports", "reports_answered_once"), ("report_evidence", "report_evidence_frozen")];
        for (table, trigger) in all {
            self.db.execute(&switch("disable", table, trigger)).await.unwrap();
        }
        self.db.execute(statement).await.unwrap();
        for (table, trigger) in all {
            self.db.execute(&switch("enable", table, trigger)).await.unwrap();
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, words: &[&str]) -> Ran {
        let (config, url) = (self.path("chopmark.toml"), self.db.url_for(Access::Owner));
        let place = ["--config", &config, "--database", &url];
        chopmark(&[&["report"], words, &place].concat())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_listed_read_with_their_photo_and_answered_once() {
    let operator = Operator::new("report_command").await;
    assert_eq!(operator.run(&["list"]).out, "no reports\n");
    operator.send(1, "the cap\nis loose", Some(b"\xff\xd8\xff\xd9")).await;
    operator.send(2, "", None).await;
    let list = operator.run(&["list"]).out;
    for words in
        ["urn:epc:id:sgtin:9521141.012345.7", "    the cap\n    is loose\n", "where: a market"]
    {
        assert!(list.contains(words), "{words}: {list}");
    }
    let photo = operator.path("one.jpg");
    let shown = operator.run(&["show", "1", "--photo", &photo]);
    assert_eq!((shown.status, fs::read(&photo).unwrap()), (0, b"\xff\xd8\xff\xd9".to_vec()));
    assert!(shown.out.contains("photo: 4 bytes (jpg)"), "{}", shown.out);
    let again = operator.run(&["show", "1", "--photo", &photo]);
    assert!(again.status == 2 && again.err.contains("could not write the photo"), "{}", again.err);
    let none = operator.run(&["show", "2", "--photo", &operator.path("two.jpg")]);
    assert!(none.status == 2 && none.err.contains("report 2 has no photo"), "{}", none.err);
    assert_eq!(operator.run(&["take", "1"]).status, 0);
    let twice = operator.run(&["take", "1"]);
    assert!(twice.err.contains("report 1 is taken already"), "{}", twice.err);
    assert_eq!(operator.run(&["answer", "1", "--text", "Thank you."]).status, 0);
    let late = operator.run(&["close", "1", "--reason", "late"]);
    assert!(late.status == 2 && late.err.contains("report 1 is answered already"), "{}", late.err);
    assert_eq!(operator.run(&["close", "2", "--reason", "no code of ours"]).status, 0);
    assert_eq!(operator.run(&["list"]).out, "no reports\n");
    let all = operator.run(&["list", "--all", "--json"]).out;
    let all: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let states: Vec<&str> = all.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["answered", "closed"]);
    assert_eq!((&all[0]["answer"], &all[0]["has_photo"]), (&"Thank you.".into(), &true.into()));
    let unknown = operator.run(&["show", "9"]);
    assert!(unknown.err.contains("got report 9, expected one that"), "{}", unknown.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_can_read_is_refused_and_what_a_stranger_wrote_does_nothing_here() {
    let operator = Operator::new("report_words").await;
    operator.send(1, "\u{1b}]0;owned\u{7}\u{1b}[2Jtext", None).await;
    let shown = operator.run(&["show", "1"]).out;
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{7}') && shown.contains("text"),
        "{shown:?}"
    );
    let long = "x".repeat(2_001);
    for (text, expected) in [
        (" ", "got 0 characters in --text, expected 1 to 2000"),
        (&*long, "got 2001 characters in --text"),
        ("a\u{1b}[31m", "got the control character"),
    ] {
        let refused = operator.run(&["answer", "1", "--text", text]);
        assert!(refused.status == 2 && refused.err.contains(expected), "{}", refused.err);
    }
    assert!(operator.run(&["list"]).out.contains("received"), "it still waits");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_the_database_who_alters_a_report_is_found_out() {
    let operator = Operator::new("report_altered").await;
    operator.send(1, "the cap is loose", Some(b"\xff\xd8\xff\xd9")).await;
    operator.send(2, "too cheap", None).await;
    let (status, shown) = operator.shown(1);
    assert_eq!((status, &shown["misfit"], &shown["log"]), (0, &Value::Null, &Value::Null));
    assert_eq!(shown["log_standing"], "not_logged");
    let text = operator.run(&["show", "1"]).out;
    for words in ["it fits its digest", "the digest is not in a log", &operator.first_digest()] {
        assert!(text.contains(words), "{words}: {text}");
    }

    let put = "update reports set message = 'the cap is loose' where report_id = 1";
    for (change, undo, member) in [
        ("update reports set message = 'it is fine' where report_id = 1", put, "message"),
        (
            "update reports set photo = '\\xffd8ff00' where report_id = 1",
            "update reports set photo = '\\xffd8ffd9' where report_id = 1",
            "photo",
        ),
        (
            "update reports set for_authorities = true where report_id = 1",
            "update reports set for_authorities = false where report_id = 1",
            "forAuthorities",
        ),
    ] {
        operator.alter(change).await;
        let ran = operator.run(&["show", "1"]);
        let says =
            format!("altered: the report does not fit its digest: {member} of it changed since");
        assert!(ran.status == 1 && ran.out.contains(&says), "{}", ran.out);
        operator.alter(undo).await;
        assert_eq!(operator.shown(1).0, 0);
    }

    let swap = |columns: &str| {
        let set = columns.split(", ").map(|name| format!("{name} = other.{name}"));
        let set = set.collect::<Vec<_>>().join(", ");
        format!(
            "update report_evidence e set {set} from report_evidence other where e.report_id + other.report_id = 3 \
             and e.report_id <> other.report_id"
        )
    };
    operator.alter(&swap("digest")).await;
    for number in [1, 2] {
        let (status, shown) = operator.shown(number);
        let says = "the document does not fit its digest";
        assert_eq!((status, &shown["misfit"]), (1, &says.into()));
    }
    operator.alter(&swap("digest")).await;
    assert_eq!(operator.shown(1).0, 0);
    operator.alter(&swap("document, secret, digest")).await;
    let (status, shown) = operator.shown(2);
    let misfit = shown["misfit"].as_str().unwrap();
    assert!(status == 1 && misfit.contains("message") && misfit.contains("photo"), "{misfit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_freezes_another_text_is_contradicted_by_the_log() {
    let operator = Operator::new("report_logged").await;
    operator.send(1, "the cap is loose", None).await;
    operator.log_first().await;
    let digest = operator.first_digest();
    let (status, shown) = operator.shown(1);
    assert_eq!((status, &shown["log_standing"]), (0, &"logged".into()));
    assert_eq!(shown["log"], serde_json::json!({ "origin": LOG, "index": 0 }));
    let log = ["access", "log", "--database", &operator.db.url_for(Access::Owner)];
    let text = chopmark(&log).out;
    assert!(text.contains("digest of report 1  (record 0 of reads.example/log)"), "{text}");
    assert!(text.contains(&digest) && !text.contains("cap"), "{text}");
    let json: Value =
        serde_json::from_str(&chopmark(&[&log[..], &["--json"]].concat()).out).unwrap();
    assert_eq!((&json["report"], json["digest"].as_str()), (&1.into(), Some(&*digest)));

    // The whole row anew: text, document, secret and digest fit one another.
    let statement = Statement {
        received_at: "2026-11-20T08:00:00Z".parse().unwrap(),
        item: "urn:epc:id:sgtin:9521141.012345.7",
        reason: "copy",
        message: "it is fine",
        place: "a market",
        language: "en",
        for_authorities: false,
        photo: None,
    };
    let document = frozen::document(&statement, &Shown::NoItem);
    let other = frozen::digest(&[9; 16], &document);
    operator.alter("update reports set message = 'it is fine'").await;
    let secret = "09".repeat(16);
    operator
        .alter(&format!(
            "update report_evidence set document = '{document}', secret = '\\x{secret}', digest = '\\x{other}'"
        ))
        .await;
    let (status, shown) = operator.shown(1);
    assert_eq!((status, &shown["misfit"]), (1, &Value::Null), "{shown}");
    assert_eq!(shown["log_standing"], "contradicted");
    let text = operator.run(&["show", "1"]).out;
    assert!(text.contains("entry 0 of reads.example/log has another digest or none"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_of_a_report_is_checked_in_a_file_without_a_database() {
    let operator = Operator::new("report_evidence").await;
    operator.send(1, "the cap is loose", None).await;
    let file = operator.path("one.json");
    let written = operator.run(&["show", "1", "--evidence", &file]);
    assert!(
        written.status == 0 && written.out.contains("chopmark report check"),
        "{}",
        written.err
    );
    let again = operator.run(&["show", "1", "--evidence", &file]);
    assert!(again.status == 2 && again.err.contains("could not write"), "{}", again.err);
    let digest = operator.first_digest();
    let check = |words: &[&str]| chopmark(&[&["report", "check"], words].concat());
    let fits = check(&[&file, "--digest", &digest]);
    assert!(fits.status == 0 && fits.out.contains("fits  report 1"), "{}{}", fits.out, fits.err);
    assert!(fits.out.contains("\"message\":\"the cap is loose\""), "{}", fits.out);
    let own = check(&[&file]);
    assert!(own.status == 0 && own.out.contains("compare it with"), "{}", own.out);
    let other = check(&[&file, "--digest", &"0".repeat(64)]);
    assert!(other.status == 1 && other.out.contains("refuted"), "{}", other.out);
    let text = fs::read_to_string(&file).unwrap();
    let altered = operator.path("altered.json");
    fs::write(&altered, text.replace("the cap is loose", "it is fine")).unwrap();
    let refuted = check(&[&altered]);
    let says = "the document does not fit its digest";
    assert!(refuted.status == 1 && refuted.out.contains(says), "{}", refuted.out);
    fs::write(&altered, "{}").unwrap();
    assert_eq!(check(&[&altered]).status, 2);
    assert_eq!(check(&[&file, "--digest", "x"]).status, 2);
    assert_eq!(check(&[&operator.path("none.json")]).status, 2);
}
