//! What a signature refutes, and whom it proves nothing to.

use ledger::json::object;
use ledger::keys::SystemRandom;

use super::*;

const READS: &str = "reads.example/1";
const FILE: &[u8] = b"time,place\r\n2026-11-20,Factory\r\n";

fn keys(origin: &str) -> LedgerKeys {
    LedgerKeys::generate(origin, &SystemRandom::new()).unwrap()
}

fn policy(keys: &LedgerKeys, window: &str) -> Policy {
    let lines = keys.verifier_keys().into_iter().map(|key| format!("log {key}{window}\n"));
    lines.collect::<String>().parse().unwrap()
}

/// A manifest of [`FILE`], and what is signed of it.
fn scene() -> (String, Statement) {
    let scope = object([("products", Json::Array(vec![Json::from("4012345")]))]);
    let request = object([
        ("format", Json::from("events-csv")),
        ("query", Json::Array(Vec::new())),
        ("scope", Json::Array(vec![scope])),
    ]);
    let mut json = object([
        ("format", Json::from(FORMAT)),
        ("request", request.clone()),
        ("ledgers", Json::Array(Vec::new())),
        ("masterData", Json::Null),
        ("counts", object([("events", Json::from(1_u64)), ("hiddenByScope", Json::from(7_u64))])),
    ]);
    let export = id_of(&request, &json);
    json.set("id", Json::from(export.to_string().as_str()));
    let hash = Json::from(sha256(FILE).to_string().as_str());
    json.set("file", object([("bytes", Json::from(FILE.len() as u64)), ("sha256", hash)]));
    let manifest = json.canonical();
    let stated = Statement {
        origin: READS.to_owned(),
        size: 12,
        export,
        file: (FILE.len() as u64, sha256(FILE)),
        manifest: sha256(manifest.as_bytes()),
    };
    (manifest, stated)
}

fn checked(note: &str, mut file: &[u8], manifest: Option<&str>, policy: &Policy) -> Report {
    verify(note, Some(&mut file), manifest.map(str::as_bytes), policy).unwrap()
}

fn failed(report: &Report) -> Vec<&str> {
    let failed = report.checks.iter().filter(|it| it.outcome == CheckOutcome::Failed);
    failed.map(|it| it.name.as_str()).collect()
}

#[test]
fn a_file_with_its_manifest_is_what_was_signed() {
    let (manifest, stated) = scene();
    let keys = keys(READS);
    let note = stated.sign(&keys, &SystemRandom::new()).unwrap();
    assert!(is_one(note.as_bytes()));
    let policy = policy(&keys, "");
    let report = checked(&note, FILE, Some(&(manifest.clone() + "\n")), &policy);
    assert_eq!(report.outcome, Outcome::Proved, "{:#?}", report.checks);
    let text = report.checks.iter().map(|it| it.detail.as_str()).collect::<String>();
    assert!(text.contains("4012345") && text.contains("reads.example/1 in force at size 12"));
    let without = checked(&note, FILE, None, &policy);
    assert_eq!(without.outcome, Outcome::CannotTell);
    let report = verify(&note, None, Some(manifest.as_bytes()), &policy).unwrap();
    assert_eq!(report.outcome, Outcome::CannotTell);
}

#[test]
fn a_swapped_file_a_swapped_limit_and_another_key_are_refuted() {
    let (manifest, stated) = scene();
    let keys = keys(READS);
    let note = stated.sign(&keys, &SystemRandom::new()).unwrap();
    let policy = policy(&keys, "");
    for place in 0..FILE.len() {
        let mut changed = FILE.to_vec();
        changed[place] ^= 1;
        assert_eq!(failed(&checked(&note, &changed, Some(&manifest), &policy)), ["file"]);
    }
    for (from, to) in [("4012345", "4099999"), ("\"hiddenByScope\":7", "\"hiddenByScope\":0")] {
        let other = manifest.replace(from, to);
        assert_ne!(other, manifest);
        assert_eq!(failed(&checked(&note, FILE, Some(&other), &policy)), ["manifest"]);
        // With the hash made again, the signature is of another text.
        let hash = sha256(other.as_bytes()).to_string();
        let forged = note.replace(&stated.manifest.to_string(), &hash);
        let report = checked(&forged, FILE, Some(&other), &policy);
        assert!(failed(&report).contains(&"signature"), "{:#?}", report.checks);
    }
    let thief = self::keys(READS);
    let theirs = stated.sign(&thief, &SystemRandom::new()).unwrap();
    let report = checked(&theirs, FILE, Some(&manifest), &policy);
    assert_eq!(failed(&report), ["signature"], "{:#?}", report.checks);
    // Of somebody whom the policy does not know nothing can be told.
    let stranger = self::keys("reads.other/1");
    let own = Statement { origin: "reads.other/1".to_owned(), ..stated.clone() };
    let theirs = own.sign(&stranger, &SystemRandom::new()).unwrap();
    assert_eq!(checked(&theirs, FILE, Some(&manifest), &policy).outcome, Outcome::CannotTell);
    assert!(stated.sign(&stranger, &SystemRandom::new()).is_err());
}

#[test]
fn whatever_line_is_changed_the_note_is_no_longer_signed() {
    let (manifest, stated) = scene();
    let keys = keys(READS);
    let note = stated.sign(&keys, &SystemRandom::new()).unwrap();
    let policy = policy(&keys, "");
    let text = stated.text();
    for place in 0..text.len() {
        let mut changed = note.clone().into_bytes();
        changed[place] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let report = checked(&changed, FILE, Some(&manifest), &policy);
        assert_ne!(report.outcome, Outcome::Proved, "byte {place}: {:#?}", report.checks);
    }
}

#[test]
fn a_checkpoint_is_no_signature_of_an_export_and_none_is_a_checkpoint() {
    let (_, stated) = scene();
    let keys = keys(READS);
    let policy = policy(&keys, "");
    let note = stated.sign(&keys, &SystemRandom::new()).unwrap();
    assert!(policy.open_checkpoint(READS, &note).is_err());
    assert!(policy.open_checkpoint(TITLE, &note).is_err());
    let checkpoint =
        ledger::checkpoint::Checkpoint { origin: READS.to_owned(), size: 12, root: Hash([1; 32]) };
    let signed = keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap();
    assert!(!is_one(signed.as_bytes()));
    let report = checked(&signed, FILE, None, &policy);
    assert_eq!(report.outcome, Outcome::Refuted);
}
