//! JSON-LD contexts: prefixes and their namespaces.
//!
//! What holds: no context is fetched. The standard's prefixes (`gs1`, `cbv`, …) and terms always have the standard's
//! meaning; a document may only define further prefixes.
//!
//! Source: EPCIS 2.0 section 10 and its published context.

use std::collections::BTreeMap;

use ledger::json::Json;

use crate::term;
use crate::violation::{Violation, Violations};
use crate::vocabulary::{CBV, GS1};

/// Addresses of the standard context. Other addresses are accepted if they are `https`, and not fetched.
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

/// Older and alternative namespaces in use for the standard's prefixes, accepted as the current one.
const ALIASES: [(&str, &str); 5] = [
    ("gs1", "https://gs1.org/voc/"),
    ("gs1", "http://gs1.org/voc/"),
    ("gs1", "https://www.gs1.org/voc/"),
    ("cbv", "https://ns.gs1.org/cbv/"),
    ("cbvmda", "urn:epcglobal:cbv:mda"),
];

/// The prefixes that a document or event defines, with their namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, String>);

impl Context {
    /// Adds the prefixes of a `@context` value.
    ///
    /// - `pointer`: JSON pointer to the value, for violations.
    pub(crate) fn add(&mut self, json: &Json, pointer: &str, violations: &mut Violations) {
        const EXPECTED: &str = "the EPCIS 2.0 context's address, or an object of prefixes";
        match json {
            Json::String(address) => {
                if !STANDARD.contains(&address.as_str()) && !address.starts_with("https://") {
                    violations.add(pointer, address, "not a supported context", EXPECTED);
                }
            }
            Json::Array(parts) => {
                for (place, part) in parts.iter().enumerate() {
                    self.add(part, &format!("{pointer}/{place}"), violations);
                }
            }
            Json::Object(members) => {
                for (name, value) in members {
                    self.define(name, value, &format!("{pointer}/{name}"), violations);
                }
            }
            other => {
                violations.add(pointer, &other.canonical(), "not a supported context", EXPECTED);
            }
        }
    }

    fn define(&mut self, name: &str, value: &Json, pointer: &str, violations: &mut Violations) {
        const EXPECTED: &str = "a new prefix and its namespace, a URI";
        if name == "@version" || name == "@vocab" || name == "@base" {
            return;
        }
        // A definition of `prefix:name` only states how its values are typed. It cannot change a standard term.
        if name.split_once(':').is_some_and(|(prefix, _)| self.0.contains_key(prefix)) {
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
            violations.add(pointer, namespace, "not a URI", EXPECTED);
            return;
        }
        self.0.insert(name.to_owned(), namespace.to_owned());
    }

    /// The namespace of `prefix`; `None` if neither the standard nor the document defines it.
    #[must_use]
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        let reserved = RESERVED.iter().find(|(name, _)| *name == prefix);
        reserved.map(|(_, namespace)| *namespace).or_else(|| self.0.get(prefix).map(String::as_str))
    }

    /// The prefixes that the document or event defines, with their namespaces.
    pub fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(prefix, namespace)| (prefix.as_str(), namespace.as_str()))
    }

    /// Splits a name `prefix:local` into namespace and local part; `None` if the prefix is not defined.
    #[must_use]
    pub fn split<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let (prefix, local) = name.split_once(':')?;
        Some((self.namespace(prefix)?, local))
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
