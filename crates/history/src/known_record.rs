//! A record that was read once, with what is asked of it again and again.
//!
//! What holds: the leaf hash is that of the text and the secret, recomputed here; two of them are the same if text and secret
//! are the same, byte for byte ([`KnownRecord::is_of`]), so one that is kept in memory is never taken for a row that changed.
//!
//! Not here: whether the leaf hash is in a signed tree ([`mod@crate::gather`]), where records are kept ([`crate::cache`]).

use std::ops::Deref;

use epcis::{BizStep, Disposition};
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::Json;
use ledger::record::{Record, Secret};

use crate::names::Names;
use crate::record_view::RecordView;

/// Bytes of a JSON value, or a member's name, beside its text.
const VALUE: usize = 64;

/// A record, the leaf hash that it leads to, and what it says, read.
#[derive(Debug)]
pub struct KnownRecord {
    record: Record,
    /// The secret of its salts.
    pub secret: Option<Secret>,
    /// The leaf hash to which text and secret lead; none without a secret.
    pub leaf_hash: Option<Hash>,
    names: Names,
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

impl Deref for KnownRecord {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl KnownRecord {
    /// Reads a record, hashes it, and finds the keys of all it names.
    ///
    /// - Cost: a few hashes and one key for each thing that it names: milliseconds for a container of 1,700.
    #[must_use]
    pub fn of(record: Record, secret: Option<Secret>) -> Self {
        let leaf_hash = secret.as_ref().map(|secret| record.leaf_hash(secret));
        let view = RecordView::of(&record);
        Self {
            secret,
            leaf_hash,
            names: Names::of(&record),
            at: view.event_time().unwrap_or(Timestamp::UNIX_EPOCH),
            captured_at: view.captured_at(),
            step: view.biz_step(),
            disposition: view.disposition(),
            place: view.place().unwrap_or_default().to_owned(),
            sensed: view.is_sensed(),
            record,
        }
    }

    /// Whether it was read from exactly these bytes.
    #[must_use]
    pub fn is_of(&self, text: &[u8], secret: &[u8]) -> bool {
        self.secret.as_ref().map_or(&[][..], |own| own) == secret
            && self.record.text().as_bytes() == text
    }

    /// Bytes that it takes, about: its text, the same as JSON values, and the index of its names. Short values take many times
    /// their text, so they are counted.
    #[must_use]
    pub fn weight(&self) -> usize {
        let values = VALUE * values(self.record.json());
        size_of::<Self>() + 3 * self.record.text().len() + values + 3 * self.names.weight()
    }

    /// The view of it.
    #[must_use]
    pub fn view(&self) -> RecordView<'_> {
        RecordView::with_names(&self.record, &self.names)
    }

    /// Whether it names the thing of the key `key`.
    #[must_use]
    pub fn names_key(&self, key: &str) -> bool {
        self.spellings(key).next().is_some()
    }

    /// The spellings under which it names the thing of the key `key`, in the order of its names.
    pub fn spellings<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.names.spellings(self.record.json(), key).map(|(_, name)| name)
    }

    /// Keys of classes and lots that it names, each once, in the order of its names.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.names.classes()
    }
}

/// JSON values within one, and itself.
fn values(json: &Json) -> usize {
    1 + match json {
        Json::Array(elements) => elements.iter().map(values).sum(),
        Json::Object(members) => members.iter().map(|(_, value)| 1 + values(value)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::object_event;

    #[test]
    fn short_values_weigh_more_than_their_text() {
        let list = Json::Array(vec![Json::Number("0".to_owned()); 1000]);
        assert_eq!(values(&list), 1001);
        assert_eq!(values(&Json::Object(vec![("a".to_owned(), list)])), 1003);
        assert_eq!(values(&Json::Null), 1);
    }

    #[test]
    fn a_known_record_is_of_its_own_bytes_and_of_no_others() {
        let record = object_event("2026-11-20T08:00:00Z", "storing").record();
        let text = record.text().to_owned();
        let known = KnownRecord::of(record.clone(), Some([7; 16]));
        assert!(known.is_of(text.as_bytes(), &[7; 16]));
        assert_eq!(known.leaf_hash, Some(record.leaf_hash(&[7; 16])));
        assert!(!known.is_of(text.as_bytes(), &[8; 16]));
        assert!(!known.is_of(text.as_bytes(), &[]));
        assert!(!known.is_of(text.replace("storing", "packing").as_bytes(), &[7; 16]));
        let without = KnownRecord::of(record, None);
        assert!(without.is_of(text.as_bytes(), &[]) && without.leaf_hash.is_none());
        assert!(!without.is_of(text.as_bytes(), &[7; 16]));
    }
}
