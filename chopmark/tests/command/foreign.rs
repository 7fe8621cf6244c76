//! Proofs of other logs, and tlog-proofs of records of our own ledgers.

use history::bundle::Disclosure;
use history::testing::ITEM;
use history::{Cache, gather};
use ledger::bundle::LedgerHistory;
use ledger::checkpoint::ForeignCheckpoint;
use ledger::foreign::TlogProof;
use ledger::hash;
use ledger::keys::{PlainKey, SourceKey, SystemRandom, VerifierKey};
use ledger::note::Note;
use ledger::proof::whole_path;
use serde_json::{Value, json};

use crate::scene::{Ran, SITE, Scene, chopmark};

/// The site's part of the item's bundle: its records with their places, and its checkpoint.
async fn site_history(scene: &Scene) -> LedgerHistory {
    let policy = scene.site.policy_lines("log") + &scene.hub.policy_lines("hub");
    let policy = std::sync::Arc::new(policy.parse().unwrap());
    let (rights, now) = (history::testing::rights(), jiff::Timestamp::now());
    let item = ITEM.parse().unwrap();
    let gathered = gather(&scene.db, &Cache::new(0), &policy, &rights, now, &item).await.unwrap();
    let built = history::bundle::build(&scene.db, &gathered, None, Disclosure::Whole, None);
    let mut histories = built.await.unwrap().histories;
    histories.remove(0)
}

#[tokio::test]
async fn a_record_of_our_own_ledger_is_proved_as_a_tlog_proof() {
    let scene = Scene::new("verify_own_tlog_proof").await;
    let history = site_history(&scene).await;
    let policy = scene.site.policy_lines("log") + "quorum none\n";
    scene.file("trust.txt", &policy);
    assert_eq!(history.records.len(), 4);
    let mut before = Vec::new();
    for record in &history.records {
        let note = Note::parse(&history.checkpoint).unwrap();
        before = whole_path(&record.path, &before, record.index, 4).unwrap();
        let proof = TlogProof { extra: None, index: record.index, path: before.clone(), note };
        scene.file("record.tlog-proof", &proof.to_string());
        let leaf = record.disclosed.leaf_hash().unwrap().to_string();
        let (file, trust) = (scene.path("record.tlog-proof"), scene.path("trust.txt"));
        let run = |more: &[&str]| {
            let words = ["verify", file.to_str().unwrap(), "--policy", trust.to_str().unwrap()];
            chopmark(&[&words[..], more].concat())
        };
        let ran = run(&["--leaf", &leaf]);
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        let title = format!("PROVED  entry {} of {SITE}\n", record.index);
        assert!(ran.out.starts_with(&title), "{}", ran.out);
        assert!(ran.out.contains("witnesses: the policy requires none"), "{}", ran.out);
        let ran = run(&["--leaf", &hash::leaf(b"another").to_string()]);
        assert_eq!(ran.status, 1, "{}", ran.out);
        assert!(ran.out.starts_with("REFUTED"), "{}", ran.out);
        let ran = run(&["--leaf", &leaf, "--json"]);
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((&json["outcome"], &json["proof"]), (&json!("proved"), &json!("tlog-proof")));
        let entry = json!({ "origin": SITE, "index": record.index, "size": 4 });
        assert_eq!(json["entry"], entry);
        assert!(
            json["checks"]
                .as_array()
                .unwrap()
                .iter()
                .any(|check| check["outcome"] == "not checked")
        );
    }
}

/// A Sigsum log of one leaf, `data`, with its policy; and the submitter's key.
struct SigsumLog {
    proof: String,
    policy: String,
    submitter: String,
}

fn sigsum(data: &[u8]) -> SigsumLog {
    let new = || {
        let secret = SourceKey::generate(&SystemRandom::new()).unwrap();
        let named = VerifierKey::of_source("x", secret.verifier()).unwrap();
        let digits = hex::encode(named.key_bytes());
        (secret, PlainKey::of_verifier(&named).unwrap(), digits)
    };
    let ((log, log_key, log_digits), (submitter, submitter_key, digits)) = (new(), new());
    let checksum = hash::sha256(&hash::sha256(data).0);
    let signed = submitter.sign(&[b"sigsum.org/v1/tree-leaf\0", &checksum.0[..]].concat());
    let leaf = hash::leaf(&[&checksum.0[..], &signed, &submitter_key.hash().0].concat());
    let head = ForeignCheckpoint {
        origin: format!("sigsum.org/v1/tree/{}", log_key.hash()),
        size: 1,
        root: leaf,
        extensions: Vec::new(),
    };
    SigsumLog {
        proof: format!(
            "version=2\nlog={}\nleaf={} {}\n\nsize=1\nroot_hash={leaf}\nsignature={}\n",
            log_key.hash(),
            submitter_key.hash(),
            hex::encode(signed),
            hex::encode(log.sign(head.body().as_bytes()))
        ),
        policy: format!("log {log_digits} https://log.example\nquorum none\n"),
        submitter: digits,
    }
}

#[test]
fn a_sigsum_proof_is_proved_with_policy_data_and_submitter_and_with_less_it_cannot_be_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let made = sigsum(b"release 7\n");
    let (proof, policy) = (write("p", &made.proof), write("trust", &made.policy));
    let (data, other) = (write("data", "release 7\n"), write("other", "release 8\n"));
    let digest = hash::sha256(b"release 7\n").to_string();
    let no_quorum = write("cut", made.policy.lines().next().unwrap());
    let run = |words: &[&str]| -> Ran { chopmark(&[&["verify", &proof], words].concat()) };
    let by = ["--submitter", &made.submitter];
    for (words, status, says) in [
        (
            &["--policy", &policy, "--data", &data, by[0], by[1]][..],
            0,
            "PROVED  entry 0 of sigsum.org/v1/tree/",
        ),
        (&["--policy", &policy, "--digest", &digest, by[0], by[1]], 0, "PROVED"),
        (&["--policy", &policy, "--data", &other, by[0], by[1]], 1, "REFUTED"),
        (&["--policy", &policy, "--data", &data], 2, "expected --submitter with the key"),
        (&["--policy", &policy], 2, "expected --data with the file, or --leaf"),
        (&["--data", &data, by[0], by[1]], 2, "no policy file says whose signatures count"),
    ] {
        let ran = run(words);
        assert_eq!(ran.status, status, "{words:?}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(says), "{words:?}: {}", ran.out);
    }
    for (words, says) in [
        (
            &["--policy", &no_quorum, "--data", &data][..],
            "got 0 `quorum` lines in all, expected one",
        ),
        (&["--policy", &policy, "--leaf", "00"], "--leaf"),
        (&["--policy", &policy, "--submitter", "00"], "expected 64 hex digits or `ssh-ed25519"),
        (&["--policy", &policy, "--rpc", "https://a.example"], "expected a bundle, which alone"),
        (&["--policy", &policy, "--data", &data, "--leaf", &digest], "cannot be used with"),
    ] {
        let ran = run(words);
        assert_eq!((ran.status, &*ran.out), (2, ""), "{words:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{words:?}: {}", ran.err);
    }
    let bundle = write("bundle", "{}");
    let ran = chopmark(&["verify", &bundle, "--policy", &policy, "--data", &data]);
    assert_eq!((ran.status, &*ran.out), (2, ""));
    assert!(ran.err.contains("expected `c2sp.org/tlog-proof@v1` or `version=`"), "{}", ran.err);
}
