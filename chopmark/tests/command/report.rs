//! Reports as an operator lists, reads and answers them.

use std::fs;

use serde_json::Value;
use sql::Access;
use sql::reports::{NewReport, insert};
use sql::testing::TestDb;

use crate::scene::{Ran, chopmark};

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
        let new = NewReport {
            receipt: &[number; 32],
            at: "2026-11-20T08:00:00Z".parse().unwrap(),
            item: "urn:epc:id:sgtin:9521141.012345.7",
            reason: "copy",
            message,
            place: "a market",
            language: "en",
            photo,
        };
        let trace = self.db.db_as(Access::TraceApi).await;
        insert(&trace, new).await.expect("stored");
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
