//! Long documents: what is around the events, and where each event is in the text, so that one at a time is in memory.
//!
//! The way through: [`Outline::read`] goes through the bytes once; [`Outline::statement`] reads one event out of them.
//!
//! What holds: envelope, events and violations are those of [`crate::Submission`], which has all events at once.
//!
//! Source: EPCIS 2.0 section 9.

use std::ops::Range;

use ledger::json::{Json, JsonError, Limits, parse, parse_apart};

use crate::context::Context;
use crate::document::{Frame, JSON, LIST, QUERY_LIST, Statement, after_mark};
use crate::event::Event;
use crate::violation::{Violation, Violations};

/// A document without its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The document, with `null` for each of its events; null if it is not JSON. A single event is there itself.
    pub json: Json,
    /// What is wrong with the document apart from its events: then none of them can be taken.
    pub envelope: Vec<Violation>,
    context: Context,
    /// JSON pointer to the list of events; none for a single event.
    list: Option<&'static str>,
    /// Where the events are in the bytes.
    events: Vec<Range<usize>>,
}

impl Outline {
    /// Goes through a document.
    ///
    /// - `bytes`: as for [`crate::Submission::parse`]; at most one event at a time is in memory besides them.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let names = |list: &'static str| list.split('/').skip(1).collect::<Vec<_>>();
        let lists = [names(LIST), names(QUERY_LIST)];
        let text = after_mark(bytes);
        let limits = Limits::default();
        let mut violations = Violations::default();
        let apart = match parse_apart(text, &limits, &[&lists[0], &lists[1]]) {
            Ok(apart) => apart,
            Err(error) => {
                let expected = match error {
                    JsonError::TooMany { limit } => format!("at most {limit} events in a document"),
                    _ => JSON.to_owned(),
                };
                violations.add("", "", &error.to_string(), &expected);
                let (json, envelope) = (Json::Null, violations.list());
                let (context, events) = (Context::default(), Vec::new());
                return Self { json, envelope, context, list: None, events };
            }
        };
        let json = apart.json;
        let [events, others] = <[Vec<_>; 2]>::try_from(apart.elements).unwrap_or_default();
        let is_query = json.get("type").and_then(Json::as_str) == Some("EPCISQueryDocument");
        let (events, others) = if is_query { (others, events) } else { (events, others) };
        let is_document =
            is_query || json.get("type").and_then(Json::as_str) == Some("EPCISDocument");
        // A list where this type has none: what is said of it names what is in it.
        let is_elsewhere = !others.is_empty() || (!is_document && !events.is_empty());
        let whole = if is_elsewhere { parse(text, &limits).ok() } else { None };
        let frame = Frame::read(whole.as_ref().unwrap_or(&json), &mut violations);
        drop(whole);
        let list = frame.as_ref().and_then(|frame| frame.list);
        let offset = bytes.len() - text.len();
        let events = match (&frame, list) {
            (None, _) => Vec::new(),
            (Some(_), None) => std::iter::once(offset..bytes.len()).collect(),
            (Some(_), Some(_)) => {
                events.into_iter().map(|one| one.start + offset..one.end + offset).collect()
            }
        };
        let context = frame.map(|frame| frame.context).unwrap_or_default();
        Self { json, envelope: violations.list(), context, list, events }
    }

    /// How many events it has, those included that cannot be taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether it is one event without a document.
    #[must_use]
    pub fn is_single_event(&self) -> bool {
        self.list.is_none() && self.events.len() == 1
    }

    /// How many bytes the event at `place` has.
    #[must_use]
    pub fn bytes_of(&self, place: usize) -> usize {
        self.events.get(place).map_or(0, ExactSizeIterator::len)
    }

    /// The event at `place`, or what is wrong with it; none if there is no such event.
    ///
    /// - `bytes`: those that were given to [`Outline::read`].
    #[must_use]
    pub fn statement(&self, bytes: &[u8], place: usize) -> Option<Statement> {
        let text = bytes.get(self.events.get(place)?.clone())?;
        let pointer = self.list.map(|list| format!("{list}/{place}")).unwrap_or_default();
        let event = match parse(text, &Limits::default()) {
            Ok(json) => Event::within(json, &self.context),
            // Only if the bytes are others.
            Err(error) => {
                let mut violations = Violations::default();
                violations.add("", "", &error.to_string(), JSON);
                Err(violations.list())
            }
        };
        let event = event.map_err(|mut violations| {
            for violation in &mut violations {
                violation.pointer.insert_str(0, &pointer);
            }
            violations
        });
        Some(Statement { pointer, event })
    }
}
