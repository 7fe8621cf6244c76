//! A stolen disk, or a backup, holds the file with a ledger's keys.

use crate::town::{BRAND, Town};

#[test]
fn an_encrypted_key_file_shows_no_key_and_needs_its_passphrase() {
    let town = Town::shared();
    town.put("pass", "correct horse battery staple\n");
    let (code, text) = town.chopmark(&[
        "keys",
        "ledger",
        "--origin",
        "stolen.example/1",
        "--out",
        "stolen.pem",
        "--encrypt",
        "--passphrase-file",
        "pass",
    ]);
    assert_eq!(code, Some(0), "{text}");
    let file = std::fs::read_to_string(town.path("stolen.pem")).expect("it was written");
    assert!(!file.contains("BEGIN PRIVATE KEY"), "{file}");
    town.put("guess", "a wrong guess\n");
    let (code, text) = town.chopmark(&["keys", "show", "stolen.pem", "--passphrase-file", "guess"]);
    assert_ne!(code, Some(0), "{text}");
    assert!(text.contains("passphrase"), "{text}");
    let (code, text) = town.chopmark(&["keys", "show", "stolen.pem", "--passphrase-file", "pass"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("stolen.example/1") && !text.contains(BRAND), "{text}");
}
