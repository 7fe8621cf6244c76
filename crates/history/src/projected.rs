//! Records to rows of the projection of events, and back: whether what the projection says is what the record says.
//!
//! The way through: the projector makes of each record an event to store ([`project`]); whoever answers from the projection checks
//! each row with the record that it names ([`check`], [`CheckedEvents`]).
//!
//! What holds: an event that [`check`] gives is that of the text from which the ledger's leaf hash was made, recomputed here; nothing of
//! the projection is taken over into it. An event has no member that the ledger added.
//!
//! Not here: whether the leaf hash is in a signed tree ([`mod@crate::gather`], for verdicts), which rows are searched (`sql::events`).
//!
//! Source: docs/decisions/0060-the-projection-of-events.md.

use std::sync::Arc;

use epcis::Event;
use epcis::query::{
    Facet, NoMasterData, Query, Resource, Term, event_id_of, resources_of, terms_of,
};
use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::sha256_parts;
use ledger::json::Json;
use ledger::record::{Record, Tombstone};
use sql::events::{Link, NewEvent, Projected, SeenValue, Skipped, number_of};
use sql::ledgers::StoredRecord;
use thiserror::Error;

use crate::movement::links_of;
use crate::record_view::{Evidence, RecordView};
use crate::store::{Store, Usage};

/// Bytes of an event in memory for each byte of its record, about.
const WEIGHT: usize = 4;

/// An event as its ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEvent {
    /// The event, without the members that the ledger added.
    pub event: Event,
    /// Its own id, or its event hash.
    pub event_id: String,
    /// When the ledger recorded it.
    pub record_time: Timestamp,
    /// Party that the ledger says stated it (`urn:epc:id:pgln:…`); empty if it says none.
    pub stated_by: String,
    /// Its event hash, as the record says, also of an event that has an id of its own; empty if the record says none.
    pub event_hash: String,
    /// What the ledger says it rests on.
    pub evidence: Evidence,
}

/// Why a record is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoEvent {
    /// Its text is no record.
    #[error("its text is no record")]
    Unreadable,
    /// Its content was erased.
    #[error("its content was erased")]
    Erased,
    /// It has no type of event or no event time.
    #[error("it is no event: it has no type of event or no event time")]
    OtherKind,
}

/// Why a row of the projection is not answered from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProjectionFault {
    /// The record does not lead to the leaf hash of its ledger.
    #[error("the record does not lead to the leaf hash of its ledger")]
    LeafHash,
    /// The record is no event.
    #[error("the record: {0}")]
    NoEvent(#[from] NoEvent),
    /// The record is another event than the row says.
    #[error("the record is another event than the projection says")]
    OtherEvent,
}

/// The event of a record's object, which the caller has compared with its leaf hash.
///
/// # Errors
///
/// [`NoEvent::OtherKind`] if it is none.
pub fn event_of(json: &Json) -> Result<LedgerEvent, NoEvent> {
    event_named(json, event_id_of)
}

/// As [`event_of`], with the id that `id_of` gives.
fn event_named(json: &Json, id_of: impl FnOnce(&Event) -> String) -> Result<LedgerEvent, NoEvent> {
    let view = RecordView::of(json);
    let event = Event::of_record(view.event()).ok_or(NoEvent::OtherKind)?;
    let time = event.event_time();
    Ok(LedgerEvent {
        event_id: id_of(&event),
        // A record of before that member was written has no other time.
        record_time: view.captured_at().unwrap_or(time),
        stated_by: view.stated_by().to_owned(),
        event_hash: view.event_hash().to_owned(),
        evidence: view.evidence(),
        event,
    })
}

/// The document that a record says it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedDocument {
    /// The partner that sent it, as ingest names it.
    pub partner: String,
    /// SHA-256 of the document.
    pub sha256: Hash,
    /// Party that the ledger says stated it (`urn:epc:id:pgln:…`); empty if it says none.
    pub stated_by: String,
    /// When the ledger recorded it.
    pub record_time: Timestamp,
}

fn document_of(json: &Json, own: &LedgerEvent) -> Option<StatedDocument> {
    let evidence = json.get("chopmark:evidence")?;
    Some(StatedDocument {
        partner: evidence.get("partner")?.as_str()?.to_owned(),
        sha256: evidence.get("document")?.as_str()?.parse().ok()?,
        stated_by: own.stated_by.clone(),
        record_time: own.record_time,
    })
}

