//! Proofs that we make: of our own ledgers, with extension lines, of one leaf.

use ledger::{
    Hash,
    bundle::{CheckOutcome, Outcome},
    checkpoint::{Checkpoint, ForeignCheckpoint},
    foreign::{Claim, TlogProof},
    hash,
    json::{self, Limits},
    keys::{LedgerKeys, PlainKey, SourceKey, SystemRandom},
    note::{Note, NoteSignature},
    record::Record,
    tree,
};

use crate::{check, key, verify};

/// The digits of a key.
pub fn hex_of(key: &PlainKey) -> String {
    hex::encode(key.named("x").unwrap().key_bytes())
}

/// A signing key, and its public half.
pub fn new_key() -> (SourceKey, PlainKey) {
    let secret = SourceKey::generate(&SystemRandom::new()).unwrap();
    let named = ledger::keys::VerifierKey::of_source("x", secret.verifier()).unwrap();
    let public = PlainKey::of_verifier(&named).unwrap();
    (secret, public)
}

/// The signature line of a witness.
fn cosign(
    secret: &SourceKey,
    public: &PlainKey,
    name: &str,
    time: u64,
    body: &str,
) -> NoteSignature {
    let message = format!("cosignature/v1\ntime {time}\n{body}");
    let bytes = [&time.to_be_bytes()[..], &secret.sign(message.as_bytes())].concat();
    NoteSignature { name: name.to_owned(), key_id: public.cosigner_id(name), bytes }
}

#[test]
fn a_record_of_one_of_our_ledgers_is_proved_by_a_tlog_proof_of_it() {
    let origin = "factory.example/line-1";
    let keys = LedgerKeys::generate(origin, &SystemRandom::new()).unwrap();
    let secret = *b"sixteen bytes!!!";
    let commitments: Vec<Hash> = (0..7)
        .map(|number| {
            let text = format!("{{\"type\":\"ObjectEvent\",\"bizStep\":\"step-{number}\"}}");
            let json = json::parse(text.as_bytes(), &Limits::default()).unwrap();
            Record::from_json(json).unwrap().commitment(&secret)
        })
        .collect();
    let leaves: Vec<Hash> = commitments.iter().map(|one| hash::leaf(&one.0)).collect();
    let checkpoint = Checkpoint { origin: origin.into(), size: 7, root: tree::root(&leaves) };
    let note = keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap();
    let [ed25519, rsa] = &keys.verifier_keys()[..] else { panic!() };
    let policy = format!("log {ed25519}\nlog {rsa} from 1\nquorum none\n");
    for index in 0..7 {
        let proof = TlogProof {
            extra: None,
            index,
            path: tree::inclusion_path(index, &leaves),
            note: Note::parse(&note).unwrap(),
        };
        let file = proof.to_string();
        assert_eq!(TlogProof::parse(file.as_bytes()).unwrap().0, proof);
        for (which, commitment) in commitments.iter().enumerate() {
            let claim = Claim::Data { data: &commitment.0, submitters: &[] };
            let found = verify(file.as_bytes(), Some(&policy), &claim);
            let is_it = u64::try_from(which).unwrap() == index;
            let expected = if is_it { Outcome::Proved } else { Outcome::Refuted };
            assert_eq!(found.report.outcome, expected, "{found:#?}");
        }
    }
    // Both of our kinds of signature are required where the policy names both, and a retired key does not count.
    let only = format!("{}\n", note.lines().take(5).collect::<Vec<_>>().join("\n"));
    let proof = TlogProof {
        extra: None,
        index: 0,
        path: tree::inclusion_path(0, &leaves),
        note: Note::parse(&only).unwrap(),
    };
    let claim = Claim::Leaf(leaves[0]);
    for (policy, expected) in [
        (policy, Outcome::CannotTell),
        (format!("log {ed25519}\nquorum none\n"), Outcome::Proved),
        (format!("log {ed25519} until 7\nquorum none\n"), Outcome::Refuted),
        (format!("log {ed25519} from 7\nquorum none\n"), Outcome::Proved),
    ] {
        let found = verify(proof.to_string().as_bytes(), Some(&policy), &claim);
        assert_eq!(found.report.outcome, expected, "{policy}{found:#?}");
    }
}

