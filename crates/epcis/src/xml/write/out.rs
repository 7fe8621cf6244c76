//! Writing elements: tags, escapes, and values of extensions.
//!
//! What holds: whatever is written is well-formed, whatever the JSON has; what cannot be written is named in `missing`.
//!
//! Sources: XML 1.0 sections 2.2 to 2.4; [`crate::xml::carried`] for what XML has no form for.

use ledger::json::{Json, object};

use super::prefixes::{Prefixes, is_name};
use crate::context::Context;
use crate::decimal::plain;
use crate::xml::carried;

/// The member that holds the text of an element with attributes or elements.
const TEXT: &str = "#text";
/// Deepest extension in an event; deeper ones could not be read again.
const DEPTH: usize = 16;
/// Most members that become attributes of one element; others become elements.
const ATTRIBUTES: usize = 40;
/// Prefixes that need no declaration in a value.
const KNOWN: [&str; 6] = ["cbv", "cbvmda", "epcis", "gs1", "rdfs", "xsd"];

/// Attributes of an element.
pub(super) type Attributes = Vec<(String, String)>;

/// An element under construction.
pub(super) struct Out<'a> {
    /// What was written of its content.
    pub text: String,
    /// What the prefixes of the JSON form stand for.
    pub context: &'a Context,
    /// The namespaces that were used.
    pub prefixes: Prefixes,
    /// Places in the JSON form of what could not be written, each with the reason.
    pub missing: Vec<String>,
    depth: usize,
}

impl<'a> Out<'a> {
    /// - `json`: what is written, or more than that. No prefix is made that a text in it begins with.
    pub fn new(context: &'a Context, json: &Json) -> Self {
        let (text, missing) = (String::new(), Vec::new());
        Self { text, context, prefixes: Prefixes::beside(json), missing, depth: 0 }
    }

    pub fn leave_out(&mut self, pointer: &str, why: &str) {
        self.missing.push(format!("{pointer}: {why}"));
    }

    pub fn start(&mut self, name: &str, attributes: &[(String, String)]) {
        self.tag(name, attributes);
        self.text.push('>');
    }

    pub fn end(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    pub fn empty(&mut self, name: &str, attributes: &[(String, String)]) {
        self.tag(name, attributes);
        self.text.push_str("/>");
    }

    fn tag(&mut self, name: &str, attributes: &[(String, String)]) {
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            escape(value, true, &mut self.text);
            self.text.push('"');
        }
    }

    /// An element with a text.
    pub fn leaf(&mut self, name: &str, attributes: &[(String, String)], text: &str) {
        if text.is_empty() {
            return self.empty(name, attributes);
        }
        self.start(name, attributes);
        escape(text, false, &mut self.text);
        self.end(name);
    }

    /// The text of a standard value; none if XML cannot have it.
    pub fn plain(&mut self, pointer: &str, value: &Json) -> Option<String> {
        let text = match value {
            Json::String(text) => text.clone(),
            Json::Number(digits) => plain(digits),
            Json::Bool(truth) => truth.to_string(),
            _ => {
                self.leave_out(pointer, "XML has a text here");
                return None;
            }
        };
        if text.chars().any(is_outside) {
            self.leave_out(pointer, "has a character that XML cannot have");
            return None;
        }
        if text.trim_matches(is_space) != text {
            self.leave_out(pointer, "white space around a value is not part of it in XML");
        }
        Some(self.named(&text))
    }

    /// A value with the prefix that the XML declares for it.
    fn named(&mut self, text: &str) -> String {
        let prefix = text.split(':').next().unwrap_or_default();
        if KNOWN.contains(&prefix) {
            return text.to_owned();
        }
        let Some((namespace, local)) = self.context.split(text) else { return text.to_owned() };
        let prefix = self.prefixes.of(namespace, prefix);
        format!("{prefix}:{local}")
    }

    /// The name of an element or attribute for a member; none if XML has no such name.
    fn name(&mut self, name: &str) -> Option<String> {
        if is_name(name) {
            return (!matches!(name, "extension" | "baseExtension")).then(|| name.to_owned());
        }
        let (prefix, _) = name.split_once(':')?;
        let (namespace, local) = self.context.split(name)?;
        if !is_name(local) || !is_nameable(namespace) {
            return None;
        }
        // The namespace of master data is without the last colon in XML.
        let namespace = if prefix == "cbvmda" { "urn:epcglobal:cbv:mda" } else { namespace };
        let prefix = self.prefixes.of(namespace, prefix);
        Some(format!("{prefix}:{local}"))
    }

    /// The name of something that XML has no form of its own for.
    pub fn carrier(&mut self, name: &str) -> String {
        let prefix = self.prefixes.of(carried::JSON, "json");
        format!("{prefix}:{name}")
    }

    /// Adds a member to the attributes if it can be one.
    pub fn attribute(&mut self, name: &str, value: &Json, attributes: &mut Attributes) -> bool {
        if attributes.len() >= ATTRIBUTES {
            return false;
        }
        let Some(text) = value.as_str().filter(|text| !needs_json(text)) else { return false };
        let Some(name) = self.name(name) else { return false };
        let text = self.named(text);
        attributes.push((name, text));
        true
    }

