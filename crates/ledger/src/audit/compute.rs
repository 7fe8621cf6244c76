//! What the audit computes of single rows and notes: the part that costs time and needs no order.
//!
//! What holds: every function gives the same for the same input, on any thread; what is wrong is a text, never a panic.
//!
//! Not here: what the results add up to ([`super::LedgerAudit`]).

use crate::{
    checkpoint::Checkpoint,
    directory::Entry,
    hash::{self, Hash},
    hub,
    note::Note,
    policy::{OpenError, Policy},
    record::{Record, Secret},
};

/// How the policy opens a checkpoint of one kind of ledger: policy, origin, note.
pub type Open = fn(&Policy, &str, &str) -> Result<Checkpoint, OpenError>;

/// A stored checkpoint and whether the policy accepts it.
#[derive(Debug)]
pub struct Opened {
    /// Its size, as stored beside the note.
    pub(super) size: u64,
    /// SHA-256 of the note.
    pub(super) note: Hash,
    /// The checkpoint, or the first condition that does not hold.
    pub(super) outcome: Result<Checkpoint, OpenError>,
}

impl Opened {
    /// Opens a stored checkpoint.
    ///
    /// - `open`: [`super::LedgerAudit::open`].
    /// - `size`: as stored beside the note.
    /// - Cost: as [`Policy::open_checkpoint`].
    #[must_use]
    pub fn new(open: Open, policy: &Policy, origin: &str, size: u64, note: &str) -> Self {
        let outcome = open(policy, origin, note);
        Self { size, note: hash::sha256(note.as_bytes()), outcome }
    }
}

/// The leaf hash of a site's record, and the record.
///
/// # Errors
///
/// Why the text is not a record.
pub fn record_leaf(text: &str, secret: &Secret) -> Result<(Hash, Record), String> {
    Record::parse(text)
        .map(|record| (record.leaf_hash(secret), record))
        .map_err(|error| format!("the stored text is not a record: {error}"))
}

/// The leaf hash of a hub's entry.
///
/// - `note`: the checkpoint that it is, a signed note.
///
/// # Errors
///
/// Why the text is not a checkpoint.
pub fn hub_entry_leaf(note: &str) -> Result<Hash, String> {
    Note::parse(note)
        .map_err(|error| error.to_string())
        .and_then(|parsed| Checkpoint::parse_body(&parsed.text).map_err(|error| error.to_string()))
        .map(|_| hub::entry_leaf(note))
        .map_err(|error| format!("the stored text is not a checkpoint: {error}"))
}

/// The leaf hash of an entry of the directory.
///
/// - `note`: the signed record that it is.
///
/// # Errors
///
/// Why the text is not a directory record.
pub fn directory_entry_leaf(note: &str) -> Result<Hash, String> {
    Entry::parse(note)
        .map(|entry| entry.leaf)
        .map_err(|error| format!("the stored text is not a directory record: {error}"))
}
