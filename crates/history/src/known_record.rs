//! A record that was read once, with what is asked of it again and again.
//!
//! What holds: the leaf hash is that of the text and the secret, recomputed here; two of them are the same if SHA-256 of
//! the text and the secret are the same ([`KnownRecord::is_of`]), so one that is kept in memory is never taken for a row that
//! changed. Of a record that names many things neither the text nor the lists are kept, only an index of the names.
//!
//! Not here: whether the leaf hash is in a signed tree ([`mod@crate::gather`]), where records are kept ([`crate::cache`]), the
//! text itself: who shows it reads it again ([`crate::bundle`]).

use std::borrow::Cow;

use epcis::{BizStep, Disposition};
use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::sha256;
use ledger::json::Json;
use ledger::record::{Record, Secret, Tombstone};

use crate::chips::Chips;
use crate::names::Names;
use crate::record_view::RecordView;

/// Bytes of a JSON value, or a member's name, beside its text.
const VALUE: usize = 64;

/// The leaf hash to which a record leads, and what it says, read.
#[derive(Debug)]
pub struct KnownRecord {
    /// Its object, without the elements of long lists of names.
    json: Json,
    /// SHA-256 of its text.
    pub digest: Hash,
    /// The secret of its salts.
    pub secret: Option<Secret>,
    /// The leaf hash to which text and secret lead; none without a secret.
    pub leaf_hash: Option<Hash>,
    names: Names,
    chips: Chips,
    /// When the event happened; 1970 if the record does not say.
    pub at: Timestamp,
    /// When the ledger recorded it, by the clock of whoever signed the ledger.
    pub captured_at: Option<Timestamp>,
    /// Business step.
    pub step: Option<BizStep>,
    /// Disposition.
    pub disposition: Option<Disposition>,
    /// Where, a location URI; empty if the record does not say.
    pub place: String,
    /// Whether a reader or sensor recorded it.
    pub sensed: bool,
}

impl KnownRecord {
    /// Reads a record, hashes it, and finds the keys of all it names.
    ///
    /// - Cost: a few hashes and one key for each thing that it names: milliseconds for a container of 1,700.
    #[must_use]
    pub fn of(record: Record, secret: Option<Secret>) -> Self {
        let digest = sha256(record.text().as_bytes());
        let leaf_hash = secret.as_ref().map(|secret| record.leaf_hash(secret));
        let (mut names, chips) = (Names::of(record.json()), Chips::of(record.json()));
        let view = RecordView::of(record.json());
        let (at, captured_at) =
            (view.event_time().unwrap_or(Timestamp::UNIX_EPOCH), view.captured_at());
        let (step, disposition) = (view.biz_step(), view.disposition());
        let (place, sensed) = (view.place().unwrap_or_default().to_owned(), view.is_sensed());
        // What people approved is compared with the event, whole.
        let is_approved = !view.approvals().is_empty();
        let mut json = record.into_json();
        if !is_approved {
            names.take_long_lists(&mut json);
        }
        Self {
            json,
            digest,
            secret,
            leaf_hash,
            names,
            chips,
            at,
            captured_at,
            step,
            disposition,
            place,
            sensed,
        }
    }

    /// Whether it was read from the text of this SHA-256, and this secret.
    #[must_use]
    pub fn is_of(&self, digest: &Hash, secret: &[u8]) -> bool {
        self.secret.as_ref().map_or(&[][..], |own| own) == secret && self.digest == *digest
    }

    /// Bytes that it takes, about. Short values take many times their text, so they are counted.
    #[must_use]
    pub fn weight(&self) -> usize {
        let (values, bytes) = size(&self.json);
        size_of::<Self>() + VALUE * values + 2 * bytes + self.names.weight() + self.chips.weight()
    }

    /// The view of it.
    #[must_use]
    pub fn view(&self) -> RecordView<'_> {
        RecordView::with_names(&self.json, &self.names)
    }

    /// The tombstone that its text is, if its content was erased.
    #[must_use]
    pub fn tombstone(&self) -> Option<Tombstone> {
        Tombstone::of(&self.json)
    }

    /// Whether it names the thing of the key `key`.
    #[must_use]
    pub fn names_key(&self, key: &str) -> bool {
        self.spellings(key).next().is_some()
    }

    /// The spellings under which it names the thing of the key `key`, in the order of its names.
    pub fn spellings<'a>(&'a self, key: &'a str) -> impl Iterator<Item = Cow<'a, str>> + 'a {
        self.names.spellings(&self.json, key).map(|(_, name)| name)
    }

    /// Numbers of the chips that it binds to the item of the key `key`, in upper case.
    pub fn chips_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = String> + 'a {
        self.chips.of_item(&self.json, key)
    }

    /// Everything that it names in its lists, as it names it, each as often as it stands there.
    pub fn all_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.names.all(&self.json)
    }

    /// Keys of classes and lots that it names, each once, in the order of its names.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.names.classes()
    }
}

/// JSON values within one, and itself, and the bytes of their texts.
fn size(json: &Json) -> (usize, usize) {
    let add = |(values, bytes): (usize, usize), (more, further): (usize, usize)| {
        (values + more, bytes + further)
    };
    match json {
        Json::Null | Json::Bool(_) => (1, 0),
        Json::Number(text) | Json::String(text) => (1, text.len()),
        Json::Array(elements) => elements.iter().map(size).fold((1, 0), add),
        Json::Object(members) => {
            let sizes = members.iter().map(|(name, value)| add((1, name.len()), size(value)));
            sizes.fold((1, 0), add)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CASE, object_event, packing_event};

    #[test]
    fn values_and_names_are_counted_and_their_bytes() {
        let list = Json::Array(vec![Json::Number("0".to_owned()); 1000]);
        assert_eq!(size(&list), (1001, 1000));
        assert_eq!(size(&Json::Object(vec![("ab".to_owned(), list)])), (1003, 1002));
        assert_eq!(size(&Json::Null), (1, 0));
    }

    #[test]
    fn a_known_record_is_of_its_own_text_and_secret_and_of_no_others() {
        let record = object_event("2026-11-20T08:00:00Z", "storing").record();
        let digest = |text: &str| sha256(text.as_bytes());
        let text = record.text().to_owned();
        let known = KnownRecord::of(record.clone(), Some([7; 16]));
        assert!(known.is_of(&digest(&text), &[7; 16]));
        assert_eq!(known.leaf_hash, Some(record.leaf_hash(&[7; 16])));
        assert!(!known.is_of(&digest(&text), &[8; 16]));
        assert!(!known.is_of(&digest(&text), &[]));
        assert!(!known.is_of(&digest(&text.replace("storing", "packing")), &[7; 16]));
        let without = KnownRecord::of(record, None);
        assert!(without.is_of(&digest(&text), &[]) && without.leaf_hash.is_none());
        assert!(!without.is_of(&digest(&text), &[7; 16]));
    }

    #[test]
    fn a_record_of_a_full_container_weighs_less_than_its_text() {
        let things: Vec<String> =
            (0..1700).map(|serial| format!("urn:epc:id:sgtin:9506000.134352.{serial}")).collect();
        let things: Vec<&str> = things.iter().map(String::as_str).collect();
        let record = packing_event("2026-11-20T08:00:00Z", "ADD", CASE, &things).record();
        let text = record.text().len();
        let known = KnownRecord::of(record, Some([7; 16]));
        assert!(known.weight() < text * 3 / 5, "{} of {text}", known.weight());
        assert!(known.names_key(&epc::thing_key(things[1699])));
    }
}
