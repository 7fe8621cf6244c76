//! Checks a proof of another log against a policy file, with no network.
//!
//! The way through:
//!
//! ```text
//! form -> the log signed the checkpoint -> enough witnesses cosigned it -> (Sigsum: the submitter signed the leaf)
//!      -> the data's leaf leads to the checkpoint's root -> list of what was not checked
//! ```
//!
//! What holds: proved needs every one of these; a check that contradicts refutes; a file of another form, a log that the
//! policy does not name, too few witnesses, and data that nobody named are *cannot tell*.
//!
//! Source: docs/formats/foreign-proofs.md.

use super::{
    FormError, Kind, SigsumProof, TlogProof, Trust,
    trust::{Cosignature, Cosigner},
};
use crate::{
    bundle::Report,
    checkpoint::ForeignCheckpoint,
    hash::{self, Hash},
    keys::PlainKey,
    note::{Note, NoteSignature},
    policy::{OpenError, Policy},
    proof,
};

/// What is said to be in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim<'a> {
    /// Nothing was named: the outcome is *cannot tell* at best.
    Nothing,
    /// These bytes. A tlog-proof's leaf data, or what a Sigsum proof is of.
    Data {
        /// The bytes.
        data: &'a [u8],
        /// For Sigsum: keys of which one must have submitted them.
        submitters: &'a [PlainKey],
    },
    /// Bytes with this SHA-256, for Sigsum: what its protocol calls the message.
    Digest {
        /// The SHA-256.
        digest: Hash,
        /// Keys of which one must have submitted it.
        submitters: &'a [PlainKey],
    },
    /// The leaf with this hash, whatever it holds.
    Leaf(Hash),
}

/// The entry that a proof is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the log; text of the file.
    pub origin: String,
    /// Place of the entry, from 0.
    pub index: u64,
    /// Size of the checkpoint.
    pub size: u64,
}

/// The result of checking a proof of another log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignReport {
    /// The format.
    pub kind: Kind,
    /// The entry, if the file could be read.
    pub entry: Option<Entry>,
    /// The outcome and the checks; no item and no records.
    pub report: Report,
}

/// Checks a proof.
///
/// - `kind`: [`Kind::of`] the bytes.
/// - `trust`: whose signatures count; without it the outcome is *cannot tell* at best.
/// - Cost: one signature check for the log and for each cosignature of a known witness.
#[must_use]
pub fn verify(kind: Kind, bytes: &[u8], trust: Option<&Trust>, claim: &Claim<'_>) -> ForeignReport {
    let mut report = Report::new();
    let form = match kind {
        Kind::TlogProof => TlogProof::parse(bytes)
            .map(|(proof, checkpoint)| check_tlog(&proof, &checkpoint, trust, claim, &mut report)),
        Kind::Sigsum => {
            SigsumProof::parse(bytes).map(|proof| check_sigsum(&proof, trust, claim, &mut report))
        }
    };
    if let Err(error) = &form {
        miss_form(kind, error, &mut report);
    }
    ForeignReport { kind, entry: form.ok(), report }
}

/// The beginning of a log's name, which may be as long as a note.
fn shown(origin: &str) -> String {
    origin.chars().take(90).collect()
}

fn miss_form(kind: Kind, error: &FormError, report: &mut Report) {
    let expected = match kind {
        Kind::TlogProof => "a whole tlog-proof of version 1",
        Kind::Sigsum => "a whole Sigsum proof of version 1 or 2",
    };
    let detail = format!(
        "{error}; nothing in it was checked, expected {expected}, as the log's tool wrote it"
    );
    report.miss("form of the file", &detail);
}

