//! Validation: which fields an event must have and may have, and the form of their values.
//!
//! The way through: [`check_event`] goes through the members, checks each value (`check/value.rs`), then the words
//! (`check/words.rs`), then looks for missing fields.
//!
//! What holds: all violations are reported, not only the first, up to 100.
//!
//! Not here: contexts ([`crate::context`]), documents ([`crate::document`]).
//!
//! Source: EPCIS 2.0 sections 7.3 and 7.4, JSON schema of EPCIS 2.0.

mod value;
mod words;

use ledger::json::Json;

use crate::context::Context;
use crate::event_kind::EventKind;
use crate::term;
use crate::violation::{Violation, Violations};

/// Checks one event, whose prefixes `context` defines, and returns its type. Pointers in violations start at the
/// event.
pub(crate) fn check_event(json: &Json, context: &Context) -> Result<EventKind, Vec<Violation>> {
    const KINDS: &str =
        "ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent or AssociationEvent";
    let mut violations = Violations::default();
    let Some(members) = json.as_object() else {
        violations.add("", &json.canonical(), "not an object", "an event");
        return violations.end(EventKind::Object);
    };
    let Some(kind) = json.get("type").and_then(Json::as_str).and_then(EventKind::from_name) else {
        let got = json.get("type").map_or_else(|| "nothing".to_owned(), Json::canonical);
        violations.add("/type", &got, "not a type of event", KINDS);
        return violations.end(EventKind::Object);
    };
    for (name, value) in members {
        if name.starts_with('@') || name.contains(':') {
            continue;
        }
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        match term::form(name) {
            Some(form) if kind.has(name) => value::check(form, value, &pointer, &mut violations),
            Some(_) => {
                let problem = format!("{} has no such field", kind.name());
                violations.add(&pointer, &value.canonical(), &problem, "the field to be absent");
            }
            None => {
                let expected = "a field of the standard, or `prefix:name` for an extension";
                violations.add(&pointer, &value.canonical(), "not a field of EPCIS 2.0", expected);
            }
        }
    }
    words::check_words(json, context, &mut violations);
    Required { event: json, violations: &mut violations }.check(kind);
    violations.end(kind)
}

/// Looks for missing fields.
struct Required<'a> {
    event: &'a Json,
    violations: &'a mut Violations,
}

impl Required<'_> {
    /// Whether the event has the field `name` with a value that is neither null nor an empty list.
    fn has(&self, name: &str) -> bool {
        match self.event.get(name) {
            None | Some(Json::Null) => false,
            Some(Json::Array(items)) => !items.is_empty(),
            Some(_) => true,
        }
    }

    fn need(&mut self, is_present: bool, pointer: &str, expected: &str) {
        if !is_present {
            self.violations.add(pointer, "nothing", "missing", expected);
        }
    }

    fn check(&mut self, kind: EventKind) {
        self.need(self.has("eventTime"), "/eventTime", "the time of the event, with offset");
        let has_offset = self.has("eventTimeZoneOffset");
        self.need(has_offset, "/eventTimeZoneOffset", "`+hh:mm` or `-hh:mm`");
        if kind != EventKind::Transformation {
            self.need(self.has("action"), "/action", "ADD, OBSERVE or DELETE");
        }
        match kind {
            EventKind::Object => self.need(
                self.has("epcList") || self.has("quantityList") || self.has("sensorElementList"),
                "/epcList",
                "at least one of epcList, quantityList and sensorElementList, not empty",
            ),
            EventKind::Aggregation | EventKind::Association => self.check_containment(),
            EventKind::Transaction => {
                let has_list = self.has("bizTransactionList");
                self.need(has_list, "/bizTransactionList", "at least one business transaction");
                self.need(
                    self.has("epcList") || self.has("quantityList") || self.has("parentID"),
                    "/epcList",
                    "at least one of epcList, quantityList and parentID",
                );
            }
            EventKind::Transformation => self.check_transformation(),
        }
    }

    fn check_containment(&mut self) {
        let action = self.event.get("action").and_then(Json::as_str).unwrap_or_default();
        let has_parent = self.has("parentID") || action == "OBSERVE";
        self.need(has_parent, "/parentID", "the container, place or asset");
        self.need(
            self.has("childEPCs")
                || self.has("childQuantityList")
                || action == "DELETE"
                || self.has("sensorElementList"),
            "/childEPCs",
            "at least one of childEPCs and childQuantityList, not empty",
        );
    }

    /// One side may be missing if a transformation id links this event to one that has it.
    fn check_transformation(&mut self) {
        let has_inputs = self.has("inputEPCList") || self.has("inputQuantityList");
        let has_outputs = self.has("outputEPCList") || self.has("outputQuantityList");
        let is_linked = self.has("transformationID");
        let expected = "inputs, or transformationID and outputs";
        self.need(has_inputs || (is_linked && has_outputs), "/inputEPCList", expected);
        let expected = "outputs, or transformationID and inputs";
        self.need(has_outputs || (is_linked && has_inputs), "/outputEPCList", expected);
    }
}
