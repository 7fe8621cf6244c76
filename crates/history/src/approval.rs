//! Whether enough people of a party approved a recall.
//!
//! What holds: an approval is a note over the ledger's origin and the event's hash, so it fits one event of one
//! ledger; holders and keys are both counted once, so one person with two keys, or one key under two names, is one.
//!
//! Not here: making an approval (`chopmark directory approve-event`).
//!
//! Source: docs/formats/directory-v1.md, "Approvals".

use std::collections::BTreeSet;

use directory::Rights;
use directory::rights::Party;
use epcis::Event;
use epcis::hash::{Dialect, event_hash};
use ledger::keys::VerifierKey;
use ledger::note::Note;

use crate::entry::HistoryEntry;

/// People of a party who must approve a recall, if it has as many.
const NEEDED: usize = 2;
/// Notes that are looked at in one record.
const MAX_NOTES: usize = 16;

/// Whether the recall in `entry` was approved by two people of `party`, or by its only one.
#[must_use]
pub fn recall_is_approved(entry: &HistoryEntry, rights: &Rights, party: &str) -> bool {
    let Some(party) = rights.parties.get(party) else { return false };
    let holders: BTreeSet<&str> = party.admins.iter().map(|(holder, _)| &**holder).collect();
    let needed = holders.len().min(NEEDED);
    needed == 0 || approvers(entry, party) >= needed
}

/// How many distinct people of `party` approved `entry`.
fn approvers(entry: &HistoryEntry, party: &Party) -> usize {
    let Some(view) = entry.view() else { return 0 };
    let hash = Event::from_json(view.event())
        .ok()
        .and_then(|event| event_hash(&event, Dialect::default()).ok());
    let Some(hash) = hash else { return 0 };
    let text = format!("chopmark.org/approval@v1\n{}\n{hash}\n", entry.origin);
    let (mut holders, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for note in
        view.approvals().into_iter().take(MAX_NOTES).filter_map(|note| Note::parse(note).ok())
    {
        if note.text != text {
            continue;
        }
        for (holder, key) in &party.admins {
            let Ok(key) = key.parse::<VerifierKey>() else { continue };
            let signs = note.signatures.iter().any(|signature| {
                signature.name == key.name()
                    && signature.key_id == key.key_id()
                    && key.verify(note.text.as_bytes(), &signature.bytes).is_ok()
            });
            if signs {
                holders.insert(holder.as_str());
                keys.insert(key.to_string().splitn(3, '+').nth(2).unwrap_or_default().to_owned());
            }
        }
    }
    holders.len().min(keys.len())
}