fn check_tlog(
    proof: &TlogProof,
    checkpoint: &ForeignCheckpoint,
    trust: Option<&Trust>,
    claim: &Claim<'_>,
    report: &mut Report,
) -> Entry {
    report.pass("form of the file", "tlog-proof, version 1, with a signed checkpoint");
    check_log(trust, &proof.note, checkpoint, report);
    let cosignatures: Vec<_> = proof.note.signatures.iter().map(Cosignature::of_line).collect();
    check_witnesses(trust, checkpoint, &cosignatures, report);
    let leaf = match claim {
        Claim::Nothing => None,
        Claim::Data { data, .. } => Some(hash::leaf(data)),
        Claim::Leaf(leaf) => Some(*leaf),
        Claim::Digest { .. } => {
            let detail = "got the SHA-256 of the data, expected the data or its leaf hash, which a tlog-proof is of";
            report.miss("the data", detail);
            None
        }
    };
    if let Some(extra) = &proof.extra {
        let detail = format!("{} bytes that nobody signed; they were not looked at", extra.len());
        report.leave("extra data", &detail);
    }
    check_entry((proof.index, &proof.path), leaf, checkpoint, claim, report)
}

fn check_sigsum(
    proof: &SigsumProof,
    trust: Option<&Trust>,
    claim: &Claim<'_>,
    report: &mut Report,
) -> Entry {
    let version = if proof.short_checksum.is_some() { 1 } else { 2 };
    report.pass("form of the file", &format!("Sigsum proof, version {version}"));
    let checkpoint = proof.checkpoint();
    check_log(trust, &as_note(proof, trust, &checkpoint), &checkpoint, report);
    let cosignatures: Vec<_> = proof
        .cosignatures
        .iter()
        .map(|one| Cosignature {
            by: Cosigner::Hash(&one.witness),
            time: Some(one.time),
            signature: &one.signature,
        })
        .collect();
    check_witnesses(trust, &checkpoint, &cosignatures, report);
    let leaf = match claim {
        Claim::Nothing => None,
        Claim::Leaf(leaf) => {
            let detail = "only the hash of a leaf was named, so that its submitter's signature was not looked at";
            report.leave("the submitter", detail);
            Some(*leaf)
        }
        Claim::Data { data, submitters } => {
            Some(check_submitter(proof, &hash::sha256(data), submitters, report))
        }
        Claim::Digest { digest, submitters } => {
            Some(check_submitter(proof, digest, submitters, report))
        }
    };
    check_entry((proof.index, &proof.path), leaf, &checkpoint, claim, report)
}

/// A signature line of a note, read as the cosignature of a witness: 8 bytes of time, then the signature.
/// The tree head as the signed note that it would be, so that one rule decides whether a log signed: the line has the key
/// id of the key whose hash the proof names.
fn as_note(proof: &SigsumProof, trust: Option<&Trust>, checkpoint: &ForeignCheckpoint) -> Note {
    let mut logs = trust.iter().flat_map(|trust| &trust.policy().logs).map(|log| &log.key);
    let is_its = |hash: Hash| hash == proof.log;
    let key = logs.find(|key| {
        let plain = PlainKey::of_verifier(key);
        key.name() == checkpoint.origin && plain.is_some_and(|plain| is_its(plain.hash()))
    });
    Note {
        text: checkpoint.body(),
        signatures: vec![NoteSignature {
            name: checkpoint.origin.clone(),
            key_id: key.map(crate::keys::VerifierKey::key_id).unwrap_or_default(),
            bytes: proof.signature.to_vec(),
        }],
    }
}

fn check_log(
    trust: Option<&Trust>,
    note: &Note,
    checkpoint: &ForeignCheckpoint,
    report: &mut Report,
) {
    let name = format!("checkpoint of {}", shown(&checkpoint.origin));
    let untrusting = Policy::default();
    let policy = trust.map_or(&untrusting, Trust::policy);
    match policy.open_foreign_checkpoint(note) {
        Ok(found) => {
            let detail =
                format!("size {}, signed by the log's key that the policy names", found.size);
            report.pass(&name, &detail);
        }
        Err(_) if trust.is_none() => {
            report.miss(&name, "no policy file says whose signatures count; expected --policy");
        }
        Err(OpenError::UnknownLedger { size, .. }) => {
            let detail = format!("size {size}; the policy has no key of this log");
            report.miss(&name, &detail);
        }
        // A log that has changed its key looks like this: nothing contradicts, and nothing is signed by whom one trusts.
        Err(OpenError::MissingSignature { size, .. }) => {
            let detail = format!(
                "size {size}; it has no signature of a key that the policy names for this log"
            );
            report.miss(&name, &detail);
        }
        Err(error) => report.fail(&name, &error.to_string()),
    }
    if !checkpoint.extensions.is_empty() {
        let count = checkpoint.extensions.len();
        let detail =
            format!("{count} lines that are signed with it; what they mean is not known here");
        report.leave("extension lines of the checkpoint", &detail);
    }
}

