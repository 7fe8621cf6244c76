//! The three verifiers (ours, the browser's run by Node, the one in Python) against one another: on the corpus, on
//! generated notes and policies, on changed names, and on 10,000 changed copies of bundles that are proved.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

#[path = "verifier/corpus.rs"]
mod corpus;
#[path = "verifier/mutations.rs"]
mod mutations;
#[path = "verifier/names.rs"]
mod names;
#[path = "verifier/signed.rs"]
mod signed;
#[path = "verifier/three.rs"]
mod three;
#[path = "verifier/truncated.rs"]
mod truncated;
#[path = "verifier/words.rs"]
mod words;

use std::{collections::BTreeMap, fs, process::Command};

use ledger::{
    Hash,
    bundle::{self, Bundle, BundledRecord, LedgerHistory, Naming},
    checkpoint::Checkpoint,
    hash,
    json::{Json, object},
    keys::{LedgerKeys, SystemRandom},
    note::{Note, NoteSignature},
    record::{DisclosedField, DisclosedRecord, Disclosure, Record},
    tree,
};

use mutations::Numbers;
use three::{Batch, repository};

const ORIGIN: &str = "factory.example/line-1";
const ITEM: &str = "urn:epc:id:sgtin:4012345.011122.1";
const CASES: usize = 300;
const MUTANTS: usize = 10_000;

