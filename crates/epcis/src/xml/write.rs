//! Writes documents and events as EPCIS XML, 2.0 or 1.2.
//!
//! The way through: the envelope here, each event in `event.rs` (in the order of `layout.rs`), elements and extensions in
//! `out.rs`.
//!
//! What holds:
//!
//! - what is written can be read: [`crate::xml::parse`] gives the same JSON form back, but for spellings of one value (words of
//!   the vocabulary become bare, numbers lose their exponent, empty lists are left out, a prefix may have another name), and
//!   each event has the same event hash;
//! - what cannot be written is named in [`Written::left_out`]: in 2.0 almost nothing, in 1.2 what that version does not have.
//!
//! Not here: whether the events are valid.
//!
//! Sources: EPCIS 2.0 section 9 and EPCIS 1.2 section 9, with their XML schemas; docs/formats/xml-mapping-v1.md.

mod doubles;
mod event;
mod layout;
mod out;
mod prefixes;
mod version;

use ledger::json::Json;

use self::doubles::without_doubles;
pub use self::out::escaped;
use self::out::{Attributes, Out};
pub use self::version::{Version, Words};
use crate::context::Context;
use crate::document::{LIST, QUERY_LIST};
use crate::event_kind::EventKind;
use crate::violation::below;

const SBDH: &str = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader";

/// A text in XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The XML, in UTF-8, with its declaration.
    pub text: String,
    /// What it does not say: JSON pointers into the JSON form, each with a reason.
    pub left_out: Vec<String>,
}

/// Writes a document or a single event.
///
/// - `json`: an `EPCISDocument`, an `EPCISQueryDocument` or one event in its JSON form. Events may have their own `@context`, as those of
///   records do.
///
/// Returns `None` if `json` is none of these, or is a single event of a type that the version does not have.
#[must_use]
pub fn write(json: &Json, version: Version, words: Words) -> Option<Written> {
    let context = Context::unchecked(json, &Context::default());
    let mut left_out = Vec::new();
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let how = (version, words);
    match json.get("type")?.as_str()? {
        "EPCISDocument" => envelope(json, &context, how, (&mut text, &mut left_out)),
        "EPCISQueryDocument" => query_envelope(json, &context, how, (&mut text, &mut left_out)),
        kind => {
            EventKind::from_name(kind)?;
            // The context of the event is read with the event.
            let outer = Context::default();
            if !one_event((&mut text, &mut left_out), "", json, &outer, how) {
                return None;
            }
        }
    }
    Some(Written { text, left_out })
}

/// What was written so far, and what was not.
type Sink<'a> = (&'a mut String, &'a mut Vec<String>);

/// Writes an event with its namespaces; false if the version has no such event.
fn one_event(
    (text, left_out): Sink<'_>,
    pointer: &str,
    json: &Json,
    outer: &Context,
    how: (Version, Words),
) -> bool {
    let context = Context::unchecked(json, outer);
    let json = &*without_doubles(json, &context, pointer, left_out);
    let mut out = Out::new(&context, json);
    let mut name = event::event(&mut out, pointer, json, how);
    if out.prefixes.are_too_many() {
        out.leave_out(pointer, "is an event with more than 100 namespaces");
        name = None;
    }
    if let Some(name) = name {
        let attributes = event::attributes(&mut out);
        let inner = std::mem::take(&mut out.text);
        out.start(name, &attributes);
        text.push_str(&out.text);
        text.push_str(&inner);
        text.push_str("</");
        text.push_str(name);
        text.push_str(">\n");
    }
    left_out.append(&mut out.missing);
    name.is_some()
}

/// The events at `list`, in an `EventList`.
fn event_list(sink: Sink<'_>, list: &str, json: &Json, context: &Context, how: (Version, Words)) {
    let (text, left_out) = sink;
    let found = list.split('/').skip(1).try_fold(json, |place, name| place.get(name));
    text.push_str("<EventList>\n");
    for (place, event) in found.and_then(Json::as_array).unwrap_or_default().iter().enumerate() {
        let is_late = event.get("type").and_then(Json::as_str) == Some("TransformationEvent");
        // 1.2 wraps the type of event that came after 1.0, and the wrapper has one event.
        let is_wrapped = is_late && how.0 == Version::V1_2;
        if is_wrapped {
            text.push_str("<extension>");
        }
        one_event((text, left_out), &format!("{list}/{place}"), event, context, how);
        if is_wrapped {
            text.push_str("</extension>");
        }
    }
    text.push_str("</EventList>\n");
}

