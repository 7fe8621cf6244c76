//! One record of a history, and whether it fits its ledger.
//!
//! What holds: an entry without a [`Fault`] was recomputed from its stored text and secret and led to the leaf hash
//! that is in the tree; nothing stored is believed before that.
//!
//! Not here: reading it from the database and proving it into the tree ([`mod@crate::gather`]).

use std::fmt;
use std::sync::Arc;

use directory::PartyId;
use epcis::{BizStep, Disposition};
use jiff::Timestamp;
use ledger::Hash;
use ledger::policy::OpenError;
use ledger::record::{Record, Secret, Tombstone};

use crate::clash_kind::ClashKind;
use crate::known_record::KnownRecord;
use crate::record_view::RecordView;
use crate::weight::{Mark, Seal, Weight};

/// A record as the database gives it.
#[derive(Debug, Clone)]
pub struct StoredText {
    /// Canonical text.
    pub text: String,
    /// The secret of its salts.
    pub secret: Option<Secret>,
    /// The leaf hash that is in the tree.
    pub leaf_hash: Hash,
}

/// One record of an item's history.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    /// Origin of its ledger.
    pub origin: Arc<str>,
    /// The party that keeps the ledger.
    pub party: Arc<str>,
    /// Its place in the ledger.
    pub index: u64,
    /// The leaf hash that is in the tree.
    pub leaf_hash: Hash,
    /// The record, if its text can be read as one.
    pub record: Option<Arc<KnownRecord>>,
    /// The secret of its salts.
    pub secret: Option<Secret>,
    /// When the event happened; 1970 if the record does not say.
    pub at: Timestamp,
    /// Business step.
    pub step: Option<BizStep>,
    /// Disposition.
    pub disposition: Option<Disposition>,
    /// Where, a location URI; empty if the record does not say.
    pub place: String,
    /// Whether a reader or sensor recorded it; otherwise a party stated it.
    pub sensed: bool,
    /// Why it belongs to the item's history.
    pub relation: Relation,
    /// Why it does not fit its ledger; then it does not count.
    pub fault: Option<Fault>,
    /// When the hub first had it.
    pub seal: Seal,
    /// The party of the directory that speaks in it.
    pub speaker: Option<PartyId>,
    /// What it weighs: the most of what it states.
    pub weight: Weight,
    /// What is odd about its time.
    pub mark: Option<Mark>,
}

/// Which record something comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordRef {
    /// Origin of the ledger.
    pub origin: Arc<str>,
    /// The record's place in it.
    pub index: u64,
    /// The party that keeps the ledger.
    pub party: Arc<str>,
}

impl fmt::Display for RecordRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} · {} #{}", self.party, self.origin, self.index)
    }
}

/// Why a record belongs to an item's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// It names the item.
    Item,
    /// It names a container that the item was in at that time.
    Container(String),
    /// It names the item's lot or all items of its GTIN, and not the item.
    Lot,
}

/// Why a record does not fit its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Text and secret lead to another leaf hash.
    Text,
    /// Its content was erased, and a tombstone stands in its place. That the erasure was recorded is for an audit to say.
    Erased(Tombstone),
    /// The leaf hash does not lead to the root of the ledger's checkpoint.
    Tree,
    /// The ledger's checkpoint does not open under the policy.
    Checkpoint(OpenError),
    /// The ledger's checkpoint opens, and is of another size or root than the row that it is stored in.
    CheckpointRow {
        /// The size that is signed.
        size: u64,
    },
    /// The ledger has fewer records than the hub holds of it.
    Shrunk {
        /// Size of the hub's last entry of it.
        hub_size: u64,
        /// Its size now.
        own_size: u64,
    },
    /// The ledger does not extend what the hub holds of it, or another past of it was signed, for this reason.
    Forked(String),
    /// More is kept as evidence of forks of the ledger than is looked at: whether another past was signed cannot be told.
    Unexamined {
        /// Forks whose notes are kept; of very many, at least so many.
        kept: u64,
        /// How many of them were not looked at.
        left: u64,
    },
}

impl Fault {
    /// Whether nothing that the record says counts, not even its time.
    #[must_use]
    pub fn is_of_text(&self) -> bool {
        matches!(self, Self::Text | Self::Erased(_))
    }

    /// When and why the record was erased, if it was.
    #[must_use]
    pub fn erased(&self) -> Option<&Tombstone> {
        match self {
            Self::Erased(tombstone) => Some(tombstone),
            _ => None,
        }
    }

