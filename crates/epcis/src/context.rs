//! JSON-LD contexts: prefixes and their namespaces, and the addresses of contexts that others publish.
//!
//! What holds: no context is fetched. The standard's prefixes (`gs1`, `cbv`, …) and terms always have the standard's
//! meaning; a document may only define further prefixes. The address of a context that is not the standard's is kept
//! with each event, in its place among the prefixes, so that a reader of the record can find what its prefixes mean; here
//! it is text. What is copied to each event is bounded.
//!
//! Source: EPCIS 2.0 section 10 and its published context; docs/decisions/0035-capture-and-the-json-schema.md.

use std::collections::{BTreeMap, HashSet};

use ledger::json::{Json, object};

use crate::term;
use crate::uri::{has_known_scheme, is_uri};
use crate::violation::{Violation, Violations, below};
use crate::vocabulary::{CBV, GS1};

/// Addresses of the standard's context. Other addresses are kept and not fetched.
const STANDARD: [&str; 4] = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    "https://ref.gs1.org/standards/epcis/2.0.1/epcis-context.jsonld",
    "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    "https://gs1.github.io/EPCIS/epcis-context.jsonld",
];

/// The standard's prefixes, which cannot be given another namespace.
const RESERVED: [(&str, &str); 6] = [
    ("cbv", CBV),
    ("cbvmda", "urn:epcglobal:cbv:mda:"),
    ("epcis", "https://ref.gs1.org/epcis/"),
    ("gs1", GS1),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// Prefixes of the standard's context that a document may define for itself.
const COMMON: [(&str, &str); 2] =
    [("dcterms", "http://purl.org/dc/terms/"), ("owl", "http://www.w3.org/2002/07/owl#")];

/// Older and alternative namespaces in use for the standard's prefixes, accepted as the current one.
const ALIASES: [(&str, &str); 5] = [
    ("gs1", "https://gs1.org/voc/"),
    ("gs1", "http://gs1.org/voc/"),
    ("gs1", "https://www.gs1.org/voc/"),
    ("cbv", "https://ns.gs1.org/cbv/"),
    ("cbvmda", "urn:epcglobal:cbv:mda"),
];

/// The prefix of members that only a ledger writes. Whether a sender may use it is decided where records are made.
const LEDGER: &str = "chopmark";

/// Most bytes of one prefix with its namespace, or of one address.
const LONGEST: usize = 256;
/// Most bytes of all prefixes with their namespaces, and of all addresses.
const MOST: usize = 4096;

/// The problem of a name or value whose prefix nobody explains.
pub(crate) const UNDECLARED: &str = "has a prefix that no context declares";

/// What a context consists of, in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    /// A prefix; its namespace is beside.
    Prefix(String),
    /// The address of a context that is not the standard's.
    Address(String),
}

/// The prefixes that a document or event defines, with their namespaces, and the addresses of further contexts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    prefixes: BTreeMap<String, String>,
    /// In the order of the document; a later one may mean something else by the same prefix.
    parts: Vec<Part>,
}

impl Context {
    /// The context of what is not captured: of an event in a record, which was checked with the rules of its time, or of a
    /// document that is only looked at.
    ///
    /// - `outer`: the context around it.
    pub(crate) fn unchecked(json: &Json, outer: &Self) -> Self {
        let mut context = outer.clone();
        let Some(own) = json.get("@context") else { return context };
        for part in own.as_array().unwrap_or(std::slice::from_ref(own)) {
            if let Some(address) = part.as_str().filter(|address| !STANDARD.contains(address)) {
                context.parts.push(Part::Address(address.to_owned()));
            }
            for (name, value) in part.as_object().unwrap_or_default() {
                if let Some(namespace) = value.as_str() {
                    context.parts.push(Part::Prefix(name.clone()));
                    context.prefixes.insert(name.clone(), namespace.to_owned());
                }
            }
        }
        context
    }

    /// Adds what a `@context` value has.
    ///
    /// - `pointer`: JSON pointer to the value, for violations.
    pub(crate) fn add(&mut self, json: &Json, pointer: &str, violations: &mut Violations) {
        let Json::Array(parts) = json else { return self.add_part(json, pointer, violations) };
        let mut seen = HashSet::new();
        for (place, part) in parts.iter().enumerate() {
            let pointer = format!("{pointer}/{place}");
            let text = part.canonical();
            if seen.contains(&text) {
                violations.add(&pointer, &text, "stands there twice", "each context once");
            }
            self.add_part(part, &pointer, violations);
            seen.insert(text);
        }
    }

    fn add_part(&mut self, json: &Json, pointer: &str, violations: &mut Violations) {
        const EXPECTED: &str = "the EPCIS 2.0 context's address, or an object of prefixes";
        match json {
            Json::String(address) if !is_uri(address) => {
                violations.add(pointer, address, "not a URI", EXPECTED);
            }
            Json::String(address) => {
                if !STANDARD.contains(&address.as_str()) {
                    self.keep(Part::Address(address.clone()), address.len(), pointer, violations);
                }
            }
            Json::Object(members) => {
                for (name, value) in members {
                    self.define(name, value, &below(pointer, name), violations);
                }
            }
            other => violations.add(pointer, &other.canonical(), "not a context", EXPECTED),
        }
    }