fn root_attributes(json: &Json, version: Version, out: &mut Out<'_>) -> Attributes {
    let mut attributes = vec![("schemaVersion".to_owned(), version.name().to_owned())];
    for name in ["creationDate", "id"] {
        if let Some(value) = json.get(name)
            && let Some(value) = out.plain(&below("", name), value)
        {
            attributes.push((name.to_owned(), value));
        }
    }
    attributes
}

fn envelope(json: &Json, context: &Context, how: (Version, Words), (text, left_out): Sink<'_>) {
    const MEMBERS: [&str; 10] = [
        "@context",
        "type",
        "schemaVersion",
        "creationDate",
        "id",
        "instanceIdentifier",
        "sender",
        "receiver",
        "epcisHeader",
        "epcisBody",
    ];
    let mut out = Out::new(context, json);
    let mut attributes = root_attributes(json, how.0, &mut out);
    header(&mut out, json, how.0);
    let head = std::mem::take(&mut out.text);
    members(&mut out, "", json, &MEMBERS);
    let tail = std::mem::take(&mut out.text);
    let body = json.get("epcisBody").unwrap_or(&Json::Null);
    members(&mut out, "/epcisBody", body, &["eventList"]);
    let in_body = std::mem::take(&mut out.text);
    let namespace = format!("urn:epcglobal:epcis:xsd:{}", how.0.number());
    attributes.insert(0, ("xmlns:epcis".to_owned(), namespace));
    attributes.extend(out.prefixes.declarations());
    out.start("epcis:EPCISDocument", &attributes);
    text.push_str(&out.text);
    text.push_str(&head);
    text.push_str("<EPCISBody>");
    left_out.append(&mut out.missing);
    event_list((text, left_out), LIST, json, context, how);
    text.push_str(&in_body);
    text.push_str("</EPCISBody>");
    text.push_str(&tail);
    text.push_str("</epcis:EPCISDocument>\n");
}

fn query_envelope(
    json: &Json,
    context: &Context,
    how: (Version, Words),
    (text, left_out): Sink<'_>,
) {
    const MEMBERS: [&str; 6] =
        ["@context", "type", "schemaVersion", "creationDate", "id", "epcisBody"];
    let mut out = Out::new(context, json);
    let mut attributes = root_attributes(json, how.0, &mut out);
    members(&mut out, "", json, &MEMBERS);
    let tail = std::mem::take(&mut out.text);
    let results = json.get("epcisBody").and_then(|body| body.get("queryResults"));
    let results = results.unwrap_or(&Json::Null);
    for name in ["queryName", "subscriptionID"] {
        if let Some(value) = results.get(name)
            && let Some(value) = out.plain(&format!("/epcisBody/queryResults/{name}"), value)
        {
            out.leaf(name, &[], &value);
        }
    }
    let names = std::mem::take(&mut out.text);
    let body = results.get("resultsBody").unwrap_or(&Json::Null);
    if let Some(list) = body.get("vocabularyList") {
        vocabulary_list(&mut out, "/epcisBody/queryResults/resultsBody/vocabularyList", list);
    }
    let known = ["queryName", "subscriptionID", "resultsBody"];
    let vocabulary = std::mem::take(&mut out.text);
    members(&mut out, "/epcisBody/queryResults", results, &known);
    let others = std::mem::take(&mut out.text);
    let namespace = format!("urn:epcglobal:epcis-query:xsd:{}", how.0.number());
    attributes.insert(0, ("xmlns:epcisq".to_owned(), namespace));
    attributes.extend(out.prefixes.declarations());
    out.start("epcisq:EPCISQueryDocument", &attributes);
    text.push_str(&out.text);
    text.push_str("<EPCISBody><epcisq:QueryResults>");
    text.push_str(&names);
    text.push_str("<resultsBody>");
    left_out.append(&mut out.missing);
    event_list((text, left_out), QUERY_LIST, json, context, how);
    text.push_str(&vocabulary);
    text.push_str("</resultsBody>");
    text.push_str(&others);
    text.push_str("</epcisq:QueryResults></EPCISBody>");
    text.push_str(&tail);
    text.push_str("</epcisq:EPCISQueryDocument>\n");
}

/// Members that are not among `known`, as extensions.
fn members(out: &mut Out<'_>, pointer: &str, json: &Json, known: &[&str]) {
    for (name, value) in json.as_object().unwrap_or_default() {
        if !known.contains(&name.as_str()) {
            out.extension(&below(pointer, name), name, value);
        }
    }
}

