//! EPCIS documents in JSON-LD: context, envelope, events.
//!
//! What holds: a document is accepted as a whole or refused as a whole.
//!
//! Source: EPCIS 2.0 section 9.

use jiff::Timestamp;
use ledger::json::{Json, Limits, parse};

use crate::context::Context;
use crate::event::Event;
use crate::event_kind::EventKind;
use crate::violation::{Violation, Violations};

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
        let mut violations = Violations::default();
        let json = match parse(bytes, &Limits::default()) {
            Ok(json) => json,
            Err(error) => {
                violations.add(
                    "",
                    "",
                    &error.to_string(),
                    "well-formed JSON in UTF-8 without duplicate members",
                );
                return violations.end(Self { json: Json::Null, events: Vec::new() });
            }
        };
        let mut context = Context::default();
        if let Some(own) = json.get("@context") {
            context.add(own, "/@context", &mut violations);
        }
        let kind = json.get("type").and_then(Json::as_str).unwrap_or_default();
        let mut events = Vec::new();
        let mut add = |base: &str, event: &Json, violations: &mut Violations| match Event::within(
            event.clone(),
            &context,
        ) {
            Ok(event) => events.push(event),
            Err(others) => violations.extend(base, others),
        };
        if EventKind::from_name(kind).is_some() {
            add("", &json, &mut violations);
        } else {
            check_envelope(&json, kind, &mut violations);
            let (base, list) = event_list(&json, kind);
            match list {
                Some(list) => {
                    for (place, event) in list.iter().enumerate() {
                        add(&format!("{base}/{place}"), event, &mut violations);
                    }
                    if list.is_empty() {
                        violations.add(base, "[]", "empty", "at least one event");
                    }
                }
                None => violations.add(base, "nothing", "missing", "a list of events"),
            }
        }
        let document = Self { json, events };
        violations.end(document)
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
