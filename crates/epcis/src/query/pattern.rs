//! What `MATCH_…` parameters name: things and classes in any spelling, and patterns of them.
//!
//! The way through: [`Things::add`] reads a value of a query; [`Things::has`] compares it with a URI of an event;
//! [`KeyTerms`] collects the terms of the keys of an event and [`Things::terms`] those that a query asks for.
//!
//! What holds: all spellings of one thing match one another (decision 0032), a pattern matches every spelling of what it
//! contains, whatever the length of the company prefix there, and whatever matches shares a term.
//!
//! A class in a list of things means all things of the class, since such lists have no classes: `urn:epc:idpat:sgtin:P.R.*`
//! and `https://HOST/01/GTIN` select the same. In a list of classes both mean the class itself.
//!
//! Sources: EPCIS 2.0 section 8.2.7.1.1; TDS 2.3 section 6 (idpat URIs).

use std::collections::{BTreeSet, HashSet};

use epc::UriKind;

use super::key;
use super::term::{Term, TermField};
use crate::context::Context;
use crate::uri::is_uri;

/// Where canonical links begin.
const HOST: &str = "https://id.gs1.org/";
/// Digits of a company prefix.
const PREFIX: std::ops::RangeInclusive<usize> = 6..=12;

/// What a parameter compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Lists of single things.
    Things,
    /// Lists of classes.
    Classes,
}

/// How the keys of one scheme of URNs look.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    /// In a URN: `sgtin`.
    scheme: &'static str,
    /// Application identifier of the key.
    ai: &'static str,
    /// Where the company prefix begins in the value of the key.
    start: usize,
    /// What stands between the class and the serial; nothing where the serial is part of the value.
    separator: &'static str,
    /// Parts of the URN.
    parts: usize,
    /// Length of the value of a class, where the serial is part of the value.
    class: usize,
}

const fn form(
    scheme: &'static str,
    ai: &'static str,
    start: usize,
    separator: &'static str,
    parts: usize,
    class: usize,
) -> Form {
    Form { scheme, ai, start, separator, parts, class }
}

static FORMS: [Form; 16] = [
    form("sgtin", "01", 1, "/21/", 3, 14),
    form("lgtin", "01", 1, "/10/", 3, 14),
    form("upui", "01", 1, "/235/", 3, 14),
    form("sscc", "00", 1, "", 2, 0),
    form("sgln", "414", 0, "/254/", 3, 13),
    form("pgln", "417", 0, "", 2, 0),
    form("grai", "8003", 1, "", 3, 14),
    form("giai", "8004", 0, "", 2, 0),
    form("gdti", "253", 0, "", 3, 13),
    form("sgcn", "255", 0, "", 3, 13),
    form("gsrn", "8018", 0, "", 2, 0),
    form("gsrnp", "8017", 0, "", 2, 0),
    form("ginc", "401", 0, "", 2, 0),
    form("gsin", "402", 0, "", 2, 0),
    form("cpi", "8010", 0, "/8011/", 3, 0),
    form("itip", "8006", 1, "/21/", 5, 14),
];

/// Schemes of identities without GS1 key, and the parts of their URNs.
const OTHERS: [(&str, usize); 5] = [("gid", 3), ("usdod", 2), ("adi", 3), ("bic", 1), ("imovn", 1)];

/// A key at id.gs1.org, divided.
struct Key<'a> {
    ai: &'a str,
    value: &'a str,
    /// Qualifiers, beginning with a slash; empty if there are none.
    rest: &'a str,
}

impl<'a> Key<'a> {
    fn split(key: &'a str) -> Option<Self> {
        let (ai, tail) = key.strip_prefix(HOST)?.split_once('/')?;
        let (value, rest) = tail.split_at(tail.find('/').unwrap_or(tail.len()));
        Some(Self { ai, value, rest })
    }

    /// Application identifier and value of its class; `None` if such things have no class.
    fn class(&self) -> Option<&'a str> {
        let length = match self.ai {
            "01" | "8006" | "8003" => 14,
            "414" | "253" | "255" => 13,
            "8010" => self.value.len(),
            _ => return None,
        };
        self.value.get(..length)
    }

    /// Where the company prefix begins in the value.
    fn prefix(&self) -> Option<&'a str> {
        let start = FORMS.iter().find(|form| form.ai == self.ai)?.start;
        self.value.get(start..)
    }
}

impl Form {
    /// Whether `key` is one of this scheme: a single thing or a class of things.
    fn has(&self, key: &Key<'_>, of: Of) -> bool {
        if self.ai != key.ai {
            return false;
        }
        let is_serial_in_value = self.separator.is_empty() && self.class > 0;
        match (self.scheme, of) {
            ("lgtin", _) => key.rest.starts_with(self.separator),
            ("sgln", _) => true,
            (_, Of::Things) if is_serial_in_value => key.value.len() > self.class,
            (_, Of::Classes) if is_serial_in_value => key.value.len() == self.class,
            (_, _) if self.separator.is_empty() => true,
            (_, Of::Things) => key.rest.starts_with(self.separator),
            (_, Of::Classes) => key.rest.is_empty() || key.rest.starts_with("/22/"),
        }
    }
}