    /// A member of an extension: one element, or one for each item of a list.
    pub fn extension(&mut self, pointer: &str, name: &str, value: &Json) {
        let is_single = |item: &Json| !matches!(item, Json::Array(_) | Json::Null);
        match value {
            Json::Array(items) if items.len() > 1 && items.iter().all(is_single) => {
                for (place, item) in items.iter().enumerate() {
                    self.element(&format!("{pointer}/{place}"), name, item, Vec::new());
                }
            }
            Json::Array(items) if items.len() == 1 && items.iter().all(is_single) => {
                let is_list = vec![(self.carrier(carried::LIST), "true".to_owned())];
                self.element(pointer, name, items.first().unwrap_or(&Json::Null), is_list);
            }
            other => self.element(pointer, name, other, Vec::new()),
        }
    }

    fn element(&mut self, pointer: &str, name: &str, value: &Json, mut attributes: Attributes) {
        if name.chars().any(is_outside) {
            return self.leave_out(pointer, "has a name with a character that XML cannot have");
        }
        let element = match self.name(name) {
            Some(element) => element,
            None if self.context.split(name).is_some_and(|(uri, _)| !is_nameable(uri)) => {
                return self.leave_out(pointer, "has a namespace that means something else in XML");
            }
            None => {
                let named = self.named(name);
                attributes.push(("name".to_owned(), named));
                self.carrier(carried::MEMBER)
            }
        };
        self.content(pointer, &element, value, attributes);
    }

    /// An element of that name with a value of an extension.
    pub fn content(
        &mut self,
        pointer: &str,
        element: &str,
        value: &Json,
        mut attributes: Attributes,
    ) {
        match value {
            Json::String(text) if !needs_json(text) => {
                let text = self.named(text);
                self.leaf(element, &attributes, &text);
            }
            Json::Object(members) if has_elements(members) && self.depth < DEPTH => {
                self.depth += 1;
                self.members(pointer, element, members, attributes);
                self.depth -= 1;
            }
            other => match self.as_carried(other, carried::DEPTH) {
                Some(json) => {
                    attributes.push((self.carrier(carried::VALUE), "true".to_owned()));
                    // Canonical JSON escapes what is below the space only.
                    let text = json.canonical();
                    let text = text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff");
                    self.leaf(element, &attributes, &text);
                }
                None => self.leave_out(pointer, "is nested too deep to stand in a text"),
            },
        }
    }

    /// A value as JSON in a text: its names and texts have the prefixes that the XML declares. None if it is nested too deep.
    fn as_carried(&mut self, value: &Json, depth: usize) -> Option<Json> {
        Some(match value {
            Json::String(text) => Json::String(self.named(text)),
            Json::Array(items) => {
                let depth = depth.checked_sub(1)?;
                let items = items.iter().map(|item| self.as_carried(item, depth));
                Json::Array(items.collect::<Option<_>>()?)
            }
            Json::Object(members) => {
                let depth = depth.checked_sub(1)?;
                let mut all = Vec::with_capacity(members.len());
                for (name, value) in members {
                    all.push((self.named(name), self.as_carried(value, depth)?));
                }
                object(all)
            }
            other => other.clone(),
        })
    }

    fn members(
        &mut self,
        pointer: &str,
        element: &str,
        members: &[(String, Json)],
        mut attributes: Attributes,
    ) {
        let text = members.iter().find(|(name, _)| name == TEXT);
        let text = text.and_then(|(_, text)| text.as_str()).unwrap_or_default().to_owned();
        let mut rest = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| name != TEXT) {
            // Beside a text a member was an attribute, most often.
            if text.is_empty() || !self.attribute(name, value, &mut attributes) {
                rest.push((name, value));
            }
        }
        let text = self.named(&text);
        if rest.is_empty() {
            return self.leaf(element, &attributes, &text);
        }
        self.start(element, &attributes);
        escape(&text, false, &mut self.text);
        for (name, value) in rest {
            self.extension(&crate::violation::below(pointer, name), name, value);
        }
        self.end(element);
    }
}

/// Whether an object can be an element with attributes and elements.
fn has_elements(members: &[(String, Json)]) -> bool {
    let is_text =
        |value: &Json| value.as_str().is_some_and(|text| !text.is_empty() && !needs_json(text));
    members.iter().any(|(name, _)| name != TEXT)
        && members.iter().all(|(name, value)| name != TEXT || is_text(value))
}

/// Whether a namespace may be that of an extension.
fn is_nameable(namespace: &str) -> bool {
    !namespace.is_empty()
        && !namespace.starts_with("urn:epcglobal:epcis:xsd:")
        && !namespace.starts_with("urn:epcglobal:epcis-query:xsd:")
        && !namespace.starts_with("http://www.w3.org/2001/XMLSchema-instance")
        && !namespace.starts_with("http://www.w3.org/2000/xmlns")
        && !namespace.starts_with("http://www.w3.org/XML/1998/namespace")
        && namespace != carried::JSON
        && !namespace.chars().any(is_outside)
}

/// Whether a text would be changed by XML.
fn needs_json(text: &str) -> bool {
    text.trim_matches(is_space) != text || text.chars().any(is_outside)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether XML cannot have a character, not even as a reference.
fn is_outside(c: char) -> bool {
    c < ' ' && !is_space(c) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// `text` as the text of an element; a character that XML cannot have becomes U+FFFD.
#[must_use]
pub fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_outside(c) { '\u{fffd}' } else { c }).collect();
    let mut out = String::with_capacity(text.len());
    escape(&text, false, &mut out);
    out
}

fn escape(text: &str, is_attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '"' if is_attribute => out.push_str("&quot;"),
            '\n' if is_attribute => out.push_str("&#10;"),
            '\t' if is_attribute => out.push_str("&#9;"),
            other => out.push(other),
        }
    }
}
