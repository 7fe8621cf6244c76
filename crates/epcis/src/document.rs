//! EPCIS documents in JSON-LD: context, envelope, events.
//!
//! The way through: [`Submission::parse`] reads a document event by event; [`Document::parse`] takes it only whole; for long
//! ones see [`crate::Outline`].
//!
//! What holds: a [`Document`] is accepted as a whole or refused as a whole; a [`Submission`] keeps for each event
//! either the event or what is wrong with it, and what is wrong with its envelope beside them. The number of
//! violations that are kept is bounded.
//!
//! Source: EPCIS 2.0 section 9.

use ledger::json::{Json, Limits, parse};

use crate::check::{check_envelope, refuse_type};
use crate::context::Context;
use crate::event::Event;
use crate::event_kind::EventKind;
use crate::term::{DOCUMENT, Form, QUERY_DOCUMENT};
use crate::violation::{Violation, Violations};

/// Most violations kept of the events of one document, beside the first of each event.
const MOST: usize = 1000;

/// What a document states: one event, or why it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// JSON pointer to the event in its document; empty for a single event without a document.
    pub pointer: String,
    /// The event, or its violations with pointers from the document on, at least one.
    pub event: Result<Event, Vec<Violation>>,
}

/// A document read event by event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The document as it was received; null if it is not JSON.
    pub json: Json,
    /// What is wrong with the document apart from its events: then none of them can be taken.
    pub envelope: Vec<Violation>,
    /// Its events in order.
    pub statements: Vec<Statement>,
}

/// A document of validated events, or a single event without a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    json: Json,
    events: Vec<Event>,
}

impl Document {
    /// Parses and validates an `EPCISDocument`, an `EPCISQueryDocument` or a single event. A single event in a file may
    /// lack `@context`; one that is captured ([`Submission::parse`]) may not.
    ///
    /// - `bytes`: JSON in UTF-8, within the default limits of [`ledger::json`].
    ///
    /// # Errors
    ///
    /// The violations, at most 100.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Violation>> {
        let Submission { json, mut envelope, statements } = Submission::parse(bytes);
        if let [Statement { pointer, .. }] = statements.as_slice()
            && pointer.is_empty()
        {
            envelope.retain(|one| (one.pointer.as_str(), one.problem.as_str()) != NO_CONTEXT);
        }
        let mut violations = Violations::default();
        violations.extend("", envelope);
        let mut events = Vec::with_capacity(statements.len());
        for statement in statements {
            match statement.event {
                Ok(event) => events.push(event),
                Err(others) => violations.extend("", others),
            }
        }
        violations.end(Self { json, events })
    }

    /// The events of a document that is not captured but only looked at, such as one whose event hash is compared with a
    /// partner's: nothing is checked but that there are events with type and time, each with its context.
    ///
    /// - `json`: as for [`Document::parse`].
    ///
    /// Returns `None` if `json` is no document and no event, or has an event without type or time.
    #[must_use]
    pub fn unchecked(json: Json) -> Option<Self> {
        let outer = Context::unchecked(&json, &Context::default());
        let list = match json.get("type")?.as_str()? {
            "EPCISDocument" => within(&json, LIST),
            "EPCISQueryDocument" => within(&json, QUERY_LIST),
            _ => return Some(Self { events: vec![Event::unchecked(json.clone(), &outer)?], json }),
        };
        let events = list?.as_array()?.iter().map(|event| Event::unchecked(event.clone(), &outer));
        let events = events.collect::<Option<Vec<_>>>()?;
        (!events.is_empty()).then_some(Self { json, events })
    }

    /// The events, at least one.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The document as it was received.
    #[must_use]
    pub fn to_json(&self) -> &Json {
        &self.json
    }
}

