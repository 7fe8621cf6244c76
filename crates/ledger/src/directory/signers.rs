//! Whose signatures a note has: each person and each key counts once.
//!
//! What holds: a line that names a known key and does not verify refuses the note, as in
//! [`crate::policy::Policy::open_checkpoint`]; lines of unknown keys count for nothing.
//!
//! Not here: how many signatures are needed, and whose (`directory`, [`super::root`]).
//!
//! Sources: docs/formats/directory-v1.md, "Approvals"; GHSA-5q2r-92f9-4m49 for keys that were counted twice.

use std::collections::BTreeSet;

use thiserror::Error;

use super::fields::{FieldError, Fields};
use crate::{keys::Algorithm, keys::VerifierKey, note::Note};

/// A person, the party that the person acts for, and the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signer {
    /// Name of the person, also that of the key.
    pub holder: String,
    /// The party.
    pub party: String,
    /// Ed25519.
    pub key: VerifierKey,
}

/// A signature line names a known key and does not verify.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the signature line of `{0}` does not verify")]
pub struct SignerError(pub String);

/// Those of `known` who signed `note`, in the order of the lines; a person or a key that was counted is not counted
/// again.
///
/// - Cost: a signature check for each line of a known key.
///
/// # Errors
///
/// [`SignerError`] for a line of a known key that does not verify.
pub fn signers<'a>(note: &Note, known: &'a [Signer]) -> Result<Vec<&'a Signer>, SignerError> {
    let mut found: Vec<&Signer> = Vec::new();
    for line in &note.signatures {
        let mut named = known
            .iter()
            .filter(|one| one.key.name() == line.name && one.key.key_id() == line.key_id)
            .peekable();
        if named.peek().is_none() {
            continue;
        }
        let verified: Vec<&Signer> =
            named.filter(|one| one.key.verify(note.text.as_bytes(), &line.bytes).is_ok()).collect();
        if verified.is_empty() {
            return Err(SignerError(line.name.clone()));
        }
        let is_new = |one: &&Signer| {
            !found.iter().any(|other| {
                other.holder == one.holder || other.key.key_bytes() == one.key.key_bytes()
            })
        };
        found.extend(verified.into_iter().find(is_new));
    }
    Ok(found)
}

/// Number of different parties among signers.
#[must_use]
pub fn parties(signers: &[&Signer]) -> usize {
    signers.iter().map(|signer| signer.party.as_str()).collect::<BTreeSet<_>>().len()
}

/// Reads one `{holder, vkey}`; the party is the given one or the member `party`.
///
/// # Errors
///
/// [`FieldError`] unless the key is an Ed25519 key of the holder's name.
pub fn read_signer(fields: &Fields<'_>, party: Option<&str>) -> Result<Signer, FieldError> {
    let holder = fields.name("holder")?;
    let key = fields.key("vkey")?;
    if key.name() != holder || key.algorithm() != Algorithm::Ed25519 {
        return Err(fields.wrong("vkey", format!("an Ed25519 key of the name `{holder}`")));
    }
    let party = party.map_or_else(|| fields.name("party"), |party| Ok(party.to_owned()))?;
    Ok(Signer { holder, party, key })
}

/// The first holder who is listed with two keys, or whose key is also another's.
#[must_use]
pub fn ambiguous<'a>(signers: &[&'a Signer]) -> Option<&'a str> {
    let clashes = |one: &Signer, other: &Signer| {
        let (same_holder, same_key) =
            (one.holder == other.holder, one.key.key_bytes() == other.key.key_bytes());
        same_holder != same_key || same_holder && one.party != other.party
    };
    signers
        .iter()
        .find(|one| signers.iter().any(|other| clashes(one, other)))
        .map(|signer| signer.holder.as_str())
}