/// The document that a stored record came with, if the record leads to the leaf hash of its ledger; none for one that a
/// reader's observation made.
#[must_use]
pub fn document(record: &StoredRecord) -> Option<StatedDocument> {
    let read = Record::parse(&record.text).ok()?;
    let leaf_hash = record.secret.as_ref().map(|secret| read.leaf_hash(secret));
    if leaf_hash != Some(record.leaf_hash) {
        return None;
    }
    document_of(read.json(), &event_of(read.json()).ok()?)
}

/// The row that a record becomes.
///
/// # Errors
///
/// What is stored in place of it.
pub fn project(record: &StoredRecord) -> Result<NewEvent, Skipped> {
    project_with_document(record).map(|(event, _)| event)
}

/// As [`project`], with the document that the event came with.
///
/// # Errors
///
/// As [`project`].
pub fn project_with_document(
    record: &StoredRecord,
) -> Result<(NewEvent, Option<StatedDocument>), Skipped> {
    let skipped = |reason: NoEvent| Skipped {
        ledger: record.ledger,
        index: record.index,
        reason: reason.to_string(),
    };
    let read = Record::parse(&record.text).map_err(|_| skipped(NoEvent::Unreadable))?;
    if Tombstone::of(read.json()).is_some() {
        return Err(skipped(NoEvent::Erased));
    }
    let own = event_of(read.json()).map_err(skipped)?;
    let document = document_of(read.json(), &own);
    let links = links_of(&own.event).into_iter();
    let links = links.map(|(thing, role)| Link { thing, role: role.number() });
    let values = resources_of(&own.event).into_iter();
    let mut terms = terms_of(&own.event);
    terms.extend(record_terms(&own));
    terms.sort_unstable();
    terms.dedup();
    let event = NewEvent {
        ledger: record.ledger,
        index: record.index,
        event_time: own.event.event_time(),
        record_time: own.record_time,
        event_id: own.event_id,
        terms,
        values: values.map(|(resource, value)| (number_of(resource), value)).collect(),
        links: links.collect(),
    };
    Ok((event, document))
}

/// The values of an event, each with the terms by which others that have it are found.
#[must_use]
pub fn seen_values(event: &NewEvent) -> Vec<SeenValue> {
    const NAMES: [(Resource, &str); 6] = [
        (Resource::EventType, "eventType"),
        (Resource::Epc, "MATCH_anyEPC"),
        (Resource::BizStep, "EQ_bizStep"),
        (Resource::BizLocation, "EQ_bizLocation"),
        (Resource::ReadPoint, "EQ_readPoint"),
        (Resource::Disposition, "EQ_disposition"),
    ];
    let terms = |resource: i16, value: &str| {
        let (_, name) = NAMES.iter().find(|(own, _)| number_of(*own) == resource)?;
        let query = Query::from_pairs(&[((*name).to_owned(), value.to_owned())]).ok()?;
        query.groups(&NoMasterData).into_iter().next()
    };
    let seen = event.values.iter().map(|(resource, value)| SeenValue {
        resource: *resource,
        value: value.clone(),
        terms: terms(*resource, value).unwrap_or_default(),
    });
    seen.collect()
}

/// What a record was received with, as far as it says.
#[must_use]
pub fn source_of(record: &Record) -> sql::erasures::Source {
    let evidence = record.json().get("chopmark:evidence");
    let window = evidence.and_then(|evidence| evidence.get("window"));
    let number = |json: &Json, name: &str| json.get(name)?.as_number()?.parse::<i64>().ok();
    let delivery = window.and_then(|window| {
        let bridge = window.get("bridge")?.as_str()?.to_owned();
        Some((bridge, number(window, "boot")?, number(window, "sequence")?))
    });
    let document = evidence.and_then(|evidence| {
        let digest = evidence.get("document")?.as_str()?.parse().ok()?;
        Some((evidence.get("partner")?.as_str()?.to_owned(), digest))
    });
    let id = record.json().get("eventID").and_then(Json::as_str);
    let event_id = id.map(|id| ledger::hash::sha256(id.as_bytes()));
    sql::erasures::Source { delivery, document, event_id }
}

/// Events that were recomputed from their records, kept for later answers.
///
/// An event is found by SHA-256 of everything that it was recomputed from: the record's text, its secret, and the leaf hash to which they
/// led. A record that was changed in any of them is another one, and is recomputed. Of many more events than are kept, only the id is:
/// their records are read again, and neither the leaf hash nor the event hash is made again, which take most of the time.
#[derive(Debug)]
pub struct CheckedEvents {
    events: Store<Hash, LedgerEvent>,
    ids: Store<Hash, String>,
}

