//! Reading the tree: names, texts and members, and what is collected on the way.
//!
//! What holds: whatever has no place in the JSON form is a violation, or is named among what was left out.
//!
//! Not here: which elements there are (`event.rs`, `document.rs`).

use std::collections::{BTreeMap, BTreeSet};

use ledger::json::{Json, Limits, object, parse};

use super::carried;
use super::names::{Names, is_scheme};
use crate::violation::Violation;

/// An element of the tree.
pub(super) type Node<'a> = roxmltree::Node<'a, 'a>;

/// Namespaces of EPCIS itself. Its own elements are without namespace by the schema; some senders give them this one.
const EPCIS: [&str; 6] = [
    "urn:epcglobal:epcis:xsd:1",
    "urn:epcglobal:epcis:xsd:2",
    "urn:epcglobal:epcis-masterdata:xsd:1",
    "urn:epcglobal:epcis-masterdata:xsd:2",
    "urn:epcglobal:epcis-query:xsd:1",
    "urn:epcglobal:epcis-query:xsd:2",
];
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Most violations, and most names of what was left out.
const MOST: usize = 100;

/// What is collected while a document is read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub names: Names,
    pub violations: Vec<Violation>,
    /// Names of what has no place in the JSON form and does not change what the events mean.
    pub left_out: BTreeSet<String>,
    /// The byte at which each event starts.
    pub events: Vec<usize>,
}

/// Members of an object in the order of the document. A name that comes again makes its value a list.
#[derive(Debug, Default)]
pub(super) struct Members {
    list: Vec<(String, Json)>,
    places: BTreeMap<String, usize>,
}

impl Members {
    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn add(&mut self, name: &str, value: Json) {
        let place = self.places.get(name).and_then(|place| self.list.get_mut(*place));
        match place.map(|(_, old)| old) {
            None => {
                self.places.insert(name.to_owned(), self.list.len());
                self.list.push((name.to_owned(), value));
            }
            Some(Json::Array(items)) => items.push(value),
            Some(old) => {
                let first = std::mem::replace(old, Json::Null);
                *old = Json::Array(vec![first, value]);
            }
        }
    }

    pub fn into_json(self) -> Json {
        object(self.list)
    }
}

/// Whether the element is EPCIS's own, not an extension.
pub(super) fn is_standard(node: Node<'_>) -> bool {
    is_own(node.tag_name().namespace())
}

fn is_own(namespace: Option<&str>) -> bool {
    // `xmlns=""` takes the namespace away.
    namespace.is_none_or(|uri| uri.is_empty() || EPCIS.contains(&uri))
}

pub(super) fn elements(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    node.children().filter(Node::is_element)
}

/// Whether the element says that it has no value, and has none.
fn is_nil(node: Node<'_>) -> bool {
    let nil = node.attribute((XSI, "nil")).map(trimmed);
    matches!(nil, Some("true" | "1")) && elements(node).next().is_none() && text(node).is_empty()
}

/// The text directly in the element, without white space around it.
pub(super) fn text(node: Node<'_>) -> String {
    let parts = node.children().filter(roxmltree::Node::is_text);
    let all: String = parts.filter_map(|part| part.text()).collect();
    trimmed(&all).to_owned()
}

pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

impl Reading {
    /// Records that something in `node` cannot be converted.
    pub fn problem(&mut self, node: Node<'_>, value: &str, problem: &str, expected: &str) {
        if self.violations.len() < MOST {
            let line = node.document().text_pos_at(node.range().start).row;
            self.violations.push(Violation {
                pointer: path(node),
                value: value.chars().take(80).collect(),
                problem: format!("line {line}: {problem}"),
                expected: expected.to_owned(),
            });
        }
    }

    pub fn leave_out(&mut self, name: &str) {
        if self.left_out.len() < MOST {
            self.left_out.insert(name.to_owned());
        }
    }

    /// The name of a member: `prefix:name`, or the bare name of what has no namespace or is EPCIS's own.
    fn name(&mut self, node: Node<'_>, namespace: Option<&str>, local: &str) -> String {
        let Some(namespace) = namespace.filter(|uri| !is_own(Some(uri))) else {
            return local.to_owned();
        };
        if let Some(prefix) = self.names.prefix(namespace, node.lookup_prefix(namespace)) {
            return format!("{prefix}:{local}");
        }
        let problem = "is no namespace that JSON can name";
        self.problem(node, namespace, problem, "an absolute URI");
        local.to_owned()
    }

