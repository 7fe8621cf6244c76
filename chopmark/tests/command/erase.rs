//! What is seen of an erased record: by the audit, in bundles of before, and what whoever owns the database does past the command.

use std::path::Path;
use std::sync::Arc;

use history::bundle::{Disclosure, build};
use history::testing::{FACTORY, ITEM, TestLedger, object_event, rights};
use history::{Cache, gather};
use ledger::policy::Policy;
use serde_json::Value;
use sql::Access;
use sql::testing::TestDb;

use crate::running::chopmark_in;
use crate::scene::{Ran, chopmark};

const LOG: &str = "reads.example/log";
const SITE: &str = "factory.example/packing";
const RECORDED: &str = "2026-11-22T00:00:00Z";
const MARKER: &str = "zhang-wei-4711";

/// A folder with a configuration that has a log of reads, keys of the operators `lee` and `chen`, a ledger of three records in a hub, and a
/// policy with the keys of all three ledgers.
struct Scene {
    db: TestDb,
    site: TestLedger,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let (db, folder) = (TestDb::migrated(name).await, tempfile::tempdir().unwrap());
        let site = TestLedger::create(&db, SITE, "site", "Factory").await;
        let hub = TestLedger::create(&db, "hub.example/1", "hub", "Hub").await;
        let event = |hour: u8, step: &str| {
            object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
        };
        let personal = event(2, "storing").with("example:who", MARKER.into());
        site.append(&[event(1, "commissioning"), personal, event(3, "storing")], RECORDED).await;
        hub.append_checkpoint_of(&site, RECORDED).await;
        let scene = Self { db, site, folder };
        let made = chopmark_in(scene.folder(), &["init", "i", "--kind", "all", "--yes"]);
        assert_eq!(made.status, 0, "{}{}", made.out, made.err);
        let words = ["keys", "ledger", "--origin", LOG, "--out", "i/reads.pem"];
        let made = chopmark_in(scene.folder(), &words);
        assert_eq!(made.status, 0, "{}", made.err);
        let keys =
            made.out.lines().filter_map(|line| Some(&line[line.find(&format!("{LOG}+"))?..]));
        let keys: Vec<String> = keys.map(|key| format!("log {key}\n")).collect();
        let keys = keys.concat();
        assert!(!keys.is_empty(), "{}", made.out);
        let policy = scene.site.policy_lines("log") + &hub.policy_lines("hub") + &keys;
        std::fs::write(scene.folder().join("policy.txt"), policy).unwrap();
        let file = scene.folder().join("i/chopmark.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let section = format!("\n[trace_api]\nread_log = \"{LOG}\"\n");
        let ledger = format!(
            "\n[[ledger]]\norigin = \"{LOG}\"\nkind = \"audit\"\nkeys = \"reads.pem\"\n\
             party = {{ name = \"Hub\", pgln = \"urn:epc:id:pgln:9521140.00000\" }}\n"
        );
        std::fs::write(&file, text.replacen("\n[trace_api]\n", &section, 1) + &ledger).unwrap();
        for name in ["lee", "chen"] {
            let words = ["access", "key", "add", "--subject", name, "--role", "operator"];
            let ran = scene.run(&words);
            let key = ran.out.lines().next().unwrap();
            keystore::private::create(&scene.folder().join(format!("{name}.key")), key).unwrap();
        }
        scene
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, words: &[&str]) -> Ran {
        let url = self.db.url_for(Access::Owner);
        let place = ["--config", "i/chopmark.toml", "--database", &url];
        chopmark_in(self.folder(), &[words, &place].concat())
    }

    fn erase(&self, more: &[&str]) -> Ran {
        let words =
            ["event", "erase", SITE, "1", "--reason", "request 12", "--key-file", "lee.key"];
        self.run(&[&words, more].concat())
    }

    fn erased(&self) -> Ran {
        let ran = self.erase(&["--key-file", "chen.key"]);
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        ran
    }

    fn audit(&self, more: &[&str]) -> Ran {
        let (url, policy) = (self.db.url_for(Access::Owner), self.folder().join("policy.txt"));
        let words = ["audit", "--database", &url, "--policy", policy.to_str().unwrap()];
        chopmark(&[&words, more].concat())
    }

    /// What the audit finds after the owner of the tables changed something with the triggers off.
    async fn audit_after(&self, table: &str, change: &str) -> Ran {
        let sql = format!(
            "alter table {table} disable trigger user; {change}; alter table {table} enable trigger user"
        );
        self.db.execute(&sql).await.unwrap();
        let ran = self.audit(&[]);
        assert_eq!(ran.status, 1, "{change}: {}", ran.out);
        ran
    }

    /// A bundle of the item as it is now.
    async fn bundle(&self) -> Vec<u8> {
        let text = std::fs::read_to_string(self.folder().join("policy.txt")).unwrap();
        let policy: Arc<Policy> = Arc::new(text.parse().unwrap());
        let now = "2026-11-24T08:00:00Z".parse().unwrap();
        let (cache, item) = (Cache::new(0), ITEM.parse().unwrap());
        let gathered = gather(&self.db, &cache, &policy, &rights(), now, &item).await.unwrap();
        let hub = Some("hub.example/1");
        build(&self.db, &gathered, hub, Disclosure::Whole, None).await.unwrap().to_bytes()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_record_is_listed_by_the_audit_and_bundles_of_before_verify_for_ever() {
    let scene = Scene::new("command_erase").await;
    assert_eq!(scene.audit(&[]).status, 0, "{}", scene.audit(&[]).out);
    let bundle = scene.folder().join("before.chop");
    std::fs::write(&bundle, scene.bundle().await).unwrap();
    let policy = scene.folder().join("policy.txt");
    let verify = || {
        let ran =
            chopmark(&["verify", bundle.to_str().unwrap(), "--policy", policy.to_str().unwrap()]);
        (ran.status, ran.out)
    };
    let before = verify();
    let one = scene.erase(&[]);
    assert!(one.status != 0 && one.err.contains("expected two"), "{}", one.err);
    let same = scene.erase(&["--key-file", "lee.key"]);
    assert!(same.status != 0 && same.err.contains("expected two people"), "{}", same.err);
    let ran = scene.erased();
    for said in [
        "erased the content of record 1 of factory.example/packing",
        "by lee and chen: request 12",
        "recorded as record 0 of reads.example/log",
        "stays in the tree",
        "backups that were made before",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    assert!(!ran.out.contains(MARKER) && !ran.err.contains(MARKER));
    let again = scene.erased();
    assert!(again.out.contains("was erased before"), "{}", again.out);
    let audit = scene.audit(&[]);
    assert_eq!(audit.status, 0, "{}", audit.out);
    assert!(
        audit.out.contains("1 erased, whose leaf hashes are taken from the tree"),
        "{}",
        audit.out
    );
    assert!(audit.out.contains("by lee and chen: request 12"), "{}", audit.out);
    assert!(audit.out.contains("whole  reads.example/log  1 records"), "{}", audit.out);
    let json: Value = serde_json::from_str(&scene.audit(&["--json"]).out).unwrap();
    let site =
        json["ledgers"].as_array().unwrap().iter().find(|one| one["ledger"] == SITE).unwrap();
    assert_eq!((&site["state"], &site["erased"][0]["index"]), (&"whole".into(), &1.into()));
    assert_eq!(verify(), before, "the bundle of before");
    assert!(String::from_utf8_lossy(&std::fs::read(&bundle).unwrap()).contains(MARKER));
    let after = scene.bundle().await;
    assert!(!String::from_utf8_lossy(&after).contains(MARKER));
    let after =
        ledger::bundle::verify(&after, &std::fs::read_to_string(&policy).unwrap().parse().unwrap());
    assert_ne!(after.outcome, ledger::bundle::Outcome::Refuted, "{after:?}");
    let log = scene.run(&["access", "log"]).out;
    assert!(log.contains("erase a record") && log.contains("request 12"), "{log}");
    let json = scene.erase(&["--key-file", "chen.key", "--json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["is_new"], &json["by"][1]), (&false.into(), &"chen".into()), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_past_the_command_is_named() {
    let scene = Scene::new("command_erase_past").await;
    let whole = sql::ledgers::record_at(&scene.db, scene.site.id, 1).await.unwrap().unwrap().text;
    let forged = r#"{"chopmark:erased":{"at":"2026-11-24T08:00:00Z","reason":"none"}}"#;
    for (to, said) in [
        ("", "#1: the stored text is not a record"),
        ("{\"a\":1}", "#1: the stored text and secret give leaf hash"),
        (forged, "#1: its text says that it was erased, and no erasure of it is stored"),
    ] {
        sql::testing::alter_record_as_owner(&scene.db, SITE, 1, &whole, to).await.unwrap();
        let ran = scene.audit(&[]);
        assert_eq!(ran.status, 1, "{}", ran.out);
        assert!(ran.out.contains(said), "{to}: {}", ran.out);
        restore(&scene, &whole).await;
        assert_eq!(scene.audit(&[]).status, 0, "{}", scene.audit(&[]).out);
    }
}

/// Puts the text of record 1 back between those of its neighbours.
async fn restore(scene: &Scene, text: &str) {
    let text_of = async |index| {
        sql::ledgers::record_at(&scene.db, scene.site.id, index).await.unwrap().unwrap().text
    };
    let (first, last) = (text_of(0).await, text_of(2).await);
    let ends = [first.len(), first.len() + text.len(), first.len() + text.len() + last.len()];
    let sql = format!(
        "alter table record_chunks disable trigger user;
         update record_chunks set texts = convert_to($a${first}{text}{last}$a$, 'UTF8'), text_ends = array[{},{},{}] where ledger_id = {};
         alter table record_chunks enable trigger user",
        ends[0], ends[1], ends[2], scene.site.id.0
    );
    scene.db.execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_says_otherwise_than_the_tree_or_the_log_is_named() {
    let scene = Scene::new("command_erase_otherwise").await;
    let whole = sql::ledgers::record_at(&scene.db, scene.site.id, 1).await.unwrap().unwrap();
    scene.erased();
    assert_eq!(scene.audit(&[]).status, 0);
    let reason = "update erasures set reason = 'none at all'";
    let ran = scene.audit_after("erasures", reason).await;
    assert!(
        ran.out.contains("#1: it was erased, and record 0 of the log says otherwise"),
        "{}",
        ran.out
    );
    let digest = "update erasures set reason = 'request 12', leaf_hash = sha256('other')";
    let ran = scene.audit_after("erasures", digest).await;
    assert!(ran.out.contains("says otherwise"), "{}", ran.out);
    let place = format!("update erasures set leaf_hash = '\\x{}', log_index = 5", whole.leaf_hash);
    let ran = scene.audit_after("erasures", &place).await;
    assert!(ran.out.contains("#1: it was erased, and no log has a record of that"), "{}", ran.out);
    scene
        .db
        .execute("alter table erasures disable trigger user; update erasures set log_index = 0; alter table erasures enable trigger user")
        .await
        .unwrap();
    assert_eq!(scene.audit(&[]).status, 0, "{}", scene.audit(&[]).out);
    // The index that leads to the erased record, which makes the gap.
    let id = scene.site.id.0;
    let index = format!("delete from item_records where ledger_id = {id} and leaf_index = 1");
    let ran = scene.audit_after("item_records", &index).await;
    assert!(ran.out.contains("#1: the item index leaves out an item"), "{}", ran.out);
    let key = sql::items::key(ITEM);
    scene.db.execute(&format!("insert into item_records values ({key}, {id}, 1)")).await.unwrap();
    assert_eq!(scene.audit(&[]).status, 0);
    // The text put back, and with it the row removed: the log still says that it was erased.
    restore(&scene, &whole.text).await;
    let secrets = format!(
        "update record_chunks set secrets = overlay(secrets placing '\\x{}' from 17 for 16) where ledger_id = {id}",
        hex::encode(whole.secret.unwrap())
    );
    let ran = scene.audit_after("record_chunks", &secrets).await;
    assert!(ran.out.contains("something else than its tombstone"), "{}", ran.out);
    let ran = scene.audit_after("erasures", "delete from erasures").await;
    let said =
        "#1: record 0 of reads.example/log says that it was erased, and no erasure of it is stored";
    assert!(ran.out.contains(said), "{}", ran.out);
    // Which is also what an interrupted command leaves; run again, it ends it.
    scene.erased();
    assert_eq!(scene.audit(&[]).status, 0, "{}", scene.audit(&[]).out);
}
