//! A partner's document, whose events are read out of its bytes one at a time.
//!
//! The way through: [`StatedDocument::read`] goes through the bytes once and checks what is around the events; XML is converted to its
//! JSON form before. [`StatedDocument::event`] gives one event with its approvals, to be checked and recorded ([`crate::statement`]).
//!
//! What holds: in memory are the bytes as received, of XML its JSON form beside, and of each event its place in it. The tree of an
//! XML document is in memory while it is converted only.
//!
//! Source: EPCIS 2.0 section 12.3 (capture interface); docs/decisions/0062-capture-interface.md.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use epcis::{Outline, Violation, xml};
use ledger::hash::sha256;
use ledger::json::Json;
use sql::captures::CreatedEvent;

use crate::approvals;
use crate::statement::StatedEvent;
use crate::terms::{Fault, TOO_MANY_EVENTS};

/// Most violations of events that are listed beside those of their document.
const MOST_LISTED: usize = 1000;

/// Approvals of events, signed notes, by the place of the event.
type Approvals = BTreeMap<usize, Vec<String>>;

/// Bytes of a document, with whatever is to be given back when they are dropped.
pub type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

/// A document that has events which can be looked at; each of them may still be refused.
pub struct StatedDocument {
    bytes: Bytes,
    /// Of one event that has an id of its own.
    created: Option<CreatedEvent>,
    /// Of XML.
    converted: Option<Converted>,
    outline: Outline,
    approvals: Approvals,
    has_master_data: bool,
}

impl fmt::Debug for StatedDocument {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StatedDocument").field("events", &self.len()).finish_non_exhaustive()
    }
}

/// The JSON form of a document in XML.
struct Converted {
    json: Vec<u8>,
    /// Where each event starts in the XML.
    lines: Vec<u32>,
    /// What the JSON form has no place for.
    left_out: Vec<String>,
}

impl StatedDocument {
    /// Reads a document, JSON or XML.
    ///
    /// - `max_events`: most events.
    ///
    /// # Errors
    ///
    /// What is wrong with it apart from its events: neither JSON nor XML, no document, approvals of nothing, too many events; with
    /// its bytes.
    pub fn read(bytes: Bytes, max_events: usize) -> Result<Self, (Fault, Bytes)> {
        let malformed = |violations| Fault { code: "malformed", violations };
        let received = (*bytes).as_ref();
        let converted = match convert(received) {
            Ok(converted) => converted,
            Err(violations) => return Err((malformed(violations), bytes)),
        };
        let json = converted.as_ref().map_or(received, |found| found.json.as_slice());
        let lines = converted.as_ref().map(|found| found.lines.as_slice()).unwrap_or_default();
        match Self::read_around(json, lines) {
            Ok((outline, ..)) if outline.len() > max_events => {
                Err((too_many(outline.len(), max_events), bytes))
            }
            Ok((outline, approvals, has_master_data)) => {
                let created = created(&outline, json);
                Ok(Self { bytes, created, converted, outline, approvals, has_master_data })
            }
            Err(violations) => Err((malformed(violations), bytes)),
        }
    }

    /// What stands around the events of a document, and whether it has master data.
    fn read_around(
        bytes: &[u8],
        lines: &[u32],
    ) -> Result<(Outline, Approvals, bool), Vec<Violation>> {
        let mut outline = Outline::read(bytes);
        let statements = (0..outline.len()).filter_map(|place| outline.statement(bytes, place));
        if !outline.envelope.is_empty() {
            // With the violations of the events, so that one answer says all.
            let others = statements.enumerate().filter_map(|(place, one)| {
                let fault = Fault { code: "malformed", violations: one.event.err()? };
                Some(fault.in_line(lines.get(place).copied()).violations)
            });
            let others: Vec<Violation> = others.flatten().take(MOST_LISTED).collect();
            return Err(std::mem::take(&mut outline.envelope).into_iter().chain(others).collect());
        }
        let approvals = approvals::assign(&outline.json, statements)?;
        let has_master_data = epcis::master_data::is_in(&outline.json);
        // What is around the events was looked at; the document may be kept for as long as its job takes.
        outline.json = Json::Null;
        Ok((outline, approvals, has_master_data))
    }

    /// Whether it is one event without a document.
    #[must_use]
    pub fn is_single_event(&self) -> bool {
        self.outline.is_single_event()
    }

    /// What it creates, if it is one event without a document that has an id of its own. A declaration that an event was in error has
    /// the id of that event, so it creates nothing.
    #[must_use]
    pub fn created(&self) -> Option<&CreatedEvent> {
        self.created.as_ref()
    }

    /// Its bytes as received, if they are kept: it is XML, or has master data.
    #[must_use]
    pub fn kept(&self) -> Option<&[u8]> {
        (self.converted.is_some() || self.has_master_data).then(|| self.bytes())
    }

    /// What of an XML document its records do not say, as a sentence; none if there is nothing.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let left_out = &self.converted.as_ref()?.left_out;
        (!left_out.is_empty()).then(|| {
            format!(
                "the JSON form of the events has no place for {}; the document is kept as it was received",
                left_out.join(", ")
            )
        })
    }

    /// The JSON of its events.
    fn json(&self) -> &[u8] {
        self.converted.as_ref().map_or_else(|| self.bytes(), |found| &found.json)
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
        let statement = self.outline.statement(self.json(), place)?;
        let line = self.converted.as_ref().and_then(|found| found.lines.get(place).copied());
        let malformed = |violations| Fault { code: "malformed", violations }.in_line(line);
        Some(StatedEvent {
            pointer: statement.pointer,
            line,
            event: statement.event.map_err(malformed),
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

fn created(outline: &Outline, json: &[u8]) -> Option<CreatedEvent> {
    if !outline.is_single_event() {
        return None;
    }
    let event = outline.statement(json, 0)?.event.ok()?;
    let id = sha256(event.event_id()?.as_bytes());
    let is_declaration = event.json().get("errorDeclaration").is_some();
    let event = sha256(event.json().canonical().as_bytes());
    (!is_declaration).then_some(CreatedEvent { id, event })
}

/// The JSON form of XML; none of JSON.
fn convert(bytes: &[u8]) -> Result<Option<Converted>, Vec<Violation>> {
    if !xml::is_xml(bytes) {
        return Ok(None);
    }
    let found = xml::parse(bytes, &xml::Limits::default())?;
    let (lines, left_out) = (found.event_lines, found.left_out);
    Ok(Some(Converted { json: found.json.canonical().into_bytes(), lines, left_out }))
}

fn too_many(events: usize, limit: usize) -> Fault {
    let violation = Violation {
        pointer: String::new(),
        value: format!("{events} events"),
        problem: "too many events in one document".to_owned(),
        expected: format!("at most {limit}"),
    };
    Fault { code: TOO_MANY_EVENTS, violations: vec![violation] }
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
        let document = StatedDocument::read(Box::new(text.into_bytes()), 10).ok().unwrap();
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
