//! EPCIS in XML, 2.0 and 1.2 (1.0 and 1.1 with it): documents become the JSON form that the rest of this crate reads.
//!
//! The way through:
//!
//! ```text
//! bytes -> text (UTF-8) -> bounds -> tree -> document.rs (envelope, header.rs) -> event.rs -> Json -> crate::Document
//! ```
//!
//! The mapping:
//!
//! | XML | JSON |
//! |---|---|
//! | `EPCISDocument`, `EPCISQueryDocument`, or an event as the root | `type`; `@context`: the standard's, and the prefixes of extensions |
//! | `schemaVersion` 1.0 to 2.0 | `schemaVersion` 2.0; the version of the XML is [`Converted::version`] |
//! | `EPCISHeader` | `sender`, `receiver`, `instanceIdentifier`, `epcisHeader/epcisMasterData` |
//! | `EPCISBody/EventList`, `EPCISBody/QueryResults` | `epcisBody/eventList`, `epcisBody/queryResults/resultsBody/eventList` |
//! | element of an event | object with `type` |
//! | `extension`, `baseExtension` of EPCIS | opened, at any depth |
//! | list elements (`epcList/epc`, `quantityList/quantityElement`, …) | arrays; an empty list is left out |
//! | `bizTransaction`, `source`, `destination` with attribute `type` | `{type, bizTransaction}`, … |
//! | `persistentDisposition/set`, `certificationInfo`, `sensorReport`, repeated | arrays |
//! | attributes of `sensorMetadata` and `sensorReport` | members; decimals as numbers, `booleanValue` as boolean |
//! | `urn:epcglobal:cbv:bizstep:x`, `…/cbv/BizStep-x`, `cbv:BizStep-x`, `gs1:x` | bare word `x` |
//! | element or attribute in another namespace | `prefix:name`, wherever the standard allows it or not |
//! | element of an extension with text only | text |
//! | with attributes or elements | object; text as `#text`; without namespace: bare name |
//! | repeated | array |
//! | empty | empty text |
//! | standard element with `xsi:nil` and without value | left out |
//! | CDATA, character references, the five entities of XML | the text they stand for |
//! | comments, processing instructions | left out |
//! | `xsi:` attributes, other parts of the business document header | left out, named in [`Converted::left_out`] |
//!
//! Times keep their text and numbers their digits (JSON writes no plus sign and no leading zeros). White space around a
//! value is dropped.
//!
//! What holds:
//!
//! - [`parse`] is total: any bytes give JSON or violations, within time and memory proportional to the input;
//! - nothing outside the text is read: a DTD is refused, so there are no entities to resolve;
//! - names are resolved by namespace, never by prefix;
//! - what has no place in the JSON form is refused or named, never dropped;
//! - what [`write()`] wrote is read back as it was (`carried.rs` for what XML has no form of its own for).
//!
//! Not here: whether the events are valid ([`crate::Document`] checks the JSON), the order of elements (XML Schema
//! prescribes it; here it does not matter). [`write()`] is the way back.
//!
//! Sources: docs/formats/xml-mapping-v1.md; EPCIS 1.2 section 9; EPCIS 2.0 sections 9 and 10; XML 1.0; Namespaces in XML 1.0.

mod bounds;
mod carried;
mod document;
mod event;
mod header;
mod names;
mod reading;
mod values;
mod words;
mod write;

pub use bounds::Limits;
pub use write::{Version, Words, Written, escaped, write};

use ledger::json::Json;

use self::reading::Reading;
use crate::violation::Violation;

/// A document that was converted from XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The document in its JSON form, or a single event. Not validated: its canonical text is for
    /// [`crate::Document::parse`] or [`crate::Submission::parse`].
    pub json: Json,
    /// The version that the XML names: `1.2`; empty for a single event.
    pub version: String,
    /// The line of the XML in which each event starts, in the order of the events of the JSON form, from 1 on.
    pub event_lines: Vec<u32>,
    /// Names of what the JSON form has no place for and what does not change the meaning of an event:
    /// `xsi:schemaLocation`, `sbdh:Standard`. Sorted, at most 100.
    pub left_out: Vec<String>,
}