impl Submission {
    /// Parses a document and validates its envelope and each of its events.
    ///
    /// - `bytes`: as for [`Document::parse`]; a byte-order mark before the text is skipped.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut violations = Violations::default();
        let json = match parse(after_mark(bytes), &Limits::default()) {
            Ok(json) => json,
            Err(error) => {
                violations.add("", "", &error.to_string(), JSON);
                return Self {
                    json: Json::Null,
                    envelope: violations.list(),
                    statements: Vec::new(),
                };
            }
        };
        let statements = read(&json, &mut violations);
        Self { envelope: violations.list(), statements, json }
    }
}

/// What is expected of the bytes of a document.
pub(crate) const JSON: &str = "well-formed JSON in UTF-8 without duplicate members";

/// The text behind a byte-order mark, or the whole.
pub(crate) fn after_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Reads the events of `json`; what is wrong around them is added to `violations`.
fn read(json: &Json, violations: &mut Violations) -> Vec<Statement> {
    let Some(frame) = Frame::read(json, violations) else { return Vec::new() };
    let mut reading = Reading { context: &frame.context, statements: Vec::new(), kept: 0 };
    match frame.list {
        None => reading.add(String::new(), json),
        Some(base) => {
            let list = within(json, base).and_then(Json::as_array).unwrap_or_default();
            for (place, event) in list.iter().enumerate() {
                reading.add(format!("{base}/{place}"), event);
            }
        }
    }
    reading.statements
}

/// What stands around the events of a document.
pub(crate) struct Frame {
    /// The context of each event.
    pub context: Context,
    /// Where the events are; none if the document is one event.
    pub list: Option<&'static str>,
}

impl Frame {
    /// Reads and checks what is around the events of `json`; none if it has no type that is known.
    pub(crate) fn read(json: &Json, violations: &mut Violations) -> Option<Self> {
        const KINDS: &str =
            "EPCISDocument, EPCISQueryDocument or one of the standard's five types of event";
        let (shape, base) = match json.get("type").and_then(Json::as_str) {
            Some("EPCISDocument") => (&DOCUMENT, LIST),
            Some("EPCISQueryDocument") => (&QUERY_DOCUMENT, QUERY_LIST),
            Some(kind) if EventKind::from_name(kind).is_some() => {
                if json.get("@context").is_none() {
                    let (pointer, problem) = NO_CONTEXT;
                    violations.add(pointer, "nothing", problem, Form::Context.expected());
                }
                // The event adds its own context.
                return Some(Self { context: Context::default(), list: None });
            }
            _ => {
                refuse_type(json, "not a type of document", KINDS, violations);
                return None;
            }
        };
        let mut context = Context::default();
        if let Some(own) = json.get("@context") {
            context.add(own, "/@context", violations);
        }
        check_envelope(shape, json, &context, violations);
        let list = within(json, base).and_then(Json::as_array);
        if list.is_some_and(<[_]>::is_empty) {
            violations.add(base, "[]", "empty", "at least one event");
        }
        Some(Self { context, list: Some(base) })
    }
}

/// Where a document has its events.
pub(crate) const LIST: &str = "/epcisBody/eventList";
/// Where a query document has its events.
pub(crate) const QUERY_LIST: &str = "/epcisBody/queryResults/resultsBody/eventList";

/// What is at `pointer`, which has no list in it.
fn within<'a>(json: &'a Json, pointer: &str) -> Option<&'a Json> {
    pointer.split('/').skip(1).try_fold(json, |place, name| place.get(name))
}

/// Place and problem of a single event that is captured without context.
const NO_CONTEXT: (&str, &str) = ("/@context", "missing");

/// The events of a document, read one after the other.
struct Reading<'a> {
    context: &'a Context,
    statements: Vec<Statement>,
    /// How many violations were kept so far.
    kept: usize,
}

impl Reading<'_> {
    fn add(&mut self, pointer: String, event: &Json) {
        let event = Event::within(event.clone(), self.context).map_err(|mut others| {
            others.truncate(MOST.saturating_sub(self.kept).max(1));
            self.kept += others.len();
            for other in &mut others {
                other.pointer.insert_str(0, &pointer);
            }
            others
        });
        self.statements.push(Statement { pointer, event });
    }
}
