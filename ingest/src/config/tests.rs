//! What a configuration of ingest is refused for, and in which words.

use std::fs;
use std::path::Path;

use ledger::keys::{LedgerKeys, SourceKey, SystemRandom};

use super::*;

const PARTY: &str = "party = { name = \"a party\", pgln = \"urn:epc:id:pgln:9521141.00000\" }\n";

fn ledger(origin: &str, keys: &str) -> String {
    format!("[[ledger]]\norigin = \"{origin}\"\nkeys = \"{keys}\"\n{PARTY}")
}

/// A folder with the keys of `site.example/1` in `site.pem`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let keys = LedgerKeys::generate("site.example/1", &SystemRandom::new()).unwrap();
    keystore::private::create(&folder.path().join("site.pem"), &keys.to_pem_file()).unwrap();
    folder
}

fn resolved(folder: &Path, text: &str) -> Result<Config, String> {
    Installation::parse(&folder.join("chopmark.toml"), text)
        .and_then(|installation| resolve(&installation))
        .map_err(|problems| problems.to_string())
}

#[test]
fn a_whole_configuration_is_loaded_with_defaults() {
    let folder = folder();
    let key = SourceKey::generate(&SystemRandom::new()).unwrap().public_base64();
    let digest = "ab".repeat(32);
    let text = format!(
        "{}[ingest]\n[[bridge]]\nid = \"b1\"\npublic_key = \"{key}\"\nledger = \"site.example/1\"\n\
         [[partner]]\nname = \"erp\"\ntoken_sha256 = \"{}\"\nledger = \"site.example/1\"\n",
        ledger("site.example/1", "site.pem"),
        digest.to_uppercase(),
    );
    let config = resolved(folder.path(), &text).unwrap();
    assert_eq!(config.settings.listen, ([127, 0, 0, 1], 8081).into());
    assert_eq!(config.settings.group_commit_max_jobs, 256);
    assert_eq!(config.sites[0].keys.origin(), "site.example/1");
    assert_eq!(config.bridges["b1"].ledger, "site.example/1");
    assert_eq!(config.bridges["b1"].keys.len(), 1);
    assert_eq!(config.partners[&digest].name, "erp");
    assert_eq!(config.settings.body_memory_bytes, 48 * 1024 * 1024);
    assert!(!config.settings.require_licence);
    assert_eq!(config.bridges["b1"].read_points, ReadPoints::default());
}

#[test]
fn a_bridge_without_a_list_speaks_for_what_no_other_bridge_of_its_ledger_lists() {
    let folder = folder();
    let key = SourceKey::generate(&SystemRandom::new()).unwrap().public_base64();
    let bridge = |id: &str, more: &str| {
        format!(
            "[[bridge]]\nid = \"{id}\"\npublic_key = \"{key}\"\nledger = \"site.example/1\"\n{more}"
        )
    };
    let (door, store) = ("urn:epc:id:sgln:9521142.00001.3", "urn:epc:id:sgln:9521142.00001.4");
    let text = [
        ledger("site.example/1", "site.pem"),
        "[ingest]\n".to_owned(),
        bridge("b1", &format!("read_points = [\"{door}\"]\n")),
        bridge("b2", ""),
    ]
    .concat();
    let config = resolved(folder.path(), &text).unwrap();
    assert_eq!(config.bridges["b1"].read_points, ReadPoints::listed([door]));
    assert_eq!(config.bridges["b2"].read_points, ReadPoints::AllBut([epc::thing_key(door)].into()));
    let wrong = text
        .replace(&format!("[\"{door}\"]"), &format!("[\"door\", \"{store}\"]"))
        .replace("[ingest]\n", "[ingest]\nbody_memory_bytes = 1\nbody_within_s = 0\n");
    let found = resolved(folder.path(), &wrong).map(|_| "nothing is wrong").unwrap_err();
    for words in [
        "[[bridge]] `b1` read_points: got `door`, expected a location such as ",
        "[ingest] body_memory_bytes: got 1, expected at least max_body_bytes, which is 16777216",
        "[ingest] body_within_s: got 0, expected at least 1",
    ] {
        assert!(found.contains(words), "`{words}` is not in:\n{found}");
    }
    let none = text.replace(&format!("[\"{door}\"]"), "[]");
    let found = resolved(folder.path(), &none).map(|_| "nothing is wrong").unwrap_err();
    assert!(found.contains("read_points: got an empty list"), "{found}");
}

