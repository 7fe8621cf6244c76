//! Whether enough people of a party approved a recall.
//!
//! What holds: the approvals are those in the record's evidence; they are over the hash of the event as the record holds
//! it, and over the ledger's origin, so that they fit one event of one ledger.
//!
//! Not here: whose signature counts and how many are needed ([`directory::approval`]), making one
//! (`chopmark directory approve-event`).
//!
//! Source: docs/formats/directory-v1.md, "Approval of an event".

use directory::Rights;
use directory::approval::{approvers, needed};
use epcis::Event;
use epcis::hash::{Dialect, event_hash};

use crate::entry::HistoryEntry;

/// Notes that are looked at in one record.
const MAX_NOTES: usize = 16;

/// Whether the recall in `entry` was approved by two people of `party`, or by its only one.
///
/// A party without admins, which no directory admits, needs no approval: there is nobody who could give it.
#[must_use]
pub fn recall_is_approved(entry: &HistoryEntry, rights: &Rights, party: &str) -> bool {
    let Some(known) = rights.parties.get(party) else { return false };
    if known.admins.is_empty() {
        return true;
    }
    let Some(view) = entry.view() else { return false };
    let event = Event::of_record(view.event());
    let hash = event.and_then(|event| event_hash(&event, Dialect::default()).ok());
    let Some(hash) = hash else { return false };
    let notes: Vec<&str> = view.approvals().into_iter().take(MAX_NOTES).collect();
    let people = approvers(&notes, &entry.origin, &hash, rights, party);
    people.len() >= needed(rights, party)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD as BASE64;
    use ledger::hash::sha256;
    use ledger::json::{Json, object};
    use ledger::keys::{SourceKey, SystemRandom};
    use ledger::note::Note;
    use ledger::note::NoteSignature;

    use super::*;
    use crate::testing::{EventDraft, entries, object_event};

    const ORIGIN: &str = "log.example/1";

    /// A person's key: its name, its verifier line and how it signs.
    struct Person {
        name: &'static str,
        key_id: [u8; 4],
        line: String,
        key: SourceKey,
    }

    impl Person {
        fn new(name: &'static str) -> Self {
            Self::with_key(name, SourceKey::generate(&SystemRandom::new()).unwrap())
        }

        fn with_key(name: &'static str, key: SourceKey) -> Self {
            let public = BASE64.decode(key.public_base64()).unwrap();
            let typed = [&[1], &public[..]].concat();
            let digest = sha256(&[name.as_bytes(), b"\n", &typed].concat());
            let key_id: [u8; 4] = digest.as_bytes()[..4].try_into().unwrap();
            let id = format!("{:08x}", u32::from_be_bytes(key_id));
            let line = format!("{name}+{id}+{}", BASE64.encode(typed));
            Self { name, key_id, line, key }
        }

        fn approve(&self, text: &str) -> String {
            let bytes = self.key.sign(text.as_bytes()).to_vec();
            let signature = NoteSignature { name: self.name.into(), key_id: self.key_id, bytes };
            Note { text: text.to_owned(), signatures: vec![signature] }.to_string()
        }
    }

    fn recall() -> EventDraft {
        object_event("2026-11-20T08:00:00Z", "holding")
            .with("eventTimeZoneOffset", "+00:00".into())
            .disposition("recalled")
    }

    fn text(origin: &str, draft: &EventDraft) -> String {
        let record = draft.record();
        let event = Event::from_json(record.json().clone()).unwrap();
        let hash = event_hash(&event, Dialect::default()).unwrap();
        format!("chopmark.org/approval@v1\n{origin}\n{hash}\n")
    }

    fn is_approved(notes: &[String], admins: &[(&str, &Person)]) -> bool {
        let notes = notes.iter().map(|note| Json::from(note.as_str())).collect();
        let evidence = object([("approvals", Json::Array(notes))]);
        let entry = entries(&[recall().with("chopmark:evidence", evidence)]).remove(0);
        let mut rights = crate::testing::rights();
        let lines = admins.iter().map(|(holder, one)| ((*holder).to_owned(), one.line.clone()));
        assert!(rights.parties.edit("factory", |factory| factory.admins = lines.collect()));
        recall_is_approved(&entry, &rights, "factory")
    }

    #[test]
    fn a_recall_needs_two_people_of_its_party_or_the_only_one() {
        let (ann, bo, eve) = (Person::new("ann"), Person::new("bo"), Person::new("eve"));
        let both = [("Ann", &ann), ("Bo", &bo)];
        let right = text(ORIGIN, &recall());
        let by = |one: &Person| one.approve(&right);
        assert!(is_approved(&[by(&ann), by(&bo)], &both));
        assert!(is_approved(&[by(&ann)], &[("Ann", &ann)]));
        for (what, notes) in [
            ("nobody", vec![]),
            ("one", vec![by(&ann)]),
            ("one, twice", vec![by(&ann), by(&ann)]),
            ("a stranger", vec![by(&ann), by(&eve)]),
            ("another ledger", vec![by(&ann), bo.approve(&text("log.example/2", &recall()))]),
            ("another event", vec![by(&ann), bo.approve(&text(ORIGIN, &recall().at("urn:x:y")))]),
            ("no note", vec![by(&ann), "no note".to_owned()]),
        ] {
            assert!(!is_approved(&notes, &both), "{what}");
        }
    }

    #[test]
    fn two_keys_of_one_person_and_one_key_under_two_names_are_one() {
        let (ann, other) = (Person::new("ann"), Person::new("ann-phone"));
        let bo = Person::new("bo");
        let right = text(ORIGIN, &recall());
        let notes = [ann.approve(&right), other.approve(&right)];
        assert!(!is_approved(&notes, &[("Ann", &ann), ("Ann", &other), ("Bo", &bo)]));
        let pem = ann.key.to_pem();
        let again = Person::with_key("bo", SourceKey::from_pem(&pem).unwrap());
        let notes = [ann.approve(&right), again.approve(&right)];
        assert!(!is_approved(&notes, &[("Ann", &ann), ("Bo", &again)]));
    }

    #[test]
    fn a_recall_without_its_approvals_is_a_claim() {
        let (ann, bo) = (Person::new("ann"), Person::new("bo"));
        let mut rights = crate::testing::rights();
        let admins = vec![("Ann".to_owned(), ann.line.clone()), ("Bo".to_owned(), bo.line.clone())];
        assert!(rights.parties.edit("factory", |factory| factory.admins = admins));
        let made = object_event("2026-11-20T07:00:00Z", "commissioning");
        let verdict_with = |notes: &[String]| {
            let notes = notes.iter().map(|note| Json::from(note.as_str())).collect();
            let evidence = object([("approvals", Json::Array(notes))]);
            let records = entries(&[made.clone(), recall().with("chopmark:evidence", evidence)]);
            let item = crate::testing::ITEM.parse().unwrap();
            let history = crate::fold::History::weigh(item, records, &rights);
            let state = history.state(jiff::Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC);
            let reason = crate::verdict::judge(&state, crate::verdict::TagCheck::NotChecked, &[]);
            (reason.verdict().code(), state.notices.first().map(|notice| notice.lacks_approvals))
        };
        let right = text(ORIGIN, &recall());
        assert_eq!(verdict_with(&[ann.approve(&right)]), ("GAP", Some(true)));
        let both = [ann.approve(&right), bo.approve(&right)];
        assert_eq!(verdict_with(&both), ("RECALLED", None));
    }
}