#[test]
fn the_browsers_verifier_agrees_with_ours_on_the_golden_bundles() {
    let output = Command::new("node")
        .args(["--test", "verify.test.mjs"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/pages/verify"))
        .output()
        .expect("Node.js 20 is needed to run the browser's verifier");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("# pass 13"), "{text}");
}

#[test]
fn all_verifiers_give_generated_notes_and_policies_the_same_outcome() {
    let mut generator = Generator::new();
    let mut batch = Batch::default();
    let policies: Vec<String> = (0..CASES)
        .map(|_| {
            let (bundle, policy) = generator.case();
            batch.add(bundle.into_bytes(), policy.as_bytes());
            policy
        })
        .collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for ((place, found), policy) in batch.run().into_iter().enumerate().zip(policies) {
        let bundle = String::from_utf8_lossy(batch.bundle(place));
        assert!(found.agree(), "{found:?}\npolicy:\n{policy}\nbundle:\n{bundle}");
        *counts.entry(found.ours).or_default() += 1;
    }
    // Each outcome occurs often enough for the comparison to mean something.
    for (outcome, least) in [("proved", 30), ("refuted", 60), ("cannot tell", 5), ("policy", 15)] {
        assert!(counts.get(outcome).is_some_and(|count| *count >= least), "{counts:?}");
    }
}

#[test]
fn all_verifiers_give_changed_bundles_the_same_outcome_and_prove_only_what_was_signed() {
    let golden =
        |name: &str| fs::read(repository("crates/ledger/tests/golden").join(name)).unwrap();
    let (policy, rotation) = (golden("policy.txt"), golden("rotation/policy.txt"));
    let mut originals = vec![(golden("valid/item.bundle.json"), policy.clone()); 4];
    for name in ["hub-at-the-first-size-of-its-window", "unknown-lines-beside-the-new-pair"] {
        originals.push((golden(&format!("rotation/{name}.bundle.json")), rotation.clone()));
    }
    let who = golden("directory/bundle/policy.txt");
    originals.extend(vec![(golden("directory/bundle/item.bundle.json"), who); 3]);
    for name in
        ["containers-in-a-circle", "names-in-every-list", "name-hidden", "list-of-2-53-less-1"]
    {
        let path = repository("tests/corpus/signed").join(format!("{name}.bundle.json"));
        originals.push((fs::read(path).unwrap(), policy.clone()));
    }
    let (mut numbers, mut batch) = (Numbers(0x9e37_79b9_7f4a_7c15), Batch::default());
    for number in 0..MUTANTS {
        let (original, policy) = &originals[number % originals.len()];
        batch.add(numbers.mutant(original), policy);
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (number, found) in batch.run().into_iter().enumerate() {
        let (mutant, original) = (batch.bundle(number), &originals[number % originals.len()].0);
        let text = || format!("{found:?} of mutant {number}:\n{}", String::from_utf8_lossy(mutant));
        assert!(found.agree(), "{}", text());
        if found.ours == "proved" && mutant != original {
            let parsed = bundle::parse(mutant).unwrap();
            assert!(says_no_more(&parsed, &bundle::parse(original).unwrap()), "{}", text());
        }
        *counts.entry(found.ours).or_default() += 1;
    }
    for (outcome, least) in [("proved", 30), ("refuted", MUTANTS / 2), ("cannot tell", 10)] {
        assert!(counts.get(outcome).is_some_and(|count| *count >= least), "{counts:?}");
    }
}

/// Whether everything that a bundle states is stated by the other one: it may lack a ledger, a record of a container,
/// elements of lists, hub and anchor, because no bundle proves that it is complete. Signature lines are not compared:
/// those that count are, by their verification, and the others state nothing.
fn says_no_more(bundle: &Bundle, original: &Bundle) -> bool {
    let text = |note: &str| note.split("\n\n").next().map(str::to_owned);
    let has_same_hub = match (&bundle.hub, &original.hub) {
        (Some(hub), Some(other)) => {
            hub.origin == other.origin && text(&hub.checkpoint) == text(&other.checkpoint)
        }
        (hub, _) => hub.is_none(),
    };
    let is_in_original = |history: &LedgerHistory| {
        let mut others = original.histories.iter().filter(|other| other.origin == history.origin);
        others.next().is_some_and(|other| {
            history.history_root == other.history_root
                && text(&history.checkpoint) == text(&other.checkpoint)
                && (history.hub.is_none() || history.hub == other.hub)
                && history.records.iter().all(|record| has_record(other, record))
        })
    };
    epc::written_key(&bundle.item) == epc::written_key(&original.item)
        && has_same_hub
        && (bundle.anchor.is_none() || bundle.anchor == original.anchor)
        && has_no_other_directory(bundle, original)
        && bundle.histories.iter().all(is_in_original)
}

/// The same directory; it may lack entries, which say who is licensed.
fn has_no_other_directory(bundle: &Bundle, original: &Bundle) -> bool {
    let text = |note: &str| note.rsplit_once("\n\n").map(|(text, _)| text.to_owned());
    let texts = |notes: &[String]| notes.iter().map(|note| text(note)).collect::<Vec<_>>();
    match (&bundle.directory, &original.directory) {
        (Some(proof), Some(other)) => {
            texts(&proof.roots) == texts(&other.roots)
                && text(&proof.checkpoint) == text(&other.checkpoint)
                && text(&proof.state.note) == text(&other.state.note)
                && (proof.hub.is_none() || proof.hub == other.hub)
                && proof.entries.iter().all(|entry| other.entries.contains(entry))
        }
        // Without a pin the proof states nothing.
        (proof, _) => proof.is_none(),
    }
}

fn has_record(history: &LedgerHistory, record: &BundledRecord) -> bool {
    history.records.iter().any(|other| {
        // A record can name two containers of the item; which of them is stated makes no difference.
        (record.index, &record.path, record.names == Naming::Item)
            == (other.index, &other.path, other.names == Naming::Item)
            && shows_no_more(&record.disclosed, &other.disclosed)
    })
}

fn shows_no_more(record: &DisclosedRecord, other: &DisclosedRecord) -> bool {
    record.fields.len() == other.fields.len()
        && record.fields.iter().zip(&other.fields).all(|pair| match pair {
            (
                DisclosedField::List { name, count, elements },
                DisclosedField::List { name: other_name, count: other_count, elements: others },
            ) => {
                (name, count) == (other_name, other_count)
                    && elements.iter().all(|element| others.contains(element))
            }
            (field, other) => field == other,
        })
}

/// Bundles of one record in a ledger of 1 to 8 records, under policies with random windows.
struct Generator {
    state: u64,
    record: Record,
    leaves: Vec<Hash>,
    keys: Vec<String>,
    /// For each size from 1 the lines of the four keys, in the order of `keys`.
    lines: Vec<Vec<NoteSignature>>,
}

impl Generator {
    fn new() -> Self {
        let names = Json::Array(vec![Json::from(ITEM)]);
        let record = Record::from_json(object([("epcList", names)])).unwrap();
        let mut leaves = vec![record.leaf_hash(&[1; 16])];
        leaves.extend((1..8).map(|place: u8| hash::leaf(&[place])));
        let folder = repository("crates/ledger/tests/golden/keys");
        let pairs = ["factory.pem", "factory-2.pem"].map(|file| {
            LedgerKeys::from_pem_file(&fs::read_to_string(folder.join(file)).unwrap()).unwrap()
        });
        let keys = pairs.iter().flat_map(LedgerKeys::verifier_keys).map(|key| key.to_string());
        let lines_at = |size: usize| {
            let checkpoint = checkpoint(&leaves, size);
            let sign = |keys: &LedgerKeys| {
                let note = keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap();
                Note::parse(&note).unwrap().signatures
            };
            pairs.iter().flat_map(sign).collect()
        };
        let lines = (1..=leaves.len()).map(lines_at).collect();
        Self { state: 0x2545_f491_4f6c_dd1d, record, keys: keys.collect(), lines, leaves }
    }

    /// A number below `limit`, the same in every run.
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap() % limit
    }

    /// A bundle and a policy.
    fn case(&mut self) -> (String, String) {
        let size = 1 + self.below(self.leaves.len());
        let record = BundledRecord {
            disclosed: self.record.disclose(&[1; 16], &Disclosure::All),
            index: 0,
            path: tree::inclusion_path(0, &self.leaves[..size]),
            names: Naming::Item,
        };
        let note = self.note(size);
        let history = LedgerHistory::assemble(ORIGIN, vec![record], note, None).unwrap();
        let bundle = Bundle {
            item: ITEM.to_owned(),
            histories: vec![history],
            hub: None,
            anchor: None,
            directory: None,
        };
        (String::from_utf8(bundle.to_bytes()).unwrap(), self.policy())
    }

    fn note(&mut self, size: usize) -> String {
        let mut note = Note {
            text: checkpoint(&self.leaves, size).body(),
            signatures: self.lines[size - 1].clone(),
        };
        // Most notes keep the lines of one pair at least; the rest is chance.
        match self.below(4) {
            0 => drop(note.signatures.drain(..2)),
            1 => note.signatures.truncate(2),
            2 => {
                for _ in 0..self.below(4) {
                    let place = self.below(note.signatures.len());
                    note.signatures.remove(place);
                }
            }
            _ => {}
        }
        for _ in 0..self.below(3) {
            let which = self.below(4);
            let mut line = self.lines[size - 1][which].clone();
            match self.below(4) {
                0 => line.bytes[5] ^= 1,
                1 => line.key_id[0] ^= 1,
                2 => "witness.example/w1".clone_into(&mut line.name),
                _ => {}
            }
            let place = self.below(note.signatures.len() + 1);
            note.signatures.insert(place, line);
        }
        let mut text: Vec<char> = note.to_string().chars().collect();
        if self.below(8) == 0 {
            let place = self.below(text.len());
            let others = ['\n', ' ', '+', '=', 'A', '0', '—', '\u{2028}', '\u{85}', '\r'];
            text[place] = others[self.below(others.len())];
        }
        text.into_iter().collect()
    }

    fn policy(&mut self) -> String {
        let mut policy = Vec::new();
        for place in 0..self.keys.len() {
            let times = [0, 1, 1, 1, 1, 1, 1, 2][self.below(8)];
            for _ in 0..times {
                let (from, until) = (self.below(6), 3 + self.below(7));
                let window = match self.below(6) {
                    0 | 1 => String::new(),
                    2 => format!(" from {from}"),
                    3 => format!(" until {until}"),
                    4 => format!(" from {from} until {until}"),
                    _ => format!(" https://log.example/ from {from}"),
                };
                policy.push(format!("log {}{window}\n", self.keys[place]));
            }
        }
        if self.below(12) == 0 {
            return "quorum none\n".to_owned();
        }
        policy.concat()
    }
}

fn checkpoint(leaves: &[Hash], size: usize) -> Checkpoint {
    Checkpoint { origin: ORIGIN.into(), size: size as u64, root: tree::root(&leaves[..size]) }
}