fn check_witnesses(
    trust: Option<&Trust>,
    checkpoint: &ForeignCheckpoint,
    cosignatures: &[Cosignature<'_>],
    report: &mut Report,
) {
    const NAME: &str = "witnesses";
    let Some(trust) = trust else { return };
    let cosigned = match trust.cosigned(&checkpoint.body(), cosignatures) {
        Ok(cosigned) => cosigned,
        Err(witness) => {
            return report.fail(NAME, &format!("the cosignature of {witness} does not verify"));
        }
    };
    let names: Vec<String> = cosigned
        .iter()
        .map(|(name, time)| format!("{name} at {time} s since 1970, by its own clock"))
        .collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let unusable: Vec<&str> = trust.unusable().collect();
    if !unusable.is_empty() {
        let names = unusable.join(", ");
        let detail =
            format!("{names}: keys of another kind than Ed25519 cosignatures, counted as missing");
        report.leave("witnesses that cannot be checked here", &detail);
    }
    match trust.quorum() {
        None => report.leave(NAME, &format!("the policy requires none; cosigned by: {names}")),
        Some(quorum) if trust.is_quorum(&cosigned) => {
            report.pass(NAME, &format!("quorum {quorum} of the policy is reached by: {names}"));
        }
        Some(quorum) => {
            let detail = format!(
                "got cosignatures by: {names}; expected as many as quorum {quorum} of the policy asks for"
            );
            report.miss(NAME, &detail);
        }
    }
}

/// The leaf's hash, after a look at who signed it.
fn check_submitter(
    proof: &SigsumProof,
    message: &Hash,
    submitters: &[PlainKey],
    report: &mut Report,
) -> Hash {
    const NAME: &str = "the submitter";
    let checksum = hash::sha256(&message.0);
    if proof.short_checksum.is_some_and(|short| !checksum.0.starts_with(&short)) {
        report.fail("the data", "the proof is of other data, by the first bytes of its checksum");
    }
    let known = submitters.iter().find(|key| key.hash() == proof.submitter);
    match known {
        Some(key) if key.verify(&SigsumProof::leaf_message(&checksum), &proof.leaf_signature) => {
            report.pass(NAME, &format!("key {} signed the data's checksum", proof.submitter));
        }
        Some(_) => {
            let detail = format!(
                "the signature of key {} in the proof is not of this data",
                proof.submitter
            );
            report.fail(NAME, &detail);
        }
        None if submitters.is_empty() => {
            let detail = format!(
                "anybody can log anything: whether key {} may is not known; expected --submitter with the key",
                proof.submitter
            );
            report.miss(NAME, &detail);
        }
        None => {
            let detail = format!(
                "got a leaf of key {}, expected one of the submitters that were named",
                proof.submitter
            );
            report.fail(NAME, &detail);
        }
    }
    proof.leaf_hash(&checksum)
}

fn check_entry(
    (index, path): (u64, &[Hash]),
    leaf: Option<Hash>,
    checkpoint: &ForeignCheckpoint,
    claim: &Claim<'_>,
    report: &mut Report,
) -> Entry {
    let entry = Entry { origin: checkpoint.origin.clone(), index, size: checkpoint.size };
    let name = format!("entry {index} of {}", shown(&checkpoint.origin));
    match leaf {
        Some(leaf) => {
            match proof::verify_inclusion(index, &leaf, checkpoint.size, path, &checkpoint.root) {
                Ok(()) => {
                    let detail = match claim {
                        Claim::Leaf(_) => "the leaf leads to the checkpoint's root",
                        _ => "the data leads to the checkpoint's root",
                    };
                    report.pass(&name, detail);
                }
                Err(error) => report.fail(&name, &error.to_string()),
            }
        }
        None => report.miss(
            &name,
            "nothing was named that could be this entry; expected --data with the file, or --leaf",
        ),
    }
    report.leave("what the entry means", "that it is in the log says nothing about its truth");
    report.leave("whether there is more", "the log may hold other entries about the same thing");
    entry
}