impl CheckedEvents {
    /// None yet.
    ///
    /// - `bytes`: most that is kept, about; with 0 every event is recomputed each time.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let of_ids = bytes / 8;
        Self { events: Store::new(bytes - of_ids), ids: Store::new(of_ids) }
    }

    /// As [`check`], which is done once for each record as it is stored.
    ///
    /// # Errors
    ///
    /// As [`check`].
    pub fn check(
        &self,
        projected: &Projected,
        record: &StoredRecord,
    ) -> Result<Arc<LedgerEvent>, ProjectionFault> {
        let secret = record.secret.as_ref().ok_or(ProjectionFault::LeafHash)?;
        let name = sha256_parts(&[secret.as_slice(), &record.leaf_hash.0, record.text.as_bytes()]);
        let own = match self.events.get(&name, |_| true) {
            Some(known) => known,
            None => self.read(name, record)?,
        };
        compare(projected, &own).map(|()| own)
    }

    /// The event of a record that is called `name` and is not kept; it is from now on.
    fn read(&self, name: Hash, record: &StoredRecord) -> Result<Arc<LedgerEvent>, ProjectionFault> {
        let own = if let Some(id) = self.ids.get(&name, |_| true) {
            let read = Record::parse(&record.text).map_err(|_| NoEvent::Unreadable)?;
            event_named(read.json(), |_| id.as_ref().clone())?
        } else {
            let own = recomputed(record)?;
            self.ids.put(name, Arc::new(own.event_id.clone()), own.event_id.len());
            own
        };
        let own = Arc::new(own);
        self.events.put(name, own.clone(), WEIGHT * (record.text.len() + 100));
        Ok(own)
    }

    /// How much is kept and how often that helped.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.events.usage()
    }
}

/// The terms of what only a record says.
fn record_terms(own: &LedgerEvent) -> Vec<Term> {
    let by = Some(own.stated_by.as_str()).filter(|by| !by.is_empty()).map(Facet::stated_by);
    let hash = Some(own.event_hash.clone()).filter(|hash| !hash.is_empty()).map(Facet::Hash);
    [by, hash].into_iter().flatten().flat_map(|facet| facet.terms()).collect()
}

/// The event that a row of the projection names, recomputed from its record.
///
/// # Errors
///
/// [`ProjectionFault`]: the row or the record was altered, and nothing of either is shown.
pub fn check(projected: &Projected, record: &StoredRecord) -> Result<LedgerEvent, ProjectionFault> {
    let own = recomputed(record)?;
    compare(projected, &own).map(|()| own)
}

/// The event of a record that leads to the leaf hash of its ledger.
fn recomputed(record: &StoredRecord) -> Result<LedgerEvent, ProjectionFault> {
    let read = Record::parse(&record.text).map_err(|_| NoEvent::Unreadable)?;
    let leaf_hash = record.secret.as_ref().map(|secret| read.leaf_hash(secret));
    if leaf_hash != Some(record.leaf_hash) {
        return Err(ProjectionFault::LeafHash);
    }
    Ok(event_of(read.json())?)
}