    /// A value that begins with a prefix of the XML, with the prefix that the JSON form has for its namespace.
    pub fn resolved(&mut self, node: Node<'_>, text: &str) -> String {
        let Some((prefix, local)) = text.split_once(':').filter(|(prefix, _)| !is_scheme(prefix))
        else {
            return text.to_owned();
        };
        let namespace = node.lookup_namespace_uri(Some(prefix));
        let own = namespace.filter(|uri| !is_own(Some(uri)) && ![XSI, carried::JSON].contains(uri));
        match own.and_then(|uri| self.names.prefix(uri, Some(prefix))) {
            Some(prefix) => format!("{prefix}:{local}"),
            None => text.to_owned(),
        }
    }

    /// The name of the member for an element.
    pub fn element_name(&mut self, node: Node<'_>) -> String {
        if node.has_tag_name((carried::JSON, carried::MEMBER)) {
            return self.resolved(node, node.attribute("name").unwrap_or_default());
        }
        self.name(node, node.tag_name().namespace(), node.tag_name().name())
    }

    /// The attributes with their names and whether they are EPCIS's own; those of XML Schema are left out.
    pub fn attributes(&mut self, node: Node<'_>) -> Vec<(String, String, bool)> {
        let mut all = Vec::new();
        for attribute in node.attributes() {
            let namespace = attribute.namespace();
            if namespace == Some(XSI) {
                self.leave_out(&format!("xsi:{}", attribute.name()));
                continue;
            }
            // Read where the value is.
            if namespace == Some(carried::JSON) {
                continue;
            }
            let name = self.name(node, namespace, attribute.name());
            all.push((name, trimmed(attribute.value()).to_owned(), namespace.is_none()));
        }
        all
    }

    /// The text of an element that has nothing else.
    pub fn leaf(&mut self, node: Node<'_>) -> String {
        self.no_attributes(node);
        if let Some(child) = elements(node).next() {
            let name = child.tag_name().name();
            self.problem(node, name, "has an element", "a text without elements");
        }
        let text = text(node);
        self.resolved(node, &text)
    }

    /// Reports the attributes of an element whose JSON form cannot have any.
    pub fn no_attributes(&mut self, node: Node<'_>) {
        for (name, _, _) in self.attributes(node) {
            self.problem(node, &name, "has an attribute without place in JSON", "no attributes");
        }
    }

    /// Reports text beside the elements of an element.
    pub fn no_text(&mut self, node: Node<'_>) {
        let text = text(node);
        if !text.is_empty() {
            self.problem(node, &text, "has text beside its elements", "elements only");
        }
    }

    /// Visits the children of a list, which must all be standard elements called `name`.
    pub fn items(
        &mut self,
        list: Node<'_>,
        name: &str,
        mut read: impl FnMut(&mut Self, Node<'_>) -> Json,
    ) -> Vec<Json> {
        self.no_attributes(list);
        self.no_text(list);
        let mut items = Vec::new();
        for child in elements(list) {
            if is_standard(child) && child.tag_name().name() == name {
                items.push(read(self, child));
            } else {
                let found = child.tag_name().name();
                self.problem(child, found, "has no place in this list", &format!("`{name}`"));
            }
        }
        items
    }

    /// An element of an extension with all that is in it: a text, or an object of its attributes and elements, where
    /// `#text` is its text.
    pub fn extension(&mut self, node: Node<'_>) -> Json {
        let value = if node.has_attribute((carried::JSON, carried::VALUE)) {
            self.carried(node)
        } else {
            self.extension_value(node)
        };
        let is_list = node.has_attribute((carried::JSON, carried::LIST));
        if is_list { Json::Array(vec![value]) } else { value }
    }

    /// The JSON in the text of an element.
    fn carried(&mut self, node: Node<'_>) -> Json {
        let text = text(node);
        let limits = Limits { max_depth: carried::DEPTH + 1, ..Limits::default() };
        match parse(text.as_bytes(), &limits) {
            Ok(value) if elements(node).next().is_none() => self.resolved_within(node, value),
            _ => {
                self.problem(node, &text, "is no JSON that an element can carry", "a JSON value");
                Json::Null
            }
        }
    }

    /// Carried JSON with the prefixes that the JSON form has.
    fn resolved_within(&mut self, node: Node<'_>, value: Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.resolved(node, &text)),
            Json::Array(items) => Json::Array(
                items.into_iter().map(|item| self.resolved_within(node, item)).collect(),
            ),
            Json::Object(members) => {
                let mut all = Members::default();
                for (name, value) in members {
                    let name = self.resolved(node, &name);
                    if all.has(&name) {
                        let problem = "has two members of one meaning";
                        self.problem(node, &name, problem, "each member once");
                    }
                    let value = self.resolved_within(node, value);
                    all.add(&name, value);
                }
                all.into_json()
            }
            other => other,
        }
    }

