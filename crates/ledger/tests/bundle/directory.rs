//! Bundles with a proof of the directory: what one pinned line proves, and what attackers try beside it.
//! `UPDATE_GOLDEN=1` writes the missing golden files of `golden/directory/bundle`; one that exists is never rewritten.

use std::{collections::BTreeMap, fs, sync::OnceLock};

use ledger::{
    bundle::{self, Bundle, CheckOutcome, HubEntry, Outcome, Report, TODAY},
    checkpoint::Checkpoint,
    directory::{
        DirectoryProof, Entry, HolderKey, StateTree,
        entry::{draft, text_of},
        proof::ProvedState,
        root::announced,
        state::State,
    },
    hash,
    hub::entry_leaf,
    json::{self, Json, Limits, object},
    keys::{LedgerKeys, SystemRandom},
    note::Note,
    policy::{DirectoryPin, Policy},
    proof,
    record::Disclosure,
    tree,
};

use crate::scene;

const WHO: &str = "who.example/1";

/// The golden files: the bundle, the policy of one line, the same with keys of ledgers, and with narrower ones.
const FILES: [&str; 4] = ["item.bundle.json", "policy.txt", "both.txt", "narrowed.txt"];

fn text(text: &str) -> Json {
    Json::from(text)
}

fn parsed(text: &str) -> Json {
    json::parse(text.as_bytes(), &Limits::default()).unwrap()
}

/// The members of a pair of keys.
fn pair(keys: &LedgerKeys, from: u64) -> Json {
    let own = keys.verifier_keys();
    object([
        ("origin", text(keys.origin())),
        ("ed25519", Json::from(own[0].to_string())),
        ("rsa", Json::from(own[1].to_string())),
        ("from_size", Json::from(from)),
    ])
}

/// A directory with two roots, two holders, and the entries that a test names.
pub struct Who {
    keys: LedgerKeys,
    ann: HolderKey,
    bob: HolderKey,
    entries: BTreeMap<String, String>,
    /// Whether the root states the hub's keys.
    has_hub: bool,
}

