//! Bundles of a ledger that exchanged its keys, each with the outcome that every verifier must give. `UPDATE_GOLDEN=1`
//! writes missing bundles and all outcomes; a bundle that exists is never rewritten.

use std::fs;

use ledger::{
    bundle::{
        self, Bundle, BundledRecord, CheckOutcome, HubEntry, HubProof, LedgerHistory, Naming,
        Outcome, Report,
    },
    checkpoint::Checkpoint,
    hub,
    keys::SystemRandom,
    note::{Note, NoteSignature},
    policy::Policy,
    record::Disclosure,
    tree,
};

use crate::scene;

/// Whose signature line.
#[derive(Clone, Copy)]
enum Line {
    OldEd25519,
    OldRsa,
    NewEd25519,
    NewRsa,
    /// Name and id of the old Ed25519 key, and a signature with one bit flipped.
    Broken,
    /// Another name.
    Witness,
    /// The ledger's name with an id that the policy does not have.
    UnknownId,
}
use Line::{Broken, NewEd25519, NewRsa, OldEd25519, OldRsa, UnknownId, Witness};

/// Name, size of the ledger's checkpoint, its lines, size of the hub's checkpoint.
const CASES: &[(&str, usize, &[Line], usize)] = &[
    ("old-pair-below", 3, &[OldEd25519, OldRsa], 5),
    ("old-ed25519-and-new-rsa-in-the-overlap", 4, &[OldEd25519, NewRsa], 5),
    ("new-pair-in-the-overlap", 4, &[NewEd25519, NewRsa], 5),
    ("both-pairs-in-the-overlap", 4, &[OldEd25519, OldRsa, NewEd25519, NewRsa], 5),
    ("new-pair-above", 5, &[NewEd25519, NewRsa], 5),
    ("new-pair-in-the-other-order", 5, &[NewRsa, NewEd25519], 5),
    (
        "unknown-lines-beside-the-new-pair",
        5,
        &[Witness, OldEd25519, NewEd25519, UnknownId, NewRsa],
        5,
    ),
    ("old-pair-above", 5, &[OldEd25519, OldRsa], 5),
    ("old-rsa-above-its-window", 4, &[OldEd25519, OldRsa], 5),
    ("new-pair-below", 3, &[NewEd25519, NewRsa], 5),
    ("pairs-mixed-above", 5, &[NewEd25519, OldRsa], 5),
    ("ed25519-missing", 5, &[NewRsa], 5),
    ("rsa-missing", 5, &[NewEd25519], 5),
    ("broken-line-beside-valid-ones", 4, &[Broken, NewEd25519, NewRsa], 5),
    ("hub-at-the-first-size-of-its-window", 5, &[NewEd25519, NewRsa], 2),
    ("hub-below-its-window", 5, &[NewEd25519, NewRsa], 1),
    ("hub-above-its-window", 5, &[NewEd25519, NewRsa], 6),
];

fn note(checkpoint: &Checkpoint, lines: &[Line]) -> String {
    let rng = SystemRandom::new();
    let sign = |keys: &ledger::keys::LedgerKeys| -> [NoteSignature; 2] {
        let note = keys.sign_checkpoint(checkpoint, &rng).unwrap();
        Note::parse(&note).unwrap().signatures.try_into().unwrap()
    };
    let [old_ed25519, old_rsa] = sign(&scene::keys(scene::FACTORY));
    let [new_ed25519, new_rsa] = sign(&scene::new_keys());
    let line = |line: &Line| match line {
        OldEd25519 => old_ed25519.clone(),
        OldRsa => old_rsa.clone(),
        NewEd25519 => new_ed25519.clone(),
        NewRsa => new_rsa.clone(),
        Broken => {
            let mut broken = old_ed25519.clone();
            broken.bytes[20] ^= 1;
            broken
        }
        Witness => NoteSignature { name: "witness.example/w1".into(), ..new_ed25519.clone() },
        UnknownId => NoteSignature { key_id: [1, 2, 3, 4], ..new_ed25519.clone() },
    };
    let signatures = lines.iter().map(line).collect();
    Note { text: checkpoint.body(), signatures }.to_string()
}

fn bundle(size: usize, lines: &[Line], hub_size: usize) -> Bundle {
    let ledger = scene::factory(4);
    let leaves = &ledger.leaves[..size];
    let root = tree::root(leaves);
    let signed =
        note(&Checkpoint { origin: scene::FACTORY.into(), size: size as u64, root }, lines);
    let record = BundledRecord {
        disclosed: ledger.records[0].disclose(
            &scene::secret(scene::FACTORY, 0),
            &Disclosure::Items(&[scene::ITEM.to_owned()]),
        ),
        index: 0,
        path: tree::inclusion_path(0, leaves),
        names: Naming::Item,
    };
    let mut entries = vec![hub::entry_leaf(&signed)];
    entries.extend((1..hub_size).map(|place| hub::entry_leaf(&format!("entry {place}"))));
    let hub =
        Checkpoint { origin: scene::HUB.into(), size: hub_size as u64, root: tree::root(&entries) };
    let entry = HubEntry { index: 0, path: tree::inclusion_path(0, &entries) };
    let history =
        LedgerHistory::assemble(scene::FACTORY, vec![record], signed, Some(entry)).unwrap();
    let checkpoint = scene::keys(scene::HUB).sign_checkpoint(&hub, &SystemRandom::new()).unwrap();
    Bundle {
        item: scene::ITEM.to_owned(),
        histories: vec![history],
        hub: Some(HubProof { origin: scene::HUB.to_owned(), checkpoint }),
        anchor: None,
        directory: None,
    }
}

/// The outcome, then the failed checks, one a line.
fn outcome(report: &Report) -> String {
    let outcome = match report.outcome {
        Outcome::Proved => "proved\n",
        Outcome::Refuted => "refuted\n",
        Outcome::CannotTell => "cannot tell\n",
    };
    let failed = report.checks.iter().filter(|check| check.outcome == CheckOutcome::Failed);
    let lines = failed.map(|check| format!("{}: {}\n", check.name, check.detail));
    std::iter::once(outcome.to_owned()).chain(lines).collect::<Vec<_>>().concat()
}

#[test]
fn each_bundle_of_a_rotated_ledger_has_its_outcome_for_its_reason() {
    let folder = scene::golden("rotation");
    let file = |name: &str, ending: &str| folder.join(format!("{name}{ending}"));
    if scene::is_update() {
        fs::create_dir_all(&folder).unwrap();
        let text = format!(
            "# Keys of a ledger before and after a rotation; test keys, good for nothing else.\n{}",
            scene::rotated_policy()
        );
        fs::write(folder.join("policy.txt"), text).unwrap();
    }
    let policy: Policy = fs::read_to_string(folder.join("policy.txt")).unwrap().parse().unwrap();
    assert_eq!(policy, scene::rotated_policy());
    for (name, size, lines, hub_size) in CASES {
        let path = file(name, ".bundle.json");
        if scene::is_update() && !path.exists() {
            fs::write(&path, bundle(*size, lines, *hub_size).to_bytes()).unwrap();
        }
        let found = outcome(&bundle::verify(&fs::read(&path).unwrap(), &policy));
        if scene::is_update() {
            fs::write(file(name, ".expected"), &found).unwrap();
        }
        assert_eq!(found, fs::read_to_string(file(name, ".expected")).unwrap(), "{name}");
    }
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, 1 + 2 * CASES.len());
}
