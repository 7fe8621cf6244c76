//! Keys and the log of reads, as an operator makes, lists, revokes and reads them.

use std::sync::Arc;

use access::{Act, ApiKey, Decision, Grant, Identity, Means, Role, Scope, decide};
use gate::read_log::{Basis, Outcome, Read, ReadLog, Settings};
use ledger::hash::sha256;
use ledger::keys::{LedgerKeys, SystemRandom};
use process::Clock;
use serde_json::Value;
use sql::testing::TestDb;
use sql::{Access, Db};

use crate::running::chopmark_in;
use crate::scene::{Ran, chopmark};

const LOG: &str = "reads.example/log";
const CUSTODIAN: [&str; 6] = [
    "--subject",
    "shop.example",
    "--role",
    "custodian",
    "--party",
    "urn:epc:id:pgln:9521142.00000",
];

/// Runs `chopmark access` as the owner of the database.
fn access(db: &TestDb, words: &[&str]) -> Ran {
    access_as(db, Access::Owner, words)
}

fn access_as(db: &TestDb, who: Access, words: &[&str]) -> Ran {
    chopmark(&[&["access"], words, &["--database", &db.url_for(who)]].concat())
}

fn add(db: &TestDb, words: &[&str]) -> Ran {
    access(db, &[&["key", "add"], words].concat())
}

/// The key that was printed.
fn key(ran: &Ran) -> ApiKey {
    assert_eq!(ran.status, 0, "{}", ran.err);
    ApiKey::parse(ran.out.lines().next().unwrap()).unwrap()
}

