//! Proofs of a directory's entries, made here and checked by the verifier; with `UPDATE_GOLDEN=1` the golden proof of
//! `ledger` is written if it is missing.

use std::path::Path;

use directory::{Directory, replay};
use ledger::Hash;
use ledger::bundle::HubEntry;
use ledger::checkpoint::Checkpoint;
use ledger::directory::{DirectoryProof, Lookup, verify_proof};
use ledger::hub::entry_leaf;
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::policy::DirectoryPin;

use super::scene::{
    ORIGIN, entries, keys, keyset, leaf, next, now, prefix, root, sealed, signed, with_people,
};

/// The directory with a second root, an exchanged pair of keys and further prefixes; its entries and pin.
fn grown() -> (Vec<String>, &'static DirectoryPin) {
    let (first, pin) = entries();
    let mut all = first.clone();
    let directory = replay(ORIGIN, pin, first).unwrap();
    let second = with_people(root(2, Some(&leaf(&first[0]))), "keys", &["bob", "cyd", "new"]);
    all.push(signed(&second, &["bob", "cyd"]));
    let mut fresh = keyset(Some(&directory), 3, "brand", 36);
    fresh.set("after", super::scene::json(&format!(r#"{{"size":35,"root":"{}"}}"#, Hash::EMPTY)));
    all.push(signed(&fresh, &["lin", "wu"]));
    all.push(signed(&keyset(None, 4, "maker", 0), &["max", "bob"]));
    for digits in ["4012345", "952114113", "952114114"] {
        all.push(signed(&prefix(digits, "maker"), &["ann", "bob", "max"]));
    }
    let gone = next(&directory, "revoke", "prefix/952114112", r#"{"reason":"sold"}"#);
    all.push(signed(&gone, &["lin", "wu"]));
    (sealed(all, now()), pin)
}

fn sign(keys: &LedgerKeys, size: u64, root: Hash) -> String {
    let checkpoint = Checkpoint { origin: keys.origin().to_owned(), size, root };
    keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap()
}

fn prove(directory: &Directory, pin: &DirectoryPin, wanted: &[&str]) -> DirectoryProof {
    let top = sign(keys(0), directory.size(), ledger::tree::root(directory.leaves()));
    directory.proof(pin, top, &wanted.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
}

#[test]
fn whoever_pins_the_root_learns_keys_and_licensees_from_the_proof_alone() {
    let (all, pin) = grown();
    let directory = replay(ORIGIN, pin, &all).unwrap();
    let wanted = [
        "keyset/brand.example/1",
        "keyset/maker.example/1",
        "keyset/nobody.example/1",
        "prefix/952114112345",
        "prefix/952114199999",
        "prefix/9999",
    ];
    let mut proof = prove(&directory, pin, &wanted);
    let leaves: Vec<Hash> = ["one", "", "three"]
        .iter()
        .map(|note| if note.is_empty() { entry_leaf(&proof.checkpoint) } else { entry_leaf(note) })
        .collect();
    proof.hub = Some(HubEntry { index: 1, path: ledger::tree::inclusion_path(1, &leaves) });
    let hub = sign(keys(1), 3, ledger::tree::root(&leaves));

    let read = DirectoryProof::from_json("", &proof.to_json()).unwrap();
    assert_eq!(read, proof);
    let proved = verify_proof(&read, pin).unwrap();
    assert_eq!(proved.root.version, 2);
    let top = proved.policy.open_hub_checkpoint("hub.example/h", &hub).unwrap();
    proved.check_in_hub(&read, &top).unwrap();
    assert_eq!(proved.speaker("brand.example/1", 99), Some("brand"));
    assert_eq!(proved.speaker("nobody.example/1", 0), None);
    assert_eq!(proved.entry("keyset/nobody.example/1"), Lookup::Absent);
    let open = |place: usize, size| {
        let note = sign(keys(place), size, Hash::EMPTY);
        proved.policy.open_checkpoint(keys(place).origin(), &note).is_ok()
    };
    assert!(open(2, 35) && !open(2, 36) && open(3, 36) && !open(3, 35) && open(4, 1));
    let Lookup::Found((prefix, licences)) = proved.licensee("952114112345").unwrap() else {
        panic!("it is licensed")
    };
    assert_eq!((prefix.as_str(), licences[0].party.as_str()), ("952114112", "brand"));
    assert_eq!(licences[0].until, now().to_string(), "the revocation is in the interval");
    for absent in ["952114199999", "9999", "95211419"] {
        assert_eq!(proved.licensee(absent).unwrap(), Lookup::Absent, "{absent}");
    }
    assert_eq!(proved.licensee("401234500000").unwrap(), Lookup::NotShown);
    write_golden(&proof, pin, &hub);
}

#[test]
fn the_derived_policy_is_the_one_whose_hash_the_state_has() {
    let (all, pin) = grown();
    let directory = replay(ORIGIN, pin, &all).unwrap();
    let mut policy = directory.policy();
    assert_eq!(policy.directory.as_ref(), Some(pin));
    policy.directory = None;
    let hash = ledger::hash::sha256(policy.to_string().as_bytes());
    assert_eq!(directory.state().unwrap().policy_sha256, hash);
    assert_eq!(policy.to_string().parse(), Ok(policy));
}

#[test]
fn a_proof_of_an_older_state_shows_what_held_then_and_no_more() {
    let (first, pin) = entries();
    let old = prove(&replay(ORIGIN, pin, first).unwrap(), pin, &["prefix/952114112345"]);
    let proved = verify_proof(&old, pin).unwrap();
    assert_eq!(proved.state_until, "2026-11-17T12:00:00Z", "after it nobody can tell what holds");
    let (all, _) = grown();
    let mut mixed = prove(&replay(ORIGIN, pin, &all).unwrap(), pin, &["prefix/952114112345"]);
    mixed.roots.truncate(1);
    let error = verify_proof(&mixed, pin).unwrap_err().to_string();
    assert_eq!(error, "state: it was written under root version 2, the roots shown end with 1");
    mixed.state = old.state.clone();
    let error = verify_proof(&mixed, pin).unwrap_err().to_string();
    assert!(error.starts_with("state: "), "{error}");
}

fn write_golden(proof: &DirectoryProof, pin: &DirectoryPin, hub: &str) {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/tests/golden/directory/valid");
    if std::env::var_os("UPDATE_GOLDEN").is_none() || folder.exists() {
        return;
    }
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("directory.proof.json"), proof.to_json().canonical()).unwrap();
    std::fs::write(folder.join("hub.note"), hub).unwrap();
    let policy = format!("# Pins the golden directory; test keys, good for nothing else.\n{pin}\n");
    std::fs::write(folder.join("policy.txt"), policy).unwrap();
}
