//! A proof of directory entries that every later version must accept, and spoilt copies of it that none may.
//! `UPDATE_GOLDEN=1` writes missing copies and all expected errors.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

use std::path::{Path, PathBuf};

use ledger::Hash;
use ledger::directory::{DirectoryProof, Lookup, ProvedDirectory, verify_proof};
use ledger::json::{self, Limits};
use ledger::policy::{DirectoryPin, Policy};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/directory").join(name)
}

fn pin() -> DirectoryPin {
    let text = std::fs::read_to_string(golden("valid/policy.txt")).unwrap();
    text.parse::<Policy>().unwrap().directory.unwrap()
}

/// Reads and verifies a file, with the hub's checkpoint.
fn verify(text: &str) -> Result<ProvedDirectory, String> {
    let json =
        json::parse(text.as_bytes(), &Limits::default()).map_err(|error| error.to_string())?;
    let proof = DirectoryProof::from_json("", &json).map_err(|error| error.to_string())?;
    let proved = verify_proof(&proof, &pin()).map_err(|error| error.to_string())?;
    let note = std::fs::read_to_string(golden("valid/hub.note")).unwrap();
    let hub = proved.policy.open_hub_checkpoint("hub.example/h", &note).unwrap();
    proved.check_in_hub(&proof, &hub).map_err(|error| error.to_string())?;
    Ok(proved)
}

fn valid() -> String {
    std::fs::read_to_string(golden("valid/directory.proof.json")).unwrap()
}

#[test]
fn the_golden_proof_shows_its_keys_and_licensees() {
    let proved = verify(&valid()).unwrap();
    assert_eq!((proved.root.version, proved.root.late_h), (2, 72));
    assert_eq!(proved.state_at, "2026-11-10T12:00:00Z");
    assert_eq!(proved.policy.logs.len(), 8, "directory, brand twice, maker: two keys each");
    assert_eq!(proved.speaker("brand.example/1", 34), Some("brand"));
    let Lookup::Found((prefix, licences)) = proved.licensee("952114112345").unwrap() else {
        panic!("licensed")
    };
    assert_eq!((prefix.as_str(), licences[0].party.as_str()), ("952114112", "brand"));
    assert_eq!(proved.licensee("952114199999").unwrap(), Lookup::Absent);
    assert_eq!(proved.licensee("401234500000").unwrap(), Lookup::NotShown);
    let json = json::parse(valid().as_bytes(), &Limits::default()).unwrap();
    assert_eq!(DirectoryProof::from_json("", &json).unwrap().to_json().canonical(), valid());
}

type Spoil = fn(&mut DirectoryProof);

/// What is done to each copy.
const SPOILT: &[(&str, Spoil)] = &[
    ("no-root", |proof| proof.roots.clear()),
    ("root-not-pinned", |proof| {
        proof.roots.remove(0);
    }),
    ("last-root-hidden", |proof| {
        proof.roots.pop();
    }),
    ("root-twice", |proof| proof.roots.push(proof.roots[1].clone() + " ")),
    ("root-signature-removed", |proof| {
        let root = proof.roots[1].trim_end();
        proof.roots[1] = root[..=root.rfind('\n').unwrap()].to_owned();
    }),
    ("root-changed", |proof| {
        proof.roots[1] = proof.roots[1].replace("\"threshold\":2", "\"threshold\":1");
    }),
    ("checkpoint-of-another-size", |proof| {
        proof.checkpoint = proof.checkpoint.replacen("\n18\n", "\n19\n", 1);
    }),
    ("checkpoint-with-one-signature", |proof| {
        let note = proof.checkpoint.trim_end();
        proof.checkpoint = note[..=note.rfind('\n').unwrap()].to_owned();
    }),
    ("state-moved", |proof| proof.state.index -= 1),
    ("state-changed", |proof| {
        proof.state.note = proof.state.note.replace("2026-11-17", "2026-11-27");
    }),
    ("state-path-cut", |proof| {
        proof.state.path.pop();
    }),
    ("entry-changed", |proof| {
        proof.entries[0].value = proof.entries[0].value.replace("brand", "maker");
    }),
    ("entry-renamed", |proof| proof.entries[0].key.push('x')),
    ("entry-moved", |proof| proof.entries[1].index += 1),
    ("entries-exchanged", |proof| proof.entries.swap(0, 1)),
    ("entry-twice", |proof| proof.entries.insert(1, proof.entries[0].clone())),
    ("entry-path-of-another", |proof| proof.entries[0].path = proof.entries[1].path.clone()),
    ("hub-place-missing", |proof| proof.hub = None),
    ("hub-place-moved", |proof| {
        if let Some(hub) = &mut proof.hub {
            hub.index = 0;
        }
    }),
    ("hub-path-changed", |proof| {
        if let Some(hub) = &mut proof.hub {
            hub.path[0] = Hash::EMPTY;
        }
    }),
];

