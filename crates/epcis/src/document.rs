//! EPCIS documents in JSON-LD: context, header, events.

use jiff::Timestamp;
use ledger::json::{Json, Limits, parse};

use crate::check::{Findings, Violation};
use crate::context::Context;
use crate::event::{Event, EventKind};

/// A document of validated events, or one event that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    json: Json,
    events: Vec<Event>,
}

impl Document {
    /// Parses and validates a document.
    ///
    /// # Errors
    ///
    /// All that is wrong, at most 100; a document is taken whole or not at all.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Violation>> {
        let mut findings = Findings::default();
        let json = match parse(bytes, &Limits::default()) {
            Ok(json) => json,
            Err(error) => {
                findings.add(
                    "",
                    "",
                    &error.to_string(),
                    "well-formed JSON, UTF-8, each member once",
                );
                return findings.end(Self { json: Json::Null, events: Vec::new() });
            }
        };
        let mut context = Context::default();
        if let Some(own) = json.get("@context") {
            context.take(own, "/@context", &mut findings);
        }
        let kind = json.get("type").and_then(Json::as_str).unwrap_or_default();
        let mut events = Vec::new();
        let mut take = |base: &str, event: &Json, findings: &mut Findings| match Event::within(
            event.clone(),
            &context,
        ) {
            Ok(event) => events.push(event),
            Err(found) => findings.extend(base, found),
        };
        if EventKind::from_name(kind).is_some() {
            take("", &json, &mut findings);
        } else {
            check_envelope(&json, kind, &mut findings);
            let (base, list) = event_list(&json, kind);
            match list {
                Some(list) => {
                    for (place, event) in list.iter().enumerate() {
                        take(&format!("{base}/{place}"), event, &mut findings);
                    }
                    if list.is_empty() {
                        findings.add(base, "[]", "empty", "at least one event");
                    }
                }
                None => findings.add(base, "nothing", "missing", "a list of events"),
            }
        }
        let document = Self { json, events };
        findings.end(document)
    }

    /// Its events.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The document as it came.
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
    // A document may hold one event in place of a list.
    let list = body.and_then(|body| body.get("eventList")).and_then(Json::as_array);
    let single = body.and_then(|body| body.get("event")).map(std::slice::from_ref);
    ("/epcisBody/eventList", list.or(single))
}

fn check_envelope(json: &Json, kind: &str, findings: &mut Findings) {
    if kind != "EPCISDocument" && kind != "EPCISQueryDocument" {
        findings.add("/type", kind, "not a type of document", "EPCISDocument, or a type of event");
    }
    let version = json.get("schemaVersion").and_then(Json::as_str).unwrap_or("nothing");
    if !version.starts_with("2.") {
        findings.add("/schemaVersion", version, "not a version that is understood", "2.0");
    }
    let created = json.get("creationDate").and_then(Json::as_str).unwrap_or("nothing");
    if created.parse::<Timestamp>().is_err() {
        findings.add("/creationDate", created, "not a time", "2026-11-20T08:15:00+08:00");
    }
}
