//! Prefixes of the namespaces that a written element uses, and names that XML allows.
//!
//! What holds: one namespace has one prefix, and one prefix one namespace; a prefix of the JSON form is kept where XML allows
//! it.
//!
//! Source: Namespaces in XML 1.0 section 4; XML 1.0 section 2.3.

use std::collections::{BTreeMap, BTreeSet};

use ledger::json::Json;

/// Prefixes that have a meaning of their own in the documents that are written.
const TAKEN: [&str; 6] = ["xml", "xmlns", "xsi", "epcis", "epcisq", "sbdh"];

/// Most namespaces of one event.
const MOST: usize = 100;

/// The namespaces used so far.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    by_namespace: BTreeMap<String, String>,
    /// Numbers of made prefixes that texts begin with, though nobody declares them.
    avoided: BTreeSet<usize>,
}

impl Prefixes {
    /// None so far. No prefix will be made that a text or a name in `json` begins with: it would give that text a meaning.
    pub fn beside(json: &Json) -> Self {
        let mut prefixes = Self::default();
        prefixes.avoid(json);
        prefixes
    }

    fn avoid(&mut self, json: &Json) {
        match json {
            Json::String(text) => self.avoided.extend(made_number(text)),
            Json::Array(items) => items.iter().for_each(|item| self.avoid(item)),
            Json::Object(members) => {
                for (name, value) in members {
                    self.avoided.extend(made_number(name));
                    self.avoid(value);
                }
            }
            _ => {}
        }
    }

    /// The prefix for `namespace`.
    ///
    /// - `hint`: the prefix of the JSON form.
    pub fn of(&mut self, namespace: &str, hint: &str) -> String {
        if let Some(known) = self.by_namespace.get(namespace) {
            return known.clone();
        }
        let is_taken = |prefix: &str| {
            let lower = prefix.to_ascii_lowercase();
            TAKEN.contains(&lower.as_str())
                || self.by_namespace.values().any(|known| known == prefix)
        };
        let most = self.by_namespace.len() + self.avoided.len() + 1;
        let made = (1..=most).filter(|number| !self.avoided.contains(number));
        let made = made.map(|number| format!("n{number}"));
        let hint = is_name(hint).then(|| hint.to_owned());
        let prefix = hint.into_iter().chain(made).find(|prefix| !is_taken(prefix));
        let prefix = prefix.unwrap_or_else(|| format!("n{}", usize::MAX));
        self.by_namespace.insert(namespace.to_owned(), prefix.clone());
        prefix
    }

    /// Whether these are more than an element may declare for our reader.
    pub fn are_too_many(&self) -> bool {
        self.by_namespace.len() > MOST
    }

    /// The attributes that declare them.
    pub fn declarations(&self) -> Vec<(String, String)> {
        let declared = self.by_namespace.iter();
        let mut all: Vec<(String, String)> = declared
            .map(|(namespace, prefix)| (format!("xmlns:{prefix}"), namespace.clone()))
            .collect();
        all.sort();
        all
    }
}

/// The number in a text that begins like a made prefix: 7 in `n7:x`.
fn made_number(text: &str) -> Option<usize> {
    let (prefix, _) = text.split_once(':')?;
    prefix.strip_prefix('n')?.parse().ok()
}

/// Whether `text` is a name without colon.
pub(super) fn is_name(text: &str) -> bool {
    let starts = |c: char| {
        c.is_ascii_alphabetic()
            || c == '_'
            || matches!(c, '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
                | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{3001}'..='\u{d7ff}')
    };
    text.starts_with(starts)
        && text.chars().all(|c| starts(c) || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_kept_unless_another_namespace_has_it_or_xml_does_not_allow_it() {
        let mut prefixes = Prefixes::default();
        assert_eq!(prefixes.of("https://a.example/", "mill"), "mill");
        assert_eq!(prefixes.of("https://b.example/", "mill"), "n1");
        assert_eq!(prefixes.of("https://a.example/", "other"), "mill");
        assert_eq!(prefixes.of("https://c.example/", "1st"), "n2");
        assert_eq!(prefixes.of("https://d.example/", "epcis"), "n3");
        assert_eq!(prefixes.declarations().len(), 4);
    }

    #[test]
    fn names_are_those_of_xml() {
        for name in ["a", "_a", "a-1.b", "größe", "批号"] {
            assert!(is_name(name), "{name}");
        }
        for other in ["", "1a", "a b", "a:b", "@id", "#text", "a/b", "-a", "²"] {
            assert!(!is_name(other), "{other}");
        }
    }
}
