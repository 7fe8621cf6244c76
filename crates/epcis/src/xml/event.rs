//! One event: its standard elements in the form that JSON gives them, everything else as extensions.
//!
//! What holds: an element is read by its name wherever it stands, in or outside the wrappers of EPCIS 1.2; the order of
//! elements does not matter. Empty lists, which 1.2 requires, are left out.
//!
//! Sources: EPCIS 1.2 section 9.5 and EPCIS 2.0 section 9.5 (XML), EPCIS 2.0 section 10 (JSON).

use ledger::json::Json;

use super::carried;
use super::reading::{Members, Node, Reading};
use super::values::{boolean, number};
use super::words::word;
use crate::vocabulary::Vocabulary;

/// The form of a standard element of an event.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Word(Vocabulary),
    Certification,
    Epcs,
    Quantities,
    /// Elements of this name with a type.
    Pairs(&'static str, Vocabulary),
    Place,
    Persistent,
    Sensors,
    Ilmd,
    Error,
}

fn form(name: &str) -> Option<Form> {
    Some(match name {
        "eventTime"
        | "recordTime"
        | "eventTimeZoneOffset"
        | "eventID"
        | "action"
        | "parentID"
        | "transformationID" => Form::Text,
        "bizStep" => Form::Word(Vocabulary::BizStep),
        "disposition" => Form::Word(Vocabulary::Disposition),
        "certificationInfo" => Form::Certification,
        "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => Form::Epcs,
        "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
            Form::Quantities
        }
        "bizTransactionList" => Form::Pairs("bizTransaction", Vocabulary::BizTransactionType),
        "sourceList" => Form::Pairs("source", Vocabulary::SourceDestType),
        "destinationList" => Form::Pairs("destination", Vocabulary::SourceDestType),
        "readPoint" | "bizLocation" => Form::Place,
        "persistentDisposition" => Form::Persistent,
        "sensorElementList" => Form::Sensors,
        "ilmd" => Form::Ilmd,
        "errorDeclaration" => Form::Error,
        _ => return None,
    })
}

/// The JSON form of the event `node`, and nothing of its context.
pub(super) fn event(reading: &mut Reading, node: Node<'_>) -> Json {
    reading.events.push(node.range().start);
    let mut members = Members::default();
    let kind = reading.element_name(node);
    members.add("type", Json::String(kind));
    if let Some(addresses) = node.attribute((carried::JSON, carried::CONTEXT)) {
        let addresses = addresses.split_ascii_whitespace().map(Json::from).collect();
        members.add("@context", Json::Array(addresses));
    }
    reading.fill_attributes(node, &mut members, |_, _, text| Json::from(text));
    reading.fill(node, &mut members, &mut |reading, child, members| {
        let name = child.tag_name().name();
        let Some(form) = form(name) else { return false };
        if let Some(value) = standard(reading, child, form) {
            members.add(name, value);
        }
        true
    });
    members.into_json()
}

/// The value of a standard element; `None` if it says nothing.
fn standard(reading: &mut Reading, node: Node<'_>, form: Form) -> Option<Json> {
    let list = |items: Vec<Json>| (!items.is_empty()).then_some(Json::Array(items));
    let whole = |members: Members| (!members.is_empty()).then(|| members.into_json());
    match form {
        Form::Text | Form::Certification => Some(Json::String(reading.leaf(node))),
        Form::Word(vocabulary) => Some(word_in(reading, node, vocabulary)),
        Form::Epcs => {
            list(reading.items(node, "epc", |reading, item| Json::String(reading.leaf(item))))
        }
        Form::Quantities => list(reading.items(node, "quantityElement", quantity)),
        Form::Pairs(name, vocabulary) => {
            list(reading.items(node, name, |reading, item| pair(reading, item, name, vocabulary)))
        }
        Form::Place => whole(part(reading, node, &mut |reading, child, members| {
            let is_id = child.tag_name().name() == "id";
            if is_id {
                members.add("id", Json::String(reading.leaf(child)));
            }
            is_id
        })),
        Form::Persistent => whole(part(reading, node, &mut |reading, child, members| {
            let name = child.tag_name().name();
            if !matches!(name, "set" | "unset") {
                return false;
            }
            let word = word_in(reading, child, Vocabulary::Disposition);
            add_to_list(members, name, word);
            true
        })),
        Form::Sensors => list(reading.items(node, "sensorElement", sensor_element)),
        Form::Ilmd => whole(part(reading, node, &mut |_, _, _| false)),
        Form::Error => whole(part(reading, node, &mut error_part)),
    }
}

