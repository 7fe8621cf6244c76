//! Names of extensions: the namespace of an element or attribute becomes a prefix of the JSON form.
//!
//! What holds: one namespace has one prefix in a document, and one prefix one namespace, wherever and however often the
//! XML declares them. A namespace that the standard's context knows has the standard's prefix; another one keeps the
//! prefix of the XML where it is first used, unless that prefix is taken, has a meaning in the standard or is the scheme
//! of a URI; then it is `ns1`, `ns2` and so on, in the order of the document.
//!
//! Source: EPCIS 2.0 section 10 (context); Namespaces in XML 1.0.

use std::collections::{BTreeMap, BTreeSet};

use ledger::json::{Json, object};

use crate::context::Context;
use crate::violation::Violations;

/// The standard's prefixes.
const STANDARD: [&str; 6] = ["cbv", "cbvmda", "epcis", "gs1", "rdfs", "xsd"];
/// Schemes that start values of events. As prefixes they would change what these values mean.
const SCHEMES: [&str; 10] =
    ["urn", "http", "https", "ni", "geo", "mailto", "tel", "did", "data", "tag"];

/// Whether `text` starts with the scheme of a URI that values of events have.
pub(super) fn is_scheme(prefix: &str) -> bool {
    SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(prefix))
}

/// The standard's prefix for `namespace`, in any of its spellings.
pub(super) fn standard_prefix(namespace: &str) -> Option<&'static str> {
    STANDARD.into_iter().find(|prefix| is_definable(prefix, namespace))
}

/// Whether a document's context may say that `prefix` stands for `namespace`.
fn is_definable(prefix: &str, namespace: &str) -> bool {
    let mut violations = Violations::default();
    let definition = object([(prefix, Json::from(namespace))]);
    Context::default().add(&definition, "", &mut violations);
    violations.list().is_empty()
}

/// The prefixes of one document.
#[derive(Debug, Default)]
pub(super) struct Names {
    prefixes: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    made: usize,
}

impl Names {
    /// The prefix for `namespace`; `None` if it is not an absolute URI, so that no context can name it.
    ///
    /// - `hint`: the prefix of the XML.
    pub fn prefix(&mut self, namespace: &str, hint: Option<&str>) -> Option<&str> {
        if !self.prefixes.contains_key(namespace) {
            let prefix = self.choose(namespace, hint)?;
            self.taken.insert(prefix.clone());
            self.prefixes.insert(namespace.to_owned(), prefix);
        }
        self.prefixes.get(namespace).map(String::as_str)
    }

    fn choose(&mut self, namespace: &str, hint: Option<&str>) -> Option<String> {
        if let Some(standard) = standard_prefix(namespace) {
            return Some(standard.to_owned());
        }
        let is_free = |prefix: &str, taken: &BTreeSet<String>| {
            !taken.contains(prefix)
                && !is_scheme(prefix)
                && !STANDARD.contains(&prefix)
                && is_definable(prefix, namespace)
        };
        if let Some(hint) = hint.filter(|hint| is_free(hint, &self.taken)) {
            return Some(hint.to_owned());
        }
        // Bounded by the number of namespaces of the document: a prefix that is not free is taken by one of them.
        for _ in 0..=self.taken.len() {
            self.made += 1;
            let prefix = format!("ns{}", self.made);
            if is_free(&prefix, &self.taken) {
                return Some(prefix);
            }
        }
        None
    }

    /// The prefixes that are not the standard's, with their namespaces, sorted.
    pub fn own(&self) -> Vec<(String, String)> {
        let mut own: Vec<(String, String)> = self
            .prefixes
            .iter()
            .filter(|(_, prefix)| !STANDARD.contains(&prefix.as_str()))
            .map(|(namespace, prefix)| (prefix.clone(), namespace.clone()))
            .collect();
        own.sort();
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_has_one_prefix_and_a_prefix_one_namespace() {
        let mut names = Names::default();
        for (namespace, hint, prefix) in [
            ("https://mill.example/ns/", Some("mill"), Some("mill")),
            ("https://other.example/ns/", Some("mill"), Some("ns1")),
            ("https://mill.example/ns/", Some("m"), Some("mill")),
            ("https://third.example/", None, Some("ns2")),
            ("https://fourth.example/", Some("urn"), Some("ns3")),
            ("https://fifth.example/", Some("gs1"), Some("ns4")),
            ("https://sixth.example/", Some("bizStep"), Some("ns5")),
            ("https://seventh.example/", Some("ns6"), Some("ns6")),
            ("https://eighth.example/", None, Some("ns7")),
            ("urn:epcglobal:cbv:mda", Some("x"), Some("cbvmda")),
            ("https://gs1.org/voc/", Some("voc"), Some("gs1")),
            ("relative", Some("r"), None),
        ] {
            assert_eq!(names.prefix(namespace, hint), prefix, "{namespace}");
        }
        assert!(names.own().contains(&("ns1".into(), "https://other.example/ns/".into())));
        assert!(!names.own().iter().any(|(prefix, _)| prefix == "cbvmda"));
    }
}
