//! EPCIS 1.2 documents in XML, written event by event.
//!
//! What holds: each event is written by `epcis::xml`, as everywhere else; what version 1.2 cannot say is named with its event, behind the events
//! and in the manifest.
//!
//! Source: EPCIS 1.2 section 9; docs/formats/xml-mapping-v1.md.

use std::io::{self, Write};

use epcis::EventKind;
use epcis::xml::{Version, Words, escaped};
use jiff::Timestamp;
use ledger::json::Json;

use crate::json_ld::EXTENSION;
use crate::manifest::Manifest;
use crate::tally::Counts;
use crate::walk::Row;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes what stands before the events.
///
/// # Errors
///
/// If the sink takes no more.
pub fn begin(sink: &mut dyn Write, at: Timestamp) -> io::Result<()> {
    writeln!(
        sink,
        "{DECLARATION}<epcis:EPCISDocument xmlns:epcis=\"urn:epcglobal:epcis:xsd:1\" schemaVersion=\"1.2\" \
         creationDate=\"{at}\"><EPCISBody><EventList>"
    )
}

/// Adds an event; what cannot be said of it is counted.
///
/// # Errors
///
/// If the sink takes no more.
pub fn add(sink: &mut dyn Write, row: &Row, counts: &mut Counts) -> io::Result<()> {
    let mut json = row.event.json().clone();
    json.set("recordTime", Json::from(row.record_time.to_string().as_str()));
    let Some(written) = epcis::xml::write(&json, Version::V1_2, Words::Urn) else {
        let kind = row.event.kind().name();
        counts.leave_out(format!("{}: EPCIS 1.2 has no {kind}", row.event_id));
        return Ok(());
    };
    for left_out in written.left_out {
        counts.leave_out(format!("{}: {left_out}", row.event_id));
    }
    let text = written.text.strip_prefix(DECLARATION).unwrap_or(&written.text);
    // 1.2 wraps the type of event that came after 1.0.
    let is_late = row.event.kind() == EventKind::Transformation;
    counts.rows += 1;
    if is_late {
        return writeln!(sink, "<extension>{}</extension>", text.trim_end());
    }
    sink.write_all(text.as_bytes())
}

/// Writes what stands behind the events.
///
/// # Errors
///
/// If the sink takes no more.
pub fn end(sink: &mut dyn Write, manifest: &Manifest) -> io::Result<()> {
    let (prefix, namespace) = EXTENSION;
    let about = escaped(&manifest.to_json().canonical());
    writeln!(
        sink,
        "</EventList></EPCISBody><{prefix}:export xmlns:{prefix}=\"{namespace}\">{about}</{prefix}:export></epcis:EPCISDocument>"
    )
}