#[test]
fn extension_lines_of_a_checkpoint_are_signed_and_cosigned_with_it() {
    let ((log, log_public), (witness, witness_public)) = (new_key(), new_key());
    let leaf = hash::leaf(b"the only entry");
    let whole = ForeignCheckpoint {
        origin: "log.example/with lines".replace(' ', "-"),
        size: 1,
        root: leaf,
        extensions: vec!["timestamp 1790000000".into(), "— looks like a signature".into()],
    };
    let named = log_public.named(&whole.origin).unwrap();
    let sign = |checkpoint: &ForeignCheckpoint| Note {
        text: checkpoint.body(),
        signatures: vec![
            NoteSignature {
                name: checkpoint.origin.clone(),
                key_id: named.key_id(),
                bytes: log.sign(checkpoint.body().as_bytes()).to_vec(),
            },
            cosign(&witness, &witness_public, "w.example", 5, &checkpoint.body()),
        ],
    };
    let policy =
        format!("log {named}\nwitness w {}\nquorum w\n", witness_public.to_cosigner("w.example"));
    let of = |note| TlogProof { extra: None, index: 0, path: Vec::new(), note }.to_string();
    let file = of(sign(&whole));
    let claim = Claim::Data { data: b"the only entry", submitters: &[] };
    let found = verify(file.as_bytes(), Some(&policy), &claim);
    assert_eq!(found.report.outcome, Outcome::Proved, "{found:#?}");
    let (outcome, detail) = check(&found, "extension lines of the checkpoint");
    assert_eq!(outcome, CheckOutcome::NotChecked);
    assert!(detail.starts_with("2 lines"), "{detail}");
    // Without a line, with another, or with one that is signed by the log and not by the witness: refuted.
    for changed in [
        file.replace("timestamp 1790000000\n", ""),
        file.replace("1790000000", "1790000001"),
        of(Note {
            signatures: sign(&whole).signatures,
            ..sign(&ForeignCheckpoint { extensions: Vec::new(), ..whole.clone() })
        }),
        {
            let bare = ForeignCheckpoint { extensions: Vec::new(), ..whole.clone() };
            let [by_log, _] = &sign(&bare).signatures[..] else { panic!() };
            let by_witness = sign(&whole).signatures[1].clone();
            of(Note { text: bare.body(), signatures: vec![by_log.clone(), by_witness] })
        },
    ] {
        let found = verify(changed.as_bytes(), Some(&policy), &claim);
        assert_eq!(found.report.outcome, Outcome::Refuted, "{changed}{found:#?}");
    }
}

#[test]
fn a_witness_counts_once_by_its_own_key_and_the_log_is_no_witness() {
    let ((log, log_public), (witness, witness_public)) = (new_key(), new_key());
    let origin = "log.example/1";
    let leaf = hash::leaf(b"entry");
    let body =
        ForeignCheckpoint { origin: origin.into(), size: 1, root: leaf, extensions: vec![] }.body();
    let named = log_public.named(origin).unwrap();
    let by_log = NoteSignature {
        name: origin.into(),
        key_id: named.key_id(),
        bytes: log.sign(body.as_bytes()).to_vec(),
    };
    let other = new_key().1;
    let policy = format!(
        "log {named}\nwitness a {}\nwitness b {}\ngroup both 2 a b\nquorum both\n",
        hex_of(&witness_public),
        hex_of(&other)
    );
    let claim = Claim::Leaf(leaf);
    let try_with = |lines: Vec<NoteSignature>| {
        let signatures = [vec![by_log.clone()], lines].concat();
        let note = Note { text: body.clone(), signatures };
        let proof = TlogProof { extra: None, index: 0, path: Vec::new(), note };
        verify(proof.to_string().as_bytes(), Some(&policy), &claim).report.outcome
    };
    let by_witness = |name: &str, time| cosign(&witness, &witness_public, name, time, &body);
    assert_eq!(
        try_with(vec![by_witness("a", 1), by_witness("b", 2), by_witness("a", 3)]),
        Outcome::CannotTell
    );
    assert_eq!(try_with(vec![cosign(&log, &log_public, "b", 1, &body)]), Outcome::CannotTell);
    // A line with b's id that b's key did not make; one that is too short; one with a time beyond 2^63.
    let forged = NoteSignature { key_id: other.cosigner_id("b"), ..by_witness("b", 1) };
    assert_eq!(try_with(vec![by_witness("a", 1), forged.clone()]), Outcome::Refuted);
    assert_eq!(try_with(vec![NoteSignature { bytes: vec![1; 7], ..forged }]), Outcome::Refuted);
    assert_eq!(try_with(vec![by_witness("a", u64::MAX)]), Outcome::Refuted);
    assert_eq!(key(&hex_of(&other)), other);
}
