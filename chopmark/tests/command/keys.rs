//! `chopmark keys`: what is printed, and that nothing is left behind by what failed.

use serde_json::Value;

use crate::scene::{chopmark, shell};

#[test]
fn a_ledger_with_a_bad_origin_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("site.pem");
    for origin in ["", "two words", "plus+sign", "line\nbreak"] {
        let ran = chopmark(&["keys", "ledger", "--origin", origin, "--out", out.to_str().unwrap()]);
        assert_eq!((ran.status, &*ran.out), (2, ""), "{origin:?}: {}", ran.err);
        assert!(!out.exists(), "{origin:?}");
        // An error of several lines is printed as such, indented.
        let typed = origin.lines().next().unwrap_or_default();
        assert!(ran.err.contains(&format!("`{typed}")), "{origin:?}: {}", ran.err);
    }
}

#[test]
fn a_key_that_cannot_be_written_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bridge.pem");
    // No file may have a byte; the signal that says so is ignored, and writing fails.
    let line = format!(
        "trap '' XFSZ; ulimit -f 0; \"$chopmark\" keys bridge --out {} 2>&1 | cat",
        out.display()
    );
    let ran = shell(&line);
    assert!(ran.out.contains("could not create"), "{}{}", ran.out, ran.err);
    assert!(!out.exists());
    let ran = chopmark(&["keys", "bridge", "--out", out.to_str().unwrap()]);
    assert_eq!(ran.status, 0, "a second try is not refused: {}", ran.err);
}

#[test]
fn public_keys_and_tokens_are_printed_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (site, bridge) = (path("site.pem"), path("bridge.pem"));
    let made = chopmark(&["keys", "ledger", "--origin", "site.example/1", "--out", &site]);
    let bridge_key = chopmark(&["keys", "bridge", "--out", &bridge]).out;
    let json = |words: &[&str]| -> Value {
        serde_json::from_str(&chopmark(&[&["keys"], words, &["--json"]].concat()).out).unwrap()
    };
    let shown = json(&["show", &site]);
    assert_eq!((&shown["kind"], &shown["origin"]), (&"ledger".into(), &"site.example/1".into()));
    let lines: Vec<Value> = made.out.lines().map(Value::from).collect();
    assert_eq!((shown["verifier_keys"].as_array(), lines.len()), (Some(&lines), 2));
    let shown = json(&["show", &bridge]);
    assert_eq!(
        (&shown["kind"], &shown["public_key"]),
        (&"source".into(), &bridge_key.trim().into())
    );
    assert_eq!(shown["encrypted"], Value::Bool(false));
    // The commands that make keys print the same object, once.
    let (second, other) = (path("second.pem"), path("other.pem"));
    let made = json(&["ledger", "--origin", "b.example/1", "--out", &second]);
    assert_eq!((&made, &made["encrypted"]), (&json(&["show", &second]), &Value::Bool(false)));
    let made = json(&["bridge", "--out", &other]);
    assert_eq!((&made, &made["kind"]), (&json(&["show", &other]), &"source".into()));
    let token = json(&["partner"]);
    let digest = ledger::hash::sha256(token["token"].as_str().unwrap().as_bytes()).to_string();
    assert_eq!(token["token_sha256"], Value::from(digest));
}
