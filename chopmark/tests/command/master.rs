//! Master data as an operator imports, lists, shows and retracts them.

use std::fs;

use sql::Access;
use sql::testing::TestDb;

use crate::scene::{Ran, chopmark};

const DOCK: &str = "urn:epc:id:sgln:9521141.00001.0";

fn master(db: &TestDb, words: &[&str]) -> Ran {
    chopmark(&[&["master"], words, &["--database", &db.url_for(Access::Owner)]].concat())
}

#[tokio::test]
async fn a_file_is_stored_whole_once_and_shown_and_retracted() {
    let db = TestDb::migrated("master_import").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("places.csv");
    let name = file.to_str().unwrap();
    fs::write(&file, format!("id,name,city\n{DOCK},Dock,Hangzhou\ndoor,Door,\n")).unwrap();
    let refused = master(&db, &["import", name]);
    assert_eq!(refused.status, 2, "{}", refused.out);
    assert!(
        refused.err.contains("places.csv: line 3, `id`: got `door`, expected"),
        "{}",
        refused.err
    );
    assert_eq!(master(&db, &["list"]).out.trim(), "nothing is said of any");
    fs::write(&file, format!("id,name,city\n{DOCK},Dock,Hangzhou\n")).unwrap();
    let dry = master(&db, &["import", name, "--dry-run"]);
    assert!(dry.out.contains("2 values of 1 elements would be stored"), "{}{}", dry.out, dry.err);
    assert_eq!(master(&db, &["list"]).out.trim(), "nothing is said of any");
    let first = master(&db, &["import", name]);
    assert!(first.out.contains("2 are new"), "{}{}", first.out, first.err);
    let again = master(&db, &["import", name]);
    assert!(again.out.contains("0 are new"), "{}{}", again.out, again.err);
    let listed = master(&db, &["list", "places"]);
    assert!(listed.out.contains("Dock") && listed.out.contains("(2 values)"), "{}", listed.out);
    fs::write(&file, format!("id,name\n{DOCK},Dock 1\n")).unwrap();
    assert!(master(&db, &["import", name]).out.contains("1 are new"));
    let shown = master(&db, &["show", "https://x.example/414/9521141000014/254/0", "--history"]);
    for words in
        ["place https://id.gs1.org/414/", ": Dock\n", ": Dock 1\n", "until", "said by the operator"]
    {
        assert!(shown.out.contains(words), "`{words}`: {}{}", shown.out, shown.err);
    }
    let ended = master(&db, &["retract", DOCK, "--attribute", "城市"]);
    assert!(ended.out.contains("1 values of"), "{}{}", ended.out, ended.err);
    let none = master(&db, &["retract", DOCK, "--attribute", "city"]);
    assert_eq!(none.status, 2);
    assert!(none.err.contains("the operator says nothing of"), "{}", none.err);
    let json = master(&db, &["show", DOCK, "--json"]);
    assert_eq!(json.out.lines().count(), 1, "{}", json.out);
    assert!(json.out.contains("\"value\":\"Dock 1\""), "{}", json.out);
}