fn header(out: &mut Out<'_>, json: &Json, version: Version) {
    let parts = ["sender", "receiver", "instanceIdentifier"];
    let is_stated = parts.iter().any(|name| json.get(name).is_some());
    let header = json.get("epcisHeader");
    if !is_stated && header.is_none() {
        return;
    }
    out.start("EPCISHeader", &[]);
    if is_stated {
        business_header(out, json, version);
    }
    if let Some(header) = header {
        if let Some(master) = header.get("epcisMasterData") {
            let place = "/epcisHeader/epcisMasterData";
            out.start("extension", &[]);
            out.start("EPCISMasterData", &[]);
            if let Some(list) = master.get("vocabularyList") {
                vocabulary_list(out, &below(place, "vocabularyList"), list);
            }
            members(out, place, master, &["vocabularyList"]);
            out.end("EPCISMasterData");
            out.end("extension");
        }
        members(out, "/epcisHeader", header, &["epcisMasterData"]);
    }
    out.end("EPCISHeader");
}

/// The business document header, with what its schema requires.
fn business_header(out: &mut Out<'_>, json: &Json, version: Version) {
    let text = |out: &mut Out<'_>, name: &str| {
        json.get(name).and_then(|value| out.plain(&below("", name), value)).unwrap_or_default()
    };
    out.start("sbdh:StandardBusinessDocumentHeader", &[("xmlns:sbdh".to_owned(), SBDH.to_owned())]);
    out.leaf("sbdh:HeaderVersion", &[], "1.0");
    for (element, name) in [("sbdh:Sender", "sender"), ("sbdh:Receiver", "receiver")] {
        if json.get(name).is_some() {
            let value = text(out, name);
            out.start(element, &[]);
            out.leaf("sbdh:Identifier", &[], &value);
            out.end(element);
        }
    }
    out.start("sbdh:DocumentIdentification", &[]);
    out.leaf("sbdh:Standard", &[], "EPCglobal");
    out.leaf("sbdh:TypeVersion", &[], version.name());
    if json.get("instanceIdentifier").is_some() {
        let value = text(out, "instanceIdentifier");
        out.leaf("sbdh:InstanceIdentifier", &[], &value);
    }
    out.leaf("sbdh:Type", &[], "Events");
    if json.get("creationDate").is_some() {
        let value = text(out, "creationDate");
        out.leaf("sbdh:CreationDateAndTime", &[], &value);
    }
    out.end("sbdh:DocumentIdentification");
    out.end("sbdh:StandardBusinessDocumentHeader");
}

fn vocabulary_list(out: &mut Out<'_>, pointer: &str, list: &Json) {
    out.start("VocabularyList", &[]);
    for (place, vocabulary) in list.as_array().unwrap_or_default().iter().enumerate() {
        let pointer = format!("{pointer}/{place}");
        let attributes = named_by(out, &pointer, vocabulary, "type");
        out.start("Vocabulary", &attributes);
        if let Some(elements) = vocabulary.get("vocabularyElementList") {
            out.start("VocabularyElementList", &[]);
            for (place, element) in elements.as_array().unwrap_or_default().iter().enumerate() {
                let pointer = format!("{pointer}/vocabularyElementList/{place}");
                vocabulary_element(out, &pointer, element);
            }
            out.end("VocabularyElementList");
        }
        members(out, &pointer, vocabulary, &["type", "vocabularyElementList"]);
        out.end("Vocabulary");
    }
    out.end("VocabularyList");
}

/// The attribute that names a vocabulary or one of its elements.
fn named_by(out: &mut Out<'_>, pointer: &str, json: &Json, name: &str) -> Attributes {
    let text = json.get(name).and_then(|value| out.plain(&below(pointer, name), value));
    text.map(|text| (name.to_owned(), text)).into_iter().collect()
}

fn vocabulary_element(out: &mut Out<'_>, pointer: &str, json: &Json) {
    let attributes = named_by(out, pointer, json, "id");
    out.start("VocabularyElement", &attributes);
    let list = json.get("attributes").and_then(Json::as_array).unwrap_or_default();
    for (place, attribute) in list.iter().enumerate() {
        let pointer = format!("{pointer}/attributes/{place}");
        let id = named_by(out, &pointer, attribute, "id");
        let value = attribute.get("attribute").unwrap_or(&Json::Null);
        if value.get("id").is_some() {
            out.leave_out(&pointer, "has a member with the name of the attribute that names it");
        } else {
            out.content(&pointer, "attribute", value, id);
        }
        members(out, &pointer, attribute, &["id", "attribute"]);
    }
    if let Some(children) = json.get("children") {
        out.start("children", &[]);
        for (place, child) in children.as_array().unwrap_or_default().iter().enumerate() {
            if let Some(text) = out.plain(&format!("{pointer}/children/{place}"), child) {
                out.leaf("id", &[], &text);
            }
        }
        out.end("children");
    }
    members(out, pointer, json, &["id", "attributes", "children"]);
    out.end("VocabularyElement");
}
