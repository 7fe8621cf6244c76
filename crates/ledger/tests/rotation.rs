//! Whether a checkpoint is signed, before, during and after a ledger exchanges its keys.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

#[path = "rotation/files.rs"]
mod files;
#[path = "bundle/scene.rs"]
#[expect(dead_code, reason = "the scene belongs to the bundle's tests; not all of it is used here")]
mod scene;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ledger::{
    Hash,
    checkpoint::Checkpoint,
    hash,
    keys::{Algorithm, LedgerKeys, SourceKey, SystemRandom},
    note::{Note, NoteSignature},
    policy::{OpenError, Policy},
};

const ORIGIN: &str = scene::FACTORY;

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size, root: Hash::EMPTY }
}

/// The Ed25519 and the RSA line of a pair.
fn lines(keys: &LedgerKeys, size: u64) -> [NoteSignature; 2] {
    let note = keys.sign_checkpoint(&checkpoint(size), &SystemRandom::new()).unwrap();
    Note::parse(&note).unwrap().signatures.try_into().unwrap()
}

fn note(size: u64, signatures: &[&NoteSignature]) -> String {
    let signatures = signatures.iter().map(|line| (*line).clone()).collect();
    Note { text: checkpoint(size).body(), signatures }.to_string()
}

/// A policy of one line for each key: `log` for those of the ledger, in the order given.
fn policy(keys: &[(&LedgerKeys, &str)]) -> Policy {
    let lines = keys.iter().flat_map(|(keys, window)| {
        keys.verifier_keys().into_iter().map(move |key| format!("log {key} {window}\n"))
    });
    lines.collect::<String>().parse().unwrap()
}

/// The old pair below size 5, the new pair from size 5 on.
fn rotated() -> (LedgerKeys, LedgerKeys, Policy) {
    let (old, new) = (scene::keys(ORIGIN), scene::new_keys());
    let policy = policy(&[(&old, "until 5"), (&new, "from 5")]);
    (old, new, policy)
}

fn missing(size: u64, algorithm: Algorithm) -> OpenError {
    OpenError::MissingSignature { origin: ORIGIN.into(), size, algorithm }
}

fn invalid(size: u64, line: &NoteSignature) -> OpenError {
    OpenError::InvalidSignature { origin: ORIGIN.into(), size, key_id: line.key_id }
}

#[test]
fn below_the_rotation_the_old_pair_signs_and_from_it_on_the_new_pair() {
    let (old, new, policy) = rotated();
    for (size, right, wrong) in
        [(0, &old, &new), (4, &old, &new), (5, &new, &old), (6, &new, &old), (1 << 60, &new, &old)]
    {
        let [ed25519, rsa] = lines(right, size);
        let opened = policy.open_checkpoint(ORIGIN, &note(size, &[&ed25519, &rsa]));
        assert_eq!(opened, Ok(checkpoint(size)));
        let [ed25519, rsa] = lines(wrong, size);
        let opened = policy.open_checkpoint(ORIGIN, &note(size, &[&ed25519, &rsa]));
        assert_eq!(opened, Err(missing(size, Algorithm::Ed25519)));
    }
}

#[test]
fn a_checkpoint_signed_by_a_retired_key_is_refused_in_plain_words() {
    let (old, _, policy) = rotated();
    let [ed25519, rsa] = lines(&old, 7);
    let error = policy.open_checkpoint(ORIGIN, &note(7, &[&ed25519, &rsa])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "checkpoint of size 7: expected a valid Ed25519 signature of `factory.example/line-1` by a key in force at \
         that size, got none"
    );
}

#[test]
fn each_algorithm_with_a_key_in_force_must_sign() {
    let (old, new, policy) = rotated();
    let [ed25519, rsa] = lines(&new, 5);
    let [old_ed25519, old_rsa] = lines(&old, 5);
    for (lines, algorithm) in [
        ([&ed25519, &old_rsa], Algorithm::RsaPss3072),
        ([&rsa, &old_ed25519], Algorithm::Ed25519),
        ([&ed25519, &ed25519], Algorithm::RsaPss3072),
    ] {
        let opened = policy.open_checkpoint(ORIGIN, &note(5, &lines));
        assert_eq!(opened, Err(missing(5, algorithm)));
    }
    // Of a policy that names one kind only, that kind is enough.
    let rsa_only: Policy = format!("log {} from 5", new.verifier_keys()[1]).parse().unwrap();
    assert_eq!(rsa_only.open_checkpoint(ORIGIN, &note(5, &[&rsa])), Ok(checkpoint(5)));
    let opened = rsa_only.open_checkpoint(ORIGIN, &note(5, &[&ed25519]));
    assert_eq!(opened, Err(missing(5, Algorithm::RsaPss3072)));
}

