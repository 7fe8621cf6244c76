//! The two-person rule: signed approvals of an event, by people of the party that states it.
//!
//! ```text
//! chopmark.org/approval@v1
//! factory.example/packing
//! ni:///sha-256;…
//! ```
//!
//! What holds: a person and a key count once; an approval counts for one event in one ledger.
//!
//! Not here: which events need it (`ingest`, `history`).
//!
//! Source: docs/formats/directory-v1.md, "Approval of an event".

use std::collections::BTreeSet;

use ledger::directory::{Signer, signers};
use ledger::keys::VerifierKey;
use ledger::note::Note;

use crate::rights::Rights;

/// First line of an approval.
pub const HEADING: &str = "chopmark.org/approval@v1";

/// The text that approves an event.
///
/// - `origin`: ledger that the event is recorded in.
/// - `event_hash`: `ni:///sha-256;…`.
#[must_use]
pub fn text(origin: &str, event_hash: &str) -> String {
    format!("{HEADING}\n{origin}\n{event_hash}\n")
}

fn admins(rights: &Rights, party: &str) -> Vec<Signer> {
    let listed = rights.parties.get(party).map(|party| party.admins.as_slice());
    let signer = |(holder, key): &(String, String)| {
        let key: VerifierKey = key.parse().ok()?;
        Some(Signer { holder: holder.clone(), party: party.to_owned(), key })
    };
    listed.unwrap_or_default().iter().filter_map(signer).collect()
}

/// Admins of `party` who approved the event: those whose signature is on a note with exactly its text.
///
/// - `notes`: signed notes, one or more signatures each; what is no such note counts for nothing.
#[must_use]
pub fn approvers(
    notes: &[&str],
    origin: &str,
    event_hash: &str,
    rights: &Rights,
    party: &str,
) -> BTreeSet<String> {
    let (admins, expected) = (admins(rights, party), text(origin, event_hash));
    let lines = notes
        .iter()
        .filter_map(|note| Note::parse(note).ok())
        .filter(|note| note.text == expected)
        .filter(|note| signers(note, &admins).is_ok())
        .flat_map(|note| note.signatures);
    // All lines together, so that a key that signed two notes counts once.
    let all = Note { text: expected.clone(), signatures: lines.collect() };
    let people = signers(&all, &admins).unwrap_or_default();
    people.into_iter().map(|signer| signer.holder.clone()).collect()
}

/// How many admins of `party` must approve: two, or one if it has no more.
///
/// - A party without any needs one, so that nothing is approved by nobody.
/// - Two people with one key are two: as that key counts once, nothing is approved until one of them has a key of its
///   own. So nobody gets rid of the second person by listing the first one's key again.
#[must_use]
pub fn needed(rights: &Rights, party: &str) -> usize {
    let listed = rights.parties.get(party).map(|party| party.admins.as_slice());
    let holders = listed.unwrap_or_default().iter().map(|(holder, _)| holder.as_str());
    holders.collect::<BTreeSet<_>>().len().clamp(1, 2)
}
