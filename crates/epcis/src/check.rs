//! Validation: whether a document or an event is what the standard says.
//!
//! The way through: [`check_event`] finds the type of the event, checks each member against its table (`check/value.rs`),
//! then what the event names in sum (`check/content.rs`). [`check_envelope`] does the same for what is around the events.
//!
//! What holds: all violations are reported, not only the first, up to 100. Whatever the ratified JSON schema refuses with
//! its formats is refused; beyond it only what decision 0035 lists.
//!
//! Not here: contexts ([`crate::context`]), the tables (`term.rs`), reading documents ([`crate::document`]).
//!
//! Source: EPCIS 2.0 sections 7.3 and 7.4, JSON schema of EPCIS 2.0.

mod at;
mod content;
mod value;

use ledger::json::Json;

use crate::context::Context;
use crate::event_kind::EventKind;
use crate::term::{Form, Names, Shape, shape_of};
use crate::uri::is_uri;
use crate::violation::{Violation, Violations};
use at::At;
use value::Checker;

/// The types of events.
const KINDS: &str =
    "ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent or AssociationEvent";

/// Checks one event, whose prefixes `context` defines, and returns its type. Pointers in violations start at the
/// event.
pub(crate) fn check_event(json: &Json, context: &Context) -> Result<EventKind, Vec<Violation>> {
    let mut violations = Violations::default();
    if json.as_object().is_none() {
        violations.add("", &json.canonical(), "not an object", "an event");
        return violations.end(EventKind::Object);
    }
    let Some(kind) = json.get("type").and_then(Json::as_str).and_then(EventKind::from_name) else {
        refuse_type(json, "not a type of event", KINDS, &mut violations);
        return violations.end(EventKind::Object);
    };
    let mut checker = Checker { context, violations: &mut violations };
    checker.object(shape_of(kind), json, At::Start);
    content::check(kind, json, &mut violations);
    violations.end(kind)
}

/// Whether `text` can stand for a thing, a device or a place in an event without any context: an absolute URI of a known
/// scheme, with a valid key if it has one.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    let mut violations = Violations::default();
    let context = Context::default();
    let mut checker = Checker { context: &context, violations: &mut violations };
    checker.value(&Form::Uri(Names::Any), &Json::from(text), At::Start);
    violations.list().is_empty()
}

/// Checks what is around the events of a document. Pointers start at the document.
pub(crate) fn check_envelope(
    shape: &Shape,
    json: &Json,
    context: &Context,
    violations: &mut Violations,
) {
    Checker { context, violations }.object(shape, json, At::Start);
}

/// Refuses the type of a document or an event.
pub(crate) fn refuse_type(json: &Json, problem: &str, expected: &str, violations: &mut Violations) {
    // EPCIS 2.0 allows such types. Nothing here could say what one means for an item: decision 0035.
    const OWN: &str = "a type of event of its own, which is not recorded here";
    let (got, problem) = match json.get("type") {
        None => ("nothing".to_owned(), problem),
        Some(Json::String(text)) if is_uri(text) => (text.clone(), OWN),
        Some(Json::String(text)) => (text.clone(), problem),
        Some(other) => (other.canonical(), problem),
    };
    violations.add("/type", &got, problem, expected);
}
