//! What people do beside the ledgers is recorded in the directory, or named by the audit.

use jiff::Timestamp;
use sql::Transaction;
use sql::findings::{NewFinding, Resolution};

use crate::Scene;

const ITEM: &str = "urn:epc:id:sgtin:952114112.0345.602";

impl Scene {
    async fn open_finding(&self, last_known: u64) {
        let finding = NewFinding {
            item: ITEM,
            rule: "many_networks",
            evidence: "{}",
            opened_at: Timestamp::UNIX_EPOCH,
            last_known,
        };
        let open = async |tx: &Transaction<'_>| sql::findings::open(tx, &finding).await;
        assert!(self.db.run_tx("test.finding", open).await.expect("stored"));
    }

    #[track_caller]
    fn resolve(&self, id: &str, more: &[&str]) -> (String, String) {
        let words = ["finding", "resolve", id, "--reason", "a market test", "--key", "lin.pem"];
        let (status, out, error) =
            self.run(&[&words[..], &["--policy", "policy.txt"], more].concat());
        assert_eq!(status, Some(0), "{out}{error}");
        (out, error)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolved_finding_is_an_act_of_the_directory_or_the_audit_names_it() {
    let scene = Scene::installed("command_acts").await;
    scene.file("chopmark.toml", &format!("[database]\nurl = \"{}\"\n", scene.url));
    scene.ask(&["export", "--out", "out"]);
    let audit = || scene.run(&["audit", "--policy", "out/policy.txt"]);
    scene.open_finding(0).await;
    assert_eq!(audit().0, Some(0), "{}", audit().1);

    let (out, error) = scene.resolve("1", &[]);
    assert_eq!(out, "finding 1 resolved by brand\n");
    assert!(error.contains("the directory has no record of it"), "{error}");
    let (status, out, _) = audit();
    assert_eq!(status, Some(1), "{out}");
    assert!(out.contains("finding/1 is stored as resolved by brand, the directory has no act"));
    let act = ["act", "--kind", "finding", "--party", "brand", "--subject", "finding/1"];
    let done =
        scene.write_record(&[&act[..], &["--reason", "a test", "--key", "lin.pem"]].concat());
    assert!(done.starts_with("appended"), "{done}");
    assert_eq!(audit().0, Some(0), "{}", audit().1);

    scene.open_finding(1).await;
    let listed = |more: &[&str]| -> Vec<serde_json::Value> {
        let (status, out, error) = scene.run(&[&["finding", "list", "--json"], more].concat());
        assert_eq!(status, Some(0), "{error}");
        out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
    };
    let open = listed(&[]);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!((&open[0]["id"], &open[0]["resolution"]), (&2.into(), &serde_json::Value::Null));
    assert_eq!((&open[0]["item"], &open[0]["rule"]), (&ITEM.into(), &"many_networks".into()));
    assert!(open[0]["evidence"].is_object(), "{open:?}");
    let all = listed(&["--all"]);
    assert_eq!((all.len(), &all[0]["resolution"]["party"]), (2, &"brand".into()), "{all:?}");
    scene.resolve("2", &["--keys", "who.pem"]);
    assert_eq!((listed(&[]).len(), listed(&["--all"]).len()), (0, 2));
    assert_eq!(audit().0, Some(0), "{}", audit().1);
    let shown = scene.ask(&["show", "act/brand"]);
    for part in ["(2 records)", r#""about":"finding/2""#, r#""reason":"a market test""#] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let words = ["finding", "resolve", "2", "--reason", "again", "--key", "lin.pem"];
    let keys = ["--policy", "policy.txt", "--keys", "who.pem"];
    let (status, _, error) = scene.run(&[&words[..], &keys[..]].concat());
    assert_eq!(status, Some(2));
    assert!(error.contains("finding 2 is resolved already"), "{error}");

    // Whoever may write to the database resolves a third one without asking anybody.
    scene.open_finding(2).await;
    let resolution = Resolution {
        party: "brand".into(),
        reason: "mine".into(),
        resolved_at: Timestamp::UNIX_EPOCH,
        note: "forged".into(),
    };
    let store = async |tx: &Transaction<'_>| sql::findings::resolve(tx, 3, &resolution).await;
    assert!(scene.db.run_tx("test.resolve", store).await.expect("stored"));
    let (status, out, _) = audit();
    assert_eq!(status, Some(1), "{out}");
    assert!(out.contains("finding/3 is stored as resolved by brand"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_outside_of_the_database_is_recorded_by_who_did_it() {
    let scene = Scene::installed("command_act_kinds").await;
    let act = |kind: &str, key: &str| {
        let words = ["act", "--kind", kind, "--party", "brand", "--subject", "backup/9"];
        scene.write_record(&[&words[..], &["--reason", "x", "--key", key]].concat())
    };
    for kind in ["keys", "restore", "deletion"] {
        assert!(act(kind, "lin.pem").starts_with("appended"), "{kind}");
    }
    let waits = act("restore", "wu.pem");
    assert!(waits.contains("waits: `act/brand` needs signatures of"), "a stranger's: {waits}");
    let shown = scene.ask(&["show", "act/brand"]);
    for word in ["keys_made", "restored", "deleted"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}
