//! The header of a document: sender, receiver and number of the business document header, and master data.
//!
//! What holds: what the JSON form has no member for is named among what was left out.
//!
//! Sources: EPCIS 1.2 section 9.4; UN/CEFACT Standard Business Document Header 1.3; JSON schema of EPCIS 2.0.

use ledger::json::{Json, object};

use super::reading::{Members, Node, Reading, elements, is_standard, text};

const SBDH: &str = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader";

/// Adds what the header says to the members of the document.
pub(super) fn header(reading: &mut Reading, node: Node<'_>, document: &mut Members) {
    let mut members = Members::default();
    reading.fill_attributes(node, &mut members, |_, _, text| Json::from(text));
    collect(reading, node, &mut members, document);
    if !members.is_empty() {
        document.add("epcisHeader", members.into_json());
    }
}

fn collect(reading: &mut Reading, node: Node<'_>, members: &mut Members, document: &mut Members) {
    reading.no_text(node);
    for child in elements(node) {
        let name = child.tag_name().name();
        if child.tag_name().namespace() == Some(SBDH) {
            business_header(reading, child, document);
        } else if is_standard(child) && name == "extension" {
            collect(reading, child, members, document);
        } else if is_standard(child) && name == "EPCISMasterData" && !members.has("epcisMasterData")
        {
            let master = master_data(reading, child);
            members.add("epcisMasterData", master);
        } else {
            let name = reading.element_name(child);
            let value = reading.extension(child);
            members.add(&name, value);
        }
    }
}

/// Sender, receiver and instance identifier; the other parts of the business document header are left out.
fn business_header(reading: &mut Reading, node: Node<'_>, document: &mut Members) {
    for leaf in node.descendants().filter(Node::is_element) {
        if elements(leaf).next().is_some() {
            continue;
        }
        for attribute in leaf.attributes() {
            reading.leave_out(&format!("sbdh:{}", attribute.name()));
        }
        let parent = leaf.parent_element().map_or("", |parent| parent.tag_name().name());
        let member = match (parent, leaf.tag_name().name()) {
            ("Sender", "Identifier") => "sender",
            ("Receiver", "Identifier") => "receiver",
            (_, "InstanceIdentifier") => "instanceIdentifier",
            _ => "",
        };
        if member.is_empty() || document.has(member) {
            reading.leave_out(&format!("sbdh:{}", leaf.tag_name().name()));
        } else {
            document.add(member, Json::String(text(leaf)));
        }
    }
}

fn master_data(reading: &mut Reading, node: Node<'_>) -> Json {
    let mut members = Members::default();
    reading.fill_attributes(node, &mut members, |_, _, text| Json::from(text));
    reading.fill(node, &mut members, &mut |reading, child, members| {
        let is_list = child.tag_name().name() == "VocabularyList";
        if is_list {
            let list = vocabulary_list(reading, child);
            members.add("vocabularyList", list);
        }
        is_list
    });
    members.into_json()
}

/// The vocabularies of a `VocabularyList`.
pub(super) fn vocabulary_list(reading: &mut Reading, node: Node<'_>) -> Json {
    Json::Array(reading.items(node, "Vocabulary", |reading, vocabulary| {
        let mut members = Members::default();
        reading.fill_attributes(vocabulary, &mut members, |_, _, text| Json::from(text));
        reading.fill(vocabulary, &mut members, &mut |reading, child, members| {
            let is_list = child.tag_name().name() == "VocabularyElementList";
            if is_list {
                let elements = reading.items(child, "VocabularyElement", vocabulary_element);
                members.add("vocabularyElementList", Json::Array(elements));
            }
            is_list
        });
        members.into_json()
    }))
}

fn vocabulary_element(reading: &mut Reading, node: Node<'_>) -> Json {
    let mut members = Members::default();
    let mut attributes = Vec::new();
    reading.fill_attributes(node, &mut members, |_, _, text| Json::from(text));
    reading.fill(node, &mut members, &mut |reading, child, members| {
        match child.tag_name().name() {
            "attribute" => attributes.push(attribute(reading, child)),
            "children" => {
                let ids = reading.items(child, "id", |reading, id| Json::String(reading.leaf(id)));
                members.add("children", Json::Array(ids));
            }
            _ => return false,
        }
        true
    });
    if !attributes.is_empty() {
        members.add("attributes", Json::Array(attributes));
    }
    members.into_json()
}

/// An attribute of master data: its id, and a text or an object.
fn attribute(reading: &mut Reading, node: Node<'_>) -> Json {
    let id = node.attribute("id").unwrap_or_default();
    let mut value = reading.extension(node);
    if let Some(Json::Array(_)) = value.remove("id") {
        let problem = "has an element with the name of its attribute";
        reading.problem(node, "id", problem, "`id` as attribute only");
    }
    let is_text = value.as_object().is_some_and(|members| members.len() == 1);
    if let Some(text) = value.get("#text").filter(|_| is_text) {
        value = text.clone();
    } else if value.as_object().is_some_and(<[_]>::is_empty) {
        value = Json::from("");
    }
    object([("id", Json::from(id)), ("attribute", value)])
}