    /// The contradiction, if it is not the record but its whole ledger that contradicts what was signed earlier.
    #[must_use]
    pub fn clash(&self) -> Option<ClashKind> {
        match self {
            Self::Forked(_) => Some(ClashKind::LedgerForked),
            Self::Shrunk { .. } => Some(ClashKind::LedgerShrunk),
            // Anybody who can write a row can make evidence up: what nobody looked at contradicts nothing.
            Self::Text
            | Self::Erased(_)
            | Self::Tree
            | Self::Checkpoint(_)
            | Self::CheckpointRow { .. }
            | Self::Unexamined { .. } => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => out.write_str("its text does not fit its hash"),
            Self::Erased(Tombstone { at, reason }) => {
                write!(out, "its content was erased at {at}: {reason}")
            }
            Self::Tree => out.write_str("it is not in the signed tree"),
            Self::Checkpoint(error) => write!(out, "its ledger's checkpoint is not valid: {error}"),
            Self::CheckpointRow { size } => {
                write!(out, "its ledger's checkpoint of size {size} differs from the stored row")
            }
            Self::Shrunk { hub_size, own_size } => write!(
                out,
                "its ledger was rolled back: the hub holds its checkpoint of size {hub_size}, it has {own_size} records"
            ),
            Self::Forked(reason) => {
                write!(out, "its ledger contradicts what was signed of it: {reason}")
            }
            Self::Unexamined { kept, left } => write!(
                out,
                "evidence of {kept} forks of its ledger is kept, of which {left} were not looked at"
            ),
        }
    }
}

impl HistoryEntry {
    /// Reads a stored record that names the item, and compares it with its leaf hash. Its seal is that of a record
    /// which reached the hub when it happened, until the caller sets the real one.
    #[must_use]
    pub fn read(origin: Arc<str>, party: Arc<str>, index: u64, stored: &StoredText) -> Self {
        let record = Record::parse(&stored.text).ok();
        let known = record.map(|record| Arc::new(KnownRecord::of(record, stored.secret)));
        Self::of(origin, party, index, known, (stored.secret, stored.leaf_hash))
    }

    /// As [`Self::read`], of a record that was read before.
    ///
    /// - `record`: none if the text is no record.
    /// - `(secret, leaf_hash)`: as they are stored.
    #[must_use]
    pub fn of(
        origin: Arc<str>,
        party: Arc<str>,
        index: u64,
        record: Option<Arc<KnownRecord>>,
        (secret, leaf_hash): (Option<Secret>, Hash),
    ) -> Self {
        let leads = |record: &Arc<KnownRecord>| record.leaf_hash == Some(leaf_hash);
        let erased = record.as_ref().filter(|record| !leads(record));
        let erased = erased.and_then(|record| record.tombstone());
        // A tombstone is no record.
        let record = record.filter(|_| erased.is_none());
        let known = record.as_deref();
        let at = known.map_or(Timestamp::UNIX_EPOCH, |known| known.at);
        let found = known.and_then(|known| known.leaf_hash);
        Self {
            origin,
            party,
            index,
            leaf_hash,
            secret,
            at,
            step: known.and_then(|known| known.step.clone()),
            disposition: known.and_then(|known| known.disposition.clone()),
            place: known.map(|known| known.place.clone()).unwrap_or_default(),
            sensed: known.is_some_and(|known| known.sensed),
            relation: Relation::Item,
            fault: match erased {
                Some(tombstone) => Some(Fault::Erased(tombstone)),
                None => (found != Some(leaf_hash)).then_some(Fault::Text),
            },
            record,
            seal: Seal::pending(at, at),
            speaker: None,
            weight: Weight::Listed,
            mark: None,
        }
    }

