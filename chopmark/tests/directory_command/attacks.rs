//! What the owner of the database, and a thief of keys, do to the directory and to what it protects.

use history::directory::DirectoryCache;
use history::testing::{FACTORY, TestLedger, object_event};
use jiff::Timestamp;
use ledger::policy::Policy;
use sql::Access;
use sql::testing::roll_back_as_owner;

use crate::Scene;

const DIRECTORY: &str = "who.example/1";
const SITE: &str = "brand.example/1";
const RECORDED: &str = "2026-11-22T00:00:00Z";

impl Scene {
    async fn hub_takes(&self, hub: &TestLedger, origin: &str) -> u64 {
        let row = sql::ledgers::find(&self.db, origin).await.expect("asked").expect(origin);
        hub.append_newest_of(row.id, RECORDED).await;
        sql::ledgers::head(&self.db, row.id).await.expect("asked").size
    }

    fn audit(&self, policy: &str) -> (Option<i32>, String) {
        let (status, out, error) =
            self.run(&["audit", "--database", &self.url, "--policy", policy]);
        (status, out + &error)
    }

    fn revoke(&self, subject: &str, members: &str) -> String {
        let record =
            format!(r#"{{"kind":"revoke","subject":"{subject}","reason":"stolen"{members}}}"#);
        self.file("revoke.json", &record);
        self.write_record(&["propose", "revoke.json", "--key", "lin.pem"])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_the_owner_of_the_database_removed_is_missed_by_every_process_after_a_restart()
 {
    let scene = Scene::installed("attack_removed_revocation").await;
    let hub = TestLedger::create(&scene.db, "hub.example/h", "hub", "Hub").await;
    let before = scene.hub_takes(&hub, DIRECTORY).await;
    assert!(scene.revoke("prefix/952114112", "").starts_with("appended"));
    let policy: Policy = scene.read("policy.txt").parse().expect("a policy");
    let is_licensed = async |access| {
        let db = scene.db.db_as(access).await;
        let current = DirectoryCache::new(policy.clone()).current(&db).await;
        let licensee = current.rights.licensee("952114112345", Timestamp::now()).is_some();
        (licensee, current.problem.map(|problem| problem.to_string()))
    };
    assert_eq!(is_licensed(Access::Ingest).await, (false, None), "revoked");
    scene.hub_takes(&hub, DIRECTORY).await;

    roll_back_as_owner(&scene.db, DIRECTORY, before).await.expect("rolled back");

    for access in [Access::Ingest, Access::Anchor, Access::TraceApi] {
        let (licensee, problem) = is_licensed(access).await;
        assert!(!licensee, "{access:?} believes the state before the revocation");
        let problem = problem.expect("it says why");
        assert!(problem.contains("the hub holds: the ledger shrank from"), "{problem}");
    }
    let (status, out, _) =
        scene.run(&["directory", "verify", "--database", &scene.url, "--policy", "policy.txt"]);
    assert_eq!(status, Some(1), "{out}");
    assert!(out.starts_with("refuted: the directory is not the one that the hub holds"), "{out}");
    // Nothing is written on top of it either: that would sign another past.
    let (status, _, error) = scene.try_record(&["refresh"]);
    assert_eq!(status, Some(2));
    assert!(error.contains("shrank"), "{error}");
    let (status, out) = scene.audit("policy.txt");
    assert_eq!(status, Some(3), "{out}");
    assert!(out.contains("ROLLED BACK  who.example/1"), "{out}");
    assert!(out.contains("nobody has any right"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_key_signs_no_other_past_below_the_last_good_checkpoint() {
    let scene = Scene::installed("attack_other_past").await;
    let site = TestLedger::create(&scene.db, SITE, "site", "Brand").await;
    let event = |hour: u8, step: &str| {
        object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
    };
    site.append(&[1, 2].map(|hour| event(hour, "storing")), RECORDED).await;
    site.append(&[3, 4].map(|hour| event(hour, "storing")), RECORDED).await;
    let good = sql::ledgers::head(&scene.db, site.id).await.expect("asked");
    let members = format!(r#","last_good":{{"size":{},"root":"{}"}}"#, good.size, good.root);
    assert!(scene.revoke("keyset/brand.example/1", &members).starts_with("appended"));
    let (_, out) = scene.audit("policy.txt");
    assert!(!out.contains("the directory names"), "nothing was forged yet: {out}");

    // No hub ever had the ledger: only the directory remembers its past. Another root of the same size, then a higher one.
    roll_back_as_owner(&scene.db, SITE, 2).await.expect("rolled back");
    for step in ["shipping", "inspecting"] {
        site.append(&[3, 4].map(|hour| event(hour, step)), RECORDED).await;
        let (status, out) = scene.audit("policy.txt");
        assert_eq!(status, Some(3), "{out}");
        assert!(out.contains("FORKED  brand.example/1"), "{out}");
        assert!(out.contains("the directory names its checkpoint of size 4"), "{out}");
    }
}