/// Everything that the table holds, as text.
async fn table(db: &TestDb) -> String {
    let text = "select coalesce(string_agg(k::text, ''), '') from access_keys k";
    db.session().await.query_one(text, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_key_is_printed_once_and_only_its_hash_is_stored() {
    let db = TestDb::migrated("access_add").await;
    let ran = add(&db, &[&CUSTODIAN[..], &["--expires", "90d"]].concat());
    let key = key(&ran);
    assert!(ran.out.contains("This is the only time that the key is shown"), "{}", ran.out);
    assert_eq!(ran.out.matches(key.reveal()).count(), 1, "{}", ran.out);
    let (table, secret) = (table(&db).await, &key.reveal()[13..]);
    assert!(table.contains(key.prefix()) && !table.contains(secret), "{table}");
    let stored = sql::access_keys::find(&db, key.prefix()).await.unwrap().unwrap();
    assert_eq!(stored.key_sha256, sha256(key.reveal().as_bytes()));
    let days = (stored.expires_at.as_second() - stored.created_at.as_second()) / 86_400;
    assert_eq!((stored.subject.as_str(), days), ("shop.example", 90));
    let other = self::key(&add(&db, &CUSTODIAN));
    assert_ne!(other, key, "each key is made of fresh random bytes");
}

#[tokio::test]
async fn what_would_give_too_much_or_nothing_is_refused_in_words_and_stores_nothing() {
    let db = TestDb::migrated("access_refused").await;
    let role = |role| ["--subject", "x.example", "--role", role];
    let with = |words: &[&'static str]| [&role("auditor")[..], words].concat();
    for (words, why) in [
        (role("custodian").to_vec(), "a custodian without a party would see the events of others"),
        (role("brand-owner").to_vec(), "a brand-owner without a product would see"),
        (
            role("regulator").to_vec(),
            "a regulator without a product, party, jurisdiction or period",
        ),
        (role("king").to_vec(), "got `king`, expected one of custodian, brand-owner"),
        (with(&["--product", "95"]), "product: got `95`, expected 4 to 12 digits"),
        (with(&["--party", "Bamboo Spring"]), "party: got `Bamboo Spring`, expected the PGLN"),
        (with(&["--jurisdiction", "FR"]), "jurisdiction: got `FR`"),
        (with(&["--expires", "0d"]), "--expires: got `0d`, expected days such as `90d`"),
        (with(&["--expires", "2001-01-01T00:00:00Z"]), "or a time after"),
        (with(&["--from", "yesterday"]), "got `yesterday`, expected a time such as"),
        (
            with(&["--from", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"]),
            "expected an end after its beginning",
        ),
        (vec!["--subject", " ", "--role", "auditor"], "--subject: got ``, expected 1 to 200"),
    ] {
        let ran = add(&db, &words);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{words:?}: {}", ran.err);
        assert!(ran.err.contains(why), "{words:?}: {}", ran.err);
    }
    assert_eq!(table(&db).await, "");
}

#[tokio::test]
async fn nobody_but_the_owner_makes_or_revokes_a_key() {
    let db = TestDb::migrated("access_owner").await;
    let key = key(&add(&db, &CUSTODIAN));
    let before = table(&db).await;
    for who in [Access::TraceApi, Access::Ingest, Access::Anchor] {
        let added = access_as(&db, who, &[&["key", "add"], &CUSTODIAN[..]].concat());
        let revoked = access_as(&db, who, &["key", "revoke", key.prefix()]);
        for ran in [added, revoked] {
            assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{}", ran.err);
            assert!(ran.err.contains("permission denied"), "{}", ran.err);
        }
    }
    assert_eq!(table(&db).await, before);
}

#[tokio::test]
async fn the_list_shows_whose_key_it_is_and_its_limits_and_never_what_proves_it() {
    let db = TestDb::migrated("access_list").await;
    assert_eq!(access(&db, &["key", "list"]).out, "no keys\n");
    let words = ["--subject", "food-authority/lee", "--role", "regulator", "--product", "9521141"];
    let more = ["--jurisdiction", "9521142", "--from", "2026-01-01T00:00:00Z", "--json"];
    let added = add(&db, &[&words[..], &more].concat());
    let added: Value = serde_json::from_str(&added.out).unwrap();
    let lee = ApiKey::parse(added["key"].as_str().unwrap()).unwrap();
    let shop = key(&add(&db, &CUSTODIAN));
    let (text, json) = (access(&db, &["key", "list"]), access(&db, &["key", "list", "--json"]));
    for shown in [&text.out, &json.out] {
        for key in [&lee, &shop] {
            assert!(shown.contains(key.prefix()), "{shown}");
            let hash = key.digest().to_string();
            let proofs = [&key.reveal()[13..], &hash, &hex::encode(key.digest().0)];
            assert!(proofs.iter().all(|proof| !shown.contains(proof)), "{shown}");
        }
    }
    let limits = "    products 9521141; places 9521142; events from 2026-01-01T00:00:00Z\n";
    assert!(text.out.contains("  regulator  food-authority/lee\n"), "{}", text.out);
    assert!(text.out.contains(limits) && text.out.contains("never used"), "{}", text.out);
    let lines: Vec<Value> =
        json.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let listed = lines.iter().find(|line| line["prefix"] == lee.prefix()).unwrap();
    for name in ["subject", "role", "products", "jurisdictions", "from", "expires_at"] {
        assert_eq!(listed[name], added[name], "{name}");
    }
    assert_eq!((lines.len(), &listed["revoked_at"]), (2, &Value::Null));
}

#[tokio::test]
async fn a_revoked_key_stays_revoked_and_a_second_time_says_so() {
    let db = TestDb::migrated("access_revoke").await;
    let key = key(&add(&db, &CUSTODIAN));
    let ran = access(&db, &["key", "revoke", key.prefix()]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("of shop.example is revoked"), "{}", ran.out);
    let at = sql::access_keys::find(&db, key.prefix()).await.unwrap().unwrap().revoked_at.unwrap();
    let again = access(&db, &["key", "revoke", key.prefix()]);
    assert_eq!(again.status, 2);
    let says = format!("was revoked already, at {at}; nothing was changed");
    assert!(again.err.contains(&says), "{}", again.err);
    assert_eq!(access(&db, &["key", "list"]).out, "no keys\n");
    let all = access(&db, &["key", "list", "--all"]).out;
    assert!(all.starts_with("revoked  ") && all.contains(&format!("revoked {at}")), "{all}");
    // Somebody who types the whole key does not find it in the terminal's history twice.
    let whole = access(&db, &["key", "revoke", key.reveal()]);
    assert!(whole.err.contains("expected `chm_` and 8 letters"), "{}", whole.err);
    assert!(!whole.err.contains(key.reveal()), "{}", whole.err);
}

/// Records reads as trace-api does, with its rights; gives the policy line of the log.
async fn read(db: &TestDb, asked: &[&str]) -> String {
    let keys = Arc::new(LedgerKeys::generate(LOG, &SystemRandom::new()).unwrap());
    let settings = Settings { origin: LOG.into(), party: "Authority".into(), keys: keys.clone() };
    let writer = Db::connect(&sql::Settings::new(db.url_for(Access::TraceApi))).await.unwrap();
    let log = ReadLog::start(writer, Some(settings), Clock::system());
    let scope = Scope::default().with_product("9521141").unwrap();
    let grants = vec![Grant::new(Role::Regulator, scope, None).unwrap()];
    let who = Identity { subject: "authority/lee".into(), means: Means::ApiKey, grants };
    let Decision::Allowed(sight) = decide(Some(&who), Act::QueryEvents, Clock::system().now())
    else {
        panic!("a regulator may query events")
    };
    let basis = Some(Basis { generation: 2, position: 41, ledgers: None });
    let outcome = &Outcome { basis, counts: Some((3, 1)) };
    for asked in asked {
        let reason = "recall \u{1b}[2J 茶";
        let read = Read { who: &who, sight: &sight, act: Act::QueryEvents, asked, reason, outcome };
        log.record(&read).await.unwrap();
    }
    keys.verifier_keys().iter().map(|key| ["log ", &key.to_string(), "\n"].concat()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_who_read_what_and_why_newest_last() {
    let db = TestDb::migrated("access_log").await;
    assert_eq!(access(&db, &["log"]).out, "no reads are recorded\n");
    read(&db, &["GET /events?n=1", "GET /events?n=2", "GET /events?n=3"]).await;
    let text = access(&db, &["log", "--limit", "2"]).out;
    let (second, third) = (text.find("n=2").unwrap(), text.find("n=3").unwrap());
    assert!(second < third && !text.contains("n=1"), "{text}");
    let head =
        "authority/lee  query events  (api-key, as regulator; record 2 of reads.example/log)";
    assert!(text.contains(head) && !text.contains('\u{1b}'), "{text}");
    let answer = "    answer: 3 shown, 1 hidden; projection at 41 of generation 2\n";
    assert!(text.contains(answer) && !text.contains("emergency"), "{text}");
    let json = access(&db, &["log", "--json"]).out;
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["asked"], "GET /events?n=1");
    assert_eq!(lines[0]["reason"], "recall \u{1b}[2J 茶");
    assert_eq!((&lines[2]["index"], &lines[2]["roles"][0]), (&2.into(), &"regulator".into()));
    assert_eq!(lines[2]["limits"][0], "products 9521141");
    let answer = (&lines[0]["shown"], &lines[0]["hidden"], &lines[0]["projection"]["position"]);
    assert_eq!(answer, (&3.into(), &1.into(), &41.into()));
    assert_eq!(lines[0]["emergency"], Value::Null);
    let all =
        access(&db, &["log", "--subject", "authority/lee", "--since", "2026-01-01T00:00:00Z"]);
    assert_eq!(all.out, access(&db, &["log"]).out);
    for none in [["--subject", "authority/le"], ["--since", "2999-01-01T00:00:00Z"]] {
        let out = access(&db, &["log", none[0], none[1]]).out;
        assert_eq!(out, "no reads are recorded\n", "{none:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_reads_are_found_behind_many_others() {
    let db = TestDb::migrated("access_log_long").await;
    let asked: Vec<String> = (0..600).map(|number| format!("GET /events?n={number}.")).collect();
    read(&db, &asked.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let lines = |words: &[&str]| {
        let out = access(&db, words).out;
        let lines = out.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.map(|line: Value| line["asked"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines(&["log", "--json", "--limit", "3"]), asked[597..]);
    assert_eq!(lines(&["log", "--json", "--limit", "300"]), asked[300..]);
    assert_eq!(lines(&["log", "--json", "--limit", "1000"]), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_recomputes_the_log_of_reads_and_names_an_altered_read() {
    let db = TestDb::migrated("access_audit").await;
    let policy = read(&db, &["GET /events?secret=1", "GET /events?secret=2"]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.txt");
    std::fs::write(&file, policy).unwrap();
    let url = db.url_for(Access::Owner);
    let words = ["audit", "--database", &url, "--policy", file.to_str().unwrap(), "--json"];
    let whole = chopmark(&words);
    assert_eq!(whole.status, 0, "{}{}", whole.out, whole.err);
    let json: Value = serde_json::from_str(&whole.out).unwrap();
    let log = &json["ledgers"][0];
    assert_eq!((&log["kind"], &log["records"]), (&"audit".into(), &2.into()), "{log}");
    sql::testing::alter_record_as_owner(&db, LOG, 1, "secret=2", "secret=7").await.unwrap();
    let altered = chopmark(&words[..5]);
    assert_eq!(altered.status, 1, "{}", altered.out);
    assert!(altered.out.contains("CHANGED  reads.example/log"), "{}", altered.out);
    assert!(altered.out.contains("#1: "), "{}", altered.out);
}

#[test]
fn a_file_with_a_log_of_reads_is_accepted_and_one_that_names_another_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| chopmark_in(folder.path(), words);
    let made = run(&["init", "i", "--kind", "all", "--yes"]);
    assert_eq!(made.status, 0, "{}{}", made.out, made.err);
    let made = run(&["keys", "ledger", "--origin", LOG, "--out", "i/reads.pem"]);
    assert_eq!(made.status, 0, "{}", made.err);
    let file = folder.path().join("i/chopmark.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let ledger = format!(
        "\n[[ledger]]\norigin = \"{LOG}\"\nkind = \"audit\"\nkeys = \"reads.pem\"\n\
         party = {{ name = \"Hub\", pgln = \"urn:epc:id:pgln:9521140.00000\" }}\n"
    );
    let with = |origin: &str| {
        let section = format!("\n[trace_api]\nread_log = \"{origin}\"\n");
        let text = text.replacen("\n[trace_api]\n", &section, 1);
        assert!(text.contains(&section), "{text}");
        std::fs::write(&file, text + &ledger).unwrap();
        run(&["config", "check", "--config", "i/chopmark.toml"])
    };
    let right = with(LOG);
    assert_eq!(right.status, 0, "{}{}", right.out, right.err);
    let wrong = with("hub.example/1");
    assert_ne!(wrong.status, 0, "{}", wrong.out);
    let says = "one of the ledgers of kind \"audit\": reads.example/log";
    assert!((wrong.out.clone() + &wrong.err).contains(says), "{}{}", wrong.out, wrong.err);
}
