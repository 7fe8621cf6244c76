//! EPCIS documents in JSON-LD: context, envelope, events.
//!
//! The way through: [`Submission::parse`] reads a document event by event; [`Document::parse`] takes it only whole.
//!
//! What holds: a [`Document`] is accepted as a whole or refused as a whole; a [`Submission`] keeps for each event
//! either the event or what is wrong with it, and what is wrong with its envelope beside them. The number of
//! violations that are kept is bounded.
//!
//! Source: EPCIS 2.0 section 9.

use jiff::Timestamp;
use ledger::json::{Json, Limits, parse};

use crate::context::Context;
use crate::event::Event;
use crate::event_kind::EventKind;
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
    /// Parses and validates an `EPCISDocument`, an `EPCISQueryDocument` or a single event.
    ///
    /// - `bytes`: JSON in UTF-8, within the default limits of [`ledger::json`].
    ///
    /// # Errors
    ///
    /// The violations, at most 100.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Violation>> {
        let Submission { json, envelope, statements } = Submission::parse(bytes);
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
    /// - `bytes`: as for [`Document::parse`].
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        const JSON: &str = "well-formed JSON in UTF-8 without duplicate members";
        let mut violations = Violations::default();
        let json = match parse(bytes, &Limits::default()) {
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
        let mut context = Context::default();
        if let Some(own) = json.get("@context") {
            context.add(own, "/@context", &mut violations);
        }
        let kind = json.get("type").and_then(Json::as_str).unwrap_or_default();
        let mut reading = Reading { context: &context, statements: Vec::new(), kept: 0 };
        if EventKind::from_name(kind).is_some() {
            reading.add(String::new(), &json);
        } else {
            check_envelope(&json, kind, &mut violations);
            let (base, list) = event_list(&json, kind);
            match list {
                Some([]) => violations.add(base, "[]", "empty", "at least one event"),
                Some(list) => {
                    for (place, event) in list.iter().enumerate() {
                        reading.add(format!("{base}/{place}"), event);
                    }
                }
                None => violations.add(base, "nothing", "missing", "a list of events"),
            }
        }
        let statements = reading.statements;
        Self { envelope: violations.list(), statements, json }
    }
}

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

fn event_list<'a>(json: &'a Json, kind: &str) -> (&'static str, Option<&'a [Json]>) {
    let body = json.get("epcisBody");
    if kind == "EPCISQueryDocument" {
        let results = body.and_then(|body| body.get("queryResults"));
        let list = results.and_then(|r| r.get("resultsBody")).and_then(|r| r.get("eventList"));
        return ("/epcisBody/queryResults/resultsBody/eventList", list.and_then(Json::as_array));
    }
    // A document may have a single event instead of a list.
    let list = body.and_then(|body| body.get("eventList")).and_then(Json::as_array);
    let single = body.and_then(|body| body.get("event")).map(std::slice::from_ref);
    ("/epcisBody/eventList", list.or(single))
}

fn check_envelope(json: &Json, kind: &str, violations: &mut Violations) {
    if kind != "EPCISDocument" && kind != "EPCISQueryDocument" {
        violations.add(
            "/type",
            kind,
            "not a type of document",
            "EPCISDocument, EPCISQueryDocument or a type of event",
        );
    }
    let version = json.get("schemaVersion").and_then(Json::as_str).unwrap_or("nothing");
    if !version.starts_with("2.") {
        violations.add("/schemaVersion", version, "not a supported version", "2.0");
    }
    let created = json.get("creationDate").and_then(Json::as_str).unwrap_or("nothing");
    if created.parse::<Timestamp>().is_err() {
        violations.add(
            "/creationDate",
            created,
            "not a time",
            "a time with offset, such as 2026-11-20T08:15:00+08:00",
        );
    }
}
