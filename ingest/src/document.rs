//! A partner's document, whose events are read out of its bytes one at a time.
//!
//! The way through: [`StatedDocument::read`] goes through the bytes once and checks what is around the events;
//! [`StatedDocument::event`] gives one event with its approvals, to be checked and recorded ([`crate::statement`]).
//!
//! What holds: in memory are the bytes as received, and of each event its place in them.
//!
//! Source: EPCIS 2.0 section 12.3 (capture interface).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use epcis::{Outline, Violation};
use ledger::json::Json;

use crate::approvals;
use crate::statement::StatedEvent;
use crate::terms::Fault;

/// Most violations of events that are listed beside those of their document.
const MOST_LISTED: usize = 1000;

/// Approvals of events, signed notes, by the place of the event.
type Approvals = BTreeMap<usize, Vec<String>>;

/// Bytes of a document, with whatever is to be given back when they are dropped.
pub type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

/// A document that has events which can be looked at; each of them may still be refused.
pub struct StatedDocument {
    bytes: Bytes,
    outline: Outline,
    approvals: Approvals,
}

impl fmt::Debug for StatedDocument {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StatedDocument").field("events", &self.len()).finish_non_exhaustive()
    }
}

impl StatedDocument {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// What is wrong with it apart from its events: not JSON, no document, approvals of nothing; with its bytes.
    pub fn read(bytes: Bytes) -> Result<Self, (Fault, Bytes)> {
        let found = Self::read_around((*bytes).as_ref());
        match found {
            Ok((outline, approvals)) => Ok(Self { bytes, outline, approvals }),
            Err(violations) => Err((Fault { code: "malformed", violations }, bytes)),
        }
    }

    fn read_around(bytes: &[u8]) -> Result<(Outline, Approvals), Vec<Violation>> {
        let mut outline = Outline::read(bytes);
        let statements = (0..outline.len()).filter_map(|place| outline.statement(bytes, place));
        if !outline.envelope.is_empty() {
            // With the violations of the events, so that one answer says all.
            let others = statements.filter_map(|one| one.event.err()).flatten().take(MOST_LISTED);
            let others: Vec<Violation> = others.collect();
            return Err(std::mem::take(&mut outline.envelope).into_iter().chain(others).collect());
        }
        let approvals = approvals::assign(&outline.json, statements)?;
        // What is around the events was looked at; the document may be kept for as long as its job takes.
        outline.json = Json::Null;
        Ok((outline, approvals))
    }

    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outline.len()
    }

    /// Whether it has no event; never so of a document that was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outline.is_empty()
    }

    /// Its bytes as received.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    /// The event at `place`; none if it has no such event.
    #[must_use]
    pub fn event(&self, place: usize) -> Option<StatedEvent> {
        let statement = self.outline.statement(self.bytes(), place)?;
        Some(StatedEvent {
            pointer: statement.pointer,
            event: statement.event.map_err(|violations| Fault { code: "malformed", violations }),
            approvals: self.approvals.get(&place).cloned().unwrap_or_default(),
        })
    }

    /// The events from `first` on that are at most `most_events` and, but for the first, at most `most_bytes`.
    #[must_use]
    pub fn part(&self, first: usize, most_events: usize, most_bytes: usize) -> Range<usize> {
        let (mut end, mut bytes) = (first, 0);
        while end < self.len() && end - first < most_events {
            bytes += self.outline.bytes_of(end);
            if bytes > most_bytes && end > first {
                break;
            }
            end += 1;
        }
        first..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_bounded_in_events_and_bytes_and_has_at_least_one_event() {
        let event = |serial: u32| {
            format!(
                r#"{{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T00:00:00Z",
                "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9521141.012345.{serial}"]}}"#
            )
        };
        let events: Vec<String> = (10..20).map(event).collect();
        let size = events[0].len();
        let text = format!(
            r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00.000Z",
            "epcisBody":{{"eventList":[{}]}}}}"#,
            events.join(" , ")
        );
        let document = StatedDocument::read(Box::new(text.into_bytes())).ok().unwrap();
        assert_eq!(document.len(), 10);
        assert_eq!(document.part(0, 4, usize::MAX), 0..4);
        assert_eq!(document.part(8, 4, usize::MAX), 8..10);
        assert_eq!(document.part(2, 4, size * 3), 2..5);
        assert_eq!(document.part(2, 4, 1), 2..3);
        for place in 0..10 {
            let one = document.event(place).unwrap();
            assert_eq!(one.pointer, format!("/epcisBody/eventList/{place}"));
            let item = format!("urn:epc:id:sgtin:9521141.012345.{}", place + 10);
            assert_eq!(one.event.unwrap().epc_list(), [item]);
        }
        assert!(document.event(10).is_none());
    }
}