fn with_null(text: &str, member: &str) -> String {
    let mut json = json::parse(text.as_bytes(), &Limits::default()).unwrap();
    json.set(member, json::Json::Null);
    json.canonical()
}

/// Copies that are spoilt in their text.
fn spoilt_texts(text: &str) -> Vec<(&'static str, String)> {
    vec![
        ("member-unknown", text.replacen("\"entries\":", "\"enter\":1,\"entries\":", 1)),
        ("member-twice", text.replacen("\"entries\":", "\"entries\":[],\"entries\":", 1)),
        ("index-as-text", text.replacen("\"index\":1,", "\"index\":\"1\",", 1)),
        ("hub-null", with_null(text, "hub")),
        ("truncated", text[..text.len() / 2].to_owned()),
    ]
}

#[test]
fn each_spoilt_copy_is_refuted_for_its_reason() {
    let folder = golden("invalid");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        let json = json::parse(valid().as_bytes(), &Limits::default()).unwrap();
        let mut copies = spoilt_texts(&valid());
        for (name, spoil) in SPOILT {
            let mut copy = DirectoryProof::from_json("", &json).unwrap();
            spoil(&mut copy);
            copies.push((name, copy.to_json().canonical()));
        }
        for (name, copy) in copies {
            assert_ne!(copy, valid(), "{name} spoils nothing");
            let path = folder.join(format!("{name}.proof.json"));
            if !path.exists() {
                std::fs::write(&path, copy).unwrap();
            }
            let found = verify(&std::fs::read_to_string(&path).unwrap());
            let found = found.map_or_else(|error| error, |_| "accepted".to_owned());
            std::fs::write(folder.join(format!("{name}.expected_error")), found + "\n").unwrap();
        }
    }
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.to_str().unwrap().strip_suffix(".proof.json") else { continue };
        let error = verify(&std::fs::read_to_string(&path).unwrap()).expect_err(name);
        let expected = std::fs::read_to_string(format!("{name}.expected_error")).unwrap();
        assert_eq!(error + "\n", expected, "{name}");
        count += 1;
    }
    assert_eq!(count, SPOILT.len() + spoilt_texts(&valid()).len());
}

#[test]
fn no_flipped_bit_of_the_golden_proof_goes_unseen() {
    let text = valid();
    let proved = verify(&text).unwrap();
    for place in (0..text.len()).step_by(97) {
        for bit in [0, 3, 6] {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let Ok(copy) = String::from_utf8(bytes) else { continue };
            // What is still accepted says the same, but for lines of signatures that count for nothing.
            if let Ok(found) = verify(&copy) {
                assert_eq!(found.policy, proved.policy, "byte {place} bit {bit}");
                assert_eq!(found.ledgers, proved.ledgers, "byte {place} bit {bit}");
                assert_eq!(found.state_until, proved.state_until, "byte {place} bit {bit}");
            }
        }
    }
}