/// Whether `bytes` look like XML: their first character, after a byte-order mark and white space, is `<`.
#[must_use]
pub fn is_xml(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().first() == Some(&b'<')
}

/// Converts an EPCIS document in XML to its JSON form.
///
/// - `bytes`: XML 1.0 in UTF-8, with or without byte-order mark.
///
/// # Errors
///
/// Violations, at least one and at most 100: their pointers are paths of elements
/// (`/EPCISDocument/EPCISBody/EventList/ObjectEvent[2]`), empty if the text is not well-formed.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Converted, Vec<Violation>> {
    let text = decode(bytes, limits).map_err(|violation| vec![violation])?;
    let has_doctype = bounds::check(text, limits).map_err(|outside| {
        let value: String = text.get(outside.at..).unwrap_or_default().chars().take(40).collect();
        let line = text.get(..outside.at).unwrap_or_default().matches('\n').count();
        vec![violation(&value, format!("line {}: {}", line + 1, outside.problem), outside.expected)]
    })?;
    let options = roxmltree::ParsingOptions {
        // The bounds have made sure that it defines nothing.
        allow_dtd: has_doctype,
        nodes_limit: limits.max_nodes,
        ..roxmltree::ParsingOptions::default()
    };
    let tree = roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| vec![violation("", error.to_string(), "well-formed XML".to_owned())])?;
    let mut reading = Reading::default();
    let (json, version) = document::document(&mut reading, tree.root_element());
    if !reading.violations.is_empty() {
        return Err(reading.violations);
    }
    // Elements alone cannot be that deep, but carried JSON in them can.
    let most = ledger::json::Limits::default().max_depth;
    if is_deeper(&json, most) {
        let expected = format!("at most {most} arrays and objects in one another");
        return Err(vec![violation("", "its JSON form is nested too deep".to_owned(), expected)]);
    }
    let event_lines = lines(text, &reading.events);
    let left_out = reading.left_out.into_iter().collect();
    Ok(Converted { json, version, event_lines, left_out })
}

/// Whether more than `most` arrays and objects are in one another.
fn is_deeper(json: &Json, most: usize) -> bool {
    match json {
        Json::Array(items) => most == 0 || items.iter().any(|item| is_deeper(item, most - 1)),
        Json::Object(members) => {
            most == 0 || members.iter().any(|(_, value)| is_deeper(value, most - 1))
        }
        _ => false,
    }
}

fn violation(value: &str, problem: String, expected: String) -> Violation {
    Violation { pointer: String::new(), value: value.to_owned(), problem, expected }
}

/// The text of `bytes`, without byte-order mark.
fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Violation> {
    const UTF_8: &str = "UTF-8";
    if bytes.len() > limits.max_bytes {
        let problem = format!("{} bytes are too many", bytes.len());
        return Err(violation("", problem, format!("at most {} bytes", limits.max_bytes)));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let problem = format!("byte {} is not UTF-8", error.valid_up_to());
        violation("", problem, UTF_8.to_owned())
    })?;
    match declared_encoding(text) {
        Some(name) if !["utf-8", "utf8", "us-ascii", "ascii"].contains(&&*name.to_lowercase()) => {
            let value: String = name.chars().take(80).collect();
            Err(violation(&value, "not a supported encoding".to_owned(), UTF_8.to_owned()))
        }
        _ => Ok(text),
    }
}

/// The encoding that the XML declaration names.
fn declared_encoding(text: &str) -> Option<&str> {
    let declaration = text.strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value.split(quote).nth(1)
}

/// The line of each of the bytes in `places`, which are in order.
fn lines(text: &str, places: &[usize]) -> Vec<u32> {
    let mut line = 1;
    let mut from = 0;
    let mut all = Vec::with_capacity(places.len());
    for place in places {
        let breaks = text.get(from..*place).unwrap_or_default().matches('\n').count();
        line += u32::try_from(breaks).unwrap_or_default();
        from = *place;
        all.push(line);
    }
    all
}