impl Who {
    /// The factory keeps its ledger and issues under 4012345; the shop keeps its till.
    pub fn new() -> Self {
        let made = |name| HolderKey::generate(name, &SystemRandom::new()).unwrap();
        let keys = LedgerKeys::generate(WHO, &SystemRandom::new()).unwrap();
        let (ann, bob) = (made("ann"), made("bob"));
        let mut who = Self { keys, ann, bob, entries: BTreeMap::new(), has_hub: true };
        who.keeps("factory", &scene::keys(scene::FACTORY), "");
        who.keeps("shop", &scene::keys(scene::SHOP), "");
        who.licence("4012345", "factory", "C");
        who.entry("prefix/9521141", r#"{"intervals":[]}"#);
        who
    }

    fn entry(&mut self, key: &str, value: &str) {
        self.entries.insert(key.into(), parsed(value).canonical());
    }

    fn keeps(&mut self, party: &str, keys: &LedgerKeys, more: &str) {
        let mut own = pair(keys, 0);
        own.set("party", text(party));
        own.set("record", text(&hash::sha256(party.as_bytes()).to_string()));
        for (name, value) in parsed(&format!("{{{more}}}")).as_object().unwrap() {
            own.set(name.as_str(), value.clone());
        }
        let value = object([("intervals", Json::Array(vec![own]))]).canonical();
        self.entry(&format!("keyset/{}", keys.origin()), &value);
    }

    fn licence(&mut self, digits: &str, party: &str, grade: &str) {
        let record = hash::sha256(digits.as_bytes());
        let value = format!(
            r#"{{"intervals":[{{"digits":"{digits}","evidence":[],"from":"2026-01-01T00:00:00Z","grade":"{grade}","party":"{party}","record":"{record}","until":"2027-01-01T00:00:00Z"}}]}}"#
        );
        self.entry(&format!("prefix/{digits}"), &value);
    }

    fn root(&self, version: u64, prev: Option<&ledger::Hash>) -> String {
        let people = |all: &[&HolderKey]| {
            let one = |key: &&HolderKey| {
                object([
                    ("holder", text(key.verifier().name())),
                    ("party", text(key.verifier().name())),
                    ("vkey", Json::from(key.verifier().to_string())),
                ])
            };
            Json::Array(all.iter().map(one).collect())
        };
        let both = people(&[&self.ann, &self.bob]);
        let next = [&self.ann, &self.bob]
            .map(|key| Json::from(announced(key.verifier()).to_string()))
            .to_vec();
        let hub = if self.has_hub { vec![pair(&scene::keys(scene::HUB), 0)] } else { Vec::new() };
        let chain =
            format!(r#"[{{"chain_id":31337,"contract":"0x{}"}}]"#, hex::encode(scene::CONTRACT));
        let mut root = draft("root", "root", version, prev);
        for (name, value) in [
            ("version", Json::from(version)),
            ("keys", both.clone()),
            ("threshold", Json::from(2_u64)),
            ("next", Json::Array(next)),
            ("registrars", both),
            ("registrar_threshold", Json::from(2_u64)),
            ("emergency", people(&[&self.bob])),
            ("directory", Json::Array(vec![pair(&self.keys, 0)])),
            ("hub", Json::Array(hub)),
            ("chains", parsed(&chain)),
            ("late_h", Json::from(72_u64)),
            ("from", text("2026-01-01T00:00:00Z")),
            ("until", text("2026-12-01T00:00:00Z")),
        ] {
            root.set(name, value);
        }
        let text = text_of(&root);
        let signatures = vec![self.ann.sign(&text), self.bob.sign(&text)];
        Note { text, signatures }.to_string()
    }

    /// The proof of all entries, without a place in the hub, and the pin of the first root.
    pub fn prove(&self) -> (DirectoryProof, DirectoryPin) {
        let first = self.root(1, None);
        let first_entry = Entry::parse(&first).unwrap();
        let second = self.root(2, Some(&first_entry.leaf));
        let mut leaves = vec![first_entry.leaf, Entry::parse(&second).unwrap().leaf];
        let state_tree = StateTree::new(self.entries.clone());
        let state = State {
            seq: 1,
            prev: None,
            size: 2,
            version: 2,
            count: state_tree.count(),
            root: state_tree.root(),
            policy_sha256: hash::sha256(b""),
            at: "2026-03-02T12:00:00Z".into(),
            until: "2026-03-09T12:00:00Z".into(),
        };
        let note = self.keys.sign_text(text_of(&state.to_json()), &SystemRandom::new()).unwrap();
        let note = note.to_string();
        leaves.push(Entry::parse(&note).unwrap().leaf);
        let top = Checkpoint { origin: WHO.into(), size: 3, root: tree::root(&leaves) };
        let wanted: Vec<String> = self.entries.keys().cloned().collect();
        let proof = DirectoryProof {
            checkpoint: self.keys.sign_checkpoint(&top, &SystemRandom::new()).unwrap(),
            hub: None,
            roots: vec![first, second],
            state: ProvedState { note, index: 2, path: tree::inclusion_path(2, &leaves) },
            entries: state_tree.prove(&wanted),
        };
        let pin = DirectoryPin { origin: WHO.into(), version: 1, root: first_entry.text_hash() };
        (proof, pin)
    }

    /// The golden bundle's content with the proof, in the hub, and the policy of one line.
    fn bundle(&self) -> (Bundle, Policy) {
        let (mut proof, pin) = self.prove();
        let what = Disclosure::Items(&scene::shown());
        let mut bundle = scene::bundle_beside(5, &what, &proof.checkpoint);
        // Entry 3 is the sibling of entry 2 in the hub.
        let entry = |history: usize| bundle.histories[history].hub.clone().unwrap();
        let (before, shops) = (entry(0), entry(1));
        let mut path = proof::whole_path(&shops.path, &before.path, shops.index, 5).unwrap();
        path[0] = entry_leaf(&bundle.histories[1].checkpoint);
        proof.hub = Some(HubEntry { index: shops.index + 1, path });
        bundle.directory = Some(proof);
        (bundle, Policy { directory: Some(pin), ..Policy::default() })
    }
}

fn verify(bundle: &Bundle, policy: &Policy) -> Report {
    bundle::verify(&bundle.to_bytes(), policy)
}

fn detail<'a>(report: &'a Report, name: &str) -> (&'a CheckOutcome, &'a str) {
    let found = report.checks.iter().find(|check| check.name == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {report:#?}"));
    (&found.outcome, &found.detail)
}

fn golden() -> [String; 4] {
    static WRITTEN: OnceLock<()> = OnceLock::new();
    let path = |name: &str| scene::golden("directory/bundle").join(name);
    WRITTEN.get_or_init(|| {
        if !scene::is_update() || path(FILES[0]).exists() {
            return;
        }
        let (bundle, policy) = Who::new().bundle();
        let narrowed: Vec<String> =
            scene::policy().logs.iter().map(|key| format!("log {} until 3\n", key.key)).collect();
        let head = "# Pins the directory of the golden bundle; test keys, good for nothing else.\n";
        fs::create_dir_all(path("")).unwrap();
        fs::write(path(FILES[0]), bundle.to_bytes()).unwrap();
        for (name, more) in [
            (FILES[1], String::new()),
            (FILES[2], scene::policy().to_string()),
            (FILES[3], narrowed.concat()),
        ] {
            fs::write(path(name), format!("{head}{policy}{more}")).unwrap();
        }
    });
    FILES.map(|name| fs::read_to_string(path(name)).unwrap())
}

#[test]
fn one_line_that_pins_the_directory_proves_the_golden_bundle() {
    let [bytes, policy, both, narrowed] = golden();
    let report = bundle::verify(bytes.as_bytes(), &policy.parse().unwrap());
    assert_eq!(report.outcome, Outcome::Proved, "{report:#?}");
    let told = |name| detail(&report, name).1;
    assert_eq!(told("directory"), "who.example/1 of root version 2, as of 2026-03-02T12:00:00Z");
    assert_eq!(told("directory in the hub"), "its checkpoint is entry 3 of hub.example");
    assert_eq!(told("who keeps factory.example/line-1"), "its records here are of factory");
    assert_eq!(told("who keeps shop.example/till-1"), "its records here are of shop");
    let licence = "prefix 4012345: factory from 2026-01-01T00:00:00Z until 2027-01-01T00:00:00Z (grade C: stated by the \
                   party itself)";
    assert_eq!(told("who may issue the item"), licence);
    let (today, until) = detail(&report, TODAY);
    assert!(*today == CheckOutcome::NotChecked && until.contains("until 2026-03-09T12:00:00Z"));
    assert_eq!(report.directory.unwrap().root_until, "2026-12-01T00:00:00Z");
    assert!(report.anchor.is_some(), "the directory states the contract");

    assert_eq!(bundle::verify(bytes.as_bytes(), &both.parse().unwrap()).outcome, Outcome::Proved);
    let narrow = bundle::verify(bytes.as_bytes(), &narrowed.parse().unwrap());
    assert_eq!(narrow.outcome, Outcome::Refuted, "the factory's checkpoint has size 5");
    assert_eq!(bundle::parse(bytes.as_bytes()).unwrap().to_bytes(), bytes.as_bytes());
}

#[test]
fn without_a_pin_authority_is_listed_as_not_checked() {
    let [bytes, ..] = golden();
    let report = bundle::verify(bytes.as_bytes(), &scene::policy());
    assert_eq!(report.outcome, Outcome::Proved, "{report:#?}");
    assert_eq!(*detail(&report, "authority").0, CheckOutcome::NotChecked);
}

#[test]
fn with_a_pin_and_no_proof_nobody_can_tell_whatever_keys_the_policy_lists() {
    let (mut bundle, pinned) = Who::new().bundle();
    bundle.directory = None;
    let policy = Policy { directory: pinned.directory.clone(), ..scene::policy() };
    for policy in [pinned, policy] {
        let report = verify(&bundle, &policy);
        assert_eq!(report.outcome, Outcome::CannotTell, "{report:#?}");
        assert_eq!(*detail(&report, "directory").0, CheckOutcome::NotChecked);
    }
}

#[test]
fn a_directory_of_the_attackers_own_is_refuted() {
    let (_, policy) = Who::new().bundle();
    let (bundle, _) = Who::new().bundle();
    let report = verify(&bundle, &policy);
    assert_eq!(report.outcome, Outcome::Refuted);
    assert!(detail(&report, "directory").1.contains("is pinned"), "{report:#?}");
}

#[test]
fn lines_of_the_policy_add_no_key_to_the_directory() {
    let mut who = Who::new();
    who.entries.remove(&format!("keyset/{}", scene::SHOP));
    let (bundle, policy) = who.bundle();
    let listed = Policy { directory: policy.directory.clone(), ..scene::policy() };
    for policy in [policy, listed] {
        assert_eq!(verify(&bundle, &policy).outcome, Outcome::CannotTell);
    }
    // Another pair than the directory's: the directory says that the factory's checkpoint is not signed.
    let mut who = Who::new();
    who.keeps("factory", &scene::new_keys(), "");
    let (bundle, policy) = who.bundle();
    assert_eq!(verify(&bundle, &policy).outcome, Outcome::Refuted);
    let listed = Policy { directory: policy.directory, ..scene::policy() };
    assert_eq!(verify(&bundle, &listed).outcome, Outcome::CannotTell, "no key is stated by both");
    who.has_hub = false;
    who.keeps("factory", &scene::keys(scene::FACTORY), "");
    let (bundle, policy) = who.bundle();
    let listed = Policy { directory: policy.directory, ..scene::policy() };
    assert_eq!(verify(&bundle, &listed).outcome, Outcome::CannotTell, "the hub is nobody's");
}

#[test]
fn a_pair_that_the_directory_revoked_signs_nothing_although_the_policy_lists_it() {
    let mut who = Who::new();
    let good =
        format!(r#""last_good":{{"root":"{}","size":2}},"until_size":3"#, ledger::Hash::EMPTY);
    who.keeps("factory", &scene::keys(scene::FACTORY), &good);
    let (bundle, policy) = who.bundle();
    let listed = Policy { directory: policy.directory.clone(), ..scene::policy() };
    for policy in [policy, listed] {
        let report = verify(&bundle, &policy);
        assert_eq!(report.outcome, Outcome::Refuted, "{report:#?}");
    }
}

#[test]
fn records_that_nobody_may_have_written_are_not_proved() {
    let mut who = Who::new();
    let good = format!(r#""last_good":{{"root":"{}","size":2}}"#, ledger::Hash::EMPTY);
    who.keeps("factory", &scene::keys(scene::FACTORY), &good);
    let (bundle, policy) = who.bundle();
    let report = verify(&bundle, &policy);
    assert_eq!(report.outcome, Outcome::CannotTell, "{report:#?}");
    assert!(detail(&report, "who keeps factory.example/line-1").1.contains("nobody's"));
}

#[test]
fn the_directory_is_in_the_hub_of_the_bundle() {
    let (bundle, policy) = Who::new().bundle();
    let changed = |change: &dyn Fn(&mut DirectoryProof)| {
        let mut copy = bundle.clone();
        copy.directory.as_mut().map(change).unwrap();
        verify(&copy, &policy).outcome
    };
    assert_eq!(changed(&|proof| proof.hub = None), Outcome::CannotTell);
    assert_eq!(changed(&|proof| proof.hub.as_mut().unwrap().index = 2), Outcome::Refuted);
    let mut without = bundle.clone();
    (without.hub, without.anchor) = (None, None);
    without.histories.iter_mut().for_each(|history| history.hub = None);
    assert_eq!(verify(&without, &policy).outcome, Outcome::Refuted, "a path and no hub");
    without.directory.as_mut().unwrap().hub = None;
    assert_eq!(verify(&without, &policy).outcome, Outcome::Proved);
}

#[test]
fn that_nobody_is_licensed_and_that_it_is_not_shown_are_told_apart() {
    let name = "who may issue the item";
    let mut who = Who::new();
    who.entries.remove("prefix/4012345");
    let (mut bundle, policy) = who.bundle();
    let report = verify(&bundle, &policy);
    assert_eq!(
        report.outcome,
        Outcome::Proved,
        "a stranger's records are proved to be the stranger's"
    );
    let nobody = "nobody is or was licensed for 401234511122";
    assert_eq!(detail(&report, name), (&CheckOutcome::Passed, nobody));
    let proof = bundle.directory.as_mut().unwrap();
    proof.entries.retain(|entry| !entry.key.starts_with("prefix/"));
    assert_eq!(*detail(&verify(&bundle, &policy), name).0, CheckOutcome::NotChecked);
}