    fn define(&mut self, name: &str, value: &Json, pointer: &str, violations: &mut Violations) {
        const EXPECTED: &str = "a new prefix and its namespace, a URI";
        if name == "@version" || name == "@vocab" || name == "@base" {
            return;
        }
        // A definition of `prefix:name` only states how its values are typed. It cannot change a standard term.
        if name.split_once(':').is_some_and(|(prefix, _)| self.prefixes.contains_key(prefix)) {
            return;
        }
        let Some(namespace) = value.as_str() else {
            let problem = "not the definition of a prefix";
            violations.add(pointer, &value.canonical(), problem, EXPECTED);
            return;
        };
        let reserved = RESERVED.iter().find(|(prefix, _)| *prefix == name);
        if let Some((_, meaning)) = reserved {
            let is_same = *meaning == namespace || ALIASES.contains(&(name, namespace));
            if !is_same {
                violations.add(pointer, namespace, "redefines a prefix of the standard", meaning);
            }
            return;
        }
        if name.starts_with('@') || term::is_standard(name) {
            violations.add(pointer, namespace, "redefines a term of the standard", EXPECTED);
            return;
        }
        if !namespace.contains(':') {
            violations.add(pointer, namespace, "not a namespace", EXPECTED);
            return;
        }
        let bytes = name.len() + namespace.len();
        if self.keep(Part::Prefix(name.to_owned()), bytes, pointer, violations) {
            self.prefixes.insert(name.to_owned(), namespace.to_owned());
        }
    }

    /// Keeps a part at its last place; `false` if there is too much already.
    fn keep(
        &mut self,
        part: Part,
        bytes: usize,
        pointer: &str,
        violations: &mut Violations,
    ) -> bool {
        self.parts.retain(|known| *known != part);
        let kept: usize = self.parts.iter().map(|part| self.bytes(part)).sum();
        let fits = bytes <= LONGEST && kept + bytes <= MOST;
        if fits {
            self.parts.push(part);
        } else {
            let expected =
                format!("at most {LONGEST} bytes for each prefix or address, and {MOST} together");
            violations.add(pointer, &format!("{bytes} bytes"), "too large a context", &expected);
        }
        fits
    }

    fn bytes(&self, part: &Part) -> usize {
        match part {
            Part::Prefix(name) => name.len() + self.prefixes.get(name).map_or(0, String::len),
            Part::Address(address) => address.len(),
        }
    }

    /// The namespace of `prefix`; `None` if neither the standard nor the document defines it.
    #[must_use]
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        let of = |list: &[(&str, &'static str)]| {
            list.iter().find(|(name, _)| *name == prefix).map(|(_, namespace)| *namespace)
        };
        of(&RESERVED)
            .or_else(|| self.prefixes.get(prefix).map(String::as_str))
            .or_else(|| of(&COMMON))
    }

    /// Whether the prefix or scheme of `uri` has a meaning: it is declared, or everybody knows it, or a context that is not
    /// read here may declare it.
    pub(crate) fn knows(&self, uri: &str) -> bool {
        let prefix = uri.split(':').next().unwrap_or_default();
        has_known_scheme(uri)
            || prefix == LEDGER
            || self.namespace(prefix).is_some()
            || self.has_addresses()
    }

    /// Whether it names contexts that are not read here, which may define further prefixes.
    pub(crate) fn has_addresses(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Address(_)))
    }

    /// The prefixes that the document or event defines, with their namespaces.
    pub fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        self.prefixes.iter().map(|(prefix, namespace)| (prefix.as_str(), namespace.as_str()))
    }

    /// The addresses of contexts that are not the standard's, in their order.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Address(address) => Some(address.as_str()),
            Part::Prefix(_) => None,
        })
    }

    /// Splits a name `prefix:local` into namespace and local part; `None` if the prefix is not defined.
    #[must_use]
    pub fn split<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let (prefix, local) = name.split_once(':')?;
        Some((self.namespace(prefix)?, local))
    }

    /// What of this context `event` needs to be complete without its document: the prefixes that occur in a member's name
    /// or at the start of a value, and all addresses.
    pub(crate) fn used_by(mut self, event: &Json) -> Self {
        if self.parts.is_empty() {
            return self;
        }
        let text = event.canonical();
        self.prefixes.retain(|prefix, _| text.contains(&format!("\"{prefix}:")));
        let prefixes = &self.prefixes;
        let mut seen = HashSet::new();
        // From the end: of two definitions of one prefix the later one holds.
        self.parts.reverse();
        self.parts.retain(|part| {
            let is_used = match part {
                Part::Prefix(name) => prefixes.contains_key(name),
                Part::Address(_) => true,
            };
            is_used && seen.insert(part.clone())
        });
        self.parts.reverse();
        self
    }

    /// The context as a member of an event: an object of prefixes, or, with an address, an array of addresses and such
    /// objects in their order; `None` if there is nothing in it.
    pub(crate) fn to_json(&self) -> Option<Json> {
        let mut list: Vec<Json> = Vec::new();
        let mut open: Vec<(String, Json)> = Vec::new();
        let mut has_address = false;
        for part in &self.parts {
            match part {
                Part::Prefix(name) => {
                    let namespace = self.prefixes.get(name).map_or("", String::as_str);
                    open.push((name.clone(), Json::from(namespace)));
                }
                Part::Address(address) => {
                    has_address = true;
                    if !open.is_empty() {
                        list.push(object(std::mem::take(&mut open)));
                    }
                    list.push(Json::from(address.as_str()));
                }
            }
        }
        if !open.is_empty() {
            list.push(object(open));
        }
        if has_address { Some(Json::Array(list)) } else { list.pop() }
    }
}

/// The context of an event: that of its document, `outer`, and its own `@context`.
pub(crate) fn of_event(json: &Json, outer: &Context) -> Result<Context, Vec<Violation>> {
    let mut context = outer.clone();
    let mut violations = Violations::default();
    if let Some(own) = json.get("@context") {
        context.add(own, "/@context", &mut violations);
    }
    violations.end(context)
}
