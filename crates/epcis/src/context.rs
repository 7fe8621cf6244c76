//! JSON-LD contexts: which prefix stands for which namespace.
//!
//! What holds: no context is fetched; `gs1`, `cbv` and the other standard prefixes, and every standard term,
//! mean what the standard says, whatever a sender writes; a sender may only add prefixes of its own.
//!
//! Source: EPCIS 2.0 section 10 and its published context.

use std::collections::BTreeMap;

use ledger::json::Json;

use crate::check::{Findings, Violation};
use crate::vocabulary::{CBV, GS1};

/// Contexts that are known without being fetched.
const STANDARD: [&str; 4] = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    "https://ref.gs1.org/standards/epcis/2.0.1/epcis-context.jsonld",
    "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    "https://gs1.github.io/EPCIS/epcis-context.jsonld",
];

/// Prefixes that have one meaning.
const RESERVED: [(&str, &str); 6] = [
    ("cbv", CBV),
    ("cbvmda", "urn:epcglobal:cbv:mda:"),
    ("epcis", "https://ref.gs1.org/epcis/"),
    ("gs1", GS1),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// Spellings of the `gs1` and `cbv` namespaces that are in use; they are read as the present one.
const ALIASES: [(&str, &str); 5] = [
    ("gs1", "https://gs1.org/voc/"),
    ("gs1", "http://gs1.org/voc/"),
    ("gs1", "https://www.gs1.org/voc/"),
    ("cbv", "https://ns.gs1.org/cbv/"),
    ("cbvmda", "urn:epcglobal:cbv:mda"),
];

/// Prefixes and their namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, String>);

impl Context {
    /// Takes in a `@context` value; what is wrong is noted at `pointer`.
    pub(crate) fn take(&mut self, json: &Json, pointer: &str, findings: &mut Findings) {
        const EXPECTED: &str = "the EPCIS 2.0 context's address, or an object of prefixes";
        match json {
            Json::String(address) => {
                if !STANDARD.contains(&address.as_str()) && !address.starts_with("https://") {
                    findings.add(pointer, address, "context is not understood", EXPECTED);
                }
            }
            Json::Array(parts) => {
                for (place, part) in parts.iter().enumerate() {
                    self.take(part, &format!("{pointer}/{place}"), findings);
                }
            }
            Json::Object(members) => {
                for (name, value) in members {
                    self.define(name, value, &format!("{pointer}/{name}"), findings);
                }
            }
            other => {
                findings.add(pointer, &other.canonical(), "context is not understood", EXPECTED);
            }
        }
    }

    fn define(&mut self, name: &str, value: &Json, pointer: &str, findings: &mut Findings) {
        const EXPECTED: &str = "a new prefix and its namespace, a URI";
        if name == "@version" || name == "@vocab" || name == "@base" {
            return;
        }
        // How values of a sender's own term are to be read; it gives no standard term another meaning.
        if name.split_once(':').is_some_and(|(prefix, _)| self.0.contains_key(prefix)) {
            return;
        }
        let Some(namespace) = value.as_str() else {
            let problem = "only prefixes can be defined here";
            findings.add(pointer, &value.canonical(), problem, EXPECTED);
            return;
        };
        let reserved = RESERVED.iter().find(|(prefix, _)| *prefix == name);
        if let Some((_, meaning)) = reserved {
            let is_same = *meaning == namespace || ALIASES.contains(&(name, namespace));
            if !is_same {
                findings.add(
                    pointer,
                    namespace,
                    "the standard gives this prefix its meaning",
                    meaning,
                );
            }
            return;
        }
        if name.starts_with('@') || crate::check::is_standard_term(name) {
            findings.add(
                pointer,
                namespace,
                "a standard term cannot be given another meaning",
                EXPECTED,
            );
            return;
        }
        if !namespace.contains(':') {
            findings.add(pointer, namespace, "not a URI", EXPECTED);
            return;
        }
        self.0.insert(name.to_owned(), namespace.to_owned());
    }

    /// The namespace of `prefix`.
    #[must_use]
    pub fn namespace(&self, prefix: &str) -> Option<&str> {
        let reserved = RESERVED.iter().find(|(name, _)| *name == prefix);
        reserved.map(|(_, namespace)| *namespace).or_else(|| self.0.get(prefix).map(String::as_str))
    }

    /// Prefixes that are not the standard's own, with their namespaces.
    pub fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(prefix, namespace)| (prefix.as_str(), namespace.as_str()))
    }

    /// A name `prefix:local` as namespace and local part, if the prefix is known.
    #[must_use]
    pub fn split<'a>(&'a self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let (prefix, local) = name.split_once(':')?;
        Some((self.namespace(prefix)?, local))
    }
}

/// The context of events that have none: no prefixes but the standard's.
pub(crate) fn of_event(json: &Json, outer: &Context) -> Result<Context, Vec<Violation>> {
    let mut context = outer.clone();
    let mut findings = Findings::default();
    if let Some(own) = json.get("@context") {
        context.take(own, "/@context", &mut findings);
    }
    findings.end(context)
}
