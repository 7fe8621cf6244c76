//! The browser's verifier, run by Node: on the golden bundles, and against the Rust verifier on generated ones.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use ledger::{
    Hash,
    bundle::{self, Bundle, BundledRecord, LedgerHistory, Naming, Outcome},
    checkpoint::Checkpoint,
    hash,
    json::{self, Json, Limits, object},
    keys::{LedgerKeys, SystemRandom},
    note::{Note, NoteSignature},
    policy::Policy,
    record::{Disclosure, Record},
    tree,
};

const ORIGIN: &str = "factory.example/line-1";
const ITEM: &str = "urn:epc:id:sgtin:4012345.011122.1";
const CASES: usize = 300;

#[test]
fn the_browsers_verifier_agrees_with_ours_on_the_golden_bundles() {
    let output = Command::new("node")
        .args(["--test", "verify.test.mjs"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/pages/verify"))
        .output()
        .expect("Node.js 20 is needed to run the browser's verifier");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("# pass 10"), "{text}");
}

#[test]
fn both_verifiers_give_generated_notes_and_policies_the_same_outcome() {
    let mut generator = Generator::new();
    let cases: Vec<(String, String)> = (0..CASES).map(|_| generator.case()).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for ((bundle, policy), by_browser) in cases.iter().zip(outcomes_in_the_browser(&cases)) {
        let ours = outcome(bundle, policy);
        assert_eq!(ours, by_browser, "policy:\n{policy}\nbundle:\n{bundle}");
        *counts.entry(ours).or_default() += 1;
    }
    // Each outcome occurs often enough for the comparison to mean something.
    for (outcome, least) in [("proved", 30), ("refuted", 60), ("cannot tell", 5), ("policy", 15)] {
        assert!(counts.get(outcome).is_some_and(|count| *count >= least), "{counts:?}");
    }
}

fn outcome(bundle: &str, policy: &str) -> &'static str {
    let Ok(policy) = policy.parse::<Policy>() else { return "policy" };
    match bundle::verify(bundle.as_bytes(), &policy).outcome {
        Outcome::Proved => "proved",
        Outcome::Refuted => "refuted",
        Outcome::CannotTell => "cannot tell",
    }
}

fn outcomes_in_the_browser(cases: &[(String, String)]) -> Vec<String> {
    let input = cases.iter().map(|(bundle, policy)| {
        object([("bundle", Json::from(bundle.as_str())), ("policy", Json::from(policy.as_str()))])
    });
    let mut node = Command::new("node")
        .arg("outcomes.mjs")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verifier"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = Json::Array(input.collect()).canonical();
    node.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    let outcomes = json::parse(&output.stdout, &Limits::default()).unwrap();
    outcomes.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
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
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ledger/tests/golden/keys");
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
        let bundle =
            Bundle { item: ITEM.to_owned(), histories: vec![history], hub: None, anchor: None };
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