/// Whether the row says what the event says.
fn compare(projected: &Projected, own: &LedgerEvent) -> Result<(), ProjectionFault> {
    let is_same = |stored: Timestamp, own: Timestamp| {
        stored.as_nanosecond().div_euclid(1000) == own.as_nanosecond().div_euclid(1000)
    };
    // The projection has no room for an id that is very long.
    let is_id = projected.event_id == own.event_id || projected.event_id.is_empty();
    let is_own = is_id
        && is_same(projected.event_time, own.event.event_time())
        && is_same(projected.record_time, own.record_time);
    if is_own { Ok(()) } else { Err(ProjectionFault::OtherEvent) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CASE, ITEM, object_event, packing_event};

    const AT: &str = "2026-11-20T08:00:00.1234567+08:00";

    fn stored(record: &Record) -> StoredRecord {
        let secret = [7; 16];
        StoredRecord {
            ledger: sql::LedgerId(1),
            index: 4,
            text: record.text().to_owned(),
            secret: Some(secret),
            leaf_hash: record.leaf_hash(&secret),
        }
    }

    fn row(of: &NewEvent) -> Projected {
        Projected {
            position: 1,
            ledger: of.ledger,
            origin: "a.example/x".to_owned(),
            index: of.index,
            event_time: of.event_time,
            record_time: of.record_time,
            event_id: of.event_id.clone(),
        }
    }

    #[test]
    fn an_event_that_is_known_is_found_by_what_is_stored_and_by_nothing_else() {
        let record = stored(&object_event(AT, "storing").record());
        let row = row(&project(&record).unwrap());
        let checked = CheckedEvents::new(1 << 20);
        let first = checked.check(&row, &record).unwrap();
        let again = checked.check(&row, &record).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!((checked.usage().hits, checked.usage().misses), (1, 1));
        let text = record.text.replace("storing", "shipping");
        assert_ne!(text, record.text);
        for changed in [
            StoredRecord { text, ..record.clone() },
            StoredRecord { secret: Some([8; 16]), ..record.clone() },
            StoredRecord { secret: None, ..record.clone() },
            StoredRecord { leaf_hash: Hash([1; 32]), ..record.clone() },
        ] {
            assert_eq!(checked.check(&row, &changed), Err(ProjectionFault::LeafHash));
        }
        let other = Projected { event_id: "urn:uuid:1".to_owned(), ..row.clone() };
        assert_eq!(checked.check(&other, &record), Err(ProjectionFault::OtherEvent));
        assert!(Arc::ptr_eq(&first, &checked.check(&row, &record).unwrap()));
    }

    #[test]
    fn an_event_of_which_only_the_id_is_kept_is_read_again_and_is_the_same() {
        // Room for the ids and for none of the events.
        let checked = CheckedEvents::new(64 << 10);
        let record = stored(&packing_event(AT, "ADD", CASE, &[ITEM; 20]).record());
        let row = row(&project(&record).unwrap());
        let first = checked.check(&row, &record).unwrap();
        let again = checked.check(&row, &record).unwrap();
        assert!(!Arc::ptr_eq(&first, &again), "too large to be kept");
        assert_eq!(first, again);
        assert_eq!(checked.ids.usage().hits, 1);
        let changed = StoredRecord { leaf_hash: Hash([1; 32]), ..record.clone() };
        assert_eq!(checked.check(&row, &changed), Err(ProjectionFault::LeafHash));
        let text = record.text.replace("ADD", "DELETE");
        let changed = StoredRecord { text, ..record };
        assert_eq!(checked.check(&row, &changed), Err(ProjectionFault::LeafHash));
    }

    #[test]
    fn a_record_becomes_a_row_and_the_row_leads_to_its_event_again() {
        let record = stored(&packing_event(AT, "ADD", CASE, &[ITEM]).sensed().record());
        let new = project(&record).unwrap();
        assert_eq!((new.ledger, new.index), (record.ledger, 4));
        assert_eq!(new.links.len(), 2, "the container and the child");
        assert!(new.values.contains(&(2, ITEM.to_owned())), "{:?}", new.values);
        let own = check(&row(&new), &record).unwrap();
        assert!(own.event_id.starts_with("ni:///sha-256;"), "{}", own.event_id);
        let members = own.event.json().as_object().unwrap();
        assert!(members.iter().all(|(name, _)| !name.starts_with("chopmark:")), "{members:?}");
    }

    #[test]
    fn a_row_that_leads_to_another_record_or_an_altered_one_is_a_fault() {
        let record = stored(&object_event(AT, "storing").record());
        let new = project(&record).unwrap();
        let mut altered = record.clone();
        altered.text = altered.text.replace("storing", "packing");
        assert_eq!(check(&row(&new), &altered), Err(ProjectionFault::LeafHash));
        let without = StoredRecord { secret: None, ..record.clone() };
        assert_eq!(check(&row(&new), &without), Err(ProjectionFault::LeafHash));
        let other = stored(&object_event("2026-11-20T09:00:00Z", "storing").record());
        assert_eq!(check(&row(&new), &other), Err(ProjectionFault::OtherEvent));
        let renamed = Projected { event_id: "urn:uuid:1".to_owned(), ..row(&new) };
        assert_eq!(check(&renamed, &record), Err(ProjectionFault::OtherEvent));
        let late = Projected { record_time: Timestamp::MAX, ..row(&new) };
        assert_eq!(check(&late, &record), Err(ProjectionFault::OtherEvent));
    }

    #[test]
    fn what_is_no_event_is_skipped_with_its_place_and_reason() {
        let text = ledger::json::object([("a", Json::from("b"))]).canonical();
        for (text, reason) in [
            (text, "it is no event: it has no type of event or no event time"),
            ("no JSON".to_owned(), "its text is no record"),
            (String::new(), "its text is no record"),
        ] {
            let record = StoredRecord { text, ..stored(&object_event(AT, "storing").record()) };
            let skipped = project(&record).unwrap_err();
            assert_eq!((skipped.index, &*skipped.reason), (4, reason));
        }
    }
}
