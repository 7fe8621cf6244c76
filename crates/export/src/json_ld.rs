//! EPCIS 2.0 documents in JSON-LD, written event by event.
//!
//! What holds: an event is written as it was recorded, with the time of its record as `recordTime`, which is no part of its event hash; what the document leaves
//! out is said behind the events, in a member of ours.
//!
//! Source: EPCIS 2.0 section 9; docs/formats/export-v1.md.

use std::io::{self, Write};

use jiff::Timestamp;
use ledger::json::{Json, object};

use crate::manifest::Manifest;

/// The standard's context.
const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";
/// Prefix and namespace of our members.
pub const EXTENSION: (&str, &str) = ("chopmark", "urn:chopmark:epcis:");

/// Writes what stands before the events.
///
/// # Errors
///
/// If the sink takes no more.
pub fn begin(sink: &mut dyn Write, at: Timestamp) -> io::Result<()> {
    let (prefix, namespace) = EXTENSION;
    let context = Json::Array(vec![Json::from(CONTEXT), object([(prefix, Json::from(namespace))])]);
    let at = Json::from(at.to_string().as_str());
    write!(
        sink,
        "{{\"@context\":{},\"type\":\"EPCISDocument\",\"schemaVersion\":\"2.0\",\"creationDate\":{},\"epcisBody\":{{\"eventList\":[",
        context.canonical(),
        at.canonical()
    )
}

/// An event as the document has it.
#[must_use]
pub fn event(event: &Json, record_time: Timestamp) -> String {
    let mut event = event.clone();
    event.set("recordTime", Json::from(record_time.to_string().as_str()));
    event.canonical()
}

/// Adds an event.
///
/// # Errors
///
/// If the sink takes no more.
pub fn add(sink: &mut dyn Write, is_first: bool, event: &str) -> io::Result<()> {
    sink.write_all(if is_first { b"\n" } else { b",\n" })?;
    sink.write_all(event.as_bytes())
}

/// Writes what stands behind the events.
///
/// # Errors
///
/// If the sink takes no more.
pub fn end(sink: &mut dyn Write, manifest: &Manifest) -> io::Result<()> {
    end_with(sink, &manifest.to_json())
}

/// As [`end`], with a manifest that was read.
pub(crate) fn end_with(sink: &mut dyn Write, about: &Json) -> io::Result<()> {
    writeln!(sink, "\n]}},\"{}:export\":{}}}", EXTENSION.0, about.canonical())
}
