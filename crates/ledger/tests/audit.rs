//! The audit of a whole ledger names what was altered and nothing else.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

#[path = "bundle/scene.rs"]
#[expect(
    dead_code,
    reason = "the scene belongs to the bundle's tests; the audit needs its ledgers only"
)]
mod scene;

use ledger::{
    Hash,
    audit::{AuditSummary, LedgerAudit},
    checkpoint::Checkpoint,
    hub,
    keys::{LedgerKeys, SystemRandom},
    policy::Policy,
    tree,
};

/// What a database holds of one ledger, to be altered.
struct Rows {
    texts: Vec<String>,
    leaves: Vec<Hash>,
    checkpoints: Vec<(u64, String)>,
    head: (u64, Hash),
}

impl Rows {
    /// The factory's ledger with a checkpoint at 2 and at the end.
    fn factory() -> Self {
        let ledger = scene::factory(4);
        let early = Checkpoint {
            size: 2,
            root: tree::root(&ledger.leaves[..2]),
            ..ledger.checkpoint.clone()
        };
        let note =
            scene::keys(scene::FACTORY).sign_checkpoint(&early, &SystemRandom::new()).unwrap();
        Self {
            texts: ledger.records.iter().map(|record| record.text().to_owned()).collect(),
            checkpoints: vec![(2, note), (ledger.checkpoint.size, ledger.note)],
            head: (ledger.checkpoint.size, ledger.checkpoint.root),
            leaves: ledger.leaves,
        }
    }

    fn audit(&self) -> AuditSummary {
        self.audit_with(&scene::policy())
    }

    fn audit_with(&self, policy: &Policy) -> AuditSummary {
        let mut audit = LedgerAudit::of_site(scene::FACTORY, policy);
        for (index, (text, leaf)) in self.texts.iter().zip(&self.leaves).enumerate() {
            audit.record(index as u64, text, &scene::secret(scene::FACTORY, index), leaf);
            for (size, note) in &self.checkpoints {
                if *size == audit.size() {
                    audit.checkpoint(*size, note);
                }
            }
        }
        audit.finish(self.head.0, &self.head.1)
    }