    fn extension_value(&mut self, node: Node<'_>) -> Json {
        let text = text(node);
        let text = self.resolved(node, &text);
        let mut members = Members::default();
        let mut attributes = self.attributes(node);
        if node.has_tag_name((carried::JSON, carried::MEMBER)) {
            attributes.retain(|(name, _, is_own)| !(*is_own && name == "name"));
        }
        if attributes.is_empty() && elements(node).next().is_none() {
            return Json::String(text);
        }
        if !text.is_empty() {
            members.add("#text", Json::String(text));
        }
        for (name, value, _) in attributes {
            let value = self.resolved(node, &value);
            members.add(&name, Json::String(value));
        }
        for child in elements(node) {
            let name = self.element_name(child);
            let value = self.extension(child);
            members.add(&name, value);
        }
        members.into_json()
    }

    /// Adds the children of `node` to `members`: `standard` takes those it knows and returns true for them; the
    /// wrappers `extension` and `baseExtension` are opened; everything else is an extension.
    pub fn fill(
        &mut self,
        node: Node<'_>,
        members: &mut Members,
        standard: &mut dyn FnMut(&mut Self, Node<'_>, &mut Members) -> bool,
    ) {
        self.no_text(node);
        for child in elements(node) {
            let own = is_standard(child).then(|| child.tag_name().name());
            if matches!(own, Some("extension" | "baseExtension")) {
                self.no_attributes(child);
                self.fill(child, members, standard);
                continue;
            }
            if own.is_some() && is_nil(child) {
                continue;
            }
            if let Some(name) = own
                && members.has(name)
                && !matches!(name, "sensorReport" | "set" | "unset" | "certificationInfo")
            {
                self.problem(child, name, "comes a second time", "one such element");
            } else if own.is_none() || !standard(self, child, members) {
                let name = self.element_name(child);
                let value = self.extension(child);
                members.add(&name, value);
            }
        }
    }

    /// Adds the attributes of `node` to `members`; `value` converts the value of an own attribute by its name.
    pub fn fill_attributes(
        &mut self,
        node: Node<'_>,
        members: &mut Members,
        value: impl Fn(&mut Self, &str, &str) -> Json,
    ) {
        for (name, text, is_own) in self.attributes(node) {
            let value = match is_own.then(|| value(self, &name, &text)) {
                Some(found) if found.as_str() != Some(&text) => found,
                // No word of a vocabulary.
                _ => Json::String(self.resolved(node, &text)),
            };
            members.add(&name, value);
        }
    }
}

/// The place of an element: `/EPCISDocument/EPCISBody/EventList/ObjectEvent[2]`.
fn path(node: Node<'_>) -> String {
    let mut steps: Vec<String> = node.ancestors().filter(Node::is_element).map(step).collect();
    steps.reverse();
    steps.iter().fold(String::new(), |path, step| path + "/" + step)
}

fn step(node: Node<'_>) -> String {
    let name = node.tag_name().name();
    let same = |other: &Node<'_>| other.is_element() && other.tag_name().name() == name;
    let before = node.prev_siblings().skip(1).filter(same).count();
    let is_alone = before == 0 && !node.next_siblings().skip(1).any(|other| same(&other));
    if is_alone { name.to_owned() } else { format!("{name}[{}]", before + 1) }
}