#[test]
fn lines_of_unknown_keys_are_ignored_wherever_they_are() {
    let (old, new, policy) = rotated();
    let [ed25519, rsa] = lines(&new, 5);
    let [retired, _] = lines(&old, 5);
    let witness = NoteSignature { name: "witness.example".into(), ..ed25519.clone() };
    let other_id = NoteSignature { key_id: [1, 2, 3, 4], ..ed25519.clone() };
    let mut broken_retired = retired.clone();
    broken_retired.bytes[0] ^= 1;
    for unknown in [&witness, &other_id, &retired, &broken_retired] {
        for lines in
            [[unknown, &ed25519, &rsa], [&rsa, unknown, &ed25519], [&ed25519, &rsa, unknown]]
        {
            let opened = policy.open_checkpoint(ORIGIN, &note(5, &lines));
            assert_eq!(opened, Ok(checkpoint(5)));
        }
        let opened = policy.open_checkpoint(ORIGIN, &note(5, &[unknown, &rsa]));
        assert_eq!(opened, Err(missing(5, Algorithm::Ed25519)));
    }
}

#[test]
fn while_two_keys_of_one_kind_are_in_force_one_of_them_suffices() {
    let (old, new) = (scene::keys(ORIGIN), scene::new_keys());
    let policy = policy(&[(&old, "until 7"), (&new, "from 3")]);
    let ([old_ed25519, old_rsa], [new_ed25519, new_rsa]) = (lines(&old, 5), lines(&new, 5));
    for lines in [
        &[&old_ed25519, &old_rsa][..],
        &[&new_ed25519, &new_rsa],
        &[&old_ed25519, &new_rsa],
        &[&new_ed25519, &old_rsa],
        &[&old_ed25519, &old_rsa, &new_ed25519, &new_rsa],
    ] {
        assert_eq!(policy.open_checkpoint(ORIGIN, &note(5, lines)), Ok(checkpoint(5)));
    }
}

#[test]
fn a_line_of_a_key_in_force_that_does_not_verify_refutes_even_beside_a_valid_one() {
    let (old, new) = (scene::keys(ORIGIN), scene::new_keys());
    let policy = policy(&[(&old, "until 7"), (&new, "from 3")]);
    let ([old_ed25519, _], [new_ed25519, new_rsa]) = (lines(&old, 5), lines(&new, 5));
    let mut broken = old_ed25519.clone();
    broken.bytes[9] ^= 1;
    for lines in [[&broken, &new_ed25519, &new_rsa], [&new_ed25519, &new_rsa, &broken]] {
        let opened = policy.open_checkpoint(ORIGIN, &note(5, &lines));
        assert_eq!(opened, Err(invalid(5, &broken)));
    }
    let short = NoteSignature { bytes: vec![7], ..new_rsa };
    let opened = policy.open_checkpoint(ORIGIN, &note(5, &[&new_ed25519, &short]));
    assert_eq!(opened, Err(invalid(5, &short)));
}

#[test]
fn the_same_line_twice_counts_once_and_harms_nobody() {
    let (_, new, policy) = rotated();
    let [ed25519, rsa] = lines(&new, 5);
    let opened = policy.open_checkpoint(ORIGIN, &note(5, &[&ed25519, &ed25519, &rsa]));
    assert_eq!(opened, Ok(checkpoint(5)));
}

#[test]
fn a_size_without_a_key_in_force_is_told_apart_from_a_ledger_without_keys() {
    let keys = scene::keys(ORIGIN);
    let policy = policy(&[(&keys, "from 3 until 5"), (&keys, "from 8")]);
    for (size, is_covered) in [(2, false), (3, true), (4, true), (5, false), (7, false), (8, true)]
    {
        let [ed25519, rsa] = lines(&keys, size);
        let opened = policy.open_checkpoint(ORIGIN, &note(size, &[&ed25519, &rsa]));
        let expected = OpenError::NoKeyInForce { origin: ORIGIN.into(), size };
        assert_eq!(opened, if is_covered { Ok(checkpoint(size)) } else { Err(expected) });
    }
    let [ed25519, rsa] = lines(&keys, 3);
    let note = note(3, &[&ed25519, &rsa]);
    let unknown = Err(OpenError::UnknownLedger { origin: ORIGIN.into(), size: 3 });
    assert_eq!(Policy::default().open_checkpoint(ORIGIN, &note), unknown);
    // Keys of ledgers do not sign for hubs.
    assert_eq!(policy.open_hub_checkpoint(ORIGIN, &note), unknown);
}