    fn findings(&self) -> Vec<String> {
        self.audit().findings.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn an_untouched_ledger_is_whole() {
    let summary = Rows::factory().audit();
    assert!(summary.is_whole(), "{summary:?}");
    assert_eq!((summary.records, summary.checkpoints), (5, 2));
}

#[test]
fn a_policy_without_a_key_of_the_ledger_cannot_tell_and_contradictions_count_all_the_same() {
    let mut rows = Rows::factory();
    let policy = Policy::default();
    let summary = rows.audit_with(&policy);
    assert_eq!((summary.without_key, &summary.findings[..]), (2, &[][..]));
    assert!(!summary.is_whole(), "nobody knows whether it is signed");
    rows.texts[3] = rows.texts[3].replace("2026-03-02", "2026-03-03");
    let summary = rows.audit_with(&policy);
    assert_eq!((summary.without_key, summary.findings.len()), (2, 1), "{summary:?}");
    assert_eq!(summary.findings[0].index, Some(3));
}

#[test]
fn checkpoints_may_come_after_all_rows_but_in_order() {
    let (rows, policy) = (Rows::factory(), scene::policy());
    let audit = |checkpoints: &[(u64, String)]| {
        let mut audit = LedgerAudit::of_site(scene::FACTORY, &policy);
        for (index, (text, leaf)) in rows.texts.iter().zip(&rows.leaves).enumerate() {
            audit.record(index as u64, text, &scene::secret(scene::FACTORY, index), leaf);
        }
        for (size, note) in checkpoints {
            audit.checkpoint(*size, note);
        }
        audit.finish(rows.head.0, &rows.head.1).findings
    };
    assert_eq!(audit(&rows.checkpoints), []);
    let reversed: Vec<_> = rows.checkpoints.iter().rev().cloned().collect();
    assert!(audit(&reversed)[0].what.contains("got a checkpoint of size 2 after a larger one"));
}

#[test]
fn an_altered_text_is_named_and_only_it() {
    let mut rows = Rows::factory();
    rows.texts[3] = rows.texts[3].replace("2026-03-02", "2026-03-03");
    let [finding] = &rows.findings()[..] else { panic!("{:?}", rows.findings()) };
    assert!(
        finding.starts_with("factory.example/line-1 #3: the stored text and secret give"),
        "{finding}"
    );
    rows.texts[3] = "no record".to_owned();
    assert!(rows.findings()[0].contains("#3: the stored text is not a record"));
}

#[test]
fn an_altered_text_with_its_leaf_hash_is_caught_by_the_next_checkpoint() {
    let mut rows = Rows::factory();
    rows.texts[3] = rows.texts[3].replace("2026-03-02", "2026-03-03");
    let record = ledger::record::Record::parse(&rows.texts[3]).unwrap();
    rows.leaves[3] = record.leaf_hash(&scene::secret(scene::FACTORY, 3));
    let [finding] = &rows.findings()[..] else { panic!("{:?}", rows.findings()) };
    assert!(finding.contains("rows 2 to 4 give root"), "{finding}");
    // Even if the head was altered with it.
    rows.head.1 = tree::root(&rows.leaves);
    assert_eq!(rows.findings().len(), 2);
}

#[test]
fn a_row_or_checkpoint_taken_away_or_exchanged_is_found() {
    let mut shorter = Rows::factory();
    shorter.texts.pop();
    shorter.leaves.pop();
    let found = shorter.findings();
    assert!(
        found.iter().any(|what| what.contains("got 4 rows, but the head has size 5")),
        "{found:?}"
    );

    let mut without = Rows::factory();
    without.checkpoints.pop();
    let found = without.findings();
    assert!(found[0].contains("the last checkpoint has size 2, the head 5"), "{found:?}");

    let mut exchanged = Rows::factory();
    exchanged.texts.swap(0, 1);
    assert_eq!(exchanged.findings().len(), 2);

    let mut resigned = Rows::factory();
    let note = &mut resigned.checkpoints[1].1;
    *note = note.replace("\n5\n", "\n6\n");
    let found = resigned.findings();
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert!(finding.contains("stored checkpoint of size 5: checkpoint of size 6: "), "{finding}");
    assert!(finding.ends_with("of `factory.example/line-1` does not verify"), "{finding}");

    let mut mislabelled = Rows::factory();
    let signed = mislabelled.checkpoints[0].1.clone();
    mislabelled.checkpoints[1].1 = signed;
    let found = mislabelled.findings();
    assert!(found[0].contains("stored checkpoint of size 5 is signed for size 2"), "{found:?}");
    assert!(found[1].contains("rows 2 to 4 give root"), "{found:?}");

    let policy = scene::policy();
    let mut early = LedgerAudit::of_site(scene::FACTORY, &policy);
    early.checkpoint(2, &Rows::factory().checkpoints[0].1);
    assert!(early.finish(0, &Hash::EMPTY).findings[0].what.contains("but there are 0 rows"));
}

#[test]
fn a_ledger_whose_keys_were_rotated_is_whole_and_each_pair_counts_only_in_its_window() {
    let mut rows = Rows::factory();
    let signed = |keys: &LedgerKeys, size: usize| {
        let root = tree::root(&rows.leaves[..size]);
        let checkpoint = Checkpoint { origin: scene::FACTORY.into(), size: size as u64, root };
        (checkpoint.size, keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap())
    };
    let (old, new) = (scene::keys(scene::FACTORY), scene::new_keys());
    let (by_old, by_new) = (signed(&old, 5), signed(&new, 5));
    rows.checkpoints = vec![signed(&old, 2), by_new.clone()];
    let policy = scene::rotated_policy();
    assert_eq!(rows.audit_with(&policy).findings, []);

    rows.checkpoints[1] = by_old;
    let found = rows.audit_with(&policy).findings;
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        finding.what,
        "stored checkpoint of size 5: checkpoint of size 5: expected a valid Ed25519 signature of \
         `factory.example/line-1` by a key in force at that size, got none"
    );
    rows.checkpoints = vec![signed(&new, 2), by_new];
    assert_eq!(rows.audit_with(&policy).findings.len(), 1);
}

#[test]
fn an_entry_of_the_hub_that_was_altered_is_named() {
    let notes = [scene::factory(2).note, scene::shop().note];
    let mut leaves: Vec<_> = notes.iter().map(|note| hub::entry_leaf(note)).collect();
    let keys = scene::keys(scene::HUB);
    let checkpoint = Checkpoint { origin: scene::HUB.into(), size: 2, root: tree::root(&leaves) };
    let signed = keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap();
    let policy = scene::policy();
    let audit = |leaves: &[Hash], notes: &[String]| {
        let mut audit = LedgerAudit::of_hub(scene::HUB, &policy);
        for (index, (note, leaf)) in notes.iter().zip(leaves).enumerate() {
            audit.hub_entry(index as u64, note, leaf);
        }
        audit.checkpoint(2, &signed);
        audit.finish(2, &checkpoint.root).findings
    };
    assert_eq!(audit(&leaves, &notes), []);
    let altered = [notes[0].replacen("factory", "factori", 1), notes[1].clone()];
    let found = audit(&leaves, &altered);
    assert_eq!((found.len(), found[0].index), (1, Some(0)));
    leaves.swap(0, 1);
    assert_eq!(audit(&leaves, &notes).len(), 3);
}