    /// The view of its record.
    #[must_use]
    pub fn view(&self) -> Option<RecordView<'_>> {
        self.record.as_deref().map(KnownRecord::view)
    }

    /// When and why its content was erased, if it was.
    #[must_use]
    pub fn erased(&self) -> Option<&Tombstone> {
        self.fault.as_ref().and_then(Fault::erased)
    }

    /// Whether it is of the item or its containers and fits its ledger. What it weighs is another question.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.fault.is_none() && self.relation != Relation::Lot
    }

    /// Which record it is.
    #[must_use]
    pub fn reference(&self) -> RecordRef {
        RecordRef { origin: self.origin.clone(), index: self.index, party: self.party.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FACTORY, object_event};

    fn stored() -> StoredText {
        let record = object_event("2026-11-20T08:00:00+08:00", "commissioning")
            .at(FACTORY)
            .disposition("active")
            .record();
        let secret = [7; 16];
        let leaf_hash = record.leaf_hash(&secret);
        StoredText { text: record.text().to_owned(), secret: Some(secret), leaf_hash }
    }

    fn read(stored: &StoredText) -> HistoryEntry {
        HistoryEntry::read("log.example/1".into(), "Factory".into(), 3, stored)
    }

    #[test]
    fn a_record_that_leads_to_its_leaf_hash_has_no_fault() {
        let entry = read(&stored());
        assert_eq!(entry.fault, None);
        assert!(entry.fits());
        assert_eq!(entry.at, "2026-11-20T00:00:00Z".parse().unwrap());
        assert_eq!(entry.step, Some(BizStep::Commissioning));
        assert_eq!(entry.disposition, Some(Disposition::Active));
        assert_eq!(entry.place, FACTORY);
    }

    #[test]
    fn a_record_that_leads_elsewhere_has_a_fault() {
        let altered = StoredText { text: stored().text.replace("active", "recalled"), ..stored() };
        let other_secret = StoredText { secret: Some([8; 16]), ..stored() };
        let no_secret = StoredText { secret: None, ..stored() };
        let no_record = StoredText { text: "[]".into(), ..stored() };
        let not_canonical = StoredText { text: format!(" {}", stored().text), ..stored() };
        for wrong in [altered, other_secret, no_secret, no_record, not_canonical] {
            let entry = read(&wrong);
            assert_eq!(entry.fault, Some(Fault::Text), "{wrong:?}");
            assert!(!entry.fits());
        }
    }

    #[test]
    fn a_text_that_is_no_record_gives_an_entry_without_content() {
        let entry = read(&StoredText { text: "no JSON".into(), ..stored() });
        assert!(entry.record.is_none() && entry.view().is_none());
        assert_eq!((entry.at, entry.place.as_str()), (Timestamp::UNIX_EPOCH, ""));
        assert_eq!((entry.step, entry.disposition, entry.sensed), (None, None, false));
    }

    #[test]
    fn a_tombstone_that_stands_in_the_place_of_a_record_says_that_it_was_erased() {
        let tombstone = Tombstone { at: "2026-11-24T08:00:00Z".into(), reason: "asked for".into() };
        let secret = Some(ledger::record::ERASED_SECRET);
        let entry = read(&StoredText { text: tombstone.text(), secret, ..stored() });
        assert_eq!(entry.erased(), Some(&tombstone));
        assert!(!entry.fits() && entry.record.is_none() && entry.view().is_none());
        // A ledger that committed to such a text as a record erased nothing.
        let record = Record::parse(&tombstone.text()).unwrap();
        let leaf_hash = record.leaf_hash(&[7; 16]);
        let entry = read(&StoredText { text: tombstone.text(), leaf_hash, ..stored() });
        assert_eq!((entry.fault.clone(), entry.record.is_some()), (None, true));
    }

    #[test]
    fn the_texts_of_faults_are_part_of_the_api() {
        let unknown = OpenError::UnknownLedger { origin: "log.example/1".into(), size: 9 };
        for (fault, text) in [
            (Fault::Text, "its text does not fit its hash"),
            (
                Fault::Erased(Tombstone {
                    at: "2026-11-24T08:00:00Z".into(),
                    reason: "asked for".into(),
                }),
                "its content was erased at 2026-11-24T08:00:00Z: asked for",
            ),
            (Fault::Tree, "it is not in the signed tree"),
            (
                Fault::Checkpoint(unknown),
                "its ledger's checkpoint is not valid: checkpoint of size 9: the policy has no key of `log.example/1`",
            ),
            (
                Fault::CheckpointRow { size: 9 },
                "its ledger's checkpoint of size 9 differs from the stored row",
            ),
            (
                Fault::Shrunk { hub_size: 9, own_size: 7 },
                "its ledger was rolled back: the hub holds its checkpoint of size 9, it has 7 records",
            ),
            (
                Fault::Forked("two different roots are signed for size 9".into()),
                "its ledger contradicts what was signed of it: two different roots are signed for size 9",
            ),
            (
                Fault::Unexamined { kept: 33, left: 1 },
                "evidence of 33 forks of its ledger is kept, of which 1 were not looked at",
            ),
        ] {
            assert_eq!(fault.to_string(), text);
        }
    }
}
