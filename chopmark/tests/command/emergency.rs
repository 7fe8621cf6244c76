//! Rights in an emergency, client certificates and sessions, as operators give and end them with the command.

use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use sql::Access;
use sql::testing::TestDb;

use crate::running::chopmark_in;
use crate::scene::Ran;

const LOG: &str = "reads.example/log";

/// A folder with a configuration that has a log of reads, and keys of the operators `lee` and `chen`.
struct Scene {
    db: TestDb,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let (db, folder) = (TestDb::migrated(name).await, tempfile::tempdir().unwrap());
        let scene = Self { db, folder };
        let made = chopmark_in(scene.folder(), &["init", "i", "--kind", "all", "--yes"]);
        assert_eq!(made.status, 0, "{}{}", made.out, made.err);
        let made = chopmark_in(
            scene.folder(),
            &["keys", "ledger", "--origin", LOG, "--out", "i/reads.pem"],
        );
        assert_eq!(made.status, 0, "{}", made.err);
        let file = scene.folder().join("i/chopmark.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let section = format!("\n[trace_api]\nread_log = \"{LOG}\"\n");
        let ledger = format!(
            "\n[[ledger]]\norigin = \"{LOG}\"\nkind = \"audit\"\nkeys = \"reads.pem\"\n\
             party = {{ name = \"Hub\", pgln = \"urn:epc:id:pgln:9521140.00000\" }}\n"
        );
        let text = text.replacen("\n[trace_api]\n", &section, 1) + &ledger;
        assert!(text.contains(&section), "{text}");
        std::fs::write(&file, text).unwrap();
        for name in ["lee", "chen"] {
            let words = ["key", "add", "--subject", name, "--role", "operator"];
            let ran = scene.access(&words);
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
        chopmark_in(self.folder(), &[&["access"], words, &place].concat())
    }

    fn access(&self, words: &[&str]) -> Ran {
        let ran = self.run(words);
        assert_eq!(ran.status, 0, "{words:?}: {}", ran.err);
        ran
    }

    fn proposed(&self) -> String {
        let what = ["--subject", "kim", "--role", "regulator", "--product", "9521141"];
        let why = ["--hours", "2", "--reason", "recall case 7", "--key-file", "lee.key"];
        let ran = self.access(&[&["emergency", "propose"], &what[..], &why[..]].concat());
        assert!(ran.out.contains("Another operator approves it within an hour"), "{}", ran.out);
        ran.out.lines().next().unwrap().to_owned()
    }

    /// Who asks, as the desk finds out.
    fn gate(&self) -> gate::Gate {
        gate::Gate::new(self.db.db(), process::Clock::system(), gate::Settings::default())
    }