#[test]
fn another_ledgers_checkpoint_is_refused_whoever_signed_it() {
    let (old, _, policy) = rotated();
    let [ed25519, rsa] = lines(&old, 4);
    let note = note(4, &[&ed25519, &rsa]);
    let error = policy.open_checkpoint(scene::SHOP, &note).unwrap_err();
    assert_eq!(
        error.to_string(),
        "got a checkpoint of `factory.example/line-1`, expected one of `shop.example/till-1`"
    );
    let error = policy.open_checkpoint(ORIGIN, "no note").unwrap_err();
    assert_eq!(error.to_string(), "expected an empty line between text and signatures, got none");
    let error = policy.open_checkpoint(ORIGIN, &note.replacen("\n4\n", "\n04\n", 1)).unwrap_err();
    assert_eq!(error.to_string(), "got size `04`, expected a decimal number without leading zeros");
}

#[test]
fn the_size_and_root_are_those_of_the_note_for_the_caller_to_compare() {
    let (old, _, policy) = rotated();
    let signed = Checkpoint { root: Hash([7; 32]), ..checkpoint(4) };
    let note = old.sign_checkpoint(&signed, &SystemRandom::new()).unwrap();
    assert_eq!(policy.open_checkpoint(ORIGIN, &note), Ok(signed));
}

#[test]
fn a_hub_rotates_like_any_ledger() {
    let (old, new) = (scene::keys(ORIGIN), scene::new_keys());
    let logs = policy(&[(&old, "until 5"), (&new, "from 5")]).to_string();
    let policy: Policy = logs.replace("log ", "hub ").parse().unwrap();
    for (size, keys) in [(4, &old), (5, &new)] {
        let [ed25519, rsa] = lines(keys, size);
        let note = note(size, &[&ed25519, &rsa]);
        assert_eq!(policy.open_hub_checkpoint(ORIGIN, &note), Ok(checkpoint(size)));
    }
    let [ed25519, rsa] = lines(&old, 5);
    let opened = policy.open_hub_checkpoint(ORIGIN, &note(5, &[&ed25519, &rsa]));
    assert_eq!(opened, Err(missing(5, Algorithm::Ed25519)));
}

/// An Ed25519 key from a number, with its verifier key under [`ORIGIN`].
fn numbered_key(number: u64) -> (SourceKey, String, [u8; 4]) {
    let mut der = hex::decode("302e020100300506032b657004220420").unwrap();
    der.extend([0; 24]);
    der.extend(number.to_be_bytes());
    let pem =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", BASE64.encode(der));
    let key = SourceKey::from_pem(&pem).unwrap();
    let public = BASE64.decode(key.public_base64()).unwrap();
    let typed = [&[1][..], &public].concat();
    let id = hash::sha256_parts(&[ORIGIN.as_bytes(), b"\n", &typed]);
    let id: [u8; 4] = id.0[..4].try_into().unwrap();
    (key, format!("{ORIGIN}+{}+{}", hex::encode(id), BASE64.encode(typed)), id)
}

#[test]
fn two_keys_that_share_a_key_id_are_both_tried() {
    let (one, one_text, id) = numbered_key(COLLIDING[0]);
    let (two, two_text, two_id) = numbered_key(COLLIDING[1]);
    assert_eq!((id, one_text == two_text), (two_id, false));
    let policy: Policy = format!("log {one_text} until 9\nlog {two_text}").parse().unwrap();
    let line = |key: &SourceKey, size| NoteSignature {
        name: ORIGIN.into(),
        key_id: id,
        bytes: key.sign(checkpoint(size).body().as_bytes()).to_vec(),
    };
    for key in [&one, &two] {
        let opened = policy.open_checkpoint(ORIGIN, &note(5, &[&line(key, 5)]));
        assert_eq!(opened, Ok(checkpoint(5)));
    }
    // From 9 on the line of the first key has the id of the second and does not verify under it.
    let by_one = line(&one, 9);
    assert_eq!(policy.open_checkpoint(ORIGIN, &note(9, &[&by_one])), Err(invalid(9, &by_one)));
    let opened = policy.open_checkpoint(ORIGIN, &note(9, &[&line(&two, 9)]));
    assert_eq!(opened, Ok(checkpoint(9)));
}

/// Numbers of two keys with the same id, found by trying some 100,000.
const COLLIDING: [u64; 2] = [47_289, 70_864];
