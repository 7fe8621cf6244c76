//! How many witnesses of a policy cosigned a checkpoint of ours.
//!
//! What holds: a witness counts by its key, once, and never with the key of a ledger or hub of the policy; a cosignature that does not
//! verify counts as none.
//!
//! Not here: whether the ledger signed ([`Policy::open_checkpoint`]), a quorum of a foreign log ([`super::Trust`]).
//!
//! Source: C2SP tlog-cosignature.

use std::collections::BTreeSet;

use super::trust::Cosignature;
use crate::keys::PlainKey;
use crate::note::Note;
use crate::policy::Policy;

/// The number of witnesses that `policy` names and that cosigned this note.
///
/// - Cost: one signature check for each line of a witness.
#[must_use]
pub fn cosigners(policy: &Policy, note: &str) -> usize {
    if policy.witnesses.is_empty() {
        return 0;
    }
    let Ok(note) = Note::parse(note) else { return 0 };
    let own =
        policy.logs.iter().chain(&policy.hub).filter_map(|one| PlainKey::of_verifier(&one.key));
    let own: BTreeSet<[u8; 32]> = own.map(|key| key.hash().0).collect();
    let cosignatures: Vec<Cosignature<'_>> =
        note.signatures.iter().map(Cosignature::of_line).collect();
    let keys = policy.witnesses.iter().filter_map(|one| PlainKey::of_cosigner(&one.key).ok()?);
    let counted = keys.filter(|key| {
        let is_signed =
            |one: &Cosignature<'_>| one.is_named(key) && one.verifies(key, &note.text).is_some();
        !own.contains(&key.hash().0) && cosignatures.iter().any(is_signed)
    });
    counted.map(|key| key.hash().0).collect::<BTreeSet<[u8; 32]>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{LedgerKeys, SourceKey, SystemRandom, VerifierKey};
    use crate::note::NoteSignature;

    const ORIGIN: &str = "factory.example/packing";

    /// A line of a witness over a text.
    fn line(key: &SourceKey, name: &str, text: &str) -> NoteSignature {
        let message = format!("cosignature/v1\ntime 1764000000\n{text}");
        let time = 1_764_000_000_u64.to_be_bytes();
        NoteSignature {
            name: name.to_owned(),
            key_id: plain(key).cosigner_id(name),
            bytes: [&time[..], &key.sign(message.as_bytes())[..]].concat(),
        }
    }

    fn plain(key: &SourceKey) -> PlainKey {
        PlainKey::of_verifier(&VerifierKey::of_source("w", key.verifier()).unwrap()).unwrap()
    }

    #[test]
    fn witnesses_of_the_policy_count_once_and_others_or_altered_lines_never() {
        let random = SystemRandom::new();
        let keys = LedgerKeys::generate(ORIGIN, &random).unwrap();
        let [one, two, stranger] = [(); 3].map(|()| SourceKey::generate(&random).unwrap());
        let checkpoint = crate::checkpoint::Checkpoint {
            origin: ORIGIN.to_owned(),
            size: 0,
            root: crate::Hash::EMPTY,
        };
        let note: Note = Note::parse(&keys.sign_checkpoint(&checkpoint, &random).unwrap()).unwrap();
        let lines: Vec<String> =
            keys.verifier_keys().iter().map(|key| format!("log {key}\n")).collect();
        let logs = lines.concat();
        let named = |key: &SourceKey, name: &str| {
            format!("witness {name} {}\n", plain(key).to_cosigner(name))
        };
        let all = logs.clone() + &named(&one, "w1.example") + &named(&two, "w2.example");
        let policy: Policy = all.parse().unwrap();
        let with = |lines: Vec<NoteSignature>| {
            let signatures = [note.signatures.clone(), lines].concat();
            Note { text: note.text.clone(), signatures }.to_string()
        };
        let text = &note.text;
        let first = || line(&one, "w1.example", text);
        let mut altered = first();
        altered.bytes[20] ^= 1;
        for (lines, expected) in [
            (vec![], 0),
            (vec![first()], 1),
            (vec![first(), first()], 1),
            (vec![first(), line(&two, "w2.example", text)], 2),
            (vec![line(&stranger, "w1.example", text)], 0),
            (vec![line(&one, "w1.example", "another text\n")], 0),
            (vec![altered], 0),
        ] {
            assert_eq!(cosigners(&policy, &with(lines)), expected);
        }
        let without: Policy = logs.parse().unwrap();
        assert_eq!(cosigners(&without, &with(vec![first()])), 0, "a policy without witnesses");
        assert_eq!(cosigners(&policy, "no note"), 0);
    }
}