    fn step(&self, step: &str, id: &str, key: &str) -> Ran {
        self.run(&["emergency", step, id, "--key-file", key])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_give_and_end_a_right_and_the_log_shows_each_step() {
    let scene = Scene::new("command_emergency").await;
    let id = scene.proposed();
    let own = scene.step("approve", &id, "lee.key");
    assert_ne!(own.status, 0, "{}", own.out);
    assert!(own.err.contains("expected the approval of another person"), "{}", own.err);
    let approved = scene.step("approve", &id, "chen.key");
    assert_eq!(approved.status, 0, "{}", approved.err);
    assert!(approved.out.contains("proposed by lee, approved by chen"), "{}", approved.out);
    let list = scene.access(&["emergency", "list"]).out;
    assert!(list.starts_with(&format!("holds  {id}  regulator  kim\n")), "{list}");
    assert!(list.contains("products 9521141; 2 h; reason: recall case 7"), "{list}");
    let ended = scene.step("end", &id, "lee.key");
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert_eq!(scene.access(&["emergency", "list"]).out, "no emergency rights\n");
    let all = scene.access(&["emergency", "list", "--all", "--json"]).out;
    let one: Value = serde_json::from_str(all.lines().next().unwrap()).unwrap();
    assert_eq!((&one["standing"], &one["approved"]["by"]), (&"ended".into(), &"chen".into()));
    let again = scene.step("approve", &id, "chen.key");
    assert!(again.err.contains("it was ended at"), "{}", again.err);
    let log = scene.access(&["log", "--json"]).out;
    let log: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<(&str, &str)> = log
        .iter()
        .map(|line| (line["subject"].as_str().unwrap(), line["act"].as_str().unwrap()))
        .collect();
    let expected = [
        ("lee", "propose an emergency right"),
        ("chen", "approve an emergency right"),
        ("lee", "end an emergency right"),
    ];
    assert_eq!(steps, expected);
    assert!(log.iter().all(|line| line["emergency"][0]["id"] == id.as_str()), "{log:?}");
    let text = scene.access(&["log", "--limit", "1"]).out;
    assert!(
        text.contains(&format!("under the emergency right {id}, given by lee and chen")),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_a_right_that_the_owner_of_the_database_changed_and_exits_with_1() {
    let scene = Scene::new("command_emergency_check").await;
    let id = scene.proposed();
    let same = scene.access(&["emergency", "check"]).out;
    assert!(same.starts_with("1 rights, 1 recorded steps in reads.example/log: 0 diff"), "{same}");
    let change = "alter table emergency_rights disable trigger emergency_rights_steps;
        update emergency_rights set hours = 8";
    scene.db.session().await.batch_execute(change).await.unwrap();
    let differs = scene.run(&["emergency", "check"]);
    assert_eq!(differs.status, 1, "{}", differs.out);
    assert!(differs.err.contains(&format!("says: {id}: kim as regulator")), "{}", differs.err);
    assert!(differs.err.contains("for 2 h") && differs.err.contains("for 8 h"), "{}", differs.err);
    let json = scene.run(&["emergency", "check", "--json"]);
    let one: Value = serde_json::from_str(json.out.trim()).unwrap();
    assert_eq!((json.status, &one["difference"]), (1, &"otherwise".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_with_a_key_and_the_log_says_who_did_it() {
    let scene = Scene::new("command_sessions").await;
    assert_eq!(scene.access(&["sessions", "list"]).out, "nobody is logged in\n");
    let (gate, random) = (scene.gate(), process::Randomness::system());
    let key = std::fs::read_to_string(scene.folder().join("chen.key")).unwrap();
    let secret = gate.log_in_with_key(&key, &random).await.unwrap();
    let list = scene.access(&["sessions", "list", "--json"]).out;
    let one: Value = serde_json::from_str(list.trim()).unwrap();
    assert_eq!((&one["subject"], &one["issuer"]), (&"chen".into(), &Value::Null), "{list}");
    let end = |more: &[&str]| {
        let words = ["sessions", "end", "--key-file", "lee.key", "--reason", "lost laptop"];
        scene.access(&[&words[..], more].concat()).out
    };
    assert!(end(&[]).contains("nothing was changed"), "lee has no session of their own");
    assert!(gate.visit(&secret, &random).await.is_ok());
    let ended = end(&["--subject", "chen"]);
    assert!(ended.contains("chen, with the key chm_"), "{ended}");
    assert!(gate.visit(&secret, &random).await.is_err());
    let log = scene.access(&["log", "--json"]).out;
    let line: Value = serde_json::from_str(log.trim()).unwrap();
    assert_eq!((&line["subject"], &line["act"]), (&"lee".into(), &"end sessions".into()), "{log}");
    assert_eq!(line["reason"], "lost laptop");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_needs_a_key_in_a_private_file_and_a_log_of_reads() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new("command_emergency_key").await;
    let id = scene.proposed();
    let key = scene.folder().join("chen.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = scene.step("approve", &id, "chen.key");
    assert!(open.err.contains("expected 0600"), "{}", open.err);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    for hours in ["0", "9"] {
        let what = ["--subject", "kim", "--role", "auditor", "--reason", "why not", "--key-file"];
        let words = [&["emergency", "propose", "--hours", hours], &what[..], &["lee.key"]].concat();
        assert_ne!(scene.run(&words).status, 0, "{hours} h");
    }
    let file = scene.folder().join("i/chopmark.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&format!("read_log = \"{LOG}\"\n"), "")).unwrap();
    let unrecorded = scene.step("approve", &id, "chen.key");
    assert!(unrecorded.err.contains("read_log: got none, expected"), "{}", unrecorded.err);
    let list = scene.access(&["emergency", "list"]).out;
    assert!(list.starts_with(&format!("proposed  {id}")), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_enrolled_by_its_key_listed_and_revoked_for_ever() {
    let scene = Scene::new("command_certificate").await;
    let key = KeyPair::generate().unwrap();
    for (name, host) in [("dock.pem", "dock"), ("renewed.pem", "dock 2")] {
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        std::fs::write(scene.folder().join(name), params.self_signed(&key).unwrap().pem()).unwrap();
    }
    let add = |file: &str, more: &[&str]| {
        let words = ["certificate", "add", "--file", file, "--subject", "dock.example", "--role"];
        scene.run(&[&words[..], &["custodian"], more].concat())
    };
    let party = ["--party", "urn:epc:id:pgln:9521142.00000"];
    assert!(add("dock.pem", &[]).err.contains("a custodian without a party"));
    assert!(add("i/chopmark.toml", &party).err.contains("got no certificate, expected"));
    let added = add("dock.pem", &[&party[..], &["--json"]].concat());
    assert_eq!(added.status, 0, "{}", added.err);
    let added: Value = serde_json::from_str(&added.out).unwrap();
    let digest = added["spki_sha256"].as_str().unwrap();
    assert!(add("renewed.pem", &party).err.contains("is enrolled for dock.example until"));
    let list = scene.access(&["certificate", "list"]).out;
    assert!(list.starts_with(&format!("holds  {digest}  custodian  dock.example\n")), "{list}");
    let json = scene.access(&["certificate", "list", "--json"]).out;
    assert_eq!(serde_json::from_str::<Value>(json.trim()).unwrap(), added);
    let wrong = scene.run(&["certificate", "revoke", "dock.pem"]);
    assert!(wrong.err.contains("expected 64 hexadecimal digits"), "{}", wrong.err);
    let revoked = scene.access(&["certificate", "revoke", "--file", "renewed.pem"]);
    assert!(revoked.out.contains("of dock.example is revoked"), "{}", revoked.out);
    assert!(scene.run(&["certificate", "revoke", digest]).err.contains("was revoked already, at"));
    assert!(add("dock.pem", &party).err.contains("expected a certificate with a new key"));
    assert_eq!(scene.access(&["certificate", "list"]).out, "no certificates\n");
    assert!(scene.access(&["certificate", "list", "--all"]).out.starts_with("revoked  "));
}
