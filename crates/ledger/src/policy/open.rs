//! The one decision whether a checkpoint is signed.
//!
//! The rule, for a checkpoint of size `n`:
//!
//! 1. it is a signed note whose text is a checkpoint of the expected origin;
//! 2. the policy has at least one key of that origin in force at `n`;
//! 3. a signature line whose name and key id are those of a key in force verifies under such a key;
//! 4. for each algorithm that has a key in force at `n`, at least one line verifies;
//! 5. all other lines (witnesses, retired and unknown keys) are ignored.
//!
//! What holds: without an accepted checkpoint there is no [`Checkpoint`] to go on with; nobody needs the keys before
//! and after a rotation at once.
//!
//! Not here: whether size and root are those of a stored row, or of a tree: the caller compares the returned
//! checkpoint with what it has.
//!
//! Sources: C2SP signed-note, "Signatures"; docs/formats/checkpoint-v1.md, "Opening a checkpoint".

use thiserror::Error;

use super::trust::{Policy, TrustedKey};
use crate::{
    checkpoint::{Checkpoint, CheckpointError, ForeignCheckpoint},
    keys::{Algorithm, VerifierKey},
    note::{Note, NoteError},
};

/// Why a note is not a checkpoint that the policy accepts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The text is not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The note's text is not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint is of another ledger.
    #[error("got a checkpoint of `{got}`, expected one of `{expected}`")]
    OtherOrigin {
        /// The checkpoint's origin.
        got: String,
        /// The origin that was asked for.
        expected: String,
    },
    /// The policy has no key of this ledger at all: it cannot tell.
    #[error("checkpoint of size {size}: the policy has no key of `{origin}`")]
    UnknownLedger {
        /// Name of the ledger.
        origin: String,
        /// Size of the checkpoint.
        size: u64,
    },
    /// The policy has keys of this ledger, and none of them may sign a checkpoint of this size.
    #[error("checkpoint of size {size}: the policy has no key of `{origin}` in force at that size")]
    NoKeyInForce {
        /// Name of the ledger.
        origin: String,
        /// Size of the checkpoint.
        size: u64,
    },
    /// A line names a key in force and does not verify under it.
    #[error(
        "checkpoint of size {size}: signature line with key id {} of `{origin}` does not verify",
        hex::encode(key_id)
    )]
    InvalidSignature {
        /// Name of the ledger.
        origin: String,
        /// Size of the checkpoint.
        size: u64,
        /// Key id of the line.
        key_id: [u8; 4],
    },
    /// A kind of signature is missing.
    #[error(
        "checkpoint of size {size}: expected a valid {algorithm} signature of `{origin}` by a key in force at that \
         size, got none"
    )]
    MissingSignature {
        /// Name of the ledger.
        origin: String,
        /// Size of the checkpoint.
        size: u64,
        /// The kind that is missing.
        algorithm: Algorithm,
    },
}

impl Policy {
    /// Reads a checkpoint of the ledger `origin` and checks that it is signed by keys in force at its size.
    ///
    /// - Cost: one signature check for each line of a key in force, 2 as a rule and at most
    ///   [`crate::note::MAX_SIGNATURES`].
    ///
    /// # Errors
    ///
    /// [`OpenError`] with the first condition that does not hold.
    pub fn open_checkpoint(&self, origin: &str, note: &str) -> Result<Checkpoint, OpenError> {
        open(&self.logs, origin, note)
    }

    /// Reads a checkpoint of the hub `origin`; as [`Self::open_checkpoint`], with the keys of hubs.
    ///
    /// # Errors
    ///
    /// [`OpenError`] with the first condition that does not hold.
    pub fn open_hub_checkpoint(&self, origin: &str, note: &str) -> Result<Checkpoint, OpenError> {
        open(&self.hub, origin, note)
    }

    /// Reads a checkpoint of a log that is not ours, whatever its origin: extension lines are allowed, and the keys are
    /// those of `log` lines that are named as the origin. Rules 2 to 5 are the same.
    ///
    /// # Errors
    ///
    /// [`OpenError`] with the first condition that does not hold.
    pub fn open_foreign_checkpoint(&self, note: &Note) -> Result<ForeignCheckpoint, OpenError> {
        let checkpoint = ForeignCheckpoint::parse_body(&note.text)?;
        check_signed(&self.logs, &checkpoint.origin, checkpoint.size, note)?;
        Ok(checkpoint)
    }

    /// Checks that a note that is no checkpoint is signed by the keys of the ledger `origin` that are in force at `size`: rules 2 to 5. What
    /// its text is, and that it names the same ledger and size, the caller has checked.
    ///
    /// # Errors
    ///
    /// [`OpenError`] with the first condition that does not hold.
    pub fn check_signed(&self, origin: &str, size: u64, note: &Note) -> Result<(), OpenError> {
        check_signed(&self.logs, origin, size, note)
    }
}

fn open(trusted: &[TrustedKey], origin: &str, note: &str) -> Result<Checkpoint, OpenError> {
    let note = Note::parse(note)?;
    let checkpoint = Checkpoint::parse_body(&note.text)?;
    if checkpoint.origin != origin {
        return Err(OpenError::OtherOrigin { got: checkpoint.origin, expected: origin.to_owned() });
    }
    check_signed(trusted, origin, checkpoint.size, &note)?;
    Ok(checkpoint)
}

/// Rules 2 to 5: whether the keys of `origin` that are in force at `size` signed.
fn check_signed(
    trusted: &[TrustedKey],
    origin: &str,
    size: u64,
    note: &Note,
) -> Result<(), OpenError> {
    let mut own = trusted.iter().filter(|trusted| trusted.key.name() == origin).peekable();
    let origin = origin.to_owned();
    if own.peek().is_none() {
        return Err(OpenError::UnknownLedger { origin, size });
    }
    let in_force: Vec<&VerifierKey> =
        own.filter(|trusted| trusted.window.contains(size)).map(|trusted| &trusted.key).collect();
    if in_force.is_empty() {
        return Err(OpenError::NoKeyInForce { origin, size });
    }
    let signed = algorithms_that_signed(note, &in_force)
        .map_err(|key_id| OpenError::InvalidSignature { origin: origin.clone(), size, key_id })?;
    for algorithm in [Algorithm::Ed25519, Algorithm::RsaPss3072] {
        let is_required = in_force.iter().any(|key| key.algorithm() == algorithm);
        if is_required && !signed.contains(&algorithm) {
            return Err(OpenError::MissingSignature { origin, size, algorithm });
        }
    }
    Ok(())
}

/// Algorithms of the lines that verify under one of `keys`; a line of none of them is passed over.
///
/// # Errors
///
/// The key id of a line that has the name and id of one of `keys` and verifies under none. Ids are four bytes, so
/// that two keys of a ledger can share one; the line is then checked under both.
fn algorithms_that_signed(note: &Note, keys: &[&VerifierKey]) -> Result<Vec<Algorithm>, [u8; 4]> {
    let mut algorithms = Vec::new();
    for line in &note.signatures {
        let mut named = keys
            .iter()
            .filter(|key| key.name() == line.name && key.key_id() == line.key_id)
            .peekable();
        if named.peek().is_none() {
            continue;
        }
        let key = named
            .find(|key| key.verify(note.text.as_bytes(), &line.bytes).is_ok())
            .ok_or(line.key_id)?;
        algorithms.push(key.algorithm());
    }
    Ok(algorithms)
}