/// A set of things.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Family {
    /// All of a scheme.
    Scheme(&'static Form),
    /// All of a scheme whose company prefix begins with these digits.
    Prefix(&'static Form, String),
    /// All of a class: its application identifier and value.
    Class(&'static Form, String),
    /// All with a URN that begins with this text.
    Urn { scheme: &'static str, start: String },
}

impl Family {
    fn has(&self, text: &str, key: Option<&Key<'_>>, of: Of) -> bool {
        match (self, key) {
            (Self::Urn { start, .. }, _) => text.starts_with(start.as_str()),
            (Self::Scheme(form), Some(key)) => form.has(key, of),
            (Self::Prefix(form, digits), Some(key)) => {
                form.has(key, of)
                    && key.prefix().is_some_and(|own| own.starts_with(digits.as_str()))
            }
            (Self::Class(form, class), Some(key)) => {
                let class = class.split_once('/').map_or("", |(_, value)| value);
                let is_part = form.separator.is_empty() || form.scheme == "itip";
                let is_of = if is_part { key.value.starts_with(class) } else { key.value == class };
                is_of && form.has(key, of)
            }
            (_, None) => false,
        }
    }

    fn term(&self) -> Term {
        match self {
            Self::Scheme(form) => Term::of(TermField::Scheme, form.ai),
            Self::Prefix(form, digits) => Term::of_parts(TermField::Prefix, &[form.ai, digits]),
            Self::Class(form, class) => {
                let whole = format!("{HOST}{class}");
                let value = Key::split(&whole).and_then(|key| key.class()).unwrap_or_default();
                Term::of_parts(TermField::Class, &[form.ai, value])
            }
            Self::Urn { scheme, .. } => Term::of(TermField::Scheme, scheme),
        }
    }
}

/// Why a value names no things: the problem, and what is accepted.
pub(super) type Refusal = (String, &'static str);

/// What is accepted.
const EXPECTED: &str =
    "the URI of a thing or class, or a pattern such as urn:epc:idpat:sgtin:0614141.112345.*";

/// The things that one parameter names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Things {
    of: Of,
    keys: BTreeSet<String>,
    families: Vec<Family>,
}

impl Things {
    pub fn new(of: Of) -> Self {
        Self { of, keys: BTreeSet::new(), families: Vec::new() }
    }

    /// Adds what `text` names, a URI or a pattern.
    pub fn add(&mut self, text: &str, context: &Context) -> Result<(), Refusal> {
        const PATTERN: &str = "urn:epc:idpat:";
        let start = text.get(..PATTERN.len()).unwrap_or_default();
        if start.eq_ignore_ascii_case(PATTERN) {
            let body = text.get(PATTERN.len()..).unwrap_or_default();
            return self.add_pattern(body);
        }
        if !is_uri(text) {
            return Err(("not a URI".to_owned(), EXPECTED));
        }
        let kind = epc::check_uri(text)
            .map_err(|error| (format!("not a valid GS1 key: {error}"), EXPECTED))?;
        let key = key::uri(text, context);
        if self.of == Of::Things && kind == UriKind::Class {
            self.add_class(&key);
        }
        self.keys.insert(key);
        Ok(())
    }

    /// Adds all things of a class.
    fn add_class(&mut self, key: &str) {
        let Some(parts) = Key::split(key) else { return };
        // A lot and a variant are not in the key of a single thing.
        let has_things = |form: &&Form| form.ai == parts.ai && form.scheme != "lgtin";
        for form in FORMS.iter().filter(has_things).filter(|_| parts.rest.is_empty()) {
            let class = format!("{}/{}", parts.ai, parts.value);
            self.families.push(Family::Class(form, class));
        }
    }

    /// Adds a pattern: `body` is what follows `urn:epc:idpat:`.
    fn add_pattern(&mut self, body: &str) -> Result<(), Refusal> {
        const STARS: &str =
            "a star in place of the last parts: 0614141.112345.*, 0614141.*.* or *.*.*";
        let malformed = || ("not a pattern of TDS".to_owned(), EXPECTED);
        let (name, body) = body.split_once(':').ok_or_else(malformed)?;
        let name = name.to_ascii_lowercase();
        let form = FORMS.iter().find(|form| form.scheme == name);
        let other = OTHERS.iter().find(|(other, _)| *other == name);
        let count = form.map(|form| form.parts).or(other.map(|(_, parts)| *parts));
        let count = count.ok_or_else(malformed)?;
        let parts: Vec<&str> = body.splitn(count, '.').collect();
        let stars = parts.iter().rev().take_while(|part| **part == "*").count();
        let known = parts.get(..parts.len() - stars).unwrap_or_default();
        if parts.len() != count || known.iter().any(|part| part.is_empty() || *part == "*") {
            return Err((format!("not {count} parts with the stars at the end"), STARS));
        }
        if stars == 0 {
            let kind = if name == "lgtin" { "class" } else { "id" };
            return self.add(&format!("urn:epc:{kind}:{name}:{body}"), &Context::default());
        }
        if let Some((scheme, _)) = other {
            let dot = if known.is_empty() { "" } else { "." };
            let text = format!("urn:epc:id:{scheme}:{}{dot}", known.join("."));
            self.families.push(Family::Urn { scheme, start: text });
            return Ok(());
        }
        let form = form.ok_or_else(malformed)?;
        match known {
            [] => self.families.push(Family::Scheme(form)),
            [prefix] => {
                let is_prefix = PREFIX.contains(&prefix.len())
                    && prefix.bytes().all(|byte| byte.is_ascii_digit());
                if !is_prefix {
                    return Err(("not a company prefix".to_owned(), "6 to 12 digits, then stars"));
                }
                self.families.push(Family::Prefix(form, (*prefix).to_owned()));
            }
            _ => {
                let class = class_of(form, known).ok_or_else(malformed)?;
                let is_itself = self.of == Of::Classes && !matches!(form.scheme, "lgtin" | "sgln");
                if is_itself && known.len() + 1 == count {
                    self.keys.insert(format!("{HOST}{class}"));
                } else {
                    self.families.push(Family::Class(form, class));
                }
            }
        }
        Ok(())
    }

    /// Whether the URI `text` of an event is one of them.
    ///
    /// - `context`: that of the event.
    pub fn has(&self, text: &str, context: &Context) -> bool {
        let own = key::uri(text, context);
        if self.keys.contains(&own) {
            return true;
        }
        if self.families.is_empty() {
            return false;
        }
        let key = Key::split(&own);
        self.families.iter().any(|family| family.has(&own, key.as_ref(), self.of))
    }

    /// The terms of which whatever is one of them has one.
    pub fn terms(&self) -> Vec<Term> {
        let keys = self.keys.iter().map(|key| Term::of(TermField::Thing, key));
        keys.chain(self.families.iter().map(Family::term)).collect()
    }
}

/// Application identifier and value of the class that the first parts of a pattern name.
fn class_of(form: &Form, known: &[&str]) -> Option<String> {
    let [prefix, reference, pieces @ ..] = known else { return None };
    if !PREFIX.contains(&prefix.len()) {
        return None;
    }
    let link = |urn: String| epc::digital_link_key(&urn);
    let start = format!("{prefix}.{reference}");
    let key = match (form.scheme, pieces) {
        ("sgtin" | "lgtin" | "upui" | "itip", []) => link(format!("urn:epc:idpat:sgtin:{start}.*")),
        ("itip", [piece, total]) => link(format!("urn:epc:idpat:itip:{start}.{piece}.{total}.1"))
            .and_then(|key| key.strip_suffix("/21/1").map(str::to_owned)),
        ("sgln", []) => link(format!("urn:epc:id:sgln:{start}.0")),
        ("grai" | "gdti" | "sgcn" | "cpi", []) => {
            link(format!("urn:epc:idpat:{}:{start}.*", form.scheme))
        }
        _ => None,
    }?;
    let parts = Key::split(&key)?;
    Some(format!("{}/{}", form.ai, parts.value))
}

/// Collects the terms of the things and classes of an event.
#[derive(Debug, Default)]
pub(super) struct KeyTerms {
    pub terms: Vec<Term>,
    /// Classes whose terms are there already: most events have many things of few classes.
    classes: HashSet<String>,
}

impl KeyTerms {
    /// Adds the terms of a thing or class with the key `text`.
    pub fn add(&mut self, text: &str) {
        self.terms.push(Term::of(TermField::Thing, text));
        let Some(key) = Key::split(text) else {
            let urn = text.strip_prefix("urn:epc:id:").and_then(|rest| rest.split_once(':'));
            self.terms.extend(urn.map(|(scheme, _)| Term::of(TermField::Scheme, scheme)));
            return;
        };
        if let Some(class) = key.class() {
            let end = text.len() - key.rest.len() - key.value.len() + class.len();
            let whole = text.get(..end).unwrap_or(text);
            if self.classes.contains(whole) {
                return;
            }
            self.classes.insert(whole.to_owned());
            self.terms.push(Term::of_parts(TermField::Class, &[key.ai, class]));
        }
        self.terms.push(Term::of(TermField::Scheme, key.ai));
        let digits = key.prefix().unwrap_or_default();
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        for length in PREFIX.take_while(|length| *length <= count) {
            let start = digits.get(..length).unwrap_or_default();
            self.terms.push(Term::of_parts(TermField::Prefix, &[key.ai, start]));
        }
    }
}