/// The members of an element that may have extensions.
fn part(
    reading: &mut Reading,
    node: Node<'_>,
    standard: &mut dyn FnMut(&mut Reading, Node<'_>, &mut Members) -> bool,
) -> Members {
    let mut members = Members::default();
    reading.fill_attributes(node, &mut members, |_, _, text| Json::from(text));
    reading.fill(node, &mut members, standard);
    members
}

/// Adds to a member that is a list even if it has one item only.
fn add_to_list(members: &mut Members, name: &str, value: Json) {
    if members.has(name) {
        members.add(name, value);
    } else {
        members.add(name, Json::Array(vec![value]));
    }
}

fn word_in(reading: &mut Reading, node: Node<'_>, vocabulary: Vocabulary) -> Json {
    let text = reading.leaf(node);
    word(reading, node, &text, vocabulary)
}

fn quantity(reading: &mut Reading, node: Node<'_>) -> Json {
    part(reading, node, &mut |reading, child, members| {
        let name = child.tag_name().name();
        if !matches!(name, "epcClass" | "quantity" | "uom") {
            return false;
        }
        let text = reading.leaf(child);
        members.add(name, if name == "quantity" { number(&text) } else { Json::String(text) });
        true
    })
    .into_json()
}

fn pair(reading: &mut Reading, node: Node<'_>, name: &str, vocabulary: Vocabulary) -> Json {
    let mut members = Members::default();
    reading.fill_attributes(node, &mut members, |reading, attribute, text| match attribute {
        "type" => word(reading, node, text, vocabulary),
        _ => Json::from(text),
    });
    if let Some(child) = super::reading::elements(node).next() {
        let found = child.tag_name().name();
        reading.problem(node, found, "has an element", "a URI without elements");
    }
    let text = reading.resolved(node, &super::reading::text(node));
    members.add(name, Json::String(text));
    members.into_json()
}

fn error_part(reading: &mut Reading, node: Node<'_>, members: &mut Members) -> bool {
    match node.tag_name().name() {
        "declarationTime" => {
            let text = reading.leaf(node);
            members.add("declarationTime", Json::String(text));
        }
        "reason" => {
            let word = word_in(reading, node, Vocabulary::ErrorReason);
            members.add("reason", word);
        }
        "correctiveEventIDs" => {
            let ids = reading
                .items(node, "correctiveEventID", |reading, item| Json::String(reading.leaf(item)));
            if !ids.is_empty() {
                members.add("correctiveEventIDs", Json::Array(ids));
            }
        }
        _ => return false,
    }
    true
}

fn sensor_element(reading: &mut Reading, node: Node<'_>) -> Json {
    part(reading, node, &mut |reading, child, members| {
        match child.tag_name().name() {
            "sensorMetadata" => {
                let metadata = part(reading, child, &mut |_, _, _| false);
                members.add("sensorMetadata", metadata.into_json());
            }
            "sensorReport" => {
                let report = sensor_report(reading, child);
                add_to_list(members, "sensorReport", report);
            }
            _ => return false,
        }
        true
    })
    .into_json()
}

fn sensor_report(reading: &mut Reading, node: Node<'_>) -> Json {
    let mut members = Members::default();
    reading.fill_attributes(node, &mut members, |reading, name, text| match name {
        "type" => word(reading, node, text, Vocabulary::Measurement),
        "exception" => word(reading, node, text, Vocabulary::Exception),
        "component" => word(reading, node, text, Vocabulary::Component),
        "value" | "minValue" | "maxValue" | "meanValue" | "sDev" | "percRank" | "percValue" => {
            number(text)
        }
        "booleanValue" => boolean(text),
        _ => Json::from(text),
    });
    reading.fill(node, &mut members, &mut |_, _, _| false);
    members.into_json()
}