#[test]
fn every_problem_is_reported_with_section_key_value_and_what_was_expected() {
    let folder = folder();
    fs::write(folder.path().join("rules.toml"), "version = 1\n").unwrap();
    let text = [
        "[ingest]\n",
        &ledger("site.example/1", "site.pem"),
        &ledger("site.example/1", "site.pem"),
        &ledger("other.example/1", "site.pem"),
        &ledger("third.example/1", "missing.pem"),
        "rules = \"rules.toml\"\n",
        "[[bridge]]\nid = \"b1\"\npublic_key = \"AAAA\"\nledger = \"nowhere\"\n",
        "[[partner]]\nname = \"erp\"\ntoken_sha256 = \"secret\"\nledger = \"site.example/1\"\n",
    ]
    .concat();
    let found = resolved(folder.path(), &text).map(|_| "nothing is wrong").unwrap_err();
    for words in [
        "[[ledger]] `site.example/1` origin: got the origin of another [[ledger]]",
        "[[ledger]] `other.example/1` keys: got ",
        "site.pem with keys of `site.example/1`, expected keys of `other.example/1`",
        "[[ledger]] `third.example/1` keys: could not read ",
        "missing.pem: No such file",
        "[[ledger]] `third.example/1` rules: ",
        "[[bridge]] `b1` ledger: got `nowhere`, expected one of the ledgers of kind \"site\": site.example/1",
        "[[bridge]] `b1` public_key: got `AAAA` (",
        "[[partner]] `erp` token_sha256: got 6 characters, expected 64 hex digits",
    ] {
        assert!(found.contains(words), "`{words}` is not in:\n{found}");
    }
    assert!(!found.contains("secret"), "{found}");
}

#[test]
fn a_bridge_has_one_public_key_or_two_different_ones() {
    let folder = folder();
    let key = || SourceKey::generate(&SystemRandom::new()).unwrap().public_base64();
    let (old, new) = (key(), key());
    let with = |keys: &str| {
        let site = ledger("site.example/1", "site.pem");
        let bridge = "[[bridge]]\nid = \"b1\"\nledger = \"site.example/1\"\n";
        resolved(folder.path(), &format!("{site}[ingest]\n{bridge}{keys}\n"))
    };
    for keys in
        [format!("public_keys = [\"{old}\"]"), format!("public_keys = [\"{old}\", \"{new}\"]")]
    {
        with(&keys).unwrap();
    }
    let how_many = "expected `public_key`, or `public_keys` with the old and the new one";
    for (keys, words) in [
        (String::new(), ["`b1` public_key: got 0 keys", how_many]),
        (
            format!("public_key = \"{old}\"\npublic_keys = [\"{new}\"]"),
            ["`b1` public_key: got 2 keys", how_many],
        ),
        (
            format!("public_keys = [\"{old}\", \"{new}\", \"{}\"]", key()),
            ["`b1` public_key: got 3 keys", how_many],
        ),
        (
            format!("public_keys = [\"{old}\", \"{old}\"]"),
            ["twice, expected two different keys", &old],
        ),
        (format!("public_keys = [\"{old}\", \"AAAA\"]"), ["public_keys: got `AAAA` (", "Ed25519"]),
    ] {
        let found = with(&keys).map(|_| "nothing is wrong").unwrap_err();
        for word in words {
            assert!(found.contains(word), "`{word}` is not in:\n{found}");
        }
    }
}
